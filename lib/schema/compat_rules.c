#include "schema/compat.h"

/* From how many names on a table pays. */
enum { SMALL = 12 };

void pln__compat_graph_init(pln__compat_graph *graph, const pln_allocator *mem,
                            const pln_compat_options *options, const pln__avro_schema *reader,
                            const pln__avro_schema *writer) {
    memset(graph, 0, sizeof *graph);
    graph->mem = mem;
    graph->options = *options;
    graph->schemas[0] = reader;
    graph->schemas[1] = writer;
    graph->ambiguous = -1;
}

void pln__compat_graph_free(pln__compat_graph *graph) {
    const pln_allocator *mem = graph->mem;
    for (int64_t i = 0; i < graph->n_lookups; i++)
        pln__map_free(graph->lookups[i]);
    pln__free(mem, graph->lookups, (uint64_t)graph->n_lookups * sizeof(void *));
    pln__free(mem, graph->pairs, (uint64_t)graph->pairs_capacity * sizeof *graph->pairs);
    pln__free(mem, graph->items, (uint64_t)graph->items_capacity * sizeof *graph->items);
    pln__free(mem, graph->edges, (uint64_t)graph->edges_capacity * sizeof *graph->edges);
    pln__free(mem, graph->queue, (uint64_t)graph->queue_capacity * sizeof *graph->queue);
    pln__free(mem, graph->table, (uint64_t)graph->table_size * sizeof *graph->table);
}

pln__slot pln__compat_root(const pln__avro_schema *schema) {
    return &schema->root;
}

pln_status pln__compat_spend(pln__compat_graph *graph, int64_t steps, pln_error *err) {
    graph->work += steps;
    if (graph->work <= PLN__COMPAT_WORK_MAX)
        return PLN_OK;
    return pln__error_set(err, PLN_ELIMIT,
                          "compatibility: the two schemas need more than %lld comparisons",
                          (long long)PLN__COMPAT_WORK_MAX);
}

/* ---- pairs ---- */

static uintptr_t identity(pln__slot slot) {
    return pln__avro_is_named((*slot)->kind) ? (uintptr_t)*slot : (uintptr_t)slot;
}

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
    return x ^ (x >> 33);
}

static uint64_t hash_of(pln__slot reader, pln__slot writer) {
    return mix(mix((uint64_t)identity(reader)) + (uint64_t)identity(writer));
}

static pln_status rehash(pln__compat_graph *graph, pln_error *err) {
    int64_t size = graph->table_size == 0 ? 32 : graph->table_size * 2;
    int32_t *table = pln__calloc(graph->mem, (uint64_t)size, sizeof *table);
    if (table == NULL)
        return pln__error_memory(err, (uint64_t)size * sizeof *table);
    for (int64_t i = 0; i < graph->n_pairs; i++) {
        int64_t at = (int64_t)(hash_of(graph->pairs[i].reader, graph->pairs[i].writer) &
                               (uint64_t)(size - 1));
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = (int32_t)i + 1;
    }
    pln__free(graph->mem, graph->table, (uint64_t)graph->table_size * sizeof *table);
    graph->table = table;
    graph->table_size = size;
    return PLN_OK;
}

static pln_status add_pair(pln__compat_graph *graph, pln__slot reader, pln__slot writer, int64_t at,
                           int32_t *pair, pln_error *err) {
    pln_status status = pln__compat_spend(graph, 8, err);
    if (status == PLN_OK)
        status = pln__grow(graph->mem, &graph->pairs, &graph->pairs_capacity, graph->n_pairs + 1,
                           sizeof *graph->pairs, err);
    if (status < 0)
        return status;
    *pair = (int32_t)graph->n_pairs++;
    graph->pairs[*pair] = (pln__compat_pair){.reader = reader, .writer = writer, .user = -1};
    graph->table[at] = *pair + 1;
    return PLN_OK;
}

pln_status pln__compat_intern(pln__compat_graph *graph, pln__slot reader, pln__slot writer,
                              int32_t *pair, pln_error *err) {
    if (graph->n_pairs * 2 >= graph->table_size) {
        pln_status status = rehash(graph, err);
        if (status < 0)
            return status;
    }
    int64_t mask = graph->table_size - 1;
    int64_t at = (int64_t)(hash_of(reader, writer) & (uint64_t)mask);
    for (; graph->table[at] != 0; at = (at + 1) & mask) {
        const pln__compat_pair *have = &graph->pairs[graph->table[at] - 1];
        if (identity(have->reader) == identity(reader) &&
            identity(have->writer) == identity(writer)) {
            *pair = graph->table[at] - 1;
            return PLN_OK;
        }
    }
    return add_pair(graph, reader, writer, at, pair, err);
}

/* ---- names ---- */

bool pln__compat_named(const pln__compat_graph *graph, const pln__avro_type *reader,
                       const pln__avro_type *writer) {
    if (graph->options.ignore_names || strcmp(reader->name, writer->name) == 0)
        return true;
    for (int32_t i = 0; i < reader->n_aliases; i++)
        if (strcmp(reader->aliases[i], writer->full_name) == 0)
            return true;
    return false;
}

static const char *name_at(const pln__avro_type *type, int32_t i) {
    return type->kind == PLN__AVRO_ENUM ? type->symbols[i] : type->fields[i].name;
}

static int32_t count_of(const pln__avro_type *type) {
    return type->kind == PLN__AVRO_ENUM ? type->n_symbols : type->n_fields;
}

/* Types of both schemas share the table: those of the writer stand behind the reader's. */
static pln_status lookup_of(pln__compat_graph *graph, const pln__avro_type *type, pln__map **out,
                            pln_error *err) {
    const pln__avro_schema *first = graph->schemas[0];
    int64_t n = first->n_types + graph->schemas[1]->n_types;
    bool mine = type->index < first->n_types && first->types[type->index] == type;
    if (graph->lookups == NULL) {
        graph->lookups = pln__calloc(graph->mem, (uint64_t)n, sizeof(void *));
        if (graph->lookups == NULL)
            return pln__error_memory(err, (uint64_t)n * sizeof(void *));
        graph->n_lookups = n;
    }
    pln__map **map = &graph->lookups[mine ? type->index : first->n_types + type->index];
    pln_status status = PLN_OK;
    if (*map == NULL) {
        *map = pln__map_new(graph->mem, (uint64_t)(uintptr_t)graph);
        if (*map == NULL)
            return pln__error_memory(err, 64);
        for (int32_t i = count_of(type) - 1; i >= 0 && status == PLN_OK; i--)
            status =
                pln__map_put(*map, name_at(type, i), (int64_t)strlen(name_at(type, i)), i, err);
    }
    *out = *map;
    return status;
}

pln_status pln__compat_find(pln__compat_graph *graph, const pln__avro_type *type, const char *name,
                            int32_t *out, pln_error *err) {
    pln__map *map = NULL;
    int64_t found;
    *out = -1;
    graph->work++;
    if (count_of(type) <= SMALL) {
        for (int32_t i = 0; i < count_of(type) && *out < 0; i++)
            if (strcmp(name_at(type, i), name) == 0)
                *out = i;
        return PLN_OK;
    }
    pln_status status = lookup_of(graph, type, &map, err);
    if (status == PLN_OK && pln__map_get(map, name, (int64_t)strlen(name), &found))
        *out = (int32_t)found;
    return status;
}

/* Java keeps aliases in a set. */
static bool alias_seen(const pln__avro_field *field, int32_t i) {
    for (int32_t k = 0; k < i; k++)
        if (strcmp(field->aliases[k], field->aliases[i]) == 0)
            return true;
    return false;
}

pln_status pln__compat_field(pln__compat_graph *graph, const pln__avro_type *reader, int32_t field,
                             const pln__avro_type *writer, int32_t *out, pln_error *err) {
    const pln__avro_field *f = &reader->fields[field];
    bool java = graph->options.mode == PLN_COMPAT_JAVA_PARITY;
    int32_t found;
    pln_status status = pln__compat_find(graph, writer, f->name, out, err);
    for (int32_t i = 0; i < f->n_aliases && status == PLN_OK && *out != -2; i++) {
        status = pln__compat_find(graph, writer, f->aliases[i], &found, err);
        if (status < 0 || found < 0)
            continue;
        if (*out < 0)
            *out = found;
        else if (*out != found || (java && !alias_seen(f, i)))
            *out = -2;
    }
    return status;
}

/* ---- rules ---- */

static pln_status add_item(pln__compat_graph *graph, pln__compat_item item, pln_error *err) {
    pln_status status = pln__grow(graph->mem, &graph->items, &graph->items_capacity,
                                  graph->n_items + 1, sizeof item, err);
    if (status == PLN_OK)
        graph->items[graph->n_items++] = item;
    return status;
}

static pln_status add_issue(pln__compat_graph *graph, int32_t kind, int32_t step, int32_t index,
                            const pln__avro_type *reader, const pln__avro_type *writer,
                            pln_error *err) {
    return add_item(
        graph, (pln__compat_item){PLN__ITEM_ISSUE, kind, step, index, -1, reader, writer}, err);
}

static bool promotes(int32_t writer, int32_t reader) {
    switch (reader) {
    case PLN__AVRO_LONG: return writer == PLN__AVRO_INT;
    case PLN__AVRO_FLOAT: return writer == PLN__AVRO_INT || writer == PLN__AVRO_LONG;
    case PLN__AVRO_DOUBLE:
        return writer == PLN__AVRO_INT || writer == PLN__AVRO_LONG || writer == PLN__AVRO_FLOAT;
    case PLN__AVRO_BYTES: return writer == PLN__AVRO_STRING;
    case PLN__AVRO_STRING: return writer == PLN__AVRO_BYTES;
    default: return false;
    }
}

static bool logical_differs(const pln__compat_graph *graph, const pln__avro_type *r,
                            const pln__avro_type *w) {
    if (!graph->options.strict_logical || r->logical == PLN__AVRO_PLAIN ||
        w->logical == PLN__AVRO_PLAIN)
        return false;
    return r->logical != w->logical || r->precision != w->precision || r->scale != w->scale;
}

static bool is_leaf(const pln__avro_type *type) {
    return type->kind <= PLN__AVRO_STRING;
}

/* Primitives that fit need no pair. */
static bool leaf_fits(const pln__compat_graph *graph, const pln__avro_type *r,
                      const pln__avro_type *w) {
    return is_leaf(r) && is_leaf(w) && (r->kind == w->kind || promotes(w->kind, r->kind)) &&
           !logical_differs(graph, r, w);
}

static pln_status add_child(pln__compat_graph *graph, int32_t step, int32_t index, pln__slot reader,
                            pln__slot writer, pln_error *err) {
    pln__compat_item item = {PLN__ITEM_PAIR, 0, step, index, -1, *reader, *writer};
    pln_status status = PLN_OK;
    if (leaf_fits(graph, *reader, *writer)) {
        if (step != PLN__STEP_CHOICE)
            return PLN_OK;
        item.what = PLN__ITEM_FINE;
    } else {
        status = pln__compat_intern(graph, reader, writer, &item.pair, err);
    }
    return status < 0 ? status : add_item(graph, item, err);
}

static pln_status add_logical(pln__compat_graph *graph, const pln__avro_type *r,
                              const pln__avro_type *w, pln_error *err) {
    pln_status status = PLN_OK;
    if (!logical_differs(graph, r, w))
        return PLN_OK;
    if (r->logical != w->logical)
        return add_issue(graph, PLN_COMPAT_LOGICAL_MISMATCH, PLN__STEP_LOGICAL, 0, r, w, err);
    if (r->precision != w->precision)
        status = add_issue(graph, PLN_COMPAT_LOGICAL_MISMATCH, PLN__STEP_PRECISION, 0, r, w, err);
    if (status == PLN_OK && r->scale != w->scale)
        status = add_issue(graph, PLN_COMPAT_LOGICAL_MISMATCH, PLN__STEP_SCALE, 0, r, w, err);
    return status;
}

/* `taken`: by which fields of the reader the writer's are taken so far; NULL: nobody asks. */
static pln_status expand_field(pln__compat_graph *graph, const pln__avro_type *r,
                               const pln__avro_type *w, int32_t i, int32_t pair, uint8_t *taken,
                               pln_error *err) {
    const pln__avro_field *field = &r->fields[i];
    const pln__avro_type *type = field->type;
    int32_t match;
    pln_status status = pln__compat_field(graph, r, i, w, &match, err);
    if (status < 0)
        return status;
    if (match >= 0 && taken != NULL) {
        if (pln__bit_get(taken, match))
            return add_issue(graph, PLN_COMPAT_AMBIGUOUS_ALIAS, PLN__STEP_FIELD, i, r, w, err);
        pln__bit_set(taken, match);
    }
    if (match >= 0)
        return add_child(graph, PLN__STEP_FIELD_TYPE, i, &field->type, &w->fields[match].type, err);
    if (match == -2) {
        if (graph->ambiguous < 0)
            graph->ambiguous = pair;
        return add_issue(graph, PLN_COMPAT_AMBIGUOUS_ALIAS, PLN__STEP_FIELD, i, r, w, err);
    }
    if (field->fallback != NULL)
        return PLN_OK;
    /* Java takes the default of an enum for a reason to hold the enum against the whole record. */
    if (graph->options.mode == PLN_COMPAT_JAVA_PARITY && type->kind == PLN__AVRO_ENUM &&
        type->default_symbol >= 0)
        return add_child(graph, PLN__STEP_FIELD_TYPE, i, &field->type, graph->pairs[pair].writer,
                         err);
    return add_issue(graph, PLN_COMPAT_READER_FIELD_MISSING_DEFAULT_VALUE, PLN__STEP_FIELD, i, r, w,
                     err);
}

static bool has_field_aliases(const pln__avro_type *record) {
    for (int32_t i = 0; i < record->n_fields; i++)
        if (record->fields[i].n_aliases > 0)
            return true;
    return false;
}

static pln_status expand_fields(pln__compat_graph *graph, int32_t pair, const pln__avro_type *r,
                                const pln__avro_type *w, pln_error *err) {
    uint64_t size = ((uint64_t)w->n_fields + 8) / 8;
    pln_status status = PLN_OK;
    uint8_t *taken = NULL;
    /* A value goes to one field. Java's checker lets any number of fields take it, which no reader does. */
    if (graph->options.mode == PLN_COMPAT_SOUND && has_field_aliases(r)) {
        taken = pln__calloc(graph->mem, size, 1);
        if (taken == NULL)
            return pln__error_memory(err, size);
    }
    for (int32_t i = 0; i < r->n_fields && status == PLN_OK; i++)
        status = expand_field(graph, r, w, i, pair, taken, err);
    pln__free(graph->mem, taken, size);
    return status;
}

static pln_status expand_named(pln__compat_graph *graph, int32_t pair, const pln__avro_type *r,
                               const pln__avro_type *w, pln_error *err) {
    pln_status status = PLN_OK;
    if (!pln__compat_named(graph, r, w))
        status = add_issue(graph, PLN_COMPAT_NAME_MISMATCH, PLN__STEP_NAME, 0, r, w, err);
    if (status == PLN_OK && r->kind == PLN__AVRO_FIXED && r->size != w->size)
        status = add_issue(graph, PLN_COMPAT_FIXED_SIZE_MISMATCH, PLN__STEP_SIZE, 0, r, w, err);
    if (r->kind == PLN__AVRO_ENUM && r->default_symbol < 0) {
        int32_t found = 0;
        for (int32_t i = 0; i < w->n_symbols && status == PLN_OK && found >= 0; i++)
            status = pln__compat_find(graph, r, w->symbols[i], &found, err);
        if (status == PLN_OK && found < 0)
            status =
                add_issue(graph, PLN_COMPAT_MISSING_ENUM_SYMBOLS, PLN__STEP_SYMBOLS, 0, r, w, err);
    }
    return status < 0 || r->kind != PLN__AVRO_RECORD ? status
                                                     : expand_fields(graph, pair, r, w, err);
}

static pln_status expand_same(pln__compat_graph *graph, int32_t pair, pln__slot reader,
                              pln__slot writer, pln_error *err) {
    const pln__avro_type *r = *reader, *w = *writer;
    pln_status status = PLN_OK;
    switch (r->kind) {
    case PLN__AVRO_ARRAY: return add_child(graph, PLN__STEP_ITEMS, 0, &r->items, &w->items, err);
    case PLN__AVRO_MAP: return add_child(graph, PLN__STEP_VALUES, 0, &r->items, &w->items, err);
    case PLN__AVRO_RECORD:
    case PLN__AVRO_ENUM:
    case PLN__AVRO_FIXED: status = expand_named(graph, pair, r, w, err); break;
    default: break;
    }
    return status < 0 ? status : add_logical(graph, r, w, err);
}

static pln_status expand_differing(pln__compat_graph *graph, int32_t pair, pln__slot reader,
                                   pln__slot writer, pln_error *err) {
    const pln__avro_type *r = *reader, *w = *writer;
    pln_status status = PLN_OK;
    if (r->kind == PLN__AVRO_UNION) {
        graph->pairs[pair].choice = true;
        for (int32_t i = 0; i < r->n_branches && status == PLN_OK; i++)
            status = add_child(graph, PLN__STEP_CHOICE, i, &r->branches[i], writer, err);
        return status;
    }
    if (!promotes(w->kind, r->kind))
        return add_issue(graph, PLN_COMPAT_TYPE_MISMATCH, PLN__STEP_NONE, 0, r, w, err);
    return add_logical(graph, r, w, err);
}

pln_status pln__compat_expand(pln__compat_graph *graph, int32_t pair, pln_error *err) {
    pln__compat_pair *p = &graph->pairs[pair];
    pln__slot reader = p->reader, writer = p->writer;
    const pln__avro_type *w = *writer;
    pln_status status = PLN_OK;
    if (p->expanded)
        return PLN_OK;
    p->first = graph->n_items;
    if (w->kind == PLN__AVRO_UNION)
        for (int32_t i = 0; i < w->n_branches && status == PLN_OK; i++)
            status = add_child(graph, PLN__STEP_BRANCH, i, reader, &w->branches[i], err);
    else if ((*reader)->kind == w->kind)
        status = expand_same(graph, pair, reader, writer, err);
    else
        status = expand_differing(graph, pair, reader, writer, err);
    if (status < 0)
        return status;
    p = &graph->pairs[pair];
    p->n_items = (int32_t)(graph->n_items - p->first);
    p->expanded = true;
    return pln__compat_spend(graph, p->n_items, err);
}
