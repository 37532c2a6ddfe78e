/*
 * Regular expressions: PCRE2 with the memory of an expression and within limits.
 *
 * Text is UTF-8 and `$` is the end of the text, not the place before a last line feed: '^[0-9]+$' takes no "12\n". Machine code is made of a
 * pattern where PCRE2 can and the system gives it memory to execute; else the pattern is interpreted, with the same result. One
 * expression runs on one thread at a time, so a pattern brings what a match needs with it.
 */
#ifndef PLN__EXPR_REGEXP_H
#define PLN__EXPR_REGEXP_H

#include "expr/internal.h"

/* What one match may take: steps from each place where it may begin, and KiB to remember places to go back to. */
enum { X_REGEXP_STEPS = 1000000, X_REGEXP_KIB = 8192 };

typedef struct xregexp xregexp;
enum {
    X_REGEXP_TEST = 1,  /* only whether it matches is asked for, not where */
    X_REGEXP_GLOBAL = 2 /* the flag g is known */
};
/*
 * Freed with the program. PLN_ESYNTAX with PCRE2's message and the place in the pattern, or for an unknown flag; PLN_EUNSUPPORTED where the
 * library is without PCRE2. *global (may be NULL): whether the flag g is there.
 */
pln_status pln__x_regexp_new(xcompiler *c, const xnode *at, xstr pattern, xstr flags, uint32_t how,
                             bool *global, xregexp **out);
void pln__x_regexps_free(xregexp *list);
int32_t pln__x_regexp_groups(const xregexp *r);

/* What a match comes to; below these are reasons (XR_*), negated. */
enum { X_MISS = 0, X_HIT = 1, X_NO_MEMORY = -1000 };
/* Valid UTF-8 only. */
int32_t pln__x_regexp_test(xregexp *r, xstr text);

/* One match after the other; an empty one is not found twice. */
typedef struct xscan {
    xregexp *r;
    xstr text;
    int64_t start, end; /* of the match; at first `end` is where to begin */
    bool empty;         /* the match was */
} xscan;
int32_t pln__x_regexp_next(xscan *scan);
/* Part `i` of the last match, 0 the whole; empty and *found false if it took no part. */
xstr pln__x_regexp_group(const xscan *scan, int32_t i, bool *found);

#endif
