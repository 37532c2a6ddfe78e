/* Monitors that a run keeps: real runs over one state file, their alerts, and that what was not committed is never remembered. */
#include "scratch.h"
#include "script.h"
#include "skip.h"
#include <check.h>
#include <math.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (INT64_C(86400) * 1000000)

static pln_runtime *rt;
static pln_error err;
static scratch dir;
static test_clock now; /* a day goes by before each run */

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void setup(void) {
    pln_runtime_options options;
    now = (test_clock){.now_us = 20000 * DAY};
    pln_clock clock = test_clock_table(&now);
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    memset(&err, 0, sizeof err);
    OK(pln_runtime_new(&options, &rt, &err));
    dir = scratch_new();
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

/* `rows` orders; one in `nulls_in` has no customer; amounts begin at `from`. */
static void write_orders(int rows, int nulls_in, int from) {
    char *text = malloc((size_t)rows * 64 + 64);
    int at = sprintf(text, "id,customer,amount\n");
    for (int i = 0; i < rows; i++)
        at += i % nulls_in == 0 ? sprintf(text + at, "%d,,%d\n", i, from + i % 100)
                                : sprintf(text + at, "%d,c%d,%d\n", i, i % 50, from + i % 100);
    scratch_write(&dir, "in.csv", text, at);
    free(text);
}

typedef struct how {
    const char *metrics, *every, *run_key;
    const char *sink;      /* "csv.write" or "sqlite.append" */
    const char *condition; /* of a check behind the monitor that fails the epoch; NULL: none */
    int64_t epoch_rows, interval_start_us;
    int stop; /* the run is asked to stop after its first step */
} how;

static pln_graph *graph_of(const how *h) {
    char config[4096];
    pln_graph *g;
    OK(pln_graph_new(rt, "orders", &g, &err));
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
    snprintf(config, sizeof config, "{\"metrics\": %s, \"every\": \"%s\"}", h->metrics,
             h->every == NULL ? "run" : h->every);
    pln_graph_add(g, "watch", "monitor", config, &err);
    snprintf(config, sizeof config,
             "{\"suite\": {\"checks\": [{\"check\": \"expression\", \"expression\": \"%s\", "
             "\"action\": \"fail_epoch\"}]}}",
             h->condition == NULL ? "true" : h->condition);
    pln_graph_add(g, "check", "check", config, &err);
    if (h->sink != NULL) {
        pln_graph_add(g, "out", h->sink, PLN_JSON({"table": "t"}), &err);
        pln_graph_set_text(g, "out", "database", scratch_path(&dir, "out.db"), &err);
    } else {
        pln_graph_add(g, "out", "csv.write", NULL, &err);
        pln_graph_set_text(g, "out", "path", scratch_path(&dir, "out.csv"), &err);
    }
    pln_graph_add(g, "alerts", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "alerts", "path", scratch_path(&dir, "alerts.ndjson"), &err);
    OK(pln_graph_wire(g, "read > watch > check > out; watch.alerts > alerts", &err));
    return g;
}

/* One day later: a run. Its report is the caller's. */
static pln_status run(const how *h, pln_report **report) {
    pln_run_options options;
    pln_run *r = NULL;
    pln_graph *g = graph_of(h);
    now.now_us += DAY;
    *report = NULL;
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    options.run_key = h->run_key;
    options.epoch_rows = h->epoch_rows;
    options.max_batch_rows = h->epoch_rows > 0 ? h->epoch_rows : 8192;
    options.interval_start_us = h->interval_start_us;
    options.interval_end_us = h->interval_start_us > 0 ? h->interval_start_us + DAY : 0;
    pln_status status = pln_run_open(g, &options, &r, &err);
    if (status >= 0 && h->stop) {
        OK(pln_run_step(r, 0, NULL, &err));
        pln_run_stop(r);
    }
    if (status >= 0)
        status = pln_run_finish(r, &err);
    if (r != NULL)
        OK(pln_run_report(r, report, status < 0 ? NULL : &err));
    pln_run_free(r);
    pln_graph_free(g);
    return status;
}

/* How many alerts a good run has; the first is put to *first. */
static int alerts_of(const how *h, pln_alert *first, pln_report **kept) {
    pln_report *report;
    pln_alert alert = {.struct_size = sizeof alert};
    int n = 0;
    OK(run(h, &report));
    for (; pln_report_alert(report, n, &alert) == PLN_OK; n++)
        if (n == 0)
            *first = alert;
    if (kept != NULL)
        *kept = report;
    else
        pln_report_free(report);
    return n;
}

static const char count_only[] = "[\"row_count\"]";

START_TEST(a_drop_fires_at_the_second_run_and_is_resolved_at_the_third) {
    how h = {.metrics = count_only, .sink = _i ? "sqlite.append" : NULL};
    pln_alert alert;
    pln_report *report;
    write_orders(1000, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
    write_orders(100, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, &report), 1);
    ck_assert_str_eq(alert.status, "anomaly");
    ck_assert_str_eq(alert.metric, "row_count");
    ck_assert_str_eq(alert.dataset, "watch");
    ck_assert_str_eq(alert.node, "watch");
    ck_assert_str_eq(alert.column, "");
    ck_assert_int_eq(alert.severity, PLN_MONITOR_ERROR);
    ck_assert_int_eq(alert.incident, 1);
    ck_assert_double_eq(alert.value, 100);
    ck_assert_double_eq(alert.expected, 1000);
    ck_assert_msg(strstr(alert.message, "row_count of watch: 100, expected 1000") != NULL, "%s",
                  alert.message);
    ck_assert_ptr_nonnull(strstr(alert.json, "\"method\":\"cliff\""));
    ck_assert_ptr_nonnull(
        strstr(pln_report_json(report), "\"notes\":{\"monitors\":{\"dataset\":\"watch\""));
    pln_report_free(report);
    char *rows = scratch_read(&dir, "alerts.ndjson", NULL);
    ck_assert_msg(strstr(rows,
                         "\"dataset\":\"watch\",\"metric\":\"row_count\",\"column\":null,"
                         "\"status\":\"anomaly\",\"severity\":\"error\",\"value\":100") != NULL,
                  "%s", rows);
    ck_assert_ptr_null(strchr(strchr(rows, '\n') + 1, '\n'));
    free(rows);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0); /* still: said once */
    write_orders(990, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, &report), 1);
    ck_assert_str_eq(alert.status, "resolved");
    ck_assert_int_eq(alert.incident, 1);
    ck_assert_int_eq(alert.severity, PLN_MONITOR_FINE);
    pln_report_free(report);
}
END_TEST

/* Days of a schedule have run keys of their own, and one history. */
START_TEST(a_history_is_the_pipelines_whatever_the_run_key) {
    pln_alert alert;
    char key[2] = "a";
    write_orders(1000, 10, 0);
    for (int day = 0; day < 9; day++, key[0]++) {
        how h = {.metrics = count_only, .run_key = key,
                 .interval_start_us = (19000 + day) * DAY};
        write_orders(1000 + day % 3, 10, 0);
        ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
    }
    how h = {.metrics = count_only, .run_key = "drop", .interval_start_us = 19010 * DAY};
    pln_report *report;
    write_orders(900, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, &report), 1);
    ck_assert_ptr_nonnull(strstr(alert.json, "\"method\":\"zscore\""));
    ck_assert_ptr_nonnull(strstr(alert.json, "\"history\":9"));
    ck_assert_ptr_nonnull(strstr(alert.json, "2022-01-18")); /* day 19010: what was measured, not when */
    pln_report_free(report);
    /* A day that is filled in later comes behind none: it is not judged, and changes nothing. */
    how old = {.metrics = count_only, .run_key = "backfill", .interval_start_us = 19001 * DAY};
    write_orders(3, 10, 0);
    ck_assert_int_eq(alerts_of(&old, &alert, &report), 0);
    ck_assert_ptr_nonnull(
        strstr(pln_report_note(report, "watch", "monitors"), "\"status\":\"skipped\""));
    pln_report_free(report);
}
END_TEST

/* What the monitors say of a metric in a good run. */
static void assert_said(const how *h, const char *words) {
    pln_report *report;
    OK(run(h, &report));
    const char *note = pln_report_note(report, "watch", "monitors");
    ck_assert_msg(note != NULL && strstr(note, words) != NULL, "expected %s in %s", words, note);
    pln_report_free(report);
}

START_TEST(runs_that_fail_or_are_cut_short_are_not_remembered) {
    how good = {.metrics = count_only, .sink = _i ? "sqlite.append" : NULL};
    how bad = good, cut = good;
    pln_report *report;
    bad.condition = "id < 5";
    cut.stop = 1;
    cut.epoch_rows = 10;
    cut.run_key = bad.run_key = "another";
    write_orders(1000, 10, 0);
    assert_said(&good, "\"status\":\"training\"");
    write_orders(100, 10, 0);
    ck_assert_int_eq(run(&bad, &report), PLN_EDATA);
    ck_assert_ptr_nonnull(strstr(pln_report_json(report), "anomaly")); /* it was judged */
    pln_report_free(report);
    if (scratch_has(&dir, "alerts.ndjson")) {
        char *alerts = scratch_read(&dir, "alerts.ndjson", NULL);
        ck_assert_str_eq(alerts, "");
        free(alerts);
    }
    OK(run(&cut, &report));
    ck_assert_ptr_null(pln_report_note(report, "watch", "monitors"));
    pln_report_free(report);
    /* As if there had been nothing but the first run: the incident is number 1, and by one value. */
    assert_said(&good, "\"history\":1,");
}
END_TEST

START_TEST(epochs_make_no_difference_to_what_a_run_measures) {
    static const char metrics[] =
        "[\"row_count\", {\"metric\": \"null_rate\", \"column\": \"customer\"},"
        " {\"metric\": \"distinct_rate\", \"column\": \"customer\"}]";
    how h = {.metrics = metrics};
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        pln_report *report;
        h.epoch_rows = i * 77;
        h.run_key = i ? "b" : "a";
        write_orders(1000, 10, 0);
        scratch other = dir;
        dir = scratch_new();
        write_orders(1000, 10, 0);
        now.now_us = 20000 * DAY;
        OK(run(&h, &report));
        texts[i] = strdup(pln_report_note(report, "watch", "monitors"));
        pln_report_free(report);
        scratch_free(&dir);
        dir = other;
    }
    ck_assert_str_eq(texts[0], texts[1]);
    ck_assert_ptr_nonnull(
        strstr(texts[0], "\"metric\":\"null_rate\",\"column\":\"customer\",\"status\":\"training\","
                         "\"severity\":\"fine\",\"value\":0.1,"));
    /* 45 of the 50 names are left (i % 10 is never 0), of 900 values. */
    ck_assert_ptr_nonnull(strstr(texts[0], "\"metric\":\"distinct_rate\""));
    const char *rate = strstr(strstr(texts[0], "distinct_rate"), "\"value\":");
    ck_assert_double_eq_tol(strtod(rate + 8, NULL), 45.0 / 900, 0.002);
    free(texts[0]);
    free(texts[1]);
}
END_TEST

static const char drifts[] =
    "[{\"metric\": \"psi\", \"column\": \"amount\"}, {\"metric\": \"ks\", \"column\": \"amount\"},"
    " {\"metric\": \"psi\", \"column\": \"customer\"}]";

START_TEST(a_distribution_that_moves_is_said_once_and_is_then_the_new_one) {
    how h = {.metrics = drifts};
    pln_alert alert;
    pln_report *report;
    write_orders(5000, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
    write_orders(5000, 10, 50); /* amounts 50 to 149 instead of 0 to 99: half of them are beyond */
    ck_assert_int_eq(alerts_of(&h, &alert, &report), 2);
    ck_assert_str_eq(alert.metric, "psi");
    ck_assert_str_eq(alert.column, "amount");
    ck_assert_ptr_nonnull(strstr(pln_report_note(report, "watch", "monitors"),
                                 "\"reference\":5000,\"current\":5000"));
    OK(pln_report_alert(report, 1, &alert));
    ck_assert_str_eq(alert.metric, "ks");
    ck_assert_double_eq_tol(alert.value, 0.5, 0.03);
    pln_report_free(report);
    ck_assert_int_eq(alerts_of(&h, &alert, &report), 2);
    ck_assert_str_eq(alert.status, "resolved");
    pln_report_free(report);
}
END_TEST

START_TEST(against_the_first_run_a_drift_stays) {
    how h = {.metrics = "[{\"metric\": \"ks\", \"column\": \"amount\", \"reference\": \"first\"}]"};
    pln_alert alert;
    write_orders(5000, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
    write_orders(5000, 10, 50);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 1);
    assert_said(&h, "\"status\":\"still\"");
    write_orders(5000, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 1);
}
END_TEST

/* Rows of a table with columns of a run's own. */
static pln_status run_table(const char *columns, const char *metrics, const char *line,
                            pln_report **report) {
    char config[1024];
    struct ArrowSchema schema;
    pln_run_options options;
    pln_graph *g;
    now.now_us += DAY;
    scratch_write(&dir, "in.ndjson", line, -1);
    OK(pln_graph_new(rt, "tables", &g, &err));
    OK(pln_schema_parse(rt, columns, &schema, &err));
    pln_graph_add(g, "read", "ndjson.read", NULL, &err);
    pln_graph_bind(g, "read", "schema_handle", &schema, NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.ndjson"), &err);
    snprintf(config, sizeof config, "{\"metrics\": %s, \"dataset\": \"t\"}", metrics);
    pln_graph_add(g, "watch", "monitor", config, &err);
    pln_graph_add(g, "out", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "out", "path", scratch_path(&dir, "out.ndjson"), &err);
    OK(pln_graph_wire(g, "read > watch > out", &err));
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    pln_status status = pln_graph_run(g, &options, report, &err);
    pln_graph_free(g);
    schema.release(&schema);
    return status;
}

START_TEST(a_schema_that_changes_is_said_with_the_columns) {
    static const char metrics[] = "[\"schema\"]";
    pln_report *report;
    pln_alert alert = {.struct_size = sizeof alert};
    OK(run_table("a int32, b utf8", metrics, "{\"a\":1}\n", &report));
    ck_assert_int_eq(pln_report_alert(report, 0, &alert), PLN_EINVAL);
    pln_report_free(report);
    OK(run_table("a int64, c utf8", metrics, "{\"a\":1}\n", &report));
    OK(pln_report_alert(report, 0, &alert));
    ck_assert_double_eq(alert.value, 3);
    ck_assert_ptr_nonnull(
        strstr(alert.message,
               "{\"column\":\"a\",\"change\":\"type\",\"before\":\"int32\",\"after\":\"int64\"}"));
    ck_assert_ptr_nonnull(strstr(alert.message, "{\"column\":\"c\",\"change\":\"added\""));
    ck_assert_ptr_nonnull(strstr(alert.message, "{\"column\":\"b\",\"change\":\"removed\""));
    pln_report_free(report);
}
END_TEST

/* A column that is of another type than it was has no reference: the run goes on, and is the first. */
START_TEST(a_column_of_another_type_begins_anew) {
    static const char metrics[] = "[{\"metric\": \"psi\", \"column\": \"a\"}]";
    pln_report *report;
    OK(run_table("a int32", metrics, "{\"a\":1}\n", &report));
    pln_report_free(report);
    OK(run_table("a utf8", metrics, "{\"a\":\"x\"}\n", &report));
    ck_assert_ptr_nonnull(
        strstr(pln_report_note(report, "watch", "monitors"), "\"status\":\"training\""));
    pln_report_free(report);
}
END_TEST

/* Day 20001 is 2024-10-05. */
START_TEST(old_data_is_late_once_and_fresh_data_resolves_it) {
    static const struct {
        const char *line, *status;
        int64_t days; /* before the run, besides its own */
    } runs[] = {{"{\"at\":\"2024-10-05\"}\n", NULL, 0},
                {"{\"at\":\"2024-10-05\"}\n", NULL, 0},
                {"{\"at\":\"2024-10-05\"}\n", "anomaly", 4},
                {"{\"at\":\"2024-10-06\"}\n", NULL, 0},
                {"{\"at\":\"2024-10-12\"}\n{\"at\":null}\n", "resolved", 0}};
    pln_alert alert = {.struct_size = sizeof alert};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        pln_report *report;
        now.now_us += runs[i].days * DAY;
        OK(run_table("at date32",
                     "[{\"metric\": \"freshness\", \"column\": \"at\", \"error_age\": \"2d\"}]",
                     runs[i].line, &report));
        int found = pln_report_alert(report, 0, &alert) == PLN_OK;
        ck_assert_int_eq(found, runs[i].status != NULL);
        if (found)
            ck_assert_str_eq(alert.status, runs[i].status);
        if (i == 2) {
            ck_assert_double_eq(alert.upper, 2 * 86400);
            ck_assert_double_eq(alert.value, 6 * 86400);
        }
        pln_report_free(report);
    }
}
END_TEST

/* 5 epochs of 200 rows and a last one of 37, which is as long as the input was. */
START_TEST(epochs_can_be_measured_each_by_itself) {
    how h = {.metrics = count_only, .every = "epoch", .epoch_rows = 200};
    pln_alert alert;
    write_orders(1037, 10, 0);
    ck_assert_int_eq(alerts_of(&h, &alert, NULL), 0);
}
END_TEST

static const struct {
    const char *metrics, *words;
} wrong[] = {
    {"[]", "expected a list of 1 to 1000"},
    {"[\"rowcount\"]", "'metric': 'rowcount' is none (did you mean 'row_count'?)"},
    {"[\"null_rate\"]", "[0]: 'column': null_rate needs one"},
    {"[{\"metric\": \"row_count\", \"column\": \"a\"}]", "row_count is of no column"},
    {"[\"schema\", \"schema\"]", "[1]: schema is there already"},
    {"[{\"metric\": \"row_count\", \"methd\": \"mad\"}]", "(did you mean 'method'?)"},
    {"[{\"metric\": \"row_count\", \"method\": \"psi\"}]", "expected one of zscore, mad, iqr"},
    {"[{\"metric\": \"row_count\", \"lookback\": 70000}]", "lookback"},
    {"[{\"metric\": \"row_count\", \"lookback\": 2.5}]", "'lookback': expected an integer"},
    {"[{\"metric\": \"row_count\", \"cooldown\": \"soon\"}]", "'cooldown': expected a duration"},
    {"[{\"metric\": \"ks\", \"column\": \"amount\", \"alpha\": 7}]", "alpha"},
    {"[{\"metric\": \"freshness\", \"column\": \"amount\"}]", "one of 'error_age'"},
    {"[{\"metric\": \"freshness\", \"column\": \"amount\", \"error_age\": \"1d\"}]", "a column of timestamps or dates is needed"},
    {"[{\"metric\": \"ks\", \"column\": \"customer\"}]", "a column of numbers or times is needed"},
    {"[{\"metric\": \"null_rate\", \"column\": \"custumer\"}]", "(did you mean 'customer'?)"},
    {"[7]", "expected the name of a metric or an object"},
};

START_TEST(what_is_wrong_is_named) {
    how h = {.metrics = wrong[_i].metrics};
    pln_report *report;
    write_orders(3, 10, 0);
    pln_status status = run(&h, &report);
    ck_assert_msg(status < 0 && strstr(err.message, wrong[_i].words) != NULL, "%s: %s",
                  wrong[_i].metrics, err.message);
    ck_assert_ptr_null(report);
}
END_TEST

START_TEST(without_a_state_file_there_is_no_history) {
    pln_graph *g = graph_of(&(how){.metrics = count_only});
    write_orders(3, 10, 0);
    ck_assert_int_eq(pln_graph_run(g, NULL, NULL, &err), PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "the run has no state file"));
    ck_assert_ptr_nonnull(strstr(err.where, "orders/watch"));
    pln_graph_free(g);
}
END_TEST

START_TEST(two_nodes_of_one_data_set_and_metric_are_refused) {
    pln_run_options options;
    pln_graph *g;
    write_orders(3, 10, 0);
    OK(pln_graph_new(rt, "orders", &g, &err));
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
    pln_graph_add(g, "one", "monitor", PLN_JSON({"metrics": ["row_count"], "dataset": "d"}), &err);
    pln_graph_add(g, "two", "monitor", PLN_JSON({"metrics": ["row_count"], "dataset": "d"}), &err);
    pln_graph_add(g, "out", "csv.write", NULL, &err);
    pln_graph_set_text(g, "out", "path", scratch_path(&dir, "out.csv"), &err);
    OK(pln_graph_wire(g, "read > one > two > out", &err));
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EEXIST);
    ck_assert_ptr_nonnull(strstr(err.message, "node 'one' has put it already"));
    pln_graph_free(g);
}
END_TEST

Suite *suite_stage_monitor(void) {
    Suite *s = suite_create("stage/monitor");
    TCase *t = tcase_create("runs");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_drop_fires_at_the_second_run_and_is_resolved_at_the_third, 0, 2);
    tcase_add_test(t, a_history_is_the_pipelines_whatever_the_run_key);
    tcase_add_loop_test(t, runs_that_fail_or_are_cut_short_are_not_remembered, 0, 2);
    tcase_add_test(t, epochs_make_no_difference_to_what_a_run_measures);
    tcase_add_test(t, a_distribution_that_moves_is_said_once_and_is_then_the_new_one);
    tcase_add_test(t, against_the_first_run_a_drift_stays);
    tcase_add_test(t, a_schema_that_changes_is_said_with_the_columns);
    tcase_add_test(t, a_column_of_another_type_begins_anew);
    tcase_add_test(t, old_data_is_late_once_and_fresh_data_resolves_it);
    tcase_add_test(t, epochs_can_be_measured_each_by_itself);
    tcase_add_loop_test(t, what_is_wrong_is_named, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, without_a_state_file_there_is_no_history);
    tcase_add_test(t, two_nodes_of_one_data_set_and_metric_are_refused);
    suite_add_tcase(s, t);
    return s;
}
