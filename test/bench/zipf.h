/*
 * Skewed values for benches, in C and C++: the same for both sides, of a fixed seed. Value i of a million comes in proportion to 1 / i^exponent.
 */
#ifndef TEST_BENCH_ZIPF_H
#define TEST_BENCH_ZIPF_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZIPF_VALUES = 1000000, ZIPF_TEXT = 21 };

static inline uint64_t zipf_mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline void zipf_keys(uint64_t *keys, int64_t rows, double exponent) {
    double *upto = (double *)malloc(ZIPF_VALUES * sizeof *upto), sum = 0;
    for (int i = 0; i < ZIPF_VALUES; i++)
        upto[i] = sum += pow(i + 1, -exponent);
    for (int64_t i = 0; i < rows; i++) {
        double at =
            (double)(zipf_mix((uint64_t)(i + 1) * 0x9e3779b97f4a7c15u) >> 11) * 0x1p-53 * sum;
        int low = 0, high = ZIPF_VALUES - 1;
        while (low < high) {
            int middle = low + (high - low) / 2;
            if (upto[middle] < at)
                low = middle + 1;
            else
                high = middle;
        }
        keys[i] = zipf_mix((uint64_t)low + 1);
    }
    free(upto);
}

static inline void zipf_texts(const uint64_t *keys, int64_t rows, char *bytes) {
    for (int64_t i = 0; i < rows; i++) {
        char one[32];
        snprintf(one, sizeof one, "user-%016llx", (unsigned long long)keys[i]);
        memcpy(bytes + i * ZIPF_TEXT, one, ZIPF_TEXT);
    }
}

#endif
