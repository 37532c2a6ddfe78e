/* What stands before the rows of a file, and which field is which column. */
#include "base/utf8.h"
#include "format/csv_value.h"
#include <stdio.h>

void pln__csv_names_free(const pln_allocator *mem, char **names, int64_t n) {
    if (names == NULL)
        return;
    for (int64_t i = 0; i < n; i++)
        pln__strfree(mem, names[i]);
    pln__free(mem, names, ((uint64_t)n + 1) * sizeof *names);
}

/* ---- fields to columns ---- */

static uint8_t kind_of(const pln__type *type) {
    switch (type->id) {
    case PLN__UTF8: return CSV_UTF8;
    case PLN__INT64: return CSV_INT64;
    case PLN__INT32: return CSV_INT32;
    case PLN__FLOAT64: return CSV_FLOAT64;
    case PLN__TIMESTAMP: return CSV_TIMESTAMP;
    case PLN__BOOL: return CSV_BOOL;
    case PLN__DATE32: return CSV_DATE32;
    default: return CSV_OTHER;
    }
}

static void bind_field(pln__decoder *self, int64_t i, int64_t child) {
    pln__csv_field *f = &self->fields[i];
    pln__column *column = &self->columns[child];
    f->kind = kind_of(&column->type);
    f->unit = (uint8_t)column->type.unit;
    f->flags = 0;
    if (column->type.id == PLN__TIMESTAMP && column->type.timezone[0] == '\0')
        f->flags = PLN__TIME_NO_ZONE;
    f->nullable = column->type.nullable;
    f->child = (int32_t)child;
    f->column = column;
    f->symbols = self->symbols[child];
    f->seed = self->seed;
    /* The remembered date is 1970-01-01 (day 0) until there is another. */
    f->date_head = pln__load_le64("1970-01-");
    memcpy(&f->date_tail, "01", 2);
    self->present[child] = true;
    self->has_text = self->has_text || f->kind == CSV_UTF8;
}

static void free_fields(pln__decoder *self) {
    pln__free(self->mem, self->fields, (uint64_t)self->n_fields * sizeof *self->fields);
    pln__free(self->mem, self->spans, (uint64_t)self->n_fields * sizeof *self->spans);
    self->fields = NULL;
    self->spans = NULL;
    self->n_fields = 0;
}

static pln_status make_fields(pln__decoder *self, int64_t n, pln_error *err) {
    free_fields(self);
    pln__csv_field *fields = pln__calloc(self->mem, (uint64_t)n, sizeof *fields);
    pln__csv_span *spans = pln__calloc(self->mem, (uint64_t)n, sizeof *spans);
    if (fields == NULL || spans == NULL) {
        pln__free(self->mem, fields, (uint64_t)n * sizeof *fields);
        pln__free(self->mem, spans, (uint64_t)n * sizeof *spans);
        return pln__error_memory(err, (uint64_t)n * sizeof *fields);
    }
    self->fields = fields;
    self->spans = spans;
    self->n_fields = n;
    for (int64_t i = 0; i < n; i++) {
        self->fields[i].kind = CSV_SKIP;
        self->fields[i].child = -1;
        self->fields[i].end = i + 1 < n ? self->rules.delimiter : self->newline;
    }
    for (int64_t i = 0; i < self->n_columns; i++)
        self->present[i] = false;
    self->has_text = false;
    self->plain = !self->rules.trim && self->rules.escape == 0;
    self->wary =
        self->rules.comment != 0 || self->newline == '\r' || (n == 1 && self->rules.skip_blank);
    return PLN_OK;
}

static pln_status missing(const pln__decoder *self, const char *name, pln_error *err) {
    const char *near = pln__nearest(name, (const char *const *)self->names);
    if (near != NULL)
        return pln__error_set(err, PLN_ENAME,
                              "column %s: not among the fields of the file (did you mean '%s'?)",
                              name, near);
    return pln__error_set(err, PLN_ENAME,
                          "column %s: not among the %lld fields of the file, which begin with '%s'",
                          name, (long long)self->n_names, self->names[0]);
}

static pln_status index_names(const pln__decoder *self, pln__map *map, pln_error *err) {
    for (int64_t i = 0; i < self->n_names; i++) {
        const char *name = self->names[i];
        int64_t before, size = (int64_t)strlen(name);
        if (pln__map_get(map, name, size, &before))
            return pln__error_set(err, PLN_EDATA,
                                  "the fields %lld and %lld have the same name '%s'",
                                  (long long)before + 1, (long long)i + 1, name);
        pln_status status = pln__map_put(map, name, size, i, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status bind_names(pln__decoder *self, const pln__map *map, pln_error *err) {
    int64_t found = 0;
    for (int64_t c = 0; c < self->n_columns; c++) {
        const char *name = self->schema->children[c]->name;
        int64_t i;
        if (!pln__map_get(map, name, (int64_t)strlen(name), &i)) {
            if (!self->columns[c].type.nullable)
                return missing(self, name, err);
            continue;
        }
        if (self->fields[i].child >= 0)
            return pln__error_set(err, PLN_EINVAL, "column %s: is in the schema twice", name);
        bind_field(self, i, c);
        found++;
    }
    if (found == 0 && self->n_columns > 0)
        return missing(self, self->schema->children[0]->name, err);
    return PLN_OK;
}

/* The file's fields by name: those that the schema lacks are skipped, those that the file lacks are null. */
static pln_status map_names(pln__decoder *self, pln_error *err) {
    pln_status status;
    pln__map *map = pln__map_new(self->mem, self->seed);
    if (map == NULL)
        return pln__error_memory(err, 0);
    PLN__TRY(index_names(self, map, err));
    if (self->schema == NULL)
        goto out;
    PLN__TRY(make_fields(self, self->n_names, err));
    PLN__TRY(bind_names(self, map, err));
out:
    pln__map_free(map);
    return status;
}

pln_status pln__csv_map_positions(struct pln__decoder *self, pln_error *err) {
    pln_status status = PLN_OK;
    const pln__csv_rules *rules = &self->rules;
    if (rules->columns != NULL) {
        self->names = pln__calloc(self->mem, (uint64_t)rules->n_columns + 1, sizeof *self->names);
        if (self->names == NULL)
            return pln__error_memory(err, ((uint64_t)rules->n_columns + 1) * sizeof *self->names);
        self->n_names = rules->n_columns;
        for (int64_t i = 0; i < self->n_names; i++)
            if ((self->names[i] = pln__strdup(self->mem, rules->columns[i])) == NULL)
                return pln__error_memory(err, strlen(rules->columns[i]) + 1);
        return map_names(self, err);
    }
    if (self->schema == NULL)
        return PLN_OK;
    if (self->n_columns == 0)
        PLN__FAIL(err, PLN_EINVAL, "a file without a header needs a schema with columns");
    PLN__TRY(make_fields(self, self->n_columns, err));
    for (int64_t i = 0; i < self->n_columns; i++)
        bind_field(self, i, i);
out:
    return status;
}

/* ---- header ---- */

static pln_status one_name(pln__decoder *self, const uint8_t *base, const pln__csv_span *span,
                           int64_t i, char **out, pln_error *err) {
    char number[24], show[PLN__SHOW_SIZE];
    const char *text = (const char *)base + span->start;
    int64_t size = span->size;
    if (size == 0) {
        size = snprintf(number, sizeof number, "c%lld", (long long)i + 1);
        text = number;
    }
    if (!pln__utf8_valid(text, size, self->cpu) || memchr(text, 0, (size_t)size) != NULL)
        return pln__error_set(err, PLN_EDATA, "header: the name of field %lld is no text: %s",
                              (long long)i + 1, pln__show(show, text, size));
    if (span->escaped) {
        self->scratch.size = 0;
        pln_status status = pln__buffer_reserve(self->mem, &self->scratch, size, err);
        if (status < 0)
            return status;
        size = pln__csv_unescape(&self->rules, (const uint8_t *)text, size, self->scratch.data);
        text = (const char *)self->scratch.data;
    }
    *out = pln__strndup(self->mem, text, size);
    return *out == NULL ? pln__error_memory(err, (uint64_t)size + 1) : PLN_OK;
}

static pln_status take_names(pln__decoder *self, const uint8_t *base, const pln__csv_record *record,
                             pln_error *err) {
    uint64_t n = (uint64_t)record->n;
    self->names = pln__calloc(self->mem, n + 1, sizeof *self->names);
    if (self->names == NULL)
        return pln__error_memory(err, (n + 1) * sizeof *self->names);
    self->n_names = record->n;
    for (int64_t i = 0; i < record->n; i++) {
        pln_status status = one_name(self, base, &record->spans[i], i, &self->names[i], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* Lay out the record at the window's start, whatever number of fields it has. */
static pln_status lay_out_header(pln__decoder *self, const pln__csv_window *w, bool *again,
                                 pln__csv_record *record, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t room = (uint64_t)(w->n < CSV_FIELDS_MAX ? w->n + 1 : CSV_FIELDS_MAX);
    *record = (pln__csv_record){.capacity = (int64_t)room, .bytes_max = self->bytes_max};
    record->spans = pln__calloc(self->mem, room, sizeof *record->spans);
    if (record->spans == NULL)
        return pln__error_memory(err, room * sizeof *record->spans);
    int verdict = pln__csv_lay_out(&self->rules, w, 0, 0, record);
    *again = verdict == CSV_MORE;
    if (verdict == CSV_FAULT || verdict == CSV_TOO_LONG)
        PLN__FAIL(err, verdict == CSV_FAULT ? PLN_EDATA : PLN_ELIMIT, "header: %s", record->fault);
    if (verdict != CSV_RECORD)
        goto out;
    if (record->n == CSV_FIELDS_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "header: more than %d fields", CSV_FIELDS_MAX - 1);
    PLN__TRY(take_names(self, w->base, record, err));
    PLN__TRY(pln__buffer_append(self->mem, &self->header, w->base, record->next, err));
    PLN__TRY(map_names(self, err));
    self->state = CSV_IN_ROWS;
out:
    pln__free(self->mem, record->spans, room * sizeof *record->spans);
    return status;
}

static pln_status read_header(pln__decoder *self, const pln__csv_input *input, int64_t *at,
                              int64_t *lines, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t want = 4096;
    while (self->state == CSV_AT_HEADER && *at < input->size) {
        pln__csv_window w;
        pln__csv_record record;
        bool again = false;
        if (self->in_long_line) {
            pln__csv_input rest = pln__csv_rest(input, *at);
            const uint8_t *end = memchr(rest.bytes, self->newline, (size_t)rest.size);
            self->in_long_line = end == NULL;
            *at += end == NULL ? rest.size : end - rest.bytes + 1;
            *lines += end != NULL;
            continue;
        }
        PLN__TRY(pln__csv_window_open(self, pln__csv_rest(input, *at), want, true, &w, err));
        PLN__TRY(lay_out_header(self, &w, &again, &record, err));
        if (again && w.whole)
            return PLN_AGAIN;
        want *= 2;
        if (again)
            continue;
        self->in_long_line = record.cut;
        *at += record.next;
        *lines += record.lines;
    }
out:
    return status < 0 ? status : self->state == CSV_IN_ROWS ? PLN_OK : PLN_AGAIN;
}

/* ---- before the header ---- */

static pln_status skip_mark(pln__decoder *self, const pln__csv_input *input, int64_t *at,
                            pln_error *err) {
    const uint8_t *bytes = input->bytes;
    int64_t size = input->size;
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    if (size >= 2 &&
        ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return pln__error_set(err, PLN_EUNSUPPORTED, "the input is UTF-16, must be UTF-8");
    int64_t n = size < 3 ? size : 3;
    bool same = memcmp(bytes, mark, (size_t)n) == 0;
    if (n < 3 && !input->final && (same || bytes[0] >= 0xFE))
        return PLN_AGAIN;
    if (n == 3 && same)
        *at = 3;
    self->state = CSV_AT_LINES;
    return PLN_OK;
}

/*
 * The first line end outside of quotes says what ends lines. A lone CR is one only if no LF follows it.
 * Returns 0 if more bytes are needed.
 */
static uint8_t find_newline(const pln__decoder *self, pln__csv_input input) {
    const uint8_t *bytes = input.bytes;
    int64_t size = input.size;
    bool quoted = false;
    int64_t end = size < self->bytes_max ? size : self->bytes_max;
    for (int64_t i = 0; i < end; i++) {
        if (quoted && self->rules.escape != 0 && bytes[i] == self->rules.escape) {
            i++;
            continue;
        }
        if (bytes[i] == self->rules.quote && self->rules.quote != 0 && self->lines_to_skip == 0)
            quoted = !quoted;
        if (quoted || (bytes[i] != '\n' && bytes[i] != '\r'))
            continue;
        if (bytes[i] == '\r' && i + 1 == size && !input.final)
            return 0;
        return bytes[i] == '\n' || (i + 1 < size && bytes[i + 1] == '\n') ? '\n' : '\r';
    }
    return input.final || size > self->bytes_max ? '\n' : 0;
}

static pln_status skip_lines(pln__decoder *self, const pln__csv_input *input, int64_t *at,
                             int64_t *lines) {
    while (self->lines_to_skip > 0 && *at < input->size) {
        pln__csv_input rest = pln__csv_rest(input, *at);
        const uint8_t *end = memchr(rest.bytes, self->newline, (size_t)rest.size);
        *at += end == NULL ? rest.size : end - rest.bytes + 1;
        if (end == NULL)
            return PLN_AGAIN;
        ++*lines;
        self->lines_to_skip--;
    }
    return self->lines_to_skip > 0 ? PLN_AGAIN : PLN_OK;
}

static pln_status leave_lines(pln__decoder *self, pln_error *err) {
    if (self->rules.header) {
        self->state = CSV_AT_HEADER;
        return PLN_OK;
    }
    self->state = CSV_IN_ROWS;
    if (self->newline == '\r') {
        pln_status status = pln__buffer_append(self->mem, &self->header, "\r", 1, err);
        if (status < 0)
            return status;
    }
    return pln__csv_map_positions(self, err);
}

pln_status pln__csv_preamble(struct pln__decoder *self, const pln__csv_input *input, int64_t *at,
                             int64_t *lines, pln_error *err) {
    pln_status status = PLN_OK;
    if (self->state == CSV_IN_ROWS)
        return PLN_OK;
    if (input->size == 0)
        return PLN_AGAIN;
    if (self->state == CSV_AT_START)
        PLN__TRY(skip_mark(self, input, at, err));
    if (status == PLN_OK && self->state == CSV_AT_LINES) {
        if (self->newline == 0)
            self->newline = find_newline(self, pln__csv_rest(input, *at));
        if (self->newline == 0)
            return PLN_AGAIN;
        PLN__TRY(skip_lines(self, input, at, lines));
        if (status == PLN_OK)
            PLN__TRY(leave_lines(self, err));
    }
    if (status == PLN_OK && self->state == CSV_AT_HEADER)
        PLN__TRY(read_header(self, input, at, lines, err));
out:
    return status;
}
