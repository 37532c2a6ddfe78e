#include "connect/generate/generate.h"

typedef struct generator {
    const pln_allocator *mem;
    pln__gen_column *columns;
    int64_t n;
    int64_t rows; /* INT64_MAX: endless */
    double rate;  /* rows a second; 0: as fast as wanted */
    struct {
        uint64_t seed;
        int64_t row;
    } at;
    int64_t started_us, started_row;
    struct ArrowSchema schema;
    pln__column out;
    bool ready;
} generator;

static void gen_close(void *self, pln_context *ctx) {
    generator *g = self;
    (void)ctx;
    if (g->ready)
        pln__column_free(&g->out);
    pln__schema_release(&g->schema);
    for (int64_t i = 0; i < g->n; i++)
        pln__gen_free(g->mem, &g->columns[i]);
    pln__free(g->mem, g->columns, (uint64_t)(g->n + 1) * sizeof *g->columns);
    pln__free(g->mem, g, sizeof *g);
}

static pln_status read_columns(generator *g, pln_context *ctx, const pln_config *config,
                               pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    int64_t n = host->config_count(config, "columns");
    g->columns = pln__calloc(g->mem, (uint64_t)n + 1, sizeof *g->columns);
    if (g->columns == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *g->columns);
    g->n = n;
    if (n < 1)
        PLN__FAIL(err, PLN_EOPTION, "option 'columns': expected at least one column");
    PLN__TRY(pln__field_new(g->mem, "+s", "generated", false, n, &g->schema, err));
    for (int64_t i = 0; i < n; i++) {
        const char *name = NULL, *json = host->config_item(config, "columns", i, &name);
        if (name == NULL)
            PLN__FAIL(err, PLN_EOPTION,
                      "option 'columns': expected an object of names and specifications");
        PLN__TRY(pln__gen_parse(g->mem, name, json, &g->columns[i], err));
        PLN__TRY(pln__gen_field(g->mem, &g->columns[i], g->schema.children[i], err));
    }
out:
    return status;
}

static pln_status gen_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    generator *g = pln__calloc(mem, 1, sizeof *g);
    (void)user;
    if (g == NULL)
        return pln__error_memory(err, sizeof *g);
    g->mem = mem;
    g->rows = host->config_has(config, "rows") ? host->config_int(config, "rows") : INT64_MAX;
    g->rate = host->config_float(config, "rate");
    if (g->rows < 0 || !(g->rate >= 0))
        PLN__FAIL(err, PLN_EOPTION, "options 'rows' and 'rate': expected numbers from 0");
    g->at.seed = (uint64_t)host->config_int(config, "seed");
    PLN__TRY(read_columns(g, ctx, config, err));
    PLN__TRY(pln__column_init(mem, &g->schema, &g->out, err));
    g->ready = true;
    *self = g;
    return PLN_OK;
out:
    gen_close(g, ctx);
    return status;
}

static pln_status gen_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                             pln_error *err) {
    const generator *g = self;
    (void)ctx;
    return pln__schema_copy(g->mem, &g->schema, out, err);
}

/* A rate may be one row in an age, or more rows in a microsecond than there are numbers. */
static int64_t whole(double amount) {
    return amount < 0x1p62 ? (int64_t)amount : INT64_C(1) << 62;
}

/* How many rows the rate allows by now; the first one at once. */
static int64_t due(generator *g, pln_context *ctx, pln_error *err) {
    int64_t now = ctx->host->now_us(ctx), made = g->at.row - g->started_row;
    if (g->started_us == 0)
        g->started_us = now;
    /* A clock that was set back allows no fewer rows than at the start. */
    int64_t passed = now > g->started_us ? now - g->started_us : 0;
    int64_t allowed = whole((double)passed * g->rate / 1e6) + 1;
    if (allowed <= made)
        (void)ctx->host->wait_until(
            ctx, pln__add_clamped(g->started_us, whole((double)made * 1e6 / g->rate) + 1), err);
    return allowed - made;
}

static pln_status send(generator *g, pln_context *ctx, int64_t n, pln_batch **out, pln_error *err) {
    struct ArrowArray array = {0};
    pln__positions *p = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__column_finish(&g->out, &array, err));
    if (!(ctx->host->wants(ctx) & PLN_WANT_POSITION))
        return ctx->host->batch_new(ctx, 0, &array, NULL, out, err);
    PLN__TRY(pln__positions_new(g->mem, g->at.row, n, &p, err));
    pln_origin origin = {.struct_size = sizeof origin, .split = "generated", .position = p->at,
                         .release = pln__positions_free, .owner = p};
    return ctx->host->batch_new(ctx, 0, &array, &origin, out, err);
out:
    pln__array_release(&array);
    return status;
}

static pln_status gen_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                           pln_error *err) {
    pln_status status = PLN_OK;
    generator *g = self;
    int64_t n = g->rows - g->at.row;
    if (n <= 0)
        return PLN_EOS;
    if (n > want->max_rows)
        n = want->max_rows;
    if (g->rate > 0) {
        int64_t allowed = due(g, ctx, err);
        if (allowed <= 0)
            return PLN_AGAIN;
        n = allowed < n ? allowed : n;
    }
    pln__column_truncate(&g->out, 0);
    for (int64_t i = 0; i < g->n; i++)
        PLN__TRY(pln__gen_fill(&g->columns[i], g->at.seed, g->at.row, n, &g->out.children[i], err));
    g->out.length = n;
    PLN__TRY(send(g, ctx, n, batch, err));
    g->at.row += n;
out:
    return status;
}

static pln_status gen_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const generator *g = self;
    (void)n;
    return ctx->host->state_put(ctx, "generated", &g->at, sizeof g->at, err);
}

static pln_status gen_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                           pln_error *err) {
    generator *g = self;
    (void)ctx;
    if (count != 1 || pieces[0].size != sizeof g->at)
        return pln__error_set(err, PLN_ECORRUPT, "the saved position is damaged");
    memcpy(&g->at, pieces[0].bytes, sizeof g->at);
    g->started_row = g->at.row;
    return g->at.row < 0 ? pln__error_set(err, PLN_ECORRUPT, "the saved position is negative")
                         : PLN_OK;
}

static pln_status gen_estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                               pln_error *err) {
    const generator *g = self;
    (void)ctx;
    (void)err;
    *done = g->at.row;
    *total = g->rows == INT64_MAX ? -1 : g->rows;
    return PLN_OK;
}

static const pln_option options[] = {
    {"columns", PLN_OPT_JSON, 1, NULL, NULL,
     "an object of column names and specifications: {\"sequence\": start, \"step\": n}, {\"int\": [low, high]}, "
     "{\"float\": [low, high]}, {\"decimal\": [low, high], \"scale\": n}, {\"bool\": probability}, {\"choice\": [texts]}, "
     "{\"text\": [shortest, longest]}, {\"time\": start, \"step\": duration}; each may have \"nulls\": probability"},
    {"rows", PLN_OPT_INT, 0, NULL, NULL, "how many rows; endless if not given"},
    {"rate", PLN_OPT_FLOAT, 0, "0", NULL, "rows a second; 0: as fast as they are wanted"},
    {"seed", PLN_OPT_INT, 0, "1", NULL, "the same seed gives the same rows"},
    {0}};

static const pln_source generate = {
    .struct_size = sizeof(pln_source),
    .abi = PLN_PLUGIN_ABI,
    .name = "generate",
    .summary = "Makes rows out of a small specification and a seed.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = gen_open,
    .schema = gen_schema,
    .poll = gen_poll,
    .close = gen_close,
    .save = gen_save,
    .load = gen_load,
    .estimate = gen_estimate,
};

pln_status pln__connect_generate_register(const pln_host *host, pln_registry *registry,
                                          pln_error *err) {
    return host->register_stage(registry, PLN_SOURCE, &generate, NULL, err);
}
