/*
 * What the programs share that measure how far sketches are from the truth. Each prints a CSV, and uses public calls alone; numbers come from fixed seeds, so that the same
 * code prints the same bytes.
 */
#ifndef TEST_ERROR_H
#define TEST_ERROR_H

#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>

/* Of splitmix64, which runs through all words of 64 bits before one comes again. */
#define ERROR_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t error_mix(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* A number for each trial of each measurement, as a seed or as the place where its values begin. */
static inline uint64_t error_seed(uint64_t measurement, int64_t trial) {
    return error_mix(error_mix(measurement) + (uint64_t)trial * ERROR_STEP);
}

/* Values [first, first + n) of the sequence that begins at `start`: no two of one sequence are equal. */
static inline void error_values(uint64_t start, int64_t first, int64_t n, uint64_t *out) {
    uint64_t state = start + (uint64_t)first * ERROR_STEP;
    for (int64_t i = 0; i < n; i++)
        out[i] = error_mix(state += ERROR_STEP);
}

static inline void error_must(pln_status status, const pln_error *err) {
    if (status >= 0)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static inline void *error_alloc(int64_t n, size_t size) {
    void *out = calloc((size_t)n, size);
    if (out != NULL)
        return out;
    fprintf(stderr, "no memory for %lld times %zu bytes\n", (long long)n, size);
    exit(1);
}

/* Argument i, or `otherwise`. */
static inline int64_t error_argument(int argc, char **argv, int i, int64_t otherwise) {
    return argc > i ? atoll(argv[i]) : otherwise;
}

#endif
