/*
 * The stage dedup in memory and beyond its budget, in a state file: what a key costs that is new, and one that came before, in a graph whose other nodes' time is taken away. One
 * JSON line a case. Keys are as good as random, so those that come before stand anywhere in the file; the file's size is told with them.
 *
 *     bench_dedup_spill [KEYS [BUDGET]]
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include <pln/pln.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/pln-bench-XXXXXX", state[64];
static pln_error err;

static void must(pln_status status) {
    if (status >= 0)
        return;
    fprintf(stderr, "bench_dedup_spill: %s (%s)\n", err.message, err.where);
    exit(1);
}

static void remove_state(void) {
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", state, tails[i]);
        unlink(path);
    }
}

/* `rows` rows of which the key is id % keys; config NULL: without dedup. */
static double run(int64_t rows, int64_t keys, const char *config, bool spill, pln_report **report) {
    pln_runtime *rt;
    pln_graph *g;
    pln_table *none;
    pln_run_options options;
    char text[80];
    pln_run_options_init(&options, sizeof options);
    if (spill)
        options.state = state;
    must(pln_runtime_new(NULL, &rt, &err));
    must(pln_graph_new(rt, "bench", &g, &err));
    must(pln_graph_add(g, "in", "generate", "{\"columns\": {\"id\": {\"sequence\": 0}}}", &err));
    must(pln_graph_set_int(g, "in", "rows", rows, &err));
    snprintf(text, sizeof text, "{\"columns\": {\"k\": \"id %% %lld\"}}", (long long)keys);
    must(pln_graph_add(g, "key", "derive", text, &err));
    if (config != NULL)
        must(pln_graph_add(g, "x", "dedup", config, &err));
    must(pln_graph_add(g, "none", "filter", "{\"where\": \"id < 0\"}", &err));
    must(pln_table_new(rt, NULL, &none, &err));
    must(pln_graph_add(g, "out", "memory.write", NULL, &err));
    must(pln_graph_bind(g, "out", "table", none, NULL, &err));
    must(pln_graph_wire(g, config != NULL ? "in > key > x > none > out" : "in > key > none > out",
                        &err));
    double start = bench_now_ns();
    must(pln_graph_run(g, &options, report, &err));
    double took = bench_now_ns() - start;
    pln_graph_free(g);
    pln_table_free(none);
    pln_runtime_free(rt);
    return took;
}

static void both(const char *name, int64_t keys, const char *config, bool spill) {
    pln_report *report;
    struct stat info = {0};
    double plain = run(keys, keys, NULL, false, NULL);
    double fresh = run(keys, keys, config, spill, NULL) - plain;
    remove_state();
    double again = run(2 * keys, keys, config, spill, &report) - 2 * plain - fresh;
    if (spill)
        (void)stat(state, &info);
    printf("{\"bench\": \"dedup_spill\", \"case\": \"%s\", \"rows\": %lld, \"ns_new\": %.0f, "
           "\"ns_again\": %.0f, \"memory\": %lld, \"spilled\": %lld, \"asked\": %lld, "
           "\"in_vain\": %lld, \"file_bytes\": %lld}\n",
           name, (long long)keys, fresh / (double)keys, again / (double)keys,
           (long long)pln_report_counter(report, "x", "dedup.bytes"),
           (long long)pln_report_counter(report, "x", "dedup.spilled"),
           (long long)pln_report_counter(report, "x", "dedup.asked"),
           (long long)pln_report_counter(report, "x", "dedup.asked_in_vain"),
           (long long)info.st_size);
    fflush(stdout);
    pln_report_free(report);
    remove_state();
}

int main(int argc, char **argv) {
    int64_t keys = argc > 1 ? atoll(argv[1]) : 1000000;
    const char *budget = argc > 2 ? argv[2] : "4MiB";
    char config[200];
    if (keys < 1 || keys > 1 << 28 || mkdtemp(folder) == NULL)
        return 2;
    snprintf(state, sizeof state, "%s/state.db", folder);
    both("in memory", keys, "{\"key\": \"k\"}", false);
    snprintf(config, sizeof config, "{\"key\": \"k\", \"budget\": \"%s\"}", budget);
    both("spilled", keys, config, true);
    rmdir(folder);
    return 0;
}
