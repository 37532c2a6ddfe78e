/* Rows in through the builder and the column writer, read back by a reader of its own. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;
static struct ArrowSchema schema;
static pln_builder *builder;

static void setup(void) {
    mem = pln__system_allocator();
    err = (pln_error){0};
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == PLN_OK, "%s: %d %s", #call, status_, err.message);                \
    } while (0)
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        ck_assert_int_eq((call), (code));                                                          \
        ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);                      \
    } while (0)

/* Consumes the fields of `schema`. */
static void begin(void) {
    struct ArrowSchema copy;
    pln__schema *shared;
    OK(pln__schema_check(&schema, &err));
    OK(pln__schema_copy(mem, &schema, &copy, &err));
    schema.release(&schema);
    OK(pln__schema_share(mem, &copy, &shared, &err));
    OK(pln__builder_new(mem, shared, &builder, &err));
    pln__schema_unref(shared);
}

static pln_column *column(int64_t i) {
    return pln_builder_column(builder, i);
}

static void gives(const char *expected) {
    pln_batch *batch;
    OK(pln_builder_finish(builder, &batch, &err));
    OK(pln_batch_validate(batch, PLN_VALIDATE_FULL, &err));
    char *got = show_rows(pln_batch_schema(batch), pln_batch_array(batch));
    ck_assert_str_eq(got, expected);
    free(got);
    pln_batch_unref(batch);
}

static void one_column(const char *format) {
    const char *formats[] = {format, NULL};
    plain_schema(formats, &schema);
    begin();
}

static struct ArrowSchema *add(struct ArrowSchema *parent, const char *format, const char *name) {
    int64_t n = parent->n_children++;
    parent->children = realloc(parent->children, (size_t)(n + 1) * sizeof(struct ArrowSchema *));
    parent->children[n] = malloc(sizeof(struct ArrowSchema));
    plain_field(format, name, true, parent->children[n]);
    return parent->children[n];
}

START_TEST(integers_of_every_width) {
    static const struct {
        const char *format;
        int64_t least, most;
    } table[] = {{"c", INT8_MIN, INT8_MAX},   {"s", INT16_MIN, INT16_MAX},
                 {"i", INT32_MIN, INT32_MAX}, {"l", INT64_MIN, INT64_MAX},
                 {"C", 0, UINT8_MAX},         {"S", 0, UINT16_MAX},
                 {"I", 0, UINT32_MAX},        {"b", 0, 1},
                 {"tdD", INT32_MIN, INT32_MAX}, {"tts", 0, 86399},
                 {"ttm", 0, 86399999},        {"ttu", 0, 86399999999},
                 {"ttn", 0, 86399999999999},  {"tss:", INT64_MIN, INT64_MAX}};
    for (int i = 0; i < PLN__COUNT(table); i++) {
        pln_batch *batch;
        one_column(table[i].format);
        OK(pln_column_int(column(0), table[i].least, &err));
        OK(pln_column_int(column(0), table[i].most, &err));
        if (table[i].least > INT64_MIN) {
            FAILS(pln_column_int(column(0), table[i].least - 1, &err), PLN_EDATA, "column a");
            FAILS(pln_column_int(column(0), table[i].most + 1, &err), PLN_EDATA, "expected");
        }
        FAILS(pln_column_uint(column(0), UINT64_MAX, &err), PLN_EDATA, "18446744073709551615");
        OK(pln_builder_finish(builder, &batch, &err));
        const struct ArrowArray *array = pln_batch_array(batch)->children[0];
        pln__type type;
        OK(pln__type_of(pln_batch_schema(batch)->children[0], &type, &err));
        ck_assert_int_eq(array->length, 2);
        ck_assert_int_eq(pln__array_int(&type, array, 0), table[i].least);
        ck_assert_int_eq(pln__array_int(&type, array, 1), table[i].most);
        pln_batch_unref(batch);
        pln_builder_free(builder);
    }
}
END_TEST

START_TEST(unsigned_floats_and_text) {
    plain_schema((const char *const[]){"L", "g", "u", "f", NULL}, &schema);
    begin();
    OK(pln_column_uint(column(0), UINT64_MAX, &err));
    FAILS(pln_column_int(column(0), -1, &err), PLN_EDATA, "got '-1'");
    OK(pln_column_float(column(1), 1.5, &err));
    OK(pln_column_text(column(2), "h\xc3\xa9", -1, &err));
    OK(pln_column_float(column(3), 0.5, &err));
    FAILS(pln_column_text(column(2), "\xff", 1, &err), PLN_EDATA, "UTF-8");
    FAILS(pln_column_bytes(column(2), "\xc3", 1, &err), PLN_EDATA, "UTF-8");
    FAILS(pln_column_float(column(0), 1, &err), PLN_ETYPE, "expected uint64, got a float");
    FAILS(pln_column_int(column(2), 1, &err), PLN_ETYPE, "expected utf8");
    OK(pln_column_int(column(0), 3, &err));
    OK(pln_column_int(column(1), -3, &err));
    OK(pln_column_text(column(2), "", 0, &err));
    OK(pln_column_null(column(3), &err));
    gives("{a: 18446744073709551615, b: 1.5, c: \"h\\c3\\a9\", d: 0.5}\n"
          "{a: 3, b: -3, c: \"\", d: null}\n");
    /* The builder is empty and goes on. */
    gives("");
    pln_builder_free(builder);
}
END_TEST

START_TEST(values_from_text) {
    static const struct {
        const char *format, *text, *shown;
    } good[] = {{"l", "-42", "-42"},         {"L", "18446744073709551615", "18446744073709551615"},
                {"c", "+7", "7"},            {"g", "2.5e-1", "0.25"},
                {"f", "-0.5", "-0.5"},       {"b", "true", "true"},
                {"b", "false", "false"},     {"tdD", "1970-02-01", "31"},
                {"tts", "00:01:00", "60"},   {"ttu", "00:00:01.5", "1500000"},
                {"tsu:UTC", "1970-01-01T00:00:01.000001Z", "1000001"},
                {"tsu:UTC", "1970-01-01T00:00:01", "1000000"},
                {"tsu:", "1970-01-01T00:00:01", "1000000"},
                {"tss:", "1970-01-02", "86400"},
                {"d:5,2", "-1.5", "0xffffffffffffffffffffffffffffff6a"},
                {"d:38,0", "99999999999999999999", "0x00000000000000056bc75e2d630fffff"}};
    static const struct {
        const char *format, *text;
    } bad[] = {{"l", "4.5"},  {"l", ""},         {"c", "128"},        {"C", "-1"},
               {"l", "n/a"},  {"g", "1.5x"},     {"b", "yes"},        {"tdD", "1970-13-01"},
               {"ttm", "25:00"}, {"tsu:", "x"},  {"d:5,2", "1234.5"}, {"d:5,2", "1.234"},
               {"tsu:", "1970-01-01T00:00:01Z"},       {"tsu:", "1970-01-01T00:00:01+00:00"},
               {"l", " 1"},   {"L", "18446744073709551616"}};
    for (int i = 0; i < PLN__COUNT(good); i++) {
        char expected[128];
        one_column(good[i].format);
        OK(pln_column_text(column(0), good[i].text, -1, &err));
        snprintf(expected, sizeof expected, "{a: %s}\n", good[i].shown);
        gives(expected);
        pln_builder_free(builder);
    }
    for (int i = 0; i < PLN__COUNT(bad); i++) {
        one_column(bad[i].format);
        FAILS(pln_column_text(column(0), bad[i].text, -1, &err), PLN_EDATA, "column a: expected");
        ck_assert(strstr(err.message, bad[i].text) != NULL);
        gives("");
        pln_builder_free(builder);
    }
}
END_TEST

START_TEST(decimals_from_integers) {
    one_column("d:5,2");
    OK(pln_column_int(column(0), 999, &err));
    OK(pln_column_int(column(0), -999, &err));
    FAILS(pln_column_int(column(0), 1000, &err), PLN_EDATA, "1000");
    FAILS(pln_column_uint(column(0), UINT64_MAX, &err), PLN_EDATA, "decimal(5, 2)");
    OK(pln_column_int(column(0), 0, &err));
    gives("{a: 0x0000000000000000000000000001863c}\n{a: 0xfffffffffffffffffffffffffffe79c4}\n"
          "{a: 0x00000000000000000000000000000000}\n");
    pln_builder_free(builder);
    one_column("d:38,38");
    FAILS(pln_column_int(column(0), 1, &err), PLN_EDATA, "decimal(38, 38)");
    OK(pln_column_int(column(0), 0, &err));
    pln_builder_free(builder);
    one_column("d:3,-2");
    OK(pln_column_int(column(0), 99900, &err));
    FAILS(pln_column_int(column(0), 99901, &err), PLN_EDATA, "99901");
    pln_builder_free(builder);
    one_column("d:38,0");
    OK(pln_column_int(column(0), INT64_MIN, &err));
    gives("{a: 0xffffffffffffffff8000000000000000}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(bytes_of_fixed_and_free_size) {
    plain_schema((const char *const[]){"z", "w:3", NULL}, &schema);
    begin();
    OK(pln_column_bytes(column(0), "\xff\x00", 2, &err));
    OK(pln_column_bytes(column(1), "abc", 3, &err));
    FAILS(pln_column_bytes(column(1), "ab", 2, &err), PLN_EDATA, "expected 3 bytes, got 2");
    FAILS(pln_column_text(column(0), "a", 1, &err), PLN_ETYPE, "binary");
    FAILS(pln_column_bytes(column(0), "", -3, &err), PLN_EINVAL, "-3");
    OK(pln_column_bytes(column(0), NULL, 0, &err));
    OK(pln_column_null(column(1), &err));
    gives("{a: \"\\ff\\00\", b: \"abc\"}\n{a: \"\", b: null}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(lists_maps_and_structs) {
    plain_field("+s", "", false, &schema);
    struct ArrowSchema *item = add(add(&schema, "+l", "tags"), "+s", "item");
    add(item, "l", "n");
    add(add(item, "+l", "words"), "u", "item");
    struct ArrowSchema *entries = add(add(&schema, "+m", "m"), "+s", "entries");
    add(entries, "u", "key");
    add(entries, "l", "value");
    begin();
    pln_column *tags = column(0);
    pln_column *tag = pln_column_child(tags, 0);
    pln_column *words = pln_column_child(tag, 1);
    pln_column *map = column(1);
    pln_column *entry = pln_column_child(map, 0);
    ck_assert_ptr_null(pln_column_child(tags, 1));
    ck_assert_ptr_null(pln_column_child(tags, -1));

    OK(pln_column_int(pln_column_child(tag, 0), 1, &err));
    OK(pln_column_text(pln_column_child(words, 0), "x", -1, &err));
    OK(pln_column_text(pln_column_child(words, 0), "y", -1, &err));
    OK(pln_column_end(words, &err));
    OK(pln_column_end(tag, &err));
    OK(pln_column_null(tag, &err));
    OK(pln_column_end(tags, &err));
    OK(pln_column_text(pln_column_child(entry, 0), "k", -1, &err));
    OK(pln_column_int(pln_column_child(entry, 1), 7, &err));
    OK(pln_column_end(entry, &err));
    OK(pln_column_end(map, &err));

    OK(pln_column_null(tags, &err));
    OK(pln_column_end(map, &err));

    FAILS(pln_column_end(tag, &err), PLN_EDATA, "field n has 0 values");
    FAILS(pln_column_end(pln_column_child(tag, 0), &err), PLN_ETYPE, "int64");
    gives("{tags: [{n: 1, words: [\"x\", \"y\"]}, null], m: [{key: \"k\", value: 7}]}\n"
          "{tags: null, m: []}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(a_null_struct_with_a_half_written_row) {
    plain_field("+s", "", false, &schema);
    struct ArrowSchema *s = add(&schema, "+s", "s");
    add(s, "l", "n");
    add(s, "u", "t");
    begin();
    OK(pln_column_int(pln_column_child(column(0), 0), 1, &err));
    FAILS(pln_column_null(column(0), &err), PLN_EDATA, "field n already has a value");
    OK(pln_column_text(pln_column_child(column(0), 1), "x", -1, &err));
    OK(pln_column_end(column(0), &err));
    OK(pln_column_null(column(0), &err));
    gives("{s: {n: 1, t: \"x\"}}\n{s: null}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(unions_by_variant) {
    plain_field("+s", "", false, &schema);
    struct ArrowSchema *u = add(&schema, "+ud:5,42", "u");
    add(u, "l", "v0");
    add(u, "u", "v1");
    begin();
    pln_column *c = column(0);
    OK(pln_column_variant(c, 1, &err));
    OK(pln_column_text(pln_column_child(c, 1), "x", -1, &err));
    OK(pln_column_variant(c, 0, &err));
    FAILS(pln_column_variant(c, 0, &err), PLN_EDATA, "row 1 has 0 values");
    OK(pln_column_int(pln_column_child(c, 0), 4, &err));
    OK(pln_column_null(c, &err));
    FAILS(pln_column_variant(c, 2, &err), PLN_EINVAL, "no variant 2");
    FAILS(pln_column_variant(pln_column_child(c, 0), 0, &err), PLN_ETYPE, "int64");
    gives("{u: v1=\"x\"}\n{u: v0=4}\n{u: null}\n");
    OK(pln_column_variant(c, 0, &err));
    pln_batch *batch;
    FAILS(pln_builder_finish(builder, &batch, &err), PLN_EDATA, "no value was given");
    OK(pln_column_int(pln_column_child(c, 0), 9, &err));
    gives("{u: v0=9}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(dictionaries_by_value) {
    plain_field("+s", "", false, &schema);
    struct ArrowSchema *color = add(&schema, "C", "color");
    color->dictionary = malloc(sizeof schema);
    plain_field("u", "", true, color->dictionary);
    struct ArrowSchema *size = add(&schema, "s", "size");
    size->dictionary = malloc(sizeof schema);
    plain_field("i", "", true, size->dictionary);
    begin();
    for (int i = 0; i < 5; i++) {
        OK(pln_column_text(column(0), i % 2 ? "red" : "blue", -1, &err));
        OK(pln_column_int(column(1), i / 2 * 10, &err));
    }
    OK(pln_column_null(column(0), &err));
    OK(pln_column_null(column(1), &err));
    pln_batch *batch;
    OK(pln_builder_finish(builder, &batch, &err));
    ck_assert_int_eq(pln_batch_array(batch)->children[0]->dictionary->length, 2);
    ck_assert_int_eq(pln_batch_array(batch)->children[1]->dictionary->length, 3);
    char *got = show_rows(pln_batch_schema(batch), pln_batch_array(batch));
    ck_assert_str_eq(got, "{color: \"blue\", size: 0}\n{color: \"red\", size: 0}\n"
                          "{color: \"blue\", size: 10}\n{color: \"red\", size: 10}\n"
                          "{color: \"blue\", size: 20}\n{color: null, size: null}\n");
    free(got);
    pln_batch_unref(batch);
    /* The next batch begins with a dictionary of its own. */
    OK(pln_column_text(column(0), "green", -1, &err));
    OK(pln_column_text(column(1), "77", -1, &err));
    gives("{color: \"green\", size: 77}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(many_values_at_once) {
    static const int32_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const uint8_t valid[] = {0xfd, 0x00};
    static const uint8_t flags[] = {1, 0, 7, 0, 1, 1, 1, 1, 1};
    plain_schema((const char *const[]){"i", "b", "u", NULL}, &schema);
    begin();
    OK(pln_column_values(column(0), values, NULL, 2, &err));
    OK(pln_column_values(column(0), values, valid, 9, &err));
    OK(pln_column_values(column(1), flags, valid, 9, &err));
    OK(pln_column_values(column(1), flags, NULL, 2, &err));
    OK(pln_column_values(column(0), values, NULL, 0, &err));
    FAILS(pln_column_values(column(2), values, NULL, 1, &err), PLN_ETYPE, "fixed width");
    FAILS(pln_column_values(column(0), values, NULL, -1, &err), PLN_EINVAL, "-1");
    for (int i = 0; i < 11; i++)
        OK(pln_column_null(column(2), &err));
    gives("{a: 1, b: true, c: null}\n{a: 2, b: null, c: null}\n{a: 1, b: true, c: null}\n"
          "{a: null, b: false, c: null}\n{a: 3, b: true, c: null}\n{a: 4, b: true, c: null}\n"
          "{a: 5, b: true, c: null}\n{a: 6, b: true, c: null}\n{a: 7, b: null, c: null}\n"
          "{a: 8, b: true, c: null}\n{a: null, b: false, c: null}\n");
    pln_builder_free(builder);
}
END_TEST

START_TEST(lengths_and_required_columns) {
    plain_schema((const char *const[]){"l", "l", NULL}, &schema);
    schema.children[1]->flags = 0;
    begin();
    pln_batch *batch;
    OK(pln_column_int(column(0), 1, &err));
    FAILS(pln_builder_finish(builder, &batch, &err), PLN_EDATA,
          "column a has 1 values and column b has 0");
    ck_assert_ptr_null(batch);
    OK(pln_column_null(column(1), &err));
    FAILS(pln_builder_finish(builder, &batch, &err), PLN_EDATA, "column b: row 0: null");
    /* The rows are still there. */
    pln__column_truncate(column(1), 0);
    OK(pln_column_int(column(1), 2, &err));
    gives("{a: 1, b: 2}\n");
    ck_assert_ptr_null(pln_builder_column(builder, 2));
    pln_builder_free(builder);
    pln_builder_free(NULL);
}
END_TEST

/* ---- the writer as decoders use it ---- */

START_TEST(buffers_written_by_hand) {
    struct ArrowSchema field;
    pln__column c;
    struct ArrowArray array;
    plain_field("l", "x", true, &field);
    OK(pln__column_init(mem, &field, &c, &err));
    for (int64_t i = 0; i < 1000; i++) {
        OK(pln__column_reserve(&c, 1, 0, &err));
        bool null = i % 7 == 3;
        int64_t value = null ? 0 : i;
        OK(pln__column_validity(&c, !null, &err));
        memcpy(c.data.data + c.length * 8, &value, 8);
        c.length++;
        if (i % 10 == 9)
            pln__column_truncate(&c, c.length - 3);
    }
    ck_assert_int_eq(c.length, 700);
    int64_t nulls = 0;
    OK(pln__column_finish(&c, &array, &err));
    for (int64_t i = 0; i < 700; i++) {
        int64_t from = i / 7 * 10 + i % 7;
        nulls += from % 7 == 3;
        ck_assert_int_eq(pln__array_valid(&array, i), from % 7 != 3);
        ck_assert_int_eq(((const int64_t *)array.buffers[1])[i], from % 7 == 3 ? 0 : from);
    }
    ck_assert_int_eq(array.null_count, nulls);
    array.release(&array);
    pln__column_free(&c);
    field.release(&field);
}
END_TEST

/* A decoder that marks a row null and then gives it up. */
START_TEST(a_mark_that_is_taken_back) {
    struct ArrowSchema field;
    pln__column c;
    struct ArrowArray array;
    plain_field("i", "x", true, &field);
    OK(pln__column_init(mem, &field, &c, &err));
    OK(pln__column_reserve(&c, 10, 0, &err));
    c.length = 3;
    memset(c.data.data, 0, 40);
    OK(pln__column_validity(&c, false, &err));
    pln__column_truncate(&c, 3);
    ck_assert_int_eq(c.null_count, 0);
    c.length = 5;
    OK(pln__column_finish(&c, &array, &err));
    ck_assert_int_eq(array.null_count, 0);
    ck_assert_ptr_null(array.buffers[0]);
    array.release(&array);
    pln__column_free(&c);
    field.release(&field);
}
END_TEST

START_TEST(items_after_the_last_close_are_dropped) {
    plain_field("+s", "", false, &schema);
    add(add(&schema, "+l", "l"), "l", "item");
    begin();
    OK(pln_column_int(pln_column_child(column(0), 0), 1, &err));
    OK(pln_column_end(column(0), &err));
    OK(pln_column_int(pln_column_child(column(0), 0), 2, &err));
    gives("{l: [1]}\n");
    OK(pln_column_end(column(0), &err));
    gives("{l: []}\n");
    pln_builder_free(builder);
}
END_TEST

/* ---- order, by example ---- */

static int compare_floats(double a, double b) {
    double values[2] = {a, b};
    const void *buffers[2] = {NULL, values};
    struct ArrowArray array = {.length = 2, .n_buffers = 2, .buffers = buffers};
    struct ArrowSchema field = {.format = "g", .name = "", .flags = ARROW_FLAG_NULLABLE};
    return pln__array_compare(&field, &array, 0, &array, 1);
}

START_TEST(order_of_numbers) {
    ck_assert_int_eq(compare_floats(NAN, INFINITY), 1);
    ck_assert_int_eq(compare_floats(-NAN, NAN), 0);
    ck_assert_int_eq(compare_floats(-INFINITY, -DBL_MAX), -1);
    ck_assert_int_eq(compare_floats(0.0, -0.0), 0);
    ck_assert_int_eq(compare_floats(1, NAN), -1);
    uint64_t big[2] = {UINT64_MAX, 1};
    int64_t decimals[4] = {-1, -1, 0, 0};
    uint64_t high[4] = {0, 1, UINT64_MAX, 0};
    const void *buffers[2] = {NULL, big};
    struct ArrowArray array = {.length = 2, .n_buffers = 2, .buffers = buffers};
    struct ArrowSchema field = {.format = "L", .name = ""};
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 1), 1);
    field.format = "l";
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 1), -1);
    field.format = "d:38,0";
    buffers[1] = decimals;
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 1), -1);
    buffers[1] = high;
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 1), 1);
    uint8_t valid = 2;
    buffers[0] = &valid;
    array.null_count = 1;
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 1), -1);
    ck_assert_int_eq(pln__array_compare(&field, &array, 0, &array, 0), 0);
}
END_TEST

START_TEST(order_of_bytes_and_lists) {
    plain_field("+s", "", false, &schema);
    add(&schema, "u", "t");
    add(add(&schema, "+l", "l"), "l", "item");
    begin();
    static const char *const texts[] = {"", "a", "ab", "b", "\xc3\xa9"};
    for (int i = 0; i < 5; i++) {
        OK(pln_column_text(column(0), texts[i], -1, &err));
        for (int k = 0; k < (i + 1) / 2; k++)
            OK(pln_column_int(pln_column_child(column(1), 0), k + i / 3, &err));
        OK(pln_column_end(column(1), &err));
    }
    pln_batch *batch;
    OK(pln_builder_finish(builder, &batch, &err));
    const struct ArrowArray *rows = pln_batch_array(batch);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pln__array_compare(pln_batch_schema(batch)->children[0], rows->children[0],
                                            i, rows->children[0], i + 1),
                         -1);
        /* [] [0] [0] [1,2] [1,2] */
        ck_assert_int_eq(pln__array_compare(pln_batch_schema(batch)->children[1], rows->children[1],
                                            i, rows->children[1], i + 1),
                         i % 2 == 0 ? -1 : 0);
    }
    pln_batch_unref(batch);
    pln_builder_free(builder);
}
END_TEST

Suite *suite_column_builder(void) {
    Suite *suite = suite_create("column/builder");
    TCase *tc = tcase_create("builder");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, integers_of_every_width);
    tcase_add_test(tc, unsigned_floats_and_text);
    tcase_add_test(tc, values_from_text);
    tcase_add_test(tc, decimals_from_integers);
    tcase_add_test(tc, bytes_of_fixed_and_free_size);
    tcase_add_test(tc, lists_maps_and_structs);
    tcase_add_test(tc, a_null_struct_with_a_half_written_row);
    tcase_add_test(tc, unions_by_variant);
    tcase_add_test(tc, dictionaries_by_value);
    tcase_add_test(tc, many_values_at_once);
    tcase_add_test(tc, lengths_and_required_columns);
    tcase_add_test(tc, buffers_written_by_hand);
    tcase_add_test(tc, a_mark_that_is_taken_back);
    tcase_add_test(tc, items_after_the_last_close_are_dropped);
    tcase_add_test(tc, order_of_numbers);
    tcase_add_test(tc, order_of_bytes_and_lists);
    suite_add_tcase(suite, tc);
    return suite;
}
