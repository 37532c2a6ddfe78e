#include "expr/internal.h"

#define CHUNK_BYTES 16384
#define CHUNK_KEPT (4 * 1024 * 1024)

struct xchunk {
    xchunk *next;
    int64_t size; /* of the block, this struct included */
    int64_t used;
};

static void *take(xchunk *chunk, int64_t size, int64_t align) {
    uintptr_t base = (uintptr_t)chunk;
    int64_t start = (int64_t)(((base + (uintptr_t)chunk->used + (uintptr_t)align - 1) &
                               ~((uintptr_t)align - 1)) -
                              base);
    if (start > chunk->size || size > chunk->size - start)
        return NULL;
    chunk->used = start + size;
    return (uint8_t *)chunk + start;
}

static bool grow(xarena *arena, int64_t size) {
    int64_t need = size + (int64_t)sizeof(xchunk) + 64;
    xchunk *chunk = arena->spare;
    if (chunk != NULL && chunk->size >= need) {
        arena->spare = chunk->next;
    } else {
        int64_t last = arena->chunks == NULL ? 0 : arena->chunks->size;
        int64_t want = last >= 1024 * 1024 ? last : last * 2;
        if (want < CHUNK_BYTES)
            want = CHUNK_BYTES;
        if (want < need)
            want = need;
        chunk = pln__alloc(arena->mem, (uint64_t)want);
        if (chunk == NULL)
            return false;
        chunk->size = want;
    }
    chunk->used = (int64_t)sizeof(xchunk);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return true;
}

static void *allot(xarena *arena, int64_t size, int64_t align) {
    void *out = arena->chunks == NULL ? NULL : take(arena->chunks, size, align);
    if (out == NULL && grow(arena, size))
        out = take(arena->chunks, size, align);
    return out;
}

void *pln__x_alloc(xarena *arena, int64_t size) {
    return allot(arena, size, 64);
}

void *pln__x_zalloc(xarena *arena, int64_t size) {
    void *out = allot(arena, size, 64);
    if (out != NULL)
        memset(out, 0, (size_t)size);
    return out;
}

uint8_t *pln__x_bytes(xarena *arena, int64_t size) {
    return allot(arena, size, 1);
}

void pln__x_bytes_trim(xarena *arena, const uint8_t *bytes, int64_t used) {
    arena->chunks->used = bytes - (const uint8_t *)arena->chunks + used;
}

static void drop(const pln_allocator *mem, xchunk *chunk) {
    while (chunk != NULL) {
        xchunk *next = chunk->next;
        pln__free(mem, chunk, (uint64_t)chunk->size);
        chunk = next;
    }
}

/* The newest chunk is the largest: one of them is enough for the next block of about the same rows. */
void pln__x_reset(xarena *arena) {
    if (arena->chunks == NULL)
        return;
    if (arena->chunks->next == NULL) {
        arena->chunks->used = (int64_t)sizeof(xchunk);
        return;
    }
    xchunk *keep = arena->chunks;
    drop(arena->mem, keep->next);
    drop(arena->mem, arena->spare);
    keep->next = NULL;
    arena->chunks = NULL;
    arena->spare = keep;
}

/* A batch of long texts is no reason to hold on to as much memory for ever. */
void pln__x_trim(xarena *arena) {
    bool large = arena->chunks != NULL && arena->chunks->size > CHUNK_KEPT;
    pln__x_reset(arena);
    if (large || (arena->spare != NULL && arena->spare->size > CHUNK_KEPT))
        pln__x_free(arena);
}

void pln__x_free(xarena *arena) {
    drop(arena->mem, arena->chunks);
    drop(arena->mem, arena->spare);
    arena->chunks = arena->spare = NULL;
}
