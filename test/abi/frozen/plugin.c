/*
 * A plugin as somebody built it long ago: compiled against the frozen headers beside it, with the shortest tables that were
 * legal then. It must load and run for ever, or PLN_PLUGIN_ABI and the name of the entry point must change.
 */
#include <pln/plugin.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct counter {
    int64_t next, end;
} counter;

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    schema->release = NULL;
}

static pln_status count_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    (void)user, (void)err;
    counter *c = calloc(1, sizeof *c);
    if (c == NULL)
        return PLN_ENOMEM;
    c->end = ctx->host->config_int(config, "rows");
    *self = c;
    return PLN_OK;
}

static pln_status count_schema(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *err) {
    (void)self, (void)ctx, (void)err;
    struct ArrowSchema *child = calloc(1, sizeof *child);
    struct ArrowSchema **children = calloc(1, sizeof *children);
    if (child == NULL || children == NULL) {
        free(child);
        free(children);
        return PLN_ENOMEM;
    }
    child->format = "l";
    child->name = "n";
    child->release = release_schema;
    children[0] = child;
    memset(out, 0, sizeof *out);
    out->format = "+s";
    out->name = "";
    out->n_children = 1;
    out->children = children;
    out->release = release_schema;
    return PLN_OK;
}

static pln_status count_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                             pln_error *err) {
    counter *c = self;
    const pln_builder_calls *calls = ctx->host->builder;
    pln_builder *builder = NULL;
    if (c->next == c->end)
        return PLN_EOS;
    pln_status status = ctx->host->builder_new(ctx, 0, &builder, err);
    for (int64_t i = 0; status >= 0 && i < want->max_rows && c->next < c->end; i++)
        status = calls->append_int(calls->column(builder, 0), c->next++, err);
    if (status >= 0)
        status = calls->finish(builder, batch, err);
    if (builder != NULL)
        calls->free(builder);
    return status;
}

static void count_close(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

static pln_status even_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    (void)user, (void)ctx, (void)config, (void)err;
    *self = NULL;
    return PLN_OK;
}

static const int64_t *values(pln_context *ctx, pln_batch *batch, int64_t *rows) {
    const struct ArrowArray *array = ctx->host->batch_array(batch);
    *rows = array->length;
    return (const int64_t *)array->children[0]->buffers[1] + array->children[0]->offset;
}

static pln_status even_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                               pln_error *err) {
    (void)self, (void)port;
    int64_t rows, kept = 0;
    const int64_t *n = values(ctx, batch, &rows);
    int32_t *which = calloc((size_t)rows + 1, sizeof *which);
    if (which == NULL)
        return PLN_ENOMEM;
    for (int64_t i = 0; i < rows; i++)
        if (n[i] % 2 == 0)
            which[kept++] = (int32_t)i;
    pln_batch *out = NULL;
    pln_status status = ctx->host->batch_derive(ctx, 0, batch, which, kept, NULL, &out, err);
    if (status >= 0)
        status = ctx->host->emit(ctx, 0, out, err);
    if (status >= 0)
        status = ctx->host->account(ctx, PLN_FILTERED, rows - kept, err);
    free(which);
    return status;
}

static void nothing_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static pln_status sum_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    (void)self, (void)err;
    int64_t rows, sum = 0;
    const int64_t *n = values(ctx, batch, &rows);
    for (int64_t i = 0; i < rows; i++)
        sum += n[i];
    ctx->host->count(ctx, "sum", sum);
    return PLN_OK;
}

static const pln_option count_options[] = {
    {"rows", PLN_OPT_INT, 1, NULL, NULL, "How many rows."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

/* Each table ends behind its last required slot. */
static const pln_source count_table = {
    .struct_size = offsetof(pln_source, save),
    .abi = PLN_PLUGIN_ABI,
    .name = "frozen.count",
    .summary = "The numbers from 0.",
    .options = count_options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_BOUNDED,
    .open = count_open,
    .schema = count_schema,
    .poll = count_poll,
    .close = count_close,
};
static const pln_transform even_table = {
    .struct_size = offsetof(pln_transform, ports),
    .abi = PLN_PLUGIN_ABI,
    .name = "frozen.even",
    .summary = "Only even numbers.",
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = even_open,
    .process = even_process,
    .close = nothing_close,
};
static const pln_sink sum_table = {
    .struct_size = offsetof(pln_sink, schema),
    .abi = PLN_PLUGIN_ABI,
    .name = "frozen.sum",
    .summary = "The sum as a metric.",
    .option_size = sizeof(pln_option),
    .open = even_open,
    .write = sum_write,
    .close = nothing_close,
};

__attribute__((visibility("default"))) pln_status
pln_plugin_init_v1(const pln_host *host, pln_registry *registry, pln_error *err);

pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry, pln_error *err) {
    pln_status status = host->register_stage(registry, PLN_SOURCE, &count_table, NULL, err);
    if (status >= 0)
        status = host->register_stage(registry, PLN_TRANSFORM, &even_table, NULL, err);
    if (status >= 0)
        status = host->register_stage(registry, PLN_SINK, &sum_table, NULL, err);
    return status;
}
