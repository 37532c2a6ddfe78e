#include "scratch.h"
#include "skip.h"
#include <check.h>
#include <pln/pln.h>
#include <pln/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Files in whole graphs: real data with known answers, and rejected records that come back. */

static scratch dir;
static pln_runtime *rt;
static pln_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void set_up(void) {
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    OK(pln_runtime_new(NULL, &rt, &err));
}

static void tear_down(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

static int64_t count(const char *text, const char *what) {
    int64_t n = 0;
    size_t size = strlen(what);
    /* Not memmem: a sanitizer would look at all that is left of the text at each call. */
    for (; *text != '\0'; text++)
        n += *text == *what && strncmp(text, what, size) == 0;
    return n;
}

/* read > write; read.reject > bad, with the given options of read. */
static pln_status run(const char *reader, const char *options, pln_error *out) {
    pln_graph *g;
    pln_run_options how;
    OK(pln_graph_new(rt, "g", &g, &err));
    OK(pln_graph_add(g, "read", reader, options, &err));
    OK(pln_graph_add(g, "write", "ndjson.write", NULL, &err));
    OK(pln_graph_add(g, "bad", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "write", "path", scratch_path(&dir, "out"), &err));
    OK(pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad"), &err));
    OK(pln_graph_wire(g, "read > write; read.reject > bad", &err));
    pln_run_options_init(&how, sizeof how);
    pln_status status = pln_graph_run(g, &how, NULL, out);
    pln_graph_free(g);
    return status;
}

START_TEST(flights_have_all_rows) {
    char path[600], options[900];
    if (test_data("nycflights13/flights_2013h1.csv.gz", path, sizeof path) == NULL)
        TEST_SKIP("no nycflights13");
    snprintf(options, sizeof options, "{\"path\": \"%s\", \"nulls\": \"NA\"}", path);
    OK(run("csv.read", options, &err));
    int64_t size;
    char *out = scratch_read(&dir, "out", &size), *bad = scratch_read(&dir, "bad", &size);
    ck_assert_int_eq(count(out, "\n"), 166158);
    ck_assert_int_eq(count(out, "\"year\":2013,"), 166158);
    ck_assert_str_eq(bad, "");
    free(out);
    free(bad);
}
END_TEST

START_TEST(wikiticker_has_all_rows) {
    char path[600], options[900];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", path, sizeof path) == NULL)
        TEST_SKIP("no wikiticker");
    snprintf(options, sizeof options, "{\"path\": \"%s\"}", path);
    OK(run("ndjson.read", options, &err));
    int64_t size;
    char *out = scratch_read(&dir, "out", &size);
    ck_assert_int_eq(count(out, "\n"), 16512);
    ck_assert_int_eq(count(out, "\"cityName\":null"), 15666);
    ck_assert_int_eq(count(out, "\"metroCode\":null"), 16347);
    free(out);
}
END_TEST

#define SCHEMA(type)                                                                               \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\","   \
    "\"type\":\"" type "\"},"                                                                    \
    "{\"name\":\"name\",\"type\":\"string\"}]}"

START_TEST(rejected_records_come_back_with_a_better_schema) {
    char options[1500];
    FILE *file = fopen(scratch_path(&dir, "in.csv"), "w");
    fputs("id,name\n", file);
    for (int i = 0; i < 1000; i++)
        fprintf(file, i % 3 == 1 ? "x%d,\"q\"\"%d\"\n" : "%d,n%d\n", i, i);
    fprintf(file, "\xFF\xFE,binary\n7,\"never closed\n");
    fclose(file);
    snprintf(options, sizeof options, "{\"path\": \"%s\", \"schema\": " SCHEMA("long") "}",
             scratch_path(&dir, "in.csv"));
    OK(run("csv.read", options, &err));
    int64_t size;
    char *first = scratch_read(&dir, "out", &size), *bad = scratch_read(&dir, "bad", &size);
    ck_assert_int_eq(count(first, "\n"), 667);
    ck_assert_int_eq(count(bad, "\n"), 335);
    free(first);
    free(bad);
    ck_assert_int_eq(rename(scratch_path(&dir, "bad"), scratch_path(&dir, "again")), 0);
    snprintf(options, sizeof options,
             "{\"replay\": \"%s\", \"replay_node\": \"read\", \"schema\": " SCHEMA("string") "}",
             scratch_path(&dir, "again"));
    OK(run("csv.read", options, &err));
    char *second = scratch_read(&dir, "out", &size);
    bad = scratch_read(&dir, "bad", &size);
    ck_assert_int_eq(count(second, "\n"), 333);
    ck_assert_int_eq(strncmp(second, "{\"id\":\"x1\",\"name\":\"q\\\"1\"}\n", 24), 0);
    ck_assert_int_eq(count(bad, "\n"), 2); /* no UTF-8, and the open quote, are as bad as before */
    ck_assert_int_eq(count(bad, "//4sYmluYXJ5"), 1);
    free(second);
    free(bad);
}
END_TEST

Suite *suite_connect_file_graph(void) {
    Suite *suite = suite_create("connect/file_graph");
    TCase *tcase = tcase_create("file_graph");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, flights_have_all_rows);
    tcase_add_test(tcase, wikiticker_has_all_rows);
    tcase_add_test(tcase, rejected_records_come_back_with_a_better_schema);
    suite_add_tcase(suite, tcase);
    return suite;
}
