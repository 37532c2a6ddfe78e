/* What the files of the three sinks share. */
#ifndef PLN__CONNECT_SQLITE_SINK_H
#define PLN__CONNECT_SQLITE_SINK_H

#include "connect/sqlite/db.h"
#include "connect/sqlite/value.h"
#include "key/key.h"

enum { PLN__LITE_APPEND, PLN__LITE_UPSERT, PLN__LITE_OVERWRITE };

/* Rows held back until there are enough to be worth sorting. */
#define PLN__LITE_HELD_ROWS 65536
#define PLN__LITE_HELD_BYTES (64 << 20)

typedef struct pln__lite_names {
    char **items;
    int64_t count;
} pln__lite_names;

typedef struct pln__lite_config {
    char *table;
    bool create;
    bool add_columns;
    bool sort;
    pln__lite_storing storing;
    pln__lite_names key;
    bool keyed;             /* the key is a column of its own, made of `fields` */
    pln__lite_names fields; /* none: all columns */
    pln__lite_names partition;
    char *version;
    char *tombstone; /* the option `delete` */
    char *clear;     /* JSON of the option `partitions` */
} pln__lite_config;

/* A column of the rows that is stored. */
typedef struct pln__lite_column {
    const char *name; /* the schema's */
    int32_t index;    /* in the rows; -1: the key of the row */
    bool key;
    bool partition;
    pln__lite_value value;
} pln__lite_column;

typedef struct pln__lite_held {
    pln_batch *batch;
    const struct ArrowArray *rows;
    uint8_t *keys; /* PLN_KEY_SIZE bytes a row, or NULL */
} pln__lite_held;

/* A row that was refused, kept until the batch it came from is looked through. */
typedef struct pln__lite_refused {
    int32_t held;
    int32_t code;
    int64_t row;
    const char *column;
    char message[240];
} pln__lite_refused;

typedef struct pln__lite_counts {
    int64_t inserted, updated, unchanged, deleted, stale;
} pln__lite_counts;

typedef struct pln__lite_place {
    uint64_t prefix;
    int32_t held;
    int32_t row;
} pln__lite_place;

/* Where writing stands among the rows held, and the row that it stands on as SQLite takes it. */
typedef struct pln__lite_feed {
    const pln__lite_place *order; /* NULL: as they came */
    pln_context *ctx;
    pln__lite_cell *cells;
    int64_t at;
    int32_t held;
    int64_t row;
    int64_t fed;  /* rows given to the statement that runs */
    bool pending; /* the row it stands on has not been given yet */
    bool end;
    pln_status status; /* what ended the rows early */
    pln_error error;
} pln__lite_feed;

typedef struct pln__lite_sink {
    const pln_allocator *mem;
    int32_t mode;
    pln__lite *db;
    pln__lite_config config;
    struct ArrowSchema schema;
    struct ArrowSchema key_schema; /* of the column with the rows' keys */
    pln_keys *keys;
    pln__lite_column *columns;
    int64_t n_columns, columns_size;
    int32_t tombstone; /* index in the rows, -1 */
    int32_t version;   /* index in columns, -1 */

    /* true of the open transaction only */
    bool ready;
    int64_t ready_rollbacks;
    /* No constraint, collation or trigger makes the order of different keys matter. */
    bool sort_safe;
    bool bulk;      /* many rows by one statement */
    bool bulk_undo; /* and a row that it refuses undoes all of them */
    sqlite3_stmt *write;
    sqlite3_stmt *remove;
    sqlite3_stmt *bulk_write;
    int32_t feed_number; /* of the table pln_rows_N that it reads; 0: none */
    pln__lite_feed feed;

    pln__lite_held *held;
    int64_t n_held, held_capacity;
    int64_t held_rows, held_bytes;
    pln__lite_refused *refused;
    int64_t n_refused, refused_capacity;
    pln__lite_counts counts;

    /* overwrite */
    char stage[300];
    bool resumed;  /* the staging table of the interrupted run is to be kept */
    bool finished; /* no more rows: the next flush swaps */
    bool swapped;
} pln__lite_sink;

/* sink.c */
pln_status pln__lite_register_sinks(const pln_host *host, pln_registry *registry, pln_error *err);

/* options.c */
extern const pln_option pln__lite_append_options[], pln__lite_upsert_options[],
    pln__lite_overwrite_options[];
pln_status pln__lite_config_read(pln_context *ctx, const pln_config *config, int32_t mode,
                                 pln__lite_config *out, pln_error *err);
void pln__lite_config_free(const pln_allocator *mem, pln__lite_config *config);

/* columns.c: from the schema of the rows to columns that are stored */
pln_status pln__lite_columns(pln__lite_sink *sink, const struct ArrowSchema *schema,
                             pln_error *err);
void pln__lite_columns_free(pln__lite_sink *sink);

/* table.c */
/* Whether the table is there; then its columns are checked and the values fitted to them. */
pln_status pln__lite_table_check(pln__lite_sink *sink, bool *there, pln_error *err);
/* In the open transaction: make the table, add columns, check. */
pln_status pln__lite_table_ensure(pln__lite_sink *sink, pln_error *err);
/* The text of CREATE TABLE for the rows' schema. */
void pln__lite_table_sql(const pln__lite_sink *sink, const char *name, pln__text *out);
/* *name lists: "a", "b" */
void pln__lite_column_list(const pln__lite_sink *sink, const char *prefix, pln__text *out);

/* statement.c */
pln_status pln__lite_statements(pln__lite_sink *sink, pln_error *err);
void pln__lite_statements_free(pln__lite_sink *sink);

/* apply.c: every row of the held batches, in the order of `order` or as they came if it is NULL */
pln_status pln__lite_apply(pln__lite_sink *sink, pln_context *ctx, const pln__lite_place *order,
                           pln_error *err);
/* A row is refused: kept to be rejected when the held batches are through. */
pln_status pln__lite_refuse(pln__lite_sink *sink, const char *column, const char *message,
                            pln_error *err);

/* feed.c: the held rows as a table pln_rows_N that one INSERT ... SELECT can read */
void pln__lite_feed_start(pln__lite_sink *sink, pln_context *ctx, const pln__lite_place *order);
/* On to the next row; false behind the last. */
bool pln__lite_feed_forward(pln__lite_sink *sink);
/* So that the next step forward leads to the same row again. */
void pln__lite_feed_back(pln__lite_sink *sink);
bool pln__lite_feed_removes(const pln__lite_sink *sink);
/* The row as cells: PLN_OK, PLN_EOS if a value was refused. */
pln_status pln__lite_feed_load(pln__lite_sink *sink, bool keys_only, pln_error *err);
pln_status pln__lite_feed_cancelled(pln__lite_sink *sink, pln_error *err);
pln_status pln__lite_feed_register(pln__lite_sink *sink, pln_error *err);
void pln__lite_feed_unregister(pln__lite_sink *sink);

/* sort.c: a stable order by key; *order is freed with pln__lite_order_free */
pln_status pln__lite_order(const pln__lite_sink *sink, pln__lite_place **order, pln_error *err);
void pln__lite_order_free(const pln__lite_sink *sink, pln__lite_place *order);

/* overwrite.c */
/* The staging table of this pipeline, run and node: made, or found where the run was interrupted. */
pln_status pln__lite_stage_ensure(pln__lite_sink *sink, pln_context *ctx, pln_error *err);
pln_status pln__lite_stage_swap(pln__lite_sink *sink, pln_context *ctx, pln_error *err);

#endif
