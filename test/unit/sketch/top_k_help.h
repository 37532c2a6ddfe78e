/*
 * What the tests of top-k share: making sketches, their bytes, streams of fixed seeds, and exact counts the slow way.
 */
#ifndef TEST_TOP_K_HELP_H
#define TEST_TOP_K_HELP_H

#include "fail_alloc.h"
#include "sketch/sketch.h"
#include "skip.h"
#include <check.h>
#include <pln/top_k.h>
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

#define HOLDS(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(#condition ": " __VA_ARGS__);                                             \
    } while (0)

typedef struct top_k_bytes {
    uint8_t *data;
    int64_t size;
} top_k_bytes;

static inline pln_top_k_options top_k_options(int64_t capacity, uint64_t seed) {
    pln_top_k_options options;
    pln_top_k_options_init(&options, sizeof options);
    options.capacity = capacity;
    options.seed = seed;
    return options;
}

static inline pln_top_k *top_k_new(int64_t capacity) {
    pln_top_k *top = NULL;
    pln_top_k_options options = top_k_options(capacity, 0);
    MUST(pln_top_k_new(NULL, &options, &top, &why));
    return top;
}

static inline top_k_bytes top_k_write(const pln_top_k *top, int form) {
    top_k_bytes out = {NULL, pln_top_k_size(top, form)};
    int64_t size = -1;
    ck_assert_int_ge(out.size, 0);
    out.data = malloc((size_t)out.size);
    MUST(pln_top_k_write(top, form, out.data, out.size, &size, &why));
    ck_assert_int_eq(size, out.size);
    return out;
}

/* In every answer. */
static inline void top_k_same(const pln_top_k *a, const pln_top_k *b) {
    top_k_bytes x = top_k_write(a, PLN_TOP_K_NATIVE), y = top_k_write(b, PLN_TOP_K_NATIVE);
    ck_assert_int_eq(x.size, y.size);
    ck_assert_int_eq(memcmp(x.data, y.data, (size_t)x.size), 0);
    free(x.data);
    free(y.data);
}

static inline uint64_t top_k_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A value from 0 to distinct - 1, of which small ones come often: exponent 1 is near a Zipf law, 0 is uniform, more is steeper. */
static inline uint64_t top_k_skewed(uint64_t *state, uint64_t distinct, int exponent) {
    uint64_t value = top_k_random(state) % distinct;
    for (int i = 0; i < exponent; i++)
        value = top_k_random(state) % (value + 1);
    return value;
}

#endif
