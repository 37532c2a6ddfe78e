/* Which bucket a time is in, and the values that are kept. */
#include "base/time.h"
#include "quality/monitor.h"

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static int32_t ordinary(const pln_monitor_options *options) {
    static const int32_t of[] = {1, 24, 7, 168, 31};
    return of[options->season];
}

int32_t pln__monitor_buckets(const pln_monitor_options *options) {
    return ordinary(options) + options->month_end_days * (pln__monitor_by_hour(options) ? 24 : 1);
}

int64_t pln__monitor_round(const pln_monitor_options *options) {
    static const int32_t days[] = {0, 1, 7, 7, 31};
    return DAY * (options->month_end_days > 0 ? 31 : days[options->season]);
}

int32_t pln__monitor_bucket_of(const pln_monitor_options *options, int64_t time_us) {
    int64_t of_day;
    int64_t day = pln__split_timestamp(pln__add_clamped(time_us, options->offset_minutes * MINUTE),
                                       PLN__MICRO, &of_day);
    int32_t hour = (int32_t)(of_day / HOUR), weekday = pln__weekday(day) - 1;
    if (options->month_end_days > 0 || options->season == PLN_MONITOR_DAY_OF_MONTH) {
        pln__civil civil = pln__civil_of(day);
        int32_t to_end = pln__days_in_month(civil.year, civil.month) - civil.day;
        if (to_end < options->month_end_days)
            return ordinary(options) +
                   (pln__monitor_by_hour(options) ? to_end * 24 + hour : to_end);
        if (options->season == PLN_MONITOR_DAY_OF_MONTH)
            return civil.day - 1;
    }
    switch (options->season) {
    case PLN_MONITOR_HOUR_OF_DAY: return hour;
    case PLN_MONITOR_WEEKDAY: return weekday;
    case PLN_MONITOR_HOUR_OF_WEEK: return weekday * 24 + hour;
    default: return 0;
    }
}

/* How many values are less. */
static int64_t place_of(const double *sorted, int64_t n, double value) {
    int64_t low = 0;
    while (n > 0) {
        int64_t half = n / 2;
        if (sorted[low + half] < value) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

/* A value comes at `in` and, if there is no room, another one goes at `out` of what was there: only those between the two move. */
static void exchange(double *values, int64_t out, int64_t in, double value) {
    if (in > out) {
        in--;
        memmove(values + out, values + out + 1, (size_t)(in - out) * sizeof *values);
    } else {
        memmove(values + in + 1, values + in, (size_t)(out - in) * sizeof *values);
    }
    values[in] = value;
}

static int64_t place_in_bucket(const pln_monitor *m, int32_t b, double value) {
    int32_t start = m->starts[b];
    return start + place_of(m->by_bucket + start, m->starts[b + 1] - start, value);
}

static void move_starts(pln_monitor *m, int32_t bucket, int32_t by) {
    for (int32_t i = bucket + 1; i <= m->n_buckets; i++)
        m->starts[i] += by;
}

/* The newest point takes the place of the oldest, or an empty one. */
static void exchange_points(pln_monitor *m, const pln_monitor_point *oldest,
                            const pln_monitor_point *newest) {
    int32_t b = pln__monitor_bucket_of(&m->options, newest->time_us);
    int64_t out = m->n, in = place_of(m->sorted, m->n, newest->value);
    if (oldest != NULL)
        out = place_of(m->sorted, m->n, oldest->value);
    exchange(m->sorted, out, in, newest->value);
    m->last_of[b] = newest->value;
    if (m->by_bucket != m->sorted) {
        int32_t of_oldest =
            oldest == NULL ? m->n_buckets : pln__monitor_bucket_of(&m->options, oldest->time_us);
        in = place_in_bucket(m, b, newest->value);
        out = oldest == NULL ? m->n : place_in_bucket(m, of_oldest, oldest->value);
        exchange(m->by_bucket, out, in, newest->value);
        move_starts(m, of_oldest, -1);
    } else if (oldest != NULL) {
        move_starts(m, 0, -1);
    }
    move_starts(m, b, 1);
}

void pln__monitor_add(pln_monitor *m, int64_t time_us, double value) {
    pln_monitor_point point = {time_us, value};
    bool full = m->n == m->options.lookback;
    exchange_points(m, full ? &m->ring[m->first] : NULL, &point);
    int64_t at = (int64_t)m->first + m->n;
    m->ring[at < m->options.lookback ? at : at - m->options.lookback] = point;
    if (full)
        m->first = m->first + 1 == m->options.lookback ? 0 : m->first + 1;
    else
        m->n++;
}

void pln__monitor_clear(pln_monitor *m) {
    m->first = m->n = 0;
    memset(m->starts, 0, sizeof m->starts);
}

pln__monitor_basis pln__monitor_whole(const pln_monitor *m) {
    pln_monitor_point newest = {0, 0};
    if (m->n > 0)
        (void)pln_monitor_history(m, m->n - 1, 1, &newest);
    return (pln__monitor_basis){m->sorted, m->n, newest.value};
}

pln__monitor_basis pln__monitor_bucket(const pln_monitor *m, int32_t b) {
    int32_t start = m->starts[b];
    return (pln__monitor_basis){m->by_bucket + start, m->starts[b + 1] - start, m->last_of[b]};
}

int64_t pln_monitor_history(const pln_monitor *m, int64_t from, int64_t wanted,
                            pln_monitor_point *out) {
    for (int64_t i = 0; from >= 0 && i < wanted && from < m->n - i; i++) {
        int64_t at = m->first + from + i;
        out[i] = m->ring[at < m->options.lookback ? at : at - m->options.lookback];
    }
    return m->n;
}
