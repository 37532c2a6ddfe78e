/*
 * Room graph: what a program has wired together, before anything runs.
 *
 * Job: runtimes, the registry of stages, nodes with checked configuration, ports, edges; plugins.
 * Must not know: rows, epochs, positions; it never calls a slot that works, only `ports`.
 * Invariants: a graph in error stays in that error; a node's configuration was checked against its stage's option table; edges name existing
 * ports, none comes twice, and there is no cycle.
 */
#ifndef PLN__GRAPH_H
#define PLN__GRAPH_H

#include "column/column.h"
#include <jansson.h>
#include <pln/graph.h>
#include <pln/plugin.h>
#include <pln/runtime.h>

#define PLN__ABI_MIN 1
#define PLN__CONFIG_MAX (1 << 20)
#define PLN__NODES_MAX 10000
#define PLN__PORT_REJECT (-1)

/* A stage as registered: its table copied to full size, slots it does not have NULL. */
typedef struct pln__stage {
    int32_t kind;
    union {
        pln_source source;
        pln_transform transform;
        pln_sink sink;
        pln_schema_registry_table schema_registry;
    } table;
    void *user;
    void (*free_user)(void *user);
} pln__stage;

/* Every table begins with the same head, so any member of the union shows it. */
static inline const pln_source *pln__stage_head(const pln__stage *stage) {
    return &stage->table.source;
}

struct pln_registry {
    pln_runtime *runtime;
};

struct pln_runtime {
    pln__heap *heap;
    const pln_allocator *mem;
    pln_clock clock;
    pln_random random;
    pln_file_ops files;
    pln_log_fn log;
    void *log_user;
    uint64_t seed;
    pln_registry registry;
    pln__stage **stages;
    int64_t n_stages;
    int64_t stages_capacity;
};

/* Makes a runtime without any stage; room front adds the built-in ones. */
pln_status pln__runtime_create(const pln_runtime_options *options, pln_runtime **out,
                               pln_error *err);
const pln_allocator *pln__runtime_allocator(pln_runtime *runtime);
void pln__runtime_log(const pln_runtime *runtime, int32_t level, const char *where,
                      const char *message);
const pln__stage *pln__registry_find(const pln_runtime *runtime, const char *name, pln_error *err);
/* Checks a table and copies it; free_user is called on failure, too. */
pln_status pln__stage_new(pln_runtime *runtime, int32_t kind, const void *table, void *user,
                          void (*free_user)(void *), pln__stage **out, pln_error *err);
void pln__stage_free(pln_runtime *runtime, pln__stage *stage);
pln_status pln__registry_add(pln_registry *registry, int32_t kind, const void *table, void *user,
                             pln_error *err);
/* Option number i, read no further than its author compiled it; false past the last. */
bool pln__stage_option(const pln__stage *stage, int64_t i, pln_option *out);
/* Whether option contract is the engine's, and not one of the stage's own. */
bool pln__stage_takes_contract(const pln__stage *stage);

/* ---- configuration ---- */

typedef struct pln__binding {
    char *key;
    void *pointer;
    void (*free_pointer)(void *);
} pln__binding;

struct pln_config {
    const pln_allocator *mem;
    const pln__stage *stage;
    json_t *values;   /* as set, sizes and durations made integers */
    json_t *defaults; /* the fallbacks, likewise */
    pln__binding *bindings;
    int64_t n_bindings;
    int64_t bindings_capacity;
    char **texts; /* JSON texts lent by the readers until the slot returns */
    int64_t n_texts;
    int64_t texts_capacity;
    bool short_of_memory; /* a reader answered NULL for want of memory */
};

pln_status pln__config_init(pln_config *config, const pln_allocator *mem, const pln__stage *stage,
                            const char *json, pln_error *err);
void pln__config_free(pln_config *config);
/* After a slot that had the configuration returned: takes the lent texts back; PLN_ENOMEM if one could not be made, whatever the slot answered. */
pln_status pln__config_returned(pln_config *config, pln_status status, pln_error *err);
/* `value` is consumed. */
pln_status pln__config_unset(pln_config *config, const char *key, pln_error *err);
pln_status pln__config_set(pln_config *config, const char *key, json_t *value, pln_error *err);
pln_status pln__config_bind(pln_config *config, const char *key, void *pointer,
                            void (*free_pointer)(void *), pln_error *err);
/* Every required option is there. */
pln_status pln__config_complete(const pln_config *config, pln_error *err);
/* A fresh JSON object without secrets, NULL without memory. */
json_t *pln__config_shown(const pln_config *config);
pln_status pln__json_parse(const char *text, const char *what, json_t **out, pln_error *err);
/* Checks one value and gives the form that is kept (a new reference). */
pln_status pln__option_check(const pln_option *option, json_t *value, json_t **out, pln_error *err);
const char *pln__option_type_name(int32_t type);

int32_t pln__config_has(const pln_config *config, const char *key);
const char *pln__config_text(const pln_config *config, const char *key);
int64_t pln__config_int(const pln_config *config, const char *key);
double pln__config_float(const pln_config *config, const char *key);
int64_t pln__config_count(const pln_config *config, const char *key);
const char *pln__config_item(const pln_config *config, const char *key, int64_t i,
                             const char **name);
const char *pln__config_json(const pln_config *config, const char *key);
void *pln__config_handle(const pln_config *config, const char *key);
pln_status pln__port_add(pln_ports *ports, int32_t out, const char *name, pln_error *err);
/* The part of the host table that works without a run, for registration and `ports`. */
void pln__host_static(pln_host *host);

/* ---- nodes and edges ---- */

typedef struct pln__names {
    char **items;
    int64_t count;
    int64_t capacity;
} pln__names;

typedef struct pln__node {
    char *name;
    const pln__stage *stage;
    pln__stage *own_stage; /* added to the graph only, not registered */
    pln_config config;
    pln__names in;
    pln__names out;
    bool ports_known;
    int32_t n_in; /* in ports: names, or edges where the stage is variadic */
    int32_t contract; /* 1 + the node that holds its rows to a contract; 0: none */
} pln__node;

typedef struct pln__edge {
    int32_t from;
    int32_t from_port; /* PLN__PORT_REJECT or an index */
    int32_t to;
    int32_t to_port;
} pln__edge;

struct pln_graph {
    pln_runtime *runtime;
    const pln_allocator *mem;
    char *name;
    pln__node **nodes;
    int64_t n_nodes;
    int64_t nodes_capacity;
    pln__edge *edges;
    int64_t n_edges;
    int64_t edges_capacity;
    pln_error error; /* sticky */
    bool running;
};

struct pln_ports {
    pln_graph *graph;
    pln__node *node;
};

pln__node *pln__graph_node(const pln_graph *graph, const char *name, int32_t *index);
pln_status pln__graph_find(pln_graph *graph, const char *name, int32_t *index, pln_error *err);
/* Remembers the first failure and answers it. */
pln_status pln__graph_fail(pln_graph *graph, pln_status status, pln_error *err, pln_error *own);
pln_status pln__node_ports(pln_graph *graph, pln__node *node, pln_error *err);
/* Adds a node whose stage is known; `own` is consumed. */
pln_status pln__graph_add_node(pln_graph *graph, const char *name, const pln__stage *stage,
                               pln__stage *own, const char *config, pln_error *err);
/* The same for a name that is no program's. */
pln_status pln__graph_put_node(pln_graph *graph, const char *name, const pln__stage *stage,
                               pln__stage *own, const char *config, pln_error *err);
pln_status pln__graph_put_edge(pln_graph *graph, const pln__edge *edge, pln_error *err);

/* contract.c: before the first edge of a node is drawn. A node with option contract gets a check node "NODE.contract", wired to it. */
pln_status pln__graph_contract(pln_graph *graph, int32_t index, pln_error *err);
/* Whose port an edge's end is, if the node has such a check node between itself and the others. */
void pln__contract_end(const pln_graph *graph, bool out, int32_t *node, int32_t port);

/* Node indices, sources first; an edge never runs backwards. `order` has room for n_nodes. PLN_EINVAL names a cycle. */
pln_status pln__graph_order(const pln_graph *graph, int32_t *order, pln_error *err);

#endif
