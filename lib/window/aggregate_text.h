/*
 * Aggregates as text: "count()", "count(user)", "sum(added)", "quantile(delay, 0.95)", "arg_max(page, added)", "top_k(page, 10)", "approx_count_distinct(user, 12)".
 * Columns are plain names or "quoted" ones, where a quote inside is doubled.
 */
#ifndef PLN__AGGREGATE_TEXT_H
#define PLN__AGGREGATE_TEXT_H

#include "window/aggregate.h"

/* PLN_EOPTION, PLN_ENAME with the place in the text, and what was expected or is near. */
pln_status pln__aggregate_parse(const char *text, const struct ArrowSchema *in,
                                pln__aggregate_spec *out, pln_error *err);

#endif
