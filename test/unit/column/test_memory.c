/* Every allocation of everything fails once: PLN_ENOMEM, nothing lost, nothing released twice. */
#include "column/column.h"
#include "fail_alloc.h"
#include "random_arrow.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct scene {
    rng r;
    const pln_allocator *mem;
    pln_error err;
    pln_batch *batch;
    pln_batch *made[8];
    int n;
} scene;

static pln_status import(scene *s) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    random_schema(&s->r, 4, 4, &schema);
    random_array(&s->r, &schema, 20, RANDOM_OFFSETS, &array);
    return pln__batch_import(s->mem, &schema, &array, &s->batch, &s->err);
}

static pln_status kernels(scene *s) {
    static const int32_t rows[] = {3, 3, 19, 0, 7};
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    pln_batch *more = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln_batch_slice(s->batch, 2, 9, &s->made[s->n++], &s->err));
    PLN__TRY(pln_batch_take(s->batch, rows, 5, &s->made[s->n++], &s->err));
    PLN__TRY(pln_batch_concat(s->made, s->n, &s->made[s->n], &s->err));
    s->n++;
    PLN__TRY(pln_batch_export(s->batch, &schema, &array, &s->err));
    status = pln__batch_import(s->mem, &schema, &array, &more, &s->err);
out:
    pln_batch_unref(more);
    return status;
}

static pln_status write_rows(scene *s) {
    pln_status status = PLN_OK;
    pln__column column = {0};
    struct ArrowArray got = {0};
    pln_status failed = PLN_OK;
    PLN__TRY(pln__column_init(s->mem, pln_batch_schema(s->batch), &column, &s->err));
    for (int64_t i = 0; i < 20; i++) {
        int64_t before = column.length;
        status = pln__column_copy(&column, pln_batch_array(s->batch), i, &s->err);
        if (status == PLN_OK)
            continue;
        /* A failed copy leaves the rows before it whole: where memory is back, the writer goes on. */
        ck_assert_int_eq(column.length, before);
        failed = status;
        PLN__TRY(pln__column_copy(&column, pln_batch_array(s->batch), i, &s->err));
    }
    PLN__TRY(pln__column_finish(&column, &got, &s->err));
    ck_assert(pln__array_equal(pln_batch_schema(s->batch), pln_batch_array(s->batch), &got));
    ck_assert_int_eq(
        pln__array_validate(pln_batch_schema(s->batch), &got, PLN__VALIDATE_FULL, NULL), PLN_OK);
    status =
        pln__batch_new(s->mem, pln__batch_schema_ref(s->batch), &got, &s->made[s->n++], &s->err);
out:
    pln__column_free(&column);
    return failed < 0 ? failed : status;
}

static pln_status columns(scene *s) {
    pln_status status = PLN_OK;
    const struct ArrowSchema *schema = pln_batch_schema(s->batch);
    for (int64_t c = 0; c < schema->n_children; c++) {
        struct ArrowArray got = {0};
        PLN__TRY(pln__array_nulls(s->mem, schema->children[c], 7, &got, &s->err));
        pln__array_release(&got);
    }
out:
    return status;
}

static void release_nothing(void *owner) {
    ++*(int *)owner;
}

static pln_status origins(scene *s, int *released) {
    static const int64_t position[20] = {0};
    static const int32_t rows[] = {1, 2};
    pln__origin origin = {
        .split = "s", .position = position, .release = release_nothing, .owner = released};
    pln__derivation how = {.parent = s->batch, .rows = rows, .length = 2};
    pln_status status = pln__batch_set_origin(s->batch, &origin, &s->err);
    if (status == PLN_OK)
        status = pln__batch_derive(s->mem, &how, &s->made[s->n++], &s->err);
    return status;
}

static pln_status play(scene *s, int *released) {
    pln_status status = PLN_OK;
    PLN__TRY(import(s));
    PLN__TRY(kernels(s));
    PLN__TRY(write_rows(s));
    PLN__TRY(columns(s));
    PLN__TRY(origins(s, released));
out:
    for (int i = 0; i < s->n; i++)
        pln_batch_unref(s->made[i]);
    pln_batch_unref(s->batch);
    return status;
}

static void every_failure(int seed, bool once) {
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        int released = 0;
        scene s = {.r = {(uint64_t)seed}, .mem = fail_alloc_init(&f, n)};
        f.once = once;
        pln_status status = play(&s, &released);
        ck_assert_msg(fail_alloc_live(&f) == 0, "seed %d, request %lld: %lld bytes stay", seed,
                      (long long)n, (long long)fail_alloc_live(&f));
        ck_assert_int_eq(random_arrow_live(), 0);
        ck_assert_int_le(released, 1);
        if (!f.failed) {
            ck_assert_int_eq(status, PLN_OK);
            ck_assert_int_eq(released, 1);
            ck_assert_int_gt(n, 20);
            return;
        }
        ck_assert_msg(status == PLN_ENOMEM, "seed %d, request %lld: %d %s", seed, (long long)n,
                      status, s.err.message);
    }
}

START_TEST(all_later_requests_fail) {
    for (int seed = 0; seed < 25; seed++)
        every_failure(seed, false);
}
END_TEST

START_TEST(one_request_fails) {
    for (int seed = 0; seed < 25; seed++)
        every_failure(seed, true);
}
END_TEST

/* A builder that failed goes on once there is memory. */
START_TEST(builder_survives) {
    for (int64_t n = 0;; n++) {
        static const char *const formats[] = {"u", "l", NULL};
        fail_alloc f;
        struct ArrowSchema plain;
        struct ArrowSchema copy = {0};
        pln__schema *schema = NULL;
        pln_builder *builder = NULL;
        pln_batch *batch = NULL;
        pln_status status = PLN_OK;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        plain_schema(formats, &plain);
        f.once = true;
        status = pln__schema_copy(mem, &plain, &copy, NULL);
        plain.release(&plain);
        if (status == PLN_OK)
            status = pln__schema_share(mem, &copy, &schema, NULL);
        if (status == PLN_OK)
            status = pln__builder_new(mem, schema, &builder, NULL);
        ck_assert(status == PLN_OK || f.failed);
        for (int i = 0; builder != NULL && i < 100; i++) {
            char text[16];
            snprintf(text, sizeof text, "row %d", i);
            /* The only failure is one failure: trying again works. */
            if (pln_column_text(pln_builder_column(builder, 0), text, -1, NULL) < 0)
                ck_assert_int_eq(pln_column_text(pln_builder_column(builder, 0), text, -1, NULL),
                                 PLN_OK);
            if (pln_column_int(pln_builder_column(builder, 1), i, NULL) < 0)
                ck_assert_int_eq(pln_column_int(pln_builder_column(builder, 1), i, NULL), PLN_OK);
        }
        if (builder != NULL && pln_builder_finish(builder, &batch, NULL) == PLN_OK) {
            const struct ArrowArray *rows = pln_batch_array(batch);
            ck_assert_int_eq(rows->length, 100);
            char *last = show_row(pln_batch_schema(batch), rows, 99);
            ck_assert_str_eq(last, "{a: \"row 99\", b: 99}");
            free(last);
        } else {
            ck_assert(f.failed);
        }
        pln_batch_unref(batch);
        pln_builder_free(builder);
        pln__schema_unref(schema);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (!f.failed)
            break;
    }
}
END_TEST

Suite *suite_column_memory(void) {
    Suite *suite = suite_create("column/memory");
    TCase *tc = tcase_create("memory");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, all_later_requests_fail);
    tcase_add_test(tc, one_request_fails);
    tcase_add_test(tc, builder_survives);
    suite_add_tcase(suite, tc);
    return suite;
}
