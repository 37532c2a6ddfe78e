/*
 * The groups of one window: keys to dense numbers, and the values that the keys are made of.
 */
#ifndef PLN__WINDOW_KEY_GROUPS_H
#define PLN__WINDOW_KEY_GROUPS_H

#include "column/column.h"
#include <pln/key.h>

/* Key values in the order of their groups: what rows brought since the last settling, and arrays before. */
typedef struct pln__key_chunk {
    struct ArrowArray *columns; /* one a key column */
    int64_t first, n;
} pln__key_chunk;

typedef struct pln__key_groups {
    const pln_allocator *mem;
    const struct ArrowSchema *keys_schema; /* struct of the key columns; borrowed */
    uint32_t *slots; /* group + 1; 0: free */
    uint64_t n_slots;
    int shift; /* the slot of a key is the upper bits of its product */
    uint8_t *keys; /* PLN_KEY_SIZE bytes a group */
    int64_t n, capacity;
    pln__column *tail; /* one a key column */
    pln__key_chunk *chunks;
    int64_t n_chunks, chunks_capacity;
} pln__key_groups;

pln_status pln__key_groups_init(pln__key_groups *g, const pln_allocator *mem,
                                const struct ArrowSchema *keys_schema, pln_error *err);
void pln__key_groups_free(pln__key_groups *g);
int64_t pln__key_groups_bytes(const pln__key_groups *g);
/*
 * out[i]: the group of key i, new ones in the order of their first row. Row i of the keys is row rows[i] of `batch` (NULL: row first + i), whose columns
 * key_columns[] a new group takes its values from.
 */
typedef struct pln__group_rows {
    const struct ArrowArray *batch;
    const int64_t *key_columns;
    const int32_t *rows;
    int64_t first, n;
} pln__group_rows;
pln_status pln__key_groups_find(pln__key_groups *g, const uint8_t *keys,
                                const pln__group_rows *from, int32_t *out, pln_error *err);
/* The group of a key, -1 if there is none. */
int32_t pln__key_groups_get(const pln__key_groups *g, const uint8_t *key);
/* The same groups for other keys: those of another window, each with its values. */
pln_status pln__key_groups_adopt(pln__key_groups *g, pln__key_groups *from, const int32_t *groups,
                                 int64_t n, int32_t *out, pln_error *err);
/* Values of key column `c` of these groups (NULL: all) to the end of `out`. */
pln_status pln__key_groups_values(pln__key_groups *g, int64_t c, const int32_t *groups, int64_t n,
                                  pln__column *out, pln_error *err);
/* For checkpoints: count, keys, and the values as one array a column. */
pln_status pln__key_groups_write(pln__key_groups *g, pln__buffer *out, pln_error *err);
pln_status pln__key_groups_read(pln__key_groups *g, const uint8_t *bytes, int64_t size,
                                int64_t *used, pln_error *err);

#endif
