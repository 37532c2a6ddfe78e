/* What both directions share. Only the public headers of the library are used, so that the two may be of different builds. */
#ifndef PLN_AVRO_C_INNER_H
#define PLN_AVRO_C_INNER_H

#include <pln/avro_c.h>
#include <stdbool.h>

#define DEPTH_MAX 64

/* Where in the row we are, for messages. */
typedef struct place {
    const struct place *up;
    const char *name;
    int depth;
} place;

pln_status bridge_fail(pln_error *err, pln_status status, const place *at, const char *words);
/* Whether values of a column can stand in a schema of avro-c that is no union. */
bool bridge_fits(const struct ArrowSchema *column, avro_schema_t schema);
/* The branch for a column's values, or for null (column NULL); -1: none. */
int bridge_branch(avro_schema_t schema, const struct ArrowSchema *column);

#endif
