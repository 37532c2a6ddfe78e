/* Values, one by one and by the column. Columns are hashed part by part; what cannot raise a register is dropped before it touches memory. */
#include "column/column.h"
#include "sketch/hll.h"

enum { PART = 256 };

static pln_status may_add(const pln_hll *hll, pln_error *err) {
    return hll->seedless ? pln__error_set(err, PLN_ESTATE,
                                          "HLL sketch: read without its seed, no value can be "
                                          "hashed for it (fingerprint %016llx)",
                                          (unsigned long long)hll->fingerprint)
                         : PLN_OK;
}

static pln_status add_bytes(pln_hll *hll, const void *bytes, int64_t size, pln_error *err) {
    uint32_t entry = pln__hll_locate(hll, bytes, size);
    return entry == 0 ? PLN_OK : pln__hll_put(hll, entry, err);
}

pln_status pln_hll_add(pln_hll *hll, const void *bytes, int64_t size, pln_error *err) {
    pln_status status = may_add(hll, err);
    return status < 0 ? status : add_bytes(hll, bytes, size, err);
}

pln_status pln_hll_add_hash(pln_hll *hll, uint64_t hash, pln_error *err) {
    if (hll->hash == PLN_HLL_DATASKETCHES)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "HLL sketch: the hash of DataSketches has 128 bits, not 64");
    if (hll->hash == PLN_HLL_REDIS)
        hash = pln__reverse_bits(hash);
    return pln__hll_put(hll, pln__hll_place(hash, PLN__HLL_SPARSE), err);
}

/* ---- 64-bit keys ---- */

static pln__hll_filter_fn *filter_of(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return pln__hll_filter_avx2;
#endif
    (void)cpu;
    return pln__hll_filter_words;
}

static void grow_all(pln_hll *hll, uint64_t *hashes, int64_t n) {
    pln__hll_raise_fn *raise = pln__hll_raise_words;
#if defined(__x86_64__)
    if (hll->cpu & PLN__CPU_AVX2)
        raise = pln__hll_raise_bmi2;
#endif
    n = raise(hll->registers, hll->precision, hashes, n);
    for (int64_t i = 0; i < n; i++)
        pln__hll_grow(hll, pln__hll_place(hashes[i], hll->precision));
}

/* A dense sketch over XXH3. */
static void add_dense(pln_hll *hll, const uint64_t *keys, int64_t n) {
    uint64_t hashes[PART + 8], flip = pln__hll_flip(hll->seed);
    pln__hll_filter_fn *filter = filter_of(hll->cpu);
    if (hll->at_floor == 0)
        pln__hll_raise_floor(hll);
    while (n > 0) {
        int64_t part = n < PART ? n : PART;
        grow_all(hll, hashes, filter(keys, part, flip, pln__hll_mask(hll), hashes));
        keys += part;
        n -= part;
    }
}

static bool bulk(const pln_hll *hll) {
    return hll->registers != NULL && hll->hash == PLN_HLL_XXH3;
}

static pln_status add_keys(pln_hll *hll, const uint64_t *keys, int64_t n, pln_error *err) {
    int64_t i = 0;
    for (; i < n && !bulk(hll); i++) {
        uint64_t key = PLN__HLL_LE(64, keys[i]);
        pln_status status = add_bytes(hll, &key, 8, err);
        if (status < 0)
            return status;
    }
    if (i < n)
        add_dense(hll, keys + i, n - i);
    return PLN_OK;
}

/* What is not null goes together first. */
static pln_status add_valid_keys(pln_hll *hll, const uint64_t *values, int64_t n,
                                 const uint8_t *validity, int64_t offset, pln_error *err) {
    uint64_t keys[PART];
    for (int64_t i = 0; i < n;) {
        int64_t kept = 0, end = i + PART < n ? i + PART : n;
        for (; i < end; i++) {
            keys[kept] = values[i];
            kept += pln__bit_get(validity, offset + i);
        }
        pln_status status = add_keys(hll, keys, kept, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

pln_status pln_hll_add_uint64(pln_hll *hll, const uint64_t *values, int64_t n,
                              const uint8_t *validity, int64_t offset, pln_error *err) {
    if (n < 0 || offset < 0)
        return pln__error_set(err, PLN_EINVAL, "HLL sketch: %lld values from bit %lld of validity",
                              (long long)n, (long long)offset);
    pln_status status = may_add(hll, err);
    if (status < 0)
        return status;
    return validity == NULL ? add_keys(hll, values, n, err)
                            : add_valid_keys(hll, values, n, validity, offset, err);
}

/* ---- columns ---- */

/* Row i of a column that is not null there, as bytes; numbers are put to *word. */
static const void *value_of(const pln__type *type, const struct ArrowArray *array, int64_t i,
                            uint64_t *word, int64_t *size) {
    double number;
    *size = 8;
    switch (type->id) {
    case PLN__UTF8:
    case PLN__BINARY:
    case PLN__FIXED:
        return pln__array_bytes(type, array, i, size);
    case PLN__DECIMAL128:
        *size = 16;
        return (const uint8_t *)array->buffers[1] + 16 * (array->offset + i);
    case PLN__BOOL: *word = pln__bit_get(array->buffers[1], array->offset + i); break;
    case PLN__FLOAT32:
    case PLN__FLOAT64:
        number = pln__array_float(type, array, i);
        number = number == 0 ? 0.0 : number;
        memcpy(word, &number, 8);
        if (number != number)
            *word = 0x7ff8000000000000u;
        break;
    default:
        *word = (uint64_t)pln__array_int(type, array, i);
    }
    *word = PLN__HLL_LE(64, *word);
    return word;
}

typedef struct column {
    pln__type type;   /* of the values */
    pln__type index;  /* of a dictionary's column */
    const struct ArrowArray *values;
} column;

/* The row of the values that row i refers to; -1 for a null. */
static int64_t row_of(const column *c, const struct ArrowArray *array, int64_t i) {
    if (!pln__array_valid(array, i))
        return -1;
    if (c->index.id != PLN__DICTIONARY)
        return i;
    pln__type index = c->index;
    index.id = index.index_id;
    i = pln__array_int(&index, array, i);
    return pln__array_valid(c->values, i) ? i : -1;
}

static pln_status add_rows(pln_hll *hll, const column *c, const struct ArrowArray *array,
                           int64_t first, pln_error *err) {
    for (int64_t i = first; i < array->length; i++) {
        uint64_t word;
        int64_t size, row = row_of(c, array, i);
        if (row < 0)
            continue;
        const void *bytes = value_of(&c->type, c->values, row, &word, &size);
        pln_status status = add_bytes(hll, bytes, size, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* Texts of a dense sketch, without nulls. */
static void add_texts(pln_hll *hll, const struct ArrowArray *array, int64_t first) {
    uint64_t hashes[PART + 8];
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset;
    if (hll->at_floor == 0)
        pln__hll_raise_floor(hll);
    for (int64_t i = first; i < array->length; i += PART) {
        int64_t part = array->length - i < PART ? array->length - i : PART;
        int64_t n = pln__hll_filter_texts(offsets + i, array->buffers[2], part, hll->seed,
                                          pln__hll_mask(hll), hashes);
        grow_all(hll, hashes, n);
    }
}

/* Row by row until the sketch is dense, then in bulk. */
static pln_status add_bytes_column(pln_hll *hll, const column *c, const struct ArrowArray *array,
                                   pln_error *err) {
    int64_t i = 0;
    bool plain = pln__array_validity(array) == NULL && hll->hash == PLN_HLL_XXH3;
    if (!plain)
        return add_rows(hll, c, array, 0, err);
    for (; i < array->length && !bulk(hll); i++) {
        int64_t size;
        const void *bytes = pln__array_bytes(&c->type, array, i, &size);
        pln_status status = add_bytes(hll, bytes, size, err);
        if (status < 0)
            return status;
    }
    if (i < array->length)
        add_texts(hll, array, i);
    return PLN_OK;
}

static pln_status read_type(const struct ArrowSchema *schema, const struct ArrowArray *array,
                            column *out, pln_error *err) {
    pln_status status = pln__type_of(schema, &out->index, err);
    if (status < 0)
        return status;
    out->type = out->index;
    out->values = array;
    if (out->index.id == PLN__DICTIONARY) {
        out->values = array->dictionary;
        schema = schema->dictionary;
        status = pln__type_of(schema, &out->type, err);
    }
    if (status == PLN_OK && (out->type.id == PLN__NULL || out->type.id > PLN__TIMESTAMP)) {
        char text[PLN__TYPE_TEXT_SIZE];
        return pln__error_set(err, PLN_EUNSUPPORTED, "HLL sketch: column %s: no hash of a %s",
                              schema->name != NULL ? schema->name : "",
                              pln__type_text(schema, text));
    }
    return status;
}

pln_status pln_hll_add_column(pln_hll *hll, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, pln_error *err) {
    column c;
    pln_status status;
    PLN__TRY(may_add(hll, err));
    PLN__TRY(read_type(schema, array, &c, err));
    /* Dictionaries in full: their indices are about to be followed. */
    bool follows = c.index.id == PLN__DICTIONARY;
    PLN__TRY(pln__array_validate(schema, array,
                                 follows ? PLN__VALIDATE_FULL : PLN__VALIDATE_DEFAULT, err));
    if (follows)
        return add_rows(hll, &c, array, 0, err);
    if (pln__type_is_bytes(c.type.id))
        return add_bytes_column(hll, &c, array, err);
    if (c.type.width == 8 && c.type.id != PLN__FLOAT64 && c.type.id != PLN__FIXED)
        return pln_hll_add_uint64(hll, (const uint64_t *)array->buffers[1] + array->offset,
                                  array->length, pln__array_validity(array), array->offset, err);
    return add_rows(hll, &c, array, 0, err);
out:
    return status;
}
