/*
 * What the engine itself costs: a transform that does nothing, a batch of one row through three nodes, a run of an empty graph.
 */
#include "bench.h"
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", err.where, err.message);
        exit(1);
    }
}

static void never_released(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema id = {"l", "id", NULL, 0, 0, NULL, NULL, never_released, NULL};
static struct ArrowSchema *children[] = {&id};
static struct ArrowSchema rows = {"+s", "", NULL, 0, 1, children, NULL, never_released, NULL};

/* A source that gives the same batch again and again. */
typedef struct repeat {
    pln_batch *batch;
    int64_t left;
} repeat;

static pln_status open_self(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *e) {
    (void)ctx;
    (void)config;
    (void)e;
    *self = user;
    return PLN_OK;
}

static void close_self(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
}

static pln_status repeat_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                                pln_error *e) {
    (void)ctx;
    return pln_batch_export(((repeat *)self)->batch, out, NULL, e);
}

static pln_status repeat_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *e) {
    repeat *r = self;
    (void)want;
    (void)e;
    if (r->left-- <= 0)
        return PLN_EOS;
    *batch = ctx->host->batch_ref(r->batch);
    return PLN_OK;
}

static pln_status pass(void *self, pln_context *ctx, int32_t port, pln_batch *batch, pln_error *e) {
    (void)self;
    (void)port;
    return ctx->host->emit(ctx, 0, ctx->host->batch_ref(batch), e);
}

static pln_status swallow(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    (void)ctx;
    (void)e;
    *(int64_t *)self += pln_batch_rows(batch);
    return PLN_OK;
}

static const pln_source repeat_table = {.struct_size = sizeof repeat_table,
                                        .abi = PLN_PLUGIN_ABI,
                                        .name = "repeat",
                                        .summary = "",
                                        .caps = PLN_CAP_BOUNDED,
                                        .open = open_self,
                                        .schema = repeat_schema,
                                        .poll = repeat_poll,
                                        .close = close_self};
static const pln_transform pass_table = {.struct_size = sizeof pass_table,
                                         .abi = PLN_PLUGIN_ABI,
                                         .name = "pass",
                                         .summary = "",
                                         .caps = PLN_CAP_ROWWISE,
                                         .open = open_self,
                                         .process = pass,
                                         .close = close_self};
static const pln_sink swallow_table = {.struct_size = sizeof swallow_table,
                                       .abi = PLN_PLUGIN_ABI,
                                       .name = "swallow",
                                       .summary = "",
                                       .open = open_self,
                                       .write = swallow,
                                       .close = close_self};

static pln_batch *batch_of(int64_t n) {
    pln_builder *b;
    pln_batch *batch;
    must(pln_builder_new(rt, &rows, &b, &err));
    for (int64_t i = 0; i < n; i++)
        must(pln_column_int(pln_builder_column(b, 0), i, &err));
    must(pln_builder_finish(b, &batch, &err));
    pln_builder_free(b);
    return batch;
}

static pln_graph *chain(repeat *r, int transforms, int64_t *seen) {
    pln_graph *g;
    char name[16], wiring[256] = "in";
    must(pln_graph_new(rt, "bench", &g, &err));
    must(pln_graph_add_source(g, "in", &repeat_table, r, NULL, NULL, &err));
    for (int i = 0; i < transforms; i++) {
        snprintf(name, sizeof name, "t%d", i);
        must(pln_graph_add_transform(g, name, &pass_table, NULL, NULL, NULL, &err));
        snprintf(wiring + strlen(wiring), sizeof wiring - strlen(wiring), " > %s", name);
    }
    must(pln_graph_add_sink(g, "out", &swallow_table, seen, NULL, NULL, &err));
    snprintf(wiring + strlen(wiring), sizeof wiring - strlen(wiring), " > out");
    must(pln_graph_wire(g, wiring, &err));
    return g;
}

/* Nanoseconds a batch for a graph with `transforms` empty transforms; the best of several runs. */
static double run_chain(int64_t per_batch, int64_t batches, int transforms) {
    double best = 1e300;
    pln_batch *batch = batch_of(per_batch);
    for (int round = 0; round < 7; round++) {
        int64_t seen = 0;
        repeat r = {batch, batches};
        pln_graph *g = chain(&r, transforms, &seen);
        double start = bench_now_ns();
        must(pln_graph_run(g, NULL, NULL, &err));
        double took = (bench_now_ns() - start) / (double)batches;
        if (seen != batches * per_batch)
            exit(1);
        best = took < best ? took : best;
        pln_graph_free(g);
    }
    pln_batch_unref(batch);
    return best;
}

static double run_empty(void) {
    double best = 1e300;
    pln_graph *g;
    must(pln_graph_new(rt, "empty", &g, &err));
    for (int i = 0; i < 200; i++) {
        double start = bench_now_ns();
        must(pln_graph_run(g, NULL, NULL, &err));
        double took = bench_now_ns() - start;
        best = took < best ? took : best;
    }
    pln_graph_free(g);
    return best;
}

int main(void) {
    must(pln_runtime_new(NULL, &rt, &err));
    double without = run_chain(4096, 20000, 0), with = run_chain(4096, 20000, 10);
    printf("{\"bench\":\"engine\",\"case\":\"empty transform, 4096-row batches\","
           "\"ns_per_row\":%.5f,\"target\":1.0}\n",
           (with - without) / 10 / 4096);
    printf("{\"bench\":\"engine\",\"case\":\"one-row batch through three nodes\","
           "\"ns_per_batch\":%.1f,\"target\":2000}\n",
           run_chain(1, 200000, 1));
    printf("{\"bench\":\"engine\",\"case\":\"open, run and close an empty graph\",\"us\":%.2f,"
           "\"target\":1000}\n",
           run_empty() / 1e3);
    pln_runtime_free(rt);
    return 0;
}
