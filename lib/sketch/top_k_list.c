/* The heaviest items, in order. */
#include "sketch/top_k.h"

int pln__top_k_compare_bytes(const void *a, int64_t a_size, const void *b, int64_t b_size) {
    int64_t both = a_size < b_size ? a_size : b_size;
    int order = memcmp(a, b, (size_t)both);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int by_rank(const void *a, const void *b, const void *context) {
    const pln_top_k *top = context;
    uint32_t left, right;
    memcpy(&left, a, 4);
    memcpy(&right, b, 4);
    int64_t x = pln__top_k_middle(pln__top_k_upper(top, left), top->missed[left]);
    int64_t y = pln__top_k_middle(pln__top_k_upper(top, right), top->missed[right]);
    if (x != y)
        return x < y ? 1 : -1;
    int64_t x_size, y_size;
    const void *p = pln__top_k_bytes(top, left, &x_size),
               *q = pln__top_k_bytes(top, right, &y_size);
    return pln__top_k_compare_bytes(p, x_size, q, y_size);
}

/* Of slots[0, n), a heap with the last in order on top but for slots[at]. */
static void sift(const pln_top_k *top, uint32_t *slots, int64_t at, int64_t n) {
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && by_rank(&slots[child], &slots[child + 1], top) < 0;
        if (by_rank(&slots[at], &slots[child], top) >= 0)
            return;
        uint32_t slot = slots[at];
        slots[at] = slots[child];
        slots[child] = slot;
    }
}

static bool qualifies(const pln_top_k *top, int64_t slot, const pln__top_k_query *query) {
    int64_t upper = pln__top_k_upper(top, slot);
    if (query->guarantee == PLN_TOP_K_NO_FALSE_POSITIVES)
        upper -= upper != 0 ? top->missed[slot] : 0;
    return upper != 0 && upper > query->threshold;
}

int64_t pln__top_k_pick(const pln_top_k *top, const pln__top_k_query *query, uint32_t *slots) {
    int64_t found = 0, most = query->wanted;
    for (int64_t slot = 0; slot < pln__top_k_slots(top); slot++) {
        uint32_t mine = (uint32_t)slot;
        if (!qualifies(top, slot, query))
            continue;
        if (found++ < most) {
            slots[found - 1] = mine;
            for (int64_t i = found == most ? most / 2 : 0; i-- > 0;)
                sift(top, slots, i, most);
        } else if (most > 0 && by_rank(&mine, &slots[0], top) < 0) {
            slots[0] = mine;
            sift(top, slots, 0, most);
        }
    }
    pln__sort(slots, found < most ? found : most, sizeof *slots, by_rank, top);
    return found;
}

static pln_status check(const pln_top_k *top, const pln__top_k_query *query,
                        const pln_top_k_entry *out, pln_error *err) {
    if (query->guarantee < PLN_TOP_K_NO_FALSE_POSITIVES ||
        query->guarantee > PLN_TOP_K_NO_FALSE_NEGATIVES)
        return pln__error_set(err, PLN_EINVAL, "top-k list: guarantee is %d, expected %d or %d",
                              query->guarantee, PLN_TOP_K_NO_FALSE_POSITIVES,
                              PLN_TOP_K_NO_FALSE_NEGATIVES);
    if (query->guarantee == PLN_TOP_K_NO_FALSE_NEGATIVES && query->threshold < top->error)
        return pln__error_set(err, PLN_EINVAL,
                              "top-k list: threshold is %lld: items of up to %lld, the error, may "
                              "be missing, so that it must be at least that",
                              (long long)query->threshold, (long long)top->error);
    if (query->wanted < 0)
        return pln__error_set(err, PLN_EINVAL, "top-k list: %lld entries are wanted",
                              (long long)query->wanted);
    if (query->wanted > 0 && out->struct_size < sizeof *out)
        return pln__error_set(err, PLN_EINVAL,
                              "top-k list: struct_size is %u, at least %u are needed",
                              out->struct_size, (unsigned)sizeof *out);
    return PLN_OK;
}

static void fill(const pln_top_k *top, uint32_t slot, uint32_t struct_size, void *out) {
    int64_t size, upper = pln__top_k_upper(top, slot), missed = top->missed[slot];
    const uint8_t *bytes = pln__top_k_bytes(top, slot, &size);
    pln_top_k_entry entry = {.struct_size = struct_size,
                             .bytes = bytes,
                             .size = size,
                             .lower = upper - missed,
                             .estimate = pln__top_k_middle(upper, missed),
                             .upper = upper};
    memcpy(out, &entry, sizeof entry);
}

pln_status pln_top_k_list(const pln_top_k *top, int32_t guarantee, int64_t threshold,
                          int64_t wanted, pln_top_k_entry *out, int64_t *found, pln_error *err) {
    pln__top_k_query query = {guarantee, threshold, wanted};
    pln_status status = check(top, &query, out, err);
    if (status < 0)
        return status;
    query.wanted = wanted < top->used ? wanted : top->used;
    uint64_t bytes = (uint64_t)query.wanted * sizeof(uint32_t);
    uint32_t *slots = bytes > 0 ? pln__alloc(&top->mem, bytes) : NULL;
    if (slots == NULL && bytes > 0)
        return pln__error_memory(err, bytes);
    *found = pln__top_k_pick(top, &query, slots);
    for (int64_t i = 0; i < query.wanted && i < *found; i++)
        fill(top, slots[i], out->struct_size, (uint8_t *)out + i * (int64_t)out->struct_size);
    pln__free(&top->mem, slots, bytes);
    return PLN_OK;
}
