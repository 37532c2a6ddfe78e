/*
 * Room front: where the parts become one library.
 *
 * Job: the public functions that join rooms which must not know each other - a runtime with the built-in stages, tables that drive a run.
 * Must not know: how any of them works.
 * Invariants: nothing stands here that another room could hold.
 */
#ifndef PLN__FRONT_H
#define PLN__FRONT_H

#include "graph/graph.h"

#endif
