/*
 * Avro in tests: schemas from text, bytes from hexadecimal, columns as Avro's JSON encoding by a naive reader of its own, that shares nothing with the
 * library's decoders.
 */
#ifndef TEST_AVRO_ROWS_H
#define TEST_AVRO_ROWS_H

#include "format/avro.h"

/* Aborts on a mistake. */
pln__avro_schema *avro_schema(const char *text);
/* Bytes with PLN__PADDING more behind them, to be freed; `size` -1: up to NUL. */
uint8_t *avro_hex(const char *hex, int64_t *size);
/* A copy with padding behind it that is not zero, so that nobody gets away with using it. */
uint8_t *avro_padded(const void *bytes, int64_t size);

/* Row `row` of a column of that type, in Avro's JSON encoding. To be freed. */
char *avro_column_json(const pln__avro_type *type, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t row);
/* The same for a struct array as decoders give it: a top type that is no record is its only column. */
char *avro_row_json(const pln__avro_schema *avro, const struct ArrowSchema *schema,
                    const struct ArrowArray *rows, int64_t row);

/* Equal as JSON: numbers by value, as floats where they are no integers; members in any order. */
bool avro_json_equal(const char *a, const char *b);

/* All of `bytes` to rows: PLN_OK and the array, or the error. */
pln_status avro_read(const pln__avro_schema *writer, const pln__avro_schema *reader,
                     const uint8_t *bytes, int64_t size, struct ArrowSchema *schema,
                     struct ArrowArray *out, pln_error *err);

#endif
