/*
 * Avro schemas (specification 1.12): read, checked, printed, compared, made; and their columns.
 *
 *     pln_avro_schema *schema;
 *     pln_avro_schema_parse(rt, "{\"type\": \"record\", \"name\": \"Order\", ...}", -1, NULL, &schema, &err);
 *     pln_avro_schema_fingerprint(schema, PLN_AVRO_RABIN, bytes, &err);
 *     pln_avro_schema_arrow(rt, schema, &columns, &err);
 *     pln_avro_schema_free(schema);
 *
 * A schema never changes once it is made, may be read by any number of threads at once, and is counted: it goes with its last
 * pln_avro_schema_free. Texts and types that it hands out live as long. A runtime must outlive the calls that take it, not the schemas made with it.
 * What other implementations drop is kept: defaults (none, null and "null in a union" are three things), aliases, order, docs, logical types, and
 * custom properties, numbers as they were written. pln-avro(7) tells what is taken, what is refused, and the limits.
 */
#ifndef PLN_AVRO_SCHEMA_H
#define PLN_AVRO_SCHEMA_H

#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_avro_type pln_avro_type;
typedef struct pln_avro_lint pln_avro_lint;
typedef struct pln_avro_builder pln_avro_builder;

/* Of pln_avro_type_info.kind. */
enum {
    PLN_AVRO_NULL = 0,
    PLN_AVRO_BOOLEAN = 1,
    PLN_AVRO_INT = 2,
    PLN_AVRO_LONG = 3,
    PLN_AVRO_FLOAT = 4,
    PLN_AVRO_DOUBLE = 5,
    PLN_AVRO_BYTES = 6,
    PLN_AVRO_STRING = 7,
    PLN_AVRO_RECORD = 8,
    PLN_AVRO_ENUM = 9,
    PLN_AVRO_ARRAY = 10,
    PLN_AVRO_MAP = 11,
    PLN_AVRO_UNION = 12,
    PLN_AVRO_FIXED = 13
};

/* Forms of pln_avro_schema_text: all that was written on one line, the same for people, and the Parsing Canonical Form. */
enum { PLN_AVRO_FULL = 0, PLN_AVRO_CANONICAL = 1, PLN_AVRO_PRETTY = 2 };

/* Fingerprints, of the canonical form: 8 bytes (CRC-64-AVRO, little-endian, as in single-object encoding), 16 and 32. */
enum { PLN_AVRO_RABIN = 0, PLN_AVRO_MD5 = 1, PLN_AVRO_SHA256 = 2 };
#define PLN_AVRO_FINGERPRINT_MAX 32

/* Flags of pln_avro_parse_options. */
enum {
    PLN_AVRO_LAX_NAMES = 1,   /* names beyond [A-Za-z_][A-Za-z0-9_]* */
    PLN_AVRO_LAX_DEFAULTS = 2 /* defaults that do not fit their field, for schemas of data written long ago */
};
typedef struct pln_avro_parse_options {
    uint32_t struct_size;
    uint32_t flags;
    const pln_avro_schema *const *known; /* their named types may be used by name, as references of a registry are */
    int64_t n_known;
} pln_avro_parse_options;

/* A type. Lists and texts are the schema's; what a kind does not have is 0 or NULL. */
typedef struct pln_avro_type_info {
    uint32_t struct_size;
    int32_t kind;
    const char *kind_name;    /* "record" */
    const char *logical_type; /* that fits the type, "timestamp-micros"; NULL: none */
    int32_t precision, scale; /* of a decimal */
    int64_t size;             /* of a fixed, in bytes */
    const char *name;         /* without its namespace */
    const char *name_space;   /* "": none */
    const char *full_name;
    const char *doc;
    const char *const *aliases; /* full names */
    int32_t n_aliases;
    int32_t n_children; /* fields of a record, branches of a union, 1 for an array or map */
    const char *const *symbols;
    int32_t n_symbols;
    int32_t default_symbol; /* of an enum, -1: none */
    int32_t is_error;       /* a record that was written as "error" */
    int32_t reserved;
} pln_avro_type_info;

typedef struct pln_avro_field_info {
    uint32_t struct_size;
    int32_t order; /* 1 ascending, 0 ignore, -1 descending */
    const char *name;
    const char *doc;
    const char *const *aliases;
    int32_t n_aliases;
    int32_t has_default;
    const pln_avro_type *type;
} pln_avro_field_info;

typedef struct pln_avro_warning {
    uint32_t struct_size;
    uint32_t reserved;
    const char *code; /* "union-default-not-first"; pln-avro(7) lists them, they never change */
    const char *path; /* "$.fields[3].default" */
    const char *message;
} pln_avro_warning;

/*
 * Read a schema. `size` -1: up to a NUL. options NULL: strict, nothing known.
 *
 * Errors: PLN_ESYNTAX names the JSON path and the reason, or line and column where the text is no JSON; PLN_ELIMIT for more than 1 MiB, types
 * nested more than 64 deep, 4,096 named types, 65,536 fields or symbols, a fixed of more than 1 MiB; PLN_EINVAL for options; PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_avro_schema_free. It holds the known schemas that you gave.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_parse(pln_runtime *runtime, const char *text, int64_t size,
                                         const pln_avro_parse_options *options,
                                         pln_avro_schema **out, pln_error *err);

/*
 * One more owner of the same schema. NULL gives NULL.
 *
 * Errors: none.
 * Owner: the result is yours; free it with pln_avro_schema_free.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_avro_schema *pln_avro_schema_ref(const pln_avro_schema *schema);

/*
 * One owner less. NULL is allowed.
 *
 * Errors: none.
 * Owner: the last one frees it.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_avro_schema_free(pln_avro_schema *schema);

/*
 * The schema as text: PLN_AVRO_FULL, PLN_AVRO_CANONICAL or PLN_AVRO_PRETTY. A type that came from a known schema is written out where it is first used,
 * so the text stands alone.
 *
 * Errors: PLN_EINVAL for another form; PLN_ENOMEM.
 * Owner: *text is yours; free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_text(pln_runtime *runtime, const pln_avro_schema *schema,
                                        int32_t form, char **text, pln_error *err);

/*
 * A fingerprint of the canonical form: PLN_AVRO_RABIN, PLN_AVRO_MD5 or PLN_AVRO_SHA256. Two schemas of one fingerprint read the same bytes, but may
 * differ in defaults, aliases and logical types, which the form leaves out.
 *
 * Errors: PLN_EINVAL for another kind; PLN_ENOMEM.
 * Owner: `out` has room for PLN_AVRO_FINGERPRINT_MAX bytes; 8, 16 or 32 of them are set.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_fingerprint(const pln_avro_schema *schema, int32_t kind,
                                               uint8_t *out, pln_error *err);

/*
 * 1 if the two say the same, 0 if not, also where there was no memory to find out: names, fields and their order, symbols, defaults, aliases, docs,
 * logical types and custom properties count; blanks, the order of members, forms of numbers (1.0 and 1) and how a name is spelled do not.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_avro_schema_equal(const pln_avro_schema *a, const pln_avro_schema *b);

/*
 * Choices that are legal and will hurt: a field that cannot be added because it has no default, an enum that cannot grow, a logical type that
 * is ignored.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_avro_lint_free, at the latest before the runtime goes.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_lint(pln_runtime *runtime, const pln_avro_schema *schema,
                                        pln_avro_lint **out, pln_error *err);

/*
 * How many warnings there are.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_avro_lint_count(const pln_avro_lint *lint);

/*
 * Warning number `index`, from 0, in the order of the text. Set out->struct_size first.
 *
 * Errors: PLN_EINVAL past the end.
 * Owner: the texts are the list's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_lint_get(const pln_avro_lint *lint, int64_t index,
                                     pln_avro_warning *out);

/*
 * Free the list. NULL is allowed.
 *
 * Errors: none.
 * Owner: the list is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_lint_free(pln_avro_lint *lint);

/*
 * The columns that hold values of this schema, a struct: pln-avro(7) has the table. A schema that is no record becomes one column "value".
 *
 * Errors: PLN_EUNSUPPORTED names the path of what has no column type: a type that contains itself, a decimal of more than 38 digits, a union or enum of
 * nothing; PLN_ELIMIT; PLN_ENOMEM.
 * Owner: *out is yours; call its release.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_arrow(pln_runtime *runtime, const pln_avro_schema *schema,
                                         struct ArrowSchema *out, pln_error *err);

/*
 * The record named `name` ("com.example.Order") that holds rows of these columns. A nullable column is a union with null whose default is null.
 *
 * Errors: PLN_EINVAL names a column whose name is none in Avro, or a bad `name`; PLN_EUNSUPPORTED for a union of two lists and its like; PLN_ELIMIT; PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_avro_schema_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_schema_from_arrow(pln_runtime *runtime,
                                              const struct ArrowSchema *columns, const char *name,
                                              pln_avro_schema **out, pln_error *err);

/*
 * The type of the schema itself.
 *
 * Errors: none.
 * Owner: the schema's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_avro_type *pln_avro_schema_root(const pln_avro_schema *schema);

/*
 * A type that is defined in the schema, by its full name; NULL if none is.
 *
 * Errors: none.
 * Owner: the schema's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_avro_type *pln_avro_schema_find(const pln_avro_schema *schema,
                                                  const char *full_name);

/*
 * What a type is. Set out->struct_size first. Types form a graph: a record may hold itself, so walk with care.
 *
 * Errors: none.
 * Owner: the texts are the schema's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_avro_type_info_get(const pln_avro_type *type, pln_avro_type_info *out);

/*
 * A branch of a union, the type of a field, the items of an array or the values of a map (index 0); NULL past the end.
 *
 * Errors: none.
 * Owner: the schema's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_avro_type *pln_avro_type_child(const pln_avro_type *type, int32_t index);

/*
 * A field of a record. Set out->struct_size first.
 *
 * Errors: PLN_EINVAL past the end.
 * Owner: the texts are the schema's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_type_field(const pln_avro_type *type, int32_t index,
                                       pln_avro_field_info *out);

/*
 * A member of the definition of a type, or of its field number `field` (-1: the type's own), as JSON text: "default", or a property of somebody's
 * own. *json is NULL where there is none.
 *
 * Errors: PLN_EINVAL for a field past the end; PLN_ENOMEM.
 * Owner: *json is yours; free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_type_property(pln_runtime *runtime, const pln_avro_type *type,
                                          int32_t field, const char *key, char **json,
                                          pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
