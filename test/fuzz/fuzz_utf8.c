/* The vector check of UTF-8 against the scalar one, and decoding against both. */
#include "base/utf8.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t empty[1];
    int64_t length = (int64_t)size, i = 0, points = 0, bad = -1;
    uint32_t cpu = pln__cpu_features();
    if (data == NULL)
        data = empty;
    while (i < length) {
        int32_t used;
        int32_t point = pln__utf8_decode(data + i, length - i, &used);
        REQUIRE(used >= 1 && used <= length - i);
        if (point < 0 && bad < 0)
            bad = i;
        if (point >= 0) {
            uint8_t out[4];
            REQUIRE(pln__utf8_encode((uint32_t)point, out) == used);
            REQUIRE(memcmp(out, data + i, (size_t)used) == 0);
        }
        points++;
        i += used;
    }
    REQUIRE(pln__utf8_invalid_at(data, length, 0) == bad);
    REQUIRE(pln__utf8_invalid_at(data, length, cpu) == bad);
    REQUIRE(pln__utf8_valid(data, length, 0) == (bad < 0));
    REQUIRE(pln__utf8_valid(data, length, cpu) == (bad < 0));
    if (bad < 0) {
        REQUIRE(pln__utf8_count(data, length) == points);
        REQUIRE(pln__utf8_offset(data, length, points) == length);
    }
    return 0;
}
