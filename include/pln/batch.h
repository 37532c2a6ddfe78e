/*
 * A batch: some rows, column by column, in Arrow memory.
 *
 * A batch is immutable and counted. It can be read through the Arrow structs that it lends, at no cost; it can be made
 * from any producer's Arrow arrays and given to any consumer, without a copy. Hosts that have rows and not
 * columns make batches with <pln/builder.h>.
 *
 *     pln_batch_import(rt, &schema, &array, &batch, &err);       both structs are moved in
 *     const struct ArrowArray *rows = pln_batch_array(batch);    lent, valid while batch is
 *     const int64_t *amount = rows->children[2]->buffers[1];
 *     pln_batch_unref(batch);
 */
#ifndef PLN_BATCH_H
#define PLN_BATCH_H

#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much pln_batch_validate looks at; each level includes the one before. */
enum {
    PLN_VALIDATE_MINIMAL = 1, /* counts of buffers and children, lengths */
    PLN_VALIDATE_DEFAULT = 2, /* first and last offsets, null counts */
    PLN_VALIDATE_FULL = 3     /* every offset, index, code point and decimal */
};

/*
 * Make a batch out of a struct array and its schema (Arrow C Data Interface). Both are moved in: afterwards their `release` is NULL, and
 * the producer's release runs when the last batch that shares the data is gone. The top array must be a struct with offset 0 and no nulls,
 * every type one that the library knows; the data is checked at PLN_VALIDATE_DEFAULT, and
 * offsets into text and bytes must ascend.
 *
 * Errors: PLN_EUNSUPPORTED names the column and its format; PLN_EDATA what is malformed; PLN_ENOMEM.
 * Owner: `schema` and `array` are consumed also on failure; *out is yours, drop it with pln_batch_unref.
 * Threads: as the runtime.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_import(pln_runtime *runtime, struct ArrowSchema *schema,
                                    struct ArrowArray *array, pln_batch **out, pln_error *err);

/*
 * Give the rows to another consumer as Arrow structs. Nothing is copied: the structs share the batch's buffers and keep them alive,
 * also after the batch and its runtime are gone. Either of `schema` and `array` may be NULL.
 *
 * Errors: PLN_ENOMEM; then nothing was exported.
 * Owner: *schema and *array are yours; call their release.
 * Threads: any; the structs may be released on any thread.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_export(const pln_batch *batch, struct ArrowSchema *schema,
                                    struct ArrowArray *array, pln_error *err);

/*
 * The schema of the rows: a struct whose children are the columns.
 *
 * Errors: none.
 * Owner: lent; valid while the batch is. Do not release it.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const struct ArrowSchema *pln_batch_schema(const pln_batch *batch);

/*
 * The rows: a struct array with offset 0 and without nulls. A column may have an offset of its own.
 *
 * Errors: none.
 * Owner: lent; valid while the batch is. Do not release it.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const struct ArrowArray *pln_batch_array(const pln_batch *batch);

/*
 * The number of rows.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_batch_rows(const pln_batch *batch);

/*
 * Count one more holder of the batch and return it.
 *
 * Errors: none.
 * Owner: each ref is paid back with one pln_batch_unref.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_batch *pln_batch_ref(pln_batch *batch);

/*
 * Drop one holder; the last one frees the rows. NULL is allowed.
 *
 * Errors: none.
 * Owner: the caller gives its hold away.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_batch_unref(pln_batch *batch);

/*
 * Rows [offset, offset + length) as a batch that shares the data and knows the origin of its rows.
 *
 * Errors: PLN_EINVAL if the range does not lie inside the batch; PLN_ENOMEM.
 * Owner: *out is yours.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_slice(pln_batch *batch, int64_t offset, int64_t length,
                                   pln_batch **out, pln_error *err);

/*
 * The given rows, in the given order, as a new batch. A row may be named more than once.
 *
 * Errors: PLN_EINVAL names a row that is not there; PLN_ENOMEM.
 * Owner: `rows` is borrowed; *out is yours.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_take(pln_batch *batch, const int32_t *rows, int64_t n, pln_batch **out,
                                  pln_error *err);

/*
 * All rows of several batches of one schema, in order, as one batch. The origin of the rows is not kept.
 *
 * Errors: PLN_ETYPE names the first column that differs; PLN_ELIMIT; PLN_ENOMEM; PLN_EINVAL for n < 1.
 * Owner: the batches are borrowed; *out is yours.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_concat(pln_batch *const *batches, int64_t n, pln_batch **out,
                                    pln_error *err);

/*
 * Whether two batches hold equal values row by row in columns of the same names and types: 1 or 0. Nulls equal nulls, NaN equals NaN, and
 * how the data lies in memory does not matter.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_batch_equal(const pln_batch *a, const pln_batch *b);

/*
 * Check the rows against the schema at one of the PLN_VALIDATE levels.
 *
 * Errors: PLN_EDATA names the column, the row and what is wrong; PLN_EINVAL for another level.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_batch_validate(const pln_batch *batch, int32_t level, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
