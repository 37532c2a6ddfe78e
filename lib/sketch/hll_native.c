/* The form that <pln/hll.h> draws. */
#include "sketch/form.h"
#include "sketch/hll.h"

enum { HEAD = 24 };

static const pln__form native = {"HLL sketch", "PLNH", 1, HEAD};

static int64_t payload(int32_t precision, bool dense, int64_t used) {
    return dense ? pln__hll_count(precision) * 6 / 8 : used * 4;
}

static int64_t native_size(const pln_hll *hll) {
    return HEAD + payload(hll->precision, hll->registers != NULL, hll->used) + PLN__FORM_SUM;
}

static int by_word(const void *a, const void *b, const void *context) {
    uint32_t left = pln__load_le32(a), right = pln__load_le32(b);
    (void)context;
    return (left > right) - (left < right);
}

static void write_sparse(const pln_hll *hll, uint8_t *out) {
    int64_t n = 0;
    for (int64_t i = 0; i < hll->capacity; i++)
        if (hll->table[i] != 0)
            pln__store_le32(out + 4 * n++, hll->table[i]);
    pln__sort(out, n, 4, by_word, NULL);
}

static void write_dense(const pln_hll *hll, uint8_t *out) {
    int64_t n = pln__hll_count(hll->precision);
    for (int64_t i = 0; i < n; i += 4) {
        const uint8_t *r = hll->registers + i;
        uint32_t four = r[0] | (uint32_t)r[1] << 6 | (uint32_t)r[2] << 12 | (uint32_t)r[3] << 18;
        out[0] = (uint8_t)four;
        out[1] = (uint8_t)(four >> 8);
        out[2] = (uint8_t)(four >> 16);
        out += 3;
    }
}

static void native_write(const pln_hll *hll, uint8_t *out) {
    int64_t end = native_size(hll) - PLN__FORM_SUM;
    bool dense = hll->registers != NULL;
    pln__form_begin(&native, out);
    out[5] = (uint8_t)hll->hash;
    out[6] = (uint8_t)hll->precision;
    out[7] = dense;
    pln__store_le64(out + 8, hll->fingerprint);
    pln__store_le32(out + 16, (uint32_t)pln__hll_used(hll));
    pln__store_le32(out + 20, 0);
    if (dense)
        write_dense(hll, out + HEAD);
    else
        write_sparse(hll, out + HEAD);
    pln__form_seal(out, end);
}

typedef struct head {
    int32_t hash;
    int32_t precision;
    bool dense;
    uint64_t fingerprint;
    int64_t used;
} head;

#define BAD(...) pln__error_set(err, PLN_EDATA, "HLL sketch: " __VA_ARGS__)

static pln_status read_fields(const uint8_t *p, head *out, pln_error *err) {
    if (p[5] < PLN_HLL_XXH3 || p[5] > PLN_HLL_DATASKETCHES)
        return BAD("hash is %u, expected %u to %u", p[5], PLN_HLL_XXH3, PLN_HLL_DATASKETCHES);
    if (p[6] < PLN__HLL_LOWEST || p[6] > PLN__HLL_HIGHEST)
        return BAD("precision is %u, expected %u to %u", p[6], PLN__HLL_LOWEST, PLN__HLL_HIGHEST);
    if (p[7] > 1 || (p[7] == 0 && p[6] < PLN__HLL_DENSE_BELOW))
        return BAD("form is %u at precision %u, expected %s", p[7], p[6],
                   p[6] < PLN__HLL_DENSE_BELOW ? "1" : "0 or 1");
    *out = (head){p[5], p[6], p[7] == 1, pln__load_le64(p + 8), pln__load_le32(p + 16)};
    int64_t most =
        out->dense ? pln__hll_count(out->precision) : pln__hll_sparse_most(out->precision);
    if (out->used > most)
        return BAD("%lld registers are not 0, at most %lld are possible", (long long)out->used,
                   (long long)most);
    if (pln__load_le32(p + 20) != 0)
        return BAD("bytes 20 to 23 are %08x, expected 0", pln__load_le32(p + 20));
    return PLN_OK;
}

static pln_status read_head(const uint8_t *bytes, int64_t size, head *out, pln_error *err) {
    pln_status status = pln__form_open(&native, bytes, size, err);
    if (status == PLN_OK)
        status = read_fields(bytes, out, err);
    if (status < 0)
        return status;
    return pln__form_check(&native, bytes, size,
                           HEAD + payload(out->precision, out->dense, out->used) + PLN__FORM_SUM,
                           err);
}

static pln_status read_sparse(pln_hll *hll, const uint8_t *words, int64_t n, pln_error *err) {
    uint32_t most = (uint32_t)pln__hll_rank_most(hll->hash, PLN__HLL_SPARSE);
    for (int64_t i = 0, last = -1; i < n; i++) {
        uint32_t entry = pln__load_le32(words + 4 * i), rank = entry & 63;
        if (rank == 0 || rank > most)
            return BAD("rank of entry %lld is %u, expected 1 to %u", (long long)i, rank, most);
        if (entry >> 6 <= last)
            return BAD("index of entry %lld is %u, expected more than the %lld before it",
                       (long long)i, entry >> 6, (long long)last);
        last = entry >> 6;
        pln_status status = pln__hll_put(hll, entry, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status read_dense(pln_hll *hll, const uint8_t *packed, int64_t used, pln_error *err) {
    int64_t n = pln__hll_count(hll->precision), found = 0;
    int32_t most = pln__hll_rank_most(hll->hash, hll->precision);
    pln_status status = hll->registers == NULL ? pln__hll_dense(hll, err) : PLN_OK;
    if (status < 0)
        return status;
    for (int64_t i = 0; i < n; i++) {
        int32_t rank = pln__hll_bits6_get(packed, i);
        if (rank > most)
            return BAD("register %lld is %d, expected 0 to %d", (long long)i, rank, most);
        found += rank != 0;
        hll->registers[i] = (uint8_t)rank;
    }
    if (found != used)
        return BAD("%lld registers are not 0, the head says %lld", (long long)found,
                   (long long)used);
    return PLN_OK;
}

/* The seed that the caller gives must be the sketch's. Without one, the sketch of another than 0 can still be merged. */
static pln_status fit(const head *h, pln_hll_options *options, bool *seedless, pln_error *err) {
    bool any = options->hash == 0;
    options->precision = h->precision;
    if (any)
        options->hash = h->hash;
    else if (options->hash != h->hash)
        return pln__error_set(err, PLN_ETYPE, "HLL sketch: hash is %d, expected %d", h->hash,
                              options->hash);
    *seedless =
        pln__sketch_fingerprint("pln.hll", (uint8_t)h->hash, options->seed) != h->fingerprint;
    if (*seedless && !any)
        return pln__error_set(err, PLN_ETYPE, "HLL sketch: fingerprint %016llx is of another seed",
                              (unsigned long long)h->fingerprint);
    if (*seedless && h->hash != PLN_HLL_XXH3)
        return BAD("fingerprint is %016llx, not that of hash %d",
                   (unsigned long long)h->fingerprint, h->hash);
    return PLN_OK;
}

static pln_status native_read(pln_runtime *runtime, const pln_hll_options *options,
                              const uint8_t *bytes, int64_t size, pln_hll **out, pln_error *err) {
    head h = {0};
    bool seedless = false;
    pln_hll *hll = NULL;
    pln_hll_options mine = *options;
    pln_status status;
    PLN__TRY(read_head(bytes, size, &h, err));
    PLN__TRY(fit(&h, &mine, &seedless, err));
    PLN__TRY(pln__hll_make(runtime, &mine, &hll, err));
    hll->fingerprint = h.fingerprint;
    hll->seedless = seedless;
    PLN__TRY(h.dense ? read_dense(hll, bytes + HEAD, h.used, err)
                     : read_sparse(hll, bytes + HEAD, h.used, err));
    *out = hll;
    return PLN_OK;
out:
    pln_hll_free(hll);
    return status;
}

const pln__hll_form pln__hll_native = {0, native_size, native_write, native_read};
