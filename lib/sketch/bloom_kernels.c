/* Blocks of the Bloom filter, for every processor. */
#include "sketch/bloom.h"

static const uint32_t salts[PLN__BLOOM_WORDS] = {PLN__BLOOM_SALTS};

/* All blocks are asked for before the first is used: what is far away comes meanwhile. */
static void fetch(const uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        __builtin_prefetch(words + (size_t)pln__bloom_block(hashes[i], blocks) * PLN__BLOOM_WORDS,
                           1);
}

static void add(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++) {
        uint32_t *block = words + (size_t)pln__bloom_block(hashes[i], blocks) * PLN__BLOOM_WORDS;
        for (int w = 0; w < PLN__BLOOM_WORDS; w++)
            block[w] |= (uint32_t)1 << ((uint32_t)hashes[i] * salts[w] >> 27);
    }
}

static bool has(const uint32_t *block, uint32_t low) {
    uint32_t missing = 0;
    for (int w = 0; w < PLN__BLOOM_WORDS; w++)
        missing |= (uint32_t)1 << (low * salts[w] >> 27) & ~block[w];
    return missing == 0;
}

static void ask(const uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n,
                uint8_t *yes) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++)
        yes[i] = has(words + (size_t)pln__bloom_block(hashes[i], blocks) * PLN__BLOOM_WORDS,
                     (uint32_t)hashes[i]);
}

static void put(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n, uint8_t *yes) {
    fetch(words, blocks, hashes, n);
    for (int64_t i = 0; i < n; i++) {
        uint32_t *block = words + (size_t)pln__bloom_block(hashes[i], blocks) * PLN__BLOOM_WORDS;
        yes[i] = has(block, (uint32_t)hashes[i]);
        for (int w = 0; w < PLN__BLOOM_WORDS; w++)
            block[w] |= (uint32_t)1 << ((uint32_t)hashes[i] * salts[w] >> 27);
    }
}

const pln__bloom_kernels pln__bloom_scalar = {add, ask, put};

const pln__bloom_kernels *pln__bloom_kernels_of(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return &pln__bloom_avx2;
#endif
    (void)cpu;
    return &pln__bloom_scalar;
}
