#include "store/state_db.h"
#include <limits.h>

/* "PLNS" */
#define APPLICATION_ID 0x504c4e53
#define FORMAT_VERSION 1

static const char TABLES[] =
    "CREATE TABLE run(pipeline TEXT NOT NULL, run_key TEXT NOT NULL, owner INTEGER NOT NULL, n "
    "INTEGER NOT NULL,"
    " head BLOB NOT NULL, store TEXT NOT NULL, graph TEXT, updated_us INTEGER NOT NULL, checksum "
    "INTEGER NOT NULL,"
    " PRIMARY KEY(pipeline, run_key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE body(pipeline TEXT NOT NULL, run_key TEXT NOT NULL, owner INTEGER NOT NULL, n "
    "INTEGER NOT NULL,"
    " bytes BLOB NOT NULL, checksum INTEGER NOT NULL, UNIQUE(pipeline, run_key, n, owner)) STRICT;"
    "PRAGMA application_id=1347178067;"
    "PRAGMA user_version=1;";

static const char *const SQL[PLN__STATE_STATEMENTS] = {
    [PLN__STATE_BEGIN] = "BEGIN IMMEDIATE",
    [PLN__STATE_END] = "COMMIT",
    [PLN__STATE_UNDO] = "ROLLBACK",
    [PLN__STATE_FIND] =
        "SELECT owner, n, head, store, checksum FROM run WHERE pipeline=?1 AND run_key=?2",
    [PLN__STATE_ADD] =
        "INSERT INTO run(pipeline, run_key, owner, n, head, store, updated_us, checksum)"
        " VALUES(?1, ?2, ?3, 0, x'', ?4, ?5, ?6)",
    [PLN__STATE_RAISE] =
        "UPDATE run SET owner=?3, updated_us=?4, checksum=?5 WHERE pipeline=?1 AND run_key=?2",
    [PLN__STATE_SET] = "UPDATE run SET n=?4, head=?5, updated_us=?6, checksum=?7"
                       " WHERE pipeline=?1 AND run_key=?2 AND owner=?3 AND n=?4-1",
    [PLN__STATE_BODY_DROP] = "DELETE FROM body WHERE pipeline=?1 AND run_key=?2"
                             " AND (n<?3-1 OR n>?3 OR n=?3 AND owner<>?4) AND n<>?5",
    [PLN__STATE_BODY_PUT] =
        "INSERT INTO body(pipeline, run_key, owner, n, bytes, checksum) VALUES(?1, ?2, ?3, ?4, ?5, "
        "?6)"
        " ON CONFLICT(pipeline, run_key, n, owner) DO UPDATE SET bytes=?5, checksum=?6",
    [PLN__STATE_BODY_GET] =
        "SELECT bytes, checksum FROM body WHERE pipeline=?1 AND run_key=?2 AND owner=?3 AND n=?4",
    [PLN__STATE_BODY_CLEAN] = "DELETE FROM body WHERE pipeline=?1 AND run_key=?2 AND n<?3",
    [PLN__STATE_OWNER] = "SELECT owner FROM run WHERE pipeline=?1 AND run_key=?2",
    [PLN__STATE_SPACES] = "SELECT id, n FROM keyed_space WHERE pipeline=?1 AND run_key=?2",
    [PLN__STATE_SPACE] =
        "SELECT id, n FROM keyed_space WHERE pipeline=?1 AND run_key=?2 AND node=?3",
    [PLN__STATE_SPACE_ADD] =
        "INSERT INTO keyed_space(pipeline, run_key, node, n) VALUES(?1, ?2, ?3, ?4)",
    [PLN__STATE_SPACE_SET] = "UPDATE keyed_space SET n=?2 WHERE id=?1",
    [PLN__STATE_SPACE_DROP] = "DELETE FROM keyed_space WHERE pipeline=?1 AND run_key=?2",
    [PLN__STATE_SPACE_OTHERS] =
        "SELECT count(*) FROM keyed_space WHERE pipeline<>?1 OR run_key<>?2",
    [PLN__STATE_KEYED_GET] =
        "SELECT value, expires, checksum FROM keyed WHERE space=?1 AND key=?2",
    [PLN__STATE_KEYED_ADD] =
        "INSERT INTO keyed(space, key, value, expires, checksum) VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT DO NOTHING",
    [PLN__STATE_KEYED_PUT] =
        "INSERT INTO keyed(space, key, value, expires, checksum) VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT DO UPDATE SET value=?3, expires=?4, checksum=?5",
    [PLN__STATE_KEYED_DROP] = "DELETE FROM keyed WHERE space=?1 AND key=?2",
    [PLN__STATE_KEYED_SWEEP] =
        "DELETE FROM keyed WHERE space=?1 AND key IN"
        " (SELECT key FROM keyed WHERE space=?1 AND expires<?2 LIMIT ?3)",
    [PLN__STATE_KEYED_EMPTY] = "DELETE FROM keyed WHERE space=?1",
    [PLN__STATE_UNDO_ADD] =
        "INSERT INTO keyed_undo(space, n, seq, key, value, expires, checksum)"
        " SELECT ?1, ?2, ?3, ?4, value, expires, checksum FROM keyed WHERE space=?1 AND key=?4",
    [PLN__STATE_UNDO_NEW] =
        "INSERT INTO keyed_undo(space, n, seq, key, checksum) VALUES(?1, ?2, ?3, ?4, ?5)",
    [PLN__STATE_UNDO_READ] = "SELECT key, value, expires, checksum FROM keyed_undo"
                             " WHERE space=?1 AND n>?2 ORDER BY n DESC, seq DESC",
    [PLN__STATE_UNDO_DROP] = "DELETE FROM keyed_undo WHERE space=?1 AND n>?2",
    [PLN__STATE_UNDO_DEAD] = "DELETE FROM keyed_undo WHERE space=?1 AND n<?2",
    [PLN__STATE_READ] = "BEGIN",
    [PLN__STATE_HISTORY_GET] =
        "SELECT version, bytes, checksum FROM history WHERE pipeline=?1 AND dataset=?2 AND metric=?3",
    [PLN__STATE_HISTORY_PUT] =
        "INSERT INTO history_next(pipeline, run_key, n, dataset, metric, base, bytes, checksum)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [PLN__STATE_HISTORY_COUNT] =
        "SELECT count(*) FROM history_next WHERE pipeline=?1 AND run_key=?2 AND n<=?3",
    [PLN__STATE_HISTORY_TAKE] =
        "INSERT INTO history(pipeline, dataset, metric, version, bytes, updated_us, checksum)"
        " SELECT pipeline, dataset, metric, base+1, bytes, ?4, checksum FROM history_next"
        " WHERE pipeline=?1 AND run_key=?2 AND n<=?3"
        " ON CONFLICT(pipeline, dataset, metric) DO UPDATE SET version=excluded.version,"
        " bytes=excluded.bytes, updated_us=excluded.updated_us, checksum=excluded.checksum"
        " WHERE history.version=excluded.version-1",
    [PLN__STATE_HISTORY_FORGET] = "DELETE FROM history_next WHERE pipeline=?1 AND run_key=?2",
};

pln_status pln__state_fail(pln__state *state, const char *what, pln_error *err) {
    state->poisoned |= pln__sqlite_unknown(state->db);
    return pln__sqlite_fail(state->db, state->title, what, err);
}

pln_status pln__state_statement(pln__state *state, int which, sqlite3_stmt **out, pln_error *err) {
    sqlite3_stmt **slot = &state->statements[which];
    if (state->poisoned)
        return pln__error_set(
            err, PLN_EIO,
            "state file '%s': an earlier write failed with an unknown outcome, open it again",
            state->path);
    if (*slot == NULL && sqlite3_prepare_v3(state->db, SQL[which], -1, SQLITE_PREPARE_PERSISTENT,
                                            slot, NULL) != SQLITE_OK)
        return pln__state_fail(state, "cannot be used", err);
    (void)sqlite3_reset(*slot);
    (void)sqlite3_clear_bindings(*slot);
    *out = *slot;
    return PLN_OK;
}

pln_status pln__state_exec(pln__state *state, int which, const char *what, pln_error *err) {
    sqlite3_stmt *statement = state->statements[which];
    pln_status status = PLN_OK;
    if (statement == NULL)
        status = pln__state_statement(state, which, &statement, err);
    if (status == PLN_OK && sqlite3_step(statement) != SQLITE_DONE)
        status = pln__state_fail(state, what, err);
    (void)sqlite3_reset(statement);
    return status;
}

pln_status pln__state_ask(pln__state *state, const char *sql, int64_t *number, char *text,
                          pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    if (sqlite3_prepare_v2(state->db, sql, -1, &statement, NULL) != SQLITE_OK)
        status = pln__state_fail(state, "cannot be read", err);
    else {
        int code = sqlite3_step(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            status = pln__state_fail(state, "cannot be read", err);
        else if (code == SQLITE_ROW) {
            *number = sqlite3_column_int64(statement, 0);
            const unsigned char *found = sqlite3_column_text(statement, 0);
            if (text != NULL)
                (void)sqlite3_snprintf(64, text, "%s", found != NULL ? (const char *)found : "");
        }
    }
    (void)sqlite3_finalize(statement);
    return status;
}

/* *fresh: the file is an empty database. Anything that is neither that nor ours is refused before a byte of it changes. */
static pln_status check_identity(pln__state *state, bool *fresh, pln_error *err) {
    int64_t id = 0, version = 0, tables = 0;
    char name[64] = "", first[64] = "";
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_ask(state, "PRAGMA application_id", &id, NULL, err));
    PLN__TRY(pln__state_ask(state, "PRAGMA user_version", &version, NULL, err));
    PLN__TRY(pln__state_ask(state, "SELECT count(*) FROM sqlite_schema", &tables, NULL, err));
    PLN__TRY(pln__state_ask(state, "SELECT name FROM sqlite_schema LIMIT 1", &tables, first, err));
    PLN__TRY(pln__state_ask(state, "SELECT count(*) FROM sqlite_schema", &tables, NULL, err));
    if (id == 0 && version == 0 && tables == 0) {
        *fresh = true;
        goto out;
    }
    *fresh = false;
    if (id != APPLICATION_ID)
        PLN__FAIL(err, PLN_EINVAL,
                  "state file '%s': a database of another program (application id %lld, holds %s)",
                  state->path, (long long)id,
                  pln__show((char[PLN__SHOW_SIZE]){0}, first, (int64_t)strlen(first)));
    if (version > FORMAT_VERSION)
        PLN__FAIL(err, PLN_EUNSUPPORTED,
                  "state file '%s': format %lld, this library knows up to %d", state->path,
                  (long long)version, FORMAT_VERSION);
    PLN__TRY(pln__state_ask(state, "SELECT name FROM sqlite_schema WHERE name='run'", &tables, name,
                            err));
    if (version < 1 || strcmp(name, "run") != 0)
        PLN__FAIL(err, PLN_ECORRUPT, "state file '%s': format %lld without a table 'run'",
                  state->path, (long long)version);
out:
    return status;
}

pln_status pln__state_execute(pln__state *state, const char *sql, const char *what,
                              pln_error *err) {
    return sqlite3_exec(state->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? PLN_OK
               : pln__state_fail(state, what, err);
}

/* All questions in one snapshot: another program may be making the tables at this moment. */
static pln_status look(pln__state *state, bool *fresh, pln_error *err) {
    pln_status status = pln__state_execute(state, "BEGIN", "cannot be read", err);
    if (status == PLN_OK)
        status = check_identity(state, fresh, err);
    (void)sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Two programs may make the same file at once; who comes second finds the tables there. */
static pln_status make_tables(pln__state *state, pln_error *err) {
    bool fresh = false;
    pln_status status = pln__state_execute(state, "BEGIN IMMEDIATE", "cannot be written", err);
    if (status < 0)
        return status;
    status = check_identity(state, &fresh, err);
    if (status == PLN_OK && fresh)
        status = pln__state_execute(state, TABLES, "cannot be written", err);
    if (status == PLN_OK)
        status = pln__state_execute(state, "COMMIT", "cannot be written", err);
    if (sqlite3_get_autocommit(state->db) == 0)
        (void)sqlite3_exec(state->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Going over to WAL needs the file alone for a moment, and SQLite does not wait for that by itself. */
static pln_status use_wal(pln__state *state, int64_t wait_ms, pln_error *err) {
    char mode[64] = "";
    int64_t ignored = 0;
    pln_error local = {0};
    pln_status status = PLN_OK;
    for (int64_t waited = 0;; waited += 5) {
        status = pln__state_ask(state, "PRAGMA journal_mode=WAL", &ignored, mode, &local);
        if (status != PLN_EBUSY || waited >= wait_ms)
            break;
        (void)sqlite3_sleep(5);
    }
    if (status < 0) {
        if (err != NULL)
            *err = local;
        return status;
    }
    if (strcmp(mode, "wal") != 0)
        return pln__error_set(
            err, PLN_EUNSUPPORTED,
            "state file '%s': its file system cannot hold a write-ahead log (journal mode '%s')",
            state->path, mode);
    return PLN_OK;
}

static pln_status make_title(pln__state *state, pln_error *err) {
    pln__text text;
    pln__text_init(&text, state->mem);
    pln__text_printf(&text, "state file '%s'", state->path);
    state->title = pln__text_take(&text);
    pln__text_free(&text);
    return state->title == NULL ? pln__error_memory(err, strlen(state->path) + 16) : PLN_OK;
}

pln_status pln__state_db_open(pln__state *state, int64_t busy_timeout_us, pln_error *err) {
    int64_t wait_ms = (busy_timeout_us > 0 ? busy_timeout_us : 5000000) / 1000;
    char *name = NULL;
    bool fresh = false;
    pln_status status = PLN_OK;
    PLN__TRY(make_title(state, err));
    PLN__TRY(pln__sqlite_name(state->mem, "state file", state->path, &name, err));
    if (pln__sqlite_open(name, PLN__SQLITE_CREATE, &state->db) != SQLITE_OK) {
        if (state->db == NULL)
            PLN__FAIL(err, PLN_ENOMEM, "%s: no memory to open it", state->title);
        PLN__TRY(pln__state_fail(state, "cannot be opened", err));
    }
    /* Nothing of ours is a trigger or a view. */
    (void)sqlite3_db_config(state->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(state->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    wait_ms = wait_ms < 1 ? 1 : wait_ms > INT_MAX ? INT_MAX : wait_ms;
    (void)sqlite3_busy_timeout(state->db, (int)wait_ms);
    PLN__TRY(look(state, &fresh, err));
    PLN__TRY(use_wal(state, wait_ms, err));
    PLN__TRY(pln__state_execute(state, "PRAGMA synchronous=FULL", "cannot be read", err));
    if (fresh)
        PLN__TRY(make_tables(state, err));
out:
    pln__strfree(state->mem, name);
    return status < 0 ? status : PLN_OK;
}
