#include "format/avro_block.h"

/* Of one row, and so of a block: data that do not compress become a little more, and readers take PLN__AVRO_BLOCK_MAX. */
#define ROW_MAX (PLN__AVRO_BLOCK_MAX - (1 << 20))

struct pln__encoder {
    const pln_allocator *mem;
    pln__avro_write_dialect how;
    pln__avro_schema *schema;
    pln__text text; /* of the schema, as it stands in the header */
    uint8_t sync[PLN__AVRO_SYNC];
    pln__avro_encoder *values;
    pln__avro_codec *codec;
    /* Rows held back: their bytes, and where each ends. */
    pln__buffer data;
    int64_t *ends;
    int64_t rows, capacity;
    pln__buffer packed;
};

static void file_close(pln__encoder *self) {
    const pln_allocator *mem = self->mem;
    pln__avro_encoder_free(self->values);
    pln__avro_codec_free(self->codec);
    if (self->schema != NULL)
        pln__avro_schema_unref(self->schema);
    pln__text_free(&self->text);
    pln__buffer_free(mem, &self->data);
    pln__buffer_free(mem, &self->packed);
    pln__free(mem, self->ends, (uint64_t)self->capacity * sizeof *self->ends);
    pln__free(mem, self, sizeof *self);
}

static pln_status file_open(const pln_allocator *mem, const void *dialect,
                            const struct ArrowSchema *columns, pln__encoder **out, pln_error *err) {
    const pln__avro_write_dialect *how = dialect;
    pln_status status = PLN_OK;
    pln__encoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->how = *how;
    if (self->how.block_rows <= 0 || self->how.block_rows > PLN__AVRO_BLOCK_ROWS)
        self->how.block_rows = PLN__AVRO_BLOCK_ROWS;
    if (self->how.block_bytes <= 0)
        self->how.block_bytes = PLN__AVRO_BLOCK_BYTES;
    memcpy(self->sync, how->sync, sizeof self->sync);
    pln__text_init(&self->text, mem);
    if (how->schema != NULL)
        self->schema = pln__avro_schema_ref(how->schema);
    else
        PLN__TRY(pln__avro_from_arrow(mem, columns, how->record_name, &self->schema, err));
    pln__avro_text(self->schema, PLN__AVRO_TEXT_FULL, &self->text);
    PLN__TRY(pln__text_status(&self->text, err));
    PLN__TRY(pln__avro_encoder_new(mem, self->schema, columns, &self->values, err));
    PLN__TRY(pln__avro_codec_new(mem, how->codec, how->level, &self->codec, err));
    *out = self;
    return PLN_OK;
out:
    file_close(self);
    return status;
}

static pln__avro_header header_of(const pln__encoder *self) {
    pln__avro_header header = {.codec = self->how.codec, .schema = (const uint8_t *)self->text.data,
                               .schema_size = self->text.size};
    memcpy(header.sync, self->sync, sizeof header.sync);
    return header;
}

static pln_status file_begin(pln__encoder *self, pln__buffer *out, pln_error *err) {
    pln__avro_header header = header_of(self);
    return pln__avro_header_write(self->mem, &header, out, err);
}

static pln_status file_resume(pln__encoder *self, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    pln__avro_header header;
    pln_status status = pln__avro_header_read(bytes, size, &header, err);
    if (status != PLN_OK)
        return status;
    if (header.codec != self->how.codec)
        return pln__error_set(
            err, PLN_ETYPE, "the file was begun with codec %s, and goes on with %s",
            pln__avro_codec_name(header.codec), pln__avro_codec_name(self->how.codec));
    if (header.schema_size != self->text.size ||
        memcmp(header.schema, self->text.data, (size_t)self->text.size) != 0)
        return pln__error_set(err, PLN_ETYPE, "the file was begun with another schema");
    memcpy(self->sync, header.sync, sizeof self->sync);
    return PLN_OK;
}

/* ---- blocks ---- */

/* Rows [first, first + n) of those held back, whose bytes are [from, end). */
static pln_status put_block(pln__encoder *self, int64_t n, int64_t from, int64_t end,
                            pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    const uint8_t *bytes = self->data.data + from;
    int64_t before = out->size, size = end - from;
    if (self->how.codec != PLN__AVRO_CODEC_NULL) {
        self->packed.size = 0;
        PLN__TRY(pln__avro_pack(self->codec, bytes, size, &self->packed, err));
        bytes = self->packed.data;
        size = self->packed.size;
    }
    PLN__TRY(pln__avro_put_number(self->mem, out, n, err));
    PLN__TRY(pln__avro_put_number(self->mem, out, size, err));
    if (size > 0)
        PLN__TRY(pln__buffer_append(self->mem, out, bytes, size, err));
    PLN__TRY(pln__buffer_append(self->mem, out, self->sync, PLN__AVRO_SYNC, err));
    return PLN_OK;
out:
    out->size = before;
    return status;
}

/* What is left once the first `rows` are out. */
static void shift(pln__encoder *self, int64_t rows) {
    if (rows == 0)
        return;
    int64_t from = self->ends[rows - 1], left = self->rows - rows;
    memmove(self->ends, self->ends + rows, (size_t)left * sizeof *self->ends);
    for (int64_t i = 0; i < left; i++)
        self->ends[i] -= from;
    if (self->data.size > from)
        memmove(self->data.data, self->data.data + from, (size_t)(self->data.size - from));
    self->data.size -= from;
    self->rows = left;
}

/*
 * Full blocks, or all. A block ends with the row that fills it, so that blocks do not depend on how rows came in batches. After a failure the rows
 * of the blocks before it are out.
 */
static pln_status put_blocks(pln__encoder *self, bool all, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t first = 0, from = 0;
    for (int64_t i = 0; i < self->rows; i++) {
        int64_t end = self->ends[i], n = i + 1 - first;
        if (end - from > ROW_MAX && n > 1) {
            PLN__TRY(put_block(self, n - 1, from, self->ends[i - 1], out, err));
            first = i;
            from = self->ends[i - 1];
            n = 1;
        }
        bool full = n == self->how.block_rows || end - from >= self->how.block_bytes;
        if (!full && !(all && i + 1 == self->rows))
            continue;
        PLN__TRY(put_block(self, n, from, end, out, err));
        first = i + 1;
        from = end;
    }
out:
    shift(self, first);
    return status;
}

/* No reader takes a block of any size. A row that is too long alone makes the call fail. */
static pln_status check_sizes(const pln__encoder *self, int64_t first, pln_error *err) {
    int64_t from = first == 0 ? 0 : self->ends[first - 1];
    for (int64_t i = first; i < self->rows; from = self->ends[i++])
        if (self->ends[i] - from > ROW_MAX)
            return pln__error_set(
                err, PLN_EDATA, "row %lld: %lld bytes, a block holds at most %lld",
                (long long)(i - first), (long long)(self->ends[i] - from), (long long)ROW_MAX);
    return PLN_OK;
}

static pln_status file_encode(pln__encoder *self, const struct ArrowArray *rows, pln__buffer *out,
                              pln_error *err) {
    pln_status status = PLN_OK;
    int64_t before = self->rows, size = self->data.size;
    PLN__TRY(pln__grow(self->mem, &self->ends, &self->capacity, self->rows + rows->length,
                       sizeof *self->ends, err));
    pln__avro_output part = {.rows = rows, .n = rows->length, .ends = self->ends + before};
    PLN__TRY(pln__avro_encode(self->values, &part, &self->data, err));
    self->rows += rows->length;
    PLN__TRY(check_sizes(self, before, err));
    return put_blocks(self, false, out, err);
out:
    self->rows = before;
    self->data.size = size;
    return status;
}

static pln_status file_finish(pln__encoder *self, pln__buffer *out, pln_error *err) {
    return put_blocks(self, true, out, err);
}

static void file_drop(pln__encoder *self) {
    self->rows = self->data.size = 0;
}

const pln__encoder_table pln__avro_file_encoder = {
    .open = file_open,
    .begin = file_begin,
    .encode = file_encode,
    .close = file_close,
    .finish = file_finish,
    .drop = file_drop,
    .resume = file_resume,
};
