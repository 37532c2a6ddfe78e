/* The case tables: binary data and resolution, by columns and by the JSON encoding. */
#include "avro_rows.h"
#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;

static pln__avro_schema *schema_of(const json_t *value) {
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    pln__avro_schema *schema = avro_schema(text);
    free(text);
    return schema;
}

/* The datum as JSON by the JSON codec; NULL: the error is in err. */
static char *by_json(const pln__avro_schema *writer, const pln__avro_schema *reader,
                     const uint8_t *bytes, int64_t size) {
    pln__avro_resolution *resolution;
    pln__text text;
    int64_t used = -1;
    if (pln__avro_resolve(mem, writer, reader, &resolution, &err) < 0)
        return NULL;
    pln__text_init(&text, mem);
    pln_status status = pln__avro_to_json(resolution, NULL, bytes, size, &used, &text, &err);
    pln__avro_resolution_free(resolution);
    char *out = NULL;
    if (status >= 0 && used == size) {
        out = malloc((size_t)text.size + 1);
        memcpy(out, text.data, (size_t)text.size + 1);
    }
    pln__text_free(&text);
    return out;
}

/* The same by columns. *recursive: no columns can hold the type. */
static char *by_columns(const pln__avro_schema *writer, const pln__avro_schema *reader,
                        const uint8_t *bytes, int64_t size, bool *recursive) {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    char *out = NULL;
    pln_status status = avro_read(writer, reader, bytes, size, &schema, &rows, &err);
    *recursive = status == PLN_EUNSUPPORTED;
    if (status >= 0 && rows.length == 1)
        out = avro_row_json(reader, &schema, &rows, 0);
    pln__array_release(&rows);
    pln__schema_release(&schema);
    return out;
}

static void check_case(const char *id, const json_t *line, const pln__avro_schema *writer,
                       const pln__avro_schema *reader, const json_t *expected) {
    int64_t size;
    bool recursive = false, contested = json_is_true(json_object_get(line, "contested"));
    uint8_t *bytes = avro_hex(json_string_value(json_object_get(line, "hex")), &size);
    char *want = expected == NULL ? NULL : json_dumps(expected, JSON_ENCODE_ANY);
    char *json = by_json(writer, reader, bytes, size);
    char *column = by_columns(writer, reader, bytes, size, &recursive);
    if (!contested) {
        ck_assert_msg((json != NULL) == (want != NULL), "%s: json %s, want %s (%s)", id, json, want,
                      err.message);
        ck_assert_msg(recursive || (column != NULL) == (want != NULL),
                      "%s: columns %s, want %s (%s)", id, column, want, err.message);
    }
    ck_assert_msg(json == NULL || want == NULL || avro_json_equal(json, want), "%s: %s, not %s", id,
                  json, want);
    ck_assert_msg(column == NULL || want == NULL || avro_json_equal(column, want),
                  "%s: columns %s, not %s", id, column, want);
    if (json == NULL || (column == NULL && !recursive))
        ck_assert_msg(err.message[0] != '\0', "%s: an error without words", id);
    free(bytes);
    free(want);
    free(json);
    free(column);
}

static void for_each_line(const char *path, void (*check)(const char *id, const json_t *line)) {
    char where[400];
    if (test_data(path, where, sizeof where) == NULL)
        TEST_SKIP("no shared/data");
    FILE *file = fopen(where, "r");
    char *line = NULL;
    size_t capacity = 0;
    int n = 0;
    while (getline(&line, &capacity, file) >= 0) {
        json_error_t why;
        json_t *value = json_loads(line, JSON_ALLOW_NUL, &why);
        ck_assert_msg(value != NULL, "%s: %s", path, why.text);
        check(json_string_value(json_object_get(value, "id")), value);
        json_decref(value);
        n++;
    }
    free(line);
    fclose(file);
    ck_assert_int_gt(n, 30);
}

static void binary_case(const char *id, const json_t *line) {
    pln__avro_schema *schema = schema_of(json_object_get(line, "schema"));
    bool valid = json_is_true(json_object_get(line, "valid"));
    check_case(id, line, schema, schema, valid ? json_object_get(line, "value") : NULL);
    pln__avro_schema_unref(schema);
}

START_TEST(binary_table) {
    for_each_line("avro/binary_cases_public.jsonl", binary_case);
}
END_TEST

static void resolve_case(const char *id, const json_t *line) {
    pln__avro_schema *writer = schema_of(json_object_get(line, "writer"));
    pln__avro_schema *reader = schema_of(json_object_get(line, "reader"));
    check_case(id, line, writer, reader, json_object_get(line, "expected"));
    /* The writer's own datum in its JSON encoding gives the bytes of the case back. */
    const json_t *datum = json_object_get(line, "datum");
    if (datum != NULL && !json_is_true(json_object_get(line, "contested"))) {
        char *text = json_dumps(datum, JSON_ENCODE_ANY);
        pln__buffer out = {0};
        int64_t size;
        uint8_t *bytes = avro_hex(json_string_value(json_object_get(line, "hex")), &size);
        ck_assert_msg(pln__avro_from_json(mem, writer, text, -1, &out, &err) == PLN_OK,
                      "%s: %s: %s", id, text, err.message);
        ck_assert_msg(out.size == size && (size == 0 || memcmp(out.data, bytes, (size_t)size) == 0),
                      "%s: %s gives other bytes", id, text);
        pln__buffer_free(mem, &out);
        free(bytes);
        free(text);
    }
    pln__avro_schema_unref(writer);
    pln__avro_schema_unref(reader);
}

START_TEST(resolve_table) {
    for_each_line("avro/resolve_cases_public.jsonl", resolve_case);
}
END_TEST

Suite *suite_format_avro_cases(void);
Suite *suite_format_avro_cases(void) {
    Suite *suite = suite_create("format/avro_cases");
    TCase *tables = tcase_create("tables");
    mem = pln__system_allocator();
    tcase_add_test(tables, binary_table);
    tcase_add_test(tables, resolve_table);
    suite_add_tcase(suite, tables);
    return suite;
}
