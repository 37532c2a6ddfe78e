#include "key/dedup.h"
#include "column/column.h"
#include "sketch/form.h"

void pln_dedup_options_init(pln_dedup_options *options, uint32_t size) {
    pln_dedup_options defaults = {.struct_size = size};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status check_store(const pln_dedup_options *o, pln_error *err) {
    if (o->store == NULL)
        return PLN_OK;
    if (o->store->struct_size < sizeof *o->store || o->store->get == NULL || o->store->put == NULL)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup options: a store of %u bytes, expected %u with get and put",
                              o->store->struct_size, (unsigned)sizeof *o->store);
    if (o->memory_limit < PLN__DEDUP_BUDGET_LEAST)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup options: memory_limit is %lld, with a store it is at least %d",
                              (long long)o->memory_limit, PLN__DEDUP_BUDGET_LEAST);
    return PLN_OK;
}

static pln_status check(const pln_dedup_options *options, pln_dedup_options *out, pln_error *err) {
    pln_dedup_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (out->payload < 0 || out->payload > 1)
        return pln__error_set(err, PLN_EINVAL, "dedup options: payload is %d, expected 0 or 1",
                              out->payload);
    if (out->expected < 0 || out->expected > PLN__DEDUP_EXPECTED_MOST)
        return pln__error_set(err, PLN_EINVAL, "dedup options: expected is %lld, it is 0 to %lld",
                              (long long)out->expected, (long long)PLN__DEDUP_EXPECTED_MOST);
    if (out->memory_limit < 0)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup options: memory_limit is %lld, it is 0 or more",
                              (long long)out->memory_limit);
    return check_store(out, err);
}

pln_status pln__dedup_new(const pln_allocator *mem, const pln_dedup_options *options,
                          pln_dedup **out, pln_error *err) {
    pln_dedup_options mine;
    pln_status status = check(options, &mine, err);
    pln_dedup *self = status < 0 ? NULL : pln__calloc(mem, 1, sizeof *self);
    if (status < 0)
        return status;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->budget = mine.memory_limit;
    self->seed = mine.seed;
    if (mine.store != NULL) {
        self->has_store = true;
        self->store = *mine.store;
        mine.memory_limit = 0;
    }
    pln__dedup_table_init(&self->young, &self->mem, &mine);
    pln__dedup_table_init(&self->old, &self->mem, &mine);
    if (self->has_store) {
        PLN__TRY(pln__dedup_behind_new(self, err));
        int64_t most = pln__dedup_behind_expected(self);
        mine.expected = mine.expected < most ? mine.expected : most;
    }
    PLN__TRY(pln__dedup_table_room(&self->young, mine.expected, err));
    *out = self;
    return PLN_OK;
out:
    pln_dedup_free(self);
    return status;
}

pln_status pln_dedup_new(pln_runtime *runtime, const pln_dedup_options *options, pln_dedup **out,
                         pln_error *err) {
    const pln_allocator *chosen =
        options != NULL && options->struct_size >= sizeof *options ? options->allocator : NULL;
    return pln__dedup_new(pln__sketch_memory(runtime, chosen), options, out, err);
}

void pln_dedup_free(pln_dedup *dedup) {
    if (dedup == NULL)
        return;
    pln__dedup_table_empty(&dedup->young);
    pln__dedup_table_empty(&dedup->old);
    pln__dedup_behind_free(dedup);
    pln_allocator mem = dedup->mem;
    pln__free(&mem, dedup, sizeof *dedup);
}

pln_status pln_dedup_batch(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                           int64_t n, uint8_t *fresh, int64_t *held, pln_error *err) {
    pln__dedup_table *t = &dedup->young;
    bool mismatch = n > 0 && (payloads != NULL) != t->payload;
    if (n < 0 || mismatch || (held != NULL && !t->payload))
        return pln__error_set(err, PLN_EINVAL, "dedup index %s payloads: %lld keys %s them",
                              t->payload ? "with" : "without", (long long)n,
                              payloads != NULL || held != NULL ? "with" : "without");
    pln_status status = pln__dedup_table_room(t, 0, err);
    int64_t step = pln__dedup_step(dedup);
    for (int64_t i = 0; i < n && status == PLN_OK; i += step) {
        int64_t part = n - i < step ? n - i : step;
        const int64_t *numbers = payloads == NULL ? NULL : payloads + i;
        int64_t *into = held == NULL ? NULL : held + i;
        uint64_t bits = 0;
        if (dedup->has_store) {
            status =
                pln__dedup_behind(dedup, keys + 16 * i, numbers, part, fresh + i / 8, into, err);
            continue;
        }
        status = pln__dedup_put(t, keys + 16 * i, numbers, part, &bits, into, err);
        pln__dedup_put_bits(fresh + i / 8, bits, part);
    }
    return status;
}

void pln__dedup_has(const pln_dedup *dedup, const uint8_t *keys, int64_t n, uint8_t *found) {
    const pln__dedup_table *t = &dedup->young;
    for (int64_t i = 0; i < n; i += PLN__DEDUP_PART) {
        int64_t part = n - i < PLN__DEDUP_PART ? n - i : PLN__DEDUP_PART;
        uint64_t wanted = part == 64 ? UINT64_MAX : ((uint64_t)1 << part) - 1, bits = 0;
        if (t->count > 0)
            pln__dedup_find(t, keys + 16 * i, part, wanted, &bits, NULL);
        pln__dedup_put_bits(found + i / 8, bits, part);
    }
}

int64_t pln__dedup_next(const pln_dedup *dedup, int64_t *cursor, uint8_t *keys, int64_t n) {
    return pln__dedup_table_next(&dedup->young, cursor, keys, NULL, n);
}

pln_status pln_dedup_expire(pln_dedup *dedup, int64_t before, pln_error *err) {
    if (!dedup->young.payload)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup index without payloads: nothing to expire by");
    if (before > dedup->young.before)
        dedup->young.before = dedup->old.before = before;
    return PLN_OK;
}

pln_status pln_dedup_sweep(pln_dedup *dedup, int64_t keys, int64_t *removed, pln_error *err) {
    int64_t gone = 0;
    pln_status status = pln__dedup_table_sweep(&dedup->young, keys, &gone, err);
    if (removed != NULL)
        *removed = gone;
    return status;
}

void pln_dedup_clear(pln_dedup *dedup) {
    pln__dedup_table_empty(&dedup->young);
    pln__dedup_table_empty(&dedup->old);
    dedup->cursor = 0;
    pln__dedup_behind_clear(dedup);
}

int64_t pln_dedup_count(const pln_dedup *dedup) {
    return dedup->young.count + dedup->old.count;
}

int64_t pln_dedup_memory(const pln_dedup *dedup) {
    return (int64_t)sizeof *dedup + dedup->young.memory + dedup->old.memory +
           pln__dedup_behind_memory(dedup);
}

void pln_dedup_info_get(const pln_dedup *dedup, pln_dedup_info *out) {
    pln_dedup_info info = {.struct_size = out->struct_size,
                           .payload = dedup->young.payload,
                           .count = pln_dedup_count(dedup),
                           .stored = dedup->stored,
                           .memory_bytes = pln_dedup_memory(dedup),
                           .asked = dedup->asked,
                           .asked_in_vain = dedup->in_vain};
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}
