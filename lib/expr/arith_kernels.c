#include "expr/decimal.h"
#include "expr/internal.h"
#include <math.h>

typedef uint64_t (*xloop)(const void *a, const void *b, void *out, int32_t n);
enum { A_I32, A_I64, A_U64, A_F32, A_F64, ARITH_PHYS };
enum { ARITH_OPS = 4 }; /* + - * / */

#define ATTR
#define LOOP(name) name
#include "expr/arith_loops.h"
#undef ATTR
#undef LOOP
#if defined(__x86_64__)
#define ATTR __attribute__((target("avx2")))
#define LOOP(name) name##_avx2
#include "expr/arith_loops.h"
#undef ATTR
#undef LOOP
#endif

/* Whether row i of a fast loop really went wrong. */
typedef bool xbad(const void *a, const void *b, int32_t i);

#define BAD_INT(name, type, call)                                                                  \
    static bool name(const void *x, const void *y, int32_t i) {                                    \
        type r;                                                                                    \
        return call(((const type *)x)[i], ((const type *)y)[i], &r);                               \
    }
BAD_INT(bad_add_i32, int32_t, __builtin_add_overflow)
BAD_INT(bad_sub_i32, int32_t, __builtin_sub_overflow)
BAD_INT(bad_mul_i32, int32_t, __builtin_mul_overflow)
BAD_INT(bad_add_i64, int64_t, __builtin_add_overflow)
BAD_INT(bad_sub_i64, int64_t, __builtin_sub_overflow)
BAD_INT(bad_mul_i64, int64_t, __builtin_mul_overflow)
BAD_INT(bad_add_u64, uint64_t, __builtin_add_overflow)
BAD_INT(bad_sub_u64, uint64_t, __builtin_sub_overflow)
BAD_INT(bad_mul_u64, uint64_t, __builtin_mul_overflow)

#define BAD_REAL(name, type, op)                                                                   \
    static bool name(const void *x, const void *y, int32_t i) {                                    \
        type a = ((const type *)x)[i], b = ((const type *)y)[i], r = (type)(a op b);               \
        return isinf(r) && !isinf(a) && !isinf(b);                                                 \
    }
BAD_REAL(bad_add_f32, float, +)
BAD_REAL(bad_sub_f32, float, -)
BAD_REAL(bad_mul_f32, float, *)
BAD_REAL(bad_add_f64, double, +)
BAD_REAL(bad_sub_f64, double, -)
BAD_REAL(bad_mul_f64, double, *)

static pln_status recheck(xprog *p, const xop *op, int32_t n, xbad *bad) {
    pln_status status = PLN_OK;
    const void *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    for (int32_t i = 0; i < n && status == PLN_OK; i++)
        if (bad(a, b, i))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    return status;
}

#if defined(__x86_64__)
#define CHOOSE(p, phys, which)                                                                     \
    ((p)->cpu & PLN__CPU_AVX2 ? loops_avx2[phys][which] : loops[phys][which])
#else
#define CHOOSE(p, phys, which) (loops[phys][which])
#endif

#define KERNEL(name, phys, which, bad)                                                             \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        xloop loop = CHOOSE(p, phys, which);                                                       \
        if (loop(x_arg(p, op, 0)->data, x_arg(p, op, 1)->data, x_dest(p, op), n) == 0)             \
            return PLN_OK;                                                                         \
        return recheck(p, op, n, bad);                                                             \
    }
KERNEL(k_add_i32, A_I32, 0, bad_add_i32)
KERNEL(k_sub_i32, A_I32, 1, bad_sub_i32)
KERNEL(k_mul_i32, A_I32, 2, bad_mul_i32)
KERNEL(k_add_i64, A_I64, 0, bad_add_i64)
KERNEL(k_sub_i64, A_I64, 1, bad_sub_i64)
KERNEL(k_mul_i64, A_I64, 2, bad_mul_i64)
KERNEL(k_add_u64, A_U64, 0, bad_add_u64)
KERNEL(k_sub_u64, A_U64, 1, bad_sub_u64)
KERNEL(k_mul_u64, A_U64, 2, bad_mul_u64)
KERNEL(k_add_f32, A_F32, 0, bad_add_f32)
KERNEL(k_sub_f32, A_F32, 1, bad_sub_f32)
KERNEL(k_mul_f32, A_F32, 2, bad_mul_f32)
KERNEL(k_add_f64, A_F64, 0, bad_add_f64)
KERNEL(k_sub_f64, A_F64, 1, bad_sub_f64)
KERNEL(k_mul_f64, A_F64, 2, bad_mul_f64)

/* A number divided by zero fails; what is not a number stays so. */
#define DIVIDE_REAL(name, type, phys)                                                              \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const type *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;                         \
        pln_status status = PLN_OK;                                                                \
        if (CHOOSE(p, phys, 3)(a, b, x_dest(p, op), n) == 0)                                       \
            return PLN_OK;                                                                         \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            if (b[i] == 0 && !isnan(a[i]))                                                         \
                status = pln__x_fail(p, op, n, i, XR_ZERO);                                        \
            else if (isinf(a[i] / b[i]) && !isinf(a[i]) && !isinf(b[i]))                           \
                status = pln__x_fail(p, op, n, i, XR_OVERFLOW);                                    \
        }                                                                                          \
        return status;                                                                             \
    }
DIVIDE_REAL(k_div_f32, float, A_F32)
DIVIDE_REAL(k_div_f64, double, A_F64)

#define MOD_REAL(name, type, function)                                                             \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const type *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;                         \
        type *out = x_dest(p, op);                                                                 \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            out[i] = 0;                                                                            \
            if (b[i] == 0 && !isnan(a[i]))                                                         \
                status = pln__x_fail(p, op, n, i, XR_ZERO);                                        \
            else                                                                                   \
                out[i] = function(a[i], b[i]);                                                     \
        }                                                                                          \
        return status;                                                                             \
    }
MOD_REAL(k_mod_f32, float, fmodf)
MOD_REAL(k_mod_f64, double, fmod)

/* minus_one: b == -1, where the smallest value divided by it overflows; false for unsigned types. */
#define DIVIDE_INT(name, type, minus_one, smallest, sign, whole)                                   \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const type *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;                         \
        type *out = x_dest(p, op);                                                                 \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            if (PLN__UNLIKELY(b[i] == 0)) {                                                        \
                out[i] = 0;                                                                        \
                status = pln__x_fail(p, op, n, i, XR_ZERO);                                        \
            } else if (PLN__UNLIKELY((minus_one) && a[i] == (smallest))) {                         \
                out[i] = 0;                                                                        \
                if (whole)                                                                         \
                    status = pln__x_fail(p, op, n, i, XR_OVERFLOW);                                \
            } else {                                                                               \
                out[i] = a[i] sign b[i];                                                           \
            }                                                                                      \
        }                                                                                          \
        return status;                                                                             \
    }
DIVIDE_INT(k_div_i32, int32_t, b[i] == -1, INT32_MIN, /, true)
DIVIDE_INT(k_div_i64, int64_t, b[i] == -1, INT64_MIN, /, true)
DIVIDE_INT(k_div_u64, uint64_t, false, 0, /, true)
DIVIDE_INT(k_mod_i32, int32_t, b[i] == -1, INT32_MIN, %, false)
DIVIDE_INT(k_mod_i64, int64_t, b[i] == -1, INT64_MIN, %, false)
DIVIDE_INT(k_mod_u64, uint64_t, false, 0, %, false)

/* ---- decimals ---- */

static pln_status decimal_loop(xprog *p, const xop *op, int32_t n, int32_t which) {
    const pln__int128 *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    pln__int128 *out = x_dest(p, op), limit = pln__decimal128_ten(x_out(p, op)->type.precision);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        pln__int128 r = 0;
        bool bad = which == T_PLUS    ? __builtin_add_overflow(a[i], b[i], &r)
                   : which == T_MINUS ? __builtin_sub_overflow(a[i], b[i], &r)
                                      : __builtin_mul_overflow(a[i], b[i], &r);
        if (PLN__UNLIKELY(bad || r >= limit || r <= -limit)) {
            r = 0;
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
        }
        out[i] = r;
    }
    return status;
}

static pln_status k_add_dec(xprog *p, const xop *op, int32_t n) {
    return decimal_loop(p, op, n, T_PLUS);
}
static pln_status k_sub_dec(xprog *p, const xop *op, int32_t n) {
    return decimal_loop(p, op, n, T_MINUS);
}
static pln_status k_mul_dec(xprog *p, const xop *op, int32_t n) {
    return decimal_loop(p, op, n, T_STAR);
}

/* imm: by how many digits the dividend grows so that the quotient has its scale. */
static pln_status k_div_dec(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    pln__int128 *out = x_dest(p, op), limit = pln__decimal128_ten(x_out(p, op)->type.precision);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        pln__int128 r = 0;
        out[i] = 0;
        if (!x_valid(&x_out(p, op)->vec, i))
            continue;
        if (b[i] == 0)
            status = pln__x_fail(p, op, n, i, XR_ZERO);
        else if (!pln__x_decimal_divide(a[i], (int32_t)op->imm, b[i], &r) || r >= limit ||
                 r <= -limit)
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
        else
            out[i] = r;
    }
    return status;
}

static pln_status k_mod_dec(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    pln__int128 *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        out[i] = 0;
        if (b[i] == 0)
            status = pln__x_fail(p, op, n, i, XR_ZERO);
        else if (b[i] != -1)
            out[i] = a[i] % b[i];
    }
    return status;
}

/* ---- powers and bits ---- */

static pln_status k_power(xprog *p, const xop *op, int32_t n) {
    const double *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    double *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        out[i] = pow(a[i], b[i]);
        if (PLN__LIKELY(isfinite(out[i])) || isnan(a[i]) || isnan(b[i]))
            continue;
        if (isnan(out[i]) || (a[i] == 0 && b[i] < 0))
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
        else if (!isinf(a[i]) && !isinf(b[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

#define BITS(name, expr)                                                                           \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const int64_t *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, op->n_args - 1)->data;         \
        int64_t *out = x_dest(p, op);                                                              \
        for (int32_t i = 0; i < n; i++)                                                            \
            out[i] = expr;                                                                         \
        (void)b;                                                                                   \
        return PLN_OK;                                                                             \
    }
BITS(k_and, a[i] & b[i])
BITS(k_or, a[i] | b[i])
BITS(k_xor, a[i] ^ b[i])
BITS(k_not, ~a[i])

#define SHIFT(name, expr)                                                                          \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const int64_t *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;                      \
        int64_t *out = x_dest(p, op);                                                              \
        pln_status status = PLN_OK;                                                                \
        for (int32_t i = 0; i < n && status == PLN_OK; i++) {                                      \
            out[i] = 0;                                                                            \
            if (b[i] < 0 || b[i] > 63)                                                             \
                status = pln__x_fail(p, op, n, i, XR_DOMAIN);                                      \
            else                                                                                   \
                out[i] = expr;                                                                     \
        }                                                                                          \
        return status;                                                                             \
    }
SHIFT(k_shl, (int64_t)((uint64_t)a[i] << b[i]))
SHIFT(k_shr, a[i] >> b[i])

xkernel *pln__x_bit_kernel(int32_t token) {
    switch (token) {
    case T_AND: return k_and;
    case T_OR: return k_or;
    case T_TILDE: return k_not;
    case T_SHL: return k_shl;
    case T_SHR: return k_shr;
    default: return k_xor;
    }
}

xkernel *pln__x_arith_kernel(int32_t phys, int32_t token, uint32_t cpu) {
    static xkernel *const table[X_PHYS_COUNT][5] = {
        [X_I32] = {k_add_i32, k_sub_i32, k_mul_i32, k_div_i32, k_mod_i32},
        [X_I64] = {k_add_i64, k_sub_i64, k_mul_i64, k_div_i64, k_mod_i64},
        [X_U64] = {k_add_u64, k_sub_u64, k_mul_u64, k_div_u64, k_mod_u64},
        [X_F32] = {k_add_f32, k_sub_f32, k_mul_f32, k_div_f32, k_mod_f32},
        [X_F64] = {k_add_f64, k_sub_f64, k_mul_f64, k_div_f64, k_mod_f64},
        [X_DEC] = {k_add_dec, k_sub_dec, k_mul_dec, k_div_dec, k_mod_dec}};
    (void)cpu;
    if (token == T_POWER)
        return k_power;
    return table[phys][token - T_PLUS];
}
