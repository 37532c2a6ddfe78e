/*
 * Differences in the making: places, changes, texts. The walk over both schemas is in diff.c and diff_fields.c; whom a change breaks the checker's verdicts say.
 */
#ifndef PLN__SCHEMA_DIFF_INTERNAL_H
#define PLN__SCHEMA_DIFF_INTERNAL_H

#include "schema/compat.h"
#include <pln/schema_diff.h>

typedef struct pln__place pln__place;
struct pln__place {
    const pln__place *up;
    int32_t step, index;
    const char *name; /* of a field */
};

struct pln_schema_diff {
    const pln_allocator *mem;
    pln__arena arena;
    pln_change *changes;
    int64_t n, capacity, text_bytes, max;
    int32_t breaks;
    bool truncated;
};

enum { PLN__DIFF_PAIR = 0, PLN__DIFF_FIELD, PLN__DIFF_REMOVED };
typedef struct pln__diff_task {
    int32_t kind;
    int32_t may; /* whom changes here can break, by all that is above */
    pln__slot before, after;
    int32_t i, k; /* FIELD, REMOVED: number of the field after and before, -1 none */
    int32_t breaks; /* FIELD, REMOVED: by not being found */
    bool moved, ambiguous;
    const pln__place *place;
} pln__diff_task;

typedef struct pln__diff {
    pln_schema_diff *out;
    pln__compat_graph forward, backward; /* the old schema reads the new one; the new one reads the old */
    pln__arena places;
    pln__map *seen;
    pln__diff_task *tasks;
    int64_t n_tasks, capacity;
    bool drift;
} pln__diff;

/* One change; `format` makes the text behind its place, before and after are copied. */
typedef struct pln__diff_note {
    int32_t kind, breaks;
    const char *before, *after;
} pln__diff_note;
pln_status pln__diff_say(pln__diff *d, const pln__place *place, pln__diff_note note, pln_error *err,
                         const char *format, ...) PLN__PRINTF(5, 6);
const pln__place *pln__diff_place(pln__diff *d, const pln__place *up, int32_t step, int32_t index,
                                  const char *name);
/* "int", "record a.B", "union of null, string"; cut to fit. */
#define PLN__DIFF_TYPE_SIZE 200
const char *pln__diff_type(const pln__avro_type *type, char out[PLN__DIFF_TYPE_SIZE]);
pln_status pln__diff_push(pln__diff *d, pln__diff_task task, pln_error *err);
/* Tasks from `first` on are done in the order in which they were pushed. */
void pln__diff_turn(pln__diff *d, int64_t first);
/* Whom it breaks that these two places meet. */
pln_status pln__diff_judge(pln__diff *d, pln__slot before, pln__slot after, int32_t *breaks,
                           pln_error *err);
/* Records (diff_fields.c): push what is to be done; do one of it. */
pln_status pln__diff_record(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                            pln_error *err);
pln_status pln__diff_field(pln__diff *d, const pln__diff_task *task, pln_error *err);
pln_status pln__diff_removed(pln__diff *d, const pln__diff_task *task, pln_error *err);
/* Docs and aliases of types and fields; NULL texts and 0 aliases: none. */
typedef struct pln__diff_labels {
    const char *doc;
    const char *const *aliases;
    int32_t n_aliases;
} pln__diff_labels;
pln_status pln__diff_compare_labels(pln__diff *d, const pln__place *place, pln__diff_labels before,
                                    pln__diff_labels after, pln_error *err);

pln_status pln__schema_diff(const pln_allocator *mem, const pln__avro_schema *before,
                            const pln__avro_schema *after, const pln_compat_options *options,
                            bool drift, pln_schema_diff **out, pln_error *err);

#endif
