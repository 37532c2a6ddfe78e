/*
 * What the tests of HyperLogLog share: making sketches, their bytes, and registers computed the slow way from the definition.
 */
#ifndef TEST_HLL_HELP_H
#define TEST_HLL_HELP_H

#include "fail_alloc.h"
#include "sketch/sketch.h"
#include "skip.h"
#include <check.h>
#include <pln/hll.h>
#include <stdio.h>
#include <stdlib.h>

/* Check notes every assertion in a file; calls that are made a million times assert only what fails. Why the last call in a MUST failed. */
static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)

typedef struct hll_bytes {
    uint8_t *data;
    int64_t size;
} hll_bytes;

static inline pln_hll_options hll_options(int precision, int hash, uint64_t seed) {
    pln_hll_options options;
    pln_hll_options_init(&options, sizeof options);
    options.precision = precision;
    options.hash = hash;
    options.seed = seed;
    return options;
}

static inline pln_hll *hll_new(int precision, int hash, uint64_t seed) {
    pln_hll *hll = NULL;
    pln_hll_options options = hll_options(precision, hash, seed);
    MUST(pln_hll_new(NULL, &options, &hll, &why));
    return hll;
}

static inline hll_bytes hll_write(const pln_hll *hll, int form) {
    hll_bytes out = {NULL, pln_hll_size(hll, form)};
    int64_t size = -1;
    ck_assert_int_ge(out.size, 0);
    out.data = malloc((size_t)out.size);
    MUST(pln_hll_write(hll, form, out.data, out.size, &size, &why));
    ck_assert_int_eq(size, out.size);
    return out;
}

/* Bit for bit, in the form that holds everything. */
static inline void hll_same(const pln_hll *a, const pln_hll *b) {
    hll_bytes x = hll_write(a, PLN_HLL_NATIVE), y = hll_write(b, PLN_HLL_NATIVE);
    ck_assert_int_eq(x.size, y.size);
    ck_assert_int_eq(memcmp(x.data, y.data, (size_t)x.size), 0);
    free(x.data);
    free(y.data);
}

/* Whatever their forms are. */
static inline void hll_same_registers(const pln_hll *a, const pln_hll *b) {
    static uint8_t x[1 << 18], y[1 << 18];
    ck_assert_int_eq(a->precision, b->precision);
    pln__hll_registers(a, x);
    pln__hll_registers(b, y);
    ck_assert_int_eq(memcmp(x, y, (size_t)1 << a->precision), 0);
}

/* A 64-bit hash to its register by the letter of the definition: bit by bit from the highest. */
static inline void hll_naive(uint8_t *registers, int precision, uint64_t hash) {
    uint64_t index = 0;
    int rank = 1;
    for (int i = 0; i < precision; i++)
        index = index * 2 + (hash >> (63 - i) & 1);
    for (int i = precision; i < 64 && (hash >> (63 - i) & 1) == 0; i++)
        rank++;
    if (registers[index] < rank)
        registers[index] = (uint8_t)rank;
}

static inline uint64_t hll_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
