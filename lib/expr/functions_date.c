/*
 * Making, cutting, comparing and writing dates and timestamps.
 */
#include "expr/rows.h"
#include <math.h>

static int64_t get(const xreg *reg, int32_t i) {
    if (reg->phys == X_I32)
        return ((const int32_t *)reg->vec.data)[i];
    return ((const int64_t *)reg->vec.data)[i];
}

/* ---- date_trunc, date_diff ---- */

static pln_status k_trunc_date(xprog *p, const xop *op, int32_t n) {
    const int32_t *in = x_arg(p, op, 0)->data;
    int32_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++)
        if (!pln__truncate_date(in[i], (pln__time_field)op->imm, &out[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    return status;
}

static pln_status k_trunc_timestamp(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    pln__unit unit = (pln__unit)x_arg_reg(p, op, 0)->type.unit;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++)
        if (!pln__truncate_timestamp(in[i], unit, (pln__time_field)op->imm, &out[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    return status;
}

/* The constant field of the first argument. */
static pln_status take_field(xcompiler *c, const xnode *node, const char *function, int32_t reg,
                             int *field) {
    const xreg *name = &c->p->regs[reg];
    xstr word = {NULL, 0};
    char shown[PLN__SHOW_SIZE];
    if (!name->constant || name->null)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s needs a field such as 'day'", function);
    memcpy(&word, name->own, sizeof word);
    *field = pln__time_field_named((const char *)word.data, word.size);
    if (*field < 0)
        return pln__x_error_at(c, node, PLN_ENAME, "no such field: %s",
                               pln__show(shown, word.data, word.size));
    return PLN_OK;
}

static pln_status resolve_trunc(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                int32_t *out) {
    const xtype type = c->p->regs[args[1]].type;
    int field;
    char text[PLN__TYPE_TEXT_SIZE];
    pln_status status = take_field(c, node, f->name, args[0], &field);
    if (status < 0)
        return status;
    if (type.id != PLN__DATE32 && type.id != PLN__TIMESTAMP && !c->p->regs[args[1]].null)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s needs a date or timestamp, got %s", f->name,
                               pln__x_reg_type(c, args[1], text));
    xspec spec = {.run = type.id == PLN__DATE32 ? k_trunc_date : k_trunc_timestamp,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = f->name,
                  .imm = field};
    if (c->p->regs[args[1]].null)
        return pln__x_null_constant(c, &type, out);
    return pln__x_emit(c, node, &spec, &args[1], 1, &type, out);
}

/* Which field of the calendar or clock an instant is in, counted from 1970. */
static int64_t ordinal(int64_t value, const xtype *type, pln__time_field field) {
    int64_t rest, per = type->id == PLN__DATE32 ? 1 : pln__per_second((pln__unit)type->unit);
    int64_t days = type->id == PLN__DATE32 ? value : pln__floor_div(value, 86400 * per, &rest);
    pln__civil civil;
    switch (field) {
    case PLN__YEAR:
    case PLN__QUARTER:
    case PLN__MONTH:
        civil = pln__civil_of(days);
        if (field == PLN__YEAR)
            return civil.year;
        return field == PLN__MONTH ? (int64_t)civil.year * 12 + civil.month
                                   : (int64_t)civil.year * 4 + (civil.month - 1) / 3;
    case PLN__WEEK: return pln__floor_div(days + 3, 7, &rest);
    default: return days;
    }
}

/* Whole units since 1970 of what has a fixed length; false on overflow. */
static bool clock_ordinal(int64_t value, const xtype *type, pln__time_field field, int64_t *out) {
    int64_t rest, seconds = field == PLN__HOUR ? 3600 : field == PLN__MINUTE ? 60 : 1;
    pln__unit unit = field == PLN__MILLIS   ? PLN__MILLI
                     : field == PLN__MICROS ? PLN__MICRO
                                            : PLN__SECOND;
    if (type->id == PLN__DATE32)
        value *= 86400;
    if (!pln__convert_unit(value, type->id == PLN__DATE32 ? PLN__SECOND : (pln__unit)type->unit,
                           unit, out, NULL))
        return false;
    *out = pln__floor_div(*out, seconds, &rest);
    return true;
}

/* How many borders of the field lie between a and b. imm: the field. */
static pln_status k_diff(xprog *p, const xop *op, int32_t n) {
    const xreg *a = x_arg_reg(p, op, 0), *b = x_arg_reg(p, op, 1);
    pln__time_field field = (pln__time_field)op->imm;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t from = get(a, i), to = get(b, i), x = 0, y = 0;
        bool fits = true;
        if (field <= PLN__DAY) {
            x = ordinal(from, &a->type, field);
            y = ordinal(to, &b->type, field);
        } else {
            fits =
                clock_ordinal(from, &a->type, field, &x) && clock_ordinal(to, &b->type, field, &y);
        }
        out[i] = 0;
        if (!fits || __builtin_sub_overflow(y, x, &out[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static pln_status resolve_diff(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                               int32_t *out) {
    pln_status status;
    xtype type, i64 = pln__x_type(PLN__INT64);
    int field;
    char text[PLN__TYPE_TEXT_SIZE];
    PLN__TRY(take_field(c, node, f->name, args[0], &field));
    PLN__TRY(pln__x_common(c, node, args + 1, 2, &type));
    if (type.id != PLN__DATE32 && type.id != PLN__TIMESTAMP && type.id != PLN__NULL)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s needs dates or timestamps, got %s", f->name,
                               pln__x_type_text(&type, text));
    if (type.id == PLN__NULL)
        return pln__x_null_constant(c, &i64, out);
    PLN__TRY(pln__x_coerce(c, node, &args[1], &type));
    PLN__TRY(pln__x_coerce(c, node, &args[2], &type));
    xspec spec = {.run = k_diff, .flags = XF_STRICT | XF_FAILS, .name = f->name, .imm = field};
    status = pln__x_emit(c, node, &spec, args + 1, 2, &i64, out);
out:
    return status;
}

/* ---- making ---- */

static bool date_of(int64_t year, int64_t month, int64_t day, int64_t *days) {
    if (year < -5000000 || year > 5000000 || month < 1 || month > 12 || day < 1 ||
        day > pln__days_in_month(year, (int32_t)month))
        return false;
    *days = pln__days_of(year, (int32_t)month, (int32_t)day);
    return true;
}

static pln_status k_make_date(xprog *p, const xop *op, int32_t n) {
    int32_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t days = 0;
        if (!date_of(x_ints(p, op, 0)[i], x_ints(p, op, 1)[i], x_ints(p, op, 2)[i], &days))
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
        out[i] = (int32_t)days;
    }
    return status;
}

static pln_status k_make_timestamp(xprog *p, const xop *op, int32_t n) {
    const double *seconds = x_arg(p, op, 5)->data;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t days = 0, hour = x_ints(p, op, 3)[i], minute = x_ints(p, op, 4)[i];
        double us = nearbyint(seconds[i] * 1e6);
        out[i] = 0;
        bool fits = date_of(x_ints(p, op, 0)[i], x_ints(p, op, 1)[i], x_ints(p, op, 2)[i], &days) &&
                    hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && us >= 0 && us <= 60e6;
        fits = fits && pln__mul(days, INT64_C(86400000000), &out[i]) &&
               pln__add(out[i], (hour * 60 + minute) * 60000000 + (int64_t)us, &out[i]);
        if (!fits)
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
    }
    return status;
}

static pln_status k_to_timestamp(xprog *p, const xop *op, int32_t n) {
    const int64_t *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++)
        if (!pln__mul(in[i], 1000000, &out[i])) {
            out[i] = 0;
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
        }
    return status;
}

static pln_status k_real_timestamp(xprog *p, const xop *op, int32_t n) {
    const double *in = x_arg(p, op, 0)->data;
    int64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        double us = nearbyint(in[i] * 1e6);
        bool fits = us >= -9.2e18 && us <= 9.2e18;
        out[i] = fits ? (int64_t)us : 0;
        if (!fits)
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

static pln_status k_last_day(xprog *p, const xop *op, int32_t n) {
    const int32_t *in = x_arg(p, op, 0)->data;
    int32_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        pln__civil civil = pln__civil_of(in[i]);
        int64_t last = (int64_t)in[i] + pln__days_in_month(civil.year, civil.month) - civil.day;
        out[i] = (int32_t)last;
        if (last != (int32_t)last)
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
    }
    return status;
}

/* ---- strftime ---- */

typedef struct moment {
    pln__civil civil;
    int64_t days;
    int64_t second;   /* of the day */
    int64_t fraction; /* of the second, in microseconds */
} moment;

static moment moment_of(const xreg *reg, int32_t i) {
    moment m = {0};
    int64_t value = get(reg, i), rest = 0, us;
    m.days = value;
    if (reg->type.id == PLN__TIMESTAMP) {
        pln__unit unit = (pln__unit)reg->type.unit;
        m.days = pln__split_timestamp(value, unit, &rest);
        (void)pln__convert_unit(rest, unit, PLN__MICRO, &us, NULL);
        m.second = us / 1000000;
        m.fraction = us % 1000000;
    }
    m.civil = pln__civil_of(m.days);
    return m;
}

static uint8_t *digits(uint8_t *to, int64_t value, int32_t width) {
    char text[PLN__INT64_TEXT_SIZE];
    if (value < 0) {
        *to++ = '-';
        value = -value;
    }
    int64_t n = pln__format_int64(text, value);
    for (int64_t k = n; k < width; k++)
        *to++ = '0';
    memcpy(to, text, (size_t)n);
    return to + n;
}

static uint8_t *name(uint8_t *to, const char *text, int32_t size) {
    size_t n = size > 0 ? (size_t)size : strlen(text);
    memcpy(to, text, n);
    return to + n;
}

static uint8_t *names_of(uint8_t *to, const moment *m, char code) {
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    switch (code) {
    case 'a': return name(to, days[pln__weekday(m->days) % 7], 3);
    case 'A': return name(to, days[pln__weekday(m->days) % 7], 0);
    case 'b': return name(to, months[m->civil.month - 1], 3);
    case 'B': return name(to, months[m->civil.month - 1], 0);
    default: return name(to, m->second < 43200 ? "AM" : "PM", 2);
    }
}

/* One code; NULL if there is no such. At most 24 bytes are written. */
static uint8_t *put_code(uint8_t *to, const moment *m, uint8_t code) {
    int32_t iso;
    int64_t hour = m->second / 3600;
    switch (code) {
    case 'Y': return digits(to, m->civil.year, 4);
    case 'y': return digits(to, (m->civil.year % 100 + 100) % 100, 2);
    case 'm': return digits(to, m->civil.month, 2);
    case 'd': return digits(to, m->civil.day, 2);
    case 'j': return digits(to, pln__day_of_year(m->days), 3);
    case 'H': return digits(to, hour, 2);
    case 'I': return digits(to, hour % 12 == 0 ? 12 : hour % 12, 2);
    case 'M': return digits(to, m->second / 60 % 60, 2);
    case 'S': return digits(to, m->second % 60, 2);
    case 'f': return digits(to, m->fraction, 6);
    case 'u': return digits(to, pln__weekday(m->days), 1);
    case 'w': return digits(to, pln__weekday(m->days) % 7, 1);
    case 'V': return digits(to, pln__iso_week(m->days, &iso), 2);
    case 'G': (void)pln__iso_week(m->days, &iso); return digits(to, iso, 4);
    case 's': return digits(to, m->days * 86400 + m->second, 1);
    case '%': *to = '%'; return to + 1;
    case 'a':
    case 'A':
    case 'b':
    case 'B':
    case 'p': return names_of(to, m, (char)code);
    default: return NULL;
    }
}

/* %F and %T are written out: %Y-%m-%d and %H:%M:%S. */
static uint8_t *put_codes(uint8_t *to, const moment *m, uint8_t code) {
    const char *all = code == 'F' ? "Y-m-d" : code == 'T' ? "H:M:S" : NULL;
    if (all == NULL)
        return put_code(to, m, code);
    for (; *all != '\0'; all++) {
        if (*all == '-' || *all == ':')
            *to++ = (uint8_t)*all;
        else
            to = put_code(to, m, (uint8_t)*all);
    }
    return to;
}

static pln_status write_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    xstr format = x_text(x_arg(p, op, 1), i);
    moment m = moment_of(x_arg_reg(p, op, 0), i);
    if (format.size > X_VALUE_MAX / 32)
        return pln__x_fail(p, op, n, i, XR_LONG);
    uint8_t *bytes = pln__x_bytes(&p->block, format.size * 16 + 32), *to = bytes;
    if (bytes == NULL)
        return PLN_ENOMEM;
    for (int64_t k = 0; k < format.size && to != NULL; k++) {
        if (format.data[k] != '%')
            *to++ = format.data[k];
        else
            to = ++k < format.size ? put_codes(to, &m, format.data[k]) : NULL;
    }
    if (to == NULL)
        return pln__x_fail(p, op, n, i, XR_DOMAIN);
    pln__x_bytes_trim(&p->block, bytes, to - bytes);
    *out = (xstr){bytes, to - bytes};
    return PLN_OK;
}

static pln_status k_strftime(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, write_row);
}

const xfunction pln__x_date_functions[] = {
    {"date_trunc", "t*", '1', NULL, 0, 0, resolve_trunc},
    {"date_diff", "t**", 'i', NULL, 0, 0, resolve_diff},
    {"datediff", "t**", 'i', NULL, 0, 0, resolve_diff},
    {"make_date", "iii", 'd', k_make_date, XF_STRICT | XF_FAILS, 0, NULL},
    {"make_timestamp", "iiiiif", 'Z', k_make_timestamp, XF_STRICT | XF_FAILS, 0, NULL},
    {"to_timestamp", "i", 'z', k_to_timestamp, XF_STRICT | XF_FAILS, 0, NULL},
    {"to_timestamp", "f", 'z', k_real_timestamp, XF_STRICT | XF_FAILS, 0, NULL},
    {"last_day", "d", 'd', k_last_day, XF_STRICT | XF_FAILS, 0, NULL},
    {"strftime", "dt", 't', k_strftime, XF_STRICT | XF_FAILS, 0, NULL},
    {"strftime", "st", 't', k_strftime, XF_STRICT | XF_FAILS, 0, NULL}};
const int32_t pln__x_date_functions_count = PLN__COUNT(pln__x_date_functions);
