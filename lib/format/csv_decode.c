/* The CSV decoder as the table of format.h has it. */
#include "base/utf8.h"
#include "format/csv_internal.h"

#define INDEX_ENTRIES 16384

pln_status pln__csv_window_open(struct pln__decoder *self, pln__csv_input input, int64_t want,
                                bool crowded, pln__csv_window *out, pln_error *err) {
    const uint8_t *bytes = input.bytes;
    int64_t covered = input.size < want ? input.size : want;
    int64_t need = (crowded || covered < INDEX_ENTRIES ? covered : INDEX_ENTRIES) + CSV_INDEX_SLACK;
    if (need > self->index_capacity) {
        uint64_t old = (uint64_t)self->index_capacity * sizeof *self->index;
        uint64_t now = (uint64_t)need * sizeof *self->index;
        pln__free(self->mem, self->index, old);
        self->index_capacity = 0;
        self->index = pln__alloc(self->mem, now);
        if (self->index == NULL)
            return pln__error_memory(err, now);
        self->index_capacity = need;
    }
    uint8_t quote = self->rules.quote != 0 ? self->rules.quote : self->newline;
    pln__csv_scan scan = {.bytes = bytes,
                          .size = covered,
                          .ascii = true,
                          .at = self->index,
                          .chars = {self->rules.delimiter, quote, self->newline},
                          .capacity = self->index_capacity};
    self->scan(&scan);
    *out = (pln__csv_window){.base = bytes,
                             .size = scan.done,
                             .at = self->index,
                             .n = scan.n,
                             .whole = scan.done == input.size,
                             .last = scan.done == input.size && input.final,
                             .valid = true,
                             .newline = self->newline};
    if (!scan.ascii && self->has_text) {
        /* Up to the last entry, so that no character is cut in two. */
        int64_t end = out->last ? out->size : scan.n > 0 ? self->index[scan.n - 1] : 0;
        out->valid = pln__utf8_valid(bytes, end, self->cpu);
    }
    return PLN_OK;
}

/* ---- life ---- */

void pln__csv_decoder_free(struct pln__decoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    if (self->columns != NULL)
        for (int64_t i = 0; i < self->n_columns; i++)
            pln__column_free(&self->columns[i]);
    pln__symbol_sets_free(mem, &self->symbol_sets);
    pln__free(mem, self->columns, (uint64_t)self->n_columns * sizeof *self->columns);
    pln__free(mem, self->symbols, (uint64_t)self->n_columns * sizeof *self->symbols);
    pln__free(mem, self->present, (uint64_t)self->n_columns * sizeof *self->present);
    pln__free(mem, self->fields, (uint64_t)self->n_fields * sizeof *self->fields);
    pln__free(mem, self->spans, (uint64_t)self->n_fields * sizeof *self->spans);
    pln__csv_names_free(mem, self->names, self->n_names);
    pln__buffer_free(mem, &self->header);
    pln__buffer_free(mem, &self->scratch);
    pln__free(mem, self->index, (uint64_t)self->index_capacity * sizeof *self->index);
    pln__free(mem, self->bad, (uint64_t)self->bad_capacity * sizeof *self->bad);
    pln__csv_rules_free(mem, &self->rules);
    pln__free(mem, self, sizeof *self);
}

static pln_status make_columns(pln__decoder *self, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t n = (uint64_t)self->schema->n_children;
    if (n == 0)
        return PLN_OK;
    self->columns = pln__calloc(self->mem, n, sizeof *self->columns);
    self->symbols = pln__calloc(self->mem, n, sizeof *self->symbols);
    self->present = pln__calloc(self->mem, n, sizeof *self->present);
    self->n_columns = (int64_t)n;
    if (self->columns == NULL || self->symbols == NULL || self->present == NULL)
        return pln__error_memory(err, n * sizeof *self->columns);
    for (uint64_t i = 0; i < n; i++) {
        pln__type type;
        PLN__TRY(pln__csv_supported(self->schema->children[i], &type, err));
        PLN__TRY(pln__column_init(self->mem, self->schema->children[i], &self->columns[i], err));
        PLN__TRY(pln__symbols_bind(&self->symbol_sets, self->seed, &self->columns[i],
                                   &self->symbols[i], err));
    }
out:
    return status;
}

pln_status pln__csv_decoder_new(const pln_allocator *mem, const pln__csv_dialect *dialect,
                                const pln__decode_options *options, struct pln__decoder **out,
                                pln_error *err) {
    pln_status status;
    pln__decoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->schema = options->schema;
    self->cpu = options->cpu;
    self->seed = options->seed;
    self->origin = options->origin;
    self->bytes_max =
        options->record_bytes_max > 0 ? options->record_bytes_max : CSV_RECORD_BYTES_MAX;
    self->scan = pln__csv_scan_for(options->cpu);
    PLN__TRY(pln__csv_rules_init(mem, dialect, &self->rules, err));
    self->lines_to_skip = self->rules.skip_lines;
    if (self->bytes_max > CSV_RECORD_BYTES_LIMIT)
        PLN__FAIL(err, PLN_EOPTION, "record_bytes_max %lld: at most %lld",
                  (long long)self->bytes_max, (long long)CSV_RECORD_BYTES_LIMIT);
    if (self->schema != NULL)
        PLN__TRY(make_columns(self, err));
    *out = self;
out:
    if (status < 0)
        pln__csv_decoder_free(self);
    return status;
}

static pln_status csv_open(const pln_allocator *mem, const void *dialect,
                           const pln__decode_options *options, pln__decoder **out, pln_error *err) {
    if (options->schema == NULL) {
        *out = NULL;
        return pln__error_set(err, PLN_EINVAL, "a CSV decoder needs a schema");
    }
    return pln__csv_decoder_new(mem, dialect, options, out, err);
}

/* ---- input ---- */

static void forget(pln__decoder *self) {
    pln__csv_names_free(self->mem, self->names, self->n_names);
    self->names = NULL;
    self->n_names = 0;
    self->header.size = 0;
    self->newline = 0;
    self->in_long_line = false;
    self->lines_to_skip = self->rules.skip_lines;
    self->state = CSV_AT_START;
}

/* The header comes padded by nobody, so it is read from a copy. */
static pln_status resume(pln__decoder *self, const uint8_t *header, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer copy = {0};
    int64_t at = 0, lines = 0;
    self->newline = size > 0 && header[size - 1] == '\r' ? '\r' : '\n';
    self->lines_to_skip = 0;
    self->state = CSV_AT_LINES;
    if (self->rules.header && size == 0)
        PLN__FAIL(err, PLN_EINVAL, "to go on in the middle of a CSV file needs its header");
    PLN__TRY(pln__buffer_append(self->mem, &copy, header, size, err));
    PLN__TRY(pln__buffer_reserve(self->mem, &copy, PLN__PADDING, err));
    pln__buffer_seal(&copy);
    pln__csv_input input = {copy.data, size == 0 ? 1 : size, true};
    PLN__TRY(pln__csv_preamble(self, &input, &at, &lines, err));
    if (status == PLN_AGAIN)
        PLN__FAIL(err, PLN_EINVAL, "the header to go on with is empty");
out:
    pln__buffer_free(self->mem, &copy);
    return status;
}

static pln_status csv_begin(pln__decoder *self, bool at_start, const uint8_t *header,
                            int64_t header_size, pln_error *err) {
    forget(self);
    return at_start ? PLN_OK : resume(self, header, header_size, err);
}

static pln_status csv_decode(pln__decoder *self, const uint8_t *bytes, int64_t size, bool final,
                             int64_t max_rows, pln__decoded *out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__csv_run run = {.input = {bytes, size, final}, .max_rows = max_rows, .out = out};
    memset(out, 0, sizeof *out);
    self->n_bad = 0;
    PLN__TRY(pln__csv_preamble(self, &run.input, &run.at, &run.lines, err));
    if (status == PLN_AGAIN)
        run.at = final ? size : run.at;
    else
        PLN__TRY(pln__csv_rows(self, &run, err));
    PLN__TRY(pln__csv_finish(self, run.rows, &out->array, err));
    out->consumed = run.at;
    out->lines = run.lines;
    out->rows = run.rows;
    out->row_start.size = out->row_size.size = out->row_line.size = self->origin ? run.rows * 8 : 0;
    out->bad = self->bad;
    out->n_bad = self->n_bad;
out:
    if (status < 0) {
        pln__csv_drop(self, run.rows);
        pln__buffer_free(self->mem, &out->row_start);
        pln__buffer_free(self->mem, &out->row_size);
        pln__buffer_free(self->mem, &out->row_line);
        memset(out, 0, sizeof *out);
        return status;
    }
    return PLN_OK;
}

static const uint8_t *csv_header(pln__decoder *self, int64_t *size) {
    *size = self->header.size;
    return self->header.data;
}

const pln__decoder_table pln__csv_decoder = {
    .open = csv_open,
    .begin = csv_begin,
    .decode = csv_decode,
    .header = csv_header,
    .close = pln__csv_decoder_free,
    .infer = pln__csv_infer,
};
