/*
 * Count-Min sketches out of bytes. The first byte says whether the checksum is set right first, so that what lies behind it is reached. What is read holds every range and
 * goes through all calls; what is written from it reads back the same.
 */
#include "fuzz.h"
#include "sketch/form.h"
#include "sketch/sketch.h"

static pln_count_min *must_read(const uint8_t *bytes, int64_t size) {
    pln_count_min *cm = NULL;
    REQUIRE(pln_count_min_read(NULL, NULL, bytes, size, &cm, NULL) == PLN_OK);
    return cm;
}

/* Bytes of one sketch are one and the same, however often they are read and written. */
static void same_bytes(const pln_count_min *cm, const uint8_t *bytes, int64_t size) {
    int64_t written = 0;
    uint8_t *again = malloc((size_t)size);
    REQUIRE(again != NULL && pln_count_min_size(cm) == size);
    REQUIRE(pln_count_min_write(cm, again, size, &written, NULL) == PLN_OK && written == size);
    REQUIRE(memcmp(bytes, again, (size_t)size) == 0);
    free(again);
}

static void write_and_read(const pln_count_min *cm) {
    int64_t size = pln_count_min_size(cm), written = 0;
    uint8_t *bytes = malloc((size_t)size);
    REQUIRE(bytes != NULL);
    REQUIRE(pln_count_min_write(cm, bytes, size, &written, NULL) == PLN_OK && written == size);
    pln_count_min *back = must_read(bytes, size);
    same_bytes(back, bytes, size);
    pln_count_min_free(back);
    free(bytes);
}

static void ask(const pln_count_min *cm) {
    uint64_t keys[40] = {1, 2, 3};
    int64_t answers[40], one;
    double product = 0, error = 0, confidence = 0;
    pln_count_min_info info = {.struct_size = sizeof info};
    pln_count_min_info_get(cm, &info);
    REQUIRE(info.saturated >= 0 && info.saturated <= info.panes * info.rows * info.columns);
    REQUIRE(info.memory_bytes == pln_count_min_memory(cm));
    REQUIRE(pln_count_min_total(cm) == info.added - info.removed);
    REQUIRE(pln_count_min_error(cm, &confidence) >= 0 && confidence > 0 && confidence <= 1);
    pln_status status = pln_count_min_query_uint64(cm, keys, 40, answers, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ESTATE);
    for (int i = 0; status == PLN_OK && i < 40; i++) {
        uint64_t word = PLN__LE(64, keys[i]);
        REQUIRE(pln_count_min_query(cm, &word, 8, &one, NULL) == PLN_OK && one == answers[i]);
    }
    status = pln_count_min_inner_product(cm, cm, &product, &error, NULL);
    REQUIRE(info.update == PLN_COUNT_MIN_PLAIN ? status == PLN_OK && product >= 0
                                               : status == PLN_EUNSUPPORTED);
}

/* Every way to change it, with what every reader holds a sketch to. */
static void change(pln_count_min *cm) {
    uint64_t keys[40] = {1, 2, 3};
    int64_t weights[40] = {INT64_MAX, 5, 0, INT64_MAX};
    pln_count_min *other = NULL;
    REQUIRE(pln_count_min_copy(cm, &other, NULL) == PLN_OK);
    if (cm->update == PLN_COUNT_MIN_PLAIN)
        weights[4] = INT64_MIN;
    pln_status status = pln_count_min_add_uint64(cm, keys, NULL, 40, NULL, 0, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ESTATE);
    write_and_read(cm);
    REQUIRE(pln_count_min_merge(other, cm, NULL) == PLN_OK);
    write_and_read(other);
    pln_count_min_rotate(cm);
    REQUIRE(pln_count_min_add_uint64(cm, keys, weights, 40, NULL, 0, NULL) == status);
    REQUIRE(pln_count_min_merge(cm, other, NULL) == PLN_OK);
    write_and_read(cm);
    ask(cm);
    pln_count_min_clear(cm);
    REQUIRE(pln_count_min_total(cm) == 0);
    pln_count_min_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_count_min *cm = NULL;
    if (size == 0 || size > 1 << 16)
        return 0;
    int64_t n = (int64_t)size - 1;
    uint8_t *bytes = malloc(size);
    REQUIRE(bytes != NULL);
    memcpy(bytes, data + 1, (size_t)n);
    if ((data[0] & 1) != 0 && n >= PLN__FORM_SUM)
        pln__form_seal(bytes, n - PLN__FORM_SUM);
    pln_status status = pln_count_min_read(NULL, NULL, bytes, n, &cm, &err);
    if (status == PLN_OK) {
        same_bytes(cm, bytes, n);
        ask(cm);
        change(cm);
    } else {
        REQUIRE(status == PLN_EDATA && err.message[0] != '\0' && cm == NULL);
    }
    pln_count_min_free(cm);
    free(bytes);
    return 0;
}
