/* Laws of Count-Min: parts and the whole, panes, what is taken away, ends of counters, inner products, columns of all types, what does not mix, memory that fails. */
#define _POSIX_C_SOURCE 200809L
#include "column/column.h"
#include "count_min_help.h"
#include <math.h>

/* ---- merging ---- */

static uint64_t skewed(uint64_t *state) {
    uint64_t r = hll_random(state);
    return (r >> 20) % (1 + (r & 1023));
}

/* Values dealt at random to parts, in any order and with weights of either sign; merged, they are the sketch of all. */
static void check_split(uint64_t *state, int bits) {
    enum { N = 3000 };
    int rows = 1 + (int)(hll_random(state) % 8), parts = 2 + (int)(hll_random(state) % 4);
    int64_t columns = (int64_t)2 << hll_random(state) % 10;
    pln_count_min *part[5], *all = cm_new(rows, columns, bits, PLAIN);
    for (int i = 0; i < parts; i++)
        part[i] = cm_new(rows, columns, bits, PLAIN);
    for (int i = 0; i < N; i++) {
        uint64_t key = skewed(state);
        int64_t weight = (int64_t)(hll_random(state) % 100) - 30;
        cm_add(part[hll_random(state) % (uint64_t)parts], key, weight);
        cm_add(all, key, weight);
    }
    for (int i = 1; i < parts; i++)
        MUST(pln_count_min_merge(part[i], part[i - 1], &why));
    cm_same(part[parts - 1], all);
    ck_assert_int_eq(pln_count_min_total(part[parts - 1]), pln_count_min_total(all));
    for (int i = 0; i < parts; i++)
        pln_count_min_free(part[i]);
    pln_count_min_free(all);
}

START_TEST(merged_parts_are_the_whole) {
    uint64_t state = 10;
    int rounds = getenv("PLN_TORTURE") != NULL ? 1000 : 60;
    for (int i = 0; i < rounds; i++)
        check_split(&state, i % 2 == 0 ? 32 : 64);
}
END_TEST

START_TEST(order_leaves_no_trace) {
    enum { N = 2000 };
    uint64_t state = 11, keys[N], turned[N];
    for (int i = 0; i < N; i++)
        turned[N - 1 - i] = keys[i] = skewed(&state);
    pln_count_min *a = cm_new(4, 64, 64, PLAIN), *b = cm_new(4, 64, 64, PLAIN);
    MUST(pln_count_min_add_uint64(a, keys, NULL, N, NULL, 0, &why));
    MUST(pln_count_min_add_uint64(b, turned, NULL, N, NULL, 0, &why));
    cm_same(a, b);
    pln_count_min *ab = cm_copied(a), *ba = cm_copied(b);
    cm_add(ab, 1, 5);
    MUST(pln_count_min_merge(ba, ab, &why));
    MUST(pln_count_min_merge(ab, b, &why));
    cm_same(ab, ba);
    MUST(pln_count_min_merge(a, a, &why));
    for (int i = 0; i < N; i++)
        cm_add(b, keys[i], 1);
    cm_same(a, b);
    pln_count_min_free(a);
    pln_count_min_free(b);
    pln_count_min_free(ab);
    pln_count_min_free(ba);
}
END_TEST

/* Exact counts below, those of plain sketches above; parts merged and whole alike. */
START_TEST(conservative_lies_between_exact_and_plain) {
    enum { VALUES = 1024, N = 20000 };
    static int64_t exact[VALUES];
    uint64_t state = 12;
    for (int bits = 32; bits <= 64; bits += 32) {
        pln_count_min *plain = cm_new(3, 64, bits, PLAIN), *a = cm_new(3, 64, bits, CONSERVATIVE);
        pln_count_min *b = cm_new(3, 64, bits, CONSERVATIVE);
        pln_count_min *whole = cm_new(3, 64, bits, CONSERVATIVE);
        memset(exact, 0, sizeof exact);
        for (int i = 0; i < N; i++) {
            uint64_t key = skewed(&state) % VALUES;
            int64_t weight = (int64_t)(hll_random(&state) % 4);
            exact[key] += weight;
            cm_add(plain, key, weight);
            cm_add(whole, key, weight);
            cm_add(i % 3 == 0 ? a : b, key, weight);
        }
        MUST(pln_count_min_merge(a, b, &why));
        ck_assert_int_eq(pln_count_min_total(a), pln_count_min_total(plain));
        for (uint64_t key = 0; key < VALUES; key++) {
            ck_assert(exact[key] <= cm_ask(whole, key) && cm_ask(whole, key) <= cm_ask(plain, key));
            ck_assert(exact[key] <= cm_ask(a, key) && cm_ask(a, key) <= cm_ask(plain, key));
        }
        pln_count_min_free(plain);
        pln_count_min_free(a);
        pln_count_min_free(b);
        pln_count_min_free(whole);
    }
}
END_TEST

/* ---- panes ---- */

/* After any number of rotations: the counters of all panes together, the answers and the total are those of a sketch of the last panes' values. */
START_TEST(panes_are_a_sketch_of_what_is_left) {
    enum { EACH = 300, ROTATIONS = 11 };
    for (int panes = 1; panes <= 5; panes++)
        for (int bits = 32; bits <= 64; bits += 32) {
            uint64_t state = 13, keys[ROTATIONS][EACH];
            pln_count_min_options options = cm_options(3, 128, bits, PLAIN);
            options.panes = panes;
            pln_count_min *rolling = cm_made(&options);
            for (int t = 0; t < ROTATIONS; t++) {
                pln_count_min *left = cm_new(3, 128, bits, PLAIN);
                for (int i = 0; i < EACH; i++)
                    keys[t][i] = skewed(&state);
                if (t > 0)
                    pln_count_min_rotate(rolling);
                MUST(pln_count_min_add_uint64(rolling, keys[t], NULL, EACH, NULL, 0, &why));
                for (int s = t - panes + 1 < 0 ? 0 : t - panes + 1; s <= t; s++)
                    MUST(pln_count_min_add_uint64(left, keys[s], NULL, EACH, NULL, 0, &why));
                ck_assert_int_eq(pln_count_min_total(rolling), pln_count_min_total(left));
                ck_assert(pln_count_min_error(rolling, NULL) == pln_count_min_error(left, NULL));
                int64_t out[EACH], want[EACH];
                MUST(pln_count_min_query_uint64(rolling, keys[t], EACH, out, &why));
                MUST(pln_count_min_query_uint64(left, keys[t], EACH, want, &why));
                ck_assert_int_eq(memcmp(out, want, sizeof out), 0);
                double a, b;
                MUST(pln_count_min_inner_product(rolling, rolling, &a, NULL, &why));
                MUST(pln_count_min_inner_product(left, rolling, &b, NULL, &why));
                ck_assert(a == b);
                pln_count_min_free(left);
            }
            pln_count_min_free(rolling);
        }
}
END_TEST

/* Panes meet by their age, wherever they lie; the bytes tell nothing of how often a sketch was rotated. */
START_TEST(panes_merge_by_age) {
    pln_count_min_options options = cm_options(2, 64, 64, PLAIN);
    options.panes = 3;
    pln_count_min *a = cm_made(&options), *b = cm_made(&options), *all = cm_made(&options);
    for (int i = 0; i < 5; i++)
        pln_count_min_rotate(b);
    for (int t = 0; t < 4; t++) {
        for (uint64_t i = 0; i < 50; i++) {
            cm_add(i % 2 == 0 ? a : b, i * (uint64_t)(t + 1), t + 1);
            cm_add(all, i * (uint64_t)(t + 1), t + 1);
        }
        pln_count_min *merged = cm_copied(a);
        MUST(pln_count_min_merge(merged, b, &why));
        cm_same(merged, all);
        pln_count_min_free(merged);
        pln_count_min_rotate(a);
        pln_count_min_rotate(b);
        pln_count_min_rotate(all);
    }
    pln_count_min_clear(a);
    pln_count_min *fresh = cm_made(&options);
    cm_same(a, fresh);
    for (int i = 0; i < 3; i++)
        pln_count_min_rotate(b);
    cm_same(b, fresh);
    ck_assert_int_eq(pln_count_min_total(b), 0);
    ck_assert(pln_count_min_error(b, NULL) == 0);
    pln_count_min_free(a);
    pln_count_min_free(b);
    pln_count_min_free(all);
    pln_count_min_free(fresh);
}
END_TEST

/* ---- what is taken away, and ends ---- */

START_TEST(taking_away_undoes) {
    pln_count_min *cm = cm_new(4, 256, 64, PLAIN), *rest = cm_new(4, 256, 64, PLAIN);
    for (uint64_t i = 0; i < 3000; i++)
        cm_add(cm, i, 7);
    for (uint64_t i = 0; i < 3000; i++) {
        cm_add(cm, i, i < 20 ? -3 : -7);
        if (i < 20)
            cm_add(rest, i, 4);
    }
    ck_assert_int_eq(pln_count_min_total(cm), 80);
    ck_assert_int_eq(cm_info(cm).added, 21000);
    ck_assert_int_eq(cm_info(cm).removed, 21000 - 80);
    for (uint64_t i = 0; i < 100; i++)
        ck_assert_int_eq(cm_ask(cm, i), cm_ask(rest, i));
    pln_count_min_free(cm);
    pln_count_min_free(rest);
}
END_TEST

START_TEST(conservative_takes_nothing_away) {
    pln_error err = {0};
    pln_count_min *cm = cm_new(2, 16, 64, CONSERVATIVE), *empty = cm_copied(cm);
    uint64_t keys[] = {1, 2, 3, 4};
    int64_t weights[] = {1, -5, 1, -2};
    uint8_t valid = 0x0d;
    ck_assert_int_eq(pln_count_min_add(cm, "x", 1, -1, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "sketch: weight is -1, a conservative sketch"));
    ck_assert_int_eq(pln_count_min_add_uint64(cm, keys, weights, 4, &valid, 0, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "row 3: weight is -2"));
    const void *buffers[] = {&valid, keys};
    struct ArrowSchema schema = {.format = "L", .name = "k", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowArray array = {.length = 4, .null_count = 1, .n_buffers = 2, .buffers = buffers};
    ck_assert_int_eq(pln_count_min_add_column(cm, &schema, &array, weights, &err), PLN_EINVAL);
    cm_same(cm, empty);
    /* A weight of a null is nobody's. */
    weights[3] = 2;
    MUST(pln_count_min_add_uint64(cm, keys, weights, 4, &valid, 0, &why));
    ck_assert_int_eq(pln_count_min_total(cm), 4);
    pln_count_min_free(cm);
    pln_count_min_free(empty);
}
END_TEST

static void check_end(int bits, int update) {
    pln_count_min *cm = cm_new(3, 8, bits, update);
    int64_t most = bits == 32 ? INT32_MAX : INT64_MAX;
    uint64_t keys[100] = {0};
    ck_assert_int_eq(cm_info(cm).counter_most, most);
    cm_add(cm, 0, most - 50);
    ck_assert_int_eq(cm_info(cm).saturated, 0);
    ck_assert_int_eq(cm_ask(cm, 0), most - 50);
    MUST(pln_count_min_add_uint64(cm, keys, NULL, 49, NULL, 0, &why));
    ck_assert_int_eq(cm_ask(cm, 0), most - 1);
    ck_assert_int_eq(cm_info(cm).saturated, 0);
    MUST(pln_count_min_add_uint64(cm, keys, NULL, 100, NULL, 0, &why));
    ck_assert_int_eq(cm_ask(cm, 0), most);
    ck_assert_int_eq(cm_info(cm).saturated, 3);
    cm_add(cm, 0, INT64_MAX);
    ck_assert_int_eq(cm_ask(cm, 0), most);
    ck_assert_int_eq(pln_count_min_total(cm), INT64_MAX);
    pln_count_min *twice = cm_copied(cm);
    MUST(pln_count_min_merge(twice, cm, &why));
    ck_assert_int_eq(cm_ask(twice, 0), most);
    ck_assert_int_eq(cm_info(twice).saturated, 3);
    if (update == PLAIN) {
        /* It stays there, for nobody knows how far it is from its end. */
        cm_add(cm, 0, -1000);
        ck_assert_int_eq(cm_ask(cm, 0), most);
        cm_add(cm, 1, INT64_MIN);
        cm_add(cm, 1, INT64_MIN);
        ck_assert_int_eq(cm_info(cm).removed, INT64_MAX);
        hll_bytes b = cm_write(cm);
        pln_count_min *back = NULL;
        MUST(pln_count_min_read(NULL, NULL, b.data, b.size, &back, &why));
        cm_same(cm, back);
        free(b.data);
        pln_count_min_free(back);
    }
    pln_count_min_free(cm);
    pln_count_min_free(twice);
}

START_TEST(counters_stay_at_their_ends) {
    check_end(32, PLAIN);
    check_end(64, PLAIN);
    check_end(32, CONSERVATIVE);
    check_end(64, CONSERVATIVE);
}
END_TEST

/* Of weights that are not negative, a merge of parts is the whole even where counters are at their end. */
START_TEST(ends_merge_as_the_whole) {
    uint64_t state = 14;
    pln_count_min *a = cm_new(2, 16, 32, PLAIN), *b = cm_new(2, 16, 32, PLAIN);
    pln_count_min *all = cm_new(2, 16, 32, PLAIN);
    for (int i = 0; i < 60; i++) {
        uint64_t key = hll_random(&state) % 40;
        int64_t weight = (int64_t)(hll_random(&state) % INT32_MAX);
        cm_add(i % 2 == 0 ? a : b, key, weight);
        cm_add(all, key, weight);
    }
    ck_assert_int_gt(cm_info(all).saturated, 0);
    MUST(pln_count_min_merge(a, b, &why));
    cm_same(a, all);
    pln_count_min_free(a);
    pln_count_min_free(b);
    pln_count_min_free(all);
}
END_TEST

/* ---- inner products ---- */

START_TEST(inner_products_against_exact_ones) {
    enum { VALUES = 1000 };
    int over = 0, trials = 60;
    for (int t = 0; t < trials; t++) {
        uint64_t state = (uint64_t)t;
        pln_count_min_options options = cm_options(3, 128, 64, PLAIN);
        options.seed = (uint64_t)t;
        pln_count_min *a = cm_made(&options), *b = cm_made(&options);
        double exact = 0, got, same, error, confidence;
        for (uint64_t i = 0; i < VALUES; i++) {
            int64_t x = (int64_t)(hll_random(&state) % 20), y = (int64_t)(1000 / (i + 1));
            cm_add(a, i, x);
            cm_add(b, i, y);
            exact += (double)x * (double)y;
        }
        MUST(pln_count_min_inner_product(a, b, &got, &error, &why));
        MUST(pln_count_min_inner_product(b, a, &same, NULL, &why));
        ck_assert(got == same && got >= exact);
        (void)pln_count_min_error(a, &confidence);
        ck_assert(fabs(error - exp(1) / 128 * (double)pln_count_min_total(a) *
                                   (double)pln_count_min_total(b)) < 1e-6 * error);
        over += got > exact + error;
        pln_count_min_free(a);
        pln_count_min_free(b);
    }
    ck_assert_int_le(over, (int)(trials * exp(-3)));
}
END_TEST

/* ---- columns ---- */

static void check_column(const char *format, const struct ArrowArray *array,
                         const struct ArrowArray *dictionary, const uint64_t *keys, int n,
                         const int64_t *weights) {
    struct ArrowSchema values = {.format = "u", .name = "v", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowSchema schema = {.format = format, .name = "c", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowArray mine = *array;
    int64_t out[8];
    if (dictionary != NULL) {
        schema.dictionary = &values;
        mine.dictionary = (struct ArrowArray *)(uintptr_t)dictionary;
    }
    pln_count_min *want = cm_new(3, 64, 32, PLAIN), *got = cm_copied(want);
    for (int i = 0; i < n; i++)
        if (keys[i] != UINT64_MAX)
            cm_add(want, keys[i], weights == NULL ? 1 : weights[i]);
    MUST(pln_count_min_add_column(got, &schema, &mine, weights, &why));
    cm_same(got, want);
    memset(out, 0x55, sizeof out);
    MUST(pln_count_min_query_column(got, &schema, &mine, out, &why));
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(out[i], keys[i] == UINT64_MAX ? 0 : cm_ask(want, keys[i]));
    pln_count_min_free(want);
    pln_count_min_free(got);
}

/* The same numbers, in whatever width, are the same values; offsets, nulls and weights are honoured. */
START_TEST(numbers_of_every_width) {
    static const int8_t i8[] = {9, 7, 2, 3, 3};
    static const int16_t i16[] = {9, 7, 2, 3, 3};
    static const int32_t i32[] = {9, 7, 2, 3, 3};
    static const int64_t i64[] = {9, 7, 2, 3, 3}, weights[] = {5, -100, 70, 3};
    static const double f64[] = {9, 0.0, NAN, -0.0, -NAN};
    static const uint8_t valid[] = {0x1b};
    static const struct {
        const char *format;
        const void *data;
    } integers[] = {{"c", i8}, {"s", i16}, {"i", i32}, {"l", i64}, {"tdD", i32}, {"tsu:UTC", i64}};
    const uint64_t null = UINT64_MAX, keys[] = {7, null, 3, 3}, all[] = {7, 2, 3, 3};
    const uint64_t nan = 0x7ff8000000000000u, floats[] = {0, nan, 0, nan};
    for (int k = 0; k < PLN__COUNT(integers); k++) {
        const void *buffers[] = {valid, integers[k].data}, *none[] = {NULL, integers[k].data};
        struct ArrowArray array = {
            .length = 4, .offset = 1, .null_count = 1, .n_buffers = 2, .buffers = buffers};
        check_column(integers[k].format, &array, NULL, keys, 4, NULL);
        check_column(integers[k].format, &array, NULL, keys, 4, weights);
        array.null_count = 0;
        array.buffers = none;
        check_column(integers[k].format, &array, NULL, all, 4, NULL);
        check_column(integers[k].format, &array, NULL, all, 4, weights);
    }
    const void *buffers[] = {NULL, f64};
    struct ArrowArray array = {.length = 4, .offset = 1, .n_buffers = 2, .buffers = buffers};
    check_column("g", &array, NULL, floats, 4, weights);
}
END_TEST

/* Texts of 0 to 39 bytes, in parts and beyond; by the dictionary too. */
START_TEST(texts_with_and_without_nulls) {
    enum { N = 1000 };
    static char text[N * 40];
    static int32_t offsets[N + 1], indices[N];
    static int64_t weights[N], out[N];
    static uint8_t valid[N / 8 + 1];
    uint64_t state = 20;
    for (int i = 0; i < N; i++) {
        int size = (int)(hll_random(&state) % 40);
        for (int k = 0; k < size; k++)
            text[offsets[i] + k] = (char)('a' + hll_random(&state) % 2);
        offsets[i + 1] = offsets[i] + size;
        pln__bit_put(valid, i, i % 3 != 0);
        indices[i] = N - 1 - i;
        weights[i] = i % 5;
    }
    struct ArrowSchema values = {.format = "u", .name = "v", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowSchema coded = {.format = "i", .name = "c", .dictionary = &values};
    for (int nulls = 0; nulls < 2; nulls++) {
        const void *buffers[] = {nulls ? valid : NULL, offsets, text}, *index[] = {NULL, indices};
        struct ArrowArray words = {
            .length = N, .null_count = nulls ? -1 : 0, .n_buffers = 3, .buffers = buffers};
        struct ArrowArray codes = {
            .length = N, .n_buffers = 2, .buffers = index, .dictionary = &words};
        pln_count_min *want = cm_new(4, 256, 64, PLAIN), *got = cm_copied(want);
        pln_count_min *by_code = cm_copied(want);
        for (int i = 0; i < N; i++)
            if (!nulls || i % 3 != 0)
                MUST(pln_count_min_add(want, text + offsets[i], offsets[i + 1] - offsets[i],
                                       weights[i], &why));
        MUST(pln_count_min_add_column(got, &values, &words, weights, &why));
        cm_same(got, want);
        int64_t turned[N];
        for (int i = 0; i < N; i++)
            turned[i] = weights[N - 1 - i];
        MUST(pln_count_min_add_column(by_code, &coded, &codes, turned, &why));
        cm_same(by_code, want);
        MUST(pln_count_min_query_column(got, &coded, &codes, out, &why));
        for (int i = 0; i < N; i++) {
            int64_t one = 0;
            int row = N - 1 - i;
            if (!nulls || row % 3 != 0)
                MUST(pln_count_min_query(want, text + offsets[row], offsets[row + 1] - offsets[row],
                                         &one, &why));
            ck_assert_int_eq(out[i], one);
        }
        pln_count_min_free(want);
        pln_count_min_free(got);
        pln_count_min_free(by_code);
    }
}
END_TEST

START_TEST(columns_that_are_refused) {
    pln_error err = {0};
    int64_t out[4];
    struct ArrowSchema item = {.format = "l", .name = "item"}, *items[] = {&item};
    struct ArrowSchema list = {.format = "+l", .name = "tags", .n_children = 1, .children = items};
    struct ArrowArray array = {0};
    pln_count_min *cm = cm_new(2, 16, 64, PLAIN);
    ck_assert_int_eq(pln_count_min_add_column(cm, &list, &array, NULL, &err), PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(
        strstr(err.message, "Count-Min sketch: column tags: no hash of a list<int64"));
    ck_assert_int_eq(pln_count_min_query_column(cm, &list, &array, out, &err), PLN_EUNSUPPORTED);
    const void *buffers[] = {NULL, NULL};
    array = (struct ArrowArray){.length = 4, .offset = -3, .n_buffers = 2, .buffers = buffers};
    ck_assert_int_eq(pln_count_min_add_column(cm, &item, &array, NULL, &err), PLN_EDATA);
    ck_assert_int_eq(pln_count_min_add_uint64(cm, NULL, NULL, -1, NULL, 0, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_count_min_query_uint64(cm, NULL, -1, out, &err), PLN_EINVAL);
    MUST(pln_count_min_add_uint64(cm, NULL, NULL, 0, NULL, 0, &why));
    ck_assert_int_eq(pln_count_min_total(cm), 0);
    pln_count_min_free(cm);
}
END_TEST

/* ---- options, what does not mix ---- */

START_TEST(shapes_from_errors) {
    static const struct {
        double epsilon, delta;
        int64_t columns;
        int rows;
    } want[] = {{0.001, 0.01, 4096, 5}, {0.0001, 0.02, 32768, 4}, {0.5, 0.5, 8, 1},
                {2.718281828459045 / 64, 0.049, 64, 4}, {0.9, 1e-13, 4, 30}};
    for (int i = 0; i < PLN__COUNT(want); i++) {
        pln_count_min_options options = cm_options(0, 0, 64, PLAIN);
        options.epsilon = want[i].epsilon;
        options.delta = want[i].delta;
        pln_count_min *cm = cm_made(&options);
        pln_count_min_info info = cm_info(cm);
        ck_assert_int_eq(info.columns, want[i].columns);
        ck_assert_int_eq(info.rows, want[i].rows);
        ck_assert(info.epsilon <= want[i].epsilon && info.delta <= want[i].delta);
        pln_count_min_free(cm);
    }
    pln_count_min *cm = cm_made(NULL);
    pln_count_min_info info = cm_info(cm);
    ck_assert_int_eq(info.rows, 5);
    ck_assert_int_eq(info.columns, 4096);
    ck_assert_int_eq(info.counter_bits, 64);
    ck_assert_int_eq(info.update, PLAIN);
    ck_assert_int_eq(info.panes, 1);
    pln_count_min_free(cm);
    pln_count_min_free(NULL);
}
END_TEST

static void refused(const pln_count_min_options *options, const char *words) {
    pln_error err = {0};
    pln_count_min *cm = NULL;
    ck_assert_int_eq(pln_count_min_new(NULL, options, &cm, &err), PLN_EINVAL);
    ck_assert_ptr_null(cm);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

START_TEST(options_are_checked) {
    const pln_count_min_options good = cm_options(2, 16, 64, PLAIN);
    pln_count_min_options o;
#define BAD(change, words) (o = good, o.change, refused(&o, "Count-Min options: " words))
    BAD(rows = 33, "rows is 33, expected 1 to 32");
    BAD(rows = -1, "rows is -1, expected 1 to 32");
    BAD(columns = 1, "columns is 1, expected a power of two from 2 to 2^26");
    BAD(columns = 1000, "columns is 1000, expected a power of two");
    BAD(columns = (int64_t)1 << 27, "columns is 134217728");
    BAD(columns = INT64_MIN, "columns is -9223372036854775808");
    BAD(counter_bits = 16, "counter_bits is 16, expected 32 or 64");
    BAD(update = 3, "update is 3, expected 1 or 2");
    BAD(panes = 0, "panes is 0, expected 1 to 1024");
    BAD(panes = 1025, "panes is 1025, expected 1 to 1024");
    BAD(struct_size = 8, "struct_size is 8");
#undef BAD
    o = cm_options(0, 0, 64, PLAIN);
    o.epsilon = 4e-8;
    refused(&o, "epsilon is 4e-8, expected more than 4.06e-8 and less than 1");
    o.epsilon = NAN;
    refused(&o, "epsilon is nan");
    o.epsilon = 0.5;
    o.delta = 1;
    refused(&o, "delta is 1, expected more than 1.3e-14 and less than 1");
    o.delta = -INFINITY;
    refused(&o, "delta is -inf");
}
END_TEST

static void unlike(const pln_count_min *a, const pln_count_min_options *options, bool merge_only,
                   const char *words) {
    pln_error err = {0};
    double out;
    pln_count_min *b = cm_made(options), *before = cm_copied(a), *into = cm_copied(a);
    cm_add(b, 1, 1);
    ck_assert_int_eq(pln_count_min_merge(into, b, &err), PLN_ETYPE);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    cm_same(into, before);
    if (!merge_only)
        ck_assert_int_eq(pln_count_min_inner_product(a, b, &out, NULL, &err), PLN_ETYPE);
    pln_count_min_free(b);
    pln_count_min_free(before);
    pln_count_min_free(into);
}

START_TEST(what_does_not_mix) {
    pln_error err = {0};
    double out;
    const pln_count_min_options good = cm_options(2, 16, 64, PLAIN);
    pln_count_min_options o;
    pln_count_min *a = cm_made(&good);
    cm_add(a, 5, 6);
    o = good, o.rows = 3, unlike(a, &o, false, "different rows: 2 and 3");
    o = good, o.columns = 32, unlike(a, &o, false, "different columns: 16 and 32");
    o = good, o.seed = 1, unlike(a, &o, false, "different seeds");
    o = good, o.counter_bits = 32, unlike(a, &o, true, "different counter_bits: 64 and 32");
    o = good, o.update = CONSERVATIVE, unlike(a, &o, true, "different update: 1 and 2");
    o = good, o.panes = 2, unlike(a, &o, true, "different panes: 1 and 2");
    pln_count_min *c = cm_new(2, 16, 64, CONSERVATIVE);
    ck_assert_int_eq(pln_count_min_inner_product(a, c, &out, NULL, &err), PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "no inner product of conservative ones"));
    pln_count_min_free(a);
    pln_count_min_free(c);
}
END_TEST

/* ---- memory ---- */

static pln_status scenario(const pln_allocator *mem, pln_error *err) {
    uint64_t keys[300] = {1, 2, 3};
    int64_t answers[300], size;
    uint8_t bytes[4000];
    pln_count_min *a = NULL, *b = NULL, *c = NULL;
    pln_count_min_options options = cm_options(3, 64, 32, PLAIN);
    options.allocator = mem;
    options.panes = 2;
    pln_status status;
    PLN__TRY(pln_count_min_new(NULL, &options, &a, err));
    PLN__TRY(pln_count_min_add_uint64(a, keys, NULL, 300, NULL, 0, err));
    pln_count_min_rotate(a);
    PLN__TRY(pln_count_min_copy(a, &b, err));
    PLN__TRY(pln_count_min_merge(b, a, err));
    PLN__TRY(pln_count_min_query_uint64(b, keys, 300, answers, err));
    PLN__TRY(pln_count_min_write(b, bytes, sizeof bytes, &size, err));
    PLN__TRY(pln_count_min_read(NULL, &options, bytes, size, &c, err));
out:
    pln_count_min_free(a);
    pln_count_min_free(b);
    pln_count_min_free(c);
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
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

/* All of it is there from the start. */
START_TEST(memory_is_what_the_allocator_gave) {
    for (int bits = 32; bits <= 64; bits += 32)
        for (int panes = 1; panes <= 4; panes++) {
            fail_alloc f;
            pln_count_min_options options = cm_options(4, 1024, bits, PLAIN);
            options.allocator = fail_alloc_init(&f, -1);
            options.panes = panes;
            pln_count_min *cm = cm_made(&options);
            int64_t calls = f.calls;
            ck_assert_int_eq(pln_count_min_memory(cm), fail_alloc_live(&f));
            ck_assert_int_le(pln_count_min_memory(cm), panes * 4 * 1024 * bits / 8 + 400);
            for (uint64_t i = 0; i < 1000; i++)
                cm_add(cm, i, 1);
            pln_count_min_rotate(cm);
            ck_assert_int_eq(f.calls, calls);
            ck_assert_int_eq(cm_info(cm).memory_bytes, fail_alloc_live(&f));
            pln_count_min_free(cm);
        }
}
END_TEST

Suite *suite_sketch_count_min_laws(void);
Suite *suite_sketch_count_min_laws(void) {
    Suite *suite = suite_create("sketch/count_min_laws");
    TCase *tc = tcase_create("laws");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, merged_parts_are_the_whole);
    tcase_add_test(tc, order_leaves_no_trace);
    tcase_add_test(tc, conservative_lies_between_exact_and_plain);
    tcase_add_test(tc, panes_are_a_sketch_of_what_is_left);
    tcase_add_test(tc, panes_merge_by_age);
    tcase_add_test(tc, taking_away_undoes);
    tcase_add_test(tc, conservative_takes_nothing_away);
    tcase_add_test(tc, counters_stay_at_their_ends);
    tcase_add_test(tc, ends_merge_as_the_whole);
    tcase_add_test(tc, inner_products_against_exact_ones);
    tcase_add_test(tc, numbers_of_every_width);
    tcase_add_test(tc, texts_with_and_without_nulls);
    tcase_add_test(tc, columns_that_are_refused);
    tcase_add_test(tc, shapes_from_errors);
    tcase_add_test(tc, options_are_checked);
    tcase_add_test(tc, what_does_not_mix);
    tcase_add_test(tc, memory_fails_at_every_n);
    tcase_add_test(tc, memory_is_what_the_allocator_gave);
    suite_add_tcase(suite, tc);
    return suite;
}
