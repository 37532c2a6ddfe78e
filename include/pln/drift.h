/*
 * Drift: is what lies in a column today distributed as it was in the reference?
 *
 *     pln_drift_ks_quantiles(last_month, today, NULL, &drift, &err);           two sketches of <pln/quantiles.h>
 *     if (drift.severity == PLN_DRIFT_ERROR)
 *         printf("prices moved: D = %g, most at %g\n", drift.statistic, drift.at);
 *
 * Two measures, each over bins, over sketches of quantiles, and the first over categories:
 *
 *     PSI   the population stability index, sum of (q - p) ln(q / p) over the bins, p and q the parts of reference and current. It sees any change, and goes by the bins.
 *           (Lewis, "An introduction to credit scoring", 1994; it is the divergence of Jeffreys, 1946.) 0.1 is a warning, 0.25 an error, as everybody takes them. A part below `floor` is taken
 *           for that: a new category would make it infinite.
 *     KS    the distance of Kolmogorov and Smirnov, the most by which the cumulative distributions differ, from 0 to 1. It sees a shift of numbers and needs no bins. 0.1 is a warning,
 *           0.2 an error.
 *
 * By chance alone neither is 0. PSI of equal distributions is on average noise = (B - 1) (1/n + 1/m), of B bins, and a multiple of chi-squared (Yurdakul, "Statistical properties of population
 * stability index", 2018); both limits are raised to where less than one in 1,000 goes by chance, after Wilson and Hilferty (1931). Of KS there is the probability that equal
 * distributions are as far apart, by Kolmogorov's distribution with the correction of Stephens (1970); what is more probable than `alpha` is no drift.
 *
 * Sketches add their own error: drift.sketch_error is what the statistic of KS may be off by, 0 while both are exact; the limits do not take it into account. Categories, counts and exact sketches
 * of up to 1,024 numbers give exact statistics.
 *
 * Bins of quantiles are those of the reference, so that each has the same part of it. Where a number is so frequent that two bins would begin with it, they are one.
 */
#ifndef PLN_DRIFT_H
#define PLN_DRIFT_H

#include <pln/arrow.h>
#include <pln/quantiles.h>
#include <pln/status.h>
#include <pln/top_k.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PLN_DRIFT_NONE = 0, PLN_DRIFT_WARNING = 1, PLN_DRIFT_ERROR = 2 };

typedef struct pln_drift_options {
    uint32_t struct_size;
    int32_t bins;    /* of quantiles; categories that are looked at in each sketch: 2 to 64 [10] */
    double error;    /* 0: 0.25 for PSI, 0.2 for KS [0] */
    double warning;  /* at most error; 0: 0.1 [0] */
    double alpha;    /* of KS, over 0 to 1; 1: whatever the probability [0.001] */
    double floor;    /* of PSI, over 0 to 0.1 [0.0001] */
    int32_t plain;   /* 1: the limits of PSI are not raised for few values [0] */
    int32_t reserved;
} pln_drift_options;

typedef struct pln_drift {
    uint32_t struct_size;
    int32_t severity;
    int32_t bins;      /* that were compared; of KS over sketches: numbers at which they were */
    int32_t bin;       /* where PSI has most of its sum, or KS the most difference; -1 where there are none */
    int64_t reference; /* how many values */
    int64_t current;
    double statistic;
    double warning_limit; /* raised as far as chance goes */
    double error_limit;
    double probability; /* of KS; NaN for PSI */
    double noise;       /* of PSI: its mean without a drift; NaN for KS */
    double sketch_error; /* of KS over sketches, at 99 % */
    double at;          /* of sketches of quantiles: the number, the upper end of the bin (infinite: the last one); else NaN */
} pln_drift;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_drift_options_init(pln_drift_options *options, uint32_t size);

/*
 * PSI of counts[0, n) of the same bins or categories, 2 to 1,000,000 of them. `options` NULL: the defaults.
 *
 * Errors: PLN_EINVAL names the option and its value, a negative count, a sum over 2^62, or says that there are no values; also for out->struct_size.
 * Owner: both arrays are borrowed for the call; set out->struct_size first.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_psi(const int64_t *reference, const int64_t *current, int64_t n,
                                 const pln_drift_options *options, pln_drift *out, pln_error *err);

/*
 * KS of counts[0, n) of bins that are in order; between the ends of bins it may be greater. From 1 bin.
 *
 * Errors: as pln_drift_psi.
 * Owner: both arrays are borrowed for the call; set out->struct_size first.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_ks(const int64_t *reference, const int64_t *current, int64_t n,
                                const pln_drift_options *options, pln_drift *out, pln_error *err);

/*
 * PSI of numbers, by bins that each hold the same part of the reference.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ESTATE for a sketch without numbers; PLN_ENOMEM.
 * Owner: both sketches are borrowed for the call and are as before; set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_psi_quantiles(pln_quantiles *reference, pln_quantiles *current,
                                           const pln_drift_options *options, pln_drift *out,
                                           pln_error *err);

/*
 * KS of numbers, looked for at up to 1,024 quantiles of each sketch: not at all of them, it may be greater by 1/1,024.
 *
 * Errors: as pln_drift_psi_quantiles.
 * Owner: both sketches are borrowed for the call and are as before; set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_ks_quantiles(pln_quantiles *reference, pln_quantiles *current,
                                          const pln_drift_options *options, pln_drift *out,
                                          pln_error *err);

/*
 * PSI of categories: the `bins` most frequent of each sketch, by their estimates, and all others together as the last bin. Categories have no order, and so no KS.
 *
 * Errors: as pln_drift_psi_quantiles.
 * Owner: both sketches are borrowed for the call; set out->struct_size first.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_psi_top_k(const pln_top_k *reference, const pln_top_k *current,
                                       const pln_drift_options *options, pln_drift *out,
                                       pln_error *err);

/*
 * What changed between two schemas, structs: columns by their names, children by their paths. As JSON, a list that is empty if they are alike, of
 *
 *     {"column":"address.zip","change":"type","before":"int32","after":"utf8"}
 *
 * with the changes "added" (after), "removed" (before), "type", "nullability" (before and after "nullable" or "not null"), and "order": the columns of this struct ("" for the
 * topmost) that are in both come in another order. *changes is how many there are. Of names that come twice in a struct the last is meant. <pln/schema_diff.h> says of Avro
 * schemas whom a change breaks.
 *
 * Errors: PLN_EINVAL says why a schema is none; PLN_ENOMEM.
 * Owner: both are borrowed for the call; *json is yours, free it with pln_text_free of the same runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_drift_schema(pln_runtime *runtime, const struct ArrowSchema *before,
                                    const struct ArrowSchema *after, char **json, int64_t *changes,
                                    pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
