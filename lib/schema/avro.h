/*
 * The Avro schema model as other rooms see it: what a text said, checked, with every name resolved.
 *
 * A schema is immutable once made and may be read by any number of threads. All that hangs below it (types, names, defaults) lives in the schema's
 * own memory until the last reference goes. A type that is named twice in a text is one pln__avro_type, so types form a graph with
 * cycles (always through a record); `index` numbers them densely for memo tables.
 */
#ifndef PLN__SCHEMA_AVRO_H
#define PLN__SCHEMA_AVRO_H

#include "column/column.h"

/* In the order of the specification; the first eight are the primitives. */
enum {
    PLN__AVRO_NULL = 0,
    PLN__AVRO_BOOLEAN,
    PLN__AVRO_INT,
    PLN__AVRO_LONG,
    PLN__AVRO_FLOAT,
    PLN__AVRO_DOUBLE,
    PLN__AVRO_BYTES,
    PLN__AVRO_STRING,
    PLN__AVRO_RECORD,
    PLN__AVRO_ENUM,
    PLN__AVRO_ARRAY,
    PLN__AVRO_MAP,
    PLN__AVRO_UNION,
    PLN__AVRO_FIXED
};

/* Logical types that fit their base type; any other "logicalType" is a custom property and PLN__AVRO_PLAIN. */
enum {
    PLN__AVRO_PLAIN = 0,
    PLN__AVRO_DECIMAL, /* bytes or fixed; precision and scale */
    PLN__AVRO_UUID,    /* string, or fixed of 16 */
    PLN__AVRO_DATE,
    PLN__AVRO_TIME_MILLIS,
    PLN__AVRO_TIME_MICROS,
    PLN__AVRO_TIMESTAMP_MILLIS,
    PLN__AVRO_TIMESTAMP_MICROS,
    PLN__AVRO_TIMESTAMP_NANOS,
    PLN__AVRO_LOCAL_TIMESTAMP_MILLIS,
    PLN__AVRO_LOCAL_TIMESTAMP_MICROS,
    PLN__AVRO_LOCAL_TIMESTAMP_NANOS,
    PLN__AVRO_DURATION,   /* fixed of 12 */
    PLN__AVRO_BIG_DECIMAL /* bytes */
};

typedef struct pln_avro_type pln__avro_type;
/* A JSON value of the schema's document; only room schema looks inside. */
typedef struct pln__avro_json pln__avro_json;

typedef struct pln__avro_field {
    const char *name;
    const char *doc; /* NULL: none */
    const char *const *aliases;
    int32_t n_aliases;
    int32_t order; /* 1 ascending, 0 ignore, -1 descending */
    const pln__avro_type *type;
    const pln__avro_json *fallback; /* the default; NULL: there is none (a default of null is a JSON null) */
    const pln__avro_json *definition; /* the field's object, with its custom properties */
} pln__avro_field;

struct pln_avro_type {
    int32_t kind;
    int32_t logical;
    int32_t index; /* 0 .. schema's n_types - 1 */
    int32_t precision, scale; /* PLN__AVRO_DECIMAL */
    int64_t size; /* fixed */
    /* Named types: name without namespace, namespace ("" is the null one), the two joined by a dot, aliases as full names. */
    const char *name, *space, *full_name, *doc;
    const char *const *aliases;
    int32_t n_aliases;
    int32_t n_fields;
    const pln__avro_field *fields;
    int32_t n_symbols;
    int32_t default_symbol; /* enum: index of its default, -1 none */
    const char *const *symbols;
    int32_t n_branches;
    bool is_error; /* "type": "error", a record otherwise */
    const pln__avro_type *const *branches; /* union */
    const pln__avro_type *items; /* of an array; values of a map */
    const pln__avro_json *definition; /* the object that defined it, with its custom properties; NULL: a bare name */
};

typedef struct pln_avro_schema pln__avro_schema;

typedef struct pln__avro_parse_options {
    const pln__avro_schema *const *known; /* their named types may be used by name */
    int64_t n_known;
    bool lax_names; /* names beyond [A-Za-z_][A-Za-z0-9_]* are taken, as some producers write them */
    bool lax_defaults; /* defaults that do not fit are taken: a writer's schema is never asked for them */
} pln__avro_parse_options;

/*
 * From text to model; `size` -1: up to NUL. options NULL: none. Errors name the JSON path and the reason: PLN_ESYNTAX; PLN_ELIMIT for a text
 * of more than 1 MiB, nesting beyond 64, more than 4,096 named types, 65,536 fields or symbols in one type, a fixed of more than 1 MiB.
 */
pln_status pln__avro_parse(const pln_allocator *mem, const char *text, int64_t size,
                           const pln__avro_parse_options *options, pln__avro_schema **out,
                           pln_error *err);
pln__avro_schema *pln__avro_schema_ref(const pln__avro_schema *schema);
void pln__avro_schema_unref(pln__avro_schema *schema);
const pln__avro_type *pln__avro_root(const pln__avro_schema *schema);
int32_t pln__avro_n_types(const pln__avro_schema *schema);
/* "record", "timestamp-micros"; static text. */
const char *pln__avro_kind_name(int32_t kind);
const char *pln__avro_logical_name(int32_t logical);

enum { PLN__AVRO_TEXT_FULL = 0, PLN__AVRO_TEXT_CANONICAL = 1, PLN__AVRO_TEXT_PRETTY = 2 };
void pln__avro_text(const pln__avro_schema *schema, int32_t form, pln__text *out);
/* The value of a JSON node of the document, compact, members in their order: for messages. */
void pln__avro_json_text(const pln__avro_json *value, pln__text *out);
/* CRC-64-AVRO of the canonical form: as the number, whose little-endian bytes stand in single-object encoding. */
pln_status pln__avro_rabin(const pln__avro_schema *schema, uint64_t *out, pln_error *err);

/*
 * A JSON value (a default) in Avro binary for `type`, appended to `out`. A union takes the first branch that fits. PLN_EDATA names the JSON path where
 * it does not fit. What parsing accepted as the default of a field always fits here, except where a record contains itself without end.
 */
pln_status pln__avro_default_binary(const pln_allocator *mem, const pln__avro_type *type,
                                    const pln__avro_json *value, pln__buffer *out, pln_error *err);

/*
 * A struct of columns; a top type that is no record becomes one column "value". null in a union with one other branch makes a nullable column, one branch
 * alone is that branch, other unions are dense unions whose children are named as the JSON encoding tags them; an enum is dictionary<int32, utf8> with
 * its symbols in the metadata "pln.symbols", a JSON list; uuid, duration and big-decimal leave their name in "pln.logical" on a column of their
 * base type. PLN_EUNSUPPORTED with the path for what has no column type: recursion, a decimal beyond 38 digits, a fixed of 0 bytes, an empty union or enum.
 */
pln_status pln__avro_to_arrow(const pln_allocator *mem, const pln__avro_schema *schema,
                              struct ArrowSchema *out, pln_error *err);
/* The record of that name that holds rows of these columns; every column type has a form (uint64 is decimal(20,0), int8 an int, ...). */
pln_status pln__avro_from_arrow(const pln_allocator *mem, const struct ArrowSchema *columns,
                                const char *record_name, pln__avro_schema **out, pln_error *err);

/* ---- resolution (resolve.c): what a reader does with each piece of a writer's value ---- */

enum {
    PLN__AVRO_STEP_SAME = 0, /* a primitive or fixed as it is; the reader's logical type counts */
    PLN__AVRO_STEP_PROMOTE,  /* numbers: writer->kind to reader->kind; string and bytes both ways */
    PLN__AVRO_STEP_RECORD,
    PLN__AVRO_STEP_ENUM,
    PLN__AVRO_STEP_ARRAY,
    PLN__AVRO_STEP_MAP,
    PLN__AVRO_STEP_WRITER_UNION, /* the branch number comes first in the data */
    PLN__AVRO_STEP_READER_UNION, /* the reader's branch is `branch`, its value is children[0] */
    PLN__AVRO_STEP_ERROR         /* a datum that comes here cannot be read; `message` says why */
};

typedef struct pln__avro_step pln__avro_step;
typedef struct pln__avro_take {
    int32_t reader_field;       /* -1: the writer's field is skipped */
    const pln__avro_step *step; /* NULL when skipped */
} pln__avro_take;
typedef struct pln__avro_fill {
    int32_t reader_field; /* not in the writer: filled with its default, which is in the reader's binary form */
    const uint8_t *bytes;       /* PLN__PADDING more may be read behind size */
    int64_t size;
    const pln__avro_step *step; /* how it is read: the reader's type as it is */
} pln__avro_fill;
struct pln__avro_step {
    int32_t action;
    int32_t index; /* dense, for memo tables */
    const pln__avro_type *writer, *reader;
    const pln__avro_take *takes; /* RECORD: one for each of the writer's fields, in its order */
    const pln__avro_fill *fills; /* RECORD */
    int32_t n_fills;
    int32_t branch;          /* READER_UNION */
    const int32_t *symbols;  /* ENUM: the reader's symbol for each of the writer's; -1: none and no default */
    const pln__avro_step *const *children; /* ARRAY, MAP, READER_UNION: one; WRITER_UNION: one a branch */
    const char *message;     /* ERROR */
};

/* Keeps references on both schemas. Steps form a graph with cycles where both types are recursive. */
typedef struct pln__avro_resolution pln__avro_resolution;
/* PLN_ETYPE only if no datum at all could be read (the top step is ERROR); other misfits become ERROR steps. */
pln_status pln__avro_resolve(const pln_allocator *mem, const pln__avro_schema *writer,
                             const pln__avro_schema *reader, pln__avro_resolution **out,
                             pln_error *err);
const pln__avro_step *pln__avro_resolution_top(const pln__avro_resolution *resolution);
int32_t pln__avro_resolution_count(const pln__avro_resolution *resolution);
const pln__avro_schema *pln__avro_resolution_writer(const pln__avro_resolution *resolution);
const pln__avro_schema *pln__avro_resolution_reader(const pln__avro_resolution *resolution);
void pln__avro_resolution_free(pln__avro_resolution *resolution);

#endif
