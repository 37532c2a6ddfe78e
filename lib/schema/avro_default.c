#include "schema/avro_internal.h"
#include "base/number.h"
#include "base/utf8.h"

/* A value does not fit its type: not yet an error, another branch of a union may take it. */
enum { MISFIT = 1 };

typedef struct emit {
    const pln_allocator *mem;
    pln__buffer *out; /* NULL: only whether it fits */
    pln_error *err;
    int64_t *budget;
    int32_t depth;
    const json *bad; /* the first value that did not fit, and the type it was for */
    const pln__avro_type *wanted;
    const char *missing; /* the field that `bad` lacks */
} emit;

static pln_status put(emit *e, const pln__avro_type *type, const json *value);

static pln_status misfit(emit *e, const pln__avro_type *type, const json *value) {
    if (e->bad == NULL) {
        e->bad = value;
        e->wanted = type;
    }
    return MISFIT;
}

static pln_status put_bytes(emit *e, const void *bytes, int64_t size) {
    *e->budget -= size;
    return e->out == NULL ? PLN_OK : pln__buffer_append(e->mem, e->out, bytes, size, e->err);
}

static pln_status put_long(emit *e, int64_t value) {
    uint8_t bytes[10];
    int n = 0;
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; bits >= 0x80; bits >>= 7)
        bytes[n++] = (uint8_t)(bits | 0x80);
    bytes[n++] = (uint8_t)bits;
    return put_bytes(e, bytes, n);
}

static pln_status put_little(emit *e, uint64_t bits, int size) {
    uint8_t bytes[8];
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(bits >> (8 * i));
    return put_bytes(e, bytes, size);
}

/* Beyond the largest double is infinity: other implementations take such a default, so a schema may hold one. */
static pln_status put_number(emit *e, const pln__avro_type *type, const json *value) {
    float single = 0;
    double number = 0;
    uint32_t bits_4;
    uint64_t bits_8;
    if (value->kind != J_NUMBER)
        return misfit(e, type, value);
    if (type->kind == PLN__AVRO_FLOAT) {
        (void)pln__parse_float(value->text, value->size, PLN__DOUBLE_JSON, &single);
        memcpy(&bits_4, &single, sizeof bits_4);
        return put_little(e, bits_4, 4);
    }
    (void)pln__parse_double(value->text, value->size, PLN__DOUBLE_JSON, &number);
    memcpy(&bits_8, &number, sizeof bits_8);
    return put_little(e, bits_8, 8);
}

static pln_status put_integer(emit *e, const pln__avro_type *type, const json *value) {
    int64_t number;
    if (!pln__doc_int(value, &number) || (type->kind == PLN__AVRO_INT && number != (int32_t)number))
        return misfit(e, type, value);
    return put_long(e, number);
}

/* Code points 0 to 255 stand for bytes. Returns how many, or -1. */
static int64_t latin1_size(const json *value) {
    int64_t n = 0;
    for (int32_t i = 0; i < value->size; n++) {
        int32_t used;
        if (pln__utf8_decode((const uint8_t *)value->text + i, value->size - i, &used) > 255)
            return -1;
        i += used;
    }
    return n;
}

static pln_status put_latin1(emit *e, const pln__avro_type *type, const json *value) {
    int64_t n = value->kind == J_STRING ? latin1_size(value) : -1;
    pln_status status = PLN_OK;
    if (n < 0 || (type->kind == PLN__AVRO_FIXED && n != type->size))
        return misfit(e, type, value);
    if (type->kind == PLN__AVRO_BYTES)
        status = put_long(e, n);
    *e->budget -= n;
    if (e->out == NULL || status < 0)
        return status;
    status = pln__buffer_reserve(e->mem, e->out, n, e->err);
    for (int32_t i = 0; i < value->size && status >= 0;) {
        int32_t used;
        int32_t point = pln__utf8_decode((const uint8_t *)value->text + i, value->size - i, &used);
        e->out->data[e->out->size++] = (uint8_t)point;
        i += used;
    }
    return status;
}

static pln_status put_string(emit *e, const char *text, int32_t size) {
    pln_status status = put_long(e, size);
    return status < 0 ? status : put_bytes(e, text, size);
}

static pln_status put_symbol(emit *e, const pln__avro_type *type, const json *value) {
    const char *text = pln__doc_string(value);
    for (int32_t i = 0; text != NULL && i < type->n_symbols; i++) {
        --*e->budget;
        if (strcmp(type->symbols[i], text) == 0)
            return put_long(e, i);
    }
    return misfit(e, type, value);
}

/* One block of all items, and the empty block. */
static pln_status put_items(emit *e, const pln__avro_type *type, const json *value) {
    pln_status status = PLN_OK;
    if (value->kind != (type->kind == PLN__AVRO_ARRAY ? J_ARRAY : J_OBJECT))
        return misfit(e, type, value);
    if (value->size > 0)
        status = put_long(e, value->size);
    for (const json *item = value->first; item != NULL && status == PLN_OK; item = item->next) {
        if (type->kind == PLN__AVRO_MAP)
            status = put_string(e, item->key, item->key_size);
        if (status == PLN_OK)
            status = put(e, type->items, item);
    }
    return status == PLN_OK ? put_long(e, 0) : status;
}

/* A field that the value lacks takes the field's own default. */
static pln_status put_record(emit *e, const pln__avro_type *type, const json *value) {
    pln_status status = PLN_OK;
    const json *hint = value->first;
    if (value->kind != J_OBJECT)
        return misfit(e, type, value);
    for (int32_t i = 0; i < type->n_fields && status == PLN_OK; i++) {
        const pln__avro_field *field = &type->fields[i];
        const json *before = hint, *given = pln__doc_next(value, field->name, &hint);
        if (given == NULL || given != before)
            *e->budget -= 1 + value->size / 4;
        if (given == NULL)
            given = field->fallback;
        if (given != NULL) {
            status = put(e, field->type, given);
        } else {
            if (e->bad == NULL)
                e->missing = field->name;
            status = misfit(e, type, value);
        }
    }
    return status;
}

static pln_status put_union(emit *e, const pln__avro_type *type, const json *value) {
    pln_status status = MISFIT;
    for (int32_t i = 0; i < type->n_branches && status == MISFIT; i++) {
        int64_t size = e->out == NULL ? 0 : e->out->size;
        const json *bad = e->bad;
        const char *missing = e->missing;
        status = put_long(e, i);
        if (status == PLN_OK)
            status = put(e, type->branches[i], value);
        if (status != MISFIT)
            break;
        if (e->out != NULL)
            e->out->size = size;
        e->bad = bad;
        e->missing = missing;
    }
    return status == MISFIT ? misfit(e, type, value) : status;
}

static pln_status put_nested(emit *e, const pln__avro_type *type, const json *value) {
    if (e->depth == PLN__NESTING_MAX)
        return pln__error_set(e->err, PLN_ELIMIT,
                              "a default is nested more than %d deep, or holds itself without end",
                              PLN__NESTING_MAX);
    e->depth++;
    pln_status status = type->kind == PLN__AVRO_UNION    ? put_union(e, type, value)
                        : type->kind == PLN__AVRO_RECORD ? put_record(e, type, value)
                                                         : put_items(e, type, value);
    e->depth--;
    return status;
}

static pln_status put(emit *e, const pln__avro_type *type, const json *value) {
    if (--*e->budget < 0)
        return pln__error_set(e->err, PLN_ELIMIT, "the defaults take too much work or room");
    switch (type->kind) {
    case PLN__AVRO_NULL: return value->kind == J_NULL ? PLN_OK : misfit(e, type, value);
    case PLN__AVRO_BOOLEAN:
        if (value->kind != J_FALSE && value->kind != J_TRUE)
            return misfit(e, type, value);
        return put_bytes(e, value->kind == J_TRUE ? "\1" : "\0", 1);
    case PLN__AVRO_INT:
    case PLN__AVRO_LONG: return put_integer(e, type, value);
    case PLN__AVRO_FLOAT:
    case PLN__AVRO_DOUBLE: return put_number(e, type, value);
    case PLN__AVRO_BYTES:
    case PLN__AVRO_FIXED: return put_latin1(e, type, value);
    case PLN__AVRO_STRING:
        return value->kind == J_STRING ? put_string(e, value->text, value->size)
                                       : misfit(e, type, value);
    case PLN__AVRO_ENUM: return put_symbol(e, type, value);
    default: return put_nested(e, type, value);
    }
}

/* "enum a.E", "union of null, int": the type that was wanted. */
static void wanted_text(const pln__avro_type *type, pln__text *out) {
    enum { BRANCHES_SHOWN = 8 };
    const char *name = type->full_name;
    pln__text_printf(out, "%s%s%s", pln__avro_kind_name(type->kind), name == NULL ? "" : " ",
                     name == NULL ? "" : name);
    for (int32_t i = 0; i < type->n_branches && i <= BRANCHES_SHOWN; i++) {
        const pln__avro_type *branch = type->branches[i];
        name = branch->full_name == NULL ? pln__avro_kind_name(branch->kind) : branch->full_name;
        pln__text_printf(out, "%s%s", i == 0 ? " of " : ", ", i == BRANCHES_SHOWN ? "..." : name);
    }
}

static void misfit_text(const emit *e, pln__text *out) {
    pln__text value;
    pln__text_init(&value, e->mem);
    pln__doc_path(e->bad, out);
    pln__avro_json_text(e->bad, &value);
    if (value.failed)
        out->failed = true;
    else if (e->missing != NULL)
        pln__text_printf(out, ": the default lacks the field %s of ", e->missing);
    else
        pln__text_printf(out, ": the default %.60s%s does not fit ", value.data,
                         value.size > 60 ? "\xE2\x80\xA6" : "");
    wanted_text(e->wanted, out);
    pln__text_free(&value);
}

static pln_status explain(const emit *e, pln_status code, pln_error *err) {
    pln__text text;
    pln__text_init(&text, e->mem);
    misfit_text(e, &text);
    pln_status status = pln__text_status(&text, err);
    if (status >= 0)
        status = pln__error_set(err, code, "Avro schema, %s", text.data);
    pln__text_free(&text);
    return status;
}

pln_status pln__avro_default_check(const pln__avro_schema *schema, const pln__avro_type *type,
                                   const json *value, int64_t *budget, pln_error *err) {
    emit e = {.mem = schema->mem, .err = err, .budget = budget};
    pln_status status = put(&e, type, value);
    if (status == PLN_ELIMIT)
        pln__error_prefix(err, "Avro schema");
    return status == MISFIT ? explain(&e, PLN_ESYNTAX, err) : status;
}

pln_status pln__avro_default_binary(const pln_allocator *mem, const pln__avro_type *type,
                                    const pln__avro_json *value, pln__buffer *out, pln_error *err) {
    int64_t budget = PLN__AVRO_DEFAULT_COST, size = out->size;
    emit e = {.mem = mem, .out = out, .err = err, .budget = &budget};
    pln_status status = put(&e, type, value);
    if (status != PLN_OK)
        out->size = size;
    return status == MISFIT ? explain(&e, PLN_EDATA, err) : status;
}
