/*
 * Private to NDJSON: a decoder's plan. A node a column, a tree like the schema, says how values of that column are read; shapes
 * are guesses at the text of a whole record, learned from records already read.
 */
#ifndef PLN__JSON_PLAN_H
#define PLN__JSON_PLAN_H

#include "format/format.h"
#include "format/json_check.h"
#include "format/json_member.h"
#include "format/symbols.h"

enum {
    PLN__JSON_BOOL,
    PLN__JSON_INT,  /* signed */
    PLN__JSON_UINT,
    PLN__JSON_FLOAT32,
    PLN__JSON_FLOAT64,
    PLN__JSON_DECIMAL,
    PLN__JSON_UTF8,
    PLN__JSON_DATE,
    PLN__JSON_TIME,
    PLN__JSON_TIMESTAMP,
    PLN__JSON_BINARY,
    PLN__JSON_FIXED,
    PLN__JSON_DICTIONARY,
    PLN__JSON_ANY, /* utf8 that keeps the text of any value */
    PLN__JSON_NULL,
    PLN__JSON_STRUCT,
    PLN__JSON_LIST,
    PLN__JSON_MAP,
    PLN__JSON_UNION
};

/* Keys of one object that no index of names has: those of a map, and unknown ones of a struct that are no strangers. */
typedef struct pln__json_keys {
    struct pln__json_entry_key {
        uint64_t hash; /* 0 as long as there are few */
        int64_t start; /* in the text */
        int64_t size;
        int64_t last; /* a map's: ordinal of the last member with this key */
    } * items;
    int64_t n;
    int64_t capacity;
    int64_t *slots; /* index + 1, once there are many */
    int64_t n_slots;
    pln__buffer text;
} pln__json_keys;

typedef struct pln__json_node pln__json_node;
struct pln__json_node {
    pln__column *column;
    int32_t kind;
    bool nullable;
    bool rows; /* has one value a record: only structs lie between it and the record */
    int64_t depth; /* objects around its values, where `rows` */
    uint64_t most; /* integers: the largest value, and of negative ones the largest magnitude; decimals: 10^precision */
    uint64_t least;
    const char *name;
    pln__json_node *parent;
    pln__json_node *children;
    int64_t n_children;
    /* Structs and unions. */
    pln__json_member *members; /* one a child */
    pln__json_names names;
    pln__json_member *first; /* a guess: the member that opened the last object */
    int32_t trust; /* in the guesses; they are tried where it is not negative */
    uint64_t serial;         /* of objects read here */
    pln__json_day day;
    bool zoned; /* a timestamp's column has a time zone */
    pln__json_keys keys;
    const pln__symbols *symbols; /* of an enum, else NULL */
    pln__column *values; /* of a dictionary of other values than text: where one is read to before it is looked up */
};

/* ---- shapes ---- */

/* What follows a literal. The names of value steps are those of kinds. */
enum {
    PLN__JSON_STEP_END = 32, /* of the record: the literal had its line end */
    PLN__JSON_STEP_ANY,      /* whatever: the general decoder reads it */
    PLN__JSON_STEP_SKIP,     /* checked, not kept */
    PLN__JSON_STEP_SKIP_TEXT /* a string, not kept */
};
enum { PLN__JSON_STEP_WORDS = 4, PLN__JSON_SHAPES = 4 };
typedef struct pln__json_step {
    uint64_t words[PLN__JSON_STEP_WORDS]; /* the first 32 bytes of the literal */
    uint64_t masks[PLN__JSON_STEP_WORDS];
    const uint8_t *rest; /* and those behind them */
    int32_t size;
    int32_t op;
    int64_t depth; /* objects around the value */
    pln__json_node *node;
} pln__json_step;
typedef struct pln__json_shape {
    pln__json_step *steps;
    int64_t n_steps;
    int64_t capacity;
    pln__json_node **absent; /* columns that the text does not have */
    int64_t n_absent;
    uint8_t *text; /* of the record it was learned from */
    int64_t text_size;
    int64_t text_capacity;
    int64_t hits;
    uint64_t used; /* by the decoder's clock, when it last fitted */
} pln__json_shape;

/* ---- the decoder ---- */

/* Among the CPU features of the options: no shapes, so that tests and benches see the general decoder alone. */
#define PLN__JSON_GENERAL 0x80000000u

struct pln__decoder {
    const pln_allocator *mem;
    const struct ArrowSchema *schema;
    pln__json_dialect dialect;
    bool origin;
    bool at_start; /* a byte order mark may come */
    bool skipping; /* in the rest of a record that is too long */
    int64_t record_bytes_max;
    uint32_t cpu;
    uint64_t seed;

    pln__column top;
    bool top_open;
    pln__json_node *nodes; /* [0] is the record */
    pln__json_member *members; /* one a node */
    int64_t n_nodes;
    int64_t used_nodes;
    pln__symbol_sets symbol_sets;
    pln__json_node **aligned; /* those with one value a record, the record's own left out */
    int64_t n_aligned;

    /* The call under way. */
    const uint8_t *base;  /* what offsets count from ... */
    int64_t base_at;      /* ... once this is added */
    const uint8_t *line;  /* start of the record being read */
    int64_t lines;        /* line ends so far */
    int64_t depth_max;
    pln__decoded *out;
    int64_t row;
    int64_t row_limit;
    int64_t row_room; /* rows the aligned columns and the origin have room for */
    pln_status status; /* of the record: 0, PLN_EDATA, or an error that ends the call */
    pln_error *err;
    int32_t column;
    char message[200];
    pln__bad_row *bad;
    int64_t n_bad;
    int64_t bad_capacity;

    pln__buffer record; /* a last record without a line end, with one */
    pln__buffer text;   /* a string being decoded */
    pln__column scratch; /* the text of strangers */

    pln__json_shape shapes[PLN__JSON_SHAPES];
    int64_t n_shapes;
    int32_t last_shape;
    uint64_t clock;    /* counts records that no shape fitted */
    uint64_t learn_at; /* of these, the one to learn from next */
    uint64_t patience;
    uint64_t misses;   /* of these, how many came one after the other */
};

/* json_infer.c */
pln_status pln__json_infer(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                           int64_t size, bool final, struct ArrowSchema *out, pln_error *err);

/* json_plan.c */
pln_status pln__json_plan_open(pln__decoder *self, pln_error *err);
void pln__json_plan_close(pln__decoder *self);

/* json_member.c: an index of the node's children. */
pln_status pln__json_names_open(pln__decoder *self, pln__json_node *node, pln_error *err);
void pln__json_names_close(const pln_allocator *mem, pln__json_names *names);
/* The member of that name, or NULL. Seven readable bytes follow the name. */
pln__json_member *pln__json_member_of(const pln__json_names *names, const uint8_t *name,
                                      int64_t size);
/* Remember a key that no member has, and whether a string follows. NULL: there is no room for more, or it is too long. */
pln__json_member *pln__json_meet(pln__decoder *self, pln__json_node *node, const uint8_t *name,
                                 int64_t size, bool text);

/*
 * json_read.c: the general decoder. Reads the value at p into the node's column and returns its end. NULL: the record is at fault, or the
 * call has to end; status, column and message say so. `depth` counts the objects and arrays around p.
 */
const uint8_t *pln__json_read(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth);
/* A whole record, from its first byte to its line end. */
const uint8_t *pln__json_read_record(pln__decoder *self, const uint8_t *p);

/* json_scalar.c: a value that is no struct, list, map or union, in all forms it may have. */
const uint8_t *pln__json_scalar(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth);
const uint8_t *pln__json_null(pln__decoder *self, pln__json_node *node, const uint8_t *p);

/* json_nested.c */
const uint8_t *pln__json_list(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                              int64_t depth);
const uint8_t *pln__json_map(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                             int64_t depth);
const uint8_t *pln__json_union(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                               int64_t depth);
/* One that the union, map or struct does not need is checked, and its end returned. */
const uint8_t *pln__json_skip(pln__decoder *self, const uint8_t *p, int64_t depth);
/* The bytes of the key at p without escapes, and a quote, lent until the next; *end is behind its closing quote. */
const uint8_t *pln__json_key(pln__decoder *self, const uint8_t *p, int64_t *size,
                             const uint8_t **end);
/* Text for a utf8 or dictionary column; false: the failure is set. */
bool pln__json_put_text(pln__decoder *self, pln__json_node *node, const char *text, int64_t size);
typedef struct pln__json_entry { /* of a map */
    const uint8_t *key;
    int64_t size;
    int64_t index; /* in the set of keys */
} pln__json_entry;

/* json_keys.c: put a key into the set, where it is not there yet; *index is its place (n before, if it is new). */
pln_status pln__json_keys_add(const pln_allocator *mem, pln__json_keys *keys, const uint8_t *key,
                              int64_t size, uint64_t seed, int64_t *index, pln_error *err);
void pln__json_keys_clear(pln__json_keys *keys);
void pln__json_keys_free(const pln_allocator *mem, pln__json_keys *keys);

/* json_fail.c: each sets the failure of the record and returns NULL. */
const uint8_t *pln__json_broken(pln__decoder *self, const pln__json_fault *fault);
const uint8_t *pln__json_expected(pln__decoder *self, const uint8_t *at, const char *what);
/* "member 'a.b': expected int64, got string "3"" */
const uint8_t *pln__json_mismatch(pln__decoder *self, const pln__json_node *node, const uint8_t *p);
const uint8_t *pln__json_fail(pln__decoder *self, const pln__json_node *node, const char *format,
                              ...) PLN__PRINTF(3, 4);
/* PLN_ENOMEM and the like, which end the call: `status` is what the failing function returned. */
const uint8_t *pln__json_stop(pln__decoder *self, pln_status status);

/* json_shape.c */
void pln__json_learn(pln__decoder *self, const uint8_t *line, const uint8_t *end);
void pln__json_shapes_free(pln__decoder *self);
/* Lengths and sizes of the aligned columns, or of a node and the structs below, as they are after `rows` records. */
void pln__json_settle(pln__decoder *self, int64_t rows);
void pln__json_settle_node(pln__json_node *node, int64_t rows);
/* Take back what the first n steps of the shape have written of the record self->row. */
void pln__json_shape_undo(pln__decoder *self, const pln__json_shape *shape, int64_t n);

/*
 * json_run_*.c: read records by the shape until one does not fit, the end or the row limit is reached. Returns where it stopped, which is the
 * start of a record; self->row has advanced. Only rows that have room are written.
 */
static inline void pln__json_note(pln__decoder *self, int64_t row, const uint8_t *start,
                                  const uint8_t *end) {
    int64_t at[3] = {start - self->base + self->base_at, end - start - 1, self->lines};
    at[1] -= at[1] > 0 && end[-2] == '\r';
    memcpy(self->out->row_start.data + row * 8, &at[0], 8);
    memcpy(self->out->row_size.data + row * 8, &at[1], 8);
    memcpy(self->out->row_line.data + row * 8, &at[2], 8);
}
typedef const uint8_t *pln__json_runner(pln__decoder *self, pln__json_shape *shape,
                                        const uint8_t *p, const uint8_t *end);
pln__json_runner pln__json_run_words;
#if defined(__x86_64__)
pln__json_runner pln__json_run_sse42;
pln__json_runner pln__json_run_avx2;
#endif

#endif
