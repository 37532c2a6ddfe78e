/*
 * own_stage: a source and a transform of one's own, given to the graph as tables of functions.
 *
 * The source walks a knight over a chess board, one row a move; the transform adds a column with the distance from the start and rejects
 * moves that leave the board's middle. A built-in sink collects the rows in memory, another the rejected ones.
 */
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the source: open, schema, poll, close; save and load make it resumable ---- */

typedef struct walk {
    int64_t moves; /* how many there will be */
    int64_t made;
    uint64_t state;
    int32_t x, y;
} walk;

static const pln_option walk_options[] = {
    {"moves", PLN_OPT_INT, 0, "1000", NULL, "how many moves the knight makes"},
    {NULL, 0, 0, NULL, NULL, NULL},
};

/* The configuration was checked against the table above: unknown and ill-typed options never come here. */
static pln_status walk_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    walk *w = calloc(1, sizeof *w);
    (void)user;
    if (w == NULL)
        return err->status = PLN_ENOMEM; /* the engine always passes a record to fill */
    w->moves = ctx->host->config_int(config, "moves");
    *self = w;
    return PLN_OK;
}

static pln_status walk_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                              pln_error *err) {
    (void)self;
    return ctx->host->schema_parse(ctx, "move int64 not null, x int32 not null, y int32 not null",
                                   out, err);
}

static void step(walk *w) {
    static const int8_t jumps[8][2] = {{1, 2},   {2, 1},   {2, -1}, {1, -2},
                                       {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}};
    int32_t x, y;
    do {
        w->state = w->state * 6364136223846793005u + 1442695040888963407u;
        x = w->x + jumps[w->state >> 61][0];
        y = w->y + jumps[w->state >> 61][1];
    } while (x < 0 || x > 7 || y < 0 || y > 7);
    w->x = x;
    w->y = y;
    w->made++;
}

/* At most want->max_rows rows; the engine decides how soon they move on and when they become durable. */
static pln_status walk_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                            pln_error *err) {
    walk *w = self;
    const pln_builder_calls *build = ctx->host->builder;
    pln_builder *rows = NULL;
    if (w->made == w->moves)
        return PLN_EOS;
    pln_status status = ctx->host->builder_new(ctx, 0, &rows, err);
    for (int64_t n = 0; status >= 0 && n < want->max_rows && w->made < w->moves; n++) {
        step(w);
        const int64_t values[] = {w->made, w->x, w->y};
        for (int c = 0; c < 3 && status >= 0; c++)
            status = build->append_int(build->column(rows, c), values[c], err);
    }
    if (status >= 0)
        status = build->finish(rows, batch, err);
    build->free(rows);
    return status;
}

/* The position of exactly the rows returned so far: all that is needed to go on from there in another process. */
static pln_status walk_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    (void)n;
    return ctx->host->state_put(ctx, "walk", self, sizeof(walk), err);
}

static pln_status walk_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                            pln_error *err) {
    (void)ctx;
    if (count != 1 || pieces[0].size != sizeof(walk))
        return err->status = PLN_ECORRUPT;
    memcpy(self, pieces[0].bytes, sizeof(walk));
    return PLN_OK;
}

static void walk_close(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

static const pln_source knight = {
    .struct_size = sizeof(pln_source), .abi = PLN_PLUGIN_ABI,
    .name = "knight.walk", .summary = "Moves of a knight.",
    .options = walk_options, .option_size = sizeof(pln_option),
    .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = walk_open, .schema = walk_schema, .poll = walk_poll,
    .close = walk_close, .save = walk_save, .load = walk_load,
};

/* ---- the transform: reads columns in place, rejects some rows, emits the others with one column more ---- */

static pln_status far_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    (void)user, (void)ctx, (void)config, (void)err;
    *self = NULL; /* nothing to keep between batches */
    return PLN_OK;
}

static pln_status far_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                             int32_t n_in, struct ArrowSchema *out, int32_t n_out, pln_error *err) {
    (void)self, (void)in, (void)n_in, (void)n_out;
    const char *columns = "x int32 not null, y int32 not null, distance int32 not null";
    return ctx->host->schema_parse(ctx, columns, out, err);
}

static const int32_t *values_of(const struct ArrowArray *column) {
    return (const int32_t *)column->buffers[1] + column->offset;
}

static pln_status far_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    const struct ArrowArray *rows = host->batch_array(batch);
    const int32_t *x = values_of(rows->children[1]), *y = values_of(rows->children[2]);
    int32_t *kept = malloc((size_t)(rows->length + 1) * sizeof *kept), n = 0;
    pln_builder *out = NULL;
    pln_batch *made = NULL, *derived = NULL;
    pln_status status = kept == NULL ? PLN_ENOMEM : host->builder_new(ctx, 0, &out, err);
    (void)self, (void)port;
    for (int32_t i = 0; status >= 0 && i < rows->length; i++) {
        const int64_t values[] = {x[i], y[i], x[i] > y[i] ? x[i] : y[i]};
        if (x[i] == 0) { /* a wrong row is rejected, never an error: the run goes on */
            pln_rejection edge = {i, PLN_EDATA, 0, "x", "a move to the left edge"};
            status = host->reject(ctx, batch, &edge, 1, err);
            continue;
        }
        for (int c = 0; c < 3 && status >= 0; c++)
            status = host->builder->append_int(host->builder->column(out, c), values[c], err);
        kept[n++] = i;
    }
    if (status >= 0)
        status = host->builder->finish(out, &made, err);
    if (status >= 0) /* row k was made from row kept[k]: it keeps its origin */
        status = host->batch_inherit(ctx, 0, batch, kept, made, &derived, err);
    host->builder->free(out);
    free(kept);
    return status < 0 ? status : host->emit(ctx, 0, derived, err);
}

static void far_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static const pln_transform distance = {
    .struct_size = sizeof(pln_transform), .abi = PLN_PLUGIN_ABI,
    .name = "knight.distance", .summary = "Adds the distance from the corner.",
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = far_open, .process = far_process, .close = far_close, .schema = far_schema,
};

int main(void) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_table *good = NULL, *bad = NULL;
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_graph_new(rt, "knight", &g, &err) < 0 ||
        pln_table_new(rt, NULL, &good, &err) < 0 || pln_table_new(rt, NULL, &bad, &err) < 0)
        goto out;
    pln_graph_add_source(g, "walk", &knight, NULL, NULL, PLN_JSON({"moves": 20000}), &err);
    pln_graph_add_transform(g, "far", &distance, NULL, NULL, NULL, &err);
    pln_graph_add(g, "good", "memory.write", NULL, &err);
    pln_graph_add(g, "bad", "memory.write", NULL, &err);
    pln_graph_bind(g, "good", "table", good, NULL, &err);
    pln_graph_bind(g, "bad", "table", bad, NULL, &err);
    pln_graph_wire(g, "walk > far > good; far.reject > bad", &err);
    if (pln_graph_run(g, NULL, NULL, &err) < 0)
        goto out;
    printf("%lld moves, %lld of them to the left edge\n",
           (long long)(pln_table_rows(good) + pln_table_rows(bad)), (long long)pln_table_rows(bad));
    if (pln_table_rows(good) + pln_table_rows(bad) != 20000)
        err.status = PLN_EINTERNAL;
out:
    if (err.status < 0)
        fprintf(stderr, "own_stage: %s: %s\n", err.where, err.message);
    pln_graph_free(g); /* the tables outlive the graph that writes to them */
    pln_table_free(good);
    pln_table_free(bad);
    pln_runtime_free(rt);
    return err.status < 0 ? 3 : 0;
}
