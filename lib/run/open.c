#include "run/run.h"
#include <unistd.h>

/* More of them are a count that was never set. */
#define PARAMS_MAX 65536

const pln_clock *pln__run_clock(const pln_run *run) {
    return &run->runtime->clock;
}

int64_t pln__run_now(const pln_run *run) {
    return run->runtime->clock.now_us(run->runtime->clock.user);
}

int64_t pln__run_monotonic(const pln_run *run) {
    return run->runtime->clock.monotonic_us(run->runtime->clock.user);
}

void pln_run_options_init(pln_run_options *options, uint32_t size) {
    pln_run_options defaults = {.max_batch_rows = 8192,
                                .max_batch_bytes = 8 << 20,
                                .attempts = 3,
                                .retry_delay_us = 100000,
                                .progress_us = 1000000,
                                .workers = 1};
    if (size > sizeof defaults)
        size = (uint32_t)sizeof defaults;
    defaults.struct_size = size;
    memcpy(options, &defaults, size);
}

typedef struct limits {
    const char *name;
    int64_t value, low, high;
} limits;

static pln_status within(const limits *l, pln_error *err) {
    if (l->value >= l->low && l->value <= l->high)
        return PLN_OK;
    if (l->high == INT64_MAX)
        return pln__error_set(err, PLN_EINVAL, "run options: %s %lld is less than %lld", l->name,
                              (long long)l->value, (long long)l->low);
    return pln__error_set(err, PLN_EINVAL, "run options: %s %lld is not %lld to %lld", l->name,
                          (long long)l->value, (long long)l->low, (long long)l->high);
}

static pln_status params_check(const pln_run_options *o, pln_error *err) {
    if (o->n_params > 0 && o->params == NULL)
        return pln__error_set(err, PLN_EINVAL, "run options: n_params %lld, but params is NULL",
                              (long long)o->n_params);
    for (int64_t i = 0; i < o->n_params; i++)
        if (o->params[i].name == NULL || o->params[i].value == NULL)
            return pln__error_set(err, PLN_EINVAL, "run options: params[%lld]: its %s is NULL",
                                  (long long)i, o->params[i].name == NULL ? "name" : "value");
    return PLN_OK;
}

static pln_status options_check(const pln_run_options *o, pln_error *err) {
    const limits all[] = {
        {"mode", o->mode, PLN_BATCH, PLN_STREAM},
        {"guarantee", o->guarantee, PLN_AT_LEAST_ONCE, PLN_EXACTLY_ONCE},
        {"when_done", o->when_done, PLN_WHEN_DONE_RESTART, PLN_WHEN_DONE_SKIP},
        {"on_schema_change", o->on_schema_change, PLN_SCHEMA_CHANGE_FAIL, PLN_SCHEMA_CHANGE_ADAPT},
        {"workers", o->workers, 1, INT64_MAX},
        {"max_batch_rows", o->max_batch_rows, 1, 65536},
        {"max_batch_bytes", o->max_batch_bytes, 1, INT64_MAX},
        {"max_linger_us", o->max_linger_us, 0, INT64_MAX},
        {"epoch_rows", o->epoch_rows, 0, INT64_MAX},
        {"epoch_us", o->epoch_us, 0, INT64_MAX},
        {"attempts", o->attempts, 1, INT64_MAX},
        {"retry_delay_us", o->retry_delay_us, 0, INT64_MAX},
        {"n_params", o->n_params, 0, PARAMS_MAX},
        {"progress_us", o->progress_us, 0, INT64_MAX},
    };
    for (int i = 0; i < PLN__COUNT(all); i++) {
        pln_status status = within(&all[i], err);
        if (status < 0)
            return status;
    }
    if (o->workers != 1)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "run options: workers %d, only 1 is offered yet", (int)o->workers);
    if (o->interval_end_us < o->interval_start_us)
        return pln__error_set(err, PLN_EINVAL,
                              "run options: interval_end_us %lld is before interval_start_us %lld",
                              (long long)o->interval_end_us, (long long)o->interval_start_us);
    return params_check(o, err);
}

static pln_status dup_text(pln_run *run, const char *text, char **out, pln_error *err) {
    *out = pln__strdup(run->mem, text);
    return *out == NULL ? pln__error_memory(err, strlen(text) + 1) : PLN_OK;
}

static pln_status copy_params(pln_run *run, const pln_param *params, int64_t n, pln_error *err) {
    pln_param *copy = n == 0 ? NULL : pln__calloc(run->mem, (uint64_t)n, sizeof *copy);
    run->options.params = copy;
    run->options.n_params = 0;
    if (n > 0 && copy == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *copy);
    for (int64_t i = 0; i < n; i++) {
        char *name = pln__strdup(run->mem, params[i].name),
             *value = pln__strdup(run->mem, params[i].value);
        copy[i] = (pln_param){name, value};
        run->options.n_params = n; /* all of it is freed, NULL texts included */
        if (name == NULL || value == NULL)
            return pln__error_memory(err, 1);
    }
    return PLN_OK;
}

static pln_status options_take(pln_run *run, const pln_run_options *given, pln_error *err) {
    pln_status status = PLN_OK;
    pln_run_options *o = &run->options;
    pln_run_options asked;
    pln_run_options_init(o, sizeof *o);
    if (given != NULL) {
        if (given->struct_size < 8 || given->struct_size > 65536)
            return pln__error_set(err, PLN_EINVAL, "run options: struct_size %u is wrong",
                                  (unsigned)given->struct_size);
        memcpy(o, given, given->struct_size < sizeof *o ? given->struct_size : sizeof *o);
    }
    asked = *o;
    o->params = NULL;
    o->n_params = 0;
    PLN__TRY(options_check(&asked, err));
    if (o->mode == PLN_MICRO_BATCH && o->epoch_rows == 0 && o->epoch_us == 0)
        o->epoch_rows = 4096;
    if (o->mode == PLN_STREAM && o->epoch_rows == 0 && o->epoch_us == 0)
        o->epoch_us = 1000000;
    if (o->seed == 0)
        run->runtime->random.fill(run->runtime->random.user, &o->seed, sizeof o->seed);
    PLN__TRY(
        dup_text(run, o->pipeline != NULL ? o->pipeline : run->graph->name, &run->pipeline, err));
    PLN__TRY(dup_text(run, o->run_key != NULL ? o->run_key : "", &run->run_key, err));
    if (o->state != NULL)
        PLN__TRY(dup_text(run, o->state, &run->state_path, err));
    o->pipeline = run->pipeline;
    o->run_key = run->run_key;
    o->state = run->state_path;
    PLN__TRY(copy_params(run, asked.params, asked.n_params, err));
out:
    return status;
}

static pln_status node_init(pln_run *run, int32_t index, pln_error *err) {
    pln__run_node *node = &run->nodes[index];
    pln__node *from = run->graph->nodes[index];
    pln_status status = pln__node_ports(run->graph, from, err);
    if (status < 0)
        return status;
    node->ctx.host = &run->host;
    node->run = run;
    node->node = from;
    node->n_in = from->n_in;
    node->n_out = (int32_t)from->out.count;
    node->keyed_before = node->keyed_pending = INT64_MIN;
    node->wait_until_us = INT64_MAX;
    node->random_state =
        run->options.seed ^ pln__hash64(from->name, (int64_t)strlen(from->name), 0);
    const char *on_reject = pln__config_text(&from->config, "on_reject");
    node->drop_rejects = on_reject != NULL && strcmp(on_reject, "drop") == 0;
    node->in = pln__calloc(run->mem, (uint64_t)node->n_in + 1, sizeof *node->in);
    node->out = pln__calloc(run->mem, (uint64_t)node->n_out + 1, sizeof *node->out);
    if (node->in == NULL || node->out == NULL)
        return pln__error_memory(err, (uint64_t)(node->n_in + node->n_out + 2) * sizeof *node->out);
    node->out[node->n_out].schema = pln__schema_ref(run->reject_schema);
    return PLN_OK;
}

static pln__port *port_from(pln_run *run, const pln__edge *edge) {
    pln__run_node *from = &run->nodes[edge->from];
    return &from->out[edge->from_port == PLN__PORT_REJECT ? from->n_out : edge->from_port];
}

static pln_status edges_new(pln__run_node *node, pln_error *err) {
    int64_t n = 0;
    for (int64_t i = 0; i < node->run->graph->n_edges; i++)
        n += &node->run->nodes[node->run->graph->edges[i].to] == node;
    node->edges_size = (uint64_t)(n + 1) * sizeof *node->edges;
    node->edges = pln__calloc(node->run->mem, 1, node->edges_size);
    return node->edges == NULL ? pln__error_memory(err, node->edges_size) : PLN_OK;
}

static pln_status link_nodes(pln_run *run, pln_error *err) {
    const pln_graph *graph = run->graph;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln_status status = edges_new(&run->nodes[i], err);
        if (status < 0)
            return status;
    }
    for (int64_t i = 0; i < graph->n_edges; i++)
        port_from(run, &graph->edges[i])->n_targets++;
    for (int32_t i = 0; i < run->n_nodes; i++)
        for (int32_t p = 0; p <= run->nodes[i].n_out; p++) {
            pln__port *port = &run->nodes[i].out[p];
            port->targets =
                pln__calloc(run->mem, (uint64_t)port->n_targets + 1, sizeof *port->targets);
            if (port->targets == NULL) {
                port->n_targets = -1;
                return pln__error_memory(err, sizeof *port->targets);
            }
        }
    for (int32_t i = 0; i < run->n_nodes; i++)
        for (int32_t p = 0; p <= run->nodes[i].n_out; p++)
            run->nodes[i].out[p].n_targets = 0;
    for (int64_t i = 0; i < graph->n_edges; i++) {
        pln__port *port = port_from(run, &graph->edges[i]);
        pln__run_node *to = &run->nodes[graph->edges[i].to];
        port->targets[port->n_targets++] =
            (pln__target){to, graph->edges[i].to_port, to->n_edges};
        to->edges[to->n_edges++].port = graph->edges[i].to_port;
        to->in[graph->edges[i].to_port].edges++;
        to->in[graph->edges[i].to_port].open++;
    }
    for (int32_t i = 0; i < run->n_nodes; i++)
        pln__time_reset(&run->nodes[i]);
    return PLN_OK;
}

static pln_status check_wired(pln_run *run, pln_error *err) {
    bool source = false;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        const pln__node *named = node->node;
        source |= pln__kind_of(node) == PLN_SOURCE;
        if (pln__kind_of(node) != PLN_SOURCE && node->n_in == 0)
            return pln__error_set(err, PLN_EINVAL, "node '%s': nothing is wired into it",
                                  named->name);
        for (int32_t p = 0; p < node->n_in; p++)
            if (node->in[p].edges == 0)
                return pln__error_set(err, PLN_EINVAL, "node '%s': nothing is wired into port '%s'",
                                      named->name, named->in.items[p < named->in.count ? p : 0]);
        for (int32_t p = 0; p < node->n_out; p++)
            if (node->out[p].n_targets == 0 &&
                (p == 0 || !(pln__caps_of(node) & PLN_CAP_SIDE_PORTS)))
                return pln__error_set(err, PLN_EINVAL, "node '%s': port '%s' is wired to nothing",
                                      named->name, named->out.items[p]);
    }
    return source || run->n_nodes == 0 ? PLN_OK
                                       : pln__error_set(err, PLN_EINVAL, "the graph has no source");
}

static pln_status check_depth(pln_run *run, pln_error *err) {
    uint64_t size = (uint64_t)run->n_nodes * sizeof(int32_t) + 1;
    int32_t *depth = pln__calloc(run->mem, 1, size);
    int32_t deepest = 0;
    if (depth == NULL)
        return pln__error_memory(err, size);
    for (int32_t i = 0; i < run->n_nodes; i++)
        for (int64_t e = 0; e < run->graph->n_edges; e++) {
            const pln__edge *edge = &run->graph->edges[e];
            if (edge->from != run->order[i])
                continue;
            if (depth[edge->from] + 1 > depth[edge->to])
                depth[edge->to] = depth[edge->from] + 1;
            if (depth[edge->to] > deepest)
                deepest = depth[edge->to];
        }
    pln__free(run->mem, depth, size);
    return deepest < PLN__DEPTH_MAX
               ? PLN_OK
               : pln__error_set(
                     err, PLN_ELIMIT,
                     "the graph is %d nodes deep, at most %d (rows move by direct calls)",
                     (int)deepest + 1, PLN__DEPTH_MAX);
}

static pln_status open_nodes(pln_run *run, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        const pln__stage *stage = node->node->stage;
        pln_status (*open)(void *, pln_context *, const pln_config *, void **, pln_error *) =
            stage->kind == PLN_SOURCE      ? stage->table.source.open
            : stage->kind == PLN_TRANSFORM ? stage->table.transform.open
                                           : stage->table.sink.open;
        pln_status status = open(stage->user, &node->ctx, &node->node->config, &node->self, err);
        node->opened = status >= 0;
        status = pln__config_returned(&node->node->config, status, err);
        if (status < 0) {
            pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
            return status;
        }
    }
    return PLN_OK;
}

void pln__run_close_nodes(pln_run *run) {
    for (int32_t i = run->n_nodes - 1; i >= 0; i--) {
        pln__run_node *node = &run->nodes[run->order[i]];
        pln__pending_drop(node);
        pln__reject_free(node);
        pln__strfree(run->mem, node->lacks);
        node->lacks = NULL;
        if (!node->opened)
            continue;
        if (pln__kind_of(node) == PLN_SOURCE)
            pln__source_of(node)->close(node->self, &node->ctx);
        else if (pln__kind_of(node) == PLN_TRANSFORM)
            pln__transform_of(node)->close(node->self, &node->ctx);
        else
            pln__sink_of(node)->close(node->self, &node->ctx);
        node->opened = false;
        node->self = NULL;
    }
    pln__shared_free(run);
}

static pln_status read_checkpoint(pln_run *run, const void *head, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    pln__checkpoint found = {0};
    const uint8_t *inline_body = NULL;
    const void *body = NULL;
    int64_t body_size = 0;
    PLN__TRY(
        pln__checkpoint_read_head(run->mem, head, size, &found, &inline_body, &body_size, err));
    body = inline_body;
    if (inline_body == NULL)
        PLN__TRY(
            pln__state_get_body(run->state, found.body_owner, found.n, &body, &body_size, err));
    if (body_size != found.body_size || pln__hash64(body, body_size, 0) != found.body_digest)
        PLN__FAIL(err, PLN_ECORRUPT, "checkpoint %lld: the body is not the one its head names",
                  (long long)found.n);
    PLN__TRY(pln__checkpoint_read_body(run->mem, body, body_size, &found, err));
    pln__checkpoint_free(run->mem, &run->last);
    run->last = found;
    run->have_last = true;
    return PLN_OK;
out:
    pln__checkpoint_free(run->mem, &found);
    return status;
}

pln_status pln__run_take_over(pln_run *run, pln_error *err) {
    pln_status status = PLN_OK;
    pln__state_run known = {0};
    const void *head = NULL;
    int64_t size = 0;
    pln__text store;
    pln__text_init(&store, run->mem);
    if (run->state_path == NULL)
        return PLN_OK;
    if (run->state == NULL) {
        pln__state_options options = {run->state_path, 0, pln__run_now(run)};
        PLN__TRY(pln__state_open(run->mem, &options, &run->state, err));
    }
    if (run->store != NULL)
        pln__text_printf(&store, "node %s", run->store->node->name);
    else
        pln__text_str(&store, "state");
    PLN__TRY(pln__text_status(&store, err));
    PLN__TRY(
        pln__state_take_over(run->state, run->pipeline, run->run_key, store.data, &known, err));
    run->state_owner = run->owner = known.owner;
    run->n = known.n;
    head = known.head;
    size = known.head_size;
    if (run->store != NULL) {
        const pln_sink *table = pln__sink_of(run->store);
        status = table->state_open(run->store->self, &run->store->ctx, &run->owner, &run->n, &head,
                                   &size, err);
        if (status < 0)
            pln__error_where(err, "%s/%s", run->pipeline, run->store->node->name);
        PLN__TRY(status);
    }
    pln__checkpoint_free(run->mem, &run->last);
    run->have_last = false;
    if (size > 0)
        PLN__TRY(read_checkpoint(run, head, size, err));
out:
    pln__text_free(&store);
    return status;
}

static const pln__saved *handle_of(const pln_run *run, const pln__run_node *node) {
    for (int64_t i = 0; run->have_last && i < run->last.handles.count; i++)
        if (strcmp(run->last.handles.items[i].node, node->node->name) == 0)
            return &run->last.handles.items[i];
    return NULL;
}

static pln_status recover_sinks(pln_run *run, pln_error *err) {
    if (run->state == NULL && !run->have_last)
        return PLN_OK;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (node->commits != PLN__SINK_B || pln__sink_of(node)->recover == NULL)
            continue;
        const pln__saved *handle = handle_of(run, node);
        pln_error own = {0};
        pln_status status = pln__sink_of(node)->recover(node->self, &node->ctx, run->n,
                                                        handle == NULL ? NULL : handle->bytes,
                                                        handle == NULL ? 0 : handle->size, &own);
        /* Output of a run that had reached its end belongs to its reader, who may have taken it away. */
        if (status == PLN_EDATALOSS && run->last.done) {
            pln__runtime_log(run->runtime, PLN_LOG_WARNING, node->node->name, own.message);
            continue;
        }
        if (status < 0) {
            pln__error_where(&own, "%s/%s", run->pipeline, node->node->name);
            if (err != NULL)
                *err = own;
            return status;
        }
    }
    return PLN_OK;
}

/* What an earlier attempt left: nothing, an interrupted run to go on with, or one that was done. */
static pln_status resume(pln_run *run, bool *fresh, pln_error *err) {
    pln_status status = PLN_OK;
    *fresh = !run->have_last;
    if (run->retries == 0)
        run->opened_n = run->n;
    if (run->have_last && run->last.done) {
        bool ours = run->retries > 0 && run->n > run->opened_n;
        *fresh = !ours && run->options.when_done == PLN_WHEN_DONE_RESTART;
        run->skipped = !*fresh && !ours;
        run->epochs = *fresh ? 0 : run->last.epochs;
        run->recoveries = *fresh ? 0 : run->last.recoveries;
        if (!*fresh)
            PLN__TRY(pln__run_load_counters(run, &run->last, err));
    } else if (run->have_last) {
        PLN__TRY(pln__run_check_graph(run, &run->last, err));
        PLN__TRY(pln__run_load_counters(run, &run->last, err));
        run->epochs = run->last.epochs;
        run->recoveries = run->last.recoveries + (run->state != NULL);
    }
out:
    return status;
}

pln_status pln__run_ready(pln_run *run, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(recover_sinks(run, err));
    if (run->have_last && !run->last.done)
        PLN__TRY(pln__run_load_nodes(run, &run->last, err));
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        if (run->n > 0 && run->have_last && !run->last.done && pln__kind_of(node) == PLN_SOURCE &&
            pln__source_of(node)->commit != NULL)
            PLN__TRY(pln__source_of(node)->commit(node->self, &node->ctx, run->n, err));
    }
    PLN__TRY(pln__epoch_begin(run, err));
    run->ready = true;
out:
    return status;
}

pln_status pln__run_start(pln_run *run, pln_error *err) {
    pln_status status = PLN_OK;
    bool fresh = true;
    run->ready = false;
    PLN__TRY(open_nodes(run, err));
    PLN__TRY(pln__negotiate(run, err));
    PLN__TRY(pln__run_take_over(run, err));
    PLN__TRY(resume(run, &fresh, err));
    PLN__TRY(pln__keyed_settle(run, fresh, err));
    PLN__TRY(pln__history_settle(run, err));
    if (!fresh && run->last.done) {
        PLN__TRY(recover_sinks(run, err));
        run->phase = PLN__RUN_DONE;
        goto out;
    }
    if (!fresh)
        PLN__TRY(pln__run_load_schemas(run, &run->last, err));
    PLN__TRY(pln__propagate(run, err));
    if (status == PLN_OK)
        PLN__TRY(pln__run_ready(run, err));
out:
    return status < 0 ? status : PLN_OK;
}

static pln_status run_build(pln_run *run, const pln_run_options *options, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(options_take(run, options, err));
    pln__host_running(&run->host);
    PLN__TRY(pln__reject_schema_new(run->mem, &run->reject_schema, err));
    run->nodes = pln__calloc(run->mem, (uint64_t)run->graph->n_nodes + 1, sizeof *run->nodes);
    run->order = pln__calloc(run->mem, (uint64_t)run->graph->n_nodes + 1, sizeof *run->order);
    if (run->nodes == NULL || run->order == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)run->graph->n_nodes * sizeof *run->nodes));
    run->n_nodes = (int32_t)run->graph->n_nodes;
    for (int32_t i = 0; i < run->n_nodes; i++)
        PLN__TRY(node_init(run, i, err));
    PLN__TRY(link_nodes(run, err));
    PLN__TRY(pln__graph_order(run->graph, run->order, err));
    PLN__TRY(check_wired(run, err));
    PLN__TRY(check_depth(run, err));
out:
    return status;
}

static void run_dispose(pln_run *run);

static pln_status open_run(pln_graph *graph, const pln_run_options *options, pln_run **out,
                           pln_error *err) {
    pln_status status = PLN_OK;
    pln_run *run = NULL;
    if (graph->error.status != 0) {
        *err = graph->error;
        return graph->error.status;
    }
    if (graph->running)
        return pln__error_set(err, PLN_ESTATE, "graph %s: it has a run already", graph->name);
    run = pln__calloc(graph->mem, 1, sizeof *run);
    if (run == NULL)
        return pln__error_memory(err, sizeof *run);
    run->graph = graph;
    run->runtime = graph->runtime;
    run->mem = graph->mem;
    run->pid = (int32_t)getpid();
    graph->running = true;
    run->started_us = pln__run_now(run);
    run->started_monotonic = run->progress_at = run->mark_us = pln__run_monotonic(run);
    PLN__TRY(run_build(run, options, err));
    PLN__TRY(pln__run_start(run, err));
    *out = run;
    return PLN_OK;
out:
    pln__error_where(err, "%s", graph->name);
    run_dispose(run);
    return status;
}

/* A stage may fill its error and go on, so the caller's is touched only when the call fails. */
pln_status pln_run_open(pln_graph *graph, const pln_run_options *options, pln_run **out,
                        pln_error *err) {
    pln_error own = {0};
    *out = NULL;
    pln_status status = open_run(graph, options, out, &own);
    if (status < 0 && err != NULL)
        *err = own;
    return status;
}

static void node_dispose(pln_run *run, pln__run_node *node) {
    pln__schema_unref(node->agreed);
    for (int32_t p = 0; node->out != NULL && p <= node->n_out; p++) {
        pln__schema_unref(node->out[p].schema);
        pln__free(run->mem, node->out[p].targets,
                  (uint64_t)(node->out[p].n_targets + 1) * sizeof *node->out[p].targets);
    }
    for (int64_t i = 0; i < node->n_metrics; i++)
        pln__strfree(run->mem, node->metrics[i].name);
    pln__free(run->mem, node->metrics, (uint64_t)node->metrics_capacity * sizeof *node->metrics);
    pln__notes_free(node);
    pln__free(run->mem, node->pending, (uint64_t)node->pending_capacity * sizeof *node->pending);
    pln__free(run->mem, node->handle, (uint64_t)node->handle_size);
    pln__free(run->mem, node->edges, node->edges_size);
    pln__free(run->mem, node->in, (uint64_t)(node->n_in + 1) * sizeof *node->in);
    pln__free(run->mem, node->out, (uint64_t)(node->n_out + 1) * sizeof *node->out);
}

static void run_dispose(pln_run *run) {
    const pln_allocator *mem = run->mem;
    uint64_t nodes = (uint64_t)run->graph->n_nodes + 1;
    pln__run_close_nodes(run);
    for (int32_t i = 0; i < run->n_nodes; i++)
        node_dispose(run, &run->nodes[i]);
    pln__state_close(run->state);
    pln__history_reset(run);
    pln__free(mem, run->histories, (uint64_t)run->histories_capacity * sizeof *run->histories);
    pln__checkpoint_free(mem, &run->last);
    pln__schema_unref(run->reject_schema);
    pln__schema_unref(run->keyed_schemas[0]);
    pln__schema_unref(run->keyed_schemas[1]);
    for (int64_t i = 0; i < run->options.n_params; i++) {
        pln__strfree(mem, (char *)(uintptr_t)run->options.params[i].name);
        pln__strfree(mem, (char *)(uintptr_t)run->options.params[i].value);
    }
    pln__free(mem, (void *)(uintptr_t)run->options.params,
              (uint64_t)run->options.n_params * sizeof *run->options.params);
    pln__free(mem, run->nodes, nodes * sizeof *run->nodes);
    pln__free(mem, run->order, nodes * sizeof *run->order);
    pln__free(mem, run->shared, (uint64_t)run->shared_capacity * sizeof *run->shared);
    pln__free(mem, run->waits, (uint64_t)run->waits_capacity * sizeof *run->waits);
    pln__strfree(mem, run->pipeline);
    pln__strfree(mem, run->run_key);
    pln__strfree(mem, run->state_path);
    run->graph->running = false;
    pln__free(mem, run, sizeof *run);
}

void pln_run_free(pln_run *run) {
    if (run == NULL)
        return;
    if (run->phase == PLN__RUN_OPEN)
        (void)pln_run_abort(run, NULL);
    run_dispose(run);
}
