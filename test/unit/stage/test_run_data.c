/* Real data: what changed between historical versions of tables, as monitors and sinks of runs say it; and a damaged file under a contract. */
#include "scratch.h"
#include "script.h"
#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;
static scratch dir;
static test_clock now;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void setup(void) {
    pln_runtime_options options;
    now = (test_clock){.now_us = INT64_C(1700000000000000)};
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

/* Numbers compare as numbers, however a version of the table writes them. */
static const struct {
    const char *name, *cast, *drop;
} tables[] = {
    {"airports", "{\"lat\": \"double\", \"lon\": \"double\", \"alt\": \"double\", \"tz\": \"double\"}", "tzone"},
    {"planes", "{\"year\": \"double\", \"engines\": \"double\", \"seats\": \"double\", \"speed\": \"double\"}", NULL},
    {"airlines", "{}", NULL},
    {"weather",
     "{\"year\": \"double\", \"month\": \"double\", \"day\": \"double\", \"hour\": \"double\", \"temp\": \"double\", \"dewp\": \"double\", "
     "\"humid\": \"double\", \"wind_dir\": \"double\", \"wind_speed\": \"double\", \"wind_gust\": \"double\", \"precip\": \"double\", "
     "\"pressure\": \"double\", \"visib\": \"double\"}",
     NULL},
};

static void path_of(const char *file, char *out, size_t size) {
    char name[300];
    snprintf(name, sizeof name, "nycflights13/snapshots/%s", file);
    if (test_data(name, out, size) == NULL) {
        snprintf(name, sizeof name, "nycflights13/snapshots/%s.gz", file);
        ck_assert_ptr_nonnull(test_data(name, out, size));
    }
}

/* One version of a table into a database, under monitors of its rows and its columns. `extra`: the columns that the table has not. */
static pln_report *load(const char *file, json_t *key, int table, bool extra) {
    char path[400];
    pln_graph *g;
    pln_report *report;
    pln_run_options options;
    char *columns = json_dumps(key, 0);
    path_of(file, path, sizeof path);
    now.now_us += INT64_C(86400000000);
    OK(pln_graph_new(rt, tables[table].name, &g, &err));
    pln_graph_add(g, "read", "csv.read", PLN_JSON({"nulls": ["NA", "\\N", ""]}), &err);
    pln_graph_set_text(g, "read", "path", path, &err);
    pln_graph_add(g, "watch", "monitor", PLN_JSON({"metrics": ["row_count", "schema"]}), &err);
    pln_graph_add(g, "numbers", "select", NULL, &err);
    pln_graph_set_json(g, "numbers", "cast", tables[table].cast, &err);
    if (extra)
        pln_graph_set_texts(g, "numbers", "drop", &tables[table].drop, 1, &err);
    pln_graph_add(g, "store", "sqlite.upsert", PLN_JSON({"table": "t"}), &err);
    pln_graph_set_text(g, "store", "database", scratch_path(&dir, "t.db"), &err);
    pln_graph_set_json(g, "store", "key", columns, &err);
    OK(pln_graph_wire(g, "read > watch > numbers > store", &err));
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    OK(pln_graph_run(g, &options, &report, &err));
    pln_graph_free(g);
    free(columns);
    return report;
}

static json_t *metric_of(const pln_report *report, const char *name, json_t **root) {
    json_t *metric;
    size_t i;
    *root = json_loads(pln_report_note(report, "watch", "monitors"), 0, NULL);
    json_array_foreach(json_object_get(*root, "metrics"), i,
                       metric) if (strcmp(json_string_value(json_object_get(metric, "metric")),
                                          name) == 0) return metric;
    ck_abort_msg("no metric %s", name);
    return NULL;
}

static json_int_t number_of(const json_t *diff, const char *name) {
    return json_integer_value(json_object_get(diff, name));
}

/* The columns that came and went are the oracle's. */
static void assert_columns(const json_t *schema, const json_t *diff) {
    size_t i, counts[2] = {0, 0};
    json_t *change;
    static const char *const words[] = {"added", "removed"}, *const lists[] = {"columns_added",
                                                                               "columns_removed"};
    json_array_foreach(json_object_get(schema, "details"), i, change) for (int k = 0; k < 2; k++) {
        const char *column = json_string_value(json_object_get(change, "column"));
        json_t *other;
        size_t j;
        bool found = false;
        if (strcmp(json_string_value(json_object_get(change, "change")), words[k]) != 0)
            continue;
        counts[k]++;
        json_array_foreach(json_object_get(diff, lists[k]), j, other) found |=
            strcmp(json_string_value(other), column) == 0;
        ck_assert_msg(found, "%s %s", column, words[k]);
    }
    for (int k = 0; k < 2; k++)
        ck_assert_int_eq((int)counts[k], (int)json_array_size(json_object_get(diff, lists[k])));
}

static void one_difference(const json_t *diff) {
    const char *old = json_string_value(json_object_get(diff, "old")),
               *new = json_string_value(json_object_get(diff, "new"));
    json_t *key = json_object_get(diff, "key"), *root, *metric;
    int table = 0;
    while (strncmp(tables[table].name, old, strlen(tables[table].name)) != 0)
        table++;
    pln_report *report = load(old, key, table, false);
    metric = metric_of(report, "row_count", &root);
    ck_assert_double_eq(json_number_value(json_object_get(metric, "value")),
                        (double)number_of(diff, "rows_old"));
    json_decref(root);
    pln_report_free(report);
    report = load(new, key, table, json_array_size(json_object_get(diff, "columns_added")) > 0);
    metric = metric_of(report, "row_count", &root);
    ck_assert_double_eq(json_number_value(json_object_get(metric, "value")),
                        (double)number_of(diff, "rows_new"));
    json_decref(root);
    metric = metric_of(report, "schema", &root);
    assert_columns(metric, diff);
    json_decref(root);
    static const char *const counters[] = {"inserted", "updated", "unchanged"};
    for (int i = 0; i < 3; i++) {
        int64_t got = pln_report_counter(report, "store", counters[i]);
        ck_assert_msg((got < 0 ? 0 : got) == number_of(diff, counters[i]),
                      "%s to %s: %s %lld, expected %lld", old, new, counters[i], (long long)got,
                      (long long)number_of(diff, counters[i]));
    }
    pln_report_free(report);
}

START_TEST(versions_of_tables_differ_as_the_oracle_says) {
    char path[300];
    json_t *diff;
    size_t i;
    const char *oracle = test_data("oracles/snapshots_public.json", path, sizeof path);
    if (oracle == NULL)
        TEST_SKIP("no snapshots");
    json_t *all = json_load_file(oracle, 0, NULL);
    json_array_foreach(json_object_get(all, "diffs"), i, diff) {
        scratch other = dir;
        dir = scratch_new();
        one_difference(diff);
        scratch_free(&dir);
        dir = other;
    }
    ck_assert_int_eq((int)i, 7);
    json_decref(all);
}
END_TEST

/* What the manifest leaves to a policy: a mark before a line, a key twice and brackets 2,000 deep are no JSON here, and by the contract nobody adds less than nothing. */
static bool wanted_rejected(const char *kind, const char *expect) {
    return strcmp(expect, "reject") == 0 || strcmp(kind, "added_negative") == 0 ||
           strcmp(kind, "utf8_bom") == 0 || strcmp(kind, "duplicate_key") == 0 ||
           strcmp(kind, "deep_nesting") == 0;
}

static const char edits[] =
    "{\"apiVersion\": \"v3.1.0\", \"kind\": \"DataContract\", \"id\": \"edits\", \"version\": "
    "\"1.0.0\", \"status\": \"active\","
    " \"schema\": [{\"name\": \"edits\", \"properties\": ["
    " {\"name\": \"time\", \"logicalType\": \"timestamp\", \"logicalTypeOptions\": {\"timezone\": "
    "true}, \"required\": true},"
    " {\"name\": \"user\", \"logicalType\": \"string\", \"required\": true},"
    " {\"name\": \"page\", \"logicalType\": \"string\", \"required\": true},"
    " {\"name\": \"added\", \"logicalType\": \"integer\", \"required\": true, "
    "\"logicalTypeOptions\": {\"minimum\": 0}}]}]}";

static int by_number(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

/* The lines of the reject file, in order. */
static long rejected_lines(long *out) {
    char *text = scratch_read(&dir, "bad.ndjson", NULL);
    long n = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        out[n++] = strtol(strstr(line, "\"line\":") + 7, NULL, 10);
    free(text);
    qsort(out, (size_t)n, sizeof *out, by_number);
    return n;
}

START_TEST(rows_that_a_damaged_file_loses_are_those_of_its_manifest) {
    static const int32_t modes[] = {PLN_BATCH, PLN_MICRO_BATCH, PLN_STREAM};
    char data[300], manifest[300], line[400];
    static long got[4096], want[4096];
    long n = 0;
    pln_graph *g;
    pln_report *report;
    pln_run_options options;
    struct ArrowSchema columns;
    pln_contract_summary s = {.struct_size = sizeof s};
    if (test_data("wikiticker/wikiticker_am_dirty.ndjson.gz", data, sizeof data) == NULL)
        TEST_SKIP("no damaged wikiticker data");
    FILE *in = fopen(
        test_data("wikiticker/wikiticker_am_dirty_manifest.jsonl", manifest, sizeof manifest), "r");
    while (fgets(line, sizeof line, in) != NULL) {
        json_t *entry = json_loads(line, 0, NULL);
        if (wanted_rejected(json_string_value(json_object_get(entry, "kind")),
                            json_string_value(json_object_get(entry, "expect"))))
            want[n++] = (long)number_of(entry, "line");
        json_decref(entry);
    }
    fclose(in);
    OK(pln_schema_parse(rt, "time timestamp(us, UTC), user utf8, page utf8, added int64", &columns,
                        &err));
    OK(pln_graph_new(rt, "wiki", &g, &err));
    pln_graph_add(g, "edits", "ndjson.read", NULL, &err);
    pln_graph_set_text(g, "edits", "path", data, &err);
    pln_graph_bind(g, "edits", "schema_handle", &columns, NULL, &err);
    pln_graph_set_json(g, "edits", "contract", edits, &err);
    pln_graph_set_text(g, "edits", "on_breach", "quarantine", &err);
    pln_graph_add(g, "out", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "out", "path", scratch_path(&dir, "out-{n}.ndjson"), &err);
    pln_graph_add(g, "bad", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad.ndjson"), &err);
    OK(pln_graph_wire(g, "edits > out; edits.reject > bad", &err));
    pln_run_options_init(&options, sizeof options);
    options.mode = modes[_i];
    OK(pln_graph_run(g, &options, &report, &err));
    long rejected = rejected_lines(got);
    for (long i = 0; i < n && i < rejected; i++)
        ck_assert_msg(got[i] == want[i], "line %ld is rejected, the manifest has %ld", got[i],
                      want[i]);
    ck_assert_int_eq(rejected, n);
    /* A null where none may be and a number below 0 are for the contract; all else the reader has found. */
    OK(pln_report_contract(report, 0, &s));
    ck_assert_int_eq(s.verdict, PLN_CONTRACT_BROKEN);
    pln_breach b = {.struct_size = sizeof b};
    OK(pln_report_breach(report, 0, 0, &b));
    ck_assert_str_eq(b.rule, "time.required");
    ck_assert_int_eq(b.rows, 23); /* missing_time and time_null */
    OK(pln_report_breach(report, 0, 1, &b));
    ck_assert_str_eq(b.rule, "user.required");
    ck_assert_int_eq(b.rows, 11);
    OK(pln_report_breach(report, 0, 2, &b));
    ck_assert_str_eq(b.rule, "added.minimum");
    ck_assert_int_eq(b.rows, 11);
    pln_report_free(report);
    pln_graph_free(g);
    columns.release(&columns);
}
END_TEST

Suite *suite_stage_run_data(void) {
    Suite *s = suite_create("stage/run_data");
    TCase *t = tcase_create("data");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, versions_of_tables_differ_as_the_oracle_says);
    tcase_add_loop_test(t, rows_that_a_damaged_file_loses_are_those_of_its_manifest, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
