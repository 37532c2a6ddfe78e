#include "schema/avro_internal.h"
#include "schema/schema.h"

/* The schema is written as text and parsed as any other: one place knows what a schema may be. */
typedef struct make {
    const pln_allocator *mem;
    pln__text *out;
    pln_error *err;
    pln__map *names;    /* of types given away */
    const char *record; /* its name without namespace: names of types inside begin with it */
    const char *wish;   /* the name of the type to come, from a child of a union; NULL: none */
    pln__text path;     /* of the column */
} make;

static pln_status put_type(make *m, const struct ArrowSchema *column);

static pln_status refuse(make *m, pln_status code, const char *why) {
    return pln__error_set(m->err, code, "column %s: %s", m->path.size == 0 ? "?" : m->path.data,
                          why);
}

static pln_status put_bare(make *m, const char *name) {
    pln__text_printf(m->out, "\"%s\"", name);
    return PLN_OK;
}

static pln_status put_logical(make *m, const char *base, const char *logical) {
    pln__text_printf(m->out, "{\"type\":\"%s\",\"logicalType\":\"%s\"}", base, logical);
    return PLN_OK;
}

/* ---- names of types ---- */

static bool unused(const make *m, const char *name) {
    return !pln__map_get(m->names, name, (int64_t)strlen(name), NULL);
}

/* "order_lines" for the struct in column lines of record order, with a number where that is taken. */
static pln_status put_name(make *m, const char *wish) {
    pln_status status = PLN_OK;
    pln__text name;
    pln__text_init(&name, m->mem);
    if (wish == NULL)
        pln__text_printf(&name, "%s%s%s", m->record, m->path.size == 0 ? "" : "_",
                         m->path.size == 0 ? "" : m->path.data);
    else
        pln__text_str(&name, wish);
    for (int64_t i = 0; wish == NULL && i < name.size; i++)
        if (name.data[i] == '.')
            name.data[i] = '_';
    int64_t size = name.size;
    for (int n = 2; !name.failed && !unused(m, name.data); n++) {
        name.size = size;
        pln__text_printf(&name, "_%d", n);
    }
    PLN__TRY(pln__text_status(&name, m->err));
    PLN__TRY(pln__map_put(m->names, name.data, name.size, 0, m->err));
    pln__text_str(m->out, ",\"name\":");
    pln__text_json(m->out, name.data, name.size);
    if (wish != NULL && strchr(wish, '.') == NULL) /* the whole of its name, whatever is around */
        pln__text_str(m->out, ",\"namespace\":\"\"");
out:
    pln__text_free(&name);
    return status;
}

/* A child of a union whose name could be that of a type is named so: such columns may have been made from a schema. */
static const char *wished_name(const make *m, const struct ArrowSchema *column) {
    if (column->name == NULL || !pln__avro_name_ok(column->name, true) || !unused(m, column->name))
        return NULL;
    for (int32_t kind = 0; kind <= PLN__AVRO_FIXED; kind++)
        if (strcmp(column->name, pln__avro_kind_name(kind)) == 0)
            return NULL;
    return column->name;
}

/* ---- types without children ---- */

static bool has_logical(const struct ArrowSchema *column, const char *name) {
    int32_t size = 0;
    const char *text = pln__field_metadata(column, "pln.logical", &size);
    return text != NULL && (size_t)size == strlen(name) && memcmp(text, name, (size_t)size) == 0;
}

static pln_status put_decimal(make *m, int32_t precision, int32_t scale) {
    if (scale < 0) { /* Avro has none: zeros are digits */
        precision -= scale;
        scale = 0;
    }
    if (precision < scale)
        precision = scale;
    if (precision > 38)
        return refuse(m, PLN_EUNSUPPORTED,
                      "a decimal of that scale needs more than 38 digits in Avro");
    pln__text_printf(
        m->out, "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":%d,\"scale\":%d}",
        precision, scale);
    return PLN_OK;
}

static pln_status put_timestamp(make *m, const pln__type *type) {
    static const char *const units[] = {"millis", "millis", "micros", "nanos"};
    pln__text_printf(m->out, "{\"type\":\"long\",\"logicalType\":\"%stimestamp-%s\"}",
                     type->timezone[0] == '\0' ? "local-" : "", units[type->unit]);
    return PLN_OK;
}

static pln_status put_fixed(make *m, const struct ArrowSchema *column, const pln__type *type,
                            const char *wish) {
    pln__text_str(m->out, "{\"type\":\"fixed\"");
    pln_status status = put_name(m, wish);
    pln__text_printf(m->out, ",\"size\":%d", (int)type->width);
    if (type->width == 12 && has_logical(column, "duration"))
        pln__text_str(m->out, ",\"logicalType\":\"duration\"");
    if (type->width == 16 && has_logical(column, "uuid"))
        pln__text_str(m->out, ",\"logicalType\":\"uuid\"");
    pln__text_char(m->out, '}');
    return status;
}

static pln_status put_leaf(make *m, const struct ArrowSchema *column, const pln__type *type) {
    switch (type->id) {
    case PLN__NULL: return put_bare(m, "null");
    case PLN__BOOL: return put_bare(m, "boolean");
    case PLN__INT8:
    case PLN__INT16:
    case PLN__INT32:
    case PLN__UINT8:
    case PLN__UINT16: return put_bare(m, "int");
    case PLN__UINT32:
    case PLN__INT64: return put_bare(m, "long");
    case PLN__UINT64: return put_decimal(m, 20, 0);
    case PLN__FLOAT32: return put_bare(m, "float");
    case PLN__FLOAT64: return put_bare(m, "double");
    case PLN__UTF8:
        return has_logical(column, "uuid") ? put_logical(m, "string", "uuid")
                                           : put_bare(m, "string");
    case PLN__BINARY:
        return has_logical(column, "big-decimal") ? put_logical(m, "bytes", "big-decimal")
                                                  : put_bare(m, "bytes");
    case PLN__DECIMAL128: return put_decimal(m, type->precision, type->scale);
    case PLN__DATE32: return put_logical(m, "int", "date");
    case PLN__TIME32: return put_logical(m, "int", "time-millis");
    case PLN__TIME64: /* there is no time of day in nanoseconds: the plain number loses nothing */
        return type->unit == PLN__NANO ? put_bare(m, "long")
                                       : put_logical(m, "long", "time-micros");
    case PLN__TIMESTAMP: return put_timestamp(m, type);
    default: return refuse(m, PLN_EUNSUPPORTED, "the type has no Avro form");
    }
}

/* ---- enums ---- */

static bool symbols_ok(const json *list) {
    if (list == NULL || list->kind != J_ARRAY || list->size == 0)
        return false;
    for (const json *symbol = list->first; symbol != NULL; symbol = symbol->next)
        if (!pln__avro_name_ok(pln__doc_string(symbol), false))
            return false;
    return true;
}

/* A dictionary of texts that says what symbols it may hold, and they are names: an enum. Any other is what its values are. */
static pln_status put_dictionary(make *m, const struct ArrowSchema *column, const char *wish) {
    int32_t size = 0;
    json *list = NULL;
    pln__arena arena = {.mem = m->mem};
    const char *text = pln__field_metadata(column, PLN__SYMBOLS, &size);
    pln_status status = PLN_OK;
    if (text != NULL && strcmp(column->dictionary->format, "u") == 0)
        status = pln__doc_parse(&arena, "Avro schema", text, size, &list, NULL);
    if (status == PLN_ENOMEM) {
        status = pln__error_memory(m->err, (uint64_t)size);
    } else if (status < 0 || !symbols_ok(list)) {
        status = put_type(m, column->dictionary);
    } else {
        pln__text_str(m->out, "{\"type\":\"enum\"");
        status = put_name(m, wish);
        pln__text_str(m->out, ",\"symbols\":");
        pln__avro_json_text(list, m->out);
        pln__text_char(m->out, '}');
    }
    pln__arena_free(&arena);
    return status;
}

/* ---- types with children ---- */

static bool is_null(const struct ArrowSchema *column) {
    return strcmp(column->format, "n") == 0;
}

static bool is_union(const struct ArrowSchema *column) {
    return strncmp(column->format, "+u", 2) == 0;
}

/* Its type, with null beside it where the column may be null; a union says so itself. */
static pln_status put_column(make *m, const struct ArrowSchema *column) {
    bool optional =
        (column->flags & ARROW_FLAG_NULLABLE) != 0 && !is_null(column) && !is_union(column);
    if (optional)
        pln__text_str(m->out, "[\"null\",");
    pln_status status = put_type(m, column);
    if (optional)
        pln__text_char(m->out, ']');
    return status;
}

static pln_status put_field(make *m, const struct ArrowSchema *column) {
    int64_t size = m->path.size;
    bool optional = (column->flags & ARROW_FLAG_NULLABLE) != 0 && !is_union(column);
    pln__text_printf(&m->path, "%s%s", size == 0 ? "" : ".", column->name);
    pln_status status = pln__text_status(&m->path, m->err);
    if (status >= 0 && !pln__avro_name_ok(column->name, false))
        status = refuse(m, PLN_EINVAL,
                        "this is no name of an Avro field: letters, digits and _, not beginning "
                        "with a digit");
    if (status < 0)
        return status;
    pln__text_str(m->out, "{\"name\":");
    pln__text_json(m->out, column->name, (int64_t)strlen(column->name));
    pln__text_str(m->out, ",\"type\":");
    status = put_column(m, column);
    pln__text_str(m->out, optional ? ",\"default\":null}" : "}");
    m->path.size = size;
    if (m->path.data != NULL)
        m->path.data[size] = '\0';
    return status;
}

static pln_status put_fields(make *m, const struct ArrowSchema *columns) {
    pln_status status = PLN_OK;
    pln__text_str(m->out, ",\"fields\":[");
    for (int64_t i = 0; i < columns->n_children && status >= 0; i++) {
        if (i > 0)
            pln__text_char(m->out, ',');
        status = put_field(m, columns->children[i]);
    }
    pln__text_str(m->out, "]}");
    return status;
}

static pln_status put_struct(make *m, const struct ArrowSchema *column, const char *wish) {
    pln__text_str(m->out, "{\"type\":\"record\"");
    pln_status status = put_name(m, wish);
    return status < 0 ? status : put_fields(m, column);
}

/* Keys of a map of Avro are texts; any other map is the list of its entries. */
static pln_status put_map(make *m, const struct ArrowSchema *column) {
    const struct ArrowSchema *entries = column->children[0];
    bool texts =
        strcmp(entries->children[0]->format, "u") == 0 && entries->children[0]->dictionary == NULL;
    pln__text_str(m->out,
                  texts ? "{\"type\":\"map\",\"values\":" : "{\"type\":\"array\",\"items\":");
    pln_status status = texts ? put_column(m, entries->children[1]) : put_struct(m, entries, NULL);
    pln__text_char(m->out, '}');
    return status;
}

static pln_status put_union(make *m, const struct ArrowSchema *column) {
    bool nulls = (column->flags & ARROW_FLAG_NULLABLE) != 0, has_null = false;
    for (int64_t i = 0; i < column->n_children; i++) {
        has_null = has_null || is_null(column->children[i]);
        nulls = nulls || (column->children[i]->flags & ARROW_FLAG_NULLABLE) != 0;
    }
    pln__text_str(m->out, nulls && !has_null ? "[\"null\"," : "[");
    for (int64_t i = 0; i < column->n_children; i++) {
        if (i > 0)
            pln__text_char(m->out, ',');
        m->wish = wished_name(m, column->children[i]);
        pln_status status = put_type(m, column->children[i]);
        if (status < 0)
            return status;
    }
    pln__text_char(m->out, ']');
    return PLN_OK;
}

static pln_status put_list(make *m, const struct ArrowSchema *column) {
    pln__text_str(m->out, "{\"type\":\"array\",\"items\":");
    pln_status status = put_column(m, column->children[0]);
    pln__text_char(m->out, '}');
    return status;
}

static pln_status put_type(make *m, const struct ArrowSchema *column) {
    pln__type type;
    const char *wish = m->wish;
    m->wish = NULL;
    pln_status status = pln__type_of(column, &type, m->err);
    if (status < 0)
        return status;
    switch (type.id) {
    case PLN__FIXED: return put_fixed(m, column, &type, wish);
    case PLN__DICTIONARY: return put_dictionary(m, column, wish);
    case PLN__STRUCT: return put_struct(m, column, wish);
    case PLN__MAP: return put_map(m, column);
    case PLN__LIST: return put_list(m, column);
    case PLN__UNION: return put_union(m, column);
    default: return put_leaf(m, column, &type);
    }
}

static pln_status put_record(make *m, const struct ArrowSchema *columns, const char *name) {
    const char *dot = strrchr(name, '.');
    m->record = dot == NULL ? name : dot + 1;
    pln__text_str(m->out, "{\"type\":\"record\",\"name\":");
    pln__text_json(m->out, name, (int64_t)strlen(name));
    pln_status status = pln__map_put(m->names, m->record, (int64_t)strlen(m->record), 0, m->err);
    return status < 0 ? status : put_fields(m, columns);
}

pln_status pln__avro_from_arrow(const pln_allocator *mem, const struct ArrowSchema *columns,
                                const char *record_name, pln__avro_schema **out, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    pln_status status = PLN_OK;
    pln__text text;
    *out = NULL;
    pln__text_init(&text, mem);
    make m = {.mem = mem, .out = &text, .err = err};
    pln__text_init(&m.path, mem);
    m.names = pln__map_new(mem, (uint64_t)(uintptr_t)&m);
    if (m.names == NULL)
        return pln__error_memory(err, 1);
    if (!pln__avro_name_ok(record_name, true))
        PLN__FAIL(err, PLN_EINVAL, "%s is no name of an Avro record",
                  pln__show(shown, record_name, (int64_t)strlen(record_name)));
    PLN__TRY(pln__schema_check(columns, err));
    PLN__TRY(put_record(&m, columns, record_name));
    PLN__TRY(pln__text_status(&text, err));
    status = pln__avro_parse(mem, text.data, text.size, NULL, out, err);
    if (status == PLN_ESYNTAX) /* a union of two lists */
        PLN__FAIL(err, PLN_EUNSUPPORTED, "the columns have no Avro schema: %s",
                  err == NULL ? "" : err->message);
out:
    pln__map_free(m.names);
    pln__text_free(&m.path);
    pln__text_free(&text);
    return status;
}
