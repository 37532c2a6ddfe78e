/* A connection and its transaction, shared by all sinks of a run on one file. */
#ifndef PLN__CONNECT_SQLITE_DB_H
#define PLN__CONNECT_SQLITE_DB_H

#include "connect/sqlite/sqlite.h"
#include "store/sqlite.h"

typedef struct pln__lite {
    const pln_allocator *mem;
    sqlite3 *handle;
    char *name;  /* absolute */
    char *title; /* "database 'orders.db'" */
    char *store; /* "sqlite:/absolute/name" */
    int64_t busy_ms;
    _Atomic int cancelled; /* by interrupt, from any thread */
    bool in_transaction;
    bool poisoned;     /* a write failed with an unknown outcome */
    bool has_runs;     /* the table pln_run is there */
    int64_t rollbacks; /* what a sink knows of tables is void when this has moved */
    int64_t owner;     /* raised by state_open; 0: the run's head is elsewhere or nowhere */
    void *lent;
    int64_t lent_size;
    int note;          /* what pln_note was last told: 0 not asked, 1 true, -1 false */
    int64_t noted[2];  /* how often it was told false and true */
    bool foreign_keys; /* are enforced */
    int largest;       /* bytes of one value */
    int32_t feeds;     /* tables of rows made so far */
} pln__lite;

typedef struct pln__lite_options {
    const char *path;
    uint32_t flags; /* PLN__SQLITE_* */
    int64_t busy_timeout_us;
    int64_t cache_bytes;
} pln__lite_options;

pln_status pln__lite_open(const pln_allocator *mem, const pln__lite_options *options,
                          pln__lite **out, pln_error *err);
void pln__lite_close(pln__lite *db);
/* The run's connection to the file that `options` name. */
pln_status pln__lite_share(pln_context *ctx, const pln__lite_options *options, pln__lite **out,
                           pln_error *err);

pln_status pln__lite_fail(pln__lite *db, const char *what, pln_error *err);
pln_status pln__lite_exec(pln__lite *db, const char *sql, const char *what, pln_error *err);
/* Makes SQL of a text whose building may have failed, and frees the text. */
pln_status pln__lite_exec_text(pln__lite *db, pln__text *sql, const char *what, pln_error *err);
pln_status pln__lite_prepare(pln__lite *db, const char *sql, const char *what, sqlite3_stmt **out,
                             pln_error *err);
pln_status pln__lite_prepare_text(pln__lite *db, pln__text *sql, const char *what,
                                  sqlite3_stmt **out, pln_error *err);

/* Open the transaction unless it is open. */
pln_status pln__lite_begin(pln__lite *db, pln_error *err);
void pln__lite_rollback(pln__lite *db);
/* Whether the transaction still stands after a statement failed; some failures roll all of it back. */
bool pln__lite_stands(pln__lite *db);
pln_status pln__lite_commit(pln__lite *db, pln_error *err);
void pln__lite_interrupt(pln__lite *db);

/* runs.c: owners and heads in the table pln_run of the same database */
pln_status pln__lite_take_over(pln__lite *db, const pln_identity *who, int64_t *owner, int64_t *n,
                               const void **head, int64_t *size, pln_error *err);
/* In the open transaction, as its last write: PLN_EFENCED unless `owner` holds the run at n - 1. */
pln_status pln__lite_set_head(pln__lite *db, const pln_identity *who, const void *head,
                              int64_t size, pln_error *err);

/* name.c */
/* 1 to 255 bytes of UTF-8. `what` is "table" or "column"; a table may not have a name that SQLite or we keep for ourselves. */
pln_status pln__lite_name_check(const char *what, const char *name, pln_error *err);
/* "name", with quotes in it doubled. */
void pln__lite_quote(pln__text *text, const char *name);
bool pln__lite_name_equal(const char *a, const char *b);

#endif
