/* Every parser of numbers on the same bytes; what one accepts must be written and read back the
 * same. */
#include "base/number.h"
#include "fuzz.h"

static void doubles(const char *text, int64_t size, int flags) {
    char out[PLN__DOUBLE_TEXT_SIZE];
    double value, again;
    float narrow, narrow_again;
    pln__parsed parsed = pln__parse_double(text, size, flags, &value);
    if (flags == PLN__DOUBLE_JSON)
        REQUIRE((parsed != PLN__NOT_ONE) == pln__is_json_number(text, size));
    if (parsed == PLN__PARSED) {
        int64_t n = pln__format_double(out, value);
        REQUIRE(pln__parse_double(out, n, PLN__DOUBLE_LENIENT, &again) == PLN__PARSED);
        REQUIRE(value != value ? again != again : memcmp(&value, &again, sizeof value) == 0);
    }
    if (pln__parse_float(text, size, flags, &narrow) == PLN__PARSED) {
        int64_t n = pln__format_float(out, narrow);
        REQUIRE(pln__parse_float(out, n, PLN__DOUBLE_LENIENT, &narrow_again) == PLN__PARSED);
        REQUIRE(narrow != narrow ? narrow_again != narrow_again
                                 : memcmp(&narrow, &narrow_again, sizeof narrow) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    int32_t precision = 1 + data[0] % 38, scale = data[1] % 77 - 38;
    const char *text = (const char *)data + 2;
    int64_t length = (int64_t)size - 2;
    int64_t number, again;
    uint64_t natural;
    pln__int128 decimal, decimal_again;
    char out[PLN__DECIMAL128_TEXT_SIZE];
    if (pln__parse_int64(text, length, &number) == PLN__PARSED) {
        int64_t n = pln__format_int64(out, number);
        REQUIRE(pln__parse_int64(out, n, &again) == PLN__PARSED && again == number);
    }
    (void)pln__parse_uint64(text, length, &natural);
    doubles(text, length, PLN__DOUBLE_JSON);
    doubles(text, length, PLN__DOUBLE_LENIENT);
    if (pln__parse_decimal128(text, length, precision, scale, &decimal) == PLN__PARSED) {
        int64_t n = pln__format_decimal128(out, decimal, scale);
        REQUIRE(pln__parse_decimal128(out, n, precision, scale, &decimal_again) == PLN__PARSED);
        REQUIRE(decimal == decimal_again);
    }
    return 0;
}
