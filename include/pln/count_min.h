/*
 * Count-Min: how often each value came, from a table of fixed size, whatever their number; never too low, and too high by a stated share of the total.
 *
 *     pln_count_min *pages;
 *     pln_count_min_new(rt, NULL, &pages, &err);
 *     pln_count_min_add_column(pages, schema, array, NULL, &err);           any number of times
 *     pln_count_min_query(pages, "index.html", 10, &n, &err);
 *     double most = pln_count_min_error(pages, &confidence);                the true count is n - most to n, with that probability
 *
 * A table has d rows of w counters. A value's hash chooses one counter in each row; adding the value with a weight adds the weight to all d, and the
 * answer is the least of the d. Other values share counters, so that an answer is the true count plus what else fell on the best of its
 * counters. With N the total of all weights:
 *
 *     count <= answer                                 always
 *     answer <= count + e / w * N                     with probability 1 - e^-d, over the seed, for each value
 *
 *     epsilon = e / w    delta = e^-d     w        d    memory, counters of 64 bits (half of it with 32)
 *     0.066 %            0.7 %            4,096    5    160 KiB      the default: for epsilon 0.1 %, delta 1 %
 *     0.0041 %           1.8 %            65,536   4    2 MiB
 *     0.00026 %          1.8 %            2^20     4    32 MiB
 *
 * It is for values that are a visible part of the total: one whose count is below epsilon * N cannot be told from none. G. Cormode and S. Muthukrishnan, "An
 * improved data stream summary: the count-min sketch and its applications", J. Algorithms 55 (2005).
 *
 * PLN_COUNT_MIN_CONSERVATIVE raises only counters that are below the new answer (C. Estan, G. Varghese, "New directions in traffic measurement", 2002):
 * the same bound, about half the error where few values are frequent, twice the time. Its table depends on the order of the values, nothing can be taken
 * away, and inner products have no bound. Answers of merged sketches are never too low either, nor above those of plain ones.
 *
 * Weights may be negative in a plain sketch. The bounds hold while the count of no value is negative when it is asked for (N is then what is left).
 *
 * Panes: the table once for each of the last so many hours (say); values go to the newest pane, pln_count_min_rotate begins the next and forgets the oldest,
 * and the answer, the total and the error are of all that are left. What is taken away counts in the pane in which that happens.
 *
 * A counter never wraps. At its end, 2^31 - 1 or 2^63 - 1, it stays; an answer of that much or more is a lower bound of the sum that it stands for,
 * and pln_count_min_info says how many counters are at an end. Until then a plain sketch is a function of the multiset of its values: order
 * and the way they were divided and merged leave no trace, in the answers or in the bytes.
 *
 * Values from an adversary: who knows the hash can choose values that fall on the counters of another and so make its count as high as he likes; too low it
 * never gets. Give the sketches of a data set a secret random seed; sketches of different seeds never merge. Who sees the answers while he adds values
 * can find such values even so. A count is no ground for a decision about security.
 *
 * The native form, of little-endian numbers; a reader holds every field to its range, the length to the fields, counters to the totals, and all to the checksum:
 *
 *      0  "PLNC"
 *      4  u8   version, 1
 *      5  u8   hash, 1: XXH3_64bits_withSeed
 *      6  u8   rows d
 *      7  u8   log2 of the columns w
 *      8  u64  fingerprint of the seed: the first bytes of the SHA-256 of "pln.cms", the hash (u8) and the seed (u64)
 *     16  u8   bits of a counter in memory, 32 or 64
 *     17  u8   update, PLN_COUNT_MIN_PLAIN ...
 *     18  u8   bytes of a counter here, 1, 2, 4 or 8: the least that holds every one of them
 *     19  u8   0
 *     20  u32  panes
 *     24  for each pane, the newest first: i64 sum of the positive weights, i64 of the negative ones without their sign
 *         for each pane, the newest first, for each row: w counters, two's complement
 *      end  u64  XXH3_64bits, seed 0, of all before it
 *
 * The counter of a row: the hash is cut into pieces of log2(w) bits, from the lowest, one for each row; where it ends, the hash (with the same seed) of its 8
 * little-endian bytes goes on.
 *
 * Calls that take a sketch const change nothing, not even what it remembers: they may come from many threads at a time.
 */
#ifndef PLN_COUNT_MIN_H
#define PLN_COUNT_MIN_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_count_min pln_count_min;

enum {
    PLN_COUNT_MIN_PLAIN = 1,
    PLN_COUNT_MIN_CONSERVATIVE = 2
};

typedef struct pln_count_min_options {
    uint32_t struct_size;
    int32_t rows;                   /* 1 to 32; 0: the least that is enough for delta [0] */
    int64_t columns;                /* a power of two, 2 to 2^26; 0: the least that is enough for epsilon [0] */
    double epsilon;                 /* over 4.06e-8, under 1; the error is at most so much of the total ... [0.001] */
    double delta;                   /* over 1.3e-14, under 1; ... but with this probability [0.01] */
    int32_t counter_bits;           /* 32 or 64 [64] */
    int32_t update;                 /* [PLN_COUNT_MIN_PLAIN] */
    int32_t panes;                  /* 1 to 1024 [1] */
    int32_t reserved;
    uint64_t seed;                  /* [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_count_min_options;

/* Of all panes together. */
typedef struct pln_count_min_info {
    uint32_t struct_size;
    int32_t rows;
    int64_t columns;
    double epsilon; /* e / columns */
    double delta;   /* e^-rows */
    int32_t counter_bits;
    int32_t update;
    int32_t panes;
    int32_t reserved;
    uint64_t fingerprint;
    int64_t added;     /* the sum of the positive weights */
    int64_t removed;   /* the sum of the negative ones, without their sign */
    int64_t saturated; /* counters at an end; an answer of counter_most or more may be too low */
    int64_t counter_most;
    int64_t memory_bytes;
} pln_count_min_info;

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_count_min_options_init(pln_count_min_options *options, uint32_t size);

/*
 * An empty sketch, with all the memory that it will ever need. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the
 * options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_count_min_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_new(pln_runtime *runtime, const pln_count_min_options *options,
                                     pln_count_min **out, pln_error *err);

/*
 * Free a sketch. NULL is allowed.
 *
 * Errors: none.
 * Owner: the sketch is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_count_min_free(pln_count_min *cm);

/*
 * A second sketch of the same values, pane by pane.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_count_min_free.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_copy(const pln_count_min *cm, pln_count_min **out, pln_error *err);

/*
 * Forget all values, of all panes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_count_min_clear(pln_count_min *cm);

/*
 * Begin a new pane and forget the oldest. A sketch of one pane is empty then.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_count_min_rotate(pln_count_min *cm);

/*
 * What the sketch is and holds. Looks at every counter, for `saturated`.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API void pln_count_min_info_get(const pln_count_min *cm, pln_count_min_info *out);

/*
 * The bytes that the sketch holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API int64_t pln_count_min_memory(const pln_count_min *cm);

/* ---- values ---- */

/*
 * Add one value by its bytes, `weight` times. A value of no bytes is a value.
 *
 * Errors: PLN_EINVAL for a negative weight to a conservative sketch; PLN_ESTATE for a sketch that was read without its seed.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_add(pln_count_min *cm, const void *bytes, int64_t size,
                                     int64_t weight, pln_error *err);

/*
 * Add values[0, n), each by its 8 little-endian bytes; signed numbers are their two's complement. weights[i] is value i's; NULL: 1 for each. Bit offset + i of `validity`
 * is 0 where value i is null and is left out, with its weight; NULL: there are no nulls.
 *
 * Errors: PLN_EINVAL for a negative n or offset, and for a negative weight to a conservative sketch, whose row it names; PLN_ESTATE for a sketch that was
 * read without its seed. Nothing was added then.
 * Owner: the arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_add_uint64(pln_count_min *cm, const uint64_t *values,
                                            const int64_t *weights, int64_t n,
                                            const uint8_t *validity, int64_t offset,
                                            pln_error *err);

/*
 * Add a column; nulls are left out. weights[i] is row i's, array->length of them; NULL: 1 for each. Its buffers are aligned for their type, as the C Data Interface wants them
 * (pln_batch_import sees to it). Texts and binaries go by their bytes, decimals by their 16; booleans, integers, dates and times are widened to 64 bits and floats to
 * float64, -0.0 to 0.0 and every NaN to one, so that equal numbers of different widths are one value; dictionaries go by what they refer to.
 *
 * Errors: PLN_EUNSUPPORTED names a type that is none of these; PLN_EDATA for an array that does not fit its schema; PLN_EINVAL for a negative weight to a conservative
 * sketch, whose row it names; PLN_ESTATE for a sketch that was read without its seed. Nothing was added then.
 * Owner: all are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_add_column(pln_count_min *cm, const struct ArrowSchema *schema,
                                            const struct ArrowArray *array, const int64_t *weights,
                                            pln_error *err);

/* ---- answers ---- */

/*
 * How often a value came: at least its count in the panes that are left, and at most so much more as pln_count_min_error says.
 *
 * Errors: PLN_ESTATE for a sketch that was read without its seed.
 * Owner: `bytes` is borrowed for the call.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_query(const pln_count_min *cm, const void *bytes, int64_t size,
                                       int64_t *out, pln_error *err);

/*
 * The same for values[0, n), each by its 8 little-endian bytes, to out[0, n).
 *
 * Errors: PLN_EINVAL for a negative n; PLN_ESTATE for a sketch that was read without its seed.
 * Owner: both arrays are borrowed for the call.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_query_uint64(const pln_count_min *cm, const uint64_t *values,
                                              int64_t n, int64_t *out, pln_error *err);

/*
 * The same for each row of a column, to out[0, array->length); 0 for a null.
 *
 * Errors: PLN_EUNSUPPORTED names a type that has no hash; PLN_EDATA for an array that does not fit its schema; PLN_ESTATE for a sketch that was read without
 * its seed.
 * Owner: all are borrowed for the call.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_query_column(const pln_count_min *cm,
                                              const struct ArrowSchema *schema,
                                              const struct ArrowArray *array, int64_t *out,
                                              pln_error *err);

/*
 * The sum of all weights, of the panes that are left. What would pass the ends of 64 bits stays there.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API int64_t pln_count_min_total(const pln_count_min *cm);

/*
 * How much an answer may be above the true count: e / columns of the total, and with what probability it is not more: 1 - e^-rows. `confidence` may be NULL.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API double pln_count_min_error(const pln_count_min *cm, double *confidence);

/*
 * The sum over all values of the product of both counts, the size of a join on them; of a sketch with itself: the sum of the squares. *out is at least that,
 * and at most *error, e / columns of the product of both totals, above it, with the probability that pln_count_min_error says. `error` may be NULL.
 *
 * Errors: PLN_ETYPE for another shape or seed; PLN_EUNSUPPORTED for conservative sketches, whose counters may be below the sum of their values.
 * Owner: both are borrowed for the call.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_inner_product(const pln_count_min *a, const pln_count_min *b,
                                               double *out, double *error, pln_error *err);

/*
 * Add all values of `from`, the newest pane to the newest and so on: rotate both at the same times. Of plain sketches it is that of all values, bit for bit; of conservative ones
 * an upper bound, with the error of the sum of both totals.
 *
 * Errors: PLN_ETYPE names what is not the same: rows, columns, counter_bits, update, panes or seed; `into` is as before.
 * Owner: `from` is borrowed for the call; it may be `into`, which then counts twice.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_merge(pln_count_min *into, const pln_count_min *from,
                                       pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes the native form has. Looks at every counter.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API int64_t pln_count_min_size(const pln_count_min *cm);

/*
 * Write the native form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_count_min_size.
 * Owner: nothing.
 * Threads: any, while no other call changes the sketch.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_write(const pln_count_min *cm, uint8_t *out, int64_t capacity,
                                       int64_t *size, pln_error *err);

/*
 * A sketch out of bytes, which may come from anybody. Of `options`, seed and allocator count. options NULL: if the seed is not 0 the sketch can be merged, rotated and
 * written, and multiplied with another, but no value can be hashed for it.
 *
 * Errors: PLN_EDATA names field and value; PLN_ETYPE for another seed than the options'; PLN_EINVAL for the options' struct_size; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_count_min_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_count_min_read(pln_runtime *runtime, const pln_count_min_options *options,
                                      const uint8_t *bytes, int64_t size, pln_count_min **out,
                                      pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
