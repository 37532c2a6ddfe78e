/*
 * From the text of a field to an entry of a column: the part that is inlined into the loop over rows.
 * CSV_AHEAD bytes behind a field may be read (the input has padding), and as many behind a written text are overwritten.
 */
#ifndef PLN__FORMAT_CSV_VALUE_H
#define PLN__FORMAT_CSV_VALUE_H

#include "base/utf8.h"
#include "format/csv_internal.h"

#define CSV_AHEAD 16
#define CSV_ALWAYS static inline __attribute__((always_inline))

CSV_ALWAYS int csv__code(pln__parsed parsed) {
    return (int)parsed; /* CSV_OK, CSV_ILL_TYPED, CSV_RANGE, CSV_DIGITS are in its order */
}

/* Digits alone, without a loop up to 16 of them. */
CSV_ALWAYS int csv__digits(const char *text, int64_t size, uint64_t *out) {
    uint32_t high, low;
    if (PLN__LIKELY(size <= 8)) {
        bool good = pln__parse_8_padded(text, size, &low);
        *out = low;
        return good ? CSV_OK : CSV_ILL_TYPED;
    }
    if (size <= 16) {
        uint64_t tail = pln__load_le64(text + size - 8);
        if (!pln__parse_8_padded(text, size - 8, &high) || !pln__are_8_digits(tail))
            return CSV_ILL_TYPED;
        *out = (uint64_t)high * 100000000 + pln__value_of_8_digits(tail);
        return CSV_OK;
    }
    return csv__code(pln__parse_digits(text, size, out));
}

CSV_ALWAYS int csv__int64(const char *text, int64_t size, int64_t *out) {
    bool negative = *text == '-';
    int64_t skip = negative || *text == '+';
    uint64_t value = 0;
    int code = csv__digits(text + skip, size - skip, &value);
    if (PLN__UNLIKELY(code != CSV_OK))
        return code;
    if (PLN__UNLIKELY(value > (uint64_t)INT64_MAX + negative))
        return CSV_RANGE;
    *out = (int64_t)(negative ? 0 - value : value);
    return CSV_OK;
}

/* Each byte of the word that is a point, as its high bit; bytes behind the first one may be wrong. */
CSV_ALWAYS uint64_t csv__points(uint64_t word) {
    uint64_t other = word ^ UINT64_C(0x2E2E2E2E2E2E2E2E);
    return (other - UINT64_C(0x0101010101010101)) & ~other & UINT64_C(0x8080808080808080);
}

/* Eight bytes at most, of which one may be a point: the point is cut out and the rest is one number. */
CSV_ALWAYS bool csv__short_double(uint64_t word, uint64_t points, int64_t size, double *out) {
    uint64_t zeros = UINT64_C(0x3030303030303030), digits = word;
    int64_t fraction = 0, n = size;
    unsigned point = points != 0 ? (unsigned)__builtin_ctzll(points) & ~7u : 64;
    if (point < 8 * (unsigned)size) {
        uint64_t before = (UINT64_C(1) << point) - 1;
        digits = (word & before) | (word >> 8 & ~before);
        n = size - 1;
        fraction = n - (point >> 3);
    }
    if (n < 1)
        return false;
    unsigned shift = (unsigned)(8 - n) * 8;
    digits <<= shift;
    digits |= shift != 0 ? zeros >> (64 - shift) : 0;
    if (!pln__are_8_digits(digits))
        return false;
    *out = (double)(int64_t)pln__value_of_8_digits(digits) / pln__exact_tens[fraction];
    return true;
}

/*
 * Plain decimals of at most 15 digits: both parts of the quotient are exact, so it is rounded once (Clinger). All else is
 * left to the exact parser.
 */
CSV_ALWAYS int csv__double(const char *text, int64_t size, double *out) {
    bool negative = *text == '-';
    const char *p = text + negative;
    int64_t n = size - negative;
    uint64_t word = pln__load_le64(p), points = csv__points(word);
    double value;
    if (PLN__LIKELY(n <= 8)) {
        if (PLN__UNLIKELY(!csv__short_double(word, points, n, &value)))
            return csv__code(pln__parse_double_slow(text, size, PLN__DOUBLE_LENIENT, out));
    } else {
        static const int32_t tens[9] = {1,      10,      100,      1000,     10000,
                                        100000, 1000000, 10000000, 100000000};
        int64_t whole = points != 0 ? __builtin_ctzll(points) >> 3 : 8, fraction = n - whole - 1;
        uint32_t high, low;
        if (PLN__UNLIKELY(whole == 8 || !pln__parse_8_padded(p, whole, &high) ||
                          !pln__parse_8_padded(p + whole + 1, fraction, &low)))
            return csv__code(pln__parse_double(text, size, PLN__DOUBLE_LENIENT, out));
        value = (double)((int64_t)high * tens[fraction] + low) / pln__exact_tens[fraction];
    }
    *out = negative ? -value : value;
    return CSV_OK;
}

/* "true" and "false" and single digits; the other words are not in a hurry. */
CSV_ALWAYS bool csv__bool(const char *text, int64_t size, bool *out) {
    uint64_t word = pln__load_le64(text) | UINT64_C(0x2020202020202020);
    if (size == 4 && (word & 0xFFFFFFFFu) == 0x65757274u) {
        *out = true;
        return true;
    }
    if (size == 5 && (word & UINT64_C(0xFFFFFFFFFF)) == UINT64_C(0x65736C6166)) {
        *out = false;
        return true;
    }
    return pln__csv_parse_bool(text, size, out);
}

/* "2013-01-31" to days; false if it is not plainly that. */
CSV_ALWAYS bool csv__plain_date(const char *text, int64_t *days) {
    uint64_t head = pln__load_le64(text);
    if ((head & UINT64_C(0xFF0000FF00000000)) != UINT64_C(0x2D00002D00000000))
        return false;
    /* The text without its dashes, as eight digits. */
    uint64_t digits = (head & 0xFFFFFFFFu) | (head >> 40 & 0xFFFF) << 32 |
                      (uint64_t)(uint8_t)text[8] << 48 | (uint64_t)(uint8_t)text[9] << 56;
    if (!pln__are_8_digits(digits))
        return false;
    uint32_t ymd = pln__value_of_8_digits(digits);
    int32_t year = (int32_t)(ymd / 10000), month = (int32_t)(ymd / 100 % 100);
    int32_t day = (int32_t)(ymd % 100);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > pln__days_in_month(year, month))
        return false;
    *days = pln__days_of(year, month, day);
    return true;
}

/* The same where dates come in runs, as they do in files of events: the last one is remembered. */
CSV_ALWAYS bool csv__run_of_dates(pln__csv_field *f, const char *text, int64_t *days) {
    uint64_t head = pln__load_le64(text);
    uint16_t tail;
    memcpy(&tail, text + 8, 2);
    if (PLN__LIKELY(head == f->date_head && tail == f->date_tail)) {
        *days = f->date_days;
        return true;
    }
    if (!csv__plain_date(text, days))
        return false;
    f->date_head = head;
    f->date_tail = tail;
    f->date_days = *days;
    return true;
}

/* "06:00:59" to seconds of the day. */
CSV_ALWAYS bool csv__plain_time(const char *text, int64_t *seconds) {
    uint64_t word = pln__load_le64(text), colons = UINT64_C(0x0000FF0000FF0000);
    if ((word & colons) != UINT64_C(0x00003A00003A0000))
        return false;
    word = (word & ~colons) | UINT64_C(0x0000300000300000);
    if (!pln__are_8_digits(word))
        return false;
    uint32_t hms = pln__value_of_8_digits(word); /* hh0mm0ss */
    uint32_t hour = hms / 1000000, minute = hms / 1000 % 100, second = hms % 100;
    *seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

/* "2013-01-31T06:00:00", with three or six digits of a fraction if the unit has them, and "Z" or not. */
CSV_ALWAYS int csv__timestamp(pln__csv_field *f, const char *text, int64_t size, int64_t *out) {
    int64_t days, seconds;
    if (PLN__LIKELY(size >= 19) && (text[10] == 'T' || text[10] == ' ')) {
        bool zulu = text[size - 1] == 'Z';
        int64_t fraction = size - zulu - 19;
        if (PLN__LIKELY(fraction == 0 && !(zulu && (f->flags & PLN__TIME_NO_ZONE)) &&
                        f->unit != PLN__NANO) &&
            PLN__LIKELY(csv__run_of_dates(f, text, &days) &&
                        csv__plain_time(text + 11, &seconds))) {
            *out = (days * 86400 + seconds) * pln__per_second((pln__unit)f->unit);
            return CSV_OK;
        }
    }
    return csv__code(pln__parse_timestamp(text, size, (pln__unit)f->unit, f->flags, out));
}

CSV_ALWAYS int csv__put_text(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    int32_t start = f->offsets[row];
    uint8_t *to = f->data + start;
    if (PLN__UNLIKELY(start + size > f->room))
        return CSV_NO_ROOM;
    memcpy(to, text, CSV_AHEAD);
    if (PLN__UNLIKELY(size > CSV_AHEAD))
        memcpy(to + CSV_AHEAD, text + CSV_AHEAD, (size_t)size - CSV_AHEAD);
    f->offsets[row + 1] = start + (int32_t)size;
    return CSV_OK;
}

/* `safe`: the text is known to be UTF-8. A null is not the business of this function. */
CSV_ALWAYS int csv__put(pln__csv_field *f, int64_t row, const char *text, int64_t size, bool safe,
                        uint32_t cpu, pln_error *err) {
    int code = CSV_OK;
    switch (f->kind) {
    case CSV_SKIP: return CSV_OK;
    case CSV_UTF8:
        if (PLN__UNLIKELY(!safe) && !pln__utf8_valid(text, size, cpu))
            return CSV_NOT_UTF8;
        return csv__put_text(f, row, text, size);
    case CSV_INT64: return csv__int64(text, size, (int64_t *)(void *)f->data + row);
    case CSV_INT32: {
        int64_t value = 0;
        code = csv__int64(text, size, &value);
        if (PLN__UNLIKELY(value != (int32_t)value))
            return CSV_RANGE;
        ((int32_t *)(void *)f->data)[row] = (int32_t)value;
        return code;
    }
    case CSV_FLOAT64: return csv__double(text, size, (double *)(void *)f->data + row);
    case CSV_TIMESTAMP: return csv__timestamp(f, text, size, (int64_t *)(void *)f->data + row);
    case CSV_BOOL: {
        bool value = false;
        if (PLN__UNLIKELY(!csv__bool(text, size, &value)))
            return CSV_ILL_TYPED;
        pln__bit_put(f->data, row, value);
        return CSV_OK;
    }
    case CSV_DATE32: {
        int64_t days = 0;
        if (PLN__UNLIKELY(size != 10 || !csv__plain_date(text, &days)))
            return CSV_ILL_TYPED;
        ((int32_t *)(void *)f->data)[row] = (int32_t)days;
        return CSV_OK;
    }
    default: return pln__csv_put_other(f, row, text, size, cpu, err);
    }
}

#endif
