/*
 * The sizes in which blocks of 4 KiB to 4 MiB are asked from the host, so that a freed one fits the
 * next request of about its size: powers of two in quarter steps, at most a fifth of a block
 * unused.
 */
#ifndef PLN__BASE_SIZE_CLASS_H
#define PLN__BASE_SIZE_CLASS_H

#include "base/base.h"

enum {
    PLN__CLASS_MIN_SHIFT = 12,
    PLN__CLASS_MAX_SHIFT = 22,
    PLN__CLASS_COUNT = 4 * (PLN__CLASS_MAX_SHIFT - PLN__CLASS_MIN_SHIFT) + 1
};
#define PLN__CLASS_MIN (UINT64_C(1) << PLN__CLASS_MIN_SHIFT)
#define PLN__CLASS_MAX (UINT64_C(1) << PLN__CLASS_MAX_SHIFT)

/* The class of a size in [PLN__CLASS_MIN, PLN__CLASS_MAX], and the size of its blocks. */
static inline int pln__size_class(uint64_t size, uint64_t *rounded) {
    int shift = 61 - __builtin_clzll(size); /* a quarter of the power of two at or below size */
    uint64_t quarters = (size + (UINT64_C(1) << shift) - 1) >> shift; /* 4 to 8 */
    *rounded = quarters << shift;
    return 4 * (shift + 2 - PLN__CLASS_MIN_SHIFT) + (int)quarters - 4;
}

#endif
