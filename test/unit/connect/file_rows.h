/*
 * What the tests of file sources share: files of rows "id,name" in both formats, and sources that read them.
 *
 * Rows are compared as text: each row of "id,name" as "id=name;", nulls as "-". Every test knows its answer from how it made the file.
 */

#ifndef TEST_FILE_ROWS_H
#define TEST_FILE_ROWS_H

#include "connect/file/file.h"
#include "fake_host.h"
#include "schema/schema.h"
#include "scratch.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static scratch dir;
static fake_host *host;

static inline void set_up(void) {
    pln_error err = {0};
    dir = scratch_new();
    host = fake_host_new(NULL);
    ck_assert_msg(pln__connect_file_register(&host->host, &host->runtime->registry, &err) == PLN_OK,
                  "%s", err.message);
}

static inline void tear_down(void) {
    ck_assert_int_eq(fake_host_free(host), 0);
    scratch_free(&dir);
}

#define ID_NAME                                                                                    \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"name\", \"type\": [\"null\", \"string\"]}]}"

typedef struct format {
    const char *stage;
    bool csv;
} format;
static const format formats[] = {{"csv.read", true}, {"ndjson.read", false}};

/* ---- writing test data ---- */

typedef struct text {
    char *data;
    size_t size;
    size_t room;
} text;

static inline void add(text *to, const void *bytes, size_t size) {
    if (to->data == NULL || to->size + size >= to->room) {
        to->room = 2 * (to->size + size) + 64;
        to->data = realloc(to->data, to->room);
        ck_assert_ptr_nonnull(to->data);
    }
    if (size > 0)
        memcpy(to->data + to->size, bytes, size);
    to->size += size;
    to->data[to->size] = '\0';
}

static inline void add_str(text *to, const char *str) {
    add(to, str, strlen(str));
}

static inline void add_header(text *to, const format *f) {
    if (f->csv)
        add_str(to, "id,name\n");
}

static inline void add_row(text *to, const format *f, int64_t id, const char *name) {
    char line[400];
    snprintf(line, sizeof line, f->csv ? "%lld,%s" : "{\"id\": %lld, \"name\": \"%s\"}",
             (long long)id, name);
    add_str(to, line);
}

/* A record that does not fit, with no line end. */
static inline void add_bad(text *to, const format *f, int64_t i) {
    char line[100];
    snprintf(line, sizeof line, f->csv ? "bad%lld,x" : "{\"id\": \"bad%lld\"}", (long long)i);
    add_str(to, line);
}

static inline void store(const char *name, const text *from) {
    scratch_write(&dir, name, from->data == NULL ? "" : from->data, (int64_t)from->size);
}

static inline void store_gzip(const char *name, const text *from, size_t members) {
    gzFile file = NULL;
    size_t step = from->size / members + 1;
    for (size_t at = 0; at < from->size || at == 0; at += step) {
        file = gzopen(scratch_path(&dir, name), at == 0 ? "wb" : "ab");
        ck_assert_ptr_nonnull(file);
        size_t n = from->size - at < step ? from->size - at : step;
        if (n > 0)
            ck_assert_int_eq(gzwrite(file, from->data + at, (unsigned)n), (int)n);
        ck_assert_int_eq(gzclose(file), Z_OK);
    }
}

/* ---- reading ---- */

static inline char *config_of(const char *options) {
    static char json[8][2048];
    static int next;
    char *out = json[next++ % 8];
    snprintf(out, sizeof json[0], "{\"schema\": %s%s%s}", ID_NAME, options[0] == '\0' ? "" : ", ",
             options);
    return out;
}

static inline char *path_config(const char *name, const char *more) {
    char options[1200];
    snprintf(options, sizeof options, "\"path\": \"%s\"%s", scratch_path(&dir, name), more);
    return config_of(options);
}

static inline void show_rows(text *to, const pln_batch *batch) {
    const struct ArrowArray *rows = pln_batch_array(batch);
    const struct ArrowArray *ids = rows->children[0], *names = rows->children[1];
    pln__type id = {.id = PLN__INT64, .width = 8}, name = {.id = PLN__UTF8};
    char line[64];
    for (int64_t i = 0; i < rows->length; i++) {
        int64_t size;
        snprintf(line, sizeof line, "%lld=", (long long)pln__array_int(&id, ids, i));
        add_str(to, line);
        if (pln__array_valid(names, i)) {
            const uint8_t *bytes = pln__array_bytes(&name, names, i, &size);
            add(to, bytes, (size_t)size);
        } else {
            add_str(to, "-");
        }
        add_str(to, ";");
    }
}

static inline fake_node *open_node(const format *f, const char *json) {
    pln_error err = {0};
    fake_node *node = fake_node_new(host, f->stage, json);
    ck_assert_msg(fake_open(node, &err) == PLN_OK, "%s", err.message);
    ck_assert_msg(fake_schema(node, &err) == PLN_OK, "%s", err.message);
    return node;
}

/* Polls to the end, or `polls` times; the rows are appended to `to`. */
static inline pln_status drain(fake_node *node, int64_t max_rows, int64_t polls, text *to,
                               pln_error *err) {
    pln_status status = PLN_OK;
    while (polls-- > 0) {
        pln_batch *batch = NULL;
        status = fake_poll(node, max_rows, &batch, err);
        if (status != PLN_OK)
            break;
        if (batch == NULL)
            continue;
        ck_assert_int_le(pln_batch_rows(batch), max_rows);
        ck_assert_int_gt(pln_batch_rows(batch), 0);
        show_rows(to, batch);
        pln_batch_unref(batch);
    }
    return status;
}

static inline void read_all(const format *f, const char *json, int64_t max_rows, text *to) {
    pln_error err = {0};
    fake_node *node = open_node(f, json);
    pln_status status = drain(node, max_rows, INT64_MAX, to, &err);
    ck_assert_msg(status == PLN_EOS, "%s", err.message);
    pln_batch *batch;
    ck_assert_int_eq(fake_poll(node, 1, &batch, &err), PLN_EOS);
    fake_node_free(node);
}

static inline void expect_rows(const format *f, const char *json, int64_t max_rows,
                               const char *rows) {
    text got = {0};
    add_str(&got, "");
    read_all(f, json, max_rows, &got);
    ck_assert_str_eq(got.data, rows);
    free(got.data);
}

static inline void free_text(text *t) {
    free(t->data);
    *t = (text){0};
}

static inline void expect_open_error(const format *f, const char *json, pln_status code,
                                     const char *word) {
    pln_error err = {0};
    fake_node *node = fake_node_new(host, f->stage, json);
    ck_assert_int_eq(fake_open(node, &err), code);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
    fake_node_free(node);
}

static inline void make_mixed(text *file, const format *f, int rows, const char *end) {
    add_header(file, f);
    for (int i = 0; i < rows; i++) {
        if (i % 7 == 3 || i % 11 == 0)
            add_bad(file, f, i);
        else
            add_row(file, f, i, i % 5 == 0 ? "a longer name" : "n");
        add_str(file, i % 13 == 5 ? "\n\n" : end);
    }
}

/* Fails allocation number `at`, once or from then on. */
typedef struct failing {
    int64_t at, seen;
    bool sticky;
} failing;
static inline void *failing_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    failing *f = user;
    (void)old;
    if (now == 0) {
        free(ptr);
        return NULL;
    }
    int64_t n = ++f->seen;
    if (f->at > 0 && (n == f->at || (f->sticky && n > f->at)))
        return NULL;
    return realloc(ptr, now);
}

#endif
