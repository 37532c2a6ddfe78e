#include "expr/internal.h"

static const char *symbol(int32_t op) {
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
    return names[op - T_EQ];
}

pln_status pln__x_compile_compare(xcompiler *c, const xnode *at, int32_t op, int32_t a, int32_t b,
                                  int32_t *out) {
    pln_status status;
    xtype common, boolean = pln__x_type(PLN__BOOL);
    int32_t args[2] = {a, b};
    char text[PLN__TYPE_TEXT_SIZE];
    PLN__TRY(pln__x_common(c, at, args, 2, &common));
    if (x_is_nested(&common) || common.id == X_INTERVAL)
        return pln__x_error_at(c, at, PLN_ETYPE, "%s values cannot be compared",
                               pln__x_type_text(&common, text));
    PLN__TRY(pln__x_coerce(c, at, &args[0], &common));
    PLN__TRY(pln__x_coerce(c, at, &args[1], &common));
    xspec spec = {.run = pln__x_compare_kernel(pln__x_phys(&common), op, c->p->cpu),
                  .flags = XF_STRICT,
                  .name = symbol(op)};
    status = pln__x_emit(c, at, &spec, args, 2, &boolean, out);
out:
    return status;
}

static pln_status conditions(xcompiler *c, const xnode *node, int32_t **out) {
    pln_status status;
    int32_t i = 0;
    PLN__TRY(pln__x_arg_regs(c, node, out));
    for (const xnode *arg = node->first; arg != NULL; arg = arg->next, i++)
        PLN__TRY(pln__x_condition(c, arg, &(*out)[i]));
out:
    return status;
}

static pln_status junction(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int32_t *args;
    xtype boolean = pln__x_type(PLN__BOOL);
    xspec spec = {.run = node->kind == N_AND ? pln__x_and : pln__x_or,
                  .name = node->kind == N_AND ? "and" : "or"};
    PLN__TRY(conditions(c, node, &args));
    bool nullable = false;
    for (int32_t i = 0; i < node->n_args; i++)
        nullable = nullable || c->p->regs[args[i]].nullable;
    spec.flags = nullable ? 0 : XF_NOT_NULL;
    status = pln__x_emit(c, node, &spec, args, node->n_args, &boolean, out);
out:
    return status;
}

static pln_status negate(xcompiler *c, const xnode *at, int32_t arg, int32_t *out) {
    xtype boolean = pln__x_type(PLN__BOOL);
    xspec spec = {.run = pln__x_not, .flags = XF_STRICT, .name = "not"};
    pln_status status = pln__x_condition(c, at, &arg);
    return status < 0 ? status : pln__x_emit(c, at, &spec, &arg, 1, &boolean, out);
}

/* is null, is true, is false. imm: what the answer is turned by; imm2: the value asked for. */
static pln_status is_test(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status = PLN_OK;
    xtype boolean = pln__x_type(PLN__BOOL);
    int32_t arg = node->first->reg;
    if (node->kind == N_IS_BOOL)
        PLN__TRY(pln__x_condition(c, node->first, &arg));
    xspec spec = {.run = node->kind == N_IS_NULL ? pln__x_is_null : pln__x_is_true,
                  .flags = XF_NOT_NULL,
                  .name = "is",
                  .imm = node->negated,
                  .imm2 = node->op == 'T'};
    if (c->p->regs[arg].type.id == X_INTERVAL)
        return pln__x_error_at(c, node, PLN_ETYPE, "an interval is a constant");
    status = pln__x_emit(c, node, &spec, &arg, 1, &boolean, out);
out:
    return status;
}

static pln_status distinct(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status;
    xtype boolean = pln__x_type(PLN__BOOL);
    int32_t args[3] = {node->first->reg, node->last->reg, -1};
    PLN__TRY(pln__x_compile_compare(c, node, T_EQ, args[0], args[1], &args[2]));
    xspec spec = {.run = pln__x_distinct,
                  .flags = XF_NOT_NULL,
                  .name = "is distinct from",
                  .imm = node->negated};
    status = pln__x_emit(c, node, &spec, args, 3, &boolean, out);
out:
    return status;
}

static pln_status between(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status;
    xtype boolean = pln__x_type(PLN__BOOL);
    int32_t x = node->first->reg, low = node->first->next->reg, high = node->last->reg, both[2];
    PLN__TRY(pln__x_compile_compare(c, node, T_GE, x, low, &both[0]));
    PLN__TRY(pln__x_compile_compare(c, node, T_LE, x, high, &both[1]));
    bool nullable = c->p->regs[both[0]].nullable || c->p->regs[both[1]].nullable;
    xspec spec = {.run = pln__x_and, .flags = nullable ? 0 : XF_NOT_NULL, .name = "between"};
    PLN__TRY(pln__x_emit(c, node, &spec, both, 2, &boolean, out));
    if (node->negated)
        status = negate(c, node, *out, out);
out:
    return status;
}

pln_status pln__x_compile_logic(xcompiler *c, xnode *node, int32_t *out) {
    switch (node->kind) {
    case N_COMPARE:
        return pln__x_compile_compare(c, node, node->op, node->first->reg, node->last->reg, out);
    case N_AND:
    case N_OR: return junction(c, node, out);
    case N_NOT: return negate(c, node, node->first->reg, out);
    case N_DISTINCT: return distinct(c, node, out);
    case N_BETWEEN: return between(c, node, out);
    default: return is_test(c, node, out);
    }
}

/* ---- case ---- */

pln_status pln__x_blend(xcompiler *c, const xnode *at, const int32_t abc[3], const xtype *type,
                        int32_t *out) {
    bool nullable = c->p->regs[abc[1]].nullable || c->p->regs[abc[2]].nullable;
    char text[PLN__TYPE_TEXT_SIZE];
    xspec spec = {.run = pln__x_blend_kernel(pln__x_phys(type)),
                  .flags = nullable || c->p->regs[abc[0]].nullable ? 0 : XF_NOT_NULL,
                  .name = "case"};
    if (type->id == PLN__NULL)
        return pln__x_null_constant(c, type, out);
    if (spec.run == NULL)
        return pln__x_error_at(c, at, PLN_ETYPE, "%s values cannot be chosen from",
                               pln__x_type_text(type, text));
    return pln__x_emit(c, at, &spec, abc, 3, type, out);
}

/* The condition of one `when`. */
static pln_status when(xcompiler *c, const xnode *node, const xnode *test, int32_t *out) {
    *out = test->reg;
    if (node->negated)
        return pln__x_compile_compare(c, test, T_EQ, node->first->reg, test->reg, out);
    return pln__x_condition(c, test, out);
}

static pln_status case_text(xcompiler *c, const xnode *node, const int32_t *tests,
                            const int32_t *values, int32_t arms, const xtype *type, int32_t *out) {
    int32_t args[2 * X_CASE_ARMS + 1];
    bool nullable = c->p->regs[values[arms]].nullable;
    for (int32_t i = 0; i < arms; i++) {
        args[i] = tests[i];
        args[arms + i] = values[i];
        nullable = nullable || c->p->regs[tests[i]].nullable || c->p->regs[values[i]].nullable;
    }
    args[2 * arms] = values[arms];
    xspec spec = {
        .run = pln__x_case_text, .flags = nullable ? 0 : XF_NOT_NULL, .name = "case"};
    return pln__x_emit(c, node, &spec, args, 2 * arms + 1, type, out);
}

pln_status pln__x_compile_case(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int32_t arms = (node->n_args - node->negated - node->has_else) / 2;
    int32_t *values = pln__x_alloc(&c->p->arena, (int64_t)sizeof *values * 2 * (arms + 1));
    const xnode *arg = node->negated ? node->first->next : node->first;
    xtype type, null = pln__x_type(PLN__NULL);
    if (values == NULL)
        return pln__error_memory(c->err, 0);
    int32_t *tests = values + arms + 1;
    for (int32_t i = 0; i < arms; i++, arg = arg->next->next) {
        PLN__TRY(when(c, node, arg, &tests[i]));
        values[i] = arg->next->reg;
    }
    if (node->has_else)
        values[arms] = node->last->reg;
    else
        PLN__TRY(pln__x_null_constant(c, &null, &values[arms]));
    PLN__TRY(pln__x_common(c, node, values, arms + 1, &type));
    for (int32_t i = 0; i <= arms; i++)
        PLN__TRY(pln__x_coerce(c, node, &values[i], &type));
    *out = values[arms];
    if (pln__x_phys(&type) == X_TEXT && type.id != PLN__NULL && arms > 1 && arms <= X_CASE_ARMS)
        return case_text(c, node, tests, values, arms, &type, out);
    for (int32_t i = arms - 1; i >= 0; i--)
        PLN__TRY(pln__x_blend(c, node, (int32_t[]){tests[i], values[i], *out}, &type, out));
out:
    return status;
}
