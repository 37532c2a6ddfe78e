/*
 * Private to this room: the symbols of an enum, a dictionary of utf8 whose field names them in its metadata (PLN__SYMBOLS). A value
 * is one of them or rejects its record; the dictionary is all of them in their order, so that an index means the same symbol in
 * every batch. It is made once for a decoder, and all batches share it.
 */
#ifndef PLN__FORMAT_SYMBOLS_H
#define PLN__FORMAT_SYMBOLS_H

#include "column/column.h"

#define PLN__SYMBOLS_MAX 65536

typedef struct pln__symbols {
    pln__map *index;          /* from symbol to place */
    struct ArrowArray values; /* the dictionary */
} pln__symbols;

/* Those of all columns of a decoder: columns with the same list share it, for a schema may use one enum a thousand times. */
typedef struct pln__symbol_sets {
    pln__map *by_list; /* from the text of the list to its pln__symbols */
} pln__symbol_sets;

/*
 * *out are the symbols of the column, NULL if it has none: no enum, or one of any values. From now on its arrays have them as dictionary, and
 * who writes the column puts indices. PLN_ESYNTAX and PLN_ELIMIT name the column and what is wrong with the list.
 */
pln_status pln__symbols_bind(pln__symbol_sets *sets, uint64_t seed, pln__column *column,
                             const pln__symbols **out, pln_error *err);
void pln__symbol_sets_free(const pln_allocator *mem, pln__symbol_sets *sets);

/* The index of the text, -1 if it is no symbol. */
static inline int64_t pln__symbols_find(const pln__symbols *symbols, const void *text,
                                        int64_t size) {
    int64_t index = -1;
    (void)pln__map_get(symbols->index, text, size, &index);
    return index;
}

/* "expected one of red, green, blue, got 'gren'", or of more: "expected one of 212 symbols, got 'gren' (did you mean 'green'?)". */
#define PLN__SYMBOLS_TEXT_SIZE 200
void pln__symbols_refusal(const pln__symbols *symbols, const void *text, int64_t size,
                          char out[PLN__SYMBOLS_TEXT_SIZE]);

#endif
