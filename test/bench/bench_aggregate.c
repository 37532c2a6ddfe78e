/*
 * Aggregates over groups that are known already, window starts, calendar windows. One JSON line a case, the best of several rounds.
 *
 *     bench_aggregate [ROWS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "window/aggregate.h"
#include "window/assign.h"
#include <stdlib.h>

enum { BATCH = 8192 };

static int64_t rows = 1 << 20;
static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_aggregate: %s\n", err.message);
        exit(1);
    }
}

static uint64_t random_word(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void report(const char *name, int64_t groups, double ns) {
    printf("{\"bench\": \"aggregate\", \"case\": \"%s\", \"groups\": %lld, \"rows\": %lld, "
           "\"ns_row\": %.3f}\n",
           name, (long long)groups, (long long)rows, ns / (double)rows);
    fflush(stdout);
}

/* Columns a int64, b float64, c int64 with one null in eight, t times that rise. */
typedef struct table {
    int64_t *values, *times, *starts;
    double *floats;
    uint8_t *bits;
    int32_t *groups;
    struct ArrowSchema fields[4], *field_list[4], schema;
    struct ArrowArray columns[4], *column_list[4], batch;
    const void *buffers[4][2];
} table;

static void open_table(table *t) {
    static const char *const formats[] = {"l", "g", "l", "l"};
    uint64_t state = 1;
    t->values = malloc((size_t)rows * 8);
    t->times = malloc((size_t)rows * 8);
    t->starts = malloc((size_t)rows * 8);
    t->floats = malloc((size_t)rows * 8);
    t->bits = malloc((size_t)rows / 8 + 1);
    t->groups = malloc((size_t)rows * 4);
    for (int64_t i = 0; i < rows; i++) {
        t->values[i] = (int64_t)random_word(&state);
        t->floats[i] = (double)t->values[i];
        t->times[i] = 1700000000000000 + i * 1000 + (int64_t)(random_word(&state) % 1000);
    }
    memset(t->bits, 0x7f, (size_t)rows / 8 + 1);
    memset(t->starts, 0, (size_t)rows * 8);
    const void *data[4] = {t->values, t->floats, t->values, t->times};
    for (int i = 0; i < 4; i++) {
        t->buffers[i][0] = i == 2 ? t->bits : NULL;
        t->buffers[i][1] = data[i];
        t->fields[i] =
            (struct ArrowSchema){.format = formats[i], .name = "c", .flags = ARROW_FLAG_NULLABLE};
        t->columns[i] = (struct ArrowArray){.length = rows,
                                            .null_count = i == 2 ? -1 : 0,
                                            .n_buffers = 2,
                                            .buffers = t->buffers[i]};
        t->field_list[i] = &t->fields[i];
        t->column_list[i] = &t->columns[i];
    }
    t->schema = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 4, .children = t->field_list};
    t->batch = (struct ArrowArray){.length = rows, .n_children = 4, .children = t->column_list};
}

static void close_table(table *t) {
    free(t->values);
    free(t->times);
    free(t->starts);
    free(t->floats);
    free(t->bits);
    free(t->groups);
}

static pln__states *states_of(const table *t, int32_t kind, int32_t column, int64_t n,
                              pln__aggregate **a) {
    pln__aggregate_spec spec = {.kind = kind, .column = column, .by = 3, .q = 0.5};
    pln__states *states;
    must(pln__aggregate_new(pln__system_allocator(), &spec, &t->schema, "a", a, &err));
    must(pln__states_new(*a, &states, &err));
    must(pln__states_grow(states, n, &err));
    return states;
}

/* Up to two aggregates over the same groups, a batch after the other. */
static void grouped(const table *t, const char *name, const int32_t kinds[2], int32_t column,
                    int64_t n) {
    pln__aggregate *a[2] = {NULL, NULL};
    pln__states *s[2] = {NULL, NULL};
    uint64_t state = 2;
    double best = 0;
    for (int64_t i = 0; i < rows; i++)
        t->groups[i] = (int32_t)(random_word(&state) % (uint64_t)n);
    for (int k = 0; k < 2 && kinds[k] != 0; k++)
        s[k] = states_of(t, kinds[k], column, n, &a[k]);
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double start = bench_now_ns();
        for (int64_t at = 0; at < rows; at += BATCH) {
            int64_t some = rows - at < BATCH ? rows - at : BATCH;
            for (int k = 0; k < 2 && s[k] != NULL; k++)
                must(pln__states_add(s[k], &t->batch, NULL, at, t->groups + at, some, &err));
        }
        bench_least(&best, bench_now_ns() - start);
    }
    report(name, n, best);
    for (int k = 0; k < 2; k++) {
        pln__states_free(s[k]);
        pln__aggregate_free(a[k]);
    }
}

static void one_group(const table *t, const char *name, int32_t kind, int32_t column) {
    pln__aggregate *a;
    pln__states *s = states_of(t, kind, column, 1, &a);
    double best = 0;
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double start = bench_now_ns();
        for (int64_t at = 0; at < rows; at += BATCH)
            must(pln__states_add_one_group(s, &t->batch, NULL, at,
                                           rows - at < BATCH ? rows - at : BATCH, 0, &err));
        bench_least(&best, bench_now_ns() - start);
    }
    report(name, 1, best);
    pln__states_free(s);
    pln__aggregate_free(a);
}

static void aggregates(const table *t) {
    static const int32_t sum_count[] = {PLN__AGG_SUM, PLN__AGG_COUNT};
    static const struct {
        const char *name;
        int32_t kind, column;
    } cases[] = {
        {"sum int64", PLN__AGG_SUM, 0},
        {"sum int64, nulls", PLN__AGG_SUM, 2},
        {"sum float64", PLN__AGG_SUM, 1},
        {"avg int64", PLN__AGG_AVG, 0},
        {"min int64", PLN__AGG_MIN, 0},
        {"max float64", PLN__AGG_MAX, 1},
        {"var_samp float64", PLN__AGG_VAR_SAMP, 1},
        {"last int64", PLN__AGG_LAST, 0},
        {"arg_min int64", PLN__AGG_ARG_MIN, 0},
        {"approx_count_distinct int64", PLN__AGG_APPROX_COUNT_DISTINCT, 0},
        {"quantile float64", PLN__AGG_QUANTILE, 1},
        {"count_distinct int64, 1000 values", PLN__AGG_COUNT_DISTINCT, 3},
    };
    for (int64_t n = 100; n <= 1000000; n *= 100)
        grouped(t, "sum and count int64", sum_count, 0, n);
    for (int i = 0; i < PLN__COUNT(cases) - 1; i++) {
        one_group(t, cases[i].name, cases[i].kind, cases[i].column);
        grouped(t, cases[i].name, (const int32_t[2]){cases[i].kind, 0}, cases[i].column, 1000);
    }
    for (int64_t i = 0; i < rows; i++)
        t->times[i] %= 1000;
    grouped(t, cases[PLN__COUNT(cases) - 1].name, (const int32_t[2]){PLN__AGG_COUNT_DISTINCT, 0}, 3,
            1000);
}

static void starts(const table *t, const char *name, int64_t size) {
    pln__assign w;
    double best = 0, best_run = 0;
    must(pln__assign_init(&w, size, size, 0, &err));
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        double start = bench_now_ns();
        for (int64_t at = 0; at < rows; at += BATCH)
            (void)pln__assign_starts(&w, t->times + at, rows - at < BATCH ? rows - at : BATCH,
                                     t->starts);
        bench_least(&best, bench_now_ns() - start);
        start = bench_now_ns();
        int64_t last;
        for (int64_t at = 0; at < rows;)
            at += pln__assign_run(&w, t->times + at, rows - at, &last);
        bench_least(&best_run, bench_now_ns() - start);
    }
    char text[64];
    snprintf(text, sizeof text, "starts, %s", name);
    report(text, 0, best);
    snprintf(text, sizeof text, "runs, %s", name);
    report(text, 0, best_run);
}

int main(int argc, char **argv) {
    static table t;
    rows = argc > 1 ? atoll(argv[1]) : rows;
    if (rows < 1 || rows > 1 << 26)
        return 2;
    open_table(&t);
    starts(&t, "60 s, times in order", 60000000);
    starts(&t, "10 ms, times in order", 10000);
    starts(&t, "1 us", 1);
    aggregates(&t);
    close_table(&t);
    return 0;
}
