#include "connect/file/parts.h"
#include "memfs.h"
#include "store/store.h"
#include <check.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

static const pln_allocator *mem;

START_TEST(patterns_match_as_in_a_shell) {
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"*", "", true}, {"*", "abc", true}, {"*", ".abc", false}, {".*", ".abc", true},
        {"\\.a", ".a", true}, {"?", ".", false}, {"[.]a", ".a", false}, {"a*c", "abbc", true},
        {"a*c", "abb", false}, {"*a*b*", "xaxbx", true}, {"*a*b", "ba", false},
        {"?b", "\xC3\xA4" "b", true}, {"?b", "\xFF" "b", true}, {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false}, {"[^a-c]x", "dx", true}, {"[]]", "]", true},
        {"[!]]", "]", false}, {"[a-]", "-", true}, {"[", "[", true}, {"[ab", "[ab", true},
        {"\\*", "*", true}, {"\\*", "a", false}, {"a\\", "a\\", true}, {"[\\]]", "]", true},
        {"", "", true}, {"", "a", false}, {"a", "", false}, {"**", "abc", true},
        {"*.csv", "a.csv.gz", false}, {"[z-a]", "b", false},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++)
        ck_assert_msg(pln__glob_match(cases[i].pattern, cases[i].name) == cases[i].matches,
                      "%s on %s", cases[i].pattern, cases[i].name);
}
END_TEST

/* The C library's matcher as the judge, over random patterns and names of few characters. */
START_TEST(patterns_match_as_fnmatch_says) {
    static const char letters[] = "ab*?[]!-.\\";
    uint64_t state = 7;
    int64_t matched = 0;
    for (int i = 0; i < 300000; i++) {
        char pattern[9], name[9];
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t r = state >> 8;
        int n = (int)(r % 8), m = (int)(r / 8 % 6);
        for (int k = 0; k < n; k++, r /= 10)
            pattern[k] = letters[(r >> 6) % 10];
        state = state * 6364136223846793005u + 1442695040888963407u;
        r = state >> 8;
        for (int k = 0; k < m; k++, r /= 4)
            name[k] = "ab.-"[r % 4];
        pattern[n] = name[m] = '\0';
        /* Left open by POSIX: a bracket never closed, ranges that run backwards, a backslash at the end or in brackets. */
        if (strchr(pattern, '\\') != NULL || strchr(pattern, '[') != NULL)
            continue;
        bool want = fnmatch(pattern, name, FNM_PERIOD) == 0;
        matched += want;
        ck_assert_msg(pln__glob_match(pattern, name) == want, "'%s' on '%s'", pattern, name);
    }
    ck_assert_int_gt(matched, 1000);
}
END_TEST

START_TEST(a_pattern_takes_no_long_time) {
    char pattern[400] = "", name[4000];
    for (int i = 0; i < 100; i++)
        strcat(pattern, "*a");
    strcat(pattern, "b");
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert(!pln__glob_match(pattern, name));
}
END_TEST

static void expect_list(pln__file_list *list, const char *want) {
    char got[2000] = "";
    for (int64_t i = 0; i < list->count; i++)
        sprintf(got + strlen(got), "%lld:%s;", (long long)list->items[i].group,
                list->items[i].name);
    ck_assert_str_eq(got, want);
}

START_TEST(lists_are_sorted_and_without_repeats) {
    memfs *fs = memfs_new();
    pln__file_list list;
    pln_error err = {0};
    bool found;
    const char *names[] = {"d/b", "d/a", "d/a.x", "d/.h", "d/_t", "e/b", "\xC3\xA4"};
    for (int i = 0; i < PLN__COUNT(names); i++)
        memfs_put(fs, names[i], "xxxxxxxx", i);
    pln__file_list_init(&list, mem, memfs_ops(fs));
    ck_assert_int_eq(pln__file_list_add(&list, "d", &err), PLN_OK);
    ck_assert_int_eq(pln__file_list_add(&list, "*/b", &err), PLN_ENOENT); /* "d" and "e" are no entries here */
    ck_assert_int_eq(pln__file_list_add(&list, "e/*", &err), PLN_OK);
    ck_assert_int_eq(pln__file_list_add(&list, "d/[ab]", &err), PLN_OK);
    ck_assert_int_eq(pln__file_list_add(&list, "?", &err), PLN_OK);
    ck_assert_int_eq(pln__file_list_done(&list, 1, &err), PLN_OK);
    expect_list(&list, "0:d/a;0:d/a.x;0:d/b;1:e/b;3:\xC3\xA4;");
    ck_assert_int_eq(list.items[2].size_bytes, 0);
    ck_assert_int_eq(pln__file_list_after(&list, 0, "d/a", &found), 1);
    ck_assert(found);
    ck_assert_int_eq(pln__file_list_after(&list, 0, "d/aa", &found), 2);
    ck_assert(!found);
    ck_assert_int_eq(pln__file_list_after(&list, 0, "", &found), 0);
    ck_assert_int_eq(pln__file_list_after(&list, 9, "", &found), 5);
    pln__file_list_free(&list);
    memfs_free(fs);
}
END_TEST

START_TEST(many_names_are_sorted) {
    memfs *fs = memfs_new();
    pln__file_list list;
    pln_error err = {0};
    uint64_t state = 1;
    for (int i = 0; i < 500; i++) {
        char name[40];
        state = state * 6364136223846793005u + 1442695040888963407u;
        snprintf(name, sizeof name, "d/%llx", (unsigned long long)(state >> 40));
        memfs_put(fs, name, "x", 1);
    }
    pln__file_list_init(&list, mem, memfs_ops(fs));
    ck_assert_int_eq(pln__file_list_add(&list, "d", &err), PLN_OK);
    ck_assert_int_eq(list.count, memfs_count(fs));
    for (int64_t i = 1; i < list.count; i++)
        ck_assert_int_lt(strcmp(list.items[i - 1].name, list.items[i].name), 0);
    pln__file_list_free(&list);
    memfs_free(fs);
}
END_TEST

START_TEST(failures_of_the_file_system_are_passed_on) {
    for (uint32_t kind = MEMFS_INFO; kind <= MEMFS_LIST; kind *= 2)
        for (int64_t at = 1; at < 6; at++) {
            memfs *fs = memfs_new();
            pln__file_list list;
            pln_error err = {0};
            memfs_put(fs, "d/a", "x", 1);
            memfs_put(fs, "d/b", "x", 1);
            memfs_fault fault = {.kinds = kind, .at = at, .native = 5};
            memfs_fail(fs, &fault);
            pln__file_list_init(&list, mem, memfs_ops(fs));
            pln_status status = pln__file_list_add(&list, "d/[ab]", &err);
            bool hit = kind == MEMFS_INFO ? at <= 4 : at <= 1;
            ck_assert_int_eq(status, hit ? PLN_EIO : PLN_OK);
            pln__file_list_free(&list);
            memfs_free(fs);
        }
}
END_TEST

static void set_up(void) {
    mem = pln__system_allocator();
}

Suite *suite_connect_file_list(void) {
    Suite *suite = suite_create("connect/file_list");
    TCase *tcase = tcase_create("file_list");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, patterns_match_as_in_a_shell);
    tcase_add_test(tcase, patterns_match_as_fnmatch_says);
    tcase_add_test(tcase, a_pattern_takes_no_long_time);
    tcase_add_test(tcase, lists_are_sorted_and_without_repeats);
    tcase_add_test(tcase, many_names_are_sorted);
    tcase_add_test(tcase, failures_of_the_file_system_are_passed_on);
    suite_add_tcase(suite, tcase);
    return suite;
}
