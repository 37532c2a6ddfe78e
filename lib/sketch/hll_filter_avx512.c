#if defined(__x86_64__)
#include <immintrin.h>

#include "sketch/hll.h"

#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,bmi,bmi2,popcnt")))

TARGET static inline __m512i hash_words(__m512i keys, __m512i flip) {
    const __m512i prime = _mm512_set1_epi64((int64_t)0x9fb21c651e98df25u);
    __m512i h = _mm512_xor_si512(_mm512_rol_epi64(keys, 32), flip);
    /* a ^ b ^ c in one step. */
    h = _mm512_ternarylogic_epi64(h, _mm512_rol_epi64(h, 49), _mm512_rol_epi64(h, 24), 0x96);
    h = _mm512_mullo_epi64(h, prime);
    h = _mm512_xor_si512(h, _mm512_add_epi64(_mm512_srli_epi64(h, 35), _mm512_set1_epi64(8)));
    h = _mm512_mullo_epi64(h, prime);
    return _mm512_xor_si512(h, _mm512_srli_epi64(h, 28));
}

TARGET int64_t pln__hll_filter_avx512(const uint64_t *keys, int64_t n, uint64_t flip, uint64_t mask,
                                      uint64_t *out) {
    const __m512i flips = _mm512_set1_epi64((int64_t)flip);
    const __m512i masks = _mm512_set1_epi64((int64_t)mask);
    int64_t kept = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
        __m512i h = hash_words(_mm512_loadu_si512(keys + i), flips);
        __mmask8 set = _mm512_testn_epi64_mask(h, masks);
        /* In a register and then stored whole: storing only the kept ones is slow on some processors. */
        _mm512_storeu_si512(out + kept, _mm512_maskz_compress_epi64(set, h));
        kept += __builtin_popcount(set);
    }
    return kept + pln__hll_filter_words(keys + i, n - i, flip, mask, out + kept);
}
#else
typedef int pln__hll_filter_avx512_is_for_x86;
#endif
