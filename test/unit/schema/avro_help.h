/*
 * Schemas for tests, short to write: a text is parsed or the test fails with the reason.
 */
#ifndef TEST_AVRO_HELP_H
#define TEST_AVRO_HELP_H

#include "schema/avro.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static inline pln__avro_schema *parse_avro(const char *text) {
    pln__avro_schema *schema = NULL;
    pln_error err = {0};
    pln_status status = pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", text, err.message);
    return schema;
}

/* To be freed with pln__strfree and the system's allocator. */
static inline char *text_avro(const pln__avro_schema *schema, int form) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__avro_text(schema, form, &text);
    char *out = pln__text_take(&text);
    ck_assert_ptr_nonnull(out);
    return out;
}

static inline void free_text(char *text) {
    pln__strfree(pln__system_allocator(), text);
}

/* A whole file, to be freed with free; NULL if there is none. */
static inline char *load_file(const char *path, int64_t *size) {
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    if (file == NULL)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *size = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)*size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq((int64_t)fread(bytes, 1, (size_t)*size, file), *size);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

#endif
