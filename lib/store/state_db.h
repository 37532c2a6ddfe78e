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
    sqlite3_stmt *statements[PLN__STATE_STATEMENTS];
};

/* The error of the database's last call, as a status of ours: "state file 'x': <what>: <SQLite's words>". */
pln_status pln__state_fail(pln__state *state, const char *what, pln_error *err);
/* Open state->path, refuse what is not ours, make the tables if it is new. On failure state->db may be open. */
pln_status pln__state_db_open(pln__state *state, int64_t busy_timeout_us, pln_error *err);
/* A statement of the enum, reset and ready for binding. */
pln_status pln__state_statement(pln__state *state, int which, sqlite3_stmt **out, pln_error *err);
/* Step a statement that gives no rows. */
pln_status pln__state_exec(pln__state *state, int which, const char *what, pln_error *err);

#endif
