/*
 * A checkpointed job of windows of which every allocation, and every write and sync of the state file and the database, fails, once or from then on: an error or
 * success, nothing leaks, and a run that follows with the same state file ends with exactly what an unharmed one gives. In plain `make check` some points, evenly
 * spread; all with PLN_TORTURE.
 */
#include "effort.h"
#include "fail_alloc.h"
#include "hooked.h"
#include "window_job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 700, POINTS = 30 };
enum { ALLOCATION, WRITE, SYNC, KINDS };
static const char *const kinds[KINDS] = {"allocation", "write", "sync"};

/* The fault that is armed: changes of op `op` fail from number `left` on, or that one alone; -1: none does. */
static int fail_op = HOOKED_DB_WRITE;
static int64_t left = -1, calls;
static bool only_once;

static bool fails(int op, bool after) {
    if (after || op != fail_op)
        return false;
    calls++;
    if (left < 0 || left-- > 0)
        return false;
    left = only_once ? -1 : 0;
    return true;
}

static void arm(int kind, int64_t n, bool once) {
    fail_op = kind == SYNC ? HOOKED_DB_SYNC : HOOKED_DB_WRITE;
    left = kind == ALLOCATION ? -1 : n;
    only_once = once;
    calls = 0;
}

static bool one(int kind, int64_t n, bool once, const char *expected, int64_t *refused) {
    window_job job;
    fail_alloc f;
    char what[80];
    window_job_open(&job, WINDOW_JOB_A, ROWS);
    snprintf(what, sizeof what, "%s %lld failed%s", kinds[kind], (long long)n,
             once ? "" : ", and all after it");
    job.mem = fail_alloc_init(&f, kind == ALLOCATION ? n : -1);
    f.once = once;
    arm(kind, n, once);
    pln_status status = window_job_run(&job);
    left = -1;
    bool good = kind == ALLOCATION ? status == PLN_OK || status == PLN_ENOMEM
                                   : status == PLN_OK || job.err.message[0] != '\0';
    good &= status != PLN_EINTERNAL && status != PLN_ECONTRACT;
    if (!good)
        printf("%s: %s %s (%s)\n", what, pln_status_name(status), job.err.message, job.err.where);
    if (fail_alloc_live(&f) != 0) {
        printf("%s: %lld bytes were not given back\n", what, (long long)fail_alloc_live(&f));
        good = false;
    }
    job.mem = NULL;
    *refused += status < 0;
    if (status < 0 && window_job_run(&job) < 0) {
        printf("%s: the run that followed: %s (%s)\n", what, job.err.message, job.err.where);
        good = false;
    }
    char *seen = window_job_seen(&job);
    good &= window_job_same(what, expected, seen);
    free(seen);
    window_job_close(&job);
    return good;
}

int main(void) {
    int64_t totals[KINDS], failed = 0, points = 0, refused = 0;
    char *expected = NULL;
    hooked_install(fails);
    for (int kind = 0; kind < KINDS; kind++) {
        window_job job;
        fail_alloc f;
        window_job_open(&job, WINDOW_JOB_A, ROWS);
        job.mem = fail_alloc_init(&f, -1);
        arm(kind, -1, true);
        if (window_job_run(&job) < 0 || job.late < 10) {
            printf("unharmed: %lld late, %s (%s)\n0 passed, 1 failed, 0 skipped\n",
                   (long long)job.late, job.err.message, job.err.where);
            return 1;
        }
        totals[kind] = kind == ALLOCATION ? f.calls : calls;
        free(expected);
        expected = window_job_seen(&job);
        window_job_close(&job);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        int64_t some = effort(POINTS, INT64_MAX), n = totals[kind] < some ? totals[kind] : some;
        for (int64_t i = 0; i < n && failed < 10; i++, points += 2) {
            failed += !one(kind, i * totals[kind] / n, true, expected, &refused);
            failed += !one(kind, i * totals[kind] / n, false, expected, &refused);
        }
    }
    free(expected);
    printf("%lld points of %lld allocations, %lld writes, %lld syncs; %lld ended the run\n",
           (long long)points, (long long)totals[ALLOCATION], (long long)totals[WRITE],
           (long long)totals[SYNC], (long long)refused);
    printf("%lld passed, %lld failed, 0 skipped\n", (long long)(points - failed),
           (long long)failed);
    return failed != 0;
}
