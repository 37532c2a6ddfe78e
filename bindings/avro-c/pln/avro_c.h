/*
 * Rows as values of avro-c and back, for programs that hold avro_value_t already. In a library of its own, libpipeline-pln-avro-c (pkg-config pln-avro-c).
 *
 *     avro_value_iface_t *face = avro_generic_class_from_schema(schema);     a record whose fields are the batch's columns
 *     avro_generic_value_new(face, &value);
 *     for (int64_t row = 0; row < pln_batch_rows(batch); row++)
 *         pln_avro_value_from_batch(batch, row, &value, &err);
 *
 * For schemas and data that you trust, and nothing else. avro-c drops defaults, aliases and logical types of a schema, crashes on schemas that are
 * merely odd, recurs as deep as data wants it to, and keeps its error texts and allocator in globals. Data from outside is decoded by the core library
 * (<pln/avro_codec.h>, avro.decode), which needs no avro-c; nothing here decides whether schemas are compatible.
 *
 * Columns and fields meet by name. A column that may be null meets a union with null; a union column meets the first branch of its kind; dictionaries meet
 * enums or strings; dates, times and timestamps meet int or long, as their number in the column's unit; decimals meet bytes or fixed.
 */
#ifndef PLN_AVRO_C_H
#define PLN_AVRO_C_H

#include <avro.h>
#include <pln/batch.h>
#include <pln/builder.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Put one row into a value, which is reset before. Columns that the record has no field for are left out; a field without a column is an error, since
 * avro-c knows no defaults.
 *
 * Errors: PLN_EINVAL if there is no such row or the value is no record; PLN_ETYPE names the column whose type meets no field; PLN_EDATA names
 * the column whose value does not fit (an int beyond 32 bits, a symbol that is none, a null where none may be); PLN_ENOMEM.
 * Owner: batch and value are borrowed.
 * Threads: one at a time for one value; any number for one batch.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_value_from_batch(const pln_batch *batch, int64_t row,
                                             avro_value_t *value, pln_error *err);

/*
 * Append a record as a row to a builder. `columns` is the schema that the builder was made for. A field that no column is named after is left out; a
 * column without a field gets a null.
 *
 * Errors: PLN_EINVAL if the value is no record; PLN_ETYPE names the column whose field is of another kind; PLN_EDATA names the column whose
 * value does not fit; PLN_ENOMEM. The row may then stand in some columns already: free the builder (PLN_ERR_FATAL).
 * Owner: all are borrowed.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_value_to_builder(const avro_value_t *value,
                                             const struct ArrowSchema *columns,
                                             pln_builder *builder, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
