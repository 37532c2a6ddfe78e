/* Which rows are one and which are not, what a handle refuses, and what it allocates. */
#include "fail_alloc.h"
#include "key_help.h"
#include "random_arrow.h"
#include <pln/pln.h>

/* ---- rows that are one, rows that are not ---- */

typedef struct one_row {
    const char *schema, *json;
} one_row;

START_TEST(equal_rows_have_equal_bytes) {
    static const one_row pairs[][2] = {
        {{"a int8", "{\"a\":5}"}, {"a uint64", "{\"a\":5}"}},
        {{"a int16", "{\"a\":-5}"}, {"a int64", "{\"a\":-5}"}},
        {{"a uint32", "{\"a\":4294967295}"}, {"a int64", "{\"a\":4294967295}"}},
        {{"a float32", "{\"a\":5.0}"}, {"a float64", "{\"a\":5}"}},
        {{"a float64", "{\"a\":-0.0}"}, {"a float32", "{\"a\":0}"}},
        {{"a decimal(5, 2)", "{\"a\":1.50}"}, {"a decimal(38, 1)", "{\"a\":1.5}"}},
        {{"a decimal(5, 0)", "{\"a\":1500}"}, {"a decimal(38, 3)", "{\"a\":1500}"}},
        {{"a decimal(38, 19)", "{\"a\":9999999999999999999.5}"},
         {"a decimal(38, 1)", "{\"a\":9999999999999999999.5}"}},
        {{"a utf8", "{\"a\":\"x\"}"}, {"a dictionary<utf8>", "{\"a\":\"x\"}"}},
        {{"a time32(s)", "{\"a\":\"01:02:03\"}"}, {"a time64(ns)", "{\"a\":\"01:02:03\"}"}},
        {{"a timestamp(s, UTC)", "{\"a\":\"2026-01-01T00:00:00Z\"}"},
         {"a timestamp(ns, Asia/Tokyo)", "{\"a\":\"2026-01-01T09:00:00+09:00\"}"}},
        {{"a timestamp(ms)", "{\"a\":\"1960-01-01T00:00:00.25\"}"},
         {"a timestamp(us)", "{\"a\":\"1960-01-01T00:00:00.25\"}"}},
        {{"a struct<x int32, y int32>", "{\"a\":{\"x\":1,\"y\":2}}"},
         {"a struct<y int32, x int8>", "{\"a\":{\"x\":1,\"y\":2}}"}},
        {{"a struct<x int32, y int32>", "{\"a\":{\"x\":1}}"},
         {"a struct<x int32>", "{\"a\":{\"x\":1}}"}},
        {{"a map<utf8, int32>", "{\"a\":{\"x\":1,\"yy\":2,\"\":3}}"},
         {"a map<utf8, int64>", "{\"a\":{\"\":3,\"yy\":2,\"x\":1}}"}},
        {{"a utf8, b int8", "{\"a\":\"x\",\"b\":1}"}, {"c utf8, d int8", "{\"c\":\"x\",\"d\":1}"}},
        {{"a null, b int8", "{\"b\":1}"}, {"a utf8, b int8", "{\"a\":null,\"b\":1}"}},
    };
    for (int i = 0; i < PLN__COUNT(pairs); i++) {
        char *a = encoded_json(pairs[i][0].schema, pairs[i][0].json);
        char *b = encoded_json(pairs[i][1].schema, pairs[i][1].json);
        ck_assert_msg(strcmp(a, b) == 0, "%s %s:\n%s\n%s %s:\n%s", pairs[i][0].schema,
                      pairs[i][0].json, a, pairs[i][1].schema, pairs[i][1].json, b);
        free(a);
        free(b);
    }
}
END_TEST

/* Every two of these differ, though they look alike or are nearly one. */
START_TEST(near_rows_differ) {
    static const one_row rows[] = {
        {"a utf8, b utf8", "{\"a\":\"a-b\",\"b\":\"c\"}"},
        {"a utf8, b utf8", "{\"a\":\"a\",\"b\":\"b-c\"}"},
        {"a utf8, b utf8", "{\"a\":\"a-bc\",\"b\":\"\"}"},
        {"a utf8, b utf8", "{\"a\":\"\",\"b\":\"a-bc\"}"},
        {"a utf8, b utf8", "{\"a\":null,\"b\":\"a-bc\"}"},
        {"a utf8, b utf8", "{\"a\":\"a-bc\",\"b\":null}"},
        {"a utf8, b utf8", "{\"a\":null,\"b\":null}"},
        {"a utf8", "{\"a\":null}"},
        {"a utf8", "{\"a\":\"\"}"},
        {"a utf8", "{\"a\":\"null\"}"},
        {"a utf8", "{\"a\":\"\\u0000\"}"},
        {"a utf8", "{\"a\":\"5\"}"},
        {"a utf8", "{\"a\":\"\\u00e9\"}"},
        {"a utf8", "{\"a\":\"e\\u0301\"}"},
        {"a int32", "{\"a\":5}"},
        {"a int32", "{\"a\":-5}"},
        {"a int64", "{\"a\":-1}"},
        {"a uint64", "{\"a\":18446744073709551615}"},
        {"a int64", "{\"a\":1}"},
        {"a int32", "{\"a\":0}"},
        {"a bool", "{\"a\":true}"},
        {"a bool", "{\"a\":false}"},
        {"a decimal(5, 0)", "{\"a\":5}"},
        {"a decimal(5, 0)", "{\"a\":50}"},
        {"a decimal(5, 2)", "{\"a\":-5}"},
        {"a decimal(5, 2)", "{\"a\":0}"},
        {"a float64", "{\"a\":5}"},
        {"a float64", "{\"a\":0}"},
        {"a float64", "{\"a\":0.1}"},
        {"a float32", "{\"a\":0.1}"},
        {"a date32", "{\"a\":\"1970-01-06\"}"},
        {"a time32(s)", "{\"a\":\"00:00:05\"}"},
        {"a timestamp(s)", "{\"a\":\"1970-01-01T00:00:05\"}"},
        {"a timestamp(s, UTC)", "{\"a\":\"1970-01-01T00:00:05Z\"}"},
        {"a list<int32>", "{\"a\":[]}"},
        {"a list<int32>", "{\"a\":[null]}"},
        {"a list<int32>", "{\"a\":[5]}"},
        {"a list<int32>, b int32", "{\"a\":[5],\"b\":5}"},
        {"a list<int32>", "{\"a\":[5,5]}"},
        {"a list<int32>, b list<int32>", "{\"a\":[5],\"b\":[]}"},
        {"a list<int32>, b list<int32>", "{\"a\":[],\"b\":[5]}"},
        {"a list<list<int32>>", "{\"a\":[[],[5]]}"},
        {"a list<list<int32>>", "{\"a\":[[5],[]]}"},
        {"a list<list<int32>>", "{\"a\":[[5]]}"},
        {"a struct<x int32>", "{\"a\":{\"x\":5}}"},
        {"a struct<x int32>", "{\"a\":{\"x\":null}}"},
        {"a struct<y int32>", "{\"a\":{\"y\":5}}"},
        {"a struct<x int32, y int32>", "{\"a\":{\"x\":5,\"y\":5}}"},
        {"a struct<x int32>, b int32", "{\"a\":{\"x\":5},\"b\":5}"},
        {"a map<utf8, int32>", "{\"a\":{}}"},
        {"a map<utf8, int32>", "{\"a\":{\"x\":5}}"},
        {"a map<utf8, int32>", "{\"a\":{\"x\":null}}"},
        {"a map<utf8, utf8>", "{\"a\":{\"x\":\"y\",\"y\":\"x\"}}"},
        {"a map<utf8, utf8>", "{\"a\":{\"x\":\"x\",\"y\":\"y\"}}"},
    };
    char *bytes[PLN__COUNT(rows)];
    for (int i = 0; i < PLN__COUNT(rows); i++) {
        bytes[i] = encoded_json(rows[i].schema, rows[i].json);
        for (int j = 0; j < i; j++)
            ck_assert_msg(strcmp(bytes[i], bytes[j]) != 0, "%s %s and %s %s: %s", rows[i].schema,
                          rows[i].json, rows[j].schema, rows[j].json, bytes[i]);
    }
    for (int i = 0; i < PLN__COUNT(rows); i++)
        free(bytes[i]);
}
END_TEST

START_TEST(nan_is_one_value) {
    static const uint64_t bits[] = {0x7ff8000000000000u, 0xfff8000000000001u, 0x7ff0000000000001u,
                                    0xffffffffffffffffu};
    struct ArrowSchema schema;
    const void *buffers[2] = {NULL, bits}, *no_buffers[1] = {NULL};
    struct ArrowArray column = {.length = 4, .n_buffers = 2, .buffers = buffers};
    struct ArrowArray *children[] = {&column};
    struct ArrowArray rows = {
        .length = 4, .n_buffers = 1, .buffers = no_buffers, .n_children = 1, .children = children};
    pln_keys *keys;
    OK(pln__schema_parse(heap(), "a float64", &schema, &err));
    OK(pln__keys_new(heap(), &schema, NULL, 0, NULL, &keys, &err));
    for (int64_t i = 0; i < 4; i++) {
        char *hex = encoded(keys, &rows, i);
        ck_assert_str_eq(hex, "0106000000000000f87f");
        free(hex);
    }
    pln_keys_free(keys);
    pln__schema_release(&schema);
}
END_TEST

/*
 * Whether two rows are one is asked of the column room, which knows nothing of bytes. Maps and unions apart: there the order of
 * entries and the branch count.
 */
static bool is_apart(const struct ArrowSchema *schema) {
    bool found = strcmp(schema->format, "+m") == 0 || strncmp(schema->format, "+u", 2) == 0;
    for (int64_t i = 0; i < schema->n_children; i++)
        found |= is_apart(schema->children[i]);
    return found;
}

START_TEST(bytes_are_equal_where_rows_are) {
    rng r = {(uint64_t)_i + 4711};
    int64_t equal = 0;
    for (int batch = 0; batch < 60; batch++) {
        struct ArrowSchema schema;
        struct ArrowArray rows;
        pln_keys *keys;
        random_schema(&r, 2, 2, &schema);
        while (is_apart(&schema)) {
            schema.release(&schema);
            random_schema(&r, 2, 2, &schema);
        }
        random_array(&r, &schema, 20, RANDOM_OFFSETS, &rows);
        OK(pln__keys_new(heap(), &schema, NULL, 0, NULL, &keys, &err));
        for (int64_t i = 0; i < rows.length; i++) {
            char *a = encoded(keys, &rows, i);
            for (int64_t j = 0; j < i; j++) {
                char *b = encoded(keys, &rows, j);
                bool one = pln__array_compare(&schema, &rows, i, &rows, j) == 0;
                ck_assert_msg(one == (strcmp(a, b) == 0), "rows %d and %d: %s\n%s\n%s", (int)i,
                              (int)j, show_row(&schema, &rows, i), a, b);
                equal += one;
                free(b);
            }
            free(a);
        }
        pln_keys_free(keys);
        rows.release(&rows);
        schema.release(&schema);
    }
    ck_assert_int_gt(equal, 0);
}
END_TEST

/* ---- fields ---- */

START_TEST(fields_are_chosen_by_name_and_path) {
    table t = table_of("id int32, who struct<name utf8, at struct<city utf8>>, \"a.b\" int32",
                       "{\"id\":7,\"who\":{\"name\":\"x\",\"at\":{\"city\":\"y\"}},\"a.b\":1}\n"
                       "{\"id\":7,\"who\":{\"name\":\"x\",\"at\":null},\"a.b\":null}\n"
                       "{\"id\":7,\"who\":null,\"a.b\":0}\n");
    static const char *const fields[] = {"who.at.city", "a.b", "id", "who.name"};
    static const char *const expected[] = {
        "01" "070100000079" "030100000000000000" "030700000000000000" "070100000078",
        "01" "00" "00" "030700000000000000" "070100000078",
        "01" "00" "030000000000000000" "030700000000000000" "00"};
    uint8_t all[3 * PLN_KEY_SIZE], one[PLN_KEY_SIZE];
    pln_keys *keys;
    OK(pln__keys_new(heap(), &t.schema, fields, 4, NULL, &keys, &err));
    OK(pln_keys_batch(keys, &t.rows, all, &err));
    for (int64_t i = 0; i < 3; i++) {
        char *hex = encoded(keys, &t.rows, i);
        ck_assert_str_eq(hex, expected[i]);
        free(hex);
        OK(pln_keys_row(keys, &t.rows, i, one, &err));
        ck_assert_mem_eq(one, all + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
    }
    ck_assert_int_eq(pln_keys_row(keys, &t.rows, 3, one, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_keys_row(keys, &t.rows, -1, one, &err), PLN_EINVAL);
    pln_keys_free(keys);
    table_free(&t);
}
END_TEST

/* What lies below a null does not count: a path into it is null, whatever the array has there. */
START_TEST(nothing_below_a_null_counts) {
    static const char *const fields[] = {"s.x", "s.t"};
    struct ArrowSchema schema;
    pln_keys *keys;
    const int32_t numbers[] = {9, 7, 8}, offsets[] = {0, 1, 2, 3};
    const uint8_t valid[] = {0x2};
    const void *x[2] = {NULL, numbers}, *t[3] = {NULL, offsets, "abc"}, *s[1] = {valid};
    const void *none[1] = {NULL};
    struct ArrowArray ints = {.length = 3, .n_buffers = 2, .buffers = x};
    struct ArrowArray texts = {.length = 3, .n_buffers = 3, .buffers = t};
    struct ArrowArray *in[] = {&ints, &texts};
    struct ArrowArray column = {.length = 2,
                                .offset = 1,
                                .null_count = 1,
                                .n_buffers = 1,
                                .buffers = s,
                                .n_children = 2,
                                .children = in};
    struct ArrowArray *children[] = {&column};
    struct ArrowArray rows = {
        .length = 2, .n_buffers = 1, .buffers = none, .n_children = 1, .children = children};
    OK(pln__schema_parse(heap(), "s struct<x int32, t utf8>", &schema, &err));
    OK(pln__keys_new(heap(), &schema, fields, 2, NULL, &keys, &err));
    char *first = encoded(keys, &rows, 0), *second = encoded(keys, &rows, 1);
    ck_assert_str_eq(first, "01"
                            "030700000000000000"
                            "070100000062");
    ck_assert_str_eq(second, "01"
                             "00"
                             "00");
    free(first);
    free(second);
    pln_keys_free(keys);
    pln__schema_release(&schema);
}
END_TEST

/* Longer than a block of SHA-256; the keys are made by pln_keys.py. */
START_TEST(a_secret_may_be_long) {
    static const char *const expected[] = {"e2acf572ba061233dfcf70c325081cc1",
                                           "f4d0ac52c7362b93d15db051f02fcfb9"};
    table t = table_of("a int32, b utf8, c utf8", "{\"a\":5,\"b\":\"a-b\",\"c\":null}");
    uint8_t secret[100], key[PLN_KEY_SIZE];
    char hex[PLN_KEY_HEX_SIZE];
    pln_keys_options o;
    memset(secret, 'k', sizeof secret);
    pln_keys_options_init(&o, sizeof o);
    o.secret = secret;
    o.secret_size = sizeof secret;
    for (o.hash = PLN_KEY_XXH3; o.hash <= PLN_KEY_SHA256; o.hash++) {
        pln_keys *keys;
        OK(pln__keys_new(heap(), &t.schema, NULL, 0, &o, &keys, &err));
        OK(pln_keys_batch(keys, &t.rows, key, &err));
        pln_key_hex(key, hex);
        ck_assert_str_eq(hex, expected[o.hash]);
        pln_keys_free(keys);
    }
    table_free(&t);
}
END_TEST

static void refused(const struct ArrowSchema *schema, const char *const *fields, int64_t n,
                    const pln_keys_options *options, pln_status status, const char *words) {
    pln_keys *keys = (pln_keys *)&status;
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln__keys_new(heap(), schema, fields, n, options, &keys, &err), status);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    ck_assert_ptr_null(keys);
}

START_TEST(mistakes_are_named) {
    static const uint8_t secret[16] = "0123456789abcdef";
    static const char *const absent[] = {"amont"}, *const deep[] = {"who.nam"},
                             *const flat[] = {"amount.x"}, *const twice[] = {"amount", "amount"},
                             *const none[] = {NULL};
    struct ArrowSchema schema;
    pln_keys_options o;
    OK(pln__schema_parse(heap(), "amount int32, who struct<name utf8>", &schema, &err));
    refused(&schema, absent, 1, NULL, PLN_ENAME, "did you mean 'amount'");
    refused(&schema, deep, 1, NULL, PLN_ENAME, "did you mean 'name'");
    refused(&schema, flat, 1, NULL, PLN_ETYPE,
            "column amount: expected a struct for 'x', got int32");
    refused(&schema, twice, 2, NULL, PLN_EINVAL, "field 'amount' is there twice");
    refused(&schema, none, 1, NULL, PLN_EINVAL, "field 0 has no name");
    refused(&schema, absent, -1, NULL, PLN_EINVAL, "-1 fields");
    refused(schema.children[0], NULL, 0, NULL, PLN_EINVAL, "struct");
    pln_keys_options_init(&o, sizeof o);
    o.hash = 3;
    refused(&schema, NULL, 0, &o, PLN_EINVAL, "hash: 3");
    pln_keys_options_init(&o, sizeof o);
    o.secret = secret;
    o.secret_size = 15;
    refused(&schema, NULL, 0, &o, PLN_EINVAL, "at least 16 bytes");
    o.secret_size = 16;
    o.hash = PLN_KEY_DBT_SURROGATE;
    refused(&schema, NULL, 0, &o, PLN_EINVAL, "surrogate keys of dbt have none");
    pln_keys_options_init(&o, sizeof o);
    o.hash = PLN_KEY_DBT_SURROGATE;
    refused(&schema, NULL, 0, &o, PLN_ETYPE, "column who");
    o.struct_size = 2;
    refused(&schema, NULL, 0, &o, PLN_EINVAL, "struct_size");
    pln__schema_release(&schema);
}
END_TEST

/* A text whose size is wrong would be read beyond its end; what says so is found before the first byte is read. */
START_TEST(broken_arrays_are_refused) {
    struct ArrowSchema schema;
    pln_keys *keys;
    uint8_t out[2 * PLN_KEY_SIZE];
    int32_t offsets[] = {0, 3, 1};
    uint8_t indices[] = {0, 2};
    const void *texts[3] = {NULL, offsets, "abc"}, *picks[2] = {NULL, indices}, *none[1] = {NULL};
    struct ArrowArray values = {.length = 2, .n_buffers = 3, .buffers = texts};
    struct ArrowArray column = {
        .length = 2, .n_buffers = 2, .buffers = picks, .dictionary = &values};
    struct ArrowArray *children[] = {&column};
    struct ArrowArray rows = {
        .length = 2, .n_buffers = 1, .buffers = none, .n_children = 1, .children = children};
    OK(pln__schema_parse(heap(), "a dictionary<utf8>", &schema, &err));
    schema.children[0]->format = "C";
    OK(pln__keys_new(heap(), &schema, NULL, 0, NULL, &keys, &err));
    ck_assert_int_eq(pln_keys_batch(keys, &rows, out, &err), PLN_EDATA);
    ck_assert_msg(strstr(err.message, "a: an index of a dictionary is out of range") != NULL, "%s",
                  err.message);
    indices[1] = 1;
    ck_assert_int_eq(pln_keys_batch(keys, &rows, out, &err), PLN_EDATA);
    ck_assert_msg(strstr(err.message, "a: an offset of text or bytes is out of range") != NULL,
                  "%s", err.message);
    offsets[2] = 3;
    OK(pln_keys_batch(keys, &rows, out, &err));
    rows.n_children = 0;
    ck_assert_int_eq(pln_keys_batch(keys, &rows, out, &err), PLN_EDATA);
    pln_keys_free(keys);
    pln__schema_release(&schema);
}
END_TEST

/* ---- memory ---- */

static const char nested[] = "id int32, name utf8, tags map<utf8, struct<b int32, a list<utf8>>>";
static const char nested_row[] =
    "{\"id\":1,\"name\":\"x\",\"tags\":{\"z\":{\"b\":1,\"a\":[\"q\"]},\"y\":{\"a\":[]}}}\n";

static pln_status scenario(const pln_allocator *mem, const table *t, uint8_t *out) {
    static const char *const fields[] = {"tags", "name", "id"};
    pln_keys *keys;
    pln_status status = pln__keys_new(mem, &t->schema, fields, 3, NULL, &keys, &err);
    if (status == PLN_OK)
        status = pln_keys_batch(keys, &t->rows, out, &err);
    pln_keys_free(keys);
    return status;
}

START_TEST(memory_may_run_out_anywhere) {
    table t = table_of(nested, nested_row);
    uint8_t right[PLN_KEY_SIZE], out[PLN_KEY_SIZE];
    int64_t n = 0;
    OK(scenario(heap(), &t, right));
    for (bool failed = true; failed; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        pln_status status = scenario(mem, &t, out);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        failed = f.failed;
    }
    ck_assert_int_gt(n, 5);
    ck_assert_mem_eq(out, right, PLN_KEY_SIZE);
    table_free(&t);
}
END_TEST

START_TEST(nothing_is_allocated_per_row) {
    char lines[64 * sizeof nested_row] = "";
    for (int i = 0; i < 60; i++)
        strcat(lines, nested_row);
    table t = table_of(nested, lines);
    fail_alloc f;
    uint8_t out[60 * PLN_KEY_SIZE];
    pln_keys *keys;
    OK(pln__keys_new(fail_alloc_init(&f, -1), &t.schema, NULL, 0, NULL, &keys, &err));
    int64_t before = f.calls;
    OK(pln_keys_batch(keys, &t.rows, out, &err));
    ck_assert_int_le(f.calls - before, 3);
    before = f.calls;
    OK(pln_keys_batch(keys, &t.rows, out, &err));
    ck_assert_int_eq(f.calls, before);
    for (int i = 1; i < 60; i++)
        ck_assert_mem_eq(out, out + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
    pln_keys_free(keys);
    table_free(&t);
}
END_TEST

/* Rows larger than what is laid out at once, and parts of a batch. */
START_TEST(large_rows_and_slices) {
    char *lines = calloc(1, 3 * 70000 + 100), *at = lines;
    static const int sizes[] = {0, 70000, 31, 32, 33, 64000, 1};
    for (int i = 0; i < PLN__COUNT(sizes); i++) {
        at += sprintf(at, "{\"a\":\"");
        memset(at, 'a' + i, (size_t)sizes[i]);
        at += sizes[i];
        at += sprintf(at, "\",\"b\":%d}\n", i);
    }
    table t = table_of("a utf8, b int32", lines);
    uint8_t all[7 * PLN_KEY_SIZE], part[3 * PLN_KEY_SIZE];
    struct ArrowArray slice = t.rows;
    pln_keys *keys;
    OK(pln__keys_new(heap(), &t.schema, NULL, 0, NULL, &keys, &err));
    OK(pln_keys_batch(keys, &t.rows, all, &err));
    for (int64_t i = 0; i < 7; i++) {
        OK(pln_keys_row(keys, &t.rows, i, part, &err));
        ck_assert_mem_eq(part, all + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
    }
    /* The batch itself may begin later in its columns. */
    slice.offset = 3;
    slice.length = 3;
    OK(pln_keys_batch(keys, &slice, part, &err));
    ck_assert_mem_eq(part, all + 3 * PLN_KEY_SIZE, 3 * PLN_KEY_SIZE);
    pln_keys_free(keys);
    table_free(&t);
    free(lines);
}
END_TEST

START_TEST(a_key_as_text) {
    uint8_t key[PLN_KEY_SIZE];
    char hex[PLN_KEY_HEX_SIZE], uuid[PLN_KEY_UUID_SIZE];
    for (int i = 0; i < PLN_KEY_SIZE; i++)
        key[i] = (uint8_t)(0xff - i);
    pln_key_hex(key, hex);
    ck_assert_str_eq(hex, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0");
    pln_key_uuid(key, uuid);
    ck_assert_str_eq(uuid, "fffefdfc-fbfa-89f8-b7f6-f5f4f3f2f1f0");
    memset(key, 0, sizeof key);
    pln_key_uuid(key, uuid);
    ck_assert_str_eq(uuid, "00000000-0000-8000-8000-000000000000");
}
END_TEST

static void set_up(void) {
    memset(&err, 0, sizeof err);
}

Suite *suite_key_keys(void) {
    Suite *suite = suite_create("key/keys");
    TCase *tc = tcase_create("key");
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, equal_rows_have_equal_bytes);
    tcase_add_test(tc, near_rows_differ);
    tcase_add_test(tc, nan_is_one_value);
    tcase_add_loop_test(tc, bytes_are_equal_where_rows_are, 0, 4);
    tcase_add_test(tc, fields_are_chosen_by_name_and_path);
    tcase_add_test(tc, nothing_below_a_null_counts);
    tcase_add_test(tc, a_secret_may_be_long);
    tcase_add_test(tc, mistakes_are_named);
    tcase_add_test(tc, broken_arrays_are_refused);
    tcase_add_test(tc, memory_may_run_out_anywhere);
    tcase_add_test(tc, nothing_is_allocated_per_row);
    tcase_add_test(tc, large_rows_and_slices);
    tcase_add_test(tc, a_key_as_text);
    suite_add_tcase(suite, tc);
    return suite;
}
