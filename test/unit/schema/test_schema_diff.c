#include "base/base.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <stdio.h>

static pln_runtime *rt;
static pln_error err;

static void set_up(void) {
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void tear_down(void) {
    pln_runtime_free(rt);
}

static pln_avro_schema *parse(const char *text) {
    pln_avro_schema *schema = NULL;
    ck_assert_msg(pln_avro_schema_parse(rt, text, -1, NULL, &schema, &err) == PLN_OK, "%s",
                  err.message);
    return schema;
}

/* "N" breaks new readers of old data, "O" old readers of new data. */
static void expect_list(const pln_schema_diff *diff, const char *expected) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "");
    for (int64_t i = 0; i < pln_schema_diff_count(diff); i++) {
        const pln_change *c = pln_schema_diff_at(diff, i);
        pln__text_printf(&text, "%s%s%s%s %s", i == 0 ? "" : "\n", c->path,
                         c->breaks & PLN_BREAKS_NEW_READERS ? " N" : "",
                         c->breaks & PLN_BREAKS_OLD_READERS ? " O" : "", c->text);
    }
    ck_assert_str_eq(text.data, expected);
    pln__text_free(&text);
}

static void expect(const char *before, const char *after, const pln_compat_options *options,
                   const char *expected) {
    pln_avro_schema *o = parse(before), *n = parse(after);
    pln_schema_diff *diff;
    char *json;
    ck_assert_msg(pln_schema_diff_new(rt, o, n, options, &diff, &err) == PLN_OK, "%s", err.message);
    expect_list(diff, expected);
    ck_assert_int_eq(pln_schema_diff_truncated(diff), 0);
    ck_assert_int_eq(pln_schema_diff_json(diff, &json, &err), PLN_OK);
    json_t *parsed = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_int_eq((int64_t)json_array_size(json_object_get(parsed, "changes")),
                     pln_schema_diff_count(diff));
    json_decref(parsed);
    pln_text_free(rt, json);
    pln_schema_diff_free(diff);
    pln_avro_schema_free(o);
    pln_avro_schema_free(n);
}

#define R(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define F(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define D(name, type, value) "{\"name\":\"" name "\",\"type\":" type ",\"default\":" value "}"
#define E(symbols) "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]}"

START_TEST(fields_come_and_go) {
    expect(R(F("a", "\"int\"")), R(F("a", "\"int\"")), NULL, "");
    expect(R(F("a", "\"int\"")),
           R(F("a", "\"int\"") "," D("b", "\"string\"", "\"x\"") "," F("c", "\"int\"")), NULL,
           "/fields/1 field 'b': added, type string, default \"x\"\n"
           "/fields/2 N field 'c': added, type int, without a default");
    expect(R(F("a", "\"int\"") "," D("b", "\"int\"", "0")), R(""), NULL,
           "/fields/0 O field 'a': removed, type int; it had no default\n"
           "/fields/1 field 'b': removed, type int; it had a default");
    expect(R(F("a", "\"int\"") "," F("b", "\"int\"")), R(F("b", "\"int\"") "," F("a", "\"int\"")),
           NULL, "/fields/1 field 'a': stands at another place");
}
END_TEST

START_TEST(renames_need_aliases) {
    const char *renamed = R("{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]}");
    expect(R(F("a", "\"int\"")), renamed, NULL,
           "/fields/0 O field 'b': renamed from 'a'\n"
           "/fields/0 field 'b': aliases none became a");
    expect(renamed, R(F("a", "\"int\"")), NULL,
           "/fields/0 N field 'a': renamed from 'b'\n"
           "/fields/0 field 'a': aliases a became none");
    expect(R(F("a", "\"int\"")), R(F("b", "\"int\"")), NULL,
           "/fields/0 N field 'b': added, type int, without a default\n"
           "/fields/0 O field 'a': removed, type int; it had no default");
    expect(R(F("a", "\"int\"") "," F("b", "\"int\"")),
           R("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"b\"]}," F("b", "\"int\"")), NULL,
           "/fields/0 N field 'a': names and aliases no longer stand for one field alone\n"
           "/fields/0 field 'a': aliases none became b");
}
END_TEST

START_TEST(types_widen_and_narrow) {
    expect(R(F("a", "\"int\"")), R(F("a", "\"long\"")), NULL,
           "/fields/0/type O field 'a': type int became long");
    expect(R(F("a", "\"string\"")), R(F("a", "\"bytes\"")), NULL,
           "/fields/0/type field 'a': type string became bytes");
    expect(R(F("a", "\"string\"")), R(F("a", "[\"null\",\"string\"]")), NULL,
           "/fields/0/type O field 'a': type string became union of null, string");
    expect(R(F("a", "{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":\"long\"}}")),
           R(F("a", "{\"type\":\"array\",\"items\":{\"type\":\"map\",\"values\":\"string\"}}")),
           NULL, "/fields/0/type/items/values N O field 'a[]{}': type long became string");
    expect("[\"null\"," R(F("a", "\"int\"")) "]", "[\"null\"," R(F("a", "\"string\"")) ",\"long\"]",
           NULL,
           "/2 O schema: union branch long added\n"
           "/1/fields/0/type N O field 'a': type int became string");
    /* Another branch takes the place of what went. */
    expect("[\"int\",\"null\"]", "[\"null\",\"long\"]", NULL,
           "/1 O schema: union branch long added\n"
           "/0 schema: union branch int removed");
}
END_TEST

START_TEST(named_types) {
    expect(E("\"A\",\"B\""),
           "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"C\",\"A\"],\"default\":\"A\"}", NULL,
           "/ schema: symbol 'B' removed\n"
           "/ O schema: symbol 'C' added\n"
           "/ schema: default symbol none became A");
    expect(E("\"A\",\"B\""), E("\"B\",\"A\""), NULL, "/ schema: symbols stand in another order");
    expect("{\"type\":\"fixed\",\"name\":\"X\",\"size\":4}",
           "{\"type\":\"fixed\",\"name\":\"Y\",\"aliases\":[\"X\"],\"size\":5}", NULL,
           "/ O schema: fixed 'X' became 'Y'\n"
           "/ schema: aliases none became X\n"
           "/ N O schema: size 4 became 5");
    expect("{\"type\":\"record\",\"name\":\"a.R\",\"doc\":\"x\",\"fields\":[]}",
           "{\"type\":\"record\",\"name\":\"b.R\",\"fields\":[]}", NULL,
           "/ schema: record 'a.R' became 'b.R'\n"
           "/ schema: doc removed");
}
END_TEST

START_TEST(what_breaks_nobody) {
    expect(R("{\"name\":\"a\",\"type\":\"int\",\"doc\":\"x\",\"default\":1}"),
           R("{\"name\":\"a\",\"type\":\"int\",\"doc\":\"y\",\"order\":\"ignore\"}"), NULL,
           "/fields/0 field 'a': default 1 became none\n"
           "/fields/0 field 'a': doc changed\n"
           "/fields/0 field 'a': order ascending became ignore");
    const pln_compat_options strict = {.struct_size = sizeof strict, .strict_logical = 1};
    const char *before = R(F("t", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"));
    const char *after = R(F("t", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"));
    expect(before, after, NULL,
           "/fields/0/type field 't': logical type timestamp-millis became timestamp-micros");
    expect(before, after, &strict,
           "/fields/0/type N O field 't': logical type timestamp-millis became timestamp-micros");
}
END_TEST

START_TEST(a_shared_type_is_told_once) {
#define POINT(x)                                                                                   \
    "{\"type\":\"record\",\"name\":\"P\",\"fields\":[" F("x", x) "," F("next",                     \
                                                                       "[\"null\",\"P\"]") "]}"
    expect(R(F("p", POINT("\"int\"")) "," F("q", "\"P\"")),
           R(F("p", POINT("\"string\"")) "," F("q", "\"P\"")), NULL,
           "/fields/0/type/fields/0/type N O field 'p.x': type int became string");
}
END_TEST

static void expect_drift(const char *declared, const char *columns, int32_t nulls,
                         const char *expected) {
    pln_avro_schema *schema = parse(declared);
    struct ArrowSchema arrow;
    pln_schema_diff *diff;
    ck_assert_int_eq(pln_schema_parse(rt, columns, &arrow, &err), PLN_OK);
    ck_assert_msg(pln_schema_drift(rt, schema, &arrow, nulls, &diff, &err) == PLN_OK, "%s",
                  err.message);
    expect_list(diff, expected);
    pln_schema_diff_free(diff);
    pln_avro_schema_free(schema);
    arrow.release(&arrow);
}

START_TEST(drift_of_data) {
    const char *declared = R(F("id", "\"long\"") "," F("name", "[\"null\",\"string\"]") "," D(
        "at",
        "{\"type\":\"record\",\"name\":\"Place\",\"doc\":\"d\",\"fields\":[" F("lat",
                                                                               "\"double\"") "]}",
        "{\"lat\":0}"));
    expect_drift(declared, "id int64, name utf8, at struct<lat float64>", 0, "");
    expect_drift(
        declared, "id int64, name utf8, at struct<lat float64> not null", 1,
        "/fields/0/type O field 'id': type long became union of null, long\n"
        "/fields/2/type/fields/0/type O field 'at.lat': type double became union of null, double");
    expect_drift(declared, "id utf8, name int64, city utf8", 0,
                 "/fields/0/type O field 'id': type long became string\n"
                 "/fields/1/type/1 O field 'name': union branch long added\n"
                 "/fields/1/type/1 field 'name': union branch string removed\n"
                 "/fields/2 field 'city': added, type union of null, string, default null\n"
                 "/fields/2 field 'at': removed, type record Place; it had a default");
}
END_TEST

Suite *suite_schema_schema_diff(void);
Suite *suite_schema_schema_diff(void) {
    Suite *suite = suite_create("schema/schema_diff");
    TCase *tests = tcase_create("schema_diff");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, fields_come_and_go);
    tcase_add_test(tests, renames_need_aliases);
    tcase_add_test(tests, types_widen_and_narrow);
    tcase_add_test(tests, named_types);
    tcase_add_test(tests, what_breaks_nobody);
    tcase_add_test(tests, a_shared_type_is_told_once);
    tcase_add_test(tests, drift_of_data);
    suite_add_tcase(suite, tests);
    return suite;
}
