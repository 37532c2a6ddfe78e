/*
 * Room schema: the Avro schema model.
 *
 * Job: today only the mapping from an Avro schema to an Arrow one; parsing in full, canonical form, compatibility and resolution come here.
 * Must not know: bytes of formats, nodes, files.
 * Invariants: a schema text is hostile - size, depth and number of fields are limited before anything is built; what has no column type is
 * refused with its JSON path, never guessed.
 */
#ifndef PLN__SCHEMA_H
#define PLN__SCHEMA_H

#include "column/column.h"

#define PLN__SCHEMA_TEXT_MAX (1 << 20)

/*
 * From the text of an Avro record schema to a struct of columns. null in a union with one other branch makes a nullable field; other unions are dense
 * unions; enums are dictionaries with PLN__SYMBOLS; decimal, uuid, date, time-millis, time-micros, timestamp-* and local-timestamp-* are the column types of
 * those names. `size` -1: up to NUL. PLN_ESYNTAX, PLN_EUNSUPPORTED (a recursive type, a decimal beyond 38 digits) name the JSON path.
 */
pln_status pln__schema_from_avro(const pln_allocator *mem, const char *text, int64_t size,
                                 struct ArrowSchema *out, pln_error *err);

#endif
