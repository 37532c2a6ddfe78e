/* The double nearest to a quotient of long integers. */
#include "window/aggregate_internal.h"
#include <math.h>

enum { WORDS = 4 };

static int32_t bits_of(const uint64_t a[WORDS]) {
    for (int32_t i = WORDS; i-- > 0;)
        if (a[i] != 0)
            return i * 64 + 64 - __builtin_clzll(a[i]);
    return 0;
}
static void shift_left(uint64_t a[WORDS], int32_t by) {
    int32_t words = by / 64, bits = by % 64;
    for (int32_t i = WORDS; i-- > 0;) {
        uint64_t high = i >= words ? a[i - words] : 0;
        uint64_t low = i > words ? a[i - words - 1] : 0;
        a[i] = high << bits | low >> 1 >> (63 - bits);
    }
}
static bool less(const uint64_t a[WORDS], const uint64_t b[WORDS]) {
    for (int32_t i = WORDS; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}
static void subtract(uint64_t a[WORDS], const uint64_t b[WORDS]) {
    uint64_t borrow = 0;
    for (int32_t i = 0; i < WORDS; i++) {
        pln__uint128 rest = (pln__uint128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)rest;
        borrow = (uint64_t)(rest >> 64) & 1;
    }
}

double pln__agg_ratio(const uint64_t a[3], const uint64_t b[3]) {
    uint64_t x[WORDS] = {a[0], a[1], a[2], 0}, y[WORDS] = {b[0], b[1], b[2], 0}, quotient = 0;
    int32_t bits_x = bits_of(x), bits_y = bits_of(y);
    if (bits_x == 0)
        return 0;
    /* Both are exact doubles: one division rounds once. */
    if (bits_x <= 53 && bits_y <= 53)
        return (double)x[0] / (double)y[0];
    if (bits_x < bits_y)
        shift_left(x, bits_y - bits_x);
    else
        shift_left(y, bits_x - bits_y);
    /* 62 binary digits, of which the first or the second is 1, and a last one for what remains: more than a double has, so that it is rounded once. */
    for (int32_t i = 0; i < 62; i++) {
        bool fits = !less(x, y);
        if (fits)
            subtract(x, y);
        quotient = quotient << 1 | fits;
        shift_left(x, 1);
    }
    quotient = quotient << 1 | (bits_of(x) != 0);
    return ldexp((double)quotient, bits_x - bits_y - 62);
}
