/*
 * Private to quantiles. Both kinds are kept as int64 keys whose order is that of the values, so that there is one sort and one merge.
 *
 * `items` is one block: values[0, filled) are the lowest level, in any order; then room; then the other levels, each in order, level i at
 * [start[i], start[i + 1]), the last one up to start[levels], the
 * capacity. Room is made only when a value comes and there is none, so that a sketch does not depend on how
 * its values were divided into calls.
 *
 * Level i stands for 2^(base + i) values. Below `base` there is a sampler. It takes the value at place pick mod 2^base of each 2^base values; of a part of them, seen,
 * it holds for every bit h of `seen` one candidate of 2^h values: what two neighbouring candidates of one size leave is decided by bit h of pick,
 * so that at last it is the value at that place, and for whole blocks the others need not be looked at.
 */
#ifndef PLN__SKETCH_QUANTILES_H
#define PLN__SKETCH_QUANTILES_H

#include "base/base.h"
#include "base/little.h"
#include "sketch/coin.h"
#include <pln/quantiles.h>

enum {
    PLN__QUANTILES_LOWEST = 8,
    PLN__QUANTILES_HIGHEST = 65535,
    PLN__QUANTILES_LEAST_SHARE = 8, /* of a level */
    PLN__QUANTILES_SPARE = 64,      /* more for the lowest level, so that not too few are sorted at a time */
    PLN__QUANTILES_SHARES = 17,     /* levels that have a share, at the highest k */
    PLN__QUANTILES_TOP = 60         /* a level above stands for more values than there may be */
};
#define PLN__QUANTILES_MOST ((int64_t)1 << PLN__QUANTILES_TOP)

/* A value held, and how many values are at most as great. */
typedef struct pln__quantiles_step {
    int64_t key;
    int64_t upto;
} pln__quantiles_step;

struct pln_quantiles {
    pln_allocator mem;
    int32_t k;
    int32_t kind;
    int32_t k_least;
    uint32_t cpu;
    uint64_t coin;
    int64_t n;
    int64_t nans;
    int64_t least; /* keys; INT64_MAX and INT64_MIN while there are none */
    int64_t greatest;
    int32_t base;
    int32_t levels;
    int32_t levels_most;
    int32_t filled;
    int32_t capacity;
    int32_t start[PLN__QUANTILES_TOP + 4];
    int32_t shares[PLN__QUANTILES_SHARES]; /* by the distance from the highest level */
    uint64_t paired;                           /* by level, as in the serialized form */
    uint64_t side;
    uint64_t pick;
    uint64_t seen;
    int64_t held[PLN__QUANTILES_TOP + 1];
    int64_t *items;
    int64_t *scratch; /* of half the capacity */
    pln__quantiles_step *view;
    int64_t view_size; /* 0: to be made */
};

/* ---- keys ---- */

/* The sign decides whether the other bits count upwards or downwards; its own inverse. */
static inline int64_t pln__quantiles_turn(int64_t bits) {
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}
static inline int64_t pln__quantiles_key(double value) {
    int64_t bits;
    value += 0.0; /* -0.0 */
    memcpy(&bits, &value, 8);
    return pln__quantiles_turn(bits);
}
static inline double pln__quantiles_value(int64_t key) {
    double value;
    key = pln__quantiles_turn(key);
    memcpy(&value, &key, 8);
    return value;
}
static inline double pln__quantiles_double(const pln_quantiles *q, int64_t key) {
    return q->kind == PLN_QUANTILES_INT64 ? (double)key : pln__quantiles_value(key);
}

/* ---- one sketch (quantiles.c) ---- */

pln_status pln__quantiles_make(pln_runtime *runtime, const pln_quantiles_options *options,
                               pln_quantiles **out, pln_error *err);
static inline bool pln__quantiles_exact(const pln_quantiles *q) {
    return q->base == 0 && q->levels == 1;
}
/* Where the first value lies that is not of the lowest level. */
static inline int32_t pln__quantiles_above(const pln_quantiles *q) {
    return q->start[1];
}
static inline int32_t pln__quantiles_population(const pln_quantiles *q, int32_t level) {
    return level == 0 ? q->filled : q->start[level + 1] - q->start[level];
}
static inline int32_t pln__quantiles_total(const pln_quantiles *q) {
    return q->filled + q->capacity - pln__quantiles_above(q);
}
static inline const int64_t *pln__quantiles_level(const pln_quantiles *q, int32_t level) {
    return level == 0 ? q->items : q->items + q->start[level];
}
/* Its order tells nothing; sorted it looks the same however it came about. */
void pln__quantiles_tidy(const pln_quantiles *q);

/* ---- levels (quantiles_levels.c) ---- */

/* Into the sampler, or the lowest level, making room: a value that stands for 2^level values, level <= base. */
void pln__quantiles_put(pln_quantiles *q, int32_t level, int64_t key);
/* Compacts the lowest level that has more than its share. */
void pln__quantiles_shrink(pln_quantiles *q);
/* Compacts the lowest level whole and makes it the sampler's. */
void pln__quantiles_retire(pln_quantiles *q);

/* ---- kernels (quantiles_kernels.c, quantiles_range_avx2.c) ---- */

/* n > 0. False if there is a NaN; *least and *greatest mean nothing then. */
typedef bool pln__quantiles_range_fn(const double *values, int64_t n, double *least,
                                     double *greatest);
pln__quantiles_range_fn pln__quantiles_range_words, pln__quantiles_range_avx2;
void pln__quantiles_range_int64(const int64_t *values, int64_t n, int64_t *least,
                                int64_t *greatest);
/* In order; `scratch` has room for n / 2. */
void pln__quantiles_sort(int64_t *items, int64_t n, int64_t *scratch);
/* a[0, m) and b[0, n), both in order; out may be b - m. */
void pln__quantiles_merge_runs(const int64_t *a, int64_t m, const int64_t *b, int64_t n,
                               int64_t *out);

#endif
