#include "run/run.h"

pln__run_node *pln__time_to(pln_run *run, pln__run_node *node) {
    pln__run_node *before = run->running;
    int64_t now = pln__run_monotonic(run);
    if (before != NULL)
        before->time_us += now - run->mark_us;
    run->mark_us = now;
    run->running = node;
    return before;
}

static int64_t fated(const pln__run_node *node) {
    int64_t sum = 0;
    for (int i = 0; i < PLN__FATES; i++)
        sum += node->counts.fates[i];
    return sum;
}

/* After each batch: a rowwise stage owes every row, another one is taken to have absorbed what it did not name. */
pln_status pln__settle(pln__run_node *node, pln_error *err) {
    int64_t owed = node->counts.rows_in - fated(node);
    if (owed == 0)
        return PLN_OK;
    if (owed > 0 && !(pln__caps_of(node) & PLN_CAP_ROWWISE)) {
        node->counts.fates[PLN_ABSORBED] += owed;
        return PLN_OK;
    }
    pln_status status = pln__error_set(
        err, PLN_ECONTRACT, "rows are not conserved: %lld rows came in, %lld have a fate",
        (long long)node->counts.rows_in, (long long)fated(node));
    pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status;
}

static pln_status park(pln__run_node *node, int32_t port, pln_batch *batch, pln_error *err) {
    pln_status status = pln__grow(node->run->mem, &node->pending, &node->pending_capacity,
                                  node->n_pending + 1, sizeof *node->pending, err);
    if (status < 0)
        return status;
    node->pending[node->n_pending++] = (pln__pending){port, pln_batch_ref(batch)};
    return PLN_OK;
}

static pln_status write_to_sink(pln__run_node *node, pln_batch *batch, pln_error *err) {
    int64_t before = pln__named(node);
    pln_status status = pln__sink_of(node)->write(node->self, &node->ctx, batch, err);
    if (status == PLN_OK)
        node->counts.fates[PLN_PASSED] += pln_batch_rows(batch) - (pln__named(node) - before);
    return status;
}

static pln_status work(pln__run_node *node, int32_t port, pln_batch *batch, pln_error *err) {
    pln_status status;
    if (pln__kind_of(node) == PLN_SINK) {
        if (node->n_pending > 0)
            return park(node, port, batch, err);
        status = write_to_sink(node, batch, err);
        return status == PLN_AGAIN ? park(node, port, batch, err) : status;
    }
    status = pln__transform_of(node)->process(node->self, &node->ctx, port, batch, err);
    if (status == PLN_EOS) {
        node->closed = true;
        status = PLN_OK;
    }
    return status < 0 ? status : pln__settle(node, err);
}

pln_status pln__deliver(const pln__target *target, pln_batch *batch, pln_error *err) {
    pln__run_node *node = target->node;
    pln_batch *capped = NULL;
    int64_t rows = pln_batch_rows(batch);
    node->counts.rows_in += rows;
    node->counts.batches_in++;
    if (node->closed) {
        node->counts.fates[PLN_FILTERED] += rows;
        return PLN_OK;
    }
    pln__run_node *before = pln__time_to(node->run, node);
    pln_status status = pln__time_arrive(target, batch, &capped, err);
    if (status >= 0)
        status = work(node, target->port, capped != NULL ? capped : batch, err);
    pln_batch_unref(capped);
    pln__time_to(node->run, before);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status < 0 ? status : PLN_OK;
}

pln_status pln__emit_to(pln__port *port, pln_batch *batch, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < port->n_targets && status >= 0; i++)
        status = pln__deliver(&port->targets[i], batch, err);
    return status;
}

pln_status pln__wrong_schema(pln__run_node *node, int32_t port, const pln_batch *batch,
                             pln_error *err) {
    pln__text text;
    pln__text_init(&text, node->run->mem);
    pln__schema_difference(pln__schema_get(node->out[port].schema), pln_batch_schema(batch), &text);
    pln_status status =
        pln__error_set(err, PLN_ETYPE, "a batch for port %s has another schema: %s",
                       node->node->out.count > port ? node->node->out.items[port] : "out",
                       text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return status;
}

pln_status pln__emit(pln__run_node *node, int32_t port, pln_batch *batch, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t rows = pln_batch_rows(batch);
    if (port < 0 || port >= node->n_out)
        PLN__FAIL(err, PLN_ECONTRACT, "emit on port %d: the node has %d", (int)port,
                  (int)node->n_out);
    if (pln__batch_schema_ref(batch) != node->out[port].schema &&
        !pln__schema_equal(pln_batch_schema(batch), pln__schema_get(node->out[port].schema)))
        PLN__TRY(pln__wrong_schema(node, port, batch, err));
    if (rows == 0)
        goto out;
    node->counts.rows_out += rows;
    node->counts.batches_out++;
    if (pln__kind_of(node) == PLN_SOURCE || (pln__caps_of(node) & PLN_CAP_ROWWISE))
        node->counts.fates[PLN_PASSED] += rows;
    PLN__TRY(pln__time_leave(node, port, &batch, err));
    PLN__TRY(pln__emit_to(&node->out[port], batch, err));
out:
    pln_batch_unref(batch);
    return status;
}

pln_status pln__unpark(pln__run_node *node, bool *left, pln_error *err) {
    int64_t done = 0;
    pln_status status = PLN_OK;
    while (done < node->n_pending) {
        status = write_to_sink(node, node->pending[done].batch, err);
        if (status != PLN_OK)
            break;
        pln_batch_unref(node->pending[done++].batch);
    }
    node->n_pending -= done;
    if (done > 0 && node->n_pending > 0)
        memmove(node->pending, node->pending + done,
                (size_t)node->n_pending * sizeof *node->pending);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    *left |= node->n_pending > 0;
    return status < 0 ? status : PLN_OK;
}

void pln__pending_drop(pln__run_node *node) {
    for (int64_t i = 0; i < node->n_pending; i++)
        pln_batch_unref(node->pending[i].batch);
    node->n_pending = 0;
}

static pln_status drain_node(pln__run_node *node, int64_t n, pln_error *err) {
    pln__run_node *before = pln__time_to(node->run, node);
    pln_status status = pln__transform_of(node)->drain(node->self, &node->ctx, n, err);
    if (status >= 0)
        status = pln__settle(node, err);
    pln__time_to(node->run, before);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status;
}

pln_status pln__drain(pln_run *run, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < run->n_nodes && status >= 0; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (pln__kind_of(node) == PLN_TRANSFORM && pln__transform_of(node)->drain != NULL &&
            !node->drained)
            status = drain_node(node, n, err);
    }
    return status < 0 ? status : PLN_OK;
}

static pln_status finish_port(pln__run_node *node, int32_t port, pln_error *err) {
    if (pln__kind_of(node) != PLN_TRANSFORM || pln__transform_of(node)->finish == NULL)
        return PLN_OK;
    pln__run_node *before = pln__time_to(node->run, node);
    pln_status status = pln__transform_of(node)->finish(node->self, &node->ctx, port, err);
    if (status >= 0)
        status = pln__settle(node, err);
    pln__time_to(node->run, before);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status;
}

/* What it held for the epoch it gives before the nodes behind it hear of its end: they are finished then, and would keep what comes later. */
static pln_status last_drain(pln__run_node *node, pln_error *err) {
    node->drained = true;
    return pln__kind_of(node) == PLN_TRANSFORM && pln__transform_of(node)->drain != NULL
               ? drain_node(node, node->run->n + 1, err)
               : PLN_OK;
}

pln_status pln__edge_ended(const pln__target *target, pln_error *err) {
    pln__run_node *node = target->node;
    pln_status status = PLN_OK;
    bool last = --node->in[target->port].open <= 0 && !node->ended, all = true;
    /* What finish gives was held while time went on: the nodes behind hear of the time after it. */
    node->holds_time = last;
    PLN__TRY(pln__time_ended(target, err));
    if (last)
        PLN__TRY(finish_port(node, target->port, err));
    for (int32_t i = 0; i < node->n_in; i++)
        all = all && node->in[i].open <= 0;
    if (last && all)
        PLN__TRY(last_drain(node, err));
    node->holds_time = false;
    if (last)
        status = all ? pln__end_of(node, err) : pln__time_go_on(node, err);
out:
    return status;
}

pln_status pln__end_of(pln__run_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    if (node->ended)
        return PLN_OK;
    node->ended = true;
    PLN__TRY(pln__reject_flush(node, err));
    for (int32_t i = 0; i < node->n_out; i++)
        for (int32_t t = 0; t < node->out[i].n_targets; t++)
            PLN__TRY(pln__edge_ended(&node->out[i].targets[t], err));
    /* A sink may still reject while it flushes, so its reject port stays open to the last epoch. */
    if (pln__kind_of(node) == PLN_SINK)
        goto out;
    for (int32_t t = 0; t < node->out[node->n_out].n_targets; t++)
        PLN__TRY(pln__edge_ended(&node->out[node->n_out].targets[t], err));
out:
    return status;
}
