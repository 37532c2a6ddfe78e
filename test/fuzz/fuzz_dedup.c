/*
 * Pieces of a deduplication index out of bytes: the first byte says whether the index has payloads. What is read is there when it is asked for, and
 * what is written reads back as the same keys.
 */
#include "fuzz.h"
#include <pln/dedup.h>
#include <string.h>

static pln_dedup *empty(int payload) {
    pln_dedup *d = NULL;
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.payload = payload;
    REQUIRE(pln_dedup_new(NULL, &options, &d, NULL) == PLN_OK);
    return d;
}

/* All pieces of one to another; returns their bytes. */
static int64_t move(const pln_dedup *from, pln_dedup *to, uint8_t *piece, int64_t room) {
    int64_t cursor = 0, size = 0, all = 0;
    pln_status status;
    while ((status = pln_dedup_write(from, &cursor, piece, room, &size, NULL)) == PLN_OK) {
        REQUIRE(size > 0 && size <= room);
        REQUIRE(pln_dedup_read(to, piece, size, NULL) == PLN_OK);
        all += size;
    }
    REQUIRE(status == PLN_EOS && size == 0);
    return all;
}

static void use(pln_dedup *d, const uint8_t *keys, int64_t n, int payload) {
    uint8_t piece[300], *fresh = malloc((size_t)n / 8 + 1);
    int64_t *numbers = calloc((size_t)n, sizeof *numbers), count = pln_dedup_count(d), gone = 0;
    pln_dedup *back = empty(payload);
    pln_dedup_info info = {.struct_size = sizeof info};
    REQUIRE(fresh != NULL && numbers != NULL && count >= 1 && count <= n);
    REQUIRE(pln_dedup_batch(d, keys, payload ? numbers : NULL, n, fresh, NULL, NULL) == PLN_OK);
    for (int64_t i = 0; i < n; i++)
        REQUIRE((fresh[i / 8] >> i % 8 & 1) == 0);
    int64_t bytes = move(d, back, piece, sizeof piece);
    REQUIRE(pln_dedup_count(back) == count);
    pln_dedup_info_get(d, &info);
    REQUIRE(info.count == count && info.memory_bytes > 0);
    if (payload) {
        REQUIRE(pln_dedup_expire(d, 0, NULL) == PLN_OK);
        REQUIRE(pln_dedup_sweep(d, INT64_MAX, &gone, NULL) == PLN_OK);
        REQUIRE(pln_dedup_count(d) + gone == count);
    }
    pln_dedup_clear(back);
    REQUIRE(pln_dedup_count(back) == 0);
    REQUIRE(move(d, back, piece, sizeof piece) <= bytes);
    pln_dedup_free(back);
    free(fresh);
    free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    if (size == 0 || size > 1 << 20)
        return 0;
    int payload = data[0] & 1;
    pln_dedup *d = empty(payload);
    pln_status status = pln_dedup_read(d, data + 1, (int64_t)size - 1, &err);
    if (status < 0)
        REQUIRE((status == PLN_EDATA || status == PLN_ETYPE) && err.message[0] != '\0');
    else
        use(d, data + 17, (int64_t)(size - 25) / (payload ? 24 : 16), payload);
    pln_dedup_free(d);
    return 0;
}
