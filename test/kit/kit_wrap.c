#include "kit_inner.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A table that stands between the engine and the table under test: it hands every call on, counts, holds the engine and the stage to the
 * rules of life, and fails where it is told to.
 */
struct kit_self {
    kit_wrap *wrap;
    void *self;
    atomic_int busy;
    bool open;
    kit_self *next;
};

static const char *const slot_names[KIT_SLOTS] = {
    "open", "schema", "poll", "process", "finish", "write", "begin", "flush", "prepare",
    "commit", "state_commit", "save", "load", "recover", "state_open", "abort", "another"};

const char *kit_slot_name(int32_t slot) {
    return slot_names[slot];
}

static void offence(kit_wrap *wrap, const char *what, int32_t slot) {
    if (wrap->wrong[0] == '\0')
        snprintf(wrap->wrong, sizeof wrap->wrong, "%s: %s", slot_names[slot], what);
}

static pln_status fail(const kit_wrap *wrap, int32_t slot, pln_error *err) {
    if (err != NULL) {
        *err = (pln_error){.status = PLN_EIO,
                           .flags = wrap->fault.retryable && !wrap->dead ? PLN_ERR_RETRYABLE : 0};
        snprintf(err->message, sizeof err->message, "the kit made %s fail", slot_names[slot]);
    }
    return PLN_EIO;
}

static bool faulty(kit_wrap *wrap, int32_t slot, bool after) {
    const kit_fault *f = &wrap->fault;
    if (f->at == 0 || f->slot != slot || f->after != after || wrap->calls[slot] != f->at ||
        wrap->hit)
        return false;
    wrap->hit = true;
    wrap->dead |= f->dead;
    return true;
}

static pln_status enter(kit_self *s, int32_t slot, pln_error *err) {
    kit_wrap *wrap = s->wrap;
    if (!s->open)
        offence(wrap, "called after close", slot);
    if (atomic_exchange(&s->busy, 1) != 0)
        offence(wrap, "called inside another call", slot);
    wrap->calls[slot]++;
    if (wrap->dead || faulty(wrap, slot, false)) {
        atomic_store(&s->busy, 0);
        return fail(wrap, slot, err);
    }
    return PLN_OK;
}

static pln_status leave(kit_self *s, int32_t slot, pln_status status, pln_error *err) {
    atomic_store(&s->busy, 0);
    if (status < 0 && err != NULL && err->message[0] == '\0')
        offence(s->wrap, "failed without a message", slot);
    if (status >= 0 && faulty(s->wrap, slot, true))
        return fail(s->wrap, slot, err);
    return status;
}

/* Life is the same for all kinds. */
typedef pln_status (*open_fn)(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err);
typedef void (*close_fn)(void *self, pln_context *ctx);

static pln_status open_any(kit_wrap *wrap, open_fn open, pln_context *ctx, const pln_config *config,
                           void **self, pln_error *err) {
    pln_status status = PLN_EIO;
    kit_self *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->wrap = wrap;
    /* A close of this one would be a close after a failed open. */
    *self = s;
    pthread_mutex_lock(&wrap->lock);
    s->next = wrap->selves;
    wrap->selves = s;
    pthread_mutex_unlock(&wrap->lock);
    wrap->calls[KIT_SLOT_OPEN]++;
    if (wrap->dead || faulty(wrap, KIT_SLOT_OPEN, false))
        return fail(wrap, KIT_SLOT_OPEN, err);
    int64_t from = wrap->memory->requests;
    status = open(wrap->user, ctx, config, &s->self, err);
    if (wrap->open_to == 0) {
        wrap->open_from = from;
        wrap->open_to = wrap->memory->requests;
    }
    if (status < 0) {
        if (err != NULL && err->message[0] == '\0')
            offence(wrap, "failed without a message", KIT_SLOT_OPEN);
        return status;
    }
    wrap->opens++;
    pthread_mutex_lock(&wrap->lock);
    s->open = true;
    pthread_mutex_unlock(&wrap->lock);
    return status;
}

static void close_any(void *self, close_fn close, pln_context *ctx) {
    kit_self *s = self;
    kit_wrap *wrap = s->wrap;
    if (!s->open) {
        offence(wrap, "close came twice, or after a failed open", KIT_SLOT_OPEN);
        return;
    }
    pthread_mutex_lock(&wrap->lock);
    s->open = false;
    pthread_mutex_unlock(&wrap->lock);
    if (atomic_exchange(&s->busy, 1) != 0)
        offence(wrap, "close inside another call", KIT_SLOT_OPEN);
    wrap->closes++;
    close(s->self, ctx);
    atomic_store(&s->busy, 0);
}

#define SELF(kind)                                                                                 \
    kit_self *s = self;                                                                            \
    const pln_##kind *in = &s->wrap->inner.kind;                                                   \
    pln_status status
#define CALL(slot, call)                                                                           \
    status = enter(s, slot, err);                                                                  \
    if (status < 0)                                                                                \
        return status;                                                                             \
    status = call;                                                                                 \
    return leave(s, slot, status, err)

#define COMMON(kind)                                                                               \
    static pln_status kind##_open(void *user, pln_context *ctx, const pln_config *config, void **self, \
                                  pln_error *err) {                                                \
        kit_wrap *wrap = user;                                                                     \
        return open_any(wrap, wrap->inner.kind.open, ctx, config, self, err);                      \
    }                                                                                              \
    static void kind##_close(void *self, pln_context *ctx) {                                       \
        close_any(self, ((kit_self *)self)->wrap->inner.kind.close, ctx);                          \
    }                                                                                              \
    static pln_status kind##_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {       \
        SELF(kind);                                                                                \
        CALL(KIT_SLOT_SAVE, in->save(s->self, ctx, n, err));                                       \
    }                                                                                              \
    static pln_status kind##_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count, \
                                  pln_error *err) {                                                \
        SELF(kind);                                                                                \
        CALL(KIT_SLOT_LOAD, in->load(s->self, ctx, pieces, count, err));                           \
    }                                                                                              \
    static void kind##_interrupt(void *self) {                                                     \
        kit_self *s = self;                                                                        \
        s->wrap->inner.kind.interrupt(s->self);                                                    \
    }
COMMON(source)
COMMON(transform)
COMMON(sink)

static pln_status source_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                                pln_error *err) {
    SELF(source);
    CALL(KIT_SLOT_SCHEMA, in->schema(s->self, ctx, out, err));
}

static pln_status source_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    SELF(source);
    if (s->wrap->calls[KIT_SLOT_SCHEMA] == 0)
        offence(s->wrap, "before schema was asked", KIT_SLOT_POLL);
    status = enter(s, KIT_SLOT_POLL, err);
    if (status < 0)
        return status;
    status = in->poll(s->self, ctx, want, batch, err);
    if (*batch != NULL && pln_batch_rows(*batch) > want->max_rows)
        offence(s->wrap, "gave more rows than were wanted", KIT_SLOT_POLL);
    return leave(s, KIT_SLOT_POLL, status, err);
}

static pln_status source_commit(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    SELF(source);
    if (s->wrap->twice && (status = in->commit(s->self, ctx, n, err)) < 0)
        return status;
    CALL(KIT_SLOT_COMMIT, in->commit(s->self, ctx, n, err));
}

static pln_status source_estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                                  pln_error *err) {
    SELF(source);
    CALL(KIT_SLOT_OTHER, in->estimate(s->self, ctx, done, total, err));
}

static pln_status source_schema_load(void *self, pln_context *ctx, const struct ArrowSchema *saved,
                                     pln_error *err) {
    SELF(source);
    CALL(KIT_SLOT_OTHER, in->schema_load(s->self, ctx, saved, err));
}

static pln_status transform_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                    pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_PROCESS, in->process(s->self, ctx, port, batch, err));
}

static pln_status transform_ports(void *user, pln_ports *ports, const pln_host *host,
                                  const pln_config *config, pln_error *err) {
    kit_wrap *wrap = user;
    return wrap->inner.transform.ports(wrap->user, ports, host, config, err);
}

static pln_status transform_schema(void *self, pln_context *ctx,
                                   const struct ArrowSchema *const *in_schemas, int32_t n_in,
                                   struct ArrowSchema *out, int32_t n_out, pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_SCHEMA, in->schema(s->self, ctx, in_schemas, n_in, out, n_out, err));
}

static pln_status transform_advance(void *self, pln_context *ctx, int32_t port,
                                    int64_t watermark_us, pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_OTHER, in->advance(s->self, ctx, port, watermark_us, err));
}

static pln_status transform_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_FINISH, in->finish(s->self, ctx, port, err));
}

static pln_status transform_on_timers(void *self, pln_context *ctx, pln_batch *timers,
                                      pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_OTHER, in->on_timers(s->self, ctx, timers, err));
}

static pln_status transform_drain(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    SELF(transform);
    CALL(KIT_SLOT_FINISH, in->drain(s->self, ctx, n, err));
}

static pln_status sink_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_WRITE, in->write(s->self, ctx, batch, err));
}

static pln_status sink_schema(void *self, pln_context *ctx, const struct ArrowSchema *schema,
                              pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_SCHEMA, in->schema(s->self, ctx, schema, err));
}

static pln_status sink_begin(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_BEGIN, in->begin(s->self, ctx, n, err));
}

static pln_status sink_finish(void *self, pln_context *ctx, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_FINISH, in->finish(s->self, ctx, err));
}

static pln_status sink_flush(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_FLUSH, in->flush(s->self, ctx, n, err));
}

static pln_status sink_prepare(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_PREPARE, in->prepare(s->self, ctx, n, err));
}

static pln_status sink_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *err) {
    SELF(sink);
    if (s->wrap->twice && (status = in->commit(s->self, ctx, n, handle, size, err)) < 0)
        return status;
    CALL(KIT_SLOT_COMMIT, in->commit(s->self, ctx, n, handle, size, err));
}

static pln_status sink_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                             int64_t size, pln_error *err) {
    SELF(sink);
    if (s->wrap->twice && (status = in->abort(s->self, ctx, n, handle, size, err)) < 0)
        return status;
    CALL(KIT_SLOT_ABORT, in->abort(s->self, ctx, n, handle, size, err));
}

static pln_status sink_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                               int64_t size, pln_error *err) {
    uint8_t other[64];
    SELF(sink);
    if (s->wrap->garbage) {
        memset(other, 0xa5, sizeof other);
        handle = other;
        size = sizeof other;
    }
    CALL(KIT_SLOT_RECOVER, in->recover(s->self, ctx, n, handle, size, err));
}

static pln_status sink_last_committed(void *self, pln_context *ctx, int64_t *n, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_OTHER, in->last_committed(s->self, ctx, n, err));
}

static pln_status sink_state_open(void *self, pln_context *ctx, int64_t *owner, int64_t *n,
                                  const void **head, int64_t *size, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_STATE_OPEN, in->state_open(s->self, ctx, owner, n, head, size, err));
}

static pln_status sink_state_commit(void *self, pln_context *ctx, int64_t owner, int64_t n,
                                    const void *head, int64_t size, pln_error *err) {
    SELF(sink);
    CALL(KIT_SLOT_STATE_COMMIT, in->state_commit(s->self, ctx, owner, n, head, size, err));
}

static const char *sink_store(void *self, pln_context *ctx) {
    kit_self *s = self;
    return s->wrap->inner.sink.store(s->self, ctx);
}

static void take_table(void *to, const void *table, size_t size) {
    uint32_t given;
    memset(to, 0, size);
    memcpy(&given, table, sizeof given);
    memcpy(to, table, given < size ? given : size);
    given = (uint32_t)size;
    memcpy(to, &given, sizeof given);
}

#define PUT(kind, slot)                                                                            \
    if (wrap->inner.kind.slot != NULL)                                                             \
    wrap->outer.kind.slot = kind##_##slot

void kit_wrap_make(kit_wrap *wrap, const kit_stage *stage) {
    pthread_mutex_init(&wrap->lock, NULL);
    wrap->user = stage->user;
    if (stage->table == NULL)
        return;
    if (stage->kind == PLN_SOURCE) {
        take_table(&wrap->inner.source, stage->table, sizeof wrap->inner.source);
        wrap->outer.source = wrap->inner.source;
        PUT(source, open);
        PUT(source, schema);
        PUT(source, poll);
        PUT(source, close);
        PUT(source, save);
        PUT(source, load);
        PUT(source, commit);
        PUT(source, interrupt);
        PUT(source, estimate);
        PUT(source, schema_load);
    } else if (stage->kind == PLN_TRANSFORM) {
        take_table(&wrap->inner.transform, stage->table, sizeof wrap->inner.transform);
        wrap->outer.transform = wrap->inner.transform;
        PUT(transform, open);
        PUT(transform, process);
        PUT(transform, close);
        PUT(transform, ports);
        PUT(transform, schema);
        PUT(transform, advance);
        PUT(transform, finish);
        PUT(transform, on_timers);
        PUT(transform, save);
        PUT(transform, load);
        PUT(transform, interrupt);
        PUT(transform, drain);
    } else {
        take_table(&wrap->inner.sink, stage->table, sizeof wrap->inner.sink);
        wrap->outer.sink = wrap->inner.sink;
        PUT(sink, open);
        PUT(sink, write);
        PUT(sink, close);
        PUT(sink, schema);
        PUT(sink, begin);
        PUT(sink, finish);
        PUT(sink, flush);
        PUT(sink, prepare);
        PUT(sink, commit);
        PUT(sink, abort);
        PUT(sink, recover);
        PUT(sink, last_committed);
        PUT(sink, state_open);
        PUT(sink, state_commit);
        PUT(sink, store);
        PUT(sink, save);
        PUT(sink, load);
        PUT(sink, interrupt);
    }
}

bool kit_wrap_has(const kit_wrap *wrap, int32_t kind, int32_t slot) {
    const pln_sink *sink = &wrap->inner.sink;
    if (kind == PLN_SOURCE)
        return slot == KIT_SLOT_COMMIT ? wrap->inner.source.commit != NULL
                                       : slot == KIT_SLOT_LOAD && wrap->inner.source.load != NULL;
    if (kind != PLN_SINK)
        return false;
    return slot == KIT_SLOT_COMMIT         ? sink->commit != NULL
           : slot == KIT_SLOT_ABORT        ? sink->abort != NULL
           : slot == KIT_SLOT_RECOVER      ? sink->recover != NULL
           : slot == KIT_SLOT_STATE_COMMIT ? sink->state_commit != NULL
                                           : slot == KIT_SLOT_PREPARE && sink->prepare != NULL;
}

void kit_wrap_begin(kit_wrap *wrap) {
    memset(wrap->calls, 0, sizeof wrap->calls);
    wrap->opens = wrap->closes = wrap->open_from = wrap->open_to = 0;
    wrap->hit = wrap->dead = false;
    wrap->wrong[0] = '\0';
}

void kit_wrap_end(kit_wrap *wrap) {
    if (wrap->opens != wrap->closes)
        offence(wrap, "is not paid back with one close", KIT_SLOT_OPEN);
    while (wrap->selves != NULL) {
        kit_self *next = wrap->selves->next;
        free(wrap->selves);
        wrap->selves = next;
    }
}

bool kit_wrap_interruptible(const kit_wrap *wrap, int32_t kind) {
    return kind == PLN_SOURCE      ? wrap->inner.source.interrupt != NULL
           : kind == PLN_TRANSFORM ? wrap->inner.transform.interrupt != NULL
                                   : wrap->inner.sink.interrupt != NULL;
}

void kit_wrap_interrupt(kit_wrap *wrap, int32_t kind) {
    pthread_mutex_lock(&wrap->lock);
    for (kit_self *s = wrap->selves; s != NULL; s = s->next)
        if (s->open && kind == PLN_SOURCE)
            wrap->inner.source.interrupt(s->self);
        else if (s->open && kind == PLN_TRANSFORM)
            wrap->inner.transform.interrupt(s->self);
        else if (s->open)
            wrap->inner.sink.interrupt(s->self);
    pthread_mutex_unlock(&wrap->lock);
}
