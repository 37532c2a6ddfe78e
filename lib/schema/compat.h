/*
 * Compatibility inside the room: pairs of types, the rules that tie a pair to those below it, and answers in the making.
 *
 * A pair stands for two places in the schemas: named types are one place wherever they are used, all others are told apart by the slot that holds
 * them, as Java tells them apart by identity. Nothing here recurs: schemas choose how deep pairs go.
 */
#ifndef PLN__SCHEMA_COMPAT_H
#define PLN__SCHEMA_COMPAT_H

#include "schema/avro_internal.h"
#include <pln/compat.h>

/* A place where a type stands. */
typedef const pln__avro_type *const *pln__slot;

/* What a step adds to a path. */
enum {
    PLN__STEP_NONE = 0,
    PLN__STEP_FIELD,      /* /fields/N */
    PLN__STEP_FIELD_TYPE, /* /fields/N/type */
    PLN__STEP_BRANCH,     /* /N, a branch of the writer's union */
    PLN__STEP_CHOICE,     /* a branch of the reader's union; no text unless below an issue */
    PLN__STEP_ITEMS,
    PLN__STEP_VALUES,
    PLN__STEP_NAME,
    PLN__STEP_SIZE,
    PLN__STEP_SYMBOLS,
    PLN__STEP_LOGICAL,
    PLN__STEP_PRECISION,
    PLN__STEP_SCALE
};

enum { PLN__ITEM_ISSUE = 0, PLN__ITEM_PAIR, PLN__ITEM_FINE };

/* One thing that a pair asks for: of an issue that it must not be there, of a pair that it fits. */
typedef struct pln__compat_item {
    int32_t what;
    int32_t kind; /* ISSUE */
    int32_t step, index;
    int32_t pair; /* PAIR */
    const pln__avro_type *reader, *writer; /* ISSUE: what it is about */
} pln__compat_item;

typedef struct pln__compat_pair {
    pln__slot reader, writer;
    int64_t first; /* items first .. first + n_items - 1 */
    int32_t n_items;
    bool choice;   /* one item that fits is enough; otherwise all must */
    bool expanded, fails, walking;
    int32_t open;  /* choice: items that may still fit */
    int32_t user;  /* head of the list of edges from those that ask for this pair */
} pln__compat_pair;

/* A pair that asks for another. */
typedef struct pln__compat_edge {
    int32_t from, next;
} pln__compat_edge;

typedef struct pln__compat_graph {
    const pln_allocator *mem;
    pln_compat_options options;
    pln__compat_pair *pairs;
    pln__compat_item *items;
    pln__compat_edge *edges;
    int32_t *table, *queue; /* hash table of pairs + 1; pairs that were found to fail */
    int64_t n_pairs, pairs_capacity, n_items, items_capacity, n_edges, edges_capacity;
    int64_t table_size, n_queue, queue_capacity, judged, work;
    pln__map **lookups; /* by index of a type: its names, once a large one was asked for one */
    int64_t n_lookups;
    const pln__avro_schema *schemas[2];
    int32_t ambiguous; /* pair where a field of the reader means two of the writer's, or -1 */
} pln__compat_graph;

/* ---- pairs and rules (compat_rules.c) ---- */

#define PLN__COMPAT_WORK_MAX (int64_t)10000000

/* `options` is complete (see pln__compat_options_of). */
void pln__compat_graph_init(pln__compat_graph *graph, const pln_allocator *mem,
                            const pln_compat_options *options, const pln__avro_schema *reader,
                            const pln__avro_schema *writer);
void pln__compat_graph_free(pln__compat_graph *graph);
/* Where a schema's root stands. */
pln__slot pln__compat_root(const pln__avro_schema *schema);
pln_status pln__compat_intern(pln__compat_graph *graph, pln__slot reader, pln__slot writer,
                              int32_t *pair, pln_error *err);
/* Find the items of a pair, once. Moves `items` and `pairs`. */
pln_status pln__compat_expand(pln__compat_graph *graph, int32_t pair, pln_error *err);
/* PLN_ELIMIT once all is too much. */
pln_status pln__compat_spend(pln__compat_graph *graph, int64_t steps, pln_error *err);
/* Whether the reader's name, or an alias of it, is the writer's. */
bool pln__compat_named(const pln__compat_graph *graph, const pln__avro_type *reader,
                       const pln__avro_type *writer);
/*
 * The writer's field that a reader's field takes, -1 if none, -2 if there is more than one. In JAVA_PARITY an alias that is the field's own name counts too.
 */
pln_status pln__compat_field(pln__compat_graph *graph, const pln__avro_type *reader, int32_t field,
                             const pln__avro_type *writer, int32_t *out, pln_error *err);
/* The index of a name among a record's fields or an enum's symbols, or -1. */
pln_status pln__compat_find(pln__compat_graph *graph, const pln__avro_type *type, const char *name,
                            int32_t *out, pln_error *err);

/* ---- verdicts (compat_sound.c) ---- */

/* Whether the reader's place can read whatever was written at the writer's: the greatest fixpoint over all pairs below. */
pln_status pln__compat_judge(pln__compat_graph *graph, pln__slot reader, pln__slot writer,
                             bool *fits, pln_error *err);

/* ---- answers (compat_answer.c, compat_json.c) ---- */

typedef struct pln__compat_path pln__compat_path;
struct pln__compat_path {
    const pln__compat_path *up; /* NULL: the root */
    int32_t step, index;
};

/* Issues that are being collected. */
typedef struct pln__compat_issues {
    pln_compat_issue *at;
    int64_t n, capacity;
} pln__compat_issues;

struct pln_compat {
    const pln_allocator *mem;
    pln__arena arena;
    pln__compat_issues issues;
    const char **messages;
    int64_t n_messages, messages_capacity, n_total, text_bytes, version;
    int64_t issues_max;
    bool fails, truncated;
    int32_t old_reads_new; /* of the issues that are added now */
};

/* What limits the texts of one answer: paths can be as long as chains of types. */
#define PLN__COMPAT_TEXT_MAX (int64_t)(16 << 20)
/* How many unions inside unions tell their causes. */
#define PLN__COMPAT_CAUSES_MAX 32

pln_status pln__compat_new(const pln_allocator *mem, const pln_compat_options *options,
                           pln_compat **out, pln_error *err);
/* Room for one more issue; false, and `truncated`, if not. */
bool pln__compat_room(pln_compat *answer);
const pln__compat_path *pln__compat_extend(pln__arena *arena, const pln__compat_path *up,
                                           int32_t step, int32_t index);
/* What a step adds; returns its size. */
int pln__compat_step_text(int32_t step, int32_t index, char out[40]);
/* The issue of an item at `path` (its step not yet in it), added to `to`. */
pln_status pln__compat_add(pln_compat *answer, pln__compat_graph *graph, pln__compat_issues *to,
                           const pln__compat_item *item, const pln__compat_path *path,
                           pln_error *err);

/* ---- the two walks ---- */

/* Add the issues of a pair of schemas to an answer (compat_sound.c, compat_java.c). */
pln_status pln__compat_sound(pln_compat *answer, pln__compat_graph *graph, pln_error *err);
pln_status pln__compat_java(pln_compat *answer, pln__compat_graph *graph, pln_error *err);

/* ---- questions (compat.c, compat_level.c) ---- */

/* Checked and with defaults filled in; NULL: the defaults. */
pln_status pln__compat_options_of(const pln_compat_options *given, pln_compat_options *out,
                                  pln_error *err);
/* Add the issues of one direction. */
pln_status pln__compat_hold(pln_compat *answer, const pln_compat_options *options,
                            const pln__avro_schema *reader, const pln__avro_schema *writer,
                            pln_error *err);
/* Add a line, whose text is taken; a line for every issue from number `first` on. */
pln_status pln__compat_say(pln_compat *answer, pln__text *text, pln_error *err);
pln_status pln__compat_say_issues(pln_compat *answer, const pln_compat_options *options,
                                  int64_t first, pln_error *err);
pln_status pln__compat_check(const pln_allocator *mem, const pln__avro_schema *reader,
                             const pln__avro_schema *writer, const pln_compat_options *options,
                             pln_compat **out, pln_error *err);
/* As pln_compat_check_level. */
pln_status pln__compat_check_level(const pln_allocator *mem, int32_t level,
                                   const pln__avro_schema *schema,
                                   const pln_compat_history *history,
                                   const pln_compat_options *options, pln_compat **out,
                                   pln_error *err);

#endif
