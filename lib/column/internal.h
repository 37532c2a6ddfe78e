/*
 * What the files of room column share with each other and with nobody else.
 */
#ifndef PLN__COLUMN_INTERNAL_H
#define PLN__COLUMN_INTERNAL_H

#include "column/column.h"

/* "orders.lines[].price": where in a nested column something is; cut silently where it does not fit. */
#define PLN__PATH_SIZE 192
typedef struct pln__path {
    char text[PLN__PATH_SIZE];
    int32_t size;
} pln__path;
/* Returns what to hand to pln__path_pop. A NULL or empty name adds nothing. */
int32_t pln__path_push(pln__path *path, const char *name);
/* One level down from `parent`, to its child `index`: list items are "[]", a map's are "{}.key" and "{}.value". */
int32_t pln__path_child(pln__path *path, const struct ArrowSchema *parent, int64_t index);
static inline void pln__path_pop(pln__path *path, int32_t size) {
    path->size = size;
    path->text[size] = '\0';
}

/* child_of[id] is the index of the child with that type id, or -1. The format has been checked before. */
void pln__union_map(const struct ArrowSchema *schema, int8_t child_of[128]);
/* The type id of child `index`. */
int8_t pln__union_id(const struct ArrowSchema *schema, int64_t index);
/* The child that stands for null in a union: the first nullable one, else the first. */
int32_t pln__union_null_child(const struct ArrowSchema *schema);

/* The same buffers, other rows; borrowed, never to be released. */
static inline struct ArrowArray pln__array_view(const struct ArrowArray *array, int64_t offset,
                                                int64_t length) {
    struct ArrowArray view = *array;
    view.offset += offset;
    view.length = length;
    if (view.null_count != 0 && length != array->length)
        view.null_count = -1;
    view.release = NULL;
    view.private_data = NULL;
    return view;
}
/* Child of a struct as rows of the struct. */
static inline struct ArrowArray pln__array_field(const struct ArrowArray *array, int64_t child) {
    return pln__array_view(array->children[child], array->offset, array->length);
}

static inline int32_t pln__offset_at(const void *offsets, int64_t i) {
    int32_t value;
    memcpy(&value, (const uint8_t *)offsets + (uint64_t)i * 4, 4);
    return value;
}

/* A kernel's result while it grows: three buffers at most, and children it has allocated. */
typedef struct pln__draft {
    const pln_allocator *mem;
    pln__array_parts parts;
    pln__buffer buffers[3];
    struct ArrowArray dictionary;
    int64_t children_bytes;
} pln__draft;
void pln__draft_init(pln__draft *draft, const pln_allocator *mem, int64_t length,
                     int32_t n_buffers);
pln_status pln__draft_children(pln__draft *draft, int64_t n, pln_error *err);
pln_status pln__draft_finish(pln__draft *draft, struct ArrowArray *out, pln_error *err);
void pln__draft_free(pln__draft *draft);

/* `size` bytes, zeroed if asked for; data stays NULL for 0. */
pln_status pln__buffer_sized(const pln_allocator *mem, pln__buffer *buffer, int64_t size, bool zero,
                             pln_error *err);
/* Another handle if the array is ours, else a copy. */
pln_status pln__array_keep(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const struct ArrowArray *array, struct ArrowArray *out, pln_error *err);
/*
 * What a foreign array must pass: PLN__VALIDATE_DEFAULT, and offsets into text and bytes that ascend. Their last one alone says
 * how large the bytes are, and a slice does not have it any more: after this no slice reads beyond them.
 */
pln_status pln__array_admit(const struct ArrowSchema *schema, const struct ArrowArray *array,
                            pln_error *err);
/* After adoption and validation: null counts known, buffers aligned for their type. `array` is ours and nobody else's yet. */
pln_status pln__array_normalize(const struct ArrowSchema *schema, struct ArrowArray *array,
                                pln_error *err);
/* Stands for a buffer of nothing, and for the one offset of no rows. */
extern const uint8_t pln__no_bytes[PLN__ALIGN];
/* Memory that lives as long as the array's own buffers do. */
uint8_t *pln__array_attach(struct ArrowArray *array, int64_t size);
/* The bytes of row i of a flat column as key for a dictionary. */
const uint8_t *pln__flat_bytes(const pln__type *type, const struct ArrowArray *array, int64_t row,
                               uint8_t scratch[1], int64_t *size);
/* The bytes of one flat value, as they lie in a data buffer (bool: one byte), at the end of a column that is no dictionary. */
pln_status pln__column_append_flat(pln__column *column, const void *bytes, int64_t size,
                                   pln_error *err);
/* One row more of a column with offsets, which ends at `end` of its bytes or items. */
pln_status pln__column_end_row(pln__column *column, int64_t end, pln_error *err);
int pln__row_compare(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                     const struct ArrowArray *b, int64_t j, int32_t depth);
static inline bool pln__type_is_flat(int32_t id) {
    return id > PLN__NULL && id <= PLN__TIMESTAMP;
}

#endif
