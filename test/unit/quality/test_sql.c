/* Queries over the rows of a validation: what they see, what they may not do, and how much. Their answers are held to Python's SQLite in checks/other.jsonl. */
#include "fail_alloc.h"
#include "suite_help.h"

static const char columns[] = "id int64, u uint64, d decimal(10, 2), f float32, e "
                              "dictionary<utf8>, at timestamp(ms, UTC), day date32, "
                              "ok bool, tags list<int64>";
static const char lines[] =
    "{\"id\":1,\"u\":18446744073709551615,\"d\":1.50,\"f\":0.5,\"e\":\"p\",\"at\":\"2026-01-01T00:"
    "00:00.5Z\",\"day\":\"2026-01-01\",\"ok\":true,\"tags\":[1,2]}\n"
    "{\"id\":2,\"u\":7,\"d\":-20.25,\"f\":1.5,\"e\":\"q\",\"at\":\"1969-12-31T23:59:59Z\",\"day\":"
    "\"1969-12-31\",\"ok\":false,\"tags\":[]}\n"
    "{\"id\":3}\n";

static pln_suite *of_query(const char *members) {
    char json[1024];
    snprintf(json, sizeof json, "{\"checks\":[{\"check\":\"sql\",%s}]}", members);
    return suite_of(json);
}

static void add(pln_validation *v, const table *t) {
    MUST(pln_validation_add(v, &t->rows, &err));
}

/* Each is true of the rows. */
static const char *const seen[] = {
    "select count(*) = 3 from rows", "select sum(d) = -18.75 from rows", "select typeof(d) = 'real' from rows where id = 2",
    "select sum(f) = 2 from rows", "select group_concat(e, '') = 'pq' from rows", "select max(at) like '2026-01-01%00:00:00.5%' from rows",
    "select min(day) = '1969-12-31' from rows", "select sum(ok) = 1 from rows", "select count(e) = 2 from rows",
    "select u > 18446744073709500000 from rows where id = 1", "select u = 7 from rows where id = 2"};

START_TEST(values_of_all_types) {
    char members[300];
    snprintf(members, sizeof members, "\"metric\":\"%s\",\"equals\":1", seen[_i]);
    pln_suite *suite = of_query(members);
    table t = table_of(columns, lines);
    pln_validation *v = validation_of(suite, &t.schema, 0);
    add(v, &t);
    pln_check_result r = result_of(v, 0);
    ck_assert_msg(r.status == PLN_CHECK_PASSED, "%s: %s", seen[_i], r.message);
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(lists_are_in_no_table) {
    pln_suite *suite = of_query("\"query\":\"select tags from rows\"");
    table t = table_of(columns, lines), nested = table_of("tags list<int64>", "");
    pln_validation *v = NULL;
    ck_assert_int_eq(pln_validation_new(suite, &t.schema, NULL, &v, &err), PLN_ESYNTAX);
    ck_assert_msg(strstr(err.message, "no such column: tags") != NULL, "%s", err.message);
    ck_assert_int_eq(pln_validation_new(suite, &nested.schema, NULL, &v, &err), PLN_ETYPE);
    ck_assert_msg(strstr(err.message, "rows has no column") != NULL, "%s", err.message);
    pln_suite_free(suite);
    table_free(&t);
    table_free(&nested);
}
END_TEST

/* The answer is of all batches so far. */
START_TEST(rows_add_up) {
    pln_suite *suite =
        of_query("\"query\":\"select id, e from rows where id < 3 order by id desc\"");
    table t = table_of(columns, lines);
    pln_validation *v = validation_of(suite, &t.schema, 0);
    ck_assert_int_eq(result_of(v, 0).status, PLN_CHECK_PASSED);
    for (int i = 1; i <= 3; i++) {
        add(v, &t);
        pln_check_result r = result_of(v, 0);
        char want[100];
        snprintf(want, sizeof want, "sql: %d rows, the first: id 2, e q", 2 * i);
        ck_assert_str_eq(r.message, want);
        ck_assert_str_eq(result_of(v, 0).message, want);
        ck_assert_int_eq(r.status, PLN_CHECK_FAILED);
    }
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(what_is_redacted_is_not_told) {
    pln_suite *suite = of_query("\"query\":\"select e from rows\",\"redact\":true");
    table t = table_of(columns, lines);
    pln_validation *v = validation_of(suite, &t.schema, 0);
    add(v, &t);
    ck_assert_str_eq(result_of(v, 0).message, "sql: 3 rows");
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(it_is_neither_merged_nor_saved) {
    pln_suite *suite = of_query("\"query\":\"select 1 from rows where id < 0\"");
    table t = table_of(columns, lines);
    pln_validation *v = validation_of(suite, &t.schema, 0), *w = validation_of(suite, &t.schema, 0);
    const uint8_t *bytes;
    int64_t size;
    MUST(pln_validation_write(v, &bytes, &size, &err));
    MUST(pln_validation_read(w, bytes, size, &err));
    add(v, &t);
    MUST(pln_validation_merge(v, w, &err));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(i == 0 ? pln_validation_write(v, &bytes, &size, &err)
                                : pln_validation_merge(w, v, &err),
                         PLN_EUNSUPPORTED);
        ck_assert_str_eq(
            err.message,
            "check sql: sql: a query needs all rows in one place: it is neither merged nor saved");
    }
    pln_validation_free(v);
    pln_validation_free(w);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(steps_are_counted) {
    pln_suite *suite =
        of_query("\"max_steps\":100000,\"query\":\"with recursive n(i) as (select 1 union all "
                 "select i + 1 from n) select * from n where i < 0\"");
    table t = table_of(columns, lines);
    pln_check_result r = {.struct_size = sizeof r};
    pln_validation *v = validation_of(suite, &t.schema, 0);
    add(v, &t);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pln_validation_check(v, 0, &r, &err), PLN_ELIMIT);
        ck_assert_msg(strstr(err.message, "sql: more than 100000 steps (max_steps)") != NULL, "%s",
                      err.message);
    }
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(rows_have_an_end) {
    pln_suite *suite =
        of_query("\"max_bytes\":65536,\"query\":\"select 1 from rows where id < 0\"");
    table t = table_of(columns, lines);
    pln_validation *v = validation_of(suite, &t.schema, 0);
    pln_status status = PLN_OK;
    int n = 0;
    for (; status == PLN_OK && n < 10000; n++)
        status = pln_validation_add(v, &t.rows, &err);
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_msg(n > 100, "%d", n);
    ck_assert_str_eq(err.message, "check sql: sql: more than 65536 bytes of rows (max_bytes)");
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

START_TEST(a_metric_is_one_number) {
    static const struct {
        const char *metric;
        pln_status status;
        const char *words;
    } wrong[] = {{"select id from rows", PLN_EDATA, "expected one row"},
                 {"select e from rows where id = 1", PLN_ETYPE, "expected a number"}};
    table t = table_of(columns, lines);
    for (int i = 0; i < 2; i++) {
        char members[200];
        pln_check_result r = {.struct_size = sizeof r};
        snprintf(members, sizeof members, "\"min\":0,\"metric\":\"%s\"", wrong[i].metric);
        pln_suite *suite = of_query(members);
        pln_validation *v = validation_of(suite, &t.schema, 0);
        add(v, &t);
        ck_assert_int_eq(pln_validation_check(v, 0, &r, &err), wrong[i].status);
        ck_assert_msg(strstr(err.message, wrong[i].words) != NULL, "%s", err.message);
        pln_validation_free(v);
        pln_suite_free(suite);
    }
    table_free(&t);
}
END_TEST

static pln_status life(const pln_allocator *mem, const table *t) {
    pln_suite_options options;
    pln_suite *suite = NULL;
    pln_validation *v = NULL;
    const char *text;
    int64_t size;
    pln_status status;
    struct ArrowArrayStream stream = stream_of(table_of("id int64", "{\"id\":1}\n{\"id\":null}\n"));
    pln_suite_options_init(&options, sizeof options);
    options.allocator = mem;
    status = pln_suite_new(NULL,
                           "{\"checks\":[{\"check\":\"sql\",\"tables\":[\"r\"],\"query\":"
                           "\"select id, d from rows where id not in (select id from r)\"}]}",
                           &options, &suite, &err);
    if (status < 0)
        stream.release(&stream);
    PLN__TRY(status);
    PLN__TRY(pln_suite_reference(suite, "r", &stream, &err));
    PLN__TRY(pln_validation_new(suite, &t->schema, NULL, &v, &err));
    PLN__TRY(pln_validation_add(v, &t->rows, &err));
    PLN__TRY(pln_validation_json(v, &text, &size, &err));
out:
    pln_validation_free(v);
    pln_suite_free(suite);
    return status;
}

START_TEST(memory_that_fails_is_given_back) {
    table t = table_of(columns, lines);
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        pln_status status = life(fail_alloc_init(&f, n), &t);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_msg(status == (f.failed ? PLN_ENOMEM : PLN_OK), "request %lld: %d %s",
                      (long long)n, status, err.message);
        if (!f.failed)
            break;
    }
    table_free(&t);
}
END_TEST

Suite *suite_quality_sql(void);
Suite *suite_quality_sql(void) {
    Suite *suite = suite_create("quality/sql");
    TCase *c = tcase_create("sql");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, values_of_all_types, 0, sizeof seen / sizeof *seen);
    tcase_add_test(c, lists_are_in_no_table);
    tcase_add_test(c, rows_add_up);
    tcase_add_test(c, what_is_redacted_is_not_told);
    tcase_add_test(c, it_is_neither_merged_nor_saved);
    tcase_add_test(c, steps_are_counted);
    tcase_add_test(c, rows_have_an_end);
    tcase_add_test(c, a_metric_is_one_number);
    tcase_add_test(c, memory_that_fails_is_given_back);
    suite_add_tcase(suite, c);
    return suite;
}
