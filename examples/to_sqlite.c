/*
 * to_sqlite: CSV, NDJSON or Avro files, plain or gzip, into a table of an SQLite database. Types come from an Avro schema, or are
 * inferred and shown. Rows that do not fit go to a reject file with their bytes, their line and the reason. With --state a load is
 * done exactly once: killed at any moment and called again it goes on where it was, and one that was done is left alone.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DONE = 0, REJECTED = 1, WRONG_USE = 2, FAILED = 3, LIST = 64 };

static const char usage[] =
    "usage: to_sqlite FILE... --database DB --table T [option]... [--json]\n"
    "  --schema S.avsc       types of the columns; otherwise they are inferred and shown\n"
    "  --format csv|tsv|ndjson|avro   if the names (.csv, .avro and so on) do not say it\n"
    "  --null TOKEN          a text that means null in CSV, as the empty field does; repeatable\n"
    "  --mode append|upsert|overwrite   default: upsert with --key, overwrite with --partition\n"
    "  --key C,C             key columns: a row takes the place of the one with the same key\n"
    "  --partition C,C       overwrite only those values of these columns that the files have\n"
    "  --reject FILE.ndjson  where rows that do not fit go\n"
    "  --state STATE.db      do this load, of these files in this way, exactly once\n"
    "  --epoch-rows N        commit after each N rows, not once at the end\n"
    "exit: 0 done, 1 rows were rejected and there is no reject file, 2 wrong use, 3 failed\n";

typedef struct arguments {
    const char *database, *table, *schema, *format, *mode, *reject, *state, *epoch_rows, **files;
    const char *nulls[LIST], *key[LIST], *partition[LIST];
    int json, n_files, n_nulls, n_key, n_partition;
} arguments;

static int misused(const char *what, const char *value) {
    fprintf(stderr, "to_sqlite: %s%s\n%s", what, value, usage);
    return WRONG_USE;
}

/* The format that a name tells: its suffix, without .gz. */
static const char *format_of(const char *name) {
    static const char *const known[][2] = {
        {".csv", "csv"},      {".tsv", "tsv"},     {".ndjson", "ndjson"},
        {".jsonl", "ndjson"}, {".json", "ndjson"}, {".avro", "avro"}};
    size_t size = strlen(name), length;
    size -= size > 3 && strcmp(name + size - 3, ".gz") == 0 ? 3 : 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (size > (length = strlen(known[i][0])) &&
            memcmp(name + size - length, known[i][0], length) == 0)
            return known[i][1];
    return NULL;
}

static int parse(int argc, char **argv, arguments *a) {
    const char **one[] = {NULL,     &a->database, &a->table, &a->schema,    &a->format,
                          &a->mode, &a->reject,   &a->state, &a->epoch_rows};
    const struct option options[] = {
        {"database", 1, NULL, 1},  {"table", 1, NULL, 2},      {"schema", 1, NULL, 3},
        {"format", 1, NULL, 4},    {"mode", 1, NULL, 5},       {"reject", 1, NULL, 6},
        {"state", 1, NULL, 7},     {"epoch-rows", 1, NULL, 8}, {"key", 1, NULL, 'k'},
        {"null", 1, NULL, 'n'},    {"partition", 1, NULL, 'p'}, {"json", 0, &a->json, 1},
        {NULL, 0, NULL, 0}};
    a->nulls[a->n_nulls++] = ""; /* the empty field is null, whatever else is */
    for (int found; (found = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const char **list = found == 'k' ? a->key : a->partition;
        int *n = found == 'k' ? &a->n_key : &a->n_partition;
        if (found == '?' || (found == 'n' && a->n_nulls == LIST))
            return misused("see the options", "");
        if (found > 0 && found <= 8)
            *one[found] = optarg;
        else if (found == 'n')
            a->nulls[a->n_nulls++] = optarg;
        else if (found != 0) /* 0 is the flag --json */
            for (char *c = strtok(optarg, ","); c != NULL && *n < LIST; c = strtok(NULL, ","))
                list[(*n)++] = c;
    }
    a->files = (const char **)argv + optind;
    if ((a->n_files = argc - optind) == 0 || a->database == NULL || a->table == NULL)
        return misused("a file, --database and --table are needed", "");
    const char *first = format_of(a->files[0]);
    for (int i = 0; a->format == NULL && i < a->n_files; i++)
        if (format_of(a->files[i]) == NULL || strcmp(format_of(a->files[i]), first) != 0)
            return misused("--format is needed: ", a->files[i]);
    const char *usual = a->n_key > 0 ? "upsert" : a->n_partition > 0 ? "overwrite" : "append";
    a->format = a->format != NULL ? a->format : first;
    a->mode = a->mode != NULL ? a->mode : usual;
    if (a->epoch_rows != NULL && atoll(a->epoch_rows) < 1)
        return misused("--epoch-rows ", a->epoch_rows);
    return DONE;
}

/* What makes two calls the same load: how rows are read and stored, and the files as they are now. Sizes keep lists apart. */
static char *name_load(const arguments *a) {
    const char *const how[] = {a->mode, a->format, a->database, a->table};
    const char *const *const texts[] = {how, a->nulls, a->key, a->partition, &a->schema, a->files};
    const int n[] = {4, a->n_nulls, a->n_key, a->n_partition, a->schema != NULL, a->n_files};
    char *key = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&key, &size);
    for (int k = 0; k < 6; k++, fputc('|', out))
        for (int i = 0; i < n[k]; i++) {
            struct stat file = {0};
            if (k >= 4 && stat(texts[k][i], &file) != 0)
                file.st_size = -1; /* a pattern counts by its name */
            fprintf(out, "%zu:%s:%lld:%lld.%09ld ", strlen(texts[k][i]), texts[k][i],
                    (long long)file.st_size, (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
        }
    return fclose(out) == 0 ? key : NULL;
}

/* The graph is sticky: of all these calls the first failure is what the last one answers. NULL is "not set"; the first dropped rows are logged. */
static pln_status build(pln_graph *g, const arguments *a, pln_error *err) {
    char source[32], sink[32];
    int tabs = strcmp(a->format, "tsv") == 0;
    const char *rejects = a->reject == NULL ? PLN_JSON({"on_reject": "drop"}) : NULL;
    snprintf(source, sizeof source, "%.20s.read", tabs ? "csv" : a->format);
    snprintf(sink, sizeof sink, "sqlite.%.20s", a->mode);
    pln_graph_add(g, "read", source, rejects, err);
    pln_graph_set_texts(g, "read", "paths", a->files, a->n_files, err);
    pln_graph_set_text(g, "read", "schema", a->schema, err);
    if (tabs)
        pln_graph_set_text(g, "read", "delimiter", "\t", err);
    if (a->n_nulls > 1)
        pln_graph_set_texts(g, "read", "nulls", a->nulls, a->n_nulls, err);
    pln_graph_add(g, "store", sink, rejects, err);
    pln_graph_set_text(g, "store", "database", a->database, err);
    pln_graph_set_text(g, "store", "table", a->table, err);
    if (a->n_key > 0)
        pln_graph_set_texts(g, "store", "key", a->key, a->n_key, err);
    if (a->n_partition > 0)
        pln_graph_set_texts(g, "store", "partition", a->partition, a->n_partition, err);
    if (a->reject == NULL)
        return pln_graph_wire(g, "read > store", err);
    pln_graph_add(g, "bad", "ndjson.write", NULL, err);
    pln_graph_set_text(g, "bad", "path", a->reject, err);
    return pln_graph_wire(g, "read > store; read.reject > bad; store.reject > bad", err);
}

static void summarize(const arguments *a, const pln_report *report, const pln_run_summary *s) {
    static const char *const changes[] = {"inserted", "updated", "unchanged", "deleted"};
    const char *columns = pln_report_schema(report, "read");
    printf("%s", s->skipped ? "Done before; nothing was changed now. Its numbers were:\n" : "");
    printf("table    %s in %s, %s\n", a->table, a->database, a->mode);
    if (columns != NULL)
        printf("columns  %s%s\n", columns, a->schema == NULL ? " (inferred)" : "");
    printf("rows     %lld read, %lld stored, %lld rejected\nchanges  ", (long long)s->rows_in,
           (long long)s->rows_out, (long long)s->rejected);
    for (int64_t i = 0, rows; i < 4; i++)
        if ((rows = pln_report_counter(report, "store", changes[i])) > 0)
            printf("%lld %s ", (long long)rows, changes[i]);
    printf("\ntime     %.2f s\n", (double)s->elapsed_us / 1e6);
}

static void warn(void *user, int32_t level, const char *where, const char *message) {
    (void)user;
    if (level >= PLN_LOG_WARNING)
        fprintf(stderr, "to_sqlite: %s: %s\n", where, message);
}

int main(int argc, char **argv) {
    arguments a = {0};
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_runtime_options settings;
    pln_run_options options;
    pln_run_summary s = {.struct_size = sizeof s};
    if (parse(argc, argv, &a) != DONE)
        return WRONG_USE;
    pln_runtime_options_init(&settings, sizeof settings);
    settings.log = warn;
    pln_run_options_init(&options, sizeof options);
    options.epoch_rows = a.epoch_rows == NULL ? 0 : atoll(a.epoch_rows);
    options.state = a.state; /* NULL: nothing is remembered */
    options.guarantee = a.state == NULL ? PLN_AT_LEAST_ONCE : PLN_EXACTLY_ONCE;
    options.when_done = PLN_WHEN_DONE_SKIP;
    options.run_key = name_load(&a);
    if (pln_runtime_new(&settings, &rt, &err) >= 0 &&
        pln_graph_new(rt, "to_sqlite", &g, &err) >= 0 && build(g, &a, &err) >= 0)
        (void)pln_graph_run(g, &options, &report, &err);
    if (report != NULL)
        pln_report_summary(report, &s);
    if (report != NULL && a.json)
        printf("%s\n", pln_report_json(report));
    else if (err.status >= 0)
        summarize(&a, report, &s);
    int dropped = s.rejected > 0 && a.reject == NULL;
    if (err.status < 0)
        fprintf(stderr, "%s: %s\n", err.where, err.message);
    else if (dropped)
        fprintf(stderr, "to_sqlite: %lld rows were rejected; --reject FILE keeps them\n",
                (long long)s.rejected);
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    free((void *)options.run_key);
    int wrong = err.status == PLN_ENAME || err.status == PLN_EOPTION;
    return wrong ? WRONG_USE : err.status < 0 ? FAILED : dropped ? REJECTED : DONE;
}
