/*
 * sqlite.upsert against a bare prepared-statement loop in one transaction: the same rows, the same table, the same pragmas. Both run alternately, up to
 * the end of the commit; times are the processor's, so that neighbours do not count, and the ratio is of the fastest rounds. One JSON line a case.
 */
#include "bench.h"
#include "connect/sqlite/sqlite.h"
#include "graph/graph.h"
#include <pln/pln.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 500000, BATCH = 8192 };

static char folder[] = "/tmp/pln-bench-XXXXXX";
static char *keys, *names;
static int32_t order[ROWS];
static int64_t *amounts;
static double *prices;

static void die(const char *what) {
    fprintf(stderr, "bench_sqlite: %s\n", what);
    exit(1);
}

static void check(pln_status status, const pln_error *err) {
    if (status < 0)
        die(err->message);
}

/* Keys of 14 bytes in no order, each once. */
static void make_rows(int64_t salt) {
    uint64_t x = 88172645463325252u;
    for (int32_t i = 0; i < ROWS; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int32_t j = (int32_t)(x % (uint64_t)(i + 1));
        order[i] = order[j];
        order[j] = i;
    }
    for (int64_t i = 0; i < ROWS; i++) {
        uint32_t id = (uint32_t)order[i] % 100000000;
        snprintf(keys + i * 16, 16, "order-%08u", (unsigned)id);
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        snprintf(names + i * 16, 16, "customer-%05d", (int)(x % 90000));
        amounts[i] = i + salt;
        prices[i] = (double)(x % 100000) / 100 + (double)salt;
    }
}

static const char TABLE[] = "CREATE TABLE orders(\"id\" TEXT NOT NULL, \"name\" TEXT, \"amount\" "
                            "INTEGER, \"price\" REAL, PRIMARY KEY(\"id\"))";

static void fresh(const char *path) {
    char other[300];
    sqlite3 *db = NULL;
    const char *const tails[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(other, sizeof other, "%s%s", path, tails[i]);
        unlink(other);
    }
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA journal_mode=WAL", 0, 0, 0) != SQLITE_OK ||
        sqlite3_exec(db, TABLE, NULL, NULL, NULL) != SQLITE_OK)
        die("cannot make the table");
    sqlite3_close(db);
}

static double bare(const char *path) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    double start = bench_now_ns();
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; BEGIN IMMEDIATE", 0, 0,
                     0) != SQLITE_OK ||
        sqlite3_prepare_v2(db,
                           "INSERT INTO orders(id, name, amount, price) VALUES(?1, ?2, ?3, ?4) ON "
                           "CONFLICT(id) DO UPDATE"
                           " SET name=excluded.name, amount=excluded.amount, price=excluded.price",
                           -1, &s, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(db));
    for (int64_t i = 0; i < ROWS; i++) {
        sqlite3_bind_text(s, 1, keys + i * 16, 14, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, names + i * 16, 14, SQLITE_STATIC);
        sqlite3_bind_int64(s, 3, amounts[i]);
        sqlite3_bind_double(s, 4, prices[i]);
        if (sqlite3_step(s) != SQLITE_DONE)
            die(sqlite3_errmsg(db));
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(db));
    double elapsed = bench_now_ns() - start;
    sqlite3_close(db);
    return elapsed;
}

/* ---- ours: a source that gives the same arrays, and the sink, in a graph ---- */

static const struct ArrowSchema *row_schema;

static pln_status source_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    (void)user, (void)ctx, (void)config, (void)err;
    *self = calloc(1, sizeof(int64_t));
    return PLN_OK;
}

static pln_status source_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                                pln_error *err) {
    (void)self;
    return pln__schema_copy(ctx->host->allocator(ctx), row_schema, out, err);
}

static void text_column(const pln_allocator *mem, const char *texts, int64_t n,
                        struct ArrowArray *out) {
    pln__buffer buffers[3] = {{0}};
    pln__array_parts parts = {.length = n, .n_buffers = 3, .buffers = buffers};
    for (int32_t i = 0; i <= n; i++) {
        int32_t offset = i * 14;
        check(pln__buffer_append(mem, &buffers[1], &offset, 4, NULL), NULL);
        if (i < n)
            check(pln__buffer_append(mem, &buffers[2], texts + i * 16, 14, NULL), NULL);
    }
    check(pln__array_make(mem, &parts, out, NULL), NULL);
}

static void number_column(const pln_allocator *mem, const void *values, int64_t n,
                          struct ArrowArray *out) {
    pln__buffer buffers[2] = {{0}};
    pln__array_parts parts = {.length = n, .n_buffers = 2, .buffers = buffers};
    check(pln__buffer_append(mem, &buffers[1], values, n * 8, NULL), NULL);
    check(pln__array_make(mem, &parts, out, NULL), NULL);
}

static struct ArrowArray made[(ROWS + BATCH - 1) / BATCH];

/* The arrays are there before the clock starts: what is measured is the sink. */
static void make_arrays(void) {
    const pln_allocator *mem = pln__system_allocator();
    for (int64_t at = 0, i = 0; at < ROWS; at += BATCH, i++) {
        int64_t n = ROWS - at < BATCH ? ROWS - at : BATCH;
        struct ArrowArray columns[4];
        if (made[i].release != NULL)
            made[i].release(&made[i]);
        text_column(mem, keys + at * 16, n, &columns[0]);
        text_column(mem, names + at * 16, n, &columns[1]);
        number_column(mem, amounts + at, n, &columns[2]);
        number_column(mem, prices + at, n, &columns[3]);
        check(pln__array_struct(mem, n, columns, 4, &made[i], NULL), NULL);
    }
}

static pln_status source_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    int64_t *at = self;
    struct ArrowArray rows;
    (void)want;
    if (*at == PLN__COUNT(made))
        return PLN_EOS;
    check(pln__array_share(ctx->host->allocator(ctx), &made[(*at)++], &rows, err), err);
    return ctx->host->batch_new(ctx, 0, &rows, NULL, batch, err);
}

static void source_close(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

static const pln_source SOURCE = {.struct_size = sizeof SOURCE,
                                  .abi = PLN_PLUGIN_ABI,
                                  .name = "rows",
                                  .summary = "The rows.",
                                  .caps = PLN_CAP_BOUNDED,
                                  .open = source_open,
                                  .schema = source_schema,
                                  .poll = source_poll,
                                  .close = source_close};

static double ours(const char *path, const char *sort) {
    pln_error err = {0};
    pln_runtime *runtime = NULL;
    pln_graph *graph = NULL;
    pln_run *run = NULL;
    pln_host host;
    char config[400];
    pln_run_options options;
    check(pln__runtime_create(NULL, &runtime, &err), &err);
    pln__host_static(&host);
    check(pln__connect_sqlite_register(&host, &runtime->registry, &err), &err);
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = BATCH;
    snprintf(config, sizeof config,
             "{\"database\": \"%s\", \"table\": \"orders\", \"key\": \"id\", \"sort\": %s}", path,
             sort);
    double start = bench_now_ns();
    check(pln_graph_new(runtime, "bench", &graph, &err), &err);
    check(pln_graph_add_source(graph, "rows", &SOURCE, NULL, NULL, NULL, &err), &err);
    check(pln_graph_add(graph, "store", "sqlite.upsert", config, &err), &err);
    check(pln_graph_wire(graph, "rows > store", &err), &err);
    check(pln_run_open(graph, &options, &run, &err), &err);
    check(pln_run_finish(run, &err), &err);
    double elapsed = bench_now_ns() - start;
    pln_run_free(run);
    pln_graph_free(graph);
    pln_runtime_free(runtime);
    return elapsed;
}

static void measure(const char *name, const char *sort, double target) {
    char mine[200], theirs[200], cases[2][40];
    snprintf(cases[0], sizeof cases[0], "upsert_insert_%s", name);
    snprintf(cases[1], sizeof cases[1], "upsert_update_%s", name);
    bench_pair inserts = {"sqlite", cases[0], "bare loop, SQLite " SQLITE_VERSION, ROWS, 0,
                          0,        target};
    bench_pair updates = {"sqlite", cases[1], "bare loop, SQLite " SQLITE_VERSION, ROWS, 0,
                          0,        target};
    snprintf(mine, sizeof mine, "%s/ours.db", folder);
    snprintf(theirs, sizeof theirs, "%s/bare.db", folder);
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        make_rows(0);
        make_arrays();
        fresh(mine);
        fresh(theirs);
        bench_least(&inserts.ours_ns, ours(mine, sort));
        bench_least(&inserts.peer_ns, bare(theirs));
        make_rows(round + 1);
        make_arrays();
        bench_least(&updates.ours_ns, ours(mine, sort));
        bench_least(&updates.peer_ns, bare(theirs));
    }
    bench_against(&inserts);
    bench_against(&updates);
}

int main(void) {
    static const char *const formats[] = {"u", "u", "l", "g"}, *const columns[] = {
                                                                   "id", "name", "amount", "price"};
    struct ArrowSchema schema;
    pln_error err = {0};
    keys = malloc(ROWS * 16);
    names = malloc(ROWS * 16);
    amounts = malloc(ROWS * sizeof *amounts);
    prices = malloc(ROWS * sizeof *prices);
    if (keys == NULL || names == NULL || amounts == NULL || prices == NULL ||
        mkdtemp(folder) == NULL)
        die("no room");
    check(pln__field_new(pln__system_allocator(), "+s", "", false, 4, &schema, &err), &err);
    for (int i = 0; i < 4; i++)
        check(pln__field_new(pln__system_allocator(), formats[i], columns[i], i > 0, 0,
                             schema.children[i], &err),
              &err);
    row_schema = &schema;
    measure("unsorted", "false", 0.95);
    measure("sorted", "true", 1.4);
    schema.release(&schema);
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : 1;
}
