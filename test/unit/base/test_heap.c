#include "base/base.h"
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

/* A host that counts, checks the sizes it is told, and can be told to fail. */
typedef struct host_state {
    _Atomic int64_t live;
    _Atomic int64_t blocks;
    _Atomic int64_t wrong_sizes;
    int64_t fail_after; /* < 0: never */
} host_state;

enum { HEAD = 16 };

static void *host_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    host_state *host = user;
    uint8_t *raw = ptr == NULL ? NULL : (uint8_t *)ptr - HEAD;
    if (raw != NULL) {
        uint64_t known;
        memcpy(&known, raw, sizeof known);
        if (known != old)
            host->wrong_sizes++;
    }
    if (now == 0) {
        if (raw != NULL) {
            host->live -= (int64_t)old;
            host->blocks--;
        }
        free(raw);
        return NULL;
    }
    if (host->fail_after >= 0 && host->fail_after-- == 0) {
        host->fail_after = 0;
        return NULL;
    }
    raw = realloc(raw, now + HEAD);
    ck_assert_ptr_nonnull(raw);
    memcpy(raw, &now, sizeof now);
    host->live += (int64_t)now - (int64_t)old;
    host->blocks += ptr == NULL;
    return raw + HEAD;
}

static pln_allocator host_of(host_state *host) {
    *host = (host_state){.fail_after = -1};
    return (pln_allocator){sizeof(pln_allocator), 0, host, host_resize};
}

START_TEST(counts_and_gives_all_back) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    pln__heap_stats stats;
    void *a = pln__alloc(mem, 100), *b = pln__alloc(mem, 8192);
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 8292);
    ck_assert_int_eq(stats.live_blocks, 2);
    ck_assert_int_eq(stats.allocations, 2);
    ck_assert_int_eq(stats.limit_bytes, 0);
    a = pln__resize(mem, a, 100, 300);
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 8492);
    pln__free(mem, a, 300);
    pln__free(mem, b, 8192);
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 0);
    ck_assert_int_eq(stats.live_blocks, 0);
    ck_assert_int_eq(stats.peak_bytes, 8492);
    ck_assert_int_eq(stats.pooled_bytes, 8192);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.blocks, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
}
END_TEST

START_TEST(reuses_freed_blocks) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *first = pln__alloc(mem, 70000);
    memset(first, 1, 70000);
    pln__free(mem, first, 70000);
    void *again = pln__alloc(mem, 75000); /* the same class */
    ck_assert_ptr_eq(first, again);
    memset(again, 2, 75000);
    void *other = pln__alloc(mem, 75000);
    ck_assert_ptr_ne(other, again);
    pln__free(mem, again, 75000);
    pln__free(mem, other, 75000);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

START_TEST(limit_is_kept) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 1 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *a = pln__alloc(mem, 512 << 10);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_null(pln__alloc(mem, 600 << 10));
    ck_assert_ptr_null(pln__resize(mem, a, 512 << 10, 2 << 20));
    ck_assert_ptr_null(pln__alloc(mem, UINT64_MAX));
    void *b = pln__alloc(mem, 512 << 10);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(pln__alloc(mem, 1));
    pln__free(mem, a, 512 << 10);
    void *c = pln__alloc(mem, 1);
    ck_assert_ptr_nonnull(c);
    pln__free(mem, b, 512 << 10);
    pln__free(mem, c, 1);
    pln__heap_stats stats;
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_le(stats.peak_bytes, 1 << 20);
    ck_assert_int_eq(stats.live_bytes, 0);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

/* Pooled blocks of one size must never stand in the way of another size. */
START_TEST(pool_is_bounded_and_gives_way) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 1 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *blocks[64];
    for (int i = 0; i < 64; i++)
        blocks[i] = pln__alloc(mem, 16 << 10);
    for (int i = 0; i < 64; i++)
        pln__free(mem, blocks[i], 16 << 10);
    pln__heap_stats stats;
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_gt(stats.pooled_bytes, 0);
    ck_assert_int_le(stats.pooled_bytes, 1 << 18);
    void *all = pln__alloc(mem, 1 << 20);
    ck_assert_ptr_nonnull(all);
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.pooled_bytes, 0);
    ck_assert_int_le(host.live, (1 << 20) + 4096);
    pln__free(mem, all, 1 << 20);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
}
END_TEST

START_TEST(host_failure_drops_the_pool_first) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *a = pln__alloc(mem, 8192);
    pln__free(mem, a, 8192);
    host.fail_after = 0;
    ck_assert_ptr_null(pln__alloc(mem, 100000));
    pln__heap_stats stats;
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.pooled_bytes, 0);
    ck_assert_int_eq(stats.live_bytes, 0);
    host.fail_after = -1;
    a = pln__alloc(mem, 100000);
    ck_assert_ptr_nonnull(a);
    host.fail_after = 0;
    ck_assert_ptr_null(pln__resize(mem, a, 100000, 900000));
    host.fail_after = -1;
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_blocks, 1);
    pln__free(mem, a, 100000);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
}
END_TEST

START_TEST(outlives_its_owner) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *a = pln__alloc(mem, 5000), *b = pln__alloc(mem, 50);
    pln__heap_close(heap);
    ck_assert_int_gt(host.live, 0);
    a = pln__resize(mem, a, 5000, 9000);
    pln__free(mem, a, 9000);
    pln__free(mem, b, 50);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
    pln__heap_close(NULL);
}
END_TEST

/* Contents survive every way a resize can go: small, class to class, through the pool, huge. */
START_TEST(resize_keeps_contents) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    uint64_t state = 7, size = 1;
    uint8_t *p = pln__alloc(mem, size);
    p[0] = 0;
    for (int round = 0; round < 2000; round++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t now = 1 + (state >> 33) % (UINT64_C(1) << (1 + (state >> 20) % 23));
        uint8_t *q = pln__resize(mem, p, size, now);
        ck_assert_ptr_nonnull(q);
        uint64_t kept = size < now ? size : now;
        for (uint64_t i = 0; i < kept; i += 1 + kept / 64)
            ck_assert_uint_eq(q[i], (uint8_t)(i * 131));
        for (uint64_t i = 0; i < now; i++)
            q[i] = (uint8_t)(i * 131);
        p = q;
        size = now;
    }
    pln__free(mem, p, size);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
}
END_TEST

typedef struct worker {
    const pln_allocator *mem;
    uint64_t seed;
    int64_t damaged;
} worker;

static void *churn(void *arg) {
    worker *w = arg;
    uint8_t *held[16] = {0};
    uint64_t sizes[16] = {0}, state = w->seed;
    for (int i = 0; i < 20000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        unsigned k = (unsigned)(state >> 40) & 15;
        if (held[k] != NULL && (held[k][0] != (uint8_t)w->seed || held[k][sizes[k] - 1] != k))
            w->damaged++;
        uint64_t now = (state >> 50) % 4 == 0 ? 0 : 1 + (state >> 30) % 100000;
        if (held[k] == NULL && now == 0)
            continue;
        held[k] = pln__resize(w->mem, held[k], sizes[k], now);
        sizes[k] = now;
        if (held[k] != NULL) {
            held[k][0] = (uint8_t)w->seed;
            held[k][now - 1] = (uint8_t)k;
            if (now == 1)
                held[k][0] = (uint8_t)k;
            if (now == 1 && (uint8_t)w->seed != k) {
                held[k] = pln__resize(w->mem, held[k], 1, 0);
                sizes[k] = 0;
            }
        }
    }
    for (int k = 0; k < 16; k++)
        pln__free(w->mem, held[k], sizes[k]);
    return NULL;
}

START_TEST(threads_share_a_heap) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    pthread_t threads[4];
    worker workers[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){pln__heap_allocator(heap), 101 + (uint64_t)i, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].damaged, 0);
    }
    pln__heap_stats stats;
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 0);
    ck_assert_int_eq(stats.live_blocks, 0);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
}
END_TEST

START_TEST(empty_arrays) {
    host_state host;
    pln_allocator outer = host_of(&host);
    pln__heap *heap = pln__heap_new(&outer, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    void *none = pln__calloc(mem, 0, 8);
    ck_assert_ptr_nonnull(none);
    pln__free(mem, none, 0);
    ck_assert_ptr_null(pln__calloc(mem, UINT64_MAX / 4, 8));
    int32_t *items = NULL;
    int64_t capacity = 0;
    ck_assert_int_eq(pln__grow(mem, &items, &capacity, 100, sizeof *items, NULL), PLN_OK);
    ck_assert_int_ge(capacity, 100);
    items[99] = 7;
    pln_error err = {0};
    ck_assert_int_eq(pln__grow(mem, &items, &capacity, INT64_MAX, sizeof *items, &err), PLN_ENOMEM);
    ck_assert_int_eq(items[99], 7);
    pln__free(mem, items, (uint64_t)capacity * sizeof *items);
    pln__heap_close(heap);
    ck_assert_int_eq(host.live, 0);
    ck_assert_int_eq(host.wrong_sizes, 0);
}
END_TEST

Suite *suite_base_heap(void);
Suite *suite_base_heap(void) {
    Suite *suite = suite_create("base/heap");
    TCase *tc = tcase_create("heap");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, counts_and_gives_all_back);
    tcase_add_test(tc, reuses_freed_blocks);
    tcase_add_test(tc, limit_is_kept);
    tcase_add_test(tc, pool_is_bounded_and_gives_way);
    tcase_add_test(tc, host_failure_drops_the_pool_first);
    tcase_add_test(tc, outlives_its_owner);
    tcase_add_test(tc, resize_keeps_contents);
    tcase_add_test(tc, threads_share_a_heap);
    tcase_add_test(tc, empty_arrays);
    suite_add_tcase(suite, tc);
    return suite;
}
