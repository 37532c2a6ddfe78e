/*
 * Mean and squared deviation of numbers that come one after the other.
 *
 * Numbers are taken up by 256 at a time, so that the same numbers give the same sums to the last bit, however they were handed in.
 */
#ifndef PLN__QUALITY_MOMENTS_H
#define PLN__QUALITY_MOMENTS_H

#include <stdint.h>

enum { PLN__MOMENTS_PENDING = 256 };

typedef struct pln__moments {
    int64_t n;
    double mean;
    double squares; /* sum of squared distances from the mean */
} pln__moments;

typedef struct pln__running {
    pln__moments done;
    int32_t n_pending;
    double pending[PLN__MOMENTS_PENDING]; /* numbers that wait for each other */
} pln__running;

void pln__running_push(pln__running *running, const double *values, int64_t n);
/* Of all numbers, those that wait too. */
pln__moments pln__running_total(const pln__running *running);
void pln__running_merge(pln__running *into, const pln__running *from);

#endif
