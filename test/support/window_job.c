#include "window_job.h"
#include <dirent.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 400 };

static const char *in_dir(const window_job *job, const char *name) {
    return scratch_path(&job->dir, name);
}

/* ---- rows ---- */

typedef struct text {
    char *bytes;
    size_t size, capacity;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t n = (size_t)vsnprintf(NULL, 0, format, args);
    if (t->size + n + 1 > t->capacity) {
        t->capacity = 2 * t->capacity + n + 4096;
        t->bytes = realloc(t->bytes, t->capacity);
    }
    vsnprintf(t->bytes + t->size, n + 1, format, again);
    t->size += n;
    va_end(again);
    va_end(args);
}

/* Times rise by 7 us a row and are up to 150 earlier, a few 300 more; keys come and go; some rows have no time, some lines are no rows. */
static void write_rows(window_job *job, int64_t rows) {
    text t = {0};
    uint64_t state = 5;
    put(&t, "t,k,v\n");
    for (int64_t i = 0; i < rows; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t random = (int64_t)(state >> 33);
        if (random % 61 == 0)
            put(&t, "noon,%lld,1\n", (long long)i);
        else if (random % 67 == 0)
            put(&t, ",3,%lld\n", (long long)i);
        else
            put(&t, "%lld,%lld,%lld\n",
                (long long)(7 * i - random % 150 - (random % 11 == 0 ? 300 : 0)),
                (long long)(random / 150 % 40 * (i / 300 % 2 + 1)), (long long)(random / 7 % 1000));
    }
    scratch_write(&job->dir, "in.csv", t.bytes, (int64_t)t.size);
    free(t.bytes);
}

void window_job_open(window_job *job, int mode, int64_t rows) {
    memset(job, 0, sizeof *job);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    job->dir = scratch_new();
    job->mode = mode;
    job->epoch_rows = rows / 12;
    job->batch_rows = rows / 30 + 1;
    scratch_write(&job->dir, "out/x", "", 0);
    unlink(in_dir(job, "out/x"));
    write_rows(job, rows);
}

void window_job_close(window_job *job) {
    scratch_free(&job->dir);
}

/* ---- the graph ---- */

#define STEP(call)                                                                                 \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto out;                                                                              \
    } while (0)

static const char schema[] =
    "{\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"t\", \"type\": [\"null\", "
    "\"long\"]}, {\"name\": \"k\", \"type\": \"long\"}, {\"name\": \"v\", \"type\": \"long\"}]}";

#define AGGREGATES                                                                                 \
    "\"aggregates\": {\"n\": \"count()\", \"total\": \"sum(v)\", \"different\": "                  \
    "\"count_distinct(v)\", \"f\": \"first(v)\", \"half\": \"quantile(v, 0.5)\"}"

static const struct stage {
    const char *name, *config;
} stages[] = {
    {"hopping", "{\"window\": \"hopping\", \"size\": 600, \"slide\": 200, \"key\": [\"k\"], \"every_rows\": 9, " AGGREGATES "}"},
    {"tumbling", "{\"size\": 400, \"lateness\": 60, \"key\": [\"k\"], " AGGREGATES "}"},
    {"session", "{\"window\": \"session\", \"gap\": 90, \"mode\": \"discarding\", \"lateness\": 50, \"key\": [\"k\"], " AGGREGATES "}"},
    {"second", "{\"size\": 1600, \"aggregates\": {\"n\": \"sum(n)\", \"windows\": \"count()\", \"most\": \"max(total)\"}}"},
};
enum { STAGES = sizeof stages / sizeof stages[0] };

typedef struct output {
    const char *name, *stage, *target, *key;
} output;
static const output outputs[WINDOW_JOBS][STAGES + 1] = {
    {{"hopping", "sqlite.append", "out/one.db", NULL},
     {"tumbling", "sqlite.upsert", "out/one.db", "[\"k\", \"window_start\"]"},
     {"session", "sqlite.append", "out/one.db", NULL},
     {"second", "sqlite.upsert", "out/one.db", "[\"window_start\"]"},
     {"late", "sqlite.append", "out/one.db", NULL}},
    {{"hopping", "ndjson.write", "out/hopping-{n}.ndjson", NULL},
     {"tumbling", "csv.write", "out/tumbling.csv", NULL},
     {"session", "avro.write", "out/session.avro", NULL},
     {"second", "csv.write", "out/second-{n}.csv", NULL},
     {"late", "ndjson.write", "out/late.ndjson", NULL}},
    {{"hopping", "sqlite.append", "out/one.db", NULL},
     {"tumbling", "sqlite.upsert", "out/two.db", "[\"k\", \"window_start\"]"},
     {"session", "sqlite.append", "out/two.db", NULL},
     {"second", "sqlite.upsert", "out/two.db", "[\"window_start\"]"},
     {"late", "sqlite.append", "out/one.db", NULL}},
};

static pln_status add_output(const window_job *job, pln_graph *g, const output *o, pln_error *err) {
    pln_status status = PLN_OK;
    char name[24];
    bool database = strncmp(o->stage, "sqlite", 6) == 0;
    snprintf(name, sizeof name, "to_%s", o->name);
    STEP(pln_graph_add(g, name, o->stage, NULL, err));
    STEP(pln_graph_set_text(g, name, database ? "database" : "path", in_dir(job, o->target), err));
    if (database)
        STEP(pln_graph_set_text(g, name, "table", o->name, err));
    if (o->key != NULL)
        STEP(pln_graph_set_json(g, name, "key", o->key, err));
out:
    return status;
}

static pln_status build(window_job *job, pln_runtime *rt, pln_graph **out) {
    pln_status status = PLN_OK;
    pln_error *err = &job->err;
    pln_graph *g;
    STEP(pln_graph_new(rt, "windows", out, err));
    g = *out;
    STEP(pln_graph_add(g, "read", "csv.read", NULL, err));
    STEP(pln_graph_set_text(g, "read", "path", in_dir(job, "in.csv"), err));
    STEP(pln_graph_set_text(g, "read", "schema", schema, err));
    STEP(pln_graph_add(g, "time", "watermark", "{\"time\": \"t\", \"unit\": \"us\", \"bound\": 70}",
                       err));
    for (int i = 0; i < STAGES; i++)
        STEP(pln_graph_add(g, stages[i].name, "window", stages[i].config, err));
    for (int i = 0; i <= STAGES; i++)
        STEP(add_output(job, g, &outputs[job->mode][i], err));
    STEP(pln_graph_add(g, "bad", "ndjson.write", NULL, err));
    STEP(pln_graph_set_text(g, "bad", "path", in_dir(job, "out/bad.ndjson"), err));
    STEP(pln_graph_wire(
        g,
        "read > time > hopping > to_hopping; time > tumbling > to_tumbling; time > session > "
        "to_session; hopping > second > to_second; hopping.late > to_late; tumbling.late > "
        "to_late; session.late > to_late; read.reject > bad; time.reject > bad",
        err));
out:
    return status;
}

/* ---- a run ---- */

static void count(window_job *job, const pln_report *report) {
    text t = {0};
    pln_run_summary sum = {.struct_size = sizeof sum};
    pln_node_summary n = {.struct_size = sizeof n};
    job->late = 0;
    for (int32_t i = 0; pln_report_node(report, i, &n) == PLN_OK; i++) {
        put(&t, "%s in %lld out %lld passed %lld absorbed %lld rejected %lld late %lld\n", n.name,
            (long long)n.rows_in, (long long)n.rows_out, (long long)n.passed, (long long)n.absorbed,
            (long long)n.rejected, (long long)n.late);
        job->late += n.late;
    }
    pln_report_summary(report, &sum);
    job->taken_up = sum.recoveries;
    put(&t, "epochs %lld rows %lld %lld\n", (long long)sum.epochs, (long long)sum.rows_in,
        (long long)sum.rows_out);
    snprintf(job->counts, sizeof job->counts, "%s", t.bytes);
    free(t.bytes);
}

pln_status window_job_run(window_job *job) {
    pln_status status = PLN_OK;
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_runtime_options own;
    pln_run_options options;
    job->err = (pln_error){0};
    job->counts[0] = '\0';
    pln_runtime_options_init(&own, sizeof own);
    own.allocator = job->mem;
    own.files = job->files;
    pln_run_options_init(&options, sizeof options);
    options.state = in_dir(job, "state.db");
    options.epoch_rows = job->epoch_rows;
    options.max_batch_rows = job->batch_rows;
    options.guarantee = job->mode == WINDOW_JOB_C ? PLN_AT_LEAST_ONCE : PLN_EXACTLY_ONCE;
    options.attempts = 1;
    options.seed = 3;
    /* What failed may have been the answer to the last commit. */
    options.when_done = PLN_WHEN_DONE_SKIP;
    STEP(pln_runtime_new(&own, &rt, &job->err));
    STEP(build(job, rt, &g));
    STEP(pln_graph_run(g, &options, &report, &job->err));
    count(job, report);
out:
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return status < 0 ? status : PLN_OK;
}

/* ---- what it left ---- */

static int see_row(void *arg, int n, char **values, char **columns) {
    (void)columns;
    for (int i = 0; i < n; i++)
        put(arg, "%s%s", values[i] == NULL ? "null" : values[i], i + 1 < n ? "|" : "\n");
    return 0;
}

static void see_table(const window_job *job, const output *o, text *t) {
    char query[200];
    sqlite3 *db = NULL;
    bool twice = job->mode == WINDOW_JOB_C && strstr(o->target, "two") != NULL && o->key == NULL;
    snprintf(query, sizeof query, "SELECT %s* FROM %s ORDER BY %s; PRAGMA integrity_check",
             twice ? "DISTINCT " : "", o->name, o->key != NULL || twice ? "1, 2, 3, 4" : "rowid");
    put(t, "== table %s\n", o->name);
    if (sqlite3_open(in_dir(job, o->target), &db) == SQLITE_OK)
        sqlite3_exec(db, query, see_row, t, NULL);
    put(t, "%s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Bytes that are no text are shown as numbers, so that a line can be. */
static void see_file(const char *name, const char *bytes, int64_t size, text *t) {
    bool is_text = strstr(name, ".avro") == NULL;
    put(t, "== file %s\n", name);
    if (is_text)
        put(t, "%s", bytes);
    for (int64_t i = 0; !is_text && i < size; i++)
        put(t, "%02x%s", (unsigned char)bytes[i], i % 32 == 31 || i + 1 == size ? "\n" : "");
}

char *window_job_seen(const window_job *job) {
    text t = {0};
    char *names[NAMES];
    int n = 0;
    DIR *dir = opendir(in_dir(job, "out"));
    for (struct dirent *e; dir != NULL && n < NAMES && (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            strstr(e->d_name, ".db") == NULL)
            names[n++] = strdup(e->d_name);
    if (dir != NULL)
        closedir(dir);
    qsort(names, (size_t)n, sizeof *names, by_name);
    for (int i = 0; i < n; i++) {
        char path[300];
        int64_t size = 0;
        snprintf(path, sizeof path, "out/%.255s", names[i]);
        char *bytes = scratch_read(&job->dir, path, &size);
        see_file(names[i], bytes == NULL ? "(gone)" : bytes, size, &t);
        free(bytes);
        free(names[i]);
    }
    for (int i = 0; i <= STAGES; i++)
        if (strncmp(outputs[job->mode][i].stage, "sqlite", 6) == 0)
            see_table(job, &outputs[job->mode][i], &t);
    put(&t, "== counts\n%s", job->counts);
    for (char *at = t.bytes; (at = strstr(at, job->dir.path)) != NULL;)
        memset(at, '@', strlen(job->dir.path));
    return t.bytes;
}

bool window_job_same(const char *what, const char *expected, const char *seen) {
    const char *part = "";
    if (strcmp(expected, seen) == 0)
        return true;
    for (;;) {
        size_t a = strcspn(expected, "\n"), b = strcspn(seen, "\n");
        if (a != b || strncmp(expected, seen, a) != 0 || expected[a] == '\0')
            break;
        if (strncmp(expected, "== ", 3) == 0)
            part = expected;
        expected += a + 1;
        seen += b + 1;
    }
    printf("%s: %.*s: \"%.*s\" is to be seen and not \"%.*s\"\n", what, (int)strcspn(part, "\n"),
           part, (int)strcspn(seen, "\n"), seen, (int)strcspn(expected, "\n"), expected);
    return false;
}
