#include "inner.h"
#include <stdlib.h>
#include <string.h>

static pln_status take(const avro_value_t *value, const struct ArrowSchema *schema,
                       pln_column *column, const place *at, pln_error *err);

static pln_status read_failed(const place *at, pln_error *err) {
    return bridge_fail(err, PLN_EDATA, at, "avro-c does not give the value");
}

static pln_status take_number(const avro_value_t *value, pln_column *column, const place *at,
                              pln_error *err) {
    int32_t narrow = 0;
    int64_t wide = 0;
    float single = 0;
    double twice = 0;
    int bit = 0;
    switch (avro_value_get_type(value)) {
    case AVRO_BOOLEAN:
        return avro_value_get_boolean(value, &bit) != 0 ? read_failed(at, err)
                                                        : pln_column_int(column, bit != 0, err);
    case AVRO_INT32:
        return avro_value_get_int(value, &narrow) != 0 ? read_failed(at, err)
                                                       : pln_column_int(column, narrow, err);
    case AVRO_INT64:
        return avro_value_get_long(value, &wide) != 0 ? read_failed(at, err)
                                                      : pln_column_int(column, wide, err);
    case AVRO_FLOAT:
        return avro_value_get_float(value, &single) != 0
                   ? read_failed(at, err)
                   : pln_column_float(column, (double)single, err);
    default:
        return avro_value_get_double(value, &twice) != 0 ? read_failed(at, err)
                                                         : pln_column_float(column, twice, err);
    }
}

static pln_status take_text(const avro_value_t *value, pln_column *column, const place *at,
                            pln_error *err) {
    const char *text = NULL;
    size_t size = 0;
    int symbol = -1;
    if (avro_value_get_type(value) == AVRO_STRING)
        return avro_value_get_string(value, &text, &size) != 0 || size == 0
                   ? read_failed(at, err)
                   : pln_column_text(column, text, (int64_t)size - 1, err);
    avro_schema_t schema = avro_value_get_schema(value);
    /* A number that decoding let through is no index into the symbols. */
    if (avro_value_get_enum(value, &symbol) != 0 || symbol < 0 ||
        symbol >= avro_schema_enum_number_of_symbols(schema))
        return bridge_fail(err, PLN_EDATA, at, "the enum's number is that of no symbol");
    return pln_column_text(column, avro_schema_enum_get(schema, symbol), -1, err);
}

/* From the highest byte first, of any length, to 16 the lowest byte first. */
static pln_status take_decimal(const uint8_t *bytes, size_t size, pln_column *column,
                               const place *at, pln_error *err) {
    uint8_t little[16];
    uint8_t sign = size > 0 && bytes[0] >= 128 ? 255 : 0;
    memset(little, sign, sizeof little);
    for (size_t i = 0; i < size; i++) {
        if (i < 16)
            little[i] = bytes[size - 1 - i];
        else if (bytes[size - 1 - i] != sign)
            return bridge_fail(err, PLN_EDATA, at, "the decimal is beyond 16 bytes");
    }
    if ((little[15] >= 128) != (sign == 255))
        return bridge_fail(err, PLN_EDATA, at, "the decimal is beyond 16 bytes");
    return pln_column_values(column, little, NULL, 1, err);
}

static pln_status take_bytes(const avro_value_t *value, const struct ArrowSchema *schema,
                             pln_column *column, const place *at, pln_error *err) {
    const void *bytes = NULL;
    size_t size = 0;
    int code = avro_value_get_type(value) == AVRO_BYTES ? avro_value_get_bytes(value, &bytes, &size)
                                                        : avro_value_get_fixed(value, &bytes, &size);
    if (code != 0)
        return read_failed(at, err);
    return schema->format[0] == 'd' ? take_decimal(bytes, size, column, at, err)
                                    : pln_column_bytes(column, size == 0 ? "" : bytes,
                                                       (int64_t)size, err);
}

static pln_status take_items(const avro_value_t *value, const struct ArrowSchema *schema,
                             pln_column *column, const place *at, pln_error *err) {
    size_t n = 0;
    bool map = avro_value_get_type(value) == AVRO_MAP;
    place here = {at, map ? "values" : "items", at->depth + 1};
    pln_status status = avro_value_get_size(value, &n) != 0 ? read_failed(at, err) : PLN_OK;
    const struct ArrowSchema *inner = schema->children[0];
    pln_column *entries = pln_column_child(column, 0);
    for (size_t i = 0; i < n && status == PLN_OK; i++) {
        avro_value_t item;
        const char *key = NULL;
        if (avro_value_get_by_index(value, i, &item, &key) != 0)
            return read_failed(at, err);
        if (!map) {
            status = take(&item, inner, entries, &here, err);
            continue;
        }
        status = pln_column_text(pln_column_child(entries, 0), key, -1, err);
        if (status == PLN_OK)
            status = take(&item, inner->children[1], pln_column_child(entries, 1), &here, err);
        if (status == PLN_OK)
            status = pln_column_end(entries, err);
    }
    return status < 0 ? status : pln_column_end(column, err);
}

static pln_status take_field(const avro_value_t *value, const struct ArrowSchema *schema,
                             pln_column *column, const place *up, pln_error *err) {
    avro_value_t field;
    place here = {up, schema->name, up == NULL ? 1 : up->depth + 1};
    if (avro_value_get_by_name(value, schema->name, &field, NULL) != 0)
        return schema->flags & ARROW_FLAG_NULLABLE
                   ? pln_column_null(column, err)
                   : bridge_fail(err, PLN_ETYPE, &here, "the record has no such field");
    return take(&field, schema, column, &here, err);
}

static pln_status take_record(const avro_value_t *value, const struct ArrowSchema *schema,
                              pln_column *column, const place *at, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < schema->n_children && status == PLN_OK; i++)
        status = take_field(value, schema->children[i], pln_column_child(column, i), at, err);
    return status < 0 ? status : pln_column_end(column, err);
}

static pln_status take_variant(const avro_value_t *value, const struct ArrowSchema *schema,
                               pln_column *column, const place *at, pln_error *err) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (bridge_fits(schema->children[i], avro_value_get_schema(value))) {
            pln_status status = pln_column_variant(column, (int32_t)i, err);
            return status < 0 ? status
                              : take(value, schema->children[i], pln_column_child(column, i), at,
                                     err);
        }
    return bridge_fail(err, PLN_ETYPE, at, "no variant of the column is of the value's kind");
}

static pln_status take(const avro_value_t *value, const struct ArrowSchema *schema,
                       pln_column *column, const place *at, pln_error *err) {
    avro_value_t branch;
    if (at->depth > DEPTH_MAX)
        return bridge_fail(err, PLN_ELIMIT, at, "it is nested too deep");
    if (avro_value_get_type(value) == AVRO_UNION) {
        if (avro_value_get_current_branch(value, &branch) != 0)
            return read_failed(at, err);
        value = &branch;
    }
    if (strncmp(schema->format, "+u", 2) == 0)
        return take_variant(value, schema, column, at, err);
    if (avro_value_get_type(value) == AVRO_NULL)
        return schema->flags & ARROW_FLAG_NULLABLE
                   ? pln_column_null(column, err)
                   : bridge_fail(err, PLN_EDATA, at, "null, and the column takes none");
    if (!bridge_fits(schema, avro_value_get_schema(value)))
        return bridge_fail(err, PLN_ETYPE, at, "the field is of another kind");
    switch (avro_value_get_type(value)) {
    case AVRO_STRING:
    case AVRO_ENUM: return take_text(value, column, at, err);
    case AVRO_BYTES:
    case AVRO_FIXED: return take_bytes(value, schema, column, at, err);
    case AVRO_ARRAY:
    case AVRO_MAP: return take_items(value, schema, column, at, err);
    case AVRO_RECORD: return take_record(value, schema, column, at, err);
    default: return take_number(value, column, at, err);
    }
}

pln_status pln_avro_value_to_builder(const avro_value_t *value, const struct ArrowSchema *columns,
                                     pln_builder *builder, pln_error *err) {
    pln_status status = PLN_OK;
    place top = {NULL, "", 0};
    if (avro_value_get_type(value) != AVRO_RECORD)
        return bridge_fail(err, PLN_EINVAL, &top, "the value is no record");
    for (int64_t i = 0; i < columns->n_children && status == PLN_OK; i++)
        status = take_field(value, columns->children[i], pln_builder_column(builder, i), NULL, err);
    if (status < 0 && err != NULL)
        err->flags |= PLN_ERR_FATAL;
    return status;
}
