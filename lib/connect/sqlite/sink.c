#include "connect/sqlite/sink.h"

static pln_identity identify(pln_context *ctx) {
    pln_identity who = {.struct_size = (uint32_t)sizeof who};
    ctx->host->identity(ctx, &who);
    return who;
}

static void forget_rows(pln__lite_sink *sink, pln_context *ctx) {
    for (int64_t i = 0; i < sink->n_held; i++) {
        pln__free(sink->mem, sink->held[i].keys,
                  (uint64_t)sink->held[i].rows->length * PLN_KEY_SIZE);
        ctx->host->batch_unref(sink->held[i].batch);
    }
    sink->n_held = sink->held_rows = sink->held_bytes = 0;
    sink->n_refused = 0;
}

static void sink_close(void *self, pln_context *ctx) {
    pln__lite_sink *sink = self;
    forget_rows(sink, ctx);
    pln__lite_statements_free(sink);
    pln__lite_columns_free(sink);
    pln__free(sink->mem, sink->held, (uint64_t)sink->held_capacity * sizeof *sink->held);
    pln__free(sink->mem, sink->refused, (uint64_t)sink->refused_capacity * sizeof *sink->refused);
    pln__lite_config_free(sink->mem, &sink->config);
    pln__free(sink->mem, sink, sizeof *sink);
}

static pln_status sink_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_status status = PLN_OK;
    pln__lite_sink *sink = pln__calloc(mem, 1, sizeof *sink);
    *self = NULL;
    if (sink == NULL)
        return pln__error_memory(err, sizeof *sink);
    sink->mem = mem;
    sink->mode = *(const int32_t *)user;
    sink->version = sink->tombstone = -1;
    PLN__TRY(pln__lite_config_read(ctx, config, sink->mode, &sink->config, err));
    pln__lite_options options = {.path = host->config_text(config, "database"),
                                 .flags = sink->config.create ? PLN__SQLITE_CREATE : 0,
                                 .busy_timeout_us = host->config_int(config, "busy_timeout"),
                                 .cache_bytes = host->config_int(config, "cache")};
    PLN__TRY(pln__lite_share(ctx, &options, &sink->db, err));
    *self = sink;
    sink = NULL;
out:
    if (sink != NULL)
        sink_close(sink, ctx);
    return status;
}

static pln_status sink_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                              pln_error *err) {
    pln__lite_sink *sink = self;
    bool there;
    (void)ctx;
    pln__lite_statements_free(sink);
    sink->ready = false;
    pln_status status = pln__lite_columns(sink, in, err);
    return status < 0 ? status : pln__lite_table_check(sink, &there, err);
}

/* The transaction is open and the statements fit the table as it is in it. */
static pln_status make_ready(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__lite_begin(sink->db, err));
    if (sink->ready && sink->ready_rollbacks == sink->db->rollbacks)
        goto out;
    sink->ready = false;
    pln__lite_statements_free(sink);
    PLN__TRY(pln__lite_table_ensure(sink, err));
    if (sink->mode == PLN__LITE_OVERWRITE)
        PLN__TRY(pln__lite_stage_ensure(sink, ctx, err));
    PLN__TRY(pln__lite_statements(sink, err));
    sink->ready = true;
    sink->ready_rollbacks = sink->db->rollbacks;
out:
    return status;
}

static pln_status bind_epoch(pln__lite_sink *sink, int64_t epoch, pln_error *err) {
    int parameter = (int)sink->n_columns + 1;
    return sqlite3_bind_int64(sink->write, parameter, epoch) == SQLITE_OK &&
                   sqlite3_bind_int64(sink->bulk_write, parameter, epoch) == SQLITE_OK
               ? PLN_OK
               : pln__lite_fail(sink->db, "the rows cannot be written", err);
}

static pln_status apply_held(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    pln__lite_place *order = NULL;
    if (sink->n_held == 0)
        return PLN_OK;
    if (sink->mode == PLN__LITE_OVERWRITE)
        PLN__TRY(bind_epoch(sink, identify(ctx).epoch, err));
    if (sink->config.sort && sink->sort_safe && sink->held_rows > 1)
        PLN__TRY(pln__lite_order(sink, &order, err));
    PLN__TRY(pln__lite_apply(sink, ctx, order, err));
out:
    pln__lite_order_free(sink, order);
    if (sink->write != NULL)
        (void)sqlite3_clear_bindings(sink->write);
    if (sink->remove != NULL)
        (void)sqlite3_clear_bindings(sink->remove);
    forget_rows(sink, ctx);
    return status;
}

static int64_t bytes_of(const struct ArrowSchema *schema, const struct ArrowArray *array) {
    int64_t sum = array->length * 8;
    if (array->length > 0 && array->n_buffers == 3 &&
        (schema->format[0] == 'u' || schema->format[0] == 'z')) {
        int32_t ends[2];
        memcpy(&ends[0], (const int32_t *)array->buffers[1] + array->offset, sizeof ends[0]);
        memcpy(&ends[1], (const int32_t *)array->buffers[1] + array->offset + array->length,
               sizeof ends[1]);
        sum += ends[1] - ends[0];
    }
    return sum;
}

static pln_status hold(pln__lite_sink *sink, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_status status = pln__grow(sink->mem, &sink->held, &sink->held_capacity, sink->n_held + 1,
                                  sizeof *sink->held, err);
    if (status < 0)
        return status;
    uint8_t *keys = NULL;
    if (sink->config.keyed) {
        uint64_t size = (uint64_t)rows->length * PLN_KEY_SIZE;
        keys = pln__alloc(sink->mem, size);
        status = keys == NULL ? pln__error_memory(err, size)
                              : pln_keys_batch(sink->keys, rows, keys, err);
        if (status < 0) {
            pln__free(sink->mem, keys, size);
            return status;
        }
    }
    sink->held[sink->n_held++] = (pln__lite_held){ctx->host->batch_ref(batch), rows, keys};
    sink->held_rows += rows->length;
    for (int64_t i = 0; i < rows->n_children; i++)
        sink->held_bytes += bytes_of(sink->schema.children[i], rows->children[i]);
    return PLN_OK;
}

static pln_status sink_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    pln__lite_sink *sink = self;
    pln_status status = PLN_OK;
    int64_t rows = ctx->host->batch_array(batch)->length;
    if (rows == 0)
        return PLN_OK;
    PLN__TRY(make_ready(sink, ctx, err));
    if (sink->held_rows + rows > PLN__LITE_HELD_ROWS)
        PLN__TRY(apply_held(sink, ctx, err));
    PLN__TRY(hold(sink, ctx, batch, err));
    /* What need not be sorted need not wait. */
    bool waits = sink->config.sort && sink->sort_safe && sink->held_rows < PLN__LITE_HELD_ROWS &&
                 sink->held_bytes < PLN__LITE_HELD_BYTES;
    if (!waits)
        PLN__TRY(apply_held(sink, ctx, err));
out:
    return status;
}

static pln_status sink_finish(void *self, pln_context *ctx, pln_error *err) {
    pln__lite_sink *sink = self;
    (void)ctx;
    (void)err;
    sink->finished = true;
    return PLN_OK;
}

/* Also an epoch without rows makes the table, so that a run over empty input leaves one. */
static pln_status sink_flush(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln__lite_sink *sink = self;
    pln_status status = PLN_OK;
    (void)n;
    PLN__TRY(make_ready(sink, ctx, err));
    PLN__TRY(apply_held(sink, ctx, err));
    if (sink->mode == PLN__LITE_OVERWRITE && sink->finished)
        PLN__TRY(pln__lite_stage_swap(sink, ctx, err));
out:
    return status;
}

static pln_status sink_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                             int64_t size, pln_error *err) {
    pln__lite_sink *sink = self;
    (void)n;
    (void)handle;
    (void)size;
    (void)err;
    forget_rows(sink, ctx);
    pln__lite_statements_free(sink);
    sink->ready = false;
    sink->finished = sink->swapped = false;
    pln__lite_rollback(sink->db);
    return PLN_OK;
}

static pln_status sink_state_open(void *self, pln_context *ctx, int64_t *owner, int64_t *n,
                                  const void **head, int64_t *size, pln_error *err) {
    pln__lite_sink *sink = self;
    pln_identity who = identify(ctx);
    return pln__lite_take_over(sink->db, &who, owner, n, head, size, err);
}

static pln_status sink_state_commit(void *self, pln_context *ctx, int64_t owner, int64_t n,
                                    const void *head, int64_t size, pln_error *err) {
    pln__lite_sink *sink = self;
    pln_identity who = identify(ctx);
    pln_status status = PLN_OK;
    who.owner = owner;
    who.epoch = n;
    if (head != NULL) {
        PLN__TRY(pln__lite_begin(sink->db, err));
        PLN__TRY(pln__lite_set_head(sink->db, &who, head, size, err));
    }
    PLN__TRY(pln__lite_commit(sink->db, err));
out:
    if (status < 0)
        pln__lite_rollback(sink->db);
    return status;
}

static const char *sink_store(void *self, pln_context *ctx) {
    (void)ctx;
    return ((pln__lite_sink *)self)->db->store;
}

static pln_status sink_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    (void)self;
    return ctx->host->state_put(ctx, "epoch", &n, sizeof n, err);
}

/* A resumed run goes on filling the staging table that it finds. */
static pln_status sink_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                            pln_error *err) {
    (void)ctx;
    (void)pieces;
    (void)err;
    ((pln__lite_sink *)self)->resumed = count > 0;
    return PLN_OK;
}

static void sink_interrupt(void *self) {
    pln__lite_interrupt(((pln__lite_sink *)self)->db);
}

#define SINK(stage_name, what, list, more_caps)                                                    \
    {                                                                                              \
        .struct_size = (uint32_t)sizeof(pln_sink), .abi = PLN_PLUGIN_ABI, .name = stage_name,      \
        .summary = what, .options = list, .option_size = (uint32_t)sizeof(pln_option),             \
        .caps = more_caps, .open = sink_open, .write = sink_write, .close = sink_close,            \
        .schema = sink_schema, .finish = sink_finish, .flush = sink_flush, .abort = sink_abort,    \
        .state_open = sink_state_open, .state_commit = sink_state_commit, .store = sink_store,     \
        .interrupt = sink_interrupt,                                                               \
    }

pln_status pln__lite_register_sinks(const pln_host *host, pln_registry *registry, pln_error *err) {
    static const int32_t modes[3] = {PLN__LITE_APPEND, PLN__LITE_UPSERT, PLN__LITE_OVERWRITE};
    pln_sink tables[3] = {
        SINK("sqlite.append", "Insert rows into a table of a SQLite database.",
             pln__lite_append_options, 0),
        SINK("sqlite.upsert",
             "Insert rows into a table of a SQLite database, or update or delete those with the "
             "same key.",
             pln__lite_upsert_options, PLN_CAP_IDEMPOTENT),
        SINK("sqlite.overwrite",
             "Replace a table of a SQLite database, or those of its partitions that rows come for.",
             pln__lite_overwrite_options, PLN_CAP_IDEMPOTENT),
    };
    pln_status status = PLN_OK;
    tables[PLN__LITE_OVERWRITE].save = sink_save;
    tables[PLN__LITE_OVERWRITE].load = sink_load;
    for (int i = 0; i < 3 && status >= 0; i++)
        status =
            host->register_stage(registry, PLN_SINK, &tables[i], (void *)(uintptr_t)&modes[i], err);
    return status;
}
