/*
 * Numbers as text, both ways, exact and without a locale. Nothing here allocates or needs a NUL
 * behind the text; no byte outside [text, text + size) is read unless a name says "padded". What is
 * parsed may be signed and may have leading zeros; spaces never belong to a number.
 */
#ifndef PLN__BASE_NUMBER_H
#define PLN__BASE_NUMBER_H

#include "base/base.h"
#include "base/little.h"

typedef enum pln__parsed {
    PLN__PARSED = 0,
    PLN__NOT_ONE,      /* the text is no number (date, ...) of this kind */
    PLN__OUT_OF_RANGE, /* it is one, but the type cannot hold it */
    PLN__INEXACT       /* digits would be lost */
} pln__parsed;

__extension__ typedef __int128 pln__int128;
__extension__ typedef unsigned __int128 pln__uint128;

/* ---- integers ---- */

/* Eight characters at once, the first in the lowest byte. */
static inline bool pln__are_8_digits(uint64_t word) {
    uint64_t high = 0xF0F0F0F0F0F0F0F0u;
    uint64_t above = ((word + 0x0606060606060606u) & high) >> 4;
    return ((word & high) | above) == 0x3333333333333333u;
}
static inline uint32_t pln__value_of_8_digits(uint64_t word) {
    uint64_t mask = 0x000000FF000000FFu;
    word -= 0x3030303030303030u;
    word = word * 10 + (word >> 8);
    word = (word & mask) * 0x000F424000000064u + ((word >> 16) & mask) * 0x0000271000000001u;
    return (uint32_t)(word >> 32);
}

/*
 * Digits alone, 1 to 8 of them, where 8 bytes from `text` may be read: no loop. Returns false if
 * one is not a digit or size is not 1 to 8.
 */
static inline bool pln__parse_8_padded(const char *text, int64_t size, uint32_t *out) {
    if (size < 1 || size > 8)
        return false;
    unsigned shift = (unsigned)(8 - size) * 8;
    uint64_t zeros = 0x3030303030303030u;
    uint64_t word = pln__load_le64(text) << shift;
    if (shift != 0)
        word |= zeros >> (64 - shift);
    *out = pln__value_of_8_digits(word);
    return pln__are_8_digits(word);
}

/* How many of the eight characters, from the first, are digits. */
static inline int pln__leading_digits(uint64_t word) {
    word ^= 0x3030303030303030u;
    uint64_t others = ((word + 0x7676767676767676u) | word) & 0x8080808080808080u;
    return others == 0 ? 8 : __builtin_ctzll(others) >> 3;
}

/* The value of the first `count` (0 to 7) of eight characters, which are digits. */
static inline uint32_t pln__value_of_leading(uint64_t word, int count) {
    /* In two steps: a shift by 64 is not defined, and no digits at all are 0. */
    word = (word ^ 0x3030303030303030u) << 8 << (56 - 8 * count);
    return pln__value_of_8_digits(word ^ 0x3030303030303030u);
}

/* Out of line: more than 19 digits. */
pln__parsed pln__parse_digits_long(const char *text, int64_t size, uint64_t *out);

/* Digits alone, at least one. */
static inline pln__parsed pln__parse_digits(const char *text, int64_t size, uint64_t *out) {
    if (PLN__UNLIKELY(size > 19))
        return pln__parse_digits_long(text, size, out);
    const char *end = text + size;
    uint64_t value = 0;
    if (size <= 0)
        return PLN__NOT_ONE;
    for (; end - text >= 8; text += 8) {
        uint64_t word = pln__load_le64(text);
        if (!pln__are_8_digits(word))
            return PLN__NOT_ONE;
        value = value * 100000000 + pln__value_of_8_digits(word);
    }
    for (; text < end; text++) {
        unsigned digit = (unsigned)(unsigned char)*text - '0';
        if (digit > 9)
            return PLN__NOT_ONE;
        value = value * 10 + digit;
    }
    *out = value;
    return PLN__PARSED;
}

static inline pln__parsed pln__parse_int64(const char *text, int64_t size, int64_t *out) {
    if (size <= 0)
        return PLN__NOT_ONE;
    bool negative = *text == '-';
    int64_t skip = negative || *text == '+';
    uint64_t value = 0;
    pln__parsed parsed = pln__parse_digits(text + skip, size - skip, &value);
    if (PLN__UNLIKELY(parsed != PLN__PARSED))
        return parsed;
    if (PLN__UNLIKELY(value > (uint64_t)INT64_MAX + negative))
        return PLN__OUT_OF_RANGE;
    *out = (int64_t)(negative ? 0 - value : value);
    return PLN__PARSED;
}

/* The same, where PLN__PADDING bytes behind the text may be read: short numbers take no loop. */
static inline pln__parsed pln__parse_int64_padded(const char *text, int64_t size, int64_t *out) {
    if (size <= 0)
        return PLN__NOT_ONE;
    bool negative = *text == '-';
    int64_t skip = negative || *text == '+', digits = size - skip;
    uint32_t low, high = 0;
    bool good;
    if (PLN__LIKELY(digits <= 8)) {
        good = pln__parse_8_padded(text + skip, digits, &low);
    } else if (digits <= 16) {
        uint64_t tail = pln__load_le64(text + size - 8);
        good = pln__parse_8_padded(text + skip, digits - 8, &high) && pln__are_8_digits(tail);
        low = pln__value_of_8_digits(tail);
    } else {
        return pln__parse_int64(text, size, out);
    }
    if (PLN__UNLIKELY(!good))
        return PLN__NOT_ONE;
    int64_t value = (int64_t)high * 100000000 + low;
    *out = negative ? -value : value;
    return PLN__PARSED;
}

/* "-0" is 0, another negative number is PLN__OUT_OF_RANGE. */
static inline pln__parsed pln__parse_uint64(const char *text, int64_t size, uint64_t *out) {
    if (size <= 0)
        return PLN__NOT_ONE;
    bool negative = *text == '-';
    int64_t skip = negative || *text == '+';
    pln__parsed parsed = pln__parse_digits(text + skip, size - skip, out);
    if (parsed == PLN__PARSED && negative && *out != 0)
        return PLN__OUT_OF_RANGE;
    return parsed;
}

/* ---- floating point ---- */

enum {
    PLN__DOUBLE_JSON = 0, /* exactly the numbers of RFC 8259 */
    /* also "+1", "1.", ".5", "007", and in any case "inf", "infinity", "nan" */
    PLN__DOUBLE_LENIENT = 1
};

/* 10^0 to 10^22, the powers that a double holds exactly, and 10^0 to 10^18. */
extern const double pln__exact_tens[23];
extern const uint64_t pln__integer_tens[19];

/* Out of line: every text that the fast path leaves, decided exactly. */
pln__parsed pln__parse_double_slow(const char *text, int64_t size, int flags, double *out);
pln__parsed pln__parse_float_slow(const char *text, int64_t size, int flags, float *out);

/*
 * The nearest double, ties to even. Too large is PLN__OUT_OF_RANGE with *out = ±infinity; too small
 * is a subnormal or zero and PLN__PARSED.
 *
 * Plain decimals of at most 15 digits are settled here (Clinger, "How to read floating point
 * numbers accurately", 1990): both parts of the quotient are exact, so one division rounds once.
 */
static inline pln__parsed pln__parse_double(const char *text, int64_t size, int flags,
                                            double *out) {
    const char *end = text + size, *p = text;
    p += p < end && *p == '-';
    const char *start = p;
    uint64_t value = 0;
    for (; p < end && (unsigned char)(*p - '0') < 10; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    int64_t whole = p - start, fraction = 0;
    if (p < end && *p == '.') {
        start = ++p;
        if (end - p >= 8 && pln__are_8_digits(pln__load_le64(p))) {
            value = value * 100000000 + pln__value_of_8_digits(pln__load_le64(p));
            p += 8;
        }
        for (; p < end && (unsigned char)(*p - '0') < 10; p++)
            value = value * 10 + (uint64_t)(*p - '0');
        fraction = p - start;
        if (fraction == 0)
            return pln__parse_double_slow(text, size, flags, out);
    }
    bool plain = p == end && whole > 0 && whole + fraction <= 15;
    if (PLN__UNLIKELY(!plain || (whole > 1 && text[*text == '-'] == '0')))
        return pln__parse_double_slow(text, size, flags, out);
    double number = (double)(int64_t)value / pln__exact_tens[fraction];
    *out = *text == '-' ? -number : number;
    return PLN__PARSED;
}

/*
 * The same, where PLN__PADDING bytes behind the text may be read: without a loop for at most 7
 * digits on each side of the point.
 */
static inline pln__parsed pln__parse_double_padded(const char *text, int64_t size, int flags,
                                                   double *out) {
    if (PLN__UNLIKELY(size <= 0))
        return PLN__NOT_ONE;
    const char *end = text + size, *p = text + (*text == '-');
    uint64_t word = pln__load_le64(p);
    int whole = pln__leading_digits(word), fraction = 0;
    if (PLN__UNLIKELY(whole == 0 || whole == 8 || (whole > 1 && *p == '0')))
        return pln__parse_double(text, size, flags, out);
    int64_t value = pln__value_of_leading(word, whole);
    p += whole;
    if (p < end && *p == '.') {
        word = pln__load_le64(++p);
        fraction = pln__leading_digits(word);
        if (PLN__UNLIKELY(fraction == 0 || fraction == 8))
            return pln__parse_double(text, size, flags, out);
        value =
            value * (int64_t)pln__integer_tens[fraction] + pln__value_of_leading(word, fraction);
        p += fraction;
    }
    /* Digits may go on behind the end of the text. */
    if (PLN__UNLIKELY(p != end))
        return pln__parse_double(text, size, flags, out);
    double number = (double)value / pln__exact_tens[fraction];
    *out = *text == '-' ? -number : number;
    return PLN__PARSED;
}

/* The nearest float, rounded once (not by way of a double). */
static inline pln__parsed pln__parse_float(const char *text, int64_t size, int flags, float *out) {
    return pln__parse_float_slow(text, size, flags, out);
}

/* True if the bytes are one number of RFC 8259 and nothing else. */
bool pln__is_json_number(const char *text, int64_t size);

/* ---- decimals ---- */

enum { PLN__DECIMAL128_PRECISION = 38 };

/*
 * The integer whose value times 10^-scale the text is, exactly. Grammar as PLN__DOUBLE_LENIENT
 * without "inf" and "nan". PLN__OUT_OF_RANGE: more than `precision` (1 to 38) digits; PLN__INEXACT:
 * digits other than 0 beyond the scale (which may be negative).
 */
pln__parsed pln__parse_decimal128(const char *text, int64_t size, int32_t precision, int32_t scale,
                                  pln__int128 *out);

/* Arrow's 16 bytes, at any alignment. */
static inline pln__int128 pln__load_decimal128(const void *bytes) {
    pln__int128 value;
    memcpy(&value, bytes, sizeof value);
    return value;
}
static inline void pln__store_decimal128(void *bytes, pln__int128 value) {
    memcpy(bytes, &value, sizeof value);
}

/* 10^n, 0 <= n <= 38. */
pln__int128 pln__decimal128_ten(int32_t n);
/* As near as a double gets; -38 <= scale <= 38. */
double pln__decimal128_double(pln__int128 value, int32_t scale);

/* ---- formatting ---- */

/*
 * All return the number of bytes written; no NUL follows. `out` must have the room of the type's
 * PLN__..._TEXT_SIZE, whatever the value.
 */
#define PLN__INT64_TEXT_SIZE 24
#define PLN__UINT64_TEXT_SIZE 24
#define PLN__DOUBLE_TEXT_SIZE 32
#define PLN__FLOAT_TEXT_SIZE 32
#define PLN__DECIMAL128_TEXT_SIZE 128

int64_t pln__format_int64(char *out, int64_t value);
int64_t pln__format_uint64(char *out, uint64_t value);

/*
 * The fewest digits that read back as the same value, of those the nearest to it, laid out as
 * JavaScript does: plain from 1e-6 up to 1e21 ("100", "0.1", "123456789012345680000"), else with an
 * exponent ("1e+21", "1.5e-7"). A whole number has no ".0"; negative zero is "-0"; "inf", "-inf"
 * and "nan" are not JSON, and the caller's to avoid where JSON is written. A float is shortest as a
 * float (0.1f is "0.1").
 */
int64_t pln__format_double(char *out, double value);
int64_t pln__format_float(char *out, float value);

/*
 * All digits of the scale ("1.50" at scale 2), -38 <= scale <= 38; a negative scale gives zeros
 * ("1500" at -2).
 */
int64_t pln__format_decimal128(char *out, pln__int128 value, int32_t scale);

#endif
