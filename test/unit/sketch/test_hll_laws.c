/* Laws of HyperLogLog: unions, lower precisions, columns of all types, what does not mix, memory that fails. */
#define _POSIX_C_SOURCE 200809L
#include "column/column.h"
#include "hll_help.h"
#include <math.h>

static const int hashes[] = {PLN_HLL_XXH3, PLN_HLL_REDIS, PLN_HLL_DATASKETCHES};

static pln_hll *filled(int precision, int hash, uint64_t first, uint64_t n) {
    pln_hll *hll = hll_new(precision, hash, 0);
    for (uint64_t i = first; i < first + n; i++)
        MUST(pln_hll_add(hll, &i, 8, &why));
    return hll;
}

static pln_hll *copied(const pln_hll *hll) {
    pln_hll *copy = NULL;
    MUST(pln_hll_copy(hll, &copy, &why));
    return copy;
}

static pln_hll *merged(const pln_hll *a, const pln_hll *b) {
    pln_hll *out = copied(a);
    MUST(pln_hll_merge(out, b, &why));
    return out;
}

/* Values [0, n), dealt at random to parts of random precisions; merged in order, they are the sketch of all at the lowest. */
static void check_split(int hash, uint64_t *state) {
    uint64_t n = (uint64_t)1 << hll_random(state) % 16;
    int parts = 2 + (int)(hll_random(state) % 4), lowest = 18;
    pln_hll *part[5], *all;
    for (int i = 0; i < parts; i++) {
        int p = 4 + (int)(hll_random(state) % 15);
        part[i] = hll_new(p, hash, 0);
        lowest = p < lowest ? p : lowest;
    }
    for (uint64_t i = 0; i < n; i++) {
        MUST(pln_hll_add(part[hll_random(state) % (uint64_t)parts], &i, 8, &why));
        MUST(pln_hll_add(part[hll_random(state) % (uint64_t)parts], &i, 8, &why));
    }
    all = filled(lowest, hash, 0, n);
    for (int i = 1; i < parts; i++)
        MUST(pln_hll_merge(part[0], part[i], &why));
    hll_same(part[0], all);
    ck_assert(pln_hll_estimate(part[0]) == pln_hll_estimate(all));
    for (int i = 0; i < parts; i++)
        pln_hll_free(part[i]);
    pln_hll_free(all);
}

START_TEST(merged_parts_are_the_whole) {
    uint64_t state = 10 + (uint64_t)_i;
    int rounds = getenv("PLN_TORTURE") != NULL ? 1000 : 60;
    for (int i = 0; i < rounds; i++)
        check_split(hashes[_i], &state);
}
END_TEST

START_TEST(order_and_repetition_leave_no_trace) {
    for (int p = 4; p <= 18; p += 2) {
        pln_hll *a = filled(p, hashes[_i], 0, 900), *b = filled(p, hashes[_i], 500, 30000);
        pln_hll *ab = merged(a, b), *ba = merged(b, a), *aa = merged(a, a);
        hll_same(ab, ba);
        hll_same(aa, a);
        MUST(pln_hll_merge(ab, b, &why));
        MUST(pln_hll_merge(ab, ab, &why));
        hll_same(ab, ba);
        pln_hll_free(a);
        pln_hll_free(b);
        pln_hll_free(ab);
        pln_hll_free(ba);
        pln_hll_free(aa);
    }
}
END_TEST

START_TEST(folded_is_as_if_made_lower) {
    static const uint64_t sizes[] = {0, 1, 20, 600, 5000, 40000};
    for (int k = 0; k < PLN__COUNT(sizes); k++)
        for (int p = 18; p >= 4; p -= 2)
            for (int q = p; q >= 4; q--) {
                pln_hll *high = filled(p, hashes[_i], 7, sizes[k] >> (p < 12 ? 1 : 0));
                pln_hll *low = filled(q, hashes[_i], 7, sizes[k] >> (p < 12 ? 1 : 0));
                MUST(pln_hll_fold(high, q, &why));
                hll_same(high, low);
                pln_hll_free(high);
                pln_hll_free(low);
            }
}
END_TEST

/* A sketch that was merged knows no floor; adding to it goes on as to any other. */
START_TEST(adding_goes_on_behind_a_merge) {
    static uint64_t keys[60000];
    for (uint64_t i = 0; i < 60000; i++)
        keys[i] = i;
    for (int p = 4; p <= 14; p += 5) {
        pln_hll *a = hll_new(p, PLN_HLL_XXH3, 0), *b = hll_new(p, PLN_HLL_XXH3, 0);
        MUST(pln_hll_add_uint64(a, keys, 20000, NULL, 0, &why));
        MUST(pln_hll_add_uint64(b, keys + 20000, 20000, NULL, 0, &why));
        MUST(pln_hll_merge(a, b, &why));
        MUST(pln_hll_add_uint64(a, keys + 40000, 20000, NULL, 0, &why));
        pln_hll *all = filled(p, PLN_HLL_XXH3, 0, 60000);
        hll_same(a, all);
        pln_hll_free(a);
        pln_hll_free(b);
        pln_hll_free(all);
    }
}
END_TEST

START_TEST(what_does_not_mix) {
    pln_error err = {0};
    pln_hll_overlap overlap = {.struct_size = sizeof overlap};
    pln_hll *a = hll_new(12, PLN_HLL_XXH3, 1), *b = hll_new(12, PLN_HLL_XXH3, 2),
            *c = hll_new(14, PLN_HLL_REDIS, 0);
    ck_assert_int_eq(pln_hll_merge(a, b, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "different seeds"));
    ck_assert_int_eq(pln_hll_merge(a, c, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "different hashes"));
    ck_assert_int_eq(pln_hll_intersect(a, b, &overlap, &err), PLN_ETYPE);
    overlap.struct_size = 8;
    ck_assert_int_eq(pln_hll_intersect(a, a, &overlap, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_hll_fold(a, 13, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_hll_fold(a, 3, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_hll_add_uint64(a, NULL, -1, NULL, 0, &err), PLN_EINVAL);
    pln_hll *d = hll_new(12, PLN_HLL_DATASKETCHES, 0);
    ck_assert_int_eq(pln_hll_add_hash(d, 1, &err), PLN_EUNSUPPORTED);
    MUST(pln_hll_add(d, "", 0, &why));
    ck_assert(pln_hll_estimate(d) == 0);
    MUST(pln_hll_add(a, "", 0, &why));
    ck_assert(fabs(pln_hll_estimate(a) - 1) < 1e-6);
    pln_hll_free(a);
    pln_hll_free(b);
    pln_hll_free(c);
    pln_hll_free(d);
}
END_TEST

START_TEST(options_are_checked) {
    static const struct {
        int precision, hash;
        uint64_t seed;
        const char *words;
    } bad[] = {{3, 1, 0, "precision is 3, expected 4 to 18"},
               {19, 1, 0, "precision is 19, expected 4 to 18"},
               {12, 0, 0, "hash is 0, expected 1 to 3"},
               {12, 4, 0, "hash is 4, expected 1 to 3"},
               {12, 2, 5, "only PLN_HLL_XXH3 has a seed"}};
    pln_error err = {0};
    pln_hll *hll;
    for (int i = 0; i < PLN__COUNT(bad); i++) {
        pln_hll_options options = hll_options(bad[i].precision, bad[i].hash, bad[i].seed);
        ck_assert_int_eq(pln_hll_new(NULL, &options, &hll, &err), PLN_EINVAL);
        ck_assert_ptr_nonnull(strstr(err.message, bad[i].words));
    }
    pln_hll_options small = hll_options(12, 1, 0);
    small.struct_size = 8;
    ck_assert_int_eq(pln_hll_new(NULL, &small, &hll, &err), PLN_EINVAL);
    MUST(pln_hll_new(NULL, NULL, &hll, &why));
    pln_hll_info info = {.struct_size = sizeof info};
    pln_hll_info_get(hll, &info);
    ck_assert_int_eq(info.precision, 14);
    ck_assert_int_eq(info.hash, PLN_HLL_XXH3);
    ck_assert_int_eq(info.sparse, 1);
    pln_hll_free(hll);
    pln_hll_free(NULL);
}
END_TEST

/* ---- columns ---- */

static struct ArrowArray array_of(const void **buffers, int n_buffers, int64_t length,
                                  int64_t offset, int64_t nulls) {
    return (struct ArrowArray){.length = length,
                               .offset = offset,
                               .null_count = nulls,
                               .n_buffers = n_buffers,
                               .buffers = buffers};
}

static void check_column(const char *format, const struct ArrowArray *array,
                         const struct ArrowArray *dictionary, const pln_hll *want) {
    struct ArrowSchema values = {.format = "u", .name = "v", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowSchema schema = {.format = format, .name = "c", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowArray mine = *array;
    if (dictionary != NULL) {
        schema.dictionary = &values;
        mine.dictionary = (struct ArrowArray *)(uintptr_t)dictionary;
    }
    pln_hll *got = hll_new(want->precision, want->hash, want->seed);
    MUST(pln_hll_add_column(got, &schema, &mine, &why));
    hll_same(got, want);
    pln_hll_free(got);
}

/* The same numbers, in whatever width, are the same values; offsets and nulls are honoured. */
START_TEST(numbers_of_every_width) {
    static const int8_t i8[] = {9, -1, 2, 3};
    static const int16_t i16[] = {9, -1, 2, 3};
    static const int32_t i32[] = {9, -1, 2, 3};
    static const int64_t i64[] = {9, -1, 2, 3};
    static const float f32[] = {9, -0.0f, NAN, 0};
    static const double f64[] = {9, 0.0, -NAN, -0.0};
    static const uint8_t bools[] = {0x0b}, valid[] = {0x0b};
    static const struct {
        const char *format;
        const void *data;
    } integers[] = {{"c", i8}, {"s", i16}, {"i", i32}, {"l", i64}, {"tdD", i32}, {"tsu:UTC", i64},
                    {"ttu", i64}, {"tts", i32}};
    for (int p = 4; p <= 12; p += 8) {
        pln_hll *want = hll_new(p, hashes[_i], 0);
        int64_t kept[] = {-1, 3};
        MUST(pln_hll_add(want, &kept[0], 8, &why));
        MUST(pln_hll_add(want, &kept[1], 8, &why));
        for (int k = 0; k < PLN__COUNT(integers); k++) {
            const void *buffers[] = {valid, integers[k].data};
            struct ArrowArray array = array_of(buffers, 2, 3, 1, 1);
            check_column(integers[k].format, &array, NULL, want);
        }
        pln_hll_clear(want);
        uint64_t zero = 0, nan = 0x7ff8000000000000u, one = 1;
        MUST(pln_hll_add(want, &zero, 8, &why));
        MUST(pln_hll_add(want, &nan, 8, &why));
        const void *of32[] = {NULL, f32}, *of64[] = {NULL, f64}, *bits[] = {NULL, bools};
        struct ArrowArray array = array_of(of32, 2, 3, 1, 0);
        check_column("f", &array, NULL, want);
        array.buffers = of64;
        check_column("g", &array, NULL, want);
        pln_hll_clear(want);
        MUST(pln_hll_add(want, &zero, 8, &why));
        MUST(pln_hll_add(want, &one, 8, &why));
        array.buffers = bits;
        check_column("b", &array, NULL, want);
        pln_hll_free(want);
    }
}
END_TEST

/* Long enough to pass from the table to registers on the way. */
START_TEST(texts_with_and_without_nulls) {
    enum { N = 40000 };
    static char text[N * 40];
    static int32_t offsets[N + 1], indices[2 * N];
    static uint8_t valid[N / 8 + 1];
    uint64_t state = 20;
    for (int i = 0; i < N; i++) {
        int size = (int)(hll_random(&state) % 40);
        for (int k = 0; k < size; k++)
            text[offsets[i] + k] = (char)('a' + hll_random(&state) % 4);
        offsets[i + 1] = offsets[i] + size;
        pln__bit_put(valid, i, i % 3 != 0);
        indices[2 * i] = indices[2 * i + 1] = N - 1 - i;
    }
    for (int nulls = 0; nulls < 2; nulls++)
        for (int p = 4; p <= 14; p += 5) {
            pln_hll *want = hll_new(p, hashes[_i], 0);
            for (int i = 5; i < N; i++)
                if (!nulls || i % 3 != 0)
                    MUST(pln_hll_add(want, text + offsets[i], offsets[i + 1] - offsets[i], &why));
            const void *buffers[] = {nulls ? valid : NULL, offsets, text};
            struct ArrowArray array = array_of(buffers, 3, N - 5, 5, nulls ? -1 : 0);
            check_column("u", &array, NULL, want);
            check_column("z", &array, NULL, want);
            const void *index[] = {NULL, indices};
            struct ArrowArray coded = array_of(index, 2, 2 * (N - 5), 0, 0), words = array;
            words.offset = 0;
            words.length = N;
            check_column("i", &coded, &words, want);
            pln_hll_free(want);
        }
}
END_TEST

START_TEST(types_without_a_hash_are_refused) {
    pln_error err = {0};
    struct ArrowSchema item = {.format = "l", .name = "item"}, *items[] = {&item};
    struct ArrowSchema list = {.format = "+l", .name = "tags", .n_children = 1, .children = items};
    struct ArrowArray array = {0};
    pln_hll *hll = hll_new(12, PLN_HLL_XXH3, 0);
    ck_assert_int_eq(pln_hll_add_column(hll, &list, &array, &err), PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "column tags: no hash of a list<int64"));
    const void *buffers[] = {NULL, NULL};
    array = array_of(buffers, 2, 4, -3, 0);
    ck_assert_int_eq(pln_hll_add_column(hll, &item, &array, &err), PLN_EDATA);
    /* An index that leads out of its dictionary. */
    static const int32_t indices[] = {0, 2}, offsets[] = {0, 1, 2};
    const void *of_index[] = {NULL, indices}, *of_words[] = {NULL, offsets, "ab"};
    struct ArrowArray words = array_of(of_words, 3, 2, 0, 0);
    struct ArrowSchema word = {.format = "u", .name = "v"};
    struct ArrowSchema coded = {.format = "i", .name = "c", .dictionary = &word};
    array = array_of(of_index, 2, 2, 0, 0);
    array.dictionary = &words;
    ck_assert_int_eq(pln_hll_add_column(hll, &coded, &array, &err), PLN_EDATA);
    pln_hll_free(hll);
}
END_TEST

/* ---- two sets ---- */

START_TEST(overlap_of_known_sets) {
    static const struct {
        uint64_t a, first, b;
    } sets[] = {{0, 0, 0},          {100, 100, 50},      {1000, 500, 1000},
                {20000, 10000, 20000}, {50000, 50000, 50000}, {30000, 0, 30000}};
    for (int k = 0; k < PLN__COUNT(sets); k++) {
        pln_hll *a = filled(14, PLN_HLL_XXH3, 0, sets[k].a);
        pln_hll *b = filled(15, PLN_HLL_XXH3, sets[k].first, sets[k].b);
        pln_hll_overlap got = {.struct_size = sizeof got};
        MUST(pln_hll_intersect(a, b, &got, &why));
        double end = (double)(sets[k].first + sets[k].b), all = (double)sets[k].a;
        double both =
            all > (double)sets[k].first ? (all < end ? all : end) - (double)sets[k].first : 0;
        double whole = all + (double)sets[k].b - both, share = whole > 0 ? both / whole : 0;
        ck_assert(fabs(got.union_size - whole) <= 4 * 0.0082 * whole);
        ck_assert(fabs(got.intersection - both) <= 3 * got.intersection_error + 0.01);
        ck_assert(fabs(got.jaccard - share) <= 3 * got.jaccard_error + 0.001);
        ck_assert(got.intersection_error <= 0.0082 * 2.5 * (whole + 1));
        pln_hll_free(a);
        pln_hll_free(b);
    }
}
END_TEST

/* ---- memory ---- */

static pln_status scenario(const pln_allocator *mem, pln_error *err) {
    static uint64_t keys[4000];
    pln_hll *a = NULL, *b = NULL, *c = NULL;
    pln_hll_overlap overlap = {.struct_size = sizeof overlap};
    pln_hll_options options = hll_options(14, PLN_HLL_XXH3, 9);
    uint8_t bytes[20000];
    int64_t size;
    pln_status status;
    options.allocator = mem;
    for (uint64_t i = 0; i < 4000; i++)
        keys[i] = i;
    PLN__TRY(pln_hll_new(NULL, &options, &a, &why));
    options.precision = 10;
    PLN__TRY(pln_hll_new(NULL, &options, &b, err));
    PLN__TRY(pln_hll_add_uint64(a, keys, 900, NULL, 0, err));
    PLN__TRY(pln_hll_add_uint64(b, keys, 30, NULL, 0, err));
    PLN__TRY(pln_hll_intersect(a, b, &overlap, err));
    PLN__TRY(pln_hll_add_uint64(a, keys, 4000, NULL, 0, err));
    PLN__TRY(pln_hll_write(a, PLN_HLL_NATIVE, bytes, sizeof bytes, &size, err));
    PLN__TRY(pln_hll_read(NULL, PLN_HLL_NATIVE, &options, bytes, size, &c, err));
    PLN__TRY(pln_hll_fold(c, 11, err));
    PLN__TRY(pln_hll_merge(c, b, err));
    PLN__TRY(pln_hll_merge(b, a, err));
out:
    pln_hll_free(a);
    pln_hll_free(b);
    pln_hll_free(c);
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

START_TEST(memory_is_what_the_allocator_gave) {
    for (int p = 4; p <= 18; p++) {
        fail_alloc f;
        pln_hll *hll = NULL;
        pln_hll_options options = hll_options(p, PLN_HLL_XXH3, 0);
        options.allocator = fail_alloc_init(&f, -1);
        MUST(pln_hll_new(NULL, &options, &hll, &why));
        for (uint64_t i = 0; i < 40000; i++) {
            MUST(pln_hll_add(hll, &i, 8, &why));
            if (i % 37 == 0)
                ck_assert_int_eq(pln_hll_memory(hll), fail_alloc_live(&f));
        }
        ck_assert_int_le(pln_hll_memory(hll), ((int64_t)1 << p) + 512);
        pln_hll_free(hll);
    }
}
END_TEST

Suite *suite_sketch_hll_laws(void);
Suite *suite_sketch_hll_laws(void) {
    Suite *suite = suite_create("sketch/hll_laws");
    TCase *tc = tcase_create("laws");
    tcase_add_loop_test(tc, merged_parts_are_the_whole, 0, PLN__COUNT(hashes));
    tcase_add_loop_test(tc, order_and_repetition_leave_no_trace, 0, PLN__COUNT(hashes));
    tcase_add_loop_test(tc, folded_is_as_if_made_lower, 0, PLN__COUNT(hashes));
    tcase_add_test(tc, adding_goes_on_behind_a_merge);
    tcase_add_test(tc, what_does_not_mix);
    tcase_add_test(tc, options_are_checked);
    tcase_add_loop_test(tc, numbers_of_every_width, 0, PLN__COUNT(hashes));
    tcase_add_loop_test(tc, texts_with_and_without_nulls, 0, PLN__COUNT(hashes));
    tcase_add_test(tc, types_without_a_hash_are_refused);
    tcase_add_test(tc, overlap_of_known_sets);
    tcase_add_test(tc, memory_fails_at_every_n);
    tcase_add_test(tc, memory_is_what_the_allocator_gave);
    suite_add_tcase(suite, tc);
    return suite;
}
