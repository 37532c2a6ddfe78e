/* Joining arrays end to end. */
#include "column/internal.h"

typedef struct joint {
    const pln_allocator *mem;
    pln_error *err;
    const struct ArrowArray *arrays; /* views, each a part of the result */
    int64_t n;
    int64_t length; /* of all together */
    int32_t depth;
} joint;

static pln_status concat(const joint *j, const struct ArrowSchema *schema, struct ArrowArray *out);

static const char *name_of(const struct ArrowSchema *schema) {
    return schema->name == NULL ? "" : schema->name;
}

static pln_status too_large(const joint *j, const struct ArrowSchema *schema, const char *what) {
    return pln__error_set(j->err, PLN_ELIMIT, "column %s: more than 2147483647 %s in one batch",
                          name_of(schema), what);
}

static pln_status join_validity(const joint *j, pln__draft *draft) {
    bool needed = false;
    for (int64_t i = 0; i < j->n; i++)
        needed = needed || (j->arrays[i].length > 0 && pln__array_validity(&j->arrays[i]) != NULL);
    if (!needed)
        return PLN_OK;
    pln__buffer *to = &draft->buffers[0];
    pln_status status = pln__buffer_sized(j->mem, to, (j->length + 7) / 8, true, j->err);
    if (status < 0)
        return status;
    int64_t at = 0;
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        const uint8_t *bits = pln__array_validity(a);
        if (bits == NULL)
            pln__bits_fill(to->data, at, a->length, true);
        else
            pln__bits_copy(to->data, at, bits, a->offset, a->length);
        at += a->length;
    }
    draft->parts.null_count = j->length - pln__bits_count(to->data, 0, j->length);
    if (draft->parts.null_count == 0)
        pln__buffer_free(j->mem, to);
    return PLN_OK;
}

static pln_status join_bits(const joint *j, pln__draft *draft) {
    pln__buffer *to = &draft->buffers[1];
    pln_status status = pln__buffer_sized(j->mem, to, (j->length + 7) / 8, true, j->err);
    int64_t at = 0;
    for (int64_t i = 0; status == PLN_OK && i < j->n; at += j->arrays[i++].length)
        if (j->arrays[i].length > 0)
            pln__bits_copy(to->data, at, j->arrays[i].buffers[1], j->arrays[i].offset,
                           j->arrays[i].length);
    return status;
}

static pln_status join_fixed(const joint *j, int32_t buffer, int64_t width, pln__draft *draft) {
    int64_t size;
    if (!pln__mul(j->length, width, &size))
        return pln__error_set(j->err, PLN_ELIMIT, "%lld rows of %lld bytes", (long long)j->length,
                              (long long)width);
    pln__buffer *to = &draft->buffers[buffer];
    pln_status status = pln__buffer_sized(j->mem, to, size, false, j->err);
    int64_t at = 0;
    for (int64_t i = 0; status == PLN_OK && i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        if (a->length > 0)
            memcpy(to->data + at, (const uint8_t *)a->buffers[buffer] + a->offset * width,
                   (size_t)(a->length * width));
        at += a->length * width;
    }
    return status;
}

/* First and last offset of a part. */
static void bounds(const struct ArrowArray *a, int32_t *first, int32_t *last) {
    *first = *last = 0;
    if (a->length > 0) {
        *first = pln__offset_at(a->buffers[1], a->offset);
        *last = pln__offset_at(a->buffers[1], a->offset + a->length);
    }
}

/* Joins offsets to start from 0 without a gap. *sum is the last of them. */
static pln_status join_offsets(const joint *j, const struct ArrowSchema *schema, const char *what,
                               pln__draft *draft, int64_t *sum) {
    pln__buffer *to = &draft->buffers[1];
    pln_status status = pln__buffer_sized(j->mem, to, (j->length + 1) * 4, false, j->err);
    if (status < 0)
        return status;
    *sum = 0;
    uint8_t *at = to->data;
    memset(at, 0, 4);
    at += 4;
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        int32_t first;
        int32_t last;
        bounds(a, &first, &last);
        if (*sum + last - first > INT32_MAX)
            return too_large(j, schema, what);
        int32_t shift = (int32_t)*sum;
        for (int64_t k = 1; k <= a->length; k++, at += 4) {
            int32_t end = pln__offset_at(a->buffers[1], a->offset + k) - first + shift;
            memcpy(at, &end, 4);
        }
        *sum += last - first;
    }
    return PLN_OK;
}

static pln_status join_bytes(const joint *j, const struct ArrowSchema *schema, pln__draft *draft) {
    pln_status status = PLN_OK;
    int64_t sum = 0;
    PLN__TRY(join_offsets(j, schema, "bytes", draft, &sum));
    PLN__TRY(pln__buffer_sized(j->mem, &draft->buffers[2], sum, false, j->err));
    uint8_t *to = draft->buffers[2].data;
    for (int64_t i = 0; i < j->n; i++) {
        int32_t first;
        int32_t last;
        bounds(&j->arrays[i], &first, &last);
        if (last > first) {
            memcpy(to, (const uint8_t *)j->arrays[i].buffers[2] + first, (size_t)(last - first));
            to += last - first;
        }
    }
out:
    return status;
}

typedef struct span {
    int64_t first, length;
} span;

/* Child `child` of the result out of the given span of it in each part (NULL: the part's own rows, as in a struct). */
static pln_status join_child(const joint *j, const struct ArrowSchema *schema, int64_t child,
                             const span *spans, pln__draft *draft) {
    uint64_t room = (uint64_t)j->n * sizeof(struct ArrowArray);
    pln_status status = PLN_OK;
    joint below = {.mem = j->mem, .err = j->err, .n = j->n, .depth = j->depth + 1};
    struct ArrowArray *views = pln__alloc(j->mem, room);
    if (views == NULL)
        PLN__TRY(pln__error_memory(j->err, room));
    below.arrays = views;
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        span s = spans != NULL ? spans[i] : (span){a->offset, a->length};
        views[i] = pln__array_view(a->children[child], s.first, s.length);
        below.length += s.length;
    }
    PLN__TRY(concat(&below, schema->children[child], &draft->parts.children[child]));
out:
    pln__free(j->mem, views, room);
    return status;
}

static pln_status join_list(const joint *j, const struct ArrowSchema *schema, pln__draft *draft) {
    uint64_t room = (uint64_t)j->n * sizeof(span);
    pln_status status = PLN_OK;
    int64_t sum;
    span *spans = pln__alloc(j->mem, room);
    if (spans == NULL)
        PLN__TRY(pln__error_memory(j->err, room));
    PLN__TRY(join_offsets(j, schema, "items", draft, &sum));
    for (int64_t i = 0; i < j->n; i++) {
        int32_t first;
        int32_t last;
        bounds(&j->arrays[i], &first, &last);
        spans[i] = (span){first, last - first};
    }
    PLN__TRY(pln__draft_children(draft, 1, j->err));
    PLN__TRY(join_child(j, schema, 0, spans, draft));
out:
    pln__free(j->mem, spans, room);
    return status;
}

/* The part of child `id` that a part of a union uses. */
static span used_span(const struct ArrowArray *a, int8_t id) {
    int32_t first = INT32_MAX;
    int32_t last = -1;
    for (int64_t i = 0; i < a->length; i++) {
        if (((const int8_t *)a->buffers[0])[a->offset + i] != id)
            continue;
        int32_t at = pln__offset_at(a->buffers[1], a->offset + i);
        first = at < first ? at : first;
        last = at > last ? at : last;
    }
    return last < 0 ? (span){0, 0} : (span){first, (int64_t)last - first + 1};
}

static pln_status join_union_child(const joint *j, const struct ArrowSchema *schema, int64_t child,
                                   span *spans, pln__draft *draft) {
    int8_t id = pln__union_id(schema, child);
    int64_t base = 0;
    uint8_t *to = draft->buffers[1].data;
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        spans[i] = used_span(a, id);
        if (base + spans[i].length > INT32_MAX)
            return too_large(j, schema, "values of one variant");
        for (int64_t k = 0; k < a->length; k++, to += 4) {
            if (((const int8_t *)a->buffers[0])[a->offset + k] != id)
                continue;
            int32_t at =
                (int32_t)(pln__offset_at(a->buffers[1], a->offset + k) - spans[i].first + base);
            memcpy(to, &at, 4);
        }
        base += spans[i].length;
    }
    return join_child(j, schema, child, spans, draft);
}

static pln_status join_union(const joint *j, const struct ArrowSchema *schema, pln__draft *draft) {
    uint64_t room = (uint64_t)j->n * sizeof(span);
    pln_status status = PLN_OK;
    span *spans = pln__alloc(j->mem, room);
    if (spans == NULL)
        PLN__TRY(pln__error_memory(j->err, room));
    PLN__TRY(join_fixed(j, 0, 1, draft));
    PLN__TRY(pln__buffer_sized(j->mem, &draft->buffers[1], j->length * 4, true, j->err));
    PLN__TRY(pln__draft_children(draft, schema->n_children, j->err));
    for (int64_t c = 0; c < schema->n_children; c++)
        PLN__TRY(join_union_child(j, schema, c, spans, draft));
out:
    pln__free(j->mem, spans, room);
    return status;
}

/* ---- dictionaries ---- */

static bool same_memory(const struct ArrowArray *a, const struct ArrowArray *b) {
    bool same = a->length == b->length && a->offset == b->offset && a->n_buffers == b->n_buffers;
    for (int64_t i = 0; same && i < a->n_buffers; i++)
        same = a->buffers[i] == b->buffers[i];
    return same;
}

static bool index_fits(int32_t index_id, int64_t index) {
    static const int64_t most[] = {[PLN__INT8] = INT8_MAX,   [PLN__INT16] = INT16_MAX,
                                   [PLN__INT32] = INT32_MAX, [PLN__INT64] = INT64_MAX,
                                   [PLN__UINT8] = UINT8_MAX, [PLN__UINT16] = UINT16_MAX,
                                   [PLN__UINT32] = UINT32_MAX, [PLN__UINT64] = INT64_MAX};
    return index <= most[index_id];
}

/* Values of all dictionaries, each once, in order of appearance; `remap` gets a new index for each old one. */
static pln_status unify(const joint *j, const struct ArrowSchema *schema, const pln__type *type,
                        int32_t *remap, pln__column *values) {
    pln_status status = PLN_OK;
    pln__type flat;
    int64_t null_index = -1;
    pln__map *seen = pln__map_new(j->mem, (uint64_t)(uintptr_t)values);
    if (seen == NULL)
        PLN__TRY(pln__error_memory(j->err, 0));
    PLN__TRY(pln__type_of(schema->dictionary, &flat, j->err));
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *from = j->arrays[i].dictionary;
        for (int64_t k = 0; k < from->length; k++) {
            uint8_t scratch[1];
            int64_t size = 0;
            int64_t index = null_index;
            bool valid = pln__array_valid(from, k);
            const uint8_t *key = valid ? pln__flat_bytes(&flat, from, k, scratch, &size) : scratch;
            if (valid ? !pln__map_get(seen, key, size, &index) : null_index < 0) {
                index = values->length;
                PLN__TRY(pln__column_copy(values, from, k, j->err));
                if (valid)
                    PLN__TRY(pln__map_put(seen, key, size, index, j->err));
                else
                    null_index = index;
                if (!index_fits(type->index_id, index))
                    PLN__FAIL(j->err, PLN_ELIMIT,
                              "column %s: more different values than its index type holds",
                              name_of(schema));
            }
            *remap++ = (int32_t)index;
        }
    }
out:
    if (seen != NULL)
        pln__map_free(seen);
    return status;
}

static pln_status remap_indices(const joint *j, const struct ArrowSchema *schema,
                                const pln__type *type, const int32_t *remap, pln__draft *draft) {
    int64_t width = type->width;
    uint8_t *to = draft->buffers[1].data;
    for (int64_t i = 0; i < j->n; i++) {
        const struct ArrowArray *a = &j->arrays[i];
        for (int64_t k = 0; k < a->length; k++, to += width) {
            int64_t index = 0;
            if (pln__array_valid(a, k)) {
                index = pln__array_int(type, a, k);
                if (index < 0 || index >= a->dictionary->length)
                    return pln__error_set(j->err, PLN_EDATA, "column %s: row %lld has index %lld",
                                          name_of(schema), (long long)k, (long long)index);
                index = remap[index];
            }
            /* Little-endian: the low bytes of the index are the narrower integer. */
            memcpy(to, &index, (size_t)width);
        }
        remap += a->dictionary->length;
    }
    return PLN_OK;
}

static pln_status join_dictionaries(const joint *j, const struct ArrowSchema *schema,
                                    const pln__type *type, pln__draft *draft) {
    pln_status status = PLN_OK;
    bool same = true;
    int64_t total = 0;
    int32_t *remap = NULL;
    pln__column values = {0};
    for (int64_t i = 0; i < j->n; i++) {
        same = same && same_memory(j->arrays[0].dictionary, j->arrays[i].dictionary);
        total += j->arrays[i].dictionary->length;
    }
    if (same) {
        PLN__TRY(join_fixed(j, 1, type->width, draft));
        PLN__TRY(pln__array_keep(j->mem, schema->dictionary, j->arrays[0].dictionary,
                                 &draft->dictionary, j->err));
        draft->parts.dictionary = &draft->dictionary;
        return PLN_OK;
    }
    remap = pln__alloc(j->mem, (uint64_t)total * 4 + 4);
    if (remap == NULL)
        PLN__TRY(pln__error_memory(j->err, (uint64_t)total * 4 + 4));
    PLN__TRY(pln__column_init(j->mem, schema->dictionary, &values, j->err));
    PLN__TRY(unify(j, schema, type, remap, &values));
    PLN__TRY(pln__buffer_sized(j->mem, &draft->buffers[1], j->length * type->width, false, j->err));
    PLN__TRY(remap_indices(j, schema, type, remap, draft));
    PLN__TRY(pln__column_finish(&values, &draft->dictionary, j->err));
    draft->parts.dictionary = &draft->dictionary;
out:
    if (remap != NULL)
        pln__free(j->mem, remap, (uint64_t)total * 4 + 4);
    pln__column_free(&values);
    return status;
}

/* ---- all types ---- */

static pln_status join_parts(const joint *j, const pln__type *type,
                             const struct ArrowSchema *schema, pln__draft *draft) {
    pln_status status = PLN_OK;
    if (type->id == PLN__UNION)
        return join_union(j, schema, draft);
    PLN__TRY(join_validity(j, draft));
    switch (type->id) {
    case PLN__BOOL: return join_bits(j, draft);
    case PLN__UTF8:
    case PLN__BINARY: return join_bytes(j, schema, draft);
    case PLN__LIST:
    case PLN__MAP: return join_list(j, schema, draft);
    case PLN__STRUCT:
        PLN__TRY(pln__draft_children(draft, schema->n_children, j->err));
        for (int64_t i = 0; i < schema->n_children; i++)
            PLN__TRY(join_child(j, schema, i, NULL, draft));
        return PLN_OK;
    case PLN__DICTIONARY: return join_dictionaries(j, schema, type, draft);
    default: return join_fixed(j, 1, type->width, draft);
    }
out:
    return status;
}

static pln_status concat(const joint *j, const struct ArrowSchema *schema, struct ArrowArray *out) {
    pln__draft draft;
    pln__type type;
    memset(out, 0, sizeof *out);
    pln_status status = pln__type_of(schema, &type, j->err);
    if (status < 0)
        return status;
    if (j->depth > PLN__NESTING_MAX)
        return pln__error_set(j->err, PLN_ELIMIT, "column %s: more than %d levels of nesting",
                              name_of(schema), PLN__NESTING_MAX);
    if (j->length > INT32_MAX)
        return too_large(j, schema, "rows");
    if (type.id == PLN__NULL || j->n == 0)
        return pln__array_nulls(j->mem, schema, j->length, out, j->err);
    bool bytes = pln__type_is_bytes(type.id);
    pln__draft_init(&draft, j->mem, j->length, bytes ? 3 : type.id == PLN__STRUCT ? 1 : 2);
    status = join_parts(j, &type, schema, &draft);
    if (status == PLN_OK)
        return pln__draft_finish(&draft, out, j->err);
    pln__draft_free(&draft);
    return status;
}

pln_status pln__array_concat(const pln_allocator *mem, const struct ArrowSchema *schema,
                             const struct ArrowArray *const *arrays, int64_t n,
                             struct ArrowArray *out, pln_error *err) {
    uint64_t room = (uint64_t)n * sizeof(struct ArrowArray) + 1;
    joint j = {.mem = mem, .err = err, .n = n};
    struct ArrowArray *views = pln__alloc(mem, room);
    memset(out, 0, sizeof *out);
    if (views == NULL)
        return pln__error_memory(err, room);
    for (int64_t i = 0; i < n; i++) {
        views[i] = pln__array_view(arrays[i], 0, arrays[i]->length);
        j.length += views[i].length;
    }
    j.arrays = views;
    pln_status status = concat(&j, schema, out);
    pln__free(mem, views, room);
    return status;
}

pln_status pln__array_keep(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const struct ArrowArray *array, struct ArrowArray *out, pln_error *err) {
    if (pln__array_is_ours(array))
        return pln__array_share(mem, array, out, err);
    return pln__array_concat(mem, schema, &array, 1, out, err);
}
