/* The sketch of a union, and a sketch at a lower precision. */
#include "sketch/hll.h"

static pln__hll_max_fn *max_of(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return pln__hll_max_avx2;
#endif
    (void)cpu;
    return pln__hll_max_words;
}

/* The floor stays a floor; how many are on it is not known any more. */
static void merge_registers(pln_hll *into, const pln_hll *from) {
    max_of(into->cpu)(into->registers, from->registers, pln__hll_count(into->precision));
    into->at_floor = 0;
    into->estimate = -1;
}

static void lower_registers(pln_hll *into, const pln_hll *from) {
    int64_t n = pln__hll_count(from->precision);
    for (int64_t i = 0; i < n; i++) {
        uint32_t entry = pln__hll_entry((uint32_t)i, from->registers[i]);
        if (from->registers[i] != 0)
            pln__hll_grow(into,
                          pln__hll_lower(from->hash, entry, from->precision, into->precision));
    }
}

/* The values of a sketch of the same kind whose precision is not lower. */
static pln_status absorb(pln_hll *into, const pln_hll *from, pln_error *err) {
    pln_status status = PLN_OK;
    if (from->registers != NULL) {
        if (into->registers == NULL)
            status = pln__hll_dense(into, err);
        if (status < 0)
            return status;
        if (into->precision == from->precision)
            merge_registers(into, from);
        else
            lower_registers(into, from);
        return PLN_OK;
    }
    for (int64_t i = 0; i < from->capacity && status == PLN_OK; i++)
        if (from->table[i] != 0)
            status = pln__hll_put(into, from->table[i], err);
    return status;
}

static pln_status lower(pln_hll *hll, int32_t precision, pln_error *err) {
    pln_hll *low;
    if (precision == hll->precision)
        return PLN_OK;
    pln_status status = pln__hll_like(hll, precision, &low, err);
    if (status < 0)
        return status;
    status = absorb(low, hll, err);
    if (status == PLN_OK)
        pln__hll_take(hll, low);
    pln_hll_free(low);
    return status;
}

pln_status pln_hll_merge(pln_hll *into, const pln_hll *from, pln_error *err) {
    pln_status status = pln__hll_same_kind(into, from, err);
    if (status < 0 || into == from)
        return status;
    if (from->precision < into->precision)
        status = lower(into, from->precision, err);
    return status < 0 ? status : absorb(into, from, err);
}

pln_status pln_hll_fold(pln_hll *hll, int32_t precision, pln_error *err) {
    if (precision < PLN__HLL_LOWEST || precision > hll->precision)
        return pln__error_set(err, PLN_EINVAL,
                              "HLL sketch: fold to precision %d, expected %d to %d", precision,
                              PLN__HLL_LOWEST, hll->precision);
    return lower(hll, precision, err);
}
