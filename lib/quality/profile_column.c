/* What is kept of a column, row by row and of two parts together. */
#include "quality/profile.h"
#include <math.h>

enum { PART = PLN__PROFILE_PENDING };

/* ---- numbers ---- */

/* Values of rows [from, from + n) that are not null, widened, side by side. */
#define LOADER(name, type, wide)                                                                   \
    static int64_t name(const pln__sketch_column *c, int64_t from, int64_t n, wide *out) {         \
        const type *values = (const type *)c->rows->buffers[1] + c->rows->offset + from;           \
        const uint8_t *bits = pln__array_validity(c->rows);                                        \
        int64_t kept = 0;                                                                          \
        for (int64_t i = 0; bits == NULL && i < n; i++)                                            \
            out[i] = (wide)values[i];                                                              \
        if (bits == NULL)                                                                          \
            return n;                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            out[kept] = (wide)values[i];                                                           \
            kept += pln__bit_get(bits, c->rows->offset + from + i);                                \
        }                                                                                          \
        return kept;                                                                               \
    }
LOADER(load_int8, int8_t, int64_t)
LOADER(load_int16, int16_t, int64_t)
LOADER(load_int32, int32_t, int64_t)
LOADER(load_int64, int64_t, int64_t)
LOADER(load_uint8, uint8_t, int64_t)
LOADER(load_uint16, uint16_t, int64_t)
LOADER(load_uint32, uint32_t, int64_t)
LOADER(load_float, float, double)
LOADER(load_double, double, double)

/* Bits, and what a dictionary refers to. */
static int64_t load_others(const pln__sketch_column *c, int64_t from, int64_t n, int64_t *out) {
    int64_t kept = 0;
    for (int64_t i = from; i < from + n; i++) {
        int64_t row = pln__sketch_row(c, i);
        if (row >= 0)
            out[kept++] = pln__array_int(&c->type, c->values, row);
    }
    return kept;
}

static int64_t load_integers(const pln__sketch_column *c, int64_t from, int64_t n, int64_t *out) {
    switch (c->index.id) {
    case PLN__INT8: return load_int8(c, from, n, out);
    case PLN__INT16: return load_int16(c, from, n, out);
    case PLN__INT32:
    case PLN__DATE32:
    case PLN__TIME32: return load_int32(c, from, n, out);
    case PLN__INT64:
    case PLN__UINT64:
    case PLN__TIME64:
    case PLN__TIMESTAMP: return load_int64(c, from, n, out);
    case PLN__UINT8: return load_uint8(c, from, n, out);
    case PLN__UINT16: return load_uint16(c, from, n, out);
    case PLN__UINT32: return load_uint32(c, from, n, out);
    default: return load_others(c, from, n, out);
    }
}

static int64_t load_floats(const pln__sketch_column *c, int64_t from, int64_t n, double *out) {
    if (c->index.id == PLN__FLOAT64)
        return load_double(c, from, n, out);
    if (c->index.id == PLN__FLOAT32)
        return load_float(c, from, n, out);
    int64_t kept = 0;
    for (int64_t i = from; i < from + n; i++) {
        int64_t row = pln__sketch_row(c, i);
        if (row >= 0)
            out[kept++] = pln__array_float(&c->type, c->values, row);
    }
    return kept;
}

static void widen(pln__profile_column *c, pln__int128 least, pln__int128 most) {
    if (c->values == 0 || least < c->least)
        c->least = least;
    if (c->values == 0 || most > c->most)
        c->most = most;
}

static pln_status add_integers(pln__profile_column *c, const int64_t *values, int64_t n,
                               pln_error *err) {
    double numbers[PART];
    int64_t least = INT64_MAX, most = INT64_MIN, zeros = 0, negatives = 0;
    for (int64_t i = 0; i < n; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
        zeros += values[i] == 0;
        negatives += values[i] < 0;
        numbers[i] = (double)values[i];
    }
    widen(c, least, most);
    c->values += n;
    c->zeros += zeros;
    c->negatives += negatives;
    pln__running_push(&c->running, numbers, n);
    return pln_quantiles_add_int64(c->quantiles, values, n, NULL, 0, err);
}

static pln_status add_unsigned(pln__profile_column *c, const int64_t *values, int64_t n,
                               pln_error *err) {
    double numbers[PART];
    for (int64_t i = 0; i < n; i++) {
        uint64_t value = (uint64_t)values[i];
        widen(c, value, value);
        c->values++;
        c->zeros += value == 0;
        numbers[i] = (double)value;
    }
    pln__running_push(&c->running, numbers, n);
    return pln_quantiles_add_float64(c->quantiles, numbers, n, NULL, 0, err);
}

static pln_status add_decimals(pln__profile_column *c, const pln__sketch_column *column,
                               int64_t from, int64_t n, pln_error *err) {
    double numbers[PART];
    int64_t kept = 0;
    for (int64_t i = from; i < from + n; i++) {
        int64_t row = pln__sketch_row(column, i);
        if (row < 0)
            continue;
        const uint8_t *at = (const uint8_t *)column->values->buffers[1];
        pln__int128 value = pln__load_decimal128(at + (column->values->offset + row) * 16);
        widen(c, value, value);
        c->values++;
        c->zeros += value == 0;
        c->negatives += value < 0;
        numbers[kept++] = pln__decimal128_double(value, c->type.scale);
    }
    pln__running_push(&c->running, numbers, kept);
    return pln_quantiles_add_float64(c->quantiles, numbers, kept, NULL, 0, err);
}

static pln_status add_floats(pln__profile_column *c, double *values, int64_t n, pln_error *err) {
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        double value = values[i];
        values[kept] = value;
        kept += value == value;
        c->zeros += value == 0;
        c->negatives += value < 0;
        c->least_float = value < c->least_float ? value : c->least_float;
        c->most_float = value > c->most_float ? value : c->most_float;
    }
    c->nans += n - kept;
    c->values += kept;
    pln__running_push(&c->running, values, kept);
    return pln_quantiles_add_float64(c->quantiles, values, kept, NULL, 0, err);
}

static pln_status add_part(pln__profile_column *c, const pln__sketch_column *column, int64_t from,
                           int64_t n, pln_error *err) {
    int64_t integers[PART];
    double floats[PART];
    if (c->kind == PLN__PROFILE_DECIMAL)
        return add_decimals(c, column, from, n, err);
    if (c->kind == PLN__PROFILE_FLOAT) {
        n = load_floats(column, from, n, floats);
        return add_floats(c, floats, n, err);
    }
    n = load_integers(column, from, n, integers);
    if (n == 0)
        return PLN_OK;
    return c->kind == PLN__PROFILE_UNSIGNED ? add_unsigned(c, integers, n, err)
                                            : add_integers(c, integers, n, err);
}

/* ---- texts ---- */

/* A text that was cut is behind the one that ends there. */
static int order(const pln__profile_text *a, const pln__profile_text *b) {
    int32_t size = a->size < b->size ? a->size : b->size;
    int by = memcmp(a->bytes, b->bytes, (size_t)size);
    return by != 0 ? by : a->size != b->size ? a->size - b->size : a->cut - b->cut;
}

static void cut_text(pln__profile_text *kept, const uint8_t *bytes, int64_t size) {
    kept->cut = size > PLN__PROFILE_TEXT_MOST;
    kept->size = (int32_t)(kept->cut ? PLN__PROFILE_TEXT_MOST : size);
    if (kept->size > 0)
        memcpy(kept->bytes, bytes, (size_t)kept->size);
}

static void add_text(pln__profile_column *c, const uint8_t *bytes, int64_t size) {
    pln__profile_text text;
    cut_text(&text, bytes, size);
    if (c->values == 0 || order(&text, &c->least_text) < 0)
        c->least_text = text;
    if (c->values == 0 || order(&text, &c->most_text) > 0)
        c->most_text = text;
    c->shortest = c->values == 0 || size < c->shortest ? size : c->shortest;
    c->longest = c->values == 0 || size > c->longest ? size : c->longest;
    c->length_sum = pln__add_clamped(c->length_sum, size);
    c->values++;
}

/* Whether there is one that is too long to be looked for. */
static bool add_texts(pln__profile_column *c, const pln__sketch_column *column) {
    bool longs = false;
    for (int64_t i = 0; i < column->rows->length; i++) {
        uint64_t word;
        int64_t size;
        const uint8_t *bytes = pln__sketch_value(column, i, &word, &size);
        if (bytes == NULL)
            continue;
        add_text(c, bytes, size);
        longs |= size > PLN__PROFILE_ITEM_MOST;
    }
    return longs;
}

static pln_status add_short_items(pln__profile_column *c, const pln__sketch_column *column,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < column->rows->length && status == PLN_OK; i++) {
        uint64_t word;
        int64_t size;
        const void *bytes = pln__sketch_value(column, i, &word, &size);
        if (bytes != NULL && size <= PLN__PROFILE_ITEM_MOST)
            status = pln_top_k_add(c->top, bytes, size, 1, err);
    }
    return status;
}

/* ---- a column ---- */

pln_status pln__profile_column_add(pln__profile_column *c, const struct ArrowArray *array,
                                   pln_error *err) {
    pln__sketch_column column;
    pln_status status;
    bool longs = false;
    if (c->kind == PLN__PROFILE_OTHER) {
        c->nulls += pln__array_null_count(c->field, array);
        return PLN_OK;
    }
    PLN__TRY(pln__sketch_column_open("profile", c->field, array, &column, err));
    c->nulls += pln__array_null_count(c->field, array);
    if (c->kind == PLN__PROFILE_BYTES)
        longs = add_texts(c, &column);
    for (int64_t i = 0; c->kind != PLN__PROFILE_BYTES && i < array->length; i += PART)
        PLN__TRY(add_part(c, &column, i, array->length - i < PART ? array->length - i : PART, err));
    PLN__TRY(pln_hll_add_column(c->hll, c->field, array, err));
    if (c->top != NULL)
        PLN__TRY(longs ? add_short_items(c, &column, err)
                       : pln_top_k_add_column(c->top, c->field, array, NULL, err));
out:
    return status;
}

static void merge_texts(pln__profile_column *into, const pln__profile_column *from) {
    if (from->values == 0)
        return;
    if (into->values == 0 || order(&from->least_text, &into->least_text) < 0)
        into->least_text = from->least_text;
    if (into->values == 0 || order(&from->most_text, &into->most_text) > 0)
        into->most_text = from->most_text;
    into->shortest =
        into->values == 0 || from->shortest < into->shortest ? from->shortest : into->shortest;
    into->longest =
        into->values == 0 || from->longest > into->longest ? from->longest : into->longest;
    into->length_sum = pln__add_clamped(into->length_sum, from->length_sum);
}

pln_status pln__profile_column_merge(pln__profile_column *into, const pln__profile_column *from,
                                     pln_error *err) {
    pln_status status = PLN_OK;
    into->nulls += from->nulls;
    if (into->kind == PLN__PROFILE_OTHER)
        return PLN_OK;
    pln__running_merge(&into->running, &from->running);
    merge_texts(into, from);
    if (from->values > 0)
        widen(into, from->least, from->most);
    into->least_float =
        from->least_float < into->least_float ? from->least_float : into->least_float;
    into->most_float = from->most_float > into->most_float ? from->most_float : into->most_float;
    into->nans += from->nans;
    into->zeros += from->zeros;
    into->negatives += from->negatives;
    into->values += from->values;
    PLN__TRY(pln_hll_merge(into->hll, from->hll, err));
    if (into->quantiles != NULL)
        PLN__TRY(pln_quantiles_merge(into->quantiles, from->quantiles, err));
    if (into->top != NULL)
        PLN__TRY(pln_top_k_merge(into->top, from->top, err));
out:
    return status;
}

static int32_t kind_of(const pln__type *type) {
    switch (type->id) {
    case PLN__UINT64: return PLN__PROFILE_UNSIGNED;
    case PLN__FLOAT32:
    case PLN__FLOAT64: return PLN__PROFILE_FLOAT;
    case PLN__DECIMAL128: return PLN__PROFILE_DECIMAL;
    case PLN__UTF8:
    case PLN__BINARY:
    case PLN__FIXED: return PLN__PROFILE_BYTES;
    default:
        return type->id == PLN__NULL || type->id > PLN__TIMESTAMP ? PLN__PROFILE_OTHER
                                                                  : PLN__PROFILE_INTEGER;
    }
}

static pln_status make_sketches(pln_profile *profile, pln__profile_column *c, pln_error *err) {
    pln_status status;
    const pln_profile_options *options = &profile->options;
    pln_hll_options hll;
    pln_quantiles_options quantiles;
    pln_top_k_options top;
    pln_hll_options_init(&hll, sizeof hll);
    hll.precision = options->precision;
    hll.seed = options->seed;
    hll.allocator = &profile->mem;
    PLN__TRY(pln_hll_new(NULL, &hll, &c->hll, err));
    if (options->top > 0) {
        pln_top_k_options_init(&top, sizeof top);
        top.capacity = options->top < 32 ? 256 : options->top * 8;
        top.item_bytes_limit = PLN__PROFILE_ITEM_MOST;
        top.seed = options->seed;
        top.allocator = &profile->mem;
        PLN__TRY(pln_top_k_new(NULL, &top, &c->top, err));
    }
    if (c->kind == PLN__PROFILE_BYTES)
        return PLN_OK;
    pln_quantiles_options_init(&quantiles, sizeof quantiles);
    quantiles.k = options->k;
    quantiles.kind = c->kind == PLN__PROFILE_INTEGER ? PLN_QUANTILES_INT64 : PLN_QUANTILES_FLOAT64;
    quantiles.seed = options->seed;
    quantiles.allocator = &profile->mem;
    PLN__TRY(pln_quantiles_new(NULL, &quantiles, &c->quantiles, err));
out:
    return status;
}

pln_status pln__profile_column_open(pln_profile *profile, pln__profile_column *c,
                                    const struct ArrowSchema *field, pln_error *err) {
    c->field = field;
    c->of_values = field->dictionary != NULL ? field->dictionary : field;
    c->least_float = HUGE_VAL;
    c->most_float = -HUGE_VAL;
    pln_status status = pln__type_of(c->of_values, &c->type, err);
    if (status < 0)
        return status;
    c->kind = kind_of(&c->type);
    (void)pln__type_text(field, c->type_text);
    return c->kind == PLN__PROFILE_OTHER ? PLN_OK : make_sketches(profile, c, err);
}

void pln__profile_column_free(pln_profile *profile, pln__profile_column *c) {
    pln_hll_free(c->hll);
    pln_quantiles_free(c->quantiles);
    pln_top_k_free(c->top);
    pln__strfree(&profile->mem, c->minimum);
    pln__strfree(&profile->mem, c->maximum);
}
