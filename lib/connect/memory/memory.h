/*
 * Room connect/memory: tables of the program and Arrow streams as sources and sinks.
 *
 * Job: stages memory.read, memory.write and arrow.read, and the table behind <pln/table.h>.
 * Must not know: runs, graphs (a table's pulling stream gets its run as two functions).
 * Invariants: a batch in a table is never changed; rows of an epoch reach a table when the epoch commits, all or none.
 */
#ifndef PLN__CONNECT_MEMORY_H
#define PLN__CONNECT_MEMORY_H

#include "column/column.h"
#include <pln/plugin.h>

struct pln_table {
    const pln_allocator *mem;
    pln__schema *schema; /* NULL while not known */
    pln_batch **batches;
    int64_t count, capacity;
    int64_t dropped_rows;    /* rows of batches that were dropped from the front */
    bool closed;
};
typedef struct pln_table pln__table;

/* What a stage's option 'table' is bound to; NULL with err filled if it is bound to nothing. */
pln__table *pln__table_bound(pln_context *ctx, const pln_config *config, pln_error *err);
pln_status pln__table_append(pln__table *table, pln_batch *batch, pln_error *err);
pln_status pln__connect_memory_register(const pln_host *host, pln_registry *registry,
                                        pln_error *err);

#endif
