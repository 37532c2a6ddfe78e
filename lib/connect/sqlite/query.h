/* What the files of sqlite.query share. */
#ifndef PLN__CONNECT_SQLITE_QUERY_H
#define PLN__CONNECT_SQLITE_QUERY_H

#include "column/column.h"
#include "connect/sqlite/db.h"
#include "format/format.h"

typedef struct pln__lite_query {
    const pln_allocator *mem;
    pln__lite *db;
    pln_context *ctx; /* of the slot that is running, for the progress handler */
    char *sql;        /* the SELECT, as wrapped by cursor or order */
    char *resume_sql; /* the same behind a cursor value; NULL without a cursor */
    char *cursor;
    char *params; /* JSON of the option */
    int64_t sample_rows;

    struct ArrowSchema schema;
    bool known;
    bool given; /* by the configuration: a saved one does not replace it */

    /* reading */
    sqlite3_stmt *statement;
    bool started;
    bool done;
    bool on_row;       /* the statement stands on the row returned last */
    int64_t ordinal;   /* rows read */
    uint64_t expected; /* hash of row number `ordinal`, where resuming begins */
    sqlite3_value *at; /* cursor value of the row read last; NULL: none yet */
    int cursor_column;
    int *source_of; /* the result's column for each of the schema's */
    int64_t n_source_of;

    /* the batch being made */
    pln__column *columns;
    int64_t n_columns;
    int64_t *positions;
    int64_t n_rows, rows_capacity;
    pln__text nested; /* a line of JSON a row, for columns that only the JSON decoder can make */
    struct ArrowSchema nested_schema;
    pln__decoder *decoder;
} pln__lite_query;

/* sql.c */
pln_status pln__lite_query_sql(pln__lite_query *query, const char *text, const pln_host *host,
                               const pln_config *config, pln_error *err);
/* Whether the schema may be read: only SELECT may, and what it calls. */
pln_status pln__lite_query_prepare(pln__lite_query *query, const char *sql, sqlite3_stmt **out,
                                   pln_error *err);
pln_status pln__lite_query_bind(pln__lite_query *query, sqlite3_stmt *statement, pln_error *err);

/* infer.c */
pln_status pln__lite_query_infer(pln__lite_query *query, pln_error *err);

/* fetch.c */
pln_status pln__lite_fetch_open(pln__lite_query *query, pln_error *err);
void pln__lite_fetch_close(pln__lite_query *query);
/* The row that the statement stands on: PLN_OK, or PLN_EDATA with the column (an index) and why it does not fit. */
pln_status pln__lite_fetch_row(pln__lite_query *query, int64_t position, int64_t *bytes,
                               int32_t *column, pln_error *err);
/* The row as JSON, for a rejection. */
void pln__lite_fetch_json(sqlite3_stmt *statement, pln__text *out);
/* The rows gathered, as a batch; NULL if there are none. Rows whose nested columns do not parse are rejected here. */
pln_status pln__lite_fetch_batch(pln__lite_query *query, pln_batch **out, pln_error *err);

/* position.c */
pln_status pln__lite_position_save(pln__lite_query *query, pln_error *err);
pln_status pln__lite_position_load(pln__lite_query *query, const pln_piece *pieces, int64_t count,
                                   pln_error *err);
uint64_t pln__lite_row_hash(sqlite3_stmt *statement);

/* query.c */
pln_status pln__lite_register_query(const pln_host *host, pln_registry *registry, pln_error *err);

#endif
