/*
 * Room stage: the built-in transforms.
 *
 * Job: filter, derive, select, route, union, limit, sample, key, dedup, check, monitor, profile, watermark, window, sketch, sketch.merge, avro.decode, avro.encode - each one table of <pln/plugin.h>.
 * Must not know: graphs, runs, files, databases.
 * Invariants: no row is lost - it is emitted, accounted or rejected; a transform's output depends on the sequence of rows, never on the borders
 * of batches; a batch that passes whole is handed on, not copied.
 */
#ifndef PLN__STAGE_H
#define PLN__STAGE_H

#include "expr/expr.h"
#include <pln/plugin.h>

pln_status pln__stage_register(const pln_host *host, pln_registry *registry, pln_error *err);

extern const pln_transform pln__filter, pln__derive, pln__select, pln__route, pln__union,
    pln__limit, pln__sample, pln__key_stage, pln__dedup_stage_table, pln__check_stage,
    pln__monitor_stage_table, pln__profile_stage, pln__watermark_stage, pln__window_stage,
    pln__sketch_stage_table, pln__sketch_merge_table, pln__avro_decode_stage,
    pln__avro_encode_stage;

/* Scratch for rows that leave and rows that are rejected; grows to the largest batch and is reused. */
typedef struct pln__picks {
    const pln_allocator *mem;
    int32_t *rows;
    int64_t n, capacity;
    pln_rejection *rejections;
    int64_t n_rejections, rejections_capacity;
    pln__expr_failures failures;
} pln__picks;
pln_status pln__picks_begin(pln__picks *picks, int64_t rows, pln_error *err);
/* Reject the failed rows; the message names what failed. */
pln_status pln__picks_reject_failures(pln__picks *picks, pln_context *ctx, pln_batch *batch,
                                      const char *column, pln_error *err);
/* Fill picks->rows with the rows that did not fail. */
void pln__picks_unfailed(pln__picks *picks, int64_t rows);
/* Emit picks->rows of a batch on a port; the batch itself if that is all of them. */
pln_status pln__picks_emit(const pln__picks *picks, pln_context *ctx, int32_t port,
                           pln_batch *batch, pln_error *err);
void pln__picks_free(pln__picks *picks);

/* An expression over the node's input, compiled with the host's allocator; errors say which option it is. */
pln_status pln__stage_compile(pln_context *ctx, const char *option, const char *text,
                              const struct ArrowSchema *in, pln__expr **out, pln_error *err);
/* The same, and it must be a condition. */
pln_status pln__stage_condition(pln_context *ctx, const char *option, const char *text,
                                const struct ArrowSchema *in, pln__expr **out, pln_error *err);
/* Copies text of the configuration, which does not outlive open. */
pln_status pln__stage_text(const pln_allocator *mem, const char *text, char **out, pln_error *err);

#endif
