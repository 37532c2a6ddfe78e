/*
 * A table in memory: a list of batches of one schema, to feed a graph from the program or to collect what it gives.
 *
 *     pln_table_new(rt, &schema, &rows, &err);
 *     pln_graph_add(g, "out", "memory.write", NULL, &err);
 *     pln_graph_bind(g, "out", "table", rows, NULL, &err);
 *     ... run ...
 *     for (int64_t i = 0; i < pln_table_count(rows); i++)
 *         use(pln_batch_array(pln_table_batch(rows, i)));
 *
 * Stage "memory.read" reads a table, "memory.write" appends to one. Both take it as the bound pointer "table".
 */
#ifndef PLN_TABLE_H
#define PLN_TABLE_H

#include <pln/batch.h>
#include <pln/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_table pln_table;

/*
 * An empty table. `schema` may be NULL for a table that a run will write to: it takes the schema of what arrives.
 *
 * Errors: PLN_EUNSUPPORTED, PLN_EINVAL name the column; PLN_ENOMEM.
 * Owner: `schema` is copied; *out is yours, free it with pln_table_free after the graphs that use it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_table_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                                 pln_table **out, pln_error *err);

/*
 * Free a table and drop its batches. NULL is allowed. Its type fits the free_pointer of pln_graph_bind.
 *
 * Errors: none.
 * Owner: the table is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_table_free(void *table);

/*
 * Add a batch at the end; a run that follows the table sees it at its next poll.
 *
 * Errors: PLN_ETYPE names the first column that differs; PLN_ESTATE after pln_table_close; PLN_ENOMEM.
 * Owner: the table counts the batch; yours stays yours.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_table_append(pln_table *table, pln_batch *batch, pln_error *err);

/*
 * Say that nothing will be appended any more: a run that follows the table then ends.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_table_close(pln_table *table);

/*
 * The number of batches.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_table_count(const pln_table *table);

/*
 * The number of rows in all batches.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_table_rows(const pln_table *table);

/*
 * Batch number `index`, or NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the table is.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_batch *pln_table_batch(const pln_table *table, int64_t index);

/*
 * Drop the first n batches, so that a program that follows a stream does not keep all of it. They keep counting for positions of a run
 * that reads the table.
 *
 * Errors: none; n beyond the count drops all.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_table_drop(pln_table *table, int64_t n);

/*
 * Read the table as an Arrow C stream. With `run` not NULL the consumer drives: get_next steps the run, waiting where it must, until the table has another
 * batch or the run is done. Batches that were handed out are dropped from the table.
 *
 * Errors: PLN_ESTATE if the schema is not known yet and there is no run; PLN_ENOMEM. The stream answers an errno value and keeps the text.
 * Owner: *stream is yours; release it before the table and the run.
 * Threads: one at a time, the same one that may use the run.
 * Blocks: get_next as pln_run_finish.
 */
PLN_API pln_status pln_table_stream(pln_table *table, pln_run *run, struct ArrowArrayStream *stream,
                                    pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
