/* Windows of fixed length: Flink's vectors, the definition by % at the borders of every divisor, and whole columns against single times. */
#include "random_arrow.h"
#include "window/assign.h"
#include <check.h>
#include <stdlib.h>

static pln_error why;

static pln__assign windows(int64_t size, int64_t slide, int64_t offset) {
    pln__assign w;
    ck_assert_int_eq(pln__assign_init(&w, size, slide, offset, &why), PLN_OK);
    return w;
}

/* The starts of all windows of a time, the first one first. */
static int64_t all_of(const pln__assign *w, int64_t time, int64_t *out) {
    int64_t n = pln__assign_count(w, time), last = pln__assign_last(w, time);
    for (int64_t i = 0; i < n; i++)
        out[n - 1 - i] = last - i * w->slide;
    return n;
}

/* ---- apache/flink, flink-runtime/src/test/java/org/apache/flink/streaming/runtime/operators/windowing, milliseconds there ---- */

START_TEST(flink_sliding_event_time_windows) {
    static const struct {
        int64_t offset, time, first;
    } cases[] = {
        /* testWindowAssignment, ...WithOffset, ...WithNegativeOffset, testTimeUnits */
        {0, 0, -4000},     {0, 4999, 0},      {0, 5000, 1000},  {100, 100, -3900},
        {100, 5099, 100},  {100, 5100, 1100}, {-100, 0, -4100}, {-100, 4899, -100},
        {-100, 4900, 900}, {500, 100, -4500}, {500, 5499, 500}, {500, 5100, 500},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__assign w = windows(5000, 1000, cases[i].offset);
        int64_t starts[8];
        ck_assert_int_eq(all_of(&w, cases[i].time, starts), 5);
        for (int k = 0; k < 5; k++)
            ck_assert_int_eq(starts[k], cases[i].first + 1000 * k);
    }
}
END_TEST

START_TEST(flink_tumbling_event_time_windows) {
    static const struct {
        int64_t offset, time, start;
    } cases[] = {
        {0, 0, 0},          {0, 4999, 0},       {0, 5000, 5000},    {100, 100, 100},
        {100, 5099, 100},   {100, 5100, 5100},  {-100, 0, -100},    {-100, 4899, -100},
        {-100, 4900, 4900}, {1000, 1000, 1000}, {1000, 5999, 1000}, {1000, 6000, 6000},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__assign w = windows(5000, 5000, cases[i].offset);
        ck_assert_int_eq(pln__assign_last(&w, cases[i].time), cases[i].start);
        ck_assert_int_eq(pln__assign_count(&w, cases[i].time), 1);
    }
}
END_TEST

/* TimeWindowTest.testGetWindowStartWithOffset */
START_TEST(flink_window_start_with_offset) {
    static const struct {
        int64_t time, offset, size, start;
    } cases[] = {
        {-8, 0, 7, -14},
        {-7, 0, 7, -7},
        {-6, 0, 7, -7},
        {-1, 0, 7, -7},
        {1, 0, 7, 0},
        {6, 0, 7, 0},
        {7, 0, 7, 7},
        {8, 0, 7, 7},
        {-10, 3, 7, -11},
        {-9, 3, 7, -11},
        {-3, 3, 7, -4},
        {-2, 3, 7, -4},
        {-1, 3, 7, -4},
        {1, 3, 7, -4},
        {2, 3, 7, -4},
        {3, 3, 7, 3},
        {9, 3, 7, 3},
        {10, 3, 7, 10},
        {-12, -2, 7, -16},
        {-7, -2, 7, -9},
        {-4, -2, 7, -9},
        {-3, -2, 7, -9},
        {2, -2, 7, -2},
        {-1, -2, 7, -2},
        {1, -2, 7, -2},
        {-2, -2, 7, -2},
        {3, -2, 7, -2},
        {4, -2, 7, -2},
        {7, -2, 7, 5},
        {12, -2, 7, 12},
        {1470902048450, -8 * 3600000, 86400000, 1470844800000}, /* GMT+08:00 */
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__assign w = windows(cases[i].size, cases[i].size, cases[i].offset);
        ck_assert_int_eq(pln__assign_last(&w, cases[i].time), cases[i].start);
    }
}
END_TEST

/* testInvalidParameters of both */
START_TEST(refusals) {
    static const struct {
        int64_t size, slide, offset;
        const char *words;
    } cases[] = {
        {-2, 1, 0, "size of a window is -2 us"},
        {0, 1, 0, "size of a window is 0 us"},
        {2, -1, 0, "slide of a window is -1 us"},
        {2, 0, 0, "slide of a window is 0 us"},
        {20, 10, -11, "offset of a window is -11 us, expected less than the slide of 10"},
        {20, 10, 10, "offset of a window is 10 us"},
        {10, 10, 20, "offset of a window is 20 us"},
        {((int64_t)1 << 61) + 1, 1, 0, "expected 1 to 2305843009213693952"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__assign w;
        ck_assert_int_eq(pln__assign_init(&w, cases[i].size, cases[i].slide, cases[i].offset, &why),
                         PLN_EINVAL);
        if (strstr(why.message, cases[i].words) == NULL)
            ck_abort_msg("'%s' is not in: %s", cases[i].words, why.message);
    }
}
END_TEST

/* ---- against the definition ---- */

static int64_t plain_last(const pln__assign *w, int64_t time) {
    int64_t rest = (time - w->offset) % w->slide;
    return time - (rest < 0 ? rest + w->slide : rest);
}

static int64_t plain_count(const pln__assign *w, int64_t time) {
    int64_t n = 0;
    for (int64_t start = plain_last(w, time); start > time - w->size; start -= w->slide)
        n++;
    return n;
}

static void same(const pln__assign *w, int64_t time) {
    if (pln__assign_has(w, time) && pln__assign_last(w, time) != plain_last(w, time))
        ck_abort_msg("%lld by %lld from %lld: %lld, expected %lld", (long long)time,
                     (long long)w->slide, (long long)w->offset,
                     (long long)pln__assign_last(w, time), (long long)plain_last(w, time));
}

/* Every power of two and its neighbours, as divisor and as time, and times about multiples. */
START_TEST(borders) {
    for (int bits = 0; bits <= 61; bits++)
        for (int64_t near = -1; near <= 1; near++) {
            int64_t slide = ((int64_t)1 << bits) + near;
            if (slide < 1 || slide > (int64_t)1 << 61)
                continue;
            pln__assign w = windows(slide, slide,
                                    bits % 3 == 0   ? 0
                                    : bits % 3 == 1 ? slide - 1
                                                    : 1 - slide);
            for (int power = 0; power < 63; power++)
                for (int64_t k = -2; k <= 2; k++) {
                    int64_t times = ((int64_t)1 << power) / slide * slide;
                    same(&w, ((int64_t)1 << power) + k);
                    same(&w, -((int64_t)1 << power) + k);
                    same(&w, times + w.offset + k);
                    same(&w, w.offset + k - times);
                }
            for (int64_t k = 0; k < 3; k++) {
                same(&w, w.least + k);
                same(&w, w.most - k);
            }
        }
}
END_TEST

START_TEST(random_times) {
    rng r = {1};
    for (int round = 0; round < 10000; round++) {
        int64_t slide = 1 + (int64_t)((rng_next(&r) >> 3) >> rng_below(&r, 61));
        pln__assign w = windows(slide, slide, rng_below(&r, slide));
        for (int i = 0; i < 1000; i++)
            same(&w, (int64_t)rng_next(&r) >> rng_below(&r, 63));
    }
    for (int round = 0; round < 2000; round++) {
        int64_t slide = 1 + rng_below(&r, 50), size = 1 + rng_below(&r, 200),
                time = rng_below(&r, 2000) - 1000;
        pln__assign w = windows(size, slide, rng_below(&r, 2 * slide - 1) - slide + 1);
        ck_assert_int_eq(pln__assign_count(&w, time), plain_count(&w, time));
        /* All panes of a window, and no pane that lies across its border. */
        pln__assign panes = pln__assign_panes(&w);
        ck_assert_int_eq(w.size % panes.size, 0);
        ck_assert_int_eq(w.slide % panes.size, 0);
        int64_t start = pln__assign_last(&w, time);
        ck_assert_int_eq(pln__assign_last(&panes, start), start);
        ck_assert_int_ge(pln__assign_last(&panes, time), start);
    }
}
END_TEST

/* ---- columns ---- */

START_TEST(columns) {
    enum { N = 1000 };
    static int64_t times[N], starts[N];
    rng r = {2};
    for (int round = 0; round < 2000; round++) {
        int64_t slide = 1 + rng_below(&r, 1000), n = rng_below(&r, N), time = -5000, start = 0;
        pln__assign w = windows(1 + rng_below(&r, 3000), slide, 0);
        for (int64_t i = 0; i < n; i++)
            times[i] = round % 2 ? (time += rng_below(&r, 9)) : rng_below(&r, 20000) - 10000;
        ck_assert_int_eq(pln__assign_starts(&w, times, n, starts), n);
        for (int64_t i = 0; i < n; i++)
            ck_assert_int_eq(starts[i], plain_last(&w, times[i]));
        for (int64_t i = 0, some; i < n; i += some) {
            some = pln__assign_run(&w, times + i, n - i, &start);
            ck_assert_int_gt(some, 0);
            for (int64_t k = i; k < i + some; k++)
                ck_assert_int_eq(plain_last(&w, times[k]), start);
            ck_assert(i + some == n || plain_last(&w, times[i + some]) != start);
        }
    }
}
END_TEST

START_TEST(times_without_a_window) {
    int64_t times[200], starts[200], start;
    pln__assign w = windows(100, 10, 0);
    for (int at = 0; at < 200; at += 7)
        for (int end = 0; end < 2; end++) {
            for (int i = 0; i < 200; i++)
                times[i] = i;
            times[at] = end ? INT64_MAX - 109 : INT64_MIN + 109;
            ck_assert(!pln__assign_has(&w, times[at]));
            ck_assert_int_eq(pln__assign_starts(&w, times, 200, starts), at);
            for (int i = 0; i < at; i++)
                ck_assert_int_eq(starts[i], i / 10 * 10);
            ck_assert_int_eq(pln__assign_run(&w, times + at, 200 - at, &start), 0);
            times[at] += end ? -1 : 1;
            ck_assert_int_eq(pln__assign_starts(&w, times, 200, starts), 200);
        }
    ck_assert_int_eq(pln__assign_starts(&w, times, 0, starts), 0);
    ck_assert_int_eq(pln__assign_run(&w, times, 0, &start), 0);
}
END_TEST

Suite *suite_window_assign(void) {
    Suite *suite = suite_create("window/assign");
    TCase *tcase = tcase_create("assign");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, flink_sliding_event_time_windows);
    tcase_add_test(tcase, flink_tumbling_event_time_windows);
    tcase_add_test(tcase, flink_window_start_with_offset);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, borders);
    tcase_add_test(tcase, random_times);
    tcase_add_test(tcase, columns);
    tcase_add_test(tcase, times_without_a_window);
    suite_add_tcase(suite, tcase);
    return suite;
}
