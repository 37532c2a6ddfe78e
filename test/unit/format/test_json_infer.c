#include "json_rows.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* The schema as text, or "! status message". Columns that keep any value show as "any". */
static void show_schema(const struct ArrowSchema *schema, pln__text *out) {
    int32_t size;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *child = schema->children[i];
        char type[PLN__TYPE_TEXT_SIZE];
        bool any = pln__field_metadata(child, "pln.json", &size) != NULL;
        pln__text_printf(out, "%s%s %s", i > 0 ? ", " : "", child->name,
                         any ? "any" : pln__type_text(child, type));
        if ((child->flags & ARROW_FLAG_NULLABLE) == 0)
            pln__text_char(out, '!');
    }
}

static char *inferred(const char *text, int64_t size, bool final) {
    struct ArrowSchema schema;
    pln_error err = {0};
    pln__text out;
    uint8_t *copy = calloc(1, (size_t)size + PLN__PADDING);
    pln__text_init(&out, pln__system_allocator());
    memcpy(copy, text, (size_t)size);
    memset(copy + size, '}', PLN__PADDING);
    pln_status status =
        pln__json_decoder.infer(pln__system_allocator(), NULL, copy, size, final, &schema, &err);
    if (status < 0) {
        pln__text_printf(&out, "! %s %s", pln_status_name(status), err.message);
    } else {
        pln__text_str(&out, "");
        show_schema(&schema, &out);
        pln__schema_release(&schema);
    }
    char *shown = strdup(out.data);
    pln__text_free(&out);
    free(copy);
    return shown;
}

static const struct {
    const char *text, *expected;
} cases[] = {
    {"{\"a\":1}\n", "a int64"},
    {"{\"a\":1}", "a int64"},
    {"\xEF\xBB\xBF{\"a\":1}\n", "a int64"},
    {"{\"a\":-1}\n{\"a\":9223372036854775807}\n", "a int64"},
    {"{\"a\":1}\n{\"a\":9223372036854775808}\n", "a uint64"},
    {"{\"a\":-1}\n{\"a\":9223372036854775808}\n", "a decimal(38, 0)"},
    {"{\"a\":1}\n{\"a\":18446744073709551616}\n", "a decimal(38, 0)"},
    {"{\"a\":100000000000000000000000000000000000000}\n", "a any"},
    {"{\"a\":1}\n{\"a\":1.5}\n", "a float64"},
    {"{\"a\":1e2}\n", "a float64"},
    {"{\"a\":1.5}\n{\"a\":100000000000000000000000000000000000000}\n", "a float64"},
    {"{\"a\":true}\n{\"a\":null}\n", "a bool"},
    {"{\"a\":null}\n{}\n", "a utf8"},
    {"{\"a\":\"x\"}\n", "a utf8"},
    {"{\"a\":\"\"}\n", "a utf8"},
    {"{\"a\":\"2015-09-12T00:46:58.771Z\"}\n", "a timestamp(ms, UTC)"},
    {"{\"a\":\"2015-09-12T00:46:58Z\"}\n", "a timestamp(s, UTC)"},
    {"{\"a\":\"2015-09-12T00:46:58Z\"}\n{\"a\":\"2015-09-12T00:46:58.123456+02:00\"}\n",
     "a timestamp(us, UTC)"},
    {"{\"a\":\"2015-09-12T00:46:58.1234567Z\"}\n", "a timestamp(ns, UTC)"},
    {"{\"a\":\"2015-09-12T00:46:58.1234567Z\"}\n{\"a\":\"1066-10-14T00:00:00Z\"}\n", "a utf8"},
    {"{\"a\":\"2015-09-12T00:46:58\"}\n", "a utf8"},
    {"{\"a\":\"2015-09-12T00:46:58Z\"}\n{\"a\":\"soon\"}\n", "a utf8"},
    {"{\"a\":\"2015-09-12\"}\n{\"a\":null}\n", "a date32"},
    {"{\"a\":\"2015-09-12\"}\n{\"a\":\"2015-09-12T00:46:58Z\"}\n", "a utf8"},
    {"{\"a\":\"x\"}\n{\"a\":1}\n", "a any"},
    {"{\"a\":true}\n{\"a\":1}\n", "a any"},
    {"{\"a\":[1,2]}\n{\"a\":[]}\n{\"a\":null}\n", "a list<int64>"},
    {"{\"a\":[]}\n", "a list<utf8>"},
    {"{\"a\":[1,\"x\"]}\n", "a list<utf8>"},
    {"{\"a\":[[1.5]]}\n", "a list<list<float64>>"},
    {"{\"a\":{\"x\":1,\"y\":\"t\"}}\n{\"a\":{\"z\":true}}\n", "a struct<x int64, y utf8, z bool>"},
    {"{\"a\":{}}\n", "a any"},
    {"{\"a\":[{\"x\":1},{\"y\":2}]}\n", "a list<struct<x int64, y int64>>"},
    {"{\"a\":{\"x\":1}}\n{\"a\":[1]}\n", "a any"},
    {"{\"a\":[1]}\n{\"a\":{\"x\":1}}\n{\"a\":[{\"y\":2}]}\n", "a any"},
    {"{\"a\":{\"x\":1}}\n{\"a\":3}\n{\"a\":{\"y\":3}}\n", "a any"},
    {"{\"b\":1}\n{\"a\":1,\"b\":2}\n", "b int64, a int64"},
    {"{\"\\u00e9\":1,\"\":2,\"z\\u0000z\":3}\n", "\xc3\xa9 int64"},
    {"not json\n{\"a\":1}\n[1]\n{\"a\":\n\n{\"a\":2} x\n", "a int64"},
    {"{}\n", ""},
    {"", "! PLN_EDATA no line of the sample is a JSON object"},
    {"[1]\n", "! PLN_EDATA no line of the sample is a JSON object"},
};

START_TEST(schemas) {
    char *got = inferred(cases[_i].text, (int64_t)strlen(cases[_i].text), true);
    ck_assert_msg(strcmp(got, cases[_i].expected) == 0, "%s\ngot      %s\nexpected %s",
                  cases[_i].text, got, cases[_i].expected);
    free(got);
}
END_TEST

START_TEST(a_cut_record_counts_only_at_the_end) {
    const char *text = "{\"a\":1}\n{\"a\":1.5}";
    char *got = inferred(text, 18, false);
    ck_assert_str_eq(got, "a int64");
    free(got);
    got = inferred(text, 17, false);
    ck_assert_str_eq(got, "a int64");
    free(got);
}
END_TEST

START_TEST(objects_of_many_keys_are_kept_as_text) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    for (int record = 0; record < 3; record++) {
        pln__text_str(&text, "{\"a\":{\"k\":0");
        for (int i = 0; i < 400; i++)
            pln__text_printf(&text, ",\"k%d\":%d", record * 400 + i, i);
        pln__text_str(&text, "}}\n");
    }
    char *got = inferred(text.data, text.size, true);
    ck_assert_str_eq(got, "a any");
    free(got);
    text.size = 0;
    for (int i = 0; i < 5000; i++)
        pln__text_printf(&text, "{\"k%d\":1}\n", i);
    got = inferred(text.data, text.size, true);
    ck_assert_str_eq(got, "! PLN_ELIMIT records with more than 4096 different members");
    free(got);
    pln__text_free(&text);
}
END_TEST

START_TEST(nesting_is_bounded) {
    char text[600] = "{\"a\":";
    for (int i = 0; i < 60; i++)
        strcat(text, i % 2 ? "{\"x\":" : "[");
    strcat(text, "1");
    for (int i = 60; i-- > 0;)
        strcat(text, i % 2 ? "}" : "]");
    strcat(text, "}\n");
    struct ArrowSchema schema;
    pln_error err = {0};
    uint8_t *copy = calloc(1, strlen(text) + PLN__PADDING);
    memcpy(copy, text, strlen(text));
    ck_assert_int_eq(pln__json_decoder.infer(pln__system_allocator(), NULL, copy,
                                             (int64_t)strlen(text), true, &schema, &err),
                     PLN_OK);
    char *got = json_transcript(&schema, text, (int64_t)strlen(text), &(json_way){0});
    ck_assert_ptr_nonnull(strstr(got, text + 5 + 200));
    ck_assert_ptr_null(strchr(got, '!'));
    free(got);
    free(copy);
    pln__schema_release(&schema);
}
END_TEST

/* What is inferred takes every record of the sample that is one. */
START_TEST(the_sample_fits_its_schema) {
    static const char *const values[] = {"1", "-7", "1.5", "\"x\"", "null", "true", "[1,2]", "[\"a\",null]", "{\"p\":1}",
                                         "{\"p\":\"t\",\"q\":[{}]}", "\"2015-09-12\"", "\"2015-09-12T00:46:58.771Z\"",
                                         "18446744073709551615", "1e300", "[]", "{}", "[[{\"r\":null}]]"};
    uint32_t state = (uint32_t)_i * 747796405u + 1;
    for (int round = 0; round < 200; round++) {
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        for (int record = 0; record < 8; record++) {
            pln__text_str(&text, "{\"z\":0");
            for (int column = 0; column < 3; column++) {
                state = state * 1664525u + 1013904223u;
                /* Few kinds in a round, so that not every column is of all. */
                uint32_t pick = ((state >> 9) % 3 + (uint32_t)round * 5 + (uint32_t)column) %
                                PLN__COUNT(values);
                pln__text_printf(&text, ",\"c%d\":%s", column, values[pick]);
            }
            pln__text_str(&text, "}\n");
        }
        struct ArrowSchema schema;
        pln_error err = {0};
        uint8_t *copy = calloc(1, (size_t)text.size + PLN__PADDING);
        memcpy(copy, text.data, (size_t)text.size);
        ck_assert_int_eq(pln__json_decoder.infer(pln__system_allocator(), NULL, copy, text.size,
                                                 true, &schema, &err),
                         PLN_OK);
        char *got = json_transcript(&schema, text.data, text.size, &(json_way){.no_origin = true});
        ck_assert_msg(strchr(got, '!') == NULL, "%s%s", text.data, got);
        free(got);
        free(copy);
        pln__schema_release(&schema);
        pln__text_free(&text);
    }
}
END_TEST

Suite *suite_format_json_infer(void);
Suite *suite_format_json_infer(void) {
    Suite *suite = suite_create("format/json_infer");
    TCase *tcase = tcase_create("infer");
    tcase_add_loop_test(tcase, schemas, 0, PLN__COUNT(cases));
    tcase_add_test(tcase, a_cut_record_counts_only_at_the_end);
    tcase_add_test(tcase, objects_of_many_keys_are_kept_as_text);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_loop_test(tcase, the_sample_fits_its_schema, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
