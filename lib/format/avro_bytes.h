/*
 * Private to the Avro codecs: numbers of the binary encoding. Up to PLN__PADDING bytes behind the end of a datum may be
 * read, so a number is read first and p is held against the end afterwards.
 */
#ifndef PLN__AVRO_BYTES_H
#define PLN__AVRO_BYTES_H

#include "base/number.h"

#define PLN__AVRO_HIGHS 0x8080808080808080u

static inline int64_t pln__avro_unzigzag(uint64_t value) {
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}
static inline uint64_t pln__avro_zigzag(int64_t value) {
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* Seven bits of each of eight bytes, closed up. */
static inline uint64_t pln__avro_close_up(uint64_t word) {
    word = (word & 0x007F007F007F007Fu) | (word & 0x7F007F007F007F00u) >> 1;
    word = (word & 0x00003FFF00003FFFu) | (word & 0x3FFF00003FFF0000u) >> 2;
    return (word & 0x000000000FFFFFFFu) | (word & 0x0FFFFFFF00000000u) >> 4;
}

/* Nine or ten bytes; NULL: more, or more than 64 bits. */
static inline const uint8_t *pln__avro_varint_long(const uint8_t *p, uint64_t *out) {
    uint64_t low = pln__avro_close_up(pln__load_le64((const char *)p)), high = p[8];
    if (high < 0x80) {
        *out = low | high << 56;
        return p + 9;
    }
    if (p[9] > 1)
        return NULL;
    *out = low | (high & 0x7F) << 56 | (uint64_t)p[9] << 63;
    return p + 10;
}

/* Up to eight bytes without a branch. NULL: no number. */
static inline const uint8_t *pln__avro_varint(const uint8_t *p, uint64_t *out) {
    uint64_t word = pln__load_le64((const char *)p), ends = ~word & PLN__AVRO_HIGHS;
    if (PLN__UNLIKELY(ends == 0))
        return pln__avro_varint_long(p, out);
    *out = pln__avro_close_up(word & (ends ^ (ends - 1)));
    return p + (__builtin_ctzll(ends) >> 3) + 1;
}

/* The same for what is mostly small: one and two bytes without a branch. */
static inline const uint8_t *pln__avro_varint_short(const uint8_t *p, uint64_t *out) {
    uint64_t first = p[0], second = p[1], more = first >> 7;
    if (PLN__UNLIKELY((first & second & 0x80) != 0))
        return pln__avro_varint(p, out);
    *out = (first & 0x7F) | (second << 7 & (0 - more));
    return p + 1 + more;
}

/* At most five bytes and 32 bits. */
static inline const uint8_t *pln__avro_int(const uint8_t *p, int32_t *out) {
    uint64_t value = 0;
    const uint8_t *next = pln__avro_varint(p, &value);
    *out = (int32_t)pln__avro_unzigzag(value);
    return PLN__LIKELY(next != NULL && next - p <= 5 && value <= UINT32_MAX) ? next : NULL;
}

/* What a number takes at most, and to write it: returns how many bytes it took. */
#define PLN__AVRO_VARINT_MAX 10
static inline int64_t pln__avro_put(uint8_t *out, int64_t number) {
    uint64_t value = pln__avro_zigzag(number);
    int64_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

/* Big-endian two's complement of any length (at least 1) to 128 bits; false if it does not fit. */
static inline bool pln__avro_decimal(const uint8_t *bytes, int64_t size, pln__int128 *out) {
    uint8_t sign = (bytes[0] & 0x80) != 0 ? 0xFF : 0;
    for (; size > 16; size--, bytes++)
        if (bytes[0] != sign || ((bytes[1] ^ sign) & 0x80) != 0)
            return false;
    pln__uint128 value = sign == 0 ? 0 : ~(pln__uint128)0;
    for (int64_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    *out = (pln__int128)value;
    return true;
}

#endif
