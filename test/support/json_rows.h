/*
 * NDJSON in tests: schemas from a few letters, and what a decoder makes of a text as one text, so that two ways of decoding can be held
 * against each other.
 */
#ifndef TEST_JSON_ROWS_H
#define TEST_JSON_ROWS_H

#include "format/format.h"

/*
 * "id l, name u?, at tsu:UTC, tags [u?], who {age i, mail u?}?, by <u l?>, kind #u, v (a l | b u | n n), raw any?": Arrow's
 * format letters; ? is nullable, [] list, {} struct, <> map, # dictionary of utf8, =red.green enum, () dense union. Aborts on a mistake.
 */
void json_schema(const char *spec, struct ArrowSchema *out);

typedef struct json_way {
    int64_t block;    /* bytes handed in at once; 0: all */
    int64_t max_rows; /* 0: no limit */
    uint32_t cpu;
    bool no_origin;
    bool one_by_one;  /* a decoder of its own for each line, so that no shape is ever used (block must be 0) */
    int64_t record_bytes_max;
    const pln__json_dialect *dialect;
} json_way;

/*
 * One line a record in the order of the input: "3 {...}" is line 3 as the encoder writes it, "4! PLN_EDATA 2 10+25 message" a bad one with its column
 * and place. Without origin the good ones come first, without a line number. To be freed.
 */
char *json_transcript(const struct ArrowSchema *schema, const char *text, int64_t size,
                      const json_way *way);
/* The same for a spec and a text that ends with NUL. */
char *json_decoded(const char *spec, const char *text, const json_way *way);

/* Rows of a struct array as the encoder writes them. To be freed. */
char *json_encoded(const struct ArrowSchema *schema, const struct ArrowArray *rows,
                   const pln__json_dialect *dialect);

#endif
