#include <check.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_graph *g;
static pln_error err;

static void setup(void) {
    memset(&err, 0, sizeof err);
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    ck_assert_int_eq(pln_graph_new(rt, "g", &g, &err), PLN_OK);
}

static void teardown(void) {
    pln_graph_free(g);
    pln_runtime_free(rt);
}

#define REFUSED(call, code, ...)                                                                   \
    do {                                                                                           \
        static const char *const words_[] = {__VA_ARGS__};                                         \
        ck_assert_int_eq(call, code);                                                              \
        ck_assert_int_eq(err.status, code);                                                        \
        for (size_t w_ = 0; w_ < sizeof words_ / sizeof words_[0]; w_++)                           \
            ck_assert_msg(strstr(err.message, words_[w_]) != NULL, "'%s' not in: %s", words_[w_],  \
                          err.message);                                                            \
    } while (0)

static const struct {
    const char *stage, *config;
    int32_t status;
    const char *words[3];
} configs[] = {
    {"csv.raed", NULL, PLN_ENAME, {"'csv.raed'", "csv.read"}},
    {"csv.read", "{\"paht\": \"x\"}", PLN_EOPTION, {"'paht'", "'path'"}},
    {"csv.read", "{\"path\": 7}", PLN_EOPTION, {"'path'", "expected", "7"}},
    {"csv.read", "{\"path\": \"x\"", PLN_ESYNTAX, {"line 1"}},
    {"csv.read", "{\"path\": \"x\", \"path\": \"y\"}", PLN_ESYNTAX, {"duplicate"}},
    {"csv.read", "[1]", PLN_ESYNTAX, {"object"}},
    {"csv.read", "{\"sample_bytes\": \"12 parsecs\"}", PLN_EOPTION, {"'sample_bytes'", "12 parsecs"}},
    {"csv.read", "{\"on_reject\": \"explode\"}", PLN_EOPTION, {"'on_reject'", "fail|drop"}},
    {"memory.read", "{\"table\": \"x\"}", PLN_EOPTION, {"'table'", "pointer"}},
};

START_TEST(configurations_are_refused_by_name) {
    pln_status status = pln_graph_add(g, "n", configs[_i].stage, configs[_i].config, &err);
    ck_assert_int_eq(status, configs[_i].status);
    ck_assert_str_eq(err.where, "g/n");
    for (int w = 0; w < 3 && configs[_i].words[w] != NULL; w++)
        ck_assert_msg(strstr(err.message, configs[_i].words[w]) != NULL, "'%s' not in: %s",
                      configs[_i].words[w], err.message);
    /* The graph stays in that error. */
    ck_assert_int_eq(pln_graph_add(g, "m", "csv.read", NULL, NULL), status);
    ck_assert_int_eq(pln_graph_wire(g, "", NULL), status);
}
END_TEST

static void three_nodes(void) {
    ck_assert_int_eq(pln_graph_add(g, "read", "csv.read", "{\"path\": \"a.csv\"}", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_add(g, "a", "limit", "{\"rows\": 1}", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_add(g, "b", "limit", "{\"rows\": 1}", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_add(g, "write", "csv.write", "{\"path\": \"b.csv\"}", &err), PLN_OK);
}

static const struct {
    const char *edges;
    int32_t status;
    const char *words[3];
} wirings[] = {
    {"read > a > b > write", PLN_OK, {0}},
    {" read>a ; \n a.out > b.in;; b > write;", PLN_OK, {0}},
    {"read > a > write; read.reject > b; b > write", PLN_OK, {0}},
    {"read > c", PLN_ENAME, {"column 8", "'c'"}},
    {"raed > a", PLN_ENAME, {"'raed'", "'read'"}},
    {"read.rejcet > a", PLN_ENAME, {"'rejcet'", "'reject'"}},
    {"read > a.inn", PLN_ENAME, {"in port 'inn'", "'in'"}},
    {"read > a; read > a", PLN_EEXIST, {"read > a"}},
    {"a > b; b > a", PLN_EINVAL, {"cycle", "a", "b"}},
    {"a > a", PLN_EINVAL, {"cycle"}},
    {"read >", PLN_ESYNTAX, {"column 7", "the name of a node"}},
    {"read a", PLN_ESYNTAX, {"column 6", "'>'"}},
    {"read > a.in > b", PLN_ESYNTAX, {"'a.in'"}},
    {"a > read", PLN_ENAME, {"'read'", "no in port"}},
    {"write > a", PLN_ENAME, {"'write'", "no out port"}},
    {"read -> a", PLN_ESYNTAX, {"column 6"}},
};

START_TEST(wirings_are_read_or_refused_with_their_column) {
    three_nodes();
    ck_assert_int_eq(pln_graph_wire(g, wirings[_i].edges, &err), wirings[_i].status);
    for (int w = 0; w < 3 && wirings[_i].words[w] != NULL; w++)
        ck_assert_msg(strstr(err.message, wirings[_i].words[w]) != NULL, "'%s' not in: %s",
                      wirings[_i].words[w], err.message);
}
END_TEST

START_TEST(unwired_ports_are_refused_at_open) {
    pln_run *run;
    three_nodes();
    ck_assert_int_eq(pln_graph_wire(g, "read > a > write", &err), PLN_OK);
    REFUSED(pln_run_open(g, NULL, &run, &err), PLN_EINVAL, "'b'");
    ck_assert_ptr_null(run);
}
END_TEST

START_TEST(a_required_option_is_asked_for_by_name) {
    ck_assert_int_eq(pln_graph_add(g, "a", "limit", NULL, &err), PLN_OK);
    ck_assert_int_eq(pln_graph_add(g, "b", "limit", "{\"rows\": 1}", &err), PLN_OK);
    REFUSED(pln_graph_wire(g, "a > b", &err), PLN_EOPTION, "'rows'", "limit");
}
END_TEST

START_TEST(options_are_set_until_the_node_is_wired) {
    three_nodes();
    ck_assert_int_eq(pln_graph_set_int(g, "a", "rows", 5, &err), PLN_OK);
    ck_assert_int_eq(pln_graph_set_text(g, "read", "path", "it's \"quoted\".csv", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_set_json(g, "read", "nulls", "[\"NA\", \"\"]", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_set_int(g, "read", "header", 1, &err), PLN_OK);
    ck_assert_int_eq(pln_graph_wire(g, "read > a > b > write", &err), PLN_OK);
    REFUSED(pln_graph_set_int(g, "a", "rows", 6, &err), PLN_ESTATE, "'rows'", "wired");
}
END_TEST

START_TEST(the_graph_describes_itself_without_secrets) {
    char *json;
    three_nodes();
    ck_assert_int_eq(pln_graph_wire(g, "read > a > b > write", &err), PLN_OK);
    ck_assert_int_eq(pln_graph_json(g, &json, &err), PLN_OK);
    ck_assert_ptr_nonnull(strstr(json, "{\"from\":\"read.out\",\"to\":\"a.in\"}"));
    ck_assert_ptr_nonnull(strstr(json, "\"path\":\"a.csv\""));
    pln_text_free(rt, json);
}
END_TEST

START_TEST(every_stage_describes_itself) {
    int32_t n = 0;
    for (const char *name; (name = pln_runtime_stage(rt, n)) != NULL; n++) {
        char *json;
        ck_assert_int_eq(pln_runtime_stage_json(rt, name, &json, &err), PLN_OK);
        /* Registries are no stages: no row comes there. */
        int rows = strncmp(name, "registry.", 9) != 0;
        ck_assert_int_eq(strstr(json, "\"on_reject\"") != NULL, rows);
        ck_assert_ptr_nonnull(strstr(json, "\"summary\":\""));
        pln_text_free(rt, json);
    }
    ck_assert_int_ge(n, 8);
    ck_assert_int_eq(pln_runtime_stage_json(rt, "nothing", &(char *){NULL}, &err), PLN_ENAME);
}
END_TEST

START_TEST(plugins_must_be_safe_to_load) {
    REFUSED(pln_runtime_load(rt, "relative.so", &err), PLN_EINVAL, "absolute");
    REFUSED(pln_runtime_load(rt, "/no/such/plugin.so", &err), PLN_ENOENT, "/no/such/plugin.so");
    REFUSED(pln_runtime_load(rt, "/tmp", &err), PLN_EINVAL, "writable");
}
END_TEST

static int freed;
static void count_free(void *user) {
    (void)user;
    freed++;
}
static pln_status no_map(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                         pln_error *e) {
    (void)user;
    (void)ctx;
    (void)in;
    (void)out;
    (void)e;
    return PLN_OK;
}

START_TEST(user_pointers_are_freed_once_also_on_failure) {
    freed = 0;
    ck_assert_int_eq(pln_graph_add_map(g, "m", no_map, NULL, count_free, NULL, &err), PLN_OK);
    ck_assert_int_eq(pln_graph_add_map(g, "m", no_map, NULL, count_free, NULL, &err), PLN_EEXIST);
    ck_assert_int_eq(freed, 1);
    ck_assert_int_eq(pln_graph_add_map(g, "k", no_map, NULL, count_free, NULL, &err), PLN_EEXIST);
    ck_assert_int_eq(freed, 2);
    ck_assert_int_lt(pln_graph_bind(g, "m", "x", &freed, count_free, &err), 0);
    ck_assert_int_eq(freed, 3);
    pln_graph_free(g);
    ck_assert_int_eq(freed, 4);
    ck_assert_int_eq(pln_graph_new(rt, "g", &g, &err), PLN_OK);
}
END_TEST

Suite *suite_graph_graph(void);
Suite *suite_graph_graph(void) {
    Suite *suite = suite_create("graph/graph");
    TCase *tc = tcase_create("graph");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, configurations_are_refused_by_name, 0,
                        sizeof configs / sizeof configs[0]);
    tcase_add_loop_test(tc, wirings_are_read_or_refused_with_their_column, 0,
                        sizeof wirings / sizeof wirings[0]);
    tcase_add_test(tc, unwired_ports_are_refused_at_open);
    tcase_add_test(tc, a_required_option_is_asked_for_by_name);
    tcase_add_test(tc, options_are_set_until_the_node_is_wired);
    tcase_add_test(tc, the_graph_describes_itself_without_secrets);
    tcase_add_test(tc, every_stage_describes_itself);
    tcase_add_test(tc, plugins_must_be_safe_to_load);
    tcase_add_test(tc, user_pointers_are_freed_once_also_on_failure);
    suite_add_tcase(suite, tc);
    return suite;
}
