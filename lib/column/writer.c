/* The column writer: rows in at the end, arrays out. */
#include "column/internal.h"

/* Rows are indexed by int32 everywhere. */
#define ROWS_MAX INT32_MAX

static const char *name_of(const pln__column *column) {
    return column->schema->name == NULL ? "" : column->schema->name;
}

static bool has_offsets(const pln__column *column) {
    int32_t id = column->type.id;
    return pln__type_is_bytes(id) || id == PLN__LIST || id == PLN__MAP;
}

static bool has_validity(const pln__column *column) {
    return column->type.id != PLN__NULL && column->type.id != PLN__UNION;
}

/* ---- life ---- */

static pln_status init(const pln_allocator *mem, const struct ArrowSchema *schema, int32_t depth,
                       pln__column *out, pln_error *err) {
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    out->mem = mem;
    out->schema = schema;
    PLN__TRY(pln__type_of(schema, &out->type, err));
    if (depth > PLN__NESTING_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "column %s: more than %d levels of nesting", name_of(out),
                  PLN__NESTING_MAX);
    if (schema->n_children > 0) {
        uint64_t n = (uint64_t)schema->n_children;
        out->children = pln__calloc(mem, n, sizeof(pln__column));
        if (out->children == NULL)
            PLN__TRY(pln__error_memory(err, n * sizeof(pln__column)));
        out->n_children = schema->n_children;
        for (int64_t i = 0; i < out->n_children; i++)
            PLN__TRY(init(mem, schema->children[i], depth + 1, &out->children[i], err));
    }
    if (out->type.id == PLN__DICTIONARY) {
        out->dictionary = pln__calloc(mem, 1, sizeof(pln__column));
        if (out->dictionary == NULL)
            PLN__TRY(pln__error_memory(err, sizeof(pln__column)));
        PLN__TRY(init(mem, schema->dictionary, depth + 1, out->dictionary, err));
        if (!pln__type_is_flat(out->dictionary->type.id))
            PLN__FAIL(err, PLN_EUNSUPPORTED, "column %s: a dictionary of nested values",
                      name_of(out));
    }
out:
    if (status < 0)
        pln__column_free(out);
    return status;
}

pln_status pln__column_init(const pln_allocator *mem, const struct ArrowSchema *schema,
                            pln__column *out, pln_error *err) {
    return init(mem, schema, 0, out, err);
}

void pln__column_free(pln__column *column) {
    const pln_allocator *mem = column->mem;
    if (mem == NULL)
        return;
    pln__buffer_free(mem, &column->validity);
    pln__buffer_free(mem, &column->data);
    pln__buffer_free(mem, &column->offsets);
    pln__buffer_free(mem, &column->type_ids);
    for (int64_t i = 0; i < column->n_children; i++)
        pln__column_free(&column->children[i]);
    pln__free(mem, column->children, (uint64_t)column->n_children * sizeof(pln__column));
    if (column->dictionary != NULL) {
        pln__column_free(column->dictionary);
        pln__free(mem, column->dictionary, sizeof(pln__column));
    }
    if (column->dictionary_index != NULL)
        pln__map_free(column->dictionary_index);
    memset(column, 0, sizeof *column);
}

/* ---- room ---- */

/* `size` bytes of capacity in a buffer whose used part is `used`. */
static pln_status fit(pln__column *column, pln__buffer *buffer, int64_t used, int64_t size,
                      pln_error *err) {
    if (PLN__LIKELY(size <= buffer->capacity))
        return PLN_OK;
    buffer->size = used;
    return pln__buffer_reserve(column->mem, buffer, size - used, err);
}

/* Validity of rows that are not written yet is one, so that who writes a value need not touch it. */
static pln_status fit_validity(pln__column *column, int64_t rows, pln_error *err) {
    int64_t before = column->validity.size;
    int64_t size = (rows + 7) / 8;
    if (size <= before)
        return PLN_OK;
    pln_status status = fit(column, &column->validity, before, size, err);
    if (status == PLN_OK) {
        memset(column->validity.data + before, 0xff, (size_t)(size - before));
        column->validity.size = size;
    }
    return status;
}

static pln_status fit_rows(pln__column *column, int64_t rows, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t length = column->length;
    int32_t id = column->type.id;
    int64_t width = column->type.width;
    int64_t size = 0;
    if (has_offsets(column)) {
        bool fresh = column->offsets.capacity == 0;
        PLN__TRY(fit(column, &column->offsets, fresh ? 0 : (length + 1) * 4, (rows + 1) * 4, err));
        if (fresh)
            memset(column->offsets.data, 0, 4);
    } else if (id == PLN__UNION) {
        PLN__TRY(fit(column, &column->offsets, length * 4, rows * 4, err));
        PLN__TRY(fit(column, &column->type_ids, length, rows, err));
    } else if (id == PLN__BOOL) {
        PLN__TRY(fit(column, &column->data, (length + 7) / 8, (rows + 7) / 8, err));
    } else if (width > 0) {
        if (!pln__mul(rows, width, &size))
            PLN__FAIL(err, PLN_ELIMIT, "column %s: %lld rows of %lld bytes", name_of(column),
                      (long long)rows, (long long)width);
        PLN__TRY(fit(column, &column->data, length * width, size, err));
    }
    if (column->validity.size > 0)
        PLN__TRY(fit_validity(column, rows, err));
    column->reserved_rows = rows;
out:
    return status;
}

static pln_status fit_bytes(pln__column *column, int64_t bytes, pln_error *err) {
    int64_t size = column->data.size;
    if (bytes > INT32_MAX - size)
        return pln__error_set(err, PLN_ELIMIT, "column %s: more than 2147483647 bytes in one batch",
                              name_of(column));
    if (PLN__LIKELY(size + bytes <= column->data.capacity))
        return PLN_OK;
    if (size == 0 && bytes < column->hint_bytes)
        bytes = column->hint_bytes;
    return pln__buffer_reserve(column->mem, &column->data, bytes, err);
}

pln_status pln__column_reserve(pln__column *column, int64_t rows, int64_t bytes, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t need = column->length + rows;
    if (rows < 0 || rows > ROWS_MAX - column->length)
        PLN__FAIL(err, PLN_ELIMIT, "column %s: %lld rows in one batch", name_of(column),
                  (long long)need);
    if (need > column->reserved_rows || column->reserved_rows == 0) {
        /* Growing by halves keeps a row at a time cheap; the first time the last array is the guide. */
        int64_t grown = column->reserved_rows + column->reserved_rows / 2;
        if (column->reserved_rows == 0)
            grown = column->hint_rows;
        grown = grown > ROWS_MAX ? ROWS_MAX : grown;
        PLN__TRY(fit_rows(column, need > grown ? need : grown, err));
    }
    if (bytes > 0 && pln__type_is_bytes(column->type.id))
        PLN__TRY(fit_bytes(column, bytes, err));
out:
    return status;
}

/* ---- nulls ---- */

pln_status pln__column_validity(pln__column *column, bool valid, pln_error *err) {
    if (valid || !has_validity(column)) {
        column->null_count += !valid;
        return PLN_OK;
    }
    int64_t rows =
        column->reserved_rows > column->length ? column->reserved_rows : column->length + 1;
    pln_status status = fit_validity(column, rows, err);
    if (status < 0)
        return status;
    pln__bit_clear(column->validity.data, column->length);
    column->null_count++;
    return PLN_OK;
}

static pln_status null_struct(pln__column *column, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t length = column->length;
    for (int64_t i = 0; i < column->n_children; i++)
        if (column->children[i].length != length)
            return pln__error_set(err, PLN_EDATA,
                                  "column %s: its field %s already has a value for this row",
                                  name_of(column), name_of(&column->children[i]));
    for (int64_t i = 0; i < column->n_children; i++)
        PLN__TRY(pln__column_null(&column->children[i], err));
out:
    if (status < 0)
        for (int64_t i = 0; i < column->n_children; i++)
            if (column->children[i].length == length + 1)
                pln__column_truncate(&column->children[i], length);
    return status;
}

static pln_status null_union(pln__column *column, pln_error *err) {
    int32_t child = pln__union_null_child(column->schema);
    int32_t at = (int32_t)column->children[child].length;
    pln_status status = pln__column_null(&column->children[child], err);
    if (status < 0)
        return status;
    column->type_ids.data[column->length] = (uint8_t)pln__union_id(column->schema, child);
    memcpy(column->offsets.data + column->length * 4, &at, 4);
    column->length++;
    return PLN_OK;
}

pln_status pln__column_null(pln__column *column, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t row = column->length;
    int64_t width = column->type.width;
    PLN__TRY(pln__column_reserve(column, 1, 0, err));
    if (column->type.id == PLN__UNION)
        return null_union(column, err);
    if (column->type.id != PLN__NULL)
        PLN__TRY(fit_validity(column, column->reserved_rows, err));
    if (column->type.id == PLN__STRUCT)
        PLN__TRY(null_struct(column, err));
    else if (has_offsets(column))
        memcpy(column->offsets.data + (row + 1) * 4, column->offsets.data + row * 4, 4);
    else if (column->type.id == PLN__BOOL)
        pln__bit_clear(column->data.data, row);
    else if (width > 0)
        memset(column->data.data + row * width, 0, (size_t)width);
    PLN__TRY(pln__column_validity(column, false, err));
    column->length++;
out:
    return status;
}

/* ---- taking back ---- */

static void truncate_union(pln__column *column, int64_t length) {
    int8_t child_of[128];
    pln__union_map(column->schema, child_of);
    /* Backwards, so that what is left of a child is what the earliest row taken back began with. */
    for (int64_t i = column->length; i-- > length;) {
        int32_t child = child_of[column->type_ids.data[i] & 127];
        pln__column_truncate(&column->children[child], pln__offset_at(column->offsets.data, i));
    }
}

void pln__column_truncate(pln__column *column, int64_t length) {
    if (length > column->length || length < 0)
        return;
    int64_t gone = column->length - length;
    int32_t id = column->type.id;
    /* A row that was marked null and then not written. */
    if (column->validity.size * 8 > column->length &&
        !pln__bit_get(column->validity.data, column->length)) {
        pln__bit_set(column->validity.data, column->length);
        column->null_count--;
    }
    if (id == PLN__NULL) {
        column->null_count = length;
    } else if (id == PLN__UNION) {
        truncate_union(column, length);
    } else if (column->null_count > 0 && gone > 0) {
        column->null_count -= gone - pln__bits_count(column->validity.data, length, gone);
        pln__bits_fill(column->validity.data, length, gone, true);
    }
    int64_t end = 0;
    if (has_offsets(column) && column->offsets.capacity > 0)
        end = pln__offset_at(column->offsets.data, length);
    if (pln__type_is_bytes(id))
        column->data.size = end;
    else if (has_offsets(column))
        pln__column_truncate(&column->children[0], end);
    else if (id == PLN__STRUCT)
        for (int64_t i = 0; i < column->n_children; i++)
            pln__column_truncate(&column->children[i], length);
    column->length = length;
}

/* ---- handing over ---- */

static pln_status refuse(const pln__path *path, int64_t row, pln_error *err, const char *what) {
    return pln__error_set(err, PLN_EDATA, "column %s: row %lld: %s", path->text, (long long)row,
                          what);
}

/*
 * Nulls of a required column count only where its parent is there. A union below a null struct must hold something, so
 * nulls of its variants are let be.
 */
static pln_status check_required(const pln__column *column, const pln__column *parent,
                                 const pln__path *path, pln_error *err) {
    if (column->type.nullable || column->null_count == 0 || column->type.id == PLN__NULL ||
        (parent != NULL && parent->type.id == PLN__UNION))
        return PLN_OK;
    bool hidden = parent != NULL && parent->type.id == PLN__STRUCT && parent->null_count > 0;
    for (int64_t i = 0; i < column->length; i++) {
        bool null = column->validity.size > 0 && !pln__bit_get(column->validity.data, i);
        if (null && (!hidden || pln__bit_get(parent->validity.data, i)))
            return refuse(path, i, err, "null in a required column");
    }
    return PLN_OK;
}

static pln_status check_union(const pln__column *column, const pln__path *path, pln_error *err) {
    int8_t child_of[128];
    pln__union_map(column->schema, child_of);
    for (int64_t i = 0; i < column->length; i++) {
        int32_t child = child_of[column->type_ids.data[i] & 127];
        if (pln__offset_at(column->offsets.data, i) >= column->children[child].length)
            return refuse(path, i, err, "a variant was chosen and no value was given");
    }
    return PLN_OK;
}

static pln_status check(const pln__column *column, const pln__column *parent, pln__path *path,
                        pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(check_required(column, parent, path, err));
    if (column->type.id == PLN__UNION)
        PLN__TRY(check_union(column, path, err));
    for (int64_t i = 0; i < column->n_children; i++) {
        const pln__column *child = &column->children[i];
        int32_t before = pln__path_child(path, column->schema, i);
        if (column->type.id == PLN__STRUCT && child->length != column->length)
            PLN__FAIL(err, PLN_EDATA, "column %s: %lld values in %lld rows", path->text,
                      (long long)child->length, (long long)column->length);
        PLN__TRY(check(child, column, path, err));
        pln__path_pop(path, before);
    }
out:
    return status;
}

static void begin_anew(pln__column *column) {
    column->hint_rows = column->length;
    column->hint_bytes = pln__type_is_bytes(column->type.id) ? column->data.size : 0;
    column->length = column->null_count = column->reserved_rows = 0;
    column->validity = column->data = column->offsets = column->type_ids = (pln__buffer){0};
}

/* Drops the rows of a column whose finish failed half-way. */
static void clear(pln__column *column) {
    pln__buffer_free(column->mem, &column->validity);
    pln__buffer_free(column->mem, &column->data);
    pln__buffer_free(column->mem, &column->offsets);
    pln__buffer_free(column->mem, &column->type_ids);
    begin_anew(column);
    for (int64_t i = 0; i < column->n_children; i++)
        clear(&column->children[i]);
    if (column->dictionary != NULL)
        clear(column->dictionary);
    if (column->dictionary_index != NULL)
        pln__map_free(column->dictionary_index);
    column->dictionary_index = NULL;
}

static pln_status finish(pln__column *column, struct ArrowArray *out, pln_error *err);

static pln_status finish_dictionary(pln__column *column, struct ArrowArray *out, pln_error *err) {
    if (column->values != NULL)
        return pln__array_share(column->mem, column->values, out, err);
    pln_status status = finish(column->dictionary, out, err);
    if (status < 0)
        return status;
    if (column->dictionary_index != NULL)
        pln__map_free(column->dictionary_index);
    column->dictionary_index = NULL;
    return PLN_OK;
}

static pln_status finish_below(pln__column *column, pln__draft *draft, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__draft_children(draft, column->n_children, err));
    for (int64_t i = 0; i < column->n_children; i++) {
        pln__column *child = &column->children[i];
        /* Items after the last close belong to no list. */
        if (column->type.id == PLN__LIST || column->type.id == PLN__MAP)
            pln__column_truncate(child, pln__offset_at(column->offsets.data, column->length));
        PLN__TRY(finish(child, &draft->parts.children[i], err));
    }
    if (column->dictionary != NULL) {
        PLN__TRY(finish_dictionary(column, &draft->dictionary, err));
        draft->parts.dictionary = &draft->dictionary;
    }
out:
    return status;
}

/* The last byte of a bitmap has bits that belong to no row; they go out as zeros. */
static void trim_bits(pln__buffer *bits, int64_t length) {
    bits->size = (length + 7) / 8;
    if ((length & 7) != 0)
        bits->data[length >> 3] = (uint8_t)(bits->data[length >> 3] & ((1u << (length & 7)) - 1));
}

static void move_buffers(pln__column *column, pln__draft *draft) {
    pln__buffer *to = draft->buffers;
    int64_t length = column->length;
    int32_t id = column->type.id;
    if (id == PLN__NULL)
        return;
    if (id == PLN__UNION) {
        column->type_ids.size = length;
        column->offsets.size = length * 4;
        to[0] = column->type_ids;
        to[1] = column->offsets;
        return;
    }
    if (column->null_count > 0) {
        trim_bits(&column->validity, length);
        to[0] = column->validity;
    } else {
        pln__buffer_free(column->mem, &column->validity);
    }
    if (has_offsets(column)) {
        column->offsets.size = (length + 1) * 4;
        to[1] = column->offsets;
        to[2] = column->data;
    } else {
        if (id == PLN__BOOL && column->data.data != NULL)
            trim_bits(&column->data, length);
        else
            column->data.size = length * column->type.width;
        to[1] = column->data;
    }
}

static pln_status finish(pln__column *column, struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t id = column->type.id;
    pln__draft draft;
    int32_t n_buffers = id == PLN__NULL          ? 0
                        : pln__type_is_bytes(id) ? 3
                        : id == PLN__STRUCT      ? 1
                                                 : 2;
    pln__draft_init(&draft, column->mem, column->length, n_buffers);
    if (has_offsets(column) && column->offsets.capacity == 0)
        PLN__TRY(fit_rows(column, 0, err));
    PLN__TRY(finish_below(column, &draft, err));
    draft.parts.null_count = column->null_count;
    move_buffers(column, &draft);
    begin_anew(column);
    return pln__draft_finish(&draft, out, err);
out:
    pln__draft_free(&draft);
    return status;
}

pln_status pln__column_finish(pln__column *column, struct ArrowArray *out, pln_error *err) {
    pln__path path = {.size = 0};
    (void)pln__path_push(&path, column->schema->name);
    memset(out, 0, sizeof *out);
    pln_status status = check(column, NULL, &path, err);
    if (status < 0)
        return status;
    status = finish(column, out, err);
    if (status < 0)
        clear(column);
    return status;
}
