/*
 * Laws of validations, over random tables and suites: how rows are divided makes no difference, parts merge to the whole, bytes are read back, memory that fails is
 * given back, and damaged bytes do no harm.
 */
#include "effort.h"
#include "fail_alloc.h"
#include "random_arrow.h"
#include "sketch/form.h"
#include "suite_help.h"

static const int64_t now_us = INT64_C(1772366400000000);

/* ---- tables whose values are known ---- */

enum { ROWS_MOST = 300, NONE = -1000 };

typedef struct known {
    int64_t rows;
    int a[ROWS_MOST], b[ROWS_MOST]; /* NONE: null */
    table t;
} known;

static const char columns[] = "a int32, b int32, f float64, t utf8, d decimal(10, 2), e "
                              "dictionary<utf8>, ok bool, at timestamp(ms, UTC)";

static int cell(rng *r, int64_t below, int64_t nulls) {
    return rng_below(r, 100) < nulls ? NONE : (int)rng_below(r, below) - 3;
}

static void put_number(pln__text *out, const char *name, int value, const char *behind) {
    pln__text_printf(out, "\"%s\":", name);
    if (value == NONE)
        pln__text_str(out, "null,");
    else
        pln__text_printf(out, "%d%s,", value, behind);
}

/* Floats and decimals are quarters, so that no sum is rounded. */
static void make_known(rng *r, int64_t rows, known *out) {
    static const char *const texts[] = {"null",     "\"\"",    "\"a\"",        "\"\xc3\xa9\"",
                                        "\"abc\"", "\"  \"", "\"a\\u0000\"", "\"\\\"q\""};
    int64_t nulls = rng_below(r, 3) == 0 ? 0 : rng_below(r, 60), kinds = 1 + rng_below(r, 60);
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "");
    out->rows = rows;
    for (int64_t i = 0; i < rows; i++) {
        out->a[i] = cell(r, kinds, nulls);
        out->b[i] = cell(r, 10, nulls);
        pln__text_char(&text, '{');
        put_number(&text, "a", out->a[i], "");
        put_number(&text, "b", out->b[i], "");
        put_number(&text, "f", cell(r, 50, nulls), ".75");
        put_number(&text, "d", cell(r, 20, nulls), ".25");
        pln__text_printf(&text, "\"t\":%s,\"e\":%s,\"ok\":%s,\"at\":\"2026-02-%02dT00:00:00Z\"}\n",
                         texts[rng_below(r, nulls > 0 ? 8 : 7) + (nulls == 0)],
                         texts[1 + rng_below(r, 3)], rng_below(r, 2) == 0 ? "true" : "false",
                         1 + (int)rng_below(r, 28));
    }
    out->t = table_of(columns, text.data);
    pln__text_free(&text);
}

/* Rows [from, from + n) of a table: its columns at an offset. */
typedef struct part {
    struct ArrowArray rows, children[16], *pointers[16];
} part;

static void part_of(const struct ArrowArray *rows, int64_t from, int64_t n, part *out) {
    out->rows = *rows;
    out->rows.length = n;
    out->rows.children = out->pointers;
    for (int64_t i = 0; i < rows->n_children; i++) {
        out->children[i] = *rows->children[i];
        out->children[i].offset += from;
        out->children[i].length = n;
        out->children[i].null_count = -1;
        out->pointers[i] = &out->children[i];
    }
}

/* ---- random suites ---- */

/* More than a thousand values, for the way of long lists. */
#define TEN(x) x x x x x x x x x x
#define LONG_LIST "\"check\":\"in_set\",\"column\":\"a\",\"values\":[1,2,3" TEN(TEN(TEN(",9"))) "]"

static const char *const pool[] = {
    "\"check\":\"not_null\",\"column\":\"a\"", "\"check\":\"null\",\"column\":\"t\"",
    "\"check\":\"between\",\"column\":\"a\",\"min\":0,\"max\":20", "\"check\":\"between\",\"column\":\"d\",\"max\":\"5.25\"",
    "\"check\":\"positive\",\"column\":\"f\"", "\"check\":\"in_set\",\"column\":\"t\",\"values\":[\"a\",\"\"]",
    "\"check\":\"in_set\",\"column\":\"e\",\"values\":[\"a\"]", "\"check\":\"length\",\"column\":\"t\",\"min\":1,\"max\":2",
    "\"check\":\"not_empty\",\"column\":\"t\"", "\"check\":\"pair_greater\",\"a\":\"a\",\"b\":\"b\"",
    "\"check\":\"expression\",\"expression\":\"10 / b > 1 or a > 3\"", "\"check\":\"unique\",\"column\":\"a\"",
    "\"check\":\"unique\",\"columns\":[\"a\",\"b\"]", "\"check\":\"primary_key\",\"columns\":[\"b\",\"t\"]",
    "\"check\":\"unique\",\"column\":\"e\"", "\"check\":\"relationships\",\"column\":\"a\",\"to\":\"r\",\"field\":\"id\"",
    "\"check\":\"sum_equals\",\"columns\":[\"a\",\"b\"],\"total\":7",
    "\"check\":\"any_of\",\"checks\":[{\"check\":\"null\",\"column\":\"a\"},{\"check\":\"positive\",\"column\":\"b\"}]",
    "\"check\":\"not_in_future\",\"column\":\"at\"", "\"check\":\"monotonic\",\"column\":\"f\"",
    "\"check\":\"monotonic\",\"column\":\"a\",\"direction\":\"decreasing\"", LONG_LIST,
    "\"check\":\"json_schema\",\"column\":\"t\",\"schema\":{\"enum\":[1,\"q\"],\"properties\":{\"a\":{\"pattern\":\"^a\"}}}",
    /* of whole columns */
    "\"check\":\"column_min\",\"column\":\"a\",\"min\":0", "\"check\":\"column_max\",\"column\":\"f\",\"max\":10",
    "\"check\":\"column_sum\",\"column\":\"d\",\"min\":0", "\"check\":\"column_sum\",\"column\":\"f\",\"min\":0",
    "\"check\":\"column_median\",\"column\":\"f\",\"min\":5", "\"check\":\"column_quantile\",\"column\":\"a\",\"quantile\":0.9,\"max\":9",
    "\"check\":\"distinct_count\",\"column\":\"t\",\"min\":3", "\"check\":\"duplicate_proportion\",\"columns\":[\"a\",\"b\"],\"max\":0.5",
    "\"check\":\"distinct_in_set\",\"column\":\"t\",\"values\":[\"a\",\"abc\"]", "\"check\":\"distinct_equals_set\",\"column\":\"b\",\"values\":[1,2,3]",
    "\"check\":\"most_common_in_set\",\"column\":\"a\",\"values\":[1,2,3]",
    "\"check\":\"distinct_proportion\",\"column\":\"a\",\"min\":0.5", "\"check\":\"not_constant\",\"column\":\"ok\"",
    "\"check\":\"completeness\",\"column\":\"b\",\"min\":0.9", "\"check\":\"row_count\",\"min\":10",
    "\"check\":\"freshness\",\"column\":\"at\",\"error_after\":\"48h\"",
    /* of the whole table */
    "\"check\":\"row_count_match\",\"to\":\"r\"", "\"check\":\"aggregate_match\",\"to\":\"r\",\"aggregate\":\"sum\",\"column\":\"a\",\"field\":\"id\",\"tolerance\":5",
    "\"check\":\"aggregate_match\",\"to\":\"r\",\"expression\":\"count(distinct b)\",\"to_expression\":\"count(id)\"",
    "\"check\":\"schema_changed\",\"baseline\":\"a int32, b int64\",\"allow\":[\"added\"]",
    "\"check\":\"column_count\",\"equals\":8", "\"check\":\"column_type\",\"column\":\"d\",\"type\":\"decimal\""};
enum { POOL = sizeof pool / sizeof pool[0], BY_ROW = 23, UNGROUPED = 6 };

static const char *const common[] = {"", "", ",\"where\":\"b > 1\"", ",\"where\":\"ok\"", ",\"mostly\":0.8", ",\"severity\":\"warn\"",
                                     ",\"sample_limit\":3", ",\"sample_limit\":0", ",\"redact\":true"};
static const char *const grouped[] = {
    "", "", "", ",\"group_by\":[\"b\"]", ",\"group_by\":[\"t\",\"ok\"]", ",\"group_by\":[\"e\"]"};
static const char *const row_common[] = {"", ",\"null_policy\":\"fail\"", ",\"ignore_row_if\":\"any_missing\"",
                                         ",\"key_columns\":[\"t\",\"b\"]"};

static void put_check(rng *r, pln__text *out) {
    int64_t i = rng_below(r, POOL);
    const char *of_all = common[rng_below(r, 9)];
    if (i >= BY_ROW && strstr(of_all, "mostly") != NULL)
        of_all = "";
    pln__text_printf(out, "{%s%s%s%s}", pool[i], of_all,
                     i < BY_ROW ? row_common[rng_below(r, 4)] : "",
                     i < POOL - UNGROUPED ? grouped[rng_below(r, 6)] : "");
}

static pln_status give_reference(pln_suite *suite) {
    static const char *const ids = "{\"id\":1}\n{\"id\":2}\n{\"id\":null}\n{\"id\":9}\n";
    struct ArrowArrayStream stream = stream_of(table_of("id int32", ids));
    return pln_suite_reference(suite, "r", &stream, &err);
}

static pln_suite *random_suite(rng *r, int64_t checks) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"name\":\"random\",\"checks\":[");
    for (int64_t i = 0; i < checks; i++) {
        pln__text_str(&text, i > 0 ? "," : "");
        put_check(r, &text);
    }
    pln__text_str(&text, "]}");
    pln_suite *suite = suite_of(text.data);
    if (strstr(text.data, "\"r\"") != NULL)
        MUST(give_reference(suite));
    pln__text_free(&text);
    return suite;
}

/* Each check of the pool once; one of each shape by groups: a condition, a lookup, uniqueness, numbers, a sketch, a count, sets, an order; a long list. */
static char *whole_suite(int which) {
    static const int shapes[] = {2, 11, 15, 19, 22, 24, 28, 29, 30, 32, 37};
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"checks\":[");
    for (int i = 0; i < POOL; i++) {
        bool shape = false, list = strlen(pool[i]) > 1000;
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
            shape |= shapes[k] == i;
        if (which == 0 ? list : which == 1 ? !shape : !list)
            continue;
        pln__text_printf(&text, "%s{%s,\"sample_limit\":2%s}", strchr(text.data, ':')[2] ? "," : "",
                         pool[i], which == 1 ? ",\"group_by\":[\"b\"]" : "");
    }
    pln__text_str(&text, "]}");
    return pln__text_take(&text);
}

static void add_part(pln_validation *v, const table *t, int64_t from, int64_t n) {
    part p;
    part_of(&t->rows, from, n, &p);
    MUST(pln_validation_add(v, &p.rows, &err));
}

static pln_validation *validated(const pln_suite *suite, const table *t, int64_t from, int64_t n) {
    pln_validation *v = validation_of(suite, &t->schema, now_us);
    add_part(v, t, from, n);
    return v;
}

/* A part knows nothing of what others have, so repeated values of its own are all that it has samples of. */
static json_t *comparable(pln_validation *v) {
    json_t *whole = json_of(v), *result;
    size_t i;
    json_array_foreach(json_object_get(whole, "results"), i, result) {
        const char *kind = json_string_value(
            json_object_get(json_object_get(result, "expectation_config"), "type"));
        json_t *counts = json_object_get(result, "result");
        if (strcmp(kind, "unique") != 0 && strcmp(kind, "primary_key") != 0 &&
            strcmp(kind, "monotonic") != 0)
            continue;
        json_object_del(counts, "partial_unexpected_list");
        json_object_del(counts, "partial_unexpected_index_list");
    }
    return whole;
}

static void assert_same(pln_validation *got, pln_validation *expected) {
    json_t *a = comparable(got), *b = comparable(expected);
    if (!json_equal(a, b))
        ck_abort_msg("%.3000s\nexpected\n%.3000s", json_text(got), json_text(expected));
    json_decref(a);
    json_decref(b);
}

/* ---- the laws ---- */

START_TEST(batches_leave_no_trace) {
    static known k;
    for (long round = 0; round < effort(120, 5000); round++) {
        rng r = {(uint64_t)round + 1};
        make_known(&r, rng_below(&r, ROWS_MOST + 1), &k);
        pln_suite *suite = random_suite(&r, 1 + rng_below(&r, 8));
        pln_validation *whole = validated(suite, &k.t, 0, k.rows);
        pln_validation *pieces = validation_of(suite, &k.t.schema, now_us);
        for (int64_t at = 0; at < k.rows;) {
            int64_t n = rng_below(&r, rng_below(&r, 2) == 0 ? 4 : 200);
            n = n > k.rows - at ? k.rows - at : n;
            add_part(pieces, &k.t, at, n);
            at += n;
        }
        ck_assert_str_eq(json_text(pieces), json_text(whole));
        pln_validation_free(whole);
        pln_validation_free(pieces);
        pln_suite_free(suite);
        table_free(&k.t);
    }
}
END_TEST

/* Adds `from`, straight or by way of its bytes. */
static void unite(pln_validation *into, pln_validation *from, bool by_bytes) {
    const uint8_t *bytes;
    int64_t size;
    if (!by_bytes) {
        MUST(pln_validation_merge(into, from, &err));
        return;
    }
    MUST(pln_validation_write(from, &bytes, &size, &err));
    MUST(pln_validation_read(into, bytes, size, &err));
}

START_TEST(parts_merge_to_the_whole) {
    static known k;
    for (long round = 0; round < effort(120, 5000); round++) {
        rng r = {(uint64_t)round + 1000};
        make_known(&r, rng_below(&r, ROWS_MOST + 1), &k);
        pln_suite *suite = random_suite(&r, 1 + rng_below(&r, 8));
        pln_validation *whole = validated(suite, &k.t, 0, k.rows);
        pln_validation *merged = validation_of(suite, &k.t.schema, now_us);
        for (int64_t at = 0, n; at < k.rows; at += n) {
            n = 1 + rng_below(&r, k.rows - at);
            pln_validation *piece = validated(suite, &k.t, at, n);
            unite(merged, piece, rng_below(&r, 2) == 0);
            pln_validation_free(piece);
        }
        ck_assert_int_eq(pln_validation_count(merged), k.rows);
        assert_same(merged, whole);
        pln_validation_free(whole);
        pln_validation_free(merged);
        pln_suite_free(suite);
        table_free(&k.t);
    }
}
END_TEST

START_TEST(bytes_are_read_back) {
    static known k;
    for (long round = 0; round < effort(100, 3000); round++) {
        rng r = {(uint64_t)round + 2000};
        const uint8_t *bytes, *again;
        int64_t size, other;
        make_known(&r, rng_below(&r, ROWS_MOST + 1), &k);
        pln_suite *suite = random_suite(&r, 1 + rng_below(&r, 8));
        pln_validation *first = validated(suite, &k.t, 0, k.rows);
        pln_validation *back = validation_of(suite, &k.t.schema, now_us);
        MUST(pln_validation_write(first, &bytes, &size, &err));
        MUST(pln_validation_read(back, bytes, size, &err));
        ck_assert_str_eq(json_text(back), json_text(first));
        MUST(pln_validation_write(back, &again, &other, &err));
        ck_assert_int_eq(size, other);
        ck_assert_msg(memcmp(bytes, again, (size_t)size) == 0, "%.3000s", json_text(first));
        /* And it goes on as the first does. */
        add_part(first, &k.t, 0, k.rows / 2);
        add_part(back, &k.t, 0, k.rows / 2);
        ck_assert_str_eq(json_text(back), json_text(first));
        pln_validation_free(first);
        pln_validation_free(back);
        pln_suite_free(suite);
        table_free(&k.t);
    }
}
END_TEST

/* ---- verdicts ---- */

/* Of row i, by hand: 1 wrong, 0 right, -1 missing. */
static int by_hand(const known *k, int check, int64_t i) {
    int a = k->a[i], b = k->b[i];
    switch (check) {
    case 0: return a == NONE ? -1 : a < 0 || a > 9;
    case 1: return a == NONE || b == NONE ? -1 : a <= b;
    case 2: return a == NONE;
    case 3: return b == NONE ? 1 : b != 1 && b != 3;
    case 4:
        for (int64_t before = 0; before < i; before++)
            if (k->a[before] == a && k->b[before] == b && a != NONE && b != NONE)
                return 1;
        return a == NONE || b == NONE ? -1 : 0;
    default: return b == NONE || b <= 2 || a == NONE ? -1 : a != 1 && a != 2 && a != 9;
    }
}

START_TEST(verdicts_are_those_of_brute_force) {
    static known k;
    pln_suite *suite = suite_of(
        "{\"checks\":[{\"check\":\"between\",\"column\":\"a\",\"min\":0,\"max\":9},"
        "{\"check\":\"pair_greater\",\"a\":\"a\",\"b\":\"b\"},"
        "{\"check\":\"not_null\",\"column\":\"a\",\"severity\":\"warn\"},"
        "{\"check\":\"in_set\",\"column\":\"b\",\"values\":[1,3],\"null_policy\":\"fail\"},"
        "{\"check\":\"unique\",\"columns\":[\"a\",\"b\"]},"
        "{\"check\":\"relationships\",\"column\":\"a\",\"to\":\"r\",\"field\":\"id\",\"where\":\"b "
        "> 2\"}]}");
    MUST(give_reference(suite));
    for (long round = 0; round < effort(200, 5000); round++) {
        rng r = {(uint64_t)round + 3000};
        make_known(&r, rng_below(&r, ROWS_MOST + 1), &k);
        pln_validation *v = validation_of(suite, &k.t.schema, now_us);
        int64_t half = rng_below(&r, k.rows + 1), unexpected[6] = {0}, missing[6] = {0};
        for (int64_t at = 0; at <= half; at += half > 0 ? half : 1) {
            pln_validation_verdict verdict = {.struct_size = sizeof verdict};
            int64_t n = at == 0 ? half : k.rows - half, failed = 0;
            add_part(v, &k.t, at, n);
            pln_validation_rows(v, &verdict);
            ck_assert_int_eq(verdict.rows, n);
            for (int64_t i = 0; i < n; i++) {
                int first = -1;
                for (int c = 0; c < 6; c++) {
                    int said = by_hand(&k, c, at + i);
                    bool wrong = pln_validation_bits(v, c)[i / 8] >> i % 8 & 1;
                    ck_assert_msg(wrong == (said == 1), "round %ld, row %lld, check %d", round,
                                  (long long)(at + i), c);
                    first = first < 0 && wrong && c != 2 ? c : first;
                    unexpected[c] += said == 1;
                    missing[c] += said == -1;
                }
                ck_assert_int_eq(verdict.failed[i / 8] >> i % 8 & 1, first >= 0);
                if (first >= 0)
                    ck_assert_int_eq(verdict.first[i], first);
                failed += first >= 0;
            }
            ck_assert_int_eq(verdict.n_failed, failed);
            if (half == 0)
                break;
        }
        for (int c = 0; c < 4 && half > 0; c++) {
            ck_assert_int_eq(result_of(v, c).unexpected, unexpected[c]);
            ck_assert_int_eq(result_of(v, c).missing, missing[c]);
        }
        pln_validation_free(v);
        table_free(&k.t);
    }
    pln_suite_free(suite);
}
END_TEST

/* Arrays of another producer, with offsets and garbage where nothing counts, against its own reader. */
START_TEST(foreign_arrays) {
    static const char *const formats[] = {"i",   "L",       "g",      "u",   "z", "b",
                                          "tdD", "tsu:UTC", "d:20,3", "w:3", NULL};
    for (long round = 0; round < effort(150, 5000); round++) {
        rng r = {(uint64_t)round + 4000};
        struct ArrowSchema schema;
        struct ArrowArray rows;
        plain_schema(formats, &schema);
        int64_t n = rng_below(&r, 200), column = rng_below(&r, schema.n_children);
        random_array(&r, &schema, n, RANDOM_OFFSETS, &rows);
        char json[400];
        const char *name = schema.children[column]->name;
        snprintf(json, sizeof json,
                 "{\"checks\":[{\"check\":\"not_null\",\"column\":\"%s\"},{\"check\":\"unique\","
                 "\"column\":\"%s\"},{\"check\":\"distinct_count\",\"column\":\"%s\",\"min\":0}]}",
                 name, name, name);
        pln_suite *suite = suite_of(json);
        pln_validation *v = validation_of(suite, &schema, now_us);
        MUST(pln_validation_add(v, &rows, &err));
        int64_t distinct = 0;
        char **shown = calloc((size_t)n + 1, sizeof *shown);
        for (int64_t i = 0; i < n; i++) {
            shown[i] = show_row(schema.children[column], rows.children[column], i);
            bool null = strcmp(shown[i], "null") == 0, again = false;
            for (int64_t before = 0; before < i && !null && !again; before++)
                again = strcmp(shown[i], shown[before]) == 0;
            ck_assert_int_eq(pln_validation_bits(v, 0)[i / 8] >> i % 8 & 1, null);
            ck_assert_msg((pln_validation_bits(v, 1)[i / 8] >> i % 8 & 1) == again, "%s: %s",
                          schema.children[column]->format, shown[i]);
            distinct += !null && !again;
        }
        ck_assert_int_eq((int64_t)result_of(v, 2).observed, distinct);
        json_decref(json_of(v));
        for (int64_t i = 0; i < n; i++)
            free(shown[i]);
        free(shown);
        pln_validation_free(v);
        pln_suite_free(suite);
        rows.release(&rows);
        schema.release(&schema);
    }
}
END_TEST

/* 3 * 2^30 rows, of which a third is right: what a double says of so many is not enough. */
START_TEST(mostly_of_milliards) {
    pln_suite *suite = suite_of(
        "{\"checks\":[{\"check\":\"positive\",\"column\":\"a\",\"mostly\":0.3333333333333333},"
        "{\"check\":\"positive\",\"column\":\"a\",\"mostly\":0.33333333333333337},"
        "{\"check\":\"positive\",\"column\":\"a\",\"max_failures\":2147483648}]}");
    table t = table_of("a int32", "{\"a\":1}\n{\"a\":-1}\n{\"a\":0}\n");
    pln_validation *v = validated(suite, &t, 0, 3);
    for (int i = 0; i < 30; i++) {
        pln_validation *copy = validation_of(suite, &t.schema, now_us);
        MUST(pln_validation_merge(copy, v, &err));
        MUST(pln_validation_merge(v, copy, &err));
        pln_validation_free(copy);
    }
    ck_assert_int_eq(pln_validation_count(v), INT64_C(3) << 30);
    ck_assert_int_eq(result_of(v, 0).status, PLN_CHECK_PASSED);
    ck_assert_int_eq(result_of(v, 1).status, PLN_CHECK_FAILED);
    ck_assert_int_eq(result_of(v, 2).status, PLN_CHECK_PASSED);
    add_part(v, &t, 1, 1);
    ck_assert_int_eq(result_of(v, 0).unexpected, (INT64_C(2) << 30) + 1);
    ck_assert_int_eq(result_of(v, 2).status, PLN_CHECK_FAILED);
    /* Each of 2^60 rows may be there, and not one more. */
    pln_status status = PLN_OK;
    while (status == PLN_OK) {
        pln_validation *copy = validation_of(suite, &t.schema, now_us);
        MUST(pln_validation_merge(copy, v, &err));
        status = pln_validation_merge(v, copy, &err);
        pln_validation_free(copy);
    }
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_int_eq(result_of(v, 0).rows, pln_validation_count(v));
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

/* ---- memory ---- */

static pln_status whole_life(const pln_allocator *mem, const char *json, const known *k) {
    pln_suite_options suite_options;
    pln_validation_options options;
    pln_suite *suite = NULL;
    pln_validation *v = NULL, *other = NULL;
    const uint8_t *bytes;
    const char *text;
    int64_t size;
    pln_status status;
    part p;
    pln_suite_options_init(&suite_options, sizeof suite_options);
    suite_options.allocator = mem;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = now_us;
    part_of(&k->t.rows, 0, 70, &p);
    PLN__TRY(pln_suite_new(NULL, json, &suite_options, &suite, &err));
    if (strstr(json, "\"r\"") != NULL)
        PLN__TRY(give_reference(suite));
    PLN__TRY(pln_validation_new(suite, &k->t.schema, &options, &v, &err));
    PLN__TRY(pln_validation_new(suite, &k->t.schema, &options, &other, &err));
    PLN__TRY(pln_validation_add(v, &p.rows, &err));
    part_of(&k->t.rows, 70, 30, &p);
    PLN__TRY(pln_validation_add(other, &p.rows, &err));
    PLN__TRY(pln_validation_merge(v, other, &err));
    PLN__TRY(pln_validation_write(other, &bytes, &size, &err));
    PLN__TRY(pln_validation_read(v, bytes, size, &err));
    PLN__TRY(pln_validation_json(v, &text, &size, &err));
    PLN__TRY(pln_validation_text(v, &text, &size, &err));
out:
    pln_validation_free(v);
    pln_validation_free(other);
    pln_suite_free(suite);
    return status;
}

START_TEST(memory_that_fails_is_given_back) {
    static known k;
    rng r = {77};
    make_known(&r, 100, &k);
    char *json = whole_suite(_i);
    /* The long form asks at every request. */
    int64_t step = getenv("PLN_TORTURE") != NULL ? 1 : effort(1, 1) == 1 ? 3 + 2 * _i : 11;
    for (int64_t n = 0;; n += step) {
        fail_alloc f;
        pln_status status = whole_life(fail_alloc_init(&f, n), json, &k);
        ck_assert_msg(fail_alloc_live(&f) == 0, "request %lld: %lld bytes are left: %s",
                      (long long)n, (long long)fail_alloc_live(&f), err.message);
        ck_assert_msg(status == (f.failed ? PLN_ENOMEM : PLN_OK), "request %lld: %d %s",
                      (long long)n, status, err.message);
        if (!f.failed)
            break;
    }
    pln__strfree(pln__system_allocator(), json);
    table_free(&k.t);
}
END_TEST

/* ---- damage ---- */

/* Refused, and nothing changes; or taken, and all goes on. */
static void read_damaged(const pln_suite *suite, const table *t, const uint8_t *bytes, int64_t size,
                         bool sealed) {
    pln_validation *v = validated(suite, t, 0, 5);
    char *before = strdup(json_text(v));
    err = (pln_error){0};
    pln_status status = pln_validation_read(v, bytes, size, &err);
    if (status < 0) {
        ck_assert_msg(status == PLN_EDATA || status == PLN_ETYPE || status == PLN_EUNSUPPORTED,
                      "%d %s", status, err.message);
        ck_assert_int_ne(err.message[0], '\0');
        ck_assert_str_eq(json_text(v), before);
    } else {
        ck_assert_msg(sealed, "damage is not seen");
        const uint8_t *again;
        json_decref(json_of(v));
        add_part(v, t, 0, 5);
        MUST(pln_validation_write(v, &again, &size, &err));
    }
    free(before);
    pln_validation_free(v);
}

START_TEST(damage_is_refused_or_harmless) {
    static known k;
    rng r = {78};
    make_known(&r, 12, &k);
    char *json = whole_suite(_i);
    pln_suite *suite = suite_of(json);
    if (strstr(json, "\"r\"") != NULL)
        MUST(give_reference(suite));
    pln_validation *v = validated(suite, &k.t, 0, 12);
    const uint8_t *bytes;
    int64_t size;
    MUST(pln_validation_write(v, &bytes, &size, &err));
    int64_t step = getenv("PLN_TORTURE") != NULL ? 1 : getenv("SANITIZE") != NULL ? 23 : 5;
    for (int64_t i = 0; i < size; i += step) {
        uint8_t *copy = malloc((size_t)size);
        memcpy(copy, bytes, (size_t)i);
        read_damaged(suite, &k.t, copy, i, false);
        memcpy(copy, bytes, (size_t)size);
        copy[i] ^= (uint8_t)(1u << i % 8);
        read_damaged(suite, &k.t, copy, size, false);
        copy[i] = i % 3 == 0 ? 255 : copy[i];
        pln__form_seal(copy, size - PLN__FORM_SUM);
        read_damaged(suite, &k.t, copy, size, true);
        free(copy);
    }
    pln_validation_free(v);
    pln_suite_free(suite);
    pln__strfree(pln__system_allocator(), json);
    table_free(&k.t);
}
END_TEST

/* ---- what only one input shows ---- */

/* Numbers that no double holds, texts with quotes and NUL, a column called row. */
START_TEST(samples_are_shown_whole) {
    pln_suite *suite = suite_of(
        "{\"checks\":[{\"check\":\"null\",\"column\":\"u\"},{\"check\":\"null\",\"column\":\"d\"},"
        "{\"check\":\"null\",\"column\":\"f\"},{\"check\":\"null\",\"column\":\"t\"},{\"check\":"
        "\"null\",\"column\":\"x\"}]}");
    table t =
        table_of("u uint64, d decimal(38, 0), f float64, t utf8, x float64",
                 "{\"u\":18446744073709551615,\"d\":12345678901234567890123456789012345678,\"f\":0."
                 "1,\"t\":\"a\\u0000\\\"}\",\"x\":123456789012345680000}\n"
                 "{\"u\":9223372036854775807,\"d\":-5,\"f\":\"NaN\",\"t\":\"\",\"x\":1e300}\n");
    static const char *const shown[] = {"\"partial_unexpected_list\":[\"18446744073709551615\",9223372036854775807]",
                                        "\"partial_unexpected_list\":[\"12345678901234567890123456789012345678\",-5]",
                                        "\"partial_unexpected_list\":[0.1,\"nan\"]",
                                        "\"partial_unexpected_list\":[\"a\\u0000\\\"}\",\"\"]",
                                        "\"partial_unexpected_list\":[\"123456789012345680000\",1e+300]"};
    pln_validation *v = validated(suite, &t, 0, 2), *back = validation_of(suite, &t.schema, now_us);
    const uint8_t *bytes;
    int64_t size;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        ck_assert_msg(strstr(json_text(v), shown[i]) != NULL, "%s\nis not in\n%s", shown[i],
                      json_text(v));
    json_decref(json_of(v));
    MUST(pln_validation_write(v, &bytes, &size, &err));
    MUST(pln_validation_read(back, bytes, size, &err));
    ck_assert_str_eq(json_text(back), json_text(v));
    pln_validation_free(v);
    pln_validation_free(back);
    pln_suite_free(suite);
    table_free(&t);
}
END_TEST

/* 4,096 checks of one long name, which is cut nowhere. */
START_TEST(many_checks_of_one_name) {
    pln__text text;
    pln_check last = {.struct_size = sizeof last};
    char name[400] = "";
    for (int i = 0; i < 130; i++)
        strcat(name, "\xe6\x97\xa5");
    pln__text_init(&text, pln__system_allocator());
    for (int i = 0; i < 4096; i++)
        pln__text_printf(&text, "%s{\"check\":\"null\",\"column\":\"%s\"}",
                         i == 0 ? "{\"checks\":[" : ",", name);
    pln__text_str(&text, "]}");
    pln_suite *suite = suite_of(text.data);
    ck_assert_int_eq(pln_suite_check(suite, 4095, &last), 1);
    ck_assert_int_eq(strncmp(last.id, "null(\xe6\x97\xa5", 8), 0);
    ck_assert_str_eq(last.id + strlen(last.id) - 6, ") 4096");
    ck_assert_int_eq(pln_suite_add(suite, "{\"check\":\"null\",\"column\":\"a\"}", &err),
                     PLN_ELIMIT);
    pln_suite_free(suite);
    pln__text_free(&text);
}
END_TEST

/* 100,000 values: those of even numbers are in it. */
START_TEST(many_values) {
    pln__text text;
    table t =
        table_of("a int64", "{\"a\":199998}\n{\"a\":3}\n{\"a\":0}\n{\"a\":-2}\n{\"a\":null}\n");
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"checks\":[{\"check\":\"in_set\",\"column\":\"a\",\"values\":[0");
    for (int i = 1; i < 100000; i++)
        pln__text_printf(&text, ",%d", 2 * i);
    pln__text_str(&text, "]}]}");
    pln_suite *suite = suite_of(text.data);
    pln_validation *v = validated(suite, &t, 0, 5);
    ck_assert_int_eq(pln_validation_bits(v, 0)[0] & 31, 2 + 8);
    ck_assert_int_eq(result_of(v, 0).missing, 1);
    pln_validation_free(v);
    pln_suite_free(suite);
    pln__text_free(&text);
    table_free(&t);
}
END_TEST

START_TEST(what_does_not_merge) {
    pln_suite *suite = suite_of("{\"checks\":[{\"check\":\"positive\",\"column\":\"a\"}]}");
    pln_suite *other =
        suite_of("{\"checks\":[{\"check\":\"positive\",\"column\":\"a\",\"mostly\":0.5}]}");
    table t = table_of("a int32", "{\"a\":1}\n"), wide = table_of("a int64", "{\"a\":1}\n");
    pln_validation *v = validated(suite, &t, 0, 1), *w = validated(suite, &wide, 0, 1);
    pln_suite *near = suite_of(
        "{\"checks\":[{\"check\":\"positive\",\"column\":\"a\",\"mostly\":0.50000000000000011}]}");
    pln_validation *x = validated(other, &t, 0, 1), *y = validated(near, &t, 0, 1);
    ck_assert_int_eq(pln_validation_merge(x, y, &err), PLN_ETYPE);
    pln_validation *differ[] = {w, x};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pln_validation_merge(v, differ[i], &err), PLN_ETYPE);
        ck_assert_msg(strstr(err.message, "another suite, seed or schema") != NULL, "%s",
                      err.message);
    }
    ck_assert_int_eq(pln_validation_merge(v, v, &err), PLN_EINVAL);
    ck_assert_msg(strstr(err.message, "itself") != NULL, "%s", err.message);
    ck_assert_int_eq(pln_validation_add(v, wide.rows.children[0], &err), PLN_EDATA);
    ck_assert_int_eq(pln_validation_count(v), 1);
    pln_validation_free(v);
    pln_validation_free(w);
    pln_validation_free(x);
    pln_validation_free(y);
    pln_suite_free(suite);
    pln_suite_free(other);
    pln_suite_free(near);
    table_free(&t);
    table_free(&wide);
}
END_TEST

static int64_t told(void *user) {
    return *(int64_t *)user;
}

START_TEST(time_is_the_runtimes) {
    int64_t now = now_us;
    pln_clock clock = {.struct_size = sizeof clock, .now_us = told, .user = &now};
    pln_runtime_options options;
    pln_runtime *runtime = NULL;
    pln_suite *suite = NULL;
    pln_validation *v = NULL;
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    MUST(pln_runtime_new(&options, &runtime, &err));
    MUST(pln_suite_new(runtime, "{\"checks\":[{\"check\":\"not_in_future\",\"column\":\"a\"}]}",
                       NULL, &suite, &err));
    table t = table_of("a timestamp(ms, UTC)",
                       "{\"a\":\"2026-03-01T12:00:00Z\"}\n{\"a\":\"2026-03-01T12:00:01Z\"}\n");
    MUST(pln_validation_new(suite, &t.schema, NULL, &v, &err));
    now += 1000000;
    MUST(pln_validation_add(v, &t.rows, &err));
    ck_assert_int_eq(result_of(v, 0).unexpected, 1);
    pln_validation_free(v);
    pln_suite_free(suite);
    pln_runtime_free(runtime);
    table_free(&t);
}
END_TEST

Suite *suite_quality_suite_laws(void);
Suite *suite_quality_suite_laws(void) {
    Suite *suite = suite_create("quality/suite_laws");
    TCase *c = tcase_create("suite_laws");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, batches_leave_no_trace);
    tcase_add_test(c, parts_merge_to_the_whole);
    tcase_add_test(c, bytes_are_read_back);
    tcase_add_test(c, verdicts_are_those_of_brute_force);
    tcase_add_test(c, foreign_arrays);
    tcase_add_test(c, mostly_of_milliards);
    tcase_add_loop_test(c, memory_that_fails_is_given_back, 0, 3);
    tcase_add_loop_test(c, damage_is_refused_or_harmless, 0, 3);
    tcase_add_test(c, samples_are_shown_whole);
    tcase_add_test(c, many_checks_of_one_name);
    tcase_add_test(c, many_values);
    tcase_add_test(c, what_does_not_merge);
    tcase_add_test(c, time_is_the_runtimes);
    suite_add_tcase(suite, c);
    return suite;
}
