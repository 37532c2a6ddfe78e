/* Aggregates by key and window of event time. */
#include "stage/stage.h"
#include "window/aggregate_text.h"
#include "window/windows.h"
#include <stdio.h>

enum { OUT = 0, LATE = 1 };

typedef struct window {
    const pln_allocator *mem;
    pln__windows_spec spec;
    char *column; /* of event time; NULL: the schema's */
    int32_t unit;
    char **keys, **names, **texts; /* texts: of the aggregates */
    pln__aggregate_spec *aggregates;
    pln__event_time time;
    pln__zone *zone;
    pln__windows *windows;
    int64_t *times;
    int64_t times_capacity;
    pln__picks picks;
} window;

static void texts_free(const window *w, char **texts, int64_t n) {
    for (int64_t i = 0; texts != NULL && i < n; i++)
        pln__strfree(w->mem, texts[i]);
    pln__free(w->mem, texts, (uint64_t)(n + 1) * sizeof *texts);
}

static void window_close(void *self, pln_context *ctx) {
    window *w = self;
    int64_t n = w->spec.n_aggregates;
    (void)ctx;
    pln__windows_free(w->windows);
    pln__zone_free(w->zone);
    pln__picks_free(&w->picks);
    texts_free(w, w->keys, w->spec.n_keys);
    texts_free(w, w->names, n);
    texts_free(w, w->texts, n);
    pln__free(w->mem, w->aggregates, (uint64_t)(n + 1) * sizeof *w->aggregates);
    pln__free(w->mem, w->times, (uint64_t)w->times_capacity * sizeof *w->times);
    pln__strfree(w->mem, w->column);
    pln__free(w->mem, w, sizeof *w);
}

static pln_status texts_new(const window *w, int64_t n, char ***out, pln_error *err) {
    *out = pln__calloc(w->mem, (uint64_t)n + 1, sizeof **out);
    return *out == NULL ? pln__error_memory(err, (uint64_t)n * sizeof **out) : PLN_OK;
}

static pln_status copy_keys(window *w, const pln_host *host, const pln_config *config,
                            pln_error *err) {
    pln_status status = PLN_OK;
    const char *name;
    int64_t n = host->config_has(config, "key") ? host->config_count(config, "key") : 0;
    PLN__TRY(texts_new(w, n, &w->keys, err));
    w->spec.n_keys = n;
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(
            pln__stage_text(w->mem, host->config_item(config, "key", i, &name), &w->keys[i], err));
out:
    return status;
}

static pln_status copy_aggregates(window *w, const pln_host *host, const pln_config *config,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = host->config_count(config, "aggregates");
    const char *json = host->config_json(config, "aggregates");
    if (json == NULL)
        return pln__error_memory(err, 1);
    if (json[0] != '{' || n == 0)
        PLN__FAIL(err, PLN_EOPTION,
                  "option 'aggregates': expected an object of column names and aggregates, as "
                  "{\"edits\": \"count()\"}");
    PLN__TRY(texts_new(w, n, &w->names, err));
    w->spec.n_aggregates = n;
    PLN__TRY(texts_new(w, n, &w->texts, err));
    w->aggregates = pln__calloc(w->mem, (uint64_t)n + 1, sizeof *w->aggregates);
    if (w->aggregates == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)n * sizeof *w->aggregates));
    for (int64_t i = 0; i < n; i++) {
        const char *name = NULL, *text = host->config_item(config, "aggregates", i, &name);
        PLN__TRY(pln__stage_text(w->mem, name, &w->names[i], err));
        PLN__TRY(pln__stage_text(w->mem, text == NULL ? "" : text, &w->texts[i], err));
    }
out:
    return status;
}

static pln_status check_options(const pln_host *host, const pln_config *config, const char *kind,
                                pln_error *err) {
    static const struct {
        const char *option, *kinds;
        bool required;
    } all[] = {{"size", "tumbling hopping", true}, {"slide", "hopping", true},
               {"calendar", "calendar", true},
               {"zone", "calendar", false},
               {"gap", "session", true},           {"offset", "tumbling hopping", false},
               {"lateness", "tumbling hopping session calendar", false}};
    for (int i = 0; i < PLN__COUNT(all); i++) {
        bool has = host->config_has(config, all[i].option);
        bool fits = strstr(all[i].kinds, kind) != NULL;
        if (has && !fits)
            return pln__error_set(err, PLN_EOPTION, "option '%s': %s windows have none",
                                  all[i].option, kind);
        if (!has && fits && all[i].required)
            return pln__error_set(err, PLN_EOPTION, "option '%s': %s windows need it",
                                  all[i].option, kind);
    }
    return PLN_OK;
}

static pln_status set_calendar(window *w, pln_context *ctx, const pln_config *config,
                               pln_error *err) {
    const char *field = ctx->host->config_text(config, "calendar");
    const char *zone = ctx->host->config_text(config, "zone");
    w->spec.field = (pln__time_field)pln__time_field_named(field, (int64_t)strlen(field));
    pln_status status = pln__zone_open(w->mem, ctx->host->files(ctx), PLN__ZONE_DIRECTORY,
                                       zone == NULL ? "UTC" : zone, &w->zone, err);
    w->spec.zone = w->zone;
    return status;
}

static pln_status set_up(window *w, pln_context *ctx, const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const char *kind = host->config_text(config, "window");
    PLN__TRY(check_options(host, config, kind, err));
    w->spec.kind = strcmp(kind, "session") == 0    ? PLN__WINDOW_SESSION
                   : strcmp(kind, "calendar") == 0 ? PLN__WINDOW_CALENDAR
                   : strcmp(kind, "global") == 0   ? PLN__WINDOW_GLOBAL
                                                   : PLN__WINDOW_ALIGNED;
    w->spec.size_us = host->config_int(config, "size");
    w->spec.slide_us =
        strcmp(kind, "tumbling") == 0 ? w->spec.size_us : host->config_int(config, "slide");
    w->spec.offset_us = host->config_int(config, "offset");
    w->spec.gap_us = host->config_int(config, "gap");
    w->spec.lateness_us = host->config_int(config, "lateness");
    w->spec.every_rows = host->config_int(config, "every_rows");
    w->spec.discarding = strcmp(host->config_text(config, "mode"), "discarding") == 0;
    w->unit = pln__event_time_unit(host->config_text(config, "unit"));
    if (w->spec.kind == PLN__WINDOW_CALENDAR)
        PLN__TRY(set_calendar(w, ctx, config, err));
    if (w->spec.every_rows < 0)
        PLN__FAIL(err, PLN_EOPTION, "option 'every_rows': %lld", (long long)w->spec.every_rows);
    if (host->config_has(config, "time"))
        PLN__TRY(pln__stage_text(w->mem, host->config_text(config, "time"), &w->column, err));
    PLN__TRY(copy_keys(w, host, config, err));
    PLN__TRY(copy_aggregates(w, host, config, err));
out:
    return status;
}

static pln_status window_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    window *w = pln__calloc(mem, 1, sizeof *w);
    (void)user;
    if (w == NULL)
        return pln__error_memory(err, sizeof *w);
    w->mem = w->picks.mem = mem;
    pln_status status = set_up(w, ctx, config, err);
    if (status < 0)
        window_close(w, ctx);
    else
        *self = w;
    return status;
}

static pln_status window_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    window *w = self;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    if (w->spec.kind != PLN__WINDOW_GLOBAL)
        PLN__TRY(pln__event_time_bind(in[0], w->column, w->unit, &w->time, err));
    for (int64_t i = 0; i < w->spec.n_aggregates; i++)
        PLN__TRY(pln__aggregate_parse(w->texts[i], in[0], &w->aggregates[i], err));
    w->spec.keys = (const char *const *)w->keys;
    w->spec.names = (const char *const *)w->names;
    w->spec.aggregates = w->aggregates;
    pln__windows_free(w->windows);
    w->windows = NULL;
    PLN__TRY(pln__windows_new(w->mem, &w->spec, in[0], &w->windows, err));
    PLN__TRY(pln__schema_copy(w->mem, pln__windows_schema(w->windows), &out[OUT], err));
    PLN__TRY(pln__schema_copy(w->mem, in[0], &out[LATE], err));
out:
    return status;
}

static pln_status emit_fired(window *w, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    struct ArrowArray rows = {0};
    const int64_t *before = NULL;
    int64_t n = 0;
    pln_batch *made = NULL, *timed = NULL;
    PLN__TRY(pln__windows_take(w->windows, &rows, &before, &n, err));
    if (n == 0)
        return PLN_OK;
    PLN__TRY(host->batch_new(ctx, OUT, &rows, NULL, &made, err));
    PLN__TRY(host->batch_watermarked(ctx, made, before, &timed, err));
    PLN__TRY(host->emit(ctx, OUT, timed, err));
out:
    return status;
}

/* Rows without a time are rejected; *out is a batch of the others. */
static pln_status without_timeless(window *w, pln_context *ctx, pln_batch *batch, pln_batch **out,
                                   pln_error *err) {
    pln_status status = PLN_OK;
    pln__picks *p = &w->picks;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t n = 0;
    PLN__TRY(pln__picks_begin(p, rows->length, err));
    PLN__TRY(pln__grow(p->mem, &p->rejections, &p->rejections_capacity, rows->length,
                       sizeof *p->rejections, err));
    for (int64_t i = 0; i < rows->length; i++) {
        if (w->times[i] == PLN__NO_TIME)
            p->rejections[n++] = (pln_rejection){i, PLN_EDATA, 0, w->column,
                                                 "no event time, or one out of range"};
        else
            p->rows[p->n++] = (int32_t)i;
    }
    PLN__TRY(ctx->host->reject(ctx, batch, p->rejections, n, err));
    PLN__TRY(ctx->host->batch_derive(ctx, LATE, batch, p->rows, p->n, NULL, out, err));
    (void)pln__event_time_read(&w->time, ctx->host->batch_array(*out), w->times);
out:
    return status;
}

static pln_status send_late(pln_context *ctx, pln_batch *batch, const pln__late *late,
                            pln_error *err) {
    pln_status status = PLN_OK;
    pln_batch *rows = NULL;
    if (late->n == 0)
        return PLN_OK;
    PLN__TRY(ctx->host->account(ctx, PLN_LATE, late->n, err));
    if (ctx->host->port_edges(ctx, LATE) == 0)
        return PLN_OK;
    PLN__TRY(ctx->host->batch_derive(ctx, LATE, batch, late->rows, late->n, NULL, &rows, err));
    PLN__TRY(ctx->host->emit(ctx, LATE, rows, err));
out:
    return status;
}

static pln_status window_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    window *w = self;
    const pln_host *host = ctx->host;
    pln_batch *timed = NULL;
    pln__late late = {0};
    const struct ArrowArray *rows = host->batch_array(batch);
    (void)port;
    PLN__TRY(
        pln__grow(w->mem, &w->times, &w->times_capacity, rows->length + 1, sizeof *w->times, err));
    if (w->spec.kind != PLN__WINDOW_GLOBAL && pln__event_time_read(&w->time, rows, w->times) > 0) {
        PLN__TRY(without_timeless(w, ctx, batch, &timed, err));
        batch = timed;
    }
    PLN__TRY(pln__windows_add(w->windows, host->batch_array(batch), w->times,
                              host->batch_watermarks(batch), &late, err));
    PLN__TRY(send_late(ctx, batch, &late, err));
    PLN__TRY(emit_fired(w, ctx, err));
out:
    host->batch_unref(timed);
    return status;
}

static pln_status window_advance(void *self, pln_context *ctx, int32_t port, int64_t watermark_us,
                                 pln_error *err) {
    window *w = self;
    (void)port;
    pln_status status = pln__windows_advance(w->windows, watermark_us, err);
    return status < 0 ? status : emit_fired(w, ctx, err);
}

/* Why has nothing come out yet: a line in the log of each epoch, for who listens to that. */
static void tell(const window *w, pln_context *ctx) {
    char text[200];
    pln__windows_status s;
    pln__windows_look(w->windows, &s);
    if (s.open == 0)
        return;
    if (s.watermark_us == INT64_MIN)
        snprintf(text, sizeof text, "%lld windows of %lld keys are open: no watermark has come",
                 (long long)s.open, (long long)s.groups);
    else
        snprintf(
            text, sizeof text,
            "%lld windows of %lld keys are open: the next one ends at %lld us, the watermark is "
            "%lld us",
            (long long)s.open, (long long)s.groups, (long long)s.next_end_us,
            (long long)s.watermark_us);
    ctx->host->log(ctx, PLN_LOG_DEBUG, text);
}

static pln_status window_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    window *w = self;
    pln__buffer bytes = {0};
    (void)n;
    tell(w, ctx);
    pln_status status = pln__windows_write(w->windows, &bytes, err);
    if (status >= 0)
        status = ctx->host->state_put(ctx, "windows", bytes.data, bytes.size, err);
    pln__buffer_free(w->mem, &bytes);
    return status;
}

static pln_status window_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    window *w = self;
    (void)ctx;
    if (count == 0)
        return PLN_OK;
    return pln__windows_read(w->windows, pieces[0].bytes, pieces[0].size, err);
}

static const pln_option options[] = {
    {"window", PLN_OPT_ENUM, 0, "\"tumbling\"", "tumbling|hopping|session|calendar|global",
     "which windows: of one size side by side, of one size each `slide`, of rows no further apart than `gap`, of the calendar, or one for all rows"},
    {"size", PLN_OPT_DURATION, 0, NULL, NULL, "tumbling, hopping: how long a window is"},
    {"slide", PLN_OPT_DURATION, 0, NULL, NULL, "hopping: from the start of a window to that of the next"},
    {"gap", PLN_OPT_DURATION, 0, NULL, NULL,
     "session: how long after its last row a session ends; sessions that touch are one"},
    {"calendar", PLN_OPT_ENUM, 0, NULL, "day|week|month|quarter|year", "calendar: how long a window is; weeks begin on Monday"},
    {"zone", PLN_OPT_TEXT, 0, NULL, NULL,
     "calendar: whose clocks, as \"Europe/Berlin\" or \"+05:30\"; UTC if not given"},
    {"offset", PLN_OPT_DURATION, 0, NULL, NULL,
     "tumbling, hopping: windows begin so long after multiples of their slide since 1970"},
    {"lateness", PLN_OPT_DURATION, 0, NULL, NULL,
     "how long after its end a window still takes rows, each of which fires it anew for its key; later ones are late"},
    {"time", PLN_OPT_COLUMN, 0, NULL, NULL,
     "the column of event time; without it the one that a stage 'watermark' or another window has named"},
    {"unit", PLN_OPT_ENUM, 0, NULL, "s|ms|us|ns", "what an integer column of event time counts since 1970"},
    {"key", PLN_OPT_COLUMNS, 0, NULL, NULL, "the columns to group by; without them all rows are one group"},
    {"aggregates", PLN_OPT_JSON, 1, NULL, NULL,
     "the columns that come out behind key and window, as {\"edits\": \"count()\", \"added\": \"sum(added)\"}; pln-windows(7) lists them"},
    {"every_rows", PLN_OPT_INT, 0, "0", NULL,
     "fire a key's window besides when so many rows of it have come since it fired last; 1: at each row"},
    {"mode", PLN_OPT_ENUM, 0, "\"accumulating\"", "accumulating|discarding",
     "what a further firing of a window holds: all of its rows, or those since the last one"},
    {0}};

const pln_transform pln__window_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "window",
    .summary = "Aggregates rows by key and window of event time.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_KEYED | PLN_CAP_SIDE_PORTS,
    .ports_out = "out late",
    .open = window_open,
    .process = window_process,
    .close = window_close,
    .schema = window_schema,
    .advance = window_advance,
    .save = window_save,
    .load = window_load,
};
