/*
 * Room format: bytes of a format to columns and back.
 *
 * Job: CSV, NDJSON and Avro (avro.h) - decode blocks of bytes into Arrow columns, infer a schema from a sample, encode columns as text;
 * gzip streams around them.
 * Must not know: files, descriptors, nodes, reject ports. A caller feeds blocks and gets rows, bad rows and how far it read.
 * Invariants: whole records only - what is not consumed is handed in again, in front of more bytes; any split of the input into blocks gives
 * the same rows; a record that does not fit is reported with its place and never stops the decoder; memory is bounded
 * by the block, the row limit and the record limit; `bytes` always has PLN__PADDING readable bytes behind it.
 */
#ifndef PLN__FORMAT_H
#define PLN__FORMAT_H

#include "column/column.h"

/* A record that is not among the rows. Offsets count from the block, lines from the block's first line (0). */
typedef struct pln__bad_row {
    int64_t start;
    int64_t size; /* without the line end */
    int64_t line;
    pln_status code;  /* PLN_EDATA, or PLN_ELIMIT for a record beyond the limit (`size` is then what was seen of it) */
    int32_t column;   /* index into the schema's children, -1 if the record as a whole is at fault */
    const uint8_t *raw; /* its bytes where they are not start[size] of the block, else NULL */
    char message[200]; /* "expected int64, got 'n/a'" */
} pln__bad_row;

/*
 * What one call of decode gives. `array` is a struct array of the schema's columns (yours to release). The three int64 buffers have an entry
 * a row when the decoder was opened with `origin`, else they are empty; they are yours, free them with pln__buffer_free.
 * `bad` is lent until the next call.
 */
typedef struct pln__decoded {
    int64_t consumed; /* bytes of whole records, blank lines and skipped bytes */
    int64_t lines;    /* line ends among them */
    int64_t rows;
    struct ArrowArray array;
    pln__buffer row_start;
    pln__buffer row_size; /* without the line end */
    pln__buffer row_line;
    const pln__bad_row *bad;
    int64_t n_bad;
    const uint8_t *raw; /* what row_start counts from if it is not the block: bytes that keep->release(keep) gives back */
    struct pln__keeper *keep;
} pln__decoded;
typedef struct pln__keeper {
    void (*release)(struct pln__keeper *self);
} pln__keeper;

typedef struct pln__decode_options {
    const struct ArrowSchema *schema; /* borrowed for the decoder's life; NULL is allowed for infer only */
    bool origin;                      /* row_start, row_size and row_line are wanted */
    bool raw;                         /* ... for the sake of the rows' bytes, too */
    int64_t record_bytes_max;         /* 1 MiB if 0 */
    uint32_t cpu;                     /* pln__cpu_features(), or less to force a variant */
    uint64_t seed;                    /* of hash tables */
} pln__decode_options;

/* A format as a table, so that a file source needs to know none of them by name. `dialect` is the format's own options struct. */
typedef struct pln__decoder pln__decoder;
typedef struct pln__decoder_table {
    /*
     * Records lie in blocks. Lines then count records, and tell them apart where offsets cannot; rows may come before the block they are
     * in is consumed; what a bad row says of its size is all that is lost.
     */
    bool blocks;
    pln_status (*open)(const pln_allocator *mem, const void *dialect,
                       const pln__decode_options *options, pln__decoder **out, pln_error *err);
    /*
     * The input begins anew (next file): the header, a byte order mark and half-read state are expected again. `at_start` false:
     * continue in the middle of a file (after a resume), the header is not there but is `header`, as given by header().
     */
    pln_status (*begin)(pln__decoder *self, bool at_start, const uint8_t *header,
                        int64_t header_size, pln_error *err);
    /*
     * At most `max_rows` rows out of bytes[0, size); `final`: nothing follows. consumed == 0 without rows and without `final` means "more bytes".
     * An error is returned only for what concerns the whole input (a header without a required column, memory).
     */
    pln_status (*decode)(pln__decoder *self, const uint8_t *bytes, int64_t size, bool final,
                         int64_t max_rows, pln__decoded *out, pln_error *err);
    /* What a reader that goes on here needs besides the offset (CSV: the header record), or size 0. Lent. */
    const uint8_t *(*header)(pln__decoder *self, int64_t *size);
    void (*close)(pln__decoder *self);
    /* Infer a schema (nullable columns) from whole records of a sample; `final` as above. PLN_EDATA if no record can be read. */
    pln_status (*infer)(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                        int64_t size, bool final, struct ArrowSchema *out, pln_error *err);
} pln__decoder_table;

typedef struct pln__encoder pln__encoder;
typedef struct pln__encoder_table {
    /* PLN_ETYPE or PLN_EUNSUPPORTED name a column that the format cannot hold. `schema` is borrowed for the encoder's life. */
    pln_status (*open)(const pln_allocator *mem, const void *dialect,
                       const struct ArrowSchema *schema, pln__encoder **out, pln_error *err);
    /* What stands once at the start of every file (a CSV header). */
    pln_status (*begin)(pln__encoder *self, pln__buffer *out, pln_error *err);
    /* Append all rows of a struct array. A row that cannot be written fails the call: PLN_EDATA names row and column. */
    pln_status (*encode)(pln__encoder *self, const struct ArrowArray *rows, pln__buffer *out,
                         pln_error *err);
    void (*close)(pln__encoder *self);
    /* For formats that hold rows back to make blocks of them, else NULL. All that is held back comes out ... */
    pln_status (*finish)(pln__encoder *self, pln__buffer *out, pln_error *err);
    /* ... or is forgotten. */
    void (*drop)(pln__encoder *self);
    /* The next rows go to a file that begins with these bytes. PLN_AGAIN: more of them are needed; PLN_ETYPE: they are not for it. */
    pln_status (*resume)(pln__encoder *self, const uint8_t *bytes, int64_t size, pln_error *err);
} pln__encoder_table;

/* ---- CSV (csv_*.c): RFC 4180 with dialects ---- */

enum {
    PLN__CSV_QUOTE_MINIMAL = 0,
    PLN__CSV_QUOTE_ALL = 1,
    PLN__CSV_QUOTE_TEXT = 2 /* all that is not a number */
};
typedef struct pln__csv_dialect {
    char delimiter;           /* ',' */
    char quote;               /* '"'; 0: quotes mean nothing */
    char escape;              /* 0: a quote inside quotes is doubled; else this character takes the next one literally */
    char comment;             /* 0: none; lines that begin with it are skipped */
    bool header;              /* the first record names the columns */
    bool trim;                /* spaces and tabs around unquoted fields are dropped */
    bool skip_blank;          /* blank lines are no records (default); else one empty field */
    bool ragged;              /* short rows are filled with nulls, extra fields dropped; default: rejected */
    bool quoted_null;         /* a quoted field may be a null token, too; default: quoted is never null */
    int32_t skip_lines;       /* lines before the header or the first record */
    const char *const *nulls; /* null tokens; default: the empty field. NULL-terminated; NULL: default */
    const char *const *columns; /* names of the fields when there is no header; NULL: order of the schema, or c1, c2 ... inferred */
    int32_t quoting;          /* writing: PLN__CSV_QUOTE_* */
    const char *null_text;    /* writing: "" */
    const char *newline;      /* writing: "\n" or "\r\n" */
    bool formula_guard;       /* writing: a text field that begins with = + - @ TAB or CR gets a ' in front */
} pln__csv_dialect;
void pln__csv_dialect_default(pln__csv_dialect *dialect);
extern const pln__decoder_table pln__csv_decoder;
extern const pln__encoder_table pln__csv_encoder;

/* ---- NDJSON (json_*.c): one JSON object a line ---- */

enum {
    PLN__JSON_DUPLICATE_REJECT = 0,
    PLN__JSON_DUPLICATE_FIRST = 1,
    PLN__JSON_DUPLICATE_LAST = 2
};
typedef struct pln__json_dialect {
    int32_t duplicates;       /* what a key that comes twice in an object does; default: reject the row */
    bool unknown_reject;      /* a key that is not in the schema rejects the row; default: it is checked and skipped */
    bool missing_reject;      /* an absent key of a nullable column rejects the row; default: null. A required one always rejects */
    bool float_to_int;        /* 3.0 may stand in an integer column; default: rejected */
    bool text_to_number;      /* "3" may stand in a number column; default: rejected */
    bool number_to_text;      /* 3 may stand in a text column, as its characters; default: rejected */
    int32_t nesting_max;      /* 64 */
    bool write_nulls;         /* writing: null members are written (default), else left out */
} pln__json_dialect;
void pln__json_dialect_default(pln__json_dialect *dialect);
extern const pln__decoder_table pln__json_decoder;
extern const pln__encoder_table pln__json_encoder;
/* One row as a JSON object, for reject rows and messages: the same text the encoder writes, without the line end. */
pln_status pln__json_row(const struct ArrowSchema *schema, const struct ArrowArray *rows,
                         int64_t row, pln__text *out);

/* ---- gzip (gzip.c, over zlib) ---- */

typedef struct pln__gunzip pln__gunzip;
/*
 * Members one after the other are one stream. Output beyond `ratio_max` (1100 if 0) times the input is refused as PLN_ELIMIT once more than 64 MiB
 * came out; damaged or cut input is PLN_EDATA with the compressed offset.
 */
pln_status pln__gunzip_new(const pln_allocator *mem, int64_t ratio_max, pln__gunzip **out,
                           pln_error *err);
/* One piece of work: what goes in, where it goes to, and how far both came. */
typedef struct pln__gunzip_piece {
    const uint8_t *in;
    int64_t in_size, in_used;
    bool final; /* no input follows */
    uint8_t *out;
    int64_t out_size, out_used;
} pln__gunzip_piece;
/* Move the input forward and fill the output; both `used` are set. PLN_EOS at the clean end. */
pln_status pln__gunzip_run(pln__gunzip *self, pln__gunzip_piece *piece, pln_error *err);
void pln__gunzip_free(pln__gunzip *self);
/* Append `size` bytes as one whole gzip member (a file of members is a gzip file, and any member border is a place to cut). */
pln_status pln__gzip_member(const pln_allocator *mem, int32_t level, const uint8_t *bytes,
                            int64_t size, pln__buffer *out, pln_error *err);

#endif
