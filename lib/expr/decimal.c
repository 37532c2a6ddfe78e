#include "expr/decimal.h"
#include <math.h>

typedef struct wide {
    pln__uint128 high, low;
} wide;

static pln__uint128 magnitude(pln__int128 value) {
    return value < 0 ? 0 - (pln__uint128)value : (pln__uint128)value;
}

static wide multiply(pln__uint128 a, pln__uint128 b) {
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    pln__uint128 low = (pln__uint128)a0 * b0, mid = (pln__uint128)a0 * b1,
                 mid2 = (pln__uint128)a1 * b0;
    pln__uint128 sum = (low >> 64) + (uint64_t)mid + (uint64_t)mid2;
    return (wide){(pln__uint128)a1 * b1 + (mid >> 64) + (mid2 >> 64) + (sum >> 64),
                  (sum << 64) | (uint64_t)low};
}

/* Bit by bit: only products beyond 128 bits come here. The divisor is below 2^127, so the rest can be doubled. */
static bool divide_wide(wide n, pln__uint128 by, pln__uint128 *quotient, pln__uint128 *rest) {
    pln__uint128 q = 0, r = n.high;
    if (r >= by)
        return false;
    for (int i = 127; i >= 0; i--) {
        r = (r << 1) | ((n.low >> i) & 1);
        q <<= 1;
        if (r >= by) {
            r -= by;
            q |= 1;
        }
    }
    *quotient = q;
    *rest = r;
    return true;
}

static bool with_sign(pln__uint128 value, bool negative, pln__int128 *out) {
    if (value >> 127 != 0)
        return false;
    *out = negative ? -(pln__int128)value : (pln__int128)value;
    return true;
}

bool pln__x_decimal_divide(pln__int128 a, int32_t shift, pln__int128 b, pln__int128 *out) {
    pln__uint128 n = magnitude(a), by = magnitude(b), ten, quotient, rest;
    bool negative = (a < 0) != (b < 0);
    if (shift < 0) {
        if (__builtin_mul_overflow(by, (pln__uint128)pln__decimal128_ten(-shift < 38 ? -shift : 38),
                                   &by) ||
            by >> 127 != 0)
            return with_sign(0, false, out);
        shift = 0;
    }
    if (shift > 38 && n != 0) {
        if (__builtin_mul_overflow(n, (pln__uint128)pln__decimal128_ten(shift - 38), &n))
            return false;
        shift = 38;
    }
    ten = (pln__uint128)pln__decimal128_ten(shift > 38 ? 38 : shift);
    pln__uint128 product;
    if (!__builtin_mul_overflow(n, ten, &product)) {
        quotient = product / by;
        rest = product % by;
    } else if (!divide_wide(multiply(n, ten), by, &quotient, &rest)) {
        return false;
    }
    if (rest >= by - rest && ++quotient == 0)
        return false;
    return with_sign(quotient, negative, out);
}

bool pln__x_decimal_rescale(pln__int128 value, int32_t from, int32_t to, pln__int128 *out) {
    if (to >= from) {
        if (value == 0) {
            *out = 0;
            return true;
        }
        return to - from <= 38 &&
               !__builtin_mul_overflow(value, pln__decimal128_ten(to - from), out);
    }
    if (from - to > 38) {
        *out = 0;
        return true;
    }
    pln__int128 ten = pln__decimal128_ten(from - to), quotient = value / ten, rest = value % ten;
    if (rest < 0)
        rest = -rest;
    *out = rest >= ten - rest ? quotient + (value < 0 ? -1 : 1) : quotient;
    return true;
}
