#include "connect/memory/memory.h"

typedef struct reader {
    const pln_allocator *mem;
    pln__table *table;
    bool follow;
    int64_t position; /* rows read, counted from the table's first row ever */
} reader;

static pln_status open_reader(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln__table *table = pln__table_bound(ctx, config, err);
    (void)user;
    if (table == NULL)
        return PLN_EOPTION;
    reader *made = pln__calloc(mem, 1, sizeof *made);
    if (made == NULL)
        return pln__error_memory(err, sizeof *made);
    *made = (reader){mem, table, ctx->host->config_int(config, "follow"), 0};
    *self = made;
    return PLN_OK;
}

static void close_reader(void *self, pln_context *ctx) {
    reader *r = self;
    (void)ctx;
    pln__free(r->mem, r, sizeof *r);
}

static pln_status schema_of(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *err) {
    reader *r = self;
    (void)ctx;
    if (r->table->schema == NULL)
        return r->follow && !r->table->closed
                   ? PLN_AGAIN
                   : pln__error_set(err, PLN_ETYPE, "the table has no schema and no batch");
    return pln__schema_copy(r->mem, pln__schema_get(r->table->schema), out, err);
}

/* The batch that holds row `position`, and the row inside it. */
static pln_batch *find(const reader *r, int64_t *row) {
    int64_t first = r->table->dropped_rows;
    for (int64_t i = 0; i < r->table->count; i++) {
        int64_t rows = pln_batch_rows(r->table->batches[i]);
        if (r->position < first + rows) {
            *row = r->position - first;
            return r->table->batches[i];
        }
        first += rows;
    }
    return NULL;
}

static pln_status send(reader *r, pln_context *ctx, pln_batch *from, int64_t row, int64_t n,
                       pln_batch **out, pln_error *err) {
    struct ArrowArray array = {0};
    pln__positions *p = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__rows_slice(r->mem, pln_batch_array(from), row, n, &array, err));
    if (!(ctx->host->wants(ctx) & PLN_WANT_POSITION))
        return ctx->host->batch_new(ctx, 0, &array, NULL, out, err);
    PLN__TRY(pln__positions_new(r->mem, r->position, n, &p, err));
    pln_origin origin = {.struct_size = sizeof origin, .split = "table", .position = p->at,
                         .release = pln__positions_free, .owner = p};
    return ctx->host->batch_new(ctx, 0, &array, &origin, out, err);
out:
    pln__array_release(&array);
    return status;
}

static pln_status poll_reader(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    reader *r = self;
    int64_t row = 0;
    pln_batch *from = find(r, &row);
    if (r->position < r->table->dropped_rows)
        return pln__error_set(err, PLN_EDATALOSS,
                              "row %lld was dropped from the table before it was read",
                              (long long)r->position);
    if (from == NULL)
        return r->follow && !r->table->closed ? PLN_AGAIN : PLN_EOS;
    int64_t n = pln_batch_rows(from) - row;
    if (n > want->max_rows)
        n = want->max_rows;
    pln_status status = send(r, ctx, from, row, n, batch, err);
    if (status >= 0)
        r->position += n;
    return status;
}

static pln_status save_reader(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const reader *r = self;
    (void)n;
    return ctx->host->state_put(ctx, "table", &r->position, sizeof r->position, err);
}

static pln_status load_reader(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    reader *r = self;
    int64_t position = 0;
    (void)ctx;
    for (int64_t i = 0; i < count; i++) {
        if (pieces[i].size != sizeof position)
            return pln__error_set(err, PLN_ECORRUPT, "the saved position has %lld bytes",
                                  (long long)pieces[i].size);
        memcpy(&position, pieces[i].bytes, sizeof position);
    }
    if (position < 0)
        return pln__error_set(err, PLN_ECORRUPT, "the saved position is %lld", (long long)position);
    r->position = position;
    return PLN_OK;
}

static pln_status estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                           pln_error *err) {
    const reader *r = self;
    (void)ctx;
    (void)err;
    *done = r->position;
    *total = r->follow && !r->table->closed ? -1 : r->table->dropped_rows;
    for (int64_t i = 0; *total >= 0 && i < r->table->count; i++)
        *total += pln_batch_rows(r->table->batches[i]);
    return PLN_OK;
}

static const pln_option options[] = {
    {"table", PLN_OPT_HANDLE, 1, NULL, NULL, "the pln_table to read, bound with pln_graph_bind"},
    {"follow", PLN_OPT_BOOL, 0, "false", NULL,
     "wait for more batches until the table is closed, instead of ending with the last one"},
    {0}};

const pln_source pln__memory_read = {
    .struct_size = sizeof(pln_source),
    .abi = PLN_PLUGIN_ABI,
    .name = "memory.read",
    .summary = "Reads the batches of a table in the program's memory.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = open_reader,
    .schema = schema_of,
    .poll = poll_reader,
    .close = close_reader,
    .save = save_reader,
    .load = load_reader,
    .estimate = estimate,
};
