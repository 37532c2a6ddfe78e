/*
 * Event time on the edges. An edge has the last watermark that came over it; an in port that of its slowest edge; a node, where it does not tell its own, that of
 * its slowest port. Idle edges are left out, a watermark never goes back, and +infinity is the end of the rows: only a node that ends sends it on.
 */
#include "run/run.h"

#define END INT64_MAX

static pln_status reach(const pln__target *target, int64_t watermark_us, pln_error *err);

static bool carries_time(const pln__run_node *node, int32_t port) {
    return strcmp(node->node->out.items[port], "late") != 0;
}

/*
 * Of the edges into `port`, of all for -1, that are not idle and not `but`; END without any. Where all of these have ended it is no end while others are idle: rows may still come.
 */
static int64_t slowest(const pln__run_node *node, int32_t port, const pln__edge_in *but,
                       bool *any) {
    int64_t least = END;
    bool idle = false;
    *any = false;
    for (int32_t e = 0; e < node->n_edges; e++) {
        const pln__edge_in *edge = &node->edges[e];
        if (edge == but || (port >= 0 && edge->port != port))
            continue;
        idle |= edge->idle;
        *any |= !edge->idle;
        if (!edge->idle && edge->watermark_us < least)
            least = edge->watermark_us;
    }
    *any &= least != END || !idle;
    return least;
}

/* Nothing is to be expected of any edge, but not all have ended. */
static bool rests(const pln__run_node *node) {
    bool idle = false;
    for (int32_t e = 0; e < node->n_edges; e++) {
        if (!node->edges[e].idle && node->edges[e].watermark_us != END)
            return false;
        idle |= node->edges[e].idle;
    }
    return idle;
}

/* The node's own watermark rose: it goes to everybody behind it. */
static pln_status send_on(pln__run_node *node, int64_t watermark_us, pln_error *err) {
    pln_status status = PLN_OK;
    if (watermark_us <= node->watermark_us)
        return PLN_OK;
    node->watermark_us = watermark_us;
    for (int32_t p = 0; p < node->n_out; p++)
        for (int32_t t = 0; t < node->out[p].n_targets && carries_time(node, p) && status >= 0; t++)
            status = reach(&node->out[p].targets[t], watermark_us, err);
    return status;
}

static pln_status send_idle(pln__run_node *node, bool is_idle, pln_error *err);

/* A stage that has a slot for it handles a port's watermark before the nodes behind it hear of it. */
static pln_status advance(pln__run_node *node, int32_t port, int64_t watermark_us, pln_error *err) {
    pln_status status = PLN_OK;
    node->in[port].watermark_us = watermark_us;
    if (pln__kind_of(node) != PLN_TRANSFORM || pln__transform_of(node)->advance == NULL ||
        node->closed)
        return PLN_OK;
    pln__run_node *before = pln__time_to(node->run, node);
    status = pln__transform_of(node)->advance(node->self, &node->ctx, port, watermark_us, err);
    if (status >= 0)
        status = pln__settle(node, err);
    pln__time_to(node->run, before);
    if (status < 0)
        pln__error_where(err, "%s/%s", node->run->pipeline, node->node->name);
    return status < 0 ? status : PLN_OK;
}

static pln_status ports_advance(pln__run_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t least = END;
    bool any = false, active = false;
    for (int32_t p = 0; p < node->n_in; p++) {
        int64_t at = slowest(node, p, NULL, &any);
        if (any && at > node->in[p].watermark_us)
            PLN__TRY(advance(node, p, at, err));
        if (any && node->in[p].watermark_us < least)
            least = node->in[p].watermark_us;
        active |= any;
    }
    if (pln__kind_of(node) == PLN_SINK)
        node->watermark_us = least > node->watermark_us && active ? least : node->watermark_us;
    else if (!node->tells_time && !node->holds_time && active && least != END)
        PLN__TRY(send_on(node, least, err));
    if (!node->tells_time && !node->holds_time)
        PLN__TRY(send_idle(node, rests(node), err));
out:
    return status;
}

static pln_status reach(const pln__target *target, int64_t watermark_us, pln_error *err) {
    pln__edge_in *edge = &target->node->edges[target->edge];
    bool woke = edge->idle;
    edge->idle = false;
    if (watermark_us > edge->watermark_us)
        edge->watermark_us = watermark_us;
    else if (!woke && watermark_us != END)
        return PLN_OK;
    return ports_advance(target->node, err);
}

static pln_status send_idle(pln__run_node *node, bool is_idle, pln_error *err) {
    pln_status status = PLN_OK;
    if (node->idle == is_idle)
        return PLN_OK;
    node->idle = is_idle;
    for (int32_t p = 0; p < node->n_out; p++)
        for (int32_t t = 0; t < node->out[p].n_targets && carries_time(node, p) && status >= 0;
             t++) {
            const pln__target *target = &node->out[p].targets[t];
            target->node->edges[target->edge].idle = is_idle;
            status = ports_advance(target->node, err);
        }
    return status;
}

pln_status pln__time_told(pln__run_node *node, int64_t watermark_us, pln_error *err) {
    node->tells_time = true;
    pln_status status = send_idle(node, false, err);
    return status < 0 ? status : send_on(node, watermark_us, err);
}

pln_status pln__time_idle(pln__run_node *node, pln_error *err) {
    node->tells_time = true;
    return send_idle(node, true, err);
}

pln_status pln__time_go_on(pln__run_node *node, pln_error *err) {
    return ports_advance(node, err);
}

pln_status pln__time_ended(const pln__target *target, pln_error *err) {
    return reach(target, END, err);
}

/*
 * What other edges still hold back: where a node has several, no row of one brings a watermark that is not yet that of all. A batch without
 * watermarks of its own has that of its port.
 */
pln_status pln__time_arrive(const pln__target *target, pln_batch *batch, pln_batch **out,
                            pln_error *err) {
    pln__run_node *node = target->node;
    const int64_t *at = pln__batch_watermarks(batch);
    const pln__edge_in *edge = &node->edges[target->edge];
    bool any = false;
    *out = NULL;
    if (at == NULL || node->n_edges < 2)
        return PLN_OK;
    int64_t n = pln_batch_rows(batch);
    bool all = pln__caps_of(node) & PLN_CAP_ROWWISE;
    int64_t cap = slowest(node, all ? -1 : edge->port, edge, &any);
    if (n == 0 || cap >= at[n - 1])
        return PLN_OK;
    pln__derivation how = {.parent = batch, .length = n};
    pln_status status = pln__batch_derive(node->run->mem, &how, out, err);
    if (status < 0)
        return status;
    int64_t *capped = pln__alloc(node->run->mem, (uint64_t)n * sizeof *capped);
    if (capped == NULL)
        status = pln__error_memory(err, (uint64_t)n * sizeof *capped);
    for (int64_t i = 0; i < n && status >= 0; i++)
        capped[i] = at[i] < cap ? at[i] : cap;
    if (status >= 0)
        status = pln__batch_set_watermarks(*out, capped, err);
    pln__free(node->run->mem, capped, (uint64_t)n * sizeof *capped);
    if (status < 0) {
        pln_batch_unref(*out);
        *out = NULL;
    }
    return status;
}

/* Rows of a port without time leave without the watermarks of the rows that they were: what stands behind it has an order of its own. */
pln_status pln__time_leave(const pln__run_node *node, int32_t port, pln_batch **batch,
                           pln_error *err) {
    if (pln__batch_watermarks(*batch) == NULL || carries_time(node, port))
        return PLN_OK;
    pln_batch *timed = *batch;
    pln__derivation how = {.parent = timed, .length = pln_batch_rows(timed)};
    pln_status status = pln__batch_derive(node->run->mem, &how, batch, err);
    if (status >= 0)
        status = pln__batch_set_watermarks(*batch, NULL, err);
    pln_batch_unref(timed);
    return status;
}

/* ---- timers: one a node, on the run's clock ---- */

pln_status pln__timers_due(pln_run *run, bool *progressed, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (node->timer_us == INT64_MAX || node->timer_us > pln__run_now(run))
            continue;
        node->timer_us = INT64_MAX;
        *progressed = true;
        if (node->ended || node->closed)
            continue;
        pln__run_node *before = pln__time_to(run, node);
        pln_status status = pln__transform_of(node)->on_timers(node->self, &node->ctx, NULL, err);
        if (status >= 0)
            status = pln__settle(node, err);
        pln__time_to(run, before);
        if (status < 0) {
            pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
            return status;
        }
    }
    return PLN_OK;
}

pln_status pln__timer_set(pln__run_node *node, int64_t time_us, pln_error *err) {
    if (pln__kind_of(node) != PLN_TRANSFORM || pln__transform_of(node)->on_timers == NULL)
        return pln__error_set(err, PLN_ECONTRACT, "timer_set: the stage has no slot on_timers");
    node->timer_us = time_us;
    return PLN_OK;
}

/* ---- checkpoint: the node's watermark, then an edge's each, its lowest bit "idle" apart ---- */

void pln__time_reset(pln__run_node *node) {
    node->watermark_us = INT64_MIN;
    node->timer_us = INT64_MAX;
    node->idle = false;
    for (int32_t e = 0; e < node->n_edges; e++) {
        node->edges[e].watermark_us = INT64_MIN;
        node->edges[e].idle = false;
    }
    for (int32_t p = 0; p < node->n_in; p++)
        node->in[p].watermark_us = INT64_MIN;
}

static uint64_t time_size(const pln__run_node *node) {
    return ((uint64_t)node->n_edges * 2 + 2) * sizeof(int64_t);
}

pln_status pln__time_save(const pln__run_node *node, pln__saved_list *out, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    bool any = node->watermark_us != INT64_MIN || node->idle;
    for (int32_t e = 0; e < node->n_edges; e++)
        any |= node->edges[e].watermark_us != INT64_MIN || node->edges[e].idle;
    if (!any)
        return PLN_OK;
    int64_t *all = pln__alloc(mem, time_size(node));
    if (all == NULL)
        return pln__error_memory(err, time_size(node));
    all[0] = node->watermark_us;
    all[1] = node->idle;
    for (int32_t e = 0; e < node->n_edges; e++) {
        all[2 + 2 * e] = node->edges[e].watermark_us;
        all[3 + 2 * e] = node->edges[e].idle;
    }
    pln_status status = pln__saved_add(mem, out, node->node->name, PLN__TIME_KEY, all,
                                       (int64_t)time_size(node), err);
    pln__free(mem, all, time_size(node));
    return status;
}

pln_status pln__time_load(pln__run_node *node, const pln__saved *saved, pln_error *err) {
    int64_t pair[2];
    if (saved->size != (int64_t)time_size(node))
        return pln__error_set(err, PLN_ECORRUPT,
                              "checkpoint: the watermarks of node '%s' are damaged", saved->node);
    memcpy(pair, saved->bytes, sizeof pair);
    node->watermark_us = pair[0];
    node->idle = pair[1] != 0;
    for (int32_t e = 0; e < node->n_edges; e++) {
        memcpy(pair, saved->bytes + (size_t)(e + 1) * sizeof pair, sizeof pair);
        node->edges[e].watermark_us = pair[0];
        node->edges[e].idle = pair[1] != 0;
    }
    /* An edge that had ended holds nobody back, but ends again: its port is told then. */
    for (int32_t p = 0; p < node->n_in; p++) {
        bool any = false;
        int64_t at = slowest(node, p, NULL, &any);
        node->in[p].watermark_us = any && at != END ? at : INT64_MIN;
    }
    return PLN_OK;
}
