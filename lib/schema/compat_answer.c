#include "schema/compat.h"
#include <stdio.h>

pln_status pln__compat_new(const pln_allocator *mem, const pln_compat_options *options,
                           pln_compat **out, pln_error *err) {
    pln_compat *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->arena.mem = mem;
    self->issues_max = options->issues_max;
    self->version = -1;
    *out = self;
    return PLN_OK;
}

void pln_compat_free(pln_compat *answer) {
    if (answer == NULL)
        return;
    const pln_allocator *mem = answer->mem;
    pln__free(mem, answer->issues.at,
              (uint64_t)answer->issues.capacity * sizeof *answer->issues.at);
    pln__free(mem, answer->messages,
              (uint64_t)answer->messages_capacity * sizeof *answer->messages);
    pln__arena_free(&answer->arena);
    pln__free(mem, answer, sizeof *answer);
}

int32_t pln_compat_compatible(const pln_compat *answer) {
    return !answer->fails;
}

int64_t pln_compat_count(const pln_compat *answer) {
    return answer->issues.n;
}

const pln_compat_issue *pln_compat_issue_at(const pln_compat *answer, int64_t index) {
    return index >= 0 && index < answer->issues.n ? &answer->issues.at[index] : NULL;
}

int32_t pln_compat_truncated(const pln_compat *answer) {
    return answer->truncated;
}

int64_t pln_compat_version(const pln_compat *answer) {
    return answer->version;
}

int64_t pln_compat_message_count(const pln_compat *answer) {
    return answer->n_messages;
}

const char *pln_compat_message_at(const pln_compat *answer, int64_t index) {
    return index >= 0 && index < answer->n_messages ? answer->messages[index] : NULL;
}

/* ---- paths ---- */

const pln__compat_path *pln__compat_extend(pln__arena *arena, const pln__compat_path *up,
                                           int32_t step, int32_t index) {
    if (step == PLN__STEP_NONE && up != NULL)
        return up;
    pln__compat_path *path = pln__arena_new(arena, 1, sizeof *path);
    if (path != NULL)
        *path = (pln__compat_path){up, step, index};
    return path;
}

int pln__compat_step_text(int32_t step, int32_t index, char out[40]) {
    static const char *const words[] = {[PLN__STEP_ITEMS] = "/items",
                                        [PLN__STEP_VALUES] = "/values",
                                        [PLN__STEP_NAME] = "/name",
                                        [PLN__STEP_SIZE] = "/size",
                                        [PLN__STEP_SYMBOLS] = "/symbols",
                                        [PLN__STEP_LOGICAL] = "/logicalType",
                                        [PLN__STEP_PRECISION] = "/precision",
                                        [PLN__STEP_SCALE] = "/scale"};
    switch (step) {
    case PLN__STEP_NONE: out[0] = '\0'; return 0;
    case PLN__STEP_FIELD: return snprintf(out, 40, "/fields/%d", (int)index);
    case PLN__STEP_FIELD_TYPE: return snprintf(out, 40, "/fields/%d/type", (int)index);
    case PLN__STEP_BRANCH:
    case PLN__STEP_CHOICE: return snprintf(out, 40, "/%d", (int)index);
    default: return snprintf(out, 40, "%s", words[step]);
    }
}

/* From the end to the front, the last step first. */
static const char *path_text(pln_compat *answer, const pln__compat_path *path,
                             const pln__compat_item *item) {
    char step[40];
    int64_t size = pln__compat_step_text(item->step, item->index, step);
    for (const pln__compat_path *p = path; p != NULL; p = p->up)
        size += pln__compat_step_text(p->step, p->index, step);
    if (size == 0)
        return pln__arena_copy(&answer->arena, "/", 1);
    char *out = pln__arena_new(&answer->arena, size + 1, 1);
    if (out == NULL)
        return NULL;
    int64_t at = size - pln__compat_step_text(item->step, item->index, step);
    memcpy(out + at, step, (size_t)(size - at));
    for (const pln__compat_path *p = path; p != NULL; p = p->up) {
        int n = pln__compat_step_text(p->step, p->index, step);
        at -= n;
        memcpy(out + at, step, (size_t)n);
    }
    answer->text_bytes += size;
    return out;
}

/* ---- messages ---- */

static const char *upper_kind(int32_t kind) {
    static const char *const names[] = {"NULL",  "BOOLEAN", "INT",    "LONG", "FLOAT",
                                        "DOUBLE", "BYTES",  "STRING", "RECORD", "ENUM",
                                        "ARRAY", "MAP",     "UNION",  "FIXED"};
    return names[kind];
}

static int by_bytes(const void *a, const void *b, const void *context) {
    (void)context;
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static pln_status symbols_text(pln__compat_graph *graph, const pln__avro_type *r,
                               const pln__avro_type *w, pln__text *out, pln_error *err) {
    uint64_t size = (uint64_t)w->n_symbols * sizeof(char *);
    const char **missing = pln__alloc(graph->mem, size);
    int64_t n = 0;
    int32_t found;
    pln_status status = missing == NULL ? pln__error_memory(err, size) : PLN_OK;
    for (int32_t i = 0; i < w->n_symbols && status == PLN_OK; i++) {
        status = pln__compat_find(graph, r, w->symbols[i], &found, err);
        if (status == PLN_OK && found < 0)
            missing[n++] = w->symbols[i];
    }
    if (status == PLN_OK)
        pln__sort(missing, n, sizeof *missing, by_bytes, NULL);
    for (int64_t i = 0; i < n && status == PLN_OK; i++)
        pln__text_printf(out, "%s%s", i == 0 ? "[" : ", ", missing[i]);
    pln__text_char(out, ']');
    pln__free(graph->mem, missing, size);
    return status;
}

static pln_status ambiguous_text(pln__compat_graph *graph, const pln__avro_type *r, int32_t field,
                                 const pln__avro_type *w, pln__text *out, pln_error *err) {
    const pln__avro_field *f = &r->fields[field];
    const char *separator = ": ";
    int32_t found, match = -1;
    pln_status status = pln__compat_field(graph, r, field, w, &match, err);
    for (int32_t i = 0; i < field && match >= 0 && status == PLN_OK; i++) {
        status = pln__compat_field(graph, r, i, w, &found, err);
        if (status == PLN_OK && found == match) {
            pln__text_printf(out,
                             "Reader record fields %s and %s both match field %s in writer record "
                             "schema %s",
                             r->fields[i].name, f->name, w->fields[match].name, w->full_name);
            return PLN_OK;
        }
    }
    pln__text_printf(out,
                     "Reader record field %s matches multiple fields in writer record schema %s",
                     f->name, w->full_name);
    for (int32_t i = -1; i < f->n_aliases && status == PLN_OK; i++) {
        const char *name = i < 0 ? f->name : f->aliases[i];
        status = pln__compat_find(graph, w, name, &found, err);
        if (status < 0 || found < 0)
            continue;
        pln__text_printf(out, "%s%s", separator, name);
        separator = ", ";
    }
    return status;
}

static void logical_text(const pln__compat_item *item, pln__text *out) {
    const pln__avro_type *r = item->reader, *w = item->writer;
    if (item->step == PLN__STEP_LOGICAL)
        pln__text_printf(out, "expected: %s, found: %s", pln__avro_logical_name(w->logical),
                         pln__avro_logical_name(r->logical));
    else if (item->step == PLN__STEP_PRECISION)
        pln__text_printf(out, "expected: %d, found: %d", (int)w->precision, (int)r->precision);
    else
        pln__text_printf(out, "expected: %d, found: %d", (int)w->scale, (int)r->scale);
}

static pln_status message_text(pln__compat_graph *graph, const pln__compat_item *item,
                               pln__text *out, pln_error *err) {
    const pln__avro_type *r = item->reader, *w = item->writer;
    switch (item->kind) {
    case PLN_COMPAT_NAME_MISMATCH: pln__text_printf(out, "expected: %s", w->full_name); break;
    case PLN_COMPAT_FIXED_SIZE_MISMATCH:
        pln__text_printf(out, "expected: %lld, found: %lld", (long long)w->size,
                         (long long)r->size);
        break;
    case PLN_COMPAT_MISSING_ENUM_SYMBOLS: return symbols_text(graph, r, w, out, err);
    case PLN_COMPAT_READER_FIELD_MISSING_DEFAULT_VALUE:
        pln__text_str(out, r->fields[item->index].name);
        break;
    case PLN_COMPAT_TYPE_MISMATCH:
        pln__text_printf(out, "reader type: %s not compatible with writer type: %s",
                         upper_kind(r->kind), upper_kind(w->kind));
        break;
    case PLN_COMPAT_MISSING_UNION_BRANCH:
        pln__text_printf(out, "reader union lacking writer type: %s", upper_kind(w->kind));
        break;
    case PLN_COMPAT_AMBIGUOUS_ALIAS:
        return ambiguous_text(graph, r, item->index, w, out, err);
    default: logical_text(item, out); break;
    }
    return PLN_OK;
}

/* The sentences of Confluent's registry; the last two are ours. */
static void description_text(const pln_compat_issue *issue, const char *field, pln__text *out) {
    const char *reader = issue->old_reads_new ? "old" : "new";
    const char *writer = issue->old_reads_new ? "new" : "old", *path = issue->path;
    switch (issue->kind) {
    case PLN_COMPAT_NAME_MISMATCH:
        pln__text_printf(out, "The name of the schema has changed (path '%s')", path);
        break;
    case PLN_COMPAT_FIXED_SIZE_MISMATCH:
        pln__text_printf(
            out,
            "The size of FIXED type field at path '%s' in the %s schema does not match "
            "with the %s schema",
            path, reader, writer);
        break;
    case PLN_COMPAT_MISSING_ENUM_SYMBOLS:
        pln__text_printf(out,
                         "The %s schema is missing enum symbols '%s' at path '%s' in the %s schema",
                         reader, issue->message, path, writer);
        break;
    case PLN_COMPAT_READER_FIELD_MISSING_DEFAULT_VALUE:
        pln__text_printf(out,
                         "The field '%s' at path '%s' in the %s schema has no default value and is "
                         "missing in the %s schema",
                         field, path, reader, writer);
        break;
    case PLN_COMPAT_TYPE_MISMATCH:
        pln__text_printf(out,
                         "The type (path '%s') of a field in the %s schema does not match with the "
                         "%s schema",
                         path, reader, writer);
        break;
    case PLN_COMPAT_MISSING_UNION_BRANCH:
        pln__text_printf(out,
                         "The %s schema is missing a type inside a union field at path '%s' in the "
                         "%s schema",
                         reader, path, writer);
        break;
    case PLN_COMPAT_AMBIGUOUS_ALIAS:
        pln__text_printf(out,
                         "The field '%s' at path '%s' in the %s schema does not stand for one "
                         "field of the %s schema alone",
                         field, path, reader, writer);
        break;
    default:
        pln__text_printf(out,
                         "The logical type (path '%s') of a field in the %s schema does not match "
                         "with the %s schema",
                         path, reader, writer);
        break;
    }
}

static const char *keep(pln_compat *answer, pln__text *text) {
    const char *out = text->failed || text->data == NULL
                          ? NULL
                          : pln__arena_copy(&answer->arena, text->data, text->size);
    answer->text_bytes += text->size;
    pln__text_free(text);
    return out;
}

bool pln__compat_room(pln_compat *answer) {
    if (answer->n_total < answer->issues_max && answer->text_bytes < PLN__COMPAT_TEXT_MAX)
        return true;
    answer->truncated = true;
    return false;
}

pln_status pln__compat_add(pln_compat *answer, pln__compat_graph *graph, pln__compat_issues *to,
                           const pln__compat_item *item, const pln__compat_path *path,
                           pln_error *err) {
    bool record = item->reader->kind == PLN__AVRO_RECORD && item->index < item->reader->n_fields;
    pln_compat_issue issue = {.struct_size = sizeof issue, .kind = item->kind};
    pln__text text;
    issue.old_reads_new = answer->old_reads_new;
    pln_status status =
        pln__grow(answer->mem, &to->at, &to->capacity, to->n + 1, sizeof issue, err);
    if (status < 0)
        return status;
    issue.path = path_text(answer, path, item);
    pln__text_init(&text, answer->mem);
    status = message_text(graph, item, &text, err);
    issue.message = keep(answer, &text);
    if (status < 0)
        return status;
    if (issue.path == NULL || issue.message == NULL)
        return pln__error_memory(err, sizeof issue);
    pln__text_init(&text, answer->mem);
    description_text(&issue, record ? item->reader->fields[item->index].name : "", &text);
    issue.description = keep(answer, &text);
    if (issue.description == NULL)
        return pln__error_memory(err, sizeof issue);
    to->at[to->n++] = issue;
    answer->n_total++;
    answer->fails = true;
    return PLN_OK;
}
