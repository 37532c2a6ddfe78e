#include "schema/schema.h"
#include <jansson.h>

#define NAMES_MAX 4096
#define SYMBOLS_MAX 65536
#define NODES_MAX 100000 /* a name used twice at each of 30 levels would be a billion columns */

/* Where a walk is: the named types seen so far, and which of them are being built (a reference to one of those is recursion). */
typedef struct named {
    char *name;
    const char *space; /* namespace in which its fields are resolved; inside the JSON document or "" */
    const struct ArrowSchema *built;
    bool open;
} named;

typedef struct walk {
    const pln_allocator *mem;
    pln_error *err;
    named *types;
    int64_t count, capacity;
    int depth;
    int64_t nodes;
    const char *path; /* of the field being built, for messages */
} walk;

static pln_status build(walk *w, json_t *type, const char *space, const char *name, bool nullable,
                        struct ArrowSchema *out);

static pln_status refuse(walk *w, pln_status code, const char *what) {
    return pln__error_set(w->err, code, "Avro schema, %s: %s", w->path[0] == '\0' ? "top" : w->path,
                          what);
}

static pln_status leaf(walk *w, const char *format, const char *name, bool nullable,
                       struct ArrowSchema *out) {
    return pln__field_new(w->mem, format, name, nullable, 0, out, w->err);
}

static pln_status primitive(walk *w, const char *type, const char *name, bool nullable,
                            struct ArrowSchema *out, bool *found) {
    static const struct {
        const char *avro, *format;
    } map[] = {{"null", "n"}, {"boolean", "b"}, {"int", "i"},   {"long", "l"},
               {"float", "f"}, {"double", "g"}, {"bytes", "z"}, {"string", "u"}};
    *found = false;
    for (int i = 0; i < PLN__COUNT(map); i++)
        if (strcmp(type, map[i].avro) == 0) {
            *found = true;
            return leaf(w, map[i].format, name, nullable || i == 0, out);
        }
    return PLN_OK;
}

static bool name_ok(const char *name, bool dotted) {
    bool start = true;
    if (name == NULL || name[0] == '\0')
        return false;
    for (; *name != '\0'; name++) {
        bool letter =
            (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || *name == '_';
        bool digit = *name >= '0' && *name <= '9';
        if (*name == '.' && dotted && !start)
            start = true;
        else if (letter || (digit && !start))
            start = false;
        else
            return false;
    }
    return !start;
}

static char *full_name(walk *w, const char *space, const char *name) {
    pln__text text;
    pln__text_init(&text, w->mem);
    if (strchr(name, '.') == NULL && space[0] != '\0')
        pln__text_printf(&text, "%s.", space);
    pln__text_str(&text, name);
    return pln__text_take(&text);
}

static named *find_named(walk *w, const char *name) {
    for (int64_t i = 0; i < w->count; i++)
        if (strcmp(w->types[i].name, name) == 0)
            return &w->types[i];
    return NULL;
}

/* Its namespace: given, or before the last dot of the name, or the one around it. The text stays in the document. */
static const char *space_of(json_t *definition, const char *around) {
    const char *space = json_string_value(json_object_get(definition, "namespace"));
    return space != NULL ? space : around;
}

static pln_status remember(walk *w, json_t *definition, const char *around,
                           const struct ArrowSchema *out, int64_t *index) {
    const char *name = json_string_value(json_object_get(definition, "name"));
    const char *space = space_of(definition, around);
    if (!name_ok(name, true))
        return refuse(w, PLN_ESYNTAX, "a named type has no valid \"name\"");
    char *full = full_name(w, space, name);
    if (full == NULL)
        return pln__error_memory(w->err, strlen(name));
    pln_status status =
        w->count >= NAMES_MAX ? refuse(w, PLN_ELIMIT, "too many named types")
        : find_named(w, full) != NULL
            ? refuse(w, PLN_ESYNTAX, "a type of this name is defined twice")
            : pln__grow(w->mem, &w->types, &w->capacity, w->count + 1, sizeof *w->types, w->err);
    if (status < 0) {
        pln__strfree(w->mem, full);
        return status;
    }
    *index = w->count;
    w->types[w->count++] = (named){full, space, out, true};
    return PLN_OK;
}

static pln_status build_fields(walk *w, json_t *fields, const char *space,
                               struct ArrowSchema *out) {
    pln_status status = PLN_OK;
    const char *outer = w->path;
    pln__text path;
    pln__text_init(&path, w->mem);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        json_t *field = json_array_get(fields, i);
        const char *name = json_string_value(json_object_get(field, "name"));
        json_t *type = json_object_get(field, "type");
        if (!name_ok(name, false))
            PLN__TRY(refuse(w, PLN_ESYNTAX, "a field has no valid \"name\""));
        path.size = 0;
        pln__text_printf(&path, "%s%s%s", outer, outer[0] == '\0' ? "" : ".", name);
        PLN__TRY(pln__text_status(&path, w->err));
        w->path = path.data;
        if (type == NULL)
            PLN__TRY(refuse(w, PLN_ESYNTAX, "the field has no \"type\""));
        PLN__TRY(build(w, type, space, name, false, out->children[i]));
        w->path = outer;
    }
out:
    w->path = outer;
    pln__text_free(&path);
    return status;
}

static pln_status build_record(walk *w, json_t *definition, const char *space, const char *name,
                               bool nullable, struct ArrowSchema *out) {
    json_t *fields = json_object_get(definition, "fields");
    if (!json_is_array(fields))
        return refuse(w, PLN_ESYNTAX, "the record has no \"fields\"");
    if (json_array_size(fields) > PLN__COLUMNS_MAX)
        return refuse(w, PLN_ELIMIT, "the record has too many fields");
    pln_status status =
        pln__field_new(w->mem, "+s", name, nullable, (int64_t)json_array_size(fields), out, w->err);
    return status < 0 ? status : build_fields(w, fields, space, out);
}

static pln_status build_enum(walk *w, json_t *definition, const char *name, bool nullable,
                             struct ArrowSchema *out) {
    json_t *symbols = json_object_get(definition, "symbols");
    struct ArrowSchema values = {0};
    pln__text list;
    if (!json_is_array(symbols) || json_array_size(symbols) == 0)
        return refuse(w, PLN_ESYNTAX, "the enum has no \"symbols\"");
    if (json_array_size(symbols) > SYMBOLS_MAX)
        return refuse(w, PLN_ELIMIT, "the enum has too many symbols");
    for (size_t i = 0; i < json_array_size(symbols); i++)
        if (!name_ok(json_string_value(json_array_get(symbols, i)), false))
            return refuse(w, PLN_ESYNTAX, "the enum has a symbol that is no name");
    pln__text_init(&list, w->mem);
    for (size_t i = 0; i < json_array_size(symbols); i++)
        pln__text_printf(&list, "%s\"%s\"", i == 0 ? "[" : ",",
                         json_string_value(json_array_get(symbols, i)));
    pln__text_char(&list, ']');
    pln_status status = pln__text_status(&list, w->err);
    if (status >= 0)
        status = leaf(w, "i", name, nullable, out);
    if (status >= 0)
        status = pln__field_set_metadata(out, PLN__SYMBOLS, list.data, w->err);
    if (status >= 0)
        status = leaf(w, "u", "", false, &values);
    if (status >= 0)
        pln__field_set_dictionary(out, &values);
    pln__text_free(&list);
    return status;
}

static pln_status build_decimal(walk *w, json_t *definition, const char *name, bool nullable,
                                struct ArrowSchema *out) {
    json_t *precision = json_object_get(definition, "precision"),
           *scale = json_object_get(definition, "scale");
    pln__text text;
    if (!json_is_integer(precision) || json_integer_value(precision) < 1 ||
        (scale != NULL && !json_is_integer(scale)) || json_integer_value(scale) < 0 ||
        json_integer_value(scale) > json_integer_value(precision))
        return refuse(w, PLN_ESYNTAX,
                      "a decimal needs \"precision\" of at least 1 and \"scale\" between 0 and it");
    if (json_integer_value(precision) > 38)
        return refuse(w, PLN_EUNSUPPORTED, "a decimal of more than 38 digits has no column type");
    pln__text_init(&text, w->mem);
    pln__text_printf(&text, "d:%d,%d", (int)json_integer_value(precision),
                     (int)json_integer_value(scale));
    pln_status status = pln__text_status(&text, w->err);
    if (status >= 0)
        status = leaf(w, text.data, name, nullable, out);
    pln__text_free(&text);
    return status;
}

static pln_status build_fixed(walk *w, json_t *definition, const char *name, bool nullable,
                              struct ArrowSchema *out) {
    json_t *size = json_object_get(definition, "size");
    pln__text text;
    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        json_integer_value(size) > 1 << 20)
        return refuse(w, PLN_ESYNTAX, "a fixed needs \"size\" between 0 and 1048576");
    pln__text_init(&text, w->mem);
    pln__text_printf(&text, "w:%d", (int)json_integer_value(size));
    pln_status status = pln__text_status(&text, w->err);
    if (status >= 0)
        status = leaf(w, text.data, name, nullable, out);
    pln__text_free(&text);
    return status;
}

/* A logical type that fits its underlying one; an unknown one is ignored, as Avro says. */
static pln_status logical(walk *w, json_t *definition, const char *base, const char *name,
                          bool nullable, struct ArrowSchema *out, bool *found) {
    static const struct {
        const char *logical, *base, *format;
    } map[] = {{"date", "int", "tdD"},
               {"time-millis", "int", "ttm"},
               {"time-micros", "long", "ttu"},
               {"timestamp-millis", "long", "tsm:UTC"},
               {"timestamp-micros", "long", "tsu:UTC"},
               {"timestamp-nanos", "long", "tsn:UTC"},
               {"local-timestamp-millis", "long", "tsm:"},
               {"local-timestamp-micros", "long", "tsu:"},
               {"local-timestamp-nanos", "long", "tsn:"},
               {"uuid", "string", "u"}};
    const char *type = json_string_value(json_object_get(definition, "logicalType"));
    *found = false;
    if (type == NULL)
        return PLN_OK;
    if (strcmp(type, "decimal") == 0 &&
        (strcmp(base, "bytes") == 0 || strcmp(base, "fixed") == 0)) {
        *found = true;
        return build_decimal(w, definition, name, nullable, out);
    }
    for (int i = 0; i < PLN__COUNT(map); i++)
        if (strcmp(type, map[i].logical) == 0 && strcmp(base, map[i].base) == 0) {
            *found = true;
            return leaf(w, map[i].format, name, nullable, out);
        }
    return PLN_OK;
}

static pln_status build_list(walk *w, json_t *definition, const char *space, const char *name,
                             bool nullable, struct ArrowSchema *out) {
    json_t *items = json_object_get(definition, "items");
    if (items == NULL)
        return refuse(w, PLN_ESYNTAX, "the array has no \"items\"");
    pln_status status = pln__field_new(w->mem, "+l", name, nullable, 1, out, w->err);
    return status < 0 ? status : build(w, items, space, "item", false, out->children[0]);
}

static pln_status build_map(walk *w, json_t *definition, const char *space, const char *name,
                            bool nullable, struct ArrowSchema *out) {
    json_t *values = json_object_get(definition, "values");
    if (values == NULL)
        return refuse(w, PLN_ESYNTAX, "the map has no \"values\"");
    pln_status status = pln__field_new(w->mem, "+m", name, nullable, 1, out, w->err);
    if (status >= 0)
        status = pln__field_new(w->mem, "+s", "entries", false, 2, out->children[0], w->err);
    if (status >= 0)
        status = leaf(w, "u", "key", false, out->children[0]->children[0]);
    return status < 0 ? status
                      : build(w, values, space, "value", false, out->children[0]->children[1]);
}

static const char *variant_name(json_t *branch) {
    const char *name = json_string_value(branch);
    if (name == NULL)
        name = json_string_value(json_object_get(branch, "name"));
    return name != NULL ? name : json_string_value(json_object_get(branch, "type"));
}

/* null and one other branch is a nullable field; the rest is a dense union of its branches. */
static pln_status build_union(walk *w, json_t *branches, const char *space, const char *name,
                              struct ArrowSchema *out) {
    pln_status status = PLN_OK;
    size_t n = json_array_size(branches), nulls = 0;
    pln__text format;
    for (size_t i = 0; i < n; i++) {
        const char *type = json_string_value(json_array_get(branches, i));
        if (json_is_array(json_array_get(branches, i)))
            return refuse(w, PLN_ESYNTAX, "a union stands directly inside a union");
        nulls += type != NULL && strcmp(type, "null") == 0;
    }
    if (n == 0 || nulls > 1 || n > 127)
        return refuse(w, PLN_ESYNTAX, "a union needs 1 to 127 branches, null at most once");
    if (n == 1)
        return build(w, json_array_get(branches, 0), space, name, false, out);
    if (n == 2 && nulls == 1) {
        const char *first = json_string_value(json_array_get(branches, 0));
        bool null_first = first != NULL && strcmp(first, "null") == 0;
        return build(w, json_array_get(branches, null_first ? 1 : 0), space, name, true, out);
    }
    pln__text_init(&format, w->mem);
    pln__text_str(&format, "+ud:");
    for (size_t i = 0; i < n; i++)
        pln__text_printf(&format, "%s%d", i > 0 ? "," : "", (int)i);
    PLN__TRY(pln__text_status(&format, w->err));
    PLN__TRY(pln__field_new(w->mem, format.data, name, nulls > 0, (int64_t)n, out, w->err));
    for (size_t i = 0; i < n; i++) {
        json_t *branch = json_array_get(branches, i);
        const char *label = variant_name(branch);
        PLN__TRY(
            build(w, branch, space, label == NULL ? "branch" : label, false, out->children[i]));
    }
out:
    pln__text_free(&format);
    return status;
}

static pln_status build_named(walk *w, const char *type, json_t *definition, const char *space,
                              const char *name, bool nullable, struct ArrowSchema *out) {
    bool found = false;
    if (strcmp(type, "enum") == 0)
        return build_enum(w, definition, name, nullable, out);
    if (strcmp(type, "fixed") == 0) {
        pln_status status = logical(w, definition, "fixed", name, nullable, out, &found);
        return found || status < 0 ? status : build_fixed(w, definition, name, nullable, out);
    }
    return build_record(w, definition, space, name, nullable, out);
}

static bool is_named(const char *type) {
    return strcmp(type, "record") == 0 || strcmp(type, "error") == 0 || strcmp(type, "enum") == 0 ||
           strcmp(type, "fixed") == 0;
}

static pln_status build_object(walk *w, json_t *type, const char *space, const char *name,
                               bool nullable, struct ArrowSchema *out) {
    json_t *inner = json_object_get(type, "type");
    const char *kind = json_string_value(inner);
    bool found = false;
    int64_t index = 0;
    if (kind == NULL)
        return inner == NULL ? refuse(w, PLN_ESYNTAX, "a type has no \"type\"")
                             : build(w, inner, space, name, nullable, out);
    if (is_named(kind)) {
        pln_status status = remember(w, type, space, out, &index);
        if (status >= 0)
            status = build_named(w, kind, type, w->types[index].space, name, nullable, out);
        if (index < w->count)
            w->types[index].open = false;
        return status;
    }
    if (strcmp(kind, "array") == 0)
        return build_list(w, type, space, name, nullable, out);
    if (strcmp(kind, "map") == 0)
        return build_map(w, type, space, name, nullable, out);
    pln_status status = logical(w, type, kind, name, nullable, out, &found);
    return found || status < 0 ? status : build(w, inner, space, name, nullable, out);
}

/* Symbols take room, too: an enum of a megabyte, used a thousand times. */
static int64_t nodes_of(const struct ArrowSchema *schema) {
    int32_t symbols;
    (void)pln__field_metadata(schema, PLN__SYMBOLS, &symbols);
    int64_t n = 1 + symbols / 128;
    for (int64_t i = 0; i < schema->n_children; i++)
        n += nodes_of(schema->children[i]);
    return n;
}

static pln_status build_reference(walk *w, const char *type, const char *space, const char *name,
                                  bool nullable, struct ArrowSchema *out) {
    char shown[PLN__SHOW_SIZE];
    char *full = full_name(w, space, type);
    if (full == NULL)
        return pln__error_memory(w->err, strlen(type));
    named *known = find_named(w, full);
    if (known == NULL)
        known = find_named(w, type);
    pln__strfree(w->mem, full);
    if (known == NULL)
        return pln__error_set(w->err, PLN_ESYNTAX, "Avro schema, %s: there is no type %s",
                              w->path[0] == '\0' ? "top" : w->path,
                              pln__show(shown, type, (int64_t)strlen(type)));
    if (known->open)
        return refuse(w, PLN_EUNSUPPORTED, "a type that contains itself has no column type");
    w->nodes += nodes_of(known->built);
    if (w->nodes > NODES_MAX)
        return refuse(w, PLN_ELIMIT, "the schema grows too large where its names are used again");
    pln_status status = pln__field_copy(w->mem, known->built, name, out, w->err);
    if (status >= 0)
        out->flags =
            nullable ? out->flags | ARROW_FLAG_NULLABLE : out->flags & ~ARROW_FLAG_NULLABLE;
    return status;
}

static pln_status build(walk *w, json_t *type, const char *space, const char *name, bool nullable,
                        struct ArrowSchema *out) {
    bool found = false;
    pln_status status;
    if (++w->depth > PLN__NESTING_MAX) {
        w->depth--;
        return refuse(w, PLN_ELIMIT, "the schema is nested too deeply");
    }
    if (json_is_array(type))
        status = build_union(w, type, space, name, out);
    else if (json_is_object(type))
        status = build_object(w, type, space, name, nullable, out);
    else if (!json_is_string(type))
        status = refuse(w, PLN_ESYNTAX, "a type is neither a name, an object nor a union");
    else {
        status = primitive(w, json_string_value(type), name, nullable, out, &found);
        if (!found && status >= 0)
            status = build_reference(w, json_string_value(type), space, name, nullable, out);
    }
    w->depth--;
    return status;
}

static void walk_free(walk *w) {
    for (int64_t i = 0; i < w->count; i++)
        pln__strfree(w->mem, w->types[i].name);
    pln__free(w->mem, w->types, (uint64_t)w->capacity * sizeof *w->types);
}

pln_status pln__schema_from_avro(const pln_allocator *mem, const char *text, int64_t size,
                                 struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    walk w = {.mem = mem, .err = err, .path = ""};
    json_error_t at;
    memset(out, 0, sizeof *out);
    if (size < 0)
        size = (int64_t)strlen(text);
    if (size > PLN__SCHEMA_TEXT_MAX)
        return pln__error_set(err, PLN_ELIMIT, "Avro schema: %lld bytes, at most %d are read",
                              (long long)size, PLN__SCHEMA_TEXT_MAX);
    json_t *root = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL)
        return pln__error_set(err, PLN_ESYNTAX, "Avro schema: JSON line %d, column %d: %s", at.line,
                              at.column, at.text);
    PLN__TRY(build(&w, root, "", "", false, out));
    if (strcmp(out->format, "+s") != 0)
        PLN__TRY(refuse(&w, PLN_EUNSUPPORTED, "rows need a record at the top"));
    PLN__TRY(pln__schema_check(out, err));
out:
    if (status < 0)
        pln__schema_release(out);
    walk_free(&w);
    json_decref(root);
    return status;
}
