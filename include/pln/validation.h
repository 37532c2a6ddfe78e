/*
 * Validations: a suite (<pln/suite.h>) over the rows of one table, batch by batch, and what came of it.
 *
 *     pln_validation *v;
 *     pln_validation_new(suite, pln_batch_schema(batch), NULL, &v, &err);
 *     pln_validation_add(v, pln_batch_array(batch), &err);                  any number of batches
 *         pln_validation_rows(v, &rows)                                     which rows of this batch fail, and which check did it
 *     pln_validation_check(v, i, &result, &err);                            a result for each check
 *     pln_validation_json(v, &text, &size, &err);
 *
 * How rows are divided into batches makes no difference to any result. Validations of parts merge to that of the whole: parts may be validated by several threads
 * or programs (pln_validation_write, _read), each with a suite of its own from the same text.
 *
 * The serialized form, of little-endian numbers, begins with
 *
 *      0  "PLNV"
 *      4  u8   version, 1
 *      5  u8   0
 *      6  u16  0
 *      8  u32  number of checks
 *     12  u32  0
 *     16  u64  of suite and schema: the first bytes of the SHA-256 of their texts and the seed
 *     24  u64  rows
 *     32  ...  for each check its counts and what its kind keeps, behind the length (u32)
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_VALIDATION_H
#define PLN_VALIDATION_H

#include <pln/suite.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_validation pln_validation;

enum {
    PLN_CHECK_PASSED = 0,
    PLN_CHECK_WARNED = 1, /* failed, of severity info or warn; or warn_if is true */
    PLN_CHECK_FAILED = 2
};

/* What does not apply is NaN, NULL or -1. */
typedef struct pln_check_result {
    uint32_t struct_size;
    int32_t status;
    int64_t rows;       /* that were looked at: of the condition `where`, and not ignored */
    int64_t missing;    /* of them null, and not taken for wrong */
    int64_t evaluated;  /* rows - missing */
    int64_t unexpected; /* of them wrong */
    double observed;    /* of checks of a whole column: the mean, the number of rows ... */
    const char *observed_text;
    const char *message; /* "amount between 0 and 100: 3 of 6 rows are not (50 %)" */
    int64_t groups;        /* of a check with "group_by": how many there are */
    int64_t groups_failed; /* of them, those that did not pass */
} pln_check_result;

/*
 * Who is told by stage check of a check that has action "callback" and did not pass, when it is judged: at the end of input, or of each epoch for scope "epoch" (epoch
 * is -1 otherwise). Bound as option "callback"; it outlives the run, which may judge an epoch again after a failure. An error that it answers fails the epoch.
 */
typedef struct pln_check_callback {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    pln_status (*failed)(void *user, int64_t epoch, const pln_check *check,
                         const pln_check_result *result, pln_error *err);
} pln_check_callback;

/* Rows of the batch that was added last. Bit i of a bitmap is row i. */
typedef struct pln_validation_verdict {
    uint32_t struct_size;
    int32_t reserved;
    int64_t rows;
    int64_t n_failed;
    const uint8_t *failed; /* some check by row says that the row is wrong; NULL if there is no such check */
    const int32_t *first;  /* of a failed row: the first such check; undefined for others */
} pln_validation_verdict;

typedef struct pln_validation_options {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t now_us; /* for freshness, for not_in_future and now(), µs since 1970 UTC; INT64_MIN: the runtime's clock when the validation is made [INT64_MIN] */
    const pln_allocator *allocator; /* copied; NULL: the suite's */
} pln_validation_options;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_validation_options_init(pln_validation_options *options, uint32_t size);

/*
 * A validation of rows with this schema, a struct. Every check is held to the schema now. `options` NULL: the defaults.
 *
 * Errors: PLN_ENAME for a column, PLN_ETYPE for a type, PLN_ESYNTAX for an expression that does not parse: each names the check; PLN_ESTATE for a reference that was
 * not given, and for a check that needs the time if there is none; PLN_EUNSUPPORTED; PLN_ENOMEM.
 * Owner: the schema is copied, the suite is borrowed until the validation is freed; *out is yours, free it with pln_validation_free.
 * Threads: one at a time; validations of one suite are independent.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_new(const pln_suite *suite, const struct ArrowSchema *schema,
                                      const pln_validation_options *options, pln_validation **out,
                                      pln_error *err);

/*
 * Free a validation and what it lent. NULL is allowed.
 *
 * Errors: none.
 * Owner: the validation is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_validation_free(pln_validation *validation);

/*
 * Add the rows of a struct of the schema, as pln_batch_array lends one; an array of the program's own must be sound (pln_batch_import checks one).
 *
 * Errors: PLN_EDATA for rows of another shape; PLN_ELIMIT beyond 2^60 rows, or max_groups of a check; PLN_ENOMEM: some checks may have got the rows, the validation can only be freed.
 * Owner: `rows` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_add(pln_validation *validation, const struct ArrowArray *rows,
                                      pln_error *err);

/*
 * Which rows of the last batch are wrong, by checks of severity "error" and above.
 *
 * Errors: none.
 * Owner: set out->struct_size first; the arrays are lent until the next call that changes the validation.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_validation_rows(const pln_validation *validation, pln_validation_verdict *out);

/*
 * Which rows of the last batch check i says are wrong, as a bitmap; NULL for a check that says nothing of rows. Of repeated values it is all but the first of them.
 *
 * Errors: none.
 * Owner: lent until the next call that changes the validation.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const uint8_t *pln_validation_bits(const pln_validation *validation, int32_t i);

/*
 * Add all rows of another validation, of a suite of the same text and seed and of the same schema; it counts as what came after. Rows that are equal across the two
 * are repeated, for checks of uniqueness; samples of them are those that each part found in itself.
 *
 * Errors: PLN_ETYPE for another suite, seed or schema; PLN_EINVAL for the validation itself; PLN_EUNSUPPORTED for a check sql that has rows; PLN_ELIMIT beyond 2^60 rows, or max_groups of a check; PLN_ENOMEM: `into` can only be freed.
 * Owner: `from` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_merge(pln_validation *into, const pln_validation *from,
                                        pln_error *err);

/*
 * All that the validation knows, in the form drawn above.
 *
 * Errors: PLN_ELIMIT beyond 2 GiB; PLN_EUNSUPPORTED for a check sql that has rows; PLN_ENOMEM.
 * Owner: *bytes are lent until the next call on the validation.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_write(pln_validation *validation, const uint8_t **bytes,
                                        int64_t *size, pln_error *err);

/*
 * Add what pln_validation_write said of another validation, as pln_validation_merge does. The bytes may come from anybody.
 *
 * Errors: PLN_EDATA names field and value; PLN_ETYPE for another suite, seed or schema; PLN_ENOMEM. The validation is unchanged but for PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_read(pln_validation *validation, const uint8_t *bytes,
                                       int64_t size, pln_error *err);

/*
 * How many rows were added.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_validation_count(const pln_validation *validation);

/*
 * The result of check i, of all rows so far.
 *
 * Errors: PLN_EINVAL past the last; PLN_ELIMIT, PLN_EDATA, PLN_ETYPE of a query of check sql, here and in all that tells results; PLN_ENOMEM.
 * Owner: set out->struct_size first; texts are lent until the next call for the same check.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_check(pln_validation *validation, int32_t i,
                                        pln_check_result *out, pln_error *err);

/*
 * The worst status of all checks, PLN_CHECK_PASSED to PLN_CHECK_FAILED.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *status is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_status(pln_validation *validation, int32_t *status,
                                         pln_error *err);

/*
 * All results as JSON, with the names of Great Expectations: success, statistics, results with expectation_config and result.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the next call of this kind; it ends in NUL, *size is its length.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_json(pln_validation *validation, const char **text, int64_t *size,
                                       pln_error *err);

/*
 * All results as text for people, a line for each check and the values behind those that fail.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the next call of this kind; it ends in NUL, *size is its length.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_text(pln_validation *validation, const char **text, int64_t *size,
                                       pln_error *err);

/*
 * All results as a page of HTML that needs nothing else: no script, no network. It follows the reader's light or dark setting.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the next call of this kind; it ends in NUL, *size is its length.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_html(pln_validation *validation, const char **text, int64_t *size,
                                       pln_error *err);

/*
 * All results as the dataQualityAssertions facet 1-1-0 of OpenLineage: the object that stands under this name in the facets of a dataset. `producer` is the URI that
 * names the program.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the next call of this kind; it ends in NUL, *size is its length.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_validation_facet(pln_validation *validation, const char *producer,
                                        const char **text, int64_t *size, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
