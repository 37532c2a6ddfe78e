/*
 * What must not be false of a row, as SQL of room expr. A value is written as the type of its column wants it: numbers by their digits, texts, dates and times in
 * quotes, so that the compiler of expressions reads them, once, and says what is wrong with them.
 */
#include "base/number.h"
#include "quality/suite.h"
#include <math.h>

typedef struct condition {
    const pln__check *check;
    const struct ArrowSchema *schema;
    pln__text *out;
    pln_error *err;
} condition;

static const char *text_of(const pln__check *check, const char *name) {
    return json_string_value(pln__check_get(check, name));
}

static bool flag_of(const pln__check *check, const char *name, bool otherwise) {
    const json_t *value = pln__check_get(check, name);
    return value == NULL ? otherwise : json_is_true(value);
}

/* ---- parts of SQL ---- */

static void put_name(pln__text *out, const char *name) {
    pln__text_char(out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            pln__text_char(out, '"');
        pln__text_char(out, *name);
    }
    pln__text_char(out, '"');
}

static void put_quoted(pln__text *out, const char *text) {
    pln__text_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            pln__text_char(out, '\'');
        pln__text_char(out, *text);
    }
    pln__text_char(out, '\'');
}

/* The type of a column's values; PLN_ENAME if there is none. */
static pln_status type_of(const condition *c, const char *column, pln__type *out) {
    int64_t i = pln__schema_find(c->schema, column);
    if (i < 0)
        return pln__schema_find_error(c->schema, column, c->err);
    const struct ArrowSchema *field = c->schema->children[i];
    return pln__type_of(field->dictionary != NULL ? field->dictionary : field, out, c->err);
}

/* Digits, a sign, a point, an exponent: what may stand in SQL as it is. */
static bool is_number(const char *text) {
    double value;
    int64_t size = (int64_t)strlen(text);
    return size > 0 && strspn(text, "+-0123456789.eE") == (size_t)size &&
           pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &value) == PLN__PARSED;
}

static void put_number(pln__text *out, const json_t *value) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    if (json_is_integer(value))
        pln__text_int(out, json_integer_value(value));
    else
        pln__text_bytes(out, text, pln__format_double(text, json_real_value(value)));
}

static pln_status unfit(const condition *c, const char *column, const char *expected,
                        const char *got) {
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(c->err, PLN_ETYPE, "column %s: expected %s, got %s", column, expected,
                          pln__show(shown, got, (int64_t)strlen(got)));
}

/* A value of the configuration beside a column of this type. */
static pln_status put_value(const condition *c, const char *column, const pln__type *type,
                            const json_t *value) {
    const char *text = json_string_value(value);
    if (json_is_boolean(value)) {
        bool is_text = type->id == PLN__UTF8;
        pln__text_str(c->out, is_text ? "'" : "");
        pln__text_str(c->out, json_is_true(value) ? "true" : "false");
        pln__text_str(c->out, is_text ? "'" : "");
        return PLN_OK;
    }
    if (pln__type_is_number(type->id)) {
        if (text == NULL)
            put_number(c->out, value);
        else if (is_number(text))
            pln__text_str(c->out, text);
        else
            return unfit(c, column, "a number", text);
        return PLN_OK;
    }
    if (type->id == PLN__BOOL && text != NULL) {
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return unfit(c, column, "true or false", text);
        pln__text_str(c->out, text);
        return PLN_OK;
    }
    if (text != NULL) {
        put_quoted(c->out, text);
        return PLN_OK;
    }
    /* A number beside a text is the text of the number. */
    pln__text_char(c->out, '\'');
    put_number(c->out, value);
    pln__text_char(c->out, '\'');
    return PLN_OK;
}

/* Nulls in a list would make every value that is not in it unknown. */
static pln_status put_values(const condition *c, const char *column, const json_t *values) {
    pln__type type;
    size_t i;
    json_t *value;
    bool any = false;
    pln_status status = type_of(c, column, &type);
    json_array_foreach((json_t *)values, i, value) {
        if (json_is_null(value) || status < 0)
            continue;
        pln__text_str(c->out, any ? ", " : "");
        status = put_value(c, column, &type, value);
        any = true;
    }
    if (!any && status == PLN_OK)
        pln__text_str(c->out, "null");
    return status;
}

/* Not a number is greater than all numbers, so that only an upper end finds it. */
static void put_not_nan(const condition *c, const char *column, const pln__type *type) {
    if (type->id != PLN__FLOAT32 && type->id != PLN__FLOAT64)
        return;
    pln__text_str(c->out, " and not is_nan(");
    put_name(c->out, column);
    pln__text_char(c->out, ')');
}

/* The same of a pair. If b is null the pair is missing, whatever a is. */
static pln_status put_first_not_nan(const condition *c) {
    const char *a = text_of(c->check, "a");
    pln__type type;
    pln_status status = type_of(c, a, &type);
    pln__text_char(c->out, '(');
    put_name(c->out, text_of(c->check, "b"));
    pln__text_str(c->out, " is null or (true");
    if (status == PLN_OK)
        put_not_nan(c, a, &type);
    pln__text_str(c->out, "))");
    return status;
}

/* ---- templates ---- */

static pln_status put_part(const condition *c, char part) {
    const pln__check *check = c->check;
    const char *column = text_of(check, "column"), *text;
    pln__type type;
    pln_status status = PLN_OK;
    switch (part) {
    case 'c': put_name(c->out, column); break;
    case 'a': put_name(c->out, text_of(check, "a")); break;
    case 'b': put_name(c->out, text_of(check, "b")); break;
    case 'v':
        PLN__TRY(type_of(c, column, &type));
        PLN__TRY(put_value(c, column, &type, pln__check_get(check, "value")));
        break;
    case 'l': PLN__TRY(put_values(c, column, pln__check_get(check, "values"))); break;
    case 'n':
        PLN__TRY(type_of(c, column, &type));
        put_not_nan(c, column, &type);
        break;
    case 'p':
        text = text_of(check, "pattern");
        text = text != NULL ? text : text_of(check, "text");
        put_quoted(c->out, text != NULL ? text : text_of(check, "format"));
        break;
    case 'f':
        if ((text = text_of(check, "flags")) != NULL) {
            pln__text_str(c->out, ", ");
            put_quoted(c->out, text);
        }
        break;
    case 'm': PLN__TRY(put_first_not_nan(c)); break;
    case '>': pln__text_str(c->out, flag_of(check, "or_equal", false) ? ">=" : ">"); break;
    default: pln__text_char(c->out, part);
    }
out:
    return status;
}

pln_status pln__check_condition(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    pln_status status = PLN_OK;
    if (check->kind->write != NULL)
        return check->kind->write(check, schema, out, err);
    for (const char *at = check->kind->condition; *at != '\0' && status == PLN_OK; at++) {
        if (*at == '$')
            status = put_part(&c, *++at);
        else
            pln__text_char(out, *at);
    }
    return status < 0 ? status : pln__text_status(out, err);
}

/* ---- writers ---- */

static pln_status put_end(const condition *c, const char *left, const pln__type *type,
                          const char *operator, const json_t * value, bool *any) {
    const char *column = text_of(c->check, "column");
    if (value == NULL)
        return PLN_OK;
    pln__text_printf(c->out, "%s%s %s ", *any ? " and " : "", left, operator);
    *any = true;
    return put_value(c, column, type, value);
}

static pln_status needs_one(const pln__check *check, pln_error *err) {
    return pln__error_set(err, PLN_EOPTION, "%s: needs min or max%s", check->kind->name,
                          strcmp(check->kind->name, "between") == 0 ? "" : " or equals");
}

pln_status pln__write_between(const pln__check *check, const struct ArrowSchema *schema,
                              pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    const char *column = text_of(check, "column");
    pln__text name;
    pln__type type;
    bool any = false;
    pln_status status;
    pln__text_init(&name, out->mem);
    put_name(&name, column);
    PLN__TRY(pln__text_status(&name, err));
    PLN__TRY(type_of(&c, column, &type));
    PLN__TRY(put_end(&c, name.data, &type, flag_of(check, "strict_min", false) ? ">" : ">=",
                     pln__check_get(check, "min"), &any));
    PLN__TRY(put_end(&c, name.data, &type, flag_of(check, "strict_max", false) ? "<" : "<=",
                     pln__check_get(check, "max"), &any));
    if (!any)
        PLN__TRY(needs_one(check, err));
    put_not_nan(&c, column, &type);
    PLN__TRY(pln__text_status(out, err));
out:
    pln__text_free(&name);
    return status;
}

/* Also not_empty. */
pln_status pln__write_length(const pln__check *check, const struct ArrowSchema *schema,
                             pln__text *out, pln_error *err) {
    static const pln__type number = {.id = PLN__INT64};
    condition c = {check, schema, out, err};
    const char *unit = text_of(check, "unit");
    bool bytes = unit != NULL && strcmp(unit, "bytes") == 0, any = false;
    pln__text length;
    pln_status status;
    pln__text_init(&length, out->mem);
    if (unit != NULL && !bytes && strcmp(unit, "chars") != 0)
        PLN__FAIL(err, PLN_EOPTION, "length: unit: expected chars or bytes, got '%s'", unit);
    if (strcmp(check->kind->name, "not_empty") == 0) {
        bool trim = flag_of(check, "trim", true);
        pln__text_str(out, trim ? "octet_length(trim(" : "octet_length(");
        put_name(out, text_of(check, "column"));
        pln__text_str(out, trim ? ")) > 0" : ") > 0");
        status = pln__text_status(out, err);
        goto out;
    }
    pln__text_str(&length, bytes ? "octet_length(" : "length(");
    put_name(&length, text_of(check, "column"));
    pln__text_char(&length, ')');
    PLN__TRY(pln__text_status(&length, err));
    PLN__TRY(put_end(&c, length.data, &number, "=", pln__check_get(check, "equals"), &any));
    PLN__TRY(put_end(&c, length.data, &number, ">=", pln__check_get(check, "min"), &any));
    PLN__TRY(put_end(&c, length.data, &number, "<=", pln__check_get(check, "max"), &any));
    if (!any)
        PLN__TRY(needs_one(check, err));
    PLN__TRY(pln__text_status(out, err));
out:
    pln__text_free(&length);
    return status;
}

pln_status pln__write_missing_values(const pln__check *check, const struct ArrowSchema *schema,
                                     pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    const char *column = text_of(check, "column"), *pattern = text_of(check, "pattern");
    const json_t *values = pln__check_get(check, "values");
    pln_status status = PLN_OK;
    put_name(out, column);
    pln__text_str(out, " is not null");
    if (values != NULL) {
        pln__text_str(out, " and ");
        put_name(out, column);
        pln__text_str(out, " not in (");
        PLN__TRY(put_values(&c, column, values));
        pln__text_char(out, ')');
    }
    if (pattern != NULL) {
        pln__text_str(out, " and not regexp_like(");
        put_name(out, column);
        pln__text_str(out, ", ");
        put_quoted(out, pattern);
        PLN__TRY(put_part(&c, 'f'));
        pln__text_char(out, ')');
    }
    PLN__TRY(pln__text_status(out, err));
out:
    return status;
}

/* any_complete, all_complete */
pln_status pln__write_complete(const pln__check *check, const struct ArrowSchema *schema,
                               pln__text *out, pln_error *err) {
    bool all = strcmp(check->kind->name, "all_complete") == 0;
    (void)schema;
    for (int64_t i = 0; i < check->n_columns; i++) {
        pln__text_str(out, i == 0 ? "" : all ? " and " : " or ");
        put_name(out, check->columns[i]);
        pln__text_str(out, " is not null");
    }
    return pln__text_status(out, err);
}

/* matches_any, matches_all, matches_none */
pln_status pln__write_patterns(const pln__check *check, const struct ArrowSchema *schema,
                               pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    bool any = strcmp(check->kind->name, "matches_any") == 0;
    bool none = strcmp(check->kind->name, "matches_none") == 0;
    size_t i;
    json_t *pattern;
    pln_status status = PLN_OK;
    json_array_foreach((json_t *)pln__check_get(check, "patterns"), i, pattern) {
        pln__text_str(out, i == 0 ? "" : any ? " or " : " and ");
        pln__text_str(out, none ? "not regexp_like(" : "regexp_like(");
        put_name(out, text_of(check, "column"));
        pln__text_str(out, ", ");
        put_quoted(out, json_string_value(pattern));
        PLN__TRY(put_part(&c, 'f'));
        pln__text_char(out, ')');
    }
    PLN__TRY(pln__text_status(out, err));
out:
    return status;
}

/* Null only where the text itself is. */
pln_status pln__write_parseable(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err) {
    const char *column = text_of(check, "column"), *type = text_of(check, "type");
    struct ArrowSchema field = {0};
    (void)schema;
    pln_status status = pln__type_parse(out->mem, type, "", &field, err);
    if (status < 0) {
        pln__error_prefix(err, "type");
        return status == PLN_ENOMEM ? status : PLN_EOPTION;
    }
    pln__schema_release(&field);
    pln__text_str(out, "case when ");
    put_name(out, column);
    pln__text_str(out, " is null then null else try_cast(");
    put_name(out, column);
    pln__text_printf(out, " as %s) is not null end", type);
    return pln__text_status(out, err);
}

pln_status pln__write_not_in_future(const pln__check *check, const struct ArrowSchema *schema,
                                    pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    const char *column = text_of(check, "column");
    pln__type type;
    int64_t skew;
    pln_status status = pln__check_duration(check, "max_skew", 0, &skew, err);
    if (status == PLN_OK)
        status = type_of(&c, column, &type);
    if (status < 0)
        return status;
    put_name(out, column);
    /* A day is over when the next one has begun. */
    pln__text_printf(out, " <= cast(now() + interval '%lld' microsecond as %s)", (long long)skew,
                     type.id == PLN__DATE32     ? "date"
                     : type.timezone[0] != '\0' ? "timestamptz"
                                                : "timestamp");
    return pln__text_status(out, err);
}

pln_status pln__write_distinct_columns(const pln__check *check, const struct ArrowSchema *schema,
                                       pln__text *out, pln_error *err) {
    bool any = false;
    (void)schema;
    if (check->n_columns < 2)
        return pln__error_set(err, PLN_EOPTION, "%s: columns: expected two or more",
                              check->kind->name);
    for (int64_t i = 0; i < check->n_columns; i++) {
        for (int64_t j = i + 1; j < check->n_columns; j++) {
            pln__text_str(out, any ? " and " : "");
            put_name(out, check->columns[i]);
            pln__text_str(out, " <> ");
            put_name(out, check->columns[j]);
            any = true;
        }
    }
    return pln__text_status(out, err);
}

pln_status pln__write_pair_in_set(const pln__check *check, const struct ArrowSchema *schema,
                                  pln__text *out, pln_error *err) {
    condition c = {check, schema, out, err};
    const char *names[2] = {text_of(check, "a"), text_of(check, "b")};
    pln__type types[2];
    size_t i;
    json_t *pair;
    pln_status status = PLN_OK;
    for (int k = 0; k < 2; k++)
        PLN__TRY(type_of(&c, names[k], &types[k]));
    json_array_foreach((json_t *)pln__check_get(check, "pairs"), i, pair) {
        if (!json_is_array(pair) || json_array_size(pair) != 2)
            PLN__FAIL(err, PLN_EOPTION, "pair_in_set: pairs[%zu]: expected a list of two values",
                      i);
        pln__text_str(out, i == 0 ? "" : " or ");
        for (size_t k = 0; k < 2; k++) {
            pln__text_str(out, k == 0 ? "" : " and ");
            put_name(out, names[k]);
            const json_t *value = json_array_get(pair, k);
            pln__text_str(out, json_is_null(value) ? " is null" : " = ");
            if (!json_is_null(value))
                PLN__TRY(put_value(&c, names[k], &types[k], value));
        }
    }
    PLN__TRY(pln__text_status(out, err));
out:
    return status;
}

pln_status pln__write_sum(const pln__check *check, const struct ArrowSchema *schema, pln__text *out,
                          pln_error *err) {
    static const pln__type number = {.id = PLN__INT64};
    condition c = {check, schema, out, err};
    const json_t *total = pln__check_get(check, "total");
    const char *column = json_string_value(total);
    for (int64_t i = 0; i < check->n_columns; i++) {
        pln__text_str(out, i == 0 ? "" : " + ");
        put_name(out, check->columns[i]);
    }
    pln__text_str(out, " = ");
    if (column == NULL || is_number(column)) {
        pln_status status = put_value(&c, "total", &number, total);
        if (status < 0)
            return status;
    } else {
        put_name(out, column);
    }
    return pln__text_status(out, err);
}

/* It must be one expression by itself, for it stands in brackets: "a) or (b" would be one there. */
pln_status pln__write_expression(const pln__check *check, const struct ArrowSchema *schema,
                                 pln__text *out, pln_error *err) {
    const char *text = text_of(check, "expression");
    pln__expr_options options = {pln__cpu_features(), 0};
    pln__expr *expr = NULL;
    pln_status status = pln__expr_compile(out->mem, text, schema, &options, &expr, err);
    if (status == PLN_OK)
        status = pln__expr_check_condition(expr, err);
    pln__expr_free(expr);
    /* On lines of its own, so that a comment at its end ends. */
    pln__text_printf(out, "(%s\n)", text);
    return status < 0 ? status : pln__text_status(out, err);
}

/* all_of, any_of; not: not all of them. */
pln_status pln__write_composite(const pln__check *check, const struct ArrowSchema *schema,
                                pln__text *out, pln_error *err) {
    bool any = strcmp(check->kind->name, "any_of") == 0;
    bool not = strcmp(check->kind->name, "not") == 0;
    pln_status status = PLN_OK;
    pln__text_str(out, not ? "not (" : "(");
    for (int64_t i = 0; i < check->n_parts; i++) {
        pln__text_str(out, i == 0 ? "(" : any ? " or (" : " and (");
        PLN__TRY(pln__check_condition(check->parts[i], schema, out, err));
        pln__text_char(out, ')');
    }
    pln__text_char(out, ')');
    PLN__TRY(pln__text_status(out, err));
out:
    return status;
}
