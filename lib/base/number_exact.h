/*
 * Comparing a decimal of any length with a binary number, exactly.
 */
#ifndef PLN__BASE_NUMBER_EXACT_H
#define PLN__BASE_NUMBER_EXACT_H

#include "base/number_internal.h"

/*
 * The order (-1, 0, 1) of |number| and mantissa × 2^power. Both must be of about the size of finite
 * doubles: the caller has found them to be neighbours.
 */
int pln__compare_exact(const pln__scanned *number, uint64_t mantissa, int32_t power);

#endif
