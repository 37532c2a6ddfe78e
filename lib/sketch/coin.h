/*
 * The coin of sketches that choose: splitmix64 (Steele, Lea, Flood 2014). The same on every machine, and its whole state is one number, which is written
 * with the sketch so that one that was read goes on as the one that was written.
 */
#ifndef PLN__SKETCH_COIN_H
#define PLN__SKETCH_COIN_H

#include "base/base.h"
#include "base/number.h"

static inline uint64_t pln__coin_next(uint64_t *coin) {
    uint64_t z = *coin += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* The state that a seed begins with: seeds that are neighbours have nothing in common. */
static inline uint64_t pln__coin_of(uint64_t seed) {
    return pln__coin_next(&seed);
}

/* Each of 0 to n - 1 equally likely, n > 0 (D. Lemire, "Fast random integer generation in an interval", 2019). */
static inline uint64_t pln__coin_below(uint64_t *coin, uint64_t n) {
    pln__uint128 product;
    do
        product = (pln__uint128)pln__coin_next(coin) * n;
    while (PLN__UNLIKELY((uint64_t)product < -n % n));
    return (uint64_t)(product >> 64);
}

#endif
