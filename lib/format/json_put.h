/*
 * Private to NDJSON: one value to the end of a column.
 */
#ifndef PLN__JSON_PUT_H
#define PLN__JSON_PUT_H

#include "format/json_plan.h"

/* Room for one more value, and `bytes` of it where it is bytes. False: the failure is set. */
static inline bool pln__json_room(pln__decoder *self, pln__column *c, int64_t bytes) {
    if (PLN__LIKELY(c->length < c->reserved_rows && bytes <= c->data.capacity - c->data.size))
        return true;
    int64_t rows = c->length < 64 ? 64 : c->length;
    pln_status status =
        pln__column_reserve(c, c->length < c->reserved_rows ? 1 : rows, bytes, self->err);
    if (status < 0)
        (void)pln__json_stop(self, status);
    return status >= 0;
}

/* The value that has been written at c->length is there. (Bits of rows to come are ones already.) */
static inline void pln__json_there(pln__column *c) {
    c->length++;
}

/* Eight bytes whatever the width: those behind are of rows to come, or padding. */
static inline void pln__json_store(pln__column *c, int64_t row, int64_t value) {
    memcpy(c->data.data + row * c->type.width, &value, 8);
}

static inline bool pln__json_put_int(pln__decoder *self, pln__column *c, int64_t value) {
    if (!pln__json_room(self, c, 0))
        return false;
    pln__json_store(c, c->length, value);
    pln__json_there(c);
    return true;
}

static inline bool pln__json_put_fixed(pln__decoder *self, pln__column *c, const void *value) {
    if (!pln__json_room(self, c, 0))
        return false;
    if (c->type.width > 0)
        memcpy(c->data.data + c->length * c->type.width, value, (size_t)c->type.width);
    pln__json_there(c);
    return true;
}

static inline bool pln__json_put_bool(pln__decoder *self, pln__column *c, bool value) {
    if (!pln__json_room(self, c, 0))
        return false;
    pln__bit_put(c->data.data, c->length, value);
    pln__json_there(c);
    return true;
}

static inline void pln__json_put_end(pln__column *c, int64_t end) {
    memcpy(c->offsets.data + (c->length + 1) * 4, &(int32_t){(int32_t)end}, 4);
    pln__json_there(c);
}

/* utf8 and binary. The sum is bounded: a column's bytes are never more than the block's, and a block is less than 2 GiB. */
static inline bool pln__json_put_bytes(pln__decoder *self, pln__column *c, const void *bytes,
                                       int64_t size) {
    if (!pln__json_room(self, c, size))
        return false;
    if (size > 0)
        memcpy(c->data.data + c->data.size, bytes, (size_t)size);
    c->data.size += size;
    pln__json_put_end(c, c->data.size);
    return true;
}

#endif
