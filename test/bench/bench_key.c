/*
 * Keys of rows against a hand loop: XXH3-128 over the bytes of the same four fields, put one behind the other, 45 bytes a row on average. One JSON line.
 *
 * bench_key [ROWS]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include "key/key.h"
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static pln_error err;
static int64_t rows = 65536;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_key: %s\n", err.message);
        exit(1);
    }
}

static uint64_t next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void make(const pln_allocator *mem, struct ArrowSchema *schema, struct ArrowArray *out) {
    struct ArrowArray columns[4];
    uint64_t seed = 88172645463325252u;
    must(pln__schema_parse(mem, "id int64, at timestamp(us, UTC), name utf8, sku utf8", schema,
                           &err));
    for (int c = 0; c < 4; c++) {
        pln__column column;
        must(pln__column_init(mem, schema->children[c], &column, &err));
        for (int64_t i = 0; i < rows; i++) {
            char text[40];
            uint64_t value = next(&seed);
            /* 12 to 20 bytes, and 13. */
            int size = c == 2 ? snprintf(text, sizeof text, "customer-%.*llu", (int)(value % 9) + 3,
                                         (unsigned long long)(value % 1000))
                              : snprintf(text, sizeof text, "sku-%09llu",
                                         (unsigned long long)(value % 1000000000));
            if (c < 2)
                must(pln_column_int(&column, (int64_t)(value >> 8), &err));
            else
                must(pln_column_text(&column, text, size, &err));
        }
        must(pln__column_finish(&column, &columns[c], &err));
        pln__column_free(&column);
    }
    must(pln__array_struct(mem, rows, columns, 4, out, &err));
}

static int64_t by_hand(const struct ArrowArray *batch, uint8_t *out) {
    const int64_t *id = batch->children[0]->buffers[1], *at = batch->children[1]->buffers[1];
    const int32_t *name = batch->children[2]->buffers[1], *sku = batch->children[3]->buffers[1];
    const uint8_t *names = batch->children[2]->buffers[2], *skus = batch->children[3]->buffers[2];
    uint8_t bytes[256];
    int64_t all = 0;
    for (int64_t i = 0; i < rows; i++) {
        XXH128_canonical_t digest;
        size_t size = 16;
        memcpy(bytes, id + i, 8);
        memcpy(bytes + 8, at + i, 8);
        memcpy(bytes + size, names + name[i], (size_t)(name[i + 1] - name[i]));
        size += (size_t)(name[i + 1] - name[i]);
        memcpy(bytes + size, skus + sku[i], (size_t)(sku[i + 1] - sku[i]));
        size += (size_t)(sku[i + 1] - sku[i]);
        XXH128_canonicalFromHash(&digest, XXH3_128bits(bytes, size));
        memcpy(out + 16 * i, digest.digest, 16);
        all += (int64_t)size;
    }
    return all;
}

int main(int argc, char **argv) {
    struct ArrowSchema schema;
    struct ArrowArray batch;
    pln_keys *keys;
    pln__heap_stats before, after;
    double bytes = 0;
    if (argc > 1)
        rows = atoll(argv[1]);
    uint8_t *out = malloc((size_t)rows * 16 + 16);
    if (rows < 1 || rows > 1 << 24 || out == NULL)
        return 2;
    pln__heap *heap = pln__heap_new(NULL, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    make(mem, &schema, &batch);
    must(pln__keys_new(mem, &schema, NULL, 0, NULL, &keys, &err));
    must(pln_keys_batch(keys, &batch, out, &err));
    pln__heap_stats_get(heap, &before);
    bench_pair pair = {"key", "4 fields", "hand loop of XXH3-128", rows, 0, 0, 0.8};
    for (int round = 0; round < 5 * BENCH_ROUNDS; round++) {
        double start = bench_now_ns();
        must(pln_keys_batch(keys, &batch, out, &err));
        bench_least(&pair.ours_ns, bench_now_ns() - start);
        start = bench_now_ns();
        bytes = (double)by_hand(&batch, out);
        bench_least(&pair.peer_ns, bench_now_ns() - start);
    }
    pln__heap_stats_get(heap, &after);
    if (after.allocations != before.allocations || bytes < 40 * (double)rows ||
        bytes > 50 * (double)rows) {
        fprintf(stderr, "bench_key: allocations, or rows of another size than meant\n");
        return 1;
    }
    bench_against(&pair);
    pln_keys_free(keys);
    pln__array_release(&batch);
    pln__schema_release(&schema);
    pln__heap_close(heap);
    free(out);
    return 0;
}
