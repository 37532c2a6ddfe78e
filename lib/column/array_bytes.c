/* Arrays as bytes, for saved state: each node its length, its count of nulls and its buffers with their sizes, then its children. */
#include "base/little.h"
#include "column/internal.h"

/* The bytes that buffer `index` of an array has, all at offset 0; -1 for a validity that may be missing. */
static int64_t buffer_size(const pln__type *type, int32_t index, int64_t length, int64_t text) {
    bool offsets = pln__type_is_bytes(type->id) || type->id == PLN__LIST || type->id == PLN__MAP;
    if (index == 0)
        return type->id == PLN__UNION ? length : -1;
    if (index == 2)
        return text;
    return type->id == PLN__BOOL    ? (length + 7) / 8
           : type->id == PLN__UNION ? length * 4
           : offsets                ? (length + 1) * 4
                                    : length * type->width;
}

static int32_t buffers_of(const pln__type *type) {
    return type->id == PLN__NULL          ? 0
           : type->id == PLN__STRUCT      ? 1
           : pln__type_is_bytes(type->id) ? 3
                                          : 2;
}

/* ---- to bytes ---- */

typedef struct writer {
    const pln_allocator *mem;
    pln__buffer *out;
    pln_error *err;
} writer;

static pln_status put_number(writer *w, int64_t number) {
    uint8_t bytes[8];
    pln__store_le64(bytes, (uint64_t)number);
    return pln__buffer_append(w->mem, w->out, bytes, 8, w->err);
}

static pln_status put_buffer(writer *w, const void *data, int64_t size) {
    pln_status status = put_number(w, size);
    return status < 0 || size == 0 ? status
                                   : pln__buffer_append(w->mem, w->out, data, size, w->err);
}

static pln_status put_buffers(writer *w, const pln__type *type, const struct ArrowArray *array) {
    pln_status status = PLN_OK;
    int64_t length = array->length, text = 0;
    for (int32_t i = 0; i < buffers_of(type); i++) {
        const void *data = array->buffers[i];
        if (i == 2)
            text = length == 0 ? 0 : pln__offset_at(array->buffers[1], length);
        int64_t size = buffer_size(type, i, length, text);
        if (size < 0)
            size = pln__array_validity(array) == NULL ? 0 : (length + 7) / 8;
        PLN__TRY(put_buffer(w, data, size));
    }
out:
    return status;
}

static pln_status write_node(writer *w, const struct ArrowSchema *schema,
                             const struct ArrowArray *array) {
    pln__type type;
    pln_status status;
    PLN__TRY(pln__type_of(schema, &type, w->err));
    if (array->offset != 0)
        PLN__FAIL(w->err, PLN_EINVAL, "column %s: rows from %lld on as bytes",
                  schema->name == NULL ? "" : schema->name, (long long)array->offset);
    PLN__TRY(put_number(w, array->length));
    PLN__TRY(put_number(w, pln__array_validity(array) == NULL ? 0 : array->null_count));
    PLN__TRY(put_buffers(w, &type, array));
    for (int64_t i = 0; i < array->n_children; i++)
        PLN__TRY(write_node(w, schema->children[i], array->children[i]));
    if (schema->dictionary != NULL)
        PLN__TRY(write_node(w, schema->dictionary, array->dictionary));
out:
    return status;
}

pln_status pln__array_write(const pln_allocator *mem, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, pln__buffer *out, pln_error *err) {
    writer w = {mem, out, err};
    uint8_t order = PLN__LE(16, (uint16_t)1) == 1 ? 'l' : 'b';
    pln_status status = pln__buffer_append(mem, out, &order, 1, err);
    return status < 0 ? status : write_node(&w, schema, array);
}

/* ---- from bytes ---- */

typedef struct reader {
    const pln_allocator *mem;
    const uint8_t *at;
    int64_t left;
    pln_error *err;
} reader;

static pln_status damaged(const reader *r, const struct ArrowSchema *schema, const char *what,
                          int64_t value) {
    return pln__error_set(r->err, PLN_EDATA, "rows as bytes: column %s: %s is %lld",
                          schema->name == NULL ? "" : schema->name, what, (long long)value);
}

static pln_status get_number(reader *r, const struct ArrowSchema *schema, const char *what,
                             int64_t *out) {
    if (r->left < 8)
        return damaged(r, schema, "what is left of the bytes", r->left);
    *out = (int64_t)pln__load_le64(r->at);
    r->at += 8;
    r->left -= 8;
    return *out < 0 ? damaged(r, schema, what, *out) : PLN_OK;
}

static pln_status get_buffers(reader *r, const struct ArrowSchema *schema, const pln__type *type,
                              pln__draft *draft) {
    pln_status status = PLN_OK;
    int64_t length = draft->parts.length, text = 0, size = 0;
    for (int32_t i = 0; i < draft->parts.n_buffers; i++) {
        PLN__TRY(get_number(r, schema, "a buffer's size", &size));
        if (i == 2)
            text = pln__offset_at(draft->buffers[1].data, length);
        int64_t need = buffer_size(type, i, length, text);
        if (need < 0)
            need = draft->parts.null_count == 0 && size == 0 ? 0 : (length + 7) / 8;
        if (size != need || size > r->left)
            PLN__TRY(damaged(r, schema, "a buffer's size", size));
        PLN__TRY(pln__buffer_sized(r->mem, &draft->buffers[i], size, false, r->err));
        if (size > 0)
            memcpy(draft->buffers[i].data, r->at, (size_t)size);
        r->at += size;
        r->left -= size;
    }
out:
    return status;
}

static pln_status read_node(reader *r, const struct ArrowSchema *schema, struct ArrowArray *out) {
    pln__type type;
    pln_status status;
    pln__draft draft = {0};
    int64_t length = 0, nulls = 0;
    PLN__TRY(pln__type_of(schema, &type, r->err));
    PLN__TRY(get_number(r, schema, "length", &length));
    if (length > INT32_MAX)
        PLN__TRY(damaged(r, schema, "length", length));
    pln__draft_init(&draft, r->mem, length, buffers_of(&type));
    PLN__TRY(get_number(r, schema, "the count of nulls", &nulls));
    if (nulls > length)
        PLN__TRY(damaged(r, schema, "the count of nulls", nulls));
    draft.parts.null_count = type.id == PLN__NULL ? length : nulls;
    PLN__TRY(get_buffers(r, schema, &type, &draft));
    PLN__TRY(pln__draft_children(&draft, schema->n_children, r->err));
    for (int64_t i = 0; i < schema->n_children; i++)
        PLN__TRY(read_node(r, schema->children[i], &draft.parts.children[i]));
    if (schema->dictionary != NULL) {
        PLN__TRY(read_node(r, schema->dictionary, &draft.dictionary));
        draft.parts.dictionary = &draft.dictionary;
    }
    return pln__draft_finish(&draft, out, r->err);
out:
    if (draft.mem != NULL)
        pln__draft_free(&draft);
    return status;
}

pln_status pln__array_read(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const uint8_t *bytes, int64_t size, struct ArrowArray *out,
                           pln_error *err) {
    reader r = {mem, bytes + 1, size - 1, err};
    pln_status status = PLN_OK;
    uint8_t order = PLN__LE(16, (uint16_t)1) == 1 ? 'l' : 'b';
    *out = (struct ArrowArray){0};
    if (size < 1 || bytes[0] != order)
        return pln__error_set(err, size < 1 ? PLN_EDATA : PLN_EUNSUPPORTED,
                              "rows as bytes: of a machine with another order of bytes");
    PLN__TRY(read_node(&r, schema, out));
    if (r.left != 0)
        PLN__FAIL(err, PLN_EDATA, "rows as bytes: %lld bytes too many", (long long)r.left);
    PLN__TRY(pln__array_validate(schema, out, PLN__VALIDATE_FULL, err));
    return PLN_OK;
out:
    pln__array_release(out);
    return status;
}
