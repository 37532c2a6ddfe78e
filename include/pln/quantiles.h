/*
 * Quantiles: median, percentiles, ranks and histograms of many numbers from a few kilobytes, in one pass and in any order of the numbers.
 *
 *     pln_quantiles *prices;
 *     pln_quantiles_new(rt, NULL, &prices, &err);
 *     pln_quantiles_add_column(prices, schema, array, &err);              any number of times
 *     pln_quantiles_quantile(prices, 0.95, &p95, &err);                   its rank is 95 % +- 1.33 %, 99 times of 100
 *
 * This is KLL (Karnin, Lang, Liberty, "Optimal quantile approximation in streams", 2016, arXiv:1603.05346). Numbers lie in levels; one of level h stands
 * for 2^h numbers. When there is no room left, the lowest level that has more than its share is sorted, and every second number of it, the odd or the
 * even ones by a coin, goes one level up. The shares fall by 2/3 from the highest level downwards; where they would get very small the levels are
 * replaced by a sampler, which takes one of 2^b numbers without looking at the others. Of two compactions of a level one after the other the second
 * takes the other half (Ivkin, Liberty, Lang, Karnin, Braverman 2019, arXiv:1907.00236).
 *
 * Errors are of ranks, as a part of n, whatever the numbers are. With a probability of 99 % each
 *
 *     one rank, or the rank of one quantile, is off by at most             2.296 / k^0.9723
 *     the part of all between two numbers, for any two, is off by at most  2.446 / k^0.9433
 *
 *     k         one rank    between two    memory
 *     50        5.1 %       6.1 %          3.4 KiB
 *     200       1.33 %      1.65 %         8.6 KiB        the default
 *     1,000     0.28 %      0.36 %         36 KiB
 *     10,000    0.030 %     0.041 %        352 KiB
 *
 * All of the memory is taken when the sketch is made, none while numbers are added; answers take another 16 bytes for each number held. Up to k
 * numbers, and up to some 3 k, all are held and every answer is exact. Number, minimum and maximum are always exact.
 *
 * An answer is a number that was added: the q-quantile is that of rank ceil(q n), counted from 1, of the numbers in order ("nearest rank"). NaN is no number
 * in this order: it is counted apart and left out. -0.0 is 0.0. Infinities are numbers.
 *
 * The same numbers in the same order with the same seed give the same sketch, bit for bit, however they are divided into calls. Sketches that are merged have
 * the error of the smallest k among them, but other bytes than that of the whole.
 *
 * Numbers from an adversary: the bounds hold for numbers that were chosen without knowledge of the coin. Who knows seed or bytes can foresee which numbers
 * will be kept and move an estimate as far as he likes; number, minimum and maximum he cannot falsify. Give each sketch a secret random seed.
 *
 * The serialized form, of little-endian numbers. Values are float64 or int64 by the kind; a reader holds every field to its range, the levels to their order, the
 * weights to n, the length to the fields, and all to the checksum:
 *
 *      0  "PLNQ"
 *      4  u8   version, 1
 *      5  u8   kind
 *      6  u8   b, the level below which there is a sampler
 *      7  u8   L, how many levels there are from b on
 *      8  u32  k
 *     12  u32  the smallest k of all that went into it
 *     16  u64  n
 *     24  u64  how many NaN
 *     32  u64  state of the coin
 *     40  u64  the sampler's choice: which of the next 2^b numbers is taken, by its lowest b bits
 *     48  u64  bit h: the next compaction of level h takes the other half than the last one ...
 *     56  u64  ... and bit h here is the half that the last one took
 *     64  u64  how many of its 2^b numbers the sampler has seen; one candidate for each bit
 *     72       minimum (0 if n is 0)
 *     80       maximum
 *     88  u32  for each level, how many values
 *         ...  candidates of the sampler, by rising level
 *         ...  values of each level, from the lowest, in order
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_QUANTILES_H
#define PLN_QUANTILES_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_quantiles pln_quantiles;

/* What the numbers are; sketches merge only within one kind. */
enum {
    PLN_QUANTILES_FLOAT64 = 1, /* any number, as the nearest float64: integers beyond 2^53 lose their last digits */
    PLN_QUANTILES_INT64 = 2    /* integers, dates, times, timestamps: exact */
};

typedef struct pln_quantiles_options {
    uint32_t struct_size;
    int32_t k;    /* 8 to 65535 [200] */
    int32_t kind; /* [PLN_QUANTILES_FLOAT64] */
    int32_t reserved;
    uint64_t seed;                  /* of the coin [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_quantiles_options;

typedef struct pln_quantiles_info {
    uint32_t struct_size;
    int32_t k;
    int32_t kind;
    int32_t k_least; /* of all that went into it while they were not exact: what the error goes by */
    int32_t exact;   /* 1 while every number is held */
    int32_t levels;
    int64_t n;
    int64_t nans;
    int64_t retained;  /* numbers held */
    double minimum;    /* NaN if n is 0 */
    double maximum;
    int64_t minimum_int64; /* of PLN_QUANTILES_INT64; else 0 */
    int64_t maximum_int64;
    int64_t memory_bytes;
} pln_quantiles_info;

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_quantiles_options_init(pln_quantiles_options *options, uint32_t size);

/*
 * An empty sketch. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_quantiles_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_new(pln_runtime *runtime, const pln_quantiles_options *options,
                                     pln_quantiles **out, pln_error *err);

/*
 * Free a sketch. NULL is allowed.
 *
 * Errors: none.
 * Owner: the sketch is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_quantiles_free(pln_quantiles *sketch);

/*
 * A second sketch of the same numbers, which goes on as the first one.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_quantiles_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_copy(const pln_quantiles *sketch, pln_quantiles **out,
                                      pln_error *err);

/*
 * Forget all numbers. The coin goes on where it is.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_quantiles_clear(pln_quantiles *sketch);

/*
 * What the sketch is and holds.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_quantiles_info_get(const pln_quantiles *sketch, pln_quantiles_info *out);

/*
 * The bytes that the sketch holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_quantiles_memory(const pln_quantiles *sketch);

/* ---- numbers ---- */

/*
 * Add one number.
 *
 * Errors: PLN_ETYPE for a sketch of PLN_QUANTILES_INT64; PLN_ELIMIT beyond 2^60 numbers. The sketch is as before.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_add(pln_quantiles *sketch, double value, pln_error *err);

/*
 * Add values[0, n). Bit offset + i of `validity` is 0 where value i is null and is left out; NULL: there are no nulls.
 *
 * Errors: PLN_EINVAL for a negative n or offset; PLN_ETYPE for a sketch of PLN_QUANTILES_INT64; PLN_ELIMIT beyond 2^60 numbers. The sketch is as before.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_add_float64(pln_quantiles *sketch, const double *values, int64_t n,
                                             const uint8_t *validity, int64_t offset,
                                             pln_error *err);

/*
 * pln_quantiles_add_float64 for integers; a sketch of PLN_QUANTILES_FLOAT64 takes the nearest float64 of each.
 *
 * Errors: PLN_EINVAL for a negative n or offset; PLN_ELIMIT beyond 2^60 numbers. The sketch is as before.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_add_int64(pln_quantiles *sketch, const int64_t *values, int64_t n,
                                           const uint8_t *validity, int64_t offset, pln_error *err);

/*
 * Add a column; nulls are left out. Its buffers are aligned for their type, as the C Data Interface wants them (pln_batch_import sees to it).
 * PLN_QUANTILES_FLOAT64 takes booleans as 0 and 1, integers, floats and decimals by their value, dates, times and timestamps as the integers that they are
 * in the column's own unit; PLN_QUANTILES_INT64 takes the same but floats, decimals and uint64. Dictionaries go by what they refer to.
 *
 * Errors: PLN_EUNSUPPORTED names column and type that the sketch does not take; PLN_EDATA for an array that does not fit its schema; PLN_ELIMIT
 * beyond 2^60 numbers. The sketch is as before.
 * Owner: both are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_add_column(pln_quantiles *sketch, const struct ArrowSchema *schema,
                                            const struct ArrowArray *array, pln_error *err);

/* ---- answers: what they need is computed once and kept until the sketch changes ---- */

/*
 * The number whose rank is ceil(fraction * n): 0.5 the median, 0 the minimum, 1 the maximum. A product that is a whole number but for the rounding
 * of float64 counts as whole.
 *
 * Errors: PLN_EINVAL for a fraction that is not between 0 and 1; PLN_ESTATE for a sketch without numbers; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_quantile(pln_quantiles *sketch, double fraction, double *out,
                                          pln_error *err);

/*
 * pln_quantiles_quantile for fractions[0, n), in any order, to out[0, n).
 *
 * Errors: as pln_quantiles_quantile.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_quantiles(pln_quantiles *sketch, const double *fractions,
                                           int64_t n, double *out, pln_error *err);

/*
 * The same, exactly, from a sketch of PLN_QUANTILES_INT64.
 *
 * Errors: as pln_quantiles_quantile; PLN_ETYPE for another kind.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_quantiles_int64(pln_quantiles *sketch, const double *fractions,
                                                 int64_t n, int64_t *out, pln_error *err);

/*
 * The q-quantile is between *low and *high with a probability of 99 %: the quantiles whose fractions are lower and higher by the error of one rank.
 *
 * Errors: as pln_quantiles_quantile.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_bounds(pln_quantiles *sketch, double fraction, double *low,
                                        double *high, pln_error *err);

/*
 * For each of values[0, n), in any order, the part of all numbers that are less or equal: the cumulative distribution.
 *
 * Errors: PLN_EINVAL for NaN; PLN_ESTATE for a sketch without numbers; PLN_ENOMEM.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_ranks(pln_quantiles *sketch, const double *values, int64_t n,
                                       double *out, pln_error *err);

/*
 * counts[0, n + 1): about how many numbers are at most splits[0]; above splits[0] and at most splits[1]; ... above splits[n - 1].
 *
 * Errors: PLN_EINVAL for NaN, or splits that do not rise; PLN_ENOMEM.
 * Owner: both arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_histogram(pln_quantiles *sketch, const double *splits, int64_t n,
                                           int64_t *counts, pln_error *err);

/*
 * The errors at 99 %, as parts of n: of one rank, and of the part between two numbers. Both 0 while the sketch is exact. Either may be NULL.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_quantiles_error(const pln_quantiles *sketch, double *one_rank, double *between);

/*
 * Add all numbers of `from`; the sketches may have any k; the result has the k of `into` and the error of the smaller one, unless that one was exact.
 *
 * Errors: PLN_ETYPE for another kind; PLN_ELIMIT beyond 2^60 numbers; PLN_ENOMEM, and `into` is as before.
 * Owner: `from` is borrowed for the call; it may be `into`.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_merge(pln_quantiles *into, const pln_quantiles *from,
                                       pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes the serialized form has.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_quantiles_size(const pln_quantiles *sketch);

/*
 * Write the serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_quantiles_size.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_write(const pln_quantiles *sketch, uint8_t *out, int64_t capacity,
                                       int64_t *size, pln_error *err);

/*
 * A sketch out of bytes, which may come from anybody. It goes on as the one that was written. `allocator` NULL: the runtime's.
 *
 * Errors: PLN_EDATA names field and value; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_quantiles_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_quantiles_read(pln_runtime *runtime, const pln_allocator *allocator,
                                      const uint8_t *bytes, int64_t size, pln_quantiles **out,
                                      pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
