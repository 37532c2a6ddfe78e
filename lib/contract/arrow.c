/* The columns that an object of a contract promises: logical types, their options, and physical types where a logical one leaves something open. */
#include "contract/contract.h"
#include "base/utf8.h"
#include <stdio.h>

enum { FORMAT_SIZE = 24 };

/* ---- physical types ---- */

static const struct {
    const char *name, *format;
} physical_types[] = {
    {"bigint", "l"},    {"bigserial", "l"}, {"binary", "z"},    {"blob", "z"},
    {"bool", "b"},      {"boolean", "b"},   {"bytea", "z"},     {"bytes", "z"},
    {"char", "u"},      {"character", "u"}, {"date", "tdD"},    {"datetime", "tsu:UTC"},
    {"double", "g"},    {"float", "g"},     {"float4", "f"},    {"float64", "g"},
    {"float8", "g"},    {"int", "i"},       {"int16", "s"},     {"int2", "s"},
    {"int32", "i"},     {"int4", "i"},      {"int64", "l"},     {"integer", "i"},
    {"json", "u"},      {"jsonb", "u"},     {"long", "l"},      {"nvarchar", "u"},
    {"real", "f"},      {"serial", "i"},    {"smallint", "s"},  {"string", "u"},
    {"text", "u"},      {"time", "ttu"},    {"timestamp", "tsu:UTC"}, {"timestamptz", "tsu:UTC"},
    {"tinyint", "c"},   {"uuid", "u"},      {"varbinary", "z"}, {"varchar", "u"}};

/* "decimal(10, 2)", "numeric(5)". */
static bool decimal_format(const char *type, size_t name, char out[FORMAT_SIZE]) {
    static const char *const names[] = {"decimal", "numeric", "number"};
    int precision = 0, scale = 0;
    bool known = false;
    for (int i = 0; i < PLN__COUNT(names); i++)
        known = known || (strlen(names[i]) == name &&
                          pln__ascii_equal_nocase(names[i], type, (int64_t)name));
    if (!known || type[name] != '(')
        return false;
    const char *p = type + name + 1;
    for (p += strspn(p, " "); *p >= '0' && *p <= '9' && precision < 100; p++)
        precision = precision * 10 + (*p - '0');
    p += strspn(p, " ");
    if (*p == ',')
        for (p += 1 + strspn(p + 1, " "); *p >= '0' && *p <= '9' && scale < 100; p++)
            scale = scale * 10 + (*p - '0');
    p += strspn(p, " ");
    if (*p != ')' || precision < 1 || precision > 38 || scale > precision)
        return false;
    (void)snprintf(out, FORMAT_SIZE, "d:%d,%d", precision, scale);
    return true;
}

/* False: it says nothing that is known here. */
static bool physical_format(const json *property, char out[FORMAT_SIZE]) {
    const char *type = pln__contract_text(property, "physicalType");
    if (type == NULL)
        return false;
    size_t name = strcspn(type, "( [");
    if (decimal_format(type, name, out))
        return true;
    for (int i = 0; i < PLN__COUNT(physical_types); i++)
        if (strlen(physical_types[i].name) == name &&
            pln__ascii_equal_nocase(physical_types[i].name, type, (int64_t)name)) {
            (void)strcpy(out, physical_types[i].format);
            return true;
        }
    return false;
}

/* ---- logical types ---- */

static const char *named_format(const char *name) {
    static const struct {
        const char *name, *format;
    } formats[] = {{"i8", "c"},  {"i16", "s"}, {"i32", "i"}, {"i64", "l"}, {"u8", "C"},
                   {"u16", "S"}, {"u32", "I"}, {"u64", "L"}, {"f32", "f"}, {"f64", "g"}};
    for (int i = 0; i < PLN__COUNT(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return formats[i].format;
    return NULL;
}

/* Numbers: their format; else a physical type of that family; else the widest. NULL: why not. */
static const char *number_format(const json *property, bool integer, char out[FORMAT_SIZE]) {
    const char *format = pln__contract_text(pln__doc_get(property, "logicalTypeOptions"), "format");
    if (format != NULL) {
        format = named_format(format);
        if (format == NULL)
            return "no column holds integers of 128 bits";
        (void)strcpy(out, format);
        return NULL;
    }
    if (physical_format(property, out) &&
        strchr(integer ? "csilCSIL" : "csilCSILfgd", out[0]) != NULL)
        return NULL;
    (void)strcpy(out, integer ? "l" : "g");
    return NULL;
}

/* Instants, as the default zone is UTC; only where another zone is the default and the values have none, they are local. */
static void timestamp_format(const json *property, char out[FORMAT_SIZE]) {
    static const char *const utc[] = {"UTC", "Etc/UTC", "Z", "GMT"};
    const json *options = pln__doc_get(property, "logicalTypeOptions");
    const char *zone = pln__contract_text(options, "defaultTimezone");
    bool instant = zone == NULL || pln__contract_flag(options, "timezone");
    for (int i = 0; i < PLN__COUNT(utc) && zone != NULL; i++)
        instant = instant || strcmp(utc[i], zone) == 0;
    (void)strcpy(out, instant ? "tsu:UTC" : "tsu:");
}

static int64_t n_properties(const json *node) {
    const json *list = pln__doc_get(node, "properties");
    return list == NULL ? 0 : list->size;
}

/* The Arrow format of a property, or why it has none. */
static const char *format_of(const json *property, char out[FORMAT_SIZE]) {
    const char *type = pln__contract_text(property, "logicalType");
    if (type == NULL)
        return physical_format(property, out) ? NULL
                                              : "a property with neither a logicalType nor a known "
                                                "physicalType has no column type";
    if (strcmp(type, "string") == 0)
        (void)strcpy(out, "u");
    else if (strcmp(type, "date") == 0)
        (void)strcpy(out, "tdD");
    else if (strcmp(type, "time") == 0)
        (void)strcpy(out, "ttu");
    else if (strcmp(type, "timestamp") == 0)
        timestamp_format(property, out);
    else if (strcmp(type, "boolean") == 0)
        (void)strcpy(out, "b");
    else if (strcmp(type, "object") == 0) {
        if (n_properties(property) == 0)
            return "an object without properties has no column type";
        (void)strcpy(out, "+s");
    } else if (strcmp(type, "array") == 0) {
        if (pln__doc_get(property, "items") == NULL)
            return "an array without items has no column type";
        (void)strcpy(out, "+l");
    } else
        return number_format(property, strcmp(type, "integer") == 0, out);
    return NULL;
}

/* ---- the walk ---- */

typedef struct walk {
    const pln_contract *contract;
    pln_error *err;
    const json *first; /* that has no type */
    const char *why;
    int64_t found;
} walk;

static void find_untyped(walk *w, const json *property) {
    char format[FORMAT_SIZE];
    const json *items = pln__doc_get(property, "items"),
               *list = pln__doc_get(property, "properties");
    const char *why = format_of(property, format);
    if (why != NULL) {
        if (w->found++ == 0) {
            w->first = property;
            w->why = why;
        }
        return;
    }
    if (strcmp(format, "+l") == 0)
        find_untyped(w, items);
    for (const json *child = strcmp(format, "+s") == 0 ? list->first : NULL; child != NULL;
         child = child->next)
        find_untyped(w, child);
}

static pln_status refuse(walk *w) {
    pln__text pointer;
    char more[48] = "";
    pln__text_init(&pointer, w->contract->mem);
    pln__doc_pointer(w->first, &pointer);
    if (w->found > 1)
        (void)snprintf(more, sizeof more, "; and %lld more", (long long)w->found - 1);
    pln_status status = pln__text_status(&pointer, w->err);
    if (status >= 0)
        status = pln__error_set(w->err, PLN_EUNSUPPORTED, "contract, %s: %s%s", pointer.data,
                                w->why, more);
    pln__text_free(&pointer);
    return status;
}

static pln_status make_field(walk *w, const json *property, const char *name,
                             struct ArrowSchema *out) {
    char format[FORMAT_SIZE];
    const json *child = NULL;
    (void)format_of(property, format);
    bool list = strcmp(format, "+l") == 0, row = strcmp(format, "+s") == 0;
    bool nullable =
        !pln__contract_flag(property, "required") && !pln__contract_flag(property, "primaryKey");
    pln_status status = pln__field_new(w->contract->mem, format, name, nullable,
                                       list  ? 1
                                       : row ? n_properties(property)
                                             : 0,
                                       out, w->err);
    if (status >= 0 && list)
        status = make_field(w, pln__doc_get(property, "items"), "item", out->children[0]);
    if (row)
        child = pln__doc_get(property, "properties")->first;
    for (int64_t i = 0; status >= 0 && child != NULL; i++, child = child->next)
        status = make_field(w, child, pln__contract_column(w->contract, child), out->children[i]);
    return status;
}

pln_status pln_contract_schema(const pln_contract *contract, const char *object,
                               struct ArrowSchema *out, pln_error *err) {
    walk w = {.contract = contract, .err = err};
    const json *node = NULL, *first;
    memset(out, 0, sizeof *out);
    pln_status status = pln__contract_object(contract, object, &node, err);
    if (status < 0)
        return status;
    first = n_properties(node) == 0 ? NULL : pln__doc_get(node, "properties")->first;
    if (first == NULL) {
        w.first = node;
        w.why = "an object without properties has no columns";
        w.found = 1;
    }
    for (const json *property = first; property != NULL; property = property->next)
        find_untyped(&w, property);
    if (w.found > 0)
        return refuse(&w);
    status = pln__field_new(contract->mem, "+s", NULL, false, n_properties(node), out, err);
    for (int64_t i = 0; status >= 0 && first != NULL; i++, first = first->next)
        status = make_field(&w, first, pln__contract_column(contract, first), out->children[i]);
    if (status >= 0)
        status = pln__schema_check(out, err);
    if (status < 0) {
        pln__schema_release(out);
        memset(out, 0, sizeof *out);
    }
    return status;
}

pln_status pln_contract_avro_schema(const pln_contract *contract, const char *object,
                                    pln_avro_schema **out, pln_error *err) {
    struct ArrowSchema columns;
    const json *node = NULL;
    *out = NULL;
    pln_status status = pln_contract_schema(contract, object, &columns, err);
    if (status < 0)
        return status;
    status = pln__contract_object(contract, object, &node, err);
    if (status >= 0)
        status = pln__avro_from_arrow(contract->mem, &columns, pln__contract_text(node, "name"),
                                      out, err);
    pln__schema_release(&columns);
    return status;
}
