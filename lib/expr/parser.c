/*
 * Operators, lowest first: or, and, not, is, comparison, between/in/like, (|| & | << >>), (+ -), (* / %), ^, sign.
 */
#include "expr/internal.h"

enum { LEVEL_OTHER = 1, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_POWER, LEVEL_SIGN };

xnode *pln__x_node(xparser *parser, int32_t kind, int32_t start) {
    xnode *node = pln__x_zalloc(parser->arena, (int64_t)sizeof *node);
    if (node == NULL) {
        pln__error_memory(parser->err, sizeof *node);
        return NULL;
    }
    node->kind = kind;
    node->start = start;
    node->end = parser->lex.token.end;
    return node;
}

void pln__x_append(xnode *parent, xnode *child) {
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
    parent->n_args++;
    if (child->end > parent->end)
        parent->end = child->end;
}

pln_status pln__x_unexpected(xparser *parser, const char *what) {
    const xtoken *t = &parser->lex.token;
    const xlexer *lex = &parser->lex;
    char got[PLN__SHOW_SIZE], before[PLN__SHOW_SIZE];
    if (t->kind == T_END && lex->last_end == 0)
        return pln__x_error(lex->text, t->start, parser->err, PLN_ESYNTAX,
                            "expected %s, but there is nothing", what);
    int32_t from = lex->last_end > 20 ? lex->last_end - 20 : 0;
    while (from > 0 && from < lex->last_end && ((unsigned char)lex->text[from] & 0xC0) == 0x80)
        from++;
    pln__show(before, lex->text + from, lex->last_end - from);
    if (t->kind == T_END)
        return pln__x_error(lex->text, t->start, parser->err, PLN_ESYNTAX,
                            "expected %s after %s, but the text ends", what, before);
    pln__show(got, lex->text + t->start, t->end - t->start);
    if (lex->last_end == 0)
        return pln__x_error(lex->text, t->start, parser->err, PLN_ESYNTAX, "expected %s, got %s",
                            what, got);
    return pln__x_error(lex->text, t->start, parser->err, PLN_ESYNTAX,
                        "expected %s after %s, got %s", what, before, got);
}

pln_status pln__x_expect(xparser *parser, int32_t kind, const char *what) {
    if (parser->lex.token.kind != kind)
        return pln__x_unexpected(parser, what);
    return pln__x_next(&parser->lex);
}

pln_status pln__x_expect_word(xparser *parser, const char *word) {
    char what[32] = "'";
    if (pln__x_is_word(&parser->lex, word))
        return pln__x_next(&parser->lex);
    size_t n = strlen(word);
    memcpy(what + 1, word, n);
    memcpy(what + 1 + n, "'", 2);
    return pln__x_unexpected(parser, what);
}

/* Step over the word if it is next; a failing step ends up in *status. */
bool pln__x_accept_word(xparser *parser, const char *word, pln_status *status) {
    if (*status < 0 || !pln__x_is_word(&parser->lex, word))
        return false;
    *status = pln__x_next(&parser->lex);
    return *status == PLN_OK;
}

static pln_status deeper(xparser *parser) {
    if (++parser->depth > PLN__NESTING_MAX)
        return pln__x_error(parser->lex.text, parser->lex.token.start, parser->err, PLN_ELIMIT,
                            "the expression nests deeper than %d", PLN__NESTING_MAX);
    return PLN_OK;
}

/* kind(left, right) with the span of both; `left` may already be such a node, which then takes one more. */
static pln_status join(xparser *parser, int32_t kind, int32_t op, bool flat, xnode *left,
                       xnode *right, xnode **out) {
    if (flat && left->kind == kind && !left->quoted) {
        pln__x_append(left, right);
        *out = left;
        return PLN_OK;
    }
    xnode *node = pln__x_node(parser, kind, left->start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->op = op;
    node->end = right->end;
    pln__x_append(node, left);
    pln__x_append(node, right);
    *out = node;
    return PLN_OK;
}

static int32_t level_of(int32_t token) {
    switch (token) {
    case T_JOIN:
    case T_AND:
    case T_OR:
    case T_SHL:
    case T_SHR: return LEVEL_OTHER;
    case T_PLUS:
    case T_MINUS: return LEVEL_SUM;
    case T_STAR:
    case T_SLASH:
    case T_PERCENT: return LEVEL_PRODUCT;
    case T_POWER: return LEVEL_POWER;
    default: return 0;
    }
}

static pln_status parse_sign(xparser *parser, xnode **out) {
    pln_status status;
    int32_t op = parser->lex.token.kind, start = parser->lex.token.start;
    if (op != T_MINUS && op != T_PLUS && op != T_TILDE)
        return pln__x_parse_primary(parser, out);
    xnode *node = NULL, *arg;
    PLN__TRY(deeper(parser));
    PLN__TRY(pln__x_next(&parser->lex));
    PLN__TRY(parse_sign(parser, &arg));
    parser->depth--;
    node = pln__x_node(parser, op == T_PLUS ? N_PLUS : N_NEGATE, start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->op = op;
    node->end = arg->end;
    pln__x_append(node, arg);
    *out = node;
out:
    return status;
}

/* Precedence climbing; all of these operators group to the left. */
static pln_status parse_binary(xparser *parser, int32_t level, xnode **out) {
    pln_status status;
    xnode *left, *right;
    PLN__TRY(parse_sign(parser, &left));
    for (;;) {
        int32_t op = parser->lex.token.kind, binds = level_of(op);
        if (binds == 0 || binds < level)
            break;
        PLN__TRY(pln__x_next(&parser->lex));
        if (binds == LEVEL_POWER)
            PLN__TRY(parse_sign(parser, &right));
        else
            PLN__TRY(parse_binary(parser, binds + 1, &right));
        PLN__TRY(
            join(parser, op == T_JOIN ? N_CONCAT : N_BINARY, op, op == T_JOIN, left, right, &left));
    }
    *out = left;
out:
    return status;
}

static pln_status parse_between(xparser *parser, xnode *left, xnode **out) {
    pln_status status;
    xnode *low, *high, *node;
    PLN__TRY(parse_binary(parser, LEVEL_OTHER, &low));
    PLN__TRY(pln__x_expect_word(parser, "and"));
    PLN__TRY(parse_binary(parser, LEVEL_OTHER, &high));
    PLN__TRY(join(parser, N_BETWEEN, 0, false, left, low, &node));
    pln__x_append(node, high);
    *out = node;
out:
    return status;
}

static pln_status parse_in(xparser *parser, xnode *left, xnode **out) {
    pln_status status;
    xnode *item, *node = pln__x_node(parser, N_IN, left->start);
    if (node == NULL)
        return PLN_ENOMEM;
    pln__x_append(node, left);
    PLN__TRY(pln__x_expect(parser, T_LEFT, "'('"));
    for (;;) {
        PLN__TRY(pln__x_parse_expr(parser, 0, &item));
        pln__x_append(node, item);
        if (parser->lex.token.kind != T_COMMA)
            break;
        PLN__TRY(pln__x_next(&parser->lex));
    }
    node->end = parser->lex.token.end;
    PLN__TRY(pln__x_expect(parser, T_RIGHT, "',' or ')'"));
    *out = node;
out:
    return status;
}

static pln_status parse_like(xparser *parser, int32_t op, xnode *left, xnode **out) {
    pln_status status;
    xnode *pattern, *escape, *node;
    PLN__TRY(parse_binary(parser, LEVEL_OTHER, &pattern));
    PLN__TRY(join(parser, N_LIKE, op, false, left, pattern, &node));
    if (pln__x_accept_word(parser, "escape", &status)) {
        PLN__TRY(parse_binary(parser, LEVEL_OTHER, &escape));
        pln__x_append(node, escape);
    }
    *out = node;
out:
    return status;
}

static pln_status parse_range(xparser *parser, xnode **out) {
    pln_status status;
    xnode *left;
    PLN__TRY(parse_binary(parser, LEVEL_OTHER, &left));
    for (;;) {
        bool negated = pln__x_accept_word(parser, "not", &status);
        xnode *node = NULL;
        if (pln__x_accept_word(parser, "between", &status))
            PLN__TRY(parse_between(parser, left, &node));
        else if (pln__x_accept_word(parser, "in", &status))
            PLN__TRY(parse_in(parser, left, &node));
        else if (pln__x_accept_word(parser, "like", &status))
            PLN__TRY(parse_like(parser, 'L', left, &node));
        else if (pln__x_accept_word(parser, "ilike", &status))
            PLN__TRY(parse_like(parser, 'I', left, &node));
        else if (negated && status == PLN_OK)
            PLN__TRY(pln__x_unexpected(parser, "'between', 'in' or 'like'"));
        if (status < 0 || node == NULL)
            break;
        node->negated = negated;
        left = node;
    }
    *out = left;
out:
    return status;
}

static pln_status parse_comparison(xparser *parser, xnode **out) {
    pln_status status;
    xnode *left, *right;
    PLN__TRY(parse_range(parser, &left));
    int32_t op = parser->lex.token.kind;
    if (op >= T_EQ && op <= T_GE) {
        PLN__TRY(pln__x_next(&parser->lex));
        PLN__TRY(parse_range(parser, &right));
        PLN__TRY(join(parser, N_COMPARE, op, false, left, right, &left));
        if (parser->lex.token.kind >= T_EQ && parser->lex.token.kind <= T_GE)
            status = pln__x_error(parser->lex.text, parser->lex.token.start, parser->err,
                                  PLN_ESYNTAX, "comparisons do not chain: join them with 'and'");
    }
    *out = left;
out:
    return status;
}

/* What follows `is [not]`. */
static pln_status parse_is_tail(xparser *parser, xnode *left, xnode **out) {
    pln_status status = PLN_OK;
    xnode *right, *node;
    if (pln__x_accept_word(parser, "distinct", &status)) {
        PLN__TRY(pln__x_expect_word(parser, "from"));
        PLN__TRY(parse_comparison(parser, &right));
        return join(parser, N_DISTINCT, 0, false, left, right, out);
    }
    PLN__TRY(status);
    int32_t end = parser->lex.token.end, op = 0;
    if (pln__x_accept_word(parser, "true", &status))
        op = 'T';
    else if (pln__x_accept_word(parser, "false", &status))
        op = 'F';
    else if (!pln__x_accept_word(parser, "null", &status) &&
             !pln__x_accept_word(parser, "unknown", &status) && status == PLN_OK)
        status = pln__x_unexpected(parser, "'null', 'true', 'false' or 'distinct from'");
    PLN__TRY(status);
    node = pln__x_node(parser, op == 0 ? N_IS_NULL : N_IS_BOOL, left->start);
    if (node == NULL)
        return PLN_ENOMEM;
    node->op = op;
    pln__x_append(node, left);
    node->end = end;
    *out = node;
out:
    return status;
}

static pln_status parse_is(xparser *parser, xnode **out) {
    pln_status status;
    xnode *left;
    PLN__TRY(parse_comparison(parser, &left));
    while (pln__x_accept_word(parser, "is", &status)) {
        bool negated = pln__x_accept_word(parser, "not", &status);
        PLN__TRY(status);
        PLN__TRY(parse_is_tail(parser, left, &left));
        left->negated = negated;
    }
    *out = left;
out:
    return status;
}

static pln_status parse_not(xparser *parser, xnode **out) {
    pln_status status = PLN_OK;
    int32_t start = parser->lex.token.start;
    xnode *arg, *node;
    if (!pln__x_accept_word(parser, "not", &status))
        return status < 0 ? status : parse_is(parser, out);
    PLN__TRY(deeper(parser));
    PLN__TRY(parse_not(parser, &arg));
    parser->depth--;
    node = pln__x_node(parser, N_NOT, start);
    if (node == NULL)
        return PLN_ENOMEM;
    pln__x_append(node, arg);
    node->end = arg->end;
    *out = node;
out:
    return status;
}

static pln_status parse_and(xparser *parser, xnode **out) {
    pln_status status;
    xnode *left, *right;
    PLN__TRY(parse_not(parser, &left));
    while (pln__x_accept_word(parser, "and", &status)) {
        PLN__TRY(parse_not(parser, &right));
        PLN__TRY(join(parser, N_AND, 0, true, left, right, &left));
    }
    *out = left;
out:
    return status;
}

pln_status pln__x_parse_expr(xparser *parser, int32_t level, xnode **out) {
    pln_status status;
    xnode *left, *right;
    PLN__TRY(deeper(parser));
    if (level > 0) {
        PLN__TRY(parse_binary(parser, level, out));
        parser->depth--;
        return PLN_OK;
    }
    PLN__TRY(parse_and(parser, &left));
    while (pln__x_accept_word(parser, "or", &status)) {
        PLN__TRY(parse_and(parser, &right));
        PLN__TRY(join(parser, N_OR, 0, true, left, right, &left));
    }
    parser->depth--;
    *out = left;
out:
    return status;
}

pln_status pln__x_parse(xparser *parser, xnode **out) {
    pln_status status;
    PLN__TRY(pln__x_next(&parser->lex));
    PLN__TRY(pln__x_parse_expr(parser, 0, out));
    if (parser->lex.token.kind != T_END)
        status = pln__x_unexpected(parser, "an operator or the end");
out:
    return status;
}
