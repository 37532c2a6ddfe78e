/*
 * Casting columns and naming types.
 */
#include "expr_help.h"

static char *cast(const char *spec, const char *json, const char *type) {
    const pln_allocator *mem = pln__system_allocator();
    pln__expr_failures failures = {0};
    struct ArrowSchema to;
    struct ArrowArray out;
    pln_error err = {0};
    pln__text text;
    rows r;
    rows_make(spec, json, &r);
    pln__text_init(&text, mem);
    pln__text_str(&text, "");
    ck_assert_msg(pln__type_parse(mem, type, "x", &to, &err) >= 0, "%s: %s", type, err.message);
    pln_status status =
        pln__cast_array(mem, r.schema.children[0], r.array.children[0], &to, &out, &failures, &err);
    if (status < 0) {
        pln__text_printf(&text, "%s: %s", pln_status_name(status), err.message);
    } else {
        ck_assert_int_ge(pln__array_validate(&to, &out, PLN__VALIDATE_FULL, &err), 0);
        say_rows(&text, &to, &out, &failures);
        pln__array_release(&out);
    }
    pln__expr_failures_free(mem, &failures);
    pln__schema_release(&to);
    rows_free(&r);
    return text.data;
}

START_TEST(columns_are_cast) {
    static const char *const all[][4] = {
        {"a l?", "{\"a\": 5}\n{}\n{\"a\": 300}", "int8", "5 ; null ; !300 does not fit int8"},
        {"a l?", "{\"a\": 5}\n{}", "text", "'5' ; null"},
        {"a l?", "{\"a\": 5}\n{}", "bigint", "5 ; null"},
        {"a s?", "{\"a\": -5}\n{}", "decimal(10,2)", "-5.00 ; null"},
        {"a C", "{\"a\": 255}", "uint64", "255"},
        {"a C", "{\"a\": 255}", "tinyint", "!255 does not fit int8"},
        {"a u?", "{\"a\": \"12.345\"}\n{\"a\": \" 7 \"}\n{\"a\": \"x\"}\n{}", "decimal(10,2)",
         "12.35 ; 7.00 ; !'x' is no decimal(10, 2) ; null"},
        {"a u?", "{\"a\": \"2013-01-31\"}\n{\"a\": \"2013-01-31 10:11:12.5Z\"}",
         "timestamp(us, UTC)", "2013-01-31 00:00:00Z ; 2013-01-31 10:11:12.5Z"},
        {"a u?", "{\"a\": \"2013-01-31T10:11:12+02:00\"}\n{\"a\": \"2013-01-31 10:11:12Z\"}",
         "timestamp(us)", "2013-01-31 08:11:12 ; 2013-01-31 10:11:12"},
        {"a u?", "{\"a\": \"1e3\"}\n{\"a\": \"inf\"}", "double precision", "1000 ; inf"},
        {"a u", "{\"a\": \"true\"}\n{\"a\": \"OFF\"}\n{\"a\": \"2\"}", "boolean",
         "true ; false ; !'2' is no bool"},
        {"a #u?", "{\"a\": \"7\"}\n{\"a\": \"x\"}\n{}", "int", "7 ; !'x' is no int32 ; null"},
        {"a #u?", "{\"a\": \"red\"}\n{}", "text", "'red' ; null"},
        {"a g", "{\"a\": 2.5}\n{\"a\": -0.5}\n{\"a\": 1e20}", "bigint",
         "2 ; 0 ; !100000000000000000000 does not fit int64"},
        {"a g", "{\"a\": 0.1}\n{\"a\": 123456.789}", "decimal(6,1)",
         "0.1 ; !123456.789 does not fit decimal(6, 1)"},
        {"a d:10.2", "{\"a\": 2.50}\n{\"a\": -2.50}", "smallint", "3 ; -3"},
        {"a d:38.10", "{\"a\": 1234567890.0123456789}", "float64", "1234567890.0123458"},
        {"a tdD", "{\"a\": \"2013-01-31\"}", "timestamp(ms)", "2013-01-31 00:00:00"},
        {"a tsn:", "{\"a\": \"2013-01-31T10:11:12.123456789\"}", "timestamp(ms)",
         "2013-01-31 10:11:12.123"},
        {"a tsn:", "{\"a\": \"1969-12-31T23:59:59.999999999\"}", "timestamp(s)",
         "1969-12-31 23:59:59"},
        {"a tss:", "{\"a\": \"9999-12-31T00:00:00\"}", "timestamp(ns)",
         "!9999-12-31 00:00:00 does not fit timestamp(ns)"},
        {"a b", "{\"a\": true}", "int", "1"},
        {"a i", "{\"a\": 3}\n{\"a\": 0}", "bool", "true ; false"},
        {"a z", "{\"a\": \"abc\"}", "text", "'abc'"},
        {"a l", "{\"a\": 1}", "date", "PLN_ETYPE: 1:1: there is no cast from int64 to date32"},
        {"a [l]", "{\"a\": [1]}", "text",
         "PLN_ETYPE: 1:1: there is no cast from list<int64> to utf8"},
        {"a l", "{\"a\": 1}", "list<int64>",
         "PLN_ETYPE: there is no cast from int64 to list<int64>"},
        {"a l", "", "text", ""},
    };
    for (int i = 0; i < PLN__COUNT(all); i++) {
        char *got = cast(all[i][0], all[i][1], all[i][2]);
        ck_assert_msg(strcmp(got, all[i][3]) == 0, "%s to %s\n  gives    %s\n  expected %s",
                      all[i][0], all[i][2], got, all[i][3]);
        pln__strfree(pln__system_allocator(), got);
    }
}
END_TEST

START_TEST(same_types_are_shared) {
    const pln_allocator *mem = pln__system_allocator();
    rows r;
    struct ArrowArray out;
    rows_make("a [{x l?, y u}]?", "{\"a\": [{\"x\": 1, \"y\": \"z\"}]}", &r);
    struct ArrowSchema to;
    ck_assert_int_ge(pln__field_copy(mem, r.schema.children[0], "other", &to, NULL), 0);
    ck_assert_int_ge(
        pln__cast_array(mem, r.schema.children[0], r.array.children[0], &to, &out, NULL, NULL), 0);
    ck_assert_ptr_eq(out.buffers[1], r.array.children[0]->buffers[1]);
    pln__array_release(&out);
    pln__schema_release(&to);
    rows_free(&r);
}
END_TEST

START_TEST(names_of_types) {
    static const char *const all[][2] = {
        {"bigint", "int64"},
        {"INTEGER", "int32"},
        {"int", "int32"},
        {"smallint", "int16"},
        {"int2", "int16"},
        {"int4", "int32"},
        {"tinyint", "int8"},
        {"int8", "int8"},
        {"ubigint", "uint64"},
        {"uint16", "uint16"},
        {"real", "float32"},
        {"float4", "float32"},
        {"double", "float64"},
        {"double precision", "float64"},
        {"float", "float64"},
        {"float8", "float64"},
        {"boolean", "bool"},
        {"bool", "bool"},
        {"varchar", "utf8"},
        {"text", "utf8"},
        {"string", "utf8"},
        {"utf8", "utf8"},
        {"bytea", "binary"},
        {"blob", "binary"},
        {"decimal(10,2)", "decimal(10, 2)"},
        {"numeric ( 5 )", "decimal(5, 0)"},
        {"decimal", "decimal(38, 9)"},
        {"date", "date32"},
        {"date32", "date32"},
        {"time", "time64(us)"},
        {"time(ms)", "time32(ms)"},
        {"time32(s)", "time32(s)"},
        {"time64(ns)", "time64(ns)"},
        {"timestamp", "timestamp(us)"},
        {"timestamp(3)", "timestamp(ms)"},
        {"timestamp(ns)", "timestamp(ns)"},
        {"timestamp(us, UTC)", "timestamp(us, UTC)"},
        {"timestamptz", "timestamp(us, UTC)"},
        {"timestamp with time zone", "timestamp(us, UTC)"},
        {"timestamp without time zone", "timestamp(us)"},
        {"timestamp(s, Europe/Berlin)", "timestamp(s, Europe/Berlin)"},
        {"timestamp(s, +01:00)", "timestamp(s, +01:00)"},
        {"list<int64>", "list<int64>"},
        {"list<list<utf8>>", "list<list<utf8>>"},
        {"map<utf8, int32>", "map<utf8, int32>"},
        {"struct<a int32, b utf8>", "struct<a int32, b utf8>"},
        {"struct<a list<struct<x date>>, \"b c\" decimal(3,1)>",
         "struct<a list<struct<x date32>>, b c decimal(3, 1)>"},
        {"null", "null"}};
    static const char *const bad[][2] = {
        {"", "1:1: expected a type such as int64, but there is nothing"},
        {"bigin", "1:1: no such type 'bigin' (did you mean 'bigint'?)"},
        {"decimal(39)", "1:9: the precision must be 1 to 38, got '39'"},
        {"decimal(5, 6)", "1:12: the scale must be 0 to 5, got '6'"},
        {"timestamp(ps)", "1:11: expected a unit: s, ms, us or ns after 'timestamp(', got 'ps'"},
        {"list<int64", "1:11: expected ',' or '>' after 'list<int64', but the text ends"},
        {"int64 x", "1:7: expected the end after 'int64', got 'x'"},
        {"varchar(10)", "1:8: expected the end after 'varchar', got '('"},
        {"struct<>", "1:7: expected '<' after 'struct', got '<>'"}};
    for (int i = 0; i < PLN__COUNT(all); i++) {
        struct ArrowSchema field;
        pln_error err = {0};
        char text[PLN__TYPE_TEXT_SIZE];
        ck_assert_msg(pln__type_parse(pln__system_allocator(), all[i][0], "x", &field, &err) >= 0,
                      "%s: %s", all[i][0], err.message);
        ck_assert_str_eq(pln__type_text(&field, text), all[i][1]);
        ck_assert_str_eq(field.name, "x");
        pln__schema_release(&field);
    }
    for (int i = 0; i < PLN__COUNT(bad); i++) {
        struct ArrowSchema field;
        pln_error err = {0};
        ck_assert_int_lt(pln__type_parse(pln__system_allocator(), bad[i][0], "x", &field, &err), 0);
        ck_assert(field.release == NULL);
        ck_assert_str_eq(err.message, bad[i][1]);
    }
}
END_TEST

/* What a type is called, it is read back from. */
START_TEST(names_are_read_back) {
    static const char *const formats[] = {
        "b", "c", "s",       "i",   "l",   "C",   "S",   "I",   "L",    "f",       "g",
        "u", "z", "d:38,10", "tdD", "tts", "ttm", "ttu", "ttn", "tss:", "tsn:UTC", "tsm:+05:30"};
    for (int i = 0; i < PLN__COUNT(formats); i++) {
        struct ArrowSchema field = {.format = formats[i], .name = "", .flags = ARROW_FLAG_NULLABLE},
                           again;
        char text[PLN__TYPE_TEXT_SIZE];
        ck_assert_int_ge(pln__type_parse(pln__system_allocator(), pln__type_text(&field, text), "",
                                         &again, NULL),
                         0);
        ck_assert_str_eq(again.format, formats[i]);
        pln__schema_release(&again);
    }
}
END_TEST

Suite *suite_expr_cast(void);
Suite *suite_expr_cast(void) {
    Suite *suite = suite_create("expr/cast");
    TCase *tests = tcase_create("cast");
    tcase_add_test(tests, columns_are_cast);
    tcase_add_test(tests, same_types_are_shared);
    tcase_add_test(tests, names_of_types);
    tcase_add_test(tests, names_are_read_back);
    suite_add_tcase(suite, tests);
    return suite;
}
