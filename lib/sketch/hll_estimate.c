/*
 * How many values there were. O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284: the improved
 * raw estimator (algorithm 6), where sigma corrects for registers that are 0 and tau for those at their end.
 */
#include "sketch/hll.h"
#include <math.h>

static double sigma(double x) {
    double y = 1, z = x, before;
    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x) {
    double y = 1, z = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double pln__hll_ertl(const uint32_t counts[PLN__HLL_RANKS], int32_t precision, int32_t rank_most) {
    double m = (double)pln__hll_count(precision);
    double z = m * tau(1 - counts[rank_most] / m);
    for (int32_t k = rank_most - 1; k >= 1; k--)
        z = 0.5 * (z + counts[k]);
    z += m * sigma(counts[0] / m);
    return m * m / (2 * M_LN2 * z);
}

/* Entries of precision 26 are so sparse that only how many they are counts. */
static double estimate_sparse(const pln_hll *hll) {
    double m = (double)pln__hll_count(PLN__HLL_SPARSE);
    return -m * log1p(-(double)hll->used / m);
}

static double estimate(const pln_hll *hll) {
    uint32_t counts[PLN__HLL_RANKS];
    if (hll->registers == NULL)
        return estimate_sparse(hll);
    pln__hll_histogram(hll->registers, pln__hll_count(hll->precision), counts);
    return pln__hll_ertl(counts, hll->precision, pln__hll_rank_most(hll->hash, hll->precision));
}

double pln_hll_estimate(pln_hll *hll) {
    if (hll->estimate < 0)
        hll->estimate = estimate(hll);
    return hll->estimate;
}

/* With t values a register, linear counting has the error below, which is the smaller one for t up to about 2. */
static double relative_error(double n, int32_t precision) {
    double m = (double)pln__hll_count(precision), t = n / m, full = 1.03896 / sqrt(m);
    if (t > 4)
        return full;
    /* e^t - t - 1 */
    double rest = t < 1e-3 ? t * t / 2 * (1 + t / 3) : expm1(t) - t;
    double counting = t > 0 ? sqrt(m * rest) / n : 0;
    return counting < full ? counting : full;
}

double pln_hll_standard_error(pln_hll *hll) {
    return relative_error(pln_hll_estimate(hll),
                          hll->registers == NULL ? PLN__HLL_SPARSE : hll->precision);
}

/*
 * A sparse sketch lacks one value for each pair that fell together. Pairs are Poisson distributed, and too few for a width in standard errors to mean anything: this is how
 * many there may be, so that more are as unlikely as a greater error.
 */
static double most_pairs(double n, double errors) {
    double mean = n / 2 * n / (double)pln__hll_count(PLN__HLL_SPARSE), pairs = 0;
    double term = exp(-mean), more = 1 - term, tail = erfc(errors / M_SQRT2) / 2;
    while (more > tail && term > 1e-17) {
        pairs++;
        term *= mean / pairs;
        more -= term;
    }
    return pairs;
}

void pln_hll_interval(pln_hll *hll, double errors, double *low, double *high) {
    double n = pln_hll_estimate(hll), width = errors * pln_hll_standard_error(hll);
    double least = (double)pln__hll_used(hll);
    *low = isinf(n) ? least : n / (1 + width);
    *low = *low > least ? *low : least;
    *high = width < 1 ? n / (1 - width) : INFINITY;
    if (hll->registers == NULL)
        least += most_pairs(n, errors);
    *high = *high > least ? *high : least;
}

static double square(double x) {
    return x * x;
}

/* The estimates of a, b and their union, with their absolute errors. */
static void overlap(const double n[3], const double e[3], pln_hll_overlap *out) {
    double both = n[0] + n[1] - n[2], least = n[0] < n[1] ? n[0] : n[1];
    double all = square(e[0]) + square(e[1]);
    out->union_size = n[2];
    out->intersection = both < 0 ? 0 : both < least ? both : least;
    out->intersection_error = sqrt(all + square(e[2]));
    if (n[2] <= 0)
        return;
    out->jaccard = out->intersection / n[2];
    /* (a + b) / u - 1 */
    out->jaccard_error = sqrt(all + square((n[0] + n[1]) / n[2] * e[2])) / n[2];
}

static pln_status at_precision(const pln_hll *hll, int32_t precision, pln_hll **out,
                               pln_error *err) {
    pln_status status = pln_hll_copy(hll, out, err);
    if (status < 0)
        return status;
    status = pln_hll_fold(*out, precision, err);
    if (status == PLN_OK)
        return PLN_OK;
    pln_hll_free(*out);
    *out = NULL;
    return status;
}

pln_status pln_hll_intersect(const pln_hll *a, const pln_hll *b, pln_hll_overlap *out,
                             pln_error *err) {
    pln_hll *set[3] = {NULL, NULL, NULL};
    double n[3], e[3];
    pln_status status;
    if (out->struct_size < sizeof *out)
        PLN__FAIL(err, PLN_EINVAL, "HLL overlap: struct_size is %u, at least %u are needed",
                  out->struct_size, (unsigned)sizeof *out);
    PLN__TRY(pln__hll_same_kind(a, b, err));
    int32_t precision = a->precision < b->precision ? a->precision : b->precision;
    PLN__TRY(at_precision(a, precision, &set[0], err));
    PLN__TRY(at_precision(b, precision, &set[1], err));
    PLN__TRY(pln_hll_copy(set[0], &set[2], err));
    PLN__TRY(pln_hll_merge(set[2], set[1], err));
    for (int i = 0; i < 3; i++) {
        n[i] = pln_hll_estimate(set[i]);
        e[i] = n[i] * pln_hll_standard_error(set[i]);
    }
    *out = (pln_hll_overlap){.struct_size = out->struct_size};
    overlap(n, e, out);
    status = PLN_OK;
out:
    for (int i = 0; i < 3; i++)
        pln_hll_free(set[i]);
    return status;
}
