/* What was seen against what a check asks for. */
#include "quality/suite.h"
#include <math.h>

static bool strict(const pln__check *check, const char *name) {
    return json_is_true(pln__check_get(check, name));
}

/* Bounds may be written as texts, for decimals whose digits count. */
static bool bound(const pln__check *check, const char *name, double *out) {
    const json_t *value = pln__check_get(check, name);
    const char *text = json_string_value(value);
    if (value == NULL)
        return false;
    *out = json_number_value(value);
    if (text != NULL &&
        pln__parse_double(text, (int64_t)strlen(text), PLN__DOUBLE_LENIENT, out) != PLN__PARSED)
        *out = NAN;
    return true;
}

bool pln__check_within(const pln__check *check, double seen) {
    double limit;
    if (bound(check, "equals", &limit) && seen != limit)
        return false;
    if (bound(check, "min", &limit) &&
        !(strict(check, "strict_min") ? seen > limit : seen >= limit))
        return false;
    if (bound(check, "max", &limit) &&
        !(strict(check, "strict_max") ? seen < limit : seen <= limit))
        return false;
    return true;
}

/* -1, 0, 1 of seen - bound, or 2 where there is no such bound. */
static int compare(const pln__check *check, const char *name, pln__int128 seen, int32_t scale) {
    const json_t *value = pln__check_get(check, name);
    const char *text = json_string_value(value);
    char digits[PLN__DOUBLE_TEXT_SIZE];
    pln__int128 limit;
    double number;
    if (value == NULL)
        return 2;
    int64_t size = text != NULL             ? (int64_t)strlen(text)
                   : json_is_integer(value) ? pln__format_int64(digits, json_integer_value(value))
                                            : pln__format_double(digits, json_real_value(value));
    if (pln__parse_decimal128(text != NULL ? text : digits, size, 38, scale, &limit) == PLN__PARSED)
        return seen < limit ? -1 : seen > limit;
    /* More digits than the column has: between two of its values. */
    if (!bound(check, name, &number))
        return 2;
    double mine = pln__decimal128_double(seen, scale);
    return mine < number ? -1 : mine > number;
}

bool pln__check_within_decimal(const pln__check *check, pln__int128 seen, int32_t scale) {
    int equals = compare(check, "equals", seen, scale), least = compare(check, "min", seen, scale),
        most = compare(check, "max", seen, scale);
    if (equals != 2 && equals != 0)
        return false;
    if (least != 2 && least < (strict(check, "strict_min") ? 1 : 0))
        return false;
    return most == 2 || most <= (strict(check, "strict_max") ? -1 : 0);
}

pln_status pln__check_bounds(const pln__check *check, pln_error *err) {
    static const char *const names[] = {"equals", "min", "max"};
    bool any = false;
    for (int i = 0; i < PLN__COUNT(names); i++) {
        double limit = 0;
        if (!bound(check, names[i], &limit))
            continue;
        any = true;
        if (isnan(limit) || json_is_boolean(pln__check_get(check, names[i])))
            return pln__error_set(err, PLN_EOPTION, "%s: expected a number", names[i]);
    }
    return any ? PLN_OK
               : pln__error_set(err, PLN_EOPTION, "%s: needs equals, min or max",
                                check->kind->name);
}
