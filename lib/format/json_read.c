#include "format/json_put.h"

/* ---- numbers ---- */

/* Whole numbers of at most 19 digits; whatever else goes the long way. */
static const uint8_t *read_int(pln__decoder *self, pln__json_node *node, const uint8_t *p,
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

static const uint8_t *read_float64(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                   int64_t depth) {
    uint64_t digits;
    unsigned fraction;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_plain(p + negative, &digits, &fraction);
    if (PLN__UNLIKELY(end == NULL || digits > (uint64_t)1 << 53))
        return pln__json_scalar(self, node, p, depth);
    double number = (double)(int64_t)digits / pln__exact_tens[fraction];
    number = negative ? -number : number;
    return pln__json_put_fixed(self, node->column, &number) ? end : NULL;
}

/* At most 18 digits, at most as many behind the point as the scale has. */
static const uint8_t *read_decimal(pln__decoder *self, pln__json_node *node, const uint8_t *p,
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

static const uint8_t *read_bool(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    if (pln__json_is(p, "true"))
        return pln__json_put_bool(self, node->column, true) ? p + 4 : NULL;
    if (*p == 'f' && pln__json_is(p + 1, "alse"))
        return pln__json_put_bool(self, node->column, false) ? p + 5 : NULL;
    return pln__json_scalar(self, node, p, depth);
}

/* ---- strings ---- */

static const uint8_t *read_text(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    uint64_t high = 0;
    if (PLN__UNLIKELY(*p != '"'))
        return pln__json_scalar(self, node, p, depth);
    const uint8_t *end = pln__json_scan(p + 1, &high);
    if (PLN__UNLIKELY(high != 0 || *end != '"'))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_bytes(self, node->column, p + 1, end - p - 1) ? end + 1 : NULL;
}

/* A symbol as it stands in the text; whatever else a dictionary's value is goes the long way. */
static const uint8_t *read_word(pln__decoder *self, pln__json_node *node, const uint8_t *p,
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

static const uint8_t *read_timestamp(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                     int64_t depth) {
    pln__json_instant at;
    int64_t value;
    const uint8_t *end = *p == '"' ? pln__json_stamp(p + 1, node->zoned, &node->day, &at) : NULL;
    if (end == NULL || !pln__json_instant_in(&at, node->column->type.unit, &value))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_int(self, node->column, value) ? end + 1 : NULL;
}

static const uint8_t *read_date(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    if (*p != '"' || p[11] != '"' || !pln__json_same_day(p + 1, &node->day))
        return pln__json_scalar(self, node, p, depth);
    return pln__json_put_int(self, node->column, node->day.days) ? p + 12 : NULL;
}

/* ---- objects ---- */

/* Stops at the first difference, which is the line end at the latest; memcmp may read on. */
static bool is_long_name(const pln__json_node *node, const uint8_t *p) {
    int64_t i = 0;
    while (i < node->name_size && p[i] == (uint8_t)node->name[i])
        i++;
    return i == node->name_size && p[i] == '"';
}

static inline bool is_name(const pln__json_node *node, const uint8_t *p) {
    if (node == NULL || !node->plain)
        return false;
    if (PLN__UNLIKELY(node->name_masks[0] == 0))
        return is_long_name(node, p);
    uint64_t miss = (pln__json_load8(p) ^ node->name_words[0]) & node->name_masks[0];
    for (int i = 1; i < PLN__JSON_NAME_WORDS && node->name_masks[i] != 0; i++)
        miss |= (pln__json_load8(p + i * 8) ^ node->name_words[i]) & node->name_masks[i];
    return miss == 0;
}

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

/* A member that the struct does not know: checked, and with the unknown ones before it compared. */
static const uint8_t *unknown_key(pln__decoder *self, pln__json_node *node, const uint8_t *key,
                                  int64_t size, const uint8_t *end) {
    int64_t index, before = node->keys.n;
    int shown = size < 60 ? (int)size : 60;
    if (self->dialect.unknown_reject)
        return pln__json_fail(self, node->parent == NULL ? NULL : node, "unknown member '%.*s'",
                              shown, (const char *)key);
    if (self->dialect.duplicates == PLN__JSON_DUPLICATE_REJECT) {
        pln_status status =
            pln__json_keys_add(self->mem, &node->keys, key, size, self->seed, &index, self->err);
        if (status < 0)
            return pln__json_stop(self, status);
        if (index == before)
            node->keys.items[index].short_plain = size <= PLN__JSON_SHORT && key != self->text.data;
        if (before == node->keys.n)
            return pln__json_fail(self, node->parent == NULL ? NULL : node,
                                  "the member '%.*s' stands there twice", shown, (const char *)key);
    }
    return end;
}

/* Behind the key at p; *member is NULL where the key is unknown. */
static const uint8_t *read_key(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                               pln__json_node *guess, pln__json_node **member) {
    const uint8_t *end;
    int64_t size;
    if (PLN__UNLIKELY(*p != '"'))
        return pln__json_expected(self, p, "a key in quotes");
    if (PLN__LIKELY(is_name(guess, p + 1))) {
        *member = guess;
        return p + 2 + guess->name_size;
    }
    *member = NULL;
    if (pln__json_keys_again(&node->keys, p + 1, &size))
        return p + 2 + size;
    const uint8_t *key = pln__json_key(self, p, &size, &end);
    if (key == NULL)
        return NULL;
    *member = pln__json_member(node, key, size);
    return *member != NULL ? end : unknown_key(self, node, key, size, end);
}

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

/* The value of a member. One met before is a duplicate: an error, or only one of the two counts. */
static const uint8_t *read_member(pln__decoder *self, pln__json_node *node, pln__json_node *member,
                                  const uint8_t *p, int64_t depth) {
    if (member == NULL)
        return pln__json_skip(self, p, depth);
    if (PLN__UNLIKELY(member->seen == node->serial)) {
        if (self->dialect.duplicates == PLN__JSON_DUPLICATE_REJECT)
            return pln__json_fail(self, member, "stands there twice");
        if (self->dialect.duplicates == PLN__JSON_DUPLICATE_FIRST)
            return pln__json_skip(self, p, depth);
        pln__column_truncate(member->column, node->column->length);
    }
    member->seen = node->serial;
    return pln__json_read(self, member, p, depth);
}

static bool add_missing(pln__decoder *self, pln__json_node *node) {
    for (int64_t i = 0; i < node->n_children; i++) {
        pln__json_node *child = &node->children[i];
        if (child->seen == node->serial)
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
    pln__json_node **guess = &node->first, *member = NULL;
    int64_t found = 0;
    if (PLN__UNLIKELY(depth >= self->depth_max))
        return pln__json_expected(self, p, "less nesting");
    if (!pln__json_room(self, node->column, 0))
        return NULL;
    node->serial++;
    pln__json_keys_clear(&node->keys);
    p = pln__json_space(p + 1);
    for (bool more = *p != '}'; more;) {
        if ((p = read_key(self, node, p, *guess, &member)) == NULL)
            return NULL;
        p = pln__json_space(p);
        if (PLN__UNLIKELY(*p != ':'))
            return pln__json_expected(self, p, "':'");
        p = pln__json_space(p + 1);
        found += member != NULL && member->seen != node->serial;
        if ((p = read_member(self, node, member, p, depth + 1)) == NULL)
            return NULL;
        if (member != NULL) {
            *guess = member;
            guess = &member->next;
        }
        p = pln__json_space(p);
        more = *p == ',';
        if (more)
            p = pln__json_space(p + 1);
        else if (*p != '}')
            return pln__json_expected(self, p, "',' or '}'");
    }
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

/* ---- dispatch ---- */

const uint8_t *pln__json_read(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth) {
    typedef const uint8_t *reader(pln__decoder *, pln__json_node *, const uint8_t *, int64_t);
    static reader *const readers[] = {
        [PLN__JSON_BOOL] = read_bool,          [PLN__JSON_INT] = read_int,
        [PLN__JSON_UINT] = read_int,           [PLN__JSON_FLOAT32] = pln__json_scalar,
        [PLN__JSON_FLOAT64] = read_float64,    [PLN__JSON_DECIMAL] = read_decimal,
        [PLN__JSON_UTF8] = read_text,          [PLN__JSON_DATE] = read_date,
        [PLN__JSON_TIME] = pln__json_scalar,   [PLN__JSON_TIMESTAMP] = read_timestamp,
        [PLN__JSON_BINARY] = read_text,        [PLN__JSON_FIXED] = pln__json_scalar,
        [PLN__JSON_DICTIONARY] = read_word,    [PLN__JSON_ANY] = pln__json_scalar,
        [PLN__JSON_NULL] = pln__json_scalar,   [PLN__JSON_STRUCT] = read_struct,
        [PLN__JSON_LIST] = pln__json_list,     [PLN__JSON_MAP] = pln__json_map,
        [PLN__JSON_UNION] = pln__json_union,
    };
    return readers[node->kind](self, node, p, depth);
}

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
