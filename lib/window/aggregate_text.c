#include "window/aggregate_text.h"
#include "base/number.h"

/* What follows the column: nothing, another column, or a number. */
enum { NOTHING, ANOTHER, NUMBER_Q, NUMBER_LIMIT, NUMBER_PRECISION };

typedef struct form {
    int32_t kind;
    int32_t second;
    bool column; /* must be there */
} form;

static const form forms[] = {
    {PLN__AGG_COUNT, NOTHING, false},
    {PLN__AGG_SUM, NOTHING, true},
    {PLN__AGG_AVG, NOTHING, true},
    {PLN__AGG_MIN, NOTHING, true},
    {PLN__AGG_MAX, NOTHING, true},
    {PLN__AGG_ANY, NOTHING, true},
    {PLN__AGG_ALL, NOTHING, true},
    {PLN__AGG_VAR_POP, NOTHING, true},
    {PLN__AGG_VAR_SAMP, NOTHING, true},
    {PLN__AGG_STDDEV_POP, NOTHING, true},
    {PLN__AGG_STDDEV_SAMP, NOTHING, true},
    {PLN__AGG_FIRST, NOTHING, true},
    {PLN__AGG_LAST, NOTHING, true},
    {PLN__AGG_ARG_MIN, ANOTHER, true},
    {PLN__AGG_ARG_MAX, ANOTHER, true},
    {PLN__AGG_COUNT_DISTINCT, NUMBER_LIMIT, true},
    {PLN__AGG_APPROX_COUNT_DISTINCT, NUMBER_PRECISION, true},
    {PLN__AGG_HLL, NUMBER_PRECISION, true},
    {PLN__AGG_QUANTILE, NUMBER_Q, true},
    {PLN__AGG_TOP_K, NUMBER_LIMIT, true},
    {PLN__AGG_COLLECT, NUMBER_LIMIT, true},
};

typedef struct parser {
    const char *text, *at;
    const struct ArrowSchema *in;
    pln_error *err;
} parser;

static pln_status expected(const parser *p, const char *what) {
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(p->err, PLN_EOPTION, "aggregate %s: at byte %d: expected %s",
                          pln__show(shown, p->text, (int64_t)strlen(p->text)),
                          (int)(p->at - p->text), what);
}

static void skip_blanks(parser *p) {
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
        p->at++;
}

static bool eat(parser *p, char c) {
    skip_blanks(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

#define NAME_SIZE 256

static pln_status name(parser *p, char out[NAME_SIZE]) {
    int64_t n = 0;
    skip_blanks(p);
    bool quoted = *p->at == '"';
    p->at += quoted;
    for (;; p->at++) {
        if (quoted && *p->at == '"' && p->at[1] == '"')
            p->at++;
        else if (quoted ? *p->at == '"' || *p->at == '\0' : !in_name(*p->at))
            break;
        if (n == NAME_SIZE - 1)
            return expected(p, "a shorter name");
        out[n++] = *p->at;
    }
    out[n] = '\0';
    if (quoted && *p->at != '"')
        return expected(p, "a closing quote");
    p->at += quoted;
    return n == 0 ? expected(p, "a name") : PLN_OK;
}

static pln_status column(parser *p, int32_t *out) {
    char text[NAME_SIZE];
    pln_status status = name(p, text);
    if (status < 0)
        return status;
    int64_t found = pln__schema_find(p->in, text);
    if (found < 0) {
        status = pln__schema_find_error(p->in, text, p->err);
        pln__error_prefix(p->err, "aggregate '%s'", p->text);
        return status;
    }
    *out = (int32_t)found;
    return PLN_OK;
}

static pln_status number(parser *p, double *out) {
    char text[NAME_SIZE];
    int64_t n = 0;
    skip_blanks(p);
    while (n < NAME_SIZE - 1 &&
           (in_name(*p->at) || *p->at == '.' || *p->at == '-' || *p->at == '+'))
        text[n++] = *p->at++;
    text[n] = '\0';
    return n > 0 && pln__parse_double(text, n, 0, out) == PLN__PARSED ? PLN_OK
                                                                      : expected(p, "a number");
}

static pln_status whole(parser *p, double value, double most, int64_t *out) {
    if (!(value >= 1 && value <= most) || value != (double)(int64_t)value)
        return pln__error_set(p->err, PLN_EOPTION,
                              "aggregate '%s': %g is not a whole number of 1 to %.0f", p->text,
                              value, most);
    *out = (int64_t)value;
    return PLN_OK;
}

static pln_status second(parser *p, const form *f, pln__aggregate_spec *out) {
    double value = 0;
    int64_t count = 0;
    if (f->second == ANOTHER)
        return eat(p, ',') ? column(p, &out->by) : expected(p, "a comma and a column");
    if (!eat(p, ','))
        return f->second == NUMBER_Q ? expected(p, "a comma and a number of 0 to 1") : PLN_OK;
    pln_status status = number(p, &value);
    if (status < 0)
        return status;
    out->q = value;
    if (f->second == NUMBER_Q)
        return value >= 0 && value <= 1 ? PLN_OK : expected(p, "a number of 0 to 1 before this");
    status = whole(p, value, f->second == NUMBER_PRECISION ? 18 : 1e9, &count);
    if (f->second == NUMBER_PRECISION)
        out->precision = (int32_t)count;
    else
        out->limit = count;
    return status;
}

static pln_status arguments(parser *p, const form *f, pln__aggregate_spec *out) {
    pln_status status = PLN_OK;
    if (!eat(p, '('))
        return expected(p, "(");
    if (eat(p, '*')) {
        if (f->column)
            return expected(p, "a column before this");
    } else if (f->column || (skip_blanks(p), *p->at != ')')) {
        PLN__TRY(column(p, &out->column));
        if (f->second != NOTHING)
            PLN__TRY(second(p, f, out));
    }
    if (!eat(p, ')'))
        return expected(p, ")");
    skip_blanks(p);
    if (*p->at != '\0')
        return expected(p, "the end");
out:
    return status;
}

static pln_status unknown(const parser *p, const char *kind) {
    const char *names[PLN__AGG_KINDS + 1] = {0};
    for (int32_t i = 0; i < PLN__COUNT(forms); i++)
        names[i] = pln__aggregate_kind_name(forms[i].kind);
    const char *near = pln__nearest(kind, names);
    return pln__error_set(p->err, PLN_ENAME, "aggregate '%s': there is no '%s'%s%s%s", p->text,
                          kind, near == NULL ? "" : " (did you mean '", near == NULL ? "" : near,
                          near == NULL ? "" : "'?)");
}

pln_status pln__aggregate_parse(const char *text, const struct ArrowSchema *in,
                                pln__aggregate_spec *out, pln_error *err) {
    parser p = {text, text, in, err};
    char kind[NAME_SIZE];
    *out = (pln__aggregate_spec){.column = -1, .by = -1};
    pln_status status = name(&p, kind);
    if (status < 0)
        return status;
    out->kind = pln__aggregate_kind_named(kind);
    for (int i = 0; i < PLN__COUNT(forms); i++)
        if (forms[i].kind == out->kind)
            return arguments(&p, &forms[i], out);
    return unknown(&p, kind);
}
