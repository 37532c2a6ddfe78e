/* What the tests of keys share: a row's bytes and key as hexadecimal digits. */
#ifndef TEST_KEY_HELP_H
#define TEST_KEY_HELP_H

#include "format/format.h"
#include "key/key.h"
#include "table.h"
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
