#include "schema/avro_internal.h"
#include "base/number.h"
#include "base/utf8.h"
#include <pln/avro_schema.h>

#define WARNINGS_MAX 1000

typedef struct warning {
    const char *code, *path, *message;
} warning;

struct pln_avro_lint {
    const pln_allocator *mem;
    pln__arena arena;
    warning *warnings;
    int64_t count, capacity;
};

typedef struct linter {
    pln_avro_lint *to;
    const pln__avro_schema *schema;
    pln_error *err;
    pln_status status; /* sticky */
    int64_t budget; /* for looking into defaults; when it is spent, they pass */
} linter;

static void warn(linter *l, const char *code, const json *at, const char *format, ...)
    PLN__PRINTF(4, 5);

static void keep(linter *l, const char *code, pln__text *path, pln__text *message) {
    pln_avro_lint *to = l->to;
    l->status = pln__text_status(path, l->err);
    if (l->status >= 0)
        l->status = pln__text_status(message, l->err);
    if (l->status >= 0)
        l->status = pln__grow(to->mem, &to->warnings, &to->capacity, to->count + 1,
                              sizeof *to->warnings, l->err);
    if (l->status < 0)
        return;
    const char *a = pln__arena_copy(&to->arena, path->data, path->size);
    const char *b = pln__arena_copy(&to->arena, message->data, message->size);
    if (a == NULL || b == NULL)
        l->status = pln__error_memory(l->err, 1);
    else
        to->warnings[to->count++] = (warning){code, a, b};
}

static void warn(linter *l, const char *code, const json *at, const char *format, ...) {
    pln_error said = {0};
    pln__text path, message;
    va_list args;
    if (l->status < 0 || l->to->count >= WARNINGS_MAX)
        return;
    if (l->to->count == WARNINGS_MAX - 1)
        code = "more", format = "there is more, which is not listed";
    va_start(args, format);
    (void)pln__error_setv(&said, PLN_EINVAL, format, args); /* escaped and cut as messages are */
    va_end(args);
    pln__text_init(&path, l->to->mem);
    pln__text_init(&message, l->to->mem);
    pln__doc_path(at, &path);
    pln__text_str(&message, said.message);
    keep(l, code, &path, &message);
    pln__text_free(&path);
    pln__text_free(&message);
}

/* ---- types ---- */

static const char *why_ignored(const pln__avro_type *type, const char *name) {
    if (strcmp(name, "decimal") != 0)
        return "it does not go with that type";
    if (type->kind != PLN__AVRO_BYTES && type->kind != PLN__AVRO_FIXED)
        return "a decimal is bytes or fixed";
    return "it needs \"precision\" of at least 1, that the size can hold, and \"scale\" from 0 to "
           "it";
}

static void lint_logical(linter *l, const pln__avro_type *type) {
    const json *node = pln__doc_get(type->definition, "logicalType");
    const char *name = pln__doc_string(node);
    bool known = false;
    if (type->logical == PLN__AVRO_BIG_DECIMAL)
        warn(l, "decimal-unbounded", node, "every value of a big-decimal has a scale of its own");
    if (type->logical == PLN__AVRO_DECIMAL && type->precision > 38)
        warn(l, "decimal-unbounded", node,
             "a decimal of %d digits: more than 38 fit no column and few databases",
             (int)type->precision);
    if (node == NULL || type->logical != PLN__AVRO_PLAIN)
        return;
    for (int32_t i = PLN__AVRO_DECIMAL; name != NULL && i <= PLN__AVRO_BIG_DECIMAL; i++)
        known = known || strcmp(name, pln__avro_logical_name(i)) == 0;
    if (known)
        warn(l, "logical-type-ignored", node, "the logical type %s is ignored: %s", name,
             why_ignored(type, name));
    else
        warn(l, "logical-type-unknown", node, "the logical type %s is none of Avro's",
             name == NULL ? "(no text)" : name);
}

static bool has_kind(const pln__avro_type *type, int32_t kind) {
    for (int32_t i = 0; i < type->n_branches; i++)
        if (type->branches[i]->kind == kind)
            return true;
    return false;
}

static void lint_union(linter *l, const pln__avro_type *type) {
    static const int32_t pairs[][2] = {
        {PLN__AVRO_INT, PLN__AVRO_LONG},     {PLN__AVRO_INT, PLN__AVRO_FLOAT},
        {PLN__AVRO_INT, PLN__AVRO_DOUBLE},   {PLN__AVRO_LONG, PLN__AVRO_FLOAT},
        {PLN__AVRO_LONG, PLN__AVRO_DOUBLE},  {PLN__AVRO_FLOAT, PLN__AVRO_DOUBLE},
        {PLN__AVRO_STRING, PLN__AVRO_BYTES},
    };
    if (type->n_branches == 0)
        warn(l, "union-empty", type->definition, "no value fits a union without branches");
    if (type->n_branches == 1)
        warn(l, "union-of-one", type->definition,
             "a union of one branch costs a byte for each value");
    for (int i = 0; i < PLN__COUNT(pairs); i++)
        if (has_kind(type, pairs[i][0]) && has_kind(type, pairs[i][1])) {
            warn(l, "union-ambiguous", type->definition,
                 "%s and %s in one union: which of them a value takes differs between programs",
                 pln__avro_kind_name(pairs[i][0]), pln__avro_kind_name(pairs[i][1]));
            return;
        }
}

static void lower_case(char *out, int64_t capacity, const char *name) {
    int64_t size = (int64_t)strlen(name);
    if (size >= capacity)
        size = capacity - 1;
    pln__ascii_lower(out, name, size);
    out[size] = '\0';
}

/* Of fields or symbols: those that databases, which fold case, take for one. */
static void lint_case(linter *l, const char *what, const char *const *names, const json *const *at,
                      int32_t n) {
    char folded[256];
    pln__map *seen = pln__map_new(l->to->mem, (uint64_t)(uintptr_t)l);
    if (seen == NULL)
        l->status = pln__error_memory(l->err, 1);
    for (int32_t i = 0; i < n && l->status >= 0; i++) {
        int64_t other;
        lower_case(folded, sizeof folded, names[i]);
        int64_t size = (int64_t)strlen(folded);
        if (pln__map_get(seen, folded, size, &other))
            warn(l, "names-differ-by-case", at[i], "the %ss %s and %s differ only by case", what,
                 names[other], names[i]);
        else
            l->status = pln__map_put(seen, folded, size, i, l->err);
    }
    pln__map_free(seen);
}

static void lint_enum(linter *l, const pln__avro_type *type) {
    const json *list = pln__doc_get(type->definition, "symbols");
    uint64_t bytes = (uint64_t)type->n_symbols * sizeof(json *);
    const json **at = pln__calloc(l->to->mem, (uint64_t)type->n_symbols, sizeof *at);
    if (type->n_symbols == 0)
        warn(l, "enum-empty", list, "no value fits an enum without symbols");
    else if (type->default_symbol < 0)
        warn(l, "enum-without-default", type->definition,
             "readers of today fail on every symbol that is added: give the enum a \"default\"");
    if (at == NULL) {
        l->status = pln__error_memory(l->err, bytes);
        return;
    }
    int32_t n = 0;
    for (const json *node = list->first; node != NULL; node = node->next)
        at[n++] = node;
    lint_case(l, "symbol", type->symbols, at, n);
    pln__free(l->to->mem, at, bytes == 0 ? 1 : bytes);
}

static void lint_named(linter *l, const pln__avro_type *type) {
    const json *name = pln__doc_get(type->definition, "name");
    if (type == l->schema->root && type->space[0] == '\0')
        warn(l, "no-namespace", name, "the type %s has no namespace: others may have its name",
             type->full_name);
    if (strchr(name->text, '.') != NULL &&
        !pln__doc_absent(pln__doc_get(type->definition, "namespace")))
        warn(l, "namespace-ignored", pln__doc_get(type->definition, "namespace"),
             "the name %s has a namespace of its own, this one is ignored", type->full_name);
    const json *alias = pln__doc_get(type->definition, "aliases");
    alias = alias == NULL ? NULL : alias->first;
    for (int32_t i = 0; i < type->n_aliases; i++, alias = alias->next) {
        const pln__avro_type *other = pln__avro_name_get(l->schema, type->aliases[i]);
        if (other != NULL && other != type)
            warn(l, "alias-is-type", alias, "the alias %s is the name of another type here",
                 type->aliases[i]);
        if (!pln__avro_name_ok(type->aliases[i], true))
            warn(l, "alias-no-name", alias, "the alias %s could never have been a name",
                 type->aliases[i]);
    }
}

/* ---- fields ---- */

static bool fits(linter *l, const pln__avro_type *type, const json *value) {
    if (l->budget < 0)
        return true;
    pln_status status = pln__avro_default_check(l->schema, type, value, &l->budget, NULL);
    if (status == PLN_ENOMEM)
        l->status = pln__error_memory(l->err, 1);
    return status >= 0 || l->budget < 0;
}

static bool beyond_range(const pln__avro_type *type, const json *value) {
    float single;
    double number;
    if (value->kind != J_NUMBER)
        return false;
    if (type->kind == PLN__AVRO_FLOAT)
        return pln__parse_float(value->text, value->size, PLN__DOUBLE_JSON, &single) != PLN__PARSED;
    return type->kind == PLN__AVRO_DOUBLE &&
           pln__parse_double(value->text, value->size, PLN__DOUBLE_JSON, &number) != PLN__PARSED;
}

static const pln__avro_field *find_field(const pln__avro_type *record, const json *member) {
    for (int32_t i = 0; i < record->n_fields; i++)
        if (pln__doc_is(member, record->fields[i].name))
            return &record->fields[i];
    return NULL;
}

static void lint_default(linter *l, const pln__avro_field *field) {
    const pln__avro_type *type = field->type;
    const json *value = field->fallback;
    bool is_union = type->kind == PLN__AVRO_UNION && type->n_branches > 0;
    if (!fits(l, type, value)) {
        warn(l, "default-misfit", value, "the default of field %s does not fit its type",
             field->name);
        return;
    }
    if (is_union && !fits(l, type->branches[0], value))
        warn(l, "union-default-not-first", value,
             "the default of field %s is not of the union's first branch: older readers refuse it",
             field->name);
    if (beyond_range(type, value))
        warn(l, "default-beyond-range", value, "the default %s of field %s is infinite as a %s",
             value->text, field->name, pln__avro_kind_name(type->kind));
    if (type->kind != PLN__AVRO_RECORD)
        return;
    for (const json *m = value->first; m != NULL && l->budget >= 0; m = m->next) {
        l->budget -= 1 + type->n_fields / 16;
        if (find_field(type, m) == NULL)
            warn(l, "default-member-unknown", m, "record %s has no field %s", type->full_name,
                 m->key);
    }
}

static void lint_field(linter *l, const pln__avro_field *field) {
    const json *logical = pln__doc_get(field->definition, "logicalType");
    if (field->fallback == NULL)
        warn(l, "field-without-default", field->definition,
             "field %s has no default: it cannot have been added, or be taken away, compatibly",
             field->name);
    else
        lint_default(l, field);
    if (logical != NULL)
        warn(l, "logical-type-on-field", logical,
             "\"logicalType\" stands on field %s and means nothing there: it belongs to its type",
             field->name);
}

static void lint_aliases(linter *l, const pln__avro_type *type, pln__map *names) {
    for (int32_t i = 0; i < type->n_fields; i++) {
        const pln__avro_field *field = &type->fields[i];
        const json *node = pln__doc_get(field->definition, "aliases");
        node = node == NULL ? NULL : node->first;
        for (int32_t j = 0; j < field->n_aliases && l->status >= 0; j++, node = node->next) {
            const char *alias = field->aliases[j];
            int64_t size = (int64_t)strlen(alias), other = -1;
            if (!pln__map_get(names, alias, size, &other))
                l->status = pln__map_put(names, alias, size, type->n_fields + i, l->err);
            else if (other < type->n_fields)
                warn(l, "alias-is-field", node, "the alias %s of field %s is the name of %s", alias,
                     field->name, other == i ? "the field itself" : "another field");
            else
                warn(l, "alias-twice", node, "the alias %s belongs to field %s already", alias,
                     type->fields[other - type->n_fields].name);
        }
    }
}

static void lint_names(linter *l, const pln__avro_type *type, const char **names, const json **at) {
    pln__map *map = pln__map_new(l->to->mem, (uint64_t)(uintptr_t)names);
    if (map == NULL)
        l->status = pln__error_memory(l->err, 1);
    for (int32_t i = 0; i < type->n_fields && l->status >= 0; i++) {
        names[i] = type->fields[i].name;
        at[i] = type->fields[i].definition;
        l->status = pln__map_put(map, names[i], (int64_t)strlen(names[i]), i, l->err);
    }
    if (l->status >= 0) {
        lint_case(l, "field", names, at, type->n_fields);
        lint_aliases(l, type, map);
    }
    pln__map_free(map);
}

static void lint_record(linter *l, const pln__avro_type *type) {
    uint64_t n = (uint64_t)type->n_fields, bytes = n * sizeof(void *) + (n == 0);
    for (int32_t i = 0; i < type->n_fields && l->status >= 0; i++)
        lint_field(l, &type->fields[i]);
    const char **names = pln__calloc(l->to->mem, n, sizeof *names);
    const json **at = pln__calloc(l->to->mem, n, sizeof *at);
    if (names == NULL || at == NULL)
        l->status = pln__error_memory(l->err, bytes);
    else
        lint_names(l, type, names, at);
    pln__free(l->to->mem, names, bytes);
    pln__free(l->to->mem, at, bytes);
}

/* ---- records that no finite value fits ---- */

static bool is_finite(const pln__avro_type *type, const uint8_t *finite) {
    if (type->kind == PLN__AVRO_RECORD || type->kind == PLN__AVRO_UNION)
        return pln__bit_get(finite, type->index);
    return true; /* an array or map may be empty */
}

static bool becomes_finite(const pln__avro_type *type, const uint8_t *finite) {
    bool all = type->kind == PLN__AVRO_RECORD;
    for (int32_t i = 0; i < type->n_fields; i++)
        all = all && is_finite(type->fields[i].type, finite);
    for (int32_t i = 0; i < type->n_branches; i++)
        all = all || is_finite(type->branches[i], finite);
    return all;
}

/* A type is finite once all its fields, or one of its branches, are. Types come mostly after what holds them: backwards takes few rounds. */
static void lint_endless(linter *l) {
    enum { ROUNDS = 64 };
    uint64_t bytes = (uint64_t)l->schema->n_types / 8 + 1;
    uint8_t *finite = pln__calloc(l->to->mem, bytes, 1);
    bool changed = true;
    if (finite == NULL) {
        l->status = pln__error_memory(l->err, bytes);
        return;
    }
    for (int round = 0; round < ROUNDS && changed; round++) {
        changed = false;
        for (int64_t i = l->schema->n_types - 1; i >= 0; i--)
            if (!pln__bit_get(finite, i) && becomes_finite(l->schema->types[i], finite)) {
                pln__bit_set(finite, i);
                changed = true;
            }
    }
    for (int64_t i = 0; i < l->schema->n_types && !changed; i++) {
        const pln__avro_type *type = l->schema->types[i];
        if (type->kind == PLN__AVRO_RECORD && !pln__bit_get(finite, i))
            warn(l, "record-endless", type->definition,
                 "no finite value fits record %s: it cannot but hold itself, or nothing fits a "
                 "field",
                 type->full_name);
    }
    pln__free(l->to->mem, finite, bytes);
}

/* ---- all ---- */

static bool is_own(const pln__avro_schema *schema, const json *node) {
    while (node != NULL && node->up != NULL)
        node = node->up;
    return node == schema->document;
}

static void lint_type(linter *l, const pln__avro_type *type) {
    if (type->definition == NULL || !is_own(l->schema, type->definition))
        return;
    if (pln__avro_is_named(type->kind))
        lint_named(l, type);
    if (type->kind == PLN__AVRO_UNION)
        lint_union(l, type);
    else
        lint_logical(l, type);
    if (type->kind == PLN__AVRO_ENUM && l->status >= 0)
        lint_enum(l, type);
    if (type->kind == PLN__AVRO_RECORD && l->status >= 0)
        lint_record(l, type);
}

pln_status pln_avro_schema_lint(pln_runtime *runtime, const pln_avro_schema *schema,
                                pln_avro_lint **out, pln_error *err) {
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    pln_avro_lint *to = pln__calloc(mem, 1, sizeof *to);
    *out = NULL;
    if (to == NULL)
        return pln__error_memory(err, sizeof *to);
    to->mem = to->arena.mem = mem;
    linter l = {.to = to, .schema = schema, .err = err, .budget = 3 * PLN__AVRO_DEFAULT_COST};
    for (int64_t i = 0; i < schema->n_types && l.status >= 0; i++)
        lint_type(&l, schema->types[i]);
    if (l.status >= 0)
        lint_endless(&l);
    if (l.status < 0)
        pln_avro_lint_free(to);
    else
        *out = to;
    return l.status;
}

int64_t pln_avro_lint_count(const pln_avro_lint *lint) {
    return lint->count;
}

pln_status pln_avro_lint_get(const pln_avro_lint *lint, int64_t index, pln_avro_warning *out) {
    if (index < 0 || index >= lint->count || out->struct_size < sizeof *out)
        return PLN_EINVAL;
    const warning *w = &lint->warnings[index];
    *out = (pln_avro_warning){out->struct_size, 0, w->code, w->path, w->message};
    return PLN_OK;
}

void pln_avro_lint_free(pln_avro_lint *lint) {
    if (lint == NULL)
        return;
    pln__free(lint->mem, lint->warnings, (uint64_t)lint->capacity * sizeof *lint->warnings);
    pln__arena_free(&lint->arena);
    pln__free(lint->mem, lint, sizeof *lint);
}
