/* What a check node says of its contract in the run's report. */
#include "stage/contract.h"
#include "stage/stage.h"

static const char *const verdicts[] = {"kept", "warned", "broken"};
static const char *const ways[] = {"fail", "quarantine", "warn"};

void pln__contract_member(pln__text *out, const char *name, const char *value) {
    pln__text_printf(out, ",\"%s\":", name);
    if (value == NULL)
        pln__text_str(out, "null");
    else
        pln__text_json(out, value, (int64_t)strlen(value));
}

void pln__contract_breach(pln__text *out, const pln__told_breach *breach) {
    pln__text_str(out, out->size > 0 ? ",{\"rule\":" : "{\"rule\":");
    pln__text_json(out, breach->rule, (int64_t)strlen(breach->rule));
    pln__contract_member(out, "pointer", breach->pointer);
    pln__contract_member(out, "columns", breach->columns);
    pln__contract_member(out, "level", breach->level);
    pln__text_str(out, ",\"rows\":");
    pln__text_int(out, breach->rows);
    pln__contract_member(out, "message", breach->message);
    pln__text_char(out, '}');
}

typedef struct telling {
    const pln__held_contract *held;
    pln_validation *validation;
    pln__text breaches, service_levels; /* members of lists */
    int32_t verdict;
} telling;

/* A check of no rows is true, but a service level of no rows is unknown. */
static void put_service_level(pln__text *out, const pln_check *check, const char *pointer,
                              const pln_check_result *result) {
    pln__text_str(out, out->size > 0 ? ",{\"rule\":" : "{\"rule\":");
    pln__text_json(out, check->id, (int64_t)strlen(check->id));
    pln__contract_member(out, "pointer", pointer);
    pln__contract_member(out, "verdict",
                         result->evaluated > 0 ? verdicts[result->status] : "unknown");
    pln__contract_member(out, "message", result->message);
    pln__text_char(out, '}');
}

static pln_status tell_rule(telling *t, int64_t i, pln_error *err) {
    const pln__contract_rule *rule = &t->held->rules[i];
    pln_check_result result = {.struct_size = sizeof result};
    pln_check check = {.struct_size = sizeof check};
    const char *pointer = rule->pointer == NULL ? "" : rule->pointer;
    (void)pln_suite_check(t->held->suite, (int32_t)i, &check);
    pln_status status = pln_validation_check(t->validation, (int32_t)i, &result, err);
    if (status < 0)
        return status;
    if (rule->service_level)
        put_service_level(&t->service_levels, &check, pointer, &result);
    if (result.status == PLN_CHECK_PASSED || (rule->service_level && result.evaluated <= 0))
        return PLN_OK;
    if (result.status > t->verdict)
        t->verdict = result.status;
    pln__contract_breach(
        &t->breaches,
        &(pln__told_breach){check.id, pointer, check.columns,
                            result.status == PLN_CHECK_FAILED ? "error" : "warning",
                            result.unexpected > 0 ? result.unexpected : 0, result.message});
    return PLN_OK;
}

static void put_list(pln__text *out, const char *name, const pln__text *members) {
    pln__text_printf(out, ",\"%s\":[", name);
    pln__text_bytes(out, members->data, members->size);
    pln__text_char(out, ']');
    out->failed |= members->failed;
}

static void put_all(const telling *t, pln__text *out) {
    const pln__held_contract *held = t->held;
    pln_contract_info info = {.struct_size = sizeof info};
    pln_contract_info_get(held->contract, &info);
    pln__text_str(out, "{\"id\":");
    pln__text_json(out, info.id, (int64_t)strlen(info.id));
    pln__contract_member(out, "version", info.version);
    pln__contract_member(out, "name", info.name);
    pln__contract_member(out, "object", held->object);
    pln__contract_member(out, "on_breach", ways[held->on_breach]);
    pln__contract_member(out, "verdict", verdicts[t->verdict]);
    pln__text_str(out, ",\"rows\":");
    pln__text_int(out, pln_validation_count(t->validation));
    put_list(out, "breaches", &t->breaches);
    put_list(out, "service_levels", &t->service_levels);
    put_list(out, "not_evaluated", &held->left);
    pln__text_char(out, '}');
}

pln_status pln__held_contract_tell(const pln__held_contract *held, pln_context *ctx,
                                   pln_validation *validation, pln_error *err) {
    telling t = {.held = held, .validation = validation,
                 .verdict = held->n_misfits > 0 ? PLN_CHECK_FAILED : PLN_CHECK_PASSED};
    pln__text out;
    pln_status status = PLN_OK;
    pln__text_init(&t.breaches, held->mem);
    pln__text_init(&t.service_levels, held->mem);
    pln__text_init(&out, held->mem);
    pln__text_bytes(&t.breaches, held->misfits.data, held->misfits.size);
    for (int64_t i = 0; i < held->n_rules; i++)
        PLN__TRY(tell_rule(&t, i, err));
    put_all(&t, &out);
    PLN__TRY(pln__text_status(&out, err));
    if (ctx->host->note != NULL)
        status = ctx->host->note(ctx, "contract", out.data, err);
out:
    pln__text_free(&out);
    pln__text_free(&t.breaches);
    pln__text_free(&t.service_levels);
    return status;
}
