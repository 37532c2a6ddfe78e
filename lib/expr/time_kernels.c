/*
 * Dates, times and timestamps among each other. A timestamp with a zone is an instant in UTC, and so is one without.
 */
#include "expr/internal.h"

static int64_t get(const xreg *reg, int32_t i) {
    if (reg->phys == X_I32)
        return ((const int32_t *)reg->vec.data)[i];
    return ((const int64_t *)reg->vec.data)[i];
}

static void put(const xreg *out, int32_t i, int64_t value) {
    void *to = (void *)(uintptr_t)out->vec.data;
    if (out->phys == X_I32)
        ((int32_t *)to)[i] = (int32_t)value;
    else
        ((int64_t *)to)[i] = value;
}

static int64_t day_of(int32_t unit) {
    return 86400 * pln__per_second((pln__unit)unit);
}

pln_status pln__x_cast_date_timestamp(xprog *p, const xop *op, int32_t n) {
    const int32_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op), day = day_of(x_out(p, op)->type.unit);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++)
        if (!pln__mul(in[i], day, &out[i]))
            status = pln__x_fail(p, op, n, i, XR_RANGE);
    return status;
}

pln_status pln__x_cast_timestamp_date(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int32_t *out = x_dest(p, op);
    int64_t day = day_of(x_arg_reg(p, op, 0)->type.unit), rest;
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int64_t value = pln__floor_div(in[i], day, &rest);
        out[i] = (int32_t)value;
        if (value != (int32_t)value)
            status = pln__x_fail(p, op, n, i, XR_RANGE);
    }
    return status;
}

static pln_status convert(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0), *out = x_out(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int64_t value = 0;
        if (!pln__convert_unit(get(in, i), (pln__unit)in->type.unit, (pln__unit)out->type.unit,
                               &value, NULL))
            status = pln__x_fail(p, op, n, i, XR_RANGE);
        put(out, i, value);
    }
    return status;
}

pln_status pln__x_cast_timestamp(xprog *p, const xop *op, int32_t n) {
    return convert(p, op, n);
}

pln_status pln__x_cast_time(xprog *p, const xop *op, int32_t n) {
    return convert(p, op, n);
}

pln_status pln__x_cast_timestamp_time(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0), *out = x_out(p, op);
    int64_t day = day_of(in->type.unit), rest, value;
    for (int32_t i = 0; i < n; i++) {
        (void)pln__floor_div(get(in, i), day, &rest);
        value = 0;
        (void)pln__convert_unit(rest, (pln__unit)in->type.unit, (pln__unit)out->type.unit, &value,
                                NULL);
        put(out, i, value);
    }
    return PLN_OK;
}

/* imm: 1 or -1. */
pln_status pln__x_add_days(xprog *p, const xop *op, int32_t n) {
    const int32_t *in = x_arg(p, op, 0)->data;
    const int64_t *days = x_arg(p, op, 1)->data;
    int32_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int64_t sum;
        bool fits =
            pln__mul(days[i], op->imm, &sum) && pln__add(sum, in[i], &sum) && sum == (int32_t)sum;
        out[i] = fits ? (int32_t)sum : 0;
        if (PLN__UNLIKELY(!fits))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

pln_status pln__x_days_between(xprog *p, const xop *op, int32_t n) {
    const int32_t *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = (int64_t)a[i] - b[i];
    return PLN_OK;
}

pln_status pln__x_us_between(xprog *p, const xop *op, int32_t n) {
    const int64_t *a = x_arg(p, op, 0)->data, *b = x_arg(p, op, 1)->data;
    pln__unit unit = (pln__unit)x_arg_reg(p, op, 0)->type.unit;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int64_t d = 0;
        bool fits = !__builtin_sub_overflow(a[i], b[i], &d) &&
                    pln__convert_unit(d, unit, PLN__MICRO, &d, NULL);
        out[i] = fits ? d : 0;
        if (PLN__UNLIKELY(!fits))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static bool add_months(int64_t value, int64_t day, int64_t months, int64_t *out) {
    int64_t rest, days = pln__floor_div(value, day, &rest);
    int32_t moved;
    if (days != (int32_t)days || !pln__add_months((int32_t)days, months, &moved))
        return false;
    return pln__mul(moved, day, out) && pln__add(*out, rest, out);
}

/* imm: months; imm2: units of the timestamp. Months first, as PostgreSQL has it. */
pln_status pln__x_add_interval(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op), day = day_of(x_out(p, op)->type.unit);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status == PLN_OK; i++) {
        int64_t value = in[i];
        bool fits = (op->imm == 0 || add_months(value, day, op->imm, &value)) &&
                    pln__add(value, op->imm2, &value);
        out[i] = fits ? value : 0;
        if (PLN__UNLIKELY(!fits))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

/* Around the clock. */
pln_status pln__x_time_add(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0), *out = x_out(p, op);
    int64_t day = day_of(out->type.unit), add = op->imm2 % day, rest;
    for (int32_t i = 0; i < n; i++) {
        (void)pln__floor_div(get(in, i) % day + add, day, &rest);
        put(out, i, rest);
    }
    return PLN_OK;
}
