/* Histories in the state file: they become what they are with the commit, wherever the head is kept, and never without it. */
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

/* A run of pipeline "p" that was taken over. Heads are in the file, or in a sink's store. */
static pln__state *take(const char *run_key, bool in_sink) {
    pln__state_options options = {.path = path};
    pln__state_run run;
    pln__state *state;
    OK(pln__state_open(pln__system_allocator(), &options, &state, &err));
    OK(pln__state_take_over(state, "p", run_key, in_sink ? "node s" : "state", &run, &err));
    return state;
}

static int64_t owner_of(pln__state *state) {
    pln__state_run run;
    OK(pln__state_take_over(state, "p", "r", "state", &run, &err));
    return run.owner;
}

static void sql(const char *text) {
    sqlite3 *db = NULL;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

static pln__history item(const char *metric, const char *text, int64_t version) {
    return (pln__history){"d", metric, text, (int64_t)strlen(text), version};
}

static void put(pln__state *state, int64_t n, const char *text, int64_t version) {
    pln__history one = item("m", text, version);
    OK(pln__state_history_put(state, n, &one, 1, false, &err));
}

/* The history as a new handle finds it; *version may be NULL. */
static const char *text_of(int64_t *version) {
    static char out[100];
    pln__state *state = take("looker", false);
    pln__history found = {.dataset = "d", .metric = "m"};
    OK(pln__state_history_get(state, &found, &err));
    snprintf(out, sizeof out, "%.*s", (int)found.size,
             found.bytes == NULL ? "" : (const char *)found.bytes);
    if (version != NULL)
        *version = found.version;
    pln__state_close(state);
    return out;
}

START_TEST(a_history_begins_with_the_commit) {
    int64_t version, lost;
    pln__state *state = take("r", false);
    int64_t owner = owner_of(state);
    OK(pln__state_history_settle(state, 0, &lost, &err));
    ck_assert_str_eq(text_of(&version), "");
    ck_assert_int_eq(version, 0);
    put(state, 1, "one", 0);
    ck_assert_str_eq(text_of(NULL), "");
    OK(pln__state_commit(state, owner, 1, "h", 1, &err));
    ck_assert_int_eq(pln__state_history_lost(state), 0);
    ck_assert_str_eq(text_of(&version), "one");
    ck_assert_int_eq(version, 1);
    put(state, 2, "two", 1);
    OK(pln__state_commit(state, owner, 2, "h", 1, &err));
    ck_assert_str_eq(text_of(&version), "two");
    ck_assert_int_eq(version, 2);
    /* An epoch without any changes nothing. */
    OK(pln__state_commit(state, owner, 3, "h", 1, &err));
    ck_assert_str_eq(text_of(NULL), "two");
    pln__state_close(state);
}
END_TEST

/* Killed before the commit: whoever takes the run over takes it back, by heads here and by heads in a sink. */
START_TEST(what_was_not_committed_is_gone) {
    int64_t lost, committed = _i / 2;
    pln__state *state = take("r", _i % 2);
    put(state, 1, "one", 0);
    pln__state_close(state);
    state = take("r", _i % 2);
    OK(pln__state_history_settle(state, committed, &lost, &err)); /* of a sink's head it may say that epoch 1 was committed */
    ck_assert_str_eq(text_of(NULL), committed ? "one" : "");
    pln__state_close(state);
}
END_TEST

START_TEST(what_is_put_again_in_an_epoch_is_all_there_is) {
    pln__state *state = take("r", false);
    int64_t owner = owner_of(state);
    pln__history two[] = {item("m", "one", 0), item("other", "x", 0)};
    OK(pln__state_history_put(state, 1, two, 2, false, &err));
    put(state, 1, "again", 0);
    OK(pln__state_commit(state, owner, 1, "h", 1, &err));
    ck_assert_str_eq(text_of(NULL), "again");
    pln__history found = {.dataset = "d", .metric = "other"};
    OK(pln__state_history_get(state, &found, &err));
    ck_assert_int_eq(found.size, 0);
    pln__state_close(state);
}
END_TEST

/* Two runs of the pipeline that both began with version 0. */
START_TEST(who_comes_second_does_not_overwrite) {
    int64_t lost;
    pln__state *a = take("a", true), *b = take("b", true);
    put(a, 1, "of a", 0);
    put(b, 1, "of b", 0);
    OK(pln__state_history_settle(b, 1, &lost, &err));
    ck_assert_int_eq(lost, 0);
    OK(pln__state_history_settle(a, 1, &lost, &err));
    ck_assert_int_eq(lost, 1);
    ck_assert_str_eq(text_of(NULL), "of b");
    pln__state_close(a);
    pln__state_close(b);
}
END_TEST

START_TEST(an_older_owner_puts_nothing) {
    pln__state *old = take("r", false), *state = take("r", false);
    pln__history one = item("m", "one", 0);
    ck_assert_int_eq(pln__state_history_put(old, 1, &one, 1, false, &err), PLN_EFENCED);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot write a history"));
    pln__state_close(old);
    pln__state_close(state);
}
END_TEST

START_TEST(a_row_that_was_edited_is_named) {
    pln__state *state = take("r", false);
    int64_t owner = owner_of(state);
    pln__history found = {.dataset = "d", .metric = "m"};
    put(state, 1, "one", 0);
    OK(pln__state_commit(state, owner, 1, "h", 1, &err));
    sql("UPDATE history SET bytes = CAST('two' AS BLOB)");
    ck_assert_int_eq(pln__state_history_get(state, &found, &err), PLN_ECORRUPT);
    ck_assert_ptr_nonnull(
        strstr(err.message, "the history of m of 'd' of pipeline 'p' is damaged"));
    pln__state_close(state);
}
END_TEST

Suite *suite_store_history(void) {
    Suite *s = suite_create("store/history");
    TCase *t = tcase_create("epochs");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_history_begins_with_the_commit);
    tcase_add_loop_test(t, what_was_not_committed_is_gone, 0, 4);
    tcase_add_test(t, what_is_put_again_in_an_epoch_is_all_there_is);
    tcase_add_test(t, who_comes_second_does_not_overwrite);
    tcase_add_test(t, an_older_owner_puts_nothing);
    tcase_add_test(t, a_row_that_was_edited_is_named);
    suite_add_tcase(s, t);
    return s;
}
