/*
 * event_time: edits of a stream of events hour by hour, by the time in them and not by when they arrive: how many, by how many users, and the pages with most edits.
 * Events come up to ten minutes out of order; one that is later than that is counted as late. The same graph gives the same table from a file and live.
 *
 *     event_time [FILE [batch|stream]]     NDJSON, plain or gzip, with time, user and page in each line; without a file, or with "-", rows are made
 */
#include <pln/pln.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DONE = 0, WRONG_USE = 2, FAILED = 3 };

/* ---- the sink: a line a window, as soon as the window is over ---- */

static pln_status print_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    (void)ctx, (void)config, (void)err;
    *self = user;
    return PLN_OK;
}

static void print_pages(const struct ArrowArray *list, int64_t row) {
    const int32_t *ends = list->buffers[1];
    const struct ArrowArray *entries = list->children[0];
    const struct ArrowArray *page = entries->children[0], *count = entries->children[1];
    const int32_t *bytes = page->buffers[1];
    const char *text = page->buffers[2];
    for (int64_t i = ends[row]; i < ends[row + 1]; i++)
        printf("%s%.*s (%lld)", i == ends[row] ? "" : ", ", (int)(bytes[i + 1] - bytes[i]),
               text + bytes[i], (long long)((const int64_t *)count->buffers[1])[i]);
}

/* Columns as the window gives them: window_start, window_end, window_time, then the aggregates. */
static pln_status print_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const struct ArrowArray *rows = pln_batch_array(batch);
    const int64_t *start = rows->children[0]->buffers[1];
    const int64_t *edits = rows->children[3]->buffers[1], *users = rows->children[4]->buffers[1];
    (void)self, (void)ctx, (void)err;
    for (int64_t i = 0; i < rows->length; i++) {
        time_t seconds = (time_t)(start[i] / 1000000);
        struct tm utc;
        char hour[32];
        strftime(hour, sizeof hour, "%Y-%m-%d %H:%M", gmtime_r(&seconds, &utc));
        printf("%s  %6lld edits by %5lld users: ", hour, (long long)edits[i], (long long)users[i]);
        print_pages(rows->children[5], i);
        printf("\n");
    }
    return PLN_OK;
}

static void print_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static const pln_sink print = {
    .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI,
    .name = "hours.print", .summary = "Prints an hour a line.",
    .open = print_open, .write = print_write, .close = print_close,
};

static pln_status build(pln_graph *g, const char *path, pln_error *err) {
    if (path != NULL) {
        pln_graph_add(g, "read", "ndjson.read", PLN_JSON({"schema": {
            "type": "record", "name": "event", "fields": [
                {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "user", "type": "string"}, {"name": "page", "type": "string"}]}}), err);
        pln_graph_set_text(g, "read", "path", path, err);
    } else {
        pln_graph_add(g, "read", "generate", PLN_JSON({"rows": 50000, "seed": 7, "columns": {
            "time": {"time": "2026-01-01T00:00:00Z", "step": "250ms"},
            "user": {"text": [1, 2]}, "page": {"text": [1, 1]}}}), err);
    }
    pln_graph_add(g, "time", "watermark", PLN_JSON({"time": "time", "bound": "10m"}), err);
    pln_graph_add(g, "hours", "window", PLN_JSON({"size": "1h", "aggregates": {
        "edits": "count()", "users": "count_distinct(user)", "pages": "top_k(page, 3)"}}), err);
    pln_graph_add_sink(g, "print", &print, NULL, NULL, NULL, err);
    return pln_graph_wire(g, "read > time > hours > print", err);
}

static int64_t late(const pln_report *report) {
    pln_node_summary node = {.struct_size = sizeof node};
    int64_t sum = 0;
    for (int32_t i = 0; pln_report_node(report, i, &node) == PLN_OK; i++)
        sum += node.late;
    return sum;
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_run_options options;
    const char *path = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;
    const char *mode = argc > 2 ? argv[2] : "batch";
    pln_run_options_init(&options, sizeof options);
    options.mode = strcmp(mode, "stream") == 0 ? PLN_STREAM : PLN_BATCH;
    if (argc > 3 || (path != NULL && path[0] == '-') ||
        (strcmp(mode, "stream") != 0 && strcmp(mode, "batch") != 0)) {
        fprintf(stderr, "usage: event_time [FILE [batch|stream]]\n");
        return WRONG_USE;
    }
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_graph_new(rt, "event_time", &g, &err) < 0 ||
        build(g, path, &err) < 0 || pln_graph_run(g, &options, &report, &err) < 0)
        fprintf(stderr, "event_time: %s: %s\n", err.where, err.message);
    else
        printf("%lld edits came too late\n", (long long)late(report));
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return err.status < 0 ? FAILED : DONE;
}
