#include "avro_help.h"
#include "fail_alloc.h"
#include "skip.h"
#include <pln/pln.h>

static pln_error err;
static pln_runtime *rt;

static void setup(void) {
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    memset(&err, 0, sizeof err);
}

static void teardown(void) {
    pln_runtime_free(rt);
}

static pln_avro_schema *parse(const char *text) {
    pln_avro_schema *schema = NULL;
    pln_status status = pln_avro_schema_parse(rt, text, -1, NULL, &schema, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", text, err.message);
    return schema;
}

static void check_text(const pln_avro_schema *schema, int32_t form, const char *expected) {
    char *text;
    ck_assert_int_eq(pln_avro_schema_text(rt, schema, form, &text, &err), PLN_OK);
    ck_assert_str_eq(text, expected);
    pln_text_free(rt, text);
}

/* ---- builder ---- */

static pln_avro_builder *order(pln_runtime *runtime) {
    static const char *const states[] = {"NEW", "PAID"};
    pln_avro_builder *b = pln_avro_builder_new(runtime);
    pln_avro_builder_record(b, "com.example.Order");
    pln_avro_builder_attribute(b, "doc", "\"One order.\"");
    pln_avro_builder_attribute(b, "aliases", "[\"Purchase\"]");
    pln_avro_builder_field(b, "id");
    pln_avro_builder_type(b, "long");
    pln_avro_builder_field(b, "amount");
    pln_avro_builder_logical(b, "bytes", "decimal", 12, 2);
    pln_avro_builder_attribute(b, "order", "\"ignore\"");
    pln_avro_builder_field(b, "state");
    pln_avro_builder_enum(b, "State", states, 2);
    pln_avro_builder_attribute(b, "default", "\"NEW\"");
    pln_avro_builder_end(b);
    pln_avro_builder_attribute(b, "default", "\"PAID\"");
    pln_avro_builder_field(b, "note");
    pln_avro_builder_union(b);
    pln_avro_builder_type(b, "null");
    pln_avro_builder_type(b, "string");
    pln_avro_builder_end(b);
    pln_avro_builder_attribute(b, "default", " null ");
    pln_avro_builder_field(b, "keys");
    pln_avro_builder_map(b);
    pln_avro_builder_array(b);
    pln_avro_builder_fixed(b, "Key", 16);
    pln_avro_builder_attribute(b, "logicalType", "\"uuid\"");
    pln_avro_builder_end(b);
    pln_avro_builder_end(b);
    pln_avro_builder_end(b);
    pln_avro_builder_field(b, "next");
    pln_avro_builder_json(b, "[\"null\", \"Order\"]");
    pln_avro_builder_end(b);
    return b;
}

START_TEST(a_schema_is_built) {
    pln_avro_schema *schema;
    ck_assert_int_eq(pln_avro_builder_finish(order(rt), &schema, &err), PLN_OK);
    check_text(schema, PLN_AVRO_FULL,
               "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"com.example\",\"doc\":"
               "\"One order.\","
               "\"aliases\":[\"Purchase\"],\"fields\":[{\"name\":\"id\",\"type\":\"long\"},{"
               "\"name\":\"amount\","
               "\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":12,"
               "\"scale\":2},\"order\":"
               "\"ignore\"},{\"name\":\"state\",\"type\":{\"type\":\"enum\",\"name\":\"State\","
               "\"symbols\":[\"NEW\","
               "\"PAID\"],\"default\":\"NEW\"},\"default\":\"PAID\"},{\"name\":\"note\",\"type\":["
               "\"null\","
               "\"string\"],\"default\":null},{\"name\":\"keys\",\"type\":{\"type\":\"map\","
               "\"values\":{\"type\":"
               "\"array\",\"items\":{\"type\":\"fixed\",\"name\":\"Key\",\"size\":16,"
               "\"logicalType\":\"uuid\"}}}},"
               "{\"name\":\"next\",\"type\":[\"null\",\"Order\"]}]}");
    pln_avro_schema_free(schema);
}
END_TEST

static void calls_0(pln_avro_builder *b) {
    pln_avro_builder_field(b, "x");
}
static void calls_1(pln_avro_builder *b) {
    pln_avro_builder_type(b, "int");
    pln_avro_builder_type(b, "int");
}
static void calls_2(pln_avro_builder *b) {
    pln_avro_builder_record(b, "R");
    pln_avro_builder_field(b, "x");
    pln_avro_builder_field(b, "y");
}
static void calls_3(pln_avro_builder *b) {
    pln_avro_builder_array(b);
    pln_avro_builder_end(b);
}
static void calls_4(pln_avro_builder *b) {
    pln_avro_builder_record(b, "R");
}
static void calls_5(pln_avro_builder *b) {
    pln_avro_builder_record(b, "R");
    pln_avro_builder_field(b, "x");
    pln_avro_builder_type(b, "int");
    pln_avro_builder_attribute(b, "default", "1, \"type\": \"string\"");
    pln_avro_builder_end(b);
}
static void calls_6(pln_avro_builder *b) {
    for (int i = 0; i < 1000; i++)
        pln_avro_builder_array(b);
}
static void calls_7(pln_avro_builder *b) {
    pln_avro_builder_enum(b, "9", NULL, 0);
    pln_avro_builder_end(b);
}
static void calls_8(pln_avro_builder *b) {
    pln_avro_builder_end(b);
}
static void calls_9(pln_avro_builder *b) {
    (void)b;
}

static const struct {
    void (*calls)(pln_avro_builder *b);
    pln_status status;
    const char *message;
} wrong[] = {
    {calls_0, PLN_ESTATE, "a field is not expected, while nothing is open"},
    {calls_1, PLN_ESTATE, "a type is not expected"},
    {calls_2, PLN_ESTATE, "the field has no type"},
    {calls_3, PLN_ESTATE, "there is nothing to end, while an array is open"},
    {calls_4, PLN_ESTATE, "the schema ends, while a record is open"},
    {calls_5, PLN_ESYNTAX, "something follows the end of the value"},
    {calls_6, PLN_ELIMIT, "nested too deeply"},
    {calls_7, PLN_ESYNTAX, "$.name: '9' is no \"name\""},
    {calls_8, PLN_ESTATE, "there is nothing to end"},
    {calls_9, PLN_ESTATE, "the schema has no type"},
};

START_TEST(the_first_mistake_is_told) {
    pln_avro_schema *schema = NULL;
    pln_avro_builder *b = pln_avro_builder_new(rt);
    wrong[_i].calls(b);
    ck_assert_int_eq(pln_avro_builder_finish(b, &schema, &err), wrong[_i].status);
    ck_assert_msg(strstr(err.message, wrong[_i].message) != NULL, "%s", err.message);
    ck_assert_ptr_null(schema);
    b = pln_avro_builder_new(rt);
    wrong[_i].calls(b);
    ck_assert_int_eq(pln_avro_builder_finish(b, NULL, NULL), PLN_OK);
}
END_TEST

/* ---- reading ---- */

START_TEST(types_and_fields_are_read) {
    pln_avro_schema *schema;
    pln_avro_type_info type = {.struct_size = sizeof type};
    pln_avro_field_info field = {.struct_size = sizeof field};
    char *text;
    ck_assert_int_eq(pln_avro_builder_finish(order(rt), &schema, &err), PLN_OK);
    const pln_avro_type *root = pln_avro_schema_root(schema);
    pln_avro_type_info_get(root, &type);
    ck_assert_int_eq(type.kind, PLN_AVRO_RECORD);
    ck_assert_str_eq(type.kind_name, "record");
    ck_assert_str_eq(type.full_name, "com.example.Order");
    ck_assert_str_eq(type.doc, "One order.");
    ck_assert_str_eq(type.aliases[0], "com.example.Purchase");
    ck_assert_int_eq(type.n_children, 6);
    ck_assert_ptr_null(type.logical_type);
    ck_assert_int_eq(pln_avro_type_field(root, 1, &field), PLN_OK);
    ck_assert_str_eq(field.name, "amount");
    ck_assert_int_eq(field.order, 0);
    ck_assert_int_eq(field.has_default, 0);
    pln_avro_type_info_get(field.type, &type);
    ck_assert_str_eq(type.logical_type, "decimal");
    ck_assert_int_eq(type.precision, 12);
    pln_avro_type_info_get(pln_avro_schema_find(schema, "com.example.State"), &type);
    ck_assert_str_eq(type.symbols[1], "PAID");
    ck_assert_int_eq(type.default_symbol, 0);
    ck_assert_ptr_null(pln_avro_schema_find(schema, "State"));
    ck_assert_int_eq(pln_avro_type_property(rt, root, 3, "default", &text, &err), PLN_OK);
    ck_assert_str_eq(text, "null");
    pln_text_free(rt, text);
    ck_assert_int_eq(pln_avro_type_property(rt, root, -1, "default", &text, &err), PLN_OK);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(pln_avro_type_property(rt, root, 6, "default", &text, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_avro_type_field(root, 6, &field), PLN_EINVAL);
    const pln_avro_type *keys = pln_avro_type_child(root, 4);
    ck_assert_ptr_nonnull(pln_avro_type_child(pln_avro_type_child(keys, 0), 0));
    ck_assert_ptr_null(pln_avro_type_child(keys, 1));
    ck_assert_ptr_eq(pln_avro_type_child(pln_avro_type_child(root, 5), 1), root);
    pln_avro_schema_free(schema);
}
END_TEST

/* Of the canonical form "int", by Apache's test data, md5sum and sha256sum. */
START_TEST(fingerprints_are_the_published_ones) {
    static const char *const expected[] = {
        "8f5c393f1ad57572", "ef524ea1b91e73173d938ade36c1db32",
        "3f2b87a9fe7cc9b13835598c3981cd45e3e355309e5090aa0933d7becb6fba45"};
    static const int sizes[] = {8, 16, 32};
    pln_avro_schema *schema = parse("{\"type\": \"int\", \"logicalType\": \"date\"}");
    uint8_t bytes[PLN_AVRO_FINGERPRINT_MAX];
    char hex[2 * PLN_AVRO_FINGERPRINT_MAX + 1];
    for (int32_t kind = PLN_AVRO_RABIN; kind <= PLN_AVRO_SHA256; kind++) {
        ck_assert_int_eq(pln_avro_schema_fingerprint(schema, kind, bytes, &err), PLN_OK);
        for (int i = 0; i < sizes[kind]; i++)
            snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
        ck_assert_str_eq(hex, expected[kind]);
    }
    ck_assert_int_eq(pln_avro_schema_fingerprint(schema, 3, bytes, &err), PLN_EINVAL);
    pln_avro_schema_free(schema);
}
END_TEST

START_TEST(options_are_read) {
    pln_avro_parse_options options = {.struct_size = sizeof options, .flags = PLN_AVRO_LAX_NAMES};
    pln_avro_schema *schema;
    static const char odd[] =
        "{\"type\":\"enum\",\"name\":\"my-type\",\"symbols\":[\"a b\",\"1\"]}";
    static const char misfit[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":"
        "\"int\",\"default\":\"x\"}]}";
    ck_assert_int_eq(pln_avro_schema_parse(rt, odd, -1, NULL, &schema, &err), PLN_ESYNTAX);
    ck_assert_int_eq(pln_avro_schema_parse(rt, odd, -1, &options, &schema, &err), PLN_OK);
    check_text(schema, PLN_AVRO_CANONICAL,
               "{\"name\":\"my-type\",\"type\":\"enum\",\"symbols\":[\"a b\",\"1\"]}");
    pln_avro_schema_free(schema);
    ck_assert_int_eq(pln_avro_schema_parse(rt, misfit, -1, &options, &schema, &err), PLN_ESYNTAX);
    options.flags = PLN_AVRO_LAX_DEFAULTS;
    ck_assert_int_eq(pln_avro_schema_parse(rt, misfit, -1, &options, &schema, &err), PLN_OK);
    pln_avro_schema_free(schema);
    options.flags = 64;
    ck_assert_int_eq(pln_avro_schema_parse(rt, odd, -1, &options, &schema, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_avro_schema_parse(rt, "\"int\" garbage", 5, NULL, &schema, &err), PLN_OK);
    pln_avro_schema *other = pln_avro_schema_ref(schema);
    pln_avro_schema_free(schema);
    check_text(other, PLN_AVRO_FULL, "\"int\"");
    pln_avro_schema_free(other);
}
END_TEST

START_TEST(a_schema_outlives_its_runtime) {
    pln_runtime *other;
    pln_avro_schema *schema, *same = parse("\"int\"");
    uint8_t bytes[PLN_AVRO_FINGERPRINT_MAX];
    ck_assert_int_eq(pln_runtime_new(NULL, &other, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_schema_parse(other, "{\"type\":\"int\"}", -1, NULL, &schema, &err),
                     PLN_OK);
    pln_runtime_free(other);
    ck_assert_int_eq(pln_avro_schema_fingerprint(schema, PLN_AVRO_MD5, bytes, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_schema_equal(schema, same), 1);
    pln_avro_schema_free(schema);
    pln_avro_schema_free(same);
}
END_TEST

/* ---- lint ---- */

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"a.R\",\"fields\":[" fields "]}"
#define FIELD(type) RECORD("{\"name\":\"f\",\"type\":" type "}")

/* Codes and paths, each followed by a blank, in order. */
static const struct {
    const char *text, *warnings;
} choices[] = {
    {"\"int\"", ""},
    {RECORD("{\"name\":\"f\",\"type\":\"int\",\"default\":0}"), ""},
    {RECORD("{\"name\":\"f\",\"type\":[\"null\",\"int\"],\"default\":null}"), ""},
    {"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}", "no-namespace $.name "},
    {FIELD("\"int\""), "field-without-default $.fields[0] "},
    {RECORD("{\"name\":\"f\",\"type\":[\"null\",\"int\"],\"default\":1}"),
     "union-default-not-first $.fields[0].default "},
    {"{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[\"A\"]}", "enum-without-default $ "},
    {"{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[\"A\",\"a\"],\"default\":\"A\"}",
     "names-differ-by-case $.symbols[1] "},
    {"{\"type\":\"enum\",\"name\":\"a.E\",\"symbols\":[]}", "enum-empty $.symbols "},
    {"{\"type\":\"bytes\",\"logicalType\":\"big-decimal\"}", "decimal-unbounded $.logicalType "},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":39}",
     "decimal-unbounded $.logicalType "},
    {"{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":2,\"scale\":3}",
     "logical-type-ignored $.logicalType "},
    {"{\"type\":\"string\",\"logicalType\":\"datetime\"}", "logical-type-unknown $.logicalType "},
    {RECORD("{\"name\":\"f\",\"type\":\"int\",\"logicalType\":\"date\",\"default\":0}"),
     "logical-type-on-field $.fields[0].logicalType "},
    {RECORD("{\"name\":\"f\",\"type\":\"int\",\"default\":0,\"aliases\":[\"g\",\"h\"]},"
            "{\"name\":\"g\",\"type\":\"int\",\"default\":0,\"aliases\":[\"h\"]}"),
     "alias-is-field $.fields[0].aliases[0] alias-twice $.fields[1].aliases[0] "},
    {RECORD("{\"name\":\"f\",\"type\":\"int\",\"default\":0},{\"name\":\"F\",\"type\":\"int\","
            "\"default\":0}"),
     "names-differ-by-case $.fields[1] "},
    {"{\"type\":\"record\",\"name\":\"a.R\",\"aliases\":[\"9\"],\"fields\":[]}",
     "alias-no-name $.aliases[0] "},
    {"{\"type\":\"record\",\"name\":\"a.R\",\"namespace\":\"b\",\"fields\":[]}",
     "namespace-ignored $.namespace "},
    {"[\"int\",\"long\"]", "union-ambiguous $ "},
    {"[\"null\",\"float\",\"double\"]", "union-ambiguous $ "},
    {"[\"null\",\"int\",\"string\"]", ""},
    {"[\"int\"]", "union-of-one $ "},
    {"{\"type\":\"array\",\"items\":[]}", "union-empty $.items "},
    {RECORD("{\"name\":\"f\",\"type\":\"float\",\"default\":1e39}"),
     "default-beyond-range $.fields[0].default "},
    {RECORD("{\"name\":\"f\",\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":[]},"
            "\"default\":{\"x\":1}}"),
     "default-member-unknown $.fields[0].default.x "},
    {FIELD("\"R\""), "field-without-default $.fields[0] record-endless $ "},
    {FIELD("[\"R\",\"null\"]"), "field-without-default $.fields[0] "},
    {FIELD("{\"type\":\"array\",\"items\":\"R\"}"), "field-without-default $.fields[0] "},
};

static pln_status lint_text(pln_runtime *runtime, const pln_avro_schema *schema, char *out,
                            size_t size) {
    pln_avro_lint *lint;
    pln_avro_warning w = {.struct_size = sizeof w};
    size_t used = 0;
    out[0] = '\0';
    pln_status status = pln_avro_schema_lint(runtime, schema, &lint, &err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < pln_avro_lint_count(lint); i++) {
        ck_assert_int_eq(pln_avro_lint_get(lint, i, &w), PLN_OK);
        ck_assert_uint_gt(strlen(w.message), 10);
        used += (size_t)snprintf(out + used, size - used, "%s %s ", w.code, w.path);
    }
    ck_assert_int_eq(pln_avro_lint_get(lint, pln_avro_lint_count(lint), &w), PLN_EINVAL);
    pln_avro_lint_free(lint);
    return PLN_OK;
}

START_TEST(dangerous_choices_are_told) {
    char got[400];
    pln_avro_schema *schema = parse(choices[_i].text);
    ck_assert_int_eq(lint_text(rt, schema, got, sizeof got), PLN_OK);
    ck_assert_msg(strcmp(got, choices[_i].warnings) == 0, "%s: %s", choices[_i].text, got);
    pln_avro_schema_free(schema);
}
END_TEST

START_TEST(misfit_defaults_are_told) {
    char got[200];
    pln_avro_parse_options options = {.struct_size = sizeof options,
                                      .flags = PLN_AVRO_LAX_DEFAULTS};
    pln_avro_schema *schema;
    ck_assert_int_eq(pln_avro_schema_parse(
                         rt, RECORD("{\"name\":\"f\",\"type\":\"bytes\",\"default\":\"\\u0100\"}"),
                         -1, &options, &schema, &err),
                     PLN_OK);
    ck_assert_int_eq(lint_text(rt, schema, got, sizeof got), PLN_OK);
    ck_assert_str_eq(got, "default-misfit $.fields[0].default ");
    pln_avro_schema_free(schema);
}
END_TEST

/* ---- no memory, and files as others write them ---- */

START_TEST(no_memory_at_any_allocation) {
    char got[400];
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        pln_runtime *runtime = NULL;
        pln_avro_schema *schema = NULL;
        pln_runtime_options options;
        pln_runtime_options_init(&options, sizeof options);
        options.allocator = fail_alloc_init(&f, n);
        pln_status status = pln_runtime_new(&options, &runtime, &err);
        if (status >= 0)
            status = pln_avro_builder_finish(order(runtime), &schema, &err);
        if (status >= 0)
            status = lint_text(runtime, schema, got, sizeof got);
        ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "%s", err.message);
        pln_avro_schema_free(schema);
        pln_runtime_free(runtime);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (!f.failed)
            break;
        ck_assert_int_lt(n, 5000);
    }
}
END_TEST

static const struct {
    const char *file;
    pln_status status;
} files[] = {
    {"avro/share-test/schemas/simple/schema.json", PLN_OK},
    {"avro/share-test/schemas/withUnion/schema.json", PLN_OK},
    {"avro/share-test/messageV1/test_schema.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/FooBarSpecificRecord.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/RecordWithRequiredFields.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/fooBar.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/interop.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/reserved.avsc", PLN_OK},
    {"avro/share-test/schemas_avsc/weather.avsc", PLN_OK},
    {"hostile/avro/s_alias.json", PLN_OK},
    {"hostile/avro/s_array_arr.json", PLN_OK},
    {"hostile/avro/s_array_erec.json", PLN_OK},
    {"hostile/avro/s_array_null.json", PLN_OK},
    {"hostile/avro/s_arrself.json", PLN_OK},
    {"hostile/avro/s_bytes.json", PLN_OK},
    {"hostile/avro/s_default_bad.json", PLN_ESYNTAX},
    {"hostile/avro/s_default_ok.json", PLN_OK},
    {"hostile/avro/s_empty_rec.json", PLN_OK},
    {"hostile/avro/s_enum.json", PLN_OK},
    {"hostile/avro/s_enum_bad.json", PLN_ESYNTAX},
    {"hostile/avro/s_field_dup.json", PLN_ESYNTAX},
    {"hostile/avro/s_fixed_10g.json", PLN_ELIMIT},
    {"hostile/avro/s_fixed_huge.json", PLN_ELIMIT},
    {"hostile/avro/s_fixed_neg.json", PLN_ESYNTAX},
    {"hostile/avro/s_logical_bad.json", PLN_OK},
    {"hostile/avro/s_map_int.json", PLN_OK},
    {"hostile/avro/s_name_int.json", PLN_ESYNTAX},
    {"hostile/avro/s_ns_dot.json", PLN_ESYNTAX},
    {"hostile/avro/s_nul.json", PLN_ESYNTAX},
    {"hostile/avro/s_selfrec.json", PLN_OK},
    {"hostile/avro/s_type_obj.json", PLN_OK},
    {"hostile/avro/s_union_empty.json", PLN_OK},
    {"hostile/avro/s_union_nested.json", PLN_ESYNTAX},
    {"hostile/avro/s_union_recdup.json", PLN_ESYNTAX},
    {"hostile/avro/s_union_self.json", PLN_OK},
};

START_TEST(files_are_taken_or_refused) {
    char path[512];
    int64_t size;
    pln_avro_schema *schema;
    char *text = load_file(test_data(files[_i].file, path, sizeof path), &size);
    if (text == NULL)
        TEST_SKIP(files[_i].file);
    pln_status status = pln_avro_schema_parse(rt, text, size, NULL, &schema, &err);
    ck_assert_msg(status == files[_i].status, "%s: %d %s", files[_i].file, (int)status,
                  err.message);
    pln_avro_schema_free(schema);
    free(text);
}
END_TEST

Suite *suite_schema_avro_public(void);
Suite *suite_schema_avro_public(void) {
    Suite *suite = suite_create("schema/avro_public");
    TCase *tc = tcase_create("public");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_schema_is_built);
    tcase_add_loop_test(tc, the_first_mistake_is_told, 0, PLN__COUNT(wrong));
    tcase_add_test(tc, types_and_fields_are_read);
    tcase_add_test(tc, fingerprints_are_the_published_ones);
    tcase_add_test(tc, options_are_read);
    tcase_add_test(tc, a_schema_outlives_its_runtime);
    tcase_add_loop_test(tc, dangerous_choices_are_told, 0, PLN__COUNT(choices));
    tcase_add_test(tc, misfit_defaults_are_told);
    tcase_add_test(tc, no_memory_at_any_allocation);
    tcase_add_loop_test(tc, files_are_taken_or_refused, 0, PLN__COUNT(files));
    suite_add_tcase(suite, tc);
    return suite;
}
