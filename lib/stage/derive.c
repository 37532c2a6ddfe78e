#include "stage/stage.h"

typedef struct derived {
    char *name, *text;
    pln__expr *expr;
    int64_t replaces; /* index of the input column of that name, or -1 */
} derived;

typedef struct derive {
    const pln_allocator *mem;
    derived *columns;
    int64_t n, n_in, n_out;
    bool null_on_error;
    struct ArrowArray *made; /* n_out of them, while a batch is processed */
    pln__picks picks;
} derive;

static void derive_close(void *self, pln_context *ctx) {
    derive *d = self;
    (void)ctx;
    for (int64_t i = 0; i < d->n; i++) {
        pln__expr_free(d->columns[i].expr);
        pln__strfree(d->mem, d->columns[i].name);
        pln__strfree(d->mem, d->columns[i].text);
    }
    pln__free(d->mem, d->columns, (uint64_t)(d->n + 1) * sizeof *d->columns);
    pln__free(d->mem, d->made, (uint64_t)(d->n_out + 1) * sizeof *d->made);
    pln__picks_free(&d->picks);
    pln__free(d->mem, d, sizeof *d);
}

static pln_status derive_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    derive *d = pln__calloc(mem, 1, sizeof *d);
    (void)user;
    if (d == NULL)
        return pln__error_memory(err, sizeof *d);
    d->mem = d->picks.mem = mem;
    d->null_on_error = strcmp(host->config_text(config, "on_error"), "null") == 0;
    int64_t n = host->config_count(config, "columns");
    d->columns = pln__calloc(mem, (uint64_t)n + 1, sizeof *d->columns);
    if (d->columns == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)n * sizeof *d->columns));
    d->n = n;
    for (int64_t i = 0; i < n; i++) {
        const char *name = NULL, *text = host->config_item(config, "columns", i, &name);
        if (name == NULL || text == NULL)
            PLN__FAIL(err, PLN_EOPTION,
                      "option 'columns': expected an object of names and expressions");
        PLN__TRY(pln__stage_text(mem, name, &d->columns[i].name, err));
        PLN__TRY(pln__stage_text(mem, text, &d->columns[i].text, err));
    }
    *self = d;
    return PLN_OK;
out:
    derive_close(d, ctx);
    return status;
}

static pln_status compile_all(derive *d, pln_context *ctx, const struct ArrowSchema *in,
                              pln_error *err) {
    pln_status status = PLN_OK;
    int64_t added = 0;
    for (int64_t i = 0; i < d->n; i++) {
        derived *c = &d->columns[i];
        pln__expr_free(c->expr);
        c->expr = NULL;
        PLN__TRY(pln__stage_compile(ctx, c->name, c->text, in, &c->expr, err));
        c->replaces = pln__schema_find(in, c->name);
        added += c->replaces < 0;
    }
    pln__free(d->mem, d->made, (uint64_t)(d->n_out + 1) * sizeof *d->made);
    d->n_in = in->n_children;
    d->n_out = in->n_children + added;
    d->made = pln__calloc(d->mem, (uint64_t)d->n_out + 1, sizeof *d->made);
    if (d->made == NULL) {
        d->n_out = -1;
        PLN__TRY(pln__error_memory(err, sizeof *d->made));
    }
out:
    return status;
}

static const derived *replacing(const derive *d, int64_t column) {
    for (int64_t i = 0; i < d->n; i++)
        if (d->columns[i].replaces == column)
            return &d->columns[i];
    return NULL;
}

static pln_status put_field(const derive *d, const derived *c, struct ArrowSchema *out,
                            pln_error *err) {
    pln_status status = pln__field_copy(d->mem, pln__expr_field(c->expr), c->name, out, err);
    if (status >= 0 && d->null_on_error)
        out->flags |= ARROW_FLAG_NULLABLE;
    return status;
}

static pln_status derive_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    derive *d = self;
    int64_t at;
    (void)n_in;
    (void)n_out;
    PLN__TRY(compile_all(d, ctx, in[0], err));
    PLN__TRY(pln__field_new(d->mem, "+s", in[0]->name == NULL ? "" : in[0]->name, false, d->n_out,
                            out, err));
    for (at = 0; at < d->n_in; at++) {
        const derived *c = replacing(d, at);
        PLN__TRY(c != NULL ? put_field(d, c, out->children[at], err)
                           : pln__schema_copy(d->mem, in[0]->children[at], out->children[at], err));
    }
    for (int64_t i = 0; i < d->n; i++)
        if (d->columns[i].replaces < 0)
            PLN__TRY(put_field(d, &d->columns[i], out->children[at++], err));
out:
    return status;
}

/* One failed column fails the row; the first failing column in order is named. */
static pln_status evaluate(derive *d, pln_context *ctx, pln_batch *batch, const derived *c,
                           struct ArrowArray *out, bool *failed, pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t before = d->picks.failures.count;
    pln_status status = pln__expr_eval(c->expr, rows, ctx->host->now_us(ctx), out,
                                       d->null_on_error ? NULL : &d->picks.failures, err);
    *failed = d->picks.failures.count > before;
    return status;
}

static void drop_made(derive *d) {
    for (int64_t i = 0; i < d->n_out; i++)
        pln__array_release(&d->made[i]);
}

/* Rows that failed leave; what is left is computed anew, which happens for dirty batches only. */
static pln_status without_failures(derive *d, pln_context *ctx, pln_batch *batch,
                                   const char *column, pln_batch **rest, pln_error *err) {
    pln_status status = pln__picks_reject_failures(&d->picks, ctx, batch, column, err);
    int64_t rows = ctx->host->batch_array(batch)->length;
    if (status < 0)
        return status;
    pln__picks_unfailed(&d->picks, rows);
    *rest = NULL;
    pln__derivation how = {batch, d->picks.rows, 0, d->picks.n, NULL, NULL};
    return d->picks.n == 0 ? PLN_OK : pln__batch_derive(d->mem, &how, rest, err);
}

static pln_status make_columns(derive *d, pln_context *ctx, pln_batch *batch,
                               const derived **failed, pln_error *err) {
    pln_status status = PLN_OK;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t at = d->n_in;
    bool bad = false;
    *failed = NULL;
    PLN__TRY(pln__picks_begin(&d->picks, rows->length, err));
    for (int64_t i = 0; i < d->n && !bad; i++) {
        const derived *c = &d->columns[i];
        int64_t to = c->replaces >= 0 ? c->replaces : at++;
        PLN__TRY(evaluate(d, ctx, batch, c, &d->made[to], &bad, err));
        if (bad)
            *failed = c;
    }
    for (int64_t i = 0; i < d->n_in && !bad; i++)
        if (replacing(d, i) == NULL)
            PLN__TRY(pln__array_share(d->mem, rows->children[i], &d->made[i], err));
out:
    return status;
}

static pln_status derive_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    derive *d = self;
    struct ArrowArray array = {0};
    pln_batch *out = NULL, *rest = ctx->host->batch_ref(batch);
    const derived *failed;
    (void)port;
    for (;;) {
        pln_batch *fewer = NULL;
        PLN__TRY(make_columns(d, ctx, rest, &failed, err));
        if (failed == NULL)
            break;
        drop_made(d);
        PLN__TRY(without_failures(d, ctx, rest, failed->name, &fewer, err));
        ctx->host->batch_unref(rest);
        rest = fewer;
        if (rest == NULL)
            return PLN_OK;
    }
    int64_t rows = ctx->host->batch_array(rest)->length;
    PLN__TRY(pln__array_struct(d->mem, rows, d->made, d->n_out, &array, err));
    memset(d->made, 0, (size_t)d->n_out * sizeof *d->made);
    PLN__TRY(ctx->host->batch_derive(ctx, 0, rest, NULL, rows, &array, &out, err));
    PLN__TRY(ctx->host->emit(ctx, 0, out, err));
out:
    if (status < 0)
        drop_made(d);
    ctx->host->batch_unref(rest);
    return status;
}

static const pln_option options[] = {
    {"columns", PLN_OPT_JSON, 1, NULL, NULL,
     "an object of column names and expressions; a name that the input has is replaced, others are added at the end"},
    {"on_error", PLN_OPT_ENUM, 0, "\"reject\"", "reject|null",
     "what becomes of a row for which an expression fails: it is rejected, or the value is null"},
    {0}};

const pln_transform pln__derive = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "derive",
    .summary = "Adds or replaces columns by expressions.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = derive_open,
    .process = derive_process,
    .close = derive_close,
    .schema = derive_schema,
};
