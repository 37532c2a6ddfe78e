#include "connect/sqlite/db.h"
#include <limits.h>

/* Waits in growing steps, as SQLite's own handler does, but stops when the run is cancelled. */
static int on_busy(void *user, int count) {
    static const int delays[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
    pln__lite *db = user;
    int64_t waited = 0;
    for (int i = 0; i < count; i++)
        waited += delays[i < PLN__COUNT(delays) ? i : PLN__COUNT(delays) - 1];
    if (db->cancelled || waited >= db->busy_ms)
        return 0;
    int64_t delay = delays[count < PLN__COUNT(delays) ? count : PLN__COUNT(delays) - 1];
    (void)sqlite3_sleep((int)(delay < db->busy_ms - waited ? delay : db->busy_ms - waited));
    return 1;
}

/*
 * Inside the WHERE of an upsert or delete it runs only where a row with the key is there: so one statement tells an insert from an update,
 * and a row that is stale from one that is the same.
 */
static void note(sqlite3_context *context, int count, sqlite3_value **values) {
    pln__lite *db = sqlite3_user_data(context);
    (void)count;
    db->note = sqlite3_value_int(values[0]) != 0 ? 1 : -1;
    db->noted[db->note > 0]++;
    sqlite3_result_int(context, db->note > 0);
}

pln_status pln__lite_fail(pln__lite *db, const char *what, pln_error *err) {
    if (pln__sqlite_unknown(db->handle) && db->in_transaction)
        db->poisoned = true;
    (void)pln__lite_stands(db);
    return pln__sqlite_fail(db->handle, db->title, what, err);
}

static pln_status compose(pln__lite *db, const char *path, pln_error *err) {
    pln__text title, store;
    pln__text_init(&title, db->mem);
    pln__text_init(&store, db->mem);
    pln__text_printf(&title, "database '%s'", path);
    pln__text_printf(&store, "sqlite:%s", db->name);
    db->title = pln__text_take(&title);
    db->store = pln__text_take(&store);
    pln__text_free(&title);
    pln__text_free(&store);
    return db->title == NULL || db->store == NULL ? pln__error_memory(err, strlen(path)) : PLN_OK;
}

/*
 * A database that is new gets a write-ahead log; another keeps its journal. With a rollback journal FULL does not sync the directory
 * after the journal is gone, so that power loss could take a commit back: EXTRA does.
 */
static pln_status set_journal(pln__lite *db, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    bool fresh = false;
    PLN__TRY(pln__lite_prepare(db, "SELECT count(*)=0 FROM sqlite_schema", "cannot be read",
                               &statement, err));
    if (sqlite3_step(statement) != SQLITE_ROW) {
        status = pln__lite_fail(db, "cannot be read", err);
        goto out;
    }
    fresh = sqlite3_column_int(statement, 0) != 0;
    (void)sqlite3_finalize(statement);
    statement = NULL;
    if (fresh)
        (void)sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    PLN__TRY(pln__lite_prepare(db, "PRAGMA journal_mode", "cannot be read", &statement, err));
    bool wal = sqlite3_step(statement) == SQLITE_ROW &&
               sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    (void)sqlite3_finalize(statement);
    statement = NULL;
    PLN__TRY(pln__lite_exec(db, wal ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=EXTRA",
                            "cannot be read", err));
out:
    (void)sqlite3_finalize(statement);
    return status;
}

static pln_status set_up(pln__lite *db, const pln__lite_options *options, pln_error *err) {
    pln_status status = PLN_OK;
    char pragma[64];
    int64_t kibibytes = options->cache_bytes / 1024;
    (void)sqlite3_busy_handler(db->handle, on_busy, db);
    if (options->flags & PLN__SQLITE_READ_ONLY)
        return PLN_OK;
    if (kibibytes > 0) {
        (void)sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA cache_size=-%lld",
                               kibibytes < INT_MAX ? kibibytes : INT_MAX);
        PLN__TRY(pln__lite_exec(db, pragma, "cannot be read", err));
    }
    PLN__TRY(pln__lite_exec(db, "PRAGMA temp_store=MEMORY", "cannot be read", err));
    PLN__TRY(set_journal(db, err));
    int enforced = 0;
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &enforced);
    db->foreign_keys = enforced != 0;
    db->largest = sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, -1);
    if (sqlite3_create_function_v2(db->handle, "pln_note", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, db,
                                   note, NULL, NULL, NULL) != SQLITE_OK)
        status = pln__lite_fail(db, "cannot be used", err);
out:
    return status;
}

pln_status pln__lite_open(const pln_allocator *mem, const pln__lite_options *options,
                          pln__lite **out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = NULL;
    pln__lite *db = pln__calloc(mem, 1, sizeof *db);
    if (db == NULL)
        return pln__error_memory(err, sizeof *db);
    db->mem = mem;
    db->busy_ms = options->busy_timeout_us / 1000;
    PLN__TRY(pln__sqlite_name(mem, "database", options->path, &db->name, err));
    PLN__TRY(compose(db, options->path, err));
    if (pln__sqlite_open(db->name, options->flags, &db->handle) != SQLITE_OK) {
        if (db->handle == NULL)
            PLN__FAIL(err, PLN_ENOMEM, "%s: no memory to open it", db->title);
        PLN__TRY(pln__lite_fail(db, "cannot be opened", err));
    }
    PLN__TRY(set_up(db, options, err));
    *out = db;
    db = NULL;
out:
    pln__lite_close(db);
    return status;
}

void pln__lite_close(pln__lite *db) {
    if (db == NULL)
        return;
    pln__lite_rollback(db);
    (void)sqlite3_close(db->handle);
    pln__free(db->mem, db->lent, (uint64_t)db->lent_size);
    pln__strfree(db->mem, db->name);
    pln__strfree(db->mem, db->title);
    pln__strfree(db->mem, db->store);
    pln__free(db->mem, db, sizeof *db);
}

static pln_status adopt(pln_context *ctx, void *arg, void **object, pln_error *err) {
    pln__lite **mine = arg;
    (void)ctx;
    (void)err;
    *object = *mine;
    *mine = NULL;
    return PLN_OK;
}

static void destroy(void *object) {
    pln__lite_close(object);
}

/*
 * Opened first and shared second: the inode is known only of a file that is there, and nobody but SQLite may open and close it, because
 * closing any descriptor of a file drops the locks that the process holds on it.
 */
pln_status pln__lite_share(pln_context *ctx, const pln__lite_options *options, pln__lite **out,
                           pln_error *err) {
    pln__lite *mine = NULL;
    void *object = NULL;
    char key[64];
    uint64_t device = 0, inode = 0;
    pln_status status = PLN_OK;
    PLN__TRY(pln__lite_open(ctx->host->allocator(ctx), options, &mine, err));
    if (!pln__sqlite_identity(mine->name, &device, &inode))
        PLN__FAIL(err, PLN_EIO, "%s: it is gone", mine->title);
    (void)sqlite3_snprintf(sizeof key, key, "sqlite:%llx:%llx", (unsigned long long)device,
                           (unsigned long long)inode);
    PLN__TRY(ctx->host->shared(ctx, key, adopt, destroy, &mine, &object, err));
    *out = object;
out:
    pln__lite_close(mine);
    return status;
}

pln_status pln__lite_exec(pln__lite *db, const char *sql, const char *what, pln_error *err) {
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK
               ? PLN_OK
               : pln__lite_fail(db, what, err);
}

pln_status pln__lite_exec_text(pln__lite *db, pln__text *sql, const char *what, pln_error *err) {
    pln_status status = pln__text_status(sql, err);
    if (status >= 0)
        status = pln__lite_exec(db, sql->data, what, err);
    pln__text_free(sql);
    return status;
}

pln_status pln__lite_prepare(pln__lite *db, const char *sql, const char *what, sqlite3_stmt **out,
                             pln_error *err) {
    return sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) ==
                   SQLITE_OK
               ? PLN_OK
               : pln__lite_fail(db, what, err);
}

pln_status pln__lite_prepare_text(pln__lite *db, pln__text *sql, const char *what,
                                  sqlite3_stmt **out, pln_error *err) {
    pln_status status = pln__text_status(sql, err);
    if (status >= 0)
        status = pln__lite_prepare(db, sql->data, what, out, err);
    pln__text_free(sql);
    return status;
}

pln_status pln__lite_begin(pln__lite *db, pln_error *err) {
    if (db->in_transaction)
        return PLN_OK;
    if (db->poisoned) {
        pln_status status = pln__error_set(
            err, PLN_EIO, "%s: an earlier write failed with an unknown outcome", db->title);
        if (err != NULL)
            err->flags |= PLN_ERR_FATAL;
        return status;
    }
    pln_status status = pln__lite_exec(db, "BEGIN IMMEDIATE", "cannot be locked for writing", err);
    db->in_transaction = status == PLN_OK;
    return status;
}

bool pln__lite_stands(pln__lite *db) {
    if (db->in_transaction && sqlite3_get_autocommit(db->handle) != 0) {
        db->in_transaction = false;
        db->rollbacks++;
    }
    return db->in_transaction;
}

void pln__lite_rollback(pln__lite *db) {
    if (db->handle != NULL && sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        db->rollbacks++;
    }
    db->in_transaction = false;
}

pln_status pln__lite_commit(pln__lite *db, pln_error *err) {
    if (!db->in_transaction)
        return PLN_OK;
    pln_status status = pln__lite_exec(db, "COMMIT", "the epoch cannot be committed", err);
    if (status < 0)
        pln__lite_rollback(db);
    db->in_transaction = false;
    return status;
}

void pln__lite_interrupt(pln__lite *db) {
    db->cancelled = 1;
    sqlite3_interrupt(db->handle);
}
