/*
 * quickstart: a CSV file of orders goes through two checks into a table of an SQLite database; what fails goes to a file with
 * the reason. Run it twice: the second run finds every order in its place and changes nothing.
 *
 *     quickstart [FILE.csv]      the file needs the columns order_id, customer and amount; without one it is made
 */
#include <pln/pln.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, WRONG_USE = 2, FAILED = 3, REASONS = 8 };

/* Rejected rows by reason. */
typedef struct reasons {
    char text[REASONS][96];
    int64_t rows[REASONS];
    int n;
} reasons;

/* 1234567 as 1,234,567; the caller's buffer holds it. */
static const char *grouped(int64_t value, char out[32]) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* One value of a text column, as Arrow lays it out: offsets, then bytes. */
static void text_at(const struct ArrowArray *column, int64_t row, char *out, size_t size) {
    const int32_t *offsets = column->buffers[1];
    const char *bytes = column->buffers[2];
    int32_t start = offsets[column->offset + row], end = offsets[column->offset + row + 1];
    snprintf(out, size, "%.*s", (int)(end - start), bytes + start);
}

/*
 * A function of our own in the graph. It sees every batch of rejected rows on its way to the file, counts them by reason, and passes them on.
 * Such a function costs nothing per row but what it does itself.
 */
static pln_status count_reasons(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                                pln_error *err) {
    reasons *found = user;
    const struct ArrowSchema *schema = pln_batch_schema(in);
    const struct ArrowArray *rows = pln_batch_array(in);
    int64_t column = 0;
    (void)ctx;
    (void)err;
    while (column < schema->n_children - 1 &&
           strcmp(schema->children[column]->name, "message") != 0)
        column++;
    for (int64_t row = 0; row < rows->length; row++) {
        char text[sizeof found->text[0]];
        int i = 0;
        text_at(rows->children[column], row, text, sizeof text);
        while (i < found->n && strcmp(found->text[i], text) != 0)
            i++;
        if (i == REASONS)
            strcpy(found->text[--i], "other reasons"); /* the last place is for all others */
        else if (i == found->n)
            strcpy(found->text[found->n++], text);
        found->rows[i]++;
    }
    *out = pln_batch_ref(in);
    return PLN_OK;
}

/* Orders to play with: 100,000, some without a customer, some with an amount below zero. */
static pln_status make_orders(pln_runtime *rt, const char *path, pln_error *err) {
    pln_graph *g = NULL;
    if (access(path, F_OK) == 0 || pln_graph_new(rt, "make_orders", &g, err) < 0)
        return err->status;
    pln_graph_add(g, "make", "generate", PLN_JSON({
        "rows": 100000, "seed": 7, "columns": {
            "order_id": {"sequence": 1},
            "customer": {"choice": ["Ada", "Grace", "Edsger", "Barbara", "Tony"], "nulls": 0.01},
            "country": {"choice": ["DE", "FR", "GB", "NL", "US"]},
            "amount": {"decimal": [-2, 250], "scale": 2},
            "ordered_at": {"time": "2024-01-01T00:00:00Z", "step": "30s"}}
    }), err);
    pln_graph_add(g, "write", "csv.write", NULL, err);
    pln_graph_set_text(g, "write", "path", path, err);
    pln_graph_wire(g, "make > write", err);
    pln_status status = pln_graph_run(g, NULL, NULL, err);
    pln_graph_free(g);
    return status;
}

/* Builders are sticky: after a failure all later calls answer the same, so only the last one is looked at. */
static pln_status build(pln_graph *g, const char *path, reasons *found, pln_error *err) {
    pln_graph_add(g, "read", "csv.read", NULL, err);
    pln_graph_set_text(g, "read", "path", path, err);
    pln_graph_add(g, "named", "filter", PLN_JSON({
        "where": "customer is not null", "else": "reject", "message": "no customer"}), err);
    pln_graph_add(g, "positive", "filter", PLN_JSON({
        "where": "amount > 0", "else": "reject", "message": "amount not above 0"}), err);
    pln_graph_add(g, "store", "sqlite.upsert", PLN_JSON({
        "database": "orders.db", "table": "orders", "key": ["order_id"]}), err);
    pln_graph_add_map(g, "why", count_reasons, found, NULL, NULL, err);
    pln_graph_add(g, "bad", "ndjson.write", PLN_JSON({"path": "rejected.ndjson"}), err);
    pln_graph_wire(g, "read > named > positive > store", err);
    return pln_graph_wire(g,
                          "read.reject > why; named.reject > why; positive.reject > why;"
                          "store.reject > why; why > bad",
                          err);
}

/* One line on a terminal, written over and over; the last call wipes it away. */
static void show_progress(void *user, const pln_progress *p) {
    char rows[32], rate[32];
    (void)user;
    double seconds = (double)(p->elapsed_us + 1) / 1e6;
    fprintf(stderr, "\r\033[K");
    if (!p->done)
        fprintf(stderr, "  %s rows, %s rows/s", grouped(p->rows_in, rows),
                grouped((int64_t)((double)p->rows_in / seconds), rate));
    fflush(stderr);
}

static void line(const char *step, const char *what, int64_t rows) {
    char text[32];
    printf("  %-10s %-36.36s %12s\n", step, what, grouped(rows, text));
}

static void show_file(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0)
        printf("  %-47s %8.1f KiB\n", path, (double)info.st_size / 1024);
}

static void summarize(const pln_report *report, const char *path, const reasons *found) {
    static const char *const changes[] = {"inserted", "updated", "unchanged"};
    pln_run_summary s = {.struct_size = sizeof s};
    char rate[32];
    pln_report_summary(report, &s);
    double seconds = (double)(s.elapsed_us + 1) / 1e6;
    printf("  %-10s %-36s %12s\n", "step", "", "rows");
    line("read", path, s.rows_in);
    for (int i = 0; i < found->n; i++)
        line(i == 0 ? "rejected" : "", found->text[i], found->rows[i]);
    line("stored", "orders.db, table orders", s.rows_out);
    for (int i = 0; i < 3; i++) {
        int64_t rows = pln_report_counter(report, "store", changes[i]);
        line("", changes[i], rows > 0 ? rows : 0);
    }
    printf("\n  %.2f s, %s rows/s, %.1f MiB of memory at most\n", seconds,
           grouped((int64_t)((double)s.rows_in / seconds), rate),
           (double)s.peak_memory_bytes / (1 << 20));
    show_file("orders.db");
    show_file("rejected.ndjson");
    if (s.rows_out > 0 && pln_report_counter(report, "store", "unchanged") == s.rows_out)
        printf("\n  Nothing changed: every order was there already, as it is.\n");
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "orders.csv";
    reasons found = {0};
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_run_options options;
    if (argc > 2 || path[0] == '-') {
        fprintf(stderr, "usage: quickstart [FILE.csv]\n");
        return WRONG_USE;
    }
    pln_run_options_init(&options, sizeof options);
    if (isatty(STDERR_FILENO)) {
        options.progress = show_progress;
        options.progress_us = 100000;
    }
    if (pln_runtime_new(NULL, &rt, &err) >= 0 && (argc > 1 || make_orders(rt, path, &err) >= 0) &&
        pln_graph_new(rt, "quickstart", &g, &err) >= 0 && build(g, path, &found, &err) >= 0 &&
        pln_graph_run(g, &options, &report, &err) >= 0)
        summarize(report, path, &found);
    else
        fprintf(stderr, "quickstart: %s: %s\n", err.where, err.message);
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return err.status < 0 ? FAILED : DONE;
}
