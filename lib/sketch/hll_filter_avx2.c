#if defined(__x86_64__)
#include <immintrin.h>

#include "sketch/hll.h"

#define TARGET __attribute__((target("avx2,bmi,bmi2")))

/* Where each of four words goes if only those of a set of them are kept; as indices of 32-bit halves. */
static const uint32_t keep[16][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 0, 0, 0, 0, 0, 0}, {2, 3, 0, 0, 0, 0, 0, 0},
    {0, 1, 2, 3, 0, 0, 0, 0}, {4, 5, 0, 0, 0, 0, 0, 0}, {0, 1, 4, 5, 0, 0, 0, 0},
    {2, 3, 4, 5, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5, 0, 0}, {6, 7, 0, 0, 0, 0, 0, 0},
    {0, 1, 6, 7, 0, 0, 0, 0}, {2, 3, 6, 7, 0, 0, 0, 0}, {0, 1, 2, 3, 6, 7, 0, 0},
    {4, 5, 6, 7, 0, 0, 0, 0}, {0, 1, 4, 5, 6, 7, 0, 0}, {2, 3, 4, 5, 6, 7, 0, 0},
    {0, 1, 2, 3, 4, 5, 6, 7},
};

/* AVX2 has no product of 64 bits. The two mixed products are wanted modulo 2^32 only, which one multiplication of 32-bit lanes gives. */
TARGET static inline __m256i times_prime(__m256i a) {
    const __m256i low = _mm256_set1_epi64x(0x1e98df25);
    const __m256i crossed = _mm256_set1_epi64x(0x1e98df259fb21c65);
    __m256i mixed = _mm256_mullo_epi32(a, crossed);
    mixed = _mm256_add_epi32(mixed, _mm256_slli_epi64(mixed, 32));
    mixed = _mm256_blend_epi32(mixed, _mm256_setzero_si256(), 0x55);
    return _mm256_add_epi64(_mm256_mul_epu32(a, low), mixed);
}

TARGET static inline __m256i hash_words(__m256i keys, __m256i flip) {
    __m256i h = _mm256_xor_si256(_mm256_shuffle_epi32(keys, 0xb1), flip);
    __m256i by49 = _mm256_or_si256(_mm256_slli_epi64(h, 49), _mm256_srli_epi64(h, 15));
    const __m256i bytes = _mm256_setr_epi8(5, 6, 7, 0, 1, 2, 3, 4, 13, 14, 15, 8, 9, 10, 11, 12, 5,
                                           6, 7, 0, 1, 2, 3, 4, 13, 14, 15, 8, 9, 10, 11, 12);
    __m256i by24 = _mm256_shuffle_epi8(h, bytes);
    h = times_prime(_mm256_xor_si256(h, _mm256_xor_si256(by49, by24)));
    h = _mm256_xor_si256(h, _mm256_add_epi64(_mm256_srli_epi64(h, 35), _mm256_set1_epi64x(8)));
    h = times_prime(h);
    return _mm256_xor_si256(h, _mm256_srli_epi64(h, 28));
}

TARGET int64_t pln__hll_filter_avx2(const uint64_t *keys, int64_t n, uint64_t flip, uint64_t mask,
                                    uint64_t *out) {
    const __m256i flips = _mm256_set1_epi64x((int64_t)flip), none = _mm256_setzero_si256();
    const __m256i masks = _mm256_set1_epi64x((int64_t)mask);
    int64_t kept = 0, i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i h =
            hash_words(_mm256_loadu_si256((const __m256i *)(const void *)(keys + i)), flips);
        __m256i zero = _mm256_cmpeq_epi64(_mm256_and_si256(h, masks), none);
        unsigned set = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(zero));
        __m256i order = _mm256_loadu_si256((const __m256i *)(const void *)keep[set]);
        _mm256_storeu_si256((__m256i *)(void *)(out + kept), _mm256_permutevar8x32_epi32(h, order));
        kept += __builtin_popcount(set);
    }
    return kept + pln__hll_filter_words(keys + i, n - i, flip, mask, out + kept);
}

TARGET PLN__HLL_RAISE(pln__hll_raise_bmi2)

TARGET void pln__hll_max_avx2(uint8_t *into, const uint8_t *from, int64_t n) {
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(into + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        _mm256_storeu_si256((__m256i *)(void *)(into + i), _mm256_max_epu8(a, b));
    }
    for (; i < n; i++)
        into[i] = into[i] > from[i] ? into[i] : from[i];
}
#else
typedef int pln__hll_filter_avx2_is_for_x86;
#endif
