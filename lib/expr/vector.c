#include "expr/internal.h"

uint64_t *pln__x_valid_bits(xprog *p, const xop *op, int32_t n) {
    xreg *out = x_out(p, op);
    if (out->vec.valid == NULL) {
        for (int32_t w = 0; w < x_words(n); w++)
            out->own_valid[w] = x_word_mask(n, w);
        out->vec.valid = out->own_valid;
    }
    return out->own_valid;
}

void pln__x_null(xprog *p, const xop *op, int32_t n, int32_t i) {
    uint64_t *valid = pln__x_valid_bits(p, op, n);
    valid[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

pln_status pln__x_fail_as(xprog *p, const xop *op, int32_t n, int32_t i, uint32_t why) {
    xreg *out = x_out(p, op);
    if (out->vec.fail == NULL) {
        if (out->own_fail == NULL)
            out->own_fail = pln__x_alloc(&p->arena, X_BLOCK * 4);
        if (out->own_fail == NULL)
            return PLN_ENOMEM;
        memset(out->own_fail, 0, (size_t)n * 4);
        out->vec.fail = out->own_fail;
    }
    pln__x_null(p, op, n, i);
    if (out->own_fail[i] == 0)
        out->own_fail[i] = why;
    return PLN_OK;
}

pln_status pln__x_fail(xprog *p, const xop *op, int32_t n, int32_t i, uint32_t reason) {
    if (!x_valid(&x_out(p, op)->vec, i))
        return PLN_OK;
    return pln__x_fail_as(p, op, n, i, reason | (uint32_t)p->running << 8);
}

const xstr *pln__x_views(xprog *p, int32_t reg, int32_t n) {
    xreg *r = &p->regs[reg];
    if (r->vec.data != NULL)
        return r->vec.data;
    if (r->views == NULL)
        r->views = pln__x_alloc(&p->arena, X_BLOCK * (int64_t)sizeof(xstr));
    if (r->views == NULL)
        return NULL;
    const int32_t *offsets = r->vec.offsets;
    for (int32_t i = 0; i < n; i++)
        r->views[i] = (xstr){r->vec.base + offsets[i], offsets[i + 1] - offsets[i]};
    r->vec.data = r->views;
    return r->views;
}

pln_status pln__x_merge_fail(xprog *p, const xop *op, int32_t n, const xvec *arg) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++)
        if (arg->fail[i] != 0)
            status = pln__x_fail_as(p, op, n, i, arg->fail[i]);
    return status;
}

pln_status pln__x_merge(xprog *p, const xop *op, int32_t n) {
    pln_status status = PLN_OK;
    for (int32_t a = 0; a < op->n_args; a++) {
        const xvec *arg = x_arg(p, op, a);
        if (arg->valid == NULL)
            continue;
        uint64_t *valid = pln__x_valid_bits(p, op, n);
        for (int32_t w = 0; w < x_words(n); w++)
            valid[w] &= arg->valid[w];
    }
    for (int32_t a = 0; a < op->n_args && status == PLN_OK; a++)
        if (x_arg(p, op, a)->fail != NULL)
            status = pln__x_merge_fail(p, op, n, x_arg(p, op, a));
    return status;
}

static uint64_t load_word(const uint8_t *bytes, int64_t size) {
    uint64_t word = 0;
    if (PLN__LIKELY(size >= 8))
        memcpy(&word, bytes, 8);
    else
        memcpy(&word, bytes, (size_t)size);
    return word;
}

void pln__x_bits_load(uint64_t *out, const uint8_t *bits, int64_t offset, int32_t n) {
    int32_t shift = (int32_t)(offset & 7);
    const uint8_t *from = bits + (offset >> 3);
    int64_t bytes = (shift + n + 7) / 8;
    for (int32_t w = 0; w < x_words(n); w++, from += 8, bytes -= 8) {
        uint64_t word = load_word(from, bytes) >> shift;
        if (shift != 0 && bytes > 8)
            word |= (uint64_t)from[8] << (64 - shift);
        out[w] = word & x_word_mask(n, w);
    }
}
