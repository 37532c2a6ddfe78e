/*
 * Private to the stage dedup: which rows are the first of their key (dedup.c), rows that wait until it is known which one of their key stays
 * (dedup_held.c), both as saved state (dedup_state.c), keys in the state file (dedup_store.c).
 */
#ifndef PLN__STAGE_DEDUP_H
#define PLN__STAGE_DEDUP_H

#include "key/key.h"
#include "sketch/sketch.h"
#include "stage/stage.h"

enum { PLN__KEEP_FIRST, PLN__KEEP_LAST, PLN__KEEP_HIGHEST };
enum { PLN__SCOPE_FOREVER, PLN__SCOPE_TTL, PLN__SCOPE_HORIZON, PLN__SCOPE_EPOCH };
enum { PLN__DEDUP_OUT = 0, PLN__DEDUP_DUPLICATE = 1, PLN__DEDUP_LATE = 2 };
/* Rows that are copied out of what is held are emitted and saved so many at a time. */
enum { PLN__HELD_PART = 4096 };

/* The row that stands for a key now; slot -1: its key is closed. `first` is when its key came. */
typedef struct pln__held_row {
    int32_t slot;
    int32_t row;
    int64_t first;
} pln__held_row;

/* A batch of which rows are held. */
typedef struct pln__held_batch {
    pln_batch *batch; /* NULL: the slot is free */
    int64_t live;
} pln__held_batch;

/* Numbers of keys, in the order in which they close: by `first`, then by number. */
typedef struct pln__held_queue {
    int64_t *ids;
    int64_t n, capacity;
} pln__held_queue;

/* Keys are numbered as they come; rows[id - base] is that of key `id`. */
typedef struct pln__held {
    pln__held_row *rows;
    int64_t base, n, capacity;
    pln__held_batch *batches;
    int64_t n_batches, batches_capacity;
    int64_t live, pinned; /* rows that are held, rows of all batches that are */
    pln__held_queue queue; /* of a scope that ends key by key */
    pln__column out, losers; /* copies on their way */
    bool ready;              /* these two have a schema */
} pln__held;

typedef struct pln__dedup_stage {
    const pln_allocator *mem;
    const char **fields;
    int64_t n_fields;
    char *version, *event_time;
    int32_t keep, scope;
    bool use_bloom, updates;
    int64_t span; /* ttl or horizon, µs */
    double error;
    int64_t expected, budget;
    uint64_t seed;

    struct ArrowSchema schema;
    pln_keys *keys;
    int64_t version_column, time_column;
    pln__type time_type;
    pln_dedup *index;
    pln_bloom *bloom;
    int64_t latest; /* the greatest event time, or the clock's, so far; INT64_MIN: none */
    pln__held held;

    /* keys that the budget has no room for go to the run's state file */
    bool spills;
    pln_context *ctx;   /* of the slot that is running, for the store */
    int64_t generation; /* of scope "epoch": what other epochs put there is not found */

    pln__buffer key_bytes, bits, numbers;
    pln__picks picks, duplicates, late;
    int64_t reported[3]; /* what the metrics stand at: keys, bytes, bound */
    int64_t told[3];     /* of this process: spilled, asked, asked in vain */
} pln__dedup_stage;

static inline bool pln__dedup_holds(const pln__dedup_stage *s) {
    return s->keep != PLN__KEEP_FIRST;
}
/* What came first before this is forgotten. */
static inline int64_t pln__dedup_before(const pln__dedup_stage *s) {
    return s->latest == INT64_MIN ? INT64_MIN : pln__add_clamped(s->latest, -s->span);
}
/* Keys of the node's seed; made anew where a saved state has another one. */
pln_status pln__dedup_keys_new(pln__dedup_stage *s, const struct ArrowSchema *in, pln_error *err);
pln_status pln__dedup_stores_new(pln__dedup_stage *s, pln_error *err);
void pln__dedup_stores_free(pln__dedup_stage *s);

/* dedup_store.c */
/* Whether the run has a state file to put keys to. */
pln_status pln__dedup_store_ask(pln__dedup_stage *s, pln_context *ctx, pln_error *err);
pln_dedup_store pln__dedup_store(pln__dedup_stage *s);
/* An epoch ends: keys that are forgotten may go out of the state file, too. */
pln_status pln__dedup_store_expire(pln__dedup_stage *s, pln_context *ctx, pln_error *err);

/* dedup_held.c */
void pln__held_free(pln__dedup_stage *s, pln_context *ctx);
/* The stage's schema is known, or another one. */
pln_status pln__held_schema(pln__dedup_stage *s, pln_error *err);
/* Rows of a batch, whose keys stand in s->key_bytes; times (of scopes that have some) beside them. */
pln_status pln__held_process(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch,
                             const int64_t *times, pln_error *err);
/* The scope of all keys ends: what is held leaves. */
pln_status pln__held_end(pln__dedup_stage *s, pln_context *ctx, pln_error *err);
/* A row that a saved state has: of a batch of which the stage takes note, and a key that came at `first`. */
pln_status pln__held_restore(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch,
                             const uint8_t *firsts, pln_error *err);

/* dedup_state.c */
pln_status pln__dedup_save(void *self, pln_context *ctx, int64_t n, pln_error *err);
pln_status pln__dedup_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                           pln_error *err);

#endif
