/*
 * Room sketch: small summaries of many values, with stated errors, that merge.
 *
 * Job: HyperLogLog (hll.h, <pln/hll.h>): registers, estimates, merging, serialized forms, those of Redis and DataSketches. Count-Min
 * (count_min.h, <pln/count_min.h>): counters, plain and conservative, panes. Quantiles (quantiles.h, <pln/quantiles.h>): KLL, compactors over a
 * sampler. Reservoir (reservoir.h, <pln/reservoir.h>): which rows are kept. Bloom filters (bloom.h, <pln/bloom.h>). Top-k (top_k.h, <pln/top_k.h>): entries with
 * bounds.
 * Must not know: formats, expressions, nodes; what the answers are used for.
 * Invariants: a sketch is a function of the set or multiset of its values, so that merging sketches of parts is bit for bit the sketch of the whole, but for
 * conservative counters and counters at their end; top-k, and those that flip a coin (coin.h), are one of the sequence of their values and the seed, and keep
 * their bounds when they are merged; bytes from outside are held to every range before they are believed and nothing is allocated beyond what the
 * parameters need; sketches of different hashes or seeds never mix, but for top-k, where no answer depends on the seed.
 */
#ifndef PLN__SKETCH_H
#define PLN__SKETCH_H

#include "sketch/bloom.h"
#include "sketch/count_min.h"
#include "sketch/hll.h"
#include "sketch/quantiles.h"
#include "sketch/reservoir.h"
#include "sketch/top_k.h"

#endif
