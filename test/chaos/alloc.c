/*
 * Every allocation of the quickstart's pipeline fails, once or from then on: PLN_ENOMEM or success, nothing leaks, and a run that follows
 * with the same state file ends with exactly what an unharmed one gives. In plain `make check` some points, evenly spread; all with PLN_TORTURE.
 */
#include "chaos/pipeline.h"
#include "effort.h"
#include "fail_alloc.h"

enum { POINTS = 400 };

typedef struct outcome {
    int64_t points, refused, failed;
} outcome;

static void one(int64_t n, bool once, const char *expected, outcome *sum) {
    pipeline p;
    fail_alloc f;
    char what[80];
    pipeline_open(&p);
    snprintf(what, sizeof what, "allocation %lld failed%s", (long long)n,
             once ? "" : ", and all after it");
    p.mem = fail_alloc_init(&f, n);
    f.once = once;
    pln_status status = pipeline_run(&p, TO_DATABASE);
    bool good = status == PLN_OK || status == PLN_ENOMEM;
    if (!good)
        printf("%s: %s %s (%s)\n", what, pln_status_name(status), p.err.message, p.err.where);
    if (fail_alloc_live(&f) != 0) {
        printf("%s: %lld bytes in %lld blocks were not given back (%s)\n", what,
               (long long)fail_alloc_live(&f), (long long)f.blocks, p.err.where);
        good = false;
    }
    p.mem = NULL;
    if (status < 0) {
        sum->refused++;
        status = pipeline_run(&p, TO_DATABASE);
        if (status < 0)
            printf("%s: the run that followed: %s %s (%s)\n", what, pln_status_name(status),
                   p.err.message, p.err.where);
        good &= status >= 0;
    }
    char *seen = pipeline_seen(&p);
    good &= pipeline_same(what, expected, seen);
    free(seen);
    pipeline_close(&p);
    sum->points++;
    sum->failed += !good;
}

int main(void) {
    pipeline p;
    fail_alloc f;
    outcome sum = {0};
    pipeline_open(&p);
    p.mem = fail_alloc_init(&f, -1);
    if (pipeline_run(&p, TO_DATABASE) < 0) {
        printf("unharmed: %s (%s)\n0 passed, 1 failed, 0 skipped\n", p.err.message, p.err.where);
        return 1;
    }
    char *expected = pipeline_seen(&p);
    int64_t total = f.calls, some = effort(POINTS, INT64_MAX), n = total < some ? total : some;
    pipeline_close(&p);
    for (int64_t i = 0; i < n && sum.failed < 10; i++) {
        one(i * total / n, true, expected, &sum);
        one(i * total / n, false, expected, &sum);
    }
    free(expected);
    printf("%lld of %lld points (allocations, once and from then on), PLN_ENOMEM at %lld\n",
           (long long)sum.points, (long long)(2 * total), (long long)sum.refused);
    printf("%lld passed, %lld failed, 0 skipped\n", (long long)(sum.points - sum.failed),
           (long long)sum.failed);
    return sum.failed != 0;
}
