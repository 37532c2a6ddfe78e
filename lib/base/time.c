#include "base/time.h"
#include "base/utf8.h"

enum { DAY_SECONDS = 86400 };

/* ---- calendar ---- */

pln__civil pln__civil_of(int64_t days) {
    const int64_t furthest = INT64_C(1) << 39;
    if (days > furthest)
        days = furthest;
    if (days < -furthest)
        days = -furthest;
    int64_t day_of_era;
    int64_t era = pln__floor_div(days + 719468, 146097, &day_of_era);
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* from March */
    pln__civil civil;
    civil.day = (int32_t)(day_of_year - (153 * month + 2) / 5 + 1);
    civil.month = (int32_t)(month < 10 ? month + 3 : month - 9);
    civil.year = (int32_t)(year_of_era + era * 400 + (civil.month <= 2));
    return civil;
}

int32_t pln__day_of_year(int64_t days) {
    pln__civil civil = pln__civil_of(days);
    return (int32_t)(pln__days_of(0, civil.month, civil.day) - pln__days_of(0, 1, 1)) + 1 -
           (civil.month > 2 && !pln__is_leap(civil.year));
}

int32_t pln__iso_week(int64_t days, int32_t *year) {
    /* A week belongs to the year of its Thursday. */
    int64_t thursday = days - pln__weekday(days) + 4;
    *year = pln__civil_of(thursday).year;
    return (pln__day_of_year(thursday) - 1) / 7 + 1;
}

static bool fits_int32(int64_t value) {
    return value >= INT32_MIN && value <= INT32_MAX;
}

bool pln__add_months(int32_t days, int64_t months, int32_t *out) {
    const int64_t most = INT64_C(12) * 20000000; /* more leaves int32 days from any start */
    if (months > most || months < -most)
        return false;
    pln__civil civil = pln__civil_of(days);
    int64_t month;
    int64_t year = pln__floor_div((int64_t)civil.year * 12 + civil.month - 1 + months, 12, &month);
    int32_t last = pln__days_in_month(year, (int32_t)month + 1);
    int64_t moved = pln__days_of(year, (int32_t)month + 1, civil.day < last ? civil.day : last);
    if (!fits_int32(moved))
        return false;
    *out = (int32_t)moved;
    return true;
}

/* ---- units and truncation ---- */

bool pln__convert_unit(int64_t value, pln__unit from, pln__unit to, int64_t *out, bool *exact) {
    if (to >= from)
        return pln__mul(value, pln__per_second(to) / pln__per_second(from), out);
    int64_t rest;
    *out = pln__floor_div(value, pln__per_second(from) / pln__per_second(to), &rest);
    if (rest != 0 && exact != NULL)
        *exact = false;
    return true;
}

int pln__time_field_named(const char *name, int64_t size) {
    static const char *const names[] = {"year", "quarter", "month",  "week",        "day",
                                        "hour", "minute",  "second", "millisecond", "microsecond"};
    for (int i = 0; i < PLN__COUNT(names); i++) {
        int64_t length = (int64_t)strlen(names[i]);
        bool plural = size == length + 1 && (name[length] | 0x20) == 's';
        if ((size == length || plural) && pln__ascii_equal_nocase(name, names[i], length))
            return i;
    }
    return -1;
}

/* The first day of the year, quarter, month or week; other fields leave the day as it is. */
static bool truncate_day(int64_t days, pln__time_field field, int64_t *out) {
    *out = days;
    if (field >= PLN__DAY)
        return true;
    if (field == PLN__WEEK)
        return !__builtin_sub_overflow(days, pln__weekday(days) - 1, out);
    if (days > INT64_C(1) << 38 || days < -(INT64_C(1) << 38))
        return false;
    pln__civil civil = pln__civil_of(days);
    int32_t month = field == PLN__YEAR      ? 1
                    : field == PLN__QUARTER ? (civil.month - 1) / 3 * 3 + 1
                                            : civil.month;
    *out = pln__days_of(civil.year, month, 1);
    return true;
}

bool pln__truncate_date(int32_t days, pln__time_field field, int32_t *out) {
    int64_t start;
    if (!truncate_day(days, field, &start) || !fits_int32(start))
        return false;
    *out = (int32_t)start;
    return true;
}

bool pln__truncate_timestamp(int64_t value, pln__unit unit, pln__time_field field, int64_t *out) {
    int64_t per = pln__per_second(unit), rest, day;
    if (field < PLN__DAY) {
        day = pln__split_timestamp(value, unit, &rest);
        return truncate_day(day, field, &day) && pln__mul(day, DAY_SECONDS * per, out);
    }
    int64_t by = 1;
    switch (field) {
    case PLN__DAY: by = DAY_SECONDS * per; break;
    case PLN__HOUR: by = 3600 * per; break;
    case PLN__MINUTE: by = 60 * per; break;
    case PLN__SECONDS: by = per; break;
    case PLN__MILLIS: by = per / 1000; break;
    default: by = per / 1000000; break;
    }
    *out = value;
    if (by <= 1)
        return true;
    (void)pln__floor_div(value, by, &rest);
    return !__builtin_sub_overflow(value, rest, out);
}
