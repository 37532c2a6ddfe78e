/*
 * Keys that no longer fit. When the young generation has filled its part of the budget it becomes the old one, from which each call moves some
 * keys to the store, faster than new ones come, so that it is gone before the next. A quarter of the budget is Bloom filters of what went.
 */
#include "key/dedup.h"

/* For each key that comes so many go; and so many bits of a filter are for a key, before the other one is taken. */
enum { FASTER = 4, LEAST_MOVED = 256, FILTER_BITS = 10, FILTER_HEAD = 24 };

pln_status pln__dedup_behind_new(pln_dedup *dedup, pln_error *err) {
    pln_status status = PLN_OK;
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    dedup->n_filters = dedup->young.payload ? 2 : 1;
    options.bytes = dedup->budget / 4 / dedup->n_filters;
    options.seed = dedup->seed;
    options.allocator = &dedup->mem;
    for (int i = 0; i < dedup->n_filters; i++)
        PLN__TRY(pln_bloom_new(NULL, &options, &dedup->filters[i].bloom, err));
    pln__dedup_behind_clear(dedup);
    dedup->talk = pln__calloc(&dedup->mem, 1, sizeof *dedup->talk);
    if (dedup->talk == NULL)
        return pln__error_memory(err, sizeof *dedup->talk);
out:
    return status;
}

void pln__dedup_behind_free(pln_dedup *dedup) {
    for (int i = 0; i < dedup->n_filters; i++)
        pln_bloom_free(dedup->filters[i].bloom);
    pln__free(&dedup->mem, dedup->talk, sizeof *dedup->talk);
}

static void filter_clear(pln__dedup_filter *filter) {
    if (filter->bloom != NULL)
        pln_bloom_clear(filter->bloom);
    filter->keys = 0;
    filter->newest = INT64_MIN;
}

void pln__dedup_behind_clear(pln_dedup *dedup) {
    for (int i = 0; i < dedup->n_filters; i++)
        filter_clear(&dedup->filters[i]);
}

int64_t pln__dedup_behind_memory(const pln_dedup *dedup) {
    int64_t sum = dedup->talk == NULL ? 0 : (int64_t)sizeof *dedup->talk;
    for (int i = 0; i < dedup->n_filters; i++)
        sum += pln_bloom_memory(dedup->filters[i].bloom);
    return sum;
}

/* What a generation may take: the rest of the budget has room for two, the second one small while there are. */
static int64_t rest_of(const pln_dedup *dedup) {
    return dedup->budget - pln__dedup_behind_memory(dedup);
}
static int64_t part_of(const pln_dedup *dedup) {
    return rest_of(dedup) / 8 * 3;
}

/* A table of one segment becomes twice as large, and is there in both sizes for a moment; of a larger one a segment is. */
static bool is_full(const pln_dedup *dedup) {
    const pln__dedup_table *t = &dedup->young;
    int64_t largest = (PLN__DEDUP_MOST + PLN__DEDUP_STEP) * PLN__DEDUP_GROUP *
                      (int64_t)(1 + PLN_KEY_SIZE + (t->payload ? 8 : 0)),
            anew = 2 * t->memory < largest ? 2 * t->memory : largest;
    return t->memory >= part_of(dedup) || t->memory + anew > rest_of(dedup) / 16 * 15;
}

int64_t pln__dedup_behind_expected(const pln_dedup *dedup) {
    return part_of(dedup) / (dedup->young.payload ? 40 : 28);
}

uint64_t pln__dedup_order(const pln_dedup *dedup, const uint8_t *key) {
    uint64_t words[2];
    memcpy(words, key, sizeof words);
    return pln__dedup_hash(&dedup->young, words[0], words[1]);
}

/* ---- to the store ---- */

static pln_status note_moved(pln_dedup *dedup, const uint8_t *keys, const int64_t *numbers,
                             int64_t n, pln_error *err) {
    pln__dedup_filter *filter = &dedup->filters[dedup->filling],
                      *other = &dedup->filters[1 - dedup->filling];
    bool full = filter->keys > pln_bloom_memory(filter->bloom) * 8 / FILTER_BITS;
    if (dedup->n_filters == 2 && full &&
        (other->keys == 0 || other->newest < dedup->young.before)) {
        filter_clear(other);
        dedup->filling = 1 - dedup->filling;
        filter = other;
    }
    dedup->stored += n;
    filter->keys += n;
    for (int64_t i = 0; numbers != NULL && i < n; i++)
        filter->newest = numbers[i] > filter->newest ? numbers[i] : filter->newest;
    return pln_bloom_add_keys(filter->bloom, keys, n, err);
}

/* At most n keys. */
static pln_status move_some(pln_dedup *dedup, int64_t n, pln_error *err) {
    uint8_t *keys = dedup->talk->keys;
    int64_t *numbers = dedup->old.payload ? dedup->talk->payloads : NULL;
    n = pln__dedup_table_in_order(&dedup->old, &dedup->cursor, keys, numbers, n);
    if (n == 0) {
        pln__dedup_table_empty(&dedup->old);
        return PLN_OK;
    }
    pln_status status = dedup->store.put(dedup->store.user, keys, numbers, n, err);
    return status < 0 ? status : note_moved(dedup, keys, numbers, n, err);
}

static pln_status make_room(pln_dedup *dedup, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t move = n * FASTER < LEAST_MOVED ? LEAST_MOVED : n * FASTER;
    for (; move > 0 && dedup->old.places != NULL && status >= 0; move -= PLN__DEDUP_CHUNK)
        status = move_some(dedup, move < PLN__DEDUP_CHUNK ? move : PLN__DEDUP_CHUNK, err);
    if (status < 0)
        return status;
    if (dedup->old.places == NULL && is_full(dedup)) {
        pln__dedup_table empty = dedup->old;
        dedup->old = dedup->young;
        dedup->young = empty;
        dedup->cursor = 0;
    }
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

static pln_status filter_out(const pln_dedup *dedup, const uint8_t *keys, int64_t n,
                             uint64_t *wanted, pln_error *err) {
    uint64_t maybe = 0;
    for (int i = 0; i < dedup->n_filters; i++) {
        uint8_t bits[PLN__DEDUP_PART / 8] = {0};
        if (dedup->filters[i].keys == 0)
            continue;
        pln_status status = pln_bloom_contains_keys(dedup->filters[i].bloom, keys, n, bits, err);
        if (status < 0)
            return status;
        maybe |= pln__load_le64(bits);
    }
    *wanted &= maybe;
    return PLN_OK;
}

static pln_status ask_store(pln_dedup *dedup, pln_error *err) {
    pln__dedup_talk *q = dedup->talk;
    uint8_t bits[PLN__DEDUP_CHUNK / 8] = {0};
    const pln__dedup_table *t = &dedup->young;
    if (q->n == 0)
        return PLN_OK;
    pln_status status = dedup->store.get(dedup->store.user, q->keys, q->n, bits,
                                         t->payload ? q->payloads : NULL, err);
    for (int64_t i = 0; i < q->n && status >= 0; i++) {
        if (!pln__bit_get(bits, i)) {
            dedup->in_vain++;
            continue;
        }
        if (t->payload && q->payloads[i] < t->before)
            continue;
        q->there[q->index[i] / 64] |= (uint64_t)1 << (q->index[i] % 64);
        if (t->payload)
            q->numbers[q->index[i]] = q->payloads[i];
    }
    dedup->asked += q->n;
    return status;
}

static void add_question(pln__dedup_talk *q, const uint8_t *keys, int64_t first, uint64_t wanted) {
    int64_t index[PLN__DEDUP_PART];
    int64_t n = gather(keys, wanted, q->keys + q->n * PLN_KEY_SIZE, index);
    for (int64_t i = 0; i < n; i++) {
        q->payloads[q->n + i] = 0;
        q->index[q->n + i] = (int16_t)(first + index[i]);
    }
    q->n += n;
}

pln_status pln__dedup_behind_look(pln_dedup *dedup, const uint8_t *keys, int64_t n,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_talk *q = dedup->talk;
    PLN__TRY(make_room(dedup, n, err));
    q->n = 0;
    for (int64_t i = 0; i < n; i += PLN__DEDUP_PART) {
        const uint8_t *part = keys + i * PLN_KEY_SIZE;
        int64_t size = n - i < PLN__DEDUP_PART ? n - i : PLN__DEDUP_PART;
        uint64_t wanted = ~(uint64_t)0 >> (PLN__DEDUP_PART - size), found = 0, old = 0;
        pln__dedup_find(&dedup->young, part, size, wanted, &found, NULL);
        wanted &= ~found;
        if (dedup->old.places != NULL && wanted != 0)
            pln__dedup_find(&dedup->old, part, size, wanted, &old, q->numbers + i);
        q->there[i / 64] = old;
        wanted &= ~old;
        if (wanted != 0)
            PLN__TRY(filter_out(dedup, part, size, &wanted, err));
        add_question(q, part, i, wanted);
    }
    PLN__TRY(ask_store(dedup, err));
out:
    return status;
}

/* Keys of one part that are in `young`, or nowhere yet; the first of two equal ones is new, the other is not. */
static pln_status put_young(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                            uint64_t rest, uint64_t *fresh, int64_t *held, pln_error *err) {
    uint8_t some[PLN__DEDUP_PART * PLN_KEY_SIZE];
    int64_t index[PLN__DEDUP_PART], numbers[PLN__DEDUP_PART] = {0}, into[PLN__DEDUP_PART];
    bool payload = payloads != NULL;
    uint64_t bits = 0;
    int64_t n = gather(keys, rest, some, index);
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
                             int64_t n, uint8_t *fresh, int64_t *held, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__dedup_behind_look(dedup, keys, n, err));
    for (int64_t i = 0; i < n; i += PLN__DEDUP_PART) {
        int64_t size = n - i < PLN__DEDUP_PART ? n - i : PLN__DEDUP_PART;
        uint64_t there = dedup->talk->there[i / 64], bits = 0,
                 rest = ~(uint64_t)0 >> (PLN__DEDUP_PART - size) & ~there;
        for (uint64_t left = held == NULL ? 0 : there; left != 0; left &= left - 1)
            held[i + __builtin_ctzll(left)] = dedup->talk->numbers[i + __builtin_ctzll(left)];
        if (rest != 0)
            PLN__TRY(put_young(dedup, keys + i * PLN_KEY_SIZE,
                               payloads == NULL ? NULL : payloads + i, rest, &bits,
                               held == NULL ? NULL : held + i, err));
        pln__dedup_put_bits(fresh + i / 8, bits, size);
    }
out:
    return status;
}

/* ---- filters as bytes: keys and newest, both i64, a byte that is 1 for the one being filled, 7 of 0, the bytes of the Bloom filter ---- */

int64_t pln__dedup_filter_size(const pln_dedup *dedup, int which) {
    const pln__dedup_filter *filter = &dedup->filters[which];
    return which >= dedup->n_filters || filter->keys == 0
               ? 0
               : FILTER_HEAD + pln_bloom_size(filter->bloom);
}

pln_status pln__dedup_filter_write(const pln_dedup *dedup, int which, uint8_t *out,
                                   int64_t capacity, int64_t *size, pln_error *err) {
    const pln__dedup_filter *filter = &dedup->filters[which];
    pln_status status =
        pln_bloom_write(filter->bloom, out + FILTER_HEAD, capacity - FILTER_HEAD, size, err);
    pln__store_le64(out, (uint64_t)filter->keys);
    pln__store_le64(out + 8, (uint64_t)filter->newest);
    pln__store_le64(out + 16, which == dedup->filling);
    *size += FILTER_HEAD;
    return status;
}

pln_status pln__dedup_filter_read(pln_dedup *dedup, int which, const uint8_t *bytes, int64_t size,
                                  pln_error *err) {
    pln__dedup_filter *filter = &dedup->filters[which];
    pln_status status = PLN_OK;
    pln_bloom *bloom = NULL;
    pln_bloom_options options;
    if (which >= dedup->n_filters || size != FILTER_HEAD + pln_bloom_size(filter->bloom) ||
        (int64_t)pln__load_le64(bytes) < 1 || pln__load_le64(bytes + 16) > 1)
        return pln__error_set(err, PLN_ECORRUPT, "dedup index: %lld bytes are no saved filter",
                              (long long)size);
    pln_bloom_options_init(&options, sizeof options);
    options.seed = dedup->seed;
    options.allocator = &dedup->mem;
    PLN__TRY(pln_bloom_read(NULL, &options, bytes + FILTER_HEAD, size - FILTER_HEAD, &bloom, err));
    pln_bloom_free(filter->bloom);
    *filter = (pln__dedup_filter){bloom, (int64_t)pln__load_le64(bytes),
                                  (int64_t)pln__load_le64(bytes + 8)};
    if (pln__load_le64(bytes + 16) == 1)
        dedup->filling = which;
out:
    return status == PLN_EDATA ? PLN_ECORRUPT : status;
}
