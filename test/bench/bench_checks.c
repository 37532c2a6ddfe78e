/*
 * A suite of ten checks over rows whose values follow from their number, in batches of 64 Ki: all of them, all but unique, and each alone; and, as what no check can be
 * faster than, a plain read of the bytes of those columns. One JSON line a case, the best of several rounds; peer_checks.py asks DuckDB and Polars for the same counts.
 *
 *     bench_checks [ROWS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include <inttypes.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 7, BATCH = 1 << 16, COLUMNS = 6 };

static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_checks: %s\n", err.message);
        exit(1);
    }
}

static const char *const checks[] = {
    "{\"check\":\"not_null\",\"column\":\"a\"}",
    "{\"check\":\"between\",\"column\":\"a\",\"min\":0,\"max\":900}",
    "{\"check\":\"between\",\"column\":\"b\",\"min\":0,\"max\":2400}",
    "{\"check\":\"between\",\"column\":\"c\",\"min\":-400000,\"max\":400000}",
    "{\"check\":\"length\",\"column\":\"t\",\"min\":5,\"max\":9}",
    "{\"check\":\"in_set\",\"column\":\"s\",\"values\":[\"new\",\"paid\",\"sent\",\"done\"]}",
    "{\"check\":\"column_min\",\"column\":\"c\",\"min\":0}",
    "{\"check\":\"column_max\",\"column\":\"c\",\"max\":0}",
    "{\"check\":\"column_mean\",\"column\":\"b\",\"min\":0}",
    "{\"check\":\"expression\",\"expression\":\"a < 950 or c > 0\"}",
    "{\"check\":\"matches\",\"column\":\"t\",\"pattern\":\"^user[0-9]+$\"}",
    "{\"check\":\"unique\",\"column\":\"id\"}"};
enum { CHECKS = sizeof checks / sizeof checks[0], PATTERN = CHECKS - 2, UNIQUE = CHECKS - 1 };

/* ---- rows ---- */

typedef struct batch {
    uint8_t valid[BATCH / 8];
    int64_t id[BATCH];
    int32_t a[BATCH], c[BATCH], t_at[BATCH + 1], s_at[BATCH + 1];
    double b[BATCH];
    char t[BATCH * 12], s[BATCH * 4];
    const void *buffers[COLUMNS][3];
    struct ArrowArray columns[COLUMNS], *pointers[COLUMNS], rows;
    const void *none[1];
} batch;

static void fill(batch *x, int64_t from, int64_t n) {
    static const char *const states[] = {"new", "paid", "sent", "done", "lost"};
    memset(x, 0, sizeof *x);
    for (int64_t k = 0; k < n; k++) {
        int64_t i = from + k, h = i * 7919 % 1000003;
        x->id[k] = i;
        x->a[k] = (int32_t)(h % 1000);
        x->valid[k / 8] |= (uint8_t)((i % 50 != 0) << k % 8);
        x->b[k] = (double)(h % 10007) / 4;
        x->c[k] = (int32_t)(h - 500000);
        x->t_at[k + 1] = x->t_at[k] + sprintf(x->t + x->t_at[k], "user%" PRId64, h);
        x->s_at[k + 1] = x->s_at[k] + (int32_t)strlen(states[h % 5]);
        memcpy(x->s + x->s_at[k], states[h % 5], strlen(states[h % 5]));
    }
    const void *buffers[COLUMNS][3] = {{NULL, x->id, NULL}, {x->valid, x->a, NULL}, {NULL, x->b, NULL},
                                       {NULL, x->c, NULL}, {NULL, x->t_at, x->t}, {NULL, x->s_at, x->s}};
    memcpy(x->buffers, buffers, sizeof buffers);
    for (int i = 0; i < COLUMNS; i++) {
        x->columns[i] = (struct ArrowArray){.length = n, .null_count = i == 1 ? -1 : 0,
                                            .n_buffers = i < 4 ? 2 : 3, .buffers = x->buffers[i]};
        x->pointers[i] = &x->columns[i];
    }
    x->rows = (struct ArrowArray){.length = n, .n_buffers = 1, .n_children = COLUMNS,
                                  .buffers = x->none, .children = x->pointers};
}

static struct ArrowSchema fields[COLUMNS] = {{.format = "l", .name = "id"}, {.format = "i", .name = "a"},
                                             {.format = "g", .name = "b"}, {.format = "i", .name = "c"},
                                             {.format = "u", .name = "t"}, {.format = "u", .name = "s"}};
static struct ArrowSchema *field_pointers[COLUMNS];
static struct ArrowSchema schema = {.format = "+s", .name = "", .n_children = COLUMNS,
                                    .children = field_pointers};

static void no_release(struct ArrowSchema *unused) {
    (void)unused;
}

/* ---- cases ---- */

static batch **batches;
static int64_t rows = 1000000, n_batches;

static pln_suite *suite_of(unsigned chosen) {
    char json[4000] = "{\"checks\":[";
    pln_suite *suite;
    for (int i = 0; i < CHECKS; i++) {
        if ((chosen >> i & 1) == 0)
            continue;
        strcat(json, json[strlen(json) - 1] == '[' ? "" : ",");
        strcat(json, checks[i]);
    }
    strcat(json, "]}");
    must(pln_suite_new(NULL, json, NULL, &suite, &err));
    return suite;
}

static void print_results(pln_validation *v, int32_t n) {
    printf(", \"answers\": [");
    for (int32_t i = 0; i < n; i++) {
        pln_check_result r = {.struct_size = sizeof r};
        must(pln_validation_check(v, i, &r, &err));
        printf("%s%.17g", i > 0 ? ", " : "", r.unexpected < 0 ? r.observed : (double)r.unexpected);
    }
    printf("]}\n");
    fflush(stdout);
}

/* `read`: nanoseconds of a plain read of what the case looks at, 0: not known. */
static void run(const char *name, unsigned chosen, double read) {
    pln_suite *suite = suite_of(chosen);
    pln_validation *v = NULL;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pln_validation_free(v);
        double start = bench_now_ns();
        must(pln_validation_new(suite, &schema, NULL, &v, &err));
        for (int64_t i = 0; i < n_batches; i++)
            must(pln_validation_add(v, &batches[i]->rows, &err));
        bench_least(&best, bench_now_ns() - start);
    }
    printf("{\"bench\": \"checks\", \"case\": \"%s\", \"rows\": %lld, \"ns_row\": %.3f", name,
           (long long)rows, best / (double)rows);
    if (read > 0)
        printf(", \"of_read\": %.3f", read * (double)rows / best);
    print_results(v, pln_suite_count(suite));
    pln_validation_free(v);
    pln_suite_free(suite);
}

/* ---- what memory gives ---- */

static int64_t read_bytes; /* in a round */
static uint64_t seen;      /* so that no read is left out */

static inline uint64_t word_at(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static void read_some(const void *bytes, int64_t size) {
    const uint8_t *at = bytes;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (int64_t i = 0; i + 64 <= size; i += 64) {
        a += word_at(at + i) + word_at(at + i + 8);
        b += word_at(at + i + 16) + word_at(at + i + 24);
        c += word_at(at + i + 32) + word_at(at + i + 40);
        d += word_at(at + i + 48) + word_at(at + i + 56);
    }
    seen += a + b + c + d;
    read_bytes += size;
}

/* The columns of the plain checks: all but id. */
static void read_batch(const batch *x) {
    int64_t n = x->rows.length;
    read_some(x->valid, n / 8);
    read_some(x->a, 4 * n);
    read_some(x->b, 8 * n);
    read_some(x->c, 4 * n);
    read_some(x->t_at, 4 * n);
    read_some(x->t, x->t_at[n]);
    read_some(x->s_at, 4 * n);
    read_some(x->s, x->s_at[n]);
}

/* Its nanoseconds a row. */
static double run_read(void) {
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = bench_now_ns();
        read_bytes = 0;
        for (int64_t i = 0; i < n_batches; i++)
            read_batch(batches[i]);
        bench_least(&best, bench_now_ns() - start);
    }
    printf("{\"bench\": \"checks\", \"case\": \"read\", \"rows\": %lld, \"ns_row\": %.3f, "
           "\"bytes_row\": %.1f, "
           "\"gb_s\": %.2f, \"sum\": %llu}\n",
           (long long)rows, best / (double)rows, (double)read_bytes / (double)rows,
           (double)read_bytes / best, (unsigned long long)seen);
    return best / (double)rows;
}

/* Of an older library there may be no regexp_like. */
static int has_patterns(void) {
    pln_suite *suite = suite_of(1u << PATTERN);
    pln_validation *v = NULL;
    pln_status status = pln_validation_new(suite, &schema, NULL, &v, &err);
    pln_validation_free(v);
    pln_suite_free(suite);
    return status == PLN_OK;
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    n_batches = (rows + BATCH - 1) / BATCH;
    batches = malloc((size_t)n_batches * sizeof *batches);
    for (int64_t i = 0; i < n_batches; i++) {
        batches[i] = malloc(sizeof **batches);
        fill(batches[i], i * BATCH, rows - i * BATCH < BATCH ? rows - i * BATCH : BATCH);
    }
    for (int i = 0; i < COLUMNS; i++) {
        fields[i].flags = ARROW_FLAG_NULLABLE;
        fields[i].release = no_release;
        field_pointers[i] = &fields[i];
    }
    schema.release = no_release;
    int patterns = has_patterns();
    unsigned plain = (1u << PATTERN) - 1;
    run("plain", plain, run_read());
    if (patterns)
        run("pattern", plain | 1u << PATTERN, 0);
    run("unique", plain | 1u << UNIQUE, 0);
    for (int i = 0; i < CHECKS; i++) {
        char name[32];
        pln_suite *one = suite_of(1u << i);
        pln_check check = {.struct_size = sizeof check};
        pln_suite_check(one, 0, &check);
        snprintf(name, sizeof name, "%s", check.id);
        pln_suite_free(one);
        if (i != PATTERN || patterns)
            run(name, 1u << i, 0);
    }
    for (int64_t i = 0; i < n_batches; i++)
        free(batches[i]);
    free(batches);
    return 0;
}
