/* The catalogue of checks. What each means stands in pln-checks(7). */
#include "quality/suite.h"
#include <stdio.h>

enum {
    ROW = PLN__KIND_BY_ROW,
    NULLS = PLN__KIND_NULLS_FAIL,
    ANY = PLN__KIND_ANY_TYPE,
    WHOLE = PLN__KIND_UNGROUPED
};

static const pln__check_kind kinds[] = {
    /* the schema */
    {"column_exists", "column* index", ANY | WHOLE, NULL, NULL, &pln__measure_schema},
    {"columns_match", "columns* ordered exact", ANY | WHOLE, NULL, NULL, &pln__measure_schema},
    {"column_count", "equals min max", ANY | WHOLE, NULL, NULL, &pln__measure_schema},
    {"column_type", "column* type types", ANY | WHOLE, NULL, NULL, &pln__measure_schema},
    {"schema_changed", "baseline to allow", ANY | WHOLE, NULL, NULL, &pln__measure_change},
    /* null and its like */
    {"not_null", "column*", ROW | NULLS | ANY, "$c is not null", NULL, NULL},
    {"null", "column*", ROW | ANY, "$c is null", NULL, NULL},
    {"completeness", "column* min max", ANY, NULL, NULL, &pln__measure_completeness},
    {"missing_values", "column* values pattern flags", ROW | NULLS, NULL, pln__write_missing_values, NULL},
    {"not_empty", "column* trim", ROW, NULL, pln__write_length, NULL},
    {"any_complete", "columns*", ROW | ANY, NULL, pln__write_complete, NULL},
    {"all_complete", "columns*", ROW | ANY, NULL, pln__write_complete, NULL},
    /* ranges */
    {"between", "column* min max strict_min strict_max", ROW, NULL, pln__write_between, NULL},
    {"equal_to", "column* value*", ROW, "$c = $v", NULL, NULL},
    {"not_equal_to", "column* value*", ROW, "$c <> $v", NULL, NULL},
    {"greater_than", "column* value*", ROW, "$c > $v$n", NULL, NULL},
    {"at_least", "column* value*", ROW, "$c >= $v$n", NULL, NULL},
    {"less_than", "column* value*", ROW, "$c < $v$n", NULL, NULL},
    {"at_most", "column* value*", ROW, "$c <= $v$n", NULL, NULL},
    {"positive", "column*", ROW, "$c > 0$n", NULL, NULL},
    {"non_negative", "column*", ROW, "$c >= 0$n", NULL, NULL},
    {"length", "column* equals min max unit", ROW, NULL, pln__write_length, NULL},
    {"not_in_future", "column* max_skew", ROW | PLN__KIND_TIME, NULL, pln__write_not_in_future, NULL},
    {"parseable", "column* type*", ROW, NULL, pln__write_parseable, NULL},
    /* sets */
    {"in_set", "column* values*", ROW, "$c in ($l)", NULL, NULL},
    {"not_in_set", "column* values*", ROW, "$c not in ($l)", NULL, NULL},
    {"distinct_in_set", "column* values*", 0, NULL, NULL, &pln__measure_different},
    {"distinct_contains_set", "column* values*", 0, NULL, NULL, &pln__measure_different},
    {"distinct_equals_set", "column* values*", 0, NULL, NULL, &pln__measure_different},
    {"most_common_in_set", "column* values* ties_okay", 0, NULL, NULL, &pln__measure_common},
    /* patterns */
    {"matches", "column* pattern* flags", ROW, "regexp_like($c, $p$f)", NULL, NULL},
    {"not_matches", "column* pattern* flags", ROW, "not regexp_like($c, $p$f)", NULL, NULL},
    {"matches_any", "column* patterns* flags", ROW, NULL, pln__write_patterns, NULL},
    {"matches_all", "column* patterns* flags", ROW, NULL, pln__write_patterns, NULL},
    {"matches_none", "column* patterns* flags", ROW, NULL, pln__write_patterns, NULL},
    {"like", "column* pattern*", ROW, "$c like $p", NULL, NULL},
    {"not_like", "column* pattern*", ROW, "$c not like $p", NULL, NULL},
    {"contains", "column* text*", ROW, "contains($c, $p)", NULL, NULL},
    {"starts_with", "column* text*", ROW, "starts_with($c, $p)", NULL, NULL},
    {"ends_with", "column* text*", ROW, "ends_with($c, $p)", NULL, NULL},
    {"format", "column* format*", ROW, "is_format($c, $p)", NULL, NULL},
    {"json_schema", "column* schema*", ROW, NULL, NULL, &pln__measure_json},
    /* uniqueness */
    {"unique", "column columns", ROW, NULL, NULL, &pln__measure_unique},
    {"primary_key", "column columns", ROW | NULLS, NULL, NULL, &pln__measure_unique},
    {"unique_within_row", "columns*", ROW, NULL, pln__write_distinct_columns, NULL},
    {"distinct_count", "column columns equals min max", 0, NULL, NULL, &pln__measure_distinct},
    {"distinct_proportion", "column columns min max", 0, NULL, NULL, &pln__measure_distinct},
    {"duplicate_count", "column columns equals min max", 0, NULL, NULL, &pln__measure_distinct},
    {"duplicate_proportion", "column columns min max", 0, NULL, NULL, &pln__measure_distinct},
    {"not_constant", "column*", 0, NULL, NULL, &pln__measure_distinct},
    /* other tables */
    {"relationships", "column columns to* field fields to_condition", ROW, NULL, NULL,
     &pln__measure_reference},
    {"aggregate_match", "to* aggregate column field expression to_expression to_condition tolerance tolerance_percent", ANY | WHOLE, NULL, NULL, &pln__measure_aggregate},
    {"row_count_match", "to* factor min max strict_min strict_max", ANY | WHOLE, NULL, NULL, &pln__measure_rows},
    /* volume, freshness */
    {"row_count", "equals min max", ANY, NULL, NULL, &pln__measure_rows},
    {"freshness", "column* warn_after error_after", PLN__KIND_TIME, NULL, NULL,
     &pln__measure_freshness},
    /* distribution */
    {"column_min", "column* equals min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_max", "column* equals min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_mean", "column* min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_sum", "column* equals min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_stdev", "column* min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_median", "column* min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    {"column_quantile", "column* quantile* min max strict_min strict_max", 0, NULL, NULL, &pln__measure_moments},
    /* across columns */
    {"pair_equal", "a* b*", ROW, "$a = $b", NULL, NULL},
    {"pair_greater", "a* b* or_equal", ROW, "$a $> $b and $m", NULL, NULL},
    {"pair_in_set", "a* b* pairs*", ROW, NULL, pln__write_pair_in_set, NULL},
    {"sum_equals", "columns* total*", ROW, NULL, pln__write_sum, NULL},
    {"monotonic", "column* direction strictly step", ROW, NULL, NULL, &pln__measure_order},
    {"expression", "expression*", ROW | ANY, NULL, pln__write_expression, NULL},
    {"sql", "query metric tables equals min max strict_min strict_max max_steps max_bytes", ANY | WHOLE, NULL, NULL, &pln__measure_sql},
    /* of other conditions */
    {"all_of", "checks*", ROW | ANY, NULL, pln__write_composite, NULL},
    {"any_of", "checks*", ROW | ANY, NULL, pln__write_composite, NULL},
    {"not", "checks*", ROW | ANY, NULL, pln__write_composite, NULL},
};

/* An expression has 64 KiB, and looks at its values one after the other. */
static const pln__check_kind of_long_lists[] = {
    {"in_set", "column* values*", ROW, NULL, NULL, &pln__measure_listed},
    {"not_in_set", "column* values*", ROW, NULL, NULL, &pln__measure_listed},
};
enum { LONG_VALUES = 1000, LONG_BYTES = 1 << 15 };

static bool is_long(const json_t *values) {
    size_t i, bytes = 0;
    const json_t *value;
    bool any = false;
    json_array_foreach((json_t *)values, i, value) {
        any |= !json_is_null(value);
        bytes += json_is_string(value) ? 2 * json_string_length(value) + 4 : 24;
    }
    return any && (json_array_size(values) > LONG_VALUES || bytes > LONG_BYTES);
}

const pln__check_kind *pln__check_kind_sized(const pln__check_kind *kind, const json_t *config) {
    for (int i = 0; i < PLN__COUNT(of_long_lists); i++)
        if (strcmp(kind->name, of_long_lists[i].name) == 0 &&
            is_long(json_object_get(config, "values")))
            return &of_long_lists[i];
    return kind;
}

const pln__check_kind *pln__check_kind_of(const char *name) {
    for (int i = 0; i < PLN__COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

pln_status pln__check_kind_error(const char *name, pln_error *err) {
    const char *names[PLN__COUNT(kinds) + 1], *near;
    char shown[PLN__SHOW_SIZE];
    for (int i = 0; i < PLN__COUNT(kinds); i++)
        names[i] = kinds[i].name;
    names[PLN__COUNT(kinds)] = NULL;
    near = pln__nearest(name, names);
    pln__show(shown, name, (int64_t)strlen(name));
    if (near == NULL)
        return pln__error_set(err, PLN_EOPTION, "no such check: %s", shown);
    return pln__error_set(err, PLN_EOPTION, "no such check: %s (did you mean '%s'?)", shown, near);
}

/* ---- parameters ---- */

/* t text, T texts, n number, b boolean, v value, V values, d duration, c a list, s a schema, * anything */
static const struct {
    const char *name;
    char type;
} parameters[] = {
    {"column", 't'},      {"columns", 'T'},     {"index", 'n'},       {"ordered", 'b'},
    {"exact", 'b'},       {"equals", 'v'},      {"min", 'v'},         {"max", 'v'},
    {"type", 't'},        {"types", 'T'},       {"values", 'V'},      {"pattern", 't'},
    {"patterns", 'T'},    {"flags", 't'},       {"trim", 'b'},        {"strict_min", 'b'},
    {"strict_max", 'b'},  {"value", 'v'},       {"unit", 't'},        {"max_skew", 'd'},
    {"text", 't'},        {"format", 't'},      {"to", 't'},          {"field", 't'},
    {"fields", 'T'},      {"to_condition", 't'}, {"factor", 'n'},     {"warn_after", 'd'},
    {"error_after", 'd'}, {"quantile", 'n'},    {"a", 't'},           {"b", 't'},
    {"or_equal", 'b'},    {"total", 'v'},       {"expression", 't'},  {"checks", 'c'},
    {"pairs", 'c'},       {"ties_okay", 'b'},   {"direction", 't'},   {"strictly", 'b'},
    {"step", 'v'},        {"aggregate", 't'},   {"to_expression", 't'}, {"tolerance", 'v'},
    {"tolerance_percent", 'n'}, {"baseline", 't'}, {"allow", 'T'},     {"schema", 's'},
    {"query", 't'},       {"metric", 't'},      {"tables", 'T'},      {"max_steps", 'n'},
    {"max_bytes", 'n'},
    /* what all kinds have */
    {"check", 't'},       {"id", 't'},          {"severity", 't'},    {"mostly", 'n'},
    {"max_failures", 'v'}, {"warn_if", 't'},    {"error_if", 't'},    {"where", 't'},
    {"ignore_row_if", 't'}, {"null_policy", 't'}, {"group_by", 'T'}, {"max_groups", 'n'},
    {"scope", 't'}, {"action", 't'},    {"sample_limit", 'n'},
    {"key_columns", 'T'}, {"redact", 'b'},      {"tags", 'T'},        {"owner", 't'},
    {"description", 't'}, {"meta", '*'},
};
static const char common[] =
    "check id severity mostly max_failures warn_if error_if where "
    "ignore_row_if null_policy group_by max_groups scope action sample_limit key_columns redact "
    "tags owner description meta";

/* Whether `list` has the word; *required: a '*' stands behind it. */
static bool listed(const char *list, const char *name, bool *required) {
    size_t size = strlen(name);
    *required = false;
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " *");
        *required = at[n] == '*';
        if (n == size && memcmp(at, name, n) == 0)
            return true;
        at += strcspn(at, " ");
    }
    return false;
}

bool pln__check_takes(const pln__check_kind *kind, const char *name) {
    bool required;
    return listed(kind->parameters, name, &required) || listed(common, name, &required);
}

static bool texts(const json_t *value) {
    size_t i;
    const json_t *item;
    json_array_foreach((json_t *)value, i, item) {
        if (!json_is_string(item))
            return false;
    }
    return json_is_array(value) && json_array_size(value) > 0;
}

static bool scalars(const json_t *value) {
    size_t i;
    const json_t *item;
    json_array_foreach((json_t *)value, i, item) {
        if (json_is_array(item) || json_is_object(item))
            return false;
    }
    return json_is_array(value);
}

static const char *wanted_by(char type, const json_t *value) {
    switch (type) {
    case 't': return json_is_string(value) ? NULL : "a text";
    case 'T': return texts(value) ? NULL : "a list of texts";
    case 'n': return json_is_number(value) ? NULL : "a number";
    case 'b': return json_is_boolean(value) ? NULL : "true or false";
    case 'v':
        return json_is_array(value) || json_is_object(value) || json_is_null(value) ? "a value"
                                                                                    : NULL;
    case 'V': return scalars(value) ? NULL : "a list of values";
    case 'd': return json_is_string(value) || json_is_integer(value) ? NULL : "a duration";
    case 'c':
        return json_is_array(value) && json_array_size(value) > 0 ? NULL
                                                                  : "a list that is not empty";
    case 's': return json_is_object(value) || json_is_boolean(value) ? NULL : "a JSON Schema";
    default: return NULL;
    }
}

static char type_of(const char *name) {
    for (int i = 0; i < PLN__COUNT(parameters); i++)
        if (strcmp(parameters[i].name, name) == 0)
            return parameters[i].type;
    return '*';
}

static pln_status unknown(const pln__check_kind *kind, const char *name, pln_error *err) {
    const char *near[PLN__COUNT(parameters) + 1];
    char shown[PLN__SHOW_SIZE];
    int n = 0;
    bool required;
    for (int i = 0; i < PLN__COUNT(parameters); i++)
        if (listed(kind->parameters, parameters[i].name, &required) ||
            listed(common, parameters[i].name, &required))
            near[n++] = parameters[i].name;
    near[n] = NULL;
    const char *best = pln__nearest(name, near);
    pln__show(shown, name, (int64_t)strlen(name));
    if (best == NULL)
        return pln__error_set(err, PLN_EOPTION, "%s: no such parameter: %s", kind->name, shown);
    return pln__error_set(err, PLN_EOPTION, "%s: no such parameter: %s (did you mean '%s'?)",
                          kind->name, shown, best);
}

static pln_status missing(const pln__check_kind *kind, const json_t *config, pln_error *err) {
    for (int i = 0; i < PLN__COUNT(parameters); i++) {
        bool required;
        const char *name = parameters[i].name;
        if (listed(kind->parameters, name, &required) && required &&
            json_object_get(config, name) == NULL)
            return pln__error_set(err, PLN_EOPTION, "%s: parameter '%s' is missing", kind->name,
                                  name);
    }
    return PLN_OK;
}

pln_status pln__check_parameters(const pln__check_kind *kind, json_t *config, pln_error *err) {
    const char *name;
    json_t *value;
    json_object_foreach(config, name, value) {
        bool required;
        if (!listed(kind->parameters, name, &required) && !listed(common, name, &required))
            return unknown(kind, name, err);
        const char *wanted = wanted_by(type_of(name), value);
        if (wanted != NULL) {
            char shown[PLN__SHOW_SIZE], *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            pln__show(shown, text != NULL ? text : "", text != NULL ? (int64_t)strlen(text) : 0);
            free(text);
            return pln__error_set(err, PLN_EOPTION, "%s: %s: expected %s, got %s", kind->name, name,
                                  wanted, shown);
        }
    }
    return missing(kind, config, err);
}
