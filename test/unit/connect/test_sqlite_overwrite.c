#include "fail_alloc.h"
#include "random_arrow.h"
#include "test_sqlite_kit.h"
#include <pln/pln.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BY_DAY "{'database': '$', 'table': 't', 'partition': 'day'}"
#define SPEC "day u?, n l"

START_TEST(the_whole_table) {
    sql("CREATE TABLE t(n INTEGER, extra TEXT DEFAULT 'd'); INSERT INTO t VALUES(1, 'x'), (2, "
        "'y')");
    run("sqlite.overwrite", "{'database': '$', 'table': 't'}", "n l",
        "{'n': 7}\n{'n': 7}\n{'n': 5}\n");
    ck_assert_str_eq(ask("SELECT rowid, * FROM t"), "1,7,'d'\n2,7,'d'\n3,5,'d'\n");
    ck_assert_str_eq(counted(), "inserted 3 deleted 2");
    run("sqlite.overwrite", "{'database': '$', 'table': 't'}", "n l", "");
    ck_assert_str_eq(ask("SELECT count(*) FROM t"), "0\n");
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema"), "1\n");
}
END_TEST

static const char DAYS[] = "{'day': '2015-09-12', 'n': 1}\n{'day': null, 'n': 2}\n{'day': "
                           "'2015-09-12', 'n': 3}\n{'day': '2015-09-13', 'n': 4}\n";

START_TEST(only_the_partitions_touched) {
    sql("CREATE TABLE t(day TEXT, n INTEGER);"
        "INSERT INTO t VALUES('2015-09-11', 100), ('2015-09-12', 101), (NULL, 102), ('2015-09-14', "
        "103), ('2015-09-12', 104)");
    const char *others =
        strdup(ask("SELECT rowid, * FROM t WHERE day IN ('2015-09-11', '2015-09-14')"));
    run("sqlite.overwrite", BY_DAY, SPEC, DAYS);
    ck_assert_str_eq(counted(), "inserted 4 deleted 3");
    ck_assert_str_eq(ask("SELECT rowid, * FROM t WHERE day IN ('2015-09-11', '2015-09-14')"),
                     others);
    ck_assert_str_eq(ask("SELECT day, n FROM t WHERE day IS NULL OR day IN ('2015-09-12', "
                         "'2015-09-13') ORDER BY rowid"),
                     "'2015-09-12',1\nNULL,2\n'2015-09-12',3\n'2015-09-13',4\n");
    const char *after = strdup(ask("SELECT rowid, * FROM t"));
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
    run("sqlite.overwrite", BY_DAY, SPEC, DAYS);
    ck_assert_str_eq(counted(), "unchanged 4");
    ck_assert_str_eq(ask("SELECT rowid, * FROM t"), after);
    run("sqlite.overwrite", BY_DAY, SPEC, "");
    ck_assert_str_eq(ask("SELECT rowid, * FROM t"), after);
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema"), "1\n");
    free((void *)(uintptr_t)others);
    free((void *)(uintptr_t)after);
}
END_TEST

START_TEST(named_partitions_are_cleared) {
    sql("CREATE TABLE t(day TEXT, n INTEGER); INSERT INTO t VALUES('a', 1), ('b', 2), ('c', 3), "
        "(NULL, 4)");
    run("sqlite.overwrite",
        "{'database': '$', 'table': 't', 'partition': 'day', 'partitions': ['a', null, 'zz']}",
        SPEC, "{'day': 'b', 'n': 5}\n");
    ck_assert_str_eq(ask("SELECT * FROM t ORDER BY day"), "'b',5\n'c',3\n");
    sql("CREATE TABLE two(y INT, m INT, x TEXT); INSERT INTO two VALUES(2015, 9, 'a'), (2015, 10, "
        "'b'), (NULL, 9, 'c'), (2016, 9, 'd')");
    run("sqlite.overwrite",
        "{'database': '$', 'table': 'two', 'partition': ['y', 'm'], 'partitions': [{'y': 2015, "
        "'m': 9}, {'m': 9, 'y': null}]}",
        "y l?, m l, x u", "{'y': 2016, 'm': 9, 'x': 'new'}\n");
    ck_assert_str_eq(ask("SELECT * FROM two ORDER BY y"), "2015,10,'b'\n2016,9,'new'\n");
    fake_node *node = open_sink(
        "sqlite.overwrite",
        "{'database': '$', 'table': 'two', 'partition': ['y', 'm'], 'partitions': [{'y': 2015}]}",
        "y l?, m l, x u");
    OK(fake_finish(node, err));
    FAILS(fake_flush(node, 1, err), PLN_EOPTION, "is not a value of the partition column");
    OK(fake_abort(node, 1, NULL, 0, err));
    close_node(node);
}
END_TEST

START_TEST(the_old_is_seen_until_the_end) {
    sql("PRAGMA journal_mode=WAL; CREATE TABLE t(day TEXT, n INTEGER); INSERT INTO t VALUES('a', "
        "1)");
    fake_node *node = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    for (int n = 1; n <= 3; n++) {
        char row[64];
        snprintf(row, sizeof row, "{'day': 'a', 'n': %d}\n", n * 10);
        host->identity.epoch = n;
        OK(write_rows(node, SPEC, row, err));
        if (n == 3)
            OK(fake_finish(node, err));
        OK(fake_flush(node, n, err));
        ck_assert_str_eq(ask("SELECT n FROM t"), "1\n");
        OK(commit_head(node, 0, n, NULL, err));
        ck_assert_str_eq(ask("SELECT n FROM t"), n == 3 ? "10\n20\n30\n" : "1\n");
    }
    close_node(node);
}
END_TEST

START_TEST(constraints_of_the_table_hold_while_staging) {
    sql("CREATE TABLE [odd ( name](a INTEGER PRIMARY KEY, b TEXT NOT NULL CHECK(b <> 'no'), c INT);"
        "CREATE UNIQUE INDEX once ON [odd ( name](c COLLATE NOCASE)");
    fake_node *node = open_sink("sqlite.overwrite", "{'database': '$', 'table': 'odd ( name'}",
                                "a l, b u?, c l?");
    OK(write_rows(node, "a l, b u?, c l?",
                  "{'a': 1, 'b': 'x', 'c': 1}\n{'a': 1, 'b': 'x'}\n{'a': 2}\n{'a': 3, 'b': "
                  "'no'}\n{'a': 4, 'b': 'y', 'c': 1}\n{'a': 5, 'b': 'z', 'c': 2}\n",
                  err));
    ck_assert_int_eq(node->n_rejects, 4);
    ck_assert_str_eq(node->rejects[0].message, "UNIQUE constraint failed: odd ( name.a");
    ck_assert_str_eq(node->rejects[0].column, "a");
    ck_assert_str_eq(node->rejects[1].column, "b");
    ck_assert_str_eq(node->rejects[3].message, "UNIQUE constraint failed: odd ( name.c");
    OK(fake_finish(node, err));
    OK(fake_flush(node, 1, err));
    OK(commit_head(node, 0, 1, NULL, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT * FROM [odd ( name]"), "1,'x',1\n5,'z',2\n");
}
END_TEST

START_TEST(rows_in_the_way_fail_the_swap) {
    sql("CREATE TABLE t(day TEXT, n INTEGER PRIMARY KEY); INSERT INTO t VALUES('a', 1)");
    fake_node *node = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    OK(write_rows(node, SPEC, "{'day': 'b', 'n': 1}\n", err));
    OK(fake_finish(node, err));
    FAILS(fake_flush(node, 1, err), PLN_EDATA,
          "rows of other partitions stand in the way: UNIQUE constraint failed: t.n");
    OK(fake_abort(node, 1, NULL, 0, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT * FROM t"), "'a',1\n");
}
END_TEST

START_TEST(a_resumed_run_goes_on_staging) {
    sql("CREATE TABLE t(day TEXT, n INTEGER); INSERT INTO t VALUES('a', 1), ('b', 2)");
    fake_node *first = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    OK(write_rows(first, SPEC, "{'day': 'a', 'n': 10}\n", err));
    OK(fake_flush(first, 1, err));
    OK(fake_save(first, 1, err));
    OK(commit_head(first, 0, 1, NULL, err));
    fake_close(first);
    kit_close_shared();
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'pln_stage_t_%'"),
                     "1\n");
    host->identity.epoch = 2;
    fake_node *second = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    OK(fake_load(second, first, err));
    OK(write_rows(second, SPEC, "{'day': 'a', 'n': 20}\n", err));
    OK(fake_finish(second, err));
    OK(fake_flush(second, 2, err));
    OK(commit_head(second, 0, 2, NULL, err));
    close_node(second);
    ck_assert_str_eq(ask("SELECT * FROM t ORDER BY day, n"), "'a',10\n'a',20\n'b',2\n");
    /* A fresh run does not see what a dead one has staged; one that should and does not is told. */
    second = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    OK(fake_load(second, first, err));
    FAILS(write_rows(second, SPEC, "{'day': 'a', 'n': 30}\n", err), PLN_EDATALOSS,
          "staging table pln_stage_t_");
    fake_node_free(first);
    close_node(second);
}
END_TEST

START_TEST(a_fresh_run_drops_what_was_staged) {
    fake_node *first = open_sink("sqlite.overwrite", BY_DAY, SPEC);
    OK(write_rows(first, SPEC, "{'day': 'a', 'n': 10}\n", err));
    OK(fake_flush(first, 1, err));
    OK(commit_head(first, 0, 1, NULL, err));
    close_node(first);
    run("sqlite.overwrite", BY_DAY, SPEC, "{'day': 'b', 'n': 1}\n");
    ck_assert_str_eq(ask("SELECT * FROM t"), "'b',1\n");
    ck_assert_str_eq(ask("SELECT group_concat(name) FROM sqlite_schema"), "'t'\n");
}
END_TEST

START_TEST(tables_without_rowid) {
    sql("CREATE TABLE t(day TEXT, n INTEGER, PRIMARY KEY(day, n)) WITHOUT ROWID; INSERT INTO t "
        "VALUES('a', 1), ('b', 2)");
    run("sqlite.overwrite", BY_DAY, "day u, n l", "{'day': 'b', 'n': 9}\n{'day': 'b', 'n': 3}\n");
    ck_assert_str_eq(ask("SELECT * FROM t"), "'a',1\n'b',3\n'b',9\n");
    (void)counted();
    run("sqlite.overwrite", BY_DAY, "day u, n l", "{'day': 'b', 'n': 9}\n{'day': 'b', 'n': 3}\n");
    ck_assert_str_eq(counted(), "unchanged 2");
    run("sqlite.upsert", "{'database': '$', 'table': 't', 'key': ['day', 'n']}", "day u, n l",
        "{'day': 'b', 'n': 3}\n{'day': 'c', 'n': 3}\n");
    ck_assert_str_eq(counted(), "inserted 1 unchanged 1");
}
END_TEST

/* ---- every type, there and back ---- */

START_TEST(every_type_comes_back) {
    static const char spec[] = "i c?, j s?, k i?, l l?, m C?, n S?, o I?, p L?, q f?, r g?, s u?, "
                               "t z?, u d:20.4?, v tdD?, w tts?, x ttn?, y tsm:?, "
                               "yy tsn:UTC?, b b?, tags [u?]?, who {a l, b [l]}?, e #u?";
    rng r = {42};
    struct ArrowSchema schema;
    struct ArrowArray array, ours;
    json_schema(spec, &schema);
    random_array(&r, &schema, 300, 0, &array);
    ck_assert_int_eq(pln__array_adopt(pln__system_allocator(), &array, &ours, NULL), PLN_OK);
    pln_batch *batch = fake_batch(host, &schema, &ours);
    fake_node *sink = fake_node_new(host, "sqlite.append", json("{'database': '$', 'table': 't'}"));
    OK(fake_open(sink, err));
    fake_in(sink, 0, &schema);
    OK(fake_schema(sink, err));
    OK(fake_write(sink, batch, err));
    OK(fake_flush(sink, 1, err));
    OK(commit_head(sink, 0, 1, NULL, err));

    /* A source that is told the same schema; it takes Avro text only, so the schema comes as if an earlier attempt had inferred it. */
    fake_node *source = fake_node_new(
        host, "sqlite.query", json("{'database': '$', 'query': 'SELECT * FROM t ORDER BY rowid'}"));
    OK(fake_open(source, err));
    OK(source->stage->table.source.schema_load(source->self, &source->ctx, &schema, err));
    OK(fake_schema(source, err));
    pln_batch *back = NULL;
    OK(fake_poll(source, 1000, &back, err));
    ck_assert_msg(source->n_rejects == 0, "%s",
                  source->n_rejects > 0 ? source->rejects[0].message : "");

    int64_t at = 0, next = 0, lost = 0;
    for (int64_t row = 0; row < 300; row++) {
        if (next < sink->n_rejects && sink->rejects[next].row == row) {
            const char *message = sink->rejects[next++].message;
            ck_assert_msg(strstr(message, "NaN") != NULL || strstr(message, "year") != NULL ||
                              strstr(message, "outside of a day") != NULL ||
                              strstr(message, "largest integer") != NULL,
                          "%s", message);
            lost++;
            continue;
        }
        char *want = show_row(&schema, pln_batch_array(batch), row);
        char *got = show_row(pln_batch_schema(back), pln_batch_array(back), at++);
        ck_assert_str_eq(got, want);
        free(want);
        free(got);
    }
    ck_assert_int_eq(at, pln_batch_rows(back));
    printf("round trip: %d rows, %d refused\n", (int)at, (int)lost);
    ck_assert_int_gt(at, 20);
    pln_batch_unref(batch);
    pln_batch_unref(back);
    fake_node_free(source);
    close_node(sink);
    schema.release(&schema);
}
END_TEST

/* ---- whole runs, killed at random moments ---- */

/* Runs `query > stage` over a source table of 2000 rows; the answer is the process's exit code. */
static int whole_run(const char *stage, const char *config, int64_t epoch_rows,
                     const char *run_key) {
    pln_error err = {0};
    pln_runtime *runtime = NULL;
    pln_graph *graph = NULL;
    pln_host table;
    pln_run_options options;
    char source[600], state_path[320], from[320];
    snprintf(from, sizeof from, "%s", scratch_path(&dir, "source.db"));
    snprintf(state_path, sizeof state_path, "%s", scratch_path(&dir, "state.db"));
    snprintf(source, sizeof source,
             "{\"database\": \"%s\", \"query\": \"SELECT * FROM src\", \"cursor\": \"id\"}", from);
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = epoch_rows;
    options.max_batch_rows = 37;
    options.run_key = run_key;
    options.state = run_key != NULL ? state_path : NULL;
    options.guarantee = run_key != NULL ? PLN_EXACTLY_ONCE : PLN_AT_LEAST_ONCE;
    options.when_done = PLN_WHEN_DONE_SKIP; /* a kill may come after all is done */
    pln_status status = pln__runtime_create(NULL, &runtime, &err);
    pln__host_static(&table);
    if (status >= 0)
        status = pln__connect_sqlite_register(&table, &runtime->registry, &err);
    if (status >= 0)
        status = pln_graph_new(runtime, "g", &graph, &err);
    if (status >= 0)
        status = pln_graph_add(graph, "read", "sqlite.query", source, &err);
    if (status >= 0)
        status = pln_graph_add(graph, "write", stage, config, &err);
    if (status >= 0)
        status = pln_graph_add(graph, "bad", "sqlite.append",
                               json("{'database': '$', 'table': 'bad'}"), &err);
    if (status >= 0)
        status = pln_graph_wire(graph, "read > write; write.reject > bad; read.reject > bad", &err);
    if (status >= 0)
        status = pln_graph_run(graph, &options, NULL, &err);
    if (status < 0)
        fprintf(stderr, "%s: %s: %s\n", stage, err.where, err.message);
    pln_graph_free(graph);
    pln_runtime_free(runtime);
    return status < 0;
}

static void make_source(void) {
    char kept[300];
    snprintf(kept, sizeof kept, "%s", database);
    snprintf(database, sizeof database, "%s", scratch_path(&dir, "source.db"));
    sql("PRAGMA journal_mode=WAL; CREATE TABLE src(id INTEGER PRIMARY KEY, k TEXT, part INT, x "
        "INT);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000)"
        " INSERT INTO src SELECT i, 'k' || (i*7919 % 700), i % 5, i % 97 FROM n");
    snprintf(database, sizeof database, "%s", kept);
}

/* Long texts: the first line that differs is enough to see. */
static void same_lines(const char *got, const char *want) {
    int line = 1;
    const char *g = got, *w = want;
    while (*got != '\0' && *got == *want) {
        line += *got == '\n';
        g = *got == '\n' ? got + 1 : g;
        w = *got == '\n' ? want + 1 : w;
        got++;
        want++;
    }
    ck_assert_msg(*got == *want, "line %d: %.*s, expected %.*s", line, (int)strcspn(g, "\n"), g,
                  (int)strcspn(w, "\n"), w);
}

/* The target before: a CHECK that rejects some rows, and partitions of its own. */
static void make_target(void) {
    sql("CREATE TABLE t(id INTEGER, k TEXT, part INT, x INT CHECK(x <> 13), UNIQUE(k));"
        "CREATE TABLE plain(id INTEGER, k TEXT, part INT, x INT CHECK(x <> 13));"
        "INSERT INTO plain VALUES(-1, 'old', 3, 0), (-2, 'old', 77, 0)");
}

static const struct job {
    const char *stage, *config, *look;
} jobs[] = {
    {"sqlite.append", "{'database': '$', 'table': 'plain'}",
     "SELECT id, k, part, x FROM plain ORDER BY rowid"},
    {"sqlite.upsert", "{'database': '$', 'table': 't', 'key': 'k', 'version': 'id'}",
     "SELECT * FROM t ORDER BY k"},
    {"sqlite.overwrite", "{'database': '$', 'table': 'plain', 'partition': 'part'}",
     "SELECT id, k, part, x FROM plain ORDER BY part, id"},
};

START_TEST(kills_leave_no_trace) {
    const struct job *job = &jobs[_i / 2];
    int64_t epoch = _i % 2 == 0 ? 0 : 150;
    char config[800];
    snprintf(config, sizeof config, "%s", json(job->config));
    make_source();
    make_target();
    ck_assert_int_eq(whole_run(job->stage, config, epoch, NULL), 0);
    const char *bad_query =
        "SELECT node, code, message, \"column\", split, position, row FROM bad ORDER BY position";
    char *want = strdup(ask(job->look)), *want_bad = strdup(ask(bad_query));
    ck_assert_str_ne(want_bad, "");
    unlink(database);
    char wal[320];
    snprintf(wal, sizeof wal, "%s-wal", database);
    unlink(wal);
    snprintf(wal, sizeof wal, "%s-shm", database);
    unlink(wal);
    make_target();
    int kills = 0;
    /* The busier the machine, the longer. */
    for (long wait = 500, most = 30000;;
         wait = (wait + most * 5 / 12) % most, most += 1500 + most / 50) {
        pid_t child = fork();
        if (child == 0) {
            /* valgrind calls what nobody asks for any more a leak, and ends with it. */
            free(want);
            free(want_bad);
            _exit(whole_run(job->stage, config, epoch, "k"));
        }
        nanosleep(&(struct timespec){wait / 1000000, wait % 1000000 * 1000}, NULL);
        kill(child, SIGKILL);
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        if (WIFEXITED(how)) {
            ck_assert_int_eq(WEXITSTATUS(how), 0);
            break;
        }
        ck_assert_int_lt(++kills, 500);
    }
    same_lines(ask(job->look), want);
    same_lines(ask(bad_query), want_bad);
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'pln_stage%'"), "0\n");
    printf("%s, %s: %d kills\n", job->stage, epoch == 0 ? "one epoch" : "many epochs", kills);
    free(want);
    free(want_bad);
}
END_TEST

START_TEST(a_second_run_changes_nothing) {
    const struct job *job = &jobs[_i];
    char config[800];
    snprintf(config, sizeof config, "%s", json(job->config));
    make_source();
    make_target();
    ck_assert_int_eq(whole_run(job->stage, config, 0, "one"), 0);
    char *want = strdup(ask(job->look));
    ck_assert_int_eq(whole_run(job->stage, config, 333, "two"), 0);
    same_lines(ask(job->look), want);
    free(want);
}
END_TEST

/* ---- no memory, at every allocation ---- */

static pln_status all_stages(fake_node **nodes, pln_batch *in, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t owner, epoch, size;
    const void *head;
    for (int i = 0; i < 2; i++) {
        PLN__TRY(fake_open(nodes[i], err));
        PLN__TRY(fake_schema(nodes[i], err));
    }
    PLN__TRY(table_of(nodes[0])->state_open(nodes[0]->self, &nodes[0]->ctx, &owner, &epoch, &head,
                                            &size, err));
    for (int i = 0; i < 2; i++) {
        PLN__TRY(fake_write(nodes[i], in, err));
        PLN__TRY(fake_finish(nodes[i], err));
        PLN__TRY(fake_flush(nodes[i], 1, err));
    }
    PLN__TRY(commit_head(nodes[0], 1, 1, "head", err));
    PLN__TRY(fake_open(nodes[2], err));
    PLN__TRY(fake_schema(nodes[2], err));
    PLN__TRY(fake_poll(nodes[2], 10, out, err));
    PLN__TRY(fake_save(nodes[2], 1, err));
out:
    return status;
}

static void without(const char *name) {
    char path[330];
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", name, tails[i]);
        unlink(path);
    }
}

START_TEST(no_memory_at_any_point) {
    static const char spec[] = "a l, b u?, tags [l]";
    static fail_alloc failing; /* the last host is freed after the test */
    fake_options options = {.allocator = fail_alloc_init(&failing, -1)};
    bool done = false;
    for (int64_t n = 0; !done; n++) {
        pln_error err = {0};
        struct ArrowSchema schema;
        ck_assert_int_eq(fake_host_free(host), 0);
        fail_alloc_init(&failing, -1);
        failing.once = n % 2 == 1;
        kit_host_new(&options);
        without(database);
        sql("CREATE TABLE src(a INTEGER, b TEXT); INSERT INTO src VALUES(1, 'x'), (2, 'y')");
        pln_batch *in = rows(spec, "{'a': 2, 'b': 'q', 'tags': [1]}\n{'a': 1, 'tags': []}\n");
        pln_batch *out = NULL;
        fake_node *nodes[3] = {
            fake_node_new(host, "sqlite.upsert",
                          json("{'database': '$', 'table': 'u', 'key': 'a'}")),
            fake_node_new(
                host, "sqlite.overwrite",
                json("{'database': '$', 'table': 'o', 'partition': 'a', 'partitions': [5]}")),
            fake_node_new(host, "sqlite.query",
                          json("{'database': '$', 'query': 'SELECT * FROM src', 'cursor': 'a'}"))};
        json_schema(spec, &schema);
        fake_in(nodes[0], 0, &schema);
        fake_in(nodes[1], 0, &schema);
        failing.left = n / 2;
        pln_status status = all_stages(nodes, in, &out, &err);
        failing.left = -1;
        ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "allocation %d: %d %s", (int)n / 2,
                      (int)status, err.message);
        done = !failing.failed;
        pln_batch_unref(out);
        pln_batch_unref(in);
        schema.release(&schema);
        for (int i = 0; i < 3; i++)
            fake_node_free(nodes[i]);
        kit_close_shared();
        if (done)
            printf("no memory at %d allocations\n", (int)n / 2);
    }
    ck_assert_str_eq(ask("SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM o)"), "2,2\n");
}
END_TEST

Suite *suite_connect_sqlite_overwrite(void);
Suite *suite_connect_sqlite_overwrite(void) {
    Suite *suite = suite_create("connect/sqlite_overwrite");
    TCase *tests = tcase_create("overwrite");
    tcase_add_checked_fixture(tests, kit_setup, kit_teardown);
    tcase_add_test(tests, the_whole_table);
    tcase_add_test(tests, only_the_partitions_touched);
    tcase_add_test(tests, named_partitions_are_cleared);
    tcase_add_test(tests, the_old_is_seen_until_the_end);
    tcase_add_test(tests, constraints_of_the_table_hold_while_staging);
    tcase_add_test(tests, rows_in_the_way_fail_the_swap);
    tcase_add_test(tests, a_resumed_run_goes_on_staging);
    tcase_add_test(tests, a_fresh_run_drops_what_was_staged);
    tcase_add_test(tests, tables_without_rowid);
    tcase_add_test(tests, every_type_comes_back);
    tcase_add_loop_test(tests, kills_leave_no_trace, 0, 6);
    tcase_add_loop_test(tests, a_second_run_changes_nothing, 1, 3);
    tcase_add_test(tests, no_memory_at_any_point);
    suite_add_tcase(suite, tests);
    return suite;
}
