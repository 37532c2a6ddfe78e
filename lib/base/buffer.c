#include "base/base.h"
#include "base/size_class.h"

/*
 * The host aligns to 16. Up to PLN__ALIGN bytes before the data make up the difference; the last of
 * them says how many, so that the address asked for can be found again.
 */
enum { OVERHEAD = PLN__ALIGN + PLN__PADDING };

static uint8_t *align(uint8_t *raw) {
    uintptr_t address = (uintptr_t)raw;
    uint8_t *data = raw + (PLN__ALIGN - (address & (PLN__ALIGN - 1)));
    data[-1] = (uint8_t)(data - raw);
    return data;
}

static uint8_t *raw_of(uint8_t *data) {
    return data - data[-1];
}

uint8_t *pln__aligned_alloc(const pln_allocator *mem, int64_t capacity) {
    if (capacity < 0 || capacity > PTRDIFF_MAX - OVERHEAD)
        return NULL;
    uint8_t *raw = pln__alloc(mem, (uint64_t)capacity + OVERHEAD);
    return raw == NULL ? NULL : align(raw);
}

void pln__aligned_free(const pln_allocator *mem, void *data, int64_t capacity) {
    if (data != NULL)
        pln__free(mem, raw_of(data), (uint64_t)capacity + OVERHEAD);
}

static uint8_t *aligned_resize(const pln_allocator *mem, uint8_t *data, int64_t capacity,
                               int64_t used, int64_t now) {
    if (data == NULL)
        return pln__aligned_alloc(mem, now);
    uint8_t *raw = raw_of(data);
    int64_t shift = data - raw;
    raw = pln__resize(mem, raw, (uint64_t)capacity + OVERHEAD, (uint64_t)now + OVERHEAD);
    if (raw == NULL)
        return NULL;
    int64_t wanted = PLN__ALIGN - (int64_t)((uintptr_t)raw & (PLN__ALIGN - 1));
    if (wanted != shift && used > 0)
        memmove(raw + wanted, raw + shift, (size_t)used);
    return align(raw);
}

/* A capacity of at least `need` that with the overhead fills a block of the heap. */
static int64_t capacity_for(int64_t need) {
    uint64_t total = (uint64_t)pln__round_up(need, PLN__ALIGN) + OVERHEAD;
    if (total >= PLN__CLASS_MIN && total <= PLN__CLASS_MAX)
        (void)pln__size_class(total, &total);
    return (int64_t)total - OVERHEAD;
}

pln_status pln__buffer_reserve(const pln_allocator *mem, pln__buffer *buffer, int64_t extra,
                               pln_error *err) {
    if (PLN__LIKELY(extra <= buffer->capacity - buffer->size))
        return PLN_OK;
    int64_t need;
    if (!pln__add(buffer->size, extra, &need) || need > INT64_MAX / 4)
        return pln__error_memory(err, UINT64_MAX);
    if (need < buffer->capacity * 2)
        need = buffer->capacity * 2;
    int64_t now = capacity_for(need);
    uint8_t *data = aligned_resize(mem, buffer->data, buffer->capacity, buffer->size, now);
    if (data == NULL)
        return pln__error_memory(err, (uint64_t)now + OVERHEAD);
    buffer->data = data;
    buffer->capacity = now;
    return PLN_OK;
}

pln_status pln__buffer_append(const pln_allocator *mem, pln__buffer *buffer, const void *bytes,
                              int64_t size, pln_error *err) {
    if (size <= 0)
        return PLN_OK;
    pln_status status = pln__buffer_reserve(mem, buffer, size, err);
    if (status < 0)
        return status;
    memcpy(buffer->data + buffer->size, bytes, (size_t)size);
    buffer->size += size;
    return PLN_OK;
}

void pln__buffer_seal(pln__buffer *buffer) {
    if (buffer->data != NULL)
        memset(buffer->data + buffer->size, 0, PLN__PADDING);
}

void pln__buffer_free(const pln_allocator *mem, pln__buffer *buffer) {
    pln__aligned_free(mem, buffer->data, buffer->capacity);
    *buffer = (pln__buffer){0};
}
