/*
 * Aggregates over groups: sum, least, average, quantile ... of the rows of each group, as states that grow row by row, merge, and can be written down.
 *
 * A pln__aggregate says what is asked of which column and never changes; it and all of its states are used by one thread at a time. A pln__states holds one state
 * for each group; a group is an index from 0 that the caller chooses, so keys, windows and panes are no business of this file:
 *
 *     pln__aggregate_new(mem, &spec, in, "total", &sum, &err);
 *     pln__states_new(sum, &states, &err);
 *     pln__states_grow(states, n_groups, &err);
 *     pln__states_add(states, batch, NULL, 0, group_of, batch->length, &err);
 *     pln__states_finish(states, NULL, n_groups, &column, &err);
 *
 * NULLs are left out as in SQL: a sum, least, average ... of no value is NULL, a count 0. NaN is the greatest number, equal to itself, -0.0 less than 0.0 (where one of
 * them must be chosen). A state is a function of the rows of its group in their order; how they were divided into calls leaves no trace. The state of two parts merged is
 * that of the whole for all kinds but float sums, averages and variances, whose last digits go by the order of additions, and for quantiles and top_k, which keep their error bounds.
 */
#ifndef PLN__AGGREGATE_H
#define PLN__AGGREGATE_H

#include "column/column.h"

typedef enum pln__aggregate_kind {
    PLN__AGG_COUNT = 1, /* of rows (column -1), or of values that are not NULL: int64 */
    PLN__AGG_SUM, /* integers: exact, int64 or of uint64 uint64; decimals: exact, 38 digits; floats: float64, in the order of rows */
    PLN__AGG_AVG, /* float64, of integers and decimals the nearest to the exact average */
    PLN__AGG_MIN, /* every type that is not nested */
    PLN__AGG_MAX,
    PLN__AGG_ANY,     /* booleans: whether one is true */
    PLN__AGG_ALL,     /* ... none is false */
    PLN__AGG_VAR_POP, /* numbers: float64; B. P. Welford 1962, merged as by T. Chan and others 1979 */
    PLN__AGG_VAR_SAMP, /* NULL of one value */
    PLN__AGG_STDDEV_POP,
    PLN__AGG_STDDEV_SAMP,
    PLN__AGG_FIRST, /* in the order of rows, and of what was merged */
    PLN__AGG_LAST,
    PLN__AGG_ARG_MIN, /* the value of `column` where `by` is least, the first of equal ones; rows where either is NULL are left out */
    PLN__AGG_ARG_MAX,
    PLN__AGG_COUNT_DISTINCT,        /* exact; `limit` values a group, more are PLN_ELIMIT */
    PLN__AGG_APPROX_COUNT_DISTINCT, /* <pln/hll.h>, `precision`; int64 */
    PLN__AGG_HLL,                   /* ... the sketch itself in its native form, binary */
    PLN__AGG_QUANTILE, /* <pln/quantiles.h>, `q`, `precision` its k; the column's type, of floats, decimals and uint64 float64 */
    PLN__AGG_TOP_K, /* <pln/top_k.h>, the `limit` heaviest of `precision` entries: list<struct<value, count int64>> */
    PLN__AGG_COLLECT, /* list of the first `limit` values */
    PLN__AGG_KINDS
} pln__aggregate_kind;

enum {
    PLN__AGG_OVERFLOW_NULL =
        1, /* a sum beyond its type is NULL; else PLN_EDATA, which names column and sum */
    PLN__AGG_TRUNCATE = 2 /* COLLECT: values beyond `limit` are left out; else PLN_ELIMIT */
};

typedef struct pln__aggregate_spec {
    int32_t kind;
    int32_t column; /* index into the batch's columns; -1: COUNT of rows */
    int32_t by;     /* ARG_MIN, ARG_MAX */
    uint32_t flags;
    double q;      /* QUANTILE: 0 to 1 */
    int64_t limit; /* COUNT_DISTINCT, COLLECT [1,000,000], TOP_K [10]; 0: the default */
    int32_t
        precision; /* APPROX_COUNT_DISTINCT, HLL 4 to 18 [14]; QUANTILE's k [200]; TOP_K's entries [1024]; 0: the default */
    uint64_t seed; /* of hashes and coins */
} pln__aggregate_spec;

/* "sum", "approx_count_distinct" ... and back; NULL, 0 for what is none. */
const char *pln__aggregate_kind_name(int32_t kind);
int32_t pln__aggregate_kind_named(const char *name);

typedef struct pln__aggregate pln__aggregate;
/* PLN_ETYPE names the column, its type and what was expected; PLN_EINVAL a parameter. `in` (a struct) and `name`, the result's, are copied. */
pln_status pln__aggregate_new(const pln_allocator *mem, const pln__aggregate_spec *spec,
                              const struct ArrowSchema *in, const char *name, pln__aggregate **out,
                              pln_error *err);
void pln__aggregate_free(pln__aggregate *aggregate);
/* The field of the result: lent, and a copy of one's own. */
const struct ArrowSchema *pln__aggregate_schema(const pln__aggregate *aggregate);
pln_status pln__aggregate_field(const pln__aggregate *aggregate, struct ArrowSchema *out,
                                pln_error *err);

typedef struct pln__states pln__states;
/* `aggregate` is borrowed and must outlive the states. */
pln_status pln__states_new(const pln__aggregate *aggregate, pln__states **out, pln_error *err);
void pln__states_free(pln__states *states);
/* At least n states; new ones are empty. */
pln_status pln__states_grow(pln__states *states, int64_t n, pln_error *err);
int64_t pln__states_count(const pln__states *states);
/* Empty again: all; groups[0, n). The room of the states stays; what each held besides is given back. */
void pln__states_clear(pln__states *states);
void pln__states_reset(pln__states *states, const int32_t *groups, int64_t n);
/* What they hold of the allocator, as an account kept with every change. */
int64_t pln__states_bytes(const pln__states *states);

/*
 * n rows of a batch (a struct array of ours with offset 0 and no nulls): rows[0, n), or first, first + 1 ... if `rows` is NULL. Row i goes to state groups[i]; or all to state
 * `group`, which is the faster way. After an error some of the rows are in the states, which remain whole. PLN_ELIMIT, PLN_EDATA name the aggregate; PLN_ENOMEM.
 */
pln_status pln__states_add(pln__states *states, const struct ArrowArray *batch, const int32_t *rows,
                           int64_t first, const int32_t *groups, int64_t n, pln_error *err);
pln_status pln__states_add_one_group(pln__states *states, const struct ArrowArray *batch,
                                     const int32_t *rows, int64_t first, int64_t n, int32_t group,
                                     pln_error *err);
/*
 * State into_groups[i] takes up from_groups[i], whose rows come behind its own. Both of one aggregate, or of two made from equal specs. NULL: 0, 1, ... n - 1. After an error as pln__states_add.
 */
pln_status pln__states_merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                             const int32_t *from_groups, int64_t n, pln_error *err);
/* One result a group to the end of `out`, which was made for the aggregate's field; the states stay as they are. groups NULL: 0, 1 ... */
pln_status pln__states_finish(pln__states *states, const int32_t *groups, int64_t n,
                              pln__column *out, pln_error *err);

/*
 * States as bytes, one after the other, little-endian on every machine; version, checksum and the aggregate they are of are the caller's to keep; `out` is of the aggregate's allocator. The reader overwrites the states of `groups`
 * (which exist) and says how many bytes it has *used; PLN_ECORRUPT names aggregate, state and field, and leaves the states it did not come to as they were.
 */
pln_status pln__states_write(const pln__states *states, const int32_t *groups, int64_t n,
                             pln__buffer *out, pln_error *err);
pln_status pln__states_read(pln__states *states, const int32_t *groups, int64_t n,
                            const uint8_t *bytes, int64_t size, int64_t *used, pln_error *err);

#endif
