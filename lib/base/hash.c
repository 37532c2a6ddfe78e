#include "base/base.h"

/* Inlined: the call through the shared library costs more than hashing a short key. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t pln__hash64(const void *bytes, int64_t size, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, (size_t)size, seed);
}
