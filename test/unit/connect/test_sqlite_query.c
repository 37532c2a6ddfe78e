#include "test_sqlite_kit.h"

/* All batches as NDJSON rows; how many rows a poll may give is `max`. */
static char *drain(fake_node *node, int64_t max) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "");
    for (;;) {
        pln_batch *batch = NULL;
        pln_error err = {0};
        pln_status status = fake_poll(node, max, &batch, &err);
        ck_assert_msg(status >= 0, "%s", err.message);
        if (status == PLN_EOS)
            break;
        if (batch == NULL)
            continue;
        ck_assert_int_le(pln_batch_rows(batch), max);
        for (int64_t i = 0; i < pln_batch_rows(batch); i++) {
            pln__json_row(pln_batch_schema(batch), pln_batch_array(batch), i, &text);
            pln__text_char(&text, '\n');
        }
        pln_batch_unref(batch);
    }
    ck_assert(!text.failed);
    return pln__text_take(&text);
}

static fake_node *open_query(const char *config) {
    fake_node *node = fake_node_new(host, "sqlite.query", json(config));
    OK(fake_open(node, err));
    OK(fake_schema(node, err));
    return node;
}

static void gives(const char *config, const char *expected) {
    for (int64_t max = 1; max < 1000; max = max * 3 + 1) {
        fake_node *node = open_query(config);
        char *got = drain(node, max);
        ck_assert_str_eq(got, json(expected));
        pln__strfree(pln__system_allocator(), got);
        fake_node_free(node);
    }
}

static void refused(const char *config, pln_status code, const char *words) {
    pln_error err = {0};
    fake_node *node = fake_node_try(host, "sqlite.query", json(config), &err);
    pln_status status = node == NULL ? err.status : fake_open(node, &err);
    if (status == PLN_OK)
        status = fake_schema(node, &err);
    pln_batch *batch = NULL;
    if (status == PLN_OK)
        status = fake_poll(node, 10, &batch, &err);
    ck_assert_msg(status == code, "%s: %d %s", config, (int)status, err.message);
    ck_assert_msg(strstr(err.message, words) != NULL, "'%s' is not in '%s'", words, err.message);
    fake_node_free(node);
}

#define TABLE                                                                                      \
    "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, price REAL, raw BLOB, any, at DATETIME);"   \
    "INSERT INTO t VALUES(1, 'a', 1.5, x'00ff', 7, '2015-09-12T00:46:58Z'),(2, NULL, NULL, NULL, " \
    "NULL, NULL),(3, 'ü', -0.25, x'', 8, 'x')"

START_TEST(types_come_from_declarations_and_first_rows) {
    sql(TABLE);
    fake_node *node = open_query(
        "{'database': '$', 'query': 'SELECT *, id*2 AS double, price+1 AS more FROM t'}");
    char text[PLN__TYPE_TEXT_SIZE];
    ck_assert_str_eq(pln__type_text(fake_out(node, 0), text),
                     "struct<id int64, name utf8, price float64, raw binary, any int64, at utf8, "
                     "double int64, more float64>");
    fake_node_free(node);
    gives("{'database': '$', 'query': 'SELECT id, name, price, any FROM t;  -- all of it'}",
          "{'id':1,'name':'a','price':1.5,'any':7}\n{'id':2,'name':null,'price':null,'any':null}\n"
          "{'id':3,'name':'ü','price':-0.25,'any':8}\n");
    gives("{'database': '$', 'query': 'SELECT * FROM t WHERE 0'}", "");
}
END_TEST

START_TEST(parameters_are_bound_by_name) {
    sql(TABLE);
    gives("{'database': '$', 'query': 'SELECT id FROM t WHERE name = :name OR id = @id OR price < "
          ":p ORDER BY id', "
          "'params': {'name': 'x\\' OR 1=1 --', 'id': 1, 'p': -0.1}}",
          "{'id':1}\n{'id':3}\n");
    refused("{'database': '$', 'query': 'SELECT :a'}", PLN_EOPTION, "parameter ':a' has no value");
    refused("{'database': '$', 'query': 'SELECT ?'}", PLN_EOPTION, "must have names");
    refused("{'database': '$', 'query': 'SELECT :a', 'params': {'b': 1}}", PLN_EOPTION,
            "no parameter ':b'");
    refused("{'database': '$', 'query': 'SELECT 1', 'params': [1]}", PLN_EOPTION,
            "expected an object");
}
END_TEST

START_TEST(only_one_select) {
    sql(TABLE);
    refused("{'database': '$', 'query': ''}", PLN_ESYNTAX, "it is empty");
    refused("{'database': '$', 'query': 'SELECT 1; SELECT 2'}", PLN_ESYNTAX, "only one statement");
    refused("{'database': '$', 'query': 'SELECT 1; DROP TABLE t'}", PLN_ESYNTAX,
            "only one statement");
    refused("{'database': '$', 'query': 'DELETE FROM t'}", PLN_ESYNTAX, "only a SELECT");
    refused("{'database': '$', 'query': 'PRAGMA user_version'}", PLN_ESYNTAX, "only a SELECT");
    refused("{'database': '$', 'query': 'EXPLAIN SELECT 1'}", PLN_ESYNTAX, "only a SELECT");
    refused("{'database': '$', 'query': 'ATTACH \\\"/etc/passwd\\\" AS x'}", PLN_ESYNTAX, "");
    refused("{'database': '$', 'query': 'WITH x AS (SELECT 1) INSERT INTO t(id) SELECT * FROM x'}",
            PLN_ESYNTAX, "only a SELECT");
    refused("{'database': '$', 'query': 'SELECT no_such FROM t'}", PLN_ESYNTAX,
            "no such column: no_such");
    refused("{'database': '$', 'query': 'SELECT \\'no_such\\' FROM t'}", PLN_ESYNTAX,
            "no such column: no_such");
    refused("{'database': '$', 'query': 'SELEC 1'}", PLN_ESYNTAX, "syntax error");
    refused("{'database': '$', 'query': 'SELECT id, id FROM t'}", PLN_EINVAL, "id");
    refused("{'database': '$.none', 'query': 'SELECT 1'}", PLN_ENOENT, "cannot be opened");
    refused("{'database': '$', 'query': 'SELECT id FROM t', 'cursor': 'id', 'order': 'id'}",
            PLN_EOPTION, "only one of them");
    refused("{'database': '$', 'query': 'SELECT name FROM t', 'cursor': 'id'}", PLN_ESYNTAX,
            "no such column");
    gives("{'database': '$', 'query': 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM "
          "n WHERE i < 3) SELECT i FROM n'}",
          "{'i':1}\n{'i':2}\n{'i':3}\n");
    ck_assert_str_eq(ask("SELECT count(*) FROM t"), "3\n");
}
END_TEST

START_TEST(a_schema_says_what_to_take) {
    sql("CREATE TABLE t(id, at, amount, tags, who); INSERT INTO t VALUES"
        "(1, '2015-09-12T00:46:58.771Z', '10.50', '[\"a\",\n \"b\"]', '{\"age\": 3}'),"
        "(2, 1442018818771, 3, NULL, NULL),"
        "(3, 'noon', 1, '[]', NULL),"
        "(4, NULL, 1.255, '[]', NULL),"
        "(5, NULL, NULL, '[1]', NULL),"
        "('x', NULL, NULL, NULL, NULL),"
        "(7, NULL, NULL, NULL, '{\"age\": 4}')");
    static const char config[] =
        "{'database': '$', 'query': 'SELECT * FROM t', 'schema': {'type': 'record', 'name': 'r', "
        "'fields': ["
        "{'name': 'id', 'type': 'int'},"
        "{'name': 'at', 'type': ['null', {'type': 'long', 'logicalType': 'timestamp-millis'}]},"
        "{'name': 'who', 'type': ['null', {'type': 'record', 'name': 'w', 'fields': [{'name': "
        "'age', 'type': 'int'}]}]},"
        "{'name': 'amount', 'type': ['null', {'type': 'bytes', 'logicalType': 'decimal', "
        "'precision': 10, 'scale': 2}]},"
        "{'name': 'tags', 'type': ['null', {'type': 'array', 'items': 'string'}]}]}}";
    for (int64_t max = 1; max < 20; max += 3) {
        fake_node *node = open_query(config);
        char *got = drain(node, max);
        ck_assert_str_eq(
            got,
            json("{'id':1,'at':'2015-09-12T00:46:58.771Z','who':{'age':3},'amount':10.50,'tags':['"
                 "a','b']}\n"
                 "{'id':2,'at':'2015-09-12T00:46:58.771Z','who':null,'amount':3.00,'tags':null}\n"
                 "{'id':7,'at':null,'who':{'age':4},'amount':null,'tags':null}\n"));
        pln__strfree(pln__system_allocator(), got);
        ck_assert_int_eq(node->n_rejects, 4);
        char seen[8] = "";
        for (int i = 0; i < 4; i++) {
            seen[node->rejects[i].position] = 1;
            ck_assert_int_eq(node->rejects[i].code, PLN_EDATA);
            static const char *const columns[] = {"at", "amount", "tags", "id"};
            ck_assert_str_eq(node->rejects[i].column, columns[node->rejects[i].position - 2]);
        }
        ck_assert_mem_eq(seen, "\0\0\1\1\1\1\0", 7);
        fake_node_free(node);
    }
    refused("{'database': '$', 'query': 'SELECT id FROM t', 'schema': {'type': 'record', 'name': "
            "'r', 'fields': ["
            "{'name': 'nope', 'type': 'int'}]}}",
            PLN_ETYPE, "no column nope");
}
END_TEST

START_TEST(what_does_not_fit_is_rejected_whole) {
    sql("CREATE TABLE t(n INTEGER, b BLOB); INSERT INTO t VALUES(1, x'01'), ('one', x'02'), (2.5, "
        "'text')");
    fake_node *node = open_query("{'database': '$', 'query': 'SELECT n, b FROM t'}");
    char *got = drain(node, 10);
    pln__strfree(pln__system_allocator(), got);
    ck_assert_int_eq(node->n_rejects, 2);
    ck_assert_str_eq(node->rejects[0].raw, json("{'n':'one','b':'02'}"));
    ck_assert_ptr_nonnull(strstr(node->rejects[0].message, "column n: expected int64, got 'one'"));
    ck_assert_str_eq(node->rejects[1].raw, json("{'n':2.5,'b':'text'}"));
    ck_assert_int_eq(node->rejects[1].position, 2);
    fake_node_free(node);
}
END_TEST

/* Saved after every number of rows, loaded in another instance, the rest is the rest. */
static void resumes(const char *config) {
    fake_node *whole = open_query(config);
    char *all = drain(whole, 1000);
    fake_node_free(whole);
    for (int64_t cut = 0; cut <= 20; cut++) {
        fake_node *first = open_query(config);
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        pln__text_str(&text, "");
        for (int64_t i = 0; i < cut; i++) {
            pln_batch *batch = NULL;
            OK(fake_poll(first, 1, &batch, err));
            pln__json_row(pln_batch_schema(batch), pln_batch_array(batch), 0, &text);
            pln__text_char(&text, '\n');
            pln_batch_unref(batch);
        }
        OK(fake_save(first, 1, err));
        fake_node *second = fake_node_new(host, "sqlite.query", json(config));
        OK(fake_open(second, err));
        OK(fake_schema(second, err));
        OK(fake_load(second, first, err));
        fake_node_free(first);
        char *rest = drain(second, 7);
        pln__text_str(&text, rest);
        ck_assert_str_eq(text.data, all);
        pln__strfree(pln__system_allocator(), rest);
        pln__text_free(&text);
        fake_node_free(second);
    }
    pln__strfree(pln__system_allocator(), all);
}

static void twenty(void) {
    sql("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, x REAL);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20)"
        " INSERT INTO t SELECT i, printf('n%02d', 99-i), i/4.0 FROM n");
}

START_TEST(an_interrupted_query_goes_on) {
    twenty();
    resumes("{'database': '$', 'query': 'SELECT * FROM t'}");
    resumes("{'database': '$', 'query': 'SELECT * FROM t', 'order': ['name']}");
    resumes("{'database': '$', 'query': 'SELECT * FROM t -- comment', 'cursor': 'id'}");
    resumes("{'database': '$', 'query': 'SELECT * FROM t', 'cursor': 'name'}");
    resumes("{'database': '$', 'query': 'SELECT * FROM t', 'cursor': 'x'}");
}
END_TEST

START_TEST(a_cursor_sees_what_was_added_behind) {
    twenty();
    fake_node *first = open_query("{'database': '$', 'query': 'SELECT id FROM t', 'cursor': 'id'}");
    pln_batch *batch = NULL;
    host->wants = PLN_WANT_POSITION;
    OK(fake_poll(first, 18, &batch, err));
    pln_raw_rejection origin;
    ck_assert_int_eq(host->host.batch_origin(batch, 17, &origin), PLN_OK);
    ck_assert_int_eq(origin.position, 18);
    pln_batch_unref(batch);
    OK(fake_save(first, 1, err));
    sql("DELETE FROM t WHERE id < 10; INSERT INTO t(id) VALUES(30)");
    fake_node *second =
        open_query("{'database': '$', 'query': 'SELECT id FROM t', 'cursor': 'id'}");
    OK(fake_load(second, first, err));
    char *rest = drain(second, 100);
    ck_assert_str_eq(rest, json("{'id':19}\n{'id':20}\n{'id':30}\n"));
    pln__strfree(pln__system_allocator(), rest);
    fake_node_free(first);
    fake_node_free(second);
}
END_TEST

START_TEST(a_changed_past_is_refused) {
    twenty();
    fake_node *first = open_query("{'database': '$', 'query': 'SELECT * FROM t'}");
    pln_batch *batch = NULL;
    OK(fake_poll(first, 5, &batch, err));
    pln_batch_unref(batch);
    OK(fake_save(first, 1, err));
    sql("DELETE FROM t WHERE id = 3");
    fake_node *second = open_query("{'database': '$', 'query': 'SELECT * FROM t'}");
    OK(fake_load(second, first, err));
    FAILS(fake_poll(second, 5, &batch, err), PLN_EDATALOSS, "row 5 of the query is not the one");
    fake_node_free(second);
    first->pieces[0].size--;
    second = open_query("{'database': '$', 'query': 'SELECT * FROM t'}");
    FAILS(fake_load(second, first, err), PLN_ECORRUPT, "position of the query is damaged");
    fake_node_free(second);
    fake_node_free(first);
    sql("UPDATE t SET name = NULL WHERE id = 4; UPDATE t SET x = 1 WHERE id = 5");
    refused("{'database': '$', 'query': 'SELECT * FROM t', 'cursor': 'name'}", PLN_EDATA,
            "column name is null in row 1");
    refused("{'database': '$', 'query': 'SELECT * FROM t', 'cursor': 'x'}", PLN_EDATA,
            "has the value of the row before");
}
END_TEST

START_TEST(nothing_is_written) {
    twenty();
    int64_t size, size_after;
    char *before = scratch_read(&dir, "t.db", &size);
    gives("{'database': '$', 'query': 'SELECT id FROM t WHERE id = 3'}", "{'id':3}\n");
    char *after = scratch_read(&dir, "t.db", &size_after);
    ck_assert_int_eq(size, size_after);
    ck_assert_mem_eq(before, after, (size_t)size);
    free(before);
    free(after);
}
END_TEST

START_TEST(a_long_query_can_be_stopped) {
    sql("CREATE TABLE t(x)");
    fake_node *node = fake_node_new(host, "sqlite.query",
                                    json("{'database': '$', 'sample_rows': 0, 'query': 'WITH "
                                         "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
                                         " SELECT count(*) AS c FROM n'}"));
    OK(fake_open(node, err));
    OK(fake_schema(node, err));
    pln_batch *batch = NULL;
    host->cancel_after = 3;
    FAILS(fake_poll(node, 1, &batch, err), PLN_ECANCELLED, "interrupted");
    fake_node_free(node);
}
END_TEST

START_TEST(damaged_and_foreign_files) {
    scratch_write(&dir, "t.db",
                  "this is no database, whatever its name may be, and it is longer than a header "
                  "of one hundred bytes is",
                  -1);
    refused("{'database': '$', 'query': 'SELECT 1'}", PLN_ECORRUPT, "not a SQLite database");
}
END_TEST

Suite *suite_connect_sqlite_query(void);
Suite *suite_connect_sqlite_query(void) {
    Suite *suite = suite_create("connect/sqlite_query");
    TCase *tests = tcase_create("query");
    tcase_add_checked_fixture(tests, kit_setup, kit_teardown);
    tcase_add_test(tests, types_come_from_declarations_and_first_rows);
    tcase_add_test(tests, parameters_are_bound_by_name);
    tcase_add_test(tests, only_one_select);
    tcase_add_test(tests, a_schema_says_what_to_take);
    tcase_add_test(tests, what_does_not_fit_is_rejected_whole);
    tcase_add_test(tests, an_interrupted_query_goes_on);
    tcase_add_test(tests, a_cursor_sees_what_was_added_behind);
    tcase_add_test(tests, a_changed_past_is_refused);
    tcase_add_test(tests, nothing_is_written);
    tcase_add_test(tests, a_long_query_can_be_stopped);
    tcase_add_test(tests, damaged_and_foreign_files);
    suite_add_tcase(suite, tests);
    return suite;
}
