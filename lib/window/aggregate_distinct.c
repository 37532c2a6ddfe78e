/*
 * How many different values there are, exactly: a set of 16-byte keys for each group.
 *
 * Numbers and texts of up to 15 bytes are their own keys; a longer text is 120 bits of two seeded hashes, of which two fall together once in 2^120 pairs.
 */
#include "window/aggregate_internal.h"

enum { LIMIT = 1000000, LIMIT_MOST = 1 << 30, SLOTS_LEAST = 8, SHORT_TEXT = 15 };

typedef struct key {
    uint64_t low, high;
} key;

/* Open addressing; a slot of zeros is free, and the one key of zeros is a mark. */
typedef struct set {
    key *slots;
    int64_t used; /* with the key of zeros */
    int32_t n_slots;
    int32_t zero;
} set;

/* ---- keys ---- */

static key key_of_text(const uint8_t *bytes, int64_t size, uint64_t seed) {
    uint8_t room[16] = {0};
    if (size > SHORT_TEXT)
        return (key){pln__hash64(bytes, size, seed),
                     pln__hash64(bytes, size, ~seed) | (uint64_t)0xff << 56};
    memcpy(room, bytes, (size_t)size);
    room[SHORT_TEXT] = (uint8_t)(size + 1);
    return (key){pln__load_le64(room), pln__load_le64(room + 8)};
}

/* The place of a key among 2^n: who does not know the seed cannot fill one corner. */
static uint64_t place_of(key k, uint64_t seed) {
    pln__uint128 product = (pln__uint128)(k.low ^ seed) * 0x9e3779b97f4a7c15;
    uint64_t mixed = (uint64_t)product ^ (uint64_t)(product >> 64) ^ k.high;
    product = (pln__uint128)(mixed ^ 0xa0761d6478bd642f) * (0xe7037ed1a0b428db ^ seed << 1);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* ---- sets ---- */

static bool is_zero(key k) {
    return (k.low | k.high) == 0;
}
static bool same(key a, key b) {
    return ((a.low ^ b.low) | (a.high ^ b.high)) == 0;
}

/* The slot of a key, or the free one where it belongs. */
static key *find(const set *s, key k, uint64_t seed) {
    uint64_t mask = (uint64_t)s->n_slots - 1, at = place_of(k, seed) & mask;
    while (!is_zero(s->slots[at]) && !same(s->slots[at], k))
        at = (at + 1) & mask;
    return s->slots + at;
}

static pln_status resize(pln__states *states, set *s, int32_t n_slots, pln_error *err) {
    set grown = *s;
    uint64_t seed = states->aggregate->spec.seed;
    grown.slots = pln__calloc(&states->mem, (uint64_t)n_slots, sizeof(key));
    if (grown.slots == NULL)
        return pln__error_memory(err, (uint64_t)n_slots * sizeof(key));
    grown.n_slots = n_slots;
    for (int32_t i = 0; i < s->n_slots; i++)
        if (!is_zero(s->slots[i]))
            *find(&grown, s->slots[i], seed) = s->slots[i];
    pln__free(&states->mem, s->slots, (uint64_t)s->n_slots * sizeof(key));
    *s = grown;
    return PLN_OK;
}

static pln_status full(const pln__aggregate *a, pln_error *err) {
    return pln__error_set(err, PLN_ELIMIT,
                          "a group has more than %lld different values of column %s",
                          (long long)a->spec.limit, a->column.name);
}

static pln_status put(pln__states *states, set *s, key k, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    if (is_zero(k)) {
        if (s->zero == 0 && s->used >= a->spec.limit)
            return full(a, err);
        s->used += s->zero == 0;
        s->zero = 1;
        return PLN_OK;
    }
    /* A quarter of the slots stays free. */
    if (s->used >= s->n_slots / 4 * 3) {
        pln_status status = resize(states, s, s->n_slots == 0 ? SLOTS_LEAST : s->n_slots * 2, err);
        if (status < 0)
            return status;
    }
    key *slot = find(s, k, a->spec.seed);
    if (!is_zero(*slot))
        return PLN_OK;
    if (s->used >= a->spec.limit)
        return full(a, err);
    *slot = k;
    s->used++;
    return PLN_OK;
}

/* ---- the kind ---- */

static key key_at(const pln__aggregate *a, const pln__agg_block *block, const void *words,
                  int64_t i) {
    const pln__type *type = &a->column.type;
    if (words == NULL) {
        int64_t size;
        const uint8_t *bytes = pln__array_bytes(type, block->values, pln__agg_row(block, i), &size);
        return key_of_text(bytes, size, a->spec.seed);
    }
    const uint64_t *word = pln__agg_words(type, words, i);
    return (key){word[0], type->id == PLN__DECIMAL128 ? word[1] : 0};
}

static pln_status add(pln__states *states, const pln__agg_rows *rows, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    const pln__agg_block *block = &a->scratch->block;
    const void *words;
    pln_status status = PLN_OK;
    for (int64_t done = 0; done < rows->n && status == PLN_OK;) {
        status = pln__agg_next_values(a, rows, &done, &words, err);
        for (int64_t i = 0; status == PLN_OK && i < block->n; i++)
            status = put(states, pln__agg_state(states, pln__agg_group(block, rows, i)),
                         key_at(a, block, words, i), err);
    }
    return status;
}

static pln_status unite(pln__states *states, set *s, const set *t, pln_error *err) {
    pln_status status = t->zero != 0 ? put(states, s, (key){0, 0}, err) : PLN_OK;
    for (int32_t i = 0; i < t->n_slots && status == PLN_OK; i++)
        if (!is_zero(t->slots[i]))
            status = put(states, s, t->slots[i], err);
    return status;
}

static pln_status merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n && status == PLN_OK; i++)
        status = unite(into, pln__agg_state(into, pln__agg_at(into_groups, i)),
                       pln__agg_state(from, pln__agg_at(from_groups, i)), err);
    return status;
}

static void drop(pln__states *states, void *state) {
    set *s = state;
    pln__free(&states->mem, s->slots, (uint64_t)s->n_slots * sizeof(key));
}

static pln_status finish(pln__states *states, void *state, pln__column *out, pln_error *err) {
    const uint64_t bits[2] = {(uint64_t)((const set *)state)->used, 0};
    (void)states;
    return pln__agg_put_bits(out, bits, err);
}

static int by_key(const void *a, const void *b, const void *context) {
    const uint8_t *x = a, *y = b;
    uint64_t x_high = pln__load_le64(x + 8), y_high = pln__load_le64(y + 8);
    uint64_t x_low = pln__load_le64(x), y_low = pln__load_le64(y);
    (void)context;
    return x_high != y_high ? x_high < y_high ? -1 : 1 : (x_low > y_low) - (x_low < y_low);
}

/* By rising keys, whatever way they came. */
static pln_status write(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err) {
    const set *s = state;
    uint64_t n = (uint64_t)s->used;
    pln_status status = pln__agg_write_words(states->aggregate->mem, out, &n, 1, err);
    int64_t at = out->size;
    if (status == PLN_OK)
        status = pln__buffer_reserve(states->aggregate->mem, out, s->used * 16, err);
    if (status < 0)
        return status;
    if (s->zero != 0)
        memset(out->data + out->size, 0, 16), out->size += 16;
    for (int32_t i = 0; i < s->n_slots; i++) {
        if (is_zero(s->slots[i]))
            continue;
        pln__store_le64(out->data + out->size, s->slots[i].low);
        pln__store_le64(out->data + out->size + 8, s->slots[i].high);
        out->size += 16;
    }
    pln__sort(out->data + at, s->used, 16, by_key, NULL);
    return PLN_OK;
}

static pln_status read(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err) {
    uint64_t n = pln__agg_take_64(reader);
    if (n > (uint64_t)states->aggregate->spec.limit)
        return pln__error_set(err, PLN_ECORRUPT, "%llu different values, expected at most %lld",
                              (unsigned long long)n, (long long)states->aggregate->spec.limit);
    const uint8_t *keys = pln__agg_take(reader, (int64_t)n * 16);
    pln_status status = PLN_OK;
    for (uint64_t i = 0; keys != NULL && i < n && status == PLN_OK; i++) {
        const uint8_t *at = keys + i * 16;
        if (i > 0 && by_key(at - 16, at, NULL) >= 0)
            return pln__error_set(err, PLN_ECORRUPT,
                                  "key %llu of %llu is not behind the one before",
                                  (unsigned long long)i, (unsigned long long)n);
        status = put(states, state, (key){pln__load_le64(at), pln__load_le64(at + 8)}, err);
    }
    return status;
}

pln_status pln__agg_distinct_open(pln__aggregate *a, pln_error *err) {
    static const pln__agg_kind kind = {sizeof(set), add, merge, finish, write, read, drop};
    pln_status status =
        pln__agg_default(&a->spec.limit, LIMIT, 1, LIMIT_MOST, "the limit of values", err);
    a->kind = kind;
    a->load = pln__agg_load_equal(a->column.type.id);
    return status < 0 ? status : pln__agg_field(a, "l", 0, err);
}
