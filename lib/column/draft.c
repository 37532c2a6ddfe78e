/* Results of kernels while they grow, and arrays that need no source. */
#include "column/internal.h"

pln_status pln__buffer_sized(const pln_allocator *mem, pln__buffer *buffer, int64_t size, bool zero,
                             pln_error *err) {
    *buffer = (pln__buffer){0};
    if (size == 0)
        return PLN_OK;
    pln_status status = pln__buffer_reserve(mem, buffer, size, err);
    if (status < 0)
        return status;
    buffer->size = size;
    if (zero)
        memset(buffer->data, 0, (size_t)size);
    return PLN_OK;
}

void pln__draft_init(pln__draft *draft, const pln_allocator *mem, int64_t length,
                     int32_t n_buffers) {
    memset(draft, 0, sizeof *draft);
    draft->mem = mem;
    draft->parts.length = length;
    draft->parts.n_buffers = n_buffers;
    draft->parts.buffers = draft->buffers;
}

pln_status pln__draft_children(pln__draft *draft, int64_t n, pln_error *err) {
    uint64_t size = (uint64_t)n * sizeof(struct ArrowArray);
    if (n == 0)
        return PLN_OK;
    draft->parts.children = pln__calloc(draft->mem, (uint64_t)n, sizeof(struct ArrowArray));
    if (draft->parts.children == NULL)
        return pln__error_memory(err, size);
    draft->children_bytes = (int64_t)size;
    draft->parts.n_children = (int32_t)n;
    return PLN_OK;
}

static void drop_children(pln__draft *draft) {
    pln__free(draft->mem, draft->parts.children, (uint64_t)draft->children_bytes);
    draft->parts.children = NULL;
    draft->parts.n_children = 0;
}

pln_status pln__draft_finish(pln__draft *draft, struct ArrowArray *out, pln_error *err) {
    pln_status status = pln__array_make(draft->mem, &draft->parts, out, err);
    drop_children(draft);
    return status;
}

void pln__draft_free(pln__draft *draft) {
    for (int32_t i = 0; i < draft->parts.n_buffers; i++)
        pln__buffer_free(draft->mem, &draft->buffers[i]);
    for (int32_t i = 0; i < draft->parts.n_children; i++)
        pln__array_release(&draft->parts.children[i]);
    if (draft->parts.dictionary != NULL)
        pln__array_release(draft->parts.dictionary);
    drop_children(draft);
}

/* ---- all null ---- */

static pln_status nulls(const pln_allocator *mem, const struct ArrowSchema *schema, int64_t length,
                        int32_t depth, struct ArrowArray *out, pln_error *err);

static pln_status null_union(pln__draft *draft, const struct ArrowSchema *schema, int32_t depth,
                             pln_error *err) {
    int64_t length = draft->parts.length;
    int32_t child = pln__union_null_child(schema);
    pln_status status = PLN_OK;
    PLN__TRY(pln__buffer_sized(draft->mem, &draft->buffers[0], length, true, err));
    PLN__TRY(pln__buffer_sized(draft->mem, &draft->buffers[1], length * 4, true, err));
    if (length > 0)
        memset(draft->buffers[0].data, pln__union_id(schema, child), (size_t)length);
    for (int64_t i = 0; i < length; i++) {
        int32_t at = (int32_t)i;
        memcpy(draft->buffers[1].data + i * 4, &at, 4);
    }
    for (int64_t i = 0; i < schema->n_children; i++)
        PLN__TRY(nulls(draft->mem, schema->children[i], i == child ? length : 0, depth + 1,
                       &draft->parts.children[i], err));
out:
    return status;
}

static pln_status null_parts(pln__draft *draft, const struct ArrowSchema *schema,
                             const pln__type *type, int32_t depth, pln_error *err) {
    int64_t length = draft->parts.length;
    pln__buffer *b = draft->buffers;
    pln_status status = PLN_OK;
    PLN__TRY(pln__draft_children(draft, schema->n_children, err));
    if (type->id == PLN__UNION) {
        status = null_union(draft, schema, depth, err);
        goto out;
    }
    if (type->id == PLN__NULL)
        goto out;
    PLN__TRY(pln__buffer_sized(draft->mem, &b[0], (length + 7) / 8, true, err));
    if (pln__type_is_bytes(type->id) || type->id == PLN__LIST || type->id == PLN__MAP)
        PLN__TRY(pln__buffer_sized(draft->mem, &b[1], (length + 1) * 4, true, err));
    else if (type->id == PLN__BOOL)
        PLN__TRY(pln__buffer_sized(draft->mem, &b[1], (length + 7) / 8, true, err));
    else if (type->width > 0)
        PLN__TRY(pln__buffer_sized(draft->mem, &b[1], length * type->width, true, err));
    if (type->id == PLN__DICTIONARY) {
        PLN__TRY(nulls(draft->mem, schema->dictionary, 0, depth + 1, &draft->dictionary, err));
        draft->parts.dictionary = &draft->dictionary;
    }
    for (int64_t i = 0; i < schema->n_children; i++)
        PLN__TRY(nulls(draft->mem, schema->children[i], type->id == PLN__STRUCT ? length : 0,
                       depth + 1, &draft->parts.children[i], err));
out:
    return status;
}

static int32_t buffers_of(int32_t id) {
    if (id == PLN__NULL)
        return 0;
    if (pln__type_is_bytes(id))
        return 3;
    return id == PLN__STRUCT ? 1 : 2;
}

static pln_status nulls(const pln_allocator *mem, const struct ArrowSchema *schema, int64_t length,
                        int32_t depth, struct ArrowArray *out, pln_error *err) {
    pln__draft draft;
    pln__type type;
    memset(out, 0, sizeof *out);
    pln_status status = pln__type_of(schema, &type, err);
    if (status < 0)
        return status;
    if (depth > PLN__NESTING_MAX || length < 0 || length > INT32_MAX)
        return pln__error_set(err, PLN_ELIMIT, "column %s: %lld rows", schema->name,
                              (long long)length);
    pln__draft_init(&draft, mem, length, buffers_of(type.id));
    draft.parts.null_count = type.id == PLN__UNION ? 0 : length;
    status = null_parts(&draft, schema, &type, depth, err);
    if (status == PLN_OK)
        return pln__draft_finish(&draft, out, err);
    pln__draft_free(&draft);
    return status;
}

pln_status pln__array_nulls(const pln_allocator *mem, const struct ArrowSchema *schema,
                            int64_t length, struct ArrowArray *out, pln_error *err) {
    return nulls(mem, schema, length, 0, out, err);
}
