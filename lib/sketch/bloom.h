/*
 * Private to the Bloom filter. A block is 8 words in machine order; what is written is little-endian.
 */
#ifndef PLN__SKETCH_BLOOM_H
#define PLN__SKETCH_BLOOM_H

#include "base/base.h"
#include "base/little.h"
#include <pln/bloom.h>

enum { PLN__BLOOM_WORDS = 8, PLN__BLOOM_BLOCK = 32 };
#define PLN__BLOOM_BLOCKS_MAX (INT64_C(1) << 31)

struct pln_bloom {
    pln_allocator mem;
    uint64_t seed;
    uint64_t fingerprint;
    bool seedless;
    uint32_t cpu;
    int64_t blocks;
    uint32_t *words;
    double error; /* negative: to be computed */
};

/* Held to their ranges; `reading`: the size does not count. */
pln_status pln__bloom_check(const pln_bloom_options *options, bool reading, pln_bloom_options *out,
                            pln_error *err);
pln_status pln__bloom_make(const pln_allocator *mem, int64_t blocks, pln_bloom **out,
                           pln_error *err);

/* ---- kernels ---- */

static inline uint32_t pln__bloom_block(uint64_t hash, int64_t blocks) {
    return (uint32_t)((hash >> 32) * (uint64_t)blocks >> 32);
}

/* Odd numbers; the highest five bits of the product with the lower half of a hash are the bit in the word. */
#define PLN__BLOOM_SALTS                                                                           \
    0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du, 0x705495c7u, 0x2df1424bu, 0x9efc4947u,     \
        0x5c6bfb31u

/*
 * n hashes, at most 256. add sets bits; ask and put say in yes[i] whether all bits were there, and put sets them, so that a hash sees those
 * before it.
 */
typedef struct pln__bloom_kernels {
    void (*add)(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n);
    void (*ask)(const uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n,
                uint8_t *yes);
    void (*put)(uint32_t *words, int64_t blocks, const uint64_t *hashes, int64_t n, uint8_t *yes);
} pln__bloom_kernels;
extern const pln__bloom_kernels pln__bloom_scalar, pln__bloom_avx2;
const pln__bloom_kernels *pln__bloom_kernels_of(uint32_t cpu);

#endif
