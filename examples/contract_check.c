/*
 * contract_check: does a file of rows keep its data contract? And may one contract take the place of another? For build pipelines.
 */
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 0, BROKEN = 1, WRONG_USE = 2, FAILED = 3 };

static const char usage[] =
    "usage: contract_check CONTRACT DATA [--object NAME] [--json] [--html FILE] [--reject FILE]\n"
    "       contract_check --diff OLD NEW [--json]\n"
    "  CONTRACT  an Open Data Contract (ODCS 3.1), YAML or JSON; DATA is CSV or NDJSON\n"
    "  --object  which table of the contract, if it has several\n"
    "  --html    a report for people; --reject the wrong rows, with their reasons\n"
    "exit: 0 kept (of --diff: NEW may take the place of OLD), 1 broken, 2 wrong use, 3 failed\n";

static pln_runtime *rt;
static pln_error err;
static const char *object, *html, *reject;
static int as_json;

static int failed(const char *what) {
    fprintf(stderr, "contract_check: %s: %s\n", what, err.message);
    return FAILED;
}

static pln_contract *load(const char *path) {
    pln_contract *contract = NULL;
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "rb");
    ssize_t size = in != NULL ? getdelim(&text, &room, '\0', in) : -1;
    if (size < 0)
        fprintf(stderr, "contract_check: %s cannot be read\n", path);
    else if (pln_contract_parse(rt, text, size, NULL, &contract, &err) < 0)
        failed(path);
    free(text);
    if (in != NULL)
        fclose(in);
    return contract;
}

/* The end of the line: rows that are right are counted by the run, and that is all. */
static pln_status drop_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *e) {
    (void)ctx, (void)config, (void)e;
    *self = user;
    return PLN_OK;
}
static pln_status drop_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    (void)self, (void)ctx, (void)batch, (void)e;
    return PLN_OK;
}
static void drop_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}
static const pln_sink drop = {
    .struct_size = sizeof drop, .abi = PLN_PLUGIN_ABI, .name = "drop", .summary = "Keeps nothing.",
    .option_size = sizeof(pln_option), .open = drop_open, .write = drop_write, .close = drop_close};

/* Rows that do not fit the columns, and those that fail a check, go to the reject file or are counted. */
static int run(const char *data, struct ArrowSchema *columns, pln_validation *v, int64_t *unread) {
    pln_graph *g;
    pln_run_options options;
    pln_report *report = NULL;
    const char *read = strstr(data, ".csv") != NULL ? "csv.read" : "ndjson.read";
    if (pln_graph_new(rt, "contract", &g, &err) < 0)
        return failed(data);
    pln_graph_add(g, "read", read, NULL, &err);
    pln_graph_set_text(g, "read", "path", data, &err);
    pln_graph_bind(g, "read", "schema_handle", columns, NULL, &err);
    pln_graph_add(g, "check", "check", PLN_JSON({"enforce": false}), &err);
    pln_graph_bind(g, "check", "validation", v, NULL, &err);
    pln_graph_add_sink(g, "drop", &drop, v, NULL, NULL, &err);
    if (reject != NULL) {
        pln_graph_add(g, "bad", "ndjson.write", NULL, &err);
        pln_graph_set_text(g, "bad", "path", reject, &err);
        pln_graph_wire(g, "read > check > drop; read.reject > bad; check.reject > bad", &err);
    } else {
        pln_graph_set_text(g, "read", "on_reject", "drop", &err);
        pln_graph_set_text(g, "check", "on_reject", "drop", &err);
        pln_graph_wire(g, "read > check > drop", &err);
    }
    pln_run_options_init(&options, sizeof options);
    pln_status status = pln_graph_run(g, &options, &report, &err);
    pln_node_summary node = {.struct_size = sizeof node};
    if (status >= 0 && pln_report_node(report, 0, &node) == PLN_OK)
        *unread = node.rejected;
    pln_report_free(report);
    pln_graph_free(g);
    return status < 0 ? failed(data) : KEPT;
}

static int tell(pln_validation *v, int64_t unread, const char *left) {
    const char *text;
    int64_t size;
    int32_t status;
    if (pln_validation_status(v, &status, &err) < 0 ||
        (html != NULL && pln_validation_html(v, &text, &size, &err) < 0))
        return failed("results");
    FILE *out = html != NULL ? fopen(html, "wb") : NULL;
    if (html != NULL &&
        (out == NULL || fwrite(text, 1, (size_t)size, out) != (size_t)size || fclose(out) != 0)) {
        fprintf(stderr, "contract_check: %s cannot be written\n", html);
        return FAILED;
    }
    if ((as_json ? pln_validation_json : pln_validation_text)(v, &text, &size, &err) < 0)
        return failed("results");
    int kept = status < PLN_CHECK_FAILED && unread == 0;
    if (as_json)
        printf("{\"kept\": %s, \"unread_rows\": %lld, \"not_evaluated\": %s, \"validation\": %s}\n",
               kept ? "true" : "false", (long long)unread, left, text);
    else
        printf("%s%lld rows do not fit the columns\nnot evaluated: %s\n", text, (long long)unread,
               left);
    return kept ? KEPT : BROKEN;
}

static int check(const char *path, const char *data) {
    struct ArrowSchema columns = {.release = NULL};
    pln_validation *v = NULL;
    pln_suite *suite = NULL;
    char *text = NULL, *left = NULL;
    int64_t size, unread = 0;
    int status = FAILED;
    pln_contract *contract = load(path);
    if (contract == NULL)
        return FAILED;
    if (pln_contract_schema(contract, object, &columns, &err) < 0 ||
        pln_contract_suite(contract, object, &text, &size, &left, &err) < 0 ||
        pln_suite_new(rt, text, NULL, &suite, &err) < 0 ||
        pln_validation_new(suite, &columns, NULL, &v, &err) < 0)
        status = failed(path);
    else if ((status = run(data, &columns, v, &unread)) == KEPT)
        status = tell(v, unread, left);
    pln_validation_free(v);
    pln_suite_free(suite);
    pln_text_free(rt, text);
    pln_text_free(rt, left);
    if (columns.release != NULL)
        columns.release(&columns);
    pln_contract_free(contract);
    return status;
}

static int compare(const char *before, const char *after) {
    pln_contract *old = load(before), *new = load(after);
    pln_contract_diff *diff = NULL;
    pln_contract_verdict verdict = {.struct_size = sizeof verdict};
    char *text = NULL;
    int status = FAILED;
    if (old == NULL || new == NULL) {
        /* said */
    } else if (pln_contract_diff_new(old, new, NULL, &diff, &err) < 0 ||
               pln_contract_diff_json(diff, &text, &err) < 0) {
        failed(after);
    } else {
        pln_contract_diff_verdict(diff, &verdict);
        status = verdict.accepted ? KEPT : BROKEN;
        for (int64_t i = 0; !as_json && i < pln_contract_diff_count(diff); i++)
            printf("%s\n", pln_contract_diff_at(diff, i)->text);
        printf("%s\n", as_json ? text : verdict.accepted ? "accepted" : "refused");
    }
    pln_text_free(rt, text);
    pln_contract_diff_free(diff);
    pln_contract_free(old);
    pln_contract_free(new);
    return status;
}

int main(int argc, char **argv) {
    const char *files[2], **values[] = {&object, &html, &reject};
    const char *const names[] = {"--object", "--html", "--reject"};
    int n = 0, diff = 0, status;
    for (int i = 1; i < argc; i++) {
        int k = 0;
        while (k < 3 && strcmp(argv[i], names[k]) != 0)
            k++;
        if (k < 3 && i + 1 < argc)
            *values[k] = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            as_json = 1;
        else if (strcmp(argv[i], "--diff") == 0)
            diff = 1;
        else if (argv[i][0] != '-' && n < 2)
            files[n++] = argv[i];
        else
            n = 3;
    }
    if (n != 2)
        return fputs(usage, stderr), WRONG_USE;
    if (pln_runtime_new(NULL, &rt, &err) < 0)
        return failed("runtime");
    status = (diff ? compare : check)(files[0], files[1]);
    pln_runtime_free(rt);
    return status;
}
