/*
 * The loops of comparison, included once per instruction set: LOOP(name), ATTR and PACK are set by compare_kernels.c. A
 * verdict is a byte a row, which compilers vectorise for every type; 64 of them are then packed to a word.
 */

#define COMPARE(name, type, expr)                                                                  \
    ATTR static void LOOP(name)(const void *x, const void *y, uint64_t *out, int32_t n) {          \
        const type *p = x, *q = y;                                                                 \
        uint8_t verdict[64];                                                                       \
        for (; n >= 64; n -= 64, p += 64, q += 64) {                                               \
            for (int i = 0; i < 64; i++) {                                                         \
                type a = p[i], b = q[i];                                                           \
                verdict[i] = (uint8_t)(expr);                                                      \
            }                                                                                      \
            *out++ = PACK(verdict);                                                                \
        }                                                                                          \
        uint64_t word = 0;                                                                         \
        for (int i = 0; i < n; i++) {                                                              \
            type a = p[i], b = q[i];                                                               \
            word |= (uint64_t)(expr) << i;                                                         \
        }                                                                                          \
        if (n > 0)                                                                                 \
            *out = word;                                                                           \
    }

#define WHOLE(suffix, type)                                                                        \
    COMPARE(eq_##suffix, type, a == b)                                                             \
    COMPARE(ne_##suffix, type, a != b)                                                             \
    COMPARE(lt_##suffix, type, a < b)                                                              \
    COMPARE(le_##suffix, type, a <= b)                                                             \
    COMPARE(gt_##suffix, type, a > b)                                                              \
    COMPARE(ge_##suffix, type, a >= b)
WHOLE(i8, int8_t)
WHOLE(i16, int16_t)
WHOLE(i32, int32_t)
WHOLE(i64, int64_t)
WHOLE(u8, uint8_t)
WHOLE(u16, uint16_t)
WHOLE(u32, uint32_t)
WHOLE(u64, uint64_t)
WHOLE(dec, pln__int128)

/* What is not a number is greater than all others and equal to itself. */
#define REAL(suffix, type)                                                                         \
    COMPARE(eq_##suffix, type, (a == b) | ((a != a) & (b != b)))                                   \
    COMPARE(ne_##suffix, type, !((a == b) | ((a != a) & (b != b))))                                \
    COMPARE(lt_##suffix, type, (!(a >= b)) & (a == a))                                             \
    COMPARE(le_##suffix, type, (a <= b) | (b != b))                                                \
    COMPARE(gt_##suffix, type, (!(a <= b)) & (b == b))                                             \
    COMPARE(ge_##suffix, type, (a >= b) | (a != a))
REAL(f32, float)
REAL(f64, double)

#define SIX(suffix)                                                                                \
    {                                                                                              \
        LOOP(eq_##suffix), LOOP(ne_##suffix), LOOP(lt_##suffix), LOOP(le_##suffix),                \
            LOOP(gt_##suffix), LOOP(ge_##suffix)                                                   \
    }
static const xloop LOOP(loops)[X_DEC + 1][6] = {
    [X_I8] = SIX(i8),   [X_I16] = SIX(i16), [X_I32] = SIX(i32), [X_I64] = SIX(i64),
    [X_U8] = SIX(u8),   [X_U16] = SIX(u16), [X_U32] = SIX(u32), [X_U64] = SIX(u64),
    [X_F32] = SIX(f32), [X_F64] = SIX(f64), [X_DEC] = SIX(dec)};

#undef COMPARE
#undef WHOLE
#undef REAL
#undef SIX
