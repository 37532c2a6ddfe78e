#include "schema/avro_internal.h"

static const char *const kinds[] = {"null",  "boolean", "int",    "long", "float", "double", "bytes",
                                    "string", "record",  "enum",   "array", "map",  "union",  "fixed"};
static const char *const logicals[] = {"",
                                       "decimal",
                                       "uuid",
                                       "date",
                                       "time-millis",
                                       "time-micros",
                                       "timestamp-millis",
                                       "timestamp-micros",
                                       "timestamp-nanos",
                                       "local-timestamp-millis",
                                       "local-timestamp-micros",
                                       "local-timestamp-nanos",
                                       "duration",
                                       "big-decimal"};

const char *pln__avro_kind_name(int32_t kind) {
    return kind >= 0 && kind < PLN__COUNT(kinds) ? kinds[kind] : "?";
}

const char *pln__avro_logical_name(int32_t logical) {
    return logical >= 0 && logical < PLN__COUNT(logicals) ? logicals[logical] : "?";
}

pln__avro_schema *pln__avro_schema_ref(const pln__avro_schema *schema) {
    pln__avro_schema *self = (pln__avro_schema *)(uintptr_t)schema;
    if (self != NULL)
        (void)atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

static void destroy(pln__avro_schema *schema) {
    const pln_allocator *mem = schema->mem;
    for (int64_t i = 0; i < schema->n_known; i++)
        pln__avro_schema_unref((pln__avro_schema *)(uintptr_t)schema->known[i]);
    pln__free(mem, schema->known, (uint64_t)schema->n_known * sizeof(void *));
    pln__free(mem, schema->types, (uint64_t)schema->capacity * sizeof(void *));
    pln__avro_drop_clashes(schema);
    pln__map_free(schema->names);
    pln__arena_free(&schema->arena);
    pln__free(mem, schema, sizeof *schema);
}

void pln__avro_schema_unref(pln__avro_schema *schema) {
    if (schema != NULL &&
        atomic_fetch_sub_explicit(&schema->references, 1, memory_order_acq_rel) == 1)
        destroy(schema);
}

const pln__avro_type *pln__avro_root(const pln__avro_schema *schema) {
    return schema->root;
}

int32_t pln__avro_n_types(const pln__avro_schema *schema) {
    return (int32_t)schema->n_types;
}

pln__avro_type *pln__avro_type_new(pln__avro_schema *schema, int32_t kind, const json *definition,
                                   pln_error *err) {
    pln__avro_type *type = NULL;
    if (pln__grow(schema->mem, &schema->types, &schema->capacity, schema->n_types + 1,
                  sizeof(void *), err) < 0)
        return NULL;
    type = pln__arena_new(&schema->arena, 1, sizeof *type);
    if (type == NULL) {
        (void)pln__error_memory(err, sizeof *type);
        return NULL;
    }
    type->kind = kind;
    type->index = (int32_t)schema->n_types;
    type->definition = definition;
    type->default_symbol = -1;
    schema->types[schema->n_types++] = type;
    return type;
}

pln_status pln__avro_name_put(pln__avro_schema *schema, const pln__avro_type *type,
                              pln_error *err) {
    return pln__map_put(schema->names, type->full_name, (int64_t)strlen(type->full_name),
                        type->index, err);
}

const pln__avro_type *pln__avro_name_get(const pln__avro_schema *schema, const char *full_name) {
    int64_t index;
    if (!pln__map_get(schema->names, full_name, (int64_t)strlen(full_name), &index))
        return NULL;
    return schema->types[index];
}

bool pln__avro_name_ok(const char *name, bool dotted) {
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

/* ", f.g": the fields on the way to a node, for those who read names more easily than paths. */
static void fields_text(const json *node, pln__text *out) {
    const json *fields[PLN__DOC_NESTING_MAX + 1];
    int n = 0;
    for (; node != NULL && node->up != NULL && n <= PLN__DOC_NESTING_MAX; node = node->up) {
        bool field = node->up->kind == J_ARRAY && pln__doc_is(node->up, "fields");
        if (field && pln__doc_string(pln__doc_get(node, "name")) != NULL)
            fields[n++] = pln__doc_get(node, "name");
    }
    for (int i = n - 1; i >= 0; i--)
        pln__text_printf(out, "%s%s", i == n - 1 ? ", " : ".", fields[i]->text);
}

pln_status pln__avro_refuse(const pln__avro_schema *schema, const json *at, pln_status code,
                            pln_error *err, const char *format, ...) {
    pln__text text;
    va_list args;
    va_start(args, format);
    (void)pln__error_setv(err, code, format, args);
    va_end(args);
    pln__text_init(&text, schema->mem);
    pln__doc_path(at, &text);
    fields_text(at, &text);
    if (text.data != NULL && !text.failed)
        pln__error_prefix(err, "Avro schema, %.300s", text.data);
    pln__text_free(&text);
    return code;
}

static bool max_precision_holds(int64_t size, int64_t precision) {
    /* A signed number of n bits holds floor((n - 1) * log10(2)) digits. */
    long double digits = (long double)(size * 8 - 1) * 0.301029995663981195213738894724L;
    return size > 0 && (long double)precision <= digits;
}

static int32_t decimal_of(pln__avro_type *type) {
    int64_t precision = 0, scale = 0;
    const json *scale_node = pln__doc_get(type->definition, "scale");
    bool fits = (type->kind == PLN__AVRO_BYTES || type->kind == PLN__AVRO_FIXED) &&
                pln__doc_int(pln__doc_get(type->definition, "precision"), &precision) &&
                precision >= 1 && precision <= INT32_MAX &&
                (scale_node == NULL || pln__doc_int(scale_node, &scale)) && scale >= 0 &&
                scale <= precision;
    if (!fits || (type->kind == PLN__AVRO_FIXED && !max_precision_holds(type->size, precision)))
        return PLN__AVRO_PLAIN;
    type->precision = (int32_t)precision;
    type->scale = (int32_t)scale;
    return PLN__AVRO_DECIMAL;
}

static bool base_fits(const pln__avro_type *type, int32_t logical) {
    switch (logical) {
    case PLN__AVRO_UUID:
        return type->kind == PLN__AVRO_STRING ||
               (type->kind == PLN__AVRO_FIXED && type->size == 16);
    case PLN__AVRO_DATE:
    case PLN__AVRO_TIME_MILLIS: return type->kind == PLN__AVRO_INT;
    case PLN__AVRO_DURATION: return type->kind == PLN__AVRO_FIXED && type->size == 12;
    case PLN__AVRO_BIG_DECIMAL: return type->kind == PLN__AVRO_BYTES;
    default: return type->kind == PLN__AVRO_LONG;
    }
}

void pln__avro_set_logical(pln__avro_type *type) {
    const char *name = pln__doc_string(pln__doc_get(type->definition, "logicalType"));
    for (int i = 1; name != NULL && i < PLN__COUNT(logicals); i++) {
        if (strcmp(name, logicals[i]) != 0)
            continue;
        if (i == PLN__AVRO_DECIMAL)
            type->logical = decimal_of(type);
        else if (base_fits(type, i))
            type->logical = i;
    }
}
