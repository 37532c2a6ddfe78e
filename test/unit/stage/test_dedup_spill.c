/*
 * The stage dedup with a budget that is far too small and a state file: rows leave as they do where all keys are in memory, at every size of batch and epoch and after
 * interruptions; the state file holds what it has to and no more.
 */
#include "scratch.h"
#include "script.h"
#include <check.h>
#include <pln/pln.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pln_runtime *rt;
static pln_error err;
static scratch dir;
static test_clock now;

static void setup(void) {
    pln_runtime_options options;
    now = (test_clock){.now_us = 1000000};
    pln_clock clock = test_clock_table(&now);
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    ck_assert_int_eq(pln_runtime_new(&options, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        if (s_ < 0)                                                                                \
            ck_abort_msg("%s: %s (%s)", #call, err.message, err.where);                            \
    } while (0)

/* ---- rows ---- */

enum { MOST = 40000 };

static uint32_t random_of(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Keys in the first half are new as a rule, those of the second half come from anywhere; times run on with disorder. */
static pln_table *table_of(int64_t n, int64_t keys) {
    struct ArrowSchema schema;
    pln_table *table;
    pln_builder *b;
    pln_batch *batch;
    uint64_t seed = (uint64_t)keys;
    OK(pln_schema_parse(rt, "id int64 not null, k int64, v int64, t timestamp(us)", &schema, &err));
    OK(pln_table_new(rt, &schema, &table, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    for (int64_t i = 0; i < n; i++) {
        int64_t key = random_of(&seed) % keys;
        if (i < n / 2 && key % 8 != 0)
            key = i;
        int64_t disorder = random_of(&seed) % 31 == 0 ? 5000 : random_of(&seed) % 20;
        OK(pln_column_int(pln_builder_column(b, 0), i, &err));
        OK(pln_column_int(pln_builder_column(b, 1), key, &err));
        OK(pln_column_int(pln_builder_column(b, 2), random_of(&seed) % 9, &err));
        OK(pln_column_int(pln_builder_column(b, 3), (i + 10000 - disorder) * 1000000, &err));
    }
    OK(pln_builder_finish(b, &batch, &err));
    OK(pln_table_append(table, batch, &err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

enum { OUT, DUPLICATE, LATE, PORTS };
typedef struct outcome {
    int64_t ids[PORTS][MOST];
    int64_t n[PORTS];
    int64_t passed, duplicate, late, absorbed;
    int64_t spilled, asked, in_vain, bytes;
} outcome;

typedef struct plan {
    const char *key;   /* what stands between the braces, without a budget */
    const char *budget; /* NULL: none, and no state file */
    int64_t rows, keys, batch, epoch;
    int64_t stop_each; /* > 0: given up after so many steps, and taken up again */
    int64_t tick_us;
    void (*look)(void); /* after each step */
} plan;

static pln_graph *graph_of(const plan *p, pln_table *in, pln_table **out) {
    static const char *const names[PORTS] = {"out", "dup", "late"};
    char config[400];
    pln_graph *g;
    snprintf(config, sizeof config, p->budget == NULL ? "{%s}" : "{%s, \"budget\": \"%s\"}", p->key,
             p->budget);
    OK(pln_graph_new(rt, "t", &g, &err));
    OK(pln_graph_add(g, "in", "memory.read", NULL, &err));
    OK(pln_graph_bind(g, "in", "table", in, NULL, &err));
    OK(pln_graph_add(g, "x", "dedup", config, &err));
    for (int i = 0; i < PORTS; i++) {
        OK(pln_graph_add(g, names[i], "memory.write", NULL, &err));
        OK(pln_graph_bind(g, names[i], "table", out[i], NULL, &err));
    }
    OK(pln_graph_wire(g, "in > x > out; x.duplicate > dup; x.late > late", &err));
    return g;
}

static void note_report(pln_run *run, outcome *o) {
    pln_report *report;
    pln_node_summary s = {.struct_size = sizeof s};
    OK(pln_run_report(run, &report, &err));
    OK(pln_report_node(report, 1, &s));
    o->passed = s.passed;
    o->absorbed = s.absorbed;
    o->duplicate = s.duplicate;
    o->late = s.late;
    o->spilled = pln_report_counter(report, "x", "dedup.spilled");
    o->asked = pln_report_counter(report, "x", "dedup.asked");
    o->in_vain = pln_report_counter(report, "x", "dedup.asked_in_vain");
    o->bytes = pln_report_counter(report, "x", "dedup.bytes");
    pln_report_free(report);
}

static pln_status drive(const plan *p, pln_table *in, pln_table **out, outcome *o) {
    pln_status status = PLN_OK;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = p->batch > 0 ? p->batch : 8192;
    options.epoch_rows = p->epoch;
    options.seed = 5;
    options.attempts = 1;
    if (p->budget != NULL)
        options.state = scratch_path(&dir, "state.db");
    for (bool done = false; !done;) {
        pln_run *run;
        pln_graph *g = graph_of(p, in, out);
        status = pln_run_open(g, &options, &run, &err);
        if (status < 0) {
            pln_graph_free(g);
            return status;
        }
        for (int64_t steps = 1; !done; steps++) {
            int64_t wake;
            now.now_us += p->tick_us;
            status = pln_run_step(run, 0, &wake, &err);
            done = status == PLN_EOS || status < 0;
            if (p->look != NULL && !done)
                p->look();
            if (p->stop_each > 0 && steps % p->stop_each == 0)
                break;
        }
        if (done && status == PLN_EOS)
            note_report(run, o);
        else
            pln_run_abort(run, NULL);
        pln_run_free(run);
        pln_graph_free(g);
    }
    return status;
}

static void read_ids(const pln_table *table, int64_t *ids, int64_t *n) {
    *n = 0;
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const struct ArrowArray *array = pln_batch_array(pln_table_batch(table, b));
        const int64_t *values = (const int64_t *)array->children[0]->buffers[1];
        for (int64_t i = 0; i < array->length; i++)
            ids[(*n)++] = values[array->children[0]->offset + i];
    }
}

static pln_status run(const plan *p, outcome *o) {
    pln_table *in = table_of(p->rows, p->keys), *out[PORTS];
    memset(o, 0, sizeof *o);
    scratch_free(&dir);
    dir = scratch_new();
    for (int i = 0; i < PORTS; i++)
        OK(pln_table_new(rt, NULL, &out[i], &err));
    pln_status status = drive(p, in, out, o);
    for (int i = 0; i < PORTS; i++) {
        read_ids(out[i], o->ids[i], &o->n[i]);
        pln_table_free(out[i]);
    }
    pln_table_free(in);
    return status;
}

static void same(const outcome *got, const outcome *want, const plan *p) {
    for (int port = 0; port < PORTS; port++) {
        for (int64_t i = 0; i < got->n[port] && i < want->n[port]; i++)
            if (got->ids[port][i] != want->ids[port][i])
                ck_abort_msg("%s, batch %lld, epoch %lld, stop %lld: port %d: row %lld is %lld, "
                             "expected %lld",
                             p->key, (long long)p->batch, (long long)p->epoch,
                             (long long)p->stop_each, port, (long long)i,
                             (long long)got->ids[port][i], (long long)want->ids[port][i]);
        ck_assert_msg(got->n[port] == want->n[port], "%s: port %d: %lld rows, expected %lld",
                      p->key, port, (long long)got->n[port], (long long)want->n[port]);
    }
    ck_assert_int_eq(got->passed, want->passed);
    ck_assert_int_eq(got->absorbed, want->absorbed);
    ck_assert_int_eq(got->duplicate, want->duplicate);
    ck_assert_int_eq(got->late, want->late);
}

/* ---- the law: a budget changes nothing but memory ---- */

static void check(const char *key, int64_t rows, int64_t keys, bool by_epoch) {
    static outcome want, got;
    static const plan plans[] = {
        {.batch = 0},
        {.batch = 97, .epoch = 3000},
        {.batch = 500, .epoch = 3000, .stop_each = 11},
        {.batch = 8192, .epoch = 5000, .stop_each = 3},
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        plan p = plans[i];
        p.key = key;
        p.rows = rows;
        p.keys = keys;
        if (i == 0 || by_epoch) {
            plan plain = {.key = key, .rows = rows, .keys = keys, .epoch = by_epoch ? p.epoch : 0};
            OK(run(&plain, &want));
        }
        p.budget = "128KiB";
        OK(run(&p, &got));
        same(&got, &want, &p);
        ck_assert_int_gt(got.spilled, by_epoch ? 300 : 1000);
        ck_assert_int_le(got.bytes, 131072);
        ck_assert(got.asked >= got.in_vain);
    }
}

START_TEST(a_key_for_ever) {
    check("\"key\": \"k\"", 10000, 10000, false);
    check("\"key\": \"k\", \"keep\": \"last\"", 7000, 7000, false);
    check("\"key\": \"k\", \"keep\": \"highest\", \"version\": \"v\"", 7000, 7000, false);
    check("\"key\": \"k\", \"keep\": \"highest\", \"version\": \"v\", \"emit\": \"updates\"", 7000,
          7000, false);
}
END_TEST

START_TEST(a_key_within_a_horizon) {
    check("\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"6000s\"",
          10000, 9000, false);
    check("\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"4000s\", "
          "\"keep\": \"last\"",
          8000, 7000, false);
    check("\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"5000s\", "
          "\"keep\": \"highest\", \"version\": \"v\"",
          8000, 7000, false);
}
END_TEST

START_TEST(a_key_within_an_epoch) {
    check("\"key\": \"k\", \"scope\": \"epoch\"", 12000, 3000, true);
    check("\"key\": \"k\", \"scope\": \"epoch\", \"keep\": \"last\"", 9000, 6000, true);
}
END_TEST

/* By the clock, which goes on at each step: the same steps, and so the same times, with and without a budget. */
START_TEST(a_key_that_lives_so_long) {
    static outcome want, got;
    static const char *const keys[] = {
        "\"key\": \"k\", \"scope\": \"ttl\", \"ttl\": \"50s\"",
        "\"key\": \"k\", \"scope\": \"ttl\", \"ttl\": \"50s\", \"keep\": \"last\""};
    for (int i = 0; i < 2; i++) {
        plan p = {.key = keys[i], .rows = 20000, .keys = 9000, .batch = 100, .tick_us = 1000000};
        int64_t began = now.now_us;
        OK(run(&p, &want));
        p.budget = "128KiB";
        now.now_us = began;
        OK(run(&p, &got));
        same(&got, &want, &p);
        ck_assert_int_gt(got.spilled, 1000);
        ck_assert_int_gt(want.n[OUT], want.n[DUPLICATE]);
        ck_assert_int_gt(want.n[DUPLICATE], 500);
    }
}
END_TEST

/* ---- what the state file holds ---- */

static int64_t ask_file(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t out = -1;
    ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "state.db"), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

static int64_t most_rows, most_undo;

static void look_at_file(void) {
    int64_t rows = ask_file("SELECT count(*) FROM keyed"),
            undo = ask_file("SELECT count(*) FROM keyed_undo");
    most_rows = rows > most_rows ? rows : most_rows;
    most_undo = undo > most_undo ? undo : most_undo;
}

/* 40000 keys, of which those of some 6000 rows are remembered: that is what the file is sized by, and an epoch's keys are noted no longer than the next one lasts. */
START_TEST(what_is_forgotten_leaves_the_file) {
    static outcome got;
    static const char *const keys[] = {
        "\"key\": \"id\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"6000s\"",
        "\"key\": \"id\", \"scope\": \"ttl\", \"ttl\": \"6s\"",
        "\"key\": \"id\", \"scope\": \"epoch\"",
    };
    for (int i = 0; i < 3; i++) {
        plan p = {.key = keys[i], .budget = "128KiB", .rows = MOST, .keys = 1, .batch = 1000,
                  .epoch = i == 2 ? 4000 : 1000, .tick_us = 500000, .look = look_at_file};
        most_rows = most_undo = 0;
        OK(run(&p, &got));
        ck_assert_int_gt(got.spilled, i == 2 ? 10000 : 25000);
        ck_assert_int_gt(most_rows, 1000);
        ck_assert_msg(most_rows < 15000, "%s: %lld rows", keys[i], (long long)most_rows);
        ck_assert_int_lt(most_undo, i == 2 ? 9000 : 6000);
        /* New keys all of them, and the filters know it although they have seen more than they have room for. */
        ck_assert_int_lt(got.in_vain, MOST / 10);
        ck_assert_int_eq(ask_file("SELECT count(*) FROM keyed"), 0);
        ck_assert_int_eq(ask_file("SELECT count(*) FROM keyed_space"), 0);
    }
}
END_TEST

/* A run that goes on asks for what may be there, and not for each key that is new to the new process. */
START_TEST(the_filters_are_there_after_an_interruption) {
    static outcome got;
    plan p = {.key = "\"key\": \"id\"", .budget = "256KiB", .rows = 30000, .keys = 1, .batch = 500,
              .epoch = 1000, .stop_each = 13};
    OK(run(&p, &got));
    ck_assert_int_eq(got.n[OUT], 30000);
    ck_assert_int_gt(got.spilled, 15000);
    /* What was in both when the run was given up is asked for as it is read back. */
    ck_assert_int_lt(got.asked, 20000);
}
END_TEST

/* ---- killed ---- */

/* A process that is gone after so many steps; false: it came to the end. */
static bool killed_after(int steps) {
    pid_t child = fork();
    int how;
    if (child == 0) {
        pln_runtime *own;
        pln_graph *g;
        pln_run *run;
        int64_t wake;
        pln_run_options options;
        pln_run_options_init(&options, sizeof options);
        options.state = scratch_path(&dir, "state.db");
        options.max_batch_rows = 500;
        options.epoch_rows = 2000;
        options.when_done = PLN_WHEN_DONE_SKIP;
        bool good =
            pln_runtime_new(NULL, &own, &err) >= 0 && pln_graph_new(own, "t", &g, &err) >= 0 &&
            pln_graph_add(g, "in", "generate",
                          "{\"columns\": {\"k\": {\"int\": [1, 12000]}}, \"rows\": 20000}",
                          &err) >= 0 &&
            pln_graph_add(g, "x", "dedup", "{\"key\": \"k\", \"budget\": \"128KiB\"}", &err) >= 0 &&
            pln_graph_add(g, "out", "sqlite.append", "{\"table\": \"t\"}", &err) >= 0 &&
            pln_graph_set_text(g, "out", "database", scratch_path(&dir, "out.db"), &err) >= 0 &&
            pln_graph_wire(g, "in > x > out", &err) >= 0 &&
            pln_run_open(g, &options, &run, &err) >= 0;
        for (int i = 0; good && i < steps; i++)
            if (pln_run_step(run, 0, &wake, &err) == PLN_EOS)
                _exit(0);
        if (good)
            raise(SIGKILL);
        printf("%s\n", err.message);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
    return WIFSIGNALED(how);
}

static int64_t in_table(const char *what) {
    char text[100];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    snprintf(text, sizeof text, "SELECT %s FROM t", what);
    ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "out.db"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

START_TEST(a_killed_process_leaves_what_it_had_committed) {
    int64_t whole[2], kills = 0;
    ck_assert(!killed_after(1000));
    whole[0] = in_table("count(*)");
    whole[1] = in_table("sum(k)");
    ck_assert_int_eq(whole[0], in_table("count(DISTINCT k)"));
    scratch_free(&dir);
    dir = scratch_new();
    while (killed_after(6 + (int)(kills * 5 % 7)))
        kills++;
    ck_assert_int_gt(kills, 3);
    ck_assert_int_eq(in_table("count(*)"), whole[0]);
    ck_assert_int_eq(in_table("count(DISTINCT k)"), whole[0]);
    ck_assert_int_eq(in_table("sum(k)"), whole[1]);
}
END_TEST

/* ---- memory ---- */

static int64_t peak_of(const char *budget, int64_t rows) {
    pln_graph *g;
    pln_table *none;
    pln_runtime *own;
    pln_memory memory = {.struct_size = sizeof memory};
    char config[200];
    pln_run_options options;
    scratch_free(&dir);
    dir = scratch_new();
    snprintf(config, sizeof config, "{\"key\": \"id\", \"budget\": \"%s\"}", budget);
    OK(pln_runtime_new(NULL, &own, &err));
    OK(pln_graph_new(own, "t", &g, &err));
    OK(pln_graph_add(g, "in", "generate",
                     PLN_JSON({"columns": {"id": {"sequence": 1}}}), &err));
    OK(pln_graph_set_int(g, "in", "rows", rows, &err));
    OK(pln_graph_add(g, "x", "dedup", config, &err));
    OK(pln_graph_add(g, "none", "filter", "{\"where\": \"id < 0\"}", &err));
    OK(pln_table_new(own, NULL, &none, &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", none, NULL, &err));
    OK(pln_graph_wire(g, "in > x > none > out", &err));
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    options.max_batch_rows = 1000;
    OK(pln_graph_run(g, &options, NULL, &err));
    pln_runtime_memory(own, &memory);
    pln_graph_free(g);
    pln_table_free(none);
    pln_runtime_free(own);
    return memory.peak_bytes;
}

START_TEST(memory_does_not_grow_with_the_keys) {
    int64_t few = peak_of("128KiB", 20000), many = peak_of("128KiB", 100000);
    /* 100000 keys have 2 MB in memory. */
    ck_assert_msg(many < few + 40000, "%lld bytes, with a fifth of the keys %lld", (long long)many,
                  (long long)few);
    ck_assert_int_lt(many, 900000);
}
END_TEST

/* ---- what fails ---- */

START_TEST(without_a_state_file_the_run_stops) {
    pln_graph *g;
    OK(pln_graph_new(rt, "t", &g, &err));
    pln_table *in = table_of(20000, 20000), *out;
    OK(pln_table_new(rt, NULL, &out, &err));
    OK(pln_graph_add(g, "in", "memory.read", NULL, &err));
    OK(pln_graph_bind(g, "in", "table", in, NULL, &err));
    OK(pln_graph_add(g, "x", "dedup", "{\"key\": \"k\", \"budget\": \"128KiB\"}", &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    OK(pln_graph_wire(g, "in > x > out", &err));
    ck_assert_int_eq(pln_graph_run(g, NULL, NULL, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "131072 bytes of memory_limit"));
    pln_graph_free(g);
    pln_table_free(in);
    pln_table_free(out);
}
END_TEST

START_TEST(a_budget_that_is_too_small_for_that) {
    static outcome got;
    plan p = {.key = "\"key\": \"k\"", .budget = "100000", .rows = 10, .keys = 3};
    ck_assert_int_eq(run(&p, &got), PLN_EOPTION);
    ck_assert_str_eq(err.message, "option 'budget': 100000 bytes, in a run with a state file it is "
                                  "at least 131072");
}
END_TEST

Suite *suite_stage_dedup_spill(void);
Suite *suite_stage_dedup_spill(void) {
    Suite *suite = suite_create("stage/dedup_spill");
    TCase *tcase = tcase_create("spill");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_key_for_ever);
    tcase_add_test(tcase, a_key_within_a_horizon);
    tcase_add_test(tcase, a_key_within_an_epoch);
    tcase_add_test(tcase, a_key_that_lives_so_long);
    tcase_add_test(tcase, what_is_forgotten_leaves_the_file);
    tcase_add_test(tcase, the_filters_are_there_after_an_interruption);
    tcase_add_test(tcase, a_killed_process_leaves_what_it_had_committed);
    tcase_add_test(tcase, memory_does_not_grow_with_the_keys);
    tcase_add_test(tcase, without_a_state_file_the_run_stops);
    tcase_add_test(tcase, a_budget_that_is_too_small_for_that);
    suite_add_tcase(suite, tcase);
    return suite;
}
