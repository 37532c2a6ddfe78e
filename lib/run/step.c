#include "run/run.h"
#include <unistd.h>

static pln_status run_failed(pln_run *run, pln_status status, pln_error *own, pln_error *err) {
    pln__error_where(own, "%s", run->pipeline);
    run->error = *own;
    run->phase = PLN__RUN_FAILED;
    if (err != NULL)
        *err = *own;
    return status;
}

/* Whether going back to the last committed epoch brings the same rows again, and what it prepared can still be shown. */
static bool can_go_back(const pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        if (run->telling && node->commits == PLN__SINK_B && pln__sink_of(node)->recover == NULL)
            return false;
        if (pln__kind_of(node) != PLN_SOURCE)
            continue;
        const pln_source *table = pln__source_of(node);
        if (node->lacks != NULL || !(pln__caps_of(node) & PLN_CAP_REPLAYABLE) ||
            (run->have_last && (table->save == NULL || table->load == NULL)))
            return false;
    }
    return true;
}

static void reset_nodes(pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        node->schema_known = node->ended = node->drained = node->closed = node->barrier =
            node->new_schema = false;
        pln__schema_unref(node->agreed);
        node->agreed = NULL;
        node->wait_until_us = INT64_MAX;
        memset(&node->counts, 0, sizeof node->counts);
        for (int64_t m = 0; m < node->n_metrics; m++)
            node->metrics[m].value = 0;
        pln__notes_forget(node);
        for (int32_t p = 0; p < node->n_in; p++)
            node->in[p] = (pln__in_port){NULL, node->in[p].edges, node->in[p].edges, INT64_MIN};
        node->tells_time = node->holds_time = false;
        pln__time_reset(node);
        for (int32_t p = 0; p < node->n_out; p++) {
            pln__schema_unref(node->out[p].schema);
            node->out[p].schema = NULL;
        }
    }
}

/*
 * The epoch failed for a reason that may pass. Everything since the last commit is undone by opening the nodes anew at that commit, which is the path that
 * a resumed process takes, too.
 */
static pln_status go_back(pln_run *run, pln_error *err) {
    run->retrying = false;
    run->telling = run->in_doubt = run->drained = false;
    reset_nodes(run);
    pln__keyed_reset(run);
    run->epochs = run->have_last ? run->epochs : 0;
    pln_status status = pln__run_start(run, err);
    return status;
}

static int64_t retry_delay_us(const pln_run *run) {
    int doublings = run->attempt > 20 ? 20 : run->attempt;
    int64_t delay = run->options.retry_delay_us;
    return delay > INT64_MAX >> doublings ? INT64_MAX : delay << doublings;
}

static bool try_again(pln_run *run, const pln_error *own) {
    if (!(own->flags & PLN_ERR_RETRYABLE) || (own->flags & (PLN_ERR_FATAL | PLN_ERR_DATA)) ||
        run->attempt + 1 >= run->options.attempts || run->last_try || !can_go_back(run))
        return false;
    (void)pln__epoch_abort(run, NULL);
    pln__run_close_nodes(run);
    /* A handle on which a write had no known outcome writes no more. */
    pln__state_close(run->state);
    run->state = NULL;
    run->retrying = true;
    run->retry_at_us = pln__add_clamped(pln__run_now(run), retry_delay_us(run));
    run->attempt++;
    run->retries++;
    pln__runtime_log(run->runtime, PLN_LOG_WARNING, own->where, own->message);
    return true;
}

static pln_status take_rows(pln__run_node *node, pln_batch *batch, pln_error *err) {
    int64_t rows = pln_batch_rows(batch);
    if (node->agreed != NULL) {
        pln_status status = PLN_OK;
        for (int64_t i = 0; i < rows && status >= 0; i++) {
            pln_rejection item = {i, PLN_ETYPE, 0, NULL, "the schema changed while running"};
            status = pln__reject_rows(node, batch, &item, 1, err);
        }
        pln_batch_unref(batch);
        return status;
    }
    node->counts.rows_in += rows;
    node->counts.batches_in++;
    node->run->epoch_rows += rows;
    return pln__emit(node, 0, batch, err);
}

static int64_t rows_wanted(const pln_run *run) {
    int64_t rows = run->options.max_batch_rows;
    if (run->options.epoch_rows > 0 && run->options.epoch_rows - run->epoch_rows < rows)
        rows = run->options.epoch_rows - run->epoch_rows;
    return rows < 1 ? 1 : rows;
}

static pln_status poll_source(pln__run_node *node, bool *progressed, pln_error *err) {
    pln_run *run = node->run;
    pln_batch *batch = NULL;
    pln_want want = {sizeof want, 0, rows_wanted(run), run->options.max_batch_bytes, 0};
    pln__run_node *before = pln__time_to(run, node);
    node->wait_until_us = INT64_MAX;
    pln_status status = pln__source_of(node)->poll(node->self, &node->ctx, &want, &batch, err);
    if (status < 0) {
        pln_batch_unref(batch);
        batch = NULL;
    }
    if (batch != NULL && pln_batch_rows(batch) > want.max_rows) {
        status = pln__error_set(err, PLN_ECONTRACT, "poll: %lld rows, at most %lld were asked for",
                                (long long)pln_batch_rows(batch), (long long)want.max_rows);
        pln_batch_unref(batch);
        batch = NULL;
    }
    *progressed |= status >= 0 && status != PLN_AGAIN;
    pln_status flow = status;
    if (batch != NULL)
        status = take_rows(node, batch, err);
    pln__time_to(run, before);
    if (status < 0) {
        pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
        return status;
    }
    node->barrier |= flow == PLN_BARRIER;
    if (flow == PLN_EOS)
        return pln__end_of(node, err);
    if (flow != PLN_SCHEMA)
        return PLN_OK;
    /* Sinks that hold rows of the old schema have to give them first. */
    if (run->options.on_schema_change == PLN_SCHEMA_CHANGE_ADAPT) {
        node->barrier = node->new_schema = true;
        return PLN_OK;
    }
    return pln__schema_changed(node, err);
}

/* Whether anybody still wants what a node emits. */
static bool needed(const pln__run_node *node) {
    if (pln__kind_of(node) == PLN_SINK)
        return true;
    for (int32_t p = 0; p < node->n_out; p++)
        for (int32_t t = 0; t < node->out[p].n_targets; t++)
            if (!node->out[p].targets[t].node->closed && needed(node->out[p].targets[t].node))
                return true;
    return false;
}

static bool parked_behind(const pln__run_node *node) {
    if (node->n_pending > 0)
        return true;
    for (int32_t p = 0; p <= node->n_out; p++)
        for (int32_t t = 0; t < node->out[p].n_targets; t++)
            if (parked_behind(node->out[p].targets[t].node))
                return true;
    return false;
}

static bool any_closed(const pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (run->nodes[i].closed)
            return true;
    return false;
}

/*
 * Bounded sources are read one after the other, in the order of the graph: so the interleaving of their rows does not depend on the
 * sizes of batches and epochs. Unbounded ones are all asked in each round.
 */
static pln_status poll_round(pln_run *run, bool parked, bool *progressed, pln_error *err) {
    bool bounded_seen = false;
    bool closed = any_closed(run);
    run->n_waits = 0;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        pln_status status;
        if (pln__kind_of(node) != PLN_SOURCE || node->ended)
            continue;
        if (closed && !needed(node)) {
            *progressed = true;
            if ((status = pln__end_of(node, err)) < 0)
                return status;
            continue;
        }
        bool bounded = pln__caps_of(node) & PLN_CAP_BOUNDED;
        if ((bounded && bounded_seen) || node->barrier || (parked && parked_behind(node)))
            continue;
        bounded_seen |= bounded;
        if ((status = poll_source(node, progressed, err)) < 0)
            return status;
        if (run->options.epoch_rows > 0 && run->epoch_rows >= run->options.epoch_rows)
            break;
    }
    return PLN_OK;
}

static bool all_ended(const pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (pln__kind_of(&run->nodes[i]) == PLN_SOURCE && !run->nodes[i].ended)
            return false;
    return true;
}

static bool epoch_due(const pln_run *run) {
    const pln_run_options *o = &run->options;
    bool rows = o->epoch_rows > 0 && run->epoch_rows >= o->epoch_rows;
    bool time = o->epoch_us > 0 && run->epoch_rows > 0 &&
                pln__run_monotonic(run) - run->epoch_started_us >= o->epoch_us;
    bool barrier = false;
    for (int32_t i = 0; i < run->n_nodes; i++)
        barrier |= run->nodes[i].barrier;
    return rows || time || barrier;
}

static pln_status flush_rejects(pln_run *run, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < run->n_nodes && status >= 0; i++)
        status = pln__reject_flush(&run->nodes[run->order[i]], err);
    return status;
}

static void tell_progress(pln_run *run) {
    pln_progress p = {
        .struct_size = sizeof p, .done = run->phase == PLN__RUN_DONE, .epochs = run->epochs};
    int64_t now;
    if (run->options.progress == NULL)
        return;
    now = pln__run_monotonic(run);
    if (!p.done && now - run->progress_at < run->options.progress_us)
        return;
    run->progress_at = now;
    p.elapsed_us = now - run->started_monotonic;
    p.work_total = 0;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        int64_t done = 0, total = -1;
        p.rejected += node->counts.fates[PLN_REJECTED];
        if (pln__kind_of(node) == PLN_SINK && !node->feeds_rejects)
            p.rows_out += node->counts.fates[PLN_PASSED];
        if (pln__kind_of(node) != PLN_SOURCE)
            continue;
        p.rows_in += node->counts.rows_in;
        if (node->opened && pln__source_of(node)->estimate != NULL)
            (void)pln__source_of(node)->estimate(node->self, &run->nodes[i].ctx, &done, &total,
                                                 NULL);
        p.work_done += done;
        p.work_total = total < 0 || p.work_total < 0 ? -1 : p.work_total + total;
    }
    if (p.work_total < 0)
        p.work_done = -1;
    run->options.progress(run->options.progress_user, &p);
}

static pln_status ended(pln_run *run, int32_t phase) {
    run->phase = phase;
    pln__time_to(run, NULL);
    tell_progress(run);
    return PLN_EOS;
}

static pln_status until_ready(pln_run *run, pln_error *err) {
    run->n_waits = 0;
    pln_status status = pln__propagate(run, err);
    if (status == PLN_OK)
        status = pln__run_ready(run, err);
    return status;
}

static pln_status lift_barriers(pln_run *run, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        bool asks = node->new_schema;
        node->barrier = node->new_schema = false;
        if (!asks)
            continue;
        pln_status status = pln__schema_changed(node, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static bool any_parked(const pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (run->nodes[i].n_pending > 0)
            return true;
    return false;
}

static pln_status round_of(pln_run *run, bool *progressed, pln_error *err) {
    pln_status status = PLN_OK;
    bool parked = false;
    bool stop = atomic_load_explicit(&run->stop, memory_order_relaxed) != 0;
    if (run->retrying) {
        /* Who asks to stop does not wait for the delay, which may be for ever: one try more, at once. */
        run->last_try = stop;
        if (!stop && pln__run_now(run) < run->retry_at_us)
            return PLN_AGAIN;
        PLN__TRY(go_back(run, err));
        *progressed = true;
        /* What failed was the answer to the last commit, not the commit. */
        if (run->phase == PLN__RUN_DONE)
            return ended(run, PLN__RUN_DONE);
    }
    if (!run->ready) {
        PLN__TRY(until_ready(run, err));
        if (status == PLN_AGAIN)
            return PLN_AGAIN;
    }
    for (int32_t i = 0; i < run->n_nodes; i++)
        PLN__TRY(pln__unpark(&run->nodes[i], &parked, err));
    /* What a drain brought may have been parked: no row of the next epoch comes before it. */
    if (!stop && !run->drained) {
        PLN__TRY(pln__timers_due(run, progressed, err));
        PLN__TRY(poll_round(run, parked, progressed, err));
    } else
        run->n_waits = 0;
    if (any_parked(run))
        return *progressed ? PLN_OK : PLN_AGAIN;
    bool done = !stop && all_ended(run);
    if (done || stop || run->drained || epoch_due(run)) {
        bool commits = done || run->drained || run->epoch_rows > 0 || !stop;
        if (commits && !run->drained) {
            PLN__TRY(pln__drain(run, run->n + 1, err));
            run->drained = *progressed = true;
            if (any_parked(run))
                return PLN_OK;
        }
        if (commits)
            PLN__TRY(pln__epoch_commit(run, done, err));
        if (done)
            return ended(run, PLN__RUN_DONE);
        PLN__TRY(lift_barriers(run, err));
        *progressed = true;
        if (stop)
            return ended(run, PLN__RUN_STOPPED);
    } else if (run->options.mode == PLN_STREAM) {
        PLN__TRY(flush_rejects(run, err));
    }
    status = *progressed ? PLN_OK : PLN_AGAIN;
out:
    return status;
}

static int64_t wake_at(const pln_run *run) {
    int64_t wake = INT64_MAX;
    if (run->retrying)
        return run->retry_at_us;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        const pln__run_node *node = &run->nodes[i];
        wake = node->wait_until_us < wake ? node->wait_until_us : wake;
        wake = node->timer_us < wake ? node->timer_us : wake;
    }
    if (run->options.epoch_us > 0 && run->epoch_rows > 0) {
        int64_t left = run->options.epoch_us - (pln__run_monotonic(run) - run->epoch_started_us);
        int64_t due = pln__add_clamped(pln__run_now(run), left > 0 ? left : 0);
        if (due < wake)
            wake = due;
    }
    return wake;
}

static pln_status phase_answer(const pln_run *run, pln_error *err) {
    if (run->phase == PLN__RUN_DONE || run->phase == PLN__RUN_STOPPED)
        return PLN_EOS;
    if (run->phase == PLN__RUN_ABORTED)
        return pln__error_set(err, PLN_ESTATE, "the run was aborted");
    if (err != NULL)
        *err = run->error;
    return run->error.status;
}

pln_status pln_run_step(pln_run *run, int64_t budget_us, int64_t *wake_us, pln_error *err) {
    pln_status status;
    pln_error own = {0};
    int64_t start = pln__run_monotonic(run);
    if (wake_us != NULL)
        *wake_us = INT64_MAX;
    if (run->pid != (int32_t)getpid())
        return pln__error_set(err, PLN_EFORKED, "run %s: it belongs to the parent of this process",
                              run->pipeline);
    if (run->phase != PLN__RUN_OPEN)
        return phase_answer(run, err);
    run->mark_us = start;
    do {
        bool progressed = false;
        status = round_of(run, &progressed, &own);
        if (status < 0 && try_again(run, &own)) {
            own = (pln_error){0};
            status = PLN_AGAIN;
        }
        if (run->phase == PLN__RUN_OPEN)
            tell_progress(run);
    } while (status == PLN_OK && pln__run_monotonic(run) - start < budget_us);
    pln__time_to(run, NULL);
    if (status < 0) {
        (void)pln__epoch_abort(run, NULL);
        return run_failed(run, status, &own, err);
    }
    if (status == PLN_AGAIN && wake_us != NULL)
        *wake_us = wake_at(run);
    return status;
}

int32_t pln_run_wait_fds(pln_run *run, pln_wait_fd *fds, int32_t capacity) {
    for (int64_t i = 0; i < run->n_waits && i < capacity; i++)
        fds[i] = run->waits[i];
    return (int32_t)run->n_waits;
}

pln_status pln_run_finish(pln_run *run, pln_error *err) {
    const pln_clock *clock = &run->runtime->clock;
    for (;;) {
        int64_t wake = INT64_MAX;
        pln_status status = pln_run_step(run, 50000, &wake, err);
        if (status == PLN_EOS || status < 0)
            return status < 0 ? status : PLN_OK;
        if (status == PLN_AGAIN)
            clock->wait(clock->user, run->waits, (int32_t)run->n_waits, wake);
    }
}

void pln_run_stop(pln_run *run) {
    int expected = 0;
    atomic_compare_exchange_strong(&run->stop, &expected, 1);
}

pln_status pln_run_abort(pln_run *run, pln_error *err) {
    if (run->phase != PLN__RUN_OPEN)
        return PLN_OK;
    atomic_store(&run->stop, 2);
    run->phase = PLN__RUN_ABORTED;
    pln_error own = {0};
    pln_status status = run->pid == (int32_t)getpid() ? pln__epoch_abort(run, &own) : PLN_OK;
    if (status < 0 && err != NULL)
        *err = own;
    return status;
}

pln_status pln_graph_run(pln_graph *graph, const pln_run_options *options, pln_report **report,
                         pln_error *err) {
    pln_run *run = NULL;
    if (report != NULL)
        *report = NULL;
    pln_status status = pln_run_open(graph, options, &run, err);
    if (status < 0)
        return status;
    status = pln_run_finish(run, err);
    if (report != NULL) {
        pln_status reported = pln_run_report(run, report, status < 0 ? NULL : err);
        status = status < 0 ? status : reported;
    }
    pln_run_free(run);
    return status;
}

pln_status pln_run_schema(pln_run *run, const char *port, struct ArrowSchema *out, pln_error *err) {
    char name[80];
    /* "read.contract" is a node, and its ports have one more name behind it. */
    const char *dot = pln__graph_node(run->graph, port, NULL) != NULL ? NULL : strrchr(port, '.');
    size_t size = dot == NULL ? strlen(port) : (size_t)(dot - port);
    int32_t index = 0, p = 0;
    if (size >= sizeof name)
        return pln__error_set(err, PLN_ENAME, "node '%s': there is none of that name", port);
    memcpy(name, port, size);
    name[size] = '\0';
    pln_status status = pln__graph_find(run->graph, name, &index, err);
    if (status < 0)
        return status;
    pln__run_node *node = &run->nodes[index];
    if (dot != NULL && strcmp(dot + 1, "reject") == 0)
        p = node->n_out;
    else if (dot != NULL)
        while (p < node->n_out && strcmp(node->node->out.items[p], dot + 1) != 0)
            p++;
    if (p > node->n_out || (p == node->n_out && (dot == NULL || strcmp(dot + 1, "reject") != 0)))
        return pln__error_set(err, PLN_ENAME, "node '%s' has no out port '%s'", name,
                              dot == NULL ? "out" : dot + 1);
    if (node->out[p].schema == NULL)
        return pln__error_set(err, PLN_ESTATE, "port '%s': its schema is not known yet", port);
    return pln__schema_copy(run->mem, pln__schema_get(node->out[p].schema), out, err);
}
