/*
 * Windows over a real stream of edits, in order, out of order and with redeliveries, against the answers that two other engines gave; the same in every mode.
 */
#include "effort.h"
#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;
#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void up(void) {
    memset(&err, 0, sizeof err);
    MUST(pln_runtime_new(NULL, &rt, &err));
}
static void down(void) {
    pln_runtime_free(rt);
}

static const struct mode {
    int32_t mode;
    int64_t epoch_rows, batch_rows;
} modes[] = {{PLN_BATCH, 0, 8192},       {PLN_MICRO_BATCH, 1, 8192},   {PLN_MICRO_BATCH, 7, 8192},
             {PLN_MICRO_BATCH, 1000, 333}, {PLN_STREAM, 500, 100}};
enum { MODES = sizeof modes / sizeof modes[0] };

/* All modes; with a sanitizer batch and one of micro-batches. */
static const struct mode *mode_of(int i) {
    return &modes[effort(3, 3) < 3 ? i * 3 : i];
}

static const char *const events =
    "{\"schema\": {\"type\": \"record\", \"name\": \"event\", \"fields\": ["
    "{\"name\": \"time\", \"type\": {\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}},"
    "{\"name\": \"channel\", \"type\": \"string\"}, {\"name\": \"page\", \"type\": \"string\"},"
    "{\"name\": \"user\", \"type\": \"string\"}, {\"name\": \"isAnonymous\", \"type\": "
    "\"boolean\"},"
    "{\"name\": \"added\", \"type\": \"long\"}, {\"name\": \"deleted\", \"type\": \"long\"},"
    "{\"name\": \"delta\", \"type\": \"long\"}]}}";

typedef struct outcome {
    pln_table *rows;
    int64_t late;
} outcome;

/* read > [dedup >] watermark > window */
static outcome run_window(const char *path, bool dedup, int64_t bound_ms, const char *window,
                          const struct mode *how) {
    outcome o = {NULL, 0};
    pln_graph *g;
    pln_run_options options;
    pln_report *report = NULL;
    pln_node_summary node = {.struct_size = sizeof node};
    char config[200];
    snprintf(config, sizeof config, "{\"time\": \"time\", \"bound\": \"%lldms\"}",
             (long long)bound_ms);
    MUST(pln_graph_new(rt, "edits", &g, &err));
    MUST(pln_graph_add(g, "read", "ndjson.read", events, &err));
    MUST(pln_graph_set_text(g, "read", "path", path, &err));
    if (dedup)
        MUST(pln_graph_add(g, "once", "dedup",
                           "{\"key\": [\"time\", \"channel\", \"page\", \"user\"]}", &err));
    MUST(pln_graph_add(g, "time", "watermark", config, &err));
    MUST(pln_graph_add(g, "windows", "window", window, &err));
    MUST(pln_graph_add(g, "out", "memory.write", NULL, &err));
    MUST(pln_table_new(rt, NULL, &o.rows, &err));
    MUST(pln_graph_bind(g, "out", "table", o.rows, NULL, &err));
    MUST(pln_graph_wire(
        g, dedup ? "read > once > time > windows > out" : "read > time > windows > out", &err));
    pln_run_options_init(&options, sizeof options);
    options.mode = how->mode;
    options.epoch_rows = how->epoch_rows;
    options.max_batch_rows = how->batch_rows;
    MUST(pln_graph_run(g, &options, &report, &err));
    for (int32_t i = 0; pln_report_node(report, i, &node) == PLN_OK; i++) {
        o.late += node.late;
        if (strcmp(node.name, "windows") == 0)
            ck_assert_int_eq(node.absorbed + node.late, node.rows_in);
    }
    pln_report_free(report);
    pln_graph_free(g);
    return o;
}

static int64_t number(const struct ArrowArray *rows, int64_t column, int64_t i) {
    return (
        (const int64_t *)rows->children[column]->buffers[1])[rows->children[column]->offset + i];
}

/* A window may fire more than once: its last result. NULL: none. */
static bool last_of(const outcome *o, int64_t start_us, int64_t column, int64_t *out) {
    bool found = false;
    for (int64_t b = 0; b < pln_table_count(o->rows); b++) {
        const struct ArrowArray *rows = pln_batch_array(pln_table_batch(o->rows, b));
        for (int64_t i = 0; i < rows->length; i++)
            if (number(rows, 0, i) == start_us) {
                *out = number(rows, column, i);
                found = true;
            }
    }
    return found;
}

static int64_t rows_of(const outcome *o) {
    int64_t n = 0;
    for (int64_t b = 0; b < pln_table_count(o->rows); b++)
        n += pln_batch_rows(pln_table_batch(o->rows, b));
    return n;
}

static json_t *load(const char *name) {
    char path[400];
    if (test_data(name, path, sizeof path) == NULL)
        return NULL;
    return json_load_file(path, 0, NULL);
}

static json_t *query(json_t *oracle, const char *id) {
    size_t i;
    json_t *q;
    json_array_foreach(json_object_get(oracle, "queries"), i,
                       q) if (strcmp(json_string_value(json_object_get(q, "id")), id) ==
                              0) return json_object_get(q, "rows");
    ck_abort_msg("%s", id);
    return NULL;
}

static int64_t member(const json_t *row, const char *name) {
    return json_integer_value(json_object_get(row, name));
}

/* ---- out of order ---- */

START_TEST(out_of_order) {
    char path[400], window[300];
    json_t *oracle = load("oracles/wikiticker_am_streams.json"), *c, *w;
    size_t i, k;
    if (oracle == NULL ||
        test_data("wikiticker/wikiticker_am_unordered.ndjson.gz", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    size_t step = effort(3, 3) < 3 ? 4 : 1;
    json_array_foreach(json_object_get(oracle, "cases"), i, c) {
        if (i % step != 0)
            continue;
        snprintf(
            window, sizeof window,
            "{\"size\": \"%lldms\", \"lateness\": \"%lldms\", \"aggregates\": {\"n\": \"count()\", "
            "\"added\": \"sum(added)\"}}",
            (long long)member(c, "size_ms"), (long long)member(c, "allowed_lateness_ms"));
        outcome o = run_window(path, false, member(c, "bound_ms"), window, mode_of(_i));
        ck_assert_msg(o.late == member(c, "dropped"), "case %zu: %lld late, expected %lld", i,
                      (long long)o.late, (long long)member(c, "dropped"));
        json_array_foreach(json_object_get(c, "windows"), k, w) {
            int64_t n = -1, added = -1;
            ck_assert(last_of(&o, member(w, "window_start_ms") * 1000, 3, &n));
            ck_assert(last_of(&o, member(w, "window_start_ms") * 1000, 4, &added));
            ck_assert_int_eq(n, member(w, "n"));
            ck_assert_int_eq(added, member(w, "added"));
        }
        pln_table_free(o.rows);
    }
    ck_assert_uint_eq(i, 18);
    json_decref(oracle);
}
END_TEST

/* ---- in order, and redelivered ---- */

static const char *const hourly =
    "{\"size\": \"1h\", \"aggregates\": {\"n\": \"count()\", \"added\": \"sum(added)\", "
    "\"deleted\": \"sum(deleted)\", \"delta\": \"sum(delta)\", \"users\": "
    "\"count_distinct(user)\", "
    "\"pages\": \"count_distinct(page)\", \"delta_min\": \"min(delta)\", \"delta_max\": "
    "\"max(delta)\"}}";

static void check_hours(const outcome *o, const json_t *rows) {
    static const char *const columns[] = {"n",     "added", "deleted",   "delta",
                                          "users", "pages", "delta_min", "delta_max"};
    size_t i;
    json_t *row;
    ck_assert_int_eq(rows_of(o), (int64_t)json_array_size(rows));
    json_array_foreach((json_t *)rows, i, row) {
        int hour = 0;
        ck_assert_int_eq(sscanf(json_string_value(json_object_get(row, "window_start")),
                                "2015-09-12T%d:", &hour),
                         1);
        for (int k = 0; k < 8; k++) {
            int64_t got = -1;
            ck_assert(last_of(o, (1442016000 + hour * 3600LL) * 1000000, 3 + k, &got));
            ck_assert_msg(got == member(row, columns[k]), "hour %d, %s: %lld, expected %lld", hour,
                          columns[k], (long long)got, (long long)member(row, columns[k]));
        }
    }
}

START_TEST(hour_by_hour) {
    char path[400], dups[400];
    json_t *oracle = load("oracles/wikiticker_am.json");
    if (oracle == NULL ||
        test_data("wikiticker/wikiticker_am.ndjson.gz", path, sizeof path) == NULL ||
        test_data("wikiticker/wikiticker_am_unordered_dups.ndjson.gz", dups, sizeof dups) == NULL)
        TEST_SKIP("no shared data");
    outcome o = run_window(path, false, 0, hourly, mode_of(_i));
    check_hours(&o, query(oracle, "tumbling_1h"));
    ck_assert_int_eq(o.late, 0);
    pln_table_free(o.rows);
    o = run_window(dups, true, 3600000, hourly, mode_of(_i));
    check_hours(&o, query(oracle, "tumbling_1h"));
    ck_assert_int_eq(o.late, 0);
    pln_table_free(o.rows);
    json_decref(oracle);
}
END_TEST

static void check_starts(const outcome *o, const json_t *rows) {
    size_t i;
    json_t *row;
    ck_assert_int_eq(rows_of(o), (int64_t)json_array_size(rows));
    json_array_foreach((json_t *)rows, i, row) {
        static const char *const columns[] = {"n", "added", "users"};
        for (int k = 0; k < 3; k++) {
            int64_t got = -1;
            ck_assert(last_of(o, member(row, "window_start_ms") * 1000, 3 + k, &got));
            ck_assert_int_eq(got, member(row, columns[k]));
        }
    }
}

START_TEST(shorter_and_hopping) {
    static const struct {
        const char *query, *window;
    } all[] = {
        {"tumbling_5m", "{\"size\": \"5m\", "},
        {"sliding_1h_15m", "{\"window\": \"hopping\", \"size\": \"1h\", \"slide\": \"15m\", "}};
    char path[400], window[300];
    json_t *oracle = load("oracles/wikiticker_am.json");
    if (oracle == NULL ||
        test_data("wikiticker/wikiticker_am.ndjson.gz", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    for (int k = 0; k < 2; k++) {
        snprintf(window, sizeof window,
                 "%s\"aggregates\": {\"n\": \"count()\", \"added\": \"sum(added)\", \"users\": "
                 "\"count_distinct(user)\"}}",
                 all[k].window);
        outcome o = run_window(path, false, 0, window, mode_of(_i));
        check_starts(&o, query(oracle, all[k].query));
        pln_table_free(o.rows);
    }
    json_decref(oracle);
}
END_TEST

/* ---- sessions ---- */

typedef struct totals {
    int64_t sessions, most, longest_ms, single;
} totals;

static totals of_sessions(const outcome *o) {
    totals t = {0};
    for (int64_t b = 0; b < pln_table_count(o->rows); b++) {
        const struct ArrowArray *rows = pln_batch_array(pln_table_batch(o->rows, b));
        for (int64_t i = 0; i < rows->length; i++) {
            int64_t n = number(rows, 4, i);
            int64_t lasted = (number(rows, 2, i) - number(rows, 1, i)) / 1000 - 1800000;
            t.sessions++;
            t.most = n > t.most ? n : t.most;
            t.single += n == 1;
            t.longest_ms = lasted > t.longest_ms ? lasted : t.longest_ms;
        }
    }
    return t;
}

static bool has_session(const outcome *o, const json_t *row) {
    const char *user = json_string_value(json_object_get(row, "u"));
    for (int64_t b = 0; b < pln_table_count(o->rows); b++) {
        const struct ArrowArray *rows = pln_batch_array(pln_table_batch(o->rows, b));
        const int32_t *ends = rows->children[0]->buffers[1];
        const char *text = rows->children[0]->buffers[2];
        for (int64_t i = 0; i < rows->length; i++)
            if ((size_t)(ends[i + 1] - ends[i]) == strlen(user) &&
                memcmp(text + ends[i], user, strlen(user)) == 0 &&
                number(rows, 1, i) == member(row, "first_ms") * 1000 &&
                number(rows, 2, i) == (member(row, "last_ms") + 1800000) * 1000 &&
                number(rows, 4, i) == member(row, "n"))
                return true;
    }
    return false;
}

START_TEST(sessions_of_users) {
    static const char *const files[] = {"wikiticker/wikiticker_am.ndjson.gz",
                                        "wikiticker/wikiticker_am_unordered.ndjson.gz",
                                        "wikiticker/wikiticker_am_unordered_dups.ndjson.gz"};
    json_t *oracle = load("oracles/wikiticker_am.json"), *row;
    if (oracle == NULL)
        TEST_SKIP("no shared data");
    const json_t *expected = json_array_get(query(oracle, "session_user_30m_totals"), 0);
    for (int k = 0; k < 3; k++) {
        char path[400];
        size_t i;
        if (test_data(files[k], path, sizeof path) == NULL)
            TEST_SKIP("no shared data");
        outcome o = run_window(path, k == 2, k == 0 ? 0 : 3600000,
                               "{\"window\": \"session\", \"gap\": \"30m\", \"key\": [\"user\"], "
                               "\"aggregates\": {\"n\": \"count()\"}}",
                               mode_of(_i));
        totals t = of_sessions(&o);
        ck_assert_int_eq(t.sessions, member(expected, "sessions"));
        ck_assert_int_eq(t.most, member(expected, "most_events"));
        ck_assert_int_eq(t.longest_ms, member(expected, "longest_ms"));
        ck_assert_int_eq(t.single, member(expected, "single_event"));
        json_array_foreach(query(oracle, "session_user_30m_top"), i, row)
            ck_assert_msg(has_session(&o, row), "%s", json_string_value(json_object_get(row, "u")));
        ck_assert_int_eq(o.late, 0);
        pln_table_free(o.rows);
    }
    json_decref(oracle);
}
END_TEST

Suite *suite_stage_window_data(void) {
    Suite *suite = suite_create("stage/window_data");
    TCase *tc = tcase_create("edits");
    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, up, down);
    int runs = effort(3, 3) < 3 ? 2 : MODES;
    tcase_add_loop_test(tc, out_of_order, 0, runs);
    tcase_add_loop_test(tc, hour_by_hour, 0, runs);
    tcase_add_loop_test(tc, shorter_and_hopping, 0, runs);
    tcase_add_loop_test(tc, sessions_of_users, 0, runs);
    suite_add_tcase(suite, tc);
    return suite;
}
