#include "schema/diff.h"
#include <stdio.h>

/* ---- tasks ---- */

pln_status pln__diff_push(pln__diff *d, pln__diff_task task, pln_error *err) {
    pln_status status =
        pln__grow(d->out->mem, &d->tasks, &d->capacity, d->n_tasks + 1, sizeof *d->tasks, err);
    if (status == PLN_OK)
        d->tasks[d->n_tasks++] = task;
    return status;
}

void pln__diff_turn(pln__diff *d, int64_t first) {
    for (int64_t a = first, b = d->n_tasks - 1; a < b; a++, b--) {
        pln__diff_task swap = d->tasks[a];
        d->tasks[a] = d->tasks[b];
        d->tasks[b] = swap;
    }
}

pln_status pln__diff_judge(pln__diff *d, pln__slot before, pln__slot after, int32_t *breaks,
                           pln_error *err) {
    bool new_reads, old_reads;
    pln_status status = pln__compat_judge(&d->backward, after, before, &new_reads, err);
    if (status == PLN_OK)
        status = pln__compat_judge(&d->forward, before, after, &old_reads, err);
    if (status == PLN_OK)
        *breaks =
            (new_reads ? 0 : PLN_BREAKS_NEW_READERS) | (old_reads ? 0 : PLN_BREAKS_OLD_READERS);
    return status;
}

static pln_status push_pair(pln__diff *d, pln__slot before, pln__slot after, int32_t may,
                            const pln__place *place, pln_error *err) {
    if (place == NULL)
        return pln__error_memory(err, sizeof *place);
    return pln__diff_push(
        d,
        (pln__diff_task){
            .kind = PLN__DIFF_PAIR, .may = may, .before = before, .after = after, .place = place},
        err);
}

/* ---- what types say of themselves ---- */

static pln_status compare_name(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                               pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    int32_t broken = 0;
    if (d->forward.options.ignore_names || strcmp(o->full_name, n->full_name) == 0)
        return PLN_OK;
    if (!pln__compat_named(&d->backward, n, o))
        broken |= PLN_BREAKS_NEW_READERS;
    if (!pln__compat_named(&d->forward, o, n))
        broken |= PLN_BREAKS_OLD_READERS;
    return pln__diff_say(
        d, task->place,
        (pln__diff_note){PLN_CHANGE_NAME, broken & breaks, o->full_name, n->full_name}, err,
        "%s '%s' became '%s'", pln__avro_kind_name(n->kind), o->full_name, n->full_name);
}

static void logical_text(const pln__avro_type *type, char out[64]) {
    if (type->logical == PLN__AVRO_DECIMAL)
        snprintf(out, 64, "decimal(%d, %d)", (int)type->precision, (int)type->scale);
    else
        snprintf(out, 64, "%s",
                 type->logical == PLN__AVRO_PLAIN ? "none" : pln__avro_logical_name(type->logical));
}

static pln_status compare_logical(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                                  pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    bool strict = d->forward.options.strict_logical && o->logical != PLN__AVRO_PLAIN &&
                  n->logical != PLN__AVRO_PLAIN;
    char before[64], after[64];
    if (o->logical == n->logical && o->precision == n->precision && o->scale == n->scale)
        return PLN_OK;
    logical_text(o, before);
    logical_text(n, after);
    return pln__diff_say(d, task->place,
                         (pln__diff_note){PLN_CHANGE_LOGICAL, strict ? breaks : 0, before, after},
                         err, "logical type %s became %s", before, after);
}

static pln_status compare_fixed(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                                pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    char before[24], after[24];
    if (o->size == n->size)
        return PLN_OK;
    snprintf(before, sizeof before, "%lld", (long long)o->size);
    snprintf(after, sizeof after, "%lld", (long long)n->size);
    return pln__diff_say(d, task->place, (pln__diff_note){PLN_CHANGE_SIZE, breaks, before, after},
                         err, "size %s became %s", before, after);
}

/* ---- enums ---- */

/* Symbols of `from` that `in` lacks; they break whoever reads with `in` unless it has a default. */
static pln_status missing_symbols(pln__diff *d, const pln__diff_task *task, bool added,
                                  int32_t breaks, pln_error *err) {
    const pln__avro_type *from = added ? *task->after : *task->before;
    const pln__avro_type *in = added ? *task->before : *task->after;
    int32_t whom = added ? PLN_BREAKS_OLD_READERS : PLN_BREAKS_NEW_READERS, found;
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < from->n_symbols && status == PLN_OK; i++) {
        status =
            pln__compat_find(added ? &d->forward : &d->backward, in, from->symbols[i], &found, err);
        if (status < 0 || found >= 0)
            continue;
        pln__diff_note note = {added ? PLN_CHANGE_SYMBOL_ADDED : PLN_CHANGE_SYMBOL_REMOVED,
                               in->default_symbol < 0 ? whom & breaks : 0,
                               added ? "" : from->symbols[i], added ? from->symbols[i] : ""};
        status = pln__diff_say(d, task->place, note, err, "symbol '%s' %s", from->symbols[i],
                               added ? "added" : "removed");
    }
    return status;
}

static pln_status compare_symbol_order(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    int32_t last = -1, found;
    for (int32_t i = 0; i < n->n_symbols; i++) {
        pln_status status = pln__compat_find(&d->forward, o, n->symbols[i], &found, err);
        if (status < 0)
            return status;
        if (found < 0)
            continue;
        if (found < last)
            return pln__diff_say(d, task->place,
                                 (pln__diff_note){PLN_CHANGE_SYMBOLS_MOVED, 0, "", ""}, err,
                                 "symbols stand in another order");
        last = found;
    }
    return PLN_OK;
}

static pln_status compare_enum(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                               pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    const char *before = o->default_symbol < 0 ? "" : o->symbols[o->default_symbol];
    const char *after = n->default_symbol < 0 ? "" : n->symbols[n->default_symbol];
    pln_status status = missing_symbols(d, task, false, breaks, err);
    if (status == PLN_OK)
        status = missing_symbols(d, task, true, breaks, err);
    if (status == PLN_OK)
        status = compare_symbol_order(d, task, err);
    if (status == PLN_OK && strcmp(before, after) != 0)
        status = pln__diff_say(d, task->place,
                               (pln__diff_note){PLN_CHANGE_ENUM_DEFAULT, 0, before, after}, err,
                               "default symbol %s became %s", before[0] == '\0' ? "none" : before,
                               after[0] == '\0' ? "none" : after);
    return status;
}

/* ---- unions ---- */

static bool same_branch(const pln__diff *d, const pln__avro_type *o, const pln__avro_type *n,
                        bool loosely) {
    if (o->kind != n->kind)
        return false;
    if (!pln__avro_is_named(o->kind) || strcmp(o->full_name, n->full_name) == 0)
        return true;
    return loosely &&
           (pln__compat_named(&d->backward, n, o) || pln__compat_named(&d->forward, o, n));
}

/* The branch of `in` that `type` is, or -1; one of the very same name goes first. */
static int32_t find_branch(const pln__diff *d, const pln__avro_type *in, const pln__avro_type *type,
                           bool type_is_new) {
    for (int loosely = 0; loosely < 2; loosely++)
        for (int32_t i = 0; i < in->n_branches; i++)
            if (same_branch(d, type_is_new ? in->branches[i] : type,
                            type_is_new ? type : in->branches[i], loosely))
                return i;
    return -1;
}

/* A branch of the new union, or of the old: its likeness on the other side, else that it came or went. */
static pln_status compare_branch(pln__diff *d, const pln__diff_task *task, int32_t i, bool added,
                                 int32_t breaks, pln_error *err) {
    const pln__avro_type *from = added ? *task->after : *task->before;
    const pln__avro_type *in = added ? *task->before : *task->after;
    const pln__place *place = pln__diff_place(d, task->place, PLN__STEP_BRANCH, i, NULL);
    int32_t mine = added ? PLN_BREAKS_OLD_READERS : PLN_BREAKS_NEW_READERS, whom = 0, back = 0;
    int32_t other = find_branch(d, in, from->branches[i], added);
    bool mutual = other >= 0 && find_branch(d, from, in->branches[other], !added) == i;
    char name[PLN__DIFF_TYPE_SIZE];
    if (mutual && !added)
        return PLN_OK;
    /* What another branch makes up for breaks nobody, so the whole union is asked. */
    pln_status status = pln__diff_judge(d, added ? task->before : &from->branches[i],
                                        added ? &from->branches[i] : task->after, &whom, err);
    if (status == PLN_OK && mutual)
        status = pln__diff_judge(d, &in->branches[other], task->after, &back, err);
    whom = breaks & ((whom & mine) | (back & PLN_BREAKS_NEW_READERS));
    if (status == PLN_OK && other >= 0 && (added || whom != 0))
        status = push_pair(d, added ? &in->branches[other] : &from->branches[i],
                           added ? &from->branches[i] : &in->branches[other], whom, place, err);
    if (status < 0 || other >= 0)
        return status;
    (void)pln__diff_type(from->branches[i], name);
    pln__diff_note note = {added ? PLN_CHANGE_BRANCH_ADDED : PLN_CHANGE_BRANCH_REMOVED, whom,
                           added ? "" : name, added ? name : ""};
    return pln__diff_say(d, place, note, err, "union branch %s %s", name,
                         added ? "added" : "removed");
}

static pln_status compare_union(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                                pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    int64_t first = d->n_tasks;
    int32_t last = -1;
    bool moved = false;
    pln_status status = pln__compat_spend(&d->forward, (int64_t)o->n_branches * n->n_branches, err);
    for (int32_t i = 0; i < n->n_branches && status == PLN_OK; i++) {
        int32_t other = find_branch(d, o, n->branches[i], true);
        moved |= other >= 0 && other < last;
        last = other > last ? other : last;
        status = compare_branch(d, task, i, true, breaks, err);
    }
    for (int32_t i = 0; i < o->n_branches && status == PLN_OK; i++)
        status = compare_branch(d, task, i, false, breaks, err);
    if (status == PLN_OK && moved)
        status =
            pln__diff_say(d, task->place, (pln__diff_note){PLN_CHANGE_BRANCHES_MOVED, 0, "", ""},
                          err, "union branches stand in another order");
    pln__diff_turn(d, first);
    return status;
}

/* ---- pairs ---- */

static pln_status compare_kinds(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                                pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    char before[PLN__DIFF_TYPE_SIZE], after[PLN__DIFF_TYPE_SIZE];
    pln__diff_note note = {PLN_CHANGE_TYPE, breaks, pln__diff_type(o, before),
                           pln__diff_type(n, after)};
    pln_status status =
        pln__diff_say(d, task->place, note, err, "type %s became %s", before, after);
    if (status < 0 || (o->kind != PLN__AVRO_UNION && n->kind != PLN__AVRO_UNION))
        return status;
    bool wider = n->kind == PLN__AVRO_UNION;
    int32_t i = find_branch(d, wider ? n : o, wider ? o : n, !wider);
    if (i < 0)
        return PLN_OK;
    return push_pair(d, wider ? task->before : &o->branches[i],
                     wider ? &n->branches[i] : task->after, breaks, task->place, err);
}

/* Pairs that were told with at least these breaks need not be told again. */
static pln_status met(pln__diff *d, const pln__diff_task *task, int32_t breaks, bool *again,
                      pln_error *err) {
    bool named =
        pln__avro_is_named((*task->before)->kind) && pln__avro_is_named((*task->after)->kind);
    const void *key[2] = {*task->before, *task->after};
    int64_t told = -1;
    *again = false;
    if (!named)
        return PLN_OK;
    if (pln__map_get(d->seen, key, sizeof key, &told) && (told | breaks) == told) {
        *again = true;
        return PLN_OK;
    }
    return pln__map_put(d->seen, key, sizeof key, told < 0 ? breaks : told | breaks, err);
}

static pln_status compare_same(pln__diff *d, const pln__diff_task *task, int32_t breaks,
                               pln_error *err) {
    const pln__avro_type *o = *task->before, *n = *task->after;
    pln_status status = PLN_OK;
    switch (n->kind) {
    case PLN__AVRO_ARRAY:
    case PLN__AVRO_MAP:
        return push_pair(
            d, &o->items, &n->items, breaks,
            pln__diff_place(d, task->place,
                            n->kind == PLN__AVRO_ARRAY ? PLN__STEP_ITEMS : PLN__STEP_VALUES, 0,
                            NULL),
            err);
    case PLN__AVRO_UNION: return compare_union(d, task, breaks, err);
    case PLN__AVRO_RECORD:
    case PLN__AVRO_ENUM:
    case PLN__AVRO_FIXED:
        PLN__TRY(compare_name(d, task, breaks, err));
        PLN__TRY(pln__diff_compare_labels(
            d, task->place, (pln__diff_labels){o->doc, o->aliases, o->n_aliases},
            (pln__diff_labels){n->doc, n->aliases, n->n_aliases}, err));
        if (n->kind == PLN__AVRO_ENUM)
            return compare_enum(d, task, breaks, err);
        if (n->kind == PLN__AVRO_RECORD)
            return pln__diff_record(d, task, breaks, err);
        PLN__TRY(compare_fixed(d, task, breaks, err));
        break;
    default: break;
    }
    status = compare_logical(d, task, breaks, err);
out:
    return status;
}

static pln_status compare_pair(pln__diff *d, const pln__diff_task *task, pln_error *err) {
    int32_t breaks = 0;
    bool again = false;
    pln_status status = PLN_OK;
    if (task->may != 0)
        status = pln__diff_judge(d, task->before, task->after, &breaks, err);
    breaks &= task->may;
    if (status == PLN_OK)
        status = met(d, task, breaks, &again, err);
    if (status < 0 || again)
        return status;
    if ((*task->before)->kind != (*task->after)->kind)
        return compare_kinds(d, task, breaks, err);
    return compare_same(d, task, breaks, err);
}

static pln_status run(pln__diff *d, pln_error *err) {
    pln_status status = PLN_OK;
    while (d->n_tasks > 0 && status == PLN_OK && !d->out->truncated) {
        pln__diff_task task = d->tasks[--d->n_tasks];
        status = pln__compat_spend(&d->forward, 1, err);
        if (status < 0)
            return status;
        if (task.kind == PLN__DIFF_PAIR)
            status = compare_pair(d, &task, err);
        else
            status = task.kind == PLN__DIFF_FIELD ? pln__diff_field(d, &task, err)
                                                  : pln__diff_removed(d, &task, err);
    }
    return status;
}

pln_status pln__schema_diff(const pln_allocator *mem, const pln__avro_schema *before,
                            const pln__avro_schema *after, const pln_compat_options *options,
                            bool drift, pln_schema_diff **out, pln_error *err) {
    pln_compat_options full;
    pln__diff d = {.drift = drift, .places = {.mem = mem}};
    pln__slot old = pln__compat_root(before), new = pln__compat_root(after);
    pln_status status = pln__compat_options_of(options, &full, err);
    *out = NULL;
    if (status == PLN_OK && full.mode != PLN_COMPAT_SOUND)
        status =
            pln__error_set(err, PLN_EINVAL, "schema diff: it is sound, and has no mode of Java");
    if (status < 0)
        return status;
    pln__compat_graph_init(&d.forward, mem, &full, before, after);
    pln__compat_graph_init(&d.backward, mem, &full, after, before);
    d.seen = pln__map_new(mem, (uint64_t)(uintptr_t)&d);
    d.out = pln__calloc(mem, 1, sizeof *d.out);
    if (d.seen == NULL || d.out == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "schema diff: out of memory");
    d.out->mem = d.out->arena.mem = mem;
    d.out->max = full.issues_max;
    PLN__TRY(pln__diff_judge(&d, old, new, &d.out->breaks, err));
    if (drift)
        d.out->breaks &= PLN_BREAKS_OLD_READERS;
    PLN__TRY(push_pair(&d, old, new, d.out->breaks,
                       pln__diff_place(&d, NULL, PLN__STEP_NONE, 0, NULL), err));
    PLN__TRY(run(&d, err));
    *out = d.out;
    d.out = NULL;
out:
    pln_schema_diff_free(d.out);
    pln__map_free(d.seen);
    pln__free(mem, d.tasks, (uint64_t)d.capacity * sizeof *d.tasks);
    pln__arena_free(&d.places);
    pln__compat_graph_free(&d.forward);
    pln__compat_graph_free(&d.backward);
    return status;
}
