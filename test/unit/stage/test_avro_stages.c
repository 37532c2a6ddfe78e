/* avro.decode and avro.encode: bytes written by hand from the specification, registries with versions, and rows that are bad. */
#include "registry_stand.h"
#include <stdio.h>
#include <stdlib.h>

static stand s;

static const char OLD[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}";
static const char NEW[] = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"note\","
                          "\"type\":\"string\",\"default\":\"-\"},"
                          "{\"name\":\"id\",\"type\":\"long\"}]}";

static void setup(void) {
    ck_assert(stand_up(&s, ON_DIRECTORY));
}

static void teardown(void) {
    stand_down(&s);
}

/* ---- a table of bytes ---- */

typedef struct datum {
    const char *bytes; /* NULL: null */
    int64_t size;
} datum;

static pln_table *table_of(const datum *data, int n) {
    struct ArrowSchema schema;
    pln_builder *b;
    pln_table *table;
    pln_batch *batch;
    OK(&s, pln_schema_parse(s.rt, "k int64 not null, value binary", &schema, &s.err));
    OK(&s, pln_table_new(s.rt, &schema, &table, &s.err));
    OK(&s, pln_builder_new(s.rt, &schema, &b, &s.err));
    for (int i = 0; i < n; i++) {
        OK(&s, pln_column_int(pln_builder_column(b, 0), i, &s.err));
        OK(&s, data[i].bytes == NULL ? pln_column_null(pln_builder_column(b, 1), &s.err)
                                     : pln_column_bytes(pln_builder_column(b, 1), data[i].bytes,
                                                        data[i].size, &s.err));
    }
    OK(&s, pln_builder_finish(b, &batch, &s.err));
    OK(&s, pln_table_append(table, batch, &s.err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

/* table > stage > out, rejects to bad. `text` may name a text option to set besides. */
static pln_status run(pln_table *table, const char *stage, const char *config,
                      pln_schema_registry *registry) {
    pln_graph *g;
    pln_run_options options;
    memset(&s.err, 0, sizeof s.err);
    pln_graph_new(s.rt, "t", &g, &s.err);
    pln_graph_add(g, "in", "memory.read", NULL, &s.err);
    pln_graph_bind(g, "in", "table", table, NULL, &s.err);
    pln_graph_add(g, "x", stage, config, &s.err);
    if (registry != NULL)
        pln_graph_bind(g, "x", "registry_handle", registry, NULL, &s.err);
    pln_graph_add(g, "out", "ndjson.write", NULL, &s.err);
    pln_graph_set_text(g, "out", "path", scratch_path(&s.dir, "out"), &s.err);
    pln_graph_add(g, "bad", "ndjson.write", NULL, &s.err);
    pln_graph_set_text(g, "bad", "path", scratch_path(&s.dir, "bad"), &s.err);
    pln_graph_wire(g, "in > x > out; x.reject > bad", &s.err);
    pln_run_options_init(&options, sizeof options);
    pln_status status = pln_graph_run(g, &options, NULL, &s.err);
    pln_graph_free(g);
    return status;
}

static void same(const char *name, const char *expected) {
    char *got = scratch_read(&s.dir, name, &(int64_t){0});
    ck_assert_ptr_nonnull(got);
    ck_assert_str_eq(got, expected);
    free(got);
}

/* The words stand in the rejects, one line after the other. */
static void rejected(const char *const *words) {
    char *got = scratch_read(&s.dir, "bad", &(int64_t){0}), *at = got;
    ck_assert_ptr_nonnull(got);
    for (; *words != NULL; words++) {
        char *found = strstr(at, *words), *end = strchr(at, '\n');
        ck_assert_msg(found != NULL && end != NULL && found < end, "'%s' is not in %s", *words, at);
        at = end + 1;
    }
    ck_assert_str_eq(at, "");
    free(got);
}

#define CONFIG(more, schema) "{\"column\": \"value\", " more "\"schema\": " schema "}"
#define D(text)                                                                                    \
    { text, (int64_t)sizeof(text) - 1 }
#define OLD_TEXT                                                                                   \
    "\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[{\\\"name\\\":"         \
    "\\\"id\\\",\\\"type\\\":\\\"int\\\"}]}\""
#define NEW_TEXT                                                                                   \
    "\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[{\\\"name\\\":\\\"note\\\",\\\"type\\\":\\\"string\\\",\\\"default\\\":\\\"-\\\"}," \
    "{\\\"name\\\":\\\"id\\\",\\\"type\\\":\\\"long\\\"}]}\""

START_TEST(decodes_bare_data) {
    static const datum data[] = {D("\x02"), D("\x01"), D(""), D("\x02\x02"), {NULL, 0},
                                 D("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"), D("\xac\x02")};
    static const char *const words[] = {
        "\"original\":\"\"", "1 bytes are left over", "null holds no datum", "PLN_EDATA", NULL};
    pln_table *table = table_of(data, 7);
    pln_status status = run(table, "avro.decode", CONFIG("", OLD_TEXT), NULL);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"id\":1}\n{\"id\":-1}\n{\"id\":150}\n");
    rejected(words);
    pln_table_free(table);
}
END_TEST

START_TEST(keeps_the_other_columns) {
    static const datum data[] = {D("\x02"), D("\x02\x02"), D("\x04")};
    static const char *const words[] = {"\"original\":\"\\u0002\\u0002\"", NULL};
    pln_table *table = table_of(data, 3);
    pln_status status = run(table, "avro.decode",
                            "{\"column\": \"value\", \"output\": \"extend\", \"schema\": " NEW_TEXT
                            ", \"writer_schema\": " OLD_TEXT "}",
                            NULL);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"k\":0,\"note\":\"-\",\"id\":1}\n{\"k\":2,\"note\":\"-\",\"id\":2}\n");
    rejected(words);
    pln_table_free(table);
}
END_TEST

/* Fingerprint of OLD, computed apart: CRC-64-AVRO of {"name":"R","type":"record","fields":[{"name":"id","type":"int"}]}. */
START_TEST(decodes_single_objects) {
    uint8_t mark[8];
    char good[11] = "\xc3\x01", other[11] = "\xc3\x01";
    pln_avro_schema *schema;
    OK(&s, pln_avro_schema_parse(s.rt, OLD, -1, NULL, &schema, &s.err));
    OK(&s, pln_avro_schema_fingerprint(schema, PLN_AVRO_RABIN, mark, &s.err));
    pln_avro_schema_free(schema);
    memcpy(good + 2, mark, 8);
    memcpy(other + 2, mark, 8);
    other[2] ^= 1;
    good[10] = other[10] = 6;
    datum data[] = {{good, 11}, {other, 11}, {good, 9}, D("\x02")};
    static const char *const words[] = {"is not known", "at least 10 are needed",
                                        "unknown magic byte 0x02", NULL};
    pln_table *table = table_of(data, 4);
    pln_status status =
        run(table, "avro.decode", CONFIG("\"frame\": \"single-object\", ", OLD_TEXT), NULL);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"id\":3}\n");
    rejected(words);
    pln_table_free(table);
}
END_TEST

static int64_t put(const char *subject, const char *schema, uint8_t *guid) {
    pln_schema_draft draft = draft_of(subject, schema);
    pln_schema_entry out = entry_new();
    OK(&s, pln_schema_registry_register(s.registry, &draft, &out, &s.err));
    if (guid != NULL)
        memcpy(guid, out.guid, 16);
    return out.id;
}

/* Rows of two writers take turns; ids 1 and 2 are known, 3 is a string, 9 is nobody's. */
START_TEST(finds_writers_by_id) {
    static const datum data[] = {
        D("\0\0\0\0\1\x02"),         D("\0\0\0\0\2\2a\x04"), D("\0\0\0\0\1\x06"),     D("\0\0\0\0\3\2a"),
        D("\0\0\0\0\x9\x02"),        D("{\"id\":1}"),         D("\0\0\0\0\2\2b"),      D("\0\0\0"),
        D("\0\0\0\0\2\2c\x08"),      D("\0\0\0\0\3\2a"),      D("\0\0\0\0\2\2d\x0a\1"), D("\0\0\0\0\2\2e\x0c")};
    static const char *const words[] = {"string",      "schema 9: not found", "unknown magic byte 0x7b",
                                        "PLN_EDATA",   "at least 5",          "string",
                                        "left over", NULL};
    ck_assert_int_eq(put("r-value", OLD, NULL), 1);
    ck_assert_int_eq(put("r-value", NEW, NULL), 2);
    ck_assert_int_eq(put("other-value", "\"string\"", NULL), 3);
    pln_table *table = table_of(data, 12);
    pln_status status = run(
        table, "avro.decode",
        "{\"column\": \"value\", \"frame\": \"confluent\", \"subject\": \"r-value\"}", s.registry);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"note\":\"-\",\"id\":1}\n{\"note\":\"a\",\"id\":2}\n{\"note\":\"-\",\"id\":3}\n"
                "{\"note\":\"c\",\"id\":4}\n{\"note\":\"e\",\"id\":6}\n");
    rejected(words);
    pln_table_free(table);

    /* By a location, and with the reader pinned to the first version. */
    char config[1024];
    table = table_of(data, 3);
    snprintf(
        config, sizeof config,
        "{\"column\": \"value\", \"frame\": \"confluent\", \"schema\": %s, \"registry\": \"%s\"}",
        "\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[{\\\"name\\\":"
        "\\\"id\\\",\\\"type\\\":\\\"long\\\"}]}\"",
        s.location);
    status = run(table, "avro.decode", config, NULL);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
    pln_table_free(table);
}
END_TEST

START_TEST(finds_writers_by_guid) {
    char good[18] = "\1", bad[18] = "\1";
    uint8_t guid[16];
    put("r-value", OLD, guid);
    memcpy(good + 1, guid, 16);
    memcpy(bad + 1, guid, 16);
    bad[7] ^= 1;
    good[17] = bad[17] = 2;
    datum data[] = {{good, 18}, {bad, 18}, D("\0\0\0\0\1\x04")};
    static const char *const words[] = {"guid", NULL};
    pln_table *table = table_of(data, 3);
    pln_status status =
        run(table, "avro.decode", CONFIG("\"frame\": \"any\", ", OLD_TEXT), s.registry);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    same("out", "{\"id\":1}\n{\"id\":2}\n");
    rejected(words);
    pln_table_free(table);
}
END_TEST

static const struct {
    const char *stage, *config;
    bool registry;
    pln_status status;
    const char *words;
} refused[] = {
    {"avro.decode", "{\"column\": \"value\"}", false, PLN_EOPTION, "'schema'"},
    {"avro.decode", "{\"column\": \"value\", \"schema\": \"{\"}", false, PLN_ESYNTAX, "'schema'"},
    {"avro.decode", CONFIG("\"frame\": \"confluent\", ", OLD_TEXT), false, PLN_EOPTION, "'frame'"},
    {"avro.decode", "{\"column\": \"valeu\", \"schema\": \"\\\"int\\\"\"}", false, PLN_ENAME, "did you mean 'value'"},
    {"avro.decode", "{\"column\": \"k\", \"schema\": \"\\\"int\\\"\"}", false, PLN_ETYPE, "expected binary, got int64"},
    {"avro.decode", CONFIG("\"writer_schema\": \"\\\"string\\\"\", ", OLD_TEXT), false, PLN_ETYPE, ""},
    {"avro.decode", "{\"column\": \"value\", \"subject\": \"nobody\"}", true, PLN_ENOENT, "nobody"},
    {"avro.decode", CONFIG("\"registry\": \"gopher:x\", ", OLD_TEXT), false, PLN_ENAME, "registry.gopher"},
    {"avro.encode", "{\"frame\": \"confluent\"}", false, PLN_EOPTION, "'frame'"},
    {"avro.encode", "{\"frame\": \"confluent\"}", true, PLN_EOPTION, "'subject'"},
    {"avro.encode", "{\"frame\": \"confluent\", \"subject\": \"x\"}", true, PLN_ENOENT, "not registered"},
    {"avro.encode", "{\"output\": \"extend\"}", false, PLN_EOPTION, "'value'"},
};

START_TEST(refuses_wrong_options) {
    static const datum data[] = {D("\x02")};
    pln_table *table = table_of(data, 1);
    pln_status status =
        run(table, refused[_i].stage, refused[_i].config, refused[_i].registry ? s.registry : NULL);
    ck_assert_msg(status == refused[_i].status && strstr(s.err.message, refused[_i].words) != NULL,
                  "%s %s", pln_status_name(status), s.err.message);
    pln_table_free(table);
}
END_TEST

/* ---- encoding ---- */

START_TEST(encodes_by_hand) {
    static const datum data[] = {D("AB"), {NULL, 0}};
    pln_table *table = table_of(data, 2);
    /* k as a long, then the union's branch, then bytes with their length. */
    pln_status status = run(table, "avro.encode", "{\"column\": \"out\"}", NULL);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    /* 00 02 04 41 42 and 02 00 */
    same("out", "{\"out\":{\"base64\":\"AAIEQUI=\"}}\n{\"out\":{\"base64\":\"AgA=\"}}\n");
    same("bad", "");
    pln_table_free(table);
}
END_TEST

START_TEST(encodes_with_ids_and_rejects) {
    static const datum data[] = {D("AB"), {NULL, 0}, D("C")};
    static const char *const words[] = {"value", NULL};
    static const char *const schema =
        "\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[{\\\"name\\\":"
        "\\\"value\\\",\\\"type\\\":\\\"bytes\\\"},"
        "{\\\"name\\\":\\\"k\\\",\\\"type\\\":\\\"long\\\"}]}\"";
    char config[1024];
    put("first", "\"int\"", NULL);
    pln_table *table = table_of(data, 3);
    snprintf(config, sizeof config,
             "{\"column\": \"out\", \"frame\": \"confluent\", \"subject\": \"r-value\", "
             "\"register\": true, "
             "\"output\": \"extend\", \"schema\": %s}",
             schema);
    pln_status status = run(table, "avro.encode", config, s.registry);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    /* 00 00000002 04 41 42 00 and 00 00000002 02 43 04 */
    same("out", "{\"k\":0,\"value\":\"AB\",\"out\":{\"base64\":\"AAAAAAIEQUIA\"}}\n"
                "{\"k\":2,\"value\":\"C\",\"out\":{\"base64\":\"AAAAAAICQwQ=\"}}\n");
    rejected(words);
    pln_table_free(table);
}
END_TEST

/* What avro.encode makes, avro.decode reads, in every frame. */
START_TEST(there_and_back) {
    static const char *const frames[] = {"none", "single-object", "confluent", "confluent-guid"};
    static const datum data[] = {D("AB"), {NULL, 0}, D("")};
    pln_run_options options;
    pln_graph *g;
    pln_table *table = table_of(data, 3);
    memset(&s.err, 0, sizeof s.err);
    bool asks = _i >= 2;
    pln_graph_new(s.rt, "t", &g, &s.err);
    pln_graph_add(g, "in", "memory.read", NULL, &s.err);
    pln_graph_bind(g, "in", "table", table, NULL, &s.err);
    pln_graph_add(g, "e", "avro.encode", "{\"column\": \"data\"}", &s.err);
    pln_graph_add(g, "d", "avro.decode", "{\"column\": \"data\"}", &s.err);
    pln_graph_set_text(
        g, "d", "schema",
        "{\"type\":\"record\",\"name\":\"row\",\"fields\":[{\"name\":\"k\",\"type\":\"long\"},"
        "{\"name\":\"value\",\"type\":[\"null\",\"bytes\"]}]}",
        &s.err);
    for (int i = 0; i < 2; i++) {
        pln_graph_set_text(g, i == 0 ? "e" : "d", "frame", frames[_i], &s.err);
        if (asks)
            pln_graph_bind(g, i == 0 ? "e" : "d", "registry_handle", s.registry, NULL, &s.err);
    }
    if (asks) {
        pln_graph_set_text(g, "e", "subject", "r-value", &s.err);
        pln_graph_set_json(g, "e", "register", "true", &s.err);
    }
    pln_graph_add(g, "out", "ndjson.write", NULL, &s.err);
    pln_graph_set_text(g, "out", "path", scratch_path(&s.dir, "out"), &s.err);
    pln_graph_wire(g, "in > e > d > out", &s.err);
    pln_run_options_init(&options, sizeof options);
    pln_status status = pln_graph_run(g, &options, NULL, &s.err);
    ck_assert_msg(status == PLN_OK, "%s: %s", s.err.where, s.err.message);
    pln_graph_free(g);
    same("out", "{\"k\":0,\"value\":\"AB\"}\n{\"k\":1,\"value\":null}\n{\"k\":2,\"value\":\"\"}\n");
    pln_table_free(table);
}
END_TEST

Suite *suite_stage_avro_stages(void);
Suite *suite_stage_avro_stages(void) {
    Suite *suite = suite_create("stage/avro_stages");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, decodes_bare_data);
    tcase_add_test(tc, keeps_the_other_columns);
    tcase_add_test(tc, decodes_single_objects);
    tcase_add_test(tc, finds_writers_by_id);
    tcase_add_test(tc, finds_writers_by_guid);
    tcase_add_loop_test(tc, refuses_wrong_options, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tc, encodes_by_hand);
    tcase_add_test(tc, encodes_with_ids_and_rejects);
    tcase_add_loop_test(tc, there_and_back, 0, 4);
    suite_add_tcase(suite, tc);
    return suite;
}
