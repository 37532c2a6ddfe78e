#include "bridge.h"
#include "_cgo_export.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_handle(void *user) {
    plnGoFree((uintptr_t)user);
}

static pln_status map(void *user, pln_context *ctx, pln_batch *in, pln_batch **out, pln_error *err) {
    return plnGoMap((uintptr_t)user, ctx, in, out, err);
}

pln_status pln_go_add_map(pln_graph *graph, const char *name, uintptr_t handle, const struct ArrowSchema *schema, uint32_t flags,
                          pln_error *err) {
    pln_map_options options = {.struct_size = sizeof options, .flags = flags, .schema = schema};
    return pln_graph_add_map(graph, name, map, (void *)handle, free_handle, &options, err);
}

typedef struct go_source {
    uintptr_t handle;
    char columns[];
} go_source;

static void free_source(void *user) {
    go_source *source = user;
    plnGoFree(source->handle);
    free(source);
}

static pln_status source_open(void *user, pln_context *ctx, const pln_config *config, void **self, pln_error *err) {
    (void)ctx, (void)config, (void)err;
    *self = user;
    return PLN_OK;
}

static pln_status source_schema(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *err) {
    return ctx->host->schema_parse(ctx, ((go_source *)self)->columns, out, err);
}

static pln_status source_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch, pln_error *err) {
    return plnGoPoll(((go_source *)self)->handle, ctx, want->max_rows, batch, err);
}

static void source_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

pln_status pln_go_add_source(pln_graph *graph, const char *name, uintptr_t handle, const char *columns, pln_error *err) {
    static const pln_source table = {
        .struct_size = sizeof table, .abi = PLN_PLUGIN_ABI, .name = "go.source", .summary = "Batches of a Go program.",
        .caps = PLN_CAP_BOUNDED, .open = source_open, .schema = source_schema, .poll = source_poll, .close = source_close};
    size_t size = strlen(columns) + 1;
    go_source *source = malloc(sizeof *source + size);
    if (source == NULL) {
        plnGoFree(handle);
        return PLN_ENOMEM;
    }
    source->handle = handle;
    memcpy(source->columns, columns, size);
    return pln_graph_add_source(graph, name, &table, source, free_source, NULL, err);
}

void pln_go_count(pln_context *ctx, const char *metric, int64_t n) {
    ctx->host->count(ctx, metric, n);
}

void pln_go_release_schema(struct ArrowSchema *schema) {
    if (schema->release != NULL)
        schema->release(schema);
}

pln_status pln_go_texts(pln_column *column, const char *bytes, const int64_t *ends, const uint8_t *valid, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0, start = 0; i < n && status >= 0; start = ends[i++])
        status = valid != NULL && valid[i] == 0 ? pln_column_null(column, err)
                                                : pln_column_text(column, bytes + start, ends[i] - start, err);
    return status;
}

pln_status pln_go_keys_new(pln_runtime *runtime, const struct ArrowSchema *schema, const char *const *fields, int64_t n_fields,
                           int32_t hash, const uint8_t *secret, int64_t secret_size, pln_keys **out, pln_error *err) {
    pln_keys_options options = {.struct_size = sizeof options, .hash = hash, .secret = secret, .secret_size = secret_size};
    return pln_keys_new(runtime, schema, fields, n_fields, &options, out, err);
}

pln_status pln_go_items(const pln_reservoir *reservoir, int64_t n, int64_t *numbers, int64_t *sizes, uint8_t *bytes, pln_error *err) {
    for (int64_t i = 0; i < n; i++) {
        const void *item;
        pln_status status = pln_reservoir_item(reservoir, i, &numbers[i], &item, &sizes[i], err);
        if (status < 0)
            return status;
        if (sizes[i] > 0)
            memcpy(bytes, item, (size_t)sizes[i]);
        bytes += sizes[i];
    }
    return PLN_OK;
}

typedef struct go_stream {
    int64_t n, next;
    pln_error err;
    pln_batch *batches[];
} go_stream;

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    go_stream *s = stream->private_data;
    pln_status status = pln_batch_export(s->batches[0], out, NULL, &s->err);
    return status < 0 ? EIO : 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    go_stream *s = stream->private_data;
    struct ArrowSchema schema;
    if (s->next == s->n) {
        out->release = NULL;
        return 0;
    }
    pln_status status = pln_batch_export(s->batches[s->next], &schema, out, &s->err);
    if (status < 0)
        return EIO;
    schema.release(&schema);
    s->next++;
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream) {
    return ((go_stream *)stream->private_data)->err.message;
}

static void stream_release(struct ArrowArrayStream *stream) {
    go_stream *s = stream->private_data;
    for (int64_t i = 0; i < s->n; i++)
        pln_batch_unref(s->batches[i]);
    free(s);
    stream->release = NULL;
}

pln_status pln_go_stream(pln_batch *const *batches, int64_t n, struct ArrowArrayStream *out) {
    go_stream *s = malloc(sizeof *s + (size_t)n * sizeof *batches);
    if (s == NULL)
        return PLN_ENOMEM;
    *s = (go_stream){.n = n};
    for (int64_t i = 0; i < n; i++)
        s->batches[i] = pln_batch_ref(batches[i]);
    *out = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release, s};
    return PLN_OK;
}

const struct ArrowArray *pln_go_child(const struct ArrowArray *array, int64_t i) {
    return array->children[i];
}

const struct ArrowSchema *pln_go_field(const struct ArrowSchema *schema, int64_t i) {
    return schema->children[i];
}

const void *pln_go_buffer(const struct ArrowArray *array, int64_t i) {
    return array->buffers[i];
}

static void progress(void *user, const pln_progress *p) {
    plnGoProgress((uintptr_t)user, p->rows_in, p->rows_out, p->rejected, p->done);
}

void pln_go_progress(pln_run_options *options, uintptr_t handle) {
    options->progress = progress;
    options->progress_user = (void *)handle;
}
