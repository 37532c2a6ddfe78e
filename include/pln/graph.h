/*
 * A graph: nodes with names, and edges between their ports. It is built once and run as often as wanted, in any mode.
 *
 *     pln_graph_new(rt, "orders", &g, &err);
 *     pln_graph_add(g, "read",  "csv.read", PLN_JSON({"path": "orders.csv", "schema": "orders.avsc"}), &err);
 *     pln_graph_add(g, "valid", "filter", PLN_JSON({"where": "amount > 0", "else": "reject"}), &err);
 *     pln_graph_add(g, "store", "sqlite.upsert", PLN_JSON({"database": "o.db", "table": "orders", "key": ["id"]}), &err);
 *     pln_graph_add(g, "bad",   "ndjson.write", PLN_JSON({"path": "rejected.ndjson"}), &err);
 *     pln_graph_wire(g, "read > valid > store; read.reject > bad; valid.reject > bad", &err);
 *
 * Builders are sticky: after a failure every later call on the graph returns the same error, so that one check at the end is right.
 * Configuration is JSON text; values from the program are set with pln_graph_set_*, never spliced into the text.
 */
#ifndef PLN_GRAPH_H
#define PLN_GRAPH_H

#include <pln/batch.h>
#include <pln/plugin.h>
#include <pln/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/* JSON text without quoting every quote: PLN_JSON({"path": "a.csv"}). */
#define PLN_JSON(...) #__VA_ARGS__

typedef struct pln_graph pln_graph;

/*
 * An empty graph. Its name is the pipeline's, unless a run says otherwise; it may hold letters, digits, '_', '-', '.', ':' and '/'.
 *
 * Errors: PLN_EINVAL for a name; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_graph_free before the runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_new(pln_runtime *runtime, const char *name, pln_graph **out,
                                 pln_error *err);

/*
 * Free a graph; its runs must be freed before. Pointers that it owns get their free function called. NULL is allowed.
 *
 * Errors: none.
 * Owner: the graph is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_graph_free(pln_graph *graph);

/*
 * Add a node: a registered stage with its configuration, a JSON object, or NULL for none.
 *
 * Errors: PLN_ENAME with the nearest stage; PLN_EOPTION names the option and what it expects, or the nearest option; PLN_ESYNTAX with line and column of the JSON
 * text; PLN_EEXIST if the node is there; PLN_EINVAL for a name (letters, digits, '_', '-'); PLN_ENOMEM.
 * Owner: the texts are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_add(pln_graph *graph, const char *name, const char *stage,
                                 const char *config, pln_error *err);

/*
 * Add a source, transform or sink of the program itself without registering it.
 *
 * Errors: PLN_EABI, PLN_EINVAL name the table's fault; else as pln_graph_add.
 * Owner: the table is copied, its texts are borrowed while the graph lives. `user` is passed to open; free_user(user), if not NULL, is called with
 * the graph's end, also on failure of this call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_add_source(pln_graph *graph, const char *name, const pln_source *table,
                                        void *user, void (*free_user)(void *user),
                                        const char *config, pln_error *err);

/*
 * See pln_graph_add_source.
 *
 * Errors: as pln_graph_add_source.
 * Owner: as pln_graph_add_source.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_add_transform(pln_graph *graph, const char *name,
                                           const pln_transform *table, void *user,
                                           void (*free_user)(void *user), const char *config,
                                           pln_error *err);

/*
 * See pln_graph_add_source.
 *
 * Errors: as pln_graph_add_source.
 * Owner: as pln_graph_add_source.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_add_sink(pln_graph *graph, const char *name, const pln_sink *table,
                                      void *user, void (*free_user)(void *user), const char *config,
                                      pln_error *err);

/*
 * A plain function from batch to batch. `in` is lent; *out is given away, or stays NULL for "no rows". Answer PLN_OK, or an error that stops the run.
 */
typedef pln_status (*pln_map_fn)(void *user, pln_context *ctx, pln_batch *in, pln_batch **out,
                                 pln_error *err);

typedef struct pln_map_options {
    uint32_t struct_size;
    uint32_t flags;                   /* PLN_MAP_ROWWISE */
    const struct ArrowSchema *schema; /* of the batches that come out; NULL: as those that go in. Copied */
} pln_map_options;
enum {
    /* Output row i comes from input row i, and none is missing: the rows keep their origin. Without it the input rows count as absorbed. */
    PLN_MAP_ROWWISE = 1
};

/*
 * Add a node that calls `map` for every batch. `options` NULL: same schema, rowwise.
 *
 * Errors: as pln_graph_add_source; at run time PLN_ECONTRACT if a rowwise map loses rows, PLN_ETYPE if a batch has not the schema declared.
 * Owner: as pln_graph_add_source.
 * Threads: one at a time; `map` is called on the thread that steps the run.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_add_map(pln_graph *graph, const char *name, pln_map_fn map, void *user,
                                     void (*free_user)(void *user), const pln_map_options *options,
                                     pln_error *err);

/*
 * Set an option of a node to text; it replaces what the configuration said. NULL: the option is not set. Before the node is wired.
 *
 * Errors: PLN_ENAME for the node; PLN_EOPTION as pln_graph_add; PLN_EINVAL for text that is no UTF-8; PLN_ESTATE once the node is wired; PLN_ENOMEM.
 * Owner: the value is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_set_text(pln_graph *graph, const char *node, const char *key,
                                      const char *value, pln_error *err);

/*
 * Set an option to an integer (also a boolean, 0 or 1, a number of bytes or of microseconds). See pln_graph_set_text.
 *
 * Errors: as pln_graph_set_text.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_set_int(pln_graph *graph, const char *node, const char *key,
                                     int64_t value, pln_error *err);

/*
 * Set an option to a floating-point number. See pln_graph_set_text.
 *
 * Errors: as pln_graph_set_text.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_set_float(pln_graph *graph, const char *node, const char *key,
                                       double value, pln_error *err);

/*
 * Set an option to a list of texts, such as column names or paths. n 0: the option is not set. See pln_graph_set_text.
 *
 * Errors: as pln_graph_set_text.
 * Owner: the texts are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_set_texts(pln_graph *graph, const char *node, const char *key,
                                       const char *const *values, int64_t n, pln_error *err);

/*
 * Set an option to any JSON value given as text, such as an object. See pln_graph_set_text.
 *
 * Errors: as pln_graph_set_text, and PLN_ESYNTAX.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_set_json(pln_graph *graph, const char *node, const char *key,
                                      const char *json, pln_error *err);

/*
 * Bind a pointer (a stream, a descriptor, memory) to an option of type handle.
 *
 * Errors: as pln_graph_set_text.
 * Owner: `pointer` must live as long as the graph; free_pointer(pointer), if not NULL, is called with the graph's end, also on failure of this call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_bind(pln_graph *graph, const char *node, const char *key,
                                  void *pointer, void (*free_pointer)(void *pointer),
                                  pln_error *err);

/*
 * Draw edges: "a > b > c; b.reject > d; b.out > e.left". A node without a port is its first out or in port. Edges may be drawn in several calls. Every edge is
 * checked: nodes and ports exist, no edge comes twice, there is no cycle.
 *
 * Errors: PLN_ESYNTAX with the column; PLN_ENAME with the nearest node or port; PLN_EEXIST; PLN_EINVAL for a cycle, naming its nodes; PLN_ENOMEM.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_wire(pln_graph *graph, const char *edges, pln_error *err);

/*
 * The graph as JSON: nodes with stage, configuration (secrets left out) and ports, and edges.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *json is yours; free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_graph_json(const pln_graph *graph, char **json, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
