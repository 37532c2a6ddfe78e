#include "store/sqlite.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

pln_status pln__sqlite_status(sqlite3 *db, int code) {
    switch (code & 0xff) {
    case SQLITE_NOMEM: return PLN_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return PLN_EBUSY;
    case SQLITE_FULL:
    case SQLITE_TOOBIG: return PLN_ELIMIT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return PLN_ECORRUPT;
    case SQLITE_IOERR: return code == SQLITE_IOERR_NOMEM ? PLN_ENOMEM : PLN_EIO;
    case SQLITE_CANTOPEN:
        if (code == SQLITE_CANTOPEN_SYMLINK)
            return PLN_EINVAL;
        return sqlite3_system_errno(db) == ENOENT ? PLN_ENOENT : PLN_EIO;
    case SQLITE_PERM:
    case SQLITE_READONLY: return PLN_EIO;
    case SQLITE_INTERRUPT: return PLN_ECANCELLED;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return PLN_EDATA;
    case SQLITE_ERROR:
    case SQLITE_SCHEMA: return PLN_ESTATE;
    case SQLITE_AUTH: return PLN_EUNSUPPORTED;
    default: return PLN_EINTERNAL;
    }
}

static const char *words_of(sqlite3 *db, int code) {
    if ((code & 0xff) == SQLITE_NOTADB)
        return "it is not a SQLite database, or its first page is damaged";
    return code == SQLITE_CANTOPEN_SYMLINK ? "it is a symbolic link" : sqlite3_errmsg(db);
}

pln_status pln__sqlite_fail(sqlite3 *db, const char *prefix, const char *what, pln_error *err) {
    int code = sqlite3_extended_errcode(db);
    pln_status status = pln__error_set(err, pln__sqlite_status(db, code), "%s: %s: %s", prefix,
                                       what, words_of(db, code));
    if (err != NULL)
        err->native = code;
    return status;
}

static char *directory_of(const pln_allocator *mem, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return pln__strdup(mem, ".");
    return slash == path ? pln__strdup(mem, "/") : pln__strndup(mem, path, slash - path);
}

pln_status pln__sqlite_name(const pln_allocator *mem, const char *what, const char *path,
                            char **out, pln_error *err) {
    char resolved[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char *directory = NULL;
    pln__text text;
    pln_status status = PLN_OK;
    *out = NULL;
    pln__text_init(&text, mem);
    if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        PLN__FAIL(err, PLN_EINVAL, "%s '%s': not a file name", what, path);
    directory = directory_of(mem, path);
    if (directory == NULL) {
        status = pln__error_memory(err, strlen(path));
        goto out;
    }
    if (realpath(directory, resolved) == NULL) {
        int code = errno;
        status =
            pln__error_set(err, code == ENOENT ? PLN_ENOENT : PLN_EIO,
                           "%s '%s': its directory '%s' cannot be reached", what, path, directory);
        if (err != NULL)
            err->native = code;
        goto out;
    }
    pln__text_str(&text, strcmp(resolved, "/") == 0 ? "" : resolved);
    pln__text_char(&text, '/');
    pln__text_str(&text, base);
    PLN__TRY(pln__text_status(&text, err));
    *out = pln__text_take(&text);
    if (*out == NULL)
        status = pln__error_memory(err, strlen(resolved) + strlen(base) + 2);
out:
    pln__strfree(mem, directory);
    pln__text_free(&text);
    return status;
}

bool pln__sqlite_identity(const char *name, uint64_t *device, uint64_t *inode) {
    struct stat info;
    if (stat(name, &info) != 0)
        return false;
    *device = (uint64_t)info.st_dev;
    *inode = (uint64_t)info.st_ino;
    return true;
}

int pln__sqlite_open(const char *name, uint32_t flags, sqlite3 **out) {
    int how = SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    if (flags & PLN__SQLITE_READ_ONLY)
        how |= SQLITE_OPEN_READONLY;
    else
        how |= SQLITE_OPEN_READWRITE | (flags & PLN__SQLITE_CREATE ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(name, out, how, NULL);
    if (code != SQLITE_OK)
        return code;
    (void)sqlite3_extended_result_codes(*out, 1);
    (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_limit(*out, SQLITE_LIMIT_ATTACHED, 0);
    return sqlite3_exec(*out, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL, NULL);
}
