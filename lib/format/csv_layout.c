/*
 * The rules of CSV: where the fields of a record are, and which fault it has. RFC 4180 and what the dialect allows beyond it.
 *
 * A quote may stand only around a whole field. So a line with one quote too many or too few is found out at the next
 * quote, wherever that is: it rejects the line it stands in and no other, and every line that opens a quote costs the
 * way to the next quote at most once for each field that is expected. This keeps the worst case linear.
 */
#include "format/csv_internal.h"
#include <stdarg.h>
#include <stdio.h>

/* A place while one record is read. */
typedef struct reader {
    const pln__csv_rules *rules;
    const pln__csv_window *w;
    pln__csv_record *record;
    int64_t start;
    int64_t first; /* entry of the record's start */
    int64_t pos;
    int64_t k; /* the first entry at or behind pos */
    int64_t n; /* fields so far, kept or not */
} reader;

static int fault(pln__csv_record *record, const char *format, ...) PLN__PRINTF(2, 3);

static int fault(pln__csv_record *record, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(record->fault, sizeof record->fault, format, args);
    va_end(args);
    return CSV_FAULT;
}

static inline bool is_blank(uint8_t c, uint8_t delimiter) {
    return (c == ' ' || c == '\t') && c != delimiter;
}

static void skip_blanks(reader *r) {
    while (r->pos < r->w->size && is_blank(r->w->base[r->pos], r->rules->delimiter))
        r->pos++;
}

/* Move k to the first entry at or behind `pos`. */
static void catch_up(reader *r) {
    while (r->k < r->w->n && r->w->at[r->k] < r->pos)
        r->k++;
}

/* Whether the record has outgrown the limit, with room for what is not known to belong to it. */
static bool too_far(const reader *r, int64_t pos) {
    return pos - r->start > r->record->bytes_max + 4;
}

static int outgrown(const reader *r) {
    return fault(r->record, "a quoted field makes the record longer than %lld bytes",
                 (long long)r->record->bytes_max);
}

/* Behind a closed quote or at the end of an unquoted field: the delimiter or the line end, or neither of them. */
static int field_end(reader *r, bool *is_last) {
    const pln__csv_window *w = r->w;
    int64_t at = r->pos;
    *is_last = true;
    if (at < w->size && w->base[at] == '\r' && w->newline == '\n')
        at++;
    if (at >= w->size) {
        if (!w->last)
            return CSV_MORE;
        r->record->size = r->pos - r->start;
        r->pos = w->size;
        return CSV_RECORD;
    }
    if (w->base[at] == w->newline) {
        r->record->size = r->pos - r->start;
        r->pos = at + 1;
        return CSV_RECORD;
    }
    *is_last = false;
    if (w->base[r->pos] != r->rules->delimiter)
        return CSV_FAULT;
    r->pos++;
    return CSV_RECORD;
}

/* Whether an escape stands before `quote`; then pos is behind the escaped byte. */
static bool jump_escape(reader *r, int64_t quote) {
    const uint8_t *found;
    if (r->rules->escape == 0)
        return false;
    found = memchr(r->w->base + r->pos, r->rules->escape, (size_t)(quote - r->pos));
    if (found == NULL)
        return false;
    r->pos = found - r->w->base + 2;
    return true;
}

/* From behind an opening quote to the closing one, which pos then is at. */
static int find_close(reader *r, bool *escaped) {
    const pln__csv_window *w = r->w;
    int64_t lines = 0;
    for (;;) {
        while (r->k < w->n && !too_far(r, w->at[r->k]) &&
               (w->at[r->k] < r->pos || w->base[w->at[r->k]] != r->rules->quote))
            lines += w->base[w->at[r->k++]] == w->newline;
        if (lines > CSV_QUOTED_LINES_MAX)
            return fault(r->record, "the quote opened in field %lld is not closed within %d lines",
                         (long long)r->n + 1, CSV_QUOTED_LINES_MAX);
        int64_t quote = r->k < w->n ? w->at[r->k] : w->size;
        if (too_far(r, quote))
            return outgrown(r);
        if (r->pos <= quote && jump_escape(r, quote)) {
            *escaped = true;
            continue;
        }
        if (quote == w->size) {
            if (!w->last)
                return CSV_MORE;
            return fault(r->record, "the quote opened in field %lld is not closed",
                         (long long)r->n + 1);
        }
        if (quote + 1 == w->size && !w->last)
            return CSV_MORE;
        if (r->rules->escape != 0 || quote + 1 == w->size ||
            w->base[quote + 1] != r->rules->quote) {
            r->pos = quote;
            return CSV_RECORD;
        }
        *escaped = true;
        r->pos = quote + 2;
    }
}

static int quoted_field(reader *r, pln__csv_span *span, bool *is_last) {
    int verdict;
    int64_t start = ++r->pos;
    span->quoted = true;
    verdict = find_close(r, &span->escaped);
    if (verdict != CSV_RECORD)
        return verdict;
    span->start = (uint32_t)start;
    span->size = (uint32_t)(r->pos - start);
    r->pos++;
    if (r->rules->trim)
        skip_blanks(r);
    verdict = field_end(r, is_last);
    if (verdict == CSV_FAULT)
        return fault(r->record, "text after the closing quote of field %lld", (long long)r->n + 1);
    return verdict;
}

static int unquoted_field(reader *r, int64_t start, pln__csv_span *span, bool *is_last) {
    const pln__csv_window *w = r->w;
    catch_up(r);
    if (r->k == w->n && !w->last)
        return CSV_MORE;
    int64_t end = r->k < w->n ? w->at[r->k] : w->size;
    if (end < w->size && w->base[end] == r->rules->quote && r->rules->quote != 0)
        return fault(r->record, "a quote inside of field %lld, which is not quoted",
                     (long long)r->n + 1);
    if ((end == w->size || w->base[end] == w->newline) && end > start && w->base[end - 1] == '\r' &&
        w->newline == '\n')
        end--;
    r->pos = end;
    int verdict = field_end(r, is_last);
    if (verdict != CSV_RECORD)
        return verdict;
    if (r->rules->trim)
        while (end > start && is_blank(w->base[end - 1], r->rules->delimiter))
            end--;
    span->start = (uint32_t)start;
    span->size = (uint32_t)(end - start);
    return CSV_RECORD;
}

static int one_field(reader *r, bool *is_last) {
    pln__csv_span span = {0};
    int verdict;
    if (r->rules->trim)
        skip_blanks(r);
    if (r->rules->quote != 0 && r->pos < r->w->size && r->w->base[r->pos] == r->rules->quote)
        verdict = quoted_field(r, &span, is_last);
    else
        verdict = unquoted_field(r, r->pos, &span, is_last);
    if (verdict != CSV_RECORD)
        return verdict;
    if (r->n < r->record->capacity)
        r->record->spans[r->record->n++] = span;
    r->n++;
    return CSV_RECORD;
}

static int all_fields(reader *r) {
    pln__csv_record *record = r->record;
    bool exact = record->expected > 0 && !r->rules->ragged;
    bool is_last = false;
    while (!is_last) {
        if (exact && r->n == record->expected)
            return fault(r->record, "expected %lld field%s, got more", (long long)record->expected,
                         record->expected == 1 ? "" : "s");
        int verdict = one_field(r, &is_last);
        if (verdict != CSV_RECORD)
            return verdict;
        if (too_far(r, r->pos))
            return outgrown(r);
    }
    if (exact && r->n < record->expected)
        return fault(r->record, "expected %lld fields, got %lld", (long long)record->expected,
                     (long long)r->n);
    return record->size > record->bytes_max ? outgrown(r) : CSV_RECORD;
}

/* Where the first line of the record ends: pos behind its line end, `size` its bytes. */
static int first_line(reader *r) {
    const pln__csv_window *w = r->w;
    int64_t k = r->first;
    while (k < w->n && w->base[w->at[k]] != w->newline)
        k++;
    if (k == w->n && !w->last)
        return too_far(r, w->size) ? CSV_TOO_LONG : CSV_MORE;
    int64_t end = k < w->n ? w->at[k] : w->size;
    r->pos = k < w->n ? end + 1 : end;
    if (end > r->start && w->base[end - 1] == '\r' && w->newline == '\n')
        end--;
    r->record->size = end - r->start;
    return r->record->size > r->record->bytes_max ? CSV_TOO_LONG : CSV_RECORD;
}

/* What comes behind a record, and how many lines it had. */
static int leave(reader *r, int verdict) {
    const pln__csv_window *w = r->w;
    int64_t k = r->first;
    r->record->next = r->pos;
    r->record->lines = 0;
    for (; k < w->n && w->at[k] < r->pos; k++)
        r->record->lines += w->base[w->at[k]] == w->newline;
    r->record->entry = k;
    return verdict;
}

/* Blank lines and comments, whose lines may be of any length. */
static int is_nothing(const reader *r, bool *yes) {
    const pln__csv_window *w = r->w;
    int64_t at = r->start;
    *yes = at < w->size && r->rules->comment != 0 && w->base[at] == r->rules->comment;
    if (*yes || !r->rules->skip_blank)
        return CSV_RECORD;
    if (at < w->size && w->base[at] == '\r' && w->newline == '\n')
        at++;
    if (at == w->size) {
        *yes = w->last;
        return w->last ? CSV_RECORD : CSV_MORE;
    }
    *yes = w->base[at] == w->newline;
    return CSV_RECORD;
}

/* The first line alone is left behind, with `verdict`; if it is beyond the limit, only what was seen of it. */
static int leave_line(reader *r, int verdict) {
    int line = first_line(r);
    if (line == CSV_MORE)
        return CSV_MORE;
    if (line == CSV_RECORD)
        return leave(r, verdict);
    r->record->cut = true;
    r->record->size = r->record->bytes_max;
    r->pos = r->start + r->record->bytes_max;
    if (verdict == CSV_NOTHING)
        return leave(r, verdict);
    fault(r->record, "the record is longer than %lld bytes", (long long)r->record->bytes_max);
    return leave(r, CSV_TOO_LONG);
}

int pln__csv_lay_out(const pln__csv_rules *rules, const pln__csv_window *window, int64_t start,
                     int64_t entry, pln__csv_record *record) {
    reader r = {rules, window, record, start, entry, start, entry, 0};
    bool skip;
    record->n = 0;
    record->cut = false;
    record->fault[0] = '\0';
    if (window->newline == '\r' && start < window->size && window->base[start] == '\n') {
        /* A CR LF among lone CRs: the LF belongs to the line before. */
        r.pos++;
        return leave(&r, CSV_NOTHING);
    }
    if (is_nothing(&r, &skip) == CSV_MORE)
        return CSV_MORE;
    if (skip)
        return leave_line(&r, CSV_NOTHING);
    int verdict = all_fields(&r);
    if (verdict == CSV_RECORD)
        return leave(&r, CSV_RECORD);
    if (verdict == CSV_MORE && !too_far(&r, window->size))
        return CSV_MORE;
    if (verdict == CSV_MORE)
        outgrown(&r);
    return leave_line(&r, CSV_FAULT);
}

int64_t pln__csv_unescape(const pln__csv_rules *rules, const uint8_t *text, int64_t size,
                          uint8_t *out) {
    uint8_t mark = rules->escape != 0 ? rules->escape : rules->quote;
    int64_t n = 0;
    for (int64_t i = 0; i < size; i++) {
        if (text[i] == mark && i + 1 < size)
            i++;
        out[n++] = text[i];
    }
    return n;
}
