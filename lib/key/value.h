/*
 * One flat value as bytes. Inlined into the kernels with the type known, and into the walk over nested values with it not known. All numbers are
 * little-endian whatever the machine is.
 */
#ifndef PLN__KEY_VALUE_H
#define PLN__KEY_VALUE_H

#include "base/little.h"
#include "key/internal.h"

#if defined(__GNUC__)
#define PLN__KEY_INLINE static inline __attribute__((always_inline))
#else
#define PLN__KEY_INLINE static inline
#endif

PLN__KEY_INLINE uint8_t *pln__key_put_32(uint8_t *to, uint32_t value) {
    pln__store_le32(to, value);
    return to + 4;
}

PLN__KEY_INLINE uint8_t *pln__key_put_64(uint8_t *to, uint64_t value) {
    pln__store_le64(to, value);
    return to + 8;
}

PLN__KEY_INLINE uint8_t *pln__key_put_int(uint8_t *to, int64_t value) {
    *to = (uint8_t)(PLN__KEY_UNSIGNED + (value < 0));
    return pln__key_put_64(to + 1, (uint64_t)value);
}

PLN__KEY_INLINE uint8_t *pln__key_put_unsigned(uint8_t *to, uint64_t value) {
    *to = PLN__KEY_UNSIGNED;
    return pln__key_put_64(to + 1, value);
}

PLN__KEY_INLINE uint8_t *pln__key_put_double(uint8_t *to, double value) {
    uint64_t bits;
    value = value == 0 ? 0 : value; /* of -0 too */
    memcpy(&bits, &value, 8);
    *to = PLN__KEY_FLOAT;
    return pln__key_put_64(to + 1, value != value ? 0x7ff8000000000000u : bits);
}

PLN__KEY_INLINE uint8_t *pln__key_put_date(uint8_t *to, int32_t days) {
    *to = PLN__KEY_DATE;
    return pln__key_put_32(to + 1, (uint32_t)days);
}

/* Seconds rounded down, and the nanoseconds beyond them: no unit can overflow. */
PLN__KEY_INLINE uint8_t *pln__key_put_time(uint8_t *to, uint8_t tag, int64_t value, int32_t unit) {
    int64_t rest = 0, seconds = value;
    switch (unit) { /* divisions by constants are multiplications */
    case PLN__SECOND: break;
    case PLN__MILLI:
        seconds = pln__floor_div(value, 1000, &rest);
        rest *= 1000000;
        break;
    case PLN__MICRO:
        seconds = pln__floor_div(value, 1000000, &rest);
        rest *= 1000;
        break;
    default: seconds = pln__floor_div(value, 1000000000, &rest);
    }
    *to = tag;
    to = pln__key_put_64(to + 1, (uint64_t)seconds);
    return pln__key_put_32(to, (uint32_t)rest);
}

PLN__KEY_INLINE uint8_t *pln__key_put_decimal(uint8_t *to, pln__int128 value, int32_t scale) {
    if (value == 0)
        scale = 0;
    while (value != 0 && (pln__int128)(int64_t)value != value && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    if ((pln__int128)(int64_t)value == value && value != 0) {
        int64_t small = (int64_t)value;
        for (; small % 10 == 0; small /= 10)
            scale--;
        value = small;
    }
    *to = PLN__KEY_DECIMAL;
    to[1] = (uint8_t)(int8_t)scale;
    to = pln__key_put_64(to + 2, (uint64_t)value);
    return pln__key_put_64(to, (uint64_t)((pln__uint128)value >> 64));
}

/* `end` is where the bytes that may be read end; `to` has PLN__KEY_SLACK bytes more than the value needs. */
PLN__KEY_INLINE uint8_t *pln__key_put_bytes(uint8_t *to, uint8_t tag, const uint8_t *bytes,
                                            int64_t size, const uint8_t *end) {
    *to = tag;
    to = pln__key_put_32(to + 1, (uint32_t)size);
    if (PLN__LIKELY(size <= 32 && end - bytes >= 32)) {
        memcpy(to, bytes, 32);
    } else if (size > 0) {
        memcpy(to, bytes, (size_t)size);
    }
    return to + size;
}

#define PLN__KEY_LOAD(name, type)                                                                  \
    PLN__KEY_INLINE type pln__key_##name(const pln__key_node *node, int64_t row) {                 \
        type value;                                                                                \
        memcpy(&value, node->data + (node->offset + row) * (int64_t)sizeof value, sizeof value);   \
        return value;                                                                              \
    }
PLN__KEY_LOAD(i8, int8_t)
PLN__KEY_LOAD(i16, int16_t)
PLN__KEY_LOAD(i32, int32_t)
PLN__KEY_LOAD(i64, int64_t)
PLN__KEY_LOAD(u8, uint8_t)
PLN__KEY_LOAD(u16, uint16_t)
PLN__KEY_LOAD(u32, uint32_t)
PLN__KEY_LOAD(u64, uint64_t)
PLN__KEY_LOAD(f32, float)
PLN__KEY_LOAD(f64, double)
PLN__KEY_LOAD(d128, pln__int128)

PLN__KEY_INLINE int64_t pln__key_text_size(const pln__key_node *node, int64_t row) {
    const pln__key_offset *at = node->offsets + node->offset + row;
    return (int64_t)at[1] - at[0];
}

/* A value that is not null, of a type that is not nested; `id` is its type. */
PLN__KEY_INLINE uint8_t *pln__key_put_flat(const pln__key_node *node, int32_t id, int64_t row,
                                           uint8_t *to) {
    switch (id) {
    case PLN__BOOL:
        *to = (uint8_t)(PLN__KEY_FALSE + pln__bit_get(node->data, node->offset + row));
        return to + 1;
    case PLN__INT8: return pln__key_put_int(to, pln__key_i8(node, row));
    case PLN__INT16: return pln__key_put_int(to, pln__key_i16(node, row));
    case PLN__INT32: return pln__key_put_int(to, pln__key_i32(node, row));
    case PLN__INT64: return pln__key_put_int(to, pln__key_i64(node, row));
    case PLN__UINT8: return pln__key_put_unsigned(to, pln__key_u8(node, row));
    case PLN__UINT16: return pln__key_put_unsigned(to, pln__key_u16(node, row));
    case PLN__UINT32: return pln__key_put_unsigned(to, pln__key_u32(node, row));
    case PLN__UINT64: return pln__key_put_unsigned(to, pln__key_u64(node, row));
    case PLN__FLOAT32: return pln__key_put_double(to, (double)pln__key_f32(node, row));
    case PLN__FLOAT64: return pln__key_put_double(to, pln__key_f64(node, row));
    case PLN__UTF8:
    case PLN__BINARY:
        return pln__key_put_bytes(to, node->tag, node->data + node->offsets[node->offset + row],
                                  pln__key_text_size(node, row), node->end);
    case PLN__FIXED:
        return pln__key_put_bytes(to, node->tag,
                                  node->data + (node->offset + row) * node->type.width,
                                  node->type.width, node->end);
    case PLN__DECIMAL128:
        return pln__key_put_decimal(to, pln__key_d128(node, row), node->type.scale);
    case PLN__DATE32: return pln__key_put_date(to, pln__key_i32(node, row));
    case PLN__TIME32:
        return pln__key_put_time(to, node->tag, pln__key_i32(node, row), node->type.unit);
    case PLN__TIME64:
    case PLN__TIMESTAMP:
        return pln__key_put_time(to, node->tag, pln__key_i64(node, row), node->type.unit);
    default: *to = PLN__KEY_NULL; return to + 1;
    }
}

PLN__KEY_INLINE bool pln__key_is_null(const pln__key_node *node, int64_t row) {
    return node->validity != NULL && !pln__bit_get(node->validity, node->offset + row);
}

#endif
