/*
 * What every sketch takes for the values of a column: bytes that are equal where the values are, whatever their width.
 *
 * Texts and binaries are their bytes, decimals their 16; booleans, integers, dates and times are widened to 64 bits and floats to float64, -0.0 to 0.0 and
 * every NaN to one; dictionaries are what they refer to. Numbers are little-endian on every machine.
 */
#ifndef PLN__SKETCH_VALUE_H
#define PLN__SKETCH_VALUE_H

#include "base/little.h"
#include "column/column.h"

typedef struct pln__sketch_column {
    pln__type type;  /* of the values */
    pln__type index; /* of the column: PLN__DICTIONARY, or that of the values */
    const struct ArrowArray *rows;
    const struct ArrowArray *values;
} pln__sketch_column;

/*
 * Holds the array to its schema, in full where its indices are about to be followed. `what` begins the message: "HLL sketch".
 * PLN_EUNSUPPORTED for a type that is nested or null, PLN_EDATA.
 */
pln_status pln__sketch_column_open(const char *what, const struct ArrowSchema *schema,
                                   const struct ArrowArray *array, pln__sketch_column *out,
                                   pln_error *err);

/* Whether the values stand in the column's own buffers as they are hashed: 8 bytes each, in machine order. */
bool pln__sketch_column_is_words(const pln__sketch_column *column);

/* The bytes of row i, which is not null, of the array of the values; a number is put to *word. */
const void *pln__sketch_bytes(const pln__type *type, const struct ArrowArray *values, int64_t i,
                              uint64_t *word, int64_t *size);

/* The row of the values that row i refers to; -1 for a null. */
static inline int64_t pln__sketch_row(const pln__sketch_column *c, int64_t i) {
    if (!pln__array_valid(c->rows, i))
        return -1;
    if (c->index.id != PLN__DICTIONARY)
        return i;
    pln__type index = c->index;
    index.id = index.index_id;
    i = pln__array_int(&index, c->rows, i);
    return pln__array_valid(c->values, i) ? i : -1;
}

/* The bytes of row i; NULL for a null. */
static inline const void *pln__sketch_value(const pln__sketch_column *c, int64_t i, uint64_t *word,
                                            int64_t *size) {
    int64_t row = pln__sketch_row(c, i);
    return row < 0 ? NULL : pln__sketch_bytes(&c->type, c->values, row, word, size);
}

#endif
