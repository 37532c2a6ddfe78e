#include "sketch/top_k.h"
#include "sketch/form.h"

void pln_top_k_options_init(pln_top_k_options *options, uint32_t size) {
    pln_top_k_options defaults = {.struct_size = size, .capacity = 1024, .item_bytes_limit = 4096};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

pln_status pln__top_k_check(const pln_top_k_options *options, pln_top_k_options *out,
                            pln_error *err) {
    pln_top_k_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "top-k options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (out->capacity < 1 || out->capacity > PLN__TOP_K_MOST)
        return pln__error_set(err, PLN_EINVAL, "top-k options: capacity is %lld, expected 1 to %d",
                              (long long)out->capacity, PLN__TOP_K_MOST);
    if (out->item_bytes_limit < PLN__TOP_K_ITEM_LEAST ||
        out->item_bytes_limit > PLN__TOP_K_ITEM_MOST)
        return pln__error_set(
            err, PLN_EINVAL, "top-k options: item_bytes_limit is %lld, expected %d to %d",
            (long long)out->item_bytes_limit, PLN__TOP_K_ITEM_LEAST, PLN__TOP_K_ITEM_MOST);
    return PLN_OK;
}

static pln_status make(const pln_allocator *mem, pln_top_k **out, pln_error *err) {
    pln_top_k *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->cpu = pln__cpu_features();
    *out = self;
    return PLN_OK;
}

/* No answer depends on the seed, so that an address can make it harder to guess. */
pln_status pln__top_k_make(pln_runtime *runtime, const pln_top_k_options *options, pln_top_k **out,
                           pln_error *err) {
    pln_top_k *self;
    pln_status status = make(pln__sketch_memory(runtime, options->allocator), &self, err);
    if (status < 0)
        return status;
    self->capacity = options->capacity;
    self->item_bytes_limit = options->item_bytes_limit;
    self->seed = options->seed ^ (uint64_t)(uintptr_t)self;
    self->factor = pln__hash64("factor", 6, self->seed) | 1;
    self->free_key = pln__hash64("free", 4, self->seed);
    *out = self;
    return PLN_OK;
}

pln_status pln_top_k_new(pln_runtime *runtime, const pln_top_k_options *options, pln_top_k **out,
                         pln_error *err) {
    pln_top_k_options mine;
    pln_status status = pln__top_k_check(options, &mine, err);
    return status < 0 ? status : pln__top_k_make(runtime, &mine, out, err);
}

pln_status pln__top_k_like(const pln_top_k *top, pln_top_k **out, pln_error *err) {
    pln_status status = make(&top->mem, out, err);
    if (status < 0)
        return status;
    (*out)->capacity = top->capacity;
    (*out)->item_bytes_limit = top->item_bytes_limit;
    (*out)->seed = top->seed;
    (*out)->factor = top->factor;
    (*out)->free_key = top->free_key;
    return PLN_OK;
}

void pln_top_k_free(pln_top_k *top) {
    if (top == NULL)
        return;
    pln__top_k_drop(top);
    pln_allocator mem = top->mem;
    pln__free(&mem, top, sizeof *top);
}

void pln__top_k_take(pln_top_k *top, pln_top_k *from) {
    pln__top_k_drop(top);
    pln_top_k was = *top;
    *top = *from;
    top->capacity = was.capacity;
    *from = was;
}

/* Entry by entry: what has gone leaves no room behind. */
pln_status pln_top_k_copy(const pln_top_k *top, pln_top_k **out, pln_error *err) {
    pln_top_k *copy;
    pln_status status = pln__top_k_like(top, &copy, err);
    if (status < 0)
        return status;
    PLN__TRY(pln__top_k_reserve(copy, top->used, err));
    for (int64_t i = 0; i < pln__top_k_slots(top); i++) {
        int64_t size, upper = pln__top_k_upper(top, i);
        if (upper == 0)
            continue;
        const void *bytes = pln__top_k_bytes(top, i, &size);
        pln__top_k_item item = pln__top_k_item_of(copy, bytes, size);
        PLN__TRY(pln__top_k_put(copy, &item, upper, top->missed[i], err));
    }
    copy->total = top->total;
    copy->error = top->error;
    *out = copy;
    return PLN_OK;
out:
    pln_top_k_free(copy);
    return status;
}

void pln_top_k_clear(pln_top_k *top) {
    pln__top_k_drop(top);
    top->total = 0;
    top->error = 0;
}

int64_t pln_top_k_memory(const pln_top_k *top) {
    int64_t slots = pln__top_k_slots(top), around = PLN__ALIGN + PLN__PADDING;
    int64_t bytes = (int64_t)sizeof *top;
    if (top->lines != NULL)
        bytes += top->line_count * (int64_t)sizeof *top->lines + around + slots * 8;
    if (top->places != NULL)
        bytes += slots * 8;
    return top->arena.data != NULL ? bytes + top->arena.capacity + around : bytes;
}

void pln_top_k_info_get(const pln_top_k *top, pln_top_k_info *out) {
    pln_top_k_info info = {.struct_size = out->struct_size,
                           .capacity = top->capacity,
                           .item_bytes_limit = top->item_bytes_limit,
                           .entries = top->used,
                           .total = top->total,
                           .error = top->error,
                           .memory_bytes = pln_top_k_memory(top)};
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

int64_t pln_top_k_error(const pln_top_k *top) {
    return top->error;
}

int64_t pln_top_k_total(const pln_top_k *top) {
    return top->total;
}

int64_t pln_top_k_estimate(const pln_top_k *top, const void *bytes, int64_t size, int64_t *lower,
                           int64_t *upper) {
    pln__top_k_item item = pln__top_k_item_of(top, bytes, size);
    int64_t slot = pln__top_k_find(top, &item);
    int64_t most = slot < 0 ? top->error : pln__top_k_upper(top, slot);
    int64_t missed = slot < 0 ? most : top->missed[slot];
    if (lower != NULL)
        *lower = most - missed;
    if (upper != NULL)
        *upper = most;
    return slot < 0 ? 0 : pln__top_k_middle(most, missed);
}
