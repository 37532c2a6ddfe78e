/* What the tests of keys share: rows out of JSON, and a row's bytes and key as hexadecimal digits. */
#ifndef TEST_KEY_HELP_H
#define TEST_KEY_HELP_H

#include "format/format.h"
#include "key/key.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static pln_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static inline const pln_allocator *heap(void) {
    return pln__system_allocator();
}

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
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, lines, size);
    OK(pln__schema_parse(heap(), schema, &t.schema, &err));
    pln__decode_options options = {.schema = &t.schema, .cpu = pln__cpu_features(), .seed = 1};
    OK(pln__json_decoder.open(heap(), NULL, &options, &decoder, &err));
    OK(pln__json_decoder.begin(decoder, true, NULL, 0, &err));
    OK(pln__json_decoder.decode(decoder, block, (int64_t)size, true, INT64_MAX, &out, &err));
    ck_assert_msg(out.n_bad == 0, "%s: %s", schema, lines);
    t.rows = out.array;
    pln__buffer_free(heap(), &out.row_start);
    pln__buffer_free(heap(), &out.row_size);
    pln__buffer_free(heap(), &out.row_line);
    pln__json_decoder.close(decoder);
    free(block);
    return t;
}

static inline char *hex_of(const uint8_t *bytes, int64_t size) {
    char *out = malloc((size_t)size * 2 + 1);
    for (int64_t i = 0; i < size; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
    out[2 * size] = '\0';
    return out;
}

static inline char *encoded(pln_keys *keys, const struct ArrowArray *rows, int64_t row) {
    const uint8_t *bytes;
    int64_t size;
    OK(pln_keys_encode(keys, rows, row, &bytes, &size, &err));
    return hex_of(bytes, size);
}

/* The canonical bytes of one row in JSON. */
static inline char *encoded_json(const char *schema, const char *line) {
    table t = table_of(schema, line);
    pln_keys *keys;
    ck_assert_int_eq(t.rows.length, 1);
    OK(pln__keys_new(heap(), &t.schema, NULL, 0, NULL, &keys, &err));
    char *hex = encoded(keys, &t.rows, 0);
    pln_keys_free(keys);
    table_free(&t);
    return hex;
}

#endif
