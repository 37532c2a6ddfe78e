#include "format/json_write.h"

static bool is_null(const pln__json_out *node, int64_t row) {
    return node->type.id == PLN__NULL ||
           (node->type.id != PLN__UNION && !pln__array_valid(node->array, row));
}

static int64_t offset_at(const pln__json_out *node, int64_t row) {
    int32_t at;
    memcpy(&at, (const uint8_t *)node->array->buffers[1] + (node->array->offset + row) * 4, 4);
    return at;
}

/* A struct's children have no offset of it in them. */
static pln_status write_struct(pln__encoder *self, const pln__json_out *node, int64_t row) {
    pln_status status = PLN_OK;
    char before = '{';
    for (int64_t i = 0; i < node->n_children; i++) {
        const pln__json_out *child = &node->children[i];
        int64_t at = node->array->offset + row;
        if (!self->dialect.write_nulls && child->type.id != PLN__UNION && is_null(child, at))
            continue;
        PLN__TRY(pln__json_put(self, &before, 1));
        PLN__TRY(pln__json_put(self, child->key, child->key_size));
        PLN__TRY(pln__json_write(self, child, at));
        before = ',';
    }
    PLN__TRY(before == '{' ? pln__json_put(self, "{}", 2) : pln__json_put(self, "}", 1));
out:
    return status;
}

static pln_status write_list(pln__encoder *self, const pln__json_out *node, int64_t row) {
    pln_status status = PLN_OK;
    int64_t end = offset_at(node, row + 1);
    PLN__TRY(pln__json_put(self, "[", 1));
    for (int64_t i = offset_at(node, row); i < end; i++) {
        PLN__TRY(pln__json_write(self, &node->children[0], i));
        if (i + 1 < end)
            PLN__TRY(pln__json_put(self, ",", 1));
    }
    PLN__TRY(pln__json_put(self, "]", 1));
out:
    return status;
}

/* ---- maps ---- */

/* Objects need keys of text, all different; other maps are written as pairs. */
static pln_status is_object(pln__encoder *self, const pln__json_out *keys, int64_t from,
                            int64_t end, bool *out) {
    pln_status status = PLN_OK;
    const pln__json_out *texts = keys->dictionary != NULL ? keys->dictionary : keys;
    *out = texts->type.id == PLN__UTF8 && !texts->any;
    pln__json_keys_clear(&self->keys);
    for (int64_t i = from; i < end && *out; i++) {
        int64_t size, index, before = self->keys.n;
        int64_t at = keys->dictionary != NULL ? pln__array_int(&keys->type, keys->array, i) : i;
        if (is_null(keys, i) || is_null(texts, at)) {
            *out = false;
            break;
        }
        const uint8_t *text = pln__array_bytes(&texts->type, texts->array, at, &size);
        PLN__TRY(pln__json_keys_add(self->mem, &self->keys, text, size, 0, &index, self->err));
        *out = index == before;
    }
out:
    return status;
}

static pln_status write_map(pln__encoder *self, const pln__json_out *node, int64_t row) {
    pln_status status = PLN_OK;
    const pln__json_out *entries = &node->children[0];
    const pln__json_out *key = &entries->children[0], *value = &entries->children[1];
    int64_t shift = entries->array->offset;
    int64_t from = offset_at(node, row) + shift, end = offset_at(node, row + 1) + shift;
    bool object;
    PLN__TRY(is_object(self, key, from, end, &object));
    PLN__TRY(pln__json_put(self, object ? "{" : "[", 1));
    for (int64_t i = from; i < end; i++) {
        if (!object)
            PLN__TRY(pln__json_put(self, "[", 1));
        PLN__TRY(pln__json_write(self, key, i));
        PLN__TRY(pln__json_put(self, object ? ":" : ",", 1));
        PLN__TRY(pln__json_write(self, value, i));
        if (!object)
            PLN__TRY(pln__json_put(self, "]", 1));
        if (i + 1 < end)
            PLN__TRY(pln__json_put(self, ",", 1));
    }
    PLN__TRY(pln__json_put(self, object ? "}" : "]", 1));
out:
    return status;
}

/* ---- unions and dictionaries ---- */

static pln_status write_union(pln__encoder *self, const pln__json_out *node, int64_t row) {
    pln_status status = PLN_OK;
    int8_t id = ((const int8_t *)node->array->buffers[0])[node->array->offset + row];
    int32_t index = id < 0 ? -1 : node->child_of[id];
    if (index < 0 || index >= node->n_children)
        return self->lenient ? pln__json_put(self, "null", 4)
                             : pln__json_unwritable(self, node, "a union of no variant");
    const pln__json_out *child = &node->children[index];
    if (child->plain_null)
        return pln__json_put(self, "null", 4);
    PLN__TRY(pln__json_put(self, "{", 1));
    PLN__TRY(pln__json_put(self, child->key, child->key_size));
    PLN__TRY(pln__json_write(self, child, offset_at(node, row)));
    PLN__TRY(pln__json_put(self, "}", 1));
out:
    return status;
}

pln_status pln__json_write(pln__encoder *self, const pln__json_out *node, int64_t row) {
    if (is_null(node, row))
        return pln__json_put(self, "null", 4);
    switch (node->type.id) {
    case PLN__STRUCT:
        return write_struct(self, node, row);
    case PLN__LIST:
        return write_list(self, node, row);
    case PLN__MAP:
        return write_map(self, node, row);
    case PLN__UNION:
        return write_union(self, node, row);
    case PLN__DICTIONARY:
        return pln__json_write(self, node->dictionary,
                               pln__array_int(&node->type, node->array, row));
    default:
        return pln__json_write_scalar(self, node, row);
    }
}
