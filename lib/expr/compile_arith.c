#include "expr/internal.h"

static const char *symbol(int32_t op) {
    switch (op) {
    case T_PLUS: return "+";
    case T_MINUS: return "-";
    case T_STAR: return "*";
    case T_SLASH: return "/";
    case T_PERCENT: return "%";
    case T_POWER: return "^";
    case T_AND: return "&";
    case T_OR: return "|";
    case T_SHL: return "<<";
    default: return ">>";
    }
}

static pln_status misfit(xcompiler *c, const xnode *at, int32_t op, const int32_t args[2]) {
    char a[PLN__TYPE_TEXT_SIZE], b[PLN__TYPE_TEXT_SIZE];
    return pln__x_error_at(c, at, PLN_ETYPE, "%s %s %s: there is no such operator",
                           pln__x_reg_type(c, args[0], a), symbol(op),
                           pln__x_reg_type(c, args[1], b));
}

static pln_status coerce_both(xcompiler *c, const xnode *at, int32_t args[2], const xtype *type) {
    pln_status status = pln__x_coerce(c, at, &args[0], type);
    return status < 0 ? status : pln__x_coerce(c, at, &args[1], type);
}

static pln_status emit(xcompiler *c, const xnode *at, int32_t op, const int32_t args[2],
                       const xtype *type, int32_t *out) {
    xspec spec = {.run = pln__x_arith_kernel(pln__x_phys(type), op, c->p->cpu),
                  .flags = XF_STRICT | XF_FAILS,
                  .name = symbol(op)};
    if (op == T_SLASH && type->id == PLN__DECIMAL128)
        spec.imm = type->scale + c->p->regs[args[1]].type.scale - c->p->regs[args[0]].type.scale;
    return pln__x_emit(c, at, &spec, args, 2, type, out);
}

/* The type as decimals count: an integer literal has its own digits. */
static xtype decimal_of(const xreg *reg) {
    int64_t value;
    int32_t digits = 1;
    if (!reg->literal)
        return pln__x_as_decimal(&reg->type);
    memcpy(&value, reg->own, 8);
    for (value /= 10; value != 0; value /= 10)
        digits++;
    return pln__x_decimal(digits, 0);
}

static int32_t at_most(int32_t value, int32_t limit) {
    return value < limit ? value : limit;
}

static pln_status decimal_arith(xcompiler *c, const xnode *at, int32_t op, int32_t args[2],
                                int32_t *out) {
    pln_status status;
    xtype a = decimal_of(&c->p->regs[args[0]]), b = decimal_of(&c->p->regs[args[1]]), type;
    if (op == T_STAR) {
        type = pln__x_decimal(at_most(a.precision + b.precision, 38), a.scale + b.scale);
        if (type.scale > 38)
            return pln__x_error_at(
                c, at, PLN_ETYPE,
                "a product of scale %d + %d: a decimal holds 38 (cast one of them)", a.scale,
                b.scale);
    } else if (op == T_SLASH) {
        int32_t scale = a.scale > b.scale ? a.scale : b.scale;
        type = pln__x_decimal(38, scale > 16 ? scale : 16);
    } else {
        PLN__TRY(pln__x_common(c, at, args, 2, &type));
        a = b = type;
        if (op != T_PERCENT)
            type.precision = at_most(type.precision + 1, 38);
    }
    PLN__TRY(pln__x_coerce(c, at, &args[0], &a));
    PLN__TRY(pln__x_coerce(c, at, &args[1], &b));
    status = emit(c, at, op, args, &type, out);
out:
    return status;
}

/* Integers are added as int32, int64 or uint64. */
static xtype arith_integer(const xtype *type) {
    switch (type->id) {
    case PLN__INT8:
    case PLN__INT16:
    case PLN__UINT8:
    case PLN__UINT16: return pln__x_type(PLN__INT32);
    case PLN__UINT32: return pln__x_type(PLN__INT64);
    default: return *type;
    }
}

static pln_status bits(xcompiler *c, const xnode *at, int32_t op, int32_t args[2], int32_t *out) {
    pln_status status;
    xtype type = pln__x_type(PLN__INT64);
    xspec spec = {.run = pln__x_bit_kernel(op), .flags = XF_STRICT, .name = symbol(op)};
    if (op == T_SHL || op == T_SHR)
        spec.flags |= XF_FAILS;
    PLN__TRY(coerce_both(c, at, args, &type));
    status = pln__x_emit(c, at, &spec, args, 2, &type, out);
out:
    return status;
}

static pln_status number_arith(xcompiler *c, const xnode *at, int32_t op, int32_t args[2],
                               int32_t *out) {
    pln_status status;
    xtype type, real = pln__x_type(PLN__FLOAT64), none = pln__x_type(PLN__NULL);
    bool integers = true;
    for (int i = 0; i < 2; i++)
        integers =
            integers && (x_is_integer(&c->p->regs[args[i]].type) || c->p->regs[args[i]].null);
    if (op == T_AND || op == T_OR || op == T_SHL || op == T_SHR)
        return integers ? bits(c, at, op, args, out) : misfit(c, at, op, args);
    if (c->p->regs[args[0]].type.id == PLN__NULL && c->p->regs[args[1]].type.id == PLN__NULL)
        return pln__x_null_constant(c, &none, out);
    if (op == T_POWER) {
        PLN__TRY(coerce_both(c, at, args, &real));
        return emit(c, at, op, args, &real, out);
    }
    PLN__TRY(pln__x_common(c, at, args, 2, &type));
    if (type.id == PLN__DECIMAL128 && !c->p->regs[args[0]].null && !c->p->regs[args[1]].null)
        return decimal_arith(c, at, op, args, out);
    if (x_is_integer(&type))
        type = arith_integer(&type);
    PLN__TRY(coerce_both(c, at, args, &type));
    status = emit(c, at, op, args, &type, out);
out:
    return status;
}

/* ---- dates and times ---- */

static pln_status date_and_days(xcompiler *c, const xnode *at, int32_t op, int32_t args[2],
                                int32_t *out) {
    pln_status status;
    xtype date = pln__x_type(PLN__DATE32), days = pln__x_type(PLN__INT64);
    PLN__TRY(pln__x_coerce(c, at, &args[1], &days));
    xspec spec = {.run = pln__x_add_days,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = symbol(op),
                  .imm = op == T_MINUS ? -1 : 1};
    status = pln__x_emit(c, at, &spec, args, 2, &date, out);
out:
    return status;
}

static pln_status difference(xcompiler *c, const xnode *at, int32_t args[2], int32_t *out) {
    pln_status status;
    xtype type, number = pln__x_type(PLN__INT64);
    PLN__TRY(pln__x_common(c, at, args, 2, &type));
    PLN__TRY(coerce_both(c, at, args, &type));
    xspec spec = {.run = type.id == PLN__DATE32 ? pln__x_days_between : pln__x_us_between,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = "-"};
    if (x_is_time(&type))
        return misfit(c, at, T_MINUS, args);
    status = pln__x_emit(c, at, &spec, args, 2, &number, out);
out:
    return status;
}

static pln_status interval_sum(xcompiler *c, const xnode *at, int32_t op, const int32_t args[2],
                               int32_t *out) {
    pln_status status;
    const xtype type = pln__x_type(X_INTERVAL);
    int64_t sign = op == T_MINUS ? -1 : 1, months, us;
    PLN__TRY(pln__x_reg(c, &type, out));
    const xreg *a = &c->p->regs[args[0]], *b = &c->p->regs[args[1]];
    months = a->months + sign * b->months;
    if (months != (int32_t)months || !pln__mul(b->us, sign, &us) || !pln__add(a->us, us, &us))
        return pln__x_error_at(c, at, PLN_ETYPE, "the interval is too long");
    xreg *reg = &c->p->regs[*out];
    reg->constant = true;
    reg->months = (int32_t)months;
    reg->us = us;
out:
    return status;
}

static pln_status add_interval(xcompiler *c, const xnode *at, int32_t op, const int32_t args[2],
                               int32_t *out) {
    static const int32_t us_per[] = {1000000, 1000, 1, 1};
    pln_status status = PLN_OK;
    int32_t when = args[0];
    xtype type = c->p->regs[when].type;
    int64_t sign = op == T_MINUS ? -1 : 1, months = c->p->regs[args[1]].months, us;
    if (!pln__mul(c->p->regs[args[1]].us, sign, &us))
        return pln__x_error_at(c, at, PLN_ETYPE, "the interval is too long");
    if (type.id == PLN__DATE32)
        type = pln__x_timestamp(PLN__MICRO, "");
    if (us % us_per[type.unit] != 0)
        type.unit = PLN__MICRO;
    if (x_is_time(&type)) {
        type.id = type.unit <= PLN__MILLI ? PLN__TIME32 : PLN__TIME64;
        if (months != 0)
            return pln__x_error_at(c, at, PLN_ETYPE, "a time of day plus months");
    }
    PLN__TRY(pln__x_coerce(c, at, &when, &type));
    if (type.unit == PLN__NANO && !pln__mul(us, 1000, &us))
        return pln__x_error_at(c, at, PLN_ETYPE, "the interval is too long for nanoseconds");
    xspec spec = {.run = x_is_time(&type) ? pln__x_time_add : pln__x_add_interval,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = op == T_MINUS ? "- interval" : "+ interval",
                  .imm = sign * months,
                  .imm2 = us / us_per[type.unit]};
    status = pln__x_emit(c, at, &spec, &when, 1, &type, out);
out:
    return status;
}

/* A text beside a date is a date. */
static pln_status adapt_text(xcompiler *c, const xnode *at, int32_t args[2]) {
    for (int i = 0; i < 2; i++) {
        const xreg *reg = &c->p->regs[args[i]];
        const xtype other = c->p->regs[args[1 - i]].type;
        if (reg->literal && reg->phys == X_TEXT && x_is_temporal(&other))
            return pln__x_coerce(c, at, &args[i], &other);
    }
    return PLN_OK;
}

static pln_status temporal_arith(xcompiler *c, const xnode *at, int32_t op, int32_t args[2],
                                 int32_t *out) {
    pln_status status;
    PLN__TRY(adapt_text(c, at, args));
    if (op == T_PLUS && !x_is_temporal(&c->p->regs[args[0]].type)) {
        int32_t first = args[0];
        args[0] = args[1];
        args[1] = first;
    }
    const xtype a = c->p->regs[args[0]].type, b = c->p->regs[args[1]].type;
    if (op != T_PLUS && op != T_MINUS)
        return misfit(c, at, op, args);
    if (a.id == X_INTERVAL && b.id == X_INTERVAL)
        return interval_sum(c, at, op, args, out);
    if (x_is_temporal(&a) && b.id == X_INTERVAL)
        return add_interval(c, at, op, args, out);
    bool either_null = a.id == PLN__NULL || b.id == PLN__NULL;
    if (either_null)
        return pln__x_null_constant(c, &a, out);
    if (a.id == PLN__DATE32 && x_is_integer(&b))
        return date_and_days(c, at, op, args, out);
    if (op == T_MINUS && x_is_temporal(&a) && x_is_temporal(&b))
        return difference(c, at, args, out);
    status = misfit(c, at, op, args);
out:
    return status;
}

static bool is_when(const xtype *type) {
    return x_is_temporal(type) || type->id == X_INTERVAL;
}

static pln_status compile(xcompiler *c, const xnode *at, int32_t op, int32_t a, int32_t b,
                          int32_t *out) {
    int32_t args[2] = {a, b};
    const xreg *x = &c->p->regs[a], *y = &c->p->regs[b];
    if (is_when(&x->type) || is_when(&y->type))
        return temporal_arith(c, at, op, args, out);
    if ((!x_is_number(&x->type) && !x->null) || (!x_is_number(&y->type) && !y->null))
        return misfit(c, at, op, args);
    return number_arith(c, at, op, args, out);
}

pln_status pln__x_compile_binary(xcompiler *c, xnode *node, int32_t *out) {
    return compile(c, node, node->op, node->first->reg, node->last->reg, out);
}

/* ---- signs ---- */

/* -5, and the one integer whose digits alone do not fit. */
static bool negative_literal(const xreg *reg, int64_t *out) {
    if (reg->literal && reg->type.id == PLN__INT64) {
        memcpy(out, reg->own, 8);
        *out = -*out;
        return true;
    }
    if (!reg->constant || reg->null || reg->type.id != PLN__DECIMAL128 || reg->type.scale != 0)
        return false;
    *out = INT64_MIN;
    return -pln__load_decimal128(reg->own) == INT64_MIN;
}

static pln_status negate(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status;
    int32_t args[2] = {node->first->reg, -1};
    const xtype from = c->p->regs[args[0]].type;
    xtype type = x_is_integer(&from) ? arith_integer(&from) : from, i64 = pln__x_type(PLN__INT64);
    int64_t minus = -1, value;
    if (negative_literal(&c->p->regs[args[0]], &value)) {
        PLN__TRY(pln__x_constant(c, &i64, &value, out));
        c->p->regs[*out].literal = true;
        return status;
    }
    if (type.id == PLN__UINT64)
        type = pln__x_decimal(20, 0);
    PLN__TRY(pln__x_coerce(c, node, &args[0], &type));
    PLN__TRY(pln__x_constant(c, &i64, &minus, &args[1]));
    if (type.id == PLN__DECIMAL128) {
        const xtype one = pln__x_decimal(1, 0);
        PLN__TRY(pln__x_coerce(c, node, &args[1], &one));
    } else {
        PLN__TRY(pln__x_coerce(c, node, &args[1], &type));
    }
    status = emit(c, node, T_STAR, args, &type, out);
out:
    return status;
}

static pln_status complement(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status;
    int32_t arg = node->first->reg;
    xtype type = pln__x_type(PLN__INT64);
    char text[PLN__TYPE_TEXT_SIZE];
    if (!x_is_integer(&c->p->regs[arg].type) && !c->p->regs[arg].null)
        return pln__x_error_at(c, node, PLN_ETYPE, "~ needs an integer, got %s",
                               pln__x_reg_type(c, arg, text));
    xspec spec = {.run = pln__x_bit_kernel(T_TILDE), .flags = XF_STRICT, .name = "~"};
    PLN__TRY(pln__x_coerce(c, node, &arg, &type));
    status = pln__x_emit(c, node, &spec, &arg, 1, &type, out);
out:
    return status;
}

pln_status pln__x_compile_sign(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    char text[PLN__TYPE_TEXT_SIZE];
    const xreg *arg = &c->p->regs[node->first->reg];
    xtype interval = pln__x_type(X_INTERVAL);
    if (node->op == T_TILDE)
        return complement(c, node, out);
    if (arg->type.id == X_INTERVAL) {
        int32_t args[2] = {-1, node->first->reg};
        PLN__TRY(pln__x_reg(c, &interval, &args[0]));
        return interval_sum(c, node, node->op, args, out);
    }
    if (!x_is_number(&arg->type) && !arg->null)
        return pln__x_error_at(c, node, PLN_ETYPE, "the sign %s needs a number, got %s",
                               symbol(node->op), pln__x_reg_type(c, node->first->reg, text));
    *out = node->first->reg;
    if (node->op == T_PLUS || arg->null)
        return PLN_OK;
    status = negate(c, node, out);
out:
    return status;
}
