#include "base/time.h"

static char *put_2(char *out, int32_t value) {
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

/* False for a year that four digits cannot say. */
static bool put_date(char *out, int64_t days) {
    pln__civil civil = pln__civil_of(days);
    if (civil.year < 1 || civil.year > 9999)
        return false;
    put_2(out, civil.year / 100);
    put_2(out + 2, civil.year % 100);
    out[4] = '-';
    put_2(out + 5, civil.month);
    out[7] = '-';
    put_2(out + 8, civil.day);
    return true;
}

/* Whole seconds and the rest in units; divisions by constants are multiplications. */
static int32_t split_second(int64_t of_day, pln__unit unit, int32_t *fraction) {
    int64_t rest = 0, seconds = of_day;
    switch (unit) {
    case PLN__SECOND: break;
    case PLN__MILLI: seconds = pln__floor_div(of_day, 1000, &rest); break;
    case PLN__MICRO: seconds = pln__floor_div(of_day, 1000000, &rest); break;
    default: seconds = pln__floor_div(of_day, 1000000000, &rest); break;
    }
    *fraction = (int32_t)rest;
    return (int32_t)seconds;
}

static char *put_clock(char *out, int64_t of_day, pln__unit unit, int flags) {
    int32_t fraction;
    int32_t seconds = split_second(of_day, unit, &fraction);
    out = put_2(out, seconds / 3600);
    *out++ = ':';
    out = put_2(out, seconds / 60 % 60);
    *out++ = ':';
    out = put_2(out, seconds % 60);
    int digits = 3 * (int)unit;
    if (digits == 0 || (fraction == 0 && (flags & PLN__TIME_FIXED) == 0))
        return out;
    *out = '.';
    for (int i = digits; i > 0; i--) {
        out[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    out += digits + 1;
    if ((flags & PLN__TIME_FIXED) == 0) {
        while (out[-1] == '0')
            out--;
    }
    return out;
}

int64_t pln__format_date(char *out, int32_t days) {
    return put_date(out, days) ? 10 : 0;
}

int64_t pln__format_time(char *out, int64_t of_day, pln__unit unit, int flags) {
    if (of_day < 0 || of_day >= 86400 * pln__per_second(unit))
        return 0;
    return put_clock(out, of_day, unit, flags) - out;
}

int64_t pln__format_timestamp(char *out, int64_t value, pln__unit unit, int flags) {
    int64_t of_day;
    int64_t days = pln__split_timestamp(value, unit, &of_day);
    if (!put_date(out, days))
        return 0;
    out[10] = (flags & PLN__TIME_SPACE) != 0 ? ' ' : 'T';
    char *end = put_clock(out + 11, of_day, unit, flags);
    if ((flags & PLN__TIME_UTC) != 0)
        *end++ = 'Z';
    return end - out;
}

int64_t pln__format_timestamp_at(char *out, int64_t value, pln__unit unit, int flags,
                                 int32_t offset_minutes) {
    if (offset_minutes <= -1440 || offset_minutes >= 1440)
        return 0;
    if (!pln__add(value, offset_minutes * 60 * pln__per_second(unit), &value))
        return 0;
    int64_t n = pln__format_timestamp(out, value, unit, flags & ~PLN__TIME_UTC);
    if (n == 0)
        return 0;
    int32_t minutes = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    char *end = out + n;
    *end++ = offset_minutes < 0 ? '-' : '+';
    end = put_2(end, minutes / 60);
    *end++ = ':';
    end = put_2(end, minutes % 60);
    return end - out;
}

int64_t pln__format_duration(char *out, int64_t us) {
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"d", UINT64_C(86400000000)},
                 {"h", 3600000000u},
                 {"m", 60000000},
                 {"s", 1000000},
                 {"ms", 1000},
                 {"us", 1}};
    char *start = out;
    uint64_t left = (uint64_t)us;
    if (us < 0) {
        *out++ = '-';
        left = 0 - left;
    }
    for (int i = 0; i < PLN__COUNT(units); i++) {
        uint64_t count = left / units[i].us;
        if (count == 0)
            continue;
        left %= units[i].us;
        out += pln__format_uint64(out, count);
        size_t n = strlen(units[i].name);
        memcpy(out, units[i].name, n);
        out += n;
    }
    if (us == 0) {
        memcpy(out, "0s", 2);
        out += 2;
    }
    return out - start;
}
