/*
 * Private to drift: from statistics to verdicts.
 */
#ifndef PLN__QUALITY_DRIFT_H
#define PLN__QUALITY_DRIFT_H

#include "base/number.h"
#include "quality/quality.h"
#include <pln/drift.h>

enum { PLN__DRIFT_BINS_MOST = 64, PLN__DRIFT_COUNTS_MOST = 1000000 };

/* Holds `options` (NULL allowed) to their ranges, with these defaults for their limits, and empties *out. */
pln_status pln__drift_begin(const pln_drift_options *options, double error, pln_drift_options *mine,
                            pln_drift *out, pln_error *err);
/* From out->statistic and out->probability to severity and limits. */
void pln__drift_end(const pln_drift_options *options, pln_drift *out);
/* That equal distributions of so many values are so far apart. */
double pln__drift_probability(double distance, int64_t n, int64_t m);
/* PSI of counts; out->reference and current are their sums. */
pln_status pln__drift_psi_counts(const int64_t *reference, const int64_t *current, int64_t n,
                                 const pln_drift_options *options, pln_drift *out, pln_error *err);

#endif
