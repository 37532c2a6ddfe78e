/*
 * Names that Great Expectations, dbt, dbt_utils and dbt_expectations have for kinds of checks and their parameters. A check in their words becomes one of ours before it
 * is held to the catalogue, so that errors of values speak of ours, and those of names of theirs.
 */
#include "quality/suite.h"
#include <stdio.h>

typedef struct alias {
    const char *theirs, *ours;
    const char *names; /* "min_value=min strict_min": theirs=ours, or the same */
    const char *fixed; /* members that the name itself says, as JSON; NULL: none */
    /* What is more than a name. 0, or -1 without memory, or a parameter's name whose value does not fit in *wrong. */
    int (*change)(json_t *config, const char **wrong);
} alias;

static int rename_to(json_t *config, const char *from, const char *to) {
    json_t *value = json_incref(json_object_get(config, from));
    if (value == NULL)
        return 0;
    int failed = json_object_del(config, from);
    return json_object_set_new(config, to, value) | failed;
}

/* ---- more than names ---- */

/* "match_on": "all" or "any". */
static int match_on(json_t *config, const char **wrong) {
    const char *on = json_string_value(json_object_get(config, "match_on"));
    bool all = on != NULL && strcmp(on, "all") == 0;
    if (json_object_get(config, "match_on") == NULL)
        return 0;
    if (on == NULL || (!all && strcmp(on, "any") != 0)) {
        *wrong = "match_on";
        return 0;
    }
    int failed =
        json_object_set_new(config, "check", json_string(all ? "matches_all" : "matches_any"));
    return failed | json_object_del(config, "match_on");
}

/* "inclusive": false makes both ends strict. */
static int inclusive(json_t *config, const char **wrong) {
    json_t *flag = json_object_get(config, "inclusive");
    if (flag == NULL)
        return 0;
    if (!json_is_boolean(flag)) {
        *wrong = "inclusive";
        return 0;
    }
    bool strict = json_is_false(flag);
    int failed = json_object_set_new(config, "strict_min", json_boolean(strict));
    failed |= json_object_set_new(config, "strict_max", json_boolean(strict));
    return failed | json_object_del(config, "inclusive");
}

/* {"datepart": "hour", "interval": 3} as "3h"; without a part the number. */
static int interval(json_t *config, const char *to, const char **wrong) {
    static const struct {
        const char *part, *unit;
        int64_t times;
    } parts[] = {{"second", "s", 1},
                 {"minute", "m", 1},
                 {"hour", "h", 1},
                 {"day", "d", 1},
                 {"week", "d", 7}};
    const json_t *given = json_object_get(config, "interval");
    const char *part = json_string_value(json_object_get(config, "datepart"));
    int64_t n = given == NULL ? 1 : json_integer_value(given);
    char text[40] = "";
    for (int i = 0; part != NULL && i < PLN__COUNT(parts); i++)
        if (strcmp(part, parts[i].part) == 0)
            snprintf(text, sizeof text, "%lld%s", (long long)(n * parts[i].times), parts[i].unit);
    if (given != NULL && (!json_is_integer(given) || n <= 0 || n > 1000000))
        *wrong = "interval";
    else if (json_object_get(config, "datepart") != NULL && text[0] == '\0')
        *wrong = "datepart";
    if (*wrong != NULL)
        return 0;
    (void)json_object_del(config, "interval");
    (void)json_object_del(config, "datepart");
    return json_object_set_new(config, to, text[0] != '\0' ? json_string(text) : json_integer(n));
}

static int recent(json_t *config, const char **wrong) {
    return interval(config, "error_after", wrong);
}
static int sequential(json_t *config, const char **wrong) {
    return interval(config, "step", wrong);
}

/* {"quantiles": [0.5], "value_ranges": [[1, null]]}, of one quantile. */
static int one_quantile(json_t *config, const char **wrong) {
    json_t *given = json_object_get(config, "quantile_ranges");
    json_t *quantiles = json_object_get(given, "quantiles");
    json_t *range = json_array_get(json_object_get(given, "value_ranges"), 0);
    int failed = 0;
    if (given == NULL)
        return 0;
    if (json_array_size(quantiles) != 1 || json_array_size(range) != 2) {
        *wrong = "quantile_ranges";
        return 0;
    }
    failed |= json_object_set(config, "quantile", json_array_get(quantiles, 0));
    if (!json_is_null(json_array_get(range, 0)))
        failed |= json_object_set(config, "min", json_array_get(range, 0));
    if (!json_is_null(json_array_get(range, 1)))
        failed |= json_object_set(config, "max", json_array_get(range, 1));
    return failed | json_object_del(config, "quantile_ranges");
}

/* {batch} is the table of rows. */
static int batch_is_rows(json_t *config, const char **wrong) {
    const char *from = json_string_value(json_object_get(config, "query")), *at;
    json_t *text = json_string(""), *joined;
    (void)wrong;
    while (from != NULL && text != NULL && (at = strstr(from, "{batch}")) != NULL) {
        joined = json_sprintf("%s%.*srows", json_string_value(text), (int)(at - from), from);
        json_decref(text);
        text = joined;
        from = at + 7;
    }
    if (from == NULL || text == NULL) {
        json_decref(text);
        return text == NULL ? -1 : 0;
    }
    joined = json_sprintf("%s%s", json_string_value(text), from);
    json_decref(text);
    return json_object_set_new(config, "query", joined);
}

/* ---- the table ---- */

#define RANGE "column min_value=min max_value=max strict_min strict_max"

static const alias aliases[] = {
    /* Great Expectations, and dbt_expectations that took its names */
    {"expect_column_to_exist", "column_exists", "column column_index=index", NULL, NULL},
    {"expect_table_columns_to_match_set", "columns_match", "column_set=columns column_list=columns exact_match=exact", NULL, NULL},
    {"expect_table_columns_to_match_ordered_list", "columns_match", "column_list=columns", "{\"ordered\":true}", NULL},
    {"expect_table_columns_to_contain_set", "columns_match", "column_list=columns", "{\"exact\":false}", NULL},
    {"expect_table_column_count_to_equal", "column_count", "value=equals", NULL, NULL},
    {"expect_table_column_count_to_be_between", "column_count", "min_value=min max_value=max", NULL, NULL},
    {"expect_column_values_to_be_of_type", "column_type", "column type_=type column_type=type", NULL, NULL},
    {"expect_column_values_to_be_in_type_list", "column_type", "column type_list=types column_type_list=types", NULL, NULL},
    {"expect_column_values_to_not_be_null", "not_null", "column", NULL, NULL},
    {"expect_column_values_to_be_null", "null", "column", NULL, NULL},
    {"expect_column_values_to_be_unique", "unique", "column", NULL, NULL},
    {"expect_compound_columns_to_be_unique", "unique", "column_list=columns", NULL, NULL},
    {"expect_select_column_values_to_be_unique_within_record", "unique_within_row", "column_list=columns", NULL, NULL},
    {"expect_column_values_to_be_between", "between", RANGE, NULL, NULL},
    {"expect_column_value_lengths_to_be_between", "length", "column min_value=min max_value=max", NULL, NULL},
    {"expect_column_value_lengths_to_equal", "length", "column value=equals", NULL, NULL},
    {"expect_column_values_to_be_in_set", "in_set", "column value_set=values", NULL, NULL},
    {"expect_column_values_to_not_be_in_set", "not_in_set", "column value_set=values", NULL, NULL},
    {"expect_column_distinct_values_to_be_in_set", "distinct_in_set", "column value_set=values", NULL, NULL},
    {"expect_column_distinct_values_to_contain_set", "distinct_contains_set", "column value_set=values", NULL, NULL},
    {"expect_column_distinct_values_to_equal_set", "distinct_equals_set", "column value_set=values", NULL, NULL},
    {"expect_column_most_common_value_to_be_in_set", "most_common_in_set", "column value_set=values ties_okay", NULL, NULL},
    {"expect_column_values_to_match_regex", "matches", "column regex=pattern flags", NULL, NULL},
    {"expect_column_values_to_not_match_regex", "not_matches", "column regex=pattern flags", NULL, NULL},
    {"expect_column_values_to_match_regex_list", "matches_any", "column regex_list=patterns flags match_on", NULL, match_on},
    {"expect_column_values_to_not_match_regex_list", "matches_none", "column regex_list=patterns flags", NULL, NULL},
    {"expect_column_values_to_match_like_pattern", "like", "column like_pattern=pattern", NULL, NULL},
    {"expect_column_values_to_not_match_like_pattern", "not_like", "column like_pattern=pattern", NULL, NULL},
    {"expect_column_values_to_be_json_parseable", "format", "column", "{\"format\":\"json\"}", NULL},
    {"expect_column_values_to_match_json_schema", "json_schema", "column json_schema=schema", NULL, NULL},
    {"expect_column_values_to_be_increasing", "monotonic", "column strictly", NULL, NULL},
    {"expect_column_values_to_be_decreasing", "monotonic", "column strictly", "{\"direction\":\"decreasing\"}", NULL},
    {"expect_column_unique_value_count_to_be_between", "distinct_count", "column min_value=min max_value=max", NULL, NULL},
    {"expect_column_distinct_count_to_equal", "distinct_count", "column value=equals", NULL, NULL},
    {"expect_column_proportion_of_unique_values_to_be_between", "distinct_proportion", "column min_value=min max_value=max", NULL, NULL},
    {"expect_column_min_to_be_between", "column_min", RANGE, NULL, NULL},
    {"expect_column_max_to_be_between", "column_max", RANGE, NULL, NULL},
    {"expect_column_mean_to_be_between", "column_mean", RANGE, NULL, NULL},
    {"expect_column_sum_to_be_between", "column_sum", RANGE, NULL, NULL},
    {"expect_column_stdev_to_be_between", "column_stdev", RANGE, NULL, NULL},
    {"expect_column_median_to_be_between", "column_median", RANGE, NULL, NULL},
    {"expect_column_quantile_values_to_be_between", "column_quantile", "column quantile_ranges quantile min_value=min max_value=max", NULL, one_quantile},
    {"expect_column_pair_values_to_be_equal", "pair_equal", "column_A=a column_B=b", NULL, NULL},
    {"expect_column_pair_values_a_to_be_greater_than_b", "pair_greater", "column_A=a column_B=b or_equal", NULL, NULL},
    {"expect_column_pair_values_to_be_in_set", "pair_in_set", "column_A=a column_B=b value_pairs_set=pairs", NULL, NULL},
    {"expect_multicolumn_sum_to_equal", "sum_equals", "column_list=columns sum_total=total", NULL, NULL},
    {"expect_table_row_count_to_equal", "row_count", "value=equals", NULL, NULL},
    {"expect_table_row_count_to_be_between", "row_count", "min_value=min max_value=max", NULL, NULL},
    {"expect_table_row_count_to_equal_other_table", "row_count_match", "other_table_name=to compare_model=to factor", NULL, NULL},
    {"expect_table_aggregation_to_equal_other_table", "aggregate_match", "expression compare_model=to compare_expression=to_expression tolerance tolerance_percent", NULL, NULL},
    {"expect_row_values_to_have_recent_data", "freshness", "column datepart interval", NULL, recent},
    {"unexpected_rows_expectation", "sql", "unexpected_rows_query=query", NULL, batch_is_rows},
    /* dbt, dbt_utils */
    {"accepted_values", "in_set", "column values", NULL, NULL},
    {"accepted_range", "between", "column min_value=min max_value=max inclusive", NULL, inclusive},
    {"not_accepted_values", "not_in_set", "column values", NULL, NULL},
    {"not_null_proportion", "completeness", "column at_least=min at_most=max", NULL, NULL},
    {"at_least_one", "distinct_count", "column", "{\"min\":1}", NULL},
    {"not_empty_string", "not_empty", "column trim_whitespace=trim", NULL, NULL},
    {"unique_combination_of_columns", "unique", "combination_of_columns=columns", NULL, NULL},
    {"expression_is_true", "expression", "expression", NULL, NULL},
    {"relationships_where", "relationships", "column to field from_condition=where to_condition", NULL, NULL},
    {"equal_rowcount", "row_count_match", "compare_model=to", NULL, NULL},
    {"fewer_rows_than", "row_count_match", "compare_model=to", "{\"max\":1,\"strict_max\":true}", NULL},
    {"recency", "freshness", "field=column datepart interval", NULL, recent},
    {"sequential_values", "monotonic", "column interval datepart", NULL, sequential},
    /* kinds of the same name, whose parameters they call otherwise */
    {"not_constant", "not_constant", "column", NULL, NULL},
};

/* What they say beside all of them. */
static const char beside[] = "row_condition=where group_by_columns=group_by notes=description";

static const struct {
    const char *theirs, *ours;
} ignored[] = {{"both_values_are_missing", "all_missing"}, {"either_value_is_missing", "any_missing"},
               {"all_values_are_missing", "all_missing"}, {"any_value_is_missing", "any_missing"}};

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

/* ExpectColumnValuesToBeBetween is expect_column_values_to_be_between, and a package's name before a point says nothing. */
static const alias *find(const char *name) {
    static const char *const packages[] = {"dbt_utils.", "dbt_expectations.", "dbt."};
    char snake[128];
    size_t n = 0;
    for (int i = 0; i < PLN__COUNT(packages); i++)
        if (strncmp(name, packages[i], strlen(packages[i])) == 0)
            name += strlen(packages[i]);
    bool camel = is_upper(name[0]) && strchr(name, '_') == NULL;
    for (; *name != '\0' && n + 2 < sizeof snake; name++) {
        /* The A and B of a pair are words of one letter. */
        if (camel && is_upper(*name) && n > 0)
            snake[n++] = '_';
        snake[n++] = camel ? (char)(is_upper(*name) ? *name + 32 : *name) : *name;
    }
    snake[n] = '\0';
    for (int i = 0; i < PLN__COUNT(aliases) && *name == '\0'; i++)
        if (strcmp(aliases[i].theirs, snake) == 0)
            return &aliases[i];
    return NULL;
}

bool pln__check_alias_known(const char *name) {
    return find(name) != NULL;
}

/* ---- names of parameters ---- */

/* Whether `list` has their name; `ours` is ours then. */
static bool translated(const char *list, const char *name, char ours[40]) {
    size_t size = strlen(name);
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t whole = strcspn(at, " "), theirs = strcspn(at, " =");
        const char *from = theirs < whole ? at + theirs + 1 : at;
        if (theirs == size && memcmp(at, name, size) == 0) {
            snprintf(ours, 40, "%.*s", (int)(at + whole - from), from);
            return true;
        }
        at += whole;
    }
    return false;
}

static pln_status unknown(const alias *a, const char *name, pln_error *err) {
    char words[24][40], shown[PLN__SHOW_SIZE];
    const char *near[25], *lists[] = {a->names, beside};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        for (const char *at = lists[i]; *at != '\0' && n < 24; at += strspn(at, " ")) {
            snprintf(words[n], sizeof words[n], "%.*s", (int)strcspn(at, " ="), at);
            near[n] = words[n];
            n++;
            at += strcspn(at, " ");
        }
    }
    near[n] = NULL;
    const char *best = pln__nearest(name, near);
    pln__show(shown, name, (int64_t)strlen(name));
    return pln__error_set(err, PLN_EOPTION, "%s: no such parameter: %s%s%s%s", a->theirs, shown,
                          best != NULL ? " (did you mean '" : "", best != NULL ? best : "",
                          best != NULL ? "'?)" : "");
}

static pln_status no_memory(pln_error *err) {
    return pln__error_set(err, PLN_ENOMEM, "no memory for a check");
}

static pln_status rename_all(const alias *a, json_t *config, pln_error *err) {
    const pln__check_kind *kind = pln__check_kind_of(a->ours);
    json_t *names = json_array(), *name;
    const char *key;
    size_t i;
    pln_status status = names == NULL ? no_memory(err) : PLN_OK;
    void *at = json_object_iter(config);
    for (; at != NULL && status == PLN_OK; at = json_object_iter_next(config, at))
        if (json_array_append_new(names, json_string(json_object_iter_key(at))) != 0)
            status = no_memory(err);
    json_array_foreach(names, i, name) {
        char ours[40];
        key = json_string_value(name);
        if (status < 0)
            break;
        if (translated(a->names, key, ours) || translated(beside, key, ours)) {
            if (strcmp(key, ours) != 0 && json_object_get(config, ours) != NULL)
                status = pln__error_set(err, PLN_EOPTION, "%s: %s: %s is there, too", a->theirs,
                                        key, ours);
            else if (strcmp(key, ours) != 0 && rename_to(config, key, ours) != 0)
                status = no_memory(err);
        } else if (!pln__check_takes(kind, key)) {
            status = unknown(a, key, err);
        }
    }
    json_decref(names);
    return status;
}

static int rename_ignored(json_t *config) {
    const char *value = json_string_value(json_object_get(config, "ignore_row_if"));
    for (int i = 0; value != NULL && i < PLN__COUNT(ignored); i++)
        if (strcmp(ignored[i].theirs, value) == 0)
            return json_object_set_new(config, "ignore_row_if", json_string(ignored[i].ours));
    return 0;
}

/* {"type": "expect_...", "kwargs": {...}, "meta": {...}} as one object. */
static int flatten(json_t *config) {
    json_t *kwargs = json_object_get(config, "kwargs");
    const char *name =
        json_object_get(config, "expectation_type") != NULL ? "expectation_type" : "type";
    if (json_object_get(config, "check") != NULL || !json_is_object(kwargs) ||
        !json_is_string(json_object_get(config, name)))
        return 0;
    int failed = rename_to(config, name, "check");
    failed |= json_object_update_missing(config, kwargs);
    return failed | json_object_del(config, "kwargs");
}

pln_status pln__check_translate(json_t *config, pln_error *err) {
    if (flatten(config) != 0)
        return no_memory(err);
    const char *name = json_string_value(json_object_get(config, "check")), *wrong = NULL;
    const alias *a = name == NULL ? NULL : find(name);
    if (a == NULL)
        return PLN_OK;
    pln_status status = rename_all(a, config, err);
    if (status < 0)
        return status;
    json_t *fixed = a->fixed != NULL ? json_loads(a->fixed, 0, NULL) : NULL;
    int failed =
        json_object_set_new(config, "check", json_string(a->ours)) | rename_ignored(config);
    if (a->fixed != NULL)
        failed |= fixed == NULL || json_object_update_missing(config, fixed) != 0;
    if (a->change != NULL && !failed)
        failed |= a->change(config, &wrong);
    json_decref(fixed);
    if (wrong != NULL)
        return pln__error_set(err, PLN_EOPTION, "%s: %s: it is not what is known of it here",
                              a->theirs, wrong);
    return failed ? no_memory(err) : PLN_OK;
}
