/* How wrong estimates are, over many sketches with fixed seeds; 1,000 trials in the long form (PLN_TORTURE). */
#define _POSIX_C_SOURCE 200809L
#include "hll_help.h"
#include <math.h>

static const int precisions[] = {10, 12, 14, 16};
enum { MOST = 1000000 };

typedef struct tally {
    int64_t trials, beyond, outside;
    double sum, squares;
} tally;

static int64_t trials(void) {
    return getenv("PLN_TORTURE") != NULL ? 1000 : 100;
}

/* One sketch, asked at 10, 100 ... values. `wide`: the error that holds for every number. */
static void trial(int precision, uint64_t seed, const uint64_t *keys, tally *by_decade,
                  tally *all) {
    pln_hll *hll = hll_new(precision, PLN_HLL_XXH3, seed);
    double wide = 1.03896 / sqrt((double)((int64_t)1 << precision));
    int64_t done = 0;
    for (int64_t n = 10; n <= MOST; n *= 10, by_decade++) {
        double low, high;
        MUST(pln_hll_add_uint64(hll, keys + done, n - done, NULL, 0, &why));
        done = n;
        double error = pln_hll_estimate(hll) / (double)n - 1;
        pln_hll_interval(hll, 3, &low, &high);
        bool outside = (double)n < low || (double)n > high;
        by_decade->trials++;
        by_decade->sum += error;
        by_decade->squares += error * error;
        all->trials++;
        all->beyond += fabs(error) > 3 * wide;
        all->outside += outside;
    }
    pln_hll_free(hll);
}

START_TEST(errors_are_as_stated) {
    uint64_t *keys = malloc(MOST * sizeof *keys);
    tally all = {0};
    ck_assert_ptr_nonnull(keys);
    for (int k = 0; k < PLN__COUNT(precisions); k++) {
        tally decades[6] = {{0}};
        double wide = 1.03896 / sqrt((double)((int64_t)1 << precisions[k]));
        for (int64_t t = 0; t < trials(); t++) {
            for (int64_t i = 0; i < MOST; i++)
                keys[i] = (uint64_t)(t * MOST + i);
            trial(precisions[k], (uint64_t)(1000 + t), keys, decades, &all);
        }
        for (int d = 0; d < 6; d++) {
            double n = (double)decades[d].trials, bias = decades[d].sum / n;
            double spread = sqrt(decades[d].squares / n);
            /* The mean of n trials lies within four of its own standard errors; the spread is not wider than stated. */
            ck_assert_msg(fabs(bias) <= 4 * wide / sqrt(n), "p %d, 10^%d: bias %f", precisions[k],
                          d + 1, bias);
            ck_assert_msg(spread <= wide * (1 + 3 / sqrt(2 * n)), "p %d, 10^%d: spread %f of %f",
                          precisions[k], d + 1, spread, wide);
        }
    }
    printf("%lld trials: %lld beyond 3 standard errors, %lld outside of the interval\n",
           (long long)all.trials, (long long)all.beyond, (long long)all.outside);
    ck_assert_int_le(all.beyond * 1000, all.trials * 5);
    ck_assert_int_le(all.outside * 1000, all.trials * 5);
    free(keys);
}
END_TEST

/* Where the table gives way to registers and where linear counting ends, small precisions too. */
START_TEST(the_whole_range_is_unbiased) {
    for (int p = 4; p <= 10; p += 2) {
        int64_t m = (int64_t)1 << p, n_trials = trials();
        double wide = 1.03896 / sqrt((double)m);
        for (int64_t n = m / 16 + 8; n <= 32 * m; n = n * 2 + 1) {
            double sum = 0, stated = 0, squares = 0;
            for (int64_t t = 0; t < n_trials; t++) {
                uint64_t state = (uint64_t)(t * 1000003 + p);
                pln_hll *hll = hll_new(p, PLN_HLL_XXH3, 0);
                for (int64_t i = 0; i < n; i++)
                    MUST(pln_hll_add_hash(hll, hll_random(&state), &why));
                double error = pln_hll_estimate(hll) / (double)n - 1;
                sum += error;
                squares += error * error;
                stated += pln_hll_standard_error(hll);
                pln_hll_free(hll);
            }
            double count = (double)n_trials, spread = sqrt(squares / count);
            /* Of 16 registers the estimator has a bias of its own, of the order 1 / m. */
            ck_assert_msg(fabs(sum / count) <= 4 * wide / sqrt(count) + 1.0 / (double)m,
                          "p %d, n %lld: bias %f", p, (long long)n, sum / count);
            ck_assert_msg(spread <= stated / count * (1.25 + 2.0 / sqrt((double)m)),
                          "p %d, n %lld: spread %f, stated %f", p, (long long)n, spread,
                          stated / count);
            ck_assert_msg(spread >= stated / count * 0.75, "p %d, n %lld: spread %f, stated %f", p,
                          (long long)n, spread, stated / count);
        }
    }
}
END_TEST

START_TEST(small_numbers_are_as_good_as_exact) {
    pln_hll *hll = hll_new(14, PLN_HLL_XXH3, 5);
    for (uint64_t i = 1; i <= 1024; i++) {
        double low, high;
        MUST(pln_hll_add(hll, &i, 8, &why));
        ck_assert(fabs(pln_hll_estimate(hll) - (double)i) < 0.1);
        pln_hll_interval(hll, 2, &low, &high);
        ck_assert(low <= (double)i + 0.1 && (double)i <= high + 0.1 && high - low < 2);
    }
    pln_hll_free(hll);
}
END_TEST

/* Half way to registers one sketch in fourteen lacks a value; the interval must allow for it. */
START_TEST(intervals_of_small_numbers_hold) {
    static uint64_t keys[3000];
    int missed = 0;
    double low, high;
    pln_hll *hll = hll_new(16, PLN_HLL_XXH3, 0);
    for (uint64_t t = 0; t < 1000; t++) {
        for (uint64_t i = 0; i < 3000; i++)
            keys[i] = t * 3000 + i;
        MUST(pln_hll_add_uint64(hll, keys, 3000, NULL, 0, &why));
        pln_hll_interval(hll, 3, &low, &high);
        missed += low > 3000 || high < 3000;
        ck_assert(high - low < 4);
        pln_hll_interval(hll, 1000, &low, &high);
        ck_assert(low <= 3000 && high >= 3000);
        pln_hll_clear(hll);
    }
    ck_assert_int_le(missed, 5);
    pln_hll_free(hll);
}
END_TEST

/* The estimate is remembered, and forgotten with every register that grows. */
START_TEST(estimates_follow) {
    pln_hll *hll = hll_new(12, PLN_HLL_XXH3, 0);
    double last = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        MUST(pln_hll_add(hll, &i, 8, &why));
        if (i % 100 != 0)
            continue;
        pln_hll *copy;
        double now = pln_hll_estimate(hll);
        MUST(pln_hll_copy(hll, &copy, &why));
        copy->estimate = -1;
        ck_assert(now == pln_hll_estimate(copy) && now == pln_hll_estimate(hll));
        ck_assert(now >= last || i < 300);
        last = now;
        pln_hll_free(copy);
    }
    pln_hll_free(hll);
}
END_TEST

Suite *suite_sketch_hll_errors(void);
Suite *suite_sketch_hll_errors(void) {
    Suite *suite = suite_create("sketch/hll_errors");
    TCase *tc = tcase_create("errors");
    tcase_set_timeout(tc, 1200);
    tcase_add_test(tc, errors_are_as_stated);
    tcase_add_test(tc, the_whole_range_is_unbiased);
    tcase_add_test(tc, small_numbers_are_as_good_as_exact);
    tcase_add_test(tc, intervals_of_small_numbers_hold);
    tcase_add_test(tc, estimates_follow);
    suite_add_tcase(suite, tc);
    return suite;
}
