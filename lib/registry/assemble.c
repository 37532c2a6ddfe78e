#include "registry/registry.h"
#include <jansson.h>
#include <limits.h>

/* References that refer on: deeper than this is made by somebody who wants to see what happens. */
#define DEPTH_MAX 16

static char *unconst(const char *text) {
    return (char *)(uintptr_t)text;
}

void pln__references_free(const pln_allocator *mem, pln__references *references) {
    for (int64_t i = 0; references->at != NULL && i < references->n; i++) {
        pln__strfree(mem, unconst(references->at[i].subject));
        pln__strfree(mem, unconst(references->at[i].name));
    }
    pln__free(mem, references->at, (uint64_t)(references->n + 1) * sizeof *references->at);
    *references = (pln__references){NULL, 0};
}

static pln_status make_room(const pln_allocator *mem, int64_t n, pln__references *out,
                            pln_error *err) {
    *out = (pln__references){NULL, 0};
    if (n < 0 || n > PLN__REFERENCES_MAX)
        return pln__error_set(err, PLN_ELIMIT, "references: there are %lld, at most %d may be",
                              (long long)n, PLN__REFERENCES_MAX);
    out->at = pln__calloc(mem, (uint64_t)n + 1, sizeof *out->at);
    out->n = out->at == NULL ? 0 : n;
    return out->at == NULL ? pln__error_memory(err, (uint64_t)n * sizeof *out->at) : PLN_OK;
}

static pln_status set(const pln_allocator *mem, pln_schema_reference *to, const char *name,
                      const char *subject, int32_t version, pln_error *err) {
    to->version = version;
    to->name = pln__strdup(mem, name);
    to->subject = pln__strdup(mem, subject);
    return to->name != NULL && to->subject != NULL
               ? PLN_OK
               : pln__error_memory(err, strlen(name) + strlen(subject) + 2);
}

pln_status pln__references_copy(const pln_allocator *mem, const pln_schema_reference *from,
                                int64_t n, pln__references *out, pln_error *err) {
    pln_status status = make_room(mem, n, out, err);
    for (int64_t i = 0; i < n && status >= 0; i++)
        status = set(mem, &out->at[i], from[i].name, from[i].subject, from[i].version, err);
    return status;
}

void pln__references_text(const pln__references *references, pln__text *out) {
    pln__text_str(out, references->n > 0 ? "[" : "");
    for (int64_t i = 0; i < references->n; i++) {
        const pln_schema_reference *r = &references->at[i];
        pln__text_str(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        pln__text_json(out, r->name, (int64_t)strlen(r->name));
        pln__text_str(out, ",\"subject\":");
        pln__text_json(out, r->subject, (int64_t)strlen(r->subject));
        pln__text_printf(out, ",\"version\":%d}", (int)r->version);
    }
    pln__text_str(out, references->n > 0 ? "]" : "");
}

static pln_status read_one(const pln_allocator *mem, const json_t *item, pln_schema_reference *to,
                           pln_error *err) {
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *subject = json_string_value(json_object_get(item, "subject"));
    json_int_t version = json_integer_value(json_object_get(item, "version"));
    if (name == NULL || subject == NULL || version < 1 || version > INT32_MAX)
        return pln__error_set(err, PLN_ECORRUPT,
                              "references: expected objects with name, subject and version");
    return set(mem, to, name, subject, (int32_t)version, err);
}

pln_status pln__references_parse(const pln_allocator *mem, const char *text, pln__references *out,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    json_t *list = NULL;
    json_error_t at;
    *out = (pln__references){NULL, 0};
    if (text[0] == '\0')
        return make_room(mem, 0, out, err);
    list = json_loads(text, JSON_REJECT_DUPLICATES, &at);
    if (!json_is_array(list))
        PLN__FAIL(err, PLN_ECORRUPT, "references: no list in JSON");
    PLN__TRY(make_room(mem, (int64_t)json_array_size(list), out, err));
    for (int64_t i = 0; i < out->n; i++)
        PLN__TRY(read_one(mem, json_array_get(list, (size_t)i), &out->at[i], err));
out:
    json_decref(list);
    return status;
}

static pln_status referenced(pln__assembly *assembly, const pln_schema_reference *reference,
                             int32_t depth, pln_avro_schema **out, pln_error *err) {
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln_status status =
        assembly->find(assembly->user, reference->subject, reference->version, &entry, err);
    if (status >= 0)
        status = pln__assemble(assembly, &entry, depth + 1, out, err);
    if (status < 0)
        pln__error_prefix(err, "reference to '%s', version %d", reference->subject,
                          (int)reference->version);
    return status;
}

static pln_status parse(const pln__assembly *assembly, const char *text, int64_t id,
                        pln_avro_schema *const *known, int64_t n, pln_avro_schema **out,
                        pln_error *err) {
    /* What a registry took once must be read, whatever its rules are. */
    pln__avro_parse_options options = {.known = (const pln__avro_schema *const *)known,
                                       .n_known = n,
                                       .lax_names = id > 0 || assembly->lax,
                                       .lax_defaults = id > 0 || assembly->lax};
    pln_status status = pln__avro_parse(assembly->mem, text, -1, &options, out, err);
    if (status < 0 && id > 0)
        pln__error_prefix(err, "schema %lld", (long long)id);
    if (status >= 0 && id > 0 && assembly->keep != NULL)
        status = assembly->keep(assembly->user, id, *out, err);
    return status;
}

static pln_status check_entry(pln__assembly *assembly, const pln_schema_entry *entry, int32_t depth,
                              pln_error *err) {
    if (entry->type != NULL && strcmp(entry->type, "AVRO") != 0)
        return pln__error_set(err, PLN_EUNSUPPORTED, "schema %lld: its type is %s, not AVRO",
                              (long long)entry->id, entry->type);
    if (entry->schema == NULL)
        return pln__error_set(err, PLN_ECONTRACT, "schema %lld: the backend gave no text",
                              (long long)entry->id);
    if (depth > DEPTH_MAX || ++assembly->cost > PLN__REFERENCES_MAX)
        return pln__error_set(
            err, PLN_ELIMIT,
            "references: more than %d schemas refer to each other in a row, or %d in all",
            DEPTH_MAX, PLN__REFERENCES_MAX);
    return PLN_OK;
}

/* An entry is lent until the next call, and following its references makes calls: so it is copied. */
pln_status pln__assemble(pln__assembly *assembly, const pln_schema_entry *entry, int32_t depth,
                         pln_avro_schema **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = assembly->mem;
    int64_t id = entry->id;
    pln_avro_schema *made = NULL, **known = NULL;
    pln__references references = {NULL, 0};
    char *text = NULL;
    *out = assembly->kept == NULL || id < 1 ? NULL : assembly->kept(assembly->user, id);
    if (*out != NULL)
        return PLN_OK;
    PLN__TRY(check_entry(assembly, entry, depth, err));
    PLN__TRY(pln__references_copy(mem, entry->references, entry->n_references, &references, err));
    text = pln__strdup(mem, entry->schema);
    known = pln__calloc(mem, (uint64_t)references.n + 1, sizeof *known);
    if (text == NULL || known == NULL)
        PLN__TRY(pln__error_memory(err, strlen(entry->schema)));
    for (int64_t i = 0; i < references.n; i++)
        PLN__TRY(referenced(assembly, &references.at[i], depth, &known[i], err));
    PLN__TRY(parse(assembly, text, id, known, references.n, &made, err));
    *out = made;
    made = NULL;
out:
    pln__avro_schema_unref(made);
    for (int64_t i = 0; known != NULL && i < references.n; i++)
        pln__avro_schema_unref(known[i]);
    pln__free(mem, known, (uint64_t)(references.n + 1) * sizeof *known);
    pln__strfree(mem, text);
    pln__references_free(mem, &references);
    return status;
}
