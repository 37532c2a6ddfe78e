/* Values of a block, widened. One pair of loops for each type, of rows side by side and of rows by index. */
#include "window/aggregate_internal.h"

#define LOADER(name, from, to, convert)                                                            \
    static const void *name(const struct ArrowArray *values, int64_t first, const int32_t *index,  \
                            int64_t n, void *room) {                                               \
        const from *data = (const from *)values->buffers[1] + values->offset;                      \
        to *out = room;                                                                            \
        if (index == NULL)                                                                         \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = convert(data[first + i]);                                                 \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i] = convert(data[index[i]]);                                                  \
        return room;                                                                               \
    }

LOADER(load_i8, int8_t, int64_t, )
LOADER(load_i16, int16_t, int64_t, )
LOADER(load_i32, int32_t, int64_t, )
LOADER(load_u8, uint8_t, int64_t, )
LOADER(load_u16, uint16_t, int64_t, )
LOADER(load_u32, uint32_t, int64_t, )
LOADER(load_f32, float, double, (double))

/* Of 8 bytes: where they lie, if they lie side by side. */
static const void *load_64(const struct ArrowArray *values, int64_t first, const int32_t *index,
                           int64_t n, void *room) {
    const uint64_t *data = (const uint64_t *)values->buffers[1] + values->offset;
    uint64_t *out = room;
    if (index == NULL)
        return data + first;
    for (int64_t i = 0; i < n; i++)
        out[i] = data[index[i]];
    return room;
}

/* To halves, the low one first on every machine. */
static const void *load_128(const struct ArrowArray *values, int64_t first, const int32_t *index,
                            int64_t n, void *room) {
    const uint8_t *data = (const uint8_t *)values->buffers[1] + values->offset * 16;
    uint64_t *out = room;
    for (int64_t i = 0; i < n; i++) {
        pln__int128 value =
            pln__load_decimal128(data + (index == NULL ? first + i : index[i]) * 16);
        out[2 * i] = (uint64_t)value;
        out[2 * i + 1] = (uint64_t)((pln__uint128)value >> 64);
    }
    return room;
}

static const void *load_bool(const struct ArrowArray *values, int64_t first, const int32_t *index,
                             int64_t n, void *room) {
    const uint8_t *bits = values->buffers[1];
    int64_t *out = room;
    for (int64_t i = 0; i < n; i++)
        out[i] = pln__bit_get(bits, values->offset + (index == NULL ? first + i : index[i]));
    return room;
}

/*
 * Floats have the order of their bits as sign and magnitude; as two's complement once the magnitude of negative ones is turned round. Every NaN becomes the one behind infinity.
 */
static inline int64_t key_of_bits(uint64_t bits) {
    bits = (bits << 1) > (uint64_t)0x7ff0000000000000 << 1 ? 0x7ff8000000000000 : bits;
    return (int64_t)(bits ^ (0 - (bits >> 63)) >> 1);
}
static inline int64_t key_of_float(float value) {
    double wide = (double)value;
    uint64_t bits;
    memcpy(&bits, &wide, 8);
    return key_of_bits(bits);
}
static inline int64_t key_of_unsigned(uint64_t value) {
    return (int64_t)(value ^ (uint64_t)1 << 63);
}
LOADER(key_f32, float, int64_t, key_of_float)
LOADER(key_f64, uint64_t, int64_t, key_of_bits)
LOADER(key_u64, uint64_t, int64_t, key_of_unsigned)

/* -0.0 is 0.0, and there is one NaN. */
static inline uint64_t word_of_double(double value) {
    uint64_t bits;
    value = value == 0 ? 0.0 : value;
    memcpy(&bits, &value, 8);
    return value != value ? 0x7ff8000000000000 : bits;
}
static inline uint64_t word_of_float(float value) {
    return word_of_double((double)value);
}
LOADER(equal_f32, float, uint64_t, word_of_float)
LOADER(equal_f64, double, uint64_t, word_of_double)

pln__agg_load *pln__agg_load_values(int32_t type) {
    switch (type) {
    case PLN__BOOL: return load_bool;
    case PLN__INT8: return load_i8;
    case PLN__INT16: return load_i16;
    case PLN__INT32:
    case PLN__DATE32:
    case PLN__TIME32: return load_i32;
    case PLN__UINT8: return load_u8;
    case PLN__UINT16: return load_u16;
    case PLN__UINT32: return load_u32;
    case PLN__FLOAT32: return load_f32;
    case PLN__INT64:
    case PLN__UINT64:
    case PLN__FLOAT64:
    case PLN__TIME64:
    case PLN__TIMESTAMP: return load_64;
    case PLN__DECIMAL128: return load_128;
    default: return NULL;
    }
}

pln__agg_load *pln__agg_load_keys(int32_t type) {
    switch (type) {
    case PLN__UINT64: return key_u64;
    case PLN__FLOAT32: return key_f32;
    case PLN__FLOAT64: return key_f64;
    default: return pln__agg_load_values(type);
    }
}

pln__agg_load *pln__agg_load_equal(int32_t type) {
    switch (type) {
    case PLN__FLOAT32: return equal_f32;
    case PLN__FLOAT64: return equal_f64;
    default: return pln__agg_load_values(type);
    }
}

pln__agg_load *pln__agg_load_bits(const pln__type *type) {
    if (pln__agg_load_values(type->id) == NULL)
        return NULL;
    if (type->id == PLN__BOOL)
        return load_bool;
    switch (type->width) {
    case 1: return load_u8;
    case 2: return load_u16;
    case 4: return load_u32;
    case 8: return load_64;
    default: return load_128;
    }
}

uint64_t pln__agg_bits_of_key(int32_t type, int64_t key) {
    uint64_t bits = (uint64_t)key;
    if (type == PLN__UINT64)
        return bits ^ (uint64_t)1 << 63;
    if (type != PLN__FLOAT32 && type != PLN__FLOAT64)
        return bits;
    bits ^= (0 - (bits >> 63)) >> 1;
    if (type == PLN__FLOAT64)
        return bits;
    double wide;
    memcpy(&wide, &bits, 8);
    float value = (float)wide;
    uint32_t narrow;
    memcpy(&narrow, &value, 4);
    return narrow;
}
