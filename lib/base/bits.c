#include "base/base.h"

static uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static void store(uint8_t *bytes, uint64_t word) {
    memcpy(bytes, &word, 8);
}

/* For machines without a popcount instruction. */
static int64_t count_words_plain(const uint8_t *bytes, int64_t words) {
    uint64_t total = 0;
    for (int64_t i = 0; i < words; i++) {
        uint64_t x = load(bytes + 8 * i);
        x -= (x >> 1) & 0x5555555555555555u;
        x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
        x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
        total += (x * 0x0101010101010101u) >> 56;
    }
    return (int64_t)total;
}

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static int64_t count_words_popcnt(const uint8_t *bytes,
                                                                    int64_t words) {
    int64_t a = 0, b = 0, i = 0;
    for (; i + 2 <= words; i += 2) {
        a += __builtin_popcountll(load(bytes + 8 * i));
        b += __builtin_popcountll(load(bytes + 8 * i + 8));
    }
    if (i < words)
        a += __builtin_popcountll(load(bytes + 8 * i));
    return a + b;
}

static int64_t count_words(const uint8_t *bytes, int64_t words) {
    return __builtin_cpu_supports("popcnt") ? count_words_popcnt(bytes, words)
                                            : count_words_plain(bytes, words);
}
#else
static int64_t count_words(const uint8_t *bytes, int64_t words) {
    return count_words_plain(bytes, words);
}
#endif

/*
 * The low `n` bits of the bytes at `bytes`, 0 <= n <= 64, reading no byte that holds none of them.
 */
static uint64_t load_bits(const uint8_t *bytes, int64_t n) {
    uint64_t word = 0;
    if (n <= 0)
        return 0;
    memcpy(&word, bytes, (size_t)((n + 7) >> 3));
    return n == 64 ? word : word & ((UINT64_C(1) << n) - 1);
}

int64_t pln__bits_count(const uint8_t *bits, int64_t offset, int64_t length) {
    if (length <= 0)
        return 0;
    const uint8_t *bytes = bits + (offset >> 3);
    int64_t lead = offset & 7, count = 0;
    if (lead != 0) {
        int64_t here = 8 - lead < length ? 8 - lead : length;
        count += __builtin_popcountll(load_bits(bytes, lead + here) >> lead);
        bytes++;
        length -= here;
    }
    int64_t words = length >> 6;
    count += count_words(bytes, words);
    return count + __builtin_popcountll(load_bits(bytes + 8 * words, length & 63));
}

/* Set the bits [at, at + n) of one byte of dst to those of `value`. */
static void put_in_byte(uint8_t *dst, int64_t at, int64_t n, unsigned value) {
    unsigned mask = ((1u << n) - 1) << at;
    *dst = (uint8_t)((*dst & ~mask) | ((value << at) & mask));
}

/* Up to 8 bits starting at bit `offset`. */
static unsigned get_few(const uint8_t *src, int64_t offset, int64_t n) {
    const uint8_t *byte = src + (offset >> 3);
    int64_t at = offset & 7;
    unsigned value = (unsigned)byte[0] >> at;
    if (at + n > 8)
        value |= (unsigned)byte[1] << (8 - at);
    return value;
}

void pln__bits_copy(uint8_t *dst, int64_t dst_offset, const uint8_t *src, int64_t src_offset,
                    int64_t length) {
    if (length <= 0)
        return;
    int64_t lead = dst_offset & 7;
    dst += dst_offset >> 3;
    if (lead != 0) {
        int64_t here = 8 - lead < length ? 8 - lead : length;
        put_in_byte(dst++, lead, here, get_few(src, src_offset, here));
        src_offset += here;
        length -= here;
    }
    src += src_offset >> 3;
    int64_t shift = src_offset & 7, i = 0;
    if (shift == 0) {
        memcpy(dst, src, (size_t)(length >> 3));
        i = length >> 3;
    } else {
        for (; 8 * i + 64 <= length; i += 8) {
            uint64_t word = load(src + i) >> shift;
            word |= (uint64_t)src[i + 8] << (64 - shift);
            store(dst + i, word);
        }
        for (; 8 * i + 8 <= length; i++)
            dst[i] = (uint8_t)get_few(src, 8 * i + shift, 8);
    }
    int64_t rest = length & 7;
    if (rest != 0)
        put_in_byte(dst + i, 0, rest, get_few(src, 8 * i + shift, rest));
}

void pln__bits_fill(uint8_t *bits, int64_t offset, int64_t length, bool value) {
    if (length <= 0)
        return;
    unsigned pattern = value ? 0xFF : 0;
    int64_t lead = offset & 7;
    bits += offset >> 3;
    if (lead != 0) {
        int64_t here = 8 - lead < length ? 8 - lead : length;
        put_in_byte(bits++, lead, here, pattern);
        length -= here;
    }
    memset(bits, (int)pattern, (size_t)(length >> 3));
    if ((length & 7) != 0)
        put_in_byte(bits + (length >> 3), 0, length & 7, pattern);
}
