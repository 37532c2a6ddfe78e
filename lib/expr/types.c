#include "expr/internal.h"

xtype pln__x_type(int32_t id) {
    return (xtype){.id = id, .timezone = ""};
}

xtype pln__x_timestamp(int32_t unit, const char *timezone) {
    return (xtype){.id = PLN__TIMESTAMP, .unit = unit, .timezone = timezone};
}

xtype pln__x_decimal(int32_t precision, int32_t scale) {
    return (xtype){.id = PLN__DECIMAL128, .precision = precision, .scale = scale, .timezone = ""};
}

int32_t pln__x_phys(const xtype *type) {
    static const int8_t of[PLN__TYPE_COUNT] = {
        [PLN__NULL] = X_BITS,      [PLN__BOOL] = X_BITS,     [PLN__INT8] = X_I8,
        [PLN__INT16] = X_I16,      [PLN__INT32] = X_I32,     [PLN__INT64] = X_I64,
        [PLN__UINT8] = X_U8,       [PLN__UINT16] = X_U16,    [PLN__UINT32] = X_U32,
        [PLN__UINT64] = X_U64,     [PLN__FLOAT32] = X_F32,   [PLN__FLOAT64] = X_F64,
        [PLN__UTF8] = X_TEXT,      [PLN__BINARY] = X_TEXT,   [PLN__FIXED] = X_TEXT,
        [PLN__DECIMAL128] = X_DEC, [PLN__DATE32] = X_I32,    [PLN__TIME32] = X_I32,
        [PLN__TIME64] = X_I64,     [PLN__TIMESTAMP] = X_I64, [PLN__LIST] = X_REF,
        [PLN__STRUCT] = X_REF,     [PLN__MAP] = X_REF,       [PLN__DICTIONARY] = X_TEXT,
        [PLN__UNION] = X_REF};
    return type->id >= PLN__TYPE_COUNT ? X_VOID : of[type->id];
}

int32_t pln__x_width(int32_t phys) {
    static const int8_t of[X_PHYS_COUNT] = {
        [X_I8] = 1,  [X_I16] = 2, [X_I32] = 4,  [X_I64] = 8,
        [X_U8] = 1,  [X_U16] = 2, [X_U32] = 4,  [X_U64] = 8,
        [X_F32] = 4, [X_F64] = 8, [X_DEC] = 16, [X_TEXT] = (int8_t)sizeof(xstr),
        [X_REF] = 4};
    return of[phys];
}

bool pln__x_same(const xtype *a, const xtype *b) {
    if (a->id != b->id)
        return false;
    if (x_is_nested(a))
        return pln__schema_equal(a->schema, b->schema);
    if (a->id == PLN__DECIMAL128)
        return a->precision == b->precision && a->scale == b->scale;
    return a->unit == b->unit && strcmp(a->timezone, b->timezone) == 0;
}

void pln__x_format(const xtype *type, char out[96]) {
    static const char units[] = "smun";
    static const char simple[] = "nbcsilCSILfguz";
    size_t n = 0;
    char unit = units[type->unit & 3];
    switch (type->id) {
    case PLN__DECIMAL128:
        memcpy(out, "d:", 2);
        n = 2 + (size_t)pln__format_int64(out + 2, type->precision);
        out[n++] = ',';
        n += (size_t)pln__format_int64(out + n, type->scale);
        break;
    case PLN__DATE32: memcpy(out, "tdD", n = 3); break;
    case PLN__TIME32:
    case PLN__TIME64:
        out[n++] = 't';
        out[n++] = 't';
        out[n++] = unit;
        break;
    case PLN__TIMESTAMP:
        out[n++] = 't';
        out[n++] = 's';
        out[n++] = unit;
        out[n++] = ':';
        size_t size = strlen(type->timezone);
        size = size > 64 ? 64 : size;
        memcpy(out + n, type->timezone, size);
        n += size;
        break;
    default: out[n++] = type->id <= PLN__BINARY ? simple[type->id] : 'n';
    }
    out[n] = '\0';
}

const char *pln__x_type_text(const xtype *type, char *out) {
    char format[96];
    if (type->id == X_INTERVAL) {
        memcpy(out, "interval", 9);
        return out;
    }
    if (x_is_nested(type))
        return pln__type_text(type->schema, out);
    pln__x_format(type, format);
    struct ArrowSchema schema = {.format = format, .flags = ARROW_FLAG_NULLABLE};
    return pln__type_text(&schema, out);
}

bool pln__x_type_of(const struct ArrowSchema *schema, xtype *out, pln_error *err) {
    pln__type type, values;
    if (pln__type_of(schema, &type, err) < 0)
        return false;
    *out = (xtype){.id = type.id == PLN__FIXED ? PLN__BINARY : type.id,
                   .unit = type.unit,
                   .precision = type.precision,
                   .scale = type.scale,
                   .timezone = type.timezone == NULL ? "" : type.timezone};
    if (x_is_nested(out))
        out->schema = schema;
    bool known = type.id != PLN__UNION && !(type.id == PLN__DECIMAL128 && type.scale < 0);
    if (type.id == PLN__DICTIONARY) {
        if (pln__type_of(schema->dictionary, &values, err) < 0)
            return false;
        out->id = values.id;
        known = pln__type_is_bytes(values.id);
    }
    char text[PLN__TYPE_TEXT_SIZE];
    if (!known)
        pln__error_set(err, PLN_EUNSUPPORTED, "expressions do not know the type %s",
                       pln__type_text(schema, text));
    return known;
}

int32_t pln__x_digits(const xtype *integer) {
    static const int8_t of[PLN__TYPE_COUNT] = {
        [PLN__INT8] = 3,  [PLN__INT16] = 5,  [PLN__INT32] = 10,  [PLN__INT64] = 19,
        [PLN__UINT8] = 3, [PLN__UINT16] = 5, [PLN__UINT32] = 10, [PLN__UINT64] = 20};
    return of[integer->id];
}

xtype pln__x_as_decimal(const xtype *type) {
    if (type->id == PLN__DECIMAL128)
        return *type;
    return pln__x_decimal(pln__x_digits(type), 0);
}
