#include "base/base.h"
#include "base/size_class.h"
#include <stdatomic.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define HIDE(ptr, size) ASAN_POISON_MEMORY_REGION(ptr, size)
#define SHOW(ptr, size) ASAN_UNPOISON_MEMORY_REGION(ptr, size)
#else
#define HIDE(ptr, size) ((void)0)
#define SHOW(ptr, size) ((void)0)
#endif

enum { POOL_MAX_BYTES = 64 << 20 };

typedef struct idle_block {
    struct idle_block *next;
} idle_block;

struct pln__heap {
    pln_allocator self;
    pln_allocator host;
    int64_t limit; /* INT64_MAX: none */
    int64_t pool_limit;
    atomic_bool closed;
    /* One for the owner, one for each block that is out: the last to go frees the heap. */
    _Atomic int64_t refs;
    _Atomic int64_t live;
    _Atomic int64_t peak;
    _Atomic int64_t allocations;
    /* Counts bytes that are in the pool or on their way into it, never less than what is there. */
    _Atomic int64_t pooled;
    atomic_flag busy; /* guards `idle`; nobody ever waits for it */
    idle_block *idle[PLN__CLASS_COUNT];
};

static bool try_lock(pln__heap *heap) {
    return !atomic_flag_test_and_set_explicit(&heap->busy, memory_order_acquire);
}

static void unlock(pln__heap *heap) {
    atomic_flag_clear_explicit(&heap->busy, memory_order_release);
}

static bool has_class(uint64_t size) {
    return size >= PLN__CLASS_MIN && size <= PLN__CLASS_MAX;
}

/*
 * The size that the host is asked for, and that counts as live; an empty array (pln__calloc) is a
 * byte.
 */
static uint64_t host_size(uint64_t size) {
    uint64_t rounded = size == 0 ? 1 : size;
    if (has_class(size))
        (void)pln__size_class(size, &rounded);
    return rounded;
}

static uint64_t class_bytes(int class) {
    return (UINT64_C(4) + (uint64_t)(class & 3)) << (PLN__CLASS_MIN_SHIFT - 2 + class / 4);
}

/* Gives every idle block back to the host; the caller holds the lock or is alone. */
static void drop_idle(pln__heap *heap) {
    int64_t dropped = 0;
    for (int c = 0; c < PLN__CLASS_COUNT; c++) {
        uint64_t size = class_bytes(c);
        while (heap->idle[c] != NULL) {
            idle_block *block = heap->idle[c];
            heap->idle[c] = block->next;
            SHOW(block, size);
            pln__free(&heap->host, block, size);
            dropped += (int64_t)size;
        }
    }
    atomic_fetch_sub(&heap->pooled, dropped);
}

static void drop_pool(pln__heap *heap) {
    if (atomic_load(&heap->pooled) > 0 && try_lock(heap)) {
        drop_idle(heap);
        unlock(heap);
    }
}

static void *pool_take(pln__heap *heap, uint64_t size) {
    if (!has_class(size) || atomic_load_explicit(&heap->pooled, memory_order_relaxed) == 0)
        return NULL;
    uint64_t rounded;
    int class = pln__size_class(size, &rounded);
    if (!try_lock(heap))
        return NULL;
    idle_block *block = heap->idle[class];
    if (block != NULL)
        heap->idle[class] = block->next;
    unlock(heap);
    if (block != NULL) {
        atomic_fetch_sub(&heap->pooled, (int64_t)rounded);
        SHOW(block, rounded);
    }
    return block;
}

static bool pool_put(pln__heap *heap, void *ptr, uint64_t size) {
    if (!has_class(size) || atomic_load(&heap->closed))
        return false;
    uint64_t rounded;
    int class = pln__size_class(size, &rounded);
    int64_t bytes = (int64_t)rounded;
    if (atomic_fetch_add(&heap->pooled, bytes) + bytes > heap->pool_limit || !try_lock(heap)) {
        atomic_fetch_sub(&heap->pooled, bytes);
        return false;
    }
    idle_block *block = ptr;
    block->next = heap->idle[class];
    heap->idle[class] = block;
    HIDE(block + 1, rounded - sizeof *block);
    unlock(heap);
    return true;
}

static bool count_live(pln__heap *heap, int64_t bytes) {
    int64_t before = atomic_load(&heap->live);
    int64_t now;
    do {
        if (bytes > heap->limit - before)
            return false;
        now = before + bytes;
    } while (!atomic_compare_exchange_weak(&heap->live, &before, now));
    int64_t peak = atomic_load_explicit(&heap->peak, memory_order_relaxed);
    while (peak < now && !atomic_compare_exchange_weak(&heap->peak, &peak, now)) {}
    if (atomic_load_explicit(&heap->pooled, memory_order_relaxed) > heap->limit - now)
        drop_pool(heap);
    return true;
}

static void release(pln__heap *heap) {
    if (atomic_fetch_sub(&heap->refs, 1) != 1)
        return;
    drop_idle(heap);
    pln_allocator host = heap->host;
    pln__free(&host, heap, sizeof *heap);
}

/* Asks the host, once more after the pool is empty. */
static void *host_resize(pln__heap *heap, void *ptr, uint64_t old, uint64_t now) {
    void *moved = pln__resize(&heap->host, ptr, old, now);
    if (moved == NULL && atomic_load(&heap->pooled) > 0) {
        drop_pool(heap);
        moved = pln__resize(&heap->host, ptr, old, now);
    }
    return moved;
}

static void *heap_alloc(pln__heap *heap, uint64_t size) {
    uint64_t asked = host_size(size);
    /* Out of the pool first, so that its bytes are not dropped to make room for themselves. */
    void *ptr = pool_take(heap, size);
    if (!count_live(heap, (int64_t)asked)) {
        if (ptr != NULL)
            pln__free(&heap->host, ptr, asked);
        return NULL;
    }
    if (ptr == NULL)
        ptr = host_resize(heap, NULL, 0, asked);
    if (ptr == NULL) {
        atomic_fetch_sub(&heap->live, (int64_t)asked);
        return NULL;
    }
    atomic_fetch_add_explicit(&heap->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&heap->refs, 1, memory_order_relaxed);
    return ptr;
}

static void heap_free(pln__heap *heap, void *ptr, uint64_t size) {
    uint64_t asked = host_size(size);
    atomic_fetch_sub(&heap->live, (int64_t)asked);
    if (!pool_put(heap, ptr, size))
        pln__free(&heap->host, ptr, asked);
    release(heap);
}

/* A resize that lands on an idle block costs a copy of what is used, and no fresh pages. */
static void *move_to_idle(pln__heap *heap, void *ptr, uint64_t old, uint64_t now) {
    void *moved = pool_take(heap, now);
    if (moved == NULL)
        return NULL;
    memcpy(moved, ptr, (size_t)(old < now ? old : now));
    if (!pool_put(heap, ptr, old))
        pln__free(&heap->host, ptr, host_size(old));
    return moved;
}

static void *heap_move(pln__heap *heap, void *ptr, uint64_t old, uint64_t now) {
    int64_t had = (int64_t)host_size(old), asked = (int64_t)host_size(now);
    if (had == asked)
        return ptr;
    if (asked > had && !count_live(heap, asked - had))
        return NULL;
    void *moved = move_to_idle(heap, ptr, old, now);
    if (moved == NULL)
        moved = host_resize(heap, ptr, (uint64_t)had, (uint64_t)asked);
    int64_t over =
        moved == NULL ? (asked > had ? asked - had : 0) : (asked < had ? had - asked : 0);
    atomic_fetch_sub(&heap->live, over);
    if (moved != NULL)
        atomic_fetch_add_explicit(&heap->allocations, 1, memory_order_relaxed);
    return moved;
}

static void *heap_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    pln__heap *heap = user;
    if (now > PTRDIFF_MAX - PLN__CLASS_MAX)
        return NULL;
    if (now == 0) {
        if (ptr != NULL)
            heap_free(heap, ptr, old);
        return NULL;
    }
    return ptr == NULL ? heap_alloc(heap, now) : heap_move(heap, ptr, old, now);
}

pln__heap *pln__heap_new(const pln_allocator *host, int64_t limit_bytes) {
    if (host == NULL)
        host = pln__system_allocator();
    pln__heap *heap = pln__calloc(host, 1, sizeof *heap);
    if (heap == NULL)
        return NULL;
    heap->self = (pln_allocator){sizeof heap->self, 0, heap, heap_resize};
    heap->host = *host;
    heap->limit = limit_bytes > 0 ? limit_bytes : INT64_MAX;
    heap->pool_limit = heap->limit / 4 < POOL_MAX_BYTES ? heap->limit / 4 : POOL_MAX_BYTES;
    atomic_init(&heap->refs, 1);
    atomic_flag_clear(&heap->busy);
    return heap;
}

const pln_allocator *pln__heap_allocator(pln__heap *heap) {
    return &heap->self;
}

void pln__heap_stats_get(const pln__heap *heap, pln__heap_stats *out) {
    int64_t refs = atomic_load(&heap->refs);
    out->live_bytes = atomic_load(&heap->live);
    out->peak_bytes = atomic_load(&heap->peak);
    out->live_blocks = refs - (atomic_load(&heap->closed) ? 0 : 1);
    out->allocations = atomic_load(&heap->allocations);
    out->limit_bytes = heap->limit == INT64_MAX ? 0 : heap->limit;
    out->pooled_bytes = atomic_load(&heap->pooled);
}

void pln__heap_close(pln__heap *heap) {
    if (heap == NULL)
        return;
    atomic_store(&heap->closed, true);
    drop_pool(heap);
    release(heap);
}
