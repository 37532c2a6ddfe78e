/*
 * Private to aggregates: how rows come to the kinds, and what a kind has to give.
 *
 * Rows come in blocks of values that are not NULL, so that no loop over values asks about nulls, row lists, dictionaries or types: a block's values are widened to int64, double or
 * 128 bits first, where they do not lie so in the column already.
 */
#ifndef PLN__AGGREGATE_INTERNAL_H
#define PLN__AGGREGATE_INTERNAL_H

#include "base/little.h"
#include "base/number.h"
#include "window/aggregate.h"

enum { PLN__AGG_BLOCK = 256 };

/* ---- input (aggregate_block.c, aggregate_load_kernels.c) ---- */

/* n values to `room` (16 bytes each are enough), or where they lie: those of rows index[i], or first + i if index is NULL. */
typedef const void *pln__agg_load(const struct ArrowArray *values, int64_t first,
                                  const int32_t *index, int64_t n, void *room);
/*
 * As int64, uint64, double or the halves of 128 bits; as int64 or 128 bits in the same order; as words that are equal where values are, floats as float64; or their own bits, zeros
 * above. NULL: the type has none.
 */
pln__agg_load *pln__agg_load_values(int32_t type);
pln__agg_load *pln__agg_load_keys(int32_t type);
pln__agg_load *pln__agg_load_equal(int32_t type);
pln__agg_load *pln__agg_load_bits(const pln__type *type);
/* The value of a key, as its own bits. */
uint64_t pln__agg_bits_of_key(int32_t type, int64_t key);

/* Whether a value of the type has this key, these bits. */
bool pln__agg_is_key(const pln__type *type, int64_t key);
bool pln__agg_is_bits(const pln__type *type, uint64_t bits);

typedef struct pln__agg_column {
    int32_t child;
    pln__type type;  /* of the values */
    pln__type index; /* PLN__DICTIONARY, or the same */
    char *name;
    char *format; /* of the values */
    char text[PLN__TYPE_TEXT_SIZE];
} pln__agg_column;

typedef struct pln__agg_rows {
    const struct ArrowArray *batch;
    const int32_t *rows;
    int64_t first;
    const int32_t *groups;
    int32_t group;
    int64_t n;
} pln__agg_rows;

typedef struct pln__agg_block {
    int64_t n;
    int64_t first;
    const int32_t *index;  /* rows of the values; NULL: first, first + 1 ... */
    const int32_t *groups; /* NULL: all in the one of the rows */
    const struct ArrowArray *values;
    int64_t second_first; /* the same of a second column */
    const int32_t *second_index;
    const struct ArrowArray *second_values;
    int32_t room[3][PLN__AGG_BLOCK];
} pln__agg_block;

/* The next block of rows, of which *done have been; those where either column (second may be NULL) is null are not in it. PLN_EDATA for an index beyond its dictionary. */
pln_status pln__agg_next(const pln__agg_rows *rows, const pln__agg_column *column,
                         const pln__agg_column *second, int64_t *done, pln__agg_block *block,
                         pln_error *err);
/* The next block of the aggregate's one column in its scratch, with its values loaded; *words is NULL for texts. */
pln_status pln__agg_next_values(const pln__aggregate *aggregate, const pln__agg_rows *rows,
                                int64_t *done, const void **words, pln_error *err);
static inline int64_t pln__agg_row(const pln__agg_block *block, int64_t i) {
    return block->index == NULL ? block->first + i : block->index[i];
}
/* The words of value i, of one or two. */
static inline const uint64_t *pln__agg_words(const pln__type *type, const void *words, int64_t i) {
    return (const uint64_t *)words + (type->id == PLN__DECIMAL128 ? 2 * i : i);
}
static inline int32_t pln__agg_group(const pln__agg_block *block, const pln__agg_rows *rows,
                                     int64_t i) {
    return block->groups == NULL ? rows->group : block->groups[i];
}

/* Texts, and bytes of any width. */
static inline bool pln__agg_is_text(const pln__type *type) {
    return pln__type_is_bytes(type->id) || type->id == PLN__FIXED;
}

/* ---- a kind ---- */

typedef struct pln__agg_reader {
    const uint8_t *at, *end;
    bool cut;
} pln__agg_reader;
static inline const uint8_t *pln__agg_take(pln__agg_reader *reader, int64_t size) {
    const uint8_t *at = reader->at;
    if (size < 0 || size > reader->end - at) {
        reader->cut = true;
        return NULL;
    }
    reader->at += size;
    return at;
}
/* 0 beyond the end. */
static inline uint64_t pln__agg_take_64(pln__agg_reader *reader) {
    const uint8_t *at = pln__agg_take(reader, 8);
    return at == NULL ? 0 : pln__load_le64(at);
}

typedef void pln__agg_groups_fn(void *states, const void *values, const int32_t *groups, int64_t n);
typedef void pln__agg_one_fn(void *state, const void *values, int64_t n);
typedef void pln__agg_merge_fn(void *into, const int32_t *into_groups, const void *from,
                               const int32_t *from_groups, int64_t n);

/* An empty state is all zeros. */
typedef struct pln__agg_kind {
    int64_t size; /* of a state, in the array of all */
    pln_status (*add)(pln__states *states, const pln__agg_rows *rows, pln_error *err);
    pln_status (*merge)(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err);
    pln_status (*finish)(pln__states *states, void *state, pln__column *out, pln_error *err);
    pln_status (*write)(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err);
    /* `state` is empty. What is wrong goes to `err` as PLN_ECORRUPT without the place. */
    pln_status (*read)(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err);
    /* Give back what a state has besides its place; NULL: nothing. */
    void (*drop)(pln__states *states, void *state);
} pln__agg_kind;

/* One block at a time: of the aggregate and not on the stack, which hosts keep small and which is filled with zeros at every call. */
typedef struct pln__agg_scratch {
    pln__agg_block block;
    uint64_t values[2 * PLN__AGG_BLOCK];
    uint64_t orders[2 * PLN__AGG_BLOCK];
} pln__agg_scratch;

struct pln__aggregate {
    const pln_allocator *mem;
    pln__aggregate_spec spec;
    char *name;
    pln__agg_column column;
    pln__agg_column by;
    struct ArrowSchema out; /* the result's field */
    pln__agg_scratch *scratch;
    pln__type out_type;
    pln__agg_kind kind;
    pln__agg_load *load; /* of the column's values */
    pln__agg_load *load_by;
    const struct pln__agg_number *number; /* of kinds whose states are words: aggregate_number.c */
    const struct pln__agg_sketch *sketch; /* ... sketches: aggregate_sketch.c */
};

struct pln__states {
    const pln__aggregate *aggregate;
    pln_allocator mem; /* counts in `held` */
    int64_t held;
    int64_t n;
    int64_t capacity;
    uint8_t *states;
};

static inline void *pln__agg_state(const pln__states *states, int64_t group) {
    return states->states + group * states->aggregate->kind.size;
}
static inline int64_t pln__agg_at(const int32_t *groups, int64_t i) {
    return groups == NULL ? i : groups[i];
}

/* Choose loaders and kind, and make the result's field; PLN_ETYPE, PLN_EINVAL. */
pln_status pln__agg_number_open(pln__aggregate *aggregate, pln_error *err);
pln_status pln__agg_value_open(pln__aggregate *aggregate, pln_error *err);
pln_status pln__agg_distinct_open(pln__aggregate *aggregate, pln_error *err);
pln_status pln__agg_sketch_open(pln__aggregate *aggregate, pln_error *err);
pln_status pln__agg_collect_open(pln__aggregate *aggregate, pln_error *err);
/* "sum of column note: expected a number, got utf8". */
pln_status pln__agg_refuse(const pln__aggregate *aggregate, const pln__agg_column *column,
                           const char *expected, pln_error *err);
/* Make the result's field; format NULL: that of the column's values. */
pln_status pln__agg_field(pln__aggregate *aggregate, const char *format, int64_t n_children,
                          pln_error *err);
/* A parameter: 0 is the standard one, others are held to their range. */
pln_status pln__agg_default(int64_t *value, int64_t standard, int64_t least, int64_t most,
                            const char *name, pln_error *err);

/* A value of fixed width to the end of a column. */
pln_status pln__agg_put_bits(pln__column *out, const uint64_t bits[2], pln_error *err);

bool pln__agg_is_utf8(const uint8_t *bytes, int64_t size);
/* Words of a state, and texts behind their size. */
pln_status pln__agg_write_words(const pln_allocator *mem, pln__buffer *out, const uint64_t *words,
                                int64_t n, pln_error *err);
pln_status pln__agg_write_text(const pln_allocator *mem, pln__buffer *out, const uint8_t *bytes,
                               int64_t size, pln_error *err);
/* Lent; NULL beyond the end, or with an error for what is no value of the type: of another width, or no UTF-8. */
const uint8_t *pln__agg_read_text(pln__agg_reader *reader, const pln__type *type, int64_t *size,
                                  pln_error *err);

/* ---- states of words (aggregate_number_kernels.c) ---- */

/* Sums of integers: 2 * sum + (whether there was a value) in 128 bits, which is enough for 2^62 values. */
typedef struct pln__agg_sum {
    uint64_t low, high;
} pln__agg_sum;
typedef struct pln__agg_average {
    uint64_t low, high; /* sum */
    int64_t n;
} pln__agg_average;
/* Of decimals, of which two have more than 128 bits together. */
typedef struct pln__agg_long {
    uint64_t low, mid, high;
    int64_t n;
} pln__agg_long;
typedef struct pln__agg_float {
    double sum;
    int64_t n;
} pln__agg_float;
typedef struct pln__agg_moments {
    double mean;
    double squares;
    int64_t n;
} pln__agg_moments;
typedef struct pln__agg_least {
    int64_t key;
    int64_t seen;
} pln__agg_least;
typedef struct pln__agg_least_long {
    uint64_t low, high;
    int64_t seen;
} pln__agg_least_long;

typedef struct pln__agg_kernels {
    int32_t size;
    pln__agg_groups_fn *groups;
    pln__agg_one_fn *one;
    pln__agg_merge_fn *merge;
} pln__agg_kernels;
extern const pln__agg_kernels pln__agg_count, pln__agg_sum_i64, pln__agg_sum_u64, pln__agg_sum_long,
    pln__agg_sum_f64, pln__agg_avg_i64, pln__agg_avg_u64, pln__agg_moments_i64,
    pln__agg_moments_u64, pln__agg_moments_f64, pln__agg_min_i64, pln__agg_max_i64,
    pln__agg_min_long, pln__agg_max_long, pln__agg_first, pln__agg_last, pln__agg_first_long,
    pln__agg_last_long;

/* ---- arithmetic (aggregate_ratio.c) ---- */

/* The double nearest to a / b of 192 bits each, ties to even; b is not 0. */
double pln__agg_ratio(const uint64_t a[3], const uint64_t b[3]);

#endif
