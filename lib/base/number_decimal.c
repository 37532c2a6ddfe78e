#include "base/number_internal.h"

static pln__uint128 ten_to(int64_t n) {
    if (n <= 18)
        return pln__integer_tens[n];
    pln__uint128 ten_18 = pln__integer_tens[18];
    return n <= 36 ? ten_18 * pln__integer_tens[n - 18]
                   : ten_18 * ten_18 * pln__integer_tens[n - 36];
}

pln__int128 pln__decimal128_ten(int32_t n) {
    return (pln__int128)ten_to(n);
}

/* The first `count` significant digits, count <= 38. */
static pln__uint128 read_digits(const char *p, int64_t count) {
    pln__uint128 value = 0;
    while (count > 0) {
        uint64_t part = 0;
        int64_t n = 0;
        for (; n < 18 && n < count; p++) {
            if (*p == '.')
                continue;
            part = part * 10 + (uint64_t)(*p - '0');
            n++;
        }
        value = value * pln__integer_tens[n] + part;
        count -= n;
    }
    return value;
}

/* Significant digits without trailing zeros. */
static int64_t count_without_zeros(const pln__scanned *number) {
    int64_t seen = 0, last = 0;
    for (const char *p = number->first; seen < number->count; p++) {
        if (*p == '.')
            continue;
        seen++;
        if (*p != '0')
            last = seen;
    }
    return last;
}

static pln__parsed parse_long(const pln__scanned *number, int32_t precision, int64_t shift,
                              pln__uint128 *out) {
    int64_t kept = number->count < PLN__SCAN_DIGITS ? number->count : PLN__SCAN_DIGITS;
    int64_t count = count_without_zeros(number);
    int64_t zeros = shift + kept - count; /* to be put behind the last digit */
    if (count + zeros > precision)
        return PLN__OUT_OF_RANGE;
    if (zeros < 0)
        return PLN__INEXACT;
    *out = read_digits(number->first, count) * ten_to(zeros);
    return PLN__PARSED;
}

pln__parsed pln__parse_decimal128(const char *text, int64_t size, int32_t precision, int32_t scale,
                                  pln__int128 *out) {
    pln__scanned number;
    pln__parsed parsed = pln__scan_number(text, size, PLN__DOUBLE_LENIENT, &number);
    if (parsed != PLN__PARSED)
        return parsed;
    pln__uint128 value = 0;
    int64_t shift = number.exponent + scale;
    if (number.digits == 0) {
        value = 0;
    } else if (PLN__LIKELY(!number.more && shift >= 0 && shift <= 18)) {
        value = (pln__uint128)number.digits * pln__integer_tens[shift];
        if (value >= ten_to(precision))
            parsed = PLN__OUT_OF_RANGE;
    } else {
        parsed = parse_long(&number, precision, shift, &value);
    }
    if (parsed == PLN__PARSED)
        *out = number.negative ? -(pln__int128)value : (pln__int128)value;
    return parsed;
}

double pln__decimal128_double(pln__int128 value, int32_t scale) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    double out = 0;
    int64_t small = (int64_t)value;
    bool exact = small == value && small > -(INT64_C(1) << 53) && small < INT64_C(1) << 53;
    if (exact && scale >= 0 && scale <= 22)
        return (double)small / pln__exact_tens[scale];
    int64_t n = pln__format_decimal128(text, value, scale);
    (void)pln__parse_double(text, n, PLN__DOUBLE_LENIENT, &out);
    return out;
}
