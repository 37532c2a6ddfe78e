#include "connect/sqlite/db.h"

static const char MAKE[] = "CREATE TABLE IF NOT EXISTS pln_run(pipeline TEXT NOT NULL, run_key "
                           "TEXT NOT NULL, owner INTEGER NOT NULL,"
                           " n INTEGER NOT NULL, head BLOB NOT NULL, checksum INTEGER NOT NULL, "
                           "PRIMARY KEY(pipeline, run_key))"
                           " WITHOUT ROWID";

typedef struct run_row {
    bool there;
    int64_t owner;
    int64_t n;
    const void *head;
    int64_t size;
    int64_t sum;
} run_row;

static int64_t checksum(const pln_identity *who, const run_row *row) {
    uint8_t numbers[16];
    for (int i = 0; i < 8; i++) {
        numbers[i] = (uint8_t)((uint64_t)row->owner >> (8 * i));
        numbers[8 + i] = (uint8_t)((uint64_t)row->n >> (8 * i));
    }
    uint64_t hash = pln__hash_chain(0, who->pipeline, (int64_t)strlen(who->pipeline));
    hash = pln__hash_chain(hash, who->run_key, (int64_t)strlen(who->run_key));
    hash = pln__hash_chain(hash, numbers, (int64_t)sizeof numbers);
    hash = pln__hash_chain(hash, row->head, row->size);
    int64_t out;
    memcpy(&out, &hash, sizeof out);
    return out;
}

static pln_status prepare_for(pln__lite *db, const char *sql, const pln_identity *who,
                              sqlite3_stmt **out, pln_error *err) {
    pln_status status = pln__lite_prepare(db, sql, "the table pln_run cannot be used", out, err);
    if (status >= 0 && (sqlite3_bind_text(*out, 1, who->pipeline, -1, SQLITE_STATIC) != SQLITE_OK ||
                        sqlite3_bind_text(*out, 2, who->run_key, -1, SQLITE_STATIC) != SQLITE_OK))
        status = pln__lite_fail(db, "the table pln_run cannot be used", err);
    return status;
}

static pln_status lend(pln__lite *db, const void *bytes, int64_t size, pln_error *err) {
    pln__free(db->mem, db->lent, (uint64_t)db->lent_size);
    db->lent = NULL;
    db->lent_size = 0;
    if (size == 0)
        return PLN_OK;
    db->lent = pln__alloc(db->mem, (uint64_t)size);
    if (db->lent == NULL)
        return pln__error_memory(err, (uint64_t)size);
    db->lent_size = size;
    memcpy(db->lent, bytes, (size_t)size);
    return PLN_OK;
}

static pln_status find(pln__lite *db, const pln_identity *who, run_row *out, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    *out = (run_row){0};
    PLN__TRY(prepare_for(
        db, "SELECT owner, n, head, checksum FROM pln_run WHERE pipeline=?1 AND run_key=?2", who,
        &statement, err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_DONE)
        goto out;
    if (code != SQLITE_ROW) {
        status = pln__lite_fail(db, "the table pln_run cannot be read", err);
        goto out;
    }
    PLN__TRY(lend(db, sqlite3_column_blob(statement, 2), sqlite3_column_bytes(statement, 2), err));
    *out = (run_row){true,
                     sqlite3_column_int64(statement, 0),
                     sqlite3_column_int64(statement, 1),
                     db->lent,
                     db->lent_size,
                     sqlite3_column_int64(statement, 3)};
out:
    (void)sqlite3_finalize(statement);
    return status;
}

/* One write to the run's row; `sql` takes owner, n, head, checksum as ?3 to ?6. */
static pln_status write_row(pln__lite *db, const char *sql, const pln_identity *who,
                            const run_row *row, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(prepare_for(db, sql, who, &statement, err));
    if (sqlite3_bind_int64(statement, 3, row->owner) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 4, row->n) != SQLITE_OK ||
        sqlite3_bind_blob64(statement, 5, row->size > 0 ? row->head : "", (sqlite3_uint64)row->size,
                            SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(statement, 6, checksum(who, row)) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        status = pln__lite_fail(db, "the table pln_run cannot be written", err);
out:
    (void)sqlite3_finalize(statement);
    return status;
}

static pln_status raise_owner(pln__lite *db, const pln_identity *who, run_row *run,
                              pln_error *err) {
    pln_status status = PLN_OK;
    if (run->there &&
        (run->owner < 1 || run->owner == INT64_MAX || run->n < 0 || run->sum != checksum(who, run)))
        PLN__FAIL(err, PLN_ECORRUPT,
                  "%s: the row of run '%s' of pipeline '%s' in pln_run is damaged", db->title,
                  who->run_key, who->pipeline);
    run->owner++;
    PLN__TRY(write_row(db,
                       "INSERT INTO pln_run(pipeline, run_key, owner, n, head, checksum) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                       " ON CONFLICT(pipeline, run_key) DO UPDATE SET owner=?3, checksum=?6",
                       who, run, err));
out:
    return status;
}

pln_status pln__lite_take_over(pln__lite *db, const pln_identity *who, int64_t *owner, int64_t *n,
                               const void **head, int64_t *size, pln_error *err) {
    run_row run = {0};
    pln_status status = PLN_OK;
    if (db->in_transaction)
        return pln__error_set(err, PLN_ESTATE, "%s: a run cannot be taken over inside an epoch",
                              db->title);
    PLN__TRY(lend(db, NULL, 0, err));
    PLN__TRY(pln__lite_begin(db, err));
    PLN__TRY(pln__lite_exec(db, MAKE, "the table pln_run cannot be made", err));
    PLN__TRY(find(db, who, &run, err));
    PLN__TRY(raise_owner(db, who, &run, err));
    PLN__TRY(pln__lite_commit(db, err));
    db->has_runs = true;
    db->owner = *owner = run.owner;
    *n = run.n;
    *head = db->lent;
    *size = db->lent_size;
out:
    if (status < 0)
        pln__lite_rollback(db);
    return status;
}

pln_status pln__lite_set_head(pln__lite *db, const pln_identity *who, const void *head,
                              int64_t size, pln_error *err) {
    run_row now = {0};
    pln_status status = PLN_OK;
    PLN__TRY(write_row(db,
                       "UPDATE pln_run SET n=?4, head=?5, checksum=?6"
                       " WHERE pipeline=?1 AND run_key=?2 AND owner=?3 AND n=?4-1",
                       who, &(run_row){true, who->owner, who->epoch, head, size, 0}, err));
    if (sqlite3_changes(db->handle) == 1)
        goto out;
    PLN__TRY(find(db, who, &now, err));
    PLN__FAIL(err, PLN_EFENCED,
              "%s: run '%s' of pipeline '%s' stands at epoch %lld of owner %lld; owner %lld cannot "
              "write epoch %lld",
              db->title, who->run_key, who->pipeline, (long long)now.n, (long long)now.owner,
              (long long)who->owner, (long long)who->epoch);
out:
    return status;
}
