/*
 * The inside of container files: snappy, and what reading and writing share.
 */
#ifndef PLN__FORMAT_AVRO_BLOCK_H
#define PLN__FORMAT_AVRO_BLOCK_H

#include "format/avro.h"

/* ---- snappy.c ---- */

/* The size in front of a snappy stream, and how many bytes it takes itself. */
pln_status pln__snappy_size(const uint8_t *in, int64_t size, int64_t *head, int64_t *out,
                            pln_error *err);
/* `out_size` is what pln__snappy_size gave. Reads and writes nothing beyond either size; damaged input is PLN_EDATA. */
pln_status pln__snappy_decode(const uint8_t *in, int64_t size, uint8_t *out, int64_t out_size,
                              pln_error *err);
int64_t pln__snappy_bound(int64_t size);
/* Appends. */
pln_status pln__snappy_encode(const pln_allocator *mem, const uint8_t *in, int64_t size,
                              pln__buffer *out, pln_error *err);

/* ---- avro_block.c: blocks compressed and back, with what the codecs keep between them ---- */

typedef struct pln__avro_codec pln__avro_codec;
/* level 0: the codec's usual one. PLN_EINVAL for a level that the codec has not. */
pln_status pln__avro_codec_new(const pln_allocator *mem, int32_t codec, int32_t level,
                               pln__avro_codec **out, pln_error *err);
/*
 * Appends what a block holds. PLN_EDATA for damage; PLN_ELIMIT for more than `limit` bytes, or for more than 1 MiB that are also more than 1,100 times
 * `size`. `out` is left as it was then.
 */
pln_status pln__avro_unpack(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                            int64_t limit, pln__buffer *out, pln_error *err);
pln_status pln__avro_pack(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                          pln__buffer *out, pln_error *err);
void pln__avro_codec_free(pln__avro_codec *self);
/* "deflate"; static text. */
const char *pln__avro_codec_name(int32_t codec);

/* ---- avro_container.c ---- */

enum { PLN__AVRO_SYNC = 16 };
typedef struct pln__avro_header {
    int32_t codec;
    int64_t size; /* of all of it */
    const uint8_t *schema;
    int64_t schema_size;
    uint8_t sync[PLN__AVRO_SYNC];
} pln__avro_header;
/* PLN_AGAIN: more bytes are needed. `schema` points into them. */
pln_status pln__avro_header_read(const uint8_t *bytes, int64_t size, pln__avro_header *out,
                                 pln_error *err);
pln_status pln__avro_header_write(const pln_allocator *mem, const pln__avro_header *header,
                                  pln__buffer *out, pln_error *err);
/* A number of the binary encoding: how many bytes it takes, 0 if `size` cuts it off, -1 if it is none of 64 bits. */
int pln__avro_number(const uint8_t *bytes, int64_t size, int64_t *out);
pln_status pln__avro_put_number(const pln_allocator *mem, pln__buffer *out, int64_t number,
                                pln_error *err);

#endif
