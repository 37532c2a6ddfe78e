#include "run/report.h"

static const char *const fate_names[PLN__FATES] = {"passed", "absorbed", "rejected",
                                                   "late",   "filtered", "duplicate"};
static const char *const mode_names[] = {"batch", "micro-batch", "stream"};
static const char *const kind_names[] = {"", "source", "transform", "sink"};

static char *copy(pln_report *report, const char *text, pln_status *status) {
    char *made = pln__strdup(report->mem, text);
    if (made == NULL)
        *status = PLN_ENOMEM;
    return made;
}

static char *take(pln__text *text, pln_status *status) {
    char *made = pln__text_take(text);
    if (made == NULL)
        *status = PLN_ENOMEM;
    return made;
}

static void json_text(pln__text *out, const char *key, const char *value) {
    pln__text_printf(out, "\"%s\":", key);
    pln__text_json(out, value, (int64_t)strlen(value));
}

static void json_schema(pln__text *out, const struct ArrowSchema *schema) {
    char type[PLN__TYPE_TEXT_SIZE];
    pln__text_char(out, '[');
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        pln__text_str(out, i > 0 ? ",{" : "{");
        json_text(out, "name", column->name);
        pln__text_char(out, ',');
        json_text(out, "type", pln__type_text(column, type));
        pln__text_printf(out, ",\"nullable\":%s}",
                         column->flags & ARROW_FLAG_NULLABLE ? "true" : "false");
    }
    pln__text_char(out, ']');
}

static char *schemas_of(const pln__run_node *node, pln_status *status) {
    pln__text out;
    const char *comma = "";
    pln__text_init(&out, node->run->mem);
    pln__text_char(&out, '{');
    for (int32_t p = 0; p < node->n_out; p++) {
        if (node->out[p].schema == NULL)
            continue;
        pln__text_str(&out, comma);
        pln__text_json(&out, node->node->out.items[p], (int64_t)strlen(node->node->out.items[p]));
        pln__text_char(&out, ':');
        json_schema(&out, pln__schema_get(node->out[p].schema));
        comma = ",";
    }
    pln__text_char(&out, '}');
    return take(&out, status);
}

static char *columns_of(const pln_report *report, const struct ArrowSchema *schema,
                        pln_status *status) {
    pln__text out;
    pln__text_init(&out, report->mem);
    pln__text_str(&out, "");
    pln__schema_text(schema, &out);
    return take(&out, status);
}

static void fill_ports(pln_report *report, pln__node_report *to, const pln__run_node *node,
                       pln_status *status) {
    to->ports = pln__calloc(report->mem, (uint64_t)node->n_out + 1, sizeof *to->ports);
    if (to->ports == NULL) {
        *status = PLN_ENOMEM;
        return;
    }
    to->n_ports = node->n_out;
    for (int32_t p = 0; p < node->n_out; p++) {
        pln__text name;
        pln__text_init(&name, report->mem);
        pln__text_printf(&name, "%s.%s", node->node->name, node->node->out.items[p]);
        to->ports[p].name = take(&name, status);
        if (node->out[p].schema != NULL)
            to->ports[p].columns = columns_of(report, pln__schema_get(node->out[p].schema), status);
    }
}

static void fill_notes(pln_report *report, pln__node_report *to, const pln__run_node *node,
                       pln_status *status) {
    to->notes = pln__calloc(report->mem, (uint64_t)node->n_notes + 1, sizeof *to->notes);
    if (to->notes == NULL) {
        *status = PLN_ENOMEM;
        return;
    }
    to->n_notes = node->n_notes;
    for (int64_t i = 0; i < node->n_notes; i++)
        to->notes[i] = (pln__note){copy(report, node->notes[i].topic, status),
                                   copy(report, node->notes[i].json, status)};
}

static void fill_node(pln_report *report, pln__node_report *to, const pln__run_node *node,
                      pln_status *status) {
    const int64_t *fates = node->counts.fates;
    const char *stage = pln__stage_head(node->node->stage)->name;
    to->summary = (pln_node_summary){.struct_size = sizeof to->summary,
                                     .kind = pln__kind_of(node),
                                     .name = copy(report, node->node->name, status),
                                     .stage = copy(report, stage, status),
                                     .rows_in = node->counts.rows_in,
                                     .rows_out = node->counts.rows_out,
                                     .passed = fates[PLN_PASSED],
                                     .absorbed = fates[PLN_ABSORBED],
                                     .rejected = fates[PLN_REJECTED],
                                     .late = fates[PLN_LATE],
                                     .filtered = fates[PLN_FILTERED],
                                     .duplicate = fates[PLN_DUPLICATE],
                                     .batches_in = node->counts.batches_in,
                                     .batches_out = node->counts.batches_out,
                                     .time_us = node->time_us,
                                     .watermark_us = node->watermark_us};
    to->schemas = schemas_of(node, status);
    fill_ports(report, to, node, status);
    to->metrics = pln__calloc(report->mem, (uint64_t)node->n_metrics + 1, sizeof *to->metrics);
    if (to->metrics == NULL) {
        *status = PLN_ENOMEM;
        return;
    }
    fill_notes(report, to, node, status);
    to->n_metrics = node->n_metrics;
    for (int64_t i = 0; i < node->n_metrics; i++)
        to->metrics[i] =
            (pln__metric){copy(report, node->metrics[i].name, status), node->metrics[i].value};
}

static void fill_run(pln_report *report, const pln_run *run, pln_status *status) {
    pln_memory memory = {.struct_size = sizeof memory};
    pln_run_summary *s = &report->summary;
    pln_runtime_memory(run->runtime, &memory);
    *s = (pln_run_summary){.struct_size = sizeof *s,
                           .status = run->phase == PLN__RUN_DONE     ? PLN_EOS
                                     : run->phase == PLN__RUN_FAILED ? run->error.status
                                                                     : PLN_OK,
                           .mode = run->options.mode,
                           .guarantee = run->guarantee,
                           .skipped = run->skipped,
                           .nodes = run->n_nodes,
                           .pipeline = copy(report, run->pipeline, status),
                           .run_key = copy(report, run->run_key, status),
                           .error = copy(report, run->error.message, status),
                           .epochs = run->epochs,
                           .n = run->n,
                           .owner = run->owner,
                           .recoveries = run->recoveries,
                           .retries = run->retries,
                           .started_us = run->started_us,
                           .elapsed_us = pln__run_monotonic(run) - run->started_monotonic,
                           .peak_memory_bytes = memory.peak_bytes};
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        if (pln__kind_of(node) == PLN_SOURCE)
            s->rows_in += node->counts.rows_in;
        if (pln__kind_of(node) == PLN_SINK && !node->feeds_rejects)
            s->rows_out += node->counts.fates[PLN_PASSED];
        s->rejected += node->counts.fates[PLN_REJECTED];
    }
}

static void json_int(pln__text *out, const char *key, int64_t value) {
    pln__text_printf(out, ",\"%s\":", key);
    pln__text_int(out, value);
}

static void json_node(pln__text *out, const pln__node_report *node) {
    const pln_node_summary *s = &node->summary;
    const int64_t fates[PLN__FATES] = {s->passed, s->absorbed, s->rejected,
                                       s->late,   s->filtered, s->duplicate};
    pln__text_char(out, '{');
    json_text(out, "name", s->name);
    pln__text_char(out, ',');
    json_text(out, "kind", kind_names[s->kind]);
    pln__text_char(out, ',');
    json_text(out, "stage", s->stage);
    json_int(out, "rows_in", s->rows_in);
    json_int(out, "rows_out", s->rows_out);
    for (int i = 0; i < PLN__FATES; i++)
        json_int(out, fate_names[i], fates[i]);
    json_int(out, "batches_in", s->batches_in);
    json_int(out, "batches_out", s->batches_out);
    json_int(out, "time_us", s->time_us);
    pln__text_str(out, ",\"counters\":{");
    for (int64_t i = 0; i < node->n_metrics; i++) {
        pln__text_str(out, i > 0 ? "," : "");
        pln__text_json(out, node->metrics[i].name, (int64_t)strlen(node->metrics[i].name));
        pln__text_char(out, ':');
        pln__text_int(out, node->metrics[i].value);
    }
    pln__text_str(out, "},\"notes\":{");
    for (int64_t i = 0; i < node->n_notes; i++)
        pln__text_printf(out, i > 0 ? ",\"%s\":%s" : "\"%s\":%s", node->notes[i].topic,
                         node->notes[i].json);
    pln__text_str(out, "},\"schemas\":");
    pln__text_str(out, node->schemas);
    pln__text_char(out, '}');
}

static pln_status make_json(pln_report *report, pln_error *err) {
    const pln_run_summary *s = &report->summary;
    pln__text out;
    pln__text_init(&out, report->mem);
    pln__text_char(&out, '{');
    json_text(&out, "pipeline", s->pipeline);
    pln__text_char(&out, ',');
    json_text(&out, "run_key", s->run_key);
    pln__text_char(&out, ',');
    json_text(&out, "status",
              s->status == PLN_EOS ? "done"
              : s->status < 0      ? pln_status_name(s->status)
                                   : "open");
    pln__text_char(&out, ',');
    json_text(&out, "error", s->error);
    pln__text_char(&out, ',');
    json_text(&out, "mode", mode_names[s->mode]);
    pln__text_char(&out, ',');
    json_text(&out, "guarantee",
              s->guarantee == PLN_EXACTLY_ONCE ? "exactly-once" : "at-least-once");
    pln__text_printf(&out, ",\"skipped\":%s", s->skipped ? "true" : "false");
    json_int(&out, "rows_in", s->rows_in);
    json_int(&out, "rows_out", s->rows_out);
    json_int(&out, "rejected", s->rejected);
    json_int(&out, "epochs", s->epochs);
    json_int(&out, "n", s->n);
    json_int(&out, "owner", s->owner);
    json_int(&out, "recoveries", s->recoveries);
    json_int(&out, "retries", s->retries);
    json_int(&out, "started_us", s->started_us);
    json_int(&out, "elapsed_us", s->elapsed_us);
    json_int(&out, "peak_memory_bytes", s->peak_memory_bytes);
    pln__text_str(&out, ",\"nodes\":[");
    for (int32_t i = 0; i < s->nodes; i++) {
        pln__text_str(&out, i > 0 ? "," : "");
        json_node(&out, &report->nodes[i]);
    }
    pln__text_str(&out, "]}");
    report->json = pln__text_take(&out);
    return pln__text_status(&out, err);
}

pln_status pln_run_report(pln_run *run, pln_report **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln_report *report = pln__calloc(run->mem, 1, sizeof *report);
    *out = NULL;
    if (report == NULL)
        return pln__error_memory(err, sizeof *report);
    report->mem = run->mem;
    report->nodes = pln__calloc(run->mem, (uint64_t)run->n_nodes + 1, sizeof *report->nodes);
    fill_run(report, run, &status);
    if (report->nodes == NULL) {
        report->summary.nodes = 0;
        status = PLN_ENOMEM;
    }
    for (int32_t i = 0; i < report->summary.nodes; i++)
        fill_node(report, &report->nodes[i], &run->nodes[i], &status);
    if (status >= 0)
        status = pln__report_quality(report, err);
    if (status < 0)
        status = pln__error_memory(err, sizeof *report);
    else
        status = make_json(report, err);
    if (status < 0) {
        pln_report_free(report);
        return status;
    }
    *out = report;
    return PLN_OK;
}

static void free_text(const pln_report *report, const char *text) {
    pln__strfree(report->mem, (char *)(uintptr_t)text);
}

void pln_report_free(pln_report *report) {
    if (report == NULL)
        return;
    pln__report_quality_free(report);
    for (int32_t i = 0; i < report->summary.nodes; i++) {
        pln__node_report *node = &report->nodes[i];
        for (int64_t m = 0; m < node->n_metrics; m++)
            free_text(report, node->metrics[m].name);
        pln__free(report->mem, node->metrics,
                  (uint64_t)(node->n_metrics + 1) * sizeof *node->metrics);
        for (int64_t k = 0; k < node->n_notes; k++) {
            free_text(report, node->notes[k].topic);
            free_text(report, node->notes[k].json);
        }
        if (node->notes != NULL)
            pln__free(report->mem, node->notes,
                      (uint64_t)(node->n_notes + 1) * sizeof *node->notes);
        for (int64_t p = 0; p < node->n_ports; p++) {
            free_text(report, node->ports[p].name);
            free_text(report, node->ports[p].columns);
        }
        pln__free(report->mem, node->ports, (uint64_t)(node->n_ports + 1) * sizeof *node->ports);
        free_text(report, node->summary.name);
        free_text(report, node->summary.stage);
        free_text(report, node->schemas);
    }
    pln__free(report->mem, report->nodes,
              (uint64_t)(report->summary.nodes + 1) * sizeof *report->nodes);
    free_text(report, report->summary.pipeline);
    free_text(report, report->summary.run_key);
    free_text(report, report->summary.error);
    free_text(report, report->json);
    pln__free(report->mem, report, sizeof *report);
}

void pln_report_summary(const pln_report *report, pln_run_summary *out) {
    uint32_t size = out->struct_size;
    memcpy(out, &report->summary, size < sizeof *out ? size : sizeof *out);
    out->struct_size = size;
}

pln_status pln_report_node(const pln_report *report, int32_t index, pln_node_summary *out) {
    uint32_t size = out->struct_size;
    if (index < 0 || index >= report->summary.nodes)
        return PLN_EINVAL;
    memcpy(out, &report->nodes[index].summary, size < sizeof *out ? size : sizeof *out);
    out->struct_size = size;
    return PLN_OK;
}

int64_t pln_report_counter(const pln_report *report, const char *node, const char *metric) {
    for (int32_t i = 0; i < report->summary.nodes; i++) {
        const pln__node_report *at = &report->nodes[i];
        if (strcmp(at->summary.name, node) != 0)
            continue;
        for (int64_t m = 0; m < at->n_metrics; m++)
            if (strcmp(at->metrics[m].name, metric) == 0)
                return at->metrics[m].value;
    }
    return -1;
}

/* "node" alone means its first port. */
const char *pln_report_schema(const pln_report *report, const char *port) {
    for (int32_t i = 0; i < report->summary.nodes; i++) {
        const pln__node_report *node = &report->nodes[i];
        if (strcmp(node->summary.name, port) == 0)
            return node->n_ports > 0 ? node->ports[0].columns : NULL;
        for (int64_t p = 0; p < node->n_ports; p++)
            if (strcmp(node->ports[p].name, port) == 0)
                return node->ports[p].columns;
    }
    return NULL;
}

const char *pln_report_json(const pln_report *report) {
    return report->json;
}
