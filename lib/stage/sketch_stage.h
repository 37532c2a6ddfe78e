/*
 * What the stages sketch and sketch.merge share: kinds of sketches behind one table, and groups of rows with a sketch for each column asked for.
 */
#ifndef PLN__SKETCH_STAGE_H
#define PLN__SKETCH_STAGE_H

#include "key/key.h"
#include "sketch/sketch.h"
#include "stage/stage.h"

/* What a column of the configuration asks for; only what is of its kind is set. */
typedef struct pln__sketch_wish {
    char *name;   /* of the column that is made */
    char *column; /* that is added up; NULL in sketch.merge, whose input column has the same name */
    const struct pln__sketch_kind *kind;
    int64_t precision; /* hll */
    int64_t capacity;  /* top_k */
    int64_t k;         /* quantiles */
    double epsilon;    /* count_min */
    double delta;
    uint64_t seed;
} pln__sketch_wish;

typedef struct pln__sketch_kind {
    const char *name;  /* "hll" */
    const char *magic; /* of its native form */
    pln_status (*make)(const pln_allocator *mem, const pln__sketch_wish *wish, void **out,
                       pln_error *err);
    pln_status (*add)(void *sketch, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, pln_error *err);
    pln_status (*merge)(void *into, const void *from, pln_error *err);
    /* Bytes of another seed than the wish's are PLN_ETYPE. */
    pln_status (*read)(const pln_allocator *mem, const pln__sketch_wish *wish, const uint8_t *bytes,
                       int64_t size, void **out, pln_error *err);
    int64_t (*size)(const void *sketch);
    pln_status (*write)(const void *sketch, uint8_t *out, int64_t size, pln_error *err);
    void (*free)(void *sketch);
} pln__sketch_kind;

const pln__sketch_kind *pln__sketch_kind_named(const char *name);
/* By the first four bytes; NULL: none. */
const pln__sketch_kind *pln__sketch_kind_of(const uint8_t *bytes, int64_t size);

/* The sketches of one group, one for each wish; NULL where no value has come yet. */
typedef struct pln__sketch_group {
    int64_t rows;
    bool kept; /* a row of it was not rejected */
    void **sketches;
    const pln__sketch_kind **kinds;
} pln__sketch_group;

typedef struct pln__sketch_groups {
    const pln_allocator *mem;
    pln__sketch_wish *wishes; /* lent */
    int64_t n_wishes;
    struct ArrowSchema out; /* key columns, rows, a binary column for each wish */
    int64_t n_keys;
    int64_t *key_columns; /* in the input */
    uint8_t secret[PLN_KEY_SECRET_MIN]; /* so that nobody can make rows that fall into another group */
    pln_keys *keys;
    pln__map *index; /* key to group */
    pln__column *key_values; /* of each group, a column each */
    pln__sketch_group *list;
    int64_t n, capacity;
    pln__buffer scratch;
    int32_t *group_of; /* of each row of the batch at hand */
    int64_t group_of_capacity;
    int32_t *order; /* rows by group */
    int64_t order_capacity;
} pln__sketch_groups;

/* `in`: the input's schema, `key_names`: n of its columns. */
pln_status pln__sketch_groups_open(pln__sketch_groups *g, const struct ArrowSchema *in,
                                   const char *const *key_names, int64_t n, pln_error *err);
void pln__sketch_groups_close(pln__sketch_groups *g);
/* The group of each row to g->group_of; new ones are made. */
pln_status pln__sketch_groups_find(pln__sketch_groups *g, const struct ArrowArray *rows,
                                   pln_error *err);
/* The same for rows of g->out, which were saved: their key columns come first. */
pln_status pln__sketch_groups_restore(pln__sketch_groups *g, const struct ArrowArray *rows,
                                      pln_error *err);
/* Values of the wishes' columns, columns[i] of wish i. */
pln_status pln__sketch_groups_add(pln__sketch_groups *g, const struct ArrowSchema *in,
                                  const struct ArrowArray *rows, const int64_t *columns,
                                  pln_error *err);
/*
 * Sketches of row `row`, in columns[i], into its group, as those of `count` rows: all of them or, where one cannot be, none: PLN_EDATA or PLN_ETYPE, and
 * *bad is the wish.
 */
pln_status pln__sketch_groups_merge(pln__sketch_groups *g, const struct ArrowArray *rows,
                                    const int64_t *columns, int64_t row, int64_t count,
                                    int64_t *bad, pln_error *err);
/* All groups, in the order of their first rows, as rows of g->out. */
pln_status pln__sketch_groups_rows(pln__sketch_groups *g, struct ArrowArray *out, pln_error *err);
pln_status pln__sketch_groups_clear(pln__sketch_groups *g, pln_error *err);

#endif
