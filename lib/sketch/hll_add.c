/* Values, one by one and by the column. Columns are hashed part by part; what cannot raise a register is dropped before it touches memory. */
#include "sketch/hll.h"
#include "sketch/value.h"

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

pln__hll_filter_fn *pln__hll_filter_of(uint32_t cpu) {
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
    pln__hll_filter_fn *filter = pln__hll_filter_of(hll->cpu);
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
        uint64_t key = PLN__LE(64, keys[i]);
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

static pln_status add_rows(pln_hll *hll, const pln__sketch_column *c, pln_error *err) {
    for (int64_t i = 0; i < c->rows->length; i++) {
        uint64_t word;
        int64_t size;
        const void *bytes = pln__sketch_value(c, i, &word, &size);
        pln_status status = bytes == NULL ? PLN_OK : add_bytes(hll, bytes, size, err);
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
static pln_status add_bytes_column(pln_hll *hll, const pln__sketch_column *c, pln_error *err) {
    const struct ArrowArray *array = c->rows;
    int64_t i = 0;
    if (pln__array_validity(array) != NULL || hll->hash != PLN_HLL_XXH3)
        return add_rows(hll, c, err);
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

pln_status pln_hll_add_column(pln_hll *hll, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, pln_error *err) {
    pln__sketch_column c;
    pln_status status;
    PLN__TRY(may_add(hll, err));
    PLN__TRY(pln__sketch_column_open("HLL sketch", schema, array, &c, err));
    if (pln__sketch_column_is_words(&c))
        return pln_hll_add_uint64(hll, (const uint64_t *)array->buffers[1] + array->offset,
                                  array->length, pln__array_validity(array), array->offset, err);
    return pln__type_is_bytes(c.index.id) ? add_bytes_column(hll, &c, err) : add_rows(hll, &c, err);
out:
    return status;
}
