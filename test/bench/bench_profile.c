/*
 * A profile of a file of events: every column's nulls, distinct values, extremes, mean, deviation, quantiles and frequent values.
 *
 *     bench_profile FILE [TOP]     the events of bench_csv --write, for peer_profile.py; TOP 0: no frequent values
 */
#include "bench.h"
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3 };

static void must(pln_status status, const pln_error *err) {
    if (status >= 0)
        return;
    fprintf(stderr, "bench_profile: %s: %s\n", err->where, err->message);
    exit(1);
}

/* The report is what is looked at; the rows go nowhere. */
static pln_status sink_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    (void)ctx, (void)config, (void)err;
    *self = user;
    return PLN_OK;
}
static pln_status sink_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    (void)ctx, (void)err;
    *(int64_t *)self += pln_batch_rows(batch);
    return PLN_OK;
}
static void sink_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}
static const pln_sink sink = {
    .struct_size = sizeof(pln_sink),
    .abi = PLN_PLUGIN_ABI,
    .name = "bench.count",
    .summary = "Counts rows.",
    .open = sink_open,
    .write = sink_write,
    .close = sink_close,
};

static const char schema[] = PLN_JSON({
    "type": "record", "name": "event", "fields": [
        {"name": "event_id", "type": "long"}, {"name": "order_id", "type": "string"},
        {"name": "customer_id", "type": "long"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "status", "type": "string"}, {"name": "sku", "type": "string"},
        {"name": "quantity", "type": "int"}, {"name": "price", "type": "double"},
        {"name": "discount", "type": "double"}, {"name": "paid", "type": "boolean"}]});

static double run(pln_runtime *rt, const char *path, int64_t top, int64_t *rows, int64_t *columns) {
    pln_error err = {0};
    pln_graph *g = NULL;
    double start = bench_now_ns();
    *rows = *columns = 0;
    must(pln_graph_new(rt, "bench", &g, &err), &err);
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", path, &err);
    pln_graph_set_text(g, "read", "schema", schema, &err);
    pln_graph_add(g, "profile", "profile", NULL, &err);
    pln_graph_set_int(g, "profile", "top", top, &err);
    pln_graph_add_sink(g, "rows", &sink, rows, NULL, NULL, &err);
    pln_graph_add_sink(g, "report", &sink, columns, NULL, NULL, &err);
    must(pln_graph_wire(g, "read > profile > rows; profile.profile > report", &err), &err);
    must(pln_graph_run(g, NULL, NULL, &err), &err);
    pln_graph_free(g);
    return bench_now_ns() - start;
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt;
    int64_t rows = 0, columns = 0, top = argc > 2 ? strtoll(argv[2], NULL, 10) : 5;
    double least = 0;
    if (argc < 2)
        return 0;
    must(pln_runtime_new(NULL, &rt, &err), &err);
    for (int i = 0; i < ROUNDS; i++)
        bench_least(&least, run(rt, argv[1], top, &rows, &columns));
    printf("{\"bench\": \"profile\", \"case\": \"events_file\", \"top\": %lld, \"rows\": %lld, "
           "\"columns\": %lld, "
           "\"ns_row\": %.2f}\n",
           (long long)top, (long long)rows, (long long)columns, least / (double)rows);
    pln_runtime_free(rt);
    return 0;
}
