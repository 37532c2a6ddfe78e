/*
 * A deduplication that spills to the state file, of which every allocation, and every write and sync of SQLite, fails, once or from then on: an error of that kind or success,
 * nothing leaks, and a run that follows with the same state file ends with exactly the rows that an unharmed one gives. In plain `make check` some points, evenly spread; all
 * with PLN_TORTURE.
 */
#include "effort.h"
#include "fail_alloc.h"
#include "scratch.h"
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 9000, POINTS = 12 };

/* ---- a VFS in front of the system's ---- */

static sqlite3_vfs *below, vfs;
static sqlite3_io_methods methods;
static int64_t io_left = -1, io_calls;
static bool io_once, io_failed, io_syncs;

typedef struct shim {
    sqlite3_file base;
    sqlite3_file *real;
} shim;

static sqlite3_file *real(sqlite3_file *file) {
    return ((shim *)(void *)file)->real;
}

static bool fails(bool sync) {
    if (sync != io_syncs)
        return false;
    io_calls++;
    if (io_left < 0)
        return false;
    if (io_left > 0) {
        io_left--;
        return false;
    }
    io_failed = true;
    if (io_once)
        io_left = -1;
    return true;
}

static int shim_close(sqlite3_file *f) {
    int code = real(f)->pMethods->xClose(real(f));
    free(real(f));
    return code;
}
static int shim_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    return fails(false) ? SQLITE_IOERR_WRITE : real(f)->pMethods->xWrite(real(f), from, n, at);
}
static int shim_sync(sqlite3_file *f, int flags) {
    return fails(true) ? SQLITE_IOERR_FSYNC : real(f)->pMethods->xSync(real(f), flags);
}
#define PASS(name, slot, params, args)                                                             \
    static int shim_##name params {                                                                \
        return real(f)->pMethods->slot args;                                                       \
    }
PASS(read, xRead, (sqlite3_file * f, void *to, int n, sqlite3_int64 at), (real(f), to, n, at))
PASS(truncate, xTruncate, (sqlite3_file * f, sqlite3_int64 n), (real(f), n))
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
static void shim_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}

static int shim_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    shim *s = (shim *)(void *)f;
    (void)v;
    s->base.pMethods = NULL;
    s->real = calloc(1, (size_t)below->szOsFile);
    int code = below->xOpen(below, name, s->real, flags, out);
    if (code == SQLITE_OK)
        s->base.pMethods = &methods;
    else
        free(s->real);
    return code;
}

static void install(void) {
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.szOsFile = (int)sizeof(shim);
    vfs.zName = "failing";
    vfs.xOpen = shim_open;
    methods = (sqlite3_io_methods){.iVersion = 2,
                                   .xClose = shim_close,
                                   .xRead = shim_read,
                                   .xWrite = shim_write,
                                   .xTruncate = shim_truncate,
                                   .xSync = shim_sync,
                                   .xFileSize = shim_size,
                                   .xLock = shim_lock,
                                   .xUnlock = shim_unlock,
                                   .xCheckReservedLock = shim_reserved,
                                   .xFileControl = shim_control,
                                   .xSectorSize = shim_sector,
                                   .xDeviceCharacteristics = shim_traits,
                                   .xShmMap = shim_shm_map,
                                   .xShmLock = shim_shm_lock,
                                   .xShmBarrier = shim_shm_barrier,
                                   .xShmUnmap = shim_shm_unmap};
    sqlite3_vfs_register(&vfs, 1);
}

/* ---- the run ---- */

static scratch dir;
static pln_error err;

#define STEP(call)                                                                                 \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto out;                                                                              \
    } while (0)

/* Each id comes twice, the second time 3000 rows later; the rows go to a database that holds the head. */
static pln_status spill(const pln_allocator *mem, int64_t *spilled) {
    pln_status status;
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_runtime_options own;
    pln_run_options options;
    pln_runtime_options_init(&own, sizeof own);
    own.allocator = mem;
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(&dir, "state.db");
    options.max_batch_rows = 750;
    options.epoch_rows = 3000;
    options.attempts = 1;
    options.seed = 3;
    /* What failed may have been the answer to the last commit. */
    options.when_done = PLN_WHEN_DONE_SKIP;
    STEP(pln_runtime_new(&own, &rt, &err));
    STEP(pln_graph_new(rt, "p", &g, &err));
    STEP(pln_graph_add(g, "in", "generate", "{\"columns\": {\"i\": {\"sequence\": 0}}}", &err));
    STEP(pln_graph_set_int(g, "in", "rows", ROWS, &err));
    STEP(pln_graph_add(
        g, "id", "derive",
        "{\"columns\": {\"id\": \"case when i % 6000 < 3000 then i else i - 3000 end\"}}", &err));
    STEP(pln_graph_add(g, "x", "dedup", "{\"key\": \"id\", \"budget\": \"128KiB\"}", &err));
    STEP(pln_graph_add(g, "out", "sqlite.append", "{\"table\": \"t\"}", &err));
    STEP(pln_graph_set_text(g, "out", "database", scratch_path(&dir, "out.db"), &err));
    STEP(pln_graph_wire(g, "in > id > x > out", &err));
    STEP(pln_graph_run(g, &options, &report, &err));
    *spilled = pln_report_counter(report, "x", "dedup.spilled");
out:
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return status;
}

static bool seen(const char *what) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int64_t got[3] = {-1, -1, -1};
    if (sqlite3_open(scratch_path(&dir, "out.db"), &db) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*), count(DISTINCT id), sum(i) FROM t", -1, &s,
                           NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        for (int i = 0; i < 3; i++)
            got[i] = sqlite3_column_int64(s, i);
    sqlite3_finalize(s);
    sqlite3_close(db);
    int64_t sum = 0;
    for (int64_t i = 0; i < ROWS; i++)
        sum += i % 6000 < 3000 ? i : 0;
    bool good = got[0] == ROWS / 3 * 2 && got[1] == got[0] && got[2] == sum;
    if (!good)
        printf("%s: %lld rows, %lld ids, sum %lld\n", what, (long long)got[0], (long long)got[1],
               (long long)got[2]);
    return good;
}

/* Kind 0: allocations, 1: writes, 2: syncs. */
static bool one(int kind, int64_t n, bool once) {
    static const char *const kinds[] = {"allocation", "write", "sync"};
    fail_alloc f;
    char what[80];
    int64_t spilled;
    dir = scratch_new();
    snprintf(what, sizeof what, "%s %lld failed%s", kinds[kind], (long long)n,
             once ? "" : ", and all after it");
    const pln_allocator *mem = fail_alloc_init(&f, kind == 0 ? n : -1);
    f.once = once;
    io_once = once;
    io_syncs = kind == 2;
    io_left = kind == 0 ? -1 : n;
    memset(&err, 0, sizeof err);
    pln_status status = spill(mem, &spilled);
    io_left = -1;
    bool good = status == PLN_OK || status == (kind == 0 ? PLN_ENOMEM : PLN_EIO);
    if (!good)
        printf("%s: %s %s (%s)\n", what, pln_status_name(status), err.message, err.where);
    if (fail_alloc_live(&f) != 0) {
        printf("%s: %lld bytes were not given back\n", what, (long long)fail_alloc_live(&f));
        good = false;
    }
    if (status < 0 && spill(NULL, &spilled) < 0) {
        printf("%s: the run that followed: %s (%s)\n", what, err.message, err.where);
        good = false;
    }
    good &= seen(what);
    scratch_free(&dir);
    return good;
}

int main(void) {
    fail_alloc f;
    int64_t totals[3], spilled = 0, failed = 0, points = 0;
    install();
    for (int kind = 0; kind < 3; kind++) {
        dir = scratch_new();
        io_calls = 0;
        io_syncs = kind == 2;
        if (spill(fail_alloc_init(&f, -1), &spilled) < 0 || spilled < 500 || !seen("unharmed")) {
            printf("unharmed: %lld spilled, %s (%s)\n0 passed, 1 failed, 0 skipped\n",
                   (long long)spilled, err.message, err.where);
            return 1;
        }
        totals[kind] = kind == 0 ? f.calls : io_calls;
        scratch_free(&dir);
    }
    for (int kind = 0; kind < 3; kind++) {
        int64_t some = effort(POINTS, INT64_MAX), n = totals[kind] < some ? totals[kind] : some;
        for (int64_t i = 0; i < n && failed < 10; i++, points += 2) {
            failed += !one(kind, i * totals[kind] / n, true);
            failed += !one(kind, i * totals[kind] / n, false);
        }
    }
    printf("%lld keys spilled; %lld points of %lld allocations, %lld writes, %lld syncs\n",
           (long long)spilled, (long long)points, (long long)totals[0], (long long)totals[1],
           (long long)totals[2]);
    printf("%lld passed, %lld failed, 0 skipped\n", (long long)(points - failed),
           (long long)failed);
    return failed != 0;
}
