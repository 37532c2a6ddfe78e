/*
 * HyperLogLog: how many different values there are, from a few kilobytes, whatever their number; sketches of parts merge to the sketch of the whole.
 *
 *     pln_hll *users;
 *     pln_hll_new(rt, NULL, &users, &err);
 *     pln_hll_add_column(users, schema, array, &err);          any number of times
 *     double n = pln_hll_estimate(users);                      within 0.8 % two times in three
 *
 * A value is hashed to 64 bits. The first p bits choose one of m = 2^p registers, which keeps the greatest rank seen: one more than the zeros
 * that follow. A sketch is a function of the set of its values: order, repetition and the way it was divided and merged leave no trace, in the
 * estimate or in the bytes.
 *
 *     precision p   standard error 1.039 / sqrt(m)   memory at most        relative to the true number, over the whole range
 *     10            3.2 %                            1 KiB
 *     12            1.6 %                            4 KiB
 *     14            0.8 %                            16 KiB                the default
 *     18            0.2 %                            256 KiB
 *
 * Up to m / 16 values (from precision 8) a small table holds what registers of precision 26 would, so that small numbers are as good as exact; then
 * a byte a register. The estimator is the improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches" (2017, arXiv:1702.01284), which needs no tables of corrections.
 *
 * Values from an adversary: who knows the hash can choose values that make an estimate as low or as high as he likes. Give the sketches of a data
 * set a secret random seed; sketches of different seeds never merge. Who can watch estimates or see a sketch while he adds values can do
 * it even so, for XXH3 is no cryptographic hash and no sketch that merges withstands it. An estimate is no ground for a decision about security.
 *
 * The native form, of little-endian numbers; a reader holds every field to its range, the length to the fields, and all to the checksum:
 *
 *      0  "PLNH"
 *      4  u8   version, 1
 *      5  u8   hash, PLN_HLL_XXH3 ...
 *      6  u8   precision p
 *      7  u8   0 sparse, 1 dense: always dense where p is below 8
 *      8  u64  fingerprint of the seed: the first bytes of the SHA-256 of "pln.hll", the hash (u8) and the seed (u64)
 *     16  u32  how many registers are not 0; of a sparse sketch those of precision 26, at most m / 16
 *     20  u32  0
 *     24  sparse: for each of them, by rising index: u32 index * 64 + rank
 *         dense: m registers of 6 bits, the least significant bit first
 *      end  u64  XXH3_64bits, seed 0, of all before it
 *
 * Functions that take a sketch that is not const change it, be it only what they remember: calls on one sketch come one at a time.
 */
#ifndef PLN_HLL_H
#define PLN_HLL_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_hll pln_hll;

/* The hash, and which of its bits are index and rank. Sketches mix only within one. */
enum {
    PLN_HLL_XXH3 = 1,        /* XXH3_64bits_withSeed; for all that need not be read by others */
    PLN_HLL_REDIS = 2,       /* MurmurHash64A, seed 0xadc83b19: PFADD's */
    PLN_HLL_DATASKETCHES = 3 /* MurmurHash3_x64_128, seed 9001: Apache DataSketches' */
};

/* Serialized forms. */
enum {
    PLN_HLL_NATIVE = 1,
    PLN_HLL_REDIS_STRING = 2,      /* what GET gives for a key of PFADD. Written dense, read dense or sparse; precision 14 */
    PLN_HLL_DATASKETCHES_IMAGE = 3 /* of an HLL sketch: written as compact HLL_8; read of any type and mode, lgK over 18 folded to 18 */
};

typedef struct pln_hll_options {
    uint32_t struct_size;
    int32_t precision;              /* 4 to 18 [14] */
    int32_t hash;                   /* [PLN_HLL_XXH3] */
    int32_t reserved;
    uint64_t seed;                  /* of PLN_HLL_XXH3 [0]; the others have their own */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_hll_options;

typedef struct pln_hll_info {
    uint32_t struct_size;
    int32_t precision;
    int32_t hash;
    int32_t sparse; /* 1 while a table holds the registers */
    uint64_t fingerprint;
    int64_t registers; /* that are not 0 (of a sparse sketch those of precision 26): at least so many different values there were */
    int64_t memory_bytes;
} pln_hll_info;

/* Two sets by inclusion and exclusion. The errors are standard errors, absolute, and upper bounds: those of the three estimates count as independent. */
typedef struct pln_hll_overlap {
    uint32_t struct_size;
    uint32_t reserved;
    double union_size;
    double intersection;
    double intersection_error;
    double jaccard; /* intersection / union; 0 for two empty sets */
    double jaccard_error;
} pln_hll_overlap;

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_hll_options_init(pln_hll_options *options, uint32_t size);

/*
 * An empty sketch. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_hll_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_new(pln_runtime *runtime, const pln_hll_options *options, pln_hll **out,
                               pln_error *err);

/*
 * Free a sketch. NULL is allowed.
 *
 * Errors: none.
 * Owner: the sketch is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_hll_free(pln_hll *hll);

/*
 * A second sketch of the same values.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_hll_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_copy(const pln_hll *hll, pln_hll **out, pln_error *err);

/*
 * Forget all values.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_hll_clear(pln_hll *hll);

/*
 * What the sketch is and holds.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_hll_info_get(const pln_hll *hll, pln_hll_info *out);

/*
 * The bytes that the sketch holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_hll_memory(const pln_hll *hll);

/* ---- values ---- */

/*
 * Add one value by its bytes. A value of no bytes is a value, except to DataSketches, which ignores it.
 *
 * Errors: PLN_ESTATE for a sketch that was read without its seed; PLN_ENOMEM, and the sketch is as before.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_add(pln_hll *hll, const void *bytes, int64_t size, pln_error *err);

/*
 * Add one value by its 64-bit hash, for who has hashed already; the seed is then yours to keep. PLN_HLL_XXH3 takes index and rank from the highest
 * bits, PLN_HLL_REDIS from the lowest.
 *
 * Errors: PLN_EUNSUPPORTED for PLN_HLL_DATASKETCHES, whose hash has 128 bits; PLN_ENOMEM, and the sketch is as before.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_add_hash(pln_hll *hll, uint64_t hash, pln_error *err);

/*
 * Add values[0, n), each by its 8 little-endian bytes; signed numbers are their two's complement. Bit offset + i of `validity` is 0 where value i is null
 * and is left out; NULL: there are no nulls.
 *
 * Errors: PLN_EINVAL for a negative n or offset; PLN_ESTATE for a sketch that was read without its seed; PLN_ENOMEM: some rows may have been added, to add all again is right.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_add_uint64(pln_hll *hll, const uint64_t *values, int64_t n,
                                      const uint8_t *validity, int64_t offset, pln_error *err);

/*
 * Add a column; nulls are left out. Its buffers are aligned for their type, as the C Data Interface wants them (pln_batch_import sees to it). Texts and binaries go by their bytes, decimals by their 16; booleans, integers, dates and times are widened to 64 bits and floats to
 * float64, -0.0 to 0.0 and every NaN to one, so that equal numbers of different widths are one value; dictionaries go by what they refer to.
 *
 * Errors: PLN_EUNSUPPORTED names a type that is none of these; PLN_EDATA for an array that does not fit its schema; PLN_ESTATE for a sketch that was
 * read without its seed; PLN_ENOMEM: some rows may have been added, to add all again is right.
 * Owner: both are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_add_column(pln_hll *hll, const struct ArrowSchema *schema,
                                      const struct ArrowArray *array, pln_error *err);

/* ---- answers ---- */

/*
 * How many different values were added. Remembered until the sketch changes. Infinite where every register is at its end, which
 * no honest set reaches.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API double pln_hll_estimate(pln_hll *hll);

/*
 * The standard error relative to the number: 1.039 / sqrt(m), and less for numbers below 2 m, where few values share a register: sqrt(m (e^t - t - 1)) / (m t) with
 * t = n / m. While the sketch is sparse m is 2^26.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API double pln_hll_standard_error(pln_hll *hll);

/*
 * The interval that holds the true number if the error is at most `errors` standard errors: 1 for 68 %, 2 for 95 %, 3 for 99.7 % of sketches. *high may be infinite.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_hll_interval(pln_hll *hll, double errors, double *low, double *high);

/*
 * Add all values of `from`: the sketch of both sets, bit for bit. Different precisions meet at the lower one, to which `into` comes down.
 *
 * Errors: PLN_ETYPE for another hash or seed; PLN_ENOMEM: `into` may have come down and hold some of the values, to merge again is right.
 * Owner: `from` is borrowed for the call; it may be `into`.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_merge(pln_hll *into, const pln_hll *from, pln_error *err);

/*
 * Bring a sketch down to a lower precision: bit for bit what it had been with that precision from the start.
 *
 * Errors: PLN_EINVAL for a precision below 4 or above the sketch's; PLN_ENOMEM, and the sketch is as before.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_fold(pln_hll *hll, int32_t precision, pln_error *err);

/*
 * Union, intersection and Jaccard index of two sets, at the lower of the two precisions. The error goes with the union: a small
 * intersection of large sets drowns in it.
 *
 * Errors: PLN_ETYPE for another hash or seed; PLN_EINVAL for out->struct_size; PLN_ENOMEM.
 * Owner: both are borrowed for the call; set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_intersect(const pln_hll *a, const pln_hll *b, pln_hll_overlap *out,
                                     pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes a serialized form has; -1 if the sketch has no such form.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_hll_size(const pln_hll *hll, int32_t form);

/*
 * Write a serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_EUNSUPPORTED for a form of another hash, or of Redis at another precision than 14; PLN_ELIMIT if capacity is less than pln_hll_size; PLN_EINVAL for a
 * form that there is not.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_write(const pln_hll *hll, int32_t form, uint8_t *out, int64_t capacity,
                                 int64_t *size, pln_error *err);

/*
 * A sketch out of bytes, which may come from anybody. Of `options`, seed and allocator count, and the hash must be that of the bytes. options NULL: any hash; if the seed is not 0 the
 * sketch can be merged, asked and written, but no value can be hashed for it. One that was registers there (Redis, and DataSketches beyond its sets) is dense, however few its values are.
 *
 * Errors: PLN_EDATA names field and value; PLN_ETYPE for another hash or seed than the options'; PLN_EINVAL names the option; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_hll_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_hll_read(pln_runtime *runtime, int32_t form, const pln_hll_options *options,
                                const uint8_t *bytes, int64_t size, pln_hll **out, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
