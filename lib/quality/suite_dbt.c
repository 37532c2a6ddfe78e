/*
 * The four generic tests of dbt, and those of dbt_utils and dbt_expectations that are known by name (alias.c), as they stand under a column in its schema files, with
 * their configuration.
 */
#include "quality/suite.h"
#include <stdio.h>

/* What is said beside or under "config" and has a place here. */
static const struct {
    const char *theirs, *ours;
} configs[] = {{"severity", "severity"}, {"warn_if", "warn_if"}, {"error_if", "error_if"},
               {"where", "where"},       {"limit", "sample_limit"}, {"tags", "tags"},
               {"meta", "meta"},         {"name", "id"}};

/* ref('customers') and source('raw', 'customers') are customers. */
static json_t *table_of(const char *text) {
    const char *end = strrchr(text, '\''), *begin = end;
    if (end == NULL)
        end = begin = strrchr(text, '"');
    if (begin == NULL || strchr(text, '(') == NULL)
        return json_string(text);
    while (begin > text && begin[-1] != *end)
        begin--;
    return json_stringn(begin, (size_t)(end - begin));
}

/* dbt writes ERROR and error. */
static json_t *lowered(json_t *value) {
    char text[16];
    const char *from = json_string_value(value);
    size_t n = from != NULL ? strlen(from) : 0, i;
    if (n == 0 || n >= sizeof text)
        return json_incref(value);
    for (i = 0; i < n; i++)
        text[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
    return json_stringn(text, n);
}

static json_t *list_of(json_t *value) {
    return json_is_string(value) ? json_pack("[O]", value) : json_incref(value);
}

static int configure(json_t *check, const json_t *config) {
    int failed = 0;
    for (int i = 0; i < PLN__COUNT(configs); i++) {
        json_t *value = json_object_get(config, configs[i].theirs);
        const char *name = configs[i].ours;
        if (value == NULL)
            continue;
        json_t *ours = strcmp(name, "severity") == 0 ? lowered(value)
                       : strcmp(name, "tags") == 0   ? list_of(value)
                                                     : json_incref(value);
        failed |= json_object_set_new(check, name, ours);
    }
    return failed;
}

/* Arguments stand beside the name or, since dbt 1.10, under "arguments". */
static json_t *argument(const json_t *test, const char *name) {
    json_t *value = json_object_get(json_object_get(test, "arguments"), name);
    return value != NULL ? value : json_object_get(test, name);
}

static int translate(json_t *check, const char *name, const json_t *test) {
    int failed = 0;
    if (strcmp(name, "unique") == 0 || strcmp(name, "not_null") == 0)
        return json_object_set_new(check, "check", json_string(name));
    if (strcmp(name, "accepted_values") == 0) {
        failed |= json_object_set_new(check, "check", json_string("in_set"));
        if (argument(test, "values") != NULL)
            failed |= json_object_set(check, "values", argument(test, "values"));
        return failed;
    }
    const char *to = json_string_value(argument(test, "to"));
    failed |= json_object_set_new(check, "check", json_string("relationships"));
    if (to != NULL)
        failed |= json_object_set_new(check, "to", table_of(to));
    if (argument(test, "field") != NULL)
        failed |= json_object_set(check, "field", argument(test, "field"));
    return failed;
}

static bool is_config(const char *name) {
    static const char *const others[] = {"config", "arguments", "enabled"};
    bool found = false;
    for (int i = 0; i < PLN__COUNT(configs); i++)
        found |= strcmp(configs[i].theirs, name) == 0;
    for (int i = 0; i < PLN__COUNT(others); i++)
        found |= strcmp(others[i], name) == 0;
    return found;
}

/* All arguments by their names; a table's name is what ref() names. */
static int copy(json_t *check, const char *name, const json_t *test) {
    const json_t *from[] = {test, json_object_get(test, "arguments")};
    const char *key;
    json_t *value;
    int failed = json_object_set_new(check, "check", json_string(name));
    for (int i = 0; i < 2; i++) {
        json_object_foreach((json_t *)from[i], key, value) {
            bool table = json_is_string(value) &&
                         (strcmp(key, "to") == 0 || strcmp(key, "compare_model") == 0);
            if (i == 0 && is_config(key))
                continue;
            failed |= json_object_set_new(
                check, key, table ? table_of(json_string_value(value)) : json_incref(value));
        }
    }
    return failed;
}

static bool enabled(const json_t *test) {
    const json_t *flag = json_object_get(json_object_get(test, "config"), "enabled");
    return !json_is_false(flag) && !json_is_false(json_object_get(test, "enabled"));
}

static pln_status add_test(pln_suite *suite, const char *column, json_t *given, const char *place,
                           pln_error *err) {
    static const char *const known[] = {"unique", "not_null", "accepted_values", "relationships",
                                        NULL};
    const char *name = json_string_value(given);
    json_t *test = NULL, *check;
    pln_status status = PLN_OK;
    if (json_is_object(given) && json_object_size(given) == 1) {
        void *only = json_object_iter(given);
        name = json_object_iter_key(only);
        test = json_object_iter_value(only);
    }
    const char *const *at = known;
    while (name != NULL && *at != NULL && strcmp(*at, name) != 0)
        at++;
    bool other = name != NULL && *at == NULL && pln__check_alias_known(name);
    if (name == NULL || (*at == NULL && !other))
        return pln__error_set(
            err, PLN_EOPTION,
            "%s: expected unique, not_null, accepted_values, relationships or a test of dbt_utils "
            "or dbt_expectations that is known here, got %s",
            place, name != NULL ? name : "something else");
    if (!enabled(test))
        return PLN_OK;
    check = json_pack("{ss}", "column", column);
    int failed = check == NULL || (other ? copy : translate)(check, name, test) != 0 ||
                 configure(check, test) != 0 ||
                 configure(check, json_object_get(test, "config")) != 0;
    status = failed ? pln__error_memory(err, 1) : pln__suite_add(suite, check, place, err);
    json_decref(check);
    return status;
}

pln_status pln__suite_dbt(pln_suite *suite, const json_t *columns, pln_error *err) {
    size_t i, k;
    json_t *column, *test;
    char place[64];
    json_array_foreach((json_t *)columns, i, column) {
        const char *name = json_string_value(json_object_get(column, "name"));
        json_t *tests = json_object_get(column, "data_tests");
        if (name == NULL)
            return pln__error_set(err, PLN_EOPTION, "columns[%zu]: name is missing", i);
        tests = tests != NULL ? tests : json_object_get(column, "tests");
        if (tests != NULL && !json_is_array(tests))
            return pln__error_set(err, PLN_EOPTION, "columns[%zu]: tests: expected a list", i);
        json_array_foreach(tests, k, test) {
            snprintf(place, sizeof place, "columns[%zu].tests[%zu]", i, k);
            pln_status status = add_test(suite, name, test, place, err);
            if (status < 0)
                return status;
        }
    }
    return PLN_OK;
}
