/*
 * Private to suites: checks as they were configured, the catalogue of their kinds, and what a validation keeps of each.
 *
 * A kind either has a condition, which is SQL that must not be false for a row, or a measure, which is told of the rows and judges at the end. Conditions are
 * compiled by room expr: three-valued logic gives exactly what the catalogue asks for, null is missing.
 */
#ifndef PLN__QUALITY_SUITE_H
#define PLN__QUALITY_SUITE_H

#include "base/number.h"
#include "expr/expr.h"
#include "key/key.h"
#include "quality/quality.h"
#include <jansson.h>

enum {
    PLN__CHECK_COLUMNS_MOST = 64,
    PLN__CHECKS_MOST = 4096,
    PLN__SAMPLES_MOST = 1000,
    PLN__GROUPS_MOST = 1000000
};

typedef struct pln__check pln__check;
typedef struct pln__check_run pln__check_run;

/* ">= 1%": of the number of failures, or of its percentage of the evaluated rows. */
enum { PLN__NO_LIMIT = 0, PLN__EQ, PLN__NE, PLN__LT, PLN__LE, PLN__GT, PLN__GE, PLN__BETWEEN };
typedef struct pln__threshold {
    int32_t op;
    bool percent;
    double value;
    double upper; /* of BETWEEN */
} pln__threshold;
pln_status pln__threshold_parse(const char *text, pln__threshold *out, pln_error *err);
bool pln__threshold_holds(const pln__threshold *threshold, int64_t failures, int64_t evaluated);

enum { PLN__IGNORE_NEVER = 0, PLN__IGNORE_ANY, PLN__IGNORE_ALL };

struct pln__check {
    const struct pln__check_kind *kind;
    json_t *config;       /* names of this library, the id too */
    char *text;           /* of config */
    const char *id;       /* in config */
    const char **columns; /* in config */
    int64_t n_columns;
    char *columns_text;
    int32_t severity;
    int32_t action;
    bool null_fails;
    bool redact;
    bool by_epoch; /* begins anew with every epoch of a run */
    int32_t ignore;
    int64_t mostly, mostly_of; /* a fraction; 1 of 1 */
    pln__threshold most, warn_if, error_if;
    const char *where; /* NULL: all rows */
    int64_t sample_limit;
    const char **group_by; /* in config */
    int64_t n_group_by, max_groups;
    int64_t reference;          /* an index into the suite's references; -1: none */
    pln_dedup *keys;            /* of the reference's rows; NULL: not given yet, or only their number counts */
    struct ArrowSchema referred; /* the columns that the keys were made of, or all; released: not given yet */
    bool aggregated;             /* the reference's aggregate is known */
    bool aggregate_none;         /* it had no value to make one of */
    double aggregate;
    char *aggregate_text;        /* all its digits; NULL: it has no more than the double */
    pln__check **parts;         /* of a composite */
    int64_t n_parts;
};

/* Rows as they came, for queries. */
typedef struct pln__reference_rows {
    struct ArrowSchema schema;
    struct ArrowArray *arrays;
    int64_t n, capacity;
} pln__reference_rows;

/* A table that checks refer to. What they need of its rows is in the checks, but for queries. */
typedef struct pln__reference {
    char *name;
    bool given;
    int64_t rows;
    pln__reference_rows kept;
} pln__reference;

struct pln_suite {
    pln_allocator mem;
    pln_runtime *runtime;
    uint64_t seed;
    char *name;
    json_t *defaults; /* common parameters; NULL: none */
    json_t *ids;      /* of all checks, with the number that makes the next of this name another one */
    pln__check **checks;
    int64_t n_checks, checks_capacity;
    pln__reference *references;
    int64_t n_references, references_capacity;
};

/* ---- what a validation keeps of a check ---- */

typedef struct pln__sample {
    int64_t row; /* of all rows, from 0 */
    char *json;  /* a value, or an object of several, and the key columns: {"amount": -1, "order_id": 7} */
} pln__sample;

typedef struct pln__groups pln__groups;

/* Of a check, or of one group of a check with "group_by". */
struct pln__check_run {
    const pln__check *check;
    struct pln_validation *owner;
    const pln__check_run *whole; /* of a group: the check's, whose state may lend what does not depend on rows; NULL: it is that */
    pln__groups *groups;         /* NULL: there are none */
    pln__expr *condition; /* NULL: a measure */
    int32_t where;        /* an index into the validation's wheres; -1: all rows */
    int64_t rows, missing, unexpected;
    pln__buffer bad;      /* of the last batch; kinds that say which rows are wrong */
    int64_t *fields;      /* where the check's columns are in the schema; a group has those of the whole */
    int64_t n_fields;
    void *state;          /* the measure's */
    pln__sample *samples;
    int64_t n_samples, samples_capacity;
    pln__text observed, message;
};

/* A condition of rows that several checks share. */
typedef struct pln__where {
    const char *text; /* the first check's */
    pln__expr *expr;
    pln__buffer bits; /* of the last batch */
} pln__where;

struct pln_validation {
    pln_allocator mem;
    const pln_suite *suite;
    struct ArrowSchema schema;
    int64_t now_us;
    int64_t rows;
    pln__check_run *runs;
    pln__where *wheres;
    int64_t n_wheres;
    bool by_row; /* some check of severity error says which rows are wrong */
    int64_t last_rows, last_failed;
    pln__buffer failed, first;      /* the verdict of the last batch */
    pln__buffer scope, missing;     /* scratch: bits of a check */
    pln__buffer column;             /* scratch: bits of a column */
    pln__buffer chosen;             /* scratch: rows of a check, int32 */
    pln__expr_failures failures;    /* scratch */
    pln__buffer bytes;              /* lent */
    pln__text json, text, html, facet; /* lent */
};

/* ---- kinds (kinds.c) ---- */

/* What a measure says at the end. `success` by itself; unexpected stays as it was counted. */
typedef struct pln__judgement {
    bool success;
    bool warn;       /* a success that is worth a warning */
    double observed; /* NaN: none */
} pln__judgement;

/* One without `merge` keeps no state of rows: what it says of a row is the same in any group. */
typedef struct pln__measure {
    /* The columns are resolved; holds them to types. NULL: no state. */
    pln_status (*open)(pln__check_run *run, pln_error *err);
    void (*close)(pln__check_run *run);
    /*
     * Rows `chosen` (n of them, ascending; NULL: all n) of a batch, in scope and without null in the check's columns. A kind by row sets bits of run->bad, which is
     * zeroed, and counts run->unexpected. NULL: rows and nulls are counted, and that is all it needs.
     */
    pln_status (*add)(pln__check_run *run, const struct ArrowArray *rows, const int32_t *chosen,
                      int64_t n, pln_error *err);
    pln_status (*merge)(pln__check_run *into, const pln__check_run *from, pln_error *err);
    pln_status (*write)(const pln__check_run *run, pln__buffer *out, pln_error *err);
    /* All `size` bytes, into a run without rows. */
    pln_status (*read)(pln__check_run *run, const uint8_t *bytes, int64_t size, pln_error *err);
    /* Puts what was seen to run->observed, if there is more to see than a number. */
    pln_status (*judge)(pln__check_run *run, pln__judgement *out, pln_error *err);
} pln__measure;

enum {
    PLN__KIND_BY_ROW = 1,     /* says which rows are wrong */
    PLN__KIND_NULLS_FAIL = 2, /* null_policy is "fail" unless told otherwise */
    PLN__KIND_ANY_TYPE = 4,   /* its columns may be nested */
    PLN__KIND_TIME = 8,       /* needs to know the time */
    PLN__KIND_UNGROUPED = 16  /* group_by makes no sense */
};

typedef struct pln__check_kind {
    const char *name;
    const char *parameters; /* separated by blanks; a '*' behind one that is required */
    uint32_t flags;
    /*
     * A kind by row: the SQL that must not be false, with $c for the column, $v for the value, $l for the values, $p for pattern or text, $f for ", 'flags'" if there
     * are any, $a and $b for these columns, $n for "and not NaN" of a column of floats, $m for "a is not NaN".
     */
    const char *condition;
    /* ... or what writes it. */
    pln_status (*write)(const pln__check *check, const struct ArrowSchema *schema, pln__text *out,
                        pln_error *err);
    /* Any other kind. */
    const pln__measure *measure;
} pln__check_kind;

const pln__check_kind *pln__check_kind_of(const char *name);
/* The kind that does the same by a hash, if the list of values is too long for an expression; else the kind. */
const pln__check_kind *pln__check_kind_sized(const pln__check_kind *kind, const json_t *config);
/* Whether a check of the kind has a parameter of this name. */
bool pln__check_takes(const pln__check_kind *kind, const char *name);
/* A check in the words of Great Expectations or dbt becomes one in ours, in place (alias.c). PLN_EOPTION for a parameter that the name has not. */
pln_status pln__check_translate(json_t *config, pln_error *err);
bool pln__check_alias_known(const char *name);
/* PLN_EOPTION with the nearest kind. */
pln_status pln__check_kind_error(const char *name, pln_error *err);
/* Holds the members of a check's object to the kind. */
pln_status pln__check_parameters(const pln__check_kind *kind, json_t *config, pln_error *err);

extern const pln__measure pln__measure_schema, pln__measure_rows, pln__measure_moments,
    pln__measure_unique, pln__measure_distinct, pln__measure_reference, pln__measure_freshness,
    pln__measure_completeness, pln__measure_listed, pln__measure_different, pln__measure_common,
    pln__measure_order, pln__measure_aggregate, pln__measure_change, pln__measure_json,
    pln__measure_sql;

/* Whether what was seen is what "equals", "min", "max", "strict_min" and "strict_max" ask for. */
bool pln__check_within(const pln__check *check, double seen);
/* The same for a whole number or decimal of this scale, exactly. */
bool pln__check_within_decimal(const pln__check *check, pln__int128 seen, int32_t scale);
/* PLN_EOPTION if there is nothing to compare with. */
pln_status pln__check_bounds(const pln__check *check, pln_error *err);

/* Numbers of a state: `n` little-endian words to the end of a buffer. */
pln_status pln__put_words(const pln_allocator *mem, pln__buffer *out, const uint64_t *words,
                          int64_t n, pln_error *err);

/* ---- values of a list (value_set.c) ---- */

/*
 * Keys of the values, in their order, of the check's only column: *n of them. Null, and what no value of the column's type is equal to, has none. places[i]
 * (NULL allowed): where value i stands in the list. PLN_ETYPE for what cannot be compared.
 */
pln_status pln__value_keys(const pln__check_run *run, const json_t *values, pln__buffer *keys,
                           int32_t *places, int64_t *n, pln_error *err);

/* ---- conditions (condition.c) ---- */

/* The SQL that must not be false. */
pln_status pln__check_condition(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err);
/* The writers of kinds. */
pln_status pln__write_between(const pln__check *check, const struct ArrowSchema *schema,
                              pln__text *out, pln_error *err);
pln_status pln__write_length(const pln__check *check, const struct ArrowSchema *schema,
                             pln__text *out, pln_error *err);
pln_status pln__write_missing_values(const pln__check *check, const struct ArrowSchema *schema,
                                     pln__text *out, pln_error *err);
pln_status pln__write_complete(const pln__check *check, const struct ArrowSchema *schema,
                               pln__text *out, pln_error *err);
pln_status pln__write_patterns(const pln__check *check, const struct ArrowSchema *schema,
                               pln__text *out, pln_error *err);
pln_status pln__write_parseable(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err);
pln_status pln__write_not_in_future(const pln__check *check, const struct ArrowSchema *schema,
                                    pln__text *out, pln_error *err);
pln_status pln__write_distinct_columns(const pln__check *check, const struct ArrowSchema *schema,
                                       pln__text *out, pln_error *err);
pln_status pln__write_pair_in_set(const pln__check *check, const struct ArrowSchema *schema,
                                  pln__text *out, pln_error *err);
pln_status pln__write_sum(const pln__check *check, const struct ArrowSchema *schema, pln__text *out,
                          pln_error *err);
pln_status pln__write_expression(const pln__check *check, const struct ArrowSchema *schema,
                                 pln__text *out, pln_error *err);
pln_status pln__write_composite(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err);

/* ---- one check (check.c) ---- */

/* From its object (borrowed); `place` names it in errors: "checks[2]". */
pln_status pln__check_new(const pln_allocator *mem, const json_t *defaults, const json_t *object,
                          const char *place, pln__check **out, pln_error *err);
void pln__check_free(const pln_allocator *mem, pln__check *check);
/* check->text anew, after a change of its config. */
pln_status pln__check_retell(const pln_allocator *mem, pln__check *check, pln_error *err);
static inline const json_t *pln__check_get(const pln__check *check, const char *name) {
    return json_object_get(check->config, name);
}
/* A number of the configuration; `otherwise` if it is not there. */
double pln__check_number(const pln__check *check, const char *name, double otherwise);
/* Microseconds: a whole number of them, or "90s", "24h", "7d". */
pln_status pln__check_duration(const pln__check *check, const char *name, int64_t otherwise,
                               int64_t *out, pln_error *err);

/* ---- aggregates against those of another table (measure_aggregate.c) ---- */

/* A suite whose only check observes the aggregate: of the rows, or of those that are referred to. */
pln_status pln__aggregate_suite(const pln_suite *suite, const pln__check *check, bool theirs,
                                pln_suite **out, pln_error *err);
/* What it observed of the reference is the check's from now on. */
pln_status pln__aggregate_settle(const pln_allocator *mem, pln__check *check,
                                 pln_validation *aggregated, pln_error *err);

/* ---- the suite (suite.c, suite_dbt.c) ---- */

/* Another check; it is named by `place` in errors, and its id is made the only one of its name. */
pln_status pln__suite_add(pln_suite *suite, const json_t *object, const char *place,
                          pln_error *err);
/* Checks out of "columns", the tests of dbt's schema files. */
pln_status pln__suite_dbt(pln_suite *suite, const json_t *columns, pln_error *err);
/* Each batch of a stream, sound. */
pln_status pln__each_batch(const pln_allocator *mem, struct ArrowArrayStream *stream,
                           pln_status (*open)(void *user, const struct ArrowSchema *schema,
                                              pln_error *err),
                           pln_status (*each)(void *user, const struct ArrowArray *rows,
                                              pln_error *err),
                           void *user, pln_error *err);
/* How keys of this suite's checks are made. */
pln_status pln__suite_keys(const pln_suite *suite, const struct ArrowSchema *schema,
                           const char *const *columns, int64_t n, pln_keys **out, pln_error *err);
pln_status pln__suite_index(const pln_suite *suite, pln_dedup **out, pln_error *err);

/* ---- groups (groups.c): a run for each group of a check with "group_by" ---- */

/* The check is open. PLN_ENAME for a column that is not there. */
pln_status pln__groups_open(pln__check_run *run, pln_error *err);
void pln__groups_close(pln__check_run *run);
/* All groups go. */
pln_status pln__groups_forget(pln__check_run *run, pln_error *err);
/* Which group each row in `scope` is of. PLN_ELIMIT beyond max_groups. */
pln_status pln__groups_assign(pln__check_run *run, const struct ArrowArray *rows,
                              const uint8_t *scope, pln_error *err);
/* Counts the rows that were assigned; bits say which are missing and which wrong. */
void pln__groups_count(pln__check_run *run, int64_t rows, const uint8_t *missing,
                       const uint8_t *bad);
/* The measure's rows, each to its group; sets bits of run->bad and counts run->unexpected as the measure would. */
pln_status pln__groups_measure(pln__check_run *run, const struct ArrowArray *rows,
                               const int32_t *chosen, int64_t n, pln_error *err);
pln_status pln__groups_merge(pln__check_run *into, const pln__check_run *from, pln_error *err);
pln_status pln__groups_write(const pln__check_run *run, pln__buffer *out, pln_error *err);
/* All `size` bytes, into a run whose counts are read. */
pln_status pln__groups_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                            pln_error *err);
/* The worst status of any, how many did not pass, and what to say of the first. */
pln_status pln__groups_judge(pln__check_run *run, int32_t *worst, pln_error *err);
typedef struct pln__groups_found {
    int64_t groups, failed;
    const char *json;  /* "[{"group":{"region":"north"},"status":"failed", ...}, ...]" */
    const char *lines; /* a line for each of the first */
    const char *text;  /* of the first three, to stand in a message; "" if none is told */
} pln__groups_found;
/* What the last judgement found; lent until the next. */
pln__groups_found pln__groups_found_of(const pln__check_run *run);

/* ---- samples (sample.c) ---- */

/* Columns of a row as members of a JSON object whose brace is open. */
pln_status pln__row_members(const pln_validation *v, const struct ArrowArray *rows,
                            const char *const *names, int64_t n, int32_t row, pln__text *out,
                            pln_error *err);
/* The first member's value of such an object as it is written there. */
const char *pln__sample_value(const char *json, int64_t *size);
/* A JSON object of scalars that a sample or group may be, from anybody. */
bool pln__is_sample(const uint8_t *text, int64_t size);

/* Takes the first wrong rows of the batch that was just looked at, as many as there is room for. */
pln_status pln__check_sample(pln__check_run *run, const struct ArrowArray *rows, pln_error *err);
pln_status pln__sample_add(pln__check_run *run, int64_t row, const char *json, int64_t size,
                           pln_error *err);

/* ---- results (result.c, result_html.c, result_facet.c) ---- */

/* "min 5, max 9": what a check of a whole column asks for; nothing for others. */
void pln__check_expected(const pln__check *check, pln__text *out);
/* A text that is lent begins anew. */
static inline void pln__text_again(pln__text *text) {
    text->size = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

pln_status pln__check_judge(pln__check_run *run, pln_check_result *out, pln_error *err);
/* Of a run without groups: its status, and what was found as text ("3 of 6 rows are wrong (50 %)") behind `out`. */
pln_status pln__run_judge(pln__check_run *run, pln__text *out, int32_t *verdict, double *observed,
                          pln_error *err);
static inline bool pln__check_by_row(const pln__check *check) {
    return (check->kind->flags & PLN__KIND_BY_ROW) != 0;
}

#endif
