#include "store/state_db.h"

static const char TABLES[] =
    "CREATE TABLE IF NOT EXISTS keyed_space(id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL,"
    " run_key TEXT NOT NULL, node TEXT NOT NULL, n INTEGER NOT NULL,"
    " UNIQUE(pipeline, run_key, node)) STRICT;"
    "CREATE TABLE IF NOT EXISTS keyed(space INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT "
    "NULL,"
    " expires INTEGER, checksum INTEGER NOT NULL, PRIMARY KEY(space, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS keyed_expires ON keyed(space, expires) WHERE expires IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS keyed_undo(space INTEGER NOT NULL, n INTEGER NOT NULL, seq INTEGER "
    "NOT NULL,"
    " key BLOB NOT NULL, value BLOB, expires INTEGER, checksum INTEGER,"
    " PRIMARY KEY(space, n, seq)) STRICT, WITHOUT ROWID;";

/*
 * What SQLite may hold of the file once there are keys in it: their upper pages, and the lower ones of a batch. Pages that are written again and again go from the
 * log into the file less often.
 */
#define CACHE "PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4096"

static const char READ[] = "keyed state cannot be read",
                  WRITTEN[] = "keyed state cannot be written";

static pln_status need_run(const pln__state *state, pln_error *err) {
    return state->pipeline != NULL
               ? PLN_OK
               : pln__error_set(err, PLN_ESTATE,
                                "state file '%s': keyed state before a run was taken over",
                                state->path);
}

/* Whether the tables are there, without making them. */
static pln_status look(pln__state *state, pln_error *err) {
    int64_t there = 0;
    if (state->keyed)
        return PLN_OK;
    pln_status status = pln__state_ask(
        state, "SELECT count(*) FROM sqlite_schema WHERE name='keyed_undo'", &there, NULL, err);
    if (status >= 0 && there > 0)
        status = pln__state_execute(state, CACHE, READ, err);
    if (status >= 0)
        state->keyed = there > 0;
    return status;
}

/* PLN_EOS: the node has no space. */
static pln_status find_space(pln__state *state, const char *node, int64_t *id, int64_t *n,
                             pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SPACE, &statement, err));
    PLN__TRY(pln__state_bound(
        state, sqlite3_bind_text(statement, 3, node, -1, SQLITE_STATIC) != SQLITE_OK, err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *id = sqlite3_column_int64(statement, 0);
        *n = sqlite3_column_int64(statement, 1);
    } else {
        status = code == SQLITE_DONE ? PLN_EOS : pln__state_fail(state, READ, err);
    }
out:
    (void)sqlite3_reset(statement);
    return status;
}

/* Two numbers; a statement that gives no rows. */
static pln_status exec_two(pln__state *state, int which, int64_t first, int64_t second,
                           pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_statement(state, which, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 1, first) ||
                                  (sqlite3_bind_parameter_count(statement) > 1 &&
                                   sqlite3_bind_int64(statement, 2, second)),
                              err));
    PLN__TRY(pln__state_exec(state, which, WRITTEN, err));
out:
    return status;
}

pln_status pln__state_check_owner(pln__state *state, const char *what, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t owner = 0;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_OWNER, &statement, err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        owner = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_DONE)
        status = pln__state_fail(state, READ, err);
    (void)sqlite3_reset(statement);
    if (status >= 0 && owner != state->owner)
        PLN__FAIL(err, PLN_EFENCED,
                  "state file '%s': run '%s' of pipeline '%s' belongs to owner %lld; owner %lld "
                  "cannot write %s",
                  state->path, state->run_key, state->pipeline, (long long)owner,
                  (long long)state->owner, what);
out:
    return status;
}

/* In the open transaction. */
static pln_status make_space(pln__state *state, const char *node, int64_t n, int64_t *id,
                             pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t last = 0;
    if (!state->keyed)
        PLN__TRY(pln__state_execute(state, TABLES, WRITTEN, err));
    PLN__TRY(find_space(state, node, id, &last, err));
    if (status == PLN_OK) {
        if (last != n)
            PLN__TRY(exec_two(state, PLN__STATE_SPACE_SET, *id, n, err));
        return exec_two(state, PLN__STATE_UNDO_DEAD, *id, n, err);
    }
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SPACE_ADD, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_text(statement, 3, node, -1, SQLITE_STATIC) ||
                                  sqlite3_bind_int64(statement, 4, n),
                              err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_SPACE_ADD, WRITTEN, err));
    *id = sqlite3_last_insert_rowid(state->db);
out:
    return status;
}

/* 31 bits, for there are many rows. */
static int64_t checksum(int64_t space, const pln__keyed *item) {
    uint64_t hash = pln__hash_chain((uint64_t)space, item->key, item->key_size);
    hash = pln__hash_chain(hash, item->value, item->value_size);
    hash = pln__hash_chain(hash, &item->expires, item->has_expires ? 8 : 0);
    return (int64_t)(hash >> 33);
}

/* ---- writing ---- */

/* Keys that were not there go together: a row for each would cost as much as the keys. */
enum { LIST_MOST = 32768 };

static int64_t list_checksum(int64_t space, const void *bytes, int64_t size) {
    return (int64_t)(pln__hash_chain((uint64_t)space, bytes, size) >> 33);
}

static pln_status bind_undo(pln__state *state, int which, int64_t space, int64_t n, const void *key,
                            int64_t size, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_statement(state, which, &statement, err));
    PLN__TRY(pln__state_bound(
        state,
        sqlite3_bind_int64(statement, 1, space) || sqlite3_bind_int64(statement, 2, n) ||
            sqlite3_bind_int64(statement, 3, ++state->undo) ||
            pln__state_bind_bytes(statement, 4, key, size) ||
            (which == PLN__STATE_UNDO_NEW &&
             sqlite3_bind_int64(statement, 5, list_checksum(space, key, size))),
        err));
    PLN__TRY(pln__state_exec(state, which, WRITTEN, err));
out:
    return status;
}

static pln_status note_made(pln__state *state, int64_t space, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    if (state->made.size > 0)
        status = bind_undo(state, PLN__STATE_UNDO_NEW, space, n, state->made.data, state->made.size,
                           err);
    state->made.size = 0;
    return status;
}

static pln_status set(pln__state *state, int which, int64_t space, const pln__keyed *item,
                      int64_t sum, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_statement(state, which, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 1, space) ||
                                  pln__state_bind_bytes(statement, 2, item->key, item->key_size),
                              err));
    if (which != PLN__STATE_KEYED_DROP)
        PLN__TRY(pln__state_bound(
            state,
            pln__state_bind_bytes(statement, 3, item->value, item->value_size) ||
                (item->has_expires && sqlite3_bind_int64(statement, 4, item->expires)) ||
                sqlite3_bind_int64(statement, 5, sum),
            err));
    PLN__TRY(pln__state_exec(state, which, WRITTEN, err));
out:
    return status;
}

/* The key is new, as most are: tried first. */
static pln_status add_new(pln__state *state, int64_t space, int64_t n, const pln__keyed *item,
                          bool *added, pln_error *err) {
    pln_status status = PLN_OK;
    uint8_t size[2] = {(uint8_t)item->key_size, (uint8_t)(item->key_size >> 8)};
    *added = false;
    if (item->value == NULL)
        return PLN_OK;
    PLN__TRY(set(state, PLN__STATE_KEYED_ADD, space, item, checksum(space, item), err));
    *added = sqlite3_changes(state->db) > 0;
    if (!*added)
        return PLN_OK;
    PLN__TRY(pln__buffer_append(state->mem, &state->made, size, 2, err));
    PLN__TRY(pln__buffer_append(state->mem, &state->made, item->key, item->key_size, err));
    if (state->made.size > LIST_MOST)
        PLN__TRY(note_made(state, space, n, err));
out:
    return status;
}

static pln_status put_one(pln__state *state, int64_t space, int64_t n, const pln__keyed *item,
                          pln_error *err) {
    pln_status status = PLN_OK;
    bool added;
    PLN__TRY(add_new(state, space, n, item, &added, err));
    if (added)
        return PLN_OK;
    /* What is undone is undone from the end on, so that what was noted stays in its order. */
    PLN__TRY(note_made(state, space, n, err));
    PLN__TRY(bind_undo(state, PLN__STATE_UNDO_ADD, space, n, item->key, item->key_size, err));
    if (item->value == NULL)
        return set(state, PLN__STATE_KEYED_DROP, space, item, 0, err);
    PLN__TRY(set(state, PLN__STATE_KEYED_PUT, space, item, checksum(space, item), err));
out:
    return status;
}

static void forget_bindings(pln__state *state) {
    static const int all[] = {PLN__STATE_UNDO_ADD,  PLN__STATE_UNDO_NEW,   PLN__STATE_KEYED_ADD,
                              PLN__STATE_KEYED_PUT, PLN__STATE_KEYED_DROP, PLN__STATE_KEYED_GET,
                              PLN__STATE_SPACE,     PLN__STATE_SPACE_ADD};
    for (int i = 0; i < PLN__COUNT(all); i++)
        if (state->statements[all[i]] != NULL)
            (void)sqlite3_clear_bindings(state->statements[all[i]]);
}

static pln_status put_all(pln__state *state, const char *node, int64_t n, const pln__keyed *items,
                          int64_t count, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t space = 0;
    PLN__TRY(pln__state_check_owner(state, "keyed state", err));
    PLN__TRY(make_space(state, node, n, &space, err));
    state->made.size = 0;
    for (int64_t i = 0; i < count; i++)
        PLN__TRY(put_one(state, space, n, &items[i], err));
    PLN__TRY(note_made(state, space, n, err));
out:
    return status;
}

pln_status pln__state_keyed_put(pln__state *state, const char *node, int64_t n,
                                const pln__keyed *items, int64_t count, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    PLN__TRY(pln__state_begin(state, false, err));
    status = put_all(state, node, n, items, count, err);
    /* The caller's bytes are gone after this call. */
    forget_bindings(state);
    PLN__TRY(pln__state_finish(state, status, err));
    status = look(state, err);
out:
    return status;
}

pln_status pln__state_keyed_sweep(pln__state *state, const char *node, int64_t before, int64_t most,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    int64_t space = 0, last = 0;
    sqlite3_stmt *statement = NULL;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->keyed)
        return PLN_OK;
    PLN__TRY(pln__state_begin(state, false, err));
    status = pln__state_check_owner(state, "keyed state", err);
    if (status >= 0)
        status = find_space(state, node, &space, &last, err);
    if (status == PLN_OK)
        status = pln__state_statement(state, PLN__STATE_KEYED_SWEEP, &statement, err);
    if (status == PLN_OK)
        status = pln__state_bound(state,
                                  sqlite3_bind_int64(statement, 1, space) ||
                                      sqlite3_bind_int64(statement, 2, before) ||
                                      sqlite3_bind_int64(statement, 3, most),
                                  err);
    if (status == PLN_OK)
        status = pln__state_exec(state, PLN__STATE_KEYED_SWEEP, WRITTEN, err);
    PLN__TRY(pln__state_finish(state, status, err));
    status = PLN_OK;
out:
    return status;
}

pln_status pln__state_keyed_sync(pln__state *state, const char *node, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t space = 0;
    PLN__TRY(need_run(state, err));
    PLN__TRY(pln__state_begin(state, true, err));
    status = pln__state_check_owner(state, "keyed state", err);
    if (status >= 0)
        status = make_space(state, node, n, &space, err);
    /* A transaction that writes nothing would sync nothing. */
    if (status >= 0)
        status = exec_two(state, PLN__STATE_SPACE_SET, space, n, err);
    PLN__TRY(pln__state_finish(state, status, err));
    status = PLN_OK;
out:
    return status;
}

/* ---- reading ---- */

static pln_status damaged(const pln__state *state, const char *node, const pln__keyed *item,
                          pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(err, PLN_ECORRUPT,
                          "state file '%s': run '%s' of pipeline '%s', node '%s': the value of key "
                          "%s is damaged",
                          state->path, state->run_key, state->pipeline, node,
                          pln__show(shown, item->key, item->key_size));
}

/* A row of value, expires and checksum, from column `first` on. */
static void read_row(sqlite3_stmt *statement, int first, pln__keyed *out) {
    out->value_size = sqlite3_column_bytes(statement, first);
    out->value = sqlite3_column_type(statement, first) == SQLITE_NULL ? NULL
                 : out->value_size == 0                               ? ""
                                        : sqlite3_column_blob(statement, first);
    out->has_expires = sqlite3_column_type(statement, first + 1) != SQLITE_NULL;
    out->expires = out->has_expires ? sqlite3_column_int64(statement, first + 1) : 0;
}

static pln_status get_one(pln__state *state, const char *node, int64_t space,
                          const pln__keyed *item, pln__keyed *found, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    *found = *item;
    PLN__TRY(pln__state_statement(state, PLN__STATE_KEYED_GET, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 1, space) ||
                                  pln__state_bind_bytes(statement, 2, item->key, item->key_size),
                              err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        return PLN_EOS;
    if (code != SQLITE_ROW)
        return pln__state_fail(state, READ, err);
    read_row(statement, 0, found);
    if (found->value == NULL)
        return pln__error_memory(err, (uint64_t)found->value_size);
    if (sqlite3_column_int64(statement, 2) != checksum(space, found))
        return damaged(state, node, item, err);
out:
    return status;
}

static pln_status get_all(pln__state *state, const char *node, const pln__keyed *items,
                          int64_t count, pln__keyed_each each, void *user, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t space = 0, last = 0;
    PLN__TRY(find_space(state, node, &space, &last, err));
    if (status == PLN_EOS)
        return PLN_OK;
    for (int64_t i = 0; i < count; i++) {
        pln__keyed found;
        PLN__TRY(get_one(state, node, space, &items[i], &found, err));
        if (status == PLN_OK)
            PLN__TRY(each(user, i, &found, err));
    }
    status = PLN_OK;
out:
    return status;
}

pln_status pln__state_keyed_get(pln__state *state, const char *node, const pln__keyed *items,
                                int64_t count, pln__keyed_each each, void *user, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->keyed)
        return PLN_OK;
    /* One look at the write-ahead log for all of them. */
    PLN__TRY(pln__state_exec(state, PLN__STATE_READ, READ, err));
    status = get_all(state, node, items, count, each, user, err);
    if (state->statements[PLN__STATE_KEYED_GET] != NULL)
        (void)sqlite3_reset(state->statements[PLN__STATE_KEYED_GET]);
    forget_bindings(state);
    status = pln__state_finish(state, status, err);
out:
    return status;
}

pln_status pln__state_keyed_last(pln__state *state, const char *node, int64_t *n, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t space = 0;
    *n = 0;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (state->keyed)
        PLN__TRY(find_space(state, node, &space, n, err));
    status = PLN_OK;
out:
    return status;
}

/* ---- taking over ---- */

static pln_status damaged_list(const pln__state *state, pln_error *err) {
    return pln__error_set(err, PLN_ECORRUPT,
                          "state file '%s': run '%s' of pipeline '%s': a row of keyed_undo is "
                          "damaged",
                          state->path, state->run_key, state->pipeline);
}

/* Keys that the epoch made. */
static pln_status unmake(pln__state *state, int64_t space, const uint8_t *list, int64_t size,
                         pln_error *err) {
    for (int64_t at = 0; at < size;) {
        int64_t length = size - at < 2 ? size : list[at] | list[at + 1] << 8;
        pln__keyed item = {.key = list + at + 2, .key_size = length};
        if (length > size - at - 2)
            return damaged_list(state, err);
        pln_status status = set(state, PLN__STATE_KEYED_DROP, space, &item, 0, err);
        if (status < 0)
            return status;
        at += 2 + length;
    }
    return PLN_OK;
}

static pln_status undo_row(pln__state *state, int64_t space, sqlite3_stmt *row, pln_error *err) {
    pln__keyed item = {.key_size = sqlite3_column_bytes(row, 0)};
    item.key = sqlite3_column_blob(row, 0);
    read_row(row, 1, &item);
    int64_t sum = sqlite3_column_int64(row, 3);
    if (item.key == NULL || (item.value == NULL && item.value_size > 0))
        return pln__error_memory(err, (uint64_t)item.key_size);
    if (item.value != NULL)
        return set(state, PLN__STATE_KEYED_PUT, space, &item, sum, err);
    return sum == list_checksum(space, item.key, item.key_size)
               ? unmake(state, space, item.key, item.key_size, err)
               : damaged_list(state, err);
}

/* What epochs behind n found, the last first. */
static pln_status undo_space(pln__state *state, int64_t space, int64_t n, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int code;
    PLN__TRY(pln__state_statement(state, PLN__STATE_UNDO_READ, &statement, err));
    PLN__TRY(pln__state_bound(
        state, sqlite3_bind_int64(statement, 1, space) || sqlite3_bind_int64(statement, 2, n),
        err));
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        PLN__TRY(undo_row(state, space, statement, err));
    if (code != SQLITE_DONE)
        PLN__TRY(pln__state_fail(state, READ, err));
    (void)sqlite3_reset(statement);
    statement = NULL;
    PLN__TRY(exec_two(state, PLN__STATE_UNDO_DROP, space, n, err));
out:
    if (statement != NULL)
        (void)sqlite3_reset(statement);
    forget_bindings(state);
    return status;
}

/* Each space of the run; `n` < 0: all of it goes. */
static pln_status each_space(pln__state *state, int64_t n, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int code;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SPACES, &statement, err));
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t space = sqlite3_column_int64(statement, 0);
        if (n < 0) {
            PLN__TRY(exec_two(state, PLN__STATE_KEYED_EMPTY, space, 0, err));
            PLN__TRY(exec_two(state, PLN__STATE_UNDO_DROP, space, -1, err));
        } else if (sqlite3_column_int64(statement, 1) > n) {
            PLN__TRY(undo_space(state, space, n, err));
            PLN__TRY(exec_two(state, PLN__STATE_SPACE_SET, space, n, err));
        }
    }
    if (code != SQLITE_DONE)
        PLN__TRY(pln__state_fail(state, READ, err));
out:
    (void)sqlite3_reset(statement);
    return status;
}

pln_status pln__state_keyed_settle(pln__state *state, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->keyed)
        return PLN_OK;
    PLN__TRY(pln__state_begin(state, true, err));
    status = pln__state_check_owner(state, "keyed state", err);
    if (status >= 0)
        status = each_space(state, n, err);
    PLN__TRY(pln__state_finish(state, status, err));
    status = PLN_OK;
out:
    return status;
}

/* SQLite empties a whole table at once, but rows that are chosen one by one. */
static pln_status only_ours(pln__state *state, bool *out, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SPACE_OTHERS, &statement, err));
    if (sqlite3_step(statement) == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0) == 0;
    else
        status = pln__state_fail(state, READ, err);
    (void)sqlite3_reset(statement);
out:
    return status;
}

static pln_status drop_spaces(pln__state *state, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    bool all = false;
    PLN__TRY(pln__state_check_owner(state, "keyed state", err));
    PLN__TRY(only_ours(state, &all, err));
    if (all)
        return pln__state_execute(
            state, "DELETE FROM keyed; DELETE FROM keyed_undo; DELETE FROM keyed_space", WRITTEN,
            err);
    PLN__TRY(each_space(state, -1, err));
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SPACE_DROP, &statement, err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_SPACE_DROP, WRITTEN, err));
out:
    return status;
}

pln_status pln__state_keyed_clear(pln__state *state, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(need_run(state, err));
    PLN__TRY(look(state, err));
    if (!state->keyed)
        return PLN_OK;
    PLN__TRY(pln__state_begin(state, true, err));
    status = drop_spaces(state, err);
    PLN__TRY(pln__state_finish(state, status, err));
    status = PLN_OK;
out:
    return status;
}
