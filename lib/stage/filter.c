#include "stage/stage.h"

typedef struct filter {
    const pln_allocator *mem;
    char *where, *message;
    bool reject;
    pln__expr *condition;
    pln__picks picks;
} filter;

static void filter_close(void *self, pln_context *ctx) {
    filter *f = self;
    (void)ctx;
    pln__expr_free(f->condition);
    pln__picks_free(&f->picks);
    pln__strfree(f->mem, f->where);
    pln__strfree(f->mem, f->message);
    pln__free(f->mem, f, sizeof *f);
}

static pln_status message_of(filter *f, const char *given, pln_error *err) {
    pln__text text;
    if (given != NULL)
        return pln__stage_text(f->mem, given, &f->message, err);
    pln__text_init(&text, f->mem);
    pln__text_printf(&text, "not true: %s", f->where);
    f->message = pln__text_take(&text);
    return pln__text_status(&text, err);
}

static pln_status filter_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    filter *f = pln__calloc(mem, 1, sizeof *f);
    (void)user;
    if (f == NULL)
        return pln__error_memory(err, sizeof *f);
    f->mem = f->picks.mem = mem;
    f->reject = strcmp(host->config_text(config, "else"), "reject") == 0;
    PLN__TRY(pln__stage_text(mem, host->config_text(config, "where"), &f->where, err));
    PLN__TRY(message_of(f, host->config_text(config, "message"), err));
    *self = f;
    return PLN_OK;
out:
    filter_close(f, ctx);
    return status;
}

static pln_status filter_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    filter *f = self;
    (void)n_in;
    (void)n_out;
    pln__expr_free(f->condition);
    f->condition = NULL;
    pln_status status = pln__stage_condition(ctx, "where", f->where, in[0], &f->condition, err);
    return status < 0 ? status : pln__schema_copy(f->mem, in[0], out, err);
}

/* Rows that were neither selected nor failed. */
static pln_status refuse_rest(filter *f, pln_context *ctx, pln_batch *batch, int64_t rows,
                              pln_error *err) {
    pln__picks *p = &f->picks;
    int64_t rest = rows - p->n - p->failures.count, selected = 0, failed = 0, n = 0;
    if (rest == 0)
        return PLN_OK;
    if (!f->reject)
        return ctx->host->account(ctx, PLN_FILTERED, rest, err);
    pln_status status = pln__grow(p->mem, &p->rejections, &p->rejections_capacity, rest,
                                  sizeof *p->rejections, err);
    if (status < 0)
        return status;
    for (int64_t row = 0; row < rows; row++) {
        if (selected < p->n && p->rows[selected] == row)
            selected++;
        else if (failed < p->failures.count && p->failures.items[failed].row == row)
            failed++;
        else
            p->rejections[n++] = (pln_rejection){row, PLN_EDATA, 0, NULL, f->message};
    }
    return ctx->host->reject(ctx, batch, p->rejections, n, err);
}

static pln_status filter_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    filter *f = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    (void)port;
    PLN__TRY(pln__picks_begin(&f->picks, rows->length, err));
    PLN__TRY(pln__expr_select(f->condition, rows, ctx->host->now_us(ctx), f->picks.rows,
                              &f->picks.n, &f->picks.failures, err));
    PLN__TRY(refuse_rest(f, ctx, batch, rows->length, err));
    PLN__TRY(pln__picks_reject_failures(&f->picks, ctx, batch, NULL, err));
    PLN__TRY(pln__picks_emit(&f->picks, ctx, 0, batch, err));
out:
    return status;
}

static const pln_option options[] = {
    {"where", PLN_OPT_EXPR, 1, NULL, NULL, "the condition that rows must meet; null is not met"},
    {"else", PLN_OPT_ENUM, 0, "\"drop\"", "drop|reject",
     "what rows do that do not meet it: they are counted as filtered, or go to the reject port"},
    {"message", PLN_OPT_TEXT, 0, NULL, NULL, "the reason that rejected rows carry instead of the condition's text"},
    {0}};

const pln_transform pln__filter = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "filter",
    .summary = "Passes the rows that meet a condition.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = filter_open,
    .process = filter_process,
    .close = filter_close,
    .schema = filter_schema,
};
