/*
 * Private to NDJSON: writing. A tree like the schema says how values become text; before rows are written it is bound to an
 * array.
 */
#ifndef PLN__JSON_WRITE_H
#define PLN__JSON_WRITE_H

#include "format/format.h"
#include "format/json_plan.h"

typedef struct pln__json_out pln__json_out;
struct pln__json_out {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    pln__type type;
    bool any;         /* utf8 whose values are JSON already */
    bool plain_null;  /* union variant that is written as null, without its name */
    char *key;        /* "\"name\":" */
    int64_t key_size;
    pln__json_out *parent;
    pln__json_out *children;
    int64_t n_children;
    pln__json_out *dictionary;
    int8_t child_of[128]; /* union: child by type id */
};

struct pln__encoder {
    const pln_allocator *mem;
    pln__json_dialect dialect;
    bool lenient; /* what cannot be written is written as near as can be, instead of failing */
    uint32_t cpu;
    pln__json_out *nodes; /* [0] is the row */
    int64_t n_nodes;
    int64_t used_nodes;
    pln__json_keys keys;
    pln__buffer text;
    pln__buffer *out;
    pln_error *err;
    int64_t row; /* under way, for messages */
};

/* json_write.c: one value to self->out. */
pln_status pln__json_write(pln__encoder *self, const pln__json_out *node, int64_t row);
/* json_write_scalar.c: one that is neither null nor nested. */
pln_status pln__json_write_scalar(pln__encoder *self, const pln__json_out *node, int64_t row);
/* A string with its quotes. Bytes that are no UTF-8 fail, or become U+FFFD where lenient. */
pln_status pln__json_write_text(pln__encoder *self, const pln__json_out *node, const uint8_t *text,
                                int64_t size);
pln_status pln__json_unwritable(pln__encoder *self, const pln__json_out *node, const char *why);
static inline pln_status pln__json_put(pln__encoder *self, const void *bytes, int64_t size) {
    pln__buffer *out = self->out;
    if (PLN__UNLIKELY(size > out->capacity - out->size || size == 0))
        return pln__buffer_append(self->mem, out, bytes, size, self->err);
    memcpy(out->data + out->size, bytes, (size_t)size);
    out->size += size;
    return PLN_OK;
}

#endif
