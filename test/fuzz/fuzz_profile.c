/*
 * Profiles out of bytes. An odd first byte sets the checksum right, so that what lies behind it is reached. What is read reports, merges and goes on, and what is
 * written from it reads back the same.
 */
#include "quality/quality.h"
#include "seal.h"
#include <string.h>

static void report(pln_profile *profile) {
    const char *text;
    int64_t size;
    pln_batch *batch = NULL;
    REQUIRE(pln_profile_json(profile, &text, &size, NULL) == PLN_OK && size > 0);
    REQUIRE(pln_profile_report(profile, &batch, NULL) == PLN_OK);
    REQUIRE(pln_batch_validate(batch, PLN__VALIDATE_FULL, NULL) == PLN_OK);
    pln_batch_unref(batch);
}

static void write_and_read(pln_profile *profile) {
    const uint8_t *first, *again;
    int64_t size, other;
    pln_profile *back = NULL;
    REQUIRE(pln_profile_write(profile, &first, &size, NULL) == PLN_OK);
    REQUIRE(pln_profile_read(NULL, NULL, first, size, &back, NULL) == PLN_OK);
    REQUIRE(pln_profile_write(back, &again, &other, NULL) == PLN_OK);
    REQUIRE(size == other && memcmp(first, again, (size_t)size) == 0);
    /* Sums of hostile counts may be too large for a sketch; a failure is all that may come of it. */
    if (pln_profile_merge(back, profile, NULL) == PLN_OK)
        report(back);
    pln_profile_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_profile *profile = NULL;
    if (size < 16 || size > 1 << 16)
        return 0;
    int64_t n = (int64_t)size - 1;
    uint8_t *copy = sealed(data + 1, size - 1);
    const uint8_t *bytes = data[0] & 1 ? copy : data + 1;
    pln_status status = pln_profile_read(NULL, NULL, bytes, n, &profile, &err);
    REQUIRE(status == PLN_OK || (err.message[0] != '\0' && profile == NULL));
    if (status == PLN_OK) {
        report(profile);
        write_and_read(profile);
        pln_profile_free(profile);
    }
    free(copy);
    return 0;
}
