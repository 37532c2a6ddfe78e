#include "connect/memory/memory.h"

extern const pln_source pln__memory_read, pln__arrow_read;
extern const pln_sink pln__memory_write;

pln__table *pln__table_bound(pln_context *ctx, const pln_config *config, pln_error *err) {
    pln__table *table = ctx->host->config_handle(config, "table");
    if (table == NULL)
        pln__error_set(err, PLN_EOPTION, "option 'table': expected a bound pln_table");
    return table;
}

pln_status pln__table_append(pln__table *table, pln_batch *batch, pln_error *err) {
    pln_status status = pln__grow(table->mem, &table->batches, &table->capacity, table->count + 1,
                                  sizeof *table->batches, err);
    if (status < 0)
        return status;
    if (table->schema == NULL)
        table->schema = pln__schema_ref(pln__batch_schema_ref(batch));
    table->batches[table->count++] = pln_batch_ref(batch);
    return PLN_OK;
}

pln_status pln__connect_memory_register(const pln_host *host, pln_registry *registry,
                                        pln_error *err) {
    pln_status status = host->register_stage(registry, PLN_SOURCE, &pln__memory_read, NULL, err);
    if (status >= 0)
        status = host->register_stage(registry, PLN_SINK, &pln__memory_write, NULL, err);
    if (status >= 0)
        status = host->register_stage(registry, PLN_SOURCE, &pln__arrow_read, NULL, err);
    return status;
}
