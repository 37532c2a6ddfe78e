/*
 * The loops of arithmetic, included once per instruction set: LOOP(name) and ATTR are set by arith_kernels.c. A loop
 * works on all rows, null or not, and says whether any of them went wrong; only then rows are looked at one by one.
 */

#define SUM_I32(name, expr)                                                                        \
    ATTR static uint64_t LOOP(name)(const void *x, const void *y, void *z, int32_t n) {            \
        const int32_t *a = x, *b = y;                                                              \
        int32_t *out = z;                                                                          \
        int64_t bad = 0;                                                                           \
        for (int32_t i = 0; i < n; i++) {                                                          \
            int64_t r = expr;                                                                      \
            out[i] = (int32_t)r;                                                                   \
            bad |= r ^ (int32_t)r;                                                                 \
        }                                                                                          \
        return (uint64_t)bad;                                                                      \
    }
SUM_I32(add_i32, (int64_t)a[i] + b[i])
SUM_I32(sub_i32, (int64_t)a[i] - b[i])
SUM_I32(mul_i32, (int64_t)a[i] * b[i])

/* The sign of the sum is wrong where both signs differ from it. */
ATTR static uint64_t LOOP(add_i64)(const void *x, const void *y, void *z, int32_t n) {
    const uint64_t *a = x, *b = y;
    uint64_t *out = z, bad = 0;
    for (int32_t i = 0; i < n; i++) {
        uint64_t p = a[i], q = b[i], r = p + q;
        out[i] = r;
        bad |= (p ^ r) & (q ^ r);
    }
    return bad >> 63;
}

ATTR static uint64_t LOOP(sub_i64)(const void *x, const void *y, void *z, int32_t n) {
    const uint64_t *a = x, *b = y;
    uint64_t *out = z, bad = 0;
    for (int32_t i = 0; i < n; i++) {
        uint64_t p = a[i], q = b[i], r = p - q;
        out[i] = r;
        bad |= (p ^ q) & (p ^ r);
    }
    return bad >> 63;
}

#define CHECKED(name, type, call)                                                                  \
    ATTR static uint64_t LOOP(name)(const void *x, const void *y, void *z, int32_t n) {            \
        const type *a = x, *b = y;                                                                 \
        type *out = z;                                                                             \
        uint64_t bad = 0;                                                                          \
        for (int32_t i = 0; i < n; i++)                                                            \
            bad |= call(a[i], b[i], &out[i]);                                                      \
        return bad;                                                                                \
    }
CHECKED(mul_i64, int64_t, __builtin_mul_overflow)
CHECKED(add_u64, uint64_t, __builtin_add_overflow)
CHECKED(sub_u64, uint64_t, __builtin_sub_overflow)
CHECKED(mul_u64, uint64_t, __builtin_mul_overflow)

/* An exponent of all ones: infinite (which may be right) or not a number. */
#define REAL(name, type, word, ones, op)                                                           \
    ATTR static uint64_t LOOP(name)(const void *x, const void *y, void *z, int32_t n) {            \
        const type *a = x, *b = y;                                                                 \
        type *out = z;                                                                             \
        word bad = 0;                                                                              \
        for (int32_t i = 0; i < n; i++) {                                                          \
            type r = a[i] op b[i];                                                                 \
            word bits;                                                                             \
            memcpy(&bits, &r, sizeof bits);                                                        \
            out[i] = r;                                                                            \
            bad |= (word)((bits & ones) == ones);                                                  \
        }                                                                                          \
        return bad;                                                                                \
    }
#define F32_ONES UINT32_C(0x7F800000)
#define F64_ONES UINT64_C(0x7FF0000000000000)
REAL(add_f32, float, uint32_t, F32_ONES, +)
REAL(sub_f32, float, uint32_t, F32_ONES, -)
REAL(mul_f32, float, uint32_t, F32_ONES, *)
REAL(div_f32, float, uint32_t, F32_ONES, /)
REAL(add_f64, double, uint64_t, F64_ONES, +)
REAL(sub_f64, double, uint64_t, F64_ONES, -)
REAL(mul_f64, double, uint64_t, F64_ONES, *)
REAL(div_f64, double, uint64_t, F64_ONES, /)

static const xloop LOOP(loops)[ARITH_PHYS][ARITH_OPS] = {
    [A_I32] = {LOOP(add_i32), LOOP(sub_i32), LOOP(mul_i32), NULL},
    [A_I64] = {LOOP(add_i64), LOOP(sub_i64), LOOP(mul_i64), NULL},
    [A_U64] = {LOOP(add_u64), LOOP(sub_u64), LOOP(mul_u64), NULL},
    [A_F32] = {LOOP(add_f32), LOOP(sub_f32), LOOP(mul_f32), LOOP(div_f32)},
    [A_F64] = {LOOP(add_f64), LOOP(sub_f64), LOOP(mul_f64), LOOP(div_f64)}};

#undef SUM_I32
#undef CHECKED
#undef REAL
#undef F32_ONES
#undef F64_ONES
