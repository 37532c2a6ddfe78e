/*
 * like and ilike. A constant pattern is taken apart once: most are a text, its start, its end or a part of it.
 */
#include "expr/internal.h"
#include "expr/short_text.h"
#include "expr/text_kernels.h"

/* Codes of a prepared pattern; a literal byte is itself. */
enum { ANY_ONE = 256, ANY_MANY = 257 };

enum { LIKE_GENERAL, LIKE_EQUAL, LIKE_PREFIX, LIKE_SUFFIX, LIKE_PART };

typedef struct pattern {
    int32_t kind;
    bool fold; /* without regard to ASCII case; the pattern is in lower case */
    int32_t n;
    uint16_t *codes;
    xstr text; /* of all kinds but the general one */
} pattern;

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c;
}

static bool same(uint16_t code, uint8_t c, bool fold) {
    return code == (fold ? lower(c) : c);
}

static int64_t next_character(xstr s, int64_t at) {
    for (at++; at < s.size && (s.data[at] & 0xC0) == 0x80; at++) {}
    return at;
}

/* Greedy, going back to the last `%` only: what an earlier one could match, the last one can. */
static bool match(const pattern *p, xstr s) {
    int64_t at = 0, back_at = -1;
    int32_t i = 0, back = -1;
    while (at < s.size) {
        if (i < p->n && p->codes[i] == ANY_MANY) {
            back = ++i;
            back_at = at;
        } else if (i < p->n && p->codes[i] == ANY_ONE) {
            i++;
            at = next_character(s, at);
        } else if (i < p->n && same(p->codes[i], s.data[at], p->fold)) {
            i++;
            at++;
        } else if (back >= 0) {
            i = back;
            back_at = next_character(s, back_at);
            at = back_at;
        } else {
            return false;
        }
    }
    while (i < p->n && p->codes[i] == ANY_MANY)
        i++;
    return i == p->n;
}

static bool like(const pattern *p, xstr s) {
    xstr t = p->text;
    switch (p->kind) {
    case LIKE_EQUAL: return s.size == t.size && x_equal(s.data, t.data, t.size);
    case LIKE_PREFIX: return s.size >= t.size && x_equal(s.data, t.data, t.size);
    case LIKE_SUFFIX: return s.size >= t.size && x_equal(s.data + s.size - t.size, t.data, t.size);
    case LIKE_PART: return t.size == 0 || pln__x_find(s.data, s.size, 0, t, 0) >= 0;
    default: return match(p, s);
    }
}

/* The pattern's codes; false if it ends in the escape character. */
static bool prepare(pattern *p, xstr text, xstr escape, uint16_t *codes) {
    p->codes = codes;
    p->n = 0;
    for (int64_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool escaped = escape.size > 0 && text.size - i >= escape.size &&
                       memcmp(text.data + i, escape.data, (size_t)escape.size) == 0;
        if (escaped) {
            i += escape.size;
            if (i >= text.size)
                return false;
            c = text.data[i];
        }
        bool many = !escaped && c == '%', one = !escaped && c == '_';
        if (many && p->n > 0 && codes[p->n - 1] == ANY_MANY)
            continue;
        codes[p->n++] = many ? ANY_MANY : one ? ANY_ONE : p->fold ? lower(c) : c;
    }
    return true;
}

static void classify(pattern *p, uint8_t *bytes) {
    int32_t from = p->n > 0 && p->codes[0] == ANY_MANY;
    int32_t to = p->n - (p->n > from && p->codes[p->n - 1] == ANY_MANY);
    p->kind = LIKE_GENERAL;
    if (p->fold)
        return;
    for (int32_t i = from; i < to; i++) {
        if (p->codes[i] >= ANY_ONE)
            return;
        bytes[i - from] = (uint8_t)p->codes[i];
    }
    p->text = (xstr){bytes, to - from};
    if (from == 0)
        p->kind = to == p->n ? LIKE_EQUAL : LIKE_PREFIX;
    else
        p->kind = to == p->n ? LIKE_SUFFIX : LIKE_PART;
}

/* aux: the prepared pattern; imm: not. */
static pln_status k_like(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    const pattern *like_pattern = op->aux;
    uint64_t *out = x_dest(p, op);
    if (v->offsets != NULL && like_pattern->kind == LIKE_PART && like_pattern->text.size > 0) {
        pln__x_contains(v, n, like_pattern->text, out, p->cpu);
        for (int32_t w = 0; w < x_words(n) && op->imm; w++)
            out[w] = ~out[w];
        return PLN_OK;
    }
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++)
        if (x_valid(&x_out(p, op)->vec, i) && like(op->aux, x_text(v, i)) != (bool)op->imm)
            out[i / 64] |= UINT64_C(1) << (i % 64);
    return PLN_OK;
}

/* text, pattern, escape: the pattern is another one in every row. imm: not; imm2: ilike. */
static pln_status k_like_any(xprog *p, const xop *op, int32_t n) {
    uint64_t *out = x_dest(p, op);
    pln_status status = PLN_OK;
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n && status >= 0; i++) {
        pattern now = {.fold = op->imm2 != 0};
        if (!x_valid(&x_out(p, op)->vec, i))
            continue;
        xstr text = x_text(x_arg(p, op, 1), i);
        int64_t bytes = (text.size + 1) * 2;
        uint8_t *room = pln__x_bytes(&p->block, bytes + 1);
        if (room == NULL)
            return PLN_ENOMEM;
        uint16_t *codes = (uint16_t *)(void *)(room + ((uintptr_t)room & 1));
        if (!prepare(&now, text, x_text(x_arg(p, op, 2), i), codes))
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
        else if (match(&now, x_text(x_arg(p, op, 0), i)) != (bool)op->imm)
            out[i / 64] |= UINT64_C(1) << (i % 64);
        pln__x_bytes_trim(&p->block, room, 0);
    }
    return status;
}

static pln_status constant_pattern(xcompiler *c, const xnode *node, const int32_t args[3],
                                   int32_t *out) {
    xprog *p = c->p;
    xtype boolean = pln__x_type(PLN__BOOL);
    xstr text, escape;
    memcpy(&text, p->regs[args[1]].own, sizeof text);
    memcpy(&escape, p->regs[args[2]].own, sizeof escape);
    pattern *like_pattern = pln__x_zalloc(&p->arena, (int64_t)sizeof *like_pattern);
    uint16_t *codes = pln__x_alloc(&p->arena, text.size * 2 + 2);
    uint8_t *bytes = pln__x_bytes(&p->arena, text.size + 1);
    if (like_pattern == NULL || codes == NULL || bytes == NULL)
        return pln__error_memory(c->err, (uint64_t)text.size * 3);
    like_pattern->fold = node->op == 'I';
    if (!prepare(like_pattern, text, escape, codes))
        return pln__x_error_at(c, node, PLN_ESYNTAX, "the pattern ends in its escape character");
    classify(like_pattern, bytes);
    xspec spec = {.run = k_like,
                  .flags = XF_STRICT,
                  .name = "like",
                  .imm = node->negated,
                  .aux = like_pattern};
    return pln__x_emit(c, node, &spec, args, 1, &boolean, out);
}

static pln_status text_args(xcompiler *c, const xnode *node, int32_t args[3]) {
    pln_status status = PLN_OK;
    xtype text = pln__x_type(PLN__UTF8);
    xstr backslash = {(const uint8_t *)"\\", 1};
    char type[PLN__TYPE_TEXT_SIZE];
    args[0] = node->first->reg;
    args[1] = node->first->next->reg;
    if (node->n_args == 3)
        args[2] = node->last->reg;
    else
        PLN__TRY(pln__x_constant(c, &text, &backslash, &args[2]));
    for (int i = 0; i < 3; i++) {
        const xreg *reg = &c->p->regs[args[i]];
        if (reg->type.id != PLN__UTF8 && !reg->null)
            return pln__x_error_at(c, node, PLN_ETYPE, "like needs text, got %s",
                                   pln__x_reg_type(c, args[i], type));
        PLN__TRY(pln__x_coerce(c, node, &args[i], &text));
    }
out:
    return status;
}

pln_status pln__x_compile_like(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int32_t args[3];
    xtype boolean = pln__x_type(PLN__BOOL);
    PLN__TRY(text_args(c, node, args));
    const xreg *pattern_reg = &c->p->regs[args[1]], *escape = &c->p->regs[args[2]];
    if (escape->constant && !escape->null) {
        xstr e;
        memcpy(&e, escape->own, sizeof e);
        if (pln__utf8_count(e.data, e.size) > 1)
            return pln__x_error_at(c, node, PLN_ESYNTAX,
                                   "the escape must be one character or none");
    }
    if (pattern_reg->constant && !pattern_reg->null && escape->constant && !escape->null)
        return constant_pattern(c, node, args, out);
    xspec spec = {.run = k_like_any,
                  .flags = XF_STRICT | XF_FAILS,
                  .name = "like",
                  .imm = node->negated,
                  .imm2 = node->op == 'I'};
    status = pln__x_emit(c, node, &spec, args, 3, &boolean, out);
out:
    return status;
}
