/* For every processor. */
#define TARGET
#define ADD pln__top_k_add_plain
#define TAKEN taken

#include "sketch/top_k.h"

static inline unsigned taken(const pln__top_k_line *line, uint64_t key) {
    unsigned found = 0;
    for (int i = 0; i < PLN__TOP_K_WAYS; i++)
        found |= (unsigned)(line->keys[i] == key) << i;
    return found;
}

#include "sketch/top_k_kernel.h"
