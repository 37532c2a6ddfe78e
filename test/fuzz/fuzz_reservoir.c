/*
 * Reservoirs out of bytes. What is read gives all of its items, takes rows, merges with another; what is written from it reads back the same, bit
 * for bit.
 */
#include "seal.h"
#include "sketch/sketch.h"

static void write_and_read(const pln_reservoir *r) {
    int64_t room = pln_reservoir_size(r), size = 0;
    pln_reservoir *back = NULL;
    uint8_t *first = malloc((size_t)room), *again = malloc((size_t)room);
    REQUIRE(first != NULL && again != NULL);
    REQUIRE(pln_reservoir_write(r, first, room, &size, NULL) == PLN_OK && size == room);
    REQUIRE(pln_reservoir_read(NULL, NULL, first, size, &back, NULL) == PLN_OK);
    REQUIRE(pln_reservoir_size(back) == room);
    REQUIRE(pln_reservoir_write(back, again, room, &size, NULL) == PLN_OK);
    REQUIRE(memcmp(first, again, (size_t)room) == 0);
    pln_reservoir_free(back);
    free(first);
    free(again);
}

static void look(const pln_reservoir *r) {
    pln_reservoir_info info = {.struct_size = sizeof info};
    int64_t number, size, all = 0;
    const void *bytes;
    pln_reservoir_info_get(r, &info);
    REQUIRE(info.held == (info.n < info.k ? info.n : info.k));
    for (int64_t i = 0; i < info.held; i++) {
        REQUIRE(pln_reservoir_item(r, i, &number, &bytes, &size, NULL) == PLN_OK);
        REQUIRE(bytes != NULL && size >= 0 && number >= 0);
        all += size;
    }
    REQUIRE(all == info.item_bytes);
}

static void use(pln_reservoir *r) {
    pln_reservoir_pick picks[16];
    pln_reservoir *copy = NULL;
    int64_t count, taken;
    REQUIRE(pln_reservoir_copy(r, &copy, NULL) == PLN_OK);
    pln_status status = pln_reservoir_offer(r, 1000, picks, 16, &count, &taken, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    for (int64_t i = 0; status == PLN_OK && i < count; i++)
        REQUIRE(picks[i].row >= 0 && picks[i].row < taken && picks[i].slot < r->k);
    status = pln_reservoir_add(r, "row", 3, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    look(r);
    write_and_read(r);
    status = pln_reservoir_merge(copy, r, NULL, NULL, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    look(copy);
    write_and_read(copy);
    pln_reservoir_clear(copy);
    look(copy);
    pln_reservoir_free(copy);
}

static void read_and_use(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_reservoir *r = NULL;
    pln_status status = pln_reservoir_read(NULL, NULL, data, (int64_t)size, &r, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && r == NULL);
        return;
    }
    look(r);
    write_and_read(r);
    use(r);
    pln_reservoir_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1 << 20)
        return 0;
    read_and_use(data, size);
    uint8_t *copy = sealed(data, size);
    read_and_use(copy, size);
    free(copy);
    return 0;
}
