#include "test_sqlite_kit.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDERS "{'database': '$', 'table': 'orders', 'key': ['id']}"

START_TEST(append_makes_the_table) {
    run("sqlite.append", "{'database': '$', 'table': 'orders'}", "id l, name u?, price g?, ok b?",
        "{'id': 1, 'name': 'a', 'price': 1.5, 'ok': true}\n{'id': 2, 'name': null, 'price': null, "
        "'ok': false}\n");
    ck_assert_str_eq(ask("SELECT *, typeof(price) FROM orders"),
                     "1,'a',1.5,1,'real'\n2,NULL,NULL,0,'null'\n");
    ck_assert_str_eq(ask("SELECT sql FROM sqlite_schema"),
                     "'CREATE TABLE \"orders\"(\"id\" INTEGER NOT NULL, \"name\" TEXT, \"price\" "
                     "REAL, \"ok\" INTEGER)'\n");
    ck_assert_str_eq(counted(), "inserted 2");
    run("sqlite.append", "{'database': '$', 'table': 'orders'}", "id l, name u?", "{'id': 1}\n");
    ck_assert_str_eq(ask("SELECT count(*), count(ok) FROM orders"), "3,2\n");
}
END_TEST

START_TEST(upsert_counts_what_it_does) {
    run("sqlite.upsert", ORDERS, "id l, name u?",
        "{'id': 1, 'name': 'a'}\n{'id': 2, 'name': 'b'}\n{'id': 3}\n");
    ck_assert_str_eq(counted(), "inserted 3");
    run("sqlite.upsert", ORDERS, "id l, name u?",
        "{'id': 3}\n{'id': 2, 'name': 'B'}\n{'id': 4, 'name': 'd'}\n{'id': 1, 'name': 'a'}\n");
    ck_assert_str_eq(counted(), "inserted 1 updated 1 unchanged 2");
    ck_assert_str_eq(ask("SELECT * FROM orders ORDER BY id"), "1,'a'\n2,'B'\n3,NULL\n4,'d'\n");
}
END_TEST

#define VERSIONED                                                                                  \
    "{'database': '$', 'table': 'orders', 'key': 'id', 'version': 'v', 'delete': 'gone'}"
#define VERSIONED_SPEC "id u, v l?, name u?, gone b?"

START_TEST(versions_and_tombstones) {
    run("sqlite.upsert", VERSIONED, VERSIONED_SPEC,
        "{'id': 'a', 'v': 5, 'name': 'five'}\n{'id': 'a', 'v': 4, 'name': 'four'}\n{'id': 'a', "
        "'v': 5, 'name': 'tie'}\n"
        "{'id': 'a', 'v': null, 'name': 'null'}\n{'id': 'b', 'v': null, 'name': 'x'}\n{'id': 'b', "
        "'v': 0, 'name': 'y'}\n");
    ck_assert_str_eq(ask("SELECT * FROM orders ORDER BY id"), "'a',5,'tie'\n'b',0,'y'\n");
    ck_assert_str_eq(counted(), "inserted 2 updated 2 stale 2");
    run("sqlite.upsert", VERSIONED, VERSIONED_SPEC,
        "{'id': 'a', 'v': 4, 'gone': true}\n{'id': 'b', 'v': 0, 'gone': true}\n{'id': 'c', 'v': 9, "
        "'gone': true}\n"
        "{'id': 'd', 'v': 1, 'gone': false}\n{'id': 'a', 'v': 5, 'name': 'tie'}\n{'id': 'b', 'v': "
        "null, 'gone': true}\n");
    ck_assert_str_eq(ask("SELECT * FROM orders ORDER BY id"), "'a',5,'tie'\n'd',1,NULL\n");
    ck_assert_str_eq(counted(), "inserted 1 unchanged 3 deleted 1 stale 1");
}
END_TEST

/* ---- against a model that applies changes one by one ---- */

typedef struct model_row {
    bool there;
    int version; /* -1: null */
    int value;
} model_row;

static uint64_t seed = 88172645463325252u;
static int below(int n) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (int)(seed % (uint64_t)n);
}

/*
 * Four ways of writing: a table whose columns are required (a statement that fails undoes itself), nullable ones (it does not), a CHECK that refuses
 * rows now and then, and a table with a trigger, which takes rows one by one.
 */
START_TEST(random_changes_equal_the_model) {
    enum { KEYS = 40, CHANGES = 300 };
    int way = _i % 4;
    bool versioned = _i / 4 % 2 == 0;
    const char *spec = way == 1 ? "k u, v l?, x l?, d b?, k2 l" : "k u, v l?, x l, d b, k2 l";
    model_row model[KEYS] = {{false, 0, 0}};
    int64_t expected[5] = {0}; /* inserted, updated, unchanged, deleted, stale */
    int64_t rejected = 0, refused = 0;
    seed += (uint64_t)_i * 7919;
    if (way == 2)
        sql("CREATE TABLE t(k TEXT, v INT, x INT CHECK(x < 2), k2 INT, PRIMARY KEY(k, k2))");
    if (way == 3)
        sql("CREATE TABLE t(k TEXT, v INT, x INT, k2 INT, PRIMARY KEY(k, k2)); CREATE TABLE n(x);"
            "CREATE TRIGGER seen AFTER INSERT ON t BEGIN INSERT INTO n VALUES(1); END");
    for (int round = 0; round < 4; round++) {
        const char *config =
            versioned ? "{'database': '$', 'table': 't', 'key': ['k', 'k2'], 'version': 'v', "
                        "'delete': 'd'}"
                      : "{'database': '$', 'table': 't', 'key': ['k', 'k2'], 'delete': 'd'}";
        fake_node *node = open_sink("sqlite.upsert", config, spec);
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        for (int i = 0; i < CHANGES; i++) {
            int key = below(KEYS), version = below(6) - 1, value = below(10) == 0 ? 2 : below(2);
            bool gone = below(4) == 0;
            model_row *row = &model[key];
            bool stale = versioned && row->there && row->version >= 0 && version < row->version;
            pln__text_printf(&text, "{'k': 'key %d', 'k2': %d, 'v': ", key / 2, key % 2);
            pln__text_printf(&text, version < 0 ? "null" : "%d", version);
            pln__text_printf(&text, ", 'x': %d, 'd': %s}\n", value, gone ? "true" : "false");
            if (way == 2 && !gone && value == 2) {
                rejected++;
            } else if (stale) {
                expected[4]++;
            } else if (gone) {
                expected[row->there ? 3 : 2]++;
                row->there = false;
            } else {
                bool same = row->there && row->version == version && row->value == value;
                expected[!row->there ? 0 : same ? 2 : 1]++;
                *row = (model_row){true, version, value};
            }
            if (below(20) == 0 || i + 1 == CHANGES) {
                OK(write_rows(node, spec, text.data, err));
                text.size = 0;
            }
        }
        pln__text_free(&text);
        OK(fake_flush(node, 1, err));
        OK(commit_head(node, 0, 1, NULL, err));
        refused += node->n_rejects;
        close_node(node);
    }
    ck_assert_int_eq(refused, rejected);
    pln__text want;
    pln__text_init(&want, pln__system_allocator());
    pln__text_str(&want, "");
    for (int key = 0; key < KEYS; key++)
        if (model[key].there) {
            pln__text_printf(&want, "'key %d',%d,%d,", key / 2, key % 2, model[key].value);
            pln__text_printf(&want, model[key].version < 0 ? "NULL\n" : "%d\n", model[key].version);
        }
    ck_assert_str_eq(ask("SELECT k, k2, x, v FROM t ORDER BY CAST(substr(k, 5) AS INTEGER), k2"),
                     want.data);
    pln__text_free(&want);
    char all[256];
    int size = snprintf(all, sizeof all, "inserted %d updated %d unchanged %d deleted %d",
                        (int)expected[0], (int)expected[1], (int)expected[2], (int)expected[3]);
    if (versioned)
        snprintf(all + size, sizeof all - (size_t)size, " stale %d", (int)expected[4]);
    ck_assert_str_eq(counted(), all);
    if (way == 3)
        ck_assert_int_eq(atoi(ask("SELECT count(*) FROM n")), (int)expected[0]);
}
END_TEST

/* Keys of every kind that is sorted in its own way: what is stored is what the same rows give unsorted. */
START_TEST(sorting_changes_nothing) {
    static const char *const specs[] = {"k l, x l", "k u, x l", "k g, x l", "k tdD, x l",
                                        "k b, x l", "k S, x l", "k z, x l"};
    char text[64 * 60];
    int at = 0;
    for (int i = 0; i < 60; i++) {
        int key = below(25);
        switch (_i) {
        case 1:
            at += sprintf(text + at, "{'k': 'some common start %s%d', 'x': %d}\n",
                          key % 3 ? "ü" : "", key, i);
            break;
        case 2:
            at += sprintf(text + at, "{'k': %s%d.5, 'x': %d}\n", key % 2 ? "-" : "", key, i);
            break;
        case 3: at += sprintf(text + at, "{'k': '19%02d-01-02', 'x': %d}\n", 60 + key, i); break;
        case 4:
            at += sprintf(text + at, "{'k': %s, 'x': %d}\n", key % 2 ? "true" : "false", i);
            break;
        case 6: at += sprintf(text + at, "{'k': 'YQ%c=', 'x': %d}\n", "=="[0], i); break;
        default:
            at += sprintf(text + at, "{'k': %d, 'x': %d}\n", _i == 0 ? key - 12 : key, i);
            break;
        }
    }
    run("sqlite.upsert", "{'database': '$', 'table': 'a', 'key': 'k', 'sort': false}", specs[_i],
        text);
    const char *plain = strdup(counted());
    run("sqlite.upsert", "{'database': '$', 'table': 'b', 'key': 'k', 'sort': true}", specs[_i],
        text);
    ck_assert_str_eq(counted(), plain);
    ck_assert_str_eq(ask("SELECT * FROM a ORDER BY k"), ask("SELECT * FROM b ORDER BY k"));
    free((void *)(uintptr_t)plain);
}
END_TEST

START_TEST(a_rerun_leaves_the_file_alone) {
    static const char text[] = "{'id': 1, 'name': 'a', 'x': 1.5}\n{'id': 2, 'name': null, 'x': "
                               "null}\n{'id': 3, 'name': 'c', 'x': -0.0}\n";
    run("sqlite.upsert", ORDERS, "id l, name u?, x g?", text);
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
    int64_t size, again;
    char *before = scratch_read(&dir, "t.db", &size);
    (void)counted();
    run("sqlite.upsert", ORDERS, "id l, name u?, x g?", text);
    ck_assert_str_eq(counted(), "unchanged 3");
    char *after = scratch_read(&dir, "t.db", &again);
    ck_assert_int_eq(size, again);
    ck_assert_mem_eq(before, after, (size_t)size);
    free(before);
    free(after);
}
END_TEST

/* ---- what a table refuses ---- */

static void rejects(const fake_node *node, int64_t i, int64_t row, const char *column,
                    const char *words) {
    ck_assert_int_gt(node->n_rejects, i);
    const fake_reject *r = &node->rejects[i];
    ck_assert_int_eq(r->row, row);
    ck_assert_int_eq(r->code, PLN_EDATA);
    if (column == NULL)
        ck_assert_ptr_null(r->column);
    else
        ck_assert_msg(r->column != NULL && strcmp(r->column, column) == 0, "%s", r->column);
    ck_assert_msg(strstr(r->message, words) != NULL, "'%s' is not in '%s'", words, r->message);
}

START_TEST(constraints_reject_rows) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT NOT NULL ON CONFLICT IGNORE, n INT "
        "CHECK(n < 10), u UNIQUE)");
    fake_node *node =
        open_sink("sqlite.append", "{'database': '$', 'table': 'T'}", "id l, name u?, n l?, u l?");
    OK(write_rows(node, "id l, name u?, n l?, u l?",
                  "{'id': 1, 'name': 'a', 'n': 1, 'u': 1}\n{'id': 1, 'name': 'b'}\n{'id': "
                  "2}\n{'id': 3, 'name': 'c', 'n': 10}\n"
                  "{'id': 4, 'name': 'd', 'u': 1}\n{'id': 5, 'name': 'e', 'u': 2}\n",
                  err));
    OK(fake_flush(node, 1, err));
    OK(commit_head(node, 0, 1, NULL, err));
    ck_assert_int_eq(node->n_rejects, 4);
    rejects(node, 0, 1, "id", "UNIQUE constraint failed: t.id");
    rejects(node, 1, 2, "name", "NOT NULL constraint failed: t.name");
    rejects(node, 2, 3, NULL, "CHECK constraint failed: n < 10");
    rejects(node, 3, 4, "u", "UNIQUE constraint failed: t.u");
    close_node(node);
    ck_assert_str_eq(ask("SELECT id, name FROM t ORDER BY id"), "1,'a'\n5,'e'\n");
    ck_assert_str_eq(counted(), "inserted 2");
}
END_TEST

START_TEST(strict_tables_and_triggers) {
    sql("CREATE TABLE t(id INT PRIMARY KEY, b BLOB) STRICT;"
        "CREATE TRIGGER no_seven BEFORE INSERT ON t WHEN new.id = 7 BEGIN SELECT RAISE(IGNORE); "
        "END;"
        "CREATE TRIGGER no_eight BEFORE INSERT ON t WHEN new.id = 8 BEGIN SELECT RAISE(ABORT, "
        "'eight is not wanted'); END;"
        "CREATE TRIGGER no_nine BEFORE INSERT ON t WHEN new.id = 9 BEGIN SELECT RAISE(ROLLBACK, "
        "'nine ends it all'); END");
    fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l, b u");
    OK(write_rows(node, "id l, b u", "{'id': 1, 'b': 'text'}\n", err));
    ck_assert_int_eq(node->n_rejects, 1);
    rejects(node, 0, 0, NULL, "cannot store TEXT value in BLOB column t.b");
    close_node(node);
    node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    OK(write_rows(node, "id l", "{'id': 6}\n{'id': 7}\n{'id': 8}\n", err));
    ck_assert_int_eq(node->n_rejects, 2);
    rejects(node, 0, 1, NULL, "a trigger of the table ignored the row");
    rejects(node, 1, 2, NULL, "eight is not wanted");
    FAILS(write_rows(node, "id l", "{'id': 10}\n{'id': 9}\n", err), PLN_EDATA,
          "rolled the whole epoch back: nine ends it all");
    OK(fake_abort(node, 1, NULL, 0, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT count(*) FROM t"), "0\n");
}
END_TEST

START_TEST(upsert_rejects_in_the_order_of_rows) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, x INT CHECK(x < 10))");
    fake_node *node =
        open_sink("sqlite.upsert", "{'database': '$', 'table': 't', 'key': 'id'}", "id l?, x l?");
    OK(write_rows(node, "id l?, x l?",
                  "{'id': 9, 'x': 10}\n{'id': 8, 'x': 1}\n{'id': null}\n{'id': 1, 'x': 11}\n",
                  err));
    OK(write_rows(node, "id l?, x l?", "{'id': 3, 'x': 12}\n{'id': 2, 'x': 2}\n", err));
    ck_assert_int_eq(node->n_rejects, 0);
    OK(fake_flush(node, 1, err));
    OK(commit_head(node, 0, 1, NULL, err));
    ck_assert_int_eq(node->n_rejects, 4);
    rejects(node, 0, 0, NULL, "CHECK");
    rejects(node, 1, 2, "id", "the key is null");
    rejects(node, 2, 3, NULL, "CHECK");
    rejects(node, 3, 0, NULL, "CHECK");
    close_node(node);
    ck_assert_str_eq(ask("SELECT * FROM t"), "2,2\n8,1\n");
}
END_TEST

START_TEST(values_that_sqlite_cannot_hold) {
    sql("CREATE TABLE t(n INTEGER, f REAL, u TEXT, r REAL)");
    fake_node *node =
        open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "n L?, u L?, r l?");
    OK(write_rows(node, "n L?, u L?, r l?",
                  "{'n': 9223372036854775807, 'u': 18446744073709551615, 'r': 9007199254740992}\n"
                  "{'n': 9223372036854775808}\n{'r': 9007199254740993}\n",
                  err));
    ck_assert_int_eq(node->n_rejects, 2);
    rejects(node, 0, 1, "n", "9223372036854775807");
    rejects(node, 1, 2, "r", "53 bits");
    OK(commit_head(node, 0, 1, NULL, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT n, u, r FROM t"),
                     "9223372036854775807,'18446744073709551615',9.00719925474099e+15\n");
}
END_TEST

/* ---- tables that do not fit ---- */

static void no_schema(const char *stage, const char *config, const char *spec, pln_status code,
                      const char *words) {
    struct ArrowSchema schema;
    pln_error err = {0};
    fake_node *node = fake_node_try(host, stage, json(config), &err);
    pln_status status = node == NULL ? err.status : fake_open(node, &err);
    if (status == PLN_OK) {
        json_schema(spec, &schema);
        fake_in(node, 0, &schema);
        schema.release(&schema);
        status = fake_schema(node, &err);
    }
    ck_assert_msg(status == code, "%s: %d %s", config, (int)status, err.message);
    ck_assert_msg(strstr(err.message, words) != NULL, "'%s' is not in '%s'", words, err.message);
    fake_node_free(node);
    kit_close_shared();
}

START_TEST(what_does_not_fit_is_refused_by_name) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY, code NUMERIC, zip STRING, n INT, g AS (n+1), need "
        "TEXT NOT NULL);"
        "CREATE VIEW v AS SELECT 1 AS id");
#define T(table) "{'database': '$', 'table': '" table "'}"
    no_schema("sqlite.append", T("t"), "id l, need u, more l", PLN_ETYPE, "no column more");
    no_schema("sqlite.append", T("t"), "id l", PLN_ETYPE, "column need must have a value");
    no_schema("sqlite.append", T("t"), "need u, code u", PLN_ETYPE,
              "column code: utf8 into declared type 'NUMERIC'");
    no_schema("sqlite.append", T("t"), "need u, zip u", PLN_ETYPE, "declare the column TEXT");
    no_schema("sqlite.append", T("t"), "need u, n u", PLN_ETYPE, "column n");
    no_schema("sqlite.append", T("t"), "need u, g l", PLN_ETYPE, "generated");
    no_schema("sqlite.append", T("t"), "need u, n tsu:UTC", PLN_ETYPE, "timestamps");
    no_schema("sqlite.append", T("t"), "need u, code d:10.2", PLN_ETYPE, "round the decimals");
    no_schema("sqlite.append", T("v"), "id l", PLN_ETYPE, "is a view");
    no_schema("sqlite.append", T("x"), "id l, ID l", PLN_ETYPE, "columns id and ID have one name");
    no_schema("sqlite.append", "{'database': '$', 'table': 'x', 'create': false}", "id l",
              PLN_ENOENT, "there is no table x");
    no_schema("sqlite.append", "{'database': '$.none', 'table': 'x', 'create': false}", "id l",
              PLN_ENOENT, "cannot be opened");
    no_schema("sqlite.append", T("sqlite_x"), "id l", PLN_EINVAL, "keeps names with 'sqlite_'");
    no_schema("sqlite.append", T("PLN_run"), "id l", PLN_EINVAL, "kept for runs");
    no_schema("sqlite.append", T(""), "id l", PLN_EINVAL, "its name is empty");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 't', 'key': 'n'}", "need u, n l",
              PLN_ETYPE, "no primary key or unique index on (\"n\")");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': 'idd'}", "id l", PLN_ENAME,
              "id");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': []}", "id l", PLN_EOPTION,
              "at least one column");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': ['id', 'id']}", "id l",
              PLN_EOPTION, "named twice");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x'}", "id l", PLN_EOPTION, "'key'");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': 'id', 'version': 'd'}",
              "id l, d d:9.2", PLN_ETYPE, "cannot be a version");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': 'id', 'version': 'id'}",
              "id l", PLN_EOPTION, "part of the key");
    no_schema("sqlite.upsert", "{'database': '$', 'table': 'x', 'key': 'id', 'delete': 'd'}",
              "id l, d l", PLN_ETYPE, "needs a boolean");
    no_schema("sqlite.overwrite", "{'database': '$', 'table': 'x', 'partitions': ['a']}", "id l",
              PLN_EOPTION, "'partition'");
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name='x'"), "0\n");
}
END_TEST

START_TEST(columns_are_added_when_asked) {
    sql("CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1)");
    run("sqlite.upsert", "{'database': '$', 'table': 't', 'key': 'id', 'on_new_column': 'add'}",
        "id l, a u?, n g", "{'id': 2, 'n': 0.5}\n");
    ck_assert_str_eq(ask("SELECT * FROM t"), "1,NULL,NULL\n2,NULL,0.5\n");
}
END_TEST

/* ---- transactions ---- */

START_TEST(abort_leaves_nothing) {
    fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    OK(write_rows(node, "id l", "{'id': 1}\n", err));
    OK(fake_flush(node, 1, err));
    OK(fake_abort(node, 1, NULL, 0, err));
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema"), "0\n");
    OK(write_rows(node, "id l", "{'id': 2}\n", err));
    OK(fake_flush(node, 1, err));
    OK(commit_head(node, 0, 1, NULL, err));
    OK(write_rows(node, "id l", "{'id': 3}\n", err));
    OK(fake_abort(node, 2, NULL, 0, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT * FROM t"), "2\n");
}
END_TEST

START_TEST(sinks_of_a_file_share_a_transaction) {
    fake_node *a = open_sink("sqlite.append", "{'database': '$', 'table': 'a'}", "id l");
    fake_node *b =
        open_sink("sqlite.upsert", "{'database': '$', 'table': 'b', 'key': 'id'}", "id l");
    ck_assert_str_eq(table_of(a)->store(a->self, &a->ctx), table_of(b)->store(b->self, &b->ctx));
    OK(write_rows(a, "id l", "{'id': 1}\n", err));
    OK(write_rows(b, "id l", "{'id': 2}\n", err));
    OK(fake_flush(a, 1, err));
    OK(fake_flush(b, 1, err));
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema"), "0\n");
    OK(commit_head(a, 0, 1, NULL, err));
    ck_assert_str_eq(ask("SELECT a.id, b.id FROM a, b"), "1,2\n");
    fake_node_free(a);
    close_node(b);
}
END_TEST

static void take(fake_node *node, int64_t owner, int64_t n, const char *head) {
    int64_t got_owner, got_n, size;
    const void *bytes;
    OK(table_of(node)->state_open(node->self, &node->ctx, &got_owner, &got_n, &bytes, &size, err));
    ck_assert_int_eq(got_owner, owner);
    ck_assert_int_eq(got_n, n);
    ck_assert_int_eq(size, (int64_t)strlen(head));
    if (size > 0)
        ck_assert_mem_eq(bytes, head, (size_t)size);
}

START_TEST(rows_and_head_are_one) {
    fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name='pln_run'"), "0\n");
    take(node, 1, 0, "");
    for (int n = 1; n <= 3; n++) {
        char row[32], head[32];
        snprintf(row, sizeof row, "{'id': %d}\n", n);
        snprintf(head, sizeof head, "head %d", n);
        OK(write_rows(node, "id l", row, err));
        OK(fake_flush(node, n, err));
        OK(commit_head(node, 1, n, head, err));
    }
    OK(commit_head(node, 1, 4, "no rows", err));
    FAILS(commit_head(node, 1, 4, "again", err), PLN_EFENCED, "stands at epoch 4 of owner 1");
    close_node(node);
    node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    take(node, 2, 4, "no rows");
    close_node(node);
    ck_assert_str_eq(ask("SELECT group_concat(id) FROM t"), "'1,2,3'\n");
    sql("UPDATE pln_run SET n = 3");
    node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    int64_t x;
    const void *bytes;
    FAILS(table_of(node)->state_open(node->self, &node->ctx, &x, &x, &bytes, &x, err), PLN_ECORRUPT,
          "pln_run is damaged");
    close_node(node);
}
END_TEST

/* A holder that sleeps through a take-over: none of its rows becomes visible. */
START_TEST(zombies_write_nothing) {
    for (int round = 0; round < 25; round++) {
        fake_node *zombie = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "who u");
        int64_t owner, n, size;
        const void *head;
        OK(table_of(zombie)->state_open(zombie->self, &zombie->ctx, &owner, &n, &head, &size, err));
        /* Another process: a connection of its own. */
        int keep = n_shared;
        snprintf(shared_objects[0].key, 64, "asleep");
        fake_node *heir = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "who u");
        ck_assert_int_eq(n_shared, keep + 1);
        take(heir, owner + 1, n, n == 0 ? "" : "heir");
        if (round % 2 == 0) {
            OK(write_rows(heir, "who u", "{'who': 'heir'}\n", err));
            OK(commit_head(heir, owner + 1, n + 1, "heir", err));
        }
        OK(write_rows(zombie, "who u", "{'who': 'zombie'}\n", err));
        OK(fake_flush(zombie, 1, err));
        FAILS(commit_head(zombie, owner, n + 1, "zombie", err), PLN_EFENCED, "cannot write epoch");
        if (round % 2 == 1) {
            OK(write_rows(heir, "who u", "{'who': 'heir'}\n", err));
            OK(commit_head(heir, owner + 1, n + 1, "heir", err));
        }
        fake_node_free(zombie);
        close_node(heir);
    }
    ck_assert_str_eq(ask("SELECT who, count(*) FROM t GROUP BY who"), "'heir',25\n");
}
END_TEST

START_TEST(a_busy_database_is_retryable) {
    run("sqlite.append", "{'database': '$', 'table': 't'}", "id l", "");
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    fake_node *node = open_sink("sqlite.append",
                                "{'database': '$', 'table': 't', 'busy_timeout': '30ms'}", "id l");
    pln_error e = {0};
    ck_assert_int_eq(write_rows(node, "id l", "{'id': 1}\n", &e), PLN_EBUSY);
    ck_assert(e.flags & PLN_ERR_RETRYABLE);
    ck_assert_int_eq(e.native & 0xff, SQLITE_BUSY);
    sqlite3_close(db);
    OK(write_rows(node, "id l", "{'id': 1}\n", err));
    OK(commit_head(node, 0, 1, NULL, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT * FROM t"), "1\n");
}
END_TEST

START_TEST(a_full_disk_rolls_back) {
    run("sqlite.append", "{'database': '$', 'table': 't'}", "x u", "{'x': 'kept'}\n");
    fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "x u");
    /* The only way to a small disk that is the same everywhere: pages of this connection are limited. */
    struct {
        const pln_allocator *mem;
        sqlite3 *handle;
    } *shared = shared_objects[0].object;
    ck_assert_int_eq(sqlite3_exec(shared->handle, "PRAGMA max_page_count=4", NULL, NULL, NULL),
                     SQLITE_OK);
    char row[3100] = "{'x': '";
    memset(row + 7, 'a', 3000);
    strcpy(row + 3007, "'}\n");
    pln_error e = {0};
    pln_status status = PLN_OK;
    for (int i = 0; i < 20 && status == PLN_OK; i++)
        status = write_rows(node, "x u", row, &e);
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_int_eq(e.native & 0xff, SQLITE_FULL);
    OK(fake_abort(node, 1, NULL, 0, err));
    close_node(node);
    ck_assert_str_eq(ask("SELECT x FROM t"), "'kept'\n");
}
END_TEST

START_TEST(a_damaged_database_is_named) {
    scratch_write(&dir, "t.db",
                  "not a database, but long enough to be looked at by the library, which wants a "
                  "header of 100 bytes.",
                  -1);
    no_schema("sqlite.append", T("t"), "id l", PLN_ECORRUPT, "not a SQLite database");
    no_schema("sqlite.append", "{'database': '$/t.db', 'table': 't'}", "id l", PLN_EIO,
              "cannot be opened");
}
END_TEST

START_TEST(any_bytes_make_a_name_or_are_refused) {
    sql("CREATE TABLE keep(x)");
    for (int round = 0; round < 400; round++) {
        char table[12] = "", config[400];
        int size = 1 + below(8);
        for (int i = 0; i < size; i++) {
            static const char nasty[] = "\"'`[]();-- \t\n%_$:?@\\aZ\x7f\xc3\xa9\xff";
            table[i] = nasty[below((int)sizeof nasty - 1)];
        }
        json_t *object =
            json_pack("{s:s, s:s%}", "database", database, "table", table, (size_t)size);
        if (object == NULL)
            continue; /* no JSON can say it */
        char *text = json_dumps(object, 0);
        snprintf(config, sizeof config, "%s", text);
        free(text);
        json_decref(object);
        fake_node *node = fake_node_new(host, "sqlite.append", config);
        OK(fake_open(node, err));
        struct ArrowSchema schema;
        json_schema("x l", &schema);
        fake_in(node, 0, &schema);
        schema.release(&schema);
        OK(fake_schema(node, err));
        OK(fake_flush(node, 1, err));
        OK(commit_head(node, 0, 1, NULL, err));
        close_node(node);
        sqlite3 *db = NULL;
        sqlite3_stmt *s = NULL;
        sqlite3_open(database, &db);
        sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE name=?1 COLLATE NOCASE", -1,
                           &s, NULL);
        sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
        ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
        sqlite3_finalize(s);
        sqlite3_close(db);
    }
    ck_assert_str_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name='keep'"), "1\n");
    ck_assert_str_eq(ask("PRAGMA integrity_check"), "'ok'\n");
}
END_TEST

/* The process dies with rows written and not committed. */
START_TEST(a_kill_leaves_the_old_epoch) {
    for (int round = 0; round < 8; round++) {
        pid_t child = fork();
        if (child == 0) {
            fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
            int64_t owner, n, size;
            const void *head;
            OK(table_of(node)->state_open(node->self, &node->ctx, &owner, &n, &head, &size, err));
            for (;;) {
                char row[32];
                n++;
                snprintf(row, sizeof row, "{'id': %d}\n", (int)n);
                OK(write_rows(node, "id l", row, err));
                OK(fake_flush(node, n, err));
                if (n == (round + 1) * 3)
                    raise(9);
                OK(commit_head(node, owner, n, "head", err));
            }
        }
        int how;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == 9);
        char want[64];
        int n = (round + 1) * 3 - 1;
        snprintf(want, sizeof want, "%d,%d,%d\n", n, n, n);
        ck_assert_str_eq(
            ask("SELECT n, (SELECT count(*) FROM t), (SELECT max(id) FROM t) FROM pln_run"), want);
    }
}
END_TEST

Suite *suite_connect_sqlite_sink(void);
Suite *suite_connect_sqlite_sink(void) {
    Suite *suite = suite_create("connect/sqlite_sink");
    TCase *tests = tcase_create("sink");
    tcase_add_checked_fixture(tests, kit_setup, kit_teardown);
    tcase_add_test(tests, append_makes_the_table);
    tcase_add_test(tests, upsert_counts_what_it_does);
    tcase_add_test(tests, versions_and_tombstones);
    tcase_add_loop_test(tests, random_changes_equal_the_model, 0, 16);
    tcase_add_loop_test(tests, sorting_changes_nothing, 0, 6);
    tcase_add_test(tests, a_rerun_leaves_the_file_alone);
    tcase_add_test(tests, constraints_reject_rows);
    tcase_add_test(tests, strict_tables_and_triggers);
    tcase_add_test(tests, upsert_rejects_in_the_order_of_rows);
    tcase_add_test(tests, values_that_sqlite_cannot_hold);
    tcase_add_test(tests, what_does_not_fit_is_refused_by_name);
    tcase_add_test(tests, columns_are_added_when_asked);
    tcase_add_test(tests, abort_leaves_nothing);
    tcase_add_test(tests, sinks_of_a_file_share_a_transaction);
    tcase_add_test(tests, rows_and_head_are_one);
    tcase_add_test(tests, zombies_write_nothing);
    tcase_add_test(tests, a_busy_database_is_retryable);
    tcase_add_test(tests, a_full_disk_rolls_back);
    tcase_add_test(tests, a_damaged_database_is_named);
    tcase_add_test(tests, any_bytes_make_a_name_or_are_refused);
    tcase_add_test(tests, a_kill_leaves_the_old_epoch);
    suite_add_tcase(suite, tests);
    return suite;
}
