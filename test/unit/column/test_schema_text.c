#include <check.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;

static void setup(void) {
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_memory memory = {.struct_size = sizeof memory};
    pln_runtime_memory(rt, &memory);
    int64_t live = memory.live_bytes;
    pln_runtime_free(rt);
    pln_runtime_new(NULL, &rt, &err);
    pln_runtime_memory(rt, &memory);
    ck_assert_int_le(live, memory.live_bytes);
    pln_runtime_free(rt);
}

static void round_trip(const char *text) {
    struct ArrowSchema schema;
    char *back;
    ck_assert_msg(pln_schema_parse(rt, text, &schema, &err) == PLN_OK, "%s: %s", text, err.message);
    ck_assert_int_eq(pln_schema_text(rt, &schema, &back, &err), PLN_OK);
    ck_assert_str_eq(back, text);
    pln_text_free(rt, back);
    schema.release(&schema);
}

START_TEST(texts_read_back) {
    round_trip("id int64 not null");
    round_trip("a null, b bool, c int8, d int16, e int32, f uint8, g uint16, h uint32, i uint64");
    round_trip("a float32, b float64, c utf8 not null, d binary, e binary(16), f date32");
    round_trip("a decimal(12, 2), b decimal(38, 0), c time32(s), d time32(ms), e time64(us), f "
               "time64(ns)");
    round_trip("a timestamp(s), b timestamp(ms, UTC), c timestamp(us, Europe/Berlin), d "
               "timestamp(ns, +02:00)");
    round_trip("tags list<utf8>, place struct<x float64, y list<int32>>, m map<utf8, int64>, d "
               "dictionary<utf8>");
    round_trip("\"two words\" int32, \"a \"\"quote\"\"\" utf8, \"a,b\" bool, \xC3\xA4 int8");
}
END_TEST

START_TEST(formats_are_those_of_arrow) {
    static const char *const expected[] = {"l", "u", "d:12,2", "tsu:UTC", "tdD", "w:4", "+l", "i"};
    struct ArrowSchema s;
    ck_assert_int_eq(
        pln_schema_parse(
            rt,
            "  a int64 not null , b utf8,c decimal(12,2), d timestamp( us , UTC ),\n e date32,"
            " f binary(4), g list< int8 >, h dictionary<utf8>",
            &s, &err),
        PLN_OK);
    ck_assert_int_eq(s.n_children, 8);
    for (int i = 0; i < 8; i++)
        ck_assert_str_eq(s.children[i]->format, expected[i]);
    ck_assert_int_eq(s.children[0]->flags & ARROW_FLAG_NULLABLE, 0);
    ck_assert_int_ne(s.children[1]->flags & ARROW_FLAG_NULLABLE, 0);
    ck_assert_str_eq(s.children[6]->children[0]->format, "c");
    ck_assert_str_eq(s.children[7]->dictionary->format, "u");
    s.release(&s);
}
END_TEST

static void refused(const char *text, pln_status status, const char *words) {
    struct ArrowSchema schema;
    memset(&err, 0, sizeof err);
    ck_assert_msg(pln_schema_parse(rt, text, &schema, &err) == status, "%s: %s %s", text,
                  pln_status_name(err.status), err.message);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s: %s", text, err.message);
    ck_assert(schema.release == NULL);
}

START_TEST(mistakes_are_named) {
    refused("", PLN_ESYNTAX, "a column name");
    refused("id", PLN_ESYNTAX, "a type");
    refused("id integer", PLN_ESYNTAX, "'integer' is no type");
    refused("id int64,", PLN_ESYNTAX, "a column name");
    refused("id int64 nut null", PLN_ESYNTAX, "column 10");
    refused("id int64; b utf8", PLN_ESYNTAX, "or the end");
    refused("a list<int8", PLN_ESYNTAX, "'>'");
    refused("a struct<b int8, c>", PLN_ESYNTAX, "a type");
    refused("a map<utf8>", PLN_ESYNTAX, "type of the values");
    refused("a timestamp", PLN_ESYNTAX, "a unit");
    refused("a timestamp(m)", PLN_ESYNTAX, "unit 'm'");
    refused("a time32(us)", PLN_ESYNTAX, "unit 'us'");
    refused("a decimal(99999999999, 2)", PLN_ESYNTAX, "smaller");
    refused("a \"int8", PLN_ESYNTAX, "a type");
    refused("\"\" int8", PLN_ESYNTAX, "a column name");
    refused("a int8, a int8", PLN_EINVAL, "a");
}
END_TEST

START_TEST(depth_is_bounded) {
    char text[4096] = "a ";
    for (int i = 0; i < 200; i++)
        strcat(text, "list<");
    refused(text, PLN_ELIMIT, "nested");
}
END_TEST

Suite *suite_column_schema_text(void);
Suite *suite_column_schema_text(void) {
    Suite *suite = suite_create("schema_text");
    TCase *tc = tcase_create("schema_text");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, texts_read_back);
    tcase_add_test(tc, formats_are_those_of_arrow);
    tcase_add_test(tc, mistakes_are_named);
    tcase_add_test(tc, depth_is_bounded);
    suite_add_tcase(suite, tc);
    return suite;
}
