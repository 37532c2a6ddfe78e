/*
 * Avro binary as room format offers it: values <-> columns, container files, compression, frames. The schema model is room schema's.
 */
#ifndef PLN__FORMAT_AVRO_H
#define PLN__FORMAT_AVRO_H

#include "format/format.h"
#include "schema/avro.h"

/* ---- values to columns (avro_decode*.c) ---- */

/* What hostile data may cost. 0 is the default in brackets. */
typedef struct pln__avro_limits {
    int64_t value_bytes_max; /* one string, bytes or map key [64 MiB] */
    int64_t items_max;       /* items without a byte of their own (null, empty records) in one datum [1,000,000] */
    int32_t nesting_max;     /* of what is skipped or written as JSON; columns cannot recur [64] */
} pln__avro_limits;

typedef struct pln__avro_decoder pln__avro_decoder;
/* Compiled once for the pair; reader NULL: the writer's. Keeps references on both. PLN_ETYPE if they cannot meet, PLN_EUNSUPPORTED for what has no columns. */
pln_status pln__avro_decoder_new(const pln_allocator *mem, const pln__avro_schema *writer,
                                 const pln__avro_schema *reader, const pln__avro_limits *limits,
                                 pln__avro_decoder **out, pln_error *err);
/* The columns, a struct, borrowed. */
const struct ArrowSchema *pln__avro_decoder_schema(const pln__avro_decoder *self);
typedef struct pln__avro_input {
    const uint8_t *bytes; /* PLN__PADDING more bytes may be read behind size, never used */
    int64_t size;
    int64_t base; /* added to the offsets in messages: what stands before each datum, its frame */
    int64_t used; /* out: bytes of the rows decoded */
    int64_t rows; /* in: at most so many; out: how many were */
} pln__avro_input;
/*
 * Append rows. A datum that is damaged, cut or not for this reader is PLN_EDATA with the field path and the offset in it; rows before it stay,
 * it leaves none, and `used` is where it begins. Whether bytes may be left over is for the caller to say.
 */
pln_status pln__avro_decode(pln__avro_decoder *self, pln__avro_input *input, pln_error *err);
/* Where the datum at `bytes` ends, without columns; PLN_EDATA as above. */
pln_status pln__avro_skip(pln__avro_decoder *self, const uint8_t *bytes, int64_t size,
                          int64_t *used, pln_error *err);
int64_t pln__avro_decoder_rows(const pln__avro_decoder *self);
/* Hand the rows over as a struct array and begin anew. */
pln_status pln__avro_decoder_take(pln__avro_decoder *self, struct ArrowArray *out, pln_error *err);
void pln__avro_decoder_free(pln__avro_decoder *self);

/* ---- columns to values (avro_encode*.c) ---- */

typedef struct pln__avro_encoder pln__avro_encoder;
/* Columns go to fields by name; PLN_ETYPE names a column that fits no field, a field without column and default, or types that do not fit. */
pln_status pln__avro_encoder_new(const pln_allocator *mem, const pln__avro_schema *schema,
                                 const struct ArrowSchema *columns, pln__avro_encoder **out,
                                 pln_error *err);
/* Rows [first, first + n) of a struct array. */
typedef struct pln__avro_output {
    const struct ArrowArray *rows;
    int64_t first, n;
    int64_t *ends;   /* NULL, or n entries: the size of the bytes behind each row */
    int64_t bad_row; /* out */
} pln__avro_output;
/*
 * Append them to `out`. A value that the schema cannot hold (no such symbol, a null where none may be, an int beyond 32 bits) is PLN_EDATA with the column, bad_row
 * its row, and `out` ends before that row; else bad_row is -1.
 */
pln_status pln__avro_encode(pln__avro_encoder *self, pln__avro_output *output, pln__buffer *out,
                            pln_error *err);
void pln__avro_encoder_free(pln__avro_encoder *self);

/* ---- values and the JSON encoding (avro_json.c): by datum, recursive types too ---- */

/* With the allocator of `out`, which stays as it was on failure. `bytes` as in pln__avro_input. */
pln_status pln__avro_to_json(const pln__avro_resolution *resolution, const pln__avro_limits *limits,
                             const uint8_t *bytes, int64_t size, int64_t *used, pln__text *out,
                             pln_error *err);
pln_status pln__avro_from_json(const pln_allocator *mem, const pln__avro_schema *schema,
                               const char *text, int64_t size, pln__buffer *out, pln_error *err);

/* ---- frames (avro_frame.c) ---- */

enum {
    PLN__FRAME_NONE = 0,
    PLN__FRAME_SINGLE_OBJECT,
    PLN__FRAME_CONFLUENT,
    PLN__FRAME_CONFLUENT_GUID
};
typedef struct pln__avro_frame {
    int32_t form;
    uint64_t fingerprint; /* SINGLE_OBJECT */
    uint32_t id;          /* CONFLUENT */
    uint8_t guid[16];     /* CONFLUENT_GUID */
    int64_t size;         /* of the frame; the datum follows */
} pln__avro_frame;
/* PLN_EDATA for bytes that begin with none of the three ("unknown magic byte 0x7b"), or are too short. */
pln_status pln__avro_frame_read(const uint8_t *bytes, int64_t size, pln__avro_frame *out,
                                pln_error *err);
/* out has PLN__AVRO_FRAME_MAX bytes. PLN_EINVAL for a form that is none. */
#define PLN__AVRO_FRAME_MAX 17
pln_status pln__avro_frame_bytes(const pln__avro_frame *frame, uint8_t *out, int64_t *size,
                                 pln_error *err);
pln_status pln__avro_frame_write(const pln_allocator *mem, const pln__avro_frame *frame,
                                 pln__buffer *out, pln_error *err);

/* ---- compression of blocks (avro_block.c, snappy.c) ---- */

enum {
    PLN__AVRO_CODEC_NULL = 0,
    PLN__AVRO_CODEC_DEFLATE,
    PLN__AVRO_CODEC_SNAPPY,
    PLN__AVRO_CODEC_ZSTANDARD
};
/* PLN_EUNSUPPORTED for any other name ("bzip2"), and for zstandard where the library was built without it. */
pln_status pln__avro_codec_find(const char *name, int64_t size, int32_t *codec, pln_error *err);

/* PLN_EINVAL for a level that the codec has not; 0 is its usual one. */
pln_status pln__avro_level_check(int32_t codec, int64_t level, pln_error *err);

/* ---- object container files (avro_container*.c) ---- */

#define PLN__AVRO_BLOCK_MAX (INT64_C(64) << 20) /* bytes of a block, compressed and not */
#define PLN__AVRO_BLOCK_BYTES 65536             /* usual size of a block that is written */
#define PLN__AVRO_BLOCK_ROWS 1000000            /* at most, of rows that take no bytes too */

/* The dialect of reading. Each file's schema is resolved against `reader`, which gives the columns; without one the schema of the first file read is it. */
typedef struct pln__avro_read_dialect {
    const pln__avro_schema *reader;
} pln__avro_read_dialect;
/*
 * A decoder whose records lie in blocks: lines are ordinals of rows, a block is consumed with its last row. A block that is damaged is one bad row; a
 * datum that this reader cannot take is one; the rows before and behind it come. After damage that hides where the next block begins,
 * everything up to the next sync marker is one bad row. A file that is cut inside a block, and no marker after, is PLN_EDATA with the offset.
 * options->schema is NULL (columns as the reader has them) or what pln__avro_to_arrow gives for it.
 */
extern const pln__decoder_table pln__avro_file_decoder;
/* The schema of the file that begins with these bytes; PLN_AGAIN if they are too few and not `final`. */
pln_status pln__avro_file_schema(const pln_allocator *mem, const uint8_t *bytes, int64_t size,
                                 bool final, pln__avro_schema **out, pln_error *err);

typedef struct pln__avro_write_dialect {
    const pln__avro_schema *schema; /* NULL: made from the columns, as a record of this name */
    const char *record_name;        /* "orders.Row" */
    int32_t codec;
    int32_t level;       /* 0: the codec's usual one */
    int64_t block_rows;  /* a block ends with so many rows, 0: PLN__AVRO_BLOCK_ROWS */
    int64_t block_bytes; /* or with so many bytes before compression, 0: PLN__AVRO_BLOCK_BYTES */
    uint8_t sync[16];    /* random */
} pln__avro_write_dialect;
extern const pln__encoder_table pln__avro_file_encoder;

#endif
