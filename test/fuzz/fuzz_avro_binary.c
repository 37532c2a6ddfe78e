/*
 * The first byte chooses a pair of schemas, the rest is a datum of the writer's: columns and JSON must agree on whether it can be read; rows must survive being
 * written and read again, JSON being read and written again.
 */
#include "avro_rows.h"
#include "fuzz.h"

#define ALL                                                                                        \
    "{\"type\":\"record\",\"name\":\"All\",\"fields\":[{\"name\":\"n\",\"type\":\"null\"},"        \
    "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i\",\"type\":\"int\"},"                     \
    "{\"name\":\"l\",\"type\":[\"null\",\"long\"]},{\"name\":\"f\",\"type\":\"float\"},"           \
    "{\"name\":\"d\",\"type\":\"double\"},{\"name\":\"y\",\"type\":\"bytes\"},"                    \
    "{\"name\":\"s\",\"type\":[\"string\",\"null\"]},"                                             \
    "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},"                    \
    "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\",\"C\"]}}," \
    "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"int\",\"string\"]}},"      \
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":\"null\"}}}]}"

static const char *const pairs[][2] = {
    {ALL, NULL},
    {ALL, "{\"type\":\"record\",\"name\":\"All\",\"fields\":[{\"name\":\"d\",\"type\":\"double\"},"
          "{\"name\":\"i\",\"type\":\"float\"},{\"name\":\"s\",\"type\":[\"null\",\"bytes\"]},"
          "{\"name\":\"new\",\"type\":{\"type\":\"array\",\"items\":\"long\"},\"default\":[1,2]},"
          "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"C\",\"Z\"],"
          "\"default\":\"Z\"}},{\"name\":\"y\",\"type\":\"string\"}]}"},
    {"[\"null\",\"int\",{\"type\":\"map\",\"values\":\"string\"},{\"type\":\"record\",\"name\":\"R\","
     "\"fields\":[{\"name\":\"a\",\"type\":\"long\"}]}]",
     "[{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"default\":7},"
     "{\"name\":\"a\",\"type\":\"double\"}]},\"double\",{\"type\":\"map\",\"values\":\"bytes\"}]"},
    {"{\"type\":\"record\",\"name\":\"D\",\"fields\":[{\"name\":\"p\",\"type\":{\"type\":\"bytes\","
     "\"logicalType\":\"decimal\",\"precision\":20,\"scale\":2}},{\"name\":\"q\",\"type\":[\"null\","
     "{\"type\":\"fixed\",\"name\":\"Q\",\"size\":18,\"logicalType\":\"decimal\",\"precision\":38}]},"
     "{\"name\":\"t\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}},"
     "{\"name\":\"u\",\"type\":{\"type\":\"string\",\"logicalType\":\"uuid\"}}]}",
     NULL},
    {"{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Z\",\"fields\":[]}}",
     "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Z\",\"fields\":[{\"name\":\"s\","
     "\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"i\",\"type\":\"int\",\"default\":5}]}}"},
    {"{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"v\",\"type\":\"int\"},{\"name\":\"next\","
     "\"type\":[\"null\",\"Node\"]},{\"name\":\"k\",\"type\":{\"type\":\"array\",\"items\":\"Node\"}}]}",
     "{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"next\",\"type\":[\"null\",\"Node\"]},"
     "{\"name\":\"tag\",\"type\":\"string\",\"default\":\"-\"},{\"name\":\"v\",\"type\":\"double\"}]}"},
    {"{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"v\",\"type\":\"int\"},{\"name\":\"next\","
     "\"type\":[\"null\",\"Node\"]}]}",
     "{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"v\",\"type\":\"long\"}]}"},
};

static const pln__avro_limits limits = {.value_bytes_max = 1 << 16, .items_max = 2000};

/* What every run of a pair would make anew: writer and reader, and how data of the writer and of the reader are read. Never freed. */
typedef struct plan {
    pln__avro_schema *writer, *reader;
    pln__avro_resolution *given, *own;
} plan;

static const plan *plan_of(uint8_t choice) {
    static plan plans[PLN__COUNT(pairs)];
    plan *p = &plans[choice % PLN__COUNT(pairs)];
    if (p->writer != NULL)
        return p;
    const char *const *pair = pairs[choice % PLN__COUNT(pairs)];
    p->writer = avro_schema(pair[0]);
    p->reader = pair[1] == NULL ? pln__avro_schema_ref(p->writer) : avro_schema(pair[1]);
    const pln_allocator *mem = pln__system_allocator();
    REQUIRE(pln__avro_resolve(mem, p->writer, p->reader, &p->given, NULL) >= 0);
    REQUIRE(pln__avro_resolve(mem, p->reader, p->reader, &p->own, NULL) >= 0);
    return p;
}

/* The first datum as rows; false: it could not be read. */
static bool read_row(const pln__avro_schema *writer, const pln__avro_schema *reader,
                     const uint8_t *bytes, int64_t size, struct ArrowSchema *schema,
                     struct ArrowArray *rows, int64_t *used) {
    pln__avro_decoder *decoder;
    pln__avro_input in = {.bytes = bytes, .size = size, .rows = 1};
    pln_error err = {0};
    if (pln__avro_decoder_new(pln__system_allocator(), writer, reader, &limits, &decoder, &err) <
        0) {
        REQUIRE(err.status == PLN_EUNSUPPORTED);
        *used = -1;
        return false;
    }
    pln_status status = pln__avro_decode(decoder, &in, &err);
    REQUIRE(status >= 0 || (err.message[0] != '\0' && in.rows == 0));
    REQUIRE(pln__avro_decoder_take(decoder, rows, NULL) >= 0);
    REQUIRE(pln__schema_copy(pln__system_allocator(), pln__avro_decoder_schema(decoder), schema,
                             NULL) >= 0);
    REQUIRE(pln__array_validate(schema, rows, PLN__VALIDATE_FULL, NULL) >= 0);
    pln__avro_decoder_free(decoder);
    *used = in.used;
    if (in.rows == 1)
        return true;
    rows->release(rows);
    schema->release(schema);
    return false;
}

static void written_again(const pln__avro_schema *reader, const struct ArrowSchema *schema,
                          const struct ArrowArray *rows) {
    const pln_allocator *mem = pln__system_allocator();
    pln__avro_encoder *encoder;
    pln__buffer out = {0};
    pln__avro_output output = {.rows = rows, .n = 1};
    struct ArrowSchema schema2;
    struct ArrowArray rows2;
    int64_t used;
    REQUIRE(pln__avro_encoder_new(mem, reader, schema, &encoder, NULL) >= 0);
    REQUIRE(pln__avro_encode(encoder, &output, &out, NULL) >= 0);
    uint8_t *bytes = avro_padded(out.data, out.size);
    REQUIRE(out.size == 0 || read_row(reader, reader, bytes, out.size, &schema2, &rows2, &used));
    if (out.size > 0) {
        REQUIRE(used == out.size && pln__array_equal(schema, rows, &rows2));
        rows2.release(&rows2);
        schema2.release(&schema2);
    }
    free(bytes);
    pln__buffer_free(mem, &out);
    pln__avro_encoder_free(encoder);
}

static bool to_text(const pln__avro_resolution *resolution, const uint8_t *bytes, int64_t size,
                    int64_t *used, pln__text *text) {
    pln__text_init(text, pln__system_allocator());
    return pln__avro_to_json(resolution, &limits, bytes, size, used, text, NULL) >= 0;
}

static void read_again(const plan *p, const pln__text *text) {
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer out = {0};
    pln__text again;
    pln_error err = {0};
    int64_t used;
    if (pln__avro_from_json(mem, p->reader, text->data, text->size, &out, &err) < 0) {
        /* What binary data may say and JSON may not. */
        REQUIRE(strstr(err.message, "stands twice") != NULL ||
                strstr(err.message, "nesting") != NULL);
        pln__buffer_free(mem, &out);
        return;
    }
    uint8_t *bytes = avro_padded(out.data, out.size);
    REQUIRE(to_text(p->own, bytes, out.size, &used, &again) && used == out.size);
    REQUIRE(strcmp(again.data, text->data) == 0);
    free(bytes);
    pln__text_free(&again);
    pln__buffer_free(mem, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    pln__text text;
    int64_t by_rows, by_text = 0;
    if (size < 1)
        return 0;
    const plan *p = plan_of(data[0]);
    uint8_t *bytes = avro_padded(data + 1, (int64_t)size - 1);
    bool as_rows =
        read_row(p->writer, p->reader, bytes, (int64_t)size - 1, &schema, &rows, &by_rows);
    bool as_text = to_text(p->given, bytes, (int64_t)size - 1, &by_text, &text);
    /* No rows come of no bytes; decimals beyond the precision, and skipped values, are looked at by rows alone. */
    if (as_rows)
        REQUIRE(!as_text || by_rows == by_text);
    if (as_text)
        read_again(p, &text);
    if (as_rows) {
        written_again(p->reader, &schema, &rows);
        rows.release(&rows);
        schema.release(&schema);
    }
    pln__text_free(&text);
    free(bytes);
    return 0;
}
