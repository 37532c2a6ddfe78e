/*
 * Bloom filter: was this value added? "No" is certain, "yes" is wrong with a probability that is known. A few bits a value, whatever its size.
 *
 *     pln_bloom_options o;
 *     pln_bloom_options_init(&o, sizeof o);
 *     o.expected = 10000000;                                    values
 *     o.error = 0.001;                                          one false yes in a thousand, once they are all in
 *     pln_bloom_new(rt, &o, &seen, &err);                       21.1 MB
 *     pln_bloom_add_column(seen, schema, array, &err);          any number of times
 *     pln_bloom_contains(seen, "key", 3, &found, &err);
 *     double p = pln_bloom_error(seen);                         of a false yes now, counted from the bits that are set
 *
 * A value is hashed to 64 bits. The upper half chooses a block of 256 bits, which is half a line of the cache; the lower half sets one bit in
 * each of its 8 words. So a question costs one access to memory: F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and
 * Space-Efficient Bloom Filters" (2007), in the form that Impala and Parquet have. Blocks fill unevenly, which the classical formula ignores and the one
 * here does not: with n values in b blocks a block holds i values with probability poisson(i; n/b), and answers "yes" falsely with
 * probability (1 - (31/32)^i)^8.
 *
 *     error     bits a value      bits by the classical formula
 *     1e-2      10.5              9.6
 *     1e-3      16.9              14.4
 *     1e-4      26.3              19.2
 *     1e-5      41.0              24.0
 *
 * A filter is a function of the set of its values: order, repetition and the way it was divided and merged leave no trace in the bytes.
 * More values than expected are no mistake: the error grows, and pln_bloom_error tells it.
 *
 * Values from an adversary: who knows the hash can choose values that fill a few blocks, or one that is "in" without having been added. Give the filters of
 * a data set a secret random seed; filters of different seeds never merge. Who can watch the answers while he adds values can do it even
 * so. A "yes" is no ground for a decision about security.
 *
 * The serialized form, of little-endian numbers; a reader holds every field to its range, the length to the fields, and all to the checksum:
 *
 *      0  "PLNB"
 *      4  u8   version, 1
 *      5  u8   hash, 1: XXH3_64bits_withSeed
 *      6  u16  0
 *      8  u64  fingerprint of the seed: the first bytes of the SHA-256 of "pln.blm", the hash (u8) and the seed (u64)
 *     16  u32  blocks b, from 1
 *     20  u32  0
 *     24  b blocks of 8 u32. A hash h belongs to block (h >> 32) * b >> 32; in word i it sets bit (h * s[i] mod 2^32) >> 27, where s is 47b6137b, 44974d91,
 *         8824ad5b, a2b7289d, 705495c7, 2df1424b, 9efc4947, 5c6bfb31
 *      end  u64  XXH3_64bits, seed 0, of all before it
 *
 * Functions that take a filter that is not const change it, be it only what they remember: calls on one filter come one at a time.
 */
#ifndef PLN_BLOOM_H
#define PLN_BLOOM_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_bloom pln_bloom;

typedef struct pln_bloom_options {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t expected;               /* how many different values, from 1 [1000000] */
    double error;                   /* of a question once they are in, 1e-7 to 0.5 [0.01] */
    int64_t bytes;                  /* of the blocks instead of the two above, rounded down to 32; 0: they decide [0] */
    uint64_t seed;                  /* [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_bloom_options;

typedef struct pln_bloom_info {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t blocks;
    uint64_t fingerprint;
    double fill;     /* the part of the bits that is set */
    double estimate; /* of how many different values were added; infinite where every bit is set */
    double error;    /* pln_bloom_error */
    int64_t memory_bytes;
} pln_bloom_info;

/* ---- size, before there is a filter ---- */

/*
 * The bytes of blocks that `expected` values need for this error: what pln_bloom_new takes, and a few hundred more. -1 for numbers out
 * of the ranges of pln_bloom_options, and where it would be more than 64 GiB.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_bloom_bytes_for(int64_t expected, double error);

/*
 * The probability of a false yes that a filter of so many bytes of blocks has with so many different values in it, by the formula above.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API double pln_bloom_error_for(int64_t bytes, int64_t values);

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_bloom_options_init(pln_bloom_options *options, uint32_t size);

/*
 * An empty filter. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ELIMIT for more than 64 GiB; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_bloom_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_new(pln_runtime *runtime, const pln_bloom_options *options,
                                 pln_bloom **out, pln_error *err);

/*
 * Free a filter. NULL is allowed.
 *
 * Errors: none.
 * Owner: the filter is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_bloom_free(pln_bloom *bloom);

/*
 * A second filter of the same values.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_bloom_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_copy(const pln_bloom *bloom, pln_bloom **out, pln_error *err);

/*
 * Forget all values.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_bloom_clear(pln_bloom *bloom);

/*
 * What the filter is and holds. Reads all of it.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_bloom_info_get(const pln_bloom *bloom, pln_bloom_info *out);

/*
 * The bytes that the filter holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_bloom_memory(const pln_bloom *bloom);

/* ---- values ---- */

/*
 * Add one value by its bytes.
 *
 * Errors: PLN_ESTATE for a filter that was read without its seed.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_add(pln_bloom *bloom, const void *bytes, int64_t size, pln_error *err);

/*
 * Add values[0, n), each by its 8 little-endian bytes; signed numbers are their two's complement. Bit offset + i of `validity` is 0 where value i is
 * null and is left out; NULL: there are no nulls.
 *
 * Errors: PLN_EINVAL for a negative n or offset; PLN_ESTATE for a filter that was read without its seed.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_add_uint64(pln_bloom *bloom, const uint64_t *values, int64_t n,
                                        const uint8_t *validity, int64_t offset, pln_error *err);

/*
 * Add n keys of 16 bytes, as pln_keys_batch makes them, each by its bytes.
 *
 * Errors: PLN_EINVAL for a negative n; PLN_ESTATE for a filter that was read without its seed.
 * Owner: `keys` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_add_keys(pln_bloom *bloom, const uint8_t *keys, int64_t n,
                                      pln_error *err);

/*
 * Add a column; nulls are left out. Values have the bytes that pln_hll_add_column says: numbers of any width by 8, texts by their own.
 *
 * Errors: PLN_EUNSUPPORTED names a type that has none; PLN_EDATA for an array that does not fit its schema; PLN_ESTATE for a filter that was read
 * without its seed.
 * Owner: both are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_add_column(pln_bloom *bloom, const struct ArrowSchema *schema,
                                        const struct ArrowArray *array, pln_error *err);

/* ---- answers ---- */

/*
 * Whether a value was added: *found is 0 if it was certainly not, else 1.
 *
 * Errors: PLN_ESTATE for a filter that was read without its seed.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_contains(const pln_bloom *bloom, const void *bytes, int64_t size,
                                      int32_t *found, pln_error *err);

/*
 * For each of n values whether it was added: bit i of `found`, which has (n + 7) / 8 bytes, and 0 for a null. Values and nulls are those of
 * pln_bloom_add_uint64.
 *
 * Errors: PLN_EINVAL for a negative n or offset; PLN_ESTATE for a filter that was read without its seed.
 * Owner: both arrays are borrowed for the call; `found` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_contains_uint64(const pln_bloom *bloom, const uint64_t *values,
                                             int64_t n, const uint8_t *validity, int64_t offset,
                                             uint8_t *found, pln_error *err);

/*
 * For each of n keys of 16 bytes whether it was added: bit i of `found`, which has (n + 7) / 8 bytes.
 *
 * Errors: PLN_EINVAL for a negative n; PLN_ESTATE for a filter that was read without its seed.
 * Owner: `keys` is borrowed for the call; `found` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_contains_keys(const pln_bloom *bloom, const uint8_t *keys, int64_t n,
                                           uint8_t *found, pln_error *err);

/*
 * For each row of a column whether its value was added: bit i of `found`, which has (length + 7) / 8 bytes, and 0 for a null.
 *
 * Errors: as pln_bloom_add_column.
 * Owner: both are borrowed for the call; `found` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_contains_column(const pln_bloom *bloom,
                                             const struct ArrowSchema *schema,
                                             const struct ArrowArray *array, uint8_t *found,
                                             pln_error *err);

/*
 * pln_bloom_contains_keys and pln_bloom_add_keys in one: bit i of `found` is 1 if key i was there, be it from a key before it in this call.
 *
 * Errors: PLN_EINVAL for a negative n; PLN_ESTATE for a filter that was read without its seed.
 * Owner: `keys` is borrowed for the call; `found` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_put_keys(pln_bloom *bloom, const uint8_t *keys, int64_t n,
                                      uint8_t *found, pln_error *err);

/*
 * The probability that the next question about a value that was not added is answered with yes: what the bits that are set make of it, block by
 * block. Reads the whole filter, and remembers it until a value is added.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API double pln_bloom_error(pln_bloom *bloom);

/*
 * Add all values of `from`: the filter of both sets, bit for bit.
 *
 * Errors: PLN_ETYPE for another size or seed.
 * Owner: `from` is borrowed for the call; it may be `into`.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_merge(pln_bloom *into, const pln_bloom *from, pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes the serialized form has.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_bloom_size(const pln_bloom *bloom);

/*
 * Write the serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_bloom_size.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_write(const pln_bloom *bloom, uint8_t *out, int64_t capacity,
                                   int64_t *size, pln_error *err);

/*
 * A filter out of bytes, which may come from anybody. Of `options`, seed and allocator count. options NULL: if the seed is not 0 the
 * filter can be merged and written, but not asked, and no value added.
 *
 * Errors: PLN_EDATA names field and value; PLN_ETYPE for another seed than the options'; PLN_EINVAL for options->struct_size; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_bloom_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_bloom_read(pln_runtime *runtime, const pln_bloom_options *options,
                                  const uint8_t *bytes, int64_t size, pln_bloom **out,
                                  pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
