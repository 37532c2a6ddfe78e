/*
 * Count and sum by key and window of event time, rows in order in batches of 8,192 with a watermark before each row.
 *
 *     bench_window [ROWS]      peer_window.py has the same rows in DuckDB
 */
#include "bench.h"
#include "window/windows.h"
#include <stdlib.h>

enum { BATCH = 8192, ROUNDS = 5, STEP_US = 500 };

typedef struct one {
    const char *name;
    int64_t keys; /* 0: none */
    pln__windows_spec spec;
} one;

static pln_error err;
static void must(pln_status status) {
    if (status >= 0)
        return;
    fprintf(stderr, "bench_window: %s\n", err.message);
    exit(1);
}

static void never(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema k = {.format = "l", .name = "k", .release = never};
static struct ArrowSchema v = {.format = "l", .name = "v", .release = never};
static struct ArrowSchema *columns[] = {&k, &v};
static struct ArrowSchema in = {
    .format = "+s", .name = "", .n_children = 2, .children = columns, .release = never};

/* Row i, here and in peer_window.py. */
static int64_t key_of(int64_t i, int64_t keys) {
    return keys == 0 ? 0 : (int64_t)(((uint64_t)i * 2654435761u & 0xffffffffu) % (uint64_t)keys);
}

static struct ArrowArray batch_of(int64_t first, int64_t n, int64_t keys) {
    struct ArrowArray out = {0};
    pln__column column;
    must(pln__column_init(pln__system_allocator(), &in, &column, &err));
    for (int64_t i = first; i < first + n; i++) {
        must(pln_column_int(pln_column_child(&column, 0), key_of(i, keys), &err));
        must(pln_column_int(pln_column_child(&column, 1), i % 1000, &err));
        must(pln_column_end(&column, &err));
    }
    must(pln__column_finish(&column, &out, &err));
    pln__column_free(&column);
    return out;
}

typedef struct outcome {
    double ns;
    int64_t results, total;
} outcome;

static void take(pln__windows *w, const one *c, outcome *o) {
    struct ArrowArray out = {0};
    const int64_t *before = NULL;
    int64_t n = 0;
    must(pln__windows_take(w, &out, &before, &n, &err));
    if (n == 0)
        return;
    const struct ArrowArray *sum = out.children[out.n_children - 1];
    (void)c;
    for (int64_t i = 0; i < n; i++)
        o->total += ((const int64_t *)sum->buffers[1])[i];
    o->results += n;
    out.release(&out);
}

static outcome run(const one *c, const struct ArrowArray *batches, int64_t rows) {
    outcome o = {0, 0, 0};
    pln__windows *w = NULL;
    int64_t *times = malloc(BATCH * sizeof *times), *before = malloc(BATCH * sizeof *before);
    must(pln__windows_new(pln__system_allocator(), &c->spec, &in, &w, &err));
    for (int64_t at = 0, b = 0; at < rows; at += BATCH, b++) {
        pln__late late;
        for (int64_t i = 0; i < batches[b].length; i++) {
            times[i] = (at + i) * STEP_US;
            before[i] = times[i] - STEP_US - 1;
        }
        double start = bench_now_ns();
        must(pln__windows_add(w, &batches[b], times, before, &late, &err));
        take(w, c, &o);
        o.ns += bench_now_ns() - start;
    }
    double start = bench_now_ns();
    must(pln__windows_advance(w, INT64_MAX, &err));
    take(w, c, &o);
    o.ns += bench_now_ns() - start;
    pln__windows_free(w);
    free(times);
    free(before);
    return o;
}

int main(int argc, char **argv) {
    static const char *const keys[] = {"k"}, *const names[] = {"n", "total"};
    static const pln__aggregate_spec asked[] = {{.kind = PLN__AGG_COUNT, .column = -1},
                                                {.kind = PLN__AGG_SUM, .column = 1}};
    const int64_t minute = 60000000, second = 1000000;
    one all[] = {
        {"tumbling", 0, {.size_us = minute, .slide_us = minute}},
        {"tumbling_1000", 1000, {.size_us = minute, .slide_us = minute}},
        {"hopping_1000", 1000, {.size_us = minute, .slide_us = 10 * second}},
        {"hopping_100000", 100000, {.size_us = minute, .slide_us = 10 * second}},
        {"session_1000", 1000, {.kind = PLN__WINDOW_SESSION, .gap_us = 30 * second}},
        {"global_100", 100, {.kind = PLN__WINDOW_GLOBAL}},
        {"global_10000", 10000, {.kind = PLN__WINDOW_GLOBAL}},
        {"global_1000000", 1000000, {.kind = PLN__WINDOW_GLOBAL}},
    };
    int64_t rows = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000;
    int64_t n = (rows + BATCH - 1) / BATCH;
    struct ArrowArray *batches = malloc((size_t)n * sizeof *batches);
    for (size_t c = 0; c < sizeof all / sizeof all[0]; c++) {
        double least = 0;
        outcome o = {0, 0, 0};
        all[c].spec.keys = keys;
        all[c].spec.n_keys = all[c].keys > 0;
        all[c].spec.aggregates = asked;
        all[c].spec.names = names;
        all[c].spec.n_aggregates = 2;
        for (int64_t b = 0; b < n; b++)
            batches[b] = batch_of(b * BATCH, rows - b * BATCH < BATCH ? rows - b * BATCH : BATCH,
                                  all[c].keys);
        for (int round = 0; round < ROUNDS; round++) {
            o = run(&all[c], batches, rows);
            bench_least(&least, o.ns);
        }
        for (int64_t b = 0; b < n; b++)
            batches[b].release(&batches[b]);
        printf("{\"bench\": \"window\", \"case\": \"%s\", \"rows\": %lld, \"results\": %lld, "
               "\"total\": %lld, \"ns_row\": %.2f}\n",
               all[c].name, (long long)rows, (long long)o.results, (long long)o.total,
               least / (double)rows);
        fflush(stdout);
    }
    free(batches);
    return 0;
}
