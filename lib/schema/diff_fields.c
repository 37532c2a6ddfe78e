#include "schema/diff.h"

/* How the fields of two records belong together. */
typedef struct fields {
    int32_t *shown;    /* of each new field: the old one it is shown beside, or -1 */
    int32_t *new_take; /* of each new field: the old one whose value it takes; -1 none, -2 ambiguous */
    int32_t *old_take; /* of each old field: the new one */
    uint8_t *beside;   /* old fields that are shown beside a new one */
    int64_t size;
} fields;

static void free_fields(pln__diff *d, fields *f) {
    pln__free(d->out->mem, f->shown, (uint64_t)f->size);
}

/* Two fields of a reader that take one of the writer's are ambiguous, from the second on. */
static pln_status find_takes(pln__compat_graph *graph, const pln__avro_type *reader,
                             const pln__avro_type *writer, int32_t *take, uint8_t *taken,
                             pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < reader->n_fields && status == PLN_OK; i++) {
        status = pln__compat_field(graph, reader, i, writer, &take[i], err);
        if (status < 0 || take[i] < 0)
            continue;
        if (pln__bit_get(taken, take[i]))
            take[i] = -2;
        else
            pln__bit_set(taken, take[i]);
    }
    return status;
}

/* By name, else by an alias of the new field, else by one of the old. */
static pln_status find_shown(pln__diff *d, const pln__avro_type *o, const pln__avro_type *n,
                             fields *f, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n->n_fields && status == PLN_OK; i++) {
        status = pln__compat_find(&d->forward, o, n->fields[i].name, &f->shown[i], err);
        if (f->shown[i] >= 0)
            pln__bit_set(f->beside, f->shown[i]);
    }
    for (int32_t i = 0; i < n->n_fields && status == PLN_OK; i++)
        if (f->shown[i] < 0 && f->new_take[i] >= 0 && !pln__bit_get(f->beside, f->new_take[i])) {
            f->shown[i] = f->new_take[i];
            pln__bit_set(f->beside, f->shown[i]);
        }
    for (int32_t k = 0; k < o->n_fields && status == PLN_OK; k++) {
        int32_t i = f->old_take[k];
        if (i >= 0 && f->shown[i] < 0 && !pln__bit_get(f->beside, k)) {
            f->shown[i] = k;
            pln__bit_set(f->beside, k);
        }
    }
    return status;
}

static pln_status find_fields(pln__diff *d, const pln__avro_type *o, const pln__avro_type *n,
                              fields *f, pln_error *err) {
    int64_t bits = (n->n_fields + o->n_fields) / 8 + 2;
    f->size = ((int64_t)n->n_fields * 2 + o->n_fields) * 4 + bits * 3;
    f->shown = pln__calloc(d->out->mem, (uint64_t)f->size, 1);
    if (f->shown == NULL)
        return pln__error_memory(err, (uint64_t)f->size);
    f->new_take = f->shown + n->n_fields;
    f->old_take = f->new_take + n->n_fields;
    f->beside = (uint8_t *)(f->old_take + o->n_fields);
    pln_status status = find_takes(&d->backward, n, o, f->new_take, f->beside + bits, err);
    if (status == PLN_OK)
        status = find_takes(&d->forward, o, n, f->old_take, f->beside + bits * 2, err);
    return status < 0 ? status : find_shown(d, o, n, f, err);
}

/* Whom it breaks that a field finds nothing to take. */
static int32_t broken_by(const pln__avro_field *field, int32_t take, int32_t whom) {
    return take == -2 || (take == -1 && field->fallback == NULL) ? whom : 0;
}

static pln_status push_field(pln__diff *d, const pln__diff_task *task, const fields *f, int32_t i,
                             int32_t breaks, bool moved, pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    const pln__avro_field *field = &n->fields[i];
    int32_t k = f->shown[i];
    pln__diff_task next = {.kind = PLN__DIFF_FIELD,
                           .before = task->before,
                           .after = task->after,
                           .i = i,
                           .k = k,
                           .moved = moved};
    next.place = pln__diff_place(d, task->place, PLN__STEP_FIELD, i, field->name);
    if (next.place == NULL)
        return pln__error_memory(err, sizeof *next.place);
    next.breaks = broken_by(field, f->new_take[i], PLN_BREAKS_NEW_READERS);
    next.ambiguous = f->new_take[i] == -2;
    if (k >= 0) {
        next.breaks |= broken_by(&o->fields[k], f->old_take[k], PLN_BREAKS_OLD_READERS);
        next.ambiguous |= f->old_take[k] == -2;
        next.may = (f->new_take[i] == k ? PLN_BREAKS_NEW_READERS : 0) |
                   (f->old_take[k] == i ? PLN_BREAKS_OLD_READERS : 0);
    }
    next.breaks &= breaks;
    next.may &= breaks;
    return pln__diff_push(d, next, err);
}

static pln_status push_removed(pln__diff *d, const pln__diff_task *task, const fields *f, int32_t k,
                               int32_t breaks, pln_error *err) {
    const pln__avro_type *o = *task->before;
    pln__diff_task next = {.kind = PLN__DIFF_REMOVED,
                           .before = task->before,
                           .after = task->after,
                           .i = -1,
                           .k = k,
                           .place = pln__diff_place(d, task->place, PLN__STEP_FIELD, k,
                                                    o->fields[k].name)};
    if (next.place == NULL)
        return pln__error_memory(err, sizeof *next.place);
    next.breaks = breaks & broken_by(&o->fields[k], f->old_take[k], PLN_BREAKS_OLD_READERS);
    next.ambiguous = f->old_take[k] == -2;
    /* It takes a field that is shown beside another one. */
    if (f->old_take[k] >= 0)
        next.i = f->old_take[k];
    next.may = breaks & PLN_BREAKS_OLD_READERS;
    return pln__diff_push(d, next, err);
}

pln_status pln__diff_record(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                            pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    int64_t first = d->n_tasks;
    int32_t last = -1;
    fields f = {0};
    pln_status status = pln__compat_spend(&d->forward, n->n_fields + o->n_fields, err);
    if (status == PLN_OK)
        status = find_fields(d, o, n, &f, err);
    for (int32_t i = 0; i < n->n_fields && status == PLN_OK; i++) {
        bool moved = f.shown[i] >= 0 && f.shown[i] < last;
        last = f.shown[i] > last ? f.shown[i] : last;
        status = push_field(d, task, &f, i, breaks, moved, err);
    }
    for (int32_t k = 0; k < o->n_fields && status == PLN_OK; k++)
        if (!pln__bit_get(f.beside, k))
            status = push_removed(d, task, &f, k, breaks, err);
    pln__diff_turn(d, first);
    free_fields(d, &f);
    return status;
}

/* ---- one field ---- */

static const char *order_text(int32_t order) {
    return order > 0 ? "ascending" : order < 0 ? "descending" : "ignore";
}

/* The default as JSON into `out`, "" for none. */
static void default_text(const pln__avro_field *field, pln__text *out) {
    pln__text_str(out, "");
    if (field->fallback != NULL)
        pln__avro_json_text(field->fallback, out);
}

static pln_status compare_default(pln__diff *d, const pln__place *place, const pln__avro_field *o,
                                  const pln__avro_field *n, pln_error *err) {
    pln__text before, after;
    if (d->drift || (o->fallback == NULL && n->fallback == NULL) ||
        (o->fallback != NULL && n->fallback != NULL && pln__doc_equal(o->fallback, n->fallback)))
        return PLN_OK;
    pln__text_init(&before, d->out->mem);
    pln__text_init(&after, d->out->mem);
    default_text(o, &before);
    default_text(n, &after);
    pln_status status = pln__text_status(&before, err);
    if (status == PLN_OK)
        status = pln__text_status(&after, err);
    if (status == PLN_OK)
        status = pln__diff_say(
            d, place, (pln__diff_note){PLN_CHANGE_DEFAULT, 0, before.data, after.data}, err,
            "default %s became %s", o->fallback == NULL ? "none" : before.data,
            n->fallback == NULL ? "none" : after.data);
    pln__text_free(&before);
    pln__text_free(&after);
    return status;
}

static pln_status say_added(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    const pln__avro_field *field = &(*task->after)->fields[task->i];
    char type[PLN__DIFF_TYPE_SIZE];
    pln__text text;
    pln__text_init(&text, d->out->mem);
    default_text(field, &text);
    pln_status status = pln__text_status(&text, err);
    if (status == PLN_OK)
        status = pln__diff_say(d, task->place,
                               (pln__diff_note){PLN_CHANGE_FIELD_ADDED, task->breaks, "",
                                                pln__diff_type(field->type, type)},
                               err, "added, type %s, %s%s", type,
                               task->ambiguous ? "its aliases do not stand for one old field alone"
                               : field->fallback == NULL ? "without a default"
                                                         : "default ",
                               task->ambiguous ? "" : text.data);
    pln__text_free(&text);
    return status;
}

static pln_status say_ambiguous(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    return pln__diff_say(d, task->place, (pln__diff_note){PLN_CHANGE_ALIASES, task->breaks, "", ""},
                         err, "names and aliases no longer stand for one field alone");
}

static pln_status compare_place(pln__diff *d, const pln__diff_task *task, const pln__avro_field *o,
                                const pln__avro_field *n, pln_error *err) {
    pln_status status = PLN_OK;
    bool renamed = strcmp(o->name, n->name) != 0;
    if (task->ambiguous)
        status = say_ambiguous(d, task, err);
    if (status == PLN_OK && renamed)
        status =
            pln__diff_say(d, task->place,
                          (pln__diff_note){PLN_CHANGE_FIELD_RENAMED,
                                           task->ambiguous ? 0 : task->breaks, o->name, n->name},
                          err, "renamed from '%s'", o->name);
    if (status == PLN_OK && task->moved && !d->drift)
        status = pln__diff_say(d, task->place, (pln__diff_note){PLN_CHANGE_FIELD_MOVED, 0, "", ""},
                               err, "stands at another place");
    return status;
}

pln_status pln__diff_field(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    const pln__avro_field *n = &(*task->after)->fields[task->i], *o;
    pln_status status;
    if (task->k < 0)
        return say_added(d, task, err);
    o = &(*task->before)->fields[task->k];
    PLN__TRY(compare_place(d, task, o, n, err));
    PLN__TRY(compare_default(d, task->place, o, n, err));
    PLN__TRY(pln__diff_compare_labels(d, task->place,
                                      (pln__diff_labels){o->doc, o->aliases, o->n_aliases},
                                      (pln__diff_labels){n->doc, n->aliases, n->n_aliases}, err));
    if (o->order != n->order && !d->drift)
        PLN__TRY(pln__diff_say(
            d, task->place,
            (pln__diff_note){PLN_CHANGE_ORDER, 0, order_text(o->order), order_text(n->order)}, err,
            "order %s became %s", order_text(o->order), order_text(n->order)));
    const pln__place *place =
        pln__diff_place(d, task->place->up, PLN__STEP_FIELD_TYPE, task->i, n->name);
    if (place == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "out of memory");
    status = pln__diff_push(d,
                            (pln__diff_task){.kind = PLN__DIFF_PAIR,
                                             .may = task->may,
                                             .before = &o->type,
                                             .after = &n->type,
                                             .place = place},
                            err);
out:
    return status;
}

pln_status pln__diff_removed(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    const pln__avro_field *o = &(*task->before)->fields[task->k];
    char type[PLN__DIFF_TYPE_SIZE];
    const char *text = task->ambiguous       ? "its aliases stand for more than one new field"
                       : o->fallback == NULL ? "it had no default"
                                             : "it had a default";
    pln_status status = pln__diff_say(
        d, task->place,
        (pln__diff_note){PLN_CHANGE_FIELD_REMOVED, task->breaks, pln__diff_type(o->type, type), ""},
        err, "removed, type %s; %s", type, text);
    if (status < 0 || task->i < 0)
        return status;
    return pln__diff_push(d,
                          (pln__diff_task){.kind = PLN__DIFF_PAIR,
                                           .may = task->may,
                                           .before = &o->type,
                                           .after = &(*task->after)->fields[task->i].type,
                                           .place = task->place},
                          err);
}
