/*
 * Top-k sketches out of bytes: the first byte chooses the form. What is read holds every bound and goes through all calls; what is written from it reads back
 * the same.
 */
#include "fuzz.h"
#include "sketch/sketch.h"

enum { LISTED = 64 };

static void check_bounds(const pln_top_k *top) {
    static pln_top_k_entry out[LISTED];
    int64_t found = -1, error = pln_top_k_error(top), total = pln_top_k_total(top);
    out[0].struct_size = sizeof out[0];
    REQUIRE(error >= 0 && error <= total && top->used <= top->capacity);
    REQUIRE(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_NEGATIVES, error, LISTED, out, &found, NULL) ==
            PLN_OK);
    REQUIRE(found == top->used);
    for (int64_t i = 0; i < found && i < LISTED; i++) {
        int64_t lower, upper,
            estimate = pln_top_k_estimate(top, out[i].bytes, out[i].size, &lower, &upper);
        REQUIRE(lower == out[i].lower && upper == out[i].upper && estimate == out[i].estimate);
        REQUIRE(lower >= 0 && lower <= estimate && estimate <= upper);
        REQUIRE(upper > error && upper <= total && upper - lower <= error);
        REQUIRE(i == 0 || out[i - 1].estimate >= estimate);
    }
}

/* A form, written and read, and from then on the same bytes. */
static void write_and_read(const pln_top_k *top, int32_t form) {
    int64_t room = pln_top_k_size(top, form), size = 0;
    pln_top_k *back = NULL;
    pln_error err = {0};
    if (room < 0)
        return;
    uint8_t *first = malloc((size_t)room), *again = malloc((size_t)room);
    REQUIRE(first != NULL && again != NULL);
    REQUIRE(pln_top_k_write(top, form, first, room, &size, NULL) == PLN_OK && size == room);
    REQUIRE(pln_top_k_read(NULL, form, NULL, first, size, &back, &err) == PLN_OK);
    check_bounds(back);
    REQUIRE(pln_top_k_size(back, form) == room);
    REQUIRE(pln_top_k_write(back, form, again, room, &size, NULL) == PLN_OK);
    REQUIRE(memcmp(first, again, (size_t)room) == 0);
    pln_top_k_free(back);
    free(first);
    free(again);
}

static void add_some(pln_top_k *top) {
    uint64_t values[40] = {1, 2, 3};
    int64_t weights[40] = {7, 0, 5, 1};
    pln_status status = pln_top_k_add_uint64(top, values, weights, 40, NULL, 0, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    for (int64_t size = 0; size < 20; size++) {
        status = pln_top_k_add(top, "twenty bytes of text", size, size % 3, NULL);
        REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    }
    check_bounds(top);
}

static void use(pln_top_k *top) {
    pln_top_k *other = NULL, *small = NULL;
    pln_top_k_options options;
    pln_top_k_options_init(&options, sizeof options);
    options.capacity = 3;
    check_bounds(top);
    REQUIRE(pln_top_k_copy(top, &other, NULL) == PLN_OK);
    REQUIRE(pln_top_k_new(NULL, &options, &small, NULL) == PLN_OK);
    add_some(top);
    add_some(small);
    int64_t sum, all = pln_top_k_total(top);
    bool fits = pln__add(all, pln_top_k_total(other), &sum);
    REQUIRE(pln_top_k_merge(other, top, NULL) == (fits ? PLN_OK : PLN_ELIMIT));
    check_bounds(other);
    fits = pln__add(all, pln_top_k_total(small), &sum);
    REQUIRE(pln_top_k_merge(small, top, NULL) == (fits ? PLN_OK : PLN_ELIMIT));
    check_bounds(small);
    write_and_read(small, PLN_TOP_K_NATIVE);
    pln_top_k_free(other);
    pln_top_k_free(small);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_top_k *top = NULL;
    if (size == 0 || size > 1 << 16)
        return 0;
    int32_t form = 1 + data[0] % 3;
    pln_status status = pln_top_k_read(NULL, form, NULL, data + 1, (int64_t)size - 1, &top, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && top == NULL);
        return 0;
    }
    for (form = PLN_TOP_K_NATIVE; form <= PLN_TOP_K_DATASKETCHES_STRINGS; form++)
        write_and_read(top, form);
    use(top);
    pln_top_k_free(top);
    return 0;
}
