/*
 * Differences in the making: the walk over two contracts (diff.c, diff_property.c, diff_quality.c, diff_top.c), the list of changes and what they mean
 * together (diff_report.c), versions (version.c).
 */
#ifndef PLN__CONTRACT_DIFF_INTERNAL_H
#define PLN__CONTRACT_DIFF_INTERNAL_H

#include "contract/contract.h"

enum {
    CONSUMERS = PLN_CONTRACT_BREAKS_CONSUMERS,
    PRODUCERS = PLN_CONTRACT_BREAKS_PRODUCERS,
    EVERYBODY = CONSUMERS | PRODUCERS
};

struct pln_contract_diff {
    const pln_allocator *mem;
    pln__arena arena;
    pln_contract_change *changes;
    int64_t n, capacity;
    int32_t most;
    bool truncated;
    pln_contract_verdict verdict;
};

typedef struct pln__differ {
    pln_contract_diff *out;
    const pln_contract *before, *after;
    pln__map *acknowledged;
    pln_error *err;
    pln_status status; /* once below 0, nothing is listed any more */
} pln__differ;

/* One change. `step` counts where nobody breaks; a reason is of whom it breaks. */
typedef struct pln__note {
    const char *kind;
    int32_t breaks, step;
    const json *before, *after;
    const char *reason;
} pln__note;

/* The texts: "where: " and the words, which take a value's text where they have a %s. */
void pln__diff_note(pln__differ *d, const pln__text *where, pln__note note, const char *format, ...)
    PLN__PRINTF(4, 5);
/* Whom it breaks that less is promised (looser) or more is demanded (tighter), as a note; EVERYBODY where that cannot be told. */
pln__note pln__note_of(const char *kind, int32_t breaks, const json *before, const json *after);
/* A place below another: ".name" or "[]"; returns what to give to pln__place_up. */
int64_t pln__place_down(pln__text *where, const char *step);
void pln__place_up(pln__text *where, int64_t size);

/* A member of both that is words only; nothing if it is the same. */
void pln__diff_words(pln__differ *d, const pln__text *where, const json *a, const json *b,
                     const char *key);
/* The same for all members that are in none of the lists, which end with NULL. */
void pln__diff_rest(pln__differ *d, const pln__text *where, const json *a, const json *b,
                    const char *const *done);

/* ---- pairs of two lists ---- */

/* What an item is known by, as a text; false: by nothing. */
typedef bool pln__key_of(const pln__differ *d, const json *item, pln__text *out);
typedef struct pln__pairs {
    const json **before, **after; /* of one number: a pair, or NULL in one of the two */
    int64_t n;
} pln__pairs;
/* By the first key that both have, in the order of `keys`; pairs in the order of the old list, what is new behind them. */
void pln__pair(pln__differ *d, const json *a, const json *b, pln__key_of *const *keys, int n_keys,
               pln__pairs *out);
pln__key_of pln__key_id, pln__key_name;

/* ---- parts ---- */

void pln__diff_property(pln__differ *d, pln__text *where, const json *a, const json *b);
void pln__diff_properties(pln__differ *d, pln__text *where, const json *a, const json *b);
void pln__diff_quality(pln__differ *d, pln__text *where, const json *a, const json *b);
void pln__diff_relationships(pln__differ *d, pln__text *where, const json *a, const json *b);
void pln__diff_servers(pln__differ *d);
void pln__diff_sla(pln__differ *d);
void pln__diff_roles(pln__differ *d);
/* How numbers changed that are the lower (or upper) end of what may be: CONSUMERS looser, PRODUCERS tighter. */
int32_t pln__breaks_of_bound(double before, double after, bool lower);
/* Values of two arrays: PRODUCERS some are gone, CONSUMERS some are new. */
int32_t pln__breaks_of_values(pln__differ *d, const json *a, const json *b);

/* The step from one version to the other; *initial: the first is below 1.0.0. */
int32_t pln__version_step(const char *before, const char *after, bool *initial);

#endif
