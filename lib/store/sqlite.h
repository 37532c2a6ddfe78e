/*
 * How this library opens SQLite databases: names that mean files and nothing else, connections that trust no file, errors in our codes.
 * The state file and the database connector stand on it.
 */
#ifndef PLN__STORE_SQLITE_H
#define PLN__STORE_SQLITE_H

#include "base/base.h"
#include <sqlite3.h>

enum {
    PLN__SQLITE_READ_ONLY = 1,
    PLN__SQLITE_CREATE = 2 /* make the file if it is not there */
};

/*
 * The absolute name of a file whose directory is there, links in the directory resolved; free with pln__strfree. The file itself may
 * not be one: a link planted in a writable directory would make us write elsewhere. An absolute name also keeps ":memory:" and
 * "file:..." from meaning anything. Messages begin with `what`, such as "state file".
 */
pln_status pln__sqlite_name(const pln_allocator *mem, const char *what, const char *path,
                            char **out, pln_error *err);
/*
 * Open a name given by pln__sqlite_name: defensive, without trust in the schema, double-quoted strings, extensions or attached databases; extended result
 * codes; no mutex, since our calls never overlap. On failure *out may be open, for pln__sqlite_fail to speak of; NULL only without memory.
 */
int pln__sqlite_open(const char *name, uint32_t flags, sqlite3 **out);
/* Device and inode of a file that is there: one database by whatever name. */
bool pln__sqlite_identity(const char *name, uint64_t *device, uint64_t *inode);

/* What an extended result code is in our terms. */
pln_status pln__sqlite_status(sqlite3 *db, int code);
/* The error of the database's last call: "<prefix>: <what>: <SQLite's words>", with `native` set. */
pln_status pln__sqlite_fail(sqlite3 *db, const char *prefix, const char *what, pln_error *err);
/* A write or sync failed in a way that leaves open what is on the disk. */
static inline bool pln__sqlite_unknown(sqlite3 *db) {
    int code = sqlite3_extended_errcode(db);
    return (code & 0xff) == SQLITE_IOERR && code != SQLITE_IOERR_NOMEM;
}

/* Hash of a sequence of byte strings, which differs where the same bytes are cut otherwise. Start with seed 0. */
static inline uint64_t pln__hash_chain(uint64_t seed, const void *bytes, int64_t size) {
    uint64_t length = (uint64_t)size;
    seed = pln__hash64(&length, (int64_t)sizeof length, seed);
    return pln__hash64(size > 0 ? bytes : "", size, seed);
}

#endif
