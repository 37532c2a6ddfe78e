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
        return pln__load_le64((const char *)a) == pln__load_le64((const char *)b) &&
               pln__load_le64((const char *)a + size - 8) ==
                   pln__load_le64((const char *)b + size - 8);
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

/*
 * A text of at most seven bytes and its length as one number; all longer ones are numbers that no short text has. The masks are
 * by length, and longer texts keep nothing but their tag.
 */
static const uint64_t x_short_masks[9] = {
    0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF, 0};

enum { X_SHORT_MAX = 7 };
static inline uint64_t x_short_tag(int64_t size) {
    return (uint64_t)(size > X_SHORT_MAX ? X_SHORT_MAX + 1 : size) << 56;
}

static inline uint64_t x_short_key(xstr s) {
    uint8_t bytes[8] = {0};
    if (s.size > 0 && s.size <= X_SHORT_MAX)
        memcpy(bytes, s.data, (size_t)s.size);
    return pln__load_le64((const char *)bytes) | x_short_tag(s.size);
}

/* Bits of the rows of a column's text that are one of at most X_SHORT_KEYS keys. */
enum { X_SHORT_KEYS = 16 };
void pln__x_match_short(const xvec *v, int32_t n, const uint64_t *keys, int32_t n_keys,
                        uint64_t *out, uint32_t cpu);

#endif
