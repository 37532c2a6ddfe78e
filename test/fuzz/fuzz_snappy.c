/* Snappy: decoding anything is safe and settles in the announced size; what is encoded comes back. */
#include "format/avro_block.h"
#include "fuzz.h"

enum { OUT_MAX = 1 << 22 };

/* Blocks of exactly the size, so that a sanitizer sees a byte too far. */
static uint8_t *block(const void *bytes, size_t size) {
    uint8_t *copy = malloc(size + (size == 0));
    REQUIRE(copy != NULL);
    if (bytes != NULL && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static void decode(const uint8_t *data, int64_t size) {
    int64_t head, whole;
    pln_error err = {0};
    pln_status status = pln__snappy_size(data, size, &head, &whole, &err);
    REQUIRE(status == PLN_OK || (status == PLN_EDATA && err.message[0] != '\0'));
    if (status < 0 || whole > OUT_MAX)
        return;
    uint8_t *out = block(NULL, (size_t)whole);
    status = pln__snappy_decode(data, size, out, whole, &err);
    REQUIRE(status == PLN_OK || (status == PLN_EDATA && err.message[0] != '\0'));
    free(out);
}

static void round_trip(const uint8_t *data, int64_t size) {
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer packed = {0};
    int64_t head, whole;
    REQUIRE(pln__snappy_encode(mem, data, size, &packed, NULL) == PLN_OK);
    REQUIRE(packed.size <= pln__snappy_bound(size));
    uint8_t *exact = block(packed.data, (size_t)packed.size);
    REQUIRE(pln__snappy_size(exact, packed.size, &head, &whole, NULL) == PLN_OK);
    REQUIRE(whole == size);
    uint8_t *out = block(NULL, (size_t)size);
    REQUIRE(pln__snappy_decode(exact, packed.size, out, whole, NULL) == PLN_OK);
    REQUIRE(size == 0 || memcmp(out, data, (size_t)size) == 0);
    free(out);
    free(exact);
    pln__buffer_free(mem, &packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *exact = block(data, size);
    decode(exact, (int64_t)size);
    round_trip(exact, (int64_t)size);
    free(exact);
    return 0;
}
