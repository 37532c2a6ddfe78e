/*
 * What dbt_utils.generate_surrogate_key (dbt-utils 1.x) hashes on PostgreSQL in UTC:
 *
 *     md5(cast(coalesce(cast(a as TEXT), '_dbt_utils_surrogate_key_null_') || '-' || coalesce(cast(b as TEXT), ...) as TEXT))
 *
 * so values are laid out as PostgreSQL casts them to text.
 */
#include "key/value.h"

static const char null_text[] = "_dbt_utils_surrogate_key_null_";

pln_status pln__keys_surrogate_check(const pln_keys *keys, pln_error *err) {
    for (int64_t i = 0; i < keys->n_fields; i++) {
        const pln__key_node *node = keys->fields[i].node;
        if (node->type.id >= PLN__LIST && node->type.id != PLN__DICTIONARY)
            return pln__error_set(err, PLN_ETYPE,
                                  "column %s: a nested value has no text for a surrogate key",
                                  node->name);
    }
    return PLN_OK;
}

/* ---- texts of PostgreSQL; `out` has room for any ---- */

enum { TEXT_SIZE = 160 };

static char *put_text(char *out, const char *text) {
    size_t size = strlen(text);
    memcpy(out, text, size);
    return out + size;
}

/* Digits of a shortest form, without zeros at their ends, and where their point stands. */
typedef struct digits {
    char text[40];
    int n;
    int point; /* behind so many of them, or so many zeros before them */
} digits;

static void read_shortest(const char *text, int64_t size, digits *out) {
    const char *end = text + size;
    bool point = false;
    out->n = out->point = 0;
    for (; text < end && *text != 'e'; text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (out->n > 0 || *text != '0')
            out->text[out->n++] = *text;
        if (point && out->n == 0)
            out->point--;
        else if (!point && out->n > 0)
            out->point++;
    }
    while (out->n > 0 && out->text[out->n - 1] == '0')
        out->n--;
    if (text < end) {
        int exponent = 0;
        bool negative = *++text == '-';
        for (text++; text < end; text++)
            exponent = exponent * 10 + (*text - '0');
        out->point += negative ? -exponent : exponent;
    }
}

static char *put_plain(char *out, const digits *d) {
    int i = 0;
    if (d->point <= 0) {
        *out++ = '0';
    }
    for (; i < d->point; i++)
        *out++ = i < d->n ? d->text[i] : '0';
    if (d->n > d->point) {
        *out++ = '.';
        for (int zeros = d->point; zeros < 0; zeros++)
            *out++ = '0';
        for (; i < d->n; i++)
            *out++ = d->text[i];
    }
    return out;
}

static char *put_scientific(char *out, const digits *d) {
    int exponent = d->point - 1;
    *out++ = d->text[0];
    if (d->n > 1) {
        *out++ = '.';
        memcpy(out, d->text + 1, (size_t)d->n - 1);
        out += d->n - 1;
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    exponent = exponent < 0 ? -exponent : exponent;
    if (exponent < 10)
        *out++ = '0';
    return out + pln__format_int64(out, exponent);
}

/* The shortest digits that read back, plain from 1e-4 up to `plain` digits before the point, else with an exponent of two digits or more. */
static char *put_float(char *out, double value, bool single, int plain) {
    char shortest[PLN__DOUBLE_TEXT_SIZE + PLN__FLOAT_TEXT_SIZE];
    digits d;
    if (value != value)
        return put_text(out, "NaN");
    if (__builtin_signbit(value)) {
        *out++ = '-';
        value = -value;
    }
    if (__builtin_isinf(value))
        return put_text(out, "Infinity");
    int64_t size =
        single ? pln__format_float(shortest, (float)value) : pln__format_double(shortest, value);
    read_shortest(shortest, size, &d);
    if (d.n == 0)
        return put_text(out, "0");
    return d.point - 1 >= -4 && d.point - 1 < plain ? put_plain(out, &d) : put_scientific(out, &d);
}

static char *put_number(char *out, int64_t value, int width) {
    char shown[PLN__INT64_TEXT_SIZE];
    int64_t size = pln__format_int64(shown, value);
    for (int64_t i = size; i < width; i++)
        *out++ = '0';
    memcpy(out, shown, (size_t)size);
    return out + size;
}

static bool put_date(char **out, int64_t days) {
    pln__civil civil = pln__civil_of(days);
    bool before = civil.year < 1; /* the year before 1 is 1 BC */
    *out = put_number(*out, before ? 1 - (int64_t)civil.year : civil.year, 4);
    *(*out)++ = '-';
    *out = put_number(*out, civil.month, 2);
    *(*out)++ = '-';
    *out = put_number(*out, civil.day, 2);
    return before;
}

static char *put_time(char *out, int64_t of_day, int32_t unit) {
    int64_t rest, seconds = pln__floor_div(of_day, pln__per_second((pln__unit)unit), &rest);
    out = put_number(out, seconds / 3600, 2);
    *out++ = ':';
    out = put_number(out, seconds / 60 % 60, 2);
    *out++ = ':';
    out = put_number(out, seconds % 60, 2);
    if (rest == 0)
        return out;
    *out++ = '.';
    out = put_number(out, rest, 3 * unit);
    while (out[-1] == '0')
        out--;
    return out;
}

static char *put_timestamp(char *out, int64_t value, int32_t unit, bool zoned) {
    int64_t of_day, days = pln__split_timestamp(value, (pln__unit)unit, &of_day);
    bool before = put_date(&out, days);
    *out++ = ' ';
    out = put_time(out, of_day, unit);
    if (zoned)
        out = put_text(out, "+00");
    return before ? put_text(out, " BC") : out;
}

static char *put_day(char *out, int32_t days) {
    bool before = put_date(&out, days);
    return before ? put_text(out, " BC") : out;
}

static int64_t text_of(const pln__key_node *node, int64_t row, char *out) {
    const pln__type *type = &node->type;
    char *end = out;
    switch (type->id) {
    case PLN__BOOL:
        return put_text(out, pln__bit_get(node->data, node->offset + row) ? "true" : "false") - out;
    case PLN__INT8: return pln__format_int64(out, pln__key_i8(node, row));
    case PLN__INT16: return pln__format_int64(out, pln__key_i16(node, row));
    case PLN__INT32: return pln__format_int64(out, pln__key_i32(node, row));
    case PLN__INT64: return pln__format_int64(out, pln__key_i64(node, row));
    case PLN__UINT8: return pln__format_int64(out, pln__key_u8(node, row));
    case PLN__UINT16: return pln__format_int64(out, pln__key_u16(node, row));
    case PLN__UINT32: return pln__format_int64(out, pln__key_u32(node, row));
    case PLN__UINT64: return pln__format_uint64(out, pln__key_u64(node, row));
    case PLN__FLOAT32: end = put_float(out, (double)pln__key_f32(node, row), true, 6); break;
    case PLN__FLOAT64: end = put_float(out, pln__key_f64(node, row), false, 15); break;
    case PLN__DECIMAL128:
        return pln__format_decimal128(out, pln__key_d128(node, row), type->scale);
    case PLN__DATE32: end = put_day(out, pln__key_i32(node, row)); break;
    case PLN__TIME32: end = put_time(out, pln__key_i32(node, row), type->unit); break;
    case PLN__TIME64: end = put_time(out, pln__key_i64(node, row), type->unit); break;
    default:
        end = put_timestamp(out, pln__key_i64(node, row), type->unit, type->timezone[0] != '\0');
    }
    return end - out;
}

/* ---- rows ---- */

static pln_status append_hex(pln_keys *keys, const uint8_t *bytes, int64_t size, pln_error *err) {
    static const char digit[] = "0123456789abcdef";
    pln__buffer *out = &keys->block;
    pln_status status = pln__buffer_reserve(keys->mem, out, 2 + 2 * size, err);
    if (status < 0)
        return status;
    char *to = put_text((char *)out->data + out->size, "\\x");
    for (int64_t i = 0; i < size; i++) {
        *to++ = digit[bytes[i] >> 4];
        *to++ = digit[bytes[i] & 15];
    }
    out->size += 2 + 2 * size;
    return PLN_OK;
}

static pln_status append_value(pln_keys *keys, const pln__key_node *node, int64_t row,
                               pln_error *err) {
    char text[TEXT_SIZE];
    pln__buffer *out = &keys->block;
    if (node->type.id == PLN__FIXED)
        return append_hex(keys, node->data + (node->offset + row) * node->type.width,
                          node->type.width, err);
    if (pln__type_is_bytes(node->type.id)) {
        const uint8_t *bytes = node->data + node->offsets[node->offset + row];
        int64_t size = pln__key_text_size(node, row);
        if (size < 0)
            return pln__error_set(err, PLN_EDATA, "%s: an offset of text is out of range",
                                  node->name);
        return node->type.id == PLN__BINARY ? append_hex(keys, bytes, size, err)
                                            : pln__buffer_append(keys->mem, out, bytes, size, err);
    }
    return pln__buffer_append(keys->mem, out, text, text_of(node, row, text), err);
}

static bool parent_is_null(const pln__key_field *field, int64_t row) {
    for (int32_t i = 0; i < field->n_steps; i++) {
        const pln__key_step *step = field->steps + i;
        if (step->validity != NULL && !pln__bit_get(step->validity, step->shift + row))
            return true;
    }
    return false;
}

pln_status pln__keys_surrogate(pln_keys *keys, int64_t row, pln_error *err) {
    pln_status status = PLN_OK;
    keys->block.size = 0;
    for (int64_t i = 0; i < keys->n_fields; i++) {
        const pln__key_field *field = keys->fields + i;
        const pln__key_node *node = field->node;
        int64_t at = field->shift + row;
        int is = parent_is_null(field, row) ? 0 : pln__key_resolve(keys, &node, &at);
        if (is < 0)
            PLN__FAIL(err, PLN_EDATA, "%s: %s", field->node->name, keys->fault);
        if (i > 0)
            PLN__TRY(pln__buffer_append(keys->mem, &keys->block, "-", 1, err));
        if (is == 0)
            PLN__TRY(pln__buffer_append(keys->mem, &keys->block, null_text,
                                        (int64_t)sizeof null_text - 1, err));
        else
            PLN__TRY(append_value(keys, node, at, err));
    }
out:
    return status;
}
