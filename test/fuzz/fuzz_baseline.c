/* Baselines out of bytes. An odd first byte sets the checksum right. What is read is written back the same, goes on by the severity in the first byte, and reads back. */
#include "quality/baseline.h"
#include "seal.h"
#include <pln/monitor.h>
#include <string.h>

static void same(const pln__baseline *b, const uint8_t *bytes, int64_t size) {
    pln__buffer out = {0};
    REQUIRE(pln__baseline_write(b, pln__system_allocator(), &out, NULL) == PLN_OK);
    REQUIRE(bytes == NULL || (out.size == size && memcmp(out.data, bytes, (size_t)size) == 0));
    pln__baseline back;
    REQUIRE(pln__baseline_read(&back, out.data, out.size, NULL) == PLN_OK);
    REQUIRE(back.size == b->size && back.incidents == b->incidents);
    pln__buffer_free(pln__system_allocator(), &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln__baseline b;
    if (size < 1 || size > 1 << 16)
        return 0;
    uint8_t *copy = sealed(data + 1, size - 1);
    const uint8_t *bytes = data[0] & 1 ? copy : data + 1;
    pln_status status = pln__baseline_read(&b, bytes, (int64_t)size - 1, &err);
    REQUIRE(status == PLN_OK || (status == PLN_EDATA && err.message[0] != '\0'));
    if (status == PLN_OK) {
        same(&b, bytes, (int64_t)size - 1);
        if (b.incidents < INT64_MAX) {
            int32_t verdict = pln__baseline_judge(&b, 5, (data[0] >> 1) % 3);
            REQUIRE(verdict >= PLN_MONITOR_NORMAL && verdict <= PLN_MONITOR_RESOLVED);
            same(&b, NULL, 0);
        }
    }
    free(copy);
    return 0;
}
