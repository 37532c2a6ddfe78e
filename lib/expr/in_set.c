/*
 * x in (constants): short texts by comparing integers, other texts by a hash table, integers by bisection.
 */
#include "expr/internal.h"
#include "expr/short_text.h"

enum { FEW = 3 };

typedef struct inset {
    bool has_null;
    int32_t n;
    bool is_short;
    uint64_t keys[X_SHORT_KEYS];
    uint64_t seed;
    uint32_t mask;  /* of the hash table */
    int32_t *slots; /* index + 1 of a text; 0 where none is */
    xstr *texts;
    int64_t *numbers; /* ascending */
} inset;

static void unmatched_null(xprog *p, const xop *op, int32_t n) {
    const uint64_t *out = x_dest(p, op);
    uint64_t *valid = pln__x_valid_bits(p, op, n);
    for (int32_t w = 0; w < x_words(n); w++)
        valid[w] &= out[w];
}

static bool find_text(const inset *set, xstr s) {
    uint32_t at = (uint32_t)pln__hash64(s.data, s.size, set->seed) & set->mask;
    for (; set->slots[at] != 0; at = (at + 1) & set->mask) {
        xstr other = set->texts[set->slots[at] - 1];
        if (other.size == s.size && x_equal(other.data, s.data, s.size))
            return true;
    }
    return false;
}

static void in_hashed(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    uint64_t *out = x_dest(p, op);
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++)
        if (x_valid(&x_out(p, op)->vec, i) && find_text(op->aux, x_text(v, i)))
            out[i / 64] |= UINT64_C(1) << (i % 64);
}

static pln_status k_in_text(xprog *p, const xop *op, int32_t n) {
    const inset *set = op->aux;
    const xvec *v = x_arg(p, op, 0);
    if (set->is_short && v->offsets != NULL)
        pln__x_match_short(v, n, set->keys, set->n, x_dest(p, op), p->cpu);
    else
        in_hashed(p, op, n);
    if (set->has_null)
        unmatched_null(p, op, n);
    return PLN_OK;
}

static bool find_number(const inset *set, int64_t value) {
    const int64_t *base = set->numbers;
    for (int32_t n = set->n; n > 1;) {
        int32_t half = n / 2;
        base = base[half] <= value ? base + half : base;
        n -= half;
    }
    return *base == value;
}

#define IN_NUMBERS(name, type)                                                                     \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const inset *set = op->aux;                                                                \
        const type *in = x_arg(p, op, 0)->data;                                                    \
        uint64_t *out = x_dest(p, op);                                                             \
        memset(out, 0, (size_t)x_words(n) * 8);                                                    \
        for (int32_t i = 0; i < n; i++)                                                            \
            out[i / 64] |= (uint64_t)find_number(set, in[i]) << (i % 64);                          \
        if (set->has_null)                                                                         \
            unmatched_null(p, op, n);                                                              \
        return PLN_OK;                                                                             \
    }
IN_NUMBERS(k_in_i64, int64_t)
IN_NUMBERS(k_in_i32, int32_t)

/* ---- building ---- */

static void add_short(inset *set, xstr s) {
    set->is_short = set->is_short && s.size <= X_SHORT_MAX && set->n <= X_SHORT_KEYS;
    if (set->is_short)
        set->keys[set->n - 1] = x_short_key(s);
}

static bool build_texts(xprog *p, inset *set, const int32_t *regs, int32_t n) {
    uint32_t slots = 8;
    while ((int64_t)slots < (int64_t)n * 2)
        slots *= 2;
    set->slots = pln__x_zalloc(&p->arena, (int64_t)slots * 4);
    set->texts = pln__x_alloc(&p->arena, (int64_t)n * (int64_t)sizeof(xstr));
    set->mask = slots - 1;
    set->is_short = true;
    if (set->slots == NULL || set->texts == NULL)
        return false;
    for (int32_t i = 0; i < n; i++) {
        xstr s;
        if (p->regs[regs[i]].null)
            continue;
        memcpy(&s, p->regs[regs[i]].own, sizeof s);
        if (find_text(set, s))
            continue;
        uint32_t at = (uint32_t)pln__hash64(s.data, s.size, set->seed) & set->mask;
        while (set->slots[at] != 0)
            at = (at + 1) & set->mask;
        set->texts[set->n++] = s;
        set->slots[at] = set->n;
        add_short(set, s);
    }
    return true;
}

static int64_t number_of(const xreg *reg) {
    int32_t narrow;
    int64_t wide;
    if (reg->phys == X_I32) {
        memcpy(&narrow, reg->own, 4);
        return narrow;
    }
    memcpy(&wide, reg->own, 8);
    return wide;
}

static int by_number(const void *a, const void *b, const void *context) {
    int64_t left, right;
    (void)context;
    memcpy(&left, a, 8);
    memcpy(&right, b, 8);
    return (left > right) - (left < right);
}

static bool build_numbers(xprog *p, inset *set, const int32_t *regs, int32_t n) {
    set->numbers = pln__x_alloc(&p->arena, (int64_t)n * 8);
    if (set->numbers == NULL)
        return false;
    for (int32_t i = 0; i < n; i++)
        if (!p->regs[regs[i]].null)
            set->numbers[set->n++] = number_of(&p->regs[regs[i]]);
    pln__sort(set->numbers, set->n, sizeof *set->numbers, by_number, NULL);
    return true;
}

static xkernel *set_kernel(int32_t phys) {
    switch (phys) {
    case X_TEXT: return k_in_text;
    case X_I64: return k_in_i64;
    case X_I32: return k_in_i32;
    default: return NULL;
    }
}

static pln_status by_set(xcompiler *c, const xnode *node, int32_t *regs, int32_t n, int32_t *out) {
    xtype boolean = pln__x_type(PLN__BOOL);
    xprog *p = c->p;
    int32_t phys = p->regs[regs[0]].phys;
    inset *set = pln__x_zalloc(&p->arena, (int64_t)sizeof *set);
    if (set == NULL)
        return pln__error_memory(c->err, sizeof *set);
    set->seed = p->seed;
    for (int32_t i = 1; i < n; i++)
        set->has_null = set->has_null || p->regs[regs[i]].null;
    bool built = phys == X_TEXT ? build_texts(p, set, regs + 1, n - 1)
                                : build_numbers(p, set, regs + 1, n - 1);
    if (!built)
        return pln__error_memory(c->err, (uint64_t)n * 16);
    xspec spec = {.run = set_kernel(phys), .flags = XF_STRICT, .name = "in", .aux = set};
    pln_status status = pln__x_emit(c, node, &spec, regs, 1, &boolean, out);
    if (status >= 0 && set->has_null)
        p->regs[*out].nullable = true;
    return status;
}

static pln_status by_comparing(xcompiler *c, const xnode *node, const int32_t *regs, int32_t n,
                               int32_t *out) {
    pln_status status;
    xtype boolean = pln__x_type(PLN__BOOL);
    int32_t *equal = pln__x_alloc(&c->p->arena, (int64_t)n * 4);
    bool nullable = false;
    if (equal == NULL)
        return pln__error_memory(c->err, (uint64_t)n * 4);
    for (int32_t i = 1; i < n; i++) {
        PLN__TRY(pln__x_compile_compare(c, node, T_EQ, regs[0], regs[i], &equal[i - 1]));
        nullable = nullable || c->p->regs[equal[i - 1]].nullable;
    }
    xspec spec = {.run = pln__x_or, .flags = nullable ? 0 : XF_NOT_NULL, .name = "in"};
    status = pln__x_emit(c, node, &spec, equal, n - 1, &boolean, out);
out:
    return status;
}

pln_status pln__x_compile_in(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    xtype type, boolean = pln__x_type(PLN__BOOL);
    int32_t *regs, n = node->n_args, values = 0;
    bool constants = true;
    PLN__TRY(pln__x_arg_regs(c, node, &regs));
    PLN__TRY(pln__x_common(c, node, regs, n, &type));
    for (int32_t i = 0; i < n; i++) {
        PLN__TRY(pln__x_coerce(c, node, &regs[i], &type));
        constants = constants && (i == 0 || c->p->regs[regs[i]].constant);
        values += i > 0 && !c->p->regs[regs[i]].null;
    }
    int32_t phys = pln__x_phys(&type);
    bool worth = phys == X_TEXT ? values > 0 : values > FEW;
    if (constants && worth && set_kernel(phys) != NULL)
        status = by_set(c, node, regs, n, out);
    else
        status = by_comparing(c, node, regs, n, out);
    if (status >= 0 && node->negated) {
        xspec spec = {.run = pln__x_not, .flags = XF_STRICT, .name = "not"};
        status = pln__x_emit(c, node, &spec, out, 1, &boolean, out);
    }
out:
    return status;
}
