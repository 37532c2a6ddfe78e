/*
 * The allocator a host may give to a runtime, and that a runtime gives to its stages.
 */
#ifndef PLN_ALLOCATOR_H
#define PLN_ALLOCATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One function does everything, with sizes, so that a host can count without headers of its own:
 *
 *     resize(user, NULL, 0, n)      allocate n bytes
 *     resize(user, p, old, n)       grow or shrink; p is invalid afterwards unless NULL is returned
 *     resize(user, p, old, 0)       free; returns NULL
 *
 * `old` is always the size asked for when `p` was obtained. Memory is aligned for any C object (16 bytes).
 * NULL for n > 0 means "no memory": `p` stays valid. It may be called from any thread that uses or releases
 * objects of the runtime; a runtime whose batches never leave one thread calls it from that thread only.
 */
typedef struct pln_allocator {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    void *(*resize)(void *user, void *ptr, uint64_t old_size, uint64_t new_size);
} pln_allocator;

#ifdef __cplusplus
}
#endif

#endif
