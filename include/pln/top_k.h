/*
 * Top-k: the heaviest of many items, each with bounds that hold, from a fixed number of entries, whatever the number of items.
 *
 *     pln_top_k *pages;
 *     pln_top_k_new(rt, NULL, &pages, &err);
 *     pln_top_k_add_column(pages, schema, array, NULL, &err);                      any number of times
 *     pln_top_k_entry best[10] = {{.struct_size = sizeof best[0]}};
 *     pln_top_k_list(pages, PLN_TOP_K_NO_FALSE_POSITIVES, 0, 10, best, &found, &err);
 *
 * Every item has a weight each time it comes, 1 as a rule; its count is their sum. Of each item the sketch knows lower <= count <= upper, always: these
 * are no probabilities. It keeps up to k entries. When one more is needed and there is no room, the least quarter of them goes, and with the last of these all
 * that are equal to it; the greatest upper bound among those that went is the `error` of the sketch from then on: no item without an entry has more. An entry that comes may have
 * missed as much as the error is then, and nothing later; an item that comes early and stays is counted exactly.
 *
 *     error < 4/3 total / k      at most, of what was added (merging: see there); on skewed data far less
 *
 *     capacity k   error at most    on a Zipf law of exponent 1.1   memory at most, items of 8 bytes   of other sizes, besides
 *        256       0.52 %           0.25 %                          9 KiB                              11 bytes an entry and,
 *      1,024       0.13 %           0.05 %                          33 KiB    the default              for its bytes and 4 more,
 *     12,288       0.011 %          0.0026 %                        385 KiB                            at most three times their size
 *
 * That is Space-Saving (A. Metwally and others, "Efficient computation of frequent and top-k elements in data streams", 2005) with the purges of
 * D. Anderson and others, "A high-performance algorithm for identifying frequent items in data streams" (2017, arXiv:1705.07001). It measured best: the error is that of
 * Space-Saving with as many entries, for a sixth of the time of its heap, and the lower bounds lack what an entry missed and not the whole error, as those of
 * purging alone do. Buckets that replace their own least entry take as long, and the worst of them errs more.
 *
 * Items from an adversary: no order of items breaks a bound. Who knows the seed can choose items that all lie in one place, and so make adding slow: give a secret random
 * one where he may be. No answer and no byte depends on the seed, so that sketches of different seeds merge. Who chooses the items can bring the error to its most, and
 * fill the entries with items of the greatest length.
 *
 * The native form, of little-endian numbers; a reader holds every field to its range, the length to the fields, and all to the checksum:
 *
 *      0  "PLNT"
 *      4  u8   version, 1
 *      5  0, 3 bytes
 *      8  u32  capacity
 *     12  u32  item_bytes_limit
 *     16  u64  total of all weights
 *     24  u64  error
 *     32  u64  bytes of all items
 *     40  u32  how many entries
 *     44  u32  0
 *     48  the entries, in the order of pln_top_k_list:
 *           u64  upper bound, over the error
 *           u64  what may have been missed, at most the error: upper bound less lower bound
 *           u32  size of the item; its bytes
 *    end  u64  XXH3_64bits, seed 0, of all before it
 *
 * Calls on one sketch come one at a time.
 */
#ifndef PLN_TOP_K_H
#define PLN_TOP_K_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_top_k pln_top_k;

/* Serialized forms. */
enum {
    PLN_TOP_K_NATIVE = 1,
    PLN_TOP_K_DATASKETCHES_LONGS = 2,  /* images of Apache DataSketches' frequent items: of 64-bit numbers */
    PLN_TOP_K_DATASKETCHES_STRINGS = 3 /* ... and of texts */
};

/* Which items a list has. */
enum {
    PLN_TOP_K_NO_FALSE_POSITIVES = 1, /* lower > threshold: surely */
    PLN_TOP_K_NO_FALSE_NEGATIVES = 2  /* upper > threshold: perhaps */
};

typedef struct pln_top_k_options {
    uint32_t struct_size;
    int32_t reserved;
    int64_t capacity;               /* entries, 1 to 67,108,864 [1024] */
    int64_t item_bytes_limit;       /* of the longest item, 16 to 1,048,576 [4096] */
    uint64_t seed;                  /* of the hash [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_top_k_options;

typedef struct pln_top_k_info {
    uint32_t struct_size;
    int32_t reserved;
    int64_t capacity;
    int64_t item_bytes_limit;
    int64_t entries; /* at most capacity */
    int64_t total;
    int64_t error;
    int64_t memory_bytes;
} pln_top_k_info;

/* An item and its count: lower <= count <= upper, and the estimate is their middle. */
typedef struct pln_top_k_entry {
    uint32_t struct_size;
    int32_t reserved;
    const uint8_t *bytes; /* of a number its 8, little-endian */
    int64_t size;
    int64_t lower;
    int64_t estimate;
    int64_t upper;
} pln_top_k_entry;

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_top_k_options_init(pln_top_k_options *options, uint32_t size);

/*
 * An empty sketch. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's. Memory comes with the entries.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_top_k_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_new(pln_runtime *runtime, const pln_top_k_options *options,
                                 pln_top_k **out, pln_error *err);

/*
 * Free a sketch. NULL is allowed.
 *
 * Errors: none.
 * Owner: the sketch is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_top_k_free(pln_top_k *top);

/*
 * A second sketch that answers the same.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_top_k_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_copy(const pln_top_k *top, pln_top_k **out, pln_error *err);

/*
 * Forget all items.
 *
 * Errors: none.
 * Owner: what pln_top_k_list has lent is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_top_k_clear(pln_top_k *top);

/*
 * What the sketch is and holds.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_top_k_info_get(const pln_top_k *top, pln_top_k_info *out);

/*
 * The bytes that the sketch holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_top_k_memory(const pln_top_k *top);

/* ---- items ---- */

/*
 * Add one item by its bytes; one of no bytes is an item. A weight of 0 changes nothing.
 *
 * Errors: PLN_EINVAL for a negative weight; PLN_ELIMIT for an item over item_bytes_limit and for a total over 2^63 - 1; PLN_ENOMEM. The item was not added.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_add(pln_top_k *top, const void *bytes, int64_t size, int64_t weight,
                                 pln_error *err);

/*
 * Add values[0, n), each the item of its 8 little-endian bytes, with weights[0, n); NULL: 1 each. Signed numbers are their two's complement. Bit offset + i of `validity` is 0
 * where value i is null and is left out; NULL: there are no nulls. The sketch is then what it were had they come one by one.
 *
 * Errors: PLN_EINVAL for a negative n, offset or weight, PLN_ELIMIT for a total over 2^63 - 1: no row was added, and the message names it; PLN_ENOMEM: some rows may have been
 * added, and the sketch is one of those.
 * Owner: all arrays are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_add_uint64(pln_top_k *top, const uint64_t *values,
                                        const int64_t *weights, int64_t n, const uint8_t *validity,
                                        int64_t offset, pln_error *err);

/*
 * Add a column with weights[0, array->length), NULL: 1 each; nulls are left out, whatever their weight. Its buffers are aligned for their type, as the C Data Interface wants them
 * (pln_batch_import sees to it). Items are as in pln_hll_add_column: texts and binaries go by their bytes, decimals by their 16; booleans, integers, dates and times are widened to 64
 * bits and floats to float64, -0.0 to 0.0 and every NaN to one; dictionaries go by what they refer to.
 *
 * Errors: PLN_EUNSUPPORTED names a type that is none of these; PLN_EDATA for an array that does not fit its schema; PLN_EINVAL for a negative weight, PLN_ELIMIT for an item over
 * item_bytes_limit or a total over 2^63 - 1: in all of these no row was added; PLN_ENOMEM: some rows may have been added, and the sketch is one of those.
 * Owner: all are borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_add_column(pln_top_k *top, const struct ArrowSchema *schema,
                                        const struct ArrowArray *array, const int64_t *weights,
                                        pln_error *err);

/* ---- answers ---- */

/*
 * The count of an item: the middle of its bounds, which go to *lower and *upper (either may be NULL). For an item without an entry 0, between 0 and the error.
 *
 * Errors: none.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_top_k_estimate(const pln_top_k *top, const void *bytes, int64_t size,
                                   int64_t *lower, int64_t *upper);

/*
 * No bounds are further apart than this, and no item without an entry has a greater count. 0 as long as every item has one.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_top_k_error(const pln_top_k *top);

/*
 * The sum of all weights: what counts are shares of.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_top_k_total(const pln_top_k *top);

/*
 * The items over a threshold, by falling estimate, those of one estimate by rising bytes: the first `wanted` of them go to `out`, of which entry i + 1 lies out[0].struct_size bytes behind
 * entry i. *found is how many there are; more than wanted: the rest is not listed.
 *
 * The k heaviest of those that surely came: PLN_TOP_K_NO_FALSE_POSITIVES with threshold 0. Every item with a count over the threshold, and perhaps others:
 * PLN_TOP_K_NO_FALSE_NEGATIVES, with a threshold of pln_top_k_error or more.
 *
 * Errors: PLN_EINVAL for a guarantee that there is not, for a threshold under the error with no false negatives, for a negative `wanted`, for out->struct_size; PLN_ENOMEM.
 * Owner: set out->struct_size first if `wanted` is not 0; bytes of entries are the sketch's, lent until it changes.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_list(const pln_top_k *top, int32_t guarantee, int64_t threshold,
                                  int64_t wanted, pln_top_k_entry *out, int64_t *found,
                                  pln_error *err);

/*
 * Add all that was added to `from`: the bounds of all items hold for both together, and the errors add up, by a little more where the entries of both have no room. `into` keeps its
 * capacity and takes the greater item_bytes_limit. Of sketches whose items were all added here, however they were divided and merged, error < 4/3 total / k with the least capacity among them.
 *
 * Errors: PLN_ELIMIT for a total over 2^63 - 1; PLN_ENOMEM; `into` is as before.
 * Owner: `from` is borrowed for the call; it may be `into`, and its items count twice then.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_merge(pln_top_k *into, const pln_top_k *from, pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes a serialized form has; -1 if the sketch has no such form.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_top_k_size(const pln_top_k *top, int32_t form);

/*
 * Write a serialized form to out[0, capacity); *size is how long it is. Sketches that answer the same in all have the same bytes. To DataSketches every item goes with the whole error
 * between its bounds, which is all that its form can say.
 *
 * Errors: PLN_EUNSUPPORTED for PLN_TOP_K_DATASKETCHES_LONGS if an item has not 8 bytes; PLN_ELIMIT if capacity is less than pln_top_k_size; PLN_EINVAL for a form that there is
 * not; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_write(const pln_top_k *top, int32_t form, uint8_t *out,
                                   int64_t capacity, int64_t *size, pln_error *err);

/*
 * A sketch out of bytes, which may come from anybody. Of `options` (may be NULL), seed and allocator count; capacity and item_bytes_limit are those of the bytes. An image of DataSketches has a
 * capacity of three quarters of its most slots, 67,108,864 at most, its weights are lower bounds and its offset is the error. Memory is what the entries need.
 *
 * Errors: PLN_EDATA names field and value; PLN_EINVAL names the option or the form; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_top_k_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_top_k_read(pln_runtime *runtime, int32_t form,
                                  const pln_top_k_options *options, const uint8_t *bytes,
                                  int64_t size, pln_top_k **out, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
