/* Rows as values of avro-c and back; what avro-c prints of a value is the independent answer. */
#include <avro.h>
#include <pln/avro_c.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;
static pln_error err;
static pln_runtime *rt;

static void check(int ok, const char *what) {
    if (ok)
        passed++;
    else {
        failed++;
        printf("failed: %s: %s\n", what, err.message);
    }
}

static void must(int ok, const char *what) {
    if (!ok) {
        printf("failed: %s: %s\n", what, err.message);
        exit(1);
    }
}

static const char COLUMNS[] =
    "flag bool, small int8, whole int32 not null, big int64, at timestamp(us, UTC), day date32, f "
    "float32, d float64, "
    "name utf8, raw binary, pair binary(2), cost decimal(10, 2), price decimal(10, 2), color "
    "dictionary<utf8>, "
    "tags list<utf8>, sizes map<utf8, int64>, inner struct<x int32, y utf8>";

static const char SCHEMA[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
    "{\"name\":\"flag\",\"type\":[\"null\",\"boolean\"]},{\"name\":\"small\",\"type\":[\"null\","
    "\"int\"]},"
    "{\"name\":\"whole\",\"type\":\"int\"},{\"name\":\"big\",\"type\":[\"long\",\"null\"]},"
    "{\"name\":\"at\",\"type\":[\"null\",\"long\"]},{\"name\":\"day\",\"type\":[\"null\",\"int\"]},"
    "{\"name\":\"f\",\"type\":[\"null\",\"float\"]},{\"name\":\"d\",\"type\":[\"null\",\"double\"]}"
    ","
    "{\"name\":\"name\",\"type\":[\"null\",\"string\"]},{\"name\":\"raw\",\"type\":[\"null\","
    "\"bytes\"]},"
    "{\"name\":\"pair\",\"type\":[\"null\",{\"type\":\"fixed\",\"name\":\"P\",\"size\":2}]},"
    "{\"name\":\"cost\",\"type\":[\"null\",\"bytes\"]},"
    "{\"name\":\"price\",\"type\":[\"null\",{\"type\":\"fixed\",\"name\":\"F\",\"size\":6}]},"
    "{\"name\":\"color\",\"type\":[\"null\",{\"type\":\"enum\",\"name\":\"C\",\"symbols\":[\"RED\","
    "\"BLUE\"]}]},"
    "{\"name\":\"tags\",\"type\":[\"null\",{\"type\":\"array\",\"items\":[\"null\",\"string\"]}]},"
    "{\"name\":\"sizes\",\"type\":[\"null\",{\"type\":\"map\",\"values\":[\"null\",\"long\"]}]},"
    "{\"name\":\"inner\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"I\",\"fields\":["
    "{\"name\":\"x\",\"type\":[\"null\",\"int\"]},{\"name\":\"y\",\"type\":[\"null\",\"string\"]}]}"
    "]}]}";

/* As avro-c prints the three rows. */
static const char *const PRINTED[] = {
    "{\"flag\": {\"boolean\": true}, \"small\": {\"int\": -7}, \"whole\": 41, \"big\": {\"long\": 5000000000}, "
    "\"at\": {\"long\": 1442016000000000}, \"day\": {\"int\": 16689}, \"f\": {\"float\": 0.5}, \"d\": {\"double\": -1.25}, "
    "\"name\": {\"string\": \"Zo\\u00EB\"}, \"raw\": {\"bytes\": \"AB\"}, \"pair\": {\"P\": \"xy\"}, \"cost\": {\"bytes\": \"09\"}, "
    "\"price\": {\"F\": \"\\u00FF\\u00FF\\u00FF\\u00FF\\u00CF\\u00C7\"}, \"color\": {\"C\": \"BLUE\"}, "
    "\"tags\": {\"array\": [{\"string\": \"a\"}, null]}, \"sizes\": {\"map\": {\"k\": {\"long\": 3}}}, "
    "\"inner\": {\"I\": {\"x\": {\"int\": 1}, \"y\": null}}}",
    "{\"flag\": null, \"small\": null, \"whole\": -1, \"big\": null, \"at\": null, \"day\": null, \"f\": null, \"d\": null, "
    "\"name\": null, \"raw\": null, \"pair\": null, \"cost\": null, \"price\": null, \"color\": null, \"tags\": null, "
    "\"sizes\": null, \"inner\": null}",
};

static void fill(pln_builder *b) {
    pln_column *c;
    int i = 0;
#define COLUMN pln_builder_column(b, i++)
    pln_column_int(COLUMN, 1, &err);
    pln_column_int(COLUMN, -7, &err);
    pln_column_int(COLUMN, 41, &err);
    pln_column_int(COLUMN, 5000000000, &err);
    pln_column_int(COLUMN, 1442016000000000, &err);
    pln_column_int(COLUMN, 16689, &err);
    pln_column_float(COLUMN, 0.5, &err);
    pln_column_float(COLUMN, -1.25, &err);
    pln_column_text(COLUMN, "Zo\xc3\xab", -1, &err);
    pln_column_bytes(COLUMN, "AB", 2, &err);
    pln_column_bytes(COLUMN, "xy", 2, &err);
    pln_column_text(COLUMN, "123.45", -1, &err); /* 12345 is 0x3039, "09" */
    pln_column_text(COLUMN, "-123.45", -1, &err); /* no zero byte, at which avro-c would stop to print */
    pln_column_text(COLUMN, "BLUE", -1, &err);
    c = COLUMN;
    pln_column_text(pln_column_child(c, 0), "a", -1, &err);
    pln_column_null(pln_column_child(c, 0), &err);
    pln_column_end(c, &err);
    c = COLUMN;
    pln_column_text(pln_column_child(pln_column_child(c, 0), 0), "k", -1, &err);
    pln_column_int(pln_column_child(pln_column_child(c, 0), 1), 3, &err);
    pln_column_end(pln_column_child(c, 0), &err);
    pln_column_end(c, &err);
    c = COLUMN;
    pln_column_int(pln_column_child(c, 0), 1, &err);
    pln_column_null(pln_column_child(c, 1), &err);
    pln_column_end(c, &err);
    must(i == 17, "all columns have a value");
    for (i = 0; i < 17; i++)
        if (i == 2)
            pln_column_int(pln_builder_column(b, 2), -1, &err);
        else
            pln_column_null(pln_builder_column(b, i), &err);
}

static pln_batch *round_trip(const pln_batch *batch, const struct ArrowSchema *columns,
                             avro_schema_t schema, avro_value_t *value, int printed) {
    pln_builder *b;
    pln_batch *back = NULL;
    avro_value_t read;
    char bytes[4096], *text;
    avro_value_iface_t *face = avro_generic_class_from_schema(schema);
    must(pln_builder_new(rt, columns, &b, &err) == PLN_OK, "builder");
    avro_generic_value_new(face, &read);
    for (int64_t row = 0; row < pln_batch_array(batch)->length; row++) {
        must(pln_avro_value_from_batch(batch, row, value, &err) == PLN_OK, "from batch");
        avro_value_to_json(value, 1, &text);
        check(!printed || strcmp(text, PRINTED[row]) == 0, text);
        free(text);
        /* Through avro-c's own bytes, so that nothing is left of ours. */
        avro_writer_t writer = avro_writer_memory(bytes, sizeof bytes);
        must(avro_value_write(writer, value) == 0, "avro-c writes");
        avro_reader_t reader = avro_reader_memory(bytes, avro_writer_tell(writer));
        must(avro_value_read(reader, &read) == 0, "avro-c reads");
        avro_writer_free(writer);
        avro_reader_free(reader);
        must(pln_avro_value_to_builder(&read, columns, b, &err) == PLN_OK, "to builder");
    }
    must(pln_builder_finish(b, &back, &err) == PLN_OK, "finish");
    pln_builder_free(b);
    avro_value_decref(&read);
    avro_value_iface_decref(face);
    return back;
}

static void test_rows(void) {
    struct ArrowSchema columns;
    pln_builder *b;
    pln_batch *batch, *back;
    avro_schema_t schema;
    avro_value_t value, again;
    must(avro_schema_from_json_length(SCHEMA, strlen(SCHEMA), &schema) == 0, "avro-c's schema");
    must(pln_schema_parse(rt, COLUMNS, &columns, &err) == PLN_OK, "columns");
    must(pln_builder_new(rt, &columns, &b, &err) == PLN_OK, "builder");
    fill(b);
    must(pln_builder_finish(b, &batch, &err) == PLN_OK, "finish");
    avro_value_iface_t *face = avro_generic_class_from_schema(schema);
    avro_generic_value_new(face, &value);
    avro_generic_value_new(face, &again);
    back = round_trip(batch, &columns, schema, &value, 1);
    check(pln_batch_array(back)->length == 2, "both rows came back");
    for (int64_t row = 0; row < 2; row++) {
        must(pln_avro_value_from_batch(batch, row, &value, &err) == PLN_OK, "once");
        must(pln_avro_value_from_batch(back, row, &again, &err) == PLN_OK, "twice");
        check(avro_value_equal(&value, &again), "rows are equal");
    }
    check(pln_avro_value_from_batch(batch, 2, &value, &err) == PLN_EINVAL, "no such row");
    avro_value_decref(&value);
    avro_value_decref(&again);
    avro_value_iface_decref(face);
    avro_schema_decref(schema);
    pln_batch_unref(batch);
    pln_batch_unref(back);
    pln_builder_free(b);
    columns.release(&columns);
}

/* One column `c` of this type with this text for a value (NULL: null) against a record of this field. */
static void refuses(const char *type, const char *text, const char *field, pln_status status,
                    const char *words) {
    char columns_text[128], schema_text[512];
    struct ArrowSchema columns;
    pln_builder *b;
    pln_batch *batch;
    avro_schema_t schema;
    avro_value_t value;
    snprintf(columns_text, sizeof columns_text, "c %s", type);
    snprintf(schema_text, sizeof schema_text,
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"%s\",\"type\":%s}]}",
             field[0] == '=' ? "other" : "c", field + (field[0] == '='));
    must(avro_schema_from_json_length(schema_text, strlen(schema_text), &schema) == 0, schema_text);
    must(pln_schema_parse(rt, columns_text, &columns, &err) == PLN_OK, columns_text);
    must(pln_builder_new(rt, &columns, &b, &err) == PLN_OK, "builder");
    pln_column *c = pln_builder_column(b, 0);
    must((text == NULL ? pln_column_null(c, &err) : pln_column_text(c, text, -1, &err)) == PLN_OK,
         "value");
    must(pln_builder_finish(b, &batch, &err) == PLN_OK, "finish");
    avro_value_iface_t *face = avro_generic_class_from_schema(schema);
    avro_generic_value_new(face, &value);
    memset(&err, 0, sizeof err);
    pln_status got = pln_avro_value_from_batch(batch, 0, &value, &err);
    check(got == status && strstr(err.message, words) != NULL, words);
    avro_value_decref(&value);
    avro_value_iface_decref(face);
    avro_schema_decref(schema);
    pln_batch_unref(batch);
    pln_builder_free(b);
    columns.release(&columns);
}

static void test_enum_out_of_range(void) {
    static const char text[] =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"c\",\"type\":"
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}";
    struct ArrowSchema columns;
    pln_builder *b;
    avro_schema_t schema;
    avro_value_t value;
    must(avro_schema_from_json_length(text, strlen(text), &schema) == 0, "schema");
    must(pln_schema_parse(rt, "c utf8", &columns, &err) == PLN_OK, "columns");
    must(pln_builder_new(rt, &columns, &b, &err) == PLN_OK, "builder");
    avro_value_iface_t *face = avro_generic_class_from_schema(schema);
    avro_generic_value_new(face, &value);
    avro_reader_t reader = avro_reader_memory("\x0a", 1); /* 5 of 2 */
    if (avro_value_read(reader, &value) == 0) {
        memset(&err, 0, sizeof err);
        check(pln_avro_value_to_builder(&value, &columns, b, &err) == PLN_EDATA &&
                  (err.flags & PLN_ERR_FATAL) != 0,
              "an enum's number out of range is refused");
    }
    avro_reader_free(reader);
    avro_value_decref(&value);
    avro_value_iface_decref(face);
    avro_schema_decref(schema);
    pln_builder_free(b);
    columns.release(&columns);
}

int main(void) {
    must(pln_runtime_new(NULL, &rt, &err) == PLN_OK, "runtime");
    test_rows();
    refuses("utf8", "x", "\"int\"", PLN_ETYPE, "column c: the field is of another kind");
    refuses("utf8", NULL, "\"string\"", PLN_EDATA, "column c: null");
    refuses("utf8", NULL, "[\"string\",\"int\"]", PLN_EDATA, "the union has no null");
    refuses("utf8", "x", "[\"null\",\"int\"]", PLN_ETYPE, "no branch of the union");
    refuses("utf8", "GREEN", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"RED\"]}", PLN_EDATA,
            "no such symbol");
    refuses("int64", "1", "\"int\"", PLN_ETYPE, "another kind");
    refuses("utf8", "x", "=\"string\"", PLN_ETYPE, "column other: there is none");
    refuses("decimal(20, 0)", "99999999999", "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}",
            PLN_EDATA, "no room");
    test_enum_out_of_range();
    pln_runtime_free(rt);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
