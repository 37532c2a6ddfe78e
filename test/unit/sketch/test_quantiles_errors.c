/* How wrong ranks are: orders of values that are hard for sketches, merging, real columns; fixed seeds, and an allowance for chance from the binomial distribution. */
#define _DEFAULT_SOURCE
#include "quantiles_help.h"
#include <jansson.h>
#include <zlib.h>

enum { MOST = 100000, POINTS = 20 };

/* Values 0 to n - 1, each once, so that the rank of v is (v + 1) / n. */
typedef void order_fn(double *values, int64_t n, uint64_t seed);

static void sorted(double *values, int64_t n, uint64_t seed) {
    (void)seed;
    for (int64_t i = 0; i < n; i++)
        values[i] = (double)i;
}
static void reversed(double *values, int64_t n, uint64_t seed) {
    (void)seed;
    for (int64_t i = 0; i < n; i++)
        values[i] = (double)(n - 1 - i);
}
static void shuffled(double *values, int64_t n, uint64_t seed) {
    sorted(values, n, 0);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(random_word(&seed) % (uint64_t)(i + 1));
        double value = values[i];
        values[i] = values[j];
        values[j] = value;
    }
}
/* From both ends inwards, and from the middle outwards. */
static void zoom_in(double *values, int64_t n, uint64_t seed) {
    (void)seed;
    for (int64_t i = 0; i < n; i++)
        values[i] = (double)(i % 2 == 0 ? i / 2 : n - 1 - i / 2);
}
static void zoom_out(double *values, int64_t n, uint64_t seed) {
    zoom_in(values, n, seed);
    for (int64_t i = 0; i < n / 2; i++) {
        double value = values[i];
        values[i] = values[n - 1 - i];
        values[n - 1 - i] = value;
    }
}
/* Runs of sqrt(n), each spread over the whole range. */
static void combed(double *values, int64_t n, uint64_t seed) {
    int64_t runs = (int64_t)sqrt((double)n), at = 0;
    (void)seed;
    for (int64_t i = 0; i < runs; i++)
        for (int64_t j = i; j < n; j += runs)
            values[at++] = (double)j;
}

static const struct {
    const char *name;
    order_fn *order;
} orders[] = {{"sorted", sorted},   {"reversed", reversed}, {"shuffled", shuffled},
              {"zoom in", zoom_in}, {"zoom out", zoom_out}, {"combed", combed}};

typedef struct tally {
    int64_t points, beyond, trials, wide;
    double squares, mean;
} tally;

/* One rank at each of so many points, and the widest of all parts between two of them. */
static void measure(pln_quantiles *q, int64_t n, tally *t) {
    double one, between, low = 0, high = 0;
    pln_quantiles_error(q, &one, &between);
    for (int i = 1; i < POINTS; i++) {
        double value = floor((double)n * i / POINTS), rank;
        MUST(pln_quantiles_ranks(q, &value, 1, &rank, &why));
        double error = rank - (value + 1) / (double)n;
        t->points++;
        t->beyond += fabs(error) > one;
        t->squares += error * error;
        t->mean += error;
        low = error < low ? error : low;
        high = error > high ? error : high;
    }
    t->trials++;
    t->wide += high - low > between;
}

static void check_tally(const char *name, int k, const tally *t) {
    double points = (double)t->points, spread = sqrt(t->squares / points);
    pln_quantiles *q = quantiles_new(k, PLN_QUANTILES_FLOAT64, 0);
    double one;
    q->levels = 2;
    pln_quantiles_error(q, &one, NULL);
    q->levels = 1;
    pln_quantiles_free(q);
    /* The points of one sketch hang together: trials are what is counted. */
    ck_assert_msg(t->beyond <= binomial_most(t->trials, 0.01) * POINTS / 2,
                  "%s, k %d: %lld of %lld beyond", name, k, (long long)t->beyond,
                  (long long)t->points);
    ck_assert_msg(t->wide <= binomial_most(t->trials, 0.01), "%s, k %d: %lld of %lld beyond", name,
                  k, (long long)t->wide, (long long)t->trials);
    ck_assert_msg(fabs(t->mean / points) < 4 * spread / sqrt((double)t->trials) + 1e-9,
                  "%s, k %d: bias %g, spread %g", name, k, t->mean / points, spread);
    /* 99 % are within 2.58 standard errors. */
    ck_assert_msg(2.58 * spread <= one, "%s, k %d: spread %g, stated %g", name, k, spread, one);
}

static int64_t trials_of(int k) {
    return (getenv("PLN_TORTURE") != NULL ? 20 : 1) * (k > 1000 ? 40 : 200);
}

START_TEST(errors_are_as_stated) {
    static const int ks[] = {8, 20, 50, 200, 1000, 4000};
    static double values[MOST];
    int order = _i;
    tally all = {0};
    for (int k = 0; k < PLN__COUNT(ks); k++) {
        tally t = {0};
        orders[order].order(values, MOST, 1);
        for (int64_t i = 0; i < trials_of(ks[k]); i++) {
            pln_quantiles *q = quantiles_new(ks[k], PLN_QUANTILES_FLOAT64, (uint64_t)i);
            MUST(pln_quantiles_add_float64(q, values, MOST, NULL, 0, &why));
            ck_assert_int_eq(quantiles_info(q).n, MOST);
            measure(q, MOST, &t);
            pln_quantiles_free(q);
        }
        check_tally(orders[order].name, ks[k], &t);
        all.points += t.points;
        all.beyond += t.beyond;
        all.trials += t.trials;
        all.wide += t.wide;
    }
    printf("%s: %lld of %lld ranks beyond the error, %lld of %lld trials beyond the one of parts\n",
           orders[order].name, (long long)all.beyond, (long long)all.points, (long long)all.wide,
           (long long)all.trials);
}
END_TEST

/* Apache DataSketches states for k = 200: 1.33 % for one rank, 1.65 % for a part. */
START_TEST(errors_of_datasketches) {
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    double one, between;
    for (int i = 0; i < 10000; i++)
        MUST(pln_quantiles_add(q, i, &why));
    pln_quantiles_error(q, &one, &between);
    ck_assert(fabs(one - 0.0133) < 1e-5 && fabs(between - 0.0165) < 1e-4);
    pln_quantiles_free(q);
}
END_TEST

/* The quantile's bounds hold the true quantile in 99 % of trials, on numbers that are not spread evenly. */
START_TEST(bounds_hold) {
    enum { N = 20000, TRIALS = 300 };
    static double values[N], order[N];
    static const double fractions[] = {0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999};
    int64_t out[PLN__COUNT(fractions)] = {0};
    uint64_t state = 8;
    for (int t = 0; t < TRIALS; t++) {
        pln_quantiles *q = quantiles_new(100, PLN_QUANTILES_FLOAT64, (uint64_t)t);
        for (int i = 0; i < N; i++) {
            double x = ((double)(random_word(&state) >> 11) + 1) * 0x1p-53;
            values[i] = order[i] = t % 2 ? exp(-4 * log(x)) : floor(x * 30);
        }
        MUST(pln_quantiles_add_float64(q, values, N, NULL, 0, &why));
        qsort(order, N, sizeof *order, by_double);
        for (int f = 0; f < PLN__COUNT(fractions); f++) {
            double low, high, want = order[(int)ceil(fractions[f] * N - 1e-9) - 1];
            MUST(pln_quantiles_bounds(q, fractions[f], &low, &high, &why));
            out[f] += want < low || want > high;
        }
        pln_quantiles_free(q);
    }
    for (int f = 0; f < PLN__COUNT(fractions); f++)
        ck_assert_msg(out[f] <= binomial_most(TRIALS, 0.01), "%g: %lld of %d", fractions[f],
                      (long long)out[f], TRIALS);
}
END_TEST

/* ---- merging ---- */

/* Cuts at random places, joined in a tree or a chain, into sketches of other k; the error is that of the smallest. */
static pln_quantiles *merged(const double *values, int64_t n, int parts, int shape, const int ks[2],
                             uint64_t seed) {
    pln_quantiles *q[64];
    int64_t at = 0;
    uint64_t state = seed * 77 + 1;
    for (int i = 0; i < parts; i++) {
        int64_t end =
            i == parts - 1 ? n : at + (int64_t)(random_word(&state) % (uint64_t)(n / parts * 2));
        end = end > n ? n : end;
        q[i] = quantiles_new(ks[i % 2], PLN_QUANTILES_FLOAT64, seed * 64 + (uint64_t)i);
        MUST(pln_quantiles_add_float64(q[i], values + at, end - at, NULL, 0, &why));
        at = end;
    }
    if (shape == 0)
        for (int i = 1; i < parts; i++)
            MUST(pln_quantiles_merge(q[0], q[i], &why));
    for (int step = 1; shape == 1 && step < parts; step *= 2)
        for (int i = 0; i + step < parts; i += 2 * step)
            MUST(pln_quantiles_merge(q[i], q[i + step], &why));
    if (shape == 2)
        for (int i = parts - 1; i > 0; i--)
            MUST(pln_quantiles_merge(q[i - 1], q[i], &why));
    for (int i = 1; i < parts; i++)
        pln_quantiles_free(q[i]);
    return q[0];
}

START_TEST(merged_sketches_are_as_good) {
    enum { N = 60000 };
    static double values[N];
    static const int ks[][2] = {{200, 200}, {50, 200}, {200, 50}, {20, 1000}};
    for (int order = 0; order < PLN__COUNT(orders); order++) {
        orders[order].order(values, N, 3);
        for (int k = 0; k < PLN__COUNT(ks); k++) {
            tally t = {0};
            int least = ks[k][0] < ks[k][1] ? ks[k][0] : ks[k][1];
            for (int trial = 0; trial < 24; trial++) {
                int parts = trial % 4 == 3 ? 64 : 2 + trial % 5;
                pln_quantiles *q = merged(values, N, parts, _i, ks[k], (uint64_t)trial);
                pln_quantiles_info info = quantiles_info(q);
                ck_assert_int_eq(info.n, N);
                ck_assert_int_eq(info.k, ks[k][0]);
                ck_assert_int_ge(info.k_least, least);
                ck_assert(info.minimum == 0 && info.maximum == N - 1);
                measure(q, N, &t);
                pln_quantiles_free(q);
            }
            check_tally(orders[order].name, least, &t);
        }
    }
}
END_TEST

START_TEST(merging_with_none_and_few) {
    pln_quantiles *a = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    pln_quantiles *b = quantiles_new(8, PLN_QUANTILES_FLOAT64, 1), *copy;
    double one;
    for (int i = 0; i < 50000; i++)
        MUST(pln_quantiles_add(a, i, &why));
    MUST(pln_quantiles_copy(a, &copy, &why));
    MUST(pln_quantiles_merge(a, b, &why));
    quantiles_same(a, copy);
    MUST(pln_quantiles_add(b, (double)NAN, &why));
    MUST(pln_quantiles_add(b, -7, &why));
    MUST(pln_quantiles_merge(a, b, &why));
    pln_quantiles_info info = quantiles_info(a);
    ck_assert(info.n == 50001 && info.nans == 1 && info.minimum == -7 && info.k_least == 200);
    MUST(pln_quantiles_merge(b, a, &why));
    info = quantiles_info(b);
    ck_assert(info.n == 50002 && info.nans == 2 && info.k == 8 && info.k_least == 8);
    pln_quantiles_error(b, &one, NULL);
    ck_assert(one > 0.3 && one < 0.31);
    pln_quantiles_free(a);
    pln_quantiles_free(b);
    pln_quantiles_free(copy);
}
END_TEST

/* ---- real columns ---- */

/* The exact rank of an answer, as the nearest of those that equal values share, is within the stated error of what was asked. */
static void near(pln_quantiles *q, const double *order, int64_t n, double fraction) {
    double got, one, low, high;
    int64_t below = 0, upto = 0;
    MUST(pln_quantiles_quantile(q, fraction, &got, &why));
    pln_quantiles_error(q, &one, NULL);
    for (int64_t i = 0; i < n; i++) {
        below += order[i] < got;
        upto += order[i] <= got;
    }
    low = (double)below / (double)n - one;
    high = (double)upto / (double)n + one;
    ck_assert_msg(fraction >= low && fraction <= high, "%g: %g has %g to %g", fraction, got, low,
                  high);
}

static int64_t numbers_of(const char *path, const char *key, double *out, int64_t most) {
    static char line[1 << 16];
    int64_t n = 0;
    gzFile file = gzopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while (gzgets(file, line, sizeof line) != NULL && n < most) {
        json_t *row = json_loads(line, 0, NULL), *value = json_object_get(row, key);
        if (json_is_number(value))
            out[n++] = json_number_value(value);
        json_decref(row);
    }
    gzclose(file);
    return n;
}

static const json_t *oracle_rows(const json_t *oracle, const char *id) {
    const json_t *queries = json_object_get(oracle, "queries");
    for (size_t i = 0; i < json_array_size(queries); i++) {
        const json_t *query = json_array_get(queries, i);
        if (strcmp(json_string_value(json_object_get(query, "id")), id) == 0)
            return json_object_get(query, "rows");
    }
    ck_abort_msg("no oracle %s", id);
    return NULL;
}

/* A sketch that holds everything gives the oracle's numbers; one that does not is within its error of them. */
static void check_oracle(double *values, int64_t n, const json_t *row) {
    static const char *names[] = {"p0", "p25", "p50", "p75", "p90", "p99", "p100"};
    static const double fractions[] = {0, 0.25, 0.5, 0.75, 0.9, 0.99, 1};
    pln_quantiles *all = quantiles_new(60000, PLN_QUANTILES_FLOAT64, 0);
    pln_quantiles *few = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    MUST(pln_quantiles_add_float64(all, values, n, NULL, 0, &why));
    MUST(pln_quantiles_add_float64(few, values, n, NULL, 0, &why));
    qsort(values, (size_t)n, sizeof *values, by_double);
    for (int i = 0; i < PLN__COUNT(names); i++) {
        const json_t *want = json_object_get(row, names[i]);
        double got;
        near(few, values, n, fractions[i]);
        if (want == NULL)
            continue;
        MUST(pln_quantiles_quantile(all, fractions[i], &got, &why));
        ck_assert_msg(got == json_number_value(want), "%s: %g", names[i], got);
        if (fractions[i] == 0 || fractions[i] == 1)
            MUST(pln_quantiles_quantile(few, fractions[i], &got, &why));
        ck_assert(got == json_number_value(want));
    }
    ck_assert_int_eq(quantiles_info(all).exact, 1);
    pln_quantiles_free(all);
    pln_quantiles_free(few);
}

START_TEST(columns_of_wikiticker) {
    static double values[100000];
    char events[400], path[400];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", events, sizeof events) == NULL ||
        test_data("oracles/wikiticker_am.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL);
    const json_t *rows = oracle_rows(oracle, "quantiles");
    ck_assert_int_eq((int)json_array_size(rows), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = json_array_get(rows, i);
        int64_t n =
            numbers_of(events, json_string_value(json_object_get(row, "c")), values, 100000);
        check_oracle(values, n, row);
    }
    json_decref(oracle);
}
END_TEST

/* Column `at` of a CSV file without quotes, from 0; NA is null. */
static int64_t csv_numbers(const char *path, const char *name, double *out, int64_t most) {
    static char line[1 << 12];
    int64_t n = 0;
    int at = -1;
    gzFile file = gzopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while (gzgets(file, line, sizeof line) != NULL && n < most) {
        char *rest = line, *field;
        int i = 0, header = at < 0;
        for (; (field = strsep(&rest, ",\r\n")) != NULL; i++) {
            if (header && strcmp(field, name) == 0)
                at = i;
            if (!header && i == at && strcmp(field, "NA") != 0)
                out[n++] = strtod(field, NULL);
        }
        ck_assert_int_ge(at, 0);
    }
    gzclose(file);
    return n;
}

START_TEST(delays_of_flights) {
    static double values[200000];
    char flights[400], path[400];
    if (test_data("nycflights13/flights_2013h1.csv.gz", flights, sizeof flights) == NULL ||
        test_data("oracles/nycflights13_2013h1.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL);
    int64_t n = csv_numbers(flights, "dep_delay", values, 200000);
    ck_assert_int_gt(n, 100000);
    check_oracle(values, n, json_array_get(oracle_rows(oracle, "quantiles_dep_delay"), 0));
    json_decref(oracle);
}
END_TEST

Suite *suite_sketch_quantiles_errors(void);
Suite *suite_sketch_quantiles_errors(void) {
    Suite *suite = suite_create("sketch/quantiles_errors");
    TCase *tc = tcase_create("errors");
    tcase_set_timeout(tc, 1200);
    tcase_add_loop_test(tc, errors_are_as_stated, 0, PLN__COUNT(orders));
    tcase_add_test(tc, errors_of_datasketches);
    tcase_add_test(tc, bounds_hold);
    tcase_add_loop_test(tc, merged_sketches_are_as_good, 0, 3);
    tcase_add_test(tc, merging_with_none_and_few);
    tcase_add_test(tc, columns_of_wikiticker);
    tcase_add_test(tc, delays_of_flights);
    suite_add_tcase(suite, tc);
    return suite;
}
