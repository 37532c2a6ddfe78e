#include "run/run.h"

static pln_status unlike_edges(pln__run_node *node, int32_t port, const struct ArrowSchema *other,
                               pln_error *err) {
    pln__text text;
    pln__text_init(&text, node->run->mem);
    pln__schema_difference(node->in[port].schema, other, &text);
    pln_status status =
        pln__error_set(err, PLN_ETYPE, "two edges bring different schemas to one port: %s",
                       text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return status;
}

/* Port n_out is the reject port. */
static pln_status hand_on(pln__run_node *node, int32_t p, pln_error *err) {
    pln__port *port = &node->out[p];
    bool foreign = p < node->n_out && node->agreed != NULL;
    const struct ArrowSchema *schema = pln__schema_get(foreign ? node->agreed : port->schema);
    for (int32_t t = 0; t < port->n_targets; t++) {
        pln__run_node *to = port->targets[t].node;
        pln__in_port *in = &to->in[port->targets[t].port];
        if (in->schema == NULL)
            in->schema = schema;
        else if (!pln__schema_equal(in->schema, schema)) {
            pln_status status = unlike_edges(to, port->targets[t].port, schema, err);
            pln__error_where(err, "%s/%s", to->run->pipeline, to->node->name);
            return status;
        }
    }
    return PLN_OK;
}

static pln_status set_out(pln__run_node *node, int32_t port, struct ArrowSchema *schema,
                          pln_error *err) {
    pln_status status = pln__schema_check(schema, err);
    pln__schema *shared = NULL;
    if (status < 0) {
        pln__schema_release(schema);
        return status;
    }
    status = pln__schema_share(node->run->mem, schema, &shared, err);
    if (status < 0)
        return status;
    pln__schema_unref(node->out[port].schema);
    node->out[port].schema = shared;
    return PLN_OK;
}

static pln_status ask_source(pln__run_node *node, pln_error *err) {
    struct ArrowSchema schema = {0};
    pln_status status = pln__source_of(node)->schema(node->self, &node->ctx, &schema, err);
    if (status != PLN_OK) {
        pln__schema_release(&schema);
        return status;
    }
    if (schema.release == NULL)
        return pln__error_set(err, PLN_ECONTRACT,
                              "schema: the source answered OK without a schema");
    return set_out(node, 0, &schema, err);
}

static pln_status differs(const pln__run_node *source, const pln__schema *before, const char *when,
                          pln_error *err) {
    pln__text text;
    pln__text_init(&text, source->run->mem);
    pln__schema_difference(pln__schema_get(before), pln__schema_get(source->out[0].schema), &text);
    pln_status status = pln__error_set(err, PLN_ETYPE, "the schema changed %s: %s", when,
                                       text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return status;
}

/* A source that has another schema now than the graph has (`agreed`, consumed): by policy. */
static pln_status judge_change(pln__run_node *source, pln__schema *agreed, const char *when,
                               pln_error *err) {
    int32_t policy = source->run->options.on_schema_change;
    pln__schema_unref(source->agreed);
    source->agreed = NULL;
    if (pln__schema_equal(pln__schema_get(agreed), pln__schema_get(source->out[0].schema))) {
        /* The nodes behind it may have been lent this very one. */
        pln__schema_unref(source->out[0].schema);
        source->out[0].schema = agreed;
        return PLN_OK;
    }
    if (policy == PLN_SCHEMA_CHANGE_REJECT) {
        source->agreed = agreed;
        return PLN_OK;
    }
    pln_status status =
        policy == PLN_SCHEMA_CHANGE_FAIL ? differs(source, agreed, when, err) : PLN_SCHEMA;
    pln__schema_unref(agreed);
    return status;
}

/* A resumed run has the schemas that it had, or a change of them. */
static pln_status hold_to_saved(pln__run_node *source, pln_error *err) {
    const pln_run *run = source->run;
    for (int64_t i = 0; run->have_last && !run->last.done && i < run->last.schemas.count; i++) {
        const pln__saved *saved = &run->last.schemas.items[i];
        struct ArrowSchema schema = {0};
        pln__schema *agreed = NULL;
        if (strcmp(saved->node, source->node->name) != 0)
            continue;
        pln_status status = pln__schema_read(run->mem, saved->bytes, saved->size, &schema, err);
        if (status >= 0)
            status = pln__schema_share(run->mem, &schema, &agreed, err);
        if (status >= 0 &&
            pln__schema_equal(pln__schema_get(agreed), pln__schema_get(source->out[0].schema)))
            pln__schema_unref(agreed); /* metadata, such as the symbols of an enum, may be other: the rows to come have today's */
        else if (status >= 0)
            status = judge_change(source, agreed, "since the last epoch", err);
        return status < 0 ? status : PLN_OK;
    }
    return PLN_OK;
}

static pln_status all_like_first(pln__run_node *node, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < node->n_out && status >= 0; i++)
        status = pln__schema_copy(node->run->mem, node->in[0].schema, &out[i], err);
    return status;
}

static pln_status ask_transform(pln__run_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_transform *table = pln__transform_of(node);
    const pln_allocator *mem = node->run->mem;
    uint64_t out_size = (uint64_t)node->n_out * sizeof(struct ArrowSchema) + 1;
    uint64_t in_size = (uint64_t)node->n_in * sizeof(struct ArrowSchema *) + 1;
    struct ArrowSchema *out = pln__calloc(mem, 1, out_size);
    const struct ArrowSchema **in = pln__calloc(mem, 1, in_size);
    if (out == NULL || in == NULL)
        PLN__TRY(pln__error_memory(err, out_size + in_size));
    for (int32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i].schema;
    PLN__TRY(table->schema == NULL
                 ? all_like_first(node, out, err)
                 : table->schema(node->self, &node->ctx, in, node->n_in, out, node->n_out, err));
    for (int32_t i = 0; i < node->n_out; i++) {
        if (out[i].release == NULL)
            PLN__FAIL(err, PLN_ECONTRACT, "schema: out port %d got none", (int)i);
        PLN__TRY(set_out(node, i, &out[i], err));
    }
out:
    for (int32_t i = 0; out != NULL && i < node->n_out; i++)
        pln__schema_release(&out[i]);
    pln__free(mem, out, out_size);
    pln__free(mem, in, in_size);
    return status;
}

static pln_status ask_sink(pln__run_node *node, pln_error *err) {
    const pln_sink *table = pln__sink_of(node);
    return table->schema == NULL ? PLN_OK
                                 : table->schema(node->self, &node->ctx, node->in[0].schema, err);
}

static bool inputs_known(const pln__run_node *node) {
    for (int32_t i = 0; i < node->n_in; i++)
        if (node->in[i].edges > 0 && node->in[i].schema == NULL)
            return false;
    return true;
}

static pln_status ask(pln__run_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    if (node->schema_known)
        return PLN_OK;
    if (!inputs_known(node))
        return PLN_AGAIN;
    pln__run_node *before = pln__time_to(node->run, node);
    status = pln__kind_of(node) == PLN_SOURCE      ? ask_source(node, err)
             : pln__kind_of(node) == PLN_TRANSFORM ? ask_transform(node, err)
                                                   : ask_sink(node, err);
    pln__time_to(node->run, before);
    if (status == PLN_OK && pln__kind_of(node) == PLN_SOURCE)
        status = hold_to_saved(node, err);
    if (status == PLN_OK)
        node->schema_known = true;
    for (int32_t i = 0; status == PLN_OK && i < node->n_out; i++)
        status = hand_on(node, i, err);
    return status;
}

pln_status pln__propagate(pln_run *run, pln_error *err) {
    bool waiting = false;
    /* Reject ports have their schema from the start. */
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln_status status = hand_on(&run->nodes[i], run->nodes[i].n_out, err);
        if (status < 0)
            return status;
    }
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[run->order[i]];
        pln_status status = ask(node, err);
        if (status < 0) {
            pln__error_where(err, "%s/%s", run->pipeline, node->node->name);
            return status;
        }
        waiting |= status != PLN_OK;
    }
    return waiting ? PLN_AGAIN : PLN_OK;
}

static void forget_schemas(pln_run *run) {
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        for (int32_t p = 0; p < node->n_in; p++)
            node->in[p].schema = NULL;
        if (pln__kind_of(node) != PLN_SOURCE)
            node->schema_known = false;
    }
    for (int32_t i = 0; i < run->n_nodes; i++)
        if (pln__kind_of(&run->nodes[i]) == PLN_SOURCE)
            (void)hand_on(&run->nodes[i], 0, NULL);
}

pln_status pln__schema_changed(pln__run_node *source, pln_error *err) {
    pln_status status = PLN_OK;
    pln_run *run = source->run;
    pln__schema *agreed =
        pln__schema_ref(source->agreed != NULL ? source->agreed : source->out[0].schema);
    status = ask_source(source, err);
    if (status == PLN_AGAIN)
        status = pln__error_set(err, PLN_ECONTRACT,
                                "schema: the source announced a schema that it does not know");
    if (status >= 0)
        status = judge_change(source, agreed, "while running", err);
    else
        pln__schema_unref(agreed);
    if (status == PLN_SCHEMA) {
        forget_schemas(run);
        status = pln__propagate(run, err);
    }
    if (status < 0)
        pln__error_where(err, "%s/%s", run->pipeline, source->node->name);
    return status < 0 ? status : PLN_OK;
}
