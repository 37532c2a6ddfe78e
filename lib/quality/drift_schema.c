/* What changed between two Arrow schemas, as JSON. */
#include "column/column.h"
#include "quality/drift.h"
#include "sketch/form.h"

typedef struct comparison {
    const pln_allocator *mem;
    pln__text *out;
    pln__text path;
    int64_t changes;
    pln_error *err;
} comparison;

static void put(pln__text *out, const char *name, const char *value) {
    pln__text_printf(out, ",\"%s\":", name);
    pln__text_json(out, value, (int64_t)strlen(value));
}

/* NULL: not there. */
static void report(comparison *c, const char *change, const char *before, const char *after) {
    pln__text_str(c->out, c->changes++ == 0 ? "{\"column\":" : ",{\"column\":");
    pln__text_json(c->out, c->path.size == 0 ? "" : c->path.data, c->path.size);
    put(c->out, "change", change);
    if (before != NULL)
        put(c->out, "before", before);
    if (after != NULL)
        put(c->out, "after", after);
    pln__text_char(c->out, '}');
}

static const char *name_of(const struct ArrowSchema *schema) {
    return schema->name == NULL ? "" : schema->name;
}

static int64_t enter(comparison *c, const struct ArrowSchema *child) {
    int64_t size = c->path.size;
    if (size > 0)
        pln__text_char(&c->path, '.');
    pln__text_str(&c->path, name_of(child));
    return size;
}
static void leave(comparison *c, int64_t size) {
    c->path.size = size;
}

static bool same_type(const struct ArrowSchema *a, const struct ArrowSchema *b) {
    if (strcmp(a->format, b->format) != 0 || (a->dictionary == NULL) != (b->dictionary == NULL))
        return false;
    return a->dictionary == NULL || strcmp(a->dictionary->format, b->dictionary->format) == 0;
}

static const char *nullability(const struct ArrowSchema *schema) {
    return schema->flags & ARROW_FLAG_NULLABLE ? "nullable" : "not null";
}

static pln_status names_of(comparison *c, const struct ArrowSchema *schema, pln__map **out) {
    pln_status status = PLN_OK;
    *out = pln__map_new(c->mem, 0);
    if (*out == NULL)
        return pln__error_memory(c->err, (uint64_t)schema->n_children);
    for (int64_t i = 0; i < schema->n_children && status == PLN_OK; i++) {
        const char *name = name_of(schema->children[i]);
        status = pln__map_put(*out, name, (int64_t)strlen(name), i, c->err);
    }
    return status;
}

/* The child of that name, or -1. */
static int64_t place_of(const pln__map *names, const struct ArrowSchema *child) {
    const char *name = name_of(child);
    int64_t at = -1;
    return pln__map_get(names, name, (int64_t)strlen(name), &at) ? at : -1;
}

/* What only `from` has. */
static void report_missing(comparison *c, const struct ArrowSchema *from, const pln__map *others,
                           const char *change) {
    bool removed = strcmp(change, "removed") == 0;
    for (int64_t i = 0; i < from->n_children; i++) {
        char type[PLN__TYPE_TEXT_SIZE];
        if (place_of(others, from->children[i]) >= 0)
            continue;
        int64_t size = enter(c, from->children[i]);
        (void)pln__type_text(from->children[i], type);
        report(c, change, removed ? type : NULL, removed ? NULL : type);
        leave(c, size);
    }
}

static pln_status compare_children(comparison *c, const struct ArrowSchema *before,
                                   const struct ArrowSchema *after);

static pln_status compare_node(comparison *c, const struct ArrowSchema *before,
                               const struct ArrowSchema *after) {
    char was[PLN__TYPE_TEXT_SIZE], is[PLN__TYPE_TEXT_SIZE];
    if ((before->flags ^ after->flags) & ARROW_FLAG_NULLABLE)
        report(c, "nullability", nullability(before), nullability(after));
    if (same_type(before, after))
        return compare_children(c, before, after);
    report(c, "type", pln__type_text(before, was), pln__type_text(after, is));
    return PLN_OK;
}

/* pln__schema_check has seen to it that this does not go deep. */
static pln_status compare_children(comparison *c, const struct ArrowSchema *before,
                                   const struct ArrowSchema *after) {
    pln__map *old_names = NULL, *new_names = NULL;
    int64_t last = -1;
    bool moved = false;
    pln_status status;
    PLN__TRY(names_of(c, before, &old_names));
    PLN__TRY(names_of(c, after, &new_names));
    report_missing(c, before, new_names, "removed");
    report_missing(c, after, old_names, "added");
    for (int64_t i = 0; i < before->n_children; i++) {
        int64_t at = place_of(new_names, before->children[i]);
        if (at < 0 || place_of(old_names, before->children[i]) != i)
            continue;
        moved = moved || at < last;
        last = at;
        int64_t size = enter(c, before->children[i]);
        status = compare_node(c, before->children[i], after->children[at]);
        leave(c, size);
        PLN__TRY(status);
    }
    if (moved)
        report(c, "order", NULL, NULL);
out:
    pln__map_free(old_names);
    pln__map_free(new_names);
    return status;
}

static pln_status check(const struct ArrowSchema *schema, const char *which, pln_error *err) {
    if (schema == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return pln__error_set(err, PLN_EINVAL, "drift: the schema %s is no struct", which);
    pln_status status = pln__schema_check(schema, err);
    if (status >= 0 || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_EINVAL;
    pln__error_prefix(err, "drift: the schema %s", which);
    return PLN_EINVAL;
}

pln_status pln__drift_schema(const pln_allocator *mem, const struct ArrowSchema *before,
                             const struct ArrowSchema *after, char **json, int64_t *changes,
                             pln_error *err) {
    pln__text out;
    comparison c = {mem, &out, {0}, 0, err};
    pln_status status;
    pln__text_init(&out, mem);
    pln__text_init(&c.path, mem);
    PLN__TRY(check(before, "before", err));
    PLN__TRY(check(after, "after", err));
    pln__text_char(&out, '[');
    PLN__TRY(compare_children(&c, before, after));
    pln__text_char(&out, ']');
    PLN__TRY(pln__text_status(&c.path, err));
    PLN__TRY(pln__text_status(&out, err));
    *changes = c.changes;
    *json = pln__text_take(&out);
    if (*json == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "drift: no memory for the text");
out:
    pln__text_free(&out);
    pln__text_free(&c.path);
    return status;
}

pln_status pln_drift_schema(pln_runtime *runtime, const struct ArrowSchema *before,
                            const struct ArrowSchema *after, char **json, int64_t *changes,
                            pln_error *err) {
    if (runtime == NULL)
        return pln__error_set(err, PLN_EINVAL, "drift: no runtime");
    return pln__drift_schema(pln__sketch_memory(runtime, NULL), before, after, json, changes, err);
}
