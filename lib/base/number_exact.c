#include "base/number_exact.h"

/*
 * A double, and the middle between two, has at most 767 significant decimal digits: whatever
 * follows the first DIGITS of them can only break a tie. Numbers here stay below 10^(DIGITS + 1) or
 * 2^1100 × 5^345, and the shifts below 2^1120, so LIMBS is ample; one that did overflow it would be
 * cut, not overrun.
 */
enum { DIGITS = 770, LIMBS = 72 };

typedef struct big {
    int count;
    uint64_t limb[LIMBS]; /* lowest first, the last one not 0 */
} big;

static void multiply_add(big *n, uint64_t factor, uint64_t add) {
    uint64_t carry = add;
    for (int i = 0; i < n->count; i++) {
        pln__uint128 p = (pln__uint128)n->limb[i] * factor + carry;
        n->limb[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    if (carry != 0 && n->count < LIMBS)
        n->limb[n->count++] = carry;
}

static void multiply_by_5(big *n, int64_t power) {
    const uint64_t five_27 = UINT64_C(7450580596923828125);
    for (; power >= 27; power -= 27)
        multiply_add(n, five_27, 0);
    uint64_t factor = 1;
    for (; power > 0; power--)
        factor *= 5;
    multiply_add(n, factor, 0);
}

static void shift_left(big *n, int64_t bits) {
    int64_t limbs = bits >> 6;
    if (n->count == 0 || limbs + n->count > LIMBS)
        return;
    multiply_add(n, UINT64_C(1) << (bits & 63), 0);
    if (limbs + n->count > LIMBS)
        return;
    memmove(n->limb + limbs, n->limb, (size_t)n->count * sizeof n->limb[0]);
    memset(n->limb, 0, (size_t)limbs * sizeof n->limb[0]);
    n->count += (int)limbs;
}

static int compare(const big *a, const big *b) {
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int i = a->count - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

/* The digits of the number as an integer; returns the power of ten that goes with it. */
static int64_t load_digits(big *n, const pln__scanned *number) {
    int64_t taken = number->count < DIGITS ? number->count : DIGITS;
    int64_t rest = number->count - taken;
    const char *p = number->first;
    n->count = 0;
    for (int64_t i = 0; i < taken;) {
        uint64_t part = 0, scale = 1;
        for (; i < taken && scale < UINT64_C(1000000000000000000); p++) {
            if (*p == '.')
                continue;
            part = part * 10 + (uint64_t)(*p - '0');
            scale *= 10;
            i++;
        }
        multiply_add(n, scale, part);
    }
    int64_t kept = number->count < PLN__SCAN_DIGITS ? number->count : PLN__SCAN_DIGITS;
    int64_t exponent = number->exponent + kept - taken;
    bool sticky = false;
    for (int64_t i = 0; i < rest; p++) {
        if (*p == '.')
            continue;
        sticky = sticky || *p != '0';
        i++;
    }
    if (sticky) {
        multiply_add(n, 10, 1);
        exponent--;
    }
    return exponent;
}

int pln__compare_exact(const pln__scanned *number, uint64_t mantissa, int32_t power) {
    big decimal, binary = {1, {mantissa}};
    int64_t exponent = load_digits(&decimal, number);
    if (exponent >= 0)
        multiply_by_5(&decimal, exponent);
    else
        multiply_by_5(&binary, -exponent);
    int64_t shift = exponent - power;
    if (shift >= 0)
        shift_left(&decimal, shift);
    else
        shift_left(&binary, -shift);
    return compare(&decimal, &binary);
}
