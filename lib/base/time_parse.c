#include "base/time.h"

/* Two digits, or a number above 99. */
static unsigned two_digits(const char *p) {
    unsigned tens = (unsigned char)p[0] - (unsigned)'0', ones = (unsigned char)p[1] - (unsigned)'0';
    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/*
 * Eight characters against a pattern of digits ('0') and fixed ones: all zero but for the digits'
 * values, or, where `fits` is false, anything. `limits` has 0x76 for a digit, 0x7F for a fixed one.
 */
static uint64_t match_8(const char *text, const char *pattern, uint64_t limits, bool *fits) {
    uint64_t t = pln__load_le64(text) ^ pln__load_le64(pattern);
    /* A carry into the next character comes only from one that is wrong by itself. */
    *fits = (((t + limits) | t) & 0x8080808080808080u) == 0;
    return t;
}

/* The two-digit number that starts in each byte. */
static uint64_t all_pairs(uint64_t digits) {
    return digits * 10 + (digits >> 8);
}

static int32_t pair_at(uint64_t pairs, int byte) {
    return (int32_t)((pairs >> (8 * byte)) & 0xFF);
}

pln__parsed pln__parse_date(const char *text, int64_t size, int32_t *days) {
    if (size != 10)
        return PLN__NOT_ONE;
    bool fits;
    uint64_t pairs = all_pairs(match_8(text, "0000-00-", 0x7F76767F76767676u, &fits));
    int32_t day = (int32_t)two_digits(text + 8);
    int32_t year = pair_at(pairs, 0) * 100 + pair_at(pairs, 2), month = pair_at(pairs, 5);
    if (!fits || year < 1 || month < 1 || month > 12)
        return PLN__NOT_ONE;
    if (day < 1 || (day > 28 && day > pln__days_in_month(year, month)))
        return PLN__NOT_ONE;
    *days = (int32_t)pln__days_of(year, month, day);
    return PLN__PARSED;
}

typedef struct day_time {
    int32_t seconds;  /* of the day; 86400 only after a leap second */
    int64_t fraction; /* in units */
    bool leap;
    bool inexact;
} day_time;

/* The digits after the point; all of them, however many. */
static const char *scan_fraction(const char *p, const char *end, pln__unit unit, day_time *out) {
    int wanted = 3 * (int)unit;
    int64_t value = 0;
    for (; p < end && is_digit(*p); p++) {
        if (wanted > 0) {
            value = value * 10 + (*p - '0');
            wanted--;
        } else if (*p != '0') {
            out->inexact = true;
        }
    }
    for (; wanted > 0; wanted--)
        value *= 10;
    out->fraction = value;
    return p;
}

/* "hh:mm", "hh:mm:ss", "hh:mm:ss.f"; where it ends, or NULL. */
static const char *scan_clock(const char *p, const char *end, pln__unit unit, day_time *out) {
    *out = (day_time){0};
    int32_t hour, minute, second = 0;
    bool fits = false;
    if (end - p >= 8) {
        uint64_t pairs = all_pairs(match_8(p, "00:00:00", 0x76767F76767F7676u, &fits));
        hour = pair_at(pairs, 0);
        minute = pair_at(pairs, 3);
        second = pair_at(pairs, 6);
    }
    if (fits) {
        p += 8;
    } else {
        /* No seconds, which a zone may follow; what has a third colon was wrong above. */
        if (end - p < 5 || p[2] != ':' || (end - p > 5 && p[5] == ':'))
            return NULL;
        hour = (int32_t)two_digits(p);
        minute = (int32_t)two_digits(p + 3);
        second = 0;
        p += 5;
    }
    if (hour > 23 || minute > 59 || second > 60)
        return NULL;
    out->leap = second == 60;
    out->seconds = hour * 3600 + minute * 60 + second;
    if (fits && p < end && *p == '.') {
        const char *start = p + 1;
        p = scan_fraction(start, end, unit, out);
        if (p == start)
            return NULL;
    }
    return p;
}

pln__parsed pln__parse_time(const char *text, int64_t size, pln__unit unit, int flags,
                            int64_t *out) {
    day_time clock;
    const char *end = text + size;
    if (scan_clock(text, end, unit, &clock) != end || clock.leap)
        return PLN__NOT_ONE;
    if (clock.inexact && (flags & PLN__TIME_TRUNCATE) == 0)
        return PLN__INEXACT;
    *out = clock.seconds * pln__per_second(unit) + clock.fraction;
    return PLN__PARSED;
}

/* What follows the time of day, in seconds east of UTC. */
static bool scan_zone(const char *p, const char *end, int32_t *offset) {
    *offset = 0;
    int64_t size = end - p;
    if (size == 1)
        return *p == 'Z' || *p == 'z';
    if ((size != 3 && size != 5 && size != 6) || (*p != '+' && *p != '-'))
        return false;
    unsigned hour = two_digits(p + 1), minute = 0;
    if (size > 3)
        minute = two_digits(end - 2);
    if (hour > 23 || minute > 59 || (size == 6 && p[3] != ':'))
        return false;
    int32_t seconds = (int32_t)(hour * 3600 + minute * 60);
    *offset = *p == '-' ? -seconds : seconds;
    return true;
}

static pln__parsed to_units(int64_t seconds, int64_t fraction, pln__unit unit, int64_t *out) {
    pln__int128 value = (pln__int128)seconds * pln__per_second(unit) + fraction;
    if (value < INT64_MIN || value > INT64_MAX)
        return PLN__OUT_OF_RANGE;
    *out = (int64_t)value;
    return PLN__PARSED;
}

pln__parsed pln__parse_timestamp(const char *text, int64_t size, pln__unit unit, int flags,
                                 int64_t *out) {
    const char *end = text + size;
    day_time clock = {0};
    int32_t days, offset = 0;
    if (size < 10 || pln__parse_date(text, 10, &days) != PLN__PARSED)
        return PLN__NOT_ONE;
    bool zoned = false;
    if (size == 10) {
        if ((flags & PLN__TIME_DATE_ALONE) == 0)
            return PLN__NOT_ONE;
    } else {
        if (text[10] != 'T' && text[10] != ' ' && text[10] != 't')
            return PLN__NOT_ONE;
        const char *p = scan_clock(text + 11, end, unit, &clock);
        zoned = p != end;
        if (p == NULL || (zoned && !scan_zone(p, end, &offset)))
            return PLN__NOT_ONE;
    }
    if ((flags & (zoned ? PLN__TIME_NO_ZONE : PLN__TIME_NEED_ZONE)) != 0)
        return PLN__NOT_ONE;
    int64_t seconds = (int64_t)days * 86400 + clock.seconds - offset;
    if (clock.leap && seconds % 86400 != 0)
        return PLN__NOT_ONE;
    if (clock.inexact && (flags & PLN__TIME_TRUNCATE) == 0)
        return PLN__INEXACT;
    return to_units(seconds, clock.fraction, unit, out);
}

/* ---- durations ---- */

typedef struct duration_unit {
    const char *name;
    int64_t ns;
} duration_unit;

static const duration_unit duration_units[] = {
    {"w", INT64_C(604800000000000)},
    {"d", INT64_C(86400000000000)},
    {"h", INT64_C(3600000000000)},
    {"m", INT64_C(60000000000)},
    {"s", INT64_C(1000000000)},
    {"ms", INT64_C(1000000)},
    {"us", INT64_C(1000)},
    {"\xC2\xB5s", INT64_C(1000)}, /* the micro sign, and the letter mu */
    {"\xCE\xBCs", INT64_C(1000)},
    {"ns", INT64_C(1)},
};

/* The longest unit name that stands at p; -1 if none. */
static int unit_at(const char *p, const char *end) {
    int found = -1;
    size_t longest = 0;
    for (int i = 0; i < PLN__COUNT(duration_units); i++) {
        size_t n = strlen(duration_units[i].name);
        if (n > longest && (size_t)(end - p) >= n && memcmp(p, duration_units[i].name, n) == 0) {
            found = i;
            longest = n;
        }
    }
    return found;
}

/* One "1.5h" from *p on, added to *total; its unit must be smaller than *last. */
static pln__parsed add_part(const char **at, const char *end, int64_t *last, pln__int128 *total) {
    const char *p = *at, *start = p;
    uint64_t whole = 0, numerator = 0, denominator = 1;
    while (p < end && is_digit(*p))
        p++;
    pln__parsed parsed = pln__parse_digits(start, p - start, &whole);
    if (parsed == PLN__NOT_ONE)
        return parsed;
    bool exact = true;
    if (p < end && *p == '.') {
        start = ++p;
        for (; p < end && is_digit(*p); p++) {
            if (denominator < UINT64_C(1000000000000000000)) {
                numerator = numerator * 10 + (uint64_t)(*p - '0');
                denominator *= 10;
            } else if (*p != '0') {
                exact = false;
            }
        }
        if (p == start)
            return PLN__NOT_ONE;
    }
    int unit = unit_at(p, end);
    if (unit < 0 || duration_units[unit].ns >= *last)
        return PLN__NOT_ONE;
    *last = duration_units[unit].ns;
    *at = p + strlen(duration_units[unit].name);
    pln__int128 part = (pln__int128)numerator * *last;
    *total += (pln__int128)whole * *last + part / denominator;
    if (parsed == PLN__PARSED && (!exact || part % denominator != 0))
        parsed = PLN__INEXACT;
    return parsed;
}

pln__parsed pln__parse_duration(const char *text, int64_t size, int64_t *us) {
    const char *end = text + size, *p = text;
    pln__parsed worst = pln__parse_int64(text, size, us);
    if (worst != PLN__NOT_ONE)
        return worst;
    worst = PLN__PARSED;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    pln__int128 total = 0;
    int64_t last = INT64_MAX;
    if (p == end)
        return PLN__NOT_ONE;
    while (p < end) {
        pln__parsed parsed = add_part(&p, end, &last, &total);
        if (parsed == PLN__NOT_ONE)
            return parsed;
        if (worst == PLN__PARSED)
            worst = parsed;
    }
    if (worst == PLN__PARSED && total % 1000 != 0)
        worst = PLN__INEXACT;
    total = (negative ? -total : total) / 1000;
    if (total < INT64_MIN || total > INT64_MAX)
        worst = PLN__OUT_OF_RANGE;
    if (worst == PLN__PARSED)
        *us = (int64_t)total;
    return worst;
}
