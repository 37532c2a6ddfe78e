#include "graph/graph.h"
#include "world.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Every number of pln_run_options at the ends of its range: refused by name and value, or lived with. */

static void setup(void) {
    /* A clock that stands at 0 is as good as any. */
    world_up(0, "555");
}

static pln_graph *graph(void) {
    return world_graph("options", &script_source, &probe_sink);
}

static void progress(void *user, const pln_progress *p) {
    (void)p;
    ++*(int64_t *)user;
}

/* ---- what is refused ---- */

typedef struct field {
    const char *name;
    size_t offset, size;
    int64_t low, high;
} field;

#define FIELD(name, low, high)                                                                     \
    { #name, offsetof(pln_run_options, name), sizeof(((pln_run_options *)0)->name), low, high }
static const field fields[] = {
    FIELD(mode, PLN_BATCH, PLN_STREAM),
    FIELD(guarantee, PLN_AT_LEAST_ONCE, PLN_EXACTLY_ONCE),
    FIELD(when_done, PLN_WHEN_DONE_RESTART, PLN_WHEN_DONE_SKIP),
    FIELD(on_schema_change, PLN_SCHEMA_CHANGE_FAIL, PLN_SCHEMA_CHANGE_ADAPT),
    FIELD(workers, 1, INT32_MAX),
    FIELD(interval_start_us, INT64_MIN, 0), /* the end is 0 */
    FIELD(interval_end_us, 0, INT64_MAX),
    FIELD(max_batch_rows, 1, 65536),
    FIELD(max_batch_bytes, 1, INT64_MAX),
    FIELD(max_linger_us, 0, INT64_MAX),
    FIELD(epoch_rows, 0, INT64_MAX),
    FIELD(epoch_us, 0, INT64_MAX),
    FIELD(attempts, 1, INT32_MAX),
    FIELD(retry_delay_us, 0, INT64_MAX),
    FIELD(n_params, 0, 0), /* params is NULL */
    FIELD(seed, INT64_MIN, INT64_MAX),
    FIELD(progress_us, 0, INT64_MAX),
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

/* Drives the run until it is over, or waits for ever; then it is asked to stop. */
static void drive(pln_run *run) {
    for (int i = 0; i < 100; i++) {
        int64_t wake = -1;
        pln_status status = pln_run_step(run, INT64_MAX, &wake, &err);
        if (status == PLN_EOS || status < 0)
            return;
        if (status == PLN_AGAIN && wake == INT64_MAX)
            pln_run_stop(run);
        else if (status == PLN_AGAIN)
            now.now_us = wake;
    }
    ck_abort_msg("no end");
}

/* Whether the epoch that fails once gets its second attempt, in the time that there is. */
static bool tried_again(const pln_run_options *options) {
    return options->attempts > 1 && options->retry_delay_us < INT64_MAX;
}

static void try_value(const field *f, int32_t mode, int64_t value) {
    pln_run_options options;
    pln_run *run = NULL;
    char shown[32];
    int64_t told = 0;
    pln_run_options_init(&options, sizeof options);
    options.mode = mode;
    options.progress = progress;
    options.progress_user = &told;
    if (f->size == 4)
        memcpy((char *)&options + f->offset, &(int32_t){(int32_t)value}, 4);
    else
        memcpy((char *)&options + f->offset, &value, 8);
    now.now_us = 0;
    memset(sink->log, 0, sizeof sink->log);
    sink->n = sink->committed_n = 0;
    sink->fail_writes = 1;
    pln_graph *g = graph();
    memset(&err, 0, sizeof err);
    pln_status status = pln_run_open(g, &options, &run, &err);
    snprintf(shown, sizeof shown, "%" PRId64, value);
    if (value < f->low || value > f->high) {
        ck_assert_msg(status == PLN_EINVAL, "%s %s: %d", f->name, shown, (int)status);
        ck_assert_msg(strstr(err.message, f->name) != NULL, "%s: %s", f->name, err.message);
        ck_assert_msg(strstr(err.message, shown) != NULL, "%s: %s", shown, err.message);
    } else if (strcmp(f->name, "workers") == 0 && value > 1) {
        ck_assert_int_eq(status, PLN_EUNSUPPORTED);
    } else if (strcmp(f->name, "guarantee") == 0 && value == PLN_EXACTLY_ONCE) {
        ck_assert_int_eq(status, PLN_EGUARANTEE); /* no state file */
    } else {
        ck_assert_msg(status >= 0, "%s %s: %s", f->name, shown, err.message);
        drive(run);
        if (tried_again(&options)) {
            ck_assert_msg(sink->n == 15, "%s %s: %d rows", f->name, shown, (int)sink->n);
            ck_assert_int_gt(told, 0);
        }
    }
    pln_run_free(run);
    pln_graph_free(g);
}

START_TEST(every_number_at_the_ends_of_its_range) {
    const field *f = &fields[_i];
    bool narrow = f->size == 4;
    int64_t lowest = narrow ? INT32_MIN : INT64_MIN, highest = narrow ? INT32_MAX : INT64_MAX;
    const int64_t values[] = {lowest, lowest + 1, -1, 0, 1, 65536, 65537, highest - 1, highest};
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++)
        for (int32_t mode = PLN_BATCH; mode <= PLN_STREAM; mode++)
            try_value(f, mode, values[v]);
}
END_TEST

static void refused(const pln_run_options *options, const char *words) {
    pln_run *run;
    pln_graph *g = graph();
    ck_assert_int_eq(pln_run_open(g, options, &run, &err), PLN_EINVAL);
    ck_assert_ptr_null(run);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    pln_graph_free(g);
}

START_TEST(an_interval_ends_after_it_starts) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.interval_start_us = 3600000000;
    options.interval_end_us = 1800000000;
    refused(&options, "interval_end_us 1800000000 is before interval_start_us 3600000000");
}
END_TEST

START_TEST(params_have_names_and_values) {
    pln_run_options options;
    const pln_param params[] = {{"day", "1"}, {"hour", NULL}, {NULL, "2"}};
    pln_run_options_init(&options, sizeof options);
    options.n_params = 3;
    refused(&options, "n_params 3, but params is NULL");
    options.params = params;
    refused(&options, "params[1]: its value is NULL");
    options.params = params + 2;
    options.n_params = 1;
    refused(&options, "params[0]: its name is NULL");
}
END_TEST

/* ---- durations that never end ---- */

START_TEST(a_retry_may_be_as_far_as_time_goes) {
    static const int64_t delays[] = {INT64_MAX, INT64_MAX - 5, INT64_MAX / 2 + 1};
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = 0;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.retry_delay_us = delays[_i];
    options.attempts = 5;
    sink->fail_writes = 2;
    OK(pln_run_open(g, &options, &run, &err));
    now.now_us = 10;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, delays[_i] > INT64_MAX - 10 ? INT64_MAX : delays[_i] + 10);
    now.now_us = wake;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    now.now_us = wake;
    ck_assert_int_eq(pln_run_step(run, INT64_MAX, &wake, &err), PLN_EOS);
    ck_assert_int_eq(sink->n, 15);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_delay_that_has_doubled_for_long_stops_growing) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = 0;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.retry_delay_us = INT64_C(1) << 30;
    options.attempts = 60;
    sink->fail_writes = 50;
    OK(pln_run_open(g, &options, &run, &err));
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
        ck_assert_int_eq(wake - now.now_us, INT64_C(1) << (i < 20 ? 30 + i : 50));
        now.now_us = wake;
    }
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* The clock stands at 0 and there is no delay: the instant of the retry is 0. */
START_TEST(a_retry_at_the_beginning_of_time) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = -1;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.retry_delay_us = 0;
    sink->fail_writes = 1;
    OK(pln_run_open(g, &options, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, 0);
    ck_assert_int_eq(pln_run_step(run, INT64_MAX, &wake, &err), PLN_EOS);
    ck_assert_int_eq(sink->n, 15);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(an_epoch_may_be_as_long_as_time) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = 0;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.mode = PLN_STREAM;
    options.epoch_us = INT64_MAX;
    source.acts = "5aa5";
    now.now_us = 1000;
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, &wake, &err));
    now.now_us = 2000;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    ck_assert_int_eq(sink->n, 0);
    now.now_us = INT64_MAX;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* ---- stop does not wait for a retry ---- */

START_TEST(a_run_that_waits_to_try_again_can_be_stopped) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = 0;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = 5;
    options.retry_delay_us = INT64_MAX;
    sink->good_writes = 1;
    sink->fail_writes = 1;
    OK(pln_run_open(g, &options, &run, &err));
    ck_assert_int_eq(pln_run_step(run, INT64_MAX, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, INT64_MAX);
    pln_run_stop(run);
    OK(pln_run_finish(run, &err));
    ck_assert_int_eq(sink->n, 5);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* What was committed is shown before the run ends; if even that fails, the host is told. */
START_TEST(a_stopped_run_tries_once_to_show_what_it_committed) {
    pln_graph *g = graph();
    pln_run *run;
    int64_t wake = 0;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = 5;
    options.retry_delay_us = INT64_MAX;
    options.attempts = INT32_MAX;
    sink->fail_commits = _i == 0 ? 1 : INT32_MAX;
    OK(pln_run_open(g, &options, &run, &err));
    ck_assert_int_eq(pln_run_step(run, INT64_MAX, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(sink->n, 0);
    pln_run_stop(run);
    if (_i == 0) {
        OK(pln_run_finish(run, &err));
        ck_assert_int_eq(sink->n, 5);
    } else {
        ck_assert_int_eq(pln_run_finish(run, &err), PLN_EBUSY);
    }
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* ---- the system's clock ---- */

START_TEST(the_system_s_clock_can_be_asked_to_wait_for_any_time) {
    static const int64_t times[] = {INT64_MIN, -1, 0, INT64_MAX / 1000, INT64_MAX - 1, INT64_MAX};
    pln_runtime *own;
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    OK(pln_runtime_new(NULL, &own, &err));
    pln_wait_fd fd = {ends[0], PLN_READABLE}; /* ready, so that no wait takes time */
    own->clock.wait(own->clock.user, &fd, 1, times[_i]);
    pln_runtime_free(own);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* ---- a rate ---- */

START_TEST(a_rate_may_be_any_number) {
    static const char *const rates[] = {"1e-300", "5e-324", "1e-9", "1e300"};
    char config[128];
    pln_graph *g;
    pln_run *run;
    pln_table *out;
    pln_status status;
    int64_t wake = 0;
    snprintf(config, sizeof config,
             "{\"columns\": {\"id\": {\"sequence\": 0}}, \"rows\": 3, \"rate\": %s}", rates[_i]);
    OK(pln_table_new(rt, NULL, &out, &err));
    OK(pln_graph_new(rt, "rate", &g, &err));
    OK(pln_graph_add(g, "in", "generate", config, &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    now.now_us = 1000;
    OK(pln_run_open(g, NULL, &run, &err));
    for (int i = 0; i < 10 && (status = pln_run_step(run, 0, &wake, &err)) != PLN_EOS; i++) {
        OK(status);
        if (status == PLN_AGAIN && wake > now.now_us)
            now.now_us = i < 8 ? wake : INT64_MAX;
    }
    OK(pln_run_abort(run, &err));
    pln_run_free(run);
    pln_graph_free(g);
    pln_table_free(out);
}
END_TEST

Suite *suite_run_options(void);
Suite *suite_run_options(void) {
    Suite *suite = suite_create("run/options");
    TCase *tc = tcase_create("options");
    tcase_add_checked_fixture(tc, setup, world_down);
    tcase_add_loop_test(tc, every_number_at_the_ends_of_its_range, 0, N_FIELDS);
    tcase_add_test(tc, an_interval_ends_after_it_starts);
    tcase_add_test(tc, params_have_names_and_values);
    tcase_add_loop_test(tc, a_retry_may_be_as_far_as_time_goes, 0, 3);
    tcase_add_test(tc, a_delay_that_has_doubled_for_long_stops_growing);
    tcase_add_test(tc, a_retry_at_the_beginning_of_time);
    tcase_add_test(tc, an_epoch_may_be_as_long_as_time);
    tcase_add_test(tc, a_run_that_waits_to_try_again_can_be_stopped);
    tcase_add_loop_test(tc, a_stopped_run_tries_once_to_show_what_it_committed, 0, 2);
    tcase_add_loop_test(tc, the_system_s_clock_can_be_asked_to_wait_for_any_time, 0, 6);
    tcase_add_loop_test(tc, a_rate_may_be_any_number, 0, 4);
    suite_add_tcase(suite, tc);
    return suite;
}
