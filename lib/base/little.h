/*
 * Little-endian numbers wherever they lie, on machines of either order.
 */
#ifndef PLN__LITTLE_H
#define PLN__LITTLE_H

#include <stdint.h>
#include <string.h>

/* Between a number and the same number with its lowest byte first. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define PLN__LE(bits, word) __builtin_bswap##bits(word)
#else
#define PLN__LE(bits, word) (word)
#endif

static inline uint32_t pln__load_le32(const void *bytes) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    return PLN__LE(32, word);
}
static inline uint64_t pln__load_le64(const void *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return PLN__LE(64, word);
}
static inline void pln__store_le32(void *bytes, uint32_t word) {
    word = PLN__LE(32, word);
    memcpy(bytes, &word, 4);
}
static inline void pln__store_le64(void *bytes, uint64_t word) {
    word = PLN__LE(64, word);
    memcpy(bytes, &word, 8);
}

#endif
