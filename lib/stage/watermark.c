/* Event time begins here: which column it is, and how far it has come. */
#include "stage/stage.h"
#include "window/window.h"

typedef struct watermark {
    const pln_allocator *mem;
    char *column, *mark;
    int32_t unit;
    bool each_split, by_clock;
    int64_t idle_us;
    pln__event_time time, marks; /* `marks`: punctuated */
    pln__watermarks marked;
    int64_t *times, *before, *values;
    int64_t times_capacity, before_capacity, values_capacity;
    pln__picks picks;
} watermark;

static void watermark_close(void *self, pln_context *ctx) {
    watermark *w = self;
    (void)ctx;
    pln__watermarks_free(&w->marked);
    pln__picks_free(&w->picks);
    pln__free(w->mem, w->times, (uint64_t)w->times_capacity * sizeof *w->times);
    pln__free(w->mem, w->before, (uint64_t)w->before_capacity * sizeof *w->before);
    pln__free(w->mem, w->values, (uint64_t)w->values_capacity * sizeof *w->values);
    pln__strfree(w->mem, w->column);
    pln__strfree(w->mem, w->mark);
    pln__free(w->mem, w, sizeof *w);
}

static pln_status set_up(watermark *w, pln_context *ctx, const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    w->unit = pln__event_time_unit(host->config_text(config, "unit"));
    w->each_split = strcmp(host->config_text(config, "splits"), "each") == 0;
    w->by_clock = strcmp(host->config_text(config, "when_idle"), "clock") == 0;
    w->idle_us = host->config_int(config, "idle");
    w->marked.bound_us = host->config_int(config, "bound");
    if (w->marked.bound_us < 0 || w->marked.bound_us > PLN__TIME_LIMIT)
        PLN__FAIL(err, PLN_EOPTION, "option 'bound': %lld us", (long long)w->marked.bound_us);
    PLN__TRY(pln__stage_text(w->mem, host->config_text(config, "time"), &w->column, err));
    if (host->config_has(config, "mark")) {
        w->marked.strategy = PLN__PUNCTUATED;
        PLN__TRY(pln__stage_text(w->mem, host->config_text(config, "mark"), &w->mark, err));
        if (host->config_has(config, "bound"))
            PLN__FAIL(err, PLN_EOPTION, "option 'bound': with option 'mark' there is none");
    }
    PLN__TRY(host->watermark(ctx, NULL, INT64_MIN, err));
    if (w->idle_us > 0)
        PLN__TRY(host->timer_set(ctx, NULL, host->now_us(ctx) + w->idle_us, err));
out:
    return status;
}

static pln_status watermark_open(void *user, pln_context *ctx, const pln_config *config,
                                 void **self, pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    watermark *w = pln__calloc(mem, 1, sizeof *w);
    (void)user;
    if (w == NULL)
        return pln__error_memory(err, sizeof *w);
    w->mem = w->picks.mem = w->marked.mem = mem;
    w->marked.now = INT64_MIN;
    pln_status status = set_up(w, ctx, config, err);
    if (status < 0)
        watermark_close(w, ctx);
    else
        *self = w;
    return status;
}

static pln_status watermark_schema(void *self, pln_context *ctx,
                                   const struct ArrowSchema *const *in, int32_t n_in,
                                   struct ArrowSchema *out, int32_t n_out, pln_error *err) {
    pln_status status;
    watermark *w = self;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    PLN__TRY(pln__event_time_bind(in[0], w->column, w->unit, &w->time, err));
    if (w->mark != NULL)
        PLN__TRY(pln__event_time_bind(in[0], w->mark, w->unit, &w->marks, err));
    PLN__TRY(pln__schema_copy(w->mem, in[0], out, err));
    PLN__TRY(pln__event_time_mark(out, w->column, w->unit, err));
out:
    return status;
}

/* Rows without a time are rejected; picks->rows are the others, and times those of them. */
static pln_status sort_out(watermark *w, pln_context *ctx, pln_batch *batch, int64_t rows,
                           pln_error *err) {
    pln__picks *p = &w->picks;
    pln_status status = pln__grow(p->mem, &p->rejections, &p->rejections_capacity, rows,
                                  sizeof *p->rejections, err);
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[w->time.column];
    int64_t n = 0;
    if (status < 0)
        return status;
    for (int64_t i = 0; i < rows; i++) {
        if (w->times[i] != PLN__NO_TIME) {
            w->times[p->n] = w->times[i];
            p->rows[p->n++] = (int32_t)i;
            continue;
        }
        p->rejections[n++] = (pln_rejection){
            i, PLN_EDATA, 0, w->column,
            pln__array_valid(column, i) ? "the event time is out of range" : "no event time"};
    }
    return ctx->host->reject(ctx, batch, p->rejections, n, err);
}

static pln_status read_marks(watermark *w, const struct ArrowArray *rows, pln_error *err) {
    pln_status status = pln__grow(w->mem, &w->values, &w->values_capacity, rows->length + 1,
                                  sizeof *w->values, err);
    if (status < 0)
        return status;
    pln__event_time_read(&w->marks, rows, w->values);
    for (int64_t i = 0; i < w->picks.n; i++)
        w->times[i] = w->values[w->picks.rows[i]];
    return PLN_OK;
}

static pln_status send(watermark *w, pln_context *ctx, pln_batch *batch, const char *split,
                       pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln__picks *p = &w->picks;
    pln_batch *out = NULL, *timed = NULL;
    PLN__TRY(pln__watermarks_add(&w->marked, split, w->times, p->n, w->before, err));
    if (p->n == host->batch_array(batch)->length)
        PLN__TRY(host->batch_derive(ctx, 0, batch, NULL, p->n, NULL, &out, err));
    else
        PLN__TRY(host->batch_derive(ctx, 0, batch, p->rows, p->n, NULL, &out, err));
    PLN__TRY(host->batch_watermarked(ctx, out, w->before, &timed, err));
    PLN__TRY(host->emit(ctx, 0, timed, err));
    /* Rows that bring no mark end an idleness, too. */
    PLN__TRY(host->watermark(ctx, NULL, w->marked.now, err));
    if (w->idle_us > 0)
        PLN__TRY(host->timer_set(ctx, NULL, host->now_us(ctx) + w->idle_us, err));
out:
    return status;
}

static pln_status watermark_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                    pln_error *err) {
    pln_status status = PLN_OK;
    watermark *w = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t n = rows->length;
    pln_raw_rejection origin = {0};
    (void)port;
    PLN__TRY(pln__grow(w->mem, &w->times, &w->times_capacity, n + 1, sizeof *w->times, err));
    PLN__TRY(pln__grow(w->mem, &w->before, &w->before_capacity, n + 1, sizeof *w->before, err));
    PLN__TRY(pln__picks_begin(&w->picks, n, err));
    if (pln__event_time_read(&w->time, rows, w->times) > 0) {
        PLN__TRY(sort_out(w, ctx, batch, n, err));
    } else {
        for (int64_t i = 0; i < n; i++)
            w->picks.rows[i] = (int32_t)i;
        w->picks.n = n;
    }
    if (w->mark != NULL)
        PLN__TRY(read_marks(w, rows, err));
    if (w->each_split && n > 0)
        (void)ctx->host->batch_origin(batch, 0, &origin);
    if (w->picks.n > 0)
        PLN__TRY(send(w, ctx, batch, origin.split, err));
out:
    return status;
}

/* No row for a while: nobody waits for this stream, or its time goes on as the clock does. */
static pln_status watermark_on_timers(void *self, pln_context *ctx, pln_batch *timers,
                                      pln_error *err) {
    watermark *w = self;
    const pln_host *host = ctx->host;
    (void)timers;
    if (!w->by_clock)
        return host->idle(ctx, NULL, err);
    int64_t now = host->now_us(ctx);
    pln__watermarks_raise(&w->marked, now - w->idle_us - w->marked.bound_us - 1);
    pln_status status = host->watermark(ctx, NULL, w->marked.now, err);
    return status < 0 ? status : host->timer_set(ctx, NULL, now + w->idle_us, err);
}

static pln_status watermark_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    watermark *w = self;
    pln__buffer bytes = {0};
    (void)n;
    pln_status status = pln__watermarks_write(&w->marked, &bytes, err);
    if (status >= 0)
        status = ctx->host->state_put(ctx, "splits", bytes.data, bytes.size, err);
    pln__buffer_free(w->mem, &bytes);
    return status;
}

static pln_status watermark_load(void *self, pln_context *ctx, const pln_piece *pieces,
                                 int64_t count, pln_error *err) {
    watermark *w = self;
    (void)ctx;
    if (count == 0)
        return PLN_OK;
    return pln__watermarks_read(&w->marked, pieces[0].bytes, pieces[0].size, err);
}

static const pln_option options[] = {
    {"time", PLN_OPT_COLUMN, 1, NULL, NULL,
     "the column of event time: a timestamp, a date, or an integer with option unit; rows where it is null or beyond 73,000 years are rejected"},
    {"unit", PLN_OPT_ENUM, 0, NULL, "s|ms|us|ns", "what an integer column counts since 1970"},
    {"bound", PLN_OPT_DURATION, 0, "\"0s\"", NULL,
     "how far out of order rows come: the watermark is the greatest time so far less this and a microsecond; 0s: ascending"},
    {"mark", PLN_OPT_COLUMN, 0, NULL, NULL,
     "punctuated: a column that brings the watermark, null in rows that bring none; instead of bound"},
    {"splits", PLN_OPT_ENUM, 0, "\"one\"", "one|each",
     "one: all rows are one sequence; each: every split of the source has its own watermark, and the least of them holds"},
    {"idle", PLN_OPT_DURATION, 0, "\"0s\"", NULL,
     "without a row for so long, on the run's clock, the stream is idle; 0s: never"},
    {"when_idle", PLN_OPT_ENUM, 0, "\"release\"", "release|clock",
     "release: nodes with other inputs wait no longer for this one; clock: the watermark goes on as the run's clock does"},
    {0}};

const pln_transform pln__watermark_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "watermark",
    .summary = "Names the column of event time and tells how far it has come.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = watermark_open,
    .process = watermark_process,
    .close = watermark_close,
    .schema = watermark_schema,
    .on_timers = watermark_on_timers,
    .save = watermark_save,
    .load = watermark_load,
};
