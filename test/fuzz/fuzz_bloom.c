/* Bloom filters out of bytes: what is read goes through all calls, and what is written from it reads back the same. */
#include "fuzz.h"
#include <pln/bloom.h>
#include <string.h>

/* The same bytes from then on; the first may be bytes of a hostile hand, but whatever is read has one form. */
static void write_and_read(const pln_bloom *bloom, const uint8_t *data, size_t size) {
    int64_t room = pln_bloom_size(bloom), n = 0;
    pln_bloom *back = NULL;
    uint8_t *out = malloc((size_t)room);
    REQUIRE(out != NULL && room == (int64_t)size);
    REQUIRE(pln_bloom_write(bloom, out, room, &n, NULL) == PLN_OK && n == room);
    REQUIRE(memcmp(out, data, size) == 0);
    REQUIRE(pln_bloom_read(NULL, NULL, out, n, &back, NULL) == PLN_OK);
    pln_bloom_free(back);
    free(out);
}

static void use(pln_bloom *bloom) {
    pln_bloom *other = NULL;
    uint8_t keys[20 * 16] = {1, 2, 3}, found[3];
    uint64_t value = 7;
    int32_t yes = 1;
    pln_bloom_info info = {.struct_size = sizeof info};
    double error = pln_bloom_error(bloom);
    REQUIRE(error >= 0 && error <= 1);
    pln_bloom_info_get(bloom, &info);
    REQUIRE(info.fill >= 0 && info.fill <= 1 && info.estimate >= 0);
    REQUIRE(pln_bloom_copy(bloom, &other, NULL) == PLN_OK);
    pln_status status = pln_bloom_put_keys(other, keys, 20, found, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ESTATE);
    if (status == PLN_OK) {
        REQUIRE(pln_bloom_add_uint64(other, &value, 1, NULL, 0, NULL) == PLN_OK);
        REQUIRE(pln_bloom_contains(other, &value, 8, &yes, NULL) == PLN_OK && yes == 1);
        REQUIRE(pln_bloom_contains_keys(other, keys, 20, found, NULL) == PLN_OK && found[0] == 255);
    }
    REQUIRE(pln_bloom_error(other) >= error);
    REQUIRE(pln_bloom_merge(bloom, other, NULL) == PLN_OK);
    REQUIRE(pln_bloom_error(bloom) >= error);
    pln_bloom_clear(bloom);
    REQUIRE(pln_bloom_error(bloom) <= 0);
    pln_bloom_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_bloom *bloom = NULL;
    if (size > 1 << 20)
        return 0;
    pln_status status = pln_bloom_read(NULL, NULL, data, (int64_t)size, &bloom, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && bloom == NULL);
        return 0;
    }
    write_and_read(bloom, data, size);
    use(bloom);
    pln_bloom_free(bloom);
    return 0;
}
