#include "run/run.h"
#include "schema/schema.h"
#include <check.h>
#include <pln/pln.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A run over files that is given up after k steps and taken up again, for every k: what it leaves must be what an uninterrupted run
 * leaves, byte by byte.
 */

static char dir[64];
static pln_runtime *rt;
static pln_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void setup(void) {
    char command[128];
    memset(&err, 0, sizeof err);
    strcpy(dir, "/tmp/pln-resume-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(command, sizeof command, "%s/in.csv", dir);
    FILE *f = fopen(command, "w");
    fputs("id,name\n", f);
    for (int i = 0; i < 60; i++)
        fprintf(f, i % 9 == 4 ? "x%d,bad\n" : "%d,n\n", i);
    fclose(f);
    OK(pln_runtime_new(NULL, &rt, &err));
}

static void teardown(void) {
    char command[128];
    pln_runtime_free(rt);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char *path(const char *name) {
    static char out[4][128];
    static int at;
    at = (at + 1) % 4;
    snprintf(out[at], sizeof out[at], "%s/%s", dir, name);
    return out[at];
}

static char *slurp(const char *name) {
    FILE *f = fopen(path(name), "r");
    char *text = calloc(1, 65536);
    if (f == NULL) {
        strcpy(text, "(none)");
        return text;
    }
    size_t n = fread(text, 1, 65535, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
    "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"name\",\"type\":\"string\"}]}";

static pln_graph *graph(const char *good, const char *bad) {
    pln_graph *g;
    OK(pln_graph_new(rt, "resume", &g, &err));
    OK(pln_graph_add(g, "read", "csv.read", NULL, &err));
    OK(pln_graph_set_text(g, "read", "path", path("in.csv"), &err));
    OK(pln_graph_set_text(g, "read", "schema", schema, &err));
    OK(pln_graph_add(g, "good", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "good", "path", path(good), &err));
    OK(pln_graph_add(g, "bad", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "bad", "path", path(bad), &err));
    OK(pln_graph_wire(g, "read > good; read.reject > bad", &err));
    return g;
}

static pln_run_options options_of(const char *state, int64_t epoch_rows) {
    pln_run_options o;
    pln_run_options_init(&o, sizeof o);
    o.state = state;
    o.epoch_rows = epoch_rows;
    o.max_batch_rows = 5;
    o.guarantee = PLN_EXACTLY_ONCE;
    return o;
}

/* Counters that must not depend on interruptions. */
static void counts(pln_run *run, char out[256]) {
    pln_report *report;
    size_t used = 0;
    OK(pln_run_report(run, &report, &err));
    for (int32_t i = 0; i < 3; i++) {
        pln_node_summary n = {.struct_size = sizeof n};
        OK(pln_report_node(report, i, &n));
        used += (size_t)snprintf(out + used, 256 - used, "%s %lld/%lld/%lld ", n.name,
                                 (long long)n.rows_in, (long long)n.passed, (long long)n.rejected);
    }
    pln_report_free(report);
}

static int64_t epochs_of_case[] = {0, 7, 1, 13};

START_TEST(given_up_after_any_step_and_taken_up_again) {
    int64_t epoch_rows = epochs_of_case[_i];
    char whole[256], pieces[256];
    pln_run *run;
    pln_graph *g = graph("good1", "bad1");
    pln_run_options o = options_of(path("state1"), epoch_rows);
    OK(pln_run_open(g, &o, &run, &err));
    OK(pln_run_finish(run, &err));
    counts(run, whole);
    pln_run_free(run);
    pln_graph_free(g);
    char *good = slurp("good1"), *bad = slurp("bad1");
    ck_assert_ptr_nonnull(strstr(good, "{\"id\":59,"));
    ck_assert_ptr_nonnull(strstr(bad, "x58,bad"));
    for (int steps = 0; steps < 16; steps += 5) {
        char state[32];
        bool done = false;
        g = graph("good2", "bad2");
        snprintf(state, sizeof state, "state-%d", steps);
        o = options_of(path(state), epoch_rows);
        for (int attempt = 0; attempt < 200 && !done; attempt++) {
            /* The first attempts are given up after `steps` steps, later ones later, so that each gets further. */
            int budget = steps + attempt / 2;
            OK(pln_run_open(g, &o, &run, &err));
            for (int s = 0; s < budget && !done; s++) {
                pln_status status = pln_run_step(run, 0, NULL, &err);
                OK(status);
                done = status == PLN_EOS;
            }
            if (done)
                counts(run, pieces);
            pln_run_free(run);
        }
        ck_assert(done);
        char *good2 = slurp("good2"), *bad2 = slurp("bad2");
        ck_assert_str_eq(good2, good);
        ck_assert_str_eq(bad2, bad);
        ck_assert_str_eq(pieces, whole);
        free(good2);
        free(bad2);
        unlink(path("good2"));
        unlink(path("bad2"));
        pln_graph_free(g);
    }
    free(good);
    free(bad);
    /* Nothing half-made stays. */
    char command[200];
    snprintf(command, sizeof command, "test -z \"$(ls -A %s | grep tmp)\"", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_done_run_is_skipped_or_starts_anew) {
    pln_run *run;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_report *report;
    pln_graph *g = graph("good1", "bad1");
    pln_run_options o = options_of(path("state1"), 7);
    OK(pln_graph_run(g, &o, NULL, &err));
    o.when_done = PLN_WHEN_DONE_SKIP;
    OK(pln_graph_run(g, &o, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.skipped, 1);
    ck_assert_int_eq(s.rows_in, 60);
    pln_report_free(report);
    o.when_done = PLN_WHEN_DONE_RESTART;
    OK(pln_run_open(g, &o, &run, &err));
    OK(pln_run_finish(run, &err));
    OK(pln_run_report(run, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.skipped, 0);
    ck_assert_int_eq(s.rows_in, 60);
    ck_assert_int_gt(s.n, s.epochs);
    pln_report_free(report);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_changed_graph_is_not_resumed) {
    pln_run *run;
    pln_graph *g = graph("good1", "bad1");
    pln_run_options o = options_of(path("state1"), 7);
    OK(pln_run_open(g, &o, &run, &err));
    for (int i = 0; i < 4; i++)
        OK(pln_run_step(run, 0, NULL, &err));
    pln_run_free(run);
    pln_graph_free(g);
    g = graph("good1", "other");
    ck_assert_int_eq(pln_run_open(g, &o, &run, &err), PLN_ESTATE);
    ck_assert_msg(strstr(err.message, "'bad'") != NULL, "%s", err.message);
    pln_graph_free(g);
}
END_TEST

START_TEST(an_older_owner_is_fenced) {
    pln_run *first, *second;
    pln_graph *g1 = graph("good1", "bad1"), *g2 = graph("good1", "bad1");
    pln_run_options o = options_of(path("state1"), 7);
    pln_status status = PLN_OK;
    OK(pln_run_open(g1, &o, &first, &err));
    OK(pln_run_step(first, 0, NULL, &err));
    OK(pln_run_open(g2, &o, &second, &err));
    OK(pln_run_finish(second, &err));
    while (status >= 0 && status != PLN_EOS)
        status = pln_run_step(first, 0, NULL, &err);
    ck_assert_int_eq(status, PLN_EFENCED);
    pln_run_free(first);
    pln_run_free(second);
    pln_graph_free(g1);
    pln_graph_free(g2);
    char *good = slurp("good1");
    ck_assert_ptr_nonnull(strstr(good, "{\"id\":59,"));
    free(good);
}
END_TEST

/* What a source has inferred or was given comes back whole: enums below lists have their symbols, too. */
START_TEST(a_saved_schema_keeps_its_metadata) {
    static const char avro[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":"
        "\"array\","
        "\"items\":{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"B\",\"A\"]}}}]}";
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowSchema before, after;
    pln__buffer bytes = {0};
    int32_t size;
    OK(pln__schema_from_avro(mem, avro, -1, &before, &err));
    OK(pln__schema_write(mem, &before, &bytes, &err));
    before.release(&before);
    OK(pln__schema_read(mem, bytes.data, bytes.size, &after, &err));
    const char *list = pln__field_metadata(after.children[0]->children[0], "pln.symbols", &size);
    ck_assert_int_eq(size, 9);
    ck_assert_int_eq(memcmp(list, "[\"B\",\"A\"]", 9), 0);
    after.release(&after);
    pln__buffer_free(mem, &bytes);
}
END_TEST

Suite *suite_run_resume(void);
Suite *suite_run_resume(void) {
    Suite *suite = suite_create("run/resume");
    TCase *tc = tcase_create("resume");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, given_up_after_any_step_and_taken_up_again, 0, 4);
    tcase_add_test(tc, a_done_run_is_skipped_or_starts_anew);
    tcase_add_test(tc, a_changed_graph_is_not_resumed);
    tcase_add_test(tc, an_older_owner_is_fenced);
    tcase_add_test(tc, a_saved_schema_keeps_its_metadata);
    suite_add_tcase(suite, tc);
    return suite;
}
