#include "world.h"
#include <unistd.h>

/* How rows flow: sinks that have no room, barriers, schemas that come late or change, clocks, descriptors, callbacks. */

static script other;
static probe *second;

static void setup(void) {
    world_up(1000000000, "333");
    other = (script){.acts = "444"};
    second = calloc(1, sizeof *second);
}

static void teardown(void) {
    world_down();
    free(second);
}

static pln_graph *graph(const pln_source *table) {
    return world_nodes("flow", table, &probe_sink);
}

static pln_graph *wired(const pln_source *table) {
    return world_graph("flow", table, &probe_sink);
}

static pln_run_options options_of(int32_t mode, int64_t epoch_rows) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.mode = mode;
    options.epoch_rows = epoch_rows;
    return options;
}

static void expect_rows(const probe *p, int64_t n) {
    ck_assert_int_eq(p->n, n);
    for (int64_t i = 0; i < n; i++)
        ck_assert_int_eq(p->ids[i], i);
}

/* ---- a sink without room ---- */

START_TEST(a_parked_sink_holds_only_its_own_sources) {
    pln_graph *g = graph(&script_unbounded);
    pln_run *run;
    int64_t wake;
    pln_run_options options = options_of(PLN_STREAM, 0);
    OK(pln_graph_add_source(g, "in2", &script_unbounded, &other, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out2", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in2 > out2", &err));
    sink->again = 4;
    OK(pln_run_open(g, &options, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_OK);
    ck_assert_int_eq(source.polls, 1);
    ck_assert_int_eq(other.polls, 1);
    for (int i = 0; i < 3; i++)
        OK(pln_run_step(run, 0, &wake, &err));
    /* Offered once a step, and its source was not asked; the other one went on to its end. */
    ck_assert_int_eq(sink->writes, 4);
    ck_assert_int_eq(source.polls, 1);
    ck_assert_int_eq(other.polls, 4);
    ck_assert_int_eq(second->n_staged, 12);
    OK(pln_run_finish(run, &err));
    expect_rows(sink, 9);
    expect_rows(second, 12);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_sink_that_is_parked_for_ever_waits) {
    pln_graph *g = wired(&script_source);
    pln_run *run;
    int64_t wake = 0;
    sink->again = 1000000;
    OK(pln_run_open(g, NULL, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_OK);
    ck_assert_int_eq(pln_run_step(run, 1000, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    /* Given up with a batch still parked. */
    pln_run_free(run);
    ck_assert_int_eq(sink->n, 0);
    pln_graph_free(g);
}
END_TEST

START_TEST(the_rest_of_a_fan_out_goes_on) {
    pln_graph *g = graph(&script_source);
    OK(pln_graph_add_sink(g, "out2", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in > out2", &err));
    sink->again = 5;
    OK(pln_graph_run(g, NULL, NULL, &err));
    expect_rows(sink, 9);
    expect_rows(second, 9);
    pln_graph_free(g);
}
END_TEST

/* ---- barriers ---- */

START_TEST(a_barrier_commits_before_the_next_poll) {
    pln_graph *g = wired(&script_source);
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    source.acts = "3B3b3";
    OK(pln_graph_run(g, NULL, &report, &err));
    expect_rows(sink, 11);
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.epochs, 3);
    ck_assert_int_eq(source.committed, 3);
    ck_assert_str_eq(sink->log, "sbwwpcbwpcbwfpc");
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_barrier_of_one_source_does_not_lose_the_other) {
    pln_graph *g = graph(&script_unbounded);
    OK(pln_graph_add_source(g, "in2", &script_unbounded, &other, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out2", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in2 > out2", &err));
    source.acts = "BBB";
    OK(pln_graph_run(g, NULL, NULL, &err));
    expect_rows(sink, 6);
    expect_rows(second, 12);
    pln_graph_free(g);
}
END_TEST

/* ---- schemas ---- */

START_TEST(a_schema_may_come_late) {
    pln_graph *g = wired(&script_source);
    pln_run *run;
    int64_t wake;
    struct ArrowSchema schema;
    source.schema_after = 3;
    OK(pln_run_open(g, NULL, &run, &err));
    ck_assert_int_eq(source.polls, 0);
    ck_assert_int_eq(pln_run_schema(run, "in", &schema, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(sink->writes, 0);
    ck_assert_str_eq(sink->log, "");
    OK(pln_run_step(run, 0, &wake, &err));
    OK(pln_run_schema(run, "in.out", &schema, &err));
    ck_assert_str_eq(schema.children[0]->name, "id");
    schema.release(&schema);
    OK(pln_run_finish(run, &err));
    expect_rows(sink, 9);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_changed_schema_stops_the_run) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_BATCH, 3);
    source.acts = "33s3";
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "extra"));
    ck_assert_str_eq(err.where, "flow/in");
    expect_rows(sink, 6);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_schema_that_did_not_change_is_no_change) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.on_schema_change = _i;
    source.acts = "3S3S3";
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(sink, 9);
    ck_assert_int_eq(sink->columns, 1);
    pln_graph_free(g);
}
END_TEST

START_TEST(rows_of_a_changed_schema_may_be_rejected) {
    pln_graph *g = graph(&script_source);
    pln_report *report;
    pln_node_summary n = {.struct_size = sizeof n};
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.on_schema_change = PLN_SCHEMA_CHANGE_REJECT;
    source.acts = "3s45";
    OK(pln_graph_add_sink(g, "bad", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in.reject > bad", &err));
    OK(pln_graph_run(g, &options, &report, &err));
    expect_rows(sink, 3);
    ck_assert_int_eq(second->n, 9);
    OK(pln_report_node(report, 0, &n));
    ck_assert_int_eq(n.rows_in, 12);
    ck_assert_int_eq(n.rejected, 9);
    ck_assert_int_eq(n.passed, 3);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

/* The epoch is finished first, so that a sink gives the rows of the old schema before it hears of the new one. */
START_TEST(a_changed_schema_may_be_taken) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.on_schema_change = PLN_SCHEMA_CHANGE_ADAPT;
    source.acts = "33s3";
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(sink, 9);
    ck_assert_int_eq(sink->columns, 2);
    ck_assert_str_eq(sink->log, "sbwwpcbswfpc");
    pln_graph_free(g);
}
END_TEST

START_TEST(a_changed_schema_that_a_node_refuses_stops_the_run) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.on_schema_change = PLN_SCHEMA_CHANGE_ADAPT;
    source.acts = "33s3";
    sink->refuse_columns = 1;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "column extra"));
    expect_rows(sink, 6);
    pln_graph_free(g);
}
END_TEST

/* Given up behind the change, a resumed run judges it as the first one did. */
START_TEST(a_resumed_run_holds_to_its_schema) {
    static const int32_t policies[] = {PLN_SCHEMA_CHANGE_REJECT, PLN_SCHEMA_CHANGE_ADAPT,
                                       PLN_SCHEMA_CHANGE_FAIL};
    pln_graph *g = graph(&script_source);
    pln_run *run;
    pln_run_options options = options_of(PLN_BATCH, 1);
    options.state = scratch_path(&dir, "state.db");
    options.on_schema_change =
        policies[_i] == PLN_SCHEMA_CHANGE_FAIL ? PLN_SCHEMA_CHANGE_REJECT : policies[_i];
    source.acts = "3s45";
    OK(pln_graph_add_sink(g, "bad", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in.reject > bad", &err));
    OK(pln_run_open(g, &options, &run, &err));
    for (int i = 0; i < 6; i++)
        OK(pln_run_step(run, 0, NULL, &err));
    pln_run_free(run);
    options.on_schema_change = policies[_i];
    if (policies[_i] == PLN_SCHEMA_CHANGE_FAIL) {
        ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_ETYPE);
        ck_assert_ptr_nonnull(strstr(err.message, "while running"));
    } else {
        OK(pln_graph_run(g, &options, NULL, &err));
        expect_rows(sink, policies[_i] == PLN_SCHEMA_CHANGE_REJECT ? 3 : 12);
        ck_assert_int_eq(second->n, policies[_i] == PLN_SCHEMA_CHANGE_REJECT ? 9 : 0);
    }
    pln_graph_free(g);
}
END_TEST

/* Somebody changed the world between two attempts. */
START_TEST(a_schema_that_changed_between_attempts) {
    pln_graph *g = graph(&script_source);
    pln_run *run;
    pln_run_options options = options_of(PLN_BATCH, 3);
    options.state = scratch_path(&dir, "state.db");
    options.on_schema_change = _i;
    OK(pln_graph_add_sink(g, "bad", &probe_sink, second, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in.reject > bad", &err));
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    pln_run_free(run);
    expect_rows(sink, 3);
    source.start_wide = true;
    if (_i == PLN_SCHEMA_CHANGE_FAIL) {
        ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_ETYPE);
        ck_assert_ptr_nonnull(strstr(err.message, "since the last epoch"));
        ck_assert_str_eq(err.where, "flow/in");
        expect_rows(sink, 3);
    } else {
        OK(pln_graph_run(g, &options, NULL, &err));
        expect_rows(sink, _i == PLN_SCHEMA_CHANGE_REJECT ? 3 : 9);
        ck_assert_int_eq(second->n, _i == PLN_SCHEMA_CHANGE_REJECT ? 6 : 0);
    }
    pln_graph_free(g);
}
END_TEST

/* ---- time ---- */

START_TEST(a_rate_is_kept_by_the_clock) {
    pln_graph *g;
    pln_table *out;
    OK(pln_table_new(rt, NULL, &out, &err));
    OK(pln_graph_new(rt, "rate", &g, &err));
    OK(pln_graph_add(g, "in", "generate",
                     "{\"columns\": {\"id\": {\"sequence\": 0}}, \"rows\": 40, \"rate\": 10}",
                     &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    ck_assert_int_eq(pln_table_rows(out), 40);
    /* 40 rows at 10 a second, the first one at once or after a tenth. */
    ck_assert_int_ge(now.waited_us, 3900000);
    ck_assert_int_le(now.waited_us, 4000000);
    pln_graph_free(g);
    pln_table_free(out);
}
END_TEST

START_TEST(wait_until_is_when_to_step_again) {
    pln_graph *g = wired(&script_unbounded);
    pln_run *run;
    int64_t wake;
    source.acts = "3w3";
    pln_run_options options = options_of(PLN_BATCH, 0);
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, &wake, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, now.now_us + 1000000);
    OK(pln_run_finish(run, &err));
    expect_rows(sink, 6);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* An epoch by time wakes its run though no row comes. */
START_TEST(epochs_by_time) {
    pln_graph *g = wired(&script_unbounded);
    pln_run *run;
    int64_t wake;
    pln_run_options options = options_of(PLN_STREAM, 0);
    options.epoch_us = 250000;
    source.acts = "3aaaaaaaaaaaa3";
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, &wake, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, now.now_us + 250000);
    ck_assert_int_eq(sink->n, 0);
    now.now_us = wake - 1;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(sink->n, 0);
    now.now_us += 1;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_OK);
    ck_assert_int_eq(sink->n, 3);
    /* Nothing new: no epoch to wait for. */
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    while (pln_run_step(run, 0, &wake, &err) != PLN_EOS)
        now.now_us += 1000;
    expect_rows(sink, 6);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(descriptors_are_shown_to_the_host) {
    pln_graph *g = wired(&script_unbounded);
    pln_run *run;
    pln_wait_fd fds[4] = {{0, 0}};
    int64_t wake;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    source.acts = "3f3";
    source.fd = ends[0];
    OK(pln_run_open(g, NULL, &run, &err));
    OK(pln_run_step(run, 0, &wake, &err));
    ck_assert_int_eq(pln_run_wait_fds(run, fds, 4), 0);
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    ck_assert_int_eq(pln_run_wait_fds(run, NULL, 0), 1);
    ck_assert_int_eq(pln_run_wait_fds(run, fds, 4), 1);
    ck_assert_int_eq(fds[0].fd, ends[0]);
    ck_assert_int_eq(fds[0].events, PLN_READABLE);
    OK(pln_run_step(run, 0, &wake, &err));
    ck_assert_int_eq(pln_run_wait_fds(run, fds, 4), 0);
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
    pln_graph_free(g);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(finish_waits_for_descriptors_with_the_clock) {
    pln_graph *g = wired(&script_unbounded);
    source.acts = "3f3";
    source.fd = 0;
    OK(pln_graph_run(g, NULL, NULL, &err));
    ck_assert_int_eq(now.waits, 1);
    ck_assert_int_eq(now.last_fds, 1);
    pln_graph_free(g);
}
END_TEST

/* ---- callbacks ---- */

typedef struct told {
    int32_t calls, done;
    pln_progress last;
} told;

static void progress(void *user, const pln_progress *p) {
    told *t = user;
    ck_assert_int_ge(p->rows_in, t->last.rows_in);
    t->calls++;
    t->done += p->done;
    t->last = *p;
}

START_TEST(progress_is_told) {
    pln_graph *g = wired(&script_unbounded);
    told t = {0};
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.progress = progress;
    options.progress_user = &t;
    source.acts = "3w3w3";
    OK(pln_graph_run(g, &options, NULL, &err));
    /* After each second, and at the end. */
    ck_assert_int_eq(t.calls, 3);
    ck_assert_int_eq(t.done, 1);
    ck_assert_int_eq(t.last.rows_in, 9);
    ck_assert_int_eq(t.last.rows_out, 9);
    ck_assert_int_eq(t.last.work_done, 5);
    ck_assert_int_eq(t.last.work_total, 5);
    ck_assert_int_eq(t.last.elapsed_us, 2000000);
    ck_assert_int_eq(t.last.epochs, 1);
    pln_graph_free(g);
}
END_TEST

static int64_t epochs_told, rows_told;
static void metric(void *user, const char *node, const char *name, int64_t value) {
    (void)user;
    if (strcmp(node, "") == 0 && strcmp(name, "epoch") == 0)
        ck_assert_int_eq(value, ++epochs_told);
    if (strcmp(node, "in") == 0 && strcmp(name, "rows_in") == 0)
        rows_told = value;
}

START_TEST(metrics_are_told_with_each_epoch) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_MICRO_BATCH, 3);
    options.metric = metric;
    epochs_told = rows_told = 0;
    OK(pln_graph_run(g, &options, NULL, &err));
    ck_assert_int_eq(epochs_told, 4);
    ck_assert_int_eq(rows_told, 9);
    pln_graph_free(g);
}
END_TEST

START_TEST(polls_keep_to_delivery_and_epoch) {
    pln_graph *g = wired(&script_source);
    pln_run_options options = options_of(PLN_BATCH, 7);
    options.max_batch_rows = 5;
    source.acts = "999";
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_rows(sink, 27);
    ck_assert_int_eq(source.max_rows, 5);
    /* 7 + 7 + 7 + 6, polls of at most 5 rows that end where an epoch ends */
    ck_assert_str_eq(sink->log, "sbwwpcbwwpcbwwpcbwwfpc");
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_flow(void);
Suite *suite_run_flow(void) {
    Suite *suite = suite_create("run/flow");
    TCase *tc = tcase_create("flow");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_parked_sink_holds_only_its_own_sources);
    tcase_add_test(tc, a_sink_that_is_parked_for_ever_waits);
    tcase_add_test(tc, the_rest_of_a_fan_out_goes_on);
    tcase_add_test(tc, a_barrier_commits_before_the_next_poll);
    tcase_add_test(tc, a_barrier_of_one_source_does_not_lose_the_other);
    tcase_add_test(tc, a_schema_may_come_late);
    tcase_add_test(tc, a_changed_schema_stops_the_run);
    tcase_add_loop_test(tc, a_schema_that_did_not_change_is_no_change, 0, 3);
    tcase_add_test(tc, rows_of_a_changed_schema_may_be_rejected);
    tcase_add_test(tc, a_changed_schema_may_be_taken);
    tcase_add_test(tc, a_changed_schema_that_a_node_refuses_stops_the_run);
    tcase_add_loop_test(tc, a_resumed_run_holds_to_its_schema, 0, 3);
    tcase_add_loop_test(tc, a_schema_that_changed_between_attempts, 0, 3);
    tcase_add_test(tc, a_rate_is_kept_by_the_clock);
    tcase_add_test(tc, wait_until_is_when_to_step_again);
    tcase_add_test(tc, epochs_by_time);
    tcase_add_test(tc, descriptors_are_shown_to_the_host);
    tcase_add_test(tc, finish_waits_for_descriptors_with_the_clock);
    tcase_add_test(tc, progress_is_told);
    tcase_add_test(tc, metrics_are_told_with_each_epoch);
    tcase_add_test(tc, polls_keep_to_delivery_and_epoch);
    suite_add_tcase(suite, tc);
    return suite;
}
