/* What is reckoned once. The loops are in assign_kernels.c. */
#include "window/assign.h"

#define MOST ((int64_t)1 << 61)

static int64_t gcd(int64_t a, int64_t b) {
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void divide_by(pln__assign *w, uint64_t by) {
    uint8_t bits = by == 1 ? 0 : (uint8_t)(64 - __builtin_clzll(by - 1));
    w->multiplier = (uint64_t)(((((pln__uint128)1 << bits) - by) << 64) / by + 1);
    w->shift_1 = bits > 0;
    w->shift_2 = (uint8_t)(bits > 0 ? bits - 1 : 0);
    w->of_half = ((uint64_t)1 << 63) % by;
}

pln_status pln__assign_init(pln__assign *w, int64_t size, int64_t slide, int64_t offset,
                            pln_error *err) {
    if (size <= 0 || size > MOST)
        return pln__error_set(err, PLN_EINVAL, "size of a window is %lld us, expected 1 to %lld",
                              (long long)size, (long long)MOST);
    if (slide <= 0 || slide > MOST)
        return pln__error_set(err, PLN_EINVAL, "slide of a window is %lld us, expected 1 to %lld",
                              (long long)slide, (long long)MOST);
    if (offset <= -slide || offset >= slide)
        return pln__error_set(err, PLN_EINVAL,
                              "offset of a window is %lld us, expected less than the slide of %lld",
                              (long long)offset, (long long)slide);
    *w = (pln__assign){.size = size, .slide = slide, .offset = offset, .pane = gcd(size, slide)};
    w->least = INT64_MIN + size + slide;
    w->most = INT64_MAX - size - slide;
    divide_by(w, (uint64_t)slide);
    return PLN_OK;
}

pln__assign pln__assign_panes(const pln__assign *w) {
    pln__assign panes;
    (void)pln__assign_init(&panes, w->pane, w->pane, w->offset % w->pane, NULL);
    panes.least = w->least;
    panes.most = w->most;
    return panes;
}
