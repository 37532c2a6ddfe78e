/* What the tests of the SQLite connector share: a host with shared objects and counters, rows from JSON, and a look at files that uses none of ours. */
#ifndef TEST_SQLITE_KIT_H
#define TEST_SQLITE_KIT_H

#include "connect/sqlite/sqlite.h"
#include "fake_host.h"
#include "format/format.h"
#include "json_rows.h"
#include "scratch.h"
#include "skip.h"
#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static scratch dir;
static fake_host *host;
static char database[300];

static struct {
    char key[64];
    void *object;
    void (*destroy)(void *);
} shared_objects[8];
static int n_shared;
static struct {
    char name[32];
    int64_t value;
} metrics[16];

static pln_status kit_shared(pln_context *ctx, const char *key,
                             pln_status (*create)(pln_context *, void *, void **, pln_error *),
                             void (*destroy)(void *), void *arg, void **object, pln_error *err) {
    for (int i = 0; i < n_shared; i++)
        if (strcmp(shared_objects[i].key, key) == 0) {
            *object = shared_objects[i].object;
            return PLN_OK;
        }
    pln_status status = create(ctx, arg, object, err);
    if (status < 0)
        return status;
    snprintf(shared_objects[n_shared].key, 64, "%s", key);
    shared_objects[n_shared].object = *object;
    shared_objects[n_shared++].destroy = destroy;
    return PLN_OK;
}

static void kit_count(pln_context *ctx, const char *metric, int64_t n) {
    (void)ctx;
    for (int i = 0; i < 16; i++)
        if (metrics[i].name[0] == '\0' || strcmp(metrics[i].name, metric) == 0) {
            snprintf(metrics[i].name, 32, "%s", metric);
            metrics[i].value += n;
            return;
        }
}

/* What was counted since the last call: "inserted 3 stale 1". */
static inline const char *counted(void) {
    static char text[256];
    static const char *const names[] = {"inserted", "updated", "unchanged",
                                        "deleted",  "stale",   NULL};
    text[0] = '\0';
    for (int n = 0; names[n] != NULL; n++)
        for (int i = 0; i < 16; i++)
            if (strcmp(metrics[i].name, names[n]) == 0 && metrics[i].value > 0)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %lld",
                         text[0] ? " " : "", names[n], (long long)metrics[i].value);
    memset(metrics, 0, sizeof metrics);
    return text;
}

static inline void kit_close_shared(void) {
    while (n_shared > 0) {
        n_shared--;
        shared_objects[n_shared].destroy(shared_objects[n_shared].object);
    }
}

static inline void kit_host_new(const fake_options *options) {
    host = fake_host_new(options);
    host->host.shared = kit_shared;
    host->host.count = kit_count;
    host->identity.pipeline = "p";
    host->identity.run_key = "k";
    host->identity.epoch = 1;
    ck_assert_int_eq(pln__connect_sqlite_register(&host->host, &host->runtime->registry, NULL),
                     PLN_OK);
}

static void kit_setup(void) {
    memset(metrics, 0, sizeof metrics);
    dir = scratch_new();
    snprintf(database, sizeof database, "%s", scratch_path(&dir, "t.db"));
    kit_host_new(NULL);
}

static void kit_teardown(void) {
    kit_close_shared();
    ck_assert_int_eq(fake_host_free(host), 0);
    scratch_free(&dir);
}

/* Text with ' as ", and $ as the database. */
static inline const char *json(const char *text) {
    static char out[4][2048];
    static int turn;
    char *at = out[turn = (turn + 1) % 4], *end = at + 1500;
    for (; *text != '\0' && at < end; text++) {
        if (*text == '$')
            at += sprintf(at, "%s", database);
        else
            *at++ = *text == '\'' ? '"' : *text;
    }
    *at = '\0';
    return out[turn];
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_error err_ = {0}, *err = &err_;                                                        \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == PLN_OK, "%s: %d %s", #call, (int)status_, err_.message);          \
    } while (0)
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        pln_error err_ = {0}, *err = &err_;                                                        \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == (code), "%s: %d %s", #call, (int)status_, err_.message);          \
        ck_assert_msg(strstr(err_.message, words) != NULL, "'%s' is not in '%s'", words,           \
                      err_.message);                                                               \
    } while (0)

static inline void sql(const char *text) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
                  sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Rows of a query, values as SQL literals: "1,'a'\n2,NULL\n". In a static buffer of which there are 4. */
static inline const char *ask(const char *query) {
    static char *kept[4];
    static int turn;
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "");
    ck_assert_int_eq(sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK, "%s: %s", query,
                  sqlite3_errmsg(db));
    while (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0, n = sqlite3_column_count(statement); i < n; i++) {
            char *literal =
                sqlite3_column_type(statement, i) == SQLITE_BLOB
                    ? NULL
                    : sqlite3_mprintf(sqlite3_column_type(statement, i) == SQLITE_TEXT ? "%Q"
                                                                                       : "%s",
                                      sqlite3_column_text(statement, i));
            if (sqlite3_column_type(statement, i) == SQLITE_NULL)
                pln__text_str(&text, "NULL");
            else if (literal != NULL)
                pln__text_str(&text, literal);
            else {
                const unsigned char *bytes = sqlite3_column_blob(statement, i);
                pln__text_str(&text, "x'");
                for (int b = 0; b < sqlite3_column_bytes(statement, i); b++)
                    pln__text_printf(&text, "%02x", bytes[b]);
                pln__text_char(&text, '\'');
            }
            sqlite3_free(literal);
            pln__text_char(&text, i + 1 < n ? ',' : '\n');
        }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    turn = (turn + 1) % 4;
    free(kept[turn]);
    kept[turn] = strdup(text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return kept[turn];
}

/* A batch out of NDJSON lines with ' as ". Every line must fit. */
static inline pln_batch *rows(const char *spec, const char *text) {
    struct ArrowSchema schema;
    pln__decoder *decoder = NULL;
    pln__json_dialect dialect;
    pln__decoded out;
    pln_error err = {0};
    int64_t size = (int64_t)strlen(text);
    uint8_t *bytes = calloc(1, (size_t)size + 64);
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(text[i] == '\'' ? '"' : text[i]);
    json_schema(spec, &schema);
    pln__json_dialect_default(&dialect);
    pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
    const pln_allocator *mem = pln__system_allocator();
    ck_assert_msg(pln__json_decoder.open(mem, &dialect, &options, &decoder, &err) == PLN_OK, "%s",
                  err.message);
    ck_assert_int_eq(pln__json_decoder.begin(decoder, true, NULL, 0, &err), PLN_OK);
    ck_assert_msg(pln__json_decoder.decode(decoder, bytes, size, true, 1 << 20, &out, &err) ==
                      PLN_OK,
                  "%s", err.message);
    ck_assert_msg(out.n_bad == 0, "%s", out.n_bad > 0 ? out.bad[0].message : "");
    ck_assert_int_eq(out.consumed, size);
    pln_batch *batch = fake_batch(host, &schema, &out.array);
    pln__buffer_free(mem, &out.row_start);
    pln__buffer_free(mem, &out.row_size);
    pln__buffer_free(mem, &out.row_line);
    pln__json_decoder.close(decoder);
    schema.release(&schema);
    free(bytes);
    return batch;
}

static inline fake_node *open_sink(const char *stage, const char *config, const char *spec) {
    struct ArrowSchema schema;
    fake_node *node = fake_node_new(host, stage, json(config));
    OK(fake_open(node, err));
    json_schema(spec, &schema);
    fake_in(node, 0, &schema);
    schema.release(&schema);
    OK(fake_schema(node, err));
    return node;
}

static inline const pln_sink *table_of(const fake_node *node) {
    return &node->stage->table.sink;
}

static inline pln_status write_rows(fake_node *node, const char *spec, const char *text,
                                    pln_error *err) {
    pln_batch *batch = rows(spec, text);
    pln_status status = fake_write(node, batch, err);
    pln_batch_unref(batch);
    return status;
}

static inline pln_status commit_head(fake_node *node, int64_t owner, int64_t n, const char *head,
                                     pln_error *err) {
    return table_of(node)->state_commit(node->self, &node->ctx, owner, n, head,
                                        head == NULL ? 0 : (int64_t)strlen(head), err);
}

static inline void close_node(fake_node *node) {
    fake_node_free(node);
    kit_close_shared();
}

/* A whole run of one epoch. */
static inline void run(const char *stage, const char *config, const char *spec, const char *text) {
    fake_node *node = open_sink(stage, config, spec);
    OK(fake_begin(node, 1, err));
    if (text[0] != '\0')
        OK(write_rows(node, spec, text, err));
    OK(fake_finish(node, err));
    OK(fake_flush(node, 1, err));
    OK(commit_head(node, 0, 1, NULL, err));
    ck_assert_msg(node->n_rejects == 0, "%s", node->n_rejects > 0 ? node->rejects[0].message : "");
    close_node(node);
}

#endif
