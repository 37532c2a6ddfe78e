/*
 * Room connect/generate: rows out of a small specification and a seed.
 *
 * Job: stage generate, for demonstrations, tests and load.
 * Must not know: files, runs, other stages.
 * Invariants: a value is a function of the seed, its column and its row number alone, so that any position can be returned to and batch borders do
 * not matter.
 */
#ifndef PLN__CONNECT_GENERATE_H
#define PLN__CONNECT_GENERATE_H

#include "column/column.h"
#include <pln/plugin.h>

enum {
    PLN__GEN_SEQUENCE,
    PLN__GEN_INT,
    PLN__GEN_FLOAT,
    PLN__GEN_DECIMAL,
    PLN__GEN_BOOL,
    PLN__GEN_CHOICE,
    PLN__GEN_TEXT,
    PLN__GEN_TIME
};

typedef struct pln__gen_column {
    char *name;
    int32_t kind;
    int64_t low, high; /* sequence and time: start and step; float: unused; text: sizes */
    double float_low, float_high;
    int32_t scale;
    double nulls; /* probability */
    char **choices;
    int64_t n_choices;
    uint64_t salt;
} pln__gen_column;

/* One column's specification, a JSON object such as {"int": [1, 6], "nulls": 0.01}. */
pln_status pln__gen_parse(const pln_allocator *mem, const char *name, const char *json,
                          pln__gen_column *out, pln_error *err);
void pln__gen_free(const pln_allocator *mem, pln__gen_column *column);
pln_status pln__gen_field(const pln_allocator *mem, const pln__gen_column *column,
                          struct ArrowSchema *out, pln_error *err);
/* Append the values of rows [first, first + n). */
pln_status pln__gen_fill(const pln__gen_column *column, uint64_t seed, int64_t first, int64_t n,
                         pln__column *out, pln_error *err);

pln_status pln__connect_generate_register(const pln_host *host, pln_registry *registry,
                                          pln_error *err);

#endif
