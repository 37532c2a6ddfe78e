/* Rows for a test, written as JSON, and bytes as text. */
#ifndef TEST_TABLE_H
#define TEST_TABLE_H

#include "format/format.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define TABLE_OK(call)                                                                             \
    do {                                                                                           \
        pln_status table_status = (call);                                                          \
        ck_assert_msg(table_status >= 0, "%s: %s", #call, table_error.message);                            \
    } while (0)

typedef struct table {
    struct ArrowSchema schema;
    struct ArrowArray rows;
} table;

static inline void table_free(table *t) {
    pln__array_release(&t->rows);
    pln__schema_release(&t->schema);
}

/* Lines of NDJSON as rows of a schema such as "a int8, b utf8". */
static inline table table_of(const char *schema, const char *lines) {
    table t;
    pln__decoder *decoder;
    pln__decoded out;
    size_t size = strlen(lines);
    pln_error table_error = {0};
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, lines, size);
    TABLE_OK(pln__schema_parse(pln__system_allocator(), schema, &t.schema, &table_error));
    pln__decode_options options = {.schema = &t.schema, .cpu = pln__cpu_features(), .seed = 1};
    TABLE_OK(
        pln__json_decoder.open(pln__system_allocator(), NULL, &options, &decoder, &table_error));
    TABLE_OK(pln__json_decoder.begin(decoder, true, NULL, 0, &table_error));
    TABLE_OK(pln__json_decoder.decode(decoder, block, (int64_t)size, true, INT64_MAX, &out,
                                      &table_error));
    ck_assert_msg(out.n_bad == 0, "%s: %s", schema, lines);
    t.rows = out.array;
    pln__buffer_free(pln__system_allocator(), &out.row_start);
    pln__buffer_free(pln__system_allocator(), &out.row_size);
    pln__buffer_free(pln__system_allocator(), &out.row_line);
    pln__json_decoder.close(decoder);
    free(block);
    return t;
}

/* Two digits a byte; to be freed. */
static inline char *hex_of(const uint8_t *bytes, int64_t size) {
    char *out = malloc((size_t)size * 2 + 1);
    for (int64_t i = 0; i < size; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
    out[2 * size] = '\0';
    return out;
}

#endif
