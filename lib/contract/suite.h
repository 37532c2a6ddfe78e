/*
 * A suite in the making: two JSON lists, of checks and of what no check evaluates. Every rule goes into exactly one of them.
 */
#ifndef PLN__CONTRACT_SUITE_H
#define PLN__CONTRACT_SUITE_H

#include "contract/contract.h"

typedef struct pln__contract_suite {
    const pln_contract *contract;
    const json *object;
    pln__text checks, left;
} pln__contract_suite;

/* A check in the making: what it is of, and how it is called. */
typedef struct pln__contract_suite_check {
    const char *kind;
    const char *of;       /* column that the rule is about; NULL: the table */
    const char *rule;     /* "minimum": the id is "column.minimum" */
    const json *at;       /* where the rule stands */
    const json *quality;  /* a quality rule, whose severity and words it takes; NULL: none */
    bool bare;            /* the column is no parameter of it */
} pln__contract_suite_check;

/* {"check": kind, "id", "column"; parameters follow, each by pln__contract_suite_key and a value; then pln__contract_suite_end. */
void pln__contract_suite_begin(pln__contract_suite *s, const pln__contract_suite_check *check);
void pln__contract_suite_key(pln__contract_suite *s, const char *key);
void pln__contract_suite_text(pln__contract_suite *s, const char *key, const char *value);
/* A value as it was written, but an integer of more than 64 bits as a float: readers of JSON take no other. */
void pln__contract_suite_json(pln__contract_suite *s, const json *value);
void pln__contract_suite_value(pln__contract_suite *s, const char *key, const json *value);
void pln__contract_suite_end(pln__contract_suite *s, const pln__contract_suite_check *check);
/* "info", "warn", "error", "critical" */
const char *pln__contract_suite_severity(const json *quality);
/* A rule that is not evaluated. */
void pln__contract_suite_left(pln__contract_suite *s, const json *at, const char *rule,
                              const char *format, ...) PLN__PRINTF(4, 5);

/* The property of the object with that name, or NULL. */
const json *pln__contract_suite_property(const pln__contract_suite *s, const char *name,
                                         int64_t size);

/* What a metric must be, or with `negated` must not: lo to hi, an end that is strict not included. */
typedef struct pln__range {
    double lo, hi;
    bool lo_strict, hi_strict, negated, percent;
    const json *text; /* mustBe and mustNotBe of a string; NULL: numbers */
} pln__range;
/* By the operator of a quality rule. NULL, or why there is none. */
const char *pln__range_read(const json *quality, pln__range *out);

/* Quality rules of the object (column NULL) or of a column; service levels (suite_quality.c, suite_sla.c). */
void pln__contract_suite_quality(pln__contract_suite *s, const json *element, const char *column);
void pln__contract_suite_sla(pln__contract_suite *s);

#endif
