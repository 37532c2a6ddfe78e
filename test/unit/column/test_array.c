/* Ownership rules of the Arrow C Data Interface, from both sides, and the order of releases. */
#include "column/column.h"
#include "fail_alloc.h"
#include "random_arrow.h"
#include <check.h>
#include <pthread.h>
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

/* ---- a producer that counts ---- */

typedef struct counted {
    int released;
    int children_released; /* by a consumer, which must not */
    int64_t values[4];
    uint8_t validity[1];
    const void *buffers[2];
    const void *top_buffers[1];
    struct ArrowArray child;
    struct ArrowArray *children[1];
} counted;

static void counted_child_release(struct ArrowArray *array) {
    ((counted *)array->private_data)->children_released++;
    array->release = NULL;
}

static void counted_release(struct ArrowArray *array) {
    counted *c = array->private_data;
    c->released++;
    /* A producer looks after its children itself. */
    if (c->child.release != NULL)
        c->child.release = NULL;
    array->release = NULL;
}

static void counted_array(counted *c, struct ArrowArray *out) {
    *c = (counted){.values = {10, 20, 30, 40}, .validity = {0x0d}};
    c->buffers[0] = c->validity;
    c->buffers[1] = c->values;
    c->child = (struct ArrowArray){.length = 4,
                                   .null_count = 1,
                                   .n_buffers = 2,
                                   .buffers = c->buffers,
                                   .release = counted_child_release,
                                   .private_data = c};
    c->children[0] = &c->child;
    *out = (struct ArrowArray){.length = 4,
                               .n_buffers = 1,
                               .n_children = 1,
                               .buffers = c->top_buffers,
                               .children = c->children,
                               .release = counted_release,
                               .private_data = c};
}

static void never_released(struct ArrowArray *array) {
    (void)array;
    ck_abort_msg("the release of a child was called");
}

static void count_array_release(struct ArrowArray *array) {
    ++*(int *)array->private_data;
    array->release = NULL;
}

static int schema_releases;
static const char *schema_formats[2] = {"+s", "l"};
static struct ArrowSchema schema_child;
static struct ArrowSchema *schema_children[1];

static void counted_schema_release(struct ArrowSchema *schema) {
    schema_releases++;
    schema->release = NULL;
}

static void counted_schema(struct ArrowSchema *out) {
    schema_releases = 0;
    schema_child = (struct ArrowSchema){.format = schema_formats[1],
                                        .name = "a",
                                        .flags = ARROW_FLAG_NULLABLE,
                                        .release = counted_schema_release};
    schema_children[0] = &schema_child;
    *out = (struct ArrowSchema){.format = schema_formats[0],
                                .n_children = 1,
                                .children = schema_children,
                                .release = counted_schema_release};
}

static pln_batch *import(counted *c) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *batch;
    counted_schema(&schema);
    counted_array(c, &array);
    OK(pln__batch_import(mem, &schema, &array, &batch, &err));
    ck_assert(schema.release == NULL);
    ck_assert(array.release == NULL);
    return batch;
}

START_TEST(import_copies_nothing_and_releases_once) {
    counted c;
    pln_batch *batch = import(&c);
    ck_assert_ptr_eq(pln_batch_array(batch)->children[0]->buffers[1], c.values);
    ck_assert_int_eq(schema_releases, 1);
    ck_assert_int_eq(c.released, 0);
    pln_batch_unref(batch);
    ck_assert_int_eq(c.released, 1);
    ck_assert_int_eq(c.children_released, 0);
}
END_TEST

START_TEST(the_last_of_all_sharers_releases) {
    counted c;
    pln_batch *slice;
    struct ArrowArray exported;
    struct ArrowArray moved;
    pln_batch *batch = import(&c);
    OK(pln_batch_slice(batch, 1, 2, &slice, &err));
    OK(pln_batch_export(slice, NULL, &exported, &err));
    pln_batch_unref(batch);
    pln_batch_unref(slice);
    ck_assert_int_eq(c.released, 0);
    /* Move the child out; the rest goes at once, the data stays for the child. */
    moved = *exported.children[0];
    exported.children[0]->release = NULL;
    exported.release(&exported);
    ck_assert_int_eq(c.released, 0);
    ck_assert_int_eq(moved.length, 2);
    ck_assert_int_eq(((const int64_t *)moved.buffers[1])[moved.offset + 1], 30);
    moved.release(&moved);
    ck_assert_int_eq(c.released, 1);
    ck_assert_int_eq(c.children_released, 0);
}
END_TEST

START_TEST(moved_structs_are_whole) {
    counted c;
    struct ArrowArray exported;
    struct ArrowSchema schema;
    pln_batch *batch = import(&c);
    OK(pln_batch_export(batch, &schema, &exported, &err));
    pln_batch_unref(batch);
    /* memcpy and forget the source: nothing may point into it. */
    struct ArrowArray *array = malloc(sizeof *array);
    struct ArrowSchema *fields = malloc(sizeof *fields);
    memcpy(array, &exported, sizeof exported);
    memcpy(fields, &schema, sizeof schema);
    memset(&exported, 0xee, sizeof exported);
    memset(&schema, 0xee, sizeof schema);
    char *text = show_rows(fields, array);
    ck_assert_str_eq(text, "{a: 10}\n{a: null}\n{a: 30}\n{a: 40}\n");
    free(text);
    array->release(array);
    ck_assert(array->release == NULL);
    fields->release(fields);
    ck_assert(fields->release == NULL);
    free(array);
    free(fields);
    ck_assert_int_eq(c.released, 1);
}
END_TEST

START_TEST(failed_import_releases_both) {
    static const char *const bad[] = {
        "e",         "U",   "vu",    "+L", "tdm", "tiM", "tDs", "d:39,0",
        "d:5,2,256", "w:0", "+us:0", "+r", "",    "q",   "ts",  "w:x",    "+w:2"};
    for (int i = 0; i < PLN__COUNT(bad) + 2; i++) {
        counted c;
        struct ArrowSchema schema;
        struct ArrowArray array;
        pln_batch *batch = (pln_batch *)&c;
        pln_status expected = PLN_EUNSUPPORTED;
        counted_schema(&schema);
        counted_array(&c, &array);
        if (i < PLN__COUNT(bad)) {
            schema_child.format = bad[i];
        } else if (i == PLN__COUNT(bad)) {
            array.offset = 1;
            expected = PLN_EDATA;
        } else {
            c.child.null_count = 3;
            expected = PLN_EDATA;
        }
        ck_assert_int_eq(pln__batch_import(mem, &schema, &array, &batch, &err), expected);
        ck_assert_ptr_null(batch);
        ck_assert(schema.release == NULL);
        ck_assert(array.release == NULL);
        ck_assert_int_eq(c.released, 1);
        ck_assert_int_eq(schema_releases, 1);
        ck_assert_msg(strstr(err.message, i > PLN__COUNT(bad) ? "null count" : ""), "%s",
                      err.message);
        if (i < PLN__COUNT(bad)) {
            ck_assert_msg(strstr(err.message, "column 'a'") != NULL, "%s", err.message);
            ck_assert_msg(strstr(err.message, bad[i]) != NULL, "%s", err.message);
        }
    }
}
END_TEST

START_TEST(released_structs_are_refused) {
    counted c;
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *batch;
    counted_schema(&schema);
    counted_array(&c, &array);
    array.release = NULL;
    ck_assert_int_eq(pln__batch_import(mem, &schema, &array, &batch, &err), PLN_EINVAL);
    ck_assert(schema.release == NULL);
    counted_schema(&schema);
    schema.release = NULL;
    counted_array(&c, &array);
    ck_assert_int_eq(pln__batch_import(mem, &schema, &array, &batch, &err), PLN_EINVAL);
    ck_assert_int_eq(c.released, 1);
}
END_TEST

START_TEST(an_exported_tree_may_be_taken_apart_and_refused) {
    counted c;
    struct ArrowArray exported;
    struct ArrowArray slice;
    pln_batch *batch = import(&c);
    OK(pln_batch_export(batch, NULL, &exported, &err));
    exported.children[0]->release(exported.children[0]);
    /* The child is gone: sharing says so and does not read it. */
    ck_assert_int_eq(pln__array_share(mem, &exported, &slice, &err), PLN_EINVAL);
    exported.release(&exported);
    pln_batch_unref(batch);
    ck_assert_int_eq(c.released, 1);
}
END_TEST

/* A child of a struct that is longer than the struct is cut to it, so that no consumer stumbles. */
START_TEST(longer_children_are_cut) {
    counted c;
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *batch;
    counted_schema(&schema);
    counted_array(&c, &array);
    array.length = 2;
    OK(pln__batch_import(mem, &schema, &array, &batch, &err));
    ck_assert_int_eq(pln_batch_rows(batch), 2);
    ck_assert_int_eq(pln_batch_array(batch)->children[0]->length, 2);
    ck_assert_int_eq(pln_batch_array(batch)->children[0]->null_count, 1);
    pln_batch_unref(batch);
    ck_assert_int_eq(c.released, 1);
}
END_TEST

START_TEST(misaligned_buffers_are_copied) {
    counted c;
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *batch;
    uint8_t *odd = malloc(33);
    counted_schema(&schema);
    counted_array(&c, &array);
    memcpy(odd + 1, c.values, 32);
    c.buffers[1] = odd + 1;
    OK(pln__batch_import(mem, &schema, &array, &batch, &err));
    const int64_t *values = pln_batch_array(batch)->children[0]->buffers[1];
    ck_assert_int_eq((uintptr_t)values % 8, 0);
    ck_assert_int_eq(values[2], 30);
    pln_batch_unref(batch);
    ck_assert_int_eq(c.released, 1);
    free(odd);
}
END_TEST

START_TEST(unknown_null_counts_are_counted) {
    counted c;
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *batch;
    counted_schema(&schema);
    counted_array(&c, &array);
    c.child.null_count = -1;
    array.null_count = -1;
    OK(pln__batch_import(mem, &schema, &array, &batch, &err));
    ck_assert_int_eq(pln_batch_array(batch)->null_count, 0);
    ck_assert_int_eq(pln_batch_array(batch)->children[0]->null_count, 1);
    pln_batch_unref(batch);
}
END_TEST

/*
 * Only the last offset says how large a text is. Rows cut off before that would take the bound with them, and what then
 * looks whole would be read beyond its end; so offsets that do not ascend never come in, at any depth.
 */
static pln_status import_text(int depth, int64_t rows) {
    /* The heap, and exact sizes: a sanitizer sees any byte read too far. */
    int32_t *offsets = malloc(3 * sizeof *offsets);
    char *text = malloc(1);
    memcpy(offsets, (int32_t[]){0, 100, 1}, 3 * sizeof *offsets);
    *text = 'x';
    const void *buffers[3] = {NULL, offsets, text};
    const void *none[1] = {NULL};
    int32_t list_offsets[2] = {0, 2};
    const void *list_buffers[2] = {NULL, list_offsets};
    int released = 0;
    struct ArrowArray child = {.length = 2, .n_buffers = 3, .buffers = buffers,
                               .release = never_released};
    struct ArrowArray *children[1] = {&child};
    struct ArrowArray list = {.length = 1, .n_buffers = 2, .n_children = 1, .buffers = list_buffers,
                              .children = children, .release = never_released};
    struct ArrowArray *columns[1] = {depth == 0 ? &child : &list};
    struct ArrowArray array = {.length = rows, .n_buffers = 1, .n_children = 1, .buffers = none,
                               .children = columns, .release = count_array_release,
                               .private_data = &released};
    struct ArrowSchema schema;
    pln_batch *batch;
    plain_schema((const char *const[]){depth == 0 ? "u" : "+l", NULL}, &schema);
    if (depth > 0) {
        struct ArrowSchema *column = schema.children[0];
        column->children = malloc(sizeof(struct ArrowSchema *));
        column->children[0] = malloc(sizeof(struct ArrowSchema));
        column->n_children = 1;
        plain_field("u", "item", true, column->children[0]);
    }
    pln_status status = pln__batch_import(mem, &schema, &array, &batch, &err);
    pln_batch_unref(batch);
    ck_assert_int_eq(released, 1);
    free(offsets);
    free(text);
    return status;
}

START_TEST(offsets_must_ascend_to_come_in) {
    /* As long as the batch, and longer, when the last offset would be cut off. */
    ck_assert_int_eq(import_text(0, 2), PLN_EDATA);
    ck_assert(strstr(err.message, "column a: row 0: end offset 100") != NULL);
    ck_assert_int_eq(import_text(0, 1), PLN_EDATA);
    ck_assert_int_eq(import_text(1, 1), PLN_EDATA);
    ck_assert(strstr(err.message, "column a[]: row 0: end offset 100") != NULL);
}
END_TEST

/* ---- our side ---- */

START_TEST(empty_arrays_have_an_offset) {
    static const char *const formats[] = {"u", "z", "l", "b", NULL};
    struct ArrowSchema schema;
    pln__column column;
    struct ArrowArray array;
    plain_schema(formats, &schema);
    OK(pln__column_init(mem, &schema, &column, &err));
    OK(pln__column_finish(&column, &array, &err));
    ck_assert_int_eq(array.length, 0);
    ck_assert_int_eq(*(const int32_t *)array.children[0]->buffers[1], 0);
    ck_assert_int_eq(*(const int32_t *)array.children[1]->buffers[1], 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_nonnull(array.children[i]->buffers[1]);
        ck_assert_ptr_null(array.children[i]->buffers[0]);
    }
    array.release(&array);
    struct ArrowArray none;
    OK(pln__array_concat(mem, &schema, NULL, 0, &none, &err));
    ck_assert_int_eq(*(const int32_t *)none.children[0]->buffers[1], 0);
    none.release(&none);
    pln__column_free(&column);
    schema.release(&schema);
}
END_TEST

START_TEST(buffers_are_aligned_and_padded_with_zeros) {
    static const char *const formats[] = {"i", "u", "b", NULL};
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArray got;
    rng r = {7};
    plain_schema(formats, &schema);
    random_array(&r, &schema, 13, 0, &array);
    for (int c = 0; c < 3; c++) {
        const struct ArrowArray *column = array.children[c];
        OK(pln__array_concat(mem, schema.children[c], &column, 1, &got, &err));
        int64_t sizes[3] = {2, c == 0 ? 52 : c == 1 ? 56 : 2, 0};
        for (int b = 0; b < 2; b++) {
            const uint8_t *data = got.buffers[b];
            if (data == NULL)
                continue;
            ck_assert_int_eq((uintptr_t)data % 64, 0);
            for (int64_t i = sizes[b]; i < 64; i++)
                ck_assert_int_eq(data[i], 0);
        }
        if (c == 2)
            ck_assert_int_eq(((const uint8_t *)got.buffers[1])[1] & 0xe0, 0);
        got.release(&got);
    }
    array.release(&array);
    schema.release(&schema);
}
END_TEST

START_TEST(slices_check_their_range) {
    counted c;
    pln_batch *batch = import(&c);
    pln_batch *got;
    static const int64_t bad[][2] = {{-1, 1}, {0, 5}, {5, 0}, {3, 2}, {0, -1}, {INT64_MAX, 1},
                                     {1, INT64_MAX}};
    for (int i = 0; i < PLN__COUNT(bad); i++) {
        ck_assert_int_eq(pln_batch_slice(batch, bad[i][0], bad[i][1], &got, &err), PLN_EINVAL);
        ck_assert_ptr_null(got);
    }
    OK(pln_batch_slice(batch, 4, 0, &got, &err));
    pln_batch_unref(got);
    int32_t wrong = 4;
    ck_assert_int_eq(pln_batch_take(batch, &wrong, 1, &got, &err), PLN_EINVAL);
    ck_assert(strstr(err.message, "row 4") != NULL);
    wrong = -1;
    ck_assert_int_eq(pln_batch_take(batch, &wrong, 1, &got, &err), PLN_EINVAL);
    pln_batch_unref(batch);
}
END_TEST

/* A batch released on another thread, while its slices go on here. */
static void *drop(void *batch) {
    pln_batch_unref(batch);
    return NULL;
}

START_TEST(threads_may_release) {
    for (int round = 0; round < 50; round++) {
        counted c;
        pthread_t threads[4];
        pln_batch *batch = import(&c);
        for (int i = 0; i < 4; i++) {
            pln_batch *slice;
            OK(pln_batch_slice(batch, i, 1, &slice, &err));
            ck_assert_int_eq(pthread_create(&threads[i], NULL, drop, slice), 0);
        }
        pln_batch_unref(batch);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        ck_assert_int_eq(c.released, 1);
    }
}
END_TEST

START_TEST(exports_outlive_their_heap) {
    counted c;
    struct ArrowArray exported;
    struct ArrowSchema schema;
    pln__heap *heap = pln__heap_new(NULL, 0);
    mem = pln__heap_allocator(heap);
    pln_batch *batch = import(&c);
    OK(pln_batch_export(batch, &schema, &exported, &err));
    pln_batch_unref(batch);
    pln__heap_close(heap);
    char *text = show_row(&schema, &exported, 3);
    ck_assert_str_eq(text, "{a: 40}");
    free(text);
    exported.release(&exported);
    schema.release(&schema);
    ck_assert_int_eq(c.released, 1);
}
END_TEST

/* Sharing must not cost a copy, nor more than a block for the structs and one for the batch. */
START_TEST(sharing_allocates_two_blocks) {
    fail_alloc f;
    counted c;
    pln_batch *slice;
    mem = fail_alloc_init(&f, -1);
    pln_batch *batch = import(&c);
    int64_t before = f.calls;
    OK(pln_batch_slice(batch, 1, 3, &slice, &err));
    ck_assert_int_le(f.calls - before, 2);
    ck_assert_ptr_eq(pln_batch_array(slice)->children[0]->buffers[1], c.values);
    pln_batch_unref(slice);
    pln_batch_unref(batch);
    ck_assert_int_eq(fail_alloc_live(&f), 0);
}
END_TEST

/* ---- origins ---- */

static void count_release(void *owner) {
    ++*(int *)owner;
}

START_TEST(origins_follow_their_rows) {
    static const int64_t position[] = {100, 200, 300, 400};
    static const int64_t line[] = {1, 2, 4, 8};
    static const int64_t start[] = {0, 2, 4, 6};
    static const int64_t size[] = {2, 2, 2, 1};
    static const int32_t rows[] = {3, 1, 2};
    int released = 0;
    counted c;
    pln__row_origin at;
    pln_batch *slice;
    pln_batch *picked;
    pln__origin origin = {"split", position, line, (const uint8_t *)"aabbccd", start, size,
                          count_release, &released};
    pln_batch *batch = import(&c);
    ck_assert(!pln__batch_row_origin(batch, 0, &at));
    OK(pln__batch_set_origin(batch, &origin, &err));
    OK(pln_batch_take(batch, rows, 3, &picked, &err));
    OK(pln_batch_slice(picked, 1, 2, &slice, &err));
    pln_batch_unref(batch);
    ck_assert(pln__batch_row_origin(picked, 0, &at));
    ck_assert_int_eq(at.position, 400);
    ck_assert_int_eq(at.line, 8);
    ck_assert_int_eq(at.raw_size, 1);
    ck_assert_int_eq(at.raw[0], 'd');
    pln_batch_unref(picked);
    ck_assert(pln__batch_row_origin(slice, 0, &at));
    ck_assert_str_eq(at.split, "split");
    ck_assert_int_eq(at.position, 200);
    pln_batch *last;
    OK(pln_batch_slice(slice, 1, 1, &last, &err));
    ck_assert(pln__batch_row_origin(last, 0, &at));
    ck_assert_int_eq(at.position, 300);
    pln_batch_unref(last);
    ck_assert(!pln__batch_row_origin(slice, 2, &at));
    ck_assert_int_eq(at.position, -1);
    ck_assert_int_eq(released, 0);
    /* A second origin is refused, and released. */
    int other = 0;
    origin.owner = &other;
    ck_assert_int_eq(pln__batch_set_origin(slice, &origin, &err), PLN_ESTATE);
    ck_assert_int_eq(other, 1);
    pln_batch_unref(slice);
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(derived_columns_keep_the_origin) {
    static const int64_t position[] = {5, 6, 7, 8};
    static const int32_t rows[] = {2, -1};
    counted c;
    struct ArrowArray array;
    pln__row_origin at;
    pln_batch *derived;
    pln__origin origin = {.position = position};
    pln_batch *batch = import(&c);
    OK(pln__batch_set_origin(batch, &origin, &err));
    OK(pln__array_nulls(mem, pln_batch_schema(batch)->children[0], 2, &array, &err));
    OK(pln__array_struct(mem, 2, &array, 1, &array, &err));
    array.null_count = 0;
    pln__derivation how = {.parent = batch, .rows = rows, .length = 2, .array = &array};
    OK(pln__batch_derive(mem, &how, &derived, &err));
    ck_assert(array.release == NULL);
    ck_assert(pln__batch_row_origin(derived, 0, &at));
    ck_assert_int_eq(at.position, 7);
    ck_assert(!pln__batch_row_origin(derived, 1, &at));
    pln_batch_unref(derived);
    /* An array of another length is refused and consumed. */
    OK(pln__array_nulls(mem, pln_batch_schema(batch)->children[0], 3, &array, &err));
    OK(pln__array_struct(mem, 3, &array, 1, &array, &err));
    how.array = &array;
    ck_assert_int_eq(pln__batch_derive(mem, &how, &derived, &err), PLN_EINVAL);
    ck_assert(array.release == NULL);
    pln_batch_unref(batch);
}
END_TEST

/* ---- limits ---- */

START_TEST(two_gigabytes_are_the_end) {
    /* One long text, taken 3 times, would pass the offsets of int32. */
    static const int32_t rows[] = {0, 0, 0};
    struct ArrowSchema field;
    struct ArrowArray got;
    int32_t offsets[2] = {0, 800 * 1024 * 1024};
    const void *buffers[3] = {NULL, offsets, "never read"};
    struct ArrowArray big = {.length = 1, .n_buffers = 3, .buffers = buffers};
    const struct ArrowArray *three[3] = {&big, &big, &big};
    plain_field("u", "body", true, &field);
    ck_assert_int_eq(pln__array_take(mem, &field, &big, rows, 3, &got, &err), PLN_ELIMIT);
    ck_assert(strstr(err.message, "body") != NULL);
    ck_assert_int_eq(pln__array_concat(mem, &field, three, 3, &got, &err), PLN_ELIMIT);
    ck_assert(strstr(err.message, "body") != NULL);
    field.release(&field);
}
END_TEST

START_TEST(dictionaries_are_unified) {
    struct ArrowSchema field;
    struct ArrowArray parts[3];
    struct ArrowArray got;
    const struct ArrowArray *all[3] = {&parts[0], &parts[1], &parts[2]};
    static const char *const values[3][2] = {{"red", "blue"}, {"blue", "green"}, {"red", "red"}};
    plain_field("c", "color", true, &field);
    field.dictionary = malloc(sizeof field);
    plain_field("u", "", true, field.dictionary);
    for (int i = 0; i < 3; i++) {
        pln__column column;
        OK(pln__column_init(mem, &field, &column, &err));
        for (int k = 0; k < 2; k++)
            OK(pln__column_put_value(&column, values[i][k], (int64_t)strlen(values[i][k]), &err));
        OK(pln__column_finish(&column, &parts[i], &err));
        pln__column_free(&column);
    }
    ck_assert_int_eq(parts[2].dictionary->length, 1);
    OK(pln__array_concat(mem, &field, all, 3, &got, &err));
    ck_assert_int_eq(got.dictionary->length, 3);
    char *text = show_rows(&field, &got);
    ck_assert_str_eq(text, "\"red\"\n\"blue\"\n\"blue\"\n\"green\"\n\"red\"\n\"red\"\n");
    free(text);
    for (int i = 0; i < 3; i++)
        parts[i].release(&parts[i]);
    got.release(&got);
    field.release(&field);
}
END_TEST

START_TEST(an_index_type_may_be_too_small) {
    struct ArrowSchema field;
    pln__column column;
    plain_field("c", "color", true, &field);
    field.dictionary = malloc(sizeof field);
    plain_field("s", "", true, field.dictionary);
    OK(pln__column_init(mem, &field, &column, &err));
    for (int16_t i = 0; i < 128; i++)
        OK(pln__column_put_value(&column, &i, 2, &err));
    int16_t known = 5;
    int16_t fresh = 500;
    OK(pln__column_put_value(&column, &known, 2, &err));
    ck_assert_int_eq(pln__column_put_value(&column, &fresh, 2, &err), PLN_ELIMIT);
    ck_assert(strstr(err.message, "color") != NULL);
    ck_assert_int_eq(column.length, 129);
    pln__column_free(&column);
    field.release(&field);
}
END_TEST

/* ---- rows where ---- */

START_TEST(rows_where_a_condition_holds) {
    rng r = {99};
    uint32_t cpu = pln__cpu_features();
    for (int round = 0; round < 2000; round++) {
        uint8_t bits[64];
        uint8_t valid[64];
        int32_t got[512];
        int32_t fast[512];
        int64_t offset = rng_below(&r, 40);
        int64_t length = rng_below(&r, 400);
        int64_t bytes = (offset + length + 7) / 8;
        uint64_t density = rng_next(&r) & rng_next(&r);
        /* Exact sizes on the heap, so that a sanitizer sees a byte read too far. */
        uint8_t *exact = malloc((size_t)bytes + 1);
        uint8_t *exact_valid = malloc((size_t)bytes + 1);
        for (int64_t i = 0; i < bytes; i++) {
            bits[i] = (uint8_t)(round % 3 == 0 ? 0xff : rng_next(&r) & density);
            valid[i] = (uint8_t)(rng_next(&r) | rng_next(&r));
        }
        exact = realloc(exact, (size_t)bytes + (bytes == 0));
        exact_valid = realloc(exact_valid, (size_t)bytes + (bytes == 0));
        memcpy(exact, bits, (size_t)bytes);
        memcpy(exact_valid, valid, (size_t)bytes);
        const void *buffers[2] = {round % 2 ? exact_valid : NULL, exact};
        struct ArrowArray array = {.length = length,
                                   .offset = offset,
                                   .null_count = -1,
                                   .n_buffers = 2,
                                   .buffers = buffers};
        int64_t n = pln__rows_where(&array, got);
        ck_assert_int_eq(pln__rows_where_cpu(&array, cpu, fast), n);
        ck_assert_int_eq(memcmp(got, fast, (size_t)n * 4), 0);
        int64_t at = 0;
        for (int64_t i = offset; i < offset + length; i++)
            if ((bits[i / 8] >> (i % 8) & 1) && (round % 2 == 0 || (valid[i / 8] >> (i % 8) & 1))) {
                ck_assert_int_lt(at, n);
                ck_assert_int_eq(got[at++], i - offset);
            }
        ck_assert_int_eq(at, n);
        free(exact);
        free(exact_valid);
    }
}
END_TEST

Suite *suite_column_array(void) {
    Suite *suite = suite_create("column/array");
    TCase *tc = tcase_create("array");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, import_copies_nothing_and_releases_once);
    tcase_add_test(tc, the_last_of_all_sharers_releases);
    tcase_add_test(tc, moved_structs_are_whole);
    tcase_add_test(tc, failed_import_releases_both);
    tcase_add_test(tc, released_structs_are_refused);
    tcase_add_test(tc, an_exported_tree_may_be_taken_apart_and_refused);
    tcase_add_test(tc, longer_children_are_cut);
    tcase_add_test(tc, misaligned_buffers_are_copied);
    tcase_add_test(tc, unknown_null_counts_are_counted);
    tcase_add_test(tc, offsets_must_ascend_to_come_in);
    tcase_add_test(tc, empty_arrays_have_an_offset);
    tcase_add_test(tc, buffers_are_aligned_and_padded_with_zeros);
    tcase_add_test(tc, slices_check_their_range);
    tcase_add_test(tc, threads_may_release);
    tcase_add_test(tc, exports_outlive_their_heap);
    tcase_add_test(tc, sharing_allocates_two_blocks);
    tcase_add_test(tc, origins_follow_their_rows);
    tcase_add_test(tc, derived_columns_keep_the_origin);
    tcase_add_test(tc, two_gigabytes_are_the_end);
    tcase_add_test(tc, dictionaries_are_unified);
    tcase_add_test(tc, an_index_type_may_be_too_small);
    tcase_add_test(tc, rows_where_a_condition_holds);
    suite_add_tcase(suite, tc);
    return suite;
}
