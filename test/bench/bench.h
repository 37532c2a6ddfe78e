/*
 * What the benches share: a clock that others on the machine disturb little, and the line that holds ours against a peer's.
 *
 * A ratio is worth something only if both were measured in one run: ours and the peer take turns, BENCH_ROUNDS times at least, and the
 * fastest round of each counts. All peers can be installed by ordinary means; one that is not there is skipped with a line that says so.
 */
#ifndef TEST_BENCH_H
#define TEST_BENCH_H

#include <stdio.h>
#include <time.h>

enum { BENCH_ROUNDS = 7 };

/* The processor's time that this process has used. */
static inline double bench_now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static inline void bench_least(double *least, double ns) {
    *least = *least <= 0 || ns < *least ? ns : *least;
}

typedef struct bench_pair {
    const char *bench;
    const char *name;
    const char *peer;
    long long rows;
    double ours_ns; /* of the fastest round; 0 before the first */
    double peer_ns;
    double target; /* of the ratio; 0: none */
} bench_pair;

static inline void bench_against(const bench_pair *p) {
    printf(
        "{\"bench\": \"%s\", \"case\": \"%s\", \"peer\": \"%s\", \"rows\": %lld, \"ns_row\": %.2f, "
        "\"peer_ns_row\": %.2f, \"ratio\": %.2f",
        p->bench, p->name, p->peer, p->rows, p->ours_ns / (double)p->rows,
        p->peer_ns / (double)p->rows, p->peer_ns / p->ours_ns);
    if (p->target > 0)
        printf(", \"target\": %.2f", p->target);
    printf("}\n");
    fflush(stdout);
}

#endif
