/*
 * Room base: what every other room stands on.
 *
 * Job: memory, errors, text building, checked arithmetic, hash maps, CPU features, numbers and time as text, UTF-8.
 * Must not know: columns, files, graphs, or anything else of the library.
 * Invariants: no mutable global; every byte comes from the allocator handed in; a size passed to
 * pln__free is the size that was asked for; an error message always fits its record.
 */
#ifndef PLN__BASE_H
#define PLN__BASE_H

#include <pln/allocator.h>
#include <pln/status.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PLN__LIKELY(x) __builtin_expect(!!(x), 1)
#define PLN__UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PLN__COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define PLN__PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* ---- errors (error.c) ---- */

/*
 * Both need `pln_status status` in scope and an `out:` label; they are the only two ways to leave early.
 * PLN__TRY lets flow codes (>= 0) through in `status`.
 */
#define PLN__TRY(call)                                                                             \
    do {                                                                                           \
        if (PLN__UNLIKELY((status = (call)) < 0))                                                  \
            goto out;                                                                              \
    } while (0)
#define PLN__FAIL(err, code, ...)                                                                  \
    do {                                                                                           \
        status = pln__error_set((err), (code), __VA_ARGS__);                                       \
        goto out;                                                                                  \
    } while (0)

/*
 * Fill `err` (may be NULL) and return `code`. Keeps a `where` that is already there when `status` was
 * 0 only if the caller set it; use pln__error_where to name the place. Control characters and invalid
 * UTF-8 in the formatted message are escaped as \xNN. PLN_EDATA and PLN_EREJECTED get PLN_ERR_DATA, PLN_EBUSY and PLN_ETIMEOUT
 * PLN_ERR_RETRYABLE, PLN_EFENCED, PLN_EDATALOSS and PLN_ECORRUPT PLN_ERR_FATAL.
 */
pln_status pln__error_set(pln_error *err, pln_status code, const char *format, ...)
    PLN__PRINTF(3, 4);
pln_status pln__error_setv(pln_error *err, pln_status code, const char *format, va_list args);

/* "malloc failed" in one word: PLN_ENOMEM with the size asked for. */
pln_status pln__error_memory(pln_error *err, uint64_t size);

/* Set the place of an error that has none yet; a place already named is closer to the cause and stays. */
void pln__error_where(pln_error *err, const char *format, ...) PLN__PRINTF(2, 3);

/* Put "text: " before the message, once a caller knows more. */
void pln__error_prefix(pln_error *err, const char *format, ...) PLN__PRINTF(2, 3);

/*
 * Bytes of data for a message: quoted, at most 48 bytes, escaped, with "…" where cut.
 * `out` has PLN__SHOW_SIZE bytes; returns `out`.
 */
#define PLN__SHOW_SIZE 224
const char *pln__show(char out[PLN__SHOW_SIZE], const void *bytes, int64_t size);

/* The member of `names` (NULL-terminated) nearest to `name` by edit distance, or NULL if none is near. */
const char *pln__nearest(const char *name, const char *const *names);

/* ---- order (sort.c) ---- */

/* Below 0, 0, above 0: a goes before b, is its equal, goes behind it. */
typedef int pln__compare(const void *a, const void *b, const void *context);
/* In place, without memory, n log n whatever the order was; equal items may change places. */
void pln__sort(void *items, int64_t n, int64_t size, pln__compare *by, const void *context);

/* ---- memory (memory.c, heap.c, buffer.c) ---- */

static inline void *pln__resize(const pln_allocator *mem, void *ptr, uint64_t old, uint64_t now) {
    return mem->resize(mem->user, ptr, old, now);
}
static inline void *pln__alloc(const pln_allocator *mem, uint64_t size) {
    return mem->resize(mem->user, NULL, 0, size);
}
static inline void pln__free(const pln_allocator *mem, void *ptr, uint64_t size) {
    if (ptr != NULL)
        (void)mem->resize(mem->user, ptr, size, 0);
}
/* Zeroed; NULL also when count * size overflows. */
void *pln__calloc(const pln_allocator *mem, uint64_t count, uint64_t size);
/* Grow an array of `size`-byte items to hold `need`; *capacity is in items. */
pln_status pln__grow(const pln_allocator *mem, void *items, int64_t *capacity, int64_t need,
                     uint64_t size, pln_error *err);
char *pln__strdup(const pln_allocator *mem, const char *text);
char *pln__strndup(const pln_allocator *mem, const char *text, int64_t size);
void pln__strfree(const pln_allocator *mem, char *text);

/* malloc, realloc, free of the C library. */
const pln_allocator *pln__system_allocator(void);

/*
 * A heap counts and limits what one runtime holds, and keeps freed buffers for reuse (first touch of fresh
 * pages costs as much as the work done in them). It outlives pln__heap_close until the last block is freed, so that
 * a batch given away may be released after its runtime, on any thread.
 */
typedef struct pln__heap pln__heap;
typedef struct pln__heap_stats {
    int64_t live_bytes, peak_bytes, live_blocks, allocations, limit_bytes, pooled_bytes;
} pln__heap_stats;
pln__heap *pln__heap_new(const pln_allocator *host, int64_t limit_bytes);
const pln_allocator *pln__heap_allocator(pln__heap *heap);
void pln__heap_stats_get(const pln__heap *heap, pln__heap_stats *out);
void pln__heap_close(pln__heap *heap);

/*
 * A growable buffer of 64-byte aligned memory; PLN__PADDING readable bytes always follow `capacity`, and
 * pln__buffer_seal zeroes those after `size`. data is NULL only while capacity is 0.
 */
#define PLN__ALIGN 64
#define PLN__PADDING 64
typedef struct pln__buffer {
    uint8_t *data;
    int64_t size;
    int64_t capacity;
} pln__buffer;
/* Room for `extra` more bytes after size (at least doubling). Contents stay. */
pln_status pln__buffer_reserve(const pln_allocator *mem, pln__buffer *buffer, int64_t extra,
                               pln_error *err);
pln_status pln__buffer_append(const pln_allocator *mem, pln__buffer *buffer, const void *bytes,
                              int64_t size, pln_error *err);
void pln__buffer_seal(pln__buffer *buffer);
void pln__buffer_free(const pln_allocator *mem, pln__buffer *buffer);
/* The same memory without the struct, for owners that keep only the pointer and its capacity. */
uint8_t *pln__aligned_alloc(const pln_allocator *mem, int64_t capacity);
void pln__aligned_free(const pln_allocator *mem, void *data, int64_t capacity);

/* ---- text (text.c) ---- */

/* A growable NUL-terminated string. After a failed append `failed` stays set and later appends do nothing. */
typedef struct pln__text {
    const pln_allocator *mem;
    char *data; /* never NULL after the first successful append */
    int64_t size;
    int64_t capacity;
    bool failed;
} pln__text;
void pln__text_init(pln__text *text, const pln_allocator *mem);
void pln__text_bytes(pln__text *text, const void *bytes, int64_t size);
void pln__text_str(pln__text *text, const char *str);
void pln__text_char(pln__text *text, char c);
void pln__text_int(pln__text *text, int64_t value);
void pln__text_printf(pln__text *text, const char *format, ...) PLN__PRINTF(2, 3);
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void pln__text_json(pln__text *text, const char *bytes, int64_t size);
/* PLN_OK or PLN_ENOMEM, to be asked once at the end. */
pln_status pln__text_status(const pln__text *text, pln_error *err);
/* Hands the string over, to be freed with pln__strfree; NULL if an append failed. */
char *pln__text_take(pln__text *text);
void pln__text_free(pln__text *text);

/* ---- checked arithmetic ---- */

static inline bool pln__add(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_add_overflow(a, b, out);
}
static inline bool pln__mul(int64_t a, int64_t b, int64_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}
/* The sum, or the end of the range that it would pass: an instant that far away is never reached. */
static inline int64_t pln__add_clamped(int64_t a, int64_t b) {
    int64_t sum;
    return pln__add(a, b, &sum) ? sum : b < 0 ? INT64_MIN : INT64_MAX;
}
/* n rounded up to a multiple of `to`, a power of two; n must be at most INT64_MAX - to. */
static inline int64_t pln__round_up(int64_t n, int64_t to) {
    return (n + to - 1) & ~(to - 1);
}

/* ---- bitmaps, least significant bit first as in Arrow ---- */

static inline bool pln__bit_get(const uint8_t *bits, int64_t i) {
    return (bits[i >> 3] >> (i & 7)) & 1;
}
static inline void pln__bit_set(uint8_t *bits, int64_t i) {
    bits[i >> 3] = (uint8_t)(bits[i >> 3] | (1u << (i & 7)));
}
static inline void pln__bit_clear(uint8_t *bits, int64_t i) {
    bits[i >> 3] = (uint8_t)(bits[i >> 3] & ~(1u << (i & 7)));
}
static inline void pln__bit_put(uint8_t *bits, int64_t i, bool value) {
    if (value)
        pln__bit_set(bits, i);
    else
        pln__bit_clear(bits, i);
}
/* Number of set bits in [offset, offset + length). */
int64_t pln__bits_count(const uint8_t *bits, int64_t offset, int64_t length);
/* Copy `length` bits from src at src_offset to dst at dst_offset; the two do not overlap. */
void pln__bits_copy(uint8_t *dst, int64_t dst_offset, const uint8_t *src, int64_t src_offset,
                    int64_t length);
/* Set `length` bits from `offset` to `value`. */
void pln__bits_fill(uint8_t *bits, int64_t offset, int64_t length, bool value);

/* ---- hash maps (map.c) ---- */

/*
 * From byte strings to int64 values, open addressing over XXH3 with a secret seed, so that nobody can craft
 * colliding keys. Keys are copied. Iteration is in insertion order.
 */
typedef struct pln__map pln__map;
pln__map *pln__map_new(const pln_allocator *mem, uint64_t seed);
void pln__map_free(pln__map *map);
int64_t pln__map_count(const pln__map *map);
/* Adds or overwrites. */
pln_status pln__map_put(pln__map *map, const void *key, int64_t size, int64_t value,
                        pln_error *err);
/* True and *value (may be NULL) if the key is there. */
bool pln__map_get(const pln__map *map, const void *key, int64_t size, int64_t *value);
/* The i-th key inserted, 0 <= i < count. */
const void *pln__map_at(const pln__map *map, int64_t i, int64_t *size, int64_t *value);

uint64_t pln__hash64(const void *bytes, int64_t size, uint64_t seed);

/* ---- processor ---- */

enum {
    PLN__CPU_SSE42 = 1,  /* with PCLMULQDQ */
    PLN__CPU_AVX2 = 2,   /* with BMI1, BMI2, PCLMULQDQ */
    PLN__CPU_AVX512 = 4, /* F, BW, VL, DQ, VBMI2 */
    PLN__CPU_NEON = 8
};
/* What this machine has; kernels choose their variant by it once, when they are set up. */
uint32_t pln__cpu_features(void);

#endif
