/*
 * Count-Min: adding columns and asking for them. One JSON line a case, the best of several rounds; the peer is DataSketches, which peer_count_min.py asks.
 *
 *     bench_count_min [ROWS [LOG2_COLUMNS]]      four rows of counters
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "sketch/sketch.h"
#include <stdlib.h>

enum { ROUNDS = 9, MERGES = 5 };

static int64_t rows = 1000000;
static int32_t bits = 16;
static pln_error err;
static uint64_t *keys;
static int64_t *answers;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_count_min: %s\n", err.message);
        exit(1);
    }
}

static pln_count_min *empty(int32_t counter_bits, int32_t update, int32_t panes) {
    pln_count_min *cm;
    pln_count_min_options options;
    pln_count_min_options_init(&options, sizeof options);
    options.rows = 4;
    options.columns = (int64_t)1 << bits;
    options.counter_bits = counter_bits;
    options.update = update;
    options.panes = panes;
    must(pln_count_min_new(NULL, &options, &cm, &err));
    return cm;
}

static void report(const char *name, int64_t n, double ns, const pln_count_min *cm) {
    printf("{\"bench\": \"count_min\", \"case\": \"%s\", \"log2_columns\": %d, \"rows\": %lld, "
           "\"ns_row\": %.3f, \"total\": %lld}\n",
           name, bits, (long long)n, ns / (double)n, (long long)pln_count_min_total(cm));
    fflush(stdout);
}

/* All rounds with one sketch: its memory has been touched, and what it counts does not change how long it takes. */
#define BEST(name, n, sketch, call)                                                                \
    do {                                                                                           \
        double best = 0;                                                                           \
        pln_count_min *cm = sketch;                                                                \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            double start = bench_now_ns();                                                         \
            call;                                                                                  \
            bench_least(&best, bench_now_ns() - start);                                            \
        }                                                                                          \
        report(name, n, best, cm);                                                                 \
        pln_count_min_free(cm);                                                                    \
    } while (0)

static void add(pln_count_min *cm, const int64_t *weights) {
    must(pln_count_min_add_uint64(cm, keys, weights, rows, NULL, 0, &err));
}

static void ask(pln_count_min *cm) {
    must(pln_count_min_query_uint64(cm, keys, rows, answers, &err));
}

static void numbers(void) {
    enum { PLAIN = PLN_COUNT_MIN_PLAIN, CONSERVATIVE = PLN_COUNT_MIN_CONSERVATIVE };
    int64_t *weights = malloc((size_t)rows * sizeof *weights);
    for (int64_t i = 0; i < rows; i++)
        weights[i] = i % 7;
    BEST("add uint64 column", rows, empty(64, PLAIN, 1), add(cm, NULL));
    BEST("add uint64 column, 32 bits", rows, empty(32, PLAIN, 1), add(cm, NULL));
    BEST("add uint64 column, scalar", rows, empty(64, PLAIN, 1), {
        cm->cpu = 0;
        add(cm, NULL);
    });
    BEST("add uint64 column, weights", rows, empty(64, PLAIN, 1), add(cm, weights));
    BEST("add uint64 column, conservative", rows, empty(64, CONSERVATIVE, 1), add(cm, NULL));
    BEST("add uint64 one by one", rows, empty(64, PLAIN, 1), {
        for (int64_t i = 0; i < rows; i++)
            must(pln_count_min_add(cm, keys + i, 8, 1, &err));
    });
    BEST("query uint64 column", rows, empty(64, PLAIN, 1), ask(cm));
    BEST("query uint64 column, 32 bits", rows, empty(32, PLAIN, 1), ask(cm));
    BEST("query uint64 column, 4 panes", rows, empty(64, PLAIN, 4), ask(cm));
    BEST("query uint64 one by one", rows, empty(64, PLAIN, 1), {
        for (int64_t i = 0; i < rows; i++)
            must(pln_count_min_query(cm, keys + i, 8, answers + i, &err));
    });
    free(weights);
}

static void merging(void) {
    pln_count_min *from = empty(64, PLN_COUNT_MIN_PLAIN, 1);
    add(from, NULL);
    BEST("merge, a counter", MERGES * 4 << bits, empty(64, PLN_COUNT_MIN_PLAIN, 1), {
        for (int i = 0; i < MERGES; i++)
            must(pln_count_min_merge(cm, from, &err));
    });
    pln_count_min_free(from);
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    bits = argc > 2 ? atoi(argv[2]) : bits;
    if (rows < 1 || rows > 1 << 26)
        return 2;
    keys = malloc((size_t)rows * sizeof *keys);
    answers = malloc((size_t)rows * sizeof *answers);
    for (int64_t i = 0; i < rows; i++) {
        keys[i] = (uint64_t)i;
        answers[i] = 0;
    }
    numbers();
    merging();
    free(keys);
    free(answers);
    return 0;
}
