/* schema_changed: the columns against those of a baseline, with a list of changes that are allowed. */
#include "quality/drift.h"
#include "quality/suite.h"
#include <math.h>

static const char *const changes[] = {"added", "removed", "type", "nullability", "order", NULL};

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static bool allowed(const pln__check *check, const char *change) {
    const json_t *list = pln__check_get(check, "allow"), *one;
    size_t i;
    bool found = false;
    json_array_foreach((json_t *)list, i, one) found |= strcmp(json_string_value(one), change) == 0;
    return found;
}

static void tell(const json_t *change, pln__text *out) {
    const char *what = member(change, "change"), *column = member(change, "column");
    const char *before = member(change, "before"), *after = member(change, "after");
    pln__text_str(out, out->size > 0 ? ", " : "");
    if (strcmp(what, "order") == 0)
        pln__text_str(out, column[0] == '\0' ? "other order" : "other order of ");
    else if (before == NULL || after == NULL)
        pln__text_printf(out, "%s: ", what);
    pln__text_str(out, column);
    if (before != NULL && after != NULL)
        pln__text_printf(out, " was %s, is %s", before, after);
}

static pln_status baseline_of(const pln__check_run *run, struct ArrowSchema *own,
                              const struct ArrowSchema **out, pln_error *err) {
    const pln__check *check = run->check;
    const char *text = json_string_value(pln__check_get(check, "baseline"));
    if ((text != NULL) == (check->reference >= 0))
        return pln__error_set(err, PLN_EOPTION, "schema_changed: needs either baseline or to");
    if (text == NULL) {
        *out = &check->referred;
        return check->referred.format != NULL
                   ? PLN_OK
                   : pln__error_set(err, PLN_ESTATE, "the reference '%s' was not given",
                                    run->owner->suite->references[check->reference].name);
    }
    *out = own;
    pln_status status = pln__schema_parse(&run->owner->mem, text, own, err);
    if (status < 0)
        pln__error_prefix(err, "baseline");
    return status == PLN_ENOMEM || status >= 0 ? status : PLN_EOPTION;
}

static pln_status change_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    const struct ArrowSchema *before = NULL;
    struct ArrowSchema own = {0};
    char *json = NULL;
    json_t *list = NULL, *change;
    int64_t n = 0, count;
    size_t i;
    pln_status status;
    PLN__TRY(baseline_of(run, &own, &before, err));
    PLN__TRY(pln__drift_schema(mem, before, &run->owner->schema, &json, &count, err));
    list = json_loads(json, 0, NULL);
    if (list == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for changes");
    json_array_foreach(list, i, change) {
        if (allowed(run->check, member(change, "change")))
            continue;
        n++;
        tell(change, &run->observed);
    }
    *out = (pln__judgement){.success = n == 0, .observed = (double)n};
    PLN__TRY(pln__text_status(&run->observed, err));
out:
    json_decref(list);
    pln__strfree(mem, json);
    pln__schema_release(&own);
    return status;
}

static pln_status change_open(pln__check_run *run, pln_error *err) {
    const json_t *list = pln__check_get(run->check, "allow"), *one;
    pln__judgement ignored;
    char shown[PLN__SHOW_SIZE];
    size_t i;
    json_array_foreach((json_t *)list, i, one) {
        const char *name = json_string_value(one), *const *known = changes;
        while (*known != NULL && strcmp(*known, name) != 0)
            known++;
        if (*known == NULL)
            return pln__error_set(
                err, PLN_EOPTION,
                "allow: expected added, removed, type, nullability or order, got %s",
                pln__show(shown, name, (int64_t)strlen(name)));
    }
    /* What is wrong with the check is told before there are rows. */
    pln_status status = change_judge(run, &ignored, err);
    run->observed.size = 0;
    return status;
}

const pln__measure pln__measure_change = {.open = change_open, .judge = change_judge};
