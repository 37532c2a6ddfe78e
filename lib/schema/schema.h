/*
 * Room schema: the Avro schema model.
 *
 * Job: the Avro schema model - parsing, printing, fingerprints, lint, the mapping to and from Arrow schemas, compatibility, resolution, registries.
 * Must not know: bytes of formats, nodes, files.
 * Invariants: a schema text is hostile - size, depth and number of fields are limited before anything is built; what has no column type is
 * refused with its JSON path, never guessed.
 */
#ifndef PLN__SCHEMA_H
#define PLN__SCHEMA_H

#include "column/column.h"

#define PLN__SCHEMA_TEXT_MAX (1 << 20)

/*
 * From the text of an Avro record schema to a struct of columns: pln__avro_parse and pln__avro_to_arrow of schema/avro.h, for rows, so
 * that the top must be a record.
 */
pln_status pln__schema_from_avro(const pln_allocator *mem, const char *text, int64_t size,
                                 struct ArrowSchema *out, pln_error *err);

#endif
