#include "graph/graph.h"
#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_read(clockid_t id) {
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_now(void *user) {
    (void)user;
    return clock_read(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *user) {
    (void)user;
    return clock_read(CLOCK_MONOTONIC);
}

#define WAIT_FDS_MAX 64
/* The wall clock may be set while we wait, and another thread may ask the run to stop; the caller asks again. */
#define WAIT_MS_MAX 1000

static void system_wait(void *user, const pln_wait_fd *fds, int32_t n, int64_t until_us) {
    struct pollfd set[WAIT_FDS_MAX];
    int64_t left_ms = WAIT_MS_MAX;
    if (n > WAIT_FDS_MAX)
        n = WAIT_FDS_MAX;
    for (int32_t i = 0; i < n; i++)
        set[i] = (struct pollfd){fds[i].fd,
                                 (short)((fds[i].events & PLN_READABLE ? POLLIN : 0) |
                                         (fds[i].events & PLN_WRITABLE ? POLLOUT : 0)),
                                 0};
    if (until_us != INT64_MAX) {
        int64_t now = system_now(user);
        if (until_us < pln__add_clamped(now, WAIT_MS_MAX * 1000))
            left_ms = until_us <= now ? 0 : (until_us - now + 999) / 1000;
    }
    (void)poll(set, (nfds_t)n, (int)left_ms);
}

static void system_random(void *user, void *bytes, uint64_t size) {
    (void)user;
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size > 256 ? 256 : (size_t)size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break; /* cannot happen on Linux once booted; seeds are then weaker, not absent */
        at += got;
        size -= (uint64_t)got;
    }
}

/* Copies as much of a sized struct as both sides know; the rest of `to` keeps its defaults. */
static void copy_sized(void *to, const void *from, size_t size) {
    uint32_t given;
    memcpy(&given, from, sizeof given);
    memcpy(to, from, given < size ? given : size);
}

void pln_runtime_options_init(pln_runtime_options *options, uint32_t size) {
    pln_runtime_options defaults = {0};
    if (size > sizeof defaults)
        size = (uint32_t)sizeof defaults;
    defaults.struct_size = size;
    memcpy(options, &defaults, size);
}

static pln_status options_check(const pln_runtime_options *options, pln_error *err) {
    if (options->struct_size < 8 || options->struct_size > 4096)
        return pln__error_set(err, PLN_EINVAL, "runtime options: struct_size %u is wrong",
                              (unsigned)options->struct_size);
    if (options->memory_limit_bytes < 0)
        return pln__error_set(err, PLN_EINVAL, "memory_limit_bytes: %lld is negative",
                              (long long)options->memory_limit_bytes);
    if (options->allocator != NULL && options->allocator->resize == NULL)
        return pln__error_set(err, PLN_EINVAL, "allocator: resize is missing");
    if (options->files != NULL && options->files->struct_size < sizeof(pln_file_ops))
        return pln__error_set(err, PLN_EINVAL, "files: the table is not whole");
    return PLN_OK;
}

pln_status pln__runtime_create(const pln_runtime_options *given, pln_runtime **out,
                               pln_error *err) {
    pln_status status = PLN_OK;
    pln_runtime_options options;
    pln_runtime *runtime = NULL;
    pln__heap *heap = NULL;
    *out = NULL;
    pln_runtime_options_init(&options, sizeof options);
    if (given != NULL)
        copy_sized(&options, given, sizeof options);
    PLN__TRY(options_check(&options, err));
    heap = pln__heap_new(options.allocator != NULL ? options.allocator : pln__system_allocator(),
                         options.memory_limit_bytes);
    if (heap == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "runtime: out of memory");
    runtime = pln__calloc(pln__heap_allocator(heap), 1, sizeof *runtime);
    if (runtime == NULL)
        PLN__TRY(pln__error_memory(err, sizeof *runtime));
    runtime->heap = heap;
    runtime->mem = pln__heap_allocator(heap);
    runtime->registry.runtime = runtime;
    runtime->clock =
        (pln_clock){sizeof(pln_clock), 0, NULL, system_now, system_monotonic, system_wait};
    if (options.clock != NULL) {
        pln_clock clock = {0};
        copy_sized(&clock, options.clock, sizeof clock);
        runtime->clock.user = clock.user;
        if (clock.now_us != NULL)
            runtime->clock.now_us = clock.now_us;
        if (clock.monotonic_us != NULL)
            runtime->clock.monotonic_us = clock.monotonic_us;
        if (clock.wait != NULL)
            runtime->clock.wait = clock.wait;
    }
    runtime->random = (pln_random){sizeof(pln_random), 0, NULL, system_random};
    if (options.random != NULL && options.random->fill != NULL)
        runtime->random = *options.random;
    if (options.files != NULL)
        copy_sized(&runtime->files, options.files, sizeof runtime->files);
    runtime->log = options.log;
    runtime->log_user = options.log_user;
    runtime->random.fill(runtime->random.user, &runtime->seed, sizeof runtime->seed);
    *out = runtime;
    return PLN_OK;
out:
    if (heap != NULL)
        pln__heap_close(heap);
    return status;
}

void pln_runtime_free(pln_runtime *runtime) {
    if (runtime == NULL)
        return;
    pln__heap *heap = runtime->heap;
    for (int64_t i = 0; i < runtime->n_stages; i++)
        pln__stage_free(runtime, runtime->stages[i]);
    pln__free(runtime->mem, runtime->stages,
              (uint64_t)runtime->stages_capacity * sizeof *runtime->stages);
    pln__free(runtime->mem, runtime, sizeof *runtime);
    pln__heap_close(heap);
}

const pln_allocator *pln__runtime_allocator(pln_runtime *runtime) {
    return runtime->mem;
}

int64_t pln__runtime_now_us(const pln_runtime *runtime) {
    return runtime->clock.now_us(runtime->clock.user);
}

void pln__runtime_log(const pln_runtime *runtime, int32_t level, const char *where,
                      const char *message) {
    if (runtime->log != NULL)
        runtime->log(runtime->log_user, level, where, message);
}

void pln_runtime_memory(const pln_runtime *runtime, pln_memory *out) {
    pln__heap_stats stats;
    pln__heap_stats_get(runtime->heap, &stats);
    pln_memory memory = {.struct_size = out->struct_size,
                         .live_bytes = stats.live_bytes,
                         .peak_bytes = stats.peak_bytes,
                         .pooled_bytes = stats.pooled_bytes,
                         .limit_bytes = stats.limit_bytes,
                         .live_blocks = stats.live_blocks,
                         .allocations = stats.allocations};
    memcpy(out, &memory, out->struct_size < sizeof memory ? out->struct_size : sizeof memory);
}

void pln_text_free(pln_runtime *runtime, char *text) {
    if (text != NULL)
        pln__strfree(runtime->mem, text);
}
