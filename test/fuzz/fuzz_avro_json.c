/* The first byte chooses a schema, the rest is Avro's JSON encoding: what is taken must be written as JSON that gives the same bytes again. */
#include "avro_rows.h"
#include "fuzz.h"

static const char *const schemas[] = {
    "{\"type\":\"record\",\"name\":\"ns.R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"b\",\"type\":"
    "[\"null\",\"string\",\"ns.R\"]},{\"name\":\"c\",\"type\":{\"type\":\"map\",\"values\":\"double\"}},"
    "{\"name\":\"d\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}}]}",
    "{\"type\":\"array\",\"items\":[\"null\",\"boolean\",\"int\",\"long\",\"float\",\"double\",\"bytes\",\"string\","
    "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2},{\"type\":\"array\",\"items\":\"null\"}]}",
    "{\"type\":\"record\",\"name\":\"L\",\"fields\":[{\"name\":\"k\",\"type\":{\"type\":\"array\",\"items\":\"L\"}}]}",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer once = {0}, twice = {0};
    pln_error err = {0};
    pln__text text;
    int64_t used;
    if (size < 1)
        return 0;
    pln__avro_schema *schema = avro_schema(schemas[data[0] % PLN__COUNT(schemas)]);
    pln_status status =
        pln__avro_from_json(mem, schema, (const char *)data + 1, (int64_t)size - 1, &once, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && strstr(err.message, "offset") != NULL && once.size == 0);
    } else {
        pln__avro_resolution *resolution;
        uint8_t *bytes = avro_padded(once.data, once.size);
        pln__text_init(&text, mem);
        REQUIRE(pln__avro_resolve(mem, schema, schema, &resolution, NULL) >= 0);
        REQUIRE(pln__avro_to_json(resolution, NULL, bytes, once.size, &used, &text, NULL) >= 0);
        REQUIRE(used == once.size);
        REQUIRE(pln__avro_from_json(mem, schema, text.data, text.size, &twice, NULL) >= 0);
        REQUIRE(twice.size == once.size &&
                (once.size == 0 || memcmp(twice.data, once.data, (size_t)once.size) == 0));
        pln__avro_resolution_free(resolution);
        pln__text_free(&text);
        free(bytes);
    }
    pln__buffer_free(mem, &once);
    pln__buffer_free(mem, &twice);
    pln__avro_schema_unref(schema);
    return 0;
}
