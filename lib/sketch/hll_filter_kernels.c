/* Loops over columns of keys and over registers, for every processor; the compiler makes vectors of the latter. */
#include "sketch/hll.h"

/* XXH3's secret, bytes 8 to 24, as a key of 8 bytes meets it together with the seed. */
uint64_t pln__hll_flip(uint64_t seed) {
    seed ^= (uint64_t)__builtin_bswap32((uint32_t)seed) << 32;
    return (UINT64_C(0x1cad21f72c81017c) ^ UINT64_C(0xdb979083e96dd4de)) - seed;
}

static inline uint64_t hash_word(uint64_t key, uint64_t flip) {
    const uint64_t prime = 0x9fb21c651e98df25u;
    uint64_t h = (key << 32 | key >> 32) ^ flip;
    h ^= (h << 49 | h >> 15) ^ (h << 24 | h >> 40);
    h *= prime;
    h ^= (h >> 35) + 8;
    h *= prime;
    return h ^ h >> 28;
}

int64_t pln__hll_filter_words(const uint64_t *keys, int64_t n, uint64_t flip, uint64_t mask,
                              uint64_t *out) {
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t hash = hash_word(keys[i], flip);
        out[kept] = hash;
        kept += (hash & mask) == 0;
    }
    return kept;
}

PLN__HLL_RAISE(pln__hll_raise_words)

void pln__hll_max_words(uint8_t *restrict into, const uint8_t *restrict from, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        into[i] = into[i] > from[i] ? into[i] : from[i];
}

int64_t pln__hll_equal_to(const uint8_t *registers, int64_t n, uint8_t rank) {
    int64_t count = 0;
    while (n > 0) {
        uint8_t some = 0;
        int64_t part = n < 240 ? n : 240;
        for (int64_t i = 0; i < part; i++)
            some = (uint8_t)(some + (registers[i] == rank));
        count += some;
        registers += part;
        n -= part;
    }
    return count;
}

/* Four tables, so that equal ranks one after the other do not wait for each other. */
void pln__hll_histogram(const uint8_t *registers, int64_t n, uint32_t counts[PLN__HLL_RANKS]) {
    uint32_t some[4][PLN__HLL_RANKS] = {{0}};
    for (int64_t i = 0; i < n; i += 8) {
        uint64_t word = pln__load_le64(registers + i);
        for (int k = 0; k < 4; k++) {
            some[k][word >> (16 * k) & 63]++;
            some[k][word >> (16 * k + 8) & 63]++;
        }
    }
    for (int k = 0; k < PLN__HLL_RANKS; k++)
        counts[k] = some[0][k] + some[1][k] + some[2][k] + some[3][k];
}
