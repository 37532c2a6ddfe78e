/*
 * Days of a pipeline under monitors, each day a run of its own that is killed at random moments and started again until it is done. Whatever the moments were, the
 * alerts and the histories must be those of days that nobody disturbed: a run that was killed is remembered once or not at all, with its output.
 */
#include "effort.h"
#include "scratch.h"
#include <pln/pln.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DAYS = 5, DAY_US_MOST = 60000 };

static const int rows_of_day[DAYS] = {9000, 9100, 600, 650, 9050}; /* a drop on the third, over on the fifth */

static int fail(const pln_error *err) {
    fprintf(stderr, "%s: %s\n", err->where, err->message);
    return 2;
}

/* What the child does: one day. The last one tells what the monitors know. */
static int day_of(const scratch *dir, int day, const char *sink) {
    char config[256], name[32];
    pln_error err = {0};
    pln_runtime *rt;
    pln_graph *g;
    pln_report *report;
    pln_run_options options;
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_graph_new(rt, "orders", &g, &err) < 0)
        return fail(&err);
    snprintf(config, sizeof config,
             "{\"rows\": %d, \"seed\": 7, \"columns\": {\"id\": {\"sequence\": 1}, \"amount\": "
             "{\"decimal\": [0, %d], \"scale\": 2}}}",
             rows_of_day[day], day == 3 ? 300 : 100);
    pln_graph_add(g, "make", "generate", config, &err);
    pln_graph_add(g, "watch", "monitor", PLN_JSON({"metrics": ["row_count", "schema", {"metric": "ks", "column": "amount"}]}), &err);
    pln_graph_add(g, "out", sink, NULL, &err);
    if (strcmp(sink, "csv.write") == 0) {
        snprintf(name, sizeof name, "out-%d.csv", day);
        pln_graph_set_text(g, "out", "path", scratch_path(dir, name), &err);
    } else {
        pln_graph_set_text(g, "out", "database", scratch_path(dir, "out.db"), &err);
        pln_graph_set_text(g, "out", "table", "t", &err);
    }
    snprintf(name, sizeof name, "alerts-%d.ndjson", day);
    pln_graph_add(g, "alerts", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "alerts", "path", scratch_path(dir, name), &err);
    pln_graph_wire(g, "make > watch > out; watch.alerts > alerts", &err);
    pln_run_options_init(&options, sizeof options);
    options.state = scratch_path(dir, "state.db");
    snprintf(name, sizeof name, "%d", day);
    options.run_key = name;
    options.interval_start_us = INT64_C(86400000000) * (20000 + day);
    options.interval_end_us = options.interval_start_us + INT64_C(86400000000);
    options.epoch_rows = 1500;
    options.when_done = PLN_WHEN_DONE_SKIP;
    if (pln_graph_run(g, &options, &report, &err) < 0)
        return fail(&err);
    const char *note = pln_report_note(report, "watch", "monitors");
    snprintf(config, sizeof config, "note-%d.json", day);
    scratch_write(dir, config, note, -1);
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return 0;
}

/* The child's exit status; -1: it was killed. `after_us` -1: it is left alone. */
static int in_child(const scratch *dir, int day, const char *sink, long after_us) {
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(day_of(dir, day, sink));
    if (after_us >= 0) {
        struct timespec pause = {0, after_us * 1000};
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int kills;

static int all_days(const scratch *dir, const char *sink, int kills_a_day) {
    for (int day = 0; day < DAYS; day++) {
        int status = -1;
        for (int i = 0; i < kills_a_day && status == -1; i++) {
            status = in_child(dir, day, sink, rand() % DAY_US_MOST);
            kills += status == -1;
        }
        if (status == -1)
            status = in_child(dir, day, sink, -1);
        if (status != 0) {
            printf("day %d ended with %d\n", day, status);
            return 1;
        }
    }
    return 0;
}

/* Alerts and verdicts of all days. The text is the caller's. */
static char *seen(const scratch *dir) {
    static const char *const names[] = {"alerts", "note"}, *const ends[] = {"ndjson", "json"};
    char *all = calloc(1, 1), name[32];
    for (int k = 0; k < 2; k++)
        for (int day = 0; day < DAYS; day++) {
            snprintf(name, sizeof name, "%s-%d.%s", names[k], day, ends[k]);
            char *text = scratch_read(dir, name, NULL);
            all = realloc(all, strlen(all) + (text == NULL ? 0 : strlen(text)) + 64);
            strcat(strcat(strcat(all, name), ": "), text == NULL ? "none" : text);
            strcat(all, "\n");
            free(text);
        }
    return all;
}

static int one_sink(const char *sink, int rounds) {
    int failed = 0;
    scratch calm = scratch_new();
    if (all_days(&calm, sink, 0) != 0)
        return 1;
    char *expected = seen(&calm);
    failed += strstr(expected, "\"status\":\"anomaly\"") == NULL;
    failed += strstr(expected, "\"status\":\"resolved\"") == NULL;
    for (int i = 0; i < rounds && failed == 0; i++) {
        scratch dir = scratch_new();
        int status = all_days(&dir, sink, 4);
        char *got = seen(&dir);
        if (status != 0 || strcmp(got, expected) != 0) {
            printf("%s, round %d: expected\n%s\ngot\n%s\n", sink, i, expected, got);
            failed++;
        }
        free(got);
        scratch_free(&dir);
    }
    free(expected);
    scratch_free(&calm);
    return failed;
}

int main(void) {
    unsigned seed = (unsigned)time(NULL);
    int rounds = (int)effort(2, 60), failed;
    srand(seed);
    failed = one_sink("csv.write", rounds) + one_sink("sqlite.append", rounds);
    printf("seed %u, %d kills\n%d passed, %d failed, 0 skipped\n", seed, kills, 2 - (failed > 0),
           failed);
    return failed != 0;
}
