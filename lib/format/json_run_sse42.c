#if defined(__x86_64__)
#include <immintrin.h>

#include "format/json_put.h"

#define TARGET __attribute__((target("sse4.2")))

static inline bool fits_rest(const pln__json_step *step, const uint8_t *p);

TARGET static inline bool fits(const pln__json_step *step, const uint8_t *p) {
    const __m128i *text = (const __m128i *)(const void *)p;
    const __m128i *words = (const __m128i *)(const void *)step->words;
    const __m128i *masks = (const __m128i *)(const void *)step->masks;
    __m128i miss = _mm_xor_si128(_mm_loadu_si128(text), _mm_loadu_si128(words));
    if (!_mm_testz_si128(miss, _mm_loadu_si128(masks)))
        return false;
    if (PLN__LIKELY(step->size <= 16))
        return true;
    miss = _mm_xor_si128(_mm_loadu_si128(text + 1), _mm_loadu_si128(words + 1));
    return _mm_testz_si128(miss, _mm_loadu_si128(masks + 1)) &&
           (PLN__LIKELY(step->size <= 32) || fits_rest(step, p + 32));
}

/*
 * As in json_run_words.c. Copies 16 bytes ahead. As signed numbers both control characters and what is not ASCII are less
 * than a space.
 */
TARGET static inline const uint8_t *scan(const uint8_t *p, uint8_t *to, int64_t room,
                                         int64_t *size) {
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (int64_t at = 0; PLN__LIKELY(room - at >= 16); at += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
        _mm_storeu_si128((__m128i *)(void *)(to + at), text);
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(text, slash), _mm_cmplt_epi8(text, space));
        uint32_t ends = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, quote));
        uint32_t odds = (uint32_t)_mm_movemask_epi8(odd);
        if (PLN__UNLIKELY((odds & (ends ^ (ends - 1))) != 0))
            return NULL;
        if (PLN__LIKELY(ends != 0)) {
            *size = at + __builtin_ctz(ends);
            return p + *size + 1;
        }
    }
    return NULL;
}

#define RUN pln__json_run_sse42
#define FITS fits
#define SCAN scan
#include "format/json_run.h"
#else
typedef int pln__json_run_sse42_is_for_x86;
#endif
