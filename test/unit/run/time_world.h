/*
 * What tests of event time share: a source that follows a text of times and watermarks, a stage that notes the rows and watermarks it is given, a sink that
 * keeps what is committed as texts.
 */
#ifndef RUN_TIME_WORLD_H
#define RUN_TIME_WORLD_H

#include "format/format.h"
#include "world.h"
#include <stdio.h>

/* ---- the source ---- */

/*
 * Words of `acts`: 12 a row of that time · @12 a watermark · ~ idle · . the poll ends · w AGAIN until a second later. Behind the last one comes PLN_EOS. Rows have t, and
 * id from `first` on.
 */
typedef struct feed {
    const char *acts;
    int64_t first;
} feed;

typedef struct feeding {
    const feed *from;
    int64_t at, rows;
} feeding;

static pln_status feed_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *e) {
    feeding *f = calloc(1, sizeof *f);
    (void)ctx, (void)config, (void)e;
    f->from = user;
    *self = f;
    return PLN_OK;
}

static void feed_close(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

static pln_status feed_schema(void *self, pln_context *ctx, struct ArrowSchema *out, pln_error *e) {
    (void)self;
    return ctx->host->schema_parse(ctx, "t int64 not null, id int64 not null", out, e);
}

static pln_status feed_word(feeding *f, pln_context *ctx, pln_builder *b, int64_t *rows,
                            pln_error *e) {
    const pln_builder_calls *calls = ctx->host->builder;
    const char *word = f->from->acts + f->at;
    char *end;
    pln_status status = PLN_OK;
    int64_t value = strtoll(word + (*word == '@'), &end, 10);
    f->at = *word == '~' ? f->at + 1 : end - f->from->acts;
    if (*word == '~')
        return ctx->host->idle(ctx, NULL, e);
    if (*word == '@')
        return ctx->host->watermark(ctx, NULL, value, e);
    status = calls->append_int(calls->column(b, 0), value, e);
    if (status >= 0)
        status = calls->append_int(calls->column(b, 1), f->from->first + f->rows++, e);
    ++*rows;
    return status;
}

static pln_status feed_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **out,
                            pln_error *e) {
    feeding *f = self;
    const pln_builder_calls *calls = ctx->host->builder;
    pln_builder *b = NULL;
    pln_status status = ctx->host->builder_new(ctx, 0, &b, e);
    int64_t rows = 0;
    for (bool more = true; more && status >= 0;) {
        const char *acts = f->from->acts;
        while (acts[f->at] == ' ')
            f->at++;
        char word = acts[f->at];
        /* What is told holds for rows behind it: a batch with rows goes out first. */
        more = word != '\0' && word != '.' && word != 'w' && rows < want->max_rows &&
               (rows == 0 || (word != '@' && word != '~'));
        if (more)
            status = feed_word(f, ctx, b, &rows, e);
        else if (rows > 0 && word != '.')
            break;
        else if (word == '.')
            f->at++;
        else if (word == 'w') {
            f->at++;
            status = ctx->host->wait_until(ctx, ctx->host->now_us(ctx) + 1000000, e);
            status = status < 0 ? status : PLN_AGAIN;
        } else if (word == '\0')
            status = PLN_EOS;
    }
    if (status == PLN_OK && rows > 0)
        status = calls->finish(b, out, e);
    calls->free(b);
    return status;
}

static pln_status feed_save(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    const feeding *f = self;
    int64_t place[2] = {f->at, f->rows};
    (void)n;
    return ctx->host->state_put(ctx, "feed", place, sizeof place, e);
}

static pln_status feed_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                            pln_error *e) {
    feeding *f = self;
    int64_t place[2] = {0};
    (void)ctx, (void)e;
    ck_assert_int_eq(count, 1);
    memcpy(place, pieces[0].bytes, sizeof place);
    f->at = place[0];
    f->rows = place[1];
    return PLN_OK;
}

static const pln_source feed_source = {
    .struct_size = sizeof(pln_source),
    .abi = PLN_PLUGIN_ABI,
    .name = "feed",
    .summary = "Follows a text of times.",
    .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = feed_open,
    .schema = feed_schema,
    .poll = feed_poll,
    .close = feed_close,
    .save = feed_save,
    .load = feed_load,
};

/* As feed, but that it may have no end: all such sources are asked in each step. */
static inline pln_source feed_live(void) {
    pln_source live = feed_source;
    live.caps &= ~(uint32_t)PLN_CAP_BOUNDED;
    return live;
}

/* ---- the sink ---- */

typedef struct kept {
    char **lines;
    int64_t n, staged, capacity; /* `n` lines are committed, `staged` behind them are not */
    int64_t prepared, prepared_n, committed_n;
    int32_t fail_writes; /* so many writes fail and may be tried again, after `good_writes` */
    int32_t good_writes;
} kept;

static void kept_drop(kept *k, int64_t down_to) {
    while (k->n + k->staged > down_to)
        free(k->lines[k->n + --k->staged]);
}

static void kept_free(kept *k) {
    k->staged += k->n;
    k->n = 0;
    kept_drop(k, 0);
    free(k->lines);
    *k = (kept){0};
}

static pln_status keep_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *e) {
    (void)ctx, (void)config, (void)e;
    *self = user;
    return PLN_OK;
}

static void keep_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static pln_status keep_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    kept *k = self;
    (void)ctx;
    if (k->good_writes-- <= 0 && k->fail_writes > 0) {
        k->fail_writes--;
        *e = (pln_error){.status = PLN_EBUSY, .flags = PLN_ERR_RETRYABLE};
        return PLN_EBUSY;
    }
    for (int64_t i = 0; i < pln_batch_rows(batch); i++) {
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        ck_assert_int_eq(pln__json_row(pln_batch_schema(batch), pln_batch_array(batch), i, &text),
                         PLN_OK);
        if (k->n + k->staged == k->capacity) {
            k->capacity = 2 * k->capacity + 64;
            k->lines = realloc(k->lines, (size_t)k->capacity * sizeof *k->lines);
        }
        k->lines[k->n + k->staged++] = strdup(text.data);
        pln__text_free(&text);
    }
    return PLN_OK;
}

static pln_status keep_prepare(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    kept *k = self;
    k->prepared = k->staged;
    k->prepared_n = n;
    return ctx->host->handle_put(ctx, &n, sizeof n, e);
}

static pln_status keep_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *e) {
    kept *k = self;
    (void)ctx, (void)handle, (void)size, (void)e;
    if (n <= k->committed_n)
        return PLN_OK;
    ck_assert_int_eq(n, k->prepared_n);
    k->n += k->prepared;
    k->staged -= k->prepared;
    k->committed_n = n;
    return PLN_OK;
}

static pln_status keep_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                             int64_t size, pln_error *e) {
    kept *k = self;
    (void)ctx, (void)n, (void)handle, (void)size, (void)e;
    kept_drop(k, k->n);
    return PLN_OK;
}

static pln_status keep_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                               int64_t size, pln_error *e) {
    kept *k = self;
    if (size > 0)
        keep_commit(self, ctx, n, handle, size, e);
    kept_drop(k, k->n);
    return PLN_OK;
}

static const pln_sink keep_sink = {
    .struct_size = sizeof(pln_sink),
    .abi = PLN_PLUGIN_ABI,
    .name = "keep",
    .summary = "Keeps what is committed.",
    .open = keep_open,
    .write = keep_write,
    .close = keep_close,
    .prepare = keep_prepare,
    .commit = keep_commit,
    .abort = keep_abort,
    .recover = keep_recover,
};

static inline void time_sink(pln_graph *g, const char *name, kept *k) {
    OK(pln_graph_add_sink(g, name, &keep_sink, k, NULL, NULL, &err));
}

#endif
