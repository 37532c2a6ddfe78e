/*
 * Private to profiles: what is kept of a column.
 */
#ifndef PLN__QUALITY_PROFILE_H
#define PLN__QUALITY_PROFILE_H

#include "base/number.h"
#include "quality/moments.h"
#include "quality/quality.h"
#include "sketch/value.h"

enum {
    PLN__PROFILE_OTHER = 0, /* nested, null: only counted */
    PLN__PROFILE_INTEGER,   /* also booleans, dates and times */
    PLN__PROFILE_UNSIGNED,  /* uint64 */
    PLN__PROFILE_DECIMAL,
    PLN__PROFILE_FLOAT,
    PLN__PROFILE_BYTES
};
enum {
    PLN__PROFILE_PENDING = PLN__MOMENTS_PENDING,
    PLN__PROFILE_TEXT_MOST = 128, /* bytes of an extreme text that are kept */
    PLN__PROFILE_ITEM_MOST = 256, /* a longer text is not looked for among the frequent ones */
    PLN__PROFILE_TOP_MOST = 1000
};
/* As many as a sketch of quantiles takes; no count can overflow. */
#define PLN__PROFILE_ROWS_MOST ((int64_t)1 << 60)

/* A text, or the first PLN__PROFILE_TEXT_MOST bytes of one that is longer. */
typedef struct pln__profile_text {
    int32_t size;
    int32_t cut;
    uint8_t bytes[PLN__PROFILE_TEXT_MOST];
} pln__profile_text;

typedef struct pln__profile_column {
    const struct ArrowSchema *field; /* the column's; of a dictionary too */
    const struct ArrowSchema *of_values;
    pln__type type; /* of the values */
    int32_t kind;
    int64_t nulls;
    int64_t nans;
    int64_t zeros;
    int64_t negatives;
    pln__int128 least, most;       /* INTEGER, UNSIGNED, DECIMAL: unscaled */
    double least_float, most_float;
    pln__profile_text least_text, most_text;
    int64_t shortest, longest;
    int64_t length_sum;
    int64_t values; /* neither null nor NaN */
    pln__running running;
    pln_hll *hll;
    pln_quantiles *quantiles;
    pln_top_k *top;
    char type_text[PLN__TYPE_TEXT_SIZE];
    char *minimum, *maximum; /* lent */
} pln__profile_column;

struct pln_profile {
    pln_allocator mem;
    pln_profile_options options;
    struct ArrowSchema schema;
    pln__profile_column *columns;
    int64_t n_columns;
    int64_t rows;
    pln_top_k_entry *entries; /* options.top of them, for reports */
    pln__text json;           /* lent */
    pln__text suite;          /* lent */
    pln__buffer bytes;        /* lent */
};

/* ---- one column (profile_column.c) ---- */

pln_status pln__profile_column_open(pln_profile *profile, pln__profile_column *column,
                                    const struct ArrowSchema *field, pln_error *err);
void pln__profile_column_free(pln_profile *profile, pln__profile_column *column);
pln_status pln__profile_column_add(pln__profile_column *column, const struct ArrowArray *array,
                                   pln_error *err);
pln_status pln__profile_column_merge(pln__profile_column *into, const pln__profile_column *from,
                                     pln_error *err);
static inline bool pln__profile_has_mean(const pln__profile_column *c) {
    return c->kind != PLN__PROFILE_OTHER && c->kind != PLN__PROFILE_BYTES &&
           c->type.id < PLN__DATE32;
}

/* The most frequent values to profile->entries; *n of them. */
pln_status pln__profile_frequent(pln_profile *profile, const pln__profile_column *column,
                                 int64_t *n, pln_error *err);

/* ---- values as text (profile_text.c) ---- */

/* An integer or decimal of the column's type. */
void pln__profile_put_integer(pln__text *out, const pln__profile_column *column, pln__int128 value);
void pln__profile_put_float(pln__text *out, double value);
/* Text as it is, other bytes in hexadecimal. */
void pln__profile_put_bytes(pln__text *out, const pln__profile_column *column, const uint8_t *bytes,
                            int64_t size);
/* A value as sketches take it: <sketch/value.h>. */
void pln__profile_put_item(pln__text *out, const pln__profile_column *column, const uint8_t *bytes,
                           int64_t size);
/* Minimum and maximum to column->minimum and column->maximum. */
pln_status pln__profile_extremes(pln_profile *profile, pln__profile_column *column, pln_error *err);

#endif
