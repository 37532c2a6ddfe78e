#include "graph/graph.h"

static const char *kind_name(int32_t kind) {
    static const char *const names[] = {"source", "transform", "sink", "schema-registry"};
    return names[kind - PLN_SOURCE];
}

static void json_ports(pln__text *out, const pln__names *names) {
    pln__text_char(out, '[');
    for (int64_t i = 0; i < names->count; i++) {
        pln__text_str(out, i > 0 ? "," : "");
        pln__text_json(out, names->items[i], (int64_t)strlen(names->items[i]));
    }
    pln__text_char(out, ']');
}

static int append(const char *bytes, size_t size, void *user) {
    pln__text_bytes(user, bytes, (int64_t)size);
    return 0;
}

static void json_member(pln__text *out, const char *key, const char *value) {
    pln__text_printf(out, ",\"%s\":", key);
    if (value == NULL)
        pln__text_str(out, "null");
    else
        pln__text_json(out, value, (int64_t)strlen(value));
}

static void json_node(pln__text *out, const pln__node *node) {
    json_t *shown = pln__config_shown(&node->config);
    pln__text_str(out, "{\"name\":");
    pln__text_json(out, node->name, (int64_t)strlen(node->name));
    json_member(out, "kind", kind_name(node->stage->kind));
    json_member(out, "stage", pln__stage_head(node->stage)->name);
    pln__text_str(out, ",\"config\":");
    if (shown == NULL || json_dump_callback(shown, append, out, JSON_COMPACT) != 0)
        out->failed = true;
    json_decref(shown);
    pln__text_str(out, ",\"in\":");
    json_ports(out, &node->in);
    pln__text_str(out, ",\"out\":");
    json_ports(out, &node->out);
    pln__text_char(out, '}');
}

static void json_edge(pln__text *out, const pln_graph *graph, const pln__edge *edge) {
    const pln__node *from = graph->nodes[edge->from], *to = graph->nodes[edge->to];
    pln__text_printf(out, "{\"from\":\"%s.%s\",\"to\":\"%s.%s\"}", from->name,
                     edge->from_port < 0 ? "reject" : from->out.items[edge->from_port], to->name,
                     to->in.items[edge->to_port < to->in.count ? edge->to_port : 0]);
}

pln_status pln_graph_json(const pln_graph *graph, char **json, pln_error *err) {
    pln__text out;
    pln__text_init(&out, graph->mem);
    pln__text_str(&out, "{\"name\":");
    pln__text_json(&out, graph->name, (int64_t)strlen(graph->name));
    pln__text_str(&out, ",\"nodes\":[");
    for (int64_t i = 0; i < graph->n_nodes; i++) {
        pln__text_str(&out, i > 0 ? "," : "");
        json_node(&out, graph->nodes[i]);
    }
    pln__text_str(&out, "],\"edges\":[");
    for (int64_t i = 0; i < graph->n_edges; i++) {
        pln__text_str(&out, i > 0 ? "," : "");
        json_edge(&out, graph, &graph->edges[i]);
    }
    pln__text_str(&out, "]}");
    *json = pln__text_take(&out);
    return pln__text_status(&out, err);
}

static void json_option(pln__text *out, const pln_option *option) {
    pln__text_str(out, "{\"key\":");
    pln__text_json(out, option->key, (int64_t)strlen(option->key));
    json_member(out, "type", pln__option_type_name(option->type));
    pln__text_printf(out, ",\"required\":%s", option->required ? "true" : "false");
    pln__text_printf(out, ",\"default\":%s", option->fallback != NULL ? option->fallback : "null");
    json_member(out, "values", option->values);
    json_member(out, "help", option->help);
    pln__text_char(out, '}');
}

static void json_caps(pln__text *out, uint32_t caps) {
    static const char *const names[] = {"bounded",  "replayable", "splittable", "rowwise", "deterministic",
                                        "keyed",    "parallel",   "idempotent", "variadic", "side_ports"};
    const char *comma = "";
    pln__text_char(out, '[');
    for (int i = 0; i < PLN__COUNT(names); i++)
        if (caps & (1u << i)) {
            pln__text_printf(out, "%s\"%s\"", comma, names[i]);
            comma = ",";
        }
    pln__text_char(out, ']');
}

pln_status pln_runtime_stage_json(const pln_runtime *runtime, const char *name, char **json,
                                  pln_error *err) {
    const pln__stage *stage = pln__registry_find(runtime, name, err);
    pln_option option;
    pln__text out;
    *json = NULL;
    if (stage == NULL)
        return PLN_ENAME;
    const pln_source *head = pln__stage_head(stage);
    pln__text_init(&out, runtime->mem);
    pln__text_str(&out, "{\"name\":");
    pln__text_json(&out, head->name, (int64_t)strlen(head->name));
    json_member(&out, "kind", kind_name(stage->kind));
    json_member(&out, "summary", head->summary);
    bool a_node = stage->kind != PLN_SCHEMA_REGISTRY;
    json_member(&out, "ports_in",
                stage->kind == PLN_SOURCE || !a_node ? ""
                : head->ports_in                     ? head->ports_in
                                                     : "in");
    json_member(&out, "ports_out",
                stage->kind == PLN_SINK || !a_node ? ""
                : head->ports_out                  ? head->ports_out
                                                   : "out");
    pln__text_str(&out, ",\"capabilities\":");
    json_caps(&out, head->caps);
    pln__text_str(&out, ",\"options\":[");
    for (int64_t i = 0; pln__stage_option(stage, i, &option); i++) {
        pln__text_str(&out, i > 0 ? "," : "");
        json_option(&out, &option);
    }
    pln__text_str(&out, "]}");
    *json = pln__text_take(&out);
    return pln__text_status(&out, err);
}
