/*
 * The plugin header: all that a source, transform or sink of one's own needs. The built-in stages use nothing else.
 *
 * A stage is a table of functions. A program registers it with pln_graph_add_source and its brothers, or a shared object exports
 *
 *     pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry, pln_error *err)
 *
 * and registers its tables there. A plugin links to nothing of libpipeline: every service comes through ctx->host (<pln/host.h>).
 *
 * Rules:
 * - Growth. Tables grow only at the end. struct_size is sizeof the table as its author compiled it; the other side reads no byte past
 *   it. A slot that is missing or NULL has the default its comment states. `abi` is PLN_PLUGIN_ABI; it is raised only when a slot
 *   changes its meaning. Plugins are never unloaded.
 * - Life: open, schema, recover or load, work, close. close is called once for each successful open, whatever happened in between, and not
 *   after a failed one. Calls on one `self` never overlap but may come from different threads in turn. `interrupt` alone may come
 *   from any thread at any time between open and close.
 * - Ownership. const T * is borrowed for the call, T **out is the caller's, what is marked (takes) is consumed also on failure.
 * - Unwinding. No C++ exception, Go panic or longjmp may cross a slot. Time is int64 microseconds, since 1970 UTC or as a duration.
 * - Fates. Each row given to a transform or sink leaves by emit, or is rejected, or accounted; the host counts and refuses a
 *   ROWWISE stage that loses a row. A row that is wrong is rejected, never an error; an error stops the run or retries the epoch.
 */
#ifndef PLN_PLUGIN_H
#define PLN_PLUGIN_H

#include <pln/host.h>
#include <pln/schema_entry.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLN_PLUGIN_ABI 1

enum { PLN_SOURCE = 1, PLN_TRANSFORM = 2, PLN_SINK = 3 };
/* A kind of schema registry: pln_schema_registry_table. */
enum { PLN_SCHEMA_REGISTRY = 4 };
/* Reserved kinds: their tables come with the rooms that need them. */
enum {
    PLN_STATE_STORE = 5,
    PLN_FILE_STORE = 6,
    PLN_SQL_ADAPTER = 7,
    PLN_TRANSPORT = 8
};

/* What no slot can show. A node that can do less than its table, as it is configured, says so in `open` with host->lacks. */
enum {
    PLN_CAP_BOUNDED = 1,        /* source: poll reaches PLN_EOS */
    PLN_CAP_REPLAYABLE = 2,     /* source: after load it reads the same rows again */
    PLN_CAP_SPLITTABLE = 4,     /* source: splits can be read by different instances */
    PLN_CAP_ROWWISE = 8,        /* transform: an input row leaves at most once, in order */
    PLN_CAP_DETERMINISTIC = 16, /* same input and state, same output */
    PLN_CAP_KEYED = 32,         /* transform: needs its input partitioned by key when workers > 1 */
    PLN_CAP_PARALLEL = 64,      /* sink: may be opened n times */
    PLN_CAP_IDEMPOTENT = 128,   /* sink: the same key twice leaves one row */
    PLN_CAP_VARIADIC = 256,     /* transform: each edge into its in port is an in port of its own, 0, 1, 2 ... */
    PLN_CAP_SIDE_PORTS = 512    /* transform: out ports behind the first need not be wired; host->port_edges tells */
};

/* Kinds of option values. */
enum {
    PLN_OPT_TEXT = 1,
    PLN_OPT_INT = 2,
    PLN_OPT_FLOAT = 3,
    PLN_OPT_BOOL = 4,
    PLN_OPT_BYTES = 5,    /* 65536 or "64KiB", "10MB" */
    PLN_OPT_DURATION = 6, /* µs, or "250ms", "10s", "5m", "1h", "1d" */
    PLN_OPT_ENUM = 7,     /* one of `values` */
    PLN_OPT_COLUMN = 8,   /* a column name */
    PLN_OPT_COLUMNS = 9,  /* a list of names */
    PLN_OPT_EXPR = 10,    /* an expression, pln-expressions(7) */
    PLN_OPT_JSON = 11,    /* any JSON value */
    PLN_OPT_SECRET = 12,  /* text that reaches no report, log or fingerprint */
    PLN_OPT_HANDLE = 13,  /* a pointer, bound with pln_graph_bind */
    PLN_OPT_TEXTS = 14    /* a text or a list of texts */
};

/* The list of a stage's options ends with one whose key is NULL. It checks configurations and generates the manual. */
typedef struct pln_option {
    const char *key;
    int32_t type;
    int32_t required;
    const char *fallback; /* as JSON text: "true", "4096", "\"abort\""; NULL: none */
    const char *values;   /* PLN_OPT_ENUM: "append|replace" */
    const char *help;     /* a sentence for the manual */
} pln_option;

/*
 * The head of every table, frozen. option_size is sizeof(pln_option) as its author compiled it. ports_in and ports_out are names separated by
 * blanks; NULL is "in", "out" (a source has no in port, a sink no out port). Every node has the port "reject" besides.
 */
#define PLN_TABLE_HEAD                                                                             \
    uint32_t struct_size;                                                                          \
    uint32_t abi;                                                                                  \
    const char *name;    /* "csv.read" */                                                          \
    const char *summary; /* a sentence */                                                          \
    const pln_option *options;                                                                     \
    uint32_t option_size;                                                                          \
    uint32_t caps;                                                                                 \
    const char *ports_in;                                                                          \
    const char *ports_out;

/* How much a poll may return. A batch of at most max_rows rows; max_bytes is a wish. */
typedef struct pln_want {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t max_rows;
    int64_t max_bytes;
    int64_t timeout_us; /* how long poll may block; 0: not at all */
} pln_want;

/* A named piece of saved state. */
typedef struct pln_piece {
    const char *key;
    const void *bytes;
    int64_t size;
} pln_piece;

typedef struct pln_source {
    PLN_TABLE_HEAD
    pln_status (*open)(void *user, pln_context *ctx, const pln_config *config, void **self,
                       pln_error *err);
    /* The rows' schema, a struct; PLN_AGAIN while it is not known. Asked again after poll returned PLN_SCHEMA. */
    pln_status (*schema)(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *err);
    /*
     * PLN_OK with a batch (or with NULL: records were read and all rejected) · PLN_AGAIN nothing now (say what to wait for with wait_fd or
     * wait_until) · PLN_EOS no more, ever · PLN_SCHEMA ask schema again before the next poll · PLN_BARRIER commit before the next poll.
     */
    pln_status (*poll)(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                       pln_error *err);
    void (*close)(void *self, pln_context *ctx);
    /* Position of exactly the records returned or rejected so far: one state_put a split. NULL: cannot be resumed. */
    pln_status (*save)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    /* Go to a saved position; before the first poll. `schema` has been asked; a saved schema comes by schema_load. */
    pln_status (*load)(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                       pln_error *err);
    /* Epoch n is durable: acknowledge upstream. Called again after a resume. NULL: nothing to do. */
    pln_status (*commit)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    void (*interrupt)(void *self);
    /* Progress, in whatever unit; *total -1 if not known. */
    pln_status (*estimate)(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                           pln_error *err);
    /* A resumed run has this schema (inferred by an earlier attempt): use it instead of inferring. Before `schema`. NULL: ignored. */
    pln_status (*schema_load)(void *self, pln_context *ctx, const struct ArrowSchema *saved,
                              pln_error *err);
} pln_source;

typedef struct pln_transform {
    PLN_TABLE_HEAD
    pln_status (*open)(void *user, pln_context *ctx, const pln_config *config, void **self,
                       pln_error *err);
    /* A batch of in port `port`. Emits any number of batches on any port. PLN_EOS: wants no more rows at all. */
    pln_status (*process)(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                          pln_error *err);
    void (*close)(void *self, pln_context *ctx);
    /* Ports that depend on the configuration, said with port_add while the graph is being built. NULL: the names of the head. */
    pln_status (*ports)(void *user, pln_ports *ports, const pln_host *host,
                        const pln_config *config, pln_error *err);
    /* From the schemas of the in ports to those of the out ports (out[i] is zeroed; reject is not among them). NULL: in[0] for all. */
    pln_status (*schema)(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                         int32_t n_in, struct ArrowSchema *out, int32_t n_out, pln_error *err);
    /* The watermark of a port rose; INT64_MAX: no more rows, finish follows. Nodes behind hear of it when this has returned. NULL: passed on. */
    pln_status (*advance)(void *self, pln_context *ctx, int32_t port, int64_t watermark_us,
                          pln_error *err);
    /* No more rows on `port`, ever. NULL: nothing to do. */
    pln_status (*finish)(void *self, pln_context *ctx, int32_t port, pln_error *err);
    /* The time given to timer_set has come; `timers` is NULL. NULL: the stage sets none. */
    pln_status (*on_timers)(void *self, pln_context *ctx, pln_batch *timers, pln_error *err);
    /* NULL: stateless. */
    pln_status (*save)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    pln_status (*load)(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                       pln_error *err);
    void (*interrupt)(void *self);
    /*
     * Epoch n ends, before save, behind the drains of the nodes before it: emit what was held for the epoch. When all in ports have ended it is called at once, for the
     * last time, before the nodes behind hear of the end. NULL: nothing is held for an epoch.
     */
    pln_status (*drain)(void *self, pln_context *ctx, int64_t n, pln_error *err);
} pln_transform;

/*
 * Sinks. Which of the four ways a sink commits follows from its slots (pln-guarantees(7)):
 *   A state-hosting: state_open and state_commit · B two-phase: prepare, commit and recover · T token: last_committed ·
 *   C otherwise; with PLN_CAP_IDEMPOTENT effectively once, else at least once. A node that calls host->lacks is C whatever its slots.
 */
typedef struct pln_sink {
    PLN_TABLE_HEAD
    pln_status (*open)(void *user, pln_context *ctx, const pln_config *config, void **self,
                       pln_error *err);
    /* PLN_OK: the batch was taken · PLN_AGAIN: it was not; it is offered again, and no source that reaches the sink is polled. */
    pln_status (*write)(void *self, pln_context *ctx, pln_batch *batch, pln_error *err);
    void (*close)(void *self, pln_context *ctx);
    /* Whether rows of this schema can be stored; PLN_ETYPE names the column. NULL: any. */
    pln_status (*schema)(void *self, pln_context *ctx, const struct ArrowSchema *in,
                         pln_error *err);
    /* Epoch n begins. NULL: nothing to do. */
    pln_status (*begin)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    /* End of input: no row will come after those of the epoch being filled. Before its flush or prepare. NULL: nothing to do. */
    pln_status (*finish)(void *self, pln_context *ctx, pln_error *err);
    /* Apply all rows of epoch n that were written; rows may still be rejected here. A and B: not visible yet. C: durable on return. */
    pln_status (*flush)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    /* B: everything written up to here survives a crash, hidden; handle_put says what to commit. After flush. */
    pln_status (*prepare)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    /* B: make it visible. Must succeed again when it already is; PLN_EDATALOSS if what the handle names is gone. */
    pln_status (*commit)(void *self, pln_context *ctx, int64_t n, const void *handle, int64_t size,
                         pln_error *err);
    /* Forget what was written since the last commit point. B: also a prepared handle (NULL: there is none). */
    pln_status (*abort)(void *self, pln_context *ctx, int64_t n, const void *handle, int64_t size,
                        pln_error *err);
    /*
     * B: before the first write of a run with a state file. Epoch n is the last that is committed: commit its handle (size 0: there is none), remove
     * everything else that this pipeline, run and node left under a lower owner, and go on from there.
     */
    pln_status (*recover)(void *self, pln_context *ctx, int64_t n, const void *handle, int64_t size,
                          pln_error *err);
    /* T: the last epoch whose rows are stored (reserved). */
    pln_status (*last_committed)(void *self, pln_context *ctx, int64_t *n, pln_error *err);
    /*
     * A: take over (pipeline, run_key) of ctx's identity: raise the owner in the sink's own store, durably, and give the last committed n (0: none)
     * with its head (lent until the next call on self).
     */
    pln_status (*state_open)(void *self, pln_context *ctx, int64_t *owner, int64_t *n,
                             const void **head, int64_t *size, pln_error *err);
    /*
     * A: commit the rows of epoch n and, if head is not NULL, the head in one transaction. PLN_EFENCED if the owner or n has moved. If the outcome is not
     * known the sink finds out; it never repeats blindly. Without a head (no state file) only the rows.
     */
    pln_status (*state_commit)(void *self, pln_context *ctx, int64_t owner, int64_t n,
                               const void *head, int64_t size, pln_error *err);
    /* A: sinks that answer the same text share one transaction; state_* is called on the first of them only. NULL: shared with none. */
    const char *(*store)(void *self, pln_context *ctx);
    /* State that the sink wants back after a resume. NULL: none. */
    pln_status (*save)(void *self, pln_context *ctx, int64_t n, pln_error *err);
    pln_status (*load)(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                       pln_error *err);
    void (*interrupt)(void *self);
} pln_sink;

/*
 * Schema registries. The name is "registry." and the scheme of the locations that the table serves; an option "location" gets the whole of it. What each
 * slot does, and which codes it answers with in err->native, stands at the call of the same name in <pln/schema_registry.h>. There is no run, so of ctx->host
 * only the readers of configurations (in open) and allocator, files, now_us, monotonic_us, random and log are there. What an entry points to is lent
 * until the next slot is called; an entry that is handed in is zeroed but for struct_size. A slot that is NULL answers PLN_EUNSUPPORTED.
 */
typedef struct pln_schema_registry_table {
    PLN_TABLE_HEAD
    pln_status (*open)(void *user, pln_context *ctx, const pln_config *config, void **self,
                       pln_error *err);
    void (*close)(void *self, pln_context *ctx);
    /* A schema by id, with type, text and references. It is not asked twice for the same one. */
    pln_status (*by_id)(void *self, pln_context *ctx, int64_t id, pln_schema_entry *out,
                        pln_error *err);
    pln_status (*by_version)(void *self, pln_context *ctx, const char *subject, int32_t version,
                             uint32_t flags, pln_schema_entry *out, pln_error *err);
    pln_status (*put)(void *self, pln_context *ctx, const pln_schema_draft *draft,
                      pln_schema_entry *out, pln_error *err);
    pln_status (*find)(void *self, pln_context *ctx, const pln_schema_draft *draft,
                       pln_schema_entry *out, pln_error *err);
    pln_status (*check)(void *self, pln_context *ctx, const pln_schema_draft *draft,
                        int32_t version, int32_t *compatible, pln_error *err);
    /* Reasons of the last put or check; NULL past the last. */
    const char *(*message)(void *self, pln_context *ctx, int64_t index);
    pln_status (*subjects)(void *self, pln_context *ctx, uint32_t flags,
                           pln_status (*each)(void *arg, const char *subject), void *arg,
                           pln_error *err);
    pln_status (*versions)(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                           pln_status (*each)(void *arg, int32_t version), void *arg,
                           pln_error *err);
    pln_status (*remove)(void *self, pln_context *ctx, const char *subject, int32_t version,
                         int32_t permanent, pln_error *err);
    /* subject NULL: the global level. */
    pln_status (*level)(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                        int32_t *level, pln_error *err);
    pln_status (*set_level)(void *self, pln_context *ctx, const char *subject, int32_t level,
                            pln_error *err);
    pln_status (*by_guid)(void *self, pln_context *ctx, const uint8_t *guid, pln_schema_entry *out,
                          pln_error *err);
} pln_schema_registry_table;

#ifdef __cplusplus
}
#endif

#endif
