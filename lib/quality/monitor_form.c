/* The form that <pln/monitor.h> draws. */
#include "base/little.h"
#include "quality/monitor.h"
#include "sketch/form.h"
#include <math.h>

enum { HEAD = 72, POINT = 16 };

static const pln__form native = {"monitor", "PLNM", 1, HEAD};

int64_t pln_monitor_size(const pln_monitor *m) {
    return HEAD + (int64_t)m->n * POINT + PLN__FORM_SUM;
}

pln_status pln_monitor_write(const pln_monitor *m, uint8_t *out, int64_t capacity, int64_t *size,
                             pln_error *err) {
    const pln__monitor_state *s = &m->state;
    const int64_t words[] = {s->observed, s->incidents, s->training_since, s->last,
                             s->since,    s->alerted,   s->last_anomaly};
    int64_t need = pln_monitor_size(m), end = need - PLN__FORM_SUM;
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "monitor: room for %lld bytes, %lld are needed",
                              (long long)capacity, (long long)need);
    pln__form_begin(&native, out);
    out[5] = (uint8_t)s->severity;
    out[6] = out[7] = 0;
    pln__store_le32(out + 8, (uint32_t)m->n);
    pln__store_le32(out + 12, s->in_a_row);
    for (int i = 0; i < PLN__COUNT(words); i++)
        pln__store_le64(out + 16 + 8 * i, (uint64_t)words[i]);
    uint8_t *at = out + HEAD;
    for (int64_t i = 0; i < m->n; i++, at += POINT) {
        pln_monitor_point point;
        uint64_t bits;
        (void)pln_monitor_history(m, i, 1, &point);
        memcpy(&bits, &point.value, 8);
        pln__store_le64(at, (uint64_t)point.time_us);
        pln__store_le64(at + 8, bits);
    }
    pln__form_seal(out, end);
    *size = need;
    return PLN_OK;
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, __VA_ARGS__)

static int64_t word_at(const uint8_t *at) {
    return (int64_t)pln__load_le64(at);
}

static void get_state(const uint8_t *bytes, pln__monitor_state *s) {
    s->severity = bytes[5];
    s->in_a_row = pln__load_le32(bytes + 12);
    s->observed = word_at(bytes + 16);
    s->incidents = word_at(bytes + 24);
    s->training_since = word_at(bytes + 32);
    s->last = word_at(bytes + 40);
    s->since = word_at(bytes + 48);
    s->alerted = word_at(bytes + 56);
    s->last_anomaly = word_at(bytes + 64);
}

static pln_status check_counts(const pln__monitor_state *s, uint32_t n, pln_error *err) {
    if (s->severity > PLN_MONITOR_ERROR)
        return BAD("monitor: severity is %d, expected 0 to 2", s->severity);
    if (s->observed < 0 || s->observed > INT64_MAX - UINT32_MAX)
        return BAD("monitor: %lld values observed", (long long)s->observed);
    if (n > s->observed || s->in_a_row > s->observed || s->incidents < 0 ||
        s->incidents > s->observed)
        return BAD("monitor: %u values, %u errors in a row and %lld incidents of %lld values "
                   "observed",
                   n, s->in_a_row, (long long)s->incidents, (long long)s->observed);
    return PLN_OK;
}

/* Times are there as far as what they are of is. */
static pln_status check_times(const pln__monitor_state *s, pln_error *err) {
    bool any = s->observed > 0, ever = s->incidents > 0, open = s->severity != PLN_MONITOR_FINE;
    const int64_t none = INT64_MIN;
    const struct {
        const char *what;
        int64_t time;
        bool wanted;
    } times[] = {{"training", s->training_since, any}, {"the last value", s->last, any},
                 {"the incident", s->since, open},     {"the last alert", s->alerted, ever},
                 {"the last anomaly", s->last_anomaly, ever}};
    for (int i = 0; i < PLN__COUNT(times); i++)
        if ((times[i].time != none) != times[i].wanted || times[i].time > s->last)
            return BAD("monitor: time of %s is %lld, with %lld values observed up to %lld",
                       times[i].what, (long long)times[i].time, (long long)s->observed,
                       (long long)s->last);
    if (open && (!ever || s->since > s->alerted || s->alerted > s->last_anomaly))
        return BAD("monitor: an incident of %lld, said at %lld, last seen at %lld",
                   (long long)s->since, (long long)s->alerted, (long long)s->last_anomaly);
    return PLN_OK;
}

static pln_status get_points(pln_monitor *m, const uint8_t *at, uint32_t n, pln_error *err) {
    int64_t before = INT64_MIN, skip = (int64_t)n - m->options.lookback;
    for (int64_t i = 0; i < n; i++, at += POINT) {
        int64_t time_us = word_at(at);
        uint64_t bits = pln__load_le64(at + 8);
        double value;
        memcpy(&value, &bits, 8);
        if (time_us <= before || time_us < m->state.training_since || time_us > m->state.last)
            return BAD("monitor: value %lld of %u: time is %lld, expected later than %lld, from "
                       "%lld to %lld",
                       (long long)i, n, (long long)time_us, (long long)before,
                       (long long)m->state.training_since, (long long)m->state.last);
        if (!(fabs(value) <= PLN__MONITOR_VALUE_MOST) || (value == 0 && bits != 0))
            return BAD("monitor: value %lld of %u is %016llx, no number from -1e150 to 1e150",
                       (long long)i, n, (unsigned long long)bits);
        before = time_us;
        if (i >= skip)
            pln__monitor_add(m, time_us, value);
    }
    return PLN_OK;
}

pln_status pln_monitor_read(pln_runtime *runtime, const pln_monitor_options *options,
                            const uint8_t *bytes, int64_t size, pln_monitor **out, pln_error *err) {
    pln_monitor *m = NULL;
    pln_status status;
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    uint32_t n = pln__load_le32(bytes + 8);
    PLN__TRY(pln__form_check(&native, bytes, size, HEAD + (int64_t)n * POINT + PLN__FORM_SUM, err));
    if (bytes[6] != 0 || bytes[7] != 0)
        PLN__FAIL(err, PLN_EDATA, "monitor: bytes 6 and 7 are %02x%02x, expected 0000", bytes[6],
                  bytes[7]);
    PLN__TRY(pln_monitor_new(runtime, options, &m, err));
    get_state(bytes, &m->state);
    PLN__TRY(check_counts(&m->state, n, err));
    PLN__TRY(check_times(&m->state, err));
    PLN__TRY(get_points(m, bytes + HEAD, n, err));
    *out = m;
    m = NULL;
out:
    pln_monitor_free(m);
    return status;
}
