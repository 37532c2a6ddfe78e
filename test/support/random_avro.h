/*
 * Random Avro schemas, readers that they evolve into, and datums, made without the library: the datum's bytes, its JSON, and the JSON that the reader
 * must see.
 */
#ifndef TEST_RANDOM_AVRO_H
#define TEST_RANDOM_AVRO_H

#include "random_arrow.h"
#include <jansson.h>

typedef struct avro_node avro_node;

/* A record at the top, types nested up to `depth` below it. To be freed. */
avro_node *random_avro(rng *r, int depth);
/* A reader of what `writer` writes: promoted, fields moved, dropped and added with defaults. `writer` must outlive it. */
avro_node *random_avro_reader(rng *r, const avro_node *writer);
void random_avro_free(avro_node *node);
/* Its schema. To be freed. */
char *random_avro_text(const avro_node *node);

typedef struct avro_datum {
    unsigned char *bytes; /* with 64 more behind them */
    int64_t size;
    json_t *written; /* as the writer's schema has it */
    json_t *read;    /* as the reader's has it; NULL without one */
} avro_datum;
/* `blocks`: arrays and maps in several blocks, some with their sizes; else in one, as encoders write them. */
void random_avro_datum(rng *r, const avro_node *writer, const avro_node *reader, bool blocks,
                       avro_datum *out);
void random_avro_datum_free(avro_datum *datum);

#endif
