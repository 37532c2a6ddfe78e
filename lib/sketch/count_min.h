/*
 * Private to Count-Min. Values come by the part: hashed together, then turned into places, the counters of all rows, then counted; so that the loads of
 * many values are under way at once.
 */
#ifndef PLN__SKETCH_COUNT_MIN_H
#define PLN__SKETCH_COUNT_MIN_H

#include "sketch/value.h"
#include <pln/count_min.h>

enum {
    PLN__COUNT_MIN_ROWS = 32,
    PLN__COUNT_MIN_BITS = 26, /* columns at most */
    PLN__COUNT_MIN_PANES = 1024,
    PLN__COUNT_MIN_PLACES = 1024, /* of one part, all rows together */
    PLN__COUNT_MIN_PART = 128     /* values, of few rows */
};

/* Sums without their signs; they stay at INT64_MAX. No counter of the pane is farther from 0 than both together. */
typedef struct pln__count_min_sums {
    int64_t added;
    int64_t removed;
} pln__count_min_sums;

/*
 * Loops over counters of one width. Places are indices into one pane, places[r * n + i] for row r of value i. Weights are added up to the ends; a counter that is at
 * an end stays there.
 */
typedef struct pln__count_min_loops {
    int64_t most;
    void (*fetch)(const void *pane, const uint32_t *places, int64_t n);
    /* By 1 each, where no counter can come to its end. */
    void (*count)(void *pane, const uint32_t *places, int64_t n);
    void (*add)(void *pane, const uint32_t *places, const int64_t *weights, int64_t n,
                int32_t rows);
    /* Value by value: what is less than the least and the weight together is raised to that. */
    void (*raise)(void *pane, const uint32_t *places, const int64_t *weights, int64_t n,
                  int32_t rows);
    void (*least)(const void *pane, const uint32_t *places, int64_t n, int32_t rows, int64_t *out);
    /* Of one row: what stands there is added to out. */
    void (*sum)(const void *pane, const uint32_t *places, int64_t n, int64_t *out);
    void (*join)(void *into, const void *from, int64_t n); /* where none can come to its end */
    void (*merge)(void *into, const void *from, int64_t n);
    int64_t (*ends)(const void *counters, int64_t n); /* how many are at one */
    int64_t (*get)(const void *counters, int64_t i);
    void (*put)(void *counters, int64_t i, int64_t value);
} pln__count_min_loops;
extern const pln__count_min_loops pln__count_min_loops_32, pln__count_min_loops_64;

struct pln_count_min {
    pln_allocator mem;
    int32_t rows;
    int32_t bits; /* columns are 2^bits */
    int32_t counter_bits;
    int32_t update;
    int32_t panes;
    int32_t newest; /* the pane that is filled; the one behind it, cyclically, is the oldest */
    uint64_t seed;
    uint64_t fingerprint;
    bool seedless;
    bool far; /* a pane is larger than the nearer caches */
    uint32_t cpu;
    const pln__count_min_loops *loops;
    uint8_t *counters;           /* panes, rows, columns */
    pln__count_min_sums total[]; /* of each pane */
};

static inline int64_t pln__count_min_columns(const pln_count_min *cm) {
    return (int64_t)1 << cm->bits;
}
/* Counters of a pane. */
static inline int64_t pln__count_min_counters(const pln_count_min *cm) {
    return cm->rows * pln__count_min_columns(cm);
}
static inline int64_t pln__count_min_pane_bytes(const pln_count_min *cm) {
    return pln__count_min_counters(cm) * (cm->counter_bits / 8);
}
/* The pane that was begun `age` rotations ago, 0 <= age < panes. */
static inline int32_t pln__count_min_pane_at(const pln_count_min *cm, int32_t age) {
    return (cm->newest + cm->panes - age) % cm->panes;
}
static inline uint8_t *pln__count_min_pane(const pln_count_min *cm, int32_t pane) {
    return cm->counters + pane * pln__count_min_pane_bytes(cm);
}
/* Values of a part, so that its places fit. */
static inline int64_t pln__count_min_part(const pln_count_min *cm) {
    int64_t fit = PLN__COUNT_MIN_PLACES / cm->rows;
    return fit < PLN__COUNT_MIN_PART ? fit : PLN__COUNT_MIN_PART;
}
static inline int64_t pln__count_min_volume(const pln__count_min_sums *total) {
    return pln__add_clamped(total->added, total->removed);
}

/* ---- one sketch (count_min.c) ---- */

/* Of options that were checked: rows and columns are set. */
pln_status pln__count_min_make(pln_runtime *runtime, const pln_count_min_options *options,
                               pln_count_min **out, pln_error *err);
pln_status pln__count_min_struct(const pln_count_min_options *options, pln_error *err);
/* The sums of all panes. */
pln__count_min_sums pln__count_min_totals(const pln_count_min *cm);
/* Shape and seed; the update is the caller's to compare. */
pln_status pln__count_min_same_kind(const pln_count_min *a, const pln_count_min *b, pln_error *err);

/* ---- values to places (count_min_hash.c) ---- */

/* Where rows come from: keys with a validity, or a column. */
typedef struct pln__count_min_source {
    const uint64_t *keys;
    const uint8_t *validity;
    int64_t offset;
    const pln__sketch_column *column;
    int64_t n;
    int64_t next;
} pln__count_min_source;

/* The hashes of a part: of the rows from `first` on, or, where that is negative, of rows[0, n). */
typedef struct pln__count_min_lot {
    uint64_t hashes[PLN__COUNT_MIN_PART + 8];
    int64_t rows[PLN__COUNT_MIN_PART];
    int64_t first;
    int64_t n;
} pln__count_min_lot;

pln_status pln__count_min_may_hash(const pln_count_min *cm, pln_error *err);
/* Holds the array to its schema; *column is what *out refers to. */
pln_status pln__count_min_open(const struct ArrowSchema *schema, const struct ArrowArray *array,
                               pln__sketch_column *column, pln__count_min_source *out,
                               pln_error *err);
bool pln__count_min_is_null(const pln__count_min_source *source, int64_t i);
/* The next rows that are not null; false where there are no more. */
bool pln__count_min_next(const pln_count_min *cm, pln__count_min_source *source,
                         pln__count_min_lot *out);
/* Piece of the hashes behind `shift`, on `base`. */
void pln__count_min_cut(const uint64_t *hashes, int64_t n, int32_t shift, uint32_t mask,
                        uint32_t base, uint32_t *places);
/* places has room for rows * n. `hashes`, with room for 8 more, are used up. */
void pln__count_min_places(const pln_count_min *cm, uint64_t *hashes, int64_t n, uint32_t *places);
/* Of one value: as many as there are rows. */
void pln__count_min_places_of(const pln_count_min *cm, const void *bytes, int64_t size,
                              uint32_t *places);

/* ---- places (count_min_add.c, count_min_query.c) ---- */

/* Values of at most a part, by their places; weights NULL: 1 each. Conservative sketches take none below 0. */
void pln__count_min_put(pln_count_min *cm, const uint32_t *places, const int64_t *weights,
                        int64_t n);
void pln__count_min_least(const pln_count_min *cm, const uint32_t *places, int64_t n, int64_t *out);

#endif
