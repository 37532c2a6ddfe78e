/*
 * What a running stage may ask of its host: the services behind a pln_context.
 *
 * Every slot of a stage gets a context; its first member is the table of services, so that a plugin links to nothing:
 *
 *     ctx->host->emit(ctx, 0, batch, err)
 *
 * All services are legal inside every slot but `interrupt`, where a comment does not say otherwise, and only on the thread
 * that called the slot. The table grows at its end: look at struct_size before using a slot newer than your headers need.
 */
#ifndef PLN_HOST_H
#define PLN_HOST_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/file.h>
#include <pln/schema_entry.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_config pln_config;
typedef struct pln_ports pln_ports;
typedef struct pln_registry pln_registry;
typedef struct pln_host pln_host;

/* A node's view of its run. The host keeps more behind it; do not copy it. */
typedef struct pln_context {
    const pln_host *host;
} pln_context;

/* Who is asking. The texts live as long as the node. */
typedef struct pln_identity {
    uint32_t struct_size;
    int32_t instance;  /* i of n, from 0 */
    int32_t instances; /* 1 unless workers > 1 */
    int32_t mode;      /* PLN_BATCH 0, PLN_MICRO_BATCH 1, PLN_STREAM 2 */
    const char *pipeline;
    const char *run_key;
    const char *node;
    int64_t owner; /* raised at each take-over of the run; 0 in open, which comes before, and without a state file */
    int64_t epoch; /* the epoch being filled */
} pln_identity;

/* The fate of an input row; each has exactly one. Rejected rows are counted by reject itself. */
enum {
    PLN_PASSED = 0,
    PLN_ABSORBED = 1,
    PLN_REJECTED = 2,
    PLN_LATE = 3,
    PLN_FILTERED = 4,
    PLN_DUPLICATE = 5
};

/* Parts of a row's origin that somebody downstream will read; a source need not make the others. */
enum { PLN_WANT_POSITION = 1, PLN_WANT_LINE = 2, PLN_WANT_RAW = 4 };

enum { PLN_LOG_DEBUG = 0, PLN_LOG_INFO = 1, PLN_LOG_WARNING = 2, PLN_LOG_ERROR = 3 };

/* wait_fd: what a descriptor is waited for. */
enum { PLN_READABLE = 1, PLN_WRITABLE = 2 };

/*
 * Where the rows of a batch came from: arrays of one entry a row, NULL where not known. `raw_start` counts from `raw`.
 * `release(owner)` is called once when the last batch that knows the origin is gone.
 */
typedef struct pln_origin {
    uint32_t struct_size;
    uint32_t reserved;
    const char *split;
    const int64_t *position; /* unique in its split, the same after a replay: byte offset, row id, message offset */
    const int64_t *line;     /* 1-based */
    const uint8_t *raw;
    const int64_t *raw_start;
    const int64_t *raw_size;
    void (*release)(void *owner);
    void *owner;
} pln_origin;

/* A row of a batch that cannot be processed. `column` may be NULL. The texts are borrowed. */
typedef struct pln_rejection {
    int64_t row;
    int32_t code; /* a pln_status, PLN_EDATA as a rule */
    int32_t reserved;
    const char *column;
    const char *message;
} pln_rejection;

/* A record that never became a row of a batch: what a source rejects. Unknown: position and line -1, raw NULL. */
typedef struct pln_raw_rejection {
    int32_t code;
    int32_t reserved;
    const char *split;
    int64_t position;
    int64_t line;
    const void *raw;
    int64_t raw_size;
    const char *column;
    const char *message;
} pln_raw_rejection;

/* Rows instead of columns: the functions of <pln/builder.h>, for plugins. */
typedef struct pln_builder_calls {
    uint32_t struct_size;
    uint32_t reserved;
    pln_column *(*column)(pln_builder *builder, int64_t index);
    pln_column *(*child)(pln_column *column, int64_t index);
    pln_status (*append_null)(pln_column *column, pln_error *err);
    pln_status (*append_int)(pln_column *column, int64_t value, pln_error *err);
    pln_status (*append_uint)(pln_column *column, uint64_t value, pln_error *err);
    pln_status (*append_float)(pln_column *column, double value, pln_error *err);
    pln_status (*append_text)(pln_column *column, const char *text, int64_t size, pln_error *err);
    pln_status (*append_bytes)(pln_column *column, const void *bytes, int64_t size, pln_error *err);
    pln_status (*end)(pln_column *column, pln_error *err);
    pln_status (*variant)(pln_column *column, int32_t variant, pln_error *err);
    pln_status (*finish)(pln_builder *builder, pln_batch **out, pln_error *err);
    void (*free)(pln_builder *builder);
} pln_builder_calls;

/* Schema registries: the functions of <pln/schema_registry.h>, for plugins. `location` and `config` as for pln_schema_registry_open. */
typedef struct pln_schema_registry_calls {
    uint32_t struct_size;
    uint32_t reserved;
    pln_status (*open)(pln_context *ctx, const char *location, const char *config,
                       pln_schema_registry **out, pln_error *err);
    void (*close)(pln_schema_registry *registry);
    pln_status (*schema)(pln_schema_registry *registry, int64_t id, pln_avro_schema **out,
                         pln_error *err);
    pln_status (*id)(pln_schema_registry *registry, int64_t id, pln_schema_entry *out,
                     pln_error *err);
    pln_status (*guid_schema)(pln_schema_registry *registry, const uint8_t *guid,
                              pln_avro_schema **out, pln_error *err);
    pln_status (*guid)(pln_schema_registry *registry, const uint8_t *guid, pln_schema_entry *out,
                       pln_error *err);
    pln_status (*version)(pln_schema_registry *registry, const char *subject, int32_t version,
                          uint32_t flags, pln_schema_entry *out, pln_error *err);
    pln_status (*put)(pln_schema_registry *registry, const pln_schema_draft *draft,
                      pln_schema_entry *out, pln_error *err);
    pln_status (*lookup)(pln_schema_registry *registry, const pln_schema_draft *draft,
                         pln_schema_entry *out, pln_error *err);
} pln_schema_registry_calls;

/*
 * "Ports" whose batches are keyed state: "key binary not null" of 1 to PLN_KEYED_KEY_MAX bytes, and "value binary, expires int64" of at most
 * PLN_KEYED_VALUE_MAX bytes; `expires` is a time or a number of the node's own, null: never.
 */
#define PLN_KEYED_KEYS (-2)
#define PLN_KEYED_VALUES (-3)
#define PLN_KEYED_KEY_MAX 1024
#define PLN_KEYED_VALUE_MAX 65536

struct pln_host {
    uint32_t struct_size;
    uint32_t abi;
    const char *version;

    /* Registration, in pln_plugin_init_v1 only. The table is copied; `user` comes back as first argument of open and ports. */
    pln_status (*register_stage)(pln_registry *registry, int32_t kind, const void *table,
                                 void *user, pln_error *err);

    /*
     * Configuration, in `ports` and `open` only: checked against the option table before, so that readers cannot fail. An option
     * that is not set reads as its fallback; without one as NULL, 0. Texts live until the slot returns.
     */
    int32_t (*config_has)(const pln_config *config, const char *key);
    const char *(*config_text)(const pln_config *config, const char *key);
    int64_t (*config_int)(const pln_config *config, const char *key); /* also bytes, durations (µs), bool */
    double (*config_float)(const pln_config *config, const char *key);
    int64_t (*config_count)(const pln_config *config, const char *key); /* members of a list or object; 1 for a scalar */
    /* Member i: its text (NULL for JSON null) and, in an object, its name. Members of other than scalar kind read as JSON text. */
    const char *(*config_item)(const pln_config *config, const char *key, int64_t i,
                               const char **name);
    const char *(*config_json)(const pln_config *config, const char *key);
    void *(*config_handle)(const pln_config *config, const char *key); /* what pln_graph_bind bound */
    /* In `ports` only: one more port of the node. */
    pln_status (*port_add)(pln_ports *ports, int32_t out, const char *name, pln_error *err);

    /* Who, when, with what. */
    void (*identity)(pln_context *ctx, pln_identity *out); /* set out->struct_size first */
    const char *(*run_param)(pln_context *ctx, const char *name); /* NULL if the run has none of that name */
    void (*interval)(pln_context *ctx, int64_t *start_us, int64_t *end_us); /* the run's data interval; 0, 0 if none */
    int64_t (*now_us)(pln_context *ctx);       /* the run's wall clock */
    int64_t (*monotonic_us)(pln_context *ctx); /* for measuring */
    void (*random)(pln_context *ctx, void *bytes, uint64_t size); /* seeded by run and node */
    const pln_allocator *(*allocator)(pln_context *ctx); /* lives until the last block of it is freed */
    const pln_file_ops *(*files)(pln_context *ctx);
    uint32_t (*wants)(pln_context *ctx); /* PLN_WANT_*; known from the first poll on */

    /* Batches. `port` says whose schema they have: the node's out port (0 for a source). */
    pln_status (*batch_new)(pln_context *ctx, int32_t port, struct ArrowArray *array /* (takes) */,
                            const pln_origin *origin /* may be NULL; (takes) */, pln_batch **out,
                            pln_error *err);
    /*
     * Rows that come from rows of `parent` and inherit their origin: row i from rows[i], or from row i if `rows` is NULL (then n is all
     * of parent's rows). `array` NULL: the columns are gathered from parent.
     */
    pln_status (*batch_derive)(pln_context *ctx, int32_t port, pln_batch *parent,
                               const int32_t *rows, int64_t n,
                               struct ArrowArray *array /* (takes) */, pln_batch **out,
                               pln_error *err);
    pln_status (*builder_new)(pln_context *ctx, int32_t port, pln_builder **out, pln_error *err);
    const pln_builder_calls *builder;
    const struct ArrowSchema *(*batch_schema)(const pln_batch *batch);
    const struct ArrowArray *(*batch_array)(const pln_batch *batch);
    pln_batch *(*batch_ref)(pln_batch *batch);
    void (*batch_unref)(pln_batch *batch);
    /* Origin of one row: PLN_OK or, if nothing is known, PLN_EOS. Texts and bytes live as long as the batch. */
    pln_status (*batch_origin)(const pln_batch *batch, int64_t row, pln_raw_rejection *out);

    /* Rows leave: in process, advance, finish, on_timers, drain (transforms); rejects also in poll and write. */
    pln_status (*emit)(pln_context *ctx, int32_t port, pln_batch *batch /* (takes) */,
                       pln_error *err);
    /* Rows of a batch this node was given (or, in a source, has made) go to its reject port; `n` items, rows ascending. */
    pln_status (*reject)(pln_context *ctx, pln_batch *batch, const pln_rejection *items, int64_t n,
                         pln_error *err);
    pln_status (*reject_raw)(pln_context *ctx, const pln_raw_rejection *items, int64_t n,
                             pln_error *err);
    /* Input rows that neither leave nor are rejected: filtered, absorbed, late, duplicate. */
    pln_status (*account)(pln_context *ctx, int32_t fate, int64_t rows, pln_error *err);

    /*
     * Event time, pln-windows(7). watermark: no row that this node emits from now on is meant to be of `time_us` or before; it never goes back, and the end of the rows is
     * +infinity without being said. A transform that has called it once (INT64_MIN in open: no watermark yet) tells its own time; the watermarks of all others
     * are those of their slowest in port. idle: nothing is to be expected, nobody needs to wait for this node until its next watermark. `split` is NULL.
     */
    pln_status (*watermark)(pln_context *ctx, const char *split, int64_t time_us, pln_error *err);
    pln_status (*idle)(pln_context *ctx, const char *split, pln_error *err);

    /* State. In `save` only: one piece, read back by `load`. A source's key is the split. The bytes are copied. */
    pln_status (*state_put)(pln_context *ctx, const char *key, const void *bytes, int64_t size,
                            pln_error *err);
    /* In `prepare` only: what commit, abort and recover will be given. At most 16 KiB. */
    pln_status (*handle_put)(pln_context *ctx, const void *bytes, int64_t size, pln_error *err);
    /*
     * Keyed state: values under keys of the node's own, in the run's state file, for what is too much for memory and for `save`. What is put belongs to the
     * epoch: a run that is resumed finds what the last committed one left. From `load` to `save`. Batches of keys and values are made with batch_new
     * or builder_new for the "ports" PLN_KEYED_KEYS and PLN_KEYED_VALUES; many rows at a time cost least. Of one key put twice the last row counts.
     * Row i of *values belongs to row i of `keys`; its value is null where nothing is there. Putting a null removes. Errors name node and key: PLN_EUNSUPPORTED where
     * the run has no state file, PLN_ELIMIT for sizes, PLN_ECORRUPT for a damaged value, PLN_EFENCED if another process has taken the run over.
     */
    pln_status (*keyed_get)(pln_context *ctx, pln_batch *keys, pln_batch **values, pln_error *err);
    pln_status (*keyed_put)(pln_context *ctx, pln_batch *keys, pln_batch *values, pln_error *err);
    /* on_timers is called once when the run's clock has reached time_us; a node has one timer, the last one set. `keys` is NULL. Transforms only. */
    pln_status (*timer_set)(pln_context *ctx, pln_batch *keys, int64_t time_us, pln_error *err);

    /* Waiting and talking. After AGAIN the run sleeps until a descriptor is ready or the time has come. */
    pln_status (*wait_fd)(pln_context *ctx, int32_t fd, uint32_t events, pln_error *err);
    pln_status (*wait_until)(pln_context *ctx, int64_t time_us, pln_error *err);
    int32_t (*cancelled)(pln_context *ctx); /* long loops look at it */
    void (*log)(pln_context *ctx, int32_t level, const char *message);
    void (*count)(pln_context *ctx, const char *metric, int64_t n);
    /*
     * One object for all nodes of the run that name the same key (a database connection): made by the first, destroyed after all nodes are
     * closed, in reverse order of making.
     */
    pln_status (*shared)(pln_context *ctx, const char *key,
                         pln_status (*create)(pln_context *ctx, void *arg, void **object,
                                              pln_error *err),
                         void (*destroy)(void *object), void *arg, void **object, pln_error *err);
    /* The schema of an in port (of a source or transform: also of an out port), known after schema propagation; NULL before. */
    const struct ArrowSchema *(*port_schema)(pln_context *ctx, int32_t out, int32_t port);
    /* A schema from its text, "id int64 not null, name utf8"; <pln/schema.h> tells the form. Legal everywhere but in `ports`. */
    pln_status (*schema_parse)(pln_context *ctx, const char *text, struct ArrowSchema *out,
                               pln_error *err);
    /*
     * As batch_derive, for rows that came from a builder: row i of `made` was made from row rows[i] of `parent` (NULL: from row i) and inherits its
     * origin, so that a reject further on knows its line and bytes.
     */
    pln_status (*batch_inherit)(pln_context *ctx, int32_t port, pln_batch *parent,
                                const int32_t *rows, pln_batch *made /* (takes) */, pln_batch **out,
                                pln_error *err);
    /*
     * In `open` only: configured as it is, this node cannot do what its table says, and why, in words that go on after its name: "reads a pipe, which
     * cannot be read again". A run that is asked for exactly-once is refused with them before its first row. Otherwise a source counts as not REPLAYABLE: its
     * failed epochs are not tried again, and a run with a state file is refused. A sink counts as mode C and not IDEMPOTENT: flush does all that is to be
     * done, prepare, commit and recover are not called, and state_commit gets no head. The text is copied.
     */
    pln_status (*lacks)(pln_context *ctx, const char *what, pln_error *err);
    /* Schema registries, by location; see pln_schema_registry_calls. */
    const pln_schema_registry_calls *schema_registry;
    /* How many edges leave an out port: rows for a port that nobody reads need not be made. */
    int32_t (*port_edges)(pln_context *ctx, int32_t port);
    /*
     * Values whose `expires` is less than `before`, which never goes back, are wanted no more. They are removed little by little once the epoch is committed;
     * until then keyed_get may find them. Legal in `open`, too, where PLN_EUNSUPPORTED says that the run has no state file.
     */
    pln_status (*keyed_expire)(pln_context *ctx, int64_t before, pln_error *err);
    /*
     * The watermark that held before each row of a batch, ascending, lent as long as the batch lives; NULL: that of the in port, as one that is below
     * it does. It makes what is late, and what a window holds, a function of the sequence of rows, wherever batches begin and end. Derived batches keep it.
     */
    const int64_t *(*batch_watermarks)(const pln_batch *batch);
    /* The same rows with these watermarks, one a row, ascending; copied. */
    pln_status (*batch_watermarked)(pln_context *ctx, pln_batch *batch /* (takes) */,
                                    const int64_t *at, pln_batch **out, pln_error *err);
    /* The watermark of an in port; INT64_MIN: none yet. */
    int64_t (*port_watermark)(pln_context *ctx, int32_t port);
    /*
     * What the run's report has to say of this node under a topic, a JSON value of at most 1 MiB; it takes the place of what was said of the topic before, and
     * belongs to the epoch. Topics have 1 to 63 letters, digits and '_'; <pln/report.h> reads "contract" and "monitors".
     */
    pln_status (*note)(pln_context *ctx, const char *topic, const char *json, pln_error *err);
    /*
     * Histories: what a pipeline keeps of a data set from one run to the next, whatever their run keys, as bytes of the node's own under a data set and a metric
     * (1 to 255 bytes each). They are in the run's state file; PLN_EUNSUPPORTED where it has none. Legal from `schema` on. `get` gives what the last committed epoch of
     * any run left, lent until the next call (size 0: nothing). What is put, at most 1 MiB, becomes the history with the epoch, and never if the epoch is not committed. If
     * another run has put the same one in the meantime, that stays and a warning is logged. PLN_EEXIST for one that another node has put in this epoch.
     */
    pln_status (*history_get)(pln_context *ctx, const char *dataset, const char *metric,
                              const void **bytes, int64_t *size, pln_error *err);
    pln_status (*history_put)(pln_context *ctx, const char *dataset, const char *metric,
                              const void *bytes, int64_t size, pln_error *err);
};

#ifdef __cplusplus
}
#endif

#endif
