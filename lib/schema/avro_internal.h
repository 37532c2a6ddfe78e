/*
 * What the sources of the Avro schema model share: an arena, the JSON document with its numbers as they were written, the schema itself.
 */
#ifndef PLN__SCHEMA_AVRO_INTERNAL_H
#define PLN__SCHEMA_AVRO_INTERNAL_H

#include "schema/avro.h"
#include <stdatomic.h>

/* ---- arena (arena.c): blocks of 8-byte alignment that go all at once ---- */

typedef struct pln__arena_chunk pln__arena_chunk;
typedef struct pln__arena {
    const pln_allocator *mem;
    pln__arena_chunk *chunks;
} pln__arena;
/* Zeroed; NULL: no memory. */
void *pln__arena_new(pln__arena *arena, int64_t count, int64_t size);
/* A copy with a NUL behind it. */
char *pln__arena_copy(pln__arena *arena, const char *bytes, int64_t size);
void pln__arena_free(pln__arena *arena);

/* ---- the JSON document (document.c, document_text.c) ---- */

typedef pln__avro_json json;
enum { J_NULL, J_FALSE, J_TRUE, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT };
struct pln__avro_json {
    int32_t kind;
    int32_t size;      /* bytes of text; children of an array or object */
    const char *text;  /* a string (may hold NULs; one follows), or a number as it was written */
    const char *key;   /* of a member of an object */
    int32_t key_size;
    json *up, *first, *next; /* up: what holds it; it gives every node its path */
};

/* Nesting of the text; a schema nested 64 deep has about four levels of JSON for each of its own. */
#define PLN__DOC_NESTING_MAX 300
/* One value and nothing else; keys of an object are unique. PLN_ESYNTAX with line and column. */
pln_status pln__doc_parse(pln__arena *arena, const char *text, int64_t size, json **out,
                          pln_error *err);
/* NULL: no object, or no such member. */
const json *pln__doc_get(const json *object, const char *key);
/* The same, looking from `*hint` on (NULL: from the first): fast where members come in the order they are asked for. */
const json *pln__doc_next(const json *object, const char *key, const json **hint);
/* The member of `object` with the key of `like`, looked for from `hint` on. */
const json *pln__doc_like(const json *object, const json *like, const json *hint);
static inline bool pln__doc_is(const json *member, const char *key) {
    size_t size = strlen(key);
    return (size_t)member->key_size == size && memcmp(member->key, key, size) == 0;
}
/* The text of a string without NULs; NULL: it is none. */
const char *pln__doc_string(const json *value);
/* An integer without fraction and exponent that fits. */
bool pln__doc_int(const json *value, int64_t *out);
static inline bool pln__doc_absent(const json *value) {
    return value == NULL || value->kind == J_NULL;
}
/* Numbers by value, members in any order. */
bool pln__doc_equal(const json *a, const json *b);
/* "$.fields[3].type". */
void pln__doc_path(const json *node, pln__text *out);

/* ---- the schema ---- */

struct pln_avro_schema {
    const pln_allocator *mem;
    _Atomic int32_t references;
    pln__arena arena;
    const json *document;
    const pln__avro_type *root;
    pln__avro_type **types;
    int64_t n_types, capacity;
    pln__map *names; /* full name -> index in types */
    const pln__avro_schema **known; /* whose documents types here point into */
    int64_t n_known;
    struct pln__avro_clash *clashes; /* while parsing: types of known schemas whose name was there already */
    int64_t n_clashes, clash_capacity;
};

/* Fills err with "Avro schema, <path>, <fields>: <reason>". */
pln_status pln__avro_refuse(const pln__avro_schema *schema, const json *at, pln_status code,
                            pln_error *err, const char *format, ...) PLN__PRINTF(5, 6);
/* [A-Za-z_][A-Za-z0-9_]*, or several of them joined by dots. */
bool pln__avro_name_ok(const char *name, bool dotted);
static inline bool pln__avro_is_named(int32_t kind) {
    return kind == PLN__AVRO_RECORD || kind == PLN__AVRO_ENUM || kind == PLN__AVRO_FIXED;
}
/* Sets logical, precision and scale by the definition; a logical type that does not fit is none. */
void pln__avro_set_logical(pln__avro_type *type);

/* CRC-64-AVRO of any bytes. */
uint64_t pln__avro_crc64(const void *bytes, int64_t size);

/* ---- defaults (avro_default.c) ---- */

/* What checking all defaults of one schema may cost, in bytes and steps: types that hold a type twice grow by powers of two. */
#define PLN__AVRO_DEFAULT_COST (int64_t)(4 << 20)
/* Whether the value fits, and if not why, in err. */
pln_status pln__avro_default_check(const pln__avro_schema *schema, const pln__avro_type *type,
                                   const json *value, int64_t *budget, pln_error *err);

/* ---- comparing (avro_equal.c) ---- */

/* As pln_avro_schema_equal says; a type and one of another schema. PLN_ENOMEM. */
pln_status pln__avro_types_equal(const pln__avro_schema *a, const pln__avro_type *x,
                                 const pln__avro_schema *b, const pln__avro_type *y, bool *equal,
                                 pln_error *err);

/* ---- known types (avro_known.c) ---- */

/*
 * The type of that full name out of the known schemas, copied into `schema` with all that it holds; NULL: none knows it. A type that is there
 * already by its name stays.
 */
pln_status pln__avro_import(pln__avro_schema *schema, const pln__avro_parse_options *options,
                            const char *full_name, const pln__avro_type **out, pln_error *err);
/* PLN_ESYNTAX where a copied type uses a name for which the schema has another type. */
pln_status pln__avro_check_clashes(const pln__avro_schema *schema, pln_error *err);
void pln__avro_drop_clashes(pln__avro_schema *schema);
/* PLN_ELIMIT where copies make a schema nest deeper than a text of its own may. */
pln_status pln__avro_check_nesting(const pln__avro_schema *schema, pln_error *err);
/* A zeroed type, numbered. */
pln__avro_type *pln__avro_type_new(pln__avro_schema *schema, int32_t kind, const json *definition,
                                   pln_error *err);
pln_status pln__avro_name_put(pln__avro_schema *schema, const pln__avro_type *type, pln_error *err);
const pln__avro_type *pln__avro_name_get(const pln__avro_schema *schema, const char *full_name);

#endif
