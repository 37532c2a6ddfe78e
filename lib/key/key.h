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
/* pln_dedup_new with the allocator itself. */
pln_status pln__dedup_new(const pln_allocator *mem, const pln_dedup_options *options,
                          pln_dedup **out, pln_error *err);

/*
 * Keys one by one, for who decides what becomes of each: fetch asks for what n keys (at most PLN__DEDUP_FETCH) will touch and gives their hashes; then, for
 * each, pln__dedup_one finds the key or adds it with this payload. *stands is its payload, to be read and changed until the next call; true in *fresh: the key is
 * new. Only an index with payloads and without a store.
 */
enum { PLN__DEDUP_FETCH = 64 };
pln_status pln__dedup_fetch(pln_dedup *dedup, const uint8_t *keys, int64_t n, uint64_t *hashes,
                            pln_error *err);
pln_status pln__dedup_one(pln_dedup *dedup, const uint8_t *key, uint64_t hash, int64_t payload,
                          int64_t **stands, bool *fresh, pln_error *err);
/* Which of n keys are there: bit i of `found`, (n + 7) / 8 bytes. Nothing is added. Only an index without a store. */
void pln__dedup_has(const pln_dedup *dedup, const uint8_t *keys, int64_t n, uint8_t *found);
/* At most n of the keys, from *cursor (0 at first) on; how many, 0 at the end. Only an index without a store. */
int64_t pln__dedup_next(const pln_dedup *dedup, int64_t *cursor, uint8_t *keys, int64_t n);

#endif
