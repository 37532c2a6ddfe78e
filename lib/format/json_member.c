#include "format/json_plan.h"

/* ---- names ---- */

static bool fits(const uint8_t *name, int64_t size) {
    bool plain = size + 3 <= PLN__JSON_KEY_WORDS * 8;
    for (int64_t i = 0; i < size && plain; i++)
        plain = name[i] >= 0x20 && name[i] != '"' && name[i] != '\\';
    return plain;
}

static void set_name(pln__json_member *member, const uint8_t *name, int64_t size) {
    uint8_t text[PLN__JSON_KEY_WORDS * 8] = {0}, mask[PLN__JSON_KEY_WORDS * 8] = {0};
    member->name = name;
    member->size = size;
    member->key_size = size + 3;
    member->words[0] = 1;
    if (!fits(name, size))
        return;
    text[0] = text[size + 1] = '"';
    text[size + 2] = ':';
    memcpy(text + 1, name, (size_t)size);
    memset(mask, 0xFF, (size_t)size + 3);
    for (int i = 0; i < PLN__JSON_KEY_WORDS; i++) {
        member->words[i] = pln__json_load8(text + i * 8);
        member->masks[i] = pln__json_load8(mask + i * 8);
    }
}

/* The name may end where memory ends. */
static uint64_t hash_of(const pln__json_names *names, const pln__json_member *member) {
    uint8_t copy[16] = {0};
    if (member->size >= 8)
        return pln__json_name_hash(names, member->name, member->size);
    memcpy(copy, member->name, (size_t)member->size);
    return pln__json_name_hash(names, copy, member->size);
}

/* ---- the index ---- */

static uint64_t slots_of(const pln__json_names *names) {
    return names->slots == NULL ? 0 : names->mask + 1;
}

/* How many steps to the right a name has had to go for a free slot. */
static int64_t place(pln__json_names *names, pln__json_member *member) {
    uint64_t home = hash_of(names, member), at = home;
    while (names->slots[at & names->mask] != &names->nobody)
        at++;
    names->slots[at & names->mask] = member;
    return (int64_t)(at - home);
}

static int64_t place_all(pln__json_names *names, pln__json_member *members, int64_t n) {
    int64_t steps = 0;
    for (uint64_t i = 0; i < slots_of(names); i++)
        names->slots[i] = &names->nobody;
    for (int64_t i = 0; i < n; i++)
        steps += place(names, &members[i]);
    return steps;
}

/* A few factors are tried, so that each of the schema's names stands where its hash says. */
static void spread(pln__json_names *names, pln__json_member *members, int64_t n) {
    enum { TRIES = 32 };
    uint64_t best = 0, factor = 0x9E3779B97F4A7C15u;
    int64_t least = INT64_MAX;
    for (int i = 0; i < TRIES && least > 0; i++, factor = factor * 0xD6E8FEB86659FD93u | 1) {
        names->factor = factor;
        int64_t steps = place_all(names, members, n);
        best = steps < least ? factor : best;
        least = steps < least ? steps : least;
    }
    names->factor = best;
    (void)place_all(names, members, n);
}

/* An index with room for `n` names; the old one, if there was one, stays where there is no memory. */
static bool make_slots(const pln_allocator *mem, pln__json_names *names, int64_t n) {
    unsigned bits = 3;
    while (UINT64_C(1) << bits < (uint64_t)n * 4)
        bits++;
    uint64_t size = sizeof *names->slots << bits;
    pln__json_member **slots = pln__alloc(mem, size);
    if (slots == NULL)
        return false;
    pln__free(mem, names->slots, slots_of(names) * sizeof *names->slots);
    names->slots = slots;
    names->mask = (UINT64_C(1) << bits) - 1;
    names->shift = 64 - bits;
    return true;
}

pln_status pln__json_names_open(pln__decoder *self, pln__json_node *node, pln_error *err) {
    pln__json_names *names = &node->names;
    names->nobody = (pln__json_member){
        .words = {1}, .column = &self->scratch, .next = &names->nobody, .kind = PLN__JSON_STRANGER};
    node->first = &names->nobody;
    for (int64_t i = 0; i < node->n_children; i++) {
        pln__json_node *child = &node->children[i];
        node->members[i] = (pln__json_member){.node = child,
                                              .column = child->column,
                                              .next = &names->nobody,
                                              .kind = child->kind,
                                              .known = 1};
        set_name(&node->members[i], (const uint8_t *)child->name, (int64_t)strlen(child->name));
    }
    if (!make_slots(self->mem, names, node->n_children))
        return pln__error_memory(err, (uint64_t)node->n_children * 4 * sizeof *names->slots);
    spread(names, node->members, node->n_children);
    return PLN_OK;
}

void pln__json_names_close(const pln_allocator *mem, pln__json_names *names) {
    pln__free(mem, names->slots, slots_of(names) * sizeof *names->slots);
    pln__free(mem, names->strangers, PLN__JSON_STRANGERS * sizeof *names->strangers);
}

pln__json_member *pln__json_member_of(const pln__json_names *names, const uint8_t *name,
                                      int64_t size) {
    for (uint64_t at = pln__json_name_hash(names, name, size);; at++) {
        pln__json_member *member = names->slots[at & names->mask];
        if (member == &names->nobody)
            return NULL;
        if (member->size == size && memcmp(member->name, name, (size_t)size) == 0)
            return member;
    }
}

/* ---- strangers ---- */

static bool make_strangers(pln__decoder *self, pln__json_node *node) {
    static const struct ArrowSchema text = {
        .format = "u", .name = "", .flags = ARROW_FLAG_NULLABLE};
    enum { TEXTS = 256, TEXT_SIZE = 4096 };
    pln__json_names *names = &node->names;
    if (self->scratch.mem == NULL &&
        (pln__column_init(self->mem, &text, &self->scratch, NULL) < 0 ||
         pln__column_reserve(&self->scratch, TEXTS, TEXT_SIZE, NULL) < 0))
        return false;
    names->strangers = pln__calloc(self->mem, PLN__JSON_STRANGERS, sizeof *names->strangers);
    if (names->strangers == NULL ||
        !make_slots(self->mem, names, node->n_children + PLN__JSON_STRANGERS))
        return false;
    spread(names, node->members, node->n_children);
    return true;
}

/* Memory that cannot be had is no failure here: such a key is compared with the others of its object as ever. */
pln__json_member *pln__json_meet(pln__decoder *self, pln__json_node *node, const uint8_t *name,
                                 int64_t size, bool text) {
    pln__json_names *names = &node->names;
    if (names->n_strangers == PLN__JSON_STRANGERS || !fits(name, size))
        return NULL;
    if (names->strangers == NULL && !make_strangers(self, node)) {
        names->n_strangers = PLN__JSON_STRANGERS; /* for good, or a key could be met twice as the first */
        return NULL;
    }
    pln__json_member *stranger = &names->strangers[names->n_strangers++];
    stranger->column = &self->scratch;
    stranger->next = &names->nobody;
    stranger->kind = text ? PLN__JSON_STRANGER_TEXT : PLN__JSON_STRANGER;
    set_name(stranger, name, size);
    stranger->name = (const uint8_t *)stranger->words + 1; /* the text goes, the key stays */
    place(names, stranger);
    return stranger;
}
