#include "connect/file/parts.h"
#include "schema/schema.h"
#include "store/store.h"

enum { RECORD_BYTES_CEILING = 64 << 20 };

/* A text that origins of batches share. */
typedef struct shared_name {
    int64_t refs;
    const pln_allocator *mem;
    uint64_t size;
    char text[];
} shared_name;

typedef struct file_source {
    const pln_allocator *mem;
    pln__file_dialect dialect;
    struct ArrowSchema schema;
    bool schema_known;
    bool schema_given; /* by the configuration: a saved one does not replace it */
    int64_t sample_bytes;
    int64_t record_bytes_max;
    uint64_t seed;
    int32_t compression;
    pln__reader reader;
    pln__replay *replay;
    pln__decoder *decoder; /* of replayed records */
    bool started;
    bool ended;
    uint32_t wants;
    shared_name *name;
} file_source;

/* ---- opening ---- */

static void source_free(file_source *source) {
    const pln_allocator *mem = source->mem;
    if (source->decoder != NULL)
        source->dialect.format->decoder->close(source->decoder);
    if (source->replay != NULL) {
        pln__replay_free(source->replay);
        pln__free(mem, source->replay, sizeof *source->replay);
    }
    pln__reader_free(&source->reader);
    pln__file_dialect_free(&source->dialect);
    pln__schema_release(&source->schema);
    if (source->name != NULL && __atomic_sub_fetch(&source->name->refs, 1, __ATOMIC_ACQ_REL) == 0)
        pln__free(mem, source->name, source->name->size);
    pln__free(mem, source, sizeof *source);
}

/* Only text formats can read rejected records again: they stand for themselves. */
static bool can_replay(const file_source *source) {
    return source->dialect.format->learn == NULL;
}

static pln_status check_inputs(const file_source *source, const pln_host *host,
                               const pln_config *config, pln_error *err) {
    static const char *const keys[] = {"path", "paths", "fd", "replay"};
    int given = 0;
    for (int i = 0; i < PLN__COUNT(keys) - !can_replay(source); i++)
        given += host->config_has(config, keys[i]) != 0;
    if (given != 1)
        return pln__error_set(err, PLN_EOPTION, "options 'path', 'paths', 'fd'%s: %s",
                              can_replay(source) ? ", 'replay'" : "",
                              given == 0 ? "one of them is required"
                                         : "only one of them may be set");
    return PLN_OK;
}

static pln_status open_inputs(file_source *source, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    pln_status status = PLN_OK;
    PLN__TRY(check_inputs(source, host, config, err));
    pln__reader_init(&source->reader, source->mem, host->files(ctx), source->compression);
    const char *replay = can_replay(source) ? host->config_text(config, "replay") : NULL;
    if (replay != NULL) {
        source->replay = pln__calloc(source->mem, 1, sizeof *source->replay);
        if (source->replay == NULL)
            PLN__TRY(pln__error_memory(err, sizeof *source->replay));
        PLN__TRY(pln__replay_init(source->replay, source->mem, host->files(ctx), replay,
                                  host->config_text(config, "replay_node"), err));
    } else if (host->config_has(config, "fd")) {
        intptr_t fd = (intptr_t)host->config_handle(config, "fd");
        if (fd < 0 || fd > INT32_MAX)
            PLN__FAIL(err, PLN_EOPTION, "option 'fd': %lld is no descriptor", (long long)fd);
        source->reader.descriptor = (int32_t)fd;
        PLN__TRY(host->lacks(ctx,
                             "reads a descriptor (option 'fd'), which cannot be read a second time "
                             "from a saved place: a file by its path can",
                             err));
    } else {
        const char *key = host->config_has(config, "path") ? "path" : "paths";
        for (int64_t i = 0; i < host->config_count(config, key); i++) {
            const char *path = host->config_item(config, key, i, NULL);
            PLN__TRY(pln__file_list_add(&source->reader.list, path == NULL ? "" : path, err));
        }
        PLN__TRY(pln__file_list_done(&source->reader.list, source->seed, err));
    }
out:
    return status;
}

/* A schema as text (inline, or the path of a file), or as a bound ArrowSchema. */
static pln_status open_schema(file_source *source, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    const pln__file_format *format = source->dialect.format;
    pln_status status = PLN_OK;
    pln__config_schema text = {0};
    const struct ArrowSchema *bound =
        format->take_schema == NULL ? host->config_handle(config, "schema_handle") : NULL;
    if (!host->config_has(config, "schema") && bound == NULL)
        return PLN_OK;
    if (bound != NULL && host->config_has(config, "schema"))
        PLN__FAIL(err, PLN_EOPTION,
                  "options 'schema' and 'schema_handle': only one of them may be set");
    if (bound != NULL) {
        PLN__TRY(pln__schema_check(bound, err));
        PLN__TRY(pln__schema_copy(source->mem, bound, &source->schema, err));
    } else {
        PLN__TRY(pln__config_schema_open(&text, source->mem, ctx, config, err));
        status =
            format->take_schema != NULL
                ? format->take_schema(&source->dialect, text.text, text.size, &source->schema, err)
                : pln__schema_from_avro(source->mem, text.text, text.size, &source->schema, err);
        if (status < 0) {
            pln__error_prefix(err, "schema %s",
                              text.path == NULL ? "in the configuration" : text.path);
            goto out;
        }
    }
    source->schema_known = source->schema_given = true;
out:
    pln__config_schema_free(&text, source->mem);
    return status < 0 ? status : PLN_OK;
}

static pln_status open_limits(file_source *source, const pln_host *host, const pln_config *config,
                              pln_error *err) {
    const pln__file_format *format = source->dialect.format;
    if (format->learn != NULL) {
        source->sample_bytes = format->sample_bytes;
        source->record_bytes_max = format->record_bytes_max;
        return PLN_OK;
    }
    source->sample_bytes = host->config_int(config, "sample_bytes");
    source->record_bytes_max = host->config_int(config, "record_bytes_max");
    if (source->record_bytes_max < 1 || source->record_bytes_max > RECORD_BYTES_CEILING)
        return pln__error_set(err, PLN_EOPTION, "option 'record_bytes_max': %lld is not in 1 to %d",
                              (long long)source->record_bytes_max, RECORD_BYTES_CEILING);
    if (source->sample_bytes < 1)
        return pln__error_set(err, PLN_EOPTION, "option 'sample_bytes': at least 1 byte");
    return PLN_OK;
}

static pln_status source_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_status status = PLN_OK;
    file_source *source = pln__calloc(mem, 1, sizeof *source);
    if (source == NULL)
        return pln__error_memory(err, sizeof *source);
    source->mem = mem;
    host->random(ctx, &source->seed, sizeof source->seed);
    pln__file_dialect_init(&source->dialect, mem, user);
    source->compression = pln__file_compression(host, config);
    PLN__TRY(open_limits(source, host, config, err));
    PLN__TRY(source->dialect.format->read_options(&source->dialect, host, config, err));
    PLN__TRY(open_inputs(source, ctx, config, err));
    PLN__TRY(open_schema(source, ctx, config, err));
    if (source->replay != NULL && !source->schema_known)
        PLN__FAIL(err, PLN_EOPTION,
                  "option 'replay': a 'schema' is needed, rejected records are no sample");
    /* A rejected record stands for itself, without the header of the file it was in. */
    if (source->replay != NULL)
        source->dialect.csv.header = false;
    *self = source;
    return PLN_OK;
out:
    source_free(source);
    return status;
}

static void source_close(void *self, pln_context *ctx) {
    (void)ctx;
    source_free(self);
}

/* ---- the schema ---- */

/* A run goes on with the columns that it began with. */
static pln_status same_columns(const struct ArrowSchema *saved, const struct ArrowSchema *found,
                               const pln_allocator *mem, pln_error *err) {
    if (pln__schema_equal(saved, found))
        return PLN_OK;
    pln__text difference;
    pln__text_init(&difference, mem);
    pln__schema_difference(saved, found, &difference);
    pln_status status = pln__error_set(err, PLN_ETYPE,
                                       "the first file has not the columns that the run began "
                                       "with (option 'schema' gives them): %s",
                                       difference.data == NULL ? "" : difference.data);
    pln__text_free(&difference);
    return status;
}

static pln_status infer(file_source *source, const pln__input *input, bool whole, pln_error *err) {
    const pln__file_format *format = source->dialect.format;
    struct ArrowSchema found = {0};
    pln_status status =
        format->learn != NULL
            ? format->learn(&source->dialect, input->sample.data, input->sample.size, whole, &found,
                            err)
            : format->decoder->infer(source->mem, source->dialect.options, input->sample.data,
                                     input->sample.size, whole, &found, err);
    if (status < 0)
        return status;
    if (source->schema_known) {
        status = same_columns(&source->schema, &found, source->mem, err);
        pln__schema_release(&found);
        return status;
    }
    source->schema = found;
    source->schema_known = true;
    return PLN_OK;
}

/* The columns are known, and what the format needs besides. */
static bool learned(const file_source *source) {
    return source->schema_known &&
           (source->dialect.format->learn == NULL || source->dialect.avro_schema != NULL);
}

/* From the first file with a record in it. */
static pln_status infer_from_files(file_source *source, pln_context *ctx, pln_error *err) {
    const pln__file_list *list = &source->reader.list;
    pln_status status = PLN_OK;
    if (list->count == 0)
        return pln__error_set(err, PLN_EDATA,
                              "there is no file to infer a schema from: set option 'schema'");
    for (int64_t i = 0; i < list->count && !learned(source); i++) {
        pln__input input;
        bool whole;
        pln__input_init(&input, source->mem, ctx->host->files(ctx), source->compression);
        status = pln__input_open_file(&input, list->items[i].name, err);
        if (status >= 0)
            status = pln__input_sample(&input, source->sample_bytes, &whole, err);
        if (status >= 0)
            status = infer(source, &input, whole, err);
        pln__input_close(&input);
        if (status < 0)
            pln__error_where(err, "%s", list->items[i].name);
        if (status < 0 && (status != PLN_EDATA || list->items[i].size_bytes > source->sample_bytes))
            return status;
    }
    return learned(source) ? PLN_OK : status;
}

static pln_status infer_from_descriptor(file_source *source, pln_context *ctx, pln_error *err) {
    pln__reader *reader = &source->reader;
    pln_status status = PLN_OK;
    bool whole;
    if (reader->input.descriptor < 0)
        pln__input_open_descriptor(&reader->input, reader->descriptor);
    PLN__TRY(pln__input_sample(&reader->input, source->sample_bytes, &whole, err));
    if (status == PLN_AGAIN) {
        PLN__TRY(ctx->host->wait_fd(ctx, reader->descriptor, PLN_READABLE, err));
        return PLN_AGAIN;
    }
    PLN__TRY(infer(source, &reader->input, whole, err));
out:
    return status;
}

static pln_status source_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                                pln_error *err) {
    file_source *source = self;
    pln_status status = PLN_OK;
    if (!learned(source) && source->reader.descriptor >= 0)
        status = infer_from_descriptor(source, ctx, err);
    else if (!learned(source))
        status = infer_from_files(source, ctx, err);
    return status == PLN_OK ? pln__schema_copy(source->mem, &source->schema, out, err) : status;
}

static pln_status source_schema_load(void *self, pln_context *ctx, const struct ArrowSchema *saved,
                                     pln_error *err) {
    file_source *source = self;
    (void)ctx;
    if (source->schema_given || source->started)
        return PLN_OK;
    if (source->dialect.format->learn != NULL && source->schema_known)
        return same_columns(saved, &source->schema, source->mem, err);
    struct ArrowSchema copy;
    pln_status status = pln__schema_copy(source->mem, saved, &copy, err);
    if (status < 0)
        return status;
    pln__schema_release(&source->schema);
    source->schema = copy;
    source->schema_known = true;
    return PLN_OK;
}

/* ---- rows ---- */

static pln_status start(file_source *source, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema ignored = {0};
    if (!learned(source)) {
        PLN__TRY(source_schema(source, ctx, &ignored, err));
        pln__schema_release(&ignored);
        if (status != PLN_OK)
            return status;
    }
    source->wants = ctx->host->wants(ctx);
    pln__decode_options options = {.schema = &source->schema, .origin = source->wants != 0,
                                   .raw = (source->wants & PLN_WANT_RAW) != 0,
                                   .record_bytes_max = source->record_bytes_max,
                                   .cpu = pln__cpu_features(), .seed = source->seed};
    const pln__decoder_table *table = source->dialect.format->decoder;
    if (source->replay != NULL)
        PLN__TRY(
            table->open(source->mem, source->dialect.options, &options, &source->decoder, err));
    else
        PLN__TRY(pln__reader_start(&source->reader, table, source->dialect.options, &options, err));
    source->started = true;
    status = PLN_OK;
out:
    return status;
}

static pln_status name_split(file_source *source, const char *file, pln_error *err) {
    const char *text = file == NULL ? "" : file;
    if (source->name != NULL && strcmp(source->name->text, text) == 0)
        return PLN_OK;
    uint64_t size = sizeof(shared_name) + strlen(text) + 1;
    shared_name *name = pln__alloc(source->mem, size);
    if (name == NULL)
        return pln__error_memory(err, size);
    *name = (shared_name){1, source->mem, size};
    memcpy(name->text, text, strlen(text) + 1);
    if (source->name != NULL && __atomic_sub_fetch(&source->name->refs, 1, __ATOMIC_ACQ_REL) == 0)
        pln__free(source->mem, source->name, source->name->size);
    source->name = name;
    return PLN_OK;
}

/* Everything that the origin of a batch points to. */
typedef struct origin_owner {
    const pln_allocator *mem;
    shared_name *name;
    pln__block *block; /* NULL if the raw bytes are not wanted, or are not in it */
    pln__keeper *keep; /* of raw bytes that are elsewhere */
    pln__buffer start;
    pln__buffer size;
    pln__buffer line;
    pln__buffer position;
} origin_owner;

static void origin_release(void *arg) {
    origin_owner *owner = arg;
    const pln_allocator *mem = owner->mem;
    pln__buffer_free(mem, &owner->start);
    pln__buffer_free(mem, &owner->size);
    pln__buffer_free(mem, &owner->line);
    pln__buffer_free(mem, &owner->position);
    pln__block_unref(owner->block);
    if (owner->keep != NULL)
        owner->keep->release(owner->keep);
    if (owner->name != NULL && __atomic_sub_fetch(&owner->name->refs, 1, __ATOMIC_ACQ_REL) == 0)
        pln__free(mem, owner->name, owner->name->size);
    pln__free(mem, owner, sizeof *owner);
}

static void add_to_all(int64_t *values, int64_t n, int64_t by) {
    for (int64_t i = 0; i < n; i++)
        values[i] += by;
}

/* The rows' bytes stay: in the block that was read, or where the decoder has put them. */
static void keep_raw(pln__chunk *chunk, origin_owner *owner) {
    pln__decoded *decoded = &chunk->decoded;
    owner->start = decoded->row_start;
    owner->size = decoded->row_size;
    decoded->row_start = decoded->row_size = (pln__buffer){0};
    owner->keep = decoded->keep;
    decoded->keep = NULL;
    if (owner->keep == NULL)
        owner->block = pln__block_ref(chunk->block);
}

/* By offset and line, or by ordinal where rows lie in blocks. */
static pln_status place_rows(file_source *source, pln__chunk *chunk, origin_owner *owner,
                             bool copied, pln_error *err) {
    pln__decoded *decoded = &chunk->decoded;
    pln__buffer *lines = &owner->line;
    bool blocks = source->dialect.format->decoder->blocks;
    int64_t first = chunk->line + 1;
    pln_status status = PLN_OK;
    if (blocks) {
        lines = &owner->position;
        first = chunk->line;
    } else if (copied) {
        status = pln__buffer_append(source->mem, &owner->position, decoded->row_start.data,
                                    decoded->row_start.size, err);
    } else {
        owner->position = decoded->row_start;
        decoded->row_start = (pln__buffer){0};
    }
    if (status < 0)
        return status;
    *lines = decoded->row_line;
    decoded->row_line = (pln__buffer){0};
    add_to_all((int64_t *)(void *)lines->data, decoded->rows, first);
    if (!blocks)
        add_to_all((int64_t *)(void *)owner->position.data, decoded->rows, chunk->offset);
    return PLN_OK;
}

/* The decoder's buffers move into the origin. Without the wish for raw bytes the block is free to be used again. */
static pln_status make_origin(file_source *source, pln__chunk *chunk, pln_origin *out,
                              pln_error *err) {
    const uint8_t *bytes = chunk->decoded.raw != NULL ? chunk->decoded.raw : chunk->bytes;
    pln_status status = name_split(source, chunk->file, err);
    if (status < 0)
        return status;
    origin_owner *owner = pln__calloc(source->mem, 1, sizeof *owner);
    if (owner == NULL)
        return pln__error_memory(err, sizeof *owner);
    owner->mem = source->mem;
    bool raw = (source->wants & PLN_WANT_RAW) != 0;
    PLN__TRY(place_rows(source, chunk, owner, raw, err));
    if (raw)
        keep_raw(chunk, owner);
    owner->name = source->name;
    __atomic_add_fetch(&owner->name->refs, 1, __ATOMIC_RELAXED);
    *out = (pln_origin){
        .struct_size = sizeof *out,
        .split = owner->name->text,
        .position = (const int64_t *)(const void *)owner->position.data,
        .line = (const int64_t *)(const void *)owner->line.data,
        .raw = raw ? bytes : NULL,
        .raw_start = (const int64_t *)(const void *)owner->start.data,
        .raw_size = (const int64_t *)(const void *)owner->size.data,
        .release = origin_release,
        .owner = owner,
    };
    return PLN_OK;
out:
    origin_release(owner);
    return status;
}

/* Bad rows to the reject port, rows into a batch (NULL if there are none). The chunk's buffers are used up. */
static pln_status deliver(file_source *source, pln_context *ctx, pln__chunk *chunk,
                          pln_batch **batch, pln_error *err) {
    pln_status status = PLN_OK;
    pln_origin origin = {0};
    PLN__TRY(pln__file_reject(ctx, &source->schema, source->dialect.format->decoder->blocks, chunk,
                              err));
    if (chunk->decoded.rows == 0)
        goto out;
    if (source->wants != 0)
        PLN__TRY(make_origin(source, chunk, &origin, err));
    struct ArrowArray array = chunk->decoded.array;
    chunk->decoded.array.release = NULL;
    PLN__TRY(ctx->host->batch_new(ctx, 0, &array, source->wants != 0 ? &origin : NULL, batch, err));
out:
    pln__decoded_free(source->mem, &chunk->decoded);
    return status;
}

/* Each replayed record is an input of its own: a quote left open in one must not swallow the next. */
static pln_status poll_replay(file_source *source, pln_context *ctx, int64_t max_rows,
                              pln__chunk *chunk, pln_error *err) {
    const pln__decoder_table *table = source->dialect.format->decoder;
    pln__replay *replay = source->replay;
    for (;;) {
        pln_status status;
        if (!replay->in_record) {
            status = pln__replay_next(replay, ctx, err);
            if (status == PLN_OK)
                status = table->begin(source->decoder, false, NULL, 0, err);
            if (status != PLN_OK)
                return status;
        }
        const uint8_t *bytes = replay->record->data + replay->start;
        status = table->decode(source->decoder, bytes, replay->end - replay->start, true, max_rows,
                               &chunk->decoded, err);
        if (status < 0)
            return status;
        pln__replay_place(replay, chunk);
        chunk->offset += replay->start;
        chunk->block = replay->record;
        chunk->bytes = bytes;
        replay->start += chunk->decoded.consumed;
        if (replay->start >= replay->end || chunk->decoded.consumed == 0)
            replay->in_record = false;
        if (chunk->decoded.rows > 0 || chunk->decoded.n_bad > 0)
            return PLN_OK;
        pln__decoded_free(source->mem, &chunk->decoded);
    }
}

static pln_status source_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                              pln_error *err) {
    file_source *source = self;
    pln_status status = PLN_OK;
    pln__chunk chunk = {0};
    *batch = NULL;
    if (source->ended)
        return PLN_EOS;
    if (want->max_rows < 1)
        return pln__error_set(err, PLN_EINVAL, "poll: %lld rows are wanted",
                              (long long)want->max_rows);
    if (!source->started) {
        status = start(source, ctx, err);
        if (status != PLN_OK)
            return status;
    }
    source->reader.input.timeout_us = want->timeout_us;
    status = source->replay != NULL
                 ? poll_replay(source, ctx, want->max_rows, &chunk, err)
                 : pln__reader_next(&source->reader, ctx, want->max_rows, &chunk, err);
    if (status == PLN_OK)
        return deliver(source, ctx, &chunk, batch, err);
    pln__decoded_free(source->mem, &chunk.decoded);
    source->ended = status == PLN_EOS;
    if (status == PLN_AGAIN) {
        pln_status waiting = ctx->host->wait_fd(ctx, source->reader.descriptor, PLN_READABLE, err);
        return waiting < 0 ? waiting : PLN_AGAIN;
    }
    return status;
}

/* ---- positions ---- */

static pln_status no_position(const file_source *source, pln_error *err) {
    return pln__error_set(err, PLN_EGUARANTEE,
                          "descriptor %d cannot be read a second time from a saved place: "
                          "read a file by its path instead",
                          (int)source->reader.descriptor);
}

static pln_status source_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    file_source *source = self;
    pln_status status = PLN_OK;
    pln__position at = {0};
    pln__buffer bytes = {0};
    (void)n;
    if (source->reader.descriptor >= 0)
        return no_position(source, err);
    PLN__TRY(source->replay != NULL ? pln__replay_position(source->replay, &at, err)
                                    : pln__reader_position(&source->reader, &at, err));
    if (!at.set)
        goto out;
    PLN__TRY(pln__position_encode(source->mem, &at, &bytes, err));
    PLN__TRY(ctx->host->state_put(ctx, at.file, bytes.data, bytes.size, err));
out:
    pln__position_free(source->mem, &at);
    pln__buffer_free(source->mem, &bytes);
    return status;
}

static pln_status source_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    file_source *source = self;
    pln_status status = PLN_OK;
    pln__position at = {0};
    (void)ctx;
    if (source->reader.descriptor >= 0)
        return no_position(source, err);
    if (source->started)
        return pln__error_set(err, PLN_ESTATE, "load: rows were read already");
    if (count == 0)
        return PLN_OK;
    if (count > 1)
        return pln__error_set(err, PLN_ECORRUPT, "saved position: %lld pieces, there is only one",
                              (long long)count);
    PLN__TRY(pln__position_decode(source->mem, &pieces[0], &at, err));
    return source->replay != NULL ? pln__replay_resume(source->replay, &at, err)
                                  : pln__reader_resume(&source->reader, &at, err);
out:
    return status;
}

static pln_status source_estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                                  pln_error *err) {
    const file_source *source = self;
    (void)ctx;
    (void)err;
    pln__reader_estimate(source->replay != NULL ? &source->replay->reader : &source->reader, done,
                         total);
    return PLN_OK;
}

/* ---- the tables ---- */

#define READ_TABLE(title, words, list)                                                             \
    {                                                                                              \
        .struct_size = sizeof(pln_source), .abi = PLN_PLUGIN_ABI, .name = title, .summary = words, \
        .options = list, .option_size = sizeof(pln_option),                                        \
        .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,                      \
        .open = source_open, .schema = source_schema, .poll = source_poll, .close = source_close,  \
        .save = source_save, .load = source_load, .estimate = source_estimate,                     \
        .schema_load = source_schema_load                                                          \
    }

const pln_source pln__csv_read =
    READ_TABLE("csv.read", "Rows of CSV files.", pln__csv_read_options);
const pln_source pln__ndjson_read = READ_TABLE(
    "ndjson.read", "Rows of files with one JSON object a line.", pln__ndjson_read_options);
const pln_source pln__avro_read =
    READ_TABLE("avro.read", "Rows of Avro object container files.", pln__avro_read_options);
