/*
 * What the tests of file sinks share: sinks on a scratch directory, rows to write and the text that they must become.
 */
#ifndef TEST_FILE_EPOCHS_H
#define TEST_FILE_EPOCHS_H

#include "connect/file/file.h"
#include "fake_host.h"
#include "schema/schema.h"
#include "scratch.h"
#include <check.h>
#include <pln/builder.h>
#include <stdio.h>
#include <stdlib.h>

static scratch dir;
static fake_host *host;

static inline void set_up(void) {
    pln_error err = {0};
    dir = scratch_new();
    host = fake_host_new(NULL);
    host->identity.owner = 1;
    ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, &err),
                     PLN_OK);
}

static inline void tear_down(void) {
    ck_assert_int_eq(fake_host_free(host), 0);
    scratch_free(&dir);
}

#define ID_NAME                                                                                    \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"name\", \"type\": [\"null\", \"string\"]}]}"
#define ID_BYTES                                                                                   \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"b\", \"type\": [\"null\", \"bytes\"]}]}"

typedef struct format {
    const char *name;
    bool csv;
} format;
static const format formats[] = {{"csv", true}, {"ndjson", false}};

/* ---- driving ---- */

static inline fake_node *open_sink(const format *f, const char *options, const char *avro) {
    char stage[32], json[1500];
    struct ArrowSchema schema;
    pln_error err = {0};
    snprintf(stage, sizeof stage, "%s.write", f->name);
    snprintf(json, sizeof json, "{%s}", options);
    fake_node *sink = fake_node_new(host, stage, json);
    ck_assert_msg(fake_open(sink, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_eq(pln__schema_from_avro(host->mem, avro, -1, &schema, NULL), PLN_OK);
    fake_in(sink, 0, &schema);
    schema.release(&schema);
    ck_assert_msg(fake_schema(sink, &err) == PLN_OK, "%s", err.message);
    return sink;
}

static inline char *path_option(const char *name, const char *more) {
    static char text[4][1400];
    static int next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "\"path\": \"%s\"%s", scratch_path(&dir, name), more);
    return out;
}

static inline fake_node *open_path(const format *f, const char *name, const char *more) {
    return open_sink(f, path_option(name, more), ID_NAME);
}

static inline pln_batch *rows_from(const fake_node *sink, int64_t first, int64_t count) {
    pln_builder *builder;
    pln_batch *batch;
    char name[40];
    ck_assert_int_eq(pln_builder_new(host->runtime, pln__schema_get(sink->in[0]), &builder, NULL),
                     PLN_OK);
    for (int64_t i = first; i < first + count; i++) {
        ck_assert_int_eq(pln_column_int(pln_builder_column(builder, 0), i, NULL), PLN_OK);
        snprintf(name, sizeof name, "n%lld", (long long)i);
        if (i % 10 == 7)
            ck_assert_int_eq(pln_column_null(pln_builder_column(builder, 1), NULL), PLN_OK);
        else
            ck_assert_int_eq(pln_column_text(pln_builder_column(builder, 1), name, -1, NULL),
                             PLN_OK);
    }
    ck_assert_int_eq(pln_builder_finish(builder, &batch, NULL), PLN_OK);
    pln_builder_free(builder);
    return batch;
}

/* What the file must hold for rows [first, first + count), without a header. */
static inline char *text_of(const format *f, int64_t first, int64_t count) {
    char *out = malloc((size_t)count * 60 + 1), *at = out;
    *at = '\0';
    for (int64_t i = first; i < first + count; i++) {
        if (i % 10 == 7)
            at += sprintf(at, f->csv ? "%lld,\n" : "{\"id\":%lld,\"name\":null}\n", (long long)i);
        else
            at += sprintf(at, f->csv ? "%lld,n%lld\n" : "{\"id\":%lld,\"name\":\"n%lld\"}\n",
                          (long long)i, (long long)i);
    }
    return out;
}

static inline void write_rows(fake_node *sink, int64_t first, int64_t count) {
    pln_error err = {0};
    pln_batch *batch = rows_from(sink, first, count);
    ck_assert_msg(fake_write(sink, batch, &err) == PLN_OK, "%s", err.message);
    pln_batch_unref(batch);
}

static inline void prepare(fake_node *sink, int64_t n, bool last) {
    pln_error err = {0};
    if (last)
        ck_assert_int_eq(fake_finish(sink, &err), PLN_OK);
    ck_assert_msg(fake_flush(sink, n, &err) == PLN_OK, "%s", err.message);
    ck_assert_msg(fake_prepare(sink, n, &err) == PLN_OK, "%s", err.message);
}

static inline void commit(fake_node *sink, int64_t n) {
    pln_error err = {0};
    if (sink->handle_size > 0)
        ck_assert_msg(fake_commit(sink, n, sink->handle, sink->handle_size, &err) == PLN_OK, "%s",
                      err.message);
}

static inline void epoch(fake_node *sink, int64_t n, int64_t first, int64_t count, bool last) {
    pln_error err = {0};
    ck_assert_int_eq(fake_begin(sink, n, &err), PLN_OK);
    if (count > 0)
        write_rows(sink, first, count);
    prepare(sink, n, last);
    commit(sink, n);
}

static inline void expect_file(const char *name, const char *header, char *text) {
    int64_t size;
    char *got = scratch_read(&dir, name, &size);
    ck_assert_msg(got != NULL, "%s is not there", name);
    ck_assert_int_eq(size, (int64_t)(strlen(header) + strlen(text)));
    ck_assert_int_eq(strncmp(got, header, strlen(header)), 0);
    ck_assert_str_eq(got + strlen(header), text);
    free(got);
    free(text);
}

static inline const char *header_of(const format *f) {
    return f->csv ? "id,name\n" : "";
}

#endif
