#include "format/json_plan.h"

/*
 * A set that is emptied for each object. Few keys are compared one by one; from KEYS_FEW on a table finds them, so
 * that an object of a million keys costs no more than a million look-ups.
 */
enum { KEYS_FEW = 16 };

/* An empty key may be there before there is any text. */
static bool same_text(const pln__json_keys *keys, const struct pln__json_entry_key *item,
                      const uint8_t *key) {
    return item->size == 0 || memcmp(keys->text.data + item->start, key, (size_t)item->size) == 0;
}

static bool same(const pln__json_keys *keys, int64_t i, const uint8_t *key, int64_t size,
                 uint64_t hash) {
    const struct pln__json_entry_key *item = &keys->items[i];
    return item->hash == hash && item->size == size && same_text(keys, item, key);
}

static void place(pln__json_keys *keys, int64_t i) {
    uint64_t at = keys->items[i].hash;
    while (keys->slots[at & (uint64_t)(keys->n_slots - 1)] != 0)
        at++;
    keys->slots[at & (uint64_t)(keys->n_slots - 1)] = i + 1;
}

/* Make the table larger, or for the first time; from now on keys have hashes. */
static pln_status rehash(const pln_allocator *mem, pln__json_keys *keys, uint64_t seed,
                         pln_error *err) {
    uint64_t old = (uint64_t)keys->n_slots * sizeof *keys->slots;
    int64_t n = keys->n_slots;
    while (n < keys->n * 4)
        n = n == 0 ? KEYS_FEW * 4 : n * 2;
    if (n != keys->n_slots) {
        int64_t *slots = pln__resize(mem, keys->slots, old, (uint64_t)n * sizeof *slots);
        if (slots == NULL)
            return pln__error_memory(err, (uint64_t)n * sizeof *slots);
        keys->slots = slots;
        keys->n_slots = n;
    }
    memset(keys->slots, 0, (size_t)n * sizeof *keys->slots);
    for (int64_t i = 0; i < keys->n; i++) {
        struct pln__json_entry_key *item = &keys->items[i];
        item->hash = pln__hash64(keys->text.data + item->start, item->size, seed);
        place(keys, i);
    }
    return PLN_OK;
}

static int64_t find(const pln__json_keys *keys, const uint8_t *key, int64_t size, uint64_t hash) {
    if (keys->n <= KEYS_FEW) {
        int64_t i = 0;
        while (i < keys->n && !same(keys, i, key, size, 0))
            i++;
        return i;
    }
    for (uint64_t at = hash;; at++) {
        int64_t i = keys->slots[at & (uint64_t)(keys->n_slots - 1)];
        if (i == 0)
            return keys->n;
        if (same(keys, i - 1, key, size, hash))
            return i - 1;
    }
}

pln_status pln__json_keys_add(const pln_allocator *mem, pln__json_keys *keys, const uint8_t *key,
                              int64_t size, uint64_t seed, int64_t *index, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t hash = keys->n > KEYS_FEW ? pln__hash64(key, size, seed) : 0;
    *index = find(keys, key, size, hash);
    if (*index < keys->n)
        return PLN_OK;
    PLN__TRY(pln__grow(mem, &keys->items, &keys->capacity, keys->n + 1, sizeof *keys->items, err));
    int64_t start = keys->text.size;
    PLN__TRY(pln__buffer_append(mem, &keys->text, key, size, err));
    keys->items[keys->n++] = (struct pln__json_entry_key){hash, start, size, -1};
    if (keys->n == KEYS_FEW + 1 || (keys->n > KEYS_FEW && keys->n * 2 > keys->n_slots))
        PLN__TRY(rehash(mem, keys, seed, err));
    else if (keys->n > KEYS_FEW)
        place(keys, keys->n - 1);
out:
    return status;
}

void pln__json_keys_clear(pln__json_keys *keys) {
    keys->n = 0;
    keys->text.size = 0;
}

void pln__json_keys_free(const pln_allocator *mem, pln__json_keys *keys) {
    pln__free(mem, keys->items, (uint64_t)keys->capacity * sizeof *keys->items);
    pln__free(mem, keys->slots, (uint64_t)keys->n_slots * sizeof *keys->slots);
    pln__buffer_free(mem, &keys->text);
}
