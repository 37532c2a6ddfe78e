/*
 * What the tests of container files share: files by hand, in every codec, whose rows number i are (i, "row number <i>").
 */
#ifndef TEST_CONTAINER_HELP_H
#define TEST_CONTAINER_HELP_H

#include "container_rows.h"
#include "format/avro_block.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define SYNC "0123456789abcdef"
#define RECORD                                                                                     \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"         \
    "{\"name\":\"s\",\"type\":\"string\"}]}"

static const pln_allocator *mem;
static pln_error err;
static const container_way whole = {.origin = true};

static inline void setup(void) {
    mem = pln__system_allocator();
}

static inline bool have_zstd(void) {
    int32_t codec;
    return pln__avro_codec_find("zstandard", 9, &codec, NULL) == PLN_OK;
}

static inline char *transcript(const pln__buffer *file, const container_way *way) {
    return container_transcript(mem, file->data, file->size, way);
}

static inline void assert_transcript(const pln__buffer *file, const container_way *way,
                                     const char *expected) {
    char *got = transcript(file, way);
    ck_assert_str_eq(got, expected);
    free(got);
}

/* ---- files by hand ---- */

static inline void put_row(pln__buffer *data, int64_t id, const char *text) {
    container_put_long(data, id);
    container_put_text(data, text, (int64_t)strlen(text));
}

/* Blocks of 3 rows, ids from 0; ends[i] is the size of the file behind block i, ends[-1] that of its header. */
static inline pln__buffer make_file(int32_t codec, int blocks, int64_t *ends) {
    pln__buffer file = {0};
    pln__avro_codec *packer;
    container_put_header(&file, RECORD, pln__avro_codec_name(codec), SYNC);
    ck_assert_int_eq(pln__avro_codec_new(mem, codec, 0, &packer, &err), PLN_OK);
    ends[-1] = file.size;
    for (int b = 0; b < blocks; b++) {
        pln__buffer data = {0}, packed = {0};
        char text[30];
        for (int i = 0; i < 3; i++) {
            snprintf(text, sizeof text, "row number %d", 3 * b + i);
            put_row(&data, 3 * b + i, text);
        }
        ck_assert_int_eq(pln__avro_pack(packer, data.data, data.size, &packed, &err), PLN_OK);
        container_put_block(&file, 3, &packed, SYNC);
        ends[b] = file.size;
        pln__buffer_free(mem, &data);
        pln__buffer_free(mem, &packed);
    }
    pln__avro_codec_free(packer);
    return file;
}

static inline void add_rows(pln__text *to, int from, int n) {
    for (int i = from; i < from + n; i++)
        pln__text_printf(to, "%d {\"id\":%d,\"s\":\"row number %d\"}\n", i, i, i);
}

static inline char *rows_and(int n, const char *end) {
    pln__text text;
    pln__text_init(&text, mem);
    add_rows(&text, 0, n);
    pln__text_str(&text, end);
    return pln__text_take(&text);
}

#endif
