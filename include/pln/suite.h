/*
 * Suites: what the rows of a table must be like, as a list of checks; and the question whether they are.
 *
 *     pln_suite *suite;
 *     pln_suite_new(rt, "{\"name\": \"orders\", \"checks\": [
 *         {\"check\": \"not_null\", \"column\": \"order_id\"},
 *         {\"check\": \"between\",  \"column\": \"amount\", \"min\": 0, \"mostly\": 0.99},
 *         {\"check\": \"unique\",   \"column\": \"order_id\"}]}", &suite, &err);
 *     pln_suite_validate(suite, &stream, NULL, &validation, &err);   all rows of an ArrowArrayStream
 *     pln_validation_text(validation, &text, &size, &err);                <pln/validation.h>: results, rows that fail, parts that merge
 *
 * A check is a JSON object: its kind, the parameters of the kind, and those that all have (below). pln-checks(7) lists the kinds, and of which check of Great
 * Expectations, dbt, Soda and Deequ each is the equal; their names for checks and parameters are known, too. A suite may also hold "columns" in the form of dbt's schema files; their tests become checks.
 *
 * Of every kind these hold:
 *   - NULL fails no check of values, unless "null_policy" is "fail": it is counted as missing.
 *   - No rows is success; "evaluated" is 0 then, and a check of kind row_count says what is wanted.
 *   - "mostly" compares whole numbers: (evaluated - unexpected) / evaluated is not rounded.
 *   - NaN is a value; it fails checks of ranges.
 *
 * Parameters of all kinds, with their defaults:
 *     "id"            a name for results; made of kind and columns
 *     "severity"      "info" "warn" "error" "critical": what a failure is worth ["error"]. Below "error" it is a warning
 *     "mostly"        0 to 1: the part of the evaluated rows that must be right [1]
 *     "max_failures"  rows that may be wrong, or a percentage "1%" of those evaluated
 *     "warn_if" "error_if"  instead of both, on the number of failures or its percentage: ">10" ">=1%" "!=0" "between 1 and 5"
 *     "where"         an SQL condition (pln-expressions(7)): other rows are not looked at
 *     "ignore_row_if" "any_missing" "all_missing": leave rows out where columns of the check are null ["never"]
 *     "null_policy"   "pass" "fail"
 *     "group_by"      columns: the check is judged for each group of rows that are equal there; all must pass
 *     "max_groups"    more groups than these are an error [10000]
 *     "scope"         "all" or "epoch": whether stage check judges all rows of the run, or those of each epoch ["all"]
 *     "action"        what stage check does with a row, an epoch or the run ["quarantine_row" for rows, "fail_epoch" otherwise; "warn" below "error"]
 *     "sample_limit"  values that a result shows [20]
 *     "key_columns"   columns that are shown beside them; they must be there
 *     "redact"        true: neither values nor keys are shown [false]
 *     "tags" "owner" "description" "meta"  are kept for who reads results
 */
#ifndef PLN_SUITE_H
#define PLN_SUITE_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/batch.h>
#include <pln/profile.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_suite pln_suite;

enum {
    PLN_SEVERITY_INFO = 0,
    PLN_SEVERITY_WARN = 1,
    PLN_SEVERITY_ERROR = 2,
    PLN_SEVERITY_CRITICAL = 3
};

/* In the order of their force. */
enum {
    PLN_ACTION_PASS = 0,
    PLN_ACTION_WARN = 1,
    PLN_ACTION_TAG = 2,
    PLN_ACTION_DROP = 3,
    PLN_ACTION_QUARANTINE_ROW = 4,
    PLN_ACTION_QUARANTINE_BATCH = 5,
    PLN_ACTION_FAIL_EPOCH = 6,
    PLN_ACTION_FAIL_PIPELINE = 7,
    PLN_ACTION_CALLBACK = 8 /* of the check, not of rows: the program is told (pln_check_callback of <pln/validation.h>) */
};

/* A check as it stands in its suite. */
typedef struct pln_check {
    uint32_t struct_size;
    int32_t severity;
    int32_t action;
    int32_t by_row;      /* 1: it says of each row whether it is right */
    const char *id;
    const char *kind;
    const char *columns; /* "amount", "a, b", "" */
    const char *json;    /* as it was given, with the names of this library */
} pln_check;

struct pln_validation;
struct pln_validation_options;

typedef struct pln_suite_options {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t seed;                  /* of the keys of uniqueness and references; secret if values come from strangers [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_suite_options;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_suite_options_init(pln_suite_options *options, uint32_t size);

/*
 * A suite from its JSON text. Kinds, parameters and values are held to the catalogue; columns and types only once there is a schema.
 * `runtime` may be NULL: memory is the allocator's of the options then, or the C library's. `options` NULL: the defaults.
 *
 * Errors: PLN_ESYNTAX for text that is no JSON; PLN_EOPTION names the check by its place ("checks[2]"), the parameter, and the nearest one known; PLN_EEXIST for an id that
 * is there twice; PLN_ELIMIT for more than 4,096 checks, 64 columns of one, or 8 levels; PLN_ENOMEM.
 * Owner: the text is copied; *out is yours, free it with pln_suite_free after the last validation with it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_suite_new(pln_runtime *runtime, const char *json,
                                 const pln_suite_options *options, pln_suite **out, pln_error *err);

/*
 * Free a suite and its references. NULL is allowed.
 *
 * Errors: none.
 * Owner: the suite is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_suite_free(pln_suite *suite);

/*
 * One more check, as a JSON object. Before the first validation.
 *
 * Errors: as pln_suite_new.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_suite_add(pln_suite *suite, const char *json, pln_error *err);

/*
 * The table that checks refer to by this name ("to"): read at once, and of it the columns that the checks need are kept, as 16 bytes a row. Given again,
 * it replaces what was there. Not while a validation is under way.
 *
 * Errors: PLN_ENAME if no check refers to it, or for a column that the stream has not; PLN_ETYPE; PLN_ENOMEM; what the stream answers.
 * Owner: the stream is consumed, also on failure.
 * Threads: one at a time.
 * Blocks: while the stream does.
 */
PLN_API pln_status pln_suite_reference(pln_suite *suite, const char *name,
                                       struct ArrowArrayStream *stream, pln_error *err);

/*
 * The suite's name, "" if it has none.
 *
 * Errors: none.
 * Owner: lent until the suite is freed.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_suite_name(const pln_suite *suite);

/*
 * How many checks there are.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_suite_count(const pln_suite *suite);

/*
 * Check i. False past the last.
 *
 * Errors: none.
 * Owner: set out->struct_size first; texts are lent until the suite is freed.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_suite_check(const pln_suite *suite, int32_t i, pln_check *out);

/*
 * Validate all rows of a stream. `options` NULL: the defaults. *out has the results (pln_validation_success, _check, _json ... of <pln/validation.h>).
 *
 * Errors: as pln_validation_new and pln_validation_add; what the stream answers.
 * Owner: the stream is consumed, also on failure; *out is yours, free it with pln_validation_free.
 * Threads: one at a time.
 * Blocks: while the stream does.
 */
PLN_API pln_status pln_suite_validate(const pln_suite *suite, struct ArrowArrayStream *stream,
                                      const struct pln_validation_options *options,
                                      struct pln_validation **out, pln_error *err);

/*
 * The text of a suite of this name that the rows of a profile pass: types, nulls, ranges, lengths, sets of few values, uniqueness, each with what was seen as its
 * description. It is a beginning for a person to edit: ranges and uniqueness are warnings.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the profile is used again; it ends with a NUL, which *size does not count.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_suite_suggest(pln_profile *profile, const char *name, const char **text,
                                     int64_t *size, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
