#include "run/run.h"

/* A sink whose rows all come from reject ports: what it holds is no output of the pipeline. */
static bool only_rejects_reach(const pln_run *run, const pln__run_node *sink) {
    const pln_graph *graph = run->graph;
    bool any = false;
    for (int64_t i = 0; i < graph->n_edges; i++)
        if (&run->nodes[graph->edges[i].to] == sink) {
            const pln__run_node *from = &run->nodes[graph->edges[i].from];
            if (graph->edges[i].from_port != PLN__PORT_REJECT && !from->feeds_rejects)
                return false;
            any = true;
        }
    return any;
}

static const char *store_of(pln__run_node *node) {
    const pln_sink *table = pln__sink_of(node);
    return table->store == NULL ? NULL : table->store(node->self, &node->ctx);
}

static int32_t second_store(pln_run *run, pln__run_node *node) {
    const char *first = store_of(run->store), *mine = store_of(node);
    return first != NULL && mine != NULL && strcmp(first, mine) == 0 ? PLN__SINK_A_MEMBER
                                                                     : PLN__SINK_A_SECOND;
}

static void choose(pln_run *run, pln__run_node *node) {
    const pln_sink *table = pln__sink_of(node);
    if (node->lacks != NULL) {
        node->commits = table->state_commit != NULL ? PLN__SINK_A_SECOND : PLN__SINK_C;
    } else if (table->state_commit != NULL && run->store == NULL) {
        run->store = node;
        node->commits = PLN__SINK_A;
    } else if (table->state_commit != NULL) {
        node->commits = second_store(run, node);
    } else {
        node->commits = table->prepare != NULL && table->commit != NULL ? PLN__SINK_B : PLN__SINK_C;
    }
}

/* What keeps a node from exactly-once, or NULL. */
static const char *lacks(const pln_run *run, const pln__run_node *node) {
    uint32_t caps = pln__caps_of(node);
    if (node->lacks != NULL)
        return node->lacks;
    if (pln__kind_of(node) == PLN_SOURCE) {
        const pln_source *table = pln__source_of(node);
        if (table->save == NULL || table->load == NULL || !(caps & PLN_CAP_REPLAYABLE))
            return "cannot return to a saved position (REPLAYABLE, save and load)";
        return NULL;
    }
    if (pln__kind_of(node) == PLN_TRANSFORM)
        return NULL;
    if (node->commits == PLN__SINK_B && pln__sink_of(node)->recover == NULL)
        return "cannot recover prepared output (recover)";
    if ((node->commits == PLN__SINK_C || node->commits == PLN__SINK_A_SECOND) &&
        !(caps & PLN_CAP_IDEMPOTENT))
        return run->store != NULL && run->store != node && node->commits == PLN__SINK_A_SECOND
                   ? "writes to a second database, which cannot commit together with the first"
                   : "is neither transactional (state_commit, prepare) nor IDEMPOTENT";
    return NULL;
}

/* An idempotent sink hides a replay only if the replay brings the same rows. */
static const pln__run_node *changing_node(const pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (pln__kind_of(&run->nodes[i]) == PLN_TRANSFORM &&
            !(pln__caps_of(&run->nodes[i]) & PLN_CAP_DETERMINISTIC))
            return &run->nodes[i];
    return NULL;
}

/* Not even at-least-once: a resumed run would go on without the rows that only its first attempt has seen. */
static pln_status check_state(const pln_run *run, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes && run->state_path != NULL; i++) {
        const pln__run_node *node = &run->nodes[i];
        if (pln__kind_of(node) != PLN_SOURCE || node->lacks == NULL)
            continue;
        pln__error_set(err, PLN_EGUARANTEE,
                       "a run with a state file could not be resumed: node '%s' %s",
                       node->node->name, node->lacks);
        pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
        return PLN_EGUARANTEE;
    }
    return PLN_OK;
}

static pln_status judge(pln_run *run, pln_error *err) {
    const char *why = NULL;
    const pln__run_node *who = NULL;
    bool idempotent = false;
    for (int32_t i = 0; i < run->n_nodes && why == NULL; i++) {
        who = &run->nodes[i];
        why = lacks(run, who);
        idempotent |= pln__kind_of(who) == PLN_SINK &&
                      (who->commits == PLN__SINK_C || who->commits == PLN__SINK_A_SECOND);
    }
    if (why == NULL && idempotent && (who = changing_node(run)) != NULL)
        why = "is not DETERMINISTIC, so that a replay could leave other rows in an idempotent sink";
    if (why == NULL && run->state_path == NULL) {
        who = NULL;
        why = "no state file is given, so that an interrupted run starts anew";
    }
    run->guarantee = why == NULL ? PLN_EXACTLY_ONCE : PLN_AT_LEAST_ONCE;
    if (why == NULL || run->options.guarantee != PLN_EXACTLY_ONCE)
        return PLN_OK;
    pln__error_set(err, PLN_EGUARANTEE, "exactly-once cannot be given: %s%s%s%s",
                   who != NULL ? "node '" : "", who != NULL ? who->node->name : "",
                   who != NULL ? "' " : "", why);
    if (who != NULL)
        pln__error_where(err, "%s/%s", run->pipeline, who->node->name);
    return PLN_EGUARANTEE;
}

pln_status pln__negotiate(pln_run *run, pln_error *err) {
    run->store = NULL;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        if (pln__kind_of(node) != PLN_SOURCE)
            node->feeds_rejects = only_rejects_reach(run, node);
    }
    /* The first sink that holds output hosts the head; one that holds only rejects does so if there is no other. */
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < run->n_nodes; i++) {
            pln__run_node *node = &run->nodes[run->order[i]];
            if (pln__kind_of(node) == PLN_SINK && (pass == 1) == node->feeds_rejects)
                choose(run, node);
        }
    pln_status status = judge(run, err);
    return status < 0 ? status : check_state(run, err);
}
