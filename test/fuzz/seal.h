/* The form of a sketch with the checksum that it ought to have: a mutation nearly never hits it, and would be refused for that alone. */
#ifndef TEST_FUZZ_SEAL_H
#define TEST_FUZZ_SEAL_H

#include "fuzz.h"
#include "sketch/form.h"

/* Yours to free. */
static inline uint8_t *sealed(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + 1);
    REQUIRE(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    if (size >= PLN__FORM_SUM)
        pln__form_seal(copy, (int64_t)size - PLN__FORM_SUM);
    return copy;
}

#endif
