#include "stage/stage.h"

pln_status pln__picks_begin(pln__picks *picks, int64_t rows, pln_error *err) {
    picks->n = picks->n_rejections = picks->failures.count = 0;
    return pln__grow(picks->mem, &picks->rows, &picks->capacity, rows + 1, sizeof *picks->rows,
                     err);
}

pln_status pln__picks_reject_failures(pln__picks *picks, pln_context *ctx, pln_batch *batch,
                                      const char *column, pln_error *err) {
    const pln__expr_failures *failures = &picks->failures;
    if (failures->count == 0)
        return PLN_OK;
    pln_status status = pln__grow(picks->mem, &picks->rejections, &picks->rejections_capacity,
                                  failures->count, sizeof *picks->rejections, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < failures->count; i++) {
        const pln__expr_failure *failure = &failures->items[i];
        picks->rejections[i] =
            (pln_rejection){failure->row, failure->code, 0, column, failure->message};
    }
    return ctx->host->reject(ctx, batch, picks->rejections, failures->count, err);
}

void pln__picks_unfailed(pln__picks *picks, int64_t rows) {
    int64_t next = 0;
    picks->n = 0;
    for (int64_t row = 0; row < rows; row++) {
        if (next < picks->failures.count && picks->failures.items[next].row == row)
            next++;
        else
            picks->rows[picks->n++] = (int32_t)row;
    }
}

pln_status pln__picks_emit(const pln__picks *picks, pln_context *ctx, int32_t port,
                           pln_batch *batch, pln_error *err) {
    pln_batch *out = NULL;
    if (picks->n == 0)
        return PLN_OK;
    if (picks->n == ctx->host->batch_array(batch)->length)
        return ctx->host->emit(ctx, port, ctx->host->batch_ref(batch), err);
    pln_status status =
        ctx->host->batch_derive(ctx, port, batch, picks->rows, picks->n, NULL, &out, err);
    return status < 0 ? status : ctx->host->emit(ctx, port, out, err);
}

void pln__picks_free(pln__picks *picks) {
    pln__free(picks->mem, picks->rows, (uint64_t)picks->capacity * sizeof *picks->rows);
    pln__free(picks->mem, picks->rejections,
              (uint64_t)picks->rejections_capacity * sizeof *picks->rejections);
    pln__expr_failures_free(picks->mem, &picks->failures);
}

pln_status pln__stage_compile(pln_context *ctx, const char *option, const char *text,
                              const struct ArrowSchema *in, pln__expr **out, pln_error *err) {
    pln__expr_options options = {pln__cpu_features(), 0};
    pln_status status = pln__expr_compile(ctx->host->allocator(ctx), text, in, &options, out, err);
    if (status < 0)
        pln__error_prefix(err, "%s", option);
    return status;
}

pln_status pln__stage_condition(pln_context *ctx, const char *option, const char *text,
                                const struct ArrowSchema *in, pln__expr **out, pln_error *err) {
    pln_status status = pln__stage_compile(ctx, option, text, in, out, err);
    if (status >= 0 && (status = pln__expr_check_condition(*out, err)) < 0)
        pln__error_prefix(err, "%s", option);
    return status;
}

pln_status pln__stage_text(const pln_allocator *mem, const char *text, char **out, pln_error *err) {
    *out = pln__strdup(mem, text);
    return *out == NULL ? pln__error_memory(err, strlen(text) + 1) : PLN_OK;
}

pln_status pln__stage_register(const pln_host *host, pln_registry *registry, pln_error *err) {
    const pln_transform *const tables[] = {&pln__filter, &pln__derive, &pln__select, &pln__route,
                                           &pln__union,  &pln__limit,  &pln__sample,
                                           &pln__key_stage, &pln__dedup_stage_table,
                                           &pln__check_stage, &pln__monitor_stage_table,
                                           &pln__profile_stage, &pln__watermark_stage,
                                           &pln__window_stage,
                                           &pln__sketch_stage_table, &pln__sketch_merge_table,
                                           &pln__avro_decode_stage, &pln__avro_encode_stage};
    pln_status status = PLN_OK;
    for (int i = 0; i < PLN__COUNT(tables) && status >= 0; i++)
        status = host->register_stage(registry, PLN_TRANSFORM, tables[i], NULL, err);
    return status;
}
