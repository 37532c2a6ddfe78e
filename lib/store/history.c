#include "store/state_db.h"

static const char TABLES[] =
    "CREATE TABLE IF NOT EXISTS history(pipeline TEXT NOT NULL, dataset TEXT NOT NULL, metric TEXT "
    "NOT NULL,"
    " version INTEGER NOT NULL, bytes BLOB NOT NULL, updated_us INTEGER NOT NULL, checksum INTEGER "
    "NOT NULL,"
    " PRIMARY KEY(pipeline, dataset, metric)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS history_next(pipeline TEXT NOT NULL, run_key TEXT NOT NULL, n "
    "INTEGER NOT NULL,"
    " dataset TEXT NOT NULL, metric TEXT NOT NULL, base INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " checksum INTEGER NOT NULL, PRIMARY KEY(pipeline, run_key, dataset, metric)) STRICT, WITHOUT "
    "ROWID;";

static const char READ[] = "a history cannot be read", WRITTEN[] = "a history cannot be written";

static int64_t checksum(const pln__state *state, const pln__history *item) {
    const char *const names[] = {state->pipeline, item->dataset, item->metric};
    uint64_t hash = 0;
    for (int i = 0; i < 3; i++)
        hash = pln__hash_chain(hash, names[i], (int64_t)strlen(names[i]));
    return (int64_t)(pln__hash_chain(hash, item->bytes, item->size) >> 1);
}

static pln_status need_run(const pln__state *state, pln_error *err) {
    return state->pipeline != NULL
               ? PLN_OK
               : pln__error_set(err, PLN_ESTATE,
                                "state file '%s': a history before a run was taken over",
                                state->path);
}

/* Whether the tables are there, without making them. */
static pln_status look(pln__state *state, pln_error *err) {
    int64_t there = 0;
    if (state->history)
        return PLN_OK;
    pln_status status = pln__state_ask(
        state, "SELECT count(*) FROM sqlite_schema WHERE name='history_next'", &there, NULL, err);
    state->history = status >= 0 && there > 0;
    return status;
}

static pln_status found(pln__state *state, sqlite3_stmt *statement, pln__history *item,
                        pln_error *err) {
    pln_status status = PLN_OK;
    item->version = sqlite3_column_int64(statement, 0);
    PLN__TRY(pln__state_lend(state, sqlite3_column_blob(statement, 1),
                             sqlite3_column_bytes(statement, 1), err));
    item->bytes = state->lent;
    item->size = state->lent_size;
    if (item->version < 1 || sqlite3_column_int64(statement, 2) != checksum(state, item))
        PLN__FAIL(err, PLN_ECORRUPT,
                  "state file '%s': the history of %s of '%s' of pipeline '%s' is damaged",
                  state->path, item->metric, item->dataset, state->pipeline);
out:
    return status;
}

pln_status pln__state_history_get(pln__state *state, pln__history *item, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    item->version = item->size = 0;
    item->bytes = NULL;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->history)
        goto out;
    PLN__TRY(pln__state_statement(state, PLN__STATE_HISTORY_GET, &statement, err));
    PLN__TRY(
        pln__state_bound(state,
                         sqlite3_bind_text(statement, 1, state->pipeline, -1, SQLITE_STATIC) ||
                             sqlite3_bind_text(statement, 2, item->dataset, -1, SQLITE_STATIC) ||
                             sqlite3_bind_text(statement, 3, item->metric, -1, SQLITE_STATIC),
                         err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        status = found(state, statement, item, err);
    else if (code != SQLITE_DONE)
        status = pln__state_fail(state, READ, err);
out:
    if (statement != NULL)
        (void)sqlite3_reset(statement);
    return status;
}

static pln_status put_next(pln__state *state, int64_t n, const pln__history *item, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_HISTORY_PUT, &statement, err));
    PLN__TRY(
        pln__state_bound(state,
                         sqlite3_bind_int64(statement, 3, n) ||
                             sqlite3_bind_text(statement, 4, item->dataset, -1, SQLITE_STATIC) ||
                             sqlite3_bind_text(statement, 5, item->metric, -1, SQLITE_STATIC) ||
                             sqlite3_bind_int64(statement, 6, item->version) ||
                             pln__state_bind_bytes(statement, 7, item->bytes, item->size) ||
                             sqlite3_bind_int64(statement, 8, checksum(state, item)),
                         err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_HISTORY_PUT, WRITTEN, err));
out:
    /* The caller's bytes are gone after this call. */
    if (statement != NULL)
        (void)sqlite3_clear_bindings(statement);
    return status;
}

static pln_status forget_next(pln__state *state, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = pln__state_bind_run(state, PLN__STATE_HISTORY_FORGET, &statement, err);
    return status < 0 ? status : pln__state_exec(state, PLN__STATE_HISTORY_FORGET, WRITTEN, err);
}

pln_status pln__state_history_put(pln__state *state, int64_t n, const pln__history *items,
                                  int64_t count, bool durable, pln_error *err) {
    pln_status status = need_run(state, err);
    if (status < 0)
        return status;
    PLN__TRY(pln__state_begin(state, durable, err));
    status = pln__state_check_owner(state, "a history", err);
    if (status >= 0 && !state->history)
        status = pln__state_execute(state, TABLES, WRITTEN, err);
    if (status >= 0)
        status = forget_next(state, err);
    for (int64_t i = 0; i < count && status >= 0; i++)
        status = put_next(state, n, &items[i], err);
    PLN__TRY(pln__state_finish(state, status, err));
    state->history = state->history_waits = true;
    status = PLN_OK;
out:
    return status;
}

pln_status pln__state_history_promote(pln__state *state, int64_t n, int64_t *lost, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t waiting = 0;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_HISTORY_COUNT, &statement, err));
    PLN__TRY(pln__state_bound(state, sqlite3_bind_int64(statement, 3, n), err));
    if (sqlite3_step(statement) == SQLITE_ROW)
        waiting = sqlite3_column_int64(statement, 0);
    else
        status = pln__state_fail(state, READ, err);
    (void)sqlite3_reset(statement);
    PLN__TRY(status);
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_HISTORY_TAKE, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 3, n) ||
                                  sqlite3_bind_int64(statement, 4, state->now_us),
                              err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_HISTORY_TAKE, WRITTEN, err));
    *lost = waiting - sqlite3_changes(state->db);
    PLN__TRY(forget_next(state, err));
out:
    return status;
}

pln_status pln__state_history_settle(pln__state *state, int64_t n, int64_t *lost, pln_error *err) {
    pln_status status = PLN_OK;
    *lost = 0;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->history)
        return PLN_OK;
    PLN__TRY(pln__state_begin(state, true, err));
    status = pln__state_history_promote(state, n, lost, err);
    PLN__TRY(pln__state_finish(state, status, err));
    state->history_waits = false;
    status = PLN_OK;
out:
    return status;
}

int64_t pln__state_history_lost(const pln__state *state) {
    return state->history_lost;
}
