/*
 * Dates and times, identifiers, and numbers of cards, persons and telephones.
 */
#include "expr/formats.h"

/* The number that `n` digits at `at` make, or -1. */
static int32_t digits(xstr s, int64_t at, int32_t n) {
    int32_t value = 0;
    if (s.size - at < n)
        return -1;
    for (int32_t i = 0; i < n; i++) {
        if (!x_digit(s.data[at + i]))
            return -1;
        value = value * 10 + (s.data[at + i] - '0');
    }
    return value;
}

static bool is_at(xstr s, int64_t at, uint8_t c) {
    return at < s.size && s.data[at] == c;
}

/* ---- ISO 8601 in the profile of RFC 3339 ---- */

bool pln__x_is_iso_date(xstr s, uint32_t cpu) {
    int32_t year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);
    (void)cpu;
    return s.size == 10 && year >= 0 && is_at(s, 4, '-') && month >= 1 && month <= 12 &&
           is_at(s, 7, '-') && day >= 1 && day <= pln__days_in_month(year, month);
}

/* Z or +hh:mm up to the end; *minutes east of UTC. */
static bool is_offset(xstr s, int64_t at, int32_t *minutes) {
    bool east = is_at(s, at, '+');
    int32_t hours = digits(s, at + 1, 2), rest = digits(s, at + 4, 2);
    *minutes = 0;
    if (is_at(s, at, 'Z') || is_at(s, at, 'z'))
        return at + 1 == s.size;
    if ((!east && !is_at(s, at, '-')) || at + 6 != s.size || !is_at(s, at + 3, ':'))
        return false;
    *minutes = (hours * 60 + rest) * (east ? 1 : -1);
    return hours >= 0 && hours <= 23 && rest >= 0 && rest <= 59;
}

/* hh:mm[:ss[.f]][offset]; a leap second only where one may be, at the end of a day of UTC. */
bool pln__x_is_iso_time(xstr s, uint32_t cpu) {
    int32_t hour = digits(s, 0, 2), minute = digits(s, 3, 2), second = 0, offset = 0;
    int64_t at = 5;
    (void)cpu;
    if (hour < 0 || hour > 23 || !is_at(s, 2, ':') || minute < 0 || minute > 59)
        return false;
    if (is_at(s, at, ':')) {
        second = digits(s, at + 1, 2);
        at += 3;
        if (second < 0 || second > 60)
            return false;
        if (is_at(s, at, '.')) {
            int64_t from = ++at;
            while (at < s.size && x_digit(s.data[at]))
                at++;
            if (at == from)
                return false;
        }
    }
    if (at < s.size && !is_offset(s, at, &offset))
        return false;
    return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439;
}

bool pln__x_is_iso8601(xstr s, uint32_t cpu) {
    return s.size > 11 && pln__x_is_iso_date(x_part(s, 0, 10), cpu) && (s.data[10] | 32) == 't' &&
           pln__x_is_iso_time(x_part(s, 11, s.size), cpu);
}

/* ---- RFC 9562 ---- */

bool pln__x_is_uuid(xstr s, uint32_t cpu) {
    (void)cpu;
    if (s.size != 36)
        return false;
    for (int32_t i = 0; i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? s.data[i] != '-' : !x_hex(s.data[i]))
            return false;
    }
    return true;
}

/* ---- cards: ISO/IEC 7812 ---- */

/* 12 to 19 digits with single spaces or hyphens between them, whose check digit is right. */
bool pln__x_is_credit_card(xstr s, uint32_t cpu) {
    uint8_t found[19];
    int32_t n = 0, sum = 0;
    (void)cpu;
    for (int64_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i];
        bool between = (c == ' ' || c == '-') && i > 0 && i + 1 < s.size &&
                       x_digit(s.data[i - 1]) && x_digit(s.data[i + 1]);
        if (between)
            continue;
        if (!x_digit(c) || n == 19)
            return false;
        found[n++] = (uint8_t)(c - '0');
    }
    if (n < 12 || found[0] == 0)
        return false;
    for (int32_t i = n - 1, twice = 0; i >= 0; i--, twice = !twice) {
        int32_t digit = found[i] * (twice ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/* ---- persons of the United States ---- */

/* 123-45-6789, with hyphens, spaces or neither; no number that was never given to anybody. */
bool pln__x_is_ssn(xstr s, uint32_t cpu) {
    static const int32_t printed[][3] = {{78, 5, 1120}, {219, 9, 9999}}; /* in advertisements */
    uint8_t sign = s.size == 11 ? s.data[3] : 0;
    int64_t gap = s.size == 11;
    (void)cpu;
    if (s.size != 9 && (s.size != 11 || (sign != '-' && sign != ' ') || s.data[6] != sign))
        return false;
    int32_t area = digits(s, 0, 3), group = digits(s, 3 + gap, 2);
    int32_t serial = digits(s, 5 + gap * 2, 4);
    for (int i = 0; i < PLN__COUNT(printed); i++)
        if (area == printed[i][0] && group == printed[i][1] && serial == printed[i][2])
            return false;
    return area > 0 && area != 666 && area < 900 && group > 0 && serial > 0;
}

/* ---- telephones: ITU-T E.164 ---- */

bool pln__x_is_phone(xstr s, uint32_t cpu) {
    (void)cpu;
    if (s.size < 8 || s.size > 16 || s.data[0] != '+' || s.data[1] == '0')
        return false;
    for (int64_t i = 1; i < s.size; i++)
        if (!x_digit(s.data[i]))
            return false;
    return true;
}
