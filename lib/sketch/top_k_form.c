/* Serialized forms: which there are, and what they share. */
#include "sketch/top_k.h"

static const pln__top_k_form *form_of(int32_t form) {
    switch (form) {
    case PLN_TOP_K_NATIVE: return &pln__top_k_native;
    case PLN_TOP_K_DATASKETCHES_LONGS: return &pln__top_k_longs;
    case PLN_TOP_K_DATASKETCHES_STRINGS: return &pln__top_k_strings;
    default: return NULL;
    }
}

static pln_status no_form(int32_t form, pln_error *err) {
    return pln__error_set(err, PLN_EINVAL, "top-k sketch: form is %d, expected %d to %d", form,
                          PLN_TOP_K_NATIVE, PLN_TOP_K_DATASKETCHES_STRINGS);
}

int64_t pln_top_k_size(const pln_top_k *top, int32_t form) {
    const pln__top_k_form *table = form_of(form);
    return table != NULL ? table->size(top) : -1;
}

pln_status pln_top_k_write(const pln_top_k *top, int32_t form, uint8_t *out, int64_t capacity,
                           int64_t *size, pln_error *err) {
    const pln__top_k_form *table = form_of(form);
    const pln__top_k_query all = {PLN_TOP_K_NO_FALSE_NEGATIVES, 0, top->used};
    if (table == NULL)
        return no_form(form, err);
    int64_t need = table->size(top);
    if (need < 0)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "top-k sketch: an item that has not 8 bytes has no form %d", form);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "top-k sketch: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)need);
    uint64_t bytes = (uint64_t)top->used * sizeof(uint32_t);
    uint32_t *slots = bytes > 0 ? pln__alloc(&top->mem, bytes) : NULL;
    if (slots == NULL && bytes > 0)
        return pln__error_memory(err, bytes);
    (void)pln__top_k_pick(top, &all, slots);
    table->write(top, slots, out);
    *size = need;
    pln__free(&top->mem, slots, bytes);
    return PLN_OK;
}

pln_status pln_top_k_read(pln_runtime *runtime, int32_t form, const pln_top_k_options *options,
                          const uint8_t *bytes, int64_t size, pln_top_k **out, pln_error *err) {
    const pln__top_k_form *table = form_of(form);
    pln_top_k_options mine;
    pln_top_k *top = NULL;
    pln_status status;
    if (table == NULL)
        return no_form(form, err);
    PLN__TRY(pln__top_k_check(options, &mine, err));
    PLN__TRY(pln__top_k_make(runtime, &mine, &top, err));
    PLN__TRY(table->read(top, bytes, size, err));
    *out = top;
    return PLN_OK;
out:
    pln_top_k_free(top);
    return status;
}

int64_t pln__top_k_item_bytes(const pln_top_k *top) {
    int64_t words = top->used;
    for (int64_t slot = 0; top->places != NULL && slot < pln__top_k_slots(top); slot++)
        words -= top->places[slot] != 0;
    return 8 * words + top->arena_live - PLN__TOP_K_RECORD * (top->used - words);
}

#define BAD(...) pln__error_set(err, PLN_EDATA, __VA_ARGS__)

/* Every count is at most the total, so that no sum can leave the range, now or later. */
pln_status pln__top_k_admit(pln_top_k *top, const char *what, const pln__top_k_item *item,
                            const pln__top_k_counts *counts, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    int64_t i = top->used, over;
    if (counts->upper <= top->error || counts->upper > top->total)
        return BAD("%s: the most of entry %lld is %lld, expected more than the error, %lld, and no "
                   "more than "
                   "the total, %lld",
                   what, (long long)i, (long long)counts->upper, (long long)top->error,
                   (long long)top->total);
    if (counts->missed < 0 || counts->missed > top->error)
        return BAD("%s: what entry %lld may have missed is %lld, expected 0 to the error, %lld",
                   what, (long long)i, (long long)counts->missed, (long long)top->error);
    if (item->size > top->item_bytes_limit)
        return BAD("%s: item of entry %lld has %lld bytes, at most %lld are allowed", what,
                   (long long)i, (long long)item->size, (long long)top->item_bytes_limit);
    over = counts->upper - top->error;
    if (over > *counts->left)
        return BAD("%s: entries up to %lld and the error, %lld, come to more than the total, %lld",
                   what, (long long)i, (long long)top->error, (long long)top->total);
    if (pln__top_k_find(top, item) >= 0)
        return BAD("%s: item of entry %lld, %s, is there twice", what, (long long)i,
                   pln__show(shown, item->bytes, item->size));
    *counts->left -= over;
    return pln__top_k_put(top, item, counts->upper, counts->missed, err);
}
