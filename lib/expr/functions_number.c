#include "expr/decimal.h"
#include "expr/internal.h"
#include <math.h>

/* ---- functions of float64 ---- */

static pln_status map_real(xprog *p, const xop *op, int32_t n, double (*f)(double)) {
    const double *in = x_arg(p, op, 0)->data;
    double *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = f(in[i]);
        if (PLN__LIKELY(isfinite(out[i])) || isnan(in[i]))
            continue;
        /* An infinite result of an infinite argument is right; everything else has left the function's domain or range. */
        if (isnan(out[i]) || (isinf(out[i]) && in[i] <= 0))
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
        else if (!isinf(in[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static double degrees(double x) {
    return x * (180.0 / 3.14159265358979323846);
}
static double radians(double x) {
    return x * (3.14159265358979323846 / 180.0);
}
static double sign_of(double x) {
    return isnan(x) ? x : (double)((x > 0) - (x < 0));
}

#define MAP(name, f)                                                                               \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        return map_real(p, op, n, f);                                                              \
    }
MAP(k_sqrt, sqrt)
MAP(k_cbrt, cbrt)
MAP(k_exp, exp)
MAP(k_ln, log)
MAP(k_log10, log10)
MAP(k_log2, log2)
MAP(k_sin, sin)
MAP(k_cos, cos)
MAP(k_tan, tan)
MAP(k_asin, asin)
MAP(k_acos, acos)
MAP(k_atan, atan)
MAP(k_degrees, degrees)
MAP(k_radians, radians)

#define PLAIN(name, f)                                                                             \
    static pln_status name(xprog *p, const xop *op, int32_t n) {                                   \
        const double *in = x_arg(p, op, 0)->data;                                                  \
        double *out = x_dest(p, op);                                                               \
        for (int32_t i = 0; i < n; i++)                                                            \
            out[i] = f(in[i]);                                                                     \
        return PLN_OK;                                                                             \
    }
PLAIN(k_abs_real, fabs)
PLAIN(k_sign_real, sign_of)
PLAIN(k_round_real, round)
PLAIN(k_trunc_real, trunc)
PLAIN(k_ceil_real, ceil)
PLAIN(k_floor_real, floor)

static pln_status k_atan2(xprog *p, const xop *op, int32_t n) {
    const double *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    double *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = atan2(a[i], b[i]);
    return PLN_OK;
}

/* log(base, x) */
static pln_status k_log(xprog *p, const xop *op, int32_t n) {
    const double *base = x_arg(p, op, 0)->data, *x = x_arg(p, op, 1)->data;
    double *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        bool defined = !(base[i] <= 0) && !(x[i] <= 0) && base[i] != 1;
        out[i] = defined ? log(x[i]) / log(base[i]) : 0;
        if (!defined)
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
    }
    return status;
}

enum { REAL_NAN, REAL_FINITE, REAL_INF };

static pln_status k_classify(xprog *p, const xop *op, int32_t n) {
    const double *in = x_arg(p, op, 0)->data;
    uint64_t *out = x_dest(p, op);
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++) {
        bool yes = op->imm == REAL_NAN      ? isnan(in[i])
                   : op->imm == REAL_FINITE ? isfinite(in[i])
                                            : isinf(in[i]);
        out[i / 64] |= (uint64_t)yes << (i % 64);
    }
    return PLN_OK;
}

/* ---- integers ---- */

static pln_status k_abs_int(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = in[i] == INT64_MIN ? 0 : in[i] < 0 ? -in[i] : in[i];
        if (PLN__UNLIKELY(in[i] == INT64_MIN))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static pln_status k_sign_int(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = (in[i] > 0) - (in[i] < 0);
    return PLN_OK;
}

static pln_status k_bit_count(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = __builtin_popcountll((uint64_t)in[i]);
    return PLN_OK;
}

/* ---- rounding ---- */

enum { MODE_ROUND, MODE_TRUNC, MODE_CEIL, MODE_FLOOR };

/* value / 10^digits as a whole number. */
static pln__int128 rounded(pln__int128 value, int32_t digits, int64_t mode) {
    if (digits <= 0)
        return value;
    bool beyond = digits > 38;
    pln__int128 ten = pln__decimal128_ten(beyond ? 38 : digits);
    pln__int128 q = beyond ? 0 : value / ten, rest = beyond ? value : value % ten;
    pln__int128 size = rest < 0 ? -rest : rest;
    if (mode == MODE_ROUND && !beyond && size >= ten - size)
        q += value < 0 ? -1 : 1;
    if (mode == MODE_CEIL && rest > 0)
        q++;
    if (mode == MODE_FLOOR && rest < 0)
        q--;
    return q;
}

static bool at_scale(pln__int128 q, int32_t zeros, int32_t precision, pln__int128 *out) {
    pln__int128 limit = pln__decimal128_ten(precision);
    if (q == 0) {
        *out = 0;
        return true;
    }
    if (zeros > 38 || __builtin_mul_overflow(q, pln__decimal128_ten(zeros), out))
        return false;
    return *out<limit && * out> - limit;
}

/* imm: how; imm2: digits behind the point to keep. */
static pln_status k_round_decimal(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    const xtype from = x_arg_reg(p, op, 0)->type, to = x_out(p, op)->type;
    pln__int128 *out = x_dest(p, op);
    int32_t keep = (int32_t)op->imm2;
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        pln__int128 q = rounded(in[i], from.scale - keep, op->imm), r = 0;
        int32_t zeros = keep > from.scale ? 0 : to.scale - keep;
        bool fits = at_scale(q, zeros, to.precision, &r);
        out[i] = fits ? r : 0;
        if (PLN__UNLIKELY(!fits))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

/* Digits from the second argument, of use only where they are negative. */
static pln_status k_round_int(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data, *digits = x_arg(p, op, 1)->data;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int32_t drop = digits[i] >= 0 ? 0 : digits[i] < -38 ? 38 : (int32_t)-digits[i];
        pln__int128 r = 0;
        bool fits = at_scale(rounded(in[i], drop, op->imm), drop, 38, &r) && r == (int64_t)r;
        out[i] = fits ? (int64_t)r : 0;
        if (PLN__UNLIKELY(!fits))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static double round_to(double x, int64_t digits, int64_t mode) {
    if (!isfinite(x) || digits > 308)
        return x;
    if (digits < -308)
        return 0;
    double ten = pow(10, (double)(digits < 0 ? -digits : digits));
    double scaled = digits < 0 ? x / ten : x * ten;
    if (!isfinite(scaled))
        return x;
    scaled = mode == MODE_ROUND ? round(scaled) : trunc(scaled);
    return digits < 0 ? scaled * ten : scaled / ten;
}

static pln_status k_round_digits(xprog *p, const xop *op, int32_t n) {
    const double *in = x_arg(p, op, 0)->data;
    const int64_t *digits = x_arg(p, op, 1)->data;
    double *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = round_to(in[i], digits[i], op->imm);
    return PLN_OK;
}

/* ---- functions whose type follows their argument ---- */

static xkernel *real_rounding(int64_t mode) {
    static xkernel *const kernels[] = {k_round_real, k_trunc_real, k_ceil_real, k_floor_real};
    return kernels[mode];
}

static pln_status round_decimal(xcompiler *c, xnode *node, const xfunction *f, const int32_t *args,
                                int32_t *out) {
    const xtype from = c->p->regs[args[0]].type;
    int64_t keep = 0;
    if (node->n_args == 2) {
        const xreg *digits = &c->p->regs[args[1]];
        if (!digits->constant)
            return pln__x_error_at(c, node, PLN_ETYPE,
                                   "%s of a decimal: the number of digits must be a constant",
                                   f->name);
        if (digits->null)
            return pln__x_null_constant(c, &from, out);
        memcpy(&keep, digits->own, 8);
    }
    keep = keep > from.scale ? from.scale : keep < -38 ? -38 : keep;
    int32_t scale = keep < 0 ? 0 : (int32_t)keep;
    int32_t precision = from.precision - from.scale + scale + 1;
    xtype type = pln__x_decimal(precision > 38 ? 38 : precision, scale);
    xspec spec = {.run = k_round_decimal,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = f->name,
                  .imm = f->imm,
                  .imm2 = keep};
    return pln__x_emit(c, node, &spec, args, 1, &type, out);
}

static pln_status resolve_round(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                int32_t *out) {
    pln_status status = PLN_OK;
    const xtype from = c->p->regs[args[0]].type;
    xtype i64 = pln__x_type(PLN__INT64), f64 = pln__x_type(PLN__FLOAT64);
    bool two = node->n_args == 2;
    if (two)
        PLN__TRY(pln__x_coerce(c, node, &args[1], &i64));
    if (from.id == PLN__DECIMAL128)
        return round_decimal(c, node, f, args, out);
    if (x_is_integer(&from)) {
        *out = args[0];
        c->p->regs[*out].literal = false;
        if (!two)
            return PLN_OK;
        PLN__TRY(pln__x_coerce(c, node, &args[0], &i64));
        xspec spec = {
            .run = k_round_int, .flags = XF_STRICT | XF_FAILS, .name = f->name, .imm = f->imm};
        return pln__x_emit(c, node, &spec, args, 2, &i64, out);
    }
    PLN__TRY(pln__x_coerce(c, node, &args[0], &f64));
    xspec spec = {.run = two ? k_round_digits : real_rounding(f->imm),
                  .flags = XF_STRICT,
                  .name = f->name,
                  .imm = f->imm};
    status = pln__x_emit(c, node, &spec, args, node->n_args, &f64, out);
out:
    return status;
}

static pln_status k_abs_decimal(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    pln__int128 *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = in[i] < 0 ? -in[i] : in[i];
    return PLN_OK;
}

static pln_status k_sign_decimal(xprog *p, const xop *op, int32_t n) {
    const pln__int128 *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = (in[i] > 0) - (in[i] < 0);
    return PLN_OK;
}

/* mod(a, b) and xor(a, b) are operators by another name. */
static pln_status resolve_operator(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                   int32_t *out) {
    (void)args;
    node->op = (int32_t)f->imm;
    return pln__x_compile_binary(c, node, out);
}

static pln_status resolve_xor(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                              int32_t *out) {
    pln_status status;
    xtype i64 = pln__x_type(PLN__INT64);
    PLN__TRY(pln__x_coerce(c, node, &args[0], &i64));
    PLN__TRY(pln__x_coerce(c, node, &args[1], &i64));
    xspec spec = {.run = pln__x_bit_kernel(0), .flags = XF_STRICT, .name = f->name};
    status = pln__x_emit(c, node, &spec, args, 2, &i64, out);
out:
    return status;
}

static pln_status resolve_pi(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                             int32_t *out) {
    xtype f64 = pln__x_type(PLN__FLOAT64);
    double pi = 3.14159265358979323846;
    (void)node;
    (void)f;
    (void)args;
    return pln__x_constant(c, &f64, &pi, out);
}

const xfunction pln__x_number_functions[] = {
    {"abs", "i", 'i', k_abs_int, XF_STRICT | XF_FAILS, 0, NULL},
    {"abs", "n", '1', k_abs_decimal, XF_STRICT, 0, NULL},
    {"abs", "f", 'f', k_abs_real, XF_STRICT, 0, NULL},
    {"sign", "i", 'i', k_sign_int, XF_STRICT, 0, NULL},
    {"sign", "n", 'i', k_sign_decimal, XF_STRICT, 0, NULL},
    {"sign", "f", 'f', k_sign_real, XF_STRICT, 0, NULL},
    {"round", "f", 'f', NULL, 0, MODE_ROUND, resolve_round},
    {"round", "fi", 'f', NULL, 0, MODE_ROUND, resolve_round},
    {"trunc", "f", 'f', NULL, 0, MODE_TRUNC, resolve_round},
    {"trunc", "fi", 'f', NULL, 0, MODE_TRUNC, resolve_round},
    {"ceil", "f", 'f', NULL, 0, MODE_CEIL, resolve_round},
    {"ceiling", "f", 'f', NULL, 0, MODE_CEIL, resolve_round},
    {"floor", "f", 'f', NULL, 0, MODE_FLOOR, resolve_round},
    {"mod", "ff", 'f', NULL, 0, T_PERCENT, resolve_operator},
    {"power", "ff", 'f', NULL, 0, T_POWER, resolve_operator},
    {"pow", "ff", 'f', NULL, 0, T_POWER, resolve_operator},
    {"xor", "ii", 'i', NULL, 0, 0, resolve_xor},
    {"bit_count", "i", 'i', k_bit_count, XF_STRICT, 0, NULL},
    {"sqrt", "f", 'f', k_sqrt, XF_STRICT | XF_FAILS, 0, NULL},
    {"cbrt", "f", 'f', k_cbrt, XF_STRICT, 0, NULL},
    {"exp", "f", 'f', k_exp, XF_STRICT | XF_FAILS, 0, NULL},
    {"ln", "f", 'f', k_ln, XF_STRICT | XF_FAILS, 0, NULL},
    {"log", "f", 'f', k_log10, XF_STRICT | XF_FAILS, 0, NULL},
    {"log", "ff", 'f', k_log, XF_STRICT | XF_FAILS, 0, NULL},
    {"log10", "f", 'f', k_log10, XF_STRICT | XF_FAILS, 0, NULL},
    {"log2", "f", 'f', k_log2, XF_STRICT | XF_FAILS, 0, NULL},
    {"sin", "f", 'f', k_sin, XF_STRICT | XF_FAILS, 0, NULL},
    {"cos", "f", 'f', k_cos, XF_STRICT | XF_FAILS, 0, NULL},
    {"tan", "f", 'f', k_tan, XF_STRICT | XF_FAILS, 0, NULL},
    {"asin", "f", 'f', k_asin, XF_STRICT | XF_FAILS, 0, NULL},
    {"acos", "f", 'f', k_acos, XF_STRICT | XF_FAILS, 0, NULL},
    {"atan", "f", 'f', k_atan, XF_STRICT, 0, NULL},
    {"atan2", "ff", 'f', k_atan2, XF_STRICT, 0, NULL},
    {"degrees", "f", 'f', k_degrees, XF_STRICT | XF_FAILS, 0, NULL},
    {"radians", "f", 'f', k_radians, XF_STRICT, 0, NULL},
    {"pi", "", 'f', NULL, 0, 0, resolve_pi},
    {"is_nan", "f", 'b', k_classify, XF_STRICT, REAL_NAN, NULL},
    {"isnan", "f", 'b', k_classify, XF_STRICT, REAL_NAN, NULL},
    {"is_finite", "f", 'b', k_classify, XF_STRICT, REAL_FINITE, NULL},
    {"isfinite", "f", 'b', k_classify, XF_STRICT, REAL_FINITE, NULL},
    {"isinf", "f", 'b', k_classify, XF_STRICT, REAL_INF, NULL}};
const int32_t pln__x_number_functions_count = PLN__COUNT(pln__x_number_functions);
