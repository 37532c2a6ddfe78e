/* What came of each check. */
#include "quality/suite.h"
#include <math.h>
#include <stdlib.h>

/* (evaluated - unexpected) / evaluated >= mostly, in whole numbers. */
static bool mostly_right(const pln__check *check, int64_t evaluated, int64_t unexpected) {
    return (pln__int128)(evaluated - unexpected) * check->mostly_of >=
           (pln__int128)evaluated * check->mostly;
}

static int32_t status_of(const pln__check_run *run, int64_t evaluated,
                         const pln__judgement *judged) {
    const pln__check *check = run->check;
    int64_t failures = pln__check_by_row(check) ? run->unexpected : !judged->success;
    bool success = judged->success, warn = judged->warn;
    /* Of what can only warn, warn_if alone decides, as in dbt. */
    bool only_warns = check->severity < PLN_SEVERITY_ERROR && check->warn_if.op != PLN__NO_LIMIT;
    if (only_warns)
        success = true;
    else if (check->error_if.op != PLN__NO_LIMIT)
        success = !pln__threshold_holds(&check->error_if, failures, evaluated);
    else if (pln__check_by_row(check))
        success = check->most.op != PLN__NO_LIMIT
                      ? !pln__threshold_holds(&check->most, failures, evaluated)
                      : mostly_right(check, evaluated, run->unexpected);
    warn |= check->warn_if.op != PLN__NO_LIMIT &&
            pln__threshold_holds(&check->warn_if, failures, evaluated);
    if (success)
        return warn ? PLN_CHECK_WARNED : PLN_CHECK_PASSED;
    return check->severity >= PLN_SEVERITY_ERROR ? PLN_CHECK_FAILED : PLN_CHECK_WARNED;
}

void pln__check_expected(const pln__check *check, pln__text *out) {
    static const char *const names[] = {"equals", "min",        "max",         "type", "types",
                                        "factor", "warn_after", "error_after", "index"};
    bool any = false;
    for (int i = 0; i < PLN__COUNT(names); i++) {
        const json_t *value = pln__check_get(check, names[i]);
        if (value == NULL)
            continue;
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        pln__text_printf(out, "%s%s %s", any ? ", " : "", names[i], text != NULL ? text : "");
        free(text);
        any = true;
    }
}

static void tell(pln__check_run *run, const pln__judgement *judged, pln__text *out) {
    int64_t evaluated = run->rows - run->missing;
    char number[PLN__DOUBLE_TEXT_SIZE];
    if (pln__check_by_row(run->check)) {
        pln__text_printf(out, "%lld of %lld rows are wrong", (long long)run->unexpected,
                         (long long)evaluated);
        if (evaluated > 0 && run->unexpected > 0)
            pln__text_printf(out, " (%.3g %%)",
                             100.0 * (double)run->unexpected / (double)evaluated);
    } else if (run->observed.size > 0) {
        pln__text_str(out, run->observed.data);
    } else if (!isnan(judged->observed)) {
        pln__text_bytes(out, number, pln__format_double(number, judged->observed));
    } else {
        pln__text_str(out, judged->success ? "nothing to see" : "not so");
    }
    if (!pln__check_by_row(run->check) && (!judged->success || judged->warn)) {
        int64_t end = out->size;
        pln__text_str(out, ", expected ");
        int64_t begin = out->size;
        pln__check_expected(run->check, out);
        /* Some, as columns_match, have said it already. */
        if (out->size == begin && !out->failed)
            out->data[out->size = end] = '\0';
    }
}

pln_status pln__run_judge(pln__check_run *run, pln__text *out, int32_t *verdict, double *observed,
                          pln_error *err) {
    pln__judgement judged = {.success = true, .observed = NAN};
    pln_status status = PLN_OK;
    pln__text_again(&run->observed);
    if (run->check->kind->measure != NULL && run->check->kind->measure->judge != NULL)
        PLN__TRY(run->check->kind->measure->judge(run, &judged, err));
    tell(run, &judged, out);
    PLN__TRY(pln__text_status(&run->observed, err));
    PLN__TRY(pln__text_status(out, err));
    *verdict = status_of(run, run->rows - run->missing, &judged);
    *observed = judged.observed;
out:
    return status;
}

/* "2 of 7 groups are wrong: {"region":"north"} 3 of 10 rows are wrong (30 %)" */
static pln_status judge_groups(pln__check_run *run, pln_check_result *out, pln_error *err) {
    pln_status status;
    PLN__TRY(pln__groups_judge(run, &out->status, err));
    pln__groups_found found = pln__groups_found_of(run);
    out->groups = found.groups;
    out->groups_failed = found.failed;
    out->observed = NAN;
    pln__text_printf(&run->message, "%lld of %lld groups are wrong", (long long)found.failed,
                     (long long)found.groups);
    if (found.text[0] != '\0')
        pln__text_printf(&run->message, ": %s%s", found.text, found.failed > 3 ? "; ..." : "");
out:
    return status;
}

pln_status pln__check_judge(pln__check_run *run, pln_check_result *out, pln_error *err) {
    pln_status status;
    *out = (pln_check_result){.struct_size = sizeof *out, .groups = -1, .groups_failed = -1};
    pln__text_again(&run->observed);
    pln__text_again(&run->message);
    pln__text_printf(&run->message, "%s: ", run->check->id);
    if (run->groups != NULL)
        PLN__TRY(judge_groups(run, out, err));
    else
        PLN__TRY(pln__run_judge(run, &run->message, &out->status, &out->observed, err));
    PLN__TRY(pln__text_status(&run->message, err));
    out->rows = run->rows;
    out->missing = run->missing;
    out->evaluated = run->rows - run->missing;
    out->unexpected = pln__check_by_row(run->check) ? run->unexpected : -1;
    out->observed_text = run->observed.size > 0 ? run->observed.data : NULL;
    out->message = run->message.data;
out:
    return status;
}

pln_status pln_validation_check(pln_validation *v, int32_t i, pln_check_result *out,
                                pln_error *err) {
    pln_check_result whole;
    if (i < 0 || i >= v->suite->n_checks)
        return pln__error_set(err, PLN_EINVAL, "validation: check %d of %lld", i,
                              (long long)v->suite->n_checks);
    pln_status status = pln__check_judge(&v->runs[i], &whole, err);
    if (status < 0)
        return status;
    whole.struct_size = out->struct_size;
    memcpy(out, &whole, out->struct_size < sizeof whole ? out->struct_size : sizeof whole);
    return PLN_OK;
}

pln_status pln_validation_status(pln_validation *v, int32_t *out, pln_error *err) {
    *out = PLN_CHECK_PASSED;
    for (int64_t i = 0; i < v->suite->n_checks; i++) {
        pln_check_result result;
        pln_status status = pln__check_judge(&v->runs[i], &result, err);
        if (status < 0)
            return status;
        *out = result.status > *out ? result.status : *out;
    }
    return PLN_OK;
}

/* ---- JSON ---- */

static void put_count(pln__text *out, const char *name, int64_t n) {
    pln__text_printf(out, ",\"%s\":%lld", name, (long long)n);
}

static void put_percent(pln__text *out, const char *name, int64_t n, int64_t of) {
    char number[PLN__DOUBLE_TEXT_SIZE];
    pln__text_printf(out, ",\"%s\":", name);
    if (of > 0)
        pln__text_bytes(out, number, pln__format_double(number, 100.0 * (double)n / (double)of));
    else
        pln__text_str(out, "null");
}

static bool shows(const pln__check *check, const char *name) {
    const json_t *keys = pln__check_get(check, "key_columns"), *key;
    size_t i;
    bool found = false;
    for (int64_t k = 0; k < check->n_columns; k++)
        found |= strcmp(check->columns[k], name) == 0;
    json_array_foreach((json_t *)keys, i, key) found |= strcmp(json_string_value(key), name) == 0;
    return found;
}

/* What the number of a row is called beside its columns: "row", and one more '_' while there is such a column. */
static void put_index(const pln__check *check, pln__text *out) {
    char name[PLN__CHECK_COLUMNS_MOST + 8] = "row";
    size_t size = 3;
    while (size + 1 < sizeof name && shows(check, name))
        name[size++] = '_';
    pln__text_printf(out, "{\"%s\":", name);
}

/* The values of a single column; of several, objects. */
static void put_samples(const pln__check_run *run, pln__text *out) {
    const pln__check *check = run->check;
    pln__text_str(out, ",\"partial_unexpected_list\":[");
    for (int64_t i = 0; i < run->n_samples && !check->redact; i++) {
        const char *value = run->samples[i].json;
        int64_t size = (int64_t)strlen(value);
        if (check->n_columns == 1)
            value = pln__sample_value(value, &size);
        pln__text_str(out, i > 0 ? "," : "");
        pln__text_bytes(out, size > 0 ? value : "null", size > 0 ? size : 4);
    }
    pln__text_str(out, "],\"partial_unexpected_index_list\":[");
    for (int64_t i = 0; i < run->n_samples; i++) {
        pln__text_str(out, i > 0 ? "," : "");
        put_index(check, out);
        pln__text_printf(out, "%lld%s", (long long)run->samples[i].row,
                         run->samples[i].json[1] == '}' ? "" : ",");
        pln__text_str(out, run->samples[i].json + 1);
    }
    pln__text_char(out, ']');
}

static void put_observed(pln__text *out, const pln_check_result *r) {
    char number[PLN__DOUBLE_TEXT_SIZE];
    if (isfinite(r->observed)) {
        pln__text_str(out, ",\"observed_value\":");
        pln__text_bytes(out, number, pln__format_double(number, r->observed));
        /* A number without a point is an integer for some readers, and then too large. */
        if (fabs(r->observed) >= 0x1p63 && fabs(r->observed) < 1e21)
            pln__text_str(out, ".0");
    }
    if (r->observed_text != NULL) {
        pln__text_str(out, isfinite(r->observed) ? ",\"details\":{\"observed\":"
                                                 : ",\"observed_value\":");
        pln__text_json(out, r->observed_text, (int64_t)strlen(r->observed_text));
        pln__text_str(out, isfinite(r->observed) ? "}" : "");
    }
}

static void put_groups(const pln__check_run *run, pln__text *out) {
    if (run->groups == NULL)
        return;
    pln__groups_found found = pln__groups_found_of(run);
    pln__text_printf(out, ",\"group_count\":%lld,\"failed_group_count\":%lld",
                     (long long)found.groups, (long long)found.failed);
    pln__text_printf(out, ",\"partial_failed_group_list\":%s", found.json);
}

static const char *const status_names[] = {"passed", "warned", "failed"};

static pln_status put_result(pln__check_run *run, pln__text *out, int32_t *status_out,
                             pln_error *err) {
    pln_check_result r;
    pln_status status = pln__check_judge(run, &r, err);
    if (status < 0)
        return status;
    *status_out = r.status;
    pln__text_printf(
        out,
        "{\"success\":%s,\"status\":\"%s\",\"expectation_config\":{\"type\":\"%s\",\"kwargs\":%s}",
        r.status == PLN_CHECK_PASSED ? "true" : "false", status_names[r.status],
        run->check->kind->name, run->check->text);
    pln__text_printf(out, ",\"result\":{\"element_count\":%lld", (long long)r.rows);
    put_count(out, "missing_count", r.missing);
    put_percent(out, "missing_percent", r.missing, r.rows);
    if (pln__check_by_row(run->check)) {
        put_count(out, "evaluated_count", r.evaluated);
        put_count(out, "unexpected_count", r.unexpected);
        put_percent(out, "unexpected_percent", r.unexpected, r.evaluated);
        put_percent(out, "unexpected_percent_total", r.unexpected, r.rows);
        put_percent(out, "unexpected_percent_nonmissing", r.unexpected, r.evaluated);
        put_samples(run, out);
    }
    put_observed(out, &r);
    put_groups(run, out);
    pln__text_str(out, "},\"message\":");
    pln__text_json(out, r.message, (int64_t)strlen(r.message));
    pln__text_char(out, '}');
    return PLN_OK;
}

static void put_statistics(const pln_validation *v, const int64_t *counts, pln__text *out) {
    int64_t n = v->suite->n_checks, good = counts[PLN_CHECK_PASSED];
    pln__text_printf(out, "],\"statistics\":{\"evaluated_expectations\":%lld", (long long)n);
    put_count(out, "successful_expectations", good);
    put_count(out, "unsuccessful_expectations", n - good);
    put_count(out, "warnings", counts[PLN_CHECK_WARNED]);
    put_percent(out, "success_percent", good, n);
    put_count(out, "rows", v->rows);
    pln__text_printf(out, "},\"success\":%s}", counts[PLN_CHECK_FAILED] == 0 ? "true" : "false");
}

pln_status pln_validation_json(pln_validation *v, const char **text, int64_t *size,
                               pln_error *err) {
    pln__text *out = &v->json;
    int64_t counts[3] = {0, 0, 0};
    pln_status status = PLN_OK;
    pln__text_again(out);
    pln__text_str(out, "{\"suite_name\":");
    pln__text_json(out, v->suite->name, (int64_t)strlen(v->suite->name));
    pln__text_str(out, ",\"results\":[");
    for (int64_t i = 0; i < v->suite->n_checks; i++) {
        int32_t one;
        pln__text_str(out, i > 0 ? "," : "");
        PLN__TRY(put_result(&v->runs[i], out, &one, err));
        counts[one]++;
    }
    put_statistics(v, counts, out);
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    return status;
}

/* ---- text ---- */

static pln_status put_line(pln__check_run *run, pln__text *out, int32_t *status_out,
                           pln_error *err) {
    static const char *const marks[] = {"ok", "warn", "FAIL"};
    pln_check_result r;
    pln_status status = pln__check_judge(run, &r, err);
    if (status < 0)
        return status;
    *status_out = r.status;
    pln__text_printf(out, "%-4s  %s\n", marks[r.status], r.message);
    if (run->groups != NULL)
        pln__text_str(out, pln__groups_found_of(run).lines);
    for (int64_t i = 0; i < run->n_samples && i < 5 && r.status != PLN_CHECK_PASSED; i++)
        pln__text_printf(out, "        row %lld %s\n", (long long)run->samples[i].row,
                         run->samples[i].json);
    return PLN_OK;
}

pln_status pln_validation_text(pln_validation *v, const char **text, int64_t *size,
                               pln_error *err) {
    pln__text *out = &v->text;
    int64_t counts[3] = {0, 0, 0};
    pln_status status = PLN_OK;
    pln__text_again(out);
    for (int64_t i = 0; i < v->suite->n_checks; i++) {
        int32_t one;
        PLN__TRY(put_line(&v->runs[i], out, &one, err));
        counts[one]++;
    }
    pln__text_printf(out, "%s%s%lld rows, %lld checks: %lld ok, %lld warnings, %lld failed\n",
                     v->suite->name, v->suite->name[0] != '\0' ? ": " : "", (long long)v->rows,
                     (long long)v->suite->n_checks, (long long)counts[0], (long long)counts[1],
                     (long long)counts[2]);
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    return status;
}
