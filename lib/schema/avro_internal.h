/*
 * What the sources of the Avro schema model share.
 */
#ifndef PLN__SCHEMA_AVRO_INTERNAL_H
#define PLN__SCHEMA_AVRO_INTERNAL_H

#include "schema/avro.h"
#include "schema/document.h"
#include <stdatomic.h>

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
