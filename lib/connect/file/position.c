#include "connect/file/parts.h"

/*
 * Saved bytes, little-endian: 'F', version, done, 0 | group i64 | offset i64 | line i64 | within i64 | size of the file i64 |
 * header size i64 | header | hash of all before. The file's name is the key of the piece.
 */
enum { VERSION = 1, FIXED = 4 + 6 * 8, HASH = 8 };

void pln__position_free(const pln_allocator *mem, pln__position *position) {
    pln__strfree(mem, position->file);
    pln__free(mem, position->header, (uint64_t)position->header_size);
    *position = (pln__position){0};
}

static void put(uint8_t *at, uint64_t value) {
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

pln_status pln__position_encode(const pln_allocator *mem, const pln__position *position,
                                pln__buffer *out, pln_error *err) {
    const int64_t numbers[] = {position->group,  position->offset,     position->line,
                               position->within, position->size_bytes, position->header_size};
    pln_status status = pln__buffer_reserve(mem, out, FIXED + position->header_size + HASH, err);
    if (status < 0)
        return status;
    uint8_t *at = out->data + out->size;
    at[0] = 'F';
    at[1] = VERSION;
    at[2] = position->done;
    at[3] = 0;
    for (int i = 0; i < PLN__COUNT(numbers); i++)
        put(at + 4 + 8 * i, (uint64_t)numbers[i]);
    if (position->header_size > 0)
        memcpy(at + FIXED, position->header, (size_t)position->header_size);
    put(at + FIXED + position->header_size, pln__hash64(at, FIXED + position->header_size, 0));
    out->size += FIXED + position->header_size + HASH;
    return PLN_OK;
}

pln_status pln__position_decode(const pln_allocator *mem, const pln_piece *piece,
                                pln__position *out, pln_error *err) {
    const uint8_t *at = piece->bytes;
    int64_t numbers[6];
    *out = (pln__position){0};
    if (piece->size < FIXED + HASH || at[0] != 'F' || at[1] != VERSION || at[2] > 1 ||
        get(at + piece->size - HASH) != pln__hash64(at, piece->size - HASH, 0))
        return pln__error_set(err, PLN_ECORRUPT, "saved position of file '%s': it is damaged",
                              piece->key);
    for (int i = 0; i < PLN__COUNT(numbers); i++) {
        numbers[i] = (int64_t)get(at + 4 + 8 * i);
        if (numbers[i] < 0)
            return pln__error_set(err, PLN_ECORRUPT,
                                  "saved position of file '%s': a number is negative", piece->key);
    }
    if (numbers[5] != piece->size - FIXED - HASH)
        return pln__error_set(err, PLN_ECORRUPT,
                              "saved position of file '%s': its header has %lld bytes", piece->key,
                              (long long)numbers[5]);
    *out = (pln__position){
        .set = true,
        .done = at[2] == 1,
        .group = numbers[0],
        .offset = numbers[1],
        .line = numbers[2],
        .within = numbers[3],
        .size_bytes = numbers[4],
    };
    out->file = pln__strdup(mem, piece->key);
    if (numbers[5] > 0)
        out->header = pln__alloc(mem, (uint64_t)numbers[5]);
    if (out->file == NULL || (numbers[5] > 0 && out->header == NULL)) {
        pln__position_free(mem, out);
        return pln__error_memory(err, (uint64_t)piece->size);
    }
    out->header_size = numbers[5];
    if (numbers[5] > 0)
        memcpy(out->header, at + FIXED, (size_t)numbers[5]);
    return PLN_OK;
}
