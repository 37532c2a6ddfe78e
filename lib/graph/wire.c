#include "graph/graph.h"

/* One "node" or "node.port" of the wiring text. */
typedef struct endpoint {
    char node[64];
    char port[64];
    int column;
} endpoint;

typedef struct parser {
    const char *text;
    const char *at;
} parser;

static int column_of(const parser *p) {
    return (int)(p->at - p->text) + 1;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static void skip_blanks(parser *p, bool lines) {
    while (*p->at == ' ' || *p->at == '\t' || (lines && (*p->at == '\n' || *p->at == '\r')))
        p->at++;
}

static pln_status read_word(parser *p, char out[64], const char *what, pln_error *err) {
    size_t size = 0;
    char shown[PLN__SHOW_SIZE];
    while (is_word(p->at[size]))
        size++;
    if (size == 0 || size > 63)
        return pln__error_set(
            err, PLN_ESYNTAX, "wiring, column %d: expected %s, got %s", column_of(p), what,
            *p->at == '\0' ? "the end" : pln__show(shown, p->at, (int64_t)strlen(p->at)));
    memcpy(out, p->at, size);
    out[size] = '\0';
    p->at += size;
    return PLN_OK;
}

static pln_status read_endpoint(parser *p, endpoint *out, pln_error *err) {
    pln_status status = PLN_OK;
    skip_blanks(p, true);
    out->column = column_of(p);
    out->port[0] = '\0';
    PLN__TRY(read_word(p, out->node, "the name of a node", err));
    if (*p->at == '.') {
        p->at++;
        PLN__TRY(read_word(p, out->port, "the name of a port", err));
    }
out:
    return status;
}

static pln_status no_port(const pln__node *node, const pln__names *names, const endpoint *end,
                          const char *direction, pln_error *err) {
    const char *known[66] = {"reject"};
    for (int64_t i = 0; i < names->count && i < 64; i++)
        known[i + 1] = names->items[i];
    bool out = strcmp(direction, "out") == 0;
    const char *near = pln__nearest(end->port, out ? known : known + 1);
    return pln__error_set(err, PLN_ENAME, "wiring, column %d: node '%s' has no %s port '%s'%s%s%s",
                          end->column, node->name, direction, end->port,
                          near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?)" : "");
}

static pln_status find_port(const pln__node *node, const pln__names *names, const endpoint *end,
                            const char *direction, int32_t *port, pln_error *err) {
    if (end->port[0] == '\0' && names->count > 0) {
        *port = 0;
        return PLN_OK;
    }
    if (end->port[0] == '\0')
        return pln__error_set(err, PLN_ENAME, "wiring, column %d: node '%s' has no %s port",
                              end->column, node->name, direction);
    for (int64_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], end->port) == 0) {
            *port = (int32_t)i;
            return PLN_OK;
        }
    return no_port(node, names, end, direction, err);
}

static pln_status resolve(pln_graph *graph, const endpoint *end, bool out, int32_t *node,
                          int32_t *port, pln_error *err) {
    pln_status status = pln__graph_find(graph, end->node, node, err);
    if (status < 0) {
        pln__error_prefix(err, "wiring, column %d", end->column);
        return status;
    }
    pln__node *found = graph->nodes[*node];
    status = pln__node_ports(graph, found, err);
    if (status >= 0)
        status = pln__graph_contract(graph, *node, err);
    if (status < 0)
        return status;
    if (out && strcmp(end->port, "reject") == 0) {
        *port = PLN__PORT_REJECT;
        return PLN_OK;
    }
    status = find_port(found, out ? &found->out : &found->in, end, out ? "out" : "in", port, err);
    if (status >= 0)
        pln__contract_end(graph, out, node, *port);
    return status;
}

/* The next in port of a variadic node, else the one that the edge names. */
pln_status pln__graph_put_edge(pln_graph *graph, const pln__edge *edge, pln_error *err) {
    pln__node *target = graph->nodes[edge->to];
    bool variadic = pln__stage_head(target->stage)->caps & PLN_CAP_VARIADIC;
    pln_status status = pln__grow(graph->mem, &graph->edges, &graph->edges_capacity,
                                  graph->n_edges + 1, sizeof *graph->edges, err);
    if (status < 0)
        return status;
    graph->edges[graph->n_edges] = *edge;
    if (variadic)
        graph->edges[graph->n_edges].to_port = target->n_in++;
    graph->n_edges++;
    return PLN_OK;
}

static pln_status add_edge(pln_graph *graph, const endpoint *from, const endpoint *to,
                           pln_error *err) {
    pln_status status = PLN_OK;
    pln__edge edge = {0};
    PLN__TRY(resolve(graph, from, true, &edge.from, &edge.from_port, err));
    PLN__TRY(resolve(graph, to, false, &edge.to, &edge.to_port, err));
    pln__node *target = graph->nodes[edge.to];
    bool variadic = pln__stage_head(target->stage)->caps & PLN_CAP_VARIADIC;
    for (int64_t i = 0; i < graph->n_edges; i++) {
        const pln__edge *old = &graph->edges[i];
        if (old->from == edge.from && old->from_port == edge.from_port && old->to == edge.to &&
            (variadic || old->to_port == edge.to_port))
            PLN__FAIL(err, PLN_EEXIST, "wiring, column %d: the edge %s%s%s > %s is there already",
                      from->column, from->node, from->port[0] ? "." : "", from->port, to->node);
    }
    PLN__TRY(pln__graph_put_edge(graph, &edge, err));
    /* What breaks the contract leaves where the node's own rejects do. */
    int32_t contract = graph->nodes[edge.from]->contract;
    if (edge.from_port == PLN__PORT_REJECT && contract > 0) {
        edge.from = contract - 1;
        PLN__TRY(pln__graph_put_edge(graph, &edge, err));
    }
out:
    return status;
}

/* a > b > c: a port in the middle could be meant as in or as out port. */
static pln_status read_chain(pln_graph *graph, parser *p, pln_error *err) {
    pln_status status = PLN_OK;
    endpoint from, to;
    PLN__TRY(read_endpoint(p, &from, err));
    skip_blanks(p, true);
    if (*p->at != '>')
        PLN__FAIL(err, PLN_ESYNTAX, "wiring, column %d: expected '>' after '%s'", column_of(p),
                  from.node);
    while (*p->at == '>') {
        p->at++;
        PLN__TRY(read_endpoint(p, &to, err));
        skip_blanks(p, true);
        if (*p->at == '>' && to.port[0] != '\0')
            PLN__FAIL(err, PLN_ESYNTAX,
                      "wiring, column %d: '%s.%s' stands between two edges: say which "
                      "of them has the port by writing them apart",
                      to.column, to.node, to.port);
        PLN__TRY(add_edge(graph, &from, &to, err));
        from = to;
    }
    skip_blanks(p, true);
    if (*p->at != ';' && *p->at != '\0')
        PLN__FAIL(err, PLN_ESYNTAX, "wiring, column %d: expected '>' or ';'", column_of(p));
out:
    return status;
}

static void name_cycle(const pln_graph *graph, const int32_t *open, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (int64_t i = 0; i < graph->n_nodes && used + 70 < size; i++)
        if (open[i] > 0) {
            const char *name = graph->nodes[i]->name;
            size_t length = strlen(name);
            if (used > 0)
                out[used++] = ' ';
            memcpy(out + used, name, length + 1);
            used += length;
        }
}

pln_status pln__graph_order(const pln_graph *graph, int32_t *order, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t size = (uint64_t)graph->n_nodes * sizeof(int32_t) + 1;
    int32_t *open = pln__calloc(graph->mem, 1, size); /* edges into a node that is not placed yet */
    int64_t placed = 0;
    if (open == NULL)
        return pln__error_memory(err, size);
    for (int64_t i = 0; i < graph->n_edges; i++)
        open[graph->edges[i].to]++;
    for (int64_t before = -1; placed < graph->n_nodes && before != placed;) {
        before = placed;
        for (int32_t i = 0; i < graph->n_nodes; i++) {
            if (open[i] != 0)
                continue;
            open[i] = -1;
            order[placed++] = i;
            for (int64_t e = 0; e < graph->n_edges; e++)
                if (graph->edges[e].from == i)
                    open[graph->edges[e].to]--;
        }
    }
    if (placed < graph->n_nodes) {
        char names[256];
        name_cycle(graph, open, names, sizeof names);
        PLN__FAIL(err, PLN_EINVAL, "wiring: there is a cycle among the nodes %s", names);
    }
out:
    pln__free(graph->mem, open, size);
    return status;
}

static pln_status wire(pln_graph *graph, const char *edges, pln_error *err) {
    pln_status status = PLN_OK;
    parser p = {edges, edges};
    int32_t *order = NULL;
    uint64_t size = 0;
    if (graph->running)
        PLN__FAIL(err, PLN_ESTATE, "wiring: the graph is running");
    for (;;) {
        skip_blanks(&p, true);
        while (*p.at == ';') {
            p.at++;
            skip_blanks(&p, true);
        }
        if (*p.at == '\0')
            break;
        PLN__TRY(read_chain(graph, &p, err));
    }
    /* Nodes that hold contracts came with the edges. */
    size = (uint64_t)graph->n_nodes * sizeof *order + 1;
    order = pln__alloc(graph->mem, size);
    if (order == NULL)
        PLN__TRY(pln__error_memory(err, size));
    PLN__TRY(pln__graph_order(graph, order, err));
out:
    pln__free(graph->mem, order, size);
    return status;
}

pln_status pln_graph_wire(pln_graph *graph, const char *edges, pln_error *err) {
    pln_error own = {0};
    if (graph->error.status != 0) {
        if (err != NULL)
            *err = graph->error;
        return graph->error.status;
    }
    pln_status status = wire(graph, edges, &own);
    return status < 0 ? pln__graph_fail(graph, status, err, &own) : PLN_OK;
}
