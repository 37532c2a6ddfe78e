#include "expr/internal.h"
#include "expr/short_text.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void (*xloop)(const void *a, const void *b, uint64_t *out, int32_t n);

/* Eight verdicts of 0 or 1 to eight bits, by a multiplication that moves each to its place in the top byte. */
static inline uint64_t pack_plain(const uint8_t verdict[64]) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word |= ((pln__load_le64((const char *)verdict + i * 8) * 0x0102040810204080u) >> 56)
                << (i * 8);
    return word;
}

#define ATTR
#define LOOP(name) name
#define PACK(verdict) pack_plain(verdict)
#include "expr/compare_loops.h"
#undef ATTR
#undef LOOP
#undef PACK

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline uint64_t pack_avx2(const uint8_t verdict[64]) {
    __m256i low = _mm256_loadu_si256((const void *)verdict);
    __m256i high = _mm256_loadu_si256((const void *)(verdict + 32));
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(low, 7));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(high, 7));
    return a | (uint64_t)b << 32;
}
#define ATTR __attribute__((target("avx2")))
#define LOOP(name) name##_avx2
#define PACK(verdict) pack_avx2(verdict)
#include "expr/compare_loops.h"
#undef ATTR
#undef LOOP
#undef PACK
#endif

static pln_status run(xprog *p, const xop *op, int32_t n, int32_t which) {
    int32_t phys = x_arg_reg(p, op, 0)->phys;
    xloop loop = loops[phys][which];
#if defined(__x86_64__)
    if (p->cpu & PLN__CPU_AVX2)
        loop = loops_avx2[phys][which];
#endif
    loop(x_arg(p, op, 0)->data, x_arg(p, op, 1)->data, x_dest(p, op), n);
    return PLN_OK;
}

/* ---- bits: false < true ---- */

static pln_status compare_bits(xprog *p, const xop *op, int32_t n, int32_t which) {
    const uint64_t *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    uint64_t *out = x_dest(p, op);
    for (int32_t w = 0; w < x_words(n); w++) {
        uint64_t x = a[w], y = b[w];
        switch (which) {
        case 0: out[w] = ~(x ^ y); break;
        case 1: out[w] = x ^ y; break;
        case 2: out[w] = ~x & y; break;
        case 3: out[w] = ~x | y; break;
        case 4: out[w] = x & ~y; break;
        default: out[w] = x | ~y; break;
        }
    }
    return PLN_OK;
}

/* ---- text, byte by byte ---- */

static int order(xstr a, xstr b) {
    int64_t common = a.size < b.size ? a.size : b.size;
    int c = common == 0 ? 0 : memcmp(a.data, b.data, (size_t)common);
    return c != 0 ? c : (a.size > b.size) - (a.size < b.size);
}

static bool answer(int c, int32_t which) {
    switch (which) {
    case 2: return c < 0;
    case 3: return c <= 0;
    case 4: return c > 0;
    default: return c >= 0;
    }
}

static pln_status equal_short(xprog *p, const xop *op, int32_t n, uint64_t flip) {
    uint64_t *out = x_dest(p, op), key = x_short_key(x_text(x_arg(p, op, 1), 0));
    pln__x_match_short(x_arg(p, op, 0), n, &key, 1, out, p->cpu);
    for (int32_t w = 0; w < x_words(n); w++)
        out[w] ^= flip;
    return PLN_OK;
}

static pln_status compare_text(xprog *p, const xop *op, int32_t n, int32_t which) {
    const xvec *a = x_arg(p, op, 0), *b = x_arg(p, op, 1);
    uint64_t *out = x_dest(p, op);
    const xreg *right = x_arg_reg(p, op, 1);
    if (which <= 1 && right->constant && !right->null && x_text(b, 0).size <= X_SHORT_MAX &&
        a->offsets != NULL)
        return equal_short(p, op, n, which == 0 ? 0 : ~UINT64_C(0));
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++) {
        bool yes = false;
        if (!x_valid(&x_out(p, op)->vec, i))
            continue;
        xstr x = x_text(a, i), y = x_text(b, i);
        if (which <= 1)
            yes = (x.size == y.size && x_equal(x.data, y.data, x.size)) == (which == 0);
        else
            yes = answer(order(x, y), which);
        out[i / 64] |= (uint64_t)yes << (i % 64);
    }
    return PLN_OK;
}

#define THREE(name, which)                                                                         \
    static pln_status number_##name(xprog *p, const xop *op, int32_t n) {                          \
        return run(p, op, n, which);                                                               \
    }                                                                                              \
    static pln_status bits_##name(xprog *p, const xop *op, int32_t n) {                            \
        return compare_bits(p, op, n, which);                                                      \
    }                                                                                              \
    static pln_status text_##name(xprog *p, const xop *op, int32_t n) {                            \
        return compare_text(p, op, n, which);                                                      \
    }
THREE(eq, 0)
THREE(ne, 1)
THREE(lt, 2)
THREE(le, 3)
THREE(gt, 4)
THREE(ge, 5)

xkernel *pln__x_compare_kernel(int32_t phys, int32_t token, uint32_t cpu) {
    static xkernel *const table[3][6] = {
        {number_eq, number_ne, number_lt, number_le, number_gt, number_ge},
        {bits_eq, bits_ne, bits_lt, bits_le, bits_gt, bits_ge},
        {text_eq, text_ne, text_lt, text_le, text_gt, text_ge}};
    (void)cpu;
    return table[phys == X_BITS ? 1 : phys == X_TEXT ? 2 : 0][token - T_EQ];
}
