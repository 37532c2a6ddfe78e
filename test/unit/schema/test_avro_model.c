#include "avro_help.h"
#include "fail_alloc.h"

static pln_error err;

static const char *refused(const char *text) {
    pln__avro_schema *schema = NULL;
    memset(&err, 0, sizeof err);
    pln_status status = pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err);
    ck_assert_msg(status < 0, "taken: %s", text);
    ck_assert_ptr_null(schema);
    ck_assert_int_eq(status, err.status);
    return err.message;
}

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"

static const struct {
    const char *text, *message;
    pln_status status;
} faults[] = {
    {"", "JSON line 1, column 1: the text ends too early", PLN_ESYNTAX},
    {"\n {\"type\" \"int\"}", "JSON line 2, column 10: a colon", PLN_ESYNTAX},
    {"{\"type\":\"int\",\"type\":\"int\"}", "has a key twice: 'type'", PLN_ESYNTAX},
    {"\"int\" x", "something follows", PLN_ESYNTAX},
    {"[\"int\",]", "no JSON value", PLN_ESYNTAX},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":01}", "no number of JSON", PLN_ESYNTAX},
    {"\"\\ud800\"", "no character", PLN_ESYNTAX},
    {"\"a\x01\"", "control character", PLN_ESYNTAX},
    {"\"\xff\"", "not UTF-8", PLN_ESYNTAX},
    {"7", "$: a type is neither a name, an object nor a union", PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":[\"null\",{\"type\":\"map\",\"values\":\"No\"}]}"),
     "$.fields[0].type[1].values, a: there is no type 'No'", PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":\"array\",\"items\":\"int\"}"),
     "$.fields[0].type, a: there is no type 'array': it takes an object", PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":\"int\",\"order\":\"up\"}"),
     "$.fields[0].order, a: the order 'up' is none of", PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":\"b\"}"), "is no list of names",
     PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}"),
     "$.fields[1], a: the record has two fields 'a'", PLN_ESYNTAX},
    {"{\"type\":\"record\",\"name\":\"int\",\"fields\":[]}", "as a primitive is", PLN_ESYNTAX},
    {"{\"type\":\"record\",\"name\":\"a..b\",\"fields\":[]}", "$.name: 'a..b' is no \"name\"",
     PLN_ESYNTAX},
    {"{\"type\":\"record\",\"name\":\"R\\u0000x\",\"fields\":[]}", "is no \"name\"", PLN_ESYNTAX},
    {"{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a-b\",\"fields\":[]}",
     "$.namespace: 'a-b' is no namespace", PLN_ESYNTAX},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":6000000000}", "from 0 to 1048576", PLN_ELIMIT},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":99999999999999999999}", "from 0 to 1048576",
     PLN_ELIMIT},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "from 0 to 1048576", PLN_ESYNTAX},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":1.0}", "no whole number", PLN_ESYNTAX},
    {"[{\"type\":[\"int\"]}]", "$[0]: a union stands directly inside a union", PLN_ESYNTAX},
    {"[\"int\",{\"type\":\"int\",\"logicalType\":\"date\"}]", "branch int twice", PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":\"R\",\"default\":{}}"), "holds itself without end",
     PLN_ELIMIT},
    {RECORD("{\"name\":\"a\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"), "does not fit bytes",
     PLN_ESYNTAX},
    {RECORD("{\"name\":\"a\",\"type\":[\"null\",\"int\"],\"default\":\"x\"}"),
     "$.fields[0].default: the default \"x\" does not fit union of null, int", PLN_ESYNTAX},
};

START_TEST(faults_are_named) {
    const char *message = refused(faults[_i].text);
    ck_assert_msg(strstr(message, faults[_i].message) != NULL, "%s: %s", faults[_i].text, message);
    ck_assert_msg(err.status == faults[_i].status, "%s: %s", faults[_i].text, message);
}
END_TEST

/* ---- names ---- */

static const pln__avro_type *field_type(const pln__avro_schema *schema, int32_t index) {
    return pln__avro_root(schema)->fields[index].type;
}

START_TEST(names_find_their_namespace) {
    pln__avro_schema *schema = parse_avro(
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a.b\",\"aliases\":[\"Old\",\"x.Old\"],"
        "\"fields\":["
        "{\"name\":\"one\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}},"
        "{\"name\":\"two\",\"type\":{\"type\":\"enum\",\"name\":\"c.E\",\"namespace\":\"no\","
        "\"symbols\":[\"A\"]}},"
        "{\"name\":\"three\",\"type\":{\"type\":\"fixed\",\"name\":\"G\",\"namespace\":\"\","
        "\"size\":2}},"
        "{\"name\":\"four\",\"type\":\"G\"},{\"name\":\"five\",\"type\":\"c.E\"},"
        "{\"name\":\"six\",\"type\":{\"type\":\"F\"}},{\"name\":\"seven\",\"type\":[\"null\",\"a.b."
        "R\"]}]}");
    const pln__avro_type *root = pln__avro_root(schema);
    ck_assert_str_eq(root->full_name, "a.b.R");
    ck_assert_str_eq(root->aliases[0], "a.b.Old");
    ck_assert_str_eq(root->aliases[1], "x.Old");
    ck_assert_str_eq(field_type(schema, 0)->full_name, "a.b.F");
    ck_assert_str_eq(field_type(schema, 1)->full_name, "c.E");
    ck_assert_str_eq(field_type(schema, 1)->space, "c");
    ck_assert_str_eq(field_type(schema, 2)->full_name, "G");
    ck_assert_ptr_eq(field_type(schema, 3), field_type(schema, 2));
    ck_assert_ptr_eq(field_type(schema, 4), field_type(schema, 1));
    ck_assert_ptr_eq(field_type(schema, 5), field_type(schema, 0));
    ck_assert_ptr_eq(field_type(schema, 6)->branches[1], root);
    char *text = text_avro(schema, PLN__AVRO_TEXT_FULL);
    ck_assert_str_eq(
        text,
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a.b\",\"aliases\":[\"Old\",\"x.Old\"],"
        "\"fields\":[{\"name\":\"one\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}},"
        "{\"name\":\"two\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"c\","
        "\"symbols\":[\"A\"]}},"
        "{\"name\":\"three\",\"type\":{\"type\":\"fixed\",\"name\":\"G\",\"namespace\":\"\","
        "\"size\":2}},"
        "{\"name\":\"four\",\"type\":\"G\"},{\"name\":\"five\",\"type\":\"c.E\"},"
        "{\"name\":\"six\",\"type\":\"F\"},{\"name\":\"seven\",\"type\":[\"null\",\"R\"]}]}");
    free_text(text);
    pln__avro_schema_unref(schema);
}
END_TEST

/* ---- what is kept ---- */

START_TEST(nothing_is_lost) {
    const char *given =
        "{\"type\":\"record\",\"name\":\"R\",\"doc\":\"d \\u0000 \\u00e9\",\"fields\":["
        "{\"name\":\"a\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,"
        "\"scale\":2},\"default\":\"\\u00ff\",\"order\":\"descending\",\"mine\":{\"x\":[1,2.50,"
        "1e400]}},"
        "{\"name\":\"b\",\"type\":\"double\",\"default\":18446744073709551616},"
        "{\"name\":\"c\",\"type\":\"double\",\"default\":0.1},"
        "{\"name\":\"d\",\"type\":[\"null\",\"int\"],\"default\":null}],\"owner\":\"us\"}";
    pln__avro_schema *schema = parse_avro(given);
    char *text = text_avro(schema, PLN__AVRO_TEXT_FULL);
    ck_assert_str_eq(
        text,
        "{\"type\":\"record\",\"name\":\"R\",\"doc\":\"d \\u0000 \xC3\xA9\",\"fields\":["
        "{\"name\":\"a\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,"
        "\"scale\":2},\"default\":\"\xC3\xBF\",\"order\":\"descending\",\"mine\":{\"x\":[1,2.50,"
        "1e400]}},"
        "{\"name\":\"b\",\"type\":\"double\",\"default\":18446744073709551616},"
        "{\"name\":\"c\",\"type\":\"double\",\"default\":0.1},"
        "{\"name\":\"d\",\"type\":[\"null\",\"int\"],\"default\":null}],\"owner\":\"us\"}");
    const pln__avro_type *root = pln__avro_root(schema);
    ck_assert_ptr_nonnull(root->fields[3].fallback);
    ck_assert_int_eq(root->fields[0].order, -1);
    ck_assert_int_eq(root->fields[0].type->logical, PLN__AVRO_DECIMAL);
    free_text(text);
    pln__avro_schema_unref(schema);
}
END_TEST

START_TEST(pretty_is_for_people) {
    pln__avro_schema *schema = parse_avro(RECORD(
        "{\"name\":\"a\",\"type\":[\"null\",\"int\"],\"default\":null},"
        "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]},"
        "\"o\":{},\"p\":{\"x\":[]}}"));
    char *text = text_avro(schema, PLN__AVRO_TEXT_PRETTY);
    ck_assert_str_eq(text,
                     "{\n  \"type\": \"record\",\n  \"name\": \"R\",\n  \"fields\": [\n    {\n"
                     "      \"name\": \"a\",\n      \"type\": [\"null\", \"int\"],\n"
                     "      \"default\": null\n    },\n    {\n      \"name\": \"e\",\n"
                     "      \"type\": {\n        \"type\": \"enum\",\n        \"name\": \"E\",\n"
                     "        \"symbols\": [\"A\", \"B\"]\n      },\n      \"o\": {},\n"
                     "      \"p\": {\n        \"x\": []\n      }\n    }\n  ]\n}");
    free_text(text);
    pln__avro_schema_unref(schema);
}
END_TEST

static const struct {
    const char *text;
    int32_t logical, precision, scale;
} logicals[] = {
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}",
     PLN__AVRO_DECIMAL, 9, 2},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9}", PLN__AVRO_DECIMAL, 9, 0},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2,\"scale\":3}", 0, 0, 0},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":-5,\"scale\":99}", 0, 0, 0},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\"}", 0, 0, 0},
    {"{\"type\":\"string\",\"logicalType\":\"decimal\",\"precision\":9}", 0, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4,\"logicalType\":\"decimal\",\"precision\":9}",
     PLN__AVRO_DECIMAL, 9, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":4,\"logicalType\":\"decimal\",\"precision\":10}",
     0, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"decimal\",\"precision\":38}",
     PLN__AVRO_DECIMAL, 38, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"decimal\",\"precision\":39}",
     0, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":0,\"logicalType\":\"decimal\",\"precision\":1}",
     0, 0, 0},
    {"{\"type\":\"string\",\"logicalType\":\"uuid\"}", PLN__AVRO_UUID, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}", PLN__AVRO_UUID, 0,
     0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":15,\"logicalType\":\"uuid\"}", 0, 0, 0},
    {"{\"type\":\"int\",\"logicalType\":\"date\"}", PLN__AVRO_DATE, 0, 0},
    {"{\"type\":\"long\",\"logicalType\":\"date\"}", 0, 0, 0},
    {"{\"type\":\"int\",\"logicalType\":\"time-millis\"}", PLN__AVRO_TIME_MILLIS, 0, 0},
    {"{\"type\":\"long\",\"logicalType\":\"time-micros\"}", PLN__AVRO_TIME_MICROS, 0, 0},
    {"{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", PLN__AVRO_TIMESTAMP_NANOS, 0, 0},
    {"{\"type\":\"int\",\"logicalType\":\"timestamp-millis\"}", 0, 0, 0},
    {"{\"type\":\"long\",\"logicalType\":\"local-timestamp-micros\"}",
     PLN__AVRO_LOCAL_TIMESTAMP_MICROS, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":12,\"logicalType\":\"duration\"}",
     PLN__AVRO_DURATION, 0, 0},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":13,\"logicalType\":\"duration\"}", 0, 0, 0},
    {"{\"type\":\"bytes\",\"logicalType\":\"big-decimal\"}", PLN__AVRO_BIG_DECIMAL, 0, 0},
    {"{\"type\":\"int\",\"logicalType\":7}", 0, 0, 0},
};

START_TEST(logical_types_fit_or_are_ignored) {
    pln__avro_schema *schema = parse_avro(logicals[_i].text);
    const pln__avro_type *root = pln__avro_root(schema);
    ck_assert_int_eq(root->logical, logicals[_i].logical);
    ck_assert_int_eq(root->precision, logicals[_i].precision);
    ck_assert_int_eq(root->scale, logicals[_i].scale);
    pln__avro_schema_unref(schema);
}
END_TEST

/* ---- defaults in binary ---- */

#define POINT                                                                                      \
    "{\"type\":\"record\",\"name\":\"P\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},{\"name\":" \
    "\"y\",\"type\":\"int\",\"default\":-1}]}"

static const struct {
    const char *type, *value, *bytes;
} defaults[] = {
    {"\"null\"", "null", ""},
    {"\"boolean\"", "true", "01"},
    {"\"int\"", "-64", "7f"},
    {"\"int\"", "-2147483648", "ffffffff0f"},
    {"\"long\"", "9223372036854775807", "feffffffffffffffff01"},
    {"\"float\"", "1.5", "0000c03f"},
    {"\"float\"", "16777217", "0000804b"},
    {"\"double\"", "-0.5", "000000000000e0bf"},
    {"\"double\"", "18446744073709551616", "000000000000f043"},
    {"\"double\"", "1e999", "000000000000f07f"},
    {"\"bytes\"", "\"\\u00ff\\u0000A\"", "06ff0041"},
    {"\"string\"", "\"\\u00e9\\ud83d\\ude00\"", "0cc3a9f09f9880"},
    {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"\\u0080a\"", "8061"},
    {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}", "\"B\"", "02"},
    {"{\"type\":\"array\",\"items\":\"int\"}", "[1,2]", "04020400"},
    {"{\"type\":\"array\",\"items\":\"int\"}", "[]", "00"},
    {"{\"type\":\"map\",\"values\":\"boolean\"}", "{\"k\":false}", "02026b0000"},
    {"[\"null\",\"string\"]", "null", "00"},
    {"[\"null\",\"string\"]", "\"a\"", "020261"},
    {"[\"int\",\"long\"]", "2147483648", "028080808010"},
    {POINT, "{\"x\":3}", "0601"},
    {POINT, "{\"y\":0,\"x\":3}", "0600"},
    {"[\"null\"," POINT "]", "{\"x\":1}", "020201"},
};

START_TEST(defaults_have_their_bytes) {
    char text[600], hex[64] = "";
    pln__buffer out = {0};
    const pln_allocator *mem = pln__system_allocator();
    snprintf(text, sizeof text, RECORD("{\"name\":\"a\",\"type\":%s,\"default\":%s}"),
             defaults[_i].type, defaults[_i].value);
    pln__avro_schema *schema = parse_avro(text);
    const pln__avro_field *field = &pln__avro_root(schema)->fields[0];
    ck_assert_int_eq(pln__avro_default_binary(mem, field->type, field->fallback, &out, &err),
                     PLN_OK);
    for (int64_t i = 0; i < out.size; i++)
        snprintf(hex + 2 * i, 3, "%02x", out.data[i]);
    ck_assert_str_eq(hex, defaults[_i].bytes);
    pln__buffer_free(mem, &out);
    pln__avro_schema_unref(schema);
}
END_TEST

/* ---- known types ---- */

START_TEST(types_of_known_schemas_are_copied) {
    pln__avro_schema *part = parse_avro("{\"type\":\"record\",\"name\":\"a.Node\",\"fields\":[{"
                                        "\"name\":\"kind\",\"type\":{\"type\":\"enum\","
                                        "\"name\":\"Kind\",\"symbols\":[\"X\"]}},{\"name\":"
                                        "\"next\",\"type\":[\"null\",\"Node\"]}]}");
    pln__avro_schema *whole = NULL;
    const pln__avro_schema *known[] = {part};
    pln__avro_parse_options options = {.known = known, .n_known = 1};
    ck_assert_int_eq(
        pln__avro_parse(
            pln__system_allocator(),
            "{\"type\":\"record\",\"name\":\"a.W\",\"fields\":[{\"name\":\"n\",\"type\":\"Node\"},"
            "{\"name\":\"k\",\"type\":\"a.Kind\"}]}",
            -1, &options, &whole, &err),
        PLN_OK);
    pln__avro_schema_unref(part);
    char *text = text_avro(whole, PLN__AVRO_TEXT_FULL);
    ck_assert_str_eq(
        text,
        "{\"type\":\"record\",\"name\":\"W\",\"namespace\":\"a\",\"fields\":[{\"name\":\"n\","
        "\"type\":{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"kind\",\"type\":"
        "{\"type\":\"enum\",\"name\":\"Kind\",\"symbols\":[\"X\"]}},{\"name\":\"next\",\"type\":"
        "[\"null\",\"Node\"]}]}},{\"name\":\"k\",\"type\":\"Kind\"}]}");
    for (int32_t i = 0; i < 2; i++)
        ck_assert_int_lt(field_type(whole, i)->index, pln__avro_n_types(whole));
    free_text(text);
    pln__avro_schema_unref(whole);
}
END_TEST

/* Two known schemas must mean the same by a name that both bring along. */
START_TEST(known_schemas_must_agree) {
    static const char *const as[] = {"int", "int", "long"};
    pln__avro_schema *parts[3];
    char text[200];
    for (int i = 0; i < 3; i++) {
        snprintf(
            text, sizeof text,
            "{\"type\":\"record\",\"name\":\"P%d\",\"fields\":[{\"name\":\"x\",\"type\":{\"type\":"
            "\"record\",\"name\":\"X\",\"fields\":[{\"name\":\"v\",\"type\":\"%s\"}]}}]}",
            i, as[i]);
        parts[i] = parse_avro(text);
    }
    for (int other = 1; other < 3; other++) {
        const pln__avro_schema *known[] = {parts[0], parts[other]};
        pln__avro_parse_options options = {.known = known, .n_known = 2};
        pln__avro_schema *whole = NULL;
        snprintf(text, sizeof text, "[\"P0\",\"P%d\"]", other);
        pln_status status =
            pln__avro_parse(pln__system_allocator(), text, -1, &options, &whole, &err);
        ck_assert_int_eq(status, other == 1 ? PLN_OK : PLN_ESYNTAX);
        if (status < 0)
            ck_assert_ptr_nonnull(strstr(err.message, "the type X is not what"));
        pln__avro_schema_unref(whole);
    }
    for (int i = 0; i < 3; i++)
        pln__avro_schema_unref(parts[i]);
}
END_TEST

/* A chain of references, each to the schema before, nests no deeper than a text may. */
START_TEST(references_do_not_nest_without_end) {
    char text[200];
    pln_status status = PLN_OK;
    int made = 1;
    pln__avro_schema *last = parse_avro("{\"type\":\"record\",\"name\":\"R0\",\"fields\":[]}");
    for (; made < 100 && status >= 0; made++) {
        const pln__avro_schema *known[] = {last};
        pln__avro_parse_options options = {.known = known, .n_known = 1};
        pln__avro_schema *next = NULL;
        snprintf(
            text, sizeof text,
            "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"f\",\"type\":\"R%d\"}]}",
            made, made - 1);
        status = pln__avro_parse(pln__system_allocator(), text, -1, &options, &next, &err);
        pln__avro_schema_unref(last);
        last = next;
    }
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_int_eq(made, 65);
}
END_TEST

/* ---- hostile ---- */

START_TEST(deep_nesting_is_refused) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    for (int i = 0; i < 100000; i++)
        pln__text_char(&text, '[');
    ck_assert_ptr_nonnull(strstr(refused(text.data), "nested too deeply"));
    text.size = 0;
    for (int i = 0; i < 64; i++)
        pln__text_str(&text, "{\"type\":\"array\",\"items\":");
    pln__text_str(&text, "\"int\"");
    for (int i = 0; i < 64; i++)
        pln__text_char(&text, '}');
    ck_assert_ptr_nonnull(strstr(refused(text.data), "more than 64 deep"));
    ck_assert_int_eq(err.status, PLN_ELIMIT);
    pln__text_free(&text);
}
END_TEST

/* Each record holds the one before twice, and defaults to it: the value would be as long as 2^40. */
START_TEST(a_default_that_grows_is_refused) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "[{\"type\":\"record\",\"name\":\"R0\",\"fields\":[{\"name\":\"x\","
                         "\"type\":\"int\",\"default\":1}]}");
    for (int i = 1; i < 40; i++)
        pln__text_printf(&text,
                         ",{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"a\","
                         "\"type\":\"R%d\",\"default\":{}},"
                         "{\"name\":\"b\",\"type\":\"R%d\",\"default\":{}}]}",
                         i, i - 1, i - 1);
    pln__text_char(&text, ']');
    ck_assert_ptr_nonnull(strstr(refused(text.data), "too much work"));
    ck_assert_int_eq(err.status, PLN_ELIMIT);
    pln__text_free(&text);
}
END_TEST

START_TEST(a_long_namespace_is_not_multiplied) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"");
    for (int i = 0; i < 1000; i++)
        pln__text_char(&text, 'n');
    pln__text_str(&text, "\",\"fields\":[],\"aliases\":[\"a\"");
    for (int i = 0; i < 200000; i++)
        pln__text_str(&text, ",\"a\"");
    pln__text_str(&text, "]}");
    ck_assert_ptr_nonnull(strstr(refused(text.data), "1024 bytes"));
    ck_assert_int_eq(err.status, PLN_ELIMIT);
    pln__text_free(&text);
}
END_TEST

/* ---- no memory ---- */

static void everything(const pln_allocator *mem) {
    static const char text[] =
        "{\"type\":\"record\",\"name\":\"n.R\",\"aliases\":[\"Q\"],\"fields\":["
        "{\"name\":\"a\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\","
        "\"B\"]}]},"
        "{\"name\":\"b\",\"type\":{\"type\":\"map\",\"values\":" POINT
        "},\"default\":{\"k\":{\"x\":1}}},"
        "{\"name\":\"c\",\"type\":\"n.E\",\"default\":\"A\"},"
        "{\"name\":\"d\",\"type\":[\"int\",\"string\"],\"default\":\"s\"}]}";
    pln__avro_schema *schema = NULL, *user = NULL, *back = NULL;
    const pln__avro_schema *known[1];
    pln__avro_parse_options options = {.known = known, .n_known = 1};
    struct ArrowSchema columns = {0};
    pln__text out;
    uint64_t crc;
    pln__text_init(&out, mem);
    pln_status status = pln__avro_parse(mem, text, -1, NULL, &schema, &err);
    known[0] = schema;
    if (status >= 0)
        status = pln__avro_parse(mem, "{\"type\":\"array\",\"items\":\"n.R\"}", -1, &options, &user,
                                 &err);
    if (status >= 0)
        pln__avro_text(user, PLN__AVRO_TEXT_PRETTY, &out);
    if (status >= 0)
        status = pln__avro_rabin(user, &crc, &err);
    if (status >= 0)
        status = pln__avro_to_arrow(mem, schema, &columns, &err);
    if (status >= 0)
        status = pln__avro_from_arrow(mem, &columns, "n.R", &back, &err);
    ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "%s", err.message);
    pln__schema_release(&columns);
    pln__text_free(&out);
    pln__avro_schema_unref(back);
    pln__avro_schema_unref(user);
    pln__avro_schema_unref(schema);
}

START_TEST(no_memory_at_any_allocation) {
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        everything(fail_alloc_init(&f, n));
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (!f.failed)
            break;
        ck_assert_int_lt(n, 2000);
    }
}
END_TEST

Suite *suite_schema_avro_model(void);
Suite *suite_schema_avro_model(void) {
    Suite *suite = suite_create("schema/avro_model");
    TCase *tc = tcase_create("model");
    tcase_add_loop_test(tc, faults_are_named, 0, PLN__COUNT(faults));
    tcase_add_test(tc, names_find_their_namespace);
    tcase_add_test(tc, nothing_is_lost);
    tcase_add_test(tc, pretty_is_for_people);
    tcase_add_loop_test(tc, logical_types_fit_or_are_ignored, 0, PLN__COUNT(logicals));
    tcase_add_loop_test(tc, defaults_have_their_bytes, 0, PLN__COUNT(defaults));
    tcase_add_test(tc, types_of_known_schemas_are_copied);
    tcase_add_test(tc, known_schemas_must_agree);
    tcase_add_test(tc, references_do_not_nest_without_end);
    tcase_add_test(tc, deep_nesting_is_refused);
    tcase_add_test(tc, a_default_that_grows_is_refused);
    tcase_add_test(tc, a_long_namespace_is_not_multiplied);
    tcase_add_test(tc, no_memory_at_any_allocation);
    suite_add_tcase(suite, tc);
    return suite;
}
