/*
 * CSV to typed columns: order events of ten columns, plain and with every field quoted, and the flights of the shared data.
 *
 *     bench_csv                          all cases, one JSON line each
 *     bench_csv --write FILE [ROWS]      make the events and stop
 *     bench_csv --file FILE [ROUNDS]     read that file of events, for peer_csv.py
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "format/format.h"
#include "skip.h"
#include <stdlib.h>

#define ROWS 655360
#define BLOCK (1 << 20)

static const char *const spec[][2] = {
    {"event_id", "l"}, {"order_id", "u"}, {"customer_id", "l"}, {"ts", "tsu:UTC"}, {"status", "u"},
    {"sku", "u"},      {"quantity", "i"}, {"price", "g"},       {"discount", "g"}, {"paid", "b"},
};

static void must(pln_status status, const pln_error *err) {
    if (status < 0) {
        fprintf(stderr, "bench_csv: %s\n", err->message);
        exit(1);
    }
}

static uint64_t next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void make_schema(struct ArrowSchema *out) {
    const pln_allocator *mem = pln__system_allocator();
    pln_error err = {0};
    must(pln__field_new(mem, "+s", "", false, PLN__COUNT(spec), out, &err), &err);
    for (int i = 0; i < PLN__COUNT(spec); i++)
        must(pln__field_new(mem, spec[i][1], spec[i][0], true, 0, out->children[i], &err), &err);
}

static void make_events(pln__text *to, int64_t rows, bool quoted) {
    static const char *const statuses[] = {"new",     "paid",      "packed",
                                           "shipped", "delivered", "returned"};
    const char *q = quoted ? "\"" : "", *s = quoted ? "\",\"" : ",";
    uint64_t seed = 88172645463325252u;
    int64_t us = 1356998400;
    for (int i = 0; i < PLN__COUNT(spec); i++)
        pln__text_printf(to, "%s%s", i > 0 ? "," : "", spec[i][0]);
    pln__text_char(to, '\n');
    for (int64_t i = 0; i < rows; i++) {
        uint64_t a = next(&seed), b = next(&seed);
        us += (int64_t)(a % 40);
        time_t when = (time_t)us;
        struct tm tm;
        gmtime_r(&when, &tm);
        pln__text_printf(to, "%s%lld%sord-%010llx%s%d%s%04d-%02d-%02dT%02d:%02d:%02dZ%s", q,
                         (long long)(1000000 + i), s, (unsigned long long)(b >> 24), s,
                         (int)(a >> 20 & 0xFFFFF), s, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                         tm.tm_hour, tm.tm_min, tm.tm_sec, s);
        pln__text_printf(to, "%s%sSKU-%05d-%c%s%d%s%d.%02d%s0.%d%s%s%s\n", statuses[b % 6], s,
                         (int)(b >> 3) & 0xFFFF, (char)('A' + (a >> 40) % 26), s,
                         (int)(a >> 8 & 15) + 1, s, (int)(b >> 40) % 1000,
                         (int)(a >> 33) % 100 < 0 ? 0 : (int)((a >> 33) % 100), s,
                         (int)(b >> 12 & 3), s, a >> 50 & 1 ? "true" : "false", q);
    }
    pln_error err = {0};
    must(pln__text_status(to, &err), &err);
}

/* Every value is looked at, so that nobody gains by not making it. */
static double consume(const struct ArrowArray *batch) {
    double sum = 0;
    for (int64_t c = 0; c < batch->n_children; c++) {
        const struct ArrowArray *a = batch->children[c];
        const void *data = a->buffers[1];
        switch (spec[c][1][0]) {
        case 'u': sum += (double)((const int32_t *)data)[a->length]; break;
        case 'g':
            for (int64_t i = 0; i < a->length; i++)
                sum += ((const double *)data)[i];
            break;
        case 'i':
            for (int64_t i = 0; i < a->length; i++)
                sum += ((const int32_t *)data)[i];
            break;
        case 'b': sum += (double)pln__bits_count(data, 0, a->length); break;
        default: {
            int64_t total = 0;
            for (int64_t i = 0; i < a->length; i++)
                total += ((const int64_t *)data)[i] & 0xFFFF;
            sum += (double)total;
        }
        }
    }
    return sum;
}

/* Rows a call. */
static int64_t batch_rows = 4096;

typedef struct result {
    double ns;
    int64_t rows, bad, batches;
    double sum;
} result;

static void one_batch(pln__decoder *decoder, const uint8_t *bytes, int64_t size, bool final,
                      int64_t *consumed, bool sum, result *r) {
    pln__decoded got;
    pln_error err = {0};
    must(pln__csv_decoder.decode(decoder, bytes, size, final, batch_rows, &got, &err), &err);
    *consumed = got.consumed;
    r->rows += got.rows;
    r->bad += got.n_bad;
    r->batches++;
    if (sum)
        r->sum += consume(&got.array);
    got.array.release(&got.array);
}

static pln__decoder *open_decoder(const pln_allocator *mem, const struct ArrowSchema *schema,
                                  uint32_t cpu, const pln__csv_dialect *dialect) {
    pln__decode_options options = {.schema = schema, .cpu = cpu, .seed = 1};
    pln__decoder *decoder;
    pln_error err = {0};
    must(pln__csv_decoder.open(mem, dialect, &options, &decoder, &err), &err);
    must(pln__csv_decoder.begin(decoder, true, NULL, 0, &err), &err);
    return decoder;
}

static result from_memory(const pln_allocator *mem, const struct ArrowSchema *schema, uint32_t cpu,
                          const pln__csv_dialect *dialect, const uint8_t *bytes, int64_t size,
                          bool sum) {
    result r = {0};
    double start = bench_now_ns();
    pln__decoder *decoder = open_decoder(mem, schema, cpu, dialect);
    for (int64_t at = 0, used; at < size; at += used) {
        int64_t give = size - at < BLOCK ? size - at : BLOCK;
        one_batch(decoder, bytes + at, give, at + give == size, &used, sum, &r);
    }
    pln__csv_decoder.close(decoder);
    r.ns = bench_now_ns() - start;
    return r;
}

static result from_file(const pln_allocator *mem, const struct ArrowSchema *schema,
                        const char *path) {
    static uint8_t block[2 * BLOCK + PLN__PADDING];
    result r = {0};
    double start = bench_now_ns();
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        exit(1);
    setvbuf(file, NULL, _IONBF, 0);
    pln__decoder *decoder = open_decoder(mem, schema, pln__cpu_features(), NULL);
    int64_t size = 0, at = 0, used;
    bool final = false;
    while (!final || at < size) {
        if (size - at < BLOCK / 2 && !final) {
            memmove(block, block + at, (size_t)(size - at));
            size -= at;
            at = 0;
            int64_t n = (int64_t)fread(block + size, 1, BLOCK, file);
            size += n;
            final = n < BLOCK;
        }
        one_batch(decoder, block + at, size - at, final, &used, true, &r);
        at += used;
    }
    pln__csv_decoder.close(decoder);
    fclose(file);
    r.ns = bench_now_ns() - start;
    return r;
}

static void print(const char *name, const result *r, int64_t size, double allocations) {
    printf("{\"bench\": \"csv\", \"case\": \"%s\", \"rows\": %lld, \"bytes\": %lld, \"gb_s\": "
           "%.3f, \"ns_row\": %.1f, "
           "\"allocations_batch\": %.2f, \"rejected\": %lld}\n",
           name, (long long)r->rows, (long long)size, (double)size / r->ns,
           r->ns / (double)(r->rows + r->bad), allocations, (long long)r->bad);
    fflush(stdout);
}

/* The best of some rounds after one to warm up. */
static void measure(const char *name, const struct ArrowSchema *schema, uint32_t cpu,
                    const pln__csv_dialect *dialect, const pln__text *text, bool sum) {
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    result best = {0};
    double allocations = 0;
    for (int i = 0; i < 8; i++) {
        pln__heap_stats before, after;
        pln__heap_stats_get(heap, &before);
        result r = from_memory(mem, schema, cpu, dialect, (const uint8_t *)text->data,
                               text->size - PLN__PADDING, sum);
        pln__heap_stats_get(heap, &after);
        if (i == 0 || r.ns < best.ns)
            best = r;
        allocations = (double)(after.allocations - before.allocations) / (double)r.batches;
    }
    print(name, &best, text->size - PLN__PADDING, allocations);
    pln__heap_close(heap);
}

static void pad(pln__text *text) {
    for (int i = 0; i < PLN__PADDING; i++)
        pln__text_char(text, '\0');
}

static void bench_events(void) {
    static const struct {
        const char *name;
        uint32_t keep;
    } variants[] = {{"events_portable", 0},
                    {"events_sse42", PLN__CPU_SSE42},
                    {"events_avx2", PLN__CPU_SSE42 | PLN__CPU_AVX2}};
    struct ArrowSchema schema;
    pln__text text;
    make_schema(&schema);
    pln__text_init(&text, pln__system_allocator());
    make_events(&text, ROWS, false);
    pad(&text);
    measure("events", &schema, pln__cpu_features(), NULL, &text, true);
    for (int i = 0; i < PLN__COUNT(variants); i++)
        measure(variants[i].name, &schema, pln__cpu_features() & variants[i].keep, NULL, &text,
                true);
    pln__text_free(&text);
    pln__text_init(&text, pln__system_allocator());
    make_events(&text, ROWS / 16, false);
    pad(&text);
    batch_rows = 1;
    measure("events_one_row_a_call", &schema, pln__cpu_features(), NULL, &text, true);
    batch_rows = 4096;
    pln__text_free(&text);
    pln__text_init(&text, pln__system_allocator());
    make_events(&text, ROWS, true);
    pad(&text);
    measure("events_quoted", &schema, pln__cpu_features(), NULL, &text, true);
    pln__text_free(&text);
    pln__schema_release(&schema);
}

/* Every line opens a quote that closes in the wrong place. */
static void bench_hostile(void) {
    struct ArrowSchema schema;
    pln__text text;
    pln_error err = {0};
    must(pln__field_new(pln__system_allocator(), "+s", "", false, 40, &schema, &err), &err);
    for (int i = 0; i < 40; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        must(pln__field_new(pln__system_allocator(), "u", name, true, 0, schema.children[i], &err),
             &err);
    }
    pln__csv_dialect dialect;
    pln__csv_dialect_default(&dialect);
    dialect.header = false;
    pln__text_init(&text, pln__system_allocator());
    for (int i = 0; i < 200000; i++)
        pln__text_str(&text, "x,\"\n\",\"\",\"y\n");
    pad(&text);
    measure("hostile_quotes", &schema, pln__cpu_features(), &dialect, &text, false);
    pln__text_free(&text);
    pln__schema_release(&schema);
}

static void bench_flights(void) {
    char place[512];
    const pln_allocator *mem = pln__system_allocator();
    if (test_data("nycflights13/flights_2013h1.csv.gz", place, sizeof place) == NULL) {
        fprintf(stderr, "skip: no flights in the shared data\n");
        return;
    }
    FILE *file = fopen(place, "rb");
    uint8_t *packed = malloc(8 << 20), *out = malloc((64 << 20) + PLN__PADDING);
    int64_t packed_size = (int64_t)fread(packed, 1, 8 << 20, file), at = 0, size = 0;
    pln__gunzip *gz;
    pln_error err = {0};
    fclose(file);
    double start = bench_now_ns();
    must(pln__gunzip_new(mem, 0, &gz, &err), &err);
    while (at < packed_size) {
        pln__gunzip_piece step = {.in = packed + at,
                                  .in_size = packed_size - at,
                                  .final = true,
                                  .out = out + size,
                                  .out_size = (64 << 20) - size};
        must(pln__gunzip_run(gz, &step, &err), &err);
        at += step.in_used;
        size += step.out_used;
    }
    pln__gunzip_free(gz);
    result r = {.ns = bench_now_ns() - start, .rows = 166158};
    print("flights_gunzip", &r, size, 0);
    const char *nulls[] = {"NA", NULL};
    pln__csv_dialect dialect;
    struct ArrowSchema schema;
    pln__csv_dialect_default(&dialect);
    dialect.nulls = nulls;
    must(pln__csv_decoder.infer(mem, &dialect, out, 1 << 20, false, &schema, &err), &err);
    pln__text text = {.data = (char *)out, .size = size + PLN__PADDING};
    measure("flights", &schema, pln__cpu_features(), &dialect, &text, false);
    pln__schema_release(&schema);
    free(packed);
    free(out);
}

static void bench_file(const char *path, int rounds) {
    struct ArrowSchema schema;
    make_schema(&schema);
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    result best = {0};
    for (int i = 0; i <= rounds; i++) { /* the first to warm up */
        result r = from_file(pln__heap_allocator(heap), &schema, path);
        if (i == 1 || (i > 1 && r.ns < best.ns))
            best = r;
    }
    printf("{\"bench\": \"csv\", \"case\": \"file\", \"rows\": %lld, \"ns_row\": %.2f, \"sum\": "
           "%.3f}\n",
           (long long)best.rows, best.ns / (double)best.rows, best.sum);
    pln__heap_close(heap);
    pln__schema_release(&schema);
}

int main(int argc, char **argv) {
    if (argc >= 3 && strcmp(argv[1], "--write") == 0) {
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        make_events(&text, argc > 3 ? atoll(argv[3]) : ROWS, false);
        FILE *file = fopen(argv[2], "wb");
        if (file == NULL || fwrite(text.data, 1, (size_t)text.size, file) != (size_t)text.size ||
            fclose(file) != 0)
            return 1;
        pln__text_free(&text);
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "--file") == 0) {
        bench_file(argv[2], argc > 3 ? atoi(argv[3]) : 3);
        return 0;
    }
    bench_events();
    bench_hostile();
    bench_flights();
    return 0;
}
