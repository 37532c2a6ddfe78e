/* Starts of whole columns of times. Times mostly come about in order, so that blocks lie in one window, which two comparisons a row show. */
#include "window/assign.h"

enum { BLOCK = 64 };

/* Whether all of a block lie in [start, end). */
static bool all_within(const int64_t *times, int64_t n, int64_t start, int64_t end) {
    uint64_t length = (uint64_t)end - (uint64_t)start, beyond = 0;
    for (int64_t i = 0; i < n; i++)
        beyond |= (uint64_t)times[i] - (uint64_t)start >= length;
    return beyond == 0;
}

int64_t pln__times_within(const int64_t *times, int64_t n, int64_t start, int64_t end) {
    int64_t i = 0;
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

int64_t pln__assign_starts(const pln__assign *w, const int64_t *times, int64_t n,
                            int64_t *starts) {
    for (int64_t i = 0; i < n;) {
        int64_t some = n - i < BLOCK ? n - i : BLOCK, start;
        if (!all_within(times + i, some, w->least, w->most + 1)) {
            for (; pln__assign_has(w, times[i]); i++)
                starts[i] = pln__assign_last(w, times[i]);
            return i;
        }
        start = pln__assign_last(w, times[i]);
        if (all_within(times + i, some, start, start + w->slide))
            for (int64_t k = 0; k < some; k++)
                starts[i + k] = start;
        else
            for (int64_t k = 0; k < some; k++)
                starts[i + k] = pln__assign_last(w, times[i + k]);
        i += some;
    }
    return n;
}
