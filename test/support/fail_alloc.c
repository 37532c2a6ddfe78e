#include "fail_alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In front of each block, so that the allocator can hold its callers to the sizes. */
typedef struct header {
    uint64_t size;
    uint64_t mark;
} header;
#define MARK 0x706c6e5f74657374u

static void *request(fail_alloc *f, uint64_t size) {
    f->calls++;
    if (f->left == 0) {
        f->failed = true;
        if (f->once)
            f->left = -1;
        return NULL;
    }
    if (f->left > 0)
        f->left--;
    header *h = malloc(sizeof *h + size);
    if (h == NULL)
        return NULL;
    *h = (header){size, MARK};
    memset(h + 1, 0xa5, size);
    f->bytes += (int64_t)size;
    f->blocks++;
    return h + 1;
}

static void give_back(fail_alloc *f, void *ptr, uint64_t size) {
    header *h = (header *)ptr - 1;
    if (h->mark != MARK || h->size != size) {
        fprintf(stderr, "fail_alloc: a block of %llu bytes is given back as %llu\n",
                (unsigned long long)h->size, (unsigned long long)size);
        abort();
    }
    h->mark = 0;
    f->bytes -= (int64_t)size;
    f->blocks--;
    free(h);
}

static void *resize(void *user, void *ptr, uint64_t old_size, uint64_t new_size) {
    fail_alloc *f = user;
    if (new_size == 0) {
        if (ptr != NULL)
            give_back(f, ptr, old_size);
        return NULL;
    }
    void *now = request(f, new_size);
    if (now != NULL && ptr != NULL) {
        memcpy(now, ptr, old_size < new_size ? old_size : new_size);
        give_back(f, ptr, old_size);
    }
    return now;
}

const pln_allocator *fail_alloc_init(fail_alloc *f, int64_t n) {
    *f = (fail_alloc){.left = n};
    f->allocator = (pln_allocator){.struct_size = sizeof f->allocator, .user = f, .resize = resize};
    return &f->allocator;
}

int64_t fail_alloc_live(const fail_alloc *f) {
    return f->bytes;
}
