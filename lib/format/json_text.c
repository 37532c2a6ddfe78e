#include "format/json_text.h"

/* ---- expanded years ---- */

/* As pln__civil_of, for every day that an int64 of seconds reaches. */
static void civil(int64_t days, int64_t *year, int *month, int *day) {
    int64_t of_era, era = pln__floor_div(days + 719468, 146097, &of_era);
    int64_t of_year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t rest = of_era - (365 * of_year + of_year / 4 - of_year / 100);
    int64_t m = (5 * rest + 2) / 153;
    *day = (int)(rest - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = era * 400 + of_year + (*month <= 2);
}

static char *digits(char *out, uint64_t value, int width) {
    for (int i = width; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + width;
}

static bool is_plain_year(int64_t year) {
    return year >= 1 && year <= 9999;
}

int64_t pln__json_format_day(char *out, int64_t days) {
    int64_t year;
    int month, day, width = 6;
    char *p = out;
    civil(days, &year, &month, &day);
    if (is_plain_year(year)) {
        p = digits(p, (uint64_t)year, 4);
    } else {
        uint64_t size = year < 0 ? 0 - (uint64_t)year : (uint64_t)year;
        for (uint64_t rest = size / 1000000; rest > 0; rest /= 10)
            width++;
        *p++ = year < 0 ? '-' : '+';
        p = digits(p, size, width);
    }
    *p++ = '-';
    p = digits(p, (uint64_t)month, 2);
    *p++ = '-';
    p = digits(p, (uint64_t)day, 2);
    return p - out;
}

int64_t pln__json_format_instant(char *out, int64_t value, int32_t unit, bool utc) {
    int64_t of_day, days = pln__split_timestamp(value, (pln__unit)unit, &of_day);
    char *p = out + pln__json_format_day(out, days);
    *p++ = 'T';
    p += pln__format_time(p, of_day, (pln__unit)unit, 0);
    if (utc)
        *p++ = 'Z';
    return p - out;
}

/* Sign, year, "-MM-DD"; *used is its size. */
static pln__parsed expanded_day(const char *text, int64_t size, int64_t *days, int64_t *used) {
    int64_t year = 0, n = 1;
    if (size < 1 || (text[0] != '+' && text[0] != '-'))
        return PLN__NOT_ONE;
    while (n < size && text[n] >= '0' && text[n] <= '9') {
        if (n > 12)
            return PLN__OUT_OF_RANGE;
        year = year * 10 + (text[n++] - '0');
    }
    const char *p = text + n;
    if (n < 5 || size - n < 6 || p[0] != '-' || p[3] != '-')
        return PLN__NOT_ONE;
    uint64_t month, day;
    if (pln__parse_digits(p + 1, 2, &month) != PLN__PARSED ||
        pln__parse_digits(p + 4, 2, &day) != PLN__PARSED)
        return PLN__NOT_ONE;
    year = text[0] == '-' ? -year : year;
    if (month < 1 || month > 12 || day < 1 ||
        day > (uint64_t)pln__days_in_month(year, (int32_t)month))
        return PLN__NOT_ONE;
    *days = pln__days_of(year, (int32_t)month, (int32_t)day);
    *used = n + 6;
    return PLN__PARSED;
}

pln__parsed pln__json_parse_day(const char *text, int64_t size, int32_t *out) {
    int64_t days, used;
    pln__parsed parsed = pln__parse_date(text, size, out);
    if (parsed != PLN__NOT_ONE)
        return parsed;
    parsed = expanded_day(text, size, &days, &used);
    if (parsed != PLN__PARSED || used != size)
        return parsed != PLN__PARSED ? parsed : PLN__NOT_ONE;
    *out = (int32_t)days;
    return days == *out ? PLN__PARSED : PLN__OUT_OF_RANGE;
}

pln__parsed pln__json_parse_instant(const char *text, int64_t size, int32_t unit, bool zoned,
                                    int64_t *out) {
    int64_t days, used, of_day;
    int flags = zoned ? 0 : PLN__TIME_NO_ZONE;
    pln__parsed parsed = pln__parse_timestamp(text, size, (pln__unit)unit, flags, out);
    if (parsed != PLN__NOT_ONE)
        return parsed;
    parsed = expanded_day(text, size, &days, &used);
    if (parsed != PLN__PARSED)
        return parsed;
    if (used == size || (text[used] != 'T' && text[used] != ' '))
        return PLN__NOT_ONE;
    used++;
    size -= zoned && text[size - 1] == 'Z';
    parsed = pln__parse_time(text + used, size - used, (pln__unit)unit, 0, &of_day);
    if (parsed != PLN__PARSED)
        return parsed;
    /* The most negative instants have a day whose midnight lies below int64. */
    pln__int128 at = (pln__int128)days * 86400 * pln__per_second((pln__unit)unit) + of_day;
    *out = (int64_t)at;
    return at == *out ? PLN__PARSED : PLN__OUT_OF_RANGE;
}

/* ---- base64 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int64_t pln__json_base64_size(int64_t size) {
    return (size + 2) / 3 * 4;
}

void pln__json_base64_encode(const uint8_t *bytes, int64_t size, char *out) {
    for (int64_t i = 0; i < size; i += 3, out += 4) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < size ? bytes[i + 2] : 0;
        out[0] = alphabet[group >> 18];
        out[1] = alphabet[(group >> 12) & 63];
        out[2] = i + 1 < size ? alphabet[(group >> 6) & 63] : '=';
        out[3] = i + 2 < size ? alphabet[group & 63] : '=';
    }
}

static int sextet(uint8_t c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool pln__json_base64_decode(const uint8_t *text, int64_t size, uint8_t *out, int64_t *out_size) {
    uint8_t *start = out;
    if (size % 4 != 0)
        return false;
    for (int64_t i = 0; i < size; i += 4) {
        bool last = i + 4 == size;
        int padding = last && text[i + 3] == '=' ? 1 + (text[i + 2] == '=') : 0;
        uint32_t group = 0;
        for (int k = 0; k < 4; k++) {
            int value = k < 4 - padding ? sextet(text[i + k]) : 0;
            if (value < 0)
                return false;
            group = group << 6 | (uint32_t)value;
        }
        if (padding > 0 && (group & (padding == 1 ? 0xFFu : 0xFFFFu)) != 0)
            return false;
        *out++ = (uint8_t)(group >> 16);
        if (padding < 2)
            *out++ = (uint8_t)(group >> 8);
        if (padding < 1)
            *out++ = (uint8_t)group;
    }
    *out_size = out - start;
    return true;
}
