/*
 * Which windows of fixed length a time falls into. Times, sizes and offsets are microseconds.
 *
 * Windows are [start, start + size), one every `slide` from 1970-01-01T00:00:00Z + offset in both directions: tumbling if slide is size, hopping and overlapping if it is less, with gaps if
 * it is more. A start is found by a division that rounds down, so that times before 1970 lie in their windows, too. The rule is Flink's, to the letter:
 *
 *     last start = t - floorMod(t - offset, slide), then start - slide, - 2 slide ... while start > t - size
 *
 * Of times within size + slide of either end of int64 the windows would pass it: these are no times that windows have, and the caller is told; nothing is clamped, for two windows
 * clamped to one start would become one.
 */
#ifndef PLN__ASSIGN_H
#define PLN__ASSIGN_H

#include "base/number.h"

typedef struct pln__assign {
    int64_t size, slide, offset;
    int64_t pane;        /* gcd(size, slide): every window is size / pane of these whole */
    int64_t least, most; /* times that have windows */
    /* Division by slide as a multiplication: T. Granlund, P. Montgomery, "Division by invariant integers using multiplication" (1994), figure 4.1. */
    uint64_t multiplier;
    uint64_t of_half; /* 2^63 modulo slide */
    uint8_t shift_1, shift_2;
} pln__assign;

/* PLN_EINVAL names size, slide or offset: 0 < size, slide <= 2^61, |offset| < slide. */
pln_status pln__assign_init(pln__assign *windows, int64_t size, int64_t slide, int64_t offset,
                            pln_error *err);
/* The panes, as windows. */
pln__assign pln__assign_panes(const pln__assign *windows);

static inline bool pln__assign_has(const pln__assign *w, int64_t time) {
    return time >= w->least && time <= w->most;
}
/* Of the last window that begins at or before the time (which windows have). With gaps it may have ended before. */
static inline int64_t pln__assign_last(const pln__assign *w, int64_t time) {
    /* 2^63 is added, so that there is no sign, and its rest taken away again. */
    uint64_t n = (uint64_t)(time - w->offset) ^ (uint64_t)1 << 63;
    uint64_t high = (uint64_t)((pln__uint128)n * w->multiplier >> 64);
    uint64_t quotient = (high + ((n - high) >> w->shift_1)) >> w->shift_2;
    int64_t rest = (int64_t)(n - quotient * (uint64_t)w->slide - w->of_half);
    return time - (rest < 0 ? rest + w->slide : rest);
}
/* How many windows hold the time: those that begin at last, last - slide ... */
static inline int64_t pln__assign_count(const pln__assign *w, int64_t time) {
    int64_t since = time - pln__assign_last(w, time);
    return since >= w->size ? 0 : (w->size - since - 1) / w->slide + 1;
}

/* The last start of each of n times. Returns n, or the first row whose time no window has: starts[0, that row) are written then. */
int64_t pln__assign_starts(const pln__assign *windows, const int64_t *times, int64_t n,
                           int64_t *starts);
/* How many times, from the first on, have the same last start, which goes to *start; 0 if n is 0 or the first one has no window. */
int64_t pln__assign_run(const pln__assign *windows, const int64_t *times, int64_t n,
                        int64_t *start);
/* How many times, from the first on, lie in [start, end). It is at most 2^63 long. */
int64_t pln__times_within(const int64_t *times, int64_t n, int64_t start, int64_t end);

#endif
