/*
 * Which types go together, and how one becomes another.
 */
#include "expr/internal.h"

/* The narrowest integer type for values of both; a decimal where none is wide enough. */
static xtype common_integer(const xtype *a, const xtype *b) {
    static const int8_t bits[] = {8, 16, 32, 64, 8, 16, 32, 64};
    bool unsigned_a = a->id >= PLN__UINT8, unsigned_b = b->id >= PLN__UINT8;
    int32_t wide_a = bits[a->id - PLN__INT8], wide_b = bits[b->id - PLN__INT8];
    if (unsigned_a == unsigned_b)
        return wide_a >= wide_b ? *a : *b;
    int32_t s = unsigned_a ? wide_b : wide_a, u = unsigned_a ? wide_a : wide_b;
    if (u == 64)
        return pln__x_decimal(20, 0);
    int32_t need = s > u ? s : u * 2;
    return pln__x_type(need == 16 ? PLN__INT16 : need == 32 ? PLN__INT32 : PLN__INT64);
}

static xtype common_decimal(const xtype *a, const xtype *b) {
    xtype x = pln__x_as_decimal(a), y = pln__x_as_decimal(b);
    int32_t whole = x.precision - x.scale > y.precision - y.scale ? x.precision - x.scale
                                                                  : y.precision - y.scale;
    int32_t scale = x.scale > y.scale ? x.scale : y.scale;
    return pln__x_decimal(whole + scale > 38 ? 38 : whole + scale, scale);
}

static bool common_of(const xtype *a, const xtype *b, xtype *out) {
    *out = *a;
    if (pln__x_same(a, b))
        return true;
    if (x_is_integer(a) && x_is_integer(b)) {
        *out = common_integer(a, b);
        return true;
    }
    if (x_is_number(a) && x_is_number(b)) {
        *out = x_is_float(a) || x_is_float(b) ? pln__x_type(PLN__FLOAT64) : common_decimal(a, b);
        return true;
    }
    if (x_is_time(a) && x_is_time(b)) {
        *out = a->unit >= b->unit ? *a : *b;
        return true;
    }
    if (a->id == PLN__TIMESTAMP && b->id == PLN__TIMESTAMP) {
        out->unit = a->unit > b->unit ? a->unit : b->unit;
        out->timezone = a->timezone[0] != '\0' ? a->timezone : b->timezone;
        return true;
    }
    if (a->id == PLN__DATE32 && b->id == PLN__TIMESTAMP)
        *out = *b;
    return (a->id == PLN__DATE32 && b->id == PLN__TIMESTAMP) ||
           (b->id == PLN__DATE32 && a->id == PLN__TIMESTAMP);
}

/* Whether an integer literal is a value of the integer type. */
static bool literal_fits(const xreg *reg, const xtype *type) {
    int64_t value;
    memcpy(&value, reg->own, 8);
    switch (type->id) {
    case PLN__INT8: return value >= INT8_MIN && value <= INT8_MAX;
    case PLN__INT16: return value >= INT16_MIN && value <= INT16_MAX;
    case PLN__INT32: return value >= INT32_MIN && value <= INT32_MAX;
    case PLN__INT64: return true;
    case PLN__UINT8: return value >= 0 && value <= UINT8_MAX;
    case PLN__UINT16: return value >= 0 && value <= UINT16_MAX;
    case PLN__UINT32: return value >= 0 && value <= UINT32_MAX;
    case PLN__UINT64: return value >= 0;
    default: return false;
    }
}

/* An integer literal has only the digits it has. */
static xtype literal_type(const xreg *reg, const xtype *with) {
    int64_t value;
    int32_t digits = 1;
    if (with->id != PLN__DECIMAL128)
        return reg->type;
    memcpy(&value, reg->own, 8);
    for (value /= 10; value != 0; value /= 10)
        digits++;
    return pln__x_decimal(digits, 0);
}

static bool adapt(const xreg *reg, const xtype *type, xtype *out) {
    bool is_text = reg->type.id == PLN__UTF8;
    if (is_text && (x_is_temporal(type) || type->id == PLN__BINARY || type->id == PLN__UTF8)) {
        *out = *type;
        return true;
    }
    if (!is_text && x_is_integer(type) && literal_fits(reg, type)) {
        *out = *type;
        return true;
    }
    xtype own = is_text ? reg->type : literal_type(reg, type);
    return common_of(type, &own, out);
}

pln_status pln__x_common(xcompiler *c, const xnode *at, const int32_t *regs, int32_t n,
                         xtype *out) {
    bool found = false;
    char a[PLN__TYPE_TEXT_SIZE], b[PLN__TYPE_TEXT_SIZE];
    int32_t size = pln__x_fit(c->p->text + at->start, at->end - at->start, 48);
    *out = pln__x_type(PLN__NULL);
    for (int32_t pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < n; i++) {
            const xreg *reg = &c->p->regs[regs[i]];
            const xtype before = *out;
            if (reg->type.id == PLN__NULL || reg->literal != (pass == 1))
                continue;
            bool fits = !found      ? (*out = reg->type, true)
                        : pass == 1 ? adapt(reg, &before, out)
                                    : common_of(&before, &reg->type, out);
            found = true;
            if (!fits)
                return pln__x_error_at(
                    c, at, PLN_ETYPE, "'%.*s%s': %s and %s do not go together (cast one of them)",
                    size, c->p->text + at->start, size < at->end - at->start ? "…" : "",
                    pln__x_type_text(&before, a), pln__x_type_text(&reg->type, b));
        }
    }
    return PLN_OK;
}

/* ---- casts ---- */

static xkernel *from_decimal(const xtype *to) {
    switch (pln__x_phys(to)) {
    case X_I64: return pln__x_cast_dec_i64;
    case X_U64: return pln__x_cast_dec_u64;
    case X_F64: return pln__x_cast_dec_f64;
    case X_F32: return pln__x_cast_dec_f32;
    case X_DEC: return pln__x_cast_dec_dec;
    default: return NULL;
    }
}

static xkernel *to_decimal(const xtype *from) {
    switch (pln__x_phys(from)) {
    case X_I64: return pln__x_cast_i64_dec;
    case X_U64: return pln__x_cast_u64_dec;
    case X_F64: return pln__x_cast_f64_dec;
    case X_F32: return pln__x_cast_f32_dec;
    default: return NULL;
    }
}

/* Where numbers have to go by way of int64. */
static bool by_int64(const xtype *from, const xtype *to) {
    bool small_from = x_is_integer(from) && from->id != PLN__INT64 && from->id != PLN__UINT64;
    bool small_to = x_is_integer(to) && to->id != PLN__INT64 && to->id != PLN__UINT64;
    return (from->id == PLN__DECIMAL128 && small_to) || (to->id == PLN__DECIMAL128 && small_from);
}

static xkernel *temporal_cast(const xtype *from, const xtype *to) {
    if (from->id == PLN__DATE32 && to->id == PLN__TIMESTAMP)
        return pln__x_cast_date_timestamp;
    if (from->id == PLN__TIMESTAMP && to->id == PLN__DATE32)
        return pln__x_cast_timestamp_date;
    if (from->id == PLN__TIMESTAMP && to->id == PLN__TIMESTAMP)
        return from->unit == to->unit ? pln__x_cast_same : pln__x_cast_timestamp;
    if (from->id == PLN__TIMESTAMP && x_is_time(to))
        return pln__x_cast_timestamp_time;
    if (x_is_time(from) && x_is_time(to))
        return pln__x_cast_time;
    return NULL;
}

static xkernel *number_cast(const xtype *from, const xtype *to) {
    if (from->id == PLN__DECIMAL128)
        return from_decimal(to);
    if (to->id == PLN__DECIMAL128)
        return to_decimal(from);
    return pln__x_cast_kernel(pln__x_phys(from), pln__x_phys(to));
}

static xkernel *kernel_of(const xtype *from, const xtype *to) {
    if (x_is_number(from) && x_is_number(to))
        return number_cast(from, to);
    if (from->id == PLN__BOOL && x_is_integer(to))
        return pln__x_cast_bool_int;
    if (x_is_integer(from) && to->id == PLN__BOOL)
        return pln__x_cast_int_bool;
    if (from->id == PLN__UTF8 && to->id == PLN__BINARY)
        return pln__x_cast_same;
    if (from->id == PLN__BINARY && to->id == PLN__UTF8)
        return pln__x_cast_utf8;
    if (from->id == PLN__UTF8)
        return pln__x_parse_kernel(to);
    if (to->id == PLN__UTF8)
        return pln__x_format_kernel(from);
    return temporal_cast(from, to);
}

/* A cast that no value fails. */
static bool is_total(const xtype *from, const xtype *to) {
    if (x_is_integer(from) && x_is_integer(to)) {
        xtype common = common_integer(from, to);
        return pln__x_same(&common, to);
    }
    if (x_is_integer(from) && to->id == PLN__DECIMAL128)
        return to->precision - to->scale >= pln__x_digits(from);
    if (from->id == PLN__DECIMAL128 && to->id == PLN__DECIMAL128)
        return to->scale >= from->scale &&
               to->precision - to->scale >= from->precision - from->scale;
    if (x_is_number(from) && x_is_float(to))
        return !(from->id == PLN__FLOAT64 && to->id == PLN__FLOAT32);
    if (to->id == PLN__UTF8)
        return from->id != PLN__BINARY;
    return to->id == PLN__BINARY || to->id == PLN__BOOL || from->id == PLN__BOOL ||
           (from->id == PLN__TIMESTAMP && x_is_time(to)) ||
           (from->id == PLN__TIMESTAMP && to->id == PLN__TIMESTAMP && to->unit <= from->unit);
}

static pln_status no_cast(xcompiler *c, const xnode *at, const xtype *from, const xtype *to) {
    char a[PLN__TYPE_TEXT_SIZE], b[PLN__TYPE_TEXT_SIZE];
    return pln__x_error_at(c, at, PLN_ETYPE, "there is no cast from %s to %s",
                           pln__x_type_text(from, a), pln__x_type_text(to, b));
}

pln_status pln__x_cast(xcompiler *c, const xnode *at, int32_t *reg, const xtype *to, bool soft) {
    pln_status status = PLN_OK;
    const xtype from = c->p->regs[*reg].type, middle = pln__x_type(PLN__INT64);
    if (pln__x_same(&from, to)) {
        c->p->regs[*reg].literal = false;
        return PLN_OK;
    }
    if (from.id == X_INTERVAL || to->id == X_INTERVAL || x_is_nested(&from) || x_is_nested(to))
        return no_cast(c, at, &from, to);
    if (c->p->regs[*reg].null)
        return pln__x_null_constant(c, to, reg);
    if (by_int64(&from, to)) {
        PLN__TRY(pln__x_cast(c, at, reg, &middle, soft));
        return pln__x_cast(c, at, reg, to, soft);
    }
    xspec spec = {.run = kernel_of(&from, to), .flags = XF_STRICT, .name = "cast"};
    if (spec.run == NULL || to->id == PLN__NULL)
        return no_cast(c, at, &from, to);
    if (!is_total(&from, to))
        spec.flags |= XF_FAILS | (soft ? XF_TRY : 0u);
    status = pln__x_emit(c, at, &spec, reg, 1, to, reg);
out:
    return status;
}

/* As a cast, but a literal that does not fit is a mistake of the text, not of a row. */
pln_status pln__x_coerce(xcompiler *c, const xnode *at, int32_t *reg, const xtype *to) {
    const xreg before = c->p->regs[*reg];
    pln_status status = pln__x_cast(c, at, reg, to, false);
    char type[PLN__TYPE_TEXT_SIZE], shown[PLN__SHOW_SIZE];
    if (status < 0 || !before.literal || c->p->regs[*reg].constant)
        return status;
    xstr text = {NULL, 0};
    if (before.phys == X_TEXT)
        memcpy(&text, before.own, sizeof text);
    return pln__x_error_at(c, at, PLN_ETYPE, "%s is no %s", pln__show(shown, text.data, text.size),
                           pln__x_type_text(to, type));
}
