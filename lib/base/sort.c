#include "base/base.h"

typedef struct order {
    uint8_t *items;
    int64_t size;
    pln__compare *compare;
    const void *context;
} order;

static int compare(const order *o, int64_t a, int64_t b) {
    return o->compare(o->items + a * o->size, o->items + b * o->size, o->context);
}

static void swap(const order *o, int64_t a, int64_t b) {
    uint8_t spare[32], *p = o->items + a * o->size, *q = o->items + b * o->size;
    for (int64_t left = o->size; left > 0;) {
        size_t part = left < (int64_t)sizeof spare ? (size_t)left : sizeof spare;
        memcpy(spare, p, part);
        memcpy(p, q, part);
        memcpy(q, spare, part);
        p += part;
        q += part;
        left -= (int64_t)part;
    }
}

static void sift(const order *o, int64_t at, int64_t n) {
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && compare(o, child, child + 1) < 0;
        if (compare(o, at, child) >= 0)
            return;
        swap(o, at, child);
    }
}

/* A heap sort: the C library's sort takes memory that is not the host's, and a quick one can be made slow. */
void pln__sort(void *items, int64_t n, int64_t size, pln__compare *by, const void *context) {
    order o = {items, size, by, context};
    for (int64_t i = n / 2; i-- > 0;)
        sift(&o, i, n);
    for (int64_t last = n - 1; last > 0; last--) {
        swap(&o, 0, last);
        sift(&o, 0, last);
    }
}
