/* Where rows go that fail checks, what is judged when, and that batches and epochs make no difference. */
#include "json_rows.h"
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;

static void setup(void) {
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        if (s_ < 0)                                                                                \
            ck_abort_msg("%s: %s (%s)", #call, err.message, err.where);                            \
    } while (0)

/* id 0 to 9; a is null, -1, 2, 3 ...; b is "x" but for id 4; c is id mod 4. */
static pln_table *rows_table(void) {
    struct ArrowSchema schema;
    pln_table *table;
    pln_builder *b;
    pln_batch *batch;
    OK(pln_schema_parse(rt, "id int64 not null, a int32, b utf8, c int64", &schema, &err));
    OK(pln_table_new(rt, &schema, &table, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    for (int64_t i = 0; i < 10; i++) {
        OK(pln_column_int(pln_builder_column(b, 0), i, &err));
        OK(i == 0 ? pln_column_null(pln_builder_column(b, 1), &err)
                  : pln_column_int(pln_builder_column(b, 1), i == 1 ? -1 : i, &err));
        OK(pln_column_text(pln_builder_column(b, 2), i == 4 ? "y" : "x", -1, &err));
        OK(pln_column_int(pln_builder_column(b, 3), i % 4, &err));
    }
    OK(pln_builder_finish(b, &batch, &err));
    OK(pln_table_append(table, batch, &err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

enum { OUT, WARN, QUARANTINE, RESULTS, REJECT, PORTS };
static const char *const ports[PORTS] = {"out", "warn", "quarantine", "results", "reject"};

typedef struct outcome {
    pln_status status;
    char *rows[PORTS]; /* NDJSON */
} outcome;

static char *text_of(const pln_table *table) {
    char *all = calloc(1, 1);
    for (int64_t i = 0; i < pln_table_count(table); i++) {
        const pln_batch *batch = pln_table_batch(table, i);
        char *part = json_encoded(pln_batch_schema(batch), pln_batch_array(batch), NULL);
        all = realloc(all, strlen(all) + strlen(part) + 1);
        strcat(all, part);
        free(part);
    }
    return all;
}

/* A suite over the rows, `which` of the ports read (a letter each: o w q r j). */
static outcome run(const char *suite, const char *which, int32_t mode, int64_t batch_rows,
                   int64_t epoch_rows) {
    outcome out = {PLN_OK, {NULL}};
    pln_table *in = rows_table(), *tables[PORTS] = {NULL};
    char config[4096], wiring[256] = "in > c";
    pln_graph *g;
    pln_run_options options;
    snprintf(config, sizeof config, "{\"suite\": %s}", suite);
    OK(pln_graph_new(rt, "t", &g, &err));
    pln_graph_add(g, "in", "memory.read", NULL, &err);
    pln_graph_bind(g, "in", "table", in, NULL, &err);
    pln_graph_add(g, "c", "check", config, &err);
    for (int p = 0; p < PORTS; p++) {
        if (strchr(which, "owqrj"[p]) == NULL)
            continue;
        OK(pln_table_new(rt, NULL, &tables[p], &err));
        pln_graph_add(g, ports[p], "memory.write", NULL, &err);
        pln_graph_bind(g, ports[p], "table", tables[p], NULL, &err);
        snprintf(wiring + strlen(wiring), sizeof wiring - strlen(wiring), "; c.%s > %s", ports[p],
                 ports[p]);
    }
    OK(pln_graph_wire(g, wiring, &err));
    pln_run_options_init(&options, sizeof options);
    options.mode = mode;
    options.max_batch_rows = batch_rows;
    options.epoch_rows = epoch_rows;
    out.status = pln_graph_run(g, &options, NULL, &err);
    for (int p = 0; p < PORTS; p++) {
        if (tables[p] == NULL)
            continue;
        out.rows[p] = text_of(tables[p]);
        pln_table_free(tables[p]);
    }
    pln_graph_free(g);
    pln_table_free(in);
    return out;
}

static void outcome_free(outcome *o) {
    for (int p = 0; p < PORTS; p++)
        free(o->rows[p]);
}

#define SUITE(...) "{\"name\": \"s\", \"checks\": [" #__VA_ARGS__ "]}"

static const struct {
    int32_t mode;
    int64_t batch_rows, epoch_rows;
} ways[] = {{PLN_BATCH, 1000, 0},      {PLN_BATCH, 3, 0},       {PLN_BATCH, 1, 0},
            {PLN_MICRO_BATCH, 1000, 4}, {PLN_MICRO_BATCH, 2, 1}, {PLN_STREAM, 1, 5}};
enum { WAYS = sizeof ways / sizeof *ways };

static const char actions[] =
    SUITE({"check" : "not_null", "column" : "a", "action" : "quarantine_row"},
          {"check" : "positive", "column" : "a", "action" : "drop"},
          {"check" : "equal_to", "column" : "b", "value" : "x", "action" : "tag"}, {
              "check" : "less_than",
              "column" : "id",
              "value" : 5,
              "action" : "tag",
              "id" : "small",
              "mostly" : 0
          },
          {"check" : "not_equal_to", "column" : "id", "value" : 2, "action" : "warn"},
          {"check" : "less_than", "column" : "id", "value" : 9, "action" : "pass"});

START_TEST(a_row_goes_where_the_strongest_action_sends_it) {
    outcome o = run(actions, "orj", ways[_i].mode, ways[_i].batch_rows, ways[_i].epoch_rows);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    ck_assert_str_eq(o.rows[OUT],
                     "{\"id\":2,\"a\":2,\"b\":\"x\",\"c\":2,\"failed_checks\":null}\n"
                     "{\"id\":3,\"a\":3,\"b\":\"x\",\"c\":3,\"failed_checks\":null}\n"
                     "{\"id\":4,\"a\":4,\"b\":\"y\",\"c\":0,\"failed_checks\":\"equal_to(b)\"}\n"
                     "{\"id\":5,\"a\":5,\"b\":\"x\",\"c\":1,\"failed_checks\":\"small\"}\n"
                     "{\"id\":6,\"a\":6,\"b\":\"x\",\"c\":2,\"failed_checks\":\"small\"}\n"
                     "{\"id\":7,\"a\":7,\"b\":\"x\",\"c\":3,\"failed_checks\":\"small\"}\n"
                     "{\"id\":8,\"a\":8,\"b\":\"x\",\"c\":0,\"failed_checks\":\"small\"}\n"
                     "{\"id\":9,\"a\":9,\"b\":\"x\",\"c\":1,\"failed_checks\":\"small\"}\n");
    ck_assert_ptr_nonnull(strstr(o.rows[REJECT], "check not_null(a)"));
    ck_assert_ptr_nonnull(strstr(o.rows[REJECT], "{\\\"id\\\":0,"));
    ck_assert_ptr_null(strchr(strchr(o.rows[REJECT], '\n') + 1, '\n'));
    outcome_free(&o);
}
END_TEST

START_TEST(warned_rows_have_a_port_of_their_own) {
    outcome o = run(actions, "owj", ways[_i].mode, ways[_i].batch_rows, ways[_i].epoch_rows);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    ck_assert_str_eq(o.rows[OUT],
                     "{\"id\":3,\"a\":3,\"b\":\"x\",\"c\":3,\"failed_checks\":null}\n");
    ck_assert_int_eq(
        strncmp(o.rows[WARN],
                "{\"id\":2,\"a\":2,\"b\":\"x\",\"c\":2,\"failed_checks\":null}\n{\"id\":4,", 55),
        0);
    outcome_free(&o);
}
END_TEST

START_TEST(results_do_not_depend_on_batches_or_epochs) {
    outcome o = run(SUITE({"check" : "unique", "column" : "c", "action" : "warn"},
                          {"check" : "column_mean", "column" : "a", "max" : 6, "action" : "warn"},
                          {"check" : "row_count", "equals" : 10}),
                    "or", ways[_i].mode, ways[_i].batch_rows, ways[_i].epoch_rows);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    char *row = strchr(o.rows[RESULTS], ',');
    ck_assert_ptr_nonnull(row);
    ck_assert_msg(
        strstr(
            row,
            ",\"check\":\"unique(c)\",\"kind\":\"unique\",\"columns\":\"c\",\"severity\":\"error\","
            "\"status\":\"failed\",\"rows\":10,\"missing\":0,\"evaluated\":10,\"unexpected\":10,"
            "\"observed\":null,\"message\":\"unique(c): 10 of 10 rows are wrong (100 %)\"}\n") ==
            row,
        "%s", row);
    ck_assert_ptr_nonnull(
        strstr(row, "\"check\":\"column_mean(a)\",\"kind\":\"column_mean\",\"columns\":\"a\","
                    "\"severity\":\"error\",\"status\":\"passed\",\"rows\":10,\"missing\":1,"
                    "\"evaluated\":9,\"unexpected\":null,\"observed\":4.777777777777778"));
    ck_assert_ptr_nonnull(strstr(row,
                                 "\"check\":\"row_count\",\"kind\":\"row_count\",\"columns\":\"\","
                                 "\"severity\":\"error\",\"status\":\"passed\",\"rows\":10"));
    outcome_free(&o);
}
END_TEST

/* Epochs of 4 rows: 0-3, 4-7, 8-9. Only the second has a "y". */
START_TEST(an_epoch_is_quarantined_whole) {
    outcome o =
        run(SUITE({
                "check" : "equal_to",
                "column" : "b",
                "value" : "x",
                "scope" : "epoch",
                "action" : "quarantine_batch"
            },
                  {"check" : "row_count", "min" : 3, "scope" : "epoch", "severity" : "warn"}),
            "oqr", PLN_MICRO_BATCH, _i, 4);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    const char *in_order[] = {"{\"id\":0,", "{\"id\":3,", "{\"id\":8,", "{\"id\":9,"};
    for (int i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(strstr(o.rows[OUT], in_order[i]));
    ck_assert_ptr_null(strstr(o.rows[OUT], "{\"id\":4,"));
    ck_assert_ptr_null(strstr(o.rows[OUT], "{\"id\":7,"));
    ck_assert_ptr_nonnull(strstr(o.rows[QUARANTINE], "{\"id\":4,"));
    ck_assert_ptr_nonnull(strstr(o.rows[QUARANTINE], "{\"id\":7,"));
    ck_assert_ptr_null(strstr(o.rows[QUARANTINE], "{\"id\":3,"));
    int warned = 0;
    for (const char *at = o.rows[RESULTS]; (at = strstr(at, "\"warned\"")) != NULL; at++)
        warned++;
    ck_assert_int_eq(warned, 1);
    outcome_free(&o);
}
END_TEST

static const struct {
    const char *suite, *words;
    uint32_t flags;
} failing[] = {
    {SUITE({"check": "row_count", "min": 11}), "row_count: 10, expected min 11", PLN_ERR_DATA},
    {SUITE({"check": "column_max", "column": "a", "max": 8, "action": "fail_pipeline"}),
     "column_max(a): 9, expected max 8", PLN_ERR_DATA | PLN_ERR_FATAL},
    {SUITE({"check": "equal_to", "column": "b", "value": "x", "action": "fail_epoch"}),
     "equal_to(b): 1 of ", PLN_ERR_DATA},
};

START_TEST(an_epoch_fails) {
    for (int w = 0; w < WAYS; w++) {
        outcome o =
            run(failing[_i].suite, "o", ways[w].mode, ways[w].batch_rows, ways[w].epoch_rows);
        ck_assert_int_eq(o.status, PLN_EDATA);
        ck_assert_msg(strstr(err.message, failing[_i].words) != NULL, "%s", err.message);
        ck_assert_uint_eq(err.flags & failing[_i].flags, failing[_i].flags);
        outcome_free(&o);
    }
}
END_TEST

START_TEST(what_is_right_most_of_the_time_does_not_fail) {
    outcome o = run(SUITE({
                        "check" : "equal_to",
                        "column" : "b",
                        "value" : "x",
                        "action" : "fail_epoch",
                        "mostly" : 0.9
                    }),
                    "o", ways[_i].mode, ways[_i].batch_rows, ways[_i].epoch_rows);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    outcome_free(&o);
}
END_TEST

static const struct {
    const char *suite, *words;
} wrong[] = {
    {"[]", "expected an object"},
    {SUITE({"check": "not_nul", "column": "a"}), "checks[0]: no such check: 'not_nul' (did you mean 'not_null'?)"},
    {SUITE({"check": "not_null", "column": "aa"}), "check not_null(aa)"},
    {SUITE({"check": "row_count", "min": 1, "action": "drop"}), "says nothing of one row"},
    {SUITE({"check": "not_null", "column": "a", "action": "quarantine_batch"}), "needs \"scope\": \"epoch\""},
    {SUITE({"check": "not_null", "column": "a", "action": "quarantine_batch", "scope": "epoch"}), "wired to the port quarantine"},
    {SUITE({"check": "relationships", "column": "a", "to": "t"}), "the reference 't' was not given"},
};

START_TEST(what_cannot_be_is_refused_before_the_first_row) {
    outcome o = run(wrong[_i].suite, "o", PLN_BATCH, 100, 0);
    ck_assert_int_lt(o.status, 0);
    ck_assert_msg(strstr(err.message, wrong[_i].words) != NULL, "%s", err.message);
    outcome_free(&o);
}
END_TEST

/* ---- a reference on a port ---- */

/* Every id but 3 and 8, and how many rows there are. */
static pln_table *ids_table(void) {
    struct ArrowSchema schema;
    pln_table *table;
    pln_builder *b;
    pln_batch *batch;
    OK(pln_schema_parse(rt, "id int32, n int64", &schema, &err));
    OK(pln_table_new(rt, &schema, &table, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    for (int64_t i = 0; i < 10; i++) {
        if (i == 3 || i == 8)
            continue;
        OK(pln_column_int(pln_builder_column(b, 0), i, &err));
        OK(pln_column_int(pln_builder_column(b, 1), i, &err));
    }
    OK(pln_builder_finish(b, &batch, &err));
    OK(pln_table_append(table, batch, &err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

/* `wiring` over nodes in, ref, c, out, quarantine, results. */
static outcome run_referring(const char *config, const char *wiring, int way, void *callback) {
    outcome out = {PLN_OK, {NULL}};
    pln_table *in = rows_table(), *ids = ids_table(), *tables[PORTS] = {NULL};
    pln_graph *g;
    pln_run_options options;
    OK(pln_graph_new(rt, "t", &g, &err));
    pln_graph_add(g, "in", "memory.read", NULL, &err);
    pln_graph_bind(g, "in", "table", in, NULL, &err);
    pln_graph_add(g, "ref", "memory.read", NULL, &err);
    pln_graph_bind(g, "ref", "table", ids, NULL, &err);
    pln_graph_add(g, "c", "check", config, &err);
    if (callback != NULL)
        pln_graph_bind(g, "c", "callback", callback, NULL, &err);
    for (int p = 0; p < PORTS; p++) {
        char name[40];
        snprintf(name, sizeof name, "> %s", ports[p]);
        if (strstr(wiring, name) == NULL)
            continue;
        OK(pln_table_new(rt, NULL, &tables[p], &err));
        pln_graph_add(g, ports[p], "memory.write", NULL, &err);
        pln_graph_bind(g, ports[p], "table", tables[p], NULL, &err);
    }
    if (strstr(wiring, "ref") == NULL)
        pln_graph_add(g, "away", "memory.write", NULL, &err);
    out.status = pln_graph_wire(g, wiring, &err);
    pln_run_options_init(&options, sizeof options);
    options.mode = ways[way].mode;
    options.max_batch_rows = ways[way].batch_rows;
    options.epoch_rows = ways[way].epoch_rows;
    if (out.status >= 0)
        out.status = pln_graph_run(g, &options, NULL, &err);
    for (int p = 0; p < PORTS; p++) {
        if (tables[p] == NULL)
            continue;
        out.rows[p] = text_of(tables[p]);
        pln_table_free(tables[p]);
    }
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(ids);
    return out;
}

static const char all_wired[] =
    "in > c; ref > c.reference; c > out; c.quarantine > quarantine; c.results > results";

#define REFERRING(more, ...) "{\"reference\": \"t\", " more "\"suite\": " SUITE(__VA_ARGS__) "}"

static int lines_of(const char *text) {
    int n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

START_TEST(rows_wait_for_their_reference) {
    outcome o = run_referring(
        REFERRING("", {"check" : "relationships", "column" : "id", "to" : "t"},
                  {"check" : "row_count_match", "to" : "t", "factor" : 1.25, "action" : "warn"}, {
                      "check" : "aggregate_match",
                      "to" : "t",
                      "aggregate" : "max",
                      "column" : "id",
                      "action" : "warn"
                  },
                  {"check" : "schema_changed", "to" : "t", "action" : "warn"}),
        all_wired, _i, NULL);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(lines_of(o.rows[OUT]), 8);
    ck_assert_ptr_null(strstr(o.rows[OUT], "{\"id\":3,"));
    ck_assert_int_eq(lines_of(o.rows[QUARANTINE]), 2);
    ck_assert_ptr_nonnull(strstr(o.rows[QUARANTINE], "{\"id\":3,"));
    ck_assert_ptr_nonnull(strstr(o.rows[QUARANTINE], "{\"id\":8,"));
    ck_assert_ptr_nonnull(strstr(o.rows[RESULTS], "relationships(id): 2 of 10 rows are wrong"));
    ck_assert_ptr_nonnull(strstr(o.rows[RESULTS], "\"row_count_match: 10, of t 8\""));
    ck_assert_ptr_nonnull(strstr(o.rows[RESULTS], "\"aggregate_match(id): 9, of t 9\""));
    ck_assert_ptr_nonnull(strstr(o.rows[RESULTS], "removed: n"));
    outcome_free(&o);
}
END_TEST

/* In one epoch both are the same; a query has the table, too. */
START_TEST(a_reference_may_be_of_each_epoch) {
    outcome o = run_referring(
        REFERRING("\"refresh\": \"epoch\", ",
                  {"check" : "relationships", "column" : "id", "to" : "t"},
                  {"check" : "row_count_match", "to" : "t", "factor" : 1.25, "scope" : "epoch"}, {
                      "check" : "sql",
                      "tables" : ["t"],
                      "scope" : "epoch",
                      "metric" : "select count(*) from rows join t using (id)",
                      "equals" : 8
                  }),
        all_wired, 1, NULL);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(lines_of(o.rows[OUT]), 8);
    ck_assert_int_eq(lines_of(o.rows[QUARANTINE]), 2);
    outcome_free(&o);
}
END_TEST

static const struct {
    const char *config, *wiring, *words;
} unfit[] = {
    {REFERRING("", {"check": "relationships", "column": "id", "to": "u"}), all_wired, "no check of the suite refers to 't'"},
    {REFERRING("\"wait_rows\": 9, ", {"check": "relationships", "column": "id", "to": "t"}), all_wired, "more than 9 rows wait for it (wait_rows)"},
    {REFERRING("\"wait_rows\": 0, ", {"check": "relationships", "column": "id", "to": "t"}), all_wired, "wait_rows: expected 1 or more, got 0"},
    {REFERRING("", {"check": "relationships", "column": "id", "to": "t"}), "in > c; ref > c.reference; c > out", "nothing is wired"},
    {REFERRING("\"refresh\": \"epoch\", ", {"check": "row_count_match", "to": "t"}), all_wired, "needs \"scope\": \"epoch\""},
    {"{\"suite\": " SUITE({"check": "not_null", "column": "a", "action": "callback"}) "}", "in > c; c > out; ref > quarantine", "action callback: no option 'callback' is bound"},
};

START_TEST(a_reference_that_cannot_be) {
    outcome o = run_referring(unfit[_i].config, unfit[_i].wiring, 0, NULL);
    ck_assert_int_lt(o.status, 0);
    ck_assert_msg(strstr(err.message, unfit[_i].words) != NULL, "%s", err.message);
    outcome_free(&o);
}
END_TEST

/* ---- action callback ---- */

typedef struct heard {
    int n;
    int64_t epoch;
    char id[40], message[100];
    pln_status answer;
} heard;

static pln_status hear(void *user, int64_t epoch, const pln_check *check,
                       const pln_check_result *result, pln_error *e) {
    heard *h = user;
    h->n++;
    h->epoch = epoch;
    snprintf(h->id, sizeof h->id, "%s", check->id);
    snprintf(h->message, sizeof h->message, "%s", result->message);
    if (h->answer < 0)
        snprintf(e->message, sizeof e->message, "enough");
    return h->answer;
}

START_TEST(the_program_is_told_of_checks_that_fail) {
    heard h = {0};
    pln_check_callback callback = {.struct_size = sizeof callback, .user = &h, .failed = hear};
    const char *config =
        "{\"suite\": " SUITE({"check" : "not_null", "column" : "a", "action" : "callback"},
                             {"check" : "not_null", "column" : "b", "action" : "callback"}) "}";
    outcome o = run_referring(config, "in > c; c > out; ref > quarantine", _i, &callback);
    ck_assert_msg(o.status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(h.n, 1);
    ck_assert_int_eq(h.epoch, -1);
    ck_assert_str_eq(h.id, "not_null(a)");
    ck_assert_str_eq(h.message, "not_null(a): 1 of 10 rows are wrong (10 %)");
    ck_assert_int_eq(lines_of(o.rows[OUT]), 10);
    outcome_free(&o);
    h = (heard){.answer = PLN_EDATA};
    o = run_referring(config, "in > c; c > out; ref > quarantine", _i, &callback);
    ck_assert_int_eq(o.status, PLN_EDATA);
    ck_assert_msg(strstr(err.message, "enough") != NULL, "%s", err.message);
    outcome_free(&o);
}
END_TEST

Suite *suite_stage_check(void);
Suite *suite_stage_check(void) {
    Suite *suite = suite_create("stage/check");
    TCase *tc = tcase_create("check");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_row_goes_where_the_strongest_action_sends_it, 0, WAYS);
    tcase_add_loop_test(tc, warned_rows_have_a_port_of_their_own, 0, WAYS);
    tcase_add_loop_test(tc, results_do_not_depend_on_batches_or_epochs, 0, WAYS);
    tcase_add_loop_test(tc, an_epoch_is_quarantined_whole, 1, 6);
    tcase_add_loop_test(tc, an_epoch_fails, 0, sizeof failing / sizeof *failing);
    tcase_add_loop_test(tc, what_is_right_most_of_the_time_does_not_fail, 0, WAYS);
    tcase_add_loop_test(tc, what_cannot_be_is_refused_before_the_first_row, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(tc, rows_wait_for_their_reference, 0, WAYS);
    tcase_add_test(tc, a_reference_may_be_of_each_epoch);
    tcase_add_loop_test(tc, a_reference_that_cannot_be, 0, sizeof unfit / sizeof *unfit);
    tcase_add_loop_test(tc, the_program_is_told_of_checks_that_fail, 0, WAYS);
    suite_add_tcase(suite, tc);
    return suite;
}
