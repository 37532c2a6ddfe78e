/*
 * A job of windows is killed and started again until it is done, for sinks of each mode of pln-guarantees(7).
 *
 * A kill comes before or after a change of a file or database, of each kind and number, or after a random time; further ones come while the run recovers. Whatever the
 * moments were, what is left must be what a run leaves that nobody disturbed: rows with their order, late rows, rejects, counters.
 *
 *     kill_windows [KILLS [SEED]]          of each mode; 40 by default, 3000 with PLN_TORTURE set
 */
#define _DEFAULT_SOURCE
#include "effort.h"
#include "hooked.h"
#include "window_job.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 1500, MOST_KILLS = 5 };

/* What parent and child share. */
typedef struct shared {
    int op; /* the child ends itself at this change; -1: never */
    int64_t at;
    bool after;
    int64_t calls[HOOKED_OPS];
    int64_t late, taken_up;
    char counts[sizeof((window_job *)0)->counts];
    pln_error err;
} shared;
static shared *both;

static bool die_there(int op, bool after) {
    int64_t call = both->calls[op];
    if (after)
        both->calls[op]++;
    if (op == both->op && call == both->at && after == both->after)
        kill(getpid(), SIGKILL);
    return false;
}

static uint64_t state;
static int64_t pick(int64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return below <= 0 ? 0 : (int64_t)((state >> 33) % (uint64_t)below);
}

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- one attempt ---- */

typedef struct moment {
    int op; /* -1: after `at` microseconds; -2: never */
    int64_t at;
    bool after;
} moment;

enum { TIMED = -1, NEVER = -2 };

static pid_t start(window_job *job, const moment *m) {
    memset(both, 0, sizeof *both);
    both->op = m->op;
    both->at = m->at;
    both->after = m->after;
    fflush(stdout);
    pid_t child = fork();
    if (child != 0)
        return child;
    pln_status status = window_job_run(job);
    memcpy(both->counts, job->counts, sizeof both->counts);
    both->late = job->late;
    both->taken_up = job->taken_up;
    both->err = job->err;
    _exit(status < 0);
}

enum { ENDED, FAILED, KILLED };

static int attempt(window_job *job, const moment *m) {
    int how = 0;
    pid_t child = start(job, m);
    if (m->op == TIMED) {
        usleep((useconds_t)m->at);
        kill(child, SIGKILL);
    }
    waitpid(child, &how, 0);
    both->op = NEVER; /* the parent looks at databases, too */
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL)
        return KILLED;
    memcpy(job->counts, both->counts, sizeof job->counts);
    job->late = both->late;
    job->taken_up = both->taken_up;
    job->err = both->err;
    return WIFEXITED(how) && WEXITSTATUS(how) == 0 ? ENDED : FAILED;
}

/* ---- loads ---- */

typedef struct totals {
    int64_t at_changes, timed, loads, taken_up, again, failed;
    bool hit[HOOKED_OPS][2]; /* before and after a change of this kind */
} totals;

typedef struct calm {
    int64_t calls[HOOKED_OPS];
    int64_t all_calls, us;
    char *seen;
} calm;

static bool run_calmly(int mode, calm *c) {
    window_job job;
    const moment never = {NEVER, 0, false};
    window_job_open(&job, mode, ROWS);
    job.files = hooked_files();
    int64_t began = now_us();
    bool good = attempt(&job, &never) == ENDED && job.late > 10;
    c->us = now_us() - began;
    c->all_calls = 0;
    for (int op = 0; op < HOOKED_OPS; op++)
        c->all_calls += c->calls[op] = both->calls[op];
    c->seen = window_job_seen(&job);
    if (!good)
        printf("undisturbed: %lld late, %s (%s)\n", (long long)job.late, job.err.message,
               job.err.where);
    window_job_close(&job);
    return good;
}

/* Where a run ends: each kind of change as often as any other, and time. One that recovers is met soon after its start, as a rule. */
static moment next_moment(const calm *c, bool recovers) {
    moment m = {(int)pick(HOOKED_OPS + 3), 0, pick(2)};
    bool early = recovers && pick(3) > 0;
    if (m.op >= HOOKED_OPS)
        m.op = TIMED;
    while (m.op >= 0 && c->calls[m.op] == 0)
        m.op = (m.op + 1) % HOOKED_OPS;
    m.at = m.op == TIMED ? pick(early ? c->us / 4 : c->us)
                         : pick(early && c->calls[m.op] > 6 ? 6 : c->calls[m.op]);
    return m;
}

static void one_load(int mode, const calm *c, int64_t kills, totals *sum) {
    window_job job;
    char what[300];
    int how = KILLED;
    int64_t done = 0;
    const moment never = {NEVER, 0, false};
    window_job_open(&job, mode, ROWS);
    job.files = hooked_files();
    snprintf(what, sizeof what, "mode %c, load %lld, killed", "ABC"[mode], (long long)sum -> loads);
    while (how == KILLED && done < kills) {
        moment m = next_moment(c, done > 0);
        size_t used = strlen(what);
        how = attempt(&job, &m);
        if (how != KILLED)
            break;
        snprintf(what + used, sizeof what - used, ", %s %s %lld", m.after ? "after" : "before",
                 m.op == TIMED ? "us" : hooked_names[m.op], (long long)m.at);
        sum->again += done > 0;
        *(m.op == TIMED ? &sum->timed : &sum->at_changes) += 1;
        if (m.op != TIMED)
            sum->hit[m.op][m.after] = true;
        done++;
    }
    if (how == KILLED)
        how = attempt(&job, &never);
    if (how != ENDED)
        printf("%s: it does not end well: %s (%s)\n", what, job.err.message, job.err.where);
    char *seen = window_job_seen(&job);
    sum->failed += how != ENDED || !window_job_same(what, c->seen, seen);
    free(seen);
    sum->loads++;
    sum->taken_up += job.taken_up;
    window_job_close(&job);
}

static int64_t disturb(int mode, int64_t kills, int64_t *loads) {
    calm c = {0};
    totals sum = {0};
    if (!run_calmly(mode, &c))
        sum.failed++;
    while (sum.failed < 5 && sum.at_changes + sum.timed < kills && sum.loads < 20 * kills) {
        int64_t left = kills - sum.at_changes - sum.timed, some = 1 + pick(MOST_KILLS);
        one_load(mode, &c, some < left ? some : left, &sum);
    }
    int64_t moments = 0, known = 0;
    for (int op = 0; op < HOOKED_OPS; op++) {
        moments += sum.hit[op][0] + sum.hit[op][1];
        known += c.calls[op] > 0 ? 2 : 0;
    }
    printf("mode %c: %lld kills at changes, %lld of %lld kinds of moments, and %lld at random "
           "times; %lld of both while it recovered; "
           "%lld loads, %lld times gone on; undisturbed %lld changes in %.3f s\n",
           "ABC"[mode], (long long)sum.at_changes, (long long)moments, (long long)known,
           (long long)sum.timed, (long long)sum.again, (long long)sum.loads,
           (long long)sum.taken_up, (long long)c.all_calls, (double)c.us / 1e6);
    free(c.seen);
    *loads += sum.loads;
    return sum.failed;
}

int main(int argc, char **argv) {
    int64_t kills = argc > 1 ? atoll(argv[1]) : effort(40, 3000), loads = 0, failed = 0;
    state = argc > 2 ? (uint64_t)atoll(argv[2]) : (uint64_t)now_us();
    printf("seed %llu\n", (unsigned long long)state);
    both = mmap(NULL, sizeof *both, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (both == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    hooked_install(die_there);
    for (int mode = 0; mode < WINDOW_JOBS; mode++)
        failed += disturb(mode, kills, &loads);
    printf("%lld passed, %lld failed, 0 skipped\n", (long long)(loads - failed), (long long)failed);
    return failed != 0;
}
