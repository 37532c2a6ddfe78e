/*
 * HyperLogLog: adding columns, merging, estimating. One JSON line a case, the best of several rounds; the peer is DataSketches, which peer_hll.py asks.
 *
 *     bench_hll [ROWS [PRECISION]]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "column/column.h"
#include "sketch/sketch.h"
#include <stdlib.h>

enum { ROUNDS = 9, MERGES = 1000 };

static int64_t rows = 1000000;
static int32_t precision = 14;
static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_hll: %s\n", err.message);
        exit(1);
    }
}

static pln_hll *empty(void) {
    pln_hll *hll;
    pln_hll_options options;
    pln_hll_options_init(&options, sizeof options);
    options.precision = precision;
    must(pln_hll_new(NULL, &options, &hll, &err));
    return hll;
}

static void report(const char *name, int64_t n, double ns, double answer) {
    printf("{\"bench\": \"hll\", \"case\": \"%s\", \"precision\": %d, \"rows\": %lld, \"ns_row\": "
           "%.3f, \"answer\": %.0f}\n",
           name, precision, (long long)n, ns / (double)n, answer);
    fflush(stdout);
}

#define BEST(name, n, call)                                                                        \
    do {                                                                                           \
        double best = 0, answer = 0;                                                               \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            pln_hll *hll = empty();                                                                \
            double start = bench_now_ns();                                                         \
            call;                                                                                  \
            bench_least(&best, bench_now_ns() - start);                                            \
            answer = pln_hll_estimate(hll);                                                        \
            pln_hll_free(hll);                                                                     \
        }                                                                                          \
        report(name, n, best, answer);                                                             \
    } while (0)

static uint64_t *keys;

static void numbers(void) {
    uint32_t cpu = pln__cpu_features();
    BEST("add uint64 column", rows, must(pln_hll_add_uint64(hll, keys, rows, NULL, 0, &err)));
    uint8_t *bits = malloc((size_t)rows / 8 + 1);
    memset(bits, 0xfe, (size_t)rows / 8 + 1);
    BEST("add uint64 column, nulls", rows,
         must(pln_hll_add_uint64(hll, keys, rows, bits, 0, &err)));
    free(bits);
    if (cpu & PLN__CPU_AVX512)
        BEST("add uint64 column, avx2", rows, {
            hll->cpu = cpu & ~(uint32_t)PLN__CPU_AVX512;
            must(pln_hll_add_uint64(hll, keys, rows, NULL, 0, &err));
        });
    BEST("add uint64 column, scalar", rows, {
        hll->cpu = 0;
        must(pln_hll_add_uint64(hll, keys, rows, NULL, 0, &err));
    });
    BEST("add uint64 one by one", rows, {
        for (int64_t i = 0; i < rows; i++)
            must(pln_hll_add(hll, keys + i, 8, &err));
    });
}

/* 21 bytes each, as "user-0000000000001234". */
static void texts(void) {
    char *bytes = malloc((size_t)rows * 21 + 64);
    int32_t *offsets = malloc((size_t)(rows + 1) * sizeof *offsets);
    for (int64_t i = 0; i <= rows; i++)
        offsets[i] = (int32_t)(i * 21);
    for (int64_t i = 0; i < rows; i++) {
        char one[32];
        snprintf(one, sizeof one, "user-%016llx", (unsigned long long)i);
        memcpy(bytes + i * 21, one, 21);
    }
    const void *buffers[3] = {NULL, offsets, bytes};
    struct ArrowSchema schema = {.format = "u", .name = "user"};
    struct ArrowArray array = {.length = rows, .n_buffers = 3, .buffers = buffers};
    BEST("add utf8 column of 21 bytes", rows, must(pln_hll_add_column(hll, &schema, &array, &err)));
    free(bytes);
    free(offsets);
}

static void answers(void) {
    pln_hll *other = empty();
    must(pln_hll_add_uint64(other, keys, rows, NULL, 0, &err));
    BEST("merge", MERGES, {
        must(pln_hll_merge(hll, other, &err));
        start = bench_now_ns();
        for (int i = 0; i < MERGES; i++)
            must(pln_hll_merge(hll, other, &err));
    });
    BEST("estimate", MERGES, {
        must(pln_hll_merge(hll, other, &err));
        start = bench_now_ns();
        for (int i = 0; i < MERGES; i++) {
            hll->estimate = -1;
            (void)pln_hll_estimate(hll);
        }
    });
    pln_hll_free(other);
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    precision = argc > 2 ? atoi(argv[2]) : precision;
    if (rows < 1 || rows > 1 << 26)
        return 2;
    keys = malloc((size_t)rows * sizeof *keys);
    for (int64_t i = 0; i < rows; i++)
        keys[i] = (uint64_t)i;
    numbers();
    texts();
    answers();
    free(keys);
    return 0;
}
