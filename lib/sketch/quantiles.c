#include "sketch/quantiles.h"
#include "sketch/form.h"
#include <math.h>

void pln_quantiles_options_init(pln_quantiles_options *options, uint32_t size) {
    pln_quantiles_options defaults = {
        .struct_size = size, .k = 200, .kind = PLN_QUANTILES_FLOAT64};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status check(const pln_quantiles_options *options, pln_quantiles_options *out,
                        pln_error *err) {
    pln_quantiles_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "quantiles options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (out->k < PLN__QUANTILES_LOWEST || out->k > PLN__QUANTILES_HIGHEST)
        return pln__error_set(err, PLN_EINVAL, "quantiles options: k is %d, expected %d to %d",
                              out->k, PLN__QUANTILES_LOWEST, PLN__QUANTILES_HIGHEST);
    if (out->kind < PLN_QUANTILES_FLOAT64 || out->kind > PLN_QUANTILES_INT64)
        return pln__error_set(err, PLN_EINVAL, "quantiles options: kind is %d, expected %d to %d",
                              out->kind, PLN_QUANTILES_FLOAT64, PLN_QUANTILES_INT64);
    return PLN_OK;
}

/*
 * k (2/3)^d at a distance of d from the highest level. A sampler in place of all levels from d on adds a variance of n 2^-d / 4 to that of the others, about
 * n / k (both by the weight of the highest level): with 2^d >= 2 k little.
 */
static void share_out(pln_quantiles *q) {
    int64_t numerator = q->k, denominator = 1, total = PLN__QUANTILES_SPARE;
    while ((1 << q->levels_most) < 2 * q->k)
        q->levels_most++;
    for (int32_t d = 0; d < q->levels_most; d++) {
        int64_t share = (numerator + denominator / 2) / denominator;
        share = share < PLN__QUANTILES_LEAST_SHARE ? PLN__QUANTILES_LEAST_SHARE : share;
        q->shares[d] = (int32_t)share;
        total += share;
        numerator *= 2;
        denominator *= 3;
    }
    q->capacity = (int32_t)total;
}

static uint64_t items_bytes(const pln_quantiles *q) {
    return (uint64_t)q->capacity * sizeof *q->items;
}
static uint64_t scratch_bytes(const pln_quantiles *q) {
    return (uint64_t)(q->capacity + 1) / 2 * sizeof *q->scratch;
}
static uint64_t view_bytes(const pln_quantiles *q) {
    return q->view == NULL ? 0 : (uint64_t)(q->capacity + PLN__QUANTILES_TOP) * sizeof *q->view;
}

static void empty(pln_quantiles *q) {
    q->k_least = q->k;
    q->n = q->nans = 0;
    q->least = INT64_MAX;
    q->greatest = INT64_MIN;
    q->base = q->filled = 0;
    q->levels = 1;
    q->start[1] = q->capacity;
    q->paired = q->side = q->seen = 0;
    q->view_size = 0;
}

pln_status pln__quantiles_make(pln_runtime *runtime, const pln_quantiles_options *options,
                               pln_quantiles **out, pln_error *err) {
    const pln_allocator *mem = pln__sketch_memory(runtime, options->allocator);
    pln_quantiles *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->k = options->k;
    self->kind = options->kind;
    self->cpu = pln__cpu_features();
    self->coin = pln__coin_of(options->seed);
    self->pick = pln__coin_next(&self->coin);
    share_out(self);
    empty(self);
    self->items = pln__alloc(mem, items_bytes(self));
    self->scratch = pln__alloc(mem, scratch_bytes(self));
    if (self->items == NULL || self->scratch == NULL) {
        uint64_t bytes = items_bytes(self) + scratch_bytes(self);
        pln_quantiles_free(self);
        return pln__error_memory(err, bytes);
    }
    *out = self;
    return PLN_OK;
}

pln_status pln_quantiles_new(pln_runtime *runtime, const pln_quantiles_options *options,
                             pln_quantiles **out, pln_error *err) {
    pln_quantiles_options mine;
    pln_status status = check(options, &mine, err);
    return status < 0 ? status : pln__quantiles_make(runtime, &mine, out, err);
}

void pln_quantiles_free(pln_quantiles *q) {
    if (q == NULL)
        return;
    pln_allocator mem = q->mem;
    pln__free(&mem, q->view, view_bytes(q));
    pln__free(&mem, q->scratch, scratch_bytes(q));
    pln__free(&mem, q->items, items_bytes(q));
    pln__free(&mem, q, sizeof *q);
}

pln_status pln_quantiles_copy(const pln_quantiles *q, pln_quantiles **out, pln_error *err) {
    pln_quantiles_options options = {.k = q->k, .kind = q->kind, .allocator = &q->mem};
    pln_quantiles *copy;
    pln_status status = pln__quantiles_make(NULL, &options, &copy, err);
    if (status < 0)
        return status;
    int64_t *items = copy->items, *scratch = copy->scratch;
    memcpy(items, q->items, items_bytes(q));
    *copy = *q;
    copy->items = items;
    copy->scratch = scratch;
    copy->view = NULL;
    copy->view_size = 0;
    *out = copy;
    return PLN_OK;
}

void pln_quantiles_clear(pln_quantiles *q) {
    empty(q);
}

int64_t pln_quantiles_memory(const pln_quantiles *q) {
    return (int64_t)(sizeof *q + items_bytes(q) + scratch_bytes(q) + view_bytes(q));
}

void pln_quantiles_info_get(const pln_quantiles *q, pln_quantiles_info *out) {
    bool whole = q->kind == PLN_QUANTILES_INT64 && q->n > 0;
    pln_quantiles_info info = {
        .struct_size = out->struct_size,
        .k = q->k,
        .kind = q->kind,
        .k_least = q->k_least,
        .exact = pln__quantiles_exact(q),
        .levels = q->base + q->levels,
        .n = q->n,
        .nans = q->nans,
        .retained = pln__quantiles_total(q) + __builtin_popcountll(q->seen),
        .minimum = q->n > 0 ? pln__quantiles_double(q, q->least) : (double)NAN,
        .maximum = q->n > 0 ? pln__quantiles_double(q, q->greatest) : (double)NAN,
        .minimum_int64 = whole ? q->least : 0,
        .maximum_int64 = whole ? q->greatest : 0,
        .memory_bytes = pln_quantiles_memory(q)};
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

void pln__quantiles_tidy(const pln_quantiles *q) {
    pln__quantiles_sort(q->items, q->filled, q->scratch);
}
