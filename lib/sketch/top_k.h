/*
 * Private to top-k. Entries lie four to a cache line, keys beside the counts that are added to; what is needed only when an entry comes or is listed
 * lies apart, by the same slots.
 *
 * An item of 8 bytes is its own key; of any other size the key is its hash, and its bytes lie in an arena. One key, drawn from the seed, marks a slot as free: an item
 * that comes to it has the next one, and lies in the arena whatever its size. A line is filled from its first slot on. An entry is in the first line from its home on
 * that had room, so that a search ends at a line that is not full. Where an entry lies depends on the seed and leaves no trace in any answer.
 */
#ifndef PLN__SKETCH_TOP_K_H
#define PLN__SKETCH_TOP_K_H

#include "base/base.h"
#include "base/little.h"
#include <pln/top_k.h>

enum {
    PLN__TOP_K_WAYS = 4,
    PLN__TOP_K_MOST = 1 << 26,      /* entries */
    PLN__TOP_K_ITEM_LEAST = 16,     /* a decimal */
    PLN__TOP_K_ITEM_MOST = 1 << 20, /* bytes */
    PLN__TOP_K_RECORD = 4,          /* bytes before an item in the arena */
    PLN__TOP_K_SHARE = 4,           /* of the entries, one in so many goes at least when there is no room */
    PLN__TOP_K_PART = 256           /* rows that are looked up together */
};

/* upper: the most that the item can have, above the sketch's error; 0 in a free slot. */
typedef struct pln__top_k_line {
    uint64_t keys[PLN__TOP_K_WAYS];
    int64_t upper[PLN__TOP_K_WAYS];
} pln__top_k_line;

/*
 * missed[slot]: what the item may have had before it was taken in, so that upper - missed was counted. places[slot]: 0 for an item that is its own key, else one
 * more than where its record lies in the arena: u32 size, bytes. places is NULL while there are only the former.
 */
struct pln_top_k {
    pln_allocator mem;
    int64_t capacity;
    int64_t item_bytes_limit;
    uint64_t seed;
    uint64_t factor;
    uint64_t free_key;
    uint32_t cpu;
    pln__top_k_line *lines;
    int64_t *missed;
    int64_t *places;
    int64_t line_count;
    int64_t used;
    int64_t total;
    int64_t error;
    pln__buffer arena;
    int64_t arena_live; /* bytes of records that an entry has */
};

/* A value on its way in. `key` as above, `hash` says its home; both are the same unless the item is its own key. */
typedef struct pln__top_k_item {
    const void *bytes;
    int64_t size;
    uint64_t key;
    uint64_t hash;
    bool apart; /* in the arena */
} pln__top_k_item;

/* ---- one sketch (top_k.c) ---- */

/* Holds `options` (NULL allowed) to their ranges; *out is whole then. */
pln_status pln__top_k_check(const pln_top_k_options *options, pln_top_k_options *out,
                            pln_error *err);
pln_status pln__top_k_make(pln_runtime *runtime, const pln_top_k_options *options, pln_top_k **out,
                           pln_error *err);
/* An empty sketch with the options of another. */
pln_status pln__top_k_like(const pln_top_k *top, pln_top_k **out, pln_error *err);
/* The entries of `from`, which is emptied; both are of one allocator and seed. */
void pln__top_k_take(pln_top_k *top, pln_top_k *from);

/* ---- entries (top_k_table.c) ---- */

static inline int64_t pln__top_k_slots(const pln_top_k *top) {
    return top->line_count * PLN__TOP_K_WAYS;
}
/* Three quarters of the slots: above, searches grow long. */
static inline int64_t pln__top_k_room(int64_t lines) {
    return lines * (PLN__TOP_K_WAYS - 1);
}
static inline int64_t pln__top_k_lines_for(int64_t entries) {
    return entries / (PLN__TOP_K_WAYS - 1) + 1;
}
/*
 * The hash of an item that is its own key: the product with a secret odd number, of which the highest bits count. Two keys fall together no more often than two that were
 * drawn at random, whoever chose them, for who does not know the number (M. Dietzfelbinger and others, "A reliable randomized algorithm for the closest-pair problem", 1997).
 */
static inline uint64_t pln__top_k_mix(uint64_t key, uint64_t factor) {
    return (key ^ key >> 32) * factor;
}
static inline int64_t pln__top_k_home(int64_t line_count, uint64_t hash) {
    return (int64_t)((hash >> 32) * (uint64_t)line_count >> 32);
}
static inline int64_t pln__top_k_next(const pln_top_k *top, int64_t line) {
    return line + 1 < top->line_count ? line + 1 : 0;
}
static inline int64_t pln__top_k_upper(const pln_top_k *top, int64_t slot) {
    return top->lines[slot / PLN__TOP_K_WAYS].upper[slot % PLN__TOP_K_WAYS];
}
/* The bytes of the item in a slot that is not free. */
static inline const void *pln__top_k_bytes(const pln_top_k *top, int64_t slot, int64_t *size) {
    int64_t place = top->places != NULL ? top->places[slot] : 0;
    *size = 8;
    if (place == 0)
        return &top->lines[slot / PLN__TOP_K_WAYS].keys[slot % PLN__TOP_K_WAYS];
    uint32_t stored;
    memcpy(&stored, top->arena.data + place - 1, 4);
    *size = stored;
    return top->arena.data + place + 3;
}

/* The slots of a line that have a key, a bit each, without a branch. */
static inline unsigned pln__top_k_taken(const pln__top_k_line *line, uint64_t key) {
    const uint64_t *k = line->keys;
    return (unsigned)(k[0] == key) | (unsigned)(k[1] == key) << 1 | (unsigned)(k[2] == key) << 2 |
           (unsigned)(k[3] == key) << 3;
}

/* Key and hash of an item whose bytes and size stand. */
void pln__top_k_hash(const pln_top_k *top, pln__top_k_item *item);
static inline pln__top_k_item pln__top_k_item_of(const pln_top_k *top, const void *bytes,
                                                 int64_t size) {
    pln__top_k_item item = {.bytes = bytes, .size = size};
    pln__top_k_hash(top, &item);
    return item;
}
/* The slot of an item; -1: there is no such entry. */
int64_t pln__top_k_find(const pln_top_k *top, const pln__top_k_item *item);
/* An entry for an item that has none. The caller has seen to it that there are fewer than the capacity. */
pln_status pln__top_k_put(pln_top_k *top, const pln__top_k_item *item, int64_t upper,
                          int64_t missed, pln_error *err);
/*
 * Slots for so many entries, at once. Entries of one sketch come in the order of their hashes: a second one that grew meanwhile would have them all at its front, and
 * search longer and longer.
 */
pln_status pln__top_k_reserve(pln_top_k *top, int64_t entries, pln_error *err);
/* Drops entries until at most `keep` are left: the least ones, and with one all that are equal to it. The error rises to the greatest dropped. */
void pln__top_k_cut(pln_top_k *top, int64_t keep);
/* Slots for the capacity and no more. */
pln_status pln__top_k_fit(pln_top_k *top, pln_error *err);
void pln__top_k_drop(pln_top_k *top);

/* ---- rows (top_k_add.c, top_k_kernels.c, top_k_avx2.c) ---- */

/* Numbers for a sketch without an arena. weights NULL: 1 each. */
typedef struct pln__top_k_words {
    const uint64_t *values;
    const int64_t *weights;
    int64_t n;
} pln__top_k_words;
/* Adds them, at most PLN__TOP_K_PART, but those that are the free key; returns how many these are. The sketch has room for n entries more. */
typedef int64_t pln__top_k_add_fn(pln_top_k *top, const pln__top_k_words *words);
pln__top_k_add_fn pln__top_k_add_plain, pln__top_k_add_avx2;

/* ---- order (top_k_list.c) ---- */

/* Of an item that has `upper` at most, `missed` of it perhaps. */
static inline int64_t pln__top_k_middle(int64_t upper, int64_t missed) {
    return upper - missed / 2;
}
typedef struct pln__top_k_query {
    int32_t guarantee;
    int64_t threshold;
    int64_t wanted;
} pln__top_k_query;
/* How many entries qualify; the slots of the first `wanted`, in the order of pln_top_k_list, go to `slots`. */
int64_t pln__top_k_pick(const pln_top_k *top, const pln__top_k_query *query, uint32_t *slots);
int pln__top_k_compare_bytes(const void *a, int64_t a_size, const void *b, int64_t b_size);

/* ---- forms (top_k_form.c, top_k_native.c, top_k_datasketches.c) ---- */

/*
 * `size` is -1 for a form that the sketch does not have. `write` has the slots of all entries in order, and writes that many bytes. `read` fills a new sketch and
 * holds every field to its range.
 */
typedef struct pln__top_k_form {
    int64_t (*size)(const pln_top_k *top);
    void (*write)(const pln_top_k *top, const uint32_t *slots, uint8_t *out);
    pln_status (*read)(pln_top_k *top, const uint8_t *bytes, int64_t size, pln_error *err);
} pln__top_k_form;
extern const pln__top_k_form pln__top_k_native, pln__top_k_longs, pln__top_k_strings;

/* Of all items. */
int64_t pln__top_k_item_bytes(const pln_top_k *top);

/* `left`: what error and entries so far leave of the total. */
typedef struct pln__top_k_counts {
    int64_t upper;
    int64_t missed;
    int64_t *left;
} pln__top_k_counts;
/* An entry that was read, held to what total, error and limit allow; `what` begins the message. */
pln_status pln__top_k_admit(pln_top_k *top, const char *what, const pln__top_k_item *item,
                            const pln__top_k_counts *counts, pln_error *err);

#endif
