/*
 * Fields of dates, times and timestamps; now.
 */
#include "expr/internal.h"

typedef enum field {
    F_YEAR,
    F_QUARTER,
    F_MONTH,
    F_WEEK,
    F_DAY,
    F_DOW,
    F_ISODOW,
    F_DOY,
    F_ISOYEAR,
    F_DECADE,
    F_CENTURY,
    F_MILLENNIUM,
    F_HOUR,
    F_MINUTE,
    F_SECOND,
    F_MILLISECOND,
    F_MICROSECOND,
    F_EPOCH,
    F_EPOCH_MS,
    F_EPOCH_US,
    F_EPOCH_NS,
    FIELD_COUNT
} field;

static int field_named(xstr name) {
    static const struct {
        const char *name;
        int8_t field;
    } names[] = {{"year", F_YEAR},
                 {"years", F_YEAR},
                 {"quarter", F_QUARTER},
                 {"month", F_MONTH},
                 {"months", F_MONTH},
                 {"week", F_WEEK},
                 {"weeks", F_WEEK},
                 {"day", F_DAY},
                 {"days", F_DAY},
                 {"dow", F_DOW},
                 {"dayofweek", F_DOW},
                 {"isodow", F_ISODOW},
                 {"doy", F_DOY},
                 {"dayofyear", F_DOY},
                 {"isoyear", F_ISOYEAR},
                 {"decade", F_DECADE},
                 {"century", F_CENTURY},
                 {"millennium", F_MILLENNIUM},
                 {"hour", F_HOUR},
                 {"hours", F_HOUR},
                 {"minute", F_MINUTE},
                 {"minutes", F_MINUTE},
                 {"second", F_SECOND},
                 {"seconds", F_SECOND},
                 {"millisecond", F_MILLISECOND},
                 {"milliseconds", F_MILLISECOND},
                 {"microsecond", F_MICROSECOND},
                 {"microseconds", F_MICROSECOND},
                 {"epoch", F_EPOCH}};
    for (int i = 0; i < PLN__COUNT(names); i++)
        if (pln__x_word_is((const char *)name.data, (int32_t)name.size, names[i].name))
            return names[i].field;
    return -1;
}

static int64_t get(const xreg *reg, int32_t i) {
    if (reg->phys == X_I32)
        return ((const int32_t *)reg->vec.data)[i];
    return ((const int64_t *)reg->vec.data)[i];
}

static int64_t floor_by(int64_t value, int64_t by) {
    int64_t rest;
    return pln__floor_div(value, by, &rest);
}

/* PostgreSQL's count: there is no year, century or millennium 0. */
static int64_t span_of_years(int64_t year, int64_t by) {
    return year > 0 ? (year + by - 1) / by : -((by - 1 - (year - 1)) / by);
}

static int64_t of_date(int64_t days, int64_t which) {
    pln__civil civil = pln__civil_of(days);
    int32_t iso;
    switch (which) {
    case F_YEAR: return civil.year;
    case F_QUARTER: return (civil.month + 2) / 3;
    case F_MONTH: return civil.month;
    case F_WEEK: return pln__iso_week(days, &iso);
    case F_DAY: return civil.day;
    case F_DOW: return pln__weekday(days) % 7;
    case F_ISODOW: return pln__weekday(days);
    case F_DOY: return pln__day_of_year(days);
    case F_ISOYEAR: (void)pln__iso_week(days, &iso); return iso;
    case F_DECADE: return floor_by(civil.year, 10);
    case F_CENTURY: return span_of_years(civil.year, 100);
    default: return span_of_years(civil.year, 1000);
    }
}

static int64_t of_time(int64_t of_day, int64_t per_second, int64_t which) {
    int64_t second = of_day / per_second, in_minute = of_day % (60 * per_second);
    switch (which) {
    case F_HOUR: return second / 3600;
    case F_MINUTE: return second / 60 % 60;
    case F_SECOND: return second % 60;
    case F_MILLISECOND:
        return per_second >= 1000 ? in_minute / (per_second / 1000) : in_minute * 1000;
    default:
        return per_second >= 1000000 ? in_minute / (per_second / 1000000)
                                     : in_minute * (1000000 / per_second);
    }
}

static bool of_epoch(int64_t value, const xtype *type, int64_t which, int64_t *out) {
    pln__unit unit = type->id == PLN__DATE32 ? PLN__SECOND : (pln__unit)type->unit;
    if (type->id == PLN__DATE32)
        value *= 86400;
    pln__unit to = which == F_EPOCH      ? PLN__SECOND
                   : which == F_EPOCH_MS ? PLN__MILLI
                   : which == F_EPOCH_US ? PLN__MICRO
                                         : PLN__NANO;
    return pln__convert_unit(value, unit, to, out, NULL);
}

/* imm: the field. */
static pln_status k_field(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0);
    const xtype type = in->type;
    int64_t *out = x_dest(p, op), rest = 0;
    int64_t per_second = type.id == PLN__DATE32 ? 1 : pln__per_second((pln__unit)type.unit);
    bool has_date = type.id != PLN__TIME32 && type.id != PLN__TIME64;
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t value = get(in, i), days = value;
        if (type.id == PLN__TIMESTAMP)
            days = pln__floor_div(value, 86400 * per_second, &rest);
        else if (!has_date)
            rest = value;
        out[i] = 0;
        if (op->imm >= F_EPOCH && !of_epoch(value, &type, op->imm, &out[i]))
            status = pln__x_fail(p, op, n, i, XR_OVERFLOW);
        else if (op->imm < F_HOUR)
            out[i] = of_date(days, op->imm);
        else if (op->imm < F_EPOCH)
            out[i] = of_time(rest, per_second, op->imm);
    }
    return status;
}

/* Seconds with their fraction: of the minute, or since 1970 (imm2). The result's scale is 6, or 9 for nanoseconds. */
static pln_status k_seconds(xprog *p, const xop *op, int32_t n) {
    const xreg *in = x_arg_reg(p, op, 0);
    pln__int128 *out = x_dest(p, op);
    int64_t per = in->type.id == PLN__DATE32 ? 1 : pln__per_second((pln__unit)in->type.unit), rest;
    pln__int128 up = x_out(p, op)->type.scale == 9 ? 1000000000 / per : 1000000 / per;
    for (int32_t i = 0; i < n; i++) {
        pln__int128 value = get(in, i);
        if (in->type.id == PLN__DATE32)
            value *= 86400;
        if (op->imm2 == 0) {
            (void)pln__floor_div((int64_t)value, 60 * per, &rest);
            value = rest;
        }
        out[i] = value * up;
    }
    return PLN_OK;
}

static bool field_fits(const xtype *type, int which) {
    if (type->id == PLN__DATE32)
        return which < F_HOUR || which >= F_EPOCH;
    return !x_is_time(type) || which >= F_HOUR;
}

/* extract(field from x), date_part('field', x) */
static pln_status resolve_extract(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                  int32_t *out) {
    const xreg *name = &c->p->regs[args[0]];
    const xtype type = c->p->regs[args[1]].type;
    char text[PLN__TYPE_TEXT_SIZE], shown[PLN__SHOW_SIZE];
    xstr word = {NULL, 0};
    xtype result = pln__x_type(PLN__INT64);
    if (!name->constant || name->null)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s needs a field such as 'year'", f->name);
    memcpy(&word, name->own, sizeof word);
    int which = field_named(word);
    if (which < 0)
        return pln__x_error_at(c, node, PLN_ENAME, "no such field: %s",
                               pln__show(shown, word.data, word.size));
    if (c->p->regs[args[1]].null)
        return pln__x_null_constant(c, &result, out);
    if (!x_is_temporal(&type))
        return pln__x_error_at(c, node, PLN_ETYPE, "%s needs a date, time or timestamp, got %s",
                               f->name, pln__x_reg_type(c, args[1], text));
    if (!field_fits(&type, which))
        return pln__x_error_at(c, node, PLN_ETYPE, "%s has no field %s",
                               pln__x_reg_type(c, args[1], text),
                               pln__show(shown, word.data, word.size));
    xspec spec = {.run = k_field, .flags = XF_STRICT, .name = f->name, .imm = which};
    if (which == F_SECOND || which == F_EPOCH) {
        bool nano = type.id != PLN__DATE32 && type.unit == PLN__NANO, epoch = which == F_EPOCH;
        result = pln__x_decimal(epoch ? (nano ? 19 : 25) : nano ? 11 : 8, nano ? 9 : 6);
        spec.run = k_seconds;
        spec.imm2 = epoch;
    }
    return pln__x_emit(c, node, &spec, &args[1], 1, &result, out);
}

/* ---- the clock of the run ---- */

static pln_status k_now(xprog *p, const xop *op, int32_t n) {
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = p->now_us;
    return PLN_OK;
}

static pln_status k_today(xprog *p, const xop *op, int32_t n) {
    int32_t *out = x_dest(p, op);
    int32_t today = (int32_t)floor_by(p->now_us, INT64_C(86400000000));
    for (int32_t i = 0; i < n; i++)
        out[i] = today;
    return PLN_OK;
}

static pln_status resolve_now(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                              int32_t *out) {
    xtype type = f->result == 'd' ? pln__x_type(PLN__DATE32)
                                  : pln__x_timestamp(PLN__MICRO, f->result == 'z' ? "UTC" : "");
    xspec spec = {.run = f->run, .flags = XF_LOAD | XF_NOT_NULL, .name = f->name};
    (void)args;
    c->p->is_volatile = true;
    return pln__x_emit(c, node, &spec, NULL, 0, &type, out);
}

#define FIELD(name, which)                                                                         \
    {name, "d", 'i', k_field, XF_STRICT, which, NULL}, {                                           \
        name, "s", 'i', k_field, XF_STRICT, which, NULL                                            \
    }
#define CLOCK(name, which)                                                                         \
    {name, "s", 'i', k_field, XF_STRICT, which, NULL}, {                                           \
        name, "m", 'i', k_field, XF_STRICT, which, NULL                                            \
    }
#define EPOCH(name, which)                                                                         \
    {name, "d", 'i', k_field, XF_STRICT | XF_FAILS, which, NULL}, {                                \
        name, "s", 'i', k_field, XF_STRICT | XF_FAILS, which, NULL                                 \
    }

const xfunction pln__x_time_functions[] = {{"extract", "t*", 'i', NULL, 0, 0, resolve_extract},
                                           {"date_part", "t*", 'i', NULL, 0, 0, resolve_extract},
                                           FIELD("year", F_YEAR),
                                           FIELD("quarter", F_QUARTER),
                                           FIELD("month", F_MONTH),
                                           FIELD("week", F_WEEK),
                                           FIELD("day", F_DAY),
                                           FIELD("dow", F_DOW),
                                           FIELD("dayofweek", F_DOW),
                                           FIELD("isodow", F_ISODOW),
                                           FIELD("doy", F_DOY),
                                           FIELD("dayofyear", F_DOY),
                                           FIELD("isoyear", F_ISOYEAR),
                                           CLOCK("hour", F_HOUR),
                                           CLOCK("minute", F_MINUTE),
                                           CLOCK("second", F_SECOND),
                                           CLOCK("millisecond", F_MILLISECOND),
                                           CLOCK("microsecond", F_MICROSECOND),
                                           EPOCH("epoch", F_EPOCH),
                                           EPOCH("epoch_ms", F_EPOCH_MS),
                                           EPOCH("epoch_us", F_EPOCH_US),
                                           EPOCH("epoch_ns", F_EPOCH_NS),
                                           {"now", "", 'z', k_now, 0, 0, resolve_now},
                                           {"current_timestamp", "", 'z', k_now, 0, 0, resolve_now},
                                           {"localtimestamp", "", 'Z', k_now, 0, 0, resolve_now},
                                           {"current_date", "", 'd', k_today, 0, 0, resolve_now},
                                           {"today", "", 'd', k_today, 0, 0, resolve_now}};
const int32_t pln__x_time_functions_count = PLN__COUNT(pln__x_time_functions);
