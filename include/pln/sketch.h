/*
 * All sketches: small summaries of many values, with stated errors, that merge. pln-sketches(7) compares them.
 */
#ifndef PLN_SKETCH_H
#define PLN_SKETCH_H

#include <pln/bloom.h>
#include <pln/count_min.h>
#include <pln/hll.h>
#include <pln/quantiles.h>
#include <pln/reservoir.h>
#include <pln/top_k.h>

#endif
