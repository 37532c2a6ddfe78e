/*
 * Rows that a stage keeps until an epoch ends, or another input does, come out before the stages behind it are told of an end, and before the time that came with
 * them: behind it is the same as without it.
 */
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
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

static const struct {
    int32_t mode;
    int64_t epoch_rows;
} modes[] = {{PLN_BATCH, 0}, {PLN_MICRO_BATCH, 7}, {PLN_STREAM, 100}};

#define ROWS "{\"rows\": 300, \"seed\": 3, \"columns\": {\"id\": {\"sequence\": 0}, " \
    "\"at\": {\"time\": \"2026-01-01T00:00:00Z\", \"step\": \"1s\"}, \"k\": {\"choice\": [\"a\", \"b\", \"c\"]}}}"
#define CHECKS                                                                                     \
    "{\"suite\": {\"checks\": [{\"check\": \"not_null\", \"column\": \"id\", \"scope\": "          \
    "\"epoch\", \"action\": \"quarantine_batch\"}]}}"
#define REFERS(refresh)                                                                            \
    "{\"reference\": \"t\", \"refresh\": \"" refresh                                               \
    "\", \"suite\": {\"checks\": [{\"check\": \"relationships\", \"column\": \"id\", \"to\": "     \
    "\"t\"}]}}"

static const char *const keepers[] = {NULL, CHECKS, REFERS("once"), REFERS("epoch")};
static const struct {
    const char *stage, *config;
} behind[] = {{"window", "{\"size\": \"10s\", \"key\": [\"k\"], \"aggregates\": {\"n\": \"count()\", \"last\": \"last(id)\"}}"},
              {"dedup", "{\"key\": [\"k\"], \"keep\": \"last\"}"}};

static int64_t late, rejected;

/* Another source is longer than the rows, so that these end in an epoch before the last. */
static pln_table *run(const char *keeper, int b, int m) {
    pln_table *rows = NULL;
    pln_graph *g;
    pln_report *report = NULL;
    pln_run_options options;
    pln_node_summary node = {.struct_size = sizeof node};
    MUST(pln_table_new(rt, NULL, &rows, &err));
    MUST(pln_graph_new(rt, "ends", &g, &err));
    pln_graph_add(g, "read", "generate", ROWS, &err);
    pln_graph_add(g, "other", "generate", ROWS, &err);
    pln_graph_add(g, "time", "watermark", "{\"time\": \"at\"}", &err);
    pln_graph_add(g, "behind", behind[b].stage, behind[b].config, &err);
    pln_graph_add(g, "out", "memory.write", NULL, &err);
    pln_graph_bind(g, "out", "table", rows, NULL, &err);
    pln_table *rest = NULL;
    MUST(pln_table_new(rt, NULL, &rest, &err));
    pln_graph_add(g, "rest", "memory.write", NULL, &err);
    pln_graph_bind(g, "rest", "table", rest, NULL, &err);
    if (keeper == NULL) {
        pln_graph_wire(g, "read > time > behind > out; other > rest", &err);
    } else {
        pln_graph_add(g, "keep", "check", keeper, &err);
        pln_graph_wire(g, "read > time > keep > behind > out; keep.quarantine > rest", &err);
        pln_graph_wire(g, strstr(keeper, "reference") != NULL ? "other > keep.reference" : "",
                       &err);
        if (strstr(keeper, "reference") == NULL) {
            pln_graph_add(g, "none", "filter", "{\"where\": \"id < 0\"}", &err);
            pln_graph_wire(g, "other > none > rest", &err);
        }
    }
    pln_run_options_init(&options, sizeof options);
    options.mode = modes[m].mode;
    options.epoch_rows = modes[m].epoch_rows;
    MUST(pln_graph_run(g, &options, &report, &err));
    late = rejected = 0;
    for (int32_t i = 0; pln_report_node(report, i, &node) == PLN_OK; i++) {
        late += node.late;
        rejected += node.rejected;
    }
    pln_report_free(report);
    pln_graph_free(g);
    pln_table_free(rest);
    return rows;
}

static int64_t rows_in(const pln_table *table) {
    int64_t n = 0;
    for (int64_t b = 0; b < pln_table_count(table); b++)
        n += pln_batch_rows(pln_table_batch(table, b));
    return n;
}

static pln_batch *joined(const pln_table *table) {
    pln_batch *all[400], *one = NULL;
    int64_t n = pln_table_count(table);
    ck_assert_int_le(n, 400);
    for (int64_t b = 0; b < n; b++)
        all[b] = (pln_batch *)(uintptr_t)pln_table_batch(table, b);
    MUST(pln_batch_concat(all, n, &one, &err));
    return one;
}

START_TEST(nothing_stays_behind) {
    int m = _i % 3, b = _i / 3;
    pln_table *plain = run(NULL, b, m);
    pln_batch *expected = joined(plain);
    ck_assert_int_ge(rows_in(plain), b == 0 ? 60 : 3);
    for (int k = 1; k < 4; k++) {
        /* Of a reference by epoch the rows of other epochs are not: what does not refer is wrong. */
        if (k == 3 && m > 0)
            continue;
        pln_table *kept = run(keepers[k], b, m);
        ck_assert_int_eq(late, 0);
        ck_assert_int_eq(rejected, 0);
        ck_assert_int_eq(rows_in(kept), rows_in(plain));
        pln_batch *got = joined(kept);
        ck_assert(pln_batch_equal(got, expected));
        pln_batch_unref(got);
        pln_table_free(kept);
    }
    pln_batch_unref(expected);
    pln_table_free(plain);
}
END_TEST

Suite *suite_stage_ends(void) {
    Suite *suite = suite_create("stage/ends");
    TCase *tc = tcase_create("kept");
    tcase_add_checked_fixture(tc, up, down);
    tcase_add_loop_test(tc, nothing_stays_behind, 0, 6);
    suite_add_tcase(suite, tc);
    return suite;
}
