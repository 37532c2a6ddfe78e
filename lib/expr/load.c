/*
 * Columns of a batch into registers. Fixed-width values and text are lent, not copied.
 */
#include "expr/internal.h"

static const struct ArrowArray *column(const xprog *p, const xop *op) {
    return p->rows->children[op->imm];
}

/* Where row `row0` of the block stands in the column's buffers. */
static int64_t first_of(const xprog *p, const struct ArrowArray *array) {
    return array->offset + p->rows->offset + p->row0;
}

static void load_valid(xprog *p, const xop *op, const struct ArrowArray *array, int32_t n) {
    xreg *out = x_out(p, op);
    const uint8_t *bits = pln__array_validity(array);
    if (bits == NULL)
        return;
    pln__x_bits_load(out->own_valid, bits, first_of(p, array), n);
    for (int32_t w = 0; w < x_words(n); w++)
        if (out->own_valid[w] != x_word_mask(n, w)) {
            out->vec.valid = out->own_valid;
            return;
        }
}

pln_status pln__x_load_fixed(xprog *p, const xop *op, int32_t n) {
    const struct ArrowArray *array = column(p, op);
    xreg *out = x_out(p, op);
    load_valid(p, op, array, n);
    out->vec.data =
        (const uint8_t *)array->buffers[1] + first_of(p, array) * pln__x_width(out->phys);
    return PLN_OK;
}

pln_status pln__x_load_bits(xprog *p, const xop *op, int32_t n) {
    const struct ArrowArray *array = column(p, op);
    load_valid(p, op, array, n);
    pln__x_bits_load(x_out(p, op)->own, array->buffers[1], first_of(p, array), n);
    x_out(p, op)->vec.data = x_out(p, op)->own;
    return PLN_OK;
}

static const uint8_t *bytes_of(const struct ArrowArray *array, int32_t buffer) {
    static const uint8_t none[1];
    return array->buffers[buffer] == NULL ? none : array->buffers[buffer];
}

pln_status pln__x_load_text(xprog *p, const xop *op, int32_t n) {
    const struct ArrowArray *array = column(p, op);
    xreg *out = x_out(p, op);
    load_valid(p, op, array, n);
    out->vec.data = NULL;
    out->vec.offsets = (const int32_t *)array->buffers[1] + first_of(p, array);
    out->vec.base = bytes_of(array, 2);
    return PLN_OK;
}

pln_status pln__x_load_ref(xprog *p, const xop *op, int32_t n) {
    const struct ArrowArray *array = column(p, op);
    xreg *out = x_out(p, op);
    int32_t *rows = out->own;
    load_valid(p, op, array, n);
    out->vec.array = array;
    out->vec.data = rows;
    for (int32_t i = 0; i < n; i++)
        rows[i] = x_valid(&out->vec, i) ? (int32_t)(p->rows->offset + p->row0 + i) : -1;
    return PLN_OK;
}

/* ---- values out of nested columns, dictionaries and fixed-size binary: one row at a time ---- */

static int64_t key_at(const pln__type *type, const struct ArrowArray *array, int64_t row) {
    pln__type index = *type;
    index.id = type->index_id;
    return pln__array_int(&index, array, row);
}

static bool text_at(const struct ArrowSchema *schema, const pln__type *type,
                    const struct ArrowArray *array, int64_t row, xstr *out) {
    pln__type values;
    if (type->id == PLN__DICTIONARY) {
        row = key_at(type, array, row);
        array = array->dictionary;
        if (pln__type_of(schema->dictionary, &values, NULL) < 0 || row < 0 ||
            row >= array->length || !pln__array_valid(array, row))
            return false;
        type = &values;
    }
    out->data = pln__array_bytes(type, array, row, &out->size);
    return true;
}

static pln_status gather_text(xprog *p, const xop *op, int32_t n, const struct ArrowArray *array,
                              const int32_t *rows, const pln__type *type) {
    xstr *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++) {
        out[i] = x_empty();
        if (rows[i] < 0 || !pln__array_valid(array, rows[i]) ||
            !text_at(op->aux, type, array, rows[i], &out[i]))
            pln__x_null(p, op, n, i);
    }
    return PLN_OK;
}

static pln_status gather_bits(xprog *p, const xop *op, int32_t n, const struct ArrowArray *array,
                              const int32_t *rows) {
    uint64_t *out = x_dest(p, op);
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++) {
        bool valid = rows[i] >= 0 && pln__array_valid(array, rows[i]);
        if (!valid)
            pln__x_null(p, op, n, i);
        else if (pln__bit_get(array->buffers[1], array->offset + rows[i]))
            out[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return PLN_OK;
}

static pln_status gather_fixed(xprog *p, const xop *op, int32_t n, const struct ArrowArray *array,
                               const int32_t *rows) {
    int32_t width = pln__x_width(x_out(p, op)->phys);
    uint8_t *out = x_dest(p, op);
    const uint8_t *in = array->buffers[1];
    for (int32_t i = 0; i < n; i++, out += width) {
        memset(out, 0, (size_t)width);
        if (rows[i] >= 0 && pln__array_valid(array, rows[i]))
            memcpy(out, in + (array->offset + rows[i]) * width, (size_t)width);
        else
            pln__x_null(p, op, n, i);
    }
    return PLN_OK;
}

/* aux: the field's schema. */
static pln_status gather(xprog *p, const xop *op, int32_t n, const struct ArrowArray *array,
                         const int32_t *rows) {
    pln__type type;
    pln_status status = pln__type_of(op->aux, &type, NULL);
    if (status < 0)
        return status;
    if (x_out(p, op)->phys == X_TEXT)
        return gather_text(p, op, n, array, rows, &type);
    if (x_out(p, op)->phys == X_BITS)
        return gather_bits(p, op, n, array, rows);
    return gather_fixed(p, op, n, array, rows);
}

/* A scalar out of a nested register. */
pln_status pln__x_gather(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0);
    return gather(p, op, n, in->array, in->data);
}

/* Dictionaries and fixed-size binary at the top. */
pln_status pln__x_load_rows(xprog *p, const xop *op, int32_t n) {
    int32_t rows[X_BLOCK];
    for (int32_t i = 0; i < n; i++)
        rows[i] = (int32_t)(p->rows->offset + p->row0 + i);
    return gather(p, op, n, column(p, op), rows);
}

/* ---- nested to nested ---- */

static void put_row(xprog *p, const xop *op, int32_t n, int32_t i, int64_t row,
                    const struct ArrowArray *array, const struct ArrowSchema *schema) {
    int32_t *out = x_dest(p, op);
    bool null = row < 0 || pln__array_null_at(schema, array, row);
    out[i] = null ? -1 : (int32_t)row;
    if (null)
        pln__x_null(p, op, n, i);
}

/* imm: which member; aux: its schema. */
pln_status pln__x_member(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0);
    const struct ArrowArray *child = in->array->children[op->imm];
    const int32_t *rows = in->data;
    x_out(p, op)->vec.array = child;
    for (int32_t i = 0; i < n; i++)
        put_row(p, op, n, i, rows[i] < 0 ? -1 : in->array->offset + rows[i], child, op->aux);
    return PLN_OK;
}

static void span_of(const struct ArrowArray *list, int32_t row, int64_t *start, int64_t *size) {
    const int32_t *offsets = (const int32_t *)list->buffers[1] + list->offset + row;
    *start = offsets[0];
    *size = offsets[1] - offsets[0];
}

/* list[index], from 1; aux: the item's schema. */
pln_status pln__x_subscript(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0), *at = x_arg(p, op, 1);
    const int32_t *rows = in->data;
    const int64_t *index = at->data;
    x_out(p, op)->vec.array = in->array->children[0];
    for (int32_t i = 0; i < n; i++) {
        int64_t start = 0, size = 0, row = -1;
        if (rows[i] >= 0 && x_valid(at, i)) {
            span_of(in->array, rows[i], &start, &size);
            if (index[i] >= 1 && index[i] <= size)
                row = start + index[i] - 1;
        }
        put_row(p, op, n, i, row, in->array->children[0], op->aux);
    }
    return PLN_OK;
}

/* map[key]: the last entry of that key; aux: the map's schema. */
pln_status pln__x_map_get(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0), *want = x_arg(p, op, 1);
    const struct ArrowSchema *schema = op->aux, *keys_schema = schema->children[0]->children[0];
    const struct ArrowArray *entries = in->array->children[0], *keys = entries->children[0];
    const int32_t *rows = in->data;
    pln__type type;
    pln_status status = pln__type_of(keys_schema, &type, NULL);
    x_out(p, op)->vec.array = entries->children[1];
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t start = 0, size = 0, row = -1;
        if (rows[i] >= 0 && x_valid(want, i))
            span_of(in->array, rows[i], &start, &size);
        for (int64_t k = start + size - 1; k >= start && row < 0; k--) {
            xstr key, asked = x_text(want, i);
            int64_t at = entries->offset + k;
            if (text_at(keys_schema, &type, keys, at, &key) && key.size == asked.size &&
                memcmp(key.data, asked.data, (size_t)key.size) == 0)
                row = at;
        }
        put_row(p, op, n, i, row, entries->children[1], schema->children[0]->children[1]);
    }
    return status < 0 ? status : PLN_OK;
}

pln_status pln__x_cardinality(xprog *p, const xop *op, int32_t n) {
    const xvec *in = x_arg(p, op, 0);
    const int32_t *rows = in->data;
    int64_t *out = x_dest(p, op), start;
    for (int32_t i = 0; i < n; i++) {
        out[i] = 0;
        if (rows[i] >= 0)
            span_of(in->array, rows[i], &start, &out[i]);
    }
    return PLN_OK;
}
