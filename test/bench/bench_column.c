/*
 * Kernels of the column room: gathering, joining, selecting, sharing. One JSON line a case, the best of several rounds.
 *
 * bench_column [ROWS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "column/column.h"
#include <stdlib.h>

#define ROUNDS 15

static const pln_allocator *mem;
static pln__heap *heap;
static pln_error err;
static int64_t rows = 65536;
static int32_t *picks;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_column: %s\n", err.message);
        exit(1);
    }
}

static uint64_t next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

typedef struct input {
    struct ArrowSchema schema;
    struct ArrowArray array;
} input;

/* `nulls` in 16 of the rows are null. */
static void make(const char *format, int nulls, input *out) {
    pln__column column;
    uint64_t seed = 88172645463325252u;
    must(pln__field_new(mem, format, "x", true, 0, &out->schema, &err));
    must(pln__column_init(mem, &out->schema, &column, &err));
    for (int64_t i = 0; i < rows; i++) {
        char text[24];
        uint64_t value = next(&seed);
        if ((int)(value % 16) < nulls) {
            must(pln_column_null(&column, &err));
        } else if (format[0] == 'u') {
            int size =
                snprintf(text, sizeof text, "order-%llu", (unsigned long long)value % 100000);
            must(pln_column_text(&column, text, size, &err));
        } else {
            int64_t number = (int64_t)(value >> 40);
            must(pln_column_int(&column, format[0] == 'b' ? number & 1 : number, &err));
        }
    }
    must(pln__column_finish(&column, &out->array, &err));
    pln__column_free(&column);
}

static int64_t select_rows(int keep_of_16) {
    uint64_t seed = 362436069;
    int64_t n = 0;
    for (int64_t i = 0; i < rows; i++)
        if ((int)(next(&seed) % 16) < keep_of_16)
            picks[n++] = (int32_t)i;
    return n;
}

static void report(const char *name, int64_t n, double ns, int64_t allocations) {
    printf("{\"bench\": \"column\", \"case\": \"%s\", \"rows\": %lld, \"ns_per_row\": %.3f, "
           "\"allocations\": %lld}\n",
           name, (long long)n, ns / (double)(n > 0 ? n : 1), (long long)allocations);
}

static int64_t allocations(void) {
    pln__heap_stats stats;
    pln__heap_stats_get(heap, &stats);
    return stats.allocations;
}

/* The best of ROUNDS runs of `code`, which leaves an array in `got`. */
#define BEST(name, n, code)                                                                        \
    do {                                                                                           \
        double best = 1e18;                                                                        \
        int64_t blocks = 0;                                                                        \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            struct ArrowArray got = {0};                                                           \
            int64_t before = allocations();                                                        \
            double start = bench_now_ns();                                                               \
            code;                                                                                  \
            double took = bench_now_ns() - start;                                                        \
            blocks = allocations() - before;                                                       \
            best = took < best ? took : best;                                                      \
            pln__array_release(&got);                                                              \
        }                                                                                          \
        report(name, n, best, blocks);                                                             \
    } while (0)

static void takes(const char *format, int nulls, const char *what) {
    static const int keeps[] = {1, 8, 16};
    input in;
    make(format, nulls, &in);
    for (int i = 0; i < 3; i++) {
        char name[64];
        int64_t n = select_rows(keeps[i]);
        snprintf(name, sizeof name, "take %s, %d of 16", what, keeps[i]);
        BEST(name, n, must(pln__array_take(mem, &in.schema, &in.array, picks, n, &got, &err)));
    }
    const struct ArrowArray *twice[2] = {&in.array, &in.array};
    char name[64];
    snprintf(name, sizeof name, "concat %s", what);
    BEST(name, 2 * rows, must(pln__array_concat(mem, &in.schema, twice, 2, &got, &err)));
    snprintf(name, sizeof name, "validate full %s", what);
    BEST(name, rows, must(pln__array_validate(&in.schema, &in.array, PLN__VALIDATE_FULL, &err)));
    pln__array_release(&in.array);
    pln__schema_release(&in.schema);
}

static void selections(void) {
    input in;
    make("b", 0, &in);
    uint32_t cpu = pln__cpu_features();
    BEST("rows where, half, scalar", rows, (void)pln__rows_where(&in.array, picks));
    BEST("rows where, half", rows, (void)pln__rows_where_cpu(&in.array, cpu, picks));
    pln__array_release(&in.array);
    pln__schema_release(&in.schema);
}

static void sharing(void) {
    struct ArrowArray columns[10];
    struct ArrowArray batch;
    for (int i = 0; i < 10; i++) {
        input in;
        make("l", 0, &in);
        columns[i] = in.array;
        pln__schema_release(&in.schema);
    }
    must(pln__array_struct(mem, rows, columns, 10, &batch, &err));
    /* Counted per slice and not per row. */
    BEST("slice and release a batch of 10 columns", 1, {
        must(pln__rows_slice(mem, &batch, 1, 100, &got, &err));
        pln__array_release(&got);
    });
    pln__array_release(&batch);
}

int main(int argc, char **argv) {
    if (argc > 1)
        rows = atoll(argv[1]);
    heap = pln__heap_new(NULL, 0);
    mem = pln__heap_allocator(heap);
    picks = malloc((size_t)(rows + 64) * sizeof *picks);
    if (rows < 1 || rows > 1 << 26 || picks == NULL)
        return 2;
    memset(picks, 0, (size_t)(rows + 64) * sizeof *picks);
    takes("l", 0, "int64");
    takes("l", 3, "int64 with nulls");
    takes("u", 0, "utf8 of 11 bytes");
    takes("u", 3, "utf8 with nulls");
    takes("b", 0, "bool");
    selections();
    sharing();
    free(picks);
    pln__heap_close(heap);
    return 0;
}
