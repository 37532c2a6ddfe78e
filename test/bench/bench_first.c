/*
 * The time to the first result: a program that makes a runtime, a suite of five checks and a batch of 1,000 rows, validates them, reads the results as JSON and ends. It is
 * started 50 times; one JSON line with the median and the 95th percentile of the time from before its start to the result, of that to its end, and of the processor's time,
 * which others on the machine disturb less. peer_first.py links it with the shared library, as programs of users are.
 *
 *     bench_first [LINK]      LINK is said in the line ["static"]
 */
#define _POSIX_C_SOURCE 200809L
#include <pln/pln.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STARTS = 50, ROWS = 1000 };

extern char **environ;

static const char checks[] =
    "{\"checks\": [{\"check\": \"not_null\", \"column\": \"id\"}, {\"check\": \"unique\", "
    "\"column\": \"id\"},"
    " {\"check\": \"between\", \"column\": \"amount\", \"min\": 0, \"max\": 100},"
    " {\"check\": \"in_set\", \"column\": \"country\", \"values\": [\"DE\", \"FR\", \"US\"]},"
    " {\"check\": \"column_mean\", \"column\": \"amount\", \"min\": 10}]}";

static pln_error err;

static double now_ms(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_first: %s\n", err.message);
        exit(1);
    }
}

/* ---- the program that is measured ---- */

static pln_batch *make_batch(pln_runtime *rt) {
    static const char *const countries[] = {"DE", "FR", "US", "GB"};
    struct ArrowSchema schema = {0};
    pln_builder *builder;
    pln_batch *batch;
    must(pln_schema_parse(rt, "id int64 not null, amount float64, country utf8", &schema, &err));
    must(pln_builder_new(rt, &schema, &builder, &err));
    for (int i = 0; i < ROWS; i++) {
        must(pln_column_int(pln_builder_column(builder, 0), i, &err));
        must(pln_column_float(pln_builder_column(builder, 1), i % 101, &err));
        must(pln_column_text(pln_builder_column(builder, 2), countries[i % 4], 2, &err));
    }
    must(pln_builder_finish(builder, &batch, &err));
    pln_builder_free(builder);
    schema.release(&schema);
    return batch;
}

/* Writes when the result was there. */
static int once(void) {
    pln_runtime *rt;
    pln_suite *suite;
    pln_validation *v;
    pln_check_result countries = {.struct_size = sizeof countries};
    const char *json;
    int64_t size;
    must(pln_runtime_new(NULL, &rt, &err));
    pln_batch *batch = make_batch(rt);
    must(pln_suite_new(rt, checks, NULL, &suite, &err));
    must(pln_validation_new(suite, pln_batch_schema(batch), NULL, &v, &err));
    must(pln_validation_add(v, pln_batch_array(batch), &err));
    must(pln_validation_json(v, &json, &size, &err));
    double at = now_ms();
    must(pln_validation_check(v, 3, &countries, &err));
    if (countries.unexpected != ROWS / 4 || strstr(json, "\"success\":false") == NULL)
        return 1;
    printf("%.6f\n", at);
    pln_validation_free(v);
    pln_suite_free(suite);
    pln_batch_unref(batch);
    pln_runtime_free(rt);
    return 0;
}

/* ---- what starts it ---- */

/* The processor's time of all children that have ended. */
static double children_ms(void) {
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

typedef struct times {
    double first[STARTS], end[STARTS], cpu[STARTS];
} times;

static void start(const char *program, times *out, int i) {
    char *arguments[] = {(char *)program, "once", NULL}, line[64] = "";
    posix_spawn_file_actions_t actions;
    int ends[2], status = -1;
    pid_t child;
    if (pipe(ends) < 0)
        exit(1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    double used = children_ms(), begin = now_ms();
    if (posix_spawn(&child, program, &actions, NULL, arguments, environ) != 0 ||
        waitpid(child, &status, 0) < 0 || status != 0 ||
        read(ends[0], line, sizeof line - 1) <= 0) {
        fprintf(stderr, "bench_first: %s does not run\n", program);
        exit(1);
    }
    out->end[i] = now_ms() - begin;
    out->first[i] = strtod(line, NULL) - begin;
    out->cpu[i] = children_ms() - used;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    close(ends[1]);
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, double *ms) {
    qsort(ms, STARTS, sizeof *ms, rising);
    printf(", \"%smedian_ms\": %.3f, \"%sp95_ms\": %.3f", name,
           (ms[STARTS / 2 - 1] + ms[STARTS / 2]) / 2, name, ms[STARTS * 95 / 100]);
}

int main(int argc, char **argv) {
    static times all;
    if (argc > 1 && strcmp(argv[1], "once") == 0)
        return once();
    for (int i = 0; i < STARTS; i++)
        start(argv[0], &all, i);
    printf("{\"bench\": \"first\", \"case\": \"%s\", \"starts\": %d", argc > 1 ? argv[1] : "static",
           STARTS);
    print_times("", all.first);
    print_times("end_", all.end);
    print_times("cpu_", all.cpu);
    printf(", \"target_ms\": 5}\n");
    return 0;
}
