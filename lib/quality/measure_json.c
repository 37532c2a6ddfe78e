/*
 * json_schema: texts of a column against a subset of JSON Schema draft 2020-12. The schema is compiled once; a keyword that is not among those below is refused, for
 * what is not looked at would seem to hold. How deep a text is followed is bounded by the schema, not by the text.
 */
#include "quality/suite.h"
#include "sketch/value.h"
#include <math.h>
#include <stdio.h>

enum { DEEP_MOST = 64 };

/* In the order of jansson's types. */
static const char *const types[] = {"object", "array", "string", "integer", "number",
                                    "boolean", "null", NULL};
enum { OBJECT = 1, ARRAY = 2, STRING = 4, INTEGER = 8, NUMBER = 16, BOOLEAN = 32, NULL_TYPE = 64 };

static const char *const keywords[] = {
    "type", "properties", "required", "items", "enum", "const", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern",
    "additionalProperties",
    /* which say nothing of a value */
    "$schema", "$id", "$comment", "title", "description", "default", "examples", NULL};

typedef struct node node;

typedef struct property {
    const char *name; /* in the configuration */
    node *value;
} property;

struct node {
    const json_t *schema; /* the configuration's */
    bool never;           /* false */
    uint32_t type;        /* of OBJECT ...; 0: any */
    const json_t *minimum, *maximum, *above, *below;
    int64_t min_length, max_length; /* -1: none */
    pln__expr *pattern;
    node *items, *additional;
    property *properties;
    int64_t n_properties;
};

typedef struct matcher {
    node *root;
    struct ArrowSchema text; /* a struct of one text, for patterns */
} matcher;

/* ---- compiling ---- */

typedef struct compiler {
    const pln_allocator *mem;
    const struct ArrowSchema *text;
    pln_error *err;
    char place[256]; /* "properties.a.items" */
} compiler;

static pln_status compile(compiler *c, const json_t *schema, int depth, node **out);

static pln_status wrong(const compiler *c, const char *keyword, const char *expected) {
    return pln__error_set(c->err, PLN_EOPTION, "schema: %s%s: expected %s", c->place, keyword,
                          expected);
}

static void node_free(const pln_allocator *mem, node *n) {
    if (n == NULL)
        return;
    for (int64_t i = 0; i < n->n_properties; i++)
        node_free(mem, n->properties[i].value);
    pln__free(mem, n->properties, (uint64_t)n->n_properties * sizeof *n->properties);
    node_free(mem, n->items);
    node_free(mem, n->additional);
    pln__expr_free(n->pattern);
    pln__free(mem, n, sizeof *n);
}

/* What lies in it, named in errors. */
static pln_status inner(compiler *c, const char *keyword, const char *name, const json_t *schema,
                        int depth, node **out) {
    size_t size = strlen(c->place);
    snprintf(c->place + size, sizeof c->place - size, "%s%s%.60s.", keyword, name[0] ? "." : "",
             name);
    pln_status status = compile(c, schema, depth + 1, out);
    c->place[size] = '\0';
    return status;
}

static pln_status read_type(compiler *c, node *n) {
    const json_t *type = json_object_get(n->schema, "type");
    for (size_t i = 0; type != NULL && (json_is_array(type) ? i < json_array_size(type) : i < 1);
         i++) {
        const char *name = json_string_value(json_is_array(type) ? json_array_get(type, i) : type);
        uint32_t bit = 0;
        for (int k = 0; name != NULL && types[k] != NULL; k++)
            if (strcmp(types[k], name) == 0)
                bit = 1u << k;
        if (bit == 0)
            return wrong(c, "type", "object, array, string, integer, number, boolean or null");
        n->type |= bit;
    }
    return type != NULL && n->type == 0 ? wrong(c, "type", "a type or several") : PLN_OK;
}

static pln_status read_limit(compiler *c, const node *n, const char *keyword, const json_t **out) {
    *out = json_object_get(n->schema, keyword);
    return *out == NULL || json_is_number(*out) ? PLN_OK : wrong(c, keyword, "a number");
}

static pln_status read_length(compiler *c, const node *n, const char *keyword, int64_t *out) {
    const json_t *value = json_object_get(n->schema, keyword);
    double number = json_number_value(value);
    *out = -1;
    if (value == NULL)
        return PLN_OK;
    if (!json_is_number(value) || !(number >= 0) || number > 1e15 || number != floor(number))
        return wrong(c, keyword, "a whole number that is not negative");
    *out = (int64_t)number;
    return PLN_OK;
}

/* Room expr has the patterns. */
static pln_status read_pattern(compiler *c, node *n) {
    const json_t *pattern = json_object_get(n->schema, "pattern");
    pln__expr_options options = {pln__cpu_features(), 0};
    pln__text sql;
    if (pattern == NULL)
        return PLN_OK;
    if (!json_is_string(pattern))
        return wrong(c, "pattern", "a regular expression");
    pln__text_init(&sql, c->mem);
    pln__text_str(&sql, "regexp_like(v, '");
    for (const char *at = json_string_value(pattern); *at != '\0'; at++) {
        pln__text_str(&sql, *at == '\'' ? "'" : "");
        pln__text_char(&sql, *at);
    }
    pln__text_str(&sql, "')");
    pln_status status = pln__text_status(&sql, c->err);
    if (status == PLN_OK)
        status = pln__expr_compile(c->mem, sql.data, c->text, &options, &n->pattern, c->err);
    if (status < 0)
        pln__error_prefix(c->err, "schema: %spattern", c->place);
    pln__text_free(&sql);
    return status;
}

static pln_status read_properties(compiler *c, node *n, int depth) {
    const json_t *properties = json_object_get(n->schema, "properties");
    const json_t *additional = json_object_get(n->schema, "additionalProperties");
    const json_t *required = json_object_get(n->schema, "required"), *name;
    const json_t *items = json_object_get(n->schema, "items");
    const char *key;
    json_t *value;
    size_t i;
    pln_status status = PLN_OK;
    if (properties != NULL && !json_is_object(properties))
        return wrong(c, "properties", "an object of schemas");
    if (required != NULL && !json_is_array(required))
        return wrong(c, "required", "a list of names");
    json_array_foreach((json_t *)required, i, name) {
        if (!json_is_string(name))
            return wrong(c, "required", "a list of names");
    }
    size_t count = json_object_size(properties);
    if (count > 0) {
        n->properties = pln__calloc(c->mem, count, sizeof *n->properties);
        if (n->properties == NULL)
            return pln__error_memory(c->err, count * sizeof *n->properties);
        n->n_properties = (int64_t)count;
    }
    i = 0;
    json_object_foreach((json_t *)properties, key, value) {
        n->properties[i].name = key;
        PLN__TRY(inner(c, "properties", key, value, depth, &n->properties[i++].value));
    }
    if (additional != NULL)
        PLN__TRY(inner(c, "additionalProperties", "", additional, depth, &n->additional));
    if (items != NULL)
        PLN__TRY(inner(c, "items", "", items, depth, &n->items));
out:
    return status;
}

static pln_status read_keywords(compiler *c, const node *n) {
    const char *key;
    json_t *value;
    char shown[PLN__SHOW_SIZE];
    json_object_foreach((json_t *)n->schema, key, value) {
        const char *const *known = keywords;
        while (*known != NULL && strcmp(*known, key) != 0)
            known++;
        if (*known != NULL)
            continue;
        const char *near = pln__nearest(key, keywords);
        return pln__error_set(
            c->err, PLN_EOPTION, "schema: %s%s is no keyword that is known here%s%s%s", c->place,
            pln__show(shown, key, (int64_t)strlen(key)), near != NULL ? " (did you mean '" : "",
            near != NULL ? near : "", near != NULL ? "'?)" : "");
    }
    const json_t *list = json_object_get(n->schema, "enum");
    return list == NULL || json_is_array(list) ? PLN_OK : wrong(c, "enum", "a list of values");
}

static pln_status compile(compiler *c, const json_t *schema, int depth, node **out) {
    pln_status status;
    if (!json_is_object(schema) && !json_is_boolean(schema))
        return wrong(c, "", "a schema");
    if (depth == DEEP_MOST)
        return pln__error_set(c->err, PLN_ELIMIT, "schema: it nests more than %d deep", DEEP_MOST);
    node *n = pln__calloc(c->mem, 1, sizeof *n);
    if (n == NULL)
        return pln__error_memory(c->err, sizeof *n);
    *out = n;
    n->schema = schema;
    n->never = json_is_false(schema);
    n->min_length = n->max_length = -1;
    PLN__TRY(read_keywords(c, n));
    PLN__TRY(read_type(c, n));
    PLN__TRY(read_limit(c, n, "minimum", &n->minimum));
    PLN__TRY(read_limit(c, n, "maximum", &n->maximum));
    PLN__TRY(read_limit(c, n, "exclusiveMinimum", &n->above));
    PLN__TRY(read_limit(c, n, "exclusiveMaximum", &n->below));
    PLN__TRY(read_length(c, n, "minLength", &n->min_length));
    PLN__TRY(read_length(c, n, "maxLength", &n->max_length));
    PLN__TRY(read_pattern(c, n));
    PLN__TRY(read_properties(c, n, depth));
out:
    return status;
}

/* ---- values ---- */

static int compare(const json_t *a, const json_t *b) {
    if (json_is_integer(a) && json_is_integer(b))
        return (json_integer_value(a) > json_integer_value(b)) -
               (json_integer_value(a) < json_integer_value(b));
    double x = json_number_value(a), y = json_number_value(b);
    return (x > y) - (x < y);
}

/* 1 and 1.0 are one number. Both were parsed, so neither goes deep. */
static bool same(const json_t *a, const json_t *b) {
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_number(a) && json_is_number(b))
        return compare(a, b) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (i = 0; equal && i < json_array_size(a); i++)
            equal = same(json_array_get(a, i), json_array_get(b, i));
        return equal;
    }
    if (!json_is_object(a))
        return json_equal(a, b);
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach((json_t *)a, key, value) {
        const json_t *other = json_object_get(b, key);
        if (other == NULL || !same(value, other))
            return false;
    }
    return true;
}

static uint32_t type_of(const json_t *value) {
    double number;
    switch (json_typeof(value)) {
    case JSON_OBJECT: return OBJECT;
    case JSON_ARRAY: return ARRAY;
    case JSON_STRING: return STRING;
    case JSON_INTEGER: return INTEGER | NUMBER;
    case JSON_REAL:
        number = json_real_value(value);
        return number == floor(number) ? INTEGER | NUMBER : NUMBER;
    case JSON_NULL: return NULL_TYPE;
    default: return BOOLEAN;
    }
}

static int64_t length_of(const json_t *value) {
    const char *text = json_string_value(value);
    int64_t n = 0;
    for (size_t i = 0; i < json_string_length(value); i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* One text as a batch of one row. What takes too many steps does not match. */
static bool matches(const node *n, const json_t *value, bool *out, pln_error *err,
                    pln_status *status) {
    int32_t offsets[2] = {0, (int32_t)json_string_length(value)};
    const void *buffers[3] = {NULL, offsets, json_string_value(value)}, *none[1] = {NULL};
    struct ArrowArray text = {.length = 1, .n_buffers = 3, .buffers = buffers};
    struct ArrowArray *children[1] = {&text}, result = {0};
    struct ArrowArray rows = {
        .length = 1, .n_buffers = 1, .buffers = none, .n_children = 1, .children = children};
    *status = pln__expr_eval(n->pattern, &rows, 0, &result, NULL, err);
    *out = *status >= 0 && pln__array_valid(&result, 0) &&
           pln__bit_get(result.buffers[1], result.offset);
    pln__array_release(&result);
    return *out;
}

static bool number_fits(const node *n, const json_t *value) {
    return (n->minimum == NULL || compare(value, n->minimum) >= 0) &&
           (n->maximum == NULL || compare(value, n->maximum) <= 0) &&
           (n->above == NULL || compare(value, n->above) > 0) &&
           (n->below == NULL || compare(value, n->below) < 0);
}

static bool listed(const node *n, const json_t *value) {
    const json_t *list = json_object_get(n->schema, "enum");
    const json_t *only = json_object_get(n->schema, "const"), *one;
    size_t i;
    bool found = list == NULL;
    json_array_foreach((json_t *)list, i, one) {
        found = found || same(one, value);
    }
    return found && (only == NULL || same(only, value));
}

static pln_status fits(const node *n, const json_t *value, bool *out, pln_error *err);

static pln_status object_fits(const node *n, const json_t *value, bool *out, pln_error *err) {
    const json_t *required = json_object_get(n->schema, "required"), *name;
    const char *key;
    json_t *member;
    size_t i;
    pln_status status = PLN_OK;
    json_array_foreach((json_t *)required, i, name) {
        *out = *out && json_object_get(value, json_string_value(name)) != NULL;
    }
    for (int64_t k = 0; k < n->n_properties && *out && status >= 0; k++) {
        member = json_object_get(value, n->properties[k].name);
        if (member != NULL)
            status = fits(n->properties[k].value, member, out, err);
    }
    json_object_foreach((json_t *)(n->additional != NULL ? value : NULL), key, member) {
        if (!*out || status < 0)
            break;
        if (json_object_get(json_object_get(n->schema, "properties"), key) == NULL)
            status = fits(n->additional, member, out, err);
    }
    return status;
}

static pln_status fits(const node *n, const json_t *value, bool *out, pln_error *err) {
    uint32_t type = type_of(value);
    pln_status status = PLN_OK;
    *out = !n->never && (n->type == 0 || (n->type & type) != 0) && listed(n, value);
    if (!*out)
        return PLN_OK;
    if (type & NUMBER)
        *out = number_fits(n, value);
    if (type == STRING) {
        int64_t length = n->min_length >= 0 || n->max_length >= 0 ? length_of(value) : 0;
        *out = (n->min_length < 0 || length >= n->min_length) &&
               (n->max_length < 0 || length <= n->max_length) &&
               (n->pattern == NULL || matches(n, value, out, err, &status));
    }
    if (type == OBJECT)
        status = object_fits(n, value, out, err);
    for (size_t i = 0;
         type == ARRAY && n->items != NULL && *out && i < json_array_size(value) && status >= 0;
         i++)
        status = fits(n->items, json_array_get(value, i), out, err);
    return status;
}

/* ---- the check ---- */

static void json_close(pln__check_run *run) {
    matcher *m = run->state;
    if (m == NULL)
        return;
    node_free(&run->owner->mem, m->root);
    pln__schema_release(&m->text);
    pln__free(&run->owner->mem, m, sizeof *m);
}

static pln_status json_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const struct ArrowSchema *field = v->schema.children[run->fields[0]];
    char shown[PLN__TYPE_TEXT_SIZE];
    pln__type type;
    pln_status status;
    matcher *m = pln__calloc(&v->mem, 1, sizeof *m);
    if (m == NULL)
        return pln__error_memory(err, sizeof *m);
    run->state = m;
    PLN__TRY(pln__type_of(field->dictionary != NULL ? field->dictionary : field, &type, err));
    if (type.id != PLN__UTF8)
        PLN__FAIL(err, PLN_ETYPE, "column %s: expected texts, got %s", field->name,
                  pln__type_text(field, shown));
    PLN__TRY(pln__field_new(&v->mem, "+s", "", false, 1, &m->text, err));
    PLN__TRY(pln__field_new(&v->mem, "u", "v", false, 0, m->text.children[0], err));
    compiler c = {.mem = &v->mem, .text = &m->text, .err = err};
    PLN__TRY(compile(&c, pln__check_get(run->check, "schema"), 0, &m->root));
out:
    return status;
}

/* A number that no int64 holds is a float; what is no JSON, nests 2048 deep, or has a number beyond the floats fits nothing. */
static pln_status text_fits(const matcher *m, const uint8_t *text, int64_t size, bool *out,
                            pln_error *err) {
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *value = json_loadb((const char *)text, (size_t)size, flags, NULL);
    pln_status status = PLN_OK;
    if (value == NULL)
        value = json_loadb((const char *)text, (size_t)size, flags | JSON_DECODE_INT_AS_REAL, NULL);
    *out = value != NULL;
    if (value != NULL)
        status = fits(m->root, value, out, err);
    json_decref(value);
    return status;
}

static pln_status json_add(pln__check_run *run, const struct ArrowArray *rows,
                           const int32_t *chosen, int64_t n, pln_error *err) {
    int64_t field = run->fields[0], size;
    pln__sketch_column column;
    bool good;
    pln_status status;
    PLN__TRY(pln__sketch_column_open("check", run->owner->schema.children[field],
                                     rows->children[field], &column, err));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = chosen != NULL ? chosen[i] : i, at = pln__sketch_row(&column, row);
        if (at < 0)
            continue;
        const uint8_t *text = pln__array_bytes(&column.type, column.values, at, &size);
        PLN__TRY(text_fits(run->state, text, size, &good, err));
        if (good)
            continue;
        pln__bit_set(run->bad.data, row);
        run->unexpected++;
    }
out:
    return status;
}

static pln_status json_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    (void)run;
    (void)err;
    *out = (pln__judgement){.success = true, .observed = NAN};
    return PLN_OK;
}

const pln__measure pln__measure_json = {
    .open = json_open,
    .close = json_close,
    .add = json_add,
    .judge = json_judge,
};
