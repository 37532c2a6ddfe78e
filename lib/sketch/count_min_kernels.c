/* Loops over hashes and counters, for every processor. */
#include "sketch/count_min.h"

void pln__count_min_cut(const uint64_t *hashes, int64_t n, int32_t shift, uint32_t mask,
                        uint32_t base, uint32_t *places) {
    for (int64_t i = 0; i < n; i++)
        places[i] = base + ((uint32_t)(hashes[i] >> shift) & mask);
}

#define COUNTER int32_t
#define MOST INT32_MAX
#define LEAST INT32_MIN
#define LOOP(name) name##_32
#define ALL pln__count_min_loops_32
#include "sketch/count_min_loops.h"
#undef COUNTER
#undef MOST
#undef LEAST
#undef LOOP
#undef ALL

#define COUNTER int64_t
#define MOST INT64_MAX
#define LEAST INT64_MIN
#define LOOP(name) name##_64
#define ALL pln__count_min_loops_64
#include "sketch/count_min_loops.h"
