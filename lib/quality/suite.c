/* Suites: checks by name, and the tables that they refer to. */
#include "quality/suite.h"
#include "sketch/form.h"
#include <stdio.h>

static const char *const members[] = {"name",        "checks", "defaults", "columns",
                                      "description", "meta",   NULL};

void pln_suite_options_init(pln_suite_options *options, uint32_t size) {
    pln_suite_options whole = {.struct_size = size};
    memcpy(options, &whole, size < sizeof whole ? size : sizeof whole);
}

/* ---- references ---- */

static int64_t find_reference(const pln_suite *suite, const char *name) {
    for (int64_t i = 0; i < suite->n_references; i++)
        if (strcmp(suite->references[i].name, name) == 0)
            return i;
    return -1;
}

/* *place: where it stands among the references, which it joins if it is new. */
static pln_status refer_to(pln_suite *suite, const char *name, int64_t *place, pln_error *err) {
    *place = find_reference(suite, name);
    if (*place >= 0)
        return PLN_OK;
    pln_status status = pln__grow(&suite->mem, &suite->references, &suite->references_capacity,
                                  suite->n_references + 1, sizeof *suite->references, err);
    if (status < 0)
        return status;
    pln__reference *reference = &suite->references[suite->n_references];
    *reference = (pln__reference){.name = pln__strdup(&suite->mem, name)};
    if (reference->name == NULL)
        return pln__error_memory(err, strlen(name) + 1);
    *place = suite->n_references++;
    return PLN_OK;
}

static pln_status refer(pln_suite *suite, pln__check *check, pln_error *err) {
    const json_t *to = pln__check_get(check, "to"), *table;
    pln_status status = PLN_OK;
    int64_t ignored;
    size_t i;
    check->reference = -1;
    if (to != NULL)
        status = refer_to(suite, json_string_value(to), &check->reference, err);
    json_array_foreach((json_t *)pln__check_get(check, "tables"), i, table) {
        if (status == PLN_OK)
            status = refer_to(suite, json_string_value(table), &ignored, err);
    }
    return status;
}

const char *pln__suite_table(const pln_suite *suite, int64_t i) {
    return i < suite->n_references ? suite->references[i].name : NULL;
}

/* ---- checks ---- */

/* The first "unique(a) 2", "unique(a) 3" ... that is free. Each name knows how far it has come, or many checks of one name would look long. */
static pln_status number_it(pln_suite *suite, pln__check *check, pln_error *err) {
    json_t *last = json_object_get(suite->ids, check->id);
    int64_t n = json_integer_value(last);
    pln__text id;
    pln_status status;
    pln__text_init(&id, &suite->mem);
    do {
        id.size = 0;
        pln__text_printf(&id, "%s %lld", check->id, (long long)n++);
        PLN__TRY(pln__text_status(&id, err));
    } while (json_object_get(suite->ids, id.data) != NULL);
    json_integer_set(last, n);
    if (json_object_set_new(check->config, "id", json_string(id.data)) != 0)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for an id");
    check->id = json_string_value(pln__check_get(check, "id"));
    PLN__TRY(pln__check_retell(&suite->mem, check, err));
out:
    pln__text_free(&id);
    return status;
}

/* An id that was given must be the only one; one that was made gets a number. */
static pln_status make_unique(pln_suite *suite, pln__check *check, bool given, const char *place,
                              pln_error *err) {
    pln_status status = PLN_OK;
    if (json_object_get(suite->ids, check->id) != NULL)
        status = given ? pln__error_set(err, PLN_EEXIST, "%s: id: there is another check '%s'",
                                        place, check->id)
                       : number_it(suite, check, err);
    if (status == PLN_OK && json_object_set_new(suite->ids, check->id, json_integer(2)) != 0)
        status = pln__error_set(err, PLN_ENOMEM, "no memory for an id");
    return status;
}

pln_status pln__suite_add(pln_suite *suite, const json_t *object, const char *place,
                          pln_error *err) {
    pln__check *check = NULL;
    pln_status status;
    if (suite->n_checks == PLN__CHECKS_MOST)
        return pln__error_set(err, PLN_ELIMIT, "%s: more than %d checks", place, PLN__CHECKS_MOST);
    PLN__TRY(pln__check_new(&suite->mem, suite->defaults, object, place, &check, err));
    PLN__TRY(make_unique(suite, check, json_object_get(object, "id") != NULL, place, err));
    PLN__TRY(refer(suite, check, err));
    PLN__TRY(pln__grow(&suite->mem, &suite->checks, &suite->checks_capacity, suite->n_checks + 1,
                       sizeof *suite->checks, err));
    suite->checks[suite->n_checks++] = check;
    return PLN_OK;
out:
    pln__check_free(&suite->mem, check);
    return status;
}

static pln_status parse(const char *json, json_t **out, pln_error *err) {
    json_error_t at;
    *out = json_loads(json, JSON_REJECT_DUPLICATES, &at);
    if (*out == NULL)
        return pln__error_set(err, PLN_ESYNTAX, "suite: JSON line %d, column %d: %s", at.line,
                              at.column, at.text);
    return PLN_OK;
}

pln_status pln_suite_add(pln_suite *suite, const char *json, pln_error *err) {
    json_t *object;
    char place[32];
    pln_status status = parse(json, &object, err);
    if (status < 0)
        return status;
    snprintf(place, sizeof place, "checks[%lld]", (long long)suite->n_checks);
    status = pln__suite_add(suite, object, place, err);
    json_decref(object);
    return status;
}

/* ---- the suite ---- */

static pln_status read_members(pln_suite *suite, const json_t *whole, pln_error *err) {
    const char *key, *name = json_string_value(json_object_get(whole, "name"));
    json_t *value;
    json_object_foreach((json_t *)whole, key, value) {
        const char *const *known = members;
        while (*known != NULL && strcmp(*known, key) != 0)
            known++;
        if (*known == NULL) {
            char shown[PLN__SHOW_SIZE];
            const char *near = pln__nearest(key, members);
            return pln__error_set(err, PLN_EOPTION, "suite: no such member: %s%s%s%s",
                                  pln__show(shown, key, (int64_t)strlen(key)),
                                  near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                                  near != NULL ? "'?)" : "");
        }
    }
    if (name == NULL && json_object_get(whole, "name") != NULL)
        return pln__error_set(err, PLN_EOPTION, "suite: name: expected a text");
    suite->name = pln__strdup(&suite->mem, name != NULL ? name : "");
    if (suite->name == NULL)
        return pln__error_memory(err, 1);
    suite->defaults = json_incref(json_object_get(whole, "defaults"));
    if (suite->defaults != NULL && !json_is_object(suite->defaults))
        return pln__error_set(err, PLN_EOPTION, "suite: defaults: expected an object");
    return PLN_OK;
}

static pln_status read_checks(pln_suite *suite, const json_t *whole, pln_error *err) {
    const json_t *checks = json_object_get(whole, "checks");
    const json_t *columns = json_object_get(whole, "columns");
    pln_status status = PLN_OK;
    size_t i;
    json_t *item;
    if ((checks != NULL && !json_is_array(checks)) || (columns != NULL && !json_is_array(columns)))
        return pln__error_set(err, PLN_EOPTION, "suite: %s: expected a list",
                              json_is_array(columns) || columns == NULL ? "checks" : "columns");
    json_array_foreach((json_t *)checks, i, item) {
        char place[32];
        snprintf(place, sizeof place, "checks[%zu]", i);
        PLN__TRY(pln__suite_add(suite, item, place, err));
    }
    if (columns != NULL)
        PLN__TRY(pln__suite_dbt(suite, columns, err));
out:
    return status;
}

pln_status pln_suite_new(pln_runtime *runtime, const char *json, const pln_suite_options *options,
                         pln_suite **out, pln_error *err) {
    pln_suite_options o;
    json_t *whole = NULL;
    pln_status status;
    pln_suite_options_init(&o, sizeof o);
    if (options != NULL)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    const pln_allocator *mem = pln__sketch_memory(runtime, o.allocator);
    pln_suite *suite = pln__calloc(mem, 1, sizeof *suite);
    if (suite == NULL)
        return pln__error_memory(err, sizeof *suite);
    suite->mem = *mem;
    suite->runtime = runtime;
    suite->seed = o.seed;
    suite->ids = json_object();
    if (suite->ids == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for a suite");
    PLN__TRY(parse(json, &whole, err));
    if (!json_is_object(whole))
        PLN__FAIL(err, PLN_EOPTION, "suite: expected an object");
    PLN__TRY(read_members(suite, whole, err));
    PLN__TRY(read_checks(suite, whole, err));
    *out = suite;
    suite = NULL;
out:
    json_decref(whole);
    pln_suite_free(suite);
    return status;
}

void pln_suite_free(pln_suite *suite) {
    if (suite == NULL)
        return;
    pln_allocator mem = suite->mem;
    for (int64_t i = 0; i < suite->n_checks; i++)
        pln__check_free(&mem, suite->checks[i]);
    for (int64_t i = 0; i < suite->n_references; i++) {
        pln__reference_rows *kept = &suite->references[i].kept;
        for (int64_t k = 0; k < kept->n; k++)
            pln__array_release(&kept->arrays[k]);
        pln__free(&mem, kept->arrays, (uint64_t)kept->capacity * sizeof *kept->arrays);
        pln__schema_release(&kept->schema);
        pln__strfree(&mem, suite->references[i].name);
    }
    pln__free(&mem, suite->checks, (uint64_t)suite->checks_capacity * sizeof *suite->checks);
    pln__free(&mem, suite->references,
              (uint64_t)suite->references_capacity * sizeof *suite->references);
    json_decref(suite->defaults);
    json_decref(suite->ids);
    pln__strfree(&mem, suite->name);
    pln__free(&mem, suite, sizeof *suite);
}

const char *pln_suite_name(const pln_suite *suite) {
    return suite->name;
}

bool pln__suite_refers(const pln_suite *suite, int32_t i) {
    const pln__check *check = suite->checks[i];
    return check->reference >= 0 || pln__check_get(check, "tables") != NULL;
}

bool pln__suite_is_final(const pln_suite *suite, int32_t i) {
    const pln__check *check = suite->checks[i];
    return pln__check_by_row(check) && check->mostly == check->mostly_of && !check->most.percent &&
           check->error_if.op == PLN__NO_LIMIT;
}

bool pln__suite_by_epoch(const pln_suite *suite, int32_t i) {
    return suite->checks[i]->by_epoch;
}

int32_t pln_suite_count(const pln_suite *suite) {
    return (int32_t)suite->n_checks;
}

int32_t pln_suite_check(const pln_suite *suite, int32_t i, pln_check *out) {
    if (i < 0 || i >= suite->n_checks)
        return 0;
    const pln__check *check = suite->checks[i];
    pln_check whole = {.struct_size = out->struct_size,
                       .severity = check->severity,
                       .action = check->action,
                       .by_row = (check->kind->flags & PLN__KIND_BY_ROW) != 0,
                       .id = check->id,
                       .kind = check->kind->name,
                       .columns = check->columns_text,
                       .json = check->text};
    memcpy(out, &whole, out->struct_size < sizeof whole ? out->struct_size : sizeof whole);
    return 1;
}
