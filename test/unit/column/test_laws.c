/* Every kernel over random nested arrays, judged row by row by a reader that knows nothing of the library. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* A law holds for every seed; a failure names the one. */
#define SEEDS 400
#define LAW(name)                                                                                  \
    static void name(int _i);                                                                      \
    START_TEST(law_##name) {                                                                       \
        for (seed = 0; seed < SEEDS; seed++)                                                       \
            name(seed);                                                                            \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name(int _i)

static int seed;

typedef struct world {
    rng r;
    const pln_allocator *mem;
    pln__heap *heap;
    pln_batch *batch;
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    pln_error err;
} world;

#define OK(w, call)                                                                                \
    do {                                                                                           \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == PLN_OK, "seed %d: %s: %d %s", seed, #call, status_,      \
                      (w)->err.message);           \
    } while (0)

static pln_batch *random_batch(world *w, const struct ArrowSchema *schema, int64_t length) {
    struct ArrowSchema copy;
    struct ArrowArray array;
    pln_batch *batch;
    OK(w, pln__schema_copy(w->mem, schema, &copy, &w->err));
    random_array(&w->r, schema, length, rng_below(&w->r, 4) ? RANDOM_OFFSETS : 0, &array);
    OK(w, pln__batch_import(w->mem, &copy, &array, &batch, &w->err));
    return batch;
}

static void world_init(world *w, uint64_t number) {
    struct ArrowSchema schema;
    *w = (world){.r = {number}};
    w->heap = pln__heap_new(NULL, 0);
    w->mem = pln__heap_allocator(w->heap);
    random_schema(&w->r, 4, (int)rng_below(&w->r, 5), &schema);
    w->batch = random_batch(w, &schema, rng_below(&w->r, 5) == 0 ? 0 : rng_below(&w->r, 90));
    schema.release(&schema);
    w->schema = pln_batch_schema(w->batch);
    w->array = pln_batch_array(w->batch);
}

static void world_end(world *w) {
    pln__heap_stats stats;
    pln_batch_unref(w->batch);
    ck_assert_int_eq(random_arrow_live(), 0);
    pln__heap_stats_get(w->heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 0);
    ck_assert_int_eq(stats.live_blocks, 0);
    pln__heap_close(w->heap);
}

static void same_text(char *expected, char *got) {
    ck_assert_msg(strcmp(expected, got) == 0, "seed %d: expected\n%s\ngot\n%s", seed, expected,
                  got);
    free(expected);
    free(got);
}

static void sound(world *w, const struct ArrowArray *array) {
    OK(w, pln__array_validate(w->schema, array, PLN__VALIDATE_FULL, &w->err));
}

static void rows_are(world *w, const pln_batch *batch, char *expected) {
    sound(w, pln_batch_array(batch));
    same_text(expected, show_rows(w->schema, pln_batch_array(batch)));
}

LAW(import_keeps_rows) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    world w = {.r = {(uint64_t)_i + 1}, .mem = pln__system_allocator()};
    random_schema(&w.r, 4, 4, &schema);
    random_array(&w.r, &schema, rng_below(&w.r, 50), RANDOM_OFFSETS, &array);
    char *before = show_rows(&schema, &array);
    OK(&w, pln__batch_import(w.mem, &schema, &array, &w.batch, &w.err));
    w.schema = pln_batch_schema(w.batch);
    ck_assert(schema.release == NULL);
    ck_assert(array.release == NULL);
    rows_are(&w, w.batch, before);
    pln_batch_unref(w.batch);
    ck_assert_int_eq(random_arrow_live(), 0);
}

LAW(slices) {
    world w;
    pln_batch *a;
    pln_batch *b;
    world_init(&w, (uint64_t)_i);
    int64_t rows = w.array->length;
    int64_t from = rng_below(&w.r, rows + 1);
    int64_t n = rng_below(&w.r, rows - from + 1);
    OK(&w, pln_batch_slice(w.batch, from, n, &a, &w.err));
    rows_are(&w, a, show_range(w.schema, w.array, from, n));
    /* A slice of a slice, which outlives both. */
    int64_t skip = rng_below(&w.r, n + 1);
    char *expected = show_range(w.schema, w.array, from + skip, n - skip);
    OK(&w, pln_batch_slice(a, skip, n - skip, &b, &w.err));
    pln_batch_unref(a);
    pln_batch *kept = pln_batch_ref(b);
    pln_batch_unref(w.batch);
    w.batch = NULL;
    w.schema = pln_batch_schema(b);
    rows_are(&w, b, expected);
    pln_batch_unref(b);
    pln_batch_unref(kept);
    world_end(&w);
}

LAW(gathers) {
    world w;
    pln_batch *got;
    world_init(&w, (uint64_t)_i);
    int64_t rows = w.array->length;
    int64_t n = rows == 0 ? 0 : rng_below(&w.r, 120);
    int32_t picks[120];
    char *expected = calloc(1, 1);
    for (int64_t i = 0; i < n; i++) {
        picks[i] = (int32_t)rng_below(&w.r, rows);
        char *row = show_range(w.schema, w.array, picks[i], 1);
        expected = realloc(expected, strlen(expected) + strlen(row) + 1);
        strcat(expected, row);
        free(row);
    }
    OK(&w, pln_batch_take(w.batch, picks, n, &got, &w.err));
    rows_are(&w, got, expected);
    pln_batch_unref(got);
    world_end(&w);
}

LAW(negative_rows_give_null) {
    world w;
    world_init(&w, (uint64_t)_i);
    int64_t rows = w.array->length;
    int32_t picks[50];
    for (int c = 0; c < w.array->n_children; c++) {
        const struct ArrowSchema *schema = w.schema->children[c];
        struct ArrowArray got;
        for (int i = 0; i < 50; i++)
            picks[i] = rows == 0 || rng_below(&w.r, 3) == 0 ? -1 : (int32_t)rng_below(&w.r, rows);
        OK(&w, pln__array_take(w.mem, schema, w.array->children[c], picks, 50, &got, &w.err));
        OK(&w, pln__array_validate(schema, &got, PLN__VALIDATE_DEFAULT, &w.err));
        for (int i = 0; i < 50; i++) {
            char *expected =
                picks[i] < 0 ? calloc(1, 8) : show_row(schema, w.array->children[c], picks[i]);
            if (picks[i] < 0)
                strcpy(expected, "null");
            same_text(expected, show_row(schema, &got, i));
            if (picks[i] < 0)
                ck_assert(pln__array_null_at(schema, &got, i));
        }
        got.release(&got);
    }
    world_end(&w);
}

LAW(concatenation) {
    world w;
    pln_batch *parts[4];
    pln_batch *got;
    char *expected = calloc(1, 1);
    world_init(&w, (uint64_t)_i);
    int n = 1 + (int)rng_below(&w.r, 4);
    for (int i = 0; i < n; i++) {
        pln_batch *whole = i == 0 || rng_below(&w.r, 2) == 0
                               ? pln_batch_ref(w.batch)
                               : random_batch(&w, w.schema, rng_below(&w.r, 40));
        int64_t rows = pln_batch_rows(whole);
        int64_t from = rng_below(&w.r, rows + 1);
        OK(&w, pln_batch_slice(whole, from, rng_below(&w.r, rows - from + 1), &parts[i], &w.err));
        pln_batch_unref(whole);
        char *text = show_rows(w.schema, pln_batch_array(parts[i]));
        expected = realloc(expected, strlen(expected) + strlen(text) + 1);
        strcat(expected, text);
        free(text);
    }
    OK(&w, pln_batch_concat(parts, n, &got, &w.err));
    rows_are(&w, got, expected);
    pln_batch_unref(got);
    for (int i = 0; i < n; i++)
        pln_batch_unref(parts[i]);
    world_end(&w);
}

LAW(copied_rows_and_truncation) {
    world w;
    pln__column column;
    struct ArrowArray got;
    world_init(&w, (uint64_t)_i);
    int64_t rows = w.array->length;
    OK(&w, pln__column_init(w.mem, w.schema, &column, &w.err));
    /* Twice, for the writer begins anew after finish. */
    for (int round = 0; round < 2; round++) {
        int64_t keep = rng_below(&w.r, rows + 1);
        for (int64_t i = 0; i < keep; i++)
            OK(&w, pln__column_copy(&column, w.array, i, &w.err));
        for (int64_t i = 0; rows > 0 && i < 20; i++)
            OK(&w, pln__column_copy(&column, w.array, rng_below(&w.r, rows), &w.err));
        pln__column_truncate(&column, keep);
        for (int64_t i = keep; i < rows; i++)
            OK(&w, pln__column_copy(&column, w.array, i, &w.err));
        ck_assert_int_eq(column.length, rows);
        OK(&w, pln__column_finish(&column, &got, &w.err));
        ck_assert_int_eq(column.length, 0);
        sound(&w, &got);
        same_text(show_rows(w.schema, w.array), show_rows(w.schema, &got));
        ck_assert(pln__array_equal(w.schema, w.array, &got));
        got.release(&got);
    }
    pln__column_free(&column);
    world_end(&w);
}

LAW(nulls_are_counted) {
    world w;
    world_init(&w, (uint64_t)_i);
    for (int64_t c = 0; c < w.array->n_children; c++) {
        int64_t nulls = 0;
        for (int64_t i = 0; i < w.array->length; i++) {
            char *text = show_row(w.schema->children[c], w.array->children[c], i);
            bool null = strcmp(text, "null") == 0;
            ck_assert_int_eq(pln__array_null_at(w.schema->children[c], w.array->children[c], i),
                             null);
            nulls += null;
            free(text);
        }
        ck_assert_int_eq(pln__array_null_count(w.schema->children[c], w.array->children[c]), nulls);
        /* A slice knows no count, and counts from its own first row. */
        struct ArrowArray slice;
        int64_t from = rng_below(&w.r, w.array->length + 1);
        OK(&w, pln__array_slice(w.mem, w.array->children[c], from, w.array->length - from, &slice,
                                &w.err));
        nulls = 0;
        for (int64_t i = 0; i < slice.length; i++)
            nulls += pln__array_null_at(w.schema->children[c], &slice, i);
        ck_assert_int_eq(pln__array_null_count(w.schema->children[c], &slice), nulls);
        slice.release(&slice);
    }
    world_end(&w);
}

LAW(all_null) {
    world w;
    struct ArrowArray got;
    world_init(&w, (uint64_t)_i);
    for (int64_t c = 0; c < w.array->n_children; c++) {
        OK(&w, pln__array_nulls(w.mem, w.schema->children[c], 9, &got, &w.err));
        OK(&w, pln__array_validate(w.schema->children[c], &got, PLN__VALIDATE_DEFAULT, &w.err));
        ck_assert_int_eq(got.length, 9);
        for (int i = 0; i < 9; i++) {
            char *expected = strcpy(malloc(8), "null");
            same_text(expected, show_row(w.schema->children[c], &got, i));
        }
        got.release(&got);
    }
    world_end(&w);
}

/* Rows are equal if their texts are; order is total. */
LAW(order_is_total) {
    world w;
    world_init(&w, (uint64_t)_i);
    pln_batch *other = random_batch(&w, w.schema, 30);
    const struct ArrowArray *both[2] = {w.array, pln_batch_array(other)};
    for (int round = 0; round < 300; round++) {
        const struct ArrowArray *a[3];
        int64_t at[3];
        int cmp[3][3];
        char *text[3];
        for (int i = 0; i < 3; i++) {
            a[i] = both[w.array->length == 0 ? 1 : rng_below(&w.r, 2)];
            at[i] = rng_below(&w.r, a[i]->length);
            text[i] = show_row(w.schema, a[i], at[i]);
        }
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++) {
                cmp[i][k] = pln__array_compare(w.schema, a[i], at[i], a[k], at[k]);
                ck_assert_msg((cmp[i][k] == 0) == (strcmp(text[i], text[k]) == 0), "%d: %s | %s",
                              cmp[i][k], text[i], text[k]);
            }
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++) {
                ck_assert_int_eq(cmp[i][k], -cmp[k][i]);
                for (int l = 0; l < 3; l++)
                    if (cmp[i][k] <= 0 && cmp[k][l] <= 0)
                        ck_assert_int_le(cmp[i][l], 0);
            }
        for (int i = 0; i < 3; i++)
            free(text[i]);
    }
    pln_batch_unref(other);
    world_end(&w);
}

LAW(equality_is_of_values) {
    world w;
    pln_batch *copy;
    pln_batch *other;
    world_init(&w, (uint64_t)_i);
    OK(&w, pln_batch_concat(&w.batch, 1, &copy, &w.err));
    ck_assert_int_eq(pln_batch_equal(w.batch, copy), 1);
    other = random_batch(&w, w.schema, w.array->length);
    char *a = show_rows(w.schema, w.array);
    char *b = show_rows(w.schema, pln_batch_array(other));
    ck_assert_int_eq(pln_batch_equal(w.batch, other), strcmp(a, b) == 0);
    free(a);
    free(b);
    pln_batch_unref(copy);
    pln_batch_unref(other);
    world_end(&w);
}

LAW(export_and_import_again) {
    world w;
    pln_batch *got;
    struct ArrowSchema schema;
    struct ArrowArray array;
    world_init(&w, (uint64_t)_i);
    char *expected = show_rows(w.schema, w.array);
    OK(&w, pln_batch_export(w.batch, &schema, &array, &w.err));
    pln_batch_unref(w.batch);
    w.batch = NULL;
    OK(&w, pln__batch_import(w.mem, &schema, &array, &got, &w.err));
    w.schema = pln_batch_schema(got);
    rows_are(&w, got, expected);
    pln_batch_unref(got);
    world_end(&w);
}

/* Children moved out one by one, their parents released around them. */
LAW(moved_children_live_on) {
    world w;
    struct ArrowArray array;
    struct ArrowArray moved[4];
    char *expected[4];
    world_init(&w, (uint64_t)_i);
    int64_t n = w.array->n_children;
    OK(&w, pln_batch_export(w.batch, NULL, &array, &w.err));
    for (int64_t c = 0; c < n; c++) {
        expected[c] = show_rows(w.schema->children[c], w.array->children[c]);
        moved[c] = *array.children[c];
        array.children[c]->release = NULL;
    }
    array.release(&array);
    ck_assert(array.release == NULL);
    for (int64_t c = n - 1; c >= 0; c--) {
        same_text(expected[c], show_rows(w.schema->children[c], &moved[c]));
        moved[c].release(&moved[c]);
        ck_assert(moved[c].release == NULL);
    }
    world_end(&w);
}

LAW(schemas_copy) {
    world w;
    struct ArrowSchema copy;
    pln__text difference;
    world_init(&w, (uint64_t)_i);
    OK(&w, pln__schema_copy(w.mem, w.schema, &copy, &w.err));
    OK(&w, pln__schema_check(&copy, &w.err));
    ck_assert(pln__schema_equal(w.schema, &copy));
    ck_assert(pln__schema_fits(w.schema, &copy));
    pln__text_init(&difference, w.mem);
    pln__schema_difference(w.schema, &copy, &difference);
    ck_assert_int_eq(difference.size, 0);
    pln__text_free(&difference);
    copy.release(&copy);
    world_end(&w);
}

Suite *suite_column_laws(void) {
    Suite *suite = suite_create("column/laws");
    TCase *tc = tcase_create("laws");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, law_import_keeps_rows);
    tcase_add_test(tc, law_slices);
    tcase_add_test(tc, law_gathers);
    tcase_add_test(tc, law_negative_rows_give_null);
    tcase_add_test(tc, law_concatenation);
    tcase_add_test(tc, law_copied_rows_and_truncation);
    tcase_add_test(tc, law_nulls_are_counted);
    tcase_add_test(tc, law_all_null);
    tcase_add_test(tc, law_order_is_total);
    tcase_add_test(tc, law_equality_is_of_values);
    tcase_add_test(tc, law_export_and_import_again);
    tcase_add_test(tc, law_moved_children_live_on);
    tcase_add_test(tc, law_schemas_copy);
    suite_add_tcase(suite, tc);
    return suite;
}
