#include "script.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    script *s;
    int64_t at;   /* in acts */
    int64_t used; /* rows of the act that are out */
    int64_t next; /* id */
    bool wide;
    bool announce; /* the position that was loaded lies behind a change of schema */
} reader;

static pln_status fail(pln_error *err, pln_status status, uint32_t flags, const char *message) {
    if (err != NULL) {
        *err = (pln_error){.status = status, .flags = flags};
        snprintf(err->message, sizeof err->message, "%s", message);
    }
    return status;
}

static pln_status script_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    script *s = user;
    (void)config;
    if (s->lacks != NULL && ctx->host->lacks(ctx, s->lacks, err) < 0)
        return err->status;
    reader *r = calloc(1, sizeof *r);
    r->s = s;
    r->s->opens++;
    r->wide = r->s->start_wide;
    *self = r;
    return PLN_OK;
}

static void script_close(void *self, pln_context *ctx) {
    (void)ctx;
    ((reader *)self)->s->closes++;
    free(self);
}

static pln_status script_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                                pln_error *err) {
    reader *r = self;
    if (++r->s->asked <= r->s->schema_after)
        return PLN_AGAIN;
    return ctx->host->schema_parse(
        ctx, r->wide ? "id int64 not null, extra utf8" : "id int64 not null", out, err);
}

static pln_status rows_of(reader *r, pln_context *ctx, int64_t n, pln_batch **out, pln_error *err) {
    const pln_builder_calls *calls = ctx->host->builder;
    pln_builder *b = NULL;
    /* A source of a changed schema makes its batches in the new one, whether or not the graph took it. */
    const struct ArrowSchema *known = ctx->host->port_schema(ctx, 1, 0);
    pln_status status = ctx->host->builder_new(ctx, 0, &b, err);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        status = calls->append_int(calls->column(b, 0), r->next + i, err);
        if (status >= 0 && known->n_children > 1)
            status = calls->append_text(calls->column(b, 1), "more", -1, err);
    }
    if (status >= 0)
        status = calls->finish(b, out, err);
    calls->free(b);
    if (status >= 0)
        r->next += n;
    return status;
}

static pln_status some_rows(reader *r, pln_context *ctx, const pln_want *want, pln_batch **out,
                            pln_error *err) {
    int64_t all = r->s->acts[r->at] - '0', left = all - r->used;
    int64_t n = left < want->max_rows ? left : want->max_rows;
    pln_status status = rows_of(r, ctx, n, out, err);
    if (status < 0)
        return status;
    r->used += n;
    if (r->used == all) {
        r->used = 0;
        r->at++;
    }
    return PLN_OK;
}

static pln_status wait_act(reader *r, pln_context *ctx, char act, pln_error *err) {
    r->at++;
    if (act == 'w')
        (void)ctx->host->wait_until(ctx, ctx->host->now_us(ctx) + 1000000, err);
    if (act == 'f')
        (void)ctx->host->wait_fd(ctx, r->s->fd, PLN_READABLE, err);
    return PLN_AGAIN;
}

static pln_status script_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    reader *r = self;
    char act = r->s->acts[r->at];
    pln_raw_rejection item = {.code = PLN_EDATA, .position = r->at, .line = -1, .raw = "raw", .raw_size = 3,
                              .message = "told to reject"};
    pln_status status;
    r->s->polls++;
    if (want->max_rows > r->s->max_rows)
        r->s->max_rows = want->max_rows;
    if (r->announce) {
        r->announce = false;
        r->wide = true;
        return PLN_SCHEMA;
    }
    switch (act) {
    case '\0': return PLN_EOS;
    case 'a': case 'w': case 'f': return wait_act(r, ctx, act, err);
    case 'n': r->at++; return PLN_OK;
    case 'b': r->at++; return PLN_BARRIER;
    case 'B':
        status = rows_of(r, ctx, 2, batch, err);
        r->at++;
        return status < 0 ? status : PLN_BARRIER;
    case 's':
    case 'S':
        r->at++;
        r->wide |= act == 's';
        return PLN_SCHEMA;
    case 'e':
        if (r->s->errors-- > 0)
            return fail(err, PLN_EIO, PLN_ERR_RETRYABLE, "told to fail for a while");
        r->at++;
        return PLN_OK;
    case 'x': return fail(err, PLN_EIO, 0, "told to fail");
    case 'r': r->at++; return ctx->host->reject_raw(ctx, &item, 1, err);
    default: return some_rows(r, ctx, want, batch, err);
    }
}

static pln_status script_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const reader *r = self;
    int64_t place[4] = {r->at, r->used, r->next, r->wide};
    (void)n;
    return ctx->host->state_put(ctx, "script", place, sizeof place, err);
}

static pln_status script_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    reader *r = self;
    int64_t place[4];
    (void)ctx;
    (void)err;
    for (int64_t i = 0; i < count; i++) {
        memcpy(place, pieces[i].bytes, sizeof place);
        r->at = place[0];
        r->used = place[1];
        r->next = place[2];
        r->announce = place[3] != 0 && !r->wide;
    }
    return PLN_OK;
}

static pln_status script_commit(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    (void)ctx;
    (void)err;
    ((reader *)self)->s->committed = n;
    return PLN_OK;
}

static pln_status script_estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                                  pln_error *err) {
    const reader *r = self;
    (void)ctx;
    (void)err;
    *done = r->at;
    *total = (int64_t)strlen(r->s->acts);
    return PLN_OK;
}

#define SCRIPT(name_, caps_)                                                                       \
    {                                                                                              \
        .struct_size = sizeof(pln_source), .abi = PLN_PLUGIN_ABI, .name = name_, .summary = "Follows a script.",                   \
        .caps = caps_, .open = script_open, .schema = script_schema, .poll = script_poll, .close = script_close, \
        .save = script_save, .load = script_load, .commit = script_commit, .estimate = script_estimate \
    }
const pln_source script_source =
    SCRIPT("script", PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC);
const pln_source script_unbounded =
    SCRIPT("script.unbounded", PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC);

/* ---- the sink ---- */

static void note(probe *p, char what) {
    size_t used = strlen(p->log);
    if (used + 1 < sizeof p->log) {
        p->log[used] = what;
        p->log[used + 1] = '\0';
    }
}

static pln_status probe_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    probe *p = user;
    (void)config;
    if (p->lacks != NULL && ctx->host->lacks(ctx, p->lacks, err) < 0)
        return err->status;
    p->opens++;
    *self = p;
    return PLN_OK;
}

static void probe_close(void *self, pln_context *ctx) {
    (void)ctx;
    ((probe *)self)->closes++;
}

static pln_status probe_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                               pln_error *err) {
    probe *p = self;
    (void)ctx;
    note(p, 's');
    p->columns = (int32_t)in->n_children;
    return p->refuse_columns != 0 && in->n_children != p->refuse_columns
               ? fail(err, PLN_ETYPE, 0, "column extra: the probe takes one column")
               : PLN_OK;
}

static pln_status probe_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    probe *p = self;
    const struct ArrowArray *column = pln_batch_array(batch)->children[0];
    const int64_t *ids = column->buffers[1];
    (void)ctx;
    p->writes++;
    if (p->again > 0) {
        p->again--;
        return PLN_AGAIN;
    }
    note(p, 'w');
    if (p->good_writes-- <= 0 && p->fail_writes > 0) {
        p->fail_writes--;
        return fail(err, p->status, p->flags, "the probe was told to fail");
    }
    for (int64_t i = 0; i < column->length && p->n_staged < PROBE_ROWS; i++)
        p->staged[p->n_staged++] =
            pln_batch_schema(batch)->children[0]->format[0] == 'l' ? ids[column->offset + i] : -1;
    return PLN_OK;
}

static pln_status probe_begin(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    (void)ctx;
    (void)n;
    (void)err;
    note(self, 'b');
    return PLN_OK;
}

static pln_status probe_finish(void *self, pln_context *ctx, pln_error *err) {
    (void)ctx;
    (void)err;
    note(self, 'f');
    return PLN_OK;
}

static pln_status probe_prepare(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    probe *p = self;
    note(p, 'p');
    if (p->fail_prepares > 0) {
        p->fail_prepares--;
        return fail(err, p->status, p->flags, "the probe was told not to prepare");
    }
    memcpy(p->prepared, p->staged, sizeof p->prepared);
    p->n_prepared = p->n_staged;
    p->prepared_n = n;
    p->n_staged = 0;
    return ctx->host->handle_put(ctx, &n, sizeof n, err);
}

static pln_status probe_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                               int64_t size, pln_error *err) {
    probe *p = self;
    int64_t named;
    (void)ctx;
    (void)n;
    (void)size;
    note(p, 'c');
    if (p->fail_commits > 0) {
        p->fail_commits--;
        return fail(err, p->status, p->flags, "the probe was told not to commit");
    }
    memcpy(&named, handle, sizeof named);
    if (named <= p->committed_n)
        return PLN_OK;
    for (int64_t i = 0; i < p->n_prepared && p->n < PROBE_ROWS; i++)
        p->ids[p->n++] = p->prepared[i];
    p->committed_n = named;
    return PLN_OK;
}

static pln_status probe_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *err) {
    probe *p = self;
    (void)ctx;
    (void)n;
    (void)handle;
    (void)size;
    (void)err;
    note(p, 'a');
    p->aborts++;
    p->n_staged = 0;
    return PLN_OK;
}

static pln_status probe_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                                int64_t size, pln_error *err) {
    probe *p = self;
    note(p, 'r');
    p->n_staged = 0;
    return size > 0 ? probe_commit(self, ctx, n, handle, size, err) : PLN_OK;
}

const pln_sink probe_sink = {
    .struct_size = sizeof(pln_sink),
    .abi = PLN_PLUGIN_ABI,
    .name = "probe",
    .summary = "Notes what it gets.",
    .open = probe_open,
    .write = probe_write,
    .close = probe_close,
    .schema = probe_schema,
    .begin = probe_begin,
    .finish = probe_finish,
    .prepare = probe_prepare,
    .commit = probe_commit,
    .abort = probe_abort,
    .recover = probe_recover,
};

/* ---- the clock ---- */

static int64_t clock_now(void *user) {
    return ((test_clock *)user)->now_us;
}

static void clock_wait(void *user, const pln_wait_fd *fds, int32_t n, int64_t until_us) {
    test_clock *c = user;
    (void)fds;
    c->waits++;
    c->last_fds = n;
    if (until_us != INT64_MAX && until_us > c->now_us) {
        c->waited_us += until_us - c->now_us;
        c->now_us = until_us;
    }
}

pln_clock test_clock_table(test_clock *clock) {
    return (pln_clock){.struct_size = sizeof(pln_clock),
                       .user = clock,
                       .now_us = clock_now,
                       .monotonic_us = clock_now,
                       .wait = clock_wait};
}
