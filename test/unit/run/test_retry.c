#include "world.h"

/* What fails for a while is tried again from the last committed epoch; each row arrives once. */

static void setup(void) {
    world_up(1000000000, "555");
}

static pln_graph *graph(void) {
    return world_graph("retry", &script_source, &probe_sink);
}

static pln_run_options options_of(int64_t epoch_rows, const char *state) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = epoch_rows;
    options.state = state;
    return options;
}

static void expect_rows(int64_t n) {
    ck_assert_int_eq(sink->n, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(sink->ids[i], i);
}

/* 0: without a state file, 1: with one. */
static const char *state_of(int with) {
    return with ? scratch_path(&dir, "state.db") : NULL;
}

START_TEST(a_sink_that_fails_for_a_while) {
    pln_graph *g = graph();
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(5, state_of(_i));
    sink->good_writes = 1;
    sink->fail_writes = 2;
    OK(pln_graph_run(g, &options, &report, &err));
    expect_rows(15);
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.retries, 2);
    ck_assert_int_eq(s.rows_in, 15);
    ck_assert_int_eq(s.rows_out, 15);
    ck_assert_int_eq(s.epochs, 4);
    /* 100 ms, and then twice as long. */
    ck_assert_int_eq(now.waited_us, 300000);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(attempts_are_counted_for_one_epoch) {
    pln_graph *g = graph();
    pln_run_options options = options_of(5, state_of(_i));
    source = (script){.acts = "5e5e5e5", .errors = 1};
    /* `errors` runs out at the first e; each epoch may use all attempts. */
    options.attempts = 2;
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(20);
    pln_graph_free(g);
}
END_TEST

START_TEST(attempts_run_out) {
    pln_graph *g = graph();
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(5, state_of(_i));
    sink->good_writes = 1;
    sink->fail_writes = 3;
    ck_assert_int_eq(pln_graph_run(g, &options, &report, &err), PLN_EBUSY);
    ck_assert_str_eq(err.where, "retry/out");
    ck_assert_str_eq(err.message, "the probe was told to fail");
    expect_rows(5);
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.status, PLN_EBUSY);
    ck_assert_int_eq(s.retries, 2);
    ck_assert_int_eq(s.epochs, 1);
    pln_report_free(report);
    pln_graph_free(g);
    if (!_i)
        return;
    /* The next run goes on where it stood. */
    g = graph();
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(15);
    pln_graph_free(g);
}
END_TEST

START_TEST(other_errors_are_not_tried_again) {
    pln_graph *g = graph();
    pln_run_options options = options_of(5, state_of(_i));
    sink->fail_writes = 1;
    sink->flags = _i ? PLN_ERR_RETRYABLE | PLN_ERR_DATA : 0;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EBUSY);
    expect_rows(0);
    ck_assert_int_eq(source.opens, 1);
    pln_graph_free(g);
}
END_TEST

START_TEST(prepare_may_fail_for_a_while) {
    pln_graph *g = graph();
    pln_run_options options = options_of(5, state_of(_i));
    sink->fail_prepares = 2;
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(15);
    pln_graph_free(g);
}
END_TEST

/* The epoch is committed when the sink fails to show it: recover must, and no row is read again. */
START_TEST(commit_may_fail_for_a_while) {
    pln_graph *g = graph();
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(_i < 2 ? 5 : 0, state_of(_i % 2));
    sink->fail_commits = 1;
    OK(pln_graph_run(g, &options, &report, &err));
    expect_rows(15);
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.rows_in, 15);
    ck_assert_int_eq(s.retries, 1);
    ck_assert_int_eq(s.skipped, 0);
    ck_assert_int_eq(s.status, PLN_EOS);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

/* A sink that cannot recover would lose what it had prepared. */
START_TEST(a_commit_that_cannot_be_repeated_stops_the_run) {
    pln_graph *g;
    pln_sink table = probe_sink;
    pln_run_options options = options_of(5, NULL);
    table.recover = NULL;
    OK(pln_graph_new(rt, "retry", &g, &err));
    OK(pln_graph_add_source(g, "in", &script_source, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out", &table, sink, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    sink->fail_commits = 1;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EBUSY);
    ck_assert_int_eq(source.opens, 1);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_source_that_cannot_go_back_is_not_retried) {
    pln_graph *g;
    pln_source table = script_source;
    pln_run_options options = options_of(5, NULL);
    table.caps &= ~(uint32_t)PLN_CAP_REPLAYABLE;
    OK(pln_graph_new(rt, "retry", &g, &err));
    OK(pln_graph_add_source(g, "in", &table, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out", &probe_sink, sink, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    sink->good_writes = 1;
    sink->fail_writes = 1;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EBUSY);
    expect_rows(5);
    pln_graph_free(g);
}
END_TEST

/* A run that is started anew after a done one, and whose first epoch fails, is still to be started anew. */
START_TEST(a_restarted_run_is_retried_from_its_own_beginning) {
    pln_graph *g = graph();
    pln_run_options options = options_of(5, scratch_path(&dir, "state.db"));
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(15);
    sink->n = 0;
    sink->fail_writes = 2;
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(15);
    pln_graph_free(g);
}
END_TEST

START_TEST(open_is_asked_between_attempts_for_its_time) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake;
    pln_run_options options = options_of(0, NULL);
    sink->fail_writes = 1;
    OK(pln_run_open(g, &options, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, now.now_us + 100000);
    ck_assert_int_eq(source.opens - source.closes, 0);
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    now.now_us = wake;
    OK(pln_run_finish(run, &err));
    expect_rows(15);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_retry(void);
Suite *suite_run_retry(void) {
    Suite *suite = suite_create("run/retry");
    TCase *tc = tcase_create("retry");
    tcase_add_checked_fixture(tc, setup, world_down);
    tcase_add_loop_test(tc, a_sink_that_fails_for_a_while, 0, 2);
    tcase_add_loop_test(tc, attempts_are_counted_for_one_epoch, 0, 2);
    tcase_add_loop_test(tc, attempts_run_out, 0, 2);
    tcase_add_loop_test(tc, other_errors_are_not_tried_again, 0, 2);
    tcase_add_loop_test(tc, prepare_may_fail_for_a_while, 0, 2);
    tcase_add_loop_test(tc, commit_may_fail_for_a_while, 0, 4);
    tcase_add_test(tc, a_commit_that_cannot_be_repeated_stops_the_run);
    tcase_add_test(tc, a_source_that_cannot_go_back_is_not_retried);
    tcase_add_test(tc, a_restarted_run_is_retried_from_its_own_beginning);
    tcase_add_test(tc, open_is_asked_between_attempts_for_its_time);
    suite_add_tcase(suite, tc);
    return suite;
}
