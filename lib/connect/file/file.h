/*
 * Room file: files as sources and sinks.
 *
 * Job: csv.read, ndjson.read and avro.read turn files, directories, patterns and descriptors into batches, remember how far they came and
 * reject what is no row; csv.write, ndjson.write and avro.write make files that appear whole, or not at all.
 * Must not know: how a record of a format looks (room format does), graphs, runs, epochs' commit point.
 * Invariants: memory is bounded by the block and the largest record, whatever the size of a file; the position of a row is its byte offset in
 * the uncompressed file, or its ordinal where rows lie in compressed blocks (avro), and does not depend on how the file was read; a file that is visible under its name is complete and durable; what a
 * prepared handle names survives until a later handle replaces it.
 */
#ifndef PLN__CONNECT_FILE_H
#define PLN__CONNECT_FILE_H

#include <pln/plugin.h>

/* Registers csv.read, ndjson.read, avro.read, csv.write, ndjson.write, avro.write. */
pln_status pln__connect_file_register(const pln_host *host, pln_registry *registry, pln_error *err);

#endif
