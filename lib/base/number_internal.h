/*
 * What the halves of the number code share.
 */
#ifndef PLN__BASE_NUMBER_INTERNAL_H
#define PLN__BASE_NUMBER_INTERNAL_H

#include "base/number.h"

/*
 * The first 128 bits of 10^n, as {high, low}, the highest bit set, rounded down (exact for 0 <= n
 * <= 55).
 */
enum { PLN__POWER_FIRST = -342, PLN__POWER_LAST = 324 };
extern const uint64_t pln__powers[PLN__POWER_LAST - PLN__POWER_FIRST + 1][2];

enum { PLN__SCAN_DIGITS = 19 };

/* A number taken apart: ± digits × 10^exponent, and what did not fit into `digits`. */
typedef struct pln__scanned {
    uint64_t digits;   /* the first PLN__SCAN_DIGITS significant ones */
    int64_t exponent;  /* of the last of them */
    int64_t count;     /* significant digits in the text, trailing zeros included */
    const char *first; /* the first significant digit; a point may come between it and the others */
    bool negative;
    bool more; /* digits other than 0 come after those in `digits` */
} pln__scanned;

pln__parsed pln__scan_number(const char *text, int64_t size, int flags, pln__scanned *out);

#endif
