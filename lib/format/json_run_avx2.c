#if defined(__x86_64__)
#include <immintrin.h>

#include "format/json_put.h"

#define TARGET __attribute__((target("avx2,bmi,bmi2")))

static inline bool fits_rest(const pln__json_step *step, const uint8_t *p);

TARGET static inline bool fits(const pln__json_step *step, const uint8_t *p) {
    __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)step->words);
    __m256i masks = _mm256_loadu_si256((const __m256i *)(const void *)step->masks);
    return _mm256_testz_si256(_mm256_xor_si256(text, words), masks) &&
           (PLN__LIKELY(step->size <= 32) || fits_rest(step, p + 32));
}

/*
 * As in json_run_words.c. Copies 32 bytes ahead. As signed numbers both control characters and what is not ASCII are less
 * than a space.
 */
TARGET static inline const uint8_t *scan(const uint8_t *p, uint8_t *to, int64_t room,
                                         int64_t *size) {
    const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
    const __m256i space = _mm256_set1_epi8(' ');
    for (int64_t at = 0; PLN__LIKELY(room - at >= 32); at += 32) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)(p + at));
        _mm256_storeu_si256((__m256i *)(void *)(to + at), text);
        __m256i odd =
            _mm256_or_si256(_mm256_cmpeq_epi8(text, slash), _mm256_cmpgt_epi8(space, text));
        uint32_t ends = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, quote));
        uint32_t odds = (uint32_t)_mm256_movemask_epi8(odd);
        if (PLN__UNLIKELY((odds & (ends ^ (ends - 1))) != 0))
            return NULL;
        if (PLN__LIKELY(ends != 0)) {
            *size = at + __builtin_ctz(ends);
            return p + *size + 1;
        }
    }
    return NULL;
}

#define RUN pln__json_run_avx2
#define FITS fits
#define SCAN scan
#include "format/json_run.h"
#else
typedef int pln__json_run_avx2_is_for_x86;
#endif
