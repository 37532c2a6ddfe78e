/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef PLN__BASE_UTF8_H
#define PLN__BASE_UTF8_H

#include "base/base.h"

/* Out of line: decode where the first byte is not ASCII. */
int32_t pln__utf8_decode_long(const uint8_t *bytes, int64_t size, int32_t *used);

/*
 * The code point at `bytes` (size >= 1), or -1 if there is none. *used is its length; of a
 * malformed sequence it is the longest prefix that could have been one (Unicode 3.9, "maximal
 * subpart"), at least 1, so that putting U+FFFD for each gives what other decoders give.
 */
static inline int32_t pln__utf8_decode(const uint8_t *bytes, int64_t size, int32_t *used) {
    if (PLN__LIKELY(bytes[0] < 0x80)) {
        *used = 1;
        return bytes[0];
    }
    return pln__utf8_decode_long(bytes, size, used);
}

/* Writes 1 to 4 bytes and returns how many; 0 for a surrogate or a value above U+10FFFF. */
int32_t pln__utf8_encode(uint32_t code_point, uint8_t out[4]);

/* True if no byte has its high bit set. */
static inline bool pln__ascii_only(const void *bytes, int64_t size) {
    const uint8_t *p = bytes;
    uint64_t seen = 0, word;
    int64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&word, p + i, 8);
        seen |= word;
    }
    for (; i < size; i++)
        seen |= p[i];
    return (seen & 0x8080808080808080u) == 0;
}

/* The offset of the first byte that is not part of valid UTF-8, or -1 if all is valid. */
int64_t pln__utf8_invalid_at(const void *bytes, int64_t size, uint32_t cpu);

/* Out of line: the check where not all is ASCII. */
bool pln__utf8_valid_long(const void *bytes, int64_t size, uint32_t cpu);

/* `cpu` is pln__cpu_features(), asked for once by the caller; 0 takes the scalar way. */
static inline bool pln__utf8_valid(const void *bytes, int64_t size, uint32_t cpu) {
    if (size <= 64 && pln__ascii_only(bytes, size))
        return true;
    return pln__utf8_valid_long(bytes, size, cpu);
}

/* Code points in valid UTF-8 (of other bytes: those that are not continuation bytes). */
int64_t pln__utf8_count(const void *bytes, int64_t size);

/*
 * The byte offset of code point number n (from 0) in valid UTF-8; `size` if there are no more than
 * n.
 */
int64_t pln__utf8_offset(const void *bytes, int64_t size, int64_t n);

/* Case of A-Z and a-z alone, whatever the locale; dst may be src. */
void pln__ascii_upper(void *dst, const void *src, int64_t size);
void pln__ascii_lower(void *dst, const void *src, int64_t size);
bool pln__ascii_equal_nocase(const void *a, const void *b, int64_t size);

#endif
