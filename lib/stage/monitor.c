/*
 * Stage monitor: is this run as the runs before it were? Rows pass as they come and are counted; when the run or the epoch ends, each metric is held to its
 * history in the state file. Only what is committed is ever in a history.
 */
#include "stage/monitor.h"

enum { OUT = 0, ALERTS = 1 };

/* ---- life ---- */

static void monitor_close(void *self, pln_context *ctx) {
    pln__monitor_stage *s = self;
    (void)ctx;
    for (int64_t i = 0; i < s->n; i++)
        pln__watch_free(s, &s->watches[i]);
    pln__free(s->mem, s->watches, (uint64_t)s->n_made * sizeof *s->watches);
    pln__strfree(s->mem, s->dataset);
    pln__schema_release(&s->schema);
    pln__text_free(&s->alerts);
    pln__text_free(&s->verdicts);
    pln__free(s->mem, s, sizeof *s);
}

static pln_status monitor_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                               pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln__monitor_stage *s = pln__calloc(mem, 1, sizeof *s);
    (void)user;
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = mem;
    pln__text_init(&s->alerts, mem);
    pln__text_init(&s->verdicts, mem);
    pln_status status = pln__monitor_configure(s, ctx, config, err);
    if (status < 0)
        monitor_close(s, ctx);
    else
        *self = s;
    return status;
}

/* A run that cannot keep a history is refused before its first row. */
static pln_status look_at_history(const pln__monitor_stage *s, pln_context *ctx, pln_error *err) {
    const void *bytes;
    int64_t size;
    if (ctx->host->history_get == NULL)
        return pln__error_set(err, PLN_EUNSUPPORTED, "this host keeps no histories");
    return ctx->host->history_get(ctx, s->dataset, s->watches[0].key, &bytes, &size, err);
}

static pln_status monitor_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                 int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                 pln_error *err) {
    pln__monitor_stage *s = self;
    pln_status status;
    (void)n_in;
    (void)n_out;
    pln__schema_release(&s->schema);
    PLN__TRY(pln__schema_copy(s->mem, in[0], &s->schema, err));
    for (int64_t i = 0; i < s->n; i++)
        PLN__TRY(pln__watch_open(s, &s->watches[i], in[0], err));
    PLN__TRY(look_at_history(s, ctx, err));
    PLN__TRY(pln__schema_copy(s->mem, in[0], &out[OUT], err));
    PLN__TRY(ctx->host->schema_parse(ctx, pln__alerts_schema, &out[ALERTS], err));
out:
    return status;
}

static pln_status monitor_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                  pln_error *err) {
    pln__monitor_stage *s = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    (void)port;
    for (int64_t i = 0; i < s->n; i++) {
        pln_status status = pln__watch_add(s, &s->watches[i], rows, err);
        if (status < 0)
            return status;
    }
    pln_status status = ctx->host->account(ctx, PLN_PASSED, rows->length, err);
    return status < 0 ? status : ctx->host->emit(ctx, OUT, ctx->host->batch_ref(batch), err);
}

static pln_status monitor_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    pln__monitor_stage *s = self;
    (void)ctx;
    (void)port;
    (void)err;
    s->finished = true;
    return PLN_OK;
}

/* ---- judging ---- */

/* The time of what is measured: of a scheduled run the data interval, else now. */
static int64_t time_of(const pln__monitor_stage *s, pln_context *ctx) {
    int64_t start_us, end_us;
    ctx->host->interval(ctx, &start_us, &end_us);
    return s->by_epoch || start_us == end_us ? ctx->host->now_us(ctx) : start_us;
}

static pln_status judge_one(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                            const pln__alert_rows *rows, pln_error *err) {
    pln__watched watched;
    pln_status status = pln__watch_judge(s, watch, ctx, rows->time_us, &watched, err);
    if (status >= 0)
        status = pln__monitor_tell(s, watch, &watched, rows, err);
    if (status >= 0 && watched.status == PLN_MONITOR_ANOMALY)
        ctx->host->log(ctx, PLN_LOG_WARNING, watched.message.data);
    if (status >= 0)
        pln__watch_clear(watch);
    pln__watched_free(&watched);
    return status;
}

static pln_status emit_alerts(pln_context *ctx, const pln__alert_rows *rows, pln_error *err) {
    pln_batch *made = NULL;
    pln_status status = rows->calls->finish(rows->builder, &made, err);
    if (status < 0)
        return status;
    if (ctx->host->batch_array(made)->length > 0)
        return ctx->host->emit(ctx, ALERTS, made, err);
    ctx->host->batch_unref(made);
    return PLN_OK;
}

static pln_status judge(pln__monitor_stage *s, pln_context *ctx, int64_t n, pln_error *err) {
    pln__alert_rows rows = {ctx->host->builder, NULL, n, time_of(s, ctx)};
    pln_status status = PLN_OK;
    s->verdicts.size = 0;
    if (ctx->host->port_edges(ctx, ALERTS) > 0)
        PLN__TRY(ctx->host->builder_new(ctx, ALERTS, &rows.builder, err));
    for (int64_t i = 0; i < s->n; i++)
        PLN__TRY(judge_one(s, &s->watches[i], ctx, &rows, err));
    PLN__TRY(pln__monitor_note(s, ctx, err));
    if (rows.builder != NULL)
        PLN__TRY(emit_alerts(ctx, &rows, err));
    s->cut = true;
out:
    if (rows.builder != NULL)
        rows.calls->free(rows.builder);
    return status;
}

/* By epoch, the last one is as long as the input was, so it is judged only if it is all there was. By run, the rows are judged once. */
static pln_status monitor_drain(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln__monitor_stage *s = self;
    bool due = s->by_epoch ? !(s->finished && s->cut) : s->finished && !s->cut;
    return due ? judge(s, ctx, n, err) : PLN_OK;
}

/* ---- state ---- */

static pln_status monitor_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln__monitor_stage *s = self;
    pln_status status = PLN_OK;
    (void)n;
    if (s->n_alerts > 0)
        PLN__TRY(ctx->host->state_put(ctx, "alerts", s->alerts.data, s->alerts.size, err));
    if (s->cut)
        PLN__TRY(ctx->host->state_put(ctx, "cut", "1", 1, err));
    for (int64_t i = 0; i < s->n; i++)
        PLN__TRY(pln__watch_save(s, &s->watches[i], ctx, err));
out:
    return status;
}

static pln_status load_piece(pln__monitor_stage *s, const pln_piece *piece, pln_error *err) {
    if (strcmp(piece->key, "alerts") == 0) {
        s->alerts.size = 0;
        pln__text_bytes(&s->alerts, piece->bytes, piece->size);
        s->n_alerts = 1;
        return pln__text_status(&s->alerts, err);
    }
    if (strcmp(piece->key, "cut") == 0) {
        s->cut = true;
        return PLN_OK;
    }
    for (int64_t i = 0; i < s->n; i++)
        if (strcmp(s->watches[i].key, piece->key) == 0)
            return pln__watch_load(s, &s->watches[i], piece, err);
    return pln__error_set(err, PLN_ECORRUPT, "saved monitor: there is no metric '%s'", piece->key);
}

static pln_status monitor_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                               pln_error *err) {
    (void)ctx;
    for (int64_t i = 0; i < count; i++) {
        pln_status status = load_piece(self, &pieces[i], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static const pln_option options[] = {
    {"metrics", PLN_OPT_JSON, 1, NULL, NULL,
     "what is watched: a list of names of metrics, or objects with \"metric\" and what it takes"},
    {"dataset", PLN_OPT_TEXT, 0, NULL, NULL,
     "whose history it is, in this pipeline; default: the name of the node"},
    {"every", PLN_OPT_ENUM, 0, "\"run\"", "run|epoch",
     "what is measured and judged: all rows of the run when it ends, or those of each epoch"},
    {"seed", PLN_OPT_INT, 0, "0", NULL,
     "of the sketches; a secret one for data from an adversary, the same from run to run"},
    {0}};

const pln_transform pln__monitor_stage_table = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "monitor",
    .summary = "Watches metrics of its rows from run to run.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_SIDE_PORTS,
    .ports_out = "out alerts",
    .open = monitor_open,
    .process = monitor_process,
    .close = monitor_close,
    .schema = monitor_schema,
    .finish = monitor_finish,
    .save = monitor_save,
    .load = monitor_load,
    .drain = monitor_drain,
};
