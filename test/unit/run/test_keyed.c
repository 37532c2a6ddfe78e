/* Keyed state as a node sees it: a stage that counts how often each number came, by the state file alone. */
#include "scratch.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdio.h>

static pln_runtime *own;
static pln_error why;
static scratch folder;

static void up(void) {
    memset(&why, 0, sizeof why);
    folder = scratch_new();
    ck_assert_int_eq(pln_runtime_new(NULL, &own, &why), PLN_OK);
}

static void down(void) {
    pln_runtime_free(own);
    scratch_free(&folder);
}

#define GOOD(call)                                                                                 \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, why.message, why.where);                      \
    } while (0)

/* ---- the stage: counts of id % 10 ---- */

enum { KEYS = 10 };
typedef struct counter {
    int64_t seen[KEYS]; /* by what keyed_get said last */
    int64_t rows;
    int32_t trouble; /* what it does wrong */
    int64_t expire;
    pln_status in_open;
} counter;

enum { NOTHING, LONG_KEY, NO_KEY, LONG_VALUE, WRONG_BATCH, UNLIKE, FAIL_LATE };

static pln_status counter_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                               pln_error *e) {
    counter *c = user;
    (void)config;
    c->in_open = ctx->host->keyed_expire(ctx, INT64_MIN, e);
    *self = user;
    return PLN_OK;
}

static void counter_close(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
}

static pln_batch *keys_of(pln_context *ctx, const char *const *keys, int64_t n) {
    pln_builder *b;
    pln_batch *out;
    GOOD(ctx->host->builder_new(ctx, PLN_KEYED_KEYS, &b, &why));
    for (int64_t i = 0; i < n; i++)
        GOOD(ctx->host->builder->append_bytes(ctx->host->builder->column(b, 0), keys[i],
                                              (int64_t)strlen(keys[i]), &why));
    GOOD(ctx->host->builder->finish(b, &out, &why));
    ctx->host->builder->free(b);
    return out;
}

static pln_batch *values_of(pln_context *ctx, const int64_t *values, const int64_t *expires,
                            int64_t n) {
    pln_builder *b;
    pln_batch *out;
    GOOD(ctx->host->builder_new(ctx, PLN_KEYED_VALUES, &b, &why));
    for (int64_t i = 0; i < n; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)values[i]);
        GOOD(ctx->host->builder->append_bytes(ctx->host->builder->column(b, 0), text,
                                              (int64_t)strlen(text), &why));
        GOOD(expires == NULL
                 ? ctx->host->builder->append_null(ctx->host->builder->column(b, 1), &why)
                 : ctx->host->builder->append_int(ctx->host->builder->column(b, 1), expires[i],
                                                  &why));
    }
    GOOD(ctx->host->builder->finish(b, &out, &why));
    ctx->host->builder->free(b);
    return out;
}

static pln_status trouble(counter *c, pln_context *ctx, pln_batch *batch, pln_error *e) {
    static char long_text[PLN_KEYED_VALUE_MAX + 2];
    const char *key = c->trouble == NO_KEY ? "" : "the key";
    int64_t value = 1;
    memset(long_text, 'x', c->trouble == LONG_KEY ? PLN_KEYED_KEY_MAX + 1 : sizeof long_text - 1);
    if (c->trouble == LONG_KEY)
        key = long_text;
    const char *two[] = {key, key};
    pln_batch *keys = keys_of(ctx, two, c->trouble == UNLIKE ? 2 : 1),
              *values = values_of(ctx, &value, NULL, 1);
    if (c->trouble == LONG_VALUE) {
        pln_builder *b;
        ctx->host->batch_unref(values);
        GOOD(ctx->host->builder_new(ctx, PLN_KEYED_VALUES, &b, &why));
        GOOD(ctx->host->builder->append_bytes(ctx->host->builder->column(b, 0), long_text,
                                              sizeof long_text - 1, &why));
        GOOD(ctx->host->builder->append_null(ctx->host->builder->column(b, 1), &why));
        GOOD(ctx->host->builder->finish(b, &values, &why));
        ctx->host->builder->free(b);
    }
    pln_status status =
        ctx->host->keyed_put(ctx, c->trouble == WRONG_BATCH ? batch : keys, values, e);
    ctx->host->batch_unref(keys);
    ctx->host->batch_unref(values);
    return status;
}

static pln_status counter_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                  pln_error *e) {
    counter *c = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    static const char *const names[KEYS] = {"k9", "k8", "k7", "k6", "k5",
                                            "k4", "k3", "k2", "k1", "k0"};
    int64_t add[KEYS] = {0}, expires[KEYS];
    pln_batch *found = NULL;
    pln_status status;
    (void)port;
    if (c->trouble != NOTHING && c->trouble != FAIL_LATE)
        return trouble(c, ctx, batch, e);
    for (int64_t i = 0; i < rows->length; i++)
        add[((const int64_t *)rows->children[0]->buffers[1])[rows->children[0]->offset + i] %
            KEYS]++;
    c->rows += rows->length;
    pln_batch *keys = keys_of(ctx, names, KEYS);
    status = ctx->host->keyed_get(ctx, keys, &found, e);
    if (status < 0) {
        ctx->host->batch_unref(keys);
        return status;
    }
    const struct ArrowArray *values = ctx->host->batch_array(found)->children[0];
    ck_assert_int_eq(values->length, KEYS);
    for (int64_t i = 0; i < KEYS; i++) {
        const int32_t *ends = (const int32_t *)values->buffers[1];
        char text[24] = "";
        memcpy(text, (const char *)values->buffers[2] + ends[i], (size_t)(ends[i + 1] - ends[i]));
        c->seen[i] = atoll(text) + add[i];
        expires[i] = i;
    }
    ctx->host->batch_unref(found);
    pln_batch *put = values_of(ctx, c->seen, expires, KEYS);
    status = ctx->host->keyed_put(ctx, keys, put, e);
    ctx->host->batch_unref(keys);
    ctx->host->batch_unref(put);
    if (status >= 0 && c->expire > 0)
        status = ctx->host->keyed_expire(ctx, c->expire, e);
    if (status >= 0)
        status = ctx->host->account(ctx, PLN_PASSED, rows->length, e);
    return status < 0 ? status : ctx->host->emit(ctx, 0, ctx->host->batch_ref(batch), e);
}

static const pln_transform counting = {.struct_size = sizeof(pln_transform),
                                       .abi = PLN_PLUGIN_ABI,
                                       .name = "counting",
                                       .summary = "Counts.",
                                       .option_size = sizeof(pln_option),
                                       .caps = PLN_CAP_DETERMINISTIC,
                                       .open = counter_open,
                                       .process = counter_process,
                                       .close = counter_close};

static pln_graph *graph_of(counter *c, bool database) {
    pln_graph *g;
    GOOD(pln_graph_new(own, "p", &g, &why));
    GOOD(pln_graph_add(g, "in", "generate",
                       PLN_JSON({"columns": {"id": {"sequence": 0}}, "rows": 1000}), &why));
    GOOD(pln_graph_add_transform(g, "c", &counting, c, NULL, NULL, &why));
    GOOD(pln_graph_add(g, "out", database ? "sqlite.append" : "csv.write", NULL, &why));
    if (database) {
        GOOD(pln_graph_set_text(g, "out", "database", scratch_path(&folder, "out.db"), &why));
        GOOD(pln_graph_set_text(g, "out", "table", "t", &why));
    } else {
        GOOD(pln_graph_set_text(g, "out", "path", scratch_path(&folder, "out.csv"), &why));
    }
    GOOD(pln_graph_wire(g, "in > c > out", &why));
    return g;
}

static pln_run_options options_of(bool state) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = 20;
    options.epoch_rows = 100;
    options.attempts = 1;
    if (state)
        options.state = scratch_path(&folder, "state.db");
    return options;
}

static int64_t ask_file(const char *name, const char *text) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open(scratch_path(&folder, name), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

/* ---- tests ---- */

/* Given up every few steps, in the middle of epochs: at the end each count is that of the rows. */
START_TEST(a_run_that_is_resumed_finds_what_was_committed) {
    bool database = _i == 1;
    int64_t times = 0;
    counter c;
    for (bool done = false; !done; times++) {
        pln_run *run;
        memset(&c, 0, sizeof c);
        pln_run_options options = options_of(true);
        pln_graph *g = graph_of(&c, database);
        GOOD(pln_run_open(g, &options, &run, &why));
        ck_assert_int_eq(c.in_open, PLN_OK);
        pln_status status = PLN_OK;
        for (int step = 0; step < 14 && status != PLN_EOS; step++) {
            int64_t wake;
            status = pln_run_step(run, 0, &wake, &why);
            ck_assert_msg(status >= 0, "%s", why.message);
        }
        done = status == PLN_EOS;
        if (!done && times == 2)
            ck_assert_int_gt(ask_file("state.db", "SELECT count(*) FROM keyed_undo"), 0);
        pln_run_free(run);
        pln_graph_free(g);
    }
    ck_assert_int_gt(times, 3);
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(c.seen[i], 100);
    /* A run that is done keeps nothing. */
    ck_assert_int_eq(ask_file("state.db", "SELECT count(*) FROM keyed"), 0);
    if (database)
        ck_assert_int_eq(ask_file("out.db", "SELECT count(*) FROM t"), 1000);
}
END_TEST

START_TEST(a_run_that_begins_anew_finds_nothing) {
    for (int i = 0; i < 2; i++) {
        counter c = {.rows = 0};
        pln_run_options options = options_of(true);
        pln_graph *g = graph_of(&c, true);
        GOOD(pln_graph_run(g, &options, NULL, &why));
        ck_assert_int_eq(c.seen[3], 100);
        pln_graph_free(g);
    }
}
END_TEST

START_TEST(what_expired_goes_once_the_epoch_is_committed) {
    counter c = {.expire = 4};
    pln_run *run;
    pln_run_options options = options_of(true);
    pln_graph *g = graph_of(&c, false);
    int64_t wake;
    GOOD(pln_run_open(g, &options, &run, &why));
    GOOD(pln_run_step(run, 0, &wake, &why));
    ck_assert_int_eq(ask_file("state.db", "SELECT count(*) FROM keyed"), 10);
    for (int step = 0; step < 5; step++)
        GOOD(pln_run_step(run, 0, &wake, &why));
    ck_assert_int_eq(ask_file("state.db", "SELECT count(*) FROM keyed"), 6);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    static const struct {
        int32_t trouble;
        bool state;
        pln_status status;
        const char *words;
    } cases[] = {
        {NOTHING, false, PLN_EUNSUPPORTED, "keyed state of node 'c': the run has no state file"},
        {LONG_KEY, true, PLN_ELIMIT, " has 1025 bytes, expected 1 to 1024"},
        {NO_KEY, true, PLN_ELIMIT, "keyed state of node 'c': key '' has 0 bytes"},
        {LONG_VALUE, true, PLN_ELIMIT,
         "keyed state of node 'c': the value of key 'the key' has 65537 bytes, at most 65536"},
        {WRONG_BATCH, true, PLN_ECONTRACT, "keyed state of node 'c': keys of another schema"},
        {UNLIKE, true, PLN_ECONTRACT, "keyed state of node 'c': 2 keys for 1 values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        counter c = {.trouble = cases[i].trouble};
        pln_run_options options = options_of(cases[i].state);
        pln_graph *g = graph_of(&c, true);
        ck_assert_int_eq(pln_graph_run(g, &options, NULL, &why), cases[i].status);
        ck_assert_msg(strstr(why.message, cases[i].words) != NULL, "%s", why.message);
        ck_assert_str_eq(why.where, "p/c");
        ck_assert_int_eq(c.in_open, cases[i].state ? PLN_OK : PLN_EUNSUPPORTED);
        pln_graph_free(g);
    }
}
END_TEST

/* The sink has the head, and somebody took the state file away, or put an old one in its place. */
START_TEST(keyed_state_that_is_missing_is_refused) {
    counter c = {.rows = 0};
    pln_run *run;
    pln_run_options options = options_of(true);
    pln_graph *g = graph_of(&c, true);
    int64_t wake;
    GOOD(pln_run_open(g, &options, &run, &why));
    for (int step = 0; step < 14; step++)
        GOOD(pln_run_step(run, 0, &wake, &why));
    pln_run_free(run);
    pln_graph_free(g);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(options.state, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "DELETE FROM keyed; UPDATE keyed_space SET n=1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    g = graph_of(&c, true);
    ck_assert_int_eq(pln_run_open(g, &options, &run, &why), PLN_EDATALOSS);
    ck_assert_ptr_nonnull(
        strstr(why.message, "the keyed state that node 'c' had in epoch 2 is missing"));
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_keyed(void);
Suite *suite_run_keyed(void) {
    Suite *suite = suite_create("run/keyed");
    TCase *tests = tcase_create("keyed");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, up, down);
    tcase_add_loop_test(tests, a_run_that_is_resumed_finds_what_was_committed, 0, 2);
    tcase_add_test(tests, a_run_that_begins_anew_finds_nothing);
    tcase_add_test(tests, what_expired_goes_once_the_epoch_is_committed);
    tcase_add_test(tests, what_is_wrong_is_said);
    tcase_add_test(tests, keyed_state_that_is_missing_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
