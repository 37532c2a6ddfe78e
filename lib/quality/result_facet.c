/* Results as OpenLineage tells them: facets/1-1-0/DataQualityAssertionsDatasetFacet.json. */
#include "quality/suite.h"
#include <stdlib.h>

static const char schema_url[] =
    "https://openlineage.io/spec/facets/1-1-0/DataQualityAssertionsDatasetFacet.json"
    "#/$defs/DataQualityAssertionsDatasetFacet";
static const char *const severities[] = {"info", "warn", "error", "critical"};

static void put_member(pln__text *out, const char *name, const char *value) {
    pln__text_printf(out, ",\"%s\":", name);
    pln__text_json(out, value, (int64_t)strlen(value));
}

/* How many rows may be wrong. */
static void put_allowance(const pln__check *check, pln__text *out) {
    static const char *const names[] = {"error_if", "max_failures", "mostly"};
    for (int i = 0; i < PLN__COUNT(names); i++) {
        const json_t *value = pln__check_get(check, names[i]);
        if (value == NULL)
            continue;
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        pln__text_printf(out, "%s %s", names[i], text != NULL ? text : "");
        free(text);
        return;
    }
    pln__text_char(out, '0');
}

static pln_status put_assertion(pln__check_run *run, pln__text *out, pln_error *err) {
    const pln__check *check = run->check;
    pln_check_result r;
    pln__text expected;
    pln_status status = pln__check_judge(run, &r, err);
    if (status < 0)
        return status;
    pln__text_printf(out, "{\"assertion\":\"%s\",\"success\":%s", check->kind->name,
                     r.status == PLN_CHECK_PASSED ? "true" : "false");
    if (check->n_columns == 1)
        put_member(out, "column", check->columns[0]);
    put_member(out, "severity", severities[check->severity]);
    put_member(out, "name", check->id);
    const char *description = json_string_value(pln__check_get(check, "description"));
    if (description != NULL)
        put_member(out, "description", description);
    pln__text_init(&expected, out->mem);
    if (pln__check_by_row(check))
        put_allowance(check, &expected);
    else
        pln__check_expected(check, &expected);
    status = pln__text_status(&expected, err);
    if (status == PLN_OK && expected.size > 0)
        put_member(out, "expected", expected.data);
    pln__text_free(&expected);
    if (pln__check_by_row(check))
        pln__text_printf(out, ",\"actual\":\"%lld\"", (long long)r.unexpected);
    else
        put_member(out, "actual", r.message + strlen(check->id) + 2);
    pln__text_str(out, ",\"params\":");
    pln__text_str(out, check->text);
    pln__text_char(out, '}');
    return status;
}

pln_status pln_validation_facet(pln_validation *v, const char *producer, const char **text,
                                int64_t *size, pln_error *err) {
    pln__text *out = &v->facet;
    pln_status status = PLN_OK;
    pln__text_again(out);
    pln__text_str(out, "{\"_producer\":");
    pln__text_json(out, producer, (int64_t)strlen(producer));
    put_member(out, "_schemaURL", schema_url);
    pln__text_str(out, ",\"assertions\":[");
    for (int64_t i = 0; i < v->suite->n_checks; i++) {
        pln__text_str(out, i > 0 ? "," : "");
        PLN__TRY(put_assertion(&v->runs[i], out, err));
    }
    pln__text_str(out, "]}");
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    return status;
}
