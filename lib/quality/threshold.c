/* ">10", ">=1%", "between 1 and 5", "!= 0": what dbt's warn_if and error_if say of failures. */
#include "base/number.h"
#include "quality/suite.h"

static const struct {
    const char *sign;
    int32_t op;
} signs[] = {{">=", PLN__GE}, {"<=", PLN__LE}, {"!=", PLN__NE}, {"<>", PLN__NE}, {"==", PLN__EQ},
             {">", PLN__GT},  {"<", PLN__LT},  {"=", PLN__EQ},  {"between", PLN__BETWEEN}};

static const char *skip(const char *at) {
    return at + strspn(at, " \t");
}

/* A number that is not negative, and perhaps a percent sign. */
static const char *amount(const char *at, double *value, bool *percent) {
    at = skip(at);
    size_t size = strspn(at, "0123456789.");
    *percent = false;
    if (size == 0 ||
        pln__parse_double(at, (int64_t)size, PLN__DOUBLE_LENIENT, value) != PLN__PARSED)
        return NULL;
    at = skip(at + size);
    if (*at == '%') {
        *percent = true;
        at = skip(at + 1);
    }
    return at;
}

static bool parse(const char *text, pln__threshold *out) {
    const char *at = skip(text);
    bool percent = false;
    out->op = PLN__GT;
    for (int i = 0; i < PLN__COUNT(signs); i++) {
        size_t size = strlen(signs[i].sign);
        if (strncmp(at, signs[i].sign, size) == 0) {
            out->op = signs[i].op;
            at += size;
            break;
        }
    }
    at = amount(at, &out->value, &out->percent);
    if (at == NULL || out->op != PLN__BETWEEN)
        return at != NULL && *at == '\0' && at != text;
    if (strncmp(at, "and", 3) != 0)
        return false;
    at = amount(at + 3, &out->upper, &percent);
    if (at == NULL || *at != '\0' || (out->percent && !percent))
        return false;
    out->percent = percent;
    return true;
}

pln_status pln__threshold_parse(const char *text, pln__threshold *out, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    *out = (pln__threshold){0};
    if (parse(text, out))
        return PLN_OK;
    return pln__error_set(
        err, PLN_EOPTION,
        "expected a comparison as \">10\", \">=1%%\" or \"between 1 and 5\", got %s",
        pln__show(shown, text, (int64_t)strlen(text)));
}

/* A percentage of none is none. */
bool pln__threshold_holds(const pln__threshold *threshold, int64_t failures, int64_t evaluated) {
    double n = (double)failures, value = threshold->value;
    if (threshold->percent)
        n = evaluated > 0 ? 100.0 * (double)failures / (double)evaluated : 0;
    switch (threshold->op) {
    case PLN__EQ: return n == value;
    case PLN__NE: return n != value;
    case PLN__LT: return n < value;
    case PLN__LE: return n <= value;
    case PLN__GT: return n > value;
    case PLN__GE: return n >= value;
    case PLN__BETWEEN: return n >= value && n <= threshold->upper;
    default: return false;
    }
}
