/*
 * Numbers to numbers.
 */
#include "expr/decimal.h"
#include "expr/internal.h"
#include <math.h>

pln_status pln__x_cast_same(xprog *p, const xop *op, int32_t n) {
    xreg *out = x_out(p, op);
    const xvec *in = x_arg(p, op, 0);
    (void)n;
    out->vec.data = in->data;
    out->vec.offsets = in->offsets;
    out->vec.base = in->base;
    return PLN_OK;
}

static pln_status out_of_range(xprog *p, const xop *op, int32_t n, int32_t i) {
    return pln__x_fail(p, op, n, i, XR_RANGE);
}

/* Adding zero gives the value, and whether it fits, for every pair of integer types. */
#define INT_INT(from, S, to, D)                                                                    \
    static pln_status from##_##to(xprog *p, const xop *op, int32_t n) {                            \
        const S *in = x_arg(p, op, 0)->data;                                                       \
        D *out = x_dest(p, op), drop;                                                              \
        pln_status status = PLN_OK;                                                                \
        bool bad = false;                                                                          \
        for (int32_t i = 0; i < n; i++)                                                            \
            bad |= __builtin_add_overflow(in[i], (S)0, &out[i]);                                   \
        for (int32_t i = 0; bad && i < n && status == PLN_OK; i++)                                 \
            if (__builtin_add_overflow(in[i], (S)0, &drop))                                        \
                status = out_of_range(p, op, n, i);                                                \
        return status;                                                                             \
    }
#define INT_REAL(from, S, to, D)                                                                   \
    static pln_status from##_##to(xprog *p, const xop *op, int32_t n) {                            \
        const S *in = x_arg(p, op, 0)->data;                                                       \
        D *out = x_dest(p, op);                                                                    \
        for (int32_t i = 0; i < n; i++)                                                            \
            out[i] = (D)in[i];                                                                     \
        return PLN_OK;                                                                             \
    }
/* Rounded to even; `low` is a value of the type, `high` the first that is not. */
#define REAL_INT(from, S, to, D, low, high)                                                        \
    static pln_status from##_##to(xprog *p, const xop *op, int32_t n) {                            \
        const S *in = x_arg(p, op, 0)->data;                                                       \
        D *out = x_dest(p, op);                                                                    \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            double v = nearbyint((double)in[i]);                                                   \
            bool fits = v >= (low) && v < (high);                                                  \
            out[i] = fits ? (D)v : 0;                                                              \
            if (PLN__UNLIKELY(!fits))                                                              \
                status = out_of_range(p, op, n, i);                                                \
        }                                                                                          \
        return status;                                                                             \
    }

#define FROM_INT(from, S)                                                                          \
    INT_INT(from, S, i8, int8_t)                                                                   \
    INT_INT(from, S, i16, int16_t)                                                                 \
    INT_INT(from, S, i32, int32_t)                                                                 \
    INT_INT(from, S, i64, int64_t)                                                                 \
    INT_INT(from, S, u8, uint8_t)                                                                  \
    INT_INT(from, S, u16, uint16_t)                                                                \
    INT_INT(from, S, u32, uint32_t)                                                                \
    INT_INT(from, S, u64, uint64_t)                                                                \
    INT_REAL(from, S, f32, float)                                                                  \
    INT_REAL(from, S, f64, double)
FROM_INT(i8, int8_t)
FROM_INT(i16, int16_t)
FROM_INT(i32, int32_t)
FROM_INT(i64, int64_t)
FROM_INT(u8, uint8_t)
FROM_INT(u16, uint16_t)
FROM_INT(u32, uint32_t)
FROM_INT(u64, uint64_t)

#define FROM_REAL(from, S)                                                                         \
    REAL_INT(from, S, i8, int8_t, -128.0, 128.0)                                                   \
    REAL_INT(from, S, i16, int16_t, -32768.0, 32768.0)                                             \
    REAL_INT(from, S, i32, int32_t, -2147483648.0, 2147483648.0)                                   \
    REAL_INT(from, S, i64, int64_t, -9223372036854775808.0, 9223372036854775808.0)                 \
    REAL_INT(from, S, u8, uint8_t, 0.0, 256.0)                                                     \
    REAL_INT(from, S, u16, uint16_t, 0.0, 65536.0)                                                 \
    REAL_INT(from, S, u32, uint32_t, 0.0, 4294967296.0)                                            \
    REAL_INT(from, S, u64, uint64_t, 0.0, 18446744073709551616.0)
FROM_REAL(f32, float)
FROM_REAL(f64, double)
INT_REAL(f32, float, f64, double)

static pln_status f64_f32(xprog *p, const xop *op, int32_t n) {
    const double *in = x_arg(p, op, 0)->data;
    float *out = x_dest(p, op);
    pln_status status = PLN_OK;
    /* Halfway from the largest float to the next power of two: from here on it would be infinite. */
    const double beyond = 0x1.ffffffp127;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        bool fits = fabs(in[i]) < beyond || isinf(in[i]) || isnan(in[i]);
        out[i] = fits ? (float)in[i] : 0;
        if (PLN__UNLIKELY(!fits))
            status = out_of_range(p, op, n, i);
    }
    return status;
}

#define ROW(from)                                                                                  \
    {                                                                                              \
        from##_i8, from##_i16, from##_i32, from##_i64, from##_u8, from##_u16, from##_u32,          \
            from##_u64, from##_f32, from##_f64                                                     \
    }
#define REAL_ROW(from, f32, f64)                                                                   \
    {                                                                                              \
        from##_i8, from##_i16, from##_i32, from##_i64, from##_u8, from##_u16, from##_u32,          \
            from##_u64, f32, f64                                                                   \
    }

xkernel *pln__x_cast_kernel(int32_t from, int32_t to) {
    static xkernel *const table[10][10] = {ROW(i8),
                                           ROW(i16),
                                           ROW(i32),
                                           ROW(i64),
                                           ROW(u8),
                                           ROW(u16),
                                           ROW(u32),
                                           ROW(u64),
                                           REAL_ROW(f32, pln__x_cast_same, f32_f64),
                                           REAL_ROW(f64, f64_f32, pln__x_cast_same)};
    return table[from - X_I8][to - X_I8];
}

/* The low byte is first on every machine this is built for. */
pln_status pln__x_cast_bool_int(xprog *p, const xop *op, int32_t n) {
    const void *in = x_arg(p, op, 0)->data;
    xreg *out = x_out(p, op);
    int32_t width = pln__x_width(out->phys);
    uint8_t *to = x_dest(p, op);
    memset(to, 0, (size_t)(n * width));
    for (int32_t i = 0; i < n; i++) {
        int64_t bit = x_bit(in, i);
        memcpy(to + (ptrdiff_t)i * width, &bit, (size_t)width);
    }
    return PLN_OK;
}

pln_status pln__x_cast_int_bool(xprog *p, const xop *op, int32_t n) {
    const uint8_t *in = x_arg(p, op, 0)->data;
    int32_t width = pln__x_width(x_arg_reg(p, op, 0)->phys);
    uint64_t *out = x_dest(p, op);
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++) {
        uint64_t value = 0;
        memcpy(&value, in + (ptrdiff_t)i * width, (size_t)width);
        out[i / 64] |= (uint64_t)(value != 0) << (i % 64);
    }
    return PLN_OK;
}

/* ---- decimals ---- */

static bool in_precision(pln__int128 value, int32_t precision) {
    pln__int128 limit = pln__decimal128_ten(precision);
    return value < limit && value > -limit;
}

#define TO_DECIMAL(name, S)                                                                        \
    pln_status name(xprog *p, const xop *op, int32_t n) {                                          \
        const S *in = x_arg(p, op, 0)->data;                                                       \
        const xtype *to = &x_out(p, op)->type;                                                     \
        pln__int128 *out = x_dest(p, op), ten = pln__decimal128_ten(to->scale);                    \
        pln__int128 limit = pln__decimal128_ten(to->precision);                                    \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            pln__int128 r;                                                                         \
            bool bad =                                                                             \
                __builtin_mul_overflow((pln__int128)in[i], ten, &r) || r >= limit || r <= -limit;  \
            out[i] = bad ? 0 : r;                                                                  \
            if (PLN__UNLIKELY(bad))                                                                \
                status = out_of_range(p, op, n, i);                                                \
        }                                                                                          \
        return status;                                                                             \
    }
TO_DECIMAL(pln__x_cast_i64_dec, int64_t)
TO_DECIMAL(pln__x_cast_u64_dec, uint64_t)

pln__parsed pln__x_round_decimal(const char *text, int64_t size, const xtype *to,
                                 pln__int128 *out) {
    pln__parsed parsed = PLN__INEXACT;
    for (int32_t scale = to->scale; scale <= 38 && parsed == PLN__INEXACT; scale++) {
        pln__int128 value;
        parsed = pln__parse_decimal128(text, size, 38, scale, &value);
        if (parsed == PLN__PARSED && !(pln__x_decimal_rescale(value, scale, to->scale, out) &&
                                       in_precision(*out, to->precision)))
            return PLN__OUT_OF_RANGE;
    }
    return parsed;
}

/* Of the shortest text that is this number: 0.1 becomes 0.1, not 0.1000000000000000055. */
static bool text_decimal(const char *text, int64_t size, const xtype *to, pln__int128 *out) {
    pln__parsed parsed = pln__x_round_decimal(text, size, to, out);
    if (parsed == PLN__INEXACT)
        *out = 0; /* digits beyond 10^-38: the number is far below them */
    return parsed == PLN__PARSED || parsed == PLN__INEXACT;
}

#define REAL_TO_DECIMAL(name, real, text_size, format)                                             \
    pln_status name(xprog *p, const xop *op, int32_t n) {                                          \
        const real *in = x_arg(p, op, 0)->data;                                                    \
        pln__int128 *out = x_dest(p, op);                                                          \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            char text[text_size];                                                                  \
            out[i] = 0;                                                                            \
            if (!x_valid(&x_out(p, op)->vec, i))                                                   \
                continue;                                                                          \
            if (!isfinite(in[i]) ||                                                                \
                !text_decimal(text, format(text, in[i]), &x_out(p, op)->type, &out[i]))            \
                status = out_of_range(p, op, n, i);                                                \
        }                                                                                          \
        return status;                                                                             \
    }
REAL_TO_DECIMAL(pln__x_cast_f64_dec, double, PLN__DOUBLE_TEXT_SIZE, pln__format_double)
REAL_TO_DECIMAL(pln__x_cast_f32_dec, float, PLN__FLOAT_TEXT_SIZE, pln__format_float)

pln_status pln__x_cast_dec_dec(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    const xtype from = x_arg_reg(p, op, 0)->type, to = x_out(p, op)->type;
    pln__int128 *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        pln__int128 r = 0;
        bool fits = pln__x_decimal_rescale(in[i], from.scale, to.scale, &r) &&
                    in_precision(r, to.precision);
        out[i] = fits ? r : 0;
        if (PLN__UNLIKELY(!fits))
            status = out_of_range(p, op, n, i);
    }
    return status;
}

#define FROM_DECIMAL(name, D, low, high)                                                           \
    pln_status name(xprog *p, const xop *op, int32_t n) {                                          \
        const pln__int128 *in = x_arg(p, op, 0)->data;                                             \
        int32_t scale = x_arg_reg(p, op, 0)->type.scale;                                           \
        D *out = x_dest(p, op);                                                                    \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            pln__int128 r = 0;                                                                     \
            bool fits = pln__x_decimal_rescale(in[i], scale, 0, &r) && r >= (low) && r <= (high);  \
            out[i] = fits ? (D)r : 0;                                                              \
            if (PLN__UNLIKELY(!fits))                                                              \
                status = out_of_range(p, op, n, i);                                                \
        }                                                                                          \
        return status;                                                                             \
    }
FROM_DECIMAL(pln__x_cast_dec_i64, int64_t, INT64_MIN, INT64_MAX)
FROM_DECIMAL(pln__x_cast_dec_u64, uint64_t, 0, UINT64_MAX)

pln_status pln__x_cast_dec_f64(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    int32_t scale = x_arg_reg(p, op, 0)->type.scale;
    double *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = pln__decimal128_double(in[i], scale);
    return PLN_OK;
}

pln_status pln__x_cast_dec_f32(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    int32_t scale = x_arg_reg(p, op, 0)->type.scale;
    float *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = (float)pln__decimal128_double(in[i], scale);
    return PLN_OK;
}
