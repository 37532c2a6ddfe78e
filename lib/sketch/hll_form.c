/* Serialized forms: which there are, and what they share. */
#include "sketch/hll.h"

static const pln__hll_form *form_of(int32_t form) {
    switch (form) {
    case PLN_HLL_NATIVE: return &pln__hll_native;
    case PLN_HLL_REDIS_STRING: return &pln__hll_redis;
    case PLN_HLL_DATASKETCHES_IMAGE: return &pln__hll_datasketches;
    default: return NULL;
    }
}

static pln_status no_form(int32_t form, pln_error *err) {
    return pln__error_set(err, PLN_EINVAL, "HLL sketch: form is %d, expected %d to %d", form,
                          PLN_HLL_NATIVE, PLN_HLL_DATASKETCHES_IMAGE);
}

int64_t pln_hll_size(const pln_hll *hll, int32_t form) {
    const pln__hll_form *table = form_of(form);
    bool has = table != NULL && (table->hash == 0 || table->hash == hll->hash);
    return has ? table->size(hll) : -1;
}

pln_status pln_hll_write(const pln_hll *hll, int32_t form, uint8_t *out, int64_t capacity,
                         int64_t *size, pln_error *err) {
    const pln__hll_form *table = form_of(form);
    if (table == NULL)
        return no_form(form, err);
    int64_t need = pln_hll_size(hll, form);
    if (need < 0)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "HLL sketch: hash %d at precision %d has no form %d", hll->hash,
                              hll->precision, form);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "HLL sketch: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)need);
    table->write(hll, out);
    *size = need;
    return PLN_OK;
}

/* The bytes say which hash; what the caller expects must not be another. */
pln_status pln_hll_read(pln_runtime *runtime, int32_t form, const pln_hll_options *options,
                        const uint8_t *bytes, int64_t size, pln_hll **out, pln_error *err) {
    const pln__hll_form *table = form_of(form);
    pln_hll_options mine;
    if (table == NULL)
        return no_form(form, err);
    pln_status status = pln__hll_check(options, true, &mine, err);
    if (status < 0)
        return status;
    if (options != NULL && table->hash != 0 && table->hash != mine.hash)
        return pln__error_set(err, PLN_ETYPE, "HLL sketch: form %d is of hash %d, not %d", form,
                              table->hash, mine.hash);
    if (options == NULL)
        mine.hash = table->hash;
    return table->read(runtime, &mine, bytes, size, out, err);
}

int32_t pln__hll_bits6_get(const uint8_t *packed, int64_t i) {
    int64_t bit = i * 6;
    const uint8_t *p = packed + bit / 8;
    int shift = (int)(bit & 7);
    unsigned word = shift > 2 ? p[0] | (unsigned)p[1] << 8 : p[0];
    return word >> shift & 63;
}

void pln__hll_bits6_put(uint8_t *packed, int64_t i, int32_t value) {
    int64_t bit = i * 6;
    uint8_t *p = packed + bit / 8;
    int shift = (int)(bit & 7);
    unsigned word = (unsigned)value << shift, gone = 63u << shift;
    p[0] = (uint8_t)((p[0] & ~gone) | (word & 255));
    if (shift > 2)
        p[1] = (uint8_t)((p[1] & ~(gone >> 8)) | word >> 8);
}
