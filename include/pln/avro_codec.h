/*
 * Avro binary and Avro's JSON encoding (specification 1.12), to batches and from them, datum by datum; and the frames by which a datum names its schema.
 *
 *     pln_avro_decoder *decoder;
 *     pln_avro_decoder_new(rt, writer, reader, NULL, &decoder, &err);
 *     pln_avro_decode(decoder, bytes, size, INT64_MAX, &used, &rows, &err);     any number of times
 *     pln_avro_decoder_take(decoder, &batch, &err);
 *
 * A decoder resolves the writer's schema to the reader's by the rules of the specification, once: promotions, defaults, aliases, fields in another
 * order or not wanted, enum defaults, branches of unions. Data may come from anybody: lengths and counts are held against the bytes that are
 * there, and limits against the rest. Container files, a schema registry and streams have stages of their own; pln-avro(7) tells all of it.
 */
#ifndef PLN_AVRO_CODEC_H
#define PLN_AVRO_CODEC_H

#include <pln/avro_schema.h>
#include <pln/batch.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_avro_decoder pln_avro_decoder;
typedef struct pln_avro_encoder pln_avro_encoder;
typedef struct pln_avro_resolution pln_avro_resolution;

/* What data from anybody may cost; 0 is the default in brackets. */
typedef struct pln_avro_limits {
    uint32_t struct_size;
    int32_t nesting_max;     /* levels of what is skipped or becomes JSON [64], at most 256 */
    int64_t value_bytes_max; /* of one string, bytes or map key [64 MiB] */
    int64_t items_max;       /* items in one datum that take no bytes, as nulls do [1,000,000] */
} pln_avro_limits;

/* ---- binary to batches ---- */

/*
 * A decoder of what was written by `writer`, to columns of `reader`; reader NULL: the writer's own. limits NULL: the defaults. A record becomes a column a field, any other
 * type one column "value"; its types are those of pln_avro_schema_arrow.
 *
 * Errors: PLN_ETYPE if no datum of the writer can be read by the reader, naming the field and the reason; PLN_EUNSUPPORTED for
 * a reader that has no columns (it contains itself); PLN_ELIMIT; PLN_EINVAL for limits; PLN_ENOMEM.
 * Owner: both schemas are counted; *out is yours, free it with pln_avro_decoder_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_decoder_new(pln_runtime *runtime, const pln_avro_schema *writer,
                                        const pln_avro_schema *reader,
                                        const pln_avro_limits *limits, pln_avro_decoder **out,
                                        pln_error *err);

/*
 * Free a decoder and the rows in it. NULL is allowed.
 *
 * Errors: none.
 * Owner: the decoder is gone, and its schema.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_decoder_free(pln_avro_decoder *decoder);

/*
 * The columns of the rows, a struct.
 *
 * Errors: none.
 * Owner: lent; valid while the decoder is.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const struct ArrowSchema *pln_avro_decoder_schema(const pln_avro_decoder *decoder);

/*
 * Append the datums that lie one after the other in bytes[0, size), at most max_rows. *used is where the first one that was not read begins, *rows how many were. A datum that
 * is damaged, cut or nothing for the reader leaves no row; those before it stay. Who expects one datum holds *used against size.
 *
 * Errors: PLN_EDATA with the field, the offset in the datum, which begins at *used, and the value; PLN_ELIMIT for more than 2 GiB in one column: take the rows, go on;
 * PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_decode(pln_avro_decoder *decoder, const uint8_t *bytes, int64_t size,
                                   int64_t max_rows, int64_t *used, int64_t *rows, pln_error *err);

/*
 * The rows so far as a batch; the decoder is then empty and can go on.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *out is yours, drop it with pln_batch_unref.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_decoder_take(pln_avro_decoder *decoder, pln_batch **out,
                                         pln_error *err);

/* ---- batches to binary ---- */

/*
 * An encoder of rows with these columns, which go to the fields of `schema` by name; a field without a column takes its default. columns NULL: an encoder of
 * JSON texts alone.
 *
 * Errors: PLN_ETYPE names a column without a field, a field with neither column nor default, or types that do not fit; PLN_ELIMIT; PLN_ENOMEM.
 * Owner: `schema` is counted, `columns` copied; *out is yours, free it with pln_avro_encoder_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_encoder_new(pln_runtime *runtime, const pln_avro_schema *schema,
                                        const struct ArrowSchema *columns, pln_avro_encoder **out,
                                        pln_error *err);

/*
 * Free an encoder and the bytes in it. NULL is allowed.
 *
 * Errors: none.
 * Owner: the encoder is gone, and its bytes.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_encoder_free(pln_avro_encoder *encoder);

/*
 * Append rows [first, first + n) of a batch to the encoder's bytes; n -1: all that follow. What the schema cannot hold stops it: the rows before it are
 * there, and the next call may go on behind it. *bad_row (NULL allowed) is its number in the batch.
 *
 * Errors: PLN_EDATA names row and column (no such symbol, a null where none may be, an int beyond 32 bits ...); PLN_ETYPE for a batch of other
 * columns; PLN_EINVAL for rows that are not there; PLN_ESTATE for an encoder of JSON; PLN_ENOMEM.
 * Owner: `batch` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_encode(pln_avro_encoder *encoder, const pln_batch *batch, int64_t first,
                                   int64_t n, int64_t *bad_row, pln_error *err);

/*
 * Append one datum out of its JSON encoding; `size` -1: up to a NUL. The text is held to the schema strictly: a union's value stands in {"branch": value}, bytes
 * and fixed are strings of the characters \u0000 to \u00ff, every field is there once, in any order. "NaN", "Infinity"
 * and "-Infinity" stand for what JSON has no number for.
 *
 * Errors: PLN_EDATA with the offset, the field and what was expected; PLN_ENOMEM.
 * Owner: `text` is borrowed for the call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_encode_json(pln_avro_encoder *encoder, const char *text, int64_t size,
                                        pln_error *err);

/*
 * The bytes so far, datum by datum.
 *
 * Errors: none.
 * Owner: lent; valid until the encoder is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const uint8_t *pln_avro_encoder_bytes(const pln_avro_encoder *encoder, int64_t *size);

/*
 * Where each datum ends in the bytes; *rows is how many there are.
 *
 * Errors: none.
 * Owner: lent; valid until the encoder is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const int64_t *pln_avro_encoder_ends(const pln_avro_encoder *encoder, int64_t *rows);

/*
 * Drop the bytes and begin anew.
 *
 * Errors: none.
 * Owner: what was lent is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_encoder_clear(pln_avro_encoder *encoder);

/* ---- binary to JSON ---- */

/*
 * The way from a writer's schema to a reader's (NULL: the writer's own), also of types that no columns can hold because they contain themselves.
 *
 * Errors: PLN_ETYPE as pln_avro_decoder_new; PLN_ELIMIT; PLN_EINVAL for limits; PLN_ENOMEM.
 * Owner: both schemas are counted; *out is yours, free it with pln_avro_resolution_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_resolution_new(pln_runtime *runtime, const pln_avro_schema *writer,
                                           const pln_avro_schema *reader,
                                           const pln_avro_limits *limits, pln_avro_resolution **out,
                                           pln_error *err);

/*
 * Free it. NULL is allowed.
 *
 * Errors: none.
 * Owner: the resolution is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_resolution_free(pln_avro_resolution *resolution);

/*
 * One datum in the JSON encoding of the reader's schema. *used is how many bytes it took.
 *
 * Errors: PLN_EDATA with the field, the offset and the value; PLN_ELIMIT if the text grows far beyond its datum; PLN_ENOMEM.
 * Owner: `bytes` is borrowed; *json is yours, free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_resolution_json(pln_avro_resolution *resolution, const uint8_t *bytes,
                                            int64_t size, int64_t *used, char **json,
                                            pln_error *err);

/* ---- frames ---- */

enum {
    PLN_AVRO_FRAME_NONE = 0,
    PLN_AVRO_FRAME_SINGLE_OBJECT = 1, /* c3 01, and the CRC-64-AVRO fingerprint, little-endian */
    PLN_AVRO_FRAME_ID = 2,            /* 00, and a registry's id, big-endian */
    PLN_AVRO_FRAME_GUID = 3           /* 01, and a registry's GUID */
};
#define PLN_AVRO_FRAME_MAX 17 /* bytes */
typedef struct pln_avro_frame {
    uint32_t struct_size;
    int32_t form;
    uint64_t fingerprint; /* the number whose little-endian bytes stand in the frame */
    uint32_t id;
    uint8_t guid[16];
    int32_t size; /* of the frame in bytes; the datum follows */
} pln_avro_frame;

/*
 * What stands in front of a datum.
 *
 * Errors: PLN_EDATA for bytes that begin with none of the three ("unknown magic byte 0x7b") or are too few; PLN_EINVAL for a struct_size that is none.
 * Owner: *out is filled.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_frame_read(const uint8_t *bytes, int64_t size, pln_avro_frame *out,
                                       pln_error *err);

/*
 * The bytes to put in front of a datum. `out` has PLN_AVRO_FRAME_MAX bytes, *size says how many of them count.
 *
 * Errors: PLN_EINVAL for another form or a struct_size that is none.
 * Owner: `out` is filled.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_frame_write(const pln_avro_frame *frame, uint8_t *out, int64_t *size,
                                        pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
