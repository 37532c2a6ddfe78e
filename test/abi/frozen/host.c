/* Loads the plugin that argv[1] names and runs its three stages; the answer is known. */
#include <pln/pln.h>
#include <stdio.h>

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *runtime = NULL;
    pln_graph *graph = NULL;
    pln_report *report = NULL;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = 1000;
    pln_runtime_new(NULL, &runtime, &err);
    if (err.status == 0)
        pln_runtime_load(runtime, argc > 1 ? argv[1] : "", &err);
    if (err.status == 0)
        pln_graph_new(runtime, "frozen", &graph, &err);
    if (err.status == 0) {
        pln_graph_add(graph, "count", "frozen.count", PLN_JSON({"rows": 10007}), &err);
        pln_graph_add(graph, "even", "frozen.even", NULL, &err);
        pln_graph_add(graph, "sum", "frozen.sum", NULL, &err);
        pln_graph_wire(graph, "count > even > sum", &err);
        pln_graph_run(graph, &options, &report, &err);
    }
    int64_t sum = report != NULL ? pln_report_counter(report, "sum", "sum") : -1;
    if (err.status != 0)
        printf("%s: %s\n", err.where, err.message);
    printf("sum %lld\n", (long long)sum);
    pln_report_free(report);
    pln_graph_free(graph);
    pln_runtime_free(runtime);
    return err.status == 0 && sum == 5003LL * 5004 ? 0 : 1;
}
