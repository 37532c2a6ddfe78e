#include "base/number.h"
#include "base/time.h"
#include "connect/generate/generate.h"
#include <jansson.h>
#include <pln/builder.h>

#define CHOICES_MAX 10000
#define TEXT_MAX 4096

static const char *const kinds[] = {"sequence", "int",    "float", "decimal",
                                    "bool",     "choice", "text",  "time"};

static pln_status refuse(const char *name, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EOPTION, "column %s: %s", name, what);
}

static pln_status parse_range(pln__gen_column *c, json_t *value, pln_error *err) {
    json_t *low = json_array_get(value, 0), *high = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_number(low) || !json_is_number(high))
        return refuse(c->name, "expected a list of the lowest and the highest value", err);
    c->float_low = json_number_value(low);
    c->float_high = json_number_value(high);
    if (c->kind != PLN__GEN_FLOAT && (!json_is_integer(low) || !json_is_integer(high)) &&
        c->kind != PLN__GEN_DECIMAL)
        return refuse(c->name, "expected two integers", err);
    c->low = json_integer_value(low);
    c->high = json_integer_value(high);
    if (c->float_low > c->float_high)
        return refuse(c->name, "the lowest value is above the highest", err);
    if (c->kind == PLN__GEN_TEXT && (c->low < 0 || c->high > TEXT_MAX))
        return refuse(c->name, "expected sizes from 0 to 4096", err);
    return PLN_OK;
}

static pln_status parse_decimal(pln__gen_column *c, json_t *spec, pln_error *err) {
    json_t *scale = json_object_get(spec, "scale");
    int64_t factor = 1;
    c->scale = scale == NULL ? 2 : (int32_t)json_integer_value(scale);
    if ((scale != NULL && !json_is_integer(scale)) || c->scale < 0 || c->scale > 9)
        return refuse(c->name, "expected \"scale\" from 0 to 9", err);
    for (int32_t i = 0; i < c->scale; i++)
        factor *= 10;
    if (c->float_low * (double)factor < -9e17 || c->float_high * (double)factor > 9e17)
        return refuse(c->name, "the range does not fit a decimal of 18 digits", err);
    c->low = (int64_t)(c->float_low * (double)factor + (c->float_low < 0 ? -0.5 : 0.5));
    c->high = (int64_t)(c->float_high * (double)factor + (c->float_high < 0 ? -0.5 : 0.5));
    return PLN_OK;
}

static pln_status parse_choices(const pln_allocator *mem, pln__gen_column *c, json_t *value,
                                pln_error *err) {
    size_t n = json_array_size(value);
    if (n == 0 || n > CHOICES_MAX)
        return refuse(c->name, "expected a list of 1 to 10000 texts", err);
    c->choices = pln__calloc(mem, n, sizeof *c->choices);
    if (c->choices == NULL)
        return pln__error_memory(err, n * sizeof *c->choices);
    c->n_choices = (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (text == NULL)
            return refuse(c->name, "expected a list of texts", err);
        c->choices[i] = pln__strdup(mem, text);
        if (c->choices[i] == NULL)
            return pln__error_memory(err, strlen(text) + 1);
    }
    return PLN_OK;
}

static pln_status parse_time(pln__gen_column *c, json_t *spec, json_t *value, pln_error *err) {
    const char *text = json_string_value(value),
               *step = json_string_value(json_object_get(spec, "step"));
    c->high = 1000000;
    if (text == NULL ||
        pln__parse_timestamp(text, (int64_t)strlen(text), PLN__MICRO, 0, &c->low) != PLN__PARSED)
        return refuse(c->name, "expected a time such as \"2024-01-01T00:00:00Z\"", err);
    if (step != NULL && pln__parse_duration(step, (int64_t)strlen(step), &c->high) != PLN__PARSED)
        return refuse(c->name, "expected \"step\" such as \"250ms\"", err);
    return PLN_OK;
}

static pln_status parse_kind(const pln_allocator *mem, pln__gen_column *c, json_t *spec,
                             json_t *value, pln_error *err) {
    pln_status status = PLN_OK;
    json_t *step = json_object_get(spec, "step");
    switch (c->kind) {
    case PLN__GEN_SEQUENCE:
        c->low = json_integer_value(value);
        c->high = step == NULL ? 1 : json_integer_value(step);
        return json_is_integer(value) && (step == NULL || json_is_integer(step))
                   ? PLN_OK
                   : refuse(c->name, "expected an integer to start with", err);
    case PLN__GEN_BOOL:
        c->float_high = json_number_value(value);
        return json_is_number(value) && c->float_high >= 0 && c->float_high <= 1
                   ? PLN_OK
                   : refuse(c->name, "expected the probability of true, 0 to 1", err);
    case PLN__GEN_CHOICE: return parse_choices(mem, c, value, err);
    case PLN__GEN_TIME: return parse_time(c, spec, value, err);
    case PLN__GEN_DECIMAL:
        status = parse_range(c, value, err);
        return status < 0 ? status : parse_decimal(c, spec, err);
    default: return parse_range(c, value, err);
    }
}

static pln_status check_members(const pln__gen_column *c, json_t *spec, pln_error *err) {
    const char *key;
    json_t *value;
    json_object_foreach(spec, key,
                        value) if (strcmp(key, kinds[c->kind]) != 0 && strcmp(key, "nulls") != 0 &&
                                   strcmp(key, "step") != 0 && strcmp(key, "scale") != 0) {
        char shown[PLN__SHOW_SIZE];
        return pln__error_set(err, PLN_EOPTION, "column %s: unknown member %s", c->name,
                              pln__show(shown, key, (int64_t)strlen(key)));
    }
    return PLN_OK;
}

pln_status pln__gen_parse(const pln_allocator *mem, const char *name, const char *json,
                          pln__gen_column *c, pln_error *err) {
    pln_status status = PLN_OK;
    json_error_t at;
    json_t *spec = json == NULL ? NULL : json_loads(json, JSON_REJECT_DUPLICATES, &at),
           *value = NULL, *nulls;
    memset(c, 0, sizeof *c);
    c->name = pln__strdup(mem, name);
    if (c->name == NULL)
        PLN__TRY(pln__error_memory(err, strlen(name) + 1));
    for (int k = 0; k < PLN__COUNT(kinds) && value == NULL; k++) {
        value = json_object_get(spec, kinds[k]);
        c->kind = k;
    }
    if (value == NULL)
        PLN__TRY(refuse(name,
                        "expected an object with one of sequence, int, float, decimal, bool, "
                        "choice, text, time",
                        err));
    PLN__TRY(check_members(c, spec, err));
    PLN__TRY(parse_kind(mem, c, spec, value, err));
    nulls = json_object_get(spec, "nulls");
    c->nulls = json_number_value(nulls);
    if (nulls != NULL && (!json_is_number(nulls) || !(c->nulls >= 0 && c->nulls <= 1)))
        PLN__TRY(refuse(name, "expected \"nulls\" from 0 to 1", err));
    c->salt = pln__hash64(name, (int64_t)strlen(name), 0);
out:
    json_decref(spec);
    return status;
}

void pln__gen_free(const pln_allocator *mem, pln__gen_column *c) {
    for (int64_t i = 0; i < c->n_choices; i++)
        pln__strfree(mem, c->choices[i]);
    pln__free(mem, c->choices, (uint64_t)c->n_choices * sizeof *c->choices);
    pln__strfree(mem, c->name);
}

pln_status pln__gen_field(const pln_allocator *mem, const pln__gen_column *c,
                          struct ArrowSchema *out, pln_error *err) {
    static const char *const formats[] = {"l", "l", "g", NULL, "b", "u", "u", "tsu:UTC"};
    static const char *const decimals[] = {"d:18,0", "d:18,1", "d:18,2", "d:18,3", "d:18,4",
                                           "d:18,5", "d:18,6", "d:18,7", "d:18,8", "d:18,9"};
    const char *format = c->kind == PLN__GEN_DECIMAL ? decimals[c->scale] : formats[c->kind];
    return pln__field_new(mem, format, c->name, c->nulls > 0, 0, out, err);
}

/* splitmix64 (Steele, Lea, Flood 2014) as a hash of seed, column, row and draw. */
static uint64_t draw(const pln__gen_column *c, uint64_t seed, int64_t row, uint64_t number) {
    uint64_t z = (seed ^ c->salt) + ((uint64_t)row * 8191 + number + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double unit(uint64_t word) {
    return (double)(word >> 11) * 0x1p-53;
}

static int64_t between(uint64_t word, int64_t low, int64_t high) {
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    return span == 0 ? (int64_t)word : (int64_t)((uint64_t)low + word % span);
}

static pln_status put_text(const pln__gen_column *c, uint64_t seed, int64_t row, pln__column *out,
                           pln_error *err) {
    char text[TEXT_MAX];
    int64_t size = between(draw(c, seed, row, 0), c->low, c->high);
    for (int64_t i = 0; i < size; i++)
        text[i] = (char)('a' + draw(c, seed, row, 2 + (uint64_t)i) % 26);
    return pln_column_text(out, text, size, err);
}

static pln_status put_decimal(const pln__gen_column *c, int64_t unscaled, pln__column *out,
                              pln_error *err) {
    char text[48];
    uint64_t rest = unscaled < 0 ? 0 - (uint64_t)unscaled : (uint64_t)unscaled;
    int at = (int)sizeof text;
    for (int32_t digits = 0; rest > 0 || digits <= c->scale; digits++) {
        if (digits == c->scale && digits > 0)
            text[--at] = '.';
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (unscaled < 0)
        text[--at] = '-';
    return pln_column_text(out, text + at, (int64_t)sizeof text - at, err);
}

static pln_status put(const pln__gen_column *c, uint64_t seed, int64_t row, pln__column *out,
                      pln_error *err) {
    uint64_t word = draw(c, seed, row, 0);
    if (c->nulls > 0 && unit(draw(c, seed, row, 1)) < c->nulls)
        return pln__column_null(out, err);
    switch (c->kind) {
    case PLN__GEN_SEQUENCE:
    case PLN__GEN_TIME:
        return pln_column_int(out, (int64_t)((uint64_t)c->low + (uint64_t)row * (uint64_t)c->high),
                              err);
    case PLN__GEN_INT: return pln_column_int(out, between(word, c->low, c->high), err);
    case PLN__GEN_FLOAT:
        return pln_column_float(out, c->float_low + unit(word) * (c->float_high - c->float_low),
                                err);
    case PLN__GEN_DECIMAL: return put_decimal(c, between(word, c->low, c->high), out, err);
    case PLN__GEN_BOOL: return pln_column_int(out, unit(word) < c->float_high, err);
    case PLN__GEN_CHOICE:
        return pln_column_text(out, c->choices[word % (uint64_t)c->n_choices], -1, err);
    default: return put_text(c, seed, row, out, err);
    }
}

pln_status pln__gen_fill(const pln__gen_column *c, uint64_t seed, int64_t first, int64_t n,
                         pln__column *out, pln_error *err) {
    pln_status status = pln__column_reserve(out, n, 0, err);
    for (int64_t i = 0; i < n && status >= 0; i++)
        status = put(c, seed, first + i, out, err);
    return status;
}
