/*
 * A registry in a state file: tables of its own beside those of runs, to be looked at with sqlite3.
 *
 *     registry_schema(id, guid, text, refs)        one row a schema; ids are never used again
 *     registry_version(subject, version, id, deleted)
 *     registry_level(subject, level)               subject '' is the global one
 */
#include "registry/local.h"
#include "store/sqlite.h"
#include "store/store.h"
#include <limits.h>

#define BUSY_MS 5000

static const char TABLES[] =
    "CREATE TABLE IF NOT EXISTS registry_schema(id INTEGER PRIMARY KEY AUTOINCREMENT, guid BLOB "
    "NOT NULL,"
    " text TEXT NOT NULL, refs TEXT NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS registry_schema_guid ON registry_schema(guid, id);"
    "CREATE TABLE IF NOT EXISTS registry_version(subject TEXT NOT NULL, version INTEGER NOT NULL,"
    " id INTEGER NOT NULL, deleted INTEGER NOT NULL, PRIMARY KEY(subject, version)) STRICT, "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS registry_level(subject TEXT NOT NULL PRIMARY KEY, level TEXT NOT "
    "NULL)"
    " STRICT, WITHOUT ROWID;";

enum {
    BEGIN_WRITE,
    BEGIN_READ,
    COMMIT,
    ROLLBACK,
    SCHEMA,
    FIND,
    ADD,
    DROP,
    VERSIONS,
    VERSIONS_CLEAR,
    VERSION_ADD,
    LEVEL,
    LEVEL_SET,
    LEVEL_CLEAR,
    NAMES,
    STATEMENTS
};

static const char *const SQL[STATEMENTS] = {
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [BEGIN_READ] = "BEGIN",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SCHEMA] = "SELECT text, refs, guid FROM registry_schema WHERE id=?1",
    [FIND] = "SELECT id FROM registry_schema WHERE guid=?1 AND id>?2 ORDER BY id LIMIT 1",
    [ADD] = "INSERT INTO registry_schema(guid, text, refs) VALUES(?1, ?2, ?3)",
    [DROP] = "DELETE FROM registry_schema WHERE id=?1",
    [VERSIONS] = "SELECT version, id, deleted FROM registry_version WHERE subject=?1 ORDER BY version",
    [VERSIONS_CLEAR] = "DELETE FROM registry_version WHERE subject=?1",
    [VERSION_ADD] = "INSERT INTO registry_version(subject, version, id, deleted) VALUES(?1, ?2, ?3, ?4)",
    [LEVEL] = "SELECT level FROM registry_level WHERE subject=?1",
    [LEVEL_SET] = "INSERT INTO registry_level(subject, level) VALUES(?1, ?2)"
                  " ON CONFLICT(subject) DO UPDATE SET level=?2",
    [LEVEL_CLEAR] = "DELETE FROM registry_level WHERE subject=?1",
    [NAMES] = "SELECT DISTINCT subject FROM registry_version",
};

typedef struct database {
    const pln_allocator *mem;
    sqlite3 *db;
    char *title; /* "state file 'x'" */
    bool broken; /* a write failed and nobody knows what is on the disk */
    sqlite3_stmt *statements[STATEMENTS];
} database;

static void database_close(void *self) {
    database *d = self;
    for (int i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(d->statements[i]);
    (void)sqlite3_close(d->db);
    pln__strfree(d->mem, d->title);
    pln__free(d->mem, d, sizeof *d);
}

static pln_status fail(database *d, const char *what, pln_error *err) {
    d->broken |= pln__sqlite_unknown(d->db);
    return pln__sqlite_fail(d->db, d->title, what, err);
}

static pln_status statement(database *d, int which, sqlite3_stmt **out, pln_error *err) {
    sqlite3_stmt **slot = &d->statements[which];
    if (d->broken)
        return pln__error_set(err, PLN_EIO,
                              "%s: an earlier write failed with an unknown outcome, open it again",
                              d->title);
    if (*slot == NULL && sqlite3_prepare_v3(d->db, SQL[which], -1, SQLITE_PREPARE_PERSISTENT, slot,
                                            NULL) != SQLITE_OK)
        return fail(d, "cannot be used", err);
    (void)sqlite3_reset(*slot);
    (void)sqlite3_clear_bindings(*slot);
    *out = *slot;
    return PLN_OK;
}

static int bind_text(sqlite3_stmt *s, int at, const char *text) {
    return sqlite3_bind_text64(s, at, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
}

/* PLN_OK with a row, PLN_EOS without one. */
static pln_status step(database *d, sqlite3_stmt *s, const char *what, pln_error *err) {
    int code = sqlite3_step(s);
    return code == SQLITE_ROW ? PLN_OK : code == SQLITE_DONE ? PLN_EOS : fail(d, what, err);
}

/* A statement whose values were bound, without rows. `bound` is what binding answered. */
static pln_status run(database *d, sqlite3_stmt *s, int bound, pln_error *err) {
    pln_status status =
        bound != SQLITE_OK ? fail(d, "no memory", err) : step(d, s, "cannot be written", err);
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
    return status < 0 ? status : PLN_OK;
}

static pln_status simple(database *d, int which, pln_error *err) {
    sqlite3_stmt *s;
    pln_status status = statement(d, which, &s, err);
    return status < 0 ? status : run(d, s, SQLITE_OK, err);
}

static pln_status database_begin(void *self, bool write, pln_error *err) {
    return simple(self, write ? BEGIN_WRITE : BEGIN_READ, err);
}

static pln_status database_end(void *self, bool commit, pln_error *err) {
    database *d = self;
    pln_status status = commit ? simple(d, COMMIT, err) : PLN_OK;
    if (sqlite3_get_autocommit(d->db) == 0)
        (void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static pln_status damaged(const database *d, const char *what, int64_t id, pln_error *err) {
    return pln__error_set(err, PLN_ECORRUPT, "%s: %s %lld is damaged", d->title, what,
                          (long long)id);
}

static pln_status copy_text(database *d, sqlite3_stmt *s, int column, char **out, pln_error *err) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    int size = sqlite3_column_bytes(s, column);
    if (text == NULL)
        return pln__error_set(err, PLN_ENOMEM, "%s: no memory to read it", d->title);
    *out = pln__strndup(d->mem, text, size);
    return *out == NULL ? pln__error_memory(err, (uint64_t)size + 1) : PLN_OK;
}

static pln_status read_schema(database *d, sqlite3_stmt *s, int64_t id, pln__stored *out,
                              pln_error *err) {
    char *refs = NULL;
    pln_status status = PLN_OK;
    out->id = id;
    if (sqlite3_column_bytes(s, 0) > PLN__SCHEMA_TEXT_MAX * 2 ||
        sqlite3_column_bytes(s, 1) > PLN__SCHEMA_TEXT_MAX)
        PLN__TRY(damaged(d, "schema", id, err));
    PLN__TRY(copy_text(d, s, 0, &out->text, err));
    PLN__TRY(copy_text(d, s, 1, &refs, err));
    status = pln__references_parse(d->mem, refs, &out->references, err);
    if (status < 0) {
        pln__error_prefix(err, "%s: schema %lld", d->title, (long long)id);
        goto out;
    }
    PLN__TRY(pln__stored_set_guid(d->mem, out, err));
    const void *guid = sqlite3_column_blob(s, 2);
    if (guid == NULL || sqlite3_column_bytes(s, 2) != (int)sizeof out->guid ||
        memcmp(guid, out->guid, sizeof out->guid) != 0)
        PLN__TRY(damaged(d, "schema", id, err));
out:
    pln__strfree(d->mem, refs);
    return status;
}

static pln_status database_schema(void *self, int64_t id, pln__stored *out, pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    memset(out, 0, sizeof *out);
    pln_status status = statement(d, SCHEMA, &s, err);
    if (status < 0)
        return status;
    status = sqlite3_bind_int64(s, 1, id) != SQLITE_OK ? fail(d, "no memory", err)
                                                       : step(d, s, "cannot be read", err);
    if (status == PLN_OK) {
        status = read_schema(d, s, id, out, err);
        if (status < 0)
            pln__stored_free(d->mem, out);
    }
    (void)sqlite3_reset(s);
    return status;
}

/* *level stays if there is none. */
static pln_status read_level(database *d, const char *subject, int32_t *level, pln_error *err) {
    sqlite3_stmt *s;
    pln_status status = statement(d, LEVEL, &s, err);
    if (status < 0)
        return status;
    status = bind_text(s, 1, subject) != SQLITE_OK ? fail(d, "no memory", err)
                                                   : step(d, s, "cannot be read", err);
    if (status == PLN_OK) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        *level = pln_compat_level_find(name == NULL ? "" : name);
        if (*level < 0)
            status = pln__error_set(err, PLN_ECORRUPT, "%s: level '%s' is none", d->title,
                                    name == NULL ? "" : name);
    }
    (void)sqlite3_reset(s);
    return status;
}

static pln_status read_versions(database *d, sqlite3_stmt *s, pln__subject *out, pln_error *err) {
    for (;;) {
        pln_status status = step(d, s, "cannot be read", err);
        if (status != PLN_OK)
            return status < 0 ? status : PLN_OK;
        int64_t version = sqlite3_column_int64(s, 0);
        pln__subject_version next = {sqlite3_column_int64(s, 1), (int32_t)version,
                                     sqlite3_column_int(s, 2) != 0};
        if (version < 1 || version > INT32_MAX - 1)
            return damaged(d, "version", version, err);
        status = pln__subject_add(d->mem, out, &next, err);
        if (status < 0)
            return status;
    }
}

static pln_status database_subject(void *self, const char *name, pln__subject *out,
                                   pln_error *err) {
    database *d = self;
    sqlite3_stmt *s = NULL;
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    out->level = PLN__NO_LEVEL;
    out->name = pln__strdup(d->mem, name);
    if (out->name == NULL)
        PLN__TRY(pln__error_memory(err, strlen(name) + 1));
    PLN__TRY(read_level(d, name, &out->level, err));
    PLN__TRY(statement(d, VERSIONS, &s, err));
    if (bind_text(s, 1, name) != SQLITE_OK)
        PLN__TRY(fail(d, "no memory", err));
    PLN__TRY(read_versions(d, s, out, err));
out:
    if (s != NULL)
        (void)sqlite3_reset(s);
    if (status < 0 || (out->n == 0 && out->level == PLN__NO_LEVEL)) {
        pln__subject_free(d->mem, out);
        out->level = PLN__NO_LEVEL;
        return status < 0 ? status : PLN_EOS;
    }
    return PLN_OK;
}

static pln_status database_find(void *self, const uint8_t *guid, int64_t after, int64_t *id,
                                pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    pln_status status = statement(d, FIND, &s, err);
    if (status < 0)
        return status;
    if (sqlite3_bind_blob(s, 1, guid, 16, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(s, 2, after) != SQLITE_OK)
        status = fail(d, "no memory", err);
    else
        status = step(d, s, "cannot be read", err);
    if (status == PLN_OK)
        *id = sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return status;
}

static pln_status database_add(void *self, pln__stored *stored, pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    pln__text refs;
    pln__text_init(&refs, d->mem);
    pln__text_str(&refs, "");
    pln__references_text(&stored->references, &refs);
    pln_status status = pln__text_status(&refs, err);
    if (status >= 0)
        status = statement(d, ADD, &s, err);
    if (status >= 0) {
        int bound = sqlite3_bind_blob(s, 1, stored->guid, 16, SQLITE_STATIC);
        bound = bound == SQLITE_OK ? bind_text(s, 2, stored->text) : bound;
        bound = bound == SQLITE_OK ? bind_text(s, 3, refs.data) : bound;
        status = run(d, s, bound, err);
    }
    if (status >= 0)
        stored->id = sqlite3_last_insert_rowid(d->db);
    pln__text_free(&refs);
    return status;
}

static pln_status database_drop(void *self, int64_t id, pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    pln_status status = statement(d, DROP, &s, err);
    return status < 0 ? status : run(d, s, sqlite3_bind_int64(s, 1, id), err);
}

static pln_status write_level(database *d, const char *subject, int32_t level, pln_error *err) {
    sqlite3_stmt *s;
    bool clear = level == PLN__NO_LEVEL;
    pln_status status = statement(d, clear ? LEVEL_CLEAR : LEVEL_SET, &s, err);
    if (status < 0)
        return status;
    int bound = bind_text(s, 1, subject);
    if (bound == SQLITE_OK && !clear)
        bound = bind_text(s, 2, pln_compat_level_name(level));
    return run(d, s, bound, err);
}

static pln_status write_version(database *d, const pln__subject *subject, int64_t i,
                                pln_error *err) {
    sqlite3_stmt *s;
    const pln__subject_version *version = &subject->versions[i];
    pln_status status = statement(d, VERSION_ADD, &s, err);
    if (status < 0)
        return status;
    int bound = bind_text(s, 1, subject->name);
    bound = bound == SQLITE_OK ? sqlite3_bind_int(s, 2, version->version) : bound;
    bound = bound == SQLITE_OK ? sqlite3_bind_int64(s, 3, version->id) : bound;
    bound = bound == SQLITE_OK ? sqlite3_bind_int(s, 4, version->deleted) : bound;
    return run(d, s, bound, err);
}

static pln_status database_put(void *self, const pln__subject *subject, pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    pln_status status = PLN_OK;
    PLN__TRY(write_level(d, subject->name, subject->level, err));
    PLN__TRY(statement(d, VERSIONS_CLEAR, &s, err));
    PLN__TRY(run(d, s, bind_text(s, 1, subject->name), err));
    for (int64_t i = 0; i < subject->n; i++)
        PLN__TRY(write_version(d, subject, i, err));
out:
    return status;
}

static pln_status database_names(void *self, pln_status (*each)(void *arg, const char *name),
                                 void *arg, pln_error *err) {
    database *d = self;
    sqlite3_stmt *s;
    pln_status status = statement(d, NAMES, &s, err);
    if (status < 0)
        return status;
    while ((status = step(d, s, "cannot be read", err)) == PLN_OK) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        status = name == NULL ? fail(d, "no memory", err) : each(arg, name);
        if (status < 0)
            break;
    }
    (void)sqlite3_reset(s);
    return status < 0 ? status : PLN_OK;
}

static pln_status database_level(void *self, int32_t *level, pln_error *err) {
    *level = PLN__NO_LEVEL;
    pln_status status = read_level(self, "", level, err);
    return status < 0 ? status : PLN_OK;
}

static pln_status database_set_level(void *self, int32_t level, pln_error *err) {
    return write_level(self, "", level, err);
}

static const pln__place place = {
    .close = database_close,
    .begin = database_begin,
    .end = database_end,
    .schema = database_schema,
    .subject = database_subject,
    .find = database_find,
    .add = database_add,
    .drop = database_drop,
    .put = database_put,
    .names = database_names,
    .level = database_level,
    .set_level = database_set_level,
};

/* Room store makes the file if it is new, and refuses one that is not a state file. */
static pln_status check_file(database *d, const char *path, int64_t now_us, pln_error *err) {
    pln__state *state = NULL;
    pln__state_options options = {path, BUSY_MS * 1000, now_us};
    pln_status status = pln__state_open(d->mem, &options, &state, err);
    pln__state_close(state);
    return status;
}

static pln_status open_file(database *d, const char *path, pln_error *err) {
    pln_status status = PLN_OK;
    char *name = NULL;
    PLN__TRY(pln__sqlite_name(d->mem, "state file", path, &name, err));
    if (pln__sqlite_open(name, 0, &d->db) != SQLITE_OK) {
        if (d->db == NULL)
            PLN__FAIL(err, PLN_ENOMEM, "%s: no memory to open it", d->title);
        PLN__TRY(fail(d, "cannot be opened", err));
    }
    (void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_busy_timeout(d->db, BUSY_MS);
    if (sqlite3_exec(d->db, "PRAGMA synchronous=FULL; BEGIN IMMEDIATE", NULL, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(d->db, TABLES, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        PLN__TRY(fail(d, "cannot be written", err));
out:
    pln__strfree(d->mem, name);
    return status;
}

static pln_status sqlite_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    const char *path = pln__registry_path(host->config_text(config, "location"), "sqlite");
    pln__text title;
    database *d = pln__calloc(mem, 1, sizeof *d);
    if (d == NULL)
        return pln__error_memory(err, sizeof *d);
    d->mem = mem;
    pln__text_init(&title, mem);
    pln__text_printf(&title, "state file '%s'", path);
    PLN__TRY(pln__text_status(&title, err));
    d->title = pln__text_take(&title);
    if (d->title == NULL)
        PLN__TRY(pln__error_memory(err, strlen(path)));
    PLN__TRY(check_file(d, path, host->now_us(ctx), err));
    PLN__TRY(open_file(d, path, err));
    pln__text_free(&title);
    return pln__local_new(mem, user, &place, d, host->config_text(config, "mode"), self, err);
out:
    pln__text_free(&title);
    database_close(d);
    return status;
}

static const pln_option options[] = {
    {"location", PLN_OPT_TEXT, 1, NULL, NULL,
     "the state file, with or without \"sqlite:\" before it; made if it is not there"},
    {"mode", PLN_OPT_ENUM, 0, "\"sound\"", "sound|java",
     "how compatibility is judged, see pln-compatibility(7)"},
    {0}};

const pln_schema_registry_table pln__registry_sqlite = {
    .name = "registry.sqlite",
    .summary = "Keeps schemas in a state file.",
    .options = options,
    .open = sqlite_open,
    PLN__LOCAL_SLOTS,
};
