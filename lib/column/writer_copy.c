/* Single rows of arrays appended to columns. */
#include "column/internal.h"

static pln_status copy(pln__column *column, const struct ArrowArray *array, int64_t row,
                       pln_error *err);

static pln_status copy_fixed(pln__column *column, const struct ArrowArray *array, int64_t row,
                             pln_error *err) {
    int64_t width = column->type.width;
    pln_status status = pln__column_reserve(column, 1, 0, err);
    if (status < 0)
        return status;
    if (column->type.id == PLN__BOOL)
        pln__bit_put(column->data.data, column->length,
                     pln__bit_get(array->buffers[1], array->offset + row));
    else
        memcpy(column->data.data + column->length * width,
               (const uint8_t *)array->buffers[1] + (array->offset + row) * width, (size_t)width);
    column->length++;
    return PLN_OK;
}

pln_status pln__column_end_row(pln__column *column, int64_t end, pln_error *err) {
    pln_status status = pln__column_reserve(column, 1, 0, err);
    if (status < 0)
        return status;
    int32_t offset = (int32_t)end;
    memcpy(column->offsets.data + (column->length + 1) * 4, &offset, 4);
    column->length++;
    return PLN_OK;
}

static pln_status copy_bytes(pln__column *column, const struct ArrowArray *array, int64_t row,
                             pln_error *err) {
    int64_t size;
    const uint8_t *bytes = pln__array_bytes(&column->type, array, row, &size);
    pln_status status = pln__column_reserve(column, 1, size, err);
    if (status < 0)
        return status;
    if (size > 0)
        memcpy(column->data.data + column->data.size, bytes, (size_t)size);
    column->data.size += size;
    return pln__column_end_row(column, column->data.size, err);
}

static pln_status copy_list(pln__column *column, const struct ArrowArray *array, int64_t row,
                            pln_error *err) {
    int32_t from = pln__offset_at(array->buffers[1], array->offset + row);
    int32_t to = pln__offset_at(array->buffers[1], array->offset + row + 1);
    pln_status status = PLN_OK;
    for (int64_t i = from; i < to; i++)
        PLN__TRY(copy(&column->children[0], array->children[0], i, err));
    PLN__TRY(pln__column_end_row(column, column->children[0].length, err));
out:
    return status;
}

static pln_status copy_struct(pln__column *column, const struct ArrowArray *array, int64_t row,
                              pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__column_reserve(column, 1, 0, err));
    for (int64_t i = 0; i < column->n_children; i++)
        PLN__TRY(copy(&column->children[i], array->children[i], array->offset + row, err));
    column->length++;
out:
    return status;
}

static pln_status copy_union(pln__column *column, const struct ArrowArray *array, int64_t row,
                             pln_error *err) {
    int8_t child_of[128];
    pln_status status = PLN_OK;
    uint8_t id = ((const uint8_t *)array->buffers[0])[array->offset + row];
    pln__union_map(column->schema, child_of);
    if (id > 127 || child_of[id] < 0)
        PLN__FAIL(err, PLN_EDATA, "a union row has type id %d", id);
    pln__column *child = &column->children[child_of[id]];
    int32_t at = (int32_t)child->length;
    PLN__TRY(pln__column_reserve(column, 1, 0, err));
    status = copy(child, array->children[child_of[id]],
                  pln__offset_at(array->buffers[1], array->offset + row), err);
    if (status < 0) {
        pln__column_truncate(child, at);
        goto out;
    }
    column->type_ids.data[column->length] = id;
    memcpy(column->offsets.data + column->length * 4, &at, 4);
    column->length++;
out:
    return status;
}

static pln_status copy_dictionary(pln__column *column, const struct ArrowArray *array, int64_t row,
                                  pln_error *err) {
    int64_t index = pln__array_int(&column->type, array, row);
    const struct ArrowArray *values = array->dictionary;
    uint8_t scratch[1];
    int64_t size;
    if (index < 0 || index >= values->length)
        return pln__error_set(err, PLN_EDATA, "a dictionary index is %lld", (long long)index);
    if (!pln__array_valid(values, index))
        return pln__column_null(column, err);
    const uint8_t *bytes =
        pln__flat_bytes(&column->dictionary->type, values, index, scratch, &size);
    return pln__column_put_value(column, bytes, size, err);
}

static pln_status copy(pln__column *column, const struct ArrowArray *array, int64_t row,
                       pln_error *err) {
    int32_t id = column->type.id;
    if (id == PLN__NULL || (id != PLN__UNION && !pln__array_valid(array, row)))
        return pln__column_null(column, err);
    switch (id) {
    case PLN__UTF8:
    case PLN__BINARY: return copy_bytes(column, array, row, err);
    case PLN__LIST:
    case PLN__MAP: return copy_list(column, array, row, err);
    case PLN__STRUCT: return copy_struct(column, array, row, err);
    case PLN__UNION: return copy_union(column, array, row, err);
    case PLN__DICTIONARY: return copy_dictionary(column, array, row, err);
    default: return copy_fixed(column, array, row, err);
    }
}

pln_status pln__column_copy(pln__column *column, const struct ArrowArray *array, int64_t row,
                            pln_error *err) {
    int64_t before = column->length;
    pln_status status = copy(column, array, row, err);
    if (status < 0)
        pln__column_truncate(column, before);
    return status;
}

/* ---- dictionaries ---- */

pln_status pln__column_append_flat(pln__column *column, const void *bytes, int64_t size,
                                   pln_error *err) {
    bool var = pln__type_is_bytes(column->type.id);
    pln_status status = pln__column_reserve(column, 1, var ? size : 0, err);
    if (status < 0)
        return status;
    if (column->type.id == PLN__BOOL)
        pln__bit_put(column->data.data, column->length, *(const uint8_t *)bytes != 0);
    else if (size > 0)
        memcpy(column->data.data + (var ? column->data.size : column->length * size), bytes,
               (size_t)size);
    if (!var) {
        column->length++;
        return PLN_OK;
    }
    column->data.size += size;
    return pln__column_end_row(column, column->data.size, err);
}

/* One more than the greatest index an index type holds; dictionaries of more than 2^31 values do not fit in a batch anyway. */
static int64_t index_limit(const pln__type *type) {
    bool is_signed = type->index_id <= PLN__INT64;
    return type->width >= 4 ? (int64_t)INT32_MAX
                            : (int64_t)1 << (8 * type->width - (is_signed ? 1 : 0));
}

pln_status pln__column_put_value(pln__column *column, const void *bytes, int64_t size,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    pln__column *values = column->dictionary;
    int64_t index = values->length;
    if (column->dictionary_index == NULL) {
        /* Where the column lies is as good a secret as the runtime's, and order of appearance does not depend on it. */
        column->dictionary_index = pln__map_new(column->mem, (uint64_t)(uintptr_t)column);
        if (column->dictionary_index == NULL)
            PLN__TRY(pln__error_memory(err, 0));
    }
    PLN__TRY(pln__column_reserve(column, 1, 0, err));
    if (!pln__map_get(column->dictionary_index, bytes, size, &index)) {
        if (index >= index_limit(&column->type))
            PLN__FAIL(
                err, PLN_ELIMIT,
                "column %s: more than %lld different values, which its index type cannot hold",
                column->schema->name, (long long)index);
        PLN__TRY(pln__column_append_flat(values, bytes, size, err));
        status = pln__map_put(column->dictionary_index, bytes, size, index, err);
        if (status < 0) {
            pln__column_truncate(values, index);
            goto out;
        }
    }
    memcpy(column->data.data + column->length * column->type.width, &index,
           (size_t)column->type.width);
    column->length++;
out:
    return status;
}
