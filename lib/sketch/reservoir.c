#include "sketch/reservoir.h"
#include "sketch/form.h"
#include <math.h>

void pln_reservoir_options_init(pln_reservoir_options *options, uint32_t size) {
    pln_reservoir_options defaults = {.struct_size = size, .k = 1000};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status check(const pln_reservoir_options *options, pln_reservoir_options *out,
                        pln_error *err) {
    pln_reservoir_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "reservoir options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (out->k < 1 || out->k > PLN__RESERVOIR_K_MOST)
        return pln__error_set(err, PLN_EINVAL, "reservoir options: k is %d, expected 1 to %d",
                              out->k, PLN__RESERVOIR_K_MOST);
    if (out->first_row < 0 || out->first_row > PLN__RESERVOIR_MOST)
        return pln__error_set(err, PLN_EINVAL,
                              "reservoir options: first_row is %lld, expected 0 to 2^60",
                              (long long)out->first_row);
    return PLN_OK;
}

pln_status pln_reservoir_new(pln_runtime *runtime, const pln_reservoir_options *options,
                             pln_reservoir **out, pln_error *err) {
    pln_reservoir_options mine;
    pln_status status = check(options, &mine, err);
    if (status < 0)
        return status;
    const pln_allocator *mem = pln__sketch_memory(runtime, mine.allocator);
    pln_reservoir *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->k = mine.k;
    self->coin = pln__coin_of(mine.seed);
    self->next_row = mine.first_row;
    *out = self;
    return PLN_OK;
}

/* ---- slots ---- */

pln_status pln__reservoir_reserve(pln_reservoir *r, int64_t slots, pln_error *err) {
    return pln__grow(&r->mem, &r->slots, &r->capacity, slots, sizeof *r->slots, err);
}

pln_status pln__reservoir_bytes(const pln_reservoir *r, const void *bytes, int64_t size,
                                uint8_t **out, pln_error *err) {
    *out = NULL;
    if (size == 0)
        return PLN_OK;
    *out = pln__alloc(&r->mem, (uint64_t)size);
    if (*out == NULL)
        return pln__error_memory(err, (uint64_t)size);
    memcpy(*out, bytes, (size_t)size);
    return PLN_OK;
}

static void drop(pln_reservoir *r, int64_t slot) {
    pln__free(&r->mem, r->slots[slot].bytes, (uint64_t)r->slots[slot].size);
    r->item_bytes -= r->slots[slot].size;
}

static void fill(pln_reservoir *r, int64_t slot, int64_t row, uint8_t *bytes, int64_t size) {
    r->slots[slot] = (pln__reservoir_slot){row, bytes, size};
    r->item_bytes += size;
}

void pln__reservoir_set(pln_reservoir *r, int64_t slot, int64_t row, uint8_t *bytes, int64_t size) {
    if (slot < pln__reservoir_held(r))
        drop(r, slot);
    fill(r, slot, row, bytes, size);
}

void pln_reservoir_clear(pln_reservoir *r) {
    for (int64_t i = 0; i < pln__reservoir_held(r); i++)
        drop(r, i);
    r->n = r->entry = 0;
}

void pln_reservoir_free(pln_reservoir *r) {
    if (r == NULL)
        return;
    pln_reservoir_clear(r);
    pln_allocator mem = r->mem;
    pln__free(&mem, r->slots, (uint64_t)r->capacity * sizeof *r->slots);
    pln__free(&mem, r, sizeof *r);
}

pln_status pln_reservoir_copy(const pln_reservoir *r, pln_reservoir **out, pln_error *err) {
    pln_reservoir_options options;
    pln_reservoir *copy;
    uint8_t *bytes;
    pln_reservoir_options_init(&options, sizeof options);
    options.allocator = &r->mem;
    pln_status status = pln_reservoir_new(NULL, &options, &copy, err);
    if (status < 0)
        return status;
    copy->k = r->k;
    PLN__TRY(pln__reservoir_reserve(copy, pln__reservoir_held(r), err));
    for (; copy->n < pln__reservoir_held(r); copy->n++) {
        const pln__reservoir_slot *slot = &r->slots[copy->n];
        PLN__TRY(pln__reservoir_bytes(copy, slot->bytes, slot->size, &bytes, err));
        fill(copy, copy->n, slot->row, bytes, slot->size);
    }
    copy->n = r->n;
    copy->coin = r->coin;
    copy->next_row = r->next_row;
    copy->entry = r->entry;
    *out = copy;
    return PLN_OK;
out:
    pln_reservoir_free(copy);
    return status;
}

int64_t pln_reservoir_memory(const pln_reservoir *r) {
    return (int64_t)sizeof *r + r->capacity * (int64_t)sizeof *r->slots + r->item_bytes;
}

void pln_reservoir_info_get(const pln_reservoir *r, pln_reservoir_info *out) {
    pln_reservoir_info info = {.struct_size = out->struct_size,
                               .k = r->k,
                               .n = r->n,
                               .held = pln__reservoir_held(r),
                               .next_row = r->next_row,
                               .item_bytes = r->item_bytes,
                               .memory_bytes = pln_reservoir_memory(r)};
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

pln_status pln_reservoir_item(const pln_reservoir *r, int64_t slot, int64_t *number,
                              const void **bytes, int64_t *size, pln_error *err) {
    if (slot < 0 || slot >= pln__reservoir_held(r))
        return pln__error_set(err, PLN_EINVAL, "reservoir: slot is %lld, %lld are in use",
                              (long long)slot, (long long)pln__reservoir_held(r));
    if (number != NULL)
        *number = r->slots[slot].row;
    if (bytes != NULL)
        *bytes = r->slots[slot].size == 0 ? (const void *)"" : r->slots[slot].bytes;
    if (size != NULL)
        *size = r->slots[slot].size;
    return PLN_OK;
}

double pln_reservoir_error(const pln_reservoir *r, double share) {
    double held = (double)pln__reservoir_held(r), n = (double)r->n;
    if (!(share >= 0 && share <= 1))
        return (double)NAN;
    return r->n <= r->k ? 0 : sqrt(share * (1 - share) / held * (n - held) / (n - 1));
}
