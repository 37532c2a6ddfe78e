/*
 * From bits to row numbers.
 */
#include "expr/internal.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static int32_t select_plain(const uint64_t *words, int32_t n_words, int32_t row0, int32_t *out) {
    int32_t n = 0;
    for (int32_t w = 0; w < n_words; w++)
        for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1)
            out[n++] = row0 + w * 64 + __builtin_ctzll(bits);
    return n;
}

#if defined(__x86_64__)
/*
 * Eight rows a step: the places of set bits are pulled together by pext, widened and stored whole, so no branch depends on the data.
 * Up to seven numbers too many are written behind the last one.
 */
__attribute__((target("avx2,bmi,bmi2,popcnt"))) static int32_t select_avx2(const uint64_t *words,
                                                                           int32_t n_words,
                                                                           int32_t row0,
                                                                           int32_t *out) {
    int32_t n = 0;
    for (int32_t w = 0; w < n_words; w++) {
        uint64_t bits = words[w];
        __m256i base = _mm256_set1_epi32(row0 + w * 64);
        for (int32_t step = 0; bits != 0; step += 8, bits >>= 8) {
            uint64_t eight = bits & 0xFF;
            uint64_t mask = _pdep_u64(eight, 0x0101010101010101u) * 0xFF;
            uint64_t places = _pext_u64(0x0706050403020100u, mask);
            __m256i wide = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)places));
            __m256i rows = _mm256_add_epi32(_mm256_add_epi32(wide, base), _mm256_set1_epi32(step));
            _mm256_storeu_si256((void *)(out + n), rows);
            n += (int32_t)_mm_popcnt_u64(eight);
        }
    }
    return n;
}
#endif

int64_t pln__x_select(const xprog *p, int32_t n, int32_t *out, int64_t room) {
    const xvec *v = &p->regs[p->result].vec;
    uint64_t words[X_WORDS];
    for (int32_t w = 0; w < x_words(n); w++)
        words[w] = ((const uint64_t *)v->data)[w] & x_valid_word(v, n, w);
#if defined(__x86_64__)
    if ((p->cpu & PLN__CPU_AVX2) && room >= n + 8)
        return select_avx2(words, x_words(n), (int32_t)p->row0, out);
#endif
    (void)room;
    return select_plain(words, x_words(n), (int32_t)p->row0, out);
}

pln_status pln__x_select_column(const xprog *p, const struct ArrowArray *rows, int32_t *selected,
                                int64_t *n, pln_error *err) {
    struct ArrowArray column;
    pln_status status =
        pln__array_slice(p->mem, rows->children[p->bare], rows->offset, rows->length, &column, err);
    if (status < 0)
        return status;
    *n = pln__rows_where_cpu(&column, p->cpu, selected);
    pln__array_release(&column);
    return PLN_OK;
}
