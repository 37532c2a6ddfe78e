/*
 * The sketch of two streams. An item without an entry in one of them may have had that one's error there. The errors add up, and with them their bounds; so
 * they do where more entries come together than there is room for and the least go (P. K. Agarwal and others, "Mergeable summaries", 2013).
 */
#include "sketch/top_k.h"

/* All entries of `from`, with what the other sketch adds to them; `rest`: without those that the other has, which are there already. */
static pln_status join(pln_top_k *all, const pln_top_k *from, const pln_top_k *other, bool rest,
                       pln_error *err) {
    for (int64_t slot = 0; slot < pln__top_k_slots(from); slot++) {
        int64_t size, upper = pln__top_k_upper(from, slot), missed = from->missed[slot];
        if (upper == 0)
            continue;
        const void *bytes = pln__top_k_bytes(from, slot, &size);
        pln__top_k_item item = pln__top_k_item_of(other, bytes, size);
        int64_t there = pln__top_k_find(other, &item);
        if (there >= 0 && rest)
            continue;
        upper += there < 0 ? other->error : pln__top_k_upper(other, there);
        missed += there < 0 ? other->error : other->missed[there];
        item = pln__top_k_item_of(all, bytes, size);
        pln_status status = pln__top_k_put(all, &item, upper, missed, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* In a sketch of its own, so that nothing has changed if memory runs out. */
pln_status pln_top_k_merge(pln_top_k *into, const pln_top_k *from, pln_error *err) {
    pln_top_k *all = NULL;
    int64_t total;
    pln_status status;
    if (!pln__add(into->total, from->total, &total))
        return pln__error_set(err, PLN_ELIMIT,
                              "top-k sketches: the totals of %lld and %lld are over 2^63 - 1",
                              (long long)into->total, (long long)from->total);
    PLN__TRY(pln__top_k_like(into, &all, err));
    all->capacity =
        into->used + from->used > into->capacity ? into->used + from->used : into->capacity;
    if (from->item_bytes_limit > all->item_bytes_limit)
        all->item_bytes_limit = from->item_bytes_limit;
    PLN__TRY(pln__top_k_reserve(all, into->used + from->used, err));
    PLN__TRY(join(all, into, from, false, err));
    PLN__TRY(join(all, from, into, true, err));
    all->total = total;
    all->error = into->error + from->error;
    pln__top_k_cut(all, into->capacity);
    all->capacity = into->capacity;
    PLN__TRY(pln__top_k_fit(all, err));
    pln__top_k_take(into, all);
out:
    pln_top_k_free(all);
    return status;
}
