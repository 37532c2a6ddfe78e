#include "base/utf8.h"
#include "format/json_text.h"
#include "format/json_write.h"

pln_status pln__json_unwritable(pln__encoder *self, const pln__json_out *node, const char *why) {
    const pln__json_out *column = node;
    while (column->parent != NULL && column->parent->parent != NULL)
        column = column->parent;
    const char *name = column->schema->name;
    return pln__error_set(self->err, PLN_EDATA, "row %lld: column %s: %s", (long long)self->row,
                          name == NULL ? "" : name, why);
}

/* ---- strings ---- */

static pln_status escaped(pln__encoder *self, uint8_t c) {
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = c == 0 ? NULL : strchr(from, c);
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    if (found == NULL)
        return pln__json_put(self, text, 6);
    text[1] = to[found - from];
    return pln__json_put(self, text, 2);
}

/* Bytes before the first that has to be escaped. */
static int64_t plain_run(const uint8_t *text, int64_t size) {
    int64_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t stops = pln__json_stops(pln__json_load8(text + i));
        if (stops != 0)
            return i + __builtin_ctzll(stops) / 8;
    }
    while (i < size && text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
        i++;
    return i;
}

static pln_status replaced(pln__encoder *self, const uint8_t *text, int64_t size) {
    pln_status status = PLN_OK;
    pln__text valid;
    pln__text_init(&valid, self->mem);
    pln__text_json(&valid, (const char *)text, size);
    PLN__TRY(pln__text_status(&valid, self->err));
    PLN__TRY(pln__json_put(self, valid.data, valid.size));
out:
    pln__text_free(&valid);
    return status;
}

pln_status pln__json_write_text(pln__encoder *self, const pln__json_out *node, const uint8_t *text,
                                int64_t size) {
    pln_status status = PLN_OK;
    if (!pln__utf8_valid(text, size, self->cpu)) {
        if (self->lenient)
            return replaced(self, text, size);
        return pln__json_unwritable(self, node, "text that is not UTF-8");
    }
    PLN__TRY(pln__buffer_reserve(self->mem, self->out, size + 2, self->err));
    self->out->data[self->out->size++] = '"';
    for (;;) {
        int64_t run = plain_run(text, size);
        PLN__TRY(pln__json_put(self, text, run));
        if (run == size)
            break;
        PLN__TRY(escaped(self, text[run]));
        text += run + 1;
        size -= run + 1;
    }
    PLN__TRY(pln__json_put(self, "\"", 1));
out:
    return status;
}

static pln_status base64(pln__encoder *self, const uint8_t *bytes, int64_t size) {
    pln_status status = PLN_OK;
    int64_t n = pln__json_base64_size(size);
    PLN__TRY(pln__json_put(self, "{\"base64\":\"", 11));
    PLN__TRY(pln__buffer_reserve(self->mem, self->out, n, self->err));
    pln__json_base64_encode(bytes, size, (char *)self->out->data + self->out->size);
    self->out->size += n;
    PLN__TRY(pln__json_put(self, "\"}", 2));
out:
    return status;
}

static pln_status write_binary(pln__encoder *self, const pln__json_out *node, const uint8_t *bytes,
                               int64_t size) {
    bool text = pln__utf8_valid(bytes, size, self->cpu) &&
                (size == 0 || memchr(bytes, 0, (size_t)size) == NULL);
    return text ? pln__json_write_text(self, node, bytes, size) : base64(self, bytes, size);
}

/* A value that is JSON already: checked, and its line ends, which can only be space between tokens, made spaces. */
static pln_status write_any(pln__encoder *self, const pln__json_out *node, const uint8_t *bytes,
                            int64_t size) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    pln__buffer *text = &self->text;
    text->size = 0;
    PLN__TRY(pln__buffer_reserve(self->mem, text, size + 1 + PLN__PADDING, self->err));
    if (size > 0)
        memcpy(text->data, bytes, (size_t)size);
    memset(text->data + size, '\n', 1 + PLN__PADDING);
    for (int64_t i = 0; i < size; i++)
        if (text->data[i] == '\n' || text->data[i] == '\r')
            text->data[i] = ' ';
    const uint8_t *end = pln__json_check(text->data, PLN__JSON_DEPTH_MAX, self->cpu, &fault);
    if (end == NULL || pln__json_space(end) != text->data + size) {
        if (self->lenient)
            return pln__json_write_text(self, node, bytes, size);
        return pln__json_unwritable(self, node, "text that is not one JSON value");
    }
    PLN__TRY(pln__json_put(self, text->data, size));
out:
    return status;
}

/* ---- numbers and times ---- */

static pln_status write_float(pln__encoder *self, const pln__json_out *node, int64_t row) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    double value = pln__array_float(&node->type, node->array, row);
    if (value != value)
        return pln__json_put(self, "\"NaN\"", 5);
    if (value - value != 0)
        return value > 0 ? pln__json_put(self, "\"Infinity\"", 10)
                         : pln__json_put(self, "\"-Infinity\"", 11);
    int64_t n = node->type.id == PLN__FLOAT32 ? pln__format_float(text, (float)value)
                                              : pln__format_double(text, value);
    return pln__json_put(self, text, n);
}

static pln_status write_int(pln__encoder *self, const pln__json_out *node, int64_t row) {
    char text[PLN__INT64_TEXT_SIZE];
    int64_t value = pln__array_int(&node->type, node->array, row);
    int64_t n = node->type.id == PLN__UINT64 ? pln__format_uint64(text, (uint64_t)value)
                                             : pln__format_int64(text, value);
    return pln__json_put(self, text, n);
}

static pln_status write_decimal(pln__encoder *self, const pln__json_out *node, int64_t row) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    const uint8_t *values = node->array->buffers[1];
    pln__int128 value = pln__load_decimal128(values + (node->array->offset + row) * 16);
    int64_t n = pln__format_decimal128(text, value, node->type.scale);
    return pln__json_put(self, text, n);
}

static pln_status write_time(pln__encoder *self, const pln__json_out *node, int64_t row) {
    char text[PLN__JSON_INSTANT_SIZE + 2];
    int64_t n, value = pln__array_int(&node->type, node->array, row);
    const pln__type *type = &node->type;
    if (type->id == PLN__DATE32)
        n = pln__json_format_day(text + 1, value);
    else if (type->id == PLN__TIMESTAMP)
        n = pln__json_format_instant(text + 1, value, type->unit, type->timezone[0] != '\0');
    else
        n = pln__format_time(text + 1, value, (pln__unit)type->unit, 0);
    if (n == 0)
        return self->lenient ? write_int(self, node, row)
                             : pln__json_unwritable(self, node, "a time that no day has");
    text[0] = text[n + 1] = '"';
    return pln__json_put(self, text, n + 2);
}

static pln_status write_bool(pln__encoder *self, const pln__json_out *node, int64_t row) {
    bool value = pln__bit_get(node->array->buffers[1], node->array->offset + row);
    return value ? pln__json_put(self, "true", 4) : pln__json_put(self, "false", 5);
}

pln_status pln__json_write_scalar(pln__encoder *self, const pln__json_out *node, int64_t row) {
    const uint8_t *bytes;
    int64_t size;
    switch (node->type.id) {
    case PLN__BOOL:
        return write_bool(self, node, row);
    case PLN__FLOAT32:
    case PLN__FLOAT64:
        return write_float(self, node, row);
    case PLN__DECIMAL128:
        return write_decimal(self, node, row);
    case PLN__DATE32:
    case PLN__TIME32:
    case PLN__TIME64:
    case PLN__TIMESTAMP:
        return write_time(self, node, row);
    case PLN__UTF8:
    case PLN__BINARY:
    case PLN__FIXED:
        bytes = pln__array_bytes(&node->type, node->array, row, &size);
        if (node->any)
            return write_any(self, node, bytes, size);
        return node->type.id == PLN__UTF8 ? pln__json_write_text(self, node, bytes, size)
                                          : write_binary(self, node, bytes, size);
    default:
        return write_int(self, node, row);
    }
}
