#include "expr/text_kernels.h"
#include "expr/short_text.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A plain loop, which compilers vectorise. `first` is the letter the range begins with. */
static inline void flip(uint8_t *to, const uint8_t *from, int64_t size, uint8_t first) {
    for (int64_t i = 0; i < size; i++) {
        uint8_t c = from[i];
        to[i] = (uint8_t)(c ^ (((uint8_t)(c - first) < 26) << 5));
    }
}

static void flip_plain(uint8_t *to, const uint8_t *from, int64_t size, uint8_t first) {
    flip(to, from, size, first);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void flip_avx2(uint8_t *to, const uint8_t *from,
                                                      int64_t size, uint8_t first) {
    const __m256i bias = _mm256_set1_epi8((char)(0x80 - first)), bit = _mm256_set1_epi8(0x20);
    const __m256i limit = _mm256_set1_epi8(-128 + 26);
    int64_t i = 0;
    for (; i + 32 <= size; i += 32) {
        __m256i c = _mm256_loadu_si256((const void *)(from + i));
        __m256i in = _mm256_cmpgt_epi8(limit, _mm256_add_epi8(c, bias));
        _mm256_storeu_si256((void *)(to + i), _mm256_xor_si256(c, _mm256_and_si256(in, bit)));
    }
    flip_plain(to + i, from + i, size - i, first);
}
#endif

void pln__x_change_case(uint8_t *to, const uint8_t *from, int64_t size, bool upper, uint32_t cpu) {
    uint8_t first = upper ? 'a' : 'A';
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2) {
        flip_avx2(to, from, size, first);
        return;
    }
#endif
    (void)cpu;
    flip_plain(to, from, size, first);
}

bool pln__x_ascii_rows(const xvec *v, int32_t n) {
    return v->offsets != NULL &&
           pln__ascii_only(v->base + v->offsets[0], v->offsets[n] - v->offsets[0]);
}

/* ---- searching ---- */

static int64_t find_plain(const uint8_t *bytes, int64_t size, int64_t from, xstr part) {
    while (from + part.size <= size) {
        const uint8_t *at =
            memchr(bytes + from, part.data[0], (size_t)(size - part.size - from) + 1);
        if (at == NULL)
            return -1;
        if (x_equal(at, part.data, part.size))
            return at - bytes;
        from = at - bytes + 1;
    }
    return -1;
}

#if defined(__x86_64__)
/* 32 places at once where both the first and the last byte are right; few of them need a look. */
__attribute__((target("avx2"))) static int64_t find_avx2(const uint8_t *bytes, int64_t size,
                                                         int64_t from, xstr part) {
    const __m256i first = _mm256_set1_epi8((char)part.data[0]);
    const __m256i last = _mm256_set1_epi8((char)part.data[part.size - 1]);
    for (; from + part.size + 31 <= size; from += 32) {
        __m256i a = _mm256_loadu_si256((const void *)(bytes + from));
        __m256i b = _mm256_loadu_si256((const void *)(bytes + from + part.size - 1));
        uint32_t both = (uint32_t)_mm256_movemask_epi8(
            _mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, last)));
        for (; both != 0; both &= both - 1) {
            int64_t at = from + __builtin_ctz(both);
            if (x_equal(bytes + at, part.data, part.size))
                return at;
        }
    }
    return find_plain(bytes, size, from, part);
}
#endif

int64_t pln__x_find(const uint8_t *bytes, int64_t size, int64_t from, xstr part, uint32_t cpu) {
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2)
        return find_avx2(bytes, size, from, part);
#endif
    (void)cpu;
    return find_plain(bytes, size, from, part);
}

/* Rows lie one after the other: one search through all of them, and a hit that crosses a border does not count. */
void pln__x_contains(const xvec *v, int32_t n, xstr part, uint64_t *out, uint32_t cpu) {
    const int32_t *offsets = v->offsets;
    int64_t end = offsets[n];
    int32_t row = 0;
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int64_t at = offsets[0];;) {
        at = pln__x_find(v->base, end, at, part, cpu);
        if (at < 0)
            return;
        while (offsets[row + 1] <= at)
            row++;
        if (at + part.size > offsets[row + 1]) {
            at++;
            continue;
        }
        out[row / 64] |= UINT64_C(1) << (row % 64);
        at = offsets[row + 1];
    }
}

/* ---- short texts ---- */

/* How many rows have eight bytes from their start on, so that one load reads them. */
static int32_t padded_rows(const xvec *v, int32_t n) {
    int32_t last = v->offsets[n] - 8;
    while (n > 0 && v->offsets[n - 1] > last)
        n--;
    return n;
}

/* `n_keys` is a constant where this is inlined. Rows [0, n) are padded. */
static inline void match_padded(const xvec *v, int32_t n, const uint64_t *given, int32_t n_keys,
                                uint64_t *out) {
    const int32_t *offsets = v->offsets;
    const char *base = (const char *)v->base;
    uint64_t keys[4];
    for (int32_t k = 0; k < n_keys && k < 4; k++)
        keys[k] = given[k];
    for (int32_t row = 0; row < n; row += 64) {
        uint64_t word = 0;
        int32_t end = n - row < 64 ? n - row : 64;
        for (int32_t i = 0; i < end; i++) {
            int32_t start = offsets[row + i], size = offsets[row + i + 1] - start;
            uint64_t tag = (uint32_t)size > X_SHORT_MAX ? X_SHORT_MAX + 1 : (uint32_t)size, hit = 0;
            uint64_t key = (pln__load_le64(base + start) & x_short_masks[tag]) | tag << 56;
            for (int32_t k = 0; k < n_keys; k++)
                hit |= (uint64_t)(key == (n_keys <= 4 ? keys[k] : given[k]));
            word |= hit << i;
        }
        out[row / 64] = word;
    }
}

static void match_rest(const xvec *v, int32_t from, int32_t n, const uint64_t *keys, int32_t n_keys,
                       uint64_t *out) {
    for (int32_t i = from; i < n; i++) {
        uint64_t key =
            x_short_key((xstr){v->base + v->offsets[i], v->offsets[i + 1] - v->offsets[i]});
        uint64_t hit = 0;
        for (int32_t k = 0; k < n_keys; k++)
            hit |= (uint64_t)(key == keys[k]);
        out[i / 64] = (i % 64 == 0 ? 0 : out[i / 64]) | hit << (i % 64);
    }
}

#if defined(__x86_64__)
/* Four rows a step: their eight bytes are gathered, cut by a shifted mask and tagged. */
__attribute__((target("avx2"))) static inline uint32_t match_4(const int32_t *offsets,
                                                               const char *base,
                                                               const __m256i *keys,
                                                               int32_t n_keys) {
    const __m256i one = _mm256_set1_epi64x(1);
    __m128i start = _mm_loadu_si128((const void *)offsets);
    __m128i end = _mm_loadu_si128((const void *)(offsets + 1));
    __m128i size = _mm_min_epi32(_mm_sub_epi32(end, start), _mm_set1_epi32(X_SHORT_MAX + 1));
    __m256i wide = _mm256_cvtepi32_epi64(size), hit = _mm256_setzero_si256();
    __m256i bytes = _mm256_i64gather_epi64((const long long *)(const void *)base,
                                           _mm256_cvtepi32_epi64(start), 1);
    /* A shift by 64 gives 0, so longer texts keep all their bytes; their tag is one that no key has. */
    __m256i mask = _mm256_sub_epi64(_mm256_sllv_epi64(one, _mm256_slli_epi64(wide, 3)), one);
    __m256i key = _mm256_or_si256(_mm256_and_si256(bytes, mask), _mm256_slli_epi64(wide, 56));
    for (int32_t k = 0; k < n_keys; k++)
        hit = _mm256_or_si256(hit, _mm256_cmpeq_epi64(key, keys[k]));
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(hit));
}

__attribute__((target("avx2"))) static inline void match_words(const xvec *v, int32_t n,
                                                               const uint64_t *given,
                                                               int32_t n_keys, uint64_t *out) {
    __m256i keys[X_SHORT_KEYS];
    for (int32_t k = 0; k < n_keys; k++)
        keys[k] = _mm256_set1_epi64x((long long)given[k]);
    for (int32_t row = 0; row < n; row += 64) {
        uint64_t word = 0;
        for (int32_t i = 0; i < 64; i += 4)
            word |= (uint64_t)match_4(v->offsets + row + i, (const char *)v->base, keys, n_keys)
                    << i;
        out[row / 64] = word;
    }
}

/* Whole words of padded rows; how many rows that were. */
__attribute__((target("avx2"))) static int32_t match_avx2(const xvec *v, int32_t n,
                                                          const uint64_t *keys, int32_t n_keys,
                                                          uint64_t *out) {
    n = n / 64 * 64;
    switch (n_keys) {
    case 1: match_words(v, n, keys, 1, out); break;
    case 2: match_words(v, n, keys, 2, out); break;
    case 3: match_words(v, n, keys, 3, out); break;
    default: match_words(v, n, keys, n_keys, out);
    }
    return n;
}
#endif

void pln__x_match_short(const xvec *v, int32_t n, const uint64_t *keys, int32_t n_keys,
                        uint64_t *out, uint32_t cpu) {
    int32_t padded = padded_rows(v, n);
#if defined(__x86_64__)
    if (cpu & PLN__CPU_AVX2) {
        int32_t done = match_avx2(v, padded, keys, n_keys, out);
        match_rest(v, done, n, keys, n_keys, out);
        return;
    }
#endif
    (void)cpu;
    switch (n_keys) {
    case 1: match_padded(v, padded, keys, 1, out); break;
    case 2: match_padded(v, padded, keys, 2, out); break;
    case 3: match_padded(v, padded, keys, 3, out); break;
    case 4: match_padded(v, padded, keys, 4, out); break;
    default: match_padded(v, padded, keys, n_keys, out);
    }
    match_rest(v, padded, n, keys, n_keys, out);
}
