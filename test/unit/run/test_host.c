#include "scratch.h"
#include "script.h"
#include <check.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a host meets: forks, second runs, threads, limits of memory, reports, guarantees that cannot be given. */

static pln_runtime *rt;
static pln_error err;
static script source;
static probe *sink;
static scratch dir;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void setup(void) {
    memset(&err, 0, sizeof err);
    OK(pln_runtime_new(NULL, &rt, &err));
    source = (script){.acts = "333"};
    sink = calloc(1, sizeof *sink);
    dir = scratch_new();
}

static void teardown(void) {
    pln_runtime_free(rt);
    free(sink);
    scratch_free(&dir);
}

static pln_graph *graph(void) {
    pln_graph *g;
    OK(pln_graph_new(rt, "host", &g, &err));
    OK(pln_graph_add_source(g, "in", &script_source, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out", &probe_sink, sink, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    return g;
}

static pln_run_options options_of(const char *state) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.state = state;
    return options;
}

/* ---- processes ---- */

START_TEST(a_forked_child_may_not_step) {
    pln_graph *g = graph();
    pln_run *run;
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    options.epoch_rows = 3;
    int code = 0;
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    pid_t child = fork();
    if (child == 0) {
        pln_error own = {0};
        pln_status stepped = pln_run_step(run, 0, NULL, &own), finished = pln_run_finish(run, NULL);
        pln_status aborted = pln_run_abort(run, NULL);
        _exit(stepped == PLN_EFORKED && finished == PLN_EFORKED &&
                      strstr(own.message, "parent") != NULL && aborted <= 0
                  ? 7
                  : 8);
    }
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert_int_eq(WEXITSTATUS(code), 7);
    /* The parent has lost nothing. */
    OK(pln_run_finish(run, &err));
    ck_assert_int_eq(sink->n, 9);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_graph_has_one_run) {
    pln_graph *g = graph();
    pln_run *run, *again = NULL;
    OK(pln_run_open(g, NULL, &run, &err));
    ck_assert_int_eq(pln_run_open(g, NULL, &again, &err), PLN_ESTATE);
    ck_assert_ptr_null(again);
    ck_assert_ptr_nonnull(strstr(err.message, "run already"));
    ck_assert_int_eq(pln_graph_add(g, "more", "memory.write", NULL, &err), PLN_ESTATE);
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
    pln_graph_free(g);
    /* The refusals above are the second run's and the late node's, not the first run's. */
    ck_assert_int_eq(sink->n, 9);
}
END_TEST

START_TEST(a_second_run_after_the_first_is_fine) {
    pln_graph *g = graph();
    for (int i = 0; i < 3; i++) {
        sink->n = sink->committed_n = 0;
        OK(pln_graph_run(g, NULL, NULL, &err));
        ck_assert_int_eq(sink->n, 9);
    }
    pln_graph_free(g);
}
END_TEST

START_TEST(a_stopped_run_is_resumed) {
    pln_graph *g = graph();
    pln_run *run;
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    OK(pln_run_open(g, &options, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    pln_run_stop(run);
    OK(pln_run_finish(run, &err));
    ck_assert_int_eq(sink->n, 3);
    pln_run_free(run);
    OK(pln_graph_run(g, &options, &report, &err));
    ck_assert_int_eq(sink->n, 9);
    for (int64_t i = 0; i < 9; i++)
        ck_assert_int_eq(sink->ids[i], i);
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.recoveries, 1);
    ck_assert_int_eq(s.rows_in, 9);
    ck_assert_int_eq(s.epochs, 2);
    ck_assert_int_eq(s.owner, 2);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(an_aborted_run_is_over) {
    pln_graph *g = graph();
    pln_run *run;
    OK(pln_run_open(g, NULL, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    OK(pln_run_abort(run, &err));
    ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_run_finish(run, &err), PLN_ESTATE);
    OK(pln_run_abort(run, &err));
    pln_run_free(run);
    ck_assert_int_eq(sink->n, 0);
    ck_assert_int_eq(sink->aborts, 1);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_failed_run_stays_failed) {
    pln_graph *g = graph();
    pln_run *run;
    source.acts = "3x";
    OK(pln_run_open(g, NULL, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    for (int i = 0; i < 3; i++) {
        memset(&err, 0, sizeof err);
        ck_assert_int_eq(pln_run_step(run, 0, NULL, &err), PLN_EIO);
        ck_assert_str_eq(err.message, "told to fail");
        ck_assert_str_eq(err.where, "host/in");
    }
    ck_assert_int_eq(source.polls, 2);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* ---- threads ---- */

typedef struct shared_memory {
    pthread_mutex_t lock;
    int64_t blocks;
} shared_memory;

static void *locked_resize(void *user, void *ptr, uint64_t old_size, uint64_t new_size) {
    shared_memory *m = user;
    pthread_mutex_lock(&m->lock);
    m->blocks += (new_size > 0 && ptr == NULL) - (new_size == 0 && ptr != NULL);
    pthread_mutex_unlock(&m->lock);
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

enum { THREADS = 8, GRAPHS = 64 };
typedef struct worker {
    pln_runtime *shared; /* NULL: one of its own for each graph */
    int number;
    int failed;
} worker;

/* A pipeline of several kinds of stages, each thread at its own graphs. */
static int run_one(pln_runtime *runtime, int number, const char *folder) {
    char name[32], path[400];
    pln_error own = {0};
    pln_graph *g = NULL;
    pln_table *out = NULL;
    pln_status status = PLN_OK;
    snprintf(name, sizeof name, "g%d", number);
    snprintf(path, sizeof path, "%s/state%d.db", folder, number);
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = 100;
    options.max_batch_rows = 17;
    options.state = number % 4 == 0 ? path : NULL;
#define TRY(call)                                                                                  \
    if (status >= 0)                                                                               \
    status = (call)
    TRY(pln_table_new(runtime, NULL, &out, &own));
    TRY(pln_graph_new(runtime, name, &g, &own));
    TRY(pln_graph_add(g, "in", "generate",
                      "{\"columns\": {\"id\": {\"sequence\": 0}, \"t\": {\"text\": [0, 9], "
                      "\"nulls\": 0.2}}, \"rows\": 500}",
                      &own));
    TRY(pln_graph_add(g, "some", "filter", "{\"where\": \"id % 3 <> 1\", \"else\": \"drop\"}",
                      &own));
    TRY(pln_graph_add(g, "more", "derive", "{\"columns\": {\"u\": \"upper(t)\"}}", &own));
    TRY(pln_graph_add(g, "out", "memory.write", NULL, &own));
    TRY(pln_graph_bind(g, "out", "table", out, NULL, &own));
    TRY(pln_graph_wire(g, "in > some > more > out", &own));
    TRY(pln_graph_run(g, &options, NULL, &own));
    int failed = status < 0 || pln_table_rows(out) != 333;
    if (failed)
        printf("graph %d: %s %s\n", number, pln_status_name(status), own.message);
    pln_graph_free(g);
    pln_table_free(out);
    return failed;
}

static char worker_dir[300];

static void *work(void *arg) {
    worker *w = arg;
    for (int i = w->number; i < GRAPHS; i += THREADS) {
        pln_runtime *own = NULL;
        if (w->shared == NULL && pln_runtime_new(NULL, &own, NULL) < 0) {
            w->failed++;
            continue;
        }
        w->failed += run_one(w->shared != NULL ? w->shared : own, i, worker_dir);
        pln_runtime_free(own);
    }
    return NULL;
}

START_TEST(many_graphs_on_many_threads) {
    pthread_t threads[THREADS];
    worker workers[THREADS];
    shared_memory memory = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pln_allocator allocator = {
        .struct_size = sizeof allocator, .user = &memory, .resize = locked_resize};
    pln_runtime_options options;
    pln_runtime *shared = NULL;
    pln_runtime_options_init(&options, sizeof options);
    options.allocator = &allocator;
    snprintf(worker_dir, sizeof worker_dir, "%s", dir.path);
    if (_i)
        OK(pln_runtime_new(&options, &shared, &err));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){shared, i, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].failed, 0);
    }
    pln_runtime_free(shared);
    ck_assert_int_eq(memory.blocks, 0);
}
END_TEST

static void *step_once(void *arg) {
    return (void *)(intptr_t)pln_run_step(arg, 0, NULL, NULL);
}

/* Calls on one run may come from one thread after the other; stop from any at any time. */
START_TEST(a_run_may_wander_over_threads) {
    pln_graph *g = graph();
    pln_run *run;
    intptr_t status = PLN_OK;
    source.acts = "999999999";
    OK(pln_run_open(g, NULL, &run, &err));
    while (status == PLN_OK) {
        pthread_t thread;
        void *answer;
        ck_assert_int_eq(pthread_create(&thread, NULL, step_once, run), 0);
        pthread_join(thread, &answer);
        status = (intptr_t)answer;
    }
    ck_assert_int_eq(status, PLN_EOS);
    ck_assert_int_eq(sink->n, 81);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

static void *stop_run(void *arg) {
    pln_run_stop(arg);
    return NULL;
}

START_TEST(stop_from_another_thread) {
    pln_graph *g;
    pln_run *run;
    pthread_t thread;
    OK(pln_graph_new(rt, "host", &g, &err));
    OK(pln_graph_add(g, "in", "generate", "{\"columns\": {\"id\": {\"sequence\": 0}}}", &err));
    OK(pln_graph_add_sink(g, "out", &probe_sink, sink, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    OK(pln_run_open(g, NULL, &run, &err));
    OK(pln_run_step(run, 0, NULL, &err));
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_run, run), 0);
    OK(pln_run_finish(run, &err));
    pthread_join(thread, NULL);
    ck_assert_int_gt(sink->n, 0);
    pln_run_free(run);
    pln_graph_free(g);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_memory_limit_is_a_clean_stop) {
    pln_runtime_options options;
    pln_runtime *small;
    pln_graph *g;
    pln_report *report = NULL;
    pln_memory memory = {.struct_size = sizeof memory};
    pln_runtime_options_init(&options, sizeof options);
    options.memory_limit_bytes = 2 << 20;
    OK(pln_runtime_new(&options, &small, &err));
    pln_table *out;
    OK(pln_table_new(small, NULL, &out, &err));
    OK(pln_graph_new(small, "small", &g, &err));
    OK(pln_graph_add(g, "in", "generate",
                     "{\"columns\": {\"id\": {\"sequence\": 0}, \"t\": {\"text\": [50, 90]}}, "
                     "\"rows\": 1000000}",
                     &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    ck_assert_int_eq(pln_graph_run(g, NULL, &report, &err), PLN_ENOMEM);
    ck_assert_str_ne(err.message, "");
    pln_report_free(report);
    pln_graph_free(g);
    pln_table_free(out);
    pln_runtime_memory(small, &memory);
    ck_assert_int_le(memory.peak_bytes, 2 << 20);
    ck_assert_int_eq(memory.limit_bytes, 2 << 20);
    /* And it can be used on. */
    OK(pln_graph_new(small, "small", &g, &err));
    pln_graph_free(g);
    pln_runtime_free(small);
}
END_TEST

/* ---- reports ---- */

static json_t *number(const json_t *object, const char *key, int64_t expected) {
    json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_integer(value) && json_integer_value(value) == expected,
                  "%s is %lld, expected %lld", key, (long long)json_integer_value(value),
                  (long long)expected);
    return value;
}

START_TEST(a_report_as_json_says_what_its_structs_say) {
    pln_graph *g;
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_node_summary n = {.struct_size = sizeof n};
    probe *bad = calloc(1, sizeof *bad);
    source.acts = "3r4r5";
    OK(pln_graph_new(rt, "host", &g, &err));
    OK(pln_graph_add_source(g, "in", &script_source, &source, NULL, NULL, &err));
    OK(pln_graph_add(g, "odd", "filter", "{\"where\": \"id % 2 = 1\", \"else\": \"drop\"}", &err));
    OK(pln_graph_add_sink(g, "out", &probe_sink, sink, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "bad", &probe_sink, bad, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > odd > out; in.reject > bad", &err));
    pln_run_options options = options_of(NULL);
    options.pipeline = "a \"named\" one";
    options.run_key = "2024-01-01";
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    json_t *json = json_loads(pln_report_json(report), JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "pipeline")), "a \"named\" one");
    ck_assert_str_eq(json_string_value(json_object_get(json, "run_key")), s.run_key);
    ck_assert_str_eq(json_string_value(json_object_get(json, "status")), "done");
    ck_assert_str_eq(json_string_value(json_object_get(json, "guarantee")), "at-least-once");
    ck_assert_int_eq(s.rows_in, 14);
    ck_assert_int_eq(s.rejected, 2);
    ck_assert_int_eq(s.rows_out, 6);
    number(json, "rows_in", s.rows_in);
    number(json, "rows_out", s.rows_out);
    number(json, "rejected", s.rejected);
    number(json, "epochs", s.epochs);
    number(json, "n", s.n);
    for (int32_t i = 0; i < 4; i++) {
        const json_t *node = json_array_get(json_object_get(json, "nodes"), (size_t)i);
        OK(pln_report_node(report, i, &n));
        ck_assert_str_eq(json_string_value(json_object_get(node, "name")), n.name);
        ck_assert_str_eq(json_string_value(json_object_get(node, "stage")), n.stage);
        number(node, "rows_in", n.rows_in);
        number(node, "rows_out", n.rows_out);
        number(node, "passed", n.passed);
        number(node, "absorbed", n.absorbed);
        number(node, "rejected", n.rejected);
        number(node, "late", n.late);
        number(node, "filtered", n.filtered);
        number(node, "duplicate", n.duplicate);
        ck_assert_int_eq(n.rows_in,
                         n.passed + n.absorbed + n.rejected + n.late + n.filtered + n.duplicate);
    }
    ck_assert_int_eq(pln_report_node(report, 4, &n), PLN_EINVAL);
    ck_assert_int_eq(pln_report_node(report, -1, &n), PLN_EINVAL);
    ck_assert_int_eq(pln_report_counter(report, "out", "none"), -1);
    ck_assert_str_eq(pln_report_schema(report, "odd"), "id int64 not null");
    ck_assert_ptr_null(pln_report_schema(report, "odd.none"));
    json_decref(json);
    pln_report_free(report);
    pln_graph_free(g);
    free(bad);
}
END_TEST

/* A caller compiled against shorter structs gets what it knows of, and no byte more. */
START_TEST(short_structs_are_not_overrun) {
    pln_graph *g = graph();
    pln_report *report;
    union {
        pln_run_summary s;
        uint8_t bytes[sizeof(pln_run_summary)];
    } u;
    OK(pln_graph_run(g, NULL, &report, &err));
    memset(&u, 0xEE, sizeof u);
    u.s.struct_size = 24;
    pln_report_summary(report, &u.s);
    ck_assert_int_eq(u.s.struct_size, 24);
    ck_assert_int_eq(u.s.status, PLN_EOS);
    for (size_t i = 24; i < sizeof u; i++)
        ck_assert_int_eq(u.bytes[i], 0xEE);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(the_attempt_of_a_replay_stands_in_its_rejects) {
    static const char *const given[] = {"2", "12", "0", "-3", "many", "9223372036854775808"};
    static const int64_t expected[] = {2, 12, 1, 1, 1, 1};
    pln_param params[] = {{"colour", "blue"}, {"attempt", given[_i]}};
    pln_table *bad;
    pln_graph *g = graph();
    pln_run_options options = options_of(NULL);
    source.acts = "3r";
    OK(pln_table_new(rt, NULL, &bad, &err));
    OK(pln_graph_add(g, "bad", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "bad", "table", bad, NULL, &err));
    OK(pln_graph_wire(g, "in.reject > bad", &err));
    options.params = params;
    options.n_params = 2;
    OK(pln_graph_run(g, &options, NULL, &err));
    ck_assert_int_eq(pln_table_rows(bad), 1);
    const struct ArrowArray *rows = pln_batch_array(pln_table_batch(bad, 0));
    const struct ArrowSchema *schema = pln_batch_schema(pln_table_batch(bad, 0));
    bool found = false;
    for (int64_t c = 0; c < schema->n_children; c++)
        if (strcmp(schema->children[c]->name, "attempt") == 0) {
            ck_assert_int_eq(
                ((const int64_t *)rows->children[c]->buffers[1])[rows->children[c]->offset],
                expected[_i]);
            found = true;
        }
    ck_assert(found);
    pln_graph_free(g);
    pln_table_free(bad);
}
END_TEST

/* ---- guarantees ---- */

static pln_graph *two_databases(const char *a, const char *b, const char *mode) {
    pln_graph *g;
    OK(pln_graph_new(rt, "host", &g, &err));
    OK(pln_graph_add_source(g, "in", &script_source, &source, NULL, NULL, &err));
    OK(pln_graph_add(g, "one", mode, "{\"table\": \"t\"}", &err));
    OK(pln_graph_set_text(g, "one", "database", scratch_path(&dir, a), &err));
    OK(pln_graph_add(g, "two", mode, "{\"table\": \"u\"}", &err));
    OK(pln_graph_set_text(g, "two", "database", scratch_path(&dir, b), &err));
    if (strcmp(mode, "sqlite.upsert") == 0) {
        OK(pln_graph_set_json(g, "one", "key", "[\"id\"]", &err));
        OK(pln_graph_set_json(g, "two", "key", "[\"id\"]", &err));
    }
    OK(pln_graph_wire(g, "in > one; in > two", &err));
    return g;
}

START_TEST(a_second_database_cannot_commit_with_the_first) {
    pln_graph *g = two_databases("a.db", "b.db", "sqlite.append");
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    options.guarantee = PLN_EXACTLY_ONCE;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EGUARANTEE);
    ck_assert_str_eq(err.where, "host/two");
    ck_assert_ptr_nonnull(strstr(err.message, "'two'"));
    ck_assert_ptr_nonnull(strstr(err.message, "second database"));
    options.guarantee = PLN_AT_LEAST_ONCE;
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.guarantee, PLN_AT_LEAST_ONCE);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

/* Two tables of one database share the transaction; an idempotent second database may be written again. */
START_TEST(what_is_granted) {
    static const char *const second[] = {"a.db", "b.db"}, *const mode[] = {"sqlite.append",
                                                                           "sqlite.upsert"};
    pln_graph *g = two_databases("a.db", second[_i], mode[_i]);
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    options.guarantee = PLN_EXACTLY_ONCE;
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.guarantee, PLN_EXACTLY_ONCE);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(what_cannot_go_back_gets_no_guarantee) {
    pln_graph *g;
    pln_source table = script_source;
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    options.guarantee = PLN_EXACTLY_ONCE;
    if (_i == 0)
        table.caps &= ~(uint32_t)PLN_CAP_REPLAYABLE;
    else if (_i == 1)
        table.save = NULL;
    else
        table.load = NULL;
    OK(pln_graph_new(rt, "host", &g, &err));
    OK(pln_graph_add_source(g, "in", &table, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out", &probe_sink, sink, NULL, NULL, &err));
    OK(pln_graph_wire(g, "in > out", &err));
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EGUARANTEE);
    ck_assert_str_eq(err.where, "host/in");
    ck_assert_int_eq(source.polls, 0);
    pln_graph_free(g);
}
END_TEST

/* Who holds the head is recorded; another graph under the same name does not take it over by accident. */
START_TEST(a_state_file_of_another_store_is_refused) {
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    pln_graph *g = graph();
    OK(pln_graph_run(g, &options, NULL, &err));
    pln_graph_free(g);
    g = two_databases("a.db", "a.db", "sqlite.append");
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_ESTATE);
    ck_assert_msg(strstr(err.message, "node one") != NULL && strstr(err.message, "state") != NULL,
                  "%s", err.message);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_file_that_is_no_state_file_is_refused) {
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    pln_graph *g = graph();
    scratch_write(
        &dir, "state.db",
        "This is a text and no database, but long enough to be looked at. It goes on and on.", -1);
    ck_assert_int_lt(pln_graph_run(g, &options, NULL, &err), 0);
    ck_assert_msg(strstr(err.message, "state.db") != NULL, "%s", err.message);
    ck_assert_int_eq(source.polls, 0);
    char *text = scratch_read(&dir, "state.db", NULL);
    ck_assert_int_eq(strncmp(text, "This is a text", 14), 0);
    free(text);
    pln_graph_free(g);
}
END_TEST

START_TEST(a_done_run_restarts_or_is_skipped) {
    pln_run_options options = options_of(scratch_path(&dir, "state.db"));
    pln_report *report;
    pln_run_summary s = {.struct_size = sizeof s};
    pln_graph *g = graph();
    OK(pln_graph_run(g, &options, NULL, &err));
    options.when_done = PLN_WHEN_DONE_SKIP;
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.skipped, 1);
    ck_assert_int_eq(s.rows_in, 9);
    ck_assert_int_eq(s.status, PLN_EOS);
    ck_assert_int_eq(sink->n, 9);
    pln_report_free(report);
    /* Another key is another run. */
    options.run_key = "tomorrow";
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.skipped, 0);
    pln_report_free(report);
    options.run_key = NULL;
    options.when_done = PLN_WHEN_DONE_RESTART;
    OK(pln_graph_run(g, &options, &report, &err));
    pln_report_summary(report, &s);
    ck_assert_int_eq(s.skipped, 0);
    ck_assert_int_eq(s.rows_in, 9);
    ck_assert_int_eq(s.n, 2);
    ck_assert_int_eq(s.epochs, 1);
    ck_assert_int_eq(sink->n, 18);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

Suite *suite_run_host(void);
Suite *suite_run_host(void) {
    Suite *suite = suite_create("run/host");
    TCase *tc = tcase_create("host");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_forked_child_may_not_step);
    tcase_add_test(tc, a_graph_has_one_run);
    tcase_add_test(tc, a_second_run_after_the_first_is_fine);
    tcase_add_test(tc, a_stopped_run_is_resumed);
    tcase_add_test(tc, an_aborted_run_is_over);
    tcase_add_test(tc, a_failed_run_stays_failed);
    tcase_add_loop_test(tc, many_graphs_on_many_threads, 0, 2);
    tcase_add_test(tc, a_run_may_wander_over_threads);
    tcase_add_test(tc, stop_from_another_thread);
    tcase_add_test(tc, a_memory_limit_is_a_clean_stop);
    tcase_add_test(tc, a_report_as_json_says_what_its_structs_say);
    tcase_add_test(tc, short_structs_are_not_overrun);
    tcase_add_loop_test(tc, the_attempt_of_a_replay_stands_in_its_rejects, 0, 6);
    tcase_add_test(tc, a_second_database_cannot_commit_with_the_first);
    tcase_add_loop_test(tc, what_is_granted, 0, 2);
    tcase_add_loop_test(tc, what_cannot_go_back_gets_no_guarantee, 0, 3);
    tcase_add_test(tc, a_state_file_of_another_store_is_refused);
    tcase_add_test(tc, a_file_that_is_no_state_file_is_refused);
    tcase_add_test(tc, a_done_run_restarts_or_is_skipped);
    suite_add_tcase(suite, tc);
    return suite;
}
