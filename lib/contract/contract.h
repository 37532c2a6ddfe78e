/*
 * Room contract: data contracts.
 *
 * Job: read contracts of the Open Data Contract Standard, hold them to its rules, compare them, and make of them a schema, a suite of checks, and a list of what
 * neither says (<pln/contract.h>, <pln/contract_diff.h>).
 * Must not know: nodes, files, how a suite is evaluated.
 * Invariants: a document is hostile - its size, nesting and what its aliases make of it are limited before anything is built; every rule of a document is in
 * the suite or in the list of what is not evaluated; the same document gives the same texts.
 */
#ifndef PLN__CONTRACT_H
#define PLN__CONTRACT_H

#include "schema/document.h"
#include <pln/contract.h>
#include <pln/contract_diff.h>

/* A schema nested deeper has no columns anyhow; calls here recur with it. */
#define PLN__CONTRACT_NESTING_MAX 100

/* Versions of the standard, as bits. */
enum { V310 = 1, V302 = 2, BOTH = V310 | V302 };

struct pln_contract {
    const pln_allocator *mem;
    pln__arena arena;
    const json *document;
    pln_contract_problem *problems;
    int64_t n, capacity, errors;
    int32_t most; /* problems that are listed */
    int32_t rules; /* V310 or V302 */
    uint32_t flags;
};

static inline const json *pln__element_json(const pln_contract_element *element) {
    return (const json *)(const void *)element;
}
static inline const pln_contract_element *pln__element_of(const json *node) {
    return (const pln_contract_element *)(const void *)node;
}

/* pln_contract_parse for who has an allocator and no runtime; its texts go with pln__strfree. */
pln_status pln__contract_read(const pln_allocator *mem, const char *bytes, int64_t size,
                              const pln_contract_options *options, pln_contract **out,
                              pln_error *err);
/* PLN_ESTATE if it has errors. */
pln_status pln__contract_usable(const pln_contract *contract, pln_error *err);
/* The object, or PLN_ENAME. */
pln_status pln__contract_object(const pln_contract *contract, const char *name, const json **out,
                                pln_error *err);
static inline const char *pln__contract_text(const json *object, const char *key) {
    return pln__doc_string(pln__doc_get(object, key));
}
static inline bool pln__contract_flag(const json *object, const char *key) {
    const json *value = pln__doc_get(object, key);
    return value != NULL && value->kind == J_TRUE;
}
/* The nearest double of a number; false: it is none. */
bool pln__contract_number(const json *value, double *out);
/* "name", or "physicalName" where the contract's flags say so. */
const char *pln__contract_column(const pln_contract *contract, const json *property);
/* Whether `name` of `size` bytes is its name or physical name. */
bool pln__contract_is_named(const json *element, const char *name, int64_t size);
/* Seconds of `value` `unit`, -1: none. */
int64_t pln__contract_seconds(const json *sla);

/*
 * What keeps a table with the columns `found` from the contract: a column of `expected` (pln_contract_schema) that is not there, is of a type that has values
 * which are none of the expected one, or, inside of arrays and objects, may be null where it must not; there no check looks. Columns that the contract does
 * not know are nobody's business. `each` is told of every misfit; what it answers below 0 ends the walk.
 */
typedef struct pln__contract_misfit {
    const char *column; /* "address.zip", "lines[].sku" */
    const char *expected;
    const char *found;
} pln__contract_misfit;
pln_status pln__contract_fit(const pln_allocator *mem, const struct ArrowSchema *expected,
                             const struct ArrowSchema *found,
                             pln_status (*each)(void *user, const pln__contract_misfit *misfit),
                             void *user);

/* ---- YAML (yaml.c, yaml_scalar.c) ---- */

/* The document as JSON; nodes and bytes, aliases copied, stay within `size_max`. */
pln_status pln__yaml_parse(pln__arena *arena, const char *text, int64_t size, int64_t size_max,
                           json **out, pln_error *err);
/* A plain scalar by the core schema of YAML 1.2. Sets kind, and the text of a number. PLN_EUNSUPPORTED: a number that JSON has not. */
pln_status pln__yaml_scalar(pln__arena *arena, const char *text, int64_t size, json *node);

/* ---- what texts are (match.c) ---- */

bool pln__match_id(const char *text, int64_t size);
/* "object.property", or "section/id/properties/id" with or without a file before it. */
bool pln__match_shorthand(const char *text, int64_t size);
bool pln__match_reference(const char *text, int64_t size);
bool pln__match_uri(const char *text, int64_t size);

#endif
