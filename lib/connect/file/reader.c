#include "connect/file/parts.h"

enum { BLOCK_SIZE = 256 * 1024, WINDOW_MIN = 4096, ROW_GUESS = 256, RECORD_BYTES = 1 << 20 };

pln_status pln__block_new(const pln_allocator *mem, int64_t capacity, pln__block **out,
                          pln_error *err) {
    pln__block *block = pln__alloc(mem, sizeof *block);
    uint8_t *data = block == NULL ? NULL : pln__aligned_alloc(mem, capacity);
    *out = NULL;
    if (data == NULL) {
        pln__free(mem, block, sizeof *block);
        return pln__error_memory(err, (uint64_t)capacity);
    }
    *block = (pln__block){1, mem, data, capacity};
    *out = block;
    return PLN_OK;
}

pln__block *pln__block_ref(pln__block *block) {
    __atomic_add_fetch(&block->refs, 1, __ATOMIC_RELAXED);
    return block;
}

/* Batches may be released on any thread. */
void pln__block_unref(pln__block *block) {
    if (block == NULL || __atomic_sub_fetch(&block->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    pln__aligned_free(block->mem, block->data, block->capacity);
    pln__free(block->mem, block, sizeof *block);
}

bool pln__block_shared(const pln__block *block) {
    return __atomic_load_n(&block->refs, __ATOMIC_ACQUIRE) > 1;
}

void pln__decoded_free(const pln_allocator *mem, pln__decoded *decoded) {
    pln__array_release(&decoded->array);
    pln__buffer_free(mem, &decoded->row_start);
    pln__buffer_free(mem, &decoded->row_size);
    pln__buffer_free(mem, &decoded->row_line);
    if (decoded->keep != NULL)
        decoded->keep->release(decoded->keep);
    *decoded = (pln__decoded){0};
}

void pln__reader_init(pln__reader *reader, const pln_allocator *mem, const pln_file_ops *files,
                      int32_t compression) {
    *reader = (pln__reader){.mem = mem, .descriptor = -1};
    pln__file_list_init(&reader->list, mem, files);
    pln__input_init(&reader->input, mem, files, compression);
}

pln_status pln__reader_start(pln__reader *reader, const pln__decoder_table *table,
                             const void *dialect, const pln__decode_options *options,
                             pln_error *err) {
    reader->table = table;
    reader->record_bytes_max =
        options->record_bytes_max > 0 ? options->record_bytes_max : RECORD_BYTES;
    return table->open(reader->mem, dialect, options, &reader->decoder, err);
}

void pln__reader_free(pln__reader *reader) {
    if (reader->mem == NULL)
        return;
    if (reader->decoder != NULL)
        reader->table->close(reader->decoder);
    pln__block_unref(reader->block);
    pln__input_close(&reader->input);
    pln__file_list_free(&reader->list);
    pln__position_free(reader->mem, &reader->resume);
    *reader = (pln__reader){0};
}

static const pln__file_item *item(const pln__reader *reader) {
    return &reader->list.items[reader->current];
}

/* The saved place is in the file that is now to be read. */
static bool resumes_here(const pln__reader *reader) {
    return reader->resume.set && !reader->resume.done && reader->current < reader->list.count &&
           strcmp(item(reader)->name, reader->resume.file) == 0;
}

static pln_status begin(pln__reader *reader, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    const pln__position *at = resumes_here(reader) ? &reader->resume : NULL;
    if (reader->descriptor < 0)
        PLN__TRY(pln__input_open_file(&reader->input, item(reader)->name, err));
    else if (reader->input.descriptor < 0) /* else it was opened for the sample, and goes on */
        pln__input_open_descriptor(&reader->input, reader->descriptor);
    if (at != NULL)
        PLN__TRY(pln__input_skip(&reader->input, at->offset, ctx, err));
    PLN__TRY(reader->table->begin(reader->decoder, at == NULL, at == NULL ? NULL : at->header,
                                  at == NULL ? 0 : at->header_size, err));
    reader->start = reader->end = 0;
    reader->last = reader->decoded = reader->discarding = false;
    reader->delivered = at != NULL;
    reader->offset = at == NULL ? 0 : at->offset;
    reader->line = at == NULL ? 0 : at->line;
    reader->open = true;
out:
    return status;
}

static void end_file(pln__reader *reader) {
    pln__input_close(&reader->input);
    reader->open = false;
    if (reader->descriptor >= 0) {
        reader->current = 1;
        return;
    }
    reader->done_bytes += item(reader)->size_bytes;
    reader->done_file = item(reader)->name;
    reader->done_group = item(reader)->group;
    reader->current++;
}

/* Room behind `end`: the undecoded rest moves to the front, of a new block if batches still look into this one. */
static pln_status make_room(pln__reader *reader, pln_error *err) {
    int64_t rest = reader->end - reader->start;
    int64_t capacity = reader->block == NULL ? BLOCK_SIZE : reader->block->capacity;
    bool shared = reader->block != NULL && pln__block_shared(reader->block);
    if (rest > reader->record_bytes_max + 2 * BLOCK_SIZE)
        return pln__error_set(err, PLN_EINTERNAL,
                              "a record of %lld bytes, with %lld allowed, was not settled",
                              (long long)rest, (long long)reader->record_bytes_max);
    if (rest == capacity)
        capacity *= 2;
    else if (rest < BLOCK_SIZE / 2 && capacity > BLOCK_SIZE)
        capacity = BLOCK_SIZE; /* one huge record is no reason to go on with huge blocks */
    if (reader->block == NULL || shared || capacity != reader->block->capacity) {
        pln__block *fresh;
        pln_status status = pln__block_new(reader->mem, capacity, &fresh, err);
        if (status < 0)
            return status;
        if (rest > 0)
            memcpy(fresh->data, reader->block->data + reader->start, (size_t)rest);
        pln__block_unref(reader->block);
        reader->block = fresh;
    } else if (rest > 0) {
        memmove(reader->block->data, reader->block->data + reader->start, (size_t)rest);
    }
    reader->start = 0;
    reader->end = rest;
    return PLN_OK;
}

/* More bytes: a full block of a file, what is there of a descriptor. */
static pln_status fill(pln__reader *reader, pln_error *err) {
    pln_status status = make_room(reader, err);
    bool any = false;
    while (status == PLN_OK && reader->end < reader->block->capacity) {
        int64_t got;
        status = pln__input_read(&reader->input, reader->block->data + reader->end,
                                 reader->block->capacity - reader->end, &got, err);
        reader->end += got;
        /* Kernels load whole vectors; what they then see behind the data must not change from run to run. */
        memset(reader->block->data + reader->end, 0, PLN__PADDING);
        any |= got > 0;
        if (reader->descriptor >= 0 && status == PLN_OK)
            break;
    }
    reader->last = status == PLN_EOS;
    if (status == PLN_EOS || (status == PLN_AGAIN && any))
        return PLN_OK;
    return status;
}

static void advance(pln__reader *reader, int64_t bytes, int64_t lines) {
    reader->start += bytes;
    reader->offset += bytes;
    reader->line += lines;
}

/*
 * A record beyond the limit was reported before its end was seen. Its rest is dropped here and the decoder begun anew behind it, so that every
 * position that can be saved lies between two records.
 */
static pln_status discard(pln__reader *reader, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer header = {0};
    const uint8_t *found = NULL, *lent;
    int64_t size = 0;
    while (found == NULL) {
        int64_t left = reader->end - reader->start;
        const uint8_t *at = reader->block->data + reader->start;
        found = left > 0 ? memchr(at, '\n', (size_t)left) : NULL;
        advance(reader, found != NULL ? found - at + 1 : left, found != NULL);
        if (found != NULL || reader->last)
            break;
        PLN__TRY(fill(reader, err));
        if (status == PLN_AGAIN)
            return status;
    }
    lent = reader->table->header(reader->decoder, &size);
    PLN__TRY(pln__buffer_append(reader->mem, &header, lent, size, err));
    PLN__TRY(reader->table->begin(reader->decoder, false, header.data, header.size, err));
    reader->discarding = false;
    status = PLN_OK;
out:
    pln__buffer_free(reader->mem, &header);
    return status;
}

/* Whether the decoder has stopped inside a line that it gave up: `bytes` up to what it consumed, the last of them not the input's. */
static bool cut_in_record(const uint8_t *bytes, const pln__decoded *decoded, bool at_end) {
    if (decoded->n_bad == 0 || at_end)
        return false;
    const pln__bad_row *bad = &decoded->bad[decoded->n_bad - 1];
    return bad->code == PLN_ELIMIT && decoded->consumed > bad->start &&
           memchr(bytes + bad->start, '\n', (size_t)(decoded->consumed - bad->start)) == NULL;
}

/* Decodes until there is something to hand out, or the block has no whole record left. */
static pln_status decode(pln__reader *reader, int64_t max_rows, pln__chunk *out, bool *settled,
                         pln_error *err) {
    pln__decoded *decoded = &out->decoded;
    int64_t window =
        max_rows > BLOCK_SIZE / ROW_GUESS ? INT64_MAX : WINDOW_MIN + max_rows * ROW_GUESS;
    *settled = false;
    for (;;) {
        int64_t left = reader->end - reader->start;
        int64_t size = window < left ? window : left;
        const uint8_t *bytes = reader->block->data + reader->start;
        pln_status status = reader->table->decode(
            reader->decoder, bytes, size, reader->last && size == left, max_rows, decoded, err);
        if (status < 0)
            return status;
        reader->decoded = true;
        int64_t consumed = decoded->consumed;
        if (decoded->rows > 0 || decoded->n_bad > 0) {
            out->block = reader->block;
            out->bytes = bytes;
            out->offset = reader->offset;
            out->line = reader->line;
            out->file = reader->descriptor >= 0 ? NULL : item(reader)->name;
            reader->discarding = !reader->table->blocks &&
                                 cut_in_record(bytes, decoded, reader->last && consumed == left);
            reader->delivered = true;
            advance(reader, consumed, decoded->lines);
            *settled = true;
            return PLN_OK;
        }
        advance(reader, consumed, decoded->lines);
        pln__decoded_free(reader->mem, decoded);
        if (consumed == left || (consumed == 0 && size == left))
            return PLN_OK;
        if (consumed == 0)
            window *= 2;
    }
}

pln_status pln__reader_next(pln__reader *reader, pln_context *ctx, int64_t max_rows,
                            pln__chunk *out, pln_error *err) {
    pln_status status = PLN_OK;
    bool settled = false;
    *out = (pln__chunk){0};
    for (;;) {
        if (ctx->host->cancelled(ctx))
            PLN__FAIL(err, PLN_ECANCELLED, "stopped on request");
        if (!reader->open) {
            if (reader->current >= (reader->descriptor >= 0 ? 1 : reader->list.count))
                return PLN_EOS;
            PLN__TRY(begin(reader, ctx, err));
        }
        if (reader->discarding) {
            PLN__TRY(discard(reader, err));
            if (status == PLN_AGAIN)
                return status;
        }
        if (reader->start < reader->end || (reader->last && !reader->decoded)) {
            PLN__TRY(decode(reader, max_rows, out, &settled, err));
            if (settled)
                return PLN_OK;
        }
        if (reader->last) {
            if (reader->start < reader->end)
                PLN__FAIL(err, PLN_EINTERNAL, "the last record was not settled");
            end_file(reader);
            continue;
        }
        PLN__TRY(fill(reader, err));
        if (status == PLN_AGAIN)
            return status;
    }
out:
    if (reader->descriptor < 0 && reader->current < reader->list.count)
        pln__error_where(err, "%s", item(reader)->name);
    return status;
}

/* Copies into `out`: file and header are its own. */
static pln_status place(const pln__reader *reader, const pln__position *at, const char *file,
                        const uint8_t *header, pln__position *out, pln_error *err) {
    *out = *at;
    out->set = true;
    out->header = NULL;
    out->file = pln__strdup(reader->mem, file);
    if (at->header_size > 0)
        out->header = pln__alloc(reader->mem, (uint64_t)at->header_size);
    if (out->file == NULL || (at->header_size > 0 && out->header == NULL)) {
        out->header_size = out->header == NULL ? 0 : out->header_size;
        pln__position_free(reader->mem, out);
        return pln__error_memory(err, strlen(file) + 1 + (uint64_t)at->header_size);
    }
    if (at->header_size > 0)
        memcpy(out->header, header, (size_t)at->header_size);
    return PLN_OK;
}

pln_status pln__reader_position(pln__reader *reader, pln__position *out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = (pln__position){0};
    if (reader->discarding)
        PLN__TRY(discard(reader, err));
    if (reader->open && reader->delivered) {
        pln__position at = {
            .group = item(reader)->group,
            .offset = reader->offset,
            .line = reader->line,
            .size_bytes = item(reader)->size_bytes,
        };
        const uint8_t *header = reader->table->header(reader->decoder, &at.header_size);
        return place(reader, &at, item(reader)->name, header, out, err);
    }
    if (reader->done_file != NULL) {
        pln__position at = {.done = true, .group = reader->done_group};
        return place(reader, &at, reader->done_file, NULL, out, err);
    }
    if (reader->resume.set)
        return place(reader, &reader->resume, reader->resume.file, reader->resume.header, out, err);
out:
    return status;
}

pln_status pln__reader_resume(pln__reader *reader, pln__position *position, pln_error *err) {
    pln_status status = PLN_OK;
    bool found;
    int64_t next = pln__file_list_after(&reader->list, position->group, position->file, &found);
    if (!position->done && !found)
        PLN__FAIL(err, PLN_EDATALOSS, "file '%s', which the run was reading, is gone",
                  position->file);
    reader->current = position->done ? next : next - 1;
    if (!position->done && item(reader)->size_bytes < position->size_bytes)
        PLN__FAIL(err, PLN_EDATALOSS,
                  "file '%s', which the run was reading, has shrunk from %lld to %lld bytes",
                  position->file, (long long)position->size_bytes,
                  (long long)item(reader)->size_bytes);
    for (int64_t i = 0; i < reader->current; i++)
        reader->done_bytes += reader->list.items[i].size_bytes;
    pln__position_free(reader->mem, &reader->resume);
    reader->resume = *position;
    *position = (pln__position){0};
out:
    pln__position_free(reader->mem, position);
    return status;
}

void pln__reader_estimate(const pln__reader *reader, int64_t *done, int64_t *total) {
    *done = reader->done_bytes + reader->input.raw_offset;
    *total = reader->descriptor >= 0 ? -1 : 0;
    for (int64_t i = 0; i < reader->list.count; i++)
        *total += reader->list.items[i].size_bytes;
}
