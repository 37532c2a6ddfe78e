#include "test_sqlite_kit.h"

#define ORDERS "{'database': '$', 'table': 'orders', 'key': ['id']}"

START_TEST(append_makes_the_table) {
    run("sqlite.append", "{'database': '$', 'table': 'orders'}", "id l, name u?, price g?, ok b?",
        "{'id': 1, 'name': 'a', 'price': 1.5, 'ok': true}\n{'id': 2, 'name': null, 'price': null, 'ok': false}\n");
    ck_assert_str_eq(ask("SELECT *, typeof(price) FROM orders"), "1,'a',1.5,1,'real'\n2,NULL,NULL,0,'null'\n");
    ck_assert_str_eq(ask("SELECT sql FROM sqlite_schema"),
                     "'CREATE TABLE \"orders\"(\"id\" INTEGER NOT NULL, \"name\" TEXT, \"price\" REAL, \"ok\" INTEGER)'\n");
    ck_assert_str_eq(counted(), "inserted 2");
    run("sqlite.append", "{'database': '$', 'table': 'orders'}", "id l, name u?", "{'id': 1}\n");
    ck_assert_str_eq(ask("SELECT count(*), count(ok) FROM orders"), "3,2\n");
}
END_TEST

START_TEST(upsert_counts_what_it_does) {
    run("sqlite.upsert", ORDERS, "id l, name u?", "{'id': 1, 'name': 'a'}\n{'id': 2, 'name': 'b'}\n{'id': 3}\n");
    ck_assert_str_eq(counted(), "inserted 3");
    run("sqlite.upsert", ORDERS, "id l, name u?", "{'id': 3}\n{'id': 2, 'name': 'B'}\n{'id': 4, 'name': 'd'}\n{'id': 1, 'name': 'a'}\n");
    ck_assert_str_eq(counted(), "inserted 1 updated 1 unchanged 2");
    ck_assert_str_eq(ask("SELECT * FROM orders ORDER BY id"), "1,'a'\n2,'B'\n3,NULL\n4,'d'\n");
}
END_TEST

Suite *suite_connect_sqlite_sink(void);
Suite *suite_connect_sqlite_sink(void) {
    Suite *suite = suite_create("connect/sqlite_sink");
    TCase *tests = tcase_create("sink");
    tcase_add_checked_fixture(tests, kit_setup, kit_teardown);
    tcase_add_test(tests, append_makes_the_table);
    tcase_add_test(tests, upsert_counts_what_it_does);
    suite_add_tcase(suite, tests);
    return suite;
}
