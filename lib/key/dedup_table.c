/* One table of keys: its memory, its growth, what is forgotten in it. */
#include "base/little.h"
#include "key/dedup.h"

static int64_t segment_bytes(const pln__dedup_table *t, uint32_t groups) {
    return (int64_t)groups * PLN__DEDUP_GROUP * (1 + PLN_KEY_SIZE + (t->payload ? 8 : 0));
}

/* What a segment costs its allocator. */
static int64_t segment_cost(const pln__dedup_table *t, uint32_t groups) {
    return segment_bytes(t, groups) + PLN__ALIGN + PLN__PADDING;
}

static pln_status spend(pln__dedup_table *t, int64_t bytes, pln_error *err) {
    if (t->limit > 0 && t->memory + bytes > t->limit)
        return pln__error_set(
            err, PLN_ELIMIT, "dedup index: %lld keys need more than the %lld bytes of memory_limit",
            (long long)t->count, (long long)t->limit);
    t->memory += bytes;
    return PLN_OK;
}

static pln_status segment_new(pln__dedup_table *t, uint32_t groups, uint32_t depth,
                              pln__dedup_segment *out, pln_error *err) {
    int64_t bytes = segment_bytes(t, groups);
    pln_status status = spend(t, segment_cost(t, groups), err);
    if (status < 0)
        return status;
    uint8_t *tags = pln__aligned_alloc(t->mem, bytes);
    if (tags == NULL) {
        t->memory -= segment_cost(t, groups);
        return pln__error_memory(err, (uint64_t)bytes);
    }
    memset(tags, 0, (size_t)groups * PLN__DEDUP_GROUP);
    *out = (pln__dedup_segment){tags, groups, 0, depth};
    return PLN_OK;
}

static void segment_free(pln__dedup_table *t, pln__dedup_segment *s) {
    if (s->tags == NULL)
        return;
    pln__aligned_free(t->mem, s->tags, segment_bytes(t, s->groups));
    t->memory -= segment_cost(t, s->groups);
    s->tags = NULL;
}

/* Every entry of the directory that leads to a segment: those whose first bits are its own. */
static void point(pln__dedup_table *t, uint64_t prefix, uint32_t segment) {
    const pln__dedup_segment *s = &t->segments[segment];
    uint64_t n = (uint64_t)1 << (t->depth - s->depth), first = prefix << (t->depth - s->depth);
    for (uint64_t i = 0; i < n; i++)
        t->places[first + i] = (pln__dedup_place){s->tags, s->groups, segment};
}

/* ---- life ---- */

/* Segments of equal size that the keys fill to 83 in a hundred, so that hardly one of them has to grow by chance. */
static void plan(int64_t expected, uint32_t *depth, uint32_t *groups) {
    double need = (double)expected / (PLN__DEDUP_GROUP * 0.83);
    *depth = 0;
    while (need > PLN__DEDUP_MOST && *depth < PLN__DEDUP_DEPTH) {
        need /= 2;
        ++*depth;
    }
    *groups = need > PLN__DEDUP_MOST ? PLN__DEDUP_MOST : (uint32_t)need + 1;
}

static pln_status directory_new(pln__dedup_table *t, uint32_t depth, pln_error *err) {
    uint64_t size = sizeof *t->places << depth;
    pln_status status = spend(t, (int64_t)size, err);
    if (status < 0)
        return status;
    t->places = pln__alloc(t->mem, size);
    if (t->places == NULL) {
        t->memory -= (int64_t)size;
        return pln__error_memory(err, size);
    }
    t->depth = depth;
    return PLN_OK;
}

static pln_status segments_reserve(pln__dedup_table *t, int64_t n, pln_error *err) {
    int64_t before = t->capacity;
    pln_status status = pln__grow(t->mem, &t->segments, &t->capacity, n, sizeof *t->segments, err);
    t->memory += (t->capacity - before) * (int64_t)sizeof *t->segments;
    return status;
}

void pln__dedup_table_init(pln__dedup_table *t, const pln_allocator *mem,
                           const pln_dedup_options *options) {
    uint64_t seed = PLN__LE(64, options->seed);
    *t = (pln__dedup_table){.mem = mem,
                            .payload = options->payload != 0,
                            .before = INT64_MIN,
                            .limit = options->memory_limit};
    for (int i = 0; i < 2; i++)
        t->mix[i] = pln__hash64(&seed, sizeof seed, (uint64_t)i + 1);
}

pln_status pln__dedup_table_room(pln__dedup_table *t, int64_t expected, pln_error *err) {
    uint32_t depth, groups;
    pln_status status;
    if (t->places != NULL)
        return PLN_OK;
    plan(expected, &depth, &groups);
    PLN__TRY(directory_new(t, depth, err));
    PLN__TRY(segments_reserve(t, (int64_t)1 << depth, err));
    for (; t->n_segments < (int64_t)1 << depth; t->n_segments++) {
        PLN__TRY(segment_new(t, groups, depth, &t->segments[t->n_segments], err));
        const pln__dedup_segment *s = &t->segments[t->n_segments];
        t->places[t->n_segments] =
            (pln__dedup_place){s->tags, s->groups, (uint32_t)t->n_segments};
    }
    return PLN_OK;
out:
    pln__dedup_table_empty(t);
    return status;
}

void pln__dedup_table_empty(pln__dedup_table *t) {
    for (int64_t i = 0; i < t->n_segments; i++)
        segment_free(t, &t->segments[i]);
    pln__free(t->mem, t->segments, (uint64_t)t->capacity * sizeof *t->segments);
    if (t->places != NULL)
        pln__free(t->mem, t->places, sizeof *t->places << t->depth);
    t->segments = NULL;
    t->places = NULL;
    t->n_segments = t->capacity = t->count = t->memory = t->swept = 0;
    t->depth = 0;
}

/* ---- laying keys out ---- */

static uint64_t hash_at(const pln__dedup_table *t, const pln__dedup_segment *s, int64_t place) {
    uint64_t words[2];
    memcpy(words, pln__dedup_key(s->tags, s->groups, place), sizeof words);
    return pln__dedup_hash(t, words[0], words[1]);
}

static bool living_at(const pln__dedup_table *t, const pln__dedup_segment *s, int64_t place) {
    return s->tags[place] != 0 &&
           (!t->payload || pln__dedup_payloads(s->tags, s->groups)[place] >= t->before);
}

/*
 * Keys on their way to a segment that was empty. How full each group is stands in bytes beside it: a tag that was just written could not be read
 * again at once together with its neighbours, which the processor forwards only whole.
 */
typedef struct layout {
    const pln__dedup_table *table;
    pln__dedup_segment *to;
    uint8_t *filled; /* of each group */
} layout;

static inline void lay(const layout *l, uint64_t hash, const pln__dedup_segment *from, int64_t at) {
    pln__dedup_segment *s = l->to;
    uint32_t group = pln__dedup_group(s->groups, hash);
    while (PLN__UNLIKELY(l->filled[group] == PLN__DEDUP_GROUP))
        group = group + 1 == s->groups ? 0 : group + 1;
    int64_t place = (int64_t)group * PLN__DEDUP_GROUP + l->filled[group]++;
    s->tags[place] = pln__dedup_tag(hash);
    memcpy(pln__dedup_key(s->tags, s->groups, place), pln__dedup_key(from->tags, from->groups, at),
           PLN_KEY_SIZE);
    if (l->table->payload)
        pln__dedup_payloads(s->tags, s->groups)[place] =
            pln__dedup_payloads(from->tags, from->groups)[at];
    s->used++;
}

/* The keys of a segment that are not forgotten, to one or two others: the bit behind the first `from->depth` of the hash says to which. */
static void move_keys(const pln__dedup_table *t, const pln__dedup_segment *from,
                      pln__dedup_segment *to, uint8_t *filled) {
    bool divide = to[0].depth != from->depth, choose = t->payload && t->before > INT64_MIN;
    layout to_both[2] = {{t, &to[0], filled}, {t, &to[divide], filled + to[0].groups}};
    memset(filled, 0, (size_t)to[0].groups + (divide ? to[1].groups : 0));
    for (uint32_t g = 0; g < from->groups; g++) {
        int64_t first = (int64_t)g * PLN__DEDUP_GROUP;
        unsigned taken = pln__dedup_equal(from->tags + first, 0) ^ 0xffff;
        for (; taken != 0; taken &= taken - 1) {
            int64_t at = first + __builtin_ctz(taken);
            if (choose && !living_at(t, from, at))
                continue;
            uint64_t hash = hash_at(t, from, at);
            lay(&to_both[divide && (hash >> (63 - from->depth) & 1) != 0], hash, from, at);
        }
    }
}

static int64_t living(const pln__dedup_table *t, const pln__dedup_segment *s) {
    int64_t n = 0;
    if (!t->payload || t->before == INT64_MIN)
        return s->used;
    for (int64_t i = 0; i < (int64_t)s->groups * PLN__DEDUP_GROUP; i++)
        n += living_at(t, s, i);
    return n;
}

/* The first bits of the hash of all keys of a segment. */
static uint64_t prefix_of(const pln__dedup_table *t, uint32_t segment, uint64_t hint) {
    const pln__dedup_segment *s = &t->segments[segment];
    return pln__dedup_directory(t->depth, hint) >> (t->depth - s->depth);
}

/* A hash that leads to a segment which has a key. */
static uint64_t some_hash(const pln__dedup_table *t, const pln__dedup_segment *s) {
    int64_t place = 0;
    while (s->tags[place] == 0)
        place++;
    return hash_at(t, s, place);
}

/* Segments are of unlike sizes, so that they do not all grow at once. */
static uint32_t odds(uint32_t segment) {
    return (segment * 0x9e3779b1u >> 16) % (PLN__DEDUP_STEP / 2);
}

enum { LARGEST = PLN__DEDUP_MOST + PLN__DEDUP_STEP };

static pln_status relay(pln__dedup_table *t, uint32_t segment, uint32_t groups, pln_error *err) {
    pln__dedup_segment *s = &t->segments[segment], next;
    uint64_t prefix = prefix_of(t, segment, some_hash(t, s));
    uint8_t few[LARGEST], *filled = groups <= LARGEST ? few : pln__alloc(t->mem, groups);
    if (filled == NULL)
        return pln__error_memory(err, groups);
    pln_status status = segment_new(t, groups, s->depth, &next, err);
    if (status == PLN_OK)
        move_keys(t, s, &next, filled);
    if (filled != few)
        pln__free(t->mem, filled, groups);
    if (status < 0)
        return status;
    t->count -= s->used - next.used;
    segment_free(t, s);
    *s = next;
    point(t, prefix, segment);
    return PLN_OK;
}

static pln_status double_directory(pln__dedup_table *t, pln_error *err) {
    pln__dedup_place *old = t->places;
    uint32_t depth = t->depth;
    pln_status status = directory_new(t, depth + 1, err);
    if (status < 0) {
        t->places = old;
        return status;
    }
    for (uint64_t i = 0; i < (uint64_t)1 << t->depth; i++)
        t->places[i] = old[i / 2];
    pln__free(t->mem, old, sizeof *old << depth);
    t->memory -= (int64_t)(sizeof *old << depth);
    return PLN_OK;
}

static pln_status divide(pln__dedup_table *t, uint32_t segment, pln_error *err) {
    pln__dedup_segment halves[2] = {{0}}, *s;
    uint8_t filled[2 * (PLN__DEDUP_HALF + PLN__DEDUP_STEP)];
    uint64_t hash = some_hash(t, &t->segments[segment]);
    uint32_t depth = t->segments[segment].depth + 1;
    pln_status status;
    if (depth > t->depth)
        PLN__TRY(double_directory(t, err));
    PLN__TRY(segments_reserve(t, t->n_segments + 1, err));
    for (int i = 0; i < 2; i++) {
        uint32_t number = i == 0 ? segment : (uint32_t)t->n_segments;
        PLN__TRY(segment_new(t, PLN__DEDUP_HALF + odds(number), depth, &halves[i], err));
    }
    s = &t->segments[segment];
    uint64_t prefix = prefix_of(t, segment, hash);
    move_keys(t, s, halves, filled);
    t->count -= s->used - halves[0].used - halves[1].used;
    segment_free(t, s);
    *s = halves[0];
    t->segments[t->n_segments] = halves[1];
    point(t, prefix * 2, segment);
    point(t, prefix * 2 + 1, (uint32_t)t->n_segments++);
    return PLN_OK;
out:
    segment_free(t, &halves[0]);
    segment_free(t, &halves[1]);
    return status;
}

/* Whether both halves take their keys: those of a hash that was broken may all go one way. */
static bool divides(const pln__dedup_table *t, const pln__dedup_segment *s) {
    int64_t second = 0, most = pln__dedup_full(PLN__DEDUP_HALF);
    if (s->depth >= PLN__DEDUP_DEPTH || s->groups < PLN__DEDUP_MOST || s->groups >= LARGEST)
        return false;
    for (int64_t i = 0; i < (int64_t)s->groups * PLN__DEDUP_GROUP; i++)
        second += s->tags[i] != 0 && (hash_at(t, s, i) >> (63 - s->depth) & 1) != 0;
    return second < most && s->used - second < most;
}

static uint32_t next_size(uint32_t groups, uint32_t segment) {
    uint32_t half = PLN__DEDUP_HALF + odds(segment);
    if (groups >= PLN__DEDUP_HALF)
        return groups + PLN__DEDUP_STEP;
    return groups * 2 < half ? groups * 2 : half;
}

pln_status pln__dedup_grow(pln__dedup_table *t, uint32_t segment, pln_error *err) {
    const pln__dedup_segment *s = &t->segments[segment];
    if (living(t, s) <= pln__dedup_full(s->groups) / 4 * 3)
        return relay(t, segment, s->groups, err);
    if (s->groups < PLN__DEDUP_MOST)
        return relay(t, segment, next_size(s->groups, segment), err);
    if (divides(t, s))
        return divide(t, segment, err);
    if (s->groups >= UINT32_MAX / 512)
        return pln__error_set(err, PLN_ELIMIT, "dedup index: %lld keys in one segment",
                              (long long)s->used);
    return relay(t, segment, s->groups * 2, err);
}

/* ---- what is forgotten ---- */

static uint32_t groups_for(int64_t keys, uint32_t segment) {
    uint32_t groups = 1;
    while (pln__dedup_full(groups) / 4 * 3 < keys && groups < PLN__DEDUP_MOST)
        groups = next_size(groups, segment);
    return groups;
}

static pln_status sweep_segment(pln__dedup_table *t, uint32_t segment, pln_error *err) {
    const pln__dedup_segment *s = &t->segments[segment];
    int64_t n = living(t, s);
    if (n == s->used)
        return PLN_OK;
    uint32_t groups = groups_for(n, segment);
    return relay(t, segment, groups < s->groups ? groups : s->groups, err);
}

pln_status pln__dedup_table_sweep(pln__dedup_table *t, int64_t keys, int64_t *removed,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    int64_t before = t->count;
    for (int64_t i = 0; i < t->n_segments && keys > 0 && status == PLN_OK; i++) {
        t->swept = t->swept + 1 < t->n_segments ? t->swept + 1 : 0;
        keys -= t->segments[t->swept].used + 1;
        status = sweep_segment(t, (uint32_t)t->swept, err);
    }
    *removed = before - t->count;
    return status;
}

/* ---- all keys, in turn ---- */

/* Keys of a segment from *place on; *place is behind its last one when all have been had. */
static int64_t copy_keys(const pln__dedup_table *t, const pln__dedup_segment *s, int64_t *place,
                         uint8_t *keys, int64_t *payloads, int64_t n) {
    int64_t got = 0, places = (int64_t)s->groups * PLN__DEDUP_GROUP;
    for (; *place < places && got < n; ++*place) {
        if (!living_at(t, s, *place))
            continue;
        memcpy(keys + got * PLN_KEY_SIZE, pln__dedup_key(s->tags, s->groups, *place), PLN_KEY_SIZE);
        if (payloads != NULL)
            payloads[got] = pln__dedup_payloads(s->tags, s->groups)[*place];
        got++;
    }
    return got;
}

static bool all_had(const pln__dedup_segment *s, int64_t place) {
    return place == (int64_t)s->groups * PLN__DEDUP_GROUP;
}

int64_t pln__dedup_table_next(const pln__dedup_table *t, int64_t *cursor, uint8_t *keys,
                              int64_t *payloads, int64_t n) {
    int64_t got = 0, segment = *cursor >> 32, place = *cursor & UINT32_MAX;
    while (segment < t->n_segments && got < n) {
        const pln__dedup_segment *s = &t->segments[segment];
        got += copy_keys(t, s, &place, keys + got * PLN_KEY_SIZE,
                         payloads == NULL ? NULL : payloads + got, n - got);
        if (!all_had(s, place))
            break;
        segment++;
        place = 0;
    }
    *cursor = segment << 32 | place;
    return got;
}

int64_t pln__dedup_table_in_order(const pln__dedup_table *t, int64_t *cursor, uint8_t *keys,
                                  int64_t *payloads, int64_t n) {
    int64_t got = 0, at = *cursor >> 32, place = *cursor & UINT32_MAX;
    while (at < (int64_t)1 << t->depth && got < n) {
        const pln__dedup_segment *s = &t->segments[t->places[at].segment];
        got += copy_keys(t, s, &place, keys + got * PLN_KEY_SIZE,
                         payloads == NULL ? NULL : payloads + got, n - got);
        if (!all_had(s, place))
            break;
        at += (int64_t)1 << (t->depth - s->depth);
        place = 0;
    }
    *cursor = at << 32 | place;
    return got;
}
