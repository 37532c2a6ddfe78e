#include "container_rows.h"
#include "format/avro_block.h"
#include "scratch.h"
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/* avro.read and avro.write in whole graphs. The kit tries what holds for every source and sink. */

static scratch dir;
static pln_runtime *rt;
static pln_error err;

#define SYNC "0123456789abcdef"
#define V1                                                                                         \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"},"          \
    "{\"name\":\"s\",\"type\":\"string\"}]}"
#define V2                                                                                         \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"s\",\"type\":\"bytes\"},"         \
    "{\"name\":\"number\",\"type\":\"int\"},{\"name\":\"more\",\"type\":\"boolean\"}]}"
#define READER                                                                                     \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\","          \
    "\"aliases\":[\"number\"]},{\"name\":\"s\",\"type\":\"string\"}]}"

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void set_up(void) {
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    OK(pln_runtime_new(NULL, &rt, &err));
}

static void tear_down(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

/* Rows (id, "s<id>") as V1, or (s, id, true) as V2, `n` of them in blocks of 2. */
static pln__buffer make_file(bool second, const char *codec_name, int first, int n) {
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer file = {0};
    pln__avro_codec *codec;
    int32_t kind;
    OK(pln__avro_codec_find(codec_name, (int64_t)strlen(codec_name), &kind, &err));
    OK(pln__avro_codec_new(mem, kind, 0, &codec, &err));
    container_put_header(&file, second ? V2 : V1, codec_name, SYNC);
    for (int i = first; i < first + n; i += 2) {
        pln__buffer data = {0}, packed = {0};
        for (int j = i; j < i + 2; j++) {
            char text[20];
            int size = snprintf(text, sizeof text, "s%d", j);
            if (!second)
                container_put_long(&data, j);
            container_put_text(&data, text, size);
            if (second) {
                container_put_long(&data, j);
                OK(pln__buffer_append(mem, &data, "\1", 1, &err));
            }
        }
        OK(pln__avro_pack(codec, data.data, data.size, &packed, &err));
        container_put_block(&file, 2, &packed, SYNC);
        pln__buffer_free(mem, &data);
        pln__buffer_free(mem, &packed);
    }
    pln__avro_codec_free(codec);
    return file;
}

static void put_file(const char *name, pln__buffer file) {
    scratch_write(&dir, name, (const char *)file.data, file.size);
    pln__buffer_free(pln__system_allocator(), &file);
}

/* reader > writer; reader.reject > bad, with paths in the scratch folder. */
static pln_status run(const char *reader, const char *in, const char *options, const char *writer,
                      const char *out, const char *write_options) {
    pln_graph *g;
    pln_run_options how;
    memset(&err, 0, sizeof err);
    OK(pln_graph_new(rt, "g", &g, &err));
    pln_graph_add(g, "read", reader, options, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, in), &err);
    pln_graph_add(g, "write", writer, write_options, &err);
    pln_graph_set_text(g, "write", "path", scratch_path(&dir, out), &err);
    pln_graph_add(g, "bad", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad"), &err);
    pln_graph_wire(g, "read > write; read.reject > bad; write.reject > bad", &err);
    pln_run_options_init(&how, sizeof how);
    how.epoch_rows = 5;
    pln_status status = pln_graph_run(g, &how, NULL, &err);
    pln_graph_free(g);
    return status;
}

static void assert_file(const char *name, const char *expected) {
    char *got = scratch_read(&dir, name, NULL);
    ck_assert_str_eq(got, expected);
    free(got);
}

static void assert_says(pln_status got, pln_status status, const char *words) {
    ck_assert_msg(got == status, "%s: %s", pln_status_name(got), err.message);
    ck_assert_msg(strstr(err.message, words) != NULL || strstr(err.where, words) != NULL, "%s (%s)",
                  err.message, err.where);
}

/* ---- reading ---- */

START_TEST(each_file_by_its_own_schema) {
    put_file("in/a.avro", make_file(false, "snappy", 0, 4));
    put_file("in/b.avro", make_file(true, "deflate", 4, 2));
    put_file("in/c.avro", make_file(false, "null", 6, 2));
    OK(run("avro.read", "in", "{\"schema\": " READER "}", "ndjson.write", "out", NULL));
    assert_file("out", "{\"id\":0,\"s\":\"s0\"}\n{\"id\":1,\"s\":\"s1\"}\n{\"id\":2,\"s\":\"s2\"}\n"
                       "{\"id\":3,\"s\":\"s3\"}\n{\"id\":4,\"s\":\"s4\"}\n{\"id\":5,\"s\":\"s5\"}\n"
                       "{\"id\":6,\"s\":\"s6\"}\n{\"id\":7,\"s\":\"s7\"}\n");
    assert_file("bad", "");
}
END_TEST

/* Without a schema the first file's is it, for the others, too. */
START_TEST(the_first_file_gives_the_columns) {
    put_file("in/a.avro", make_file(true, "deflate", 4, 2));
    OK(run("avro.read", "in", NULL, "ndjson.write", "out", NULL));
    assert_file("out", "{\"s\":\"s4\",\"number\":4,\"more\":true}\n"
                       "{\"s\":\"s5\",\"number\":5,\"more\":true}\n");
    put_file("in/b.avro", make_file(false, "null", 0, 2));
    pln_status status = run("avro.read", "in", NULL, "ndjson.write", "out", NULL);
    assert_says(status, PLN_ETYPE, "number");
    ck_assert_ptr_nonnull(strstr(err.where, "b.avro"));
}
END_TEST

START_TEST(a_schema_in_a_file) {
    put_file("a.avro", make_file(true, "null", 4, 2));
    char options[700];
    scratch_write(&dir, "r.avsc", READER, sizeof READER - 1);
    snprintf(options, sizeof options, "{\"schema\": \"%s\"}", scratch_path(&dir, "r.avsc"));
    OK(run("avro.read", "a.avro", options, "ndjson.write", "out", NULL));
    assert_file("out", "{\"id\":4,\"s\":\"s4\"}\n{\"id\":5,\"s\":\"s5\"}\n");
}
END_TEST

START_TEST(gzip_around_a_file) {
    pln__buffer file = make_file(false, "null", 0, 2), packed = {0};
    OK(pln__gzip_member(pln__system_allocator(), 6, file.data, file.size, &packed, &err));
    pln__buffer_free(pln__system_allocator(), &file);
    put_file("a.avro.gz", packed);
    OK(run("avro.read", "a.avro.gz", NULL, "ndjson.write", "out", NULL));
    assert_file("out", "{\"id\":0,\"s\":\"s0\"}\n{\"id\":1,\"s\":\"s1\"}\n");
}
END_TEST

START_TEST(rejects_name_the_place) {
    pln__buffer file = make_file(false, "snappy", 0, 6);
    int64_t second =
        file.size -
        2 * (file.size - (int64_t)(sizeof V1 - 1) - 4 - 1 - 12 - 2 - 11 - 7 - 1 - 16) / 3;
    file.data[second + 4] ^= 1;
    put_file("a.avro", file);
    OK(run("avro.read", "a.avro", NULL, "ndjson.write", "out", NULL));
    assert_file("out", "{\"id\":0,\"s\":\"s0\"}\n{\"id\":1,\"s\":\"s1\"}\n"
                       "{\"id\":4,\"s\":\"s4\"}\n{\"id\":5,\"s\":\"s5\"}\n");
    char *bad = scratch_read(&dir, "bad", NULL), words[100];
    snprintf(words, sizeof words,
             "\"message\":\"block at byte %lld, of 2 rows: snappy: ", (long long)second);
    ck_assert_msg(strstr(bad, words) != NULL, "%s", bad);
    ck_assert_ptr_nonnull(strstr(bad, "\"position\":2,\"line\":null,"));
    ck_assert_ptr_nonnull(strstr(bad, "\"original\":{\"base64\":\""));
    free(bad);
}
END_TEST

/* What a later node rejects has the row's datum as its original bytes, out of the compressed block. */
START_TEST(rows_keep_their_bytes) {
    pln_graph *g;
    put_file("a.avro", make_file(false, "snappy", 0, 6));
    OK(pln_graph_new(rt, "g", &g, &err));
    OK(pln_graph_add(g, "read", "avro.read", NULL, &err));
    OK(pln_graph_set_text(g, "read", "path", scratch_path(&dir, "a.avro"), &err));
    OK(pln_graph_add(g, "odd", "filter", "{\"where\": \"id <> 3\", \"else\": \"reject\"}", &err));
    OK(pln_graph_add(g, "write", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "write", "path", scratch_path(&dir, "out"), &err));
    OK(pln_graph_add(g, "bad", "ndjson.write", NULL, &err));
    OK(pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad"), &err));
    OK(pln_graph_wire(g, "read > odd > write; odd.reject > bad", &err));
    OK(pln_graph_run(g, NULL, NULL, &err));
    pln_graph_free(g);
    char *bad = scratch_read(&dir, "bad", NULL);
    ck_assert_msg(strstr(bad, "\"position\":3,") != NULL, "%s", bad);
    ck_assert_ptr_nonnull(strstr(bad, "\"original\":\"\\u0006\\u0004s3\""));
    free(bad);
}
END_TEST

START_TEST(a_cut_file_ends_the_run) {
    pln__buffer file = make_file(false, "null", 0, 4);
    file.size -= 3;
    char words[100];
    snprintf(words, sizeof words, "the file is cut: it ends at byte %lld", (long long)file.size);
    put_file("a.avro", file);
    pln_status status = run("avro.read", "a.avro", NULL, "ndjson.write", "out", NULL);
    assert_says(status, PLN_EDATA, words);
    ck_assert_ptr_nonnull(strstr(err.where, "a.avro"));
}
END_TEST

/* ---- writing ---- */

START_TEST(a_file_an_epoch) {
    put_file("a.avro", make_file(false, "null", 0, 12));
    OK(run("avro.read", "a.avro", NULL, "avro.write", "out/{n}.avro",
           "{\"mkdir\": true, \"codec\": \"snappy\"}"));
    OK(run("avro.read", "out", NULL, "ndjson.write", "back", NULL));
    OK(run("avro.read", "a.avro", NULL, "ndjson.write", "straight", NULL));
    char *straight = scratch_read(&dir, "straight", NULL);
    assert_file("back", straight);
    free(straight);
}
END_TEST

START_TEST(the_record_has_a_name) {
    put_file("a.avro", make_file(false, "null", 0, 2));
    OK(run("avro.read", "a.avro", NULL, "avro.write", "out",
           "{\"name\": \"Order\", \"namespace\": \"shop.v1\", \"codec\": \"null\"}"));
    int64_t size;
    uint8_t *bytes = (uint8_t *)scratch_read(&dir, "out", &size);
    pln__avro_schema *schema;
    OK(pln__avro_file_schema(pln__system_allocator(), bytes, size, true, &schema, &err));
    ck_assert_str_eq(pln__avro_root(schema)->full_name, "shop.v1.Order");
    pln__avro_schema_unref(schema);
    free(bytes);
}
END_TEST

static const struct {
    const char *stage, *options, *words;
    pln_status status;
} misuse[] = {
    {"avro.write", "{\"level\": 10}", "level 10: those of codec deflate are 1 to 9", PLN_EINVAL},
    {"avro.write", "{\"level\": 1, \"codec\": \"snappy\"}", "codec snappy has none", PLN_EINVAL},
    {"avro.write", "{\"codec\": \"bzip2\"}", "bzip2", PLN_EOPTION},
    {"avro.write", "{\"block_rows\": 0}", "option 'block_rows': 0 is not in 1 to 1000000", PLN_EOPTION},
    {"avro.write", "{\"block_bytes\": \"1GiB\"}", "option 'block_bytes': 1073741824 is not in", PLN_EOPTION},
    {"avro.write", "{\"name\": \"x\", \"schema\": " V1 "}", "the schema has its own", PLN_EOPTION},
    {"avro.write", "{\"schema\": {\"type\": \"recrd\"}}", "schema in the configuration", PLN_ESYNTAX},
    {"avro.write", "{\"schema\": \"/none/x.avsc\"}", "/none/x.avsc", PLN_ENOENT},
    {"avro.write", "{\"compression\": \"gzip\"}", "compression", PLN_EOPTION},
    {"avro.write", "{\"schema\": " V2 "}", "column id", PLN_ETYPE},
    {"avro.read", "{\"schema\": {\"type\": \"recrd\"}}", "schema in the configuration", PLN_ESYNTAX},
    {"avro.read", "{\"replay\": \"x\"}", "replay", PLN_EOPTION},
    {"avro.read", "{\"fd\": 1}", "fd", PLN_EOPTION},
};

START_TEST(misuse_is_explained) {
    put_file("a.avro", make_file(false, "null", 0, 2));
    for (int i = 0; i < PLN__COUNT(misuse); i++) {
        bool writes = strcmp(misuse[i].stage, "avro.write") == 0;
        pln_status status = run("avro.read", "a.avro", writes ? NULL : misuse[i].options,
                                "avro.write", "out", writes ? misuse[i].options : NULL);
        assert_says(status, misuse[i].status, misuse[i].words);
    }
}
END_TEST

Suite *suite_connect_file_avro(void);
Suite *suite_connect_file_avro(void) {
    Suite *suite = suite_create("connect/file_avro");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_file_by_its_own_schema);
    tcase_add_test(tests, the_first_file_gives_the_columns);
    tcase_add_test(tests, a_schema_in_a_file);
    tcase_add_test(tests, gzip_around_a_file);
    tcase_add_test(tests, rejects_name_the_place);
    tcase_add_test(tests, rows_keep_their_bytes);
    tcase_add_test(tests, a_cut_file_ends_the_run);
    tcase_add_test(tests, a_file_an_epoch);
    tcase_add_test(tests, the_record_has_a_name);
    tcase_add_test(tests, misuse_is_explained);
    suite_add_tcase(suite, tests);
    return suite;
}
