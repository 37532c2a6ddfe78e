/*
 * Top-k: adding columns of skewed values, merging, listing. One JSON line a case, the best of several rounds; the peer is DataSketches, which peer_top_k.py asks.
 *
 *     bench_top_k [ROWS [CAPACITY [EXPONENT]]]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "column/column.h"
#include "sketch/sketch.h"
#include "zipf.h"
#include <stdlib.h>

enum { ROUNDS = 7, MERGES = 100, LISTED = 100 };

static int64_t rows = 1000000, capacity = 12288;
static double exponent = 1.1;
static pln_error err;
static uint64_t *keys;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_top_k: %s\n", err.message);
        exit(1);
    }
}

static pln_top_k *empty(void) {
    pln_top_k *top;
    pln_top_k_options options;
    pln_top_k_options_init(&options, sizeof options);
    options.capacity = capacity;
    must(pln_top_k_new(NULL, &options, &top, &err));
    return top;
}

static void report(const char *name, int64_t n, double ns, const pln_top_k *top) {
    printf("{\"bench\": \"top_k\", \"case\": \"%s\", \"capacity\": %lld, \"exponent\": %.1f, "
           "\"rows\": %lld, \"ns_row\": %.3f, "
           "\"error\": %lld, \"memory\": %lld}\n",
           name, (long long)capacity, exponent, (long long)n, ns / (double)n,
           (long long)pln_top_k_error(top), (long long)pln_top_k_memory(top));
    fflush(stdout);
}

#define BEST(name, n, call)                                                                        \
    do {                                                                                           \
        double best = 0;                                                                           \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            pln_top_k *top = empty();                                                              \
            double start = bench_now_ns();                                                         \
            call;                                                                                  \
            bench_least(&best, bench_now_ns() - start);                                            \
            if (round + 1 == ROUNDS)                                                               \
                report(name, n, best, top);                                                        \
            pln_top_k_free(top);                                                                   \
        }                                                                                          \
    } while (0)

static void numbers(void) {
    BEST("add uint64 column", rows,
         must(pln_top_k_add_uint64(top, keys, NULL, rows, NULL, 0, &err)));
    BEST("add uint64 column, scalar", rows, {
        top->cpu = 0;
        must(pln_top_k_add_uint64(top, keys, NULL, rows, NULL, 0, &err));
    });
    int64_t *weights = malloc((size_t)rows * sizeof *weights);
    for (int64_t i = 0; i < rows; i++)
        weights[i] = 40 + (int64_t)(keys[i] % 1461);
    BEST("add uint64 column, weights", rows,
         must(pln_top_k_add_uint64(top, keys, weights, rows, NULL, 0, &err)));
    free(weights);
    BEST("add uint64 one by one", rows, {
        for (int64_t i = 0; i < rows; i++)
            must(pln_top_k_add(top, keys + i, 8, 1, &err));
    });
}

/* 21 bytes each, as "user-0000000000001234". */
static void texts(void) {
    char *bytes = malloc((size_t)rows * ZIPF_TEXT + 64);
    int32_t *offsets = malloc((size_t)(rows + 1) * sizeof *offsets);
    for (int64_t i = 0; i <= rows; i++)
        offsets[i] = (int32_t)(i * ZIPF_TEXT);
    zipf_texts(keys, rows, bytes);
    const void *buffers[3] = {NULL, offsets, bytes};
    struct ArrowSchema schema = {.format = "u", .name = "user"};
    struct ArrowArray array = {.length = rows, .n_buffers = 3, .buffers = buffers};
    BEST("add utf8 column of 21 bytes", rows,
         must(pln_top_k_add_column(top, &schema, &array, NULL, &err)));
    free(bytes);
    free(offsets);
}

static void answers(void) {
    pln_top_k *other = empty();
    static pln_top_k_entry out[LISTED];
    int64_t found;
    out[0].struct_size = sizeof out[0];
    must(pln_top_k_add_uint64(other, keys, NULL, rows, NULL, 0, &err));
    BEST("merge", MERGES, {
        must(pln_top_k_add_uint64(top, keys, NULL, rows / 2, NULL, 0, &err));
        start = bench_now_ns();
        for (int i = 0; i < MERGES; i++)
            must(pln_top_k_merge(top, other, &err));
    });
    BEST("list 100", MERGES, {
        must(pln_top_k_merge(top, other, &err));
        start = bench_now_ns();
        for (int i = 0; i < MERGES; i++)
            must(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, LISTED, out, &found, &err));
    });
    pln_top_k_free(other);
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    capacity = argc > 2 ? atoll(argv[2]) : capacity;
    exponent = argc > 3 ? atof(argv[3]) : exponent;
    if (rows < 1 || rows > 1 << 26)
        return 2;
    keys = malloc((size_t)rows * sizeof *keys);
    zipf_keys(keys, rows, exponent);
    numbers();
    texts();
    answers();
    free(keys);
    return 0;
}
