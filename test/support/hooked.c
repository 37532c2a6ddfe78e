#include "hooked.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <store/store.h>
#include <stdlib.h>

const char *const hooked_names[HOOKED_OPS] = {"open", "write", "truncate", "sync", "sync_directory", "rename", "link", "unlink", "SQLite's open",
                                              "SQLite's write", "SQLite's truncate", "SQLite's sync", "SQLite's delete"};

static hooked_fn hook;

/* ---- files ---- */

static const pln_file_ops *real_files;

static pln_status made_to_fail(int op, pln_error *err) {
    if (err != NULL) {
        *err = (pln_error){.status = PLN_EIO, .native = EIO};
        snprintf(err->message, sizeof err->message, "made to fail: %s", hooked_names[op]);
    }
    return PLN_EIO;
}

#define HOOKED(op, call)                                                                           \
    do {                                                                                           \
        if (hook(op, false))                                                                       \
            return made_to_fail(op, err);                                                          \
        pln_status status = (call);                                                                \
        hook(op, true);                                                                            \
        return status;                                                                             \
    } while (0)

static pln_status f_open(void *user, const char *path, uint32_t flags, int64_t *fd,
                         pln_error *err) {
    if (!(flags & PLN_FILE_WRITE))
        return real_files->open(user, path, flags, fd, err);
    HOOKED(HOOKED_OPEN, real_files->open(user, path, flags, fd, err));
}
static pln_status f_write(void *user, int64_t fd, int64_t offset, const void *bytes, int64_t size,
                          pln_error *err) {
    HOOKED(HOOKED_WRITE, real_files->write(user, fd, offset, bytes, size, err));
}
static pln_status f_truncate(void *user, int64_t fd, int64_t size, pln_error *err) {
    HOOKED(HOOKED_TRUNCATE, real_files->truncate(user, fd, size, err));
}
static pln_status f_sync(void *user, int64_t fd, pln_error *err) {
    HOOKED(HOOKED_SYNC, real_files->sync(user, fd, err));
}
static pln_status f_sync_directory(void *user, const char *path, pln_error *err) {
    HOOKED(HOOKED_SYNC_DIRECTORY, real_files->sync_directory(user, path, err));
}
static pln_status f_rename(void *user, const char *from, const char *to, pln_error *err) {
    HOOKED(HOOKED_RENAME, real_files->rename(user, from, to, err));
}
static pln_status f_link(void *user, const char *from, const char *to, pln_error *err) {
    HOOKED(HOOKED_LINK, real_files->link(user, from, to, err));
}
static pln_status f_unlink(void *user, const char *path, pln_error *err) {
    HOOKED(HOOKED_UNLINK, real_files->unlink(user, path, err));
}

const pln_file_ops *hooked_files(void) {
    static pln_file_ops ops;
    real_files = pln__file_posix();
    ops = *real_files;
    ops.open = f_open;
    ops.write = f_write;
    ops.truncate = f_truncate;
    ops.sync = f_sync;
    ops.sync_directory = f_sync_directory;
    ops.rename = f_rename;
    ops.link = f_link;
    ops.unlink = f_unlink;
    return &ops;
}

/* ---- SQLite ---- */

static sqlite3_vfs *below, vfs;
static sqlite3_io_methods methods;

typedef struct hooked_file {
    sqlite3_file base;
    sqlite3_file *real;
} hooked_file;

static sqlite3_file *real(sqlite3_file *f) {
    return ((hooked_file *)(void *)f)->real;
}

static int v_close(sqlite3_file *f) {
    int code = real(f)->pMethods->xClose(real(f));
    free(real(f));
    return code;
}

#define HOOKED_DB(op, failure, call)                                                               \
    do {                                                                                           \
        if (hook(op, false))                                                                       \
            return failure;                                                                        \
        int code = (call);                                                                         \
        hook(op, true);                                                                            \
        return code;                                                                               \
    } while (0)

static int v_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    HOOKED_DB(HOOKED_DB_WRITE, SQLITE_IOERR_WRITE, real(f)->pMethods->xWrite(real(f), from, n, at));
}
static int v_truncate(sqlite3_file *f, sqlite3_int64 size) {
    HOOKED_DB(HOOKED_DB_TRUNCATE, SQLITE_IOERR_TRUNCATE,
              real(f)->pMethods->xTruncate(real(f), size));
}
static int v_sync(sqlite3_file *f, int flags) {
    HOOKED_DB(HOOKED_DB_SYNC, SQLITE_IOERR_FSYNC, real(f)->pMethods->xSync(real(f), flags));
}
static int v_delete(sqlite3_vfs *v, const char *name, int sync_directory) {
    (void)v;
    HOOKED_DB(HOOKED_DB_DELETE, SQLITE_IOERR_DELETE, below->xDelete(below, name, sync_directory));
}

#define PASS(name, slot, params, args)                                                             \
    static int v_##name params {                                                                   \
        return real(f)->pMethods->slot args;                                                       \
    }
PASS(read, xRead, (sqlite3_file * f, void *to, int n, sqlite3_int64 at), (real(f), to, n, at))
PASS(size, xFileSize, (sqlite3_file * f, sqlite3_int64 *n), (real(f), n))
PASS(lock, xLock, (sqlite3_file * f, int how), (real(f), how))
PASS(unlock, xUnlock, (sqlite3_file * f, int how), (real(f), how))
PASS(reserved, xCheckReservedLock, (sqlite3_file * f, int *out), (real(f), out))
PASS(control, xFileControl, (sqlite3_file * f, int op, void *arg), (real(f), op, arg))
PASS(sector, xSectorSize, (sqlite3_file * f), (real(f)))
PASS(traits, xDeviceCharacteristics, (sqlite3_file * f), (real(f)))
PASS(shm_map, xShmMap, (sqlite3_file * f, int page, int size, int extend, void volatile **out),
     (real(f), page, size, extend, out))
PASS(shm_lock, xShmLock, (sqlite3_file * f, int at, int n, int flags), (real(f), at, n, flags))
PASS(shm_unmap, xShmUnmap, (sqlite3_file * f, int gone), (real(f), gone))
static void v_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    hooked_file *h = (hooked_file *)(void *)f;
    (void)v;
    h->base.pMethods = NULL;
    if (hook(HOOKED_DB_OPEN, false))
        return SQLITE_CANTOPEN;
    h->real = calloc(1, (size_t)below->szOsFile);
    int code = below->xOpen(below, name, h->real, flags, out);
    if (code == SQLITE_OK)
        h->base.pMethods = &methods;
    else
        free(h->real);
    hook(HOOKED_DB_OPEN, true);
    return code;
}

void hooked_install(hooked_fn fn) {
    hook = fn;
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.szOsFile = (int)sizeof(hooked_file);
    vfs.zName = "hooked";
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    methods = (sqlite3_io_methods){.iVersion = 2,
                                   .xClose = v_close,
                                   .xRead = v_read,
                                   .xWrite = v_write,
                                   .xTruncate = v_truncate,
                                   .xSync = v_sync,
                                   .xFileSize = v_size,
                                   .xLock = v_lock,
                                   .xUnlock = v_unlock,
                                   .xCheckReservedLock = v_reserved,
                                   .xFileControl = v_control,
                                   .xSectorSize = v_sector,
                                   .xDeviceCharacteristics = v_traits,
                                   .xShmMap = v_shm_map,
                                   .xShmLock = v_shm_lock,
                                   .xShmBarrier = v_shm_barrier,
                                   .xShmUnmap = v_shm_unmap};
    sqlite3_vfs_register(&vfs, 1);
}
