#include "format/json_put.h"

#define ALWAYS static inline __attribute__((always_inline))

const uint8_t *pln__json_skip(pln__decoder *self, const uint8_t *p, int64_t depth) {
    pln__json_fault fault;
    uint64_t high = 0;
    if (*p == '"') {
        const uint8_t *quote = pln__json_scan(p + 1, &high);
        if (PLN__LIKELY(high == 0 && *quote == '"'))
            return quote + 1;
    }
    const uint8_t *end = pln__json_check(p, self->depth_max - depth, self->cpu, &fault);
    return end != NULL ? end : pln__json_broken(self, &fault);
}

/* ---- numbers ---- */

/* Whole numbers of at most 19 digits; whatever else goes the long way. */
ALWAYS const uint8_t *read_int(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                               int64_t depth) {
    uint64_t value;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_integer(p + negative, &value);
    if (PLN__UNLIKELY(end == NULL || *end == '.' || (*end | 0x20) == 'e' ||
                      value > (negative ? node->least : node->most)))
        return pln__json_scalar(self, node, p, depth);
    int64_t number = (int64_t)(negative ? 0 - value : value);
    return pln__json_put_int(self, node->column, number) ? end : NULL;
}

ALWAYS const uint8_t *read_float64(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                   int64_t depth) {
    uint64_t digits;
    unsigned fraction;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_plain(p + negative, &digits, &fraction);
    if (PLN__UNLIKELY(end == NULL || digits > (uint64_t)1 << 53))
        return pln__json_scalar(self, node, p, depth);
    double number = (double)(int64_t)digits / pln__exact_tens[fraction];
    number = negative ? -number : number;
    int64_t bits;
    memcpy(&bits, &number, 8);
    return pln__json_put_int(self, node->column, bits) ? end : NULL;
}

/* At most 18 digits, at most as many behind the point as the scale has. */
ALWAYS const uint8_t *read_decimal(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                   int64_t depth) {
    uint64_t digits;
    unsigned fraction;
    const pln__type *type = &node->column->type;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_plain(p + negative, &digits, &fraction);
    int64_t missing = type->scale - (int64_t)fraction;
    if (PLN__UNLIKELY(end == NULL || missing < 0 || missing > 19))
        return pln__json_scalar(self, node, p, depth);
    pln__int128 number = (pln__int128)digits * pln__json_tens[missing];
    if (number >= pln__decimal128_ten(type->precision))
        return pln__json_scalar(self, node, p, depth);
    number = negative ? -number : number;
    return pln__json_put_fixed(self, node->column, &number) ? end : NULL;
}

ALWAYS const uint8_t *read_bool(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    if (pln__json_is(p, "true"))
        return pln__json_put_bool(self, node->column, true) ? p + 4 : NULL;
    if (*p == 'f' && pln__json_is(p + 1, "alse"))
        return pln__json_put_bool(self, node->column, false) ? p + 5 : NULL;
    return pln__json_scalar(self, node, p, depth);
}

/* ---- strings ---- */

/*
 * Text of a column, or of a stranger (no node): both take the same path, for which of them comes next often cannot be predicted. What
 * needs more room than there is goes the long way, which makes it.
 */
ALWAYS const uint8_t *read_text(pln__decoder *self, pln__json_node *node, pln__column *c,
                                const uint8_t *p, int64_t depth) {
    int64_t start = c->data.size, size = -1, room = c->data.capacity - start;
    if (PLN__LIKELY(room > 0 && *p == '"' && c->length < c->reserved_rows))
        size = pln__json_copy(p + 1, c->data.data + start, room);
    if (PLN__UNLIKELY(size < 0)) {
        if (node != NULL)
            return pln__json_scalar(self, node, p, depth);
        c->length = c->data.size = 0;
        return pln__json_skip(self, p, depth);
    }
    c->data.size = start + size;
    pln__json_put_end(c, c->data.size);
    return p + size + 2;
}

/* A symbol as it stands in the text; whatever else a dictionary's value is goes the long way. */
ALWAYS const uint8_t *read_word(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    uint64_t high = 0;
    if (node->symbols == NULL || *p != '"')
        return pln__json_scalar(self, node, p, depth);
    const uint8_t *end = pln__json_scan(p + 1, &high);
    if (PLN__UNLIKELY(high != 0 || *end != '"'))
        return pln__json_scalar(self, node, p, depth);
    int64_t index = pln__symbols_find(node->symbols, p + 1, end - p - 1);
    if (PLN__UNLIKELY(index < 0))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_int(self, node->column, index) ? end + 1 : NULL;
}

ALWAYS const uint8_t *read_timestamp(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                     int64_t depth) {
    pln__json_instant at;
    int64_t value;
    const uint8_t *end = *p == '"' ? pln__json_stamp(p + 1, node->zoned, &node->day, &at) : NULL;
    if (end == NULL || !pln__json_instant_in(&at, node->column->type.unit, &value))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_int(self, node->column, value) ? end + 1 : NULL;
}

ALWAYS const uint8_t *read_date(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    if (*p != '"' || p[11] != '"' || !pln__json_same_day(p + 1, &node->day))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_int(self, node->column, node->day.days) ? p + 12 : NULL;
}

/* ---- dispatch ---- */

static const uint8_t *read_struct(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                  int64_t depth);

/* The kinds that records are mostly made of are read without a call. */
ALWAYS const uint8_t *read_value(pln__decoder *self, pln__json_node *node, pln__column *column,
                                 int32_t kind, const uint8_t *p, int64_t depth) {
    switch (kind) {
    case PLN__JSON_STRANGER:
        return pln__json_skip(self, p, depth);
    case PLN__JSON_STRANGER_TEXT:
    case PLN__JSON_UTF8:
    case PLN__JSON_BINARY:
        return read_text(self, node, column, p, depth);
    case PLN__JSON_INT:
    case PLN__JSON_UINT:
        return read_int(self, node, p, depth);
    case PLN__JSON_FLOAT64:
        return read_float64(self, node, p, depth);
    case PLN__JSON_DECIMAL:
        return read_decimal(self, node, p, depth);
    case PLN__JSON_TIMESTAMP:
        return read_timestamp(self, node, p, depth);
    case PLN__JSON_DATE:
        return read_date(self, node, p, depth);
    case PLN__JSON_BOOL:
        return read_bool(self, node, p, depth);
    case PLN__JSON_DICTIONARY:
        return read_word(self, node, p, depth);
    case PLN__JSON_STRUCT:
        return read_struct(self, node, p, depth);
    case PLN__JSON_LIST:
        return pln__json_list(self, node, p, depth);
    case PLN__JSON_MAP:
        return pln__json_map(self, node, p, depth);
    case PLN__JSON_UNION:
        return pln__json_union(self, node, p, depth);
    default:
        return pln__json_scalar(self, node, p, depth);
    }
}

const uint8_t *pln__json_read(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth) {
    return read_value(self, node, node->column, node->kind, p, depth);
}

/* ---- objects ---- */

const uint8_t *pln__json_key(pln__decoder *self, const uint8_t *p, int64_t *size,
                             const uint8_t **end) {
    uint64_t high = 0;
    pln__json_fault fault = {0};
    pln_status status = PLN_OK;
    const uint8_t *stop = pln__json_scan(p + 1, &high);
    if (PLN__LIKELY(high == 0 && *stop == '"')) {
        *end = stop + 1;
        *size = stop - p - 1;
        return p + 1;
    }
    self->text.size = 0;
    if (pln__buffer_reserve(self->mem, &self->text, 1, self->err) < 0)
        return pln__json_stop(self, PLN_ENOMEM);
    *end = pln__json_text(self->mem, p, self->cpu, &self->text, &fault, &status);
    if (*end == NULL)
        return status < 0 ? pln__json_stop(self, pln__error_memory(self->err, 0))
                          : pln__json_broken(self, &fault);
    *size = self->text.size;
    if (pln__buffer_append(self->mem, &self->text, "\"", 1, self->err) < 0)
        return pln__json_stop(self, PLN_ENOMEM);
    return self->text.data;
}

/*
 * A key that no member has. As long as there is room it becomes a stranger, and is then found as members are; others are compared
 * with the keys of their object.
 */
static pln__json_member *unknown_key(pln__decoder *self, pln__json_node *node, const uint8_t *key,
                                     int64_t size, bool text) {
    int64_t index, before = node->keys.n;
    int shown = size < 60 ? (int)size : 60;
    const pln__json_node *named = node->parent == NULL ? NULL : node;
    if (self->dialect.unknown_reject) {
        (void)pln__json_fail(self, named, "unknown member '%.*s'", shown, (const char *)key);
        return NULL;
    }
    pln__json_member *stranger = pln__json_meet(self, node, key, size, text);
    if (stranger != NULL)
        return stranger;
    if (self->dialect.duplicates == PLN__JSON_DUPLICATE_REJECT) {
        pln_status status =
            pln__json_keys_add(self->mem, &node->keys, key, size, self->seed, &index, self->err);
        if (status < 0)
            (void)pln__json_stop(self, status);
        else if (before == node->keys.n)
            (void)pln__json_fail(self, named, "the member '%.*s' stands there twice", shown,
                                 (const char *)key);
        if (before == node->keys.n)
            return NULL;
    }
    node->names.nobody.seen = 0;
    return &node->names.nobody;
}

static const uint8_t *twice(pln__decoder *self, pln__json_node *node,
                            const pln__json_member *member) {
    if (member->known)
        return pln__json_fail(self, member->node, "stands there twice");
    return pln__json_fail(self, node->parent == NULL ? NULL : node,
                          "the member '%.*s' stands there twice", (int)member->size,
                          (const char *)member->name);
}

/* The member whose key stands at p in whatever form; p comes to lie behind the colon. */
static pln__json_member *read_key(pln__decoder *self, pln__json_node *node, const uint8_t **p) {
    const uint8_t *end;
    int64_t size;
    if (**p != '"') {
        (void)pln__json_expected(self, *p, "a key in quotes");
        return NULL;
    }
    const uint8_t *key = pln__json_key(self, *p, &size, &end);
    if (key == NULL)
        return NULL;
    end = pln__json_space(end);
    bool text = *end == ':' && *pln__json_space(end + 1) == '"';
    pln__json_member *member = pln__json_member_of(&node->names, key, size);
    if (member == NULL)
        member = unknown_key(self, node, key, size, text);
    else if (!member->known && member->seen == node->serial &&
             self->dialect.duplicates == PLN__JSON_DUPLICATE_REJECT) {
        (void)twice(self, node, member);
        return NULL;
    }
    if (member != NULL && *end != ':') {
        (void)pln__json_expected(self, end, "':'");
        return NULL;
    }
    *p = end + 1;
    return member;
}

/*
 * The same. Where objects have had one order a guess is tried first; where they have not, a wrong guess would cost more than the
 * look-up.
 */
ALWAYS pln__json_member *next_key(pln__decoder *self, pln__json_node *node, const uint8_t **p,
                                  pln__json_member *guess, int64_t *wrong) {
    int64_t size;
    if (node->trust >= 0 && PLN__LIKELY(pln__json_is_key(guess, *p))) {
        *p += guess->key_size;
        return guess;
    }
    pln__json_member *member = pln__json_member_at(&node->names, *p, &size);
    if (PLN__UNLIKELY(member == &node->names.nobody))
        return read_key(self, node, p);
    uint64_t apart = (uint64_t)((uintptr_t)member ^ (uintptr_t)guess);
    *wrong += (int64_t)((apart | (0 - apart)) >> 63);
    *p += size;
    return member;
}

/* Guesses are worth it as long as no more than one in eight is wrong. */
static inline void judge(pln__json_node *node, int64_t keys, int64_t wrong) {
    enum { TRUST = 8 };
    node->trust += wrong * 8 <= keys ? node->trust < TRUST : -(node->trust > -TRUST);
}

/* A member that has been met in this object before, where only one of the two counts. */
static const uint8_t *read_again(pln__decoder *self, pln__json_node *node, pln__json_member *member,
                                 const uint8_t *p, int64_t depth) {
    if (self->dialect.duplicates == PLN__JSON_DUPLICATE_REJECT)
        return twice(self, node, member);
    if (!member->known || self->dialect.duplicates == PLN__JSON_DUPLICATE_FIRST)
        return pln__json_skip(self, p, depth);
    pln__column_truncate(member->node->column, node->column->length);
    return pln__json_read(self, member->node, p, depth);
}

static bool add_missing(pln__decoder *self, pln__json_node *node) {
    for (int64_t i = 0; i < node->n_children; i++) {
        pln__json_node *child = &node->children[i];
        if (node->members[i].seen == node->serial)
            continue;
        if (!child->nullable || self->dialect.missing_reject)
            return pln__json_fail(self, child, "is missing") != NULL;
        pln_status status = pln__column_null(child->column, self->err);
        if (status < 0)
            return pln__json_stop(self, status) != NULL;
    }
    return true;
}

/* The members of the object at p; its struct gets its row. */
static const uint8_t *read_object(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                  int64_t depth) {
    pln__json_member **guess = &node->first, *member;
    int64_t keys = 0, found = 0, wrong = 0;
    if (PLN__UNLIKELY(depth >= self->depth_max))
        return pln__json_expected(self, p, "less nesting");
    if (!pln__json_room(self, node->column, 0))
        return NULL;
    uint64_t serial = ++node->serial;
    pln__json_keys_clear(&node->keys);
    p = pln__json_space(p + 1);
    for (bool more = *p != '}'; more; keys++) {
        if (PLN__UNLIKELY((member = next_key(self, node, &p, *guess, &wrong)) == NULL))
            return NULL;
        p = pln__json_space(p);
        if (PLN__UNLIKELY(member->seen == serial)) {
            p = read_again(self, node, member, p, depth + 1);
        } else {
            member->seen = serial;
            *guess = member;
            guess = &member->next;
            found += member->known;
            p = read_value(self, member->node, member->column, member->kind, p, depth + 1);
        }
        if (PLN__UNLIKELY(p == NULL))
            return NULL;
        p = pln__json_space(p);
        more = *p == ',';
        if (more)
            p = pln__json_space(p + 1);
        else if (PLN__UNLIKELY(*p != '}'))
            return pln__json_expected(self, p, "',' or '}'");
    }
    judge(node, keys, wrong);
    if (found < node->n_children && !add_missing(self, node))
        return NULL;
    pln__json_there(node->column);
    return p + 1;
}

static const uint8_t *read_struct(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                  int64_t depth) {
    if (PLN__LIKELY(*p == '{'))
        return read_object(self, node, p, depth);
    return *p == 'n' ? pln__json_null(self, node, p) : pln__json_mismatch(self, node, p);
}

/* ---- records ---- */

const uint8_t *pln__json_read_record(pln__decoder *self, const uint8_t *p) {
    p = pln__json_space(p);
    if (PLN__UNLIKELY(*p != '{')) {
        pln__json_fault fault;
        if (pln__json_check(p, self->depth_max, self->cpu, &fault) == NULL)
            return pln__json_broken(self, &fault);
        return pln__json_fail(self, NULL,
                              "a record is one JSON object, this line holds another value");
    }
    p = read_object(self, &self->nodes[0], p, 0);
    if (p == NULL)
        return NULL;
    p = pln__json_space(p);
    return *p == '\n' ? p + 1 : pln__json_expected(self, p, "nothing more on this line");
}
