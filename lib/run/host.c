#include "run/run.h"
#include <pln/builder.h>
#include <pln/schema_registry.h>

static pln_run *run_of(pln_context *ctx) {
    return pln__run_node_of(ctx)->run;
}

static void identity(pln_context *ctx, pln_identity *out) {
    const pln__run_node *node = pln__run_node_of(ctx);
    const pln_run *run = node->run;
    pln_identity id = {out->struct_size, 0,        1, run->options.mode, run->pipeline,
                       run->run_key,     node->node->name, run->owner, run->n + 1};
    memcpy(out, &id, out->struct_size < sizeof id ? out->struct_size : sizeof id);
}

static const char *run_param(pln_context *ctx, const char *name) {
    const pln_run_options *options = &run_of(ctx)->options;
    for (int64_t i = 0; i < options->n_params; i++)
        if (strcmp(options->params[i].name, name) == 0)
            return options->params[i].value;
    return NULL;
}

static void interval(pln_context *ctx, int64_t *start_us, int64_t *end_us) {
    *start_us = run_of(ctx)->options.interval_start_us;
    *end_us = run_of(ctx)->options.interval_end_us;
}

static int64_t now_us(pln_context *ctx) {
    return pln__run_now(run_of(ctx));
}

static int64_t monotonic_us(pln_context *ctx) {
    return pln__run_monotonic(run_of(ctx));
}

/* splitmix64 (Steele, Lea, Flood 2014): enough for sampling, and the same on every machine. */
static void random_bytes(pln_context *ctx, void *bytes, uint64_t size) {
    pln__run_node *node = pln__run_node_of(ctx);
    uint8_t *at = bytes;
    while (size > 0) {
        uint64_t z = (node->random_state += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        uint64_t take = size < 8 ? size : 8;
        memcpy(at, &z, take);
        at += take;
        size -= take;
    }
}

static const pln_allocator *allocator(pln_context *ctx) {
    return run_of(ctx)->mem;
}

static const pln_file_ops *files(pln_context *ctx) {
    return &run_of(ctx)->runtime->files;
}

/* Whether a reject port that is wired can be reached: only then does anybody read where a row came from. */
static bool reaches_reject(const pln__run_node *node) {
    if (node->out[node->n_out].n_targets > 0)
        return true;
    for (int32_t i = 0; i < node->n_out; i++)
        for (int32_t t = 0; t < node->out[i].n_targets; t++)
            if (reaches_reject(node->out[i].targets[t].node))
                return true;
    return false;
}

static uint32_t wants(pln_context *ctx) {
    return reaches_reject(pln__run_node_of(ctx)) ? PLN_WANT_POSITION | PLN_WANT_LINE | PLN_WANT_RAW
                                                 : 0;
}

static pln__schema *port_schema_ref(pln__run_node *node, int32_t port, pln_error *err) {
    if (port == PLN_KEYED_KEYS || port == PLN_KEYED_VALUES)
        return pln__keyed_schema(node->run, port, err);
    if (port >= 0 && port < node->n_out && node->out[port].schema != NULL)
        return node->out[port].schema;
    pln__error_set(err, PLN_ECONTRACT,
                   "a batch for port %d: the node has no such port or its schema is not known yet",
                   (int)port);
    return NULL;
}

/* What port_schema_ref said. */
static pln_status no_schema(int32_t port) {
    return port == PLN_KEYED_KEYS || port == PLN_KEYED_VALUES ? PLN_ENOMEM : PLN_ECONTRACT;
}

/* An array that a stranger built is checked before kernels trust it. */
static pln_status own_array(pln__run_node *node, pln__schema *schema, struct ArrowArray *array,
                            pln_error *err) {
    struct ArrowArray ours = {0};
    if (pln__array_is_ours(array))
        return PLN_OK;
    pln_status status =
        pln__array_validate(pln__schema_get(schema), array, PLN__VALIDATE_DEFAULT, err);
    if (status >= 0)
        status = pln__array_adopt(node->run->mem, array, &ours, err);
    if (status >= 0)
        *array = ours;
    return status;
}

static pln_status batch_new(pln_context *ctx, int32_t port, struct ArrowArray *array,
                            const pln_origin *origin, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__run_node *node = pln__run_node_of(ctx);
    pln__schema *schema = port_schema_ref(node, port, err);
    bool origin_given = false;
    *out = NULL;
    if (schema == NULL) {
        status = no_schema(port);
        goto out;
    }
    PLN__TRY(own_array(node, schema, array, err));
    PLN__TRY(pln__batch_new(node->run->mem, schema, array, out, err));
    if (origin != NULL) {
        pln__origin inner = {origin->split,     origin->position, origin->line,    origin->raw,
                             origin->raw_start, origin->raw_size, origin->release, origin->owner};
        origin_given = true;
        PLN__TRY(pln__batch_set_origin(*out, &inner, err));
    }
out:
    if (status < 0) {
        pln__array_release(array);
        pln_batch_unref(*out);
        *out = NULL;
        if (origin != NULL && !origin_given && origin->release != NULL)
            origin->release(origin->owner);
    }
    return status;
}

static pln_status batch_derive(pln_context *ctx, int32_t port, pln_batch *parent,
                               const int32_t *rows, int64_t n, struct ArrowArray *array,
                               pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__run_node *node = pln__run_node_of(ctx);
    pln__schema *schema = port_schema_ref(node, port, err);
    *out = NULL;
    if (schema == NULL) {
        status = PLN_ECONTRACT;
        goto out;
    }
    if (array != NULL)
        PLN__TRY(own_array(node, schema, array, err));
    pln__derivation how = {parent, rows, 0, n, schema, array};
    return pln__batch_derive(node->run->mem, &how, out, err);
out:
    if (array != NULL)
        pln__array_release(array);
    return status;
}

static pln_status batch_inherit(pln_context *ctx, int32_t port, pln_batch *parent,
                                const int32_t *rows, pln_batch *made, pln_batch **out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowArray array = {0};
    pln__run_node *node = pln__run_node_of(ctx);
    pln__schema *schema = port_schema_ref(node, port, err);
    *out = NULL;
    if (schema == NULL)
        status = PLN_ECONTRACT;
    else if (pln__batch_schema_ref(made) != schema &&
             !pln__schema_equal(pln_batch_schema(made), pln__schema_get(schema)))
        status = pln__wrong_schema(node, port, made, err);
    PLN__TRY(status);
    PLN__TRY(pln__array_share(node->run->mem, pln_batch_array(made), &array, err));
    status = batch_derive(ctx, port, parent, rows, pln_batch_rows(made), &array, out, err);
out:
    pln_batch_unref(made);
    return status;
}

static pln_status builder_new(pln_context *ctx, int32_t port, pln_builder **out, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    pln__schema *schema = port_schema_ref(node, port, err);
    *out = NULL;
    return schema == NULL ? no_schema(port)
                          : pln_builder_new(node->run->runtime, pln__schema_get(schema), out, err);
}

static pln_status batch_origin(const pln_batch *batch, int64_t row, pln_raw_rejection *out) {
    pln__row_origin origin;
    memset(out, 0, sizeof *out);
    out->position = out->line = -1;
    if (!pln__batch_row_origin(batch, row, &origin))
        return PLN_EOS;
    out->split = origin.split;
    out->position = origin.position;
    out->line = origin.line;
    out->raw = origin.raw;
    out->raw_size = origin.raw_size;
    return PLN_OK;
}

static pln_status emit(pln_context *ctx, int32_t port, pln_batch *batch, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    if (pln__kind_of(node) != PLN_TRANSFORM) {
        pln_batch_unref(batch);
        return pln__error_set(err, PLN_ECONTRACT,
                              "emit: only a transform may; a source returns its batches from poll");
    }
    return pln__emit(node, port, batch, err);
}

static pln_status reject(pln_context *ctx, pln_batch *batch, const pln_rejection *items, int64_t n,
                         pln_error *err) {
    return pln__reject_rows(pln__run_node_of(ctx), batch, items, n, err);
}

static pln_status reject_raw(pln_context *ctx, const pln_raw_rejection *items, int64_t n,
                             pln_error *err) {
    return pln__reject_raw(pln__run_node_of(ctx), items, n, err);
}

static pln_status account(pln_context *ctx, int32_t fate, int64_t rows, pln_error *err) {
    if (fate < 0 || fate >= PLN__FATES || fate == PLN_REJECTED || rows < 0)
        return pln__error_set(err, PLN_ECONTRACT, "account: fate %d of %lld rows", (int)fate,
                              (long long)rows);
    pln__run_node_of(ctx)->counts.fates[fate] += rows;
    return PLN_OK;
}

static pln_status watermark(pln_context *ctx, const char *split, int64_t time_us, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    (void)split;
    if (time_us == INT64_MAX)
        return pln__error_set(err, PLN_ECONTRACT,
                              "watermark: the end of time is said by ending, not by a watermark");
    return pln__time_told(node, time_us, err);
}

static pln_status idle(pln_context *ctx, const char *split, pln_error *err) {
    (void)split;
    return pln__time_idle(pln__run_node_of(ctx), err);
}

static pln_status timer_set(pln_context *ctx, pln_batch *keys, int64_t time_us, pln_error *err) {
    if (keys != NULL)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "timer_set: timers by key are not offered yet");
    return pln__timer_set(pln__run_node_of(ctx), time_us, err);
}

static const int64_t *batch_watermarks(const pln_batch *batch) {
    return pln__batch_watermarks(batch);
}

static pln_status batch_watermarked(pln_context *ctx, pln_batch *batch, const int64_t *at,
                                    pln_batch **out, pln_error *err) {
    pln__derivation how = {.parent = batch, .length = pln_batch_rows(batch)};
    pln_status status = pln__batch_derive(run_of(ctx)->mem, &how, out, err);
    if (status >= 0)
        status = pln__batch_set_watermarks(*out, at, err);
    pln_batch_unref(batch);
    if (status < 0) {
        pln_batch_unref(*out);
        *out = NULL;
    }
    return status;
}

static int64_t port_watermark(pln_context *ctx, int32_t port) {
    const pln__run_node *node = pln__run_node_of(ctx);
    return port >= 0 && port < node->n_in ? node->in[port].watermark_us : INT64_MIN;
}

static pln_status state_put(pln_context *ctx, const char *key, const void *bytes, int64_t size,
                            pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    if (node->run->saving != node || node->run->saving_to == NULL)
        return pln__error_set(err, PLN_ECONTRACT, "state_put: legal in save only");
    return pln__saved_add(node->run->mem, node->run->saving_to, node->node->name, key, bytes, size,
                          err);
}

static pln_status handle_put(pln_context *ctx, const void *bytes, int64_t size, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    const pln_allocator *mem = node->run->mem;
    if (node->run->saving != node || node->run->saving_to != NULL)
        return pln__error_set(err, PLN_ECONTRACT, "handle_put: legal in prepare only");
    if (size < 1 || size > PLN__HANDLE_MAX)
        return pln__error_set(err, PLN_ELIMIT, "handle: %lld bytes, at most %d", (long long)size,
                              PLN__HANDLE_MAX);
    uint8_t *copy = pln__alloc(mem, (uint64_t)size);
    if (copy == NULL)
        return pln__error_memory(err, (uint64_t)size);
    memcpy(copy, bytes, (size_t)size);
    pln__free(mem, node->handle, (uint64_t)node->handle_size);
    node->handle = copy;
    node->handle_size = size;
    return PLN_OK;
}

static pln_status wait_fd(pln_context *ctx, int32_t fd, uint32_t events, pln_error *err) {
    pln_run *run = run_of(ctx);
    pln_status status = pln__grow(run->mem, &run->waits, &run->waits_capacity, run->n_waits + 1,
                                  sizeof *run->waits, err);
    if (status >= 0)
        run->waits[run->n_waits++] = (pln_wait_fd){fd, events};
    return status;
}

static pln_status wait_until(pln_context *ctx, int64_t time_us, pln_error *err) {
    (void)err;
    pln__run_node_of(ctx)->wait_until_us = time_us;
    return PLN_OK;
}

static int32_t cancelled(pln_context *ctx) {
    return atomic_load_explicit(&run_of(ctx)->stop, memory_order_relaxed) > 1;
}

static void log_line(pln_context *ctx, int32_t level, const char *message) {
    const pln__run_node *node = pln__run_node_of(ctx);
    pln_error place = {0};
    pln__error_where(&place, "%s/%s", node->run->pipeline, node->node->name);
    pln__runtime_log(node->run->runtime, level, place.where, message);
}

static void count(pln_context *ctx, const char *metric, int64_t n) {
    (void)pln__metric_add(pln__run_node_of(ctx), metric, n, NULL);
}

static pln_status shared(pln_context *ctx, const char *key,
                         pln_status (*create)(pln_context *, void *, void **, pln_error *),
                         void (*destroy)(void *), void *arg, void **object, pln_error *err) {
    pln_status status = PLN_OK;
    pln_run *run = run_of(ctx);
    char *copy = NULL;
    for (int64_t i = 0; i < run->n_shared; i++)
        if (strcmp(run->shared[i].key, key) == 0) {
            *object = run->shared[i].object;
            return PLN_OK;
        }
    PLN__TRY(pln__grow(run->mem, &run->shared, &run->shared_capacity, run->n_shared + 1,
                       sizeof *run->shared, err));
    copy = pln__strdup(run->mem, key);
    if (copy == NULL)
        PLN__TRY(pln__error_memory(err, strlen(key) + 1));
    PLN__TRY(create(ctx, arg, object, err));
    run->shared[run->n_shared++] = (pln__shared){copy, *object, destroy};
    return PLN_OK;
out:
    pln__strfree(run->mem, copy);
    return status;
}

void pln__shared_free(pln_run *run) {
    while (run->n_shared > 0) {
        pln__shared *last = &run->shared[--run->n_shared];
        if (last->destroy != NULL)
            last->destroy(last->object);
        pln__strfree(run->mem, last->key);
    }
}

static const struct ArrowSchema *port_schema(pln_context *ctx, int32_t out, int32_t port) {
    const pln__run_node *node = pln__run_node_of(ctx);
    if (!out)
        return port >= 0 && port < node->n_in ? node->in[port].schema : NULL;
    return port >= 0 && port < node->n_out && node->out[port].schema != NULL
               ? pln__schema_get(node->out[port].schema)
               : NULL;
}

static pln_status schema_parse(pln_context *ctx, const char *text, struct ArrowSchema *out,
                               pln_error *err) {
    return pln__schema_parse(pln__run_node_of(ctx)->run->mem, text, out, err);
}

static int32_t port_edges(pln_context *ctx, int32_t port) {
    const pln__run_node *node = pln__run_node_of(ctx);
    return port >= 0 && port < node->n_out ? node->out[port].n_targets : 0;
}

static pln_status lacks(pln_context *ctx, const char *what, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    if (node->opened)
        return pln__error_set(err, PLN_ECONTRACT, "lacks: legal in open only");
    char *copy = pln__strdup(node->run->mem, what);
    if (copy == NULL)
        return pln__error_memory(err, strlen(what) + 1);
    pln__strfree(node->run->mem, node->lacks);
    node->lacks = copy;
    return PLN_OK;
}

static pln_status registry_open(pln_context *ctx, const char *location, const char *config,
                                pln_schema_registry **out, pln_error *err) {
    return pln_schema_registry_open(run_of(ctx)->runtime, location, config, out, err);
}

static const pln_schema_registry_calls registry_calls = {sizeof(pln_schema_registry_calls),
                                                         0,
                                                         registry_open,
                                                         pln_schema_registry_close,
                                                         pln_schema_registry_schema,
                                                         pln_schema_registry_id,
                                                         pln_schema_registry_guid_schema,
                                                         pln_schema_registry_guid,
                                                         pln_schema_registry_version,
                                                         pln_schema_registry_register,
                                                         pln_schema_registry_lookup};

void pln__host_running(pln_host *host) {
    pln__host_static(host);
    host->register_stage = NULL;
    host->port_add = NULL;
    host->identity = identity;
    host->run_param = run_param;
    host->interval = interval;
    host->now_us = now_us;
    host->monotonic_us = monotonic_us;
    host->random = random_bytes;
    host->allocator = allocator;
    host->files = files;
    host->wants = wants;
    host->batch_new = batch_new;
    host->batch_derive = batch_derive;
    host->builder_new = builder_new;
    host->batch_origin = batch_origin;
    host->emit = emit;
    host->reject = reject;
    host->reject_raw = reject_raw;
    host->account = account;
    host->watermark = watermark;
    host->idle = idle;
    host->state_put = state_put;
    host->handle_put = handle_put;
    host->wait_fd = wait_fd;
    host->wait_until = wait_until;
    host->cancelled = cancelled;
    host->log = log_line;
    host->count = count;
    host->shared = shared;
    host->port_schema = port_schema;
    host->schema_parse = schema_parse;
    host->batch_inherit = batch_inherit;
    host->lacks = lacks;
    host->schema_registry = &registry_calls;
    host->port_edges = port_edges;
    host->timer_set = timer_set;
    host->batch_watermarks = batch_watermarks;
    host->batch_watermarked = batch_watermarked;
    host->port_watermark = port_watermark;
    pln__host_keyed(host);
    pln__host_note(host);
    pln__host_history(host);
}
