/*
 * What the files of room key share with each other and with nobody else.
 */
#ifndef PLN__KEY_INTERNAL_H
#define PLN__KEY_INTERNAL_H

#include "base/digest.h"
#include "key/key.h"

/* The first byte of each value. Values of one tag are one class; what is drawn in pln-keys(7) never changes. */
enum {
    PLN__KEY_NULL = 0x00,
    PLN__KEY_FALSE = 0x01,
    PLN__KEY_TRUE = 0x02,
    PLN__KEY_UNSIGNED = 0x03, /* an integer from 0 */
    PLN__KEY_NEGATIVE = 0x04, /* an integer below 0 */
    PLN__KEY_DECIMAL = 0x05,
    PLN__KEY_FLOAT = 0x06,
    PLN__KEY_TEXT = 0x07,
    PLN__KEY_BYTES = 0x08,
    PLN__KEY_DATE = 0x09,
    PLN__KEY_TIME = 0x0a,
    PLN__KEY_INSTANT = 0x0b, /* a timestamp with a zone */
    PLN__KEY_LOCAL = 0x0c,   /* a timestamp without one */
    /* 0x0d and 0x0e are kept for durations and intervals, which no column has yet. */
    PLN__KEY_LIST = 0x0f,
    PLN__KEY_STRUCT = 0x10,
    PLN__KEY_MAP = 0x11
};

/* A program's own arrays may lie anywhere. */
typedef int32_t pln__key_offset __attribute__((aligned(1)));

/*
 * A type of the schema, and the array of the batch at hand that it reads. Children stand together in the plan: the fields of a struct in the
 * order of their names, the key and the value of a map, the values of a dictionary.
 */
typedef struct pln__key_node {
    pln__type type;
    uint8_t tag;        /* of values that have one tag */
    int8_t type_id;     /* as branch of a union */
    int32_t value_size; /* with the tag; 0 where values differ in size */
    int64_t index;      /* among the children of the parent */
    const char *name;   /* as field of a struct */
    int64_t name_size;
    struct pln__key_node *children;
    int64_t n_children;

    const uint8_t *validity; /* NULL: no nulls */
    const uint8_t *data;     /* values, bits, type ids */
    const pln__key_offset *offsets;
    const uint8_t *end; /* behind the bytes of text that may be read */
    int64_t offset;
    int64_t length;
} pln__key_node;

/* A struct on the way to a field: a field of a null is null. */
typedef struct pln__key_step {
    int64_t index; /* the child to take */
    const uint8_t *validity;
    int64_t shift; /* from a row of the batch to its bit */
} pln__key_step;

typedef struct pln__key_field {
    pln__key_node *node;
    pln__key_step *steps; /* step 0 leads from the batch itself */
    int32_t n_steps;
    int64_t shift; /* from a row of the batch to a row of the node's array */
} pln__key_field;

/* Rows whose sizes are found at once, and the bytes that are laid out at once (a larger row goes alone), so that they stay in the nearest cache. */
enum { PLN__KEY_ROWS = 128, PLN__KEY_BLOCK = 32768 };
/* Bytes behind each row that a short text may be copied over, so that its size need not be looked at. */
enum { PLN__KEY_SLACK = 32 };

typedef struct pln__key_span {
    const uint8_t *bytes;
    int64_t size;
} pln__key_span;

enum { PLN__KEY_SECRET_SIZE = 192 };

struct pln_keys {
    const pln_allocator *mem;
    struct ArrowSchema schema;
    int32_t hash;
    bool keyed;
    bool maps;
    pln__key_node *nodes;
    int64_t n_nodes;
    pln__key_field *fields;
    int64_t n_fields;
    pln__key_step *steps;
    int64_t n_steps;

    uint8_t secret[PLN__KEY_SECRET_SIZE]; /* of XXH3 */
    pln__sha256 inner, outer;             /* of HMAC, the key absorbed */

    /* What is reused: the rows at hand, and the entries of their maps. */
    int64_t sizes[PLN__KEY_ROWS];
    uint8_t *starts[PLN__KEY_ROWS];
    uint8_t *at[PLN__KEY_ROWS]; /* where the next field of the row goes */
    uint8_t valid[PLN__KEY_ROWS];
    pln__buffer block;
    pln__buffer scratch;
    pln__key_span *spans;
    int64_t spans_capacity;
    int64_t spans_used;
    int64_t entries; /* of all maps in the rows whose sizes were found */
    const char *fault; /* why the size of a value cannot be found */
};

/* compile.c */
pln_status pln__keys_compile(pln_keys *keys, const char *const *fields, int64_t n, pln_error *err);
/* encode.c */
pln_status pln__keys_bind(pln_keys *keys, const struct ArrowArray *rows, pln_error *err);
/* Lays rows [first, first + n) out and calls `use` for each part of them; keys->starts and keys->sizes tell where they are. */
typedef void (*pln__keys_use)(pln_keys *keys, int64_t n, uint8_t *out);
pln_status pln__keys_rows(pln_keys *keys, int64_t first, int64_t n, pln__keys_use use, uint8_t *out,
                          int64_t out_size, pln_error *err);
/* encode_kernels.c: sizes and bytes of one field of rows [first, first + n); false: keys->fault. */
bool pln__key_field_sizes(pln_keys *keys, const pln__key_field *field, int64_t first, int64_t n);
void pln__key_field_put(pln_keys *keys, const pln__key_field *field, int64_t first, int64_t n);
/* value.c: any value. A negative size: keys->fault. */
int64_t pln__key_value_size(pln_keys *keys, const pln__key_node *node, int64_t row);
uint8_t *pln__key_value_put(pln_keys *keys, const pln__key_node *node, int64_t row, uint8_t *to);
/* The value of a union or a dictionary is another node's: 1 and that node, 0 for a null, -1 with keys->fault. */
int pln__key_resolve(pln_keys *keys, const pln__key_node **node, int64_t *row);
/* hash_kernels.c */
void pln__keys_hash_init(pln_keys *keys, const uint8_t *secret, int64_t size);
void pln__keys_hash(pln_keys *keys, int64_t n, uint8_t *out);
void pln__keys_hash_whole(pln_keys *keys, int64_t n, uint8_t *out);
/* surrogate.c: the joined text of dbt_utils.generate_surrogate_key in keys->block. */
pln_status pln__keys_surrogate_check(const pln_keys *keys, pln_error *err);
pln_status pln__keys_surrogate(pln_keys *keys, int64_t row, pln_error *err);

#endif
