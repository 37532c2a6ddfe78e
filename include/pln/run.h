/*
 * A run: a graph at work. Batch, micro-batch and stream are options, not other graphs.
 *
 * The simple way, which blocks until the end of input:
 *
 *     pln_run_options opts;
 *     pln_run_options_init(&opts, sizeof opts);
 *     pln_graph_run(g, &opts, &report, &err);
 *
 * In an event loop:
 *
 *     pln_run_open(g, &opts, &run, &err);
 *     while ((s = pln_run_step(run, 10000, &wake_us, &err)) != PLN_EOS && s >= 0)
 *         if (s == PLN_AGAIN)                         poll pln_run_wait_fds() until wake_us
 *     pln_run_free(run);
 *
 * What becomes durable together is an epoch: positions of the sources, state of the operators, output of the sinks. With a state file an interrupted
 * run continues after its last epoch. pln-guarantees(7) answers what happens to a row if anything fails.
 */
#ifndef PLN_RUN_H
#define PLN_RUN_H

#include <pln/graph.h>
#include <pln/report.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_run pln_run;

enum {
    PLN_BATCH = 0,       /* one epoch, at the end of input, unless epoch_rows or epoch_us ask for more */
    PLN_MICRO_BATCH = 1, /* an epoch per trigger: epoch_rows (4096 if neither is set) or epoch_us */
    PLN_STREAM = 2       /* rows flow at once; an epoch each epoch_us (1 s if neither is set) or epoch_rows */
};
enum {
    PLN_AT_LEAST_ONCE = 0, /* take the best that the graph can give; the report says what it was */
    PLN_EXACTLY_ONCE = 1   /* refuse a graph that cannot give it (PLN_EGUARANTEE) */
};
enum {
    PLN_WHEN_DONE_RESTART = 0, /* a run that had reached its end starts anew */
    PLN_WHEN_DONE_SKIP = 1     /* it is left alone; the report is that of the run that was done */
};
enum {
    PLN_SCHEMA_CHANGE_FAIL = 0,
    PLN_SCHEMA_CHANGE_REJECT = 1, /* rows of another schema go to the source's reject port */
    PLN_SCHEMA_CHANGE_ADAPT = 2   /* the new schema is propagated, if every node takes it */
};

typedef struct pln_param {
    const char *name;
    const char *value;
} pln_param;

/* Called between two polls, at most each progress_us. Numbers count this run, with what a resumed one had done before. */
typedef struct pln_progress {
    uint32_t struct_size;
    int32_t done;
    int64_t rows_in;    /* records read by the sources */
    int64_t rows_out;   /* rows taken by the sinks, reject sinks not counted */
    int64_t rejected;
    int64_t epochs;
    int64_t elapsed_us; /* of this attempt */
    int64_t work_done;  /* sum of what sources estimate, -1 if not known */
    int64_t work_total;
} pln_progress;
typedef void (*pln_progress_fn)(void *user, const pln_progress *progress);

/* A counter of a node moved: after each epoch, and at the end. `node` is "" for the run's own. */
typedef void (*pln_metric_fn)(void *user, const char *node, const char *metric, int64_t value);

typedef struct pln_run_options {
    uint32_t struct_size;
    int32_t mode;      /* PLN_BATCH */
    int32_t guarantee; /* PLN_AT_LEAST_ONCE */
    int32_t when_done; /* PLN_WHEN_DONE_RESTART */
    int32_t on_schema_change;
    int32_t workers;   /* 1; more come with the keyed operators */
    const char *pipeline; /* NULL: the graph's name */
    const char *run_key;  /* NULL: "" */
    const char *state;    /* path of the state file; NULL: nothing is remembered, an interrupted run starts anew */
    int64_t interval_start_us; /* the data interval of a scheduled run */
    int64_t interval_end_us;   /* not before its start */
    int64_t max_batch_rows;  /* delivery: rows of a poll, 8192 */
    int64_t max_batch_bytes; /* delivery: wish for the bytes of a poll, 8 MiB */
    int64_t max_linger_us;   /* delivery: how long a poll may wait for rows when it may block, 0 */
    int64_t epoch_rows;      /* durability: records read per epoch, 0: no limit */
    int64_t epoch_us;        /* durability: time per epoch, 0: no limit */
    int32_t attempts;        /* of an epoch that fails for a RETRYABLE reason, 3 */
    int32_t reserved;
    int64_t retry_delay_us;  /* before the second attempt, doubled for each further one up to 2^20 times; 100 ms */
    uint64_t seed;           /* of everything random in the run; 0: from the runtime's randomness */
    const pln_param *params; /* copied */
    int64_t n_params;        /* at most 65536 */
    pln_progress_fn progress;
    void *progress_user;
    int64_t progress_us; /* 1 s; 0: after each poll */
    pln_metric_fn metric;
    void *metric_user;
} pln_run_options;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_run_options_init(pln_run_options *options, uint32_t size);

/*
 * Open a run: configure and open every node, propagate schemas, negotiate the guarantee, take the run over in the state file and go to the last
 * committed epoch. `options` NULL: defaults. A graph can have one run at a time.
 *
 * Errors: PLN_EOPTION, PLN_ENAME, PLN_ETYPE name node, column and types; PLN_EINVAL for a port or node that is not wired, and for a run option out of its range; PLN_EGUARANTEE names node and what it
 * lacks; PLN_ESTATE if the graph changed since the last epoch in a way that cannot be resumed; PLN_EBUSY; PLN_ECORRUPT, PLN_EDATALOSS; PLN_ENOMEM; what a node answers.
 * Owner: `options` is copied; *out is yours, free it with pln_run_free.
 * Threads: one at a time.
 * Blocks: on files and databases.
 */
PLN_API pln_status pln_run_open(pln_graph *graph, const pln_run_options *options, pln_run **out,
                                pln_error *err);

/*
 * Work for about budget_us (0: one poll of each source). PLN_OK: there is more to do now · PLN_AGAIN: nothing to do until *wake_us (INT64_MAX: never) or until one
 * of pln_run_wait_fds is ready · PLN_EOS: done, everything is committed.
 *
 * Errors: what stopped the run; every later step returns the same. PLN_EREJECTED if a row was rejected and no port takes it.
 * Owner: wake_us may be NULL.
 * Threads: one at a time, not always the same.
 * Blocks: on files and databases, not for rows.
 */
PLN_API pln_status pln_run_step(pln_run *run, int64_t budget_us, int64_t *wake_us, pln_error *err);

/*
 * The descriptors that the run waits for: fills at most `capacity` and returns how many there are.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int32_t pln_run_wait_fds(pln_run *run, pln_wait_fd *fds, int32_t capacity);

/*
 * Drive the run to its end, waiting where there is nothing to do.
 *
 * Errors: as pln_run_step.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: until the end of input or pln_run_stop.
 */
PLN_API pln_status pln_run_finish(pln_run *run, pln_error *err);

/*
 * Ask the run to commit the epoch being filled and to end there. It takes effect in the next step; the run is then not done and can be resumed. A run that
 * waits before another attempt does not wait any longer.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any, and signal handlers.
 * Blocks: no.
 */
PLN_API void pln_run_stop(pln_run *run);

/*
 * Give the epoch being filled up: what it wrote never becomes visible. The run can then only be freed; with a state file a later one resumes
 * before that epoch.
 *
 * Errors: what a sink answered; the run is over all the same.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: on files and databases.
 */
PLN_API pln_status pln_run_abort(pln_run *run, pln_error *err);

/*
 * Close every node and free the run; one that is not finished is aborted first. NULL is allowed.
 *
 * Errors: none.
 * Owner: the run is gone.
 * Threads: one at a time.
 * Blocks: on files and databases.
 */
PLN_API void pln_run_free(pln_run *run);

/*
 * What happened so far.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_report_free; it may outlive the run, not the runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_run_report(pln_run *run, pln_report **out, pln_error *err);

/*
 * The schema of a node's out port, "node" or "node.port", as it was declared or inferred.
 *
 * Errors: PLN_ENAME with the nearest node or port; PLN_ESTATE while it is not known; PLN_ENOMEM.
 * Owner: *out is yours; call its release.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_run_schema(pln_run *run, const char *port, struct ArrowSchema *out,
                                  pln_error *err);

/*
 * Open, finish and free a run. *report (may be NULL) is given also if the run fails after it was opened.
 *
 * Errors: as pln_run_open and pln_run_step.
 * Owner: *report is yours, free it with pln_report_free; NULL if there is none.
 * Threads: one at a time.
 * Blocks: until the end of input.
 */
PLN_API pln_status pln_graph_run(pln_graph *graph, const pln_run_options *options,
                                 pln_report **report, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
