/* The public calls about schemas that only hand on: to the model, which knows no runtime. */
#include "base/digest.h"
#include "schema/avro_internal.h"
#include <pln/avro_schema.h>

static pln_status read_options(const pln_avro_parse_options *given, pln__avro_parse_options *out,
                               pln_error *err) {
    if (given == NULL)
        return PLN_OK;
    if (given->struct_size < sizeof *given)
        return pln__error_set(err, PLN_EINVAL, "pln_avro_parse_options: struct_size %u",
                              (unsigned)given->struct_size);
    if ((given->flags & ~(uint32_t)(PLN_AVRO_LAX_NAMES | PLN_AVRO_LAX_DEFAULTS)) != 0)
        return pln__error_set(err, PLN_EINVAL, "pln_avro_parse_options: unknown flags 0x%x",
                              (unsigned)given->flags);
    out->known = given->known;
    out->n_known = given->n_known;
    out->lax_names = (given->flags & PLN_AVRO_LAX_NAMES) != 0;
    out->lax_defaults = (given->flags & PLN_AVRO_LAX_DEFAULTS) != 0;
    return PLN_OK;
}

pln_status pln_avro_schema_parse(pln_runtime *runtime, const char *text, int64_t size,
                                 const pln_avro_parse_options *options, pln_avro_schema **out,
                                 pln_error *err) {
    pln__avro_parse_options mine = {0};
    *out = NULL;
    pln_status status = read_options(options, &mine, err);
    return status < 0
               ? status
               : pln__avro_parse(pln__runtime_allocator(runtime), text, size, &mine, out, err);
}

pln_avro_schema *pln_avro_schema_ref(const pln_avro_schema *schema) {
    return pln__avro_schema_ref(schema);
}

void pln_avro_schema_free(pln_avro_schema *schema) {
    pln__avro_schema_unref(schema);
}

pln_status pln_avro_schema_text(pln_runtime *runtime, const pln_avro_schema *schema, int32_t form,
                                char **text, pln_error *err) {
    pln__text out;
    *text = NULL;
    if (form < PLN_AVRO_FULL || form > PLN_AVRO_PRETTY)
        return pln__error_set(err, PLN_EINVAL, "%d is no form of a schema's text", (int)form);
    pln__text_init(&out, pln__runtime_allocator(runtime));
    pln__avro_text(schema, form, &out);
    *text = pln__text_take(&out);
    return pln__text_status(&out, err);
}

pln_status pln_avro_schema_fingerprint(const pln_avro_schema *schema, int32_t kind, uint8_t *out,
                                       pln_error *err) {
    pln__text text;
    if (kind < PLN_AVRO_RABIN || kind > PLN_AVRO_SHA256)
        return pln__error_set(err, PLN_EINVAL, "%d is no kind of fingerprint", (int)kind);
    pln__text_init(&text, schema->mem);
    pln__avro_text(schema, PLN__AVRO_TEXT_CANONICAL, &text);
    pln_status status = pln__text_status(&text, err);
    uint64_t crc = status < 0 || kind != PLN_AVRO_RABIN ? 0 : pln__avro_crc64(text.data, text.size);
    for (int i = 0; status >= 0 && kind == PLN_AVRO_RABIN && i < 8; i++)
        out[i] = (uint8_t)(crc >> (8 * i));
    if (status >= 0 && kind == PLN_AVRO_MD5)
        pln__md5_of(text.data, text.size, out);
    if (status >= 0 && kind == PLN_AVRO_SHA256)
        pln__sha256_of(text.data, text.size, out);
    pln__text_free(&text);
    return status;
}

int32_t pln_avro_schema_equal(const pln_avro_schema *a, const pln_avro_schema *b) {
    bool equal = false;
    if (a == b)
        return 1;
    (void)pln__avro_types_equal(a, a->root, b, b->root, &equal, NULL);
    return equal;
}

pln_status pln_avro_schema_arrow(pln_runtime *runtime, const pln_avro_schema *schema,
                                 struct ArrowSchema *out, pln_error *err) {
    return pln__avro_to_arrow(pln__runtime_allocator(runtime), schema, out, err);
}

pln_status pln_avro_schema_from_arrow(pln_runtime *runtime, const struct ArrowSchema *columns,
                                      const char *name, pln_avro_schema **out, pln_error *err) {
    return pln__avro_from_arrow(pln__runtime_allocator(runtime), columns, name, out, err);
}

/* ---- reading ---- */

const pln_avro_type *pln_avro_schema_root(const pln_avro_schema *schema) {
    return schema->root;
}

const pln_avro_type *pln_avro_schema_find(const pln_avro_schema *schema, const char *full_name) {
    return pln__avro_name_get(schema, full_name);
}

void pln_avro_type_info_get(const pln_avro_type *type, pln_avro_type_info *out) {
    bool plain = type->logical == PLN__AVRO_PLAIN;
    const char *logical = plain ? NULL : pln__avro_logical_name(type->logical);
    pln_avro_type_info info = {
        .struct_size = out->struct_size,
        .kind = type->kind,
        .kind_name = pln__avro_kind_name(type->kind),
        .logical_type = logical,
        .precision = type->precision,
        .scale = type->scale,
        .size = type->size,
        .name = type->name,
        .name_space = type->space,
        .full_name = type->full_name,
        .doc = type->doc,
        .aliases = type->aliases,
        .n_aliases = type->n_aliases,
        .n_children = type->items != NULL ? 1 : type->n_fields + type->n_branches,
        .symbols = type->symbols,
        .n_symbols = type->n_symbols,
        .default_symbol = type->default_symbol,
        .is_error = type->is_error,
    };
    size_t size = out->struct_size < sizeof info ? out->struct_size : sizeof info;
    memcpy(out, &info, size);
}

const pln_avro_type *pln_avro_type_child(const pln_avro_type *type, int32_t index) {
    if (type->items != NULL)
        return index == 0 ? type->items : NULL;
    if (index < 0)
        return NULL;
    if (index < type->n_branches)
        return type->branches[index];
    return index < type->n_fields ? type->fields[index].type : NULL;
}

pln_status pln_avro_type_field(const pln_avro_type *type, int32_t index, pln_avro_field_info *out) {
    if (index < 0 || index >= type->n_fields)
        return PLN_EINVAL;
    const pln__avro_field *field = &type->fields[index];
    pln_avro_field_info info = {
        .struct_size = out->struct_size,
        .order = field->order,
        .name = field->name,
        .doc = field->doc,
        .aliases = field->aliases,
        .n_aliases = field->n_aliases,
        .has_default = field->fallback != NULL,
        .type = field->type,
    };
    size_t size = out->struct_size < sizeof info ? out->struct_size : sizeof info;
    memcpy(out, &info, size);
    return PLN_OK;
}

pln_status pln_avro_type_property(pln_runtime *runtime, const pln_avro_type *type, int32_t field,
                                  const char *key, char **json_text, pln_error *err) {
    pln__text out;
    *json_text = NULL;
    if (field < -1 || field >= type->n_fields)
        return pln__error_set(err, PLN_EINVAL, "field %d, the type has %d", (int)field,
                              (int)type->n_fields);
    const json *value =
        pln__doc_get(field < 0 ? type->definition : type->fields[field].definition, key);
    if (value == NULL)
        return PLN_OK;
    pln__text_init(&out, pln__runtime_allocator(runtime));
    pln__avro_json_text(value, &out);
    *json_text = pln__text_take(&out);
    return pln__text_status(&out, err);
}
