#include "base/time.h"
#include <check.h>
#include <stdio.h>

#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* A calendar that counts its days one by one: the answer the formulas are held against. */
typedef struct counted {
    int64_t days;
    int32_t year, month, day, weekday, day_of_year;
} counted;

static int32_t month_length(int32_t year, int32_t month) {
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month != 2)
        return lengths[month - 1];
    if (year % 400 == 0)
        return 29;
    if (year % 100 == 0)
        return 28;
    return year % 4 == 0 ? 29 : 28;
}

static void count_on(counted *c) {
    c->days++;
    c->weekday = c->weekday % 7 + 1;
    c->day_of_year++;
    if (++c->day <= month_length(c->year, c->month))
        return;
    c->day = 1;
    if (++c->month <= 12)
        return;
    c->month = 1;
    c->year++;
    c->day_of_year = 1;
}

/* By the definition: weeks from Monday, week 1 is the one with January 4. */
static int32_t week_by_definition(const counted *c, int32_t *year) {
    int32_t monday = c->day_of_year - (c->weekday - 1); /* may be <= 0: last year */
    int32_t length = month_length(c->year, 2) + 337;
    int32_t january_1 = ((c->weekday - 1 - (c->day_of_year - 1)) % 7 + 7) % 7; /* Monday: 0 */
    int32_t first_monday = january_1 <= 3 ? 1 - january_1 : 8 - january_1;
    *year = c->year;
    if (monday >= first_monday) {
        int32_t next_january_1 = (january_1 + length) % 7;
        int32_t next_first =
            length + (next_january_1 <= 3 ? 1 - next_january_1 : 8 - next_january_1);
        if (monday >= next_first) {
            *year = c->year + 1;
            return 1;
        }
        return (monday - first_monday) / 7 + 1;
    }
    *year = c->year - 1;
    int32_t last_length = month_length(c->year - 1, 2) + 337;
    int32_t last_january_1 = ((january_1 - last_length) % 7 + 7) % 7;
    int32_t last_first = last_january_1 <= 3 ? 1 - last_january_1 : 8 - last_january_1;
    return (monday + last_length - last_first) / 7 + 1;
}

static void check_day(const counted *c) {
    MUST(pln__days_of(c->year, c->month, c->day) == c->days, "%d-%d-%d", c->year, c->month, c->day);
    pln__civil civil = pln__civil_of(c->days);
    MUST(civil.year == c->year && civil.month == c->month && civil.day == c->day,
         "day %lld is %d-%d-%d", (long long)c->days, civil.year, civil.month, civil.day);
    MUST(pln__weekday(c->days) == c->weekday, "weekday of %d-%d-%d", c->year, c->month, c->day);
    MUST(pln__day_of_year(c->days) == c->day_of_year, "%d-%d-%d", c->year, c->month, c->day);
    int32_t year, want_year;
    int32_t week = pln__iso_week(c->days, &year), want = week_by_definition(c, &want_year);
    MUST(week == want && year == want_year, "%d-%d-%d: week %d of %d", c->year, c->month, c->day,
         week, year);
}

START_TEST(every_day_of_ten_thousand_years) {
    /* 0001-01-01 was a Monday, 719162 days before 1970. */
    counted c = {-719162, 1, 1, 1, 1, 1};
    char text[PLN__DATE_TEXT_SIZE], want[48];
    for (; c.year <= 9999; count_on(&c)) {
        check_day(&c);
        MUST(pln__days_in_month(c.year, c.month) == month_length(c.year, c.month), "length");
        int32_t days;
        snprintf(want, sizeof want, "%04d-%02d-%02d", c.year, c.month, c.day);
        MUST(pln__format_date(text, (int32_t)c.days) == 10, "%s", want);
        MUST(memcmp(text, want, 10) == 0, "%.10s, not %s", text, want);
        MUST(pln__parse_date(text, 10, &days) == PLN__PARSED && days == c.days, "%s", want);
    }
    ck_assert_int_eq(pln__format_date(text, (int32_t)c.days), 0);
    ck_assert_int_eq(pln__format_date(text, -719163), 0);
    ck_assert_int_eq(pln__format_date(text, INT32_MAX), 0);
    ck_assert_int_eq(pln__format_date(text, INT32_MIN), 0);
}
END_TEST

/* 400 years are 146097 days and 20871 weeks, so one such span before the year 1 stands for all. */
START_TEST(years_before_the_first) {
    counted c = {-719162 - 2 * 146097, -799, 1, 1, 1, 1};
    for (; c.year < 1; count_on(&c))
        check_day(&c);
    ck_assert_int_eq(c.days, -719162);
    for (int64_t days = -2147483648; days <= 2147483647; days += 99991) {
        pln__civil civil = pln__civil_of(days);
        MUST(pln__days_of(civil.year, civil.month, civil.day) == days, "%lld", (long long)days);
    }
    (void)pln__civil_of(INT64_MAX);
    (void)pln__civil_of(INT64_MIN);
}
END_TEST

START_TEST(dates_that_are_none) {
    static const char *const bad[] = {
        "",           "2013",        "2013-1-1",    "2013-01-1",   "2013-01-001",
        "13-01-01",   "0000-01-01",  "2013-00-01",  "2013-13-01",  "2013-01-00",
        "2013-01-32", "2013-02-29",  "1900-02-29",  "2000-02-30",  "2013-04-31",
        "2013/01/01", "2013-01/01",  "20130101",    "2013-01-01 ", " 2013-01-01",
        "2O13-01-01", "+2013-01-01", "-2013-01-01", "12013-01-01", "2013-0:-01",
        "2013-01-0/",
    };
    int32_t days = -77;
    for (int i = 0; i < PLN__COUNT(bad); i++)
        ck_assert_msg(pln__parse_date(bad[i], (int64_t)strlen(bad[i]), &days) == PLN__NOT_ONE, "%s",
                      bad[i]);
    ck_assert_int_eq(days, -77);
    ck_assert_int_eq(pln__parse_date("2000-02-29", 10, &days), PLN__PARSED);
    ck_assert_int_eq(days, 11016);
}
END_TEST

typedef struct instant_case {
    const char *text;
    pln__unit unit;
    int flags;
    pln__parsed parsed;
    int64_t value;
} instant_case;

START_TEST(timestamps_from_text) {
    static const instant_case cases[] = {
        /* RFC 3339, section 5.8; the seconds by date(1). */
        {"1985-04-12T23:20:50.52Z", PLN__MILLI, 0, PLN__PARSED, 482196050520},
        {"1996-12-19T16:39:57-08:00", PLN__SECOND, 0, PLN__PARSED, 851042397},
        {"1990-12-31T23:59:60Z", PLN__SECOND, 0, PLN__PARSED, 662688000},
        {"1990-12-31T15:59:60-08:00", PLN__SECOND, 0, PLN__PARSED, 662688000},
        {"1937-01-01T12:00:27.87+00:20", PLN__MILLI, 0, PLN__PARSED, -1041337172130},
        {"2013-01-01T06:00:00Z", PLN__SECOND, 0, PLN__PARSED, 1357020000},
        {"2013-01-01 06:00:00", PLN__SECOND, 0, PLN__PARSED, 1357020000},
        {"2013-01-01t06:00z", PLN__SECOND, 0, PLN__PARSED, 1357020000},
        {"2013-01-01 06:00:00+00", PLN__SECOND, 0, PLN__PARSED, 1357020000},
        {"2013-01-01T06:00:00-0530", PLN__SECOND, 0, PLN__PARSED, 1357039800},
        {"2013-01-01T06:00:00-00:00", PLN__SECOND, 0, PLN__PARSED, 1357020000},
        {"1970-01-01T00:00:00.000000001Z", PLN__NANO, 0, PLN__PARSED, 1},
        {"1969-12-31T23:59:59.999999999Z", PLN__NANO, 0, PLN__PARSED, -1},
        {"1970-01-01T00:00:00.1234567890000Z", PLN__NANO, 0, PLN__PARSED, 123456789},
        {"1970-01-01T00:00:00.1Z", PLN__MICRO, 0, PLN__PARSED, 100000},
        {"1970-01-01T00:00:00.1234567Z", PLN__MICRO, 0, PLN__INEXACT, 0},
        {"1970-01-01T00:00:00.1234567Z", PLN__MICRO, PLN__TIME_TRUNCATE, PLN__PARSED, 123456},
        {"1969-12-31T23:59:59.9Z", PLN__SECOND, PLN__TIME_TRUNCATE, PLN__PARSED, -1},
        {"1970-01-01T00:00:00.0000Z", PLN__SECOND, 0, PLN__PARSED, 0},
        {"1970-01-01T00:00:00.1234567X", PLN__MICRO, 0, PLN__NOT_ONE, 0},
        {"2262-04-11T23:47:16.854775807Z", PLN__NANO, 0, PLN__PARSED, INT64_MAX},
        {"2262-04-11T23:47:16.854775808Z", PLN__NANO, 0, PLN__OUT_OF_RANGE, 0},
        {"1677-09-21T00:12:43.145224192Z", PLN__NANO, 0, PLN__PARSED, INT64_MIN},
        {"1677-09-21T00:12:43.145224191Z", PLN__NANO, 0, PLN__OUT_OF_RANGE, 0},
        {"0001-01-01T00:00:00Z", PLN__MICRO, 0, PLN__PARSED, -62135596800000000},
        {"9999-12-31T23:59:59.999999Z", PLN__MICRO, 0, PLN__PARSED, 253402300799999999},
        {"2013-01-01", PLN__SECOND, PLN__TIME_DATE_ALONE, PLN__PARSED, 1356998400},
        {"2013-01-01", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01", PLN__SECOND, PLN__TIME_DATE_ALONE | PLN__TIME_NEED_ZONE, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00", PLN__SECOND, PLN__TIME_NEED_ZONE, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00Z", PLN__SECOND, PLN__TIME_NEED_ZONE, PLN__PARSED, 1357020000},
        {"2013-01-01T06:00:00Z", PLN__SECOND, PLN__TIME_NO_ZONE, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00", PLN__SECOND, PLN__TIME_NO_ZONE, PLN__PARSED, 1357020000},
        {"2013-01-01T24:00:00Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:60:00Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:60Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:61Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00.Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:0Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00 Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00ZZ", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00+24:00", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00+01:60", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00+01-00", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00+1:00", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T06:00:00,5Z", PLN__MILLI, 0, PLN__NOT_ONE, 0},
        {"2013-01-01_06:00:00Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-02-29T06:00:00Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"2013-01-01T", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"", PLN__SECOND, 0, PLN__NOT_ONE, 0},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        const instant_case *c = &cases[i];
        int64_t value = -77;
        pln__parsed parsed =
            pln__parse_timestamp(c->text, (int64_t)strlen(c->text), c->unit, c->flags, &value);
        ck_assert_msg(parsed == c->parsed, "%s: %d", c->text, parsed);
        ck_assert_msg(value == (parsed == PLN__PARSED ? c->value : -77), "%s: %lld", c->text,
                      (long long)value);
    }
}
END_TEST

START_TEST(times_of_day) {
    static const instant_case cases[] = {
        {"00:00", PLN__SECOND, 0, PLN__PARSED, 0},
        {"06:00:59", PLN__SECOND, 0, PLN__PARSED, 21659},
        {"23:59:59.999999999", PLN__NANO, 0, PLN__PARSED, 86399999999999},
        {"23:59:59.999", PLN__MICRO, 0, PLN__PARSED, 86399999000},
        {"23:59:59.9999", PLN__MILLI, 0, PLN__INEXACT, 0},
        {"23:59:59.9999", PLN__MILLI, PLN__TIME_TRUNCATE, PLN__PARSED, 86399999},
        {"24:00", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"23:59:60", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"6:00", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"06:00Z", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"06:0", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"06:00:", PLN__SECOND, 0, PLN__NOT_ONE, 0},
        {"", PLN__SECOND, 0, PLN__NOT_ONE, 0},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        const instant_case *c = &cases[i];
        int64_t value = -77;
        pln__parsed parsed =
            pln__parse_time(c->text, (int64_t)strlen(c->text), c->unit, c->flags, &value);
        ck_assert_msg(parsed == c->parsed, "%s: %d", c->text, parsed);
        ck_assert_msg(value == (parsed == PLN__PARSED ? c->value : -77), "%s", c->text);
    }
    char out[PLN__TIME_TEXT_SIZE];
    ck_assert_int_eq(pln__format_time(out, 86399999000, PLN__MICRO, 0), 12);
    ck_assert_mem_eq(out, "23:59:59.999", 12);
    ck_assert_int_eq(pln__format_time(out, 86399999000, PLN__MICRO, PLN__TIME_FIXED), 15);
    ck_assert_mem_eq(out, "23:59:59.999000", 15);
    ck_assert_int_eq(pln__format_time(out, 86400, PLN__SECOND, 0), 0);
    ck_assert_int_eq(pln__format_time(out, -1, PLN__SECOND, 0), 0);
}
END_TEST

START_TEST(timestamps_there_and_back) {
    uint64_t state = 11;
    char out[PLN__TIMESTAMP_TEXT_SIZE + 1];
    for (int i = 0; i < 1000000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        pln__unit unit = (pln__unit)(i & 3);
        int64_t span = unit == PLN__NANO ? 2000000000 : 62000000000;
        int64_t seconds = (int64_t)(state >> 11) % span, again;
        int64_t value = seconds * pln__per_second(unit) +
                        (int64_t)((state >> 3) % (uint64_t)pln__per_second(unit));
        int flags = (int)(state >> 40) & 7;
        int64_t n = pln__format_timestamp(out, value, unit, flags);
        MUST(n > 0 && n <= PLN__TIMESTAMP_TEXT_SIZE, "%lld", (long long)value);
        out[n] = '\0';
        int zone = (flags & PLN__TIME_UTC) != 0 ? PLN__TIME_NEED_ZONE : PLN__TIME_NO_ZONE;
        MUST(pln__parse_timestamp(out, n, unit, zone, &again) == PLN__PARSED, "%s", out);
        MUST(again == value, "%s: %lld, not %lld", out, (long long)again, (long long)value);
        n = pln__format_timestamp_at(out, value, unit, flags, (int32_t)(state >> 33) % 1440);
        out[n] = '\0';
        MUST(n > 0 && n <= PLN__TIMESTAMP_TEXT_SIZE, "%lld", (long long)value);
        MUST(pln__parse_timestamp(out, n, unit, PLN__TIME_NEED_ZONE, &again) == PLN__PARSED, "%s",
             out);
        MUST(again == value, "%s: %lld, not %lld", out, (long long)again, (long long)value);
    }
    ck_assert_int_eq(pln__format_timestamp(out, 1357020000500, PLN__MILLI, PLN__TIME_UTC), 22);
    ck_assert_mem_eq(out, "2013-01-01T06:00:00.5Z", 22);
    ck_assert_int_eq(pln__format_timestamp(out, -1, PLN__NANO, PLN__TIME_SPACE), 29);
    ck_assert_mem_eq(out, "1969-12-31 23:59:59.999999999", 29);
    ck_assert_int_eq(pln__format_timestamp_at(out, 0, PLN__SECOND, 0, -90), 25);
    ck_assert_mem_eq(out, "1969-12-31T22:30:00-01:30", 25);
    ck_assert_int_eq(pln__format_timestamp(out, INT64_MAX, PLN__SECOND, 0), 0);
    ck_assert_int_eq(pln__format_timestamp(out, INT64_MIN, PLN__SECOND, 0), 0);
    ck_assert_int_eq(pln__format_timestamp(out, INT64_MIN, PLN__NANO, 0), 29);
    ck_assert_mem_eq(out, "1677-09-21T00:12:43.145224192", 29);
}
END_TEST

START_TEST(months_are_added) {
    static const struct {
        const char *from;
        int64_t months;
        const char *to;
    } cases[] = {
        {"2013-01-31", 1, "2013-02-28"},   {"2012-01-31", 1, "2012-02-29"},
        {"2013-01-31", 12, "2014-01-31"},  {"2012-02-29", 12, "2013-02-28"},
        {"2013-03-31", -1, "2013-02-28"},  {"2013-01-15", -1, "2012-12-15"},
        {"2013-01-15", -13, "2011-12-15"}, {"2013-12-01", 1, "2014-01-01"},
        {"2013-05-31", 0, "2013-05-31"},   {"0001-01-01", 119987, "9999-12-01"},
    };
    char out[PLN__DATE_TEXT_SIZE];
    int32_t days;
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        ck_assert_int_eq(pln__parse_date(cases[i].from, 10, &days), PLN__PARSED);
        ck_assert(pln__add_months(days, cases[i].months, &days));
        ck_assert_int_eq(pln__format_date(out, days), 10);
        ck_assert_mem_eq(out, cases[i].to, 10);
    }
    ck_assert(!pln__add_months(INT32_MAX, 1, &days));
    ck_assert(!pln__add_months(INT32_MIN, -1, &days));
    ck_assert(!pln__add_months(0, INT64_MAX, &days));
    ck_assert(!pln__add_months(0, INT64_MIN, &days));
}
END_TEST

static int64_t at(const char *text, pln__unit unit) {
    int64_t value = 0;
    ck_assert_int_eq(pln__parse_timestamp(text, (int64_t)strlen(text), unit, 0, &value),
                     PLN__PARSED);
    return value;
}

START_TEST(truncation) {
    static const struct {
        const char *field, *start;
    } cases[] = {
        {"year", "2013-01-01T00:00:00"},
        {"Quarter", "2013-04-01T00:00:00"},
        {"MONTHS", "2013-06-01T00:00:00"},
        {"week", "2013-06-10T00:00:00"}, /* a Monday; the 16th is a Sunday */
        {"day", "2013-06-16T00:00:00"},
        {"hour", "2013-06-16T13:00:00"},
        {"minute", "2013-06-16T13:45:00"},
        {"second", "2013-06-16T13:45:59"},
        {"millisecond", "2013-06-16T13:45:59.123"},
        {"microsecond", "2013-06-16T13:45:59.123456"},
    };
    int64_t value = at("2013-06-16T13:45:59.123456789", PLN__NANO), got;
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        int field = pln__time_field_named(cases[i].field, (int64_t)strlen(cases[i].field));
        ck_assert_int_eq(field, i);
        ck_assert(pln__truncate_timestamp(value, PLN__NANO, (pln__time_field)field, &got));
        ck_assert_int_eq(got, at(cases[i].start, PLN__NANO));
        int32_t day;
        ck_assert(
            pln__truncate_date((int32_t)(value / 86400000000000), (pln__time_field)field, &day));
        if (i <= PLN__DAY)
            ck_assert_int_eq(day, at(cases[i].start, PLN__SECOND) / 86400);
    }
    ck_assert_int_eq(pln__time_field_named("fortnight", 9), -1);
    ck_assert_int_eq(pln__time_field_named("", 0), -1);
    ck_assert(pln__truncate_timestamp(-1, PLN__SECOND, PLN__HOUR, &got) && got == -3600);
    ck_assert(pln__truncate_timestamp(-1, PLN__SECOND, PLN__MILLIS, &got) && got == -1);
    ck_assert(pln__truncate_timestamp(-1, PLN__MILLI, PLN__YEAR, &got));
    ck_assert_int_eq(got, at("1969-01-01T00:00:00", PLN__MILLI));
    ck_assert(!pln__truncate_timestamp(INT64_MIN, PLN__NANO, PLN__YEAR, &got));
    ck_assert(!pln__truncate_timestamp(INT64_MIN, PLN__NANO, PLN__SECONDS, &got));
    ck_assert(!pln__truncate_timestamp(INT64_MAX, PLN__SECOND, PLN__YEAR, &got));
    int32_t day;
    ck_assert(!pln__truncate_date(INT32_MIN, PLN__YEAR, &day));
}
END_TEST

START_TEST(units_convert) {
    int64_t out;
    bool exact = true;
    ck_assert(pln__convert_unit(-1, PLN__SECOND, PLN__NANO, &out, &exact) && out == -1000000000);
    ck_assert(exact);
    ck_assert(pln__convert_unit(-1, PLN__NANO, PLN__SECOND, &out, &exact) && out == -1 && !exact);
    ck_assert(pln__convert_unit(5000, PLN__MILLI, PLN__SECOND, &out, NULL) && out == 5);
    ck_assert(!pln__convert_unit(INT64_MAX, PLN__SECOND, PLN__MILLI, &out, NULL));
    ck_assert(pln__convert_unit(7, PLN__MICRO, PLN__MICRO, &out, NULL) && out == 7);
}
END_TEST

START_TEST(durations) {
    static const struct {
        const char *text;
        pln__parsed parsed;
        int64_t us;
    } cases[] = {
        {"0", PLN__PARSED, 0},
        {"1500", PLN__PARSED, 1500},
        {"-1500", PLN__PARSED, -1500},
        {"10s", PLN__PARSED, 10000000},
        {"5m", PLN__PARSED, 300000000},
        {"1h30m", PLN__PARSED, 5400000000},
        {"250ms", PLN__PARSED, 250000},
        {"1d", PLN__PARSED, 86400000000},
        {"2w", PLN__PARSED, 1209600000000},
        {"7us", PLN__PARSED, 7},
        {"7\xC2\xB5s", PLN__PARSED, 7},
        {"7\xCE\xBCs", PLN__PARSED, 7},
        {"1.5s", PLN__PARSED, 1500000},
        {"0.25h", PLN__PARSED, 900000000},
        {"-1m30s", PLN__PARSED, -90000000},
        {"1s2ms3us", PLN__PARSED, 1002003},
        {"3000ns", PLN__PARSED, 3},
        {"1.000000000000000000000000s", PLN__PARSED, 1000000},
        {"9223372036854775807us", PLN__PARSED, INT64_MAX},
        {"-9223372036854775808us", PLN__PARSED, INT64_MIN},
        {"9223372036854775808us", PLN__OUT_OF_RANGE, 0},
        {"9223372036854775808", PLN__OUT_OF_RANGE, 0},
        {"99999999999999999999999w", PLN__OUT_OF_RANGE, 0},
        {"999999999999999w", PLN__OUT_OF_RANGE, 0},
        {"3ns", PLN__INEXACT, 0},
        {"0.5us", PLN__INEXACT, 0},
        {"0.00000000000000000000001h", PLN__INEXACT, 0},
        {"", PLN__NOT_ONE, 0},
        {"-", PLN__NOT_ONE, 0},
        {"s", PLN__NOT_ONE, 0},
        {"1.5", PLN__NOT_ONE, 0},
        {"1.s", PLN__NOT_ONE, 0},
        {".5s", PLN__NOT_ONE, 0},
        {"1s1m", PLN__NOT_ONE, 0},
        {"1s1s", PLN__NOT_ONE, 0},
        {"1us2\xC2\xB5s", PLN__NOT_ONE, 0},
        {"1h 30m", PLN__NOT_ONE, 0},
        {"1h-30m", PLN__NOT_ONE, 0},
        {"1month", PLN__NOT_ONE, 0},
        {"1sx", PLN__NOT_ONE, 0},
        {"10 s", PLN__NOT_ONE, 0},
        {"1h30", PLN__NOT_ONE, 0},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        int64_t us = -77;
        const char *text = cases[i].text;
        pln__parsed parsed = pln__parse_duration(text, (int64_t)strlen(text), &us);
        ck_assert_msg(parsed == cases[i].parsed, "%s: %d", text, parsed);
        ck_assert_msg(us == (parsed == PLN__PARSED ? cases[i].us : -77), "%s", text);
    }
    char out[PLN__DURATION_TEXT_SIZE];
    ck_assert_int_eq(pln__format_duration(out, 5400000000), 5);
    ck_assert_mem_eq(out, "1h30m", 5);
    ck_assert_int_eq(pln__format_duration(out, 0), 2);
    ck_assert_mem_eq(out, "0s", 2);
    uint64_t state = 5;
    for (int i = 0; i < 200000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t us = i == 0 ? INT64_MIN : (int64_t)state >> (i & 63), again = 0;
        int64_t n = pln__format_duration(out, us);
        MUST(n > 0 && n <= PLN__DURATION_TEXT_SIZE, "%lld", (long long)us);
        MUST(pln__parse_duration(out, n, &again) == PLN__PARSED, "%.*s", (int)n, out);
        MUST(again == us, "%.*s", (int)n, out);
    }
}
END_TEST

Suite *suite_base_time(void);
Suite *suite_base_time(void) {
    Suite *suite = suite_create("base/time");
    TCase *tc = tcase_create("time");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, every_day_of_ten_thousand_years);
    tcase_add_test(tc, years_before_the_first);
    tcase_add_test(tc, dates_that_are_none);
    tcase_add_test(tc, timestamps_from_text);
    tcase_add_test(tc, times_of_day);
    tcase_add_test(tc, timestamps_there_and_back);
    tcase_add_test(tc, months_are_added);
    tcase_add_test(tc, truncation);
    tcase_add_test(tc, units_convert);
    tcase_add_test(tc, durations);
    suite_add_tcase(suite, tc);
    return suite;
}
