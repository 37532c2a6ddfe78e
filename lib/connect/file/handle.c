#include "connect/file/parts.h"

/*
 * Bytes of a handle, little-endian: "PLNF" | version u32 | flags u32 | size of temp u32 | size of target u32 | 0 u32 | length i64 |
 * inode u64 | temp | target | hash of all before u64.
 */
enum { VERSION = 1, FIXED = 24 + 16, HASH = 8, NAME_BYTES_MAX = 7 * 1024 };

static void put(uint8_t *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

pln_status pln__file_handle_encode(const pln_allocator *mem, const pln__file_handle *handle,
                                   pln__buffer *out, pln_error *err) {
    int64_t temp = handle->temp == NULL ? 0 : (int64_t)strlen(handle->temp);
    int64_t target = (int64_t)strlen(handle->target);
    if (temp > NAME_BYTES_MAX || target > NAME_BYTES_MAX)
        return pln__error_set(err, PLN_ELIMIT, "path '%.64s': it has more than %d bytes",
                              handle->target, NAME_BYTES_MAX);
    int64_t size = FIXED + temp + target;
    pln_status status = pln__buffer_reserve(mem, out, size + HASH, err);
    if (status < 0)
        return status;
    uint8_t *at = out->data + out->size;
    memcpy(at, "PLNF", 4);
    put(at + 4, VERSION, 4);
    put(at + 8, handle->flags, 4);
    put(at + 12, (uint64_t)temp, 4);
    put(at + 16, (uint64_t)target, 4);
    put(at + 20, 0, 4);
    put(at + 24, (uint64_t)handle->length, 8);
    put(at + 32, handle->inode, 8);
    if (temp > 0)
        memcpy(at + FIXED, handle->temp, (size_t)temp);
    memcpy(at + FIXED + temp, handle->target, (size_t)target);
    put(at + size, pln__hash64(at, size, 0), 8);
    out->size += size + HASH;
    return PLN_OK;
}

static bool is_sound(const uint8_t *at, int64_t size, int64_t *temp, int64_t *target) {
    if (at == NULL || size < FIXED + HASH || memcmp(at, "PLNF", 4) != 0 ||
        get(at + 4, 4) != VERSION)
        return false;
    *temp = (int64_t)get(at + 12, 4);
    *target = (int64_t)get(at + 16, 4);
    return size == FIXED + *temp + *target + HASH && *target > 0 && (int64_t)get(at + 24, 8) >= 0 &&
           memchr(at + FIXED, '\0', (size_t)(*temp + *target)) == NULL &&
           get(at + size - HASH, 8) == pln__hash64(at, size - HASH, 0);
}

pln_status pln__file_handle_decode(const pln_allocator *mem, const void *bytes, int64_t size,
                                   pln__file_handle *out, pln_error *err) {
    const uint8_t *at = bytes;
    int64_t temp = 0, target = 0;
    *out = (pln__file_handle){0};
    if (!is_sound(at, size, &temp, &target))
        return pln__error_set(err, PLN_EDATALOSS,
                              "prepared file: the handle of %lld bytes is not one of this sink",
                              (long long)size);
    out->flags = (uint32_t)get(at + 8, 4);
    out->length = (int64_t)get(at + 24, 8);
    out->inode = get(at + 32, 8);
    out->target = pln__strndup(mem, (const char *)at + FIXED + temp, target);
    if (temp > 0)
        out->temp = pln__strndup(mem, (const char *)at + FIXED, temp);
    if (out->target == NULL || (temp > 0 && out->temp == NULL)) {
        pln__file_handle_free(mem, out);
        return pln__error_memory(err, (uint64_t)size);
    }
    return PLN_OK;
}

void pln__file_handle_free(const pln_allocator *mem, pln__file_handle *handle) {
    pln__strfree(mem, handle->temp);
    pln__strfree(mem, handle->target);
    *handle = (pln__file_handle){0};
}
