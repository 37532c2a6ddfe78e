/* <pln/avro_codec.h>: handles over the codecs of this room, for bytes that come without padding. */
#include "format/avro.h"
#include <pln/avro_codec.h>

struct pln_avro_decoder {
    const pln_allocator *mem;
    pln__avro_decoder *inner;
    pln__schema *schema;
    pln__buffer tail; /* the last datums of a call, with padding behind them */
};

struct pln_avro_encoder {
    const pln_allocator *mem;
    const pln__avro_schema *avro;
    pln__avro_encoder *inner; /* NULL: of JSON */
    struct ArrowSchema columns;
    pln__buffer bytes;
    int64_t *ends;
    int64_t n_ends, ends_capacity;
};

struct pln_avro_resolution {
    const pln_allocator *mem;
    pln__avro_resolution *inner;
    pln__avro_limits limits;
    pln__buffer padded;
};

static pln_status limits_of(const pln_avro_limits *limits, pln__avro_limits *out, pln_error *err) {
    *out = (pln__avro_limits){0};
    if (limits == NULL)
        return PLN_OK;
    if (limits->struct_size < sizeof *limits)
        return pln__error_set(err, PLN_EINVAL, "limits: struct_size is %u, at least %u are needed",
                              limits->struct_size, (unsigned)sizeof *limits);
    if (limits->nesting_max < 0 || limits->nesting_max > 256 || limits->value_bytes_max < 0 ||
        limits->items_max < 0)
        return pln__error_set(err, PLN_EINVAL,
                              "limits: none may be negative, and nesting_max at most 256");
    out->nesting_max = limits->nesting_max;
    out->value_bytes_max = limits->value_bytes_max;
    out->items_max = limits->items_max;
    return PLN_OK;
}

static pln_status padded(const pln_allocator *mem, const uint8_t *bytes, int64_t size,
                         pln__buffer *out, pln_error *err) {
    out->size = 0;
    pln_status status = pln__buffer_reserve(mem, out, size + PLN__PADDING, err);
    if (status < 0)
        return status;
    if (size > 0)
        memcpy(out->data, bytes, (size_t)size);
    memset(out->data + size, 0, PLN__PADDING);
    return PLN_OK;
}

/* ---- decoder ---- */

pln_status pln_avro_decoder_new(pln_runtime *runtime, const pln_avro_schema *writer,
                                const pln_avro_schema *reader, const pln_avro_limits *limits,
                                pln_avro_decoder **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    struct ArrowSchema copy = {0};
    pln__avro_limits set;
    pln_avro_decoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    PLN__TRY(limits_of(limits, &set, err));
    PLN__TRY(pln__avro_decoder_new(mem, writer, reader, &set, &self->inner, err));
    PLN__TRY(pln__schema_copy(mem, pln__avro_decoder_schema(self->inner), &copy, err));
    PLN__TRY(pln__schema_share(mem, &copy, &self->schema, err));
    *out = self;
out:
    if (status < 0)
        pln_avro_decoder_free(self);
    return status;
}

void pln_avro_decoder_free(pln_avro_decoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    pln__avro_decoder_free(self->inner);
    if (self->schema != NULL)
        pln__schema_unref(self->schema);
    pln__buffer_free(mem, &self->tail);
    pln__free(mem, self, sizeof *self);
}

const struct ArrowSchema *pln_avro_decoder_schema(const pln_avro_decoder *self) {
    return pln__schema_get(self->schema);
}

/*
 * All but the last bytes are padding to what is before them, so most is decoded where it lies; what does not end before them is done again in a
 * copy, which also says what is wrong.
 */
pln_status pln_avro_decode(pln_avro_decoder *self, const uint8_t *bytes, int64_t size,
                           int64_t max_rows, int64_t *used, int64_t *rows, pln_error *err) {
    pln__avro_input head = {.bytes = bytes, .rows = 0};
    pln_status status = PLN_OK;
    *used = *rows = 0;
    if (size < 0)
        return pln__error_set(err, PLN_EINVAL, "Avro data: a size of %lld", (long long)size);
    if (size > 4 * PLN__PADDING) {
        head.size = size - PLN__PADDING;
        head.rows = max_rows;
        status = pln__avro_decode(self->inner, &head, err);
        *used = head.used;
        *rows = head.rows;
        if ((status < 0 && status != PLN_EDATA) || head.rows >= max_rows)
            return status;
    }
    status = padded(self->mem, bytes + head.used, size - head.used, &self->tail, err);
    if (status < 0)
        return status;
    pln__avro_input tail = {.bytes = self->tail.data,
                            .size = size - head.used,
                            .rows = max_rows - head.rows};
    if (tail.size > 0 || head.rows == 0)
        status = pln__avro_decode(self->inner, &tail, err);
    else
        tail.rows = 0;
    *used += tail.used;
    *rows += tail.rows;
    return status;
}

pln_status pln_avro_decoder_take(pln_avro_decoder *self, pln_batch **out, pln_error *err) {
    struct ArrowArray rows;
    *out = NULL;
    pln_status status = pln__avro_decoder_take(self->inner, &rows, err);
    return status < 0 ? status : pln__batch_new(self->mem, self->schema, &rows, out, err);
}

/* ---- encoder ---- */

pln_status pln_avro_encoder_new(pln_runtime *runtime, const pln_avro_schema *schema,
                                const struct ArrowSchema *columns, pln_avro_encoder **out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    pln_avro_encoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->avro = pln__avro_schema_ref(schema);
    if (columns != NULL) {
        PLN__TRY(pln__schema_check(columns, err));
        PLN__TRY(pln__schema_copy(mem, columns, &self->columns, err));
        PLN__TRY(pln__avro_encoder_new(mem, schema, columns, &self->inner, err));
    }
    *out = self;
out:
    if (status < 0)
        pln_avro_encoder_free(self);
    return status;
}

void pln_avro_encoder_free(pln_avro_encoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    pln__avro_encoder_free(self->inner);
    pln__schema_release(&self->columns);
    pln__avro_schema_unref((pln__avro_schema *)(uintptr_t)self->avro);
    pln__buffer_free(mem, &self->bytes);
    pln__free(mem, self->ends, (uint64_t)self->ends_capacity * sizeof *self->ends);
    pln__free(mem, self, sizeof *self);
}

static pln_status room_for_ends(pln_avro_encoder *self, int64_t n, pln_error *err) {
    return pln__grow(self->mem, &self->ends, &self->ends_capacity, self->n_ends + n,
                     sizeof *self->ends, err);
}

static pln_status other_columns(pln_avro_encoder *self, const pln_batch *batch, pln_error *err) {
    pln__text text;
    pln__text_init(&text, self->mem);
    pln__schema_difference(&self->columns, pln_batch_schema(batch), &text);
    pln_status status =
        pln__error_set(err, PLN_ETYPE, "Avro encoder: the batch has another schema: %s",
                       text.data == NULL ? "" : text.data);
    pln__text_free(&text);
    return status;
}

pln_status pln_avro_encode(pln_avro_encoder *self, const pln_batch *batch, int64_t first, int64_t n,
                           int64_t *bad_row, pln_error *err) {
    int64_t rows = pln_batch_rows(batch);
    if (self->inner == NULL)
        return pln__error_set(err, PLN_ESTATE,
                              "Avro encoder: it was made for JSON, without columns");
    if (!pln__schema_fits(pln_batch_schema(batch), &self->columns))
        return other_columns(self, batch, err);
    if (n == -1 && first >= 0 && first <= rows)
        n = rows - first;
    if (first < 0 || n < 0 || first > rows || n > rows - first)
        return pln__error_set(err, PLN_EINVAL, "Avro encoder: rows %lld and %lld more of %lld",
                              (long long)first, (long long)n, (long long)rows);
    pln_status status = room_for_ends(self, n, err);
    if (status < 0)
        return status;
    pln__avro_output rows_out = {.rows = pln_batch_array(batch),
                                 .first = first,
                                 .n = n,
                                 .ends = self->ends + self->n_ends};
    status = pln__avro_encode(self->inner, &rows_out, &self->bytes, err);
    int64_t bad = rows_out.bad_row;
    self->n_ends += bad < 0 ? n : bad - first;
    if (bad_row != NULL)
        *bad_row = bad;
    return status;
}

pln_status pln_avro_encode_json(pln_avro_encoder *self, const char *text, int64_t size,
                                pln_error *err) {
    pln_status status = room_for_ends(self, 1, err);
    if (status >= 0)
        status = pln__avro_from_json(self->mem, self->avro, text, size, &self->bytes, err);
    if (status >= 0)
        self->ends[self->n_ends++] = self->bytes.size;
    return status;
}

const uint8_t *pln_avro_encoder_bytes(const pln_avro_encoder *self, int64_t *size) {
    *size = self->bytes.size;
    return self->bytes.data;
}

const int64_t *pln_avro_encoder_ends(const pln_avro_encoder *self, int64_t *rows) {
    *rows = self->n_ends;
    return self->ends;
}

void pln_avro_encoder_clear(pln_avro_encoder *self) {
    self->bytes.size = self->n_ends = 0;
}

/* ---- JSON ---- */

pln_status pln_avro_resolution_new(pln_runtime *runtime, const pln_avro_schema *writer,
                                   const pln_avro_schema *reader, const pln_avro_limits *limits,
                                   pln_avro_resolution **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    pln_avro_resolution *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    PLN__TRY(limits_of(limits, &self->limits, err));
    PLN__TRY(pln__avro_resolve(mem, writer, reader == NULL ? writer : reader, &self->inner, err));
    *out = self;
out:
    if (status < 0)
        pln_avro_resolution_free(self);
    return status;
}

void pln_avro_resolution_free(pln_avro_resolution *self) {
    if (self == NULL)
        return;
    pln__avro_resolution_free(self->inner);
    pln__buffer_free(self->mem, &self->padded);
    pln__free(self->mem, self, sizeof *self);
}

pln_status pln_avro_resolution_json(pln_avro_resolution *self, const uint8_t *bytes, int64_t size,
                                    int64_t *used, char **json, pln_error *err) {
    pln__text text;
    *used = 0;
    *json = NULL;
    if (size < 0)
        return pln__error_set(err, PLN_EINVAL, "Avro data: a size of %lld", (long long)size);
    pln_status status = padded(self->mem, bytes, size, &self->padded, err);
    if (status < 0)
        return status;
    pln__text_init(&text, self->mem);
    status =
        pln__avro_to_json(self->inner, &self->limits, self->padded.data, size, used, &text, err);
    if (status >= 0) {
        *json = pln__text_take(&text);
        status = *json == NULL ? pln__error_memory(err, 0) : PLN_OK;
    }
    pln__text_free(&text);
    return status;
}

/* ---- frames ---- */

static pln_status check_frame(const pln_avro_frame *frame, pln_error *err) {
    return frame->struct_size >= sizeof *frame
               ? PLN_OK
               : pln__error_set(err, PLN_EINVAL, "frame: struct_size is %u, at least %u are needed",
                                frame->struct_size, (unsigned)sizeof *frame);
}

pln_status pln_avro_frame_read(const uint8_t *bytes, int64_t size, pln_avro_frame *out,
                               pln_error *err) {
    pln__avro_frame frame;
    pln_status status = check_frame(out, err);
    if (status >= 0)
        status = pln__avro_frame_read(bytes, size, &frame, err);
    if (status < 0)
        return status;
    out->form = frame.form;
    out->fingerprint = frame.fingerprint;
    out->id = frame.id;
    memcpy(out->guid, frame.guid, sizeof out->guid);
    out->size = (int32_t)frame.size;
    return PLN_OK;
}

pln_status pln_avro_frame_write(const pln_avro_frame *frame, uint8_t *out, int64_t *size,
                                pln_error *err) {
    pln__avro_frame inner = {.form = frame->form};
    pln_status status = check_frame(frame, err);
    if (status < 0)
        return status;
    inner.fingerprint = frame->fingerprint;
    inner.id = frame->id;
    memcpy(inner.guid, frame->guid, sizeof inner.guid);
    return pln__avro_frame_bytes(&inner, out, size, err);
}
