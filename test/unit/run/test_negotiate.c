#include "world.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A node that can do less than its table, as it is configured: refused before the first row where more is asked for, named in the message. */

static void setup(void) {
    world_up(1000000000, "333");
}

static pln_run_options options_of(int32_t guarantee, bool state) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.guarantee = guarantee;
    options.state = state ? scratch_path(&dir, "state.db") : NULL;
    return options;
}

static pln_graph *graph_of(const pln_source *in, const pln_sink *out) {
    return world_graph("negotiate", in, out);
}

static void refused_at_open(pln_graph *g, const pln_run_options *options, const char *where,
                            const char *words) {
    pln_run *run;
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_run_open(g, options, &run, &err), PLN_EGUARANTEE);
    ck_assert_ptr_null(run);
    ck_assert_msg(strcmp(err.where, where) == 0, "%s: %s", err.where, err.message);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

static int32_t granted(pln_graph *g, const pln_run_options *options) {
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    OK(pln_graph_run(g, options, &report, &err));
    pln_report_summary(report, &s);
    pln_report_free(report);
    return s.guarantee;
}

/* ---- any stage ---- */

START_TEST(a_source_that_lacks_something) {
    pln_graph *g = graph_of(&script_source, &probe_sink);
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true),
                    state = options_of(PLN_AT_LEAST_ONCE, true),
                    none = options_of(PLN_AT_LEAST_ONCE, false);
    ck_assert_int_eq(granted(g, &exactly), PLN_EXACTLY_ONCE);
    source.lacks = "reads the tape, which runs once";
    source.polls = 0;
    refused_at_open(g, &exactly, "negotiate/in",
                    "exactly-once cannot be given: node 'in' reads the tape, which runs once");
    refused_at_open(g, &state, "negotiate/in", "node 'in' reads the tape, which runs once");
    exactly.state = NULL;
    refused_at_open(g, &exactly, "negotiate/in", "node 'in' reads the tape");
    ck_assert_int_eq(source.polls, 0);
    ck_assert_int_eq(granted(g, &none), PLN_AT_LEAST_ONCE);
    pln_graph_free(g);
}
END_TEST

/* Nobody asks it for a position, and what fails is not tried again. */
START_TEST(a_source_that_lacks_something_is_not_asked_to_go_back) {
    pln_source table = script_source;
    pln_run_options options = options_of(PLN_AT_LEAST_ONCE, false);
    pln_graph *g;
    source.lacks = "reads the tape, which runs once";
    table.save = NULL;
    for (int i = 0; i < 2; i++) {
        g = graph_of(i == 0 ? &table : &script_source, &probe_sink);
        sink->good_writes = 1;
        sink->fail_writes = 1;
        ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EBUSY);
        ck_assert_int_eq(source.opens, i + 1);
        pln_graph_free(g);
    }
}
END_TEST

/* Its table can prepare and commit; as it is, rows are out when flush returns. */
START_TEST(a_sink_that_lacks_something_is_of_mode_c) {
    pln_graph *g = graph_of(&script_source, &probe_sink);
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true),
                    state = options_of(PLN_AT_LEAST_ONCE, true);
    sink->lacks = "prints on paper";
    refused_at_open(g, &exactly, "negotiate/out", "node 'out' prints on paper");
    ck_assert_int_eq(source.polls, 0);
    ck_assert_int_eq(granted(g, &state), PLN_AT_LEAST_ONCE);
    ck_assert_str_eq(sink->log, "sbwwwf");
    pln_graph_free(g);
}
END_TEST

START_TEST(idempotence_does_not_help_what_lacks_something) {
    pln_sink table = probe_sink;
    table.caps |= PLN_CAP_IDEMPOTENT;
    pln_graph *g = graph_of(&script_source, &table);
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true);
    sink->lacks = "prints on paper";
    refused_at_open(g, &exactly, "negotiate/out", "node 'out' prints on paper");
    pln_graph_free(g);
}
END_TEST

/* What was said in one attempt is not held against the next. */
START_TEST(what_lacks_is_said_anew_with_each_open) {
    pln_graph *g = graph_of(&script_source, &probe_sink);
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true);
    sink->lacks = "prints on paper";
    refused_at_open(g, &exactly, "negotiate/out", "prints on paper");
    sink->lacks = NULL;
    ck_assert_int_eq(granted(g, &exactly), PLN_EXACTLY_ONCE);
    pln_graph_free(g);
}
END_TEST

/* A state-hosting sink commits its rows alone, without the head, and leaves the head to others. */
typedef struct host_sink {
    bool lacks;
    int32_t opened, with_head, without_head;
} host_sink;

static pln_status hs_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                          pln_error *e) {
    host_sink *h = user;
    (void)config;
    *self = h;
    return h->lacks ? ctx->host->lacks(ctx, "keeps its rows in memory", e) : PLN_OK;
}
static pln_status hs_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    (void)self;
    (void)ctx;
    (void)batch;
    (void)e;
    return PLN_OK;
}
static void hs_close(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
}
static pln_status hs_state_open(void *self, pln_context *ctx, int64_t *owner, int64_t *n,
                                const void **head, int64_t *size, pln_error *e) {
    host_sink *h = self;
    (void)ctx;
    (void)e;
    h->opened++;
    *owner = 1;
    *n = 0;
    *head = NULL;
    *size = 0;
    return PLN_OK;
}
static pln_status hs_state_commit(void *self, pln_context *ctx, int64_t owner, int64_t n,
                                  const void *head, int64_t size, pln_error *e) {
    host_sink *h = self;
    (void)ctx;
    (void)owner;
    (void)n;
    (void)size;
    (void)e;
    if (head != NULL)
        h->with_head++;
    else
        h->without_head++;
    return PLN_OK;
}

START_TEST(a_state_hosting_sink_that_lacks_something_hosts_no_state) {
    const pln_sink table = {.struct_size = sizeof table,
                            .abi = PLN_PLUGIN_ABI,
                            .name = "host",
                            .summary = "Hosts state.",
                            .open = hs_open,
                            .write = hs_write,
                            .close = hs_close,
                            .state_open = hs_state_open,
                            .state_commit = hs_state_commit};
    host_sink one = {.lacks = true}, two = {0};
    pln_graph *g;
    pln_run_options options = options_of(PLN_AT_LEAST_ONCE, true);
    OK(pln_graph_new(rt, "negotiate", &g, &err));
    OK(pln_graph_add_source(g, "in", &script_source, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "one", &table, &one, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "two", &table, &two, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > one; in > two", &err));
    ck_assert_int_eq(granted(g, &options), PLN_AT_LEAST_ONCE);
    ck_assert_int_eq(one.opened + one.with_head, 0);
    ck_assert_int_eq(one.without_head, 1);
    ck_assert_int_eq(two.opened, 1);
    ck_assert_int_eq(two.with_head, 1);
    pln_graph_free(g);
}
END_TEST

static pln_status late_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    (void)self;
    (void)batch;
    return ctx->host->lacks(ctx, "thought of it late", e);
}

START_TEST(lacks_is_legal_in_open_only) {
    pln_sink table = probe_sink;
    table.write = late_write;
    pln_graph *g = graph_of(&script_source, &table);
    ck_assert_int_eq(pln_graph_run(g, NULL, NULL, &err), PLN_ECONTRACT);
    ck_assert_msg(strstr(err.message, "lacks: legal in open only") != NULL, "%s", err.message);
    pln_graph_free(g);
}
END_TEST

/* ---- descriptors ---- */

static const char *const formats[] = {"csv", "ndjson"};
static const char *const rows[] = {"id\n1\n2\n", "{\"id\":1}\n{\"id\":2}\n"};

static pln_graph *descriptor_graph(const char *format, int in, int out) {
    char stage[32];
    pln_graph *g;
    OK(pln_graph_new(rt, "fd", &g, &err));
    snprintf(stage, sizeof stage, "%s.read", format);
    OK(pln_graph_add(g, "read", stage, NULL, &err));
    if (in >= 0)
        OK(pln_graph_bind(g, "read", "fd", (void *)(intptr_t)in, NULL, &err));
    else
        OK(pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in"), &err));
    snprintf(stage, sizeof stage, "%s.write", format);
    OK(pln_graph_add(g, "write", stage, NULL, &err));
    if (out >= 0)
        OK(pln_graph_bind(g, "write", "fd", (void *)(intptr_t)out, NULL, &err));
    else
        OK(pln_graph_set_text(g, "write", "path", scratch_path(&dir, "out"), &err));
    OK(pln_graph_wire(g, "read > write", &err));
    return g;
}

static void expect_pipe(int fd, const char *expected) {
    char got[100];
    ssize_t size = read(fd, got, sizeof got);
    if (expected == NULL) {
        ck_assert_int_eq(size, -1);
        return;
    }
    ck_assert_int_eq(size, (ssize_t)strlen(expected));
    ck_assert_int_eq(memcmp(got, expected, (size_t)size), 0);
}

START_TEST(reading_a_descriptor) {
    int ends[2];
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true),
                    state = options_of(PLN_AT_LEAST_ONCE, true),
                    none = options_of(PLN_AT_LEAST_ONCE, false);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], rows[_i], strlen(rows[_i])), (ssize_t)strlen(rows[_i]));
    close(ends[1]);
    pln_graph *g = descriptor_graph(formats[_i], ends[0], -1);
    refused_at_open(g, &exactly, "fd/read", "node 'read' reads a descriptor (option 'fd')");
    refused_at_open(g, &state, "fd/read", "node 'read' reads a descriptor (option 'fd')");
    /* Nothing was read: all of it is still there. */
    ck_assert_int_eq(granted(g, &none), PLN_AT_LEAST_ONCE);
    char *out = scratch_read(&dir, "out", NULL);
    ck_assert_str_eq(out, rows[_i]);
    free(out);
    pln_graph_free(g);
    close(ends[0]);
}
END_TEST

START_TEST(writing_to_a_descriptor) {
    int ends[2];
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true),
                    state = options_of(PLN_AT_LEAST_ONCE, true);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    scratch_write(&dir, "in", rows[_i], -1);
    pln_graph *g = descriptor_graph(formats[_i], -1, ends[1]);
    refused_at_open(g, &exactly, "fd/write", "node 'write' writes to a descriptor (option 'fd')");
    expect_pipe(ends[0], NULL);
    ck_assert_int_eq(granted(g, &state), PLN_AT_LEAST_ONCE);
    expect_pipe(ends[0], rows[_i]);
    pln_graph_free(g);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(files_by_their_paths_lack_nothing) {
    pln_run_options exactly = options_of(PLN_EXACTLY_ONCE, true);
    scratch_write(&dir, "in", rows[_i], -1);
    pln_graph *g = descriptor_graph(formats[_i], -1, -1);
    ck_assert_int_eq(granted(g, &exactly), PLN_EXACTLY_ONCE);
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_negotiate(void);
Suite *suite_run_negotiate(void) {
    Suite *suite = suite_create("run/negotiate");
    TCase *tc = tcase_create("negotiate");
    tcase_add_checked_fixture(tc, setup, world_down);
    tcase_add_test(tc, a_source_that_lacks_something);
    tcase_add_test(tc, a_source_that_lacks_something_is_not_asked_to_go_back);
    tcase_add_test(tc, a_sink_that_lacks_something_is_of_mode_c);
    tcase_add_test(tc, idempotence_does_not_help_what_lacks_something);
    tcase_add_test(tc, what_lacks_is_said_anew_with_each_open);
    tcase_add_test(tc, a_state_hosting_sink_that_lacks_something_hosts_no_state);
    tcase_add_test(tc, lacks_is_legal_in_open_only);
    tcase_add_loop_test(tc, reading_a_descriptor, 0, 2);
    tcase_add_loop_test(tc, writing_to_a_descriptor, 0, 2);
    tcase_add_loop_test(tc, files_by_their_paths_lack_nothing, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
