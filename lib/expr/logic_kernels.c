/*
 * Three-valued logic on words of 64 rows, and choosing between values.
 */
#include "expr/internal.h"

/* The failed rows of a word. */
static uint64_t fail_word(const xvec *v, int32_t n, int32_t w) {
    uint64_t out = 0;
    int32_t end = n - w * 64 < 64 ? n - w * 64 : 64;
    if (v->fail == NULL)
        return 0;
    for (int32_t i = 0; i < end; i++)
        out |= (uint64_t)(v->fail[w * 64 + i] != 0) << i;
    return out;
}

static pln_status take_fails(xprog *p, const xop *op, int32_t n, int32_t w, const xvec *from,
                             uint64_t rows) {
    pln_status status = PLN_OK;
    for (; rows != 0 && status == PLN_OK; rows &= rows - 1) {
        int32_t i = w * 64 + __builtin_ctzll(rows);
        status = pln__x_fail_as(p, op, n, i, from->fail[i]);
    }
    return status;
}

static bool is_plain(const xprog *p, const xop *op) {
    for (int32_t a = 0; a < op->n_args; a++)
        if (x_arg(p, op, a)->valid != NULL || x_arg(p, op, a)->fail != NULL)
            return false;
    return true;
}

/*
 * Arguments count from the left: the first that equals `decides` settles a row, a failure before it fails the row, a null
 * leaves it open. `flip` is all ones for `or`, of which this is the mirror image.
 */
static pln_status junction(xprog *p, const xop *op, int32_t n, uint64_t flip) {
    uint64_t *out = x_dest(p, op);
    bool plain = is_plain(p, op);
    pln_status status = PLN_OK;
    for (int32_t w = 0; w < x_words(n); w++) {
        uint64_t settled = 0, open = 0, failed = 0, all = x_word_mask(n, w);
        for (int32_t a = 0; a < op->n_args; a++) {
            const xvec *v = x_arg(p, op, a);
            uint64_t bits = ((const uint64_t *)v->data)[w] ^ flip, valid = x_valid_word(v, n, w);
            uint64_t fails = plain ? 0 : fail_word(v, n, w) & ~settled & ~failed;
            if (fails != 0)
                PLN__TRY(take_fails(p, op, n, w, v, fails));
            failed |= fails;
            settled |= valid & ~bits & ~failed;
            open |= ~valid;
        }
        open &= ~settled & ~failed;
        out[w] = ((~settled & ~open & ~failed) ^ flip) & all;
        if (((open | failed) & all) != 0)
            pln__x_valid_bits(p, op, n)[w] = ~(open | failed) & all;
    }
out:
    return status;
}

pln_status pln__x_and(xprog *p, const xop *op, int32_t n) {
    return junction(p, op, n, 0);
}

pln_status pln__x_or(xprog *p, const xop *op, int32_t n) {
    return junction(p, op, n, ~UINT64_C(0));
}

pln_status pln__x_not(xprog *p, const xop *op, int32_t n) {
    const uint64_t *in = x_arg(p, op, 0)->data;
    uint64_t *out = x_dest(p, op);
    for (int32_t w = 0; w < x_words(n); w++)
        out[w] = ~in[w];
    return PLN_OK;
}

pln_status pln__x_is_null(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    uint64_t *out = x_dest(p, op), flip = op->imm ? ~UINT64_C(0) : 0;
    for (int32_t w = 0; w < x_words(n); w++)
        out[w] = ~x_valid_word(v, n, w) ^ flip;
    return v->fail == NULL ? PLN_OK : pln__x_merge_fail(p, op, n, v);
}

pln_status pln__x_is_true(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    const uint64_t *in = v->data;
    uint64_t *out = x_dest(p, op), flip = op->imm ? ~UINT64_C(0) : 0;
    uint64_t other = op->imm2 ? 0 : ~UINT64_C(0);
    for (int32_t w = 0; w < x_words(n); w++)
        out[w] = ((in[w] ^ other) & x_valid_word(v, n, w)) ^ flip;
    return v->fail == NULL ? PLN_OK : pln__x_merge_fail(p, op, n, v);
}

/* a, b, a = b */
pln_status pln__x_distinct(xprog *p, const xop *op, int32_t n) {
    const xvec *a = x_arg(p, op, 0), *b = x_arg(p, op, 1), *equal = x_arg(p, op, 2);
    const uint64_t *same = equal->data;
    uint64_t *out = x_dest(p, op), flip = op->imm ? ~UINT64_C(0) : 0;
    for (int32_t w = 0; w < x_words(n); w++) {
        uint64_t va = x_valid_word(a, n, w), vb = x_valid_word(b, n, w);
        out[w] = ((va ^ vb) | (va & vb & ~same[w])) ^ flip;
    }
    return equal->fail == NULL ? PLN_OK : pln__x_merge_fail(p, op, n, equal);
}

/* a, a = b: a, or null where they are equal. */
pln_status pln__x_nullif(xprog *p, const xop *op, int32_t n) {
    const xvec *a = x_arg(p, op, 0), *equal = x_arg(p, op, 1);
    const uint64_t *same = equal->data;
    xreg *out = x_out(p, op);
    uint64_t *valid = pln__x_valid_bits(p, op, n);
    out->vec.data = a->data;
    out->vec.offsets = a->offsets;
    out->vec.base = a->base;
    for (int32_t w = 0; w < x_words(n); w++)
        valid[w] = x_valid_word(a, n, w) & ~(same[w] & x_valid_word(equal, n, w));
    return equal->fail == NULL ? PLN_OK : pln__x_merge_fail(p, op, n, equal);
}

/* ---- choosing ---- */

/* Rows where the condition is true, by word. */
static uint64_t chosen(const xvec *test, int32_t n, int32_t w) {
    return ((const uint64_t *)test->data)[w] & x_valid_word(test, n, w);
}

static pln_status blend_valid(xprog *p, const xop *op, int32_t n) {
    const xvec *test = x_arg(p, op, 0), *a = x_arg(p, op, 1), *b = x_arg(p, op, 2);
    pln_status status = PLN_OK;
    if (a->valid != NULL || b->valid != NULL) {
        uint64_t *valid = pln__x_valid_bits(p, op, n);
        for (int32_t w = 0; w < x_words(n); w++) {
            uint64_t mask = chosen(test, n, w);
            valid[w] = (mask & x_valid_word(a, n, w)) | (~mask & x_valid_word(b, n, w));
        }
    }
    if (test->fail == NULL && a->fail == NULL && b->fail == NULL)
        return PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        uint32_t why = x_failed(test, i);
        bool first = x_bit(test->data, i) && x_valid(test, i);
        if (why == 0)
            why = first ? x_failed(a, i) : x_failed(b, i);
        if (why != 0)
            status = pln__x_fail_as(p, op, n, i, why);
    }
    return status;
}

#define BLEND(name, type)                                                                          \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const xvec *test = x_arg(p, op, 0);                                                        \
        const type *a = x_arg(p, op, 1)->data, *b = x_arg(p, op, 2)->data;                         \
        type *out = x_dest(p, op);                                                                 \
        for (int32_t w = 0; w < x_words(n); w++) {                                                 \
            uint64_t mask = chosen(test, n, w);                                                    \
            int32_t end = n - w * 64 < 64 ? n - w * 64 : 64;                                       \
            for (int32_t i = 0; i < end; i++)                                                      \
                out[w * 64 + i] = (mask >> i) & 1 ? a[w * 64 + i] : b[w * 64 + i];                 \
        }                                                                                          \
        return blend_valid(p, op, n);                                                              \
    }
BLEND(blend_1, uint8_t)
BLEND(blend_2, uint16_t)
BLEND(blend_4, uint32_t)
BLEND(blend_8, uint64_t)
BLEND(blend_16, pln__int128)

static pln_status blend_bits(xprog *p, const xop *op, int32_t n) {
    const uint64_t *a = x_arg(p, op, 1)->data, *b = x_arg(p, op, 2)->data;
    uint64_t *out = x_dest(p, op);
    for (int32_t w = 0; w < x_words(n); w++) {
        uint64_t mask = chosen(x_arg(p, op, 0), n, w);
        out[w] = (mask & a[w]) | (~mask & b[w]);
    }
    return blend_valid(p, op, n);
}

static pln_status blend_text(xprog *p, const xop *op, int32_t n) {
    const xstr *a = pln__x_views(p, op->args[1], n), *b = pln__x_views(p, op->args[2], n);
    const xstr *from[2] = {b, a}; /* a load, not a branch that nobody can predict */
    xstr *out = x_dest(p, op);
    if (a == NULL || b == NULL)
        return PLN_ENOMEM;
    for (int32_t w = 0; w < x_words(n); w++) {
        uint64_t mask = chosen(x_arg(p, op, 0), n, w);
        int32_t end = n - w * 64 < 64 ? n - w * 64 : 64;
        for (int32_t i = 0; i < end; i++)
            out[w * 64 + i] = from[(mask >> i) & 1][w * 64 + i];
    }
    return blend_valid(p, op, n);
}

/* ---- all arms of a case at once ---- */

/* Eight bits to bytes of 0 or 1. */
static uint64_t spread(uint64_t bits) {
    uint64_t ones = 0x0101010101010101u, places = ((bits & 0xFF) * ones) & 0x8040201008040201u;
    return ((places + 0x7F7F7F7F7F7F7F7Fu) >> 7 | places >> 7) & ones;
}

/* Which arm decides each row of a word, tests from the left; `masks` has the rows of each arm, those of `else` last. */
static void pick_arms(const xprog *p, const xop *op, int32_t n, int32_t w, uint64_t *masks,
                      uint64_t pick[8]) {
    int32_t arms = op->n_args / 2;
    uint64_t open = x_word_mask(n, w);
    for (int32_t k = 0; k < arms; k++) {
        masks[k] = chosen(x_arg(p, op, k), n, w) & open;
        open &= ~masks[k];
    }
    masks[arms] = open;
    for (int32_t i = 0; i < 8; i++) {
        pick[i] = 0;
        for (int32_t k = 1; k <= arms; k++)
            pick[i] += spread(masks[k] >> (8 * i)) * (uint64_t)k;
    }
}

static uint32_t case_fail(const xprog *p, const xop *op, int32_t i) {
    int32_t arms = op->n_args / 2;
    for (int32_t k = 0; k < arms; k++) {
        const xvec *test = x_arg(p, op, k);
        if (x_failed(test, i) != 0)
            return x_failed(test, i);
        if (x_bit(test->data, i) && x_valid(test, i))
            return x_failed(x_arg(p, op, arms + k), i);
    }
    return x_failed(x_arg(p, op, 2 * arms), i);
}

static pln_status case_fails(xprog *p, const xop *op, int32_t n) {
    pln_status status = PLN_OK;
    bool any = false;
    for (int32_t a = 0; a < op->n_args; a++)
        any = any || x_arg(p, op, a)->fail != NULL;
    for (int32_t i = 0; any && i < n && status == PLN_OK; i++) {
        uint32_t why = case_fail(p, op, i);
        if (why != 0)
            status = pln__x_fail_as(p, op, n, i, why);
    }
    return status;
}

/* The tests, as many values, the value of `else`. No branch depends on which arm a row takes. */
pln_status pln__x_case_text(xprog *p, const xop *op, int32_t n) {
    int32_t arms = op->n_args / 2, keep[X_CASE_ARMS + 1];
    const xstr *from[X_CASE_ARMS + 1];
    uint64_t masks[X_CASE_ARMS + 1], pick[8];
    xstr *out = x_dest(p, op);
    bool nulls = false;
    for (int32_t k = 0; k <= arms; k++) {
        const xreg *reg = x_arg_reg(p, op, arms + k);
        from[k] = pln__x_views(p, op->args[arms + k], n);
        if (from[k] == NULL)
            return PLN_ENOMEM;
        keep[k] = reg->constant ? 0 : -1; /* its views are all the same: the first is enough */
        nulls = nulls || reg->vec.valid != NULL;
    }
    for (int32_t w = 0; w < x_words(n); w++) {
        int32_t first = w * 64, end = n - first < 64 ? n - first : 64;
        pick_arms(p, op, n, w, masks, pick);
        for (int32_t i = 0; i < end; i++) {
            uint8_t k = ((const uint8_t *)pick)[i];
            out[first + i] = from[k][(first + i) & keep[k]];
        }
        uint64_t valid = 0;
        for (int32_t k = 0; nulls && k <= arms; k++)
            valid |= masks[k] & x_valid_word(x_arg(p, op, arms + k), n, w);
        if (nulls)
            pln__x_valid_bits(p, op, n)[w] = valid;
    }
    return case_fails(p, op, n);
}

xkernel *pln__x_blend_kernel(int32_t phys) {
    static xkernel *const by_width[17] = {
        [1] = blend_1, [2] = blend_2, [4] = blend_4, [8] = blend_8, [16] = blend_16};
    if (phys == X_REF || phys == X_VOID)
        return NULL;
    if (phys == X_BITS)
        return blend_bits;
    return phys == X_TEXT ? blend_text : by_width[pln__x_width(phys)];
}
