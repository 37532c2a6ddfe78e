/*
 * Every built-in stage through the conformance kit. PLN_TORTURE fails every allocation and every slot call, not a sample. An argument
 * chooses stages by a part of their name; -v shows what the first run gave.
 */
#define _XOPEN_SOURCE 700
#include "container_rows.h"
#include "effort.h"
#include "format/avro_block.h"
#include "graph/graph.h"
#include "kit/kit.h"
#include "scratch.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static scratch dir;
static pln_runtime *home;
static pln_error err;
static const char *in_name, *out_name; /* of the case being checked, in dir */
static const char *query;
static int fd = -1;
static struct ArrowArrayStream stream;
static pln_table *table;

static void must(pln_status status, const char *what) {
    if (status >= 0)
        return;
    printf("%s: %s\n", what, err.message);
    exit(2);
}
#define MUST(call) must((call), #call)

/* ---- rows ---- */

static void kept(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema id_column = {"l", "id", NULL, 0, 0, NULL, NULL, kept, NULL};
static struct ArrowSchema part_column = {"u",  "part", NULL, ARROW_FLAG_NULLABLE, 0, NULL,
                                         NULL, kept,   NULL};
static struct ArrowSchema amount_column = {"g",  "amount", NULL, ARROW_FLAG_NULLABLE, 0, NULL,
                                           NULL, kept,     NULL};
static struct ArrowSchema *columns[] = {&id_column, &part_column, &amount_column};
static struct ArrowSchema schema = {"+s", "", NULL, 0, 3, columns, NULL, kept, NULL};

/* 23 rows in batches of 9; id 4 comes twice. */
static pln_status rows(void *arg, pln_runtime *rt, int32_t port, pln_table **out, pln_error *e) {
    static const char *const parts[] = {"a", "b", "", "c,\"d\""};
    pln_builder *b = NULL;
    pln_status status = pln_table_new(rt, &schema, out, e);
    (void)arg;
    if (status >= 0)
        status = pln_builder_new(rt, &schema, &b, e);
    for (int i = 0; i < 23 && status >= 0; i++) {
        pln_batch *batch;
        MUST(pln_column_int(pln_builder_column(b, 0), (i == 17 ? 4 : i) + 100 * port, e));
        MUST(i % 6 == 5 ? pln_column_null(pln_builder_column(b, 1), e)
                        : pln_column_text(pln_builder_column(b, 1), parts[i % 4], -1, e));
        MUST(i % 5 == 2 ? pln_column_null(pln_builder_column(b, 2), e)
                        : pln_column_float(pln_builder_column(b, 2), i * 1.5 - 7, e));
        if (i % 9 != 8 && i != 22)
            continue;
        status = pln_builder_finish(b, &batch, e);
        if (status >= 0)
            status = pln_table_append(*out, batch, e);
        pln_batch_unref(batch);
    }
    pln_builder_free(b);
    return status;
}

/* 23 rows in batches of 9 with bytes that are an Avro int, but for some that are not. */
static struct ArrowSchema data_column = {"z", "data", NULL, ARROW_FLAG_NULLABLE, 0, NULL,
                                         NULL, kept,   NULL};
static struct ArrowSchema *data_columns[] = {&id_column, &data_column};
static struct ArrowSchema data_schema = {"+s", "", NULL, 0, 2, data_columns, NULL, kept, NULL};
static pln_status data(void *arg, pln_runtime *rt, int32_t port, pln_table **out, pln_error *e) {
    pln_builder *b = NULL;
    pln_status status = pln_table_new(rt, &data_schema, out, e);
    (void)arg;
    if (status >= 0)
        status = pln_builder_new(rt, &data_schema, &b, e);
    for (int i = 0; i < 23 && status >= 0; i++) {
        pln_batch *batch;
        char bytes[2] = {(char)(2 * i), 1};
        MUST(pln_column_int(pln_builder_column(b, 0), i + 100 * port, e));
        MUST(i == 5
                 ? pln_column_null(pln_builder_column(b, 1), e)
                 : pln_column_bytes(pln_builder_column(b, 1), bytes, i % 7 == 3 ? 2 : i != 11, e));
        if (i % 9 != 8 && i != 22)
            continue;
        status = pln_builder_finish(b, &batch, e);
        if (status >= 0)
            status = pln_table_append(*out, batch, e);
        pln_batch_unref(batch);
    }
    pln_builder_free(b);
    return status;
}

/* ---- the world of files and databases ---- */

static void write_gzip(const char *name, const char *text) {
    gzFile f = gzopen(scratch_path(&dir, name), "wb");
    gzwrite(f, text, (unsigned)strlen(text));
    gzclose(f);
}

/* Blocks of 4 rows; in the third the last datum is cut off, and the fourth has lost its marker. */
static void make_avro(const char *name, const char *codec_name) {
    static const char sync[] = "0123456789abcdef";
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer file = {0};
    pln__avro_codec *codec;
    int32_t kind;
    MUST(pln__avro_codec_find(codec_name, (int64_t)strlen(codec_name), &kind, &err));
    MUST(pln__avro_codec_new(mem, kind, 0, &codec, &err));
    container_put_header(&file,
                         "{\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"id\", "
                         "\"type\": \"long\"}, {\"name\": \"name\", \"type\": \"string\"}]}",
                         codec_name, sync);
    for (int b = 0; b < 6; b++) {
        pln__buffer data = {0}, packed = {0};
        for (int i = 0; i < 4; i++) {
            container_put_long(&data, 4 * b + i);
            container_put_text(&data, "row \"of\" a block", 10 + i);
        }
        data.size -= b == 2;
        MUST(pln__avro_pack(codec, data.data, data.size, &packed, &err));
        container_put_block(&file, 4, &packed, b == 3 ? "not the marker.." : sync);
        pln__buffer_free(mem, &data);
        pln__buffer_free(mem, &packed);
    }
    pln__avro_codec_free(codec);
    scratch_write(&dir, name, (const char *)file.data, (long)file.size);
    pln__buffer_free(mem, &file);
}

static void make_files(void) {
    make_avro("in.avro", "null");
    make_avro("in-snappy.avro", "snappy");
    make_avro("avros/a.avro", "deflate");
    make_avro("avros/b.avro", "null");
    char csv[4000] = "id,name,amount\n", json[4000] = "";
    for (int i = 0; i < 20; i++) {
        size_t c = strlen(csv), j = strlen(json);
        snprintf(csv + c, sizeof csv - c,
                 i % 7 == 3 ? "x%d,bad,1\n"
                 : i == 9   ? "%d\n"
                            : "%d,\"n\nn\",%d.5\n",
                 i, i);
        snprintf(json + j, sizeof json - j,
                 i % 7 == 3 ? "{\"id\": \"x%d\"}\n"
                 : i == 9   ? "{%d\n"
                            : "{\"id\": %d, \"list\": [1, %d], \"s\": {\"t\": \"ü\"}}\n",
                 i, i);
    }
    scratch_write(&dir, "in.csv", csv, -1);
    scratch_write(&dir, "many/a.csv", csv, -1);
    scratch_write(&dir, "many/b.csv", csv, -1);
    scratch_write(&dir, "in.ndjson", json, -1);
    write_gzip("in.csv.gz", csv);
    write_gzip("in.ndjson.gz", json);
}

static const char csv_schema[] =
    "{\"schema\": {\"type\": \"record\", \"name\": \"r\", \"fields\": ["
    "{\"name\": \"id\", \"type\": \"long\"}, {\"name\": \"name\", \"type\": \"string\"}, "
    "{\"name\": \"amount\", \"type\": [\"null\", \"double\"]}]}}";
static const char json_schema[] =
    "{\"schema\": {\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"id\", "
    "\"type\": \"long\"}, "
    "{\"name\": \"list\", \"type\": [\"null\", {\"type\": \"array\", \"items\": \"int\"}]}, "
    "{\"name\": \"s\", \"type\": [\"null\", {\"type\": \"record\", \"name\": \"q\", \"fields\": "
    "[{\"name\": \"t\", \"type\": \"string\"}]}]}]}}";

static const char avro_schema[] =
    "{\"schema\": {\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"name\", "
    "\"type\": [\"null\", \"string\"]}, {\"name\": \"id\", \"type\": \"double\"}, {\"name\": "
    "\"more\", "
    "\"type\": \"int\", \"default\": 7}]}}";
/* A null part is rejected. */
static const char avro_write_schema[] = "{\"codec\": \"null\", \"schema\": {\"type\": \"record\", "
                                        "\"name\": \"r\", \"fields\": [{\"name\": "
                                        "\"id\", \"type\": \"long\"}, {\"name\": \"part\", "
                                        "\"type\": \"string\"}, {\"name\": \"amount\", "
                                        "\"type\": [\"null\", \"double\"]}]}}";

static pln_status set_in(void *arg, pln_runtime *rt, pln_graph *g, const char *node, pln_error *e) {
    (void)arg;
    (void)rt;
    return pln_graph_set_text(g, node, "path", scratch_path(&dir, in_name), e);
}

static pln_status set_out(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                          pln_error *e) {
    (void)arg;
    (void)rt;
    return pln_graph_set_text(g, node, "path", scratch_path(&dir, out_name), e);
}

static pln_status bind_in(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                          pln_error *e) {
    (void)arg;
    (void)rt;
    fd = open(scratch_path(&dir, in_name), O_RDONLY);
    return pln_graph_bind(g, node, "fd", (void *)(intptr_t)fd, NULL, e);
}

static pln_status bind_out(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                           pln_error *e) {
    (void)arg;
    (void)rt;
    fd = open(scratch_path(&dir, out_name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return pln_graph_bind(g, node, "fd", (void *)(intptr_t)fd, NULL, e);
}

static void close_fd(void *arg) {
    (void)arg;
    if (fd >= 0)
        close(fd);
    fd = -1;
}

static void remove_out(void *arg) {
    char command[600];
    (void)arg;
    snprintf(command, sizeof command, "%s/out", dir.path);
    scratch out = dir;
    snprintf(out.path, sizeof out.path, "%.240s/out", dir.path);
    scratch_free(&out);
    scratch_write(&dir, "out/.here", "", 0);
}

/* gzread reads what is not compressed, too. */
static char *read_out(void *arg) {
    char *text = calloc(1, 100000);
    gzFile f = gzopen(scratch_path(&dir, out_name), "rb");
    (void)arg;
    strcpy(text, "(none)\n");
    if (f == NULL)
        return text;
    int n = gzread(f, text, 99999);
    text[n < 0 ? 0 : n] = '\0';
    gzclose(f);
    return text;
}

/* Rows, for the marker of a file is another one in each run. */
static char *read_avro(void *arg) {
    static const container_way way = {0};
    static uint8_t bytes[100000];
    FILE *f = fopen(scratch_path(&dir, out_name), "rb");
    (void)arg;
    if (f == NULL)
        return strdup("(none)\n");
    int64_t size = (int64_t)fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return container_transcript(pln__system_allocator(), bytes, size, &way);
}

static pln_status set_database(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                               pln_error *e) {
    (void)arg;
    (void)rt;
    return pln_graph_set_text(g, node, "database", scratch_path(&dir, "out/t.db"), e);
}

/* A table with a row of two partitions, so that overwriting and upserting have something to change. */
static void make_database(void *arg) {
    sqlite3 *db;
    remove_out(arg);
    sqlite3_open(scratch_path(&dir, "out/t.db"), &db);
    sqlite3_exec(db,
                 "CREATE TABLE t (id INTEGER PRIMARY KEY, part TEXT, amount REAL);"
                 "INSERT INTO t VALUES (1, 'a', 0.5), (900, 'a', 1), (901, 'z', 2);",
                 NULL, NULL, NULL);
    sqlite3_close(db);
}

static int add_row(void *to, int n, char **values, char **names) {
    char *text = to;
    (void)names;
    for (int i = 0; i < n; i++) {
        size_t used = strlen(text);
        snprintf(text + used, 100000 - used, "%s%s", values[i] == NULL ? "null" : values[i],
                 i + 1 < n ? "|" : "\n");
    }
    return 0;
}

static char *read_database(void *arg) {
    sqlite3 *db;
    char *text = calloc(1, 100000);
    (void)arg;
    if (sqlite3_open_v2(scratch_path(&dir, "out/t.db"), &db, SQLITE_OPEN_READWRITE, NULL) ==
        SQLITE_OK) {
        sqlite3_busy_timeout(db, 2000);
        if (sqlite3_exec(db, query, add_row, text, NULL) != SQLITE_OK &&
            strstr(sqlite3_errmsg(db), "no such table") == NULL)
            snprintf(text, 1000, "(%s)\n", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    return text;
}

/* ---- memory ---- */

static pln_status bind_table(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                             pln_error *e) {
    (void)arg;
    (void)rt;
    return pln_graph_bind(g, node, "table", table, NULL, e);
}

static pln_status bind_stream(void *arg, pln_runtime *rt, pln_graph *g, const char *node,
                              pln_error *e) {
    (void)arg;
    (void)rt;
    MUST(pln_table_stream(table, NULL, &stream, &err));
    return pln_graph_bind(g, node, "stream", &stream, NULL, e);
}

static void release_stream(void *arg) {
    if (stream.release != NULL)
        stream.release(&stream);
    pln_table_free(table);
    MUST(rows(arg, home, 0, &table, &err));
}

static char ids_seen[2000];

static void note_ids(void) {
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const struct ArrowArray *ids = pln_batch_array(pln_table_batch(table, b))->children[0];
        for (int64_t i = 0; i < ids->length; i++) {
            size_t used = strlen(ids_seen);
            snprintf(ids_seen + used, sizeof ids_seen - used, "%lld\n",
                     (long long)((const int64_t *)ids->buffers[1])[ids->offset + i]);
        }
    }
}

/* Its batches and schema are of a runtime whose allocator goes with the run. */
static void drain_table(void *arg) {
    (void)arg;
    note_ids();
    pln_table_free(table);
    MUST(pln_table_new(home, NULL, &table, &err));
}

static void empty_table(void *arg) {
    drain_table(arg);
    ids_seen[0] = '\0';
}

static char *show_ids(void *arg) {
    char *text = malloc(sizeof ids_seen);
    size_t drained = strlen(ids_seen);
    (void)arg;
    note_ids();
    memcpy(text, ids_seen, sizeof ids_seen);
    ids_seen[drained] = '\0';
    return text;
}

/* ---- map ---- */

static pln_status same(void *user, pln_context *ctx, pln_batch *in, pln_batch **out, pln_error *e) {
    (void)user;
    (void)ctx;
    (void)e;
    *out = pln_batch_ref(in);
    return PLN_OK;
}

static pln_status add_map(void *arg, pln_graph *g, const char *node, pln_error *e) {
    (void)arg;
    return pln_graph_add_map(g, node, same, NULL, NULL, NULL, e);
}

/* ---- the cases ---- */

typedef struct test_case {
    const char *stage, *config, *in, *out, *query;
    kit_stage more;
} test_case;

#define SOURCE(...)                                                                                \
    { .kind = PLN_SOURCE, __VA_ARGS__ }
#define TRANSFORM(n, ...)                                                                          \
    { .kind = PLN_TRANSFORM, .input = rows, .inputs = n, __VA_ARGS__ }
#define DECODES                                                                                    \
    { .kind = PLN_TRANSFORM, .input = data, .inputs = 1 }
#define SINK(...)                                                                                  \
    { .kind = PLN_SINK, .input = rows, __VA_ARGS__ }
#define FILES .setup = set_out, .reset = remove_out, .result = read_out
#define SQLITE .setup = set_database, .result = read_database

static const test_case cases[] = {
    {"generate", "{\"columns\": {\"id\": {\"sequence\": 1}, \"k\": {\"int\": [1, 9]}, \"t\": {\"text\": [0, 5], \"nulls\": 0.3}}, \"rows\": 23}",
     NULL, NULL, NULL, SOURCE(.epoch_rows = 5)},
    {"generate", "{\"columns\": {\"id\": {\"sequence\": 1}}, \"rows\": 12, \"rate\": 2.5}", NULL, NULL, NULL, SOURCE(.epoch_rows = 5)},
    {"csv.read", csv_schema, "in.csv", NULL, NULL, SOURCE(.setup = set_in)},
    {"csv.read", NULL, "in.csv.gz", NULL, NULL, SOURCE(.setup = set_in)},
    {"csv.read", csv_schema, "many", NULL, NULL, SOURCE(.setup = set_in)},
    {"csv.read", csv_schema, "in.csv", NULL, NULL, SOURCE(.setup = bind_in, .teardown = close_fd, .no_resume = 1)},
    {"ndjson.read", json_schema, "in.ndjson", NULL, NULL, SOURCE(.setup = set_in)},
    {"ndjson.read", json_schema, "in.ndjson.gz", NULL, NULL, SOURCE(.setup = set_in)},
    {"ndjson.read", json_schema, "in.ndjson.gz", NULL, NULL, SOURCE(.setup = bind_in, .teardown = close_fd, .no_resume = 1)},
    {"avro.read", NULL, "in.avro", NULL, NULL, SOURCE(.setup = set_in)},
    {"avro.read", avro_schema, "in-snappy.avro", NULL, NULL, SOURCE(.setup = set_in)},
    {"avro.read", NULL, "avros", NULL, NULL, SOURCE(.setup = set_in)},
    {"avro.read", NULL, "in.avro", NULL, NULL, SOURCE(.setup = bind_in, .teardown = close_fd, .no_resume = 1)},
    {"avro.write", "{\"block_rows\": 4}", NULL, "out/x.avro", NULL, SINK(.setup = set_out, .reset = remove_out, .result = read_avro)},
    {"avro.write", "{\"codec\": \"snappy\"}", NULL, "out/x.avro", NULL, SINK(.setup = set_out, .reset = remove_out, .result = read_avro)},
    {"avro.write", avro_write_schema, NULL, "out/x.avro", NULL,
     SINK(.setup = bind_out, .teardown = close_fd, .reset = remove_out, .result = read_avro, .no_resume = 1)},
    {"csv.write", NULL, NULL, "out/x.csv", NULL, SINK(FILES)},
    {"csv.write", NULL, NULL, "out/x.csv.gz", NULL, SINK(FILES)},
    {"csv.write", NULL, NULL, "out/x.csv", NULL,
     SINK(.setup = bind_out, .teardown = close_fd, .reset = remove_out, .result = read_out, .no_resume = 1)},
    {"ndjson.write", NULL, NULL, "out/x.ndjson", NULL, SINK(FILES)},
    {"ndjson.write", NULL, NULL, "out/x.ndjson.gz", NULL, SINK(FILES)},
    {"sqlite.append", "{\"table\": \"t\", \"key\": [\"id\"]}", NULL, NULL, "SELECT * FROM t ORDER BY id", SINK(SQLITE, .reset = remove_out)},
    {"sqlite.append", "{\"table\": \"t\"}", NULL, NULL, "SELECT * FROM t ORDER BY id", SINK(SQLITE, .reset = make_database)},
    {"sqlite.append", "{\"table\": \"t\", \"key\": [\"id\"], \"key_column\": \"row_key\"}", NULL, NULL, "SELECT * FROM t ORDER BY id", SINK(SQLITE, .reset = remove_out)},
    {"sqlite.upsert", "{\"table\": \"t\", \"key\": [\"id\"]}", NULL, NULL, "SELECT * FROM t ORDER BY id", SINK(SQLITE, .reset = make_database)},
    {"sqlite.overwrite", "{\"table\": \"t\"}", NULL, NULL, "SELECT * FROM t ORDER BY id, amount", SINK(SQLITE, .reset = remove_out)},
    {"sqlite.overwrite", "{\"table\": \"t\", \"partition\": [\"part\"]}", NULL, NULL, "SELECT * FROM t ORDER BY id, amount",
     SINK(SQLITE, .reset = make_database)},
    {"sqlite.query", "{\"query\": \"SELECT * FROM t\", \"cursor\": \"id\"}", NULL, NULL, NULL,
     SOURCE(.setup = set_database, .reset = make_database)},
    {"memory.read", NULL, NULL, NULL, NULL, SOURCE(.setup = bind_table)},
    {"memory.write", NULL, NULL, NULL, NULL, SINK(.setup = bind_table, .reset = empty_table, .teardown = drain_table, .result = show_ids)},
    {"arrow.read", NULL, NULL, NULL, NULL, SOURCE(.setup = bind_stream, .teardown = release_stream)},
    {"map", NULL, NULL, NULL, NULL, TRANSFORM(1, .add = add_map)},
    {"filter", "{\"where\": \"amount > 0\", \"else\": \"reject\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"filter", "{\"where\": \"part = 'a'\", \"else\": \"drop\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"derive", "{\"columns\": {\"d\": \"100 / (id - 3)\", \"u\": \"upper(part)\"}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"select", "{\"columns\": [\"part\", \"id\"], \"cast\": {\"id\": \"double\"}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"route", "{\"routes\": {\"a\": \"id < 5\", \"b\": \"part = 'a'\"}, \"else\": \"port\"}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "a b else")},
    {"union", NULL, NULL, NULL, NULL, TRANSFORM(3, )},
    {"limit", "{\"rows\": 11, \"offset\": 2}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"avro.encode", NULL, NULL, NULL, NULL, TRANSFORM(1, )},
    {"avro.encode",
     "{\"output\": \"extend\", \"frame\": \"single-object\", \"schema\": \"{\\\"type\\\": \\\"record\\\", \\\"name\\\": \\\"r\\\", "
     "\\\"fields\\\": [{\\\"name\\\": \\\"part\\\", \\\"type\\\": \\\"string\\\"}, {\\\"name\\\": \\\"amount\\\", \\\"type\\\": "
     "[\\\"null\\\", \\\"double\\\"]}, {\\\"name\\\": \\\"id\\\", \\\"type\\\": \\\"long\\\"}]}\"}",
     NULL, NULL, NULL, TRANSFORM(1, )},
    {"avro.decode", "{\"column\": \"data\", \"schema\": \"\\\"int\\\"\"}", NULL, NULL, NULL, DECODES},
    {"avro.decode", "{\"column\": \"data\", \"schema\": \"\\\"int\\\"\", \"output\": \"extend\"}", NULL, NULL, NULL, DECODES},
    {"sample", "{\"every\": 3}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"sample", "{\"fraction\": 0.5, \"seed\": 3}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"part\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"id\", \"method\": \"bloom\", \"error\": 0.0001, \"expected\": 100}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"id\", \"budget\": \"1MiB\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"scope\": \"ttl\", \"ttl\": \"1000d\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"part\", \"keep\": \"last\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"part\", \"keep\": \"highest\", \"version\": \"amount\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"dedup", "{\"key\": \"part\", \"keep\": \"highest\", \"version\": \"amount\", \"emit\": \"updates\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"key", "{\"fields\": [\"part\", \"id\"]}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"key", "{\"hash\": \"sha256\", \"output\": \"bytes\", \"secret\": \"0123456789abcdef\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"key", "{\"hash\": \"dbt_surrogate\", \"output\": \"uuid\", \"column\": \"k\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"sketch", "{\"key\": [\"part\"], \"sketches\": {\"ids\": {\"hll\": \"id\"}, \"amounts\": {\"quantiles\": \"amount\"}}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"sketch", "{\"sketches\": {\"parts\": {\"top_k\": \"part\"}, \"n\": {\"count_min\": \"id\", \"epsilon\": 0.1, \"delta\": 0.1}}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"sketch.merge", "{\"key\": [\"id\"], \"columns\": [\"data\"]}", NULL, NULL, NULL, DECODES},
    {"check", "{\"suite\": {\"checks\": [{\"check\": \"unique\", \"column\": \"part\", \"severity\": \"warn\"}, {\"check\": \"column_mean\", \"column\": \"amount\", \"max\": 1e9}, {\"check\": \"column_quantile\", \"column\": \"amount\", \"quantile\": 0.1, \"max\": 1e9}]}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"check", "{\"tag\": \"why\", \"suite\": {\"checks\": [{\"check\": \"expression\", \"expression\": \"id % 3 <> 1\", \"action\": \"tag\"}, {\"check\": \"less_than\", \"column\": \"id\", \"value\": 5}, {\"check\": \"not_equal_to\", \"column\": \"id\", \"value\": 2, \"action\": \"drop\"}]}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"check", "{\"on_breach\": \"quarantine\", \"contract\": {\"apiVersion\": \"v3.1.0\", \"kind\": \"DataContract\", \"id\": \"c\", \"version\": \"1.0.0\", \"status\": \"active\", \"schema\": [{\"name\": \"o\", \"properties\": [{\"name\": \"id\", \"logicalType\": \"integer\", \"logicalTypeOptions\": {\"multipleOf\": 2}}, {\"name\": \"part\", \"logicalType\": \"string\", \"required\": true}]}]}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"monitor", "{\"metrics\": [\"row_count\", \"schema\", {\"metric\": \"null_rate\", \"column\": \"amount\"}, {\"metric\": \"distinct_rate\", \"column\": \"part\"}, {\"metric\": \"ks\", \"column\": \"amount\"}, {\"metric\": \"psi\", \"column\": \"part\"}]}", NULL, NULL, NULL, TRANSFORM(1, .needs_state = 1)},
    {"monitor", "{\"every\": \"epoch\", \"metrics\": [{\"metric\": \"row_count\", \"method\": \"mad\"}]}", NULL, NULL, NULL, TRANSFORM(1, .needs_state = 1)},
    {"watermark", "{\"time\": \"id\", \"unit\": \"ms\", \"bound\": \"2ms\", \"splits\": \"each\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"watermark", "{\"time\": \"id\", \"unit\": \"s\", \"mark\": \"id\"}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"window", "{\"time\": \"id\", \"unit\": \"ms\", \"size\": \"4ms\", \"key\": [\"part\"], \"aggregates\": {\"n\": \"count()\", \"total\": \"sum(amount)\", \"last\": \"last(part)\"}}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "out late")},
    {"window", "{\"window\": \"hopping\", \"time\": \"id\", \"unit\": \"ms\", \"size\": \"6ms\", \"slide\": \"2ms\", \"lateness\": \"1ms\", \"aggregates\": {\"n\": \"count_distinct(part)\"}}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "out late")},
    {"window", "{\"window\": \"session\", \"time\": \"id\", \"unit\": \"ms\", \"gap\": \"2ms\", \"key\": [\"part\", \"id\"], \"aggregates\": {\"n\": \"count()\"}}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "out late")},
    {"window", "{\"window\": \"global\", \"every_rows\": 3, \"mode\": \"discarding\", \"key\": [\"part\"], \"aggregates\": {\"n\": \"count(id)\", \"most\": \"max(amount)\"}}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "out late")},
    /* What is said of each epoch, and what is quarantined with one, depends on the mode: no epoch fails here, and the results are not looked at. */
    {"check", "{\"suite\": {\"checks\": [{\"check\": \"less_than\", \"column\": \"id\", \"value\": 1000, \"scope\": \"epoch\", \"action\": \"quarantine_batch\"}, {\"check\": \"not_equal_to\", \"column\": \"id\", \"value\": 2, \"action\": \"warn\"}]}}", NULL, NULL, NULL, TRANSFORM(1, .ports_out = "out warn quarantine")},
    {"check", "{\"suite\": {\"checks\": [{\"check\": \"row_count\", \"min\": 2, \"group_by\": [\"part\"], \"action\": \"warn\"}, {\"check\": \"unique\", \"column\": \"id\", \"group_by\": [\"part\"], \"action\": \"warn\"}, {\"check\": \"monotonic\", \"column\": \"id\", \"action\": \"warn\"}, {\"check\": \"distinct_in_set\", \"column\": \"part\", \"values\": [\"a\"], \"action\": \"warn\"}]}}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"check", "{\"reference\": \"t\", \"suite\": {\"checks\": [{\"check\": \"relationships\", \"column\": \"id\", \"to\": \"t\"}]}}", NULL, NULL, NULL, TRANSFORM(2, .ports_in = "in reference", .no_resume = 1)},
    {"profile", "{}", NULL, NULL, NULL, TRANSFORM(1, )},
    {"profile", "{\"top\": 0, \"precision\": 14, \"k\": 50, \"seed\": 7}", NULL, NULL, NULL, TRANSFORM(1, )},
};

static void one(const test_case *c, const kit_options *options, kit_outcome *sum) {
    char name[80];
    kit_outcome out = {0};
    kit_stage stage = c->more;
    const pln__stage *found = pln__registry_find(home, c->stage, NULL);
    snprintf(name, sizeof name, "%s%s%s%s", c->stage, c->in != NULL || c->out != NULL ? " " : "",
             c->in != NULL ? c->in : "", c->out != NULL ? c->out : "");
    if (found == NULL && stage.add == NULL) {
        printf("skip: stage %s is not there\n", c->stage);
        sum->skipped++;
        return;
    }
    stage.struct_size = sizeof stage;
    stage.name = name;
    stage.config = c->config;
    stage.table = found == NULL ? NULL : &found->table;
    stage.user = found == NULL ? NULL : found->user;
    in_name = c->in;
    out_name = c->out;
    query = c->query;
    MUST(rows(NULL, home, 0, &table, &err));
    kit_check(&stage, options, &out);
    pln_table_free(table);
    table = NULL;
    printf("%-28s %lld runs, %lld findings; not asked:", name, (long long)out.runs,
           (long long)out.findings);
    for (int32_t i = 0; i < KIT_CHECKS; i++)
        if (out.skipped_checks >> i & 1)
            printf(" %s", kit_check_name(i));
    printf("\n");
    fflush(stdout);
    sum->passed += out.passed;
    sum->failed += out.failed;
    sum->runs += out.runs;
}

int main(int argc, char **argv) {
    kit_options options = {.struct_size = sizeof options,
                           .points = (int32_t)effort(40, -1)};
    kit_outcome sum = {0};
    const char *wanted = argc > 1 ? argv[argc - 1] : "";
    /* Nothing here depends on a disk; in memory the syncs of the state files cost nothing. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    options.show_result = argc > 1 && strcmp(argv[1], "-v") == 0;
    dir = scratch_new();
    make_files();
    remove_out(NULL);
    MUST(pln_runtime_new(NULL, &home, &err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strstr(cases[i].stage, strcmp(wanted, "-v") == 0 ? "" : wanted) != NULL)
            one(&cases[i], &options, &sum);
    pln_runtime_free(home);
    scratch_free(&dir);
    printf("%lld runs of graphs\n", (long long)sum.runs);
    printf("%lld passed, %lld failed, %lld skipped\n", (long long)sum.passed, (long long)sum.failed,
           (long long)sum.skipped);
    return sum.failed != 0;
}
