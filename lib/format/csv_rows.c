/*
 * Records to rows. Plain records - fields without quotes or with quotes that hold no quote - are decoded straight from the
 * index; the first thing that is not plain or not right sends the record through the layout, which says what it is.
 */
#include "format/csv_value.h"

#define WINDOW_BYTES (INT64_C(48) << 10)

typedef struct cursor {
    int64_t pos; /* in the window */
    int64_t k;   /* entry at pos */
    int64_t row;
    int64_t line; /* from the block's first */
} cursor;

enum { NEED_MORE = 1, BATCH_FULL };

/* ---- room ---- */

static void refresh(pln__csv_field *f) {
    pln__column *c = f->column;
    f->data = c->data.data;
    f->offsets = (int32_t *)(void *)c->offsets.data;
    f->room = c->data.capacity - CSV_AHEAD;
}

/* Before the column room is asked for anything: what it does not see us write. */
static void sync_column(pln__csv_field *f, int64_t rows) {
    pln__column *c = f->column;
    c->length = rows;
    if (pln__type_is_bytes(c->type.id) && c->offsets.capacity > 0)
        c->data.size = f->offsets[rows];
}

static pln_status reserve(pln__decoder *self, pln__csv_run *run, int64_t rows, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < self->n_fields; i++) {
        pln__csv_field *f = &self->fields[i];
        if (f->kind == CSV_SKIP)
            continue;
        sync_column(f, run->rows);
        PLN__TRY(
            pln__column_reserve(f->column, rows, f->column->data.capacity == 0 ? 256 : 0, err));
        refresh(f);
    }
    if (self->origin) {
        pln__buffer *of[] = {&run->out->row_start, &run->out->row_size, &run->out->row_line};
        for (int i = 0; i < 3; i++) {
            of[i]->size = run->rows * 8;
            PLN__TRY(pln__buffer_reserve(self->mem, of[i], rows * 8, err));
        }
    }
out:
    return status;
}

static void put_origin(const pln__csv_run *run, const cursor *c, int64_t size) {
    ((int64_t *)(void *)run->out->row_start.data)[c->row] = run->at + c->pos;
    ((int64_t *)(void *)run->out->row_size.data)[c->row] = size;
    ((int64_t *)(void *)run->out->row_line.data)[c->row] = c->line;
}

static void undo_nulls(pln__decoder *self, int64_t row) {
    for (int64_t i = 0; i < self->n_fields; i++)
        if (self->fields[i].kind != CSV_SKIP)
            pln__csv_null_undo(&self->fields[i], row);
}

/* ---- plain records ---- */

/* A field of a plain record: its text, and where the next one begins. */
typedef struct piece {
    const char *text;
    int64_t size;
    int64_t pos;
    int64_t k;
    int64_t lines; /* line ends inside of quotes, so far in this record */
} piece;

/* A quoted field without quotes in it, closed where the next entry ends the field. `left` fields are to come. */
static __attribute__((noinline)) bool plain_quoted(const pln__csv_window *w,
                                                   const pln__csv_field *f, uint8_t quote,
                                                   int64_t left, piece *p) {
    const uint8_t *base = w->base;
    int64_t open = p->pos, k = p->k + 1;
    for (; k < w->n && base[w->at[k]] != quote; k++)
        p->lines += base[w->at[k]] == w->newline;
    if (k + 1 + left >= w->n)
        return false;
    int64_t close = w->at[k], end = w->at[k + 1];
    if (base[end] != f->end || p->lines > CSV_QUOTED_LINES_MAX)
        return false;
    if (end != close + 1 && !(end == close + 2 && f->end == '\n' && base[close + 1] == '\r'))
        return false;
    p->text = (const char *)base + open + 1;
    p->size = close - open - 1;
    p->pos = end + 1;
    p->k = k + 2;
    return true;
}

CSV_ALWAYS bool is_null(const pln__csv_rules *rules, const char *text, int64_t size, bool quoted) {
    return pln__csv_is_null(rules, text, size) && (!quoted || rules->quoted_null);
}

/*
 * One record, if it is plain and right; *p goes from its start to its end. Position and entry are kept in registers, which is
 * why they are not in *p meanwhile.
 */
CSV_ALWAYS bool plain_row(pln__decoder *self, const pln__csv_window *w, int64_t row, piece *p) {
    const uint8_t *base = w->base;
    const uint32_t *at = w->at;
    int64_t pos = p->pos, k = p->k;
    pln__csv_field *f = self->fields, *end = f + self->n_fields;
    for (; f < end; f++) {
        int64_t stop = at[k++];
        const char *text = (const char *)base + pos;
        int64_t size = stop - pos;
        bool quoted = false;
        if (PLN__UNLIKELY(base[stop] != f->end)) {
            *p = (piece){NULL, 0, pos, k - 1, p->lines};
            if (base[stop] != self->rules.quote || size != 0 ||
                !plain_quoted(w, f, self->rules.quote, end - f - 1, p))
                return false;
            text = p->text;
            size = p->size;
            pos = p->pos;
            k = p->k;
            quoted = true;
        } else {
            pos = stop + 1;
            size -= f->end == '\n' && size > 0 && text[size - 1] == '\r';
        }
        if (f->kind == CSV_SKIP)
            continue;
        if (PLN__UNLIKELY(is_null(&self->rules, text, size, quoted))) {
            if (!f->nullable || pln__csv_null(f, row, NULL) < 0)
                return false;
        } else if (PLN__UNLIKELY(csv__put(f, row, text, size, w->valid, self->cpu, NULL) !=
                                 CSV_OK)) {
            return false;
        }
    }
    p->pos = pos;
    p->k = k;
    return true;
}

static bool looks_like_nothing(const pln__csv_window *w, const pln__csv_rules *rules, int64_t pos) {
    uint8_t c = w->base[pos];
    return c == '\n' || c == '\r' || (rules->comment != 0 && c == rules->comment);
}

/* As many plain rows as come one after the other. */
static void plain_rows(pln__decoder *self, const pln__csv_run *run, const pln__csv_window *w,
                       int64_t rows_end, cursor *c) {
    int64_t n_fields = self->n_fields;
    while (c->row < rows_end && c->k + n_fields <= w->n) {
        piece p = {.pos = c->pos, .k = c->k};
        if (self->wary && looks_like_nothing(w, &self->rules, c->pos))
            return;
        bool good = plain_row(self, w, c->row, &p);
        int64_t size = p.pos - c->pos - 1;
        if (PLN__UNLIKELY(!good || size > self->bytes_max)) {
            undo_nulls(self, c->row);
            return;
        }
        if (self->origin)
            put_origin(run, c, size - (size > 0 && w->base[p.pos - 2] == '\r'));
        c->pos = p.pos;
        c->k = p.k;
        c->row++;
        c->line += 1 + p.lines;
    }
}

/* ---- other records ---- */

static pln_status reject(pln__decoder *self, const pln__csv_run *run, const cursor *c,
                         const pln__csv_record *record, int32_t child, pln_error *err) {
    if (self->n_bad == self->bad_capacity) {
        pln_status status = pln__grow(self->mem, &self->bad, &self->bad_capacity, self->n_bad + 1,
                                      sizeof *self->bad, err);
        if (status < 0)
            return status;
    }
    pln__bad_row *bad = &self->bad[self->n_bad++];
    bad->raw = NULL;
    bad->start = run->at + c->pos;
    bad->size = record->size;
    bad->line = c->line;
    bad->code = record->cut ? PLN_ELIMIT : PLN_EDATA;
    bad->column = child;
    bad->message[0] = '\0';
    memcpy(bad->message, record->fault, sizeof record->fault);
    return PLN_OK;
}

/* Bytes of a text column grow; when they cannot, the batch ends before this row. */
static int make_room(pln__csv_field *f, int64_t row, int64_t size, pln_error *err) {
    if (row > 0 && size > INT32_MAX - 4096 - (int64_t)f->offsets[row])
        return BATCH_FULL;
    sync_column(f, row);
    pln_status status = pln__column_reserve(f->column, 0, size + 2 * CSV_AHEAD, err);
    refresh(f);
    return status;
}

/* A field's text, without what quoting put there. */
static pln_status span_text(pln__decoder *self, const pln__csv_window *w, const pln__csv_span *span,
                            const char **text, int64_t *size, pln_error *err) {
    const uint8_t *from = w->base + span->start;
    *text = (const char *)from;
    *size = span->size;
    if (!span->escaped)
        return PLN_OK;
    self->scratch.size = 0;
    pln_status status = pln__buffer_reserve(self->mem, &self->scratch, span->size, err);
    if (status < 0)
        return status;
    *size = pln__csv_unescape(&self->rules, from, span->size, self->scratch.data);
    *text = (const char *)self->scratch.data;
    return PLN_OK;
}

/* A status (negative), BATCH_FULL, or PLN_OK with *code. */
static int put_span(pln__decoder *self, const pln__csv_window *w, pln__csv_field *f, int64_t row,
                    const pln__csv_span *span, int *code, pln_error *err) {
    const char *text = "";
    int64_t size = 0;
    int status = PLN_OK;
    *code = CSV_OK;
    if (span != NULL)
        PLN__TRY(span_text(self, w, span, &text, &size, err));
    if (span == NULL || is_null(&self->rules, text, size, span->quoted)) {
        if (f->nullable)
            return pln__csv_null(f, row, err);
        *code = CSV_NULL_REQUIRED;
        return PLN_OK;
    }
    while ((*code = csv__put(f, row, text, size, w->valid, self->cpu, err)) == CSV_NO_ROOM) {
        status = make_room(f, row, size, err);
        if (status != PLN_OK)
            return status;
    }
    return *code < 0 ? *code : PLN_OK;
out:
    return status;
}

/* Field i is why the record, which has just been rejected, is no row. */
static pln_status name_field(pln__decoder *self, const pln__csv_window *w,
                             const pln__csv_record *record, int64_t i, int code, pln_error *err) {
    const char *text = "";
    int64_t size = 0;
    pln_status status = PLN_OK;
    if (i < record->n)
        status = span_text(self, w, &record->spans[i], &text, &size, err);
    if (status == PLN_OK)
        pln__csv_value_message(&self->fields[i], code, text, size,
                               self->bad[self->n_bad - 1].message);
    return status;
}

/* A laid out record to a row, or to a bad row. */
static int careful_row(pln__decoder *self, const pln__csv_run *run, const pln__csv_window *w,
                       cursor *c, pln__csv_record *record, pln_error *err) {
    for (int64_t i = 0; i < self->n_fields; i++) {
        pln__csv_field *f = &self->fields[i];
        const pln__csv_span *span = i < record->n ? &record->spans[i] : NULL;
        int code;
        if (f->kind == CSV_SKIP)
            continue;
        int status = put_span(self, w, f, c->row, span, &code, err);
        if (status == PLN_OK && code == CSV_OK)
            continue;
        undo_nulls(self, c->row);
        if (status != PLN_OK)
            return status;
        status = reject(self, run, c, record, f->child, err);
        return status < 0 ? status : name_field(self, w, record, i, code, err);
    }
    if (self->origin)
        put_origin(run, c, record->size);
    c->row++;
    return PLN_OK;
}

/* Whatever stands at the cursor. */
static int any_record(pln__decoder *self, const pln__csv_run *run, const pln__csv_window *w,
                      cursor *c, pln_error *err) {
    pln__csv_record record = {.spans = self->spans,
                              .capacity = self->n_fields,
                              .expected = self->n_fields,
                              .bytes_max = self->bytes_max};
    int status = PLN_OK;
    switch (pln__csv_lay_out(&self->rules, w, c->pos, c->k, &record)) {
    case CSV_MORE: return NEED_MORE;
    case CSV_NOTHING: break;
    case CSV_RECORD: status = careful_row(self, run, w, c, &record, err); break;
    default: status = reject(self, run, c, &record, -1, err); break;
    }
    if (status != PLN_OK)
        return status;
    self->in_long_line = record.cut;
    c->pos = record.next;
    c->k = record.entry;
    c->line += record.lines;
    return PLN_OK;
}

/* ---- windows ---- */

static pln_status window_rows(pln__decoder *self, pln__csv_run *run, const pln__csv_window *w,
                              cursor *c, pln_error *err) {
    int64_t bad = self->n_bad;
    for (;;) {
        int64_t rows_end = run->max_rows - (self->n_bad - bad);
        run->done = c->row >= rows_end;
        if (run->done || c->pos >= w->size || self->in_long_line)
            return PLN_OK;
        if (self->plain)
            plain_rows(self, run, w, rows_end, c);
        if (c->row >= rows_end || c->pos >= w->size)
            continue;
        int status = any_record(self, run, w, c, err);
        if (status < 0)
            return status;
        if (status == BATCH_FULL)
            run->done = true;
        if (status != PLN_OK)
            return PLN_OK;
    }
}

/* The rest of a line that was too long. */
static void skip_line(pln__decoder *self, pln__csv_run *run) {
    pln__csv_input rest = pln__csv_rest(&run->input, run->at);
    const uint8_t *end = memchr(rest.bytes, self->newline, (size_t)rest.size);
    run->at += end == NULL ? rest.size : end - rest.bytes + 1;
    run->lines += end != NULL;
    self->in_long_line = end == NULL && !run->input.final;
}

static int64_t guess_window(const pln__decoder *self, const pln__csv_run *run) {
    int64_t rows = run->max_rows - run->rows;
    int64_t average = self->seen_bytes / (self->seen_rows + 1) + 16;
    if (rows > WINDOW_BYTES / average)
        return WINDOW_BYTES;
    return rows * average + rows * average / 8 + 512;
}

static pln_status one_window(pln__decoder *self, pln__csv_run *run, int64_t want, bool crowded,
                             cursor *c, pln__csv_window *w, pln_error *err) {
    pln_status status;
    PLN__TRY(
        pln__csv_window_open(self, pln__csv_rest(&run->input, run->at), want, crowded, w, err));
    int64_t rows = w->n / (self->rules.ragged ? 1 : self->n_fields) + 2;
    int64_t left = run->max_rows - run->rows;
    PLN__TRY(reserve(self, run, rows < left ? rows : left, err));
    *c = (cursor){0, 0, run->rows, run->lines};
    PLN__TRY(window_rows(self, run, w, c, err));
out:
    return status;
}

pln_status pln__csv_rows(struct pln__decoder *self, pln__csv_run *run, pln_error *err) {
    int64_t want = guess_window(self, run), max_rows = run->max_rows;
    bool crowded = false;
    while (!run->done && run->at < run->input.size) {
        pln__csv_window w;
        cursor c;
        if (self->in_long_line) {
            skip_line(self, run);
            continue;
        }
        int64_t bad = self->n_bad;
        pln_status status = one_window(self, run, want, crowded, &c, &w, err);
        if (status < 0)
            return status;
        self->seen_bytes += c.pos;
        self->seen_rows += c.row - run->rows + self->n_bad - bad;
        run->at += c.pos;
        run->rows = c.row;
        run->lines = c.line;
        run->max_rows = max_rows - self->n_bad;
        if (c.pos == 0 && !run->done) {
            /* Not one record in it: a larger one, or more bytes. */
            run->done = w.whole;
            want = 2 * (w.size > want ? w.size : want);
            crowded = true;
        } else {
            want = guess_window(self, run);
            crowded = false;
        }
    }
    return PLN_OK;
}

/* ---- handing over ---- */

void pln__csv_drop(struct pln__decoder *self, int64_t rows) {
    for (int64_t i = 0; i < self->n_fields; i++) {
        if (self->fields[i].kind == CSV_SKIP)
            continue;
        pln__column *column = self->fields[i].column;
        column->length = rows;
        pln__column_truncate(column, 0);
    }
}

/* A column that the file does not have. */
static pln_status all_null(pln__decoder *self, int64_t i, int64_t rows, struct ArrowArray *out,
                           pln_error *err) {
    pln_status status = PLN_OK;
    pln__column *column = &self->columns[i];
    if (self->symbols[i] == NULL)
        return pln__array_nulls(self->mem, self->schema->children[i], rows, out, err);
    PLN__TRY(pln__column_reserve(column, rows, 0, err));
    for (int64_t row = 0; row < rows; row++)
        PLN__TRY(pln__column_null(column, err));
    PLN__TRY(pln__column_finish(column, out, err));
out:
    if (status < 0)
        pln__column_truncate(column, 0);
    return status;
}

pln_status pln__csv_finish(struct pln__decoder *self, int64_t rows, struct ArrowArray *out,
                           pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t size =
        (uint64_t)(self->n_columns > 0 ? self->n_columns : 1) * sizeof(struct ArrowArray);
    struct ArrowArray *columns = pln__calloc(self->mem, 1, size);
    bool moved = false;
    if (columns == NULL)
        return pln__error_memory(err, size);
    for (int64_t i = 0; i < self->n_fields; i++)
        if (self->fields[i].kind != CSV_SKIP)
            sync_column(&self->fields[i], rows);
    for (int64_t i = 0; i < self->n_columns; i++) {
        if (self->present[i])
            PLN__TRY(pln__column_finish(&self->columns[i], &columns[i], err));
        else
            PLN__TRY(all_null(self, i, rows, &columns[i], err));
    }
    moved = true;
    PLN__TRY(pln__array_struct(self->mem, rows, columns, self->n_columns, out, err));
out:
    for (int64_t i = 0; !moved && i < self->n_columns; i++)
        pln__array_release(&columns[i]);
    pln__free(self->mem, columns, size);
    return status;
}
