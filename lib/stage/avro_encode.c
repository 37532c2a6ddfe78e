#include "stage/avro_stage.h"

typedef struct encode_stage {
    const pln_allocator *mem;
    char *column, *name, *subject;
    int32_t frame;
    bool extend, add;
    pln__avro_registry registry;
    pln__avro_schema *given;
    pln__avro_encoder *encoder;
    uint8_t front[PLN__AVRO_FRAME_MAX];
    int64_t front_size;
    struct ArrowSchema made; /* the column with the bytes */
    pln__buffer bytes;
    int64_t *ends;
    int64_t ends_capacity;
    int32_t *rows; /* those that were encoded */
    int64_t n_rows, rows_capacity;
    pln__column out;
    bool has_out;
} encode_stage;

static void forget(encode_stage *e) {
    pln__avro_encoder_free(e->encoder);
    e->encoder = NULL;
    if (e->has_out)
        pln__column_free(&e->out);
    e->has_out = false;
    pln__schema_release(&e->made);
}

static void encode_close(void *self, pln_context *ctx) {
    encode_stage *e = self;
    (void)ctx;
    forget(e);
    pln__avro_schema_unref(e->given);
    pln__avro_registry_close(&e->registry);
    pln__buffer_free(e->mem, &e->bytes);
    pln__free(e->mem, e->ends, (uint64_t)e->ends_capacity * sizeof *e->ends);
    pln__free(e->mem, e->rows, (uint64_t)e->rows_capacity * sizeof *e->rows);
    pln__strfree(e->mem, e->column);
    pln__strfree(e->mem, e->name);
    pln__strfree(e->mem, e->subject);
    pln__free(e->mem, e, sizeof *e);
}

static pln_status set_up(encode_stage *e, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const char *subject = host->config_text(config, "subject");
    PLN__TRY(pln__stage_text(e->mem, host->config_text(config, "column"), &e->column, err));
    PLN__TRY(pln__stage_text(e->mem, host->config_text(config, "name"), &e->name, err));
    if (subject != NULL)
        PLN__TRY(pln__stage_text(e->mem, subject, &e->subject, err));
    e->frame = pln__avro_frame_of(host->config_text(config, "frame"));
    e->extend = strcmp(host->config_text(config, "output"), "extend") == 0;
    e->add = host->config_int(config, "register") != 0;
    PLN__TRY(pln__avro_registry_open(ctx, config, &e->registry, err));
    PLN__TRY(pln__avro_need_registry(&e->registry, e->frame, err));
    if (e->registry.at != NULL && e->subject == NULL)
        PLN__FAIL(err, PLN_EOPTION,
                  "option 'subject': a registry needs to know under which the schema is");
    PLN__TRY(pln__avro_option_schema(ctx, config, "schema", &e->given, err));
out:
    return status;
}

static pln_status encode_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    encode_stage *e = pln__calloc(mem, 1, sizeof *e);
    (void)user;
    if (e == NULL)
        return pln__error_memory(err, sizeof *e);
    e->mem = mem;
    pln_status status = set_up(e, ctx, config, err);
    if (status < 0)
        encode_close(e, ctx);
    else
        *self = e;
    return status;
}

/* ---- the frame: the same for every row ---- */

static pln_status ask(encode_stage *e, const pln__avro_schema *schema, pln__avro_frame *frame,
                      pln_error *err) {
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln__text text;
    pln__text_init(&text, e->mem);
    pln__avro_text(schema, PLN__AVRO_TEXT_FULL, &text);
    pln_status status = pln__text_status(&text, err);
    if (status >= 0) {
        pln_schema_draft draft = {
            .struct_size = sizeof draft, .subject = e->subject, .schema = text.data};
        status = e->add ? e->registry.calls->put(e->registry.at, &draft, &entry, err)
                        : e->registry.calls->lookup(e->registry.at, &draft, &entry, err);
    }
    pln__text_free(&text);
    if (status < 0) {
        pln__error_prefix(err, e->add ? "the schema cannot be registered"
                                      : "the schema is not registered");
        return status;
    }
    frame->id = (uint32_t)entry.id;
    /* Who answers an id may leave the bytes to be asked for. */
    if (frame->form == PLN__FRAME_CONFLUENT_GUID && !entry.has_guid) {
        int64_t id = entry.id;
        entry = (pln_schema_entry){.struct_size = sizeof entry};
        status = e->registry.calls->id(e->registry.at, id, &entry, err);
        if (status >= 0 && !entry.has_guid)
            status = pln__error_set(err, PLN_EUNSUPPORTED, "the registry gives schemas no GUIDs");
    }
    memcpy(frame->guid, entry.guid, sizeof frame->guid);
    return status < 0 ? status : PLN_OK;
}

static pln_status make_front(encode_stage *e, const pln__avro_schema *schema, pln_error *err) {
    pln__avro_frame frame = {.form = e->frame};
    pln_status status = PLN_OK;
    if (e->registry.at != NULL)
        status = ask(e, schema, &frame, err);
    if (status >= 0 && e->frame == PLN__FRAME_SINGLE_OBJECT)
        status = pln__avro_rabin(schema, &frame.fingerprint, err);
    return status < 0 ? status : pln__avro_frame_bytes(&frame, e->front, &e->front_size, err);
}

/* ---- columns ---- */

static pln_status describe(const encode_stage *e, const struct ArrowSchema *in,
                           struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = e->extend ? in->n_children : 0;
    if (e->extend && pln__schema_find(in, e->column) >= 0)
        return pln__error_set(err, PLN_EOPTION, "option 'column': the input has a column '%s'",
                              e->column);
    PLN__TRY(
        pln__field_new(e->mem, "+s", in->name == NULL ? "" : in->name, false, n + 1, out, err));
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__schema_copy(e->mem, in->children[i], out->children[i], err));
    PLN__TRY(pln__schema_copy(e->mem, &e->made, out->children[n], err));
out:
    return status;
}

static pln_status encode_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    encode_stage *e = self;
    pln__avro_schema *schema = NULL;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    forget(e);
    if (e->given != NULL)
        schema = pln__avro_schema_ref(e->given);
    else
        PLN__TRY(pln__avro_from_arrow(e->mem, in[0], e->name, &schema, err));
    PLN__TRY(pln__avro_encoder_new(e->mem, schema, in[0], &e->encoder, err));
    PLN__TRY(make_front(e, schema, err));
    PLN__TRY(pln__field_new(e->mem, "z", e->column, false, 0, &e->made, err));
    PLN__TRY(pln__column_init(e->mem, &e->made, &e->out, err));
    e->has_out = true;
    PLN__TRY(describe(e, in[0], out, err));
out:
    pln__avro_schema_unref(schema);
    return status;
}

/* ---- rows ---- */

/* The encoder begins with "row 5: ", which is of the batch; what is said of a row must not depend on the borders of batches. */
static const char *without_row(const char *message) {
    const char *colon = strncmp(message, "row ", 4) == 0 ? strstr(message, ": ") : NULL;
    return colon != NULL ? colon + 2 : message;
}

/* Rows [first, ..) as far as they go; the rows that were encoded are noted, the one that could not be is rejected. */
static pln_status encode_some(encode_stage *e, pln_context *ctx, pln_batch *batch, int64_t *first,
                              pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_error own = {0};
    pln__avro_output output = {.rows = rows,
                               .first = *first,
                               .n = rows->length - *first,
                               .ends = e->ends + e->n_rows,
                               .bad_row = -1};
    pln_status status = pln__avro_encode(e->encoder, &output, &e->bytes, &own);
    int64_t stop = status == PLN_EDATA ? output.bad_row : rows->length;
    if (status < 0 && (status != PLN_EDATA || output.bad_row < 0)) {
        if (err != NULL)
            *err = own;
        return status;
    }
    for (int64_t row = *first; row < stop; row++)
        e->rows[e->n_rows++] = (int32_t)row;
    *first = stop + 1;
    if (status >= 0)
        return PLN_OK;
    pln_rejection item = {stop, PLN_EDATA, 0, NULL, without_row(own.message)};
    return ctx->host->reject(ctx, batch, &item, 1, err);
}

static pln_status put_framed(encode_stage *e, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t start = 0;
    PLN__TRY(
        pln__column_reserve(&e->out, e->n_rows, e->bytes.size + e->n_rows * e->front_size, err));
    for (int64_t i = 0; i < e->n_rows; i++) {
        uint8_t *to = e->out.data.data + e->out.data.size;
        int64_t size = e->ends[i] - start;
        memcpy(to, e->front, (size_t)e->front_size);
        if (size > 0)
            memcpy(to + e->front_size, e->bytes.data + start, (size_t)size);
        e->out.data.size += e->front_size + size;
        int32_t end = (int32_t)e->out.data.size;
        memcpy(e->out.offsets.data + (e->out.length + 1) * (int64_t)sizeof end, &end, sizeof end);
        e->out.length++;
        start = e->ends[i];
    }
out:
    return status;
}

static pln_status emit_rows(encode_stage *e, pln_context *ctx, pln_batch *batch, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const struct ArrowSchema *schema = host->batch_schema(batch);
    const struct ArrowArray *in = host->batch_array(batch);
    int64_t n = e->extend ? in->n_children : 0, at = 0;
    pln_batch *out = NULL;
    struct ArrowArray array = {0}, *columns = pln__calloc(e->mem, (uint64_t)n + 1, sizeof *columns);
    if (columns == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)n * sizeof *columns));
    for (; at < n; at++)
        PLN__TRY(e->n_rows == in->length
                     ? pln__array_share(e->mem, in->children[at], &columns[at], err)
                     : pln__array_take(e->mem, schema->children[at], in->children[at], e->rows,
                                       e->n_rows, &columns[at], err));
    PLN__TRY(pln__column_finish(&e->out, &columns[at], err));
    at = 0;
    PLN__TRY(pln__array_struct(e->mem, e->n_rows, columns, n + 1, &array, err));
    PLN__TRY(host->batch_derive(ctx, 0, batch, e->rows, e->n_rows, &array, &out, err));
    PLN__TRY(host->emit(ctx, 0, out, err));
out:
    for (int64_t i = 0; columns != NULL && i < at; i++)
        pln__array_release(&columns[i]);
    pln__free(e->mem, columns, (uint64_t)(n + 1) * sizeof *columns);
    return status;
}

static pln_status encode_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    encode_stage *e = self;
    int64_t n = ctx->host->batch_array(batch)->length, first = 0;
    (void)port;
    e->n_rows = e->bytes.size = 0;
    pln__column_truncate(&e->out, 0);
    PLN__TRY(pln__grow(e->mem, &e->rows, &e->rows_capacity, n + 1, sizeof *e->rows, err));
    PLN__TRY(pln__grow(e->mem, &e->ends, &e->ends_capacity, n + 1, sizeof *e->ends, err));
    while (first < n)
        PLN__TRY(encode_some(e, ctx, batch, &first, err));
    if (e->bytes.size + e->n_rows * e->front_size > INT32_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "column %s: the data of one batch is beyond 2 GiB", e->column);
    if (e->n_rows > 0) {
        PLN__TRY(put_framed(e, err));
        PLN__TRY(emit_rows(e, ctx, batch, err));
    }
out:
    return status;
}

static const pln_option options[] = {
    {"column", PLN_OPT_TEXT, 0, "\"value\"", NULL, "the name of the binary column that is made"},
    {"frame", PLN_OPT_ENUM, 0, "\"none\"", "none|single-object|confluent|confluent-guid",
     "what stands in front of each datum and names its schema"},
    {"schema", PLN_OPT_TEXT, 0, NULL, NULL,
     "the schema to write with; if it is not given, the one that holds the input's columns"},
    {"name", PLN_OPT_TEXT, 0, "\"row\"", NULL, "the name of the record where no schema is given"},
    {"subject", PLN_OPT_TEXT, 0, NULL, NULL, "the subject of the registry under which the schema is"},
    {"register", PLN_OPT_BOOL, 0, "false", NULL,
     "whether a schema that the subject does not have is registered, or refused"},
    PLN__AVRO_REGISTRY_OPTIONS,
    {"output", PLN_OPT_ENUM, 0, "\"replace\"", "replace|extend",
     "whether the binary column is all that goes on, or stands behind the input's columns"},
    {0}};

const pln_transform pln__avro_encode_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "avro.encode",
    .summary = "Encodes each row as Avro data in a binary column.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = encode_open,
    .process = encode_process,
    .close = encode_close,
    .schema = encode_schema,
};
