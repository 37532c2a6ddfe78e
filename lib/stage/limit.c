#include "stage/stage.h"

typedef struct limit {
    const pln_allocator *mem;
    int64_t offset, rows;
    int64_t seen; /* rows that came so far; the state */
} limit;

static pln_status limit_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    int64_t rows = ctx->host->config_int(config, "rows"),
            offset = ctx->host->config_int(config, "offset");
    (void)user;
    if (rows < 0 || offset < 0 || rows > INT64_MAX - offset)
        return pln__error_set(
            err, PLN_EOPTION,
            "options 'rows' and 'offset': expected numbers from 0, got %lld and %lld",
            (long long)rows, (long long)offset);
    limit *l = pln__alloc(mem, sizeof *l);
    if (l == NULL)
        return pln__error_memory(err, sizeof *l);
    *l = (limit){mem, offset, rows, 0};
    *self = l;
    return PLN_OK;
}

static void limit_close(void *self, pln_context *ctx) {
    limit *l = self;
    (void)ctx;
    pln__free(l->mem, l, sizeof *l);
}

static pln_status limit_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    pln_status status = PLN_OK;
    limit *l = self;
    int64_t rows = ctx->host->batch_array(batch)->length;
    int64_t from = l->offset - l->seen, to = l->offset + l->rows - l->seen;
    pln_batch *out = NULL;
    (void)port;
    from = from < 0 ? 0 : from > rows ? rows : from;
    to = to < from ? from : to > rows ? rows : to;
    l->seen += rows;
    if (to - from < rows)
        PLN__TRY(ctx->host->account(ctx, PLN_FILTERED, rows - (to - from), err));
    if (to - from == rows)
        out = ctx->host->batch_ref(batch);
    else if (to > from) {
        pln__derivation how = {batch, NULL, from, to - from, NULL, NULL};
        PLN__TRY(pln__batch_derive(l->mem, &how, &out, err));
    }
    if (out != NULL)
        PLN__TRY(ctx->host->emit(ctx, 0, out, err));
    status = l->seen - l->offset >= l->rows ? PLN_EOS : PLN_OK;
out:
    return status;
}

static pln_status limit_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const limit *l = self;
    (void)n;
    return ctx->host->state_put(ctx, "seen", &l->seen, sizeof l->seen, err);
}

static pln_status limit_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                             pln_error *err) {
    limit *l = self;
    (void)ctx;
    if (count != 1 || pieces[0].size != sizeof l->seen)
        return pln__error_set(err, PLN_ECORRUPT, "the saved count of rows is damaged");
    memcpy(&l->seen, pieces[0].bytes, sizeof l->seen);
    return l->seen < 0 ? pln__error_set(err, PLN_ECORRUPT, "the saved count of rows is negative")
                       : PLN_OK;
}

static const pln_option options[] = {
    {"rows", PLN_OPT_INT, 1, NULL, NULL, "how many rows pass; then no more are read"},
    {"offset", PLN_OPT_INT, 0, "0", NULL, "how many rows are passed over first"},
    {0}};

const pln_transform pln__limit = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "limit",
    .summary = "Passes the first rows and then ends the reading.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = limit_open,
    .process = limit_process,
    .close = limit_close,
    .save = limit_save,
    .load = limit_load,
};
