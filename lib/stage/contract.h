/*
 * A contract that a check node holds its rows to: read when the node is opened, made into a suite when the schema is known, and told of in the report.
 */
#ifndef PLN__STAGE_CONTRACT_H
#define PLN__STAGE_CONTRACT_H

#include "contract/contract.h"
#include "quality/quality.h"
#include <jansson.h>
#include <pln/plugin.h>

enum { PLN__BREACH_FAILS = 0, PLN__BREACH_QUARANTINES = 1, PLN__BREACH_WARNS = 2 };

/* What is known of a check of the suite beside the suite itself. Texts are in `checks`. */
typedef struct pln__contract_rule {
    const char *pointer; /* where the contract says so */
    bool service_level;  /* judged at the end, and only told */
} pln__contract_rule;

typedef struct pln__held_contract {
    const pln_allocator *mem;
    pln_contract *contract;
    char *title; /* "contract orders 1.0.0", for messages */
    char *object;
    int32_t on_breach; /* PLN__BREACH_* */
    uint64_t seed;
    /* of the schema that is known; NULL before */
    pln_suite *suite;
    json_t *checks;    /* those of the suite, in its order */
    pln__text misfits; /* breaches by columns: members of a JSON list */
    int64_t n_misfits;
    pln__text left; /* what no check evaluates, likewise */
    pln__contract_rule *rules;
    int64_t n_rules;
} pln__held_contract;

/* By the options contract, contract_object, on_breach and seed of the node. */
pln_status pln__held_contract_new(pln_context *ctx, const pln_config *config,
                                  pln__held_contract **out, pln_error *err);
void pln__held_contract_free(pln__held_contract *held);
/* Holds the columns to the contract and makes the suite for them. A breach is an error unless it only warns. */
pln_status pln__held_contract_bind(pln__held_contract *held, pln_context *ctx,
                                   const struct ArrowSchema *schema, pln_error *err);
/* Says in the report what the validation knows. */
pln_status pln__held_contract_tell(const pln__held_contract *held, pln_context *ctx,
                                   pln_validation *validation, pln_error *err);

/* One more member of a list of breaches. */
typedef struct pln__told_breach {
    const char *rule, *pointer, *columns, *level;
    int64_t rows;
    const char *message;
} pln__told_breach;
void pln__contract_breach(pln__text *out, const pln__told_breach *breach);
/* ,"name":"value" */
void pln__contract_member(pln__text *out, const char *name, const char *value);

#endif
