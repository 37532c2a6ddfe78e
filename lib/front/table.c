#include "connect/memory/memory.h"
#include "front/front.h"
#include "run/run.h"
#include <pln/table.h>

pln_status pln_table_new(pln_runtime *runtime, const struct ArrowSchema *schema, pln_table **out,
                         pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = runtime->mem;
    struct ArrowSchema copy = {0};
    pln__table *table = pln__calloc(mem, 1, sizeof *table);
    *out = NULL;
    if (table == NULL)
        return pln__error_memory(err, sizeof *table);
    table->mem = mem;
    if (schema != NULL) {
        PLN__TRY(pln__schema_check(schema, err));
        PLN__TRY(pln__schema_copy(mem, schema, &copy, err));
        PLN__TRY(pln__schema_share(mem, &copy, &table->schema, err));
    }
    *out = table;
    return PLN_OK;
out:
    pln__free(mem, table, sizeof *table);
    return status;
}

void pln_table_free(void *handle) {
    pln__table *table = handle;
    if (table == NULL)
        return;
    pln_table_drop(table, table->count);
    pln__schema_unref(table->schema);
    pln__free(table->mem, table->batches, (uint64_t)table->capacity * sizeof *table->batches);
    pln__free(table->mem, table, sizeof *table);
}

pln_status pln_table_append(pln_table *table, pln_batch *batch, pln_error *err) {
    if (table->closed)
        return pln__error_set(err, PLN_ESTATE, "table: it is closed");
    if (table->schema != NULL &&
        !pln__schema_equal(pln__schema_get(table->schema), pln_batch_schema(batch))) {
        pln__text text;
        pln__text_init(&text, table->mem);
        pln__schema_difference(pln__schema_get(table->schema), pln_batch_schema(batch), &text);
        pln_status status =
            pln__error_set(err, PLN_ETYPE, "table: the batch has another schema: %s",
                           text.data == NULL ? "" : text.data);
        pln__text_free(&text);
        return status;
    }
    return pln__table_append(table, batch, err);
}

void pln_table_close(pln_table *table) {
    table->closed = true;
}

int64_t pln_table_count(const pln_table *table) {
    return table->count;
}

int64_t pln_table_rows(const pln_table *table) {
    int64_t rows = 0;
    for (int64_t i = 0; i < table->count; i++)
        rows += pln_batch_rows(table->batches[i]);
    return rows;
}

pln_batch *pln_table_batch(const pln_table *table, int64_t index) {
    return index < 0 || index >= table->count ? NULL : table->batches[index];
}

void pln_table_drop(pln_table *table, int64_t n) {
    if (n > table->count)
        n = table->count;
    for (int64_t i = 0; i < n; i++) {
        table->dropped_rows += pln_batch_rows(table->batches[i]);
        pln_batch_unref(table->batches[i]);
    }
    table->count -= n > 0 ? n : 0;
    if (n > 0 && table->count > 0)
        memmove(table->batches, table->batches + n, (size_t)table->count * sizeof *table->batches);
}

typedef struct pull {
    pln__table *table;
    pln_run *run;
} pull;

static pln_status pull_step(pull *p, pln_error *err) {
    pln_wait_fd fds[64];
    const pln_clock *clock = pln__run_clock(p->run);
    int64_t wake = INT64_MAX;
    pln_status status = pln_run_step(p->run, 0, &wake, err);
    if (status == PLN_AGAIN)
        clock->wait(clock->user, fds, pln_run_wait_fds(p->run, fds, 64), wake);
    return status;
}

static pln_status pull_next(void *user, pln_batch **out, pln_error *err) {
    pull *p = user;
    pln_status status = PLN_OK;
    while (p->table->count == 0 && p->run != NULL && status != PLN_EOS) {
        status = pull_step(p, err);
        if (status < 0)
            return status;
    }
    if (p->table->count == 0)
        return PLN_EOS;
    *out = pln_batch_ref(p->table->batches[0]);
    pln_table_drop(p->table, 1);
    return PLN_OK;
}

static void pull_free(void *user) {
    pull *p = user;
    pln__free(p->table->mem, p, sizeof *p);
}

pln_status pln_table_stream(pln_table *table, pln_run *run, struct ArrowArrayStream *stream,
                            pln_error *err) {
    pln_status status = PLN_OK;
    while (table->schema == NULL && run != NULL && status != PLN_EOS) {
        pull once = {table, run};
        status = pull_step(&once, err);
        if (status < 0)
            return status;
    }
    if (table->schema == NULL)
        return pln__error_set(err, PLN_ESTATE, "table: its schema is not known yet");
    pull *p = pln__alloc(table->mem, sizeof *p);
    if (p == NULL)
        return pln__error_memory(err, sizeof *p);
    *p = (pull){table, run};
    pln__stream_source source = {table->schema, pull_next, pull_free, p};
    return pln__stream_export(table->mem, &source, stream, err);
}
