/* A check out of its JSON object. */
#include "base/number.h"
#include "base/time.h"
#include "quality/suite.h"
#include <math.h>
#include <stdlib.h>

static const char *const severities[] = {"info", "warn", "error", "critical", NULL};
static const char *const actions[] = {"pass", "warn", "tag", "drop", "quarantine_row",
                                      "quarantine_batch", "fail_epoch", "fail_pipeline", "callback",
                                      NULL};
static const char *const ignores[] = {"never", "any_missing", "all_missing", NULL};
static const char *const scopes[] = {"all", "epoch", NULL};
static const char *const policies[] = {"pass", "fail", NULL};

double pln__check_number(const pln__check *check, const char *name, double otherwise) {
    const json_t *value = pln__check_get(check, name);
    return value == NULL ? otherwise : json_number_value(value);
}

pln_status pln__check_duration(const pln__check *check, const char *name, int64_t otherwise,
                               int64_t *out, pln_error *err) {
    const json_t *value = pln__check_get(check, name);
    const char *text = json_string_value(value);
    char shown[PLN__SHOW_SIZE];
    *out = otherwise;
    if (value == NULL)
        return PLN_OK;
    if (text == NULL)
        *out = json_integer_value(value);
    else if (pln__parse_duration(text, (int64_t)strlen(text), out) != PLN__PARSED)
        return pln__error_set(
            err, PLN_EOPTION, "%s: %s: expected a duration as \"90s\" or \"24h\", got %s",
            check->kind->name, name, pln__show(shown, text, (int64_t)strlen(text)));
    return PLN_OK;
}

/* ---- common parameters ---- */

/* Which of `words` a text is; *out stays if it is not given. */
static pln_status choose(const pln__check *check, const char *name, const char *const *words,
                         int32_t *out, pln_error *err) {
    const char *text = json_string_value(pln__check_get(check, name));
    char shown[PLN__SHOW_SIZE], known[160] = "";
    if (text == NULL)
        return PLN_OK;
    for (int32_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return PLN_OK;
        }
        strncat(known, i == 0 ? "" : ", ", sizeof known - strlen(known) - 1);
        strncat(known, words[i], sizeof known - strlen(known) - 1);
    }
    return pln__error_set(err, PLN_EOPTION, "%s: expected one of %s, got %s", name, known,
                          pln__show(shown, text, (int64_t)strlen(text)));
}

/* 0.95 as 95 of 100: the digits that it was written with. A third needs 16 of them, 0.1 + 0.2 17; below 0.01 the 18th may be rounded, up. */
static pln_status read_mostly(pln__check *check, pln_error *err) {
    const json_t *given = pln__check_get(check, "mostly");
    double value = pln__check_number(check, "mostly", 1);
    char text[PLN__DOUBLE_TEXT_SIZE];
    pln__int128 digits;
    check->mostly = check->mostly_of = 1;
    if (given == NULL)
        return PLN_OK;
    if (!pln__check_by_row(check))
        return pln__error_set(err, PLN_EOPTION,
                              "mostly: it is of rows, and %s says nothing of one row",
                              check->kind->name);
    if (!(value >= 0 && value <= 1))
        return pln__error_set(err, PLN_EOPTION, "mostly: expected 0 to 1, got %g", value);
    int64_t size = pln__format_double(text, value);
    check->mostly_of = (int64_t)pln__integer_tens[18];
    if (pln__parse_decimal128(text, size, 38, 18, &digits) == PLN__PARSED)
        check->mostly = (int64_t)digits;
    else
        check->mostly = (int64_t)ceil(value * (double)check->mostly_of);
    return PLN_OK;
}

/* A number, or a text of one with or without a percent sign: more than it are too many. */
static pln_status read_most(pln__check *check, pln_error *err) {
    const json_t *most = pln__check_get(check, "max_failures");
    const char *text = json_string_value(most);
    char shown[PLN__SHOW_SIZE];
    if (most == NULL)
        return PLN_OK;
    check->most = (pln__threshold){.op = PLN__GT, .value = json_number_value(most)};
    if (json_is_number(most) && check->most.value >= 0)
        return PLN_OK;
    if (text != NULL && strchr("0123456789.", text[0]) != NULL && text[0] != '\0' &&
        pln__threshold_parse(text, &check->most, NULL) == PLN_OK)
        return PLN_OK;
    char *given = json_dumps(most, JSON_ENCODE_ANY | JSON_COMPACT);
    pln_status status = pln__error_set(
        err, PLN_EOPTION,
        "max_failures: expected a number of rows or a percentage as \"1%%\", got %s",
        pln__show(shown, given != NULL ? given : "", given != NULL ? (int64_t)strlen(given) : 0));
    free(given);
    return status;
}

static pln_status read_limits(pln__check *check, pln_error *err) {
    const char *names[] = {"warn_if", "error_if"};
    pln__threshold *limits[] = {&check->warn_if, &check->error_if};
    pln_status status = PLN_OK;
    PLN__TRY(read_mostly(check, err));
    PLN__TRY(read_most(check, err));
    for (int i = 0; i < 2; i++) {
        const char *text = json_string_value(pln__check_get(check, names[i]));
        status = text == NULL ? PLN_OK : pln__threshold_parse(text, limits[i], err);
        if (status < 0) {
            pln__error_prefix(err, "%s", names[i]);
            return status;
        }
    }
out:
    return status;
}

static pln_status read_common(pln__check *check, pln_error *err) {
    uint32_t flags = check->kind->flags;
    bool by_row = (flags & PLN__KIND_BY_ROW) != 0;
    int32_t policy = (flags & PLN__KIND_NULLS_FAIL) != 0;
    int32_t scope = 0;
    double limit = pln__check_number(check, "sample_limit", 20);
    pln_status status;
    check->severity = PLN_SEVERITY_ERROR;
    PLN__TRY(choose(check, "severity", severities, &check->severity, err));
    check->action = check->severity < PLN_SEVERITY_ERROR ? PLN_ACTION_WARN
                    : by_row                             ? PLN_ACTION_QUARANTINE_ROW
                                                         : PLN_ACTION_FAIL_EPOCH;
    PLN__TRY(choose(check, "action", actions, &check->action, err));
    if (!by_row && check->action >= PLN_ACTION_TAG && check->action <= PLN_ACTION_QUARANTINE_ROW)
        PLN__FAIL(err, PLN_EOPTION, "action: %s is for rows, and %s says nothing of one row",
                  actions[check->action], check->kind->name);
    PLN__TRY(choose(check, "ignore_row_if", ignores, &check->ignore, err));
    PLN__TRY(choose(check, "null_policy", policies, &policy, err));
    check->null_fails = policy == 1;
    PLN__TRY(choose(check, "scope", scopes, &scope, err));
    check->by_epoch = scope == 1;
    check->where = json_string_value(pln__check_get(check, "where"));
    check->redact = json_is_true(pln__check_get(check, "redact"));
    if (!(limit >= 0 && limit <= PLN__SAMPLES_MOST))
        PLN__FAIL(err, PLN_EOPTION, "sample_limit: expected 0 to %d, got %g", PLN__SAMPLES_MOST,
                  limit);
    check->sample_limit = (int64_t)limit;
    PLN__TRY(read_limits(check, err));
out:
    return status;
}

/* ---- columns, id ---- */

static pln_status read_groups(const pln_allocator *mem, pln__check *check, pln_error *err) {
    const json_t *list = pln__check_get(check, "group_by"), *name;
    double most = pln__check_number(check, "max_groups", 10000);
    size_t i, n = json_array_size(list);
    if (!(most >= 1 && most <= PLN__GROUPS_MOST))
        return pln__error_set(err, PLN_EOPTION, "max_groups: expected 1 to %d, got %g",
                              PLN__GROUPS_MOST, most);
    check->max_groups = (int64_t)most;
    if (n == 0)
        return PLN_OK;
    if ((check->kind->flags & PLN__KIND_UNGROUPED) != 0)
        return pln__error_set(err, PLN_EOPTION, "group_by: %s is of the whole table",
                              check->kind->name);
    if (n > PLN__CHECK_COLUMNS_MOST)
        return pln__error_set(err, PLN_ELIMIT, "group_by: %zu columns, at most %d are allowed", n,
                              PLN__CHECK_COLUMNS_MOST);
    check->group_by = pln__calloc(mem, n, sizeof *check->group_by);
    if (check->group_by == NULL)
        return pln__error_memory(err, n * sizeof *check->group_by);
    json_array_foreach((json_t *)list, i, name) {
        check->group_by[check->n_group_by++] = json_string_value(name);
    }
    return PLN_OK;
}

/* "column", "columns", "a" and "b", in this order. */
static pln_status read_columns(const pln_allocator *mem, pln__check *check, pln_error *err) {
    const char *single[] = {"column", "a", "b"};
    const json_t *list = pln__check_get(check, "columns"), *item;
    size_t i, n = json_array_size(list) + 3;
    pln__text joined;
    check->columns = pln__calloc(mem, n, sizeof *check->columns);
    if (check->columns == NULL)
        return pln__error_memory(err, n * sizeof *check->columns);
    for (i = 0; i < 3; i++)
        if ((item = pln__check_get(check, single[i])) != NULL)
            check->columns[check->n_columns++] = json_string_value(item);
    json_array_foreach((json_t *)list, i, item) {
        check->columns[check->n_columns++] = json_string_value(item);
    }
    if (check->n_columns > PLN__CHECK_COLUMNS_MOST)
        return pln__error_set(err, PLN_ELIMIT, "columns: %lld, at most %d are allowed",
                              (long long)check->n_columns, PLN__CHECK_COLUMNS_MOST);
    pln__text_init(&joined, mem);
    pln__text_str(&joined, "");
    for (int64_t k = 0; k < check->n_columns; k++) {
        pln__text_str(&joined, k == 0 ? "" : ", ");
        pln__text_str(&joined, check->columns[k]);
    }
    check->columns_text = pln__text_take(&joined);
    return check->columns_text == NULL ? pln__error_memory(err, 1) : PLN_OK;
}

static pln_status name_it(const pln_allocator *mem, pln__check *check, pln_error *err) {
    pln__text id;
    pln_status status = PLN_OK;
    pln__text_init(&id, mem);
    if (pln__check_get(check, "id") == NULL) {
        pln__text_str(&id, check->kind->name);
        if (check->n_columns > 0)
            pln__text_printf(&id, "(%s)", check->columns_text);
        for (int64_t i = 0; i < check->n_group_by; i++)
            pln__text_printf(&id, "%s%s", i == 0 ? " by " : ", ", check->group_by[i]);
        PLN__TRY(pln__text_status(&id, err));
        if (json_object_set_new(check->config, "id", json_string(id.data)) != 0)
            PLN__FAIL(err, PLN_ENOMEM, "no memory for a check");
    }
    check->id = json_string_value(pln__check_get(check, "id"));
out:
    pln__text_free(&id);
    return status;
}

static int append(const char *bytes, size_t size, void *text) {
    pln__text_bytes(text, bytes, (int64_t)size);
    return 0;
}

pln_status pln__check_retell(const pln_allocator *mem, pln__check *check, pln_error *err) {
    pln__text text;
    pln__text_init(&text, mem);
    int failed = json_dump_callback(check->config, append, &text,
                                    JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    pln__strfree(mem, check->text);
    check->text = pln__text_take(&text);
    return failed != 0 || check->text == NULL ? pln__error_memory(err, 1) : PLN_OK;
}

/* ---- the whole ---- */

void pln__check_free(const pln_allocator *mem, pln__check *check) {
    if (check == NULL)
        return;
    for (int64_t i = 0; i < check->n_parts; i++)
        pln__check_free(mem, check->parts[i]);
    pln__free(mem, check->parts, (uint64_t)check->n_parts * sizeof *check->parts);
    size_t n = json_array_size(pln__check_get(check, "columns")) + 3;
    pln__free(mem, (void *)check->columns, n * sizeof *check->columns);
    pln__free(mem, (void *)check->group_by,
              json_array_size(pln__check_get(check, "group_by")) * sizeof *check->group_by);
    pln__strfree(mem, check->columns_text);
    pln__strfree(mem, check->text);
    pln_dedup_free(check->keys);
    pln__schema_release(&check->referred);
    pln__strfree(mem, check->aggregate_text);
    json_decref(check->config);
    pln__free(mem, check, sizeof *check);
}

static pln_status read_parts(const pln_allocator *mem, pln__check *check, int depth,
                             pln_error *err);

/* Whether a default of the suite means something to the kind. In a check itself what means nothing is refused. */
static bool has_use(const pln__check_kind *kind, const char *name) {
    if (strcmp(name, "group_by") == 0)
        return (kind->flags & PLN__KIND_UNGROUPED) == 0;
    return strcmp(name, "mostly") != 0 || (kind->flags & PLN__KIND_BY_ROW) != 0;
}

static pln_status build(const pln_allocator *mem, const json_t *defaults, const json_t *object,
                        int depth, pln__check **out, pln_error *err) {
    pln_status status = PLN_OK;
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return pln__error_set(err, PLN_EOPTION, "expected an object");
    pln__check *check = pln__calloc(mem, 1, sizeof *check);
    if (check == NULL)
        return pln__error_memory(err, sizeof *check);
    check->config = json_deep_copy(object);
    if (check->config == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for a check");
    PLN__TRY(pln__check_translate(check->config, err));
    const char *name = json_string_value(pln__check_get(check, "check"));
    if (name == NULL)
        PLN__FAIL(err, PLN_EOPTION, "parameter 'check', the kind, is missing");
    const pln__check_kind *kind = check->kind = pln__check_kind_of(name);
    if (kind == NULL)
        PLN__TRY(pln__check_kind_error(name, err));
    json_object_foreach((json_t *)defaults, key, value) {
        if (pln__check_get(check, key) == NULL && has_use(kind, key) &&
            json_object_set(check->config, key, value) != 0)
            PLN__FAIL(err, PLN_ENOMEM, "no memory for a check");
    }
    PLN__TRY(pln__check_parameters(kind, check->config, err));
    if (depth == 0)
        check->kind = pln__check_kind_sized(kind, check->config);
    PLN__TRY(read_common(check, err));
    PLN__TRY(read_groups(mem, check, err));
    PLN__TRY(read_columns(mem, check, err));
    PLN__TRY(name_it(mem, check, err));
    PLN__TRY(read_parts(mem, check, depth, err));
    PLN__TRY(pln__check_retell(mem, check, err));
    *out = check;
    return PLN_OK;
out:
    pln__check_free(mem, check);
    return status;
}

/* What says how many rows may be wrong, and which are looked at, would have no effect in a part. */
static pln_status check_part(const pln__check *part, pln_error *err) {
    static const char *const whole[] = {"severity", "mostly", "max_failures", "warn_if",
                                        "error_if", "where", "ignore_row_if", "null_policy",
                                        "group_by", "max_groups", "action", "sample_limit",
                                        "key_columns", "redact"};
    if ((part->kind->flags & PLN__KIND_BY_ROW) == 0 || part->kind->measure != NULL)
        return pln__error_set(err, PLN_EOPTION, "%s is no condition of a row", part->kind->name);
    for (int i = 0; i < PLN__COUNT(whole); i++)
        if (pln__check_get(part, whole[i]) != NULL)
            return pln__error_set(err, PLN_EOPTION, "%s: it belongs to the whole, not to a part",
                                  whole[i]);
    return PLN_OK;
}

static pln_status read_parts(const pln_allocator *mem, pln__check *check, int depth,
                             pln_error *err) {
    const json_t *list = pln__check_get(check, "checks");
    size_t n = json_array_size(list), i;
    json_t *item;
    if (n == 0)
        return PLN_OK;
    if (depth == 8)
        return pln__error_set(err, PLN_ELIMIT, "checks nest more than 8 deep");
    check->parts = pln__calloc(mem, n, sizeof *check->parts);
    if (check->parts == NULL)
        return pln__error_memory(err, n * sizeof *check->parts);
    check->n_parts = (int64_t)n;
    json_array_foreach((json_t *)list, i, item) {
        pln_status status = build(mem, NULL, item, depth + 1, &check->parts[i], err);
        if (status == PLN_OK)
            status = check_part(check->parts[i], err);
        if (status == PLN_OK)
            continue;
        pln__error_prefix(err, "checks[%zu]", i);
        return status;
    }
    return PLN_OK;
}

pln_status pln__check_new(const pln_allocator *mem, const json_t *defaults, const json_t *object,
                          const char *place, pln__check **out, pln_error *err) {
    pln_status status = build(mem, defaults, object, 0, out, err);
    if (status < 0)
        pln__error_prefix(err, "%s", place);
    return status;
}
