/*
 * A reservoir: k rows chosen at random from a stream of unknown length, every set of k rows equally likely, in one pass.
 *
 * Either the reservoir keeps the rows as bytes:
 *
 *     pln_reservoir *sample;
 *     pln_reservoir_new(rt, &options, &sample, &err);                     options.k = 1000
 *     pln_reservoir_add(sample, row, size, &err);                         any number of times
 *     pln_reservoir_item(sample, i, &number, &bytes, &size, &err);        0 <= i < held
 *
 * or it only says which rows of a batch are to be put where, and the program keeps them in k slots of its own:
 *
 *     for (int64_t at = 0; at < rows; at += taken) {
 *         pln_reservoir_offer(sample, rows - at, picks, 64, &count, &taken, &err);
 *         for (i = 0; i < count; i++)  slots[picks[i].slot] = row at + picks[i].row of the batch;
 *     }
 *
 * The first k rows fill the slots; row i, counted from 1, then comes in with a probability of k / i and takes a slot at random (algorithm R; J. S. Vitter,
 * "Random sampling with a reservoir", 1985). Rows that do not come in are not looked at: how many they are is drawn at once, as a geometric number
 * with the chance of the next row, and the row reached then comes in with its own chance divided by that one. A stream of n rows costs about
 * k (1 + ln(n / k)) draws. What is to come depends on n and the coin alone, so that a merged reservoir goes on as any other.
 *
 * The share of rows with a property, as seen in a sample of m of n rows, has the standard error sqrt(p (1 - p) / m * (n - m) / (n - 1)):
 *
 *     m         at p = 0.5    at p = 0.01
 *     100       5.0 %         1.0 %
 *     1,000     1.6 %         0.31 %
 *     10,000    0.5 %         0.10 %
 *
 * Memory is 24 bytes for each slot, as many as the next power of two above those in use, and the bytes of the rows.
 *
 * The same rows in the same order with the same seed give the same sample, bit for bit, however they are divided into calls.
 *
 * Rows from an adversary: who knows seed or bytes can foresee which rows will come in and put his own there, or keep them out. Give each reservoir a secret
 * random seed. The bytes hold the state of the coin; whoever sees them knows what is to come.
 *
 * The serialized form, of little-endian numbers:
 *
 *      0  "PLNR"
 *      4  u8   version, 1
 *      5  u8   0, three times
 *      8  u32  k
 *     12  u32  0
 *     16  u64  n
 *     24  u64  number of the next row
 *     32  u64  which row, counted from 1, comes in next; 0 while n is less than k
 *     40  u64  state of the coin
 *     48  u64  how many bytes all items have
 *     56  for each of min(n, k) slots: u64 number of the row, u32 how many bytes
 *         the bytes, slot by slot
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_RESERVOIR_H
#define PLN_RESERVOIR_H

#include <pln/allocator.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_reservoir pln_reservoir;

typedef struct pln_reservoir_options {
    uint32_t struct_size;
    int32_t k;                      /* 1 to 1048576 [1000] */
    uint64_t seed;                  /* of the coin [0] */
    int64_t first_row;              /* the number of the first row [0], at most 2^60 */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_reservoir_options;

typedef struct pln_reservoir_info {
    uint32_t struct_size;
    int32_t k;
    int64_t n;    /* rows that came by */
    int64_t held; /* min(n, k) */
    int64_t next_row;
    int64_t item_bytes;
    int64_t memory_bytes;
} pln_reservoir_info;

/* Row `row` of what was given goes to slot `slot`, whatever is there. */
typedef struct pln_reservoir_pick {
    int64_t row;
    int64_t slot;
} pln_reservoir_pick;

/* ---- life ---- */

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_reservoir_options_init(pln_reservoir_options *options, uint32_t size);

/*
 * An empty reservoir. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_reservoir_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_new(pln_runtime *runtime, const pln_reservoir_options *options,
                                     pln_reservoir **out, pln_error *err);

/*
 * Free a reservoir and its items. NULL is allowed.
 *
 * Errors: none.
 * Owner: the reservoir is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_reservoir_free(pln_reservoir *reservoir);

/*
 * A second reservoir of the same rows, which goes on as the first one.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_reservoir_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_copy(const pln_reservoir *reservoir, pln_reservoir **out,
                                      pln_error *err);

/*
 * Forget all rows. The coin and the numbers of the rows go on where they are.
 *
 * Errors: none.
 * Owner: items are gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_reservoir_clear(pln_reservoir *reservoir);

/*
 * What the reservoir is and holds.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_reservoir_info_get(const pln_reservoir *reservoir, pln_reservoir_info *out);

/*
 * The bytes that the reservoir holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_reservoir_memory(const pln_reservoir *reservoir);

/* ---- rows ---- */

/*
 * `n` rows come by. picks[0, *count) say which of them go to which slot, in order: one that comes later may take the slot of one before. It ends when
 * `capacity` picks are full or all rows came by; *taken is how many did, and the others are to be offered again. A slot taken loses the bytes it had.
 *
 * Errors: PLN_EINVAL for a negative n or a capacity below 1; PLN_ELIMIT beyond 2^60 rows; PLN_ENOMEM. No row came by then.
 * Owner: `picks` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_offer(pln_reservoir *reservoir, int64_t n,
                                       pln_reservoir_pick *picks, int64_t capacity, int64_t *count,
                                       int64_t *taken, pln_error *err);

/*
 * One row comes by, of which the reservoir copies the bytes if it comes in.
 *
 * Errors: PLN_EINVAL for a size that is negative or above 2^31 - 1; PLN_ELIMIT beyond 2^60 rows; PLN_ENOMEM. The row did not come by then.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_add(pln_reservoir *reservoir, const void *bytes, int64_t size,
                                     pln_error *err);

/*
 * The row in a slot: its number, and the bytes that it was added with, none if it was offered. Any of `number`, `bytes` and `size` may be NULL.
 *
 * Errors: PLN_EINVAL for a slot that is not in use.
 * Owner: *bytes is the reservoir's, until it changes.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_item(const pln_reservoir *reservoir, int64_t slot, int64_t *number,
                                      const void **bytes, int64_t *size, pln_error *err);

/*
 * The standard error of a share that was seen in the sample, 0 to 1. 0 while every row is held; NaN for a share that is none.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API double pln_reservoir_error(const pln_reservoir *reservoir, double share);

/*
 * `into` becomes a sample of the rows of both: as many of each as a draw from all of them brings (hypergeometric). picks[0, *count), which has room for k, say
 * which slots of `from` (as `row`) go to which slots of `into`; it may be NULL with `count`; numbers of rows are kept: give parts of one stream their first_row.
 *
 * Errors: PLN_ETYPE for another k; PLN_EINVAL if both are one; PLN_ELIMIT beyond 2^60 rows; PLN_ENOMEM, and `into` is as before.
 * Owner: `from` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_merge(pln_reservoir *into, const pln_reservoir *from,
                                       pln_reservoir_pick *picks, int64_t *count, pln_error *err);

/* ---- bytes ---- */

/*
 * How many bytes the serialized form has.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_reservoir_size(const pln_reservoir *reservoir);

/*
 * Write the serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_reservoir_size.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_write(const pln_reservoir *reservoir, uint8_t *out,
                                       int64_t capacity, int64_t *size, pln_error *err);

/*
 * A reservoir out of bytes, which may come from anybody. It goes on as the one that was written. `allocator` NULL: the runtime's.
 *
 * Errors: PLN_EDATA names field and value; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_reservoir_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_reservoir_read(pln_runtime *runtime, const pln_allocator *allocator,
                                      const uint8_t *bytes, int64_t size, pln_reservoir **out,
                                      pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
