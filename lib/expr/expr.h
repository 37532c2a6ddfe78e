/*
 * Room expr: SQL scalar expressions over the columns of a batch.
 *
 * Job: parse an expression, check its types against a schema, compile it to a flat program of column kernels, evaluate it over a batch.
 * Must not know: nodes, ports, files, aggregates. It reads no clock: `now` is handed in.
 * Invariants: three-valued logic throughout; a value that overflows, a division by zero or a cast that does not fit is a failure of
 * that row, never of the batch and never undefined; a row's failure is reported only if the row needs the value (the arm of `case` or
 * `coalesce` or `and`/`or` that decides); no allocation per row; depth of nesting at most PLN__NESTING_MAX, text at most 64 KiB.
 */
#ifndef PLN__EXPR_H
#define PLN__EXPR_H

#include "column/column.h"

typedef struct pln__expr pln__expr;

/* Rows whose value could not be computed, ascending by row; the first reason per row. Reused between calls. */
typedef struct pln__expr_failure {
    int32_t row;
    pln_status code;   /* PLN_EDATA; PLN_ELIMIT where a regular expression takes too much */
    char message[116]; /* "price * quantity: 9223372036854775807 * 2 overflows int64" */
} pln__expr_failure;
typedef struct pln__expr_failures {
    pln__expr_failure *items;
    int64_t count;
    int64_t capacity;
} pln__expr_failures;
void pln__expr_failures_free(const pln_allocator *mem, pln__expr_failures *failures);

/*
 * Compile `text` for rows of `input` (a struct, borrowed for the expression's life). PLN_ESYNTAX and PLN_ETYPE errors name the
 * column of the text (1-based) and quote what is there; PLN_ENAME names the nearest column or function; PLN_EUNSUPPORTED names a function
 * that needs a library which this one was built without.
 */
typedef struct pln__expr_options {
    uint32_t cpu;
    uint64_t seed;
} pln__expr_options;
/* Beside the features in `cpu`: regular expressions are interpreted, no machine code is made of them. */
#define PLN__EXPR_INTERPRET 0x80000000u
pln_status pln__expr_compile(const pln_allocator *mem, const char *text,
                             const struct ArrowSchema *input, const pln__expr_options *options,
                             pln__expr **out, pln_error *err);
void pln__expr_free(pln__expr *expr);
/* The type of the result as a field without a name; nullable if any row may give null. */
const struct ArrowSchema *pln__expr_field(const pln__expr *expr);
/* PLN_ETYPE unless the result is boolean: "amount + 1: expected a condition, got int64". */
pln_status pln__expr_check_condition(const pln__expr *expr, pln_error *err);
/* Whether the expression uses now(), so that two runs may differ. */
bool pln__expr_is_volatile(const pln__expr *expr);

/*
 * Values for all rows of a batch's struct array. A failed row is null in *out and listed in `failures` (NULL: such rows are just null).
 * now_us: microseconds since 1970 UTC. A bare column reference shares the column. *out is an array of ours.
 */
pln_status pln__expr_eval(pln__expr *expr, const struct ArrowArray *rows, int64_t now_us,
                          struct ArrowArray *out, pln__expr_failures *failures, pln_error *err);
/*
 * Rows for which a condition is true, ascending, into `selected` (room for rows->length); *n says how many. Failed rows are not among them.
 */
pln_status pln__expr_select(pln__expr *expr, const struct ArrowArray *rows, int64_t now_us,
                            int32_t *selected, int64_t *n, pln__expr_failures *failures,
                            pln_error *err);

/*
 * Cast a column to another type as SQL `cast` does (used by stage select). `failures` as in pln__expr_eval. PLN_ETYPE if there is no such cast.
 */
pln_status pln__cast_array(const pln_allocator *mem, const struct ArrowSchema *from,
                           const struct ArrowArray *array, const struct ArrowSchema *to,
                           struct ArrowArray *out, pln__expr_failures *failures, pln_error *err);
/* "bigint", "decimal(10,2)", "timestamp" ... or our own names ("int64", "timestamp(us, UTC)") to a field. */
pln_status pln__type_parse(const pln_allocator *mem, const char *text, const char *name,
                           struct ArrowSchema *out, pln_error *err);

#endif
