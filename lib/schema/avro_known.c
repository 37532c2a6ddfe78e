#include "schema/avro_internal.h"

/*
 * A type of a known schema is copied into the one that uses it, so that numbers of types are dense and the printed text needs no other.
 * Definitions and names stay in the known schema's memory, which is held. Types are a graph: the copy goes by a list of what is still to
 * be filled in, never by recursion.
 */
typedef struct pln__avro_clash {
    const pln__avro_schema *from;
    const pln__avro_type *ours, *theirs;
} pln__avro_clash;

typedef struct import {
    pln__avro_schema *schema;
    const pln__avro_schema *from;
    pln__avro_type **made; /* for each type of `from` */
    pln__avro_type **todo; /* shells whose inner types are still those of `from` */
    int64_t n_todo;
    pln_error *err;
} import;

/* Whether the two say the same can be asked only when both are whole. */
static pln_status note_clash(import *im, const pln__avro_type *ours, const pln__avro_type *theirs) {
    pln__avro_schema *schema = im->schema;
    if (ours->definition == theirs->definition)
        return PLN_OK;
    pln_status status = pln__grow(schema->mem, &schema->clashes, &schema->clash_capacity,
                                  schema->n_clashes + 1, sizeof *schema->clashes, im->err);
    if (status >= 0)
        schema->clashes[schema->n_clashes++] = (pln__avro_clash){im->from, ours, theirs};
    return status;
}

static pln_status import_type(import *im, const pln__avro_type *type, const pln__avro_type **out) {
    *out = im->made[type->index];
    if (*out != NULL)
        return PLN_OK;
    if (type->full_name != NULL)
        *out = pln__avro_name_get(im->schema, type->full_name);
    if (*out != NULL)
        return note_clash(im, *out, type);
    pln__avro_type *copy = pln__avro_type_new(im->schema, type->kind, type->definition, im->err);
    *out = copy;
    if (copy == NULL)
        return PLN_ENOMEM;
    int32_t index = copy->index;
    *copy = *type;
    copy->index = index;
    im->made[type->index] = copy;
    im->todo[im->n_todo++] = copy;
    return type->full_name == NULL ? PLN_OK : pln__avro_name_put(im->schema, copy, im->err);
}

static pln_status import_fields(import *im, pln__avro_type *type) {
    pln_status status = PLN_OK;
    pln__avro_field *fields = pln__arena_new(&im->schema->arena, type->n_fields, sizeof *fields);
    if (fields == NULL)
        return pln__error_memory(im->err, 1);
    for (int32_t i = 0; i < type->n_fields && status >= 0; i++) {
        fields[i] = type->fields[i];
        status = import_type(im, type->fields[i].type, &fields[i].type);
    }
    type->fields = fields;
    return status;
}

static pln_status import_branches(import *im, pln__avro_type *type) {
    pln_status status = PLN_OK;
    const pln__avro_type **branches =
        pln__arena_new(&im->schema->arena, type->n_branches, sizeof *branches);
    if (branches == NULL)
        return pln__error_memory(im->err, 1);
    for (int32_t i = 0; i < type->n_branches && status >= 0; i++)
        status = import_type(im, type->branches[i], &branches[i]);
    type->branches = branches;
    return status;
}

static pln_status fill(import *im, pln__avro_type *type) {
    if (type->items != NULL)
        return import_type(im, type->items, &type->items);
    if (type->n_branches > 0)
        return import_branches(im, type);
    return type->n_fields > 0 ? import_fields(im, type) : PLN_OK;
}

static pln_status import_from(pln__avro_schema *schema, const pln__avro_schema *from,
                              const pln__avro_type *type, const pln__avro_type **out,
                              pln_error *err) {
    uint64_t n = (uint64_t)from->n_types;
import im = {.schema = schema, .from = from, .err = err };
    im.made = pln__calloc(schema->mem, n, sizeof(void *));
    im.todo = pln__calloc(schema->mem, n, sizeof(void *));
    pln_status status = im.made == NULL || im.todo == NULL ? pln__error_memory(err, n)
                                                           : import_type(&im, type, out);
    for (int64_t i = 0; i < im.n_todo && status >= 0; i++)
        status = fill(&im, im.todo[i]);
    pln__free(schema->mem, im.made, n * sizeof(void *));
    pln__free(schema->mem, im.todo, n * sizeof(void *));
    return status;
}

pln_status pln__avro_import(pln__avro_schema *schema, const pln__avro_parse_options *options,
                            const char *full_name, const pln__avro_type **out, pln_error *err) {
    *out = NULL;
    for (int64_t i = 0; i < options->n_known; i++) {
        const pln__avro_type *type = pln__avro_name_get(options->known[i], full_name);
        if (type != NULL)
            return import_from(schema, options->known[i], type, out, err);
    }
    return PLN_OK;
}

pln_status pln__avro_check_clashes(const pln__avro_schema *schema, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < schema->n_clashes && status >= 0; i++) {
        const pln__avro_clash *clash = &schema->clashes[i];
        bool equal;
        status =
            pln__avro_types_equal(schema, clash->ours, clash->from, clash->theirs, &equal, err);
        if (status >= 0 && !equal)
            status = pln__error_set(err, PLN_ESYNTAX,
                                    "Avro schema: the type %s is not what a known schema that it "
                                    "refers to means by that name",
                                    clash->ours->full_name);
    }
    return status;
}

void pln__avro_drop_clashes(pln__avro_schema *schema) {
    pln__free(schema->mem, schema->clashes,
              (uint64_t)schema->clash_capacity * sizeof *schema->clashes);
    schema->clashes = NULL;
    schema->n_clashes = schema->clash_capacity = 0;
}

/* The walk that printing takes: into a named type only where it comes first. */
typedef struct nesting {
    uint8_t *seen;
    int32_t depth;
    const pln__avro_type *deepest;
} nesting;

static bool too_deep(nesting *n, const pln__avro_type *type) {
    bool found = false;
    if (pln__avro_is_named(type->kind) && pln__bit_get(n->seen, type->index))
        return false;
    pln__bit_set(n->seen, type->index);
    if (n->depth == PLN__NESTING_MAX)
        return true;
    n->depth++;
    if (type->items != NULL)
        found = too_deep(n, type->items);
    for (int32_t i = 0; i < type->n_branches && !found; i++)
        found = too_deep(n, type->branches[i]);
    for (int32_t i = 0; i < type->n_fields && !found; i++)
        found = too_deep(n, type->fields[i].type);
    n->depth--;
    return found;
}

pln_status pln__avro_check_nesting(const pln__avro_schema *schema, pln_error *err) {
    uint64_t bytes = (uint64_t)schema->n_types / 8 + 1;
    nesting n = {.seen = pln__calloc(schema->mem, bytes, 1)};
    if (n.seen == NULL)
        return pln__error_memory(err, bytes);
    bool found = too_deep(&n, schema->root);
    pln__free(schema->mem, n.seen, bytes);
    return found ? pln__error_set(err, PLN_ELIMIT,
                                  "Avro schema: with the types it refers to it is nested more than "
                                  "%d deep",
                                  PLN__NESTING_MAX)
                 : PLN_OK;
}
