/*
 * Room run: a graph at work.
 *
 * Job: open nodes, propagate schemas, negotiate the guarantee, move batches by direct calls, count fates, collect rejects, commit epochs, save and resume,
 * report. One engine for batch, micro-batch and stream.
 * Must not know: any stage or format by name; a database other than through the state file and the slots of a sink.
 * Invariants: a row given to a node has exactly one fate; visible output is what the input up to the committed positions gives; epoch n is committed by one
 * atomic write, and nothing is acknowledged upstream before; no thread, no queue: back-pressure is the call stack.
 */
#ifndef PLN__RUN_H
#define PLN__RUN_H

#include "graph/graph.h"
#include "store/store.h"
#include <pln/report.h>
#include <pln/run.h>
#include <stdatomic.h>

#define PLN__HEAD_MAX (64 * 1024)
#define PLN__HANDLE_MAX (16 * 1024)
#define PLN__DEPTH_MAX 256
#define PLN__FATES 6

typedef struct pln__run_node pln__run_node;

typedef struct pln__target {
    pln__run_node *node;
    int32_t port;
    int32_t edge; /* which of the node's edges in this is */
} pln__target;

typedef struct pln__edge_in {
    int64_t watermark_us; /* INT64_MIN: none yet; INT64_MAX: ended */
    int32_t port;
    bool idle;
} pln__edge_in;

typedef struct pln__port {
    pln__schema *schema; /* out: what it emits; reject: the run's */
    pln__target *targets;
    int32_t n_targets;
} pln__port;

typedef struct pln__in_port {
    const struct ArrowSchema *schema; /* of the edges into it, the same for all; NULL while not known */
    int32_t edges;
    int32_t open; /* edges that may still bring rows */
    int64_t watermark_us; /* the last one the stage was told */
} pln__in_port;

typedef struct pln__metric {
    char *name;
    int64_t value;
} pln__metric;

/* What a node has to say in the report under a topic. */
typedef struct pln__note {
    char *topic;
    char *json;
} pln__note;

/* A history that the epoch at work has looked at, and what it puts there. */
typedef struct pln__history_entry {
    char *dataset, *metric;
    int64_t version;
    const pln__run_node *owner; /* who put it; NULL: nobody */
    uint8_t *bytes;
    int64_t size;
} pln__history_entry;

typedef struct pln__counts {
    int64_t fates[PLN__FATES];
    int64_t rows_in, rows_out, batches_in, batches_out;
} pln__counts;

typedef struct pln__pending {
    int32_t port;
    pln_batch *batch;
} pln__pending;

/* How a sink commits, as negotiated. */
enum {
    PLN__SINK_NONE = 0,
    PLN__SINK_A,
    PLN__SINK_A_MEMBER,
    PLN__SINK_A_SECOND,
    PLN__SINK_B,
    PLN__SINK_C
};

struct pln__run_node {
    pln_context ctx; /* first: what stages get is a pointer to this */
    pln_run *run;
    pln__node *node;
    void *self;
    bool opened;
    bool schema_known; /* source: answered; others: propagated */
    bool schema_saved; /* source: the schema came out of a checkpoint */
    bool drop_rejects;
    bool feeds_rejects; /* a sink that only rejects reach: its rows are no output */
    bool ended;         /* no more rows will come out of it */
    bool drained;       /* for good: its input has ended */
    bool closed;        /* it wants no more rows */
    bool barrier;
    char *lacks;  /* what keeps it, as it is configured, from what its table promises; NULL: nothing */
    bool new_schema;     /* source: announced; asked for when the epoch is committed */
    pln__schema *agreed; /* source: what the graph has while rows of another schema are being rejected, else NULL */
    int32_t commits;    /* PLN__SINK_* */
    pln__in_port *in;
    int32_t n_in;
    pln__edge_in *edges;
    int32_t n_edges;
    uint64_t edges_size; /* bytes */
    pln__port *out; /* n_out of them, then reject */
    int32_t n_out;
    pln__counts counts;
    int64_t time_us;
    int64_t watermark_us; /* that it has told the nodes behind it */
    bool tells_time;      /* it calls host->watermark: time in front of it does not pass through */
    bool holds_time;      /* it is being finished: it tells nobody yet */
    bool idle;            /* and what it told last: that there is nothing to wait for */
    int64_t timer_us;     /* on the run's clock; INT64_MAX: none */
    pln__metric *metrics;
    int64_t n_metrics, metrics_capacity;
    pln__note *notes;
    int64_t n_notes, notes_capacity;
    pln__column *reject; /* rows waiting for the reject port; NULL until the first */
    pln__pending *pending; /* a parked sink's batches */
    int64_t n_pending, pending_capacity;
    int64_t wait_until_us;
    uint64_t random_state;
    int64_t keyed_n;       /* the last epoch in which it put keyed state; 0: none */
    int64_t keyed_before;  /* less is wanted no more, by what is committed */
    int64_t keyed_pending; /* the same by the epoch at work */
    /* what commit, abort and recover get; of the epoch being prepared */
    uint8_t *handle;
    int64_t handle_size;
};

/* One saved thing: a source's position, an operator's piece, a sink's handle, a schema. Bytes belong to the checkpoint. */
typedef struct pln__saved {
    char *node;
    char *key;
    uint8_t *bytes;
    int64_t size;
} pln__saved;

typedef struct pln__saved_list {
    pln__saved *items;
    int64_t count, capacity;
} pln__saved_list;

/* All that is known of a committed epoch. */
typedef struct pln__checkpoint {
    int64_t n;
    int64_t owner;
    bool done;
    int64_t body_owner, body_size;
    uint64_t body_digest;
    int64_t epochs, recoveries;
    pln__saved_list positions, handles, states, schemas, counters, nodes;
} pln__checkpoint;

typedef struct pln__shared {
    char *key;
    void *object;
    void (*destroy)(void *object);
} pln__shared;

enum { PLN__RUN_OPEN = 0, PLN__RUN_DONE, PLN__RUN_STOPPED, PLN__RUN_FAILED, PLN__RUN_ABORTED };

struct pln_run {
    pln_graph *graph;
    pln_runtime *runtime;
    const pln_allocator *mem;
    pln_run_options options; /* texts are ours */
    char *pipeline, *run_key, *state_path;
    pln_host host;
    pln__run_node *nodes; /* in the order of the graph */
    int32_t n_nodes;
    int32_t *order; /* topological */
    pln__schema *reject_schema;
    pln__schema *keyed_schemas[2]; /* of keys and values; NULL until somebody makes them */
    pln__state *state;
    bool settled; /* the state file has no keyed state but of committed epochs and of the one at work */
    pln__history_entry *histories;
    int64_t n_histories, histories_capacity;
    pln__run_node *store; /* the mode A sink that holds the head, NULL: the state file or nobody */
    pln__shared *shared;
    int64_t n_shared, shared_capacity;
    pln_wait_fd *waits;
    int64_t n_waits, waits_capacity;

    int32_t phase;
    int32_t guarantee;
    bool skipped;
    bool ready;          /* schemas known, positions loaded, sinks recovered */
    bool epoch_begun;
    bool drained;        /* the transforms gave what they held for the epoch, which is not committed yet */
    atomic_int stop;
    int32_t pid;
    pln_error error; /* what stopped the run */

    int64_t owner;       /* of the commit point */
    int64_t state_owner; /* of the state file */
    int64_t n;           /* last committed epoch */
    int64_t opened_n;    /* what n was when the run was opened */
    bool in_doubt;       /* the commit point failed, and may have been passed all the same */
    bool telling;        /* an epoch is committed, but not every sink and source has been told */
    pln__checkpoint last; /* as committed; what a retry goes back to */
    bool have_last;
    int64_t epoch_rows;  /* records read since the last commit */
    int64_t epoch_started_us;
    int64_t epochs, recoveries, retries;
    int32_t attempt;
    bool retrying; /* the nodes are closed until retry_at_us, and opened anew then */
    bool last_try; /* the run is asked to stop: what fails now is not tried again */
    int64_t retry_at_us;
    int64_t started_us, started_monotonic, progress_at;
    int64_t mark_us; /* since when the running node has the time */
    pln__run_node *running;
    pln__run_node *saving; /* the node whose save or prepare is being called */
    pln__saved_list *saving_to;
};

static inline pln__run_node *pln__run_node_of(pln_context *ctx) {
    return (pln__run_node *)ctx;
}
static inline const pln_source *pln__source_of(const pln__run_node *node) {
    return &node->node->stage->table.source;
}
static inline const pln_transform *pln__transform_of(const pln__run_node *node) {
    return &node->node->stage->table.transform;
}
static inline const pln_sink *pln__sink_of(const pln__run_node *node) {
    return &node->node->stage->table.sink;
}
static inline int32_t pln__kind_of(const pln__run_node *node) {
    return node->node->stage->kind;
}
static inline uint32_t pln__caps_of(const pln__run_node *node) {
    return pln__stage_head(node->node->stage)->caps;
}
/* Rows of which a sink has said what became of them: the others were stored. */
static inline int64_t pln__named(const pln__run_node *node) {
    int64_t sum = 0;
    for (int i = 0; i < PLN__FATES; i++)
        sum += i == PLN_PASSED ? 0 : node->counts.fates[i];
    return sum;
}
const pln_clock *pln__run_clock(const pln_run *run);
int64_t pln__run_now(const pln_run *run);
int64_t pln__run_monotonic(const pln_run *run);

/* host.c */
void pln__host_running(pln_host *host);
void pln__shared_free(pln_run *run);

/* keyed.c: state under keys, in the state file */
void pln__host_keyed(pln_host *host);
/* The schema of one of the two "ports"; NULL without memory. */
pln__schema *pln__keyed_schema(pln_run *run, int32_t port, pln_error *err);
/* The run was taken over at its committed epoch; `fresh`: it begins anew. */
pln_status pln__keyed_settle(pln_run *run, bool fresh, pln_error *err);
/* Before the commit point: what was put in epoch n is durable where the head is elsewhere. */
pln_status pln__keyed_prepare(pln_run *run, int64_t n, pln_error *err);
/* Epoch run->n is committed; `done`: the run needs nothing more. */
pln_status pln__keyed_committed(pln_run *run, bool done, pln_error *err);
void pln__keyed_reset(pln_run *run);

/* history.c: what is kept from run to run */
void pln__host_history(pln_host *host);
/* What was put is made ready for the commit point of epoch n. */
pln_status pln__history_prepare(pln_run *run, int64_t n, pln_error *err);
/* Epoch run->n is committed: by this run just now, or as it was found. */
pln_status pln__history_committed(pln_run *run, pln_error *err);
pln_status pln__history_settle(pln_run *run, pln_error *err);
/* The epoch at work has put nothing. */
void pln__history_reset(pln_run *run);

/* note.c: what nodes say in the report; it belongs to the epoch */
void pln__host_note(pln_host *host);
void pln__notes_forget(pln__run_node *node);
void pln__notes_free(pln__run_node *node);
pln_status pln__notes_save(const pln__run_node *node, pln__checkpoint *out, pln_error *err);
/* Whether it is a note of the node, and then it is taken. */
bool pln__note_load(pln__run_node *node, const pln__saved *saved, pln_status *status,
                    pln_error *err);

/* clocking: time goes to the node that works; answers the node that had it before. */
pln__run_node *pln__time_to(pln_run *run, pln__run_node *node);

/* flow.c: `batch` is borrowed by deliver, consumed by emit. */
pln_status pln__deliver(const pln__target *target, pln_batch *batch, pln_error *err);
/* After rows were given: those that a stage did not name are absorbed, or missing. */
pln_status pln__settle(pln__run_node *node, pln_error *err);
/* PLN_ETYPE: how the rows differ from what the port has declared. */
pln_status pln__wrong_schema(pln__run_node *node, int32_t port, const pln_batch *batch,
                             pln_error *err);
pln_status pln__emit(pln__run_node *node, int32_t port, pln_batch *batch, pln_error *err);
pln_status pln__emit_to(pln__port *port, pln_batch *batch, pln_error *err);
/* Offer what a parked sink did not take; *left: something is still parked. */
pln_status pln__unpark(pln__run_node *node, bool *left, pln_error *err);
/* Tell everything behind `node` that it has ended. */
pln_status pln__end_of(pln__run_node *node, pln_error *err);
/* One edge into an in port has ended; the last one of the last port ends the node. */
pln_status pln__edge_ended(const pln__target *target, pln_error *err);
void pln__pending_drop(pln__run_node *node);
/* The transforms, in topological order, give what they hold for epoch n. */
pln_status pln__drain(pln_run *run, int64_t n, pln_error *err);

/* time.c: watermarks and timers */
#define PLN__TIME_KEY ".watermarks" /* among a node's counters; names of metrics do not begin with a dot */
pln_status pln__time_told(pln__run_node *node, int64_t watermark_us, pln_error *err);
pln_status pln__time_idle(pln__run_node *node, pln_error *err);
pln_status pln__time_ended(const pln__target *target, pln_error *err);
/* What a node kept to itself while it was being finished. */
pln_status pln__time_go_on(pln__run_node *node, pln_error *err);
/* *out: the batch to use instead, NULL: the batch itself. */
pln_status pln__time_arrive(const pln__target *target, pln_batch *batch, pln_batch **out,
                            pln_error *err);
/* On failure *batch is NULL. */
pln_status pln__time_leave(const pln__run_node *node, int32_t port, pln_batch **batch,
                           pln_error *err);
void pln__time_reset(pln__run_node *node);
pln_status pln__time_save(const pln__run_node *node, pln__saved_list *out, pln_error *err);
pln_status pln__time_load(pln__run_node *node, const pln__saved *saved, pln_error *err);
pln_status pln__timer_set(pln__run_node *node, int64_t time_us, pln_error *err);
pln_status pln__timers_due(pln_run *run, bool *progressed, pln_error *err);

/* reject.c */
pln_status pln__reject_rows(pln__run_node *node, pln_batch *batch, const pln_rejection *items,
                            int64_t n, pln_error *err);
pln_status pln__reject_raw(pln__run_node *node, const pln_raw_rejection *items, int64_t n,
                           pln_error *err);
pln_status pln__reject_flush(pln__run_node *node, pln_error *err);
pln_status pln__reject_schema_new(const pln_allocator *mem, pln__schema **out, pln_error *err);
void pln__reject_free(pln__run_node *node);

/* propagate.c: schemas from the sources on; PLN_AGAIN while one is not known. */
pln_status pln__propagate(pln_run *run, pln_error *err);
/* A source's schema changed; by policy. */
pln_status pln__schema_changed(pln__run_node *source, pln_error *err);

/* negotiate.c */
pln_status pln__negotiate(pln_run *run, pln_error *err);

/* checkpoint.c: bytes of heads and bodies */
void pln__checkpoint_free(const pln_allocator *mem, pln__checkpoint *checkpoint);
pln_status pln__saved_add(const pln_allocator *mem, pln__saved_list *list, const char *node,
                          const char *key, const void *bytes, int64_t size, pln_error *err);
pln_status pln__checkpoint_head(const pln_allocator *mem, const pln__checkpoint *checkpoint,
                                const pln__buffer *inline_body, pln__buffer *out, pln_error *err);
pln_status pln__checkpoint_body(const pln_allocator *mem, const pln__checkpoint *checkpoint,
                                pln__buffer *out, pln_error *err);
/* *body, *body_size: the inline body inside `bytes`, or NULL where it is in the state file. */
pln_status pln__checkpoint_read_head(const pln_allocator *mem, const void *bytes, int64_t size,
                                     pln__checkpoint *out, const uint8_t **body, int64_t *body_size,
                                     pln_error *err);
pln_status pln__checkpoint_read_body(const pln_allocator *mem, const void *bytes, int64_t size,
                                     pln__checkpoint *out, pln_error *err);
pln_status pln__schema_write(const pln_allocator *mem, const struct ArrowSchema *schema,
                             pln__buffer *out, pln_error *err);
pln_status pln__schema_read(const pln_allocator *mem, const void *bytes, int64_t size,
                            struct ArrowSchema *out, pln_error *err);

/* save.c: the run's state to and from a checkpoint */
pln_status pln__run_save(pln_run *run, int64_t n, bool done, pln__checkpoint *out, pln_error *err);
pln_status pln__run_check_graph(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err);
pln_status pln__run_load_counters(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err);
pln_status pln__run_load_schemas(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err);
pln_status pln__run_load_nodes(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err);
pln_status pln__metric_add(pln__run_node *node, const char *name, int64_t value, pln_error *err);

/* epoch.c */
pln_status pln__epoch_begin(pln_run *run, pln_error *err);
pln_status pln__epoch_commit(pln_run *run, bool done, pln_error *err);
pln_status pln__epoch_abort(pln_run *run, pln_error *err);

/* open.c */
pln_status pln__run_start(pln_run *run, pln_error *err);
void pln__run_close_nodes(pln_run *run);
/* The rest of opening once all schemas are known. */
pln_status pln__run_ready(pln_run *run, pln_error *err);
pln_status pln__run_take_over(pln_run *run, pln_error *err);

#endif
