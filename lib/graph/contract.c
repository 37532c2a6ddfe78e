/* A source or sink with a contract gets a node of stage check between itself and the rest of the graph. */
#include "graph/graph.h"

#define SUFFIX ".contract"

/* Options of the node that are the check's: they have the same names there. */
static const char *const shared[] = {"contract", "contract_object", "on_breach", "on_reject"};

static pln_status check_config(const pln__node *node, char **out, pln_error *err) {
    json_t *config = json_object();
    pln_status status = PLN_OK;
    *out = NULL;
    for (int i = 0; i < PLN__COUNT(shared) && status >= 0; i++) {
        json_t *value = json_object_get(node->config.values, shared[i]);
        if (value != NULL && json_object_set(config, shared[i], value) != 0)
            status = PLN_ENOMEM;
    }
    if (status >= 0)
        *out = json_dumps(config, JSON_COMPACT);
    json_decref(config);
    return *out != NULL ? PLN_OK : pln__error_memory(err, 1);
}

static void free_json(char *text) {
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    if (text != NULL)
        release(text);
}

/* Its name has a '.', so that no node of the program's can have it. */
static pln_status add_check(pln_graph *graph, pln__node *node, pln_error *err) {
    pln_status status = PLN_OK;
    char *config = NULL;
    char name[64 + sizeof SUFFIX];
    const pln__stage *stage = pln__registry_find(graph->runtime, "check", err);
    if (stage == NULL)
        return PLN_ENAME;
    PLN__TRY(check_config(node, &config, err));
    memcpy(name, node->name, strlen(node->name));
    memcpy(name + strlen(node->name), SUFFIX, sizeof SUFFIX);
    PLN__TRY(pln__graph_put_node(graph, name, stage, NULL, config, err));
    node->contract = (int32_t)graph->n_nodes;
    PLN__TRY(pln__node_ports(graph, graph->nodes[graph->n_nodes - 1], err));
out:
    free_json(config);
    return status;
}

pln_status pln__graph_contract(pln_graph *graph, int32_t index, pln_error *err) {
    pln_status status = PLN_OK;
    pln__node *node = graph->nodes[index];
    const pln_config *config = &node->config;
    if (node->contract > 0 || node->stage->kind == PLN_TRANSFORM ||
        !pln__stage_takes_contract(node->stage))
        return PLN_OK;
    for (int i = 1; i < 3 && !pln__config_has(config, shared[0]); i++)
        if (json_object_get(config->values, shared[i]) != NULL)
            PLN__FAIL(err, PLN_EOPTION, "option '%s': there is no option 'contract' beside it",
                      shared[i]);
    if (!pln__config_has(config, shared[0]))
        return PLN_OK;
    if (node->stage->kind == PLN_SINK && node->in.count != 1)
        PLN__FAIL(err, PLN_EOPTION, "option 'contract': a sink with %d in ports takes none",
                  (int)node->in.count);
    PLN__TRY(add_check(graph, node, err));
    int32_t check = node->contract - 1;
    pln__edge edge = node->stage->kind == PLN_SOURCE ? (pln__edge){index, 0, check, 0}
                                                     : (pln__edge){check, 0, index, 0};
    PLN__TRY(pln__graph_put_edge(graph, &edge, err));
out:
    if (status < 0)
        pln__error_where(err, "%s/%s", graph->name, node->name);
    return status;
}

void pln__contract_end(const pln_graph *graph, bool out, int32_t *node, int32_t port) {
    const pln__node *found = graph->nodes[*node];
    if (found->contract > 0 && port != PLN__PORT_REJECT &&
        out == (found->stage->kind == PLN_SOURCE))
        *node = found->contract - 1;
}
