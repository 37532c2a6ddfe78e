/* Keyed state in the state file against a plain table of what each epoch left. */
#include "base/base.h"
#include "scratch.h"
#include "store/store.h"
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static scratch dir;
static pln_error err;
static const char *path;

static void setup(void) {
    dir = scratch_new();
    path = strdup(scratch_path(&dir, "state.db"));
    memset(&err, 0, sizeof err);
}

static void teardown(void) {
    free((void *)(uintptr_t)path);
    scratch_free(&dir);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s", #call, err.message);                                      \
    } while (0)

static pln__state *open_state(void) {
    pln__state_options options = {.path = path};
    pln__state *state;
    OK(pln__state_open(pln__system_allocator(), &options, &state, &err));
    return state;
}

static pln__state_run take(pln__state *state, const char *run_key, const char *store) {
    pln__state_run run;
    OK(pln__state_take_over(state, "p", run_key, store, &run, &err));
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

static pln__keyed item(const char *key, const char *value, int64_t expires) {
    return (pln__keyed){key,          (int64_t)strlen(key),
                        value,        value == NULL ? 0 : (int64_t)strlen(value),
                        expires >= 0, expires};
}

static void put(pln__state *state, const char *node, int64_t n, const char *key, const char *value,
                int64_t expires) {
    pln__keyed one = item(key, value, expires);
    OK(pln__state_keyed_put(state, node, n, &one, 1, &err));
}

static char seen[200];
static pln_status see(void *user, int64_t index, const pln__keyed *found, pln_error *e) {
    (void)user;
    (void)index;
    (void)e;
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%.*s=%.*s/%lld ", (int)found->key_size,
             (const char *)found->key, (int)found->value_size, (const char *)found->value,
             (long long)(found->has_expires ? found->expires : -1));
    return PLN_OK;
}

/* "key=value/expires " of those of a to d that are there. */
static const char *all_of(pln__state *state, const char *node) {
    pln__keyed items[] = {item("a", NULL, -1), item("b", NULL, -1), item("c", NULL, -1),
                          item("d", NULL, -1)};
    seen[0] = '\0';
    OK(pln__state_keyed_get(state, node, items, 4, see, NULL, &err));
    return seen;
}

START_TEST(values_stand_under_keys) {
    pln__state *state = open_state();
    pln__state_run run = take(state, "", "state");
    int64_t last = 7;
    ck_assert_str_eq(all_of(state, "x"), "");
    OK(pln__state_keyed_last(state, "x", &last, &err));
    ck_assert_int_eq(last, 0);
    /* Nobody has put anything: no tables. */
    ck_assert_int_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'keyed%'"), 0);
    put(state, "x", 1, "b", "2", -1);
    put(state, "x", 1, "a", "", 5);
    put(state, "y", 1, "a", "other", -1);
    ck_assert_str_eq(all_of(state, "x"), "a=/5 b=2/-1 ");
    ck_assert_str_eq(all_of(state, "y"), "a=other/-1 ");
    put(state, "x", 1, "a", "new", -1);
    put(state, "x", 1, "b", NULL, -1);
    ck_assert_str_eq(all_of(state, "x"), "a=new/-1 ");
    OK(pln__state_commit(state, run.owner, 1, NULL, 0, &err));
    OK(pln__state_keyed_last(state, "x", &last, &err));
    ck_assert_int_eq(last, 1);
    (void)take(state, "other", "state");
    ck_assert_str_eq(all_of(state, "x"), "");
    pln__state_close(state);
}
END_TEST

/* What is behind the committed epoch has never been, in whatever order it came. */
START_TEST(an_epoch_that_was_not_committed_is_undone) {
    pln__state *state = open_state();
    pln__state_run run = take(state, "", "state");
    put(state, "x", 1, "a", "1", -1);
    put(state, "x", 1, "b", "1", 9);
    OK(pln__state_commit(state, run.owner, 1, NULL, 0, &err));
    put(state, "x", 2, "b", "2", -1);
    put(state, "x", 2, "b", NULL, -1);
    put(state, "x", 2, "b", "3", 4);
    put(state, "x", 2, "a", NULL, -1);
    put(state, "x", 2, "c", "2", -1);
    put(state, "x", 2, "c", NULL, -1);
    put(state, "x", 2, "d", "2", -1);
    put(state, "y", 2, "d", "2", -1);
    ck_assert_str_eq(all_of(state, "x"), "b=3/4 d=2/-1 ");
    pln__state_close(state);

    state = open_state();
    run = take(state, "", "state");
    ck_assert_int_eq(run.n, 1);
    OK(pln__state_keyed_settle(state, run.n, &err));
    ck_assert_str_eq(all_of(state, "x"), "a=1/-1 b=1/9 ");
    ck_assert_str_eq(all_of(state, "y"), "");
    OK(pln__state_keyed_settle(state, run.n, &err));
    ck_assert_str_eq(all_of(state, "x"), "a=1/-1 b=1/9 ");
    put(state, "x", 2, "b", "4", -1);
    OK(pln__state_commit(state, run.owner, 2, NULL, 0, &err));
    put(state, "x", 3, "a", "3", -1);
    ck_assert_int_eq(ask("SELECT count(*) FROM keyed_undo WHERE n<3 AND space=1"), 0);
    pln__state_close(state);
    state = open_state();
    run = take(state, "", "state");
    OK(pln__state_keyed_settle(state, run.n, &err));
    ck_assert_str_eq(all_of(state, "x"), "a=1/-1 b=4/-1 ");
    pln__state_close(state);
}
END_TEST

/* The head is a sink's, and it says which epoch was committed: the last that wrote here, or the one before it. */
START_TEST(the_head_may_be_elsewhere) {
    for (int64_t committed = 1; committed <= 2; committed++) {
        scratch_free(&dir);
        dir = scratch_new();
        free((void *)(uintptr_t)path);
        path = strdup(scratch_path(&dir, "state.db"));
        pln__state *state = open_state();
        (void)take(state, "", "node out");
        put(state, "x", 1, "a", "1", -1);
        OK(pln__state_keyed_sync(state, "x", 1, &err));
        put(state, "x", 2, "a", "2", -1);
        OK(pln__state_keyed_sync(state, "x", 2, &err));
        pln__state_close(state);
        state = open_state();
        (void)take(state, "", "node out");
        OK(pln__state_keyed_settle(state, committed, &err));
        ck_assert_str_eq(all_of(state, "x"), committed == 1 ? "a=1/-1 " : "a=2/-1 ");
        pln__state_close(state);
    }
}
END_TEST

START_TEST(old_owners_are_fenced) {
    pln__state *old = open_state(), *new = open_state();
    pln__keyed one = item("a", "old", -1);
    (void)take(old, "", "state");
    put(old, "x", 1, "a", "1", -1);
    (void)take(new, "", "state");
    OK(pln__state_keyed_settle(new, 0, &err));
    ck_assert_int_eq(pln__state_keyed_put(old, "x", 1, &one, 1, &err), PLN_EFENCED);
    ck_assert_ptr_nonnull(
        strstr(err.message, "belongs to owner 2; owner 1 cannot write keyed state"));
    ck_assert_int_eq(pln__state_keyed_sweep(old, "x", 1, 1, &err), PLN_EFENCED);
    ck_assert_int_eq(pln__state_keyed_settle(old, 0, &err), PLN_EFENCED);
    ck_assert_int_eq(pln__state_keyed_clear(old, &err), PLN_EFENCED);
    ck_assert_int_eq(pln__state_keyed_sync(old, "x", 1, &err), PLN_EFENCED);
    ck_assert_str_eq(all_of(new, "x"), "");
    pln__state_close(old);
    pln__state_close(new);
}
END_TEST

/* While an epoch lasts, another run on the same file commits its own. */
START_TEST(the_file_is_not_locked_between_puts) {
    pln__state *a = open_state(), *b = open_state();
    (void)take(a, "a", "state");
    pln__state_run run = take(b, "b", "state");
    put(a, "x", 1, "a", "1", -1);
    put(b, "x", 1, "a", "2", -1);
    OK(pln__state_commit(b, run.owner, 1, NULL, 0, &err));
    put(a, "x", 1, "b", "1", -1);
    OK(pln__state_keyed_clear(b, &err));
    ck_assert_str_eq(all_of(a, "x"), "a=1/-1 b=1/-1 ");
    ck_assert_str_eq(all_of(b, "x"), "");
    pln__state_close(a);
    pln__state_close(b);
    ck_assert_int_eq(ask("SELECT count(*) FROM keyed_space"), 1);
}
END_TEST

START_TEST(what_has_expired_is_swept) {
    pln__state *state = open_state();
    (void)take(state, "", "state");
    OK(pln__state_keyed_sweep(state, "x", 100, 10, &err));
    put(state, "x", 1, "a", "1", 3);
    put(state, "x", 1, "b", "1", 2);
    put(state, "x", 1, "c", "1", -1);
    put(state, "x", 1, "d", "1", 4);
    OK(pln__state_keyed_sweep(state, "x", 4, 1, &err));
    ck_assert_str_eq(all_of(state, "x"), "a=1/3 c=1/-1 d=1/4 ");
    OK(pln__state_keyed_sweep(state, "x", 4, 10, &err));
    ck_assert_str_eq(all_of(state, "x"), "c=1/-1 d=1/4 ");
    OK(pln__state_keyed_sweep(state, "none", 4, 10, &err));
    pln__state_close(state);
    /* By the index, and not by looking at all rows. */
    ck_assert_int_eq(ask("SELECT count(*) FROM sqlite_schema WHERE name='keyed_expires'"), 1);
}
END_TEST

START_TEST(damage_is_named) {
    static const char *const edits[] = {
        "UPDATE keyed SET value=x'39'", "UPDATE keyed SET expires=7", "UPDATE keyed SET expires=NULL",
        "UPDATE keyed SET key=x'62' WHERE key=x'61'",
        "UPDATE keyed SET space=2", "UPDATE keyed SET checksum=checksum+1"};
    for (int i = 0; i < PLN__COUNT(edits); i++) {
        pln__state *state = open_state();
        (void)take(state, "", "state");
        OK(pln__state_keyed_clear(state, &err));
        put(state, "x", 1, "a", "1", 3);
        put(state, "y", 1, "q", "1", 3);
        sql("DELETE FROM keyed WHERE key=x'71'");
        sql(edits[i]);
        pln__keyed items[] = {item("a", NULL, -1), item("b", NULL, -1)};
        ck_assert_int_eq(pln__state_keyed_get(state, i == 4 ? "y" : "x", items, 2, see, NULL, &err),
                         PLN_ECORRUPT);
        ck_assert_msg(strstr(err.message, i == 3   ? "node 'x': the value of key 'b' is damaged"
                                          : i == 4 ? "node 'y': the value of key 'a' is damaged"
                                                   : "node 'x': the value of key 'a' is damaged") !=
                          NULL,
                      "%s", err.message);
        pln__state_close(state);
        scratch_free(&dir);
        dir = scratch_new();
        free((void *)(uintptr_t)path);
        path = strdup(scratch_path(&dir, "state.db"));
    }
}
END_TEST

/* ---- random epochs ---- */

enum { KEYS = 40, ROUNDS = 300 };
typedef struct model {
    int value[KEYS]; /* 0: not there */
} model;

static int found_values[KEYS];
static pln_status note(void *user, int64_t index, const pln__keyed *found, pln_error *e) {
    char text[16] = "";
    (void)user;
    (void)e;
    memcpy(text, found->value, (size_t)found->value_size);
    found_values[index] = atoi(text);
    return PLN_OK;
}

static void compare(pln__state *state, const model *want) {
    static char names[KEYS][8];
    pln__keyed items[KEYS];
    for (int i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof names[i], "k%02d", i);
        items[i] = item(names[i], NULL, -1);
    }
    memset(found_values, 0, sizeof found_values);
    OK(pln__state_keyed_get(state, "x", items, KEYS, note, NULL, &err));
    ck_assert_mem_eq(found_values, want->value, sizeof found_values);
}

START_TEST(random_epochs_and_crashes) {
    uint64_t seed = 7;
    model committed = {{0}}, now = {{0}};
    pln__state *state = open_state();
    pln__state_run run = take(state, "", "state");
    int64_t n = 0, crashes = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        char names[8][8], texts[8][16];
        pln__keyed items[8];
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t what = (uint32_t)(seed >> 33);
        for (int i = 0; i < 8; i++) {
            int k = (int)((what * 2654435761u >> (3 * i)) % KEYS);
            bool remove = (what >> i) % 5 == 0;
            snprintf(names[i], sizeof names[i], "k%02d", k);
            snprintf(texts[i], sizeof texts[i], "%d", round * 8 + i);
            items[i] = item(names[i], remove ? NULL : texts[i], -1);
            now.value[k] = remove ? 0 : round * 8 + i;
        }
        OK(pln__state_keyed_put(state, "x", n + 1, items, 8, &err));
        compare(state, &now);
        if (what % 4 == 0) {
            OK(pln__state_commit(state, run.owner, ++n, NULL, 0, &err));
            committed = now;
        } else if (what % 4 == 1) {
            pln__state_close(state);
            state = open_state();
            run = take(state, "", "state");
            ck_assert_int_eq(run.n, n);
            OK(pln__state_keyed_settle(state, n, &err));
            now = committed;
            compare(state, &now);
            crashes++;
        }
    }
    ck_assert_int_gt(crashes, 30);
    ck_assert_int_gt(n, 30);
    pln__state_close(state);
}
END_TEST

Suite *suite_store_keyed(void);
Suite *suite_store_keyed(void) {
    Suite *suite = suite_create("store/keyed");
    TCase *tests = tcase_create("keyed");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, values_stand_under_keys);
    tcase_add_test(tests, an_epoch_that_was_not_committed_is_undone);
    tcase_add_test(tests, the_head_may_be_elsewhere);
    tcase_add_test(tests, old_owners_are_fenced);
    tcase_add_test(tests, the_file_is_not_locked_between_puts);
    tcase_add_test(tests, what_has_expired_is_swept);
    tcase_add_test(tests, damage_is_named);
    tcase_add_test(tests, random_epochs_and_crashes);
    suite_add_tcase(suite, tests);
    return suite;
}
