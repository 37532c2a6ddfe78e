/*
 * regexp_like, regexp_substr and regexp_replace. Patterns, flags and all else behind the text are constants, read when the expression is compiled.
 */
#include "expr/regexp.h"
#include "expr/rows.h"
#include "expr/text_kernels.h"

/* ---- rows ---- */

/* What became of a match: PLN_OK, with the row failed if it took too much. */
static pln_status settle(xprog *p, const xop *op, int32_t n, int32_t i, int32_t result) {
    if (PLN__LIKELY(result >= 0))
        return PLN_OK;
    return result == X_NO_MEMORY ? PLN_ENOMEM : pln__x_fail(p, op, n, i, (uint32_t)-result);
}

/* PCRE2 is told not to look for itself. */
static bool is_text(const xprog *p, xstr s) {
    return s.size == 0 || pln__utf8_valid(s.data, s.size, p->cpu);
}

static xstr subject(const xvec *v, int32_t i) {
    xstr s = x_text(v, i);
    return s.size == 0 ? x_empty() : s;
}

/* aux: xregexp. */
static pln_status k_like(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    xregexp *r = (xregexp *)(uintptr_t)op->aux;
    uint64_t *out = x_dest(p, op);
    bool ascii = pln__x_ascii_rows(v, n);
    pln_status status = PLN_OK;
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n && status >= 0; i++) {
        if (!x_live(p, op, i))
            continue;
        xstr s = subject(v, i);
        int32_t result = ascii || is_text(p, s) ? pln__x_regexp_test(r, s) : -XR_UTF8;
        out[i / 64] |= (uint64_t)(result > 0) << (i % 64);
        status = settle(p, op, n, i, result);
    }
    return status;
}

typedef struct piece {
    xregexp *r;
    int64_t first; /* character to begin at, from 0 */
    int64_t nth;   /* match, from 1 */
    int32_t group;
} piece;

static pln_status substr_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    const piece *want = op->aux;
    xscan scan = {.r = want->r, .text = subject(x_arg(p, op, 0), i)};
    int32_t result = is_text(p, scan.text) ? X_HIT : -XR_UTF8;
    bool found = false;
    if (want->first > 0 && result == X_HIT) {
        if (pln__utf8_count(scan.text.data, scan.text.size) < want->first)
            result = X_MISS;
        else
            scan.end = pln__utf8_offset(scan.text.data, scan.text.size, want->first);
    }
    for (int64_t k = 0; k < want->nth && result == X_HIT; k++)
        result = pln__x_regexp_next(&scan);
    if (result == X_HIT)
        *out = pln__x_regexp_group(&scan, want->group, &found);
    if (result >= 0 && !found)
        pln__x_null(p, op, n, i);
    return settle(p, op, n, i, result);
}

static pln_status k_substr(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, substr_row);
}

/* ---- replacing ---- */

typedef struct part {
    xstr text;
    int32_t group; /* instead of the text, or -1 */
} part;
typedef struct replacement {
    xregexp *r;
    part *parts;
    int32_t n;
    bool all;
} replacement;

/* Text that grows at the end of the block's memory. */
typedef struct growing {
    xarena *arena;
    uint8_t *bytes;
    int64_t size, room;
    int32_t result; /* X_HIT while all is well */
} growing;

static void put(growing *to, xstr s) {
    if (to->result != X_HIT)
        return;
    if (s.size > X_VALUE_MAX - to->size) {
        to->result = -XR_LONG;
        return;
    }
    if (s.size > to->room - to->size) {
        int64_t room = (to->size + s.size) * 2;
        uint8_t *bytes = pln__x_bytes(to->arena, room);
        if (bytes == NULL) {
            to->result = X_NO_MEMORY;
            return;
        }
        x_copy(bytes, to->bytes, to->size);
        to->bytes = bytes;
        to->room = room;
    }
    x_copy(to->bytes + to->size, s.data, s.size);
    to->size += s.size;
}

static void put_replacement(growing *to, const replacement *by, const xscan *scan) {
    bool found;
    for (int32_t k = 0; k < by->n; k++)
        put(to, by->parts[k].group < 0 ? by->parts[k].text
                                       : pln__x_regexp_group(scan, by->parts[k].group, &found));
}

static pln_status replace_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    const replacement *by = op->aux;
    xscan scan = {.r = by->r, .text = subject(x_arg(p, op, 0), i)};
    growing to = {
        .arena = &p->block, .bytes = (uint8_t *)(uintptr_t)x_empty().data, .result = X_HIT};
    int32_t result = is_text(p, scan.text) ? pln__x_regexp_next(&scan) : -XR_UTF8;
    int64_t done = 0;
    if (result == X_MISS)
        *out = scan.text;
    if (result != X_HIT)
        return settle(p, op, n, i, result);
    for (; result == X_HIT && to.result == X_HIT; result = pln__x_regexp_next(&scan)) {
        put(&to, (xstr){scan.text.data + done, scan.start - done});
        put_replacement(&to, by, &scan);
        done = scan.end;
        if (!by->all)
            break;
    }
    put(&to, (xstr){scan.text.data + done, scan.text.size - done});
    if (to.room > 0)
        pln__x_bytes_trim(&p->block, to.bytes, to.size);
    *out = (xstr){to.bytes, to.size};
    return settle(p, op, n, i, result < 0 ? result : to.result);
}

static pln_status k_replace(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, replace_row);
}

/* ---- constants ---- */

static xstr text_of(const xcompiler *c, int32_t reg) {
    xstr s;
    memcpy(&s, c->p->regs[reg].own, sizeof s);
    return s.size == 0 ? x_empty() : s;
}

static int64_t integer_of(const xcompiler *c, int32_t reg) {
    int64_t value;
    memcpy(&value, c->p->regs[reg].own, sizeof value);
    return value;
}

/* The types of the arguments, all but the first constants. *null: one of them is. */
static pln_status constants(xcompiler *c, const xnode *node, const xfunction *f, int32_t *args,
                            bool *null) {
    static const char *const names[] = {"first", "second", "third", "fourth", "fifth", "sixth"};
    pln_status status = PLN_OK;
    *null = false;
    for (int32_t i = 0; i < node->n_args; i++) {
        xtype type = pln__x_type(f->args[i] == 'i' ? PLN__INT64 : PLN__UTF8);
        PLN__TRY(pln__x_coerce(c, node, &args[i], &type));
        if (i > 0 && !c->p->regs[args[i]].constant)
            return pln__x_error_at(c, node, PLN_ETYPE, "%s: the %s argument must be a constant",
                                   node->name, names[i]);
        *null = *null || c->p->regs[args[i]].null;
    }
out:
    return status;
}

static pln_status check_group(xcompiler *c, const xnode *node, const xregexp *r, int64_t group) {
    int32_t groups = pln__x_regexp_groups(r);
    if (group >= 0 && group <= groups)
        return PLN_OK;
    return pln__x_error_at(c, node, PLN_ETYPE, "%s: group %lld: the pattern has %d", node->name,
                           (long long)group, groups);
}

/* The text that a pattern without operators finds, between ^ and $ if it has them; false if it has others. */
static bool literal(xstr pattern, uint8_t *bytes, xstr *text, bool *start, bool *end) {
    int64_t n = 0, i = 0;
    *end = false;
    *start = pattern.size > 0 && pattern.data[0] == '^';
    for (i = *start; i < pattern.size; i++) {
        uint8_t c = pattern.data[i];
        bool last = i + 1 == pattern.size, escaped = c == '\\' && !last;
        if (escaped)
            c = pattern.data[++i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z', digit = c >= '0' && c <= '9';
        if (escaped && (letter || digit || c <= ' ' || c >= 0x7F))
            return false;
        if (!escaped && c == '$' && last)
            *end = true;
        else if (!escaped && c < 0x80 && strchr("\\^$.|?*+()[]{}", c) != NULL)
            return false;
        else
            bytes[n++] = c;
    }
    *text = (xstr){bytes, n};
    return true;
}

/* A literal needs no engine: it is looked for in all rows at once. */
static pln_status like_literal(xcompiler *c, const xnode *node, const int32_t *args, xstr pattern,
                               bool *done, int32_t *out) {
    pln_status status = PLN_OK;
    xtype type = pln__x_type(PLN__UTF8), boolean = pln__x_type(PLN__BOOL);
    int32_t pair[2] = {args[0], 0};
    xstr text;
    bool start, end;
    uint8_t *bytes = pln__x_bytes(&c->p->arena, pattern.size + 1);
    if (bytes == NULL)
        return pln__error_memory(c->err, (uint64_t)pattern.size);
    *done = literal(pattern, bytes, &text, &start, &end);
    if (!*done)
        return PLN_OK;
    PLN__TRY(pln__x_constant(c, &type, &text, &pair[1]));
    if (start && end)
        return pln__x_compile_compare(c, node, T_EQ, pair[0], pair[1], out);
    xspec spec = {.run = pln__x_test_text,
                  .flags = XF_STRICT,
                  .name = node->name,
                  .imm = start ? X_TEXT_START : end ? X_TEXT_END : X_TEXT_PART};
    status = pln__x_emit(c, node, &spec, pair, 2, &boolean, out);
out:
    return status;
}

static pln_status resolve_like(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                               int32_t *out) {
    pln_status status;
    xtype boolean = pln__x_type(PLN__BOOL);
    xregexp *r;
    bool null, done = false;
    PLN__TRY(constants(c, node, f, args, &null));
    if (null)
        return pln__x_null_constant(c, &boolean, out);
    xstr pattern = text_of(c, args[1]), flags = node->n_args > 2 ? text_of(c, args[2]) : x_empty();
    PLN__TRY(pln__x_regexp_new(c, node, pattern, flags, X_REGEXP_TEST, NULL, &r));
    if (flags.size == 0)
        PLN__TRY(like_literal(c, node, args, pattern, &done, out));
    if (done)
        return PLN_OK;
    xspec spec = {.run = k_like, .flags = XF_STRICT | XF_FAILS, .name = f->name, .aux = r};
    status = pln__x_emit(c, node, &spec, args, 1, &boolean, out);
out:
    return status;
}

/* text, pattern, start, n, flags, group */
static pln_status resolve_substr(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                 int32_t *out) {
    pln_status status;
    xtype type = pln__x_type(PLN__UTF8);
    int32_t n = node->n_args;
    bool null;
    PLN__TRY(constants(c, node, f, args, &null));
    if (null)
        return pln__x_null_constant(c, &type, out);
    int64_t first = n > 2 ? integer_of(c, args[2]) : 1, nth = n > 3 ? integer_of(c, args[3]) : 1;
    int64_t group = n > 5 ? integer_of(c, args[5]) : 0;
    piece *want = pln__x_zalloc(&c->p->arena, (int64_t)sizeof *want);
    if (want == NULL)
        return pln__error_memory(c->err, sizeof *want);
    PLN__TRY(pln__x_regexp_new(c, node, text_of(c, args[1]),
                               n > 4 ? text_of(c, args[4]) : x_empty(), 0, NULL, &want->r));
    if (first < 1 || nth < 1)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s: the %s must be 1 or more, got %lld",
                               f->name, first < 1 ? "start" : "number of the match",
                               (long long)(first < 1 ? first : nth));
    PLN__TRY(check_group(c, node, want->r, group));
    want->first = first - 1;
    want->nth = nth;
    want->group = (int32_t)group;
    xspec spec = {.run = k_substr, .flags = XF_STRICT | XF_FAILS, .name = f->name, .aux = want};
    status = pln__x_emit(c, node, &spec, args, 1, &type, out);
out:
    return status;
}

/* \1 to \9 and \& are parts of the match, \\ is a backslash; another character behind one stays with it. */
static pln_status read_replacement(xcompiler *c, const xnode *node, xstr text, replacement *by) {
    pln_status status = PLN_OK;
    by->parts = pln__x_alloc(&c->p->arena, (text.size + 1) * (int64_t)sizeof(part));
    if (by->parts == NULL)
        return pln__error_memory(c->err, (uint64_t)text.size);
    for (int64_t i = 0; i < text.size; i++) {
        const uint8_t *at = text.data + i;
        uint8_t next = *at == '\\' && i + 1 < text.size ? at[1] : 0;
        part now = {.text = {at, 1}, .group = -1};
        if (next >= '1' && next <= '9')
            now.group = next - '0';
        else if (next == '&')
            now.group = 0;
        i += now.group >= 0 || next == '\\';
        if (now.group > 0)
            PLN__TRY(check_group(c, node, by->r, now.group));
        part *last = by->n > 0 ? &by->parts[by->n - 1] : NULL;
        if (now.group < 0 && last != NULL && last->group < 0 &&
            last->text.data + last->text.size == at)
            last->text.size++;
        else
            by->parts[by->n++] = now;
    }
out:
    return status;
}

/* text, pattern, replacement, flags */
static pln_status resolve_replace(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                  int32_t *out) {
    pln_status status;
    xtype type = pln__x_type(PLN__UTF8);
    bool null;
    PLN__TRY(constants(c, node, f, args, &null));
    if (null)
        return pln__x_null_constant(c, &type, out);
    replacement *by = pln__x_zalloc(&c->p->arena, (int64_t)sizeof *by);
    if (by == NULL)
        return pln__error_memory(c->err, sizeof *by);
    PLN__TRY(pln__x_regexp_new(c, node, text_of(c, args[1]),
                               node->n_args > 3 ? text_of(c, args[3]) : x_empty(), X_REGEXP_GLOBAL,
                               &by->all, &by->r));
    PLN__TRY(read_replacement(c, node, text_of(c, args[2]), by));
    xspec spec = {.run = k_replace, .flags = XF_STRICT | XF_FAILS, .name = f->name, .aux = by};
    status = pln__x_emit(c, node, &spec, args, 1, &type, out);
out:
    return status;
}

const xfunction pln__x_regexp_functions[] = {
    {"regexp_like", "tt", 'b', NULL, XF_STRICT, 0, resolve_like},
    {"regexp_like", "ttt", 'b', NULL, XF_STRICT, 0, resolve_like},
    {"regexp_substr", "tt", 't', NULL, XF_STRICT, 0, resolve_substr},
    {"regexp_substr", "tti", 't', NULL, XF_STRICT, 0, resolve_substr},
    {"regexp_substr", "ttii", 't', NULL, XF_STRICT, 0, resolve_substr},
    {"regexp_substr", "ttiit", 't', NULL, XF_STRICT, 0, resolve_substr},
    {"regexp_substr", "ttiiti", 't', NULL, XF_STRICT, 0, resolve_substr},
    {"regexp_replace", "ttt", 't', NULL, XF_STRICT, 0, resolve_replace},
    {"regexp_replace", "tttt", 't', NULL, XF_STRICT, 0, resolve_replace}};
const int32_t pln__x_regexp_functions_count = PLN__COUNT(pln__x_regexp_functions);
