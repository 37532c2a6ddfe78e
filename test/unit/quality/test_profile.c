/* What a profile says of rows whose answers are known, that parts and batches leave no trace, and what it refuses. */
#include "fail_alloc.h"
#include "random_arrow.h"
#include "base/little.h"
#include "table.h"
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

static pln_profile *profile_of(const struct ArrowSchema *schema, const struct ArrowArray *rows) {
    pln_profile *profile = NULL;
    MUST(pln_profile_new(NULL, schema, NULL, &profile, &err));
    MUST(pln_profile_add(profile, rows, &err));
    return profile;
}

static json_t *json_of(pln_profile *profile) {
    const char *text;
    int64_t size;
    json_error_t why;
    MUST(pln_profile_json(profile, &text, &size, &err));
    ck_assert_int_eq(size, (int64_t)strlen(text));
    json_t *json = json_loads(text, 0, &why);
    ck_assert_msg(json != NULL, "%s at %d: %.200s", why.text, why.position,
                  text + (why.position > 100 ? why.position - 100 : 0));
    return json;
}

/* The members of column i, its lists shortened to "quantiles": [1 %, 50 %, 99 %] and "top": [[value, at least, at most]]. */
static json_t *short_column(json_t *report, size_t i) {
    json_t *column = json_array_get(json_object_get(report, "columns"), i), *item;
    json_t *quantiles = json_array(), *top = json_array(), *lists[] = {quantiles, top};
    const char *names[] = {"quantiles", "top"};
    size_t k;
    json_array_foreach(json_object_get(column, "quantiles"), k, item) {
        if (k % 3 == 0)
            json_array_append(quantiles, json_object_get(item, "value"));
    }
    json_array_foreach(json_object_get(column, "top"), k, item) {
        json_array_append_new(top, json_pack("[O,O,O]", json_object_get(item, "value"),
                                             json_object_get(item, "at_least"),
                                             json_object_get(item, "at_most")));
    }
    for (int n = 0; n < 2; n++) {
        if (json_object_get(column, names[n]) != NULL)
            json_object_set(column, names[n], lists[n]);
        json_decref(lists[n]);
    }
    return column;
}

/* Numbers within a millionth; the error of so few distinct values within what is as good as none. */
static bool same(const char *name, json_t *got, json_t *want) {
    double a = json_number_value(got), b = json_number_value(want);
    if (strcmp(name, "distinct_error") == 0)
        return a < 1e-3;
    if (!json_is_number(got) || !json_is_number(want))
        return json_equal(got, want);
    return fabs(a - b) <= 1e-6 * fabs(b);
}

static void assert_column(json_t *report, size_t i, const char *expected) {
    json_t *column = short_column(report, i), *want = json_loads(expected, 0, NULL), *value;
    char *text = json_dumps(column, JSON_COMPACT);
    const char *name;
    ck_assert_msg(want != NULL, "%s", expected);
    json_object_foreach(want, name, value) {
        ck_assert_msg(same(name, json_object_get(column, name), value), "%s: %s\nexpected %s", name,
                      text, expected);
    }
    ck_assert_msg(json_object_size(column) == json_object_size(want), "%s\nexpected %s", text,
                  expected);
    free(text);
    json_decref(want);
}

START_TEST(says_what_is_there) {
    /* By hand. */
    static const char *const said[] = {
        "{\"column\":\"n\",\"type\":\"int32\",\"rows\":4,\"nulls\":1,\"distinct\":3,\"distinct_er"
        "ror\":0,\"minimum\":\"-3\",\"maximum\":\"4\",\"mean\":0.333333333,\"deviation\":3.511884"
        "58,\"zeros\":1,\"negatives\":1,\"quantiles\":[\"-3\",\"0\",\"4\"],\"top\":[[\"0\",1,1],["
        "\"4\",1,1],[\"-3\",1,1]]}",
        "{\"column\":\"f\",\"type\":\"float64\",\"rows\":4,\"nulls\":1,\"distinct\":3,\"distinct_"
        "error\":0,\"minimum\":\"-0.5\",\"maximum\":\"1.5\",\"mean\":0.5,\"deviation\":1.41421356"
        ",\"zeros\":0,\"negatives\":1,\"nans\":1,\"quantiles\":[\"-0.5\",\"-0.5\",\"1.5\"],\"top"
        "\":[[\"-0.5\",1,1],[\"1.5\",1,1],[\"nan\",1,1]]}",
        "{\"column\":\"d\",\"type\":\"decimal(10, 2)\",\"rows\":4,\"nulls\":1,\"distinct\":3,\"di"
        "stinct_error\":0,\"minimum\":\"-2.25\",\"maximum\":\"1.50\",\"mean\":-0.25,\"deviation\""
        ":1.88745861,\"zeros\":1,\"negatives\":1,\"quantiles\":[\"-2.25\",\"0\",\"1.5\"],\"top\":"
        "[[\"0.00\",1,1],[\"-2.25\",1,1],[\"1.50\",1,1]]}",
        "{\"column\":\"t\",\"type\":\"utf8\",\"rows\":4,\"nulls\":1,\"distinct\":2,\"distinct_err"
        "or\":0,\"minimum\":\"\",\"maximum\":\"pear\",\"shortest\":0,\"longest\":4,\"mean_length"
        "\":2.6666666666666665,\"top\":[[\"pear\",2,2],[\"\",1,1]]}",
        "{\"column\":\"b\",\"type\":\"bool\",\"rows\":4,\"nulls\":1,\"distinct\":2,\"distinct_err"
        "or\":0,\"minimum\":\"false\",\"maximum\":\"true\",\"mean\":0.666666667,\"deviation\":0.5"
        "77350269,\"zeros\":1,\"negatives\":0,\"quantiles\":[\"false\",\"true\",\"true\"],\"top\""
        ":[[\"true\",2,2],[\"false\",1,1]]}",
        "{\"column\":\"day\",\"type\":\"date32\",\"rows\":4,\"nulls\":2,\"distinct\":2,\"distinct"
        "_error\":0,\"minimum\":\"2025-12-31\",\"maximum\":\"2026-01-02\",\"quantiles\":[\"2025-1"
        "2-31\",\"2025-12-31\",\"2026-01-02\"],\"top\":[[\"2025-12-31\",1,1],[\"2026-01-02\",1,1]"
        "]}",
        "{\"column\":\"at\",\"type\":\"timestamp(ms, UTC)\",\"rows\":4,\"nulls\":2,\"distinct\":2"
        ",\"distinct_error\":0,\"minimum\":\"1960-01-01T00:00:00Z\",\"maximum\":\"2026-01-01T00:0"
        "0:00.5Z\",\"quantiles\":[\"1960-01-01T00:00:00Z\",\"1960-01-01T00:00:00Z\",\"2026-01-01T"
        "00:00:00.5Z\"],\"top\":[[\"1960-01-01T00:00:00Z\",1,1],[\"2026-01-01T00:00:00.5Z\",1,1]]"
        "}",
        "{\"column\":\"u\",\"type\":\"uint64\",\"rows\":4,\"nulls\":1,\"distinct\":3,\"distinct_e"
        "rror\":0,\"minimum\":\"0\",\"maximum\":\"18446744073709551615\",\"mean\":6.14891469e+18,"
        "\"deviation\":1.06502327e+19,\"zeros\":1,\"negatives\":0,\"quantiles\":[\"0\",\"7\",\"18"
        "446744073709552000\"],\"top\":[[\"0\",1,1],[\"7\",1,1],[\"18446744073709551615\",1,1]]}",
        "{\"column\":\"e\",\"type\":\"dictionary<utf8>\",\"rows\":4,\"nulls\":1,\"distinct\":2,\""
        "distinct_error\":0,\"minimum\":\"x\",\"maximum\":\"y\",\"shortest\":1,\"longest\":1,\"me"
        "an_length\":1,\"top\":[[\"x\",2,2],[\"y\",1,1]]}",
        "{\"column\":\"l\",\"type\":\"list<int32>\",\"rows\":4,\"nulls\":2}",
        "{\"column\":\"raw\",\"type\":\"binary\",\"rows\":4,\"nulls\":2,\"distinct\":2,\"distinct"
        "_error\":0,\"minimum\":\"\",\"maximum\":\"01c3bf\",\"shortest\":0,\"longest\":3,\"mean_l"
        "ength\":1.5,\"top\":[[\"\",1,1],[\"01c3bf\",1,1]]}"};
    table t = table_of(
        "n int32, f float64, d decimal(10, 2), t utf8, b bool, day date32, at timestamp(ms, UTC), "
        "u uint64, e dictionary<utf8>, l list<int32>, raw binary",
        "{\"n\":-3,\"f\":1.5,\"d\":1.50,\"t\":\"pear\",\"b\":true,\"day\":\"2026-01-02\","
        "\"at\":\"2026-01-01T00:00:00.5Z\",\"u\":18446744073709551615,\"e\":\"x\",\"l\":[1],"
        "\"raw\":\"\\u0001\\u00ff\"}\n"
        "{\"n\":4,\"f\":\"NaN\",\"d\":-2.25,\"t\":\"\",\"b\":false,\"day\":\"2025-12-31\","
        "\"at\":\"1960-01-01T00:00:00Z\",\"u\":0,\"e\":\"y\",\"l\":null,\"raw\":\"\"}\n"
        "{\"n\":0,\"f\":-0.5,\"d\":0,\"t\":\"pear\",\"b\":true,\"day\":null,\"at\":null,\"u\":7,"
        "\"e\":\"x\",\"l\":[],\"raw\":null}\n"
        "{\"n\":null,\"f\":null,\"d\":null,\"t\":null,\"b\":null,\"day\":null,\"at\":null,"
        "\"u\":null,\"e\":null,\"l\":null,\"raw\":null}\n");
    pln_profile *profile = profile_of(&t.schema, &t.rows);
    json_t *report = json_of(profile);
    ck_assert_int_eq(json_integer_value(json_object_get(report, "rows")), 4);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        assert_column(report, i, said[i]);
    json_decref(report);
    pln_profile_free(profile);
    table_free(&t);
}
END_TEST

/* ---- parts ---- */

static const char many_columns[] = "n int32, f float64, d decimal(12, 3), t utf8, b bool, at "
                                   "timestamp(us), u uint64, l list<int8>";

/* Lines whose values come again, with nulls; texts longer than what is kept among them. */
static table many_rows(int64_t n, uint64_t seed) {
    rng r = {seed};
    char *lines = malloc((size_t)n * 600), *p = lines;
    for (int64_t i = 0; i < n; i++) {
        p += sprintf(p, "{\"n\":%d,\"f\":%.3f,\"d\":%d.%03d,\"t\":\"",
                     (int)rng_below(&r, 300) - 100, (double)rng_below(&r, 100000) / 7 - 3000,
                     (int)rng_below(&r, 90), (int)rng_below(&r, 1000));
        for (int64_t k = rng_below(&r, 20) == 0 ? 300 : rng_below(&r, 3); k > 0; k--)
            *p++ = (char)('a' + rng_below(&r, 2));
        p += sprintf(p, "\",\"b\":%s,\"at\":%s,\"u\":%d,\"l\":null}\n",
                     rng_below(&r, 3) == 0 ? "null" : "true",
                     rng_below(&r, 4) == 0 ? "null" : "\"2026-01-01T00:00:00.25\"",
                     (int)rng_below(&r, 5));
    }
    *p = '\0';
    table t = table_of(many_columns, lines);
    free(lines);
    return t;
}

/* Rows [from, to) of a table, added. */
static void add_range(pln_profile *profile, const table *t, int64_t from, int64_t to) {
    struct ArrowArray part;
    MUST(pln__rows_slice(pln__system_allocator(), &t->rows, from, to - from, &part, &err));
    MUST(pln_profile_add(profile, &part, &err));
    part.release(&part);
}

static char *bytes_of(pln_profile *profile, int64_t *size) {
    const uint8_t *bytes;
    MUST(pln_profile_write(profile, &bytes, size, &err));
    char *copy = malloc((size_t)*size);
    memcpy(copy, bytes, (size_t)*size);
    return copy;
}

START_TEST(batches_leave_no_trace) {
    static const int64_t sizes[] = {1, 7, 255, 256, 257, 1000};
    table t = many_rows(3000, 1);
    pln_profile *whole = profile_of(&t.schema, &t.rows);
    int64_t size, other_size;
    char *bytes = bytes_of(whole, &size);
    for (int i = 0; i < PLN__COUNT(sizes); i++) {
        pln_profile *parts = NULL;
        MUST(pln_profile_new(NULL, &t.schema, NULL, &parts, &err));
        for (int64_t at = 0; at < t.rows.length; at += sizes[i])
            add_range(parts, &t, at, at + sizes[i] < 3000 ? at + sizes[i] : 3000);
        char *other = bytes_of(parts, &other_size);
        ck_assert_int_eq(size, other_size);
        ck_assert_msg(memcmp(bytes, other, (size_t)size) == 0, "batches of %d", (int)sizes[i]);
        free(other);
        pln_profile_free(parts);
    }
    free(bytes);
    pln_profile_free(whole);
    table_free(&t);
}
END_TEST

/* What merges exactly is as in the whole; mean and deviation but for rounding. */
static void assert_as_whole(pln_profile *merged, pln_profile *whole, int64_t i) {
    pln_profile_column a = {.struct_size = sizeof a}, b = {.struct_size = sizeof b};
    MUST(pln_profile_column_get(merged, i, &a, &err));
    MUST(pln_profile_column_get(whole, i, &b, &err));
    ck_assert_int_eq(a.rows, b.rows);
    ck_assert_int_eq(a.nulls, b.nulls);
    ck_assert_int_eq(a.zeros, b.zeros);
    ck_assert_int_eq(a.negatives, b.negatives);
    ck_assert_int_eq(a.shortest, b.shortest);
    ck_assert_int_eq(a.longest, b.longest);
    ck_assert(a.distinct == b.distinct || (isnan(a.distinct) && isnan(b.distinct)));
    ck_assert(a.minimum == b.minimum || strcmp(a.minimum, b.minimum) == 0);
    ck_assert(a.maximum == b.maximum || strcmp(a.maximum, b.maximum) == 0);
    ck_assert(isnan(b.mean) ? isnan(a.mean)
                            : fabs(a.mean - b.mean) <= 1e-12 * fabs(b.mean) + 1e-12);
    ck_assert(isnan(b.deviation) ? isnan(a.deviation)
                                 : fabs(a.deviation - b.deviation) <= 1e-12 * b.deviation);
}

START_TEST(parts_merge_to_the_whole) {
    table t = many_rows(5000, 2);
    pln_profile *whole = profile_of(&t.schema, &t.rows), *parts[3];
    static const int64_t ends[] = {0, 137, 4000, 5000};
    for (int i = 0; i < 3; i++) {
        MUST(pln_profile_new(NULL, &t.schema, NULL, &parts[i], &err));
        add_range(parts[i], &t, ends[i], ends[i + 1]);
    }
    MUST(pln_profile_merge(parts[2], parts[0], &err));
    MUST(pln_profile_merge(parts[1], parts[2], &err));
    ck_assert_int_eq(pln_profile_rows(parts[1]), 5000);
    for (int64_t i = 0; i < t.schema.n_children; i++)
        assert_as_whole(parts[1], whole, i);
    for (int i = 0; i < 3; i++)
        pln_profile_free(parts[i]);
    pln_profile_free(whole);
    table_free(&t);
}
END_TEST

/* ---- bytes ---- */

START_TEST(goes_on_from_its_bytes) {
    table t = many_rows(1000, 3);
    pln_profile *whole = profile_of(&t.schema, &t.rows), *half = NULL, *back = NULL;
    int64_t size, other_size;
    MUST(pln_profile_new(NULL, &t.schema, NULL, &half, &err));
    add_range(half, &t, 0, 300);
    char *bytes = bytes_of(half, &size);
    MUST(pln_profile_read(NULL, NULL, (const uint8_t *)bytes, size, &back, &err));
    add_range(back, &t, 300, 1000);
    free(bytes);
    bytes = bytes_of(whole, &size);
    char *other = bytes_of(back, &other_size);
    ck_assert_int_eq(size, other_size);
    ck_assert_int_eq(memcmp(bytes, other, (size_t)size), 0);
    free(bytes);
    free(other);
    pln_profile_free(whole);
    pln_profile_free(half);
    pln_profile_free(back);
    table_free(&t);
}
END_TEST

/* A field that is wrong, the sum set right again, is named. */
static void refused(const char *bytes, int64_t size, int64_t at, uint8_t value, pln_status status,
                    const char *words) {
    uint8_t *copy = malloc((size_t)size);
    pln_profile *back = NULL;
    memcpy(copy, bytes, (size_t)size);
    copy[at] = value;
    pln__store_le64(copy + size - 8, pln__hash64(copy, size - 8, 0));
    ck_assert_int_eq(pln_profile_read(NULL, NULL, copy, size, &back, &err), status);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s, expected %s", err.message, words);
    free(copy);
}

START_TEST(refuses_what_is_no_profile) {
    table t = table_of("n int64, t utf8", "{\"n\":1,\"t\":\"x\"}\n{\"n\":2,\"t\":\"yy\"}\n");
    pln_profile *profile = profile_of(&t.schema, &t.rows), *back = NULL;
    int64_t size;
    char *bytes = bytes_of(profile, &size);
    refused(bytes, size, 0, 'X', PLN_EDATA, "begins with");
    refused(bytes, size, 4, 9, PLN_EDATA, "version is 9");
    refused(bytes, size, 5, 13, PLN_ETYPE, "precision 13, k 200, top 5; expected 12, 200, 5");
    refused(bytes, size, 12, 3, PLN_EDATA, "3 columns, the schema has 2");
    refused(bytes, size, 16, 1, PLN_ETYPE, "another seed");
    refused(bytes, size, 31, 0x80, PLN_EDATA, "rows");
    refused(bytes, size, 24, 1, PLN_EDATA, "profile: column: n: ");
    refused(bytes, size, 33, 0x80, PLN_EDATA, "the schema has");
    refused(bytes, size, 36, '!', PLN_EDATA, "profile: schema: ");
    bytes[size - 1] ^= 1;
    ck_assert_int_eq(pln_profile_read(NULL, NULL, (uint8_t *)bytes, size, &back, &err), PLN_EDATA);
    ck_assert_ptr_nonnull(strstr(err.message, "checksum"));
    free(bytes);
    pln_profile_free(profile);
    table_free(&t);
}
END_TEST

/* ---- what it refuses, and memory ---- */

START_TEST(refuses_other_options_and_schemas) {
    table a = table_of("n int64", "{\"n\":1}\n"), b = table_of("n int32", "{\"n\":1}\n");
    pln_profile *one = profile_of(&a.schema, &a.rows), *two = profile_of(&b.schema, &b.rows),
                *no = NULL;
    pln_profile_options options;
    ck_assert_int_eq(pln_profile_merge(one, two, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "different schemas"));
    pln_profile_free(two);
    pln_profile_options_init(&options, sizeof options);
    options.k = 7;
    ck_assert_int_eq(pln_profile_new(NULL, &a.schema, &options, &no, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "k is 7, expected 8 to 65535"));
    options.k = 100;
    MUST(pln_profile_new(NULL, &a.schema, &options, &two, &err));
    ck_assert_int_eq(pln_profile_merge(one, two, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "different options: k"));
    pln_profile_free(one);
    pln_profile_free(two);
    table_free(&a);
    table_free(&b);
}
END_TEST

/* Everything that a host does, with the allocator that fails from request n on. */
static pln_status all_of_it(const table *t, const pln_allocator *mem) {
    pln_profile_options options;
    pln_profile *profile = NULL, *back = NULL;
    pln_batch *report = NULL;
    const uint8_t *bytes;
    const char *text;
    int64_t size;
    pln_status status;
    pln_profile_options_init(&options, sizeof options);
    options.allocator = mem;
    PLN__TRY(pln_profile_new(NULL, &t->schema, &options, &profile, &err));
    PLN__TRY(pln_profile_add(profile, &t->rows, &err));
    PLN__TRY(pln_profile_report(profile, &report, &err));
    PLN__TRY(pln_profile_json(profile, &text, &size, &err));
    PLN__TRY(pln_profile_write(profile, &bytes, &size, &err));
    PLN__TRY(pln_profile_read(NULL, &options, bytes, size, &back, &err));
    PLN__TRY(pln_profile_merge(back, profile, &err));
out:
    pln_batch_unref(report);
    pln_profile_free(profile);
    pln_profile_free(back);
    return status;
}

START_TEST(gives_all_memory_back) {
    table t = many_rows(50, 4);
    pln_status status = PLN_ENOMEM;
    for (int64_t n = 0; status != PLN_OK; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        status = all_of_it(&t, mem);
        ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "%d %s", status, err.message);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status == PLN_OK, !f.failed);
    }
    table_free(&t);
}
END_TEST

/* A row for each column, and numbers as the struct has them. */
START_TEST(reports_as_a_batch) {
    table t = many_rows(200, 5);
    pln_profile *profile = profile_of(&t.schema, &t.rows);
    pln_batch *report = NULL;
    struct ArrowSchema schema;
    MUST(pln_profile_report(profile, &report, &err));
    MUST(pln_profile_schema(NULL, &schema, &err));
    ck_assert_int_eq(pln_batch_rows(report), t.schema.n_children);
    ck_assert(pln__schema_equal(&schema, pln_batch_schema(report)));
    MUST(pln_batch_validate(report, 3, &err));
    const struct ArrowArray *nulls = pln_batch_array(report)->children[3];
    for (int64_t i = 0; i < t.schema.n_children; i++) {
        pln_profile_column c = {.struct_size = sizeof c};
        MUST(pln_profile_column_get(profile, i, &c, &err));
        ck_assert_int_eq(((const int64_t *)nulls->buffers[1])[nulls->offset + i], c.nulls);
    }
    pln_batch_unref(report);
    schema.release(&schema);
    pln_profile_free(profile);
    table_free(&t);
}
END_TEST

Suite *suite_quality_profile(void) {
    Suite *suite = suite_create("quality/profile");
    TCase *tcase = tcase_create("profile");
    tcase_add_test(tcase, says_what_is_there);
    tcase_add_test(tcase, batches_leave_no_trace);
    tcase_add_test(tcase, parts_merge_to_the_whole);
    tcase_add_test(tcase, goes_on_from_its_bytes);
    tcase_add_test(tcase, refuses_what_is_no_profile);
    tcase_add_test(tcase, refuses_other_options_and_schemas);
    tcase_add_test(tcase, gives_all_memory_back);
    tcase_add_test(tcase, reports_as_a_batch);
    suite_add_tcase(suite, tcase);
    return suite;
}
