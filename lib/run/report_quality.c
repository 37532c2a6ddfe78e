/* Contracts and alerts of a report: the notes "contract" and "monitors" of its nodes, as structs. What is missing in a note reads as nothing. */
#include "run/report.h"
#include <math.h>

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static const char *text_or_empty(const json_t *object, const char *key) {
    const char *text = text_of(object, key);
    return text == NULL ? "" : text;
}

static int64_t int_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static int64_t list_size(const json_t *object, const char *key) {
    return (int64_t)json_array_size(json_object_get(object, key));
}

static int32_t verdict_of(const char *word) {
    return strcmp(word, "broken") == 0 || strcmp(word, "error") == 0     ? PLN_CONTRACT_BROKEN
           : strcmp(word, "warned") == 0 || strcmp(word, "warning") == 0 ? PLN_CONTRACT_WARNED
                                                                         : PLN_CONTRACT_KEPT;
}

/* `note` is consumed. */
static pln_status add_contract(pln_report *report, const char *node, json_t *note, pln_error *err) {
    pln_status status = pln__grow(report->mem, &report->contracts, &report->contracts_capacity,
                                  report->n_contracts + 1, sizeof *report->contracts, err);
    if (status < 0) {
        json_decref(note);
        return status;
    }
    pln__told_contract *told = &report->contracts[report->n_contracts++];
    *told = (pln__told_contract){.note = note, .breaches = json_object_get(note, "breaches")};
    told->summary = (pln_contract_summary){.struct_size = sizeof told->summary,
                                           .verdict = verdict_of(text_or_empty(note, "verdict")),
                                           .node = node,
                                           .id = text_or_empty(note, "id"),
                                           .version = text_of(note, "version"),
                                           .object = text_or_empty(note, "object"),
                                           .on_breach = text_or_empty(note, "on_breach"),
                                           .rows = int_of(note, "rows"),
                                           .breaches = list_size(note, "breaches"),
                                           .service_levels = list_size(note, "service_levels"),
                                           .not_evaluated = list_size(note, "not_evaluated")};
    return PLN_OK;
}

static int append(const char *bytes, size_t size, void *user) {
    pln__text_bytes(user, bytes, (int64_t)size);
    return 0;
}

static int32_t severity_of(const char *word) {
    return strcmp(word, "error") == 0 ? 2 : strcmp(word, "warning") == 0;
}

static pln_status add_alert(pln_report *report, const char *node, json_t *event, pln_error *err) {
    pln__text json;
    pln_status status = pln__grow(report->mem, &report->alerts, &report->alerts_capacity,
                                  report->n_alerts + 1, sizeof *report->alerts, err);
    if (status < 0)
        return status;
    pln__text_init(&json, report->mem);
    if (json_dump_callback(event, append, &json, JSON_COMPACT) != 0)
        json.failed = true;
    pln__told_alert *told = &report->alerts[report->n_alerts];
    *told = (pln__told_alert){.note = json_incref(event), .json = pln__text_take(&json)};
    if (told->json == NULL) {
        json_decref(event);
        pln__text_free(&json);
        return pln__error_memory(err, 1);
    }
    report->n_alerts++;
    told->alert = (pln_alert){.struct_size = sizeof told->alert,
                              .severity = severity_of(text_or_empty(event, "severity")),
                              .node = node,
                              .dataset = text_or_empty(event, "dataset"),
                              .metric = text_or_empty(event, "metric"),
                              .column = text_or_empty(event, "column"),
                              .status = text_or_empty(event, "status"),
                              .message = text_or_empty(event, "message"),
                              .value = number_of(event, "value"),
                              .expected = number_of(event, "expected"),
                              .lower = number_of(event, "lower"),
                              .upper = number_of(event, "upper"),
                              .incident = int_of(event, "incident"),
                              .json = told->json};
    return PLN_OK;
}

static pln_status add_alerts(pln_report *report, const char *node, json_t *note, pln_error *err) {
    pln_status status = PLN_OK;
    json_t *event;
    size_t i;
    json_array_foreach(json_object_get(note, "alerts"), i, event) if (status >= 0) status =
        add_alert(report, node, event, err);
    json_decref(note);
    return status;
}

pln_status pln__report_quality(pln_report *report, pln_error *err) {
    for (int32_t i = 0; i < report->summary.nodes; i++) {
        const pln__node_report *node = &report->nodes[i];
        for (int64_t k = 0; k < node->n_notes; k++) {
            bool contract = strcmp(node->notes[k].topic, "contract") == 0;
            if (!contract && strcmp(node->notes[k].topic, "monitors") != 0)
                continue;
            json_t *note = json_loads(node->notes[k].json, JSON_DECODE_ANY, NULL);
            if (note == NULL)
                return pln__error_memory(err, 1);
            pln_status status = contract ? add_contract(report, node->summary.name, note, err)
                                         : add_alerts(report, node->summary.name, note, err);
            if (status < 0)
                return status;
        }
    }
    return PLN_OK;
}

void pln__report_quality_free(pln_report *report) {
    for (int64_t i = 0; i < report->n_contracts; i++)
        json_decref(report->contracts[i].note);
    for (int64_t i = 0; i < report->n_alerts; i++) {
        json_decref(report->alerts[i].note);
        pln__strfree(report->mem, report->alerts[i].json);
    }
    pln__free(report->mem, report->contracts,
              (uint64_t)report->contracts_capacity * sizeof *report->contracts);
    pln__free(report->mem, report->alerts,
              (uint64_t)report->alerts_capacity * sizeof *report->alerts);
}

static void hand_out(void *out, const void *from, uint32_t size) {
    uint32_t wanted;
    memcpy(&wanted, out, sizeof wanted);
    memcpy(out, from, wanted < size ? wanted : size);
    memcpy(out, &wanted, sizeof wanted);
}

pln_status pln_report_contract(const pln_report *report, int32_t index, pln_contract_summary *out) {
    if (index < 0 || index >= report->n_contracts)
        return PLN_EINVAL;
    hand_out(out, &report->contracts[index].summary, sizeof *out);
    return PLN_OK;
}

pln_status pln_report_breach(const pln_report *report, int32_t contract, int32_t index,
                             pln_breach *out) {
    if (contract < 0 || contract >= report->n_contracts || index < 0)
        return PLN_EINVAL;
    const json_t *breach = json_array_get(report->contracts[contract].breaches, (size_t)index);
    if (breach == NULL)
        return PLN_EINVAL;
    pln_breach found = {.struct_size = sizeof found,
                        .level = verdict_of(text_or_empty(breach, "level")),
                        .rule = text_or_empty(breach, "rule"),
                        .pointer = text_or_empty(breach, "pointer"),
                        .columns = text_or_empty(breach, "columns"),
                        .message = text_or_empty(breach, "message"),
                        .rows = int_of(breach, "rows")};
    hand_out(out, &found, sizeof found);
    return PLN_OK;
}

pln_status pln_report_alert(const pln_report *report, int32_t index, pln_alert *out) {
    if (index < 0 || index >= report->n_alerts)
        return PLN_EINVAL;
    hand_out(out, &report->alerts[index].alert, sizeof *out);
    return PLN_OK;
}

const char *pln_report_note(const pln_report *report, const char *node, const char *topic) {
    for (int32_t i = 0; i < report->summary.nodes; i++) {
        const pln__node_report *at = &report->nodes[i];
        for (int64_t k = 0; strcmp(at->summary.name, node) == 0 && k < at->n_notes; k++)
            if (strcmp(at->notes[k].topic, topic) == 0)
                return at->notes[k].json;
    }
    return NULL;
}
