/*
 * The deduplication index: new keys, keys that are there, with and without room made before, and the longest call of 64 keys while it grows. One JSON line a
 * case, the best of several rounds; peers are the flat hash sets of Abseil and Boost and DuckDB's DISTINCT, which peer_dedup.py asks.
 *
 *     bench_dedup [KEYS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include <pln/dedup.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3, BATCH = 8192 };

static int64_t n = 10000000;
static uint8_t *keys, *fresh;
static int64_t *numbers;
static pln_error err;

static void must(pln_status status) {
    if (status >= 0)
        return;
    fprintf(stderr, "bench_dedup: %s\n", err.message);
    exit(1);
}

static uint64_t mixed(uint64_t z) {
    z *= 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double all(pln_dedup *d, int payload, int64_t batch, double *longest) {
    double start = bench_now_ns();
    for (int64_t i = 0; i < n; i += batch) {
        int64_t part = n - i < batch ? n - i : batch;
        double before = longest == NULL ? 0 : bench_now_ns();
        must(pln_dedup_batch(d, keys + 16 * i, payload ? numbers + i : NULL, part, fresh, NULL,
                             &err));
        double took = longest == NULL ? 0 : bench_now_ns() - before;
        if (longest != NULL && took > *longest)
            *longest = took;
    }
    return bench_now_ns() - start;
}

static void line(const char *name, double ns, double bytes) {
    printf("{\"bench\": \"dedup\", \"case\": \"%s\", \"rows\": %lld, \"ns_row\": %.2f, "
           "\"bytes_key\": %.2f}\n",
           name, (long long)n, ns / (double)n, bytes);
    fflush(stdout);
}

static pln_dedup *index_of(int payload, int64_t expected) {
    pln_dedup *d;
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.payload = payload;
    options.expected = expected;
    options.seed = 42;
    must(pln_dedup_new(NULL, &options, &d, &err));
    return d;
}

static void both(const char *name, int payload, int64_t expected) {
    double first = 0, again = 0, bytes = 0;
    char text[80];
    for (int round = 0; round < ROUNDS; round++) {
        double start = bench_now_ns();
        pln_dedup *d = index_of(payload, expected);
        double made = bench_now_ns() - start;
        bench_least(&first, all(d, payload, BATCH, NULL) + made);
        bench_least(&again, all(d, payload, BATCH, NULL));
        bytes = (double)pln_dedup_memory(d) / (double)n;
        pln_dedup_free(d);
    }
    snprintf(text, sizeof text, "new keys, %s", name);
    line(text, first, bytes);
    snprintf(text, sizeof text, "repeated keys, %s", name);
    line(text, again, bytes);
}

static void longest_call(void) {
    double least = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pln_dedup *d = index_of(0, 0);
        double longest = 0;
        (void)all(d, 0, 64, &longest);
        bench_least(&least, longest);
        pln_dedup_free(d);
    }
    printf("{\"bench\": \"dedup\", \"case\": \"longest call of 64 keys, growing\", \"rows\": %lld, "
           "\"us\": %.1f}\n",
           (long long)n, least / 1000);
}

int main(int argc, char **argv) {
    n = argc > 1 ? atoll(argv[1]) : n;
    if (n < 1 || n > 1 << 28)
        return 2;
    keys = malloc((size_t)n * 16);
    numbers = calloc((size_t)n, sizeof *numbers);
    fresh = malloc(BATCH / 8);
    for (int64_t i = 0; i < 2 * n; i++) {
        uint64_t word = mixed((uint64_t)i + 1);
        memcpy(keys + 8 * i, &word, 8);
    }
    both("room made before", 0, n);
    both("growing", 0, 0);
    both("growing, with payloads", 1, 0);
    longest_call();
    free(keys);
    free(numbers);
    free(fresh);
    return 0;
}
