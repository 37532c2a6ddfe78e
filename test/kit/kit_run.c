#include "kit_inner.h"
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_of(void *user) {
    return ((kit_world *)user)->clock_us++;
}

static void clock_wait(void *user, const pln_wait_fd *fds, int32_t n, int64_t until_us) {
    kit_world *world = user;
    struct pollfd set[16];
    if (until_us != INT64_MAX && n == 0) {
        if (until_us > world->clock_us)
            world->clock_us = until_us;
        return;
    }
    for (int32_t i = 0; i < n && i < 16; i++)
        set[i] = (struct pollfd){fds[i].fd, (short)((fds[i].events & PLN_READABLE ? POLLIN : 0) |
                                                   (fds[i].events & PLN_WRITABLE ? POLLOUT : 0)), 0};
    if (poll(set, (nfds_t)(n < 16 ? n : 16), until_us == INT64_MAX ? 1000 : 0) == 0 &&
        until_us != INT64_MAX && until_us > world->clock_us)
        world->clock_us = until_us;
}

static pln_status new_runtime(kit_world *world, kit_memory *memory, pln_runtime **out,
                              pln_error *err) {
    pln_clock clock = {.struct_size = sizeof clock, .user = world, .now_us = clock_of, .monotonic_us = clock_of,
                       .wait = clock_wait};
    pln_runtime_options options;
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    options.allocator = &memory->allocator;
    pln_status status = pln_runtime_new(&options, out, err);
    if (status >= 0 && world->stage->runtime != NULL)
        status = world->stage->runtime(world->stage->arg, *out, err);
    return status;
}

static pln_status add_node(kit_world *world, pln_graph *graph, const kit_run *run, pln_error *err) {
    const kit_stage *stage = world->stage;
    const char *config = run->config != NULL ? run->config : run->bare ? NULL : stage->config;
    if (stage->table == NULL && stage->add != NULL)
        return stage->add(stage->arg, graph, "kit", err);
    if (stage->table == NULL)
        return pln_graph_add(graph, "kit", stage->stage, config, err);
    if (stage->kind == PLN_SOURCE)
        return pln_graph_add_source(graph, "kit", &world->wrap.outer.source, &world->wrap, NULL,
                                    config, err);
    if (stage->kind == PLN_TRANSFORM)
        return pln_graph_add_transform(graph, "kit", &world->wrap.outer.transform, &world->wrap,
                                       NULL, config, err);
    return pln_graph_add_sink(graph, "kit", &world->wrap.outer.sink, &world->wrap, NULL, config,
                              err);
}

static pln_status add_ends(kit_world *world, pln_graph *graph, kit_text *wiring, pln_error *err) {
    pln_status status = PLN_OK;
    char name[32];
    for (int32_t i = 0; i < world->n_inputs && status >= 0; i++) {
        snprintf(name, sizeof name, "in%d", (int)i);
        status =
            pln_graph_add_source(graph, name, &kit_feed_table, &world->feeds[i], NULL, NULL, err);
        kit_text_add(wiring, "%s > kit%s%s; ", name, world->ports_in[i][0] ? "." : "",
                     world->ports_in[i]);
    }
    for (int32_t i = 0; i < world->n_out && status >= 0; i++) {
        snprintf(name, sizeof name, "out%d", (int)i);
        status = pln_graph_add_sink(graph, name, &kit_collect_table, &world->collects[i], NULL,
                                    NULL, err);
        kit_text_add(wiring, "kit.%s > %s; ", world->ports_out[i], name);
    }
    if (status >= 0)
        status = pln_graph_add_sink(graph, "bad", &kit_collect_table, &world->collects[KIT_PORTS],
                                    NULL, NULL, err);
    kit_text_add(wiring, "kit.reject > bad");
    return status;
}

static pln_status build(kit_world *world, pln_runtime *runtime, const kit_run *run, pln_graph **out,
                        pln_error *err) {
    kit_text wiring = {0};
    pln_status status = pln_graph_new(runtime, "kit", out, err);
    if (status >= 0)
        status = add_node(world, *out, run, err);
    if (status >= 0 && !run->bare && world->stage->setup != NULL)
        status = world->stage->setup(world->stage->arg, runtime, *out, "kit", err);
    if (status >= 0)
        status = add_ends(world, *out, &wiring, err);
    if (status >= 0)
        status = pln_graph_wire(*out, wiring.data, err);
    kit_text_free(&wiring);
    return status;
}

/* ---- the report ---- */

static void judge_node(kit_world *world, const pln_node_summary *n, int64_t fed) {
    int64_t fates = n->passed + n->absorbed + n->rejected + n->late + n->filtered + n->duplicate,
            behind = 0;
    int32_t before = world->check;
    world->check = KIT_FATES;
    if (fates != n->rows_in)
        kit_finding(world, "node %s: %lld rows came in, %lld have a fate", n->name,
                    (long long)n->rows_in, (long long)fates);
    if (strcmp(n->name, "kit") == 0) {
        const kit_collect *bad = &world->collects[KIT_PORTS];
        for (int32_t i = 0; i < world->n_out; i++)
            behind += world->collects[i].rows;
        if (n->kind != PLN_SINK && behind != n->rows_out)
            kit_finding(world, "the report says that %lld rows went out, %lld arrived",
                        (long long)n->rows_out, (long long)behind);
        if (bad->rows != n->rejected)
            kit_finding(world, "the report says that %lld rows were rejected, %lld arrived",
                        (long long)n->rejected, (long long)bad->rows);
        if (n->kind != PLN_SOURCE && n->rows_in != fed)
            kit_finding(world, "%lld rows were given, %lld counted", (long long)fed,
                        (long long)n->rows_in);
    }
    world->check = before;
}

static void judge(kit_world *world, pln_run *handle, kit_run *run) {
    pln_report *report;
    pln_run_summary summary = {.struct_size = sizeof summary};
    int64_t fed = 0;
    if (pln_run_report(handle, &report, NULL) < 0)
        return;
    pln_report_summary(report, &summary);
    run->epochs = summary.epochs;
    run->guarantee = summary.guarantee;
    pln_node_summary n = {.struct_size = sizeof n};
    for (int32_t i = 0; run->done && pln_report_node(report, i, &n) == PLN_OK; i++)
        fed += strncmp(n.name, "in", 2) == 0 ? n.rows_out : 0;
    for (int32_t i = 0; run->done && pln_report_node(report, i, &n) == PLN_OK; i++)
        judge_node(world, &n, fed);
    pln_report_free(report);
}

/* ---- driving ---- */

static int64_t epochs_of(pln_run *handle) {
    pln_report *report;
    pln_run_summary summary = {.struct_size = sizeof summary};
    if (pln_run_report(handle, &report, NULL) < 0)
        return -1;
    pln_report_summary(report, &summary);
    pln_report_free(report);
    return summary.epochs;
}

typedef struct watcher {
    char *seen;
    int64_t epochs;
} watcher;

static void watch(kit_world *world, watcher *w, pln_run *handle, int64_t step) {
    int64_t epochs = epochs_of(handle);
    char *seen = world->stage->result(world->stage->arg);
    if (w->seen != NULL && epochs == w->epochs && strcmp(seen, w->seen) != 0)
        kit_finding(world,
                    "step %lld changed what is to be seen outside, and no epoch was committed",
                    (long long)step);
    free(w->seen);
    w->seen = seen;
    w->epochs = epochs;
}

static void wait_for(kit_world *world, pln_run *handle, int64_t wake_us) {
    pln_wait_fd fds[16];
    int32_t n = pln_run_wait_fds(handle, fds, 16);
    clock_wait(world, fds, n < 16 ? n : 16, wake_us);
}

static void drive(kit_world *world, pln_run *handle, kit_run *run) {
    int64_t idle = 0;
    watcher w = {NULL, -1};
    while (run->steps < 0 || run->steps_done < run->steps) {
        int64_t wake_us;
        if (run->watch)
            watch(world, &w, handle, run->steps_done);
        run->status = pln_run_step(handle, 0, &wake_us, &run->error);
        run->done = run->status == PLN_EOS;
        if (run->done || run->status < 0)
            break;
        if (run->status == PLN_OK) {
            run->steps_done++;
            idle = 0;
            continue;
        }
        if (++idle > 100) {
            kit_finding(world, "it says AGAIN for ever, and nothing that it waits for");
            break;
        }
        wait_for(world, handle, wake_us);
    }
    free(w.seen);
    if (run->status > 0)
        run->status = PLN_OK;
}

typedef struct poker {
    kit_world *world;
    atomic_int stop;
} poker;

static void *poke(void *arg) {
    poker *p = arg;
    struct timespec pause = {0, 20000};
    while (!atomic_load(&p->stop)) {
        kit_wrap_interrupt(&p->world->wrap, p->world->stage->kind);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* A state file that nothing is in, for a stage that always needs one. */
const char *kit_empty_state(const kit_world *world, char path[300]) {
    static const char *const tails[] = {"-wal", "-shm", "-journal", ""};
    for (int i = 0; i < 4; i++) {
        snprintf(path, 300, "%s/empty.db%s", world->dir, tails[i]);
        unlink(path);
    }
    return path;
}

static void run_graph(kit_world *world, pln_graph *graph, kit_run *run) {
    char path[300];
    pln_run *handle = NULL;
    pln_run_options options;
    pthread_t thread;
    poker p = {.world = world};
    bool poking = run->interrupt && pthread_create(&thread, NULL, poke, &p) == 0;
    pln_run_options_init(&options, sizeof options);
    options.mode = run->mode;
    options.max_batch_rows = run->batch_rows;
    options.epoch_rows = run->epoch_rows;
    options.state =
        run->state == NULL && world->stage->needs_state ? kit_empty_state(world, path) : run->state;
    options.seed = 7;
    options.attempts = run->attempts;
    /* Of a run that was done before its end was told, nothing is to be done again. */
    options.when_done = PLN_WHEN_DONE_SKIP;
    run->status = pln_run_open(graph, &options, &handle, &run->error);
    if (run->status >= 0) {
        drive(world, handle, run);
        judge(world, handle, run);
    }
    if (poking) {
        atomic_store(&p.stop, 1);
        pthread_join(thread, NULL);
    }
    pln_run_free(handle);
}

static void in_memory(kit_world *world, kit_run *run, kit_memory *memory) {
    pln_runtime *runtime = NULL;
    pln_graph *graph = NULL;
    run->status = new_runtime(world, memory, &runtime, &run->error);
    run->runtime_requests = memory->requests;
    if (run->status >= 0)
        run->status = build(world, runtime, run, &graph, &run->error);
    if (run->status >= 0)
        run_graph(world, graph, run);
    pln_graph_free(graph);
    if (world->stage->teardown != NULL)
        world->stage->teardown(world->stage->arg);
    pln_runtime_free(runtime);
}

void kit_do(kit_world *world, kit_run *run) {
    kit_memory memory;
    int32_t before = world->check;
    world->out->runs++;
    run->error = (pln_error){0};
    run->done = false;
    run->steps_done = 0;
    kit_memory_init(&memory, run->fail_at, run->once);
    kit_wrap_begin(&world->wrap);
    world->wrap.memory = &memory;
    in_memory(world, run, &memory);
    kit_wrap_end(&world->wrap);
    run->requests = memory.requests;
    world->check = KIT_MEMORY;
    if (memory.blocks != 0)
        kit_finding(world, "%lld blocks were not given back%s", (long long)memory.blocks,
                    run->fail_at > 0 ? " after an allocation had failed" : "");
    world->check = KIT_LIFE;
    if (memory.wrong != 0)
        kit_finding(
            world,
            "%lld blocks were freed twice, or with another size than they were asked for with",
            (long long)memory.wrong);
    if (world->wrap.wrong[0] != '\0')
        kit_finding(world, "%s", world->wrap.wrong);
    world->check = KIT_ROWS;
    for (int32_t i = 0; i <= KIT_PORTS; i++)
        if (world->collects[i].wrong[0] != '\0')
            kit_finding(world, "a batch is not valid: %s", world->collects[i].wrong);
    world->check = before;
    kit_memory_end(&memory);
}

kit_run kit_run_of(const kit_world *world) {
    (void)world;
    return (kit_run){.mode = PLN_BATCH, .batch_rows = 8192, .steps = -1, .attempts = 1};
}

void kit_reset(kit_world *world) {
    for (int32_t i = 0; i <= KIT_PORTS; i++)
        kit_collect_reset(&world->collects[i]);
    if (world->stage->reset != NULL)
        world->stage->reset(world->stage->arg);
}

char *kit_seen(kit_world *world) {
    kit_text text = {0};
    for (int32_t i = 0; i < world->n_out; i++)
        kit_text_add(&text, "[%s]\n%s", world->ports_out[i],
                     world->collects[i].shown.data == NULL ? "" : world->collects[i].shown.data);
    const char *bad = world->collects[KIT_PORTS].shown.data;
    bad = bad == NULL ? NULL : strchr(bad, '\n');
    kit_text_add(&text, "[reject]\n%s", bad == NULL ? "" : bad + 1);
    if (world->stage->kind == PLN_SINK && world->stage->result != NULL) {
        char *result = world->stage->result(world->stage->arg);
        kit_text_add(&text, "[result]\n%s", result);
        free(result);
    }
    return text.data;
}

static const char *line_end(const char *at) {
    const char *end = strchr(at, '\n');
    return end == NULL ? at + strlen(at) : end;
}

bool kit_same(kit_world *world, const char *what) {
    char *seen = kit_seen(world);
    const char *a = world->expected, *b = seen;
    int line = 1;
    if (strcmp(a, b) == 0) {
        free(seen);
        return true;
    }
    for (; *a != '\0' && *b != '\0'; line++) {
        const char *a_end = line_end(a), *b_end = line_end(b);
        if (a_end - a != b_end - b || memcmp(a, b, (size_t)(a_end - a)) != 0)
            break;
        a = *a_end == '\0' ? a_end : a_end + 1;
        b = *b_end == '\0' ? b_end : b_end + 1;
    }
    kit_finding(world, "%s: line %d is \"%.*s\" and not \"%.*s\"", what, line,
                (int)(line_end(b) - b), b, (int)(line_end(a) - a), a);
    free(seen);
    return false;
}
