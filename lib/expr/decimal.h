/* Decimal arithmetic that needs more than 128 bits, and rounding half away from zero. */
#ifndef PLN__EXPR_DECIMAL_H
#define PLN__EXPR_DECIMAL_H

#include "base/number.h"

/* a * 10^shift / b, rounded half away from zero; false if it does not fit. shift may be negative; b is not 0. */
bool pln__x_decimal_divide(pln__int128 a, int32_t shift, pln__int128 b, pln__int128 *out);
/* The value at another scale, rounded half away from zero; false if it does not fit 128 bits. */
bool pln__x_decimal_rescale(pln__int128 value, int32_t from, int32_t to, pln__int128 *out);

#endif
