#include "format/avro_block.h"
#include <stdio.h>

enum {
    FRAME_MAX = 20 + PLN__AVRO_SYNC, /* what a block has besides its data, at most */
    PAGE_SHARED_MAX = 1 << 20,       /* unpacked bytes of several blocks that one batch keeps alive */
    SEARCH_HELD = 1 << 20            /* how far a marker is looked for before bytes are given up */
};

/* Unpacked blocks: rows' original bytes point here, so a batch may keep it. */
typedef struct page {
    pln__keeper keeper;
    int64_t refs;
    const pln_allocator *mem;
    pln__buffer bytes;
} page;

/* The block that rows are being taken from. Offsets count from where it begins. */
typedef struct block {
    bool open;
    int64_t count; /* rows it says it has */
    int64_t done;  /* rows of them that are out, or rejected */
    int64_t total; /* bytes with its frame */
    int64_t from;  /* where its rows begin: in the block itself, or in the page */
    int64_t size;
    int64_t at;    /* bytes of the rows that are done */
    bool lost;     /* the rest was rejected */
} block;

/* What a resumed reader is given: this, then the file's header. */
typedef struct place {
    int64_t offset;
    int64_t done;      /* rows of the block there */
    int64_t searching; /* 1: a sync marker is looked for */
} place;

struct pln__decoder {
    const pln_allocator *mem;
    pln__avro_schema *reader; /* NULL until the first file, if the dialect has none */
    const struct ArrowSchema *columns;
    bool origin, raw;
    pln__buffer head; /* a place, then the header of the file at hand */
    pln__avro_header header;
    bool begun;
    pln__avro_schema *writer;
    pln__avro_decoder *values;
    pln__avro_codec *codec;
    int32_t codec_kind;
    int64_t offset; /* of the next byte to be consumed */
    int64_t skip;   /* rows of the first block that an earlier reader has taken */
    bool searching;
    block block;
    page *page;
    pln__bad_row *bad;
    int64_t n_bad, bad_capacity;
};

/* One call of decode. */
typedef struct call {
    const uint8_t *bytes;
    int64_t size;
    bool final;
    int64_t max_rows;
    int64_t at; /* consumed */
    pln__decoded *out;
    pln_error *err;
} call;

/* ---- pages ---- */

static void page_release(pln__keeper *keeper) {
    page *self = (page *)(void *)keeper; /* its first member */
    if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    pln__buffer_free(self->mem, &self->bytes);
    pln__free(self->mem, self, sizeof *self);
}

static void page_unref(page *self) {
    if (self != NULL)
        page_release(&self->keeper);
}

static bool page_shared(const page *self) {
    return __atomic_load_n(&self->refs, __ATOMIC_ACQUIRE) > 1;
}

static page *page_new(const pln_allocator *mem) {
    page *self = pln__calloc(mem, 1, sizeof *self);
    if (self != NULL)
        *self = (page){.keeper = {page_release}, .refs = 1, .mem = mem};
    return self;
}

/* ---- opening ---- */

static pln_status file_open(const pln_allocator *mem, const void *dialect,
                            const pln__decode_options *options, pln__decoder **out,
                            pln_error *err) {
    const pln__avro_read_dialect *how = dialect;
    pln__decoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->reader = how->reader == NULL ? NULL : pln__avro_schema_ref(how->reader);
    self->columns = options->schema;
    self->origin = options->origin;
    self->raw = options->origin && options->raw;
    *out = self;
    return PLN_OK;
}

static void forget_schema(pln__decoder *self) {
    pln__avro_decoder_free(self->values);
    if (self->writer != NULL)
        pln__avro_schema_unref(self->writer);
    self->values = NULL;
    self->writer = NULL;
}

static void file_close(pln__decoder *self) {
    forget_schema(self);
    if (self->reader != NULL)
        pln__avro_schema_unref(self->reader);
    pln__avro_codec_free(self->codec);
    page_unref(self->page);
    pln__buffer_free(self->mem, &self->head);
    pln__free(self->mem, self->bad, (uint64_t)self->bad_capacity * sizeof *self->bad);
    pln__free(self->mem, self, sizeof *self);
}

static pln_status compile(pln__decoder *self, const uint8_t *bytes, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    forget_schema(self);
    PLN__TRY(pln__avro_file_schema(self->mem, bytes, size, true, &self->writer, err));
    if (self->reader == NULL)
        self->reader = pln__avro_schema_ref(self->writer);
    PLN__TRY(
        pln__avro_decoder_new(self->mem, self->writer, self->reader, NULL, &self->values, err));
    if (self->columns == NULL ||
        pln__schema_equal(self->columns, pln__avro_decoder_schema(self->values)))
        return PLN_OK;
    pln__text difference;
    pln__text_init(&difference, self->mem);
    pln__schema_difference(self->columns, pln__avro_decoder_schema(self->values), &difference);
    status = pln__error_set(err, PLN_ETYPE, "the columns are not those of the reader's schema: %s",
                            difference.data == NULL ? "" : difference.data);
    pln__text_free(&difference);
out:
    return status;
}

/* Everything that the header of a file says. What the last file said too is kept. */
static pln_status start_file(pln__decoder *self, const uint8_t *bytes,
                             const pln__avro_header *header, pln_error *err) {
    pln_status status = PLN_OK;
    bool same = self->values != NULL && self->header.schema_size == header->schema_size &&
                memcmp(self->header.schema, header->schema, (size_t)header->schema_size) == 0;
    if (!same)
        PLN__TRY(compile(self, bytes, header->size, err));
    if (self->codec == NULL || self->codec_kind != header->codec) {
        pln__avro_codec_free(self->codec);
        self->codec = NULL;
        PLN__TRY(pln__avro_codec_new(self->mem, header->codec, 0, &self->codec, err));
        self->codec_kind = header->codec;
    }
    self->head.size = 0;
    PLN__TRY(
        pln__buffer_reserve(self->mem, &self->head, (int64_t)sizeof(place) + header->size, err));
    uint8_t *copy = self->head.data + sizeof(place);
    memcpy(copy, bytes, (size_t)header->size);
    self->head.size = (int64_t)sizeof(place) + header->size;
    self->header = *header;
    self->header.schema = copy + (header->schema - bytes);
    self->begun = true;
    return PLN_OK;
out:
    forget_schema(self);
    return status;
}

static pln_status file_begin(pln__decoder *self, bool at_start, const uint8_t *header,
                             int64_t header_size, pln_error *err) {
    place at = {0};
    pln__avro_header parsed;
    self->begun = self->searching = false;
    self->block = (block){0};
    self->offset = self->skip = 0;
    if (at_start)
        return PLN_OK;
    if (header_size < (int64_t)sizeof at)
        return pln__error_set(err, PLN_ECORRUPT, "saved place in a container file: %lld bytes",
                              (long long)header_size);
    memcpy(&at, header, sizeof at);
    pln_status status =
        pln__avro_header_read(header + sizeof at, header_size - (int64_t)sizeof at, &parsed, err);
    if (status == PLN_AGAIN || at.offset < 0 || at.done < 0)
        return pln__error_set(err, PLN_ECORRUPT, "saved place in a container file: it is damaged");
    if (status == PLN_OK)
        status = start_file(self, header + sizeof at, &parsed, err);
    self->offset = at.offset;
    self->skip = at.done;
    self->searching = at.searching != 0;
    return status;
}

static const uint8_t *file_header(pln__decoder *self, int64_t *size) {
    place at = {self->offset, self->block.open ? self->block.done : self->skip, self->searching};
    *size = 0;
    if (!self->begun)
        return NULL;
    memcpy(self->head.data, &at, sizeof at);
    *size = self->head.size;
    return self->head.data;
}

/* ---- what cannot be read ---- */

static pln_status note_bad(pln__decoder *self, const call *in, int64_t start, int64_t size,
                           const char *format, ...) PLN__PRINTF(5, 6);
static pln_status note_bad(pln__decoder *self, const call *in, int64_t start, int64_t size,
                           const char *format, ...) {
    va_list args;
    pln_status status = pln__grow(self->mem, &self->bad, &self->bad_capacity, self->n_bad + 1,
                                  sizeof *self->bad, in->err);
    if (status < 0)
        return status;
    pln__bad_row *bad = &self->bad[self->n_bad++];
    *bad = (pln__bad_row){.start = start, .size = size, .line = in->out->lines + self->block.done,
                          .code = PLN_EDATA, .column = -1};
    va_start(args, format);
    (void)vsnprintf(bad->message, sizeof bad->message, format, args);
    va_end(args);
    return PLN_OK;
}

static pln_status cut(const pln__decoder *self, const call *in, pln_error *err) {
    return pln__error_set(err, PLN_EDATA,
                          "the file is cut: it ends at byte %lld, in the block that begins at "
                          "byte %lld",
                          (long long)(self->offset + in->size), (long long)(self->offset + in->at));
}

static int64_t find_sync(const pln__decoder *self, const call *in, int64_t from) {
    const uint8_t *sync = self->header.sync, *end = in->bytes + in->size;
    for (const uint8_t *at = in->bytes + from; end - at >= PLN__AVRO_SYNC; at++) {
        at = memchr(at, sync[0], (size_t)(end - at) - PLN__AVRO_SYNC + 1);
        if (at == NULL)
            return -1;
        if (memcmp(at, sync, PLN__AVRO_SYNC) == 0)
            return at - in->bytes;
    }
    return -1;
}

/* The block at hand is over, or never was one: go on `size` bytes and `rows` rows further. */
static void leave_block(pln__decoder *self, call *in, int64_t size, int64_t rows) {
    self->block = (block){0};
    in->at += size;
    in->out->lines += rows;
}

/*
 * Where the next block begins cannot be told from this one: its frame is damaged. PLN_AGAIN: more bytes are needed to say. What is given up without
 * having seen a marker ends before the last bytes, which may be the first of one.
 */
static pln_status lose_sync(pln__decoder *self, call *in, const char *what) {
    int64_t left = in->size - in->at, found = find_sync(self, in, in->at), size = left;
    if (found >= 0)
        size = found + PLN__AVRO_SYNC - in->at;
    else if (!in->final && left < SEARCH_HELD)
        return PLN_AGAIN;
    else if (!in->final)
        size = left - PLN__AVRO_SYNC + 1;
    self->block.done = 0;
    pln_status status = note_bad(self, in, in->at, size, "block at byte %lld: %s; %s",
                                 (long long)(self->offset + in->at), what,
                                 found >= 0  ? "reading goes on behind the next sync marker"
                                 : in->final ? "no sync marker follows"
                                             : "no sync marker follows so far");
    if (status < 0)
        return status;
    self->searching = found < 0 && !in->final;
    leave_block(self, in, size, 1);
    return PLN_OK;
}

/* The rest of what lose_sync gave up, which it has counted. */
static void search_on(pln__decoder *self, call *in) {
    int64_t found = find_sync(self, in, in->at), left = in->size - in->at;
    if (found >= 0)
        in->at = found + PLN__AVRO_SYNC;
    else if (in->final)
        in->at = in->size;
    else if (left >= PLN__AVRO_SYNC)
        in->at = in->size - PLN__AVRO_SYNC + 1;
    self->searching = found < 0 && !in->final;
}

/* The frame is whole, what it holds is not. */
static pln_status lose_block(pln__decoder *self, call *in, int64_t total, int64_t count,
                             const pln_error *why) {
    pln_status status =
        note_bad(self, in, in->at, total, "block at byte %lld, of %lld rows: %s",
                 (long long)(self->offset + in->at), (long long)count, why->message);
    if (status < 0)
        return status;
    self->bad[self->n_bad - 1].code = why->status;
    leave_block(self, in, total, count);
    return PLN_OK;
}

/* ---- blocks ---- */

/* Count, size and marker. PLN_AGAIN: more bytes are needed, or the block was given up (in->at has moved). */
static pln_status read_frame(pln__decoder *self, call *in, block *out) {
    const uint8_t *from = in->bytes + in->at;
    int64_t left = in->size - in->at, size = 0;
    char what[100];
    /* The count first and by itself: what is said must not depend on whether the size has come yet. */
    int a = pln__avro_number(from, left, &out->count), b = 0;
    if (a < 0)
        return lose_sync(self, in, "its count of rows is no number");
    if (a > 0 && (out->count < 0 || out->count > INT32_MAX)) {
        (void)snprintf(what, sizeof what, "%lld rows are no count", (long long)out->count);
        return lose_sync(self, in, what);
    }
    if (a > 0)
        b = pln__avro_number(from + a, left - a, &size);
    if (b < 0)
        return lose_sync(self, in, "its size is no number");
    bool known = a > 0 && b > 0;
    if (known && (size < 0 || size > PLN__AVRO_BLOCK_MAX)) {
        (void)snprintf(what, sizeof what, "%lld rows in %lld bytes", (long long)out->count,
                       (long long)size);
        return lose_sync(self, in, what);
    }
    out->total = a + b + size + PLN__AVRO_SYNC;
    if (!known || out->total > left) {
        if (!in->final)
            return PLN_AGAIN;
        if (find_sync(self, in, in->at) < 0)
            return in->out->rows + self->n_bad > 0 ? PLN_AGAIN : cut(self, in, in->err);
        return lose_sync(self, in, "it ends behind the end of the file");
    }
    if (memcmp(from + out->total - PLN__AVRO_SYNC, self->header.sync, PLN__AVRO_SYNC) != 0)
        return lose_sync(self, in, "no sync marker where it should end");
    out->from = a + b;
    out->size = size;
    return PLN_OK;
}

/* Makes the page ready for another block. False: the rows that it has must go out first. */
static pln_status ready_page(pln__decoder *self, const call *in, bool *ready) {
    bool held = self->raw && in->out->rows > 0;
    *ready = true;
    if (held && (page_shared(self->page) || self->page->bytes.size >= PAGE_SHARED_MAX))
        *ready = false;
    if (held)
        return PLN_OK;
    if (self->page != NULL && page_shared(self->page)) {
        page_unref(self->page);
        self->page = NULL;
    }
    if (self->page == NULL)
        self->page = page_new(self->mem);
    if (self->page == NULL)
        return pln__error_memory(in->err, sizeof *self->page);
    self->page->bytes.size = 0;
    return PLN_OK;
}

static pln_status check_count(const block *found, pln_error *err) {
    if (found->count <= found->size || found->count <= PLN__AVRO_BLOCK_ROWS)
        return PLN_OK;
    return pln__error_set(err, PLN_ELIMIT, "they lie in %lld bytes", (long long)found->size);
}

/* PLN_AGAIN: not now, in->at may have moved. */
static pln_status open_block(pln__decoder *self, call *in) {
    pln_error why = {0};
    block found = {0};
    bool ready;
    int64_t before = in->at;
    pln_status status = read_frame(self, in, &found);
    if (status != PLN_OK || in->at != before)
        return status;
    int64_t from = found.from;
    if (self->codec_kind != PLN__AVRO_CODEC_NULL) {
        status = ready_page(self, in, &ready);
        if (status < 0 || !ready)
            return status < 0 ? status : PLN_AGAIN;
        found.from = self->page->bytes.size;
        status = pln__avro_unpack(self->codec, in->bytes + in->at + from, found.size,
                                  PLN__AVRO_BLOCK_MAX, &self->page->bytes, &why);
        pln__buffer_seal(&self->page->bytes);
        found.size = self->page->bytes.size - found.from;
    }
    if (status == PLN_OK)
        status = check_count(&found, &why);
    if (status == PLN_EDATA || status == PLN_ELIMIT)
        return lose_block(self, in, found.total, found.count, &why);
    if (status < 0) {
        if (in->err != NULL)
            *in->err = why;
        return status;
    }
    found.open = true;
    self->block = found;
    return PLN_OK;
}

static const uint8_t *block_bytes(const pln__decoder *self, const call *in) {
    const block *b = &self->block;
    return (self->codec_kind == PLN__AVRO_CODEC_NULL ? in->bytes + in->at
                                                     : self->page->bytes.data) +
           b->from + b->at;
}

/* Where that is as row_start counts. */
static int64_t block_place(const pln__decoder *self, const call *in) {
    const block *b = &self->block;
    return (self->codec_kind == PLN__AVRO_CODEC_NULL ? in->at : 0) + b->from + b->at;
}

static pln_status skip_taken(pln__decoder *self, const call *in) {
    block *b = &self->block;
    for (; self->skip > 0; self->skip--, b->done++) {
        int64_t used = 0;
        pln_error why = {0};
        pln_status status =
            b->done == b->count
                ? PLN_EDATA
                : pln__avro_skip(self->values, block_bytes(self, in), b->size - b->at, &used, &why);
        if (status == PLN_EDATA || status == PLN_ELIMIT)
            return pln__error_set(in->err, PLN_EDATALOSS,
                                  "block at byte %lld: its row %lld, which was read before, is "
                                  "not there any more",
                                  (long long)(self->offset + in->at), (long long)b->done);
        if (status < 0) {
            if (in->err != NULL)
                *in->err = why;
            return status;
        }
        b->at += used;
    }
    return PLN_OK;
}

/* ---- rows ---- */

static pln_status note_origin(pln__decoder *self, const call *in, int64_t start, int64_t size) {
    pln_status status = PLN_OK;
    pln__decoded *out = in->out;
    int64_t line = out->lines + self->block.done;
    if (!self->origin)
        return PLN_OK;
    PLN__TRY(pln__buffer_append(self->mem, &out->row_line, &line, sizeof line, in->err));
    if (self->raw) {
        PLN__TRY(pln__buffer_append(self->mem, &out->row_start, &start, sizeof start, in->err));
        PLN__TRY(pln__buffer_append(self->mem, &out->row_size, &size, sizeof size, in->err));
    }
out:
    return status;
}

/* A datum that cannot be read is passed over where that is possible, else the rest of the block is lost with it. */
static pln_status reject_row(pln__decoder *self, call *in, const pln_error *why) {
    block *b = &self->block;
    int64_t used = 0, left = b->size - b->at, lost = b->count - b->done;
    pln_status passed = pln__avro_skip(self->values, block_bytes(self, in), left, &used, NULL);
    if (passed != PLN_OK && passed != PLN_EDATA && passed != PLN_ELIMIT)
        return pln__error_set(in->err, passed, "a row could not be passed over");
    const uint8_t *raw = self->codec_kind == PLN__AVRO_CODEC_NULL ? NULL : block_bytes(self, in);
    char more[60] = "";
    if (passed != PLN_OK) {
        used = left;
        (void)snprintf(more, sizeof more, "; all %lld rows from there on are lost",
                       (long long)lost);
    }
    pln_status status = note_bad(self, in, block_place(self, in), used,
                                 "row %lld of the block at byte %lld: %.100s%s", (long long)b->done,
                                 (long long)(self->offset + in->at), why->message, more);
    if (status < 0)
        return status;
    self->bad[self->n_bad - 1].raw = raw;
    self->bad[self->n_bad - 1].code = why->status;
    b->at += used;
    b->done += passed == PLN_OK ? 1 : lost;
    b->lost = passed != PLN_OK;
    return PLN_OK;
}

static pln_status close_block(pln__decoder *self, call *in) {
    block *b = &self->block;
    pln_status status = PLN_OK;
    if (b->at != b->size && !b->lost) {
        const uint8_t *raw =
            self->codec_kind == PLN__AVRO_CODEC_NULL ? NULL : block_bytes(self, in);
        status = note_bad(self, in, block_place(self, in), b->size - b->at,
                          "block at byte %lld: %lld bytes follow the last of its %lld rows",
                          (long long)(self->offset + in->at), (long long)(b->size - b->at),
                          (long long)b->count);
        if (status < 0)
            return status;
        self->bad[self->n_bad - 1].raw = raw;
        self->bad[self->n_bad - 1].line -= b->count > 0; /* the last row, not the next block's first */
    }
    leave_block(self, in, b->total, b->count + (b->count == 0 && b->size > 0));
    return PLN_OK;
}

static pln_status take_rows(pln__decoder *self, call *in) {
    block *b = &self->block;
    pln_error why = {0};
    int64_t room = in->max_rows - in->out->rows - self->n_bad, left = b->count - b->done;
    int64_t start = block_place(self, in);
    pln__avro_input input = {.bytes = block_bytes(self, in), .size = b->size - b->at,
                             .rows = left < room ? left : room};
    if (self->raw && input.rows > 1)
        input.rows = 1;
    pln_status status = pln__avro_decode(self->values, &input, &why);
    int64_t at = b->at;
    for (int64_t i = 0; i < input.rows; i++, b->done++) {
        pln_status noted = note_origin(self, in, start, input.used);
        if (noted < 0)
            return noted;
    }
    b->at = at + input.used;
    in->out->rows += input.rows;
    if (status == PLN_OK && input.rows == 0)
        status = pln__error_set(&why, PLN_EDATA, "the data end before it");
    if (status == PLN_EDATA || status == PLN_ELIMIT)
        return reject_row(self, in, &why);
    if (status < 0 && in->err != NULL)
        *in->err = why;
    return status;
}

/* ---- decode ---- */

/* PLN_AGAIN: more bytes are needed. */
static pln_status take_header(pln__decoder *self, call *in) {
    pln__avro_header header;
    pln__avro_schema *never = NULL;
    pln_status status = pln__avro_header_read(in->bytes, in->size, &header, in->err);
    if (status == PLN_AGAIN && in->final)
        return pln__avro_file_schema(self->mem, in->bytes, in->size, true, &never, in->err);
    if (status == PLN_OK)
        status = start_file(self, in->bytes, &header, in->err);
    if (status == PLN_OK)
        in->at = header.size;
    return status;
}

/* Until there is enough, or the bytes do not suffice for more. */
static pln_status run(pln__decoder *self, call *in) {
    pln_status status = PLN_OK;
    while (in->out->rows + self->n_bad < in->max_rows) {
        int64_t before = in->at;
        if (self->searching) {
            search_on(self, in);
            if (self->searching || in->at == before)
                return PLN_OK;
            continue;
        }
        if (!self->block.open) {
            /* The bytes that bad rows point to are in the page. */
            if (in->at == in->size || (self->n_bad > 0 && self->codec_kind != 0))
                return PLN_OK;
            PLN__TRY(open_block(self, in));
            if (status == PLN_AGAIN)
                return PLN_OK;
            if (!self->block.open)
                continue;
            PLN__TRY(skip_taken(self, in));
        }
        if (in->size - in->at < self->block.total)
            return PLN_OK; /* less of it was handed in than at first */
        if (self->block.done < self->block.count)
            PLN__TRY(take_rows(self, in));
        if (self->block.done == self->block.count)
            PLN__TRY(close_block(self, in));
    }
out:
    return status;
}

static pln_status file_decode(pln__decoder *self, const uint8_t *bytes, int64_t size, bool final,
                              int64_t max_rows, pln__decoded *out, pln_error *err) {
    call in = {bytes, size, final, max_rows, 0, out, err};
    pln_status status = PLN_OK;
    *out = (pln__decoded){0};
    self->n_bad = 0;
    if (!self->begun) {
        PLN__TRY(take_header(self, &in));
        if (status == PLN_AGAIN)
            return PLN_OK;
    }
    PLN__TRY(run(self, &in));
    if (out->rows > 0)
        PLN__TRY(pln__avro_decoder_take(self->values, &out->array, err));
    out->consumed = in.at;
    self->offset += in.at;
    out->bad = self->bad;
    out->n_bad = self->n_bad;
    if (self->raw && out->rows > 0 && self->codec_kind != PLN__AVRO_CODEC_NULL) {
        out->raw = self->page->bytes.data;
        out->keep = &self->page->keeper;
        __atomic_add_fetch(&self->page->refs, 1, __ATOMIC_RELAXED);
    }
    return PLN_OK;
out:
    pln__buffer_free(self->mem, &out->row_start);
    pln__buffer_free(self->mem, &out->row_size);
    pln__buffer_free(self->mem, &out->row_line);
    *out = (pln__decoded){0};
    return status;
}

static pln_status file_infer(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                             int64_t size, bool final, struct ArrowSchema *out, pln_error *err) {
    const pln__avro_read_dialect *how = dialect;
    pln__avro_schema *schema = NULL;
    if (how->reader != NULL)
        return pln__avro_to_arrow(mem, how->reader, out, err);
    pln_status status = pln__avro_file_schema(mem, bytes, size, final, &schema, err);
    if (status == PLN_AGAIN)
        return pln__error_set(err, PLN_EDATA,
                              "header of the container file: more than the %lld bytes looked at",
                              (long long)size);
    if (status == PLN_OK)
        status = pln__avro_to_arrow(mem, schema, out, err);
    if (schema != NULL)
        pln__avro_schema_unref(schema);
    return status;
}

const pln__decoder_table pln__avro_file_decoder = {
    .blocks = true,
    .open = file_open,
    .begin = file_begin,
    .decode = file_decode,
    .header = file_header,
    .close = file_close,
    .infer = file_infer,
};
