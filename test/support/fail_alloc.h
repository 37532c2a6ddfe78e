/*
 * An allocator that fails the n-th request, and checks that sizes handed back are the sizes asked for.
 *
 *     for (int64_t n = 0; ; n++) {
 *         fail_alloc f;
 *         const pln_allocator *mem = fail_alloc_init(&f, n);
 *         ... run the scenario with mem ...
 *         ck_assert_int_eq(fail_alloc_live(&f), 0);
 *         if (!f.failed) break;
 *     }
 */
#ifndef TEST_FAIL_ALLOC_H
#define TEST_FAIL_ALLOC_H

#include <pln/allocator.h>
#include <stdbool.h>

typedef struct fail_alloc {
    pln_allocator allocator;
    int64_t left; /* requests that still succeed; negative: all do */
    int64_t calls;
    int64_t bytes;
    int64_t blocks;
    bool once;   /* only the n-th fails, later ones succeed */
    bool failed; /* the failure has happened */
} fail_alloc;

/* Fail request number n (from 0) and all after it; n < 0: never. */
const pln_allocator *fail_alloc_init(fail_alloc *f, int64_t n);
/* Bytes that are not given back. A block freed with another size than it was asked for stops the program. */
int64_t fail_alloc_live(const fail_alloc *f);

#endif
