/*
 * Room key: rows as canonical bytes, keys made of them, and which keys have been seen.
 *
 * Job: the published encoding of chosen fields of a row (pln-keys(7)), whole batches at a time, and its hashes. The deduplication
 * index (<pln/dedup.h>, dedup.h).
 * Must not know: formats, nodes, files.
 * Invariants: the bytes of version 1 never change; equal values of one class have equal bytes, different rows different ones; nothing is
 * allocated per row; no byte of a row is read before its size has been found.
 */
#ifndef PLN__KEY_H
#define PLN__KEY_H

#include "column/column.h"
#include <pln/dedup.h>
#include <pln/key.h>

/* pln_keys_new with the allocator itself. */
pln_status pln__keys_new(const pln_allocator *mem, const struct ArrowSchema *schema,
                         const char *const *fields, int64_t n_fields,
                         const pln_keys_options *options, pln_keys **out, pln_error *err);
/* With a store the budget is at least this: what is laid out anew has to fit, too. */
enum { PLN__DEDUP_BUDGET_LEAST = 1 << 17 };
/* pln_dedup_new with the allocator itself. */
pln_status pln__dedup_new(const pln_allocator *mem, const pln_dedup_options *options,
                          pln_dedup **out, pln_error *err);

/*
 * Keys one by one, for who decides what becomes of each, in an index with payloads: fetch asks for what n keys, at most PLN__DEDUP_FETCH, will touch and gives
 * their hashes; then, for each in turn, pln__dedup_one finds key i of them or adds it with this payload. *stands is its payload; true in *fresh: the key
 * is new. pln__dedup_set gives a key another payload, until the next fetch.
 */
enum { PLN__DEDUP_FETCH = 512 };
/* How many keys are best fetched at a time: few for the caches, many for a store. */
int64_t pln__dedup_step(const pln_dedup *dedup);
pln_status pln__dedup_fetch(pln_dedup *dedup, const uint8_t *keys, int64_t n, uint64_t *hashes,
                            pln_error *err);
typedef struct pln__dedup_asked {
    const uint8_t *key;
    uint64_t hash;
    int64_t i;
} pln__dedup_asked;
pln_status pln__dedup_one(pln_dedup *dedup, const pln__dedup_asked *asked, int64_t payload,
                          int64_t *stands, bool *fresh, pln_error *err);
pln_status pln__dedup_set(pln_dedup *dedup, const pln__dedup_asked *asked, int64_t payload,
                          pln_error *err);
/* Which of n keys are there: bit i of `found`, (n + 7) / 8 bytes. Nothing is added. Only an index without a store. */
void pln__dedup_has(const pln_dedup *dedup, const uint8_t *keys, int64_t n, uint8_t *found);
/* At most n of the keys, from *cursor (0 at first) on; how many, 0 at the end. Only an index without a store. */
int64_t pln__dedup_next(const pln_dedup *dedup, int64_t *cursor, uint8_t *keys, int64_t n);

/*
 * With a store. Keys go there by the first bits of their hashes: `order` gives these, so that a store that is sorted by them first is written in one place at a
 * time. What the index knows of the store is saved by who saves the store: filter `which`, 0 or 1, as bytes; a size of 0: there is nothing in it. Reading
 * comes before keys are added; PLN_ECORRUPT: the bytes are not such a filter of an index with these options.
 */
uint64_t pln__dedup_order(const pln_dedup *dedup, const uint8_t *key);
int64_t pln__dedup_filter_size(const pln_dedup *dedup, int which);
pln_status pln__dedup_filter_write(const pln_dedup *dedup, int which, uint8_t *out,
                                   int64_t capacity, int64_t *size, pln_error *err);
pln_status pln__dedup_filter_read(pln_dedup *dedup, int which, const uint8_t *bytes, int64_t size,
                                  pln_error *err);

#endif
