/* The stages sketch and sketch.merge against sketches made by hand of each group's rows, at every size of batch and epoch, and with bytes that are none. */
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;

static void setup(void) {
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        if (s_ < 0)                                                                                \
            ck_abort_msg("%s: %s (%s)", #call, err.message, err.where);                            \
    } while (0)

enum { ROWS = 2000, GROUPS = 3 };

/* Row i: group i mod 5 mod 3 (the third is null), a user, a number; every seventh user is null. */
static int64_t group_of(int64_t i) {
    return i % 5 % GROUPS;
}
static int64_t user_of(int64_t i) {
    return i * 7919 % 500;
}

static pln_table *rows_table(void) {
    struct ArrowSchema schema;
    pln_table *table;
    pln_builder *b;
    pln_batch *batch;
    OK(pln_schema_parse(rt, "id int64 not null, g utf8, user int32", &schema, &err));
    OK(pln_table_new(rt, &schema, &table, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    for (int64_t i = 0; i < ROWS; i++) {
        OK(pln_column_int(pln_builder_column(b, 0), i, &err));
        OK(group_of(i) == 2
               ? pln_column_null(pln_builder_column(b, 1), &err)
               : pln_column_text(pln_builder_column(b, 1), group_of(i) == 0 ? "a" : "b", -1, &err));
        OK(i % 7 == 0 ? pln_column_null(pln_builder_column(b, 2), &err)
                      : pln_column_int(pln_builder_column(b, 2), user_of(i), &err));
    }
    OK(pln_builder_finish(b, &batch, &err));
    OK(pln_table_append(table, batch, &err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

/* in > the nodes of `wiring` > out, rejects of the last one to bad. */
static pln_table *run(pln_table *in, const char *const (*nodes)[3], const char *wiring,
                      int64_t batch_rows, int64_t epoch_rows, pln_table **bad,
                      pln_status expected) {
    pln_graph *g;
    pln_table *out;
    pln_run_options options;
    OK(pln_graph_new(rt, "t", &g, &err));
    OK(pln_table_new(rt, NULL, &out, &err));
    OK(pln_table_new(rt, NULL, bad, &err));
    pln_graph_add(g, "in", "memory.read", NULL, &err);
    pln_graph_bind(g, "in", "table", in, NULL, &err);
    for (int64_t i = 0; nodes[i][0] != NULL; i++)
        pln_graph_add(g, nodes[i][0], nodes[i][1], nodes[i][2], &err);
    pln_graph_add(g, "out", "memory.write", NULL, &err);
    pln_graph_bind(g, "out", "table", out, NULL, &err);
    pln_graph_add(g, "bad", "memory.write", NULL, &err);
    pln_graph_bind(g, "bad", "table", *bad, NULL, &err);
    OK(pln_graph_wire(g, wiring, &err));
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = batch_rows;
    options.epoch_rows = epoch_rows;
    ck_assert_msg(pln_graph_run(g, &options, NULL, &err) == expected, "%s", err.message);
    pln_graph_free(g);
    return out;
}

/* Row `at` of all batches of a table. */
static const struct ArrowArray *find_row(const pln_table *table, int64_t at, int64_t column,
                                         int64_t *row) {
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const struct ArrowArray *rows = pln_batch_array(pln_table_batch(table, b));
        if (at < rows->length) {
            *row = rows->children[column]->offset + at;
            return rows->children[column];
        }
        at -= rows->length;
    }
    ck_abort_msg("no row %lld", (long long)at);
    return NULL;
}

static const uint8_t *cell(const pln_table *table, int64_t at, int64_t column, int64_t *size) {
    int64_t row;
    const struct ArrowArray *array = find_row(table, at, column, &row);
    const int32_t *offsets = array->buffers[1];
    *size = offsets[row + 1] - offsets[row];
    return (const uint8_t *)array->buffers[2] + offsets[row];
}

/* The users of a group (-1: of all), added one by one. */
static pln_hll *users_by_hand(int64_t group) {
    pln_hll *hll;
    pln_hll_options options;
    pln_hll_options_init(&options, sizeof options);
    options.precision = 12;
    options.seed = 7;
    OK(pln_hll_new(rt, &options, &hll, &err));
    for (int64_t i = 0; i < ROWS; i++) {
        uint64_t user = (uint64_t)user_of(i);
        if (i % 7 != 0 && (group < 0 || group_of(i) == group))
            OK(pln_hll_add_uint64(hll, &user, 1, NULL, 0, &err));
    }
    return hll;
}

static void assert_users(const pln_table *out, int64_t at, int64_t column, int64_t group) {
    pln_hll *hll = users_by_hand(group);
    uint8_t bytes[1 << 13];
    int64_t size, got;
    OK(pln_hll_write(hll, PLN_HLL_NATIVE, bytes, sizeof bytes, &size, &err));
    const uint8_t *found = cell(out, at, column, &got);
    ck_assert_int_eq(got, size);
    ck_assert_int_eq(memcmp(found, bytes, (size_t)size), 0);
    pln_hll_free(hll);
}

static int64_t number(const pln_table *table, int64_t at, int64_t column) {
    int64_t row;
    const struct ArrowArray *array = find_row(table, at, column, &row);
    return ((const int64_t *)array->buffers[1])[row];
}

static int64_t size_of_group(int64_t group) {
    int64_t n = 0;
    for (int64_t i = 0; i < ROWS; i++)
        n += group_of(i) == group;
    return n;
}

#define USERS "\"users\":{\"hll\":\"user\",\"precision\":12}"

START_TEST(each_group_has_the_sketch_of_its_rows) {
    static const int64_t batches[] = {1, 7, 512, 5000};
    const char *const nodes[][3] = {
        {"x", "sketch", "{\"key\":[\"g\"],\"seed\":7,\"sketches\":{" USERS "}}"}, {NULL}};
    pln_table *in = rows_table(), *bad;
    for (int i = 0; i < 4; i++) {
        pln_table *out =
            run(in, nodes, "in > x > out; x.reject > bad", batches[i], 0, &bad, PLN_OK);
        ck_assert_int_eq(pln_table_rows(out), GROUPS);
        for (int64_t k = 0; k < GROUPS; k++) {
            ck_assert_int_eq(number(out, k, 1), size_of_group(k));
            assert_users(out, k, 2, k);
        }
        pln_table_free(out);
        pln_table_free(bad);
    }
    pln_table_free(in);
}
END_TEST

/* The sketches of epochs, merged by group and all together, are those of all rows. */
START_TEST(layers_merge_to_the_whole) {
    const char *const nodes[][3] = {
        {"x", "sketch", "{\"key\":[\"g\"],\"seed\":7,\"every\":\"epoch\",\"sketches\":{" USERS "}}"},
        {"y", "sketch.merge", "{\"key\":[\"g\"],\"seed\":7,\"columns\":[\"users\"]}"},
        {"z", "sketch.merge", "{\"seed\":7,\"columns\":\"users\"}"},
        {NULL}};
    pln_table *in = rows_table(), *bad;
    pln_table *out = run(in, nodes, "in > x > y > z > out; z.reject > bad", 100, 300, &bad, PLN_OK);
    ck_assert_int_eq(pln_table_rows(out), 1);
    ck_assert_int_eq(number(out, 0, 0), ROWS);
    assert_users(out, 0, 1, -1);
    pln_table_free(out);
    pln_table_free(bad);
    pln_table_free(in);
}
END_TEST

/* Answers of the other kinds, read back. */
START_TEST(all_kinds_are_made) {
    const char *const nodes[][3] = {
        {"x", "sketch",
         "{\"sketches\":{\"q\":{\"quantiles\":\"id\",\"k\":4000},\"t\":{\"top_k\":\"g\",\"capacity\":8},"
         "\"c\":{\"count_min\":\"user\",\"epsilon\":0.01,\"delta\":0.05}}}"},
        {NULL}};
    pln_table *in = rows_table(), *bad;
    pln_table *out = run(in, nodes, "in > x > out; x.reject > bad", 333, 0, &bad, PLN_OK);
    pln_quantiles *quantiles;
    pln_top_k *top;
    pln_count_min *counts;
    int64_t size, lower, upper, n;
    uint64_t user = 3;
    double median;
    const uint8_t *bytes = cell(out, 0, 1, &size);
    OK(pln_quantiles_read(rt, NULL, bytes, size, &quantiles, &err));
    OK(pln_quantiles_quantile(quantiles, 0.5, &median, &err));
    ck_assert(median == ROWS / 2 - 1);
    bytes = cell(out, 0, 2, &size);
    OK(pln_top_k_read(rt, PLN_TOP_K_NATIVE, NULL, bytes, size, &top, &err));
    pln_top_k_estimate(top, "b", 1, &lower, &upper);
    ck_assert_int_eq(lower, size_of_group(1));
    ck_assert_int_eq(upper, size_of_group(1));
    bytes = cell(out, 0, 3, &size);
    OK(pln_count_min_read(rt, NULL, bytes, size, &counts, &err));
    OK(pln_count_min_query(counts, &user, 8, &n, &err));
    int64_t exact = 0;
    for (int64_t i = 0; i < ROWS; i++)
        exact += i % 7 != 0 && user_of(i) == 3;
    ck_assert_int_ge(n, exact);
    ck_assert_int_le(n, exact + ROWS / 100);
    pln_quantiles_free(quantiles);
    pln_top_k_free(top);
    pln_count_min_free(counts);
    pln_table_free(out);
    pln_table_free(bad);
    pln_table_free(in);
}
END_TEST

/* Rows with bytes that are no sketch, one of another seed, one of another kind: they are rejected, the rest is merged as if they were not there. */
START_TEST(what_is_no_sketch_is_rejected) {
    const char *const nodes[][3] = {
        {"x", "sketch", "{\"key\":[\"g\"],\"seed\":7,\"every\":\"epoch\",\"sketches\":{" USERS "}}"},
        {"b", "derive", "{\"columns\":{\"users\":\"case when rows < 100 then unhex('6a756e6b') else users end\"}}"},
        {"y", "sketch.merge", "{\"key\":[\"g\"],\"seed\":7,\"columns\":[\"users\"]}"},
        {NULL}};
    pln_table *in = rows_table(), *bad;
    /* The last epoch is a short one. */
    pln_table *out =
        run(in, nodes, "in > x > b > y > out; y.reject > bad", 1900, 1900, &bad, PLN_OK);
    ck_assert_int_eq(pln_table_rows(out), GROUPS);
    ck_assert_int_eq(pln_table_rows(bad), GROUPS);
    int64_t size;
    const uint8_t *message = cell(bad, 0, 2, &size);
    ck_assert_msg(size > 20 && memcmp(message, "begins with 'junk', which is no sketch's", 40) == 0,
                  "%.*s", (int)size, (const char *)message);
    pln_table_free(out);
    pln_table_free(bad);
    pln_table_free(in);
}
END_TEST

/* A count of rows is only a count: with 0 the sketches are merged all the same, one below 0 is rejected. */
START_TEST(the_count_of_rows_is_held_to_its_range) {
    static const char *const counts[] = {"{\"columns\":{\"rows\":\"rows - rows\"}}",
                                         "{\"columns\":{\"rows\":\"0 - rows\"}}"};
    for (int i = 0; i < 2; i++) {
        const char *const nodes[][3] = {
            {"x", "sketch", "{\"key\":[\"g\"],\"seed\":7,\"sketches\":{" USERS "}}"},
            {"d", "derive", counts[i]},
            {"y", "sketch.merge", "{\"key\":[\"g\"],\"seed\":7,\"columns\":[\"users\"]}"},
            {NULL}};
        pln_table *in = rows_table(), *bad;
        pln_table *out =
            run(in, nodes, "in > x > d > y > out; y.reject > bad", 500, 0, &bad, PLN_OK);
        ck_assert_int_eq(pln_table_rows(out), i == 0 ? GROUPS : 0);
        ck_assert_int_eq(pln_table_rows(bad), i == 0 ? 0 : GROUPS);
        for (int64_t k = 0; i == 0 && k < GROUPS; k++)
            assert_users(out, k, 2, k);
        pln_table_free(out);
        pln_table_free(bad);
        pln_table_free(in);
    }
}
END_TEST

static const struct {
    const char *stage, *config;
    pln_status status;
    const char *words;
} refused[] = {
    {"sketch", "{\"sketches\":{}}", PLN_EOPTION, "not empty"},
    {"sketch", "{\"sketches\":{\"u\":1}}", PLN_EOPTION, "u: expected an object"},
    {"sketch", "{\"sketches\":{\"u\":{\"hll\":\"user\",\"k\":4}}}", PLN_EOPTION, "a sketch hll has no number 'k'"},
    {"sketch", "{\"sketches\":{\"u\":{\"hl\":\"user\"}}}", PLN_EOPTION, "one of hll, top_k, quantiles, count_min"},
    {"sketch", "{\"sketches\":{\"u\":{\"hll\":\"usr\"}}}", PLN_ENAME, "did you mean 'user'?"},
    {"sketch", "{\"sketches\":{\"u\":{\"hll\":\"user\",\"precision\":3}}}", PLN_EINVAL, "u: HLL options: precision is 3"},
    {"sketch", "{\"sketches\":{\"u\":{\"quantiles\":\"g\"}}}", PLN_EUNSUPPORTED, "option 'sketches': u: "},
    {"sketch", "{\"sketches\":{\"g\":{\"hll\":\"user\"}},\"key\":[\"g\"]}", PLN_EINVAL, "g"},
    {"sketch", "{\"sketches\":{\"u\":{\"hll\":\"user\"}},\"key\":[\"gg\"]}", PLN_ENAME, "'gg'"},
    {"sketch.merge", "{\"columns\":[\"g\"]}", PLN_ETYPE, "column g: expected binary, got utf8"},
    {"sketch.merge", "{\"columns\":[\"h\"]}", PLN_ENAME, "'h'"},
};

START_TEST(what_cannot_be_is_refused_before_a_row) {
    const char *const nodes[][3] = {{"x", refused[_i].stage, refused[_i].config}, {NULL}};
    pln_table *in = rows_table(), *bad;
    pln_table *out =
        run(in, nodes, "in > x > out; x.reject > bad", 100, 0, &bad, refused[_i].status);
    ck_assert_msg(strstr(err.message, refused[_i].words) != NULL, "%s", err.message);
    pln_table_free(out);
    pln_table_free(bad);
    pln_table_free(in);
}
END_TEST

Suite *suite_stage_sketch(void);
Suite *suite_stage_sketch(void) {
    Suite *suite = suite_create("stage/sketch");
    TCase *tcase = tcase_create("sketch");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_group_has_the_sketch_of_its_rows);
    tcase_add_test(tcase, layers_merge_to_the_whole);
    tcase_add_test(tcase, all_kinds_are_made);
    tcase_add_test(tcase, what_is_no_sketch_is_rejected);
    tcase_add_test(tcase, the_count_of_rows_is_held_to_its_range);
    tcase_add_loop_test(tcase, what_cannot_be_is_refused_before_a_row, 0,
                        sizeof refused / sizeof refused[0]);
    suite_add_tcase(suite, tcase);
    return suite;
}
