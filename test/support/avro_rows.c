#include "avro_rows.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    abort();
}

pln__avro_schema *avro_schema(const char *text) {
    pln__avro_schema *schema = NULL;
    pln_error err = {0};
    if (pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err) < 0)
        die(text, err.message);
    return schema;
}

uint8_t *avro_padded(const void *bytes, int64_t size) {
    uint8_t *copy = malloc((size_t)size + PLN__PADDING);
    if (copy == NULL)
        die("malloc", "no memory");
    if (size > 0)
        memcpy(copy, bytes, (size_t)size);
    for (int64_t i = 0; i < PLN__PADDING; i++)
        copy[size + i] = (uint8_t)(0x81 + i * 7);
    return copy;
}

uint8_t *avro_hex(const char *hex, int64_t *size) {
    int64_t n = (int64_t)strlen(hex) / 2;
    uint8_t *bytes = malloc((size_t)n + 1);
    for (int64_t i = 0; i < n; i++) {
        unsigned value;
        if (sscanf(hex + 2 * i, "%2x", &value) != 1)
            die(hex, "no hexadecimal");
        bytes[i] = (uint8_t)value;
    }
    uint8_t *out = avro_padded(bytes, n);
    free(bytes);
    *size = n;
    return out;
}

/* ---- columns as JSON ---- */

static int32_t i32_at(const void *from, int64_t i) {
    int32_t value;
    memcpy(&value, (const uint8_t *)from + i * 4, 4);
    return value;
}
static int64_t i64_at(const void *from, int64_t i) {
    int64_t value;
    memcpy(&value, (const uint8_t *)from + i * 8, 8);
    return value;
}

static json_t *code_points(const uint8_t *bytes, int64_t size) {
    char *text = malloc((size_t)size * 2 + 1), *p = text;
    for (int64_t i = 0; i < size; i++) {
        if (bytes[i] < 0x80) {
            *p++ = (char)bytes[i];
        } else {
            *p++ = (char)(0xC0 | bytes[i] >> 6);
            *p++ = (char)(0x80 | (bytes[i] & 0x3F));
        }
    }
    json_t *out = json_stringn(text, (size_t)(p - text));
    free(text);
    return out;
}

static json_t *real(double value) {
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    return json_real(value);
}

static json_t *column(const pln__avro_type *type, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t row);

/* Big-endian, as short as it can be, or as long as the fixed. */
static json_t *decimal(const pln__avro_type *type, const uint8_t *at) {
    uint8_t bytes[64] = {0};
    int64_t size = type->kind == PLN__AVRO_FIXED ? type->size : 16;
    uint8_t sign = at[15] & 0x80 ? 0xFF : 0;
    if (size > (int64_t)sizeof bytes)
        die("decimal", "too long for the test");
    memset(bytes, sign, sizeof bytes);
    for (int64_t i = 0; i < 16 && i < size; i++)
        bytes[size - 1 - i] = at[i];
    int64_t first = 0;
    if (type->kind != PLN__AVRO_FIXED)
        while (first < 15 && bytes[first] == sign && ((bytes[first + 1] ^ sign) & 0x80) == 0)
            first++;
    return code_points(bytes + first, size - first);
}

static json_t *nested(const pln__avro_type *type, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t at) {
    json_t *out;
    if (type->kind == PLN__AVRO_RECORD) {
        out = json_object();
        for (int32_t i = 0; i < type->n_fields; i++)
            json_object_set_new(
                out, type->fields[i].name,
                column(type->fields[i].type, schema->children[i], array->children[i], at));
        return out;
    }
    const struct ArrowSchema *item = schema->children[0];
    const struct ArrowArray *items = array->children[0];
    int32_t from = i32_at(array->buffers[1], at), to = i32_at(array->buffers[1], at + 1);
    if (type->kind == PLN__AVRO_ARRAY) {
        out = json_array();
        for (int32_t i = from; i < to; i++)
            json_array_append_new(out, column(type->items, item, items, i));
        return out;
    }
    out = json_object();
    for (int64_t i = from + items->offset; i < to + items->offset; i++) {
        const struct ArrowArray *keys = items->children[0];
        int32_t start = i32_at(keys->buffers[1], keys->offset + i);
        int32_t end = i32_at(keys->buffers[1], keys->offset + i + 1);
        json_object_setn_new(out, (const char *)keys->buffers[2] + start, (size_t)(end - start),
                             column(type->items, item->children[1], items->children[1], i));
    }
    return out;
}

static json_t *tagged(const pln__avro_type *branch, json_t *value) {
    if (branch->kind == PLN__AVRO_NULL)
        return value;
    const char *tag =
        branch->full_name != NULL ? branch->full_name : pln__avro_kind_name(branch->kind);
    json_t *out = json_object();
    json_object_set_new(out, tag, value);
    return out;
}

static json_t *from_union(const pln__avro_type *type, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, int64_t row) {
    int64_t at = array->offset + row;
    if (strncmp(schema->format, "+u", 2) == 0) {
        int id = ((const uint8_t *)array->buffers[0])[at];
        return tagged(type->branches[id],
                      column(type->branches[id], schema->children[id], array->children[id],
                             i32_at(array->buffers[1], at)));
    }
    bool valid = array->n_buffers > 0 &&
                 (array->null_count == 0 || array->buffers[0] == NULL ||
                  ((((const uint8_t *)array->buffers[0])[at / 8] >> (at % 8)) & 1) != 0);
    for (int32_t i = 0; i < type->n_branches; i++)
        if ((type->branches[i]->kind == PLN__AVRO_NULL) != valid)
            return valid ? tagged(type->branches[i], column(type->branches[i], schema, array, row))
                         : json_null();
    return json_null();
}

static json_t *column(const pln__avro_type *type, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t row) {
    int64_t at = array->offset + row;
    const uint8_t *data = array->n_buffers > 1 ? array->buffers[1] : NULL;
    const char *text = array->n_buffers > 2 ? array->buffers[2] : NULL;
    float single;
    double wide;
    if (type->logical == PLN__AVRO_DECIMAL)
        return decimal(type, data + at * 16);
    switch (type->kind) {
    case PLN__AVRO_NULL: return json_null();
    case PLN__AVRO_BOOLEAN: return json_boolean((data[at / 8] >> (at % 8)) & 1);
    case PLN__AVRO_INT: return json_integer(i32_at(data, at));
    case PLN__AVRO_LONG: return json_integer(i64_at(data, at));
    case PLN__AVRO_FLOAT: memcpy(&single, data + at * 4, 4); return real((double)single);
    case PLN__AVRO_DOUBLE: memcpy(&wide, data + at * 8, 8); return real(wide);
    case PLN__AVRO_BYTES:
    case PLN__AVRO_STRING: {
        int32_t from = i32_at(data, at), to = i32_at(data, at + 1);
        return type->kind == PLN__AVRO_STRING
                   ? json_stringn(text == NULL ? "" : text + from, (size_t)(to - from))
                   : code_points((const uint8_t *)text + from, to - from);
    }
    case PLN__AVRO_FIXED: return code_points(data + at * type->size, type->size);
    case PLN__AVRO_ENUM: return json_string(type->symbols[i32_at(data, at)]);
    case PLN__AVRO_UNION: return from_union(type, schema, array, row);
    default: return nested(type, schema, array, at);
    }
}

char *avro_column_json(const pln__avro_type *type, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t row) {
    json_t *value = column(type, schema, array, row);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(value);
    if (text == NULL)
        die("avro_column_json", "jansson could not write it");
    return text;
}

char *avro_row_json(const pln__avro_schema *avro, const struct ArrowSchema *schema,
                    const struct ArrowArray *rows, int64_t row) {
    const pln__avro_type *root = pln__avro_root(avro);
    return root->kind == PLN__AVRO_RECORD
               ? avro_column_json(root, schema, rows, row)
               : avro_column_json(root, schema->children[0], rows->children[0], rows->offset + row);
}

/* ---- equal ---- */

static bool equal(const json_t *a, const json_t *b) {
    if (json_is_number(a) && json_is_number(b)) {
        if (json_is_integer(a) && json_is_integer(b))
            return json_integer_value(a) == json_integer_value(b);
        double x = json_number_value(a), y = json_number_value(b);
        return x == y || (float)x == (float)y;
    }
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!equal(json_array_get(a, i), json_array_get(b, i)))
                return false;
        return true;
    }
    if (json_is_object(a)) {
        const char *key;
        json_t *value;
        if (json_object_size(a) != json_object_size(b))
            return false;
        json_object_foreach((json_t *)(uintptr_t)a, key, value) {
            const json_t *other = json_object_get(b, key);
            if (other == NULL || !equal(value, other))
                return false;
        }
        return true;
    }
    return json_equal(a, b);
}

bool avro_json_equal(const char *a, const char *b) {
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t why;
    json_t *x = json_loads(a, flags, &why), *y = json_loads(b, flags, &why);
    if (x == NULL || y == NULL)
        die(x == NULL ? a : b, why.text);
    bool same = equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

pln_status avro_read(const pln__avro_schema *writer, const pln__avro_schema *reader,
                     const uint8_t *bytes, int64_t size, struct ArrowSchema *schema,
                     struct ArrowArray *out, pln_error *err) {
    const pln_allocator *mem = pln__system_allocator();
    pln__avro_decoder *decoder = NULL;
    pln__avro_input input = {.bytes = bytes, .size = size, .rows = INT32_MAX};
    out->release = NULL;
    schema->release = NULL;
    pln_status status = pln__avro_decoder_new(mem, writer, reader, NULL, &decoder, err);
    if (status < 0)
        return status;
    if (size == 0)
        input.rows = 1;
    status = pln__avro_decode(decoder, &input, err);
    if (status >= 0)
        status = pln__avro_decoder_take(decoder, out, err);
    if (status >= 0)
        status = pln__schema_copy(mem, pln__avro_decoder_schema(decoder), schema, err);
    if (status >= 0)
        status = pln__array_validate(schema, out, PLN__VALIDATE_FULL, err);
    pln__avro_decoder_free(decoder);
    return status;
}
