/* Verdicts by hand and against plain formulas; incidents; what is learned; bytes; what is refused. */
#include "fail_alloc.h"
#include "random_arrow.h"
#include "base/base.h"
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400000000)
#define HOUR INT64_C(3600000000)
/* 2024-01-01, a Monday, 00:00 UTC */
#define MONDAY INT64_C(1704067200000000)

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

static pln_monitor_options options_of(int32_t method, int32_t season) {
    pln_monitor_options options;
    pln_monitor_options_init(&options, sizeof options);
    options.method = method;
    options.season = season;
    if (method == PLN_MONITOR_ABSOLUTE)
        options.error = 100;
    return options;
}

static pln_monitor *monitor_of(const pln_monitor_options *options) {
    pln_monitor *m = NULL;
    MUST(pln_monitor_new(NULL, options, &m, &err));
    return m;
}

static pln_monitor_verdict at(pln_monitor *m, int64_t time_us, double value, uint32_t flags) {
    pln_monitor_verdict v = {.struct_size = sizeof v};
    MUST(pln_monitor_observe(m, time_us, value, flags, &v, &err));
    return v;
}
static pln_monitor_verdict on(pln_monitor *m, int day, double value) {
    return at(m, MONDAY + day * DAY, value, 0);
}

static void assert_near(double got, double want) {
    ck_assert_msg(fabs(got - want) <= 1e-9 * fmax(1, fabs(want)), "%.17g, expected %.17g", got,
                  want);
}

/* ---- verdicts ---- */

START_TEST(by_hand) {
    /* 98 to 104: mean 101, sd sqrt(28/6) = 2.160247; median 101, MAD 2; quartiles 99.5 and 102.5. */
    static const double history[] = {100, 104, 98, 102, 99, 103, 101};
    static const struct {
        int32_t method;
        double expected, lower, upper, score;
    } cases[] = {
        {PLN_MONITOR_ZSCORE, 101, 101 - 3 * 2.160246899469287, 101 + 3 * 2.160246899469287,
         19 / 2.160246899469287},
        {PLN_MONITOR_MAD, 101, 101 - 3.5 * 2.9652, 101 + 3.5 * 2.9652, 19 / 2.9652},
        {PLN_MONITOR_IQR, 101, 90.5, 111.5, 17.5 / 3},
        {PLN_MONITOR_RELATIVE, 101, 90.9, 111.1, 19.0 / 101},
        {PLN_MONITOR_ABSOLUTE, 101, 1, 201, 19},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln_monitor_options options = options_of(cases[i].method, 0);
        options.plain = 1;
        pln_monitor *m = monitor_of(&options);
        for (int d = 0; d < 7; d++)
            on(m, d, history[d]);
        pln_monitor_verdict v = on(m, 7, 120);
        ck_assert_int_eq(v.n_history, 7);
        ck_assert_int_eq(v.method, cases[i].method);
        assert_near(v.expected, cases[i].expected);
        assert_near(v.lower, cases[i].lower);
        assert_near(v.upper, cases[i].upper);
        assert_near(v.score, cases[i].score);
        ck_assert_int_eq(v.status, cases[i].method == PLN_MONITOR_ABSOLUTE ? PLN_MONITOR_NORMAL
                                                                           : PLN_MONITOR_ANOMALY);
        pln_monitor_free(m);
    }
}
END_TEST

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int n, double part) {
    double place = (n - 1) * part;
    int i = (int)place;
    return i + 1 < n ? sorted[i] + (place - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

/* From the definitions, of values in any order: the middle, and how far from it 3 spreads are. */
static void naive(int32_t method, const double *values, int n, double *low, double *high) {
    double sorted[64], away[64], mean = 0, squares = 0;
    memcpy(sorted, values, (size_t)n * sizeof *values);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    double median = quantile(sorted, n, 0.5), q1 = quantile(sorted, n, 0.25),
           q3 = quantile(sorted, n, 0.75);
    for (int i = 0; i < n; i++)
        mean += values[i] / n;
    for (int i = 0; i < n; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
        away[i] = fabs(values[i] - median);
    }
    qsort(away, (size_t)n, sizeof *away, by_value);
    double sd = sqrt(squares / (n - 1)), mad = 1.4826 * quantile(away, n, 0.5);
    *low = method == PLN_MONITOR_ZSCORE ? mean - 3 * sd
           : method == PLN_MONITOR_MAD  ? median - 3 * mad
                                        : q1 - 3 * (q3 - q1);
    *high = method == PLN_MONITOR_ZSCORE ? mean + 3 * sd
            : method == PLN_MONITOR_MAD  ? median + 3 * mad
                                         : q3 + 3 * (q3 - q1);
}

/* Which bucket, by another way than the library's: from the day of the month, weekday and hour of a calendar that is counted up. */
typedef struct calendar {
    int day, month, year, weekday, hour;
} calendar;
static int days_in(const calendar *c) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[c->month] + (c->month == 1 && c->year % 4 == 0);
}
static void next_hour(calendar *c) {
    if (++c->hour < 24)
        return;
    c->hour = 0;
    c->weekday = (c->weekday + 1) % 7;
    if (++c->day < days_in(c))
        return;
    c->day = 0;
    c->year += c->month == 11;
    c->month = (c->month + 1) % 12;
}
static int bucket_of(const calendar *c, int32_t season, int month_ends) {
    int to_end = days_in(c) - 1 - c->day;
    int buckets[] = {0, c->hour, c->weekday, c->weekday * 24 + c->hour, c->day};
    return month_ends && to_end == 0 ? 1000 + (season % 2 == 1 ? c->hour : 0) : buckets[season];
}

enum { LOOKBACK = 60 };

/* 90 days of four values a day, of a history that overflows: every bound is that of the naive formula over the values that ought to count. */
START_TEST(as_the_definitions) {
    int32_t season = _i % 5, method = 1 + _i / 5 % 3, month_ends = _i / 15;
    pln_monitor_options options = options_of(method, season);
    options.plain = 1;
    options.min_history = 4;
    options.lookback = LOOKBACK;
    options.error = 3;
    options.cliff = 0;
    options.keep_anomalies = 1;
    options.month_end_days = month_ends;
    options.offset_minutes = -90;
    pln_monitor *m = monitor_of(&options);
    rng r = {(uint64_t)_i + 1};
    calendar c = {0, 0, 2024, 0, 0};
    static double values[4000];
    static int buckets[4000];
    int judged = 0, by_bucket = 0;
    for (int i = 0; i < 360; i++) {
        double value = 100 + (double)rng_below(&r, 40) / 4;
        pln_monitor_verdict v = at(m, MONDAY + 90 * 60 * INT64_C(1000000) + i * 6 * HOUR, value, 0);
        int bucket = bucket_of(&c, season, month_ends), n = 0;
        double mine[LOOKBACK], low, high;
        int first = i > LOOKBACK ? i - LOOKBACK : 0;
        for (int k = first; k < i; k++)
            if (buckets[k] == bucket)
                mine[n++] = values[k];
        bool own = n >= 4;
        if (!own)
            memcpy(mine, values + first, (size_t)(n = i - first) * sizeof *mine);
        if (v.status != PLN_MONITOR_TRAINING && v.n_history > 0 && isfinite(v.lower)) {
            naive(method, mine, n, &low, &high);
            for (int k = first; k < i && !own; k++) {
                double part = buckets[k] == bucket ? 0.25 : 0;
                low = fmin(low, values[k] * (1 - part));
                high = fmax(high, values[k] * (1 + part));
            }
            ck_assert_int_eq(v.n_history, n);
            ck_assert_int_eq(v.bucket >= 0, own && (season > 0 || month_ends > 0));
            assert_near(v.lower, low);
            assert_near(v.upper, high);
            ck_assert_int_eq(v.severity, value < v.lower || value > v.upper ? 2 : 0);
            judged++;
            by_bucket += own;
        }
        values[i] = value;
        buckets[i] = bucket;
        for (int h = 0; h < 6; h++)
            next_hour(&c);
    }
    ck_assert_int_gt(judged, 200);
    if (season < 3)
        ck_assert_int_gt(by_bucket, 100);
    ck_assert_int_eq(pln_monitor_history(m, 0, 0, NULL), LOOKBACK);
    pln_monitor_free(m);
}
END_TEST

START_TEST(short_histories_are_widened) {
    /* t for 99.73 %, as 3 is of the normal distribution: table G.2 of the "Guide to the expression of uncertainty in measurement" (JCGM 100:2008), at n - 1 degrees of freedom. */
    static const struct {
        int n;
        double t;
    } cases[] = {{7, 4.90}, {13, 3.76}, {21, 3.42}, {31, 3.27}, {51, 3.16}};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln_monitor *m = monitor_of(NULL);
        for (int d = 0; d < cases[i].n; d++)
            on(m, d, 100 + d % 3);
        double want = cases[i].t * sqrt(1 + 1.0 / cases[i].n);
        double got = on(m, cases[i].n, 101).limit;
        ck_assert_msg(fabs(got / want - 1) < 0.02, "%d: %g, expected %g", cases[i].n, got, want);
        pln_monitor_free(m);
    }
}
END_TEST

/* ---- training and cliff ---- */

START_TEST(a_cliff_fires_at_the_second_run) {
    static const struct {
        double first, second, cliff;
        int32_t direction, season;
        int32_t status;
    } cases[] = {
        {1000, 100, 0.9, PLN_MONITOR_BOTH, 0, PLN_MONITOR_ANOMALY},
        {1000, 0, 0.9, PLN_MONITOR_DROP, 0, PLN_MONITOR_ANOMALY},
        {1000, 101, 0.9, PLN_MONITOR_BOTH, 0, PLN_MONITOR_TRAINING},
        {1000, 0, 0.9, PLN_MONITOR_SPIKE, 0, PLN_MONITOR_TRAINING},
        {1000, 0, 0, PLN_MONITOR_BOTH, 0, PLN_MONITOR_TRAINING},
        {1000, 500, 0.5, PLN_MONITOR_BOTH, 0, PLN_MONITOR_ANOMALY},
        {0, 0, 0.9, PLN_MONITOR_BOTH, 0, PLN_MONITOR_TRAINING},
        {-10, -100, 0.9, PLN_MONITOR_BOTH, 0, PLN_MONITOR_TRAINING},
        {1000, 100, 0.9, PLN_MONITOR_BOTH, PLN_MONITOR_WEEKDAY, PLN_MONITOR_ANOMALY},
        {1000, 100, 0.9, PLN_MONITOR_BOTH, PLN_MONITOR_HOUR_OF_WEEK, PLN_MONITOR_TRAINING},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, cases[i].season);
        options.cliff = cases[i].cliff;
        options.direction = cases[i].direction;
        pln_monitor *m = monitor_of(&options);
        ck_assert_int_eq(on(m, 0, cases[i].first).status, PLN_MONITOR_TRAINING);
        pln_monitor_verdict v = on(m, 1, cases[i].second);
        ck_assert_msg(v.status == cases[i].status, "case %d: %d", i, v.status);
        if (v.status == PLN_MONITOR_ANOMALY)
            ck_assert_int_eq(v.method, PLN_MONITOR_CLIFF);
        pln_monitor_free(m);
    }
}
END_TEST

START_TEST(training_lasts_as_asked) {
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.training_us = 20 * DAY;
    pln_monitor *m = monitor_of(&options);
    for (int d = 0; d < 30; d++)
        ck_assert_int_eq(on(m, d, 100 + d % 2).status,
                         d < 20 ? PLN_MONITOR_TRAINING : PLN_MONITOR_NORMAL);
    pln_monitor_free(m);
    /* Without a round of the season nothing is known of the other days. */
    options = options_of(PLN_MONITOR_MAD, PLN_MONITOR_DAY_OF_MONTH);
    m = monitor_of(&options);
    for (int d = 0; d < 40; d++)
        ck_assert_int_eq(on(m, d, 100 + d % 2).status,
                         d < 31 ? PLN_MONITOR_TRAINING : PLN_MONITOR_NORMAL);
    pln_monitor_free(m);
}
END_TEST

START_TEST(a_closed_day_is_said_once) {
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, PLN_MONITOR_WEEKDAY);
    pln_monitor *m = monitor_of(&options);
    int alerts = 0;
    for (int d = 0; d < 700; d++)
        alerts += on(m, d, d % 7 == 6 ? 0 : 1000 + d % 5).status == PLN_MONITOR_ANOMALY;
    ck_assert_int_eq(alerts, 1);
    /* And that it is open one day is seen, too. */
    ck_assert_int_eq(on(m, 706 - 6 + 6, 1000).status, PLN_MONITOR_ANOMALY);
    pln_monitor_free(m);
}
END_TEST

/* ---- options that quieten ---- */

static pln_monitor_verdict after_ten(const pln_monitor_options *options, double value) {
    pln_monitor *m = monitor_of(options);
    for (int d = 0; d < 10; d++)
        on(m, d, 1000 + d % 2);
    pln_monitor_verdict v = on(m, 10, value);
    v.json = NULL;
    pln_monitor_free(m);
    return v;
}

START_TEST(what_is_ignored) {
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    ck_assert_int_eq(after_ten(&options, 1040).severity, PLN_MONITOR_ERROR);
    options.ignore_change = 0.05;
    ck_assert_int_eq(after_ten(&options, 1040).severity, PLN_MONITOR_FINE);
    ck_assert_int_eq(after_ten(&options, 1060).severity, PLN_MONITOR_ERROR);
    options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.ignore_below = 1100;
    ck_assert_int_eq(after_ten(&options, 1040).severity, PLN_MONITOR_FINE);
    ck_assert_int_eq(after_ten(&options, 0).severity, PLN_MONITOR_FINE);
    ck_assert_int_eq(after_ten(&options, 1100).severity, PLN_MONITOR_ERROR);
    options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.spread_floor = 100;
    ck_assert_int_eq(after_ten(&options, 1040).severity, PLN_MONITOR_FINE);
    options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.direction = PLN_MONITOR_DROP;
    ck_assert_int_eq(after_ten(&options, 5000).severity, PLN_MONITOR_FINE);
    ck_assert_int_eq(after_ten(&options, 900).severity, PLN_MONITOR_ERROR);
    options.direction = PLN_MONITOR_SPIKE;
    ck_assert_int_eq(after_ten(&options, 5000).severity, PLN_MONITOR_ERROR);
    ck_assert_int_eq(after_ten(&options, 900).severity, PLN_MONITOR_FINE);
}
END_TEST

START_TEST(values_that_do_not_vary) {
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    pln_monitor *m = monitor_of(&options);
    for (int d = 0; d < 10; d++)
        ck_assert_int_le(on(m, d, 5).severity, 0);
    ck_assert_int_eq(on(m, 10, 5).status, PLN_MONITOR_NORMAL);
    ck_assert_int_eq(on(m, 11, 6).status, PLN_MONITOR_ANOMALY);
    pln_monitor_free(m);
    m = monitor_of(NULL); /* not even a billionth of 0 is a spread */
    for (int d = 0; d < 10; d++)
        on(m, d, 0);
    pln_monitor_verdict v = on(m, 10, 1e-30);
    ck_assert_int_eq(v.status, PLN_MONITOR_ANOMALY);
    ck_assert(isinf(v.score));
    ck_assert_ptr_nonnull(strstr(v.json, "\"score\":null"));
    pln_monitor_free(m);
}
END_TEST

START_TEST(changes_have_warnings) {
    pln_monitor_options options = options_of(PLN_MONITOR_RELATIVE, 0);
    pln_monitor *m = monitor_of(&options);
    on(m, 0, 100);
    ck_assert_int_eq(on(m, 1, 105).status, PLN_MONITOR_NORMAL);
    pln_monitor_verdict v = on(m, 2, 112); /* of 105: 6.7 % */
    ck_assert_int_eq(v.status, PLN_MONITOR_ANOMALY);
    ck_assert_int_eq(v.severity, PLN_MONITOR_WARNING);
    ck_assert_int_eq(v.learned, 1);
    v = on(m, 3, 150); /* graver: said again, though the incident is open */
    ck_assert_int_eq(v.status, PLN_MONITOR_ANOMALY);
    ck_assert_int_eq(v.severity, PLN_MONITOR_ERROR);
    ck_assert_int_eq(v.incident, 1);
    ck_assert_int_eq(v.learned, 0);
    ck_assert_int_eq(on(m, 4, 112).status, PLN_MONITOR_RESOLVED);
    pln_monitor_free(m);
}
END_TEST

/* ---- incidents ---- */

static pln_monitor *trained(const pln_monitor_options *options) {
    pln_monitor *m = monitor_of(options);
    for (int d = -30; d < 0; d++)
        on(m, d, 1000 + d % 3);
    return m;
}

START_TEST(a_thousand_repeats_are_one_alert) {
    pln_monitor *m = trained(NULL);
    int alerts = 0, resolved = 0;
    for (int d = 0; d < 1000; d++) {
        pln_monitor_verdict v = on(m, d, 400 + d % 7);
        alerts += v.status == PLN_MONITOR_ANOMALY;
        ck_assert_int_eq(v.status, d == 0 ? PLN_MONITOR_ANOMALY : PLN_MONITOR_STILL);
        ck_assert_int_eq(v.since_us, MONDAY);
    }
    for (int d = 1000; d < 1010; d++)
        resolved += on(m, d, 1000).status == PLN_MONITOR_RESOLVED;
    ck_assert_int_eq(alerts, 1);
    ck_assert_int_eq(resolved, 1);
    ck_assert_int_eq(on(m, 1010, 0).incident, 2);
    pln_monitor_free(m);
}
END_TEST

START_TEST(flapping_is_one_incident) {
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.cooldown_us = 3 * DAY;
    pln_monitor *m = trained(&options);
    ck_assert_int_eq(on(m, 0, 400).status, PLN_MONITOR_ANOMALY);
    for (int d = 1; d < 20; d++)
        ck_assert_int_eq(on(m, d, d % 2 ? 1000 : 400).status,
                         d % 2 ? PLN_MONITOR_NORMAL : PLN_MONITOR_STILL);
    ck_assert_int_eq(on(m, 20, 1000).status, PLN_MONITOR_NORMAL); /* the last one was on day 18 */
    ck_assert_int_eq(on(m, 21, 1000).status, PLN_MONITOR_RESOLVED);
    pln_monitor_free(m);
    options.cooldown_us = 0;
    options.repeat_us = 7 * DAY;
    m = trained(&options);
    for (int d = 0; d < 20; d++)
        ck_assert_int_eq(on(m, d, 400).status,
                         d % 7 == 0 ? PLN_MONITOR_ANOMALY : PLN_MONITOR_STILL);
    pln_monitor_free(m);
}
END_TEST

START_TEST(what_enters_the_history) {
    pln_monitor *m = trained(NULL);
    ck_assert_int_eq(on(m, 0, 400).learned, 0);
    ck_assert_int_eq(at(m, MONDAY + DAY, 1000, PLN_MONITOR_PARTIAL).learned, 0);
    ck_assert_int_eq(at(m, MONDAY + 2 * DAY, 400, PLN_MONITOR_PARTIAL).learned, 0);
    ck_assert_int_eq(on(m, 3, 1000).learned, 1);
    pln_monitor_point points[3];
    ck_assert_int_eq(pln_monitor_history(m, 29, 3, points), 31);
    ck_assert(points[0].time_us == MONDAY - DAY && points[1].time_us == MONDAY + 3 * DAY);
    ck_assert_int_eq(pln_monitor_history(m, -1, 3, points), 31);
    pln_monitor_free(m);
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.keep_anomalies = 1;
    m = trained(&options);
    ck_assert_int_eq(on(m, 0, 400).learned, 1);
    pln_monitor_free(m);
}
END_TEST

START_TEST(a_new_level) {
    pln_monitor *m = trained(NULL);
    ck_assert_int_eq(on(m, 0, 400).status, PLN_MONITOR_ANOMALY);
    ck_assert_int_eq(at(m, MONDAY + DAY, 400, PLN_MONITOR_NEW_LEVEL).status, PLN_MONITOR_RESOLVED);
    ck_assert_int_eq(pln_monitor_history(m, 0, 0, NULL), 1);
    for (int d = 2; d < 20; d++)
        ck_assert_int_eq(on(m, d, 400 + d % 3).status,
                         d < 8 ? PLN_MONITOR_TRAINING : PLN_MONITOR_NORMAL);
    pln_monitor_free(m);
    pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.relearn_after = 3;
    m = trained(&options);
    ck_assert_int_eq(on(m, 0, 400).status, PLN_MONITOR_ANOMALY);
    ck_assert_int_eq(on(m, 1, 400).status, PLN_MONITOR_STILL);
    ck_assert_int_eq(on(m, 2, 400).status, PLN_MONITOR_RESOLVED);
    ck_assert_int_eq(on(m, 3, 400).status, PLN_MONITOR_TRAINING);
    pln_monitor_free(m);
}
END_TEST

START_TEST(json_says_it_all) {
    pln_monitor *m = trained(NULL);
    ck_assert_str_eq(on(m, 0, 1000).json, "");
    pln_monitor_verdict v = on(m, 1, 400);
    json_t *json = json_loads(v.json, 0, NULL);
    ck_assert_msg(json != NULL, "%s", v.json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "status")), "anomaly");
    ck_assert_str_eq(json_string_value(json_object_get(json, "severity")), "error");
    ck_assert_str_eq(json_string_value(json_object_get(json, "method")), "zscore");
    ck_assert_str_eq(json_string_value(json_object_get(json, "time")), "2024-01-02T00:00:00Z");
    ck_assert_str_eq(json_string_value(json_object_get(json, "since")), "2024-01-02T00:00:00Z");
    ck_assert(json_number_value(json_object_get(json, "value")) == 400);
    ck_assert(json_number_value(json_object_get(json, "expected")) == v.expected);
    ck_assert(json_number_value(json_object_get(json, "lower")) == v.lower);
    ck_assert(json_number_value(json_object_get(json, "upper")) == v.upper);
    ck_assert(json_number_value(json_object_get(json, "score")) == v.score);
    ck_assert(json_number_value(json_object_get(json, "limit")) == v.limit);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "history")), 31);
    ck_assert(json_is_null(json_object_get(json, "bucket")));
    ck_assert_int_eq(json_integer_value(json_object_get(json, "incident")), 1);
    ck_assert_uint_eq(json_object_size(json), 14);
    json_decref(json);
    pln_monitor_free(m);
}
END_TEST

/* ---- bytes ---- */

static uint8_t *bytes_of(const pln_monitor *m, int64_t *size) {
    int64_t capacity = pln_monitor_size(m);
    uint8_t *bytes = malloc((size_t)capacity);
    MUST(pln_monitor_write(m, bytes, capacity, size, &err));
    ck_assert_int_eq(*size, capacity);
    return bytes;
}

static void assert_same_verdict(const pln_monitor_verdict *a, const pln_monitor_verdict *b) {
    pln_monitor_verdict x = *a, y = *b;
    ck_assert_str_eq(x.json, y.json);
    x.json = y.json = NULL;
    ck_assert_mem_eq(&x, &y, sizeof x);
}

/* One that is stopped, written and read after every value, and one that never is. */
START_TEST(a_stop_changes_nothing) {
    int32_t season = _i % 5, method = 1 + _i / 5;
    pln_monitor_options options = options_of(method, season);
    options.lookback = 50;
    options.min_history = 3;
    options.relearn_after = 5;
    options.cooldown_us = 10 * HOUR;
    options.repeat_us = 3 * DAY;
    options.month_end_days = 1;
    options.warning = options.error > 0 ? options.error / 2 : 0;
    pln_monitor *whole = monitor_of(&options), *part = monitor_of(&options);
    rng r = {(uint64_t)_i};
    int statuses[5] = {0};
    for (int i = 0; i < 500; i++) {
        int64_t size, again, time_us = MONDAY + i * 5 * HOUR;
        double value = 1000 + (double)rng_below(&r, 100) - (rng_below(&r, 12) == 0 ? 950 : 0) +
                       (i > 350 && i < 360 ? 5000 : 0);
        uint32_t flags = rng_below(&r, 30) == 0    ? PLN_MONITOR_PARTIAL
                         : rng_below(&r, 400) == 0 ? PLN_MONITOR_NEW_LEVEL
                                                   : 0;
        pln_monitor_verdict a = at(whole, time_us, value, flags),
                            b = at(part, time_us, value, flags);
        assert_same_verdict(&a, &b);
        statuses[a.status]++;
        uint8_t *bytes = bytes_of(part, &size), *others = bytes_of(whole, &again);
        ck_assert(size == again && memcmp(bytes, others, (size_t)size) == 0);
        pln_monitor_free(part);
        part = NULL;
        MUST(pln_monitor_read(NULL, &options, bytes, size, &part, &err));
        free(bytes);
        free(others);
    }
    ck_assert_int_gt(statuses[PLN_MONITOR_ANOMALY], 0);
    ck_assert_int_gt(statuses[PLN_MONITOR_STILL] + statuses[PLN_MONITOR_RESOLVED], 0);
    pln_monitor_free(whole);
    pln_monitor_free(part);
}
END_TEST

START_TEST(a_smaller_lookback_keeps_the_newest) {
    pln_monitor *m = trained(NULL), *back = NULL;
    pln_monitor_options options = options_of(PLN_MONITOR_IQR, PLN_MONITOR_WEEKDAY);
    int64_t size;
    uint8_t *bytes = bytes_of(m, &size);
    pln_monitor_point point;
    options.lookback = 10;
    MUST(pln_monitor_read(NULL, &options, bytes, size, &back, &err));
    ck_assert_int_eq(pln_monitor_history(back, 0, 1, &point), 10);
    ck_assert(point.time_us == MONDAY - 10 * DAY);
    free(bytes);
    pln_monitor_free(m);
    pln_monitor_free(back);
}
END_TEST

/* ---- refusals ---- */

static void refused(const pln_monitor_options *options, const char *words) {
    pln_monitor *m = NULL;
    ck_assert_int_eq(pln_monitor_new(NULL, options, &m, &err), PLN_EINVAL);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s, expected %s", err.message, words);
    ck_assert_ptr_null(m);
}

START_TEST(options_are_held_to_their_ranges) {
    static const struct {
        size_t offset;
        int32_t value;
        const char *words;
    } integers[] = {
        {offsetof(pln_monitor_options, struct_size), 8, "struct_size is 8"},
        {offsetof(pln_monitor_options, method), 6, "method is 6, expected 1 to 5"},
        {offsetof(pln_monitor_options, method), 0, "method is 0"},
        {offsetof(pln_monitor_options, season), 5, "season is 5, expected 0 to 4"},
        {offsetof(pln_monitor_options, season), -1, "season is -1"},
        {offsetof(pln_monitor_options, direction), 3, "direction is 3"},
        {offsetof(pln_monitor_options, min_history), 1, "min_history is 1, expected 2 to 90"},
        {offsetof(pln_monitor_options, min_history), 91, "min_history is 91, expected 2 to 90"},
        {offsetof(pln_monitor_options, lookback), 65537, "lookback is 65537"},
        {offsetof(pln_monitor_options, lookback), 5, "min_history is 7, expected 2 to 5"},
        {offsetof(pln_monitor_options, offset_minutes), 1440, "offset_minutes is 1440"},
        {offsetof(pln_monitor_options, month_end_days), 4, "month_end_days is 4"},
        {offsetof(pln_monitor_options, plain), 2, "plain is 2"},
        {offsetof(pln_monitor_options, keep_anomalies), -1, "keep_anomalies is -1"},
        {offsetof(pln_monitor_options, relearn_after), -1, "relearn_after is -1"},
    };
    static const struct {
        size_t offset;
        double value;
        const char *words;
    } numbers[] = {
        {offsetof(pln_monitor_options, error), NAN, "error is nan"},
        {offsetof(pln_monitor_options, error), -1, "error is -1"},
        {offsetof(pln_monitor_options, warning), 4, "warning is 4, expected 0 to 3"},
        {offsetof(pln_monitor_options, cliff), 1.5, "cliff is 1.5, expected 0 to 1"},
        {offsetof(pln_monitor_options, ignore_change), -0.1, "ignore_change is -0.1"},
        {offsetof(pln_monitor_options, ignore_below), INFINITY, "ignore_below is inf"},
        {offsetof(pln_monitor_options, spread_floor), -1, "spread_floor is -1"},
    };
    for (int i = 0; i < PLN__COUNT(integers); i++) {
        pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
        memcpy((char *)&options + integers[i].offset, &integers[i].value, 4);
        refused(&options, integers[i].words);
    }
    for (int i = 0; i < PLN__COUNT(numbers); i++) {
        pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, 0);
        memcpy((char *)&options + numbers[i].offset, &numbers[i].value, 8);
        refused(&options, numbers[i].words);
    }
    pln_monitor_options options = options_of(PLN_MONITOR_ABSOLUTE, 0);
    options.error = 0;
    refused(&options, "error is 0");
    options = options_of(PLN_MONITOR_ZSCORE, 0);
    options.cooldown_us = -1;
    refused(&options, "cooldown_us is -1");
}
END_TEST

START_TEST(values_that_are_refused_change_nothing) {
    pln_monitor *m = trained(NULL);
    int64_t size, again;
    uint8_t *before = bytes_of(m, &size);
    pln_monitor_verdict v = {.struct_size = sizeof v};
    static const struct {
        int64_t time_us;
        double value;
        uint32_t flags;
        const char *words;
    } cases[] = {
        {MONDAY, NAN, 0, "value is nan"},
        {MONDAY, -INFINITY, 0, "value is -inf"},
        {MONDAY, 2e150, 0, "value is 2e+150"},
        {MONDAY - DAY, 1, 0, "is not after the last one"},
        {INT64_MIN, 1, 0, "is not after the last one"},
        {MONDAY, 1, 4, "flags are 4"},
        {MONDAY, 1, 3, "flags are 3"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        ck_assert_int_eq(
            pln_monitor_observe(m, cases[i].time_us, cases[i].value, cases[i].flags, &v, &err),
            PLN_EINVAL);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s", err.message);
    }
    v.struct_size = 8;
    ck_assert_int_eq(pln_monitor_observe(m, MONDAY, 1, 0, &v, &err), PLN_EINVAL);
    uint8_t *after = bytes_of(m, &again);
    ck_assert(size == again && memcmp(before, after, (size_t)size) == 0);
    ck_assert_int_eq(pln_monitor_write(m, after, size - 1, &again, &err), PLN_ELIMIT);
    free(before);
    free(after);
    pln_monitor_free(m);
}
END_TEST

START_TEST(extreme_times_and_values) {
    for (int32_t season = 0; season < 5; season++) {
        pln_monitor_options options = options_of(PLN_MONITOR_ZSCORE, season);
        options.offset_minutes = season % 2 ? 1439 : -1439;
        options.month_end_days = 3;
        pln_monitor *m = monitor_of(&options);
        at(m, INT64_MIN + 1, 1e150, 0);
        at(m, INT64_MIN + 2, -1e150, 0);
        for (int i = 0; i < 20; i++)
            at(m, i, i % 2 ? 1e150 : -1e150, 0);
        pln_monitor_verdict v = at(m, INT64_MAX - 1, 0, 0);
        ck_assert(v.lower <= v.upper && v.score == v.score);
        at(m, INT64_MAX, 0, 0);
        pln_monitor_free(m);
    }
}
END_TEST

/* A head of which one field is wrong. */
START_TEST(bytes_are_held_to_their_ranges) {
    static const struct {
        int at;
        int size;
        uint64_t value;
        const char *words;
    } cases[] = {
        {0, 1, 'X', "begins with"},
        {4, 1, 2, "version is 2, expected 1"},
        {5, 1, 3, "severity is 3"},
        {6, 1, 1, "bytes 6 and 7"},
        {8, 4, 30, "expected 560 by its head"},
        {12, 4, 99, "99 errors in a row"},
        {16, 8, (uint64_t)-1, "-1 values observed"},
        {24, 8, 99, "99 incidents"},
        {32, 8, (uint64_t)INT64_MIN, "time of training"},
        {40, 8, 0, "time of"},
        {48, 8, (uint64_t)INT64_MIN, "time of the incident"},
        {56, 8, (uint64_t)INT64_MIN, "time of the last alert"},
        {64, 8, (uint64_t)(MONDAY - DAY), "an incident of"},
        {72, 8, 0, "value 0 of 31: time is 0"},
        {80, 8, 0x7ff8000000000000, "value 0 of 31 is 7ff8000000000000"},
        {80, 8, 0x8000000000000000, "value 0 of 31 is 8000000000000000"},
    };
    pln_monitor *m = trained(NULL), *back = NULL;
    on(m, 0, 1000);
    on(m, 1, 400);
    int64_t size;
    uint8_t *bytes = bytes_of(m, &size), *copy = malloc((size_t)size);
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        memcpy(copy, bytes, (size_t)size);
        for (int k = 0; k < cases[i].size; k++)
            copy[cases[i].at + k] = (uint8_t)(cases[i].value >> 8 * k);
        uint64_t sum = pln__hash64(copy, size - 8, 0);
        for (int k = 0; k < 8; k++)
            copy[size - 8 + k] = (uint8_t)(sum >> 8 * k);
        ck_assert_int_eq(pln_monitor_read(NULL, NULL, copy, size, &back, &err), PLN_EDATA);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s, expected %s", err.message,
                      cases[i].words);
        ck_assert_ptr_null(back);
    }
    bytes[40] ^= 1;
    ck_assert_int_eq(pln_monitor_read(NULL, NULL, bytes, size, &back, &err), PLN_EDATA);
    ck_assert_ptr_nonnull(strstr(err.message, "checksum"));
    ck_assert_int_eq(pln_monitor_read(NULL, NULL, bytes, 10, &back, &err), PLN_EDATA);
    free(bytes);
    free(copy);
    pln_monitor_free(m);
}
END_TEST

START_TEST(memory_fails) {
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        pln_monitor_options options = options_of(PLN_MONITOR_MAD, PLN_MONITOR_WEEKDAY);
        pln_monitor *m = NULL, *back = NULL;
        options.allocator = fail_alloc_init(&f, n);
        pln_status status = pln_monitor_new(NULL, &options, &m, &err);
        if (status == PLN_OK) {
            int64_t calls = f.calls, size;
            ck_assert_int_eq(pln_monitor_memory(m), f.bytes);
            for (int d = 0; d < 300; d++)
                on(m, d, d % 50 == 0 ? 0 : 1000);
            ck_assert_int_eq(f.calls, calls); /* an observation takes none */
            uint8_t *bytes = bytes_of(m, &size);
            status = pln_monitor_read(NULL, &options, bytes, size, &back, &err);
            free(bytes);
        }
        ck_assert(status == PLN_OK || status == PLN_ENOMEM);
        pln_monitor_free(m);
        pln_monitor_free(back);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (!f.failed)
            break;
    }
}
END_TEST

Suite *suite_quality_monitor(void);
Suite *suite_quality_monitor(void) {
    Suite *suite = suite_create("quality/monitor");
    TCase *tc = tcase_create("monitor");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, by_hand);
    tcase_add_loop_test(tc, as_the_definitions, 0, 30);
    tcase_add_test(tc, short_histories_are_widened);
    tcase_add_test(tc, a_cliff_fires_at_the_second_run);
    tcase_add_test(tc, training_lasts_as_asked);
    tcase_add_test(tc, a_closed_day_is_said_once);
    tcase_add_test(tc, what_is_ignored);
    tcase_add_test(tc, values_that_do_not_vary);
    tcase_add_test(tc, changes_have_warnings);
    tcase_add_test(tc, a_thousand_repeats_are_one_alert);
    tcase_add_test(tc, flapping_is_one_incident);
    tcase_add_test(tc, what_enters_the_history);
    tcase_add_test(tc, a_new_level);
    tcase_add_test(tc, json_says_it_all);
    tcase_add_loop_test(tc, a_stop_changes_nothing, 0, 25);
    tcase_add_test(tc, a_smaller_lookback_keeps_the_newest);
    tcase_add_test(tc, options_are_held_to_their_ranges);
    tcase_add_test(tc, values_that_are_refused_change_nothing);
    tcase_add_test(tc, extreme_times_and_values);
    tcase_add_test(tc, bytes_are_held_to_their_ranges);
    tcase_add_test(tc, memory_fails);
    suite_add_tcase(suite, tc);
    return suite;
}
