/* Gathering rows. */
#include "column/internal.h"

typedef struct gather {
    const pln_allocator *mem;
    pln_error *err;
    const int32_t *rows;
    int64_t n;
    bool negative; /* some rows are: they give null */
    int32_t depth;
} gather;

static pln_status take(const gather *g, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, struct ArrowArray *out);

static bool any_negative(const int32_t *rows, int64_t n) {
    int32_t seen = 0;
    for (int64_t i = 0; i < n; i++)
        seen |= rows[i];
    return seen < 0;
}

/* Bits of rows [i, i + n), n <= 8, as one byte. */
static unsigned gather_byte(const uint8_t *bits, int64_t offset, const int32_t *rows, int64_t n) {
    unsigned byte = 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t at = offset + rows[k];
        byte |= ((unsigned)bits[at >> 3] >> (at & 7) & 1u) << k;
    }
    return byte;
}

/* The same where rows may be negative, which gives 0, and where `bits` NULL stands for ones. */
static unsigned gather_byte_or_null(const uint8_t *bits, int64_t offset, const int32_t *rows,
                                    int64_t n) {
    unsigned byte = 0;
    for (int64_t k = 0; k < n; k++) {
        bool bit = rows[k] >= 0 && (bits == NULL || pln__bit_get(bits, offset + rows[k]));
        byte |= (unsigned)bit << k;
    }
    return byte;
}

/* Returns the number of ones. */
static int64_t take_bits(const gather *g, const uint8_t *bits, int64_t offset, uint8_t *out) {
    const int32_t *rows = g->rows;
    int64_t n = g->n;
    int64_t ones = 0;
    bool plain = !g->negative && bits != NULL;
    for (int64_t i = 0; i < n; i += 8) {
        int64_t m = n - i < 8 ? n - i : 8;
        unsigned byte = !plain   ? gather_byte_or_null(bits, offset, rows + i, m)
                        : m == 8 ? gather_byte(bits, offset, rows + i, 8)
                                 : gather_byte(bits, offset, rows + i, m);
        out[i >> 3] = (uint8_t)byte;
        ones += __builtin_popcount(byte);
    }
    return ones;
}

/* A bitmap only if there is a null among the rows. */
static pln_status take_validity(const gather *g, const struct ArrowArray *array,
                                pln__draft *draft) {
    const uint8_t *bits = pln__array_validity(array);
    if (bits == NULL && !g->negative)
        return PLN_OK;
    pln__buffer *to = &draft->buffers[0];
    pln_status status = pln__buffer_sized(g->mem, to, (g->n + 7) / 8, false, g->err);
    if (status < 0)
        return status;
    draft->parts.null_count = g->n - take_bits(g, bits, array->offset, to->data);
    if (draft->parts.null_count == 0)
        pln__buffer_free(g->mem, to);
    return PLN_OK;
}

typedef struct wide {
    uint64_t low, high;
} wide;

#define TAKE_FIXED(name, type)                                                                     \
    static void take_##name(const gather *g, const uint8_t *from, uint8_t *restrict to) {          \
        const int32_t *restrict rows = g->rows;                                                    \
        int64_t n = g->n;                                                                          \
        for (int64_t i = 0; i < n; i++)                                                            \
            memcpy(to + i * (int64_t)sizeof(type), from + rows[i] * (int64_t)sizeof(type),         \
                   sizeof(type));                                                                  \
    }
TAKE_FIXED(1, uint8_t)
TAKE_FIXED(2, uint16_t)
TAKE_FIXED(4, uint32_t)
TAKE_FIXED(8, uint64_t)
TAKE_FIXED(16, wide)

static pln_status take_fixed(const gather *g, const pln__type *type, const struct ArrowArray *array,
                             pln__draft *draft) {
    int64_t width = type->width;
    int64_t size;
    if (!pln__mul(g->n, width, &size))
        return pln__error_set(g->err, PLN_ELIMIT, "%lld rows of %lld bytes", (long long)g->n,
                              (long long)width);
    pln_status status = pln__buffer_sized(g->mem, &draft->buffers[1], size, g->negative, g->err);
    if (status < 0 || g->n == 0)
        return status;
    uint8_t *to = draft->buffers[1].data;
    const uint8_t *from = (const uint8_t *)array->buffers[1] + array->offset * width;
    if (g->negative) {
        for (int64_t i = 0; i < g->n; i++)
            if (g->rows[i] >= 0)
                memcpy(to + i * width, from + g->rows[i] * width, (size_t)width);
        return PLN_OK;
    }
    switch (width) {
    case 1: take_1(g, from, to); break;
    case 2: take_2(g, from, to); break;
    case 4: take_4(g, from, to); break;
    case 8: take_8(g, from, to); break;
    case 16: take_16(g, from, to); break;
    default:
        for (int64_t i = 0; i < g->n; i++)
            memcpy(to + i * width, from + g->rows[i] * width, (size_t)width);
    }
    return PLN_OK;
}

static pln_status take_bool(const gather *g, const struct ArrowArray *array, pln__draft *draft) {
    pln_status status =
        pln__buffer_sized(g->mem, &draft->buffers[1], (g->n + 7) / 8, false, g->err);
    if (status == PLN_OK && g->n > 0)
        (void)take_bits(g, array->buffers[1], array->offset, draft->buffers[1].data);
    return status;
}

/* Ends of the gathered values; a null has none. Returns their sum, -1 beyond 2 GiB. */
static int64_t take_offsets(const gather *g, const struct ArrowArray *array,
                            uint8_t *restrict ends) {
    const uint8_t *bits = pln__array_validity(array);
    const uint8_t *from = (const uint8_t *)array->buffers[1] + array->offset * 4;
    const int32_t *restrict rows = g->rows;
    int64_t n = g->n;
    int64_t sum = 0;
    memset(ends, 0, 4);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = rows[i];
        int64_t size = 0;
        if (PLN__LIKELY(row >= 0)) {
            size = (int64_t)pln__offset_at(from, row + 1) - pln__offset_at(from, row);
            /* Nulls come at random: masking is cheaper than a branch. */
            if (bits != NULL)
                size &= -(int64_t)pln__bit_get(bits, array->offset + row);
        }
        sum += size;
        if (PLN__UNLIKELY(sum > INT32_MAX))
            return -1;
        int32_t end = (int32_t)sum;
        memcpy(ends + (i + 1) * 4, &end, 4);
    }
    return sum;
}

static pln_status too_large(const gather *g, const struct ArrowSchema *schema, const char *what) {
    return pln__error_set(g->err, PLN_ELIMIT, "column %s: more than 2147483647 %s in one batch",
                          schema->name == NULL ? "" : schema->name, what);
}

static void copy_bytes(const gather *g, const struct ArrowArray *array, const uint8_t *ends,
                       uint8_t *to) {
    const uint8_t *offsets = (const uint8_t *)array->buffers[1] + array->offset * 4;
    const uint8_t *bytes = array->buffers[2];
    const uint8_t *limit = bytes + pln__offset_at(offsets, array->length);
    const int32_t *rows = g->rows;
    int64_t n = g->n;
    int32_t start = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t end = pln__offset_at(ends, i + 1);
        int32_t size = end - start;
        int64_t row = rows[i];
        if (PLN__LIKELY(row >= 0)) {
            const uint8_t *from = bytes + pln__offset_at(offsets, row);
            /* Our buffers have room behind their end, so a short value, or none, is one wide move. */
            if (size <= 32 && limit - from >= 32)
                memcpy(to + start, from, 32);
            else
                memcpy(to + start, from, (size_t)size);
        }
        start = end;
    }
}

static pln_status take_bytes(const gather *g, const struct ArrowSchema *schema,
                             const struct ArrowArray *array, pln__draft *draft) {
    pln_status status = PLN_OK;
    pln__buffer *ends = &draft->buffers[1];
    PLN__TRY(pln__buffer_sized(g->mem, ends, (g->n + 1) * 4, false, g->err));
    int64_t sum = take_offsets(g, array, ends->data);
    if (sum < 0)
        return too_large(g, schema, "bytes");
    PLN__TRY(pln__buffer_sized(g->mem, &draft->buffers[2], sum, false, g->err));
    if (sum > 0)
        copy_bytes(g, array, ends->data, draft->buffers[2].data);
out:
    return status;
}

static pln_status take_list(const gather *g, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, pln__draft *draft) {
    pln_status status = PLN_OK;
    int32_t *items = NULL;
    int64_t sum = 0;
    PLN__TRY(pln__draft_children(draft, 1, g->err));
    PLN__TRY(pln__buffer_sized(g->mem, &draft->buffers[1], (g->n + 1) * 4, false, g->err));
    sum = take_offsets(g, array, draft->buffers[1].data);
    if (sum < 0) {
        sum = 0;
        PLN__TRY(too_large(g, schema, "items"));
    }
    const uint8_t *ends = draft->buffers[1].data;
    const uint8_t *offsets = (const uint8_t *)array->buffers[1] + array->offset * 4;
    items = pln__alloc(g->mem, (uint64_t)sum * 4 + 4);
    if (items == NULL)
        PLN__TRY(pln__error_memory(g->err, (uint64_t)sum * 4 + 4));
    for (int64_t i = 0; i < g->n; i++) {
        int32_t at = pln__offset_at(ends, i);
        int32_t size = pln__offset_at(ends, i + 1) - at;
        int32_t from = size == 0 ? 0 : pln__offset_at(offsets, g->rows[i]);
        for (int32_t k = 0; k < size; k++)
            items[at + k] = from + k;
    }
    gather below = {.mem = g->mem, .err = g->err, .rows = items, .n = sum, .depth = g->depth + 1};
    PLN__TRY(take(&below, schema->children[0], array->children[0], &draft->parts.children[0]));
out:
    pln__free(g->mem, items, (uint64_t)sum * 4 + 4);
    return status;
}

static pln_status take_struct(const gather *g, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, pln__draft *draft) {
    pln_status status = PLN_OK;
    gather below = *g;
    below.depth++;
    PLN__TRY(pln__draft_children(draft, schema->n_children, g->err));
    for (int64_t i = 0; i < schema->n_children; i++) {
        struct ArrowArray field = pln__array_field(array, i);
        PLN__TRY(take(&below, schema->children[i], &field, &draft->parts.children[i]));
    }
out:
    return status;
}

/* Which child each gathered row of a union is in, and how many each child gets. */
static pln_status union_children(const gather *g, const struct ArrowSchema *schema,
                                 const struct ArrowArray *array, uint8_t *ids,
                                 int64_t counts[129]) {
    int8_t child_of[128];
    pln__union_map(schema, child_of);
    const uint8_t *from = (const uint8_t *)array->buffers[0] + array->offset;
    uint8_t null_id = (uint8_t)pln__union_id(schema, pln__union_null_child(schema));
    memset(counts, 0, 129 * sizeof counts[0]);
    for (int64_t i = 0; i < g->n; i++) {
        uint8_t id = g->rows[i] < 0 ? null_id : from[g->rows[i]];
        if (id > 127 || child_of[id] < 0)
            return pln__error_set(g->err, PLN_EDATA, "column %s: row %d has type id %d",
                                  schema->name == NULL ? "" : schema->name, g->rows[i], id);
        ids[i] = id;
        counts[child_of[id]]++;
    }
    return PLN_OK;
}

static pln_status take_union(const gather *g, const struct ArrowSchema *schema,
                             const struct ArrowArray *array, pln__draft *draft) {
    pln_status status = PLN_OK;
    uint64_t room = (uint64_t)g->n * 4 + 4;
    int64_t counts[129];
    int64_t starts[129];
    int32_t next[129] = {0};
    int8_t child_of[128];
    int32_t *rows = pln__alloc(g->mem, room);
    if (rows == NULL)
        PLN__TRY(pln__error_memory(g->err, room));
    PLN__TRY(pln__draft_children(draft, schema->n_children, g->err));
    PLN__TRY(pln__buffer_sized(g->mem, &draft->buffers[0], g->n, false, g->err));
    PLN__TRY(pln__buffer_sized(g->mem, &draft->buffers[1], g->n * 4, false, g->err));
    PLN__TRY(union_children(g, schema, array, draft->buffers[0].data, counts));
    pln__union_map(schema, child_of);
    int64_t start = 0;
    for (int64_t c = 0; c < schema->n_children; c++) {
        starts[c] = start;
        start += counts[c];
    }
    for (int64_t i = 0; i < g->n; i++) {
        int32_t c = child_of[draft->buffers[0].data[i]];
        rows[starts[c] + next[c]] =
            g->rows[i] < 0 ? -1 : pln__offset_at(array->buffers[1], array->offset + g->rows[i]);
        memcpy(draft->buffers[1].data + i * 4, &next[c], 4);
        next[c]++;
    }
    for (int64_t c = 0; c < schema->n_children; c++) {
        gather below = {.mem = g->mem,
                        .err = g->err,
                        .rows = rows + starts[c],
                        .n = counts[c],
                        .negative = g->negative && any_negative(rows + starts[c], counts[c]),
                        .depth = g->depth + 1};
        PLN__TRY(take(&below, schema->children[c], array->children[c], &draft->parts.children[c]));
    }
out:
    pln__free(g->mem, rows, room);
    return status;
}

static pln_status take_parts(const gather *g, const pln__type *type,
                             const struct ArrowSchema *schema, const struct ArrowArray *array,
                             pln__draft *draft) {
    pln_status status = PLN_OK;
    if (type->id == PLN__UNION)
        return take_union(g, schema, array, draft);
    PLN__TRY(take_validity(g, array, draft));
    switch (type->id) {
    case PLN__BOOL: return take_bool(g, array, draft);
    case PLN__UTF8:
    case PLN__BINARY: return take_bytes(g, schema, array, draft);
    case PLN__LIST:
    case PLN__MAP: return take_list(g, schema, array, draft);
    case PLN__STRUCT: return take_struct(g, schema, array, draft);
    case PLN__DICTIONARY:
        PLN__TRY(pln__array_keep(g->mem, schema->dictionary, array->dictionary, &draft->dictionary,
                                 g->err));
        draft->parts.dictionary = &draft->dictionary;
        break;
    default: break;
    }
    status = take_fixed(g, type, array, draft);
out:
    return status;
}

static pln_status take(const gather *g, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, struct ArrowArray *out) {
    pln__draft draft;
    pln__type type;
    memset(out, 0, sizeof *out);
    pln_status status = pln__type_of(schema, &type, g->err);
    if (status < 0)
        return status;
    if (g->depth > PLN__NESTING_MAX)
        return pln__error_set(g->err, PLN_ELIMIT, "column %s: more than %d levels of nesting",
                              schema->name == NULL ? "" : schema->name, PLN__NESTING_MAX);
    if (type.id == PLN__NULL)
        return pln__array_nulls(g->mem, schema, g->n, out, g->err);
    bool bytes = pln__type_is_bytes(type.id);
    pln__draft_init(&draft, g->mem, g->n, bytes ? 3 : type.id == PLN__STRUCT ? 1 : 2);
    status = take_parts(g, &type, schema, array, &draft);
    if (status == PLN_OK)
        return pln__draft_finish(&draft, out, g->err);
    pln__draft_free(&draft);
    return status;
}

pln_status pln__array_take(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const struct ArrowArray *array, const int32_t *rows, int64_t n,
                           struct ArrowArray *out, pln_error *err) {
    gather g = {.mem = mem, .err = err, .rows = rows, .n = n, .negative = any_negative(rows, n)};
    if (n < 0 || n > INT32_MAX) {
        memset(out, 0, sizeof *out);
        return pln__error_set(err, PLN_ELIMIT, "%lld rows in one batch", (long long)n);
    }
    return take(&g, schema, array, out);
}
