/* The parts of windows.h: buckets (bucket.c), aligned windows (aligned.c), sessions (sessions.c), results (results.c), bytes (windows_form.c). */
#ifndef PLN__WINDOWS_INTERNAL_H
#define PLN__WINDOWS_INTERNAL_H

#include "window/assign.h"
#include "window/windows.h"

/* Groups and one state of each aggregate for every group. Of a window, of a pane that several windows share, or of all sessions. */
typedef struct pln__bucket {
    int64_t start;
    pln__key_groups groups;
    pln__states **states; /* one an aggregate */
    int64_t *since;       /* rows since the last firing, a group each; NULL unless every_rows or discarding */
    int64_t since_capacity;
    int32_t first_run, last_run; /* of rows that wait to be added; -1: none */
} pln__bucket;

/* Rows [first, first + n) of the batch at work, which wait to be added to a bucket. */
typedef struct pln__run {
    int64_t first, n;
    pln__bucket *bucket;
    int32_t next; /* of the same bucket; -1: none */
} pln__run;

/* A key's session: [start, end), end its last row's time + gap. The state with its number is its own. */
typedef struct pln__session {
    int64_t start, end;
    int64_t due;   /* of its entry in the heap; others of its number are out of date */
    int64_t order; /* sessions by their first rows */
    int64_t since; /* rows since the last firing */
    int32_t next;  /* of the same key, later; of a free one, the next free one; -1: none */
    int32_t key;   /* -1: the number is free */
    int32_t fired; /* the window as it is has fired */
    int32_t reserved;
} pln__session;

typedef struct pln__session_due {
    int64_t due, order;
    int32_t session;
    int32_t reserved;
} pln__session_due;

struct pln__windows {
    const pln_allocator *mem;
    pln__windows_spec spec; /* texts and lists are not kept in it */
    pln__assign assign, by_pane;
    bool panes; /* a bucket is a pane of several windows, which are put together when they fire */
    struct ArrowSchema in, keys_schema, out;
    int64_t *key_columns;
    pln_keys *keys;        /* NULL: without keys, or of one column of integers */
    pln__type integer_key; /* width 0: none */
    pln__aggregate **aggregates;
    int64_t watermark; /* up to which everything has fired */
    int64_t next_due;  /* nothing fires before the watermark reaches this */

    pln__bucket **buckets; /* ascending by start */
    int64_t n_buckets, buckets_capacity;
    pln__bucket *sums; /* panes of one window put together */

    pln__bucket *by_key; /* sessions: groups are keys, without states */
    pln__bucket *held;   /* sessions: states are those of sessions, without groups */
    int32_t *heads;      /* a key's first session */
    int64_t heads_capacity;
    pln__session *sessions;
    int64_t n_sessions, sessions_capacity, open_sessions;
    int32_t free_session; /* list by next */
    int64_t next_order;
    pln__session_due *due; /* a heap by due, then order */
    int64_t n_due, due_capacity;
    int64_t n_waiting; /* rows row_of[] for the sessions group_of[] */
    int32_t *row_key;  /* the key of each row of the batch at work */
    int64_t row_key_capacity;

    pln__run *runs;
    int64_t n_runs, runs_capacity;
    pln__buffer key_bytes, row_keys; /* PLN_KEY_SIZE a row */
    int64_t *zeros; /* times in the global window */
    int64_t zeros_capacity;
    int32_t *group_of, *row_of, *late;
    int64_t group_of_capacity, row_of_capacity, late_capacity, n_late;

    pln__column *results; /* a column each */
    int64_t *results_before;
    int64_t results_capacity, n_results;
    struct ArrowArray *taken; /* scratch for take: the columns */
    const struct ArrowArray *rows; /* of the batch at work */
};

/* Rows since a firing are counted up to here: no run has so many, and what a state says can be added to. */
#define PLN__SINCE_MOST ((int64_t)1 << 56)
static inline int64_t pln__since_add(int64_t since, int64_t rows) {
    return since + rows < PLN__SINCE_MOST ? since + rows : PLN__SINCE_MOST;
}

/* bucket.c */
pln_status pln__bucket_new(pln__windows *w, int64_t start, bool groups, bool states,
                           pln__bucket **out, pln_error *err);
void pln__bucket_free(pln__windows *w, pln__bucket *bucket);
/* Rows [row, row + n) of the batch at work wait to be added, and all that wait are added. */
pln_status pln__bucket_wait(pln__windows *w, pln__bucket *bucket, int64_t row, int64_t n,
                            pln_error *err);
pln_status pln__buckets_flush(pln__windows *w, pln_error *err);
/* n rows, rows[] or from `first` on, go in; group_of[0, n) says where. */
pln_status pln__bucket_add(pln__windows *w, pln__bucket *bucket, const int32_t *rows, int64_t first,
                           int64_t n, pln_error *err);
pln_status pln__bucket_merge(pln__windows *w, pln__bucket *into, pln__bucket *from,
                             const int32_t *groups, int64_t n, pln_error *err);
pln_status pln__bucket_clear(pln__windows *w, pln__bucket *bucket, pln_error *err);
void pln__bucket_reset(pln__windows *w, pln__bucket *bucket, const int32_t *groups, int64_t n);

/* results.c: these groups' values at the end of the results. `states_of` NULL: of `bucket`, by the same numbers. */
typedef struct pln__firing {
    pln__bucket *keys;     /* whose values */
    const int32_t *groups; /* NULL: all n */
    pln__bucket *values;   /* whose states */
    const int32_t *states;
    int64_t n;
    int64_t start, end;
    int64_t before; /* the watermark before it fired */
} pln__firing;
pln_status pln__results_add(pln__windows *w, const pln__firing *firing, pln_error *err);

/* aligned.c */
/* Of the bucket that holds a time. */
int64_t pln__bucket_start(const pln__windows *w, int64_t time);
pln_status pln__aligned_add(pln__windows *w, const int64_t *times, const int64_t *before, int64_t n,
                            pln_error *err);
pln_status pln__aligned_advance(pln__windows *w, int64_t watermark_us, pln_error *err);
/* After reading: when the next window is due. */
void pln__aligned_plan(pln__windows *w);

/* sessions.c */
pln_status pln__sessions_add(pln__windows *w, const int64_t *times, const int64_t *before,
                             int64_t n, pln_error *err);
pln_status pln__sessions_advance(pln__windows *w, int64_t watermark_us, pln_error *err);
pln_status pln__sessions_restore(pln__windows *w, pln_error *err);
/* The numbers of the open sessions in their order, in row_of[]. */
pln_status pln__sessions_list(pln__windows *w, pln_error *err);

#endif
