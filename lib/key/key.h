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

#endif
