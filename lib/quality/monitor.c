#include "quality/monitor.h"
#include "sketch/form.h"
#include <math.h>

#define BAD(...) pln__error_set(err, PLN_EINVAL, __VA_ARGS__)

/* ---- options ---- */

void pln_monitor_options_init(pln_monitor_options *options, uint32_t size) {
    pln_monitor_options defaults = {
        .struct_size = size, .method = PLN_MONITOR_ZSCORE, .cliff = 0.9};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

typedef struct range {
    const char *name;
    double value, least, most;
} range;

static pln_status check_ranges(const range *ranges, int n, pln_error *err) {
    char value[PLN__DOUBLE_TEXT_SIZE], least[PLN__DOUBLE_TEXT_SIZE], most[PLN__DOUBLE_TEXT_SIZE];
    for (int i = 0; i < n; i++) {
        const range *r = &ranges[i];
        if (r->value >= r->least && r->value <= r->most)
            continue;
        value[pln__format_double(value, r->value)] = '\0';
        least[pln__format_double(least, r->least)] = '\0';
        most[pln__format_double(most, r->most)] = '\0';
        return BAD("monitor options: %s is %s, expected %s to %s", r->name, value, least, most);
    }
    return PLN_OK;
}

static pln_status check_integers(const pln_monitor_options *o, pln_error *err) {
    const range ranges[] = {{"method", o->method, PLN_MONITOR_ZSCORE, PLN_MONITOR_ABSOLUTE},
                            {"season", o->season, 0, PLN_MONITOR_DAY_OF_MONTH},
                            {"direction", o->direction, 0, PLN_MONITOR_SPIKE},
                            {"lookback", o->lookback, 0, PLN__MONITOR_LOOKBACK_MOST},
                            {"offset_minutes", o->offset_minutes, -1439, 1439},
                            {"month_end_days", o->month_end_days, 0, 3},
                            {"plain", o->plain, 0, 1},
                            {"keep_anomalies", o->keep_anomalies, 0, 1},
                            {"relearn_after", o->relearn_after, 0, INT32_MAX},
                            {"training_us", (double)o->training_us, 0, (double)INT64_MAX},
                            {"cooldown_us", (double)o->cooldown_us, 0, (double)INT64_MAX},
                            {"repeat_us", (double)o->repeat_us, 0, (double)INT64_MAX}};
    return check_ranges(ranges, PLN__COUNT(ranges), err);
}

static pln_status check_numbers(const pln_monitor_options *o, pln_error *err) {
    double most = PLN__MONITOR_VALUE_MOST;
    const range ranges[] = {{"error", o->error, 1e-9, o->method < PLN_MONITOR_ABSOLUTE ? 1e6 : most},
                            {"warning", o->warning, 0, o->error},
                            {"cliff", o->cliff, 0, 1},
                            {"ignore_change", o->ignore_change, 0, 1e6},
                            {"ignore_below", o->ignore_below, 0, most},
                            {"spread_floor", o->spread_floor, 0, most}};
    return check_ranges(ranges, PLN__COUNT(ranges), err);
}

/* What 0 stands for. */
static void fill_in(pln_monitor_options *o) {
    static const double errors[] = {0, 3, 3.5, 3, 0.10, 0};
    static const int32_t lookbacks[] = {90, 672, 91, 2016, 366};
    if (o->lookback == 0) /* month ends are rare */
        o->lookback = o->month_end_days == 0    ? lookbacks[o->season]
                      : pln__monitor_by_hour(o) ? 8784
                                                : 366;
    if (o->min_history == 0)
        o->min_history = o->method < PLN_MONITOR_RELATIVE ? 7 : 1;
    if (o->warning == 0 && o->error == 0 && o->method == PLN_MONITOR_RELATIVE)
        o->warning = 0.05;
    if (o->error == 0)
        o->error = errors[o->method];
    if (o->warning == 0)
        o->warning = o->error;
}

/* NULL: the defaults. *out is whole then. */
static pln_status take_options(const pln_monitor_options *options, pln_monitor_options *out,
                               pln_error *err) {
    pln_monitor_options_init(out, sizeof *out);
    if (options != NULL && options->struct_size < sizeof *options)
        return BAD("monitor options: struct_size is %u, at least %u are needed",
                   options->struct_size, (unsigned)sizeof *options);
    if (options != NULL)
        memcpy(out, options, sizeof *out);
    pln_status status = check_integers(out, err);
    if (status < 0)
        return status;
    fill_in(out);
    int32_t least = out->method < PLN_MONITOR_RELATIVE ? 2 : 1;
    const range history = {"min_history", out->min_history, least, out->lookback};
    status = check_ranges(&history, 1, err);
    return status < 0 ? status : check_numbers(out, err);
}

/* ---- life ---- */

static pln_status get_memory(pln_monitor *m, pln_error *err) {
    uint64_t n = (uint64_t)m->options.lookback;
    m->ring = pln__calloc(&m->mem, n, sizeof *m->ring);
    m->sorted = pln__calloc(&m->mem, n, sizeof *m->sorted);
    m->by_bucket = m->n_buckets == 1 ? m->sorted : pln__calloc(&m->mem, n, sizeof *m->by_bucket);
    return m->ring != NULL && m->sorted != NULL && m->by_bucket != NULL
               ? PLN_OK
               : pln__error_memory(err, n * sizeof *m->ring);
}

pln_status pln_monitor_new(pln_runtime *runtime, const pln_monitor_options *options,
                           pln_monitor **out, pln_error *err) {
    pln_monitor_options mine;
    pln_status status = take_options(options, &mine, err);
    if (status < 0)
        return status;
    const pln_allocator *mem = pln__sketch_memory(runtime, mine.allocator);
    pln_monitor *m = pln__calloc(mem, 1, sizeof *m);
    if (m == NULL)
        return pln__error_memory(err, sizeof *m);
    m->mem = *mem;
    m->options = mine;
    m->options.allocator = NULL;
    m->n_buckets = pln__monitor_buckets(&mine);
    m->state = (pln__monitor_state){.training_since = INT64_MIN,
                                    .last = INT64_MIN,
                                    .since = INT64_MIN,
                                    .alerted = INT64_MIN,
                                    .last_anomaly = INT64_MIN};
    status = get_memory(m, err);
    if (status < 0)
        pln_monitor_free(m);
    else
        *out = m;
    return status;
}

void pln_monitor_free(pln_monitor *m) {
    if (m == NULL)
        return;
    pln_allocator mem = m->mem;
    uint64_t n = (uint64_t)m->options.lookback;
    pln__free(&mem, m->ring, n * sizeof *m->ring);
    if (m->by_bucket != m->sorted)
        pln__free(&mem, m->by_bucket, n * sizeof *m->by_bucket);
    pln__free(&mem, m->sorted, n * sizeof *m->sorted);
    pln__free(&mem, m, sizeof *m);
}

int64_t pln_monitor_memory(const pln_monitor *m) {
    int64_t a_value = (int64_t)sizeof *m->ring + (m->n_buckets == 1 ? 8 : 16);
    return (int64_t)sizeof *m + m->options.lookback * a_value;
}

/* ---- a value ---- */

static bool passed(int64_t from, int64_t to, int64_t least) {
    return (uint64_t)to - (uint64_t)from >= (uint64_t)least; /* from <= to */
}

static void end_incident(pln__monitor_state *state) {
    state->severity = PLN_MONITOR_FINE;
    state->since = INT64_MIN;
}

/* An anomaly: is there something to say? */
static int32_t alarm_of(pln_monitor *m, int64_t time_us, int32_t severity) {
    pln__monitor_state *s = &m->state;
    bool opens = s->severity == PLN_MONITOR_FINE;
    bool again =
        m->options.repeat_us > 0 && !opens && passed(s->alerted, time_us, m->options.repeat_us);
    s->last_anomaly = time_us;
    if (opens) {
        s->incidents++;
        s->since = time_us;
    }
    if (severity <= s->severity && !again)
        return PLN_MONITOR_STILL;
    s->alerted = time_us;
    if (severity > s->severity)
        s->severity = severity;
    return PLN_MONITOR_ANOMALY;
}

/* A value that is none: is an incident over? */
static int32_t calm(pln_monitor *m, int64_t time_us, bool trained) {
    pln__monitor_state *s = &m->state;
    if (s->severity != PLN_MONITOR_FINE &&
        passed(s->last_anomaly, time_us, m->options.cooldown_us)) {
        end_incident(s);
        return PLN_MONITOR_RESOLVED;
    }
    return trained ? PLN_MONITOR_NORMAL : PLN_MONITOR_TRAINING;
}

/* The value is the first of a new history. */
static int32_t new_level(pln_monitor *m, int64_t time_us, pln_monitor_verdict *v) {
    bool open = m->state.severity != PLN_MONITOR_FINE;
    pln__monitor_clear(m);
    m->state.training_since = time_us;
    m->state.in_a_row = 0;
    end_incident(&m->state);
    v->severity = PLN_MONITOR_FINE;
    return open ? PLN_MONITOR_RESOLVED : PLN_MONITOR_TRAINING;
}

/*
 * A bucket learns its first value in any case, and as long as it is short all that is no cliff: what its weekday or hour is like would not be known otherwise, and so an anomaly for ever.
 */
static bool is_learned(const pln_monitor *m, int64_t time_us, uint32_t flags,
                       const pln_monitor_verdict *v) {
    if (flags & PLN_MONITOR_PARTIAL)
        return false;
    if (v->severity != PLN_MONITOR_ERROR || m->options.keep_anomalies)
        return true;
    int32_t bucket = pln__monitor_bucket_of(&m->options, time_us);
    int64_t n = pln__monitor_bucket(m, bucket).n;
    return m->n_buckets > 1 &&
           (n == 0 || (n < m->options.min_history && v->method != PLN_MONITOR_CLIFF));
}

static pln_status check_value(const pln_monitor *m, int64_t time_us, double value, uint32_t flags,
                              pln_error *err) {
    char shown[PLN__DOUBLE_TEXT_SIZE];
    if (!(fabs(value) <= PLN__MONITOR_VALUE_MOST)) {
        shown[pln__format_double(shown, value)] = '\0';
        return BAD("monitor: value is %s, expected -1e150 to 1e150", shown);
    }
    if (flags > PLN_MONITOR_NEW_LEVEL)
        return BAD("monitor: flags are %u, expected at most one of PLN_MONITOR_PARTIAL (1) and "
                   "PLN_MONITOR_NEW_LEVEL (2)",
                   flags);
    if (time_us <= m->state.last)
        return BAD("monitor: time %lld is not after the last one, %lld", (long long)time_us,
                   (long long)m->state.last);
    return PLN_OK;
}

static void observe(pln_monitor *m, int64_t time_us, double value, uint32_t flags,
                    pln_monitor_verdict *v) {
    pln__monitor_state *s = &m->state;
    if (s->training_since == INT64_MIN)
        s->training_since = time_us;
    s->observed++;
    s->last = time_us;
    v->incident = s->severity == PLN_MONITOR_FINE ? 0 : s->incidents;
    v->since_us = s->since;
    bool trained = pln__monitor_judge(m, time_us, value, v);
    if (!(flags & PLN_MONITOR_PARTIAL))
        s->in_a_row =
            v->severity == PLN_MONITOR_ERROR ? s->in_a_row + (s->in_a_row < UINT32_MAX) : 0;
    if (flags & PLN_MONITOR_NEW_LEVEL ||
        (m->options.relearn_after > 0 && s->in_a_row >= (uint32_t)m->options.relearn_after))
        v->status = new_level(m, time_us, v);
    else if (v->severity != PLN_MONITOR_FINE)
        v->status = alarm_of(m, time_us, v->severity);
    else
        v->status = calm(m, time_us, trained);
    if (s->severity != PLN_MONITOR_FINE) {
        v->incident = s->incidents;
        v->since_us = s->since;
    }
    v->learned = is_learned(m, time_us, flags, v);
}

pln_status pln_monitor_observe(pln_monitor *m, int64_t time_us, double value, uint32_t flags,
                               pln_monitor_verdict *out, pln_error *err) {
    if (out->struct_size < sizeof *out)
        return BAD("monitor: struct_size is %u, at least %u are needed", out->struct_size,
                   (unsigned)sizeof *out);
    pln_status status = check_value(m, time_us, value, flags, err);
    if (status < 0)
        return status;
    value += 0.0; /* -0.0 is 0.0 */
    *out = (pln_monitor_verdict){.struct_size = out->struct_size};
    observe(m, time_us, value, flags, out);
    if (out->learned)
        pln__monitor_add(m, time_us, value);
    m->text[0] = '\0';
    out->json = m->text;
    if (out->status >= PLN_MONITOR_ANOMALY)
        pln__monitor_say(m, time_us, value, out);
    return PLN_OK;
}
