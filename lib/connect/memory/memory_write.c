#include "connect/memory/memory.h"

/* Batches of the epoch being filled; they reach the table when it commits. */
typedef struct appender {
    const pln_allocator *mem;
    pln__table *table;
    pln_batch **staged;
    int64_t count, capacity;
} appender;

static pln_status open_appender(void *user, pln_context *ctx, const pln_config *config, void **self,
                                pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln__table *table = pln__table_bound(ctx, config, err);
    (void)user;
    if (table == NULL)
        return PLN_EOPTION;
    appender *made = pln__calloc(mem, 1, sizeof *made);
    if (made == NULL)
        return pln__error_memory(err, sizeof *made);
    made->mem = mem;
    made->table = table;
    *self = made;
    return PLN_OK;
}

static pln_status abort_epoch(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *err) {
    appender *a = self;
    (void)ctx;
    (void)n;
    (void)handle;
    (void)size;
    (void)err;
    for (int64_t i = 0; i < a->count; i++)
        pln_batch_unref(a->staged[i]);
    a->count = 0;
    return PLN_OK;
}

static void close_appender(void *self, pln_context *ctx) {
    appender *a = self;
    (void)abort_epoch(self, ctx, 0, NULL, 0, NULL);
    pln__free(a->mem, a->staged, (uint64_t)a->capacity * sizeof *a->staged);
    pln__free(a->mem, a, sizeof *a);
}

/* A table without a schema takes the run's, so that a run without rows leaves one, too. */
static pln_status take_schema(const appender *a, const struct ArrowSchema *in, pln_error *err) {
    struct ArrowSchema copy = {0};
    pln_status status = pln__schema_copy(a->mem, in, &copy, err);
    return status < 0 ? status : pln__schema_share(a->mem, &copy, &a->table->schema, err);
}

static pln_status check_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                               pln_error *err) {
    const appender *a = self;
    pln__text text;
    (void)ctx;
    if (a->table->schema == NULL)
        return take_schema(a, in, err);
    if (pln__schema_equal(pln__schema_get(a->table->schema), in))
        return PLN_OK;
    pln__text_init(&text, a->mem);
    pln__schema_difference(pln__schema_get(a->table->schema), in, &text);
    pln_status status = pln__error_set(err, PLN_ETYPE, "the table has another schema: %s",
                                       text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return status;
}

static pln_status write_batch(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    appender *a = self;
    (void)ctx;
    pln_status status =
        pln__grow(a->mem, &a->staged, &a->capacity, a->count + 1, sizeof *a->staged, err);
    if (status >= 0)
        a->staged[a->count++] = pln_batch_ref(batch);
    return status;
}

static pln_status prepare(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    appender *a = self;
    /* Room for all of them now, so that commit cannot fail for lack of memory. */
    pln_status status = pln__grow(a->table->mem, &a->table->batches, &a->table->capacity,
                                  a->table->count + a->count, sizeof *a->table->batches, err);
    return status < 0 ? status : ctx->host->handle_put(ctx, &n, sizeof n, err);
}

static pln_status commit(void *self, pln_context *ctx, int64_t n, const void *handle, int64_t size,
                         pln_error *err) {
    appender *a = self;
    (void)ctx;
    (void)n;
    (void)handle;
    (void)size;
    for (int64_t i = 0; i < a->count; i++) {
        pln_status status = pln__table_append(a->table, a->staged[i], err);
        if (status < 0)
            return status;
    }
    return abort_epoch(self, ctx, n, NULL, 0, NULL);
}

static const pln_option options[] = {
    {"table", PLN_OPT_HANDLE, 1, NULL, NULL, "the pln_table to append to, bound with pln_graph_bind"}, {0}};

const pln_sink pln__memory_write = {
    .struct_size = sizeof(pln_sink),
    .abi = PLN_PLUGIN_ABI,
    .name = "memory.write",
    .summary = "Appends batches to a table in the program's memory, epoch by epoch.",
    .options = options,
    .option_size = sizeof(pln_option),
    .open = open_appender,
    .write = write_batch,
    .close = close_appender,
    .schema = check_schema,
    .prepare = prepare,
    .commit = commit,
    .abort = abort_epoch,
};
