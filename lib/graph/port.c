#include "graph/graph.h"

static pln_status names_add(pln_graph *graph, pln__names *names, const char *name, int64_t size,
                            pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < size; i++)
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
              (name[i] >= '0' && name[i] <= '9') || name[i] == '_' || name[i] == '-'))
            PLN__FAIL(err, PLN_EINVAL, "port name '%.*s': expected letters, digits, _ -", (int)size,
                      name);
    if (size == 0 || size > 63 || (size == 6 && memcmp(name, "reject", 6) == 0))
        PLN__FAIL(err, PLN_EINVAL, "port name '%.*s' cannot be declared", (int)size, name);
    for (int64_t i = 0; i < names->count; i++)
        if ((int64_t)strlen(names->items[i]) == size &&
            memcmp(names->items[i], name, (size_t)size) == 0)
            PLN__FAIL(err, PLN_EEXIST, "port '%.*s': it is there already", (int)size, name);
    PLN__TRY(pln__grow(graph->mem, &names->items, &names->capacity, names->count + 1,
                       sizeof *names->items, err));
    char *copy = pln__strndup(graph->mem, name, size);
    if (copy == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)size + 1));
    names->items[names->count++] = copy;
out:
    return status;
}

pln_status pln__port_add(pln_ports *ports, int32_t out, const char *name, pln_error *err) {
    return names_add(ports->graph, out ? &ports->node->out : &ports->node->in, name,
                     (int64_t)strlen(name), err);
}

static pln_status names_split(pln_graph *graph, pln__names *names, const char *list,
                              pln_error *err) {
    pln_status status = PLN_OK;
    while (*list != '\0') {
        size_t size = strcspn(list, " ");
        if (size > 0)
            PLN__TRY(names_add(graph, names, list, (int64_t)size, err));
        list += size + (list[size] == ' ');
    }
out:
    return status;
}

pln_status pln__node_ports(pln_graph *graph, pln__node *node, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_source *head = pln__stage_head(node->stage);
    const pln_transform *transform = &node->stage->table.transform;
    if (node->ports_known)
        return PLN_OK;
    PLN__TRY(pln__config_complete(&node->config, err));
    if (node->stage->kind != PLN_SOURCE)
        PLN__TRY(
            names_split(graph, &node->in, head->ports_in != NULL ? head->ports_in : "in", err));
    if (node->stage->kind == PLN_TRANSFORM && transform->ports != NULL) {
        pln_ports ports = {graph, node};
        pln_host host;
        pln__host_static(&host);
        status = transform->ports(node->stage->user, &ports, &host, &node->config, err);
        PLN__TRY(pln__config_returned(&node->config, status, err));
    } else if (node->stage->kind != PLN_SINK) {
        PLN__TRY(
            names_split(graph, &node->out, head->ports_out != NULL ? head->ports_out : "out", err));
    }
    node->n_in = head->caps & PLN_CAP_VARIADIC ? 0 : (int32_t)node->in.count;
    node->ports_known = true;
out:
    if (status < 0)
        pln__error_where(err, "%s/%s", graph->name, node->name);
    return status;
}
