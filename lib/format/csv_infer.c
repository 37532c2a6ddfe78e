/*
 * What types the fields of a sample have. The narrowest type that every value fits, chosen so that nothing is lost: digits
 * that no int64 or float64 holds, numbers with leading zeros and times of mixed kinds stay text.
 *
 * Damage is no evidence. A stray word among a thousand numbers or times, or bytes that are no UTF-8 in less than half of the values, do
 * not change the type of the column: rows that hold them are rejected with the reason when they are read.
 */
#include "base/utf8.h"
#include "format/csv_value.h"
#include <stdio.h>

/* What a single value can be; a column has seen a set of them. */
enum {
    SEEN_BOOL = 1,
    SEEN_INT = 2,
    SEEN_LARGE_INT = 4 /* beyond 2^53 */,
    SEEN_FLOAT = 8,
    SEEN_DATE = 16,
    SEEN_TIME = 32,
    SEEN_LOCAL = 64,
    SEEN_ZONED = 128,
    SEEN_TEXT = 256,
    SEEN_BYTES = 512,
    SEEN_BEYOND_NANO = 1024 /* with SEEN_LOCAL or SEEN_ZONED */
};

#define STRAYS_PER 1000 /* values, of which one may be a stray */

typedef struct guess {
    uint32_t seen;
    uint8_t unit;
    int64_t values; /* that are not null */
    int64_t words;  /* of them, valid text that is no number, time or boolean */
    int64_t bytes;  /* of them, no UTF-8 */
} guess;

static bool is_word(const char *text, int64_t size, const char *word) {
    return (int64_t)strlen(word) == size && pln__ascii_equal_nocase(text, word, size);
}

static bool leading_zero(const char *text, int64_t size) {
    return size > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

/* 007: digits that are a name. */
static bool code(const char *text, int64_t size) {
    int64_t i = 0;
    while (i < size && text[i] >= '0' && text[i] <= '9')
        i++;
    return i == size;
}

static uint32_t number_of(const char *text, int64_t size) {
    int64_t whole;
    double real;
    int64_t skip = *text == '-';
    char c = size > skip ? text[skip] : '\0';
    if (!((c >= '0' && c <= '9') || c == '.') || leading_zero(text + skip, size - skip))
        return 0;
    pln__parsed parsed = pln__parse_int64(text, size, &whole);
    if (parsed == PLN__OUT_OF_RANGE)
        return SEEN_TEXT;
    if (parsed == PLN__PARSED && whole == 0 && skip)
        return SEEN_FLOAT;
    if (parsed == PLN__PARSED)
        return whole > (INT64_C(1) << 53) || whole < -(INT64_C(1) << 53) ? SEEN_LARGE_INT
                                                                         : SEEN_INT;
    return pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &real) == PLN__PARSED ? SEEN_FLOAT
                                                                                    : 0;
}

/* The unit that holds the digits of the fraction. */
static uint8_t unit_of(const char *text, int64_t size) {
    const char *point = memchr(text, '.', (size_t)size);
    int64_t digits = 0;
    if (point == NULL)
        return PLN__SECOND;
    for (const char *p = point + 1; p < text + size && *p >= '0' && *p <= '9'; p++)
        digits++;
    return (uint8_t)((digits + 2) / 3);
}

static uint32_t time_of(const char *text, int64_t size, guess *g) {
    int32_t days;
    int64_t value;
    if (size == 10 && pln__parse_date(text, size, &days) == PLN__PARSED)
        return SEEN_DATE;
    if (size == 8 && pln__parse_time(text, size, PLN__SECOND, 0, &value) == PLN__PARSED)
        return SEEN_TIME;
    if (size < 16 ||
        pln__parse_timestamp(text, size, PLN__SECOND, PLN__TIME_TRUNCATE, &value) != PLN__PARSED)
        return 0;
    uint8_t unit = unit_of(text, size);
    g->unit = unit > g->unit ? unit : g->unit;
    bool zoned =
        pln__parse_timestamp(text, size, PLN__SECOND, PLN__TIME_TRUNCATE | PLN__TIME_NEED_ZONE,
                             &value) == PLN__PARSED;
    uint32_t seen = zoned ? SEEN_ZONED : SEEN_LOCAL;
    if (pln__parse_timestamp(text, size, PLN__NANO, 0, &value) != PLN__PARSED)
        seen |= SEEN_BEYOND_NANO;
    return seen;
}

static void look_at(guess *g, const char *text, int64_t size) {
    uint32_t seen = 0;
    /* Enough words for a column of text, whatever comes. */
    bool text_only = (g->seen & SEEN_TEXT) != 0 || g->words > (16 << 20) / STRAYS_PER;
    g->values++;
    if (size > 0 && !text_only) {
        seen = number_of(text, size);
        if (seen == 0)
            seen = time_of(text, size, g);
        if (seen == 0 && code(text, size))
            seen = SEEN_TEXT;
        if (seen == 0 && (is_word(text, size, "true") || is_word(text, size, "false")))
            seen = SEEN_BOOL;
    }
    if (seen == 0 && pln__utf8_valid(text, size, 0))
        g->words++;
    else if (seen == 0)
        g->bytes++;
    g->seen |= seen;
}

/* What the values that count say. */
static uint32_t evidence(const guess *g) {
    int64_t strays = g->words + g->bytes;
    if (g->bytes > 0 && 2 * g->bytes >= g->values)
        return SEEN_BYTES;
    return strays * STRAYS_PER > g->values ? SEEN_TEXT : g->seen;
}

static const char *format_of(const guess *g) {
    static const char *const local[] = {"tss:", "tsm:", "tsu:", "tsn:"};
    static const char *const zoned[] = {"tss:UTC", "tsm:UTC", "tsu:UTC", "tsn:UTC"};
    uint32_t seen = evidence(g);
    bool beyond = (seen & SEEN_BEYOND_NANO) != 0 && g->unit == PLN__NANO;
    switch (seen & ~(uint32_t)SEEN_BEYOND_NANO) {
    case SEEN_BOOL: return "b";
    case SEEN_INT:
    case SEEN_LARGE_INT:
    case SEEN_INT | SEEN_LARGE_INT: return "l";
    case SEEN_FLOAT:
    case SEEN_FLOAT | SEEN_INT: return "g";
    case SEEN_DATE: return "tdD";
    case SEEN_TIME: return "tts";
    case SEEN_LOCAL: return beyond ? "u" : local[g->unit];
    case SEEN_ZONED: return beyond ? "u" : zoned[g->unit];
    default: return (seen & SEEN_BYTES) ? "z" : "u";
    }
}

/* ---- the sample ---- */

typedef struct sample {
    pln__decoder *d;
    guess *guesses;
    int64_t n;
    int64_t records;
} sample;

static pln_status look_at_record(sample *s, const uint8_t *base, const pln__csv_record *record,
                                 pln_error *err) {
    pln__decoder *d = s->d;
    for (int64_t i = 0; i < record->n && i < s->n; i++) {
        const pln__csv_span *span = &record->spans[i];
        const char *text = (const char *)base + span->start;
        int64_t size = span->size;
        if (span->escaped) {
            d->scratch.size = 0;
            pln_status status = pln__buffer_reserve(d->mem, &d->scratch, size + 1, err);
            if (status < 0)
                return status;
            size = pln__csv_unescape(&d->rules, base + span->start, size, d->scratch.data);
            text = (const char *)d->scratch.data;
        }
        if (!pln__csv_is_null(&d->rules, text, size) || (span->quoted && !d->rules.quoted_null))
            look_at(&s->guesses[i], text, size);
    }
    s->records++;
    return PLN_OK;
}

static pln_status make_guesses(sample *s, int64_t n, pln_error *err) {
    s->guesses = pln__calloc(s->d->mem, (uint64_t)n, sizeof *s->guesses);
    if (s->guesses == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *s->guesses);
    s->n = n;
    return PLN_OK;
}

/* Records of one window; *moved says how far it came. */
static pln_status look_at_window(sample *s, const pln__csv_window *w, pln__csv_span *spans,
                                 int64_t capacity, int64_t *moved, pln_error *err) {
    pln__decoder *d = s->d;
    int64_t entry = 0;
    *moved = 0;
    while (*moved < w->size) {
        pln__csv_record record = {
            .spans = spans, .capacity = capacity, .expected = s->n, .bytes_max = d->bytes_max};
        int verdict = pln__csv_lay_out(&d->rules, w, *moved, entry, &record);
        if (verdict == CSV_MORE)
            return PLN_OK;
        if (verdict == CSV_RECORD) {
            pln_status status = s->n == 0 ? make_guesses(s, record.n, err) : PLN_OK;
            if (status == PLN_OK)
                status = look_at_record(s, w->base, &record, err);
            if (status < 0)
                return status;
        }
        *moved = record.next;
        entry = record.entry;
        d->in_long_line = record.cut;
        if (record.cut)
            return PLN_OK;
    }
    return PLN_OK;
}

static pln_status look_at_all(sample *s, const pln__csv_input *input, pln_error *err) {
    pln__decoder *d = s->d;
    int64_t at = 0, lines = 0, want = INT64_C(1) << 16;
    pln_status status = pln__csv_preamble(d, input, &at, &lines, err);
    if (status != PLN_OK)
        return status < 0 ? status : PLN_OK;
    if (d->n_names > 0)
        status = make_guesses(s, d->n_names, err);
    while (status == PLN_OK && at < input->size) {
        pln__csv_window w;
        pln__csv_input rest = pln__csv_rest(input, at);
        int64_t moved;
        if (d->in_long_line) {
            const uint8_t *end = memchr(rest.bytes, d->newline, (size_t)rest.size);
            at += end == NULL ? rest.size : end - rest.bytes + 1;
            d->in_long_line = false;
            continue;
        }
        PLN__TRY(pln__csv_window_open(d, rest, want, true, &w, err));
        int64_t capacity = s->n > 0 ? s->n : w.n + 1;
        uint64_t room = (uint64_t)capacity * sizeof(pln__csv_span);
        pln__csv_span *spans = pln__alloc(d->mem, room);
        if (spans == NULL)
            return pln__error_memory(err, room);
        status = look_at_window(s, &w, spans, capacity, &moved, err);
        pln__free(d->mem, spans, room);
        at += moved;
        if (moved == 0 && w.whole)
            break;
        want = moved == 0 ? 2 * want : want;
    }
out:
    return status;
}

static pln_status make_schema(const sample *s, struct ArrowSchema *out, pln_error *err) {
    pln_status status;
    const pln__decoder *d = s->d;
    if (s->n > PLN__COLUMNS_MAX)
        return pln__error_set(err, PLN_ELIMIT, "the sample has %lld columns, at most %d are taken",
                              (long long)s->n, PLN__COLUMNS_MAX);
    PLN__TRY(pln__field_new(d->mem, "+s", "", false, s->n, out, err));
    for (int64_t i = 0; i < s->n; i++) {
        char number[24];
        snprintf(number, sizeof number, "c%lld", (long long)i + 1);
        PLN__TRY(pln__field_new(d->mem, format_of(&s->guesses[i]),
                                d->names != NULL ? d->names[i] : number, true, 0, out->children[i],
                                err));
    }
out:
    if (status < 0)
        pln__schema_release(out);
    return status;
}

pln_status pln__csv_infer(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                          int64_t size, bool final, struct ArrowSchema *out, pln_error *err) {
    pln_status status;
    sample s = {0};
    pln__decode_options options = {.cpu = pln__cpu_features()};
    memset(out, 0, sizeof *out);
    PLN__TRY(pln__csv_decoder_new(mem, dialect, &options, &s.d, err));
    PLN__TRY(look_at_all(&s, &(pln__csv_input){bytes, size, final}, err));
    if (s.n == 0)
        PLN__FAIL(err, PLN_EDATA,
                  "the sample of %lld bytes has no whole record to infer columns from",
                  (long long)size);
    PLN__TRY(make_schema(&s, out, err));
out:
    if (s.guesses != NULL)
        pln__free(mem, s.guesses, (uint64_t)s.n * sizeof *s.guesses);
    pln__csv_decoder_free(s.d);
    return status;
}
