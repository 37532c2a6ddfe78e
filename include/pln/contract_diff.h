/*
 * What changed between two versions of a data contract, whom each change breaks, and whether the new version says so.
 *
 *     pln_contract_diff *diff;
 *     pln_contract_verdict verdict = {.struct_size = sizeof verdict};
 *     pln_contract_diff_new(old, new, NULL, &diff, &err);
 *     for (int64_t i = 0; i < pln_contract_diff_count(diff); i++)
 *         puts(pln_contract_diff_at(diff, i)->text);
 *     pln_contract_diff_verdict(diff, &verdict);
 *     pln_contract_diff_free(diff);
 *
 * A contract is a promise to consumers and a demand on producers, and a change can break either. Where less is promised - a column is gone, may be null, may hold more
 * values, comes later - consumers break, for data that keeps the new contract may not keep the old one. Where more is demanded - a new required column, a
 * narrower range, one more quality rule - producers break, for data that kept the old contract may not keep the new one. What cannot be decided, such as
 * one pattern for another, breaks both. Words, owners, prices and tags break nobody.
 *
 * Versions are semantic (semver.org): a change that breaks somebody needs a new major version (below 1.0.0 a new minor one), another change of what is
 * promised or demanded a minor one, a change of words a patch. A breaking change must also be acknowledged: named in the new contract's customProperties,
 *
 *     customProperties:
 *       - property: acknowledgedChanges
 *         value: [property_removed:orders.note]
 *
 * or in the options, by its name as here ("kind:where"), its place alone ("orders.note"), or a JSON pointer of it, old or new.
 *
 * Objects and properties are the same if their `id` is, and otherwise if their name is; quality rules by id, name or content; servers by name; service
 * levels by property, element and driver. pln-contracts(7) lists the kinds.
 */
#ifndef PLN_CONTRACT_DIFF_H
#define PLN_CONTRACT_DIFF_H

#include <pln/contract.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whom a change breaks; both may be set. */
enum { PLN_CONTRACT_BREAKS_CONSUMERS = 1, PLN_CONTRACT_BREAKS_PRODUCERS = 2 };

/* Steps from version to version. UNKNOWN: one of the two is no semantic version; BACK: the new one is the lower. */
enum {
    PLN_CONTRACT_STEP_UNKNOWN = -2,
    PLN_CONTRACT_STEP_BACK = -1,
    PLN_CONTRACT_STEP_NONE = 0,
    PLN_CONTRACT_STEP_PATCH = 1,
    PLN_CONTRACT_STEP_MINOR = 2,
    PLN_CONTRACT_STEP_MAJOR = 3
};

typedef struct pln_contract_diff pln_contract_diff;

typedef struct pln_contract_diff_options {
    uint32_t struct_size;
    int32_t changes_max;             /* how many are listed, 1 to 100,000 [10,000]; all count for the verdict */
    const char *const *acknowledged; /* besides those that the new contract names */
    int64_t n_acknowledged;
} pln_contract_diff_options;

typedef struct pln_contract_change {
    uint32_t struct_size;
    int32_t breaks;       /* PLN_CONTRACT_BREAKS_*, 0: nobody */
    int32_t step;         /* that it needs, PLN_CONTRACT_STEP_* */
    int32_t acknowledged; /* 1: a change that breaks, and is named */
    const char *kind;     /* "property_removed"; never changes its meaning */
    const char *where;    /* "orders.note", "servers.prod", "" at the top */
    const char *old_pointer, *new_pointer; /* NULL where there is none */
    const char *before, *after;            /* JSON, shortened; "" where there is none */
    const char *text;   /* "orders.note: property removed" */
    const char *reason; /* "consumers may read it", why it breaks whom it breaks; "" for nobody */
} pln_contract_change;

typedef struct pln_contract_verdict {
    uint32_t struct_size;
    int32_t accepted;       /* 1: the version makes the step that is needed, and every change that breaks is acknowledged */
    int32_t breaks;         /* PLN_CONTRACT_BREAKS_* of all changes together */
    int32_t step_needed;    /* NONE to MAJOR; below 1.0.0 what breaks needs MINOR */
    int32_t step_made;      /* UNKNOWN to MAJOR */
    int32_t version_fits;   /* 1: step_made is at least step_needed */
    int64_t changes;        /* listed or not */
    int64_t breaking;
    int64_t unacknowledged; /* of those that break */
} pln_contract_verdict;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_contract_diff_options_init(pln_contract_diff_options *options, uint32_t size);

/*
 * Compare two contracts. options NULL: the defaults. Memory is that of the old contract's runtime.
 *
 * Errors: PLN_ESTATE for a contract with errors; PLN_EINVAL for options; PLN_ENOMEM.
 * Owner: *out is yours; pln_contract_diff_free. The contracts may go before it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_diff_new(const pln_contract *before, const pln_contract *after,
                                         const pln_contract_diff_options *options,
                                         pln_contract_diff **out, pln_error *err);

/*
 * How many changes are listed.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_contract_diff_count(const pln_contract_diff *diff);

/*
 * Change number `index`, or NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the diff is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_contract_change *pln_contract_diff_at(const pln_contract_diff *diff,
                                                        int64_t index);

/*
 * What all changes together mean. Set out->struct_size first.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_contract_diff_verdict(const pln_contract_diff *diff, pln_contract_verdict *out);

/*
 * The diff as JSON: {"accepted", "breaks": ["consumers", "producers"], "step_needed": "major", "step_made", "version_fits", "unacknowledged", "changes": [{"kind",
 * "where", "old_pointer", "new_pointer", "before", "after", "text", "breaks", "reason", "step", "acknowledged"}], "truncated"}.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is yours; free it with pln_text_free of the old contract's runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_diff_json(const pln_contract_diff *diff, char **text,
                                          pln_error *err);

/*
 * Free a diff. NULL is allowed.
 *
 * Errors: none.
 * Owner: the diff is gone, with all that it lent.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_contract_diff_free(pln_contract_diff *diff);

#ifdef __cplusplus
}
#endif

#endif
