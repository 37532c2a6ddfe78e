/*
 * Functions that look at text or cut pieces out of it; nothing here copies bytes but lower and upper.
 */
#include "expr/rows.h"
#include "expr/short_text.h"
#include "expr/text_kernels.h"

/* ---- measures ---- */

static pln_status k_length(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    int64_t *out = x_dest(p, op);
    if (pln__x_ascii_rows(v, n)) {
        for (int32_t i = 0; i < n; i++)
            out[i] = v->offsets[i + 1] - v->offsets[i];
        return PLN_OK;
    }
    for (int32_t i = 0; i < n; i++) {
        xstr s = x_live(p, op, i) ? x_text(v, i) : x_empty();
        out[i] = s.size == 0 ? 0 : pln__utf8_count(s.data, s.size);
    }
    return PLN_OK;
}

/* imm: 8 for bits. */
static pln_status k_octets(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = x_live(p, op, i) ? x_text(v, i).size * op->imm : 0;
    return PLN_OK;
}

static pln_status k_ascii(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    int64_t *out = x_dest(p, op);
    int32_t used;
    for (int32_t i = 0; i < n; i++) {
        xstr s = x_live(p, op, i) ? x_text(v, i) : x_empty();
        int32_t point = s.size == 0 ? 0 : pln__utf8_decode(s.data, s.size, &used);
        out[i] = point < 0 ? s.data[0] : point;
    }
    return PLN_OK;
}

/* Byte offset of the first `part` at or after `from`, or -1. */
static int64_t find(xstr s, xstr part, int64_t from) {
    return part.size == 0 ? from : pln__x_find(s.data, s.size, from, part, 0);
}

/* imm: positions are bytes. */
static pln_status k_position(xprog *p, const xop *op, int32_t n) {
    int64_t *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++) {
        out[i] = 0;
        if (!x_live(p, op, i))
            continue;
        xstr s = x_text(x_arg(p, op, 0), i);
        int64_t at = find(s, x_text(x_arg(p, op, 1), i), 0);
        if (at >= 0)
            out[i] = 1 + (op->imm || at == 0 ? at : pln__utf8_count(s.data, at));
    }
    return PLN_OK;
}

static bool test(xstr s, xstr part, int64_t which) {
    if (which == X_TEXT_PART)
        return find(s, part, 0) >= 0;
    return s.size >= part.size &&
           x_equal(which == X_TEXT_START ? s.data : s.data + (s.size - part.size), part.data,
                   part.size);
}

pln_status pln__x_test_text(xprog *p, const xop *op, int32_t n) {
    const xreg *wanted = x_arg_reg(p, op, 1);
    uint64_t *out = x_dest(p, op);
    if (op->imm == X_TEXT_PART && x_arg(p, op, 0)->offsets != NULL && wanted->constant &&
        !wanted->null && x_text(&wanted->vec, 0).size > 0) {
        pln__x_contains(x_arg(p, op, 0), n, x_text(&wanted->vec, 0), out, p->cpu);
        return PLN_OK;
    }
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++)
        if (x_live(p, op, i) &&
            test(x_text(x_arg(p, op, 0), i), x_text(x_arg(p, op, 1), i), op->imm))
            out[i / 64] |= UINT64_C(1) << (i % 64);
    return PLN_OK;
}

/* ---- case: of the letters A to Z alone ---- */

/* imm: upper. A column's rows lie one after the other and are changed in one go. */
static pln_status k_case(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    xreg *out = x_out(p, op);
    if (v->offsets != NULL) {
        int64_t first = v->offsets[0], size = v->offsets[n] - first;
        uint8_t *bytes = pln__x_bytes(&p->block, size);
        if (bytes == NULL)
            return PLN_ENOMEM;
        pln__x_change_case(bytes, v->base + first, size, op->imm != 0, p->cpu);
        out->vec.data = NULL;
        out->vec.offsets = v->offsets;
        out->vec.base = (const uint8_t *)((uintptr_t)bytes - (uintptr_t)first);
        return PLN_OK;
    }
    xstr *to = x_dest(p, op);
    for (int32_t i = 0; i < n; i++) {
        to[i] = x_empty();
        if (!x_live(p, op, i))
            continue;
        xstr s = x_text(v, i);
        uint8_t *bytes = pln__x_bytes(&p->block, s.size);
        if (bytes == NULL)
            return PLN_ENOMEM;
        pln__x_change_case(bytes, s.data, s.size, op->imm != 0, p->cpu);
        to[i] = (xstr){bytes, s.size};
    }
    return PLN_OK;
}

/* ---- pieces ---- */

static int64_t length_of(xstr s, bool bytes) {
    return bytes ? s.size : pln__utf8_count(s.data, s.size);
}

static int64_t offset_of(xstr s, int64_t at, bool bytes) {
    if (bytes)
        return at < s.size ? at : s.size;
    return at <= 0 ? 0 : pln__utf8_offset(s.data, s.size, at);
}

/* Characters [from, to), from 0. */
static xstr piece(xstr s, int64_t from, int64_t to, bool bytes) {
    if (from < 0)
        from = 0;
    if (to <= from || s.size == 0)
        return (xstr){s.data, 0};
    int64_t start = offset_of(s, from, bytes);
    xstr rest = {s.data + start, s.size - start};
    return (xstr){rest.data,
                  to - from >= rest.size ? rest.size : offset_of(rest, to - from, bytes)};
}

/* text, first, [length]; imm: bytes. What lies before character 1 counts, too. */
static pln_status k_substr(xprog *p, const xop *op, int32_t n) {
    xstr *out = x_dest(p, op);
    bool bytes = op->imm != 0 || pln__x_ascii_rows(x_arg(p, op, 0), n);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = x_empty();
        if (!x_live(p, op, i))
            continue;
        xstr s = x_text(x_arg(p, op, 0), i);
        int64_t first = x_ints(p, op, 1)[i], end = INT64_MAX;
        first = first == INT64_MIN ? first : first - 1;
        if (op->n_args == 3 && x_ints(p, op, 2)[i] < 0)
            status = pln__x_fail(p, op, n, i, XR_DOMAIN);
        else if (op->n_args == 3 && !pln__add(first, x_ints(p, op, 2)[i], &end))
            end = INT64_MAX;
        out[i] = piece(s, first, end, bytes);
    }
    return status;
}

/* A negative count means "all but so many". imm: from the right. */
static pln_status k_side(xprog *p, const xop *op, int32_t n) {
    xstr *out = x_dest(p, op);
    bool bytes = pln__x_ascii_rows(x_arg(p, op, 0), n);
    for (int32_t i = 0; i < n; i++) {
        out[i] = x_empty();
        if (!x_live(p, op, i))
            continue;
        xstr s = x_text(x_arg(p, op, 0), i);
        int64_t count = x_ints(p, op, 1)[i], size = s.size;
        if (op->imm || count < 0)
            size = length_of(s, bytes);
        if (count < 0)
            count = count <= -size ? 0 : size + count;
        if (op->imm)
            out[i] = piece(s, count >= size ? 0 : size - count, size, bytes);
        else
            out[i] = piece(s, 0, count, bytes);
    }
    return PLN_OK;
}

static bool has_character(xstr set, const uint8_t *at, int32_t size) {
    int64_t found = find(set, (xstr){at, size}, 0);
    return found >= 0;
}

enum { TRIM_LEFT = 1, TRIM_RIGHT = 2 };

static xstr trim(xstr s, xstr set, int64_t sides) {
    int32_t used;
    while ((sides & TRIM_LEFT) && s.size > 0) {
        (void)pln__utf8_decode(s.data, s.size, &used);
        if (!has_character(set, s.data, used))
            break;
        s.data += used;
        s.size -= used;
    }
    while ((sides & TRIM_RIGHT) && s.size > 0) {
        int64_t start = s.size - 1;
        while (start > 0 && (s.data[start] & 0xC0) == 0x80)
            start--;
        if (!has_character(set, s.data + start, (int32_t)(s.size - start)))
            break;
        s.size = start;
    }
    return s;
}

/* imm: sides. */
static pln_status k_trim(xprog *p, const xop *op, int32_t n) {
    const xstr space = {(const uint8_t *)" ", 1};
    xstr *out = x_dest(p, op);
    for (int32_t i = 0; i < n; i++)
        out[i] = x_live(p, op, i)
                     ? trim(x_text(x_arg(p, op, 0), i),
                            op->n_args > 1 ? x_text(x_arg(p, op, 1), i) : space, op->imm)
                     : x_empty();
    return PLN_OK;
}

static xstr part_forward(xstr s, xstr by, int64_t which) {
    int64_t at = 0, next;
    for (; which > 1; which--) {
        next = find(s, by, at);
        if (next < 0)
            return (xstr){s.data, 0};
        at = next + by.size;
    }
    next = find(s, by, at);
    return (xstr){s.data + at, (next < 0 ? s.size : next) - at};
}

static int64_t count_parts(xstr s, xstr by) {
    int64_t n = 1;
    for (int64_t at = find(s, by, 0); at >= 0; at = find(s, by, at + by.size))
        n++;
    return n;
}

static xstr part(xstr s, xstr by, int64_t which) {
    if (by.size == 0 || s.size == 0)
        return which == 1 || which == -1 ? s : (xstr){s.data, 0};
    if (which > 0)
        return part_forward(s, by, which);
    int64_t parts = count_parts(s, by);
    if (which < -parts)
        return (xstr){s.data, 0};
    return part_forward(s, by, parts + which + 1);
}

static pln_status part_row(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out) {
    int64_t which = x_ints(p, op, 2)[i];
    if (which == 0)
        return pln__x_fail(p, op, n, i, XR_DOMAIN);
    *out = part(x_text(x_arg(p, op, 0), i), x_text(x_arg(p, op, 1), i), which);
    return PLN_OK;
}

static pln_status k_split_part(xprog *p, const xop *op, int32_t n) {
    return x_text_rows(p, op, n, part_row);
}

const xfunction pln__x_text_functions[] = {
    {"length", "t", 'i', k_length, XF_STRICT, 0, NULL},
    {"length", "y", 'i', k_octets, XF_STRICT, 1, NULL},
    {"char_length", "t", 'i', k_length, XF_STRICT, 0, NULL},
    {"character_length", "t", 'i', k_length, XF_STRICT, 0, NULL},
    {"octet_length", "t", 'i', k_octets, XF_STRICT, 1, NULL},
    {"octet_length", "y", 'i', k_octets, XF_STRICT, 1, NULL},
    {"bit_length", "t", 'i', k_octets, XF_STRICT, 8, NULL},
    {"ascii", "t", 'i', k_ascii, XF_STRICT, 0, NULL},
    {"strpos", "tt", 'i', k_position, XF_STRICT, 0, NULL},
    {"strpos", "yy", 'i', k_position, XF_STRICT, 1, NULL},
    {"instr", "tt", 'i', k_position, XF_STRICT, 0, NULL},
    {"starts_with", "tt", 'b', pln__x_test_text, XF_STRICT, X_TEXT_START, NULL},
    {"ends_with", "tt", 'b', pln__x_test_text, XF_STRICT, X_TEXT_END, NULL},
    {"contains", "tt", 'b', pln__x_test_text, XF_STRICT, X_TEXT_PART, NULL},
    {"lower", "t", 't', k_case, XF_STRICT, 0, NULL},
    {"upper", "t", 't', k_case, XF_STRICT, 1, NULL},
    {"substring", "ti", 't', k_substr, XF_STRICT, 0, NULL},
    {"substring", "tii", 't', k_substr, XF_STRICT | XF_FAILS, 0, NULL},
    {"substring", "yi", 'y', k_substr, XF_STRICT, 1, NULL},
    {"substring", "yii", 'y', k_substr, XF_STRICT | XF_FAILS, 1, NULL},
    {"substr", "ti", 't', k_substr, XF_STRICT, 0, NULL},
    {"substr", "tii", 't', k_substr, XF_STRICT | XF_FAILS, 0, NULL},
    {"substr", "yi", 'y', k_substr, XF_STRICT, 1, NULL},
    {"substr", "yii", 'y', k_substr, XF_STRICT | XF_FAILS, 1, NULL},
    {"left", "ti", 't', k_side, XF_STRICT, 0, NULL},
    {"right", "ti", 't', k_side, XF_STRICT, 1, NULL},
    {"trim", "t", 't', k_trim, XF_STRICT, TRIM_LEFT | TRIM_RIGHT, NULL},
    {"trim", "tt", 't', k_trim, XF_STRICT, TRIM_LEFT | TRIM_RIGHT, NULL},
    {"btrim", "t", 't', k_trim, XF_STRICT, TRIM_LEFT | TRIM_RIGHT, NULL},
    {"btrim", "tt", 't', k_trim, XF_STRICT, TRIM_LEFT | TRIM_RIGHT, NULL},
    {"ltrim", "t", 't', k_trim, XF_STRICT, TRIM_LEFT, NULL},
    {"ltrim", "tt", 't', k_trim, XF_STRICT, TRIM_LEFT, NULL},
    {"rtrim", "t", 't', k_trim, XF_STRICT, TRIM_RIGHT, NULL},
    {"rtrim", "tt", 't', k_trim, XF_STRICT, TRIM_RIGHT, NULL},
    {"split_part", "tti", 't', k_split_part, XF_STRICT | XF_FAILS, 0, NULL}};
const int32_t pln__x_text_functions_count = PLN__COUNT(pln__x_text_functions);
