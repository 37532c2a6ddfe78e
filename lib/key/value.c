/* Any value as bytes, nested ones too. The sizes come first; they check whatever an array can have wrong, and the bytes follow without a look. */
#include "key/value.h"

static int64_t broken(pln_keys *keys, const char *why) {
    keys->fault = why;
    return -1;
}

static int to_branch(pln_keys *keys, const pln__key_node **node, int64_t *row) {
    const pln__key_node *from = *node;
    uint8_t id = from->data[from->offset + *row];
    int32_t at = from->offsets[from->offset + *row];
    for (int64_t i = 0; i < from->n_children; i++) {
        if (from->children[i].type_id != (int8_t)id)
            continue;
        *node = from->children + i;
        *row = at;
        if (at < 0 || at >= (*node)->length)
            return (int)broken(keys, "an offset of a union is out of range");
        return 1;
    }
    return (int)broken(keys, "a union has no branch of this id");
}

static int64_t load_index(const pln__key_node *node, int64_t row) {
    switch (node->type.index_id) {
    case PLN__INT8: return pln__key_i8(node, row);
    case PLN__INT16: return pln__key_i16(node, row);
    case PLN__INT32: return pln__key_i32(node, row);
    case PLN__UINT8: return pln__key_u8(node, row);
    case PLN__UINT16: return pln__key_u16(node, row);
    case PLN__UINT32: return pln__key_u32(node, row);
    default: return pln__key_i64(node, row); /* of uint64, what is too large is negative here */
    }
}

int pln__key_resolve(pln_keys *keys, const pln__key_node **node, int64_t *row) {
    for (;;) {
        const pln__key_node *at = *node;
        if (pln__key_is_null(at, *row) || at->type.id == PLN__NULL)
            return 0;
        if (at->type.id == PLN__UNION) {
            if (to_branch(keys, node, row) < 0)
                return -1;
        } else if (at->type.id == PLN__DICTIONARY) {
            *row = load_index(at, *row);
            *node = at->children;
            if (*row < 0 || *row >= (*node)->length)
                return (int)broken(keys, "an index of a dictionary is out of range");
        } else {
            return 1;
        }
    }
}

/* The rows of the child that a list or map holds. */
static bool items(pln_keys *keys, const pln__key_node *node, int64_t row, int64_t *from,
                  int64_t *to) {
    *from = node->offsets[node->offset + row];
    *to = node->offsets[node->offset + row + 1];
    for (int64_t i = 0; i < node->n_children; i++)
        if (*from < 0 || *to < *from || *to > node->children[i].length)
            return broken(keys, "an offset of a list is out of range") >= 0;
    return true;
}

static int64_t items_size(pln_keys *keys, const pln__key_node *node, int64_t row) {
    int64_t size = 5, from, to;
    if (!items(keys, node, row, &from, &to))
        return -1;
    for (int64_t i = from; i < to; i++) {
        for (int64_t c = 0; c < node->n_children; c++) {
            int64_t one = pln__key_value_size(keys, node->children + c, i);
            if (one < 0)
                return -1;
            size += one;
        }
        if (size > INT32_MAX)
            return size;
    }
    if (node->type.id == PLN__MAP)
        keys->entries += to - from;
    return size;
}

static int64_t struct_size(pln_keys *keys, const pln__key_node *node, int64_t row) {
    int64_t size = 5;
    for (int64_t i = 0; i < node->n_children && size <= INT32_MAX; i++) {
        const pln__key_node *child = node->children + i, *value = child;
        int64_t at = node->offset + row;
        int is = pln__key_resolve(keys, &value, &at);
        int64_t one = is == 1 ? pln__key_value_size(keys, value, at) : is;
        if (one < 0)
            return -1;
        size += is == 1 ? 4 + child->name_size + one : 0;
    }
    return size;
}

int64_t pln__key_value_size(pln_keys *keys, const pln__key_node *node, int64_t row) {
    int is = pln__key_resolve(keys, &node, &row);
    if (is <= 0)
        return is < 0 ? -1 : 1;
    if (node->value_size > 0)
        return node->value_size;
    switch (node->type.id) {
    case PLN__LIST:
    case PLN__MAP: return items_size(keys, node, row);
    case PLN__STRUCT: return struct_size(keys, node, row);
    default: {
        int64_t size = pln__key_text_size(node, row);
        return size < 0 ? broken(keys, "an offset of text or bytes is out of range") : 5 + size;
    }
    }
}

/* ---- bytes ---- */

static uint8_t *put_list(pln_keys *keys, const pln__key_node *node, int64_t row, uint8_t *to) {
    int64_t from = node->offsets[node->offset + row], end = node->offsets[node->offset + row + 1];
    *to = PLN__KEY_LIST;
    to = pln__key_put_32(to + 1, (uint32_t)(end - from));
    for (int64_t i = from; i < end; i++)
        to = pln__key_value_put(keys, node->children, i, to);
    return to;
}

static uint8_t *put_struct(pln_keys *keys, const pln__key_node *node, int64_t row, uint8_t *to) {
    uint8_t *head = to;
    uint32_t n = 0;
    to += 5;
    for (int64_t i = 0; i < node->n_children; i++) {
        const pln__key_node *child = node->children + i, *value = child;
        int64_t at = node->offset + row;
        if (pln__key_resolve(keys, &value, &at) != 1)
            continue;
        to = pln__key_put_32(to, (uint32_t)child->name_size);
        memcpy(to, child->name, (size_t)child->name_size);
        to = pln__key_value_put(keys, value, at, to + child->name_size);
        n++;
    }
    *head = PLN__KEY_STRUCT;
    (void)pln__key_put_32(head + 1, n);
    return to;
}

/* Encoded values are never the beginning of one another, so the common bytes decide unless both are equal. */
static int by_bytes(const void *left, const void *right, const void *context) {
    const pln__key_span *a = left, *b = right;
    (void)context;
    return memcmp(a->bytes, b->bytes, (size_t)(a->size < b->size ? a->size : b->size));
}

/* Most maps are in order already. Returns whether anything moved. */
static bool sort(pln__key_span *spans, int64_t n) {
    int64_t sorted = 1;
    while (sorted < n && by_bytes(spans + sorted - 1, spans + sorted, NULL) <= 0)
        sorted++;
    if (sorted >= n)
        return false;
    pln__sort(spans, n, sizeof *spans, by_bytes, NULL);
    return true;
}

/* The order of its entries is no part of a map's value. */
static uint8_t *put_map(pln_keys *keys, const pln__key_node *node, int64_t row, uint8_t *to) {
    int64_t from = node->offsets[node->offset + row], end = node->offsets[node->offset + row + 1];
    int64_t n = end - from, first = keys->spans_used;
    *to = PLN__KEY_MAP;
    to = pln__key_put_32(to + 1, (uint32_t)n);
    uint8_t *entries = to;
    keys->spans_used += n;
    for (int64_t i = 0; i < n; i++) {
        uint8_t *entry = to;
        to = pln__key_value_put(keys, node->children, from + i, to);
        to = pln__key_value_put(keys, node->children + 1, from + i, to);
        keys->spans[first + i] = (pln__key_span){entry, to - entry};
    }
    if (sort(keys->spans + first, n)) {
        uint8_t *copy = keys->scratch.data;
        for (int64_t i = first; i < first + n; copy += keys->spans[i++].size)
            memcpy(copy, keys->spans[i].bytes, (size_t)keys->spans[i].size);
        memcpy(entries, keys->scratch.data, (size_t)(to - entries));
    }
    keys->spans_used = first;
    return to;
}

uint8_t *pln__key_value_put(pln_keys *keys, const pln__key_node *node, int64_t row, uint8_t *to) {
    if (pln__key_resolve(keys, &node, &row) != 1) {
        *to = PLN__KEY_NULL;
        return to + 1;
    }
    switch (node->type.id) {
    case PLN__LIST: return put_list(keys, node, row, to);
    case PLN__MAP: return put_map(keys, node, row, to);
    case PLN__STRUCT: return put_struct(keys, node, row, to);
    default: return pln__key_put_flat(node, node->type.id, row, to);
    }
}
