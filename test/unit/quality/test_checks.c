/*
 * The cases of checks/: one check over a few rows each, with what an implementation of its own (oracle.py, make_checks.py) says of them; and configurations that are
 * refused, with the words.
 */
#include "suite_help.h"
#include <math.h>

typedef struct failures {
    int count;
    char text[3500];
} failures;

static void miss(failures *all, const json_t *test, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void miss(failures *all, const json_t *test, const char *format, ...) {
    size_t used = strlen(all->text), room = sizeof all->text - used;
    va_list list;
    all->count++;
    int n = snprintf(all->text + used, room,
                     "\n%s: ", json_string_value(json_object_get(test, "name")));
    if (n < 0 || (size_t)n >= room)
        return;
    va_start(list, format);
    vsnprintf(all->text + used + n, room - (size_t)n, format, list);
    va_end(list);
}

static const char *text_of(const json_t *test, const char *name) {
    return json_string_value(json_object_get(test, name));
}
static int64_t integer_of(const json_t *test, const char *name) {
    return json_integer_value(json_object_get(test, name));
}

/* The suite of the case's check, or the one that it brings. */
static pln_status suite_of_case(const json_t *test, pln_suite **out) {
    json_t *suite = json_incref(json_object_get(test, "suite"));
    if (suite == NULL)
        suite = json_pack("{s[O]}", "checks", json_object_get(test, "check"));
    char *text = json_dumps(suite, JSON_COMPACT);
    const char *name;
    json_t *reference;
    pln_status status = pln_suite_new(NULL, text, NULL, out, &err);
    free(text);
    json_decref(suite);
    json_object_foreach(json_object_get(test, "references"), name, reference) {
        if (status < 0)
            break;
        struct ArrowArrayStream stream = stream_of(
            table_of_lists(text_of(reference, "schema"), json_object_get(reference, "rows")));
        if (strstr(text_of(test, "name"), "dbt") != NULL &&
            strstr(text_of(test, "name"), "relationships") == NULL)
            stream.release(&stream);
        else
            status = pln_suite_reference(*out, name, &stream, &err);
        ck_assert(stream.release == NULL);
    }
    return status;
}

static pln_status open_case(const json_t *test, pln_suite **suite, table *rows,
                            pln_validation **out) {
    pln_validation_options options;
    json_t *now = json_object_get(test, "now");
    *rows = table_of_lists(text_of(test, "schema"), json_object_get(test, "rows"));
    pln_validation_options_init(&options, sizeof options);
    if (now != NULL)
        options.now_us = json_integer_value(now);
    pln_status status = suite_of_case(test, suite);
    return status < 0 ? status : pln_validation_new(*suite, &rows->schema, &options, out, &err);
}

/* ---- answers ---- */

static void compare_count(failures *all, const json_t *test, const char *name, int64_t got) {
    if (json_object_get(test, name) != NULL && integer_of(test, name) != got)
        miss(all, test, "%s %lld, expected %lld", name, (long long)got,
             (long long)integer_of(test, name));
}

static void compare_bits(failures *all, const json_t *test, const uint8_t *bits, int64_t rows) {
    const json_t *bad = json_object_get(test, "bad");
    size_t k = 0;
    if ((bits != NULL) != (bad != NULL))
        miss(all, test, bits != NULL ? "says which rows are wrong" : "says nothing of rows");
    for (int64_t i = 0; i < rows && bits != NULL && bad != NULL; i++) {
        bool expected = json_integer_value(json_array_get(bad, k)) == i && k < json_array_size(bad);
        k += expected;
        if (expected != (bits[i / 8] >> i % 8 & 1)) {
            miss(all, test, "row %lld is %s", (long long)i, expected ? "right" : "wrong");
            return;
        }
    }
}

static void compare_observed(failures *all, const json_t *test, double got) {
    const json_t *observed = json_object_get(test, "observed");
    double expected = json_is_string(observed) ? strtod(json_string_value(observed), NULL)
                                               : json_number_value(observed);
    if (observed == NULL || got == expected)
        return;
    if (!(fabs(got - expected) <= 1e-12 * fabs(expected)))
        miss(all, test, "observed %.17g, expected %.17g", got, expected);
}

static void compare(failures *all, const json_t *test, pln_validation *v, int64_t rows) {
    static const char *const statuses[] = {"passed", "warned", "failed"};
    pln_check_result r = result_of(v, 0);
    if (strcmp(statuses[r.status], text_of(test, "status")) != 0)
        miss(all, test, "%s, expected %s: %s", statuses[r.status], text_of(test, "status"),
             r.message);
    compare_count(all, test, "seen", r.rows);
    compare_count(all, test, "missing", r.missing);
    compare_count(all, test, "evaluated", r.evaluated);
    compare_count(all, test, "unexpected", r.unexpected);
    compare_count(all, test, "groups", r.groups);
    compare_count(all, test, "groups_failed", r.groups_failed);
    compare_bits(all, test, pln_validation_bits(v, 0), rows);
    compare_observed(all, test, r.observed);
    json_decref(json_of(v));
}

static void judge(failures *all, const json_t *test) {
    pln_suite *suite = NULL;
    pln_validation *v = NULL;
    table rows = {0};
    if (open_case(test, &suite, &rows, &v) < 0)
        miss(all, test, "%s", err.message);
    else if (pln_validation_add(v, &rows.rows, &err) < 0)
        miss(all, test, "add: %s", err.message);
    else
        compare(all, test, v, rows.rows.length);
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&rows);
}

/* ---- refusals ---- */

static void refuse(failures *all, const json_t *test) {
    const json_t *error = json_object_get(test, "error"), *word;
    pln_suite *suite = NULL;
    pln_validation *v = NULL;
    table rows = {0};
    size_t i;
    pln_status status = open_case(test, &suite, &rows, &v);
    const char *names = text_of(error, "status"), *at = strstr(names, pln_status_name(status));
    if (status >= 0)
        miss(all, test, "is taken");
    else if (at == NULL)
        miss(all, test, "%s: %s, expected %s", pln_status_name(status), err.message, names);
    json_array_foreach(json_object_get(error, "words"), i, word) {
        if (status < 0 && strstr(err.message, json_string_value(word)) == NULL)
            miss(all, test, "'%s' is not in: %s", json_string_value(word), err.message);
    }
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&rows);
}

/* ---- files ---- */

static int run_file(const char *name) {
    static char line[1 << 20];
    static failures all;
    char path[256];
    json_error_t why;
    int n = 0;
    memset(&all, 0, sizeof all);
    snprintf(path, sizeof path, "test/unit/quality/checks/%s", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *test = json_loads(line, JSON_ALLOW_NUL, &why);
        ck_assert_msg(test != NULL, "%s: %s: %.100s", name, why.text, line);
        if (json_object_get(test, "error") != NULL)
            refuse(&all, test);
        else
            judge(&all, test);
        json_decref(test);
        n++;
    }
    fclose(file);
    ck_assert_msg(all.count == 0, "%d of %d cases:%s", all.count, n, all.text);
    return n;
}

START_TEST(conditions_of_rows) {
    ck_assert_int_gt(run_file("rows.jsonl"), 900);
}
END_TEST

START_TEST(limits) {
    ck_assert_int_gt(run_file("limits.jsonl"), 200);
}
END_TEST

START_TEST(whole_columns) {
    ck_assert_int_gt(run_file("columns.jsonl"), 400);
}
END_TEST

START_TEST(several_columns_and_tables) {
    ck_assert_int_gt(run_file("tables.jsonl"), 100);
}
END_TEST

START_TEST(sets_and_orders) {
    ck_assert_int_gt(run_file("sets.jsonl"), 900);
}
END_TEST

START_TEST(aggregates_schemas_documents_and_queries) {
    ck_assert_int_gt(run_file("other.jsonl"), 1000);
}
END_TEST

START_TEST(groups) {
    ck_assert_int_gt(run_file("groups.jsonl"), 500);
}
END_TEST

START_TEST(what_is_refused) {
    ck_assert_int_gt(run_file("errors.jsonl"), 100);
}
END_TEST

START_TEST(patterns) {
    pln_suite *suite = suite_of("{\"checks\":[{\"check\":\"matches\",\"column\":\"a\","
                                "\"pattern\":\"a\"}]}");
    pln_validation *v = NULL;
    table t = table_of("a utf8", "");
    pln_status status = pln_validation_new(suite, &t.schema, NULL, &v, &err);
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
    if (status == PLN_EUNSUPPORTED) {
        printf("skip: patterns: %s\n", err.message);
        fflush(stdout);
        return;
    }
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_int_gt(run_file("patterns.jsonl"), 50);
}
END_TEST

Suite *suite_quality_checks(void);
Suite *suite_quality_checks(void) {
    Suite *suite = suite_create("quality/checks");
    TCase *c = tcase_create("checks");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, conditions_of_rows);
    tcase_add_test(c, limits);
    tcase_add_test(c, whole_columns);
    tcase_add_test(c, several_columns_and_tables);
    tcase_add_test(c, groups);
    tcase_add_test(c, aggregates_schemas_documents_and_queries);
    tcase_add_test(c, sets_and_orders);
    tcase_add_test(c, what_is_refused);
    tcase_add_test(c, patterns);
    suite_add_tcase(suite, c);
    return suite;
}
