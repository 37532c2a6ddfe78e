/*
 * Connector sqlite: rows out of and into SQLite databases.
 *
 * Job: the stages sqlite.query, sqlite.append, sqlite.upsert and sqlite.overwrite.
 * Must not know: graphs, runs, other than through <pln/plugin.h>.
 * Invariants: values are always bound, names always checked and quoted; all sinks of a run on one file share one connection and one
 * transaction, which holds rows and head or nothing; a COMMIT that failed is never repeated; a row that a constraint refuses is rejected, not
 * an error; what a column cannot hold exactly is refused or rejected, never rounded.
 */
#ifndef PLN__CONNECT_SQLITE_H
#define PLN__CONNECT_SQLITE_H

#include <pln/plugin.h>

pln_status pln__connect_sqlite_register(const pln_host *host, pln_registry *registry,
                                        pln_error *err);

#endif
