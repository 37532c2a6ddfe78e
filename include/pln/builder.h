/*
 * A builder: rows in, batches out, for hosts that do not have columns.
 *
 * Values are appended column by column; pln_builder_finish checks that all columns have the same length.
 * Nested columns are columns of their own: append the items to the child, then close the list or struct.
 *
 *     pln_column *id = pln_builder_column(b, 0), *tags = pln_builder_column(b, 1);
 *     pln_column_int(id, 7, &err);
 *     pln_column_text(pln_column_child(tags, 0), "red", -1, &err);
 *     pln_column_end(tags, &err);                  one list of one item
 *     pln_builder_finish(b, &batch, &err);
 *
 * A map is a list of structs of key and value. A dictionary column takes its values as text. A union takes
 * pln_column_variant before the value is appended to that child.
 */
#ifndef PLN_BUILDER_H
#define PLN_BUILDER_H

#include <pln/batch.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A builder for batches of the given schema, a struct of columns.
 *
 * Errors: PLN_EUNSUPPORTED, PLN_EINVAL name the column; PLN_ENOMEM.
 * Owner: `schema` is copied; *out is yours, free it with pln_builder_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_builder_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                                   pln_builder **out, pln_error *err);

/*
 * Free the builder and the rows in it. NULL is allowed.
 *
 * Errors: none.
 * Owner: the builder is gone, and so are its columns.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_builder_free(pln_builder *builder);

/*
 * Column number `index` in the order of the schema, or NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the builder is.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_column *pln_builder_column(pln_builder *builder, int64_t index);

/*
 * Make a batch of the rows appended so far; the builder is then empty and can go on.
 *
 * Errors: PLN_EDATA names the columns whose lengths differ, or a required column that holds a null (the rows stay in
 * the builder); PLN_ENOMEM.
 * Owner: *out is yours.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_builder_finish(pln_builder *builder, pln_batch **out, pln_error *err);

/*
 * Child `index` of a list (0: the items), map (0: the entries), struct (its fields) or union (its variants); NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the builder is.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_column *pln_column_child(pln_column *column, int64_t index);

/*
 * Append a null. Below a struct every child gets one, too.
 *
 * Errors: PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_null(pln_column *column, pln_error *err);

/*
 * Append to any integer, boolean (0 or 1), float, date (days), time or timestamp (in its unit) column, or to a decimal one.
 *
 * Errors: PLN_EDATA if the value does not fit the type; PLN_ETYPE if the column is of another kind; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_int(pln_column *column, int64_t value, pln_error *err);

/*
 * Append an unsigned value, for uint64 columns above INT64_MAX; other columns as pln_column_int.
 *
 * Errors: PLN_EDATA, PLN_ETYPE, PLN_ENOMEM as pln_column_int.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_uint(pln_column *column, uint64_t value, pln_error *err);

/*
 * Append to a float column.
 *
 * Errors: PLN_ETYPE if the column is no float; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_float(pln_column *column, double value, pln_error *err);

/*
 * Append text (UTF-8) to a utf8 or dictionary column, or a number, date, time, timestamp or decimal from its digits. `size` -1: up to NUL.
 * A timestamp may do without Z or an offset, and must in a column without a time zone, where it would be lost.
 *
 * Errors: PLN_EDATA if it is no UTF-8 or does not fit the type; PLN_ETYPE; PLN_ELIMIT past 2 GiB; PLN_ENOMEM.
 * Owner: `text` is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_text(pln_column *column, const char *text, int64_t size,
                                   pln_error *err);

/*
 * Append bytes to a binary, fixed-size binary or utf8 column.
 *
 * Errors: PLN_EDATA if the size is not the fixed one, or no UTF-8 for a utf8 column; PLN_ETYPE; PLN_ELIMIT past 2 GiB; PLN_ENOMEM.
 * Owner: `bytes` is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_bytes(pln_column *column, const void *bytes, int64_t size,
                                    pln_error *err);

/*
 * Append `n` values to a fixed-width column at once, as they lie in memory (little-endian values of the column's width;
 * bool: one byte each). `valid` has one bit a value, least significant first, or is NULL for "all".
 *
 * Errors: PLN_ETYPE if the column has no fixed width; PLN_ENOMEM.
 * Owner: both are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_values(pln_column *column, const void *values, const uint8_t *valid,
                                     int64_t n, pln_error *err);

/*
 * Close one list, map or struct: the items appended to the children since the last close belong to it.
 *
 * Errors: PLN_ETYPE for other columns; PLN_EDATA if a struct's child did not get exactly one value; PLN_ELIMIT; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_end(pln_column *column, pln_error *err);

/*
 * Begin a value of a union: the next value appended to child `variant` is this row's.
 *
 * Errors: PLN_EINVAL if there is no such variant; PLN_ETYPE if the column is no union; PLN_ENOMEM.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_column_variant(pln_column *column, int32_t variant, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
