#include "base/base.h"
#include <stdlib.h>

static void *system_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    (void)user;
    (void)old;
    if (now == 0) {
        free(ptr);
        return NULL;
    }
    return now > PTRDIFF_MAX ? NULL : realloc(ptr, (size_t)now);
}

static const pln_allocator system_allocator = {sizeof(pln_allocator), 0, NULL, system_resize};

const pln_allocator *pln__system_allocator(void) {
    return &system_allocator;
}

void *pln__calloc(const pln_allocator *mem, uint64_t count, uint64_t size) {
    uint64_t total;
    if (__builtin_mul_overflow(count, size, &total) || total > PTRDIFF_MAX)
        return NULL;
    /* An empty array still is an object that can be told from "no memory". */
    void *ptr = pln__alloc(mem, total == 0 ? 1 : total);
    if (ptr != NULL)
        memset(ptr, 0, (size_t)total);
    return ptr;
}

pln_status pln__grow(const pln_allocator *mem, void *items, int64_t *capacity, int64_t need,
                     uint64_t size, pln_error *err) {
    if (need <= *capacity)
        return PLN_OK;
    int64_t now = *capacity < 8 ? 8 : *capacity;
    while (now < need)
        now = now > INT64_MAX / 2 ? need : now * 2;
    uint64_t bytes;
    if (__builtin_mul_overflow((uint64_t)now, size, &bytes) || bytes > PTRDIFF_MAX)
        return pln__error_memory(err, UINT64_MAX);
    void *ptr;
    memcpy(&ptr, items, sizeof ptr);
    ptr = pln__resize(mem, ptr, (uint64_t)*capacity * size, bytes);
    if (ptr == NULL)
        return pln__error_memory(err, bytes);
    memcpy(items, &ptr, sizeof ptr);
    *capacity = now;
    return PLN_OK;
}

char *pln__strdup(const pln_allocator *mem, const char *text) {
    return pln__strndup(mem, text, (int64_t)strlen(text));
}

char *pln__strndup(const pln_allocator *mem, const char *text, int64_t size) {
    /* pln__strfree finds the size again by the first NUL. */
    const char *nul = size > 0 ? memchr(text, '\0', (size_t)size) : NULL;
    if (nul != NULL)
        size = nul - text;
    char *copy = pln__alloc(mem, (uint64_t)size + 1);
    if (copy == NULL)
        return NULL;
    if (size > 0)
        memcpy(copy, text, (size_t)size);
    copy[size] = '\0';
    return copy;
}

void pln__strfree(const pln_allocator *mem, char *text) {
    if (text != NULL)
        pln__free(mem, text, (uint64_t)strlen(text) + 1);
}
