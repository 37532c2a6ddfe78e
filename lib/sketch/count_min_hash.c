/* Values to hashes, with the kernels of HyperLogLog whose filter lets all through, and hashes to places. */
#include "sketch/count_min.h"
#include "sketch/hll.h"

pln_status pln__count_min_may_hash(const pln_count_min *cm, pln_error *err) {
    return cm->seedless ? pln__error_set(err, PLN_ESTATE,
                                         "Count-Min sketch: read without its seed, no value can be "
                                         "hashed for it (fingerprint %016llx)",
                                         (unsigned long long)cm->fingerprint)
                        : PLN_OK;
}

static void hash_words(const pln_count_min *cm, const uint64_t *keys, int64_t n, uint64_t *out) {
    (void)pln__hll_filter_of(cm->cpu)(keys, n, pln__hll_flip(cm->seed), 0, out);
}

/* Columns are at most 2^26, so that a hash is good for two rows at least. */
void pln__count_min_places(const pln_count_min *cm, uint64_t *hashes, int64_t n, uint32_t *places) {
    int32_t pieces = 64 / cm->bits;
    uint32_t columns = (uint32_t)1 << cm->bits;
    for (int32_t row = 0; row < cm->rows; row++) {
        int32_t piece = row % pieces;
        if (row > 0 && piece == 0)
            hash_words(cm, hashes, n, hashes);
        pln__count_min_cut(hashes, n, piece * cm->bits, columns - 1, (uint32_t)row * columns,
                           places + row * n);
    }
}

void pln__count_min_places_of(const pln_count_min *cm, const void *bytes, int64_t size,
                              uint32_t *places) {
    uint64_t hash = pln__hash64(bytes, size, cm->seed);
    int32_t left = 64;
    for (int32_t row = 0; row < cm->rows; row++, left -= cm->bits) {
        if (left < cm->bits) {
            uint64_t word = PLN__LE(64, hash);
            hash = pln__hash64(&word, 8, cm->seed);
            left = 64;
        }
        uint64_t piece = hash >> (64 - left) & (uint64_t)(pln__count_min_columns(cm) - 1);
        places[row] = (uint32_t)(row * pln__count_min_columns(cm) + (int64_t)piece);
    }
}

bool pln__count_min_is_null(const pln__count_min_source *s, int64_t i) {
    if (s->column != NULL)
        return pln__sketch_row(s->column, i) < 0;
    return s->validity != NULL && !pln__bit_get(s->validity, s->offset + i);
}

pln_status pln__count_min_open(const struct ArrowSchema *schema, const struct ArrowArray *array,
                               pln__sketch_column *column, pln__count_min_source *out,
                               pln_error *err) {
    pln_status status = pln__sketch_column_open("Count-Min sketch", schema, array, column, err);
    if (status < 0)
        return status;
    *out = (pln__count_min_source){.column = column, .n = array->length};
    if (pln__sketch_column_is_words(column)) {
        out->column = NULL;
        out->keys = (const uint64_t *)array->buffers[1] + array->offset;
        out->validity = pln__array_validity(array);
        out->offset = array->offset;
    }
    return PLN_OK;
}

static int64_t part_of(const pln_count_min *cm, const pln__count_min_source *s) {
    int64_t most = pln__count_min_part(cm), left = s->n - s->next;
    return left < most ? left : most;
}

static void next_keys(const pln_count_min *cm, const pln__count_min_source *s, int64_t part,
                      pln__count_min_lot *out) {
    uint64_t keys[PLN__COUNT_MIN_PART];
    if (s->validity == NULL) {
        out->first = s->next;
        out->n = part;
        hash_words(cm, s->keys + s->next, part, out->hashes);
        return;
    }
    for (int64_t i = s->next; i < s->next + part; i++) {
        keys[out->n] = s->keys[i];
        out->rows[out->n] = i;
        out->n += pln__bit_get(s->validity, s->offset + i);
    }
    hash_words(cm, keys, out->n, out->hashes);
}

static void next_rows(const pln_count_min *cm, const pln__count_min_source *s, int64_t part,
                      pln__count_min_lot *out) {
    for (int64_t i = s->next; i < s->next + part; i++) {
        uint64_t word;
        int64_t size;
        const void *bytes = pln__sketch_value(s->column, i, &word, &size);
        if (bytes == NULL)
            continue;
        out->hashes[out->n] = pln__hash64(bytes, size, cm->seed);
        out->rows[out->n++] = i;
    }
}

static void next_texts(const pln_count_min *cm, const pln__count_min_source *s, int64_t part,
                       pln__count_min_lot *out) {
    const struct ArrowArray *array = s->column->rows;
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset + s->next;
    out->first = s->next;
    out->n = pln__hll_filter_texts(offsets, array->buffers[2], part, cm->seed, 0, out->hashes);
}

static bool plain_texts(const pln__sketch_column *c) {
    return pln__type_is_bytes(c->index.id) && pln__array_validity(c->rows) == NULL;
}

bool pln__count_min_next(const pln_count_min *cm, pln__count_min_source *s,
                         pln__count_min_lot *out) {
    out->n = 0;
    while (out->n == 0 && s->next < s->n) {
        int64_t part = part_of(cm, s);
        out->first = -1;
        if (s->column == NULL)
            next_keys(cm, s, part, out);
        else if (plain_texts(s->column))
            next_texts(cm, s, part, out);
        else
            next_rows(cm, s, part, out);
        s->next += part;
    }
    return out->n > 0;
}
