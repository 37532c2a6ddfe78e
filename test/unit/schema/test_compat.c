#include "schema/compat.h"
#include "fail_alloc.h"
#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static pln_error err;

static pln__avro_schema *parse(const char *text) {
    pln__avro_schema *schema = NULL;
    memset(&err, 0, sizeof err);
    pln_status status = pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", text, err.message);
    return schema;
}

static pln_compat *check(const char *reader, const char *writer,
                         const pln_compat_options *options) {
    pln__avro_schema *r = parse(reader), *w = parse(writer);
    pln_compat *answer = NULL;
    pln_status status = pln__compat_check(pln__system_allocator(), r, w, options, &answer, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    pln__avro_schema_unref(r);
    pln__avro_schema_unref(w);
    return answer;
}

static void list(const pln_compat_issue *at, int64_t n, pln__text *out) {
    for (int64_t i = 0; i < n; i++) {
        pln__text_printf(out, "%s%s %s %s", i == 0 ? "" : "; ", pln_compat_kind_name(at[i].kind),
                         at[i].path, at[i].message);
        if (at[i].n_children > 0) {
            pln__text_str(out, " {");
            list(at[i].children, at[i].n_children, out);
            pln__text_char(out, '}');
        }
    }
}

static void expect(const char *reader, const char *writer, const pln_compat_options *options,
                   const char *expected) {
    pln_compat *answer = check(reader, writer, options);
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, pln_compat_compatible(answer) ? "fits" : "");
    list(pln_compat_issue_at(answer, 0), pln_compat_count(answer), &text);
    ck_assert_str_eq(text.data, expected);
    ck_assert_int_eq(pln_compat_truncated(answer), 0);
    pln__text_free(&text);
    pln_compat_free(answer);
}

static const pln_compat_options java = {.struct_size = sizeof java, .mode = PLN_COMPAT_JAVA_PARITY};
static const pln_compat_options strict = {.struct_size = sizeof strict, .strict_logical = 1};
static const pln_compat_options nameless = {.struct_size = sizeof nameless, .ignore_names = 1};

#define R(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define F(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define E(symbols) "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]}"

START_TEST(causes_inside_unions) {
    /* Java says only that a branch is missing. */
    expect("[\"null\"," R(F("a", "\"int\"")) "]", "[\"null\"," R(F("a", "\"string\"")) "]", NULL,
           "MISSING_UNION_BRANCH /1 reader union lacking writer type: RECORD "
           "{TYPE_MISMATCH /1/fields/0/type reader type: INT not compatible with writer type: "
           "STRING}");
    expect(R(F("u", "[\"null\"," E("\"A\"") "]")), R(F("u", E("\"B\",\"A\",\"C\""))), NULL,
           "MISSING_UNION_BRANCH /fields/0/type reader union lacking writer type: ENUM "
           "{MISSING_ENUM_SYMBOLS /fields/0/type/1/symbols [B, C]}");
    expect("[\"int\",{\"type\":\"array\",\"items\":[\"null\",\"int\"]}]",
           "{\"type\":\"array\",\"items\":[\"string\",\"null\"]}", NULL,
           "MISSING_UNION_BRANCH / reader union lacking writer type: ARRAY "
           "{MISSING_UNION_BRANCH /1/items/0 reader union lacking writer type: STRING}");
    expect("[" R(F("a", "\"int\"")) ",{\"type\":\"fixed\",\"name\":\"X\",\"size\":4}]",
           "{\"type\":\"record\",\"name\":\"S\",\"fields\":[]}", NULL,
           "MISSING_UNION_BRANCH / reader union lacking writer type: RECORD "
           "{NAME_MISMATCH /0/name expected: S}");
    expect("[\"null\"," R(F("a", "\"int\"")) "]", R(F("a", "\"string\"")), &java,
           "MISSING_UNION_BRANCH / reader union lacking writer type: RECORD");
}
END_TEST

START_TEST(a_shared_type_is_told_at_every_use) {
#define POINT(x) "{\"type\":\"record\",\"name\":\"P\",\"fields\":[" F("x", x) "]}"
#define MISFIT "reader type: INT not compatible with writer type: STRING"
    const char *reader = R(F("p", POINT("\"int\"")) "," F("q", "\"P\""));
    const char *writer = R(F("p", POINT("\"string\"")) "," F("q", "\"P\""));
    expect(reader, writer, NULL,
           "TYPE_MISMATCH /fields/0/type/fields/0/type " MISFIT
           "; TYPE_MISMATCH /fields/1/type/fields/0/type " MISFIT);
    expect(reader, writer, &java,
           "TYPE_MISMATCH /fields/0/type/fields/0/type " MISFIT
           "; TYPE_MISMATCH /fields/0/type/fields/0/type " MISFIT);
}
END_TEST

/*
 * Java holds Q against Q while A against A is open, takes that for fitting and keeps it; then A fails by v, another branch takes its place, and nobody
 * comes back to Q, which cannot be read where its A is not null.
 */
START_TEST(java_keeps_what_it_only_assumed) {
#define Q "{\"type\":\"record\",\"name\":\"Q\",\"fields\":[" F("back", "[\"null\",\"A\"]") "]}"
#define A(v)                                                                                       \
    "{\"type\":\"record\",\"name\":\"A\",\"fields\":[" F("q", "[\"null\"," Q "]") "," F("v", v) "]}"
#define ANY_A "{\"type\":\"record\",\"name\":\"A\",\"namespace\":\"m\",\"fields\":[]}"
    const char *reader = R(F("u", "[" A("\"int\"") "," ANY_A "]") "," F("x", "\"Q\""));
    const char *writer = R(F("u", A("\"string\"")) "," F("x", "\"Q\""));
    expect(reader, writer, &java, "fits");
    expect(reader, writer, NULL,
           "MISSING_UNION_BRANCH /fields/1/type/fields/0/type/1 reader union lacking writer type: "
           "RECORD {TYPE_MISMATCH /fields/1/type/fields/0/type/1/fields/1/type " MISFIT "}");
}
END_TEST

START_TEST(recursion_is_told_once) {
#define NODE(type) R(F("next", "[\"null\",\"R\"]") "," F("v", type))
    expect(NODE("\"long\""), NODE("\"int\""), NULL, "fits");
    expect(NODE("\"int\""), NODE("\"string\""), NULL, "TYPE_MISMATCH /fields/1/type " MISFIT);
    expect(NODE("\"int\""), NODE("\"string\""), &java, "TYPE_MISMATCH /fields/1/type " MISFIT);
}
END_TEST

START_TEST(ambiguous_aliases) {
#define AB R("{\"name\":\"a\",\"aliases\":[\"b\"],\"type\":\"int\"}")
    expect(AB, R(F("b", "\"int\"")), NULL, "fits");
    expect(AB, R(F("a", "\"int\"") "," F("b", "\"int\"")), NULL,
           "AMBIGUOUS_ALIAS /fields/0 Reader record field a matches multiple fields in writer "
           "record schema R: a, b");
    expect("[\"null\"," AB "]", R(F("a", "\"int\"") "," F("b", "\"int\"")), &java,
           "AMBIGUOUS_ALIAS /fields/0 Reader record field a matches multiple fields in writer "
           "record schema R: a, b");
    expect(
        R(F("b", "\"int\"") ",{\"name\":\"a\",\"aliases\":[\"b\"],\"type\":\"int\",\"default\":0}"),
        R(F("b", "\"int\"")), NULL,
        "AMBIGUOUS_ALIAS /fields/1 Reader record fields b and a both match field b in writer "
        "record schema R");
    /* Only Java minds an alias that is the name itself. */
    const char *itself = R("{\"name\":\"a\",\"aliases\":[\"a\"],\"type\":\"int\"}");
    expect(itself, R(F("a", "\"int\"")), NULL, "fits");
    pln_compat *answer = check(itself, R(F("a", "\"int\"")), &java);
    ck_assert_int_eq(pln_compat_issue_at(answer, 0)->kind, PLN_COMPAT_AMBIGUOUS_ALIAS);
    ck_assert_str_eq(pln_compat_message_at(answer, 0),
                     "Unexpected exception during compatibility check: Reader record field a "
                     "matches multiple fields in writer record schema R: a, a");
    pln_compat_free(answer);
}
END_TEST

START_TEST(an_enum_default_is_no_field_default) {
    const char *reader = R("{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":"
                           "[\"A\"],\"default\":\"A\"}}");
    expect(reader, R(""), NULL, "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0 e");
    expect(
        reader, R(""), &java,
        "TYPE_MISMATCH /fields/0/type reader type: ENUM not compatible with writer type: RECORD");
}
END_TEST

#define DECIMAL(p, s)                                                                              \
    "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":" #p ",\"scale\":" #s "}"
#define LOGICAL(type, name) "{\"type\":\"" type "\",\"logicalType\":\"" name "\"}"

START_TEST(logical_types_count_when_asked) {
    expect(DECIMAL(9, 4), DECIMAL(4, 2), NULL, "fits");
    expect(DECIMAL(9, 4), DECIMAL(4, 2), &strict,
           "LOGICAL_MISMATCH /precision expected: 4, found: 9; LOGICAL_MISMATCH /scale expected: "
           "2, found: 4");
    expect(DECIMAL(4, 2), DECIMAL(4, 2), &strict, "fits");
    expect(R(F("t", LOGICAL("long", "timestamp-millis"))),
           R(F("t", LOGICAL("long", "timestamp-micros"))), &strict,
           "LOGICAL_MISMATCH /fields/0/type/logicalType expected: timestamp-micros, found: "
           "timestamp-millis");
    expect(LOGICAL("long", "timestamp-millis"), LOGICAL("int", "date"), &strict,
           "LOGICAL_MISMATCH /logicalType expected: date, found: timestamp-millis");
    /* Of a plain type nothing is known. */
    expect(LOGICAL("int", "date"), "\"int\"", &strict, "fits");
    expect("[\"null\"," LOGICAL("int", "date") "]", LOGICAL("int", "time-millis"), &strict,
           "MISSING_UNION_BRANCH / reader union lacking writer type: INT {LOGICAL_MISMATCH "
           "/1/logicalType expected: time-millis, found: date}");
}
END_TEST

START_TEST(names_may_be_ignored) {
    const char *a = R(F("e", E("\"A\"")));
    const char *b =
        "{\"type\":\"record\",\"name\":\"S\",\"fields\":[{\"name\":\"e\",\"type\":{\"type\":"
        "\"enum\",\"name\":\"G\",\"symbols\":[\"A\"]}}]}";
    expect(a, b, NULL,
           "NAME_MISMATCH /name expected: S; NAME_MISMATCH /fields/0/type/name expected: G");
    expect(a, b, &nameless, "fits");
}
END_TEST

/* ---- rows of the case tables ---- */

typedef void row_test(const json_t *row);

static void for_rows(const char *path, row_test *test) {
    char name[512];
    const char *file = test_data(path, name, sizeof name);
    if (file == NULL)
        TEST_SKIP("no shared data");
    FILE *in = fopen(file, "r");
    char *line = NULL;
    size_t size = 0;
    int n = 0;
    ck_assert_ptr_nonnull(in);
    while (getline(&line, &size, in) > 0) {
        json_t *row = json_loads(line, 0, NULL);
        ck_assert_ptr_nonnull(row);
        test(row);
        json_decref(row);
        n++;
    }
    free(line);
    fclose(in);
    ck_assert_int_gt(n, 50);
}

static const char *text_of(const json_t *row, const char *key) {
    return json_string_value(json_object_get(row, key));
}

static pln_compat *check_json(const json_t *reader, const json_t *writer,
                              const pln_compat_options *options) {
    char *r = json_dumps(reader, JSON_ENCODE_ANY), *w = json_dumps(writer, JSON_ENCODE_ANY);
    pln_compat *answer = check(r, w, options);
    free(r);
    free(w);
    return answer;
}

static void check_issue(const char *id, const pln_compat_issue *issue, const char *type,
                        const char *path) {
    ck_assert_msg(issue != NULL, "%s: no such issue", id);
    ck_assert_msg(strcmp(pln_compat_kind_name(issue->kind), type) == 0, "%s: %s, not %s", id,
                  pln_compat_kind_name(issue->kind), type);
    ck_assert_msg(strcmp(issue->path, path) == 0, "%s: %s, not %s", id, issue->path, path);
}

static void judge_row(const json_t *row, const pln_compat_options *options) {
    const char *id = text_of(row, "id");
    pln_compat *answer =
        check_json(json_object_get(row, "reader"), json_object_get(row, "writer"), options);
    const json_t *all = json_object_get(row, "incompatibilities"), *one;
    bool contested = json_is_true(json_object_get(row, "contested"));
    size_t i;
    if (!contested) {
        ck_assert_msg(pln_compat_compatible(answer) ==
                          json_is_true(json_object_get(row, "compatible")),
                      "%s: the verdict", id);
        if (text_of(row, "incompatibility_type") != NULL)
            check_issue(id, pln_compat_issue_at(answer, 0), text_of(row, "incompatibility_type"),
                        text_of(row, "path"));
        json_array_foreach(all, i, one) check_issue(id, pln_compat_issue_at(answer, (int64_t)i),
                                                    text_of(one, "type"), text_of(one, "path"));
        if (all != NULL)
            ck_assert_int_eq(pln_compat_count(answer), (int64_t)json_array_size(all));
    }
    pln_compat_free(answer);
}

static void compat_row(const json_t *row) {
    judge_row(row, NULL);
    judge_row(row, &java);
}

START_TEST(the_compatibility_cases) {
    for_rows("avro_compat_cases_public.jsonl", compat_row);
}
END_TEST

static void level_row(const json_t *row) {
    const json_t *previous = json_object_get(row, "previous_newest_first");
    pln__avro_schema *old[64], *schema;
    int64_t n = (int64_t)json_array_size(previous);
    pln_compat_history history = {sizeof history, 0, n, (const pln_avro_schema *const *)old, NULL};
    pln_compat *answer;
    char *text = json_dumps(json_object_get(row, "new"), JSON_ENCODE_ANY);
    ck_assert_int_lt(n, 64);
    schema = parse(text);
    free(text);
    for (int64_t i = 0; i < n; i++) {
        text = json_dumps(json_array_get(previous, (size_t)i), JSON_ENCODE_ANY);
        old[i] = parse(text);
        free(text);
    }
    ck_assert_int_eq(pln__compat_check_level(pln__system_allocator(),
                                             pln_compat_level_find(text_of(row, "level")), schema,
                                             &history, NULL, &answer, &err),
                     PLN_OK);
    ck_assert_msg(pln_compat_compatible(answer) == json_is_true(json_object_get(row, "compatible")),
                  "%s: the verdict", text_of(row, "id"));
    ck_assert_int_eq(pln_compat_version(answer) >= 0, !pln_compat_compatible(answer));
    pln_compat_free(answer);
    for (int64_t i = 0; i < n; i++)
        pln__avro_schema_unref(old[i]);
    pln__avro_schema_unref(schema);
}

START_TEST(the_level_cases) {
    for_rows("avro/compat_level_cases_public.jsonl", level_row);
}
END_TEST

/* ---- Java's answers to 2,000 random pairs (test/laws/test_compat_java.sh) ---- */

static void same_as_java(const char *reader, const char *writer, char *expected) {
    pln_compat *answer = check(reader, writer, &java);
    const pln_compat_issue *first = pln_compat_issue_at(answer, 0);
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    if (first != NULL && first->kind == PLN_COMPAT_AMBIGUOUS_ALIAS) {
        pln__text_str(&text, "AMBIGUOUS");
    } else {
        pln__text_str(&text, pln_compat_compatible(answer) ? "COMPATIBLE" : "INCOMPATIBLE");
        for (int64_t i = 0; i < pln_compat_count(answer); i++) {
            const pln_compat_issue *issue = pln_compat_issue_at(answer, i);
            pln__text_printf(&text, "\t%s %s %s", pln_compat_kind_name(issue->kind), issue->path,
                             issue->message);
        }
    }
    ck_assert_str_eq(text.data, expected);
    pln__text_free(&text);
    pln_compat_free(answer);
}

START_TEST(the_kept_answers_of_java) {
    static char line[1 << 17];
    gzFile in = gzopen("test/unit/schema/compat_java.tsv.gz", "rb");
    int n = 0;
    ck_assert_ptr_nonnull(in);
    for (; gzgets(in, line, sizeof line) != NULL; n++) {
        char *writer = strchr(line, '\t'), *answer = strchr(writer + 1, '\t');
        *writer++ = *answer++ = '\0';
        answer[strcspn(answer, "\n")] = '\0';
        same_as_java(line, writer, answer);
    }
    ck_assert_int_eq(n, 2000);
    gzclose(in);
}
END_TEST

/* ---- levels ---- */

static pln_compat *level(const char *name, const char *schema, const char *const *previous, int n,
                         const int32_t *versions) {
    pln__avro_schema *old[8], *new = parse(schema);
    pln_compat_history history = {sizeof history, 0, n, (const pln_avro_schema *const *)old,
                                  versions};
    pln_compat *answer;
    for (int i = 0; i < n; i++)
        old[i] = parse(previous[i]);
    ck_assert_int_eq(pln__compat_check_level(pln__system_allocator(), pln_compat_level_find(name),
                                             new, &history, NULL, &answer, &err),
                     PLN_OK);
    for (int i = 0; i < n; i++)
        pln__avro_schema_unref(old[i]);
    pln__avro_schema_unref(new);
    return answer;
}

#define V1 R(F("a", "\"int\""))
#define V2 R(F("a", "\"int\"") "," F("b", "\"int\""))
#define V3 R(F("a", "\"int\"") ",{\"name\":\"b\",\"type\":\"int\",\"default\":0}")

START_TEST(the_lines_of_a_registry) {
    const int32_t versions[] = {7, 5};
    pln_compat *answer = level("BACKWARD", V2, (const char *[]){V1, V3}, 2, versions);
    ck_assert_int_eq(pln_compat_compatible(answer), 0);
    ck_assert_int_eq(pln_compat_version(answer), 0);
    ck_assert_int_eq(pln_compat_message_count(answer), 4);
    ck_assert_str_eq(pln_compat_message_at(answer, 0),
                     "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'b' "
                     "at path '/fields/1' in the new schema has no default value and is missing in "
                     "the old schema', additionalInfo:'b'}");
    ck_assert_str_eq(pln_compat_message_at(answer, 1), "{oldSchemaVersion: 7}");
    ck_assert_str_eq(pln_compat_message_at(answer, 2), "{oldSchema: '" V1 "'}");
    ck_assert_str_eq(pln_compat_message_at(answer, 3),
                     "{validateFields: 'false', compatibility: 'BACKWARD'}");
    ck_assert_ptr_null(pln_compat_message_at(answer, 4));
    pln_compat_free(answer);
}
END_TEST

START_TEST(full_tells_old_readers_first) {
    const char *new = R(F("a", "\"string\"") "," F("c", "\"int\""));
    pln_compat *answer = level("FULL", new, (const char *[]){V2}, 1, NULL);
    ck_assert_int_eq(pln_compat_count(answer), 4);
    ck_assert_int_eq(pln_compat_issue_at(answer, 0)->old_reads_new, 1);
    ck_assert_int_eq(pln_compat_issue_at(answer, 1)->old_reads_new, 1);
    ck_assert_str_eq(pln_compat_issue_at(answer, 1)->message, "b");
    ck_assert_int_eq(pln_compat_issue_at(answer, 2)->old_reads_new, 0);
    ck_assert_str_eq(pln_compat_issue_at(answer, 3)->message, "c");
    ck_assert_ptr_nonnull(strstr(pln_compat_message_at(answer, 0),
                                 "in the old schema does not match with the new schema"));
    /* The old schema stands once, at the end. */
    ck_assert_int_eq(pln_compat_message_count(answer), 6);
    pln_compat_free(answer);
}
END_TEST

START_TEST(transitive_stops_at_the_first) {
    pln_compat *answer =
        level("BACKWARD_TRANSITIVE", V2, (const char *[]){V2, V1, "\"int\""}, 3, NULL);
    ck_assert_int_eq(pln_compat_version(answer), 1);
    ck_assert_int_eq(pln_compat_count(answer), 1);
    pln_compat_free(answer);
    answer = level("BACKWARD", V2, (const char *[]){V2, V1, "\"int\""}, 3, NULL);
    ck_assert_int_eq(pln_compat_compatible(answer), 1);
    ck_assert_int_eq(pln_compat_message_count(answer), 0);
    pln_compat_free(answer);
}
END_TEST

START_TEST(levels_have_names) {
    for (int32_t i = PLN_COMPAT_NONE; i <= PLN_COMPAT_FULL_TRANSITIVE; i++)
        ck_assert_int_eq(pln_compat_level_find(pln_compat_level_name(i)), i);
    ck_assert_int_eq(pln_compat_level_find("full_transitive"), PLN_COMPAT_FULL_TRANSITIVE);
    ck_assert_int_eq(pln_compat_level_find("FULLY"), -1);
    ck_assert_int_eq(pln_compat_level_find("FUL"), -1);
    ck_assert_int_eq(pln_compat_level_find(""), -1);
    ck_assert_ptr_null(pln_compat_level_name(7));
}
END_TEST

/* ---- hostile pairs ---- */

/* Record i holds record i + 1 twice, so that paths double with every record; the last one holds `leaf`. */
static char *doubling(int n, const char *leaf) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    for (int i = 0; i < n; i++)
        pln__text_printf(
            &text,
            "{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[{\"name\":\"a\",\"type\":", i);
    pln__text_str(&text, leaf);
    for (int i = n - 1; i >= 0; i--)
        if (i == n - 1)
            pln__text_str(&text, "}]}");
        else
            pln__text_printf(&text, "},{\"name\":\"b\",\"type\":\"R%d\"}]}", i + 1);
    return pln__text_take(&text);
}

START_TEST(doubling_costs_no_more_than_the_schemas) {
    char *reader = doubling(50, "\"int\""), *writer = doubling(50, "\"string\"");
    const pln_compat_options few = {.struct_size = sizeof few, .issues_max = 5};
    pln_compat *answer = check(reader, reader, NULL);
    ck_assert_int_eq(pln_compat_compatible(answer), 1);
    pln_compat_free(answer);
    answer = check(reader, writer, NULL);
    ck_assert_int_eq(pln_compat_count(answer), 10000);
    ck_assert_int_eq(pln_compat_truncated(answer), 1);
    pln_compat_free(answer);
    answer = check(reader, writer, &java);
    ck_assert_int_eq(pln_compat_count(answer), 10000);
    ck_assert_int_eq(pln_compat_truncated(answer), 1);
    pln_compat_free(answer);
    answer = check(reader, writer, &few);
    ck_assert_int_eq(pln_compat_count(answer), 5);
    pln_compat_free(answer);
    pln__strfree(pln__system_allocator(), reader);
    pln__strfree(pln__system_allocator(), writer);
}
END_TEST

/* A ring of n records, each holding the next or null. */
static char *ring(int n, const char *leaf) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_char(&text, '[');
    for (int i = 0; i < n; i++)
        pln__text_printf(&text,
                         "%s{\"type\":\"record\",\"name\":\"n%d.R\",\"fields\":[{\"name\":\"next\","
                         "\"type\":[\"null\",\"n%d.R\"]}%s]}",
                         i == 0 ? "" : ",", i, i == 0 ? 0 : i - 1, i == 0 ? leaf : "");
    pln__text_char(&text, ']');
    return pln__text_take(&text);
}

START_TEST(many_records_of_one_name) {
    /* Every record meets every other, 400 by 400 pairs, and all lead to the one that lacks x. */
    char *reader = ring(400, ",{\"name\":\"x\",\"type\":\"int\"}"), *writer = ring(400, "");
    pln_compat *answer = check(reader, writer, NULL);
    ck_assert_int_eq(pln_compat_compatible(answer), 0);
    pln_compat_free(answer);
    answer = check(writer, reader, NULL);
    ck_assert_int_eq(pln_compat_compatible(answer), 1);
    pln_compat_free(answer);
    pln__strfree(pln__system_allocator(), reader);
    pln__strfree(pln__system_allocator(), writer);
}
END_TEST

START_TEST(any_request_for_memory_may_fail) {
    const char *reader = R(F("u", "[\"null\"," E("\"A\"") "]") "," F(
        "p", "\"int\"") ",{\"name\":\"q\",\"aliases\":[\"r\",\"s\"],\"type\":\"int\"}");
    const char *writer = R(F("u", E("\"B\",\"A\"")) "," F("p", "[\"string\"]") "," F(
        "r", "\"int\"") "," F("s", "\"int\""));
    pln__avro_schema *r = parse(reader), *w = parse(writer);
    pln_compat_history history = {sizeof history, 0, 1, (const pln_avro_schema *const *)&w, NULL};
    for (int mode = 0; mode < 2; mode++)
        for (int64_t n = 0;; n++) {
            const pln_compat_options options = {.struct_size = sizeof options, .mode = mode};
            pln_compat *answer = NULL;
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, n);
            pln_status status =
                pln__compat_check_level(mem, PLN_COMPAT_FULL, r, &history, &options, &answer, &err);
            ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
            pln_compat_free(answer);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            if (!f.failed)
                break;
        }
    pln__avro_schema_unref(r);
    pln__avro_schema_unref(w);
}
END_TEST

START_TEST(options_are_checked) {
    pln__avro_schema *s = parse("\"int\"");
    pln_compat *answer;
    const pln_compat_options none = {0}, mode = {.struct_size = sizeof mode, .mode = 7};
    const pln_compat_options both = {
        .struct_size = sizeof both, .mode = PLN_COMPAT_JAVA_PARITY, .strict_logical = 1};
    const pln_allocator *mem = pln__system_allocator();
    ck_assert_int_eq(pln__compat_check(mem, s, s, &none, &answer, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "struct_size is 0"));
    ck_assert_int_eq(pln__compat_check(mem, s, s, &mode, &answer, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "no mode 7"));
    ck_assert_int_eq(pln__compat_check(mem, s, s, &both, &answer, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "strict_logical"));
    ck_assert_int_eq(pln__compat_check_level(mem, 9, s, NULL, NULL, &answer, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "no level 9"));
    pln__avro_schema_unref(s);
}
END_TEST

Suite *suite_schema_compat(void);
Suite *suite_schema_compat(void) {
    Suite *suite = suite_create("schema/compat");
    TCase *tests = tcase_create("compat");
    tcase_add_test(tests, causes_inside_unions);
    tcase_add_test(tests, a_shared_type_is_told_at_every_use);
    tcase_add_test(tests, java_keeps_what_it_only_assumed);
    tcase_add_test(tests, recursion_is_told_once);
    tcase_add_test(tests, ambiguous_aliases);
    tcase_add_test(tests, an_enum_default_is_no_field_default);
    tcase_add_test(tests, logical_types_count_when_asked);
    tcase_add_test(tests, names_may_be_ignored);
    tcase_add_test(tests, the_compatibility_cases);
    tcase_add_test(tests, the_level_cases);
    tcase_add_test(tests, the_kept_answers_of_java);
    tcase_add_test(tests, the_lines_of_a_registry);
    tcase_add_test(tests, full_tells_old_readers_first);
    tcase_add_test(tests, transitive_stops_at_the_first);
    tcase_add_test(tests, levels_have_names);
    tcase_add_test(tests, doubling_costs_no_more_than_the_schemas);
    tcase_add_test(tests, many_records_of_one_name);
    tcase_add_test(tests, any_request_for_memory_may_fail);
    tcase_add_test(tests, options_are_checked);
    suite_add_tcase(suite, tests);
    return suite;
}
