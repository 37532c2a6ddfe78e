/*
 * Private to the Avro decoder: the program that a pair of schemas is compiled to, and what running it keeps.
 *
 * Steps of the program lie flat in writer's order. A step that holds others (a list, a union) is followed by them and ends at `next`. Columns that always have
 * the same number of rows form a frame: the top row's columns with all structs below it, the items of a list, the entries of a map, a variant of a
 * dense union. Rows are counted by frame while decoding; the columns learn of them when the frame is synced.
 */
#ifndef PLN__AVRO_PROGRAM_H
#define PLN__AVRO_PROGRAM_H

#include "format/avro.h"
#include "format/avro_bytes.h"

enum {
    AVRO_END = 0, /* of a row's steps */
    AVRO_BOOL, AVRO_INT, AVRO_LONG, AVRO_FLOAT, AVRO_DOUBLE, AVRO_BYTES, AVRO_STRING, AVRO_ENUM,
    /* [null, X] into a nullable column, by what a null of X is made of: a value of `width` bytes, a bit, an offset, steps. */
    AVRO_OPTION_VALUE, AVRO_OPTION_BIT, AVRO_OPTION_OFFSET, AVRO_OPTION_NESTED,
    AVRO_SKIP_VARINT, AVRO_SKIP_BYTES, AVRO_SKIP_FIXED,
    AVRO_COMMON, /* those before it have code of their own in the inner loop */
    AVRO_FIXED, AVRO_INT_TO_LONG, AVRO_INT_TO_FLOAT, AVRO_INT_TO_DOUBLE, AVRO_LONG_TO_FLOAT,
    AVRO_LONG_TO_DOUBLE, AVRO_FLOAT_TO_DOUBLE, AVRO_DECIMAL, AVRO_DECIMAL_FIXED,
    AVRO_ARRAY, AVRO_MAP, AVRO_FILL, AVRO_BRANCHES, AVRO_VARIANT,
    /* A null for one column. */
    AVRO_NO_VALUE, AVRO_NO_BIT, AVRO_NO_OFFSET, AVRO_NO_STRUCT,
    AVRO_SKIP_TYPE, AVRO_MISFIT, AVRO_CODES
};

/*
 * 64 bytes, so that they are found by a shift. What a step holds follows it and ends with an AVRO_END of its own, but for an option's value, after
 * which things go on.
 */
typedef struct pln__avro_op {
    int16_t code;
    bool no_bytes;       /* list: its items take none */
    int32_t width;       /* of a value in bytes */
    pln__column *column;
    /* Fixed: bytes. Enum: symbols. Branches: number of their table. Option: the null's branch. Variant: its type id. */
    int64_t size;
    /* Enum: the step. Branches, option, skip: the writer's type. Fill: the default. Misfit: its message. */
    const void *data;
    const struct pln__avro_op *after; /* behind this one and all that it holds */
    const struct pln__avro_op *value; /* option: behind the steps of a nested null */
    int32_t frame;       /* list, map, variant: of what it holds */
    int32_t path;        /* in the decoder's names */
    int32_t next, body;  /* after and value, while steps still move */
} pln__avro_op;

typedef struct pln__avro_frame_rows {
    int64_t row, capacity, mark; /* mark: row when the datum began */
    pln__column **columns;
    int64_t n_columns, columns_capacity;
} pln__avro_frame_rows;

enum {
    AVRO_FAULT_CUT = 1,
    AVRO_FAULT_VARINT, AVRO_FAULT_INT, AVRO_FAULT_BOOL, AVRO_FAULT_LENGTH, AVRO_FAULT_TOO_LONG,
    AVRO_FAULT_UTF8, AVRO_FAULT_SYMBOL, AVRO_FAULT_NO_SYMBOL, AVRO_FAULT_BRANCH, AVRO_FAULT_COUNT,
    AVRO_FAULT_ITEMS, AVRO_FAULT_NESTING, AVRO_FAULT_DIGITS, AVRO_FAULT_NO_DECIMAL,
    AVRO_FAULT_MISFIT, AVRO_FAULT_BLOCK
};

/* Bytes that are read and what of them was wrong: all that skipping needs. */
typedef struct pln__avro_cursor {
    const uint8_t *end;
    int64_t value_max, items_left;
    int32_t nesting_max;
    const uint8_t *widths; /* of the writer's types by index: AVRO_WIDTH_* */
    /* The fault, and where. */
    int32_t fault;
    int64_t number;
    const void *detail;
    const uint8_t *at;
} pln__avro_cursor;
enum { AVRO_WIDTH_UNKNOWN = 0, AVRO_WIDTH_SOME, AVRO_WIDTH_NONE };

struct pln__avro_decoder {
    const pln_allocator *mem;
    pln__avro_limits limits;
    pln__avro_resolution *resolution;
    struct ArrowSchema schema;
    pln__column root;
    pln__avro_op *ops;
    int64_t n_ops, ops_capacity;
    pln__avro_frame_rows *frames;
    int64_t n_frames, frames_capacity;
    pln__column **dictionaries; /* with all symbols of the enums they are for */
    const pln__avro_type **enums;
    int64_t n_enums, enums_capacity, enum_types_capacity;
    int32_t **tables; /* of branches: where each begins */
    int32_t *table_sizes;
    int64_t n_tables, tables_capacity, table_sizes_capacity;
    pln__buffer names;
    uint8_t *widths;
    int64_t n_widths;
    bool top_no_bytes;
    bool filled; /* the dictionaries are */
    uint32_t cpu;
    /* Of the call under way. */
    pln__avro_cursor in;
    const pln__avro_op *fault_op;
    const uint8_t *datum; /* where the one under way begins */
    pln_status failed; /* memory, or a column that is full */
    pln_error *err;
    int32_t short_most; /* the greatest first byte of a length that needs no second look: twice SHORT, 0 where the limit is lower */
};

/* avro_compile.c: columns, program and frames of a decoder that has its resolution and schema. */
pln_status pln__avro_compile(pln__avro_decoder *self, int32_t n_writer, int32_t n_reader,
                             pln_error *err);
/* The limits with their defaults. */
pln__avro_limits pln__avro_limits_of(const pln__avro_limits *limits);
/* avro_skip.c: behind a value of the writer's type, or NULL and a fault. */
const uint8_t *pln__avro_skip_value(pln__avro_cursor *in, const pln__avro_type *type,
                                    const uint8_t *p, int32_t depth);
/* Whether values of it take no bytes at all; fills `widths`. */
bool pln__avro_takes_no_bytes(const pln__avro_type *type, uint8_t *widths, int32_t depth);
/* "text is not UTF-8: 'a\xff'": the fault in words. */
void pln__avro_fault_text(const pln__avro_cursor *in, pln__text *out);

/* Where a recursive walk is: "a.b[]", the outermost names where there are too many. */
typedef struct pln__avro_place {
    const char *name;
    const struct pln__avro_place *up;
} pln__avro_place;
#define PLN__AVRO_PLACE_SIZE 200
void pln__avro_place_text(const pln__avro_place *at, char out[PLN__AVRO_PLACE_SIZE]);

static inline const uint8_t *pln__avro_fault(pln__avro_cursor *in, int32_t fault, const uint8_t *at,
                                             int64_t number) {
    /* A number that the end cuts looks long, for what follows is no part of it. */
    bool cut = (fault == AVRO_FAULT_VARINT || fault == AVRO_FAULT_INT) && in->end - at < 10;
    for (const uint8_t *p = at; cut && p < in->end; p++)
        cut = *p >= 0x80;
    in->fault = cut ? AVRO_FAULT_CUT : fault;
    in->at = at;
    in->number = number;
    return NULL;
}

/* A length and that many bytes are there: behind the length, or NULL and a fault. */
static inline const uint8_t *pln__avro_length(pln__avro_cursor *in, const uint8_t *p,
                                              int64_t *out) {
    uint64_t value;
    const uint8_t *next = pln__avro_varint_short(p, &value);
    if (PLN__UNLIKELY(next == NULL))
        return pln__avro_fault(in, AVRO_FAULT_VARINT, p, 0);
    if (PLN__UNLIKELY(next > in->end))
        return pln__avro_fault(in, AVRO_FAULT_CUT, p, 0);
    int64_t size = pln__avro_unzigzag(value);
    if (PLN__UNLIKELY((uint64_t)size > (uint64_t)(in->end - next)))
        return pln__avro_fault(in, AVRO_FAULT_LENGTH, p, size);
    if (PLN__UNLIKELY(size > in->value_max))
        return pln__avro_fault(in, AVRO_FAULT_TOO_LONG, p, size);
    *out = size;
    return next;
}

/*
 * The head of a block of an array or map: how many items and, where the writer gave it, in how many bytes (else -1). 0 items end the value. Items without bytes are
 * charged to the datum; others cannot be more than bytes are left.
 */
const uint8_t *pln__avro_block(pln__avro_cursor *in, const uint8_t *p, bool no_bytes,
                               int64_t *count, int64_t *size);

#endif
