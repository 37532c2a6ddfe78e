/*
 * Room window: rows in event time.
 *
 * Job: times of rows, watermarks, windows, aggregates by key and window.
 * Must not know: nodes, runs, clocks other than through an argument.
 * Invariants: what is late, what a window holds and when it fires are functions of the sequence of rows, never of where batches begin and end; times are
 * microseconds since 1970 UTC and at most PLN__TIME_LIMIT away from it; windows are [start, end) and begin at multiples of their slide from 1970 or an offset, never at
 * the first row; a watermark never goes back; INT64_MIN is "none yet" and INT64_MAX the end of the rows.
 */
#ifndef PLN__WINDOW_H
#define PLN__WINDOW_H

#include "column/column.h"

/* ---- times of rows (event_time.c) ---- */

/* Metadata of a schema: the name of the column, and, where that is of integers, what they count: "s", "ms", "us" or "ns". */
#define PLN__EVENT_TIME "pln.event_time"
#define PLN__EVENT_TIME_UNIT "pln.event_time.unit"
#define PLN__TIME_LIMIT (INT64_MAX / 4)
#define PLN__NO_TIME INT64_MIN

typedef struct pln__event_time {
    int64_t column;
    pln__type type;
    int32_t unit; /* PLN__SECOND .. PLN__NANO */
    bool is_date;
} pln__event_time;
/*
 * `column` NULL: the one that the schema's metadata names. A timestamp, a date, or an integer that counts units since 1970 (`unit`, -1 where
 * none is known). PLN_EOPTION, PLN_ENAME, PLN_ETYPE name the column.
 */
pln_status pln__event_time_bind(const struct ArrowSchema *in, const char *column, int32_t unit,
                                pln__event_time *out, pln_error *err);
/* PLN__SECOND .. PLN__NANO of "s" .. "ns"; -1 for all else, NULL too. */
int32_t pln__event_time_unit(const char *name);
pln_status pln__event_time_mark(struct ArrowSchema *out, const char *column, int32_t unit,
                                pln_error *err);
/* out[i]: the time of row i, rounded down; PLN__NO_TIME for nulls and times beyond the limit. How many of those there are. */
int64_t pln__event_time_read(const pln__event_time *time, const struct ArrowArray *batch,
                             int64_t *out);

/* ---- watermarks (watermark.c) ---- */

enum {
    PLN__BOUNDED = 0,   /* greatest time so far - bound - 1 */
    PLN__PUNCTUATED = 1 /* the greatest of the marks that rows bring */
};

typedef struct pln__watermark_split {
    char *name;
    int64_t greatest; /* time, or mark; PLN__NO_TIME: none yet */
} pln__watermark_split;

/* The watermark of a sequence of rows, or the least of those of its splits. */
typedef struct pln__watermarks {
    const pln_allocator *mem;
    int32_t strategy;
    int64_t bound_us;
    pln__watermark_split *splits;
    int64_t n_splits, capacity;
    int64_t now; /* the last one; INT64_MIN: none yet */
} pln__watermarks;

/* Rows of one split (NULL and "" are one): times, or marks for PLN__PUNCTUATED. before[i] is the watermark that holds before row i. */
pln_status pln__watermarks_add(pln__watermarks *w, const char *split, const int64_t *times,
                               int64_t n, int64_t *before, pln_error *err);
/* The watermark is at least this. */
void pln__watermarks_raise(pln__watermarks *w, int64_t watermark_us);
/* As bytes for a checkpoint, little-endian: now, count, then name size, name and greatest of each split. PLN_ECORRUPT. */
pln_status pln__watermarks_write(const pln__watermarks *w, pln__buffer *out, pln_error *err);
pln_status pln__watermarks_read(pln__watermarks *w, const uint8_t *bytes, int64_t size,
                                pln_error *err);
void pln__watermarks_free(pln__watermarks *w);

#endif
