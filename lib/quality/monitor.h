/*
 * Private to monitors. The history is a ring of points, and their values a second and a third time in order, so that median, quartiles and MAD are looked up and not sought: all of
 * them, and bucket by bucket. A verdict is a function of the points in the ring, not of how they came there: what is read back goes on the same.
 */
#ifndef PLN__QUALITY_MONITOR_H
#define PLN__QUALITY_MONITOR_H

#include "base/number.h"
#include <pln/monitor.h>

enum {
    PLN__MONITOR_LOOKBACK_MOST = 65536,
    PLN__MONITOR_BUCKETS_MOST = 168 + 3 * 24,
    PLN__MONITOR_TEXT_SIZE = 640
};
/* Squares of so large values, and the sum of 65,536 of them, are still numbers. */
#define PLN__MONITOR_VALUE_MOST 1e150

/* What the bytes have besides the history. Times are INT64_MIN where there is none. */
typedef struct pln__monitor_state {
    int32_t severity; /* of the open incident */
    uint32_t in_a_row;
    int64_t observed;
    int64_t incidents;
    int64_t training_since;
    int64_t last;
    int64_t since;
    int64_t alerted;
    int64_t last_anomaly;
} pln__monitor_state;

struct pln_monitor {
    pln_allocator mem;
    pln_monitor_options options; /* whole: no 0 stands for a default */
    pln__monitor_state state;
    int32_t n_buckets; /* 1: no season */
    int32_t first;     /* of the ring */
    int32_t n;
    pln_monitor_point *ring; /* options.lookback */
    double *sorted;
    double *by_bucket; /* bucket b, in order, at [starts[b], starts[b + 1]); `sorted` if there is but one */
    int32_t starts[PLN__MONITOR_BUCKETS_MOST + 1];
    double last_of[PLN__MONITOR_BUCKETS_MOST]; /* newest value of a bucket that has any */
    char text[PLN__MONITOR_TEXT_SIZE];         /* lent with a verdict */
};

/* Values in order. */
typedef struct pln__monitor_basis {
    const double *sorted;
    int64_t n;
    double last; /* the newest */
} pln__monitor_basis;

/* ---- history (monitor_history.c) ---- */

int32_t pln__monitor_buckets(const pln_monitor_options *options);
int32_t pln__monitor_bucket_of(const pln_monitor_options *options, int64_t time_us);
/* One round of the season in microseconds. */
int64_t pln__monitor_round(const pln_monitor_options *options);
void pln__monitor_add(pln_monitor *monitor, int64_t time_us, double value);
void pln__monitor_clear(pln_monitor *monitor);
pln__monitor_basis pln__monitor_whole(const pln_monitor *monitor);
pln__monitor_basis pln__monitor_bucket(const pln_monitor *monitor, int32_t bucket);
static inline bool pln__monitor_by_hour(const pln_monitor_options *options) {
    return options->season == PLN_MONITOR_HOUR_OF_DAY ||
           options->season == PLN_MONITOR_HOUR_OF_WEEK;
}

/* ---- verdicts (monitor_judge.c) ---- */

double pln__monitor_median(const double *sorted, int64_t n);
/* Half of all values are at most as far away from `center`, n > 0. */
double pln__monitor_mad(const double *sorted, int64_t n, double center);
/* Everything of the verdict but status, incident and text; true if it was judged by more than the cliff: training is over. */
bool pln__monitor_judge(const pln_monitor *monitor, int64_t time_us, double value,
                        pln_monitor_verdict *out);

/* ---- text (monitor_text.c) ---- */

/* To monitor->text. */
void pln__monitor_say(pln_monitor *monitor, int64_t time_us, double value,
                      const pln_monitor_verdict *out);

#endif
