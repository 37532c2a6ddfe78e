/*
 * top_pages: the pages with most edits of a stream of events, from a fixed number of entries, however many pages there are. Each count has bounds that
 * hold, and no page that is not listed can have more than the last line says.
 *
 *     top_pages [FILE [N [ENTRIES]]]     NDJSON, plain or gzip, with a page in each line; without a file, or with "-", rows are made
 */
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, WRONG_USE = 2, FAILED = 3, LONGEST = 1000 };

/* ---- the sink: takes batches, keeps nothing but the sketch ---- */

static pln_status pages_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    (void)ctx, (void)config, (void)err;
    *self = user;
    return PLN_OK;
}

static pln_status pages_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    (void)ctx;
    /* The graph below hands over one column. */
    return pln_top_k_add_column(self, pln_batch_schema(batch)->children[0],
                                pln_batch_array(batch)->children[0], NULL, err);
}

static void pages_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static const pln_sink pages = {
    .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI,
    .name = "pages.top", .summary = "A sketch of the most edited pages.",
    .open = pages_open, .write = pages_write, .close = pages_close,
};

/* A line without a page ends the run; a reject port would take it (see quickstart). */
static pln_status build(pln_graph *g, const char *path, pln_top_k *top, pln_error *err) {
    if (path != NULL) {
        pln_graph_add(g, "read", "ndjson.read", PLN_JSON({"schema": {
            "type": "record", "name": "event", "fields": [{"name": "page", "type": "string"}]}}), err);
        pln_graph_set_text(g, "read", "path", path, err);
    } else {
        pln_graph_add(g, "read", "generate", PLN_JSON({"rows": 50000, "seed": 7, "columns": {
            "page": {"text": [1, 2]}}}), err);
    }
    pln_graph_add(g, "only", "select", PLN_JSON({"columns": ["page"]}), err);
    pln_graph_add_sink(g, "count", &pages, top, NULL, NULL, err);
    return pln_graph_wire(g, "read > only > count", err);
}

static pln_status table(const pln_top_k *top, int64_t wanted, pln_error *err) {
    pln_top_k_entry *best = calloc((size_t)wanted, sizeof *best);
    int64_t found = 0;
    if (best == NULL)
        return err->status = PLN_ENOMEM;
    best[0].struct_size = sizeof best[0];
    pln_status status =
        pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, wanted, best, &found, err);
    if (status >= 0)
        printf("%10s%10s  %s\n", "at least", "at most", "page");
    for (int64_t i = 0; status >= 0 && i < found && i < wanted; i++)
        printf("%10lld%10lld  %.*s\n", (long long)best[i].lower, (long long)best[i].upper,
               (int)best[i].size, (const char *)best[i].bytes);
    /* What has no entry has at most the error; what has one and is not listed no more than the last that is. */
    if (status >= 0)
        printf("of %lld edits; a page that came no more often than %lld times may be missing\n",
               (long long)pln_top_k_total(top), (long long)pln_top_k_error(top));
    free(best);
    return status;
}

/* 0 for what is no number from 1. */
static int64_t number(const char *text, int64_t most) {
    char *end;
    long long n = strtoll(text, &end, 10);
    return *end != '\0' || n < 1 || n > most ? 0 : n;
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_top_k *top = NULL;
    pln_top_k_options options;
    const char *path = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;
    int64_t wanted = argc > 2 ? number(argv[2], LONGEST) : 10;
    pln_top_k_options_init(&options, sizeof options);
    options.capacity = argc > 3 ? number(argv[3], 1 << 20) : 8192;
    if (argc > 4 || wanted == 0 || options.capacity == 0 || (path != NULL && path[0] == '-')) {
        fprintf(stderr, "usage: top_pages [FILE [N [ENTRIES]]]\n");
        return WRONG_USE;
    }
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_top_k_new(rt, &options, &top, &err) < 0 ||
        pln_graph_new(rt, "top_pages", &g, &err) < 0 || build(g, path, top, &err) < 0 ||
        pln_graph_run(g, NULL, NULL, &err) < 0 || table(top, wanted, &err) < 0)
        fprintf(stderr, "top_pages: %s: %s\n", err.where, err.message);
    pln_graph_free(g);
    pln_top_k_free(top);
    pln_runtime_free(rt);
    return err.status < 0 ? FAILED : DONE;
}
