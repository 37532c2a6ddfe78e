/*
 * Room column: typed columns in Arrow memory.
 *
 * Job: schemas and arrays of the Arrow C Data Interface - make, check, share, slice, gather, join, compare - the
 * column writer that decoders and kernels fill, and the batch envelope with the origin of its rows.
 * Must not know: formats, files, expressions, nodes.
 * Invariants: arrays are immutable once made; an array of ours owns its buffers through one counted owner, so sharing
 * a column or a slice of it never copies data; every kernel honours `offset` at every level of nesting; a struct array that is a
 * batch has offset 0 and no nulls; offsets buffers exist even for 0 rows; recursion is bounded by PLN__NESTING_MAX.
 */
#ifndef PLN__COLUMN_H
#define PLN__COLUMN_H

#include "base/base.h"
#include "base/time.h"
#include <pln/arrow.h>
#include <pln/batch.h>
#include <pln/builder.h>

#define PLN__NESTING_MAX 64
#define PLN__COLUMNS_MAX 4096

/* ---- types ---- */

enum {
    PLN__NULL = 0, PLN__BOOL,
    PLN__INT8, PLN__INT16, PLN__INT32, PLN__INT64,
    PLN__UINT8, PLN__UINT16, PLN__UINT32, PLN__UINT64,
    PLN__FLOAT32, PLN__FLOAT64,
    PLN__UTF8, PLN__BINARY, PLN__FIXED, /* fixed-size binary */
    PLN__DECIMAL128, PLN__DATE32, PLN__TIME32, PLN__TIME64, PLN__TIMESTAMP,
    PLN__LIST, PLN__STRUCT, PLN__MAP, PLN__DICTIONARY, PLN__UNION,
    PLN__TYPE_COUNT
};
/* Units of time are PLN__SECOND .. PLN__NANO of base/time.h. */

/* What a format string says, parsed once. `timezone` points into the schema and may be "". */
typedef struct pln__type {
    int32_t id;
    int32_t width;      /* bytes of one value in the data buffer; 0 for bool (bits) and for types without one */
    int32_t unit;       /* time32, time64, timestamp */
    int32_t precision;  /* decimal128 */
    int32_t scale;
    int32_t index_id;   /* dictionary: the id of the index type; `width` is the index's width */
    bool nullable;
    const char *timezone;
} pln__type;

/* PLN_EUNSUPPORTED names the column and the format. */
pln_status pln__type_of(const struct ArrowSchema *schema, pln__type *out, pln_error *err);
/* "int64", "decimal(10, 2)", "timestamp(us, UTC)", "list<utf8>", "struct<a int32, b utf8>" ... cut to fit; returns `out`. */
#define PLN__TYPE_TEXT_SIZE 160
const char *pln__type_text(const struct ArrowSchema *schema, char out[PLN__TYPE_TEXT_SIZE]);
static inline bool pln__type_is_integer(int32_t id) {
    return id >= PLN__INT8 && id <= PLN__UINT64;
}
static inline bool pln__type_is_number(int32_t id) {
    return (id >= PLN__INT8 && id <= PLN__FLOAT64) || id == PLN__DECIMAL128;
}
static inline bool pln__type_is_bytes(int32_t id) {
    return id == PLN__UTF8 || id == PLN__BINARY;
}

/* ---- schemas (schema.c) ---- */

/* A field with room for n children (children[i] is zeroed until the caller fills it). All memory is one owner's. */
pln_status pln__field_new(const pln_allocator *mem, const char *format, const char *name,
                          bool nullable, int64_t n_children, struct ArrowSchema *out,
                          pln_error *err);
pln_status pln__schema_copy(const pln_allocator *mem, const struct ArrowSchema *from,
                            struct ArrowSchema *out, pln_error *err);
/* The copy takes another name; NULL keeps it. */
pln_status pln__field_copy(const pln_allocator *mem, const struct ArrowSchema *from,
                           const char *name, struct ArrowSchema *out, pln_error *err);
/* Make a field of ours (its format is that of the index) a dictionary of `values`, which are moved in. */
void pln__field_set_dictionary(struct ArrowSchema *field, struct ArrowSchema *values);
/* The only change ever made to a schema of ours, before it is shared: add or replace one metadata pair. */
pln_status pln__field_set_metadata(struct ArrowSchema *field, const char *key, const char *value,
                                   pln_error *err);
/* Bytes inside the schema, not NUL-terminated; NULL if absent. Safe for blobs with negative counts. */
const char *pln__field_metadata(const struct ArrowSchema *field, const char *key, int32_t *size);
/*
 * Metadata of a dictionary of utf8, an enum: a JSON list of its symbols, in the order of their indices. Readers of text let in
 * no other value; nobody else looks at it, and two enums are of one type whatever their symbols are.
 */
#define PLN__SYMBOLS "pln.symbols"
/* Same names, types, nesting and nullability; metadata does not count. */
bool pln__schema_equal(const struct ArrowSchema *a, const struct ArrowSchema *b);
/* Whether a value of `from` may stand in a column of `to`: as equal, but a required field fits an optional one. */
bool pln__schema_fits(const struct ArrowSchema *from, const struct ArrowSchema *to);
/* "orders: expected struct<...>, column amount: expected int64, got utf8" - the first difference, in words. */
void pln__schema_difference(const struct ArrowSchema *expected, const struct ArrowSchema *got,
                            pln__text *out);
/* Supported types only, limits kept, unique non-empty UTF-8 names in structs; `top` must be a struct. */
pln_status pln__schema_check(const struct ArrowSchema *top, pln_error *err);
/* "id int64 not null, name utf8" and back; pln/schema.h tells the form. */
pln_status pln__schema_parse(const pln_allocator *mem, const char *text, struct ArrowSchema *out,
                             pln_error *err);
void pln__schema_text(const struct ArrowSchema *schema, pln__text *out);
/* Index of a child by name, or -1. */
int64_t pln__schema_find(const struct ArrowSchema *top, const char *name);
/* PLN_ENAME with the nearest name, as "column 'amont': no such column (did you mean 'amount'?)". */
pln_status pln__schema_find_error(const struct ArrowSchema *top, const char *name, pln_error *err);
static inline void pln__schema_release(struct ArrowSchema *schema) {
    if (schema->release != NULL)
        schema->release(schema);
}
static inline void pln__array_release(struct ArrowArray *array) {
    if (array->release != NULL)
        array->release(array);
}

/* ---- arrays (array.c, take.c, concat.c, compare.c, validate.c) ---- */

/*
 * Make an array of ours out of buffers, which are taken (also on failure). For `n_buffers` and their order see the Arrow columnar
 * format: validity first (an empty pln__buffer for "no nulls"). `children` and `dictionary` are moved in; NULL if none.
 */
typedef struct pln__array_parts {
    int64_t length;
    int64_t null_count;
    int32_t n_buffers;
    int32_t n_children;
    pln__buffer *buffers;
    struct ArrowArray *children;
    struct ArrowArray *dictionary;
} pln__array_parts;
pln_status pln__array_make(const pln_allocator *mem, pln__array_parts *parts,
                           struct ArrowArray *out, pln_error *err);
/* Whether the array came from this room (and so can be shared). */
bool pln__array_is_ours(const struct ArrowArray *array);
/* Take a foreign array over: `foreign` is moved out, the result is ours and shareable, nothing is copied. */
pln_status pln__array_adopt(const pln_allocator *mem, struct ArrowArray *foreign,
                            struct ArrowArray *out, pln_error *err);
/* A second handle on the same data, or on rows [offset, offset + length) of it. `array` must be ours. */
pln_status pln__array_slice(const pln_allocator *mem, const struct ArrowArray *array,
                            int64_t offset, int64_t length, struct ArrowArray *out, pln_error *err);
static inline pln_status pln__array_share(const pln_allocator *mem, const struct ArrowArray *array,
                                          struct ArrowArray *out, pln_error *err) {
    return pln__array_slice(mem, array, 0, array->length, out, err);
}
/* A batch's struct array out of its columns, which are moved (also on failure). */
pln_status pln__array_struct(const pln_allocator *mem, int64_t length, struct ArrowArray *columns,
                             int64_t n, struct ArrowArray *out, pln_error *err);
/* Rows of a batch's struct array as a new batch struct array with offset 0: the columns are sliced. */
pln_status pln__rows_slice(const pln_allocator *mem, const struct ArrowArray *batch, int64_t offset,
                           int64_t length, struct ArrowArray *out, pln_error *err);
/* Gather: out[i] = array[rows[i]]; a negative row gives null. Nested types gather all the way down. */
pln_status pln__array_take(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const struct ArrowArray *array, const int32_t *rows, int64_t n,
                           struct ArrowArray *out, pln_error *err);
/* PLN_ELIMIT if the bytes of one column would pass 2 GiB. Dictionaries are unified. */
pln_status pln__array_concat(const pln_allocator *mem, const struct ArrowSchema *schema,
                             const struct ArrowArray *const *arrays, int64_t n,
                             struct ArrowArray *out, pln_error *err);
pln_status pln__array_nulls(const pln_allocator *mem, const struct ArrowSchema *schema,
                            int64_t length, struct ArrowArray *out, pln_error *err);

static inline const uint8_t *pln__array_validity(const struct ArrowArray *array) {
    return array->null_count == 0 || array->n_buffers == 0 ? NULL
                                                           : (const uint8_t *)array->buffers[0];
}
/* Not for null and union columns, whose nulls have no bitmap: pln__array_null_at knows them all. */
static inline bool pln__array_valid(const struct ArrowArray *array, int64_t row) {
    const uint8_t *bits = pln__array_validity(array);
    return bits == NULL || pln__bit_get(bits, array->offset + row);
}
bool pln__array_null_at(const struct ArrowSchema *schema, const struct ArrowArray *array,
                        int64_t row);
int64_t pln__array_null_count(const struct ArrowSchema *schema, const struct ArrowArray *array);
/* The bytes of row i of a utf8, binary or fixed-size binary column. */
const uint8_t *pln__array_bytes(const pln__type *type, const struct ArrowArray *array, int64_t row,
                                int64_t *size);
/* A value of any integer, date, time or timestamp column, widened. */
int64_t pln__array_int(const pln__type *type, const struct ArrowArray *array, int64_t row);
double pln__array_float(const pln__type *type, const struct ArrowArray *array, int64_t row);

/*
 * Order of two values of one type: null < everything, false < true, numbers by value, NaN greatest and equal to itself, bytes
 * as unsigned, lists and structs element by element. Dictionaries compare by value. Returns -1, 0 or 1.
 */
int pln__array_compare(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                       const struct ArrowArray *b, int64_t j);
bool pln__array_equal(const struct ArrowSchema *schema, const struct ArrowArray *a,
                      const struct ArrowArray *b);

/*
 * MINIMAL: structure (counts of buffers and children, lengths, offsets non-negative). DEFAULT: + first and last offsets against
 * the sizes that can be known, null counts. FULL: + every offset monotone, every dictionary index and union id in range, UTF-8
 * valid, decimals within precision, required fields without nulls. Never reads out of bounds of what the structs
 * promise and never crashes. The error names the column path and the row.
 */
enum { PLN__VALIDATE_MINIMAL = 1, PLN__VALIDATE_DEFAULT = 2, PLN__VALIDATE_FULL = 3 };
pln_status pln__array_validate(const struct ArrowSchema *schema, const struct ArrowArray *array,
                               int32_t level, pln_error *err);

/*
 * An array as bytes and back, for state that must outlive the process: lengths and the buffers as they are, in the order of this machine. Offsets are 0, as a
 * column writer and a gathering leave them. Appends to `out`; the reader holds every size to the schema, and the array to it in full; PLN_EDATA,
 * PLN_EUNSUPPORTED for bytes of a machine of the other order.
 */
pln_status pln__array_write(const pln_allocator *mem, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, pln__buffer *out, pln_error *err);
pln_status pln__array_read(const pln_allocator *mem, const struct ArrowSchema *schema,
                           const uint8_t *bytes, int64_t size, struct ArrowArray *out,
                           pln_error *err);

/* Rows where a boolean column is true (not false, not null), ascending; `rows` has room for array->length. Returns how many. */
int64_t pln__rows_where(const struct ArrowArray *boolean, int32_t *rows);
/* The same with the fastest variant that `cpu` (pln__cpu_features) allows. */
int64_t pln__rows_where_cpu(const struct ArrowArray *boolean, uint32_t cpu, int32_t *rows);

/* ---- column writer (writer.c; pln_column of <pln/builder.h> is this) ---- */

/*
 * Decoders may write the buffers themselves between reserve and commit:
 *     fixed width: data at length * width; utf8, binary: bytes appended to `data`, then the end offset in offsets;
 *     bool: bits in `data`. validity is empty until the first null; then it has a bit for each row.
 * `length` counts rows written. Struct children and union/list children are columns of their own.
 */
typedef pln_column pln__column;
struct pln_column {
    const pln_allocator *mem;
    const struct ArrowSchema *schema; /* borrowed; outlives the column */
    pln__type type;
    int64_t length;
    int64_t null_count;
    int64_t reserved_rows;
    pln__buffer validity;
    pln__buffer data;
    pln__buffer offsets;  /* int32; also the type ids' value offsets of a dense union */
    pln__buffer type_ids; /* int8, dense union */
    pln__column *children;
    int64_t n_children;
    pln__column *dictionary; /* values */
    pln__map *dictionary_index;
    /* Values known before any row is: who sets them (borrowed, ours) writes the indices itself, and all arrays share them. */
    const struct ArrowArray *values;
    int64_t hint_rows;  /* what the last array held: capacity to begin the next one with */
    int64_t hint_bytes;
};
pln_status pln__column_init(const pln_allocator *mem, const struct ArrowSchema *schema,
                            pln__column *out, pln_error *err);
/* Room for `rows` more rows in the fixed-size buffers; `bytes` more in the data of utf8 and binary. */
pln_status pln__column_reserve(pln__column *column, int64_t rows, int64_t bytes, pln_error *err);
/* A null (of every child below a struct, too). A required field may hold nulls here; finish refuses them. */
pln_status pln__column_null(pln__column *column, pln_error *err);
/* Mark the row about to be written null; bit handling only, no value is appended. */
pln_status pln__column_validity(pln__column *column, bool valid, pln_error *err);
/* Copy row `row` of an array of the same type to the end. */
pln_status pln__column_copy(pln__column *column, const struct ArrowArray *array, int64_t row,
                            pln_error *err);
/* Append a value to a dictionary column, as its bytes lie in a data buffer (bool: one byte); it is added to the dictionary if new. */
pln_status pln__column_put_value(pln__column *column, const void *bytes, int64_t size,
                                 pln_error *err);
/* Cut back to `length` rows, children and bytes included: a decoder takes a bad row back. */
void pln__column_truncate(pln__column *column, int64_t length);
/* Hand the rows over as an array of ours and start empty again, keeping capacity hints. */
pln_status pln__column_finish(pln__column *column, struct ArrowArray *out, pln_error *err);
void pln__column_free(pln__column *column);

/* ---- batches (batch.c) ---- */

/* A schema that many batches share. */
typedef struct pln__schema pln__schema;
/* Takes `schema` (moved, also on failure). */
pln_status pln__schema_share(const pln_allocator *mem, struct ArrowSchema *schema,
                             pln__schema **out, pln_error *err);
pln__schema *pln__schema_ref(pln__schema *schema);
void pln__schema_unref(pln__schema *schema);
const struct ArrowSchema *pln__schema_get(const pln__schema *schema);

/*
 * Where the rows of a batch came from. Arrays have one entry a row of the batch they were made for; NULL where unknown.
 * raw_start counts from `raw`. release(owner) is called once, by whoever drops the last batch.
 */
typedef struct pln__origin {
    const char *split;
    const int64_t *position; /* byte offset of the row in its split, or its ordinal; unique in the split */
    const int64_t *line;     /* 1-based line of a text file */
    const uint8_t *raw;
    const int64_t *raw_start;
    const int64_t *raw_size;
    void (*release)(void *owner);
    void *owner;
} pln__origin;

/* The batch takes `array` (moved, also on failure) and counts `schema`. array is ours or is adopted. */
pln_status pln__batch_new(const pln_allocator *mem, pln__schema *schema, struct ArrowArray *array,
                          pln_batch **out, pln_error *err);
/* pln_batch_import with the allocator itself. */
pln_status pln__batch_import(const pln_allocator *mem, struct ArrowSchema *schema,
                             struct ArrowArray *array, pln_batch **out, pln_error *err);
/* Given by room graph: what a runtime allocates from, and the time on its clock, in microseconds since 1970 UTC. */
const pln_allocator *pln__runtime_allocator(pln_runtime *runtime);
int64_t pln__runtime_now_us(const pln_runtime *runtime);
/* Give the batch, which has none yet and is not shared yet, an origin (its fields are copied; release is taken, also on failure). */
pln_status pln__batch_set_origin(pln_batch *batch, const pln__origin *origin, pln_error *err);
/* Positions first, first + 1, ... of n rows, for an origin that owns nothing else; its release is pln__positions_free. */
typedef struct pln__positions {
    const pln_allocator *mem;
    int64_t n;
    int64_t at[];
} pln__positions;
pln_status pln__positions_new(const pln_allocator *mem, int64_t first, int64_t n,
                              pln__positions **out, pln_error *err);
void pln__positions_free(void *positions);
/*
 * A batch made of rows of `parent`, with parent's origin: row i comes from parent's row rows[i] (rows NULL: row i from row
 * first + i). With `array` NULL the columns are gathered or sliced from parent, else `array` is taken. schema NULL: parent's.
 */
typedef struct pln__derivation {
    pln_batch *parent;
    const int32_t *rows;
    int64_t first;
    int64_t length;
    pln__schema *schema;
    struct ArrowArray *array;
} pln__derivation;
pln_status pln__batch_derive(const pln_allocator *mem, const pln__derivation *how, pln_batch **out,
                             pln_error *err);
/* The origin of one row: false if none is known. Fields of `out` that are unknown: split NULL, position -1, line -1, raw NULL. */
typedef struct pln__row_origin {
    const char *split;
    int64_t position;
    int64_t line;
    const uint8_t *raw;
    int64_t raw_size;
} pln__row_origin;
bool pln__batch_row_origin(const pln_batch *batch, int64_t row, pln__row_origin *out);
pln__schema *pln__batch_schema_ref(const pln_batch *batch); /* borrowed */
/*
 * Event time: the watermark that held before each row, in microseconds, ascending; NULL: the batch has none of its own. Batches derived
 * of one keep those of their rows. Setting copies `at`, of one entry a row, and is for a batch that is not shared yet.
 */
pln_status pln__batch_set_watermarks(pln_batch *batch, const int64_t *at, pln_error *err);
const int64_t *pln__batch_watermarks(const pln_batch *batch);

/* ---- builders (builder.c) ---- */

/* pln_builder_new with the allocator itself and a schema that is counted, not copied. */
pln_status pln__builder_new(const pln_allocator *mem, pln__schema *schema, pln_builder **out,
                            pln_error *err);

/* ---- streams (stream.c) ---- */

/*
 * A producer's errno and last_error text as one of our errors: ENOMEM is PLN_ENOMEM, EINVAL PLN_EDATA, ENOSYS and ENOTSUP
 * PLN_EUNSUPPORTED, ECANCELED PLN_ECANCELLED, ETIMEDOUT and EAGAIN theirs, all else PLN_EIO; err->native is the errno.
 */
pln_status pln__stream_error(struct ArrowArrayStream *stream, int code, pln_error *err);
/* The schema of a stream, checked, copied and ready to be shared. */
pln_status pln__stream_schema(const pln_allocator *mem, struct ArrowArrayStream *stream,
                              pln__schema **out, pln_error *err);
/* The next array of a stream as a batch of `schema`, which it has been asked for before; PLN_EOS at the end. */
pln_status pln__stream_next(const pln_allocator *mem, struct ArrowArrayStream *stream,
                            pln__schema *schema, pln_batch **out, pln_error *err);
/*
 * A stream that pulls from a callback: next gives PLN_OK and a batch of `schema`, PLN_EOS, or an error. After the end or an error
 * it is not called again. release(user), which may be NULL, is called once with the stream's own release, also when this call fails.
 */
typedef struct pln__stream_source {
    pln__schema *schema; /* counted */
    pln_status (*next)(void *user, pln_batch **out, pln_error *err);
    void (*release)(void *user);
    void *user;
} pln__stream_source;
pln_status pln__stream_export(const pln_allocator *mem, const pln__stream_source *source,
                              struct ArrowArrayStream *out, pln_error *err);

#endif
