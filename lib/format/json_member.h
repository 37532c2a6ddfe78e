/*
 * Private to NDJSON: which member a key names. Keys of an object are few and come again, also those that the schema does not know, so each
 * struct and union has an index of them by length, first and last bytes. `strangers` are unknown keys that have been met.
 */
#ifndef PLN__JSON_MEMBER_H
#define PLN__JSON_MEMBER_H

#include "column/column.h"
#include "format/json_scan.h"

struct pln__json_node;
enum { PLN__JSON_STRANGER = -2, PLN__JSON_STRANGER_TEXT = -1 }; /* by the value it had first */
enum { PLN__JSON_KEY_WORDS = 4, PLN__JSON_STRANGERS = 32 };
typedef struct pln__json_member pln__json_member;
struct pln__json_member {
    /* The key with its quotes and colon. One that does not fit or needs escapes has a word that no text has. */
    uint64_t words[PLN__JSON_KEY_WORDS];
    uint64_t masks[PLN__JSON_KEY_WORDS];
    int64_t key_size; /* of all that */
    struct pln__json_node *node; /* NULL: a stranger */
    pln__column *column;    /* where text goes: of strangers one that nobody reads */
    pln__json_member *next; /* a guess: which one comes after this one */
    uint64_t seen;          /* the serial of the object in which it was last met */
    int32_t kind;           /* of the node, or one of a stranger */
    int32_t known;          /* 1 unless a stranger */
    const uint8_t *name;
    int64_t size;
};

typedef struct pln__json_names {
    pln__json_member **slots; /* free ones hold `nobody` */
    pln__json_member nobody;  /* what a key names that is neither a member nor a stranger */
    uint64_t factor; /* of the hash: one that keeps the schema's names apart, where one could be found */
    uint64_t mask;   /* number of slots - 1 */
    unsigned shift;
    int32_t n_strangers;
    pln__json_member *strangers;
} pln__json_names;

/*
 * The hash sees first and last eight bytes: of names up to 16 bytes all of them. Up to seven bytes behind the name are read and do
 * not count. Without a branch, for which key comes next is often anybody's guess.
 */
static inline uint64_t pln__json_name_hash(const pln__json_names *names, const uint8_t *name,
                                           int64_t size) {
    int64_t over = size - 8, less = over >> 63; /* all ones for short names */
    uint64_t first = pln__json_load8(name) << ((uint64_t)(-8 * size) & 63);
    uint64_t last = pln__json_load8(name + (over & ~less)) & ~(uint64_t)less;
    first &= ~(uint64_t)((size - 1) >> 63);
    uint64_t mixed = (first ^ (last << 31 | last >> 33)) + (uint64_t)size;
    return (mixed * names->factor) >> names->shift;
}

/* Whether the member's key stands at p as it is, with a colon. */
static inline bool pln__json_is_key(const pln__json_member *member, const uint8_t *p) {
    uint64_t miss = (pln__json_load8(p) & member->masks[0]) ^ member->words[0];
    miss |= (pln__json_load8(p + 8) & member->masks[1]) ^ member->words[1];
    if (PLN__UNLIKELY(member->key_size > 16)) {
        miss |= (pln__json_load8(p + 16) & member->masks[2]) ^ member->words[2];
        miss |= (pln__json_load8(p + 24) & member->masks[3]) ^ member->words[3];
    }
    return miss == 0;
}

/*
 * The member whose key stands at p as it is, with a colon. `nobody`: one that has to be looked for in general, or none. The size is
 * told apart, so that reading on need not wait until the member is found.
 */
static inline pln__json_member *pln__json_member_at(pln__json_names *names, const uint8_t *p,
                                                    int64_t *key_size) {
    int64_t size = pln__json_quote32(p + 1);
    *key_size = size + 3;
    if (PLN__UNLIKELY(size > 31))
        return &names->nobody;
    for (uint64_t at = pln__json_name_hash(names, p + 1, size);; at++) {
        pln__json_member *member = names->slots[at & names->mask];
        if (PLN__LIKELY(pln__json_is_key(member, p)) || member == &names->nobody)
            return member;
    }
}

#endif
