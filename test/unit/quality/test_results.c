/* Results as pages, facets, JSON and text: what is said is what was counted, and nothing from the data is taken for markup. */
#define _GNU_SOURCE
#include "table.h"
#include "quality/quality.h"
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

static const char suite_text[] =
    "{\"name\": \"<b>orders & \\\"more\\\"</b>\", \"checks\": ["
    "{\"check\": \"in_set\", \"column\": \"name\", \"values\": [\"a\"], \"key_columns\": [\"id\"], "
    "\"description\": \"only <a>\"},"
    "{\"check\": \"in_set\", \"id\": \"secret\", \"column\": \"name\", \"values\": [\"a\"], "
    "\"redact\": true, \"severity\": \"warn\"},"
    "{\"check\": \"not_null\", \"column\": \"id\", \"mostly\": 0.5},"
    "{\"check\": \"row_count\", \"min\": 5},"
    "{\"check\": \"column_max\", \"column\": \"id\", \"max\": 3}]}";

static pln_suite *suite;
static pln_validation *v;

static void setup(void) {
    table t =
        table_of("id int64, name utf8", "{\"id\":1,\"name\":\"a\"}\n"
                                        "{\"id\":null,\"name\":\"<script>alert(1)</script>\"}\n"
                                        "{\"id\":3,\"name\":null}\n");
    MUST(pln_suite_new(NULL, suite_text, NULL, &suite, &err));
    MUST(pln_validation_new(suite, &t.schema, NULL, &v, &err));
    MUST(pln_validation_add(v, &t.rows, &err));
    table_free(&t);
}

static void teardown(void) {
    pln_validation_free(v);
    pln_suite_free(suite);
}

static json_t *parsed(const char *text) {
    json_error_t why;
    json_t *out = json_loads(text, 0, &why);
    ck_assert_msg(out != NULL, "%s at %d: %s", why.text, why.position, text);
    return out;
}

static const char *text_at(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "(none)";
}

START_TEST(json_has_the_names_of_great_expectations) {
    const char *text;
    int64_t size;
    MUST(pln_validation_json(v, &text, &size, &err));
    ck_assert_int_eq(size, (int64_t)strlen(text));
    json_t *all = parsed(text), *results = json_object_get(all, "results");
    json_t *first = json_array_get(results, 0), *result = json_object_get(first, "result");
    ck_assert(json_is_false(json_object_get(all, "success")));
    json_t *want = parsed("{\"evaluated_expectations\": 5, \"successful_expectations\": 2, "
                          "\"unsuccessful_expectations\": 3, "
                          "\"warnings\": 1, \"success_percent\": 40, \"rows\": 3}");
    ck_assert(json_equal(json_object_get(all, "statistics"), want));
    ck_assert_str_eq(text_at(json_object_get(first, "expectation_config"), "type"), "in_set");
    json_t *expected = parsed("{\"element_count\": 3, \"missing_count\": 1, \"evaluated_count\": "
                              "2, \"unexpected_count\": 1, \"unexpected_percent\": 50, "
                              "\"unexpected_percent_nonmissing\": 50, \"partial_unexpected_list\": "
                              "[\"<script>alert(1)</script>\"], "
                              "\"partial_unexpected_index_list\": [{\"row\": 1, \"name\": "
                              "\"<script>alert(1)</script>\", \"id\": null}]}");
    const char *name;
    json_t *value;
    json_object_foreach(expected, name, value) {
        ck_assert_msg(json_equal(json_object_get(result, name), value), "%s of %s", name, text);
    }
    json_decref(all);
    json_decref(want);
    json_decref(expected);
}
END_TEST

/* Two of three groups fail; one is shown. */
START_TEST(groups_are_named) {
    static const char by_name[] = "{\"checks\": [{\"check\": \"column_max\", \"column\": \"row\", "
                                  "\"max\": 3, \"group_by\": [\"name\"], \"sample_limit\": 1},"
                                  "{\"check\": \"between\", \"column\": \"row\", \"max\": 3, "
                                  "\"group_by\": [\"name\"], \"mostly\": 0.5},"
                                  "{\"check\": \"unique\", \"column\": \"row\", \"redact\": true, "
                                  "\"group_by\": [\"name\"]}]}";
    table t = table_of("row int64, name utf8", "{\"row\":1,\"name\":\"a\"}\n"
                                               "{\"row\":4,\"name\":\"Jane\"}\n"
                                               "{\"row\":4,\"name\":\"Jane\"}\n"
                                               "{\"row\":7,\"name\":null}\n"
                                               "{\"row\":2,\"name\":null}\n");
    pln_check_result r = {.struct_size = sizeof r};
    pln_suite *s;
    pln_validation *grouped;
    const char *text;
    int64_t size;
    MUST(pln_suite_new(NULL, by_name, NULL, &s, &err));
    MUST(pln_validation_new(s, &t.schema, NULL, &grouped, &err));
    MUST(pln_validation_add(grouped, &t.rows, &err));
    MUST(pln_validation_check(grouped, 0, &r, &err));
    ck_assert_int_eq(r.groups, 3);
    ck_assert_int_eq(r.groups_failed, 2);
    ck_assert_str_eq(r.message,
                     "column_max(row) by name: 2 of 3 groups are wrong: {\"name\":\"Jane\"} 4, "
                     "expected max 3");
    MUST(pln_validation_json(grouped, &text, &size, &err));
    json_t *all = parsed(text), *results = json_object_get(all, "results");
    json_t *first = json_object_get(json_array_get(results, 0), "result");
    json_t *want = parsed("[{\"group\": {\"name\": \"Jane\"}, \"status\": \"failed\", "
                          "\"element_count\": 2, \"missing_count\": 0, \"observed_value\": 4, "
                          "\"message\": \"4, expected max 3\"}]");
    ck_assert_msg(json_equal(json_object_get(first, "partial_failed_group_list"), want), "%s",
                  text);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "group_count")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "failed_group_count")), 2);
    /* The number of a row has no name that a column has. */
    json_t *second = json_object_get(json_array_get(results, 1), "result");
    json_t *index = parsed("{\"row_\": 1, \"row\": 4}");
    ck_assert_msg(
        json_equal(json_array_get(json_object_get(second, "partial_unexpected_index_list"), 0),
                   index),
        "%s", text);
    json_t *third = json_object_get(json_array_get(results, 2), "result");
    char *quiet = json_dumps(third, 0);
    ck_assert_ptr_null(strstr(quiet, "Jane"));
    ck_assert_ptr_nonnull(strstr(quiet, "\"group\": {}"));
    free(quiet);
    json_decref(index);
    json_decref(want);
    json_decref(all);
    pln_validation_free(grouped);
    pln_suite_free(s);
    table_free(&t);
}
END_TEST

START_TEST(groups_are_no_more_than_allowed) {
    table t =
        table_of("id int64, name utf8", "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"b\"}\n");
    pln_suite *s;
    pln_validation *parts[2];
    MUST(pln_suite_new(NULL,
                       "{\"checks\": [{\"check\": \"row_count\", \"min\": 1, \"group_by\": "
                       "[\"name\"], \"max_groups\": 1}]}",
                       NULL, &s, &err));
    for (int i = 0; i < 2; i++) {
        struct ArrowArray one;
        MUST(pln__rows_slice(pln__system_allocator(), &t.rows, i, 1, &one, &err));
        MUST(pln_validation_new(s, &t.schema, NULL, &parts[i], &err));
        MUST(pln_validation_add(parts[i], &one, &err));
        pln__array_release(&one);
    }
    ck_assert_int_eq(pln_validation_merge(parts[0], parts[1], &err), PLN_ELIMIT);
    ck_assert_str_eq(err.message,
                     "check row_count by name: group_by: more than 1 groups (max_groups)");
    ck_assert_int_eq(pln_validation_add(parts[1], &t.rows, &err), PLN_ELIMIT);
    ck_assert_str_eq(err.message,
                     "check row_count by name: group_by: more than 1 groups (max_groups)");
    pln_validation_free(parts[0]);
    pln_validation_free(parts[1]);
    pln_suite_free(s);
    table_free(&t);
}
END_TEST

START_TEST(what_is_redacted_is_shown_nowhere) {
    static const char redacted[] = "{\"checks\": [{\"check\": \"in_set\", \"column\": \"name\", "
                                   "\"values\": [\"a\"], \"redact\": true, "
                                   "\"key_columns\": [\"id\"]}]}";
    table t = table_of("id int64, name utf8", "{\"id\":4711,\"name\":\"Jane Roe\"}\n");
    pln_suite *s;
    pln_validation *quiet;
    const char *texts[4];
    const uint8_t *bytes;
    int64_t size;
    MUST(pln_suite_new(NULL, redacted, NULL, &s, &err));
    MUST(pln_validation_new(s, &t.schema, NULL, &quiet, &err));
    MUST(pln_validation_add(quiet, &t.rows, &err));
    MUST(pln_validation_json(quiet, &texts[0], &size, &err));
    MUST(pln_validation_text(quiet, &texts[1], &size, &err));
    MUST(pln_validation_html(quiet, &texts[2], &size, &err));
    MUST(pln_validation_facet(quiet, "p", &texts[3], &size, &err));
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_null(strstr(texts[i], "Jane"));
        ck_assert_ptr_null(strstr(texts[i], "4711"));
    }
    MUST(pln_validation_write(quiet, &bytes, &size, &err));
    ck_assert_ptr_null(memmem(bytes, (size_t)size, "Jane", 4));
    ck_assert_ptr_nonnull(strstr(texts[0], "\"unexpected_count\":1"));
    ck_assert_ptr_nonnull(strstr(texts[0], "{\"row\":0}"));
    pln_validation_free(quiet);
    pln_suite_free(s);
    table_free(&t);
}
END_TEST

START_TEST(a_page_is_whole_and_takes_nothing_for_markup) {
    const char *text;
    int64_t size;
    MUST(pln_validation_html(v, &text, &size, &err));
    ck_assert_int_eq(size, (int64_t)strlen(text));
    ck_assert_int_eq(strncmp(text, "<!doctype html>", 15), 0);
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strstr(text, "<b>orders"));
    ck_assert_ptr_null(strstr(text, "://"));
    ck_assert_ptr_nonnull(strstr(text, "&lt;b&gt;orders &amp; &quot;more&quot;&lt;/b&gt;"));
    ck_assert_ptr_nonnull(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    ck_assert_ptr_nonnull(strstr(text, "only &lt;a&gt;"));
    ck_assert_ptr_nonnull(strstr(text, "3, expected min 5"));
    ck_assert_ptr_nonnull(strstr(text, "<b class=\"failed\">2</b>failed"));
    ck_assert_str_eq(text + size - 15, "</body></html>\n");
}
END_TEST

/* Names and types are those of DataQualityAssertionsDatasetFacet 1-1-0. */
START_TEST(a_facet_is_what_openlineage_reads) {
    static const struct {
        const char *assertion, *column, *severity, *expected, *actual;
        bool success;
    } want[] = {{"in_set", "name", "error", "0", "1", false},
                {"in_set", "name", "warn", "0", "1", false},
                {"not_null", "id", "error", "mostly 0.5", "1", true},
                {"row_count", "(none)", "error", "min 5", "3, expected min 5", false},
                {"column_max", "id", "error", "max 3", "3", true}};
    const char *text;
    int64_t size;
    MUST(pln_validation_facet(v, "https://example.org/orders", &text, &size, &err));
    json_t *facet = parsed(text), *one;
    size_t i;
    ck_assert_str_eq(text_at(facet, "_producer"), "https://example.org/orders");
    ck_assert_str_eq(
        text_at(facet, "_schemaURL"),
        "https://openlineage.io/spec/facets/1-1-0/DataQualityAssertionsDatasetFacet.json#/$defs/"
        "DataQualityAssertionsDatasetFacet");
    ck_assert_uint_eq(json_array_size(json_object_get(facet, "assertions")), 5);
    json_array_foreach(json_object_get(facet, "assertions"), i, one) {
        ck_assert_str_eq(text_at(one, "assertion"), want[i].assertion);
        ck_assert_str_eq(text_at(one, "column"), want[i].column);
        ck_assert_str_eq(text_at(one, "severity"), want[i].severity);
        ck_assert_str_eq(text_at(one, "expected"), want[i].expected);
        ck_assert_str_eq(text_at(one, "actual"), want[i].actual);
        ck_assert_int_eq(json_is_true(json_object_get(one, "success")), want[i].success);
        ck_assert(json_is_object(json_object_get(one, "params")));
    }
    json_decref(facet);
}
END_TEST

START_TEST(a_text_has_a_line_for_each_check_and_the_rows_behind) {
    const char *text;
    int64_t size;
    MUST(pln_validation_text(v, &text, &size, &err));
    ck_assert_str_eq(text,
                     "FAIL  in_set(name): 1 of 2 rows are wrong (50 %)\n"
                     "        row 1 {\"name\":\"<script>alert(1)</script>\",\"id\":null}\n"
                     "warn  secret: 1 of 2 rows are wrong (50 %)\n"
                     "        row 1 {}\n"
                     "ok    not_null(id): 1 of 3 rows are wrong (33.3 %)\n"
                     "FAIL  row_count: 3, expected min 5\n"
                     "ok    column_max(id): 3\n"
                     "<b>orders & \"more\"</b>: 3 rows, 5 checks: 2 ok, 1 warnings, 2 failed\n");
}
END_TEST

START_TEST(time_goes_on_between_batches) {
    table t = table_of("at timestamp(us, UTC)", "{\"at\":\"2024-01-02T00:00:00Z\"}\n");
    pln_suite *s;
    pln_validation *clocked;
    pln_check_result result = {.struct_size = sizeof result};
    pln_validation_options options;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = INT64_C(1704067200000000); /* 2024-01-01 */
    MUST(pln_suite_new(NULL, "{\"checks\": [{\"check\": \"not_in_future\", \"column\": \"at\"}]}",
                       NULL, &s, &err));
    MUST(pln_validation_new(s, &t.schema, &options, &clocked, &err));
    MUST(pln_validation_add(clocked, &t.rows, &err));
    pln__validation_set_now(clocked, options.now_us + INT64_C(172800000000));
    MUST(pln_validation_add(clocked, &t.rows, &err));
    MUST(pln_validation_check(clocked, 0, &result, &err));
    ck_assert_int_eq(result.evaluated, 2);
    ck_assert_int_eq(result.unexpected, 1);
    pln_validation_free(clocked);
    pln_suite_free(s);
    table_free(&t);
}
END_TEST

Suite *suite_quality_results(void);
Suite *suite_quality_results(void) {
    Suite *s = suite_create("quality/results");
    TCase *tc = tcase_create("results");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, json_has_the_names_of_great_expectations);
    tcase_add_test(tc, groups_are_named);
    tcase_add_test(tc, groups_are_no_more_than_allowed);
    tcase_add_test(tc, what_is_redacted_is_shown_nowhere);
    tcase_add_test(tc, a_page_is_whole_and_takes_nothing_for_markup);
    tcase_add_test(tc, a_facet_is_what_openlineage_reads);
    tcase_add_test(tc, time_goes_on_between_batches);
    tcase_add_test(tc, a_text_has_a_line_for_each_check_and_the_rows_behind);
    suite_add_tcase(s, tc);
    return s;
}
