#include "store/state_db.h"

/* Names make no difference to a byte, but a row that was moved or edited by hand must not pass for another. */
static int64_t checksum(const pln__state *state, int64_t owner, int64_t n, const char *store,
                        const void *bytes, int64_t size) {
    uint8_t numbers[16];
    for (int i = 0; i < 8; i++) {
        numbers[i] = (uint8_t)((uint64_t)owner >> (8 * i));
        numbers[8 + i] = (uint8_t)((uint64_t)n >> (8 * i));
    }
    uint64_t hash = pln__hash_chain(0, state->pipeline, (int64_t)strlen(state->pipeline));
    hash = pln__hash_chain(hash, state->run_key, (int64_t)strlen(state->run_key));
    hash = pln__hash_chain(hash, numbers, (int64_t)sizeof numbers);
    hash = pln__hash_chain(hash, store, (int64_t)strlen(store));
    hash = pln__hash_chain(hash, bytes, size);
    int64_t out;
    memcpy(&out, &hash, sizeof out);
    return out;
}

static void forget_lent(pln__state *state) {
    pln__free(state->mem, state->lent, (uint64_t)state->lent_size);
    state->lent = NULL;
    state->lent_size = 0;
}

pln_status pln__state_lend(pln__state *state, const void *bytes, int64_t size, pln_error *err) {
    forget_lent(state);
    if (size == 0)
        return PLN_OK;
    state->lent = pln__alloc(state->mem, (uint64_t)size);
    if (state->lent == NULL)
        return pln__error_memory(err, (uint64_t)size);
    state->lent_size = size;
    memcpy(state->lent, bytes, (size_t)size);
    return PLN_OK;
}

static void forget_run(pln__state *state) {
    pln__strfree(state->mem, state->pipeline);
    pln__strfree(state->mem, state->run_key);
    pln__strfree(state->mem, state->store);
    state->pipeline = state->run_key = state->store = NULL;
    state->owner = 0;
    forget_lent(state);
}

pln_status pln__state_open(const pln_allocator *mem, const pln__state_options *options,
                           pln__state **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__state *state = NULL;
    *out = NULL;
    if (options->path == NULL)
        PLN__FAIL(err, PLN_EINVAL, "state file: it has no name");
    state = pln__calloc(mem, 1, sizeof *state);
    if (state == NULL) {
        status = pln__error_memory(err, sizeof *state);
        goto out;
    }
    state->mem = mem;
    state->now_us = options->now_us;
    state->path = pln__strdup(mem, options->path);
    if (state->path == NULL) {
        status = pln__error_memory(err, strlen(options->path) + 1);
        goto out;
    }
    PLN__TRY(pln__state_db_open(state, options->busy_timeout_us, err));
    *out = state;
    state = NULL;
out:
    pln__state_close(state);
    return status;
}

void pln__state_close(pln__state *state) {
    if (state == NULL)
        return;
    for (int i = 0; i < PLN__STATE_STATEMENTS; i++)
        (void)sqlite3_finalize(state->statements[i]);
    (void)sqlite3_close(state->db);
    forget_run(state);
    pln__buffer_free(state->mem, &state->made);
    pln__strfree(state->mem, state->path);
    pln__strfree(state->mem, state->title);
    pln__free(state->mem, state, sizeof *state);
}

void pln__state_set_now(pln__state *state, int64_t now_us) {
    state->now_us = now_us;
}

pln_status pln__state_begin(pln__state *state, bool durable, pln_error *err) {
    if (state->relaxed == durable) {
        pln_status status = pln__state_execute(
            state, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
            "cannot be used", err);
        if (status < 0)
            return status;
        state->relaxed = !durable;
    }
    return pln__state_exec(state, PLN__STATE_BEGIN, "cannot be locked for writing", err);
}

/*
 * A COMMIT that failed is never tried again: it either left the transaction open, and then it is rolled back here, or
 * its outcome is unknown, and then pln__state_fail has poisoned the handle.
 */
pln_status pln__state_finish(pln__state *state, pln_status status, pln_error *err) {
    if (status >= 0)
        status = pln__state_exec(state, PLN__STATE_END, "cannot be written", err);
    if (status < 0 && sqlite3_get_autocommit(state->db) == 0) {
        bool poisoned = state->poisoned;
        state->poisoned = false;
        (void)pln__state_exec(state, PLN__STATE_UNDO, "cannot be rolled back", NULL);
        state->poisoned |= poisoned;
    }
    return status;
}

pln_status pln__state_bind_run(pln__state *state, int which, sqlite3_stmt **out, pln_error *err) {
    pln_status status = pln__state_statement(state, which, out, err);
    if (status < 0)
        return status;
    if (sqlite3_bind_text(*out, 1, state->pipeline, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(*out, 2, state->run_key, -1, SQLITE_STATIC) != SQLITE_OK)
        return pln__state_fail(state, "cannot be used", err);
    return PLN_OK;
}

pln_status pln__state_bound(pln__state *state, bool failed, pln_error *err) {
    return !failed ? PLN_OK : pln__state_fail(state, "cannot be used", err);
}

typedef struct found_run {
    bool there;
    int64_t owner;
    int64_t n;
} found_run;

/* Reads and checks the run's row; the head is then what is lent. */
static pln_status find_run(pln__state *state, const char *store, found_run *out, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    *out = (found_run){0};
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_FIND, &statement, err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        goto out;
    if (code != SQLITE_ROW) {
        status = pln__state_fail(state, "cannot be read", err);
        goto out;
    }
    out->there = true;
    out->owner = sqlite3_column_int64(statement, 0);
    out->n = sqlite3_column_int64(statement, 1);
    PLN__TRY(pln__state_lend(state, sqlite3_column_blob(statement, 2),
                             sqlite3_column_bytes(statement, 2), err));
    const char *recorded = (const char *)sqlite3_column_text(statement, 3);
    recorded = recorded != NULL ? recorded : "";
    if (out->owner < 1 || out->owner == INT64_MAX || out->n < 0 ||
        sqlite3_column_int64(statement, 4) !=
            checksum(state, out->owner, out->n, recorded, state->lent, state->lent_size))
        PLN__FAIL(err, PLN_ECORRUPT,
                  "state file '%s': the row of run '%s' of pipeline '%s' is damaged", state->path,
                  state->run_key, state->pipeline);
    if (store != NULL && strcmp(store, recorded) != 0)
        PLN__FAIL(
            err, PLN_ESTATE,
            "state file '%s': run '%s' of pipeline '%s' keeps its epochs in '%s', not in '%s'",
            state->path, state->run_key, state->pipeline, recorded, store);
out:
    (void)sqlite3_reset(statement);
    return status;
}

static pln_status add_run(pln__state *state, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_ADD, &statement, err));
    PLN__TRY(pln__state_bound(
        state,
        sqlite3_bind_int64(statement, 3, 1) ||
            sqlite3_bind_text(statement, 4, state->store, -1, SQLITE_STATIC) ||
            sqlite3_bind_int64(statement, 5, state->now_us) ||
            sqlite3_bind_int64(statement, 6, checksum(state, 1, 0, state->store, NULL, 0)),
        err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_ADD, "cannot be written", err));
out:
    return status;
}

static pln_status raise_owner(pln__state *state, const found_run *found, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t sum =
        checksum(state, found->owner + 1, found->n, state->store, state->lent, state->lent_size);
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_RAISE, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 3, found->owner + 1) ||
                                  sqlite3_bind_int64(statement, 4, state->now_us) ||
                                  sqlite3_bind_int64(statement, 5, sum),
                              err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_RAISE, "cannot be written", err));
out:
    return status;
}

pln_status pln__state_take_over(pln__state *state, const char *pipeline, const char *run_key,
                                const char *store, pln__state_run *out, pln_error *err) {
    found_run found = {0};
    pln_status status = PLN_OK;
    *out = (pln__state_run){0};
    forget_run(state);
    state->pipeline = pln__strdup(state->mem, pipeline);
    state->run_key = pln__strdup(state->mem, run_key);
    state->store = pln__strdup(state->mem, store);
    if (state->pipeline == NULL || state->run_key == NULL || state->store == NULL) {
        status = pln__error_memory(err, strlen(pipeline) + strlen(run_key) + strlen(store) + 3);
        goto out;
    }
    PLN__TRY(pln__state_begin(state, true, err));
    status = find_run(state, store, &found, err);
    if (status >= 0)
        status = found.there ? raise_owner(state, &found, err) : add_run(state, err);
    PLN__TRY(pln__state_finish(state, status, err));
    state->owner = found.owner + 1;
    *out = (pln__state_run){state->owner, found.n, state->lent, state->lent_size};
    status = PLN_OK;
out:
    if (status < 0)
        forget_run(state);
    return status;
}

static pln_status need_run(const pln__state *state, const char *verb, pln_error *err) {
    if (state->pipeline == NULL)
        return pln__error_set(err, PLN_ESTATE, "state file '%s': %s before a run was taken over",
                              state->path, verb);
    return PLN_OK;
}

static pln_status fenced(const pln__state *state, const found_run *now, int64_t owner, int64_t n,
                         pln_error *err) {
    return pln__error_set(
        err, PLN_EFENCED,
        "state file '%s': run '%s' of pipeline '%s' stands at epoch %lld of owner %lld; owner %lld "
        "cannot write epoch %lld",
        state->path, state->run_key, state->pipeline, (long long)now->n, (long long)now->owner,
        (long long)owner, (long long)n);
}

static pln_status write_body(pln__state *state, const pln__state_run *what, int64_t keep,
                             pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t sum = checksum(state, what->owner, what->n, "body", what->head, what->head_size);
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_BODY_DROP, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 3, what->n) ||
                                  sqlite3_bind_int64(statement, 4, what->owner) ||
                                  sqlite3_bind_int64(statement, 5, keep),
                              err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_BODY_DROP, "cannot be written", err));
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_BODY_PUT, &statement, err));
    PLN__TRY(
        pln__state_bound(state,
                         sqlite3_bind_int64(statement, 3, what->owner) ||
                             sqlite3_bind_int64(statement, 4, what->n) ||
                             pln__state_bind_bytes(statement, 5, what->head, what->head_size) ||
                             sqlite3_bind_int64(statement, 6, sum),
                         err));
    PLN__TRY(
        pln__state_exec(state, PLN__STATE_BODY_PUT, "the body of an epoch cannot be written", err));
out:
    /* The caller's bytes are gone after this call. */
    if (statement != NULL)
        (void)sqlite3_clear_bindings(statement);
    return status;
}

/*
 * Where the heads live in a sink's own store the run's row here does not move, so the body of n - 1 is kept without asking whether
 * it is the committed one.
 */
pln_status pln__state_put_body(pln__state *state, int64_t owner, int64_t n, const void *bytes,
                               int64_t size, pln_error *err) {
    found_run now = {0};
    pln_status status = need_run(state, "a body", err);
    if (status < 0)
        return status;
    forget_lent(state);
    PLN__TRY(pln__state_begin(state, true, err));
    status = find_run(state, NULL, &now, err);
    if (status >= 0 && now.owner != state->owner)
        status = fenced(state, &now, state->owner, n, err);
    if (status >= 0)
        status = write_body(state, &(pln__state_run){owner, n, bytes, size},
                            strcmp(state->store, "state") == 0 ? now.n : n - 1, err);
    PLN__TRY(pln__state_finish(state, status, err));
    status = PLN_OK;
out:
    forget_lent(state);
    return status;
}

pln_status pln__state_get_body(pln__state *state, int64_t owner, int64_t n, const void **bytes,
                               int64_t *size, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    *bytes = NULL;
    *size = 0;
    PLN__TRY(need_run(state, "a body", err));
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_BODY_GET, &statement, err));
    PLN__TRY(pln__state_bound(
        state, sqlite3_bind_int64(statement, 3, owner) || sqlite3_bind_int64(statement, 4, n),
        err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        PLN__FAIL(err, PLN_EDATALOSS,
                  "state file '%s': run '%s' of pipeline '%s': the body of epoch %lld is missing",
                  state->path, state->run_key, state->pipeline, (long long)n);
    if (code != SQLITE_ROW) {
        status = pln__state_fail(state, "cannot be read", err);
        goto out;
    }
    PLN__TRY(pln__state_lend(state, sqlite3_column_blob(statement, 0),
                             sqlite3_column_bytes(statement, 0), err));
    if (sqlite3_column_int64(statement, 1) !=
        checksum(state, owner, n, "body", state->lent, state->lent_size))
        PLN__FAIL(err, PLN_ECORRUPT,
                  "state file '%s': run '%s' of pipeline '%s': the body of epoch %lld is damaged",
                  state->path, state->run_key, state->pipeline, (long long)n);
    *bytes = state->lent;
    *size = state->lent_size;
out:
    if (statement != NULL)
        (void)sqlite3_reset(statement);
    return status;
}

static pln_status set_head(pln__state *state, const pln__state_run *to, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int64_t sum = checksum(state, to->owner, to->n, state->store, to->head, to->head_size);
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_BODY_CLEAN, &statement, err));
    PLN__TRY(pln__state_bound(state, sqlite3_bind_int64(statement, 3, to->n), err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_BODY_CLEAN, "cannot be written", err));
    PLN__TRY(pln__state_bind_run(state, PLN__STATE_SET, &statement, err));
    PLN__TRY(pln__state_bound(state,
                              sqlite3_bind_int64(statement, 3, to->owner) ||
                                  sqlite3_bind_int64(statement, 4, to->n) ||
                                  pln__state_bind_bytes(statement, 5, to->head, to->head_size) ||
                                  sqlite3_bind_int64(statement, 6, state->now_us) ||
                                  sqlite3_bind_int64(statement, 7, sum),
                              err));
    PLN__TRY(pln__state_exec(state, PLN__STATE_SET, "the head of an epoch cannot be written", err));
    if (sqlite3_changes(state->db) != 1)
        status = PLN_EFENCED;
out:
    if (statement != NULL)
        (void)sqlite3_clear_bindings(statement);
    return status;
}

pln_status pln__state_commit(pln__state *state, int64_t owner, int64_t n, const void *head,
                             int64_t size, pln_error *err) {
    found_run now = {0};
    pln_status status = need_run(state, "an epoch", err);
    if (status < 0)
        return status;
    state->history_lost = 0;
    forget_lent(state);
    PLN__TRY(pln__state_begin(state, true, err));
    status = find_run(state, NULL, &now, err);
    if (status >= 0 && (owner != now.owner || owner != state->owner || n - 1 != now.n))
        status = PLN_EFENCED;
    if (status >= 0)
        status = set_head(state, &(pln__state_run){owner, n, head, size}, err);
    if (status >= 0 && state->history_waits)
        status = pln__state_history_promote(state, n, &state->history_lost, err);
    if (status == PLN_EFENCED)
        status = fenced(state, &now, owner, n, err);
    PLN__TRY(pln__state_finish(state, status, err));
    state->history_waits = false;
    status = PLN_OK;
out:
    forget_lent(state);
    return status;
}
