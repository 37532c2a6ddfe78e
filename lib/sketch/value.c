#include "sketch/value.h"

pln_status pln__sketch_column_open(const char *what, const struct ArrowSchema *schema,
                                   const struct ArrowArray *array, pln__sketch_column *out,
                                   pln_error *err) {
    const struct ArrowSchema *of_values = schema;
    pln_status status = pln__type_of(schema, &out->index, err);
    if (status < 0)
        return status;
    out->type = out->index;
    out->rows = out->values = array;
    if (out->index.id == PLN__DICTIONARY) {
        out->values = array->dictionary;
        of_values = schema->dictionary;
        status = pln__type_of(of_values, &out->type, err);
        if (status < 0)
            return status;
    }
    if (out->type.id == PLN__NULL || out->type.id > PLN__TIMESTAMP) {
        char text[PLN__TYPE_TEXT_SIZE];
        return pln__error_set(err, PLN_EUNSUPPORTED, "%s: column %s: no hash of a %s", what,
                              schema->name != NULL ? schema->name : "",
                              pln__type_text(of_values, text));
    }
    return pln__array_validate(
        schema, array,
        out->index.id == PLN__DICTIONARY ? PLN__VALIDATE_FULL : PLN__VALIDATE_DEFAULT, err);
}

bool pln__sketch_column_is_words(const pln__sketch_column *c) {
    return c->index.id != PLN__DICTIONARY && c->type.width == 8 && c->type.id != PLN__FLOAT64 &&
           c->type.id != PLN__FIXED;
}

const void *pln__sketch_bytes(const pln__type *type, const struct ArrowArray *values, int64_t i,
                              uint64_t *word, int64_t *size) {
    double number;
    *size = 8;
    switch (type->id) {
    case PLN__UTF8:
    case PLN__BINARY:
    case PLN__FIXED: return pln__array_bytes(type, values, i, size);
    case PLN__DECIMAL128:
        *size = 16;
        return (const uint8_t *)values->buffers[1] + 16 * (values->offset + i);
    case PLN__BOOL: *word = pln__bit_get(values->buffers[1], values->offset + i); break;
    case PLN__FLOAT32:
    case PLN__FLOAT64:
        number = pln__array_float(type, values, i);
        number = number == 0 ? 0.0 : number;
        memcpy(word, &number, 8);
        if (number != number)
            *word = 0x7ff8000000000000u;
        break;
    default: *word = (uint64_t)pln__array_int(type, values, i);
    }
    *word = PLN__LE(64, *word);
    return word;
}
