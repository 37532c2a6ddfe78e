/*
 * What the tests of quantiles and reservoirs share: making sketches, their bytes, numbers from a fixed seed, and how many of so many trials may fail.
 */
#ifndef TEST_QUANTILES_HELP_H
#define TEST_QUANTILES_HELP_H

#include "fail_alloc.h"
#include "sketch/sketch.h"
#include "skip.h"
#include <check.h>
#include <math.h>
#include <pln/sketch.h>
#include <stdio.h>
#include <stdlib.h>

/* Check notes every assertion in a file; calls that are made a million times assert only what fails. */
static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)

static inline pln_quantiles_options quantiles_options(int k, int kind, uint64_t seed) {
    pln_quantiles_options options;
    pln_quantiles_options_init(&options, sizeof options);
    options.k = k;
    options.kind = kind;
    options.seed = seed;
    return options;
}

static inline pln_quantiles *quantiles_new(int k, int kind, uint64_t seed) {
    pln_quantiles *q = NULL;
    pln_quantiles_options options = quantiles_options(k, kind, seed);
    MUST(pln_quantiles_new(NULL, &options, &q, &why));
    return q;
}

static inline pln_quantiles_info quantiles_info(const pln_quantiles *q) {
    pln_quantiles_info info = {.struct_size = sizeof info};
    pln_quantiles_info_get(q, &info);
    return info;
}

static inline void *quantiles_write(const pln_quantiles *q, int64_t *size) {
    void *bytes = malloc((size_t)pln_quantiles_size(q));
    MUST(pln_quantiles_write(q, bytes, pln_quantiles_size(q), size, &why));
    ck_assert_int_eq(*size, pln_quantiles_size(q));
    return bytes;
}

static inline void quantiles_same(const pln_quantiles *a, const pln_quantiles *b) {
    int64_t m, n;
    void *x = quantiles_write(a, &m), *y = quantiles_write(b, &n);
    ck_assert_int_eq(m, n);
    ck_assert_int_eq(memcmp(x, y, (size_t)n), 0);
    free(x);
    free(y);
}

static inline uint64_t random_word(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline int by_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The most of n trials, each of which fails with the chance p, that fail with a probability of all but one in a million. */
static inline int64_t binomial_most(int64_t n, double p) {
    double term = pow(1 - p, (double)n), sum = term;
    int64_t most = 0;
    for (; sum < 1 - 1e-6 && most < n; most++) {
        term *= (double)(n - most) / (double)(most + 1) * p / (1 - p);
        sum += term;
    }
    return most;
}

#endif
