#include "run/run.h"

#define COUNTERS (PLN__FATES + 4)

static pln_status save_node(pln__run_node *node, int64_t n, pln__checkpoint *out, pln_error *err) {
    pln_status status = PLN_OK;
    pln_run *run = node->run;
    pln_status (*save)(void *, pln_context *, int64_t, pln_error *) =
        pln__kind_of(node) == PLN_SOURCE      ? pln__source_of(node)->save
        : pln__kind_of(node) == PLN_TRANSFORM ? pln__transform_of(node)->save
                                              : pln__sink_of(node)->save;
    if (save == NULL || (pln__kind_of(node) == PLN_SOURCE && node->lacks != NULL))
        return PLN_OK;
    run->saving = node;
    run->saving_to = pln__kind_of(node) == PLN_SOURCE ? &out->positions : &out->states;
    status = save(node->self, &node->ctx, n, err);
    run->saving = NULL;
    run->saving_to = NULL;
    if (status < 0)
        pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
    return status;
}

static pln_status save_schema(pln__run_node *node, pln__checkpoint *out, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    pln__buffer bytes = {0};
    if (pln__kind_of(node) != PLN_SOURCE || node->out[0].schema == NULL)
        return PLN_OK;
    const pln__schema *schema = node->agreed != NULL ? node->agreed : node->out[0].schema;
    pln_status status = pln__schema_write(mem, pln__schema_get(schema), &bytes, err);
    if (status >= 0)
        status =
            pln__saved_add(mem, &out->schemas, node->node->name, "", bytes.data, bytes.size, err);
    pln__buffer_free(mem, &bytes);
    return status;
}

static pln_status save_counters(pln__run_node *node, pln__checkpoint *out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = node->run->mem;
    const pln__counts *c = &node->counts;
    int64_t all[COUNTERS];
    memcpy(all, c->fates, sizeof c->fates);
    all[PLN__FATES] = c->rows_in;
    all[PLN__FATES + 1] = c->rows_out;
    all[PLN__FATES + 2] = c->batches_in;
    all[PLN__FATES + 3] = c->batches_out;
    PLN__TRY(pln__saved_add(mem, &out->counters, node->node->name, "", all, sizeof all, err));
    PLN__TRY(pln__time_save(node, &out->counters, err));
    for (int64_t i = 0; i < node->n_metrics; i++)
        PLN__TRY(pln__saved_add(mem, &out->counters, node->node->name, node->metrics[i].name,
                                &node->metrics[i].value, sizeof node->metrics[i].value, err));
    PLN__TRY(pln__notes_save(node, out, err));
out:
    return status;
}

static int append(const char *bytes, size_t size, void *user) {
    pln__text_bytes(user, bytes, (int64_t)size);
    return 0;
}

/* What a resumed run must find unchanged: the stage, its options and the edges that leave the node. */
static pln_status fingerprint(pln__run_node *node, uint64_t *out, pln_error *err) {
    const pln_graph *graph = node->run->graph;
    pln__text text;
    json_t *shown = pln__config_shown(&node->node->config);
    pln__text_init(&text, node->run->mem);
    if (shown == NULL ||
        json_dump_callback(shown, append, &text, JSON_COMPACT | JSON_SORT_KEYS) != 0)
        text.failed = true;
    json_decref(shown);
    for (int64_t i = 0; i < graph->n_edges; i++)
        if (&node->run->nodes[graph->edges[i].from] == node)
            pln__text_printf(&text, "|%d>%s.%d", (int)graph->edges[i].from_port,
                             graph->nodes[graph->edges[i].to]->name, (int)graph->edges[i].to_port);
    pln_status status = pln__text_status(&text, err);
    *out = status < 0 ? 0 : pln__hash64(text.data, text.size, 0);
    pln__text_free(&text);
    return status;
}

/* With the epoch of its last keyed state, if it has any: that must still be there. */
static pln_status save_identity(pln__run_node *node, pln__checkpoint *out, pln_error *err) {
    uint64_t both[2] = {0, (uint64_t)node->keyed_n};
    pln_status status = fingerprint(node, &both[0], err);
    return status < 0 ? status
                      : pln__saved_add(node->run->mem, &out->nodes, node->node->name,
                                       pln__stage_head(node->node->stage)->name, both,
                                       node->keyed_n > 0 ? sizeof both : sizeof both[0], err);
}

pln_status pln__run_save(pln_run *run, int64_t n, bool done, pln__checkpoint *out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = (pln__checkpoint){.n = n, .owner = run->owner, .done = done, .epochs = run->epochs + 1,
                             .recoveries = run->recoveries};
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        PLN__TRY(save_node(node, n, out, err));
        PLN__TRY(save_schema(node, out, err));
        PLN__TRY(save_counters(node, out, err));
        PLN__TRY(save_identity(node, out, err));
        if (node->handle_size > 0)
            PLN__TRY(pln__saved_add(run->mem, &out->handles, node->node->name, "", node->handle,
                                    node->handle_size, err));
    }
out:
    if (status < 0)
        pln__checkpoint_free(run->mem, out);
    return status;
}

static pln__run_node *find_node(pln_run *run, const char *name) {
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (strcmp(run->nodes[i].node->name, name) == 0)
            return &run->nodes[i];
    return NULL;
}

static pln_status changed(const pln_run *run, const pln__saved *saved, const char *what,
                          pln_error *err) {
    return pln__error_set(err, PLN_ESTATE,
                          "node '%s': %s since epoch %lld of the interrupted run %s/%s; resume it "
                          "with the graph it had, "
                          "or give another run_key",
                          saved->node, what, (long long)run->last.n, run->pipeline, run->run_key);
}

pln_status pln__run_check_graph(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err) {
    for (int64_t i = 0; i < checkpoint->nodes.count; i++) {
        const pln__saved *saved = &checkpoint->nodes.items[i];
        pln__run_node *node = find_node(run, saved->node);
        uint64_t now = 0, then[2] = {0, 0};
        if (node == NULL)
            return changed(run, saved, "it has gone", err);
        if (strcmp(pln__stage_head(node->node->stage)->name, saved->key) != 0)
            return changed(run, saved, "it became another stage", err);
        pln_status status = fingerprint(node, &now, err);
        if (status < 0)
            return status;
        if (saved->size == sizeof then || saved->size == sizeof then[0])
            memcpy(then, saved->bytes, (size_t)saved->size);
        if (now != then[0])
            return changed(run, saved, "its options or edges changed", err);
        node->keyed_n = (int64_t)then[1];
    }
    if (checkpoint->nodes.count != run->n_nodes)
        return pln__error_set(
            err, PLN_ESTATE, "the graph has %d nodes, the interrupted run %s/%s had %lld",
            (int)run->n_nodes, run->pipeline, run->run_key, (long long)checkpoint->nodes.count);
    return PLN_OK;
}

pln_status pln__metric_add(pln__run_node *node, const char *name, int64_t value, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    for (int64_t i = 0; i < node->n_metrics; i++)
        if (strcmp(node->metrics[i].name, name) == 0) {
            node->metrics[i].value += value;
            return PLN_OK;
        }
    pln_status status = pln__grow(mem, &node->metrics, &node->metrics_capacity, node->n_metrics + 1,
                                  sizeof *node->metrics, err);
    if (status < 0)
        return status;
    char *copy = pln__strdup(mem, name);
    if (copy == NULL)
        return pln__error_memory(err, strlen(name) + 1);
    node->metrics[node->n_metrics++] = (pln__metric){copy, value};
    return PLN_OK;
}

pln_status pln__run_load_counters(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err) {
    for (int64_t i = 0; i < checkpoint->counters.count; i++) {
        const pln__saved *saved = &checkpoint->counters.items[i];
        pln__run_node *node = find_node(run, saved->node);
        int64_t all[COUNTERS], value;
        pln_status noted = PLN_OK;
        if (node == NULL)
            continue;
        if (strcmp(saved->key, PLN__TIME_KEY) == 0) {
            pln_status status = pln__time_load(node, saved, err);
            if (status < 0)
                return status;
        } else if (pln__note_load(node, saved, &noted, err)) {
            if (noted < 0)
                return noted;
        } else if (saved->key[0] != '\0' && saved->size == sizeof value) {
            memcpy(&value, saved->bytes, sizeof value);
            pln_status status = pln__metric_add(node, saved->key, value, err);
            if (status < 0)
                return status;
        } else if (saved->key[0] == '\0' && saved->size == sizeof all) {
            memcpy(all, saved->bytes, sizeof all);
            memcpy(node->counts.fates, all, sizeof node->counts.fates);
            node->counts.rows_in = all[PLN__FATES];
            node->counts.rows_out = all[PLN__FATES + 1];
            node->counts.batches_in = all[PLN__FATES + 2];
            node->counts.batches_out = all[PLN__FATES + 3];
        } else {
            return pln__error_set(err, PLN_ECORRUPT,
                                  "checkpoint: counters of node '%s' are damaged", saved->node);
        }
    }
    return PLN_OK;
}

pln_status pln__run_load_schemas(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err) {
    for (int64_t i = 0; i < checkpoint->schemas.count; i++) {
        const pln__saved *saved = &checkpoint->schemas.items[i];
        pln__run_node *node = find_node(run, saved->node);
        struct ArrowSchema schema = {0};
        if (node == NULL || pln__kind_of(node) != PLN_SOURCE ||
            pln__source_of(node)->schema_load == NULL)
            continue;
        pln_status status = pln__schema_read(run->mem, saved->bytes, saved->size, &schema, err);
        if (status >= 0)
            status = pln__source_of(node)->schema_load(node->self, &node->ctx, &schema, err);
        pln__schema_release(&schema);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status load_node(pln__run_node *node, const pln__saved_list *list, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    pln_status (*load)(void *, pln_context *, const pln_piece *, int64_t, pln_error *) =
        pln__kind_of(node) == PLN_SOURCE      ? pln__source_of(node)->load
        : pln__kind_of(node) == PLN_TRANSFORM ? pln__transform_of(node)->load
                                              : pln__sink_of(node)->load;
    uint64_t size = (uint64_t)(list->count + 1) * sizeof(pln_piece);
    int64_t count = 0;
    if (load == NULL)
        return PLN_OK;
    pln_piece *pieces = pln__alloc(mem, size);
    if (pieces == NULL)
        return pln__error_memory(err, size);
    for (int64_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].node, node->node->name) == 0)
            pieces[count++] =
                (pln_piece){list->items[i].key, list->items[i].bytes, list->items[i].size};
    pln_status status = load(node->self, &node->ctx, pieces, count, err);
    pln__free(mem, pieces, size);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status;
}

pln_status pln__run_load_nodes(pln_run *run, const pln__checkpoint *checkpoint, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        pln_status status = load_node(
            node, pln__kind_of(node) == PLN_SOURCE ? &checkpoint->positions : &checkpoint->states,
            err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}
