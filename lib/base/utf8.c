#include "base/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool is_continuation(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

/*
 * Length of the sequence a lead byte opens, and the range of its second byte (Unicode, table 3-7).
 */
static int32_t lead_length(uint8_t lead, uint8_t *lowest, uint8_t *highest) {
    *lowest = 0x80;
    *highest = 0xBF;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return 2;
    if (lead < 0xF0) {
        if (lead == 0xE0)
            *lowest = 0xA0;
        if (lead == 0xED)
            *highest = 0x9F;
        return 3;
    }
    if (lead == 0xF0)
        *lowest = 0x90;
    if (lead == 0xF4)
        *highest = 0x8F;
    return 4;
}

int32_t pln__utf8_decode_long(const uint8_t *bytes, int64_t size, int32_t *used) {
    uint8_t lead = bytes[0], lowest, highest;
    *used = 1;
    if (lead < 0x80)
        return lead;
    int32_t length = lead_length(lead, &lowest, &highest);
    if (length == 0 || size < 2 || bytes[1] < lowest || bytes[1] > highest)
        return -1;
    *used = 2;
    int32_t point = ((lead & (0x7F >> length)) << 6) | (bytes[1] & 0x3F);
    while (*used < length) {
        if (*used >= size || !is_continuation(bytes[*used]))
            return -1;
        point = (point << 6) | (bytes[*used] & 0x3F);
        *used += 1;
    }
    return point;
}

int32_t pln__utf8_encode(uint32_t code_point, uint8_t out[4]) {
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (uint8_t)(0xC0 | (code_point >> 6));
        out[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        if (code_point >= 0xD800 && code_point < 0xE000)
            return 0;
        out[0] = (uint8_t)(0xE0 | (code_point >> 12));
        out[1] = (uint8_t)(0x80 | ((code_point >> 6) & 0x3F));
        out[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    if (code_point > 0x10FFFF)
        return 0;
    out[0] = (uint8_t)(0xF0 | (code_point >> 18));
    out[1] = (uint8_t)(0x80 | ((code_point >> 12) & 0x3F));
    out[2] = (uint8_t)(0x80 | ((code_point >> 6) & 0x3F));
    out[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}

static int64_t invalid_at_scalar(const uint8_t *bytes, int64_t size) {
    int64_t i = 0;
    while (i < size) {
        uint64_t word;
        if (i + 8 <= size) {
            memcpy(&word, bytes + i, 8);
            if ((word & 0x8080808080808080u) == 0) {
                i += 8;
                continue;
            }
        }
        int32_t used;
        if (pln__utf8_decode(bytes + i, size - i, &used) < 0)
            return i;
        i += used;
    }
    return -1;
}

#if defined(__x86_64__)

/*
 * Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021: every error
 * shows in two neighbouring bytes, found by three table look-ups on half bytes, but for the number
 * of continuation bytes after a lead of three or four.
 */
enum {
    TOO_SHORT = 1,
    TOO_LONG = 2,
    OVERLONG_3 = 4,
    TOO_LARGE = 8,
    SURROGATE = 16,
    OVERLONG_2 = 32,
    TOO_LARGE_1000 = 64,
    OVERLONG_4 = 64,
    TWO_CONTS = 128,
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS,
    LARGE = CARRY | TOO_LARGE | TOO_LARGE_1000,
    SECOND = TOO_LONG | OVERLONG_2 | TWO_CONTS
};

static const uint8_t first_high[16] = {
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TWO_CONTS,
    TWO_CONTS,
    TWO_CONTS,
    TWO_CONTS,
    TOO_SHORT | OVERLONG_2,
    TOO_SHORT,
    TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
};
static const uint8_t first_low[16] = {
    CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
    CARRY | OVERLONG_2,
    CARRY,
    CARRY,
    CARRY | TOO_LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE,
    LARGE | SURROGATE,
    LARGE,
    LARGE,
};
static const uint8_t second_high[16] = {
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    SECOND | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
    SECOND | OVERLONG_3 | TOO_LARGE,
    SECOND | SURROGATE | TOO_LARGE,
    SECOND | SURROGATE | TOO_LARGE,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
};

#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i table_of(const uint8_t table[16]) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

AVX2 static inline __m256i errors_in(__m256i input, __m256i before) {
    const __m256i low = _mm256_set1_epi8(0x0F);
    __m256i carried = _mm256_permute2x128_si256(before, input, 0x21);
    __m256i prev1 = _mm256_alignr_epi8(input, carried, 15);
    __m256i prev2 = _mm256_alignr_epi8(input, carried, 14);
    __m256i prev3 = _mm256_alignr_epi8(input, carried, 13);
    __m256i high1 = _mm256_and_si256(_mm256_srli_epi16(prev1, 4), low);
    __m256i high2 = _mm256_and_si256(_mm256_srli_epi16(input, 4), low);
    __m256i a = _mm256_shuffle_epi8(table_of(first_high), high1);
    __m256i b = _mm256_shuffle_epi8(table_of(first_low), _mm256_and_si256(prev1, low));
    __m256i c = _mm256_shuffle_epi8(table_of(second_high), high2);
    __m256i special = _mm256_and_si256(_mm256_and_si256(a, b), c);
    __m256i third = _mm256_subs_epu8(prev2, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(prev3, _mm256_set1_epi8(0xF0 - 0x80));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(must, special);
}

AVX2 static inline __m256i load_32(const uint8_t *bytes) {
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

AVX2 static bool valid_avx2(const uint8_t *bytes, int64_t size) {
    __m256i before = _mm256_setzero_si256(), errors = before;
    bool open = false; /* the block before was not pure ASCII, so it may reach into this one */
    int64_t i = 0;
    for (; i + 64 <= size; i += 64) {
        __m256i x = load_32(bytes + i), y = load_32(bytes + i + 32);
        bool ascii = _mm256_movemask_epi8(_mm256_or_si256(x, y)) == 0;
        if (!ascii || open) {
            errors = _mm256_or_si256(errors, errors_in(x, before));
            errors = _mm256_or_si256(errors, errors_in(y, x));
        }
        open = !ascii;
        before = y;
    }
    /*
     * Zeros behind the end close it: a sequence cut short is followed by something that does not
     * fit.
     */
    uint8_t tail[96] = {0};
    memcpy(tail, bytes + i, (size_t)(size - i));
    for (int j = 0; j < 96; j += 32) {
        __m256i x = load_32(tail + j);
        errors = _mm256_or_si256(errors, errors_in(x, before));
        before = x;
    }
    return _mm256_testz_si256(errors, errors) != 0;
}

#endif

int64_t pln__utf8_invalid_at(const void *bytes, int64_t size, uint32_t cpu) {
#if defined(__x86_64__)
    if ((cpu & PLN__CPU_AVX2) != 0 && size >= 32 && valid_avx2(bytes, size))
        return -1;
#else
    (void)cpu;
#endif
    return invalid_at_scalar(bytes, size);
}

bool pln__utf8_valid_long(const void *bytes, int64_t size, uint32_t cpu) {
#if defined(__x86_64__)
    if ((cpu & PLN__CPU_AVX2) != 0 && size >= 32)
        return valid_avx2(bytes, size);
#else
    (void)cpu;
#endif
    return invalid_at_scalar(bytes, size) < 0;
}

/* The number of continuation bytes among eight. */
static int64_t continuations(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    word = (word >> 7) & ~(word >> 6) & 0x0101010101010101u;
    return (int64_t)((word * 0x0101010101010101u) >> 56);
}

int64_t pln__utf8_count(const void *bytes, int64_t size) {
    const uint8_t *p = bytes;
    int64_t count = size, i = 0;
    for (; i + 8 <= size; i += 8)
        count -= continuations(p + i);
    for (; i < size; i++)
        count -= is_continuation(p[i]);
    return count;
}

int64_t pln__utf8_offset(const void *bytes, int64_t size, int64_t n) {
    const uint8_t *p = bytes;
    int64_t i = 0;
    while (i + 8 <= size) {
        int64_t starts = 8 - continuations(p + i);
        if (starts > n)
            break;
        n -= starts;
        i += 8;
    }
    for (; i < size; i++) {
        if (!is_continuation(p[i]) && n-- == 0)
            break;
    }
    return i;
}

/*
 * Flips bit 5 of every byte in ['first', 'first' + 25]: comparisons by carries into the high bits.
 */
static uint64_t flip_case(uint64_t word, uint8_t first) {
    uint64_t ones = 0x0101010101010101u, seven = word & (0x7F * ones);
    uint64_t at_least = seven + (uint64_t)(0x80 - first) * ones;
    uint64_t above = seven + (uint64_t)(0x80 - first - 26) * ones;
    return word ^ ((at_least & ~above & ~word & (0x80 * ones)) >> 2);
}

static void map_case(uint8_t *dst, const uint8_t *src, int64_t size, uint8_t first) {
    int64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, src + i, 8);
        word = flip_case(word, first);
        memcpy(dst + i, &word, 8);
    }
    for (; i < size; i++)
        dst[i] = (uint8_t)(src[i] ^ ((src[i] >= first && src[i] < first + 26) ? 0x20 : 0));
}

void pln__ascii_upper(void *dst, const void *src, int64_t size) {
    map_case(dst, src, size, 'a');
}

void pln__ascii_lower(void *dst, const void *src, int64_t size) {
    map_case(dst, src, size, 'A');
}

bool pln__ascii_equal_nocase(const void *a, const void *b, int64_t size) {
    const uint8_t *p = a, *q = b;
    for (int64_t i = 0; i < size; i++) {
        uint8_t x = p[i], y = q[i];
        if (x == y)
            continue;
        uint8_t folded = x | 0x20;
        if (folded != (y | 0x20) || folded < 'a' || folded > 'z')
            return false;
    }
    return true;
}
