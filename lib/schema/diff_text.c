#include "schema/diff.h"
#include <stdio.h>

static const char *const names[] = {
    "field_added",   "field_removed", "field_renamed", "field_moved",    "type",
    "name",          "default",       "doc",           "aliases",        "order",
    "symbol_added",  "symbol_removed", "symbols_moved", "enum_default",  "branch_added",
    "branch_removed", "branches_moved", "size",         "logical"};

const char *pln_change_name(int32_t kind) {
    return kind >= 0 && kind < PLN__COUNT(names) ? names[kind] : NULL;
}

const pln__place *pln__diff_place(pln__diff *d, const pln__place *up, int32_t step, int32_t index,
                                  const char *name) {
    pln__place *place = pln__arena_new(&d->places, 1, sizeof *place);
    if (place != NULL)
        *place = (pln__place){up, step, index, name};
    return place;
}

/* ---- types ---- */

static void append(char *out, const char *text) {
    size_t have = strlen(out), room = PLN__DIFF_TYPE_SIZE - have - 4, size = strlen(text);
    if (have >= PLN__DIFF_TYPE_SIZE - 4)
        return;
    memcpy(out + have, text, size < room ? size : room);
    memcpy(out + have + (size < room ? size : room), size < room ? "" : "...", size < room ? 1 : 4);
}

/* What holds other types names them three levels down. */
static void append_type(char *out, const pln__avro_type *type, int depth) {
    append(out, pln__avro_kind_name(type->kind));
    if (pln__avro_is_named(type->kind)) {
        append(out, " ");
        append(out, type->full_name);
    } else if (type->kind == PLN__AVRO_UNION && depth < 3) {
        for (int32_t i = 0; i < type->n_branches && strlen(out) < PLN__DIFF_TYPE_SIZE - 4; i++) {
            append(out, i == 0 ? " of " : ", ");
            append_type(out, type->branches[i], depth + 1);
        }
    } else if (type->items != NULL && depth < 3) {
        append(out, " of ");
        append_type(out, type->items, depth + 1);
    }
}

const char *pln__diff_type(const pln__avro_type *type, char out[PLN__DIFF_TYPE_SIZE]) {
    out[0] = '\0';
    append_type(out, type, 0);
    return out;
}

/* ---- places ---- */

/* Whether nothing that has a name for people stands above. */
static bool is_first(const pln__place *p) {
    for (p = p->up; p != NULL; p = p->up)
        if (p->step != PLN__STEP_BRANCH && p->step != PLN__STEP_NONE)
            return false;
    return true;
}

/* The steps from the top down, or in the field names of people. */
static int place_text(const pln__place *p, bool path, char out[40], const char **text) {
    *text = out;
    if (path)
        return pln__compat_step_text(p->step, p->index, out);
    switch (p->step) {
    case PLN__STEP_FIELD:
    case PLN__STEP_FIELD_TYPE: *text = p->name; return (int)strlen(p->name) + !is_first(p);
    case PLN__STEP_ITEMS: return snprintf(out, 40, "[]");
    case PLN__STEP_VALUES: return snprintf(out, 40, "{}");
    default: out[0] = '\0'; return 0;
    }
}

static const char *write_place(pln_schema_diff *out, const pln__place *place, bool path) {
    char buffer[40];
    const char *text;
    int64_t size = 0;
    for (const pln__place *p = place; p != NULL; p = p->up)
        size += place_text(p, path, buffer, &text);
    if (size == 0)
        return pln__arena_copy(&out->arena, "/", path ? 1 : 0);
    char *at = pln__arena_new(&out->arena, size + 1, 1), *end = at == NULL ? NULL : at + size;
    for (const pln__place *p = place; p != NULL && at != NULL; p = p->up) {
        int n = place_text(p, path, buffer, &text);
        bool dot = text != buffer && !is_first(p);
        end -= n;
        if (dot)
            *end = '.';
        memcpy(end + dot, text, (size_t)(n - dot));
    }
    out->text_bytes += size;
    return at;
}

/* ---- changes ---- */

static const char *keep(pln_schema_diff *out, const char *text) {
    int64_t size = (int64_t)strlen(text);
    out->text_bytes += size;
    return pln__arena_copy(&out->arena, text, size);
}

pln_status pln__diff_say(pln__diff *d, const pln__place *place, pln__diff_note note, pln_error *err,
                         const char *format, ...) {
    pln_schema_diff *out = d->out;
    pln_change change = {.struct_size = sizeof change, .kind = note.kind, .breaks = note.breaks};
    pln__text text;
    va_list args;
    pln_error words = {0};
    if (out->n >= out->max || out->text_bytes >= PLN__COMPAT_TEXT_MAX) {
        out->truncated = true;
        return PLN_OK;
    }
    pln_status status =
        pln__grow(out->mem, &out->changes, &out->capacity, out->n + 1, sizeof change, err);
    if (status < 0)
        return status;
    va_start(args, format);
    (void)pln__error_setv(&words, PLN_EINVAL, format, args);
    va_end(args);
    change.path = write_place(out, place, true);
    change.where = write_place(out, place, false);
    change.before = keep(out, note.before);
    change.after = keep(out, note.after);
    pln__text_init(&text, out->mem);
    if (change.where != NULL && change.where[0] != '\0')
        pln__text_printf(&text, "field '%s': %s", change.where, words.message);
    else
        pln__text_printf(&text, "schema: %s", words.message);
    change.text = text.failed ? NULL : keep(out, text.data);
    pln__text_free(&text);
    if (change.path == NULL || change.where == NULL || change.before == NULL ||
        change.after == NULL || change.text == NULL)
        return pln__error_memory(err, sizeof change);
    out->changes[out->n++] = change;
    return PLN_OK;
}

/* ---- docs and aliases ---- */

static bool same_aliases(pln__diff_labels a, pln__diff_labels b) {
    if (a.n_aliases != b.n_aliases)
        return false;
    for (int32_t i = 0; i < a.n_aliases; i++)
        if (strcmp(a.aliases[i], b.aliases[i]) != 0)
            return false;
    return true;
}

static void aliases_text(pln__diff_labels labels, char out[PLN__DIFF_TYPE_SIZE]) {
    out[0] = '\0';
    for (int32_t i = 0; i < labels.n_aliases && strlen(out) < PLN__DIFF_TYPE_SIZE - 4; i++) {
        append(out, i == 0 ? "" : ", ");
        append(out, labels.aliases[i]);
    }
}

pln_status pln__diff_compare_labels(pln__diff *d, const pln__place *place, pln__diff_labels before,
                                    pln__diff_labels after, pln_error *err) {
    const char *o = before.doc == NULL ? "" : before.doc, *n = after.doc == NULL ? "" : after.doc;
    char was[PLN__DIFF_TYPE_SIZE], is[PLN__DIFF_TYPE_SIZE];
    pln_status status = PLN_OK;
    if (d->drift)
        return PLN_OK;
    if (strcmp(o, n) != 0)
        status = pln__diff_say(d, place, (pln__diff_note){PLN_CHANGE_DOC, 0, o, n}, err, "doc %s",
                               o[0] == '\0'   ? "added"
                               : n[0] == '\0' ? "removed"
                                              : "changed");
    if (status < 0 || same_aliases(before, after))
        return status;
    aliases_text(before, was);
    aliases_text(after, is);
    return pln__diff_say(d, place, (pln__diff_note){PLN_CHANGE_ALIASES, 0, was, is}, err,
                         "aliases %s became %s", was[0] == '\0' ? "none" : was,
                         is[0] == '\0' ? "none" : is);
}
