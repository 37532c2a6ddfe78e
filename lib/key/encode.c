/* Rows of a batch as bytes, column by column, a part of the batch at a time. */
#include "key/internal.h"

/* ---- the arrays of a batch ---- */

static const uint8_t nothing[64];

static void bind_node(pln__key_node *node, const struct ArrowArray *array);

static void bind_children(pln__key_node *node, const struct ArrowArray *array) {
    for (int64_t i = 0; i < node->n_children; i++)
        bind_node(node->children + i, array->children[node->children[i].index]);
}

/* Rows of a map's offsets are rows of its entries, which may begin somewhere in their children. */
static void bind_entries(pln__key_node *node, const struct ArrowArray *entries) {
    bind_children(node, entries);
    for (int64_t i = 0; i < node->n_children; i++) {
        node->children[i].offset += entries->offset;
        node->children[i].length = entries->length;
    }
}

static void bind_buffers(pln__key_node *node, const struct ArrowArray *array) {
    int32_t id = node->type.id;
    bool offsets = pln__type_is_bytes(id) || id == PLN__LIST || id == PLN__MAP || id == PLN__UNION;
    if (id == PLN__NULL || id == PLN__STRUCT)
        return;
    node->data = array->buffers[id == PLN__UNION ? 0 : pln__type_is_bytes(id) ? 2 : 1];
    if (node->data == NULL)
        node->data = nothing;
    node->end = node->data;
    node->offsets = offsets ? array->buffers[1] : NULL;
    if (pln__type_is_bytes(id) && array->length > 0)
        node->end += node->offsets[array->offset + array->length];
    if (id == PLN__FIXED)
        node->end += (array->offset + array->length) * node->type.width;
}

static void bind_node(pln__key_node *node, const struct ArrowArray *array) {
    node->offset = array->offset;
    node->length = array->length;
    node->validity = node->type.id == PLN__UNION ? NULL : pln__array_validity(array);
    bind_buffers(node, array);
    switch (node->type.id) {
    case PLN__MAP: bind_entries(node, array->children[0]); break;
    case PLN__DICTIONARY: bind_node(node->children, array->dictionary); break;
    default: bind_children(node, array);
    }
}

static void bind_field(pln__key_field *field, const struct ArrowArray *rows) {
    const struct ArrowArray *array = rows;
    int64_t shift = 0;
    for (int32_t i = 0; i < field->n_steps; i++) {
        shift += array->offset;
        field->steps[i].validity = i == 0 ? NULL : pln__array_validity(array);
        field->steps[i].shift = shift;
        array = array->children[field->steps[i].index];
    }
    field->shift = shift;
    bind_node(field->node, array);
}

pln_status pln__keys_bind(pln_keys *keys, const struct ArrowArray *rows, pln_error *err) {
    pln_status status = pln__array_validate(&keys->schema, rows, PLN__VALIDATE_MINIMAL, err);
    if (status < 0)
        return status;
    const uint8_t *bits = pln__array_validity(rows);
    if (bits != NULL && pln__bits_count(bits, rows->offset, rows->length) != rows->length)
        return pln__error_set(err, PLN_EDATA, "a row of a batch is null");
    for (int64_t i = 0; i < keys->n_fields; i++)
        bind_field(keys->fields + i, rows);
    return PLN_OK;
}

/* ---- parts of a batch ---- */

static pln_status find_sizes(pln_keys *keys, int64_t first, int64_t n, pln_error *err) {
    keys->entries = 0;
    keys->fault = NULL;
    for (int64_t i = 0; i < n; i++)
        keys->sizes[i] = 1;
    for (int64_t f = 0; f < keys->n_fields; f++)
        if (!pln__key_field_sizes(keys, keys->fields + f, first, n))
            return pln__error_set(err, PLN_EDATA, "%s: %s", keys->fields[f].node->name,
                                  keys->fault);
    for (int64_t i = 0; i < n; i++)
        if (PLN__UNLIKELY(keys->sizes[i] > INT32_MAX))
            return pln__error_set(err, PLN_ELIMIT, "row %lld: its fields have more than 2 GiB",
                                  (long long)(first + i));
    return PLN_OK;
}

/* As many of the first n rows as fit the block, at least one. *size is what they need. */
static int64_t part_of(const pln_keys *keys, int64_t n, int64_t *size) {
    int64_t rows = 0;
    *size = 0;
    while (rows < n && (rows == 0 || *size + keys->sizes[rows] + PLN__KEY_SLACK <= PLN__KEY_BLOCK))
        *size += keys->sizes[rows++] + PLN__KEY_SLACK;
    return rows;
}

static pln_status make_room(pln_keys *keys, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    keys->block.size = keys->scratch.size = keys->spans_used = 0;
    PLN__TRY(pln__buffer_reserve(keys->mem, &keys->block, size, err));
    if (!keys->maps)
        return status;
    PLN__TRY(pln__buffer_reserve(keys->mem, &keys->scratch, size, err));
    PLN__TRY(pln__grow(keys->mem, &keys->spans, &keys->spans_capacity, keys->entries + 1,
                       sizeof *keys->spans, err));
out:
    return status;
}

static void lay_out(pln_keys *keys, int64_t first, int64_t n) {
    uint8_t *to = keys->block.data;
    for (int64_t i = 0; i < n; i++) {
        keys->starts[i] = to;
        *to = PLN_KEY_VERSION;
        keys->at[i] = to + 1;
        to += keys->sizes[i] + PLN__KEY_SLACK;
    }
    for (int64_t f = 0; f < keys->n_fields; f++)
        pln__key_field_put(keys, keys->fields + f, first, n);
}

pln_status pln__keys_rows(pln_keys *keys, int64_t first, int64_t n, pln__keys_use use, uint8_t *out,
                          int64_t out_size, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t done = 0; done < n;) {
        int64_t size, part, left = n - done < PLN__KEY_ROWS ? n - done : PLN__KEY_ROWS;
        PLN__TRY(find_sizes(keys, first + done, left, err));
        for (; left > 0; left -= part, done += part) {
            part = part_of(keys, left, &size);
            PLN__TRY(make_room(keys, size, err));
            lay_out(keys, first + done, part);
            if (use != NULL)
                use(keys, part, out + done * out_size);
            memmove(keys->sizes, keys->sizes + part, (size_t)(left - part) * sizeof *keys->sizes);
        }
    }
out:
    return status;
}
