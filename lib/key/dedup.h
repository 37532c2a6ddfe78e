/*
 * Private to the deduplication index: one table of keys, and the index around one or two of them.
 *
 * A table is a number of segments, each a small hash table of its own; the highest bits of a key's hash choose the segment through a directory, the lowest
 * 32 the group of places in it. A group has 16 places and a byte for each: 0 where it is free, else a tag of eight other bits of the hash. So a
 * key that is new is known by 16 bytes that lie close to those of other keys, and one that is there costs one access more (the tags are those of the Swiss
 * tables of M. Kulukundis and others, 2017). A group that is full goes over into the next.
 *
 * A segment that is full is laid out anew, a little larger, and divides in two where it would become the size of two: so memory is
 * never far from what the keys need, and no step of growth touches more than some thousand keys (extendible hashing: R. Fagin and others, 1979).
 */
#ifndef PLN__KEY_DEDUP_H
#define PLN__KEY_DEDUP_H

#include "base/base.h"
#include "base/little.h"
#include "key/key.h"
#include "sketch/sketch.h"
#include <pln/dedup.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    PLN__DEDUP_GROUP = 16,
    PLN__DEDUP_STEP = 48,                   /* groups by which a segment grows */
    PLN__DEDUP_HALF = 5 * PLN__DEDUP_STEP,  /* groups of each half of one that divides, and less than a step more */
    PLN__DEDUP_MOST = 9 * PLN__DEDUP_STEP,  /* it divides from so many on */
    PLN__DEDUP_DEPTH = 28,
    PLN__DEDUP_PART = 64,                   /* keys that are asked for before the first is looked at */
    PLN__DEDUP_CHUNK = PLN__DEDUP_FETCH     /* keys that the store is asked for at once */
};
#define PLN__DEDUP_EXPECTED_MOST (INT64_C(1) << 38)

/* `tags` has a tag for each place, and behind them are the keys and, in a table with payloads, the payloads. */
typedef struct pln__dedup_segment {
    uint8_t *tags;
    uint32_t groups;
    uint32_t used;
    uint32_t depth; /* bits of the hash that all its keys share */
} pln__dedup_segment;

/* An entry of the directory, which has what a look-up needs. */
typedef struct pln__dedup_place {
    uint8_t *tags;
    uint32_t groups;
    uint32_t segment;
} pln__dedup_place;

typedef struct pln__dedup_table {
    const pln_allocator *mem;
    uint64_t mix[2];
    bool payload;
    int64_t before; /* what is less is forgotten */
    pln__dedup_place *places; /* 2^depth */
    uint32_t depth;
    pln__dedup_segment *segments;
    int64_t n_segments, capacity;
    int64_t count;
    int64_t memory;
    int64_t limit; /* of memory */
    int64_t swept; /* the segment that is swept next */
} pln__dedup_table;

/* Keys that went to the store: how many since it was empty, and the greatest payload among them. */
typedef struct pln__dedup_filter {
    pln_bloom *bloom;
    int64_t keys;
    int64_t newest;
} pln__dedup_filter;

/* Keys on their way to the store, or those that it is asked for: `index` says which of the keys at hand. */
typedef struct pln__dedup_talk {
    uint8_t keys[PLN__DEDUP_CHUNK * PLN_KEY_SIZE];
    int64_t payloads[PLN__DEDUP_CHUNK];
    int16_t index[PLN__DEDUP_CHUNK];
    int64_t n;
    /* What `old` and the store know of the keys at hand: a bit each, and payloads, if there are any. */
    uint64_t there[PLN__DEDUP_CHUNK / 64];
    int64_t numbers[PLN__DEDUP_CHUNK];
} pln__dedup_talk;

struct pln_dedup {
    pln_allocator mem;
    pln__dedup_table young;
    /* With a store: the generation that is on its way there, what is there already, and how far it has come. */
    bool has_store;
    pln_dedup_store store;
    int64_t budget;
    uint64_t seed;
    pln__dedup_table old;
    int64_t cursor;
    /* Two filters where keys can be forgotten, so that one of them can be emptied; else one. */
    pln__dedup_filter filters[2];
    int32_t n_filters;
    int32_t filling;
    pln__dedup_talk *talk;
    int64_t stored, asked, in_vain;
};

/* ---- one table (dedup_table.c) ---- */

/* Its parameters; nothing is allocated. */
void pln__dedup_table_init(pln__dedup_table *table, const pln_allocator *mem,
                           const pln_dedup_options *options);
/* Room for some keys, if there is none at all. */
pln_status pln__dedup_table_room(pln__dedup_table *table, int64_t expected, pln_error *err);
/* Without keys or memory; what is forgotten stays known. */
void pln__dedup_table_empty(pln__dedup_table *table);
pln_status pln__dedup_grow(pln__dedup_table *table, uint32_t segment, pln_error *err);
pln_status pln__dedup_table_sweep(pln__dedup_table *table, int64_t keys, int64_t *removed,
                                  pln_error *err);
/*
 * The keys from *cursor on that are not forgotten, at most n of them, to keys and payloads (which may be NULL); returns how many, 0 at the end. A cursor is
 * a segment (the high half) and a place in it.
 */
int64_t pln__dedup_table_next(const pln__dedup_table *table, int64_t *cursor, uint8_t *keys,
                              int64_t *payloads, int64_t n);
/* The same by the first bits of the keys' hashes: the high half is a place in the directory. */
int64_t pln__dedup_table_in_order(const pln__dedup_table *table, int64_t *cursor, uint8_t *keys,
                                  int64_t *payloads, int64_t n);

/* ---- keys in a table (dedup_kernels.c) ---- */

/* What a look-up of n keys, at most PLN__DEDUP_PART, will touch is on its way; their hashes. */
void pln__dedup_prefetch(const pln__dedup_table *table, const uint8_t *keys, int64_t n,
                         uint64_t *hashes);

/* n keys, at most PLN__DEDUP_PART, that are added where they are not there, to a table with room; payloads may be NULL, and held, too. */
pln_status pln__dedup_put(pln__dedup_table *table, const uint8_t *keys, const int64_t *payloads,
                          int64_t n, uint64_t *fresh, int64_t *held, pln_error *err);
/* Of the keys in the set *wanted, those that are there: *found; of them the payloads go to held, if it is not NULL. */
void pln__dedup_find(const pln__dedup_table *table, const uint8_t *keys, int64_t n, uint64_t wanted,
                     uint64_t *found, int64_t *held);

static inline uint64_t pln__dedup_hash(const pln__dedup_table *table, uint64_t low, uint64_t high) {
    __extension__ unsigned __int128 product =
        (unsigned __int128)(low ^ table->mix[0]) * (high ^ table->mix[1]);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
static inline uint64_t pln__dedup_directory(uint32_t depth, uint64_t hash) {
    return hash >> 1 >> (63 - depth);
}
static inline uint32_t pln__dedup_group(uint32_t groups, uint64_t hash) {
    return (uint32_t)((uint64_t)(uint32_t)hash * groups >> 32);
}
/* 1 to 255. */
static inline uint8_t pln__dedup_tag(uint64_t hash) {
    return (uint8_t)((hash >> 32 & 255) * 255 / 256 + 1);
}
/* Bit k: tag k of the group is `tag`. */
static inline unsigned pln__dedup_equal(const uint8_t *group, uint8_t tag) {
#if defined(__x86_64__)
    __m128i at = _mm_load_si128((const __m128i *)(const void *)group);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(at, _mm_set1_epi8((char)tag)));
#else
    unsigned set = 0;
    for (int k = 0; k < PLN__DEDUP_GROUP; k++)
        set |= (unsigned)(group[k] == tag) << k;
    return set;
#endif
}
/* So many places may be taken: seven of eight, beyond which groups too often go over. */
static inline uint32_t pln__dedup_full(uint32_t groups) {
    return (uint32_t)((uint64_t)groups * PLN__DEDUP_GROUP * 7 / 8);
}
static inline uint8_t *pln__dedup_key(uint8_t *tags, uint32_t groups, int64_t place) {
    return tags + (size_t)groups * PLN__DEDUP_GROUP + place * PLN_KEY_SIZE;
}
static inline int64_t *pln__dedup_payloads(uint8_t *tags, uint32_t groups) {
    return (int64_t *)(void *)(tags + (size_t)groups * PLN__DEDUP_GROUP * (1 + PLN_KEY_SIZE));
}

/* The first n bits of a word, n at most 64, as bytes. */
static inline void pln__dedup_put_bits(uint8_t *fresh, uint64_t word, int64_t n) {
    uint8_t bytes[8];
    pln__store_le64(bytes, word);
    memcpy(fresh, bytes, (size_t)(n + 7) / 8);
}

/* ---- behind it (dedup_spill.c) ---- */

pln_status pln__dedup_behind_new(pln_dedup *dedup, pln_error *err);
void pln__dedup_behind_free(pln_dedup *dedup);
void pln__dedup_behind_clear(pln_dedup *dedup);
int64_t pln__dedup_behind_memory(const pln_dedup *dedup);
/* So many keys at most are made room for at once. */
int64_t pln__dedup_behind_expected(const pln_dedup *dedup);
/* n keys, at most PLN__DEDUP_CHUNK, as pln__dedup_put. */
pln_status pln__dedup_behind(pln_dedup *dedup, const uint8_t *keys, const int64_t *payloads,
                             int64_t n, uint8_t *fresh, int64_t *held, pln_error *err);
/* Room for n keys, at most PLN__DEDUP_CHUNK, and what `old` and the store know of them, to `talk`. */
pln_status pln__dedup_behind_look(pln_dedup *dedup, const uint8_t *keys, int64_t n, pln_error *err);

#endif
