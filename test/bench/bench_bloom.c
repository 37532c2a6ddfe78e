/*
 * The Bloom filter: adding, asking, both at once, by keys of 16 bytes and by a column of numbers; one that the cache holds and one that it does not. One
 * JSON line a case, the best of several rounds.
 *
 *     bench_bloom [ROWS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "sketch/sketch.h"
#include <stdlib.h>

enum { ROUNDS = 5 };

static int64_t n = 4000000;
static pln_error err;
static uint64_t *words;
static uint8_t *found;

static void must(pln_status status) {
    if (status >= 0)
        return;
    fprintf(stderr, "bench_bloom: %s\n", err.message);
    exit(1);
}

#define BEST(name, call)                                                                           \
    do {                                                                                           \
        double best = 0;                                                                           \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            double start = bench_now_ns();                                                         \
            must(call);                                                                            \
            bench_least(&best, bench_now_ns() - start);                                            \
        }                                                                                          \
        printf("{\"bench\": \"bloom\", \"case\": \"%s, %s, %lld bytes\", \"rows\": %lld, "         \
               "\"ns_row\": %.2f}\n",                                                              \
               name, variant, (long long)bytes, (long long)n, best / (double)n);                   \
        fflush(stdout);                                                                            \
    } while (0)

static void cases(int64_t bytes, const char *variant, uint32_t cpu) {
    pln_bloom *bloom;
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.bytes = bytes;
    must(pln_bloom_new(NULL, &options, &bloom, &err));
    bloom->cpu = cpu;
    const uint8_t *keys = (const uint8_t *)words;
    BEST("add numbers", pln_bloom_add_uint64(bloom, words, n, NULL, 0, &err));
    BEST("ask numbers", pln_bloom_contains_uint64(bloom, words, n, NULL, 0, found, &err));
    BEST("add keys", pln_bloom_add_keys(bloom, keys, n, &err));
    BEST("ask keys", pln_bloom_contains_keys(bloom, keys, n, found, &err));
    BEST("put keys", pln_bloom_put_keys(bloom, keys, n, found, &err));
    pln_bloom_free(bloom);
}

int main(int argc, char **argv) {
    n = argc > 1 ? atoll(argv[1]) : n;
    if (n < 1 || n > 1 << 26)
        return 2;
    words = malloc((size_t)n * 16);
    found = malloc((size_t)n / 8 + 1);
    for (int64_t i = 0; i < 2 * n; i++)
        words[i] = (uint64_t)i * 0x9e3779b97f4a7c15u;
    for (int64_t bytes = 1 << 17; bytes <= 1 << 26; bytes <<= 9) {
        cases(bytes, "this processor", pln__cpu_features());
        cases(bytes, "scalar", 0);
    }
    free(words);
    free(found);
    return 0;
}
