/*
 * States that are sketches: distinct values by HyperLogLog, quantiles, the heaviest values. A group has one from its first value on.
 *
 * Values go in by the bytes that <pln/hll.h> and <pln/top_k.h> give to columns, so that a sketch made here merges with one made of a whole column.
 */
#include "window/aggregate_internal.h"
#include <math.h>
#include <pln/hll.h>
#include <pln/quantiles.h>
#include <pln/top_k.h>
#include <stdio.h>

enum {
    LISTED = 10,
    LISTED_MOST = 1000000,
    ENTRIES_MOST = 1 << 26,
    MANY = 16 /* numbers that are faster as a column than one by one */
};

/* Values of one block, all of one group. */
typedef struct values {
    const pln__aggregate *aggregate;
    const pln__agg_block *block;
    const void *words; /* NULL: texts */
} values;

/* What a sketch of any kind can do. Readers may say what they like: it becomes PLN_ECORRUPT. */
typedef struct pln__agg_sketch {
    pln_status (*make)(pln__states *states, void **out, pln_error *err);
    void (*free)(void *sketch);
    pln_status (*add)(void *sketch, const values *v, int64_t from, int64_t n, pln_error *err);
    pln_status (*merge)(void *into, const void *from, pln_error *err);
    int64_t (*size)(const void *sketch);
    pln_status (*write)(const void *sketch, uint8_t *out, int64_t size, pln_error *err);
    pln_status (*read)(pln__states *states, const uint8_t *bytes, int64_t size, void **out,
                       pln_error *err);
    pln_status (*finish)(const pln__aggregate *a, void *sketch, pln__column *out, pln_error *err);
} sketch;

static const void *bytes_at(const values *v, int64_t i, uint64_t room[2], int64_t *size) {
    const pln__type *type = &v->aggregate->column.type;
    if (v->words == NULL)
        return pln__array_bytes(type, v->block->values, pln__agg_row(v->block, i), size);
    const uint64_t *word = pln__agg_words(type, v->words, i);
    *size = type->id == PLN__DECIMAL128 ? 16 : 8;
    for (int64_t k = 0; k < *size / 8; k++)
        pln__store_le64(&room[k], word[k]);
    return room;
}
/* Whether the values are words side by side. */
static bool are_words(const values *v) {
    return v->words != NULL && v->aggregate->column.type.id != PLN__DECIMAL128;
}

/* ---- HyperLogLog ---- */

static void hll_options(const pln__states *states, pln_hll_options *options) {
    pln_hll_options_init(options, sizeof *options);
    options->precision = states->aggregate->spec.precision;
    options->seed = states->aggregate->spec.seed;
    options->allocator = &states->mem;
}
static pln_status hll_make(pln__states *states, void **out, pln_error *err) {
    pln_hll_options options;
    pln_hll *hll = NULL;
    hll_options(states, &options);
    pln_status status = pln_hll_new(NULL, &options, &hll, err);
    *out = hll;
    return status;
}
static void hll_free(void *hll) {
    pln_hll_free(hll);
}
static pln_status hll_add(void *hll, const values *v, int64_t from, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    if (are_words(v))
        return pln_hll_add_uint64(hll, (const uint64_t *)v->words + from, n, NULL, 0, err);
    for (int64_t i = from; i < from + n && status == PLN_OK; i++) {
        uint64_t room[2];
        int64_t size;
        const void *bytes = bytes_at(v, i, room, &size);
        status = pln_hll_add(hll, bytes, size, err);
    }
    return status;
}
static pln_status hll_merge(void *into, const void *from, pln_error *err) {
    return pln_hll_merge(into, from, err);
}
static int64_t hll_size(const void *hll) {
    return pln_hll_size(hll, PLN_HLL_NATIVE);
}
static pln_status hll_write(const void *hll, uint8_t *out, int64_t size, pln_error *err) {
    return pln_hll_write(hll, PLN_HLL_NATIVE, out, size, &size, err);
}
static pln_status hll_read(pln__states *states, const uint8_t *bytes, int64_t size, void **out,
                           pln_error *err) {
    pln_hll_options options;
    pln_hll *hll = NULL;
    pln_hll_info info = {.struct_size = sizeof info};
    hll_options(states, &options);
    pln_status status = pln_hll_read(NULL, PLN_HLL_NATIVE, &options, bytes, size, &hll, err);
    *out = hll;
    if (status < 0)
        return status;
    pln_hll_info_get(hll, &info);
    return info.precision == options.precision
               ? PLN_OK
               : pln__error_set(err, PLN_ECORRUPT, "the precision is %d, expected %d",
                                info.precision, options.precision);
}
static pln_status hll_finish(const pln__aggregate *a, void *hll, pln__column *out, pln_error *err) {
    if (a->spec.kind == PLN__AGG_APPROX_COUNT_DISTINCT) {
        double n = rint(pln_hll_estimate(hll));
        const uint64_t bits[2] = {n < 0x1p63 ? (uint64_t)n : INT64_MAX, 0};
        return pln__agg_put_bits(out, bits, err);
    }
    int64_t size = hll_size(hll);
    uint8_t *bytes = pln__alloc(a->mem, (uint64_t)size);
    if (bytes == NULL)
        return pln__error_memory(err, (uint64_t)size);
    pln_status status = hll_write(hll, bytes, size, err);
    if (status == PLN_OK)
        status = pln_column_bytes(out, bytes, size, err);
    pln__free(a->mem, bytes, (uint64_t)size);
    return status;
}
static const sketch hlls = {hll_make, hll_free,  hll_add,  hll_merge,
                            hll_size, hll_write, hll_read, hll_finish};

/* ---- quantiles ---- */

static int32_t quantiles_kind(const pln__aggregate *a) {
    int32_t id = a->column.type.id;
    return id == PLN__UINT64 || id == PLN__FLOAT32 || id == PLN__FLOAT64 || id == PLN__DECIMAL128
               ? PLN_QUANTILES_FLOAT64
               : PLN_QUANTILES_INT64;
}
static pln_status quantiles_make(pln__states *states, void **out, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    pln_quantiles_options options;
    pln_quantiles *q = NULL;
    pln_quantiles_options_init(&options, sizeof options);
    options.k = a->spec.precision;
    options.kind = quantiles_kind(a);
    options.seed = a->spec.seed;
    options.allocator = &states->mem;
    pln_status status = pln_quantiles_new(NULL, &options, &q, err);
    *out = q;
    return status;
}
static void quantiles_free(void *q) {
    pln_quantiles_free(q);
}
static double number_at(const values *v, int64_t i) {
    const pln__type *type = &v->aggregate->column.type;
    const uint64_t *word = pln__agg_words(type, v->words, i);
    if (type->id == PLN__UINT64)
        return (double)word[0];
    if (type->id == PLN__DECIMAL128)
        return pln__decimal128_double((pln__int128)((pln__uint128)word[1] << 64 | word[0]),
                                      type->scale);
    double value;
    memcpy(&value, word, 8);
    return value;
}
static pln_status quantiles_add(void *q, const values *v, int64_t from, int64_t n, pln_error *err) {
    int32_t id = v->aggregate->column.type.id;
    if (quantiles_kind(v->aggregate) == PLN_QUANTILES_INT64)
        return pln_quantiles_add_int64(q, (const int64_t *)v->words + from, n, NULL, 0, err);
    if ((id == PLN__FLOAT32 || id == PLN__FLOAT64) && n >= MANY)
        return pln_quantiles_add_float64(q, (const double *)v->words + from, n, NULL, 0, err);
    pln_status status = PLN_OK;
    for (int64_t i = from; i < from + n && status == PLN_OK; i++)
        status = pln_quantiles_add(q, number_at(v, i), err);
    return status;
}
static pln_status quantiles_merge(void *into, const void *from, pln_error *err) {
    return pln_quantiles_merge(into, from, err);
}
static int64_t quantiles_size(const void *q) {
    return pln_quantiles_size(q);
}
static pln_status quantiles_write(const void *q, uint8_t *out, int64_t size, pln_error *err) {
    return pln_quantiles_write(q, out, size, &size, err);
}
static pln_status quantiles_read(pln__states *states, const uint8_t *bytes, int64_t size,
                                 void **out, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    pln_quantiles *q = NULL;
    pln_quantiles_info info = {.struct_size = sizeof info};
    /* Its memory goes by k, which therefore is held to what it must be before any is taken. */
    if (size < 12 || pln__load_le32(bytes + 8) != (uint32_t)a->spec.precision)
        return pln__error_set(err, PLN_ECORRUPT, "k is another than %d", a->spec.precision);
    pln_status status = pln_quantiles_read(NULL, &states->mem, bytes, size, &q, err);
    *out = q;
    if (status < 0)
        return status;
    pln_quantiles_info_get(q, &info);
    if (info.kind != quantiles_kind(a))
        return pln__error_set(err, PLN_ECORRUPT, "the kind is %d, expected %d", info.kind,
                              quantiles_kind(a));
    if (info.kind == PLN_QUANTILES_INT64 && info.n > 0 &&
        !(pln__agg_is_key(&a->column.type, info.minimum_int64) &&
          pln__agg_is_key(&a->column.type, info.maximum_int64)))
        return pln__error_set(err, PLN_ECORRUPT, "values of %lld to %lld are beyond their type %s",
                              (long long)info.minimum_int64, (long long)info.maximum_int64,
                              a->column.text);
    return PLN_OK;
}
static pln_status quantiles_finish(const pln__aggregate *a, void *q, pln__column *out,
                                   pln_error *err) {
    pln_quantiles_info info = {.struct_size = sizeof info};
    uint64_t bits[2] = {0, 0};
    double real;
    int64_t whole;
    pln_quantiles_info_get(q, &info);
    if (info.n == 0) /* NaN alone */
        return pln__column_null(out, err);
    pln_status status = info.kind == PLN_QUANTILES_INT64
                            ? pln_quantiles_quantiles_int64(q, &a->spec.q, 1, &whole, err)
                            : pln_quantiles_quantile(q, a->spec.q, &real, err);
    if (status < 0)
        return status;
    memcpy(bits, info.kind == PLN_QUANTILES_INT64 ? (void *)&whole : (void *)&real, 8);
    return pln__agg_put_bits(out, bits, err);
}
static const sketch quantiles = {quantiles_make, quantiles_free,  quantiles_add,  quantiles_merge,
                                 quantiles_size, quantiles_write, quantiles_read, quantiles_finish};

/* ---- the heaviest ---- */

static void top_options(const pln__states *states, pln_top_k_options *options) {
    pln_top_k_options_init(options, sizeof *options);
    options->capacity = states->aggregate->spec.precision;
    options->seed = states->aggregate->spec.seed;
    options->allocator = &states->mem;
}
static pln_status top_make(pln__states *states, void **out, pln_error *err) {
    pln_top_k_options options;
    pln_top_k *top = NULL;
    top_options(states, &options);
    pln_status status = pln_top_k_new(NULL, &options, &top, err);
    *out = top;
    return status;
}
static void top_free(void *top) {
    pln_top_k_free(top);
}
static pln_status top_add(void *top, const values *v, int64_t from, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    if (are_words(v))
        return pln_top_k_add_uint64(top, (const uint64_t *)v->words + from, NULL, n, NULL, 0, err);
    for (int64_t i = from; i < from + n && status == PLN_OK; i++) {
        uint64_t room[2];
        int64_t size;
        const void *bytes = bytes_at(v, i, room, &size);
        status = pln_top_k_add(top, bytes, size, 1, err);
    }
    return status;
}
static pln_status top_merge(void *into, const void *from, pln_error *err) {
    return pln_top_k_merge(into, from, err);
}
static int64_t top_size(const void *top) {
    return pln_top_k_size(top, PLN_TOP_K_NATIVE);
}
static pln_status top_write(const void *top, uint8_t *out, int64_t size, pln_error *err) {
    return pln_top_k_write(top, PLN_TOP_K_NATIVE, out, size, &size, err);
}

/* The first `most` items, in the allocator's memory. */
static pln_status list(const pln_allocator *mem, const pln_top_k *top, int64_t most,
                       pln_top_k_entry **out, int64_t *n, pln_error *err) {
    pln_top_k_info info = {.struct_size = sizeof info};
    pln_top_k_info_get(top, &info);
    *n = info.entries < most ? info.entries : most;
    *out = pln__calloc(mem, (uint64_t)*n + 1, sizeof **out);
    if (*out == NULL)
        return pln__error_memory(err, (uint64_t)(*n + 1) * sizeof **out);
    (*out)[0].struct_size = sizeof **out;
    int64_t room = *n;
    pln_status status = pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, room, *out, n, err);
    *n = *n < room ? *n : room;
    return status;
}
static void free_list(const pln_allocator *mem, const pln_top_k *top, int64_t most,
                      pln_top_k_entry *entries) {
    pln_top_k_info info = {.struct_size = sizeof info};
    pln_top_k_info_get(top, &info);
    int64_t n = info.entries < most ? info.entries : most;
    pln__free(mem, entries, (uint64_t)(n + 1) * sizeof *entries);
}

static bool is_item(const pln__type *type, const pln_top_k_entry *entry) {
    if (type->id == PLN__UTF8)
        return pln__agg_is_utf8(entry->bytes, entry->size);
    if (pln__agg_is_text(type))
        return type->id == PLN__BINARY || entry->size == type->width;
    if (type->id == PLN__DECIMAL128)
        return entry->size == 16;
    if (entry->size != 8)
        return false;
    uint64_t word = pln__load_le64(entry->bytes);
    return type->id == PLN__FLOAT32 || type->id == PLN__FLOAT64 ||
           pln__agg_is_key(type, (int64_t)word);
}

static pln_status top_read(pln__states *states, const uint8_t *bytes, int64_t size, void **out,
                           pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    pln_top_k_options options;
    pln_top_k *top = NULL;
    pln_top_k_entry *entries = NULL;
    pln_top_k_info info = {.struct_size = sizeof info};
    int64_t n = 0;
    top_options(states, &options);
    pln_status status = pln_top_k_read(NULL, PLN_TOP_K_NATIVE, &options, bytes, size, &top, err);
    *out = top;
    if (status < 0)
        return status;
    pln_top_k_info_get(top, &info);
    if (info.capacity != a->spec.precision)
        return pln__error_set(err, PLN_ECORRUPT, "there are %lld entries, expected %d",
                              (long long)info.capacity, a->spec.precision);
    PLN__TRY(list(a->mem, top, INT64_MAX, &entries, &n, err));
    for (int64_t i = 0; i < n; i++)
        if (!is_item(&a->column.type, &entries[i]))
            PLN__FAIL(err, PLN_ECORRUPT, "item %lld, of %lld bytes, is no value of type %s",
                      (long long)i, (long long)entries[i].size, a->column.text);
out:
    if (entries != NULL)
        free_list(a->mem, top, INT64_MAX, entries);
    return status;
}

static pln_status put_item(const pln__type *type, const pln_top_k_entry *entry, pln__column *out,
                           pln_error *err) {
    if (pln__agg_is_text(type))
        return pln_column_bytes(out, entry->bytes, entry->size, err);
    uint64_t bits[2] = {pln__load_le64(entry->bytes),
                        entry->size == 16 ? pln__load_le64(entry->bytes + 8) : 0};
    if (type->id == PLN__FLOAT32) {
        double wide;
        memcpy(&wide, bits, 8);
        float narrow = (float)wide;
        uint32_t word;
        memcpy(&word, &narrow, 4);
        bits[0] = word;
    }
    return pln__agg_put_bits(out, bits, err);
}

static pln_status top_finish(const pln__aggregate *a, void *top, pln__column *out, pln_error *err) {
    pln__column *items = &out->children[0];
    pln_top_k_entry *entries = NULL;
    int64_t n = 0, before = items->length;
    pln_status status;
    PLN__TRY(list(a->mem, top, a->spec.limit, &entries, &n, err));
    for (int64_t i = 0; i < n; i++) {
        PLN__TRY(put_item(&a->column.type, &entries[i], &items->children[0], err));
        PLN__TRY(pln_column_int(&items->children[1], entries[i].estimate, err));
        PLN__TRY(pln_column_end(items, err));
    }
    PLN__TRY(pln_column_end(out, err));
out:
    if (entries != NULL)
        free_list(a->mem, top, a->spec.limit, entries);
    if (status < 0) {
        pln__column_truncate(items, before);
        for (int i = 0; i < 2; i++)
            pln__column_truncate(&items->children[i], before);
    }
    return status;
}
static const sketch tops = {top_make, top_free,  top_add,  top_merge,
                            top_size, top_write, top_read, top_finish};

/* ---- the kind ---- */

static pln_status sketch_of(pln__states *states, void *state, void **out, pln_error *err) {
    void **place = state;
    pln_status status =
        *place == NULL ? states->aggregate->sketch->make(states, place, err) : PLN_OK;
    *out = *place;
    return status;
}

static pln_status add_block(pln__states *states, const pln__agg_rows *rows, const values *v,
                            pln_error *err) {
    const pln__agg_block *block = v->block;
    pln_status status = PLN_OK;
    /* Rows of one group go together where they stand together. */
    for (int64_t i = 0, n; i < block->n && status == PLN_OK; i += n) {
        int32_t group = pln__agg_group(block, rows, i);
        void *own;
        for (n = 1; i + n < block->n && pln__agg_group(block, rows, i + n) == group;)
            n++;
        status = sketch_of(states, pln__agg_state(states, group), &own, err);
        if (status == PLN_OK)
            status = states->aggregate->sketch->add(own, v, i, n, err);
    }
    return status;
}

static pln_status add(pln__states *states, const pln__agg_rows *rows, pln_error *err) {
    values v = {states->aggregate, &states->aggregate->scratch->block, NULL};
    pln_status status = PLN_OK;
    for (int64_t done = 0; done < rows->n && status == PLN_OK;) {
        status = pln__agg_next_values(states->aggregate, rows, &done, &v.words, err);
        if (status == PLN_OK)
            status = add_block(states, rows, &v, err);
    }
    return status;
}

static pln_status merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n && status == PLN_OK; i++) {
        void *const *theirs = pln__agg_state(from, pln__agg_at(from_groups, i)), *own;
        if (*theirs == NULL)
            continue;
        status = sketch_of(into, pln__agg_state(into, pln__agg_at(into_groups, i)), &own, err);
        if (status == PLN_OK)
            status = into->aggregate->sketch->merge(own, *theirs, err);
    }
    return status;
}

static void drop(pln__states *states, void *state) {
    states->aggregate->sketch->free(*(void **)state);
}

static pln_status finish(pln__states *states, void *state, pln__column *out, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    void *own = *(void **)state;
    static const uint64_t none[2] = {0, 0};
    if (own != NULL)
        return a->sketch->finish(a, own, out, err);
    return a->spec.kind == PLN__AGG_APPROX_COUNT_DISTINCT ? pln__agg_put_bits(out, none, err)
                                                          : pln__column_null(out, err);
}

static pln_status write(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    void *own = *(void *const *)state;
    uint64_t size = own == NULL ? 0 : (uint64_t)a->sketch->size(own);
    pln_status status = pln__agg_write_words(a->mem, out, &size, 1, err);
    if (status < 0 || own == NULL)
        return status;
    status = pln__buffer_reserve(a->mem, out, (int64_t)size, err);
    if (status == PLN_OK)
        status = a->sketch->write(own, out->data + out->size, (int64_t)size, err);
    if (status == PLN_OK)
        out->size += (int64_t)size;
    return status;
}

static pln_status read(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err) {
    uint64_t size = pln__agg_take_64(reader);
    if (size == 0)
        return PLN_OK;
    const uint8_t *bytes = pln__agg_take(reader, size > INT64_MAX ? -1 : (int64_t)size);
    if (bytes == NULL)
        return PLN_OK;
    pln_status status =
        states->aggregate->sketch->read(states, bytes, (int64_t)size, (void **)state, err);
    if (status < 0 && status != PLN_ENOMEM && status != PLN_ECORRUPT) {
        char text[sizeof err->message];
        snprintf(text, sizeof text, "%s", err == NULL ? "" : err->message);
        status = pln__error_set(err, PLN_ECORRUPT, "%s", text);
    }
    return status;
}

static pln_status open_quantile(pln__aggregate *a, pln_error *err) {
    int32_t id = a->column.type.id;
    int64_t k = a->spec.precision;
    if (pln__agg_is_text(&a->column.type) || id == PLN__BOOL)
        return pln__agg_refuse(a, &a->column, "a number, date or time", err);
    if (!(a->spec.q >= 0 && a->spec.q <= 1))
        return pln__error_set(err, PLN_EINVAL, "the fraction of a quantile is %g, expected 0 to 1",
                              a->spec.q);
    pln_status status = pln__agg_default(&k, 200, 8, 65535, "k of a quantile", err);
    a->spec.precision = (int32_t)k;
    a->sketch = &quantiles;
    a->load = pln__agg_load_values(id);
    if (status < 0)
        return status;
    return pln__agg_field(a, quantiles_kind(a) == PLN_QUANTILES_INT64 ? NULL : "g", 0, err);
}

static pln_status open_top(pln__aggregate *a, pln_error *err) {
    pln_status status;
    int64_t entries = a->spec.precision;
    PLN__TRY(pln__agg_default(&entries, 1024, 1, ENTRIES_MOST, "the number of entries", err));
    PLN__TRY(
        pln__agg_default(&a->spec.limit, LISTED, 1, LISTED_MOST, "the length of the list", err));
    a->spec.precision = (int32_t)entries;
    a->sketch = &tops;
    PLN__TRY(pln__agg_field(a, "+l", 1, err));
    struct ArrowSchema *item = a->out.children[0];
    PLN__TRY(pln__field_new(a->mem, "+s", "item", false, 2, item, err));
    PLN__TRY(pln__field_new(a->mem, a->column.format, "value", false, 0, item->children[0], err));
    PLN__TRY(pln__field_new(a->mem, "l", "count", false, 0, item->children[1], err));
out:
    return status;
}

static pln_status open_hll(pln__aggregate *a, pln_error *err) {
    int64_t precision = a->spec.precision;
    pln_status status = pln__agg_default(&precision, 14, 4, 18, "the precision", err);
    a->spec.precision = (int32_t)precision;
    a->sketch = &hlls;
    if (status < 0)
        return status;
    return pln__agg_field(a, a->spec.kind == PLN__AGG_HLL ? "z" : "l", 0, err);
}

pln_status pln__agg_sketch_open(pln__aggregate *a, pln_error *err) {
    static const pln__agg_kind kind = {sizeof(void *), add, merge, finish, write, read, drop};
    a->kind = kind;
    a->load = pln__agg_load_equal(a->column.type.id);
    switch (a->spec.kind) {
    case PLN__AGG_QUANTILE: return open_quantile(a, err);
    case PLN__AGG_TOP_K: return open_top(a, err);
    default: return open_hll(a, err);
    }
}
