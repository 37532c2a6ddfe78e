/* Looking keys up and adding them: the loops that every row goes through. */
#include "key/dedup.h"
typedef struct probe {
    uint64_t low, high;
} probe;

static inline probe probe_of(const uint8_t *key) {
    probe p;
    memcpy(&p, key, sizeof p);
    return p;
}

static inline const pln__dedup_place *place_of(const pln__dedup_table *t, uint64_t hash) {
    return &t->places[pln__dedup_directory(t->depth, hash)];
}

static inline uint32_t next_group(const pln__dedup_place *at, uint32_t group) {
    return group + 1 == at->groups ? 0 : group + 1;
}

/* The place that a key most likely has, or will have: of the first tag that is its own, or the first that is free. */
static inline int64_t guess(const pln__dedup_place *at, uint64_t hash) {
    uint8_t tag = pln__dedup_tag(hash);
    for (uint32_t group = pln__dedup_group(at->groups, hash);; group = next_group(at, group)) {
        const uint8_t *tags = at->tags + (size_t)group * PLN__DEDUP_GROUP;
        unsigned own = pln__dedup_equal(tags, tag), free = pln__dedup_equal(tags, 0),
                 set = own != 0 ? own : free;
        if (set != 0)
            return (int64_t)group * PLN__DEDUP_GROUP + __builtin_ctz(set);
    }
}

/* All tags are asked for before the first is looked at, then all keys. */
void pln__dedup_prefetch(const pln__dedup_table *t, const uint8_t *keys, int64_t n,
                         uint64_t *hashes) {
    for (int64_t i = 0; i < n; i++) {
        probe p = probe_of(keys + i * PLN_KEY_SIZE);
        hashes[i] = pln__dedup_hash(t, p.low, p.high);
        const pln__dedup_place *at = place_of(t, hashes[i]);
        __builtin_prefetch(
            at->tags + (size_t)pln__dedup_group(at->groups, hashes[i]) * PLN__DEDUP_GROUP, 1);
    }
    for (int64_t i = 0; i < n; i++) {
        const pln__dedup_place *at = place_of(t, hashes[i]);
        int64_t place = guess(at, hashes[i]);
        __builtin_prefetch(pln__dedup_key(at->tags, at->groups, place), 1);
        if (t->payload)
            __builtin_prefetch(pln__dedup_payloads(at->tags, at->groups) + place, 1);
    }
}

/* The place of a key, or ~ of the first free one behind where it would be. */
static inline int64_t search(const pln__dedup_place *at, uint64_t hash, probe p) {
    uint8_t tag = pln__dedup_tag(hash);
    for (uint32_t group = pln__dedup_group(at->groups, hash);; group = next_group(at, group)) {
        const uint8_t *tags = at->tags + (size_t)group * PLN__DEDUP_GROUP;
        int64_t first = (int64_t)group * PLN__DEDUP_GROUP;
        for (unsigned own = pln__dedup_equal(tags, tag); own != 0; own &= own - 1) {
            int64_t place = first + __builtin_ctz(own);
            probe at_place = probe_of(pln__dedup_key(at->tags, at->groups, place));
            if (PLN__LIKELY(((at_place.low ^ p.low) | (at_place.high ^ p.high)) == 0))
                return place;
        }
        unsigned free = pln__dedup_equal(tags, 0);
        if (PLN__LIKELY(free != 0))
            return ~(first + __builtin_ctz(free));
    }
}

/* The key is not there; false: its segment must grow first. */
static inline bool add(pln__dedup_table *t, const pln__dedup_place *at, int64_t place,
                       uint64_t hash, probe p) {
    pln__dedup_segment *s = &t->segments[at->segment];
    if (PLN__UNLIKELY(s->used >= pln__dedup_full(s->groups)))
        return false;
    at->tags[place] = pln__dedup_tag(hash);
    memcpy(pln__dedup_key(at->tags, at->groups, place), &p, sizeof p);
    s->used++;
    t->count++;
    return true;
}

/* Without payloads: the loop that matters most. Stops at a key whose segment is full. */
static int64_t put_plain(pln__dedup_table *t, const uint8_t *keys, int64_t i, int64_t n,
                         const uint64_t *hashes, uint64_t *fresh) {
    for (; i < n; i++) {
        probe p = probe_of(keys + i * PLN_KEY_SIZE);
        const pln__dedup_place *at = place_of(t, hashes[i]);
        int64_t place = search(at, hashes[i], p);
        if (place >= 0)
            continue;
        if (!add(t, at, ~place, hashes[i], p))
            break;
        *fresh |= (uint64_t)1 << i;
    }
    return i;
}

/* payloads[0] are the new ones, payloads[1], which may be NULL, take those that stand. */
static int64_t put_payloads(pln__dedup_table *t, const uint8_t *keys, int64_t i, int64_t n,
                            const uint64_t *hashes, uint64_t *fresh, int64_t *const payloads[2]) {
    for (; i < n; i++) {
        probe p = probe_of(keys + i * PLN_KEY_SIZE);
        const pln__dedup_place *at = place_of(t, hashes[i]);
        int64_t place = search(at, hashes[i], p);
        if (place < 0 && !add(t, at, ~place, hashes[i], p))
            break;
        int64_t *stands = pln__dedup_payloads(at->tags, at->groups) + (place < 0 ? ~place : place);
        bool is_new = place < 0 || *stands < t->before;
        if (is_new)
            *stands = payloads[0][i];
        if (payloads[1] != NULL)
            payloads[1][i] = *stands;
        *fresh |= (uint64_t)is_new << i;
    }
    return i;
}

pln_status pln__dedup_put(pln__dedup_table *t, const uint8_t *keys, const int64_t *payloads,
                          int64_t n, uint64_t *fresh, int64_t *held, pln_error *err) {
    uint64_t hashes[PLN__DEDUP_PART];
    int64_t i = 0, *const both[2] = {(int64_t *)(uintptr_t)payloads, held};
    *fresh = 0;
    pln__dedup_prefetch(t, keys, n, hashes);
    for (;;) {
        i = t->payload ? put_payloads(t, keys, i, n, hashes, fresh, both)
                       : put_plain(t, keys, i, n, hashes, fresh);
        if (i == n)
            return PLN_OK;
        pln_status status = pln__dedup_grow(t, place_of(t, hashes[i])->segment, err);
        if (status < 0)
            return status;
    }
}

/* ---- one by one ---- */

int64_t pln__dedup_step(const pln_dedup *dedup) {
    return dedup->has_store ? PLN__DEDUP_CHUNK : PLN__DEDUP_PART;
}

pln_status pln__dedup_fetch(pln_dedup *dedup, const uint8_t *keys, int64_t n, uint64_t *hashes,
                            pln_error *err) {
    pln_status status = dedup->has_store ? pln__dedup_behind_look(dedup, keys, n, err)
                                         : pln__dedup_table_room(&dedup->young, 0, err);
    for (int64_t i = 0; i < n && status == PLN_OK; i += PLN__DEDUP_PART)
        pln__dedup_prefetch(&dedup->young, keys + i * PLN_KEY_SIZE,
                            n - i < PLN__DEDUP_PART ? n - i : PLN__DEDUP_PART, hashes + i);
    return status;
}

/* The payload of a key, which is added if it is not there. */
static pln_status payload_of(pln__dedup_table *t, const pln__dedup_asked *asked, int64_t payload,
                             int64_t **stands, pln_error *err) {
    probe p = probe_of(asked->key);
    for (;;) {
        const pln__dedup_place *at = place_of(t, asked->hash);
        int64_t place = search(at, asked->hash, p),
                *payloads = pln__dedup_payloads(at->tags, at->groups);
        if (place >= 0) {
            *stands = payloads + place;
            return PLN_OK;
        }
        if (add(t, at, ~place, asked->hash, p)) {
            *stands = payloads + ~place;
            **stands = payload;
            return PLN_EOS;
        }
        pln_status status = pln__dedup_grow(t, at->segment, err);
        if (status < 0)
            return status;
    }
}

/* Whether a key that `young` does not have, or has forgotten, stands behind it. */
static bool behind_has(const pln_dedup *dedup, const pln__dedup_asked *asked, int64_t *stands) {
    const pln__dedup_talk *talk = dedup->talk;
    int64_t i = asked->i;
    *stands = talk->numbers[i];
    return (talk->there[i / 64] >> (i % 64) & 1) != 0 && *stands >= dedup->young.before;
}

static const int64_t *young_has(const pln__dedup_table *t, const pln__dedup_asked *asked) {
    const pln__dedup_place *at = place_of(t, asked->hash);
    int64_t place = search(at, asked->hash, probe_of(asked->key));
    const int64_t *stands = pln__dedup_payloads(at->tags, at->groups) + place;
    return place < 0 || *stands < t->before ? NULL : stands;
}

pln_status pln__dedup_one(pln_dedup *dedup, const pln__dedup_asked *asked, int64_t payload,
                          int64_t *stands, bool *fresh, pln_error *err) {
    pln__dedup_table *t = &dedup->young;
    int64_t *at;
    *fresh = false;
    if (dedup->has_store) {
        const int64_t *there = young_has(t, asked);
        if (there != NULL) {
            *stands = *there;
            return PLN_OK;
        }
        if (behind_has(dedup, asked, stands))
            return PLN_OK;
    }
    pln_status status = payload_of(t, asked, payload, &at, err);
    if (status < 0)
        return status;
    *fresh = status == PLN_EOS || *at < t->before;
    if (*fresh)
        *at = payload;
    *stands = *at;
    return PLN_OK;
}

pln_status pln__dedup_set(pln_dedup *dedup, const pln__dedup_asked *asked, int64_t payload,
                          pln_error *err) {
    int64_t *at;
    pln_status status = payload_of(&dedup->young, asked, payload, &at, err);
    if (status >= 0)
        *at = payload;
    return status < 0 ? status : PLN_OK;
}

void pln__dedup_find(const pln__dedup_table *t, const uint8_t *keys, int64_t n, uint64_t wanted,
                     uint64_t *found, int64_t *held) {
    uint64_t hashes[PLN__DEDUP_PART];
    *found = 0;
    pln__dedup_prefetch(t, keys, n, hashes);
    for (; wanted != 0; wanted &= wanted - 1) {
        int i = __builtin_ctzll(wanted);
        const pln__dedup_place *at = place_of(t, hashes[i]);
        int64_t place = search(at, hashes[i], probe_of(keys + i * PLN_KEY_SIZE));
        if (place < 0)
            continue;
        int64_t stands = t->payload ? pln__dedup_payloads(at->tags, at->groups)[place] : 0;
        if (t->payload && stands < t->before)
            continue;
        *found |= (uint64_t)1 << i;
        if (held != NULL)
            held[i] = stands;
    }
}
