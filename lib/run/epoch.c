#include "run/run.h"

/* A body up to this size travels inside the head, so that an epoch costs one durable write. */
#define INLINE_BODY (32 * 1024)

static pln_status at_node(pln__run_node *node, pln_status status, pln_error *err) {
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status;
}

pln_status pln__epoch_begin(pln_run *run, pln_error *err) {
    run->epoch_rows = 0;
    run->epoch_started_us = pln__run_monotonic(run);
    run->epoch_begun = true;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        if (pln__kind_of(node) != PLN_SINK || pln__sink_of(node)->begin == NULL)
            continue;
        pln_status status =
            at_node(node, pln__sink_of(node)->begin(node->self, &node->ctx, run->n + 1, err), err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status flush_sink(pln__run_node *node, int64_t n, bool done, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_sink *table = pln__sink_of(node);
    int64_t named = pln__named(node);
    pln__run_node *before = pln__time_to(node->run, node);
    if (done && table->finish != NULL)
        PLN__TRY(table->finish(node->self, &node->ctx, err));
    if (table->flush != NULL)
        PLN__TRY(table->flush(node->self, &node->ctx, n, err));
    /* Rows that were taken and turn out to be wrong, or there already, only now. */
    node->counts.fates[PLN_PASSED] -= pln__named(node) - named;
out:
    pln__time_to(node->run, before);
    return at_node(node, status, err);
}

static pln_status prepare_sink(pln__run_node *node, int64_t n, pln_error *err) {
    pln_run *run = node->run;
    pln__free(run->mem, node->handle, (uint64_t)node->handle_size);
    node->handle = NULL;
    node->handle_size = 0;
    if (node->commits != PLN__SINK_B)
        return PLN_OK;
    pln__run_node *before = pln__time_to(run, node);
    run->saving = node;
    pln_status status = pln__sink_of(node)->prepare(node->self, &node->ctx, n, err);
    run->saving = NULL;
    pln__time_to(run, before);
    return at_node(node, status, err);
}

/* A sink's reject port stays open until the sink itself has nothing more to say. */
static pln_status end_rejects_of(pln__run_node *node, pln_error *err) {
    if (pln__kind_of(node) != PLN_SINK)
        return PLN_OK;
    pln__port *port = &node->out[node->n_out];
    for (int32_t t = 0; t < port->n_targets; t++) {
        pln_status status = pln__edge_ended(&port->targets[t], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* Topological order: what a sink rejects while it flushes has reached the reject sink before that one prepares. */
static pln_status drain(pln_run *run, int64_t n, bool done, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (pln__kind_of(node) == PLN_SINK)
            PLN__TRY(flush_sink(node, n, done, err));
        PLN__TRY(pln__reject_flush(node, err));
        if (done)
            PLN__TRY(end_rejects_of(node, err));
        if (pln__kind_of(node) == PLN_SINK)
            PLN__TRY(prepare_sink(node, n, err));
    }
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (run->nodes[i].commits == PLN__SINK_A_SECOND)
            PLN__TRY(at_node(
                &run->nodes[i],
                pln__sink_of(&run->nodes[i])
                    ->state_commit(run->nodes[i].self, &run->nodes[i].ctx, 0, n, NULL, 0, err),
                err));
out:
    return status;
}

static bool needs_checkpoint(const pln_run *run) {
    return run->state_path != NULL || run->options.attempts > 1;
}

/* Head bytes of the checkpoint; a body that is too large for the head becomes durable in the state file first. */
static pln_status encode(pln_run *run, pln__checkpoint *checkpoint, pln__buffer *head,
                         pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer body = {0};
    PLN__TRY(pln__checkpoint_body(run->mem, checkpoint, &body, err));
    checkpoint->body_owner = run->state_owner;
    checkpoint->body_size = body.size;
    checkpoint->body_digest = pln__hash64(body.data, body.size, 0);
    bool fits = body.size <= INLINE_BODY;
    if (!fits)
        PLN__TRY(pln__state_put_body(run->state, run->state_owner, checkpoint->n, body.data,
                                     body.size, err));
    PLN__TRY(pln__checkpoint_head(run->mem, checkpoint, fits ? &body : NULL, head, err));
    if (head->size > PLN__HEAD_MAX)
        PLN__FAIL(
            err, PLN_ELIMIT,
            "checkpoint: the head has %lld bytes, at most %d (positions and handles of all nodes)",
            (long long)head->size, PLN__HEAD_MAX);
out:
    pln__buffer_free(run->mem, &body);
    return status;
}

static pln_status commit_point(pln_run *run, int64_t n, const pln__buffer *head, pln_error *err) {
    pln__run_node *store = run->store;
    if (store != NULL) {
        pln__run_node *before = pln__time_to(run, store);
        pln_status status = pln__sink_of(store)->state_commit(store->self, &store->ctx, run->owner,
                                                              n, head->data, head->size, err);
        pln__time_to(run, before);
        return at_node(store, status, err);
    }
    return run->state == NULL
               ? PLN_OK
               : pln__state_commit(run->state, run->state_owner, n, head->data, head->size, err);
}

static pln_status tell_committed(pln_run *run, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (node->commits == PLN__SINK_B && node->handle_size > 0)
            PLN__TRY(at_node(node,
                             pln__sink_of(node)->commit(node->self, &node->ctx, n, node->handle,
                                                        node->handle_size, err),
                             err));
    }
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        if (pln__kind_of(node) == PLN_SOURCE && pln__source_of(node)->commit != NULL)
            PLN__TRY(
                at_node(node, pln__source_of(node)->commit(node->self, &node->ctx, n, err), err));
    }
out:
    return status;
}

static void report_metrics(const pln_run *run) {
    if (run->options.metric == NULL)
        return;
    void *user = run->options.metric_user;
    run->options.metric(user, "", "epoch", run->n);
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        run->options.metric(user, node->node->name, "rows_in", node->counts.rows_in);
        run->options.metric(user, node->node->name, "rows_out", node->counts.rows_out);
        run->options.metric(user, node->node->name, "rejected", node->counts.fates[PLN_REJECTED]);
        for (int64_t m = 0; m < node->n_metrics; m++)
            run->options.metric(user, node->node->name, node->metrics[m].name,
                                node->metrics[m].value);
    }
}

pln_status pln__epoch_commit(pln_run *run, bool done, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = run->n + 1;
    pln__checkpoint checkpoint = {0};
    pln__buffer head = {0};
    PLN__TRY(drain(run, n, done, err));
    if (needs_checkpoint(run))
        PLN__TRY(pln__run_save(run, n, done, &checkpoint, err));
    if (run->state != NULL)
        PLN__TRY(encode(run, &checkpoint, &head, err));
    PLN__TRY(pln__keyed_prepare(run, n, err));
    PLN__TRY(pln__history_prepare(run, n, err));
    status = commit_point(run, n, &head, err);
    run->in_doubt = status < 0 && status != PLN_EFENCED && run->state_path != NULL;
    PLN__TRY(status);
    run->n = n;
    run->epochs++;
    run->attempt = 0;
    run->epoch_begun = run->drained = false;
    pln__checkpoint_free(run->mem, &run->last);
    run->last = checkpoint;
    run->have_last = needs_checkpoint(run);
    checkpoint = (pln__checkpoint){0};
    run->telling = true;
    PLN__TRY(tell_committed(run, n, err));
    run->telling = false;
    PLN__TRY(pln__keyed_committed(run, done, err));
    PLN__TRY(pln__history_committed(run, err));
    report_metrics(run);
    if (!done)
        PLN__TRY(pln__epoch_begin(run, err));
out:
    pln__buffer_free(run->mem, &head);
    pln__checkpoint_free(run->mem, &checkpoint);
    return status;
}

pln_status pln__epoch_abort(pln_run *run, pln_error *err) {
    pln_status first = PLN_OK;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        pln__pending_drop(node);
        /* A head that a failed commit may have made durable names what was prepared: the next take-over finds out and decides. */
        if (run->in_doubt && node->commits == PLN__SINK_B)
            continue;
        if (!node->opened || pln__kind_of(node) != PLN_SINK || pln__sink_of(node)->abort == NULL)
            continue;
        pln_status status = at_node(node,
                                    pln__sink_of(node)->abort(node->self, &node->ctx, run->n + 1,
                                                              NULL, 0, first < 0 ? NULL : err),
                                    first < 0 ? NULL : err);
        if (status < 0 && first >= 0)
            first = status;
    }
    run->epoch_begun = run->drained = false;
    pln__history_reset(run);
    return first;
}
