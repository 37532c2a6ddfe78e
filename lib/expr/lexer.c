#include "expr/internal.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name(char c) {
    return is_name_start(c) || is_digit(c) || c == '$';
}

bool pln__x_word_is(const char *text, int32_t size, const char *word) {
    return strlen(word) == (size_t)size && pln__ascii_equal_nocase(text, word, size);
}

bool pln__x_is_word(const xlexer *lex, const char *word) {
    const xtoken *t = &lex->token;
    return t->kind == T_NAME && pln__x_word_is(lex->text + t->start, t->end - t->start, word);
}

static char peek(const xlexer *lex, int32_t ahead) {
    int32_t at = lex->at + ahead;
    return at < lex->size ? lex->text[at] : '\0';
}

static pln_status skip_comment(xlexer *lex) {
    int32_t start = lex->at;
    for (lex->at += 2; lex->at < lex->size; lex->at++)
        if (peek(lex, 0) == '*' && peek(lex, 1) == '/') {
            lex->at += 2;
            return PLN_OK;
        }
    return pln__x_error(lex->text, start, lex->err, PLN_ESYNTAX, "comment without its end */");
}

static pln_status skip_space(xlexer *lex) {
    pln_status status = PLN_OK;
    while (lex->at < lex->size && status == PLN_OK) {
        char c = peek(lex, 0);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v')
            lex->at++;
        else if (c == '-' && peek(lex, 1) == '-')
            while (lex->at < lex->size && lex->text[lex->at] != '\n')
                lex->at++;
        else if (c == '/' && peek(lex, 1) == '*')
            status = skip_comment(lex);
        else
            break;
    }
    return status;
}

static pln_status number(xlexer *lex) {
    xtoken *t = &lex->token;
    t->kind = T_INTEGER;
    while (is_digit(peek(lex, 0)))
        lex->at++;
    if (peek(lex, 0) == '.' && peek(lex, 1) != '.') {
        t->kind = T_DECIMAL;
        lex->at++;
        while (is_digit(peek(lex, 0)))
            lex->at++;
    }
    if (peek(lex, 0) == 'e' || peek(lex, 0) == 'E') {
        int32_t skip = peek(lex, 1) == '+' || peek(lex, 1) == '-' ? 2 : 1;
        if (is_digit(peek(lex, skip))) {
            t->kind = T_FLOAT;
            lex->at += skip;
            while (is_digit(peek(lex, 0)))
                lex->at++;
        }
    }
    if (is_name_start(peek(lex, 0)))
        return pln__x_error(
            lex->text, t->start, lex->err, PLN_ESYNTAX, "'%.*s...' is neither a number nor a name",
            lex->at + 1 - t->start > 40 ? 40 : lex->at + 1 - t->start, lex->text + t->start);
    return PLN_OK;
}

/* To behind the closing quote; a doubled one stands for itself. */
static pln_status quoted(xlexer *lex, char quote, int32_t kind) {
    int32_t start = lex->token.start;
    lex->token.kind = kind;
    for (lex->at++; lex->at < lex->size; lex->at++) {
        if (lex->text[lex->at] != quote)
            continue;
        if (peek(lex, 1) != quote) {
            lex->at++;
            return PLN_OK;
        }
        lex->at++;
    }
    return pln__x_error(lex->text, start, lex->err, PLN_ESYNTAX, "%s without its closing quote %c",
                        quote == '"' ? "name" : "text", quote);
}

static int32_t two(char a, char b) {
    static const struct {
        char text[3];
        int32_t kind;
    } pairs[] = {{"::", T_CAST}, {"||", T_JOIN}, {"==", T_EQ},  {"<>", T_NE}, {"!=", T_NE},
                 {"<=", T_LE},   {">=", T_GE},   {"<<", T_SHL}, {">>", T_SHR}};
    for (int i = 0; i < PLN__COUNT(pairs); i++)
        if (pairs[i].text[0] == a && pairs[i].text[1] == b)
            return pairs[i].kind;
    return -1;
}

static int32_t one(char c) {
    static const char all[] = "()[],.+-*/%^&|~=<>";
    static const int32_t kinds[] = {T_LEFT, T_RIGHT, T_OPEN,  T_CLOSE, T_COMMA,   T_DOT,
                                    T_PLUS, T_MINUS, T_STAR,  T_SLASH, T_PERCENT, T_POWER,
                                    T_AND,  T_OR,    T_TILDE, T_EQ,    T_LT,      T_GT};
    const char *found = c == '\0' ? NULL : strchr(all, c);
    return found == NULL ? -1 : kinds[found - all];
}

static pln_status operator_token(xlexer *lex) {
    int32_t kind = two(peek(lex, 0), peek(lex, 1)), size = 2;
    if (kind < 0) {
        kind = one(peek(lex, 0));
        size = 1;
    }
    if (kind < 0) {
        char shown[PLN__SHOW_SIZE];
        return pln__x_error(lex->text, lex->at, lex->err, PLN_ESYNTAX, "unexpected character %s",
                            pln__show(shown, lex->text + lex->at, 1));
    }
    lex->token.kind = kind;
    lex->at += size;
    return PLN_OK;
}

static pln_status scan(xlexer *lex) {
    char c = peek(lex, 0);
    if (lex->at >= lex->size) {
        lex->token.kind = T_END;
        return PLN_OK;
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(lex, 1))))
        return number(lex);
    if (c == '\'')
        return quoted(lex, '\'', T_TEXT);
    if (c == '"')
        return quoted(lex, '"', T_QUOTED);
    if ((c == 'x' || c == 'X') && peek(lex, 1) == '\'') {
        lex->at++;
        return quoted(lex, '\'', T_BYTES);
    }
    if (!is_name_start(c))
        return operator_token(lex);
    lex->token.kind = T_NAME;
    while (lex->at < lex->size && is_name(lex->text[lex->at]))
        lex->at++;
    return PLN_OK;
}

pln_status pln__x_next(xlexer *lex) {
    pln_status status;
    lex->last_end = lex->token.end;
    PLN__TRY(skip_space(lex));
    lex->token.start = lex->at;
    PLN__TRY(scan(lex));
    lex->token.end = lex->at;
out:
    return status;
}

/* The text of a quoted token without its quotes, NUL-terminated. */
pln_status pln__x_unescape(xlexer *lex, xarena *arena, char quote, xstr *out) {
    const xtoken *t = &lex->token;
    int32_t from = t->start + 1 + (t->kind == T_BYTES);
    uint8_t *bytes = pln__x_bytes(arena, t->end - from + 1);
    if (bytes == NULL)
        return pln__error_memory(lex->err, (uint64_t)(t->end - from + 1));
    int64_t n = 0;
    for (int32_t i = from; i < t->end - 1; i++) {
        bytes[n++] = (uint8_t)lex->text[i];
        i += lex->text[i] == quote;
    }
    bytes[n] = 0;
    *out = (xstr){bytes, n};
    return PLN_OK;
}
