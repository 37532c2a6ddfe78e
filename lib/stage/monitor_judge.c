/* A watch held to what earlier runs were like. What it learns goes into the history, which is committed with the epoch. */
#include "stage/monitor.h"
#include <math.h>

void pln__watched_free(pln__watched *watched) {
    pln__text_free(&watched->message);
    pln__text_free(&watched->details);
}

static const char *of(const pln__monitor_stage *s) {
    return s->dataset;
}

static pln_status put(const pln__monitor_stage *s, const pln__watch *watch, pln_context *ctx,
                      const void *bytes, int64_t size, pln_error *err) {
    return ctx->host->history_put(ctx, s->dataset, watch->key, bytes, size, err);
}

/* Bytes that are no history of this metric are named: the state file holds only what runs have put there. */
static pln_status damaged(const pln__monitor_stage *s, const pln__watch *watch, pln_status status,
                          pln_error *err) {
    if (status == PLN_OK || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_ECORRUPT;
    pln__error_prefix(err, "history of %s of data set '%s'", watch->key, s->dataset);
    return PLN_ECORRUPT;
}

static pln_status skip(pln__watched *out, pln_error *err, const char *why) {
    out->status = -1;
    pln__text_str(&out->message, why);
    return pln__text_status(&out->message, err);
}

/* ---- metrics of one number ---- */

/* False: there is none. */
static bool value_of(const pln__watch *watch, double *out) {
    int64_t values = watch->rows - watch->nulls;
    *out = (double)watch->rows;
    if (watch->kind == PLN__WATCH_ROW_COUNT)
        return true;
    int64_t by = watch->kind == PLN__WATCH_NULL_RATE ? watch->rows : values;
    if (by == 0)
        return false;
    double rate = watch->kind == PLN__WATCH_NULL_RATE
                      ? (double)watch->nulls / (double)by
                      : pln_hll_estimate(watch->sketch) / (double)by;
    *out = rate > 1 ? 1 : rate;
    return true;
}

static pln_status keep_monitor(const pln__monitor_stage *s, const pln__watch *watch,
                               pln_context *ctx, const pln_monitor *monitor, pln_error *err) {
    int64_t size = pln_monitor_size(monitor);
    uint8_t *bytes = pln__alloc(s->mem, (uint64_t)size);
    if (bytes == NULL)
        return pln__error_memory(err, (uint64_t)size);
    pln_status status = pln_monitor_write(monitor, bytes, size, &size, err);
    if (status >= 0)
        status = put(s, watch, ctx, bytes, size, err);
    pln__free(s->mem, bytes, (uint64_t)size);
    return status;
}

static void say_number(const pln__monitor_stage *s, const pln__watch *watch, pln__watched *out) {
    pln__text *m = &out->message;
    pln__text_printf(m, "%s of %s: %.6g", watch->key, of(s), out->value);
    if (!isnan(out->expected))
        pln__text_printf(m, ", expected %.6g", out->expected);
    if (isfinite(out->lower) && isfinite(out->upper))
        pln__text_printf(m, " (%.6g to %.6g)", out->lower, out->upper);
    else if (isfinite(out->lower))
        pln__text_printf(m, " (at least %.6g)", out->lower);
    else if (isfinite(out->upper))
        pln__text_printf(m, " (at most %.6g)", out->upper);
}

static pln_status judge_number(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                               int64_t time_us, pln__watched *out, pln_error *err) {
    pln_monitor_verdict verdict = {.struct_size = sizeof verdict};
    pln_monitor *monitor = NULL;
    const void *bytes;
    int64_t size;
    pln_status status;
    if (!value_of(watch, &out->value))
        return skip(out, err, "there are no values");
    PLN__TRY(ctx->host->history_get(ctx, s->dataset, watch->key, &bytes, &size, err));
    if (size == 0)
        PLN__TRY(pln_monitor_new(NULL, &watch->monitor, &monitor, err));
    else
        PLN__TRY(damaged(s, watch,
                         pln_monitor_read(NULL, &watch->monitor, bytes, size, &monitor, err), err));
    status = pln_monitor_observe(monitor, time_us, out->value, 0, &verdict, NULL);
    if (status == PLN_EINVAL) {
        status = skip(out, err, "its time is not behind that of the last run");
        goto out;
    }
    PLN__TRY(status);
    out->status = verdict.status;
    out->severity = verdict.severity;
    out->incident = verdict.incident;
    out->expected = verdict.expected;
    out->lower = verdict.lower;
    out->upper = verdict.upper;
    say_number(s, watch, out);
    pln__text_str(&out->details, verdict.json);
    PLN__TRY(keep_monitor(s, watch, ctx, monitor, err));
out:
    pln_monitor_free(monitor);
    return status;
}

/* ---- comparisons with an earlier run ---- */

typedef struct comparison {
    const void *current; /* what becomes the baseline; NULL: nothing */
    int64_t size;
    int32_t severity;
} comparison;

static pln_status keep_baseline(const pln__monitor_stage *s, const pln__watch *watch,
                                pln_context *ctx, pln__baseline *baseline, const comparison *c,
                                pln_error *err) {
    pln__buffer bytes = {0};
    if (c->current != NULL && (!watch->first || baseline->bytes == NULL)) {
        baseline->bytes = c->current;
        baseline->size = c->size;
    }
    pln_status status = pln__baseline_write(baseline, s->mem, &bytes, err);
    if (status >= 0)
        status = put(s, watch, ctx, bytes.data, bytes.size, err);
    pln__buffer_free(s->mem, &bytes);
    return status;
}

static pln_status read_baseline(const pln__monitor_stage *s, const pln__watch *watch,
                                pln_context *ctx, pln__baseline *baseline, pln_error *err) {
    const void *bytes;
    int64_t size;
    pln__baseline_init(baseline);
    pln_status status = ctx->host->history_get(ctx, s->dataset, watch->key, &bytes, &size, err);
    if (status < 0 || size == 0)
        return status;
    return damaged(s, watch, pln__baseline_read(baseline, bytes, size, err), err);
}

static void judge_baseline(pln__baseline *baseline, int64_t time_us, const comparison *c,
                           pln__watched *out) {
    bool known = baseline->bytes != NULL;
    out->status = pln__baseline_judge(baseline, time_us, c->severity);
    if (!known)
        out->status = PLN_MONITOR_TRAINING;
    out->severity = c->severity;
    out->incident = out->status == PLN_MONITOR_NORMAL || !known ? 0 : baseline->incidents;
}

static void say_drift(const pln__monitor_stage *s, const pln__watch *watch, const pln_drift *drift,
                      pln__watched *out) {
    out->value = drift->statistic;
    out->expected = watch->kind == PLN__WATCH_PSI ? drift->noise : 0;
    out->lower = 0;
    out->upper = drift->error_limit;
    pln__text_printf(&out->message, "%s of %s: %.6g, a warning beyond %.6g, an error beyond %.6g",
                     watch->key, of(s), drift->statistic, drift->warning_limit, drift->error_limit);
    pln__text_printf(&out->details, "{\"reference\":%lld,\"current\":%lld,\"warning_limit\":%.17g",
                     (long long)drift->reference, (long long)drift->current, drift->warning_limit);
    pln__text_printf(&out->details, ",\"error_limit\":%.17g", drift->error_limit);
    if (isfinite(drift->at))
        pln__text_printf(&out->details, ",\"at\":%.17g", drift->at);
    if (isfinite(drift->probability))
        pln__text_printf(&out->details, ",\"probability\":%.17g", drift->probability);
    pln__text_printf(&out->details, ",\"bins\":%d}", (int)drift->bins);
}

static pln_status drift_between(const pln__watch *watch, void *before, pln_drift *out,
                                pln_error *err) {
    if (watch->kind == PLN__WATCH_KS)
        return pln_drift_ks_quantiles(before, watch->sketch, &watch->drift, out, err);
    if (watch->wish.kind == pln__sketch_kind_named("quantiles"))
        return pln_drift_psi_quantiles(before, watch->sketch, &watch->drift, out, err);
    return pln_drift_psi_top_k(before, watch->sketch, &watch->drift, out, err);
}

static pln_status compare_sketches(pln__monitor_stage *s, pln__watch *watch,
                                   pln__baseline *baseline, comparison *c, pln__watched *out,
                                   pln_error *err) {
    pln_drift drift = {.struct_size = sizeof drift};
    void *before = NULL;
    pln_status status = PLN_OK;
    /* Of a column that was of another type, or by another seed, nothing can be said: this run is the first. */
    if (pln__sketch_kind_of(baseline->bytes, baseline->size) != watch->wish.kind)
        baseline->bytes = NULL;
    if (baseline->bytes == NULL)
        return PLN_OK;
    status =
        watch->wish.kind->read(s->mem, &watch->wish, baseline->bytes, baseline->size, &before, err);
    if (status == PLN_ETYPE) {
        baseline->bytes = NULL;
        return PLN_OK;
    }
    PLN__TRY(damaged(s, watch, status, err));
    PLN__TRY(drift_between(watch, before, &drift, err));
    c->severity = drift.severity;
    say_drift(s, watch, &drift, out);
out:
    if (before != NULL)
        watch->wish.kind->free(before);
    return status;
}

static pln_status judge_drift(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                              int64_t time_us, pln__watched *out, pln_error *err) {
    pln__baseline baseline;
    comparison c = {0};
    int64_t size = watch->wish.kind->size(watch->sketch);
    uint8_t *bytes = NULL;
    pln_status status = PLN_OK;
    if (watch->rows - watch->nulls == 0)
        return skip(out, err, "there are no values");
    PLN__TRY(read_baseline(s, watch, ctx, &baseline, err));
    if (baseline.last_us != INT64_MIN && time_us <= baseline.last_us)
        return skip(out, err, "its time is not behind that of the last run");
    PLN__TRY(compare_sketches(s, watch, &baseline, &c, out, err));
    bytes = pln__alloc(s->mem, (uint64_t)size);
    if (bytes == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)size));
    PLN__TRY(watch->wish.kind->write(watch->sketch, bytes, size, err));
    c.current = bytes;
    c.size = size;
    judge_baseline(&baseline, time_us, &c, out);
    PLN__TRY(keep_baseline(s, watch, ctx, &baseline, &c, err));
out:
    pln__free(s->mem, bytes, (uint64_t)size);
    return status;
}

static pln_status compare_schemas(pln__monitor_stage *s, const pln__watch *watch, pln_context *ctx,
                                  const pln__baseline *baseline, comparison *c, pln__watched *out,
                                  pln_error *err) {
    struct ArrowSchema before = {0};
    char *text = NULL, *changes = NULL;
    int64_t n = 0;
    pln_status status = PLN_OK;
    if (baseline->bytes == NULL)
        return PLN_OK;
    text = pln__strndup(s->mem, (const char *)baseline->bytes, baseline->size);
    if (text == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)baseline->size));
    PLN__TRY(damaged(s, watch, ctx->host->schema_parse(ctx, text, &before, err), err));
    PLN__TRY(pln__drift_schema(s->mem, &before, &s->schema, &changes, &n, err));
    c->severity = n > 0 ? watch->severity : PLN_MONITOR_FINE;
    out->value = (double)n;
    out->expected = 0;
    pln__text_printf(&out->message, "schema of %s: %lld changes", of(s), (long long)n);
    if (n > 0)
        pln__text_printf(&out->message, ": %s", changes);
    pln__text_str(&out->details, changes);
out:
    pln__schema_release(&before);
    pln__free(s->mem, text, (uint64_t)baseline->size + 1);
    pln__strfree(s->mem, changes);
    return status;
}

static pln_status judge_schema(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                               int64_t time_us, pln__watched *out, pln_error *err) {
    pln__baseline baseline;
    comparison c = {0};
    pln__text now;
    pln_status status = PLN_OK;
    pln__text_init(&now, s->mem);
    pln__schema_text(&s->schema, &now);
    PLN__TRY(pln__text_status(&now, err));
    PLN__TRY(read_baseline(s, watch, ctx, &baseline, err));
    if (baseline.last_us != INT64_MIN && time_us <= baseline.last_us) {
        status = skip(out, err, "its time is not behind that of the last run");
        goto out;
    }
    PLN__TRY(compare_schemas(s, watch, ctx, &baseline, &c, out, err));
    c.current = now.data;
    c.size = now.size;
    judge_baseline(&baseline, time_us, &c, out);
    PLN__TRY(keep_baseline(s, watch, ctx, &baseline, &c, err));
out:
    pln__text_free(&now);
    return status;
}

/* ---- freshness ---- */

static pln_status keep_freshness(const pln__monitor_stage *s, const pln__watch *watch,
                                 pln_context *ctx, const pln_freshness *freshness, pln_error *err) {
    int64_t size = pln_freshness_size(freshness);
    uint8_t *bytes = pln__alloc(s->mem, (uint64_t)size);
    if (bytes == NULL)
        return pln__error_memory(err, (uint64_t)size);
    pln_status status = pln_freshness_write(freshness, bytes, size, &size, err);
    if (status >= 0)
        status = put(s, watch, ctx, bytes, size, err);
    pln__free(s->mem, bytes, (uint64_t)size);
    return status;
}

/* Of the newest value, now: how old it is makes no difference to the run's interval. */
static pln_status judge_freshness(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                                  pln__watched *out, pln_error *err) {
    static const int32_t statuses[] = {PLN_MONITOR_NORMAL, PLN_MONITOR_ANOMALY, PLN_MONITOR_STILL,
                                       PLN_MONITOR_RESOLVED};
    pln_freshness_verdict verdict = {.struct_size = sizeof verdict};
    pln_freshness *freshness = NULL;
    const void *bytes;
    int64_t size, now_us = ctx->host->now_us(ctx);
    pln_status status;
    PLN__TRY(ctx->host->history_get(ctx, s->dataset, watch->key, &bytes, &size, err));
    if (size == 0)
        PLN__TRY(pln_freshness_new(NULL, &watch->freshness, &freshness, err));
    else
        PLN__TRY(damaged(s, watch,
                         pln_freshness_read(NULL, &watch->freshness, bytes, size, &freshness, err),
                         err));
    PLN__TRY(watch->newest_us == INT64_MIN
                 ? pln_freshness_expect(freshness, NULL, now_us, err)
                 : pln_freshness_landed(freshness, NULL, watch->newest_us, err));
    PLN__TRY(pln_freshness_check(freshness, NULL, now_us, &verdict, err));
    out->status = statuses[verdict.status];
    out->severity = verdict.severity;
    out->incident = verdict.incident;
    out->value = (double)verdict.age_us / 1e6;
    if (watch->freshness.error_age_us > 0)
        out->upper = (double)watch->freshness.error_age_us / 1e6;
    pln__text_printf(&out->message, "%s of %s: the newest is %.6g s old", watch->key, of(s),
                     out->value);
    if (verdict.overdue_us > 0)
        pln__text_printf(&out->message, ", and %.6g s overdue", (double)verdict.overdue_us / 1e6);
    pln__text_str(&out->details, verdict.json);
    PLN__TRY(keep_freshness(s, watch, ctx, freshness, err));
out:
    pln_freshness_free(freshness);
    return status;
}

pln_status pln__watch_judge(pln__monitor_stage *s, pln__watch *watch, pln_context *ctx,
                            int64_t time_us, pln__watched *out, pln_error *err) {
    pln_status status;
    *out = (pln__watched){.value = NAN, .expected = NAN, .lower = NAN, .upper = NAN};
    pln__text_init(&out->message, s->mem);
    pln__text_init(&out->details, s->mem);
    switch (watch->kind) {
    case PLN__WATCH_PSI:
    case PLN__WATCH_KS: status = judge_drift(s, watch, ctx, time_us, out, err); break;
    case PLN__WATCH_SCHEMA: status = judge_schema(s, watch, ctx, time_us, out, err); break;
    case PLN__WATCH_FRESHNESS: status = judge_freshness(s, watch, ctx, out, err); break;
    default: status = judge_number(s, watch, ctx, time_us, out, err); break;
    }
    if (status >= 0)
        status = pln__text_status(out->message.failed ? &out->message : &out->details, err);
    return status;
}
