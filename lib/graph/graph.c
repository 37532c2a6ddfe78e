#include "graph/graph.h"
#include "base/utf8.h"

static bool name_ok(const char *name, const char *more) {
    if (name == NULL || name[0] == '\0' || strlen(name) > 63)
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || *at == '_' || *at == '-' || strchr(more, *at) != NULL))
            return false;
    return true;
}

pln_status pln_graph_new(pln_runtime *runtime, const char *name, pln_graph **out, pln_error *err) {
    *out = NULL;
    if (!name_ok(name, ".:/"))
        return pln__error_set(err, PLN_EINVAL,
                              "graph name '%s': expected 1 to 63 letters, digits, _ - . : /",
                              name == NULL ? "" : name);
    pln_graph *graph = pln__calloc(runtime->mem, 1, sizeof *graph);
    if (graph == NULL)
        return pln__error_memory(err, sizeof *graph);
    graph->runtime = runtime;
    graph->mem = runtime->mem;
    graph->name = pln__strdup(runtime->mem, name);
    if (graph->name == NULL) {
        pln__free(runtime->mem, graph, sizeof *graph);
        return pln__error_memory(err, strlen(name) + 1);
    }
    *out = graph;
    return PLN_OK;
}

static void names_free(const pln_allocator *mem, pln__names *names) {
    for (int64_t i = 0; i < names->count; i++)
        pln__strfree(mem, names->items[i]);
    pln__free(mem, names->items, (uint64_t)names->capacity * sizeof *names->items);
}

static void node_free(pln_graph *graph, pln__node *node) {
    if (node == NULL)
        return;
    pln__config_free(&node->config);
    pln__stage_free(graph->runtime, node->own_stage);
    names_free(graph->mem, &node->in);
    names_free(graph->mem, &node->out);
    pln__strfree(graph->mem, node->name);
    pln__free(graph->mem, node, sizeof *node);
}

void pln_graph_free(pln_graph *graph) {
    if (graph == NULL)
        return;
    for (int64_t i = 0; i < graph->n_nodes; i++)
        node_free(graph, graph->nodes[i]);
    pln__free(graph->mem, graph->nodes, (uint64_t)graph->nodes_capacity * sizeof *graph->nodes);
    pln__free(graph->mem, graph->edges, (uint64_t)graph->edges_capacity * sizeof *graph->edges);
    pln__strfree(graph->mem, graph->name);
    pln__free(graph->mem, graph, sizeof *graph);
}

pln_status pln__graph_fail(pln_graph *graph, pln_status status, pln_error *err, pln_error *own) {
    pln__error_where(own, "%s", graph->name);
    if (graph->error.status == 0)
        graph->error = *own;
    if (err != NULL)
        *err = *own;
    return status;
}

/* A graph that failed once answers the same for ever. */
static bool stuck(const pln_graph *graph, pln_error *err) {
    if (graph->error.status == 0)
        return false;
    if (err != NULL)
        *err = graph->error;
    return true;
}

pln__node *pln__graph_node(const pln_graph *graph, const char *name, int32_t *index) {
    for (int64_t i = 0; i < graph->n_nodes; i++)
        if (strcmp(graph->nodes[i]->name, name) == 0) {
            if (index != NULL)
                *index = (int32_t)i;
            return graph->nodes[i];
        }
    return NULL;
}

pln_status pln__graph_find(pln_graph *graph, const char *name, int32_t *index, pln_error *err) {
    const char *names[257] = {0};
    if (pln__graph_node(graph, name, index) != NULL)
        return PLN_OK;
    for (int64_t i = 0; i < graph->n_nodes && i < 256; i++)
        names[i] = graph->nodes[i]->name;
    const char *near = pln__nearest(name, names);
    return pln__error_set(err, PLN_ENAME, "node '%s': there is none of that name%s%s%s", name,
                          near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?)" : "");
}

static pln_status node_new(pln_graph *graph, const char *name, const pln__stage *stage,
                           const char *config, pln__node **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__node *node = pln__calloc(graph->mem, 1, sizeof *node);
    *out = node;
    if (node == NULL)
        return pln__error_memory(err, sizeof *node);
    node->stage = stage;
    node->name = pln__strdup(graph->mem, name);
    if (node->name == NULL)
        return pln__error_memory(err, strlen(name) + 1);
    PLN__TRY(pln__config_init(&node->config, graph->mem, stage, config, err));
out:
    if (status < 0)
        pln__error_where(err, "%s/%s", graph->name, name);
    return status;
}

pln_status pln__graph_put_node(pln_graph *graph, const char *name, const pln__stage *stage,
                               pln__stage *own, const char *config, pln_error *err) {
    pln_status status = PLN_OK;
    pln__node *node = NULL;
    if (stage->kind > PLN_SINK)
        PLN__FAIL(err, PLN_EINVAL, "node '%s': %s is a schema registry, no stage", name,
                  pln__stage_head(stage)->name);
    if (pln__graph_node(graph, name, NULL) != NULL)
        PLN__FAIL(err, PLN_EEXIST, "node '%s': it is there already", name);
    if (graph->running)
        PLN__FAIL(err, PLN_ESTATE, "node '%s': the graph is running", name);
    if (graph->n_nodes >= PLN__NODES_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "node '%s': a graph has at most %d nodes", name, PLN__NODES_MAX);
    PLN__TRY(pln__grow(graph->mem, &graph->nodes, &graph->nodes_capacity, graph->n_nodes + 1,
                       sizeof *graph->nodes, err));
    PLN__TRY(node_new(graph, name, stage, config, &node, err));
    node->own_stage = own;
    graph->nodes[graph->n_nodes++] = node;
    return PLN_OK;
out:
    node_free(graph, node);
    pln__stage_free(graph->runtime, own);
    return status;
}

pln_status pln__graph_add_node(pln_graph *graph, const char *name, const pln__stage *stage,
                               pln__stage *own, const char *config, pln_error *err) {
    if (name_ok(name, ""))
        return pln__graph_put_node(graph, name, stage, own, config, err);
    pln__stage_free(graph->runtime, own);
    return pln__error_set(err, PLN_EINVAL, "node name '%s': expected 1 to 63 letters, digits, _ -",
                          name == NULL ? "" : name);
}

pln_status pln_graph_add(pln_graph *graph, const char *name, const char *stage, const char *config,
                         pln_error *err) {
    pln_error own = {0};
    if (stuck(graph, err))
        return graph->error.status;
    const pln__stage *found = pln__registry_find(graph->runtime, stage, &own);
    if (found == NULL) {
        pln__error_where(&own, "%s/%s", graph->name, name == NULL ? "" : name);
        return pln__graph_fail(graph, own.status, err, &own);
    }
    pln_status status = pln__graph_add_node(graph, name, found, NULL, config, &own);
    return status < 0 ? pln__graph_fail(graph, status, err, &own) : PLN_OK;
}

/* A node of a stage that is the graph's own; `name` and `config` as pln_graph_add has them. */
typedef struct own_node {
    const char *name, *config;
    int32_t kind;
    const void *table;
    void *user;
    void (*free_user)(void *user);
} own_node;

static pln_status add_own(pln_graph *graph, const own_node *node, pln_error *err) {
    pln_error own = {0};
    pln__stage *stage = NULL;
    if (stuck(graph, err)) {
        if (node->free_user != NULL)
            node->free_user(node->user);
        return graph->error.status;
    }
    pln_status status = pln__stage_new(graph->runtime, node->kind, node->table, node->user,
                                       node->free_user, &stage, &own);
    if (status >= 0)
        status = pln__graph_add_node(graph, node->name, stage, stage, node->config, &own);
    return status < 0 ? pln__graph_fail(graph, status, err, &own) : PLN_OK;
}

pln_status pln_graph_add_source(pln_graph *graph, const char *name, const pln_source *table,
                                void *user, void (*free_user)(void *user), const char *config,
                                pln_error *err) {
    own_node node = {name, config, PLN_SOURCE, table, user, free_user};
    return add_own(graph, &node, err);
}

pln_status pln_graph_add_transform(pln_graph *graph, const char *name, const pln_transform *table,
                                   void *user, void (*free_user)(void *user), const char *config,
                                   pln_error *err) {
    own_node node = {name, config, PLN_TRANSFORM, table, user, free_user};
    return add_own(graph, &node, err);
}

pln_status pln_graph_add_sink(pln_graph *graph, const char *name, const pln_sink *table, void *user,
                              void (*free_user)(void *user), const char *config, pln_error *err) {
    own_node node = {name, config, PLN_SINK, table, user, free_user};
    return add_own(graph, &node, err);
}

/* `value` is consumed; NULL takes the option away. */
static pln_status set_option(pln_graph *graph, const char *name, const char *key, json_t *value,
                             pln_error *err) {
    pln_status status = PLN_OK;
    pln_error own = {0};
    int32_t index = 0;
    if (stuck(graph, err)) {
        json_decref(value);
        return graph->error.status;
    }
    status = pln__graph_find(graph, name, &index, &own);
    pln__node *node = status < 0 ? NULL : graph->nodes[index];
    if (node != NULL && (node->ports_known || graph->running))
        status =
            pln__error_set(&own, PLN_ESTATE, "option '%s': node '%s' is wired already", key, name);
    if (status < 0)
        json_decref(value);
    else
        status = value == NULL ? pln__config_unset(&node->config, key, &own)
                               : pln__config_set(&node->config, key, value, &own);
    if (status >= 0)
        return PLN_OK;
    pln__error_where(&own, "%s/%s", graph->name, name);
    return pln__graph_fail(graph, status, err, &own);
}

/* A JSON string; NULL with *status said if it is no UTF-8 or there is no memory. */
static json_t *json_text_of(const char *key, const char *value, pln_status *status,
                            pln_error *err) {
    json_t *text = json_string(value);
    char shown[PLN__SHOW_SIZE];
    if (text == NULL)
        *status = pln__utf8_valid(value, (int64_t)strlen(value), 0)
                      ? pln__error_memory(err, strlen(value) + 1)
                      : pln__error_set(err, PLN_EINVAL, "option '%s': %s is no UTF-8", key,
                                       pln__show(shown, value, (int64_t)strlen(value)));
    return text;
}

static pln_status refuse_value(pln_graph *graph, const char *node, pln_status status,
                               pln_error *own, pln_error *err) {
    pln__error_where(own, "%s/%s", graph->name, node);
    return pln__graph_fail(graph, status, err, own);
}

pln_status pln_graph_set_text(pln_graph *graph, const char *node, const char *key,
                              const char *value, pln_error *err) {
    pln_status status = PLN_OK;
    pln_error own = {0};
    if (stuck(graph, err))
        return graph->error.status;
    json_t *text = value == NULL ? NULL : json_text_of(key, value, &status, &own);
    return status < 0 ? refuse_value(graph, node, status, &own, err)
                      : set_option(graph, node, key, text, err);
}

pln_status pln_graph_set_texts(pln_graph *graph, const char *node, const char *key,
                               const char *const *values, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    pln_error own = {0};
    if (stuck(graph, err))
        return graph->error.status;
    json_t *list = n > 0 ? json_array() : NULL;
    if (n > 0 && list == NULL)
        status = pln__error_memory(&own, 1);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        json_t *text = json_text_of(key, values[i], &status, &own);
        if (text != NULL && json_array_append_new(list, text) != 0)
            status = pln__error_memory(&own, 1);
    }
    if (status >= 0)
        return set_option(graph, node, key, list, err);
    json_decref(list);
    return refuse_value(graph, node, status, &own, err);
}

/* A value that jansson made; NULL: it had no memory, or the number is none of JSON's. */
static pln_status set_made(pln_graph *graph, const char *node, const char *key, json_t *value,
                           pln_error *err) {
    pln_error own = {0};
    if (value != NULL || stuck(graph, NULL))
        return set_option(graph, node, key, value, err);
    pln_status status =
        pln__error_set(&own, PLN_EINVAL, "option '%s': out of memory, or not a finite number", key);
    return refuse_value(graph, node, status, &own, err);
}

static bool is_bool_option(const pln_graph *graph, const char *name, const char *key) {
    const pln__node *node = pln__graph_node(graph, name, NULL);
    pln_option option;
    for (int64_t i = 0; node != NULL && pln__stage_option(node->stage, i, &option); i++)
        if (strcmp(option.key, key) == 0)
            return option.type == PLN_OPT_BOOL;
    return false;
}

pln_status pln_graph_set_int(pln_graph *graph, const char *node, const char *key, int64_t value,
                             pln_error *err) {
    bool truth = (value == 0 || value == 1) && is_bool_option(graph, node, key);
    return set_made(graph, node, key, truth ? json_boolean(value) : json_integer(value), err);
}

pln_status pln_graph_set_float(pln_graph *graph, const char *node, const char *key, double value,
                               pln_error *err) {
    return set_made(graph, node, key, json_real(value), err);
}

pln_status pln_graph_set_json(pln_graph *graph, const char *node, const char *key, const char *json,
                              pln_error *err) {
    pln_error own = {0};
    json_t *value = NULL;
    if (stuck(graph, err))
        return graph->error.status;
    pln_status status = pln__json_parse(json, key, &value, &own);
    if (status < 0) {
        pln__error_where(&own, "%s/%s", graph->name, node);
        return pln__graph_fail(graph, status, err, &own);
    }
    return set_option(graph, node, key, value, err);
}

pln_status pln_graph_bind(pln_graph *graph, const char *name, const char *key, void *pointer,
                          void (*free_pointer)(void *pointer), pln_error *err) {
    pln_error own = {0};
    int32_t index = 0;
    pln_status status = PLN_OK;
    if (stuck(graph, err))
        status = graph->error.status;
    else if ((status = pln__graph_find(graph, name, &index, &own)) >= 0)
        return (status = pln__config_bind(&graph->nodes[index]->config, key, pointer, free_pointer,
                                          &own)) < 0
                   ? pln__graph_fail(graph, status, err, &own)
                   : PLN_OK;
    if (free_pointer != NULL)
        free_pointer(pointer);
    return graph->error.status != 0 ? status : pln__graph_fail(graph, status, err, &own);
}
