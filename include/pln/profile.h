/*
 * Profiles: what is in the columns of a table, from one pass over its rows and a few kilobytes a column.
 *
 *     pln_profile *p;
 *     pln_profile_new(rt, pln_batch_schema(batch), NULL, &p, &err);
 *     pln_profile_add(p, pln_batch_array(batch), &err);             any number of batches
 *     pln_profile_json(p, &text, &size, &err);                      or _report as a batch, or _column one by one
 *
 * Of every column there are rows and nulls; of numbers, dates, times and texts minimum, maximum, distinct values, and the values that are found most often; of
 * numbers mean, deviation, zeros, negatives and NaN; of numbers, dates and times quantiles; of texts their lengths in bytes. Of a list, struct, map or union there are
 * rows and nulls only: take it apart first if there is more to know.
 *
 * Counts, minimum, maximum and lengths are exact. Mean and deviation are those of float64 arithmetic. The rest has stated errors: distinct values come
 * from a HyperLogLog (<pln/hll.h>), quantiles from KLL (<pln/quantiles.h>), frequent values from a top-k sketch (<pln/top_k.h>), which may be asked
 * for more than is reported.
 *
 * Profiles of parts merge to the profile of the whole: counts, extremes, lengths and distinct values bit for bit, quantiles and frequent values within their
 * errors, mean and deviation but for rounding. How rows are divided into batches makes no difference at all.
 *
 * Values from an adversary: see the sketches; give a profile of data that somebody hostile may choose a secret random seed.
 *
 * The serialized form, of little-endian numbers, begins with
 *
 *      0  "PLNP"
 *      4  u8   version, 1
 *      5  u8   precision of the distinct values
 *      6  u16  how many frequent values are listed
 *      8  u32  k of the quantiles
 *     12  u32  number of columns
 *     16  u64  seed's fingerprint: the first bytes of the SHA-256 of "pln.pro", 0 (u8) and the seed (u64)
 *     24  u64  rows
 *     32  u32  length s of the schema's text (pln/schema.h), and s bytes of it
 *         ...  for each column its numbers, and its sketches in their native forms, each behind its length (u32)
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_PROFILE_H
#define PLN_PROFILE_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/batch.h>
#include <pln/hll.h>
#include <pln/quantiles.h>
#include <pln/status.h>
#include <pln/top_k.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_profile pln_profile;

typedef struct pln_profile_options {
    uint32_t struct_size;
    int32_t precision;              /* of the distinct values: 4 to 18 [12] */
    int32_t k;                      /* of the quantiles: 8 to 65535 [200] */
    int32_t top;                    /* frequent values in a report: 0 (they are not looked for) to 1000 [5] */
    uint64_t seed;                  /* of all sketches [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_profile_options;

/* A column. What does not apply is NaN, NULL or -1. */
typedef struct pln_profile_column {
    uint32_t struct_size;
    int32_t reserved;
    const char *name;
    const char *type; /* "decimal(10, 2)" */
    int64_t rows;
    int64_t nulls;
    int64_t nans;
    int64_t zeros;     /* of a boolean: false */
    int64_t negatives;
    int64_t shortest;  /* length of a text in bytes */
    int64_t longest;
    double mean_length;
    double mean;
    double deviation;  /* of a sample: divided by n - 1 */
    double distinct;
    double distinct_error; /* standard error, absolute */
    const char *minimum;   /* as text. A text of more than 128 bytes is cut there, and "..." follows */
    const char *maximum;
    pln_hll *hll;             /* lent; NULL where there is none */
    pln_quantiles *quantiles; /* NaN apart */
    pln_top_k *top;
} pln_profile_column;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_profile_options_init(pln_profile_options *options, uint32_t size);

/*
 * An empty profile of rows with this schema, a struct. `options` NULL: the defaults. `runtime` may be NULL: memory is the allocator's of the options
 * then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value, or says why the schema is none; PLN_EUNSUPPORTED names the column; PLN_ENOMEM.
 * Owner: both are copied; *out is yours, free it with pln_profile_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                                   const pln_profile_options *options, pln_profile **out,
                                   pln_error *err);

/*
 * Free a profile and what it lent. NULL is allowed.
 *
 * Errors: none.
 * Owner: the profile is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_profile_free(pln_profile *profile);

/*
 * Add the rows of a struct of the schema, as pln_batch_array lends one; an array of the program's own must be sound (pln_batch_import checks one).
 *
 * Errors: PLN_EDATA for rows of another shape; PLN_ELIMIT beyond 2^60 rows; PLN_ENOMEM: columns may have got the rows and others not, the profile can only be freed.
 * Owner: `rows` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_add(pln_profile *profile, const struct ArrowArray *rows,
                                   pln_error *err);

/*
 * Add all rows of another profile, of the same schema, seed and options.
 *
 * Errors: PLN_ETYPE says what differs; PLN_ELIMIT beyond 2^60 rows; PLN_ENOMEM: `into` can only be freed.
 * Owner: `from` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_merge(pln_profile *into, const pln_profile *from, pln_error *err);

/*
 * How many rows were added.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_profile_rows(const pln_profile *profile);

/*
 * The bytes that the profile holds of its allocator.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_profile_memory(const pln_profile *profile);

/* ---- answers ---- */

/*
 * Column number i of the schema.
 *
 * Errors: PLN_EINVAL if there is none, or for out->struct_size; PLN_ENOMEM.
 * Owner: set out->struct_size first. Texts and sketches are lent until the profile is changed or freed; the sketches are to be asked, not to be changed.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_column_get(pln_profile *profile, int64_t i, pln_profile_column *out,
                                          pln_error *err);

/*
 * The schema of a report, whatever is profiled: column, type, rows, nulls, distinct, distinct_error, minimum, maximum, mean, deviation, zeros, negatives, nans,
 * shortest, longest, mean_length, quantiles (list of fraction and value, as text) and top (list of value, at_least and at_most).
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, call its release.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_schema(pln_runtime *runtime, struct ArrowSchema *out,
                                      pln_error *err);

/*
 * The report as a batch with a row for each column. The quantiles are 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, drop it with pln_batch_unref.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_report(pln_profile *profile, pln_batch **out, pln_error *err);

/*
 * The report as JSON: {"rows": n, "columns": [{"column": ..., "type": ..., ...}]} with the names of pln_profile_schema; what does not apply is not there.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is lent until the profile is used again; it ends with a NUL, which *size does not count.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_json(pln_profile *profile, const char **text, int64_t *size,
                                    pln_error *err);

/* ---- bytes ---- */

/*
 * Write the serialized form.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *bytes is lent until the profile is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_write(pln_profile *profile, const uint8_t **bytes, int64_t *size,
                                     pln_error *err);

/*
 * A profile out of bytes, which may come from anybody. `options` must be those that it was made with: memory goes by them and not by the bytes.
 *
 * Errors: PLN_EDATA names the place and the value; PLN_ETYPE for other options; PLN_EINVAL names the option; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_profile_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_profile_read(pln_runtime *runtime, const pln_profile_options *options,
                                    const uint8_t *bytes, int64_t size, pln_profile **out,
                                    pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
