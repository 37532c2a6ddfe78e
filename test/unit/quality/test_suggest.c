/* A suite out of a profile: its rows pass it, and rows that are not like them do not. */
#include "table.h"
#include <jansson.h>
#include <pln/pln.h>
#include <string.h>

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status < 0)                                                                       \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

static const char schema[] = "id int64, state utf8, price decimal(10, 2), at timestamp(us, UTC), "
                             "ratio float64, note utf8, nothing int32, list list<int32>";

/* 200 orders: ids differ, three states, every tenth note is null. */
static char *orders(void) {
    static const char *const states[] = {"paid", "sent", "new"};
    char *all = calloc(200, 256), *at = all;
    for (int i = 0; i < 200; i++)
        at += sprintf(at,
                      "{\"id\":%d,\"state\":\"%s\",\"price\":%d.5,\"at\":\"2024-01-%02dT10:00:"
                      "00Z\",\"ratio\":%g,\"note\":%s,\"list\":[%d]}\n",
                      i, states[i % 3], i - 20, i % 28 + 1, i / 8.0,
                      i % 10 == 0 ? "null" : "\"ok then\"", i);
    return all;
}

static pln_suite *suggested(const table *t, const char **text) {
    pln_profile *profile;
    pln_profile_options options;
    pln_suite *suite;
    int64_t size;
    pln_profile_options_init(&options, sizeof options);
    options.top = 20;
    MUST(pln_profile_new(NULL, &t->schema, &options, &profile, &err));
    MUST(pln_profile_add(profile, &t->rows, &err));
    MUST(pln_suite_suggest(profile, "orders", text, &size, &err));
    ck_assert_int_eq(size, (int64_t)strlen(*text));
    *text = strdup(*text);
    MUST(pln_suite_new(NULL, *text, NULL, &suite, &err));
    pln_profile_free(profile);
    return suite;
}

static pln_validation *validated(const pln_suite *suite, const table *t) {
    pln_validation *v;
    MUST(pln_validation_new(suite, &t->schema, NULL, &v, &err));
    MUST(pln_validation_add(v, &t->rows, &err));
    return v;
}

START_TEST(rows_pass_the_suite_of_their_profile) {
    char *lines = orders();
    table t = table_of(schema, lines);
    const char *text, *report;
    int64_t size;
    int32_t status;
    pln_suite *suite = suggested(&t, &text);
    pln_validation *v = validated(suite, &t);
    MUST(pln_validation_text(v, &report, &size, &err));
    MUST(pln_validation_status(v, &status, &err));
    ck_assert_msg(status == PLN_CHECK_PASSED, "%s", report);
    pln_validation_free(v);
    pln_suite_free(suite);
    free((char *)(uintptr_t)text);
    table_free(&t);
    free(lines);
}
END_TEST

START_TEST(what_was_seen_is_what_is_asked_for) {
    static const char *const members[] = {
        "{\"check\":\"column_type\",\"column\":\"price\",\"type\":\"decimal(10, 2)\"}",
        "{\"check\":\"not_null\",\"column\":\"id\",\"description\":\"none of 200 rows was null\"}",
        "{\"check\":\"unique\",\"column\":\"id\",\"severity\":\"warn\"",
        "{\"check\":\"between\",\"column\":\"price\",\"min\":-20.50,\"max\":179.50,\"severity\":\"warn\"",
        "{\"check\":\"between\",\"column\":\"at\",\"min\":\"2024-01-01T10:00:00Z\",\"max\":\"2024-01-28T10:00:00Z\"",
        "{\"check\":\"between\",\"column\":\"ratio\",\"min\":0,\"max\":24.875",
        "{\"check\":\"completeness\",\"column\":\"note\",\"min\":0.90,\"description\":\"20 of 200 rows were null\"}",
        "{\"check\":\"length\",\"column\":\"state\",\"min\":3,\"max\":4,\"unit\":\"bytes\"",
        "{\"check\":\"in_set\",\"column\":\"state\",\"values\":[\"paid\",\"sent\",\"new\"]",
        "{\"check\":\"column_type\",\"column\":\"nothing\",\"type\":\"int32\"}",
        "{\"check\":\"not_null\",\"column\":\"list\"",
    };
    static const char *const absent[] = {"{\"check\":\"in_set\",\"column\":\"id\"",
                                         "{\"check\":\"unique\",\"column\":\"at\"",
                                         "{\"check\":\"between\",\"column\":\"nothing\"",
                                         "{\"check\":\"between\",\"column\":\"list\""};
    char *lines = orders();
    table t = table_of(schema, lines);
    const char *text;
    pln_suite *suite = suggested(&t, &text);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        ck_assert_msg(strstr(text, members[i]) != NULL, "%s is not in %s", members[i], text);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        ck_assert_msg(strstr(text, absent[i]) == NULL, "%s is in %s", absent[i], text);
    pln_suite_free(suite);
    free((char *)(uintptr_t)text);
    table_free(&t);
    free(lines);
}
END_TEST

START_TEST(other_rows_do_not_pass) {
    static const char *const others[] = {
        "{\"id\":1,\"state\":\"lost\",\"price\":1,\"at\":\"2024-01-05T10:00:00Z\",\"ratio\":1,\"note\":\"ok then\",\"list\":[]}",
        "{\"id\":null,\"state\":\"paid\",\"price\":1,\"at\":\"2024-01-05T10:00:00Z\",\"ratio\":1,\"note\":\"ok then\",\"list\":[]}",
        "{\"id\":1,\"state\":\"paid\",\"price\":999,\"at\":\"2024-01-05T10:00:00Z\",\"ratio\":1,\"note\":\"ok then\",\"list\":[]}",
        "{\"id\":1,\"state\":\"paid\",\"price\":1,\"at\":\"2025-01-05T10:00:00Z\",\"ratio\":1,\"note\":\"ok then\",\"list\":[]}",
        "{\"id\":1,\"state\":\"paid\",\"price\":1,\"at\":\"2024-01-05T10:00:00Z\",\"ratio\":1,\"note\":null,\"list\":[]}"};
    char *lines = orders();
    table t = table_of(schema, lines), other = table_of(schema, others[_i]);
    const char *text;
    int32_t status;
    pln_suite *suite = suggested(&t, &text);
    pln_validation *v = validated(suite, &other);
    MUST(pln_validation_status(v, &status, &err));
    ck_assert_int_ne(status, PLN_CHECK_PASSED);
    pln_validation_free(v);
    pln_suite_free(suite);
    free((char *)(uintptr_t)text);
    table_free(&t);
    table_free(&other);
    free(lines);
}
END_TEST

START_TEST(no_rows_ask_for_little) {
    table t = table_of("id int64, b utf8", "");
    const char *text;
    pln_suite *suite = suggested(&t, &text);
    ck_assert_int_eq(pln_suite_count(suite), 4);
    pln_suite_free(suite);
    free((char *)(uintptr_t)text);
    table_free(&t);
}
END_TEST

Suite *suite_quality_suggest(void);
Suite *suite_quality_suggest(void) {
    Suite *s = suite_create("quality/suggest");
    TCase *tc = tcase_create("suggest");
    tcase_add_test(tc, rows_pass_the_suite_of_their_profile);
    tcase_add_test(tc, what_was_seen_is_what_is_asked_for);
    tcase_add_loop_test(tc, other_rows_do_not_pass, 0, 5);
    tcase_add_test(tc, no_rows_ask_for_little);
    suite_add_tcase(s, tc);
    return s;
}
