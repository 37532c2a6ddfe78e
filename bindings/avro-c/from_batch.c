#include "inner.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static pln_status put(const struct ArrowSchema *column, const struct ArrowArray *array, int64_t row,
                      avro_value_t *value, const place *at, pln_error *err);

static bool is_null(const struct ArrowSchema *column, const struct ArrowArray *array, int64_t row) {
    if (column->format[0] == 'n')
        return true;
    if (strncmp(column->format, "+u", 2) == 0 || array->n_buffers == 0 || array->null_count == 0)
        return false;
    const uint8_t *bits = array->buffers[0];
    int64_t bit = array->offset + row;
    return bits != NULL && (bits[bit >> 3] >> (bit & 7) & 1) == 0;
}

/* A fixed-width value at its place. */
static const uint8_t *cell(const struct ArrowArray *array, int64_t row, int64_t width) {
    return (const uint8_t *)array->buffers[1] + (array->offset + row) * width;
}

#define LOAD(type, array, row)                                                                     \
    do {                                                                                           \
        type loaded_;                                                                              \
        memcpy(&loaded_, cell(array, row, (int64_t)sizeof loaded_), sizeof loaded_);               \
        return (int64_t)loaded_;                                                                   \
    } while (0)

static int64_t integer(const char *format, const struct ArrowArray *array, int64_t row) {
    switch (format[0]) {
    case 'c': LOAD(int8_t, array, row);
    case 'C': LOAD(uint8_t, array, row);
    case 's': LOAD(int16_t, array, row);
    case 'S': LOAD(uint16_t, array, row);
    case 'i': LOAD(int32_t, array, row);
    case 'I': LOAD(uint32_t, array, row);
    case 't':
        if (strcmp(format, "tdD") == 0 || strcmp(format, "tts") == 0 || strcmp(format, "ttm") == 0)
            LOAD(int32_t, array, row);
        LOAD(int64_t, array, row);
    default: LOAD(int64_t, array, row);
    }
}

static double real(const char *format, const struct ArrowArray *array, int64_t row) {
    float narrow;
    double wide;
    if (format[0] == 'f') {
        memcpy(&narrow, cell(array, row, 4), sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, cell(array, row, 8), sizeof wide);
    return wide;
}

static const uint8_t *bytes_of(const struct ArrowArray *array, int64_t row, size_t *size) {
    int32_t ends[2];
    memcpy(ends, (const int32_t *)array->buffers[1] + array->offset + row, sizeof ends);
    *size = (size_t)(ends[1] - ends[0]);
    return *size == 0 ? (const uint8_t *)"" : (const uint8_t *)array->buffers[2] + ends[0];
}

/* What avro-c answered; its text is shared by all threads and left alone. */
static pln_status done(int code, const place *at, pln_error *err) {
    if (code == 0)
        return PLN_OK;
    return code == ENOMEM ? bridge_fail(err, PLN_ENOMEM, at, "avro-c has no memory")
                          : bridge_fail(err, PLN_EDATA, at, "avro-c does not take the value");
}

/* avro-c wants a NUL behind its strings. */
static pln_status put_string(const uint8_t *bytes, size_t size, avro_value_t *value,
                             const place *at, pln_error *err) {
    char *text;
    if (memchr(bytes, '\0', size) != NULL)
        return bridge_fail(err, PLN_EDATA, at, "the text has a NUL, which avro-c's strings cannot");
    text = malloc(size + 1);
    if (text == NULL)
        return bridge_fail(err, PLN_ENOMEM, at, "no memory for the text");
    memcpy(text, bytes, size);
    text[size] = '\0';
    int code = avro_value_set_string_len(value, text, size + 1);
    free(text);
    return done(code, at, err);
}

static pln_status put_symbol(const uint8_t *bytes, size_t size, avro_value_t *value,
                             const place *at, pln_error *err) {
    avro_schema_t schema = avro_value_get_schema(value);
    int n = avro_schema_enum_number_of_symbols(schema);
    for (int i = 0; i < n; i++) {
        const char *symbol = avro_schema_enum_get(schema, i);
        if (strlen(symbol) == size && memcmp(symbol, bytes, size) == 0)
            return done(avro_value_set_enum(value, i), at, err);
    }
    return bridge_fail(err, PLN_EDATA, at, "the enum has no such symbol");
}

static pln_status put_text(const struct ArrowSchema *column, const struct ArrowArray *array,
                           int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    size_t size;
    if (column->dictionary != NULL) {
        row = integer(column->format, array, row);
        column = column->dictionary;
        array = array->dictionary;
        if (strcmp(column->format, "u") != 0)
            return bridge_fail(err, PLN_ETYPE, at, "the dictionary is not of text");
    }
    const uint8_t *bytes = bytes_of(array, row, &size);
    return avro_value_get_type(value) == AVRO_ENUM ? put_symbol(bytes, size, value, at, err)
                                                   : put_string(bytes, size, value, at, err);
}

/* Two's complement, the highest byte first: as few as hold it, or as many as a fixed has. */
static pln_status put_decimal(const struct ArrowArray *array, int64_t row, avro_value_t *value,
                              const place *at, pln_error *err) {
    uint8_t bytes[16], wide[256];
    const uint8_t *little = cell(array, row, 16);
    size_t skip = 0;
    for (int i = 0; i < 16; i++)
        bytes[i] = little[15 - i];
    while (skip < 15 && ((bytes[skip] == 0 && bytes[skip + 1] < 128) ||
                         (bytes[skip] == 255 && bytes[skip + 1] >= 128)))
        skip++;
    if (avro_value_get_type(value) == AVRO_BYTES)
        return done(avro_value_set_bytes(value, bytes + skip, 16 - skip), at, err);
    size_t size = (size_t)avro_schema_fixed_size(avro_value_get_schema(value));
    if (size < 16 - skip || size > sizeof wide)
        return bridge_fail(err, PLN_EDATA, at, "the fixed has no room for the decimal, or too much");
    memset(wide, bytes[0] >= 128 ? 255 : 0, size);
    memcpy(wide + size - (16 - skip), bytes + skip, 16 - skip);
    return done(avro_value_set_fixed(value, wide, size), at, err);
}

static pln_status put_bytes(const struct ArrowSchema *column, const struct ArrowArray *array,
                            int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    size_t size;
    if (column->format[0] == 'd')
        return put_decimal(array, row, value, at, err);
    if (column->format[0] == 'w') {
        size = (size_t)strtoul(column->format + 2, NULL, 10);
        if ((int64_t)size != avro_schema_fixed_size(avro_value_get_schema(value)))
            return bridge_fail(err, PLN_ETYPE, at, "the fixed has another size");
        return done(avro_value_set_fixed(value, (void *)(uintptr_t)cell(array, row, (int64_t)size), size),
                    at, err);
    }
    const uint8_t *bytes = bytes_of(array, row, &size);
    return done(avro_value_set_bytes(value, (void *)(uintptr_t)bytes, size), at, err);
}

static pln_status put_integer(const struct ArrowSchema *column, const struct ArrowArray *array,
                              int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    int64_t number = integer(column->format, array, row);
    if (column->format[0] == 'L' && number < 0)
        return bridge_fail(err, PLN_EDATA, at, "the number is beyond a long");
    if (avro_value_get_type(value) == AVRO_INT64)
        return done(avro_value_set_long(value, number), at, err);
    return done(avro_value_set_int(value, (int32_t)number), at, err);
}

static void range_of(const struct ArrowArray *array, int64_t row, int32_t ends[2]) {
    memcpy(ends, (const int32_t *)array->buffers[1] + array->offset + row, 2 * sizeof *ends);
}

static pln_status put_list(const struct ArrowSchema *column, const struct ArrowArray *array,
                           int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    int32_t ends[2];
    pln_status status = PLN_OK;
    place here = {at, "items", at->depth + 1};
    range_of(array, row, ends);
    for (int32_t i = ends[0]; i < ends[1] && status == PLN_OK; i++) {
        avro_value_t item;
        status = done(avro_value_append(value, &item, NULL), at, err);
        if (status == PLN_OK)
            status = put(column->children[0], array->children[0], i, &item, &here, err);
    }
    return status;
}

static pln_status put_map(const struct ArrowSchema *column, const struct ArrowArray *array,
                          int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    int32_t ends[2];
    pln_status status = PLN_OK;
    const struct ArrowSchema *entry = column->children[0];
    const struct ArrowArray *entries = array->children[0];
    place here = {at, "values", at->depth + 1};
    if (strcmp(entry->children[0]->format, "u") != 0)
        return bridge_fail(err, PLN_ETYPE, at, "the map's keys are not text");
    range_of(array, row, ends);
    for (int64_t i = ends[0]; i < ends[1] && status == PLN_OK; i++) {
        avro_value_t item;
        size_t size;
        const uint8_t *bytes = bytes_of(entries->children[0], entries->offset + i, &size);
        char *key = malloc(size + 1);
        if (key == NULL || memchr(bytes, '\0', size) != NULL) {
            free(key);
            return bridge_fail(err, key == NULL ? PLN_ENOMEM : PLN_EDATA, at, "the key cannot be kept");
        }
        memcpy(key, bytes, size);
        key[size] = '\0';
        status = done(avro_value_add(value, key, &item, NULL, NULL), at, err);
        free(key);
        if (status == PLN_OK)
            status = put(entry->children[1], entries->children[1], entries->offset + i, &item,
                         &here, err);
    }
    return status;
}

static int64_t column_of(const struct ArrowSchema *columns, const char *name) {
    for (int64_t i = 0; i < columns->n_children; i++)
        if (strcmp(columns->children[i]->name, name) == 0)
            return i;
    return -1;
}

static pln_status put_record(const struct ArrowSchema *columns, const struct ArrowArray *array,
                             int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    size_t n = 0;
    pln_status status = done(avro_value_get_size(value, &n), at, err);
    for (size_t i = 0; i < n && status == PLN_OK; i++) {
        avro_value_t field;
        const char *name = NULL;
        status = done(avro_value_get_by_index(value, i, &field, &name), at, err);
        if (status < 0)
            break;
        place here = {at, name, at == NULL ? 1 : at->depth + 1};
        int64_t column = column_of(columns, name);
        status = column < 0 ? bridge_fail(err, PLN_ETYPE, &here, "there is none for the record's field")
                            : put(columns->children[column], array->children[column],
                                  array->offset + row, &field, &here, err);
    }
    return status;
}

/* A union column's row lies in one of its children. */
static pln_status put_variant(const struct ArrowSchema *column, const struct ArrowArray *array,
                              int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    int8_t id = ((const int8_t *)array->buffers[0])[array->offset + row];
    int32_t child_row = ((const int32_t *)array->buffers[1])[array->offset + row];
    const char *ids = strchr(column->format, ':');
    for (int64_t i = 0; i < column->n_children && ids != NULL; i++) {
        if (strtol(ids + 1, NULL, 10) == id)
            return put(column->children[i], array->children[i], child_row, value, at, err);
        ids = strchr(ids + 1, ',');
    }
    return bridge_fail(err, PLN_EDATA, at, "the union has no such variant");
}

static pln_status put_branch(const struct ArrowSchema *column, const struct ArrowArray *array,
                             int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    avro_value_t branch;
    bool null = is_null(column, array, row);
    int index = bridge_branch(avro_value_get_schema(value), null ? NULL : column);
    if (index < 0)
        return null ? bridge_fail(err, PLN_EDATA, at, "null, and the union has no null")
                    : bridge_fail(err, PLN_ETYPE, at, "no branch of the union takes it");
    pln_status status = done(avro_value_set_branch(value, index, &branch), at, err);
    if (status < 0)
        return status;
    return null ? done(avro_value_set_null(&branch), at, err)
                : put(column, array, row, &branch, at, err);
}

static pln_status put_plain(const struct ArrowSchema *column, const struct ArrowArray *array,
                            int64_t row, avro_value_t *value, const place *at, pln_error *err) {
    switch (avro_value_get_type(value)) {
    case AVRO_BOOLEAN: {
        int64_t bit = array->offset + row;
        return done(avro_value_set_boolean(
                        value, ((const uint8_t *)array->buffers[1])[bit >> 3] >> (bit & 7) & 1),
                    at, err);
    }
    case AVRO_INT32:
    case AVRO_INT64: return put_integer(column, array, row, value, at, err);
    case AVRO_FLOAT:
        return done(avro_value_set_float(value, (float)real(column->format, array, row)), at, err);
    case AVRO_DOUBLE:
        return done(avro_value_set_double(value, real(column->format, array, row)), at, err);
    case AVRO_STRING:
    case AVRO_ENUM: return put_text(column, array, row, value, at, err);
    case AVRO_BYTES:
    case AVRO_FIXED: return put_bytes(column, array, row, value, at, err);
    case AVRO_ARRAY: return put_list(column, array, row, value, at, err);
    case AVRO_MAP: return put_map(column, array, row, value, at, err);
    default: return put_record(column, array, row, value, at, err);
    }
}

static pln_status put(const struct ArrowSchema *column, const struct ArrowArray *array, int64_t row,
                      avro_value_t *value, const place *at, pln_error *err) {
    avro_type_t type = avro_value_get_type(value);
    if (at->depth > DEPTH_MAX)
        return bridge_fail(err, PLN_ELIMIT, at, "it is nested too deep");
    if (strncmp(column->format, "+u", 2) == 0)
        return put_variant(column, array, row, value, at, err);
    if (type == AVRO_UNION)
        return put_branch(column, array, row, value, at, err);
    if (is_null(column, array, row))
        return type == AVRO_NULL ? done(avro_value_set_null(value), at, err)
                                 : bridge_fail(err, PLN_EDATA, at, "null, and the field takes none");
    if (!bridge_fits(column, avro_value_get_schema(value)))
        return bridge_fail(err, PLN_ETYPE, at, "the field is of another kind");
    return put_plain(column, array, row, value, at, err);
}

pln_status pln_avro_value_from_batch(const pln_batch *batch, int64_t row, avro_value_t *value,
                                     pln_error *err) {
    place top = {NULL, "", 0};
    const struct ArrowArray *rows = pln_batch_array(batch);
    if (row < 0 || row >= rows->length)
        return bridge_fail(err, PLN_EINVAL, &top, "there is no such row");
    if (avro_value_get_type(value) != AVRO_RECORD)
        return bridge_fail(err, PLN_EINVAL, &top, "the value is no record");
    pln_status status = done(avro_value_reset(value), &top, err);
    return status < 0 ? status
                      : put_record(pln_batch_schema(batch), rows, row, value, NULL, err);
}
