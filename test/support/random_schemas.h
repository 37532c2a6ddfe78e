/*
 * Random pairs of Avro schemas, the second most often the first with a few changes: recursion, unions, aliases, namespaces, defaults. The model is this
 * producer's own, so that what is decided and read by it can judge the library.
 */
#ifndef TEST_RANDOM_SCHEMAS_H
#define TEST_RANDOM_SCHEMAS_H

#include "random_arrow.h"

/* The order of the specification's own list, as the library's. */
enum {
    A_NULL, A_BOOLEAN, A_INT, A_LONG, A_FLOAT, A_DOUBLE, A_BYTES, A_STRING,
    A_RECORD, A_ENUM, A_ARRAY, A_MAP, A_UNION, A_FIXED
};
enum { AVRO_NODES = 160, AVRO_PARTS = 6, AVRO_TEXT = 1 << 15 };

typedef struct avro_field {
    char name[16], aliases[2][16];
    int n_aliases, type;
    bool wants_default;
} avro_field;

typedef struct avro_node {
    int kind, n;        /* n: fields, symbols or branches */
    int types[AVRO_PARTS]; /* branches; [0] items or values */
    avro_field fields[AVRO_PARTS];
    char symbols[AVRO_PARTS][16];
    int enum_default;   /* -1: none */
    int size;           /* fixed */
    char name[16], space[16], aliases[2][16];
    int n_aliases;
    bool open;          /* while it is being made */
} avro_node;

typedef struct avro_model {
    avro_node nodes[AVRO_NODES];
    int n, root;
    bool spaces;
} avro_model;

void random_schemas(rng *r, avro_model *reader, avro_model *writer);
/* As JSON text; false if it is too long or has no end. */
bool avro_text(const avro_model *model, char out[AVRO_TEXT]);
/* The name with its namespace. */
const char *avro_full(const avro_node *node, char out[40]);
/* Whether a field is printed with a default. */
bool avro_has_default(const avro_model *model, const avro_field *field);

#endif
