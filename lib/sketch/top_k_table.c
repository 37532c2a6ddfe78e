/* Entries: searching, putting in, dropping the least, and the arena of their bytes. */
#include "sketch/top_k.h"

enum { WAYS = PLN__TOP_K_WAYS, FIRST_LINES = 6, RECORD = PLN__TOP_K_RECORD };

/* In place: an item that is returned would be read as a whole while its parts are still being stored. */
void pln__top_k_hash(const pln_top_k *top, pln__top_k_item *item) {
    uint64_t key;
    item->apart = item->size != 8;
    if (item->apart) {
        key = item->hash = pln__hash64(item->bytes, item->size, top->seed);
    } else {
        memcpy(&key, item->bytes, 8);
        item->hash = pln__top_k_mix(key, top->factor);
    }
    item->key = key;
    if (PLN__UNLIKELY(key == top->free_key)) {
        item->key = item->hash = top->free_key + 1;
        item->apart = true;
    }
}

/* Items are short as a rule, and the last word of one may overlap the one before. */
static bool equal(const uint8_t *a, const uint8_t *b, int64_t size) {
    uint64_t x, y;
    if (size < 8 || size > 64)
        return memcmp(a, b, (size_t)size) == 0;
    memcpy(&x, a + size - 8, 8);
    memcpy(&y, b + size - 8, 8);
    uint64_t differ = x ^ y;
    for (int64_t i = 0; i + 8 < size; i += 8) {
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        differ |= x ^ y;
    }
    return differ == 0;
}

static bool same(const pln_top_k *top, int64_t slot, const pln__top_k_item *item) {
    int64_t size;
    if (!item->apart)
        return top->places == NULL || top->places[slot] == 0;
    const uint8_t *bytes = pln__top_k_bytes(top, slot, &size);
    return size == item->size && equal(bytes, item->bytes, size);
}

/* Items with one key, of which there are two only if somebody made them so, may lie in one line. */
int64_t pln__top_k_find(const pln_top_k *top, const pln__top_k_item *item) {
    if (top->lines == NULL)
        return -1;
    for (int64_t at = pln__top_k_home(top->line_count, item->hash);;
         at = pln__top_k_next(top, at)) {
        const pln__top_k_line *line = top->lines + at;
        for (unsigned found = pln__top_k_taken(line, item->key); found != 0; found &= found - 1) {
            int64_t slot = at * WAYS + __builtin_ctz(found);
            if (same(top, slot, item))
                return slot;
        }
        if (line->keys[WAYS - 1] == top->free_key)
            return -1;
    }
}

/* ---- the arena ---- */

static int64_t record_size(const pln_top_k *top, int64_t slot) {
    int64_t size;
    if (top->places == NULL || top->places[slot] == 0)
        return 0;
    (void)pln__top_k_bytes(top, slot, &size);
    return size + RECORD;
}

/*
 * Records of entries move to the front, in their order and without other memory: a record lends the place of its size to its entry's slot, and the entry keeps
 * the size meanwhile.
 */
static void compact(pln_top_k *top) {
    const uint32_t live = (uint32_t)1 << 31;
    uint8_t *data = top->arena.data;
    for (int64_t slot = 0; slot < pln__top_k_slots(top); slot++) {
        int64_t place = top->places[slot];
        uint32_t size, mark = live | (uint32_t)slot;
        if (place == 0)
            continue;
        memcpy(&size, data + place - 1, RECORD);
        memcpy(data + place - 1, &mark, RECORD);
        top->places[slot] = size;
    }
    int64_t to = 0;
    for (int64_t at = 0, next; at < top->arena.size; at = next) {
        uint32_t mark, size;
        memcpy(&mark, data + at, RECORD);
        int64_t slot = mark & ~live;
        size = mark & live ? (uint32_t)top->places[slot] : mark;
        next = at + RECORD + size;
        if (!(mark & live))
            continue;
        memcpy(data + to, &size, RECORD);
        memmove(data + to + RECORD, data + at + RECORD, size);
        top->places[slot] = to + 1;
        to += RECORD + size;
    }
    top->arena.size = to;
}

/* At least a quarter of what is moved has gone, else the arena grows: so both are paid for by items that came. */
static pln_status reserve(pln_top_k *top, int64_t size, pln_error *err) {
    pln__buffer *arena = &top->arena;
    if (size <= arena->capacity - arena->size)
        return PLN_OK;
    if ((arena->size - top->arena_live) * 4 >= arena->size && arena->size > 0)
        compact(top);
    return pln__buffer_reserve(&top->mem, arena, size, err);
}

static int64_t store(pln_top_k *top, const pln__top_k_item *item) {
    pln__buffer *arena = &top->arena;
    uint32_t size = (uint32_t)item->size;
    int64_t place = arena->size + 1;
    memcpy(arena->data + arena->size, &size, RECORD);
    if (size > 0)
        memcpy(arena->data + arena->size + RECORD, item->bytes, size);
    arena->size += RECORD + size;
    top->arena_live += RECORD + size;
    return place;
}

/* ---- slots ---- */

typedef struct entry {
    uint64_t key;
    int64_t upper;
    int64_t missed;
    int64_t place;
} entry;

static entry entry_at(const pln_top_k *top, int64_t slot) {
    const pln__top_k_line *line = top->lines + slot / WAYS;
    return (entry){line->keys[slot % WAYS], line->upper[slot % WAYS], top->missed[slot],
                   top->places != NULL ? top->places[slot] : 0};
}

static void set_slot(pln_top_k *top, int64_t slot, const entry *e) {
    pln__top_k_line *line = top->lines + slot / WAYS;
    line->keys[slot % WAYS] = e->key;
    line->upper[slot % WAYS] = e->upper;
    top->missed[slot] = e->missed;
    if (top->places != NULL)
        top->places[slot] = e->place;
}

static int64_t home_of(const pln_top_k *top, const entry *e) {
    uint64_t hash = e->place != 0 ? e->key : pln__top_k_mix(e->key, top->factor);
    return pln__top_k_home(top->line_count, hash);
}

static bool is_full(const pln_top_k *top, int64_t at) {
    return top->lines[at].keys[WAYS - 1] != top->free_key;
}

/* To the first line from `at` on that is not full. */
static void place(pln_top_k *top, const entry *e, int64_t at) {
    while (is_full(top, at))
        at = pln__top_k_next(top, at);
    unsigned vacant = pln__top_k_taken(top->lines + at, top->free_key);
    set_slot(top, at * WAYS + __builtin_ctz(vacant), e);
}

/* Those of a line from slot i on. */
static void clear_slots(pln_top_k *top, int64_t at, int64_t i) {
    pln__top_k_line *line = top->lines + at;
    for (; i < WAYS; i++) {
        line->keys[i] = top->free_key;
        line->upper[i] = 0;
        if (top->places != NULL)
            top->places[at * WAYS + i] = 0;
    }
}

static void free_slots(pln_top_k *top) {
    int64_t slots = pln__top_k_slots(top);
    pln__aligned_free(&top->mem, top->lines, top->line_count * (int64_t)sizeof *top->lines);
    pln__free(&top->mem, top->missed, (uint64_t)slots * 8);
    pln__free(&top->mem, top->places, (uint64_t)slots * 8);
    top->lines = NULL;
    top->missed = top->places = NULL;
    top->line_count = 0;
}

void pln__top_k_drop(pln_top_k *top) {
    free_slots(top);
    pln__buffer_free(&top->mem, &top->arena);
    top->arena_live = 0;
    top->used = 0;
}

static pln_status resize(pln_top_k *top, int64_t lines, pln_error *err) {
    pln_top_k was = *top;
    uint64_t slots = (uint64_t)lines * WAYS, bytes = (uint64_t)lines * sizeof *top->lines;
    top->lines = (pln__top_k_line *)(void *)pln__aligned_alloc(&top->mem, (int64_t)bytes);
    top->missed = pln__alloc(&top->mem, slots * 8);
    top->places = was.places != NULL ? pln__calloc(&top->mem, slots, 8) : NULL;
    top->line_count = lines;
    if (top->lines == NULL || top->missed == NULL || (was.places != NULL && top->places == NULL)) {
        free_slots(top);
        *top = was;
        return pln__error_memory(err, bytes + slots * 16);
    }
    for (int64_t at = 0; at < lines; at++)
        clear_slots(top, at, 0);
    for (int64_t slot = 0; slot < pln__top_k_slots(&was); slot++) {
        entry e = entry_at(&was, slot);
        if (e.upper != 0)
            place(top, &e, home_of(top, &e));
    }
    free_slots(&was);
    return PLN_OK;
}

static int64_t lines_most(const pln_top_k *top) {
    return pln__top_k_lines_for(top->capacity);
}

pln_status pln__top_k_reserve(pln_top_k *top, int64_t entries, pln_error *err) {
    return entries > 0 ? resize(top, pln__top_k_lines_for(entries), err) : PLN_OK;
}

pln_status pln__top_k_fit(pln_top_k *top, pln_error *err) {
    return top->line_count <= lines_most(top) ? PLN_OK : resize(top, lines_most(top), err);
}

/* A slot, and a place for the item's bytes. */
static pln_status make_room(pln_top_k *top, const pln__top_k_item *item, pln_error *err) {
    pln_status status = PLN_OK;
    if (top->used >= pln__top_k_room(top->line_count) && top->line_count < lines_most(top)) {
        int64_t lines = top->line_count == 0 ? FIRST_LINES : top->line_count * 2;
        status = resize(top, lines < lines_most(top) ? lines : lines_most(top), err);
    }
    if (status < 0 || !item->apart)
        return status;
    if (top->places == NULL) {
        uint64_t slots = (uint64_t)pln__top_k_slots(top);
        top->places = pln__calloc(&top->mem, slots, 8);
        if (top->places == NULL)
            return pln__error_memory(err, slots * 8);
    }
    return reserve(top, RECORD + item->size, err);
}

pln_status pln__top_k_put(pln_top_k *top, const pln__top_k_item *item, int64_t upper,
                          int64_t missed, pln_error *err) {
    pln_status status = make_room(top, item, err);
    if (status < 0)
        return status;
    entry e = {item->key, upper, missed, item->apart ? store(top, item) : 0};
    place(top, &e, pln__top_k_home(top->line_count, item->hash));
    top->used++;
    return PLN_OK;
}

/* ---- dropping the least ---- */

enum { LENGTHS = 65, BITS = 10, VALUES = 1 << BITS };

/* What a slot has over the error, at least 1; of a free one more than any entry has. */
static uint64_t over_at(const pln_top_k *top, int64_t slot) {
    return (uint64_t)(pln__top_k_upper(top, slot) - top->error) -
           (pln__top_k_upper(top, slot) == 0);
}

/* How many entries have so many bits over the error; a table for each slot of a line, so that equal ones do not wait for each other. */
static void count_lengths(const pln_top_k *top, uint32_t counts[LENGTHS]) {
    uint32_t tables[WAYS][LENGTHS] = {{0}};
    for (int64_t i = 0; i < pln__top_k_slots(top); i += WAYS)
        for (int k = 0; k < WAYS; k++)
            tables[k][64 - __builtin_clzll(over_at(top, i + k))]++;
    for (int i = 0; i < LENGTHS; i++)
        counts[i] = tables[0][i] + tables[1][i] + tables[2][i] + tables[3][i];
}

/* Of entries that have the bits of `prefix` from `known` on, how many have each value of the `more` bits that follow; the others are counted last. */
static void count_bits(const pln_top_k *top, uint64_t prefix, int known, int more,
                       uint32_t counts[VALUES + 1]) {
    memset(counts, 0, (VALUES + 1) * sizeof *counts);
    for (int64_t slot = 0; slot < pln__top_k_slots(top); slot++) {
        uint64_t over = over_at(top, slot), other = (over ^ prefix) >> known != 0;
        uint64_t bits = over >> (known - more) & (((uint64_t)1 << more) - 1);
        counts[other ? VALUES : bits]++;
    }
}

/* The n-th least of all uppers, from 1: how many bits it has over the error, which as a rule is one; then the bits, from the highest. */
static int64_t nth_upper(const pln_top_k *top, int64_t n) {
    uint32_t counts[VALUES + 1];
    int64_t left = n;
    int known = 1;
    count_lengths(top, counts);
    while (left > (int64_t)counts[known])
        left -= counts[known++];
    uint64_t prefix = (uint64_t)1 << --known;
    while (known > 0) {
        int more = known < BITS ? known : BITS;
        uint64_t bits = 0;
        count_bits(top, prefix, known, more, counts);
        while (left > (int64_t)counts[bits])
            left -= counts[bits++];
        known -= more;
        prefix |= bits << known;
    }
    return top->error + (int64_t)prefix;
}

/* The records of those of a line that are over the error. */
static void gather_records(pln_top_k *top, int64_t at) {
    int64_t kept = at * WAYS;
    for (int64_t slot = at * WAYS; slot < (at + 1) * WAYS; slot++) {
        bool stays = pln__top_k_upper(top, slot) > top->error;
        top->arena_live -= stays ? 0 : record_size(top, slot);
        top->places[kept] = top->places[slot];
        kept += stays;
    }
}

/* Those of a line that are over the error move to its front; returns how many. No branch depends on which they are. */
static int64_t gather_line(pln_top_k *top, int64_t at) {
    pln__top_k_line *line = top->lines + at;
    int64_t *missed = top->missed + at * WAYS, kept = 0, had = 0, error = top->error;
    if (top->places != NULL)
        gather_records(top, at);
    for (int64_t i = 0; i < WAYS; i++) {
        int64_t upper = line->upper[i];
        line->keys[kept] = line->keys[i];
        line->upper[kept] = upper;
        missed[kept] = missed[i];
        had += upper != 0;
        kept += upper > error;
    }
    top->used -= had - kept;
    clear_slots(top, at, kept);
    return kept;
}

/* Those of the first n entries of a line that have room in a line between their home and this one, go there. */
static void settle_line(pln_top_k *top, int64_t at, int64_t n) {
    for (int64_t i = n; i-- > 0;) {
        entry e = entry_at(top, at * WAYS + i);
        int64_t to = home_of(top, &e);
        while (to != at && is_full(top, to))
            to = pln__top_k_next(top, to);
        if (to == at)
            continue;
        place(top, &e, to);
        entry last = entry_at(top, at * WAYS + --n);
        clear_slots(top, at, n);
        if (i < n)
            set_slot(top, at * WAYS + i, &last);
    }
}

/*
 * Line by line from behind one that is not full, where no search crosses: the lines before have lost what they had to lose, so that an entry finds its place among
 * them or where it is. Behind a line that was not full, all are at home.
 */
void pln__top_k_cut(pln_top_k *top, int64_t keep) {
    int64_t at = 0;
    bool behind_full = false;
    if (top->used <= keep)
        return;
    top->error = nth_upper(top, top->used - keep);
    while (is_full(top, at))
        at++;
    for (int64_t i = 0; i < top->line_count; i++) {
        at = pln__top_k_next(top, at);
        bool full = is_full(top, at);
        int64_t kept = gather_line(top, at);
        if (behind_full)
            settle_line(top, at, kept);
        behind_full = full;
    }
}
