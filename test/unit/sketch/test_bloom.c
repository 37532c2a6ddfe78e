/* Bloom filter against the definition: bits in every way of adding, answers, the error that is promised and the one that is measured. */
#include "bloom_help.h"
#include "column/column.h"
#include <math.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the definition ---- */

/* Parquet's, in the words of its specification: "block check" with the salts of the format. */
static const uint32_t salts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                  0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

static void naive_add(uint32_t *words, int64_t blocks, const void *bytes, size_t size,
                      uint64_t seed) {
    uint64_t hash = XXH3_64bits_withSeed(bytes, size, seed);
    uint64_t block = ((hash >> 32) * (uint64_t)blocks) >> 32;
    for (int w = 0; w < 8; w++) {
        uint32_t bit = ((uint32_t)hash * salts[w]) >> 27;
        words[block * 8 + (uint64_t)w] |= 1u << bit;
    }
}

static void check_words(const pln_bloom *bloom, const uint32_t *words) {
    ck_assert_int_eq(memcmp(bloom->words, words, (size_t)bloom->blocks * 32), 0);
}

static void every_kernel(void (*check)(uint32_t cpu)) {
    check(0);
    if (pln__cpu_features() & PLN__CPU_AVX2)
        check(PLN__CPU_AVX2);
    else
        printf("avx2: not on this processor\n");
}

static void number_bits(uint32_t cpu) {
    static uint32_t words[100 * 8];
    uint64_t values[1000], state = 1;
    for (int n = 0; n <= 1000; n = n * 3 + 1) {
        pln_bloom *bloom = bloom_new(3200, 7);
        bloom->cpu = cpu;
        memset(words, 0, sizeof words);
        for (int i = 0; i < n; i++) {
            values[i] = bloom_random(&state) >> i % 60;
            naive_add(words, 100, &values[i], 8, 7);
        }
        MUST(pln_bloom_add_uint64(bloom, values, n, NULL, 0, &why));
        check_words(bloom, words);
        uint8_t found[126];
        MUST(pln_bloom_contains_uint64(bloom, values, n, NULL, 0, found, &why));
        ck_assert_int_eq(pln__bits_count(found, 0, n), n);
        pln_bloom_free(bloom);
    }
}

START_TEST(numbers_set_their_bits) {
    every_kernel(number_bits);
}
END_TEST

/* ask and put, bit by bit, against a filter that answers one value at a time. */
static void key_answers(uint32_t cpu) {
    static uint8_t keys[3000][16], found[375], seen[375];
    uint64_t state = 2;
    pln_bloom *bloom = bloom_new(640, 3), *one = bloom_new(640, 3);
    bloom->cpu = cpu;
    for (int i = 0; i < 3000; i++)
        for (int k = 0; k < 2; k++) {
            uint64_t word = i % 5 == 4 ? 0 : bloom_random(&state);
            memcpy(keys[i] + 8 * k, i % 5 == 4 ? keys[i - 1] + 8 * k : (void *)&word, 8);
        }
    MUST(pln_bloom_put_keys(bloom, keys[0], 700, found, &why));
    for (int i = 0; i < 700; i++) {
        int32_t yes = -1;
        MUST(pln_bloom_contains(one, keys[i], 16, &yes, &why));
        ck_assert_int_eq(pln__bit_get(found, i), yes);
        ck_assert(i % 5 != 4 || yes == 1);
        MUST(pln_bloom_add(one, keys[i], 16, &why));
    }
    bloom_same(bloom, one);
    MUST(pln_bloom_contains_keys(bloom, keys[0], 3000, seen, &why));
    for (int i = 0; i < 3000; i++) {
        int32_t yes = -1;
        MUST(pln_bloom_contains(one, keys[i], 16, &yes, &why));
        ck_assert_int_eq(pln__bit_get(seen, i), yes);
        ck_assert(i >= 700 || yes == 1);
    }
    bloom_same(bloom, one);
    pln_bloom_free(bloom);
    pln_bloom_free(one);
}

START_TEST(keys_are_answered_one_after_the_other) {
    every_kernel(key_answers);
}
END_TEST

/* ---- columns ---- */

static void same_as_bytes(const struct ArrowSchema *schema, const struct ArrowArray *array,
                          const void *const *values, const int64_t *sizes) {
    pln_bloom *column = bloom_new(6400, 1), *bytes = bloom_new(6400, 1);
    uint8_t found[8] = {0};
    MUST(pln_bloom_add_column(column, schema, array, &why));
    for (int64_t i = 0; i < array->length; i++)
        if (values[i] != NULL)
            MUST(pln_bloom_add(bytes, values[i], sizes[i], &why));
    bloom_same(column, bytes);
    MUST(pln_bloom_contains_column(bytes, schema, array, found, &why));
    for (int64_t i = 0; i < array->length; i++)
        ck_assert_int_eq(pln__bit_get(found, i), values[i] != NULL);
    pln_bloom_free(column);
    pln_bloom_free(bytes);
}

START_TEST(columns_are_their_values) {
    static const int64_t wide[4] = {5, -1, 0, 300};
    int64_t eights[4] = {8, 8, 8, 8};
    const void *values[4] = {&wide[0], NULL, &wide[2], &wide[3]};
    uint8_t valid[1] = {0x0d};
    int16_t narrow[4] = {5, -1, 0, 300};
    float numbers[4] = {5, 7, 0, 300};
    double doubles[4] = {5, 7, 0, 300};
    struct ArrowSchema schema = {.format = "l", .name = "n", .flags = ARROW_FLAG_NULLABLE};
    const void *buffers[3] = {valid, wide, NULL};
    struct ArrowArray array = {.length = 4, .null_count = 1, .n_buffers = 2, .buffers = buffers};
    same_as_bytes(&schema, &array, values, eights);
    schema.format = "s";
    buffers[1] = narrow;
    same_as_bytes(&schema, &array, values, eights);
    schema.format = "f";
    buffers[1] = numbers;
    for (int i = 0; i < 4; i++)
        values[i] = i == 1 ? NULL : (const void *)&doubles[i];
    same_as_bytes(&schema, &array, values, eights);
    int32_t offsets[5] = {0, 2, 2, 2, 5};
    int64_t sizes[4] = {2, 0, 0, 3};
    schema.format = "u";
    buffers[1] = offsets;
    buffers[2] = "abxyz";
    array.n_buffers = 3;
    values[0] = "ab";
    values[2] = "";
    values[3] = "xyz";
    same_as_bytes(&schema, &array, values, sizes);
}
END_TEST

START_TEST(what_is_no_value_is_refused) {
    pln_bloom *bloom = bloom_new(64, 0);
    struct ArrowSchema schema = {.format = "n", .name = "nothing"};
    struct ArrowArray array = {.length = 3, .null_count = 3};
    uint64_t word = 1;
    FAILS(pln_bloom_add_column(bloom, &schema, &array, &why), PLN_EUNSUPPORTED,
          "column nothing: no hash of a null");
    FAILS(pln_bloom_add_uint64(bloom, &word, -1, NULL, 0, &why), PLN_EINVAL, "-1 values");
    FAILS(pln_bloom_contains_uint64(bloom, &word, 1, NULL, -5, (uint8_t *)&word, &why), PLN_EINVAL,
          "bit -5");
    FAILS(pln_bloom_put_keys(bloom, (uint8_t *)&word, -2, (uint8_t *)&word, &why), PLN_EINVAL,
          "-2 values");
    ck_assert(pln_bloom_error(bloom) <= 0);
    pln_bloom_free(bloom);
}
END_TEST

/* ---- errors as numbers ---- */

/* The sum of the header, term by term. */
static double summed(double load) {
    double term = exp(-load), sum = 0;
    for (int i = 0; i < 4000; i++) {
        sum += term * pow(1 - pow(31.0 / 32, i), 8);
        term *= load / (i + 1);
    }
    return sum;
}

START_TEST(the_formula_is_the_sum) {
    for (double load = 0.25; load < 500; load *= 1.3) {
        int64_t values = (int64_t)(load * 100000);
        double got = pln_bloom_error_for(3200000, values), sum = summed((double)values / 100000);
        ck_assert_double_eq_tol(got, sum, 1e-13 + sum * 1e-9);
    }
    ck_assert(pln_bloom_error_for(3200, 0) <= 0);
    ck_assert(pln_bloom_error_for(31, 1) >= 1);
    static const double errors[] = {0.5, 0.1, 0.01, 0.001, 1e-5, 1e-7};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        int64_t bytes = pln_bloom_bytes_for(1000000, errors[i]);
        ck_assert(pln_bloom_error_for(bytes, 1000000) <= errors[i] * (1 + 1e-6));
        ck_assert(pln_bloom_error_for(bytes - 320, 1000000) > errors[i]);
    }
    ck_assert_int_eq(pln_bloom_bytes_for(0, 0.01), -1);
    ck_assert_int_eq(pln_bloom_bytes_for(10, 0.6), -1);
    ck_assert_int_eq(pln_bloom_bytes_for(10, 1e-8), -1);
    ck_assert_int_eq(pln_bloom_bytes_for(INT64_MAX, 0.01), -1);
    ck_assert_int_eq(pln_bloom_bytes_for(1, 0.5), 32);
}
END_TEST

/* n values in, then as many questions as give a hundred false answers or more; four standard deviations of their number. */
static void measure(int64_t n, double error) {
    pln_bloom *bloom = NULL;
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.expected = n;
    options.error = error;
    options.seed = 11;
    MUST(pln_bloom_new(NULL, &options, &bloom, &why));
    ck_assert_int_eq(bloom->blocks * 32, pln_bloom_bytes_for(n, error));
    static uint64_t values[1000];
    static uint8_t found[125];
    for (int64_t i = 0; i < n; i += 1000) {
        for (int k = 0; k < 1000; k++)
            values[k] = (uint64_t)(i + k);
        MUST(pln_bloom_add_uint64(bloom, values, 1000, NULL, 0, &why));
    }
    int64_t questions = (int64_t)(200 / error) / 1000 * 1000, yes = 0;
    for (int64_t i = 0; i < questions; i += 1000) {
        for (int k = 0; k < 1000; k++)
            values[k] = (uint64_t)(i + k) + (UINT64_C(1) << 40);
        MUST(pln_bloom_contains_uint64(bloom, values, 1000, NULL, 0, found, &why));
        yes += pln__bits_count(found, 0, 1000);
    }
    double expected = error * (double)questions;
    ck_assert_double_eq_tol((double)yes, expected, 4 * sqrt(expected));
    ck_assert_double_eq_tol(pln_bloom_error(bloom), error, error * 0.05);
    pln_bloom_info info = {.struct_size = sizeof info};
    pln_bloom_info_get(bloom, &info);
    ck_assert_double_eq_tol(info.estimate, (double)n, 0.01 * (double)n);
    ck_assert_double_eq_tol(info.error, pln_bloom_error(bloom), 1e-15);
    pln_bloom_free(bloom);
}

START_TEST(the_error_is_the_promised_one) {
    measure(100000, 0.1);
    measure(100000, 0.01);
    measure(100000, 0.001);
    measure(100000, 0.0001);
    measure(30000, 0.00002);
}
END_TEST

/* Keys that are numbers in a row, and all bits of the block number in use. */
START_TEST(the_error_follows_the_values) {
    pln_bloom *bloom = bloom_new(32 * 1000, 0);
    uint64_t value = 0;
    ck_assert(pln_bloom_error(bloom) <= 0);
    double last = 0;
    for (int step = 0; step < 6; step++) {
        for (int i = 0; i < 5000; i++, value++)
            MUST(pln_bloom_add_uint64(bloom, &value, 1, NULL, 0, &why));
        double now = pln_bloom_error(bloom), formula = pln_bloom_error_for(32000, (int64_t)value);
        ck_assert(now > last);
        ck_assert_double_eq_tol(now, formula, formula * 0.2);
        last = now;
    }
    pln_bloom_clear(bloom);
    ck_assert(pln_bloom_error(bloom) <= 0);
    memset(bloom->words, 255, 32000);
    bloom->error = -1;
    ck_assert(pln_bloom_error(bloom) >= 1);
    pln_bloom_info info = {.struct_size = sizeof info};
    pln_bloom_info_get(bloom, &info);
    ck_assert(isinf(info.estimate) && info.fill >= 1);
    pln_bloom_free(bloom);
}
END_TEST

Suite *suite_sketch_bloom(void);
Suite *suite_sketch_bloom(void) {
    Suite *suite = suite_create("sketch/bloom");
    TCase *tcase = tcase_create("values");
    tcase_add_test(tcase, numbers_set_their_bits);
    tcase_add_test(tcase, keys_are_answered_one_after_the_other);
    tcase_add_test(tcase, columns_are_their_values);
    tcase_add_test(tcase, what_is_no_value_is_refused);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("errors");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_formula_is_the_sum);
    tcase_add_test(tcase, the_error_is_the_promised_one);
    tcase_add_test(tcase, the_error_follows_the_values);
    suite_add_tcase(suite, tcase);
    return suite;
}
