/*
 * Dates, times of day, timestamps and durations, and their text (ISO 8601 in the profile of RFC
 * 3339).
 *
 * The calendar is the Gregorian one, extended to all years; days and instants count from 1970-01-01
 * (UTC), without leap seconds. Nothing here knows a time zone other than a fixed offset.
 */
#ifndef PLN__BASE_TIME_H
#define PLN__BASE_TIME_H

#include "base/number.h"

typedef enum pln__unit { PLN__SECOND, PLN__MILLI, PLN__MICRO, PLN__NANO } pln__unit;

/* Units in a second: 1, 1000, 1000000, 1000000000. */
static inline int64_t pln__per_second(pln__unit unit) {
    static const int32_t per[4] = {1, 1000, 1000000, 1000000000};
    return per[unit];
}

/* ---- calendar ---- */

typedef struct pln__civil {
    int32_t year, month, day; /* month and day from 1 */
} pln__civil;

/*
 * Any year that fits; the day may lie outside of its month. (H. Hinnant, "chrono-compatible
 * low-level date algorithms")
 */
static inline int64_t pln__days_of(int64_t year, int32_t month, int32_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* For |days| < 2^39; of others (no 32-bit year) the nearest such day. */
pln__civil pln__civil_of(int64_t days);

static inline bool pln__is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
static inline int32_t pln__days_in_month(int64_t year, int32_t month) {
    return month == 2 ? 28 + pln__is_leap(year) : 30 + ((month + (month >> 3)) & 1);
}

/* ISO 8601: Monday is 1, Sunday 7. */
static inline int32_t pln__weekday(int64_t days) {
    int64_t n = (days + 3) % 7;
    return (int32_t)(n < 0 ? n + 8 : n + 1);
}
int32_t pln__day_of_year(int64_t days); /* from 1 */
/* The ISO week (1 to 53) and the year it belongs to. */
int32_t pln__iso_week(int64_t days, int32_t *year);
/*
 * The same day `months` later or earlier, or the last of that month where it has no such day; false
 * on overflow of int32 days.
 */
bool pln__add_months(int32_t days, int64_t months, int32_t *out);

/* Quotient rounded down and the rest, 0 <= *rest < by: an instant's day and its time of day. */
static inline int64_t pln__floor_div(int64_t value, int64_t by, int64_t *rest) {
    int64_t q = value / by, r = value % by;
    if (r < 0) {
        r += by;
        q--;
    }
    *rest = r;
    return q;
}
/* The day of a timestamp and the units since its midnight. */
static inline int64_t pln__split_timestamp(int64_t value, pln__unit unit, int64_t *of_day) {
    switch (unit) { /* divisions by constants are multiplications */
    case PLN__SECOND: return pln__floor_div(value, 86400, of_day);
    case PLN__MILLI: return pln__floor_div(value, 86400000, of_day);
    case PLN__MICRO: return pln__floor_div(value, 86400000000, of_day);
    default: return pln__floor_div(value, 86400000000000, of_day);
    }
}
/*
 * From one unit to another, rounded down; false on overflow. *exact (may be NULL) is cleared where
 * digits are lost, else untouched.
 */
bool pln__convert_unit(int64_t value, pln__unit from, pln__unit to, int64_t *out, bool *exact);

typedef enum pln__time_field {
    PLN__YEAR,
    PLN__QUARTER,
    PLN__MONTH,
    PLN__WEEK, /* from Monday */
    PLN__DAY,
    PLN__HOUR,
    PLN__MINUTE,
    PLN__SECONDS,
    PLN__MILLIS,
    PLN__MICROS
} pln__time_field;
/* "year" ... "microsecond", without regard to case; -1 if it is none. */
int pln__time_field_named(const char *name, int64_t size);
/*
 * The start of the year, ... that holds the instant (or day); false where that start does not fit.
 */
bool pln__truncate_timestamp(int64_t value, pln__unit unit, pln__time_field field, int64_t *out);
bool pln__truncate_date(int32_t days, pln__time_field field, int32_t *out);

/* ---- text to time ---- */

enum {
    PLN__TIME_TRUNCATE = 1,  /* drop digits finer than the unit instead of PLN__INEXACT */
    PLN__TIME_NEED_ZONE = 2, /* a timestamp without "Z" or offset is PLN__NOT_ONE, else UTC */
    PLN__TIME_NO_ZONE = 4,   /* one with it is */
    PLN__TIME_DATE_ALONE = 8 /* a date is a timestamp, too: its midnight */
};

/* "2013-01-31", years 0001 to 9999. */
pln__parsed pln__parse_date(const char *text, int64_t size, int32_t *days);
/* "06:00", "06:00:59", "06:00:59.123456789", since midnight; no 24:00, no leap second. */
pln__parsed pln__parse_time(const char *text, int64_t size, pln__unit unit, int flags,
                            int64_t *out);
/*
 * Date, "T", "t" or a space, time of day, and "Z", "z", "+hh:mm", "-hh:mm", "+hhmm", "+hh" or
 * nothing. A leap second (23:59:60 UTC) is the second after it. PLN__OUT_OF_RANGE: int64
 * nanoseconds end in 1677 and 2262.
 */
pln__parsed pln__parse_timestamp(const char *text, int64_t size, pln__unit unit, int flags,
                                 int64_t *out);

/*
 * A duration in microseconds: an integer ("1500"), or numbers with the units w d h m s ms us (also
 * µs) ns in this order, each at most once, "1h30m", "1.5s", "-250ms". A month has no fixed length
 * and no unit. PLN__INEXACT below a microsecond.
 */
pln__parsed pln__parse_duration(const char *text, int64_t size, int64_t *us);

/* ---- time to text ---- */

enum {
    PLN__TIME_FIXED = 1, /* all digits of the unit; else as many as are not trailing zeros */
    PLN__TIME_SPACE = 2, /* a space instead of "T" */
    PLN__TIME_UTC = 4    /* with a "Z" at its end */
};
#define PLN__DATE_TEXT_SIZE 16
#define PLN__TIME_TEXT_SIZE 24
#define PLN__TIMESTAMP_TEXT_SIZE 40
#define PLN__DURATION_TEXT_SIZE 40

/* Bytes written (no NUL), or 0 for a year outside 0001 to 9999, which the text cannot say. */
int64_t pln__format_date(char *out, int32_t days);
int64_t pln__format_timestamp(char *out, int64_t value, pln__unit unit, int flags);
/*
 * With the fixed offset ("+02:00", |minutes| < 1440) after the local time; PLN__TIME_UTC is
 * ignored.
 */
int64_t pln__format_timestamp_at(char *out, int64_t value, pln__unit unit, int flags,
                                 int32_t offset_minutes);
/* 0 for a value outside a day. */
int64_t pln__format_time(char *out, int64_t of_day, pln__unit unit, int flags);
/* "1h30m", "250ms", "0s": what pln__parse_duration reads back. */
int64_t pln__format_duration(char *out, int64_t us);

#endif
