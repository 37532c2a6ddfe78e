/*
 * Sketches out of bytes: the first byte chooses the form. What is read holds every range and goes through all calls; what is written from
 * it reads back the same.
 */
#include "fuzz.h"
#include "sketch/sketch.h"
#include <stdio.h>
#include <stdlib.h>

static void check_ranges(const pln_hll *hll) {
    static uint8_t registers[1 << 18];
    REQUIRE(hll->precision >= 4 && hll->precision <= 18);
    pln__hll_registers(hll, registers);
    for (int64_t i = 0; i < (int64_t)1 << hll->precision; i++)
        REQUIRE(registers[i] <= pln__hll_rank_most(hll->hash, hll->precision));
}

/* A form, written and read: the same registers, and from then on the same bytes. */
static void write_and_read(pln_hll *hll, int32_t form) {
    int64_t room = pln_hll_size(hll, form), size = 0;
    pln_hll *back = NULL;
    if (room < 0)
        return;
    uint8_t *first = malloc((size_t)room), *again = malloc((size_t)room);
    REQUIRE(first != NULL && again != NULL);
    REQUIRE(pln_hll_write(hll, form, first, room, &size, NULL) == PLN_OK && size == room);
    REQUIRE(pln_hll_read(NULL, form, NULL, first, size, &back, NULL) == PLN_OK);
    REQUIRE(pln_hll_size(back, form) == room);
    REQUIRE(pln_hll_write(back, form, again, room, &size, NULL) == PLN_OK);
    REQUIRE(memcmp(first, again, (size_t)room) == 0);
    pln_hll_free(back);
    free(first);
    free(again);
}

static void use(pln_hll *hll) {
    pln_hll *other = NULL;
    double low, high, n = pln_hll_estimate(hll);
    pln_hll_overlap overlap = {.struct_size = sizeof overlap};
    uint64_t keys[40] = {1, 2, 3};
    check_ranges(hll);
    REQUIRE(n >= 0);
    pln_hll_interval(hll, 2, &low, &high);
    REQUIRE(low <= high);
    REQUIRE(pln_hll_copy(hll, &other, NULL) == PLN_OK);
    REQUIRE(pln_hll_fold(other, 4 + hll->precision % 3 * (hll->precision > 6), NULL) == PLN_OK);
    REQUIRE(pln_hll_intersect(hll, other, &overlap, NULL) == PLN_OK);
    pln_status status = pln_hll_add_uint64(hll, keys, 40, NULL, 0, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ESTATE);
    REQUIRE(pln_hll_merge(other, hll, NULL) == PLN_OK);
    check_ranges(other);
    pln_hll_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_hll *hll = NULL;
    if (size == 0 || size > 1 << 20)
        return 0;
    int32_t form = 1 + data[0] % 3;
    pln_status status = pln_hll_read(NULL, form, NULL, data + 1, (int64_t)size - 1, &hll, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && hll == NULL);
        return 0;
    }
    for (form = PLN_HLL_NATIVE; form <= PLN_HLL_DATASKETCHES_IMAGE; form++)
        write_and_read(hll, form);
    use(hll);
    pln_hll_free(hll);
    return 0;
}
