/*
 * Sketches of quantiles out of bytes. What is read answers everything within its minimum and maximum, takes values, merges with itself and with
 * others; what is written from it reads back the same, bit for bit.
 */
#include "seal.h"
#include "sketch/sketch.h"
#include <math.h>

static void write_and_read(const pln_quantiles *q) {
    int64_t room = pln_quantiles_size(q), size = 0;
    pln_quantiles *back = NULL;
    uint8_t *first = malloc((size_t)room), *again = malloc((size_t)room);
    REQUIRE(first != NULL && again != NULL);
    REQUIRE(pln_quantiles_write(q, first, room, &size, NULL) == PLN_OK && size == room);
    REQUIRE(pln_quantiles_read(NULL, NULL, first, size, &back, NULL) == PLN_OK);
    REQUIRE(pln_quantiles_size(back) == room);
    REQUIRE(pln_quantiles_write(back, again, room, &size, NULL) == PLN_OK);
    REQUIRE(memcmp(first, again, (size_t)room) == 0);
    pln_quantiles_free(back);
    free(first);
    free(again);
}

static void ask(pln_quantiles *q) {
    static const double fractions[] = {0, 0.01, 0.5, 0.99, 1};
    double out[5], ranks[5], low, high;
    int64_t counts[3];
    pln_quantiles_info info = {.struct_size = sizeof info};
    pln_quantiles_info_get(q, &info);
    if (info.n == 0) {
        REQUIRE(pln_quantiles_quantile(q, 0.5, out, NULL) == PLN_ESTATE);
        return;
    }
    REQUIRE(pln_quantiles_quantiles(q, fractions, 5, out, NULL) == PLN_OK);
    REQUIRE(pln_quantiles_ranks(q, out, 5, ranks, NULL) == PLN_OK);
    /* A double may lie below the whole number that it is the nearest to. */
    bool rounded = q->kind == PLN_QUANTILES_INT64 && fabs(info.maximum) > 0x1p53;
    REQUIRE(out[0] == info.minimum && out[4] == info.maximum);
    REQUIRE(ranks[4] == 1 || rounded);
    for (int i = 1; i < 5; i++)
        REQUIRE(out[i] >= out[i - 1] && ranks[i] >= ranks[i - 1]);
    REQUIRE(pln_quantiles_bounds(q, 0.3, &low, &high, NULL) == PLN_OK && low <= high);
    REQUIRE(pln_quantiles_histogram(q, out + 2, 1, counts, NULL) == PLN_OK);
    REQUIRE(counts[0] > 0 && counts[1] >= 0 && counts[0] + counts[1] == info.n);
}

static void use(pln_quantiles *q) {
    static int64_t values[3000];
    pln_quantiles *copy = NULL, *other = NULL;
    pln_quantiles_options options;
    pln_quantiles_options_init(&options, sizeof options);
    options.k = 20;
    options.kind = q->kind;
    for (int i = 0; i < 3000; i++)
        values[i] = i * 7919 % 3001;
    REQUIRE(pln_quantiles_copy(q, &copy, NULL) == PLN_OK);
    REQUIRE(pln_quantiles_new(NULL, &options, &other, NULL) == PLN_OK);
    pln_status status = pln_quantiles_merge(other, q, NULL);
    REQUIRE(status == PLN_OK);
    ask(other);
    write_and_read(other);
    status = pln_quantiles_add_int64(copy, values, 3000, NULL, 0, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    ask(copy);
    write_and_read(copy);
    status = pln_quantiles_merge(copy, other, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    status = pln_quantiles_merge(copy, copy, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    ask(copy);
    write_and_read(copy);
    pln_quantiles_free(copy);
    pln_quantiles_free(other);
}

static void read_and_use(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_quantiles *q = NULL;
    pln_status status = pln_quantiles_read(NULL, NULL, data, (int64_t)size, &q, &err);
    if (status < 0) {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && q == NULL);
        return;
    }
    write_and_read(q);
    ask(q);
    write_and_read(q);
    use(q);
    pln_quantiles_free(q);
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
