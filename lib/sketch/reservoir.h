/*
 * Private to the reservoir. `slots` grows up to k, so that a large k costs nothing before the rows come.
 */
#ifndef PLN__SKETCH_RESERVOIR_H
#define PLN__SKETCH_RESERVOIR_H

#include "base/base.h"
#include "base/little.h"
#include "sketch/coin.h"
#include <pln/reservoir.h>

#define PLN__RESERVOIR_K_MOST ((int32_t)1 << 20)
#define PLN__RESERVOIR_MOST ((int64_t)1 << 60)
#define PLN__RESERVOIR_ROW_MOST ((int64_t)1 << 62)

typedef struct pln__reservoir_slot {
    int64_t row;
    uint8_t *bytes; /* NULL for none */
    int64_t size;
} pln__reservoir_slot;

struct pln_reservoir {
    pln_allocator mem;
    int32_t k;
    uint64_t coin;
    int64_t n;
    int64_t next_row;
    int64_t entry; /* the row, counted from 1, that comes in next; 0 while n < k */
    pln__reservoir_slot *slots;
    int64_t capacity;
    int64_t item_bytes;
};

static inline int64_t pln__reservoir_held(const pln_reservoir *r) {
    return r->n < r->k ? r->n : r->k;
}
pln_status pln__reservoir_reserve(pln_reservoir *r, int64_t slots, pln_error *err);
/* A copy of bytes; NULL for none. */
pln_status pln__reservoir_bytes(const pln_reservoir *r, const void *bytes, int64_t size,
                                uint8_t **out, pln_error *err);
/* What was in the slot goes; `bytes` becomes the reservoir's. */
void pln__reservoir_set(pln_reservoir *r, int64_t slot, int64_t row, uint8_t *bytes, int64_t size);
/* Draws the row that comes in next; n is at least k. */
void pln__reservoir_aim(pln_reservoir *r);

/* The natural logarithm of 0 < x <= 1, by the arithmetic that is the same on every machine, which the C library's is not. */
double pln__reservoir_log(double x);

#endif
