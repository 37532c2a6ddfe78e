/* Verdicts as JSON for the report, and alerts as rows. */
#include "stage/monitor.h"
#include <math.h>

const char pln__alerts_schema[] =
    "epoch int64 not null, time timestamp(us, UTC) not null, dataset utf8 not null, metric utf8 "
    "not null, column utf8, status utf8 not null, severity utf8 not null, value float64, expected "
    "float64, lower float64, upper float64, incident int64 not null, message utf8 not null, "
    "details utf8";

static const char *const severities[] = {"fine", "warning", "error"};

static const char *status_of(const pln__watched *w) {
    static const char *const names[] = {"training", "normal", "anomaly", "still", "resolved"};
    return w->status < 0 ? "skipped" : names[w->status];
}

static void member(pln__text *out, const char *name, const char *value) {
    pln__text_printf(out, ",\"%s\":", name);
    pln__text_json(out, value, (int64_t)strlen(value));
}

static void number(pln__text *out, const char *name, double value) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    if (isfinite(value))
        text[pln__format_double(text, value)] = '\0';
    pln__text_printf(out, ",\"%s\":%s", name, isfinite(value) ? text : "null");
}

static void put_json(const pln__monitor_stage *s, const pln__watch *watch, const pln__watched *w,
                     pln__text *out) {
    pln__text_str(out, out->size > 0 ? ",{\"dataset\":" : "{\"dataset\":");
    pln__text_json(out, s->dataset, (int64_t)strlen(s->dataset));
    member(out, "metric", pln__watch_name(watch));
    member(out, "column", watch->column == NULL ? "" : watch->column);
    member(out, "status", status_of(w));
    member(out, "severity", severities[w->severity]);
    number(out, "value", w->value);
    number(out, "expected", w->expected);
    number(out, "lower", w->lower);
    number(out, "upper", w->upper);
    pln__text_str(out, ",\"incident\":");
    pln__text_int(out, w->incident);
    member(out, "message", w->message.data == NULL ? "" : w->message.data);
    pln__text_printf(out, ",\"details\":");
    pln__text_str(out, w->details.size > 0 ? w->details.data : "null");
    pln__text_char(out, '}');
}

/* ---- rows ---- */

typedef struct row {
    const pln__alert_rows *rows;
    int32_t next;
    pln_status status;
    pln_error *err;
} row;

static pln_column *next(row *r) {
    return r->rows->calls->column(r->rows->builder, r->next++);
}
static void put_text(row *r, const char *text) {
    pln_column *column = next(r);
    if (r->status >= 0)
        r->status = text == NULL
                        ? r->rows->calls->append_null(column, r->err)
                        : r->rows->calls->append_text(column, text, (int64_t)strlen(text), r->err);
}
static void put_int(row *r, int64_t value) {
    pln_column *column = next(r);
    if (r->status >= 0)
        r->status = r->rows->calls->append_int(column, value, r->err);
}
static void put_float(row *r, double value) {
    pln_column *column = next(r);
    if (r->status >= 0)
        r->status = isnan(value) ? r->rows->calls->append_null(column, r->err)
                                 : r->rows->calls->append_float(column, value, r->err);
}

static pln_status put_row(const pln__monitor_stage *s, const pln__watch *watch,
                          const pln__watched *w, const pln__alert_rows *rows, pln_error *err) {
    row r = {rows, 0, PLN_OK, err};
    put_int(&r, rows->epoch);
    put_int(&r, rows->time_us);
    put_text(&r, s->dataset);
    put_text(&r, pln__watch_name(watch));
    put_text(&r, watch->column);
    put_text(&r, status_of(w));
    put_text(&r, severities[w->severity]);
    put_float(&r, w->value);
    put_float(&r, w->expected);
    put_float(&r, w->lower);
    put_float(&r, w->upper);
    put_int(&r, w->incident);
    put_text(&r, w->message.data);
    put_text(&r, w->details.size > 0 ? w->details.data : NULL);
    return r.status;
}

pln_status pln__monitor_tell(pln__monitor_stage *s, const pln__watch *watch, const pln__watched *w,
                             const pln__alert_rows *rows, pln_error *err) {
    bool alert = w->status == PLN_MONITOR_ANOMALY || w->status == PLN_MONITOR_RESOLVED;
    put_json(s, watch, w, &s->verdicts);
    pln_status status = pln__text_status(&s->verdicts, err);
    if (status < 0 || !alert)
        return status;
    /* A report has an end, the port has all of them. */
    if (s->n_alerts++ < PLN__ALERTS_MOST)
        put_json(s, watch, w, &s->alerts);
    status = pln__text_status(&s->alerts, err);
    if (status >= 0 && rows->builder != NULL)
        status = put_row(s, watch, w, rows, err);
    return status;
}

pln_status pln__monitor_note(const pln__monitor_stage *s, pln_context *ctx, pln_error *err) {
    pln__text out;
    pln__text_init(&out, s->mem);
    pln__text_str(&out, "{\"dataset\":");
    pln__text_json(&out, s->dataset, (int64_t)strlen(s->dataset));
    pln__text_str(&out, ",\"metrics\":[");
    pln__text_bytes(&out, s->verdicts.data, s->verdicts.size);
    pln__text_str(&out, "],\"alerts\":[");
    pln__text_bytes(&out, s->alerts.data, s->alerts.size);
    pln__text_str(&out, "]}");
    pln_status status = pln__text_status(&out, err);
    if (status >= 0 && ctx->host->note != NULL)
        status = ctx->host->note(ctx, "monitors", out.data, err);
    pln__text_free(&out);
    return status;
}
