/*
 * Windows over keyed rows: which rows each holds, when it fires, what comes out.
 *
 *     pln__windows_new(mem, &spec, in, &w, &err);
 *     pln__windows_add(w, rows, times, before, &late, &err);      in order, with the watermark before each
 *     pln__windows_advance(w, watermark, &err);
 *     pln__windows_take(w, &array, &watermarks, &err);     what fired since
 *
 * Rules, as Apache Flink has them (docs/dev/datastream/operators/windows): a window fires when the watermark reaches its end - 1; a row is late for a window when the watermark has
 * reached end - 1 + allowed lateness; a row that comes between these fires its key and window again at once. A row that is late for all of its windows is late. Windows that are due
 * together fire by their ends, keys by their first rows. Sessions of a key that touch or overlap are one.
 */
#ifndef PLN__WINDOWS_H
#define PLN__WINDOWS_H

#include "window/aggregate.h"
#include "window/groups.h"
#include "window/window.h"
#include "window/zone.h"

enum {
    PLN__WINDOW_ALIGNED = 0, /* tumbling: slide = size; hopping: slide < size */
    PLN__WINDOW_SESSION = 1,
    PLN__WINDOW_GLOBAL = 2, /* one for ever; fires at the end of the rows, and each every_rows */
    PLN__WINDOW_CALENDAR = 3
};
/* A row is in at most so many windows. */
#define PLN__WINDOWS_PER_ROW 100000

typedef struct pln__windows_spec {
    int32_t kind;
    bool discarding; /* a window is empty again after each firing; else it goes on from where it was */
    int64_t size_us, slide_us, offset_us, gap_us;
    const pln__zone *zone; /* of the calendar; outlives the windows */
    pln__time_field field; /* PLN__DAY, PLN__WEEK, PLN__MONTH, PLN__QUARTER, PLN__YEAR */
    int64_t lateness_us;
    int64_t every_rows; /* besides, fire a key's window at so many rows since it fired last; 0: no */
    const char *const *keys; /* names of columns */
    int64_t n_keys;
    const pln__aggregate_spec *aggregates;
    const char *const *names; /* of their columns */
    int64_t n_aggregates;
} pln__windows_spec;

typedef struct pln__windows pln__windows;
/* PLN_EINVAL, PLN_ENAME, PLN_ETYPE, PLN_ELIMIT. The spec and `in` are copied. */
pln_status pln__windows_new(const pln_allocator *mem, const pln__windows_spec *spec,
                            const struct ArrowSchema *in, pln__windows **out, pln_error *err);
void pln__windows_free(pln__windows *w);
/* Of what take gives: the keys, window_start, window_end, window_time (= end - 1; not for global windows), the aggregates. Lent. */
const struct ArrowSchema *pln__windows_schema(const pln__windows *w);

/* Rows that were late for all of their windows, ascending; valid until the next call. */
typedef struct pln__late {
    const int32_t *rows;
    int64_t n;
} pln__late;
/*
 * Rows of the input, their times, none of them PLN__NO_TIME (global windows: NULL), and the watermark before each (NULL: the one of the last advance). After an
 * error the windows can only be freed.
 */
pln_status pln__windows_add(pln__windows *w, const struct ArrowArray *rows, const int64_t *times,
                            const int64_t *before, pln__late *late, pln_error *err);
pln_status pln__windows_advance(pln__windows *w, int64_t watermark_us, pln_error *err);
/*
 * What has fired: *n rows (0: nothing, and *out is not touched), each with the watermark before the firing in *before, which is lent until the next call.
 */
pln_status pln__windows_take(pln__windows *w, struct ArrowArray *out, const int64_t **before,
                             int64_t *n, pln_error *err);

/* Whole state as bytes, between two calls and with nothing to take. PLN_ECORRUPT. */
pln_status pln__windows_write(pln__windows *w, pln__buffer *out, pln_error *err);
pln_status pln__windows_read(pln__windows *w, const uint8_t *bytes, int64_t size, pln_error *err);
int64_t pln__windows_bytes(const pln__windows *w);
/* Why has nothing fired yet: windows that are open, the earliest end among them (INT64_MAX: none), and the watermark. */
typedef struct pln__windows_status {
    int64_t open, next_end_us, watermark_us, groups;
} pln__windows_status;
void pln__windows_look(const pln__windows *w, pln__windows_status *out);

#endif
