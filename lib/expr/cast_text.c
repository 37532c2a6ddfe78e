/*
 * Text to values and back.
 */
#include "expr/rows.h"

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static xstr trimmed(xstr s) {
    while (s.size > 0 && is_space(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && is_space(s.data[s.size - 1]))
        s.size--;
    return s;
}

typedef pln__parsed xparse(const char *text, int64_t size, const xtype *to, void *out);

static pln__parsed parse_int(const char *text, int64_t size, const xtype *to, void *out) {
    static const int8_t bits[] = {8, 16, 32, 64, 8, 16, 32};
    int32_t width = bits[to->id - PLN__INT8];
    int64_t value = 0, high;
    pln__parsed parsed = pln__parse_int64(text, size, &value);
    bool natural = to->id >= PLN__UINT8;
    high = width == 64 ? INT64_MAX : (INT64_C(1) << (natural ? width : width - 1)) - 1;
    if (parsed == PLN__PARSED && (value > high || value < (natural ? 0 : -high - 1)))
        return PLN__OUT_OF_RANGE;
    memcpy(out, &value, (size_t)width / 8);
    return parsed;
}

static pln__parsed parse_u64(const char *text, int64_t size, const xtype *to, void *out) {
    uint64_t value = 0;
    (void)to;
    pln__parsed parsed = pln__parse_uint64(text, size, &value);
    memcpy(out, &value, 8);
    return parsed;
}

static pln__parsed parse_f64(const char *text, int64_t size, const xtype *to, void *out) {
    double value = 0;
    (void)to;
    pln__parsed parsed = pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &value);
    memcpy(out, &value, 8);
    return parsed;
}

static pln__parsed parse_f32(const char *text, int64_t size, const xtype *to, void *out) {
    float value = 0;
    (void)to;
    pln__parsed parsed = pln__parse_float(text, size, PLN__DOUBLE_LENIENT, &value);
    memcpy(out, &value, 4);
    return parsed;
}

static pln__parsed parse_decimal(const char *text, int64_t size, const xtype *to, void *out) {
    pln__int128 value = 0;
    pln__parsed parsed = pln__x_round_decimal(text, size, to, &value);
    pln__store_decimal128(out, value);
    return parsed;
}

static pln__parsed parse_date(const char *text, int64_t size, const xtype *to, void *out) {
    int32_t days = 0;
    (void)to;
    pln__parsed parsed = pln__parse_date(text, size, &days);
    memcpy(out, &days, 4);
    return parsed;
}

static pln__parsed parse_time(const char *text, int64_t size, const xtype *to, void *out) {
    int64_t value = 0;
    pln__parsed parsed =
        pln__parse_time(text, size, (pln__unit)to->unit, PLN__TIME_TRUNCATE, &value);
    memcpy(out, &value, to->id == PLN__TIME32 ? 4 : 8);
    return parsed;
}

static pln__parsed parse_timestamp(const char *text, int64_t size, const xtype *to, void *out) {
    int64_t value = 0;
    pln__parsed parsed = pln__parse_timestamp(text, size, (pln__unit)to->unit,
                                              PLN__TIME_TRUNCATE | PLN__TIME_DATE_ALONE, &value);
    memcpy(out, &value, 8);
    return parsed;
}

static pln_status parse_rows(xprog *p, const xop *op, int32_t n, xparse *parse) {
    const xvec *in = x_arg(p, op, 0);
    const xtype to = x_out(p, op)->type;
    int32_t width = pln__x_width(x_out(p, op)->phys);
    uint8_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        if (!x_valid(&x_out(p, op)->vec, i)) {
            memset(out + (ptrdiff_t)i * width, 0, (size_t)width);
            continue;
        }
        xstr s = trimmed(x_text(in, i));
        pln__parsed parsed = parse((const char *)s.data, s.size, &to, out + (ptrdiff_t)i * width);
        if (PLN__UNLIKELY(parsed != PLN__PARSED))
            status = pln__x_fail(p, op, n, i,
                                 parsed == PLN__INEXACT        ? XR_INEXACT
                                 : parsed == PLN__OUT_OF_RANGE ? XR_RANGE
                                                               : XR_SYNTAX);
    }
    return status;
}

#define PARSE(name, function)                                                                      \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        return parse_rows(p, op, n, function);                                                     \
    }
PARSE(k_parse_int, parse_int)
PARSE(k_parse_u64, parse_u64)
PARSE(k_parse_f64, parse_f64)
PARSE(k_parse_f32, parse_f32)
PARSE(k_parse_decimal, parse_decimal)
PARSE(k_parse_date, parse_date)
PARSE(k_parse_time, parse_time)
PARSE(k_parse_timestamp, parse_timestamp)

/* PostgreSQL's words, which may be cut short as long as they are clear. */
static int bool_of(xstr s) {
    static const struct {
        const char *word;
        int32_t least;
        int8_t value;
    } words[] = {{"true", 1, 1}, {"false", 1, 0}, {"yes", 1, 1}, {"no", 1, 0},
                 {"on", 2, 1},   {"off", 2, 0},   {"1", 1, 1},   {"0", 1, 0}};
    for (int i = 0; i < PLN__COUNT(words); i++)
        if (s.size >= words[i].least && s.size <= (int64_t)strlen(words[i].word) &&
            pln__ascii_equal_nocase(s.data, words[i].word, s.size))
            return words[i].value;
    return -1;
}

static pln_status k_parse_bool(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0);
    uint64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int value = x_valid(&x_out(p, op)->vec, i) ? bool_of(trimmed(x_text(in, i))) : 0;
        if (value < 0)
            status = pln__x_fail(p, op, n, i, XR_SYNTAX);
        out[i / 64] |= (uint64_t)(value == 1) << (i % 64);
    }
    return status;
}

xkernel *pln__x_parse_kernel(const xtype *to) {
    switch (to->id) {
    case PLN__BOOL: return k_parse_bool;
    case PLN__UINT64: return k_parse_u64;
    case PLN__FLOAT32: return k_parse_f32;
    case PLN__FLOAT64: return k_parse_f64;
    case PLN__DECIMAL128: return k_parse_decimal;
    case PLN__DATE32: return k_parse_date;
    case PLN__TIME32:
    case PLN__TIME64: return k_parse_time;
    case PLN__TIMESTAMP: return k_parse_timestamp;
    default: return x_is_integer(to) ? k_parse_int : NULL;
    }
}

/* ---- values to text ---- */

/* A date or time that no text can say is shown as its number. */
static int64_t format_temporal(char *out, const xtype *type, int64_t value) {
    int64_t n;
    if (type->id == PLN__DATE32)
        n = pln__format_date(out, (int32_t)value);
    else if (type->id == PLN__TIMESTAMP)
        n = pln__format_timestamp(out, value, (pln__unit)type->unit,
                                  PLN__TIME_SPACE |
                                      (type->timezone[0] != '\0' ? PLN__TIME_UTC : 0));
    else
        n = pln__format_time(out, value, (pln__unit)type->unit, 0);
    return n == 0 ? pln__format_int64(out, value) : n;
}

static int64_t format_one(char *out, const xreg *reg, int32_t i) {
    const uint8_t *at = (const uint8_t *)reg->vec.data + (ptrdiff_t)i * pln__x_width(reg->phys);
    double real;
    float small;
    uint64_t natural;
    if (reg->phys == X_BITS) {
        bool value = x_bit(reg->vec.data, i);
        memcpy(out, value ? "true" : "false", value ? 4 : 5);
        return value ? 4 : 5;
    }
    if (x_is_temporal(&reg->type))
        return format_temporal(out, &reg->type, x_load_int(at, reg->phys));
    switch (reg->phys) {
    case X_F64: memcpy(&real, at, 8); return pln__format_double(out, real);
    case X_F32: memcpy(&small, at, 4); return pln__format_float(out, small);
    case X_DEC: return pln__format_decimal128(out, pln__load_decimal128(at), reg->type.scale);
    case X_U64: memcpy(&natural, at, 8); return pln__format_uint64(out, natural);
    default: return pln__format_int64(out, x_load_int(at, reg->phys));
    }
}

static pln_status k_format(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0);
    xstr *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++) {
        out[i] = x_empty();
        if (!x_valid(&x_out(p, op)->vec, i))
            continue;
        uint8_t *text = pln__x_bytes(&p->block, PLN__DECIMAL128_TEXT_SIZE);
        if (text == NULL)
            return PLN_ENOMEM;
        int64_t size = format_one((char *)text, in, i);
        pln__x_bytes_trim(&p->block, text, size);
        out[i] = (xstr){text, size};
    }
    return PLN_OK;
}

xkernel *pln__x_format_kernel(const xtype *from) {
    int32_t phys = pln__x_phys(from);
    return phys < X_TEXT ? k_format : NULL;
}

pln_status pln__x_cast_utf8(xprog *p, const xop *op, int32_t n) {
    pln_status status = pln__x_cast_same(p, op, n);
    const xvec *in = x_arg(p, op, 0);
    for (int32_t i = 0; i < n && status == PLN_OK; i++)
        if (x_valid(&x_out(p, op)->vec, i)) {
            xstr s = x_text(in, i);
            if (!pln__utf8_valid(s.data, s.size, p->cpu))
                status = pln__x_fail(p, op, n, i, XR_UTF8);
        }
    return status;
}
