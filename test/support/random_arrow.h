/*
 * Random Arrow schemas and arrays, made by a producer of its own (malloc, exact sizes, garbage in every slot that does
 * not count), and a naive reader that shows any row as text. Neither uses the library, so they can judge it.
 */
#ifndef TEST_RANDOM_ARROW_H
#define TEST_RANDOM_ARROW_H

#include <pln/arrow.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;
uint64_t rng_next(rng *r);
/* 0 <= value < n; n > 0. */
int64_t rng_below(rng *r, int64_t n);

/* A struct of 1 to `columns` columns c0, c1 ..., nested up to `depth` levels below a column. */
void random_schema(rng *r, int columns, int depth, struct ArrowSchema *out);
/* A field of a given format, without children. */
void plain_field(const char *format, const char *name, bool nullable, struct ArrowSchema *out);
/* A struct of the given formats (NULL-terminated), columns named a, b, c ...; all nullable. */
void plain_schema(const char *const *formats, struct ArrowSchema *out);

enum {
    RANDOM_OFFSETS = 1, /* offsets, gaps and surplus at every level below the top */
    RANDOM_NO_NULLS = 2
};
/* Rows for a schema. The top array has offset 0 and no nulls. */
void random_array(rng *r, const struct ArrowSchema *schema, int64_t length, int flags,
                  struct ArrowArray *out);

/* Structs of this producer that nobody has released yet, roots only. */
int64_t random_arrow_live(void);

/* One value as text, to be freed: numbers, "text", [lists], {structs}, null. Equal values give equal texts. */
char *show_row(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row);
/* All rows, one a line. */
char *show_rows(const struct ArrowSchema *schema, const struct ArrowArray *array);
char *show_range(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t from,
                 int64_t length);

#endif
