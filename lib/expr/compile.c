/*
 * From the tree to the program: types, constants, operations.
 */
#include "expr/regexp.h"

pln_status pln__x_error_at(xcompiler *c, const xnode *at, pln_status code, const char *format,
                           ...) {
    char message[384];
    pln_error inner = {0};
    va_list args;
    if (c->err == NULL)
        return code;
    va_start(args, format);
    pln__error_setv(&inner, code, format, args);
    va_end(args);
    memcpy(message, inner.message, sizeof message);
    return pln__x_error(c->p->text, at == NULL ? 0 : at->start, c->err, code, "%s", message);
}

const char *pln__x_reg_type(const xcompiler *c, int32_t reg, char *out) {
    return pln__x_type_text(&c->p->regs[reg].type, out);
}

/* Room for one value: what folding needs. Registers that stay get room for a block at the end. */
pln_status pln__x_reg(xcompiler *c, const xtype *type, int32_t *out) {
    xprog *p = c->p;
    int64_t capacity = p->cap_regs;
    pln_status status;
    PLN__TRY(pln__grow(p->mem, &p->regs, &capacity, p->n_regs + 1, sizeof *p->regs, c->err));
    p->cap_regs = (int32_t)capacity;
    xreg *reg = &p->regs[p->n_regs];
    *reg = (xreg){.type = *type, .phys = pln__x_phys(type)};
    uint8_t *own = pln__x_zalloc(&p->arena, 64);
    if (own == NULL)
        return pln__error_memory(c->err, 64);
    reg->own = own;
    reg->own_valid = (uint64_t *)(void *)(own + 32);
    reg->vec.data = own;
    *out = p->n_regs++;
out:
    return status;
}

pln_status pln__x_constant(xcompiler *c, const xtype *type, const void *value, int32_t *out) {
    pln_status status;
    PLN__TRY(pln__x_reg(c, type, out));
    xreg *reg = &c->p->regs[*out];
    reg->constant = true;
    if (reg->phys == X_BITS)
        memcpy(reg->own, value, 1);
    else
        memcpy(reg->own, value, (size_t)pln__x_width(reg->phys));
out:
    return status;
}

pln_status pln__x_null_constant(xcompiler *c, const xtype *type, int32_t *out) {
    pln_status status;
    PLN__TRY(pln__x_reg(c, type, out));
    xreg *reg = &c->p->regs[*out];
    reg->constant = reg->null = reg->nullable = true;
    reg->vec.valid = reg->own_valid; /* zero */
out:
    return status;
}

static bool all_constant(const xprog *p, const int32_t *args, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (!p->regs[args[i]].constant)
            return false;
    return n > 0;
}

static bool any_nullable(const xprog *p, const int32_t *args, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        if (p->regs[args[i]].nullable)
            return true;
    return false;
}

/* Compute now what never changes. A failure stays an operation: only rows that need the value fail. */
static pln_status fold(xcompiler *c, const xop *op, bool *folded) {
    xprog *p = c->p;
    p->running = p->n_ops;
    *folded = false;
    if (pln__x_step(p, op, 1) < 0)
        return pln__error_memory(c->err, 0);
    xreg *out = x_out(p, op);
    if (x_failed(&out->vec, 0) != 0)
        return PLN_OK;
    bool null = !x_valid(&out->vec, 0);
    if (out->phys == X_TEXT && !null) {
        const xstr *views = pln__x_views(p, op->out, 1);
        if (views == NULL)
            return pln__error_memory(c->err, 0);
        xstr value = views[0];
        if (value.size > X_CONSTANT_MAX)
            return PLN_OK;
        uint8_t *copy = pln__x_bytes(&p->arena, value.size + 1);
        if (copy == NULL)
            return pln__error_memory(c->err, (uint64_t)value.size);
        memcpy(copy, value.data, (size_t)value.size);
        *(xstr *)out->own = (xstr){copy, value.size};
    } else if (!null && out->vec.data != out->own) {
        memcpy(out->own, out->vec.data, out->phys == X_BITS ? 8 : (size_t)pln__x_width(out->phys));
    }
    out->own_valid[0] = 0;
    out->vec = (xvec){.data = out->own, .valid = null ? out->own_valid : NULL};
    out->constant = true;
    out->null = out->nullable = null;
    *folded = true;
    pln__x_reset(&p->block);
    return PLN_OK;
}

static pln_status append(xcompiler *c, const xop *op) {
    xprog *p = c->p;
    pln_status status;
    int64_t capacity = p->cap_ops;
    if (p->n_ops >= X_OPS_MAX)
        return pln__error_set(c->err, PLN_ELIMIT, "the expression needs more than %d operations",
                              X_OPS_MAX);
    PLN__TRY(pln__grow(p->mem, &p->ops, &capacity, p->n_ops + 1, sizeof *p->ops, c->err));
    p->cap_ops = (int32_t)capacity;
    p->ops[p->n_ops++] = *op;
out:
    return status;
}

pln_status pln__x_emit(xcompiler *c, const xnode *at, const xspec *spec, const int32_t *args,
                       int32_t n_args, const xtype *type, int32_t *out) {
    pln_status status;
    xprog *p = c->p;
    bool folded = false;
    int32_t *copy = pln__x_alloc(&p->arena, (int64_t)sizeof *copy * (n_args + 1));
    if (copy == NULL)
        return pln__error_memory(c->err, sizeof *copy * (uint64_t)n_args);
    if (n_args > 0)
        memcpy(copy, args, sizeof *copy * (size_t)n_args);
    PLN__TRY(pln__x_reg(c, type, out));
    xop op = {.run = spec->run,
              .out = *out,
              .n_args = n_args,
              .args = copy,
              .flags = spec->flags,
              .name = spec->name == NULL ? "" : spec->name,
              .imm = spec->imm,
              .imm2 = spec->imm2,
              .aux = spec->aux};
    if (at != NULL) {
        op.start = at->start;
        op.end = at->end;
    }
    bool strict = (spec->flags & XF_STRICT) != 0, fails = (spec->flags & XF_FAILS) != 0;
    p->regs[*out].nullable =
        fails || (strict ? any_nullable(p, copy, n_args) : (spec->flags & XF_NOT_NULL) == 0);
    if ((spec->flags & XF_LOAD) == 0 && all_constant(p, copy, n_args))
        PLN__TRY(fold(c, &op, &folded));
    if (!folded)
        PLN__TRY(append(c, &op));
out:
    return status;
}

pln_status pln__x_arg_regs(xcompiler *c, const xnode *node, int32_t **out) {
    int32_t *regs = pln__x_alloc(&c->p->arena, (int64_t)sizeof *regs * (node->n_args + 1));
    int32_t n = 0;
    if (regs == NULL)
        return pln__error_memory(c->err, sizeof *regs * (uint64_t)node->n_args);
    for (const xnode *arg = node->first; arg != NULL; arg = arg->next)
        regs[n++] = arg->reg;
    *out = regs;
    return PLN_OK;
}

static pln_status visit(xcompiler *c, xnode *node) {
    switch (node->kind) {
    case N_LITERAL: return pln__x_literal(c, node, &node->reg);
    case N_COLUMN: return pln__x_compile_column(c, node, &node->reg);
    case N_MEMBER: return pln__x_compile_member(c, node, &node->reg);
    case N_SUBSCRIPT: return pln__x_compile_subscript(c, node, &node->reg);
    case N_NEGATE:
    case N_PLUS: return pln__x_compile_sign(c, node, &node->reg);
    case N_BINARY: return pln__x_compile_binary(c, node, &node->reg);
    case N_CONCAT: return pln__x_compile_concat(c, node, &node->reg);
    case N_IN: return pln__x_compile_in(c, node, &node->reg);
    case N_LIKE: return pln__x_compile_like(c, node, &node->reg);
    case N_CASE: return pln__x_compile_case(c, node, &node->reg);
    case N_CAST:
        node->reg = node->first->reg;
        return pln__x_cast(c, node, &node->reg, &node->type, node->has_else);
    case N_CALL: return pln__x_compile_call(c, node, &node->reg);
    default: return pln__x_compile_logic(c, node, &node->reg);
    }
}

/* First arguments form the spine of long chains (a + b + c ...), so they are walked; only the others recurse. */
pln_status pln__x_compile(xcompiler *c, xnode *node, int32_t *reg) {
    pln_status status = PLN_OK;
    xnode *at = node;
    node->up = NULL;
    for (; at->first != NULL; at = at->first)
        at->first->up = at;
    for (;; at = at->up) {
        if (at->first != NULL)
            for (xnode *arg = at->first->next; arg != NULL; arg = arg->next)
                PLN__TRY(pln__x_compile(c, arg, &arg->reg));
        PLN__TRY(visit(c, at));
        if (at == node)
            break;
    }
    *reg = node->reg;
out:
    return status;
}

pln_status pln__x_condition(xcompiler *c, const xnode *at, int32_t *reg) {
    xtype boolean = pln__x_type(PLN__BOOL);
    const xreg *r = &c->p->regs[*reg];
    char type[PLN__TYPE_TEXT_SIZE];
    if (r->type.id != PLN__BOOL && !r->null)
        return pln__x_error_at(c, at, PLN_ETYPE, "expected a condition, got %s",
                               pln__x_reg_type(c, *reg, type));
    return pln__x_coerce(c, at, reg, &boolean);
}

/* ---- the finished program ---- */

static void mark_used(xprog *p) {
    int32_t kept = 0;
    p->regs[p->result].used = true;
    for (int32_t i = p->n_ops - 1; i >= 0; i--) {
        const xop *op = &p->ops[i];
        for (int32_t a = 0; a < op->n_args && p->regs[op->out].used; a++)
            p->regs[op->args[a]].used = true;
    }
    for (int32_t i = 0; i < p->n_ops; i++)
        if (p->regs[p->ops[i].out].used)
            p->ops[kept++] = p->ops[i];
    p->n_ops = kept;
}

static void broadcast(xreg *reg, void *to) {
    int32_t width = pln__x_width(reg->phys);
    if (reg->phys == X_BITS)
        memset(to, *(const uint8_t *)reg->own & 1 ? 0xFF : 0, X_WORDS * 8);
    else
        for (int32_t i = 0; i < X_BLOCK; i++)
            memcpy((uint8_t *)to + (size_t)(i * width), reg->own, (size_t)width);
}

static bool make_room(xprog *p, xreg *reg) {
    int32_t width = pln__x_width(reg->phys);
    int64_t bytes = reg->phys == X_BITS ? X_WORDS * 8 : (int64_t)X_BLOCK * width;
    uint8_t *own = pln__x_zalloc(&p->arena, bytes + X_WORDS * 8);
    if (own == NULL)
        return false;
    if (reg->constant)
        broadcast(reg, own);
    reg->own = own;
    reg->own_valid = (uint64_t *)(void *)(own + bytes);
    reg->vec = (xvec){.data = own, .valid = reg->null ? reg->own_valid : NULL};
    return true;
}

pln_status pln__x_finish(xcompiler *c) {
    xprog *p = c->p;
    mark_used(p);
    for (int32_t i = 0; i < p->n_regs; i++)
        if (p->regs[i].used && p->regs[i].phys != X_VOID && !make_room(p, &p->regs[i]))
            return pln__error_memory(c->err, X_BLOCK * 8);
    return PLN_OK;
}

static pln_status result_field(pln__expr *expr, pln_error *err) {
    const xprog *p = &expr->prog;
    char format[96];
    if (p->bare >= 0)
        return pln__field_copy(p->mem, p->input->children[p->bare], "", &expr->field, err);
    const xreg *reg = &p->regs[p->result];
    if (reg->type.id == X_INTERVAL)
        return pln__error_set(err, PLN_ETYPE,
                              "the result is an interval, which no column can hold");
    if (x_is_nested(&reg->type)) {
        pln_status status = pln__field_copy(p->mem, reg->type.schema, "", &expr->field, err);
        if (status >= 0 && reg->nullable)
            expr->field.flags |= ARROW_FLAG_NULLABLE;
        return status;
    }
    pln__x_format(&reg->type, format);
    return pln__field_new(p->mem, format, "", reg->nullable, 0, &expr->field, err);
}

static pln_status parse_and_compile(pln__expr *expr, pln_error *err) {
    pln_status status;
    xprog *p = &expr->prog;
    xnode *root;
    xcompiler c = {.p = p, .err = err, .now = -1};
    xparser parser = {.lex = {.text = p->text, .size = p->size, .err = err},
                      .arena = &p->arena,
                      .mem = p->mem,
                      .err = err};
    int64_t n = p->input->n_children;
    c.columns = pln__x_alloc(&p->arena, (int64_t)sizeof *c.columns * (n + 1));
    if (c.columns == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *c.columns);
    for (int64_t i = 0; i < n; i++)
        c.columns[i] = -1;
    PLN__TRY(pln__x_parse(&parser, &root));
    p->bare = root->kind == N_COLUMN ? (int32_t)pln__x_find_column(&c, root) : -1;
    if (p->bare < 0) {
        PLN__TRY(pln__x_compile(&c, root, &p->result));
        PLN__TRY(pln__x_finish(&c));
    }
    status = result_field(expr, err);
out:
    return status;
}

pln_status pln__expr_compile(const pln_allocator *mem, const char *text,
                             const struct ArrowSchema *input, const pln__expr_options *options,
                             pln__expr **out, pln_error *err) {
    pln_status status;
    size_t size = strlen(text);
    *out = NULL;
    if (size > X_TEXT_MAX)
        return pln__error_set(err, PLN_ELIMIT, "an expression of %zu bytes: the limit is %d", size,
                              X_TEXT_MAX);
    if (!pln__utf8_valid(text, (int64_t)size, 0))
        return pln__error_set(err, PLN_ESYNTAX, "the expression is not valid UTF-8");
    pln__expr *expr = pln__calloc(mem, 1, sizeof *expr);
    if (expr == NULL)
        return pln__error_memory(err, sizeof *expr);
    xprog *p = &expr->prog;
    *p = (xprog){.mem = mem, .arena.mem = mem, .block.mem = mem, .input = input, .bare = -1};
    if (options != NULL) {
        p->cpu = options->cpu & ~PLN__EXPR_INTERPRET;
        p->interpret = (options->cpu & PLN__EXPR_INTERPRET) != 0;
        p->seed = options->seed;
    }
    char *copy = (char *)pln__x_bytes(&p->arena, (int64_t)size + 1);
    if (copy == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "out of memory for an expression of %zu bytes", size);
    memcpy(copy, text, size + 1);
    p->text = copy;
    p->size = (int32_t)size;
    PLN__TRY(parse_and_compile(expr, err));
    *out = expr;
out:
    if (status < 0)
        pln__expr_free(expr);
    return status;
}

void pln__x_program_free(xprog *p) {
    pln__x_regexps_free(p->regexps);
    pln__free(p->mem, p->regs, (uint64_t)p->cap_regs * sizeof(xreg));
    pln__free(p->mem, p->ops, (uint64_t)p->cap_ops * sizeof(xop));
    pln__x_free(&p->arena);
    pln__x_free(&p->block);
}

void pln__expr_free(pln__expr *expr) {
    if (expr == NULL)
        return;
    const pln_allocator *mem = expr->prog.mem;
    pln__schema_release(&expr->field);
    pln__x_program_free(&expr->prog);
    pln__free(mem, expr, sizeof *expr);
}

const struct ArrowSchema *pln__expr_field(const pln__expr *expr) {
    return &expr->field;
}

bool pln__expr_is_volatile(const pln__expr *expr) {
    return expr->prog.is_volatile;
}

pln_status pln__expr_check_condition(const pln__expr *expr, pln_error *err) {
    pln__type type;
    char text[PLN__TYPE_TEXT_SIZE];
    pln_status status = pln__type_of(&expr->field, &type, err);
    if (status < 0 || type.id == PLN__BOOL || type.id == PLN__NULL)
        return status;
    return pln__error_set(err, PLN_ETYPE, "%s: expected a condition, got %s", expr->prog.text,
                          pln__type_text(&expr->field, text));
}
