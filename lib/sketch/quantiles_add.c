/* Values, one by one and by the column: the range of a part, then what the sampler takes of it. */
#include "base/number.h"
#include "sketch/quantiles.h"
#include "sketch/value.h"
#include <math.h>

enum { PART = 1024 };

static pln_status may_hold(const pln_quantiles *q, int64_t n, pln_error *err) {
    return n > PLN__QUANTILES_MOST - q->n - q->nans
               ? pln__error_set(err, PLN_ELIMIT,
                                "quantiles sketch: %lld values and %lld more, at most 2^60 can be",
                                (long long)(q->n + q->nans), (long long)n)
               : PLN_OK;
}

static void note(pln_quantiles *q, int64_t n, int64_t least, int64_t greatest) {
    q->n += n;
    q->view_size = 0;
    q->least = least < q->least ? least : q->least;
    q->greatest = greatest > q->greatest ? greatest : q->greatest;
}

/* ---- parts without nulls and NaN: 8 bytes each, float64 or int64 by the kind ---- */

static inline int64_t key_at(const void *values, int64_t i, bool whole) {
    return whole ? ((const int64_t *)values)[i] : pln__quantiles_key(((const double *)values)[i]);
}

/* Every value, as long as there is room; how many. */
static int64_t take_all(pln_quantiles *q, const void *values, int64_t from, int64_t n) {
    int64_t room = q->start[1] - q->filled;
    bool whole = q->kind == PLN_QUANTILES_INT64;
    int64_t *out = q->items + q->filled;
    n = n < room ? n : room;
    for (int64_t i = 0; i < n; i++)
        out[i] = key_at(values, from + i, whole);
    q->filled += (int32_t)n;
    return n;
}

/* One of every 2^base, as long as there is room. */
static int64_t take_blocks(pln_quantiles *q, const void *values, int64_t from, int64_t n) {
    int64_t blocks = n >> q->base, room = q->start[1] - q->filled;
    uint64_t mask = ((uint64_t)1 << q->base) - 1, coin = q->coin, pick = q->pick;
    bool whole = q->kind == PLN_QUANTILES_INT64;
    int64_t *out = q->items + q->filled;
    blocks = blocks < room ? blocks : room;
    for (int64_t i = 0; i < blocks; i++) {
        out[i] = key_at(values, from + (i << q->base) + (int64_t)(pick & mask), whole);
        pick = pln__coin_next(&coin);
    }
    q->coin = coin;
    q->pick = pick;
    q->filled += (int32_t)blocks;
    return blocks << q->base;
}

/* The greatest power of two of them that is a part of a block. */
static int64_t take_some(pln_quantiles *q, const void *values, int64_t from, int64_t n) {
    int32_t level = 63 - __builtin_clzll((uint64_t)n);
    int32_t most = q->seen == 0 ? q->base : __builtin_ctzll(q->seen);
    level = level < most ? level : most;
    int64_t place = (int64_t)(q->pick & (((uint64_t)1 << level) - 1));
    pln__quantiles_put(q, level, key_at(values, from + place, q->kind == PLN_QUANTILES_INT64));
    return (int64_t)1 << level;
}

static void take(pln_quantiles *q, const void *values, int64_t n) {
    for (int64_t i = 0; i < n;) {
        int64_t taken = 0;
        if (q->base == 0)
            taken = take_all(q, values, i, n - i);
        else if (q->seen == 0)
            taken = take_blocks(q, values, i, n - i);
        i += taken > 0 ? taken : take_some(q, values, i, n - i);
    }
}

static void take_int64(pln_quantiles *q, const int64_t *values, int64_t n) {
    int64_t least, greatest;
    for (int64_t i = 0; i < n; i += PART) {
        int64_t part = n - i < PART ? n - i : PART;
        pln__quantiles_range_int64(values + i, part, &least, &greatest);
        take(q, values + i, part);
        note(q, part, least, greatest);
    }
}

static int64_t without_nans(const double *values, int64_t n, double *out) {
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        out[kept] = values[i];
        kept += values[i] == values[i];
    }
    return kept;
}

static void take_float64(pln_quantiles *q, const double *values, int64_t n) {
    double least, greatest, rest[PART];
    pln__quantiles_range_fn *range = pln__quantiles_range_words;
#if defined(__x86_64__)
    if (q->cpu & PLN__CPU_AVX2)
        range = pln__quantiles_range_avx2;
#endif
    for (int64_t i = 0; i < n; i += PART) {
        const double *from = values + i;
        int64_t part = n - i < PART ? n - i : PART, kept = part;
        if (!range(from, part, &least, &greatest)) {
            kept = without_nans(from, part, rest);
            q->nans += part - kept;
            from = rest;
            if (kept == 0)
                continue;
            (void)range(rest, kept, &least, &greatest);
        }
        take(q, from, kept);
        note(q, kept, pln__quantiles_key(least), pln__quantiles_key(greatest));
    }
}

/* ---- arrays ---- */

static pln_status check_array(const pln_quantiles *q, int64_t n, int64_t offset, pln_error *err) {
    if (n < 0 || offset < 0)
        return pln__error_set(err, PLN_EINVAL,
                              "quantiles sketch: %lld values from bit %lld of validity",
                              (long long)n, (long long)offset);
    return may_hold(q, n, err);
}

static pln_status check_float(const pln_quantiles *q, pln_error *err) {
    return q->kind == PLN_QUANTILES_FLOAT64
               ? PLN_OK
               : pln__error_set(err, PLN_ETYPE, "quantiles sketch: of int64, not of float64");
}

/* Rows that are not null, put together; what is not a word of the kind yet becomes one. */
#define TAKE_VALID(name, type, made, take_them)                                                    \
    static void name(pln_quantiles *q, const type *values, int64_t n, const uint8_t *validity,     \
                     int64_t offset) {                                                             \
        made kept[PART];                                                                           \
        for (int64_t i = 0; i < n;) {                                                              \
            int64_t count = 0, end = n - i < PART ? n : i + PART;                                  \
            for (; validity == NULL && i < end; i++)                                               \
                kept[count++] = (made)values[i];                                                   \
            for (; i < end; i++) {                                                                 \
                kept[count] = (made)values[i];                                                     \
                count += pln__bit_get(validity, offset + i);                                       \
            }                                                                                      \
            take_them(q, kept, count);                                                             \
        }                                                                                          \
    }
TAKE_VALID(valid_double, double, double, take_float64)
TAKE_VALID(valid_int64, int64_t, int64_t, take_int64)
TAKE_VALID(floats_of_int64, int64_t, double, take_float64)
TAKE_VALID(floats_of_int32, int32_t, double, take_float64)
TAKE_VALID(floats_of_float, float, double, take_float64)
TAKE_VALID(int64s_of_int32, int32_t, int64_t, take_int64)

static void add_doubles(pln_quantiles *q, const double *values, int64_t n, const uint8_t *validity,
                        int64_t offset) {
    if (validity == NULL)
        take_float64(q, values, n);
    else
        valid_double(q, values, n, validity, offset);
}

static void add_int64s(pln_quantiles *q, const int64_t *values, int64_t n, const uint8_t *validity,
                       int64_t offset) {
    if (q->kind == PLN_QUANTILES_FLOAT64)
        floats_of_int64(q, values, n, validity, offset);
    else if (validity == NULL)
        take_int64(q, values, n);
    else
        valid_int64(q, values, n, validity, offset);
}

pln_status pln_quantiles_add(pln_quantiles *q, double value, pln_error *err) {
    pln_status status = check_float(q, err);
    if (status == PLN_OK)
        status = may_hold(q, 1, err);
    if (status < 0)
        return status;
    if (value != value) {
        q->nans++;
        return PLN_OK;
    }
    int64_t key = pln__quantiles_key(value);
    pln__quantiles_put(q, 0, key);
    note(q, 1, key, key);
    return PLN_OK;
}

pln_status pln_quantiles_add_float64(pln_quantiles *q, const double *values, int64_t n,
                                     const uint8_t *validity, int64_t offset, pln_error *err) {
    pln_status status = check_array(q, n, offset, err);
    if (status == PLN_OK)
        status = check_float(q, err);
    if (status == PLN_OK)
        add_doubles(q, values, n, validity, offset);
    return status;
}

pln_status pln_quantiles_add_int64(pln_quantiles *q, const int64_t *values, int64_t n,
                                   const uint8_t *validity, int64_t offset, pln_error *err) {
    pln_status status = check_array(q, n, offset, err);
    if (status == PLN_OK)
        add_int64s(q, values, n, validity, offset);
    return status;
}

/* ---- columns ---- */

static bool takes(const pln_quantiles *q, int32_t type) {
    if (q->kind == PLN_QUANTILES_INT64 && (type == PLN__UINT64 || type == PLN__FLOAT32 ||
                                           type == PLN__FLOAT64 || type == PLN__DECIMAL128))
        return false;
    return type != PLN__NULL && type != PLN__UTF8 && type != PLN__BINARY && type != PLN__FIXED &&
           type <= PLN__TIMESTAMP;
}

static pln_status check_type(const pln_quantiles *q, const struct ArrowSchema *schema,
                             pln_error *err) {
    const struct ArrowSchema *values = schema->dictionary != NULL ? schema->dictionary : schema;
    char text[PLN__TYPE_TEXT_SIZE];
    pln__type type;
    pln_status status = pln__type_of(values, &type, err);
    if (status < 0 || takes(q, type.id))
        return status;
    return pln__error_set(err, PLN_EUNSUPPORTED,
                          "quantiles sketch of %s: column %s: no values of a %s",
                          q->kind == PLN_QUANTILES_INT64 ? "int64" : "float64",
                          schema->name != NULL ? schema->name : "", pln__type_text(values, text));
}

/* 10^n, infinite beyond the range of a float64. */
static double ten_to(int32_t n) {
    double power = 1;
    for (; n > 22 && power <= 1e308; n -= 22)
        power *= 1e22;
    return power * pln__exact_tens[n > 22 ? 22 : n];
}

static double decimal_at(const pln__type *type, const struct ArrowArray *values, int64_t row) {
    double whole = (double)pln__load_decimal128((const uint8_t *)values->buffers[1] +
                                                16 * (values->offset + row));
    if (whole == 0)
        return 0;
    return type->scale >= 0 ? whole / ten_to(type->scale)
                            : whole * ten_to(type->scale == INT32_MIN ? INT32_MAX : -type->scale);
}

static double float_at(const pln__type *type, const struct ArrowArray *values, int64_t row) {
    switch (type->id) {
    case PLN__FLOAT32:
    case PLN__FLOAT64:
    case PLN__UINT64: return pln__array_float(type, values, row);
    case PLN__DECIMAL128: return decimal_at(type, values, row);
    default: return (double)pln__array_int(type, values, row);
    }
}

static void add_rows(pln_quantiles *q, const pln__sketch_column *c) {
    bool whole = q->kind == PLN_QUANTILES_INT64;
    int64_t n = c->rows->length;
    union {
        int64_t words[PART];
        double floats[PART];
    } part;
    for (int64_t i = 0; i < n;) {
        int64_t kept = 0, end = n - i < PART ? n : i + PART;
        for (; i < end; i++) {
            int64_t row = pln__sketch_row(c, i);
            if (row < 0)
                continue;
            if (whole)
                part.words[kept++] = pln__array_int(&c->type, c->values, row);
            else
                part.floats[kept++] = float_at(&c->type, c->values, row);
        }
        if (whole)
            take_int64(q, part.words, kept);
        else
            take_float64(q, part.floats, kept);
    }
}

static void add_column(pln_quantiles *q, const pln__sketch_column *c) {
    const struct ArrowArray *rows = c->rows;
    const uint8_t *validity = pln__array_validity(rows);
    int64_t n = rows->length, offset = rows->offset;
    const void *data = rows->n_buffers > 1 ? rows->buffers[1] : NULL;
    bool whole = q->kind == PLN_QUANTILES_INT64;
    if (n == 0)
        return;
    if (c->index.id == PLN__FLOAT64)
        add_doubles(q, (const double *)data + offset, n, validity, offset);
    else if (c->index.id == PLN__FLOAT32)
        floats_of_float(q, (const float *)data + offset, n, validity, offset);
    else if (pln__sketch_column_is_words(c) && c->index.id != PLN__UINT64)
        add_int64s(q, (const int64_t *)data + offset, n, validity, offset);
    else if (c->index.id == PLN__INT32 || c->index.id == PLN__DATE32 || c->index.id == PLN__TIME32)
        (whole ? int64s_of_int32 : floats_of_int32)(q, (const int32_t *)data + offset, n, validity,
                                                    offset);
    else
        add_rows(q, c);
}

pln_status pln_quantiles_add_column(pln_quantiles *q, const struct ArrowSchema *schema,
                                    const struct ArrowArray *array, pln_error *err) {
    pln__sketch_column c;
    pln_status status;
    PLN__TRY(check_type(q, schema, err));
    PLN__TRY(pln__sketch_column_open("quantiles sketch", schema, array, &c, err));
    PLN__TRY(may_hold(q, array->length, err));
    add_column(q, &c);
out:
    return status;
}
