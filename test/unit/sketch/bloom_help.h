/*
 * What the tests of the Bloom filter share: making filters, their bytes, and the definition applied by the letter.
 */
#ifndef TEST_BLOOM_HELP_H
#define TEST_BLOOM_HELP_H

#include "fail_alloc.h"
#include "sketch/sketch.h"
#include <check.h>
#include <pln/bloom.h>
#include <stdio.h>
#include <stdlib.h>

static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)
/* An error of this code whose message has these words. */
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        memset(&why, 0, sizeof why);                                                               \
        ck_assert_int_eq((call), (code));                                                          \
        if (strstr(why.message, (words)) == NULL)                                                  \
            ck_abort_msg("'%s' is not in: %s", (words), why.message);                              \
    } while (0)

static inline pln_bloom *bloom_new(int64_t bytes, uint64_t seed) {
    pln_bloom *bloom = NULL;
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.bytes = bytes;
    options.seed = seed;
    MUST(pln_bloom_new(NULL, &options, &bloom, &why));
    return bloom;
}

static inline uint8_t *bloom_write(const pln_bloom *bloom, int64_t *size) {
    uint8_t *out = malloc((size_t)pln_bloom_size(bloom));
    MUST(pln_bloom_write(bloom, out, pln_bloom_size(bloom), size, &why));
    ck_assert_int_eq(*size, pln_bloom_size(bloom));
    return out;
}

static inline void bloom_same(const pln_bloom *a, const pln_bloom *b) {
    int64_t n = 0, m = 0;
    uint8_t *x = bloom_write(a, &n), *y = bloom_write(b, &m);
    ck_assert_int_eq(n, m);
    ck_assert_int_eq(memcmp(x, y, (size_t)n), 0);
    free(x);
    free(y);
}

static inline uint64_t bloom_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
