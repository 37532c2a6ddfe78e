/*
 * Every file operation of the pipeline fails, once or from then on: those of files through the runtime's table, those of SQLite through a VFS of
 * this program. After each, a run without failures ends with exactly what an unharmed one gives, and nothing half-made is left in the folder.
 * In plain `make check` some points of each operation, evenly spread; all with PLN_TORTURE.
 */
#include "chaos/pipeline.h"
#include "effort.h"
#include <errno.h>
#include <store/store.h>

enum { POINTS = 16, KINDS = 3 };
enum { F_OPEN, F_READ, F_WRITE, F_TRUNCATE, F_SYNC, F_SYNC_DIRECTORY, F_INFO, F_RENAME, F_LINK, F_UNLINK, F_LIST,
       V_OPEN, V_READ, V_WRITE, V_TRUNCATE, V_SYNC, V_FILE_SIZE, V_LOCK, OPS };
static const char *const op_names[OPS] = {"open", "read", "write", "truncate", "sync", "sync_directory", "info", "rename", "link",
                                          "unlink", "list", "sqlite open", "sqlite read", "sqlite write", "sqlite truncate",
                                          "sqlite sync", "sqlite size", "sqlite lock"};
enum { GENERIC, FULL, SHORT };
static const char *const kind_names[KINDS] = {"EIO", "ENOSPC", "half done"};

/* The fault that is armed. */
static struct {
    int op, kind;
    int64_t at; /* from 0; -1: none */
    bool once;
    int64_t calls[OPS];
    bool hit;
} fault = {.at = -1};

static bool now(int op) {
    int64_t call = fault.calls[op]++;
    bool hit =
        fault.at >= 0 && op == fault.op && (call == fault.at || (call > fault.at && !fault.once));
    fault.hit |= hit;
    return hit;
}

/* ---- the table of file operations ---- */

static const pln_file_ops *real;

static pln_status io_error(pln_error *err) {
    pln_status status = fault.kind == FULL ? PLN_ELIMIT : PLN_EIO;
    if (err != NULL) {
        *err = (pln_error){.status = status, .native = fault.kind == FULL ? ENOSPC : EIO};
        snprintf(err->message, sizeof err->message, "made to fail: %s", op_names[fault.op]);
    }
    return status;
}

#define FAIL_IF(op)                                                                                \
    if (now(op))                                                                                   \
    return io_error(err)

static pln_status f_open(void *user, const char *path, uint32_t flags, int64_t *fd,
                         pln_error *err) {
    FAIL_IF(F_OPEN);
    return real->open(user, path, flags, fd, err);
}
static pln_status f_read(void *user, int64_t fd, int64_t offset, void *bytes, int64_t size,
                         int64_t *got, pln_error *err) {
    FAIL_IF(F_READ);
    return real->read(user, fd, offset, bytes, size, got, err);
}
static pln_status f_write(void *user, int64_t fd, int64_t offset, const void *bytes, int64_t size,
                          pln_error *err) {
    if (now(F_WRITE)) {
        if (fault.kind == SHORT)
            (void)real->write(user, fd, offset, bytes, size / 2, NULL);
        return io_error(err);
    }
    return real->write(user, fd, offset, bytes, size, err);
}
static pln_status f_truncate(void *user, int64_t fd, int64_t size, pln_error *err) {
    FAIL_IF(F_TRUNCATE);
    return real->truncate(user, fd, size, err);
}
static pln_status f_sync(void *user, int64_t fd, pln_error *err) {
    FAIL_IF(F_SYNC);
    return real->sync(user, fd, err);
}
static pln_status f_sync_directory(void *user, const char *path, pln_error *err) {
    FAIL_IF(F_SYNC_DIRECTORY);
    return real->sync_directory(user, path, err);
}
static pln_status f_info(void *user, const char *path, pln_file_info *out, pln_error *err) {
    FAIL_IF(F_INFO);
    return real->info(user, path, out, err);
}
static pln_status f_rename(void *user, const char *from, const char *to, pln_error *err) {
    if (now(F_RENAME)) {
        /* Done, but the answer was lost. */
        if (fault.kind == SHORT)
            (void)real->rename(user, from, to, NULL);
        return io_error(err);
    }
    return real->rename(user, from, to, err);
}
static pln_status f_link(void *user, const char *from, const char *to, pln_error *err) {
    FAIL_IF(F_LINK);
    return real->link(user, from, to, err);
}
static pln_status f_unlink(void *user, const char *path, pln_error *err) {
    FAIL_IF(F_UNLINK);
    return real->unlink(user, path, err);
}
static pln_status f_list(void *user, const char *path, pln_status (*each)(void *, const char *),
                         void *arg, pln_error *err) {
    FAIL_IF(F_LIST);
    return real->list(user, path, each, arg, err);
}

static pln_file_ops table_of_files(void) {
    real = pln__file_posix();
    pln_file_ops ops = *real;
    ops.open = f_open;
    ops.read = f_read;
    ops.write = f_write;
    ops.truncate = f_truncate;
    ops.sync = f_sync;
    ops.sync_directory = f_sync_directory;
    ops.info = f_info;
    ops.rename = f_rename;
    ops.link = f_link;
    ops.unlink = f_unlink;
    ops.list = f_list;
    return ops;
}

/* ---- the VFS ---- */

static sqlite3_vfs *below;
static sqlite3_vfs shim;

typedef struct shim_file {
    sqlite3_file base;
    sqlite3_file *file; /* behind this struct */
} shim_file;
#define BELOW(f) (((shim_file *)(f))->file)
#define CALL(f, method, ...) BELOW(f)->pMethods->method(BELOW(f), __VA_ARGS__)
#define CALL_0(f, method) BELOW(f)->pMethods->method(BELOW(f))

static int v_close(sqlite3_file *f) {
    return CALL_0(f, xClose);
}
static int v_read(sqlite3_file *f, void *bytes, int size, sqlite3_int64 offset) {
    return now(V_READ) ? SQLITE_IOERR_READ : CALL(f, xRead, bytes, size, offset);
}
static int v_write(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 offset) {
    if (!now(V_WRITE))
        return CALL(f, xWrite, bytes, size, offset);
    if (fault.kind == SHORT)
        (void)CALL(f, xWrite, bytes, size / 2, offset);
    return fault.kind == FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}
static int v_truncate(sqlite3_file *f, sqlite3_int64 size) {
    return now(V_TRUNCATE) ? SQLITE_IOERR_TRUNCATE : CALL(f, xTruncate, size);
}
static int v_sync(sqlite3_file *f, int flags) {
    if (!now(V_SYNC))
        return CALL(f, xSync, flags);
    if (fault.kind == SHORT)
        (void)CALL(f, xSync, flags);
    return SQLITE_IOERR_FSYNC;
}
static int v_file_size(sqlite3_file *f, sqlite3_int64 *size) {
    return now(V_FILE_SIZE) ? SQLITE_IOERR_FSTAT : CALL(f, xFileSize, size);
}
static int v_lock(sqlite3_file *f, int level) {
    return now(V_LOCK) ? SQLITE_IOERR_LOCK : CALL(f, xLock, level);
}
static int v_unlock(sqlite3_file *f, int level) {
    return CALL(f, xUnlock, level);
}
static int v_reserved(sqlite3_file *f, int *out) {
    return CALL(f, xCheckReservedLock, out);
}
static int v_control(sqlite3_file *f, int op, void *arg) {
    return CALL(f, xFileControl, op, arg);
}
static int v_sector(sqlite3_file *f) {
    return CALL_0(f, xSectorSize);
}
static int v_characteristics(sqlite3_file *f) {
    return CALL_0(f, xDeviceCharacteristics);
}
static int v_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return CALL(f, xShmMap, page, size, extend, out);
}
static int v_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return CALL(f, xShmLock, offset, n, flags);
}
static void v_shm_barrier(sqlite3_file *f) {
    CALL_0(f, xShmBarrier);
}
static int v_shm_unmap(sqlite3_file *f, int remove_it) {
    return CALL(f, xShmUnmap, remove_it);
}

static const sqlite3_io_methods methods = {2, v_close, v_read, v_write, v_truncate, v_sync, v_file_size, v_lock, v_unlock,
                                           v_reserved, v_control, v_sector, v_characteristics, v_shm_map, v_shm_lock,
                                           v_shm_barrier, v_shm_unmap, NULL, NULL};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags) {
    shim_file *s = (shim_file *)(void *)f;
    (void)vfs;
    s->base.pMethods = NULL;
    s->file = (sqlite3_file *)(void *)(s + 1);
    if (now(V_OPEN))
        return SQLITE_CANTOPEN;
    int code = below->xOpen(below, name, s->file, flags, out_flags);
    if (s->file->pMethods != NULL)
        s->base.pMethods = &methods;
    return code;
}

static void register_vfs(void) {
    below = sqlite3_vfs_find(NULL);
    shim = *below;
    shim.zName = "chaos";
    shim.szOsFile = (int)sizeof(shim_file) + below->szOsFile;
    shim.xOpen = v_open;
    sqlite3_vfs_register(&shim, 1);
}

/* ---- points ---- */

typedef struct outcome {
    int64_t points, refused, failed;
} outcome;

static void one(int job, const char *expected, const pln_file_ops *files, outcome *sum) {
    pipeline p;
    char what[100];
    pipeline_open(&p);
    p.files = files;
    memset(fault.calls, 0, sizeof fault.calls);
    fault.hit = false;
    pln_status status = pipeline_run(&p, job);
    snprintf(what, sizeof what, "to %s: %s number %lld: %s%s",
             job == TO_DATABASE ? "database" : "files", op_names[fault.op], (long long)fault.at,
             kind_names[fault.kind], fault.once ? "" : ", and all after it");
    bool good = !(status < 0 && p.err.message[0] == '\0') && status != PLN_EINTERNAL &&
                status != PLN_ECONTRACT;
    if (!good)
        printf("%s: %s %s\n", what, pln_status_name(status), p.err.message);
    fault.at = -1;
    sum->refused += status < 0;
    /* Where nothing can ever be removed, what is left waits for the next run. */
    if (status < 0 || (fault.op == F_UNLINK && !fault.once)) {
        status = pipeline_run(&p, job);
        if (status < 0)
            printf("%s: the run that followed: %s %s (%s)\n", what, pln_status_name(status),
                   p.err.message, p.err.where);
        good &= status >= 0;
    }
    char *seen = pipeline_seen(&p);
    good &= pipeline_same(what, expected, seen);
    free(seen);
    pipeline_close(&p);
    sum->points++;
    sum->failed += !good;
}

static void all_of(int job, const pln_file_ops *files, outcome *sum) {
    pipeline p;
    int64_t calls[OPS], all = 0;
    pipeline_open(&p);
    p.files = files;
    memset(fault.calls, 0, sizeof fault.calls);
    if (pipeline_run(&p, job) < 0) {
        printf("unharmed: %s (%s)\n", p.err.message, p.err.where);
        sum->failed++;
        pipeline_close(&p);
        return;
    }
    memcpy(calls, fault.calls, sizeof calls);
    char *expected = pipeline_seen(&p);
    pipeline_close(&p);
    for (int op = 0; op < OPS; op++) {
        int64_t some = effort(POINTS, INT64_MAX), n = calls[op] < some ? calls[op] : some;
        bool writes = op == F_WRITE || op == V_WRITE,
             halves = writes || op == V_SYNC || op == F_RENAME;
        all += calls[op];
        for (int64_t i = 0; i < n; i++)
            for (int kind = 0; kind < KINDS; kind++)
                for (int once = 0; once < 2 && sum->failed < 10; once++) {
                    if ((kind == FULL && !writes && op != F_OPEN) || (kind == SHORT && !halves))
                        continue;
                    fault.op = op;
                    fault.kind = kind;
                    fault.once = once;
                    fault.at = n > 1 ? i * (calls[op] - 1) / (n - 1) : 0;
                    one(job, expected, files, sum);
                }
    }
    printf("to %s: %lld operations\n", job == TO_DATABASE ? "database" : "files", (long long)all);
    free(expected);
}

int main(void) {
    outcome sum = {0};
    register_vfs();
    pln_file_ops files = table_of_files();
    all_of(TO_FILES, &files, &sum);
    all_of(TO_DATABASE, &files, &sum);
    printf("%lld points, %lld of them ended the run\n", (long long)sum.points,
           (long long)sum.refused);
    printf("%lld passed, %lld failed, 0 skipped\n", (long long)(sum.points - sum.failed),
           (long long)sum.failed);
    return sum.failed != 0;
}
