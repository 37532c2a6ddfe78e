/*
 * Items, one by one and by the column. Rows are looked up together as long as none of them can drop an entry, so that a column comes to what its rows one by
 * one come to.
 */
#include "sketch/top_k.h"
#include "sketch/value.h"

enum { PART = PLN__TOP_K_PART, AHEAD = 16, FEW = 4 };

/* An item that has no entry. What it may have had before is what any item without one may have had. */
static pln_status take_in(pln_top_k *top, const pln__top_k_item *item, int64_t weight,
                          pln_error *err) {
    if (top->used == top->capacity)
        pln__top_k_cut(top, top->used - (top->used + PLN__TOP_K_SHARE - 1) / PLN__TOP_K_SHARE);
    return pln__top_k_put(top, item, top->error + weight, top->error, err);
}

static pln_status add_item(pln_top_k *top, const pln__top_k_item *item, int64_t weight,
                           pln_error *err) {
    int64_t slot = weight == 0 ? 0 : pln__top_k_find(top, item);
    if (weight == 0)
        return PLN_OK;
    if (slot < 0) {
        pln_status status = take_in(top, item, weight, err);
        if (status < 0)
            return status;
    } else {
        top->lines[slot / PLN__TOP_K_WAYS].upper[slot % PLN__TOP_K_WAYS] += weight;
    }
    top->total += weight;
    return PLN_OK;
}

/* ---- what is refused before anything is added ---- */

#define WHAT "top-k sketch"

static pln_status check_weight(int64_t total, int64_t weight, int64_t row, pln_error *err) {
    if (weight < 0)
        return pln__error_set(err, PLN_EINVAL,
                              WHAT ": weight of row %lld is %lld, expected 0 or more",
                              (long long)row, (long long)weight);
    if (weight > INT64_MAX - total)
        return pln__error_set(
            err, PLN_ELIMIT,
            WHAT ": the total of %lld and the weight of row %lld, %lld, is over 2^63 - 1",
            (long long)total, (long long)row, (long long)weight);
    return PLN_OK;
}

static pln_status check_size(const pln_top_k *top, int64_t size, int64_t row, pln_error *err) {
    if (size <= top->item_bytes_limit)
        return PLN_OK;
    return pln__error_set(err, PLN_ELIMIT,
                          WHAT ": item of row %lld has %lld bytes, item_bytes_limit is %lld",
                          (long long)row, (long long)size, (long long)top->item_bytes_limit);
}

static bool is_null(const uint8_t *validity, int64_t bit) {
    return validity != NULL && !pln__bit_get(validity, bit);
}

static pln_status check_weights(const pln_top_k *top, const int64_t *weights, int64_t n,
                                const uint8_t *validity, int64_t offset, pln_error *err) {
    int64_t total = top->total;
    if (weights == NULL)
        return check_weight(total, n, n, err);
    for (int64_t i = 0; i < n; i++) {
        if (is_null(validity, offset + i))
            continue;
        pln_status status = check_weight(total, weights[i], i, err);
        if (status < 0)
            return status;
        total += weights[i];
    }
    return PLN_OK;
}

pln_status pln_top_k_add(pln_top_k *top, const void *bytes, int64_t size, int64_t weight,
                         pln_error *err) {
    pln_status status;
    PLN__TRY(check_weight(top->total, weight, 0, err));
    PLN__TRY(check_size(top, size, 0, err));
    pln__top_k_item item = pln__top_k_item_of(top, bytes, size);
    status = add_item(top, &item, weight, err);
out:
    return status;
}

/* ---- 64-bit numbers ---- */

static pln__top_k_add_fn *add_of(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return pln__top_k_add_avx2;
#endif
    (void)cpu;
    return pln__top_k_add_plain;
}

/* How many rows can be added together: with so many new entries nothing grows and none is dropped. */
static int64_t together(const pln_top_k *top) {
    int64_t room = pln__top_k_room(top->line_count);
    if (top->places != NULL)
        return 0;
    return (room < top->capacity ? room : top->capacity) - top->used;
}

static pln_status add_word(pln_top_k *top, uint64_t value, int64_t weight, pln_error *err) {
    uint64_t key = PLN__LE(64, value);
    pln__top_k_item item = pln__top_k_item_of(top, &key, 8);
    return add_item(top, &item, weight, err);
}

/* The free key comes by chance once in 2^64 rows, and from who knows the seed. */
static pln_status add_free_keys(pln_top_k *top, const pln__top_k_words *w, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < w->n && status == PLN_OK; i++)
        if (w->values[i] == PLN__LE(64, top->free_key))
            status = add_word(top, w->values[i], w->weights != NULL ? w->weights[i] : 1, err);
    return status;
}

/* Numbers of which none is null. */
static pln_status add_values(pln_top_k *top, const uint64_t *values, const int64_t *weights,
                             int64_t n, pln_error *err) {
    pln__top_k_add_fn *add = add_of(top->cpu);
    for (int64_t i = 0; i < n;) {
        int64_t size = together(top);
        size = size > PART ? PART : size;
        size = size > n - i ? n - i : size;
        const pln__top_k_words some = {values + i, weights != NULL ? weights + i : NULL, size};
        pln_status status = PLN_OK;
        if (size < FEW)
            status = add_word(top, values[i], weights != NULL ? weights[i] : 1, err);
        else if (PLN__UNLIKELY(add(top, &some) > 0))
            status = add_free_keys(top, &some, err);
        if (status < 0)
            return status;
        i += size < FEW ? 1 : size;
    }
    return PLN_OK;
}

/* What is not null goes together first. */
static pln_status add_valid(pln_top_k *top, const uint64_t *values, const int64_t *weights,
                            int64_t n, const uint8_t *validity, int64_t offset, pln_error *err) {
    uint64_t kept_values[PART];
    int64_t kept_weights[PART];
    for (int64_t i = 0; i < n;) {
        int64_t kept = 0, end = i + PART < n ? i + PART : n;
        for (; i < end; i++) {
            kept_values[kept] = values[i];
            kept_weights[kept] = weights != NULL ? weights[i] : 1;
            kept += pln__bit_get(validity, offset + i);
        }
        pln_status status = add_values(top, kept_values, kept_weights, kept, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

pln_status pln_top_k_add_uint64(pln_top_k *top, const uint64_t *values, const int64_t *weights,
                                int64_t n, const uint8_t *validity, int64_t offset,
                                pln_error *err) {
    pln_status status;
    if (n < 0 || offset < 0)
        return pln__error_set(err, PLN_EINVAL, WHAT ": %lld values from bit %lld of validity",
                              (long long)n, (long long)offset);
    PLN__TRY(check_weights(top, weights, n, validity, offset, err));
    status = validity != NULL ? add_valid(top, values, weights, n, validity, offset, err)
                              : add_values(top, values, weights, n, err);
out:
    return status;
}

/* ---- items of any size ---- */

typedef struct batch {
    pln__top_k_item items[PART];
    uint64_t words[PART]; /* of items that are numbers */
    int64_t weights[PART];
    int64_t n;
} batch;

static void fetch(const pln_top_k *top, const batch *b, int64_t i) {
    if (i < b->n)
        __builtin_prefetch(top->lines + pln__top_k_home(top->line_count, b->items[i].hash), 1);
}

/* As long as no entry can be dropped, the lines of the next rows are fetched meanwhile. */
static pln_status add_batch(pln_top_k *top, batch *b, pln_error *err) {
    for (int64_t i = 0; i < b->n; i++)
        pln__top_k_hash(top, &b->items[i]);
    for (int64_t i = 0; i < b->n; i++) {
        if (top->lines != NULL)
            fetch(top, b, i + AHEAD);
        pln_status status = add_item(top, &b->items[i], b->weights[i], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* The next rows that are not null, from row i on; returns the row behind them. */
static int64_t gather(const pln__sketch_column *c, const int64_t *weights, int64_t i, batch *b) {
    for (b->n = 0; i < c->rows->length && b->n < PART; i++) {
        pln__top_k_item *item = &b->items[b->n];
        item->bytes = pln__sketch_value(c, i, &b->words[b->n], &item->size);
        b->weights[b->n] = weights != NULL ? weights[i] : 1;
        b->n += item->bytes != NULL;
    }
    return i;
}

/* Of texts or binaries without nulls. */
static int64_t gather_texts(const struct ArrowArray *array, const int64_t *weights, int64_t i,
                            batch *b) {
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset + i;
    const uint8_t *data = array->buffers[2];
    b->n = array->length - i < PART ? array->length - i : PART;
    for (int64_t k = 0; k < b->n; k++) {
        b->items[k].bytes = data + offsets[k];
        b->items[k].size = offsets[k + 1] - offsets[k];
        b->weights[k] = weights != NULL ? weights[i + k] : 1;
    }
    return i + b->n;
}

/* Texts or binaries that lie one behind the other, none of them null. */
static bool is_plain(const pln__sketch_column *c) {
    return (c->index.id == PLN__UTF8 || c->index.id == PLN__BINARY) &&
           pln__array_validity(c->rows) == NULL;
}

static pln_status add_rows(pln_top_k *top, const pln__sketch_column *c, const int64_t *weights,
                           pln_error *err) {
    batch b;
    bool plain = is_plain(c);
    for (int64_t i = 0; i < c->rows->length;) {
        i = plain ? gather_texts(c->rows, weights, i, &b) : gather(c, weights, i, &b);
        pln_status status = add_batch(top, &b, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* Sizes and weights of texts that are plain. */
static pln_status check_texts(const pln_top_k *top, const struct ArrowArray *array,
                              const int64_t *weights, pln_error *err) {
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset;
    int64_t n = array->length, longest = 0, row = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t size = (int64_t)offsets[i + 1] - offsets[i];
        row = size > longest ? i : row;
        longest = size > longest ? size : longest;
    }
    pln_status status = check_size(top, longest, row, err);
    return status < 0 ? status : check_weights(top, weights, n, NULL, 0, err);
}

/* Sizes and weights of all rows; nulls have neither. */
static pln_status check_rows(const pln_top_k *top, const pln__sketch_column *c,
                             const int64_t *weights, pln_error *err) {
    int64_t total = top->total;
    if (is_plain(c))
        return check_texts(top, c->rows, weights, err);
    for (int64_t i = 0; i < c->rows->length; i++) {
        uint64_t word;
        int64_t size = 0, weight = weights != NULL ? weights[i] : 1;
        if (pln__sketch_value(c, i, &word, &size) == NULL)
            continue;
        pln_status status = check_weight(total, weight, i, err);
        if (status == PLN_OK)
            status = check_size(top, size, i, err);
        if (status < 0)
            return status;
        total += weight;
    }
    return PLN_OK;
}

pln_status pln_top_k_add_column(pln_top_k *top, const struct ArrowSchema *schema,
                                const struct ArrowArray *array, const int64_t *weights,
                                pln_error *err) {
    pln__sketch_column c;
    pln_status status;
    PLN__TRY(pln__sketch_column_open(WHAT, schema, array, &c, err));
    if (pln__sketch_column_is_words(&c))
        return pln_top_k_add_uint64(top, (const uint64_t *)array->buffers[1] + array->offset,
                                    weights, array->length, pln__array_validity(array),
                                    array->offset, err);
    PLN__TRY(check_rows(top, &c, weights, err));
    status = add_rows(top, &c, weights, err);
out:
    return status;
}
