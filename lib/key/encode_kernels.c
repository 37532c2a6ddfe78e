/*
 * Sizes and bytes of one field of many rows. A type that is not nested has a loop of its own; where no row of the part is null, it
 * has no branch but the one that asks whether a text is short.
 */
#include "key/value.h"

/* The rows of a field that are not null: NULL if all are. */
static const uint8_t *valid_rows(pln_keys *keys, const pln__key_field *field, int64_t first,
                                 int64_t n) {
    const pln__key_node *node = field->node;
    bool some = false;
    if (node->validity != NULL) {
        for (int64_t i = 0; i < n; i++)
            keys->valid[i] = pln__bit_get(node->validity, node->offset + field->shift + first + i);
        some = true;
    }
    for (int32_t s = 0; s < field->n_steps; s++) {
        const pln__key_step *step = field->steps + s;
        if (step->validity == NULL)
            continue;
        for (int64_t i = 0; i < n; i++)
            keys->valid[i] = (uint8_t)((some ? keys->valid[i] : 1) &
                                       pln__bit_get(step->validity, step->shift + first + i));
        some = true;
    }
    if (!some)
        return NULL;
    uint8_t all = 1;
    for (int64_t i = 0; i < n; i++)
        all &= keys->valid[i];
    return all ? NULL : keys->valid;
}

static bool too_few_bytes(pln_keys *keys, int64_t sizes) {
    if (PLN__LIKELY(sizes >= 0))
        return false;
    keys->fault = "an offset of text or bytes is out of range";
    return true;
}

static bool text_sizes(pln_keys *keys, const pln__key_field *field, const uint8_t *valid,
                       int64_t first, int64_t n) {
    const pln__key_node *node = field->node;
    const pln__key_offset *at = node->offsets + node->offset + field->shift + first;
    int64_t *sizes = keys->sizes;
    int32_t signs = n > 0 ? at[0] : 0;
    if (valid == NULL) {
        for (int64_t i = 0; i < n; i++) {
            int32_t size = (int32_t)((uint32_t)at[i + 1] - (uint32_t)at[i]);
            sizes[i] += 5 + size;
            signs |= size;
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            int32_t size = (int32_t)((uint32_t)at[i + 1] - (uint32_t)at[i]);
            sizes[i] += valid[i] ? 5 + size : 1;
            signs |= size;
        }
    }
    return !too_few_bytes(keys, signs);
}

bool pln__key_field_sizes(pln_keys *keys, const pln__key_field *field, int64_t first, int64_t n) {
    const pln__key_node *node = field->node;
    const uint8_t *valid = valid_rows(keys, field, first, n);
    int64_t *sizes = keys->sizes, size = node->value_size;
    if (pln__type_is_bytes(node->type.id))
        return text_sizes(keys, field, valid, first, n);
    if (size > 0 && valid == NULL) {
        for (int64_t i = 0; i < n; i++)
            sizes[i] += size;
    } else if (size > 0) {
        for (int64_t i = 0; i < n; i++)
            sizes[i] += valid[i] ? size : 1;
    } else {
        for (int64_t i = 0; i < n; i++) {
            int64_t row = field->shift + first + i;
            int64_t one = valid != NULL && !valid[i] ? 1 : pln__key_value_size(keys, node, row);
            if (one < 0)
                return false;
            sizes[i] += one;
        }
    }
    return true;
}

/* Rows i to n of the part that begins with row `first` of the batch. */
PLN__KEY_INLINE void put_flat(pln_keys *keys, const pln__key_field *field, const uint8_t *valid,
                              int64_t first, int64_t n, int32_t id) {
    const pln__key_node node = *field->node;
    uint8_t **at = keys->at;
    first += field->shift;
    if (valid == NULL) {
        for (int64_t i = 0; i < n; i++)
            at[i] = pln__key_put_flat(&node, id, first + i, at[i]);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (valid[i]) {
            at[i] = pln__key_put_flat(&node, id, first + i, at[i]);
        } else {
            *at[i] = PLN__KEY_NULL;
            at[i]++;
        }
    }
}

static void put_any(pln_keys *keys, const pln__key_field *field, const uint8_t *valid,
                    int64_t first, int64_t n) {
    uint8_t **at = keys->at;
    for (int64_t i = 0; i < n; i++) {
        if (valid == NULL || valid[i]) {
            at[i] = pln__key_value_put(keys, field->node, field->shift + first + i, at[i]);
        } else {
            *at[i] = PLN__KEY_NULL;
            at[i]++;
        }
    }
}

void pln__key_field_put(pln_keys *keys, const pln__key_field *field, int64_t first, int64_t n) {
    const uint8_t *valid = valid_rows(keys, field, first, n);
#define FLAT(id)                                                                                   \
    case id: put_flat(keys, field, valid, first, n, id); break
    switch (field->node->type.id) {
        FLAT(PLN__NULL);
        FLAT(PLN__BOOL);
        FLAT(PLN__INT8);
        FLAT(PLN__INT16);
        FLAT(PLN__INT32);
        FLAT(PLN__INT64);
        FLAT(PLN__UINT8);
        FLAT(PLN__UINT16);
        FLAT(PLN__UINT32);
        FLAT(PLN__UINT64);
        FLAT(PLN__FLOAT32);
        FLAT(PLN__FLOAT64);
        FLAT(PLN__UTF8);
        FLAT(PLN__BINARY);
        FLAT(PLN__FIXED);
        FLAT(PLN__DECIMAL128);
        FLAT(PLN__DATE32);
        FLAT(PLN__TIME32);
        FLAT(PLN__TIME64);
        FLAT(PLN__TIMESTAMP);
    default: put_any(keys, field, valid, first, n); break;
    }
#undef FLAT
}
