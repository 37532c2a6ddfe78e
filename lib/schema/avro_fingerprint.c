#include "schema/avro_internal.h"
#include "base/digest.h"

#define EMPTY UINT64_C(0xc15d213aa4d7a795)

uint64_t pln__avro_crc64(const void *bytes, int64_t size) {
    uint64_t table[256], crc = EMPTY;
    const uint8_t *in = bytes;
    for (int i = 0; i < 256; i++) {
        table[i] = (uint64_t)i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (EMPTY & (0 - (table[i] & 1)));
    }
    for (int64_t i = 0; i < size; i++)
        crc = crc >> 8 ^ table[(crc ^ in[i]) & 0xFF];
    return crc;
}

pln_status pln__avro_rabin(const pln__avro_schema *schema, uint64_t *out, pln_error *err) {
    pln__text text;
    pln__text_init(&text, schema->mem);
    pln__avro_text(schema, PLN__AVRO_TEXT_CANONICAL, &text);
    pln_status status = pln__text_status(&text, err);
    *out = status < 0 ? 0 : pln__avro_crc64(text.data, text.size);
    pln__text_free(&text);
    return status;
}
