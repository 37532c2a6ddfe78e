/*
 * NDJSON to typed columns and back: generated order events, 655,360 records of nested JSON, ten members to columns.
 *
 *     bench_ndjson                 all cases, one JSON line each; then against a tree that jansson (libjansson-dev) makes of a record
 *     bench_ndjson --write FILE    write the events for peers that are other programs (peer_ndjson.py)
 *     bench_ndjson --write-any-order FILE    the same, members of each record in an order of its own
 *     bench_ndjson --file FILE CPU [ROUNDS]  the events of FILE, one line a round; CPU are bits of the processor's features that may be used
 *                                  (-1: all), with 0x80000000 by the general decoder alone
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "format/json_plan.h"
#include <jansson.h>
#include <stdlib.h>

enum { RECORDS = 655360, BLOCK = 256 << 10, ROWS = 8192 };

static void *must(void *p) {
    if (p == NULL)
        exit(2);
    return p;
}

/* ---- the events ---- */

static uint64_t rng_state = 42;
static uint32_t draw(uint32_t below) {
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng_state >> 33) % below);
}

typedef struct events {
    char *text;
    int64_t size;
} events;

/* Members at random: no two records have to have the same order. */
static int shuffled(char *out, size_t room, int64_t i, int cents, const char *country) {
    char parts[6][200];
    int order[6] = {0, 1, 2, 3, 4, 5};
    snprintf(parts[0], 200, "\"event_id\":\"01HQ3ZK8V5T%010lld\"", (long long)i);
    snprintf(parts[1], 200, "\"event_time\":\"2024-03-05T%02u:%02u:%02u.%06uZ\"", draw(24),
             draw(60), draw(60), draw(1000000));
    snprintf(parts[2], 200, "\"event_type\":\"order_paid\"");
    snprintf(parts[3], 200, "\"channel\":\"mobile_app\"");
    snprintf(parts[4], 200, "\"session\":\"%08x\"", draw(1u << 30));
    snprintf(parts[5], 200,
             "\"order\":{\"amount\":%d.%02d,\"order_id\":%u,\"express\":true,\"customer\":{"
             "\"country\":\"%s\","
             "\"customer_id\":%u,\"email\":\"user%u@example.com\"},\"quantity\":%u,\"currency\":"
             "\"EUR\"}",
             cents / 100, cents % 100, 1000000000u + draw(1000000000), country, draw(1000000),
             draw(1000000), 1 + draw(9));
    for (int k = 5; k > 0; k--) {
        int j = (int)draw((uint32_t)k + 1), t = order[k];
        order[k] = order[j];
        order[j] = t;
    }
    return snprintf(out, room, "{%s,%s,%s,%s,%s,%s}\n", parts[order[0]], parts[order[1]],
                    parts[order[2]], parts[order[3]], parts[order[4]], parts[order[5]]);
}

static events generate(int64_t n, bool shuffle) {
    static const char *const types[] = {"order_created", "order_paid", "order_shipped",
                                        "order_returned"};
    static const char *const countries[] = {"DE", "FR", "PL", "US", "JP"};
    static const char *const channels[] = {"web", "mobile_app", "partner_api"};
    events out = {must(malloc((size_t)n * 400 + PLN__PADDING)), 0};
    rng_state = 42;
    for (int64_t i = 0; i < n; i++) {
        int cents = (int)draw(1000000);
        uint32_t second = (uint32_t)(i / 8 % 86400), customer = draw(1000000);
        const char *country = countries[draw(5)];
        if (shuffle) {
            out.size += shuffled(out.text + out.size, 400, i, cents, country);
            continue;
        }
        out.size += snprintf(
            out.text + out.size, 400,
            "{\"event_id\":\"01HQ3ZK8V5T%010lld\",\"event_time\":\"2024-03-05T%02u:%02u:%02u.%"
            "06uZ\","
            "\"event_type\":\"%s\",\"order\":{\"order_id\":%u,\"customer\":{\"customer_id\":%u,"
            "\"email\":\"user%u@example.com\",\"country\":\"%s\"},\"amount\":%d.%02d,\"currency\":"
            "\"EUR\","
            "\"quantity\":%u,\"express\":%s},\"channel\":\"%s\",\"session\":\"%08x\"}\n",
            (long long)i, second / 3600, second / 60 % 60, second % 60, draw(1000000),
            types[draw(4)], 1000000000u + draw(1000000000), customer, customer, country,
            cents / 100, cents % 100, 1 + draw(9), draw(8) == 0 ? "true" : "false",
            channels[draw(3)], draw(1u << 30));
    }
    memset(out.text + out.size, 0, PLN__PADDING);
    return out;
}

static void field(const char *format, const char *name, int64_t n, struct ArrowSchema *out) {
    if (pln__field_new(pln__system_allocator(), format, name, true, n, out, NULL) < 0)
        exit(2);
}

static void make_schema(struct ArrowSchema *out) {
    field("+s", "", 4, out);
    field("u", "event_id", 0, out->children[0]);
    field("tsu:UTC", "event_time", 0, out->children[1]);
    field("u", "event_type", 0, out->children[2]);
    struct ArrowSchema *order = out->children[3];
    field("+s", "order", 5, order);
    field("l", "order_id", 0, order->children[0]);
    field("+s", "customer", 3, order->children[1]);
    field("l", "customer_id", 0, order->children[1]->children[0]);
    field("u", "email", 0, order->children[1]->children[1]);
    field("u", "country", 0, order->children[1]->children[2]);
    field("g", "amount", 0, order->children[2]);
    field("i", "quantity", 0, order->children[3]);
    field("b", "express", 0, order->children[4]);
}

/* ---- runs ---- */

typedef struct result {
    double ns;
    int64_t rows, allocations;
    uint64_t sum; /* of some columns, so that all peers can be seen to have read the same */
} result;

static uint64_t sum_of(const struct ArrowArray *rows) {
    const struct ArrowArray *order = rows->children[3];
    const int64_t *at = rows->children[1]->buffers[1], *id = order->children[0]->buffers[1];
    const double *amount = order->children[2]->buffers[1];
    const int32_t *quantity = order->children[3]->buffers[1];
    uint64_t sum = 0;
    for (int64_t i = 0; i < rows->length; i++)
        sum += (uint64_t)at[i] + (uint64_t)id[i] + (uint64_t)(amount[i] * 100 + 0.5) +
               (uint64_t)quantity[i];
    const int32_t *email = order->children[1]->children[1]->buffers[1];
    return sum + (uint64_t)email[rows->length];
}

static result decode(const pln_allocator *mem, pln__heap *heap, const events *in, uint32_t cpu) {
    struct ArrowSchema schema;
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decoded out;
    pln__heap_stats before, after;
    result r = {0};
    make_schema(&schema);
    pln__decode_options options = {.schema = &schema, .cpu = cpu, .seed = 1};
    pln__heap_stats_get(heap, &before);
    double start = bench_now_ns();
    if (pln__json_decoder.open(mem, NULL, &options, &decoder, &err) < 0)
        exit(2);
    for (int64_t at = 0; at < in->size; at += out.consumed) {
        int64_t n = in->size - at < BLOCK ? in->size - at : BLOCK;
        if (pln__json_decoder.decode(decoder, (const uint8_t *)in->text + at, n, at + n == in->size,
                                     ROWS, &out, &err) < 0 ||
            out.n_bad > 0) {
            fprintf(stderr, "%s %s\n", err.message, out.n_bad > 0 ? out.bad[0].message : "");
            exit(2);
        }
        r.rows += out.rows;
        r.sum += sum_of(&out.array);
        pln__array_release(&out.array);
    }
    pln__json_decoder.close(decoder);
    r.ns = bench_now_ns() - start;
    pln__heap_stats_get(heap, &after);
    r.allocations = after.allocations - before.allocations;
    pln__schema_release(&schema);
    return r;
}

static void print(const char *name, const events *in, const result *r) {
    printf("{\"bench\":\"ndjson\",\"case\":\"%s\",\"rows\":%lld,\"bytes\":%lld,\"GB_s\":%.3f,\"ns_"
           "row\":%.1f,"
           "\"allocations\":%lld,\"sum\":%llu}\n",
           name, (long long)r->rows, (long long)in->size, (double)in->size / r->ns,
           r->ns / (double)r->rows, (long long)r->allocations, (unsigned long long)r->sum);
    fflush(stdout);
}

static result best_decode(const events *in, uint32_t cpu) {
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    result best = {0};
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        result r = decode(pln__heap_allocator(heap), heap, in, cpu);
        if (i == 0 || r.ns < best.ns)
            best = r;
    }
    pln__heap_close(heap);
    return best;
}

static result encode(const events *in) {
    struct ArrowSchema schema;
    pln__decoder *decoder;
    pln__encoder *encoder;
    pln__decoded out;
    pln__buffer text = {0};
    result best = {0};
    const pln_allocator *mem = pln__system_allocator();
    make_schema(&schema);
    pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features(), .seed = 1};
    if (pln__json_decoder.open(mem, NULL, &options, &decoder, NULL) < 0 ||
        pln__json_encoder.open(mem, NULL, &schema, &encoder, NULL) < 0 ||
        pln__json_decoder.decode(decoder, (const uint8_t *)in->text,
                                 in->size < 16 << 20 ? in->size : 16 << 20, false, INT64_MAX, &out,
                                 NULL) < 0)
        exit(2);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        text.size = 0;
        double start = bench_now_ns();
        if (pln__json_encoder.encode(encoder, &out.array, &text, NULL) < 0)
            exit(2);
        bench_least(&best.ns, bench_now_ns() - start);
    }
    best.rows = out.rows;
    best.sum = (uint64_t)text.size;
    pln__array_release(&out.array);
    pln__buffer_free(mem, &text);
    pln__json_decoder.close(decoder);
    pln__json_encoder.close(encoder);
    pln__schema_release(&schema);
    return best;
}

/* What a program has that reads records with the library we already use for documents: a tree of each, and look-ups in it. */
static uint64_t from_tree(const json_t *row) {
    json_t *order = json_object_get(row, "order"), *customer = json_object_get(order, "customer");
    uint64_t sum = (uint64_t)json_string_value(json_object_get(row, "event_id"))[0];
    sum += (uint64_t)json_string_value(json_object_get(row, "event_time"))[0];
    sum += (uint64_t)json_string_value(json_object_get(row, "event_type"))[0];
    sum += (uint64_t)json_integer_value(json_object_get(order, "order_id"));
    sum += (uint64_t)json_integer_value(json_object_get(customer, "customer_id"));
    sum += (uint64_t)json_string_value(json_object_get(customer, "email"))[0];
    sum += (uint64_t)json_string_value(json_object_get(customer, "country"))[0];
    sum += (uint64_t)json_real_value(json_object_get(order, "amount"));
    sum += (uint64_t)json_integer_value(json_object_get(order, "quantity"));
    return sum + (uint64_t)json_is_true(json_object_get(order, "express"));
}

static result jansson(const events *in) {
    result r = {0};
    double start = bench_now_ns();
    for (const char *p = in->text, *end = in->text + in->size; p < end;) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        json_t *row = json_loadb(p, (size_t)(line - p), JSON_REJECT_DUPLICATES, NULL);
        r.sum += from_tree(row);
        json_decref(row);
        r.rows++;
        p = line + 1;
    }
    r.ns = bench_now_ns() - start;
    return r;
}

/* The first events of `all`, of one sixteenth of its bytes. */
static events part_of(const events *all) {
    const char *end = all->text + all->size / 16;
    return (events){all->text, (const char *)memchr(end, '\n', (size_t)all->size) + 1 - all->text};
}

static void against_jansson(const char *name, const events *all, uint32_t cpu, double target) {
    events in = part_of(all);
    bench_pair pair = {"ndjson", name, "jansson " JANSSON_VERSION, 0, 0, 0, target};
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        bench_least(&pair.peer_ns, jansson(&in).ns);
        for (int k = 0; k < 3; k++) { /* it takes longer than three of ours */
            result r = decode(pln__heap_allocator(heap), heap, &in, cpu);
            bench_least(&pair.ours_ns, r.ns);
            pair.rows = r.rows;
        }
    }
    pln__heap_close(heap);
    bench_against(&pair);
}

static events read_file(const char *path) {
    FILE *in = fopen(path, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0)
        exit(2);
    events out = {NULL, ftell(in)};
    rewind(in);
    out.text = must(calloc(1, (size_t)out.size + PLN__PADDING));
    if (fread(out.text, 1, (size_t)out.size, in) != (size_t)out.size)
        exit(2);
    fclose(in);
    return out;
}

static int write_file(const char *path, bool shuffle) {
    events all = generate(RECORDS, shuffle);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(all.text, 1, (size_t)all.size, out) != (size_t)all.size ||
        fclose(out) != 0)
        return 2;
    free(all.text);
    return 0;
}

static int one_file(const char *path, const char *cpu, int rounds) {
    events all = read_file(path);
    uint32_t wanted = (uint32_t)strtoll(cpu, NULL, 0);
    uint32_t keep = strcmp(cpu, "-1") == 0 ? pln__cpu_features()
                                           : wanted & (pln__cpu_features() | PLN__JSON_GENERAL);
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 0);
    for (int i = 0; i <= rounds; i++) {
        result r = decode(pln__heap_allocator(heap), heap, &all, keep);
        if (i > 0)
            print("decode", &all, &r);
    }
    pln__heap_close(heap);
    free(all.text);
    return 0;
}

static void decode_by(const char *name, const events *in, uint32_t cpu) {
    if ((cpu & ~(pln__cpu_features() | PLN__JSON_GENERAL)) != 0)
        return;
    result r = best_decode(in, cpu);
    print(name, in, &r);
}

static void all_cases(void) {
    uint32_t best = pln__cpu_features();
    events one = generate(RECORDS, false), any = generate(RECORDS, true);
    decode_by("decode/general", &one, best | PLN__JSON_GENERAL);
    decode_by("decode/words", &one, 0);
    decode_by("decode/sse42", &one, PLN__CPU_SSE42);
    decode_by("decode/avx2", &one, PLN__CPU_SSE42 | PLN__CPU_AVX2);
    decode_by("decode/any_order", &any, best);
    result written = encode(&one);
    events text = {NULL, (int64_t)written.sum};
    print("encode", &text, &written);
    against_jansson("decode", &one, best, 0);
    against_jansson("decode/general", &one, best | PLN__JSON_GENERAL, 25);
    against_jansson("decode/any_order", &any, best, 25);
    free(one.text);
    free(any.text);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        return write_file(argv[2], false);
    if (argc == 3 && strcmp(argv[1], "--write-any-order") == 0)
        return write_file(argv[2], true);
    if (argc >= 4 && strcmp(argv[1], "--file") == 0)
        return one_file(argv[2], argv[3], argc > 4 ? atoi(argv[4]) : 2);
    all_cases();
    return 0;
}
