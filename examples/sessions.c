/*
 * sessions: visits of users, out of the events of all of them: a visit ends when its user has done nothing for half an hour.
 *
 *     sessions OUT.csv [FILE [GAP]]     NDJSON, plain or gzip, with time, user and page in each line; without a file, or with "-", rows are made.
 *                                       GAP as "30m" or "90s". Writes a line a visit, and says how many there were.
 */
#include <pln/pln.h>
#include <stdio.h>
#include <string.h>

enum { DONE = 0, WRONG_USE = 2, FAILED = 3 };

static pln_status build(pln_graph *g, const char *path, const char *out, const char *gap,
                        pln_error *err) {
    if (path != NULL) {
        pln_graph_add(g, "read", "ndjson.read", PLN_JSON({"schema": {
            "type": "record", "name": "event", "fields": [
                {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "user", "type": "string"}, {"name": "page", "type": "string"}]}}), err);
        pln_graph_set_text(g, "read", "path", path, err);
    } else {
        pln_graph_add(g, "read", "generate", PLN_JSON({"rows": 5000, "seed": 7, "columns": {
            "time": {"time": "2026-01-01T00:00:00Z", "step": "20s"},
            "user": {"text": [1, 2]}, "page": {"text": [1, 1]}}}), err);
    }
    /* Events are up to an hour late. A visit is told when no event can belong to it any more. */
    pln_graph_add(g, "time", "watermark", PLN_JSON({"time": "time", "bound": "1h"}), err);
    pln_graph_add(g, "visits", "window", PLN_JSON({"window": "session", "key": ["user"], "aggregates": {
        "events": "count()", "pages": "count_distinct(page)", "began_at": "min(time)",
        "ended_at": "max(time)", "first_page": "first(page)", "last_page": "last(page)"}}), err);
    pln_graph_set_text(g, "visits", "gap", gap, err);
    pln_graph_add(g, "shape", "select", PLN_JSON({"columns": [
        "user", "began_at", "ended_at", "events", "pages", "first_page", "last_page"]}), err);
    pln_graph_add(g, "write", "csv.write", NULL, err);
    pln_graph_set_text(g, "write", "path", out, err);
    return pln_graph_wire(g, "read > time > visits > shape > write", err);
}

static void tell(const pln_report *report) {
    pln_node_summary node = {.struct_size = sizeof node};
    for (int32_t i = 0; pln_report_node(report, i, &node) == PLN_OK; i++)
        if (strcmp(node.name, "visits") == 0)
            printf("%lld events in %lld visits, %lld came too late\n", (long long)node.absorbed,
                   (long long)node.rows_out, (long long)node.late);
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    const char *path = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
    if (argc < 2 || argc > 4 || argv[1][0] == '-' || (path != NULL && path[0] == '-')) {
        fprintf(stderr, "usage: sessions OUT.csv [FILE [GAP]]\n");
        return WRONG_USE;
    }
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_graph_new(rt, "sessions", &g, &err) < 0 ||
        build(g, path, argv[1], argc > 3 ? argv[3] : "30m", &err) < 0 ||
        pln_graph_run(g, NULL, &report, &err) < 0)
        fprintf(stderr, "sessions: %s: %s\n", err.where, err.message);
    else
        tell(report);
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return err.status < 0 ? FAILED : DONE;
}
