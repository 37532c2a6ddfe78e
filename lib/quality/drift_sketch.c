/* Drift between sketches. */
#include "quality/drift.h"
#include <math.h>

enum { PLACES = 1024, PART = 64 };

static int64_t numbers_of(const pln_quantiles *sketch) {
    pln_quantiles_info info = {.struct_size = sizeof info};
    pln_quantiles_info_get(sketch, &info);
    return info.n;
}

/* ---- numbers ---- */

/* The upper ends of all bins but the last one, without those that come twice; *n of them. */
static pln_status ends_of_bins(pln_quantiles *reference, int32_t bins, double *ends, int32_t *n,
                               pln_error *err) {
    double fractions[PLN__DRIFT_BINS_MOST], found[PLN__DRIFT_BINS_MOST];
    for (int32_t i = 0; i < bins - 1; i++)
        fractions[i] = (double)(i + 1) / bins;
    pln_status status = pln_quantiles_quantiles(reference, fractions, bins - 1, found, err);
    *n = 0;
    for (int32_t i = 0; i < bins - 1 && status == PLN_OK; i++)
        if (*n == 0 || found[i] > ends[*n - 1])
            ends[(*n)++] = found[i];
    return status;
}

pln_status pln_drift_psi_quantiles(pln_quantiles *reference, pln_quantiles *current,
                                   const pln_drift_options *options, pln_drift *out,
                                   pln_error *err) {
    int64_t was[PLN__DRIFT_BINS_MOST], is[PLN__DRIFT_BINS_MOST];
    double ends[PLN__DRIFT_BINS_MOST];
    pln_drift_options mine;
    pln_status status;
    int32_t n;
    PLN__TRY(pln__drift_begin(options, 0.25, &mine, out, err));
    if (numbers_of(current) == 0)
        PLN__FAIL(err, PLN_ESTATE, "drift: no values in the current");
    PLN__TRY(ends_of_bins(reference, mine.bins, ends, &n, err));
    PLN__TRY(pln_quantiles_histogram(reference, ends, n, was, err));
    PLN__TRY(pln_quantiles_histogram(current, ends, n, is, err));
    PLN__TRY(pln__drift_psi_counts(was, is, n + 1, &mine, out, err));
    out->at = out->bin < n ? ends[out->bin] : INFINITY;
out:
    return status;
}

/* Compare at the quantiles [from, to) of `places` that `one` has. */
static pln_status compare_part(pln_quantiles *one, pln_quantiles *other, int64_t places,
                               int64_t from, pln_drift *out, pln_error *err) {
    double fractions[PART], at[PART], mine[PART], others[PART];
    int64_t n = places - from < PART ? places - from : PART;
    pln_status status;
    for (int64_t i = 0; i < n; i++)
        fractions[i] = (double)(from + i + 1) / (double)places;
    PLN__TRY(pln_quantiles_quantiles(one, fractions, n, at, err));
    PLN__TRY(pln_quantiles_ranks(one, at, n, mine, err));
    PLN__TRY(pln_quantiles_ranks(other, at, n, others, err));
    for (int64_t i = 0; i < n; i++) {
        double distance = fabs(mine[i] - others[i]);
        if (distance > out->statistic || out->bins == 0) {
            out->statistic = distance;
            out->at = at[i];
        }
        out->bins++;
    }
out:
    return status;
}

static pln_status compare_at(pln_quantiles *one, pln_quantiles *other, pln_drift *out,
                             pln_error *err) {
    int64_t n = numbers_of(one), places = n < PLACES ? n : PLACES;
    pln_status status = PLN_OK;
    for (int64_t from = 0; from < places && status == PLN_OK; from += PART)
        status = compare_part(one, other, places, from, out, err);
    return status;
}

pln_status pln_drift_ks_quantiles(pln_quantiles *reference, pln_quantiles *current,
                                  const pln_drift_options *options, pln_drift *out,
                                  pln_error *err) {
    pln_drift_options mine;
    pln_status status;
    double of_reference, of_current;
    PLN__TRY(pln__drift_begin(options, 0.2, &mine, out, err));
    out->reference = numbers_of(reference);
    out->current = numbers_of(current);
    if (out->reference == 0 || out->current == 0)
        PLN__FAIL(err, PLN_ESTATE, "drift: no values in the %s",
                  out->reference == 0 ? "reference" : "current");
    PLN__TRY(compare_at(reference, current, out, err));
    PLN__TRY(compare_at(current, reference, out, err));
    pln_quantiles_error(reference, NULL, &of_reference);
    pln_quantiles_error(current, NULL, &of_current);
    out->sketch_error = of_reference + of_current;
    out->probability = pln__drift_probability(out->statistic, out->reference, out->current);
    pln__drift_end(&mine, out);
out:
    return status;
}

/* ---- categories ---- */

enum { ITEMS = 2 * PLN__DRIFT_BINS_MOST };

typedef struct items {
    pln_top_k_entry entries[ITEMS];
    int64_t n;
} items;

static bool is_listed(const items *all, int64_t n, const pln_top_k_entry *entry) {
    for (int64_t i = 0; i < n; i++)
        if (all->entries[i].size == entry->size &&
            (entry->size == 0 ||
             memcmp(all->entries[i].bytes, entry->bytes, (size_t)entry->size) == 0))
            return true;
    return false;
}

/* The most frequent of a sketch, but for those that are listed already. */
static pln_status list(const pln_top_k *top, int32_t wanted, items *all, pln_error *err) {
    pln_top_k_entry *out = &all->entries[all->n];
    int64_t found, before = all->n;
    out->struct_size = sizeof *out;
    pln_status status =
        pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, wanted, out, &found, err);
    for (int64_t i = 0; i < wanted && i < found && status == PLN_OK; i++)
        if (!is_listed(all, before, &out[i]))
            all->entries[all->n++] = out[i];
    return status;
}

/* The counts of the items, and behind them that of all others. */
static void counts_of(const pln_top_k *top, const items *all, int64_t *counts) {
    int64_t rest = pln_top_k_total(top);
    for (int64_t i = 0; i < all->n; i++) {
        const pln_top_k_entry *item = &all->entries[i];
        int64_t count = pln_top_k_estimate(top, item->bytes, item->size, NULL, NULL);
        counts[i] = count < rest ? count : rest;
        rest -= counts[i];
    }
    counts[all->n] = rest;
}

pln_status pln_drift_psi_top_k(const pln_top_k *reference, const pln_top_k *current,
                               const pln_drift_options *options, pln_drift *out, pln_error *err) {
    int64_t was[ITEMS + 1], is[ITEMS + 1];
    pln_drift_options mine;
    pln_status status;
    items all = {.n = 0};
    PLN__TRY(pln__drift_begin(options, 0.25, &mine, out, err));
    if (pln_top_k_total(reference) == 0 || pln_top_k_total(current) == 0)
        PLN__FAIL(err, PLN_ESTATE, "drift: no values in the %s",
                  pln_top_k_total(reference) == 0 ? "reference" : "current");
    PLN__TRY(list(reference, mine.bins, &all, err));
    PLN__TRY(list(current, mine.bins, &all, err));
    counts_of(reference, &all, was);
    counts_of(current, &all, is);
    PLN__TRY(pln__drift_psi_counts(was, is, all.n + 1, &mine, out, err));
out:
    return status;
}
