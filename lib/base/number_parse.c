#include "base/number_internal.h"
#include "base/number_exact.h"

const double pln__exact_tens[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

const uint64_t pln__integer_tens[19] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

static bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

pln__parsed pln__parse_digits_long(const char *text, int64_t size, uint64_t *out) {
    const char *end = text + size;
    uint64_t value = 0;
    bool fits = true;
    for (; text < end; text++) {
        uint64_t digit = (unsigned char)*text - (uint64_t)'0';
        if (digit > 9)
            return PLN__NOT_ONE;
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, digit, &value);
    }
    *out = value;
    return fits ? PLN__PARSED : PLN__OUT_OF_RANGE;
}

/* ---- taking a number apart ---- */

static const char *skip_digits(const char *p, const char *end) {
    while (end - p >= 8 && pln__are_8_digits(pln__load_le64(p)))
        p += 8;
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* The exponent after the "e"; false if there is none. One beyond 10^17 is as good as 10^17. */
static bool scan_exponent(const char *p, const char *end, int64_t *out) {
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    int64_t value = 0;
    if (p >= end)
        return false;
    for (; p < end; p++) {
        if (!is_digit(*p))
            return false;
        if (value < INT64_C(100000000000000000))
            value = value * 10 + (*p - '0');
    }
    *out = negative ? -value : value;
    return true;
}

/* Collects the digits in [p, end), where one may be the point, from the first that is not 0. */
static void collect(const char *p, const char *end, int64_t exponent, pln__scanned *out) {
    while (p < end && (*p == '0' || *p == '.'))
        p++;
    out->first = p;
    int64_t kept = 0, count = 0;
    uint64_t digits = 0;
    bool more = false;
    for (; p < end; p++) {
        if (*p == '.')
            continue;
        if (kept < PLN__SCAN_DIGITS) {
            digits = digits * 10 + (uint64_t)(*p - '0');
            kept++;
        } else {
            more = more || *p != '0';
        }
        count++;
    }
    out->digits = digits;
    out->count = count;
    out->more = more;
    out->exponent = exponent + count - kept;
}

pln__parsed pln__scan_number(const char *text, int64_t size, int flags, pln__scanned *out) {
    bool lenient = (flags & PLN__DOUBLE_LENIENT) != 0;
    const char *end = text + size, *p = text;
    if (size <= 0)
        return PLN__NOT_ONE;
    out->negative = *p == '-';
    p += *p == '-' || (lenient && *p == '+');
    const char *start = p;
    p = skip_digits(p, end);
    int64_t whole = p - start, fraction = 0, exponent = 0;
    if (!lenient && (whole == 0 || (whole > 1 && *start == '0')))
        return PLN__NOT_ONE;
    if (p < end && *p == '.') {
        const char *after = ++p;
        p = skip_digits(p, end);
        fraction = p - after;
        if (fraction == 0 && !lenient)
            return PLN__NOT_ONE;
    }
    if (whole + fraction == 0)
        return PLN__NOT_ONE;
    if (p < end && ((*p | 0x20) != 'e' || !scan_exponent(p + 1, end, &exponent)))
        return PLN__NOT_ONE;
    collect(start, p, exponent - fraction, out);
    return PLN__PARSED;
}

bool pln__is_json_number(const char *text, int64_t size) {
    pln__scanned scanned;
    return pln__scan_number(text, size, PLN__DOUBLE_JSON, &scanned) == PLN__PARSED;
}

/* ---- nearest binary number ---- */

typedef struct binary_format {
    int mantissa_bits;        /* stored */
    int32_t minimum;          /* exponent field 0 */
    int32_t infinite;         /* exponent field of infinity */
    int32_t tie_min, tie_max; /* powers of ten with which a product can be a tie */
    int32_t zero_below, infinite_above;
} binary_format;

static const binary_format binary64 = {52, -1023, 0x7FF, -4, 23, -342, 308};
static const binary_format binary32 = {23, -127, 0xFF, -17, 10, -64, 38};

/*
 * The high 128 bits of w × 10^q, low enough to round: the second half of the table is used only
 * where the first leaves doubt. The table wants the reciprocals that one product of w can reach
 * rounded up.
 */
static pln__uint128 product_of(int32_t q, uint64_t w, int precision) {
    uint64_t high = pln__powers[q - PLN__POWER_FIRST][0];
    uint64_t low = pln__powers[q - PLN__POWER_FIRST][1];
    if (q < 0 && q >= -27)
        low++; /* never carries: none of these rows ends in ones */
    pln__uint128 product = (pln__uint128)w * high;
    uint64_t mask = UINT64_MAX >> precision;
    if (((uint64_t)(product >> 64) & mask) == mask)
        product += ((pln__uint128)w * low) >> 64;
    return product;
}

/*
 * The bits (without sign) of the binary number nearest to w × 10^q. Lemire, "Number parsing at a
 * gigabyte per second", 2021; that no case is left undecided: Mushtak and Lemire, "Fast number
 * parsing without fallback", 2023.
 */
static uint64_t nearest_bits(uint64_t w, int64_t exponent, const binary_format *f) {
    uint64_t infinity = (uint64_t)f->infinite << f->mantissa_bits;
    if (w == 0 || exponent < f->zero_below)
        return 0;
    if (exponent > f->infinite_above)
        return infinity;
    int32_t q = (int32_t)exponent;
    int lz = __builtin_clzll(w);
    pln__uint128 product = product_of(q, w << lz, f->mantissa_bits + 3);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int upper = (int)(high >> 63);
    int shift = upper + 64 - f->mantissa_bits - 3;
    uint64_t mantissa = high >> shift;
    int32_t power = (((152170 + 65536) * q) >> 16) + 63 + upper - lz - f->minimum;
    if (power <= 0) {
        if (power <= -63)
            return 0;
        mantissa >>= 1 - power;
        mantissa += mantissa & 1;
        return mantissa >> 1; /* a carry makes the smallest normal number, whose field is 1 */
    }
    bool tie = low <= 1 && q >= f->tie_min && q <= f->tie_max && (mantissa & 3) == 1;
    if (tie && mantissa << shift == high)
        mantissa &= ~UINT64_C(1);
    mantissa += mantissa & 1;
    mantissa >>= 1;
    if (mantissa >= UINT64_C(2) << f->mantissa_bits) {
        mantissa = UINT64_C(1) << f->mantissa_bits;
        power++;
    }
    if (power >= f->infinite)
        return infinity;
    mantissa &= ~(UINT64_C(1) << f->mantissa_bits);
    return mantissa | ((uint64_t)power << f->mantissa_bits);
}

/* Digits beyond the nineteenth matter only where they lie between two neighbours. */
static uint64_t bits_of(const pln__scanned *number, const binary_format *f) {
    uint64_t below = nearest_bits(number->digits, number->exponent, f);
    if (!number->more)
        return below;
    uint64_t above = nearest_bits(number->digits + 1, number->exponent, f);
    if (below == above)
        return below;
    uint64_t hidden = UINT64_C(1) << f->mantissa_bits;
    uint64_t mantissa = below & (hidden - 1);
    int32_t field = (int32_t)(below >> f->mantissa_bits);
    int32_t power = (field == 0 ? 1 : field) + f->minimum - f->mantissa_bits;
    if (field != 0)
        mantissa |= hidden;
    int order = pln__compare_exact(number, 2 * mantissa + 1, power - 1);
    if (order == 0)
        return (below & 1) == 0 ? below : above;
    return order < 0 ? below : above;
}

/* 1 infinity, 2 nan, with or without sign and in any case; 0 neither. */
static int special(const char *p, int64_t size) {
    static const struct {
        const char *name;
        int8_t size, kind;
    } names[3] = {{"inf", 3, 1}, {"infinity", 8, 1}, {"nan", 3, 2}};
    int64_t sign = size > 0 && (*p == '-' || *p == '+');
    p += sign;
    size -= sign;
    for (int i = 0; i < 3; i++) {
        if (size != names[i].size)
            continue;
        int64_t same = 0;
        while (same < size && (p[same] | 0x20) == names[i].name[same])
            same++;
        if (same == size)
            return names[i].kind;
    }
    return 0;
}

static pln__parsed parse_bits(const char *text, int64_t size, int flags, const binary_format *f,
                              uint64_t *bits) {
    pln__scanned number;
    uint64_t infinity = (uint64_t)f->infinite << f->mantissa_bits;
    pln__parsed parsed = pln__scan_number(text, size, flags, &number);
    if (parsed == PLN__PARSED) {
        *bits = bits_of(&number, f);
        if (*bits == infinity)
            parsed = PLN__OUT_OF_RANGE;
    } else {
        int kind = (flags & PLN__DOUBLE_LENIENT) != 0 ? special(text, size) : 0;
        if (kind == 0)
            return PLN__NOT_ONE;
        *bits = infinity | (kind == 2 ? UINT64_C(1) << (f->mantissa_bits - 1) : 0);
        parsed = PLN__PARSED;
    }
    if (*text == '-')
        *bits |= ((uint64_t)f->infinite + 1) << f->mantissa_bits;
    return parsed;
}

pln__parsed pln__parse_double_slow(const char *text, int64_t size, int flags, double *out) {
    uint64_t bits;
    pln__parsed parsed = parse_bits(text, size, flags, &binary64, &bits);
    if (parsed != PLN__NOT_ONE)
        memcpy(out, &bits, sizeof *out);
    return parsed;
}

pln__parsed pln__parse_float_slow(const char *text, int64_t size, int flags, float *out) {
    uint64_t wide;
    pln__parsed parsed = parse_bits(text, size, flags, &binary32, &wide);
    uint32_t bits = (uint32_t)wide;
    if (parsed != PLN__NOT_ONE)
        memcpy(out, &bits, sizeof *out);
    return parsed;
}
