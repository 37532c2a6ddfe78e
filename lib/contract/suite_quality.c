/* Quality rules: a metric, or a query, that is held to a threshold. */
#include "contract/suite.h"
#include "base/number.h"
#include <math.h>

/* ---- thresholds ---- */

static const char *read_operator(const char *name, const json *value, pln__range *out) {
    double number = 0, second = 0;
    bool pair = strstr(name, "Between") != NULL;
    out->negated = strncmp(name, "mustNotBe", 9) == 0;
    if (pair && (value->kind != J_ARRAY || value->size != 2 ||
                 !pln__contract_number(value->first, &number) ||
                 !pln__contract_number(value->first->next, &second)))
        return "the threshold is no pair of numbers";
    if (!pair && strcmp(name + 4 + 3 * out->negated, "Be") == 0 && value->kind == J_STRING) {
        out->text = value;
        return NULL;
    }
    if (!pair && !pln__contract_number(value, &number))
        return "the threshold is no number";
    out->lo = number;
    out->hi = pair ? second : number;
    if (strstr(name, "Greater") != NULL)
        out->hi = INFINITY;
    if (strstr(name, "Less") != NULL)
        out->lo = -INFINITY;
    out->lo_strict = strcmp(name, "mustBeGreaterThan") == 0;
    out->hi_strict = strcmp(name, "mustBeLessThan") == 0;
    return out->lo > out->hi ? "no number lies in that range" : NULL;
}

const char *pln__range_read(const json *quality, pln__range *out) {
    static const char *const names[] = {
        "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
        "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};
    const char *why = "it has no operator, such as mustBe";
    const char *unit = pln__contract_text(quality, "unit");
    int found = 0;
    *out = (pln__range){0};
    for (int i = 0; i < PLN__COUNT(names); i++) {
        const json *value = pln__doc_get(quality, names[i]);
        if (value != NULL && found++ == 0)
            why = read_operator(names[i], value, out);
    }
    out->percent = unit != NULL && (strcmp(unit, "percent") == 0 || strcmp(unit, "%") == 0);
    if (unit != NULL && !out->percent && strcmp(unit, "rows") != 0)
        return "its unit is neither rows nor percent";
    return found > 1 ? "it has more than one operator" : why;
}

/* The counts from *lo to *hi that lie in it; -1 as *hi: without end. NULL, or why there are none. */
static const char *whole(const pln__range *r, int64_t *lo, int64_t *hi) {
    double a = r->lo_strict ? floor(r->lo) + 1 : ceil(r->lo);
    double b = r->hi_strict ? ceil(r->hi) - 1 : floor(r->hi);
    if (r->text != NULL)
        return "a count is compared with a text";
    if (b < 0 || a > b || a > 9e15 || (b > 9e15 && !isinf(b)))
        return "no count is in that range";
    *lo = a < 0 ? 0 : (int64_t)a;
    *hi = isinf(b) ? -1 : (int64_t)b;
    return NULL;
}

/* ---- checks of one number: row_count, duplicate_count, duplicate_proportion ---- */

static void number_member(pln__contract_suite *s, const char *key, double value) {
    char text[40];
    text[pln__format_double(text, value)] = '\0';
    pln__contract_suite_key(s, key);
    pln__text_str(&s->checks, text);
}

static void count_members(pln__contract_suite *s, int64_t lo, int64_t hi) {
    if (lo == hi) {
        pln__text_printf(&s->checks, ",\"equals\":%lld", (long long)lo);
        return;
    }
    if (lo > 0)
        pln__text_printf(&s->checks, ",\"min\":%lld", (long long)lo);
    if (hi >= 0)
        pln__text_printf(&s->checks, ",\"max\":%lld", (long long)hi);
}

/* Columns of a rule: those of its arguments, or its own. */
static void put_columns(pln__contract_suite *s, const char *column, const json *properties) {
    if (properties == NULL) {
        if (column != NULL)
            pln__contract_suite_text(s, "column", column);
        return;
    }
    pln__contract_suite_key(s, "columns");
    pln__text_char(&s->checks, '[');
    for (const json *p = properties->first; p != NULL; p = p->next) {
        const json *found = pln__contract_suite_property(s, p->text, p->size);
        const char *name = found == NULL ? NULL : pln__contract_column(s->contract, found);
        if (p != properties->first)
            pln__text_char(&s->checks, ',');
        pln__text_json(&s->checks, name == NULL ? p->text : name,
                       name == NULL ? p->size : (int64_t)strlen(name));
    }
    pln__text_char(&s->checks, ']');
}

static void count_check(pln__contract_suite *s, pln__contract_suite_check check,
                        const pln__range *r, const json *properties) {
    int64_t lo = 0, hi = 0;
    const char *why = whole(r, &lo, &hi);
    if (why == NULL && r->negated)
        why = "a count is held to a range, not kept out of one";
    if (why == NULL && lo == 0 && hi < 0)
        why = "it holds for every count";
    if (why != NULL) {
        pln__contract_suite_left(s, check.at, check.rule, "%s", why);
        return;
    }
    check.bare = true;
    pln__contract_suite_begin(s, &check);
    put_columns(s, check.of, properties);
    count_members(s, lo, hi);
    pln__contract_suite_end(s, &check);
}

static void share_check(pln__contract_suite *s, pln__contract_suite_check check,
                        const pln__range *r, const json *properties) {
    const char *why = r->text != NULL || r->lo > 100 || r->hi < 0 ? "no percentage is in that range"
                      : r->negated || r->lo_strict || r->hi_strict
                          ? "a percentage of values is held to a range that has both its ends"
                          : NULL;
    if (why != NULL) {
        pln__contract_suite_left(s, check.at, check.rule, "%s", why);
        return;
    }
    check.bare = true;
    pln__contract_suite_begin(s, &check);
    put_columns(s, check.of, properties);
    if (!isinf(r->lo))
        number_member(s, "min", r->lo / 100);
    if (!isinf(r->hi))
        number_member(s, "max", r->hi / 100);
    pln__contract_suite_end(s, &check);
}

/* ---- checks of rows, of which some may fail ---- */

/* Which numbers of failures break the rule, in the form of warn_if and error_if; "" for any at all. False: there is no such form. */
static bool put_broken(const pln__range *r, pln__text *out) {
    char lo[PLN__DOUBLE_TEXT_SIZE], hi[PLN__DOUBLE_TEXT_SIZE];
    const char *unit = r->percent ? "%" : "";
    lo[isinf(r->lo) ? 0 : pln__format_double(lo, r->lo)] = '\0';
    hi[isinf(r->hi) ? 0 : pln__format_double(hi, r->hi)] = '\0';
    if (r->negated && r->lo == r->hi)
        pln__text_printf(out, "=%s%s", lo, unit);
    else if (r->negated)
        pln__text_printf(out, "between %s%s and %s%s", lo, unit, hi, unit);
    else if (r->lo == r->hi && r->lo == 0)
        return true;
    else if (r->lo == r->hi)
        pln__text_printf(out, "!=%s%s", lo, unit);
    else if (isinf(r->hi))
        pln__text_printf(out, "%s%s%s", r->lo_strict ? "<=" : "<", lo, unit);
    else if (isinf(r->lo) || r->lo == 0)
        pln__text_printf(out, "%s%s%s", r->hi_strict ? ">=" : ">", hi, unit);
    else
        return false;
    return true;
}

/* Written without an exponent. */
static bool is_plain(double number) {
    return number >= 1e-6 && number < 1e21;
}

static const char *broken_by(const pln__range *r, pln__text *out) {
    if (r->text != NULL)
        return "a number of rows is compared with a text";
    if (r->hi < 0 || (r->hi == 0 && r->hi_strict) || (r->percent && r->lo > 100))
        return "no number of rows is in that range";
    if (r->lo < 0 && !isinf(r->lo))
        return "a number of rows is not below 0";
    if ((r->lo > 0 && !isinf(r->lo) && !is_plain(r->lo)) ||
        (r->hi > 0 && !isinf(r->hi) && !is_plain(r->hi)))
        return "the number is too large or too small";
    return put_broken(r, out) ? NULL : "rows that fail can be held to one end of a range alone";
}

/* The members by which some rows may fail. */
static void put_tolerance(pln__contract_suite *s, const pln__contract_suite_check *check,
                          const pln__text *broken) {
    const char *severity = pln__contract_suite_severity(check->quality);
    bool warns = strcmp(severity, "warn") == 0 || strcmp(severity, "info") == 0;
    if (broken->size > 0)
        pln__contract_suite_text(s, warns ? "warn_if" : "error_if", broken->data);
}

/* False: the rule is left. */
static bool tolerates(pln__contract_suite *s, const pln__contract_suite_check *check,
                      const pln__range *r, pln__text *broken) {
    const char *why = broken_by(r, broken);
    s->checks.failed = s->checks.failed || broken->failed;
    if (why != NULL)
        pln__contract_suite_left(s, check->at, check->rule, "%s", why);
    return why == NULL && !broken->failed;
}

static void row_check(pln__contract_suite *s, const pln__contract_suite_check *check,
                      const pln__range *r) {
    pln__text broken;
    pln__text_init(&broken, s->contract->mem);
    if (check->of == NULL)
        pln__contract_suite_left(s, check->at, check->rule,
                                 "a rule of rows that names no property");
    else if (tolerates(s, check, r, &broken)) {
        pln__contract_suite_begin(s, check);
        put_tolerance(s, check, &broken);
        pln__contract_suite_end(s, check);
    }
    pln__text_free(&broken);
}

/* An array of what a column can hold. */
static bool is_list(const json *values) {
    double number;
    bool good = values->kind == J_ARRAY;
    for (const json *v = good ? values->first : NULL; v != NULL; v = v->next)
        good =
            good && v->kind < J_ARRAY && (v->kind != J_NUMBER || pln__contract_number(v, &number));
    return good;
}

/* Values of a list but null, of which checks have their own notion. */
static void put_values(pln__contract_suite *s, const json *values) {
    bool first = true;
    pln__contract_suite_key(s, "values");
    pln__text_char(&s->checks, '[');
    for (const json *v = values->first; v != NULL; v = v->next) {
        if (v->kind == J_NULL)
            continue;
        if (!first)
            pln__text_char(&s->checks, ',');
        pln__contract_suite_json(s, v);
        first = false;
    }
    pln__text_char(&s->checks, ']');
}

static void missing_check(pln__contract_suite *s, pln__contract_suite_check check,
                          const pln__range *r) {
    const json *arguments = pln__doc_get(check.quality, "arguments"),
               *values = pln__doc_get(arguments, "missingValues");
    pln__text broken;
    pln__text_init(&broken, s->contract->mem);
    check.kind = values == NULL ? "not_null" : "missing_values";
    if (values == NULL) {
        row_check(s, &check, r);
    } else if (check.of == NULL || !is_list(values)) {
        pln__contract_suite_left(s, check.at, check.rule,
                                 "it names no property, or no list of values");
    } else if (tolerates(s, &check, r, &broken)) {
        pln__contract_suite_begin(s, &check);
        put_values(s, values);
        put_tolerance(s, &check, &broken);
        pln__contract_suite_end(s, &check);
    }
    pln__text_free(&broken);
}

static void part(pln__contract_suite *s, const char *kind, const char *column, const char *sep) {
    pln__text_printf(&s->checks, "%s{\"check\":\"%s\"", sep, kind);
    pln__contract_suite_text(s, "column", column);
}

static void put_validity(pln__contract_suite *s, pln__contract_suite_check check,
                         const json *values, const json *pattern, const pln__text *broken) {
    bool both = values != NULL && pattern != NULL;
    check.kind = both ? "all_of" : values != NULL ? "in_set" : "matches";
    check.bare = both;
    pln__contract_suite_begin(s, &check);
    if (both) {
        pln__contract_suite_key(s, "checks");
        part(s, "in_set", check.of, "[");
    }
    if (values != NULL)
        put_values(s, values);
    if (both)
        part(s, "matches", check.of, "},");
    if (pattern != NULL)
        pln__contract_suite_value(s, "pattern", pattern);
    if (both)
        pln__text_str(&s->checks, "}]");
    put_tolerance(s, &check, broken);
    pln__contract_suite_end(s, &check);
}

static void invalid_check(pln__contract_suite *s, pln__contract_suite_check check,
                          const pln__range *r) {
    const json *arguments = pln__doc_get(check.quality, "arguments"),
               *values = pln__doc_get(arguments, "validValues"),
               *pattern = pln__doc_get(arguments, "pattern");
    pln__text broken;
    /* In 3.0.2 the list stands in the rule itself. */
    if (arguments == NULL)
        values = pln__doc_get(check.quality, "validValues");
    if (check.of == NULL || (values != NULL && !is_list(values)) ||
        (pattern != NULL && pattern->kind != J_STRING) || (values == NULL && pattern == NULL)) {
        pln__contract_suite_left(
            s, check.at, check.rule,
            "it names no property, or neither a list of validValues nor a pattern");
        return;
    }
    pln__text_init(&broken, s->contract->mem);
    if (tolerates(s, &check, r, &broken))
        put_validity(s, check, values, pattern, &broken);
    pln__text_free(&broken);
}

/* ---- duplicates, rows ---- */

static void duplicate_check(pln__contract_suite *s, pln__contract_suite_check check,
                            const pln__range *r) {
    const json *properties = pln__doc_get(pln__doc_get(check.quality, "arguments"), "properties");
    bool list = properties != NULL && properties->kind == J_ARRAY && properties->size > 0;
    for (const json *p = list ? properties->first : NULL; p != NULL; p = p->next)
        list = list && p->kind == J_STRING;
    if ((properties != NULL && !list) || (properties == NULL && check.of == NULL)) {
        pln__contract_suite_left(s, check.at, check.rule, "it names no properties");
        return;
    }
    if (r->text == NULL && r->hi == 0 && !r->hi_strict && !r->negated) {
        check.kind = "unique";
        check.bare = true;
        pln__contract_suite_begin(s, &check);
        put_columns(s, check.of, properties);
        pln__contract_suite_end(s, &check);
        return;
    }
    check.kind = r->percent ? "duplicate_proportion" : "duplicate_count";
    if (r->percent)
        share_check(s, check, r, properties);
    else
        count_check(s, check, r, properties);
}

static void row_count_check(pln__contract_suite *s, pln__contract_suite_check check,
                            const pln__range *r) {
    check.kind = "row_count";
    if (r->percent)
        pln__contract_suite_left(s, check.at, check.rule, "a percentage of rows of which table?");
    else if (check.of != NULL)
        pln__contract_suite_left(s, check.at, check.rule,
                                 "rowCount is of an object, not of a property");
    else
        count_check(s, check, r, NULL);
}

/* ---- queries ---- */

static bool is_word(const char *name) {
    return pln__match_id(name, (int64_t)strlen(name)) && strchr(name, '-') == NULL &&
           !(name[0] >= '0' && name[0] <= '9');
}

static void put_name(pln__text *out, const char *name) {
    if (is_word(name)) {
        pln__text_str(out, name);
        return;
    }
    pln__text_char(out, '"');
    for (const char *p = name; *p != '\0'; p++)
        pln__text_printf(out, *p == '"' ? "\"%c" : "%c", *p);
    pln__text_char(out, '"');
}

/* Bytes of a placeholder at `p`, "${object}" or "{property}", and what it stands for; 0: none. */
static size_t placeholder(const char *p, const char *object, const char *column,
                          const char **name) {
    static const char *const words[] = {"object}", "table}", "property}", "column}"};
    const char *start = p;
    p += *p == '$';
    if (*p++ != '{')
        return 0;
    for (int i = 0; i < PLN__COUNT(words); i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0) {
            *name = i < 2 ? object : column;
            return *name == NULL ? 0 : (size_t)(p - start) + strlen(words[i]);
        }
    return 0;
}

static void put_query(pln__contract_suite *s, const char *query, const char *column,
                      pln__text *out) {
    const char *object = pln__contract_column(s->contract, s->object), *name = NULL;
    size_t size = strlen(query);
    while (size > 0 &&
           (query[size - 1] == ';' || query[size - 1] == ' ' || query[size - 1] == '\n' ||
            query[size - 1] == '\r' || query[size - 1] == '\t'))
        size--;
    for (const char *p = query; p < query + size;) {
        size_t n = placeholder(p, object, column, &name);
        if (n > 0)
            put_name(out, name);
        else
            pln__text_char(out, *p);
        p += n > 0 ? n : 1;
    }
}

static void put_number(pln__text *out, const char *before, double value) {
    char text[40];
    text[pln__format_double(text, value)] = '\0';
    pln__text_printf(out, "%s%s", before, text);
}

static void put_condition(const pln__range *r, pln__text *out) {
    pln__text_str(out, r->negated ? "NOT (" : "(");
    if (r->text != NULL) {
        pln__text_str(out, "value = '");
        for (const char *p = r->text->text; *p != '\0'; p++)
            pln__text_printf(out, *p == '\'' ? "'%c" : "%c", *p);
        pln__text_char(out, '\'');
    } else if (r->lo == r->hi) {
        put_number(out, "value = ", r->lo);
    } else {
        if (!isinf(r->lo))
            put_number(out, r->lo_strict ? "value > " : "value >= ", r->lo);
        if (!isinf(r->lo) && !isinf(r->hi))
            pln__text_str(out, " AND ");
        if (!isinf(r->hi))
            put_number(out, r->hi_strict ? "value < " : "value <= ", r->hi);
    }
    pln__text_char(out, ')');
}

/* The query gives one value; the check wants rows that should not be there: that value, unless it is as it must be. */
static void sql_check(pln__contract_suite *s, pln__contract_suite_check check) {
    const char *query = pln__contract_text(check.quality, "query");
    pln__text text;
    pln__range r;
    const char *why = pln__range_read(check.quality, &r);
    if (why == NULL && (s->contract->flags & PLN_CONTRACT_SQL_CHECKS) == 0)
        why = "a query needs a database";
    if (query == NULL || why != NULL) {
        pln__contract_suite_left(s, check.at, check.rule, "%s",
                                 query == NULL ? "it has no query" : why);
        return;
    }
    check.kind = "sql";
    check.bare = true;
    pln__text_init(&text, s->contract->mem);
    pln__text_str(&text, "SELECT value FROM (SELECT (\n");
    put_query(s, query, check.of, &text);
    pln__text_str(&text, "\n) AS value) AS metric WHERE (");
    put_condition(&r, &text);
    pln__text_str(&text, ") IS NOT TRUE");
    s->checks.failed = s->checks.failed || text.failed;
    if (!text.failed) {
        pln__contract_suite_begin(s, &check);
        pln__contract_suite_text(s, "query", text.data);
        pln__contract_suite_end(s, &check);
    }
    pln__text_free(&text);
}

/* ---- the rules of one list ---- */

/* The metric; names of 3.0.2 are taken for those of 3.1.0. */
static const char *metric_of(const json *quality) {
    static const char *const old[][2] = {{"duplicateCount", "duplicateValues"},
                                         {"nullCheck", "nullValues"},
                                         {"validValues", "invalidValues"}};
    const char *metric = pln__contract_text(quality, "metric");
    if (metric == NULL)
        metric = pln__contract_text(quality, "rule");
    for (int i = 0; i < PLN__COUNT(old) && metric != NULL; i++)
        if (strcmp(metric, old[i][0]) == 0)
            return old[i][1];
    return metric;
}

static void library_check(pln__contract_suite *s, pln__contract_suite_check check) {
    const char *metric = metric_of(check.quality), *why;
    pln__range r;
    check.kind = "not_null";
    why = metric == NULL ? "it has no metric" : pln__range_read(check.quality, &r);
    if (why != NULL)
        pln__contract_suite_left(s, check.at, check.rule, "%s", why);
    else if (strcmp(metric, "nullValues") == 0)
        row_check(s, &check, &r);
    else if (strcmp(metric, "missingValues") == 0)
        missing_check(s, check, &r);
    else if (strcmp(metric, "invalidValues") == 0)
        invalid_check(s, check, &r);
    else if (strcmp(metric, "duplicateValues") == 0)
        duplicate_check(s, check, &r);
    else if (strcmp(metric, "rowCount") == 0)
        row_count_check(s, check, &r);
    else
        pln__contract_suite_left(s, check.at, check.rule, "no check knows the metric '%s'", metric);
}

/* "quality.<id>", by its number where it has none, or one that another rule of the list has too. */
static void name_rule(pln__contract_suite *s, pln__map *seen, const json *quality, int64_t index,
                      pln__text *out) {
    const json *id = pln__doc_get(quality, "id");
    bool alone = id != NULL && id->kind == J_STRING && pln__match_id(id->text, id->size) &&
                 !pln__map_get(seen, id->text, id->size, NULL);
    if (alone)
        pln__text_printf(out, "quality.%s", id->text);
    else
        pln__text_printf(out, "quality.%lld", (long long)index);
    if (alone && pln__map_put(seen, id->text, id->size, 0, NULL) < 0)
        s->checks.failed = true;
}

static void rule(pln__contract_suite *s, const json *quality, const char *column,
                 const char *name) {
    const char *type = pln__contract_text(quality, "type");
    pln__contract_suite_check check = {"", column, name, quality, quality, false};
    if (type == NULL || strcmp(type, "library") == 0)
        library_check(s, check);
    else if (strcmp(type, "sql") == 0)
        sql_check(s, check);
    else if (strcmp(type, "text") == 0)
        pln__contract_suite_left(s, quality, name, "a rule in words is for people");
    else
        pln__contract_suite_left(s, quality, name, "a rule of another engine, %s",
                                 pln__contract_text(quality, "engine") == NULL
                                     ? "which it does not name"
                                     : pln__contract_text(quality, "engine"));
}

void pln__contract_suite_quality(pln__contract_suite *s, const json *element, const char *column) {
    const json *list = pln__doc_get(element, "quality");
    int64_t index = 0;
    if (list == NULL || list->kind != J_ARRAY || list->size == 0)
        return;
    pln__map *seen = pln__map_new(s->contract->mem, (uint64_t)(uintptr_t)list);
    s->checks.failed = s->checks.failed || seen == NULL;
    for (const json *q = seen == NULL ? NULL : list->first; q != NULL; q = q->next) {
        pln__text name;
        pln__text_init(&name, s->contract->mem);
        name_rule(s, seen, q, index++, &name);
        s->checks.failed = s->checks.failed || name.failed;
        if (!name.failed)
            rule(s, q, column, name.data);
        pln__text_free(&name);
    }
    pln__map_free(seen);
}
