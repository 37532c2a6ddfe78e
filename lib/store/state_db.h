/* What state.c and state_db.c share: the open database under a state file. */
#ifndef PLN__STORE_STATE_DB_H
#define PLN__STORE_STATE_DB_H

#include "store/sqlite.h"
#include "store/store.h"

enum {
    PLN__STATE_BEGIN,
    PLN__STATE_END,
    PLN__STATE_UNDO,
    PLN__STATE_FIND,
    PLN__STATE_ADD,
    PLN__STATE_RAISE,
    PLN__STATE_SET,
    PLN__STATE_BODY_DROP,
    PLN__STATE_BODY_PUT,
    PLN__STATE_BODY_GET,
    PLN__STATE_BODY_CLEAN,
    PLN__STATE_OWNER,
    PLN__STATE_SPACES,
    PLN__STATE_SPACE,
    PLN__STATE_SPACE_ADD,
    PLN__STATE_SPACE_SET,
    PLN__STATE_SPACE_DROP,
    PLN__STATE_SPACE_OTHERS,
    PLN__STATE_KEYED_GET,
    PLN__STATE_KEYED_ADD,
    PLN__STATE_KEYED_PUT,
    PLN__STATE_KEYED_DROP,
    PLN__STATE_KEYED_SWEEP,
    PLN__STATE_KEYED_EMPTY,
    PLN__STATE_UNDO_ADD,
    PLN__STATE_UNDO_NEW,
    PLN__STATE_UNDO_READ,
    PLN__STATE_UNDO_DROP,
    PLN__STATE_UNDO_DEAD,
    PLN__STATE_READ,
    PLN__STATE_HISTORY_GET,
    PLN__STATE_HISTORY_PUT,
    PLN__STATE_HISTORY_COUNT,
    PLN__STATE_HISTORY_TAKE,
    PLN__STATE_HISTORY_FORGET,
    PLN__STATE_STATEMENTS
};

struct pln__state {
    const pln_allocator *mem;
    sqlite3 *db;
    char *path;
    char *title;    /* "state file 'x'" */
    char *pipeline; /* NULL until a run was taken over */
    char *run_key;
    char *store;
    void *lent; /* the head or body given out last */
    int64_t lent_size;
    int64_t now_us;
    int64_t owner;
    bool poisoned; /* a sync failed: nobody knows what is on the disk */
    bool relaxed;  /* transactions are in order, but not durable one by one */
    bool keyed;    /* the tables of keyed state are there */
    bool history;  /* those of histories are */
    bool history_waits;   /* the epoch at work has put some */
    int64_t history_lost; /* by the last commit */
    int64_t undo;  /* number of the last row of keyed_undo */
    pln__buffer made; /* keys that the put at work has found nothing under, of which keyed_undo has no row yet */
    sqlite3_stmt *statements[PLN__STATE_STATEMENTS];
};

/* Makes a copy the one thing that is lent. */
pln_status pln__state_lend(pln__state *state, const void *bytes, int64_t size, pln_error *err);
/* In a transaction: PLN_EFENCED unless the run is still this owner's, who "cannot write <what>". */
pln_status pln__state_check_owner(pln__state *state, const char *what, pln_error *err);
/* In a transaction: what the run has put up to epoch n becomes the history, and what it has put behind that is gone. */
pln_status pln__state_history_promote(pln__state *state, int64_t n, int64_t *lost, pln_error *err);
/* A transaction for writing; `durable`: what it commits survives power loss by itself, else only together with the next one that is. */
pln_status pln__state_begin(pln__state *state, bool durable, pln_error *err);
/* Commits if `status` says that all went well, else rolls back. */
pln_status pln__state_finish(pln__state *state, pln_status status, pln_error *err);
/* A statement whose first two parameters are the run. */
pln_status pln__state_bind_run(pln__state *state, int which, sqlite3_stmt **out, pln_error *err);
/* A bind that works forgets the error of the one before it, so the binds of a statement stop at the first that fails. */
pln_status pln__state_bound(pln__state *state, bool failed, pln_error *err);
static inline int pln__state_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes,
                                        int64_t size) {
    return sqlite3_bind_blob64(statement, index, size > 0 ? bytes : "", (sqlite3_uint64)size,
                               SQLITE_STATIC);
}
/* Some statement's text, or a few of them. */
pln_status pln__state_execute(pln__state *state, const char *sql, const char *what, pln_error *err);
/* One number or text out of the database itself; `text` (may be NULL) has 64 bytes. */
pln_status pln__state_ask(pln__state *state, const char *sql, int64_t *number, char *text,
                          pln_error *err);
/* The error of the database's last call, as a status of ours: "state file 'x': <what>: <SQLite's words>". */
pln_status pln__state_fail(pln__state *state, const char *what, pln_error *err);
/* Open state->path, refuse what is not ours, make the tables if it is new. On failure state->db may be open. */
pln_status pln__state_db_open(pln__state *state, int64_t busy_timeout_us, pln_error *err);
/* A statement of the enum, reset and ready for binding. */
pln_status pln__state_statement(pln__state *state, int which, sqlite3_stmt **out, pln_error *err);
/* Step a statement that gives no rows. */
pln_status pln__state_exec(pln__state *state, int which, const char *what, pln_error *err);

#endif
