#include "format/json_put.h"

const uint8_t *pln__json_list(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth) {
    pln__json_node *item = node->children;
    if (*p != '[')
        return *p == 'n' ? pln__json_null(self, node, p) : pln__json_mismatch(self, node, p);
    if (depth >= self->depth_max)
        return pln__json_expected(self, p, "less nesting");
    if (!pln__json_room(self, node->column, 0))
        return NULL;
    p = pln__json_space(p + 1);
    for (bool more = *p != ']'; more;) {
        if ((p = pln__json_read(self, item, p, depth + 1)) == NULL)
            return NULL;
        p = pln__json_space(p);
        more = *p == ',';
        if (more)
            p = pln__json_space(p + 1);
        else if (*p != ']')
            return pln__json_expected(self, p, "',' or ']'");
    }
    pln__json_put_end(node->column, item->column->length);
    return p + 1;
}

/* ---- maps ---- */

static pln__column *entries_of(const pln__json_node *node) {
    return &node->column->children[0];
}

/* One entry is complete: key and value have been written. */
static bool entry_done(pln__decoder *self, const pln__json_node *node) {
    pln__column *entries = entries_of(node);
    if (!pln__json_room(self, entries, 0))
        return false;
    pln__json_there(entries);
    return true;
}

static const uint8_t *pair(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                           int64_t depth) {
    if (*p != '[')
        return pln__json_expected(self, p, "a pair of key and value");
    p = pln__json_space(p + 1);
    if (*p == 'n')
        return pln__json_fail(self, node, "the key of an entry is null");
    if ((p = pln__json_read(self, &node->children[0], p, depth + 2)) == NULL)
        return NULL;
    p = pln__json_space(p);
    if (*p != ',')
        return pln__json_expected(self, p, "',' and a value");
    p = pln__json_space(p + 1);
    if ((p = pln__json_read(self, &node->children[1], p, depth + 2)) == NULL)
        return NULL;
    p = pln__json_space(p);
    if (*p != ']')
        return pln__json_expected(self, p, "']'");
    return entry_done(self, node) ? p + 1 : NULL;
}

/* The member at p, which is the ordinal-th: its key into the set, p behind its colon. */
static const uint8_t *map_key(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              pln__json_entry *entry) {
    const uint8_t *end;
    if (*p != '"')
        return pln__json_expected(self, p, "a key in quotes");
    entry->key = pln__json_key(self, p, &entry->size, &end);
    if (entry->key == NULL)
        return NULL;
    pln_status status = pln__json_keys_add(self->mem, &node->keys, entry->key, entry->size,
                                           self->seed, &entry->index, self->err);
    if (status < 0)
        return pln__json_stop(self, status);
    p = pln__json_space(end);
    return *p == ':' ? pln__json_space(p + 1) : pln__json_expected(self, p, "':'");
}

static const uint8_t *put_entry(pln__decoder *self, pln__json_node *node,
                                const pln__json_entry *entry, const uint8_t *p, int64_t depth) {
    const char *key = (const char *)entry->key;
    if (!pln__json_put_text(self, &node->children[0], key, entry->size))
        return NULL;
    p = pln__json_read(self, &node->children[1], p, depth + 1);
    return p != NULL && entry_done(self, node) ? p : NULL;
}

/*
 * One pass over the members of a map written as an object. `counting` writes nothing, but notes which member is the last
 * of its key.
 */
static const uint8_t *members(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth, bool counting) {
    int32_t policy = self->dialect.duplicates;
    int64_t ordinal = 0;
    p = pln__json_space(p + 1);
    for (bool more = *p != '}'; more; ordinal++) {
        pln__json_entry entry;
        int64_t before = node->keys.n;
        if ((p = map_key(self, node, p, &entry)) == NULL)
            return NULL;
        struct pln__json_entry_key *key = &node->keys.items[entry.index];
        bool repeated = before == node->keys.n;
        if (counting)
            key->last = ordinal;
        if (repeated && policy == PLN__JSON_DUPLICATE_REJECT)
            return pln__json_fail(self, node, "the key '%.*s' stands there twice",
                                  (int)(entry.size < 60 ? entry.size : 60),
                                  (const char *)entry.key);
        bool keep = policy == PLN__JSON_DUPLICATE_LAST ? key->last == ordinal : !repeated;
        p = counting || !keep ? pln__json_skip(self, p, depth + 1)
                              : put_entry(self, node, &entry, p, depth);
        if (p == NULL)
            return NULL;
        p = pln__json_space(p);
        more = *p == ',';
        if (more)
            p = pln__json_space(p + 1);
        else if (*p != '}')
            return pln__json_expected(self, p, "',' or '}'");
    }
    return p + 1;
}

static const uint8_t *pairs(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                            int64_t depth) {
    p = pln__json_space(p + 1);
    for (bool more = *p != ']'; more;) {
        if ((p = pair(self, node, p, depth)) == NULL)
            return NULL;
        p = pln__json_space(p);
        more = *p == ',';
        if (more)
            p = pln__json_space(p + 1);
        else if (*p != ']')
            return pln__json_expected(self, p, "',' or ']'");
    }
    return p + 1;
}

const uint8_t *pln__json_map(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                             int64_t depth) {
    int32_t key = node->children[0].kind;
    bool textual =
        key == PLN__JSON_UTF8 || (key == PLN__JSON_DICTIONARY && node->children[0].values == NULL);
    if (*p == 'n')
        return pln__json_null(self, node, p);
    if (*p != '[' && !(*p == '{' && textual))
        return pln__json_mismatch(self, node, p);
    if (depth + 1 >= self->depth_max)
        return pln__json_expected(self, p, "less nesting");
    if (!pln__json_room(self, node->column, 0))
        return NULL;
    pln__json_keys_clear(&node->keys);
    if (*p == '[') {
        p = pairs(self, node, p, depth);
    } else {
        bool last = self->dialect.duplicates == PLN__JSON_DUPLICATE_LAST;
        if (last && members(self, node, p, depth, true) == NULL)
            return NULL;
        p = members(self, node, p, depth, false);
    }
    if (p != NULL)
        pln__json_put_end(node->column, entries_of(node)->length);
    return p;
}

/* ---- unions ---- */

static int32_t null_variant(const pln__json_node *node) {
    for (int64_t i = 0; i < node->n_children; i++)
        if (node->children[i].kind == PLN__JSON_NULL)
            return (int32_t)i;
    return -1;
}

static const uint8_t *union_null(pln__decoder *self, pln__json_node *node, const uint8_t *p) {
    int32_t variant = null_variant(node);
    if (variant < 0 || !pln__json_is(p, "null"))
        return pln__json_null(self, node, p);
    pln_status status = pln_column_variant(node->column, variant, self->err);
    if (status < 0)
        return pln__json_stop(self, status);
    return pln__json_null(self, &node->children[variant], p);
}

const uint8_t *pln__json_union(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                               int64_t depth) {
    const uint8_t *end;
    int64_t size;
    if (*p == 'n')
        return union_null(self, node, p);
    if (*p != '{')
        return pln__json_mismatch(self, node, p);
    if (depth >= self->depth_max)
        return pln__json_expected(self, p, "less nesting");
    p = pln__json_space(p + 1);
    if (*p != '"')
        return pln__json_expected(self, p, "the name of a variant in quotes");
    const uint8_t *key = pln__json_key(self, p, &size, &end);
    if (key == NULL)
        return NULL;
    const pln__json_member *member = pln__json_member_of(&node->names, key, size);
    if (member == NULL)
        return pln__json_fail(self, node, "no variant is named '%.*s'",
                              (int)(size < 60 ? size : 60), (const char *)key);
    pln__json_node *variant = member->node;
    p = pln__json_space(end);
    if (*p != ':')
        return pln__json_expected(self, p, "':'");
    pln_status status =
        pln_column_variant(node->column, (int32_t)(variant - node->children), self->err);
    if (status < 0)
        return pln__json_stop(self, status);
    p = pln__json_read(self, variant, pln__json_space(p + 1), depth + 1);
    if (p == NULL)
        return NULL;
    p = pln__json_space(p);
    return *p == '}' ? p + 1 : pln__json_expected(self, p, "'}', for a union has one variant");
}
