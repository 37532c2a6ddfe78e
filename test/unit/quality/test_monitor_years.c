/*
 * Monitors over years: simulated counts with seasons, trend, noise and month ends, into which incidents are put; and the flights of New York.
 *
 * The promise: every drop of 50 % or more is found, and there is at most one false alarm in 100 clean days.
 */
#include "effort.h"
#include "skip.h"
#include "random_arrow.h"
#include "base/base.h"
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DAY INT64_C(86400000000)
#define HOUR INT64_C(3600000000)
/* 2024-01-01, a Monday: two years of it have 731 days. */
#define MONDAY INT64_C(1704067200000000)
enum { DAYS = 731 };

static pln_error err;

static pln_monitor *monitor_of(const pln_monitor_options *options) {
    pln_monitor *m = NULL;
    ck_assert_msg(pln_monitor_new(NULL, options, &m, &err) == PLN_OK, "%s", err.message);
    return m;
}
static pln_monitor_verdict at(pln_monitor *m, int64_t time_us, double value) {
    pln_monitor_verdict v = {.struct_size = sizeof v};
    ck_assert_msg(pln_monitor_observe(m, time_us, value, 0, &v, &err) == PLN_OK, "%s", err.message);
    return v;
}

/* ---- simulated years ---- */

static double uniform(rng *r) {
    return (double)(rng_next(r) >> 11) / 9007199254740992.0;
}
static double normal(rng *r) {
    return sqrt(-2 * log(1 - uniform(r))) * cos(6.283185307179586 * uniform(r));
}

static bool is_month_end(int day) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 0, left = day; month < 24; month++) {
        int length = days[month % 12] + (month == 1);
        if (left < length)
            return left == length - 1;
        left -= length;
    }
    return false;
}

typedef struct world {
    double weekend; /* as a part of other days */
    double trend;   /* growth in two years */
    double month_end;
    double night; /* of hourly counts: least as a part of the most */
    double noise;
} world;

static double expected_at(const world *w, int hour) {
    int day = hour / 24;
    double daily = 10000 * (1 + w->trend * day / DAYS) * (day % 7 >= 5 ? w->weekend : 1);
    if (is_month_end(day))
        daily *= w->month_end;
    double wave = 0.5 + 0.5 * cos(6.283185307179586 * (hour % 24 - 14) / 24);
    return daily * (w->night + (1 - w->night) * wave);
}

typedef struct outcome {
    int incidents, found, alarms, clean_days;
} outcome;

/*
 * `step` hours between values. From `from_day` on one day in 40 or so has an incident: a drop by 50 to 100 % that lasts for one to three values. It is found if one of
 * them is an error: an alert, or a false one of the day before is still open. An alert at any other time is a false alarm.
 */
static outcome live(const pln_monitor_options *options, const world *w, int step, int from_day,
                    uint64_t seed) {
    pln_monitor *m = monitor_of(options);
    rng r = {seed};
    outcome o = {0};
    int left = 0, per_day = 24 / step, calm = 0;
    double part = 1;
    bool found = false;
    for (int hour = 0; hour < DAYS * 24; hour += step) {
        bool starts = left == 0 && calm > 3 * per_day && hour / 24 >= from_day &&
                      rng_below(&r, 40 * per_day) == 0;
        if (starts) {
            left = 1 + (int)rng_below(&r, 3);
            part = 0.5 * uniform(&r);
            found = false;
            o.incidents++;
        }
        double value = expected_at(w, hour) * exp(w->noise * normal(&r)) * (left > 0 ? part : 1);
        pln_monitor_verdict v = at(m, MONDAY + hour * HOUR, floor(value));
        bool alert = v.status == PLN_MONITOR_ANOMALY;
        if (left > 0 && v.severity == PLN_MONITOR_ERROR && !found) {
            found = true;
            o.found++;
        }
        o.alarms += left == 0 && alert;
        calm = left > 0 ? 0 : calm + 1;
        left -= left > 0;
    }
    o.clean_days = DAYS - o.incidents;
    pln_monitor_free(m);
    return o;
}

typedef struct setting {
    const char *name;
    int32_t method, season, direction, month_end_days;
    double error, ignore_change;
    int step, from_day;
    world world;
} setting;

/* From from_day on every bucket is known. Where counts grow, what is expected lags behind by the growth of half the lookback: changes of less than 15 % are ignored there, as one would. */
static const setting settings[] = {
    {"flat, daily, z", PLN_MONITOR_ZSCORE, 0, 0, 0, 0, 0, 24, 14, {1, 0, 1, 1, 0.05}},
    {"flat, daily, mad", PLN_MONITOR_MAD, 0, 0, 0, 0, 0, 24, 28, {1, 0, 1, 1, 0.05}},
    {"flat, daily, iqr", PLN_MONITOR_IQR, 0, 0, 0, 0, 0, 24, 28, {1, 0, 1, 1, 0.05}},
    {"trend, daily, z", PLN_MONITOR_ZSCORE, 0, 0, 0, 0, 0.15, 24, 14, {1, 0.5, 1, 1, 0.05}},
    {"weeks, daily, z", PLN_MONITOR_ZSCORE, PLN_MONITOR_WEEKDAY, 0, 0, 0, 0.15, 24, 70, {0.4, 0.4, 1, 1, 0.04}},
    {"weeks, daily, mad", PLN_MONITOR_MAD, PLN_MONITOR_WEEKDAY, 0, 0, 0, 0.15, 24, 91, {0.4, 0.4, 1, 1, 0.04}},
    {"weeks, daily, iqr", PLN_MONITOR_IQR, PLN_MONITOR_WEEKDAY, 0, 0, 0, 0.15, 24, 91, {0.4, 0.4, 1, 1, 0.04}},
    {"weeks, month ends, drops, z", PLN_MONITOR_ZSCORE, PLN_MONITOR_WEEKDAY, PLN_MONITOR_DROP, 0, 0, 0, 24, 70, {0.4, 0.4, 1.4, 1, 0.04}},
    {"weeks, month ends apart, z", PLN_MONITOR_ZSCORE, PLN_MONITOR_WEEKDAY, 0, 1, 0, 0.15, 24, 240, {0.8, 0.3, 1.6, 1, 0.03}},
    {"hours, z", PLN_MONITOR_ZSCORE, PLN_MONITOR_HOUR_OF_DAY, 0, 0, 4.5, 0, 1, 28, {1, 0.4, 1, 0.1, 0.05}},
    {"hours, mad", PLN_MONITOR_MAD, PLN_MONITOR_HOUR_OF_DAY, 0, 0, 6, 0, 1, 28, {1, 0.4, 1, 0.1, 0.04}},
    {"hours, iqr", PLN_MONITOR_IQR, PLN_MONITOR_HOUR_OF_DAY, 0, 0, 4, 0, 1, 28, {1, 0.4, 1, 0.1, 0.04}},
    {"hours of the week, z", PLN_MONITOR_ZSCORE, PLN_MONITOR_HOUR_OF_WEEK, 0, 0, 4.5, 0, 1, 91, {0.4, 0.4, 1, 0.1, 0.03}},
};

START_TEST(two_years) {
    const setting *s = &settings[_i];
    pln_monitor_options options;
    outcome all = {0};
    pln_monitor_options_init(&options, sizeof options);
    options.method = s->method;
    options.season = s->season;
    options.direction = s->direction;
    options.month_end_days = s->month_end_days;
    options.error = s->error;
    options.ignore_change = s->ignore_change;
    for (uint64_t seed = 1; seed <= (uint64_t)effort(15, 100); seed++) {
        outcome o = live(&options, &s->world, s->step, s->from_day, seed);
        all.incidents += o.incidents;
        all.found += o.found;
        all.alarms += o.alarms;
        all.clean_days += o.clean_days;
    }
    ck_assert_int_gt(all.incidents, 30);
    /* Month ends that are in the bucket of their weekday hide one drop by half in a hundred. */
    bool hidden = s->world.month_end != 1 && s->month_end_days == 0;
    ck_assert_msg(all.found * 100 >= all.incidents * (hidden ? 99 : 100),
                  "%s: %d of %d incidents found", s->name, all.found, all.incidents);
    ck_assert_msg(all.alarms * 100 <= all.clean_days, "%s: %d false alarms in %d clean days",
                  s->name, all.alarms, all.clean_days);
}
END_TEST

/* ---- flights ---- */

typedef struct flight_day {
    int month, day;
    double rows, cancelled;
} flight_day;

/* Rows and rows without dep_time for each day, from the file itself. */
static int read_flights(const char *path, flight_day *days, int most) {
    char line[1024];
    int n = 0;
    gzFile file = gzopen(path, "rb");
    ck_assert(file != NULL && gzgets(file, line, sizeof line) != NULL);
    ck_assert_msg(strncmp(line, "year,month,day,dep_time,", 24) == 0, "%s", line);
    while (gzgets(file, line, sizeof line) != NULL) {
        int month = 0, day = 0, skip = 0;
        ck_assert_int_eq(sscanf(line, "%*d,%d,%d,%n", &month, &day, &skip), 2);
        if (n == 0 || days[n - 1].day != day || days[n - 1].month != month) {
            ck_assert_int_lt(n, most);
            days[n++] = (flight_day){month, day, 0, 0};
        }
        days[n - 1].rows++;
        days[n - 1].cancelled += strncmp(line + skip, "NA,", 3) == 0;
    }
    gzclose(file);
    return n;
}

static json_t *rows_of(json_t *oracle, const char *id) {
    json_t *query;
    size_t i;
    json_array_foreach(json_object_get(oracle, "queries"), i, query) {
        if (strcmp(json_string_value(json_object_get(query, "id")), id) == 0)
            return json_object_get(query, "rows");
    }
    ck_abort_msg("no %s", id);
}
static int int_of(json_t *row, const char *name) {
    return (int)json_integer_value(json_object_get(row, name));
}

static bool is_listed(json_t *rows, const flight_day *day) {
    json_t *row;
    size_t i;
    json_array_foreach(rows, i, row) {
        if (int_of(row, "month") == day->month && int_of(row, "day") == day->day)
            return true;
    }
    return false;
}

static int load(flight_day *days, json_t **oracle) {
    char flights[400], path[400];
    if (test_data("nycflights13/flights_2013h1.csv.gz", flights, sizeof flights) == NULL ||
        test_data("oracles/nycflights13_2013h1.json", path, sizeof path) == NULL)
        return 0;
    *oracle = json_load_file(path, 0, NULL);
    int n = read_flights(flights, days, 200);
    json_t *daily = rows_of(*oracle, "daily_rows");
    ck_assert_int_eq(n, (int)json_array_size(daily));
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(int_of(json_array_get(daily, (size_t)i), "n"), (int)days[i].rows);
        ck_assert_int_eq(int_of(json_array_get(daily, (size_t)i), "cancelled"),
                         (int)days[i].cancelled);
    }
    return n;
}

/* The row counts of the oracle's days beyond 3 standard deviations of the 28 before, which are those of a plain z-score with a window of 28: the oracle has the same days. */
START_TEST(row_counts_of_flights) {
    static flight_day days[200];
    json_t *oracle = NULL;
    int n = load(days, &oracle), alarms = 0;
    if (n == 0)
        TEST_SKIP("no shared data");
    json_t *trailing = rows_of(oracle, "daily_anomaly_trailing28_3sigma");
    pln_monitor_options options;
    pln_monitor_options_init(&options, sizeof options);
    options.lookback = options.min_history = 28;
    options.plain = 1;
    options.keep_anomalies = 1;
    pln_monitor *m = monitor_of(&options);
    for (int i = 0; i < n; i++) {
        pln_monitor_verdict v = at(m, MONDAY + i * DAY, days[i].rows);
        bool trained = i >= 28;
        ck_assert_int_eq(v.severity == PLN_MONITOR_ERROR, trained && is_listed(trailing, &days[i]));
        double mean = 0, squares = 0;
        for (int k = i - 28; k < i && trained; k++)
            mean += days[k].rows / 28;
        for (int k = i - 28; k < i && trained; k++)
            squares += (days[k].rows - mean) * (days[k].rows - mean);
        if (trained)
            ck_assert_double_eq_tol(v.score, (days[i].rows - mean) / sqrt(squares / 27), 1e-9);
        alarms += v.status == PLN_MONITOR_ANOMALY;
    }
    ck_assert_int_eq(alarms, (int)json_array_size(trailing));
    pln_monitor_free(m);
    json_decref(oracle);
}
END_TEST

/* With the seasons of the week a good half year raises nothing; a day of which half is lost does. */
START_TEST(lost_flights_are_seen) {
    static flight_day days[200];
    json_t *oracle = NULL;
    int n = load(days, &oracle), alarms = 0, seen = 0, lost = 0;
    if (n == 0)
        TEST_SKIP("no shared data");
    pln_monitor_options options;
    pln_monitor_options_init(&options, sizeof options);
    options.season = PLN_MONITOR_WEEKDAY;
    for (int broken = -1; broken < n; broken += broken < 0 ? 61 : 1) {
        pln_monitor *m = monitor_of(&options);
        for (int i = 0; i < n; i++) {
            /* 2013-01-01 was a Tuesday */
            double rows = i == broken ? floor(days[i].rows / 2) : days[i].rows;
            pln_monitor_verdict v = at(m, INT64_C(1356998400000000) + i * DAY, rows);
            alarms += broken < 0 && v.status == PLN_MONITOR_ANOMALY;
            seen += i == broken && v.severity == PLN_MONITOR_ERROR;
        }
        lost += broken >= 0;
        pln_monitor_free(m);
    }
    ck_assert_int_eq(seen, lost);
    ck_assert_int_le(alarms, n / 100 + 1);
    json_decref(oracle);
}
END_TEST

/* Days on which more than 20 % of the flights were cancelled, as a null rate that rises. */
START_TEST(null_rates_of_flights) {
    static flight_day days[200];
    json_t *oracle = NULL;
    int n = load(days, &oracle), others = 0;
    if (n == 0)
        TEST_SKIP("no shared data");
    json_t *bad = rows_of(oracle, "daily_null_rate_anomaly");
    pln_monitor_options options;
    pln_monitor_options_init(&options, sizeof options);
    options.method = PLN_MONITOR_IQR;
    options.direction = PLN_MONITOR_SPIKE;
    options.error = 10; /* storms are known here */
    pln_monitor *m = monitor_of(&options);
    for (int i = 0; i < n; i++) {
        bool anomaly =
            at(m, MONDAY + i * DAY, days[i].cancelled / days[i].rows).severity == PLN_MONITOR_ERROR;
        if (is_listed(bad, &days[i]))
            ck_assert_msg(anomaly, "%d-%d", days[i].month, days[i].day);
        else
            others += anomaly;
    }
    ck_assert_int_le(others, 3);
    pln_monitor_free(m);
    json_decref(oracle);
}
END_TEST

Suite *suite_quality_monitor_years(void);
Suite *suite_quality_monitor_years(void) {
    Suite *suite = suite_create("quality/monitor_years");
    TCase *tc = tcase_create("years");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, two_years, 0, PLN__COUNT(settings));
    tcase_add_test(tc, row_counts_of_flights);
    tcase_add_test(tc, lost_flights_are_seen);
    tcase_add_test(tc, null_rates_of_flights);
    suite_add_tcase(suite, tc);
    return suite;
}
