/*
 * What tests of the engine share: a runtime on a clock of their own, a source that does what a script says, a sink that notes what it gets and
 * fails in a way that may be tried again where it is told to, and a folder.
 */
#ifndef RUN_WORLD_H
#define RUN_WORLD_H

#include "scratch.h"
#include "script.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;
static test_clock now;
static script source;
static probe *sink;
static scratch dir;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static inline void world_up(int64_t now_us, const char *acts) {
    pln_runtime_options options;
    now = (test_clock){.now_us = now_us};
    pln_clock clock = test_clock_table(&now);
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    memset(&err, 0, sizeof err);
    OK(pln_runtime_new(&options, &rt, &err));
    source = (script){.acts = acts};
    sink = calloc(1, sizeof *sink);
    sink->status = PLN_EBUSY;
    sink->flags = PLN_ERR_RETRYABLE;
    dir = scratch_new();
}

/* What was opened has been closed. */
static inline void world_down(void) {
    ck_assert_int_eq(source.opens, source.closes);
    ck_assert_int_eq(sink->opens, sink->closes);
    pln_runtime_free(rt);
    free(sink);
    scratch_free(&dir);
}

/* The source as "in" and the sink as "out", not wired yet. */
static inline pln_graph *world_nodes(const char *pipeline, const pln_source *in,
                                     const pln_sink *out) {
    pln_graph *g;
    OK(pln_graph_new(rt, pipeline, &g, &err));
    OK(pln_graph_add_source(g, "in", in, &source, NULL, NULL, &err));
    OK(pln_graph_add_sink(g, "out", out, sink, NULL, NULL, &err));
    return g;
}

static inline pln_graph *world_graph(const char *pipeline, const pln_source *in,
                                     const pln_sink *out) {
    pln_graph *g = world_nodes(pipeline, in, out);
    OK(pln_graph_wire(g, "in > out", &err));
    return g;
}

#endif
