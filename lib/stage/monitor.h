/*
 * Private to stage monitor: what is watched, what the rows say of it, and how that is judged by the history.
 */
#ifndef PLN__STAGE_MONITOR_H
#define PLN__STAGE_MONITOR_H

#include "quality/baseline.h"
#include "quality/quality.h"
#include "stage/sketch_stage.h"
#include <jansson.h>

enum {
    PLN__WATCH_ROW_COUNT = 0,
    PLN__WATCH_NULL_RATE,
    PLN__WATCH_DISTINCT_RATE,
    PLN__WATCH_PSI,
    PLN__WATCH_KS,
    PLN__WATCH_SCHEMA,
    PLN__WATCH_FRESHNESS,
    PLN__WATCHES
};
enum { PLN__WATCHES_MOST = 1000, PLN__ALERTS_MOST = 1000 };

typedef struct pln__watch {
    int32_t kind;
    char *column; /* NULL: the whole */
    char *key;    /* of its history: "null_rate(customer)" */
    int32_t first; /* 1: compared with the first run and not with the last */
    int32_t severity; /* of another schema */
    pln_monitor_options monitor;
    pln_drift_options drift;
    pln_freshness_options freshness;
    /* of the schema */
    int64_t field;
    pln__sketch_wish wish; /* kind NULL: no sketch */
    /* of the run or epoch so far */
    int64_t rows, nulls;
    int64_t newest_us; /* INT64_MIN: none */
    void *sketch;
} pln__watch;

typedef struct pln__monitor_stage {
    const pln_allocator *mem;
    char *dataset;
    bool by_epoch;
    bool finished, cut; /* cut: an epoch of this run was judged before */
    uint64_t seed;
    pln__watch *watches;
    int64_t n, n_made; /* there is room for n_made */
    struct ArrowSchema schema;
    pln__text alerts; /* of this run: members of a JSON list */
    int64_t n_alerts;
    pln__text verdicts; /* of the last judgement, likewise */
} pln__monitor_stage;

const char *pln__watch_name(const pln__watch *watch);

/* monitor_config.c: the watches of option metrics. */
pln_status pln__monitor_configure(pln__monitor_stage *s, pln_context *ctx, const pln_config *config,
                                  pln_error *err);
void pln__watch_free(pln__monitor_stage *s, pln__watch *watch);

/* monitor_gather.c */
pln_status pln__watch_open(pln__monitor_stage *s, pln__watch *watch, const struct ArrowSchema *in,
                           pln_error *err);
pln_status pln__watch_add(pln__monitor_stage *s, pln__watch *watch, const struct ArrowArray *rows,
                          pln_error *err);
/* Begins anew. */
void pln__watch_clear(pln__watch *watch);
pln_status pln__watch_save(const pln__monitor_stage *s, const pln__watch *watch, pln_context *ctx,
                           pln_error *err);
pln_status pln__watch_load(pln__monitor_stage *s, pln__watch *watch, const pln_piece *piece,
                           pln_error *err);

/* monitor_judge.c: one watch held to its history, which goes on. */
typedef struct pln__watched {
    int32_t status;   /* of <pln/monitor.h>; -1: it was not judged, and why is in `message` */
    int32_t severity;
    int64_t incident;
    double value, expected, lower, upper; /* NaN: none */
    pln__text message;
    pln__text details; /* a JSON value; "": null */
} pln__watched;
void pln__watched_free(pln__watched *watched);
pln_status pln__watch_judge(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                            int64_t time_us, pln__watched *out, pln_error *err);

/* monitor_tell.c: to the report and the port of alerts */
typedef struct pln__alert_rows {
    const pln_builder_calls *calls;
    pln_builder *builder; /* NULL: nobody reads them */
    int64_t epoch, time_us;
} pln__alert_rows;
pln_status pln__monitor_tell(pln__monitor_stage *s, const pln__watch *watch,
                             const pln__watched *watched, const pln__alert_rows *rows,
                             pln_error *err);
pln_status pln__monitor_note(const pln__monitor_stage *s, pln_context *ctx, pln_error *err);
extern const char pln__alerts_schema[];

#endif
