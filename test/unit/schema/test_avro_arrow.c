#include "schema/schema.h"
#include <check.h>
#include <stdio.h>

static pln_error err;

/* The mapping as text, or the error's status and message. */
static const char *mapped(const char *avro) {
    static char out[600];
    struct ArrowSchema schema;
    char type[PLN__TYPE_TEXT_SIZE];
    memset(&err, 0, sizeof err);
    pln_status status = pln__schema_from_avro(pln__system_allocator(), avro, -1, &schema, &err);
    if (status < 0) {
        snprintf(out, sizeof out, "%s: %s", pln_status_name(status), err.message);
        ck_assert(schema.release == NULL);
        return out;
    }
    snprintf(out, sizeof out, "%s%s", pln__type_text(&schema, type),
             schema.children[0]->flags & ARROW_FLAG_NULLABLE ? "?" : "");
    schema.release(&schema);
    return out;
}

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" fields "]}"
#define FIELD(type) RECORD("{\"name\":\"f\",\"type\":" type "}")

#define ENUM "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"B\",\"A_1\",\"C\"]}"
static const struct {
    const char *avro, *expected;
} cases[] = {
    {FIELD("\"long\""), "struct<f int64>"},
    {FIELD("[\"null\",\"int\"]"), "struct<f int32>?"},
    {FIELD("[\"string\",\"null\"]"), "struct<f utf8>?"},
    {FIELD("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":10,\"scale\":2}"),
     "struct<f decimal(10, 2)>"},
    {FIELD("{\"type\":\"int\",\"logicalType\":\"date\"}"), "struct<f date32>"},
    {FIELD("{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"), "struct<f timestamp(us, UTC)>"},
    {FIELD("{\"type\":\"long\",\"logicalType\":\"local-timestamp-millis\"}"), "struct<f timestamp(ms)>"},
    {FIELD("{\"type\":\"array\",\"items\":\"double\"}"), "struct<f list<float64>>"},
    {FIELD(ENUM), "struct<f dictionary<utf8>>"},
    {FIELD("[\"null\"," ENUM "]"), "struct<f dictionary<utf8>>?"},
    {FIELD("{\"type\":\"long\",\"logicalType\":\"no-such\"}"), "struct<f int64>"},
};

START_TEST(types_map) {
    ck_assert_str_eq(mapped(cases[_i].avro), cases[_i].expected);
}
END_TEST

static const struct {
    const char *avro, *word;
} refused[] = {
    {"\"string\"", "ESYNTAX"},
    {"[\"null\"]", "record at the top"},
    {"{\"type\":\"record\",\"name\":\"1x\",\"fields\":[]}", "name"},
    {FIELD("\"nowhere.to.be.found\""), "f: there is no type"},
    {RECORD("{\"name\":\"next\",\"type\":[\"null\",\"r\"]}"), "contains itself"},
    {FIELD("{\"type\":\"fixed\",\"name\":\"x\",\"size\":-1}"), "size"},
    {FIELD("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":60}"), "38 digits"},
    {FIELD("[\"int\",[\"null\"]]"), "union stands directly"},
    {FIELD("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[]}"), "symbols"},
    {"{\"type\":\"record\",", "line 1"},
};

START_TEST(errors_name_the_place) {
    const char *got = mapped(refused[_i].avro);
    ck_assert_msg(strstr(got, "PLN_E") == got && strstr(got, refused[_i].word) != NULL, "%s", got);
}
END_TEST

/* Of every field that is an enum, at any depth: "path=symbols;". */
static void show_symbols(const struct ArrowSchema *schema, const char *path, pln__text *to) {
    char below[200];
    int32_t size;
    const char *list = pln__field_metadata(schema, "pln.symbols", &size);
    ck_assert_int_eq(list != NULL, schema->dictionary != NULL);
    if (list != NULL)
        pln__text_printf(to, "%s=%.*s;", path, (int)size, list);
    for (int64_t i = 0; i < schema->n_children; i++) {
        snprintf(below, sizeof below, "%s/%s", path, schema->children[i]->name);
        show_symbols(schema->children[i], below, to);
    }
}

START_TEST(enums_have_their_symbols) {
    static const char avro[] =
        RECORD("{\"name\":\"a\",\"type\":" ENUM "},{\"name\":\"b\",\"type\":[\"null\",\"e\"]},"
               "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":\"e\"}},"
               "{\"name\":\"d\",\"type\":{\"type\":\"map\",\"values\":[\"e\",\"null\"]}},"
               "{\"name\":\"f\",\"type\":[\"e\",\"int\",\"string\"]},"
               "{\"name\":\"g\",\"type\":{\"type\":\"enum\",\"name\":\"h\",\"symbols\":[\"X\"]}}");
    static const char expected[] = "/a=[\"B\",\"A_1\",\"C\"];/b=[\"B\",\"A_1\",\"C\"];"
                                   "/c/item=[\"B\",\"A_1\",\"C\"];"
                                   "/d/entries/value=[\"B\",\"A_1\",\"C\"];"
                                   "/f/e=[\"B\",\"A_1\",\"C\"];/g=[\"X\"];";
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowSchema schema, copy;
    pln__text got;
    ck_assert_int_eq(pln__schema_from_avro(mem, avro, -1, &schema, &err), PLN_OK);
    ck_assert_int_eq(pln__schema_copy(mem, &schema, &copy, &err), PLN_OK);
    schema.release(&schema);
    pln__text_init(&got, mem);
    show_symbols(&copy, "", &got);
    ck_assert_str_eq(got.data, expected);
    pln__text_free(&got);
    copy.release(&copy);
}
END_TEST

/* Every field that uses an enum has its symbols, so their bytes count as much as fields do. */
START_TEST(a_large_enum_used_often_is_refused) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text,
                  "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f0\",\"type\":"
                  "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"s\"");
    for (int i = 0; i < 40000; i++)
        pln__text_printf(&text, ",\"s%d\"", i);
    pln__text_str(&text, "]}}");
    for (int i = 1; i < 4000; i++)
        pln__text_printf(&text, ",{\"name\":\"f%d\",\"type\":\"e\"}", i);
    pln__text_str(&text, "]}");
    const char *got = mapped(text.data);
    ck_assert_msg(strstr(got, "PLN_ELIMIT") == got, "%s", got);
    pln__text_free(&text);
}
END_TEST

START_TEST(a_name_used_again_is_copied_not_exploded) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"type\":\"record\",\"name\":\"r0\",\"fields\":[");
    for (int i = 1; i <= 40; i++)
        pln__text_printf(
            &text, "{\"name\":\"a%d\",\"type\":{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[",
            i, i);
    pln__text_str(&text, "{\"name\":\"x\",\"type\":\"int\"}");
    for (int i = 40; i >= 1; i--)
        pln__text_printf(&text, "]}},{\"name\":\"b%d\",\"type\":\"r%d\"}", i, i);
    pln__text_str(&text, "]}");
    const char *got = mapped(text.data);
    ck_assert_msg(strstr(got, "PLN_ELIMIT") == got, "%s", got);
    pln__text_free(&text);
}
END_TEST

Suite *suite_schema_avro_arrow(void);
Suite *suite_schema_avro_arrow(void) {
    Suite *suite = suite_create("schema/avro_arrow");
    TCase *tc = tcase_create("avro");
    tcase_add_loop_test(tc, types_map, 0, PLN__COUNT(cases));
    tcase_add_loop_test(tc, errors_name_the_place, 0, PLN__COUNT(refused));
    tcase_add_test(tc, enums_have_their_symbols);
    tcase_add_test(tc, a_large_enum_used_often_is_refused);
    tcase_add_test(tc, a_name_used_again_is_copied_not_exploded);
    suite_add_tcase(suite, tc);
    return suite;
}
