#include "schema/document.h"
#include "base/number.h"
#include "base/utf8.h"

/*
 * Our own reader and not a library's: a default of 18446744073709551616 or 0.1 must come out as it went in, a string may hold U+0000,
 * and the memory is the caller's. It does not recur.
 */
typedef struct reader {
    pln__arena *arena;
    pln_error *err;
    const char *what; /* it is, for messages */
    const char *start, *p, *end;
    json *open[PLN__DOC_NESTING_MAX]; /* arrays and objects around p */
    json *last[PLN__DOC_NESTING_MAX]; /* and the last child of each */
    int depth;
    const char *key; /* of the member to come */
    int32_t key_size;
} reader;

static pln_status fail(reader *r, pln_status code, const char *what) {
    int64_t line = 1, column = 1;
    for (const char *p = r->start; p < r->p; p++) {
        line += *p == '\n';
        column = *p == '\n' ? 1 : column + 1;
    }
    return pln__error_set(r->err, code, "%s: JSON line %lld, column %lld: %s", r->what,
                          (long long)line, (long long)column, what);
}

static void skip_blanks(reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static bool take(reader *r, char c) {
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static int32_t hex_4(const reader *r, const char *p) {
    int32_t value = 0;
    if (r->end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* p stands behind "\u". Returns the bytes written, 0 for a fault. */
static int32_t unescape_unicode(reader *r, uint8_t out[4]) {
    int32_t point = hex_4(r, r->p);
    r->p += point < 0 ? 0 : 4;
    if (point >= 0xD800 && point < 0xDC00 && r->end - r->p >= 6 && r->p[0] == '\\' &&
        r->p[1] == 'u') {
        int32_t low = hex_4(r, r->p + 2);
        if (low < 0xDC00 || low > 0xDFFF)
            return 0;
        r->p += 6;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    return point < 0 ? 0 : pln__utf8_encode((uint32_t)point, out);
}

static pln_status unescape(reader *r, char **out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    r->p++;
    if (r->p < r->end && *r->p == 'u') {
        uint8_t bytes[4];
        r->p++;
        int32_t n = unescape_unicode(r, bytes);
        if (n == 0)
            return fail(r, PLN_ESYNTAX, "a \\u escape is no character");
        memcpy(*out, bytes, (size_t)n);
        *out += n;
        return PLN_OK;
    }
    const char *found = r->p < r->end && *r->p != '\0' ? strchr(from, *r->p) : NULL;
    if (found == NULL)
        return fail(r, PLN_ESYNTAX, "there is no such escape in a string");
    *(*out)++ = to[found - from];
    r->p++;
    return PLN_OK;
}

/* p stands behind the opening quote. What is unescaped is never longer than what was escaped. */
static pln_status read_string(reader *r, const char **out, int32_t *size) {
    const char *close = r->p;
    while (close < r->end && *close != '"')
        close += *close == '\\' && r->end - close > 1 ? 2 : 1;
    if (close >= r->end) {
        r->p = r->end;
        return fail(r, PLN_ESYNTAX, "a string does not end");
    }
    char *copy = pln__arena_new(r->arena, close - r->p + 1, 1), *at = copy;
    if (copy == NULL)
        return pln__error_memory(r->err, (uint64_t)(close - r->p));
    while (r->p < close) {
        if ((uint8_t)*r->p < 0x20)
            return fail(r, PLN_ESYNTAX, "a control character in a string");
        if (*r->p == '\\') {
            pln_status status = unescape(r, &at);
            if (status < 0)
                return status;
        } else {
            *at++ = *r->p++;
        }
    }
    r->p = close + 1;
    *at = '\0';
    *out = copy;
    *size = (int32_t)(at - copy);
    return PLN_OK;
}

static pln_status read_key(reader *r) {
    if (!take(r, '"'))
        return fail(r, PLN_ESYNTAX, "a key in double quotes is missing");
    pln_status status = read_string(r, &r->key, &r->key_size);
    if (status >= 0 && !take(r, ':'))
        status = fail(r, PLN_ESYNTAX, "a colon is missing behind a key");
    return status;
}

static pln_status read_word(reader *r, json *node) {
    static const char *const words[] = {"null", "false", "true"};
    for (int i = 0; i < PLN__COUNT(words); i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i], n) == 0) {
            node->kind = J_NULL + i;
            r->p += n;
            return PLN_OK;
        }
    }
    return fail(r, PLN_ESYNTAX, r->p == r->end ? "the text ends too early" : "no JSON value");
}

static pln_status read_number(reader *r, json *node) {
    const char *stop = r->p;
    while (stop < r->end && (*stop == '-' || *stop == '+' || *stop == '.' || *stop == 'e' ||
                             *stop == 'E' || (*stop >= '0' && *stop <= '9')))
        stop++;
    if (!pln__is_json_number(r->p, stop - r->p))
        return fail(r, PLN_ESYNTAX, "this is no number of JSON");
    node->kind = J_NUMBER;
    node->size = (int32_t)(stop - r->p);
    node->text = pln__arena_copy(r->arena, r->p, node->size);
    r->p = stop;
    return node->text == NULL ? pln__error_memory(r->err, (uint64_t)node->size) : PLN_OK;
}

static pln_status new_node(reader *r, json **out) {
    json *node = pln__arena_new(r->arena, 1, sizeof *node);
    *out = node;
    if (node == NULL)
        return pln__error_memory(r->err, sizeof *node);
    if (r->depth == 0)
        return PLN_OK;
    int level = r->depth - 1;
    node->up = r->open[level];
    if (node->up->kind == J_OBJECT) {
        node->key = r->key;
        node->key_size = r->key_size;
    } else {
        node->key_size = node->up->size;
    }
    if (r->last[level] == NULL)
        node->up->first = node;
    else
        r->last[level]->next = node;
    r->last[level] = node;
    node->up->size++;
    return PLN_OK;
}

/* A scalar is read whole; of an array or object only the bracket, and *opened is set. */
static pln_status read_value(reader *r, json *node, bool *opened) {
    char c = r->p < r->end ? *r->p : '\0';
    *opened = c == '[' || c == '{';
    if (c == '"') {
        node->kind = J_STRING;
        r->p++;
        return read_string(r, &node->text, &node->size);
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r, node);
    if (!*opened)
        return read_word(r, node);
    if (r->depth == PLN__DOC_NESTING_MAX)
        return fail(r, PLN_ELIMIT, "arrays and objects are nested too deeply");
    r->p++;
    node->kind = c == '[' ? J_ARRAY : J_OBJECT;
    r->last[r->depth] = NULL;
    r->open[r->depth++] = node;
    return PLN_OK;
}

static pln_status twice(reader *r, const json *member) {
    char shown[PLN__SHOW_SIZE], text[PLN__SHOW_SIZE + 40] = "the object before has a key twice: ";
    strcat(text, pln__show(shown, member->key, member->key_size));
    return fail(r, PLN_ESYNTAX, text);
}

pln_status pln__doc_unique(const pln_allocator *mem, const json *object, const json **twice,
                           pln_error *err) {
    enum { FEW = 16 };
    *twice = NULL;
    if (object->size <= FEW) {
        for (const json *a = object->first; a != NULL; a = a->next)
            for (const json *b = a->next; b != NULL && *twice == NULL; b = b->next)
                if (pln__doc_same_key(a, b))
                    *twice = b;
        return PLN_OK;
    }
    pln_status status = PLN_OK;
    pln__map *seen = pln__map_new(mem, (uint64_t)(uintptr_t)object);
    if (seen == NULL)
        return pln__error_memory(err, 1);
    for (const json *a = object->first; a != NULL && *twice == NULL && status >= 0; a = a->next)
        if (pln__map_get(seen, a->key, a->key_size, NULL))
            *twice = a;
        else
            status = pln__map_put(seen, a->key, a->key_size, 0, err);
    pln__map_free(seen);
    return status;
}

static pln_status check_keys(reader *r, const json *object) {
    const json *second;
    pln_status status = pln__doc_unique(r->arena->mem, object, &second, r->err);
    return status < 0 || second == NULL ? status : twice(r, second);
}

/* Behind a value: a comma and what follows it, or the brackets that close here. *more: another value is to come. */
static pln_status after_value(reader *r, bool *more) {
    pln_status status = PLN_OK;
    *more = false;
    while (r->depth > 0 && status >= 0) {
        json *around = r->open[r->depth - 1];
        bool object = around->kind == J_OBJECT;
        if (take(r, ',')) {
            *more = true;
            return object ? read_key(r) : PLN_OK;
        }
        if (!take(r, object ? '}' : ']'))
            return fail(r, PLN_ESYNTAX,
                        r->p == r->end ? "the text ends too early"
                        : object       ? "a comma or } is missing"
                                       : "a comma or ] is missing");
        r->depth--;
        status = object ? check_keys(r, around) : PLN_OK;
    }
    return status;
}

static pln_status read_document(reader *r, json **out) {
    pln_status status = PLN_OK;
    bool more = true, opened = false;
    while (status >= 0 && more) {
        json *node = NULL;
        skip_blanks(r);
        status = new_node(r, &node);
        if (status >= 0)
            status = read_value(r, node, &opened);
        if (status >= 0 && *out == NULL)
            *out = node;
        if (status < 0)
            break;
        if (opened &&
            !(skip_blanks(r), r->p < r->end && *r->p == (node->kind == J_ARRAY ? ']' : '}')))
            status = node->kind == J_OBJECT ? read_key(r) : PLN_OK;
        else
            status = after_value(r, &more);
    }
    skip_blanks(r);
    if (status >= 0 && r->p != r->end)
        status = fail(r, PLN_ESYNTAX, "something follows the end of the value");
    return status;
}

pln_status pln__doc_parse(pln__arena *arena, const char *what, const char *text, int64_t size,
                          json **out, pln_error *err) {
    reader r = {.arena = arena, .err = err, .what = what, .start = text, .p = text,
                .end = text + size};
    int64_t invalid = pln__utf8_invalid_at(text, size, 0);
    *out = NULL;
    if (invalid >= 0) {
        r.p = text + invalid;
        return fail(&r, PLN_ESYNTAX, "the text is not UTF-8");
    }
    return read_document(&r, out);
}
