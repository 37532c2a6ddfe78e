#include "format/json_put.h"
#include "format/json_text.h"

/* A NULL with the failure set, for the functions that return bool. */
static bool no(const uint8_t *null) {
    return null != NULL;
}

static bool does_not_fit(pln__decoder *self, pln__json_node *node, const char *text, int64_t size,
                         pln__parsed why) {
    char type[PLN__TYPE_TEXT_SIZE];
    int shown = (int)(size < 48 ? size : 48);
    const char *dots = size > 48 ? "…" : "";
    const char *what = pln__type_text(node->column->schema, type);
    if (why == PLN__INEXACT)
        return no(pln__json_fail(self, node, "%.*s%s has digits that %s does not keep", shown, text,
                                 dots, what));
    if (why == PLN__OUT_OF_RANGE)
        return no(pln__json_fail(self, node, "%.*s%s does not fit %s", shown, text, dots, what));
    return no(
        pln__json_fail(self, node, "expected %s, got string \"%.*s%s\"", what, shown, text, dots));
}

/* ---- from a number ---- */

static pln__parsed int_of(const pln__decoder *self, const pln__json_node *node, const char *text,
                          int64_t size, bool plain, int64_t *out) {
    pln__int128 number;
    if (!plain && !self->dialect.float_to_int)
        return PLN__NOT_ONE;
    pln__parsed parsed = pln__parse_decimal128(text, size, 38, 0, &number);
    if (parsed != PLN__PARSED)
        return parsed == PLN__INEXACT ? PLN__NOT_ONE : parsed;
    if (number > (pln__int128)node->most || number < -(pln__int128)node->least)
        return PLN__OUT_OF_RANGE;
    *out = (int64_t)(uint64_t)number;
    return PLN__PARSED;
}

/* PLN__NOT_ONE: the column takes no such number; nothing was written. */
static pln__parsed put_number(pln__decoder *self, pln__json_node *node, const char *text,
                              int64_t size, bool plain, bool *done) {
    union {
        int64_t integer;
        double wide;
        float narrow;
        pln__int128 decimal;
    } to;
    pln__column *c = node->column;
    pln__parsed parsed = PLN__NOT_ONE;
    switch (node->kind) {
    case PLN__JSON_INT:
    case PLN__JSON_UINT:
        parsed = int_of(self, node, text, size, plain, &to.integer);
        *done = parsed == PLN__PARSED && pln__json_put_int(self, c, to.integer);
        break;
    case PLN__JSON_FLOAT64:
        parsed = pln__parse_double(text, size, PLN__DOUBLE_JSON, &to.wide);
        *done = parsed == PLN__PARSED && pln__json_put_fixed(self, c, &to.wide);
        break;
    case PLN__JSON_FLOAT32:
        parsed = pln__parse_float(text, size, PLN__DOUBLE_JSON, &to.narrow);
        *done = parsed == PLN__PARSED && pln__json_put_fixed(self, c, &to.narrow);
        break;
    case PLN__JSON_DECIMAL:
        parsed = pln__parse_decimal128(text, size, c->type.precision, c->type.scale, &to.decimal);
        *done = parsed == PLN__PARSED && pln__json_put_fixed(self, c, &to.decimal);
        break;
    default:
        break;
    }
    return parsed;
}

static bool put_symbol(pln__decoder *self, pln__json_node *node, const char *text, int64_t size) {
    char refusal[PLN__SYMBOLS_TEXT_SIZE];
    int64_t index = pln__symbols_find(node->symbols, text, size);
    if (PLN__LIKELY(index >= 0))
        return pln__json_put_int(self, node->column, index);
    pln__symbols_refusal(node->symbols, text, size, refusal);
    return no(pln__json_fail(self, node, "%s", refusal));
}

bool pln__json_put_text(pln__decoder *self, pln__json_node *node, const char *text, int64_t size) {
    if (node->kind == PLN__JSON_UTF8)
        return pln__json_put_bytes(self, node->column, text, size);
    if (node->symbols != NULL)
        return put_symbol(self, node, text, size);
    pln_status status = pln__column_put_value(node->column, text, size, self->err);
    return status >= 0 || no(pln__json_stop(self, status));
}

static const uint8_t *number(pln__decoder *self, pln__json_node *node, const uint8_t *p) {
    bool plain, done = false;
    const char *text = (const char *)p;
    const uint8_t *end = pln__json_number(p, &plain);
    if (end == NULL)
        return pln__json_mismatch(self, node, p);
    bool textual = node->kind == PLN__JSON_UTF8 || node->kind == PLN__JSON_DICTIONARY;
    if (textual && self->dialect.number_to_text)
        return pln__json_put_text(self, node, text, end - p) ? end : NULL;
    pln__parsed parsed = put_number(self, node, text, end - p, plain, &done);
    if (parsed == PLN__NOT_ONE)
        return pln__json_mismatch(self, node, p);
    if (parsed != PLN__PARSED)
        (void)does_not_fit(self, node, text, end - p, parsed);
    return done ? end : NULL;
}

/* ---- from a string ---- */

static bool put_float_word(pln__decoder *self, pln__json_node *node, const char *text, int64_t size,
                           bool *done) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", (double)__builtin_nanf("")},
                 {"Infinity", (double)__builtin_inff()},
                 {"-Infinity", -(double)__builtin_inff()}};
    if (node->kind != PLN__JSON_FLOAT32 && node->kind != PLN__JSON_FLOAT64)
        return false;
    for (int i = 0; i < PLN__COUNT(words); i++) {
        if ((int64_t)strlen(words[i].word) != size ||
            memcmp(words[i].word, text, (size_t)size) != 0)
            continue;
        float narrow = (float)words[i].value;
        bool wide = node->kind == PLN__JSON_FLOAT64;
        const void *value = wide ? (const void *)&words[i].value : (const void *)&narrow;
        *done = pln__json_put_fixed(self, node->column, value);
        return true;
    }
    return false;
}

static bool number_text(pln__decoder *self, pln__json_node *node, const char *text, int64_t size) {
    bool done = false;
    if (put_float_word(self, node, text, size, &done))
        return done;
    pln__parsed parsed = PLN__NOT_ONE;
    if (self->dialect.text_to_number && pln__is_json_number(text, size)) {
        bool plain = memchr(text, '.', (size_t)size) == NULL &&
                     memchr(text, 'e', (size_t)size) == NULL &&
                     memchr(text, 'E', (size_t)size) == NULL;
        parsed = put_number(self, node, text, size, plain, &done);
    }
    return parsed == PLN__PARSED ? done : does_not_fit(self, node, text, size, parsed);
}

/* A time that would do in another column, where its offset meant something. */
static bool offset_misplaced(pln__decoder *self, const pln__json_node *node, const char *text,
                             int64_t size) {
    char type[PLN__TYPE_TEXT_SIZE];
    int64_t value;
    int32_t unit = node->column->type.unit;
    if (node->kind != PLN__JSON_TIMESTAMP || node->zoned ||
        pln__json_parse_instant(text, size, unit, true, &value) == PLN__NOT_ONE)
        return false;
    (void)pln__json_fail(self, node, "expected %s without an offset, got string \"%.*s\"",
                         pln__type_text(node->column->schema, type), (int)size, text);
    return true;
}

static bool time_text(pln__decoder *self, pln__json_node *node, const char *text, int64_t size) {
    const pln__type *type = &node->column->type;
    int64_t value = 0;
    int32_t days = 0;
    pln__parsed parsed;
    if (node->kind == PLN__JSON_DATE) {
        parsed = pln__json_parse_day(text, size, &days);
        value = days;
    } else if (node->kind == PLN__JSON_TIME) {
        parsed = pln__parse_time(text, size, (pln__unit)type->unit, 0, &value);
    } else {
        parsed = pln__json_parse_instant(text, size, type->unit, node->zoned, &value);
    }
    if (parsed == PLN__NOT_ONE && offset_misplaced(self, node, text, size))
        return false;
    if (parsed != PLN__PARSED)
        return does_not_fit(self, node, text, size, parsed);
    return pln__json_put_int(self, node->column, value);
}

static bool put_binary(pln__decoder *self, pln__json_node *node, const void *bytes, int64_t size) {
    int32_t width = node->column->type.width;
    if (node->kind == PLN__JSON_BINARY)
        return pln__json_put_bytes(self, node->column, bytes, size);
    if (size != width)
        return no(
            pln__json_fail(self, node, "expected %d bytes, got %lld", (int)width, (long long)size));
    return pln__json_put_fixed(self, node->column, bytes);
}

static bool from_text(pln__decoder *self, pln__json_node *node, const uint8_t *p) {
    const char *text = (const char *)self->text.data;
    int64_t size = self->text.size;
    switch (node->kind) {
    case PLN__JSON_UTF8:
    case PLN__JSON_DICTIONARY:
        return pln__json_put_text(self, node, text, size);
    case PLN__JSON_BINARY:
    case PLN__JSON_FIXED:
        return put_binary(self, node, text, size);
    case PLN__JSON_DATE:
    case PLN__JSON_TIME:
    case PLN__JSON_TIMESTAMP:
        return time_text(self, node, text, size);
    case PLN__JSON_BOOL:
    case PLN__JSON_NULL:
        return no(pln__json_mismatch(self, node, p));
    default:
        return number_text(self, node, text, size);
    }
}

/* The string at p into self->text. */
static const uint8_t *take_text(pln__decoder *self, const uint8_t *p) {
    pln__json_fault fault = {0};
    pln_status status = PLN_OK;
    self->text.size = 0;
    if ((status = pln__buffer_reserve(self->mem, &self->text, PLN__PADDING, self->err)) < 0)
        return pln__json_stop(self, status);
    const uint8_t *end = pln__json_text(self->mem, p, self->cpu, &self->text, &fault, &status);
    if (end != NULL)
        return end;
    return status < 0
               ? pln__json_stop(self, pln__error_memory(self->err, (uint64_t)self->text.size))
               : pln__json_broken(self, &fault);
}

/* ---- {"base64": "..."} ---- */

static const uint8_t *base64(pln__decoder *self, pln__json_node *node, const uint8_t *p) {
    static const char key[] = "\"base64\"";
    const uint8_t *q = pln__json_space(p + 1);
    size_t i = 0;
    while (key[i] != '\0' && q[i] == (uint8_t)key[i])
        i++;
    q = key[i] == '\0' ? pln__json_space(q + i) : p;
    q = *q == ':' ? pln__json_space(q + 1) : p;
    if (*q != '"')
        return pln__json_mismatch(self, node, p);
    if ((q = take_text(self, q)) == NULL)
        return NULL;
    q = pln__json_space(q);
    if (*q != '}')
        return pln__json_mismatch(self, node, p);
    int64_t size;
    uint8_t *text = self->text.data; /* the bytes are fewer than the text, so they may take its place */
    if (!pln__json_base64_decode(text, self->text.size, text, &size))
        return pln__json_fail(self, node, "the text of \"base64\" is none");
    return put_binary(self, node, text, size) ? q + 1 : NULL;
}

/* ---- all of them ---- */

const uint8_t *pln__json_null(pln__decoder *self, pln__json_node *node, const uint8_t *p) {
    if (!pln__json_is(p, "null") || (!node->nullable && node->kind != PLN__JSON_NULL))
        return pln__json_mismatch(self, node, p);
    pln_status status = pln__column_null(node->column, self->err);
    return status >= 0 ? p + 4 : pln__json_stop(self, status);
}

static const uint8_t *any(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                          int64_t depth) {
    pln__json_fault fault;
    if (*p == 'n' && node->nullable)
        return pln__json_null(self, node, p);
    const uint8_t *end = pln__json_check(p, self->depth_max - depth, self->cpu, &fault);
    if (end == NULL)
        return pln__json_broken(self, &fault);
    return pln__json_put_bytes(self, node->column, p, end - p) ? end : NULL;
}

/* A dictionary of other values than text: the value is read as one, and then looked up by its bytes. */
static const uint8_t *keyed(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                            int64_t depth) {
    pln__column *values = node->values;
    if (*p == 'n' && node->nullable)
        return pln__json_null(self, node, p);
    const uint8_t *end = pln__json_read(self, node->children, p, depth);
    if (end == NULL || values->null_count > 0) {
        pln__column_truncate(values, 0);
        return end == NULL ? NULL : pln__json_mismatch(self, node, p);
    }
    uint8_t truth = values->type.id == PLN__BOOL && pln__bit_get(values->data.data, 0);
    const void *bytes = values->type.id == PLN__BOOL ? &truth : values->data.data;
    int64_t size = pln__type_is_bytes(values->type.id) ? values->data.size
                   : values->type.id == PLN__BOOL      ? 1
                                                       : values->type.width;
    pln_status status = pln__column_put_value(node->column, size > 0 ? bytes : "", size, self->err);
    pln__column_truncate(values, 0);
    return status >= 0 ? end : pln__json_stop(self, status);
}

const uint8_t *pln__json_scalar(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t depth) {
    bool binary = node->kind == PLN__JSON_BINARY || node->kind == PLN__JSON_FIXED;
    if (node->kind == PLN__JSON_ANY)
        return any(self, node, p, depth);
    if (node->values != NULL)
        return keyed(self, node, p, depth);
    switch (*p) {
    case '"': {
        const uint8_t *end = take_text(self, p);
        return end != NULL && from_text(self, node, p) ? end : NULL;
    }
    case '{':
        return binary ? base64(self, node, p) : pln__json_mismatch(self, node, p);
    case 'n':
        return pln__json_null(self, node, p);
    default:
        return number(self, node, p);
    }
}
