/* Answers, from all values held in one order with their weights. */
#include "sketch/quantiles.h"
#include <math.h>

/* keys[0, n) in order join view[0, size) from behind; `upto` is a weight still. */
static int64_t join(pln__quantiles_step *view, int64_t size, const int64_t *keys, int64_t n,
                    int64_t weight) {
    int64_t all = size + n;
    for (int64_t at = all; n > 0;)
        if (size > 0 && view[size - 1].key > keys[n - 1])
            view[--at] = view[--size];
        else
            view[--at] = (pln__quantiles_step){keys[--n], weight};
    return all;
}

static pln_status look(pln_quantiles *q, pln_error *err) {
    int64_t size = 0, sum = 0, room = q->capacity + PLN__QUANTILES_TOP;
    if (q->n == 0)
        return pln__error_set(err, PLN_ESTATE, "quantiles sketch: no value was added");
    if (q->view_size > 0)
        return PLN_OK;
    if (q->view == NULL)
        q->view = pln__alloc(&q->mem, (uint64_t)room * sizeof *q->view);
    if (q->view == NULL)
        return pln__error_memory(err, (uint64_t)room * sizeof *q->view);
    pln__quantiles_tidy(q);
    for (int32_t i = 0; i < q->base; i++)
        if ((q->seen >> i & 1) != 0)
            size = join(q->view, size, &q->held[i], 1, (int64_t)1 << i);
    for (int32_t i = 0; i < q->levels; i++)
        size = join(q->view, size, pln__quantiles_level(q, i), pln__quantiles_population(q, i),
                    (int64_t)1 << (q->base + i));
    for (int64_t i = 0; i < size; i++)
        q->view[i].upto = sum += q->view[i].upto;
    q->view_size = size;
    return PLN_OK;
}

/* ---- quantiles ---- */

/* ceil(fraction * n); half a unit of rounding does not make one more of a whole number. n may be one that no float64 is. */
static int64_t rank_of(const pln_quantiles *q, double fraction) {
    if (fraction >= 1)
        return q->n;
    double rank = fraction * (double)q->n, whole = nearbyint(rank);
    int64_t target = (int64_t)(fabs(rank - whole) <= rank * 0x1p-52 ? whole : ceil(rank));
    return target < 1 ? 1 : target > q->n ? q->n : target;
}

static int64_t key_of_rank(const pln_quantiles *q, int64_t rank) {
    int64_t low = 0, high = q->view_size - 1;
    if (rank <= 1)
        return q->least;
    if (rank >= q->n)
        return q->greatest;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (q->view[middle].upto >= rank)
            high = middle;
        else
            low = middle + 1;
    }
    return q->view[low].key;
}

static pln_status ask(pln_quantiles *q, const double *fractions, int64_t n, pln_error *err) {
    for (int64_t i = 0; i < n; i++)
        if (!(fractions[i] >= 0 && fractions[i] <= 1))
            return pln__error_set(err, PLN_EINVAL,
                                  "quantiles sketch: fraction %lld is %g, expected 0 to 1",
                                  (long long)i, fractions[i]);
    return look(q, err);
}

pln_status pln_quantiles_quantiles(pln_quantiles *q, const double *fractions, int64_t n,
                                   double *out, pln_error *err) {
    pln_status status = ask(q, fractions, n, err);
    for (int64_t i = 0; status == PLN_OK && i < n; i++)
        out[i] = pln__quantiles_double(q, key_of_rank(q, rank_of(q, fractions[i])));
    return status;
}

pln_status pln_quantiles_quantile(pln_quantiles *q, double fraction, double *out, pln_error *err) {
    return pln_quantiles_quantiles(q, &fraction, 1, out, err);
}

pln_status pln_quantiles_quantiles_int64(pln_quantiles *q, const double *fractions, int64_t n,
                                         int64_t *out, pln_error *err) {
    if (q->kind != PLN_QUANTILES_INT64)
        return pln__error_set(err, PLN_ETYPE, "quantiles sketch: of float64, not of int64");
    pln_status status = ask(q, fractions, n, err);
    for (int64_t i = 0; status == PLN_OK && i < n; i++)
        out[i] = key_of_rank(q, rank_of(q, fractions[i]));
    return status;
}

pln_status pln_quantiles_bounds(pln_quantiles *q, double fraction, double *low, double *high,
                                pln_error *err) {
    double error;
    pln_status status = ask(q, &fraction, 1, err);
    if (status < 0)
        return status;
    pln_quantiles_error(q, &error, NULL);
    double least = fraction - error, most = fraction + error;
    *low = pln__quantiles_double(q, key_of_rank(q, rank_of(q, least < 0 ? 0 : least)));
    *high = pln__quantiles_double(q, key_of_rank(q, rank_of(q, most > 1 ? 1 : most)));
    return PLN_OK;
}

/* ---- ranks ---- */

/* The greatest key that is not above the value. */
static int64_t key_below(const pln_quantiles *q, double value) {
    if (q->kind == PLN_QUANTILES_FLOAT64)
        return pln__quantiles_key(value);
    value = floor(value);
    return value >= 0x1p63 ? INT64_MAX : value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

/* How many values are at most this one. */
static int64_t rank(const pln_quantiles *q, double value) {
    int64_t key = key_below(q, value), low = 0, high = q->view_size;
    if (key < q->least || (q->kind == PLN_QUANTILES_INT64 && value < -0x1p63))
        return 0;
    if (key >= q->greatest)
        return q->n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (q->view[middle].key <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : q->view[low - 1].upto;
}

static pln_status no_nan(const double *values, int64_t n, pln_error *err) {
    for (int64_t i = 0; i < n; i++)
        if (values[i] != values[i])
            return pln__error_set(err, PLN_EINVAL, "quantiles sketch: value %lld is NaN",
                                  (long long)i);
    return PLN_OK;
}

pln_status pln_quantiles_ranks(pln_quantiles *q, const double *values, int64_t n, double *out,
                               pln_error *err) {
    pln_status status = no_nan(values, n, err);
    if (status == PLN_OK)
        status = look(q, err);
    for (int64_t i = 0; status == PLN_OK && i < n; i++)
        out[i] = (double)rank(q, values[i]) / (double)q->n;
    return status;
}

pln_status pln_quantiles_histogram(pln_quantiles *q, const double *splits, int64_t n,
                                   int64_t *counts, pln_error *err) {
    pln_status status = no_nan(splits, n, err);
    for (int64_t i = 1; status == PLN_OK && i < n; i++)
        if (splits[i] <= splits[i - 1])
            return pln__error_set(err, PLN_EINVAL,
                                  "quantiles sketch: split %lld is %g, expected more than %g",
                                  (long long)i, splits[i], splits[i - 1]);
    if (status == PLN_OK && q->n > 0)
        status = look(q, err);
    if (status < 0)
        return status;
    int64_t last = 0;
    for (int64_t i = 0; i <= n; i++) {
        int64_t now = i == n || q->n == 0 ? q->n : rank(q, splits[i]);
        counts[i] = now - last;
        last = now;
    }
    return PLN_OK;
}

void pln_quantiles_error(const pln_quantiles *q, double *one_rank, double *between) {
    bool exact = pln__quantiles_exact(q);
    if (one_rank != NULL)
        *one_rank = exact ? 0 : 2.296 / pow(q->k_least, 0.9723);
    if (between != NULL)
        *between = exact ? 0 : 2.446 / pow(q->k_least, 0.9433);
}
