/*
 * A reference that comes by a port: rows of the port "in" wait until it is complete, which is at its end of input ("once") or at the end of the epoch ("epoch").
 * What waits has no fate but "absorbed", so it is not rejected later: rows that are kept apart go to the port "quarantine".
 */
#include "stage/check_stage.h"

/* Whole tables of an epoch beside all rows of a run would compare what does not belong together. */
static pln_status check_scopes(const check_stage *s, pln_error *err) {
    for (int32_t i = 0; i < pln_suite_count(s->suite) && !s->once; i++) {
        pln_check check = {.struct_size = sizeof check};
        (void)pln_suite_check(s->suite, i, &check);
        if (pln__suite_refers(s->suite, i) && !check.by_row && !pln__suite_by_epoch(s->suite, i))
            return pln__error_set(err, PLN_EOPTION,
                                  "check %s: a reference of each epoch needs \"scope\": \"epoch\"",
                                  check.id);
    }
    return PLN_OK;
}

pln_status pln__check_wait_open(check_stage *s, pln_context *ctx, const pln_config *config,
                                pln_error *err) {
    const pln_host *host = ctx->host;
    const char *name = host->config_text(config, "reference"), *known = NULL;
    pln_status status = PLN_OK;
    if (name == NULL)
        return PLN_OK;
    s->once = strcmp(host->config_text(config, "refresh"), "once") == 0;
    s->wait_rows = host->config_int(config, "wait_rows");
    if (s->wait_rows < 1)
        PLN__FAIL(err, PLN_EOPTION, "wait_rows: expected 1 or more, got %lld",
                  (long long)s->wait_rows);
    if (s->own == NULL)
        PLN__FAIL(err, PLN_EOPTION, "reference: only with 'suite', which is the stage's own");
    for (int64_t i = 0; (known = pln__suite_table(s->suite, i)) != NULL; i++)
        if (strcmp(known, name) == 0)
            break;
    if (known == NULL)
        PLN__FAIL(err, PLN_EOPTION, "reference: no check of the suite refers to '%s'", name);
    PLN__TRY(check_scopes(s, err));
    PLN__TRY(pln__stage_text(s->mem, name, &s->table, err));
    if (s->once)
        PLN__TRY(host->lacks(ctx,
                             "check: a reference that is read once is kept in memory, not in "
                             "the state file (refresh)",
                             err));
out:
    return status;
}

void pln__check_wait_close(check_stage *s, pln_context *ctx) {
    for (int64_t i = 0; i < s->n_waiting; i++)
        ctx->host->batch_unref(s->waiting[i]);
    pln__free(s->mem, s->waiting, (uint64_t)s->waiting_capacity * sizeof(pln_batch *));
    pln__reading_free(s->reading);
    pln__schema_release(&s->referred_schema);
    pln__strfree(s->mem, s->table);
}

static pln_status begin(check_stage *s, pln_error *err) {
    if (s->reading != NULL)
        return PLN_OK;
    return pln__reading_new(s->own, s->table, &s->referred_schema, &s->reading, err);
}

/* All that was read is the reference from now on. */
static pln_status complete(check_stage *s, pln_error *err) {
    pln_status status = begin(s, err);
    if (status == PLN_OK)
        status = pln__reading_end(s->reading, err);
    pln__reading_free(s->reading);
    s->reading = NULL;
    return status;
}

pln_status pln__check_wait_schema(check_stage *s, const struct ArrowSchema *schema,
                                  pln_error *err) {
    pln_status status;
    if (schema == NULL)
        return pln__error_set(err, PLN_EOPTION,
                              "reference: nothing is wired to the port reference");
    s->referred = false;
    pln__reading_free(s->reading);
    s->reading = NULL;
    pln__schema_release(&s->referred_schema);
    PLN__TRY(pln__schema_copy(s->mem, schema, &s->referred_schema, err));
    PLN__TRY(complete(s, err));
out:
    return status;
}

/* Rows that waited, now that they need not. Queries have copies of the tables: they begin anew, and nothing was added to them yet. */
static pln_status go_on(check_stage *s, pln_context *ctx, pln_error *err) {
    pln_status status;
    PLN__TRY(complete(s, err));
    PLN__TRY(pln__validation_forget(s->validation, s->once, err));
    s->late = true;
    for (int64_t i = 0; i < s->n_waiting && status >= 0; i++)
        status = pln__check_rows(s, ctx, s->waiting[i], err);
    s->late = false;
    for (int64_t i = 0; i < s->n_waiting; i++)
        ctx->host->batch_unref(s->waiting[i]);
    s->n_waiting = s->rows_waiting = 0;
out:
    return status;
}

pln_status pln__check_wait(check_stage *s, pln_context *ctx, int32_t port, pln_batch *batch,
                           pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_status status;
    if (port == PLN__CHECK_REFERENCE) {
        PLN__TRY(begin(s, err));
        return pln__reading_add(s->reading, rows, err);
    }
    if (rows->length > s->wait_rows - s->rows_waiting)
        return pln__error_set(err, PLN_ELIMIT,
                              "reference: more than %lld rows wait for it (wait_rows)",
                              (long long)s->wait_rows);
    PLN__TRY(pln__grow(s->mem, &s->waiting, &s->waiting_capacity, s->n_waiting + 1,
                       sizeof(pln_batch *), err));
    s->waiting[s->n_waiting++] = ctx->host->batch_ref(batch);
    s->rows_waiting += rows->length;
out:
    return status;
}

pln_status pln__check_wait_finish(check_stage *s, pln_context *ctx, pln_error *err) {
    if (!s->once || s->referred)
        return PLN_OK;
    s->referred = true;
    return go_on(s, ctx, err);
}

pln_status pln__check_wait_drain(check_stage *s, pln_context *ctx, pln_error *err) {
    return s->once ? PLN_OK : go_on(s, ctx, err);
}
