/*
 * use_plugin: a program that loads a plugin and uses its stages by name, as if they were built in.
 *
 *     use_plugin [PLUGIN.so]     default: plugin/every.so beside this program
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Plugins are loaded by absolute path only: what runs in the process is never a matter of the search path. */
static char *plugin_path(const char *program, const char *given) {
    char beside[4096];
    const char *slash = strrchr(program, '/');
    snprintf(beside, sizeof beside, "%.*splugin/every.so",
             slash == NULL ? 0 : (int)(slash + 1 - program), program);
    return realpath(given != NULL ? given : beside, NULL);
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    char *described = NULL, *path = plugin_path(argv[0], argc > 1 ? argv[1] : NULL);
    if (path == NULL) {
        fprintf(stderr, "use_plugin: there is no plugin; give its path\n");
        return 2;
    }
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_runtime_load(rt, path, &err) < 0 ||
        pln_runtime_stage_json(rt, "every.nth", &described, &err) < 0 ||
        pln_graph_new(rt, "plugin", &g, &err) < 0)
        goto out;
    printf("%s\n", described); /* what its manual would be made from */
    pln_graph_add(g, "numbers", "generate",
                  PLN_JSON({"rows": 1000, "columns": {"id": {"sequence": 0}}}), &err);
    pln_graph_add(g, "tenth", "every.nth", PLN_JSON({"n": 10}), &err);
    pln_graph_add(g, "sum", "every.total", PLN_JSON({"column": "id"}), &err);
    pln_graph_wire(g, "numbers > tenth > sum", &err);
    if (pln_graph_run(g, NULL, &report, &err) < 0)
        goto out;
    printf("the sum of each tenth number below 1000 is %lld\n",
           (long long)pln_report_counter(report, "sum", "total"));
    if (pln_report_counter(report, "sum", "total") != 49500)
        err.status = PLN_EINTERNAL;
out:
    if (err.status < 0)
        fprintf(stderr, "use_plugin: %s: %s\n", err.where, err.message);
    pln_text_free(rt, described);
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    free(path);
    return err.status < 0 ? 3 : 0;
}
