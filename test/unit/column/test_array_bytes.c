/* Arrays as bytes and back: random arrays of every type, and bytes that were damaged. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <stdlib.h>

static pln_error err;

/* What a writer leaves has offset 0 everywhere: rows are gathered first. */
static void round_trip(uint64_t seed) {
    const pln_allocator *mem = pln__system_allocator();
    rng r = {seed};
    struct ArrowSchema schema;
    struct ArrowArray array, flat = {0}, back = {0};
    pln__buffer bytes = {0};
    int64_t n = rng_below(&r, 40);
    int32_t rows[40];
    random_schema(&r, 5, 2, &schema);
    random_array(&r, &schema, n, RANDOM_OFFSETS, &array);
    for (int32_t i = 0; i < n; i++)
        rows[i] = i;
    pln__column column;
    ck_assert_int_eq(pln__column_init(mem, &schema, &column, &err), PLN_OK);
    for (int32_t i = 0; i < n; i++)
        ck_assert_int_eq(pln__column_copy(&column, &array, rows[i], &err), PLN_OK);
    ck_assert_int_eq(pln__column_finish(&column, &flat, &err), PLN_OK);
    ck_assert_int_eq(pln__array_write(mem, &schema, &flat, &bytes, &err), PLN_OK);
    if (pln__array_read(mem, &schema, bytes.data, bytes.size, &back, &err) < 0)
        ck_abort_msg("seed %llu: %s", (unsigned long long)seed, err.message);
    char *want = show_rows(&schema, &array), *got = show_rows(&schema, &back);
    ck_assert_str_eq(got, want);
    free(want);
    free(got);
    pln__array_release(&back);
    /* Cut off anywhere, or with any byte changed: an error, or an array that is sound. */
    for (int64_t cut = 0; cut < bytes.size; cut += 1 + bytes.size / 97)
        ck_assert_int_lt(pln__array_read(mem, &schema, bytes.data, cut, &back, &err), 0);
    for (int64_t at = 0; at < bytes.size; at += 1 + bytes.size / 97) {
        bytes.data[at] ^= (uint8_t)(1 + rng_below(&r, 255));
        if (pln__array_read(mem, &schema, bytes.data, bytes.size, &back, &err) == PLN_OK) {
            ck_assert_int_eq(pln__array_validate(&schema, &back, PLN__VALIDATE_FULL, &err), PLN_OK);
            pln__array_release(&back);
        }
    }
    pln__column_free(&column);
    pln__buffer_free(mem, &bytes);
    pln__array_release(&flat);
    array.release(&array);
    schema.release(&schema);
}

START_TEST(written_and_read) {
    for (uint64_t seed = 1; seed < 200; seed++)
        round_trip(seed);
    ck_assert_int_eq(random_arrow_live(), 0);
}
END_TEST

START_TEST(a_slice_is_refused) {
    const pln_allocator *mem = pln__system_allocator();
    static const char *const formats[] = {"l", NULL};
    rng r = {3};
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln__buffer bytes = {0};
    plain_schema(formats, &schema);
    random_array(&r, &schema, 10, 0, &array);
    array.children[0]->offset = 2;
    array.children[0]->length = 8;
    array.length = 8;
    ck_assert_int_eq(pln__array_write(mem, &schema, &array, &bytes, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "column a: rows from 2 on"));
    pln__buffer_free(mem, &bytes);
    array.release(&array);
    schema.release(&schema);
}
END_TEST

Suite *suite_column_array_bytes(void);
Suite *suite_column_array_bytes(void) {
    Suite *suite = suite_create("column/array_bytes");
    TCase *tcase = tcase_create("bytes");
    tcase_add_test(tcase, written_and_read);
    tcase_add_test(tcase, a_slice_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
