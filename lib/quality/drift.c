#include "quality/drift.h"
#include <math.h>

#define BAD(...) pln__error_set(err, PLN_EINVAL, __VA_ARGS__)

static const double pi = 3.14159265358979323846;

/* ---- options ---- */

void pln_drift_options_init(pln_drift_options *options, uint32_t size) {
    pln_drift_options defaults = {
        .struct_size = size, .bins = 10, .alpha = 0.001, .floor = 0.0001};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

/* What a number must be over, and what it may be at most. */
static pln_status check_number(const char *name, double value, double over, double most,
                               pln_error *err) {
    char shown[PLN__DOUBLE_TEXT_SIZE], limit[PLN__DOUBLE_TEXT_SIZE];
    if (value > over && value <= most)
        return PLN_OK;
    shown[pln__format_double(shown, value)] = '\0';
    limit[pln__format_double(limit, most)] = '\0';
    return BAD("drift options: %s is %s, expected over %s, at most %s", name, shown,
               over < 0 ? "or at 0" : "0", limit);
}

static pln_status check_options(const pln_drift_options *o, pln_error *err) {
    pln_status status;
    if (o->bins < 2 || o->bins > PLN__DRIFT_BINS_MOST)
        return BAD("drift options: bins is %d, expected 2 to %d", o->bins, PLN__DRIFT_BINS_MOST);
    if (o->plain < 0 || o->plain > 1)
        return BAD("drift options: plain is %d, expected 0 or 1", o->plain);
    PLN__TRY(check_number("error", o->error, 0, 1e6, err));
    PLN__TRY(check_number("warning", o->warning, 0, o->error, err));
    PLN__TRY(check_number("alpha", o->alpha, 0, 1, err));
    PLN__TRY(check_number("floor", o->floor, 0, 0.1, err));
out:
    return status;
}

pln_status pln__drift_begin(const pln_drift_options *options, double error, pln_drift_options *mine,
                            pln_drift *out, pln_error *err) {
    if (out->struct_size < sizeof *out)
        return BAD("drift: struct_size is %u, at least %u are needed", out->struct_size,
                   (unsigned)sizeof *out);
    if (options != NULL && options->struct_size < sizeof *options)
        return BAD("drift options: struct_size is %u, at least %u are needed", options->struct_size,
                   (unsigned)sizeof *options);
    pln_drift_options_init(mine, sizeof *mine);
    if (options != NULL)
        memcpy(mine, options, sizeof *mine);
    if (mine->error == 0)
        mine->error = mine->warning > error ? mine->warning : error;
    if (mine->warning == 0)
        mine->warning = mine->error < 0.1 ? mine->error : 0.1;
    *out = (pln_drift){.struct_size = out->struct_size,
                       .bin = -1,
                       .probability = NAN,
                       .noise = NAN,
                       .at = NAN};
    return check_options(mine, err);
}

/* ---- chance ---- */

/* Wilson, Hilferty (1931): what chi-squared of so many degrees of freedom exceeds once in 1,000. */
static double chi_squared(double df) {
    double part = 2 / (9 * df), root = 1 - part + 3.0902 * sqrt(part);
    return df * root * root * root;
}

/* Kolmogorov's distribution: two series for the same, each where it converges at once. */
static double beyond(double x) {
    double sum = 0;
    if (x < 0.04)
        return 1;
    if (x < 1.18) {
        double step = exp(-pi * pi / (8 * x * x));
        for (int j = 1; j <= 7; j += 2)
            sum += pow(step, j * j);
        return 1 - sqrt(2 * pi) / x * sum;
    }
    for (int j = 1; j <= 6; j++)
        sum += (j % 2 == 1 ? 2 : -2) * exp(-2.0 * j * j * x * x);
    return sum;
}

double pln__drift_probability(double distance, int64_t n, int64_t m) {
    double root = sqrt((double)n / ((double)n + (double)m) * (double)m);
    double probability = beyond((root + 0.12 + 0.11 / root) * distance);
    return probability < 0 ? 0 : probability > 1 ? 1 : probability;
}

void pln__drift_end(const pln_drift_options *options, pln_drift *out) {
    double least = 0;
    if (out->noise > 0 && !options->plain)
        least = out->noise / (out->bins - 1) * chi_squared(out->bins - 1);
    out->warning_limit = fmax(options->warning, least);
    out->error_limit = fmax(options->error, least);
    if (out->probability > options->alpha) /* not if it is NaN */
        return;
    out->severity = out->statistic > out->error_limit     ? PLN_DRIFT_ERROR
                    : out->statistic > out->warning_limit ? PLN_DRIFT_WARNING
                                                          : PLN_DRIFT_NONE;
}

/* ---- counts ---- */

static pln_status sum_of(const char *what, const int64_t *counts, int64_t n, int64_t *out,
                         pln_error *err) {
    const int64_t most = INT64_C(1) << 62;
    *out = 0;
    for (int64_t i = 0; i < n; i++) {
        if (counts[i] < 0)
            return BAD("drift: count %lld of the %s is %lld", (long long)i, what,
                       (long long)counts[i]);
        if (counts[i] > most - *out)
            return BAD("drift: the counts of the %s are more than %lld", what, (long long)most);
        *out += counts[i];
    }
    return *out > 0 ? PLN_OK : BAD("drift: no values in the %s", what);
}

static pln_status sums_of(const int64_t *reference, const int64_t *current, int64_t n,
                          pln_drift *out, pln_error *err) {
    pln_status status = sum_of("reference", reference, n, &out->reference, err);
    return status < 0 ? status : sum_of("current", current, n, &out->current, err);
}

static pln_status check_n(int64_t n, int64_t least, pln_error *err) {
    return n >= least && n <= PLN__DRIFT_COUNTS_MOST
               ? PLN_OK
               : BAD("drift: %lld counts, expected %lld to %d", (long long)n, (long long)least,
                     PLN__DRIFT_COUNTS_MOST);
}

pln_status pln__drift_psi_counts(const int64_t *reference, const int64_t *current, int64_t n,
                                 const pln_drift_options *options, pln_drift *out, pln_error *err) {
    pln_status status = sums_of(reference, current, n, out, err);
    if (status < 0)
        return status;
    double most = -1, of_reference = (double)out->reference, of_current = (double)out->current;
    for (int64_t i = 0; i < n; i++) {
        if (reference[i] == 0 && current[i] == 0)
            continue;
        double p = fmax((double)reference[i] / of_reference, options->floor);
        double q = fmax((double)current[i] / of_current, options->floor);
        double term = (q - p) * log(q / p);
        out->statistic += term;
        out->bins++;
        if (term > most) {
            most = term;
            out->bin = (int32_t)i;
        }
    }
    out->noise = (out->bins - 1) * (1 / of_reference + 1 / of_current);
    pln__drift_end(options, out);
    return PLN_OK;
}

pln_status pln_drift_psi(const int64_t *reference, const int64_t *current, int64_t n,
                         const pln_drift_options *options, pln_drift *out, pln_error *err) {
    pln_drift_options mine;
    pln_status status;
    PLN__TRY(pln__drift_begin(options, 0.25, &mine, out, err));
    PLN__TRY(check_n(n, 2, err));
    PLN__TRY(pln__drift_psi_counts(reference, current, n, &mine, out, err));
out:
    return status;
}

pln_status pln_drift_ks(const int64_t *reference, const int64_t *current, int64_t n,
                        const pln_drift_options *options, pln_drift *out, pln_error *err) {
    pln_drift_options mine;
    pln_status status;
    int64_t a = 0, b = 0;
    PLN__TRY(pln__drift_begin(options, 0.2, &mine, out, err));
    PLN__TRY(check_n(n, 1, err));
    PLN__TRY(sums_of(reference, current, n, out, err));
    out->bins = (int32_t)n;
    for (int64_t i = 0; i < n; i++) {
        a += reference[i];
        b += current[i];
        double distance =
            fabs((double)a / (double)out->reference - (double)b / (double)out->current);
        if (distance > out->statistic || i == 0) {
            out->statistic = distance;
            out->bin = (int32_t)i;
        }
    }
    out->probability = pln__drift_probability(out->statistic, out->reference, out->current);
    pln__drift_end(&mine, out);
out:
    return status;
}
