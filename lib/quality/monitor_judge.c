/* How far a value may be from those before it. */
#include "quality/monitor.h"
#include <math.h>

/* ---- of values in order ---- */

double pln__monitor_median(const double *sorted, int64_t n) {
    double high = sorted[n / 2];
    return n % 2 == 1 ? high : sorted[n / 2 - 1] + (high - sorted[n / 2 - 1]) / 2;
}

/* The value at (n - 1) * part, between two in proportion. */
static double quantile(const double *sorted, int64_t n, double part) {
    double place = (double)(n - 1) * part;
    int64_t at = (int64_t)place;
    double value = sorted[at];
    return at + 1 < n ? value + (place - (double)at) * (sorted[at + 1] - value) : value;
}

/*
 * Distance number k, from 0, of the values from the center. Those on its left, read backwards, and those on its right are each in order: how many of the k nearest are on
 * the left is found by halving.
 */
static double kth_distance(const double *sorted, int64_t n, int64_t left, double center,
                           int64_t k) {
    int64_t right = n - left, low = k > right ? k - right : 0, high = k < left ? k : left;
    while (low < high) {
        int64_t half = (low + high) / 2;
        if (sorted[left + k - half - 1] - center > center - sorted[left - 1 - half])
            low = half + 1;
        else
            high = half;
    }
    double a = low < left ? center - sorted[left - 1 - low] : INFINITY;
    double b = k - low < right ? sorted[left + k - low] - center : INFINITY;
    return a < b ? a : b;
}

double pln__monitor_mad(const double *sorted, int64_t n, double center) {
    int64_t left = 0, rest = n;
    while (rest > 0) {
        int64_t half = rest / 2;
        if (sorted[left + half] < center) {
            left += half + 1;
            rest -= half + 1;
        } else {
            rest = half;
        }
    }
    double high = kth_distance(sorted, n, left, center, n / 2);
    return n % 2 == 1 ? high : (high + kth_distance(sorted, n, left, center, n / 2 - 1)) / 2;
}

/* Four sums at once: an addition takes longer than the next one has to wait for. */
static double sum_of(const double *values, int64_t n) {
    double sums[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += values[i + k];
    for (; i < n; i++)
        sums[0] += values[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}
static double squares_of(const double *values, int64_t n, double mean) {
    double sums[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += (values[i + k] - mean) * (values[i + k] - mean);
    for (; i < n; i++)
        sums[0] += (values[i] - mean) * (values[i] - mean);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* ---- bounds ---- */

/* No anomaly from `low` to `high`, nor up to a multiple of `unit` beyond them. */
typedef struct band {
    double low, high, unit, expected;
    double widened; /* how many times further because the history is short */
} band;

static double floored(double unit, double expected, const pln_monitor_options *options) {
    double least = fmax(1e-9 * fabs(expected), options->spread_floor);
    return unit > least ? unit : least;
}

/* Wallace (1959): t of so many degrees of freedom, beyond which there is as much as beyond z of the normal distribution. */
static double widened_t(double z, int64_t n) {
    double df = (double)(n - 1), u = z * (8 * df + 3) / (8 * df + 1);
    return sqrt(df * (exp(u * u / df) - 1)) * sqrt(1 + 1 / (double)n) / z;
}

static band zscore(const pln__monitor_basis *basis, const pln_monitor_options *options) {
    double mean = sum_of(basis->sorted, basis->n) / (double)basis->n;
    double sd = sqrt(squares_of(basis->sorted, basis->n, mean) / (double)(basis->n - 1));
    return (band){mean, mean, floored(sd, mean, options), mean,
                  widened_t(options->error, basis->n)};
}
static band mad(const pln__monitor_basis *basis, const pln_monitor_options *options) {
    double median = pln__monitor_median(basis->sorted, basis->n);
    double spread = 1.4826 * pln__monitor_mad(basis->sorted, basis->n, median);
    return (band){median, median, floored(spread, median, options), median,
                  1 + 5 / (double)basis->n};
}
static band iqr(const pln__monitor_basis *basis, const pln_monitor_options *options) {
    double median = pln__monitor_median(basis->sorted, basis->n);
    double low = quantile(basis->sorted, basis->n, 0.25);
    double high = quantile(basis->sorted, basis->n, 0.75);
    return (band){low, high, floored(high - low, median, options), median,
                  1 + 2 / (double)basis->n};
}

static band band_of(const pln__monitor_basis *basis, const pln_monitor_options *options) {
    band b;
    switch (options->method) {
    case PLN_MONITOR_ZSCORE: b = zscore(basis, options); break;
    case PLN_MONITOR_MAD: b = mad(basis, options); break;
    case PLN_MONITOR_IQR: b = iqr(basis, options); break;
    case PLN_MONITOR_RELATIVE:
        b = (band){basis->last, basis->last, fabs(basis->last), basis->last, 1};
        break;
    default: b = (band){basis->last, basis->last, 1, basis->last, 1}; break;
    }
    if (options->plain)
        b.widened = 1;
    return b;
}

/* A limit may be infinite, and a unit 0. */
static double reach(double limit, double unit) {
    return unit > 0 ? limit * unit : 0;
}
static double score_of(const band *b, double value) {
    double off = value < b->low ? value - b->low : value > b->high ? value - b->high : 0;
    if (off == 0)
        return 0;
    return b->unit > 0 ? off / b->unit : off < 0 ? -INFINITY : INFINITY;
}

/* No bound within what has been seen, or within this part of it. */
static void widen(double bounds[2], const pln__monitor_basis *seen, double part) {
    if (seen == NULL || seen->n == 0)
        return;
    double least = seen->sorted[0], most = seen->sorted[seen->n - 1];
    bounds[0] = fmin(bounds[0], least - part * fabs(least));
    bounds[1] = fmax(bounds[1], most + part * fabs(most));
}

/* A value within the bounds of this limit is fine. */
static void bounds_of(const pln_monitor_options *options, const band *b, double limit,
                      double out[2]) {
    double ignored = options->ignore_change * fabs(b->expected);
    double distance = reach(limit * b->widened, b->unit);
    out[0] = fmin(b->low - distance, b->expected - ignored);
    out[1] = fmax(b->high + distance, b->expected + ignored);
}

static void one_way(const pln_monitor_options *options, double bounds[2]) {
    if (options->direction == PLN_MONITOR_SPIKE)
        bounds[0] = -INFINITY;
    if (options->direction == PLN_MONITOR_DROP)
        bounds[1] = INFINITY;
}

static bool too_few(const pln_monitor_options *options, double value, double expected) {
    return fabs(value) < options->ignore_below && fabs(expected) < options->ignore_below;
}

/* `bucket` is the one that `basis`, the whole, stands in for, or NULL. */
static void judge_by(const pln_monitor *m, const pln__monitor_basis *basis,
                     const pln__monitor_basis *bucket, double value, pln_monitor_verdict *out) {
    const pln_monitor_options *options = &m->options;
    band b = band_of(basis, options);
    double warn[2], error[2], *both[] = {warn, error};
    bounds_of(options, &b, options->warning, warn);
    bounds_of(options, &b, options->error, error);
    for (int i = 0; i < 2; i++) {
        widen(both[i], bucket == NULL ? NULL : basis, 0);
        widen(both[i], bucket, 0.25);
        one_way(options, both[i]);
    }
    out->expected = b.expected;
    out->score = score_of(&b, value);
    out->limit = options->error * b.widened;
    out->lower = error[0];
    out->upper = error[1];
    out->n_history = basis->n;
    if (too_few(options, value, b.expected))
        return;
    if (value < error[0] || value > error[1])
        out->severity = PLN_MONITOR_ERROR;
    else if (value < warn[0] || value > warn[1])
        out->severity = PLN_MONITOR_WARNING;
}

/* The values that a cliff is seen by, none if n is 0: an hour says little about another one. */
static pln__monitor_basis cliff_basis(const pln_monitor *m, int32_t bucket) {
    pln__monitor_basis own = pln__monitor_bucket(m, bucket);
    return own.n > 0 || pln__monitor_by_hour(&m->options) ? own : pln__monitor_whole(m);
}

static void judge_cliff(const pln_monitor *m, int32_t bucket, double value,
                        pln_monitor_verdict *out) {
    const pln_monitor_options *options = &m->options;
    pln__monitor_basis basis = cliff_basis(m, bucket);
    if (basis.n == 0)
        return;
    double median = pln__monitor_median(basis.sorted, basis.n);
    if (out->n_history == 0) {
        out->expected = median;
        out->n_history = basis.n;
    }
    /* A tenth of 1,000 is 100, whatever 1 - 0.9 is in binary. */
    if (out->severity == PLN_MONITOR_ERROR || options->cliff == 0 || median <= 0 ||
        options->direction == PLN_MONITOR_SPIKE || too_few(options, value, median) ||
        value > median - options->cliff * median + 1e-12 * median)
        return;
    out->severity = PLN_MONITOR_ERROR;
    out->method = PLN_MONITOR_CLIFF;
    out->expected = median;
    out->score = value / median - 1;
    out->limit = options->cliff;
    out->lower = median - options->cliff * median;
    out->upper = INFINITY;
    out->n_history = basis.n;
}

static bool is_trained(const pln_monitor *m, int64_t time_us) {
    const pln_monitor_options *options = &m->options;
    int64_t round = pln__monitor_round(options);
    int64_t least = options->training_us > round ? options->training_us : round;
    /* Times only rise. */
    uint64_t past = (uint64_t)time_us - (uint64_t)m->state.training_since;
    return m->n >= options->min_history && past >= (uint64_t)least;
}

bool pln__monitor_judge(const pln_monitor *m, int64_t time_us, double value,
                        pln_monitor_verdict *out) {
    int32_t bucket = pln__monitor_bucket_of(&m->options, time_us);
    pln__monitor_basis basis = pln__monitor_bucket(m, bucket), whole = pln__monitor_whole(m);
    bool seasonal = m->n_buckets > 1, own = basis.n >= m->options.min_history;
    bool trained = is_trained(m, time_us);
    out->method = m->options.method;
    out->bucket = seasonal && own && trained ? bucket : -1;
    out->expected = NAN;
    out->lower = -INFINITY;
    out->upper = INFINITY;
    if (trained)
        judge_by(m, own ? &basis : &whole, own ? NULL : &basis, value, out);
    judge_cliff(m, bucket, value, out);
    return trained;
}
