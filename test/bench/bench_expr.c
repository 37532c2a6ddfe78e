/*
 * Expressions over rows in memory: filter, derive, both, and text, in ns a row.
 *
 *     bench_expr                 all cases, one JSON line each
 *     bench_expr --serve [ROWS]  for peer_expr.py: runs the cases named on standard input, over 10 million rows if not said otherwise
 *
 * The rows are functions of their number alone, so that a peer can make the same ones.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "expr/expr.h"
#include <stdlib.h>

#define BATCH 65536
#define ROWS_MAX 10000000

static const pln_allocator *mem;

static void must(pln_status status, const pln_error *err) {
    if (status < 0) {
        fprintf(stderr, "bench_expr: %s\n", err->message);
        exit(1);
    }
}

static const char *const spec[][2] = {
    {"amount", "l"}, {"price", "g"}, {"quantity", "l"}, {"country", "u"}, {"name", "u"}};

static void make_schema(struct ArrowSchema *out) {
    pln_error err = {0};
    must(pln__field_new(mem, "+s", "", false, PLN__COUNT(spec), out, &err), &err);
    for (int i = 0; i < PLN__COUNT(spec); i++)
        must(pln__field_new(mem, spec[i][1], spec[i][0], true, 0, out->children[i], &err), &err);
}

static void append(pln__column *column, const void *bytes, int64_t size) {
    pln_error err = {0};
    int32_t end;
    must(pln__column_reserve(column, 1, size, &err), &err);
    memcpy(column->data.data + column->data.size, bytes, (size_t)size);
    column->data.size += size;
    if (column->type.id == PLN__UTF8) {
        end = (int32_t)column->data.size;
        memcpy(column->offsets.data + (column->length + 1) * 4, &end, 4);
    }
    column->length++;
}

static void make_batch(const struct ArrowSchema *schema, int64_t first, int64_t n,
                       struct ArrowArray *out) {
    static const char countries[] = "DEFRUSGBITESNLPLSEAT";
    pln_error err = {0};
    pln__column columns[PLN__COUNT(spec)];
    struct ArrowArray arrays[PLN__COUNT(spec)];
    for (int c = 0; c < PLN__COUNT(spec); c++)
        must(pln__column_init(mem, schema->children[c], &columns[c], &err), &err);
    for (int64_t i = first; i < first + n; i++) {
        int64_t x = (int64_t)((uint64_t)i * 2654435761u % 4294967296u), amount = x % 20001 - 10000;
        int64_t quantity = x % 10 + 1;
        double price = (double)(x % 100000) / 100.0;
        char name[40];
        int size = snprintf(name, sizeof name, "Customer Nr. %lld", (long long)x);
        append(&columns[0], &amount, 8);
        append(&columns[1], &price, 8);
        append(&columns[2], &quantity, 8);
        append(&columns[3], countries + x / 1000 % 10 * 2, 2);
        append(&columns[4], name, size);
    }
    for (int c = 0; c < PLN__COUNT(spec); c++) {
        must(pln__column_finish(&columns[c], &arrays[c], &err), &err);
        pln__column_free(&columns[c]);
    }
    must(pln__array_struct(mem, n, arrays, PLN__COUNT(spec), out, &err), &err);
}

typedef struct table {
    struct ArrowSchema schema;
    struct ArrowArray batches[ROWS_MAX / BATCH + 1];
    int32_t n;
    int64_t rows;
    int32_t selected[BATCH];
} table;

static pln__expr *compile(const table *t, const char *text, uint32_t cpu) {
    pln__expr_options options = {.cpu = cpu, .seed = 1};
    pln__expr *expr;
    pln_error err = {0};
    must(pln__expr_compile(mem, text, &t->schema, &options, &expr, &err), &err);
    return expr;
}

static int64_t filter(table *t, pln__expr *where, pln__expr *value) {
    int64_t total = 0, n;
    pln_error err = {0};
    (void)value;
    for (int32_t b = 0; b < t->n; b++) {
        must(pln__expr_select(where, &t->batches[b], 0, t->selected, &n, NULL, &err), &err);
        total += n;
    }
    return total;
}

static int64_t derive(table *t, pln__expr *where, pln__expr *value) {
    int64_t total = 0;
    pln_error err = {0};
    struct ArrowArray out;
    (void)where;
    for (int32_t b = 0; b < t->n; b++) {
        must(pln__expr_eval(value, &t->batches[b], 0, &out, NULL, &err), &err);
        total += out.length;
        pln__array_release(&out);
    }
    return total;
}

/* What a filter and a derive node do one after the other: the columns that pass are gathered in between. */
static int64_t both(table *t, pln__expr *where, pln__expr *value) {
    int64_t total = 0, n;
    pln_error err = {0};
    for (int32_t b = 0; b < t->n; b++) {
        struct ArrowArray kept, out;
        must(pln__expr_select(where, &t->batches[b], 0, t->selected, &n, NULL, &err), &err);
        must(pln__array_take(mem, &t->schema, &t->batches[b], t->selected, n, &kept, &err), &err);
        must(pln__expr_eval(value, &kept, 0, &out, NULL, &err), &err);
        total += out.length;
        pln__array_release(&out);
        pln__array_release(&kept);
    }
    return total;
}

typedef struct bench {
    const char *name;
    const char *where;
    const char *value;
    int64_t (*run)(table *t, pln__expr *where, pln__expr *value);
} bench;

static const bench cases[] = {
    {"filter", "amount > 0 and country in ('DE', 'FR')", "1", filter},
    {"filter number", "amount > 0", "1", filter},
    {"filter text", "country in ('DE', 'FR')", "1", filter},
    {"derive", "true", "price * quantity * 1.19", derive},
    {"derive integer", "true", "amount + quantity * 2", derive},
    {"filter and derive", "amount > 0 and country in ('DE', 'FR')", "price * quantity * 1.19",
     both},
    {"lower", "true", "lower(name)", derive},
    {"case", "true",
     "case when amount > 5000 then 'large' when amount > 0 then 'small' else 'none' end", derive},
    {"like", "name like '%77%'", "1", filter},
    {"regexp", "regexp_like(name, '[0-9]{3}77[0-9]$')", "1", filter},
    {"regexp anchored", "regexp_like(name, '^Customer Nr\\. [0-9]*77$')", "1", filter},
    {"regexp class", "regexp_like(name, '^[A-Za-z .]+[0-9]{9,10}$')", "1", filter},
    {"regexp literal", "regexp_like(name, 'Nr\\. 77')", "1", filter},
    {"substr", "true", "substr(name, 10, 3)", derive}};

static void run_case(table *t, const bench *b, int rounds, uint32_t cpu, const char *variant) {
    double best = 0;
    int64_t result = 0;
    pln__expr *where = compile(t, b->where, cpu), *value = compile(t, b->value, cpu);
    for (int i = 0; i < rounds; i++) {
        double start = bench_now_ns();
        result = b->run(t, where, value);
        bench_least(&best, bench_now_ns() - start);
    }
    printf("{\"bench\": \"expr\", \"case\": \"%s\", \"variant\": \"%s\", \"rows\": %lld, "
           "\"result\": %lld, \"ns_per_row\": %.3f, \"ms\": %.2f}\n",
           b->name, variant, (long long)t->rows, (long long)result, best / (double)t->rows,
           best / 1e6);
    fflush(stdout);
    pln__expr_free(where);
    pln__expr_free(value);
}

static void make_table(table *t, int64_t rows) {
    make_schema(&t->schema);
    t->rows = rows;
    for (int64_t first = 0; first < rows; first += BATCH)
        make_batch(&t->schema, first, rows - first < BATCH ? rows - first : BATCH,
                   &t->batches[t->n++]);
}

/* A line from the peer script is a case; the answer is its time. */
static void serve(table *t) {
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < PLN__COUNT(cases); i++)
            if (strcmp(cases[i].name, line) == 0)
                run_case(t, &cases[i], 1, pln__cpu_features(), "best");
    }
}

int main(int argc, char **argv) {
    static table t;
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    mem = pln__heap_allocator(heap);
    bool peer = argc > 1 && strcmp(argv[1], "--serve") == 0;
    int64_t rows = peer ? ROWS_MAX : 2 * 1000 * 1000;
    make_table(&t, argc > 2 && atoll(argv[2]) < rows ? atoll(argv[2]) : rows);
    if (peer)
        serve(&t);
    for (int i = 0; i < PLN__COUNT(cases) && !peer; i++) {
        run_case(&t, &cases[i], 7, PLN__EXPR_INTERPRET, "scalar");
        run_case(&t, &cases[i], 7, pln__cpu_features(), "best");
    }
    for (int32_t i = 0; i < t.n; i++)
        pln__array_release(&t.batches[i]);
    pln__schema_release(&t.schema);
    pln__heap_close(heap);
    return 0;
}
