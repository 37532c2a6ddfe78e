/*
 * Resolution in four passes over pairs of types (writer's, reader's): find every pair that can meet, decide which can be read whole (a greatest
 * fixpoint, so that what a recursive pair assumes of itself is taken back where it turns out false), choose the reader's union branches by it, and
 * write the pairs down as steps.
 */
#include "schema/avro.h"

/* Children of all pairs: two schemas of a megabyte can be made to meet in more ways than anybody needs. */
#define EDGES_MAX (1 << 21)
#define SWEEPS_MAX 64

typedef struct pair {
    const pln__avro_type *writer, *reader;
    int32_t action;
    bool same;       /* both are the reader's: the way of a default */
    bool whole;      /* every datum can be read */
    bool some;       /* at least one can */
    int32_t chosen;  /* READER_UNION: among the candidates */
    int64_t first;   /* edges: RECORD takes, then fills; unions, ARRAY, MAP children */
    int32_t n_edges;
    int32_t n_fills; /* RECORD: of n_edges, at the end */
    int64_t cause;   /* the edge by which `some` became false; -1 none */
    int32_t *numbers; /* reader fields of takes and fills; branches of candidates; symbols */
    const char *message;
} pair;

/* Memory that lives as long as the resolution. */
typedef struct block {
    struct block *next;
    uint64_t size, used;
} block;
#define BLOCK_SIZE 16384

struct pln__avro_resolution {
    const pln_allocator *mem;
    pln__avro_schema *writer, *reader;
    block *blocks;
    pln__avro_step *steps;
    int32_t n_steps;
};

typedef struct work {
    const pln_allocator *mem;
    pln__avro_resolution *to;
    pln_error *err;
    pair *pairs;
    int64_t n_pairs, pairs_capacity;
    int32_t *edges;
    int64_t n_edges, edges_capacity;
    pln__map *found;    /* pair by its types */
    pln__map *defaults; /* of reader fields, by their address: edges of the same bytes */
    pln__map *names;    /* of one writer record */
    const pln__avro_type *names_of;
    pln__avro_fill *fills;
    int64_t n_fills, fills_capacity;
} work;

/* ---- memory ---- */

static void *take(work *w, uint64_t size) {
    pln__avro_resolution *to = w->to;
    size = (size + 15) & ~(uint64_t)15;
    block *at = to->blocks;
    if (at == NULL || at->size - at->used < size) {
        uint64_t room = sizeof(block) + (size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE);
        block *fresh = pln__alloc(w->mem, room);
        if (fresh == NULL) {
            (void)pln__error_memory(w->err, room);
            return NULL;
        }
        *fresh = (block){at, room, sizeof(block)};
        at = to->blocks = fresh;
    }
    void *found = (uint8_t *)at + at->used;
    at->used += size;
    return memset(found, 0, (size_t)size);
}

static const char *sentence(work *w, const pln__text *text) {
    if (pln__text_status(text, w->err) < 0)
        return NULL;
    char *copy = take(w, (uint64_t)text->size + 1);
    if (copy != NULL && text->size > 0)
        memcpy(copy, text->data, (size_t)text->size);
    return copy;
}

/* Makes the pair an error with a message; false on lack of memory. */
static bool misfit(work *w, int64_t at, const char *format, ...) PLN__PRINTF(3, 4);
static bool misfit(work *w, int64_t at, const char *format, ...) {
    pln__text text;
    va_list args;
    pln_error scratch = {0};
    va_start(args, format);
    (void)pln__error_setv(&scratch, PLN_ETYPE, format, args);
    va_end(args);
    pln__text_init(&text, w->mem);
    pln__text_str(&text, scratch.message);
    w->pairs[at].action = PLN__AVRO_STEP_ERROR;
    w->pairs[at].n_edges = w->pairs[at].n_fills = 0;
    w->pairs[at].message = sentence(w, &text);
    pln__text_free(&text);
    return w->pairs[at].message != NULL;
}

/* ---- which types meet ---- */

static bool is_named(const pln__avro_type *type) {
    return type->kind == PLN__AVRO_RECORD || type->kind == PLN__AVRO_ENUM ||
           type->kind == PLN__AVRO_FIXED;
}

static bool has_alias(const pln__avro_type *reader, const char *name) {
    for (int32_t i = 0; i < reader->n_aliases; i++)
        if (strcmp(reader->aliases[i], name) == 0)
            return true;
    return false;
}

static bool promotes(int32_t from, int32_t to) {
    switch (from) {
    case PLN__AVRO_INT:
        return to == PLN__AVRO_LONG || to == PLN__AVRO_FLOAT || to == PLN__AVRO_DOUBLE;
    case PLN__AVRO_LONG: return to == PLN__AVRO_FLOAT || to == PLN__AVRO_DOUBLE;
    case PLN__AVRO_FLOAT: return to == PLN__AVRO_DOUBLE;
    case PLN__AVRO_STRING: return to == PLN__AVRO_BYTES;
    case PLN__AVRO_BYTES: return to == PLN__AVRO_STRING;
    default: return false;
    }
}

/* How well two types that are no unions meet by kind and name. */
enum { MEET_EXACT, MEET_NAME, MEET_PROMOTION, MEET_NOT };
static int meet(const pln__avro_type *writer, const pln__avro_type *reader) {
    if (writer->kind != reader->kind)
        return promotes(writer->kind, reader->kind) ? MEET_PROMOTION : MEET_NOT;
    if (!is_named(writer) || strcmp(writer->full_name, reader->full_name) == 0)
        return MEET_EXACT;
    if (strcmp(writer->name, reader->name) == 0 || has_alias(reader, writer->full_name))
        return MEET_NAME;
    return MEET_NOT;
}

static const char *word(const pln__avro_type *type, char out[160]) {
    pln_error text = {0};
    (void)pln__error_set(&text, PLN_ETYPE, is_named(type) ? "%s %.120s" : "%s",
                         pln__avro_kind_name(type->kind), is_named(type) ? type->full_name : "");
    memcpy(out, text.message, 159);
    out[159] = '\0';
    return out;
}

/* ---- pass 1: pairs ---- */

static pln_status pair_of(work *w, const pln__avro_type *writer, const pln__avro_type *reader,
                          bool same, int32_t *out) {
    pln_status status = PLN_OK;
    int32_t key[3] = {writer->index, reader->index, same};
    int64_t at = 0;
    if (!pln__map_get(w->found, key, sizeof key, &at)) {
        at = w->n_pairs;
        PLN__TRY(pln__grow(w->mem, &w->pairs, &w->pairs_capacity, at + 1, sizeof(pair), w->err));
        PLN__TRY(pln__map_put(w->found, key, sizeof key, at, w->err));
        w->pairs[w->n_pairs++] = (pair){.writer = writer,
                                        .reader = reader,
                                        .same = same,
                                        .whole = true,
                                        .some = true,
                                        .cause = -1};
    }
    *out = (int32_t)at;
out:
    return status;
}

static pln_status edge(work *w, int32_t to) {
    if (w->n_edges >= EDGES_MAX)
        return pln__error_set(w->err, PLN_ELIMIT,
                              "Avro schemas: writer and reader meet in more than %d ways",
                              EDGES_MAX);
    pln_status status =
        pln__grow(w->mem, &w->edges, &w->edges_capacity, w->n_edges + 1, sizeof *w->edges, w->err);
    if (status >= 0)
        w->edges[w->n_edges++] = to;
    return status;
}

static pln_status edge_to(work *w, const pln__avro_type *writer, const pln__avro_type *reader,
                          bool same) {
    int32_t to;
    pln_status status = pair_of(w, writer, reader, same, &to);
    return status < 0 ? status : edge(w, to);
}

static pln_status no_memory(void) {
    return PLN_ENOMEM;
}

static pln_status expand_enum(work *w, int64_t at) {
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    pln_status status = PLN_OK;
    pln__map *symbols = pln__map_new(w->mem, 0);
    int32_t *numbers = take(w, ((uint64_t)writer->n_symbols + 1) * sizeof *numbers);
    bool some = writer->n_symbols == 0, whole = true;
    if (symbols == NULL || numbers == NULL)
        PLN__FAIL(w->err, PLN_ENOMEM, "out of memory");
    for (int32_t i = 0; i < reader->n_symbols; i++)
        PLN__TRY(pln__map_put(symbols, reader->symbols[i], (int64_t)strlen(reader->symbols[i]), i,
                              w->err));
    for (int32_t i = 0; i < writer->n_symbols; i++) {
        int64_t found = reader->default_symbol;
        (void)pln__map_get(symbols, writer->symbols[i], (int64_t)strlen(writer->symbols[i]),
                           &found);
        numbers[i] = (int32_t)found;
        some |= found >= 0;
        whole &= found >= 0;
    }
    w->pairs[at].action = PLN__AVRO_STEP_ENUM;
    w->pairs[at].numbers = numbers;
    w->pairs[at].whole = whole;
    if (!some &&
        !misfit(w, at, "enum %s: the reader has none of the writer's symbols", reader->full_name))
        status = no_memory();
out:
    if (symbols != NULL)
        pln__map_free(symbols);
    return status;
}

/* The writer's fields by name; kept while the same record is met again, as it is in unions. */
static pln_status learn_names(work *w, const pln__avro_type *record) {
    pln_status status = PLN_OK;
    if (w->names != NULL && w->names_of == record)
        return PLN_OK;
    if (w->names != NULL)
        pln__map_free(w->names);
    w->names_of = NULL;
    w->names = pln__map_new(w->mem, 0);
    if (w->names == NULL)
        return pln__error_memory(w->err, sizeof(void *));
    for (int32_t i = 0; i < record->n_fields; i++)
        PLN__TRY(pln__map_put(w->names, record->fields[i].name,
                              (int64_t)strlen(record->fields[i].name), i, w->err));
    w->names_of = record;
out:
    return status;
}

/* The writer's fields that a reader field means, by name and by alias: the first two of them. Returns how many (at most 2). */
static int matches(const work *w, const pln__avro_field *field, int64_t found[2]) {
    int n = 0;
    for (int32_t i = -1; i < field->n_aliases && n < 2; i++) {
        const char *name = i < 0 ? field->name : field->aliases[i];
        int64_t at = 0;
        if (pln__map_get(w->names, name, (int64_t)strlen(name), &at) && (n == 0 || found[0] != at))
            found[n++] = at;
    }
    return n;
}

static pln_status default_of(work *w, const pln__avro_field *field, int32_t number,
                             pln__avro_fill *out) {
    pln_status status = PLN_OK;
    pln__buffer bytes = {0};
    int64_t at = 0;
    uint64_t key = (uint64_t)(uintptr_t)field;
    if (pln__map_get(w->defaults, &key, sizeof key, &at)) {
        *out = w->fills[at];
        return PLN_OK;
    }
    PLN__TRY(pln__avro_default_binary(w->mem, field->type, field->fallback, &bytes, w->err));
    /* Padded, so that a decoder may read it as it reads everything else. */
    uint8_t *copy = take(w, (uint64_t)bytes.size + PLN__PADDING);
    if (copy == NULL)
        PLN__FAIL(w->err, PLN_ENOMEM, "out of memory");
    if (bytes.size > 0)
        memcpy(copy, bytes.data, (size_t)bytes.size);
    *out = (pln__avro_fill){.reader_field = number, .bytes = copy, .size = bytes.size};
    PLN__TRY(
        pln__grow(w->mem, &w->fills, &w->fills_capacity, w->n_fills + 1, sizeof *w->fills, w->err));
    PLN__TRY(pln__map_put(w->defaults, &key, sizeof key, w->n_fills, w->err));
    w->fills[w->n_fills++] = *out;
out:
    pln__buffer_free(w->mem, &bytes);
    return status;
}

/* numbers: the reader's field for each of the writer's, then those to be filled. *bad: the pair has become an error. */
static pln_status match_fields(work *w, int64_t at, int32_t *numbers, int32_t *n_fills, bool *bad) {
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    pln_status status = learn_names(w, writer);
    for (int32_t i = 0; i < writer->n_fields; i++)
        numbers[i] = -1;
    for (int32_t i = 0; i < reader->n_fields && status >= 0 && !*bad; i++) {
        const pln__avro_field *field = &reader->fields[i];
        int64_t found[2] = {0, 0};
        int n = matches(w, field, found);
        *bad = n == 2 || (n == 0 && field->fallback == NULL) || (n == 1 && numbers[found[0]] >= 0);
        if (n == 2)
            status = misfit(w, at,
                            "record %s: field '%s' of the reader matches two fields of the "
                            "writer, '%s' and '%s'",
                            reader->full_name, field->name, writer->fields[found[0]].name,
                            writer->fields[found[1]].name)
                         ? PLN_OK
                         : no_memory();
        else if (*bad && n == 1)
            status = misfit(w, at, "record %s: fields '%s' and '%s' of the reader both match '%s'",
                            reader->full_name, reader->fields[numbers[found[0]]].name, field->name,
                            writer->fields[found[0]].name)
                         ? PLN_OK
                         : no_memory();
        else if (*bad)
            status = misfit(w, at, "record %s: field '%s' is not in the writer and has no default",
                            reader->full_name, field->name)
                         ? PLN_OK
                         : no_memory();
        else if (n == 1)
            numbers[found[0]] = i;
        else
            numbers[writer->n_fields + (*n_fills)++] = i;
    }
    return status;
}

static pln_status expand_record(work *w, int64_t at) {
    pln_status status = PLN_OK;
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    bool same = w->pairs[at].same, bad = false;
    int32_t n_fills = 0;
    int32_t *numbers =
        take(w, ((uint64_t)writer->n_fields + (uint64_t)reader->n_fields + 1) * sizeof *numbers);
    if (numbers == NULL)
        return no_memory();
    if (writer == reader)
        for (int32_t i = 0; i < writer->n_fields; i++)
            numbers[i] = i;
    else
        PLN__TRY(match_fields(w, at, numbers, &n_fills, &bad));
    if (bad)
        return PLN_OK;
    w->pairs[at].action = PLN__AVRO_STEP_RECORD;
    w->pairs[at].numbers = numbers;
    w->pairs[at].first = w->n_edges;
    w->pairs[at].n_edges = writer->n_fields + n_fills;
    w->pairs[at].n_fills = n_fills;
    for (int32_t i = 0; i < writer->n_fields; i++)
        PLN__TRY(numbers[i] < 0
                     ? edge(w, -1)
                     : edge_to(w, writer->fields[i].type, reader->fields[numbers[i]].type, same));
    for (int32_t i = 0; i < n_fills; i++) {
        const pln__avro_type *type = reader->fields[numbers[writer->n_fields + i]].type;
        PLN__TRY(edge_to(w, type, type, true));
    }
out:
    return status;
}

static pln_status expand_reader_union(work *w, int64_t at) {
    pln_status status = PLN_OK;
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    bool same = w->pairs[at].same;
    char name[160];
    int32_t n = 0;
    int32_t *numbers = take(w, ((uint64_t)reader->n_branches + 1) * sizeof *numbers);
    if (numbers == NULL)
        return no_memory();
    w->pairs[at].action = PLN__AVRO_STEP_READER_UNION;
    w->pairs[at].numbers = numbers;
    w->pairs[at].first = w->n_edges;
    for (int tier = MEET_EXACT; tier < MEET_NOT; tier++)
        for (int32_t i = 0; i < reader->n_branches; i++)
            if (meet(writer, reader->branches[i]) == tier) {
                numbers[n++] = i;
                PLN__TRY(edge_to(w, writer, reader->branches[i], same));
            }
    w->pairs[at].n_edges = n;
    if (n == 0 && !misfit(w, at, "the reader's union has no branch for %s", word(writer, name)))
        status = no_memory();
out:
    return status;
}

static pln_status expand_writer_union(work *w, int64_t at) {
    pln_status status = PLN_OK;
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    bool same = w->pairs[at].same;
    w->pairs[at].action = PLN__AVRO_STEP_WRITER_UNION;
    w->pairs[at].first = w->n_edges;
    w->pairs[at].n_edges = writer->n_branches;
    for (int32_t i = 0; i < writer->n_branches; i++)
        PLN__TRY(edge_to(w, writer->branches[i], reader, same));
out:
    return status;
}

static pln_status expand_same_kind(work *w, int64_t at) {
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    switch (writer->kind) {
    case PLN__AVRO_RECORD: return expand_record(w, at);
    case PLN__AVRO_ENUM: return expand_enum(w, at);
    case PLN__AVRO_ARRAY:
    case PLN__AVRO_MAP:
        w->pairs[at].action =
            writer->kind == PLN__AVRO_ARRAY ? PLN__AVRO_STEP_ARRAY : PLN__AVRO_STEP_MAP;
        w->pairs[at].first = w->n_edges;
        w->pairs[at].n_edges = 1;
        return edge_to(w, writer->items, reader->items, w->pairs[at].same);
    case PLN__AVRO_FIXED:
        if (writer->size != reader->size &&
            !misfit(w, at, "fixed %s: %lld bytes in the writer, %lld in the reader",
                    reader->full_name, (long long)writer->size, (long long)reader->size))
            return no_memory();
        return PLN_OK;
    default: return PLN_OK; /* SAME is 0 */
    }
}

static pln_status expand(work *w, int64_t at) {
    const pln__avro_type *writer = w->pairs[at].writer, *reader = w->pairs[at].reader;
    char from[160], to[160];
    if (writer->kind == PLN__AVRO_UNION)
        return expand_writer_union(w, at);
    if (reader->kind == PLN__AVRO_UNION)
        return expand_reader_union(w, at);
    switch (meet(writer, reader)) {
    case MEET_NOT:
        return misfit(w, at, "the writer's %s cannot be read as %s", word(writer, from),
                      word(reader, to))
                   ? PLN_OK
                   : no_memory();
    case MEET_PROMOTION: w->pairs[at].action = PLN__AVRO_STEP_PROMOTE; return PLN_OK;
    default: return expand_same_kind(w, at);
    }
}

/* ---- pass 2 and 3: what can be read ---- */

/* There may be none at all, and nothing may be added to a null pointer. */
static const int32_t *edges_of(const work *w, const pair *p) {
    return w->edges == NULL ? NULL : w->edges + p->first;
}

static bool whole_now(const work *w, const pair *p) {
    const int32_t *to = edges_of(w, p);
    bool any = p->action == PLN__AVRO_STEP_READER_UNION;
    if (p->action == PLN__AVRO_STEP_ERROR)
        return false;
    for (int32_t i = 0; i < p->n_edges - p->n_fills; i++)
        if (to[i] >= 0 && w->pairs[to[i]].whole == any)
            return any;
    return any ? false : p->whole;
}

static bool some_now(const work *w, pair *p) {
    const int32_t *to = edges_of(w, p);
    switch (p->action) {
    case PLN__AVRO_STEP_ERROR: return false;
    case PLN__AVRO_STEP_RECORD:
        for (int32_t i = 0; i < p->n_edges - p->n_fills; i++)
            if (to[i] >= 0 && !w->pairs[to[i]].some) {
                p->cause = p->first + i;
                return false;
            }
        return true;
    case PLN__AVRO_STEP_WRITER_UNION:
        for (int32_t i = 0; i < p->n_edges; i++)
            if (w->pairs[to[i]].some)
                return true;
        p->cause = p->first;
        return p->n_edges == 0;
    case PLN__AVRO_STEP_READER_UNION:
        p->cause = p->first + p->chosen;
        return w->pairs[to[p->chosen]].some;
    default: return true;
    }
}

/* Children come after their parents, mostly: backwards, one sweep settles all but cycles. */
static pln_status settle(work *w, bool whole) {
    bool changed = true;
    for (int sweep = 0; changed; sweep++) {
        if (sweep == SWEEPS_MAX && w->n_pairs > 4096)
            return pln__error_set(w->err, PLN_ELIMIT,
                                  "Avro schemas: the recursion of %lld pairs of types is too deep",
                                  (long long)w->n_pairs);
        changed = false;
        for (int64_t i = w->n_pairs; i-- > 0;) {
            pair *p = &w->pairs[i];
            bool *flag = whole ? &p->whole : &p->some;
            bool now = *flag && (whole ? whole_now(w, p) : some_now(w, p));
            changed |= now != *flag;
            *flag = now;
        }
    }
    return PLN_OK;
}

static void choose(work *w) {
    for (int64_t i = 0; i < w->n_pairs; i++) {
        pair *p = &w->pairs[i];
        if (p->action != PLN__AVRO_STEP_READER_UNION)
            continue;
        const int32_t *to = edges_of(w, p);
        int32_t best = -1;
        for (int32_t k = 0; k < p->n_edges && best < 0; k++)
            if (w->pairs[to[k]].whole)
                best = k;
        for (int32_t k = 0; k < p->n_edges && best < 0; k++)
            if (w->pairs[to[k]].action != PLN__AVRO_STEP_ERROR)
                best = k;
        p->chosen = best < 0 ? 0 : best;
    }
}

static pln_status refuse(work *w) {
    const pair *p = &w->pairs[0];
    pln__text path;
    pln__text_init(&path, w->mem);
    while (p->action != PLN__AVRO_STEP_ERROR && p->cause >= 0) {
        int64_t i = p->cause - p->first;
        if (p->action == PLN__AVRO_STEP_RECORD)
            pln__text_printf(&path, "%s%s", path.size == 0 ? "" : ".", p->writer->fields[i].name);
        p = &w->pairs[w->edges[p->cause]];
    }
    const char *why = p->message == NULL ? "no datum can be read" : p->message;
    pln_status status =
        path.size == 0 || path.failed
            ? pln__error_set(w->err, PLN_ETYPE, "Avro schemas: %s", why)
            : pln__error_set(w->err, PLN_ETYPE, "Avro schemas: field %s: %s", path.data, why);
    pln__text_free(&path);
    return status;
}

/* ---- pass 4: steps ---- */

static pln_status write_record(work *w, const pair *p, pln__avro_step *step) {
    pln_status status = PLN_OK;
    pln__avro_step *steps = w->to->steps;
    int32_t n = p->n_edges - p->n_fills;
    pln__avro_take *takes = take(w, ((uint64_t)n + 1) * sizeof *takes);
    pln__avro_fill *fills = take(w, ((uint64_t)p->n_fills + 1) * sizeof *fills);
    if (takes == NULL || fills == NULL)
        return no_memory();
    for (int32_t i = 0; i < n; i++) {
        int32_t to = w->edges[p->first + i];
        takes[i] = (pln__avro_take){p->numbers[i], to < 0 ? NULL : &steps[to]};
    }
    for (int32_t i = 0; i < p->n_fills; i++) {
        int32_t number = p->numbers[n + i];
        PLN__TRY(default_of(w, &p->reader->fields[number], number, &fills[i]));
        fills[i].step = &steps[w->edges[p->first + n + i]];
    }
    step->takes = takes;
    step->fills = fills;
    step->n_fills = p->n_fills;
out:
    return status;
}

static pln_status write_step(work *w, int64_t at) {
    const pair *p = &w->pairs[at];
    pln__avro_step *steps = w->to->steps, *step = &steps[at];
    step->action = p->action;
    step->index = (int32_t)at;
    step->writer = p->writer;
    step->reader = p->reader;
    step->message = p->message;
    if (p->action == PLN__AVRO_STEP_ENUM)
        step->symbols = p->numbers;
    if (p->action == PLN__AVRO_STEP_RECORD)
        return write_record(w, p, step);
    if (p->n_edges == 0)
        return PLN_OK;
    bool reader_union = p->action == PLN__AVRO_STEP_READER_UNION;
    int32_t n = reader_union ? 1 : p->n_edges;
    const pln__avro_step **children = take(w, (uint64_t)n * sizeof *children);
    if (children == NULL)
        return no_memory();
    for (int32_t i = 0; i < n; i++)
        children[i] = &steps[w->edges[p->first + (reader_union ? p->chosen : i)]];
    step->branch = reader_union ? p->numbers[p->chosen] : 0;
    step->children = children;
    return PLN_OK;
}

static pln_status resolve(work *w) {
    pln_status status = PLN_OK;
    int32_t top;
    pln__avro_resolution *to = w->to;
    w->found = pln__map_new(w->mem, 0);
    w->defaults = pln__map_new(w->mem, 0);
    if (w->found == NULL || w->defaults == NULL)
        return pln__error_memory(w->err, sizeof(void *));
    PLN__TRY(pair_of(w, pln__avro_root(to->writer), pln__avro_root(to->reader), false, &top));
    for (int64_t i = 0; i < w->n_pairs; i++)
        PLN__TRY(expand(w, i));
    PLN__TRY(settle(w, true));
    choose(w);
    PLN__TRY(settle(w, false));
    if (!w->pairs[0].some)
        return refuse(w);
    to->steps = pln__calloc(w->mem, (uint64_t)w->n_pairs, sizeof *to->steps);
    if (to->steps == NULL)
        return pln__error_memory(w->err, (uint64_t)w->n_pairs * sizeof *to->steps);
    to->n_steps = (int32_t)w->n_pairs;
    for (int64_t i = 0; i < w->n_pairs; i++)
        PLN__TRY(write_step(w, i));
out:
    return status;
}

static void work_free(work *w) {
    pln__map *maps[] = {w->found, w->defaults, w->names};
    for (int i = 0; i < PLN__COUNT(maps); i++)
        if (maps[i] != NULL)
            pln__map_free(maps[i]);
    pln__free(w->mem, w->pairs, (uint64_t)w->pairs_capacity * sizeof *w->pairs);
    pln__free(w->mem, w->edges, (uint64_t)w->edges_capacity * sizeof *w->edges);
    pln__free(w->mem, w->fills, (uint64_t)w->fills_capacity * sizeof *w->fills);
}

pln_status pln__avro_resolve(const pln_allocator *mem, const pln__avro_schema *writer,
                             const pln__avro_schema *reader, pln__avro_resolution **out,
                             pln_error *err) {
    *out = NULL;
    pln__avro_resolution *to = pln__calloc(mem, 1, sizeof *to);
    if (to == NULL)
        return pln__error_memory(err, sizeof *to);
    to->mem = mem;
    to->writer = pln__avro_schema_ref(writer);
    to->reader = pln__avro_schema_ref(reader);
    work w = {.mem = mem, .to = to, .err = err};
    pln_status status = resolve(&w);
    work_free(&w);
    if (status < 0)
        pln__avro_resolution_free(to);
    else
        *out = to;
    return status;
}

const pln__avro_step *pln__avro_resolution_top(const pln__avro_resolution *resolution) {
    return &resolution->steps[0];
}

int32_t pln__avro_resolution_count(const pln__avro_resolution *resolution) {
    return resolution->n_steps;
}

const pln__avro_schema *pln__avro_resolution_writer(const pln__avro_resolution *resolution) {
    return resolution->writer;
}

const pln__avro_schema *pln__avro_resolution_reader(const pln__avro_resolution *resolution) {
    return resolution->reader;
}

void pln__avro_resolution_free(pln__avro_resolution *resolution) {
    if (resolution == NULL)
        return;
    const pln_allocator *mem = resolution->mem;
    for (block *at = resolution->blocks, *next; at != NULL; at = next) {
        next = at->next;
        pln__free(mem, at, at->size);
    }
    pln__free(mem, resolution->steps, (uint64_t)resolution->n_steps * sizeof *resolution->steps);
    pln__avro_schema_unref(resolution->writer);
    pln__avro_schema_unref(resolution->reader);
    pln__free(mem, resolution, sizeof *resolution);
}
