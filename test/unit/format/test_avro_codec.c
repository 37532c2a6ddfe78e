/* Hostile data, what errors say, frames, and the public calls. */
#include "avro_rows.h"
#include "skip.h"
#include <check.h>
#include <pln/avro_codec.h>
#include <pln/builder.h>
#include <pln/runtime.h>
#include <pln/schema.h>
#include <stdio.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;

#define RECORD(name, fields)                                                                       \
    "{\"type\":\"record\",\"name\":\"" name "\",\"fields\":[" fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"

/* ---- hostile data: what it costs and what is said ---- */

static pln__heap *heap;

/* Decode with a heap of 64 MiB; the message, or "" where it could be read. */
static const char *hostile(const char *writer_text, const char *reader_text, const void *bytes,
                           int64_t size) {
    pln__avro_schema *writer = avro_schema(writer_text);
    pln__avro_schema *reader = reader_text == NULL ? NULL : avro_schema(reader_text);
    pln__avro_decoder *decoder = NULL;
    struct ArrowArray rows;
    pln__heap_stats stats;
    uint8_t *copy = avro_padded(bytes, size);
    pln__avro_input in = {.bytes = copy, .size = size, .rows = 1};
    heap = pln__heap_new(NULL, 64 << 20);
    err.message[0] = '\0';
    ck_assert_msg(pln__avro_decoder_new(pln__heap_allocator(heap), writer, reader, NULL, &decoder,
                                        &err) == PLN_OK,
                  "%s", err.message);
    pln_status status = pln__avro_decode(decoder, &in, &err);
    ck_assert(status == PLN_OK || status == PLN_EDATA);
    ck_assert_int_eq(in.rows, status == PLN_OK);
    ck_assert(status != PLN_OK || err.message[0] == '\0');
    ck_assert_int_eq(pln__avro_decoder_take(decoder, &rows, NULL), PLN_OK);
    rows.release(&rows);
    pln__avro_decoder_free(decoder);
    pln__heap_stats_get(heap, &stats);
    ck_assert_int_eq(stats.live_bytes, 0);
    pln__heap_close(heap);
    free(copy);
    pln__avro_schema_unref(writer);
    if (reader != NULL)
        pln__avro_schema_unref(reader);
    return err.message;
}

static const char *hostile_hex(const char *writer, const char *reader, const char *hex) {
    int64_t size;
    uint8_t *bytes = avro_hex(hex, &size);
    const char *message = hostile(writer, reader, bytes, size);
    free(bytes);
    return message;
}

#define SAYS(message, words)                                                                       \
    do {                                                                                           \
        const char *said = (message);                                                              \
        ck_assert_msg(strstr(said, words) != NULL, "'%s' does not say '%s'", said, words);         \
    } while (0)

START_TEST(lengths_and_counts) {
    SAYS(hostile_hex("\"string\"", NULL, "8080808008"), "length of 1073741824, 0 bytes are left");
    SAYS(hostile_hex("\"bytes\"", NULL, "01"), "length of -1");
    SAYS(hostile_hex("\"bytes\"", NULL, "ffffffffffffffffff01"), "length of -9223372036854775808");
    SAYS(hostile_hex("\"bytes\"", NULL, "ffffffffffffffffff7f"), "more than 10 bytes or 64 bits");
    SAYS(hostile_hex("\"int\"", NULL, "8080808010"), "more than 5 bytes or 32 bits");
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":\"null\"}", NULL, "80808080808080808001"),
         "items without bytes");
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":\"null\"}", NULL, "ffffffffffffffffff0100"),
         "block of -9223372036854775808 items");
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":" RECORD("Z", "") "}", NULL, "8084af5f00"),
         "100000000 items without bytes");
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":\"int\"}", NULL, "8084af5f00"),
         "block of 100000000 items");
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":\"int\"}", NULL, "050902040600"),
         "a block of -5 bytes");
    /* The size of a block is held against what its items take. */
    SAYS(hostile_hex("{\"type\":\"array\",\"items\":\"int\"}", NULL, "0306020400"),
         "a block of 3 bytes");
    ck_assert_str_eq(hostile_hex("{\"type\":\"array\",\"items\":\"int\"}", NULL, "0304020400"), "");
    ck_assert_str_eq(hostile_hex("{\"type\":\"array\",\"items\":\"null\"}", NULL, "80897a00"), "");
}
END_TEST

START_TEST(values_out_of_range) {
    const char *e = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}";
    SAYS(hostile_hex(e, NULL, "c601"), "symbol 99 of enum E, which has 2");
    SAYS(hostile_hex(e, NULL, "01"), "symbol -1");
    SAYS(hostile_hex(e, NULL, "8080808020"), "symbol 4294967296");
    SAYS(hostile_hex("[\"null\",\"int\"]", NULL, "8080808020"), "branch 4294967296 of a union");
    SAYS(hostile_hex("[\"null\",\"int\"]", NULL, "04"), "branch 2 of a union, which has 2");
    SAYS(hostile_hex("\"boolean\"", NULL, "02"), "boolean byte 2");
    SAYS(hostile_hex("\"string\"", NULL, "0461ff"), "not UTF-8: 'a\\xFF'");
    SAYS(hostile_hex(RECORD("R", FIELD("a", RECORD("S", FIELD("b", "[\"null\",\"int\"]")))), NULL,
                     "0280"),
         "field a.b, offset 1: the datum is cut short");
    SAYS(hostile_hex("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":2}",
                     NULL, "042710"),
         "a decimal of more than 4 digits");
    SAYS(hostile_hex("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":38}", NULL,
                     "222000000000000000000000000000000000ff"),
         "a decimal of more than 38 digits");
    SAYS(
        hostile_hex("{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4}", NULL, "00"),
        "a decimal of no bytes");
    ck_assert_str_eq(hostile_hex("\"string\"", NULL, "0a6162006364"), "");
}
END_TEST

/* A list of a hundred thousand nodes, in a field that the reader does not want. */
START_TEST(deep_lists) {
    const char *node = RECORD("N", FIELD("next", "[\"null\",\"N\"]"));
    char writer[300];
    int64_t size = 100000;
    uint8_t *bytes = malloc((size_t)size + 2);
    memset(bytes, 2, (size_t)size);
    bytes[size] = 0;
    bytes[size + 1] = 2;
    snprintf(writer, sizeof writer,
             RECORD("R", "{\"name\":\"list\",\"type\":%s}," FIELD("k", "\"int\"")), node);
    SAYS(hostile(writer, RECORD("R", FIELD("k", "\"int\"")), bytes, size + 2),
         "field list, offset 64: more than 64 levels of nesting");
    ck_assert_str_eq(hostile(writer, RECORD("R", FIELD("k", "\"int\"")), bytes + size - 20, 22),
                     "");
    pln__avro_schema *schema = avro_schema(node);
    pln__avro_resolution *resolution;
    pln__text text;
    int64_t used;
    pln__text_init(&text, mem);
    ck_assert_int_eq(pln__avro_resolve(mem, schema, schema, &resolution, &err), PLN_OK);
    uint8_t *padded = avro_padded(bytes, size + 1);
    ck_assert_int_eq(pln__avro_to_json(resolution, NULL, padded, size + 1, &used, &text, &err),
                     PLN_EDATA);
    SAYS(err.message, "levels of nesting");
    ck_assert_int_eq(text.size, 0);
    pln__text_free(&text);
    free(padded);
    free(bytes);
    pln__avro_resolution_free(resolution);
    pln__avro_schema_unref(schema);
}
END_TEST

static uint8_t *file_bytes(const char *path, int64_t *size) {
    char where[400];
    FILE *file = test_data(path, where, sizeof where) == NULL ? NULL : fopen(where, "rb");
    if (file == NULL)
        return NULL;
    uint8_t *bytes = malloc(1 << 20);
    *size = (int64_t)fread(bytes, 1, (1 << 20) - 1, file);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

/* Every datum of the folder under every schema of it that can be parsed and has columns: an error or a row, in 64 MiB. */
START_TEST(hostile_folder) {
    static const char *const datums[] = {
        "arr_1e8", "arr_1e9", "arr_huge", "arr_min", "arr_neg", "arr_skipneg", "arr_strneg",
        "bytes_nul", "enum99", "enum_2e32", "int_ovf", "min", "neg1", "neg100", "neg2", "str_nul",
        "union_2e32", "varint10ovf", "varint11"};
    static const char *const schemas[] = {
        "s_array_arr.json", "s_array_erec.json", "s_array_null.json", "s_bytes.json",
        "s_empty_rec.json", "s_enum.json", "s_map_int.json", "s_type_obj.json", "s_logical_bad.json",
        "e1.json", "ra.json", "rf.json", "rg.json"};
    int64_t size, n = 0;
    for (int i = 0; i < PLN__COUNT(datums); i++)
        for (int k = 0; k < PLN__COUNT(schemas); k++) {
            char path[100];
            snprintf(path, sizeof path, "hostile/avro/%s", schemas[k]);
            uint8_t *schema = file_bytes(path, &size);
            snprintf(path, sizeof path, "hostile/avro/d_%s.bin", datums[i]);
            uint8_t *datum = file_bytes(path, &size);
            if (schema == NULL || datum == NULL)
                TEST_SKIP("no shared/data");
            (void)hostile((char *)schema, NULL, datum, size);
            free(schema);
            free(datum);
            n++;
        }
    ck_assert_int_eq(n, 19 * 13);
}
END_TEST

/* ---- resolution ---- */

static const char *top_error(const char *writer_text, const char *reader_text) {
    pln__avro_schema *writer = avro_schema(writer_text), *reader = avro_schema(reader_text);
    pln__avro_resolution *resolution = NULL;
    err.message[0] = '\0';
    pln_status status = pln__avro_resolve(mem, writer, reader, &resolution, &err);
    ck_assert(status == PLN_OK || status == PLN_ETYPE);
    pln__avro_resolution_free(resolution);
    pln__avro_schema_unref(writer);
    pln__avro_schema_unref(reader);
    return err.message;
}

START_TEST(misfits_have_words) {
    SAYS(top_error("\"long\"", "\"int\""), "the writer's long cannot be read as int");
    SAYS(top_error("\"boolean\"", "\"int\""), "boolean cannot be read as int");
    SAYS(top_error("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"bytes\""),
         "fixed F cannot be read as bytes");
    SAYS(top_error("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}",
                   "{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}"),
         "2 bytes in the writer, 3 in the reader");
    SAYS(top_error(RECORD("A", FIELD("x", "\"int\"")), RECORD("B", FIELD("x", "\"int\""))),
         "record A cannot be read as record B");
    SAYS(top_error(RECORD("A", FIELD("x", "\"int\"")), RECORD("A", FIELD("y", "\"int\""))),
         "field 'y' is not in the writer and has no default");
    SAYS(top_error(RECORD("A", FIELD("x", RECORD("B", FIELD("y", "\"int\"")))),
                   RECORD("A", FIELD("x", RECORD("B", FIELD("y", "\"string\""))))),
         "field x.y: the writer's int cannot be read as string");
    SAYS(top_error(RECORD("A", FIELD("x", "\"int\"") "," FIELD("y", "\"int\"")),
                   RECORD("A", "{\"name\":\"x\",\"type\":\"int\",\"aliases\":[\"y\"]}")),
         "matches two fields of the writer, 'x' and 'y'");
    SAYS(top_error("\"int\"", "[\"null\",\"string\"]"), "union has no branch for int");
    SAYS(top_error("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}",
                   "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"B\"]}"),
         "none of the writer's symbols");
    /* Some datums can be read: empty arrays, a branch, a symbol. */
    ck_assert_str_eq(top_error("{\"type\":\"array\",\"items\":\"long\"}",
                               "{\"type\":\"array\",\"items\":\"int\"}"),
                     "");
    ck_assert_str_eq(top_error("[\"int\",\"string\"]", "\"int\""), "");
}
END_TEST

static char *as_json(const char *writer_text, const char *reader_text, const char *hex) {
    pln__avro_schema *writer = avro_schema(writer_text), *reader = avro_schema(reader_text);
    pln__avro_resolution *resolution;
    pln__text text;
    int64_t size, used;
    uint8_t *bytes = avro_hex(hex, &size);
    pln__text_init(&text, mem);
    ck_assert_msg(pln__avro_resolve(mem, writer, reader, &resolution, &err) == PLN_OK, "%s",
                  err.message);
    char *out = NULL;
    if (pln__avro_to_json(resolution, NULL, bytes, size, &used, &text, &err) == PLN_OK)
        out = strdup(text.data);
    pln__text_free(&text);
    pln__avro_resolution_free(resolution);
    pln__avro_schema_unref(writer);
    pln__avro_schema_unref(reader);
    free(bytes);
    return out;
}

#define READS(writer, reader, hex, json)                                                           \
    do {                                                                                           \
        char *read = as_json(writer, reader, hex);                                                 \
        ck_assert_msg(read != NULL && strcmp(read, json) == 0, "%s (%s)", read, err.message);      \
        free(read);                                                                                \
    } while (0)

/* A record of that name with fields of these types, the first called n or x. */
static const char *one_field(const char *name, const char *type, char out[300]) {
    snprintf(out, 300,
             "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[{\"name\":\"x\",\"type\":\"%s\"}]}",
             name, type);
    return out;
}
static const char *list_of(const char *name, const char *type, char out[300]) {
    snprintf(out, 300,
             "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[{\"name\":\"n\",\"type\":[\"null\","
             "\"%s\"]},"
             "{\"name\":\"v\",\"type\":\"%s\"}]}",
             name, name, type);
    return out;
}
static const char *either(const char *a, const char *b, char out[700]) {
    snprintf(out, 700, "[%s,%s]", a, b);
    return out;
}

START_TEST(branches_are_chosen) {
    char a[300], b[300], c[300], both[700];
    /* Exact kind before promotion, whatever the order. */
    READS("\"int\"", "[\"double\",\"int\"]", "0e", "{\"int\":7}");
    READS("\"int\"", "[\"null\",\"double\",\"long\"]", "0e", "{\"double\":7.0}");
    READS("\"string\"", "[\"bytes\",\"string\"]", "0261", "{\"string\":\"a\"}");
    /* The same full name before the same name; and of those the first that can be read. */
    either(one_field("a.R", "int", a), one_field("b.R", "long", b), both);
    READS(one_field("b.R", "int", c), both, "0e", "{\"b.R\":{\"x\":7}}");
    either(one_field("a.R", "string", a), one_field("b.R", "long", b), both);
    READS(one_field("c.R", "int", c), both, "0e", "{\"b.R\":{\"x\":7}}");
    /*
     * Whether a.L can hold the list is asked while it is being answered: it cannot, for at the end of it an int is no string, so the answer
     * given on the way must not stand.
     */
    either(list_of("a.L", "string", a), list_of("b.L", "long", b), both);
    READS(list_of("c.L", "int", c), both, "02000204",
          "{\"b.L\":{\"n\":{\"b.L\":{\"n\":null,\"v\":1}},\"v\":2}}");
}
END_TEST

/* ---- frames ---- */

START_TEST(frames) {
    pln__avro_frame frame, again;
    pln__buffer out = {0};
    static const uint8_t single[] = {0xC3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 99};
    static const uint8_t id[] = {0, 0, 1, 0, 2, 99};
    static const uint8_t guid[] = {1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    ck_assert_int_eq(pln__avro_frame_read(single, 11, &frame, &err), PLN_OK);
    ck_assert_int_eq(frame.form, PLN__FRAME_SINGLE_OBJECT);
    ck_assert_uint_eq(frame.fingerprint, UINT64_C(0x0807060504030201));
    ck_assert_int_eq(frame.size, 10);
    ck_assert_int_eq(pln__avro_frame_write(mem, &frame, &out, &err), PLN_OK);
    ck_assert(out.size == 10 && memcmp(out.data, single, 10) == 0);
    ck_assert_int_eq(pln__avro_frame_read(id, 6, &frame, &err), PLN_OK);
    ck_assert_uint_eq(frame.id, 0x10002);
    ck_assert_int_eq(pln__avro_frame_write(mem, &frame, &out, &err), PLN_OK);
    ck_assert(out.size == 15 && memcmp(out.data + 10, id, 5) == 0);
    ck_assert_int_eq(pln__avro_frame_read(guid, 17, &frame, &err), PLN_OK);
    ck_assert_int_eq(pln__avro_frame_write(mem, &frame, &out, &err), PLN_OK);
    ck_assert_int_eq(pln__avro_frame_read(out.data + 15, 17, &again, &err), PLN_OK);
    ck_assert(again.form == PLN__FRAME_CONFLUENT_GUID && memcmp(again.guid, guid + 1, 16) == 0);
    pln__buffer_free(mem, &out);
    for (int n = 0; n < 17; n++) {
        ck_assert(n >= 10 || pln__avro_frame_read(single, n, &frame, &err) == PLN_EDATA);
        ck_assert(n >= 5 || pln__avro_frame_read(id, n, &frame, &err) == PLN_EDATA);
        ck_assert_int_eq(pln__avro_frame_read(guid, n, &frame, &err), PLN_EDATA);
    }
    ck_assert_int_eq(pln__avro_frame_read((const uint8_t *)"{", 1, &frame, &err), PLN_EDATA);
    SAYS(err.message, "unknown magic byte 0x7b");
    ck_assert_int_eq(pln__avro_frame_read((const uint8_t *)"\xC3\x02", 2, &frame, &err), PLN_EDATA);
    SAYS(err.message, "unknown magic bytes 0xc3 0x02");
}
END_TEST

START_TEST(a_message_of_another_implementation) {
    int64_t size, schema_size, used, rows;
    uint8_t *bytes = file_bytes("avro/share-test/messageV1/test_message.bin", &size);
    uint8_t *text = file_bytes("avro/share-test/messageV1/test_schema.avsc", &schema_size);
    if (bytes == NULL || text == NULL)
        TEST_SKIP("no shared/data");
    pln_runtime *rt;
    pln_avro_schema *schema;
    pln_avro_decoder *decoder;
    pln_batch *batch;
    pln_avro_frame frame = {.struct_size = sizeof frame};
    uint64_t fingerprint = 0;
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_schema_parse(rt, (char *)text, schema_size, NULL, &schema, &err),
                     PLN_OK);
    ck_assert_int_eq(pln_avro_frame_read(bytes, size, &frame, &err), PLN_OK);
    ck_assert_int_eq(frame.form, PLN_AVRO_FRAME_SINGLE_OBJECT);
    ck_assert_int_eq(pln__avro_rabin(schema, &fingerprint, &err), PLN_OK);
    ck_assert_uint_eq(frame.fingerprint, fingerprint);
    ck_assert_int_eq(pln_avro_decoder_new(rt, schema, NULL, NULL, &decoder, &err), PLN_OK);
    ck_assert_int_eq(
        pln_avro_decode(decoder, bytes + frame.size, size - frame.size, 1, &used, &rows, &err),
        PLN_OK);
    ck_assert_int_eq(rows, 1);
    ck_assert_int_eq(used, size - frame.size);
    ck_assert_int_eq(pln_avro_decoder_take(decoder, &batch, &err), PLN_OK);
    ck_assert_int_eq(pln_batch_rows(batch), 1);
    char *json = avro_row_json(schema, pln_batch_schema(batch), pln_batch_array(batch), 0);
    ck_assert_msg(avro_json_equal(
                      json, "{\"id\":42,\"name\":\"Bill\",\"tags\":[\"dog_lover\",\"cat_hater\"]}"),
                  "%s", json);
    free(json);
    pln_batch_unref(batch);
    pln_avro_decoder_free(decoder);
    pln_avro_schema_free(schema);
    pln_runtime_free(rt);
    free(bytes);
    free(text);
}
END_TEST

/* ---- public calls ---- */

/* Bytes that end where their block ends: whoever reads behind them is seen by a sanitizer. */
START_TEST(bytes_without_padding) {
    enum { ROWS = 300 };
    pln_runtime *rt;
    pln_avro_schema *schema;
    pln_avro_decoder *decoder;
    pln_avro_encoder *encoder;
    pln_batch *batch;
    int64_t size, rows, used, bad, total;
    char text[64];
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    ck_assert_int_eq(
        pln_avro_schema_parse(rt, RECORD("R", FIELD("a", "\"long\"") "," FIELD("b", "\"string\"")),
                              -1, NULL, &schema, &err),
        PLN_OK);
    ck_assert_int_eq(pln_avro_encoder_new(rt, schema, NULL, &encoder, &err), PLN_OK);
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "{\"b\":\"%0*d\",\"a\":%d}", 1 + i % 40, i, i * 1000);
        ck_assert_msg(pln_avro_encode_json(encoder, text, -1, &err) == PLN_OK, "%s", err.message);
    }
    const int64_t *ends = pln_avro_encoder_ends(encoder, &rows);
    ck_assert_int_eq(rows, ROWS);
    const uint8_t *bytes = pln_avro_encoder_bytes(encoder, &total);
    ck_assert_int_eq(pln_avro_decoder_new(rt, schema, NULL, NULL, &decoder, &err), PLN_OK);
    for (int i = 0; i < ROWS; i++) {
        uint8_t *exact = malloc((size_t)ends[i]);
        memcpy(exact, bytes, (size_t)ends[i]);
        ck_assert_int_eq(pln_avro_decode(decoder, exact, ends[i], INT64_MAX, &used, &rows, &err),
                         PLN_OK);
        ck_assert_int_eq(rows, i + 1);
        ck_assert_int_eq(used, ends[i]);
        /* One byte less: the last datum is cut, and the error says where. */
        ck_assert_int_eq(
            pln_avro_decode(decoder, exact, ends[i] - 1, INT64_MAX, &used, &rows, &err), PLN_EDATA);
        ck_assert_int_eq(rows, i);
        ck_assert_int_eq(used, i == 0 ? 0 : ends[i - 1]);
        SAYS(err.message, "field b, offset ");
        int64_t offset = strtol(strstr(err.message, "offset ") + 7, NULL, 10);
        ck_assert_msg(offset > 0 && offset < ends[i] - used, "%s: used %d of %d", err.message,
                      (int)used, (int)ends[i]);
        ck_assert_int_eq(pln_avro_decoder_take(decoder, &batch, &err), PLN_OK);
        pln_batch_unref(batch);
        free(exact);
    }
    ck_assert_int_eq(pln_avro_decode(decoder, bytes, total, INT64_MAX, &used, &rows, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_decoder_take(decoder, &batch, &err), PLN_OK);
    ck_assert_int_eq(pln_batch_rows(batch), ROWS);
    ck_assert_int_eq(pln_avro_encode(encoder, batch, 0, -1, &bad, &err), PLN_ESTATE);
    pln_avro_encoder *columns;
    ck_assert_int_eq(
        pln_avro_encoder_new(rt, schema, pln_avro_decoder_schema(decoder), &columns, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_encode(columns, batch, 10, -1, &bad, &err), PLN_OK);
    const uint8_t *again = pln_avro_encoder_bytes(columns, &size);
    ck_assert_int_eq(size, total - ends[9]);
    ck_assert(memcmp(again, bytes + ends[9], (size_t)size) == 0);
    ck_assert_int_eq(pln_avro_encode(columns, batch, 0, ROWS + 1, &bad, &err), PLN_EINVAL);
    pln_batch_unref(batch);
    pln_avro_encoder_free(columns);
    pln_avro_encoder_free(encoder);
    pln_avro_decoder_free(decoder);
    pln_avro_schema_free(schema);
    pln_runtime_free(rt);
}
END_TEST

/* What does not fit is named when the encoder is made, or with its row. */
START_TEST(encoder_refuses) {
    pln_runtime *rt;
    pln_avro_schema *schema;
    pln_avro_encoder *encoder;
    pln_builder *builder;
    pln_batch *batch;
    struct ArrowSchema columns;
    int64_t bad = -1, rows;
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    ck_assert_int_eq(
        pln_avro_schema_parse(rt,
                              RECORD("R", FIELD("a", "\"int\"") "," FIELD(
                                              "e", "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":["
                                                   "\"X\"]}") ",{\"name\":\"z\",\"type\":\"int\","
                                                              "\"default\":1}"),
                              -1, NULL, &schema, &err),
        PLN_OK);
    static const struct {
        const char *columns, *words;
    } bad_columns[] = {{"a int32", "field e of the schema has no column and no default"},
                       {"a utf8, e utf8", "column a: utf8 does not fit Avro's int"},
                       {"a int32, e utf8, q int32", "column q: record R has no such field"},
                       {"a float64, e utf8", "column a: float64 does not fit"}};
    for (int i = 0; i < PLN__COUNT(bad_columns); i++) {
        ck_assert_int_eq(pln_schema_parse(rt, bad_columns[i].columns, &columns, &err), PLN_OK);
        ck_assert_int_eq(pln_avro_encoder_new(rt, schema, &columns, &encoder, &err), PLN_ETYPE);
        SAYS(err.message, bad_columns[i].words);
        columns.release(&columns);
    }
    ck_assert_int_eq(pln_schema_parse(rt, "a int64, e utf8", &columns, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_encoder_new(rt, schema, &columns, &encoder, &err), PLN_OK);
    ck_assert_int_eq(pln_builder_new(rt, &columns, &builder, &err), PLN_OK);
    static const struct {
        int64_t a;
        const char *e, *words;
    } bad_rows[] = {{3000000000, "X", "row 1: column a: 3000000000 does not fit an int"},
                    {1, "Y", "row 1: column e: 'Y' is no symbol of the enum"},
                    {1, NULL, "row 1: column e: a null, and the schema allows none"}};
    for (int i = 0; i < PLN__COUNT(bad_rows); i++) {
        pln_column *a = pln_builder_column(builder, 0), *e = pln_builder_column(builder, 1);
        ck_assert_int_eq(pln_column_int(a, 5, &err), PLN_OK);
        ck_assert_int_eq(pln_column_text(e, "X", -1, &err), PLN_OK);
        ck_assert_int_eq(pln_column_int(a, bad_rows[i].a, &err), PLN_OK);
        if (bad_rows[i].e == NULL)
            ck_assert_int_eq(pln_column_null(e, &err), PLN_OK);
        else
            ck_assert_int_eq(pln_column_text(e, bad_rows[i].e, -1, &err), PLN_OK);
        ck_assert_int_eq(pln_builder_finish(builder, &batch, &err), PLN_OK);
        pln_avro_encoder_clear(encoder);
        ck_assert_int_eq(pln_avro_encode(encoder, batch, 0, -1, &bad, &err), PLN_EDATA);
        SAYS(err.message, bad_rows[i].words);
        ck_assert_int_eq(bad, 1);
        const int64_t *ends = pln_avro_encoder_ends(encoder, &rows);
        ck_assert_int_eq(rows, 1);
        ck_assert_int_eq(ends[0], 3); /* 5, X, and the default of z */
        pln_batch_unref(batch);
    }
    pln_builder_free(builder);
    pln_avro_encoder_free(encoder);
    columns.release(&columns);
    pln_avro_schema_free(schema);
    pln_runtime_free(rt);
}
END_TEST

START_TEST(json_is_held_to_the_schema) {
    static const struct {
        const char *schema, *text, *words;
    } cases[] = {
        {"\"int\"", "1.5", "expected an int"},
        {"\"int\"", "2147483648", "does not fit an int of 32 bits"},
        {"\"long\"", "9223372036854775808", "does not fit a long"},
        {"\"int\"", "1 2", "expected the end of the text"},
        {"\"int\"", "", "the text ends"},
        {"\"double\"", "\"nan\"", "expected a double"},
        {"\"double\"", "1e999", "does not fit a double"},
        {"\"bytes\"", "\"\\u0100\"", "a character beyond \\u00ff"},
        {"\"string\"", "\"\\ud800\"", "a surrogate pair"},
        {"\"string\"", "\"a\nb\"", "no control character"},
        {"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "\"abc\"", "expected 2 bytes, got 3"},
        {"{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\"]}", "\"B\"", "'B' is no symbol"},
        {"[\"null\",\"int\"]", "1", "expected null or {\"branch\": value}"},
        {"[\"null\",\"int\"]", "{\"long\":1}", "'long' is no branch of the union"},
        {"[\"null\",\"int\"]", "{\"int\":1,\"int\":2}", "expected '}'"},
        {"{\"type\":\"map\",\"values\":\"int\"}", "{\"a\":1,\"a\":2}", "stands twice"},
        {"{\"type\":\"array\",\"items\":\"int\"}", "[1,]", "expected an int"},
        {RECORD("R", FIELD("a", "\"int\"") "," FIELD("b", "\"int\"")), "{\"a\":1}",
         "field 'b' is missing"},
        {RECORD("R", FIELD("a", "\"int\"")), "{\"a\":1,\"a\":1}", "field 'a' stands twice"},
        {RECORD("R", FIELD("a", "\"int\"")), "{\"c\":1,\"a\":1}", "has no field 'c'"},
        {RECORD("R", FIELD("a", "{\"type\":\"array\",\"items\":\"int\"}")), "{\"a\":[1,true]}",
         "offset 8, field a[]: expected an int"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__avro_schema *schema = avro_schema(cases[i].schema);
        pln__buffer out = {0};
        ck_assert_msg(pln__avro_from_json(mem, schema, cases[i].text, -1, &out, &err) == PLN_EDATA,
                      "%s was taken", cases[i].text);
        SAYS(err.message, cases[i].words);
        ck_assert_int_eq(out.size, 0);
        pln__buffer_free(mem, &out);
        pln__avro_schema_unref(schema);
    }
}
END_TEST

Suite *suite_format_avro_codec(void);
Suite *suite_format_avro_codec(void) {
    Suite *suite = suite_create("format/avro_codec");
    TCase *tests = tcase_create("codec");
    mem = pln__system_allocator();
    tcase_add_test(tests, lengths_and_counts);
    tcase_add_test(tests, values_out_of_range);
    tcase_add_test(tests, deep_lists);
    tcase_add_test(tests, hostile_folder);
    tcase_add_test(tests, misfits_have_words);
    tcase_add_test(tests, branches_are_chosen);
    tcase_add_test(tests, frames);
    tcase_add_test(tests, a_message_of_another_implementation);
    tcase_add_test(tests, bytes_without_padding);
    tcase_add_test(tests, encoder_refuses);
    tcase_add_test(tests, json_is_held_to_the_schema);
    suite_add_tcase(suite, tests);
    return suite;
}
