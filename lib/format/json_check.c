#include "format/json_check.h"
#include "base/utf8.h"
#include "base/time.h"
#include "format/json_scan.h"

const uint64_t pln__json_tens[20] = {
    1u,
    10u,
    100u,
    1000u,
    10000u,
    100000u,
    1000000u,
    10000000u,
    100000000u,
    1000000000u,
    10000000000u,
    100000000000u,
    1000000000000u,
    10000000000000u,
    100000000000000u,
    1000000000000000u,
    10000000000000000u,
    100000000000000000u,
    1000000000000000000u,
    10000000000000000000u,
};

bool pln__json_day_of(const uint8_t *p, pln__json_day *last) {
    int32_t days;
    if (pln__parse_date((const char *)p, 10, &days) != PLN__PARSED)
        return false;
    last->year_month = pln__json_load8(p);
    memcpy(&last->day_text, p + 8, 2);
    last->days = days;
    return true;
}

static const uint8_t *fault_at(pln__json_fault *fault, const uint8_t *at, const char *expected) {
    fault->at = at;
    fault->expected = expected;
    return NULL;
}

/* ---- strings ---- */

static int hex_digit(uint8_t c) {
    if (pln__json_is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits at p, or -1. Stops at the first that is none, so it never passes the line end. */
static int32_t hex4(const uint8_t *p) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX, with its second half where it has one; p is behind the backslash. */
static const uint8_t *unicode_escape(const uint8_t *p, uint32_t *code_point,
                                     pln__json_fault *fault) {
    int32_t unit = hex4(p + 1), low;
    if (unit < 0)
        return fault_at(fault, p - 1, "four hexadecimal digits after \\u");
    *code_point = (uint32_t)unit;
    if (unit < 0xD800 || unit > 0xDFFF)
        return p + 5;
    if (unit > 0xDBFF || p[5] != '\\' || p[6] != 'u' || (low = hex4(p + 7)) < 0xDC00 ||
        low > 0xDFFF)
        return fault_at(fault, p - 1, "a surrogate pair");
    *code_point = 0x10000u + (((uint32_t)unit - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u);
    return p + 11;
}

/* An escape, p behind the backslash, as UTF-8. */
static const uint8_t *escape(const uint8_t *p, uint8_t out[4], int32_t *size,
                             pln__json_fault *fault) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t code_point;
    if (*p == 'u') {
        const uint8_t *end = unicode_escape(p, &code_point, fault);
        if (end != NULL)
            *size = pln__utf8_encode(code_point, out);
        return end;
    }
    const char *found = *p == 0 ? NULL : strchr(from, *p);
    if (found == NULL)
        return fault_at(fault, p - 1, "an escape that JSON knows");
    out[0] = (uint8_t)to[found - from];
    *size = 1;
    return p + 1;
}

static const uint8_t *bad_utf8(const uint8_t *p, const uint8_t *end, uint32_t cpu,
                               pln__json_fault *fault) {
    return fault_at(fault, p + pln__utf8_invalid_at(p, end - p, cpu), "valid UTF-8");
}

/* Escapes never stand inside a multi-byte character, so each run between them is checked alone. */
const uint8_t *pln__json_check_text(const uint8_t *p, uint32_t cpu, pln__json_fault *fault) {
    uint8_t bytes[4];
    int32_t size;
    for (p++;;) {
        uint64_t high = 0;
        const uint8_t *end = pln__json_scan(p, &high);
        if (PLN__UNLIKELY(high != 0) && !pln__utf8_valid(p, end - p, cpu))
            return bad_utf8(p, end, cpu, fault);
        if (PLN__LIKELY(*end == '"'))
            return end + 1;
        if (*end != '\\')
            return fault_at(fault, end,
                            *end == '\n' ? "the end of the string" : "no control character");
        if ((p = escape(end + 1, bytes, &size, fault)) == NULL)
            return NULL;
    }
}

const uint8_t *pln__json_text(const pln_allocator *mem, const uint8_t *p, uint32_t cpu,
                              pln__buffer *out, pln__json_fault *fault, pln_status *status) {
    uint8_t bytes[4];
    int32_t size;
    for (p++;;) {
        uint64_t high = 0;
        const uint8_t *end = pln__json_scan(p, &high);
        if (high != 0 && !pln__utf8_valid(p, end - p, cpu))
            return bad_utf8(p, end, cpu, fault);
        if ((*status = pln__buffer_append(mem, out, p, end - p, NULL)) < 0)
            return NULL;
        if (*end == '"')
            return end + 1;
        if (*end != '\\')
            return fault_at(fault, end,
                            *end == '\n' ? "the end of the string" : "no control character");
        if ((p = escape(end + 1, bytes, &size, fault)) == NULL)
            return NULL;
        if ((*status = pln__buffer_append(mem, out, bytes, size, NULL)) < 0)
            return NULL;
    }
}

/* ---- values ---- */

static const uint8_t *scalar(const uint8_t *p, uint32_t cpu, pln__json_fault *fault) {
    bool plain;
    const uint8_t *end = NULL;
    switch (*p) {
    case '"': return pln__json_check_text(p, cpu, fault);
    case 't': end = pln__json_is(p, "true") ? p + 4 : NULL; break;
    case 'n': end = pln__json_is(p, "null") ? p + 4 : NULL; break;
    case 'f': end = pln__json_is(p + 1, "alse") ? p + 5 : NULL; break;
    default:
        end = pln__json_number(p, &plain);
    }
    return end != NULL ? end : fault_at(fault, p, "a value");
}

static const uint8_t *key(const uint8_t *p, uint32_t cpu, pln__json_fault *fault) {
    p = pln__json_space(p);
    if (*p != '"')
        return fault_at(fault, p, "a key in quotes");
    if ((p = pln__json_check_text(p, cpu, fault)) == NULL)
        return NULL;
    p = pln__json_space(p);
    return *p == ':' ? p + 1 : fault_at(fault, p, "':'");
}

/* Open containers are a stack of bits: 1 for an object. */
const uint8_t *pln__json_check(const uint8_t *p, int64_t depth, uint32_t cpu,
                               pln__json_fault *fault) {
    uint64_t objects[PLN__JSON_DEPTH_MAX / 64];
    int64_t open = 0;
    if (depth > PLN__JSON_DEPTH_MAX)
        depth = PLN__JSON_DEPTH_MAX;
    for (;;) {
        p = pln__json_space(p);
        bool object = *p == '{';
        if (object || *p == '[') {
            if (open >= depth)
                return fault_at(fault, p, "less nesting");
            uint64_t bit = (uint64_t)1 << (open & 63), *word = &objects[open >> 6];
            if (bit == 1)
                *word = 0;
            *word = object ? *word | bit : *word & ~bit;
            p = pln__json_space(p + 1);
            open++;
            if (*p != (object ? '}' : ']')) {
                if (object && (p = key(p, cpu, fault)) == NULL)
                    return NULL;
                continue;
            }
        } else if ((p = scalar(p, cpu, fault)) == NULL) {
            return NULL;
        } else {
            p--; /* the last byte of the value, as a closing bracket is */
            open++;
        }
        for (p++, open--; open > 0; p++, open--) { /* behind a value */
            object = (objects[(open - 1) >> 6] >> ((open - 1) & 63)) & 1;
            p = pln__json_space(p);
            if (*p == ',') {
                p++;
                break;
            }
            if (*p != (object ? '}' : ']'))
                return fault_at(fault, p, object ? "',' or '}'" : "',' or ']'");
        }
        if (open == 0)
            return p;
        if (object && (p = key(p, cpu, fault)) == NULL)
            return NULL;
    }
}
