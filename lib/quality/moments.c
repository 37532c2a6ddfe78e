#include "quality/moments.h"
#include <math.h>
#include <string.h>

/* Four sums, for additions wait for each other; always in this order, so that the same numbers give the same sum. */
static double sum_of(const double *values, int64_t n, double shift, int squared) {
    double sums[4] = {0, 0, 0, 0};
    for (int64_t i = 0; i < n; i++) {
        double distance = values[i] - shift;
        sums[i & 3] += squared ? distance * distance : distance;
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979). */
static void merge(pln__moments *into, const pln__moments *from) {
    if (from->n == 0)
        return;
    if (into->n == 0) {
        *into = *from;
        return;
    }
    double a = (double)into->n, b = (double)from->n, distance = from->mean - into->mean;
    double mean = into->mean + distance * (b / (a + b));
    /* Infinities have no distance from each other, and still a mean. */
    if (!isfinite(distance))
        mean = into->mean * (a / (a + b)) + from->mean * (b / (a + b));
    into->mean = mean;
    into->squares += from->squares + distance * distance * (a * b / (a + b));
    into->n += from->n;
}

static void add(pln__moments *into, const double *values, int64_t n) {
    pln__moments part = {n, 0, 0};
    if (n == 0)
        return;
    part.mean = sum_of(values, n, 0, 0) / (double)n;
    part.squares = sum_of(values, n, part.mean, 1);
    merge(into, &part);
}

void pln__running_push(pln__running *r, const double *values, int64_t n) {
    while (n > 0) {
        int64_t room = PLN__MOMENTS_PENDING - r->n_pending, some = n < room ? n : room;
        memcpy(r->pending + r->n_pending, values, (size_t)some * sizeof *values);
        r->n_pending += (int32_t)some;
        values += some;
        n -= some;
        if (r->n_pending == PLN__MOMENTS_PENDING) {
            add(&r->done, r->pending, r->n_pending);
            r->n_pending = 0;
        }
    }
}

pln__moments pln__running_total(const pln__running *r) {
    pln__moments all = r->done;
    add(&all, r->pending, r->n_pending);
    return all;
}

void pln__running_merge(pln__running *into, const pln__running *from) {
    /* What goes on from a saved state has the sums of what never stopped. */
    if (into->done.n == 0 && into->n_pending == 0) {
        *into = *from;
        return;
    }
    pln__moments theirs = pln__running_total(from);
    into->done = pln__running_total(into);
    into->n_pending = 0;
    merge(&into->done, &theirs);
}
