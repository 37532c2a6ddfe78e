/*
 * Deduplication index: has this key been seen? Exact, in memory that is known for each key, whole batches at a time.
 *
 *     pln_dedup *seen;
 *     pln_dedup_new(rt, NULL, &seen, &err);
 *     pln_keys_batch(keys, rows, key, &err);                              <pln/key.h>: 16 bytes a row
 *     pln_dedup_batch(seen, key, NULL, rows->length, fresh, NULL, &err);  bit i of fresh: row i is the first of its key
 *
 * The index holds whole keys, so that two rows are taken for one only if their keys are equal. A question reads one line of
 * memory as a rule, and the lines of many keys are asked for before the first is looked at.
 *
 *     memory     20 to 22 bytes a key, 29 to 33 with a payload, once there are some ten thousand
 *     growth     by a part of some thousand keys at a time: no call waits for the whole
 *
 * A payload is a number beside each key: a time, so that old keys can be forgotten (pln_dedup_expire), a version, or where a row stands.
 *
 * Beyond a budget of memory keys can move to a store behind the index (pln_dedup_store), oldest first. A Bloom filter of what is there
 * keeps most keys that are new from being asked for.
 *
 * Keys from an adversary: where a key stands in the index depends on the seed, so that keys that were chosen to collide do not, if it is secret. What two
 * different rows with one key do is decided where keys are made: PLN_KEY_SHA256.
 *
 * The index is saved in pieces (pln_dedup_write), each of at most the size that the caller chooses, of little-endian numbers:
 *
 *      0  "PLND"
 *      4  u8   version, 1
 *      5  u8   1 with payloads, 0 without
 *      6  u16  0
 *      8  u32  keys n, from 1
 *     12  u32  0
 *     16  n keys of 16 bytes, in no order that means anything
 *         n i64 payloads, if there are any
 *      end  u64  XXH3_64bits, seed 0, of all before it
 *
 * Functions that take an index that is not const change it: calls on one index come one at a time.
 */
#ifndef PLN_DEDUP_H
#define PLN_DEDUP_H

#include <pln/allocator.h>
#include <pln/key.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_dedup pln_dedup;

#define PLN_DEDUP_PIECE_MIN 64 /* the least room for a piece */

/*
 * Where keys go that no longer fit. Both calls get at most 1024 keys of PLN_KEY_SIZE bytes, and `payloads` NULL where the index has none. An error of
 * theirs is the error of the call on the index, which is of no use from then on.
 */
typedef struct pln_dedup_store {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    /* Bit i of found (zeroed): key i is there; then payloads[i] is what was put last. */
    pln_status (*get)(void *user, const uint8_t *keys, int64_t n, uint8_t *found, int64_t *payloads,
                      pln_error *err);
    /* A key that is there already gets the new payload. Keys of a call, and of calls one after the other, are near each other in the order of their hashes. */
    pln_status (*put)(void *user, const uint8_t *keys, const int64_t *payloads, int64_t n,
                      pln_error *err);
} pln_dedup_store;

typedef struct pln_dedup_options {
    uint32_t struct_size;
    int32_t payload;                /* 1: a number beside each key [0] */
    int64_t expected;               /* keys that room is made for at once [0] */
    int64_t memory_limit;           /* bytes; 0: none; with a store at least 131072 [0] */
    uint64_t seed;                  /* of where keys stand; secret if keys come from strangers [0] */
    const pln_dedup_store *store;   /* copied; NULL: beyond memory_limit calls fail [NULL] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_dedup_options;

typedef struct pln_dedup_info {
    uint32_t struct_size;
    int32_t payload;
    int64_t count;        /* keys in memory */
    int64_t stored;       /* keys that went to the store, each time that they went */
    int64_t memory_bytes;
    int64_t asked;        /* keys that the store was asked for */
    int64_t asked_in_vain; /* of them, those that were not there */
} pln_dedup_info;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_dedup_options_init(pln_dedup_options *options, uint32_t size);

/*
 * An empty index. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ELIMIT if `expected` keys do not fit into memory_limit; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_dedup_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_dedup_new(pln_runtime *runtime, const pln_dedup_options *options,
                                 pln_dedup **out, pln_error *err);

/*
 * Free an index. What went to the store stays there. NULL is allowed.
 *
 * Errors: none.
 * Owner: the index is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_dedup_free(pln_dedup *dedup);

/*
 * Look n keys up, one after the other, and add those that are not there. Bit i of `fresh`, which has (n + 7) / 8 bytes, is 1 where key i was new, and 0
 * where it was there, be it from a key before it in this call. payloads[i] goes with key i if it is new; held[i], unless `held` is NULL, is what goes with
 * key i afterwards: its own, or that of the first.
 *
 * Errors: PLN_EINVAL for a negative n, and for payloads given to an index without, or not given to one with them; PLN_ELIMIT at the
 * memory limit and PLN_ENOMEM: some keys were added, and what `fresh` and `held` hold is undefined; what the store answers.
 * Owner: all arrays are borrowed for the call; `fresh` and `held` are filled.
 * Threads: one at a time.
 * Blocks: while the store does.
 */
PLN_API pln_status pln_dedup_batch(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                                   int64_t n, uint8_t *fresh, int64_t *held, pln_error *err);

/*
 * Forget all keys whose payload is less than `before`, which never goes back: at once as far as answers are concerned. Their memory is used again as the
 * index needs it; pln_dedup_sweep gives it back.
 *
 * Errors: PLN_EINVAL for an index without payloads.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_dedup_expire(pln_dedup *dedup, int64_t before, pln_error *err);

/*
 * Give back memory of forgotten keys: looks at the next `keys` of the index or some thousands more, in turn; INT64_MAX: at all. *removed (may be NULL) is how many went.
 *
 * Errors: PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_dedup_sweep(pln_dedup *dedup, int64_t keys, int64_t *removed,
                                   pln_error *err);

/*
 * Forget all keys in memory, and that there are any in the store: its owner empties it, too, or no longer finds what was put before.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_dedup_clear(pln_dedup *dedup);

/*
 * How many keys are in memory, those among them that were forgotten and not yet swept.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_dedup_count(const pln_dedup *dedup);

/*
 * The bytes that the index holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_dedup_memory(const pln_dedup *dedup);

/*
 * What the index is and holds.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_dedup_info_get(const pln_dedup *dedup, pln_dedup_info *out);

/*
 * The next piece of the saved form of what is in memory, in out[0, capacity); *size is how long it is. *cursor is 0 for the first piece and moved on by each
 * call; the index must not be changed between. Keys that were forgotten are left out. PLN_EOS: there was nothing left, *size is 0. Of an index with a store
 * the caller saves what is in the store himself.
 *
 * Errors: PLN_EINVAL for a capacity below PLN_DEDUP_PIECE_MIN or a cursor that is none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_dedup_write(const pln_dedup *dedup, int64_t *cursor, uint8_t *out,
                                   int64_t capacity, int64_t *size, pln_error *err);

/*
 * Add the keys of a piece, which may come from anybody. A key that is there keeps its payload.
 *
 * Errors: PLN_EDATA names field and value; PLN_ETYPE for payloads that the index has not, or that are missing; PLN_ELIMIT, PLN_ENOMEM: some keys were added.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: while the store does.
 */
PLN_API pln_status pln_dedup_read(pln_dedup *dedup, const uint8_t *bytes, int64_t size,
                                  pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
