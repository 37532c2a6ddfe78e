#include "column/column.h"
#include "scratch.h"
#include <check.h>
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An Avro enum from a file through a whole graph: what the nodes on the way see of its symbols, and what sinks write. */

static scratch dir;
static pln_runtime *rt;
static pln_error err;
static char seen[1000]; /* by the node "look", a line for each batch that is unlike the one before */

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void set_up(void) {
    memset(&err, 0, sizeof err);
    seen[0] = '\0';
    dir = scratch_new();
    OK(pln_runtime_new(NULL, &rt, &err));
}

static void tear_down(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define SCHEMA(symbols)                                                                            \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"         \
    "{\"name\":\"color\",\"type\":{\"type\":\"enum\",\"name\":\"color\",\"symbols\":[" symbols     \
    "]}}]}"
#define COLORS "\"RED\",\"GREEN\",\"BLUE\""

/* "[symbols in the metadata] dictionary" of the column color. */
static pln_status look(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                       pln_error *error) {
    const struct ArrowSchema *schema = pln_batch_schema(in);
    int64_t at = pln__schema_find(schema, "color");
    char line[300];
    int32_t size = 0;
    (void)user;
    (void)ctx;
    if (at < 0)
        return pln__error_set(error, PLN_ENAME, "color is gone");
    const struct ArrowSchema *field = schema->children[at];
    const struct ArrowArray *words = pln_batch_array(in)->children[at]->dictionary;
    const char *list = pln__field_metadata(field, "pln.symbols", &size);
    snprintf(line, sizeof line, "%.*s", (int)size, list == NULL ? "" : list);
    pln__type type;
    (void)pln__type_of(field->dictionary, &type, NULL);
    for (int64_t i = 0; i < words->length; i++) {
        int64_t n;
        const char *word = (const char *)pln__array_bytes(&type, words, i, &n);
        snprintf(line + strlen(line), sizeof line - strlen(line), " %.*s", (int)n, word);
    }
    strcat(line, "\n");
    size_t have = strlen(seen), more = strlen(line);
    if (have < more || strcmp(seen + have - more, line) != 0)
        strcat(seen, line);
    *out = pln_batch_ref(in);
    return PLN_OK;
}

static pln_graph *graph(const char *reader, const char *in, const char *text) {
    pln_graph *g;
    pln_map_options options = {.struct_size = sizeof options, .flags = PLN_MAP_ROWWISE};
    scratch_write(&dir, in, text, -1);
    OK(pln_graph_new(rt, "g", &g, &err));
    OK(pln_graph_add(g, "read", reader, NULL, &err));
    OK(pln_graph_set_text(g, "read", "path", scratch_path(&dir, in), &err));
    OK(pln_graph_add_map(g, "look", look, NULL, NULL, &options, &err));
    OK(pln_graph_add(g, "out", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "out", "path", scratch_path(&dir, "out"), &err));
    OK(pln_graph_add(g, "bad", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad"), &err));
    return g;
}

static char *slurp(const char *name) {
    int64_t size;
    return scratch_read(&dir, name, &size);
}

static const struct {
    const char *reader, *text, *bad[2];
} inputs[] = {
    {"csv.read", "color,id\nBLUE,1\nRED,2\nPINK,3\nRED,4\n",
     {"\"message\":\"expected one of RED, GREEN, BLUE, got 'PINK'\",\"column\":\"color\"", "\"line\":4"}},
    {"ndjson.read",
     "{\"id\":1,\"color\":\"BLUE\"}\n{\"id\":2,\"color\":\"RED\"}\n{\"id\":3,\"color\":\"PINK\"}\n"
     "{\"id\":4,\"color\":\"RED\"}\n",
     {"\"message\":\"member 'color': expected one of RED, GREEN, BLUE, got 'PINK'\",\"column\":\"color\"", "\"line\":3"}},
};

START_TEST(symbols_go_through_a_graph) {
    pln_graph *g = graph(inputs[_i].reader, "in", inputs[_i].text);
    sqlite3 *db;
    sqlite3_stmt *rows;
    OK(pln_graph_set_text(g, "read", "schema", SCHEMA(COLORS), &err));
    OK(pln_graph_add(g, "keep", "filter", "{\"where\":\"color <> 'GREEN' and id <> 4\"}", &err));
    OK(pln_graph_add(g, "derive", "derive",
                     "{\"columns\":{\"low\":\"lower(color)\",\"also\":\"color\"}}", &err));
    OK(pln_graph_add(g, "pick", "select",
                     "{\"columns\":[\"low\",\"also\",\"id\"],\"rename\":{\"also\":\"color\"}}",
                     &err));
    OK(pln_graph_add(g, "db", "sqlite.append", "{\"table\":\"t\"}", &err));
    OK(pln_graph_set_text(g, "db", "database", scratch_path(&dir, "t.db"), &err));
    OK(pln_graph_wire(g, "read > keep > derive > pick > look > out; look > db; read.reject > bad",
                      &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    pln_graph_free(g);
    ck_assert_str_eq(seen, "[\"RED\",\"GREEN\",\"BLUE\"] RED GREEN BLUE\n");
    char *out = slurp("out"), *bad = slurp("bad");
    ck_assert_str_eq(out, "{\"low\":\"blue\",\"color\":\"BLUE\",\"id\":1}\n"
                          "{\"low\":\"red\",\"color\":\"RED\",\"id\":2}\n");
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strstr(bad, inputs[_i].bad[i]) != NULL, "%s", bad);
    ck_assert_ptr_eq(strchr(bad, '\n'), bad + strlen(bad) - 1);
    free(out);
    free(bad);
    ck_assert_int_eq(sqlite3_open(scratch_path(&dir, "t.db"), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "select group_concat(color || ' ' || typeof(color)) from "
                                        "(select color from t order by id)",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(rows), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(rows, 0), "BLUE text,RED text");
    sqlite3_finalize(rows);
    sqlite3_close(db);
}
END_TEST

/* Enums are of one type whatever their symbols are: the streams meet, and the batches that are handed on keep their words. */
START_TEST(enums_of_other_symbols_are_of_one_type) {
    pln_graph *g = graph("csv.read", "in", "color,id\nBLUE,1\n");
    OK(pln_graph_set_text(g, "read", "schema", SCHEMA(COLORS), &err));
    scratch_write(&dir, "in2", "{\"id\":2,\"color\":\"PINK\"}\n", -1);
    OK(pln_graph_add(g, "more", "ndjson.read", NULL, &err));
    OK(pln_graph_set_text(g, "more", "path", scratch_path(&dir, "in2"), &err));
    OK(pln_graph_set_text(g, "more", "schema", SCHEMA("\"GREY\",\"PINK\""), &err));
    OK(pln_graph_add(g, "all", "union", NULL, &err));
    OK(pln_graph_wire(
        g, "read > all; more > all; all > look > out; read.reject > bad; more.reject > bad", &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    pln_graph_free(g);
    char *out = slurp("out");
    ck_assert_ptr_nonnull(strstr(out, "{\"id\":1,\"color\":\"BLUE\"}\n"));
    ck_assert_ptr_nonnull(strstr(out, "{\"id\":2,\"color\":\"PINK\"}\n"));
    ck_assert_ptr_nonnull(strstr(seen, "[\"RED\",\"GREEN\",\"BLUE\"] RED GREEN BLUE\n"));
    ck_assert_ptr_nonnull(strstr(seen, "[\"GREY\",\"PINK\"] GREY PINK\n"));
    free(out);
}
END_TEST

/* A symbol that is added between two attempts of a run changes no type; the rows to come may have it. */
START_TEST(a_resumed_run_has_the_symbols_of_today) {
    pln_graph *g = graph("csv.read", "in", "color,id\nBLUE,1\nRED,2\nPINK,3\nGREEN,4\n");
    pln_run *run;
    pln_run_options how;
    char state[300];
    snprintf(state, sizeof state, "%s", scratch_path(&dir, "state"));
    scratch_write(&dir, "r.avsc", SCHEMA(COLORS), -1);
    OK(pln_graph_set_text(g, "read", "schema", scratch_path(&dir, "r.avsc"), &err));
    OK(pln_graph_wire(g, "read > look > out; read.reject > bad", &err));
    pln_run_options_init(&how, sizeof how);
    how.state = state;
    how.epoch_rows = 2;
    how.max_batch_rows = 2;
    OK(pln_run_open(g, &how, &run, &err));
    while (seen[0] == '\0')
        OK(pln_run_step(run, 0, NULL, &err));
    pln_run_stop(run);
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
    scratch_write(&dir, "r.avsc", SCHEMA(COLORS ",\"PINK\""), -1);
    OK(pln_graph_run(g, &how, NULL, &err));
    pln_graph_free(g);
    ck_assert_str_eq(seen, "[\"RED\",\"GREEN\",\"BLUE\"] RED GREEN BLUE\n"
                           "[\"RED\",\"GREEN\",\"BLUE\",\"PINK\"] RED GREEN BLUE PINK\n");
    char *out = slurp("out");
    ck_assert_str_eq(out, "{\"id\":1,\"color\":\"BLUE\"}\n{\"id\":2,\"color\":\"RED\"}\n"
                          "{\"id\":3,\"color\":\"PINK\"}\n{\"id\":4,\"color\":\"GREEN\"}\n");
    free(out);
}
END_TEST

Suite *suite_connect_file_enums(void);
Suite *suite_connect_file_enums(void) {
    Suite *suite = suite_create("connect/file_enums");
    TCase *one = tcase_create("enums");
    tcase_add_checked_fixture(one, set_up, tear_down);
    tcase_add_loop_test(one, symbols_go_through_a_graph, 0, 2);
    tcase_add_test(one, enums_of_other_symbols_are_of_one_type);
    tcase_add_test(one, a_resumed_run_has_the_symbols_of_today);
    suite_add_tcase(suite, one);
    return suite;
}
