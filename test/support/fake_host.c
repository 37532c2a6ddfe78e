#include "fake_host.h"
#include "store/store.h"
#include <pln/builder.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOT_NONE, SLOT_SAVE, SLOT_PREPARE, SLOT_OTHER };

static void *must(void *ptr) {
    if (ptr == NULL) {
        fprintf(stderr, "fake host: out of memory\n");
        abort();
    }
    return ptr;
}

static void *copy_bytes(const void *bytes, int64_t size) {
    char *copy = must(malloc((size_t)size + 1));
    if (size > 0)
        memcpy(copy, bytes, (size_t)size);
    copy[size] = '\0';
    return copy;
}

static char *copy_text(const char *text) {
    return text == NULL ? NULL : copy_bytes(text, (int64_t)strlen(text));
}

static void *grown(void *items, int64_t count, size_t size) {
    return must(realloc(items, (size_t)(count + 1) * size));
}

static fake_node *node_of(pln_context *ctx) {
    return (fake_node *)(void *)ctx;
}

/* ---- services ---- */

static void identity(pln_context *ctx, pln_identity *out) {
    fake_node *node = node_of(ctx);
    pln_identity id = node->host->identity;
    id.struct_size = out->struct_size;
    id.node = node->name;
    memcpy(out, &id, out->struct_size < sizeof id ? out->struct_size : sizeof id);
}

static const char *run_param(pln_context *ctx, const char *name) {
    (void)ctx;
    (void)name;
    return NULL;
}

static void interval(pln_context *ctx, int64_t *start_us, int64_t *end_us) {
    (void)ctx;
    *start_us = *end_us = 0;
}

static int64_t now(pln_context *ctx) {
    return node_of(ctx)->host->now_us;
}

static void random_bytes(pln_context *ctx, void *bytes, uint64_t size) {
    uint64_t *state = &node_of(ctx)->host->random_state;
    for (uint64_t i = 0; i < size; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)bytes)[i] = (uint8_t)(*state >> 56);
    }
}

static const pln_allocator *allocator(pln_context *ctx) {
    return node_of(ctx)->host->mem;
}

static const pln_file_ops *files(pln_context *ctx) {
    return &node_of(ctx)->host->files;
}

static uint32_t wants(pln_context *ctx) {
    return node_of(ctx)->host->wants;
}

static pln_status batch_new(pln_context *ctx, int32_t port, struct ArrowArray *array,
                            const pln_origin *origin, pln_batch **out, pln_error *err) {
    fake_node *node = node_of(ctx);
    pln_status status = PLN_ECONTRACT;
    pln_batch *batch = NULL;
    *out = NULL;
    if (port < 0 || port >= FAKE_PORTS || node->out[port] == NULL) {
        pln__error_set(err, PLN_ECONTRACT, "batch_new: port %d has no schema", (int)port);
        pln__array_release(array);
    } else {
        status = pln__batch_new(node->host->mem, node->out[port], array, &batch, err);
    }
    if (origin != NULL && status < 0) {
        origin->release(origin->owner);
    } else if (origin != NULL) {
        pln__origin own = {
            origin->split,     origin->position, origin->line,    origin->raw,
            origin->raw_start, origin->raw_size, origin->release, origin->owner,
        };
        status = pln__batch_set_origin(batch, &own, err);
    }
    if (status < 0)
        pln_batch_unref(batch);
    else
        *out = batch;
    return status;
}

static pln_status batch_derive(pln_context *ctx, int32_t port, pln_batch *parent,
                               const int32_t *rows, int64_t n, struct ArrowArray *array,
                               pln_batch **out, pln_error *err) {
    fake_node *node = node_of(ctx);
    pln__derivation how = {parent, rows, 0, n, node->out[port], array};
    return pln__batch_derive(node->host->mem, &how, out, err);
}

static pln_status builder_new(pln_context *ctx, int32_t port, pln_builder **out, pln_error *err) {
    fake_node *node = node_of(ctx);
    return pln_builder_new(node->host->runtime, pln__schema_get(node->out[port]), out, err);
}

static pln_status batch_origin(const pln_batch *batch, int64_t row, pln_raw_rejection *out) {
    pln__row_origin at;
    *out = (pln_raw_rejection){.position = -1, .line = -1};
    if (!pln__batch_row_origin(batch, row, &at))
        return PLN_EOS;
    out->split = at.split;
    out->position = at.position;
    out->line = at.line;
    out->raw = at.raw;
    out->raw_size = at.raw_size;
    return PLN_OK;
}

static pln_status emit(pln_context *ctx, int32_t port, pln_batch *batch, pln_error *err) {
    fake_node *node = node_of(ctx);
    (void)err;
    node->emitted = grown(node->emitted, node->n_emitted, sizeof *node->emitted);
    node->emitted[node->n_emitted++] = (fake_emitted){port, batch};
    return PLN_OK;
}

static pln_status keep_reject(fake_node *node, int64_t row, const pln_raw_rejection *item,
                              pln_error *err) {
    if (node->refuse_rejects)
        return pln__error_set(err, PLN_EREJECTED, "%s", item->message);
    node->rejects = grown(node->rejects, node->n_rejects, sizeof *node->rejects);
    node->rejects[node->n_rejects++] = (fake_reject){
        .code = item->code,
        .row = row,
        .position = item->position,
        .line = item->line,
        .split = copy_text(item->split),
        .column = copy_text(item->column),
        .message = copy_text(item->message),
        .raw = item->raw == NULL ? NULL : copy_bytes(item->raw, item->raw_size),
        .raw_size = item->raw_size,
    };
    node->fates[PLN_REJECTED]++;
    return PLN_OK;
}

static pln_status reject(pln_context *ctx, pln_batch *batch, const pln_rejection *items, int64_t n,
                         pln_error *err) {
    for (int64_t i = 0; i < n; i++) {
        pln_raw_rejection item;
        if (items[i].row < 0 || items[i].row >= pln_batch_rows(batch) ||
            (i > 0 && items[i].row <= items[i - 1].row))
            return pln__error_set(err, PLN_ECONTRACT,
                                  "reject: row %lld is out of order or not there",
                                  (long long)items[i].row);
        batch_origin(batch, items[i].row, &item);
        item.code = items[i].code;
        item.column = items[i].column;
        item.message = items[i].message;
        pln_status status = keep_reject(node_of(ctx), items[i].row, &item, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status reject_raw(pln_context *ctx, const pln_raw_rejection *items, int64_t n,
                             pln_error *err) {
    for (int64_t i = 0; i < n; i++) {
        pln_status status = keep_reject(node_of(ctx), -1, &items[i], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status account(pln_context *ctx, int32_t fate, int64_t rows, pln_error *err) {
    if (fate < 0 || fate > PLN_DUPLICATE || rows < 0)
        return pln__error_set(err, PLN_ECONTRACT, "account: fate %d", (int)fate);
    node_of(ctx)->fates[fate] += rows;
    return PLN_OK;
}

static pln_status watermark(pln_context *ctx, const char *split, int64_t time_us, pln_error *err) {
    (void)ctx;
    (void)split;
    (void)time_us;
    (void)err;
    return PLN_OK;
}

static pln_status idle(pln_context *ctx, const char *split, pln_error *err) {
    return watermark(ctx, split, 0, err);
}

static int64_t port_watermark(pln_context *ctx, int32_t port) {
    (void)ctx;
    (void)port;
    return INT64_MIN;
}

static pln_status state_put(pln_context *ctx, const char *key, const void *bytes, int64_t size,
                            pln_error *err) {
    fake_node *node = node_of(ctx);
    if (node->slot != SLOT_SAVE)
        return pln__error_set(err, PLN_ECONTRACT, "state_put outside of save");
    for (int64_t i = 0; i < node->n_pieces; i++)
        if (strcmp(node->pieces[i].key, key) == 0)
            return pln__error_set(err, PLN_ECONTRACT, "state_put: '%s' comes twice", key);
    node->pieces = grown(node->pieces, node->n_pieces, sizeof *node->pieces);
    node->pieces[node->n_pieces++] = (fake_piece){copy_text(key), copy_bytes(bytes, size), size};
    return PLN_OK;
}

static pln_status handle_put(pln_context *ctx, const void *bytes, int64_t size, pln_error *err) {
    fake_node *node = node_of(ctx);
    if (node->slot != SLOT_PREPARE)
        return pln__error_set(err, PLN_ECONTRACT, "handle_put outside of prepare");
    if (size < 1 || size > 16 * 1024 || node->handle != NULL)
        return pln__error_set(err, PLN_ECONTRACT, "handle_put: %lld bytes, or a second time",
                              (long long)size);
    node->handle = copy_bytes(bytes, size);
    node->handle_size = size;
    return PLN_OK;
}

static pln_status wait_fd(pln_context *ctx, int32_t fd, uint32_t events, pln_error *err) {
    (void)events;
    (void)err;
    node_of(ctx)->wait_fd = fd;
    return PLN_OK;
}

static pln_status wait_until(pln_context *ctx, int64_t time_us, pln_error *err) {
    (void)err;
    node_of(ctx)->wait_until_us = time_us;
    return PLN_OK;
}

static int32_t cancelled(pln_context *ctx) {
    fake_host *host = node_of(ctx)->host;
    if (host->cancel_after > 0 && --host->cancel_after == 0)
        host->cancelled = 1;
    return host->cancelled;
}

static void log_line(pln_context *ctx, int32_t level, const char *message) {
    (void)ctx;
    (void)level;
    (void)message;
}

static void count(pln_context *ctx, const char *metric, int64_t n) {
    (void)ctx;
    (void)metric;
    (void)n;
}

static const struct ArrowSchema *port_schema(pln_context *ctx, int32_t out, int32_t port) {
    fake_node *node = node_of(ctx);
    pln__schema *schema = port < 0 || port >= FAKE_PORTS ? NULL
                          : out                          ? node->out[port]
                                                         : node->in[port];
    return schema == NULL ? NULL : pln__schema_get(schema);
}

static pln_status schema_parse(pln_context *ctx, const char *text, struct ArrowSchema *out,
                               pln_error *err) {
    return pln__schema_parse(ctx->host->allocator(ctx), text, out, err);
}

static int32_t port_edges(pln_context *ctx, int32_t port) {
    (void)ctx;
    (void)port;
    return 1;
}

static pln_status lacks(pln_context *ctx, const char *what, pln_error *err) {
    fake_node *node = node_of(ctx);
    (void)err;
    snprintf(node->lacks, sizeof node->lacks, "%s", what);
    return PLN_OK;
}

static void fill_table(pln_host *host) {
    pln__host_static(host);
    host->identity = identity;
    host->run_param = run_param;
    host->interval = interval;
    host->now_us = now;
    host->monotonic_us = now;
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
    host->port_watermark = port_watermark;
    host->state_put = state_put;
    host->handle_put = handle_put;
    host->wait_fd = wait_fd;
    host->wait_until = wait_until;
    host->cancelled = cancelled;
    host->log = log_line;
    host->count = count;
    host->port_schema = port_schema;
    host->schema_parse = schema_parse;
    host->lacks = lacks;
    host->port_edges = port_edges;
}

/* ---- host and nodes ---- */

/* The heap keeps nothing once its runtime is gone, so what is live then has leaked. */
static void *counted_resize(void *user, void *ptr, uint64_t old, uint64_t now_size) {
    fake_host *host = user;
    void *result = host->below.resize(host->below.user, ptr, old, now_size);
    if (ptr == NULL && result != NULL)
        __atomic_add_fetch(&host->live_blocks, 1, __ATOMIC_RELAXED);
    else if (ptr != NULL && now_size == 0)
        __atomic_sub_fetch(&host->live_blocks, 1, __ATOMIC_RELAXED);
    return result;
}

fake_host *fake_host_new(const fake_options *options) {
    fake_host *host = must(calloc(1, sizeof *host));
    pln_runtime_options how;
    pln_error err = {0};
    pln_runtime_options_init(&how, sizeof how);
    host->below = options != NULL && options->allocator != NULL ? *options->allocator
                                                                : *pln__system_allocator();
    pln_allocator counted = {sizeof counted, 0, host, counted_resize};
    how.allocator = &counted;
    how.memory_limit_bytes = options == NULL ? 0 : options->memory_limit_bytes;
    if (pln__runtime_create(&how, &host->runtime, &err) < 0) {
        fprintf(stderr, "fake host: %s\n", err.message);
        abort();
    }
    host->mem = pln__runtime_allocator(host->runtime);
    host->files = options != NULL && options->files != NULL ? *options->files : *pln__file_posix();
    host->identity = (pln_identity){.struct_size = sizeof(pln_identity), .instances = 1,
                                    .pipeline = "pipeline", .run_key = "", .epoch = 1};
    host->wants = PLN_WANT_POSITION | PLN_WANT_LINE | PLN_WANT_RAW;
    host->random_state = 42;
    host->now_us = 1700000000000000;
    fill_table(&host->host);
    return host;
}

int64_t fake_host_free(fake_host *host) {
    pln_runtime_free(host->runtime);
    int64_t left = host->live_blocks;
    if (left == 0) /* else somebody still holds blocks that count here */
        free(host);
    return left;
}

fake_node *fake_node_try(fake_host *host, const char *stage, const char *json, pln_error *err) {
    fake_node *node = must(calloc(1, sizeof *node));
    node->ctx.host = &host->host;
    node->host = host;
    node->wait_fd = -1;
    snprintf(node->name, sizeof node->name, "node");
    node->stage = pln__registry_find(host->runtime, stage, err);
    if (node->stage == NULL) {
        free(node);
        return NULL;
    }
    if (pln__config_init(&node->config, host->mem, node->stage, json, err) < 0 ||
        pln__config_complete(&node->config, err) < 0) {
        pln__config_free(&node->config);
        free(node);
        return NULL;
    }
    return node;
}

fake_node *fake_node_new(fake_host *host, const char *stage, const char *json) {
    pln_error err = {0};
    fake_node *node = fake_node_try(host, stage, json, &err);
    if (node == NULL) {
        fprintf(stderr, "fake host: %s: %s\n", stage, err.message);
        abort();
    }
    return node;
}

pln_status fake_bind(fake_node *node, const char *key, void *pointer) {
    return pln__config_bind(&node->config, key, pointer, NULL, NULL);
}

static void drop_pieces(fake_node *node) {
    for (int64_t i = 0; i < node->n_pieces; i++) {
        free(node->pieces[i].key);
        free(node->pieces[i].bytes);
    }
    free(node->pieces);
    node->pieces = NULL;
    node->n_pieces = 0;
}

void fake_forget(fake_node *node) {
    for (int64_t i = 0; i < node->n_emitted; i++)
        pln_batch_unref(node->emitted[i].batch);
    for (int64_t i = 0; i < node->n_rejects; i++) {
        free(node->rejects[i].split);
        free(node->rejects[i].column);
        free(node->rejects[i].message);
        free(node->rejects[i].raw);
    }
    free(node->emitted);
    free(node->rejects);
    node->emitted = NULL;
    node->rejects = NULL;
    node->n_emitted = node->n_rejects = 0;
}

void fake_node_free(fake_node *node) {
    if (node == NULL)
        return;
    fake_close(node);
    fake_forget(node);
    drop_pieces(node);
    free(node->handle);
    for (int i = 0; i < FAKE_PORTS; i++) {
        pln__schema_unref(node->in[i]);
        pln__schema_unref(node->out[i]);
    }
    pln__config_free(&node->config);
    free(node);
}

/* ---- slots ---- */

static const pln_source *source_of(const fake_node *node) {
    return &node->stage->table.source;
}
static const pln_sink *sink_of(const fake_node *node) {
    return &node->stage->table.sink;
}

pln_status fake_open(fake_node *node, pln_error *err) {
    pln_status (*open)(void *, pln_context *, const pln_config *, void **, pln_error *) =
        node->stage->kind == PLN_SOURCE      ? source_of(node)->open
        : node->stage->kind == PLN_TRANSFORM ? node->stage->table.transform.open
                                             : sink_of(node)->open;
    pln_status status = open(node->stage->user, &node->ctx, &node->config, &node->self, err);
    if (status < 0)
        node->self = NULL;
    return status;
}

void fake_close(fake_node *node) {
    if (node->self == NULL)
        return;
    if (node->stage->kind == PLN_SOURCE)
        source_of(node)->close(node->self, &node->ctx);
    else if (node->stage->kind == PLN_TRANSFORM)
        node->stage->table.transform.close(node->self, &node->ctx);
    else
        sink_of(node)->close(node->self, &node->ctx);
    node->self = NULL;
}

/* Memory may be made to fail here, too: it is the host's. */
static pln_status set_schema(pln__schema **slot, struct ArrowSchema *taken,
                             const pln_allocator *mem, pln_error *err) {
    pln__schema_unref(*slot);
    *slot = NULL;
    return pln__schema_share(mem, taken, slot, err);
}

void fake_in(fake_node *node, int32_t port, const struct ArrowSchema *schema) {
    struct ArrowSchema copy;
    if (pln__schema_copy(node->host->mem, schema, &copy, NULL) < 0 ||
        set_schema(&node->in[port], &copy, node->host->mem, NULL) < 0)
        must(NULL);
}

const struct ArrowSchema *fake_out(const fake_node *node, int32_t port) {
    return node->out[port] == NULL ? NULL : pln__schema_get(node->out[port]);
}

static pln_status source_schema(fake_node *node, pln_error *err) {
    struct ArrowSchema schema = {0};
    pln_status status = PLN_AGAIN;
    for (int i = 0; i < 1000 && status == PLN_AGAIN; i++)
        status = source_of(node)->schema(node->self, &node->ctx, &schema, err);
    if (status == PLN_OK)
        status = set_schema(&node->out[0], &schema, node->host->mem, err);
    return status;
}

static pln_status transform_schema(fake_node *node, pln_error *err) {
    const pln_transform *table = &node->stage->table.transform;
    const struct ArrowSchema *in[FAKE_PORTS] = {0};
    struct ArrowSchema out[FAKE_PORTS] = {{0}};
    int32_t n = 0;
    while (n < FAKE_PORTS && node->in[n] != NULL) {
        in[n] = pln__schema_get(node->in[n]);
        n++;
    }
    int32_t n_out = 1;
    for (const char *at = table->ports_out == NULL ? "" : table->ports_out; *at != '\0'; at++)
        n_out += *at == ' ';
    if (table->schema == NULL) {
        pln_status status = pln__schema_copy(node->host->mem, in[0], &out[0], err);
        if (status < 0)
            return status;
    } else {
        pln_status status = table->schema(node->self, &node->ctx, in, n, out, n_out, err);
        if (status != PLN_OK)
            return status;
    }
    pln_status first = PLN_OK;
    for (int32_t i = 0; i < n_out; i++) {
        pln_status status = out[i].release == NULL
                                ? PLN_OK
                                : set_schema(&node->out[i], &out[i], node->host->mem, err);
        first = first < 0 ? first : status;
    }
    return first;
}

pln_status fake_schema(fake_node *node, pln_error *err) {
    if (node->stage->kind == PLN_SOURCE)
        return source_schema(node, err);
    if (node->stage->kind == PLN_TRANSFORM)
        return transform_schema(node, err);
    if (sink_of(node)->schema == NULL)
        return PLN_OK;
    return sink_of(node)->schema(node->self, &node->ctx, pln__schema_get(node->in[0]), err);
}

pln_status fake_poll(fake_node *node, int64_t max_rows, pln_batch **batch, pln_error *err) {
    pln_want want = {.struct_size = sizeof want, .max_rows = max_rows, .max_bytes = 8 << 20};
    *batch = NULL;
    node->wait_fd = -1;
    return source_of(node)->poll(node->self, &node->ctx, &want, batch, err);
}

pln_status fake_save(fake_node *node, int64_t n, pln_error *err) {
    drop_pieces(node);
    node->slot = SLOT_SAVE;
    pln_status status = node->stage->kind == PLN_SOURCE
                            ? source_of(node)->save(node->self, &node->ctx, n, err)
                        : node->stage->kind == PLN_TRANSFORM
                            ? node->stage->table.transform.save(node->self, &node->ctx, n, err)
                            : sink_of(node)->save(node->self, &node->ctx, n, err);
    node->slot = SLOT_NONE;
    return status;
}

pln_status fake_load(fake_node *node, const fake_node *from, pln_error *err) {
    pln_piece *pieces = must(calloc((size_t)from->n_pieces + 1, sizeof *pieces));
    for (int64_t i = 0; i < from->n_pieces; i++)
        pieces[i] = (pln_piece){from->pieces[i].key, from->pieces[i].bytes, from->pieces[i].size};
    pln_status (*load)(void *, pln_context *, const pln_piece *, int64_t, pln_error *) =
        node->stage->kind == PLN_SOURCE      ? source_of(node)->load
        : node->stage->kind == PLN_TRANSFORM ? node->stage->table.transform.load
                                             : sink_of(node)->load;
    pln_status status = load(node->self, &node->ctx, pieces, from->n_pieces, err);
    free(pieces);
    return status;
}

pln_status fake_process(fake_node *node, int32_t port, pln_batch *batch, pln_error *err) {
    return node->stage->table.transform.process(node->self, &node->ctx, port, batch, err);
}
pln_status fake_write(fake_node *node, pln_batch *batch, pln_error *err) {
    return sink_of(node)->write(node->self, &node->ctx, batch, err);
}
pln_status fake_begin(fake_node *node, int64_t n, pln_error *err) {
    node->host->identity.epoch = n;
    return sink_of(node)->begin == NULL ? PLN_OK
                                        : sink_of(node)->begin(node->self, &node->ctx, n, err);
}
pln_status fake_finish(fake_node *node, pln_error *err) {
    if (node->stage->kind == PLN_TRANSFORM)
        return node->stage->table.transform.finish == NULL
                   ? PLN_OK
                   : node->stage->table.transform.finish(node->self, &node->ctx, 0, err);
    return sink_of(node)->finish == NULL ? PLN_OK
                                         : sink_of(node)->finish(node->self, &node->ctx, err);
}
pln_status fake_flush(fake_node *node, int64_t n, pln_error *err) {
    return sink_of(node)->flush == NULL ? PLN_OK
                                        : sink_of(node)->flush(node->self, &node->ctx, n, err);
}
pln_status fake_prepare(fake_node *node, int64_t n, pln_error *err) {
    free(node->handle);
    node->handle = NULL;
    node->handle_size = 0;
    node->slot = SLOT_PREPARE;
    pln_status status = sink_of(node)->prepare(node->self, &node->ctx, n, err);
    node->slot = SLOT_NONE;
    return status;
}
pln_status fake_commit(fake_node *node, int64_t n, const void *handle, int64_t size,
                       pln_error *err) {
    return sink_of(node)->commit(node->self, &node->ctx, n, handle, size, err);
}
pln_status fake_abort(fake_node *node, int64_t n, const void *handle, int64_t size,
                      pln_error *err) {
    return sink_of(node)->abort(node->self, &node->ctx, n, handle, size, err);
}
pln_status fake_recover(fake_node *node, int64_t n, const void *handle, int64_t size,
                        pln_error *err) {
    return sink_of(node)->recover(node->self, &node->ctx, n, handle, size, err);
}

pln_batch *fake_batch(fake_host *host, const struct ArrowSchema *schema, struct ArrowArray *array) {
    struct ArrowSchema copy;
    pln__schema *shared = NULL;
    pln_batch *batch = NULL;
    if (pln__schema_copy(host->mem, schema, &copy, NULL) < 0 ||
        pln__schema_share(host->mem, &copy, &shared, NULL) < 0 ||
        pln__batch_new(host->mem, shared, array, &batch, NULL) < 0)
        must(NULL);
    pln__schema_unref(shared);
    return batch;
}
