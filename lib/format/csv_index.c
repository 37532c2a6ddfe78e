/*
 * Where the structural bytes of a window are.
 *
 * All variants give the same entries; the portable one, eight bytes at a time, is the oracle of the others.
 */
#include "format/csv_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* The high bit of each byte that is zero, and no other (no borrow runs from byte to byte). */
static inline uint64_t zero_bytes(uint64_t word) {
    uint64_t low = (word & ~HIGHS) + ~HIGHS;
    return ~(low | word) & HIGHS;
}

static void scan_portable(pln__csv_scan *s) {
    uint64_t a = s->chars[0] * ONES, b = s->chars[1] * ONES, c = s->chars[2] * ONES, high = 0;
    int64_t i = s->done, n = s->n;
    for (; i < s->size && n + 8 <= s->capacity; i += 8) {
        uint64_t word = pln__load_le64((const char *)s->bytes + i);
        uint64_t hits = zero_bytes(word ^ a) | zero_bytes(word ^ b) | zero_bytes(word ^ c);
        if (PLN__UNLIKELY(s->size - i < 8)) {
            uint64_t mask = (UINT64_C(1) << (8 * (s->size - i))) - 1;
            hits &= mask;
            word &= mask;
        }
        high |= word;
        for (; hits != 0; hits &= hits - 1)
            s->at[n++] = (uint32_t)(i + (__builtin_ctzll(hits) >> 3));
    }
    s->done = i < s->size ? i : s->size;
    s->n = n;
    s->ascii = s->ascii && (high & HIGHS) == 0;
}

#if defined(__x86_64__)

/* Entries of one block of 64 bytes. Writes up to eight more than there are, which the slack allows. */
__attribute__((target("sse4.2,popcnt"))) static inline int64_t emit(uint32_t *at, int64_t n,
                                                                    uint64_t hits, uint32_t base) {
    int64_t count = __builtin_popcountll(hits);
    uint32_t *out = at + n;
    for (int64_t left = count; left > 0; left -= 4, out += 4) {
        for (int i = 0; i < 4; i++) {
            out[i] = base + (hits != 0 ? (uint32_t)__builtin_ctzll(hits) : 0);
            hits &= hits - 1;
        }
    }
    return n + count;
}

static inline uint64_t tail_mask(int64_t left) {
    return left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

__attribute__((target("sse4.2,popcnt"))) static void scan_sse(pln__csv_scan *s) {
    __m128i a = _mm_set1_epi8((char)s->chars[0]), b = _mm_set1_epi8((char)s->chars[1]);
    __m128i c = _mm_set1_epi8((char)s->chars[2]);
    uint64_t high = 0;
    int64_t i = s->done, n = s->n;
    for (; i < s->size && n + 64 <= s->capacity; i += 64) {
        uint64_t hits = 0, tops = 0;
        for (int k = 0; k < 4; k++) {
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s->bytes + i + 16 * k));
            __m128i m = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, a), _mm_cmpeq_epi8(v, b)),
                                     _mm_cmpeq_epi8(v, c));
            hits |= (uint64_t)(uint32_t)_mm_movemask_epi8(m) << (16 * k);
            tops |= (uint64_t)(uint32_t)_mm_movemask_epi8(v) << (16 * k);
        }
        uint64_t mask = tail_mask(s->size - i);
        high |= tops & mask;
        n = emit(s->at, n, hits & mask, (uint32_t)i);
    }
    s->done = i < s->size ? i : s->size;
    s->n = n;
    s->ascii = s->ascii && high == 0;
}

__attribute__((target("avx2,bmi,bmi2,popcnt"))) static inline int64_t emit_avx2(uint32_t *at,
                                                                                int64_t n,
                                                                                uint64_t hits,
                                                                                uint32_t base) {
    int64_t count = __builtin_popcountll(hits);
    uint32_t *out = at + n;
    for (int64_t left = count; left > 0; left -= 8, out += 8) {
        for (int i = 0; i < 8; i++) {
            out[i] = base + (uint32_t)_tzcnt_u64(hits);
            hits = _blsr_u64(hits);
        }
    }
    return n + count;
}

__attribute__((target("avx2,bmi,bmi2,popcnt"))) static void scan_avx2(pln__csv_scan *s) {
    __m256i a = _mm256_set1_epi8((char)s->chars[0]), b = _mm256_set1_epi8((char)s->chars[1]);
    __m256i c = _mm256_set1_epi8((char)s->chars[2]);
    uint64_t high = 0;
    int64_t i = s->done, n = s->n;
    for (; i < s->size && n + 64 <= s->capacity; i += 64) {
        const __m256i *p = (const __m256i *)(const void *)(s->bytes + i);
        __m256i v = _mm256_loadu_si256(p), w = _mm256_loadu_si256(p + 1);
        __m256i m =
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(v, a), _mm256_cmpeq_epi8(v, b)),
                            _mm256_cmpeq_epi8(v, c));
        __m256i k =
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(w, a), _mm256_cmpeq_epi8(w, b)),
                            _mm256_cmpeq_epi8(w, c));
        uint64_t hits =
            (uint32_t)_mm256_movemask_epi8(m) | (uint64_t)(uint32_t)_mm256_movemask_epi8(k) << 32;
        uint64_t tops =
            (uint32_t)_mm256_movemask_epi8(v) | (uint64_t)(uint32_t)_mm256_movemask_epi8(w) << 32;
        uint64_t mask = tail_mask(s->size - i);
        high |= tops & mask;
        n = emit_avx2(s->at, n, hits & mask, (uint32_t)i);
    }
    s->done = i < s->size ? i : s->size;
    s->n = n;
    s->ascii = s->ascii && high == 0;
}

#define AVX512 "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx2,bmi,bmi2,popcnt"

/* The offsets of the hits in the block, compressed as bytes and widened sixteen at a time. */
__attribute__((target(AVX512))) static inline int64_t emit_avx512(uint32_t *at, int64_t n,
                                                                  uint64_t hits, __m512i iota,
                                                                  uint32_t base) {
    int64_t count = __builtin_popcountll(hits);
    __m512i packed = _mm512_maskz_compress_epi8(hits, iota);
    __m512i from = _mm512_set1_epi32((int)base);
    uint32_t *out = at + n;
    _mm512_storeu_si512(
        out, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (PLN__UNLIKELY(count > 16)) {
        __m128i part = _mm512_extracti32x4_epi32(packed, 1);
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(part)));
        if (count > 32) {
            part = _mm512_extracti32x4_epi32(packed, 2);
            _mm512_storeu_si512(out + 32, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(part)));
            part = _mm512_extracti32x4_epi32(packed, 3);
            _mm512_storeu_si512(out + 48, _mm512_add_epi32(from, _mm512_cvtepu8_epi32(part)));
        }
    }
    return n + count;
}

__attribute__((target(AVX512))) static void scan_avx512(pln__csv_scan *s) {
    static const uint8_t numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i iota = _mm512_loadu_si512(numbers);
    __m512i a = _mm512_set1_epi8((char)s->chars[0]), b = _mm512_set1_epi8((char)s->chars[1]);
    __m512i c = _mm512_set1_epi8((char)s->chars[2]);
    __m512i high = _mm512_setzero_si512();
    int64_t i = s->done, n = s->n;
    for (; i < s->size && n + 64 <= s->capacity; i += 64) {
        uint64_t mask = tail_mask(s->size - i);
        __m512i v = _mm512_maskz_loadu_epi8(mask, s->bytes + i);
        uint64_t hits = _mm512_cmpeq_epi8_mask(v, a) | _mm512_cmpeq_epi8_mask(v, b) |
                        _mm512_cmpeq_epi8_mask(v, c);
        high = _mm512_or_si512(high, v);
        n = emit_avx512(s->at, n, hits & mask, iota, (uint32_t)i);
    }
    s->done = i < s->size ? i : s->size;
    s->n = n;
    s->ascii = s->ascii && _mm512_movepi8_mask(high) == 0;
}

#endif

pln__csv_scan_fn *pln__csv_scan_for(uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX512)
        return scan_avx512;
    if (cpu & PLN__CPU_AVX2)
        return scan_avx2;
    if (cpu & PLN__CPU_SSE42)
        return scan_sse;
#endif
    (void)cpu;
    return scan_portable;
}
