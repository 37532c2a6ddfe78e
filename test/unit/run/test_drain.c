/* The end of an epoch: transforms give what they hold for it, one behind the other, before anything is saved or prepared. */
#include "world.h"
#include <stddef.h>
#include <stdio.h>

/* Holds all batches until its drain, and notes in a log that both nodes share what is called. */
typedef struct holder {
    char letter;
    char *log;
    pln_batch *held[64];
    int64_t n, drained;
} holder;

static char log_text[400];
static holder first = {.letter = 'a', .log = log_text}, second = {.letter = 'b', .log = log_text};

static void note(holder *h, char what) {
    size_t used = strlen(h->log);
    snprintf(h->log + used, sizeof log_text - used, "%c%c ", h->letter, what);
}

static pln_status holder_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *e) {
    (void)ctx, (void)config, (void)e;
    *self = user;
    return PLN_OK;
}
static pln_status holder_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *e) {
    holder *h = self;
    (void)port, (void)e;
    h->held[h->n++] = ctx->host->batch_ref(batch);
    return PLN_OK;
}
static pln_status holder_drain(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    holder *h = self;
    pln_status status = PLN_OK;
    note(h, 'd');
    h->drained = n;
    for (int64_t i = 0; i < h->n && status >= 0; i++)
        status = ctx->host->emit(ctx, 0, h->held[i], e);
    h->n = 0;
    return status;
}
static pln_status holder_save(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    (void)n;
    note(self, 's');
    return ctx->host->state_put(ctx, "x", "", 0, e);
}
static pln_status holder_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *e) {
    (void)self, (void)ctx, (void)pieces, (void)count, (void)e;
    return PLN_OK;
}
static void holder_close(void *self, pln_context *ctx) {
    holder *h = self;
    while (h->n > 0)
        ctx->host->batch_unref(h->held[--h->n]);
}

static const pln_transform table = {
    .struct_size = sizeof table, .abi = PLN_PLUGIN_ABI, .name = "hold", .summary = "Holds rows.",
    .option_size = sizeof(pln_option), .open = holder_open, .process = holder_process,
    .close = holder_close, .save = holder_save, .load = holder_load, .drain = holder_drain};

static void setup(void) {
    world_up(1000, "5555");
    log_text[0] = '\0';
    first.drained = second.drained = 0;
}

static pln_graph *graph(const pln_transform *hold) {
    pln_graph *g = world_nodes("t", &script_source, &probe_sink);
    OK(pln_graph_add_transform(g, "b", hold, &second, NULL, NULL, &err));
    OK(pln_graph_add_transform(g, "a", hold, &first, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > a > b > out", &err));
    return g;
}

static pln_run_options options_of(int64_t epoch_rows) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = epoch_rows;
    options.state = scratch_path(&dir, "state.db");
    return options;
}

static void expect_all(void) {
    ck_assert_int_eq(sink->n, 20);
    for (int64_t i = 0; i < 20; i++)
        ck_assert_int_eq(sink->ids[i], i);
}

START_TEST(drains_go_down_the_graph_before_anything_is_saved) {
    pln_graph *g = graph(&table);
    pln_run_options options = options_of(10);
    OK(pln_graph_run(g, &options, NULL, &err));
    expect_all();
    ck_assert_str_eq(log_text, "ad bd bs as ad bd bs as ad bd bs as ");
    ck_assert_int_eq(first.drained, 3);
    pln_graph_free(g);
}
END_TEST

/* The sink has no room for what the drain brings: the epoch waits for it, and no row of the next comes before. */
START_TEST(a_drain_may_be_parked) {
    pln_graph *g = graph(&table);
    pln_run *run;
    pln_run_options options = options_of(10);
    int64_t wake;
    sink->again = 3;
    OK(pln_run_open(g, &options, &run, &err));
    while (sink->writes == 0)
        OK(pln_run_step(run, 0, &wake, &err));
    int32_t polls = source.polls;
    ck_assert_int_eq(source.committed, 0);
    while (source.committed == 0) {
        ck_assert_int_eq(source.polls, polls);
        OK(pln_run_step(run, 0, &wake, &err));
    }
    ck_assert_int_eq(sink->n, 10);
    OK(pln_run_finish(run, &err));
    expect_all();
    ck_assert_str_eq(log_text, "ad bd bs as ad bd bs as ad bd bs as ");
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* A table of before the slot: what was held for ever is lost to nobody who asked for it. */
START_TEST(a_table_without_the_slot_is_not_drained) {
    pln_transform old = table;
    old.struct_size = (uint32_t)offsetof(pln_transform, drain);
    pln_graph *g = graph(&old);
    pln_run_options options = options_of(10);
    OK(pln_graph_run(g, &options, NULL, &err));
    ck_assert_int_eq(sink->n, 0);
    ck_assert_ptr_null(strchr(log_text, 'd'));
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_drain(void);
Suite *suite_run_drain(void) {
    Suite *suite = suite_create("run/drain");
    TCase *tc = tcase_create("drain");
    tcase_add_checked_fixture(tc, setup, world_down);
    tcase_add_test(tc, drains_go_down_the_graph_before_anything_is_saved);
    tcase_add_test(tc, a_drain_may_be_parked);
    tcase_add_test(tc, a_table_without_the_slot_is_not_drained);
    suite_add_tcase(suite, tc);
    return suite;
}
