/* Starts of whole columns of times. Times mostly come about in order, so that blocks lie in one window, which two comparisons a row show. */
#include "window/assign.h"

enum { BLOCK = 64, FEW = 8 };

/* Whether all of a block lie in [start, end), at most 2^63 long. By signs alone: vectors of 64-bit numbers can be subtracted everywhere, and compared not. */
static bool all_within(const int64_t *times, int64_t n, int64_t start, int64_t end) {
    uint64_t length = (uint64_t)end - (uint64_t)start, beyond = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t since = (uint64_t)times[i] - (uint64_t)start;
        beyond |= since | ~(since - length);
    }
    return beyond >> 63 == 0;
}

/* Whether all of a block are times that have windows: neither what is added nor what is taken away passes an end of int64. */
static bool all_have(const pln__assign *w, const int64_t *times, int64_t n) {
    uint64_t margin = (uint64_t)INT64_MAX - (uint64_t)w->most, beyond = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t time = (uint64_t)times[i];
        beyond |= (~time & (time + margin)) | (time & ~(time - margin));
    }
    return beyond >> 63 == 0;
}

int64_t pln__times_within(const int64_t *times, int64_t n, int64_t start, int64_t end) {
    int64_t i = 0;
    for (; i < n && i < FEW; i++)
        if (times[i] < start || times[i] >= end)
            return i;
    while (n - i >= BLOCK && all_within(times + i, BLOCK, start, end))
        i += BLOCK;
    while (i < n && times[i] >= start && times[i] < end)
        i++;
    return i;
}

int64_t pln__assign_run(const pln__assign *w, const int64_t *times, int64_t n, int64_t *start) {
    if (n == 0 || !pln__assign_has(w, times[0]))
        return 0;
    *start = pln__assign_last(w, times[0]);
    /* No time that has no window lies in one that has. */
    int64_t least = *start > w->least ? *start : w->least;
    int64_t end = *start + w->slide, most = end <= w->most ? end : w->most + 1;
    return pln__times_within(times, n, least, most);
}

/* Whether all of a block have the last start of the first one. */
static bool one_start(const pln__assign *w, const int64_t *times, int64_t n, int64_t *start) {
    if (!pln__assign_has(w, times[0]))
        return false;
    *start = pln__assign_last(w, times[0]);
    return *start >= w->least && *start + w->slide <= w->most &&
           all_within(times, n, *start, *start + w->slide);
}

int64_t pln__assign_starts(const pln__assign *w, const int64_t *times, int64_t n, int64_t *starts) {
    for (int64_t i = 0; i < n;) {
        int64_t some = n - i < BLOCK ? n - i : BLOCK, start;
        if (one_start(w, times + i, some, &start)) {
            for (int64_t k = 0; k < some; k++)
                starts[i + k] = start;
        } else if (all_have(w, times + i, some)) {
            for (int64_t k = 0; k < some; k++)
                starts[i + k] = pln__assign_last(w, times[i + k]);
        } else {
            for (; pln__assign_has(w, times[i]); i++)
                starts[i] = pln__assign_last(w, times[i]);
            return i;
        }
        i += some;
    }
    return n;
}
