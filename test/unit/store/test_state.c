#include "base/base.h"
#include "skip.h"
#include "store/store.h"
#include <check.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[128];

static void setup(void) {
    strcpy(folder, "/tmp/pln-state-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state.db", folder);
}

static void teardown(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static pln_status try_open(const char *name, pln__state **out, pln_error *err) {
    pln__state_options options = {
        .path = name, .busy_timeout_us = 2000000, .now_us = 1442016000000000};
    return pln__state_open(pln__system_allocator(), &options, out, err);
}

static pln__state *open_state(void) {
    pln_error err = {0};
    pln__state *state = NULL;
    ck_assert_msg(try_open(path, &state, &err) == PLN_OK, "%s", err.message);
    return state;
}

static pln__state_run take(pln__state *state) {
    pln_error err = {0};
    pln__state_run run;
    ck_assert_msg(pln__state_take_over(state, "orders", "2015-09-12", "state", &run, &err) ==
                      PLN_OK,
                  "%s", err.message);
    return run;
}

static void sql(const char *text) {
    sqlite3 *db = NULL;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

static int64_t ask(const char *text) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

START_TEST(epochs_and_bodies) {
    pln_error err = {0};
    pln__state *state = open_state();
    pln__state_run run = take(state);
    ck_assert_int_eq(run.owner, 1);
    ck_assert_int_eq(run.n, 0);
    ck_assert_int_eq(run.head_size, 0);

    for (int64_t n = 1; n <= 5; n++) {
        char head[32], body[64];
        snprintf(head, sizeof head, "head %d", (int)n);
        snprintf(body, sizeof body, "body %d", (int)n);
        ck_assert_msg(pln__state_put_body(state, 1, n, body, (int64_t)strlen(body), &err) == PLN_OK,
                      "%s", err.message);
        ck_assert_int_eq(ask("SELECT count(*) FROM body"), n == 1 ? 1 : 2);
        ck_assert_msg(pln__state_commit(state, 1, n, head, (int64_t)strlen(head), &err) == PLN_OK,
                      "%s", err.message);
        ck_assert_int_eq(ask("SELECT count(*) FROM body"), 1);
    }
    ck_assert_int_eq(pln__state_put_body(state, 1, 6, "candidate", 9, &err), PLN_OK);
    pln__state_close(state);

    state = open_state();
    run = take(state);
    ck_assert_int_eq(run.owner, 2);
    ck_assert_int_eq(run.n, 5);
    ck_assert_int_eq(run.head_size, 6);
    ck_assert_mem_eq(run.head, "head 5", 6);
    const void *body;
    int64_t size;
    ck_assert_int_eq(pln__state_get_body(state, 1, 5, &body, &size, &err), PLN_OK);
    ck_assert_int_eq(size, 6);
    ck_assert_mem_eq(body, "body 5", 6);
    ck_assert_int_eq(pln__state_get_body(state, 2, 5, &body, &size, &err), PLN_EDATALOSS);
    ck_assert_ptr_nonnull(strstr(err.message, "body of epoch 5 is missing"));
    /* The candidate of the dead owner gives way to the new one's, the committed body stays. */
    ck_assert_int_eq(pln__state_put_body(state, 2, 6, "mine", 4, &err), PLN_OK);
    ck_assert_int_eq(
        ask("SELECT group_concat(n*10+owner) = '51,62' FROM (SELECT * FROM body ORDER BY n)"), 1);
    pln__state_close(state);
    ck_assert_int_eq(ask("SELECT updated_us FROM run"), 1442016000000000);
}
END_TEST

START_TEST(empty_head_and_body) {
    pln__state *state = open_state();
    (void)take(state);
    ck_assert_int_eq(pln__state_put_body(state, 1, 1, NULL, 0, NULL), PLN_OK);
    ck_assert_int_eq(pln__state_commit(state, 1, 1, NULL, 0, NULL), PLN_OK);
    const void *body;
    int64_t size = 7;
    ck_assert_int_eq(pln__state_get_body(state, 1, 1, &body, &size, NULL), PLN_OK);
    ck_assert_int_eq(size, 0);
    pln__state_close(state);
}
END_TEST

START_TEST(runs_do_not_meet) {
    pln_error err = {0};
    pln__state *state = open_state();
    pln__state_run run;
    const char *const names[][2] = {{"a", "bc"}, {"ab", "c"}, {"", "abc"}, {"abc", ""}};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pln__state_take_over(state, names[i][0], names[i][1], "state", &run, &err),
                         PLN_OK);
        ck_assert_int_eq(run.owner, 1);
        ck_assert_int_eq(pln__state_commit(state, 1, 1, names[i], (int64_t)sizeof names[i], &err),
                         PLN_OK);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pln__state_take_over(state, names[i][0], names[i][1], "state", &run, &err),
                         PLN_OK);
        ck_assert_int_eq(run.owner, 2);
        ck_assert_mem_eq(run.head, names[i], sizeof names[i]);
    }
    pln__state_close(state);
}
END_TEST

START_TEST(another_store_is_refused) {
    pln_error err = {0};
    pln__state *state = open_state();
    (void)take(state);
    pln__state_run run;
    ck_assert_int_eq(
        pln__state_take_over(state, "orders", "2015-09-12", "sqlite:12:34", &run, &err),
        PLN_ESTATE);
    ck_assert_ptr_nonnull(strstr(err.message, "in 'state', not in 'sqlite:12:34'"));
    ck_assert_int_eq(pln__state_commit(state, 1, 1, "", 0, &err), PLN_ESTATE);
    pln__state_close(state);
    ck_assert_int_eq(ask("SELECT owner FROM run"), 1);
}
END_TEST

START_TEST(order_of_epochs) {
    pln_error err = {0};
    pln__state *state = open_state();
    ck_assert_int_eq(pln__state_commit(state, 1, 1, "", 0, &err), PLN_ESTATE);
    (void)take(state);
    ck_assert_int_eq(pln__state_commit(state, 1, 2, "x", 1, &err), PLN_EFENCED);
    ck_assert_int_eq(pln__state_commit(state, 1, 1, "x", 1, &err), PLN_OK);
    ck_assert_int_eq(pln__state_commit(state, 1, 1, "y", 1, &err), PLN_EFENCED);
    ck_assert_ptr_nonnull(strstr(err.message, "stands at epoch 1 of owner 1"));
    ck_assert(err.flags & PLN_ERR_FATAL);
    ck_assert_int_eq(pln__state_commit(state, 2, 2, "y", 1, &err), PLN_EFENCED);
    pln__state_close(state);
}
END_TEST

/* A holder that sleeps through a take-over and goes on as if nothing had happened. */
START_TEST(zombies_are_fenced) {
    pln_error err = {0};
    for (int round = 0; round < 25; round++) {
        pln__state *zombie = open_state(), *heir = open_state();
        pln__state_run old = take(zombie);
        int64_t n = old.n + 1;
        ck_assert_int_eq(pln__state_put_body(zombie, old.owner, n, "z", 1, &err), PLN_OK);
        pln__state_run now = take(heir);
        ck_assert_int_eq(now.owner, old.owner + 1);
        ck_assert_int_eq(now.n, old.n);
        if (round % 3 == 0)
            ck_assert_int_eq(pln__state_put_body(zombie, old.owner, n, "zz", 2, &err), PLN_EFENCED);
        ck_assert_int_eq(pln__state_put_body(heir, now.owner, n, "h", 1, &err), PLN_OK);
        if (round % 2 == 0)
            ck_assert_int_eq(pln__state_commit(zombie, old.owner, n, "zombie", 6, &err),
                             PLN_EFENCED);
        ck_assert_int_eq(pln__state_commit(heir, now.owner, n, "heir", 4, &err), PLN_OK);
        ck_assert_int_eq(pln__state_commit(zombie, old.owner, n, "zombie", 6, &err), PLN_EFENCED);
        ck_assert_int_eq(pln__state_commit(zombie, old.owner, n + 1, "zombie", 6, &err),
                         PLN_EFENCED);
        pln__state_close(zombie);
        const void *body;
        int64_t size;
        ck_assert_int_eq(pln__state_get_body(heir, now.owner, n, &body, &size, &err), PLN_OK);
        ck_assert_mem_eq(body, "h", 1);
        pln__state_close(heir);
    }
    ck_assert_int_eq(ask("SELECT n*100+owner FROM run WHERE head=x'68656972'"), 2550);
    ck_assert_int_eq(ask("SELECT count(*) FROM body"), 1);
}
END_TEST

/* Many processes take over and commit as fast as they can; every epoch has one winner. */
START_TEST(processes_contend) {
    enum { PROCESSES = 4, ROUNDS = 25 };
    pid_t children[PROCESSES];
    int wins[2];
    ck_assert_int_eq(pipe(wins), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        for (int round = 0; round < ROUNDS; round++) {
            pln__state_options options = {.path = path, .busy_timeout_us = 60000000};
            pln__state *state = NULL;
            pln__state_run run;
            pln_error err = {0};
            if (pln__state_open(pln__system_allocator(), &options, &state, &err) != PLN_OK ||
                pln__state_take_over(state, "p", "", "state", &run, &err) != PLN_OK) {
                fprintf(stderr, "%s\n", err.message);
                _exit(1);
            }
            for (int64_t n = run.n + 1;; n++) {
                pln_status status = pln__state_put_body(state, run.owner, n, &n, sizeof n, NULL);
                if (status == PLN_OK)
                    status = pln__state_commit(state, run.owner, n, &n, sizeof n, NULL);
                if (status == PLN_OK && write(wins[1], &n, sizeof n) != (ssize_t)sizeof n)
                    _exit(2);
                if (status == PLN_EFENCED || (status == PLN_OK && n - run.n >= 3))
                    break;
                if (status != PLN_OK)
                    _exit(3);
            }
            pln__state_close(state);
        }
        _exit(0);
    }
    close(wins[1]);
    char seen[PROCESSES * ROUNDS * 4 + 1] = {0};
    int64_t n, count = 0;
    while (read(wins[0], &n, sizeof n) == (ssize_t)sizeof n) {
        ck_assert(n >= 1 && n < (int64_t)sizeof seen);
        ck_assert_int_eq(seen[n], 0);
        seen[n] = 1;
        count++;
    }
    close(wins[0]);
    for (int i = 0; i < PROCESSES; i++) {
        int how;
        ck_assert_int_eq(waitpid(children[i], &how, 0), children[i]);
        ck_assert_int_eq(how, 0);
    }
    for (int64_t i = 1; i <= count; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert_int_eq(ask("SELECT n FROM run"), count);
    ck_assert_int_eq(ask("SELECT owner FROM run"), PROCESSES * ROUNDS);
}
END_TEST

START_TEST(busy_is_retryable) {
    pln_error err = {0};
    pln__state_options options = {.path = path, .busy_timeout_us = 1000};
    pln__state *state = NULL;
    pln__state_close(open_state());
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    pln__state_run run;
    ck_assert_int_eq(pln__state_open(pln__system_allocator(), &options, &state, &err), PLN_OK);
    ck_assert_int_eq(pln__state_take_over(state, "p", "k", "state", &run, &err), PLN_EBUSY);
    ck_assert(err.flags & PLN_ERR_RETRYABLE);
    ck_assert_int_eq(err.native & 0xff, SQLITE_BUSY);
    sqlite3_close(db);
    ck_assert_int_eq(pln__state_take_over(state, "p", "k", "state", &run, &err), PLN_OK);
    pln__state_close(state);
}
END_TEST

static void refused(const char *name, pln_status expected, const char *words) {
    pln_error err = {0};
    pln__state *state = (pln__state *)folder;
    pln_status status = try_open(name, &state, &err);
    ck_assert_msg(status == expected, "%s: %d %s", name, (int)status, err.message);
    ck_assert_msg(strstr(err.message, words) != NULL, "'%s' is not in '%s'", words, err.message);
    ck_assert_ptr_null(state);
}

START_TEST(strangers_are_refused) {
    char name[160];
    sql("CREATE TABLE orders(id)");
    refused(path, PLN_EINVAL, "holds 'orders'");
    ck_assert_int_eq(ask("SELECT count(*) FROM pragma_journal_mode WHERE journal_mode='delete'"),
                     1);
    sql("DROP TABLE orders; PRAGMA application_id=77");
    refused(path, PLN_EINVAL, "application id 77");
    unlink(path);
    pln__state_close(open_state());
    sql("PRAGMA user_version=2");
    refused(path, PLN_EUNSUPPORTED, "format 2, this library knows up to 1");
    sql("PRAGMA user_version=1; DROP TABLE run");
    refused(path, PLN_ECORRUPT, "without a table 'run'");

    int fd = open(path, O_WRONLY | O_TRUNC);
    char text[4096];
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(write(fd, text, sizeof text), sizeof text);
    close(fd);
    refused(path, PLN_ECORRUPT, "not a SQLite database");
    unlink(path);

    snprintf(name, sizeof name, "%s/link.db", folder);
    ck_assert_int_eq(symlink(path, name), 0);
    refused(name, PLN_EINVAL, "symbolic link");
    snprintf(name, sizeof name, "%s/none/state.db", folder);
    refused(name, PLN_ENOENT, "none' cannot be reached");
    refused(folder, PLN_EIO, folder);
    refused("", PLN_EINVAL, "not a file name");
    refused(NULL, PLN_EINVAL, "no name");
}
END_TEST

START_TEST(names_mean_files_only) {
    pln__state *state = NULL;
    char old[512];
    ck_assert_ptr_nonnull(getcwd(old, sizeof old));
    ck_assert_int_eq(chdir(folder), 0);
    const char *const names[] = {":memory:", "file:x?mode=memory", "plain"};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(try_open(names[i], &state, NULL), PLN_OK);
        pln__state_close(state);
        ck_assert_int_eq(access(names[i], R_OK), 0);
    }
    ck_assert_int_eq(chdir(old), 0);
}
END_TEST

START_TEST(edited_rows_are_found) {
    static const char *const edits[] = {
        "UPDATE run SET n=n+1",
        "UPDATE run SET owner=owner+1",
        "UPDATE run SET head=CAST('the heaD' AS BLOB)",
        "UPDATE run SET run_key='2015-09-12', pipeline='orders' WHERE pipeline='other'",
        "UPDATE run SET checksum=checksum+1",
        "UPDATE run SET store='state2'"};
    pln_error err = {0};
    for (int i = 0; i < PLN__COUNT(edits); i++) {
        unlink(path);
        pln__state *state = open_state();
        pln__state_run run;
        ck_assert_int_eq(pln__state_take_over(state, i == 3 ? "other" : "orders", "2015-09-12",
                                              "state", &run, &err),
                         0);
        ck_assert_int_eq(pln__state_commit(state, 1, 1, "the head", 8, &err), PLN_OK);
        pln__state_close(state);
        sql(edits[i]);
        state = open_state();
        ck_assert_msg(pln__state_take_over(state, "orders", "2015-09-12", "state", &run, &err) ==
                          PLN_ECORRUPT,
                      "%s", edits[i]);
        ck_assert(err.flags & PLN_ERR_FATAL);
        pln__state_close(state);
    }
    unlink(path);
    pln__state *state = open_state();
    (void)take(state);
    ck_assert_int_eq(pln__state_put_body(state, 1, 1, "body", 4, &err), PLN_OK);
    sql("UPDATE body SET bytes=CAST('bodY' AS BLOB)");
    const void *body;
    int64_t size;
    ck_assert_int_eq(pln__state_get_body(state, 1, 1, &body, &size, &err), PLN_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "body of epoch 1 is damaged"));
    pln__state_close(state);
}
END_TEST

/* Random bytes of the file are changed: what is read is right, or nothing is. */
START_TEST(damage_is_never_read_as_data) {
    pln_error err = {0};
    char head[6000], copy[160];
    for (int i = 0; i < (int)sizeof head; i++)
        head[i] = (char)(i * 7);
    pln__state *state = open_state();
    (void)take(state);
    ck_assert_int_eq(pln__state_put_body(state, 1, 1, head, 5000, &err), PLN_OK);
    ck_assert_int_eq(pln__state_commit(state, 1, 1, head, sizeof head, &err), PLN_OK);
    pln__state_close(state);
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    uint64_t random = 88172645463325252u;
    int damaged = 0, intact = 0;
    for (int round = 0; round < 300; round++) {
        char command[600];
        snprintf(command, sizeof command, "rm -f '%s'* && cp '%s' '%s'", copy, path, copy);
        ck_assert_int_eq(system(command), 0);
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        int fd = open(copy, O_RDWR);
        char byte;
        off_t at = (off_t)(random % (uint64_t)info.st_size);
        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        byte = (char)(byte ^ (1 << (random >> 60 & 7)));
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        pln__state *other = NULL;
        pln__state_run run = {0};
        const void *body = NULL;
        int64_t size = 0;
        pln_status status = try_open(copy, &other, &err);
        if (status == PLN_OK)
            status = pln__state_take_over(other, "orders", "2015-09-12", "state", &run, &err);
        if (status == PLN_OK && run.n == 0)
            status = PLN_ECORRUPT; /* a damaged key: the run is not there, and that is seen by n */
        if (status == PLN_OK) {
            ck_assert_int_eq(run.head_size, (int)sizeof head);
            ck_assert_mem_eq(run.head, head, sizeof head);
            status = pln__state_get_body(other, 1, 1, &body, &size, &err);
        }
        if (status == PLN_OK) {
            ck_assert_int_eq(size, 5000);
            ck_assert_mem_eq(body, head, 5000);
            intact++;
        } else {
            damaged++;
        }
        pln__state_close(other);
    }
    ck_assert_int_gt(damaged, 100);
    ck_assert_int_gt(intact, 0);
}
END_TEST

/* The writer is killed at any moment; what it said was committed is there, and at most one epoch more. */
START_TEST(kill_keeps_what_was_committed) {
    pln_error err = {0};
    int64_t before = 0;
    for (int round = 0; round < 20; round++) {
        int said[2];
        ck_assert_int_eq(pipe(said), 0);
        pid_t child = fork();
        if (child == 0) {
            pln__state *state = NULL;
            pln__state_run run;
            if (try_open(path, &state, NULL) != PLN_OK ||
                pln__state_take_over(state, "orders", "2015-09-12", "state", &run, NULL) != PLN_OK)
                _exit(1);
            for (int64_t n = run.n + 1;; n++)
                if (pln__state_put_body(state, run.owner, n, &n, sizeof n, NULL) != PLN_OK ||
                    pln__state_commit(state, run.owner, n, &n, sizeof n, NULL) != PLN_OK ||
                    write(said[1], &n, sizeof n) != (ssize_t)sizeof n)
                    _exit(1);
        }
        close(said[1]);
        int64_t last = before;
        for (int i = 0; i <= round % 7; i++)
            ck_assert_int_eq(read(said[0], &last, sizeof last), (int)sizeof last);
        kill(child, 9);
        while (read(said[0], &last, sizeof last) == (ssize_t)sizeof last)
            continue;
        close(said[0]);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        pln__state *state = open_state();
        pln__state_run run = take(state);
        ck_assert(run.n == last || run.n == last + 1);
        int64_t head;
        ck_assert_int_eq(run.head_size, (int)sizeof head);
        memcpy(&head, run.head, sizeof head);
        ck_assert_int_eq(head, run.n);
        const void *body;
        int64_t size;
        ck_assert_int_eq(pln__state_get_body(state, run.owner - 1, run.n, &body, &size, &err),
                         PLN_OK);
        before = run.n;
        ck_assert_int_eq(pln__state_put_body(state, run.owner, run.n + 1, "", 0, &err), PLN_OK);
        /* Someone after us must find the body of the committed epoch under its owner: commit one of our own. */
        ck_assert_int_eq(pln__state_commit(state, run.owner, run.n + 1, "", 0, &err), PLN_OK);
        before++;
        pln__state_close(state);
    }
}
END_TEST

typedef struct failing {
    int64_t left;
    int64_t live;
} failing;

static void *fail_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    failing *self = user;
    if (now == 0) {
        free(ptr);
        self->live -= (int64_t)old;
        return NULL;
    }
    if (self->left-- <= 0)
        return NULL;
    void *out = realloc(ptr, now);
    if (out != NULL)
        self->live += (int64_t)now - (int64_t)old;
    return out;
}

START_TEST(no_memory_at_any_point) {
    bool done = false;
    pln_error err = {0};
    for (int64_t k = 0; !done; k++) {
        failing self = {.left = k};
        pln_allocator mem = {.struct_size = sizeof mem, .user = &self, .resize = fail_resize};
        pln__state_options options = {.path = path};
        pln__state *state = NULL;
        pln__state_run run;
        const void *body;
        int64_t size;
        pln_status status = pln__state_open(&mem, &options, &state, &err);
        if (status == PLN_OK)
            status = pln__state_take_over(state, "p", "k", "state", &run, &err);
        if (status == PLN_OK)
            status = pln__state_put_body(state, run.owner, run.n + 1, "body", 4, &err);
        if (status == PLN_OK)
            status = pln__state_commit(state, run.owner, run.n + 1, "head", 4, &err);
        if (status == PLN_OK)
            status = pln__state_get_body(state, run.owner, run.n + 1, &body, &size, &err);
        pln__state_close(state);
        ck_assert_int_eq(self.live, 0);
        ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "allocation %d: %s", (int)k,
                      err.message);
        done = status == PLN_OK;
        ck_assert(k < 1000);
    }
}
END_TEST

Suite *suite_store_state(void);
Suite *suite_store_state(void) {
    Suite *suite = suite_create("store/state");
    TCase *tests = tcase_create("state");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, epochs_and_bodies);
    tcase_add_test(tests, empty_head_and_body);
    tcase_add_test(tests, runs_do_not_meet);
    tcase_add_test(tests, another_store_is_refused);
    tcase_add_test(tests, order_of_epochs);
    tcase_add_test(tests, zombies_are_fenced);
    tcase_add_test(tests, processes_contend);
    tcase_add_test(tests, busy_is_retryable);
    tcase_add_test(tests, strangers_are_refused);
    tcase_add_test(tests, names_mean_files_only);
    tcase_add_test(tests, edited_rows_are_found);
    tcase_add_test(tests, damage_is_never_read_as_data);
    tcase_add_test(tests, kill_keeps_what_was_committed);
    tcase_add_test(tests, no_memory_at_any_point);
    suite_add_tcase(suite, tests);
    return suite;
}
