#include "base/time.h"
#include "graph/graph.h"

const char *pln__option_type_name(int32_t type) {
    static const char *const names[] = {"",       "a text",     "an integer",        "a number",
                                        "true or false", "a number of bytes", "a duration", "one of",
                                        "a column name", "a list of column names", "an expression",
                                        "a JSON value", "a secret", "a bound pointer", "a text or a list of texts"};
    return type > 0 && type < PLN__COUNT(names) ? names[type] : "";
}

static pln_status refuse(const pln_option *option, json_t *value, pln_error *err) {
    char *text =
        option->type == PLN_OPT_SECRET ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    char shown[PLN__SHOW_SIZE] = "";
    if (text != NULL)
        pln__show(shown, text, (int64_t)strlen(text));
    pln_status status = pln__error_set(
        err, PLN_EOPTION, "option '%s': expected %s%s%s, got %s", option->key,
        pln__option_type_name(option->type), option->type == PLN_OPT_ENUM ? " " : "",
        option->type == PLN_OPT_ENUM ? option->values : "", text == NULL ? "another value" : shown);
    if (text != NULL) {
        json_free_t release;
        json_get_alloc_funcs(NULL, &release);
        release(text);
    }
    return status;
}

static bool in_values(const char *values, const char *text) {
    size_t size = strlen(text);
    for (const char *at = values; size > 0; at++) {
        const char *end = strchr(at, '|');
        size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        if (length == size && memcmp(at, text, size) == 0)
            return true;
        if (end == NULL)
            break;
        at = end;
    }
    return false;
}

static bool parse_bytes(const char *text, int64_t *out) {
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"", 1},        {"B", 1},          {"KB", 1000},       {"KiB", 1024},
                 {"MB", 1000000}, {"MiB", 1 << 20}, {"GB", 1000000000}, {"GiB", 1 << 30}};
    int64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (!pln__mul(value, 10, &value) || !pln__add(value, *at - '0', &value))
            return false;
    if (at == text)
        return false;
    while (*at == ' ')
        at++;
    for (int i = 0; i < PLN__COUNT(units); i++)
        if (strcmp(at, units[i].unit) == 0)
            return pln__mul(value, units[i].factor, out);
    return false;
}

static bool texts_only(const json_t *value) {
    if (json_is_string(value))
        return true;
    if (!json_is_array(value))
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return true;
}

/* A size or a duration may come as text; it is kept as an integer. */
static json_t *as_amount(const pln_option *option, json_t *value) {
    int64_t amount = 0;
    if (json_is_integer(value))
        return json_integer_value(value) >= 0 ? json_incref(value) : NULL;
    if (!json_is_string(value))
        return NULL;
    const char *text = json_string_value(value);
    bool ok = option->type == PLN_OPT_BYTES
                  ? parse_bytes(text, &amount)
                  : pln__parse_duration(text, (int64_t)strlen(text), &amount) == PLN__PARSED &&
                        amount >= 0;
    return ok ? json_integer(amount) : NULL;
}

pln_status pln__option_check(const pln_option *option, json_t *value, json_t **out,
                             pln_error *err) {
    bool ok = false;
    *out = NULL;
    switch (option->type) {
    case PLN_OPT_INT: ok = json_is_integer(value); break;
    case PLN_OPT_FLOAT: ok = json_is_number(value); break;
    case PLN_OPT_BOOL: ok = json_is_boolean(value); break;
    case PLN_OPT_ENUM:
        ok = json_is_string(value) && in_values(option->values, json_string_value(value));
        break;
    case PLN_OPT_COLUMNS:
    case PLN_OPT_TEXTS: ok = texts_only(value); break;
    case PLN_OPT_JSON: ok = true; break;
    case PLN_OPT_HANDLE: ok = false; break;
    case PLN_OPT_BYTES:
    case PLN_OPT_DURATION:
        *out = as_amount(option, value);
        return *out != NULL ? PLN_OK : refuse(option, value, err);
    default: ok = json_is_string(value); break;
    }
    if (!ok)
        return refuse(option, value, err);
    *out = json_incref(value);
    return PLN_OK;
}
