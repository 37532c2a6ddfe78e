/* Loops over the bytes of many rows at once. */
#ifndef PLN__EXPR_TEXT_KERNELS_H
#define PLN__EXPR_TEXT_KERNELS_H

#include "expr/internal.h"

/* Case of A-Z and a-z; to may be from. */
void pln__x_change_case(uint8_t *to, const uint8_t *from, int64_t size, bool upper, uint32_t cpu);
/* True if a column's text of n rows is ASCII alone, so that characters are bytes; false for views. */
bool pln__x_ascii_rows(const xvec *v, int32_t n);
/* Where `part` (not empty) begins at or after `from` in bytes[0, size), or -1. */
int64_t pln__x_find(const uint8_t *bytes, int64_t size, int64_t from, xstr part, uint32_t cpu);
/* One bit for each of n rows of a column whose text contains `part`. */
void pln__x_contains(const xvec *v, int32_t n, xstr part, uint64_t *out, uint32_t cpu);

/* memcpy without its call where there are few bytes. */
static inline void x_copy(uint8_t *to, const uint8_t *from, int64_t size) {
    if (size > 16) {
        memcpy(to, from, (size_t)size);
    } else if (size >= 8) {
        uint64_t a, b;
        memcpy(&a, from, 8);
        memcpy(&b, from + size - 8, 8);
        memcpy(to, &a, 8);
        memcpy(to + size - 8, &b, 8);
    } else if (size >= 4) {
        uint32_t a, b;
        memcpy(&a, from, 4);
        memcpy(&b, from + size - 4, 4);
        memcpy(to, &a, 4);
        memcpy(to + size - 4, &b, 4);
    } else if (size > 0) {
        uint8_t middle = from[size / 2], last = from[size - 1];
        to[0] = from[0];
        to[size / 2] = middle;
        to[size - 1] = last;
    }
}

#endif
