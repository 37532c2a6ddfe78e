/* The builder: what hosts append by, on top of the column writer. */
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "column/internal.h"
#include <pln/builder.h>

struct pln_builder {
    const pln_allocator *mem;
    pln__schema *schema;
    pln__column rows;
};

pln_status pln__builder_new(const pln_allocator *mem, pln__schema *schema, pln_builder **out,
                            pln_error *err) {
    pln_builder *builder = pln__calloc(mem, 1, sizeof *builder);
    *out = NULL;
    if (builder == NULL)
        return pln__error_memory(err, sizeof *builder);
    builder->mem = mem;
    pln_status status = pln__column_init(mem, pln__schema_get(schema), &builder->rows, err);
    if (status < 0) {
        pln__free(mem, builder, sizeof *builder);
        return status;
    }
    builder->schema = pln__schema_ref(schema);
    *out = builder;
    return PLN_OK;
}

void pln_builder_free(pln_builder *builder) {
    if (builder == NULL)
        return;
    pln__column_free(&builder->rows);
    pln__schema_unref(builder->schema);
    pln__free(builder->mem, builder, sizeof *builder);
}

pln_column *pln_builder_column(pln_builder *builder, int64_t index) {
    return pln_column_child(&builder->rows, index);
}

pln_column *pln_column_child(pln_column *column, int64_t index) {
    return index < 0 || index >= column->n_children ? NULL : &column->children[index];
}

pln_status pln_builder_finish(pln_builder *builder, pln_batch **out, pln_error *err) {
    pln__column *rows = &builder->rows;
    struct ArrowArray array;
    int64_t length = rows->n_children > 0 ? rows->children[0].length : 0;
    *out = NULL;
    for (int64_t i = 1; i < rows->n_children; i++)
        if (rows->children[i].length != length)
            return pln__error_set(
                err, PLN_EDATA, "column %s has %lld values and column %s has %lld",
                rows->children[0].schema->name, (long long)length, rows->children[i].schema->name,
                (long long)rows->children[i].length);
    rows->length = length;
    pln_status status = pln__column_finish(rows, &array, err);
    rows->length = 0;
    if (status < 0)
        return status;
    return pln__batch_new(builder->mem, builder->schema, &array, out, err);
}

/* ---- values ---- */

/* What one value looks like in a data buffer. */
typedef struct encoded {
    uint8_t bytes[16];
    int64_t size;
} encoded;

/* A dictionary column takes what its dictionary takes. */
static const pln__type *value_type(const pln_column *column) {
    return column->dictionary != NULL ? &column->dictionary->type : &column->type;
}

static pln_status put(pln_column *column, const void *bytes, int64_t size, pln_error *err) {
    if (column->dictionary != NULL)
        return pln__column_put_value(column, bytes, size, err);
    return pln__column_append_flat(column, bytes, size, err);
}

static const char *type_text(const pln_column *column, char out[PLN__TYPE_TEXT_SIZE]) {
    return pln__type_text(column->schema, out);
}

static pln_status wrong_kind(const pln_column *column, const char *got, pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    return pln__error_set(err, PLN_ETYPE, "column %s: expected %s, got %s", column->schema->name,
                          type_text(column, text), got);
}

static pln_status misfit(const pln_column *column, const char *value, int64_t size,
                         pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(err, PLN_EDATA, "column %s: expected %s, got %s", column->schema->name,
                          type_text(column, text), pln__show(shown, value, size));
}

static pln_status misfit_int(const pln_column *column, bool negative, uint64_t magnitude,
                             pln_error *err) {
    char digits[PLN__UINT64_TEXT_SIZE + 1];
    digits[0] = '-';
    int64_t size = pln__format_uint64(digits + 1, magnitude) + 1;
    return misfit(column, negative ? digits : digits + 1, negative ? size : size - 1, err);
}

/* Sign and magnitude, so that both 64-bit kinds have one way. */
static bool encode_decimal(const pln__type *type, bool negative, uint64_t magnitude, encoded *out) {
    pln__int128 limit = pln__decimal128_ten(type->precision);
    pln__int128 value = (pln__int128)magnitude;
    if (type->scale < 0) {
        pln__int128 by = pln__decimal128_ten(-type->scale);
        if (value % by != 0)
            return false;
        value /= by;
    } else {
        /* 20 digits times 10^38 would pass 128 bits; only 0 survives a scale that large. */
        pln__int128 by = pln__decimal128_ten(type->scale);
        if (value != 0 && by > limit / value)
            return false;
        value *= by;
    }
    if (value >= limit)
        return false;
    pln__store_decimal128(out->bytes, negative ? -value : value);
    return true;
}

static bool in_range(const pln__type *type, bool negative, uint64_t magnitude) {
    static const uint64_t most[PLN__TYPE_COUNT] = {
        [PLN__BOOL] = 1,           [PLN__INT8] = INT8_MAX,    [PLN__INT16] = INT16_MAX,
        [PLN__INT32] = INT32_MAX,  [PLN__INT64] = INT64_MAX,  [PLN__UINT8] = UINT8_MAX,
        [PLN__UINT16] = UINT16_MAX, [PLN__UINT32] = UINT32_MAX, [PLN__UINT64] = UINT64_MAX,
        [PLN__DATE32] = INT32_MAX, [PLN__TIMESTAMP] = INT64_MAX};
    bool is_unsigned = type->id >= PLN__UINT8 && type->id <= PLN__UINT64;
    if (type->id == PLN__TIME32 || type->id == PLN__TIME64)
        return (!negative || magnitude == 0) &&
               magnitude < (uint64_t)(86400 * pln__per_second((pln__unit)type->unit));
    if (negative && (is_unsigned || type->id == PLN__BOOL))
        return magnitude == 0;
    return magnitude <= most[type->id] + (uint64_t)negative;
}

static pln_status append_integer(pln_column *column, bool negative, uint64_t magnitude,
                                 pln_error *err) {
    const pln__type *type = value_type(column);
    encoded e = {.size = type->width};
    switch (type->id) {
    case PLN__FLOAT32: {
        float value = negative ? -(float)magnitude : (float)magnitude;
        memcpy(e.bytes, &value, sizeof value);
        break;
    }
    case PLN__FLOAT64: {
        double value = negative ? -(double)magnitude : (double)magnitude;
        memcpy(e.bytes, &value, sizeof value);
        break;
    }
    case PLN__DECIMAL128:
        if (!encode_decimal(type, negative, magnitude, &e))
            return misfit_int(column, negative, magnitude, err);
        break;
    default:
        if (type->id == PLN__NULL || type->id > PLN__TIMESTAMP || pln__type_is_bytes(type->id) ||
            type->id == PLN__FIXED)
            return wrong_kind(column, "an integer", err);
        if (!in_range(type, negative, magnitude))
            return misfit_int(column, negative, magnitude, err);
        uint64_t value = negative ? 0 - magnitude : magnitude;
        memcpy(e.bytes, &value, sizeof value);
        e.size = type->id == PLN__BOOL ? 1 : type->width;
    }
    return put(column, e.bytes, e.size, err);
}

pln_status pln_column_int(pln_column *column, int64_t value, pln_error *err) {
    bool negative = value < 0;
    return append_integer(column, negative, negative ? 0 - (uint64_t)value : (uint64_t)value, err);
}

pln_status pln_column_uint(pln_column *column, uint64_t value, pln_error *err) {
    return append_integer(column, false, value, err);
}

pln_status pln_column_float(pln_column *column, double value, pln_error *err) {
    const pln__type *type = value_type(column);
    if (type->id == PLN__FLOAT64)
        return put(column, &value, sizeof value, err);
    if (type->id != PLN__FLOAT32)
        return wrong_kind(column, "a float", err);
    /* Beyond the range of float the conversion is infinity (IEC 60559), which is what SQL and Arrow do, too. */
    float narrow = (float)value;
    return put(column, &narrow, sizeof narrow, err);
}

/* ---- values from text ---- */

static pln__parsed parse_time(const pln__type *type, const char *text, int64_t size, int64_t *out) {
    pln__unit unit = (pln__unit)type->unit;
    int32_t days = 0;
    if (type->id == PLN__DATE32) {
        pln__parsed parsed = pln__parse_date(text, size, &days);
        *out = days;
        return parsed;
    }
    if (type->id == PLN__TIMESTAMP) {
        int zone = type->timezone[0] == '\0' ? PLN__TIME_NO_ZONE : 0;
        return pln__parse_timestamp(text, size, unit, PLN__TIME_DATE_ALONE | zone, out);
    }
    return pln__parse_time(text, size, unit, 0, out);
}

static pln__parsed parse_bool(const char *text, int64_t size, uint8_t *out) {
    *out = size == 4;
    bool known =
        (size == 4 && memcmp(text, "true", 4) == 0) || (size == 5 && memcmp(text, "false", 5) == 0);
    return known ? PLN__PARSED : PLN__NOT_ONE;
}

static pln__parsed parse_integer(const pln__type *type, const char *text, int64_t size,
                                 encoded *out) {
    uint64_t magnitude = 0;
    bool negative = size > 0 && *text == '-';
    int64_t skip = negative || (size > 0 && *text == '+');
    pln__parsed parsed = pln__parse_digits(text + skip, size - skip, &magnitude);
    if (parsed == PLN__PARSED && !in_range(type, negative, magnitude))
        return PLN__OUT_OF_RANGE;
    uint64_t value = negative ? 0 - magnitude : magnitude;
    memcpy(out->bytes, &value, sizeof value);
    return parsed;
}

static pln__parsed parse_value(const pln__type *type, const char *text, int64_t size,
                               encoded *out) {
    pln__parsed parsed;
    out->size = type->width;
    switch (type->id) {
    case PLN__BOOL: out->size = 1; return parse_bool(text, size, out->bytes);
    case PLN__FLOAT32: {
        float value = 0;
        parsed = pln__parse_float(text, size, PLN__DOUBLE_LENIENT, &value);
        memcpy(out->bytes, &value, sizeof value);
        return parsed;
    }
    case PLN__FLOAT64: {
        double value = 0;
        parsed = pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &value);
        memcpy(out->bytes, &value, sizeof value);
        return parsed;
    }
    case PLN__DECIMAL128: {
        pln__int128 value = 0;
        parsed = pln__parse_decimal128(text, size, type->precision, type->scale, &value);
        pln__store_decimal128(out->bytes, value);
        return parsed;
    }
    case PLN__DATE32:
    case PLN__TIME32:
    case PLN__TIME64:
    case PLN__TIMESTAMP: {
        int64_t value = 0;
        parsed = parse_time(type, text, size, &value);
        memcpy(out->bytes, &value, sizeof value);
        return parsed;
    }
    default: return parse_integer(type, text, size, out);
    }
}

static pln_status check_utf8(const pln_column *column, const void *bytes, int64_t size,
                             pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    if (pln__utf8_valid(bytes, size, 0))
        return PLN_OK;
    return pln__error_set(err, PLN_EDATA, "column %s: invalid UTF-8 in %s", column->schema->name,
                          pln__show(shown, bytes, size));
}

pln_status pln_column_text(pln_column *column, const char *text, int64_t size, pln_error *err) {
    const pln__type *type = value_type(column);
    encoded e = {.size = 0};
    if (size < 0)
        size = (int64_t)strlen(text);
    if (type->id == PLN__UTF8) {
        pln_status status = check_utf8(column, text, size, err);
        return status < 0 ? status : put(column, text, size, err);
    }
    if (!pln__type_is_flat(type->id) || type->id == PLN__BINARY || type->id == PLN__FIXED)
        return wrong_kind(column, "text", err);
    if (parse_value(type, text, size, &e) != PLN__PARSED)
        return misfit(column, text, size, err);
    return put(column, e.bytes, e.size, err);
}

pln_status pln_column_bytes(pln_column *column, const void *bytes, int64_t size, pln_error *err) {
    const pln__type *type = value_type(column);
    if (!pln__type_is_bytes(type->id) && type->id != PLN__FIXED)
        return wrong_kind(column, "bytes", err);
    if (size < 0)
        return pln__error_set(err, PLN_EINVAL, "column %s: %lld bytes", column->schema->name,
                              (long long)size);
    if (type->id == PLN__FIXED && size != type->width)
        return pln__error_set(err, PLN_EDATA, "column %s: expected %d bytes, got %lld",
                              column->schema->name, type->width, (long long)size);
    if (type->id == PLN__UTF8) {
        pln_status status = check_utf8(column, bytes, size, err);
        if (status < 0)
            return status;
    }
    return put(column, bytes, size, err);
}

/* ---- many values ---- */

static bool is_valid(const uint8_t *valid, int64_t i) {
    return valid == NULL || pln__bit_get(valid, i);
}

static void write_values(pln_column *column, const uint8_t *values, const uint8_t *valid,
                         int64_t n) {
    int64_t width = column->type.width;
    if (column->type.id == PLN__BOOL) {
        for (int64_t i = 0; i < n; i++)
            pln__bit_put(column->data.data, column->length + i,
                         values[i] != 0 && is_valid(valid, i));
        return;
    }
    uint8_t *to = column->data.data + column->length * width;
    memcpy(to, values, (size_t)(n * width));
    for (int64_t i = 0; valid != NULL && i < n; i++)
        if (!pln__bit_get(valid, i))
            memset(to + i * width, 0, (size_t)width);
}

pln_status pln_column_values(pln_column *column, const void *values, const uint8_t *valid,
                             int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t id = column->type.id;
    if (id != PLN__BOOL && (column->type.width == 0 || id == PLN__DICTIONARY))
        return wrong_kind(column, "values of a fixed width", err);
    if (n <= 0)
        return n == 0 ? PLN_OK
                      : pln__error_set(err, PLN_EINVAL, "column %s: %lld values",
                                       column->schema->name, (long long)n);
    PLN__TRY(pln__column_reserve(column, n, 0, err));
    int64_t nulls = valid == NULL ? 0 : n - pln__bits_count(valid, 0, n);
    if (nulls > 0) {
        /* The first null makes the bitmap; it can fail, so it comes before anything is written. */
        PLN__TRY(pln__column_validity(column, false, err));
        pln__bits_copy(column->validity.data, column->length, valid, 0, n);
        column->null_count += nulls - 1;
    }
    write_values(column, values, valid, n);
    column->length += n;
out:
    return status;
}

/* ---- nested values ---- */

pln_status pln_column_null(pln_column *column, pln_error *err) {
    return pln__column_null(column, err);
}

static pln_status end_struct(pln_column *column, pln_error *err) {
    for (int64_t i = 0; i < column->n_children; i++) {
        int64_t got = column->children[i].length - column->length;
        if (got != 1)
            return pln__error_set(err, PLN_EDATA, "column %s: field %s has %lld values for a row",
                                  column->schema->name, column->children[i].schema->name,
                                  (long long)got);
    }
    pln_status status = pln__column_reserve(column, 1, 0, err);
    if (status == PLN_OK)
        column->length++;
    return status;
}

pln_status pln_column_end(pln_column *column, pln_error *err) {
    if (column->type.id == PLN__STRUCT)
        return end_struct(column, err);
    if (column->type.id != PLN__LIST && column->type.id != PLN__MAP)
        return wrong_kind(column, "the end of a nested value", err);
    return pln__column_end_row(column, column->children[0].length, err);
}

pln_status pln_column_variant(pln_column *column, int32_t variant, pln_error *err) {
    int8_t child_of[128];
    if (column->type.id != PLN__UNION)
        return wrong_kind(column, "a variant", err);
    if (variant < 0 || variant >= column->n_children)
        return pln__error_set(err, PLN_EINVAL, "column %s: no variant %d, there are %lld",
                              column->schema->name, variant, (long long)column->n_children);
    if (column->length > 0) {
        int64_t last = column->length - 1;
        pln__union_map(column->schema, child_of);
        const pln_column *child = &column->children[child_of[column->type_ids.data[last]]];
        if (child->length != pln__offset_at(column->offsets.data, last) + 1)
            return pln__error_set(
                err, PLN_EDATA, "column %s: row %lld has %lld values", column->schema->name,
                (long long)last,
                (long long)(child->length - pln__offset_at(column->offsets.data, last)));
    }
    pln_status status = pln__column_reserve(column, 1, 0, err);
    if (status < 0)
        return status;
    int32_t at = (int32_t)column->children[variant].length;
    column->type_ids.data[column->length] = (uint8_t)pln__union_id(column->schema, variant);
    memcpy(column->offsets.data + column->length * 4, &at, 4);
    column->length++;
    return PLN_OK;
}
