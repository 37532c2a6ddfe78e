#include "schema/avro_internal.h"
#include "schema/schema.h"

#define NAMED_MAX 4096
#define PARTS_MAX 65536 /* fields of a record, symbols of an enum */
#define FIXED_MAX (1 << 20)
#define NAME_BYTES_MAX 1024 /* of a full name */
#define ALL_NAMES_MAX                                                                              \
    (8 << 20) /* a namespace is written once and stands before every name and alias in it */

typedef struct parse {
    pln__avro_schema *schema;
    const pln__avro_parse_options *options;
    pln_error *err;
    /* A primitive's name alone is one type wherever it stands. */
    const pln__avro_type *bare[PLN__AVRO_STRING + 1];
    int32_t depth;
    int32_t n_named;
    int64_t name_bytes;
    pln__text name; /* the one being looked up */
} parse;

static pln_status parse_type(parse *p, const json *node, const char *space,
                             const pln__avro_type **out);

static pln_status memory(parse *p) {
    return pln__error_memory(p->err, 1);
}

#define REFUSE(p, node, ...)                                                                       \
    pln__avro_refuse((p)->schema, (node), PLN_ESYNTAX, (p)->err, __VA_ARGS__)

static const char *show(char out[PLN__SHOW_SIZE], const json *value) {
    if (value->kind == J_STRING || value->kind == J_NUMBER)
        return pln__show(out, value->text, value->size);
    return value->kind == J_ARRAY ? "an array" : value->kind == J_OBJECT ? "an object" : "no text";
}

static int32_t kind_of(const char *name, int32_t first, int32_t last) {
    for (int32_t kind = first; kind <= last; kind++)
        if (strcmp(name, pln__avro_kind_name(kind)) == 0)
            return kind;
    return -1;
}

static int32_t primitive_of(const char *name) {
    return kind_of(name, PLN__AVRO_NULL, PLN__AVRO_STRING);
}

/* ---- names ---- */

/* A list of strings, which may be left out: aliases. */
static pln_status read_strings(parse *p, const json *list, const char *const **out, int32_t *n) {
    if (pln__doc_absent(list))
        return PLN_OK;
    if (list->kind != J_ARRAY)
        return REFUSE(p, list, "\"%s\" is no list of names", list->key);
    const char **texts = pln__arena_new(&p->schema->arena, list->size, sizeof *texts);
    if (texts == NULL)
        return memory(p);
    for (const json *item = list->first; item != NULL; item = item->next) {
        if (pln__doc_string(item) == NULL)
            return REFUSE(p, item, "an alias is no text");
        texts[(*n)++] = item->text;
    }
    *out = texts;
    return PLN_OK;
}

static pln_status join_name(parse *p, const char *space, const char *name, const json *at,
                            const char **out) {
    size_t a = strlen(space), b = strlen(name), dot = a > 0;
    p->name_bytes += (int64_t)(a + b);
    if (a + b > NAME_BYTES_MAX || p->name_bytes > ALL_NAMES_MAX)
        return pln__avro_refuse(p->schema, at, PLN_ELIMIT, p->err,
                                "a full name has more than %d bytes, or all together more than %d",
                                NAME_BYTES_MAX, ALL_NAMES_MAX);
    char *full = pln__arena_new(&p->schema->arena, (int64_t)(a + dot + b + 1), 1);
    *out = full;
    if (full == NULL)
        return memory(p);
    memcpy(full, space, a);
    if (dot)
        full[a] = '.';
    memcpy(full + a + dot, name, b);
    return PLN_OK;
}

static pln_status read_aliases(parse *p, pln__avro_type *type) {
    const char *const *given = NULL;
    int32_t n = 0;
    pln_status status = read_strings(p, pln__doc_get(type->definition, "aliases"), &given, &n);
    if (status < 0 || n == 0)
        return status;
    const char **full = pln__arena_new(&p->schema->arena, n, sizeof *full);
    if (full == NULL)
        return memory(p);
    type->aliases = full;
    for (; status >= 0 && type->n_aliases < n; type->n_aliases++) {
        const char *alias = given[type->n_aliases];
        full[type->n_aliases] = alias;
        if (strchr(alias, '.') == NULL)
            status = join_name(p, type->space, alias, type->definition, &full[type->n_aliases]);
    }
    return status;
}

static pln_status space_of(parse *p, const json *definition, const char *around, const char **out) {
    char shown[PLN__SHOW_SIZE];
    const json *given = pln__doc_get(definition, "namespace");
    *out = around;
    if (pln__doc_absent(given))
        return PLN_OK;
    *out = pln__doc_string(given);
    bool lax = p->options->lax_names;
    if (*out == NULL || (**out != '\0' && !lax && !pln__avro_name_ok(*out, true)))
        return REFUSE(p, given, "%s is no namespace: names joined by dots", show(shown, given));
    return PLN_OK;
}

/* Before the last dot of the name, or "namespace", or the one around. */
static pln_status read_name(parse *p, pln__avro_type *type, const char *around) {
    char shown[PLN__SHOW_SIZE];
    pln_status status = PLN_OK;
    const json *node = pln__doc_get(type->definition, "name");
    if (node == NULL)
        return REFUSE(p, type->definition, "the %s has no \"name\"",
                      pln__avro_kind_name(type->kind));
    const char *given = pln__doc_string(node);
    if (given == NULL || given[0] == '\0' ||
        (!p->options->lax_names && !pln__avro_name_ok(given, true)))
        return REFUSE(p, node,
                      "%s is no \"name\": letters, digits and _, not beginning with a digit",
                      show(shown, node));
    const char *dot = strrchr(given, '.');
    type->name = dot == NULL ? given : dot + 1;
    if (dot == NULL)
        status = space_of(p, type->definition, around, &type->space);
    else if ((type->space = pln__arena_copy(&p->schema->arena, given, dot - given)) == NULL)
        status = memory(p);
    if (status < 0)
        return status;
    return join_name(p, type->space, type->name, node, &type->full_name);
}

static pln_status define(parse *p, pln__avro_type *type, const char *around) {
    char shown[PLN__SHOW_SIZE];
    pln_status status = read_name(p, type, around);
    if (status < 0)
        return status;
    int64_t size = (int64_t)strlen(type->full_name);
    if (primitive_of(type->full_name) >= 0)
        return REFUSE(p, type->definition, "a type cannot be named %s, as a primitive is",
                      pln__show(shown, type->full_name, size));
    if (pln__avro_name_get(p->schema, type->full_name) != NULL)
        return REFUSE(p, type->definition, "a type of the name %s is defined twice",
                      pln__show(shown, type->full_name, size));
    if (++p->n_named > NAMED_MAX)
        return pln__avro_refuse(p->schema, type->definition, PLN_ELIMIT, p->err,
                                "more than %d named types", NAMED_MAX);
    status = read_aliases(p, type);
    type->doc = pln__doc_string(pln__doc_get(type->definition, "doc"));
    return status < 0 ? status : pln__avro_name_put(p->schema, type, p->err);
}

static pln_status find_type(parse *p, const char *full_name, const pln__avro_type **out) {
    *out = pln__avro_name_get(p->schema, full_name);
    return *out != NULL ? PLN_OK : pln__avro_import(p->schema, p->options, full_name, out, p->err);
}

/* A name without a dot is looked for in the namespace around, then in none: so do the implementations in use. */
static pln_status parse_reference(parse *p, const json *node, const char *space,
                                  const pln__avro_type **out) {
    char shown[PLN__SHOW_SIZE];
    const char *name = pln__doc_string(node);
    *out = NULL;
    for (int i = 0; name != NULL && i < 2 && *out == NULL; i++) {
        bool alone = strchr(name, '.') != NULL || space[0] == '\0';
        p->name.size = 0;
        if (i == 0 && !alone) {
            pln__text_str(&p->name, space);
            pln__text_char(&p->name, '.');
        }
        pln__text_str(&p->name, name);
        pln_status status = pln__text_status(&p->name, p->err);
        if (status >= 0)
            status = find_type(p, p->name.data, out);
        if (status < 0)
            return status;
    }
    if (*out != NULL)
        return PLN_OK;
    bool complex = name != NULL && kind_of(name, PLN__AVRO_RECORD, PLN__AVRO_FIXED) >= 0;
    return REFUSE(p, node, "there is no type %s%s", show(shown, node),
                  complex ? ": it takes an object of its own, {\"type\": ...}" : "");
}

/* ---- complex types ---- */

static pln_status read_order(parse *p, const json *definition, int32_t *order) {
    char shown[PLN__SHOW_SIZE];
    const json *node = pln__doc_get(definition, "order");
    const char *text = pln__doc_string(node);
    *order = 1;
    if (pln__doc_absent(node) || (text != NULL && strcmp(text, "ascending") == 0))
        return PLN_OK;
    if (text != NULL && strcmp(text, "descending") == 0)
        *order = -1;
    else if (text != NULL && strcmp(text, "ignore") == 0)
        *order = 0;
    else
        return REFUSE(p, node, "the order %s is none of ascending, descending, ignore",
                      show(shown, node));
    return PLN_OK;
}

static pln_status parse_field(parse *p, const json *node, const char *space,
                              pln__avro_field *field) {
    char shown[PLN__SHOW_SIZE];
    if (node->kind != J_OBJECT)
        return REFUSE(p, node, "a field is no object");
    const json *name = pln__doc_get(node, "name"), *type = pln__doc_get(node, "type");
    if (name == NULL)
        return REFUSE(p, node, "a field has no \"name\"");
    field->name = pln__doc_string(name);
    bool lax = p->options->lax_names && field->name != NULL && field->name[0] != '\0';
    if (!lax && !pln__avro_name_ok(field->name, false))
        return REFUSE(
            p, name,
            "%s is no \"name\" of a field: letters, digits and _, not beginning with a digit",
            show(shown, name));
    if (type == NULL)
        return REFUSE(p, node, "the field has no \"type\"");
    field->definition = node;
    field->doc = pln__doc_string(pln__doc_get(node, "doc"));
    field->fallback = pln__doc_get(node, "default");
    pln_status status = read_order(p, node, &field->order);
    if (status >= 0)
        status = read_strings(p, pln__doc_get(node, "aliases"), &field->aliases, &field->n_aliases);
    return status < 0 ? status : parse_type(p, type, space, &field->type);
}

/* Of names: the number of the first that was there before, or -1. */
static pln_status find_twice(parse *p, const char *const *names, int32_t n, int32_t *twice) {
    pln_status status = PLN_OK;
    pln__map *seen = pln__map_new(p->schema->mem, (uint64_t)(uintptr_t)names);
    *twice = -1;
    if (seen == NULL)
        return memory(p);
    for (int32_t i = 0; i < n && *twice < 0 && status >= 0; i++) {
        int64_t size = (int64_t)strlen(names[i]);
        if (pln__map_get(seen, names[i], size, NULL))
            *twice = i;
        else
            status = pln__map_put(seen, names[i], size, i, p->err);
    }
    pln__map_free(seen);
    return status;
}

static const json *child_at(const json *list, int32_t index) {
    const json *child = list->first;
    while (index-- > 0)
        child = child->next;
    return child;
}

static pln_status unique_fields(parse *p, const pln__avro_type *type) {
    char shown[PLN__SHOW_SIZE];
    int32_t twice = -1;
    pln_status status = PLN_OK;
    const char **names = pln__calloc(p->schema->mem, (uint64_t)type->n_fields, sizeof *names);
    if (names == NULL)
        return memory(p);
    for (int32_t i = 0; i < type->n_fields; i++)
        names[i] = type->fields[i].name;
    status = find_twice(p, names, type->n_fields, &twice);
    if (status >= 0 && twice >= 0)
        status = REFUSE(p, type->fields[twice].definition, "the record has two fields %s",
                        pln__show(shown, names[twice], (int64_t)strlen(names[twice])));
    uint64_t bytes = (uint64_t)type->n_fields * sizeof *names;
    pln__free(p->schema->mem, names, bytes == 0 ? 1 : bytes);
    return status;
}

static pln_status parse_record(parse *p, pln__avro_type *type) {
    const json *fields = pln__doc_get(type->definition, "fields");
    pln_status status = PLN_OK;
    if (fields == NULL || fields->kind != J_ARRAY)
        return REFUSE(p, fields == NULL ? type->definition : fields,
                      "the record has no list of \"fields\"");
    if (fields->size > PARTS_MAX)
        return pln__avro_refuse(p->schema, fields, PLN_ELIMIT, p->err,
                                "%d fields, a record has at most %d", (int)fields->size, PARTS_MAX);
    pln__avro_field *list = pln__arena_new(&p->schema->arena, fields->size, sizeof *list);
    if (list == NULL)
        return memory(p);
    type->fields = list;
    for (const json *node = fields->first; node != NULL && status >= 0; node = node->next)
        status = parse_field(p, node, type->space, &list[type->n_fields++]);
    return status < 0 ? status : unique_fields(p, type);
}

static pln_status read_enum_default(parse *p, pln__avro_type *type) {
    char shown[PLN__SHOW_SIZE];
    const json *node = pln__doc_get(type->definition, "default");
    if (pln__doc_absent(node))
        return PLN_OK;
    const char *text = pln__doc_string(node);
    for (int32_t i = 0; text != NULL && i < type->n_symbols; i++)
        if (strcmp(type->symbols[i], text) == 0) {
            type->default_symbol = i;
            return PLN_OK;
        }
    return REFUSE(p, node, "the default %s is none of the symbols", show(shown, node));
}

static pln_status parse_enum(parse *p, pln__avro_type *type) {
    char shown[PLN__SHOW_SIZE];
    int32_t twice = -1;
    const json *symbols = pln__doc_get(type->definition, "symbols");
    if (symbols == NULL || symbols->kind != J_ARRAY)
        return REFUSE(p, symbols == NULL ? type->definition : symbols,
                      "the enum has no list of \"symbols\"");
    if (symbols->size > PARTS_MAX)
        return pln__avro_refuse(p->schema, symbols, PLN_ELIMIT, p->err,
                                "%d symbols, an enum has at most %d", (int)symbols->size,
                                PARTS_MAX);
    const char **list = pln__arena_new(&p->schema->arena, symbols->size, sizeof *list);
    if (list == NULL)
        return memory(p);
    type->symbols = list;
    for (const json *node = symbols->first; node != NULL; node = node->next) {
        const char *text = pln__doc_string(node);
        bool lax = p->options->lax_names && text != NULL;
        if (!lax && !pln__avro_name_ok(text, false))
            return REFUSE(p, node, "the symbol %s is no name", show(shown, node));
        list[type->n_symbols++] = text;
    }
    pln_status status = find_twice(p, list, type->n_symbols, &twice);
    if (status >= 0 && twice >= 0)
        return REFUSE(p, child_at(symbols, twice), "the enum has the symbol %s twice",
                      pln__show(shown, list[twice], (int64_t)strlen(list[twice])));
    return status < 0 ? status : read_enum_default(p, type);
}

static pln_status parse_fixed(parse *p, pln__avro_type *type) {
    char shown[PLN__SHOW_SIZE];
    const json *size = pln__doc_get(type->definition, "size");
    if (size == NULL)
        return REFUSE(p, type->definition, "the fixed has no \"size\"");
    double large;
    if (!pln__doc_int(size, &type->size)) {
        bool beyond = size->kind == J_NUMBER && strpbrk(size->text, ".eE") == NULL &&
                      pln__parse_double(size->text, size->size, PLN__DOUBLE_JSON, &large) >= 0 &&
                      size->text[0] != '-';
        return pln__avro_refuse(p->schema, size, beyond ? PLN_ELIMIT : PLN_ESYNTAX, p->err,
                                "the size %s is no whole number from 0 to %d", show(shown, size),
                                FIXED_MAX);
    }
    if (type->size < 0 || type->size > FIXED_MAX)
        return pln__avro_refuse(p->schema, size, type->size < 0 ? PLN_ESYNTAX : PLN_ELIMIT, p->err,
                                "the size %lld is not from 0 to %d", (long long)type->size,
                                FIXED_MAX);
    return PLN_OK;
}

static pln_status parse_named(parse *p, pln__avro_type *type, const char *around) {
    pln_status status = define(p, type, around);
    if (status < 0)
        return status;
    if (type->kind == PLN__AVRO_RECORD)
        return parse_record(p, type);
    status = type->kind == PLN__AVRO_ENUM ? parse_enum(p, type) : parse_fixed(p, type);
    if (status >= 0)
        pln__avro_set_logical(type);
    return status;
}

static pln_status parse_union(parse *p, const json *node, const char *space,
                              const pln__avro_type **out) {
    uint32_t kinds = 0;
    pln_status status = PLN_OK;
    pln__avro_type *type = pln__avro_type_new(p->schema, PLN__AVRO_UNION, node, p->err);
    const pln__avro_type **list = pln__arena_new(&p->schema->arena, node->size, sizeof *list);
    if (type == NULL || list == NULL)
        return memory(p);
    *out = type;
    type->branches = list;
    for (const json *branch = node->first; branch != NULL; branch = branch->next) {
        const pln__avro_type *made = NULL;
        status = parse_type(p, branch, space, &made);
        if (status < 0)
            return status;
        if (made->kind == PLN__AVRO_UNION)
            return REFUSE(p, branch, "a union stands directly inside a union");
        bool named = pln__avro_is_named(made->kind), twice = !named && (kinds >> made->kind & 1);
        for (int32_t i = 0; named && i < type->n_branches && !twice; i++)
            twice = list[i] == made;
        if (twice)
            return REFUSE(p, branch, "the union has the branch %s twice",
                          named ? made->full_name : pln__avro_kind_name(made->kind));
        kinds |= 1u << made->kind;
        list[type->n_branches++] = made;
    }
    return PLN_OK;
}

static pln_status parse_container(parse *p, pln__avro_type *type, const char *space) {
    const char *key = type->kind == PLN__AVRO_ARRAY ? "items" : "values";
    const json *items = pln__doc_get(type->definition, key);
    if (items == NULL)
        return REFUSE(p, type->definition, "the %s has no \"%s\"", pln__avro_kind_name(type->kind),
                      key);
    return parse_type(p, items, space, &type->items);
}

static pln_status parse_object(parse *p, const json *node, const char *space,
                               const pln__avro_type **out) {
    const json *inner = pln__doc_get(node, "type");
    const char *name = pln__doc_string(inner);
    if (inner == NULL)
        return REFUSE(p, node, "a type has no \"type\"");
    if (name == NULL) /* {"type": {"type": "int"}} */
        return parse_type(p, inner, space, out);
    bool is_error = strcmp(name, "error") == 0;
    int32_t kind = is_error ? PLN__AVRO_RECORD : kind_of(name, PLN__AVRO_NULL, PLN__AVRO_FIXED);
    if (kind < 0 || kind == PLN__AVRO_UNION)
        return parse_reference(p, inner, space, out);
    pln__avro_type *type = pln__avro_type_new(p->schema, kind, node, p->err);
    *out = type;
    if (type == NULL)
        return memory(p);
    type->is_error = is_error;
    if (pln__avro_is_named(kind))
        return parse_named(p, type, space);
    if (kind > PLN__AVRO_STRING)
        return parse_container(p, type, space);
    pln__avro_set_logical(type);
    return PLN_OK;
}

static pln_status parse_name(parse *p, const json *node, const char *space,
                             const pln__avro_type **out) {
    const char *name = pln__doc_string(node);
    int32_t kind = name == NULL ? -1 : primitive_of(name);
    if (kind < 0)
        return parse_reference(p, node, space, out);
    if (p->bare[kind] == NULL)
        p->bare[kind] = pln__avro_type_new(p->schema, kind, NULL, p->err);
    *out = p->bare[kind];
    return *out == NULL ? memory(p) : PLN_OK;
}

static pln_status parse_type(parse *p, const json *node, const char *space,
                             const pln__avro_type **out) {
    pln_status status;
    if (p->depth == PLN__NESTING_MAX)
        return pln__avro_refuse(p->schema, node, PLN_ELIMIT, p->err,
                                "types are nested more than %d deep", PLN__NESTING_MAX);
    p->depth++;
    if (node->kind == J_ARRAY)
        status = parse_union(p, node, space, out);
    else if (node->kind == J_OBJECT)
        status = parse_object(p, node, space, out);
    else if (node->kind == J_STRING)
        status = parse_name(p, node, space, out);
    else
        status = REFUSE(p, node, "a type is neither a name, an object nor a union");
    p->depth--;
    return status;
}

/* Only now, when every name means something: a default may hold values of types defined behind it. */
static pln_status check_defaults(parse *p) {
    int64_t budget = PLN__AVRO_DEFAULT_COST;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < p->schema->n_types; i++) {
        const pln__avro_type *type = p->schema->types[i];
        for (int32_t j = 0; j < type->n_fields && status >= 0; j++)
            if (type->fields[j].fallback != NULL)
                status = pln__avro_default_check(p->schema, type->fields[j].type,
                                                 type->fields[j].fallback, &budget, p->err);
    }
    return status;
}

static pln_status keep_known(parse *p) {
    pln__avro_schema *schema = p->schema;
    if (p->options->n_known == 0)
        return PLN_OK;
    schema->known = pln__calloc(schema->mem, (uint64_t)p->options->n_known, sizeof(void *));
    if (schema->known == NULL)
        return memory(p);
    schema->n_known = p->options->n_known;
    for (int64_t i = 0; i < schema->n_known; i++)
        schema->known[i] = pln__avro_schema_ref(p->options->known[i]);
    return PLN_OK;
}

static pln_status parse_document(parse *p, const char *text, int64_t size) {
    json *root = NULL;
    pln_status status = keep_known(p);
    if (status >= 0)
        status = pln__doc_parse(&p->schema->arena, "Avro schema", text, size, &root, p->err);
    p->schema->document = root;
    if (status >= 0)
        status = parse_type(p, root, "", &p->schema->root);
    if (status >= 0 && p->schema->n_known > 0)
        status = pln__avro_check_nesting(p->schema, p->err);
    if (status >= 0)
        status = pln__avro_check_clashes(p->schema, p->err);
    pln__avro_drop_clashes(p->schema);
    if (status >= 0 && !p->options->lax_defaults)
        status = check_defaults(p);
    return status;
}

pln_status pln__avro_parse(const pln_allocator *mem, const char *text, int64_t size,
                           const pln__avro_parse_options *options, pln__avro_schema **out,
                           pln_error *err) {
    static const pln__avro_parse_options none;
    *out = NULL;
    if (size < 0)
        size = (int64_t)strlen(text);
    if (size > PLN__SCHEMA_TEXT_MAX)
        return pln__error_set(err, PLN_ELIMIT, "Avro schema: %lld bytes, at most %d are read",
                              (long long)size, PLN__SCHEMA_TEXT_MAX);
    pln__avro_schema *schema = pln__calloc(mem, 1, sizeof *schema);
    if (schema == NULL)
        return pln__error_memory(err, sizeof *schema);
    schema->mem = schema->arena.mem = mem;
    atomic_init(&schema->references, 1);
    schema->names = pln__map_new(mem, (uint64_t)(uintptr_t)schema);
    parse p = {.schema = schema, .options = options == NULL ? &none : options, .err = err};
    pln__text_init(&p.name, mem);
    pln_status status =
        schema->names == NULL ? pln__error_memory(err, 1) : parse_document(&p, text, size);
    pln__text_free(&p.name);
    if (status < 0) {
        pln__avro_schema_unref(schema);
        return status;
    }
    *out = schema;
    return PLN_OK;
}
