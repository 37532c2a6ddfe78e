/*
 * The bytes of checkpoints: heads, bodies and saved schemas. Damaged ones are refused (PLN_ECORRUPT, PLN_EUNSUPPORTED for another version, what a schema check
 * answers); what is read and written again reads the same.
 */
#include "fuzz.h"
#include "run/run.h"
#include <stdlib.h>

static void same_list(const pln__saved_list *a, const pln__saved_list *b) {
    REQUIRE(a->count == b->count);
    for (int64_t i = 0; i < a->count; i++) {
        REQUIRE(strcmp(a->items[i].node, b->items[i].node) == 0);
        REQUIRE(strcmp(a->items[i].key, b->items[i].key) == 0);
        REQUIRE(a->items[i].size == b->items[i].size);
        REQUIRE(a->items[i].size == 0 ||
                memcmp(a->items[i].bytes, b->items[i].bytes, (size_t)a->items[i].size) == 0);
    }
}

static void refused(pln_status status, const pln_error *err) {
    REQUIRE(status == PLN_ECORRUPT || status == PLN_EUNSUPPORTED);
    REQUIRE(err->message[0] != '\0');
}

static void head(const pln_allocator *mem, const uint8_t *data, int64_t size) {
    pln__checkpoint first = {0}, second = {0};
    pln__buffer out = {0};
    const uint8_t *body = NULL, *body2 = NULL;
    int64_t body_size = 0, body2_size = 0;
    pln_error err = {0};
    pln_status status = pln__checkpoint_read_head(mem, data, size, &first, &body, &body_size, &err);
    if (status < 0) {
        refused(status, &err);
        pln__checkpoint_free(mem, &first);
        return;
    }
    REQUIRE(body == NULL || (body >= data && body + body_size <= data + size));
    pln__buffer inline_body = {0};
    if (body != NULL)
        REQUIRE(pln__buffer_append(mem, &inline_body, body, body_size, &err) >= 0);
    REQUIRE(pln__checkpoint_head(mem, &first, body != NULL ? &inline_body : NULL, &out, &err) >= 0);
    REQUIRE(pln__checkpoint_read_head(mem, out.data, out.size, &second, &body2, &body2_size,
                                      &err) >= 0);
    same_list(&first.positions, &second.positions);
    same_list(&first.handles, &second.handles);
    REQUIRE(first.n == second.n && first.owner == second.owner && first.done == second.done);
    REQUIRE(first.body_digest == second.body_digest && body_size == body2_size);
    pln__buffer_free(mem, &inline_body);
    pln__buffer_free(mem, &out);
    pln__checkpoint_free(mem, &first);
    pln__checkpoint_free(mem, &second);
}

static void body(const pln_allocator *mem, const uint8_t *data, int64_t size) {
    pln__checkpoint first = {0}, second = {0};
    pln__buffer out = {0};
    pln_error err = {0};
    pln_status status = pln__checkpoint_read_body(mem, data, size, &first, &err);
    if (status < 0) {
        refused(status, &err);
        pln__checkpoint_free(mem, &first);
        return;
    }
    REQUIRE(pln__checkpoint_body(mem, &first, &out, &err) >= 0);
    REQUIRE(pln__checkpoint_read_body(mem, out.data, out.size, &second, &err) >= 0);
    same_list(&first.states, &second.states);
    same_list(&first.schemas, &second.schemas);
    same_list(&first.counters, &second.counters);
    same_list(&first.nodes, &second.nodes);
    REQUIRE(first.epochs == second.epochs && first.recoveries == second.recoveries);
    pln__buffer_free(mem, &out);
    pln__checkpoint_free(mem, &first);
    pln__checkpoint_free(mem, &second);
}

static void schema(const pln_allocator *mem, const uint8_t *data, int64_t size) {
    struct ArrowSchema first = {0}, second = {0};
    pln__buffer out = {0};
    pln_error err = {0};
    pln_status status = pln__schema_read(mem, data, size, &first, &err);
    if (status < 0) {
        REQUIRE(err.message[0] != '\0' && first.release == NULL && status != PLN_ENOMEM);
        return;
    }
    REQUIRE(pln__schema_write(mem, &first, &out, &err) >= 0);
    REQUIRE(pln__schema_read(mem, out.data, out.size, &second, &err) >= 0);
    REQUIRE(pln__schema_equal(&first, &second));
    pln__buffer_free(mem, &out);
    pln__schema_release(&first);
    pln__schema_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln__heap_stats stats;
    if (size < 1 || size > 1 << 16)
        return 0;
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 64 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    int64_t n = (int64_t)size - 1;
    if (data[0] % 3 == 0)
        head(mem, data + 1, n);
    else if (data[0] % 3 == 1)
        body(mem, data + 1, n);
    else
        schema(mem, data + 1, n);
    pln__heap_stats_get(heap, &stats);
    REQUIRE(stats.live_blocks == 0);
    pln__heap_close(heap);
    return 0;
}
