/*
 * Room registry: schemas with a history.
 *
 * Job: the handle of a schema registry with its cache, the rules of registering, deleting and levels, and where embedded registries keep what they know: a
 * state file or a directory. A server behind HTTP is a plugin that answers the same table.
 * Must not know: graphs, runs, how a backend was found.
 * Invariants: an id never means two schemas; a version that does not fit is never stored; a crash leaves the registry as it was before or after
 * a call; a name in a location's data is never a path.
 */
#ifndef PLN__REGISTRY_H
#define PLN__REGISTRY_H

#include "schema/avro.h"
#include <pln/plugin.h>
#include <pln/schema_registry.h>

/* ---- handles (schema_registry.c) ---- */

/* What room graph found: a table that is open. `release(ctx)` is called at the end, after the table's close; both also when the handle cannot be made. */
typedef struct pln__registry_opened {
    const pln_allocator *mem;
    pln_schema_registry_table table; /* in full size */
    void *self;
    pln_context *ctx;
    void (*release)(pln_context *ctx);
    const char *location;
} pln__registry_opened;
pln_status pln__schema_registry_new(const pln__registry_opened *opened, pln_schema_registry **out,
                                    pln_error *err);

/* ---- schemas out of several (assemble.c) ---- */

#define PLN__REFERENCES_MAX 256

/* How a schema with its references is found and parsed. find answers with a lent entry; kept (counted, or NULL) and keep may be NULL. */
typedef struct pln__assembly {
    const pln_allocator *mem;
    void *user;
    pln_status (*find)(void *user, const char *subject, int32_t version, pln_schema_entry *out,
                       pln_error *err);
    pln_avro_schema *(*kept)(void *user, int64_t id);
    pln_status (*keep)(void *user, int64_t id, pln_avro_schema *schema, pln_error *err);
    int64_t cost;
    bool lax; /* `entry` comes from a registry, though it may have no id */
} pln__assembly;
/* `entry` may have been lent by find. depth 0 for the first one. */
pln_status pln__assemble(pln__assembly *assembly, const pln_schema_entry *entry, int32_t depth,
                         pln_avro_schema **out, pln_error *err);

/* A list of references that owns its texts. */
typedef struct pln__references {
    pln_schema_reference *at;
    int64_t n;
} pln__references;
pln_status pln__references_copy(const pln_allocator *mem, const pln_schema_reference *from,
                                int64_t n, pln__references *out, pln_error *err);
void pln__references_free(const pln_allocator *mem, pln__references *references);
/* [{"name":"a.B","subject":"b-value","version":1}] and back; "" for none. */
void pln__references_text(const pln__references *references, pln__text *out);
pln_status pln__references_parse(const pln_allocator *mem, const char *text, pln__references *out,
                                 pln_error *err);

/* ---- embedded backends ---- */

/* registry.sqlite and registry.directory; `runtime` checks compatibility. */
pln_status pln__registry_register(const pln_host *host, pln_registry *registry,
                                  pln_runtime *runtime, pln_error *err);

/* The error of a registry: `native` is the code that servers give. */
pln_status pln__registry_fail(pln_error *err, pln_status status, int64_t native, const char *format,
                              ...) PLN__PRINTF(4, 5);

#endif
