/*
 * Room quality: what is in the data, and whether it is as it should be.
 *
 * Job: profiles of columns (<pln/profile.h>); suites of checks (<pln/suite.h>) and what they say of rows (<pln/validation.h>); whether a metric is as it was before
 * (<pln/monitor.h>), a distribution or schema as in the reference (<pln/drift.h>), and data there when they should be (<pln/freshness.h>).
 * Must not know: formats, nodes, files; where the rows come from and what is done with a verdict.
 * Invariants: what is known of parts merges to what is known of the whole; how rows are divided into batches makes no difference; memory goes
 * with the columns, never with the rows, but for checks of uniqueness: 20 bytes a different value; a monitor judges a value by those before it, never by itself.
 */
#ifndef PLN__QUALITY_H
#define PLN__QUALITY_H

#include "column/column.h"
#include <pln/drift.h>
#include <pln/freshness.h>
#include <pln/monitor.h>
#include <pln/profile.h>
#include <pln/suite.h>
#include <pln/validation.h>

/* Holds `options` (NULL allowed) to their ranges; *out is whole then. */
pln_status pln__profile_check(const pln_profile_options *options, pln_profile_options *out,
                              pln_error *err);
/* Whether two profiles merge: PLN_ETYPE says what differs. */
pln_status pln__profile_same_kind(const pln_profile *a, const pln_profile *b, pln_error *err);
/* The report's schema, and its rows. */
pln_status pln__profile_report_schema(const pln_allocator *mem, struct ArrowSchema *out,
                                      pln_error *err);
pln_status pln__profile_report(pln_profile *profile, const struct ArrowSchema *schema,
                               struct ArrowArray *out, pln_error *err);

/* The time that rows and ages are held to from now on. */
void pln__validation_set_now(pln_validation *validation, int64_t now_us);
const pln_suite *pln__validation_suite(const pln_validation *validation);
/* PLN_ETYPE unless it was made for rows of this schema. */
pln_status pln__validation_takes(const pln_validation *validation, const struct ArrowSchema *schema,
                                 pln_error *err);
/*
 * A reference batch by batch, as pln_suite_reference reads one. The rows are ours. What was known of the table before is so until the end, which is not while a
 * validation is adding rows.
 */
typedef struct pln__reading pln__reading;
pln_status pln__reading_new(pln_suite *suite, const char *name, const struct ArrowSchema *schema,
                            pln__reading **out, pln_error *err);
pln_status pln__reading_add(pln__reading *reading, const struct ArrowArray *rows, pln_error *err);
pln_status pln__reading_end(pln__reading *reading, pln_error *err);
void pln__reading_free(pln__reading *reading);
/* The name of table i that checks refer to; NULL past the last. */
const char *pln__suite_table(const pln_suite *suite, int64_t i);

/* Whether check i needs a table that is referred to. */
bool pln__suite_refers(const pln_suite *suite, int32_t i);
/* Whether check i, once it has failed, stays so whatever rows come: it goes by the number of wrong rows and by no proportion. */
bool pln__suite_is_final(const pln_suite *suite, int32_t i);
/* Whether check i is of scope "epoch", and forgetting what such checks, or all, have seen. */
bool pln__suite_by_epoch(const pln_suite *suite, int32_t i);
pln_status pln__validation_forget(pln_validation *validation, bool all, pln_error *err);

/* pln_drift_schema for who has an allocator and no runtime; *json goes with pln__strfree. */
pln_status pln__drift_schema(const pln_allocator *mem, const struct ArrowSchema *before,
                             const struct ArrowSchema *after, char **json, int64_t *changes,
                             pln_error *err);

#endif
