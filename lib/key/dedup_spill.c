/*
 * Keys that no longer fit. When the young generation has filled its part of the budget it becomes the old one, from which each call moves some
 * keys to the store, faster than new ones come, so that it is gone before the next. A quarter of the budget is a Bloom filter of what went.
 */
#include "key/dedup.h"

enum { MOVE = 256 };

pln_status pln__dedup_behind_new(pln_dedup *dedup, uint64_t seed, pln_error *err) {
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.bytes = dedup->budget / 4;
    options.seed = seed;
    options.allocator = &dedup->mem;
    return pln_bloom_new(NULL, &options, &dedup->behind, err);
}

/* ---- to the store ---- */

static pln_status move_some(pln_dedup *dedup, pln_error *err) {
    uint8_t keys[MOVE * PLN_KEY_SIZE];
    int64_t payloads[MOVE], *numbers = dedup->old.payload ? payloads : NULL;
    pln_status status;
    int64_t n = pln__dedup_table_next(&dedup->old, &dedup->cursor, keys, numbers, MOVE);
    if (n == 0) {
        pln__dedup_table_empty(&dedup->old);
        return PLN_OK;
    }
    status = dedup->store.put(dedup->store.user, keys, numbers, n, err);
    if (status < 0)
        return status;
    dedup->stored += n;
    return pln_bloom_add_keys(dedup->behind, keys, n, err);
}

static pln_status make_room(pln_dedup *dedup, pln_error *err) {
    if (dedup->old.places != NULL)
        return move_some(dedup, err);
    int64_t part = (dedup->budget - pln_bloom_memory(dedup->behind)) / 5 * 2;
    if (dedup->young.memory < part)
        return PLN_OK;
    pln__dedup_table empty = dedup->old;
    dedup->old = dedup->young;
    dedup->young = empty;
    dedup->cursor = 0;
    return pln__dedup_table_room(&dedup->young, 0, err);
}

/* ---- from the store ---- */

/* The members of a set go together in front. */
static int64_t gather(const uint8_t *keys, uint64_t set, uint8_t *out, int64_t *index) {
    int64_t n = 0;
    for (; set != 0; set &= set - 1, n++) {
        index[n] = __builtin_ctzll(set);
        memcpy(out + n * PLN_KEY_SIZE, keys + index[n] * PLN_KEY_SIZE, PLN_KEY_SIZE);
    }
    return n;
}

/* Of the keys in `wanted` those that the store has and that are not forgotten. */
static pln_status ask_store(pln_dedup *dedup, const uint8_t *keys, int64_t n, uint64_t wanted,
                            uint64_t *found, int64_t *held, pln_error *err) {
    uint8_t some[PLN__DEDUP_PART * PLN_KEY_SIZE], bits[PLN__DEDUP_PART / 8] = {0};
    int64_t index[PLN__DEDUP_PART], payloads[PLN__DEDUP_PART] = {0};
    const pln__dedup_table *t = &dedup->young;
    pln_status status = pln_bloom_contains_keys(dedup->behind, keys, n, bits, err);
    if (status < 0)
        return status;
    int64_t asked = gather(keys, wanted & pln__load_le64(bits), some, index);
    memset(bits, 0, sizeof bits);
    if (asked == 0)
        return PLN_OK;
    status =
        dedup->store.get(dedup->store.user, some, asked, bits, t->payload ? payloads : NULL, err);
    for (int64_t i = 0; i < asked && status >= 0; i++) {
        if (!pln__bit_get(bits, i)) {
            dedup->in_vain++;
            continue;
        }
        if (t->payload && payloads[i] < t->before)
            continue;
        *found |= (uint64_t)1 << index[i];
        if (held != NULL)
            held[index[i]] = payloads[i];
    }
    dedup->asked += asked;
    return status;
}

/* Keys that are nowhere yet; the first of two equal ones is new, the other is not. */
static pln_status add_unknown(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                              uint64_t unknown, uint64_t *fresh, int64_t *held, pln_error *err) {
    uint8_t some[PLN__DEDUP_PART * PLN_KEY_SIZE];
    int64_t index[PLN__DEDUP_PART], numbers[PLN__DEDUP_PART] = {0}, into[PLN__DEDUP_PART];
    bool payload = payloads != NULL;
    uint64_t bits = 0;
    int64_t n = gather(keys, unknown, some, index);
    for (int64_t i = 0; payload && i < n; i++)
        numbers[i] = payloads[index[i]];
    pln_status status = pln__dedup_put(&dedup->young, some, payload ? numbers : NULL, n, &bits,
                                       payload ? into : NULL, err);
    for (int64_t i = 0; i < n && status == PLN_OK; i++) {
        *fresh |= (bits >> i & 1) << index[i];
        if (held != NULL)
            held[index[i]] = into[i];
    }
    return status;
}

pln_status pln__dedup_behind(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                             int64_t n, uint64_t *fresh, int64_t *held, pln_error *err) {
    pln_status status;
    uint64_t all = ~(uint64_t)0 >> (PLN__DEDUP_PART - n), found = 0, more = 0;
    PLN__TRY(make_room(dedup, err));
    pln__dedup_find(&dedup->young, keys, n, all, &found, held);
    if (dedup->old.places != NULL)
        pln__dedup_find(&dedup->old, keys, n, all & ~found, &more, held);
    found |= more;
    if (dedup->stored > 0 && found != all)
        PLN__TRY(ask_store(dedup, keys, n, all & ~found, &found, held, err));
    if (found != all)
        PLN__TRY(add_unknown(dedup, keys, payloads, all & ~found, fresh, held, err));
out:
    return status;
}
