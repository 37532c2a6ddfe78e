#include "store/store.h"
#include "test_sqlite_kit.h"
#include <unistd.h>

/* A VFS in front of the system's that fails the n-th write, sync or truncation, once or from then on. */

enum { FAIL_WRITE = 1, FAIL_SYNC = 2, FAIL_TRUNCATE = 4 };
static sqlite3_vfs *below_vfs;
static sqlite3_vfs vfs;
static sqlite3_io_methods methods;
static int fail_kind, fail_code;
static bool fail_sticky, fail_happened;
static int64_t fail_left; /* negative: never */

typedef struct shim {
    sqlite3_file base;
    sqlite3_file *real;
} shim;

static sqlite3_file *real(sqlite3_file *file) {
    return ((shim *)(void *)file)->real;
}

static bool fails(int kind) {
    if (fail_left < 0 || !(kind & fail_kind))
        return false;
    if (fail_left > 0) {
        fail_left--;
        return false;
    }
    fail_happened = true;
    if (!fail_sticky)
        fail_left = -1;
    return true;
}

static int shim_close(sqlite3_file *f) {
    int code = real(f)->pMethods->xClose(real(f));
    free(real(f));
    return code;
}
static int shim_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, n, at);
}
static int shim_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at) {
    return fails(FAIL_WRITE) ? fail_code : real(f)->pMethods->xWrite(real(f), from, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return fails(FAIL_TRUNCATE) ? SQLITE_IOERR_TRUNCATE : real(f)->pMethods->xTruncate(real(f), n);
}
static int shim_sync(sqlite3_file *f, int flags) {
    return fails(FAIL_SYNC) ? SQLITE_IOERR_FSYNC : real(f)->pMethods->xSync(real(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *n) {
    return real(f)->pMethods->xFileSize(real(f), n);
}
static int shim_lock(sqlite3_file *f, int how) {
    return real(f)->pMethods->xLock(real(f), how);
}
static int shim_unlock(sqlite3_file *f, int how) {
    return real(f)->pMethods->xUnlock(real(f), how);
}
static int shim_reserved(sqlite3_file *f, int *out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int shim_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
static int shim_sector(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}
static int shim_traits(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
static void shim_shm_barrier(sqlite3_file *f) {
    real(f)->pMethods->xShmBarrier(real(f));
}
static int shim_shm_unmap(sqlite3_file *f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static int shim_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    shim *s = (shim *)(void *)f;
    (void)v;
    s->base.pMethods = NULL;
    s->real = calloc(1, (size_t)below_vfs->szOsFile);
    int code = below_vfs->xOpen(below_vfs, name, s->real, flags, out);
    if (code == SQLITE_OK)
        s->base.pMethods = &methods;
    else
        free(s->real);
    return code;
}

static void install(void) {
    below_vfs = sqlite3_vfs_find(NULL);
    vfs = *below_vfs;
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
    fail_left = -1;
    ck_assert_int_eq(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static void uninstall(void) {
    sqlite3_vfs_unregister(&vfs);
    sqlite3_vfs_register(below_vfs, 1);
}

static void without(const char *name) {
    char path[330];
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", name, tails[i]);
        unlink(path);
    }
}

/* A failure may come late, when SQLite moves the log into the file: then the epoch had been durable before. */
static void arm(int kind, int64_t n) {
    static const struct {
        int kind, code;
        bool sticky;
    } kinds[] = {{FAIL_WRITE, SQLITE_IOERR_WRITE, false},
                 {FAIL_WRITE, SQLITE_IOERR_WRITE, true},
                 {FAIL_WRITE, SQLITE_FULL, false},
                 {FAIL_WRITE, SQLITE_FULL, true},
                 {FAIL_SYNC, 0, false},
                 {FAIL_SYNC, 0, true},
                 {FAIL_TRUNCATE, 0, true}};
    fail_kind = kinds[kind].kind;
    fail_code = kinds[kind].code;
    fail_sticky = kinds[kind].sticky;
    fail_left = n;
    fail_happened = false;
}
enum { FAULTS = 7, EPOCHS = 2 };

static fake_node *try_sink(pln_error *err) {
    struct ArrowSchema schema;
    fake_node *node = fake_node_new(host, "sqlite.append", json("{'database': '$', 'table': 't'}"));
    json_schema("id l", &schema);
    fake_in(node, 0, &schema);
    schema.release(&schema);
    if (fake_open(node, err) < 0 || fake_schema(node, err) < 0) {
        fake_node_free(node);
        return NULL;
    }
    return node;
}

/* How many epochs were said to be committed. */
static int64_t run_epochs(void) {
    int64_t owner, n = 0, acknowledged = 0, size;
    const void *head;
    pln_error err = {0};
    fake_node *node = try_sink(&err);
    pln_status status = node == NULL ? PLN_EIO
                                     : table_of(node)->state_open(node->self, &node->ctx, &owner,
                                                                  &n, &head, &size, &err);
    for (n = 1; n <= EPOCHS && status >= 0; n++) {
        char row[64], text[16];
        snprintf(row, sizeof row, "{'id': %d}\n{'id': %d}\n", (int)n * 2, (int)n * 2 + 1);
        snprintf(text, sizeof text, "head %d", (int)n);
        status = write_rows(node, "id l", row, &err);
        if (status >= 0)
            status = fake_flush(node, n, &err);
        if (status >= 0)
            status = commit_head(node, owner, n, text, &err);
        if (status >= 0)
            acknowledged = n;
    }
    if (status < 0 && node != NULL)
        (void)fake_abort(node, n, NULL, 0, NULL);
    fake_node_free(node);
    kit_close_shared();
    return acknowledged;
}

START_TEST(rows_and_head_survive_io_errors_together) {
    bool journal = _i >= FAULTS; /* an existing database with a rollback journal */
    int points = 0;
    for (int64_t n = 0;; n++) {
        without(database);
        if (journal)
            sql("CREATE TABLE other(x)");
        arm(_i % FAULTS, n);
        int64_t acknowledged = run_epochs();
        bool happened = fail_happened;
        fail_left = -1;
        fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
        int64_t owner, found, size;
        const void *head;
        char want[32];
        OK(table_of(node)->state_open(node->self, &node->ctx, &owner, &found, &head, &size, err));
        ck_assert_msg(found == acknowledged || found == acknowledged + 1,
                      "point %d: %d epochs acknowledged, %d found", (int)n, (int)acknowledged,
                      (int)found);
        snprintf(want, sizeof want, found == 0 ? "" : "head %d", (int)found);
        ck_assert_int_eq(size, (int64_t)strlen(want));
        ck_assert(size == 0 || memcmp(head, want, (size_t)size) == 0);
        close_node(node);
        bool table = strcmp(ask("SELECT count(*) FROM sqlite_schema WHERE name='t'"), "1\n") == 0;
        ck_assert(table || found == 0);
        snprintf(want, sizeof want, "%d\n", (int)found * 2);
        if (table)
            ck_assert_str_eq(ask("SELECT count(*) FROM t"), want);
        ck_assert_str_eq(ask("PRAGMA integrity_check"), "'ok'\n");
        if (!happened)
            break;
        points++;
    }
    ck_assert(points > 2 || _i % FAULTS == 6); /* a journal is deleted, not truncated */
    printf("fault %d%s: %d points\n", _i % FAULTS, journal ? ", journal" : "", points);
}
END_TEST

START_TEST(the_state_file_survives_io_errors) {
    pln_error e = {0};
    const char *path = strdup(scratch_path(&dir, "state.db"));
    for (int64_t n = 0;; n++) {
        pln__state_options options = {.path = path};
        pln__state *state = NULL;
        pln__state_run run;
        int64_t acknowledged = 0;
        without(path);
        arm(_i, n);
        pln_status status = pln__state_open(host->mem, &options, &state, &e);
        if (status >= 0)
            status = pln__state_take_over(state, "p", "k", "state", &run, &e);
        for (int64_t epoch = 1; epoch <= EPOCHS && status >= 0; epoch++) {
            status = pln__state_put_body(state, run.owner, epoch, &epoch, sizeof epoch, &e);
            if (status >= 0)
                status = pln__state_commit(state, run.owner, epoch, &epoch, sizeof epoch, &e);
            if (status >= 0)
                acknowledged = epoch;
        }
        pln__state_close(state);
        bool happened = fail_happened;
        fail_left = -1;
        OK(pln__state_open(host->mem, &options, &state, err));
        OK(pln__state_take_over(state, "p", "k", "state", &run, err));
        ck_assert_msg(run.n == acknowledged || run.n == acknowledged + 1,
                      "point %d: %d acknowledged, %d found", (int)n, (int)acknowledged, (int)run.n);
        if (run.n > 0) {
            const void *body;
            int64_t size, head;
            memcpy(&head, run.head, sizeof head);
            ck_assert_int_eq(head, run.n);
            int64_t found = run.n;
            OK(pln__state_get_body(state, run.owner - 1, found, &body, &size, err));
            ck_assert_int_eq(size, (int64_t)sizeof head);
        }
        pln__state_close(state);
        if (!happened)
            break;
    }
    free((void *)(uintptr_t)path);
}
END_TEST

/* After a sync that failed nobody knows what is on the disk, and the connection does not pretend to. */
START_TEST(a_failed_sync_ends_the_connection) {
    fake_node *node = open_sink("sqlite.append", "{'database': '$', 'table': 't'}", "id l");
    OK(write_rows(node, "id l", "{'id': 1}\n", err));
    arm(4, 0);
    FAILS(commit_head(node, 0, 1, NULL, err), PLN_EIO, "the epoch cannot be committed");
    OK(fake_abort(node, 1, NULL, 0, err));
    FAILS(write_rows(node, "id l", "{'id': 1}\n", err), PLN_EIO, "with an unknown outcome");
    close_node(node);
}
END_TEST

Suite *suite_connect_sqlite_fault(void);
Suite *suite_connect_sqlite_fault(void) {
    Suite *suite = suite_create("connect/sqlite_fault");
    TCase *tests = tcase_create("fault");
    tcase_add_checked_fixture(tests, install, uninstall);
    tcase_add_checked_fixture(tests, kit_setup, kit_teardown);
    tcase_add_loop_test(tests, rows_and_head_survive_io_errors_together, 0, 2 * FAULTS);
    tcase_add_loop_test(tests, the_state_file_survives_io_errors, 0, FAULTS);
    tcase_add_test(tests, a_failed_sync_ends_the_connection);
    suite_add_tcase(suite, tests);
    return suite;
}
