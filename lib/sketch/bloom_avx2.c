#if defined(__x86_64__)
#include <immintrin.h>

#include "sketch/bloom.h"

#define TARGET __attribute__((target("avx2,bmi,bmi2")))

TARGET static inline __m256i mask_of(uint64_t hash) {
    static const uint32_t salts[PLN__BLOOM_WORDS] = {PLN__BLOOM_SALTS};
    const __m256i salt = _mm256_loadu_si256((const __m256i *)(const void *)salts);
    __m256i bit =
        _mm256_srli_epi32(_mm256_mullo_epi32(_mm256_set1_epi32((int32_t)(uint32_t)hash), salt), 27);
    return _mm256_sllv_epi32(_mm256_set1_epi32(1), bit);
}

static inline size_t place(uint64_t hash, int64_t blocks) {
    return (size_t)pln__bloom_block(hash, blocks) * PLN__BLOOM_WORDS;
}

TARGET static void fetch(const uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        __builtin_prefetch(words + place(hashes[i], blocks), 1);
}

TARGET static void add(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++) {
        __m256i *block = (__m256i *)(void *)(words + place(hashes[i], blocks));
        _mm256_storeu_si256(block, _mm256_or_si256(_mm256_loadu_si256(block), mask_of(hashes[i])));
    }
}

TARGET static void ask(const uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n,
                       uint8_t *yes) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++) {
        const __m256i *block = (const __m256i *)(const void *)(words + place(hashes[i], blocks));
        yes[i] = (uint8_t)_mm256_testc_si256(_mm256_loadu_si256(block), mask_of(hashes[i]));
    }
}

TARGET static void put(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n,
                       uint8_t *yes) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++) {
        __m256i *block = (__m256i *)(void *)(words + place(hashes[i], blocks));
        __m256i before = _mm256_loadu_si256(block), mask = mask_of(hashes[i]);
        yes[i] = (uint8_t)_mm256_testc_si256(before, mask);
        _mm256_storeu_si256(block, _mm256_or_si256(before, mask));
    }
}

const pln__bloom_kernels pln__bloom_avx2 = {add, ask, put};
#else
typedef int pln__bloom_avx2_is_for_x86;
#endif
