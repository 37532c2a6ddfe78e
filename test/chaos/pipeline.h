/*
 * The quickstart's pipeline for tests that make things fail: orders are generated into a CSV file, read, checked, and upserted into SQLite, or written to
 * files; rejects go to an NDJSON file; a state file remembers. Each job is given up half-way and taken up again.
 *
 * A job says OK or what failed; pipeline_seen tells all that it left to be seen. It begins where an earlier attempt ended, so that after any failure a
 * second call must end with what a first call without failure gives.
 */
#ifndef TEST_CHAOS_PIPELINE_H
#define TEST_CHAOS_PIPELINE_H

#include "scratch.h"
#include <dirent.h>
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ORDERS = 60, SEEN = 65536 };
enum { TO_DATABASE = 0, TO_FILES = 1 };

typedef struct pipeline {
    scratch dir;
    const pln_allocator *mem;
    const pln_file_ops *files;
    int64_t clock_us;
    char counts[2000]; /* of the run that was done */
    pln_error err;
} pipeline;

static int64_t pipeline_now(void *user) {
    return ((pipeline *)user)->clock_us++;
}

static void pipeline_wait(void *user, const pln_wait_fd *fds, int32_t n, int64_t until_us) {
    pipeline *p = user;
    (void)fds;
    (void)n;
    if (until_us != INT64_MAX && until_us > p->clock_us)
        p->clock_us = until_us;
}

static const char *in_dir(const pipeline *p, const char *name) {
    return scratch_path(&p->dir, name);
}

#define STEP(call)                                                                                 \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto out;                                                                              \
    } while (0)

static pln_status pipeline_generate(pipeline *p, pln_runtime *rt) {
    static const char columns[] =
        "{\"id\": {\"sequence\": 1}, \"amount\": {\"choice\": [\"10.5\", \"-3\", \"7\", \"x\", "
        "\"120\"]}, \"name\": {\"text\": [0, 9], \"nulls\": 0.1}}";
    pln_status status = PLN_OK;
    pln_graph *g = NULL;
    pln_error *err = &p->err;
    if (scratch_has(&p->dir, "orders.csv"))
        return PLN_OK;
    STEP(pln_graph_new(rt, "make", &g, err));
    STEP(pln_graph_add(g, "rows", "generate", NULL, err));
    STEP(pln_graph_set_json(g, "rows", "columns", columns, err));
    STEP(pln_graph_set_int(g, "rows", "rows", ORDERS, err));
    STEP(pln_graph_add(g, "file", "csv.write", NULL, err));
    STEP(pln_graph_set_text(g, "file", "path", in_dir(p, "orders.csv"), err));
    STEP(pln_graph_wire(g, "rows > file", err));
    STEP(pln_graph_run(g, NULL, NULL, err));
out:
    pln_graph_free(g);
    return status;
}

static pln_status pipeline_graph(pipeline *p, pln_runtime *rt, int job, pln_graph **out) {
    static const char schema[] = "{\"type\": \"record\", \"name\": \"o\", \"fields\": [{\"name\": "
                                 "\"id\", \"type\": \"long\"}, "
                                 "{\"name\": \"amount\", \"type\": \"double\"}, {\"name\": "
                                 "\"name\", \"type\": [\"null\", \"string\"]}]}";
    pln_status status = PLN_OK;
    pln_error *err = &p->err;
    pln_graph *g;
    STEP(pln_graph_new(rt, "orders", out, err));
    g = *out;
    STEP(pln_graph_add(g, "read", "csv.read", NULL, err));
    STEP(pln_graph_set_text(g, "read", "path", in_dir(p, "orders.csv"), err));
    STEP(pln_graph_set_text(g, "read", "schema", schema, err));
    STEP(pln_graph_add(g, "more", "derive",
                       "{\"columns\": {\"twice\": \"amount * 2\", \"key\": \"id % 40\"}}", err));
    STEP(pln_graph_add(g, "valid", "filter", "{\"where\": \"amount > 0\", \"else\": \"reject\"}",
                       err));
    STEP(pln_graph_add(g, "store", job == TO_DATABASE ? "sqlite.upsert" : "csv.write", NULL, err));
    if (job == TO_DATABASE) {
        STEP(pln_graph_set_text(g, "store", "database", in_dir(p, "orders.db"), err));
        STEP(pln_graph_set_text(g, "store", "table", "orders", err));
        STEP(pln_graph_set_json(g, "store", "key", "[\"key\"]", err));
    } else {
        STEP(pln_graph_set_text(g, "store", "path", in_dir(p, "out/good.csv"), err));
    }
    STEP(pln_graph_add(g, "bad", "ndjson.write", NULL, err));
    STEP(pln_graph_set_text(g, "bad", "path", in_dir(p, "out/bad.ndjson"), err));
    STEP(pln_graph_wire(
        g, "read > more > valid > store; read.reject > bad; valid.reject > bad; store.reject > bad",
        err));
out:
    return status;
}

static pln_status pipeline_count(pipeline *p, pln_run *run) {
    pln_report *report;
    pln_node_summary n = {.struct_size = sizeof n};
    size_t used = 0;
    pln_status status = pln_run_report(run, &report, &p->err);
    if (status < 0)
        return status;
    for (int32_t i = 0; pln_report_node(report, i, &n) == PLN_OK; i++)
        used += (size_t)snprintf(p->counts + used, sizeof p->counts - used,
                                 "%s %lld %lld %lld %lld\n", n.name, (long long)n.rows_in,
                                 (long long)n.passed, (long long)n.rejected, (long long)n.rows_out);
    pln_report_free(report);
    return PLN_OK;
}

/* At most `steps` steps, -1: to the end. */
static pln_status pipeline_drive(pipeline *p, pln_graph *g, int64_t steps, bool *done) {
    pln_run_options options;
    pln_run *run = NULL;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = 16;
    options.max_batch_rows = 5;
    options.state = in_dir(p, "state.db");
    options.guarantee = PLN_EXACTLY_ONCE;
    options.when_done = PLN_WHEN_DONE_SKIP;
    options.seed = 1;
    pln_status status = pln_run_open(g, &options, &run, &p->err);
    for (int64_t i = 0; status >= 0 && status != PLN_EOS && (steps < 0 || i < steps); i++) {
        int64_t wake_us;
        status = pln_run_step(run, 0, &wake_us, &p->err);
        if (status == PLN_AGAIN)
            pipeline_wait(p, NULL, 0, wake_us);
    }
    *done = status == PLN_EOS;
    if (*done)
        status = pipeline_count(p, run);
    pln_run_free(run);
    return status < 0 ? status : PLN_OK;
}

/* The whole job with a runtime of its own. */
static pln_status pipeline_run(pipeline *p, int job) {
    pln_clock clock = {.struct_size = sizeof clock, .user = p, .now_us = pipeline_now, .monotonic_us = pipeline_now,
                       .wait = pipeline_wait};
    pln_runtime_options options;
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    bool done = false;
    pln_status status = PLN_OK;
    p->err = (pln_error){0};
    p->counts[0] = '\0';
    p->clock_us = 1700000000000000;
    pln_runtime_options_init(&options, sizeof options);
    options.allocator = p->mem;
    options.files = p->files;
    options.clock = &clock;
    STEP(pln_runtime_new(&options, &rt, &p->err));
    STEP(pipeline_generate(p, rt));
    STEP(pipeline_graph(p, rt, job, &g));
    STEP(pipeline_drive(p, g, 9, &done));
    if (!done)
        STEP(pipeline_drive(p, g, -1, &done));
out:
    pln_graph_free(g);
    pln_runtime_free(rt);
    return status < 0 ? status : PLN_OK;
}

static void pipeline_open(pipeline *p) {
    memset(p, 0, sizeof *p);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    p->dir = scratch_new();
    scratch_write(&p->dir, "out/x", "", 0);
    unlink(in_dir(p, "out/x"));
}

static void pipeline_close(pipeline *p) {
    scratch_free(&p->dir);
}

static void see(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void see(char *text, const char *format, ...) {
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, SEEN - used, format, args);
    va_end(args);
}

static int see_row(void *text, int n, char **values, char **names) {
    (void)names;
    for (int i = 0; i < n; i++)
        see(text, "%s%s", values[i] == NULL ? "null" : values[i], i + 1 < n ? "|" : "\n");
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every file in out/ with its contents, the table, and the counts of the run. From malloc. */
static char *pipeline_seen(pipeline *p) {
    char *text = calloc(1, SEEN), *names[32];
    int n = 0;
    sqlite3 *db = NULL;
    DIR *dir = opendir(in_dir(p, "out"));
    for (struct dirent *e; dir != NULL && n < 32 && (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            names[n++] = strdup(e->d_name);
    if (dir != NULL)
        closedir(dir);
    qsort(names, (size_t)n, sizeof *names, by_name);
    for (int i = 0; i < n; i++) {
        char path[300];
        snprintf(path, sizeof path, "out/%.255s", names[i]);
        char *bytes = scratch_read(&p->dir, path, NULL);
        see(text, "== %s\n%s", names[i], bytes == NULL ? "(gone)" : bytes);
        free(bytes);
        free(names[i]);
    }
    if (scratch_has(&p->dir, "orders.db") &&
        sqlite3_open(in_dir(p, "orders.db"), &db) == SQLITE_OK) {
        see(text, "== table\n");
        sqlite3_exec(db, "SELECT * FROM orders ORDER BY key", see_row, text, NULL);
        sqlite3_exec(db, "PRAGMA integrity_check", see_row, text, NULL);
    }
    sqlite3_close(db);
    see(text, "== counts\n%s", p->counts);
    for (char *at = text; (at = strstr(at, p->dir.path)) != NULL;)
        memset(at, '@', strlen(p->dir.path));
    return text;
}

/* Prints the first line that differs; true if none does. */
static bool pipeline_same(const char *what, const char *expected, const char *seen) {
    int line = 1;
    if (strcmp(expected, seen) == 0)
        return true;
    while (*expected == *seen && *expected != '\0') {
        line += *expected == '\n';
        expected++;
        seen++;
    }
    printf("%s: line %d of what is to be seen goes on with \"%.*s\" and not \"%.*s\"\n", what, line,
           (int)strcspn(seen, "\n"), seen, (int)strcspn(expected, "\n"), expected);
    return false;
}

#endif
