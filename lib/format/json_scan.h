/*
 * Private to NDJSON: primitives on bytes. All of them may read up to 32 bytes behind what they answer for, and all stop at
 * a line end, which the caller guarantees to be there and no JSON token can hold.
 */
#ifndef PLN__JSON_SCAN_H
#define PLN__JSON_SCAN_H

#include "base/number.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

static inline uint64_t pln__json_load8(const uint8_t *p) {
    return pln__load_le64((const char *)p);
}
static inline uint32_t pln__json_load4(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}
static inline bool pln__json_is(const uint8_t *p, const char word[4]) {
    return memcmp(p, word, 4) == 0;
}
static inline bool pln__json_is_digit(uint8_t c) {
    return (uint8_t)(c - '0') < 10;
}
static inline const uint8_t *pln__json_space(const uint8_t *p) {
    if (PLN__LIKELY(*p > ' '))
        return p;
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return p;
}

/* ---- strings ---- */

#define PLN__JSON_ONES 0x0101010101010101u
#define PLN__JSON_HIGHS 0x8080808080808080u

/* High bit of the first byte (and perhaps of later ones) that is a quote, a backslash or a control character. */
static inline uint64_t pln__json_stops(uint64_t word) {
    uint64_t quote = word ^ (PLN__JSON_ONES * '"'), slash = word ^ (PLN__JSON_ONES * '\\');
    uint64_t found = ((quote - PLN__JSON_ONES) & ~quote) | ((slash - PLN__JSON_ONES) & ~slash) |
                     ((word - PLN__JSON_ONES * 0x20) & ~word);
    return found & PLN__JSON_HIGHS;
}

/*
 * The first quote, backslash or control character from p on. *high becomes nonzero if a byte before it is not ASCII.
 */
static inline const uint8_t *pln__json_scan_words(const uint8_t *p, uint64_t *high) {
    for (;; p += 8) {
        uint64_t word = pln__json_load8(p), stops = pln__json_stops(word);
        if (PLN__LIKELY(stops != 0)) {
            unsigned at = (unsigned)__builtin_ctzll(stops) & ~7u;
            if (at != 0)
                *high |= (word << (64 - at)) & PLN__JSON_HIGHS;
            return p + at / 8;
        }
        *high |= word & PLN__JSON_HIGHS;
    }
}

#if defined(__SSE2__)
static inline const uint8_t *pln__json_scan_sse2(const uint8_t *p, uint64_t *high) {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    for (;; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, slash));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
        unsigned stops = (unsigned)_mm_movemask_epi8(stop);
        unsigned highs = (unsigned)_mm_movemask_epi8(bytes);
        if (PLN__LIKELY(stops != 0)) {
            *high |= highs & (stops - 1) & ~stops;
            return p + __builtin_ctz(stops);
        }
        *high |= highs;
    }
}
#define pln__json_scan pln__json_scan_sse2
#else
#define pln__json_scan pln__json_scan_words
#endif

/*
 * Copy the string at p up to its quote: its size, or -1 if it is not plain ASCII or longer than `room`. Copies 32 bytes ahead, and 32 bytes may be
 * written behind `room`. As signed numbers both control characters and what is not ASCII are less than a space.
 */
static inline int64_t pln__json_copy(const uint8_t *p, uint8_t *to, int64_t room) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (int64_t at = 0; PLN__LIKELY(at < room); at += 32) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + at + 16));
        _mm_storeu_si128((__m128i *)(void *)(to + at), low);
        _mm_storeu_si128((__m128i *)(void *)(to + at + 16), high);
        uint32_t ends = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, quote)) |
                        (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, quote)) << 16;
        __m128i odd_low = _mm_or_si128(_mm_cmpeq_epi8(low, slash), _mm_cmplt_epi8(low, space));
        __m128i odd_high = _mm_or_si128(_mm_cmpeq_epi8(high, slash), _mm_cmplt_epi8(high, space));
        uint32_t odds = (uint32_t)_mm_movemask_epi8(odd_low) | (uint32_t)_mm_movemask_epi8(odd_high)
                                                                   << 16;
        if (PLN__UNLIKELY((odds & (ends ^ (ends - 1))) != 0))
            return -1;
        if (PLN__LIKELY(ends != 0)) {
            int64_t size = at + __builtin_ctz(ends);
            return PLN__LIKELY(size <= room) ? size : -1;
        }
    }
    return -1;
#else
    uint64_t high = 0;
    const uint8_t *end = pln__json_scan(p, &high);
    int64_t size = end - p;
    if (PLN__UNLIKELY(high != 0 || *end != '"' || room < size))
        return -1;
    if (size > 0)
        memcpy(to, p, (size_t)size);
    return size;
#endif
}

/* How many bytes stand before the first quote, or more than 31. */
static inline int64_t pln__json_quote32(const uint8_t *p) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
    uint64_t quotes = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, quote));
    quotes |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, quote)) << 16;
    return __builtin_ctzll(quotes | UINT64_C(1) << 32);
#else
    int64_t at = 0;
    for (uint64_t found = 0; at < 32; at += 8) {
        uint64_t odd = pln__json_load8(p + at) ^ (PLN__JSON_ONES * '"');
        found = (odd - PLN__JSON_ONES) & ~odd & PLN__JSON_HIGHS;
        if (found != 0)
            return at + __builtin_ctzll(found) / 8;
    }
    return at;
#endif
}

/* ---- numbers ---- */

/* How many of the eight characters are digits before the first that is none; *digits has their values. */
static inline unsigned pln__json_digits8(uint64_t word, uint64_t *digits) {
    uint64_t values = word ^ (PLN__JSON_ONES * '0');
    /* A byte above 9 carries into its own high bit, or has it set; bytes below it, being digits, never carry. */
    uint64_t other = ((values + PLN__JSON_ONES * 0x76) | values) & PLN__JSON_HIGHS;
    *digits = values;
    return other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
}

/* The value of the first n (1 to 8) digits. */
static inline uint64_t pln__json_value8(uint64_t digits, unsigned n) {
    digits <<= 64 - 8 * n;
    digits = digits * 10 + (digits >> 8);
    uint64_t mask = 0x000000FF000000FFu;
    digits = (digits & mask) * 0x000F424000000064u + ((digits >> 16) & mask) * 0x0000271000000001u;
    return digits >> 32;
}

extern const uint64_t pln__json_tens[20];

/*
 * Digits at p, at most 19 of them, into *value; returns how many there are, or 0 if there are none or more.
 */
static inline unsigned pln__json_digits(const uint8_t *p, uint64_t *value) {
    uint64_t digits;
    unsigned n = pln__json_digits8(pln__json_load8(p), &digits);
    if (PLN__UNLIKELY(n == 0))
        return 0;
    uint64_t sum = pln__json_value8(digits, n);
    if (n == 8) {
        unsigned more = pln__json_digits8(pln__json_load8(p + 8), &digits);
        if (more != 0) {
            sum = sum * pln__json_tens[more] + pln__json_value8(digits, more);
            n = 8 + more;
        }
        while (n >= 16 && pln__json_is_digit(p[n])) {
            if (n == 19)
                return 0;
            sum = sum * 10 + (uint64_t)(p[n++] - '0');
        }
    }
    *value = sum;
    return n;
}

/*
 * An unsigned integer of the JSON grammar with at most 19 digits; NULL if it is none or has more digits. What follows is
 * not looked at: it may be a fraction.
 */
static inline const uint8_t *pln__json_integer(const uint8_t *p, uint64_t *value) {
    unsigned n = pln__json_digits(p, value);
    if (PLN__UNLIKELY(n == 0 || (*p == '0' && n > 1)))
        return NULL;
    return p + n;
}

/*
 * A decimal without an exponent as digits and their number behind the point: at most 18 digits in all. NULL for whatever
 * else, also for numbers that are fine but longer.
 */
static inline const uint8_t *pln__json_plain(const uint8_t *p, uint64_t *digits,
                                             unsigned *fraction) {
    unsigned whole = pln__json_digits(p, digits);
    *fraction = 0;
    if (PLN__UNLIKELY(whole == 0 || (*p == '0' && whole > 1)))
        return NULL;
    p += whole;
    if (*p == '.') {
        uint64_t more;
        unsigned n = pln__json_digits(p + 1, &more);
        if (PLN__UNLIKELY(n == 0 || whole + n > 18))
            return NULL;
        *digits = *digits * pln__json_tens[n] + more;
        *fraction = n;
        p += 1 + n;
    }
    if (PLN__UNLIKELY((*p | 0x20) == 'e'))
        return NULL;
    return p;
}

/* The end of the number at p by the grammar of RFC 8259, or NULL. *plain: neither fraction nor exponent. */
static inline const uint8_t *pln__json_number(const uint8_t *p, bool *plain) {
    *plain = true;
    p += *p == '-';
    if (*p == '0')
        p++;
    else if (pln__json_is_digit(*p))
        while (pln__json_is_digit(*p))
            p++;
    else
        return NULL;
    if (*p == '.') {
        *plain = false;
        if (!pln__json_is_digit(*++p))
            return NULL;
        while (pln__json_is_digit(*p))
            p++;
    }
    if ((*p | 0x20) == 'e') {
        *plain = false;
        p++;
        p += *p == '+' || *p == '-';
        if (!pln__json_is_digit(*p))
            return NULL;
        while (pln__json_is_digit(*p))
            p++;
    }
    return p;
}

/* ---- time ---- */

/*
 * "YYYY-MM-DDThh:mm:ss[.f...]", and "Z" or not where it is `zoned`, up to but without the closing quote: days since 1970, seconds of the day,
 * the digits of the fraction and how many. NULL for whatever else, also for what the general parser takes. `last` keeps the day
 * of the date seen last, for dates come in runs.
 */
typedef struct pln__json_day {
    uint64_t year_month; /* "YYYY-MM-" */
    uint16_t day_text;
    int32_t days;
} pln__json_day;
typedef struct pln__json_instant {
    int64_t days;
    int64_t seconds;
    uint64_t fraction;
    unsigned digits;
} pln__json_instant;

bool pln__json_day_of(const uint8_t *p, pln__json_day *last);

static inline bool pln__json_same_day(const uint8_t *p, pln__json_day *last) {
    uint16_t day;
    memcpy(&day, p + 8, 2);
    return PLN__LIKELY(pln__json_load8(p) == last->year_month && day == last->day_text) ||
           pln__json_day_of(p, last);
}

static inline const uint8_t *pln__json_stamp(const uint8_t *p, bool zoned, pln__json_day *last,
                                             pln__json_instant *out) {
    if (!pln__json_same_day(p, last))
        return NULL;
    uint64_t clock = pln__json_load8(p + 11); /* hh:mm:ss */
    uint64_t digits = clock ^ 0x30303A30303A3030u;
    if (PLN__UNLIKELY((p[10] != 'T' && p[10] != ' ') || (digits & 0x0000FF0000FF0000u) != 0))
        return NULL;
    uint64_t over = ((digits + 0x7676767676767676u) | digits) & PLN__JSON_HIGHS;
    digits = digits * 10 + (digits >> 8); /* bytes 0, 3, 6: hours, minutes, seconds */
    unsigned hours = digits & 0xFF, minutes = (digits >> 24) & 0xFF,
             seconds = (digits >> 48) & 0xFF;
    if (PLN__UNLIKELY(over != 0 || hours > 23 || minutes > 59 || seconds > 59))
        return NULL;
    out->days = last->days;
    out->seconds = (int64_t)(hours * 3600 + minutes * 60 + seconds);
    out->fraction = 0;
    out->digits = 0;
    p += 19;
    if (*p == '.') {
        out->digits = pln__json_digits(p + 1, &out->fraction);
        if (PLN__UNLIKELY(out->digits == 0 || out->digits > 9))
            return NULL;
        p += 1 + out->digits;
    }
    p += (*p == 'Z') & zoned;
    return *p == '"' ? p : NULL;
}

/* False if the unit cannot hold it, or digits would be lost. */
static inline bool pln__json_instant_in(const pln__json_instant *at, int32_t unit, int64_t *out) {
    unsigned want = (unsigned)unit * 3;
    int64_t value;
    if (PLN__UNLIKELY(at->digits > want))
        return false;
    int64_t per = (int64_t)pln__json_tens[want];
    return !__builtin_mul_overflow(at->days * 86400 + at->seconds, per, &value) &&
           !__builtin_add_overflow(
               value, (int64_t)(at->fraction * pln__json_tens[want - at->digits]), out);
}

#endif
