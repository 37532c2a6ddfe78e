#include "schema/avro_internal.h"

struct pln__arena_chunk {
    pln__arena_chunk *next;
    int64_t size, used; /* both with this head */
};

enum { FIRST = 1024, LARGEST = 256 << 10 };

static bool grow(pln__arena *arena, int64_t size) {
    int64_t want = arena->chunks == NULL ? FIRST : arena->chunks->size * 2;
    if (want > LARGEST)
        want = LARGEST;
    if (want < size + (int64_t)sizeof(pln__arena_chunk))
        want = size + (int64_t)sizeof(pln__arena_chunk);
    pln__arena_chunk *chunk = pln__alloc(arena->mem, (uint64_t)want);
    if (chunk == NULL)
        return false;
    *chunk = (pln__arena_chunk){arena->chunks, want, (int64_t)sizeof *chunk};
    arena->chunks = chunk;
    return true;
}

void *pln__arena_new(pln__arena *arena, int64_t count, int64_t size) {
    int64_t total;
    if (!pln__mul(count, size, &total) || total > INT32_MAX)
        return NULL;
    total = pln__round_up(total, 8);
    pln__arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || total > chunk->size - chunk->used) {
        if (!grow(arena, total))
            return NULL;
        chunk = arena->chunks;
    }
    void *out = (uint8_t *)chunk + chunk->used;
    chunk->used += total;
    if (total > 0)
        memset(out, 0, (size_t)total);
    return out;
}

char *pln__arena_copy(pln__arena *arena, const char *bytes, int64_t size) {
    char *out = pln__arena_new(arena, size + 1, 1);
    if (out != NULL && size > 0)
        memcpy(out, bytes, (size_t)size);
    return out;
}

void pln__arena_free(pln__arena *arena) {
    while (arena->chunks != NULL) {
        pln__arena_chunk *next = arena->chunks->next;
        pln__free(arena->mem, arena->chunks, (uint64_t)arena->chunks->size);
        arena->chunks = next;
    }
}
