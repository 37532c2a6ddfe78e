#include "base/base.h"

/*
 * Entries lie in insertion order; the table holds their numbers. Keys live in chunks that never
 * move, so a key that pln__map_at gave stays where it is.
 */
typedef struct chunk {
    struct chunk *next;
    int64_t used;
    int64_t capacity;
    char bytes[];
} chunk;

typedef struct entry {
    const char *key;
    int64_t size;
    int64_t value;
} entry;

typedef struct slot {
    uint32_t tag;   /* high half of the hash */
    uint32_t index; /* number of the entry + 1; 0: empty */
} slot;

struct pln__map {
    const pln_allocator *mem;
    uint64_t seed;
    entry *entries;
    int64_t count;
    int64_t capacity;
    slot *slots;
    int64_t slot_count; /* 0 or a power of two, at most half full */
    chunk *chunks;
};

enum { CHUNK_FIRST = 512, CHUNK_LARGEST = 64 << 10 };

pln__map *pln__map_new(const pln_allocator *mem, uint64_t seed) {
    pln__map *map = pln__calloc(mem, 1, sizeof *map);
    if (map != NULL) {
        map->mem = mem;
        map->seed = seed;
    }
    return map;
}

void pln__map_free(pln__map *map) {
    if (map == NULL)
        return;
    const pln_allocator *mem = map->mem;
    while (map->chunks != NULL) {
        chunk *next = map->chunks->next;
        pln__free(mem, map->chunks, sizeof(chunk) + (uint64_t)map->chunks->capacity);
        map->chunks = next;
    }
    pln__free(mem, map->slots, (uint64_t)map->slot_count * sizeof(slot));
    pln__free(mem, map->entries, (uint64_t)map->capacity * sizeof(entry));
    pln__free(mem, map, sizeof *map);
}

int64_t pln__map_count(const pln__map *map) {
    return map->count;
}

/* The slot of the key, or the empty one where it belongs; slot_count > 0. */
static slot *find(const pln__map *map, const void *key, int64_t size, uint64_t hash) {
    uint64_t mask = (uint64_t)map->slot_count - 1;
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint64_t i = hash & mask;; i = (i + 1) & mask) {
        slot *s = &map->slots[i];
        if (s->index == 0)
            return s;
        if (s->tag != tag)
            continue;
        const entry *e = &map->entries[s->index - 1];
        if (e->size == size && (size == 0 || memcmp(e->key, key, (size_t)size) == 0))
            return s;
    }
}

/*
 * The tag holds the high half of the hash alone, so keys are hashed again; growing is rare enough.
 */
static pln_status grow_slots(pln__map *map, pln_error *err) {
    int64_t old_count = map->slot_count;
    int64_t count = old_count == 0 ? 16 : old_count * 2;
    slot *slots = pln__calloc(map->mem, (uint64_t)count, sizeof *slots);
    if (slots == NULL)
        return pln__error_memory(err, (uint64_t)count * sizeof *slots);
    uint64_t mask = (uint64_t)count - 1;
    for (int64_t n = 0; n < map->count; n++) {
        uint64_t hash = pln__hash64(map->entries[n].key, map->entries[n].size, map->seed);
        uint64_t i = hash & mask;
        while (slots[i].index != 0)
            i = (i + 1) & mask;
        slots[i] = (slot){(uint32_t)(hash >> 32), (uint32_t)n + 1};
    }
    pln__free(map->mem, map->slots, (uint64_t)old_count * sizeof(slot));
    map->slots = slots;
    map->slot_count = count;
    return PLN_OK;
}

/* A copy with a NUL behind it, so that a key that is a name can be used as a string. */
static const char *keep_key(pln__map *map, const void *key, int64_t size) {
    chunk *c = map->chunks;
    if (c == NULL || size >= c->capacity - c->used) {
        int64_t capacity = c == NULL ? CHUNK_FIRST : c->capacity * 2;
        if (capacity > CHUNK_LARGEST)
            capacity = CHUNK_LARGEST;
        if (capacity < size + 1)
            capacity = size + 1;
        c = pln__alloc(map->mem, sizeof(chunk) + (uint64_t)capacity);
        if (c == NULL)
            return NULL;
        *c = (chunk){map->chunks, 0, capacity};
        map->chunks = c;
    }
    char *copy = c->bytes + c->used;
    if (size > 0)
        memcpy(copy, key, (size_t)size);
    copy[size] = '\0';
    c->used += size + 1;
    return copy;
}

pln_status pln__map_put(pln__map *map, const void *key, int64_t size, int64_t value,
                        pln_error *err) {
    uint64_t hash = pln__hash64(key, size, map->seed);
    slot *s = map->slot_count > 0 ? find(map, key, size, hash) : NULL;
    if (s != NULL && s->index != 0) {
        map->entries[s->index - 1].value = value;
        return PLN_OK;
    }
    if (map->count >= INT32_MAX)
        return pln__error_set(err, PLN_ELIMIT, "a map holds at most %d keys", INT32_MAX);
    pln_status status =
        pln__grow(map->mem, &map->entries, &map->capacity, map->count + 1, sizeof(entry), err);
    if (status < 0)
        return status;
    if (map->count * 2 >= map->slot_count) {
        status = grow_slots(map, err);
        if (status < 0)
            return status;
        s = find(map, key, size, hash);
    }
    const char *copy = keep_key(map, key, size);
    if (copy == NULL)
        return pln__error_memory(err, (uint64_t)size);
    map->entries[map->count++] = (entry){copy, size, value};
    *s = (slot){(uint32_t)(hash >> 32), (uint32_t)map->count};
    return PLN_OK;
}

bool pln__map_get(const pln__map *map, const void *key, int64_t size, int64_t *value) {
    if (map->count == 0)
        return false;
    const slot *s = find(map, key, size, pln__hash64(key, size, map->seed));
    if (s->index == 0)
        return false;
    if (value != NULL)
        *value = map->entries[s->index - 1].value;
    return true;
}

const void *pln__map_at(const pln__map *map, int64_t i, int64_t *size, int64_t *value) {
    const entry *e = &map->entries[i];
    if (size != NULL)
        *size = e->size;
    if (value != NULL)
        *value = e->value;
    return e->key;
}
