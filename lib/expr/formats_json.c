/*
 * JSON as RFC 8259 has it: one value of any kind, in UTF-8, with nothing but white space around it.
 */
#include "expr/formats.h"

typedef struct json {
    const uint8_t *at, *end;
    int32_t depth;
    uint64_t objects[X_JSON_DEPTH / 64]; /* a bit a level: it is an object, not an array */
} json;

enum { BAD, OPENED, MORE, DONE };

static uint8_t peek(const json *j) {
    return j->at < j->end ? *j->at : 0;
}

static void skip_space(json *j) {
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\r' || *j->at == '\t'))
        j->at++;
}

static bool accept(json *j, uint8_t c) {
    if (peek(j) != c || j->at == j->end)
        return false;
    j->at++;
    return true;
}

static bool word(json *j, const char *text) {
    int64_t size = (int64_t)strlen(text);
    if (j->end - j->at < size || memcmp(j->at, text, (size_t)size) != 0)
        return false;
    j->at += size;
    return true;
}

static bool digits(json *j) {
    const uint8_t *from = j->at;
    while (x_digit(peek(j)))
        j->at++;
    return j->at > from;
}

static bool number(json *j) {
    (void)accept(j, '-');
    if (!accept(j, '0') && !digits(j))
        return false;
    if (accept(j, '.') && !digits(j))
        return false;
    if (!accept(j, 'e') && !accept(j, 'E'))
        return true;
    if (!accept(j, '+'))
        (void)accept(j, '-');
    return digits(j);
}

static bool escape(json *j) {
    uint8_t c = peek(j);
    if (c == 0 || strchr("\"\\/bfnrtu", c) == NULL)
        return false;
    j->at++;
    for (int i = 0; i < 4 && c == 'u'; i++) {
        if (!x_hex(peek(j)))
            return false;
        j->at++;
    }
    return true;
}

static bool string(json *j) {
    if (!accept(j, '"'))
        return false;
    while (j->at < j->end) {
        uint8_t c = *j->at++;
        if (c == '"')
            return true;
        if (c < ' ' || (c == '\\' && !escape(j)))
            return false;
    }
    return false;
}

static bool is_object(const json *j) {
    int32_t level = j->depth - 1;
    return (j->objects[level / 64] >> (level % 64)) & 1;
}

static bool member(json *j) {
    skip_space(j);
    if (!string(j))
        return false;
    skip_space(j);
    return accept(j, ':');
}

/* Behind the bracket: OPENED where a value must follow, MORE where it is closed at once. */
static int open(json *j, bool object) {
    uint64_t bit = UINT64_C(1) << (j->depth % 64), *levels = &j->objects[j->depth / 64];
    if (j->depth == X_JSON_DEPTH)
        return BAD;
    skip_space(j);
    if (accept(j, object ? '}' : ']'))
        return MORE;
    *levels = object ? *levels | bit : *levels & ~bit;
    j->depth++;
    return !object || member(j) ? OPENED : BAD;
}

static int value(json *j) {
    skip_space(j);
    bool ok;
    switch (peek(j)) {
    case '{': j->at++; return open(j, true);
    case '[': j->at++; return open(j, false);
    case '"': ok = string(j); break;
    case 't': ok = word(j, "true"); break;
    case 'f': ok = word(j, "false"); break;
    case 'n': ok = word(j, "null"); break;
    default: ok = number(j);
    }
    return ok ? MORE : BAD;
}

/* Behind a value: closing brackets, then a comma or the end. */
static int behind(json *j) {
    for (;;) {
        skip_space(j);
        if (j->depth == 0)
            return j->at == j->end ? DONE : BAD;
        if (accept(j, ','))
            return !is_object(j) || member(j) ? MORE : BAD;
        if (!accept(j, is_object(j) ? '}' : ']'))
            return BAD;
        j->depth--;
    }
}

bool pln__x_is_json(xstr s, uint32_t cpu) {
    json j = {.at = s.data, .end = s.data + s.size};
    int state = MORE;
    if (s.size == 0 || !pln__utf8_valid(s.data, s.size, cpu))
        return false;
    while (state == MORE || state == OPENED) {
        state = value(&j);
        if (state == MORE)
            state = behind(&j);
    }
    return state == DONE;
}
