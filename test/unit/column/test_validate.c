/* Validation: each class of damage is found at its level, and no damage at all makes it fall over. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;
static struct ArrowSchema schema;
static struct ArrowArray array;

static void setup(void) {
    mem = pln__system_allocator();
    err = (pln_error){0};
}

static void *writable(const void *p) {
    return (void *)(uintptr_t)p;
}

/* Ten rows of one column without nulls, offset 0. */
static struct ArrowArray *one(const char *format) {
    const char *formats[] = {format, NULL};
    rng r = {3};
    plain_schema(formats, &schema);
    random_array(&r, &schema, 10, RANDOM_NO_NULLS, &array);
    return array.children[0];
}

static void finds(int32_t level, const char *words) {
    for (int32_t l = 1; l <= PLN__VALIDATE_FULL; l++) {
        err = (pln_error){0};
        pln_status status = pln__array_validate(&schema, &array, l, &err);
        ck_assert_msg(status == (l < level ? PLN_OK : PLN_EDATA), "level %d: %d %s", l, status,
                      err.message);
    }
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    array.release(&array);
    schema.release(&schema);
}

START_TEST(structure) {
    one("l")->length = -1;
    finds(1, "column a: length -1");
    one("l")->offset = -5;
    finds(1, "column a: offset -5");
    one("l")->length = INT64_MAX;
    finds(1, "length");
    one("l")->null_count = 11;
    finds(1, "null count 11");
    one("l")->null_count = -2;
    finds(1, "null count -2");
    struct ArrowArray *column = one("l");
    column->n_buffers = 1;
    ck_assert_int_eq(pln__array_validate(&schema, &array, 1, &err), PLN_EDATA);
    ck_assert(strstr(err.message, "number of buffers 1") != NULL);
    column->n_buffers = 2;
    column->length = 9;
    finds(1, "rows of a struct's child");
    column = one("l");
    free(writable(column->buffers[1]));
    column->buffers[1] = NULL;
    finds(1, "buffer 1 is missing");
    one("l")->null_count = 1;
    finds(1, "no validity bitmap");
}
END_TEST

START_TEST(children) {
    one("l");
    array.n_children = 0;
    pln_status status = pln__array_validate(&schema, &array, 1, &err);
    ck_assert_int_eq(status, PLN_EDATA);
    ck_assert(strstr(err.message, "number of children 0") != NULL);
    array.n_children = 1;
    struct ArrowArray *kept = array.children[0];
    array.children[0] = NULL;
    ck_assert_int_eq(pln__array_validate(&schema, &array, 1, &err), PLN_EDATA);
    array.children[0] = kept;
    struct ArrowArray dictionary = {0};
    kept->dictionary = &dictionary;
    ck_assert_int_eq(pln__array_validate(&schema, &array, 1, &err), PLN_EDATA);
    ck_assert(strstr(err.message, "dictionar") != NULL);
    kept->dictionary = NULL;
    finds(9, "");
}
END_TEST

static void set_offset(struct ArrowArray *column, int i, int32_t value) {
    ((int32_t *)writable(column->buffers[1]))[i] = value;
}

START_TEST(offsets) {
    set_offset(one("u"), 0, -1);
    finds(2, "row 0: offset -1");
    set_offset(one("u"), 10, -1);
    finds(2, "end offset -1");
    set_offset(one("u"), 4, INT32_MAX);
    finds(3, "column a: row 3: end offset 2147483647");
    set_offset(one("u"), 4, INT32_MIN);
    finds(3, "end offset");
    struct ArrowArray *column = one("u");
    free(writable(column->buffers[2]));
    column->buffers[2] = NULL;
    finds(2, "buffer 2 is missing");
}
END_TEST

START_TEST(null_counts) {
    struct ArrowArray *column = one("l");
    uint8_t *bits = calloc(1, 2);
    bits[0] = 0xfe;
    bits[1] = 0xff;
    column->buffers[0] = bits;
    column->null_count = 2;
    finds(2, "null count 2");
    column = one("n");
    column->null_count = 3;
    finds(2, "null count 3");
}
END_TEST

START_TEST(utf8) {
    /* A character cut in two by an offset: the bytes together are fine. */
    struct ArrowArray *column = one("u");
    const int32_t *ends = column->buffers[1];
    ((uint8_t *)writable(column->buffers[2]))[ends[10] - 1] = 0xc3;
    finds(3, "invalid UTF-8");
    column = one("u");
    int32_t first = 0;
    while (ends = column->buffers[1], ends[first + 1] - ends[first] < 2)
        first++;
    uint8_t *bytes = writable(column->buffers[2]);
    bytes[ends[first]] = 0xc3;
    bytes[ends[first] + 1] = 0xa9;
    set_offset(column, first + 1, ends[first] + 1);
    finds(3, "invalid UTF-8");
    /* Binary may hold anything. */
    column = one("z");
    memset(writable(column->buffers[2]), 0xff, 3);
    finds(9, "");
}
END_TEST

START_TEST(decimals) {
    int64_t most[2] = {9999999999, 0};
    struct ArrowArray *column = one("d:10,2");
    memcpy(writable(column->buffers[1]), most, 16);
    most[0] = -most[0];
    most[1] = -1;
    memcpy((uint8_t *)writable(column->buffers[1]) + 16, most, 16);
    finds(9, "");
    column = one("d:10,2");
    most[0] = 10000000000;
    most[1] = 0;
    memcpy((uint8_t *)writable(column->buffers[1]) + 48, most, 16);
    finds(3, "column a: row 3: a decimal has more digits than 10");
    column = one("d:10,2");
    most[0] = -most[0];
    most[1] = -1;
    memcpy(writable(column->buffers[1]), most, 16);
    finds(3, "row 0");
    column = one("d:38,0");
    most[0] = 0;
    most[1] = INT64_MIN;
    memcpy(writable(column->buffers[1]), most, 16);
    finds(3, "digits");
}
END_TEST

static struct ArrowArray *dictionary(void) {
    rng r = {5};
    plain_schema((const char *const[]){"c", NULL}, &schema);
    struct ArrowSchema *values = calloc(1, sizeof *values);
    plain_field("u", "", true, values);
    schema.children[0]->dictionary = values;
    random_array(&r, &schema, 10, RANDOM_NO_NULLS, &array);
    return array.children[0];
}

START_TEST(dictionaries) {
    struct ArrowArray *column = dictionary();
    ((int8_t *)writable(column->buffers[1]))[7] = -1;
    finds(3, "row 7: dictionary index -1");
    column = dictionary();
    ((int8_t *)writable(column->buffers[1]))[2] = (int8_t)column->dictionary->length;
    finds(3, "row 2: dictionary index");
    /* Under a null any index will do. */
    column = dictionary();
    ((int8_t *)writable(column->buffers[1]))[2] = 100;
    uint8_t *bits = malloc(2);
    bits[0] = 0xfb;
    bits[1] = 0xff;
    column->buffers[0] = bits;
    column->null_count = 1;
    finds(9, "");
}
END_TEST

static struct ArrowArray *with_child(const char *format, const char *child) {
    rng r = {11};
    const char *formats[] = {format, NULL};
    plain_schema(formats, &schema);
    struct ArrowSchema *column = schema.children[0];
    column->children = malloc(sizeof(struct ArrowSchema *));
    column->children[0] = malloc(sizeof(struct ArrowSchema));
    column->n_children = 1;
    plain_field(child, "v", true, column->children[0]);
    random_array(&r, &schema, 10, RANDOM_NO_NULLS, &array);
    return array.children[0];
}

START_TEST(lists_and_unions) {
    struct ArrowArray *column = with_child("+l", "l");
    set_offset(column, 10, (int32_t)column->children[0]->length + 1);
    finds(2, "column a: row 9: end offset");
    column = with_child("+l", "l");
    column->children[0]->offset = -1;
    finds(1, "column a[]: offset -1");
    column = with_child("+ud:5", "l");
    ((int8_t *)writable(column->buffers[0]))[3] = 6;
    finds(3, "row 3: type id 6");
    column = with_child("+ud:5", "l");
    ((int8_t *)writable(column->buffers[0]))[3] = -128;
    finds(3, "type id -128");
    column = with_child("+ud:5", "l");
    set_offset(column, 3, 10);
    finds(3, "row 3: offset into a union's child 10");
    column = with_child("+ud:5", "l");
    set_offset(column, 3, -1);
    finds(3, "child -1");
    column = with_child("+s", "u");
    set_offset(column->children[0], 4, -7);
    finds(3, "column a.v: row 3: end offset -7");
}
END_TEST

START_TEST(required_fields) {
    struct ArrowArray *column = one("l");
    schema.children[0]->flags = 0;
    uint8_t *bits = malloc(2);
    memset(bits, 0xff, 2);
    bits[0] = 0xdf;
    column->buffers[0] = bits;
    column->null_count = 1;
    finds(3, "column a: row 5: null in a required column");
    /* Where its parent is null, a required field has nothing to say. */
    column = with_child("+s", "l");
    schema.children[0]->children[0]->flags = 0;
    bits = malloc(2);
    memset(bits, 0xff, 2);
    bits[0] = 0xdf;
    column->children[0]->buffers[0] = memcpy(malloc(2), bits, 2);
    column->children[0]->null_count = 1;
    column->buffers[0] = bits;
    column->null_count = 1;
    finds(9, "");
}
END_TEST

/* ---- anything at all ---- */

/* Changes one thing somewhere in the tree, never promising more memory than there is. */
static void damage(rng *r, const struct ArrowSchema *s, struct ArrowArray *a) {
    bool down = rng_below(r, 3) != 0;
    if (down && a->n_children > 0 && s->n_children == a->n_children) {
        int64_t i = rng_below(r, a->n_children);
        if (a->children[i] != NULL)
            damage(r, s->children[i], a->children[i]);
        return;
    }
    if (down && a->dictionary != NULL) {
        damage(r, s->dictionary, a->dictionary);
        return;
    }
    int64_t rows = a->offset + a->length;
    bool text = s->dictionary == NULL && (s->format[0] == 'u' || s->format[0] == 'z');
    int64_t kind = rng_below(r, 12);
    if (kind == 0) {
        a->null_count = (int64_t)rng_next(r) >> rng_below(r, 64);
    } else if (kind == 1 && a->length > 0 && !text) {
        a->length -= rng_below(r, a->length + 1);
    } else if (kind == 2) {
        a->length = -rng_below(r, 100) - 1;
    } else if (kind == 3 && a->offset > 0 && !text) {
        a->offset -= rng_below(r, a->offset + 1);
    } else if (kind == 4) {
        a->n_buffers = rng_below(r, 7) - 2;
    } else if (rows > 0 && strcmp(s->format, "+s") != 0 && s->format[0] != 'n' &&
               a->buffers[1] != NULL) {
        /* Values, indices or offsets; the last offset of text says how large the text is, which nobody can know better. */
        bool ids = s->format[0] == '+' && s->format[1] == 'u';
        bool wide = text || s->format[0] == '+';
        if (ids && rng_below(r, 2) == 0)
            ((uint8_t *)writable(a->buffers[0]))[rng_below(r, rows)] = (uint8_t)rng_next(r);
        else if (wide)
            ((int32_t *)writable(a->buffers[1]))[rng_below(r, rows)] =
                (int32_t)rng_next(r) >> rng_below(r, 32);
        else
            ((uint8_t *)writable(
                a->buffers[1]))[rng_below(r, s->format[0] == 'b' ? (rows + 7) / 8 : rows)] =
                (uint8_t)rng_next(r);
    } else if (rows > 0 && s->format[0] != 'n' && a->buffers[0] != NULL) {
        ((uint8_t *)writable(a->buffers[0]))[rng_below(r, (rows + 7) / 8)] = (uint8_t)rng_next(r);
    }
}

/* Restores what the producer's own release needs. */
typedef struct shape {
    int64_t n_buffers;
    struct shape *below;
} shape;

static shape *remember(const struct ArrowArray *a) {
    shape *s = calloc((size_t)a->n_children + 2, sizeof *s);
    s[0].n_buffers = a->n_buffers;
    for (int64_t i = 0; i < a->n_children; i++)
        s[i + 1].below = remember(a->children[i]);
    if (a->dictionary != NULL)
        s[a->n_children + 1].below = remember(a->dictionary);
    return s;
}

static void restore(struct ArrowArray *a, shape *s) {
    a->n_buffers = s[0].n_buffers;
    for (int64_t i = 0; i < a->n_children; i++)
        restore(a->children[i], s[i + 1].below);
    if (a->dictionary != NULL)
        restore(a->dictionary, s[a->n_children + 1].below);
    free(s);
}

START_TEST(no_damage_makes_it_fall_over) {
    int64_t found = 0;
    int64_t fine = 0;
    for (uint64_t seed = 0; seed < 6000; seed++) {
        rng r = {seed};
        random_schema(&r, 3, 4, &schema);
        random_array(&r, &schema, rng_below(&r, 30), RANDOM_OFFSETS, &array);
        shape *intact = remember(&array);
        for (int64_t n = 1 + rng_below(&r, 3); n > 0; n--)
            damage(&r, &schema, &array);
        pln_status status = pln__array_validate(&schema, &array, PLN__VALIDATE_FULL, &err);
        ck_assert(status == PLN_OK || status == PLN_EDATA);
        for (int32_t level = 1; status == PLN_OK && level < PLN__VALIDATE_FULL; level++)
            ck_assert_int_eq(pln__array_validate(&schema, &array, level, &err), PLN_OK);
        found += status != PLN_OK;
        fine += status == PLN_OK;
        if (status == PLN_OK && array.length > 0) {
            /* What passes is safe to work with. */
            int32_t rows[3] = {(int32_t)rng_below(&r, array.length), -1, 0};
            struct ArrowArray got;
            const struct ArrowArray *twice[2] = {&array, &array};
            ck_assert_int_eq(pln__array_take(mem, &schema, &array, rows, 3, &got, &err), PLN_OK);
            got.release(&got);
            ck_assert_int_eq(pln__array_concat(mem, &schema, twice, 2, &got, &err), PLN_OK);
            got.release(&got);
            free(show_rows(&schema, &array));
        }
        restore(&array, intact);
        array.release(&array);
        schema.release(&schema);
    }
    /* Both outcomes must be common, or the test tests nothing. */
    ck_assert_int_gt(found, 1500);
    ck_assert_int_gt(fine, 500);
}
END_TEST

Suite *suite_column_validate(void) {
    Suite *suite = suite_create("column/validate");
    TCase *tc = tcase_create("validate");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, structure);
    tcase_add_test(tc, children);
    tcase_add_test(tc, offsets);
    tcase_add_test(tc, null_counts);
    tcase_add_test(tc, utf8);
    tcase_add_test(tc, decimals);
    tcase_add_test(tc, dictionaries);
    tcase_add_test(tc, lists_and_unions);
    tcase_add_test(tc, required_fields);
    tcase_add_test(tc, no_damage_makes_it_fall_over);
    suite_add_tcase(suite, tc);
    return suite;
}
