/*
 * Private to HyperLogLog. Registers are bytes, not 6 bits, in memory: adding is one load and one compare, merging a byte-wise maximum.
 *
 * Every hash but DataSketches' is brought to one normal form first: index in the highest bits, rank in those that follow. DataSketches takes index
 * and rank from different halves of its hash, so its ranks do not depend on the precision.
 */
#ifndef PLN__SKETCH_HLL_H
#define PLN__SKETCH_HLL_H

#include "base/base.h"
#include "base/little.h"
#include <pln/hll.h>

enum {
    PLN__HLL_LOWEST = 4,
    PLN__HLL_HIGHEST = 18,
    PLN__HLL_DENSE_BELOW = 8, /* precisions at which a table would not be smaller */
    PLN__HLL_SPARSE = 26,     /* precision of a table: index and rank fill 32 bits, as DataSketches' coupons do */
    PLN__HLL_RANKS = 64       /* every rank is less */
};

/*
 * An entry is index * 64 + rank, of the sketch's precision or of PLN__HLL_SPARSE. Sparse while `registers` is NULL: then `table` is an open-addressing
 * hash table of entries of the latter, 0 where free. Which form a sketch has depends on its values alone: more entries than fit into the table
 * at one precision are more than fit at any lower one.
 * `floor` is at most the least register; `at_floor` how many registers are equal to it, 0: not known.
 */
struct pln_hll {
    pln_allocator mem;
    int32_t precision;
    int32_t hash;
    uint64_t seed;
    uint64_t fingerprint;
    bool seedless;
    uint32_t cpu;
    uint8_t *registers;
    uint32_t *table;
    int64_t capacity;
    int64_t used;
    int64_t at_floor;
    int32_t floor;
    double estimate; /* negative: to be computed */
};

static inline int64_t pln__hll_count(int32_t precision) {
    return (int64_t)1 << precision;
}
/* More entries than this are dense. */
static inline int64_t pln__hll_sparse_most(int32_t precision) {
    return precision < PLN__HLL_DENSE_BELOW ? 0 : pln__hll_count(precision) / 16;
}
static inline int32_t pln__hll_rank_most(int32_t hash, int32_t precision) {
    return hash == PLN_HLL_DATASKETCHES ? 63 : 64 - precision + 1;
}
static inline uint32_t pln__hll_entry(uint32_t index, int32_t rank) {
    return index << 6 | (uint32_t)rank;
}
/* Of a hash in normal form. */
static inline uint32_t pln__hll_place(uint64_t hash, int32_t precision) {
    uint64_t rest = hash << precision | (uint64_t)1 << (precision - 1);
    return pln__hll_entry((uint32_t)(hash >> (64 - precision)), __builtin_clzll(rest) + 1);
}

/* An entry at a lower precision. What was index below the new one begins the bits whose zeros are counted. */
static inline uint32_t pln__hll_lower(int32_t hash, uint32_t entry, int32_t from, int32_t to) {
    uint32_t index = entry >> 6, rank = entry & 63, bits = (uint32_t)(from - to);
    if (bits == 0)
        return entry;
    if (hash == PLN_HLL_DATASKETCHES)
        return (index & (((uint32_t)1 << to) - 1)) << 6 | rank;
    uint32_t low = index & (((uint32_t)1 << bits) - 1);
    rank = low == 0 ? rank + bits : bits - (31 - (uint32_t)__builtin_clz(low));
    return (index >> bits) << 6 | rank;
}

/* ---- one sketch (hll.c) ---- */

/* Holds `options` (NULL allowed) to their ranges; *out is whole then. `reading`: the precision does not count. */
pln_status pln__hll_check(const pln_hll_options *options, bool reading, pln_hll_options *out,
                          pln_error *err);
pln_status pln__hll_make(pln_runtime *runtime, const pln_hll_options *options, pln_hll **out,
                         pln_error *err);
/* An empty sketch with everything of another but its precision and values. */
pln_status pln__hll_like(const pln_hll *hll, int32_t precision, pln_hll **out, pln_error *err);
/* The values of `from`, which is emptied; both are of one allocator. */
void pln__hll_take(pln_hll *hll, pln_hll *from);
pln_status pln__hll_same_kind(const pln_hll *a, const pln_hll *b, pln_error *err);
/* Registers or entries that are not 0. */
int64_t pln__hll_used(const pln_hll *hll);

/* ---- registers (hll_table.c) ---- */

/* An entry of PLN__HLL_SPARSE, in either form. */
pln_status pln__hll_put(pln_hll *hll, uint32_t entry, pln_error *err);
/* To registers of a byte. */
pln_status pln__hll_dense(pln_hll *hll, pln_error *err);
void pln__hll_raise_floor(pln_hll *hll);
/* The registers at the sketch's precision, of which there are pln__hll_count, whatever its form. */
void pln__hll_registers(const pln_hll *hll, uint8_t *out);

/* A register that may grow; dense sketches only. */
static inline void pln__hll_grow(pln_hll *hll, uint32_t entry) {
    uint8_t *reg = hll->registers + (entry >> 6), old = *reg;
    uint32_t rank = entry & 63;
    if (PLN__LIKELY(rank <= old))
        return;
    *reg = (uint8_t)rank;
    hll->estimate = -1;
    if (old == hll->floor && --hll->at_floor <= 0)
        pln__hll_raise_floor(hll);
}
/* The bits of a normal hash that are all 0 where its rank is over the floor. */
static inline uint64_t pln__hll_mask(const pln_hll *hll) {
    int32_t bits = 64 - hll->precision, zeros = hll->floor < bits ? hll->floor : bits;
    return (((uint64_t)1 << zeros) - 1) << (bits - zeros);
}

/* ---- hashes (hll_hash.c) ---- */

/* A value's entry of PLN__HLL_SPARSE; 0 for a value that is ignored. */
uint32_t pln__hll_locate(const pln_hll *hll, const void *bytes, int64_t size);
uint64_t pln__reverse_bits(uint64_t word);
uint64_t pln__murmur64a(const void *bytes, int64_t size, uint64_t seed);
void pln__murmur3_128(const void *bytes, int64_t size, uint64_t seed, uint64_t out[2]);

/* ---- kernels ---- */

/*
 * XXH3_64bits_withSeed of 8-byte keys; of the hashes with no bit of `mask`, in their order, `out` takes all, and has room for
 * n + 8. Returns how many. `flip` is pln__hll_flip(seed).
 */
typedef int64_t pln__hll_filter_fn(const uint64_t *keys, int64_t n, uint64_t flip, uint64_t mask,
                                   uint64_t *out);
pln__hll_filter_fn pln__hll_filter_words, pln__hll_filter_avx2;
pln__hll_filter_fn *pln__hll_filter_of(uint32_t cpu);
uint64_t pln__hll_flip(uint64_t seed);
/*
 * Of n hashes, in place, those whose rank is over their register. No branch depends on a key: while a sketch grows it would be guessed wrong again
 * and again.
 */
typedef int64_t pln__hll_raise_fn(const uint8_t *registers, int32_t precision, uint64_t *hashes,
                                  int64_t n);
pln__hll_raise_fn pln__hll_raise_words, pln__hll_raise_bmi2;
/* A rank is over r if the first r bits behind the index, the sentinel among them, are 0; counting them is slower on some processors. */
#define PLN__HLL_RAISE(name)                                                                       \
    int64_t name(const uint8_t *registers, int32_t precision, uint64_t *hashes, int64_t n) {       \
        uint64_t sentinel = (uint64_t)1 << (precision - 1);                                        \
        int64_t kept = 0;                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            uint64_t hash = hashes[i], rest = hash << precision | sentinel;                        \
            unsigned rank = registers[hash >> (64 - precision)];                                   \
            hashes[kept] = hash;                                                                   \
            kept += rest >> 1 >> (63 - rank) == 0;                                                 \
        }                                                                                          \
        return kept;                                                                               \
    }
/* The greater of each two bytes; n is a multiple of 16. */
typedef void pln__hll_max_fn(uint8_t *into, const uint8_t *from, int64_t n);
pln__hll_max_fn pln__hll_max_words, pln__hll_max_avx2;
/* How often each rank stands in the registers. */
void pln__hll_histogram(const uint8_t *registers, int64_t n, uint32_t counts[PLN__HLL_RANKS]);
int64_t pln__hll_equal_to(const uint8_t *registers, int64_t n, uint8_t rank);

/* Hashes of texts as pln__hll_filter of keys; row i is data[offsets[i], offsets[i + 1]). */
int64_t pln__hll_filter_texts(const int32_t *offsets, const uint8_t *data, int64_t n, uint64_t seed,
                              uint64_t mask, uint64_t *out);

/* ---- estimating (hll_estimate.c) ---- */

double pln__hll_ertl(const uint32_t counts[PLN__HLL_RANKS], int32_t precision, int32_t rank_most);

/* ---- forms (hll_native.c, hll_redis.c, hll_datasketches.c) ---- */

/* Both write exactly pln_hll_size bytes and cannot fail; both readers hold every field to its range. */
typedef struct pln__hll_form {
    int32_t hash; /* 0: any */
    int64_t (*size)(const pln_hll *hll);
    void (*write)(const pln_hll *hll, uint8_t *out);
    pln_status (*read)(pln_runtime *runtime, const pln_hll_options *options, const uint8_t *bytes,
                       int64_t size, pln_hll **out, pln_error *err);
} pln__hll_form;
extern const pln__hll_form pln__hll_native, pln__hll_redis, pln__hll_datasketches;

/* Six bits each, the least significant first; the byte behind the last one is touched only where it holds bits. */
int32_t pln__hll_bits6_get(const uint8_t *packed, int64_t i);
void pln__hll_bits6_put(uint8_t *packed, int64_t i, int32_t value);

#endif
