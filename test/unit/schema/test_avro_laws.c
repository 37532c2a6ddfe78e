#include "avro_help.h"
#include "avro_random.h"
#include <pln/pln.h>

static pln_error err;

static pln__avro_schema *random_model(uint64_t seed, char **text) {
    pln__text out;
    pln__text_init(&out, pln__system_allocator());
    random_schema(seed, &out);
    *text = pln__text_take(&out);
    pln__avro_schema *schema = NULL;
    pln_status status = pln__avro_parse(pln__system_allocator(), *text, -1, NULL, &schema, &err);
    /* References may not find their type where a namespace lies between: such seeds are passed over. */
    if (status < 0)
        ck_assert_msg(strstr(err.message, "there is no type") != NULL, "%s: %s", *text,
                      err.message);
    return schema;
}

/* The canonical form has no way to say that a type inside a namespace has none: read again it is taken into that namespace. */
static bool canonical_is_whole(const pln__avro_type *root, const char *text) {
    return root->space[0] == '\0' || strstr(text, "\"name\":\"N") == NULL;
}

/* Printed and read again it is the same schema, and printed again the same text, in each form. */
START_TEST(text_and_model_agree) {
    int whole = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        char *given;
        pln__avro_schema *schema = random_model(seed, &given);
        if (schema == NULL) {
            free_text(given);
            continue;
        }
        for (int form = PLN__AVRO_TEXT_FULL; form <= PLN__AVRO_TEXT_PRETTY; form++) {
            char *text = text_avro(schema, form);
            pln__avro_schema *again = parse_avro(text);
            char *twice = text_avro(again, form);
            if (form != PLN__AVRO_TEXT_CANONICAL ||
                canonical_is_whole(pln__avro_root(schema), text))
                ck_assert_str_eq(text, twice);
            bool equal = pln_avro_schema_equal(schema, again) == 1;
            ck_assert_msg(equal || form == PLN__AVRO_TEXT_CANONICAL, "%s\n%s", given, text);
            free_text(twice);
            free_text(text);
            pln__avro_schema_unref(again);
        }
        whole++;
        free_text(given);
        pln__avro_schema_unref(schema);
    }
    ck_assert_int_gt(whole, 1000);
}
END_TEST

/* Equal schemas have equal texts; what differs in the text beyond spelling differs. */
START_TEST(equality_is_of_what_is_said) {
    static const char base[] = "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\","
                               "\"type\":{\"type\":\"long\"},"
                               "\"default\":1,\"aliases\":[\"g\"]},{\"name\":\"e\",\"type\":{"
                               "\"type\":\"enum\",\"name\":\"E\",\"symbols\":"
                               "[\"A\",\"B\"]}}]}";
    static const struct {
        const char *text;
        int equal;
    } others[] = {
        {"{\"name\":\"R\",\"namespace\":\"a\",\"type\":\"record\",\"fields\":[{\"type\":\"long\",\"order\":"
         "\"ascending\",\"aliases\":[\"g\"],\"default\":1,\"name\":\"f\"},{\"name\":\"e\",\"type\":{\"type\":"
         "\"enum\",\"name\":\"a.E\",\"symbols\":[\"A\",\"B\"]}}]}",
         1},
        {"{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\",\"type\":\"long\",\"default\":2,\"aliases\":"
         "[\"g\"]},{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}",
         0},
        {"{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\",\"type\":\"long\",\"default\":1},"
         "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}",
         0},
        {"{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\",\"type\":{\"type\":\"long\","
         "\"logicalType\":\"timestamp-millis\"},\"default\":1,\"aliases\":[\"g\"]},{\"name\":\"e\",\"type\":{\"type\":"
         "\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}",
         0},
        {"{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[{\"name\":\"f\",\"type\":\"long\",\"default\":1,\"aliases\":"
         "[\"g\"]},{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"],\"default\":"
         "\"A\"}}]}",
         0},
        {"{\"type\":\"record\",\"name\":\"b.R\",\"fields\":[{\"name\":\"f\",\"type\":\"long\",\"default\":1,\"aliases\":"
         "[\"g\"]},{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}",
         0},
    };
    pln__avro_schema *a = parse_avro(base);
    for (int i = 0; i < PLN__COUNT(others); i++) {
        pln__avro_schema *b = parse_avro(others[i].text);
        ck_assert_msg(pln_avro_schema_equal(a, b) == others[i].equal, "%s", others[i].text);
        ck_assert_int_eq(pln_avro_schema_equal(b, a), others[i].equal);
        pln__avro_schema_unref(b);
    }
    pln__avro_schema_unref(a);
}
END_TEST

START_TEST(recursive_schemas_are_told_apart) {
    pln__avro_schema *a =
        parse_avro("[{\"type\":\"record\",\"name\":\"A\",\"fields\":[]},{\"type\":\"record\","
                   "\"name\":\"B\",\"fields\":[{\"name\":\"x\",\"type\":\"A\"}]}]");
    pln__avro_schema *b =
        parse_avro("[{\"type\":\"record\",\"name\":\"A\",\"fields\":[]},{\"type\":\"record\","
                   "\"name\":\"B\",\"fields\":[{\"name\":\"x\",\"type\":\"B\"}]}]");
    ck_assert_int_eq(pln_avro_schema_equal(a, b), 0);
    ck_assert_int_eq(pln_avro_schema_equal(b, b), 1);
    pln__avro_schema_unref(a);
    pln__avro_schema_unref(b);
}
END_TEST

/* ---- columns and back ---- */

/* Columns of a schema made from columns are those columns, where Avro has the type. */
START_TEST(columns_come_back) {
    static const char *const texts[] = {
        "a bool, b int32 not null, c int64, d float32, e float64 not null, f utf8, g binary",
        "a binary(7), b binary(7) not null, c decimal(12, 3), d date32, e time32(ms), f time64(us)",
        "a timestamp(ms, UTC), b timestamp(us), c timestamp(ns, UTC) not null, d null",
        "a list<int64>, b list<list<utf8>>, c map<utf8, float64>, d struct<x int32, y struct<z utf8>>",
        "order struct<lines list<struct<sku utf8 not null, key binary(4)>>>, order_lines struct<a int32>",
    };
    pln_runtime *rt;
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    for (int i = 0; i < PLN__COUNT(texts); i++) {
        struct ArrowSchema columns, back;
        pln_avro_schema *schema;
        pln__text difference;
        ck_assert_int_eq(pln_schema_parse(rt, texts[i], &columns, &err), PLN_OK);
        pln_status status = pln_avro_schema_from_arrow(rt, &columns, "a.b.Row", &schema, &err);
        ck_assert_msg(status == PLN_OK, "%s", err.message);
        ck_assert_int_eq(pln_avro_schema_arrow(rt, schema, &back, &err), PLN_OK);
        pln__text_init(&difference, pln__system_allocator());
        pln__schema_difference(&columns, &back, &difference);
        ck_assert_msg(difference.size == 0, "%s", difference.data);
        pln__text_free(&difference);
        columns.release(&columns);
        back.release(&back);
        pln_avro_schema_free(schema);
    }
    pln_runtime_free(rt);
}
END_TEST

static const struct {
    const char *columns, *field;
} forms[] = {
    {"a int8 not null", "{\"name\":\"a\",\"type\":\"int\"}"},
    {"a uint32", "{\"name\":\"a\",\"type\":[\"null\",\"long\"],\"default\":null}"},
    {"a uint64 not null", "{\"name\":\"a\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":20,\"scale\":0}}"},
    {"a time64(ns) not null", "{\"name\":\"a\",\"type\":\"long\"}"},
    {"a timestamp(s, UTC) not null", "{\"name\":\"a\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}"},
    {"a timestamp(us) not null", "{\"name\":\"a\",\"type\":{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}}"},
    {"a dictionary<utf8> not null", "{\"name\":\"a\",\"type\":\"string\"}"},
    {"a list<int32 not null> not null", "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"int\"}}"},
};

START_TEST(columns_have_a_form) {
    char expected[300];
    struct ArrowSchema columns;
    pln_avro_schema *schema = NULL;
    const pln_allocator *mem = pln__system_allocator();
    ck_assert_int_eq(pln__schema_parse(mem, forms[_i].columns, &columns, &err), PLN_OK);
    pln_status status = pln__avro_from_arrow(mem, &columns, "R", &schema, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    snprintf(expected, sizeof expected, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[%s]}",
             forms[_i].field);
    char *text = text_avro(schema, PLN__AVRO_TEXT_FULL);
    ck_assert_str_eq(text, expected);
    free_text(text);
    columns.release(&columns);
    pln__avro_schema_unref(schema);
}
END_TEST

/* A schema that went through columns means the same columns again. */
START_TEST(schemas_come_back) {
    const pln_allocator *mem = pln__system_allocator();
    int whole = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        char *given;
        struct ArrowSchema columns, again;
        pln__avro_schema *schema = random_model(seed, &given), *back = NULL;
        free_text(given);
        if (schema == NULL)
            continue;
        pln_status status = pln__avro_to_arrow(mem, schema, &columns, &err);
        pln__avro_schema_unref(schema);
        if (status < 0) { /* a record that holds itself, a fixed of nothing */
            ck_assert_msg(status == PLN_EUNSUPPORTED, "%s", err.message);
            continue;
        }
        status = pln__avro_from_arrow(mem, &columns, "t.Back", &back, &err);
        ck_assert_msg(status == PLN_OK, "%s", err.message);
        ck_assert_int_eq(pln__avro_to_arrow(mem, back, &again, &err), PLN_OK);
        pln__text difference;
        pln__text_init(&difference, mem);
        pln__schema_difference(&columns, &again, &difference);
        ck_assert_msg(difference.size == 0, "%s", difference.data);
        pln__text_free(&difference);
        columns.release(&columns);
        again.release(&again);
        pln__avro_schema_unref(back);
        whole++;
    }
    ck_assert_int_gt(whole, 5);
}
END_TEST

Suite *suite_schema_avro_laws(void);
Suite *suite_schema_avro_laws(void) {
    Suite *suite = suite_create("schema/avro_laws");
    TCase *tc = tcase_create("laws");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, text_and_model_agree);
    tcase_add_test(tc, equality_is_of_what_is_said);
    tcase_add_test(tc, recursive_schemas_are_told_apart);
    tcase_add_test(tc, columns_come_back);
    tcase_add_loop_test(tc, columns_have_a_form, 0, PLN__COUNT(forms));
    tcase_add_test(tc, schemas_come_back);
    suite_add_tcase(suite, tc);
    return suite;
}
