/*
 * Texts of at most eight bytes as one integer: comparing a column with codes such as 'DE' needs no call of memcmp.
 */
#ifndef PLN__EXPR_SHORT_TEXT_H
#define PLN__EXPR_SHORT_TEXT_H

#include "expr/internal.h"

static inline bool x_equal(const uint8_t *a, const uint8_t *b, int64_t size) {
    if (size >= 16)
        return memcmp(a, b, (size_t)size) == 0;
    if (size >= 8)
        return pln__load_8((const char *)a) == pln__load_8((const char *)b) &&
               pln__load_8((const char *)a + size - 8) == pln__load_8((const char *)b + size - 8);
    if (size >= 4) {
        uint32_t x[2], y[2];
        memcpy(&x[0], a, 4);
        memcpy(&x[1], a + size - 4, 4);
        memcpy(&y[0], b, 4);
        memcpy(&y[1], b + size - 4, 4);
        return x[0] == y[0] && x[1] == y[1];
    }
    for (int64_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* The first eight bytes, zeros where there are fewer. */
static inline uint64_t x_short_key(xstr s) {
    uint64_t key = 0;
    if (s.size > 0)
        memcpy(&key, s.data, (size_t)(s.size < 8 ? s.size : 8));
    return key;
}

/* The same of row i of a column's text of n rows. Eight bytes are read at once wherever the column has them. */
static inline uint64_t x_short_at(const xvec *v, int32_t i, int32_t n, int64_t *size) {
    static const uint64_t masks[9] = {0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF,
                                      0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF, UINT64_MAX};
    int32_t start = v->offsets[i];
    int64_t length = v->offsets[i + 1] - start;
    *size = length;
    if (PLN__UNLIKELY(start > v->offsets[n] - 8))
        return x_short_key((xstr){v->base + start, length});
    uint64_t key;
    memcpy(&key, v->base + start, 8);
    return key & masks[length > 8 ? 8 : length];
}

#endif
