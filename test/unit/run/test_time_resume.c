#include "effort.h"
#include "time_world.h"
#include <unistd.h>

/*
 * Windows behind windows in a run that is given up and taken up again, or whose epochs fail for a while: what comes out, what is late and what is counted are those of
 * a run that nothing happened to.
 */

enum { MAX_ROWS = 120 };

typedef struct plan {
    char acts[MAX_ROWS * 8];
    char derive[120], watermark[120], first[400], second[400];
    int64_t epoch_rows, batch_rows;
    bool idles;
} plan;

static uint64_t state;
static int64_t pick(int64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)below);
}

/* In memory, as each of many commits is synced. */
static void setup(void) {
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 0);
    world_up(1000000000, "");
}

/* ---- random graphs ---- */

static void window_of(char text[400], const char *aggregates, bool keyed, int64_t scale) {
    char kind[120];
    int64_t slide = scale + pick(scale);
    switch (pick(5)) {
    case 0:
    case 1:
        snprintf(kind, sizeof kind, "\"tumbling\", \"size\": %lld, \"offset\": %lld",
                 (long long)slide, (long long)pick(5));
        break;
    case 2:
        snprintf(kind, sizeof kind, "\"hopping\", \"size\": %lld, \"slide\": %lld",
                 (long long)(slide + pick(3 * slide)), (long long)slide);
        break;
    case 3:
        snprintf(kind, sizeof kind, "\"session\", \"gap\": %lld", (long long)(1 + pick(scale)));
        break;
    default: snprintf(kind, sizeof kind, "\"global\"");
    }
    if (strstr(kind, "global") == NULL)
        snprintf(kind + strlen(kind), sizeof kind - strlen(kind), ", \"lateness\": %lld",
                 (long long)(pick(2) * pick(30)));
    snprintf(text, 400,
             "{\"window\": %s, \"key\": [%s], \"every_rows\": %lld, \"mode\": \"%s\", "
             "\"aggregates\": {%s}}",
             kind, keyed ? "\"k\"" : "", (long long)(pick(3) == 0 ? 1 + pick(5) : 0),
             pick(3) ? "accumulating" : "discarding", aggregates);
}

static void random_plan(plan *p, uint64_t seed) {
    int64_t at = 0, n = 20 + pick(MAX_ROWS - 20), spread = 1 + pick(40), step = 1 + pick(6);
    state = seed * 0x9e3779b97f4a7c15u + 1;
    p->acts[0] = '\0';
    p->idles = pick(3) == 0;
    for (int64_t i = 0; i < n; i++) {
        size_t used = strlen(p->acts);
        at += pick(step);
        snprintf(p->acts + used, sizeof p->acts - used, "%lld%s ",
                 (long long)(spread + at - pick(spread)), pick(9) == 0 ? " ." : "");
        if (p->idles && pick(12) == 0)
            strcat(p->acts, ". w ");
    }
    snprintf(p->derive, sizeof p->derive, "{\"columns\": {\"k\": \"id %% %lld\"}}",
             (long long)(1 + pick(5)));
    snprintf(p->watermark, sizeof p->watermark,
             "{\"time\": \"t\", \"unit\": \"us\", \"bound\": %lld%s}", (long long)pick(30),
             p->idles ? ", \"idle\": \"500ms\"" : "");
    window_of(p->first,
              "\"n\": \"count()\", \"total\": \"sum(id)\", \"f\": \"first(id)\", \"d\": "
              "\"count_distinct(t)\", \"q\": \"quantile(t, 0.5)\"",
              pick(3) > 0, 4);
    while (strstr(p->first, "global") != NULL) /* which has no time for the second */
        window_of(p->first, "\"n\": \"count()\", \"total\": \"sum(id)\", \"least\": \"min(t)\"",
                  pick(3) > 0, 4);
    window_of(p->second,
              "\"rows\": \"sum(n)\", \"windows\": \"count()\", \"last\": \"last(total)\", "
              "\"sizes\": \"collect(n)\"",
              false, 8);
    p->epoch_rows = 1 + pick(9);
    p->batch_rows = 1 + pick(2 * p->epoch_rows);
}

static pln_graph *graph_of(const plan *p, feed *from, kept all[4]) {
    pln_graph *g;
    *from = (feed){.acts = p->acts};
    OK(pln_graph_new(rt, "time", &g, &err));
    OK(pln_graph_add_source(g, "in", &feed_source, from, NULL, NULL, &err));
    OK(pln_graph_add(g, "more", "derive", p->derive, &err));
    OK(pln_graph_add(g, "time", "watermark", p->watermark, &err));
    OK(pln_graph_add(g, "first", "window", p->first, &err));
    OK(pln_graph_add(g, "second", "window", p->second, &err));
    time_sink(g, "out1", &all[0]);
    time_sink(g, "out2", &all[1]);
    time_sink(g, "late1", &all[2]);
    time_sink(g, "late2", &all[3]);
    OK(pln_graph_wire(g,
                      "in > more > time > first > second > out2; first > out1; "
                      "first.late > late1; second.late > late2",
                      &err));
    return g;
}

static pln_run_options options_of(const plan *p, const char *file) {
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.mode = PLN_MICRO_BATCH;
    options.epoch_rows = p->epoch_rows;
    options.max_batch_rows = p->batch_rows;
    options.state = file;
    options.seed = 3;
    return options;
}

/* ---- runs ---- */

typedef struct outcome {
    kept all[4];
    char counts[1000];
    int64_t taken_up, retries;
} outcome;

static void drop(outcome *o) {
    for (int i = 0; i < 4; i++)
        kept_free(&o->all[i]);
}

static void count(pln_run *run, outcome *o) {
    pln_report *report;
    pln_run_summary sum = {.struct_size = sizeof sum};
    pln_node_summary n = {.struct_size = sizeof n};
    o->counts[0] = '\0';
    OK(pln_run_report(run, &report, &err));
    for (int32_t i = 0; pln_report_node(report, i, &n) == PLN_OK; i++) {
        size_t used = strlen(o->counts);
        snprintf(o->counts + used, sizeof o->counts - used, "%s %lld %lld %lld %lld; ", n.name,
                 (long long)n.rows_in, (long long)n.rows_out, (long long)n.absorbed,
                 (long long)n.late);
    }
    pln_report_summary(report, &sum);
    o->taken_up = sum.recoveries;
    o->retries = sum.retries;
    pln_report_free(report);
}

static void note_epochs(void *user, const pln_progress *p) {
    *(int64_t *)user = p->epochs;
}

enum { NEVER = 0, AT_BORDERS = -1 };

/* The run is given up after as many steps, more each time, or after each commit; the clock goes on in waits only. */
static void drive(const plan *p, int64_t steps, const char *file, outcome *o) {
    feed from;
    int64_t epochs = 0;
    pln_run_options options = options_of(p, file);
    pln_graph *g = graph_of(p, &from, o->all);
    pln_status status = PLN_OK;
    options.progress = note_epochs;
    options.progress_user = &epochs;
    options.progress_us = 0;
    for (int64_t attempt = 0; status != PLN_EOS; attempt++) {
        pln_run *run;
        int64_t wake = 0, left = steps <= 0 ? INT64_MAX : steps + attempt / 2, before = epochs;
        OK(pln_run_open(g, &options, &run, &err));
        while (status != PLN_EOS && left-- > 0 && (steps != AT_BORDERS || epochs == before)) {
            status = pln_run_step(run, 0, &wake, &err);
            OK(status);
            if (status == PLN_AGAIN)
                now.now_us = wake;
        }
        if (status == PLN_EOS)
            count(run, o);
        pln_run_free(run);
    }
    pln_graph_free(g);
}

static void check_same(const plan *p, const char *what, uint64_t seed, const outcome *a,
                       const outcome *b) {
    for (int k = 0; k < 4; k++) {
        for (int64_t i = 0; i < a->all[k].n && i < b->all[k].n; i++)
            ck_assert_msg(strcmp(a->all[k].lines[i], b->all[k].lines[i]) == 0,
                          "seed %d, %s, output %d, row %d: %s, expected %s\n%s\n%s\n%s\n%s",
                          (int)seed, what, k, (int)i, b->all[k].lines[i], a->all[k].lines[i],
                          p->watermark, p->first, p->second, p->acts);
        ck_assert_msg(a->all[k].n == b->all[k].n, "seed %d, %s, output %d: %d rows, expected %d",
                      (int)seed, what, k, (int)b->all[k].n, (int)a->all[k].n);
    }
    ck_assert_msg(strcmp(a->counts, b->counts) == 0, "seed %d, %s: %s, expected %s", (int)seed,
                  what, b->counts, a->counts);
}

START_TEST(taken_up_again_at_every_border) {
    int64_t results = 0, late = 0, taken_up = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)effort(40, 3000); seed++) {
        static plan p;
        outcome whole = {0}, pieces = {0}, gaps = {0};
        char file[40];
        random_plan(&p, seed);
        drive(&p, NEVER, NULL, &whole);
        snprintf(file, sizeof file, "a%d.db", (int)seed);
        drive(&p, AT_BORDERS, scratch_path(&dir, file), &pieces);
        check_same(&p, "given up at each border", seed, &whole, &pieces);
        snprintf(file, sizeof file, "b%d.db", (int)seed);
        drive(&p, 1 + (int64_t)(seed % 9), scratch_path(&dir, file), &gaps);
        check_same(&p, "given up anywhere", seed, &whole, &gaps);
        results += whole.all[0].n + whole.all[1].n;
        late += whole.all[2].n + whole.all[3].n;
        taken_up += pieces.taken_up + gaps.taken_up;
        drop(&whole);
        drop(&pieces);
        drop(&gaps);
    }
    ck_assert_int_gt(results, 500);
    ck_assert_int_gt(late, 50);
    ck_assert_int_gt(taken_up, 300);
}
END_TEST

START_TEST(epochs_that_fail_for_a_while) {
    int64_t retries = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)effort(40, 3000); seed++) {
        static plan p;
        outcome whole = {0}, tried = {0};
        char file[40];
        random_plan(&p, seed);
        p.idles = false;
        drive(&p, NEVER, NULL, &whole);
        snprintf(file, sizeof file, "r%d.db", (int)seed);
        for (int k = 0; k < 4; k++) {
            tried.all[k].good_writes = (int32_t)pick(6);
            tried.all[k].fail_writes = k == 3 || pick(2) ? 0 : 1;
        }
        drive(&p, NEVER, seed % 2 ? scratch_path(&dir, file) : NULL, &tried);
        check_same(&p, "tried again", seed, &whole, &tried);
        retries += tried.retries;
        drop(&whole);
        drop(&tried);
    }
    ck_assert_int_gt(retries * 2, effort(40, 3000));
}
END_TEST

Suite *suite_run_time_resume(void);
Suite *suite_run_time_resume(void) {
    Suite *suite = suite_create("run/time_resume");
    TCase *tc = tcase_create("time");
    tcase_set_timeout(tc, 1800);
    tcase_add_checked_fixture(tc, setup, world_down);
    tcase_add_test(tc, taken_up_again_at_every_border);
    tcase_add_test(tc, epochs_that_fail_for_a_while);
    suite_add_tcase(suite, tc);
    return suite;
}
