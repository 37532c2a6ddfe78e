#include "base/number_internal.h"
#include <check.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ck_assert talks to the parent process each time, which is too slow for millions of cases. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

static uint64_t state;

static uint64_t next_random(void) {
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* ---- integers ---- */

/* What follows the text in memory must not matter, digits least of all. */
static void check_padded_int(const char *text, int64_t size) {
    char room[256];
    MUST(size + PLN__PADDING <= (int64_t)sizeof room, "room");
    memset(room, '7', sizeof room);
    memcpy(room, text, (size_t)size);
    int64_t want = -77, got = -77;
    pln__parsed parsed = pln__parse_int64(text, size, &want);
    MUST(pln__parse_int64_padded(room, size, &got) == parsed && got == want, "%s", text);
}

static void check_padded_double(const char *text, int64_t size) {
    char room[256];
    if (size + PLN__PADDING > (int64_t)sizeof room)
        return;
    for (int flags = PLN__DOUBLE_JSON; flags <= PLN__DOUBLE_LENIENT; flags++) {
        for (int filler = 0; filler < 3; filler++) {
            memset(room, ".7,"[filler], sizeof room);
            memcpy(room, text, (size_t)size);
            double want = -77, got = -77;
            pln__parsed parsed = pln__parse_double(text, size, flags, &want);
            MUST(pln__parse_double_padded(room, size, flags, &got) == parsed, "%s", text);
            MUST(memcmp(&want, &got, sizeof want) == 0, "%s: %a, not %a", text, got, want);
        }
    }
}

START_TEST(integers_at_their_borders) {
    static const struct {
        const char *text;
        pln__parsed parsed;
        int64_t value;
    } cases[] = {
        {"0", PLN__PARSED, 0},
        {"-0", PLN__PARSED, 0},
        {"+7", PLN__PARSED, 7},
        {"12345678", PLN__PARSED, 12345678},
        {"123456789", PLN__PARSED, 123456789},
        {"-1234567890123456", PLN__PARSED, -1234567890123456},
        {"9223372036854775807", PLN__PARSED, INT64_MAX},
        {"-9223372036854775808", PLN__PARSED, INT64_MIN},
        {"9223372036854775808", PLN__OUT_OF_RANGE, 0},
        {"-9223372036854775809", PLN__OUT_OF_RANGE, 0},
        {"9999999999999999999", PLN__OUT_OF_RANGE, 0},
        {"18446744073709551616", PLN__OUT_OF_RANGE, 0},
        {"99999999999999999999999999", PLN__OUT_OF_RANGE, 0},
        {"000000000000000000000000000000042", PLN__PARSED, 42},
        {"-000000000000000000009223372036854775808", PLN__PARSED, INT64_MIN},
        {"9999999999999999999999999x", PLN__NOT_ONE, 0},
        {"", PLN__NOT_ONE, 0},
        {"-", PLN__NOT_ONE, 0},
        {"+", PLN__NOT_ONE, 0},
        {"+-1", PLN__NOT_ONE, 0},
        {" 1", PLN__NOT_ONE, 0},
        {"1 ", PLN__NOT_ONE, 0},
        {"1.0", PLN__NOT_ONE, 0},
        {"1234567:", PLN__NOT_ONE, 0},
        {"1234567/", PLN__NOT_ONE, 0},
        {"\xB1\xB2\xB3\xB4\xB5\xB6\xB7\xB8", PLN__NOT_ONE, 0},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        int64_t value = -77;
        const char *text = cases[i].text;
        check_padded_int(text, (int64_t)strlen(text));
        ck_assert_msg(pln__parse_int64(text, (int64_t)strlen(text), &value) == cases[i].parsed,
                      "%s", text);
        if (cases[i].parsed == PLN__PARSED)
            ck_assert_int_eq(value, cases[i].value);
        else
            ck_assert_int_eq(value, -77);
    }
    uint64_t big;
    ck_assert_int_eq(pln__parse_uint64("18446744073709551615", 20, &big), PLN__PARSED);
    ck_assert(big == UINT64_MAX);
    ck_assert_int_eq(pln__parse_uint64("18446744073709551616", 20, &big), PLN__OUT_OF_RANGE);
    ck_assert_int_eq(pln__parse_uint64("-1", 2, &big), PLN__OUT_OF_RANGE);
    ck_assert_int_eq(pln__parse_uint64("-0", 2, &big), PLN__PARSED);
    ck_assert_int_eq(pln__parse_uint64("", 0, &big), PLN__NOT_ONE);
}
END_TEST

/* Every byte at every place of an eight-byte chunk: digits and nothing else. */
START_TEST(eight_digits_at_once) {
    for (int at = 0; at < 8; at++) {
        for (int c = 0; c < 256; c++) {
            char text[9] = "31415926";
            text[at] = (char)c;
            bool digit = c >= '0' && c <= '9';
            MUST(pln__are_8_digits(pln__load_le64(text)) == digit, "pln__are_8_digits");
            if (digit)
                MUST(pln__value_of_8_digits(pln__load_le64(text)) == strtoul(text, NULL, 10),
                     "pln__value_of_8_digits");
            for (int size = 0; size <= 9; size++) {
                uint32_t value;
                bool good = size >= 1 && size <= 8 && (digit || at >= size);
                MUST(pln__parse_8_padded(text, size, &value) == good, "pln__parse_8_padded");
                if (!good)
                    continue;
                char cut[9] = {0};
                memcpy(cut, text, (size_t)size);
                MUST(value == strtoul(cut, NULL, 10), "value");
            }
        }
    }
}
END_TEST

START_TEST(integers_there_and_back) {
    state = 1;
    for (int i = 0; i < 1000000; i++) {
        uint64_t bits = next_random() >> (next_random() & 63);
        int64_t value = (int64_t)(next_random() & 1 ? 0 - bits : bits), again;
        char out[PLN__INT64_TEXT_SIZE + 1], want[32];
        int64_t n = pln__format_int64(out, value);
        MUST(n == snprintf(want, sizeof want, "%" PRId64, value), "n");
        MUST(memcmp(out, want, (size_t)n) == 0, "%s", want);
        MUST(pln__parse_int64(out, n, &again) == PLN__PARSED, "pln__parse_int64");
        MUST(again == value, "wrong");
        check_padded_int(out, n);
        uint64_t unsigned_again;
        n = pln__format_uint64(out, bits);
        MUST(n == snprintf(want, sizeof want, "%" PRIu64, bits), "n");
        MUST(memcmp(out, want, (size_t)n) == 0, "%s", want);
        MUST(pln__parse_uint64(out, n, &unsigned_again) == PLN__PARSED, "pln__parse_uint64");
        MUST(unsigned_again == bits, "wrong");
    }
}
END_TEST

/* ---- powers of ten ---- */

enum { BIG = 40 };

static void multiply(uint64_t big[BIG], uint64_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < BIG; i++) {
        pln__uint128 p = (pln__uint128)big[i] * factor + carry;
        big[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    MUST(carry == 0, "carry");
}

static int top_bit(const uint64_t big[BIG]) {
    for (int i = BIG - 1; i >= 0; i--)
        if (big[i] != 0)
            return 64 * i + 63 - __builtin_clzll(big[i]);
    return -1;
}

static int bit_at(const uint64_t big[BIG], int i) {
    return i < 0 ? 0 : (int)(big[i / 64] >> (i % 64)) & 1;
}

/* Row n of the table is right if row × 5^n and (row + 1) × 5^n enclose a power of two (n < 0). */
START_TEST(powers_of_ten_are_right) {
    for (int n = PLN__POWER_FIRST; n <= PLN__POWER_LAST; n++) {
        const uint64_t *row = pln__powers[n - PLN__POWER_FIRST];
        MUST(row[0] >> 63 == 1, "row[0] >> 63");
        uint64_t big[BIG] = {0}, next[BIG];
        if (n >= 0) {
            big[0] = 1;
            for (int i = 0; i < n; i++)
                multiply(big, 5);
            int top = top_bit(big);
            for (int i = 0; i < 128; i++) {
                uint64_t got = i < 64 ? row[0] >> (63 - i) : row[1] >> (127 - i);
                MUST((int)(got & 1) == bit_at(big, top - i), "equal");
            }
            continue;
        }
        big[0] = row[1];
        big[1] = row[0];
        memcpy(next, big, sizeof big);
        next[0]++;
        next[1] += next[0] == 0;
        for (int i = 0; i < -n; i++) {
            multiply(big, 5);
            multiply(next, 5);
        }
        MUST(top_bit(next) == top_bit(big) + 1, "top_bit");
    }
}
END_TEST

/* ---- floating point ---- */

static void check_against_libc(const char *text) {
    check_padded_double(text, (int64_t)strlen(text));
    double want = strtod(text, NULL), got = -77;
    pln__parsed parsed = pln__parse_double(text, (int64_t)strlen(text), PLN__DOUBLE_LENIENT, &got);
    MUST(parsed == (isinf(want) ? PLN__OUT_OF_RANGE : PLN__PARSED), "%.60s", text);
    MUST(bits_of(got) == bits_of(want), "%.60s: %a, not %a", text, got, want);
    float want_float = strtof(text, NULL), got_float = -77;
    parsed = pln__parse_float(text, (int64_t)strlen(text), PLN__DOUBLE_LENIENT, &got_float);
    MUST(parsed == (isinf(want_float) ? PLN__OUT_OF_RANGE : PLN__PARSED), "%.60s", text);
    MUST(float_bits(got_float) == float_bits(want_float), "%.60s as float", text);
}

START_TEST(double_grammar) {
    static const struct {
        const char *text;
        int json, lenient;
    } cases[] = {
        {"0", 1, 1},
        {"-0", 1, 1},
        {"1", 1, 1},
        {"-1.5", 1, 1},
        {"1e5", 1, 1},
        {"1E+5", 1, 1},
        {"1.25e-10", 1, 1},
        {"0.5", 1, 1},
        {"0e1", 1, 1},
        {"+1", 0, 1},
        {"1.", 0, 1},
        {".5", 0, 1},
        {"-.5", 0, 1},
        {"007", 0, 1},
        {"-01", 0, 1},
        {"00.5", 0, 1},
        {"1.e5", 0, 1},
        {"inf", 0, 1},
        {"-INF", 0, 1},
        {"+Infinity", 0, 1},
        {"NaN", 0, 1},
        {"-nan", 0, 1},
        {"", 0, 0},
        {"-", 0, 0},
        {"+", 0, 0},
        {".", 0, 0},
        {"-.", 0, 0},
        {"e5", 0, 0},
        {".e5", 0, 0},
        {"1e", 0, 0},
        {"1e+", 0, 0},
        {"1e5.5", 0, 0},
        {"1.2.3", 0, 0},
        {"1..2", 0, 0},
        {"--1", 0, 0},
        {"+-1", 0, 0},
        {" 1", 0, 0},
        {"1 ", 0, 0},
        {"0x10", 0, 0},
        {"1,5", 0, 0},
        {"infi", 0, 0},
        {"nan(1)", 0, 0},
        {"infinityx", 0, 0},
        {"1f", 0, 0},
        {"in", 0, 0},
        {"12345678901234567890x", 0, 0},
        {"1.234567890123456789x", 0, 0},
        {"1e5e", 0, 0},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        const char *text = cases[i].text;
        int64_t size = (int64_t)strlen(text);
        double value;
        check_padded_double(text, size);
        pln__parsed json = pln__parse_double(text, size, PLN__DOUBLE_JSON, &value);
        ck_assert_msg((json == PLN__PARSED) == cases[i].json, "JSON %s", text);
        ck_assert_msg(pln__is_json_number(text, size) == cases[i].json, "JSON %s", text);
        pln__parsed lenient = pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &value);
        ck_assert_msg((lenient == PLN__PARSED) == cases[i].lenient, "lenient %s", text);
        if (cases[i].lenient)
            ck_assert(isnan(strtod(text, NULL)) ? isnan(value) : value == strtod(text, NULL));
    }
    double value;
    ck_assert_int_eq(pln__parse_double("-0", 2, PLN__DOUBLE_JSON, &value), PLN__PARSED);
    ck_assert(value == 0 && signbit(value));
    ck_assert_int_eq(pln__parse_double("-1e999", 6, 0, &value), PLN__OUT_OF_RANGE);
    ck_assert(isinf(value) && value < 0);
    ck_assert_int_eq(pln__parse_double("1e-999", 6, 0, &value), PLN__PARSED);
    ck_assert(value == 0);
    ck_assert_int_eq(pln__parse_double("1e-99999999999999999999999999", 29, 0, &value),
                     PLN__PARSED);
    ck_assert(value == 0);
    ck_assert_int_eq(pln__parse_double("0e99999999999999999999999999", 28, 0, &value), PLN__PARSED);
    ck_assert(value == 0);
}
END_TEST

START_TEST(known_hard_doubles) {
    static const char *const cases[] = {
        "2.2250738585072011e-308", /* hung PHP and Java */
        "2.2250738585072012e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977"
        "587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854"
        "845"
        "817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711"
        "559"
        "699508093042880177904174497791",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977"
        "587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854"
        "845"
        "817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711"
        "559"
        "699508093042880177904174497792",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0000000000000000000000000000000000000000000000001",
        "9007199254740992.9999999999999999999999999999999999999999999999999",
        "9007199254740994",
        "9007199254740995",
        "9007199254740996.5",
        "6929495644600919.5",
        "3.5844466002796428e298",
        "7.2057594037927933e16",
        "8.5e-1",
        "1e22",
        "1e23",
        "123456789012345678e5",
        "0.000000000000000000000000000000000000000000000000000000000000000000001e69",
        "1448997445238699",
        "0.500000000000000166533453693773481063544750213623046875",
        "3.518437208883201171875e13",
        "62.5364939768271845828",
        "8.10109172351e-10",
        "1.50000000000000011102230246251565",
        "2.98023223876953125e-8",
        "1.401298464324817070923729583289916131280261941876515771757057e-45",
        "7.006492321624085354618647916449580656401309709382578858785341e-46",
        "3.4028235677973366e38",
        "3.4028235677973367e38",
        "16777217",
        "16777217.0000000000000000000000000001",
        "1.00000017881393432617187499",
        "1.00000017881393432617187500",
        "1.00000017881393432617187501",
    };
    for (int i = 0; i < PLN__COUNT(cases); i++)
        check_against_libc(cases[i]);
}
END_TEST

START_TEST(doubles_there_and_back) {
    state = 2;
    for (int i = 0; i < 2000000; i++) {
        uint64_t bits = next_random();
        if (i % 4 == 1)
            bits &= UINT64_C(0x800FFFFFFFFFFFFF) >> (next_random() & 31); /* subnormal */
        if (i % 4 == 2) /* few digits: what data looks like */
            bits = bits_of((double)(int64_t)(next_random() % 100000000) /
                           pln__exact_tens[next_random() % 9]);
        double value = double_of(bits), again;
        if (isnan(value) || isinf(value))
            continue;
        char out[PLN__DOUBLE_TEXT_SIZE + 1], wide[40];
        int64_t n = pln__format_double(out, value);
        MUST(n <= PLN__DOUBLE_TEXT_SIZE, "%d", (int)(n));
        out[n] = '\0';
        MUST(bits_of(strtod(out, NULL)) == bits, "%s is not %a", out, value);
        MUST(pln__parse_double(out, n, PLN__DOUBLE_JSON, &again) == PLN__PARSED,
             "pln__parse_double");
        MUST(bits_of(again) == bits, "%s read as %a", out, again);
        check_padded_double(out, n);
        int size = snprintf(wide, sizeof wide, "%.17g", value);
        MUST(pln__parse_double(wide, size, PLN__DOUBLE_JSON, &again) == PLN__PARSED,
             "pln__parse_double");
        MUST(bits_of(again) == bits, "%s read as %a", wide, again);
    }
}
END_TEST

START_TEST(random_digits_as_libc_reads_them) {
    state = 3;
    char text[900];
    for (int i = 0; i < 400000; i++) {
        int digits = 1 + (int)(next_random() % (i % 50 == 0 ? 800 : 25)), n = 0;
        int point = (int)(next_random() % (uint64_t)(digits + 1));
        for (int d = 0; d < digits; d++) {
            if (d == point)
                text[n++] = '.';
            text[n++] = (char)('0' + next_random() % 10);
        }
        if (next_random() % 4 != 0)
            n += snprintf(text + n, 16, "e%d", (int)(next_random() % 680) - 350);
        text[n] = '\0';
        check_against_libc(text);
    }
}
END_TEST

/* The exact middle between two doubles, and a hair to each side, at every exponent. */
START_TEST(every_exponent_and_its_middles) {
    state = 4;
    char text[1200];
    for (int field = 0; field < 0x7FF; field++) {
        for (int k = 0; k < 4; k++) {
            uint64_t fraction = k == 0 ? 0 : k == 1 ? (UINT64_C(1) << 52) - 1 : next_random() >> 12;
            uint64_t bits = (uint64_t)field << 52 | fraction;
            long double middle =
                ((long double)double_of(bits) + (long double)double_of(bits + 1)) / 2;
            if (isinf(double_of(bits + 1)))
                middle = (long double)double_of(bits) +
                         ((long double)double_of(bits) - (long double)double_of(bits - 1)) / 2;
            int n = snprintf(text, sizeof text, "%.1100Lf", middle);
            ck_assert_int_gt(n, 0);
            if (n >= (int)sizeof text)
                n = (int)sizeof text - 1;
            check_against_libc(text);
            text[n - 1] = '1'; /* far behind the 767th digit for small ones, or just above */
            check_against_libc(text);
            n = snprintf(text, sizeof text, "%.780Le", middle);
            check_against_libc(text);
        }
    }
    for (int e = -360; e <= 330; e++) {
        for (int k = 0; k < 20; k++) {
            snprintf(text, sizeof text, "%" PRIu64 "e%d", k < 10 ? (uint64_t)k : next_random(), e);
            check_against_libc(text);
        }
    }
}
END_TEST

static const char *shown(double value) {
    static char out[PLN__DOUBLE_TEXT_SIZE + 1];
    out[pln__format_double(out, value)] = '\0';
    return out;
}

START_TEST(layout_of_doubles) {
    ck_assert_str_eq(shown(0.0), "0");
    ck_assert_str_eq(shown(-0.0), "-0");
    ck_assert_str_eq(shown(1), "1");
    ck_assert_str_eq(shown(-100), "-100");
    ck_assert_str_eq(shown(0.1), "0.1");
    ck_assert_str_eq(shown(0.3), "0.3");
    ck_assert_str_eq(shown(0.1 + 0.2), "0.30000000000000004");
    ck_assert_str_eq(shown(123.456), "123.456");
    ck_assert_str_eq(shown(1e-6), "0.000001");
    ck_assert_str_eq(shown(1.5e-6), "0.0000015");
    ck_assert_str_eq(shown(1e-7), "1e-7");
    ck_assert_str_eq(shown(-1.5e-7), "-1.5e-7");
    ck_assert_str_eq(shown(1e20), "100000000000000000000");
    ck_assert_str_eq(shown(123456789012345680000.0), "123456789012345680000");
    ck_assert_str_eq(shown(1e21), "1e+21");
    ck_assert_str_eq(shown(1e22), "1e+22");
    ck_assert_str_eq(shown(1e23), "1e+23");
    ck_assert_str_eq(shown(5e-324), "5e-324");
    ck_assert_str_eq(shown(1.7976931348623157e308), "1.7976931348623157e+308");
    ck_assert_str_eq(shown(-2.2250738585072014e-308), "-2.2250738585072014e-308");
    ck_assert_str_eq(shown(9007199254740992.0), "9007199254740992");
    ck_assert_str_eq(shown(9007199254740993.0), "9007199254740992");
    ck_assert_str_eq(shown(2251799813685248.5), "2251799813685248.5");
    ck_assert_str_eq(shown(2e-44), "2e-44");
    ck_assert_str_eq(shown(INFINITY), "inf");
    ck_assert_str_eq(shown(-INFINITY), "-inf");
    ck_assert_str_eq(shown((double)NAN), "nan");
}
END_TEST

/*
 * No shorter text reads back, and none of the same length is nearer: printf rounds correctly at
 * each length.
 */
START_TEST(doubles_are_shortest) {
    state = 5;
    for (int i = 0; i < 200000; i++) {
        double value =
            i % 2 == 0 ? double_of(next_random() >> 1) : (double)(next_random() % 1000000007) / 1e6;
        if (i < 2046)
            value = double_of((uint64_t)(i + 1) << 52); /* powers of two: uneven intervals */
        if (isnan(value) || isinf(value) || value == 0)
            continue;
        char out[PLN__DOUBLE_TEXT_SIZE + 1], want[40];
        int64_t n = pln__format_double(out, value);
        out[n] = '\0';
        int digits = 1;
        for (; digits <= 17; digits++) {
            snprintf(want, sizeof want, "%.*e", digits - 1, value);
            if (bits_of(strtod(want, NULL)) == bits_of(value))
                break;
        }
        char ours[40];
        /* 17 digits and the same value: compare what both say at the length found. */
        int count = 0;
        bool leading = true;
        for (const char *p = out; *p != '\0' && *p != 'e'; p++) {
            leading = leading && (*p == '0' || *p == '.');
            if (!leading && *p != '.')
                ours[count++] = *p;
        }
        while (count > 1 && ours[count - 1] == '0')
            count--;
        ours[count] = '\0';
        MUST(count <= digits, "%s has more digits than %s", out, want);
        if (count < digits)
            continue; /* powers of two: a shorter one that is not the rounded one may lie inside */
        char wanted[40];
        int at = 0;
        for (const char *p = want; *p != 'e'; p++)
            if (*p != '.')
                wanted[at++] = *p;
        wanted[at] = '\0';
        MUST(strcmp(ours, wanted) == 0, "%s, not %s", out, want);
    }
}
END_TEST

START_TEST(floats_there_and_back) {
    char out[PLN__FLOAT_TEXT_SIZE + 1];
    float again;
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += 1021) {
        uint32_t bits = (uint32_t)i;
        float value = float_of(bits);
        if (isnan(value) || isinf(value))
            continue;
        int64_t n = pln__format_float(out, value);
        MUST(n <= PLN__FLOAT_TEXT_SIZE, "%d", (int)(n));
        out[n] = '\0';
        MUST(float_bits(strtof(out, NULL)) == bits, "%s is not %a", out, (double)value);
        MUST(pln__parse_float(out, n, PLN__DOUBLE_JSON, &again) == PLN__PARSED, "pln__parse_float");
        MUST(float_bits(again) == bits, "float_bits");
        int digits = 0, zeros = 0;
        bool leading = true;
        for (const char *p = out; *p != '\0' && *p != 'e'; p++) {
            leading = leading && (*p == '0' || *p == '.' || *p == '-');
            if (!leading && *p != '.') {
                digits++;
                zeros = *p == '0' ? zeros + 1 : 0;
            }
        }
        MUST(digits - zeros <= 9, "%d", (int)(digits - zeros));
    }
    MUST(pln__format_float(out, 0.1f) == 3, "pln__format_float");
    MUST(memcmp(out, "0.1", 3) == 0, "%s", "0.1");
    MUST(pln__format_float(out, 3.4028235e38f) == 13, "pln__format_float");
    MUST(memcmp(out, "3.4028235e+38", 13) == 0, "%s", "3.4028235e+38");
    MUST(pln__format_float(out, 16777216.0f) == 8, "pln__format_float");
    MUST(memcmp(out, "16777216", 8) == 0, "%s", "16777216");
    MUST(pln__format_float(out, -0.0f) == 2, "pln__format_float");
    MUST(memcmp(out, "-0", 2) == 0, "%s", "-0");
    MUST(pln__format_float(out, INFINITY) == 3, "pln__format_float");
}
END_TEST

/* ---- decimals ---- */

static const char *decimal_text(pln__int128 value, int32_t scale) {
    static char out[PLN__DECIMAL128_TEXT_SIZE + 1];
    out[pln__format_decimal128(out, value, scale)] = '\0';
    return out;
}

START_TEST(decimals) {
    static const struct {
        const char *text;
        int32_t precision, scale;
        pln__parsed parsed;
        const char *back;
    } cases[] = {
        {"123.45", 10, 2, PLN__PARSED, "123.45"},
        {"-0.5", 10, 2, PLN__PARSED, "-0.50"},
        {"+1", 5, 0, PLN__PARSED, "1"},
        {".5", 5, 1, PLN__PARSED, "0.5"},
        {"1.", 5, 1, PLN__PARSED, "1.0"},
        {"007.10", 3, 1, PLN__PARSED, "7.1"},
        {"0", 1, 0, PLN__PARSED, "0"},
        {"-0", 5, 2, PLN__PARSED, "0.00"},
        {"0.000", 1, 0, PLN__PARSED, "0"},
        {"0e999999999999999999999", 1, 0, PLN__PARSED, "0"},
        {"1.5e3", 10, 0, PLN__PARSED, "1500"},
        {"1500e-3", 10, 1, PLN__PARSED, "1.5"},
        {"1.500000000000000000000000000000000000000000000000", 2, 1, PLN__PARSED, "1.5"},
        {"150000000000000000000000000000000000000000000000e-47", 2, 1, PLN__PARSED, "1.5"},
        {"0.00000000000000000000000000000000000000000000015e46", 2, 1, PLN__PARSED, "1.5"},
        {"1.55", 5, 1, PLN__INEXACT, NULL},
        {"0.001", 5, 2, PLN__INEXACT, NULL},
        {"1e-400", 38, 38, PLN__INEXACT, NULL},
        {"1000", 3, 0, PLN__OUT_OF_RANGE, NULL},
        {"999", 3, 0, PLN__PARSED, "999"},
        {"99.99", 4, 2, PLN__PARSED, "99.99"},
        {"100", 4, 2, PLN__OUT_OF_RANGE, NULL},
        {"123.456", 4, 2, PLN__OUT_OF_RANGE, NULL},
        {"1e400", 38, 0, PLN__OUT_OF_RANGE, NULL},
        {"1e99999999999999999999", 38, 0, PLN__OUT_OF_RANGE, NULL},
        {"1e-99999999999999999999", 38, 0, PLN__INEXACT, NULL},
        {"99999999999999999999999999999999999999", 38, 0, PLN__PARSED,
         "99999999999999999999999999999999999999"},
        {"-99999999999999999999999999999999999999", 38, 0, PLN__PARSED,
         "-99999999999999999999999999999999999999"},
        {"100000000000000000000000000000000000000", 38, 0, PLN__OUT_OF_RANGE, NULL},
        {"0.99999999999999999999999999999999999999", 38, 38, PLN__PARSED,
         "0.99999999999999999999999999999999999999"},
        {"-0.00000000000000000000000000000000000001", 38, 38, PLN__PARSED,
         "-0.00000000000000000000000000000000000001"},
        {"12345678901234567890.123456789012345678", 38, 18, PLN__PARSED,
         "12345678901234567890.123456789012345678"},
        {"1500", 2, -2, PLN__PARSED, "1500"},
        {"1550", 2, -2, PLN__INEXACT, NULL},
        {"", 5, 2, PLN__NOT_ONE, NULL},
        {"inf", 5, 2, PLN__NOT_ONE, NULL},
        {"1,5", 5, 2, PLN__NOT_ONE, NULL},
        {"-", 5, 2, PLN__NOT_ONE, NULL},
        {"1e", 5, 2, PLN__NOT_ONE, NULL},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        const char *text = cases[i].text;
        pln__int128 value = -77;
        pln__parsed parsed = pln__parse_decimal128(text, (int64_t)strlen(text), cases[i].precision,
                                                   cases[i].scale, &value);
        ck_assert_msg(parsed == cases[i].parsed, "%s: %d", text, parsed);
        if (parsed == PLN__PARSED)
            ck_assert_str_eq(decimal_text(value, cases[i].scale), cases[i].back);
        else
            ck_assert(value == -77);
    }
}
END_TEST

START_TEST(decimals_there_and_back) {
    state = 6;
    for (int i = 0; i < 500000; i++) {
        int32_t precision = 1 + (int32_t)(next_random() % 38);
        int32_t scale = (int32_t)(next_random() % 77) - 38;
        pln__uint128 size = (pln__uint128)next_random() << 64 | next_random();
        size = size % (pln__uint128)pln__decimal128_ten(precision);
        pln__int128 value = next_random() & 1 ? -(pln__int128)size : (pln__int128)size, again;
        const char *text = decimal_text(value, scale);
        int64_t n = (int64_t)strlen(text);
        MUST(pln__parse_decimal128(text, n, precision, scale, &again) == PLN__PARSED,
             "pln__parse_decimal128");
        MUST(again == value, "%s", text);
        if (precision <= 18) {
            char want[64];
            snprintf(want, sizeof want, "%" PRId64, (int64_t)value);
            ck_assert_str_eq(decimal_text(value, 0), want);
        }
        uint8_t bytes[17];
        pln__store_decimal128(bytes + 1, value);
        MUST(pln__load_decimal128(bytes + 1) == value, "wrong");
    }
    MUST(pln__decimal128_ten(0) == 1, "wrong");
    MUST(pln__decimal128_ten(38) / pln__decimal128_ten(37) == 10, "wrong");
}
END_TEST

Suite *suite_base_number(void);
Suite *suite_base_number(void) {
    Suite *suite = suite_create("base/number");
    TCase *tc = tcase_create("number");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, integers_at_their_borders);
    tcase_add_test(tc, eight_digits_at_once);
    tcase_add_test(tc, integers_there_and_back);
    tcase_add_test(tc, powers_of_ten_are_right);
    tcase_add_test(tc, double_grammar);
    tcase_add_test(tc, known_hard_doubles);
    tcase_add_test(tc, doubles_there_and_back);
    tcase_add_test(tc, random_digits_as_libc_reads_them);
    tcase_add_test(tc, every_exponent_and_its_middles);
    tcase_add_test(tc, layout_of_doubles);
    tcase_add_test(tc, doubles_are_shortest);
    tcase_add_test(tc, floats_there_and_back);
    tcase_add_test(tc, decimals);
    tcase_add_test(tc, decimals_there_and_back);
    suite_add_tcase(suite, tc);
    return suite;
}
