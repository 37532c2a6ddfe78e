/*
 * Functions that make new text.
 */
#include "expr/rows.h"
#include "expr/text_kernels.h"

static void put(uint8_t **to, const uint8_t *from, int64_t size) {
    x_copy(*to, from, size);
    *to += size;
}

/* ---- joining ---- */

/* All arguments that are not null, with `between` (may be NULL) between them. */
static pln_status join_row(xprog *p, const xop *op, int32_t n, int32_t i, int32_t from,
                           const xstr *between, xstr *out) {
    int64_t size = 0;
    int32_t parts = 0;
    for (int32_t a = from; a < op->n_args; a++)
        if (x_valid(x_arg(p, op, a), i)) {
            size += x_text(x_arg(p, op, a), i).size;
            parts++;
        }
    if (between != NULL && parts > 1)
        size += between->size * (parts - 1);
    if (size > X_VALUE_MAX)
        return pln__x_fail(p, op, n, i, XR_LONG);
    uint8_t *start = pln__x_bytes(&p->block, size), *at = start;
    if (start == NULL)
        return PLN_ENOMEM;
    for (int32_t a = from; a < op->n_args; a++) {
        if (!x_valid(x_arg(p, op, a), i))
            continue;
        xstr s = x_text(x_arg(p, op, a), i);
        put(&at, s.data, s.size);
        if (between != NULL && --parts > 0)
            put(&at, between->data, between->size);
    }
    *out = (xstr){start, size};
    return PLN_OK;
}

static pln_status concat_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    return join_row(p, op, n, i, 0, NULL, out);
}

pln_status pln__x_concat_strict(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, concat_row);
}

static pln_status take_failures(xprog *p, const xop *op, int32_t n) {
    pln_status status = PLN_OK;
    for (int32_t a = 0; a < op->n_args && status >= 0; a++)
        if (x_arg(p, op, a)->fail != NULL)
            status = pln__x_merge_fail(p, op, n, x_arg(p, op, a));
    return status;
}

/* Nulls are skipped. */
static pln_status k_concat(xprog *p, const xop *op, int32_t n) {
    pln_status status = take_failures(p, op, n);
    return status < 0 ? status : x_text_rows(p, op, n, concat_row);
}

static pln_status k_concat_ws(xprog *p, const xop *op, int32_t n) {
    xstr *out = x_dest(p, op);
    pln_status status = take_failures(p, op, n);
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = x_empty();
        if (!x_valid(x_arg(p, op, 0), i)) {
            pln__x_null(p, op, n, i);
        } else if (x_live(p, op, i)) {
            xstr between = x_text(x_arg(p, op, 0), i);
            status = join_row(p, op, n, i, 1, &between, &out[i]);
        }
    }
    return status;
}

pln_status pln__x_compile_concat(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int32_t *args, texts = 0, binaries = 0;
    char a[PLN__TYPE_TEXT_SIZE];
    PLN__TRY(pln__x_arg_regs(c, node, &args));
    for (int32_t i = 0; i < node->n_args; i++) {
        const xtype *t = &c->p->regs[args[i]].type;
        texts += t->id == PLN__UTF8;
        binaries += t->id == PLN__BINARY;
        if (x_is_nested(t) || t->id == X_INTERVAL)
            return pln__x_error_at(c, node, PLN_ETYPE, "|| joins texts, got %s",
                                   pln__x_reg_type(c, args[i], a));
    }
    if (texts == 0 && binaries == 0)
        for (int32_t i = 0; i < node->n_args; i++)
            if (!c->p->regs[args[i]].null)
                return pln__x_error_at(c, node, PLN_ETYPE,
                                       "|| joins texts, got %s (cast it to text)",
                                       pln__x_reg_type(c, args[i], a));
    xtype type = pln__x_type(binaries > 0 ? PLN__BINARY : PLN__UTF8);
    for (int32_t i = 0; i < node->n_args; i++)
        PLN__TRY(pln__x_coerce(c, node, &args[i], &type));
    xspec spec = {.run = pln__x_concat_strict, .flags = XF_STRICT, .name = "||"};
    status = pln__x_emit(c, node, &spec, args, node->n_args, &type, out);
out:
    return status;
}

/* ---- filling ---- */

static int64_t repeat_into(uint8_t *to, int64_t characters, xstr fill) {
    uint8_t *at = to;
    int64_t in_fill = pln__utf8_count(fill.data, fill.size);
    for (; characters >= in_fill; characters -= in_fill)
        put(&at, fill.data, fill.size);
    if (characters > 0)
        put(&at, fill.data, pln__utf8_offset(fill.data, fill.size, characters));
    return at - to;
}

static pln_status pad_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    xstr s = x_text(x_arg(p, op, 0), i), fill = {(const uint8_t *)" ", 1};
    int64_t want = x_ints(p, op, 1)[i];
    int64_t have = s.size == 0 ? 0 : pln__utf8_count(s.data, s.size);
    if (op->n_args == 3)
        fill = x_text(x_arg(p, op, 2), i);
    *out = s;
    if (want <= have || fill.size == 0) {
        if (want < have)
            out->size = want <= 0 ? 0 : pln__utf8_offset(s.data, s.size, want);
        return PLN_OK;
    }
    if (want > X_VALUE_MAX / 4)
        return pln__x_fail(p, op, n, i, XR_LONG);
    uint8_t *bytes = pln__x_bytes(&p->block, s.size + (want - have) * 4);
    if (bytes == NULL)
        return PLN_ENOMEM;
    uint8_t *at = bytes;
    if (op->imm)
        put(&at, s.data, s.size);
    at += repeat_into(at, want - have, fill);
    if (!op->imm)
        put(&at, s.data, s.size);
    pln__x_bytes_trim(&p->block, bytes, at - bytes);
    *out = (xstr){bytes, at - bytes};
    return PLN_OK;
}

/* imm: on the right. Longer text is cut. */
static pln_status k_pad(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, pad_row);
}

static pln_status repeat_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    xstr s = x_text(x_arg(p, op, 0), i);
    int64_t times = x_ints(p, op, 1)[i];
    if (times <= 0 || s.size == 0)
        return PLN_OK;
    if (times > X_VALUE_MAX / s.size)
        return pln__x_fail(p, op, n, i, XR_LONG);
    uint8_t *bytes = pln__x_bytes(&p->block, s.size * times), *at = bytes;
    if (bytes == NULL)
        return PLN_ENOMEM;
    while (times-- > 0)
        put(&at, s.data, s.size);
    *out = (xstr){bytes, at - bytes};
    return PLN_OK;
}

static pln_status k_repeat(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, repeat_row);
}

/* ---- changing ---- */

static int64_t find(xstr s, xstr part, int64_t from) {
    return pln__x_find(s.data, s.size, from, part, 0);
}

static pln_status replace_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    xstr s = x_text(x_arg(p, op, 0), i), from = x_text(x_arg(p, op, 1), i);
    xstr to = x_text(x_arg(p, op, 2), i);
    int64_t hits = 0;
    *out = s;
    if (from.size == 0 || s.size == 0)
        return PLN_OK;
    for (int64_t at = find(s, from, 0); at >= 0; at = find(s, from, at + from.size))
        hits++;
    if (hits == 0)
        return PLN_OK;
    int64_t size = s.size + hits * (to.size - from.size);
    if (size > X_VALUE_MAX)
        return pln__x_fail(p, op, n, i, XR_LONG);
    uint8_t *bytes = pln__x_bytes(&p->block, size), *w = bytes;
    if (bytes == NULL)
        return PLN_ENOMEM;
    int64_t done = 0;
    for (int64_t at = find(s, from, 0); at >= 0; at = find(s, from, done)) {
        put(&w, s.data + done, at - done);
        put(&w, to.data, to.size);
        done = at + from.size;
    }
    put(&w, s.data + done, s.size - done);
    *out = (xstr){bytes, size};
    return PLN_OK;
}

static pln_status k_replace(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, replace_row);
}

static void reverse_into(uint8_t *to, xstr s) {
    for (int64_t at = 0; at < s.size;) {
        int64_t next = at + 1;
        while (next < s.size && (s.data[next] & 0xC0) == 0x80)
            next++;
        memcpy(to + s.size - next, s.data + at, (size_t)(next - at));
        at = next;
    }
}

static void title_into(uint8_t *to, xstr s) {
    bool inside = false;
    for (int64_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i], folded = c | 32;
        bool letter = folded >= 'a' && folded <= 'z';
        to[i] = !letter ? c : inside ? folded : (uint8_t)(folded & ~32);
        inside = letter || (c >= '0' && c <= '9') || c >= 0x80;
    }
}

typedef void xfill(uint8_t *to, xstr s);

/* Text of `times` bytes for each byte there was. */
static pln_status fill_rows(xprog *p, const xop *op, int32_t n, int64_t times, xfill *fill) {
    xstr *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = x_empty();
        if (!x_live(p, op, i))
            continue;
        xstr s = x_text(x_arg(p, op, 0), i);
        if (s.size > X_VALUE_MAX / times) {
            status = pln__x_fail(p, op, n, i, XR_LONG);
            continue;
        }
        uint8_t *bytes = pln__x_bytes(&p->block, s.size * times);
        if (bytes == NULL)
            return PLN_ENOMEM;
        fill(bytes, s);
        out[i] = (xstr){bytes, s.size * times};
    }
    return status;
}

static pln_status k_reverse(xprog *p, const xop *op, int32_t n) {
    return fill_rows(p, op, n, 1, reverse_into);
}

static pln_status k_initcap(xprog *p, const xop *op, int32_t n) {
    return fill_rows(p, op, n, 1, title_into);
}

static void hex_into(uint8_t *to, xstr s) {
    static const char digits[] = "0123456789ABCDEF";
    for (int64_t i = 0; i < s.size; i++) {
        *to++ = (uint8_t)digits[s.data[i] >> 4];
        *to++ = (uint8_t)digits[s.data[i] & 15];
    }
}

static pln_status k_hex(xprog *p, const xop *op, int32_t n) {
    return fill_rows(p, op, n, 2, hex_into);
}

static pln_status k_hex_int(xprog *p, const xop *op, int32_t n) {
    static const char digits[] = "0123456789abcdef";
    xstr *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++) {
        uint64_t value = (uint64_t)x_ints(p, op, 0)[i];
        uint8_t *bytes = pln__x_bytes(&p->block, 16), *at = bytes + 16;
        if (bytes == NULL)
            return PLN_ENOMEM;
        do {
            *--at = (uint8_t)digits[value & 15];
            value >>= 4;
        } while (value != 0);
        out[i] = (xstr){at, bytes + 16 - at};
    }
    return PLN_OK;
}

static int nibble(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static pln_status unhex_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    xstr s = x_text(x_arg(p, op, 0), i);
    uint8_t *bytes = pln__x_bytes(&p->block, s.size / 2);
    bool bad = s.size % 2 != 0;
    if (bytes == NULL)
        return PLN_ENOMEM;
    for (int64_t k = 0; k + 1 < s.size && !bad; k += 2) {
        int high = nibble(s.data[k]), low = nibble(s.data[k + 1]);
        bad = high < 0 || low < 0;
        bytes[k / 2] = (uint8_t)((high & 15) << 4 | (low & 15));
    }
    if (bad)
        return pln__x_fail(p, op, n, i, XR_DOMAIN);
    *out = (xstr){bytes, s.size / 2};
    return PLN_OK;
}

static pln_status k_unhex(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, unhex_row);
}

static pln_status k_chr(xprog *p, const xop *op, int32_t n) {
    xstr *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        int64_t point = x_ints(p, op, 0)[i];
        uint8_t *bytes = pln__x_bytes(&p->block, 4);
        if (bytes == NULL)
            return PLN_ENOMEM;
        int32_t size =
            point >= 1 && point <= 0x10FFFF ? pln__utf8_encode((uint32_t)point, bytes) : 0;
        out[i] = (xstr){bytes, size};
        if (size == 0)
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
    }
    return status;
}

const xfunction pln__x_make_functions[] = {
    {"concat", "a+", 't', k_concat, XF_NOT_NULL | XF_FAILS, 0, NULL},
    {"concat_ws", "ta+", 't', k_concat_ws, XF_FAILS, 0, NULL},
    {"lpad", "ti", 't', k_pad, XF_STRICT | XF_FAILS, 0, NULL},
    {"lpad", "tit", 't', k_pad, XF_STRICT | XF_FAILS, 0, NULL},
    {"rpad", "ti", 't', k_pad, XF_STRICT | XF_FAILS, 1, NULL},
    {"rpad", "tit", 't', k_pad, XF_STRICT | XF_FAILS, 1, NULL},
    {"repeat", "ti", 't', k_repeat, XF_STRICT | XF_FAILS, 0, NULL},
    {"replace", "ttt", 't', k_replace, XF_STRICT | XF_FAILS, 0, NULL},
    {"reverse", "t", 't', k_reverse, XF_STRICT | XF_FAILS, 0, NULL},
    {"initcap", "t", 't', k_initcap, XF_STRICT | XF_FAILS, 0, NULL},
    {"hex", "y", 't', k_hex, XF_STRICT | XF_FAILS, 0, NULL},
    {"hex", "t", 't', k_hex, XF_STRICT | XF_FAILS, 0, NULL},
    {"to_hex", "i", 't', k_hex_int, XF_STRICT, 0, NULL},
    {"unhex", "t", 'y', k_unhex, XF_STRICT | XF_FAILS, 0, NULL},
    {"chr", "i", 't', k_chr, XF_STRICT | XF_FAILS, 0, NULL}};
const int32_t pln__x_make_functions_count = PLN__COUNT(pln__x_make_functions);
