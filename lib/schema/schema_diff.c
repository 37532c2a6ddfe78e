#include "schema/diff.h"

int64_t pln_schema_diff_count(const pln_schema_diff *diff) {
    return diff->n;
}

const pln_change *pln_schema_diff_at(const pln_schema_diff *diff, int64_t index) {
    return index >= 0 && index < diff->n ? &diff->changes[index] : NULL;
}

int32_t pln_schema_diff_breaks(const pln_schema_diff *diff) {
    return diff->breaks;
}

int32_t pln_schema_diff_truncated(const pln_schema_diff *diff) {
    return diff->truncated;
}

void pln_schema_diff_free(pln_schema_diff *diff) {
    if (diff == NULL)
        return;
    const pln_allocator *mem = diff->mem;
    pln__free(mem, diff->changes, (uint64_t)diff->capacity * sizeof *diff->changes);
    if (mem != NULL)
        pln__arena_free(&diff->arena);
    pln__free(mem, diff, sizeof *diff);
}

static void breaks_json(pln__text *out, int32_t breaks) {
    pln__text_printf(out, "[%s%s%s]", breaks & PLN_BREAKS_NEW_READERS ? "\"new_readers\"" : "",
                     breaks == (PLN_BREAKS_NEW_READERS | PLN_BREAKS_OLD_READERS) ? "," : "",
                     breaks & PLN_BREAKS_OLD_READERS ? "\"old_readers\"" : "");
}

static void member(pln__text *out, const char *key, const char *value) {
    pln__text_printf(out, ",\"%s\":", key);
    pln__text_json(out, value, (int64_t)strlen(value));
}

pln_status pln_schema_diff_json(const pln_schema_diff *diff, char **text, pln_error *err) {
    pln__text out;
    pln__text_init(&out, diff->mem);
    pln__text_str(&out, "{\"breaks\":");
    breaks_json(&out, diff->breaks);
    pln__text_str(&out, ",\"changes\":[");
    for (int64_t i = 0; i < diff->n; i++) {
        const pln_change *c = &diff->changes[i];
        pln__text_printf(&out, "%s{\"kind\":\"%s\"", i == 0 ? "" : ",", pln_change_name(c->kind));
        member(&out, "path", c->path);
        member(&out, "where", c->where);
        member(&out, "before", c->before);
        member(&out, "after", c->after);
        member(&out, "text", c->text);
        pln__text_str(&out, ",\"breaks\":");
        breaks_json(&out, c->breaks);
        pln__text_char(&out, '}');
    }
    pln__text_str(&out, diff->truncated ? "],\"truncated\":true}" : "]}");
    pln_status status = pln__text_status(&out, err);
    *text = status < 0 ? NULL : pln__text_take(&out);
    pln__text_free(&out);
    return status;
}

pln_status pln_schema_diff_new(pln_runtime *runtime, const pln_avro_schema *before,
                               const pln_avro_schema *after, const pln_compat_options *options,
                               pln_schema_diff **out, pln_error *err) {
    return pln__schema_diff(pln__runtime_allocator(runtime), before, after, options, false, out,
                            err);
}

/* ---- drift ---- */

static const pln__avro_type *find_field(const pln__avro_type *record, const char *name) {
    if (record == NULL || record->kind != PLN__AVRO_RECORD || name == NULL)
        return NULL;
    for (int32_t i = 0; i < record->n_fields; i++)
        if (strcmp(record->fields[i].name, name) == 0)
            return record->fields[i].type;
    return NULL;
}

/* The type beside null, and whether there is a null. */
static const pln__avro_type *without_null(const pln__avro_type *type, bool *null) {
    const pln__avro_type *other = type;
    *null = type != NULL && type->kind == PLN__AVRO_NULL;
    if (type == NULL || type->kind != PLN__AVRO_UNION)
        return type;
    for (int32_t i = 0; i < type->n_branches; i++)
        if (type->branches[i]->kind == PLN__AVRO_NULL)
            *null = true;
        else
            other = type->branches[i];
    return other;
}

/* Columns may be null where the declared schema says so, and only there. Columns nest at most PLN__NESTING_MAX deep. */
static void take_nulls(struct ArrowSchema *column, const pln__avro_type *declared) {
    bool null = false;
    const pln__avro_type *type = without_null(declared, &null);
    if (declared != NULL)
        column->flags = null ? column->flags | ARROW_FLAG_NULLABLE
                             : column->flags & ~(int64_t)ARROW_FLAG_NULLABLE;
    for (int64_t i = 0; i < column->n_children; i++) {
        const pln__avro_type *below = find_field(type, column->children[i]->name);
        if (type != NULL && type->kind == PLN__AVRO_ARRAY)
            below = type->items;
        take_nulls(column->children[i], below);
    }
}

pln_status pln_schema_drift(pln_runtime *runtime, const pln_avro_schema *declared,
                            const struct ArrowSchema *columns, int32_t nulls, pln_schema_diff **out,
                            pln_error *err) {
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    const pln__avro_type *root = pln__avro_root(declared);
    pln_compat_options options = {.struct_size = sizeof options, .ignore_names = 1};
    struct ArrowSchema copy = {0};
    pln__avro_schema *found = NULL;
    pln_status status;
    *out = NULL;
    PLN__TRY(pln__schema_check(columns, err));
    PLN__TRY(pln__schema_copy(mem, columns, &copy, err));
    for (int64_t i = 0; i < copy.n_children && !nulls; i++)
        take_nulls(copy.children[i], find_field(root, copy.children[i]->name));
    PLN__TRY(pln__avro_from_arrow(mem, &copy, root->kind == PLN__AVRO_RECORD ? root->name : "rows",
                                  &found, err));
    status = pln__schema_diff(mem, declared, found, &options, true, out, err);
out:
    pln__schema_release(&copy);
    pln__avro_schema_unref(found);
    return status;
}
