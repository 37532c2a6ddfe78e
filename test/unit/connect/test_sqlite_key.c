/* sqlite.append with a column for the rows' keys: a row that is written again is there once, and is counted as what it is. */
#include "scratch.h"
#include <check.h>
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;
static scratch dir;

static void setup(void) {
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static int64_t ask(const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "t.db"), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    int64_t out = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

typedef struct fates {
    int64_t in, passed, duplicate, rejected, inserted;
} fates;

/* `rows` rows of id % ids, with the text of a part of them; rejects are dropped. */
static pln_status append(const char *config, int64_t rows, int64_t ids, fates *out) {
    pln_graph *g;
    pln_report *report = NULL;
    pln_node_summary s = {.struct_size = sizeof s};
    pln_run_options options;
    char derive[200];
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = 64;
    options.epoch_rows = 500;
    snprintf(
        derive, sizeof derive,
        "{\"columns\": {\"id\": \"i %% %lld\", \"name\": \"case when i %% 5 = 0 then null else "
        "cast(i %% 3 as varchar) end\"}}",
        (long long)ids);
    OK(pln_graph_new(rt, "p", &g, &err));
    OK(pln_graph_add(g, "in", "generate", "{\"columns\": {\"i\": {\"sequence\": 0}}}", &err));
    OK(pln_graph_set_int(g, "in", "rows", rows, &err));
    OK(pln_graph_add(g, "more", "derive", derive, &err));
    OK(pln_graph_add(g, "few", "select", "{\"columns\": [\"id\", \"name\"]}", &err));
    OK(pln_graph_add(g, "out", "sqlite.append", config, &err));
    OK(pln_graph_set_text(g, "out", "database", scratch_path(&dir, "t.db"), &err));
    OK(pln_graph_wire(g, "in > more > few > out", &err));
    pln_status status = pln_graph_run(g, &options, &report, &err);
    memset(out, 0, sizeof *out);
    if (status >= 0) {
        OK(pln_report_node(report, 3, &s));
        *out = (fates){s.rows_in, s.passed, s.duplicate, s.rejected,
                       pln_report_counter(report, "out", "inserted")};
    }
    pln_report_free(report);
    pln_graph_free(g);
    return status;
}

#define KEYED                                                                                      \
    "{\"table\": \"t\", \"key\": [\"id\"], \"key_column\": \"row_key\", \"on_reject\": \"drop\"}"

START_TEST(a_row_that_comes_again_is_left_out) {
    fates f;
    OK(append(KEYED, 1000, 700, &f));
    ck_assert_int_eq(f.in, 1000);
    ck_assert_int_eq(f.passed, 700);
    ck_assert_int_eq(f.duplicate, 300);
    ck_assert_int_eq(f.inserted, 700);
    ck_assert_int_eq(ask("SELECT count(*) FROM t"), 700);
    ck_assert_int_eq(ask("SELECT count(DISTINCT id) FROM t"), 700);
    /* The whole run again, and some that are new. */
    OK(append(KEYED, 1000, 800, &f));
    ck_assert_int_eq(f.passed, 100);
    ck_assert_int_eq(f.duplicate, 900);
    ck_assert_int_eq(ask("SELECT count(*) FROM t"), 800);
}
END_TEST

/* The key is that of <pln/key.h>, so that others can compute it; of a row of all columns, with its nulls, too. */
START_TEST(the_column_holds_the_published_key) {
    fates f;
    OK(append("{\"table\": \"t\", \"key_column\": \"k\"}", 30, 30, &f));
    ck_assert_int_eq(f.passed, 30);
    OK(append("{\"table\": \"t\", \"key_column\": \"k\"}", 30, 30, &f));
    ck_assert_int_eq(f.duplicate, 30);
    struct ArrowSchema schema;
    pln_builder *b;
    pln_batch *batch;
    pln_keys *keys;
    pln_keys_options options;
    uint8_t key[PLN_KEY_SIZE];
    char hex[PLN_KEY_HEX_SIZE], sql[200];
    OK(pln_schema_parse(rt, "id int64, name utf8", &schema, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    OK(pln_column_int(pln_builder_column(b, 0), 5, &err));
    OK(pln_column_null(pln_builder_column(b, 1), &err));
    OK(pln_builder_finish(b, &batch, &err));
    pln_keys_options_init(&options, sizeof options);
    options.hash = PLN_KEY_SHA256;
    OK(pln_keys_new(rt, &schema, NULL, 0, &options, &keys, &err));
    OK(pln_keys_row(keys, pln_batch_array(batch), 0, key, &err));
    pln_key_hex(key, hex);
    snprintf(sql, sizeof sql, "SELECT id FROM t WHERE k=x'%s' AND name IS NULL", hex);
    ck_assert_int_eq(ask(sql), 5);
    ck_assert_int_eq(ask("SELECT count(*) FROM t WHERE typeof(k)='blob' AND length(k)=16"), 30);
    pln_keys_free(keys);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
}
END_TEST

/* A trigger is why rows are written one by one, and one that ignores a row is not taken for a duplicate. Another constraint rejects. */
START_TEST(tables_that_were_there) {
    static const char *const tables[] = {
        "CREATE TABLE t(id INT, name TEXT, row_key BLOB UNIQUE)",
        "CREATE TABLE t(row_key BLOB PRIMARY KEY, name TEXT, id INT) WITHOUT ROWID",
        "CREATE TABLE t(id INT, name TEXT, row_key BLOB UNIQUE); CREATE TABLE n(x);"
        "CREATE TRIGGER seen AFTER INSERT ON t BEGIN INSERT INTO n VALUES(1); END",
        "CREATE TABLE t(id INT CHECK(id < 90), name TEXT, row_key BLOB UNIQUE)",
        "CREATE TABLE t(id INT, name TEXT, row_key BLOB UNIQUE);"
        "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.id >= 90 BEGIN SELECT RAISE(IGNORE); END"};
    for (int i = 0; i < 5; i++) {
        fates f;
        int64_t kept = i < 3 ? 100 : 90;
        scratch_free(&dir);
        dir = scratch_new();
        sqlite3 *db;
        ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "t.db"), &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, tables[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        OK(append(KEYED, 300, 100, &f));
        ck_assert_int_eq(f.passed, kept);
        ck_assert_int_eq(f.duplicate, 2 * kept);
        ck_assert_int_eq(f.rejected, 300 - 3 * kept);
        ck_assert_int_eq(ask("SELECT count(*) FROM t"), kept);
        if (i == 2)
            ck_assert_int_eq(ask("SELECT count(*) FROM n"), 100);
    }
}
END_TEST

START_TEST(what_does_not_fit_is_said) {
    static const struct {
        const char *table, *config, *words;
        pln_status status;
    } cases[] = {
        {"CREATE TABLE t(id INT, name TEXT, row_key BLOB)", KEYED,
         "table t has no primary key or unique index on (\"row_key\")", PLN_ETYPE},
        {"CREATE TABLE t(id INT, name TEXT)", KEYED, "table t has no column row_key", PLN_ETYPE},
        {"", "{\"table\": \"t\", \"key_column\": \"name\"}",
         "option 'key_column': the input has a column 'name'", PLN_EOPTION},
        {"", "{\"table\": \"t\", \"key_column\": \"NAME\"}",
         "columns name and NAME have one name in SQLite", PLN_ETYPE},
        {"", "{\"table\": \"t\", \"key_column\": \"k\", \"key\": [\"idd\"]}", "key: column 'idd'",
         PLN_ENAME},
        {"", "{\"table\": \"t\", \"key_column\": \"\"}", "column: its name is empty", PLN_EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fates f;
        scratch_free(&dir);
        dir = scratch_new();
        sqlite3 *db;
        ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "t.db"), &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, cases[i].table, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        pln_status status = append(cases[i].config, 10, 10, &f);
        ck_assert_msg(status == cases[i].status && strstr(err.message, cases[i].words) != NULL,
                      "%s: %d %s", cases[i].config, status, err.message);
    }
}
END_TEST

Suite *suite_connect_sqlite_key(void);
Suite *suite_connect_sqlite_key(void) {
    Suite *suite = suite_create("connect/sqlite_key");
    TCase *tests = tcase_create("key");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_row_that_comes_again_is_left_out);
    tcase_add_test(tests, the_column_holds_the_published_key);
    tcase_add_test(tests, tables_that_were_there);
    tcase_add_test(tests, what_does_not_fit_is_said);
    suite_add_tcase(suite, tests);
    return suite;
}
