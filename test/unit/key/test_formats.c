/* The same rows out of CSV, NDJSON, Avro and a program's own columns have the same keys; and keys that dbt has made are made again. */
#include "key_help.h"
#include "scratch.h"
#include <pln/pln.h>

static pln_runtime *rt;
static scratch dir;

static void set_up(void) {
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    OK(pln_runtime_new(NULL, &rt, &err));
}

static void tear_down(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

static const char with_schema[] =
    "{\"schema\": {\"type\": \"record\", \"name\": \"row\", \"fields\": ["
    "{\"name\": \"id\", \"type\": \"long\"},"
    "{\"name\": \"name\", \"type\": [\"null\", \"string\"]},"
    "{\"name\": \"amount\", \"type\": [\"null\", {\"type\": \"bytes\", \"logicalType\": "
    "\"decimal\", \"precision\": 10, \"scale\": 2}]},"
    "{\"name\": \"at\", \"type\": [\"null\", {\"type\": \"long\", \"logicalType\": "
    "\"timestamp-micros\"}]},"
    "{\"name\": \"day\", \"type\": [\"null\", {\"type\": \"int\", \"logicalType\": \"date\"}]},"
    "{\"name\": \"ok\", \"type\": [\"null\", \"boolean\"]},"
    "{\"name\": \"ratio\", \"type\": [\"null\", \"double\"]},"
    "{\"name\": \"kind\", \"type\": [\"null\", {\"type\": \"enum\", \"name\": \"row_kind\", "
    "\"symbols\": [\"red\", \"green\"]}]}"
    "]}}";

#define ROWS 3
static const char csv[] =
    "id,name,amount,at,day,ok,ratio,kind\n"
    "1,a-b,1.50,2026-01-31T10:11:12.5Z,2026-01-31,true,0.1,red\n"
    "-2,\"x, \"\"y\"\"\",-100,1969-12-31T23:59:59.999999Z,1969-12-31,false,5,green\n"
    "3,,,,,,,\n";
static const char ndjson[] =
    "{\"id\":1,\"name\":\"a-b\",\"amount\":1.5,\"at\":\"2026-01-31T11:11:12.500+01:00\",\"day\":"
    "\"2026-01-31\",\"ok\":true,"
    "\"ratio\":1e-1,\"kind\":\"red\"}\n"
    "{\"kind\":\"green\",\"ratio\":5.0,\"id\":-2,\"name\":\"x, "
    "\\u0022y\\u0022\",\"amount\":-100.00,"
    "\"at\":\"1969-12-31T23:59:59.999999Z\",\"day\":\"1969-12-31\",\"ok\":false}\n"
    "{\"id\":3,\"name\":null}\n";

static pln_status run(pln_graph *g, const char *source, const char *in) {
    pln_graph_add(g, "read", source, with_schema, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, in), &err);
    OK(pln_graph_wire(g, "read > out", &err));
    pln_status status = pln_graph_run(g, NULL, NULL, &err);
    pln_graph_free(g);
    return status;
}

static void keys_of(const struct ArrowSchema *schema, const struct ArrowArray *rows,
                    uint8_t out[ROWS * PLN_KEY_SIZE]) {
    pln_keys *keys;
    ck_assert_int_eq(rows->length, ROWS);
    OK(pln_keys_new(rt, schema, NULL, 0, NULL, &keys, &err));
    OK(pln_keys_batch(keys, rows, out, &err));
    pln_keys_free(keys);
}

static void keys_of_file(const char *source, const char *name, uint8_t out[ROWS * PLN_KEY_SIZE]) {
    pln_graph *g;
    pln_table *rows;
    OK(pln_table_new(rt, NULL, &rows, &err));
    OK(pln_graph_new(rt, "g", &g, &err));
    pln_graph_add(g, "out", "memory.write", NULL, &err);
    pln_graph_bind(g, "out", "table", rows, NULL, &err);
    OK(run(g, source, name));
    pln_batch *batch = pln_table_batch(rows, 0);
    keys_of(pln_batch_schema(batch), pln_batch_array(batch), out);
    pln_table_free(rows);
}

static void make_avro(const char *in, const char *out) {
    pln_graph *g;
    OK(pln_graph_new(rt, "g", &g, &err));
    pln_graph_add(g, "out", "avro.write", NULL, &err);
    pln_graph_set_text(g, "out", "path", scratch_path(&dir, out), &err);
    OK(run(g, "ndjson.read", in));
}

/* Other widths, units and nullability than the files have. */
static void keys_of_columns(uint8_t out[ROWS * PLN_KEY_SIZE]) {
    static const char *const cells[ROWS][8] = {
        {NULL, "a-b", "1.500", NULL, "2026-01-31", "true", "0.1", "red"},
        {NULL, "x, \"y\"", "-100", NULL, "1969-12-31", "false", "5", "green"}};
    static const int64_t ids[ROWS] = {1, -2, 3}, at[] = {1769854272500000000, -1000};
    struct ArrowSchema schema;
    pln_builder *builder;
    pln_batch *batch;
    OK(pln_schema_parse(rt,
                        "number int8 not null, who utf8, sum decimal(38, 3), t timestamp(ns, "
                        "Europe/Berlin), d date32, "
                        "b bool, r float64, k dictionary<utf8>",
                        &schema, &err));
    OK(pln_builder_new(rt, &schema, &builder, &err));
    for (int row = 0; row < ROWS; row++) {
        OK(pln_column_int(pln_builder_column(builder, 0), ids[row], &err));
        for (int c = 1; c < 8; c++) {
            pln_column *column = pln_builder_column(builder, c);
            if (row == 2)
                OK(pln_column_null(column, &err));
            else if (c == 3)
                OK(pln_column_int(column, at[row], &err));
            else
                OK(pln_column_text(column, cells[row][c], -1, &err));
        }
    }
    OK(pln_builder_finish(builder, &batch, &err));
    keys_of(pln_batch_schema(batch), pln_batch_array(batch), out);
    pln_batch_unref(batch);
    pln_builder_free(builder);
    schema.release(&schema);
}

START_TEST(every_format_gives_the_same_keys) {
    uint8_t expected[ROWS * PLN_KEY_SIZE], got[ROWS * PLN_KEY_SIZE];
    keys_of_columns(expected);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < i; j++)
            ck_assert_mem_ne(expected + i * PLN_KEY_SIZE, expected + j * PLN_KEY_SIZE,
                             PLN_KEY_SIZE);
    scratch_write(&dir, "rows.csv", csv, -1);
    scratch_write(&dir, "rows.ndjson", ndjson, -1);
    keys_of_file("csv.read", "rows.csv", got);
    ck_assert_mem_eq(got, expected, sizeof got);
    memset(got, 0, sizeof got);
    keys_of_file("ndjson.read", "rows.ndjson", got);
    ck_assert_mem_eq(got, expected, sizeof got);
    memset(got, 0, sizeof got);
    make_avro("rows.ndjson", "rows.avro");
    keys_of_file("avro.read", "rows.avro", got);
    ck_assert_mem_eq(got, expected, sizeof got);
}
END_TEST

/* ---- dbt ---- */

/* The text is what psql 15 with timezone = 'UTC' prints for a::text || '-' || ..., the key its md5(). */
static const struct {
    const char *schema, *json, *text, *md5;
} surrogates[] = {
    {"a int32, b utf8, c utf8", "{\"a\":5,\"b\":\"a-b\",\"c\":null}",
     "5-a-b-_dbt_utils_surrogate_key_null_", "096779dbcca8b99e63b2ae38cccd2e86"},
    {"a utf8, b utf8", "{\"a\":\"a-b\",\"b\":\"c\"}",
     "a-b-c", "7b193b3d33184464106f41ddf733783b"},
    {"a utf8, b utf8", "{\"a\":\"a\",\"b\":\"b-c\"}",
     "a-b-c", "7b193b3d33184464106f41ddf733783b"},
    {"a int8, b int64", "{\"a\":-5,\"b\":-9223372036854775808}",
     "-5--9223372036854775808", "2e4f48539d698ae5ed51ddd116b067c9"},
    {"a bool, b bool", "{\"a\":true,\"b\":false}",
     "true-false", "8ec5f1c7f6e008968e65f53b32dfe96f"},
    {"a decimal(10, 2), b decimal(20, 0)", "{\"a\":-1.50,\"b\":18446744073709551615}",
     "-1.50-18446744073709551615", "41040378beb37a7fad5dc437e1bbd00d"},
    {"a float64, b float64, c float64", "{\"a\":0.1,\"b\":1e15,\"c\":123456789012345.0}",
     "0.1-1e+15-123456789012345", "2b52248188458aef85fe3236e533e7e0"},
    {"a float64, b float64, c float64", "{\"a\":-0.0,\"b\":1e-5,\"c\":0.0001234}",
     "-0-1e-05-0.0001234", "17403fec63e3f4a10151a294edc88b3a"},
    {"a float64, b float64, c float64", "{\"a\":1.5e300,\"b\":-2.5e-300,\"c\":100}",
     "1.5e+300--2.5e-300-100", "97bf255bcf070e0f0c9464a8eb210430"},
    {"a float32, b float32, c float32, d float32", "{\"a\":0.1,\"b\":1000000,\"c\":123456,\"d\":1.5e-7}",
     "0.1-1e+06-123456-1.5e-07", "c8fc2188f03ab90104859a4be387e671"},
    {"a date32, b date32", "{\"a\":\"2026-01-31\",\"b\":\"0987-12-01\"}",
     "2026-01-31-0987-12-01", "5d8f79f48b389a436f67cd6d5fb3946f"},
    {"a time32(s), b time64(us)", "{\"a\":\"01:02:03\",\"b\":\"23:59:59.0105\"}",
     "01:02:03-23:59:59.0105", "8687713c6bd3697e6f1dafe65d939fa7"},
    {"a timestamp(us), b timestamp(ms)", "{\"a\":\"2026-01-31T10:11:12.5\",\"b\":\"1969-12-31T23:59:59.999\"}",
     "2026-01-31 10:11:12.5-1969-12-31 23:59:59.999", "283c5b8560316838eaab09fa8abbfab0"},
    {"a timestamp(us, UTC), b timestamp(s, Europe/Berlin)", "{\"a\":\"2026-01-31T10:11:12.000001Z\",\"b\":\"2026-07-01T10:00:00+02:00\"}",
     "2026-01-31 10:11:12.000001+00-2026-07-01 08:00:00+00", "4231d53b97d2c6534984ada346f8b5c1"},
    {"a dictionary<utf8>, b utf8", "{\"a\":\"red\",\"b\":\"\"}",
     "red-", "45ee72c73c1ef760c72bb2cb0c8b8578"},
};

START_TEST(surrogate_keys_of_dbt) {
    for (int i = 0; i < PLN__COUNT(surrogates); i++) {
        table t = table_of(surrogates[i].schema, surrogates[i].json);
        pln_keys_options options;
        pln_keys *keys;
        const uint8_t *text;
        int64_t size;
        uint8_t key[PLN_KEY_SIZE];
        char hex[PLN_KEY_HEX_SIZE];
        pln_keys_options_init(&options, sizeof options);
        options.hash = PLN_KEY_DBT_SURROGATE;
        OK(pln_keys_new(rt, &t.schema, NULL, 0, &options, &keys, &err));
        OK(pln_keys_encode(keys, &t.rows, 0, &text, &size, &err));
        ck_assert_msg(size == (int64_t)strlen(surrogates[i].text) &&
                          memcmp(text, surrogates[i].text, (size_t)size) == 0,
                      "%s of %s: expected %s, got %.*s", surrogates[i].json, surrogates[i].schema,
                      surrogates[i].text, (int)size, (const char *)text);
        OK(pln_keys_batch(keys, &t.rows, key, &err));
        pln_key_hex(key, hex);
        ck_assert_str_eq(hex, surrogates[i].md5);
        ck_assert_int_eq(pln_keys_digests(keys, &t.rows, key, &err), PLN_ESTATE);
        pln_keys_free(keys);
        table_free(&t);
    }
}
END_TEST

Suite *suite_key_formats(void) {
    Suite *suite = suite_create("key/formats");
    TCase *tc = tcase_create("key");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, every_format_gives_the_same_keys);
    tcase_add_test(tc, surrogate_keys_of_dbt);
    suite_add_tcase(suite, tc);
    return suite;
}
