/* Values, one by one and by the column. Whatever they are, hashes go to the kernels part by part. */
#include "sketch/bloom.h"
#include "sketch/hll.h"
#include "sketch/value.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PART = 256 };
enum { ADD, ASK, PUT };

/* Hashes that wait for a kernel, and where the answers go: bit `at` of `found` and the following. */
typedef struct work {
    pln_bloom *bloom; /* not written to by ASK */
    const pln__bloom_kernels *kernels;
    int32_t what;
    uint8_t *found;
    int64_t at;
    uint64_t hashes[PART + 8];
    uint8_t yes[PART];
} work;

static pln_status may_hash(const pln_bloom *bloom, pln_error *err) {
    return bloom->seedless ? pln__error_set(err, PLN_ESTATE,
                                            "Bloom filter: read without its seed, no value can be "
                                            "hashed for it (fingerprint %016llx)",
                                            (unsigned long long)bloom->fingerprint)
                           : PLN_OK;
}

static pln_status begin(work *w, const pln_bloom *bloom, int32_t what, uint8_t *found,
                        pln_error *err) {
    w->bloom = (pln_bloom *)(uintptr_t)bloom;
    w->kernels = pln__bloom_kernels_of(bloom->cpu);
    w->what = what;
    w->found = found;
    w->at = 0;
    return may_hash(bloom, err);
}

/* `nulls`: bit first + i of validity says whether answer i counts; NULL: all do. */
static void answer(work *w, int64_t n, const uint8_t *validity, int64_t first) {
    for (int64_t i = 0; i < n; i++) {
        bool yes = w->yes[i] & 1;
        pln__bit_put(w->found, w->at + i,
                     yes && (validity == NULL || pln__bit_get(validity, first + i)));
    }
    w->at += n;
}

static void flush(work *w, int64_t n, const uint8_t *validity, int64_t first) {
    pln_bloom *bloom = w->bloom;
    if (w->what == ASK) {
        w->kernels->ask(bloom->words, bloom->blocks, w->hashes, n, w->yes);
    } else {
        if (n > 0)
            bloom->error = -1;
        if (w->what == ADD)
            w->kernels->add(bloom->words, bloom->blocks, w->hashes, n);
        else
            w->kernels->put(bloom->words, bloom->blocks, w->hashes, n, w->yes);
    }
    if (w->what != ADD)
        answer(w, n, validity, first);
}

static uint64_t hash_of(const pln_bloom *bloom, const void *bytes, int64_t size) {
    return XXH3_64bits_withSeed(bytes, (size_t)size, bloom->seed);
}

/* ---- one value ---- */

pln_status pln_bloom_add(pln_bloom *bloom, const void *bytes, int64_t size, pln_error *err) {
    pln_status status = may_hash(bloom, err);
    if (status < 0)
        return status;
    uint64_t hash = hash_of(bloom, bytes, size);
    pln__bloom_scalar.add(bloom->words, bloom->blocks, &hash, 1);
    bloom->error = -1;
    return PLN_OK;
}

pln_status pln_bloom_contains(const pln_bloom *bloom, const void *bytes, int64_t size,
                              int32_t *found, pln_error *err) {
    uint8_t yes;
    pln_status status = may_hash(bloom, err);
    if (status < 0)
        return status;
    uint64_t hash = hash_of(bloom, bytes, size);
    pln__bloom_scalar.ask(bloom->words, bloom->blocks, &hash, 1, &yes);
    *found = yes & 1;
    return PLN_OK;
}

/* ---- 64-bit numbers ---- */

static pln__hll_filter_fn *hash_words_of(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return pln__hll_filter_avx2;
#endif
    (void)cpu;
    return pln__hll_filter_words;
}

/* What is null is not added: hashes of the others close up. A null that is asked for is answered, and the answer does not count. */
static int64_t drop_nulls(work *w, int64_t n, const uint8_t *validity, int64_t first) {
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        w->hashes[kept] = w->hashes[i];
        kept += pln__bit_get(validity, first + i);
    }
    return kept;
}

static void words(work *w, const uint64_t *values, int64_t n, const uint8_t *validity,
                  int64_t offset) {
    pln__hll_filter_fn *hash = hash_words_of(w->bloom->cpu);
    uint64_t flip = pln__hll_flip(w->bloom->seed);
    for (int64_t i = 0; i < n; i += PART) {
        int64_t part = n - i < PART ? n - i : PART;
        hash(values + i, part, flip, 0, w->hashes);
        if (w->what == ADD && validity != NULL)
            part = drop_nulls(w, part, validity, offset + i);
        flush(w, part, validity, offset + i);
    }
}

static pln_status check_count(int64_t n, int64_t offset, pln_error *err) {
    return n < 0 || offset < 0
               ? pln__error_set(err, PLN_EINVAL,
                                "Bloom filter: %lld values from bit %lld of validity", (long long)n,
                                (long long)offset)
               : PLN_OK;
}

pln_status pln_bloom_add_uint64(pln_bloom *bloom, const uint64_t *values, int64_t n,
                                const uint8_t *validity, int64_t offset, pln_error *err) {
    work w;
    pln_status status;
    PLN__TRY(check_count(n, offset, err));
    PLN__TRY(begin(&w, bloom, ADD, NULL, err));
    words(&w, values, n, validity, offset);
out:
    return status;
}

pln_status pln_bloom_contains_uint64(const pln_bloom *bloom, const uint64_t *values, int64_t n,
                                     const uint8_t *validity, int64_t offset, uint8_t *found,
                                     pln_error *err) {
    work w;
    pln_status status;
    PLN__TRY(check_count(n, offset, err));
    PLN__TRY(begin(&w, bloom, ASK, found, err));
    words(&w, values, n, validity, offset);
out:
    return status;
}

/* ---- keys of 16 bytes ---- */

static pln_status all_keys(const pln_bloom *bloom, int32_t what, const uint8_t *keys, int64_t n,
                           uint8_t *found, pln_error *err) {
    work w;
    pln_status status;
    PLN__TRY(check_count(n, 0, err));
    PLN__TRY(begin(&w, bloom, what, found, err));
    for (int64_t i = 0; i < n; i += PART) {
        int64_t part = n - i < PART ? n - i : PART;
        for (int64_t k = 0; k < part; k++)
            w.hashes[k] = XXH3_64bits_withSeed(keys + 16 * (i + k), 16, bloom->seed);
        flush(&w, part, NULL, 0);
    }
out:
    return status;
}

pln_status pln_bloom_add_keys(pln_bloom *bloom, const uint8_t *keys, int64_t n, pln_error *err) {
    return all_keys(bloom, ADD, keys, n, NULL, err);
}

pln_status pln_bloom_contains_keys(const pln_bloom *bloom, const uint8_t *keys, int64_t n,
                                   uint8_t *found, pln_error *err) {
    return all_keys(bloom, ASK, keys, n, found, err);
}

pln_status pln_bloom_put_keys(pln_bloom *bloom, const uint8_t *keys, int64_t n, uint8_t *found,
                              pln_error *err) {
    return all_keys(bloom, PUT, keys, n, found, err);
}

/* ---- columns ---- */

static void texts(work *w, const struct ArrowArray *array) {
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset;
    const uint8_t *validity = pln__array_validity(array);
    for (int64_t i = 0; i < array->length; i += PART) {
        int64_t part = array->length - i < PART ? array->length - i : PART;
        pln__hll_filter_texts(offsets + i, array->buffers[2], part, w->bloom->seed, 0, w->hashes);
        if (w->what == ADD && validity != NULL)
            part = drop_nulls(w, part, validity, array->offset + i);
        flush(w, part, validity, array->offset + i);
    }
}

/* Any column, row by row; a null is left out, or not found. */
static void rows(work *w, const pln__sketch_column *c) {
    uint8_t valid[PART / 8] = {0};
    int64_t n = 0;
    for (int64_t i = 0; i < c->rows->length; i++) {
        uint64_t word;
        int64_t size;
        const void *bytes = pln__sketch_value(c, i, &word, &size);
        if (bytes == NULL && w->what == ADD)
            continue;
        w->hashes[n] = bytes == NULL ? 0 : hash_of(w->bloom, bytes, size);
        pln__bit_put(valid, n++, bytes != NULL);
        if (n == PART) {
            flush(w, n, valid, 0);
            n = 0;
        }
    }
    flush(w, n, valid, 0);
}

static pln_status column(const pln_bloom *bloom, int32_t what, const struct ArrowSchema *schema,
                         const struct ArrowArray *array, uint8_t *found, pln_error *err) {
    work w;
    pln__sketch_column c;
    pln_status status;
    PLN__TRY(begin(&w, bloom, what, found, err));
    PLN__TRY(pln__sketch_column_open("Bloom filter", schema, array, &c, err));
    if (pln__sketch_column_is_words(&c))
        words(&w, (const uint64_t *)array->buffers[1] + array->offset, array->length,
              pln__array_validity(array), array->offset);
    else if (pln__type_is_bytes(c.index.id))
        texts(&w, array);
    else
        rows(&w, &c);
out:
    return status;
}

pln_status pln_bloom_add_column(pln_bloom *bloom, const struct ArrowSchema *schema,
                                const struct ArrowArray *array, pln_error *err) {
    return column(bloom, ADD, schema, array, NULL, err);
}

pln_status pln_bloom_contains_column(const pln_bloom *bloom, const struct ArrowSchema *schema,
                                     const struct ArrowArray *array, uint8_t *found,
                                     pln_error *err) {
    return column(bloom, ASK, schema, array, found, err);
}
