/* The batch envelope: rows, their schema, and where they came from. */
#include "column/internal.h"
#include <stdatomic.h>

/* ---- shared schemas ---- */

struct pln__schema {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    struct ArrowSchema schema;
};

pln_status pln__schema_share(const pln_allocator *mem, struct ArrowSchema *schema,
                             pln__schema **out, pln_error *err) {
    pln__schema *shared = pln__alloc(mem, sizeof *shared);
    *out = shared;
    if (shared == NULL) {
        pln__schema_release(schema);
        return pln__error_memory(err, sizeof *shared);
    }
    atomic_init(&shared->refs, 1);
    shared->mem = mem;
    shared->schema = *schema;
    schema->release = NULL;
    return PLN_OK;
}

pln__schema *pln__schema_ref(pln__schema *schema) {
    atomic_fetch_add_explicit(&schema->refs, 1, memory_order_relaxed);
    return schema;
}

void pln__schema_unref(pln__schema *schema) {
    if (schema == NULL || atomic_fetch_sub_explicit(&schema->refs, 1, memory_order_acq_rel) != 1)
        return;
    pln__schema_release(&schema->schema);
    pln__free(schema->mem, schema, sizeof *schema);
}

const struct ArrowSchema *pln__schema_get(const pln__schema *schema) {
    return &schema->schema;
}

/* ---- origins ---- */

/* What a source said, counted by the batches that know it. */
typedef struct source {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    pln__origin origin;
    int64_t length;
} source;

/* Which row of the source each row is, counted by the batches cut from one. */
typedef struct row_map {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    int64_t length;
    int32_t rows[];
} row_map;

/* The watermark that held before each row, counted by the batches that share it. */
typedef struct track {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    int64_t length;
    int64_t at[];
} track;

struct pln_batch {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    pln__schema *schema;
    struct ArrowArray array;
    source *source;
    row_map *map;  /* NULL: row i is row first + i of the source; else rows[first + i] */
    int64_t first;
    track *track;        /* NULL: no watermarks of its own */
    int64_t track_first; /* row i has track->at[track_first + i] */
};

static void source_unref(source *s) {
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->origin.release != NULL)
        s->origin.release(s->origin.owner);
    pln__free(s->mem, s, sizeof *s);
}

static uint64_t map_size(int64_t length) {
    return sizeof(row_map) + (uint64_t)length * sizeof(int32_t);
}

static void map_unref(row_map *map) {
    if (map == NULL || atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1)
        return;
    pln__free(map->mem, map, map_size(map->length));
}

static uint64_t track_size(int64_t length) {
    return sizeof(track) + (uint64_t)length * sizeof(int64_t);
}

static void track_unref(track *t) {
    if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    pln__free(t->mem, t, track_size(t->length));
}

static pln_status track_new(const pln_allocator *mem, int64_t length, track **out, pln_error *err) {
    track *t = pln__alloc(mem, track_size(length));
    *out = t;
    if (t == NULL)
        return pln__error_memory(err, track_size(length));
    atomic_init(&t->refs, 1);
    t->mem = mem;
    t->length = length;
    return PLN_OK;
}

static int64_t source_row(const pln_batch *batch, int64_t row) {
    return batch->map == NULL ? batch->first + row : batch->map->rows[batch->first + row];
}

pln_status pln__positions_new(const pln_allocator *mem, int64_t first, int64_t n,
                              pln__positions **out, pln_error *err) {
    uint64_t size = sizeof(pln__positions) + (uint64_t)n * sizeof(int64_t);
    *out = pln__alloc(mem, size);
    if (*out == NULL)
        return pln__error_memory(err, size);
    (*out)->mem = mem;
    (*out)->n = n;
    for (int64_t i = 0; i < n; i++)
        (*out)->at[i] = first + i;
    return PLN_OK;
}

void pln__positions_free(void *positions) {
    pln__positions *p = positions;
    pln__free(p->mem, p, sizeof *p + (uint64_t)p->n * sizeof p->at[0]);
}

pln_status pln__batch_set_origin(pln_batch *batch, const pln__origin *origin, pln_error *err) {
    source *s = pln__alloc(batch->mem, sizeof *s);
    if (s == NULL || batch->source != NULL) {
        if (origin->release != NULL)
            origin->release(origin->owner);
        if (s == NULL)
            return pln__error_memory(err, sizeof *s);
        pln__free(batch->mem, s, sizeof *s);
        return pln__error_set(err, PLN_ESTATE, "the batch has an origin already");
    }
    atomic_init(&s->refs, 1);
    s->mem = batch->mem;
    s->origin = *origin;
    s->length = batch->array.length;
    batch->source = s;
    return PLN_OK;
}

bool pln__batch_row_origin(const pln_batch *batch, int64_t row, pln__row_origin *out) {
    *out = (pln__row_origin){.position = -1, .line = -1};
    if (batch->source == NULL || row < 0 || row >= batch->array.length)
        return false;
    int64_t from = source_row(batch, row);
    if (from < 0 || from >= batch->source->length)
        return false;
    const pln__origin *origin = &batch->source->origin;
    out->split = origin->split;
    if (origin->position != NULL)
        out->position = origin->position[from];
    if (origin->line != NULL)
        out->line = origin->line[from];
    if (origin->raw != NULL && origin->raw_start != NULL && origin->raw_size != NULL) {
        out->raw = origin->raw + origin->raw_start[from];
        out->raw_size = origin->raw_size[from];
    }
    return true;
}

/* ---- watermarks ---- */

pln_status pln__batch_set_watermarks(pln_batch *batch, const int64_t *at, pln_error *err) {
    track *made = NULL;
    pln_status status =
        at == NULL ? PLN_OK : track_new(batch->mem, batch->array.length, &made, err);
    if (status < 0)
        return status;
    if (at != NULL)
        memcpy(made->at, at, (size_t)made->length * sizeof *at);
    track_unref(batch->track);
    batch->track = made;
    batch->track_first = 0;
    return PLN_OK;
}

const int64_t *pln__batch_watermarks(const pln_batch *batch) {
    return batch->track == NULL ? NULL : batch->track->at + batch->track_first;
}

/* ---- batches ---- */

/* Takes the array also on failure; it is ours already. */
static pln_status wrap(const pln_allocator *mem, pln__schema *schema, struct ArrowArray *array,
                       pln_batch **out, pln_error *err) {
    pln_batch *batch = pln__calloc(mem, 1, sizeof *batch);
    *out = batch;
    if (batch == NULL) {
        pln__array_release(array);
        return pln__error_memory(err, sizeof *batch);
    }
    atomic_init(&batch->refs, 1);
    batch->mem = mem;
    batch->schema = pln__schema_ref(schema);
    batch->array = *array;
    array->release = NULL;
    return PLN_OK;
}

/* A foreign array becomes ours, checked, with its nulls counted and columns of just the batch's length. */
static pln_status take_over(const pln_allocator *mem, const struct ArrowSchema *schema,
                            struct ArrowArray *array, pln_error *err) {
    pln_status status = PLN_OK;
    bool longer = false;
    PLN__TRY(pln__array_admit(schema, array, err));
    PLN__TRY(pln__array_adopt(mem, array, array, err));
    for (int64_t i = 0; i < array->n_children; i++)
        longer = longer || array->children[i]->length != array->length;
    PLN__TRY(pln__array_normalize(schema, array, err));
    if (longer) {
        struct ArrowArray exact;
        PLN__TRY(pln__rows_slice(mem, array, 0, array->length, &exact, err));
        pln__array_release(array);
        *array = exact;
        PLN__TRY(pln__array_normalize(schema, array, err));
    }
    if (array->null_count > 0)
        PLN__FAIL(err, PLN_EDATA, "%lld of the rows of a batch are null",
                  (long long)array->null_count);
out:
    if (status < 0)
        pln__array_release(array);
    return status;
}

static pln_status check_top(const struct ArrowSchema *schema, const struct ArrowArray *array,
                            pln_error *err) {
    if (array->release == NULL)
        return pln__error_set(err, PLN_EINVAL, "the rows of the batch are released");
    if (array->offset != 0 || array->n_children != schema->n_children || array->length < 0 ||
        array->length > INT32_MAX || array->null_count > 0)
        return pln__error_set(
            err, PLN_EDATA,
            "a batch of %lld rows and %lld columns at offset %lld with %lld nulls; "
            "expected %lld columns, offset 0 and no nulls",
            (long long)array->length, (long long)array->n_children, (long long)array->offset,
            (long long)array->null_count, (long long)schema->n_children);
    return PLN_OK;
}

pln_status pln__batch_new(const pln_allocator *mem, pln__schema *schema, struct ArrowArray *array,
                          pln_batch **out, pln_error *err) {
    pln_status status = check_top(&schema->schema, array, err);
    *out = NULL;
    if (status < 0) {
        pln__array_release(array);
        return status;
    }
    if (!pln__array_is_ours(array)) {
        status = take_over(mem, &schema->schema, array, err);
        if (status < 0)
            return status;
    }
    return wrap(mem, schema, array, out, err);
}

pln_status pln__batch_import(const pln_allocator *mem, struct ArrowSchema *schema,
                             struct ArrowArray *array, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema copy = {0};
    pln__schema *shared = NULL;
    *out = NULL;
    PLN__TRY(pln__schema_check(schema, err));
    /* A copy: nobody promises that a producer's schema may be read from several threads at once. */
    PLN__TRY(pln__schema_copy(mem, schema, &copy, err));
    PLN__TRY(pln__schema_share(mem, &copy, &shared, err));
    PLN__TRY(pln__batch_new(mem, shared, array, out, err));
out:
    pln__schema_unref(shared);
    pln__schema_release(schema);
    pln__array_release(array);
    return status;
}

/* The rows that are asked of a parent, as rows of its source. */
static pln_status compose(const pln_allocator *mem, const pln__derivation *how, row_map **out,
                          pln_error *err) {
    row_map *map = pln__alloc(mem, map_size(how->length));
    *out = map;
    if (map == NULL)
        return pln__error_memory(err, map_size(how->length));
    atomic_init(&map->refs, 1);
    map->mem = mem;
    map->length = how->length;
    for (int64_t i = 0; i < how->length; i++) {
        int32_t row = how->rows[i];
        map->rows[i] = row < 0 ? -1 : (int32_t)source_row(how->parent, row);
    }
    return PLN_OK;
}

/* A row that comes from nowhere has the watermark of the one before it. */
static pln_status inherit_watermarks(const pln_allocator *mem, const pln__derivation *how,
                                     pln_batch *batch, pln_error *err) {
    const int64_t *from = pln__batch_watermarks(how->parent);
    if (from == NULL)
        return PLN_OK;
    if (how->rows == NULL) {
        batch->track = how->parent->track;
        batch->track_first = how->parent->track_first + how->first;
        atomic_fetch_add_explicit(&batch->track->refs, 1, memory_order_relaxed);
        return PLN_OK;
    }
    pln_status status = track_new(mem, how->length, &batch->track, err);
    int64_t last = INT64_MIN;
    for (int64_t i = 0; i < how->length && status >= 0; i++) {
        if (how->rows[i] >= 0 && from[how->rows[i]] > last)
            last = from[how->rows[i]];
        batch->track->at[i] = last;
    }
    return status;
}

static pln_status inherit(const pln_allocator *mem, const pln__derivation *how, pln_batch *batch,
                          pln_error *err) {
    const pln_batch *parent = how->parent;
    if (parent->source == NULL)
        return PLN_OK;
    if (how->rows != NULL) {
        pln_status status = compose(mem, how, &batch->map, err);
        if (status < 0)
            return status;
    } else {
        batch->first = parent->first + how->first;
        batch->map = parent->map;
        if (batch->map != NULL)
            atomic_fetch_add_explicit(&batch->map->refs, 1, memory_order_relaxed);
    }
    batch->source = parent->source;
    atomic_fetch_add_explicit(&batch->source->refs, 1, memory_order_relaxed);
    return PLN_OK;
}

static pln_status take_rows(const pln_allocator *mem, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, const int32_t *rows, int64_t n,
                            struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t room = (uint64_t)array->n_children * sizeof(struct ArrowArray) + 1;
    struct ArrowArray *columns = pln__calloc(mem, 1, room);
    if (columns == NULL)
        return pln__error_memory(err, room);
    for (int64_t i = 0; i < array->n_children; i++)
        PLN__TRY(pln__array_take(mem, schema->children[i], array->children[i], rows, n, &columns[i],
                                 err));
    status = pln__array_struct(mem, n, columns, array->n_children, out, err);
out:
    if (status < 0)
        for (int64_t i = 0; i < array->n_children; i++)
            pln__array_release(&columns[i]);
    pln__free(mem, columns, room);
    return status;
}

pln_status pln__batch_derive(const pln_allocator *mem, const pln__derivation *how, pln_batch **out,
                             pln_error *err) {
    pln_status status = PLN_OK;
    const pln_batch *parent = how->parent;
    pln__schema *schema = how->schema != NULL ? how->schema : parent->schema;
    struct ArrowArray array = {0};
    pln_batch *batch = NULL;
    *out = NULL;
    if (how->array != NULL) {
        array = *how->array;
        how->array->release = NULL;
        if (array.length != how->length)
            PLN__FAIL(err, PLN_EINVAL, "a batch derived of %lld rows has %lld",
                      (long long)how->length, (long long)array.length);
    }
    if (how->rows == NULL &&
        (how->first < 0 || how->length < 0 || how->first > parent->array.length - how->length))
        PLN__FAIL(err, PLN_EINVAL, "rows %lld and %lld more: there are %lld rows",
                  (long long)how->first, (long long)how->length, (long long)parent->array.length);
    if (how->array == NULL && how->rows != NULL)
        PLN__TRY(take_rows(mem, &parent->schema->schema, &parent->array, how->rows, how->length,
                           &array, err));
    else if (how->array == NULL)
        PLN__TRY(pln__rows_slice(mem, &parent->array, how->first, how->length, &array, err));
    PLN__TRY(pln__batch_new(mem, schema, &array, &batch, err));
    PLN__TRY(inherit(mem, how, batch, err));
    PLN__TRY(inherit_watermarks(mem, how, batch, err));
    *out = batch;
    return PLN_OK;
out:
    pln_batch_unref(batch);
    pln__array_release(&array);
    return status;
}

pln__schema *pln__batch_schema_ref(const pln_batch *batch) {
    return batch->schema;
}

/* ---- what hosts see ---- */

pln_status pln_batch_export(const pln_batch *batch, struct ArrowSchema *schema,
                            struct ArrowArray *array, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema fields = {0};
    struct ArrowArray rows = {0};
    if (schema != NULL)
        PLN__TRY(pln__schema_copy(batch->mem, &batch->schema->schema, &fields, err));
    if (array != NULL)
        PLN__TRY(pln__array_share(batch->mem, &batch->array, &rows, err));
    if (schema != NULL)
        *schema = fields;
    if (array != NULL)
        *array = rows;
    return PLN_OK;
out:
    pln__schema_release(&fields);
    return status;
}

const struct ArrowSchema *pln_batch_schema(const pln_batch *batch) {
    return &batch->schema->schema;
}

const struct ArrowArray *pln_batch_array(const pln_batch *batch) {
    return &batch->array;
}

int64_t pln_batch_rows(const pln_batch *batch) {
    return batch->array.length;
}

pln_batch *pln_batch_ref(pln_batch *batch) {
    atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    return batch;
}

void pln_batch_unref(pln_batch *batch) {
    if (batch == NULL || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    pln__array_release(&batch->array);
    source_unref(batch->source);
    map_unref(batch->map);
    track_unref(batch->track);
    pln__schema_unref(batch->schema);
    pln__free(batch->mem, batch, sizeof *batch);
}

pln_status pln_batch_slice(pln_batch *batch, int64_t offset, int64_t length, pln_batch **out,
                           pln_error *err) {
    pln__derivation how = {.parent = batch, .first = offset, .length = length};
    return pln__batch_derive(batch->mem, &how, out, err);
}

pln_status pln_batch_take(pln_batch *batch, const int32_t *rows, int64_t n, pln_batch **out,
                          pln_error *err) {
    pln__derivation how = {.parent = batch, .rows = rows, .length = n};
    *out = NULL;
    if (n < 0 || n > INT32_MAX || (n > 0 && rows == NULL))
        return pln__error_set(err, PLN_EINVAL, "%lld rows cannot be taken", (long long)n);
    for (int64_t i = 0; i < n; i++)
        if (rows[i] < 0 || rows[i] >= batch->array.length)
            return pln__error_set(err, PLN_EINVAL, "row %d: there are %lld rows", rows[i],
                                  (long long)batch->array.length);
    if (n == 0)
        return pln_batch_slice(batch, 0, 0, out, err);
    return pln__batch_derive(batch->mem, &how, out, err);
}

static pln_status check_same(pln_batch *const *batches, int64_t n, pln_error *err) {
    const pln_batch *first = batches[0];
    for (int64_t i = 1; i < n; i++) {
        const struct ArrowSchema *expected = &first->schema->schema;
        const struct ArrowSchema *got = &batches[i]->schema->schema;
        if (pln__schema_equal(expected, got))
            continue;
        pln__text text;
        pln__text_init(&text, first->mem);
        pln__schema_difference(expected, got, &text);
        pln_status status = pln__error_set(err, PLN_ETYPE, "batch %lld: %s", (long long)i,
                                           text.data == NULL ? "another schema" : text.data);
        pln__text_free(&text);
        return status;
    }
    return PLN_OK;
}

pln_status pln_batch_concat(pln_batch *const *batches, int64_t n, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = NULL;
    if (n < 1)
        return pln__error_set(err, PLN_EINVAL, "%lld batches cannot be joined", (long long)n);
    const pln_batch *first = batches[0];
    uint64_t room = (uint64_t)n * sizeof(struct ArrowArray *);
    const struct ArrowArray **arrays = pln__alloc(first->mem, room);
    struct ArrowArray joined;
    if (arrays == NULL)
        return pln__error_memory(err, room);
    PLN__TRY(check_same(batches, n, err));
    for (int64_t i = 0; i < n; i++)
        arrays[i] = &batches[i]->array;
    PLN__TRY(pln__array_concat(first->mem, &first->schema->schema, arrays, n, &joined, err));
    status = pln__batch_new(first->mem, first->schema, &joined, out, err);
out:
    pln__free(first->mem, arrays, room);
    return status;
}

int32_t pln_batch_equal(const pln_batch *a, const pln_batch *b) {
    return a == b || (pln__schema_equal(&a->schema->schema, &b->schema->schema) &&
                      pln__array_equal(&a->schema->schema, &a->array, &b->array));
}

pln_status pln_batch_validate(const pln_batch *batch, int32_t level, pln_error *err) {
    if (level < PLN_VALIDATE_MINIMAL || level > PLN_VALIDATE_FULL)
        return pln__error_set(err, PLN_EINVAL, "level %d of validation: there are 1, 2 and 3",
                              level);
    return pln__array_validate(&batch->schema->schema, &batch->array, level, err);
}
