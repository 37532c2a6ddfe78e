#include "connect/file/parts.h"

/* The columns of a reject row that are looked at. */
enum { NODE = 0, ORIGINAL = 1, COLUMNS = 2, ROWS = 1024, LINE_BYTES_MAX = 64 << 20 };

static pln_status make_schema(const pln_allocator *mem, struct ArrowSchema *out, pln_error *err) {
    pln_status status = pln__field_new(mem, "+s", "", false, COLUMNS, out, err);
    if (status < 0)
        return status;
    PLN__TRY(pln__field_new(mem, "u", "node", true, 0, out->children[NODE], err));
    PLN__TRY(pln__field_new(mem, "z", "original", true, 0, out->children[ORIGINAL], err));
out:
    return status;
}

pln_status pln__replay_init(pln__replay *replay, const pln_allocator *mem,
                            const pln_file_ops *files, const char *path, const char *node,
                            pln_error *err) {
    pln_status status = PLN_OK;
    memset(replay, 0, sizeof *replay);
    pln__reader_init(&replay->reader, mem, files, PLN__COMPRESSION_AUTO);
    PLN__TRY(pln__file_list_add(&replay->reader.list, path, err));
    if (node != NULL && (replay->node = pln__strdup(mem, node)) == NULL)
        PLN__TRY(pln__error_memory(err, strlen(node) + 1));
    PLN__TRY(make_schema(mem, &replay->schema, err));
    pln__json_dialect_default(&replay->dialect);
    pln__decode_options options = {.schema = &replay->schema, .origin = true,
                                   .record_bytes_max = LINE_BYTES_MAX, .cpu = pln__cpu_features()};
    PLN__TRY(
        pln__reader_start(&replay->reader, &pln__json_decoder, &replay->dialect, &options, err));
out:
    return status;
}

void pln__replay_free(pln__replay *replay) {
    const pln_allocator *mem = replay->reader.mem;
    if (mem == NULL)
        return;
    pln__decoded_free(mem, &replay->chunk.decoded);
    pln__block_unref(replay->record);
    pln__strfree(mem, replay->node);
    pln__reader_free(&replay->reader);
    pln__schema_release(&replay->schema);
    memset(replay, 0, sizeof *replay);
}

static int64_t number(const pln__buffer *buffer, int64_t row) {
    int64_t value = 0;
    memcpy(&value, buffer->data + row * 8, 8);
    return value;
}

static void place_row(const pln__replay *replay, int64_t row, pln__chunk *out) {
    const pln__chunk *chunk = &replay->chunk;
    out->offset = chunk->offset + number(&chunk->decoded.row_start, row);
    out->line = chunk->line + number(&chunk->decoded.row_line, row);
    out->file = chunk->file;
}

void pln__replay_place(const pln__replay *replay, pln__chunk *out) {
    place_row(replay, replay->at, out);
}

static pln_status reject_lost(const pln__replay *replay, pln_context *ctx, pln_error *err) {
    pln__chunk at = {0};
    const pln__decoded *decoded = &replay->chunk.decoded;
    place_row(replay, replay->at, &at);
    pln_raw_rejection item = {
        .code = PLN_EDATA,
        .split = at.file,
        .position = at.offset,
        .line = at.line + 1,
        .raw = replay->chunk.bytes + number(&decoded->row_start, replay->at),
        .raw_size = number(&decoded->row_size, replay->at),
        .column = "original",
        .message = "the rejected row has no original bytes to be read again",
    };
    return ctx->host->reject_raw(ctx, &item, 1, err);
}

/* The row's original bytes, copied to where the decoder may read beyond their end. */
static pln_status take_record(pln__replay *replay, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    pln__block *record = replay->record;
    if (record == NULL || pln__block_shared(record) || record->capacity < size) {
        pln_status status =
            pln__block_new(replay->reader.mem, size < 4096 ? 4096 : size, &record, err);
        if (status < 0)
            return status;
        pln__block_unref(replay->record);
        replay->record = record;
    }
    if (size > 0)
        memcpy(record->data, bytes, (size_t)size);
    memset(record->data + size, 0, (size_t)(record->capacity - size));
    replay->start = replay->skip;
    replay->end = size;
    replay->in_record = true;
    if (replay->skip > size)
        return pln__error_set(err, PLN_EDATALOSS,
                              "replay: the record has %lld bytes, %lld were read already",
                              (long long)size, (long long)replay->skip);
    replay->skip = 0;
    return PLN_OK;
}

static bool is_wanted(const pln__replay *replay, int64_t row) {
    const struct ArrowArray *nodes = replay->chunk.decoded.array.children[NODE];
    pln__type type = {.id = PLN__UTF8};
    int64_t size;
    if (replay->node == NULL)
        return true;
    if (!pln__array_valid(nodes, row))
        return false;
    const uint8_t *name = pln__array_bytes(&type, nodes, row, &size);
    return size == (int64_t)strlen(replay->node) && memcmp(name, replay->node, (size_t)size) == 0;
}

static pln_status next_chunk(pln__replay *replay, pln_context *ctx, pln_error *err) {
    pln__decoded_free(replay->reader.mem, &replay->chunk.decoded);
    replay->next = 0;
    pln_status status = pln__reader_next(&replay->reader, ctx, ROWS, &replay->chunk, err);
    return status == PLN_OK ? pln__file_reject(ctx, &replay->schema, false, &replay->chunk, err)
                            : status;
}

pln_status pln__replay_next(pln__replay *replay, pln_context *ctx, pln_error *err) {
    pln__type type = {.id = PLN__BINARY};
    replay->in_record = false;
    for (;;) {
        while (replay->next < replay->chunk.decoded.rows) {
            const struct ArrowArray *originals = replay->chunk.decoded.array.children[ORIGINAL];
            int64_t size;
            replay->at = replay->next++;
            if (!is_wanted(replay, replay->at))
                continue;
            if (!pln__array_valid(originals, replay->at)) {
                pln_status status = reject_lost(replay, ctx, err);
                if (status < 0)
                    return status;
                continue;
            }
            const uint8_t *bytes = pln__array_bytes(&type, originals, replay->at, &size);
            return take_record(replay, bytes, size, err);
        }
        pln_status status = next_chunk(replay, ctx, err);
        if (status != PLN_OK)
            return status;
    }
}

pln_status pln__replay_position(pln__replay *replay, pln__position *out, pln_error *err) {
    int64_t row = replay->in_record ? replay->at : replay->next;
    if (row >= replay->chunk.decoded.rows)
        return pln__reader_position(&replay->reader, out, err);
    pln__chunk at = {0};
    place_row(replay, row, &at);
    *out = (pln__position){.set = true, .offset = at.offset, .line = at.line,
                           .within = replay->in_record ? replay->start : 0};
    out->file = pln__strdup(replay->reader.mem, at.file);
    return out->file == NULL ? pln__error_memory(err, strlen(at.file) + 1) : PLN_OK;
}

pln_status pln__replay_resume(pln__replay *replay, pln__position *position, pln_error *err) {
    replay->skip = position->within;
    return pln__reader_resume(&replay->reader, position, err);
}
