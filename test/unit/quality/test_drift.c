/* PSI and KS against published figures and their definitions, over counts and sketches; what changed between schemas. */
#include "fail_alloc.h"
#include "random_arrow.h"
#include "base/base.h"
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

static void assert_near(double got, double want, double tolerance) {
    ck_assert_msg(fabs(got - want) <= tolerance, "%.17g, expected %.17g", got, want);
}

static pln_quantiles *quantiles_of(const double *values, int64_t n) {
    pln_quantiles *sketch;
    MUST(pln_quantiles_new(NULL, NULL, &sketch, &err));
    MUST(pln_quantiles_add_float64(sketch, values, n, NULL, 0, &err));
    return sketch;
}

static pln_drift ks_of(const double *a, int64_t n, const double *b, int64_t m) {
    pln_drift d = {.struct_size = sizeof d};
    pln_quantiles *x = quantiles_of(a, n), *y = quantiles_of(b, m);
    MUST(pln_drift_ks_quantiles(x, y, NULL, &d, &err));
    pln_quantiles_free(x);
    pln_quantiles_free(y);
    return d;
}

static double *linspace(double first, double last, int n, double shift) {
    double *out = malloc((size_t)n * sizeof *out);
    for (int i = 0; i < n; i++)
        out[i] = first + (last - first) * i / (n - 1) + shift;
    return out;
}

/*
 * The two-sided statistics that the tests of scipy.stats.ks_2samp have written down (scipy/stats/tests/test_stats.py, TestKSTwoSamples: testTwoVsThree, testTwoVsFour, testRepeatedValues,
 * test100_100, test100_110). They were taken from there; each follows from the definition, too.
 */
START_TEST(statistics_of_scipy) {
    static const double one[] = {1.01, 2.01}, less[] = {0.99, 1.99}, three[] = {1, 2, 3},
                        four[] = {1, 2, 3, 4};
    static const double x2233[] = {2, 2, 2, 3, 3, 3, 3, 5, 5, 5, 5, 5, 6, 6, 6, 6};
    double x3344[16], x2356[21], x3467[26];
    int n = 0, m = 0;
    for (int i = 0; i < 16; i++)
        x3344[i] = x2233[i] + 1;
    for (int i = 0; i < 21; i++)
        x2356[n++] = i < 3 ? 2 : i < 7 ? 3 : i < 17 ? 5 : 6;
    for (int i = 0; i < 26; i++)
        x3467[m++] = i < 10 ? 3 : i < 12 ? 4 : i < 22 ? 6 : 7;
    assert_near(ks_of(one, 2, three, 3).statistic, 1.0 / 3, 1e-15);
    assert_near(ks_of(less, 2, three, 3).statistic, 2.0 / 3, 1e-15);
    assert_near(ks_of(one, 2, four, 4).statistic, 2.0 / 4, 1e-15);
    assert_near(ks_of(less, 2, four, 4).statistic, 3.0 / 4, 1e-15);
    assert_near(ks_of(x2233, 16, x3344, 16).statistic, 5.0 / 16, 1e-15);
    assert_near(ks_of(x2356, 21, x3467, 26).statistic, 190.0 / 21 / 26, 1e-15);
    double *x100 = linspace(1, 100, 100, 0), *up = linspace(1, 100, 100, 2.1),
           *x110 = linspace(1, 100, 110, 20.1);
    assert_near(ks_of(x100, 100, up, 100).statistic, 0.03, 1e-15);
    pln_drift d = ks_of(x100, 100, x110, 110);
    assert_near(d.statistic, 232.0 / 1100, 1e-15);
    /* The exact probability there is 0.015739183865607353; this one is of the limit. */
    assert_near(d.probability, 0.0157, 0.0025);
    ck_assert_int_eq(d.severity, PLN_DRIFT_NONE);
    ck_assert(d.sketch_error == 0);
    free(x100);
    free(up);
    free(x110);
}
END_TEST

static double part_up_to(const double *values, int n, double at) {
    int count = 0;
    for (int i = 0; i < n; i++)
        count += values[i] <= at;
    return (double)count / n;
}
/* By the definition, at every value of both. */
static double naive_ks(const double *a, int n, const double *b, int m) {
    double most = 0;
    for (int i = 0; i < n + m; i++) {
        double at = i < n ? a[i] : b[i - n];
        most = fmax(most, fabs(part_up_to(a, n, at) - part_up_to(b, m, at)));
    }
    return most;
}

START_TEST(ks_as_the_definition) {
    rng r = {3};
    static double a[1000], b[1000];
    for (int round = 0; round < 60; round++) {
        int n = 1 + (int)rng_below(&r, 400), m = 1 + (int)rng_below(&r, 400);
        int64_t spread = round % 3 == 0 ? 10 : 100000;
        for (int i = 0; i < n; i++)
            a[i] = (double)rng_below(&r, spread);
        for (int i = 0; i < m; i++)
            b[i] = (double)rng_below(&r, spread) * (1 + round % 5 / 10.0);
        pln_drift d = ks_of(a, n, b, m);
        double want = naive_ks(a, n, b, m);
        assert_near(d.statistic, want, 1e-12);
        assert_near(fabs(part_up_to(a, n, d.at) - part_up_to(b, m, d.at)), want, 1e-12);
        ck_assert(d.reference == n && d.current == m);
    }
}
END_TEST

/* Many numbers: the sketches add no more than they say. */
START_TEST(ks_of_large_sketches) {
    enum { N = 100000 };
    static double a[N], b[N];
    rng r = {4};
    for (int i = 0; i < N; i++) {
        a[i] = (double)(rng_next(&r) >> 11) / 9007199254740992.0;
        b[i] = (double)(rng_next(&r) >> 11) / 9007199254740992.0 + 0.15;
    }
    pln_drift d = ks_of(a, N, b, N);
    ck_assert(d.sketch_error > 0 && d.sketch_error < 0.04);
    ck_assert_msg(fabs(d.statistic - 0.15) <= d.sketch_error + 0.005, "%g +- %g", d.statistic,
                  d.sketch_error);
    ck_assert_int_eq(d.severity, PLN_DRIFT_WARNING);
    d = ks_of(a, N / 2, a + N / 2, N / 2);
    ck_assert(d.statistic <= d.sketch_error + 0.01);
    ck_assert_int_eq(d.severity, PLN_DRIFT_NONE);
}
END_TEST

/* Kolmogorov's distribution: K(0.8276) = 0.5, K(1.2238) = 0.9, K(1.3581) = 0.95, K(1.6276) = 0.99 (Smirnov's table, 1948). So many values that the correction is nothing. */
START_TEST(probabilities_of_kolmogorov) {
    static const double table[][2] = {
        {0.8276, 0.5}, {1.0, 0.27}, {1.2238, 0.10}, {1.3581, 0.05}, {1.6276, 0.01}, {1.9495, 0.001}};
    const int64_t half = INT64_C(5000000000);
    for (int i = 0; i < PLN__COUNT(table); i++) {
        /* D of two samples of 2 half each is x / sqrt(half) */
        int64_t off = (int64_t)(table[i][0] * sqrt((double)half) * 2);
        int64_t a[] = {half, half}, b[] = {half - off, half + off};
        pln_drift d = {.struct_size = sizeof d};
        MUST(pln_drift_ks(a, b, 2, NULL, &d, &err));
        assert_near(d.probability / table[i][1], 1, 2e-3);
        ck_assert_int_eq(d.bin, 0);
    }
}
END_TEST

/* ---- PSI ---- */

/* By hand: (0.4 - 0.5) ln 0.8 + (0.3 - 0.3) ln 1 + (0.3 - 0.2) ln 1.5 = 0.0223144 + 0.0405465. */
START_TEST(psi_by_hand) {
    static const int64_t was[] = {5000, 3000, 2000}, is[] = {400, 300, 300}, gone[] = {700, 300, 0};
    pln_drift d = {.struct_size = sizeof d};
    MUST(pln_drift_psi(was, is, 3, NULL, &d, &err));
    assert_near(d.statistic, 0.1 * log(1.25) + 0.1 * log(1.5), 1e-15);
    assert_near(d.statistic, 0.0628609, 1e-7);
    ck_assert_int_eq(d.severity, PLN_DRIFT_NONE);
    ck_assert_int_eq(d.bin, 2);
    assert_near(d.noise, 2 * (1e-4 + 1e-3), 1e-15);
    ck_assert(d.probability != d.probability);
    /* A category that is gone counts as `floor`. */
    MUST(pln_drift_psi(was, gone, 3, NULL, &d, &err));
    assert_near(d.statistic, 0.2 * log(1.4) + (0.2 - 1e-4) * log(0.2 / 1e-4), 1e-12);
    ck_assert_int_eq(d.severity, PLN_DRIFT_ERROR);
    /* Forwards and backwards alike. */
    double forwards = d.statistic;
    MUST(pln_drift_psi(gone, was, 3, NULL, &d, &err));
    assert_near(d.statistic, forwards, 1e-12);
}
END_TEST

/* Of equal distributions PSI is noise on average, and over the raised limit once in 1,000; the bare limits would cry wolf. */
START_TEST(psi_by_chance) {
    enum { ROUNDS = 4000, BINS = 10, N = 80 };
    rng r = {5};
    pln_drift_options options;
    pln_drift_options_init(&options, sizeof options);
    int alarms = 0, plain = 0;
    double sum = 0, noise = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t a[BINS] = {0}, b[BINS] = {0};
        for (int k = 0; k < N * BINS; k++) {
            a[rng_below(&r, BINS)]++;
            if (k < N)
                b[rng_below(&r, BINS)]++;
        }
        pln_drift d = {.struct_size = sizeof d};
        options.plain = 0;
        MUST(pln_drift_psi(a, b, BINS, &options, &d, &err));
        alarms += d.severity == PLN_DRIFT_WARNING;
        sum += d.statistic;
        noise = d.noise;
        options.plain = 1;
        MUST(pln_drift_psi(a, b, BINS, &options, &d, &err));
        plain += d.severity >= PLN_DRIFT_WARNING;
    }
    assert_near(sum / ROUNDS / noise, 1, 0.15);
    ck_assert_int_le(alarms, 3 * ROUNDS / 1000);
    ck_assert_int_gt(plain, ROUNDS / 4);
}
END_TEST

START_TEST(psi_of_sketches) {
    enum { N = 200 };
    static double a[N], b[N];
    for (int i = 0; i < N; i++) {
        a[i] = i;
        b[i] = i < 100 ? i : 150 + i % 40;
    }
    pln_quantiles *x = quantiles_of(a, N), *y = quantiles_of(b, N);
    pln_drift d = {.struct_size = sizeof d};
    pln_drift_options options;
    pln_drift_options_init(&options, sizeof options);
    options.bins = 4;
    MUST(pln_drift_psi_quantiles(x, y, &options, &d, &err));
    /* The bins end at 49, 99, 149: of b there are 50, 50, 0 and 100. */
    int64_t was[] = {50, 50, 50, 50}, is[] = {50, 50, 0, 100};
    pln_drift want = {.struct_size = sizeof want};
    MUST(pln_drift_psi(was, is, 4, &options, &want, &err));
    assert_near(d.statistic, want.statistic, 1e-15);
    ck_assert(d.bin == 2 && d.at == 149 && d.bins == 4);
    MUST(pln_drift_psi_quantiles(x, x, &options, &d, &err));
    ck_assert(d.statistic == 0 && d.severity == PLN_DRIFT_NONE);
    pln_quantiles_clear(y);
    ck_assert_int_eq(pln_drift_psi_quantiles(x, y, NULL, &d, &err), PLN_ESTATE);
    ck_assert_ptr_nonnull(strstr(err.message, "no values in the current"));
    ck_assert_int_eq(pln_drift_ks_quantiles(y, x, NULL, &d, &err), PLN_ESTATE);
    ck_assert_ptr_nonnull(strstr(err.message, "no values in the reference"));
    ck_assert_int_eq(pln_drift_psi_quantiles(y, x, NULL, &d, &err), PLN_ESTATE);
    pln_quantiles_free(x);
    pln_quantiles_free(y);
    /* One number for all: a single bin. */
    for (int i = 0; i < N; i++)
        a[i] = 7;
    x = quantiles_of(a, N);
    y = quantiles_of(b, N);
    MUST(pln_drift_psi_quantiles(x, y, NULL, &d, &err));
    ck_assert_int_le(d.bins, 2);
    pln_quantiles_free(x);
    pln_quantiles_free(y);
}
END_TEST

static pln_top_k *top_of(const char *const *items, const int64_t *counts, int n) {
    pln_top_k *top;
    MUST(pln_top_k_new(NULL, NULL, &top, &err));
    for (int i = 0; i < n; i++)
        MUST(pln_top_k_add(top, items[i], (int64_t)strlen(items[i]), counts[i], &err));
    return top;
}

START_TEST(psi_of_categories) {
    static const char *const before[] = {"de", "fr", "", "it", "at"}, *const after[] = {"fr", "pl",
                                                                                        "de", "es"};
    static const int64_t was[] = {500, 300, 100, 60, 40}, is[] = {350, 300, 250, 100};
    /* With 3 of each: de, fr, "", pl, and the rest. */
    static const int64_t reference[] = {500, 300, 100, 0, 100}, current[] = {250, 350, 0, 300, 100};
    pln_top_k *a = top_of(before, was, 5), *b = top_of(after, is, 4);
    pln_drift d = {.struct_size = sizeof d}, want = d;
    pln_drift_options options;
    pln_drift_options_init(&options, sizeof options);
    options.bins = 3;
    MUST(pln_drift_psi_top_k(a, b, &options, &d, &err));
    MUST(pln_drift_psi(reference, current, 5, &options, &want, &err));
    assert_near(d.statistic, want.statistic, 1e-12);
    ck_assert_int_eq(d.severity, PLN_DRIFT_ERROR);
    options.bins = 64;
    MUST(pln_drift_psi_top_k(a, a, &options, &d, &err));
    ck_assert(d.statistic == 0 && d.bins == 5);
    pln_top_k_clear(b);
    ck_assert_int_eq(pln_drift_psi_top_k(a, b, NULL, &d, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_drift_psi_top_k(b, a, NULL, &d, &err), PLN_ESTATE);
    pln_top_k_free(a);
    pln_top_k_free(b);
}
END_TEST

START_TEST(what_is_refused) {
    static const int64_t good[] = {1, 2}, bad[] = {1, -2}, none[] = {0, 0},
                         much[] = {INT64_MAX, INT64_MAX};
    static const struct {
        const int64_t *a, *b;
        int64_t n;
        const char *words;
    } cases[] = {{good, bad, 2, "count 1 of the current is -2"},
                 {bad, good, 2, "count 1 of the reference is -2"},
                 {none, good, 2, "no values in the reference"},
                 {good, none, 2, "no values in the current"},
                 {good, much, 2, "are more than 4611686018427387904"},
                 {good, good, 0, "0 counts, expected"},
                 {good, good, 2000000, "2000000 counts, expected"}};
    pln_drift d = {.struct_size = sizeof d};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        ck_assert_int_eq(pln_drift_psi(cases[i].a, cases[i].b, cases[i].n, NULL, &d, &err),
                         PLN_EINVAL);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s", err.message);
        ck_assert_int_eq(pln_drift_ks(cases[i].a, cases[i].b, cases[i].n, NULL, &d, &err),
                         PLN_EINVAL);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s", err.message);
    }
    ck_assert_int_eq(pln_drift_psi(good, good, 1, NULL, &d, &err), PLN_EINVAL);
    static const struct {
        int32_t bins, plain;
        double error, warning, alpha, floor;
        const char *words;
    } options[] = {{1, 0, 0, 0, 1, 0.1, "bins is 1"},
                   {65, 0, 0, 0, 1, 0.1, "bins is 65"},
                   {2, 2, 0, 0, 1, 0.1, "plain is 2"},
                   {2, 0, -1, 0, 1, 0.1, "error is -1"},
                   {2, 0, 0.1, 0.2, 1, 0.1, "warning is 0.2"},
                   {2, 0, 0, 0, 0, 0.1, "alpha is 0"},
                   {2, 0, 0, 0, 1.5, 0.1, "alpha is 1.5"},
                   {2, 0, 0, 0, 1, 0, "floor is 0"},
                   {2, 0, 0, 0, 1, NAN, "floor is nan"}};
    for (int i = 0; i < PLN__COUNT(options); i++) {
        pln_drift_options o;
        pln_drift_options_init(&o, sizeof o);
        o.bins = options[i].bins;
        o.plain = options[i].plain;
        o.error = options[i].error;
        o.warning = options[i].warning;
        o.alpha = options[i].alpha;
        o.floor = options[i].floor;
        ck_assert_int_eq(pln_drift_psi(good, good, 2, &o, &d, &err), PLN_EINVAL);
        ck_assert_msg(strstr(err.message, options[i].words) != NULL, "%s", err.message);
    }
    d.struct_size = 4;
    ck_assert_int_eq(pln_drift_ks(good, good, 2, NULL, &d, &err), PLN_EINVAL);
}
END_TEST

/* ---- schemas ---- */

static char *changes_of(pln_runtime *rt, const char *before, const char *after, int64_t *n) {
    struct ArrowSchema a, b;
    char *json = NULL;
    MUST(pln_schema_parse(rt, before, &a, &err));
    MUST(pln_schema_parse(rt, after, &b, &err));
    MUST(pln_drift_schema(rt, &a, &b, &json, n, &err));
    a.release(&a);
    b.release(&b);
    return json;
}

START_TEST(schemas) {
    static const struct {
        const char *before, *after, *json;
    } cases[] = {
        {"a int32, b utf8", "a int32, b utf8", "[]"},
        {"a int32, b utf8", "a int64 not null, c utf8",
         "[{\"column\":\"b\",\"change\":\"removed\",\"before\":\"utf8\"},"
         "{\"column\":\"c\",\"change\":\"added\",\"after\":\"utf8\"},"
         "{\"column\":\"a\",\"change\":\"nullability\",\"before\":\"nullable\",\"after\":\"not null\"},"
         "{\"column\":\"a\",\"change\":\"type\",\"before\":\"int32\",\"after\":\"int64\"}]"},
        {"a int32, b utf8, c bool", "c bool, a int32, b utf8", "[{\"column\":\"\",\"change\":\"order\"}]"},
        {"s struct<x int32, y list<int8>>", "s struct<y list<int16>, x int32, z bool>",
         "[{\"column\":\"s.z\",\"change\":\"added\",\"after\":\"bool\"},"
         "{\"column\":\"s.y.item\",\"change\":\"type\",\"before\":\"int8\",\"after\":\"int16\"},"
         "{\"column\":\"s\",\"change\":\"order\"}]"},
        {"d decimal(10, 2), t timestamp(ms, UTC), e dictionary<utf8>",
         "d decimal(12, 2), t timestamp(us, UTC), e utf8",
         "[{\"column\":\"d\",\"change\":\"type\",\"before\":\"decimal(10, 2)\",\"after\":\"decimal(12, 2)\"},"
         "{\"column\":\"t\",\"change\":\"type\",\"before\":\"timestamp(ms, UTC)\",\"after\":\"timestamp(us, UTC)\"},"
         "{\"column\":\"e\",\"change\":\"type\",\"before\":\"dictionary<utf8>\",\"after\":\"utf8\"}]"},
    };
    pln_runtime *rt;
    MUST(pln_runtime_new(NULL, &rt, &err));
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        int64_t n;
        char *json = changes_of(rt, cases[i].before, cases[i].after, &n);
        ck_assert_str_eq(json, cases[i].json);
        json_t *list = json_loads(json, 0, NULL);
        ck_assert_int_eq((int64_t)json_array_size(list), n);
        json_decref(list);
        pln_text_free(rt, json);
    }
    pln_runtime_free(rt);
}
END_TEST

START_TEST(schemas_of_anybody) {
    pln_runtime *rt;
    char *json = NULL;
    int64_t n;
    MUST(pln_runtime_new(NULL, &rt, &err));
    struct ArrowSchema good, flat = {0};
    MUST(pln_schema_parse(rt, "a int32", &good, &err));
    ck_assert_int_eq(pln_drift_schema(rt, &flat, &good, &json, &n, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "the schema before is no struct"));
    ck_assert_int_eq(pln_drift_schema(rt, &good, NULL, &json, &n, &err), PLN_EINVAL);
    const char *format = good.children[0]->format;
    good.children[0]->format = "?";
    ck_assert_int_eq(pln_drift_schema(rt, &good, &good, &json, &n, &err), PLN_EINVAL);
    ck_assert_msg(strstr(err.message, "the schema before: ") != NULL, "%s", err.message);
    good.children[0]->format = format;
    ck_assert_int_eq(pln_drift_schema(NULL, &good, &good, &json, &n, &err), PLN_EINVAL);
    ck_assert_ptr_null(json);
    good.release(&good);
    pln_runtime_free(rt);
}
END_TEST

START_TEST(memory_fails) {
    struct ArrowSchema a, b;
    pln_runtime *plain;
    MUST(pln_runtime_new(NULL, &plain, &err));
    MUST(pln_schema_parse(plain, "a int32, s struct<x int8, y int8>", &a, &err));
    MUST(pln_schema_parse(plain, "s struct<y int16, x int8>, b utf8", &b, &err));
    bool done = false;
    for (int64_t n = 0; !done; n++) {
        fail_alloc f;
        pln_runtime_options options;
        pln_runtime_options_init(&options, sizeof options);
        options.allocator = fail_alloc_init(&f, -1);
        pln_runtime *rt;
        char *json = NULL;
        int64_t changes;
        MUST(pln_runtime_new(&options, &rt, &err));
        f.left = n;
        pln_status status = pln_drift_schema(rt, &a, &b, &json, &changes, &err);
        ck_assert(status == (f.failed ? PLN_ENOMEM : PLN_OK));
        ck_assert((json != NULL) == (status == PLN_OK));
        done = !f.failed;
        f.left = -1;
        pln_text_free(rt, json);
        pln_runtime_free(rt);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
    }
    a.release(&a);
    b.release(&b);
    pln_runtime_free(plain);
}
END_TEST

Suite *suite_quality_drift(void);
Suite *suite_quality_drift(void) {
    Suite *suite = suite_create("quality/drift");
    TCase *tc = tcase_create("drift");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, statistics_of_scipy);
    tcase_add_test(tc, ks_as_the_definition);
    tcase_add_test(tc, ks_of_large_sketches);
    tcase_add_test(tc, probabilities_of_kolmogorov);
    tcase_add_test(tc, psi_by_hand);
    tcase_add_test(tc, psi_by_chance);
    tcase_add_test(tc, psi_of_sketches);
    tcase_add_test(tc, psi_of_categories);
    tcase_add_test(tc, what_is_refused);
    tcase_add_test(tc, schemas);
    tcase_add_test(tc, schemas_of_anybody);
    tcase_add_test(tc, memory_fails);
    suite_add_tcase(suite, tc);
    return suite;
}
