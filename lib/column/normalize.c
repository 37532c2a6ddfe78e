/* A foreign array made comfortable: nulls counted, buffers aligned for their type. */
#include "column/internal.h"

static pln_status align(struct ArrowArray *array, int32_t buffer, int64_t width, int64_t count,
                        pln_error *err) {
    const void *data = array->buffers[buffer];
    uintptr_t step = width >= 16 ? 16 : (uintptr_t)width;
    /* A power of two, or any address will do: fixed-size binary is bytes. */
    if (data == NULL || (step & (step - 1)) != 0 || ((uintptr_t)data & (step - 1)) == 0)
        return PLN_OK;
    int64_t size = count * width;
    uint8_t *copy = pln__array_attach(array, size + PLN__PADDING);
    if (copy == NULL)
        return pln__error_memory(err, (uint64_t)size);
    memcpy(copy, data, (size_t)size);
    memset(copy + size, 0, PLN__PADDING);
    array->buffers[buffer] = copy;
    return PLN_OK;
}

static pln_status align_all(const pln__type *type, struct ArrowArray *array, pln_error *err) {
    int64_t end = array->offset + array->length;
    if (pln__type_is_bytes(type->id) || type->id == PLN__LIST || type->id == PLN__MAP)
        return array->length == 0 ? PLN_OK : align(array, 1, 4, end + 1, err);
    if (type->id == PLN__UNION)
        return align(array, 1, 4, end, err);
    if (type->width > 1 && type->id != PLN__FIXED)
        return align(array, 1, type->width, end, err);
    return PLN_OK;
}

/* For no rows and no bytes a producer may leave buffers out; everybody here reads offsets[offset] and adds to pointers. */
static void fill_in(const pln__type *type, struct ArrowArray *array) {
    bool union_ids = type->id == PLN__UNION;
    for (int64_t i = union_ids ? 0 : 1; i < array->n_buffers; i++) {
        if (array->buffers[i] != NULL)
            continue;
        array->buffers[i] = pln__no_bytes;
        if (array->length == 0)
            array->offset = 0;
    }
}

static void count_nulls(const pln__type *type, struct ArrowArray *array) {
    if (type->id == PLN__NULL) {
        array->null_count = array->length;
    } else if (type->id == PLN__UNION || array->buffers[0] == NULL) {
        array->null_count = 0;
    } else if (array->null_count < 0) {
        array->null_count =
            array->length - pln__bits_count(array->buffers[0], array->offset, array->length);
    }
}

pln_status pln__array_normalize(const struct ArrowSchema *schema, struct ArrowArray *array,
                                pln_error *err) {
    pln_status status = PLN_OK;
    pln__type type;
    PLN__TRY(pln__type_of(schema, &type, err));
    fill_in(&type, array);
    PLN__TRY(align_all(&type, array, err));
    count_nulls(&type, array);
    for (int64_t i = 0; i < array->n_children; i++)
        PLN__TRY(pln__array_normalize(schema->children[i], array->children[i], err));
    if (schema->dictionary != NULL)
        PLN__TRY(pln__array_normalize(schema->dictionary, array->dictionary, err));
out:
    return status;
}
