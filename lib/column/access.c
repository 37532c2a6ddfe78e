/* Single values of arrays, and what is asked of whole ones. */
#include "column/internal.h"

static const uint8_t *at(const struct ArrowArray *array, int64_t row, int32_t width) {
    return (const uint8_t *)array->buffers[1] + (array->offset + row) * width;
}

#define LOAD(name, type)                                                                           \
    static inline type load_##name(const void *from) {                                             \
        type value;                                                                                \
        memcpy(&value, from, sizeof value);                                                        \
        return value;                                                                              \
    }
LOAD(i8, int8_t)
LOAD(i16, int16_t)
LOAD(i32, int32_t)
LOAD(i64, int64_t)
LOAD(u8, uint8_t)
LOAD(u16, uint16_t)
LOAD(u32, uint32_t)
LOAD(f32, float)
LOAD(f64, double)

static int64_t load_int(int32_t id, int32_t width, const void *from) {
    switch (id) {
    case PLN__INT8: return load_i8(from);
    case PLN__INT16: return load_i16(from);
    case PLN__UINT8: return load_u8(from);
    case PLN__UINT16: return load_u16(from);
    case PLN__UINT32: return load_u32(from);
    default: return width == 4 ? load_i32(from) : load_i64(from);
    }
}

int64_t pln__array_int(const pln__type *type, const struct ArrowArray *array, int64_t row) {
    int32_t id = type->id == PLN__DICTIONARY ? type->index_id : type->id;
    if (id == PLN__BOOL)
        return pln__bit_get(array->buffers[1], array->offset + row);
    return load_int(id, type->width, at(array, row, type->width));
}

double pln__array_float(const pln__type *type, const struct ArrowArray *array, int64_t row) {
    const uint8_t *from = at(array, row, type->width);
    if (type->id == PLN__FLOAT32)
        return (double)load_f32(from);
    if (type->id == PLN__FLOAT64)
        return load_f64(from);
    int64_t value = pln__array_int(type, array, row);
    return type->id == PLN__UINT64 ? (double)(uint64_t)value : (double)value;
}

const uint8_t *pln__array_bytes(const pln__type *type, const struct ArrowArray *array, int64_t row,
                                int64_t *size) {
    if (type->id == PLN__FIXED) {
        *size = type->width;
        return at(array, row, type->width);
    }
    int32_t from = pln__offset_at(array->buffers[1], array->offset + row);
    *size = (int64_t)pln__offset_at(array->buffers[1], array->offset + row + 1) - from;
    return *size == 0 ? (const uint8_t *)"" : (const uint8_t *)array->buffers[2] + from;
}

const uint8_t *pln__flat_bytes(const pln__type *type, const struct ArrowArray *array, int64_t row,
                               uint8_t scratch[1], int64_t *size) {
    if (type->id == PLN__BOOL) {
        scratch[0] = pln__bit_get(array->buffers[1], array->offset + row);
        *size = 1;
        return scratch;
    }
    if (pln__type_is_bytes(type->id))
        return pln__array_bytes(type, array, row, size);
    *size = type->width;
    return at(array, row, type->width);
}

bool pln__array_null_at(const struct ArrowSchema *schema, const struct ArrowArray *array,
                        int64_t row) {
    for (int32_t depth = 0; depth <= PLN__NESTING_MAX; depth++) {
        if (schema->format[0] == 'n')
            return true;
        if (schema->format[0] == '+' && schema->format[1] == 'u') {
            int8_t child_of[128];
            pln__union_map(schema, child_of);
            int32_t child =
                child_of[((const uint8_t *)array->buffers[0])[array->offset + row] & 127];
            if (child < 0)
                return true;
            row = pln__offset_at(array->buffers[1], array->offset + row);
            schema = schema->children[child];
            array = array->children[child];
            continue;
        }
        if (!pln__array_valid(array, row))
            return true;
        if (schema->dictionary == NULL || array->dictionary->null_count == 0)
            return false;
        pln__type type;
        if (pln__type_of(schema, &type, NULL) < 0)
            return true;
        row = pln__array_int(&type, array, row);
        schema = schema->dictionary;
        array = array->dictionary;
    }
    return true;
}

int64_t pln__array_null_count(const struct ArrowSchema *schema, const struct ArrowArray *array) {
    bool has_bitmap = strncmp(schema->format, "+u", 2) != 0 && schema->format[0] != 'n';
    if (has_bitmap && (schema->dictionary == NULL || array->dictionary->null_count == 0)) {
        if (array->null_count >= 0)
            return array->null_count;
        const uint8_t *bits = pln__array_validity(array);
        return bits == NULL ? 0
                            : array->length - pln__bits_count(bits, array->offset, array->length);
    }
    if (schema->format[0] == 'n')
        return array->length;
    int64_t n = 0;
    for (int64_t i = 0; i < array->length; i++)
        n += pln__array_null_at(schema, array, i);
    return n;
}

/* ---- rows where a condition holds ---- */

/* Up to 64 bits from bit `at` of bits[0, end), without touching a byte beyond them. */
static uint64_t bits_at(const uint8_t *bits, int64_t at_bit, int64_t end) {
    const uint8_t *from = bits + (at_bit >> 3);
    unsigned shift = (unsigned)(at_bit & 7);
    int64_t n = end - at_bit;
    uint64_t word = 0;
    if (n >= 64) {
        memcpy(&word, from, 8);
        return shift == 0 ? word : word >> shift | (uint64_t)from[8] << (64 - shift);
    }
    int64_t bytes = (n + (int64_t)shift + 7) / 8;
    memcpy(&word, from, (size_t)(bytes < 8 ? bytes : 8));
    word >>= shift;
    if (bytes == 9)
        word |= (uint64_t)from[8] << (64 - shift);
    return n <= 0 ? 0 : word & (~(uint64_t)0 >> (64 - n));
}

static uint64_t true_at(const struct ArrowArray *boolean, const uint8_t *valid, int64_t row) {
    int64_t end = boolean->offset + boolean->length;
    int64_t from = boolean->offset + row;
    uint64_t word = bits_at(boolean->buffers[1], from, end);
    return valid == NULL ? word : word & bits_at(valid, from, end);
}

int64_t pln__rows_where(const struct ArrowArray *boolean, int32_t *rows) {
    const uint8_t *valid = pln__array_validity(boolean);
    int64_t n = 0;
    for (int64_t row = 0; row < boolean->length; row += 64) {
        uint64_t word = true_at(boolean, valid, row);
        int32_t base = (int32_t)row;
        if (word == ~(uint64_t)0) {
            for (int32_t i = 0; i < 64; i++)
                rows[n + i] = base + i;
            n += 64;
            continue;
        }
        for (; word != 0; word &= word - 1)
            rows[n++] = base + __builtin_ctzll(word);
    }
    return n;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2"))) static int64_t
where_avx512(const struct ArrowArray *boolean, int32_t *rows) {
    const uint8_t *valid = pln__array_validity(boolean);
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int64_t n = 0;
    for (int64_t row = 0; row < boolean->length; row += 64) {
        uint64_t word = true_at(boolean, valid, row);
        for (int32_t i = 0; i < 4; i++) {
            __mmask16 mask = (__mmask16)(word >> (16 * i));
            __m512i values = _mm512_add_epi32(lanes, _mm512_set1_epi32((int32_t)row + 16 * i));
            int count = __builtin_popcount(mask);
            /* Compress in the register, then store what counts: the memory form of the instruction is slow on some machines. */
            _mm512_mask_storeu_epi32(rows + n, (__mmask16)((1u << count) - 1),
                                     _mm512_maskz_compress_epi32(mask, values));
            n += count;
        }
    }
    return n;
}
#endif

int64_t pln__rows_where_cpu(const struct ArrowArray *boolean, uint32_t cpu, int32_t *rows) {
#if defined(__x86_64__)
    if ((cpu & PLN__CPU_AVX512) != 0)
        return where_avx512(boolean, rows);
#endif
    (void)cpu;
    return pln__rows_where(boolean, rows);
}
