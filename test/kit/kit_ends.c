#include "kit_inner.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the source before a transform or sink: the rows of a table that lives in another runtime ---- */

typedef struct feeder {
    const kit_feed *feed;
    int64_t row;
} feeder;

static pln_status feed_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    feeder *f = calloc(1, sizeof *f);
    (void)ctx;
    (void)config;
    (void)err;
    if (f == NULL)
        abort();
    f->feed = user;
    *self = f;
    return PLN_OK;
}

static void feed_close(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

static pln_status feed_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                              pln_error *err) {
    const feeder *f = self;
    (void)ctx;
    return pln_batch_export(pln_table_batch(f->feed->table, 0), out, NULL, err);
}

static void release_places(void *owner) {
    free(owner);
}

static pln_status feed_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                            pln_error *err) {
    feeder *f = self;
    struct ArrowArray array = {0};
    pln_batch *slice, *from = NULL;
    int64_t row = f->row, b = 0;
    for (; b < pln_table_count(f->feed->table); b++) {
        from = pln_table_batch(f->feed->table, b);
        if (row < pln_batch_rows(from))
            break;
        row -= pln_batch_rows(from);
    }
    if (b == pln_table_count(f->feed->table))
        return PLN_EOS;
    int64_t n =
        pln_batch_rows(from) - row < want->max_rows ? pln_batch_rows(from) - row : want->max_rows;
    pln_status status = pln_batch_slice(from, row, n, &slice, err);
    if (status < 0)
        return status;
    status = pln_batch_export(slice, NULL, &array, err);
    pln_batch_unref(slice);
    if (status < 0)
        return status;
    int64_t *at = malloc((size_t)n * sizeof *at);
    if (at == NULL)
        abort();
    for (int64_t i = 0; i < n; i++)
        at[i] = f->row + i;
    pln_origin origin = {.struct_size = sizeof origin,
                         .split = "kit",
                         .position = at,
                         .release = release_places,
                         .owner = at};
    status = ctx->host->batch_new(ctx, 0, &array, &origin, batch, err);
    if (status >= 0)
        f->row += n;
    return status;
}

static pln_status feed_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const feeder *f = self;
    (void)n;
    return ctx->host->state_put(ctx, "kit", &f->row, sizeof f->row, err);
}

static pln_status feed_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                            pln_error *err) {
    feeder *f = self;
    (void)ctx;
    (void)err;
    for (int64_t i = 0; i < count; i++)
        memcpy(&f->row, pieces[i].bytes, sizeof f->row);
    return PLN_OK;
}

const pln_source kit_feed_table = {
    .struct_size = sizeof(pln_source),
    .abi = PLN_PLUGIN_ABI,
    .name = "kit.feed",
    .summary = "Rows for the node under test.",
    .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = feed_open,
    .schema = feed_schema,
    .poll = feed_poll,
    .close = feed_close,
    .save = feed_save,
    .load = feed_load,
};

/* ---- the sink behind a source or transform, and behind every reject port ---- */

static pln_status collect_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                               pln_error *err) {
    (void)ctx;
    (void)config;
    (void)err;
    *self = user;
    return PLN_OK;
}

static void collect_close(void *self, pln_context *ctx) {
    kit_collect *c = self;
    (void)ctx;
    kit_text_clear(&c->staged);
    c->staged_rows = 0;
}

static pln_status collect_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                                 pln_error *err) {
    kit_collect *c = self;
    (void)ctx;
    (void)err;
    if (c->shown.size == 0) {
        kit_text_schema(&c->shown, in);
        kit_text_add(&c->shown, "\n");
    }
    return PLN_OK;
}

static pln_status collect_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    /* Of a reject, these depend on the borders of epochs. */
    static const char *const borders[] = {"n", "attempt", NULL};
    kit_collect *c = self;
    pln_error bad = {0};
    (void)ctx;
    (void)err;
    if (pln_batch_validate(batch, PLN_VALIDATE_FULL, &bad) < 0) {
        if (bad.status != PLN_ENOMEM && c->wrong[0] == '\0')
            snprintf(c->wrong, sizeof c->wrong, "%.190s", bad.message);
        return PLN_OK;
    }
    for (int64_t i = 0; i < pln_batch_rows(batch); i++) {
        kit_text_row(&c->staged, pln_batch_schema(batch), pln_batch_array(batch), i,
                     c->rejects ? borders : NULL);
        kit_text_add(&c->staged, "\n");
    }
    c->staged_rows += pln_batch_rows(batch);
    return PLN_OK;
}

static pln_status collect_prepare(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    kit_collect *c = self;
    kit_text_clear(&c->prepared);
    if (c->staged.size > 0)
        kit_text_append(&c->prepared, c->staged.data, c->staged.size);
    c->prepared_rows = c->staged_rows;
    c->prepared_n = n;
    kit_text_clear(&c->staged);
    c->staged_rows = 0;
    return ctx->host->handle_put(ctx, &n, sizeof n, err);
}

static pln_status collect_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                                 int64_t size, pln_error *err) {
    kit_collect *c = self;
    (void)ctx;
    (void)handle;
    (void)size;
    (void)err;
    if (n <= c->committed || n != c->prepared_n)
        return PLN_OK;
    if (c->prepared.size > 0)
        kit_text_append(&c->shown, c->prepared.data, c->prepared.size);
    c->rows += c->prepared_rows;
    c->committed = n;
    return PLN_OK;
}

static pln_status collect_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                                int64_t size, pln_error *err) {
    kit_collect *c = self;
    (void)ctx;
    (void)n;
    (void)handle;
    (void)size;
    (void)err;
    kit_text_clear(&c->staged);
    c->staged_rows = 0;
    return PLN_OK;
}

static pln_status collect_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                                  int64_t size, pln_error *err) {
    pln_status status = collect_abort(self, ctx, n, NULL, 0, err);
    return size > 0 && status >= 0 ? collect_commit(self, ctx, n, handle, size, err) : status;
}

const pln_sink kit_collect_table = {
    .struct_size = sizeof(pln_sink),
    .abi = PLN_PLUGIN_ABI,
    .name = "kit.collect",
    .summary = "Takes what the node under test gives.",
    .open = collect_open,
    .write = collect_write,
    .close = collect_close,
    .schema = collect_schema,
    .prepare = collect_prepare,
    .commit = collect_commit,
    .abort = collect_abort,
    .recover = collect_recover,
};

void kit_collect_reset(kit_collect *c) {
    kit_text_free(&c->shown);
    kit_text_free(&c->prepared);
    kit_text_free(&c->staged);
    bool rejects = c->rejects;
    *c = (kit_collect){.rejects = rejects};
}
