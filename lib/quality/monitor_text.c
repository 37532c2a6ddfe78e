/* A verdict as JSON. */
#include "base/time.h"
#include "quality/monitor.h"

static const char *const statuses[] = {"training", "normal", "anomaly", "still", "resolved"};
static const char *const severities[] = {"fine", "warning", "error"};
static const char *const methods[] = {"", "zscore", "mad", "iqr", "relative", "absolute", "cliff"};

/* The longest is shorter than PLN__MONITOR_TEXT_SIZE: 15 names, 6 numbers of 25 characters, 4 of 20, 2 times of 29. */
static char *put(char *at, const char *text) {
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}
static char *put_name(char *at, const char *name, const char *word) {
    at = put(put(put(at, name), word), "\"");
    return at;
}
static char *put_number(char *at, const char *name, double value) {
    at = put(at, name);
    if (value - value != 0) /* NaN or infinite */
        return put(at, "null");
    return at + pln__format_double(at, value);
}
static char *put_count(char *at, const char *name, int64_t value) {
    at = put(at, name);
    return at + pln__format_int64(at, value);
}
static char *put_time(char *at, const char *name, int64_t time_us) {
    at = put(at, name);
    if (time_us == INT64_MIN)
        return put(at, "null");
    int64_t size = pln__format_timestamp(at + 1, time_us, PLN__MICRO, PLN__TIME_UTC);
    if (size == 0) /* a year that the text cannot say */
        return at + pln__format_int64(at, time_us);
    *at = '"';
    return put(at + 1 + size, "\"");
}

void pln__monitor_say(pln_monitor *m, int64_t time_us, double value,
                      const pln_monitor_verdict *out) {
    char *at = put_name(m->text, "{\"status\":\"", statuses[out->status]);
    at = put_name(at, ",\"severity\":\"", severities[out->severity]);
    at = put_name(at, ",\"method\":\"", methods[out->method]);
    at = put_time(at, ",\"time\":", time_us);
    at = put_number(at, ",\"value\":", value);
    at = put_number(at, ",\"expected\":", out->expected);
    at = put_number(at, ",\"lower\":", out->lower);
    at = put_number(at, ",\"upper\":", out->upper);
    at = put_number(at, ",\"score\":", out->score);
    at = put_number(at, ",\"limit\":", out->limit);
    at = put_count(at, ",\"history\":", out->n_history);
    at = out->bucket < 0 ? put(at, ",\"bucket\":null") : put_count(at, ",\"bucket\":", out->bucket);
    at = put_count(at, ",\"incident\":", out->incident);
    at = put_time(at, ",\"since\":", out->since_us);
    memcpy(at, "}", 2);
}
