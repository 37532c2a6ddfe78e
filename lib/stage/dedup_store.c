/*
 * Keys in the keyed state of the node. A key there has 18 bytes: in front stand the first 16 bits of its hash, by which the index gives its keys away, so that those of one
 * batch lie side by side. What is beside it in the index is when it expires.
 */
#include "base/little.h"
#include "stage/dedup.h"

enum { PREFIX = 2, WIDTH = PREFIX + PLN_KEY_SIZE };

pln_status pln__dedup_store_ask(pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    pln_status status = ctx->host->keyed_expire == NULL || s->use_bloom || s->budget == 0
                            ? PLN_EUNSUPPORTED
                            : ctx->host->keyed_expire(ctx, INT64_MIN, err);
    s->spills = status >= 0;
    return status == PLN_EUNSUPPORTED ? PLN_OK : status;
}

/* ---- batches ---- */

static pln_status make(const pln__dedup_stage *s, int32_t port, pln__array_parts *columns,
                       int64_t n, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowArray arrays[2] = {{0}}, all = {0};
    int count = port == PLN_KEYED_KEYS ? 1 : 2;
    int64_t rows = columns[0].length;
    for (int i = 0; i < count; i++)
        PLN__TRY(pln__array_make(s->mem, &columns[i], &arrays[i], err));
    status = pln__array_struct(s->mem, rows, arrays, n, &all, err);
    arrays[0] = arrays[1] = (struct ArrowArray){0}; /* moved, also on failure */
    PLN__TRY(status);
    PLN__TRY(s->ctx->host->batch_new(s->ctx, port, &all, NULL, out, err));
out:
    pln__array_release(&arrays[0]);
    pln__array_release(&arrays[1]);
    return status;
}

static pln_status room(const pln__dedup_stage *s, pln__buffer *buffer, int64_t size,
                       pln_error *err) {
    pln_status status = pln__buffer_reserve(s->mem, buffer, size + 1, err);
    if (status >= 0)
        buffer->size = size;
    return status;
}

static pln_status keys_batch(const pln__dedup_stage *s, const uint8_t *keys, int64_t n,
                             pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer buffers[3] = {{0}};
    pln__array_parts parts = {.length = n, .buffers = buffers, .n_buffers = 3};
    PLN__TRY(room(s, &buffers[1], 4 * (n + 1), err));
    PLN__TRY(room(s, &buffers[2], WIDTH * n, err));
    for (int64_t i = 0; i <= n; i++) {
        int32_t at = (int32_t)(i * WIDTH);
        memcpy(buffers[1].data + 4 * i, &at, 4);
    }
    for (int64_t i = 0; i < n; i++) {
        uint8_t *to = buffers[2].data + WIDTH * i;
        uint64_t order = pln__dedup_order(s->index, keys + PLN_KEY_SIZE * i);
        to[0] = (uint8_t)(order >> 56);
        to[1] = (uint8_t)(order >> 48);
        memcpy(to + PREFIX, keys + PLN_KEY_SIZE * i, PLN_KEY_SIZE);
    }
    return make(s, PLN_KEYED_KEYS, &parts, 1, out, err);
out:
    pln__buffer_free(s->mem, &buffers[1]);
    pln__buffer_free(s->mem, &buffers[2]);
    return status;
}

/* Values of no bytes; of a scope that never ends without a number, too. */
static pln_status values_batch(const pln__dedup_stage *s, const int64_t *payloads, int64_t n,
                               pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    bool null = payloads == NULL && s->scope != PLN__SCOPE_EPOCH;
    pln__buffer values[3] = {{0}}, numbers[2] = {{0}};
    pln__array_parts parts[2] = {{.length = n, .buffers = values, .n_buffers = 3},
                                 {.length = n, .buffers = numbers, .n_buffers = 2}};
    PLN__TRY(room(s, &values[1], 4 * (n + 1), err));
    PLN__TRY(room(s, &values[2], 0, err));
    PLN__TRY(room(s, &numbers[1], 8 * n, err));
    memset(values[1].data, 0, (size_t)values[1].size);
    for (int64_t i = 0; i < n; i++)
        ((int64_t *)(void *)numbers[1].data)[i] = payloads != NULL ? payloads[i] : s->generation;
    if (null) {
        PLN__TRY(room(s, &numbers[0], (n + 7) / 8, err));
        memset(numbers[0].data, 0, (size_t)numbers[0].size);
        parts[1].null_count = n;
    }
    return make(s, PLN_KEYED_VALUES, parts, 2, out, err);
out:
    for (int i = 0; i < 3; i++)
        pln__buffer_free(s->mem, &values[i]);
    pln__buffer_free(s->mem, &numbers[0]);
    pln__buffer_free(s->mem, &numbers[1]);
    return status;
}

/* ---- the store ---- */

static pln_status store_put(void *user, const uint8_t *keys, const int64_t *payloads, int64_t n,
                            pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_stage *s = user;
    const pln_host *host = s->ctx->host;
    pln_batch *names = NULL, *values = NULL;
    PLN__TRY(keys_batch(s, keys, n, &names, err));
    PLN__TRY(values_batch(s, payloads, n, &values, err));
    PLN__TRY(host->keyed_put(s->ctx, names, values, err));
out:
    if (names != NULL)
        host->batch_unref(names);
    if (values != NULL)
        host->batch_unref(values);
    return status;
}

static void read_values(const pln__dedup_stage *s, const struct ArrowArray *values, uint8_t *found,
                        int64_t *payloads) {
    const struct ArrowArray *numbers = values->children[1];
    const int64_t *expires = numbers->buffers[1];
    for (int64_t i = 0; i < values->length; i++) {
        int64_t number = expires[numbers->offset + i];
        bool there = pln__array_valid(values->children[0], i) &&
                     (payloads != NULL || s->scope != PLN__SCOPE_EPOCH || number == s->generation);
        if (!there)
            continue;
        pln__bit_set(found, i);
        if (payloads != NULL)
            payloads[i] = number;
    }
}

static pln_status store_get(void *user, const uint8_t *keys, int64_t n, uint8_t *found,
                            int64_t *payloads, pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_stage *s = user;
    const pln_host *host = s->ctx->host;
    pln_batch *names = NULL, *values = NULL;
    PLN__TRY(keys_batch(s, keys, n, &names, err));
    PLN__TRY(host->keyed_get(s->ctx, names, &values, err));
    read_values(s, host->batch_array(values), found, payloads);
out:
    if (names != NULL)
        host->batch_unref(names);
    if (values != NULL)
        host->batch_unref(values);
    return status;
}

pln_dedup_store pln__dedup_store(pln__dedup_stage *s) {
    return (pln_dedup_store){
        .struct_size = sizeof(pln_dedup_store), .user = s, .get = store_get, .put = store_put};
}

pln_status pln__dedup_store_expire(pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    int64_t before = pln__dedup_holds(s)              ? s->held.base
                     : s->scope == PLN__SCOPE_EPOCH   ? s->generation
                     : s->scope == PLN__SCOPE_FOREVER ? INT64_MIN
                                                      : pln__dedup_before(s);
    return s->spills && before > INT64_MIN ? ctx->host->keyed_expire(ctx, before, err) : PLN_OK;
}
