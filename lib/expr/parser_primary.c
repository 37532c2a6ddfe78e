#include "expr/internal.h"

static const char *const reserved[] = {"and",   "as",   "between", "case",  "cast",    "distinct",
                                       "else",  "end",  "escape",  "false", "from",    "for",
                                       "ilike", "in",   "is",      "like",  "not",     "null",
                                       "or",    "then", "true",    "when",  "try_cast"};

bool pln__x_reserved(const char *text, int32_t size) {
    for (int i = 0; i < PLN__COUNT(reserved); i++)
        if (pln__x_word_is(text, size, reserved[i]))
            return true;
    return false;
}

/* The current name, quoted or not, NUL-terminated; the parser steps over it. */
static pln_status take_name(xparser *parser, const char **out) {
    pln_status status;
    xlexer *lex = &parser->lex;
    xstr text;
    int32_t size = lex->token.end - lex->token.start;
    if (lex->token.kind == T_QUOTED) {
        PLN__TRY(pln__x_unescape(lex, parser->arena, '"', &text));
    } else {
        uint8_t *copy = pln__x_bytes(parser->arena, size + 1);
        if (copy == NULL)
            return pln__error_memory(parser->err, (uint64_t)size + 1);
        memcpy(copy, lex->text + lex->token.start, (size_t)size);
        copy[size] = 0;
        text = (xstr){copy, size};
    }
    *out = (const char *)text.data;
    status = pln__x_next(lex);
out:
    return status;
}

static pln_status take_text(xparser *parser, xstr *out) {
    pln_status status;
    if (parser->lex.token.kind != T_TEXT)
        return pln__x_unexpected(parser, "a text in single quotes");
    PLN__TRY(pln__x_unescape(&parser->lex, parser->arena, '\'', out));
    status = pln__x_next(&parser->lex);
out:
    return status;
}

static pln_status literal(xparser *parser, int32_t op, xnode **out) {
    pln_status status = PLN_OK;
    xlexer *lex = &parser->lex;
    const xtoken t = lex->token;
    xnode *node = pln__x_node(parser, N_LITERAL, t.start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->op = op;
    node->text = (xstr){(const uint8_t *)lex->text + t.start, t.end - t.start};
    if (t.kind == T_TEXT || t.kind == T_BYTES)
        PLN__TRY(pln__x_unescape(lex, parser->arena, '\'', &node->text));
    PLN__TRY(pln__x_next(lex));
    *out = node;
out:
    return status;
}

/* The text of `date '...'`, whose word has been read. */
static pln_status typed_literal(xparser *parser, int32_t op, int32_t start, const char *name,
                                xnode **out) {
    pln_status status;
    xnode *node = pln__x_node(parser, N_LITERAL, start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->op = op;
    node->name = name;
    PLN__TRY(take_text(parser, &node->text));
    node->end = parser->lex.last_end;
    *out = node;
out:
    return status;
}

static bool is_interval_unit(const xlexer *lex) {
    static const char *const units[] = {
        "year",   "years",   "month",       "months",       "week",        "weeks",
        "day",    "days",    "hour",        "hours",        "minute",      "minutes",
        "second", "seconds", "millisecond", "milliseconds", "microsecond", "microseconds"};
    for (int i = 0; i < PLN__COUNT(units); i++)
        if (pln__x_is_word(lex, units[i]))
            return true;
    return false;
}

/* interval '1 day', interval '1' day, interval 1 day */
static pln_status interval(xparser *parser, int32_t start, xnode **out) {
    pln_status status;
    xlexer *lex = &parser->lex;
    xnode *node;
    if (lex->token.kind == T_INTEGER) {
        PLN__TRY(literal(parser, L_INTERVAL, &node));
        if (!is_interval_unit(lex))
            return pln__x_unexpected(parser, "a unit such as 'day'");
    } else {
        PLN__TRY(typed_literal(parser, L_INTERVAL, start, NULL, &node));
    }
    node->start = start;
    if (is_interval_unit(lex))
        PLN__TRY(take_name(parser, &node->name));
    node->end = lex->last_end;
    *out = node;
out:
    return status;
}

/* Elements up to and with the closing bracket. */
static pln_status arguments(xparser *parser, xnode *node) {
    pln_status status = PLN_OK;
    xnode *arg;
    while (parser->lex.token.kind != T_RIGHT) {
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
        if (parser->lex.token.kind != T_COMMA)
            break;
        PLN__TRY(pln__x_next(&parser->lex));
        if (parser->lex.token.kind == T_RIGHT)
            return pln__x_unexpected(parser, "an expression");
    }
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "',' or ')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

static pln_status cast_call(xparser *parser, bool soft, xnode *node) {
    pln_status status;
    xnode *arg;
    node->kind = N_CAST;
    node->has_else = soft;
    PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
    pln__x_append(node, arg);
    PLN__TRY(pln__x_expect_word(parser, "as"));
    PLN__TRY(pln__x_parse_type(parser, &node->type));
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

/* extract(field from x): the field becomes a text argument. */
static pln_status extract_call(xparser *parser, xnode *node) {
    pln_status status;
    xnode *field, *arg;
    if (parser->lex.token.kind != T_NAME && parser->lex.token.kind != T_TEXT)
        return pln__x_unexpected(parser, "a field such as 'year'");
    PLN__TRY(literal(parser, L_TEXT, &field));
    pln__x_append(node, field);
    PLN__TRY(pln__x_expect_word(parser, "from"));
    PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
    pln__x_append(node, arg);
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

/* position(a in b) is strpos(b, a). */
static pln_status position_call(xparser *parser, xnode *node) {
    pln_status status;
    xnode *part, *whole;
    PLN__TRY(pln__x_parse_expr(parser, 1, &part));
    PLN__TRY(pln__x_expect_word(parser, "in"));
    PLN__TRY(pln__x_parse_expr(parser, 1, &whole));
    node->name = "strpos";
    pln__x_append(node, whole);
    pln__x_append(node, part);
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

static pln_status substring_call(xparser *parser, xnode *node) {
    pln_status status;
    xnode *arg;
    PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
    pln__x_append(node, arg);
    if (parser->lex.token.kind == T_COMMA) {
        PLN__TRY(pln__x_next(&parser->lex));
        return arguments(parser, node);
    }
    PLN__TRY(pln__x_expect_word(parser, "from"));
    PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
    pln__x_append(node, arg);
    if (pln__x_accept_word(parser, "for", &status)) {
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
    }
    PLN__TRY(status);
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

/* trim([both | leading | trailing] [chars] from x), trim(x), trim(x, chars) */
static pln_status trim_call(xparser *parser, xnode *node) {
    pln_status status = PLN_OK;
    xnode *arg, *chars = NULL;
    if (pln__x_accept_word(parser, "leading", &status))
        node->name = "ltrim";
    else if (pln__x_accept_word(parser, "trailing", &status))
        node->name = "rtrim";
    else
        (void)pln__x_accept_word(parser, "both", &status);
    PLN__TRY(status);
    if (!pln__x_is_word(&parser->lex, "from"))
        PLN__TRY(pln__x_parse_expr(parser, 0, &chars));
    if (pln__x_accept_word(parser, "from", &status)) {
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
        if (chars != NULL)
            pln__x_append(node, chars);
    } else if (status == PLN_OK && chars != NULL) {
        pln__x_append(node, chars);
        if (parser->lex.token.kind == T_COMMA) {
            PLN__TRY(pln__x_next(&parser->lex));
            return arguments(parser, node);
        }
    }
    PLN__TRY(status);
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    node->end = parser->lex.last_end;
out:
    return status;
}

/* The name and the opening bracket have been read. */
pln_status pln__x_parse_call(xparser *parser, xnode **out, int32_t start, const char *name) {
    xnode *node = pln__x_node(parser, N_CALL, start);
    int32_t size = (int32_t)strlen(name);
    if (node == NULL)
        return PLN_ENOMEM;
    node->name = name;
    *out = node;
    if (pln__x_word_is(name, size, "cast"))
        return cast_call(parser, false, node);
    if (pln__x_word_is(name, size, "try_cast"))
        return cast_call(parser, true, node);
    if (pln__x_word_is(name, size, "extract"))
        return extract_call(parser, node);
    if (pln__x_word_is(name, size, "position"))
        return position_call(parser, node);
    if (pln__x_word_is(name, size, "substring") || pln__x_word_is(name, size, "substr"))
        return substring_call(parser, node);
    if (pln__x_word_is(name, size, "trim"))
        return trim_call(parser, node);
    return arguments(parser, node);
}

static pln_status parse_case(xparser *parser, xnode **out) {
    pln_status status;
    xnode *arg, *node = pln__x_node(parser, N_CASE, parser->lex.token.start);
    if (node == NULL)
        return PLN_ENOMEM;
    PLN__TRY(pln__x_next(&parser->lex));
    if (!pln__x_is_word(&parser->lex, "when")) {
        node->negated = true;
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
    }
    if (!pln__x_is_word(&parser->lex, "when"))
        return pln__x_unexpected(parser, "'when'");
    while (pln__x_accept_word(parser, "when", &status)) {
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
        PLN__TRY(pln__x_expect_word(parser, "then"));
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
    }
    if (pln__x_accept_word(parser, "else", &status)) {
        node->has_else = true;
        PLN__TRY(pln__x_parse_expr(parser, 0, &arg));
        pln__x_append(node, arg);
    }
    PLN__TRY(status);
    PLN__TRY(pln__x_expect_word(parser, "end"));
    node->end = parser->lex.last_end;
    *out = node;
out:
    return status;
}

/* Words that take no brackets although they are functions. */
static bool is_bare_call(const char *name) {
    static const char *const names[] = {"current_date", "current_timestamp", "localtimestamp"};
    for (int i = 0; i < PLN__COUNT(names); i++)
        if (pln__x_word_is(name, (int32_t)strlen(name), names[i]))
            return true;
    return false;
}

static int32_t literal_kind(const char *name) {
    static const struct {
        const char *name;
        int32_t op;
    } kinds[] = {{"date", L_DATE},
                 {"time", L_TIME},
                 {"timestamp", L_TIMESTAMP},
                 {"timestamptz", L_TIMESTAMP}};
    for (int i = 0; i < PLN__COUNT(kinds); i++)
        if (pln__x_word_is(name, (int32_t)strlen(name), kinds[i].name))
            return kinds[i].op;
    return -1;
}

static pln_status parse_name(xparser *parser, xnode **out) {
    pln_status status;
    xlexer *lex = &parser->lex;
    bool plain = lex->token.kind == T_NAME;
    int32_t start = lex->token.start;
    const char *name;
    PLN__TRY(take_name(parser, &name));
    if (lex->token.kind == T_LEFT && plain) {
        PLN__TRY(pln__x_next(lex));
        return pln__x_parse_call(parser, out, start, name);
    }
    if (plain && lex->token.kind == T_TEXT && literal_kind(name) >= 0)
        return typed_literal(parser, literal_kind(name), start, name, out);
    if (plain && (lex->token.kind == T_TEXT || lex->token.kind == T_INTEGER) &&
        pln__x_word_is(name, (int32_t)strlen(name), "interval"))
        return interval(parser, start, out);
    xnode *node = pln__x_node(parser, plain && is_bare_call(name) ? N_CALL : N_COLUMN, start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->name = name;
    node->quoted = !plain;
    node->end = lex->last_end;
    *out = node;
out:
    return status;
}

static pln_status parse_word(xparser *parser, xnode **out) {
    const xlexer *lex = &parser->lex;
    if (pln__x_is_word(lex, "null"))
        return literal(parser, L_NULL, out);
    if (pln__x_is_word(lex, "true"))
        return literal(parser, L_TRUE, out);
    if (pln__x_is_word(lex, "false"))
        return literal(parser, L_FALSE, out);
    if (pln__x_is_word(lex, "case"))
        return parse_case(parser, out);
    bool cast = pln__x_is_word(lex, "cast") || pln__x_is_word(lex, "try_cast");
    if (!cast && pln__x_reserved(lex->text + lex->token.start, lex->token.end - lex->token.start))
        return pln__x_unexpected(parser, "an expression");
    return parse_name(parser, out);
}

static pln_status parse_operand(xparser *parser, xnode **out) {
    pln_status status;
    xlexer *lex = &parser->lex;
    int32_t start = lex->token.start;
    switch (lex->token.kind) {
    case T_NAME: return parse_word(parser, out);
    case T_QUOTED: return parse_name(parser, out);
    case T_INTEGER: return literal(parser, L_INTEGER, out);
    case T_DECIMAL: return literal(parser, L_DECIMAL, out);
    case T_FLOAT: return literal(parser, L_FLOAT, out);
    case T_TEXT: return literal(parser, L_TEXT, out);
    case T_BYTES: return literal(parser, L_BYTES, out);
    case T_LEFT: break;
    default: return pln__x_unexpected(parser, "an expression");
    }
    PLN__TRY(pln__x_next(lex));
    PLN__TRY(pln__x_parse_expr(parser, 0, out));
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    (*out)->start = start;
    (*out)->end = lex->last_end;
    /* In brackets: a longer chain outside of them is a node of its own. */
    if ((*out)->kind != N_COLUMN)
        (*out)->quoted = true;
out:
    return status;
}

static pln_status wrap(xparser *parser, int32_t kind, xnode **node) {
    xnode *outer = pln__x_node(parser, kind, (*node)->start);
    if (outer == NULL)
        return PLN_ENOMEM;
    pln__x_append(outer, *node);
    *node = outer;
    return PLN_OK;
}

static pln_status postfix(xparser *parser, xnode **node) {
    pln_status status;
    xlexer *lex = &parser->lex;
    xnode *index;
    int32_t kind = lex->token.kind;
    PLN__TRY(pln__x_next(lex));
    if (kind == T_CAST) {
        PLN__TRY(wrap(parser, N_CAST, node));
        PLN__TRY(pln__x_parse_type(parser, &(*node)->type));
    } else if (kind == T_DOT) {
        if (lex->token.kind != T_NAME && lex->token.kind != T_QUOTED)
            return pln__x_unexpected(parser, "a member's name");
        PLN__TRY(wrap(parser, N_MEMBER, node));
        (*node)->quoted = lex->token.kind == T_QUOTED;
        PLN__TRY(take_name(parser, &(*node)->name));
    } else {
        PLN__TRY(wrap(parser, N_SUBSCRIPT, node));
        PLN__TRY(pln__x_parse_expr(parser, 0, &index));
        pln__x_append(*node, index);
        PLN__TRY(pln__x_expect(parser, T_CLOSE, "']'"));
    }
    (*node)->end = lex->last_end;
out:
    return status;
}

pln_status pln__x_parse_primary(xparser *parser, xnode **out) {
    pln_status status;
    xnode *node;
    PLN__TRY(parse_operand(parser, &node));
    for (;;) {
        int32_t kind = parser->lex.token.kind;
        if (kind != T_CAST && kind != T_DOT && kind != T_OPEN)
            break;
        PLN__TRY(postfix(parser, &node));
    }
    *out = node;
out:
    return status;
}
