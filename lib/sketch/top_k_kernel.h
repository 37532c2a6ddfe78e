/*
 * Adding numbers, to be compiled for each kind of processor. Before it is included: TARGET; ADD, the name of what it defines; TAKEN(line, key), the slots of a line with that
 * key, a bit each. Counts are touched one at a time only: to load a line of them just after one was stored would wait for it.
 */
#include "sketch/top_k.h"

enum { WAYS = PLN__TOP_K_WAYS, AHEAD = 12, NEAR_LINES = 4096 };

/* What stays the same while numbers are added, out of the sight of stores. */
typedef struct table {
    pln__top_k_line *lines;
    int64_t line_count;
    uint64_t factor;
    uint64_t free_key;
    int64_t *missed;
    int64_t error;
} table;

/* Where a search for a key ended: the slots that have it, at most one, and those that are free. */
typedef struct spot {
    pln__top_k_line *line;
    unsigned found;
    unsigned vacant;
} spot;

TARGET static inline spot look(const table *t, pln__top_k_line *line, uint64_t key) {
    unsigned vacant = TAKEN(line, t->free_key);
    return (spot){line, TAKEN(line, key) & ~vacant, vacant};
}

static inline pln__top_k_line *home(const table *t, uint64_t key) {
    return t->lines + pln__top_k_home(t->line_count, pln__top_k_mix(key, t->factor));
}

TARGET static inline spot search(const table *t, uint64_t key) {
    spot at = look(t, home(t, key), key);
    while (PLN__UNLIKELY((at.found | at.vacant) == 0)) {
        int64_t next = at.line - t->lines + 1;
        at = look(t, t->lines + (next < t->line_count ? next : 0), key);
    }
    return at;
}

/*
 * Those that are there get their weight; the indices of the others go to `missing`. Which they are no branch depends on, but whether a line is full that does not
 * have the key.
 */
TARGET static inline int64_t hit(const table *t, const pln__top_k_words *w, bool weighted,
                                 uint8_t *missing) {
    int64_t misses = 0;
    bool far = t->line_count > NEAR_LINES;
    for (int64_t i = 0; i < w->n; i++) {
        if (far && i + AHEAD < w->n)
            __builtin_prefetch(home(t, PLN__LE(64, w->values[i + AHEAD])), 1);
        spot at = search(t, PLN__LE(64, w->values[i]));
        uint64_t there = at.found != 0, weight = weighted ? (uint64_t)w->weights[i] : 1;
        at.line->upper[__builtin_ctz(at.found | 1u << (WAYS - 1))] += (int64_t)(weight & -there);
        missing[misses] = (uint8_t)i;
        misses += (int64_t)(there ^ 1);
    }
    return misses;
}

/* One that was not there when the others were added; it may have come meanwhile. Returns how many entries it makes. */
TARGET static inline int64_t take_in(const table *t, uint64_t key, int64_t weight) {
    spot at = search(t, key);
    if (PLN__UNLIKELY(at.found != 0)) {
        at.line->upper[__builtin_ctz(at.found)] += weight;
        return 0;
    }
    int slot = __builtin_ctz(at.vacant);
    at.line->keys[slot] = key;
    at.line->upper[slot] = t->error + weight;
    t->missed[(at.line - t->lines) * WAYS + slot] = t->error;
    return 1;
}

TARGET static inline int64_t add_all(pln_top_k *top, const pln__top_k_words words, bool weighted) {
    const table t = {top->lines,    top->line_count, top->factor,
                     top->free_key, top->missed,     top->error};
    uint8_t missing[PLN__TOP_K_PART];
    int64_t misses = hit(&t, &words, weighted, missing), left = 0, total = 0;
    int64_t taken_in = 0;
    for (int64_t k = 0; k < misses; k++) {
        uint64_t key = PLN__LE(64, words.values[missing[k]]);
        int64_t weight = weighted ? words.weights[missing[k]] : 1;
        if (PLN__UNLIKELY(key == t.free_key)) {
            left++;
            total -= weight;
        } else if (weight != 0) {
            taken_in += take_in(&t, key, weight);
        }
    }
    for (int64_t i = 0; weighted && i < words.n; i++)
        total += words.weights[i];
    top->used += taken_in;
    top->total += weighted ? total : total + words.n;
    return left;
}

TARGET int64_t ADD(pln_top_k *top, const pln__top_k_words *words) {
    return words->weights != NULL ? add_all(top, *words, true) : add_all(top, *words, false);
}
