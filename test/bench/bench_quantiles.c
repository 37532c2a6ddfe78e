/*
 * Quantiles: adding columns, merging, asking; and offering rows to a reservoir. One JSON line a case, the best of several rounds; the peer is DataSketches,
 * which peer_quantiles.py asks.
 *
 *     bench_quantiles [ROWS [K]]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "sketch/sketch.h"
#include <stdlib.h>

enum { ROUNDS = 9, MERGES = 1000, ASKS = 100 };

static int64_t rows = 1000000;
static int32_t k = 200;
static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_quantiles: %s\n", err.message);
        exit(1);
    }
}

static pln_quantiles *empty(int32_t kind) {
    pln_quantiles *q;
    pln_quantiles_options options;
    pln_quantiles_options_init(&options, sizeof options);
    options.k = k;
    options.kind = kind;
    must(pln_quantiles_new(NULL, &options, &q, &err));
    return q;
}

static void report(const char *name, int64_t n, double ns, double answer) {
    printf("{\"bench\": \"quantiles\", \"case\": \"%s\", \"k\": %d, \"rows\": %lld, \"ns_row\": "
           "%.3f, \"answer\": %.0f}\n",
           name, k, (long long)n, ns / (double)n, answer);
    fflush(stdout);
}

#define BEST(name, kind, n, call)                                                                  \
    do {                                                                                           \
        double best = 0, answer = 0;                                                               \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            pln_quantiles *q = empty(kind);                                                        \
            double start = bench_now_ns();                                                         \
            call;                                                                                  \
            bench_least(&best, bench_now_ns() - start);                                            \
            must(pln_quantiles_quantile(q, 0.5, &answer, &err));                                   \
            pln_quantiles_free(q);                                                                 \
        }                                                                                          \
        report(name, n, best, answer);                                                             \
    } while (0)

static double *values;
static int64_t *words;

static void columns(void) {
    BEST("add float64 column", PLN_QUANTILES_FLOAT64, rows,
         must(pln_quantiles_add_float64(q, values, rows, NULL, 0, &err)));
    BEST("add float64 column, scalar", PLN_QUANTILES_FLOAT64, rows, {
        q->cpu = 0;
        must(pln_quantiles_add_float64(q, values, rows, NULL, 0, &err));
    });
    BEST("add int64 column", PLN_QUANTILES_INT64, rows,
         must(pln_quantiles_add_int64(q, words, rows, NULL, 0, &err)));
    BEST("add float64 one by one", PLN_QUANTILES_FLOAT64, rows, {
        for (int64_t i = 0; i < rows; i++)
            must(pln_quantiles_add(q, values[i], &err));
    });
    uint8_t *bits = malloc((size_t)rows / 8 + 1);
    memset(bits, 0xfe, (size_t)rows / 8 + 1);
    BEST("add float64 column, nulls", PLN_QUANTILES_FLOAT64, rows,
         must(pln_quantiles_add_float64(q, values, rows, bits, 0, &err)));
    free(bits);
}

static void answers(void) {
    pln_quantiles *other = empty(PLN_QUANTILES_FLOAT64);
    must(pln_quantiles_add_float64(other, values, rows, NULL, 0, &err));
    BEST("merge", PLN_QUANTILES_FLOAT64, MERGES, {
        for (int i = 0; i < MERGES; i++)
            must(pln_quantiles_merge(q, other, &err));
    });
    BEST("first quantile", PLN_QUANTILES_FLOAT64, ASKS, {
        double out;
        must(pln_quantiles_add_float64(q, values, rows, NULL, 0, &err));
        start = bench_now_ns();
        for (int i = 0; i < ASKS; i++) {
            q->view_size = 0;
            must(pln_quantiles_quantile(q, 0.9, &out, &err));
        }
    });
    pln_quantiles_free(other);
}

static void reservoir(void) {
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pln_reservoir_pick picks[64];
        pln_reservoir_options options;
        pln_reservoir *r;
        int64_t count, taken;
        pln_reservoir_options_init(&options, sizeof options);
        options.k = k;
        must(pln_reservoir_new(NULL, &options, &r, &err));
        double start = bench_now_ns();
        for (int64_t at = 0; at < rows; at += taken) {
            int64_t batch = rows - at < 8192 ? rows - at : 8192;
            must(pln_reservoir_offer(r, batch, picks, 64, &count, &taken, &err));
        }
        bench_least(&best, bench_now_ns() - start);
        pln_reservoir_free(r);
    }
    report("reservoir, batches of 8192", rows, best, k);
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    k = argc > 2 ? atoi(argv[2]) : k;
    if (rows < 1 || rows > 1 << 26)
        return 2;
    values = malloc((size_t)rows * sizeof *values);
    words = malloc((size_t)rows * sizeof *words);
    uint64_t coin = 1;
    for (int64_t i = 0; i < rows; i++) {
        words[i] = (int64_t)(pln__coin_next(&coin) >> 24);
        values[i] = (double)words[i];
    }
    columns();
    answers();
    reservoir();
    free(values);
    free(words);
    return 0;
}
