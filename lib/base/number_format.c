#include "base/number_internal.h"

static const char pairs[201] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";

static int64_t count_digits(uint64_t value) {
    int64_t n = 1;
    for (;;) {
        if (value < 10)
            return n;
        if (value < 100)
            return n + 1;
        if (value < 1000)
            return n + 2;
        if (value < 10000)
            return n + 3;
        value /= 10000;
        n += 4;
    }
}

/* Exactly n digits, with leading zeros, ending before out + n. */
static void put_digits(char *out, int64_t n, uint64_t value) {
    while (n >= 2) {
        n -= 2;
        memcpy(out + n, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (n == 1)
        out[0] = (char)('0' + value % 10);
}

int64_t pln__format_uint64(char *out, uint64_t value) {
    int64_t n = count_digits(value);
    put_digits(out, n, value);
    return n;
}

int64_t pln__format_int64(char *out, int64_t value) {
    uint64_t size = (uint64_t)value;
    int64_t sign = value < 0;
    if (sign) {
        *out++ = '-';
        size = 0 - size;
    }
    return sign + pln__format_uint64(out, size);
}

/* ---- floating point ---- */

/*
 * Giulietti, "The Schubfach way to render doubles", 2021: of the decimals inside the rounding
 * interval of the binary number, one of the two lengths that can fit it; the shorter where it does,
 * else the nearest.
 */
typedef struct decimal {
    uint64_t digits;
    int32_t exponent;
} decimal;

static int32_t floor_log2_of_ten(int32_t power) {
    return (power * 1741647) >> 19;
}

/* 10^power in the first 128 bits, rounded up. */
static pln__uint128 ten_up(int32_t power) {
    const uint64_t *row = pln__powers[power - PLN__POWER_FIRST];
    pln__uint128 g = ((pln__uint128)row[0] << 64) | row[1];
    return g + (power < 0 || power > 55);
}

/* The product's high part, with "not exact" kept in the lowest bit. */
static uint64_t round_to_odd(pln__uint128 g, uint64_t factor) {
    uint64_t under = (uint64_t)(((pln__uint128)(uint64_t)g * factor) >> 64);
    pln__uint128 over = (pln__uint128)(uint64_t)(g >> 64) * factor + under;
    return (uint64_t)(over >> 64) | ((uint64_t)over > 1);
}

static uint64_t round_to_odd_32(uint64_t g, uint64_t factor) {
    pln__uint128 product = (pln__uint128)g * factor;
    return (uint64_t)(product >> 64) | (((uint64_t)product >> 32) > 1);
}

/* The choice among the candidates; v and its neighbours' middles are in quarters of 10^k. */
static decimal choose(uint64_t lower, uint64_t value, uint64_t upper, int32_t k) {
    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t shorter = s / 10;
        bool down_inside = lower <= 40 * shorter;
        bool up_inside = 40 * shorter + 40 <= upper;
        if (down_inside != up_inside)
            return (decimal){shorter + up_inside, k + 1};
    }
    bool down_inside = lower <= 4 * s;
    bool up_inside = 4 * s + 4 <= upper;
    if (down_inside != up_inside)
        return (decimal){s + up_inside, k};
    uint64_t middle = 4 * s + 2;
    bool up = value > middle || (value == middle && (s & 1) != 0);
    return (decimal){s + up, k};
}

/* c × 2^q, c > 0; `closer`: the number below is half as far away as the one above. */
static decimal shortest(uint64_t c, int32_t q, bool closer, bool single) {
    uint64_t odd = c & 1;
    int32_t k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
    int32_t h = q + floor_log2_of_ten(-k) + 1;
    pln__uint128 g = ten_up(-k);
    uint64_t below = (4 * c - 2 + closer) << h, at = (4 * c) << h, above = (4 * c + 2) << h;
    if (single) {
        uint64_t g64 = (uint64_t)(g >> 64) + ((uint64_t)g != 0);
        return choose(round_to_odd_32(g64, below) + odd, round_to_odd_32(g64, at),
                      round_to_odd_32(g64, above) - odd, k);
    }
    return choose(round_to_odd(g, below) + odd, round_to_odd(g, at), round_to_odd(g, above) - odd,
                  k);
}

static void strip_zeros(decimal *d) {
    for (; d->digits % 100000000 == 0; d->exponent += 8)
        d->digits /= 100000000;
    if (d->digits % 10000 == 0) {
        d->digits /= 10000;
        d->exponent += 4;
    }
    if (d->digits % 100 == 0) {
        d->digits /= 100;
        d->exponent += 2;
    }
    if (d->digits % 10 == 0) {
        d->digits /= 10;
        d->exponent += 1;
    }
}

static int64_t put_exponent(char *out, int64_t exponent) {
    char *start = out;
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    return out - start + pln__format_uint64(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* ECMA-262, Number::toString. */
static int64_t lay_out(char *out, decimal d) {
    strip_zeros(&d);
    int64_t n = count_digits(d.digits);
    int64_t point = n + d.exponent; /* digits before the decimal point */
    if (d.exponent >= 0 && point <= 21) {
        put_digits(out, n, d.digits);
        memset(out + n, '0', (size_t)d.exponent);
        return point;
    }
    if (point > 0 && point <= 21) {
        put_digits(out + 1, n, d.digits);
        memmove(out, out + 1, (size_t)point);
        out[point] = '.';
        return n + 1;
    }
    if (point > -6 && point <= 0) {
        memcpy(out, "0.00000", 7);
        put_digits(out + 2 - point, n, d.digits);
        return 2 - point + n;
    }
    put_digits(out + 1, n, d.digits);
    out[0] = out[1];
    out[1] = '.';
    int64_t at = n == 1 ? 1 : n + 1;
    return at + put_exponent(out + at, point - 1);
}

static int64_t put_text(char *out, const char *text) {
    size_t size = strlen(text);
    memcpy(out, text, size);
    return (int64_t)size;
}

int64_t pln__format_double(char *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int32_t field = (int32_t)(bits >> 52) & 0x7FF;
    bool negative = bits >> 63;
    if (field == 0x7FF)
        return put_text(out, fraction != 0 ? "nan" : negative ? "-inf" : "inf");
    int64_t sign = negative;
    *out = '-';
    out += sign;
    if ((bits << 1) == 0)
        return sign + put_text(out, "0");
    uint64_t c = field == 0 ? fraction : fraction | (UINT64_C(1) << 52);
    int32_t q = (field == 0 ? 1 : field) - 1075;
    if (q <= 0 && q > -53 && (c & ((UINT64_C(1) << -q) - 1)) == 0)
        return sign + lay_out(out, (decimal){c >> -q, 0});
    return sign + lay_out(out, shortest(c, q, fraction == 0 && field > 1, false));
}

int64_t pln__format_float(char *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & ((1u << 23) - 1);
    int32_t field = (int32_t)(bits >> 23) & 0xFF;
    if (field == 0xFF || (bits << 1) == 0)
        return pln__format_double(out, (double)value);
    int64_t sign = bits >> 31;
    *out = '-';
    out += sign;
    uint32_t c = field == 0 ? fraction : fraction | (1u << 23);
    int32_t q = (field == 0 ? 1 : field) - 150;
    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0)
        return sign + lay_out(out, (decimal){c >> -q, 0});
    return sign + lay_out(out, shortest(c, q, fraction == 0 && field > 1, true));
}

/* ---- decimals ---- */

static int64_t put_uint128(char *out, pln__uint128 value) {
    const uint64_t ten_19 = UINT64_C(10000000000000000000);
    if (value < ten_19)
        return pln__format_uint64(out, (uint64_t)value);
    pln__uint128 high = value / ten_19;
    int64_t n = put_uint128(out, high);
    put_digits(out + n, 19, (uint64_t)(value - high * ten_19));
    return n + 19;
}

int64_t pln__format_decimal128(char *out, pln__int128 value, int32_t scale) {
    pln__uint128 size = (pln__uint128)value;
    int64_t sign = value < 0;
    if (sign) {
        *out++ = '-';
        size = 0 - size;
    }
    int64_t n = put_uint128(out, size);
    if (scale <= 0) {
        int64_t zeros = size == 0 ? 0 : -(int64_t)scale;
        memset(out + n, '0', (size_t)zeros);
        return sign + n + zeros;
    }
    if (n <= scale) {
        int64_t zeros = scale + 1 - n;
        memmove(out + zeros, out, (size_t)n);
        memset(out, '0', (size_t)zeros);
        n += zeros;
    }
    int64_t whole = n - scale;
    memmove(out + whole + 1, out + whole, (size_t)scale);
    out[whole] = '.';
    return sign + n + 1;
}
