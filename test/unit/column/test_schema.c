/* Schemas: formats, names, metadata, checks and comparison. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;

static void setup(void) {
    mem = pln__system_allocator();
    err = (pln_error){0};
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == PLN_OK, "%s: %d %s", #call, status_, err.message);                \
    } while (0)

/* A struct of n fields, to be filled. */
static struct ArrowSchema fields(int64_t n) {
    struct ArrowSchema top;
    OK(pln__field_new(mem, "+s", "", false, n, &top, &err));
    return top;
}

static void field(struct ArrowSchema *top, int64_t i, const char *format, const char *name,
                  int64_t n) {
    OK(pln__field_new(mem, format, name, true, n, top->children[i], &err));
}

START_TEST(formats_and_their_names) {
    static const struct {
        const char *format;
        int32_t id, width;
        const char *text;
    } table[] = {
        {"n", PLN__NULL, 0, "null"},
        {"b", PLN__BOOL, 0, "bool"},
        {"c", PLN__INT8, 1, "int8"},
        {"C", PLN__UINT8, 1, "uint8"},
        {"s", PLN__INT16, 2, "int16"},
        {"S", PLN__UINT16, 2, "uint16"},
        {"i", PLN__INT32, 4, "int32"},
        {"I", PLN__UINT32, 4, "uint32"},
        {"l", PLN__INT64, 8, "int64"},
        {"L", PLN__UINT64, 8, "uint64"},
        {"f", PLN__FLOAT32, 4, "float32"},
        {"g", PLN__FLOAT64, 8, "float64"},
        {"u", PLN__UTF8, 0, "utf8"},
        {"z", PLN__BINARY, 0, "binary"},
        {"w:7", PLN__FIXED, 7, "binary(7)"},
        {"d:10,2", PLN__DECIMAL128, 16, "decimal(10, 2)"},
        {"d:38,-3,128", PLN__DECIMAL128, 16, "decimal(38, -3)"},
        {"tdD", PLN__DATE32, 4, "date32"},
        {"tts", PLN__TIME32, 4, "time32(s)"},
        {"ttm", PLN__TIME32, 4, "time32(ms)"},
        {"ttu", PLN__TIME64, 8, "time64(us)"},
        {"ttn", PLN__TIME64, 8, "time64(ns)"},
        {"tss:", PLN__TIMESTAMP, 8, "timestamp(s)"},
        {"tsu:UTC", PLN__TIMESTAMP, 8, "timestamp(us, UTC)"},
    };
    for (int i = 0; i < PLN__COUNT(table); i++) {
        struct ArrowSchema s;
        pln__type type;
        char text[PLN__TYPE_TEXT_SIZE];
        OK(pln__field_new(mem, table[i].format, "x", i % 2, 0, &s, &err));
        OK(pln__type_of(&s, &type, &err));
        ck_assert_int_eq(type.id, table[i].id);
        ck_assert_int_eq(type.width, table[i].width);
        ck_assert_int_eq(type.nullable, i % 2);
        ck_assert_str_eq(pln__type_text(&s, text), table[i].text);
        s.release(&s);
    }
}
END_TEST

static struct ArrowSchema nested(void) {
    struct ArrowSchema top = fields(3);
    field(&top, 0, "+l", "tags", 1);
    field(top.children[0], 0, "+s", "item", 2);
    field(top.children[0]->children[0], 0, "i", "a", 0);
    field(top.children[0]->children[0], 1, "u", "b", 0);
    field(&top, 1, "+m", "attributes", 1);
    field(top.children[1], 0, "+s", "entries", 2);
    field(top.children[1]->children[0], 0, "u", "key", 0);
    field(top.children[1]->children[0], 1, "l", "value", 0);
    field(&top, 2, "c", "color", 0);
    struct ArrowSchema values;
    OK(pln__field_new(mem, "u", "", false, 0, &values, &err));
    pln__field_set_dictionary(top.children[2], &values);
    ck_assert(values.release == NULL);
    return top;
}

START_TEST(nested_names) {
    struct ArrowSchema top = nested();
    char text[PLN__TYPE_TEXT_SIZE];
    OK(pln__schema_check(&top, &err));
    ck_assert_str_eq(pln__type_text(&top, text),
                     "struct<tags list<struct<a int32, b utf8>>, attributes map<utf8, int64>, "
                     "color dictionary<utf8>>");
    top.release(&top);
    /* What does not fit is cut and says so. */
    top = fields(60);
    char name[32];
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "column_number_%d", i);
        field(&top, i, "l", name, 0);
    }
    pln__type_text(&top, text);
    ck_assert_int_eq((int)strlen(text), PLN__TYPE_TEXT_SIZE - 1);
    ck_assert_str_eq(text + strlen(text) - 3, "...");
    top.release(&top);
}
END_TEST

static void refused(struct ArrowSchema *top, pln_status status, const char *words) {
    pln_error e = {0};
    ck_assert_int_eq(pln__schema_check(top, &e), status);
    ck_assert_msg(strstr(e.message, words) != NULL, "%s", e.message);
    top->release(top);
}

START_TEST(names_are_checked) {
    struct ArrowSchema top = fields(2);
    field(&top, 0, "l", "a", 0);
    field(&top, 1, "l", "a", 0);
    refused(&top, PLN_EINVAL, "'a' is there twice");
    top = fields(1);
    field(&top, 0, "l", "", 0);
    refused(&top, PLN_EINVAL, "empty");
    top = fields(1);
    field(&top, 0, "l", "\xff", 0);
    refused(&top, PLN_EINVAL, "UTF-8");
    /* Twice among thousands, far apart. */
    top = fields(PLN__COLUMNS_MAX);
    char name[32];
    for (int i = 0; i < PLN__COLUMNS_MAX; i++) {
        snprintf(name, sizeof name, "c%d", i == 4000 ? 7 : i);
        field(&top, i, "l", name, 0);
    }
    refused(&top, PLN_EINVAL, "'c7' is there twice");
}
END_TEST

START_TEST(structure_is_checked) {
    struct ArrowSchema top = fields(1);
    refused(&top, PLN_EINVAL, "child 0");
    top = fields(1);
    field(&top, 0, "+l", "a", 2);
    field(top.children[0], 0, "l", "x", 0);
    field(top.children[0], 1, "l", "y", 0);
    refused(&top, PLN_EUNSUPPORTED, "'a'");
    top = fields(1);
    field(&top, 0, "+m", "m", 1);
    field(top.children[0], 0, "+s", "entries", 1);
    field(top.children[0]->children[0], 0, "u", "key", 0);
    refused(&top, PLN_EUNSUPPORTED, "column m");
    top = fields(1);
    field(&top, 0, "l", "a", 1);
    field(top.children[0], 0, "l", "x", 0);
    refused(&top, PLN_EINVAL, "no children");
    top = fields(1);
    field(&top, 0, "+ud:1,1", "u", 2);
    field(top.children[0], 0, "l", "x", 0);
    field(top.children[0], 1, "l", "y", 0);
    refused(&top, PLN_EUNSUPPORTED, "+ud:1,1");
    top = fields(1);
    field(&top, 0, "u", "d", 0);
    struct ArrowSchema values;
    OK(pln__field_new(mem, "u", "", false, 0, &values, &err));
    pln__field_set_dictionary(top.children[0], &values);
    refused(&top, PLN_EUNSUPPORTED, "dictionary");
    OK(pln__field_new(mem, "l", "x", false, 0, &top, &err));
    refused(&top, PLN_EINVAL, "struct");
}
END_TEST

START_TEST(nesting_has_an_end) {
    struct ArrowSchema top = fields(1);
    struct ArrowSchema *at = &top;
    for (int i = 0; i < 80; i++) {
        field(at, 0, "+l", "deep", 1);
        at = at->children[0];
    }
    field(at, 0, "l", "item", 0);
    refused(&top, PLN_ELIMIT, "64");
}
END_TEST

START_TEST(metadata_is_kept_and_found) {
    struct ArrowSchema s;
    struct ArrowSchema copy;
    int32_t size;
    OK(pln__field_new(mem, "l", "x", true, 0, &s, &err));
    ck_assert_ptr_null(s.metadata);
    ck_assert_ptr_null(pln__field_metadata(&s, "k", &size));
    OK(pln__field_set_metadata(&s, "k", "first", &err));
    OK(pln__field_set_metadata(&s, "key", "other", &err));
    OK(pln__field_set_metadata(&s, "k", "the second, a longer one", &err));
    OK(pln__field_set_metadata(&s, "empty", "", &err));
    OK(pln__schema_copy(mem, &s, &copy, &err));
    s.release(&s);
    const char *at = pln__field_metadata(&copy, "k", &size);
    ck_assert_int_eq(size, 24);
    ck_assert_int_eq(memcmp(at, "the second, a longer one", 24), 0);
    at = pln__field_metadata(&copy, "key", &size);
    ck_assert_int_eq(size, 5);
    ck_assert_int_eq(memcmp(at, "other", 5), 0);
    ck_assert_ptr_nonnull(pln__field_metadata(&copy, "empty", &size));
    ck_assert_int_eq(size, 0);
    ck_assert_ptr_null(pln__field_metadata(&copy, "ke", &size));
    copy.release(&copy);
}
END_TEST

START_TEST(malformed_metadata_is_refused) {
    struct ArrowSchema s;
    struct ArrowSchema copy;
    int32_t size;
    static const int32_t blobs[][4] = {{-1, 0, 0, 0}, {1, -5, 0, 0}, {1, 0, -7, 0}};
    for (int i = 0; i < 3; i++) {
        plain_field("l", "x", true, &s);
        s.metadata = (const char *)blobs[i];
        ck_assert_int_eq(pln__schema_copy(mem, &s, &copy, &err), PLN_EDATA);
        ck_assert(strstr(err.message, "metadata") != NULL);
        ck_assert_ptr_null(pln__field_metadata(&s, "k", &size));
        s.release(&s);
    }
}
END_TEST

START_TEST(columns_are_found) {
    struct ArrowSchema top = fields(40);
    char name[32];
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, i == 37 ? "amount" : "other_%d", i);
        field(&top, i, "l", name, 0);
    }
    ck_assert_int_eq(pln__schema_find(&top, "amount"), 37);
    ck_assert_int_eq(pln__schema_find(&top, "amounts"), -1);
    ck_assert_int_eq(pln__schema_find_error(&top, "amont", &err), PLN_ENAME);
    ck_assert_msg(strcmp(err.message, "column 'amont': no such column (did you mean 'amount'?)") ==
                      0,
                  "%s", err.message);
    ck_assert_int_eq(pln__schema_find_error(&top, "zzzzzzzzzzzz", &err), PLN_ENAME);
    ck_assert(strstr(err.message, "did you mean") == NULL);
    top.release(&top);
}
END_TEST

static void differs(const struct ArrowSchema *a, const struct ArrowSchema *b,
                    const char *expected) {
    pln__text text;
    pln__text_init(&text, mem);
    ck_assert(!pln__schema_equal(a, b));
    pln__schema_difference(a, b, &text);
    ck_assert_str_eq(text.data, expected);
    pln__text_free(&text);
}

START_TEST(differences_are_told) {
    struct ArrowSchema a = nested();
    struct ArrowSchema b = nested();
    ck_assert(pln__schema_equal(&a, &b));
    struct ArrowSchema *item = b.children[0]->children[0];
    item->children[1]->release(item->children[1]);
    field(item, 1, "l", "b", 0);
    differs(&a, &b, "column tags[].b: expected utf8, got int64");
    item->children[1]->release(item->children[1]);
    field(item, 1, "u", "c", 0);
    differs(&a, &b, "column tags[].b: expected the name b, got c");
    item->children[1]->release(item->children[1]);
    OK(pln__field_new(mem, "u", "b", false, 0, item->children[1], &err));
    differs(&a, &b, "column tags[].b: expected nullable, got required");
    ck_assert(pln__schema_fits(&b, &a));
    ck_assert(!pln__schema_fits(&a, &b));
    b.release(&b);
    a.release(&a);
}
END_TEST

START_TEST(missing_and_more_columns_are_told) {
    struct ArrowSchema one = fields(1);
    struct ArrowSchema two = fields(2);
    field(&one, 0, "l", "a", 0);
    field(&two, 0, "l", "a", 0);
    field(&two, 1, "l", "b", 0);
    differs(&one, &two, "column b: not expected");
    differs(&two, &one, "column b: missing");
    one.release(&one);
    /* Names of list items and map entries differ between libraries and mean nothing. */
    one = fields(1);
    field(&one, 0, "+l", "a", 1);
    field(one.children[0], 0, "l", "item", 0);
    two.release(&two);
    two = fields(1);
    field(&two, 0, "+l", "a", 1);
    field(two.children[0], 0, "l", "element", 0);
    ck_assert(pln__schema_equal(&one, &two));
    one.release(&one);
    two.release(&two);
}
END_TEST

START_TEST(fields_take_another_name) {
    struct ArrowSchema top = nested();
    struct ArrowSchema copy;
    OK(pln__field_copy(mem, top.children[0], "labels", &copy, &err));
    ck_assert_str_eq(copy.name, "labels");
    ck_assert_str_eq(copy.children[0]->children[1]->name, "b");
    copy.release(&copy);
    OK(pln__field_copy(mem, top.children[0], NULL, &copy, &err));
    ck_assert_str_eq(copy.name, "tags");
    copy.release(&copy);
    top.release(&top);
}
END_TEST

START_TEST(children_of_schemas_move_out) {
    struct ArrowSchema top = nested();
    struct ArrowSchema moved = *top.children[0];
    top.children[0]->release = NULL;
    top.release(&top);
    ck_assert_str_eq(moved.children[0]->children[0]->format, "i");
    moved.release(&moved);
    ck_assert(moved.release == NULL);
}
END_TEST

Suite *suite_column_schema(void) {
    Suite *suite = suite_create("column/schema");
    TCase *tc = tcase_create("schema");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, formats_and_their_names);
    tcase_add_test(tc, nested_names);
    tcase_add_test(tc, names_are_checked);
    tcase_add_test(tc, structure_is_checked);
    tcase_add_test(tc, nesting_has_an_end);
    tcase_add_test(tc, metadata_is_kept_and_found);
    tcase_add_test(tc, malformed_metadata_is_refused);
    tcase_add_test(tc, columns_are_found);
    tcase_add_test(tc, differences_are_told);
    tcase_add_test(tc, missing_and_more_columns_are_told);
    tcase_add_test(tc, fields_take_another_name);
    tcase_add_test(tc, children_of_schemas_move_out);
    suite_add_tcase(suite, tc);
    return suite;
}
