/*
 * What changed between two Avro schemas, for people to read, and whom each change breaks.
 *
 *     pln_schema_diff *diff;
 *     pln_schema_diff_new(rt, old, new, NULL, &diff, &err);
 *     for (int64_t i = 0; i < pln_schema_diff_count(diff); i++)
 *         puts(pln_schema_diff_at(diff, i)->text);
 *     pln_schema_diff_free(diff);
 *
 * A change that breaks is one without which data could be read: some change breaks the readers of old data exactly if the new schema cannot read what the
 * old one wrote, and some breaks old readers exactly if the old schema cannot read what the new one writes (pln_compat_check, sound).
 */
#ifndef PLN_SCHEMA_DIFF_H
#define PLN_SCHEMA_DIFF_H

#include <pln/arrow.h>
#include <pln/compat.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of changes. */
enum {
    PLN_CHANGE_FIELD_ADDED = 0,
    PLN_CHANGE_FIELD_REMOVED = 1,
    PLN_CHANGE_FIELD_RENAMED = 2, /* by an alias */
    PLN_CHANGE_FIELD_MOVED = 3,
    PLN_CHANGE_TYPE = 4,
    PLN_CHANGE_NAME = 5, /* of a record, enum or fixed; its namespace too */
    PLN_CHANGE_DEFAULT = 6,
    PLN_CHANGE_DOC = 7,
    PLN_CHANGE_ALIASES = 8,
    PLN_CHANGE_ORDER = 9, /* how a field takes part in sorting */
    PLN_CHANGE_SYMBOL_ADDED = 10,
    PLN_CHANGE_SYMBOL_REMOVED = 11,
    PLN_CHANGE_SYMBOLS_MOVED = 12,
    PLN_CHANGE_ENUM_DEFAULT = 13,
    PLN_CHANGE_BRANCH_ADDED = 14,
    PLN_CHANGE_BRANCH_REMOVED = 15,
    PLN_CHANGE_BRANCHES_MOVED = 16,
    PLN_CHANGE_SIZE = 17,
    PLN_CHANGE_LOGICAL = 18 /* logical type, precision, scale */
};

/* Whom a change breaks. */
enum {
    PLN_BREAKS_NOBODY = 0,
    PLN_BREAKS_NEW_READERS = 1, /* those with the new schema, of old data: BACKWARD */
    PLN_BREAKS_OLD_READERS = 2  /* those with the old schema, of new data: FORWARD */
};

typedef struct pln_change {
    uint32_t struct_size;
    int32_t kind;
    int32_t breaks;   /* PLN_BREAKS_* */
    uint32_t reserved;
    const char *path; /* into the new schema where the place is still there, otherwise into the old */
    const char *where; /* the same for people: "address.zip", or "" at the top */
    const char *before, *after; /* "int", "\"n/a\""; "" where there is none */
    const char *text; /* "field 'amount': type int became long" */
} pln_change;

typedef struct pln_schema_diff pln_schema_diff;

/*
 * Compare two schemas. A named type that is used at several places is compared once for each way in which it can break. With strict_logical of
 * the options a logical type that differs breaks; with ignore_names the names of types are no change.
 *
 * Errors: PLN_EINVAL names an option, or the mode that answers as Java; PLN_ELIMIT, PLN_ENOMEM as for pln_compat_check.
 * Owner: *out is yours; pln_schema_diff_free. The schemas may go before it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_schema_diff_new(pln_runtime *runtime, const pln_avro_schema *before,
                                       const pln_avro_schema *after,
                                       const pln_compat_options *options, pln_schema_diff **out,
                                       pln_error *err);

/*
 * Drift: the same between a declared schema and the columns that data really have, as inference found them. Names of types and their docs do not count,
 * and a column that may be null without a null being declared is no drift unless `nulls` is 1. PLN_BREAKS_OLD_READERS: rows of such columns do not fit the
 * declared schema.
 *
 * Errors: PLN_EUNSUPPORTED names a column that has no Avro type; PLN_ELIMIT, PLN_ENOMEM as for pln_compat_check.
 * Owner: *out is yours; pln_schema_diff_free. Schema and columns may go before it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_schema_drift(pln_runtime *runtime, const pln_avro_schema *declared,
                                    const struct ArrowSchema *columns, int32_t nulls,
                                    pln_schema_diff **out, pln_error *err);

/*
 * The number of changes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_schema_diff_count(const pln_schema_diff *diff);

/*
 * Change number `index`, or NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the diff is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_change *pln_schema_diff_at(const pln_schema_diff *diff, int64_t index);

/*
 * Whom all changes together break.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_schema_diff_breaks(const pln_schema_diff *diff);

/*
 * 1 if there are more changes than are listed (issues_max of the options).
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_schema_diff_truncated(const pln_schema_diff *diff);

/*
 * The diff as JSON: {"breaks": [...], "changes": [{"kind", "path", "where", "before", "after", "text", "breaks"}], "truncated"}; breaks lists
 * "new_readers" and "old_readers".
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is yours; free it with pln_text_free of the runtime that compared.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_schema_diff_json(const pln_schema_diff *diff, char **text, pln_error *err);

/*
 * Free a diff. NULL is allowed.
 *
 * Errors: none.
 * Owner: the diff is gone, with all that it lent.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_schema_diff_free(pln_schema_diff *diff);

/*
 * The name of a kind of change, such as "field_added", or NULL.
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_change_name(int32_t kind);

#ifdef __cplusplus
}
#endif

#endif
