/*
 * What the CSV files of this room share with each other and with nobody else.
 *
 * Decoding has three layers. The index (csv_index.c) finds every delimiter, quote and line end of a window, whatever
 * they mean. The layout (csv_layout.c) gives them their meaning for one record: where its fields are, or which fault
 * it has. The values (csv_value.h) turn fields into column entries. A plain record is laid out and decoded in one
 * pass by csv_rows.c; whatever is unusual about a record sends it the careful way, which alone knows the rules.
 *
 * The index does not track whether it is inside quotes. So a fault in one line, such as a missing quote, says nothing about
 * the lines that follow, and reading goes on behind any line end.
 */
#ifndef PLN__FORMAT_CSV_INTERNAL_H
#define PLN__FORMAT_CSV_INTERNAL_H

#include "base/number.h"
#include "base/time.h"
#include "format/format.h"
#include "format/symbols.h"

#define CSV_RECORD_BYTES_MAX (INT64_C(1) << 20)
#define CSV_RECORD_BYTES_LIMIT (INT64_C(1) << 30)
#define CSV_QUOTED_LINES_MAX 10000
#define CSV_FIELDS_MAX 65536
#define CSV_NULLS_MAX 64

/* ---- dialect (csv_dialect.c) ---- */

/* A dialect that has been checked, with what it borrows copied. */
typedef struct pln__csv_rules {
    uint8_t delimiter, quote, escape, comment;
    bool header, trim, skip_blank, ragged, quoted_null;
    bool empty_null;      /* the empty field is a null token */
    bool null_first[256]; /* first bytes of the other null tokens */
    int32_t skip_lines;
    int32_t n_nulls;
    char *nulls[CSV_NULLS_MAX];
    char **columns; /* NULL-terminated copy, or NULL */
    int64_t n_columns;
} pln__csv_rules;

pln_status pln__csv_rules_init(const pln_allocator *mem, const pln__csv_dialect *dialect,
                               pln__csv_rules *out, pln_error *err);
void pln__csv_rules_free(const pln_allocator *mem, pln__csv_rules *rules);
/* Whether the text is a null token other than the empty one. */
bool pln__csv_is_token(const pln__csv_rules *rules, const char *text, int64_t size);
static inline bool pln__csv_is_null(const pln__csv_rules *rules, const char *text, int64_t size) {
    if (size == 0)
        return rules->empty_null;
    return PLN__UNLIKELY(rules->null_first[(uint8_t)*text]) && pln__csv_is_token(rules, text, size);
}

/* ---- index (csv_index.c) ---- */

/* Room behind the last entry that a scan may overwrite. */
#define CSV_INDEX_SLACK 64

/*
 * A scan appends the positions of the bytes equal to one of three. It reads whole 64-byte blocks (there is padding),
 * stops at `size` or when fewer than 64 entries of room are left, and says how far it came.
 */
typedef struct pln__csv_scan {
    const uint8_t *bytes;
    int64_t size;
    uint8_t chars[3];
    bool ascii; /* no byte with its high bit set was seen, cleared by the scan */
    uint32_t *at;
    int64_t n;
    int64_t capacity;
    int64_t done; /* bytes scanned */
} pln__csv_scan;
typedef void pln__csv_scan_fn(pln__csv_scan *scan);
pln__csv_scan_fn *pln__csv_scan_for(uint32_t cpu);

/* Part of the input, from a record's start on, with the places of the structural bytes in it. */
typedef struct pln__csv_window {
    const uint8_t *base;
    int64_t size;
    const uint32_t *at;
    int64_t n;
    bool whole; /* there is no more input behind it now */
    bool last;  /* and there never will be */
    bool valid; /* all of it is UTF-8 */
    uint8_t newline;
} pln__csv_window;

/* ---- layout (csv_layout.c) ---- */

typedef struct pln__csv_span {
    uint32_t start;
    uint32_t size;
    bool quoted;
    bool escaped; /* doubled quotes or escapes are to be taken out */
} pln__csv_span;

enum {
    CSV_RECORD,   /* spans are filled */
    CSV_NOTHING,  /* a blank line or a comment */
    CSV_FAULT,    /* the line at `start` is a bad row */
    CSV_TOO_LONG, /* its first line is beyond the limit, and cut */
    CSV_MORE      /* the window ends before the record does */
};
typedef struct pln__csv_record {
    pln__csv_span *spans;
    int64_t capacity; /* fields that are kept */
    int64_t expected; /* fields that must be there; 0: any number */
    int64_t bytes_max;
    /* given back */
    int64_t n;     /* fields kept */
    int64_t size;  /* without the line end */
    int64_t next;  /* start of the next record */
    int64_t entry; /* its first entry in the index */
    int64_t lines; /* line ends up to next */
    bool cut;      /* `next` is in the middle of a line that is to be skipped */
    char fault[120];
} pln__csv_record;
/* Lay out the record that begins at `start`, whose first entry in the index is `entry`. */
int pln__csv_lay_out(const pln__csv_rules *rules, const pln__csv_window *window, int64_t start,
                     int64_t entry, pln__csv_record *record);
/* Copy a field without its doubled quotes or escapes; returns the size. `out` has room for size bytes. */
int64_t pln__csv_unescape(const pln__csv_rules *rules, const uint8_t *text, int64_t size,
                          uint8_t *out);

/* ---- values (csv_value.c, csv_value.h) ---- */

enum {
    CSV_SKIP,
    CSV_UTF8,
    CSV_INT64,
    CSV_INT32,
    CSV_FLOAT64,
    CSV_TIMESTAMP,
    CSV_BOOL,
    CSV_DATE32,
    CSV_OTHER
};
/* How one field of the file becomes an entry of a column. Pointers are those of the column's buffers, for row 0. */
typedef struct pln__csv_field {
    uint8_t kind;
    uint8_t end; /* the byte that ends it in a plain record */
    uint8_t unit;
    uint8_t flags; /* PLN__TIME_* */
    bool nullable;
    int32_t child; /* index in the schema, -1 if skipped */
    uint8_t *data;
    int32_t *offsets;
    int64_t room; /* for bytes of text */
    pln__column *column;
    const pln__symbols *symbols; /* of an enum, else NULL */
    uint64_t seed;      /* of dictionaries */
    uint64_t date_head; /* the last date of a timestamp, "yyyy-mm-" and "dd" */
    int64_t date_days;
    uint16_t date_tail;
} pln__csv_field;

/* Why a field cannot be an entry. Statuses are negative. */
enum {
    CSV_OK = 0,
    CSV_ILL_TYPED,
    CSV_RANGE,
    CSV_DIGITS,
    CSV_NULL_REQUIRED,
    CSV_NOT_UTF8,
    CSV_NO_SYMBOL,
    CSV_NO_ROOM /* not a fault: the column's bytes must grow first */
};
/* Types that are not worth their place in the hot loop. */
int pln__csv_put_other(const pln__csv_field *field, int64_t row, const char *text, int64_t size,
                       uint32_t cpu, pln_error *err);
/* Make the entry of this row null, and take that back. */
pln_status pln__csv_null(pln__csv_field *field, int64_t row, pln_error *err);
void pln__csv_null_undo(pln__csv_field *field, int64_t row);
void pln__csv_value_message(const pln__csv_field *field, int code, const char *text, int64_t size,
                            char out[200]);
/* PLN_EUNSUPPORTED names a column that CSV cannot hold. */
pln_status pln__csv_supported(const struct ArrowSchema *field, pln__type *type, pln_error *err);
/* true, t, yes, y, 1 and their opposites, in any ASCII case. */
bool pln__csv_parse_bool(const char *text, int64_t size, bool *out);

/* ---- the decoder (csv_decode.c, csv_header.c, csv_rows.c) ---- */

enum { CSV_AT_START, CSV_AT_LINES, CSV_AT_HEADER, CSV_IN_ROWS };

struct pln__decoder {
    const pln_allocator *mem;
    const struct ArrowSchema *schema;
    pln__csv_rules rules;
    pln__csv_scan_fn *scan;
    uint32_t cpu;
    uint64_t seed;
    bool origin;
    int64_t bytes_max;

    pln__column *columns; /* one for each child of the schema */
    const pln__symbols **symbols;
    pln__symbol_sets symbol_sets;
    bool *present;        /* whether the file has it */
    int64_t n_columns;
    pln__csv_field *fields; /* one for each field of the file */
    int64_t n_fields;
    pln__csv_span *spans; /* n_fields */
    bool plain;           /* the fast way is worth trying */
    bool wary;            /* a plain record may look like a blank line or a comment */
    bool has_text;

    int state;
    uint8_t newline;   /* LF or CR, 0 while it is not known */
    bool in_long_line; /* the rest of a line is still to be skipped */
    int32_t lines_to_skip;
    char **names; /* of the fields, if the file or the dialect gave them */
    int64_t n_names;
    pln__buffer header;

    uint32_t *index;
    int64_t index_capacity;
    int64_t seen_bytes, seen_rows; /* to guess the size of windows */
    pln__buffer scratch;           /* an unescaped field */

    pln__bad_row *bad;
    int64_t n_bad;
    int64_t bad_capacity;
};

/* Bytes, and whether they are the last; padding is behind them. */
typedef struct pln__csv_input {
    const uint8_t *bytes;
    int64_t size;
    bool final;
} pln__csv_input;
static inline pln__csv_input pln__csv_rest(const pln__csv_input *input, int64_t at) {
    return (pln__csv_input){input->bytes + at, input->size - at, input->final};
}

/*
 * Index up to `want` of the bytes; fewer if the index has no room, unless `crowded` says that all entries are needed.
 */
pln_status pln__csv_window_open(struct pln__decoder *self, pln__csv_input input, int64_t want,
                                bool crowded, pln__csv_window *out, pln_error *err);
/* A decoder without a schema finds records and names, for infer. */
pln_status pln__csv_decoder_new(const pln_allocator *mem, const pln__csv_dialect *dialect,
                                const pln__decode_options *options, struct pln__decoder **out,
                                pln_error *err);
void pln__csv_decoder_free(struct pln__decoder *self);
/* Fields by position: the dialect's names, or the schema's columns in order. */
pln_status pln__csv_map_positions(struct pln__decoder *self, pln_error *err);
/* The preamble: byte order mark, lines to skip, header. PLN_AGAIN: more bytes. Moves *at and *lines. */
pln_status pln__csv_preamble(struct pln__decoder *self, const pln__csv_input *input, int64_t *at,
                             int64_t *lines, pln_error *err);
void pln__csv_names_free(const pln_allocator *mem, char **names, int64_t n);

/* What one call of decode works on. */
typedef struct pln__csv_run {
    pln__csv_input input;
    int64_t max_rows;
    int64_t at;
    int64_t lines;
    int64_t rows;
    bool done; /* no more rows from this call */
    pln__decoded *out;
} pln__csv_run;
/* Decode records until the call has what it can have. */
pln_status pln__csv_rows(struct pln__decoder *self, pln__csv_run *run, pln_error *err);
/* The rows as an array. */
pln_status pln__csv_finish(struct pln__decoder *self, int64_t rows, struct ArrowArray *out,
                           pln_error *err);
pln_status pln__csv_infer(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                          int64_t size, bool final, struct ArrowSchema *out, pln_error *err);
/* Drop them. */
void pln__csv_drop(struct pln__decoder *self, int64_t rows);

#endif
