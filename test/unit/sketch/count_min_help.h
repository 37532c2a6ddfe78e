/*
 * What the tests of Count-Min share: making sketches, their bytes and counters, and a table counted the slow way from the definition.
 */
#ifndef TEST_COUNT_MIN_HELP_H
#define TEST_COUNT_MIN_HELP_H

#include "hll_help.h"
#include <pln/count_min.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PLAIN = PLN_COUNT_MIN_PLAIN, CONSERVATIVE = PLN_COUNT_MIN_CONSERVATIVE };

static inline pln_count_min_options cm_options(int rows, int64_t columns, int bits, int update) {
    pln_count_min_options options;
    pln_count_min_options_init(&options, sizeof options);
    options.rows = rows;
    options.columns = columns;
    options.counter_bits = bits;
    options.update = update;
    return options;
}

static inline pln_count_min *cm_made(const pln_count_min_options *options) {
    pln_count_min *cm = NULL;
    MUST(pln_count_min_new(NULL, options, &cm, &why));
    return cm;
}

static inline pln_count_min *cm_new(int rows, int64_t columns, int bits, int update) {
    pln_count_min_options options = cm_options(rows, columns, bits, update);
    return cm_made(&options);
}

static inline pln_count_min *cm_copied(const pln_count_min *cm) {
    pln_count_min *copy = NULL;
    MUST(pln_count_min_copy(cm, &copy, &why));
    return copy;
}

static inline void cm_add(pln_count_min *cm, uint64_t key, int64_t weight) {
    uint64_t word = PLN__LE(64, key);
    MUST(pln_count_min_add(cm, &word, 8, weight, &why));
}

static inline int64_t cm_ask(const pln_count_min *cm, uint64_t key) {
    int64_t n = -1;
    uint64_t word = PLN__LE(64, key);
    MUST(pln_count_min_query(cm, &word, 8, &n, &why));
    return n;
}

static inline hll_bytes cm_write(const pln_count_min *cm) {
    hll_bytes out = {NULL, pln_count_min_size(cm)};
    int64_t size = -1;
    out.data = malloc((size_t)out.size);
    MUST(pln_count_min_write(cm, out.data, out.size, &size, &why));
    ck_assert_int_eq(size, out.size);
    return out;
}

static inline void cm_same(const pln_count_min *a, const pln_count_min *b) {
    hll_bytes x = cm_write(a), y = cm_write(b);
    ck_assert_int_eq(x.size, y.size);
    ck_assert_int_eq(memcmp(x.data, y.data, (size_t)x.size), 0);
    free(x.data);
    free(y.data);
}

static inline pln_count_min_info cm_info(const pln_count_min *cm) {
    pln_count_min_info info = {.struct_size = sizeof info};
    pln_count_min_info_get(cm, &info);
    return info;
}

/* ---- by the definition ---- */

/* The column of a row: the hashes' bits one by one, from the lowest of the first; what is left of a hash and too short is not used. */
static inline int64_t naive_column(const void *bytes, int64_t size, uint64_t seed, int row,
                                   int log2) {
    uint64_t hash = XXH3_64bits_withSeed(bytes, (size_t)size, seed);
    int64_t column = 0;
    for (int skipped = row / (64 / log2); skipped > 0; skipped--) {
        uint8_t little[8];
        for (int i = 0; i < 8; i++)
            little[i] = (uint8_t)(hash >> (8 * i));
        hash = XXH3_64bits_withSeed(little, 8, seed);
    }
    for (int bit = log2 - 1; bit >= 0; bit--)
        column = column * 2 + (int64_t)(hash >> (row % (64 / log2) * log2 + bit) & 1);
    return column;
}

static inline int64_t naive_least(const int64_t *table, const int64_t *columns, int rows,
                                  int log2) {
    int64_t least = INT64_MAX;
    for (int row = 0; row < rows; row++) {
        int64_t c = table[((int64_t)row << log2) + columns[row]];
        least = c < least ? c : least;
    }
    return least;
}

static inline int64_t naive_ask(const int64_t *table, uint64_t key, uint64_t seed, int rows,
                                int log2) {
    int64_t columns[32];
    uint64_t word = PLN__LE(64, key);
    for (int row = 0; row < rows; row++)
        columns[row] = naive_column(&word, 8, seed, row, log2);
    return naive_least(table, columns, rows, log2);
}

static inline void naive_add(int64_t *table, uint64_t key, int64_t weight, uint64_t seed, int rows,
                             int log2, int update) {
    int64_t columns[32];
    uint64_t word = PLN__LE(64, key);
    for (int row = 0; row < rows; row++)
        columns[row] = naive_column(&word, 8, seed, row, log2);
    int64_t least = naive_least(table, columns, rows, log2) + weight;
    for (int row = 0; row < rows; row++) {
        int64_t *c = table + ((int64_t)row << log2) + columns[row];
        if (update == PLAIN)
            *c += weight;
        else if (*c < least)
            *c = least;
    }
}

#endif
