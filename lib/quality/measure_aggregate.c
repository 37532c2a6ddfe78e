/* aggregate_match: an aggregate of the rows against the same of another table. Either is what a check of a suite of its own observes. */
#include "base/number.h"
#include "quality/suite.h"
#include <math.h>
#include <stdlib.h>

/* Which check observes it. */
static const struct {
    const char *name, *kind;
} aggregates[] = {{"count", "row_count"}, {"count_distinct", "distinct_count"}, {"sum", "column_sum"},
                  {"min", "column_min"},  {"max", "column_max"},                {"mean", "column_mean"},
                  {"avg", "column_mean"}, {"stdev", "column_stdev"},            {"median", "column_median"}};

static const char *text_of(const pln__check *check, const char *name) {
    return json_string_value(pln__check_get(check, name));
}

/* ---- which aggregate ---- */

typedef struct asked {
    char name[16];
    char column[256]; /* "": of rows */
} asked;

static const char *skip(const char *at) {
    return at + strspn(at, " \t\r\n");
}

static bool put(char *out, size_t room, const char *from, size_t size) {
    if (size >= room)
        return false;
    memcpy(out, from, size);
    out[size] = '\0';
    return true;
}

/* sum(amount), count(*), count(distinct "my column") */
static bool parse(const char *text, asked *out) {
    const char *at = skip(text), *begin = at;
    at += strspn(at, "abcdefghijklmnopqrstuvwxyz_");
    if (at == begin || !put(out->name, sizeof out->name, begin, (size_t)(at - begin)) ||
        *(at = skip(at)) != '(')
        return false;
    at = skip(at + 1);
    if (strncmp(at, "distinct", 8) == 0 && strchr(" \t\r\n\"", at[8]) != NULL && at[8] != '\0') {
        if (strcmp(out->name, "count") != 0)
            return false;
        put(out->name, sizeof out->name, "count_distinct", 14);
        at = skip(at + 8);
    }
    bool quoted = *at == '"';
    begin = quoted ? ++at : at;
    at += strcspn(at, quoted ? "\"" : " \t\r\n()\"");
    if (!put(out->column, sizeof out->column, begin, (size_t)(at - begin)) || at == begin)
        return false;
    if (quoted && *at++ != '"')
        return false;
    at = skip(at);
    if (*at != ')' || *skip(at + 1) != '\0')
        return false;
    if (!quoted && strcmp(out->column, "*") == 0)
        out->column[0] = '\0';
    return true;
}

static pln_status ask(const pln__check *check, bool theirs, asked *out, pln_error *err) {
    const char *aggregate = text_of(check, "aggregate"), *column = text_of(check, "column");
    const char *expression = text_of(check, "expression"), *field = text_of(check, "field");
    char shown[PLN__SHOW_SIZE];
    *out = (asked){0};
    if ((expression != NULL) == (aggregate != NULL))
        return pln__error_set(err, PLN_EOPTION,
                              "aggregate_match: needs either aggregate or expression");
    if (aggregate != NULL) {
        column = theirs && field != NULL ? field : column;
        if (!put(out->name, sizeof out->name, aggregate, strlen(aggregate)) ||
            !put(out->column, sizeof out->column, column != NULL ? column : "",
                 column != NULL ? strlen(column) : 0))
            return pln__error_set(err, PLN_EOPTION, "aggregate: no such aggregate: %s",
                                  pln__show(shown, aggregate, (int64_t)strlen(aggregate)));
        return PLN_OK;
    }
    if (theirs && text_of(check, "to_expression") != NULL)
        expression = text_of(check, "to_expression");
    if (column != NULL || !parse(expression, out))
        return pln__error_set(
            err, PLN_EOPTION,
            "expression: expected an aggregate of a column as \"sum(amount)\", got %s",
            pln__show(shown, expression, (int64_t)strlen(expression)));
    return PLN_OK;
}

static pln_status kind_of(const asked *what, const char **out, pln_error *err) {
    const char *names[PLN__COUNT(aggregates) + 1], *near;
    char shown[PLN__SHOW_SIZE];
    for (int i = 0; i < PLN__COUNT(aggregates); i++) {
        names[i] = aggregates[i].name;
        if (strcmp(what->name, names[i]) == 0) {
            *out = aggregates[i].kind;
            return PLN_OK;
        }
    }
    names[PLN__COUNT(aggregates)] = NULL;
    near = pln__nearest(what->name, names);
    pln__show(shown, what->name, (int64_t)strlen(what->name));
    return pln__error_set(err, PLN_EOPTION, "aggregate: no such aggregate: %s%s%s%s", shown,
                          near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?)" : "");
}

/* ---- a suite of its own ---- */

/* "(where) and "column" is not null", of which either may be missing. */
static json_t *condition_of(const pln_allocator *mem, const char *where, const char *column) {
    pln__text text;
    pln__text_init(&text, mem);
    pln__text_str(&text, "");
    if (where != NULL)
        pln__text_printf(&text, "(%s\n)", where);
    if (column != NULL) {
        pln__text_str(&text, where != NULL ? " and \"" : "\"");
        for (; *column != '\0'; column++) {
            pln__text_str(&text, *column == '"' ? "\"" : "");
            pln__text_char(&text, *column);
        }
        pln__text_str(&text, "\" is not null");
    }
    json_t *out = text.failed ? NULL : json_string(text.data);
    pln__text_free(&text);
    return out;
}

pln_status pln__aggregate_suite(const pln_suite *suite, const pln__check *check, bool theirs,
                                pln_suite **out, pln_error *err) {
    const char *where = theirs ? text_of(check, "to_condition") : check->where, *kind;
    pln_suite_options options;
    asked what;
    pln_status status = ask(check, theirs, &what, err);
    if (status == PLN_OK)
        status = kind_of(&what, &kind, err);
    if (status < 0)
        return status;
    bool counts = strcmp(kind, "row_count") == 0;
    if (!counts && what.column[0] == '\0')
        return pln__error_set(err, PLN_EOPTION, "aggregate_match: %s needs a column", what.name);
    json_t *inner = json_pack("{s:s, s:i}", "check", kind, "min", 0);
    int failed = inner == NULL;
    if (!counts && !failed)
        failed |= json_object_set_new(inner, "column", json_string(what.column));
    const char *there = counts && what.column[0] != '\0' ? what.column : NULL;
    if ((where != NULL || there != NULL) && !failed)
        failed |= json_object_set_new(inner, "where", condition_of(&suite->mem, where, there));
    if (!theirs && pln__check_get(check, "ignore_row_if") != NULL && !failed)
        failed |= json_object_set(inner, "ignore_row_if",
                                  (json_t *)pln__check_get(check, "ignore_row_if"));
    json_t *whole = failed ? NULL : json_pack("{s:[O]}", "checks", inner);
    char *text = whole != NULL ? json_dumps(whole, JSON_COMPACT) : NULL;
    pln_suite_options_init(&options, sizeof options);
    options.allocator = &suite->mem;
    options.seed = suite->seed;
    status =
        text == NULL ? pln__error_memory(err, 1) : pln_suite_new(NULL, text, &options, out, err);
    free(text);
    json_decref(inner);
    json_decref(whole);
    return status;
}

pln_status pln__aggregate_settle(const pln_allocator *mem, pln__check *check,
                                 pln_validation *aggregated, pln_error *err) {
    pln_check_result r = {.struct_size = sizeof r};
    char *text = NULL;
    pln_status status = pln_validation_check(aggregated, 0, &r, err);
    if (status < 0)
        return status;
    if (r.observed_text != NULL && (text = pln__strdup(mem, r.observed_text)) == NULL)
        return pln__error_memory(err, 1);
    pln__strfree(mem, check->aggregate_text);
    check->aggregate_text = text;
    check->aggregate = r.observed;
    check->aggregate_none = isnan(r.observed) && r.evaluated == 0;
    check->aggregated = true;
    return PLN_OK;
}

/* ---- the check ---- */

typedef struct aggregate {
    pln_suite *suite;
    pln_validation *rows;
} aggregate;

static pln_status check_tolerance(const pln__check *check, pln_error *err) {
    static const char *const names[] = {"tolerance", "tolerance_percent"};
    for (int i = 0; i < 2; i++) {
        const json_t *given = pln__check_get(check, names[i]);
        const char *text = json_string_value(given);
        double value = json_number_value(given);
        if (given == NULL)
            continue;
        if (text != NULL && pln__parse_double(text, (int64_t)strlen(text), PLN__DOUBLE_LENIENT,
                                              &value) != PLN__PARSED)
            value = -1;
        if (json_is_boolean(given) || !(value >= 0))
            return pln__error_set(err, PLN_EOPTION, "%s: expected a number that is not negative",
                                  names[i]);
    }
    if (pln__check_get(check, names[0]) != NULL && pln__check_get(check, names[1]) != NULL)
        return pln__error_set(err, PLN_EOPTION,
                              "aggregate_match: either tolerance or tolerance_percent");
    return PLN_OK;
}

static void aggregate_close(pln__check_run *run) {
    aggregate *a = run->state;
    if (a == NULL)
        return;
    pln_validation_free(a->rows);
    pln_suite_free(a->suite);
    pln__free(&run->owner->mem, a, sizeof *a);
}

static pln_status aggregate_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    pln_validation_options options;
    pln_suite *theirs = NULL;
    pln_status status;
    aggregate *a = pln__calloc(&v->mem, 1, sizeof *a);
    if (a == NULL)
        return pln__error_memory(err, sizeof *a);
    run->state = a;
    PLN__TRY(check_tolerance(run->check, err));
    PLN__TRY(pln__aggregate_suite(v->suite, run->check, true, &theirs, err));
    PLN__TRY(pln__aggregate_suite(v->suite, run->check, false, &a->suite, err));
    if (!run->check->aggregated)
        PLN__FAIL(err, PLN_ESTATE, "the reference '%s' was not given",
                  v->suite->references[run->check->reference].name);
    pln_validation_options_init(&options, sizeof options);
    options.allocator = &v->mem;
    options.now_us = v->now_us;
    PLN__TRY(pln_validation_new(a->suite, &v->schema, &options, &a->rows, err));
out:
    pln_suite_free(theirs);
    return status;
}

/* All rows: the check of its own has the condition. */
static pln_status aggregate_add(pln__check_run *run, const struct ArrowArray *rows,
                                const int32_t *chosen, int64_t n, pln_error *err) {
    aggregate *a = run->state;
    (void)chosen;
    (void)n;
    pln__validation_set_now(a->rows, run->owner->now_us);
    return pln_validation_add(a->rows, rows, err);
}

static pln_status aggregate_merge(pln__check_run *into, const pln__check_run *from,
                                  pln_error *err) {
    aggregate *a = into->state;
    const aggregate *other = from->state;
    return pln_validation_merge(a->rows, other->rows, err);
}

static pln_status aggregate_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const aggregate *a = run->state;
    const uint8_t *bytes;
    int64_t size;
    pln_status status = pln_validation_write(a->rows, &bytes, &size, err);
    return status < 0 ? status : pln__buffer_append(&run->owner->mem, out, bytes, size, err);
}

static pln_status aggregate_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                                 pln_error *err) {
    aggregate *a = run->state;
    pln_status status = pln_validation_read(a->rows, bytes, size, err);
    if (status >= 0 && pln_validation_count(a->rows) > run->owner->rows)
        status =
            pln__error_set(err, PLN_EDATA, "%lld rows, the validation has %lld",
                           (long long)pln_validation_count(a->rows), (long long)run->owner->rows);
    if (status < 0)
        pln__error_prefix(err, "aggregate");
    return status;
}

/* Digits behind the point; -1: no plain number. */
static int32_t scale_of(const char *text) {
    const char *point = strchr(text, '.');
    if (strspn(text, "+-0123456789.") != strlen(text))
        return -1;
    return point == NULL ? 0 : (int32_t)strlen(point + 1);
}

/* Both with all their digits, in units of 10^-scale. False: they are not known so well. */
static bool exact_difference(const pln__check *check, const char *mine, pln__int128 *out,
                             int32_t *scale) {
    const char *theirs = check->aggregate_text;
    pln__int128 a, b;
    if (mine == NULL || theirs == NULL || scale_of(mine) < 0 || scale_of(theirs) < 0)
        return false;
    *scale = scale_of(mine) > scale_of(theirs) ? scale_of(mine) : scale_of(theirs);
    if (*scale > PLN__DECIMAL128_PRECISION ||
        pln__parse_decimal128(mine, (int64_t)strlen(mine), PLN__DECIMAL128_PRECISION, *scale, &a) !=
            PLN__PARSED ||
        pln__parse_decimal128(theirs, (int64_t)strlen(theirs), PLN__DECIMAL128_PRECISION, *scale,
                              &b) != PLN__PARSED)
        return false;
    *out = a < b ? b - a : a - b;
    return true;
}

static bool matches(const pln__check *check, const pln_check_result *mine) {
    const json_t *tolerance = pln__check_get(check, "tolerance");
    double percent = pln__check_number(check, "tolerance_percent", -1);
    double difference = fabs(mine->observed - check->aggregate), allowed;
    const char *text = json_string_value(tolerance);
    char digits[PLN__DOUBLE_TEXT_SIZE];
    pln__int128 exact, most = 0;
    int32_t scale = 0;
    if (percent >= 0)
        return difference == 0 || difference * 100 <= percent * fabs(check->aggregate);
    int64_t size = text != NULL ? (int64_t)strlen(text)
                   : json_is_integer(tolerance)
                       ? pln__format_int64(digits, json_integer_value(tolerance))
                   : tolerance != NULL ? pln__format_double(digits, json_real_value(tolerance))
                                       : pln__format_int64(digits, 0);
    text = text != NULL ? text : digits;
    if (exact_difference(check, mine->observed_text, &exact, &scale)) {
        if (pln__parse_decimal128(text, size, PLN__DECIMAL128_PRECISION, scale, &most) ==
            PLN__PARSED)
            return exact <= most;
        difference = pln__decimal128_double(exact, scale);
    }
    allowed = 0;
    (void)pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &allowed);
    return mine->observed == check->aggregate || difference <= allowed;
}

static void put_value(pln__text *out, double number, const char *text, bool none) {
    char digits[PLN__DOUBLE_TEXT_SIZE];
    if (none)
        pln__text_str(out, "nothing");
    else if (text != NULL)
        pln__text_str(out, text);
    else
        pln__text_bytes(out, digits, pln__format_double(digits, number));
}

static pln_status aggregate_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    aggregate *a = run->state;
    const pln__check *check = run->check;
    pln_check_result mine = {.struct_size = sizeof mine};
    pln_status status = pln_validation_check(a->rows, 0, &mine, err);
    if (status < 0)
        return status;
    bool none = isnan(mine.observed) && mine.evaluated == 0;
    *out = (pln__judgement){.observed = mine.observed};
    out->success =
        none || check->aggregate_none ? none == check->aggregate_none : matches(check, &mine);
    put_value(&run->observed, mine.observed, mine.observed_text, none);
    pln__text_printf(&run->observed, ", of %s ",
                     run->owner->suite->references[check->reference].name);
    put_value(&run->observed, check->aggregate, check->aggregate_text, check->aggregate_none);
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_aggregate = {
    .open = aggregate_open,
    .close = aggregate_close,
    .add = aggregate_add,
    .merge = aggregate_merge,
    .write = aggregate_write,
    .read = aggregate_read,
    .judge = aggregate_judge,
};
