/* The Arrow C Stream interface, both ways. */
#include "column/internal.h"
#include <errno.h>

/* ---- reading ---- */

static const struct {
    pln_status status;
    int code;
} errors[] = {
    {PLN_ENOMEM, ENOMEM},       {PLN_EDATA, EINVAL},    {PLN_EUNSUPPORTED, ENOSYS},
    {PLN_EUNSUPPORTED, ENOTSUP}, {PLN_ECANCELLED, ECANCELED}, {PLN_ETIMEOUT, ETIMEDOUT},
    {PLN_EBUSY, EAGAIN},        {PLN_EINVAL, EINVAL},   {PLN_ETYPE, EINVAL},
};

pln_status pln__stream_error(struct ArrowArrayStream *stream, int code, pln_error *err) {
    const char *text = stream->get_last_error == NULL ? NULL : stream->get_last_error(stream);
    pln_status status = PLN_EIO;
    for (int i = PLN__COUNT(errors) - 1; i >= 0; i--)
        if (errors[i].code == code)
            status = errors[i].status;
    status = pln__error_set(err, status, "the Arrow stream failed: %s (errno %d)",
                            text == NULL || *text == '\0' ? "it does not say why" : text, code);
    if (err != NULL)
        err->native = code;
    return status;
}

pln_status pln__stream_schema(const pln_allocator *mem, struct ArrowArrayStream *stream,
                              pln__schema **out, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema theirs = {0};
    struct ArrowSchema ours = {0};
    *out = NULL;
    if (stream->release == NULL)
        return pln__error_set(err, PLN_ESTATE, "the Arrow stream is released");
    int code = stream->get_schema(stream, &theirs);
    if (code != 0)
        return pln__stream_error(stream, code, err);
    PLN__TRY(pln__schema_check(&theirs, err));
    PLN__TRY(pln__schema_copy(mem, &theirs, &ours, err));
    status = pln__schema_share(mem, &ours, out, err);
out:
    pln__schema_release(&theirs);
    return status;
}

pln_status pln__stream_next(const pln_allocator *mem, struct ArrowArrayStream *stream,
                            pln__schema *schema, pln_batch **out, pln_error *err) {
    struct ArrowArray array = {0};
    *out = NULL;
    if (stream->release == NULL)
        return pln__error_set(err, PLN_ESTATE, "the Arrow stream is released");
    int code = stream->get_next(stream, &array);
    if (code != 0)
        return pln__stream_error(stream, code, err);
    if (array.release == NULL)
        return PLN_EOS;
    return pln__batch_new(mem, schema, &array, out, err);
}

/* ---- writing ---- */

typedef struct exported {
    const pln_allocator *mem;
    pln__stream_source source;
    pln_status ended; /* PLN_EOS or an error: the callback is not asked again */
    pln_error error;
} exported;

static int code_of(pln_status status) {
    for (int i = 0; i < PLN__COUNT(errors); i++)
        if (errors[i].status == status)
            return errors[i].code;
    return EIO;
}

static int fail(exported *self, pln_status status) {
    if (self->error.message[0] == '\0')
        (void)pln__error_set(&self->error, status, "%s", pln_status_text(status));
    return code_of(status);
}

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    exported *self = stream->private_data;
    self->error = (pln_error){0};
    pln_status status =
        pln__schema_copy(self->mem, pln__schema_get(self->source.schema), out, &self->error);
    return status < 0 ? fail(self, status) : 0;
}

static pln_status pull(exported *self, struct ArrowArray *out) {
    pln_batch *batch = NULL;
    pln_status status = self->source.next(self->source.user, &batch, &self->error);
    if (status == PLN_EOS || status < 0)
        return status;
    if (status != PLN_OK || batch == NULL) {
        pln_batch_unref(batch);
        return pln__error_set(&self->error, PLN_ECONTRACT,
                              "the source of an Arrow stream answered %s", pln_status_name(status));
    }
    if (pln__batch_schema_ref(batch) != self->source.schema &&
        !pln__schema_equal(pln_batch_schema(batch), pln__schema_get(self->source.schema)))
        status =
            pln__error_set(&self->error, PLN_ETYPE, "a batch of another schema in an Arrow stream");
    else
        status = pln_batch_export(batch, NULL, out, &self->error);
    pln_batch_unref(batch);
    return status;
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    exported *self = stream->private_data;
    memset(out, 0, sizeof *out);
    if (self->ended == PLN_OK) {
        self->error = (pln_error){0};
        pln_status status = pull(self, out);
        if (status != PLN_OK)
            self->ended = status;
    }
    return self->ended < 0 ? fail(self, self->ended) : 0;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream) {
    const exported *self = stream->private_data;
    return self->error.message[0] == '\0' ? NULL : self->error.message;
}

static void stream_release(struct ArrowArrayStream *stream) {
    exported *self = stream->private_data;
    if (self->source.release != NULL)
        self->source.release(self->source.user);
    pln__schema_unref(self->source.schema);
    stream->release = NULL;
    stream->private_data = NULL;
    pln__free(self->mem, self, sizeof *self);
}

pln_status pln__stream_export(const pln_allocator *mem, const pln__stream_source *source,
                              struct ArrowArrayStream *out, pln_error *err) {
    exported *self = pln__calloc(mem, 1, sizeof *self);
    memset(out, 0, sizeof *out);
    if (self == NULL) {
        if (source->release != NULL)
            source->release(source->user);
        return pln__error_memory(err, sizeof *self);
    }
    self->mem = mem;
    self->source = *source;
    (void)pln__schema_ref(source->schema);
    *out = (struct ArrowArrayStream){.get_schema = stream_get_schema,
                                     .get_next = stream_get_next,
                                     .get_last_error = stream_get_last_error,
                                     .release = stream_release,
                                     .private_data = self};
    return PLN_OK;
}
