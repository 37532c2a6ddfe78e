/*
 * Monitors: is this number as it was before? A table's row count, null rate, distinct rate or age, once for each run, and a verdict on the newest.
 *
 *     pln_monitor *m;
 *     pln_monitor_options_init(&options, sizeof options);
 *     options.season = PLN_MONITOR_WEEKDAY;                             Sundays are compared with Sundays
 *     pln_monitor_read(rt, &options, bytes, size, &m, &err);            what the program kept of the last run; pln_monitor_new the first time
 *     pln_monitor_observe(m, now_us, rows, 0, &verdict, &err);
 *     if (verdict.status == PLN_MONITOR_ANOMALY)
 *         puts(verdict.json);                                           the numbers that raised it
 *     pln_monitor_write(m, out, pln_monitor_size(m), &size, &err);      for the next run; the program keeps it where it likes
 *
 * A value is judged by the values before it, never by itself:
 *
 *     method                 expected    it is an anomaly beyond              [error]  paper
 *     PLN_MONITOR_ZSCORE     mean        mean -+ error * sd, of a sample      3
 *     PLN_MONITOR_MAD        median      median -+ error * 1.4826 MAD         3.5      Iglewicz, Hoaglin, "How to detect and handle outliers", 1993
 *     PLN_MONITOR_IQR        median      Q1 - error * IQR, Q3 + error * IQR   3        Tukey, "Exploratory data analysis", 1977: his outer fence
 *     PLN_MONITOR_RELATIVE   the last    last -+ error * |last|               0.10, and a warning beyond 0.05
 *     PLN_MONITOR_ABSOLUTE   the last    last -+ error                        none: say one
 *
 * The median of an even number is the middle of two; Q1 and Q3 are at (n - 1) / 4 and 3 (n - 1) / 4 of the values in order, between two of them in proportion. A spread is never taken
 * for less than 1e-9 |expected| or `spread_floor`. MAD and IQR bear it that a quarter of the history is wrong, ZSCORE sees smaller changes.
 *
 * Short histories. Of few values the spread itself is not well known: with 7 of them 3 standard deviations would be passed by 3 good values in 100, and not by 3 in 1,000. So `error` and
 * `warning` are widened to where a new value falls beyond as seldom as in a long history: from 3 to 5.3 with 7 values, 3.8 with 14, 3.2 with 60. ZSCORE takes the prediction interval
 * t sqrt(1 + 1/n), t by Wallace (1959) from the normal distribution with n - 1 degrees of freedom; MAD multiplies by 1 + 5/n and IQR by 1 + 2/n, which simulation shows to be enough.
 * With `plain` 1 nothing is widened.
 *
 * A trend. What is expected lags behind by the growth of half the lookback. Where a metric grows by a fifth a year, set ignore_change to 0.15, or a small lookback.
 *
 * How often: 3 standard deviations are passed by one good value in 370, 4 by one in 16,000. Daily metrics want 3, hourly ones 4.
 *
 * Seasons. With a season a value is compared with those of its bucket: hour of the day (24), weekday (7), hour of the week (168), day of the month (31), in local time,
 * offset_minutes from UTC. With month_end_days the last days of a month are buckets of their own. A bucket with fewer than min_history values is not yet known, and the whole history
 * takes its place; then nothing is an anomaly that is within all that has been seen, or within a quarter of what its bucket has seen.
 *
 * Training lasts until there are min_history values, training_us have passed since the first one, and, with a season, one round of it is known. Only one thing fires then, and at any
 * time later: the cliff. A value of at most 1 - cliff times the median of its bucket (of the whole, if the bucket has none yet; with seasons of hours it waits for one) is an anomaly,
 * be it the second value that there is. So a weekly day without rows is reported once: set cliff to 0 if that is too often.
 *
 * What enters the history: every value but errors and those that are PLN_MONITOR_PARTIAL; warnings do enter. A bucket takes its first value in any case,
 * and as long as it is short all that is no cliff: what comes every week is no anomaly for ever. A lasting change stays an anomaly until PLN_MONITOR_NEW_LEVEL says that it is
 * right, or relearn_after errors in a row do.
 *
 * Incidents. The first anomaly opens one: PLN_MONITOR_ANOMALY, send an alert. The next ones are PLN_MONITOR_STILL. It ends with a normal value, PLN_MONITOR_RESOLVED; with a cooldown only once
 * cooldown_us have passed since the last anomaly, so that flapping is one incident. An incident is said again when a warning grows to an error, and every repeat_us if that is set.
 * verdict.incident counts them: with the monitor's name it makes a key that tells alerts apart.
 *
 * Memory is 32 bytes for each of `lookback` values and 5 KiB, taken at once. An observation allocates nothing, so that it cannot fail halfway.
 *
 * Values from an adversary: whoever can move the metric slowly can move what is expected. The bytes may come from anybody.
 *
 * The serialized form, of little-endian numbers. The options are not in it: they may change from run to run.
 *
 *      0  "PLNM"
 *      4  u8   version, 1
 *      5  u8   severity of the incident that is open: 0 none, 1 warning, 2 error
 *      6  u16  0
 *      8  u32  n, values in the history
 *     12  u32  errors in a row
 *     16  u64  values observed
 *     24  u64  incidents so far
 *     32  i64  time since which there is training, in microseconds since 1970 UTC; INT64_MIN: none here and below
 *     40  i64  time of the last value
 *     48  i64  time of the first anomaly of the open incident
 *     56  i64  time of the last alert
 *     64  i64  time of the last anomaly
 *     72       n times: i64 time, f64 value; times rise
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_MONITOR_H
#define PLN_MONITOR_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_monitor pln_monitor;

/* Methods. */
enum {
    PLN_MONITOR_ZSCORE = 1,
    PLN_MONITOR_MAD = 2,
    PLN_MONITOR_IQR = 3,
    PLN_MONITOR_RELATIVE = 4,
    PLN_MONITOR_ABSOLUTE = 5,
    PLN_MONITOR_CLIFF = 6 /* only in a verdict */
};

/* Seasons. */
enum {
    PLN_MONITOR_NO_SEASON = 0,
    PLN_MONITOR_HOUR_OF_DAY = 1,
    PLN_MONITOR_WEEKDAY = 2,
    PLN_MONITOR_HOUR_OF_WEEK = 3,
    PLN_MONITOR_DAY_OF_MONTH = 4
};

/* Which way a value must go. */
enum { PLN_MONITOR_BOTH = 0, PLN_MONITOR_DROP = 1, PLN_MONITOR_SPIKE = 2 };

/* Verdicts. */
enum {
    PLN_MONITOR_TRAINING = 0,
    PLN_MONITOR_NORMAL = 1,
    PLN_MONITOR_ANOMALY = 2, /* the only one to alert for */
    PLN_MONITOR_STILL = 3,
    PLN_MONITOR_RESOLVED = 4 /* normal, and the incident is over */
};

enum { PLN_MONITOR_FINE = 0, PLN_MONITOR_WARNING = 1, PLN_MONITOR_ERROR = 2 };

/* Flags of an observation. */
enum {
    PLN_MONITOR_PARTIAL = 1,  /* of a run that failed or did not see all: judged, and never in the history */
    PLN_MONITOR_NEW_LEVEL = 2 /* right whatever it looks like: the history before it is forgotten, the incident resolved */
};

typedef struct pln_monitor_options {
    uint32_t struct_size;
    int32_t method;         /* [PLN_MONITOR_ZSCORE] */
    int32_t season;         /* [PLN_MONITOR_NO_SEASON] */
    int32_t direction;      /* [PLN_MONITOR_BOTH] */
    int32_t min_history;    /* 1 to lookback; 2 at least for ZSCORE, MAD, IQR. 0: 7, of RELATIVE and ABSOLUTE 1 [0] */
    int32_t lookback;       /* values that are kept, at most 65536; the oldest go. 0: by the season 90, 672, 91, 2016, 366; a year with month ends [0] */
    int32_t offset_minutes; /* of local time from UTC, -1439 to 1439 [0] */
    int32_t month_end_days; /* 0 to 3 [0] */
    int32_t plain;          /* 1: nothing is widened for short histories [0] */
    int32_t keep_anomalies; /* 1: errors enter the history, too [0] */
    int32_t relearn_after;  /* so many errors in a row are a new level; 0: never [0] */
    int32_t reserved;
    double error;         /* 0: by the method [0] */
    double warning;       /* at most error; 0: by the method, or no warnings [0] */
    double cliff;         /* 0 (never) to 1 [0.9] */
    double ignore_change; /* a value within this part of the expected is normal: 0.05 is 5 % [0] */
    double ignore_below;  /* normal if neither value nor expected reach this: few rows vary much [0] */
    double spread_floor;  /* [0] */
    int64_t training_us;  /* [0] */
    int64_t cooldown_us;  /* [0] */
    int64_t repeat_us;    /* 0: never [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_monitor_options;

typedef struct pln_monitor_verdict {
    uint32_t struct_size;
    int32_t status;
    int32_t severity; /* of this value: PLN_MONITOR_FINE, WARNING, ERROR */
    int32_t method;   /* what judged: the method, or PLN_MONITOR_CLIFF */
    int32_t bucket;   /* of the season, by whose values it was judged: from 0; -1: by the whole */
    int32_t learned;  /* 1: the value entered the history */
    int64_t n_history; /* values that it was judged by */
    int64_t incident;  /* number of the one that is open or was just resolved; 0: none */
    int64_t since_us;  /* its first anomaly; INT64_MIN: none */
    double score;      /* signed distance from the expected, in spreads; for RELATIVE as a part of the last value; infinite where that is 0 */
    double limit;      /* the score beyond which there is an error: `error`, widened */
    double expected;   /* NaN without a history */
    double lower;      /* below it there is an error; infinite where nothing would be one */
    double upper;
    const char *json;  /* of anomalies, those still there, and when it is resolved: {"status":"anomaly","method":"zscore","value":...}, else "" */
} pln_monitor_verdict;

typedef struct pln_monitor_point {
    int64_t time_us;
    double value;
} pln_monitor_point;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_monitor_options_init(pln_monitor_options *options, uint32_t size);

/*
 * A monitor without a history. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_monitor_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_monitor_new(pln_runtime *runtime, const pln_monitor_options *options,
                                   pln_monitor **out, pln_error *err);

/*
 * Free a monitor. NULL is allowed.
 *
 * Errors: none.
 * Owner: the monitor is gone, and the texts of its verdicts.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_monitor_free(pln_monitor *monitor);

/*
 * Judge a value by those before it, and add it to them if it is to enter. `flags` is a set of PLN_MONITOR_PARTIAL and PLN_MONITOR_NEW_LEVEL. The time is that of what is measured
 * (the day whose rows were counted), as it says the bucket; it must be behind the last one.
 *
 * Errors: PLN_EINVAL for a value that is NaN or beyond 1e150, a time that does not rise, a flag that there is not, or out->struct_size; the monitor is as before.
 * Owner: set out->struct_size first; out->json is lent until the monitor is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_monitor_observe(pln_monitor *monitor, int64_t time_us, double value,
                                       uint32_t flags, pln_monitor_verdict *out, pln_error *err);

/*
 * The history, oldest first: points [from, from + wanted) go to `out`, as far as they are there. Returns how many there are altogether.
 *
 * Errors: none; what is out of range is not there.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_monitor_history(const pln_monitor *monitor, int64_t from, int64_t wanted,
                                    pln_monitor_point *out);

/*
 * The bytes that the monitor holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_monitor_memory(const pln_monitor *monitor);

/* ---- bytes ---- */

/*
 * How many bytes the serialized form has.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_monitor_size(const pln_monitor *monitor);

/*
 * Write the serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_monitor_size.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_monitor_write(const pln_monitor *monitor, uint8_t *out, int64_t capacity,
                                     int64_t *size, pln_error *err);

/*
 * A monitor out of bytes, which may come from anybody. With the options of the one that was written it gives the verdicts that that one would have given; with others it goes on by
 * those, and with a smaller lookback only the newest values are kept. Memory goes by the options.
 *
 * Errors: PLN_EDATA names field and value; PLN_EINVAL names the option; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_monitor_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_monitor_read(pln_runtime *runtime, const pln_monitor_options *options,
                                    const uint8_t *bytes, int64_t size, pln_monitor **out,
                                    pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
