/* Every parser of times on the same bytes; what one accepts must be written and read back the same.
 */
#include "base/time.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    pln__unit unit = (pln__unit)(data[0] & 3);
    int flags = data[0] >> 2 & 15;
    const char *text = (const char *)data + 1;
    int64_t length = (int64_t)size - 1, value, again, n;
    int32_t days, days_again;
    char out[PLN__TIMESTAMP_TEXT_SIZE];
    if (pln__parse_date(text, length, &days) == PLN__PARSED) {
        n = pln__format_date(out, days);
        REQUIRE(n == 10 && pln__parse_date(out, n, &days_again) == PLN__PARSED &&
                days_again == days);
    }
    if (pln__parse_time(text, length, unit, flags, &value) == PLN__PARSED) {
        n = pln__format_time(out, value, unit, 0);
        REQUIRE(pln__parse_time(out, n, unit, 0, &again) == PLN__PARSED && again == value);
    }
    if (pln__parse_timestamp(text, length, unit, flags, &value) == PLN__PARSED) {
        n = pln__format_timestamp(out, value, unit, PLN__TIME_UTC);
        if (n > 0) /* an offset may lead out of the years that text can say */
            REQUIRE(pln__parse_timestamp(out, n, unit, 0, &again) == PLN__PARSED && again == value);
        for (int field = PLN__YEAR; field <= PLN__MICROS; field++) {
            if (pln__truncate_timestamp(value, unit, (pln__time_field)field, &again))
                REQUIRE(again <= value);
        }
    }
    if (pln__parse_duration(text, length, &value) == PLN__PARSED) {
        n = pln__format_duration(out, value);
        REQUIRE(n <= PLN__DURATION_TEXT_SIZE);
        REQUIRE(pln__parse_duration(out, n, &again) == PLN__PARSED && again == value);
    }
    return 0;
}
