/*
 * NDJSON in: one JSON object (RFC 8259) a line, typed by the schema. What a value looks like, in both directions:
 *
 *     bool, integers         true, 17; every digit of 64 bits counts; 3.0 is no integer unless `float_to_int`
 *     float32, float64       a number, rounded once; "NaN", "Infinity", "-Infinity" as strings; too large is refused
 *     decimal                a number, taken by its digits; digits beyond the scale are refused unless zeros
 *     utf8                   a string; with `number_to_text` also a number, as its characters
 *     binary, fixed          a string where the bytes are UTF-8 without NUL, else {"base64": "..."}
 *     date, time, timestamp  ISO 8601 strings; no offset means UTC, and in a column without a zone there must be none; years beyond 0001 to
 *                            9999 with a sign ("+012345-01-01")
 *     list, struct           an array, an object
 *     map                    an object if the keys are text and all different, else an array of [key, value] pairs; both are read
 *     dictionary             as its values; of an enum (symbols.h) a string that is one of its symbols
 *     dense union            {"variant": value}, and null for a variant of type null
 *     utf8 with the metadata "pln.json" = "any"    any value, whose text is kept as it stands; null is a null if it may be
 *
 * A null in a required column, a required member that is missing, a value of another kind and a key that comes twice reject the
 * record with the member's path. Members that the schema does not know are checked by the grammar, but below them keys are not compared.
 * Text is UTF-8; a byte order mark may stand at the start of a file alone; a lone surrogate is an error. Lines of spaces are no records.
 *
 * How it is fast: records of one producer look alike, so from a record that the general decoder has read a shape is learned - the
 * text between the values, and what kind of value follows. The next records are tried against the shapes first (json_run.h): each
 * literal is one comparison, each value one kernel. What does not fit is read in general, from its first byte: there each key is held against
 * a guess, the one that came next in the object before, or looked up in the index of its struct (json_member.h).
 */
#include "format/json_plan.h"
#include <stdio.h>

void pln__json_dialect_default(pln__json_dialect *dialect) {
    *dialect = (pln__json_dialect){
        .duplicates = PLN__JSON_DUPLICATE_REJECT,
        .nesting_max = 64,
        .write_nulls = true,
    };
}

/* ---- life ---- */

static void json_close(pln__decoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    pln__json_shapes_free(self);
    pln__json_plan_close(self);
    pln__buffer_free(mem, &self->record);
    pln__buffer_free(mem, &self->text);
    pln__free(mem, self->bad, (uint64_t)self->bad_capacity * sizeof *self->bad);
    pln__free(mem, self, sizeof *self);
}

static pln_status json_open(const pln_allocator *mem, const void *dialect,
                            const pln__decode_options *options, pln__decoder **out,
                            pln_error *err) {
    pln_status status = PLN_OK;
    pln__decoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    if (dialect == NULL)
        pln__json_dialect_default(&self->dialect);
    else
        self->dialect = *(const pln__json_dialect *)dialect;
    if (self->dialect.nesting_max < 1 || self->dialect.nesting_max > PLN__JSON_DEPTH_MAX)
        PLN__FAIL(err, PLN_EINVAL, "nesting_max is %d, it must be 1 to %d",
                  (int)self->dialect.nesting_max, PLN__JSON_DEPTH_MAX);
    if (options->schema == NULL)
        PLN__FAIL(err, PLN_EINVAL, "NDJSON cannot be decoded without a schema");
    self->schema = options->schema;
    self->origin = options->origin;
    self->record_bytes_max = options->record_bytes_max > 0 ? options->record_bytes_max : 1 << 20;
    self->cpu = options->cpu;
    self->seed = options->seed;
    self->depth_max = self->dialect.nesting_max;
    self->at_start = true;
    self->patience = 1;
    self->learn_at = (options->cpu & PLN__JSON_GENERAL) != 0 ? UINT64_MAX : 0;
    PLN__TRY(pln__json_plan_open(self, err));
    *out = self;
    self = NULL;
out:
    json_close(self);
    return status;
}

static pln_status json_begin(pln__decoder *self, bool at_start, const uint8_t *header,
                             int64_t header_size, pln_error *err) {
    (void)header;
    (void)header_size;
    (void)err;
    self->at_start = at_start;
    self->skipping = false;
    return PLN_OK;
}

static const uint8_t *json_header(pln__decoder *self, int64_t *size) {
    (void)self;
    *size = 0;
    return NULL;
}

/* ---- records ---- */

static bool is_full(const pln__decoder *self) {
    return self->row + self->n_bad >= self->row_limit;
}

static pln_status note_bad(pln__decoder *self, const uint8_t *start, int64_t size,
                           pln_status code) {
    pln_status status = pln__grow(self->mem, &self->bad, &self->bad_capacity, self->n_bad + 1,
                                  sizeof *self->bad, self->err);
    if (status < 0)
        return status;
    pln__bad_row *bad = &self->bad[self->n_bad++];
    *bad = (pln__bad_row){
        .start = start - self->base + self->base_at,
        .size = size,
        .line = self->lines,
        .code = code,
        .column = -1};
    if (code == PLN_ELIMIT) {
        bad->size = self->record_bytes_max;
        (void)snprintf(bad->message, sizeof bad->message, "a record of more than %lld bytes",
                       (long long)self->record_bytes_max);
    } else {
        bad->column = self->column;
        memcpy(bad->message, self->message, sizeof bad->message);
    }
    int64_t left = self->row_limit - self->n_bad; /* rows and bad ones share the limit */
    self->row_room = self->row_room < left ? self->row_room : left;
    return PLN_OK;
}

static int64_t record_size(const uint8_t *line, const uint8_t *end) {
    int64_t size = end - line - 1;
    return size - (size > 0 && end[-2] == '\r');
}

/* One line by the general decoder. */
static pln_status read_line(pln__decoder *self, const uint8_t *line, const uint8_t **next,
                            const uint8_t *limit) {
    pln_status status = PLN_OK;
    self->line = line;
    self->status = PLN_OK;
    const uint8_t *end = pln__json_space(line);
    if (*end == '\n') {
        *next = end + 1;
        self->lines++;
        return PLN_OK;
    }
    end = pln__json_read_record(self, line);
    if (self->status < 0 && self->status != PLN_EDATA)
        return self->status;
    bool good = end != NULL;
    if (!good)
        end = (const uint8_t *)memchr(line, '\n', (size_t)(limit - line)) + 1;
    *next = end;
    int64_t size = record_size(line, end);
    if (good && size <= self->record_bytes_max) {
        if (self->origin)
            pln__json_note(self, self->row, line, end);
        self->row++;
        if (++self->clock >= self->learn_at)
            pln__json_learn(self, line, end);
    } else {
        pln__column_truncate(&self->top, self->row);
        status =
            note_bad(self, line, size, size <= self->record_bytes_max ? PLN_EDATA : PLN_ELIMIT);
    }
    self->lines++;
    return status;
}

static pln__json_runner *runner_for(uint32_t cpu) {
#if defined(__x86_64__)
    if ((cpu & PLN__CPU_AVX2) != 0)
        return pln__json_run_avx2;
    if ((cpu & PLN__CPU_SSE42) != 0)
        return pln__json_run_sse42;
#else
    (void)cpu;
#endif
    return pln__json_run_words;
}

/* As many records as the shapes fit, the last one first. Where shapes have been missing for long they are seldom tried. */
static const uint8_t *guess(pln__decoder *self, const uint8_t *p, const uint8_t *end) {
    pln__json_runner *run = runner_for(self->cpu);
    int32_t n = (int32_t)self->n_shapes, stopped = -1;
    if (self->misses > 32 && self->clock % (self->misses > 1024 ? 64 : 16) != 0)
        return p;
    for (int32_t tried = 0; tried < n && p < end && self->row < self->row_room; tried++) {
        int32_t i = (self->last_shape + tried) % n;
        pln__json_shape *shape = &self->shapes[i];
        int64_t row = self->row;
        if (i == stopped || shape->n_steps == 0)
            continue;
        p = run(self, shape, p, end);
        if (self->row == row)
            continue;
        shape->hits += self->row - row;
        shape->used = self->clock;
        self->last_shape = stopped = i;
        self->misses = 0;
        tried = -1;
        pln__json_settle(self, self->row);
    }
    return p;
}

/*
 * Room for more records in all that has an entry a record. How many come is guessed from the size of the next one, but a short record before
 * long ones must not make many columns ask for more memory than the input can be worth.
 */
static pln_status make_room(pln__decoder *self, int64_t ahead, int64_t record) {
    pln_status status = PLN_OK;
    int64_t left = self->row_limit - self->n_bad - self->row;
    int64_t more = ahead / (record > 0 ? record : 1) + 16;
    int64_t worth = ahead * 2 / (self->n_aligned + 1) + 64;
    more = more < worth ? more : worth;
    more = more < self->row / 2 ? self->row / 2 : more;
    more = more < left ? more : left;
    for (int64_t i = 0; i < self->n_aligned; i++)
        PLN__TRY(pln__column_reserve(self->aligned[i]->column, more, PLN__ALIGN, self->err));
    PLN__TRY(pln__column_reserve(&self->top, more, 0, self->err));
    if (self->origin) {
        pln__buffer *buffers[3] = {&self->out->row_start, &self->out->row_size,
                                   &self->out->row_line};
        for (int i = 0; i < 3; i++) {
            buffers[i]->size = self->row * 8;
            PLN__TRY(pln__buffer_reserve(self->mem, buffers[i], more * 8, self->err));
        }
    }
    self->row_room = self->row + more;
out:
    return status;
}

/* Records of [p, end), which ends with a line end; *stop is where the next one starts. */
static pln_status read_lines(pln__decoder *self, const uint8_t *p, const uint8_t *end,
                             const uint8_t **stop) {
    pln_status status = PLN_OK;
    while (p < end && !is_full(self)) {
        if (self->row >= self->row_room) {
            const uint8_t *line = (const uint8_t *)memchr(p, '\n', (size_t)(end - p));
            PLN__TRY(make_room(self, end - p, line + 1 - p));
        }
        p = guess(self, p, end);
        if (p >= end || self->row >= self->row_room)
            continue;
        self->misses++;
        PLN__TRY(read_line(self, p, &p, end));
    }
out:
    *stop = p;
    return status;
}

/* What follows the last line end: the last record if the input is at its end, else perhaps already too much of one. */
static pln_status read_rest(pln__decoder *self, const uint8_t *p, const uint8_t *end, bool final,
                            const uint8_t **stop) {
    pln_status status = PLN_OK;
    int64_t size = end - p;
    *stop = p;
    if (size == 0 || is_full(self))
        return PLN_OK;
    if (size > self->record_bytes_max + 1) { /* one for a carriage return */
        PLN__TRY(note_bad(self, p, size, PLN_ELIMIT));
        self->skipping = !final;
        *stop = end;
    } else if (final) {
        const uint8_t *base = self->base, *copy = NULL;
        self->record.size = 0;
        PLN__TRY(pln__buffer_reserve(self->mem, &self->record, size + 1 + PLN__PADDING, self->err));
        PLN__TRY(pln__buffer_append(self->mem, &self->record, p, size, self->err));
        memset(self->record.data + size, '\n', 1 + PLN__PADDING);
        int64_t lines = self->lines;
        self->base = self->record.data;
        self->base_at = p - base;
        status = read_lines(self, self->record.data, self->record.data + size + 1, &copy);
        self->base = base;
        self->base_at = 0;
        self->lines = lines;
        *stop = status < 0 ? p : end;
    }
out:
    return status;
}

/* Where the block's first record starts: behind a byte order mark, or behind the rest of one that was too long. */
static const uint8_t *find_start(pln__decoder *self, const uint8_t *p, const uint8_t *end,
                                 bool final) {
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    int64_t size = end - p;
    if (self->skipping) {
        const uint8_t *line = size > 0 ? memchr(p, '\n', (size_t)size) : NULL;
        if (line == NULL)
            return end;
        self->skipping = false;
        self->lines++;
        return line + 1;
    }
    if (self->at_start && size > 0) {
        bool cut = size < 3 && !final && memcmp(p, mark, (size_t)size) == 0;
        if (cut)
            return NULL;
        self->at_start = false;
        if (size >= 3 && memcmp(p, mark, 3) == 0)
            p += 3;
    }
    return p;
}

static const uint8_t *last_line(const uint8_t *p, const uint8_t *end) {
    while (end > p && end[-1] != '\n')
        end--;
    return end;
}

static pln_status json_decode(pln__decoder *self, const uint8_t *bytes, int64_t size, bool final,
                              int64_t max_rows, pln__decoded *out, pln_error *err) {
    pln_status status = PLN_OK;
    const uint8_t *end = bytes + size, *p;
    memset(out, 0, sizeof *out);
    self->out = out;
    self->err = err;
    self->base = bytes;
    self->row = self->n_bad = self->lines = self->row_room = 0;
    self->row_limit = max_rows < INT32_MAX / 2 ? max_rows : INT32_MAX / 2;
    if (size > INT32_MAX / 2)
        PLN__FAIL(err, PLN_EINVAL, "a block of %lld bytes, at most %d are allowed", (long long)size,
                  INT32_MAX / 2);
    p = size > 0 ? find_start(self, bytes, end, final) : bytes;
    if (p != NULL && p < end) {
        const uint8_t *lines_end = last_line(p, end);
        PLN__TRY(read_lines(self, p, lines_end, &p));
        if (p == lines_end)
            PLN__TRY(read_rest(self, p, end, final, &p));
    }
    out->consumed = p == NULL ? 0 : p - bytes;
    out->lines = self->lines;
    out->rows = self->row;
    out->bad = self->bad;
    out->n_bad = self->n_bad;
    out->row_start.size = out->row_size.size = out->row_line.size =
        self->origin ? self->row * 8 : 0;
    self->top.length = self->row;
    PLN__TRY(pln__column_finish(&self->top, &out->array, err));
out:
    if (status < 0) {
        pln__json_settle(self, self->row);
        pln__column_truncate(&self->top, 0);
        pln__buffer_free(self->mem, &out->row_start);
        pln__buffer_free(self->mem, &out->row_size);
        pln__buffer_free(self->mem, &out->row_line);
        memset(out, 0, sizeof *out);
    }
    self->out = NULL;
    self->err = NULL;
    return status;
}

const pln__decoder_table pln__json_decoder = {
    .open = json_open,
    .begin = json_begin,
    .decode = json_decode,
    .header = json_header,
    .close = json_close,
    .infer = pln__json_infer,
};
