#include "connect/file/parts.h"

enum { CHUNK_BYTES = 1 << 20, HEAD_BYTES = 1 << 16 };

typedef struct file_sink {
    const pln_allocator *mem;
    pln__file_dialect dialect;
    pln__encoder *encoder;
    struct ArrowSchema *schema; /* the encoder's, which keeps its address */
    pln__buffer text;          /* encoded, not written yet; at most a chunk and a batch */
    pln__output output;
    int32_t descriptor; /* -1: a path is written */
    bool begun;         /* descriptor: what stands at the start of a file was encoded */
    bool begun_written; /* ... and is out */
    bool at_once;       /* descriptor: rows are not held back until flush */
    bool gzip;
    int32_t level;
    bool write_empty;
    bool finished;
    bool resumed; /* the file goes on behind what an earlier owner has committed; the encoder does not know yet */
} file_sink;

static void free_schema(const pln_allocator *mem, struct ArrowSchema *schema) {
    if (schema == NULL)
        return;
    pln__schema_release(schema);
    pln__free(mem, schema, sizeof *schema);
}

static void sink_free(file_sink *sink) {
    const pln_allocator *mem = sink->mem;
    if (sink->encoder != NULL)
        sink->dialect.format->encoder->close(sink->encoder);
    free_schema(mem, sink->schema);
    pln__buffer_free(mem, &sink->text);
    pln__output_free(&sink->output);
    pln__file_dialect_free(&sink->dialect);
    pln__free(mem, sink, sizeof *sink);
}

static bool ends_in(const char *text, const char *end) {
    size_t n = text == NULL ? 0 : strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static pln_status open_target(file_sink *sink, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    pln_identity who = {.struct_size = sizeof who};
    bool by_path = host->config_has(config, "path") != 0;
    if (by_path == (host->config_has(config, "fd") != 0))
        return pln__error_set(err, PLN_EOPTION, "options 'path', 'fd': %s",
                              by_path ? "only one of them may be set" : "one of them is required");
    host->identity(ctx, &who);
    if (by_path) {
        pln__output_options options = {.path = host->config_text(config, "path"), .identity = &who,
                                       .make_directories = host->config_int(config, "mkdir") != 0};
        return pln__output_init(&sink->output, sink->mem, host->files(ctx), &options, err);
    }
    intptr_t fd = (intptr_t)host->config_handle(config, "fd");
    if (fd < 0 || fd > INT32_MAX)
        return pln__error_set(err, PLN_EOPTION, "option 'fd': %lld is no descriptor",
                              (long long)fd);
    sink->descriptor = (int32_t)fd;
    sink->at_once = who.mode == 2;
    return host->lacks(ctx,
                       "writes to a descriptor (option 'fd'): what is out cannot be taken back, "
                       "and each row is written at least once",
                       err);
}

static pln_status open_compression(file_sink *sink, const pln_host *host, const pln_config *config,
                                   pln_error *err) {
    int32_t compression = pln__file_compression(host, config);
    int64_t level = host->config_int(config, "compression_level");
    sink->gzip =
        compression == PLN__COMPRESSION_GZIP ||
        (compression == PLN__COMPRESSION_AUTO && ends_in(host->config_text(config, "path"), ".gz"));
    if (level < 1 || level > 9)
        return pln__error_set(err, PLN_EOPTION, "option 'compression_level': %lld is not in 1 to 9",
                              (long long)level);
    sink->level = (int32_t)level;
    return PLN_OK;
}

/* A format with schemas of its own; it marks its blocks with random bytes, too. */
static pln_status open_schema(file_sink *sink, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    pln__config_schema text = {0};
    pln_status status = PLN_OK;
    pln__avro_write_dialect *avro = &sink->dialect.avro_write;
    ctx->host->random(ctx, avro->sync, sizeof avro->sync);
    if (!ctx->host->config_has(config, "schema"))
        return PLN_OK;
    PLN__TRY(pln__config_schema_open(&text, sink->mem, ctx, config, err));
    status = sink->dialect.format->take_schema(&sink->dialect, text.text, text.size, NULL, err);
    if (status < 0)
        pln__error_prefix(err, "schema %s", text.path == NULL ? "in the configuration" : text.path);
out:
    pln__config_schema_free(&text, sink->mem);
    return status < 0 ? status : PLN_OK;
}

static pln_status sink_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_status status = PLN_OK;
    file_sink *sink = pln__calloc(mem, 1, sizeof *sink);
    if (sink == NULL)
        return pln__error_memory(err, sizeof *sink);
    sink->mem = mem;
    sink->descriptor = -1;
    pln__file_dialect_init(&sink->dialect, mem, user);
    if (sink->dialect.format->take_schema == NULL)
        PLN__TRY(open_compression(sink, host, config, err));
    else
        PLN__TRY(open_schema(sink, ctx, config, err));
    sink->write_empty = strcmp(host->config_text(config, "empty"), "write") == 0;
    PLN__TRY(sink->dialect.format->write_options(&sink->dialect, host, config, err));
    PLN__TRY(open_target(sink, ctx, config, err));
    *self = sink;
    return PLN_OK;
out:
    sink_free(sink);
    return status;
}

static void sink_close(void *self, pln_context *ctx) {
    (void)ctx;
    sink_free(self);
}

/* ---- schema ---- */

static bool file_begun(const file_sink *sink) {
    if (sink->descriptor >= 0)
        return sink->begun;
    return sink->output.length > 0 || sink->text.size > 0;
}

static pln_status refuse_schema(const file_sink *sink, const struct ArrowSchema *in,
                                pln_error *err) {
    pln__text difference;
    pln__text_init(&difference, sink->mem);
    pln__schema_difference(sink->schema, in, &difference);
    pln_status status = pln__error_set(err, PLN_ETYPE, "the file has its columns already: %s",
                                       difference.data == NULL ? "" : difference.data);
    pln__text_free(&difference);
    return status;
}

static pln_status sink_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                              pln_error *err) {
    file_sink *sink = self;
    const pln__encoder_table *table = sink->dialect.format->encoder;
    pln_status status = PLN_OK;
    pln__encoder *encoder = NULL;
    struct ArrowSchema *copy;
    (void)ctx;
    if (sink->encoder != NULL && pln__schema_equal(sink->schema, in))
        return PLN_OK;
    if (sink->encoder != NULL && sink->dialect.format != &pln__ndjson_format && file_begun(sink))
        return refuse_schema(sink, in, err);
    copy = pln__calloc(sink->mem, 1, sizeof *copy);
    if (copy == NULL)
        return pln__error_memory(err, sizeof *copy);
    PLN__TRY(pln__schema_copy(sink->mem, in, copy, err));
    PLN__TRY(table->open(sink->mem, sink->dialect.options, copy, &encoder, err));
    if (sink->encoder != NULL)
        table->close(sink->encoder);
    free_schema(sink->mem, sink->schema);
    sink->encoder = encoder;
    sink->schema = copy;
    return PLN_OK;
out:
    free_schema(sink->mem, copy);
    return status;
}

/* ---- rows ---- */

/* Encoded text to the file or descriptor. */
static pln_status drain(file_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer packed = {0};
    const pln__buffer *from = &sink->text;
    int64_t done = 0;
    if (sink->text.size == 0)
        return PLN_OK;
    if (sink->gzip) {
        PLN__TRY(pln__gzip_member(sink->mem, sink->level, sink->text.data, sink->text.size, &packed,
                                  err));
        from = &packed;
    }
    if (sink->descriptor < 0) {
        PLN__TRY(pln__output_append(&sink->output, ctx, from->data, from->size, err));
    } else {
        status = pln__descriptor_write(ctx, sink->descriptor, from->data, from->size, &done, err);
        if (done > 0)
            sink->begun_written = true;
        if (status < 0 && done > 0 && !sink->gzip) {
            /* What is out is out: a second try must not write it again. */
            memmove(sink->text.data, sink->text.data + done, (size_t)(sink->text.size - done));
            sink->text.size -= done;
        }
        PLN__TRY(status);
    }
    sink->text.size = 0;
out:
    pln__buffer_free(sink->mem, &packed);
    return status;
}

/* The encoder goes on in a file of which it has not made the beginning. */
static pln_status resume_file(file_sink *sink, pln_error *err) {
    const pln__encoder_table *table = sink->dialect.format->encoder;
    pln_status status = table->resume == NULL ? PLN_OK : PLN_AGAIN;
    pln__buffer head = {0};
    int64_t size = HEAD_BYTES;
    for (; status == PLN_AGAIN; size *= 4) {
        head.size = 0;
        PLN__TRY(pln__output_head(&sink->output, size, &head, err));
        bool all = head.size < size;
        PLN__TRY(table->resume(sink->encoder, head.data, head.size, err));
        if (status == PLN_AGAIN && all)
            PLN__FAIL(err, PLN_EDATALOSS, "file '%s': what was committed ends in its header",
                      sink->output.temp);
    }
    sink->resumed = false;
out:
    pln__buffer_free(sink->mem, &head);
    return status;
}

static pln_status begin_file(file_sink *sink, pln_error *err) {
    if (sink->resumed)
        return resume_file(sink, err);
    if (file_begun(sink))
        return PLN_OK;
    sink->begun = true;
    return sink->dialect.format->encoder->begin(sink->encoder, &sink->text, err);
}

/* Rows that the format holds back come out: the epoch ends. */
static pln_status finish_rows(file_sink *sink, pln_error *err) {
    const pln__encoder_table *table = sink->dialect.format->encoder;
    return table->finish == NULL || sink->encoder == NULL
               ? PLN_OK
               : table->finish(sink->encoder, &sink->text, err);
}

/* Rows [first, first + n) of the batch, in halves where one of them cannot be written. */
static pln_status encode_rows(file_sink *sink, pln_context *ctx, pln_batch *batch, int64_t first,
                              int64_t n, pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_error why = {0};
    int64_t before = sink->text.size;
    pln_status status;
    if (n == rows->length) {
        status = sink->dialect.format->encoder->encode(sink->encoder, rows, &sink->text, &why);
    } else {
        struct ArrowArray part = {0};
        status = pln__rows_slice(sink->mem, rows, first, n, &part, &why);
        if (status >= 0)
            status = sink->dialect.format->encoder->encode(sink->encoder, &part, &sink->text, &why);
        pln__array_release(&part);
    }
    if (status >= 0)
        return PLN_OK;
    sink->text.size = before;
    if (status != PLN_EDATA) {
        if (err != NULL)
            *err = why;
        return status;
    }
    if (n == 1) {
        pln_rejection item = {.row = first, .code = PLN_EDATA, .message = why.message};
        return ctx->host->reject(ctx, batch, &item, 1, err);
    }
    status = encode_rows(sink, ctx, batch, first, n / 2, err);
    return status < 0 ? status : encode_rows(sink, ctx, batch, first + n / 2, n - n / 2, err);
}

static pln_status sink_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    file_sink *sink = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_status status = PLN_OK;
    if (sink->encoder == NULL)
        PLN__TRY(sink_schema(self, ctx, ctx->host->batch_schema(batch), err));
    if (rows->length == 0)
        return PLN_OK;
    sink->finished = false;
    PLN__TRY(begin_file(sink, err));
    PLN__TRY(encode_rows(sink, ctx, batch, 0, rows->length, err));
    if (sink->at_once)
        PLN__TRY(finish_rows(sink, err));
    if (sink->text.size >= CHUNK_BYTES || sink->at_once)
        PLN__TRY(drain(sink, ctx, err));
out:
    return status;
}

/* ---- epochs ---- */

static pln_status sink_finish(void *self, pln_context *ctx, pln_error *err) {
    file_sink *sink = self;
    (void)ctx;
    (void)err;
    sink->finished = true;
    return PLN_OK;
}

static pln_status sink_flush(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    file_sink *sink = self;
    pln_status status = PLN_OK;
    (void)n;
    if (sink->descriptor < 0)
        return PLN_OK;
    if (sink->finished && sink->write_empty && sink->encoder != NULL)
        PLN__TRY(begin_file(sink, err));
    PLN__TRY(finish_rows(sink, err));
    PLN__TRY(drain(sink, ctx, err));
out:
    return status;
}

/* An empty run has a file, too: its header, or nothing at all. */
static pln_status make_empty(file_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    if (sink->output.length > 0 || sink->text.size > 0 || !sink->write_empty ||
        sink->output.numbered)
        return PLN_OK;
    if (sink->encoder != NULL)
        PLN__TRY(begin_file(sink, err));
    if (sink->text.size == 0 && sink->gzip) {
        pln__buffer packed = {0};
        status = pln__gzip_member(sink->mem, sink->level, NULL, 0, &packed, err);
        if (status >= 0)
            status = pln__output_append(&sink->output, ctx, packed.data, packed.size, err);
        pln__buffer_free(sink->mem, &packed);
    }
    if (status >= 0)
        status = pln__output_ensure(&sink->output, ctx, err);
out:
    return status;
}

static pln_status sink_prepare(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    file_sink *sink = self;
    pln_status status = PLN_OK;
    pln__buffer handle = {0};
    if (sink->descriptor >= 0)
        return PLN_OK;
    if (sink->finished)
        PLN__TRY(make_empty(sink, ctx, err));
    PLN__TRY(finish_rows(sink, err));
    PLN__TRY(drain(sink, ctx, err));
    PLN__TRY(pln__output_prepare(&sink->output, n, sink->finished, &handle, err));
    if (handle.size > 0)
        PLN__TRY(ctx->host->handle_put(ctx, handle.data, handle.size, err));
out:
    pln__buffer_free(sink->mem, &handle);
    return status;
}

static pln_status sink_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *err) {
    file_sink *sink = self;
    (void)ctx;
    (void)n;
    return sink->descriptor >= 0 ? PLN_OK : pln__output_commit(&sink->output, handle, size, err);
}

static pln_status sink_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                             int64_t size, pln_error *err) {
    file_sink *sink = self;
    (void)ctx;
    sink->text.size = 0;
    sink->finished = false;
    if (sink->encoder != NULL && sink->dialect.format->encoder->drop != NULL)
        sink->dialect.format->encoder->drop(sink->encoder);
    if (sink->descriptor < 0)
        return pln__output_abort(&sink->output, n, handle, size, err);
    sink->begun = sink->begun_written;
    return PLN_OK;
}

static pln_status sink_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                               int64_t size, pln_error *err) {
    file_sink *sink = self;
    (void)n;
    if (sink->descriptor >= 0)
        return pln__error_set(err, PLN_EGUARANTEE,
                              "descriptor %d: rows written to a stream cannot be taken back, "
                              "each is written at least once",
                              (int)sink->descriptor);
    pln_status status = pln__output_recover(&sink->output, ctx, handle, size, err);
    sink->resumed = status >= 0 && sink->output.length > 0;
    return status;
}

/* ---- the tables ---- */

#define WRITE_TABLE(title, words, list)                                                            \
    {                                                                                              \
        .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI, .name = title, .summary = words,   \
        .options = list, .option_size = sizeof(pln_option), .caps = PLN_CAP_DETERMINISTIC,         \
        .open = sink_open, .write = sink_write, .close = sink_close, .schema = sink_schema,        \
        .finish = sink_finish, .flush = sink_flush, .prepare = sink_prepare,                       \
        .commit = sink_commit, .abort = sink_abort, .recover = sink_recover                        \
    }

const pln_sink pln__csv_write =
    WRITE_TABLE("csv.write", "Rows to CSV files.", pln__csv_write_options);
const pln_sink pln__ndjson_write = WRITE_TABLE(
    "ndjson.write", "Rows to files with one JSON object a line.", pln__ndjson_write_options);
const pln_sink pln__avro_write =
    WRITE_TABLE("avro.write", "Rows to Avro object container files.", pln__avro_write_options);
