#include "kit_inner.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kit's own memory never fails: what is tested is the stage. */
static void room_for(kit_text *text, size_t more) {
    if (text->size + more + 1 <= text->room)
        return;
    text->room = (text->size + more + 1) * 2 + 64;
    text->data = realloc(text->data, text->room);
    if (text->data == NULL)
        abort();
}

void kit_text_append(kit_text *text, const char *bytes, size_t size) {
    room_for(text, size);
    if (size > 0)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void kit_text_add(kit_text *text, const char *format, ...) {
    char small[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (size < 0)
        return;
    if ((size_t)size < sizeof small) {
        kit_text_append(text, small, (size_t)size);
        return;
    }
    room_for(text, (size_t)size);
    va_start(args, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
    va_end(args);
    text->size += (size_t)size;
}

void kit_text_clear(kit_text *text) {
    text->size = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void kit_text_free(kit_text *text) {
    free(text->data);
    *text = (kit_text){0};
}

static void add_bytes(kit_text *text, const char *bytes, int64_t size) {
    kit_text_append(text, "'", 1);
    for (int64_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == 0x7f || c == '\\')
            kit_text_add(text, "\\%02x", c);
        else
            kit_text_append(text, &bytes[i], 1);
    }
    kit_text_append(text, "'", 1);
}

static void add_hex(kit_text *text, const uint8_t *bytes, int64_t size) {
    for (int64_t i = 0; i < size; i++)
        kit_text_add(text, "%02x", bytes[i]);
}

void kit_text_schema(kit_text *text, const struct ArrowSchema *schema) {
    kit_text_add(text, "%s:%s%s", schema->name == NULL ? "" : schema->name, schema->format,
                 schema->flags & ARROW_FLAG_NULLABLE ? "?" : "");
    for (int64_t i = 0; i < schema->n_children; i++) {
        kit_text_add(text, i == 0 ? "(" : " ");
        kit_text_schema(text, schema->children[i]);
    }
    if (schema->n_children > 0)
        kit_text_add(text, ")");
    if (schema->dictionary != NULL) {
        kit_text_add(text, "=");
        kit_text_schema(text, schema->dictionary);
    }
}

/* Width of a fixed-width value in bytes; 0: none. */
static int64_t width_of(const char *format) {
    switch (format[0]) {
    case 'c': case 'C': return 1;
    case 's': case 'S': case 'e': return 2;
    case 'i': case 'I': case 'f': return 4;
    case 'l': case 'L': case 'g': return 8;
    case 'd': return 16;
    case 'w': return strtol(format + 2, NULL, 10);
    case 't':
        return strcmp(format, "tdD") == 0 || strcmp(format, "tts") == 0 ||
                       strcmp(format, "ttm") == 0
                   ? 4
                   : 8;
    default: return 0;
    }
}

static int64_t integer(const uint8_t *at, int64_t width, bool is_signed) {
    uint64_t value = 0;
    for (int64_t i = 0; i < width && i < 8; i++)
        value |= (uint64_t)at[i] << (8 * i);
    if (is_signed && width < 8 && (value >> (8 * width - 1)) & 1)
        value |= ~(uint64_t)0 << (8 * width);
    return (int64_t)value;
}

static void add_fixed(kit_text *text, const char *format, const uint8_t *at, int64_t width) {
    float f;
    double d;
    switch (format[0]) {
    case 'f':
        memcpy(&f, at, sizeof f);
        kit_text_add(text, "%.9g", (double)f);
        break;
    case 'g':
        memcpy(&d, at, sizeof d);
        kit_text_add(text, "%.17g", d);
        break;
    case 'd': case 'w': case 'e': add_hex(text, at, width); break;
    case 'C':
    case 'S':
    case 'I':
    case 'L': kit_text_add(text, "%llu", (unsigned long long)integer(at, width, false)); break;
    default: kit_text_add(text, "%lld", (long long)integer(at, width, true)); break;
    }
}

static int64_t offset_at(const void *buffer, int64_t i, bool large) {
    int32_t small;
    int64_t big;
    if (large) {
        memcpy(&big, (const uint8_t *)buffer + 8 * i, sizeof big);
        return big;
    }
    memcpy(&small, (const uint8_t *)buffer + 4 * i, sizeof small);
    return small;
}

static void add_value(kit_text *text, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t i);

static void add_list(kit_text *text, const struct ArrowSchema *schema,
                     const struct ArrowArray *array, int64_t from, int64_t to) {
    kit_text_add(text, "[");
    for (int64_t k = from; k < to; k++) {
        kit_text_add(text, k > from ? " " : "");
        add_value(text, schema->children[0], array->children[0], k);
    }
    kit_text_add(text, "]");
}

static void add_union(kit_text *text, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t at) {
    const int8_t *types = array->buffers[0];
    const char *codes = strchr(schema->format, ':');
    for (int64_t c = 0; codes != NULL && c < schema->n_children; c++) {
        if (strtol(codes + 1, NULL, 10) == types[at]) {
            bool dense = schema->format[2] == 'd';
            kit_text_add(text, "%d=", types[at]);
            add_value(text, schema->children[c], array->children[c],
                      dense ? offset_at(array->buffers[1], at, false) : at);
            return;
        }
        codes = strchr(codes + 1, ',');
    }
    kit_text_add(text, "?");
}

static void add_nested(kit_text *text, const struct ArrowSchema *schema,
                       const struct ArrowArray *array, int64_t at) {
    switch (schema->format[1]) {
    case 's':
        kit_text_add(text, "{");
        for (int64_t c = 0; c < schema->n_children; c++) {
            kit_text_add(text, c > 0 ? " " : "");
            add_value(text, schema->children[c], array->children[c], at);
        }
        kit_text_add(text, "}");
        break;
    case 'u': add_union(text, schema, array, at); break;
    case 'w': {
        int64_t n = strtol(schema->format + 3, NULL, 10);
        add_list(text, schema, array, at * n, (at + 1) * n);
        break;
    }
    default: {
        bool large = schema->format[1] == 'L';
        add_list(text, schema, array, offset_at(array->buffers[1], at, large),
                 offset_at(array->buffers[1], at + 1, large));
    }
    }
}

static bool is_valid(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t at) {
    if (schema->format[0] == 'n')
        return false;
    if (schema->format[0] == '+' && schema->format[1] == 'u')
        return true;
    const uint8_t *bits = array->n_buffers > 0 ? array->buffers[0] : NULL;
    return bits == NULL || (bits[at >> 3] >> (at & 7)) & 1;
}

static void add_value(kit_text *text, const struct ArrowSchema *schema,
                      const struct ArrowArray *array, int64_t i) {
    const char *format = schema->format;
    int64_t at = i + array->offset, width = width_of(format);
    if (!is_valid(schema, array, at)) {
        kit_text_add(text, "null");
    } else if (schema->dictionary != NULL) {
        int64_t index =
            integer((const uint8_t *)array->buffers[1] + at * width, width, format[0] >= 'a');
        add_value(text, schema->dictionary, array->dictionary, index);
    } else if (format[0] == '+') {
        add_nested(text, schema, array, at);
    } else if (format[0] == 'b') {
        const uint8_t *bits = array->buffers[1];
        kit_text_add(text, (bits[at >> 3] >> (at & 7)) & 1 ? "true" : "false");
    } else if (width > 0) {
        add_fixed(text, format, (const uint8_t *)array->buffers[1] + at * width, width);
    } else if (strchr("uzUZ", format[0]) != NULL) {
        bool large = format[0] < 'a';
        int64_t from = offset_at(array->buffers[1], at, large),
                to = offset_at(array->buffers[1], at + 1, large);
        add_bytes(text, to > from ? (const char *)array->buffers[2] + from : "", to - from);
    } else {
        kit_text_add(text, "?%s", format);
    }
}

static bool left_out(const char *name, const char *const *without) {
    for (; without != NULL && *without != NULL; without++)
        if (name != NULL && strcmp(name, *without) == 0)
            return true;
    return false;
}

void kit_text_row(kit_text *text, const struct ArrowSchema *schema, const struct ArrowArray *array,
                  int64_t row, const char *const *without) {
    const char *comma = "";
    for (int64_t c = 0; c < schema->n_children; c++) {
        if (left_out(schema->children[c]->name, without))
            continue;
        kit_text_add(text, "%s", comma);
        add_value(text, schema->children[c], array->children[c], row + array->offset);
        comma = ", ";
    }
}
