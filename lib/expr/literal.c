#include "expr/internal.h"

static pln_status bad_literal(xcompiler *c, const xnode *node, const char *what) {
    char shown[PLN__SHOW_SIZE];
    return pln__x_error_at(c, node, PLN_ESYNTAX, "%s is no %s",
                           pln__show(shown, node->text.data, node->text.size), what);
}

static pln_status boolean(xcompiler *c, bool value, int32_t *out) {
    xtype type = pln__x_type(PLN__BOOL);
    uint8_t bit = value;
    return pln__x_constant(c, &type, &bit, out);
}

/* Digits of a number without sign, leading zeros and point; `scale` is how many stand behind the point. */
static int32_t count_digits(xstr text, int32_t *scale) {
    int32_t digits = 0;
    bool point = false;
    *scale = 0;
    for (int64_t i = 0; i < text.size; i++) {
        if (text.data[i] == '.') {
            point = true;
            continue;
        }
        *scale += point;
        digits += digits > 0 || text.data[i] != '0' || point;
    }
    return digits == 0 ? 1 : digits;
}

static pln_status decimal(xcompiler *c, const xnode *node, int32_t *out) {
    int32_t scale, digits = count_digits(node->text, &scale);
    pln__int128 value;
    if (digits > PLN__DECIMAL128_PRECISION)
        return pln__x_error_at(c, node, PLN_ESYNTAX,
                               "a number of %d digits: a decimal holds 38, "
                               "write 1e3 for a float",
                               digits);
    xtype type = pln__x_decimal(digits, scale);
    if (pln__parse_decimal128((const char *)node->text.data, node->text.size, 38, scale, &value) !=
        PLN__PARSED)
        return bad_literal(c, node, "decimal");
    return pln__x_constant(c, &type, &value, out);
}

static pln_status integer(xcompiler *c, const xnode *node, int32_t *out) {
    int64_t value;
    xtype type = pln__x_type(PLN__INT64);
    if (pln__parse_int64((const char *)node->text.data, node->text.size, &value) != PLN__PARSED)
        return decimal(c, node, out);
    pln_status status = pln__x_constant(c, &type, &value, out);
    if (status >= 0)
        c->p->regs[*out].literal = true;
    return status;
}

static pln_status floating(xcompiler *c, const xnode *node, int32_t *out) {
    double value;
    xtype type = pln__x_type(PLN__FLOAT64);
    pln__parsed parsed = pln__parse_double((const char *)node->text.data, node->text.size,
                                           PLN__DOUBLE_LENIENT, &value);
    return parsed == PLN__PARSED ? pln__x_constant(c, &type, &value, out)
                                 : bad_literal(c, node, "float64");
}

static int hex_of(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static pln_status text(xcompiler *c, const xnode *node, int32_t *out) {
    xtype type = pln__x_type(node->op == L_BYTES ? PLN__BINARY : PLN__UTF8);
    xstr value = node->text;
    if (node->op == L_BYTES) {
        uint8_t *bytes = pln__x_bytes(&c->p->arena, value.size / 2 + 1);
        if (bytes == NULL)
            return pln__error_memory(c->err, (uint64_t)value.size);
        bool bad = value.size % 2 != 0;
        for (int64_t i = 0; i + 1 < value.size; i += 2) {
            int high = hex_of(value.data[i]), low = hex_of(value.data[i + 1]);
            bad = bad || high < 0 || low < 0;
            bytes[i / 2] = (uint8_t)((high & 15) << 4 | (low & 15));
        }
        if (bad)
            return bad_literal(c, node, "pairs of hexadecimal digits");
        value = (xstr){bytes, value.size / 2};
    }
    pln_status status = pln__x_constant(c, &type, &value, out);
    if (status >= 0)
        c->p->regs[*out].literal = node->op == L_TEXT;
    return status;
}

static pln_status temporal(xcompiler *c, const xnode *node, int32_t *out) {
    const char *chars = (const char *)node->text.data;
    int64_t value = 0;
    int32_t days = 0;
    if (node->op == L_DATE) {
        xtype type = pln__x_type(PLN__DATE32);
        return pln__parse_date(chars, node->text.size, &days) == PLN__PARSED
                   ? pln__x_constant(c, &type, &days, out)
                   : bad_literal(c, node, "date (expected '2013-01-31')");
    }
    if (node->op == L_TIME) {
        xtype type = pln__x_type(PLN__TIME64);
        type.unit = PLN__MICRO;
        return pln__parse_time(chars, node->text.size, PLN__MICRO, PLN__TIME_TRUNCATE, &value) ==
                       PLN__PARSED
                   ? pln__x_constant(c, &type, &value, out)
                   : bad_literal(c, node, "time (expected '06:30:00')");
    }
    bool zoned = strlen(node->name) > 9;
    xtype type = pln__x_timestamp(PLN__MICRO, zoned ? "UTC" : "");
    return pln__parse_timestamp(chars, node->text.size, PLN__MICRO,
                                PLN__TIME_TRUNCATE | PLN__TIME_DATE_ALONE, &value) == PLN__PARSED
               ? pln__x_constant(c, &type, &value, out)
               : bad_literal(c, node, "timestamp (expected '2013-01-31 06:30:00')");
}

/* ---- intervals ---- */

typedef struct unit {
    const char *name;
    int32_t months;
    int64_t us;
} unit;
static const unit units[] = {{"year", 12, 0},
                             {"yr", 12, 0},
                             {"y", 12, 0},
                             {"month", 1, 0},
                             {"mon", 1, 0},
                             {"week", 0, 7 * INT64_C(86400000000)},
                             {"w", 0, 7 * INT64_C(86400000000)},
                             {"day", 0, INT64_C(86400000000)},
                             {"d", 0, INT64_C(86400000000)},
                             {"hour", 0, INT64_C(3600000000)},
                             {"hr", 0, INT64_C(3600000000)},
                             {"h", 0, INT64_C(3600000000)},
                             {"minute", 0, 60000000},
                             {"min", 0, 60000000},
                             {"m", 0, 60000000},
                             {"second", 0, 1000000},
                             {"sec", 0, 1000000},
                             {"s", 0, 1000000},
                             {"millisecond", 0, 1000},
                             {"ms", 0, 1000},
                             {"microsecond", 0, 1},
                             {"us", 0, 1}};

/* With an 's' behind it where the name is a word. */
static const unit *unit_named(const char *name, int32_t size) {
    for (int i = 0; i < PLN__COUNT(units); i++) {
        int32_t n = (int32_t)strlen(units[i].name);
        bool plural = size == n + 1 && n > 2 && (name[n] | 32) == 's';
        if ((size == n || plural) && pln__ascii_equal_nocase(name, units[i].name, n))
            return &units[i];
    }
    return NULL;
}

static bool add_amount(const char *number, int64_t size, const unit *u, int32_t *months,
                       int64_t *us) {
    pln__int128 value, total;
    if (u->months != 0) {
        int64_t whole, sum;
        if (pln__parse_int64(number, size, &whole) != PLN__PARSED ||
            !pln__mul(whole, u->months, &whole) || !pln__add(whole, *months, &sum) ||
            sum != (int32_t)sum)
            return false;
        *months = (int32_t)sum;
        return true;
    }
    if (pln__parse_decimal128(number, size, 18, 6, &value) != PLN__PARSED)
        return false;
    total = value * u->us;
    if (total % 1000000 != 0 || total / 1000000 != (int64_t)(total / 1000000))
        return false;
    return pln__add(*us, (int64_t)(total / 1000000), us);
}

static bool add_clock(const char *text, int64_t size, int64_t *us) {
    int64_t value;
    bool negative = size > 0 && text[0] == '-';
    if (pln__parse_time(text + negative, size - negative, PLN__MICRO, 0, &value) != PLN__PARSED)
        return false;
    return pln__add(*us, negative ? -value : value, us);
}

static int64_t run_of(xstr text, int64_t at, bool letters) {
    int64_t i = at;
    for (; i < text.size && text.data[i] != ' '; i++) {
        bool letter = (text.data[i] | 32) >= 'a' && (text.data[i] | 32) <= 'z';
        if (letter != letters)
            break;
    }
    return i;
}

static int64_t skip_spaces(xstr text, int64_t at) {
    while (at < text.size && text.data[at] == ' ')
        at++;
    return at;
}

bool pln__x_parse_interval(xstr text, const char *unit_name, int32_t *months, int64_t *us) {
    const char *chars = (const char *)text.data;
    int64_t at = skip_spaces(text, 0);
    *months = 0;
    *us = 0;
    if (at == text.size)
        return false;
    while (at < text.size) {
        int64_t end = run_of(text, at, false);
        int64_t word = skip_spaces(text, end), word_end = run_of(text, word, true);
        const unit *u = NULL;
        if (memchr(chars + at, ':', (size_t)(end - at)) != NULL) {
            if (!add_clock(chars + at, end - at, us))
                return false;
            at = skip_spaces(text, end);
            continue;
        }
        if (word_end > word)
            u = unit_named(chars + word, (int32_t)(word_end - word));
        else if (unit_name != NULL && word == text.size)
            u = unit_named(unit_name, (int32_t)strlen(unit_name));
        if (u == NULL || !add_amount(chars + at, end - at, u, months, us))
            return false;
        at = skip_spaces(text, word_end);
    }
    return true;
}

static pln_status interval(xcompiler *c, const xnode *node, int32_t *out) {
    pln_status status;
    int32_t months;
    int64_t us;
    xtype type = pln__x_type(X_INTERVAL);
    if (!pln__x_parse_interval(node->text, node->name, &months, &us))
        return bad_literal(c, node, "interval (expected '1 day', '2 months', '01:30:00')");
    PLN__TRY(pln__x_reg(c, &type, out));
    c->p->regs[*out].constant = true;
    c->p->regs[*out].months = months;
    c->p->regs[*out].us = us;
out:
    return status;
}

pln_status pln__x_literal(xcompiler *c, xnode *node, int32_t *out) {
    xtype null = pln__x_type(PLN__NULL);
    switch (node->op) {
    case L_NULL: return pln__x_null_constant(c, &null, out);
    case L_TRUE:
    case L_FALSE: return boolean(c, node->op == L_TRUE, out);
    case L_INTEGER: return integer(c, node, out);
    case L_DECIMAL: return decimal(c, node, out);
    case L_FLOAT: return floating(c, node, out);
    case L_TEXT:
    case L_BYTES: return text(c, node, out);
    case L_INTERVAL: return interval(c, node, out);
    default: return temporal(c, node, out);
    }
}
