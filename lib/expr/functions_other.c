/*
 * Choosing, naming and hashing values.
 */
#include "expr/rows.h"

static pln_status same_type(xcompiler *c, const xnode *node, int32_t *args, int32_t n,
                            xtype *type) {
    pln_status status;
    PLN__TRY(pln__x_common(c, node, args, n, type));
    for (int32_t i = 0; i < n; i++)
        PLN__TRY(pln__x_coerce(c, node, &args[i], type));
out:
    return status;
}

static pln_status not_null(xcompiler *c, const xnode *node, int32_t arg, int32_t *out) {
    xtype boolean = pln__x_type(PLN__BOOL);
    xspec spec = {.run = pln__x_is_null, .flags = XF_NOT_NULL, .name = "is not null", .imm = 1};
    return pln__x_emit(c, node, &spec, &arg, 1, &boolean, out);
}

/* From the last to the first: a if a is not null, else what follows. */
static pln_status resolve_coalesce(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                   int32_t *out) {
    pln_status status;
    xtype type;
    int32_t n = node->n_args, test;
    (void)f;
    PLN__TRY(same_type(c, node, args, n, &type));
    *out = args[n - 1];
    for (int32_t i = n - 2; i >= 0; i--) {
        bool first = c->p->regs[args[i]].nullable, rest = c->p->regs[*out].nullable;
        PLN__TRY(not_null(c, node, args[i], &test));
        PLN__TRY(pln__x_blend(c, node, (int32_t[]){test, args[i], *out}, &type, out));
        c->p->regs[*out].nullable = first && rest;
    }
out:
    return status;
}

static pln_status resolve_nullif(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                 int32_t *out) {
    pln_status status;
    int32_t pair[2] = {args[0], -1};
    PLN__TRY(pln__x_compile_compare(c, node, T_EQ, args[0], args[1], &pair[1]));
    const xtype type = c->p->regs[args[0]].type;
    xspec spec = {.run = pln__x_nullif, .name = f->name};
    if (c->p->regs[args[0]].null)
        return pln__x_null_constant(c, &type, out);
    status = pln__x_emit(c, node, &spec, pair, 2, &type, out);
out:
    return status;
}

static pln_status resolve_if(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                             int32_t *out) {
    pln_status status;
    xtype type;
    (void)f;
    PLN__TRY(pln__x_condition(c, node->first, &args[0]));
    PLN__TRY(same_type(c, node, args + 1, 2, &type));
    status = pln__x_blend(c, node, args, &type, out);
out:
    return status;
}

/* a where b is null or a wins, else b: nulls do not take part. */
static pln_status better(xcompiler *c, const xnode *node, int32_t op, int32_t a, int32_t b,
                         const xtype *type, int32_t *out) {
    pln_status status;
    xtype boolean = pln__x_type(PLN__BOOL);
    int32_t compared, tests[2], either;
    xspec null = {.run = pln__x_is_null, .flags = XF_NOT_NULL, .name = "is null"};
    xspec sure = {.run = pln__x_is_true, .flags = XF_NOT_NULL, .name = "is true", .imm2 = 1};
    xspec any = {.run = pln__x_or, .flags = XF_NOT_NULL, .name = "or"};
    bool nullable = c->p->regs[a].nullable && c->p->regs[b].nullable;
    PLN__TRY(pln__x_compile_compare(c, node, op, a, b, &compared));
    PLN__TRY(pln__x_emit(c, node, &null, &b, 1, &boolean, &tests[0]));
    PLN__TRY(pln__x_emit(c, node, &sure, &compared, 1, &boolean, &tests[1]));
    PLN__TRY(pln__x_emit(c, node, &any, tests, 2, &boolean, &either));
    PLN__TRY(pln__x_blend(c, node, (int32_t[]){either, a, b}, type, out));
    c->p->regs[*out].nullable = nullable;
out:
    return status;
}

static pln_status resolve_extreme(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                  int32_t *out) {
    pln_status status;
    xtype type;
    PLN__TRY(same_type(c, node, args, node->n_args, &type));
    *out = args[0];
    for (int32_t i = 1; i < node->n_args; i++)
        PLN__TRY(better(c, node, (int32_t)f->imm, *out, args[i], &type, out));
out:
    return status;
}

static pln_status resolve_typeof(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                 int32_t *out) {
    char text[PLN__TYPE_TEXT_SIZE];
    xtype type = pln__x_type(PLN__UTF8);
    (void)node;
    (void)f;
    (void)pln__x_reg_type(c, args[0], text);
    int64_t size = (int64_t)strlen(text);
    uint8_t *copy = pln__x_bytes(&c->p->arena, size);
    if (copy == NULL)
        return pln__error_memory(c->err, (uint64_t)size);
    memcpy(copy, text, (size_t)size);
    xstr value = {copy, size};
    return pln__x_constant(c, &type, &value, out);
}

/* ---- hashing ---- */

enum { HASH_NULL, HASH_INTEGER, HASH_REAL, HASH_DECIMAL, HASH_BYTES };

static int64_t wide(const xreg *reg, int32_t i) {
    const uint8_t *at = (const uint8_t *)reg->vec.data + (ptrdiff_t)i * pln__x_width(reg->phys);
    return reg->phys == X_BITS ? x_bit(reg->vec.data, i) : x_load_int(at, reg->phys);
}

static uint64_t hash_real(double value, uint64_t seed) {
    uint64_t bits;
    if (value != value)
        value = __builtin_nan("");
    if (value == 0)
        value = 0; /* one zero */
    memcpy(&bits, &value, 8);
    return pln__hash64(&bits, 8, seed + HASH_REAL);
}

static uint64_t hash_one(const xreg *reg, int32_t i, uint64_t seed) {
    const xvec *v = &reg->vec;
    if (!x_valid(v, i))
        return pln__hash64("", 0, seed + HASH_NULL);
    if (reg->phys == X_TEXT) {
        xstr s = x_text(v, i);
        return pln__hash64(s.size == 0 ? (const uint8_t *)"" : s.data, s.size, seed + HASH_BYTES);
    }
    if (reg->phys == X_F64)
        return hash_real(((const double *)v->data)[i], seed);
    if (reg->phys == X_F32)
        return hash_real((double)((const float *)v->data)[i], seed);
    if (reg->phys == X_DEC) {
        uint8_t bytes[17];
        memcpy(bytes, (const uint8_t *)v->data + (ptrdiff_t)i * 16, 16);
        bytes[16] = (uint8_t)reg->type.scale;
        return pln__hash64(bytes, 17, seed + HASH_DECIMAL);
    }
    int64_t value = wide(reg, i);
    return pln__hash64(&value, 8, seed + HASH_INTEGER);
}

static pln_status k_hash(xprog *p, const xop *op, int32_t n) {
    uint64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    memset(out, 0, (size_t)n * 8);
    for (int32_t a = 0; a < op->n_args && status >= 0; a++) {
        const xreg *reg = x_arg_reg(p, op, a);
        for (int32_t i = 0; i < n; i++)
            out[i] = hash_one(reg, i, out[i]);
        if (reg->vec.fail != NULL)
            status = pln__x_merge_fail(p, op, n, &reg->vec);
    }
    return status;
}

static pln_status resolve_hash(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                               int32_t *out) {
    xtype type = pln__x_type(PLN__UINT64);
    char text[PLN__TYPE_TEXT_SIZE];
    for (int32_t i = 0; i < node->n_args; i++)
        if (x_is_nested(&c->p->regs[args[i]].type))
            return pln__x_error_at(c, node, PLN_ETYPE, "%s of %s: only scalar values have a hash",
                                   f->name, pln__x_reg_type(c, args[i], text));
    xspec spec = {.run = k_hash, .flags = XF_NOT_NULL, .name = f->name};
    return pln__x_emit(c, node, &spec, args, node->n_args, &type, out);
}

static pln_status resolve_cardinality(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                      int32_t *out) {
    xtype type = pln__x_type(PLN__INT64);
    xspec spec = {.run = pln__x_cardinality, .flags = XF_STRICT | XF_LOAD, .name = f->name};
    return c->p->regs[args[0]].null ? pln__x_null_constant(c, &type, out)
                                    : pln__x_emit(c, node, &spec, args, 1, &type, out);
}

const xfunction pln__x_other_functions[] = {
    {"coalesce", "*+", '1', NULL, 0, 0, resolve_coalesce},
    {"ifnull", "**", '1', NULL, 0, 0, resolve_coalesce},
    {"nvl", "**", '1', NULL, 0, 0, resolve_coalesce},
    {"nullif", "**", '1', NULL, 0, 0, resolve_nullif},
    {"if", "***", '1', NULL, 0, 0, resolve_if},
    {"iff", "***", '1', NULL, 0, 0, resolve_if},
    {"iif", "***", '1', NULL, 0, 0, resolve_if},
    {"greatest", "*+", '1', NULL, 0, T_GE, resolve_extreme},
    {"least", "*+", '1', NULL, 0, T_LE, resolve_extreme},
    {"typeof", "*", 't', NULL, 0, 0, resolve_typeof},
    {"hash64", "*+", 'u', NULL, 0, 0, resolve_hash},
    {"cardinality", "l", 'i', NULL, 0, 0, resolve_cardinality},
    {"array_length", "l", 'i', NULL, 0, 0, resolve_cardinality},
    {"len", "l", 'i', NULL, 0, 0, resolve_cardinality}};
const int32_t pln__x_other_functions_count = PLN__COUNT(pln__x_other_functions);
