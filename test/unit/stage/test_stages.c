#include "scratch.h"
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each case: NDJSON lines go in, the node "x" (and what stands around it) works on them, and what leaves by each port is compared as text.
 */
static pln_runtime *rt;
static pln_error err;
static scratch dir;

static void setup(void) {
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define SCHEMA                                                                                     \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"            \
    "{\"name\":\"k\",\"type\":[\"null\",\"int\"]},{\"name\":\"s\",\"type\":[\"null\",\"string\"]}]}"
#define INPUT                                                                                      \
    "{\"id\":1,\"k\":5,\"s\":\"7\"}\n{\"id\":2,\"k\":0,\"s\":\"x\"}\n{\"id\":3,\"k\":null,\"s\":null}\n{\"id\":4,"  \
    "\"k\":-2,\"s\":\"12\"}\n"

/* A graph in > x > out, rejects of x to bad; `more` wires further ports of x to sinks out2 and out3. */
static pln_status run(const char *stage, const char *config, const char *more) {
    pln_graph *g;
    char wiring[256];
    scratch_write(&dir, "in.ndjson", INPUT, -1);
    pln_graph_new(rt, "t", &g, &err);
    pln_graph_add(g, "in", "ndjson.read", NULL, &err);
    pln_graph_set_text(g, "in", "path", scratch_path(&dir, "in.ndjson"), &err);
    pln_graph_set_text(g, "in", "schema", SCHEMA, &err);
    pln_graph_add(g, "x", stage, config, &err);
    static const char *const sinks[] = {"out", "out2", "out3", "bad"};
    snprintf(wiring, sizeof wiring, "in > x; x.reject > bad; %s", more != NULL ? more : "x > out");
    for (int i = 0; i < 4; i++) {
        if (strstr(wiring, sinks[i]) == NULL)
            continue;
        pln_graph_add(g, sinks[i], "ndjson.write", NULL, &err);
        pln_graph_set_text(g, sinks[i], "path", scratch_path(&dir, sinks[i]), &err);
    }
    pln_graph_wire(g, wiring, &err);
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = 3; /* so that state crosses a border of batches */
    pln_status status = pln_graph_run(g, &options, NULL, &err);
    pln_graph_free(g);
    return status;
}

static const struct {
    const char *stage, *config, *more;
    const char *out, *out2, *out3;
    const char *bad[3]; /* words in the reject file, in order */
} cases[] = {
    {"filter", "{\"where\":\"k > 0\"}", NULL, "{\"id\":1,\"k\":5,\"s\":\"7\"}\n", NULL, NULL, {NULL}},
    {"filter", "{\"where\":\"k > 0\",\"else\":\"reject\"}", NULL, "{\"id\":1,\"k\":5,\"s\":\"7\"}\n", NULL, NULL,
     {"k > 0", "\"line\":3", "\"line\":4"}},
    {"filter", "{\"where\":\"10 / k > 1\",\"message\":\"too big\",\"else\":\"reject\"}", NULL,
     "{\"id\":1,\"k\":5,\"s\":\"7\"}\n", NULL, NULL, {"too big", NULL}},
    {"derive", "{\"columns\":{\"n\":\"cast(s as bigint)\",\"k\":\"coalesce(k, 0)\"}}", NULL,
     "{\"id\":1,\"k\":5,\"s\":\"7\",\"n\":7}\n{\"id\":3,\"k\":0,\"s\":null,\"n\":null}\n{\"id\":4,\"k\":-2,\"s\":\"12\",\"n\":12}\n",
     NULL, NULL, {"\"column\":\"n\"", "\"line\":2", NULL}},
    {"derive", "{\"columns\":{\"n\":\"cast(s as bigint)\"},\"on_error\":\"null\"}", NULL,
     "{\"id\":1,\"k\":5,\"s\":\"7\",\"n\":7}\n{\"id\":2,\"k\":0,\"s\":\"x\",\"n\":null}\n{\"id\":3,\"k\":null,\"s\":null,\"n\":null}\n"
     "{\"id\":4,\"k\":-2,\"s\":\"12\",\"n\":12}\n",
     NULL, NULL, {NULL}},
    {"select", "{\"columns\":[\"s\",\"id\"],\"rename\":{\"id\":\"key\"},\"cast\":{\"s\":\"int\"}}", NULL,
     "{\"s\":7,\"key\":1}\n{\"s\":null,\"key\":3}\n{\"s\":12,\"key\":4}\n", NULL, NULL,
     {"\"column\":\"s\"", "\"line\":2", NULL}},
    {"select", "{\"drop\":[\"s\",\"k\"],\"cast\":{\"id\":\"text\"}}", NULL,
     "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n{\"id\":\"4\"}\n", NULL, NULL, {NULL}},
    {"route", "{\"routes\":{\"a\":\"k > 0\",\"b\":\"k >= 0\"}}", "x.a > out; x.b > out2; x.else > out3",
     "{\"id\":1,\"k\":5,\"s\":\"7\"}\n", "{\"id\":2,\"k\":0,\"s\":\"x\"}\n",
     "{\"id\":3,\"k\":null,\"s\":null}\n{\"id\":4,\"k\":-2,\"s\":\"12\"}\n", {NULL}},
    {"route", "{\"routes\":{\"a\":\"10 / k > 1\"},\"else\":\"reject\"}", "x.a > out", "{\"id\":1,\"k\":5,\"s\":\"7\"}\n", NULL,
     NULL, {"zero", "no route", "no route"}},
    {"union", NULL, NULL, INPUT, NULL, NULL, {NULL}},
    {"limit", "{\"rows\":2,\"offset\":1}", NULL, "{\"id\":2,\"k\":0,\"s\":\"x\"}\n{\"id\":3,\"k\":null,\"s\":null}\n", NULL,
     NULL, {NULL}},
    {"limit", "{\"rows\":0}", NULL, "", NULL, NULL, {NULL}},
    {"sample", "{\"every\":3}", NULL, "{\"id\":1,\"k\":5,\"s\":\"7\"}\n{\"id\":4,\"k\":-2,\"s\":\"12\"}\n", NULL, NULL, {NULL}},
    {"sample", "{\"fraction\":1.0}", NULL, INPUT, NULL, NULL, {NULL}},
    {"sample", "{\"fraction\":0}", NULL, "", NULL, NULL, {NULL}},
    /* Made by test/unit/key/pln_keys.py. */
    {"profile", "{\"top\":1}", "x > out; x.profile > out2", INPUT,
     "{\"column\":\"id\",\"type\":\"int64\",\"rows\":4,\"nulls\":0,\"distinct\":4.000000119209294,\"distinct_error\""
     ":0.0003452669967209217,\"minimum\":\"1\",\"maximum\":\"4\",\"mean\":2.5,\"deviation\":1.2909944487358056,\"zer"
     "os\":0,\"negatives\":0,\"nans\":null,\"shortest\":null,\"longest\":null,\"mean_length\":null,\"quantiles\":[{"
     "\"fraction\":0.01,\"value\":\"1\"},{\"fraction\":0.05,\"value\":\"1\"},{\"fraction\":0.25,\"value\":\"1\"},{\""
     "fraction\":0.5,\"value\":\"2\"},{\"fraction\":0.75,\"value\":\"3\"},{\"fraction\":0.95,\"value\":\"4\"},{\"fra"
     "ction\":0.99,\"value\":\"4\"}],\"top\":[{\"value\":\"1\",\"at_least\":1,\"at_most\":1}]}\n"
     "{\"column\":\"k\",\"type\":\"int32\",\"rows\":4,\"nulls\":1,\"distinct\":3.0000000670552276,\"distinct_error\""
     ":0.00025895024496825166,\"minimum\":\"-2\",\"maximum\":\"5\",\"mean\":1,\"deviation\":3.605551275463989,\"zero"
     "s\":1,\"negatives\":1,\"nans\":null,\"shortest\":null,\"longest\":null,\"mean_length\":null,\"quantiles\":[{\""
     "fraction\":0.01,\"value\":\"-2\"},{\"fraction\":0.05,\"value\":\"-2\"},{\"fraction\":0.25,\"value\":\"-2\"},{"
     "\"fraction\":0.5,\"value\":\"0\"},{\"fraction\":0.75,\"value\":\"5\"},{\"fraction\":0.95,\"value\":\"5\"},{\"f"
     "raction\":0.99,\"value\":\"5\"}],\"top\":[{\"value\":\"0\",\"at_least\":1,\"at_most\":1}]}\n"
     "{\"column\":\"s\",\"type\":\"utf8\",\"rows\":4,\"nulls\":1,\"distinct\":3.0000000670552276,\"distinct_error\":"
     "0.00025895024496825166,\"minimum\":\"12\",\"maximum\":\"x\",\"mean\":null,\"deviation\":null,\"zeros\":null,\""
     "negatives\":null,\"nans\":null,\"shortest\":1,\"longest\":2,\"mean_length\":1.3333333333333333,\"quantiles\":n"
     "ull,\"top\":[{\"value\":\"12\",\"at_least\":1,\"at_most\":1}]}\n",
     NULL, {NULL}},
    {"key", "{\"fields\":[\"s\",\"k\"]}", NULL,
     "{\"id\":1,\"k\":5,\"s\":\"7\",\"key\":\"004146dbf1586968a8e8ec94ccd30c55\"}\n"
     "{\"id\":2,\"k\":0,\"s\":\"x\",\"key\":\"e64c858bf700f1893b1f880d50a14dd5\"}\n"
     "{\"id\":3,\"k\":null,\"s\":null,\"key\":\"85c85e5eb1bfa0bcbac0c69c15810e04\"}\n"
     "{\"id\":4,\"k\":-2,\"s\":\"12\",\"key\":\"029853a7934eedf385d744460ac1a119\"}\n",
     NULL, NULL, {NULL}},
    {"key", "{\"hash\":\"sha256\",\"secret\":\"0123456789abcdef\",\"output\":\"uuid\",\"column\":\"u\"}", NULL,
     "{\"id\":1,\"k\":5,\"s\":\"7\",\"u\":\"e9d4c7b4-5b12-8c55-a066-7d6778e1f860\"}\n"
     "{\"id\":2,\"k\":0,\"s\":\"x\",\"u\":\"213282d2-94cb-83b6-89b9-df1acd3355cf\"}\n"
     "{\"id\":3,\"k\":null,\"s\":null,\"u\":\"7057629a-d495-8e56-b614-e63289170f49\"}\n"
     "{\"id\":4,\"k\":-2,\"s\":\"12\",\"u\":\"174d4172-f67c-8b4e-890f-2dab776161d6\"}\n",
     NULL, NULL, {NULL}},
};

static void same(const char *name, const char *expected) {
    char *got = scratch_read(&dir, name, &(int64_t){0});
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got, expected);
    free(got);
}

START_TEST(rows_leave_by_the_right_port) {
    pln_status status = run(cases[_i].stage, cases[_i].config, cases[_i].more);
    ck_assert_msg(status == PLN_OK, "%s: %s", err.where, err.message);
    same("out", cases[_i].out);
    if (cases[_i].out2 != NULL)
        same("out2", cases[_i].out2);
    if (cases[_i].out3 != NULL)
        same("out3", cases[_i].out3);
    char *bad = scratch_read(&dir, "bad", &(int64_t){0}), *at = bad;
    ck_assert_ptr_nonnull(bad);
    for (int i = 0; i < 3 && cases[_i].bad[i] != NULL; i++) {
        at = strstr(at, cases[_i].bad[i]);
        ck_assert_msg(at != NULL, "'%s' not in order in %s", cases[_i].bad[i], bad);
        at++;
    }
    if (cases[_i].bad[0] == NULL)
        ck_assert_str_eq(bad, "");
    free(bad);
}
END_TEST

static const struct {
    const char *stage, *config;
    int32_t status;
    const char *word;
} refused[] = {
    {"filter", "{\"where\":\"k\"}", PLN_ETYPE, "where"},
    {"filter", "{\"where\":\"kk > 1\"}", PLN_ENAME, "kk"},
    {"filter", "{\"where\":\"k >\"}", PLN_ESYNTAX, "where"},
    {"derive", "{\"columns\":[\"k\"]}", PLN_EOPTION, "columns"},
    {"derive", "{\"columns\":{\"n\":\"s + 1\"}}", PLN_ETYPE, "n"},
    {"select", "{\"columns\":[\"sid\"]}", PLN_ENAME, "columns"},
    {"select", "{\"drop\":[\"id\",\"k\",\"s\"]}", PLN_EOPTION, "no column"},
    {"select", "{\"cast\":{\"k\":\"colour\"}}", PLN_ENAME, "column k"},
    {"select", "{\"rename\":{\"id\":\"k\"}}", PLN_EINVAL, "k"},
    {"limit", "{\"rows\":-1}", PLN_EOPTION, "rows"},
    {"sample", "{}", PLN_EOPTION, "fraction"},
    {"sample", "{\"fraction\":1.5}", PLN_EOPTION, "fraction"},
    {"profile", "{\"top\":1001}", PLN_EOPTION, "top is 1001, expected 0 to 1000"},
    {"profile", "{\"precision\":3}", PLN_EOPTION, "precision is 3, expected 4 to 18"},
    {"profile", "{\"k\":5000000000}", PLN_EOPTION, "expected 8 to 65535"},
    {"key", "{\"fields\":[\"idd\"]}", PLN_ENAME, "fields: column 'idd'"},
    {"key", "{\"fields\":[\"id\",\"id\"]}", PLN_EINVAL, "'id' is there twice"},
    {"key", "{\"column\":\"k\"}", PLN_EOPTION, "the input has a column 'k'"},
    {"key", "{\"secret\":\"too short\"}", PLN_EOPTION, "at least 16 bytes"},
    {"key", "{\"hash\":\"dbt_surrogate\",\"secret\":\"0123456789abcdef\"}", PLN_EOPTION, "have none"},
    {"key", "{\"hash\":\"md5\"}", PLN_EOPTION, "hash"},
};

START_TEST(what_cannot_be_is_refused_before_a_row) {
    pln_status status = run(refused[_i].stage, refused[_i].config, NULL);
    ck_assert_msg(status == refused[_i].status && strstr(err.message, refused[_i].word) != NULL,
                  "%s %s: %s", pln_status_name(status), err.where, err.message);
    ck_assert_str_eq(err.where, "t/x");
}
END_TEST

Suite *suite_stage_stages(void);
Suite *suite_stage_stages(void) {
    Suite *suite = suite_create("stage/stages");
    TCase *tc = tcase_create("stages");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, rows_leave_by_the_right_port, 0, sizeof cases / sizeof cases[0]);
    tcase_add_loop_test(tc, what_cannot_be_is_refused_before_a_row, 0,
                        sizeof refused / sizeof refused[0]);
    suite_add_tcase(suite, tc);
    return suite;
}
