#include "graph/graph.h"

/* The host's function as a transform; one table for all of them, the rest is `user`. */
typedef struct map {
    const pln_allocator *mem;
    pln_map_fn fn;
    void *user;
    void (*free_user)(void *user);
    bool rowwise;
    struct ArrowSchema schema; /* released: as the input */
} map;

static void map_free(void *user) {
    map *m = user;
    pln__schema_release(&m->schema);
    if (m->free_user != NULL)
        m->free_user(m->user);
    pln__free(m->mem, m, sizeof *m);
}

static pln_status map_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    (void)ctx;
    (void)config;
    (void)err;
    *self = user;
    return PLN_OK;
}

static void map_close(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
}

static pln_status map_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                             int32_t n_in, struct ArrowSchema *out, int32_t n_out, pln_error *err) {
    const map *m = self;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    return pln__schema_copy(m->mem, m->schema.release != NULL ? &m->schema : in[0], &out[0], err);
}

/* The function's rows, with the origin of the input rows. `made` is taken. */
static pln_status emit_rowwise(pln_context *ctx, pln_batch *in, pln_batch *made, pln_error *err) {
    pln_batch *out = NULL;
    int64_t rows = pln_batch_rows(in), got = pln_batch_rows(made);
    if (got != rows) {
        pln_batch_unref(made);
        return pln__error_set(err, PLN_ECONTRACT, "the rowwise map made %lld rows of %lld",
                              (long long)got, (long long)rows);
    }
    pln_status status = ctx->host->batch_inherit(ctx, 0, in, NULL, made, &out, err);
    return status < 0 ? status : ctx->host->emit(ctx, 0, out, err);
}

static pln_status map_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *err) {
    const map *m = self;
    pln_batch *out = NULL;
    (void)port;
    pln_status status = m->fn(m->user, ctx, batch, &out, err);
    if (status < 0) {
        if (err != NULL && err->status == 0)
            pln__error_set(err, status, "the map failed");
        pln_batch_unref(out);
        return status;
    }
    if (out == NULL)
        return m->rowwise && pln_batch_rows(batch) > 0
                   ? pln__error_set(err, PLN_ECONTRACT, "the rowwise map made no rows of %lld",
                                    (long long)pln_batch_rows(batch))
                   : PLN_OK;
    if (!m->rowwise || out == batch)
        return ctx->host->emit(ctx, 0, out, err);
    return emit_rowwise(ctx, batch, out, err);
}

static pln_status map_new(pln_graph *graph, const pln_map_options *options, map **out,
                          pln_error *err) {
    map *m = pln__calloc(graph->mem, 1, sizeof *m);
    *out = m;
    if (m == NULL)
        return pln__error_memory(err, sizeof *m);
    m->mem = graph->mem;
    m->rowwise = options == NULL || (options->flags & PLN_MAP_ROWWISE);
    if (options == NULL || options->schema == NULL)
        return PLN_OK;
    pln_status status = pln__schema_check(options->schema, err);
    return status < 0 ? status : pln__schema_copy(graph->mem, options->schema, &m->schema, err);
}

pln_status pln_graph_add_map(pln_graph *graph, const char *name, pln_map_fn fn, void *user,
                             void (*free_user)(void *user), const pln_map_options *options,
                             pln_error *err) {
    pln_transform table = {.struct_size = sizeof table,
                           .abi = PLN_PLUGIN_ABI,
                           .name = "map",
                           .summary = "A function of the program, called for every batch.",
                           .open = map_open,
                           .process = map_process,
                           .close = map_close,
                           .schema = map_schema};
    pln_error own = {0};
    map *m = NULL;
    pln_status status =
        fn == NULL ? pln__error_set(&own, PLN_EINVAL, "map '%s': the function is NULL", name)
                   : map_new(graph, options, &m, &own);
    if (status < 0) {
        if (m != NULL)
            map_free(m);
        if (free_user != NULL)
            free_user(user);
        return pln__graph_fail(graph, status, err, &own);
    }
    m->fn = fn;
    m->user = user;
    m->free_user = free_user;
    table.caps = m->rowwise ? PLN_CAP_ROWWISE : 0;
    return pln_graph_add_transform(graph, name, &table, m, map_free, NULL, err);
}
