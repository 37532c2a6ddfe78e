/* Values to hashes, hashes to places. The two Murmurs are A. Appleby's, in the public domain. */
#include "sketch/hll.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t pln__reverse_bits(uint64_t word) {
    word = (word >> 1 & 0x5555555555555555u) | (word & 0x5555555555555555u) << 1;
    word = (word >> 2 & 0x3333333333333333u) | (word & 0x3333333333333333u) << 2;
    word = (word >> 4 & 0x0f0f0f0f0f0f0f0fu) | (word & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(word);
}

/* The last bytes of a key, fewer than 8, as a little-endian number. */
static uint64_t tail(const uint8_t *p, int64_t n) {
    uint64_t word = 0;
    for (int64_t i = 0; i < n; i++)
        word |= (uint64_t)p[i] << (8 * i);
    return word;
}

uint64_t pln__murmur64a(const void *bytes, int64_t size, uint64_t seed) {
    const uint64_t m = 0xc6a4a7935bd1e995u;
    const uint8_t *p = bytes;
    uint64_t h = seed ^ (uint64_t)size * m;
    int64_t left = size;
    for (; left >= 8; p += 8, left -= 8) {
        uint64_t k = pln__load_le64(p) * m;
        h = (h ^ (k ^ k >> 47) * m) * m;
    }
    if (left > 0)
        h = (h ^ tail(p, left)) * m;
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

static uint64_t rotate(uint64_t word, int bits) {
    return word << bits | word >> (64 - bits);
}

static uint64_t finish(uint64_t h) {
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

void pln__murmur3_128(const void *bytes, int64_t size, uint64_t seed, uint64_t out[2]) {
    const uint64_t c1 = 0x87c37b91114253d5u, c2 = 0x4cf5ad432745937fu;
    const uint8_t *p = bytes;
    uint64_t h1 = seed, h2 = seed;
    int64_t left = size;
    for (; left >= 16; p += 16, left -= 16) {
        h1 ^= rotate(pln__load_le64(p) * c1, 31) * c2;
        h1 = (rotate(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotate(pln__load_le64(p + 8) * c2, 33) * c1;
        h2 = (rotate(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    if (left > 8)
        h2 ^= rotate(tail(p + 8, left - 8) * c2, 33) * c1;
    if (left > 0)
        h1 ^= rotate(tail(p, left < 8 ? left : 8) * c1, 31) * c2;
    h1 ^= (uint64_t)size;
    h2 ^= (uint64_t)size;
    h1 += h2;
    h2 += h1;
    h1 = finish(h1);
    h2 = finish(h2);
    out[0] = h1 + h2;
    out[1] = out[0] + h2;
}

/* The slot is of the low bits of the first half; the rank of the second half, at most 63. */
static uint32_t datasketches_place(const void *bytes, int64_t size) {
    uint64_t hash[2];
    pln__murmur3_128(bytes, size, 9001, hash);
    int zeros = hash[1] == 0 ? 64 : __builtin_clzll(hash[1]);
    uint64_t slot = hash[0] & (uint64_t)(pln__hll_count(PLN__HLL_SPARSE) - 1);
    return pln__hll_entry((uint32_t)slot, (zeros < 62 ? zeros : 62) + 1);
}

uint32_t pln__hll_locate(const pln_hll *hll, const void *bytes, int64_t size) {
    if (hll->hash == PLN_HLL_DATASKETCHES)
        return size == 0 ? 0 : datasketches_place(bytes, size);
    uint64_t hash = hll->hash == PLN_HLL_REDIS
                        ? pln__reverse_bits(pln__murmur64a(bytes, size, 0xadc83b19u))
                        : XXH3_64bits_withSeed(bytes, (size_t)size, hll->seed);
    return pln__hll_place(hash, PLN__HLL_SPARSE);
}

/*
 * XXH3 of 17 to 32 bytes, the length of most identifiers, with the sums of seed and secret (its first 32 bytes) made once a column and not once
 * a text.
 */
typedef struct middling {
    uint64_t secret[4];
} middling;

static middling middling_of(uint64_t seed) {
    return (middling){{UINT64_C(0xbe4ba423396cfeb8) + seed, UINT64_C(0x1cad21f72c81017c) - seed,
                       UINT64_C(0xdb979083e96dd4de) + seed, UINT64_C(0x1f67b3b7a4a44072) - seed}};
}

static inline uint64_t fold_product(uint64_t a, uint64_t b) {
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_middling(const middling *key, const uint8_t *p, uint64_t size) {
    const uint8_t *last = p + size - 16;
    uint64_t h = size * UINT64_C(0x9e3779b185ebca87);
    h += fold_product(pln__load_le64(p) ^ key->secret[0], pln__load_le64(p + 8) ^ key->secret[1]);
    h += fold_product(pln__load_le64(last) ^ key->secret[2],
                      pln__load_le64(last + 8) ^ key->secret[3]);
    h = (h ^ h >> 37) * UINT64_C(0x165667919e3779f9);
    return h ^ h >> 32;
}

/* Out of the loop below, which needs its registers. */
static __attribute__((noinline)) uint64_t hash_other(const uint8_t *text, uint64_t size,
                                                     uint64_t seed) {
    return XXH3_64bits_withSeed(text, (size_t)size, seed);
}

int64_t pln__hll_filter_texts(const int32_t *offsets, const uint8_t *data, int64_t n, uint64_t seed,
                              uint64_t mask, uint64_t *out) {
    int64_t kept = 0;
    middling key = middling_of(seed);
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *text = data + offsets[i];
        uint64_t size = (uint64_t)(offsets[i + 1] - offsets[i]), hash;
        if (PLN__LIKELY(size - 17 <= 15))
            hash = hash_middling(&key, text, size);
        else
            hash = hash_other(text, size, seed);
        out[kept] = hash;
        kept += (hash & mask) == 0;
    }
    return kept;
}
