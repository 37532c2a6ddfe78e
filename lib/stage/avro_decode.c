#include "stage/avro_stage.h"

/*
 * Data of one writer's schema: its decoder, or why there is none. A schema that was not found may be registered any moment, and yet a row must not cost
 * a question each: the answer stands for ASK_AGAIN_US. Frames can be made up without end: with more than SOURCES_MAX we begin anew.
 */
typedef struct source {
    pln__avro_decoder *decoder;
    char *refusal;
    int64_t until_us; /* of the monotonic clock */
} source;
enum { ASK_AGAIN_US = 5000000, SOURCES_MAX = 10000 };

typedef struct decode_stage {
    const pln_allocator *mem;
    char *column;
    int32_t frame;
    bool extend;
    pln__avro_registry registry;
    pln__avro_schema *reader, *writer;
    uint64_t reader_mark, writer_mark; /* fingerprints in front of single objects */
    pln__avro_decoder *bare, *own;     /* of the writer's and the reader's schema */
    pln__map *names;                   /* what a frame says -> index in sources */
    source *sources;
    int64_t n_sources, sources_capacity;
    int64_t from; /* index of the column */
    pln__buffer copy;
    int32_t *rows; /* those that were decoded */
    int64_t n_rows, rows_capacity;
    struct ArrowArray *pieces;
    int64_t n_pieces, pieces_capacity;
    pln__avro_decoder *current;
} decode_stage;

static void drop_pieces(decode_stage *d) {
    for (int64_t i = 0; i < d->n_pieces; i++)
        pln__array_release(&d->pieces[i]);
    d->n_pieces = 0;
}

static void drop_sources(decode_stage *d) {
    for (int64_t i = 0; i < d->n_sources; i++) {
        pln__avro_decoder_free(d->sources[i].decoder);
        pln__strfree(d->mem, d->sources[i].refusal);
    }
    d->n_sources = 0;
    pln__map_free(d->names);
    d->names = NULL;
}

static void decode_close(void *self, pln_context *ctx) {
    decode_stage *d = self;
    (void)ctx;
    drop_pieces(d);
    drop_sources(d);
    pln__free(d->mem, d->sources, (uint64_t)d->sources_capacity * sizeof *d->sources);
    pln__free(d->mem, d->rows, (uint64_t)d->rows_capacity * sizeof *d->rows);
    pln__free(d->mem, d->pieces, (uint64_t)d->pieces_capacity * sizeof *d->pieces);
    pln__buffer_free(d->mem, &d->copy);
    pln__avro_decoder_free(d->bare);
    pln__avro_decoder_free(d->own);
    pln__avro_schema_unref(d->reader);
    pln__avro_schema_unref(d->writer);
    pln__avro_registry_close(&d->registry);
    pln__strfree(d->mem, d->column);
    pln__free(d->mem, d, sizeof *d);
}

/* The reader's schema: as text, or the version of a subject. */
static pln_status find_reader(decode_stage *d, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    const char *subject = host->config_text(config, "subject");
    int64_t version = host->config_int(config, "version");
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln_status status = pln__avro_option_schema(ctx, config, "schema", &d->reader, err);
    if (status < 0 || d->reader != NULL)
        return status;
    if (subject == NULL || d->registry.at == NULL)
        return pln__error_set(
            err, PLN_EOPTION,
            "option 'schema': rows need a reader's schema, here or as 'subject' of a registry");
    if (version < 0 || version > INT32_MAX)
        return pln__error_set(err, PLN_EOPTION, "option 'version': %lld is none",
                              (long long)version);
    status = d->registry.calls->version(d->registry.at, subject,
                                        version == 0 ? PLN_SCHEMA_LATEST : (int32_t)version, 0,
                                        &entry, err);
    if (status >= 0)
        status = d->registry.calls->schema(d->registry.at, entry.id, &d->reader, err);
    if (status < 0)
        pln__error_prefix(err, "option 'subject'");
    return status;
}

static pln_status begin_sources(decode_stage *d, pln_context *ctx, pln_error *err) {
    uint64_t seed = 0;
    ctx->host->random(ctx, &seed, sizeof seed);
    drop_sources(d);
    d->names = pln__map_new(d->mem, seed);
    return d->names == NULL ? pln__error_memory(err, 64) : PLN_OK;
}

static pln_status set_up(decode_stage *d, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    PLN__TRY(pln__stage_text(d->mem, host->config_text(config, "column"), &d->column, err));
    d->frame = pln__avro_frame_of(host->config_text(config, "frame"));
    d->extend = strcmp(host->config_text(config, "output"), "extend") == 0;
    PLN__TRY(pln__avro_registry_open(ctx, config, &d->registry, err));
    if (d->frame != PLN__FRAME_ANY)
        PLN__TRY(pln__avro_need_registry(&d->registry, d->frame, err));
    PLN__TRY(find_reader(d, ctx, config, err));
    PLN__TRY(pln__avro_option_schema(ctx, config, "writer_schema", &d->writer, err));
    if (d->writer == NULL)
        d->writer = pln__avro_schema_ref(d->reader);
    PLN__TRY(pln__avro_rabin(d->reader, &d->reader_mark, err));
    PLN__TRY(pln__avro_rabin(d->writer, &d->writer_mark, err));
    PLN__TRY(pln__avro_decoder_new(d->mem, d->writer, d->reader, NULL, &d->bare, err));
    PLN__TRY(pln__avro_decoder_new(d->mem, d->reader, NULL, NULL, &d->own, err));
    status = begin_sources(d, ctx, err);
out:
    return status;
}

static pln_status decode_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    decode_stage *d = pln__calloc(mem, 1, sizeof *d);
    (void)user;
    if (d == NULL)
        return pln__error_memory(err, sizeof *d);
    d->mem = mem;
    pln_status status = set_up(d, ctx, config, err);
    if (status < 0)
        decode_close(d, ctx);
    else
        *self = d;
    return status;
}

/* ---- columns ---- */

static pln_status extended(const decode_stage *d, const struct ArrowSchema *in,
                           const struct ArrowSchema *made, struct ArrowSchema *out,
                           pln_error *err) {
    pln_status status = PLN_OK;
    int64_t at = 0;
    PLN__TRY(pln__field_new(d->mem, "+s", in->name == NULL ? "" : in->name, false,
                            in->n_children - 1 + made->n_children, out, err));
    for (int64_t i = 0; i < in->n_children; i++)
        if (i != d->from)
            PLN__TRY(pln__schema_copy(d->mem, in->children[i], out->children[at++], err));
    for (int64_t i = 0; i < made->n_children; i++) {
        int64_t twin = pln__schema_find(in, made->children[i]->name);
        if (twin >= 0 && twin != d->from)
            PLN__FAIL(err, PLN_EOPTION,
                      "option 'output': the input and the schema both have a column '%s'",
                      made->children[i]->name);
        PLN__TRY(pln__schema_copy(d->mem, made->children[i], out->children[at++], err));
    }
out:
    return status;
}

static pln_status decode_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    decode_stage *d = self;
    pln__type type;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    d->from = pln__schema_find(in[0], d->column);
    if (d->from < 0)
        return pln__schema_find_error(in[0], d->column, err);
    pln_status status = pln__type_of(in[0]->children[d->from], &type, err);
    if (status < 0)
        return status;
    if (type.id != PLN__BINARY) {
        char shown[PLN__TYPE_TEXT_SIZE];
        return pln__error_set(err, PLN_ETYPE, "column %s: expected binary, got %s", d->column,
                              pln__type_text(in[0]->children[d->from], shown));
    }
    const struct ArrowSchema *made = pln__avro_decoder_schema(d->bare);
    return d->extend ? extended(d, in[0], made, out, err)
                     : pln__schema_copy(d->mem, made, out, err);
}

/* ---- who wrote it ---- */

/* What makes one datum bad, and not the run: the registry does not know the schema, or it is of no use. */
static bool is_refusal(pln_status status) {
    return status == PLN_ENOENT || status == PLN_ESYNTAX || status == PLN_ETYPE ||
           status == PLN_EUNSUPPORTED || status == PLN_ELIMIT;
}

/* The place of what a frame names, new or not. */
static pln_status place(decode_stage *d, const void *key, int64_t size, int64_t *at,
                        pln_error *err) {
    if (pln__map_get(d->names, key, size, at))
        return PLN_OK;
    pln_status status = pln__grow(d->mem, &d->sources, &d->sources_capacity, d->n_sources + 1,
                                  sizeof *d->sources, err);
    if (status >= 0)
        status = pln__map_put(d->names, key, size, d->n_sources, err);
    if (status < 0)
        return status;
    *at = d->n_sources++;
    d->sources[*at] = (source){0};
    return PLN_OK;
}

static pln_status ask(decode_stage *d, const pln__avro_frame *frame, pln__avro_decoder **out,
                      pln_error *err) {
    pln__avro_schema *writer = NULL;
    *out = NULL;
    pln_status status =
        frame->form == PLN__FRAME_CONFLUENT
            ? d->registry.calls->schema(d->registry.at, frame->id, &writer, err)
            : d->registry.calls->guid_schema(d->registry.at, frame->guid, &writer, err);
    if (status >= 0)
        status = pln__avro_decoder_new(d->mem, writer, d->reader, NULL, out, err);
    pln__avro_schema_unref(writer);
    return status;
}

/* The answer to a question that failed: PLN_EDATA with the reason, which is kept, where it is this datum's alone. */
static pln_status refuse(decode_stage *d, source *s, pln_status status, const pln_error *why,
                         int64_t now_us, pln_error *err) {
    if (!is_refusal(status)) {
        if (err != NULL)
            *err = *why;
        return status;
    }
    pln__strfree(d->mem, s->refusal);
    s->refusal = pln__strdup(d->mem, why->message);
    if (s->refusal == NULL)
        return pln__error_memory(err, strlen(why->message) + 1);
    /* What does not fit never will. */
    s->until_us = status == PLN_ENOENT ? now_us + ASK_AGAIN_US : INT64_MAX;
    return pln__error_set(err, PLN_EDATA, "%s", s->refusal);
}

/* A decoder, or PLN_EDATA for this datum alone. */
static pln_status by_registry(decode_stage *d, pln_context *ctx, const pln__avro_frame *frame,
                              pln__avro_decoder **out, pln_error *err) {
    int64_t at = 0;
    bool by_id = frame->form == PLN__FRAME_CONFLUENT;
    const void *key = by_id ? (const void *)&frame->id : frame->guid;
    if (d->registry.at == NULL)
        return pln__error_set(err, PLN_EDATA, "its schema is in a registry, and none is given");
    pln_status status =
        place(d, key, by_id ? (int64_t)sizeof frame->id : (int64_t)sizeof frame->guid, &at, err);
    if (status < 0)
        return status;
    source *s = &d->sources[at];
    *out = s->decoder;
    if (s->decoder != NULL)
        return PLN_OK;
    int64_t now_us = ctx->host->monotonic_us(ctx);
    if (s->refusal != NULL && now_us < s->until_us)
        return pln__error_set(err, PLN_EDATA, "%s", s->refusal);
    pln_error why = {0};
    status = ask(d, frame, &s->decoder, &why);
    *out = s->decoder;
    return status >= 0 ? PLN_OK : refuse(d, s, status, &why, now_us, err);
}

static pln_status decoder_of(decode_stage *d, pln_context *ctx, const uint8_t *bytes, int64_t size,
                             pln__avro_frame *frame, pln__avro_decoder **out, pln_error *err) {
    *frame = (pln__avro_frame){.form = PLN__FRAME_NONE};
    *out = d->bare;
    if (d->frame == PLN__FRAME_NONE)
        return PLN_OK;
    pln_status status = pln__avro_frame_read(bytes, size, frame, err);
    if (status < 0)
        return status;
    if (d->frame != PLN__FRAME_ANY && frame->form != d->frame)
        return pln__error_set(err, PLN_EDATA, "its first byte 0x%02x begins another frame",
                              bytes[0]);
    if (frame->form != PLN__FRAME_SINGLE_OBJECT)
        return by_registry(d, ctx, frame, out, err);
    if (frame->fingerprint == d->writer_mark)
        return PLN_OK;
    *out = d->own;
    return frame->fingerprint == d->reader_mark
               ? PLN_OK
               : pln__error_set(err, PLN_EDATA, "the schema of fingerprint %016llx is not known",
                                (unsigned long long)frame->fingerprint);
}

/* ---- rows ---- */

/* What the decoder holds becomes a piece, without its last row if that has bytes too many. */
static pln_status cut_piece(decode_stage *d, pln__avro_decoder *decoder, bool without_last,
                            pln_error *err) {
    struct ArrowArray whole = {0}, *piece;
    int64_t rows = decoder == NULL ? 0 : pln__avro_decoder_rows(decoder);
    if (rows == 0)
        return PLN_OK;
    pln_status status =
        pln__grow(d->mem, &d->pieces, &d->pieces_capacity, d->n_pieces + 1, sizeof *d->pieces, err);
    if (status >= 0)
        status = pln__avro_decoder_take(decoder, &whole, err);
    if (status < 0)
        return status;
    piece = &d->pieces[d->n_pieces];
    if (!without_last) {
        *piece = whole;
        d->n_pieces++;
        return PLN_OK;
    }
    if (rows > 1 && (status = pln__rows_slice(d->mem, &whole, 0, rows - 1, piece, err)) >= 0)
        d->n_pieces++;
    pln__array_release(&whole);
    return status;
}

static pln_status decode_one(decode_stage *d, pln_context *ctx, const uint8_t *bytes, int64_t size,
                             pln_error *err) {
    pln__avro_frame frame;
    pln__avro_decoder *decoder = NULL;
    pln_status status = decoder_of(d, ctx, bytes, size, &frame, &decoder, err);
    if (status < 0)
        return status;
    if (decoder != d->current) {
        status = cut_piece(d, d->current, false, err);
        if (status < 0)
            return status;
        d->current = decoder;
    }
    pln__avro_input input = {
        .bytes = bytes + frame.size, .size = size - frame.size, .base = frame.size, .rows = 1};
    status = pln__avro_decode(decoder, &input, err);
    if (status < 0)
        return status;
    if (input.rows != 1)
        return pln__error_set(err, PLN_EDATA, "there is no datum");
    if (input.used == input.size)
        return PLN_OK;
    status = cut_piece(d, decoder, true, err);
    return status < 0 ? status
                      : pln__error_set(err, PLN_EDATA, "%lld bytes are left over behind the datum",
                                       (long long)(input.size - input.used));
}

/* A row's bytes; NULL: it is null. */
typedef struct datum {
    int64_t row;
    const uint8_t *bytes;
    int64_t size;
} datum;

static pln_status refuse_row(const decode_stage *d, pln_context *ctx, pln_batch *batch,
                             const datum *at, const char *message, pln_error *err) {
    pln_raw_rejection item = {.position = -1, .line = -1};
    (void)ctx->host->batch_origin(batch, at->row, &item);
    item.code = PLN_EDATA;
    item.reserved = 0;
    item.raw = at->bytes;
    item.raw_size = at->size;
    item.column = d->column;
    item.message = message;
    return ctx->host->reject_raw(ctx, &item, 1, err);
}

static pln_status decode_rows(decode_stage *d, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const struct ArrowArray *values = ctx->host->batch_array(batch)->children[d->from];
    const int32_t *ends = (const int32_t *)values->buffers[1] + values->offset;
    int64_t n = values->length, start = n > 0 ? ends[0] : 0;
    pln_status status = pln__grow(d->mem, &d->rows, &d->rows_capacity, n + 1, sizeof *d->rows, err);
    d->n_rows = 0;
    d->copy.size = 0;
    /* Decoding may look beyond the end of a value; what a host gave us ends where it ends. */
    if (status >= 0 && n > 0)
        status = pln__buffer_append(d->mem, &d->copy,
                                    ends[n] > start ? (const uint8_t *)values->buffers[2] + start
                                                    : (const uint8_t *)"",
                                    ends[n] - start, err);
    if (status >= 0 && n > 0)
        status = pln__buffer_reserve(d->mem, &d->copy, PLN__PADDING, err);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        datum at = {i, d->copy.data + (ends[i] - start), ends[i + 1] - ends[i]};
        pln_error own = {0};
        if (!pln__array_valid(values, i)) {
            at = (datum){i, NULL, 0};
            status = refuse_row(d, ctx, batch, &at, "null holds no datum", err);
            continue;
        }
        status = decode_one(d, ctx, at.bytes, at.size, &own);
        if (status >= 0)
            d->rows[d->n_rows++] = (int32_t)i;
        else if (status == PLN_EDATA)
            status = refuse_row(d, ctx, batch, &at, own.message, err);
        else if (err != NULL)
            *err = own;
    }
    return status;
}

static pln_status join_pieces(decode_stage *d, struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    if (d->n_pieces == 1) {
        *out = d->pieces[0];
        d->n_pieces = 0;
        return PLN_OK;
    }
    const struct ArrowArray **list = pln__calloc(d->mem, (uint64_t)d->n_pieces, sizeof *list);
    if (list == NULL)
        return pln__error_memory(err, (uint64_t)d->n_pieces * sizeof *list);
    for (int64_t i = 0; i < d->n_pieces; i++)
        list[i] = &d->pieces[i];
    status =
        pln__array_concat(d->mem, pln__avro_decoder_schema(d->bare), list, d->n_pieces, out, err);
    pln__free(d->mem, list, (uint64_t)d->n_pieces * sizeof *list);
    drop_pieces(d);
    return status;
}

/* The input's other columns, then those of `made`, which is consumed. */
static pln_status widen(decode_stage *d, const struct ArrowSchema *schema,
                        const struct ArrowArray *in, struct ArrowArray *made,
                        struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = in->n_children - 1 + made->n_children, at = 0;
    struct ArrowArray *columns = pln__calloc(d->mem, (uint64_t)n + 1, sizeof *columns);
    if (columns == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)n * sizeof *columns));
    for (int64_t i = 0; i < in->n_children; i++) {
        if (i == d->from)
            continue;
        PLN__TRY(d->n_rows == in->length
                     ? pln__array_share(d->mem, in->children[i], &columns[at], err)
                     : pln__array_take(d->mem, schema->children[i], in->children[i], d->rows,
                                       d->n_rows, &columns[at], err));
        at++;
    }
    for (int64_t i = 0; i < made->n_children; i++)
        PLN__TRY(pln__array_share(d->mem, made->children[i], &columns[at++], err));
    status = pln__array_struct(d->mem, d->n_rows, columns, n, out, err);
    at = 0;
out:
    for (int64_t i = 0; columns != NULL && i < at; i++)
        pln__array_release(&columns[i]);
    pln__free(d->mem, columns, (uint64_t)(n + 1) * sizeof *columns);
    pln__array_release(made);
    return status;
}

static pln_status emit_rows(decode_stage *d, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const pln_host *host = ctx->host;
    struct ArrowArray made = {0}, wide = {0};
    pln_batch *out = NULL;
    if (d->n_rows == 0)
        return PLN_OK;
    pln_status status = join_pieces(d, &made, err);
    if (status >= 0 && d->extend) {
        status = widen(d, host->batch_schema(batch), host->batch_array(batch), &made, &wide, err);
        made = wide;
    }
    if (status >= 0)
        status = host->batch_derive(ctx, 0, batch, d->rows, d->n_rows, &made, &out, err);
    return status < 0 ? status : host->emit(ctx, 0, out, err);
}

static pln_status decode_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    decode_stage *d = self;
    pln_status status = PLN_OK;
    (void)port;
    d->current = NULL;
    if (d->n_sources > SOURCES_MAX)
        status = begin_sources(d, ctx, err);
    if (status >= 0)
        status = decode_rows(d, ctx, batch, err);
    if (status >= 0)
        status = cut_piece(d, d->current, false, err);
    if (status >= 0)
        status = emit_rows(d, ctx, batch, err);
    if (status < 0) {
        struct ArrowArray rest = {0};
        if (d->current != NULL && pln__avro_decoder_rows(d->current) > 0 &&
            pln__avro_decoder_take(d->current, &rest, NULL) >= 0)
            pln__array_release(&rest);
        drop_pieces(d);
    }
    return status;
}

static const pln_option options[] = {
    {"column", PLN_OPT_COLUMN, 1, NULL, NULL, "the binary column with one datum a row"},
    {"frame", PLN_OPT_ENUM, 0, "\"none\"", "none|single-object|confluent|confluent-guid|any",
     "what stands in front of a datum and names its writer's schema; with any each row may have another, but not none"},
    {"schema", PLN_OPT_TEXT, 0, NULL, NULL,
     "the reader's schema: its fields become the columns, whatever the writers had"},
    {"writer_schema", PLN_OPT_TEXT, 0, NULL, NULL,
     "the schema of data without a frame, or of single objects, if it is not the reader's"},
    {"subject", PLN_OPT_TEXT, 0, NULL, NULL,
     "the subject of the registry that has the reader's schema, instead of schema"},
    {"version", PLN_OPT_INT, 0, "0", NULL, "the version of subject; 0: the latest when the run begins"},
    PLN__AVRO_REGISTRY_OPTIONS,
    {"output", PLN_OPT_ENUM, 0, "\"replace\"", "replace|extend",
     "whether the decoded columns are all that goes on, or stand behind the other columns of the input"},
    {0}};

const pln_transform pln__avro_decode_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "avro.decode",
    .summary = "Decodes a binary column of Avro data into columns.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = decode_open,
    .process = decode_process,
    .close = decode_close,
    .schema = decode_schema,
};
