/* Columns of every type, what is refused and in which words, failing allocations, the memory that is told. */
#define _POSIX_C_SOURCE 200809L
#include "top_k_help.h"
#include <math.h>

static struct ArrowArray array_of(const void **buffers, int n_buffers, int64_t length,
                                  int64_t offset, int64_t nulls) {
    return (struct ArrowArray){.length = length,
                               .offset = offset,
                               .null_count = nulls,
                               .n_buffers = n_buffers,
                               .buffers = buffers};
}

static void check_column(const char *format, const struct ArrowArray *array,
                         const struct ArrowArray *dictionary, const int64_t *weights,
                         const pln_top_k *want) {
    struct ArrowSchema values = {.format = "u", .name = "v", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowSchema schema = {.format = format, .name = "c", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowArray mine = *array;
    if (dictionary != NULL) {
        schema.dictionary = &values;
        mine.dictionary = (struct ArrowArray *)(uintptr_t)dictionary;
    }
    pln_top_k *got = top_k_new(want->capacity);
    MUST(pln_top_k_add_column(got, &schema, &mine, weights, &why));
    top_k_same(got, want);
    pln_top_k_free(got);
}

/* The same numbers, in whatever width, are the same items; offsets, nulls and weights are honoured. */
START_TEST(numbers_of_every_width) {
    static const int8_t i8[] = {9, -1, 2, 3};
    static const int16_t i16[] = {9, -1, 2, 3};
    static const int32_t i32[] = {9, -1, 2, 3};
    static const int64_t i64[] = {9, -1, 2, 3}, weights[] = {4, -5, 6};
    static const float f32[] = {9, -0.0f, NAN, 0};
    static const double f64[] = {9, 0.0, -NAN, -0.0};
    static const uint8_t valid[] = {0x0b};
    static const struct {
        const char *format;
        const void *data;
    } integers[] = {{"c", i8},    {"s", i16},       {"i", i32},   {"l", i64},
                    {"tdD", i32}, {"tsu:UTC", i64}, {"ttu", i64}, {"tts", i32}};
    pln_top_k *want = top_k_new(8);
    int64_t kept[] = {PLN__LE(64, -1), PLN__LE(64, 3)};
    MUST(pln_top_k_add(want, &kept[0], 8, 4, &why));
    MUST(pln_top_k_add(want, &kept[1], 8, 6, &why));
    for (int k = 0; k < PLN__COUNT(integers); k++) {
        const void *buffers[] = {valid, integers[k].data};
        struct ArrowArray array = array_of(buffers, 2, 3, 1, 1);
        check_column(integers[k].format, &array, NULL, weights, want);
    }
    pln_top_k_clear(want);
    uint64_t zero = 0, nan = PLN__LE(64, 0x7ff8000000000000u);
    MUST(pln_top_k_add(want, &zero, 8, 2, &why));
    MUST(pln_top_k_add(want, &nan, 8, 1, &why));
    const void *of32[] = {NULL, f32}, *of64[] = {NULL, f64};
    struct ArrowArray array = array_of(of32, 2, 3, 1, 0);
    check_column("f", &array, NULL, NULL, want);
    array.buffers = of64;
    check_column("g", &array, NULL, NULL, want);
    pln_top_k_free(want);
}
END_TEST

START_TEST(texts_with_and_without_nulls) {
    enum { ROWS = 20000 };
    static char text[ROWS * 40];
    static int32_t offsets[ROWS + 1], indices[ROWS];
    static int64_t weights[ROWS];
    static uint8_t valid[ROWS / 8 + 1];
    uint64_t state = 20;
    for (int i = 0; i < ROWS; i++) {
        int size = (int)top_k_skewed(&state, 40, 1) / 2 * 2;
        for (int k = 0; k < size; k++)
            text[offsets[i] + k] = (char)('a' + top_k_random(&state) % (k < 2 ? 26 : 1));
        offsets[i + 1] = offsets[i] + size;
        pln__bit_put(valid, i, i % 3 != 0);
        indices[i] = ROWS - 1 - i;
        weights[i] = i % 4;
    }
    for (int nulls = 0; nulls < 2; nulls++)
        for (int64_t capacity = 50; capacity < 100000; capacity *= 40) {
            pln_top_k *want = top_k_new(capacity), *turned = top_k_new(capacity);
            for (int i = 5; i < ROWS; i++)
                if (!nulls || i % 3 != 0)
                    MUST(pln_top_k_add(want, text + offsets[i], offsets[i + 1] - offsets[i],
                                       weights[i - 5], &why));
            for (int i = ROWS - 1; i >= 0; i--)
                if (!nulls || i % 3 != 0)
                    MUST(pln_top_k_add(turned, text + offsets[i], offsets[i + 1] - offsets[i], 1,
                                       &why));
            const void *buffers[] = {nulls ? valid : NULL, offsets, text};
            struct ArrowArray array = array_of(buffers, 3, ROWS - 5, 5, nulls ? -1 : 0);
            check_column("u", &array, NULL, weights, want);
            check_column("z", &array, NULL, weights, want);
            const void *index[] = {NULL, indices};
            struct ArrowArray coded = array_of(index, 2, ROWS, 0, 0), words = array;
            words.offset = 0;
            words.length = ROWS;
            check_column("i", &coded, &words, NULL, turned);
            pln_top_k_free(want);
            pln_top_k_free(turned);
        }
}
END_TEST

/* ---- refusals ---- */

START_TEST(options_are_checked) {
    static const struct {
        int64_t capacity, limit;
        const char *words;
    } bad[] = {{0, 100, "capacity is 0, expected 1 to 67108864"}, {-1, 100, "capacity is -1"},
               {67108865, 100, "capacity is 67108865"}, {10, 15, "item_bytes_limit is 15, expected 16 to 1048576"},
               {10, 1048577, "item_bytes_limit is 1048577"}};
    pln_error err = {0};
    pln_top_k *top = NULL;
    for (int i = 0; i < PLN__COUNT(bad); i++) {
        pln_top_k_options options = top_k_options(bad[i].capacity, 0);
        options.item_bytes_limit = bad[i].limit;
        ck_assert_int_eq(pln_top_k_new(NULL, &options, &top, &err), PLN_EINVAL);
        ck_assert_msg(strstr(err.message, bad[i].words) != NULL, "%s", err.message);
    }
    pln_top_k_options small = top_k_options(12, 0);
    small.struct_size = 8;
    ck_assert_int_eq(pln_top_k_new(NULL, &small, &top, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "struct_size is 8, at least 40"));
    ck_assert_ptr_null(top);
    MUST(pln_top_k_new(NULL, NULL, &top, &why));
    pln_top_k_info info = {.struct_size = sizeof info};
    pln_top_k_info_get(top, &info);
    ck_assert_int_eq(info.capacity, 1024);
    ck_assert_int_eq(info.item_bytes_limit, 4096);
    pln_top_k_free(top);
    pln_top_k_free(NULL);
}
END_TEST

/* Nothing of a column that is refused was added. */
START_TEST(rows_that_are_refused) {
    pln_error err = {0};
    uint64_t values[] = {1, 2, 3};
    int64_t negative[] = {1, 1, -7}, huge[] = {1, INT64_MAX - 1, 2};
    static const int32_t offsets[] = {0, 2, 22, 23};
    const void *buffers[] = {NULL, offsets, "aabcdefghijklmnopqrstuvw"};
    struct ArrowArray array = array_of(buffers, 3, 3, 0, 0);
    struct ArrowSchema text = {.format = "u", .name = "name"};
    pln_top_k *top = NULL, *fresh = top_k_new(10);
    pln_top_k_options options = top_k_options(10, 0);
    options.item_bytes_limit = 19;
    MUST(pln_top_k_new(NULL, &options, &top, &why));
    fresh->item_bytes_limit = 19;
    ck_assert_int_eq(pln_top_k_add_column(top, &text, &array, NULL, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(
        strstr(err.message, "item of row 1 has 20 bytes, item_bytes_limit is 19"));
    ck_assert_int_eq(pln_top_k_add(top, buffers[2], 20, 1, &err), PLN_ELIMIT);
    ck_assert_int_eq(pln_top_k_add(top, "a", 1, -1, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_top_k_add_uint64(top, values, negative, 3, NULL, 0, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "weight of row 2 is -7, expected 0 or more"));
    ck_assert_int_eq(pln_top_k_add_uint64(top, values, huge, 3, NULL, 0, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "weight of row 2, 2, is over 2^63 - 1"));
    ck_assert_int_eq(pln_top_k_add_uint64(top, values, NULL, -1, NULL, 0, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_top_k_add_uint64(top, values, NULL, 1, NULL, -1, &err), PLN_EINVAL);
    top_k_same(top, fresh);
    /* To the end of the range and no further, also by merging. */
    MUST(pln_top_k_add_uint64(top, values, huge, 2, NULL, 0, &why));
    ck_assert_int_eq(pln_top_k_add(top, "a", 1, 1, &err), PLN_ELIMIT);
    MUST(pln_top_k_add(fresh, "a", 1, 1, &why));
    ck_assert_int_eq(pln_top_k_merge(top, fresh, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(
        strstr(err.message, "the totals of 9223372036854775807 and 1 are over 2^63 - 1"));
    ck_assert_int_eq(pln_top_k_total(top), INT64_MAX);
    struct ArrowSchema item = {.format = "l", .name = "item"}, *items[] = {&item};
    struct ArrowSchema list = {.format = "+l", .name = "tags", .n_children = 1, .children = items};
    struct ArrowArray none = {0};
    ck_assert_int_eq(pln_top_k_add_column(top, &list, &none, NULL, &err), PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "top-k sketch: column tags"));
    pln_top_k_free(top);
    pln_top_k_free(fresh);
}
END_TEST

START_TEST(lists_that_are_refused) {
    pln_error err = {0};
    int64_t found;
    pln_top_k *top = top_k_new(2);
    pln_top_k_entry out[2] = {{.struct_size = sizeof out[0]}}, small = {.struct_size = 8};
    for (uint64_t i = 0; i < 5; i++)
        MUST(pln_top_k_add_uint64(top, &i, NULL, 1, NULL, 0, &why));
    ck_assert_int_gt(pln_top_k_error(top), 0);
    ck_assert_int_eq(pln_top_k_list(top, 3, 0, 2, out, &found, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "guarantee is 3, expected 1 or 2"));
    ck_assert_int_eq(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_NEGATIVES, 0, 2, out, &found, &err),
                     PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "threshold is 0: items of up to"));
    ck_assert_int_eq(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, -1, out, &found, &err),
                     PLN_EINVAL);
    ck_assert_int_eq(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, 2, &small, &found, &err),
                     PLN_EINVAL);
    MUST(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, 0, NULL, &found, &why));
    ck_assert_int_eq(found, top->used);
    pln_top_k_free(top);
}
END_TEST

/* Entries of a later version, which are longer. */
START_TEST(entries_lie_as_far_apart_as_they_say) {
    struct {
        pln_top_k_entry entry;
        uint64_t later;
    } out[3] = {{{.struct_size = sizeof out[0]}, 7}, {{0}, 7}, {{0}, 7}};
    pln_top_k *top = top_k_new(5);
    int64_t found;
    MUST(pln_top_k_add(top, "b", 1, 2, &why));
    MUST(pln_top_k_add(top, "a", 1, 2, &why));
    MUST(pln_top_k_add(top, "c", 1, 3, &why));
    MUST(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_NEGATIVES, 0, 3, &out[0].entry, &found, &why));
    ck_assert_int_eq(found, 3);
    for (int i = 0; i < 3; i++)
        ck_assert(out[i].entry.bytes[0] == "cab"[i] && out[i].later == 7 &&
                  out[i].entry.struct_size == sizeof out[0]);
    pln_top_k_free(top);
}
END_TEST

/* ---- memory ---- */

static pln_status scenario(const pln_allocator *mem, pln_error *err) {
    pln_top_k *a = NULL, *b = NULL, *c = NULL, *d = NULL;
    pln_top_k_options options = top_k_options(60, 0);
    pln_top_k_entry out[3] = {{.struct_size = sizeof out[0]}};
    static uint64_t keys[300];
    uint8_t bytes[20000];
    int64_t size;
    pln_status status;
    options.allocator = mem;
    for (uint64_t i = 0; i < 300; i++)
        keys[i] = i;
    PLN__TRY(pln_top_k_new(NULL, &options, &a, err));
    options.capacity = 20;
    PLN__TRY(pln_top_k_new(NULL, &options, &b, err));
    PLN__TRY(pln_top_k_add_uint64(a, keys, NULL, 300, NULL, 0, err));
    for (int64_t i = 0; i < 300; i++)
        PLN__TRY(pln_top_k_add(b, &keys[i], 1 + i % 8, 1 + i % 3, err));
    PLN__TRY(pln_top_k_list(b, PLN_TOP_K_NO_FALSE_POSITIVES, 0, 3, out, &size, err));
    PLN__TRY(pln_top_k_write(b, PLN_TOP_K_NATIVE, bytes, sizeof bytes, &size, err));
    PLN__TRY(pln_top_k_read(NULL, PLN_TOP_K_NATIVE, &options, bytes, size, &c, err));
    PLN__TRY(pln_top_k_copy(a, &d, err));
    PLN__TRY(pln_top_k_merge(d, c, err));
    PLN__TRY(pln_top_k_merge(c, a, err));
out:
    pln_top_k_free(a);
    pln_top_k_free(b);
    pln_top_k_free(c);
    pln_top_k_free(d);
    return status;
}

START_TEST(memory_fails_at_every_n) {
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        pln_error err = {0};
        pln_status status = scenario(fail_alloc_init(&f, n), &err);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

/* One allocation fails: the sketch stays right and goes on. */
START_TEST(a_sketch_outlives_a_failure) {
    for (int64_t n = 1; n < 40; n++) {
        fail_alloc f;
        pln_top_k_options options = top_k_options(100, 0);
        pln_top_k *top = NULL;
        int64_t counts[256] = {0};
        uint64_t state = 12;
        options.allocator = fail_alloc_init(&f, n);
        f.once = true;
        MUST(pln_top_k_new(NULL, &options, &top, &why));
        for (int i = 0; i < 4000; i++) {
            uint8_t item[16] = {(uint8_t)top_k_skewed(&state, 256, 1)};
            if (pln_top_k_add(top, item, 8 + item[0] % 2 * 8, 1, &why) == PLN_OK)
                counts[item[0]]++;
        }
        for (int i = 0; i < 256; i++) {
            uint8_t item[16] = {(uint8_t)i};
            int64_t lower, upper;
            pln_top_k_estimate(top, item, 8 + i % 2 * 8, &lower, &upper);
            HOLDS(lower <= counts[i] && counts[i] <= upper, "%d", i);
        }
        ck_assert_int_eq(pln_top_k_memory(top), fail_alloc_live(&f));
        pln_top_k_free(top);
    }
}
END_TEST

/* What the allocator gave is what is told; a full sketch asks for nothing more. */
START_TEST(memory_is_what_the_allocator_gave) {
    static const int64_t sizes[] = {1, 50, 1024, 12288};
    for (int texts = 0; texts < 2; texts++)
        for (int k = 0; k < PLN__COUNT(sizes); k++) {
            fail_alloc f;
            pln_top_k *top = NULL;
            pln_top_k_options options = top_k_options(sizes[k], 0);
            int64_t calls = 0;
            options.allocator = fail_alloc_init(&f, -1);
            MUST(pln_top_k_new(NULL, &options, &top, &why));
            for (uint64_t i = 0; i < 60000; i++) {
                uint64_t item[2] = {i * 7 % 50000, 0};
                MUST(pln_top_k_add(top, item, texts ? 16 : 8, 1, &why));
                if (i % 97 == 0)
                    ck_assert_int_eq(pln_top_k_memory(top), fail_alloc_live(&f));
                calls = i == 40000 ? f.calls : calls;
            }
            ck_assert_int_eq(f.calls, calls);
            ck_assert_int_le(pln_top_k_memory(top), 700 +
                                                        (sizes[k] / 3 + 1) * 4 * (texts ? 32 : 24) +
                                                        (texts ? sizes[k] * 20 * 3 : 0));
            pln_top_k_free(top);
        }
}
END_TEST

Suite *suite_sketch_top_k_errors(void);
Suite *suite_sketch_top_k_errors(void) {
    Suite *suite = suite_create("sketch/top_k_errors");
    TCase *tc = tcase_create("errors");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, numbers_of_every_width);
    tcase_add_test(tc, texts_with_and_without_nulls);
    tcase_add_test(tc, options_are_checked);
    tcase_add_test(tc, rows_that_are_refused);
    tcase_add_test(tc, lists_that_are_refused);
    tcase_add_test(tc, entries_lie_as_far_apart_as_they_say);
    tcase_add_test(tc, memory_fails_at_every_n);
    tcase_add_test(tc, a_sketch_outlives_a_failure);
    tcase_add_test(tc, memory_is_what_the_allocator_gave);
    suite_add_tcase(suite, tc);
    return suite;
}
