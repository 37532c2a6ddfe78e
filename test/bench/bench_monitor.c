/*
 * Monitors: one value judged by a full history of 1,000, which it enters, by each method and season. One JSON line a case, the best of several rounds.
 */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include <pln/monitor.h>
#include <stdlib.h>

enum { ROUNDS = 7, HISTORY = 1000, VALUES = 20000 };
#define HOUR INT64_C(3600000000)

static pln_error err;

static void must(pln_status status) {
    if (status < 0) {
        fprintf(stderr, "bench_monitor: %s\n", err.message);
        exit(1);
    }
}

static double noise(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 40) / (1 << 24);
}

static double observe(pln_monitor *m, int64_t *time_us, int64_t n, uint64_t *state) {
    pln_monitor_verdict v = {.struct_size = sizeof v};
    double start = bench_now_ns();
    for (int64_t i = 0; i < n; i++)
        must(pln_monitor_observe(m, *time_us += HOUR, 1000 + 50 * noise(state), 0, &v, &err));
    return bench_now_ns() - start;
}

static void measure(int32_t method, int32_t season) {
    static const char *const methods[] = {"", "zscore", "mad", "iqr", "relative", "absolute"};
    static const char *const seasons[] = {"none", "hour_of_day", "weekday", "hour_of_week"};
    pln_monitor_options options;
    double best = 0;
    pln_monitor_options_init(&options, sizeof options);
    options.method = method;
    options.season = season;
    options.lookback = HISTORY;
    options.error = 100;
    for (int round = 0; round < ROUNDS; round++) {
        pln_monitor *m;
        int64_t time_us = INT64_C(1704067200000000);
        uint64_t state = 1;
        must(pln_monitor_new(NULL, &options, &m, &err));
        observe(m, &time_us, HISTORY, &state);
        bench_least(&best, observe(m, &time_us, VALUES, &state));
        pln_monitor_free(m);
    }
    printf("{\"bench\": \"monitor\", \"case\": \"%s\", \"season\": \"%s\", \"history\": %d, "
           "\"ns_value\": %.0f}\n",
           methods[method], seasons[season], HISTORY, best / VALUES);
    fflush(stdout);
}

int main(void) {
    for (int32_t method = PLN_MONITOR_ZSCORE; method <= PLN_MONITOR_ABSOLUTE; method++)
        for (int32_t season = PLN_MONITOR_NO_SEASON; season <= PLN_MONITOR_HOUR_OF_WEEK; season++)
            measure(method, season);
    return 0;
}
