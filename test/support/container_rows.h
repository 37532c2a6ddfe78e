/*
 * Container files in tests: what the decoder makes of their bytes as one text, so that two ways of decoding can be held against each other, and files put
 * together byte by byte.
 */
#ifndef TEST_CONTAINER_ROWS_H
#define TEST_CONTAINER_ROWS_H

#include "format/avro.h"

typedef struct container_way {
    int64_t block;    /* bytes handed in more whenever they do not suffice; 0: all at once */
    int64_t max_rows; /* 0: no limit */
    bool origin;
    bool raw;
    bool resume; /* after every call a new decoder goes on where the last one stood */
    int64_t lines_max; /* reading stops where there would be more; 0: it goes on to the end */
    const pln__avro_schema *reader;
} container_way;

/*
 * One line a record in the order of the input: "3 {...}" is row 3 as pln__json_row writes it (with `raw`: "3 {...} 0a0b", its bytes), "4! PLN_EDATA 25
 * message" a bad one with its size in bytes. Without origin, rows have "-" for a number and come first in each call. The last line is "end", or "PLN_EDATA:
 * message" for an error of the whole. To be freed.
 */
char *container_transcript(const pln_allocator *mem, const void *bytes, int64_t size,
                           const container_way *way);

/* The parts of a file, in memory of the system. `sync` has 16 bytes. */
void container_put_long(pln__buffer *out, int64_t number);
void container_put_text(pln__buffer *out, const void *bytes, int64_t size);
void container_put_header(pln__buffer *out, const char *schema, const char *codec,
                          const char *sync);
void container_put_block(pln__buffer *out, int64_t count, const pln__buffer *data,
                         const char *sync);

#endif
