/*
 * Adding items that are their own keys, to be compiled for each kind of processor. Before it is included: TARGET; ADD, the name of what it defines; TAKEN(line, key), the
 * slots of a line with that key, a bit each. Counts are touched one at a time only: to load a line of them just after one was stored would wait for it.
 */
#include "sketch/top_k.h"

enum { WAYS = PLN__TOP_K_WAYS, AHEAD = 12, NEAR_LINES = 4096 };

/* Where a search for an item ended: the slots that have it, at most one, and those that are free. */
typedef struct spot {
    pln__top_k_line *line;
    unsigned found;
    unsigned vacant;
} spot;

TARGET static inline spot search(const pln_top_k *top, uint64_t key, uint64_t hash) {
    pln__top_k_line *line = top->lines + pln__top_k_home(top, hash);
    spot at = {line, TAKEN(line, key), TAKEN(line, top->free_key)};
    while (PLN__UNLIKELY((at.found | at.vacant) == 0)) {
        at.line = top->lines + pln__top_k_next(top, at.line - top->lines);
        at.found = TAKEN(at.line, key);
        at.vacant = TAKEN(at.line, top->free_key);
    }
    return at;
}

/*
 * Those that are there get their weight; the indices of the others go to `missing`. Which they are no branch depends on, but whether a line is full that does not
 * have the item.
 */
TARGET static inline int64_t hit(const pln_top_k *top, const pln__top_k_words *w, bool weighted,
                                 uint8_t *missing) {
    int64_t misses = 0;
    bool far = top->line_count > NEAR_LINES;
    for (int64_t i = 0; i < w->n; i++) {
        if (far && i + AHEAD < w->n)
            __builtin_prefetch(top->lines + pln__top_k_home(top, w->hashes[i + AHEAD]), 1);
        spot at = search(top, w->keys[i], w->hashes[i]);
        uint64_t there = at.found != 0, weight = weighted ? (uint64_t)w->weights[i] : 1;
        at.line->upper[__builtin_ctz(at.found | 1u << (WAYS - 1))] += (int64_t)(weight & -there);
        missing[misses] = (uint8_t)i;
        misses += (int64_t)(there ^ 1);
    }
    return misses;
}

/* One that was not there when the others were added; it may have come meanwhile. */
TARGET static inline void take_in(pln_top_k *top, uint64_t key, uint64_t hash, int64_t weight) {
    spot at = search(top, key, hash);
    if (PLN__UNLIKELY(weight == 0))
        return;
    if (PLN__UNLIKELY(at.found != 0)) {
        at.line->upper[__builtin_ctz(at.found)] += weight;
        return;
    }
    int slot = __builtin_ctz(at.vacant);
    at.line->keys[slot] = key;
    at.line->upper[slot] = top->error + weight;
    top->missed[(at.line - top->lines) * WAYS + slot] = top->error;
    top->used++;
}

TARGET static inline void add_all(pln_top_k *top, const pln__top_k_words *w, bool weighted) {
    uint8_t missing[PLN__TOP_K_PART];
    int64_t misses = hit(top, w, weighted, missing);
    for (int64_t k = 0; k < misses; k++) {
        int64_t i = missing[k];
        take_in(top, w->keys[i], w->hashes[i], weighted ? w->weights[i] : 1);
    }
    for (int64_t i = 0; i < w->n; i++)
        top->total += weighted ? w->weights[i] : 1;
}

TARGET void ADD(pln_top_k *top, const pln__top_k_words *w) {
    if (w->weights != NULL)
        add_all(top, w, true);
    else
        add_all(top, w, false);
}
