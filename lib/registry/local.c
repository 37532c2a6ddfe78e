#include "registry/local.h"
#include "base/digest.h"
#include "base/utf8.h"
#include <jansson.h>

void pln__stored_free(const pln_allocator *mem, pln__stored *stored) {
    pln__strfree(mem, stored->text);
    pln__references_free(mem, &stored->references);
    memset(stored, 0, sizeof *stored);
}

/* As servers make it where there are no references, which each has its own way to mix in. */
pln_status pln__stored_set_guid(const pln_allocator *mem, pln__stored *stored, pln_error *err) {
    pln__text text;
    pln__text_init(&text, mem);
    pln__text_str(&text, stored->text);
    pln__references_text(&stored->references, &text);
    pln_status status = pln__text_status(&text, err);
    if (status >= 0)
        pln__md5_of(text.data, text.size, stored->guid);
    pln__text_free(&text);
    return status;
}

void pln__subject_free(const pln_allocator *mem, pln__subject *subject) {
    pln__strfree(mem, subject->name);
    pln__free(mem, subject->versions, (uint64_t)subject->capacity * sizeof *subject->versions);
    memset(subject, 0, sizeof *subject);
}

pln_status pln__subject_add(const pln_allocator *mem, pln__subject *subject,
                            const pln__subject_version *version, pln_error *err) {
    if (subject->n >= PLN__SUBJECT_VERSIONS_MAX)
        return pln__error_set(err, PLN_ELIMIT, "subject '%s': it has %d versions, no more may be",
                              subject->name, PLN__SUBJECT_VERSIONS_MAX);
    pln_status status = pln__grow(mem, &subject->versions, &subject->capacity, subject->n + 1,
                                  sizeof *subject->versions, err);
    if (status >= 0)
        subject->versions[subject->n++] = *version;
    return status;
}

pln_status pln__local_new(const pln_allocator *mem, pln_runtime *runtime, const pln__place *place,
                          void *at, const char *mode, void **out, pln_error *err) {
    pln__local *local = pln__calloc(mem, 1, sizeof *local);
    *out = local;
    if (local == NULL) {
        place->close(at);
        return pln__error_memory(err, sizeof *local);
    }
    local->mem = mem;
    local->runtime = runtime;
    local->place = place;
    local->at = at;
    local->mode =
        mode != NULL && strcmp(mode, "java") == 0 ? PLN_COMPAT_JAVA_PARITY : PLN_COMPAT_SOUND;
    return PLN_OK;
}

static void take_back(const pln__local *local, pln__lent *lent) {
    pln__stored_free(local->mem, &lent->stored);
    pln__strfree(local->mem, lent->subject);
    lent->subject = NULL;
}

void pln__local_close(void *self, pln_context *ctx) {
    pln__local *local = self;
    (void)ctx;
    take_back(local, &local->lent);
    take_back(local, &local->inner);
    pln_compat_free(local->answer);
    local->place->close(local->at);
    pln__free(local->mem, local, sizeof *local);
}

const char *pln__registry_path(const char *location, const char *scheme) {
    size_t size = strlen(scheme);
    return strncmp(location, scheme, size) == 0 && location[size] == ':' ? location + size + 1
                                                                         : location;
}

/* As servers take them: any text without control characters. */
pln_status pln__local_subject_ok(const char *subject, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    int64_t size = subject == NULL ? 0 : (int64_t)strlen(subject);
    bool ok = size > 0 && size <= PLN__SUBJECT_NAME_MAX && pln__utf8_valid(subject, size, 0);
    for (int64_t i = 0; ok && i < size; i++) {
        unsigned char c = (unsigned char)subject[i], next = (unsigned char)subject[i + 1];
        ok = c >= 0x20 && c != 0x7f && !(c == 0xc2 && next < 0xa0);
    }
    if (ok)
        return PLN_OK;
    return pln__registry_fail(
        err, PLN_EINVAL, PLN_REGISTRY_BAD_SUBJECT,
        "subject %s: expected 1 to %d bytes of UTF-8 without control characters",
        pln__show(shown, subject == NULL ? "" : subject, size), PLN__SUBJECT_NAME_MAX);
}

pln_status pln__local_no_subject(const char *subject, pln_error *err) {
    return pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_SUBJECT, "subject '%s': not found",
                              subject);
}

/* ---- texts ---- */

/* White space between the tokens of a JSON text that parsed. */
static void without_space(const char *text, pln__text *out) {
    bool quoted = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (!quoted && strchr(" \t\r\n", *at) != NULL)
            continue;
        pln__text_char(out, *at);
        if (quoted && *at == '\\' && at[1] != '\0')
            pln__text_char(out, *++at);
        else if (*at == '"')
            quoted = !quoted;
    }
}

static int append(const char *bytes, size_t size, void *user) {
    pln__text_bytes(user, bytes, (int64_t)size);
    return 0;
}

/* Members in the order of their names. */
static pln_status in_order(const char *text, pln__text *out, pln_error *err) {
    json_error_t at;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &at);
    if (value == NULL)
        return pln__registry_fail(err, PLN_EUNSUPPORTED, PLN_REGISTRY_BAD_SCHEMA,
                                  "schema: it cannot be normalized: %s", at.text);
    if (json_dump_callback(value, append, out, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) !=
        0)
        out->failed = true;
    json_decref(value);
    return PLN_OK;
}

/*
 * The text that is kept. Our own full form, so that white space and the ways to write a name make no new schema; where types of other subjects are used by
 * name that form would repeat their definitions, and the text stays as it was given.
 */
static pln_status kept_text(pln__local *local, const pln_schema_draft *draft,
                            const pln_avro_schema *schema, char **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__text text, ordered;
    pln__text_init(&text, local->mem);
    pln__text_init(&ordered, local->mem);
    if (draft->n_references > 0)
        without_space(draft->schema, &text);
    else
        pln__avro_text(schema, PLN__AVRO_TEXT_FULL, &text);
    PLN__TRY(pln__text_status(&text, err));
    if (draft->flags & PLN_SCHEMA_NORMALIZE) {
        PLN__TRY(in_order(text.data, &ordered, err));
        PLN__TRY(pln__text_status(&ordered, err));
        *out = pln__text_take(&ordered);
    } else {
        *out = pln__text_take(&text);
    }
    if (*out == NULL)
        status = pln__error_memory(err, 1);
out:
    pln__text_free(&text);
    pln__text_free(&ordered);
    return status;
}

pln_status pln__local_prepare(pln__local *local, const pln_schema_draft *draft, pln__stored *out,
                              pln_avro_schema **schema, pln_error *err) {
    pln_status status = PLN_OK;
    pln_schema_entry entry = {.struct_size = sizeof entry,
                              .schema = draft->schema,
                              .references = draft->references,
                              .n_references = draft->n_references};
    memset(out, 0, sizeof *out);
    *schema = NULL;
    PLN__TRY(pln__local_subject_ok(draft->subject, err));
    if (draft->type != NULL && strcmp(draft->type, "AVRO") != 0)
        PLN__TRY(pln__registry_fail(err, PLN_EUNSUPPORTED, PLN_REGISTRY_BAD_SCHEMA,
                                    "schema type '%s': only AVRO is kept here", draft->type));
    if (strlen(draft->schema) > PLN__SCHEMA_TEXT_MAX)
        PLN__TRY(pln__registry_fail(err, PLN_ELIMIT, PLN_REGISTRY_BAD_SCHEMA,
                                    "schema: its text has %zu bytes, at most %d may be",
                                    strlen(draft->schema), PLN__SCHEMA_TEXT_MAX));
    status = pln__local_parse(local, &entry, schema, err);
    if (status < 0 && err != NULL && status != PLN_ENOMEM)
        err->native = PLN_REGISTRY_BAD_SCHEMA;
    PLN__TRY(status);
    PLN__TRY(kept_text(local, draft, *schema, &out->text, err));
    PLN__TRY(pln__references_copy(local->mem, draft->references, draft->n_references,
                                  &out->references, err));
    PLN__TRY(pln__stored_set_guid(local->mem, out, err));
out:
    if (status < 0) {
        pln__avro_schema_unref(*schema);
        *schema = NULL;
        pln__stored_free(local->mem, out);
    }
    return status;
}

static bool same(const pln__stored *a, const pln__stored *b) {
    bool equal = strcmp(a->text, b->text) == 0 && a->references.n == b->references.n;
    for (int64_t i = 0; equal && i < a->references.n; i++) {
        const pln_schema_reference *x = &a->references.at[i], *y = &b->references.at[i];
        equal = strcmp(x->name, y->name) == 0 && strcmp(x->subject, y->subject) == 0 &&
                x->version == y->version;
    }
    return equal;
}

/* MD5 can be made to collide: the texts decide. */
pln_status pln__local_known(pln__local *local, pln__stored *stored, pln_error *err) {
    int64_t id = 0;
    stored->id = 0;
    for (;;) {
        pln__stored other = {0};
        pln_status status = local->place->find(local->at, stored->guid, id, &id, err);
        if (status != PLN_OK)
            return status < 0 ? status : PLN_OK;
        status = local->place->schema(local->at, id, &other, err);
        bool found = status == PLN_OK && same(stored, &other);
        pln__stored_free(local->mem, &other);
        if (status < 0)
            return status;
        if (found) {
            stored->id = id;
            return PLN_OK;
        }
    }
}

/* ---- entries ---- */

static pln_status lend(pln__local *local, pln__lent *lent, pln__stored *stored, const char *subject,
                       const pln__subject_version *version, pln_schema_entry *out, pln_error *err) {
    take_back(local, lent);
    lent->stored = *stored;
    memset(stored, 0, sizeof *stored);
    if (subject != NULL) {
        lent->subject = pln__strdup(local->mem, subject);
        if (lent->subject == NULL)
            return pln__error_memory(err, strlen(subject) + 1);
    }
    out->id = lent->stored.id;
    out->subject = lent->subject;
    out->schema = lent->stored.text;
    out->type = "AVRO";
    out->references = lent->stored.references.at;
    out->n_references = lent->stored.references.n;
    out->has_guid = 1;
    memcpy(out->guid, lent->stored.guid, sizeof out->guid);
    out->version = version == NULL ? 0 : version->version;
    out->deleted = version == NULL ? 0 : version->deleted;
    return PLN_OK;
}

pln_status pln__local_lend(pln__local *local, pln__stored *stored, const char *subject,
                           const pln__subject_version *version, pln_schema_entry *out,
                           pln_error *err) {
    return lend(local, &local->lent, stored, subject, version, out, err);
}

static pln_status no_schema(int64_t id, pln_error *err) {
    return pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_SCHEMA, "schema %lld: not found",
                              (long long)id);
}

static pln_status by_id(pln__local *local, pln__lent *lent, int64_t id, pln_schema_entry *out,
                        pln_error *err) {
    pln__stored stored = {0};
    pln_status status = id < 1 ? PLN_EOS : local->place->schema(local->at, id, &stored, err);
    if (status == PLN_EOS)
        status = no_schema(id, err);
    return status < 0 ? status : lend(local, lent, &stored, NULL, NULL, out, err);
}

pln_status pln__local_by_id(void *self, pln_context *ctx, int64_t id, pln_schema_entry *out,
                            pln_error *err) {
    pln__local *local = self;
    (void)ctx;
    return by_id(local, &local->lent, id, out, err);
}

pln_status pln__local_by_guid(void *self, pln_context *ctx, const uint8_t *guid,
                              pln_schema_entry *out, pln_error *err) {
    pln__local *local = self;
    int64_t id = 0;
    pln_status status = local->place->find(local->at, guid, 0, &id, err);
    if (status == PLN_EOS)
        return pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_SCHEMA,
                                  "schema: none of that guid was found");
    return status < 0 ? status : pln__local_by_id(self, ctx, id, out, err);
}

int64_t pln__local_index(const pln__subject *subject, int32_t version, bool deleted) {
    for (int64_t i = subject->n - 1; i >= 0; i--) {
        const pln__subject_version *at = &subject->versions[i];
        if ((at->version == version || version == PLN_SCHEMA_LATEST) && (!at->deleted || deleted))
            return i;
    }
    return -1;
}

bool pln__local_active(const pln__subject *subject) {
    return pln__local_index(subject, PLN_SCHEMA_LATEST, false) >= 0;
}

static pln_status by_version(pln__local *local, pln__lent *lent, const char *name, int32_t version,
                             uint32_t flags, pln_schema_entry *out, pln_error *err) {
    pln__subject subject = {0};
    pln__stored stored = {0};
    bool deleted = (flags & PLN_SCHEMA_DELETED) != 0;
    pln_status status = pln__local_subject_ok(name, err);
    if (status < 0)
        return status;
    PLN__TRY(local->place->subject(local->at, name, &subject, err));
    if (status == PLN_EOS || pln__local_index(&subject, PLN_SCHEMA_LATEST, deleted) < 0)
        PLN__TRY(pln__local_no_subject(name, err));
    int64_t at = pln__local_index(&subject, version, deleted);
    if (at < 0)
        PLN__TRY(pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_VERSION,
                                    "subject '%s', version %d: not found", name, (int)version));
    const pln__subject_version *found = &subject.versions[at];
    PLN__TRY(local->place->schema(local->at, found->id, &stored, err));
    if (status == PLN_EOS)
        PLN__FAIL(err, PLN_ECORRUPT, "subject '%s', version %d: its schema %lld is missing", name,
                  (int)found->version, (long long)found->id);
    PLN__TRY(lend(local, lent, &stored, subject.name, found, out, err));
out:
    pln__subject_free(local->mem, &subject);
    return status;
}

pln_status pln__local_by_version(void *self, pln_context *ctx, const char *subject, int32_t version,
                                 uint32_t flags, pln_schema_entry *out, pln_error *err) {
    pln__local *local = self;
    (void)ctx;
    return by_version(local, &local->lent, subject, version, flags, out, err);
}

/* ---- parsing what is kept ---- */

static pln_status inner_version(void *user, const char *subject, int32_t version,
                                pln_schema_entry *out, pln_error *err) {
    pln__local *local = user;
    return by_version(local, &local->inner, subject, version, PLN_SCHEMA_DELETED, out, err);
}

pln_status pln__local_parse(pln__local *local, const pln_schema_entry *entry, pln_avro_schema **out,
                            pln_error *err) {
    pln__assembly assembly = {local->mem, local, inner_version, NULL, NULL, 0, false};
    return pln__assemble(&assembly, entry, 0, out, err);
}

pln_status pln__local_parse_id(pln__local *local, int64_t id, pln_avro_schema **out,
                               pln_error *err) {
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln_status status = by_id(local, &local->inner, id, &entry, err);
    return status < 0 ? status : pln__local_parse(local, &entry, out, err);
}
