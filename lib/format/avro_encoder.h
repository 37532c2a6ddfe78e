/*
 * Private to the Avro encoder: a tree of what is written, one node for each type and the column it comes from. Before rows are written it is bound to an
 * array.
 */
#ifndef PLN__AVRO_ENCODER_H
#define PLN__AVRO_ENCODER_H

#include "format/avro.h"
#include "format/avro_bytes.h"

enum {
    AVRO_OUT_NULL = 0, AVRO_OUT_BOOL,
    AVRO_OUT_INT,      /* any integer or time without a change, held against low..high */
    AVRO_OUT_UNIT,     /* a time in another unit */
    AVRO_OUT_FLOAT, AVRO_OUT_DOUBLE,
    AVRO_OUT_BYTES,    /* with its length */
    AVRO_OUT_FIXED, AVRO_OUT_SYMBOL, AVRO_OUT_DECIMAL, AVRO_OUT_DECIMAL_FIXED, AVRO_OUT_DICTIONARY,
    AVRO_OUT_RECORD, AVRO_OUT_ARRAY, AVRO_OUT_MAP, AVRO_OUT_UNION,
    AVRO_OUT_DEFAULT   /* there is no column */
};

typedef struct pln__avro_out {
    int32_t code;
    int32_t null_branch;  /* of the union that the value stands in; -1: there may be no null */
    int32_t value_branch; /* -1: it stands in none */
    int32_t first, n;     /* children, in `links` */
    int32_t path;         /* in names */
    int32_t field;        /* record's child: number of the column's child */
    int32_t unit;         /* AVRO_OUT_UNIT: what is written */
    const pln__avro_type *type;
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    const uint8_t *validity; /* NULL: no nulls */
    pln__type column;
    int64_t low, high;
    pln__map *symbols;       /* AVRO_OUT_SYMBOL */
    pln__buffer fallback;    /* AVRO_OUT_DEFAULT */
    int8_t child_of[128];    /* AVRO_OUT_UNION */
} pln__avro_out;

struct pln__avro_encoder {
    const pln_allocator *mem;
    pln__avro_schema *avro;
    struct ArrowSchema schema;
    pln__avro_out *nodes;
    int64_t n_nodes, nodes_capacity;
    int32_t *links;
    int64_t n_links, links_capacity;
    pln__buffer names;
    int32_t root;
    uint32_t cpu;
    /* Of the call under way. */
    pln__buffer *out;
    pln_error *err;
    int64_t row;
};

/* avro_encode_plan.c: the tree of an encoder that has its schemas. */
pln_status pln__avro_plan_out(pln__avro_encoder *self, pln_error *err);

#endif
