#include <check.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

/* Tables of the numbers 0, 1, 2 ... in one column "id", and graphs between them. */

static pln_runtime *rt;
static pln_error err;
static int64_t idle_bytes;

static void setup(void) {
    memset(&err, 0, sizeof err);
    pln_memory memory = {.struct_size = sizeof memory};
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    pln_runtime_memory(rt, &memory);
    idle_bytes = memory.live_bytes;
}

static void teardown(void) {
    pln_memory memory = {.struct_size = sizeof memory};
    pln_runtime_memory(rt, &memory);
    ck_assert_int_le(memory.live_bytes, idle_bytes);
    pln_runtime_free(rt);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void never_released(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema id_column = {"l", "id", NULL, 0, 0, NULL, NULL, never_released, NULL};
static struct ArrowSchema *id_children[] = {&id_column};
static struct ArrowSchema id_schema = {"+s",        "",   NULL,           0,   1,
                                       id_children, NULL, never_released, NULL};

static pln_table *numbers(int64_t from, int64_t n, int64_t per_batch) {
    pln_table *table;
    pln_builder *builder;
    OK(pln_table_new(rt, &id_schema, &table, &err));
    OK(pln_builder_new(rt, &id_schema, &builder, &err));
    for (int64_t i = 0; i < n; i++) {
        OK(pln_column_int(pln_builder_column(builder, 0), from + i, &err));
        if ((i + 1) % per_batch == 0 || i + 1 == n) {
            pln_batch *batch;
            OK(pln_builder_finish(builder, &batch, &err));
            OK(pln_table_append(table, batch, &err));
            pln_batch_unref(batch);
        }
    }
    pln_builder_free(builder);
    return table;
}

/* All ids of a table, in order. */
static int64_t *ids_of(const pln_table *table, int64_t *n) {
    int64_t *ids = malloc((size_t)(pln_table_rows(table) + 1) * sizeof *ids);
    *n = 0;
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const struct ArrowArray *column = pln_batch_array(pln_table_batch(table, b))->children[0];
        const int64_t *values = column->buffers[1];
        for (int64_t i = 0; i < column->length; i++)
            ids[(*n)++] = values[column->offset + i];
    }
    return ids;
}

static pln_table *empty_table(void) {
    pln_table *table;
    OK(pln_table_new(rt, NULL, &table, &err));
    return table;
}

static pln_graph *graph_of(pln_table *in, pln_table *out) {
    pln_graph *g;
    OK(pln_graph_new(rt, "test", &g, &err));
    OK(pln_graph_add(g, "in", "memory.read", NULL, &err));
    OK(pln_graph_bind(g, "in", "table", in, NULL, &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    return g;
}

static pln_run_options options_of(int32_t mode, int64_t epoch_rows) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.mode = mode;
    options.epoch_rows = epoch_rows;
    return options;
}

START_TEST(rows_pass_in_every_mode) {
    static const struct {
        int32_t mode;
        int64_t rows, epochs;
    } cases[] = {{PLN_BATCH, 0, 1}, {PLN_MICRO_BATCH, 1, 1001}, {PLN_MICRO_BATCH, 7, 143},
                 {PLN_MICRO_BATCH, 1000, 2}, {PLN_STREAM, 100, 11}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        pln_table *in = numbers(0, 1000, 64), *out = empty_table();
        pln_graph *g = graph_of(in, out);
        pln_report *report;
        pln_run_summary summary = {.struct_size = sizeof summary};
        pln_run_options options = options_of(cases[c].mode, cases[c].rows);
        int64_t n;
        OK(pln_graph_wire(g, "in > out", &err));
        OK(pln_graph_run(g, &options, &report, &err));
        int64_t *ids = ids_of(out, &n);
        ck_assert_int_eq(n, 1000);
        for (int64_t i = 0; i < n; i++)
            ck_assert_int_eq(ids[i], i);
        pln_report_summary(report, &summary);
        ck_assert_int_eq(summary.status, PLN_EOS);
        ck_assert_int_eq(summary.rows_in, 1000);
        ck_assert_int_eq(summary.rows_out, 1000);
        ck_assert_int_eq(summary.epochs, cases[c].epochs);
        free(ids);
        pln_report_free(report);
        pln_graph_free(g);
        pln_table_free(in);
        pln_table_free(out);
    }
}
END_TEST

static pln_status keep_all(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                           pln_error *e) {
    (void)ctx;
    (void)e;
    ++*(int64_t *)user;
    *out = pln_batch_ref(in);
    return PLN_OK;
}

static pln_status lose_one(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                           pln_error *e) {
    (void)user;
    (void)ctx;
    return pln_batch_slice(in, 1, pln_batch_rows(in) - 1, out, e);
}

START_TEST(a_rowwise_map_must_keep_every_row) {
    pln_table *in = numbers(0, 10, 5), *out = empty_table();
    pln_graph *g = graph_of(in, out);
    int64_t calls = 0;
    OK(pln_graph_add_map(g, "same", keep_all, &calls, NULL, NULL, &err));
    OK(pln_graph_add_map(g, "lossy", lose_one, NULL, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > same > lossy > out", &err));
    ck_assert_int_eq(pln_graph_run(g, NULL, NULL, &err), PLN_ECONTRACT);
    ck_assert_str_eq(err.where, "test/lossy");
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(pln_table_rows(out), 0);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(fan_out_shares_and_counts_once) {
    pln_table *in = numbers(0, 100, 10), *a = empty_table(), *b = empty_table();
    pln_graph *g = graph_of(in, a);
    pln_report *report;
    pln_node_summary node = {.struct_size = sizeof node};
    OK(pln_graph_add(g, "second", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "second", "table", b, NULL, &err));
    OK(pln_graph_wire(g, "in > out; in > second", &err));
    OK(pln_graph_run(g, NULL, &report, &err));
    OK(pln_report_node(report, 0, &node));
    ck_assert_int_eq(node.rows_out, 100);
    ck_assert_int_eq(node.passed, 100);
    ck_assert_int_eq(pln_table_rows(a), 100);
    ck_assert_int_eq(pln_batch_equal(pln_table_batch(a, 3), pln_table_batch(b, 3)), 1);
    pln_report_free(report);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(a);
    pln_table_free(b);
}
END_TEST

/* A transform that rejects odd ids. */
static pln_status odd_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *e) {
    (void)ctx;
    (void)config;
    (void)e;
    *self = user;
    return PLN_OK;
}

static pln_status odd_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *e) {
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[0];
    const int64_t *ids = column->buffers[1];
    int32_t even[64];
    int64_t n = 0;
    pln_batch *out;
    (void)self;
    (void)port;
    for (int64_t i = 0; i < column->length; i++) {
        pln_rejection item = {i, PLN_EDATA, 0, "id", "it is odd"};
        if (ids[column->offset + i] % 2 == 0)
            even[n++] = (int32_t)i;
        else if (ctx->host->reject(ctx, batch, &item, 1, e) < 0)
            return e->status;
    }
    pln_status status = ctx->host->batch_derive(ctx, 0, batch, even, n, NULL, &out, e);
    return status < 0 ? status : ctx->host->emit(ctx, 0, out, e);
}

static void odd_close(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
}

static const pln_transform odd = {.struct_size = sizeof odd,
                                  .abi = PLN_PLUGIN_ABI,
                                  .name = "odd",
                                  .summary = "",
                                  .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
                                  .open = odd_open,
                                  .process = odd_process,
                                  .close = odd_close};

START_TEST(rejects_go_to_their_port_with_position) {
    pln_table *in = numbers(100, 50, 7), *out = empty_table(), *bad = empty_table();
    pln_graph *g = graph_of(in, out);
    pln_run_options options = options_of(PLN_MICRO_BATCH, 11);
    int64_t seen = 0;
    OK(pln_graph_add_transform(g, "odd", &odd, NULL, NULL, NULL, &err));
    OK(pln_graph_add(g, "bad", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "bad", "table", bad, NULL, &err));
    OK(pln_graph_wire(g, "in > odd > out; odd.reject > bad", &err));
    OK(pln_graph_run(g, &options, NULL, &err));
    ck_assert_int_eq(pln_table_rows(out), 25);
    ck_assert_int_eq(pln_table_rows(bad), 25);
    for (int64_t b = 0; b < pln_table_count(bad); b++) {
        const struct ArrowArray *rows = pln_batch_array(pln_table_batch(bad, b));
        const int64_t *position = rows->children[5]->buffers[1];
        for (int64_t i = 0; i < rows->length; i++, seen += 2)
            ck_assert_int_eq(position[rows->children[5]->offset + i], seen + 1);
    }
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
    pln_table_free(bad);
}
END_TEST

START_TEST(a_reject_nobody_takes_stops_the_run) {
    pln_table *in = numbers(0, 10, 10), *out = empty_table();
    pln_graph *g = graph_of(in, out);
    OK(pln_graph_add_transform(g, "odd", &odd, NULL, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > odd > out", &err));
    ck_assert_int_eq(pln_graph_run(g, NULL, NULL, &err), PLN_EREJECTED);
    ck_assert_int_eq(err.flags & PLN_ERR_DATA, PLN_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "it is odd"));
    pln_graph_free(g);
    g = graph_of(in, out);
    OK(pln_graph_add_transform(g, "odd", &odd, NULL, NULL, "{\"on_reject\":\"drop\"}", &err));
    OK(pln_graph_wire(g, "in > odd > out", &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    ck_assert_int_eq(pln_table_rows(out), 5);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(exactly_once_is_refused_without_state) {
    pln_table *in = numbers(0, 10, 10), *out = empty_table();
    pln_graph *g = graph_of(in, out);
    pln_run_options options = options_of(PLN_BATCH, 0);
    options.guarantee = PLN_EXACTLY_ONCE;
    OK(pln_graph_wire(g, "in > out", &err));
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EGUARANTEE);
    ck_assert_msg(strstr(err.message, "out") != NULL, "%s", err.message);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(stop_commits_what_was_read) {
    pln_table *in = numbers(0, 100, 10), *out = empty_table();
    pln_graph *g = graph_of(in, out);
    pln_run *run;
    OK(pln_graph_wire(g, "in > out", &err));
    OK(pln_run_open(g, NULL, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_OK);
    ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_OK);
    ck_assert_int_eq(pln_table_rows(out), 0);
    pln_run_stop(run);
    ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_EOS);
    ck_assert_int_eq(pln_table_rows(out), 20);
    pln_run_free(run);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(an_abandoned_run_shows_nothing) {
    pln_table *in = numbers(0, 100, 10), *out = empty_table();
    pln_graph *g = graph_of(in, out);
    pln_run *run;
    OK(pln_graph_wire(g, "in > out", &err));
    OK(pln_run_open(g, NULL, &run, &err));
    pln_run_free(run);
    OK(pln_run_open(g, NULL, &run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_OK);
    pln_run_free(run);
    ck_assert_int_eq(pln_table_rows(out), 0);
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(an_empty_graph_runs) {
    pln_graph *g;
    OK(pln_graph_new(rt, "empty", &g, &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_engine(void);
Suite *suite_run_engine(void) {
    Suite *suite = suite_create("run/engine");
    TCase *tc = tcase_create("engine");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, rows_pass_in_every_mode);
    tcase_add_test(tc, a_rowwise_map_must_keep_every_row);
    tcase_add_test(tc, fan_out_shares_and_counts_once);
    tcase_add_test(tc, rejects_go_to_their_port_with_position);
    tcase_add_test(tc, a_reject_nobody_takes_stops_the_run);
    tcase_add_test(tc, exactly_once_is_refused_without_state);
    tcase_add_test(tc, stop_commits_what_was_read);
    tcase_add_test(tc, an_abandoned_run_shows_nothing);
    tcase_add_test(tc, an_empty_graph_runs);
    suite_add_tcase(suite, tc);
    return suite;
}
