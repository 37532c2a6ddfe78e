#include "connect/memory/memory.h"

typedef struct puller {
    const pln_allocator *mem;
    struct ArrowArrayStream *stream; /* the host's; released by the one who bound it */
    pln__schema *schema;
    pln_batch *batch;
    int64_t offset;
} puller;

static pln_status open_puller(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    struct ArrowArrayStream *stream = ctx->host->config_handle(config, "stream");
    (void)user;
    if (stream == NULL || stream->release == NULL)
        return pln__error_set(
            err, PLN_EOPTION,
            "option 'stream': expected a bound ArrowArrayStream that is not released");
    puller *made = pln__calloc(mem, 1, sizeof *made);
    if (made == NULL)
        return pln__error_memory(err, sizeof *made);
    made->mem = mem;
    made->stream = stream;
    *self = made;
    return PLN_OK;
}

static void close_puller(void *self, pln_context *ctx) {
    puller *p = self;
    (void)ctx;
    pln_batch_unref(p->batch);
    pln__schema_unref(p->schema);
    pln__free(p->mem, p, sizeof *p);
}

static pln_status schema_of(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *err) {
    puller *p = self;
    (void)ctx;
    if (p->schema == NULL) {
        pln_status status = pln__stream_schema(p->mem, p->stream, &p->schema, err);
        if (status < 0)
            return status;
    }
    return pln__schema_copy(p->mem, pln__schema_get(p->schema), out, err);
}

static pln_status poll_puller(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    puller *p = self;
    struct ArrowArray array = {0};
    if (p->batch == NULL) {
        pln_status status = pln__stream_next(p->mem, p->stream, p->schema, &p->batch, err);
        if (status != PLN_OK)
            return status;
        p->offset = 0;
    }
    int64_t left = pln_batch_rows(p->batch) - p->offset;
    int64_t n = left < want->max_rows ? left : want->max_rows;
    pln_status status =
        pln__rows_slice(p->mem, pln_batch_array(p->batch), p->offset, n, &array, err);
    if (status >= 0)
        status = ctx->host->batch_new(ctx, 0, &array, NULL, batch, err);
    if (status < 0)
        return status;
    p->offset += n;
    if (p->offset == pln_batch_rows(p->batch)) {
        pln_batch_unref(p->batch);
        p->batch = NULL;
    }
    return PLN_OK;
}

static const pln_option options[] = {
    {"stream", PLN_OPT_HANDLE, 1, NULL, NULL,
     "the struct ArrowArrayStream to read, bound with pln_graph_bind; it is read once and not released"},
    {0}};

const pln_source pln__arrow_read = {
    .struct_size = sizeof(pln_source),
    .abi = PLN_PLUGIN_ABI,
    .name = "arrow.read",
    .summary = "Reads an Arrow C stream of another library without copying.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_BOUNDED,
    .open = open_puller,
    .schema = schema_of,
    .poll = poll_puller,
    .close = close_puller,
};
