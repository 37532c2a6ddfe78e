/* Each type of column: what it takes, what it makes of it, and in which words it refuses. */
#include "format/json_plan.h"
#include "json_rows.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const uint32_t variants[] = {0, PLN__CPU_SSE42, PLN__CPU_AVX2, PLN__JSON_GENERAL};

/* The value in {"v":...} for a column of that type: as it is written again, or "! message". */
static void check_value(const char *type, const char *value, const char *expected,
                        const pln__json_dialect *dialect) {
    char spec[200], text[3000], want[3000];
    uint32_t have = pln__cpu_features() | PLN__JSON_GENERAL;
    snprintf(spec, sizeof spec, "v %s", type);
    /* Thrice: the second time there is a shape, and the third time it has fitted. */
    snprintf(text, sizeof text, "{\"v\":%s}\n{\"v\":%s}\n{\"v\":%s}\n", value, value, value);
    for (int i = 0; i < PLN__COUNT(variants); i++) {
        json_way way = {.cpu = variants[i] & have, .dialect = dialect};
        char *got = json_decoded(spec, text, &way);
        long long size = (long long)strlen(value) + 6;
        want[0] = '\0';
        for (long long line = 0; line < 3; line++)
            snprintf(want + strlen(want), sizeof want - strlen(want),
                     expected[0] == '!' ? "%lld! %lld+%lld PLN_EDATA %s\n"
                                        : "%lld %lld+%lld {\"v\":%s}\n",
                     line, line * (size + 1), size, expected + 2 * (expected[0] == '!'));
        ck_assert_msg(strcmp(got, want) == 0, "%s of %s:\n%s\nexpected\n%s", type, value, got,
                      want);
        free(got);
    }
}

static const struct {
    const char *type, *value, *expected;
} cases[] = {
    {"b", "true", "true"},
    {"b", "false", "false"},
    {"b", "1", "! 0 member 'v': expected bool, got 1"},
    {"b", "\"true\"", "! 0 member 'v': expected bool, got string \"true\""},
    {"b", "tru", "! -1 no valid JSON at byte 5: expected a value, got 'tru}'"},
    {"b?", "null", "null"},
    {"b", "null", "! 0 member 'v': expected bool, got null in a required member"},

    {"c", "127", "127"},
    {"c", "-128", "-128"},
    {"c", "128", "! 0 member 'v': 128 does not fit int8"},
    {"c", "-129", "! 0 member 'v': -129 does not fit int8"},
    {"C", "255", "255"},
    {"C", "256", "! 0 member 'v': 256 does not fit uint8"},
    {"C", "-1", "! 0 member 'v': -1 does not fit uint8"},
    {"C", "-0", "0"},
    {"s", "-32768", "-32768"},
    {"S", "65535", "65535"},
    {"i", "2147483647", "2147483647"},
    {"i", "2147483648", "! 0 member 'v': 2147483648 does not fit int32"},
    {"I", "4294967295", "4294967295"},
    {"l", "0", "0"},
    {"l", "-0", "0"},
    {"l", "12345678", "12345678"},
    {"l", "123456789", "123456789"},
    {"l", "1234567890123456", "1234567890123456"},
    {"l", "12345678901234567", "12345678901234567"},
    {"l", "9223372036854775807", "9223372036854775807"},
    {"l", "-9223372036854775808", "-9223372036854775808"},
    {"l", "9223372036854775808", "! 0 member 'v': 9223372036854775808 does not fit int64"},
    {"l", "-9223372036854775809", "! 0 member 'v': -9223372036854775809 does not fit int64"},
    {"l", "99999999999999999999", "! 0 member 'v': 99999999999999999999 does not fit int64"},
    {"l", "1000000000000000000000000000000000000000000000",
     "! 0 member 'v': 1000000000000000000000000000000000000000000000 does not fit int64"},
    {"l", "01", "! -1 no valid JSON at byte 6: expected ',' or '}', got '1}'"},
    {"l", "-", "! -1 no valid JSON at byte 5: expected a value, got '-}'"},
    {"l", "+1", "! -1 no valid JSON at byte 5: expected a value, got '+1}'"},
    {"l", "1.0", "! 0 member 'v': expected int64, got 1.0"},
    {"l", "1e2", "! 0 member 'v': expected int64, got 1e2"},
    {"l", "\"3\"", "! 0 member 'v': expected int64, got string \"3\""},
    {"l", "[3]", "! 0 member 'v': expected int64, got an array"},
    {"l", "{}", "! 0 member 'v': expected int64, got an object"},
    {"l", "true", "! 0 member 'v': expected int64, got true"},
    {"L", "18446744073709551615", "18446744073709551615"},
    {"L", "18446744073709551616", "! 0 member 'v': 18446744073709551616 does not fit uint64"},

    {"g", "1", "1"},
    {"g", "-0.0", "-0"},
    {"g", "0.1", "0.1"},
    {"g", "3.141592653589793", "3.141592653589793"},
    {"g", "9007199254740993", "9007199254740992"},
    {"g", "9007199254740993.0000000000000000000001", "9007199254740994"},
    {"g", "1.7976931348623157e308", "1.7976931348623157e+308"},
    {"g", "5e-324", "5e-324"},
    {"g", "1e-400", "0"},
    {"g", "1e400", "! 0 member 'v': 1e400 does not fit float64"},
    {"g", "123456789012345678901234567890", "1.2345678901234568e+29"},
    {"g", "1.", "! -1 no valid JSON at byte 5: expected a value, got '1.}'"},
    {"g", ".5", "! -1 no valid JSON at byte 5: expected a value, got '.5}'"},
    {"g", "1.5e", "! -1 no valid JSON at byte 5: expected a value, got '1.5e}'"},
    {"g", "NaN", "! -1 no valid JSON at byte 5: expected a value, got 'NaN}'"},
    {"g", "-Infinity", "! -1 no valid JSON at byte 5: expected a value, got '-Infinity}'"},
    {"g", "\"NaN\"", "\"NaN\""},
    {"g", "\"-Infinity\"", "\"-Infinity\""},
    {"g", "\"Infinity\"", "\"Infinity\""},
    {"g", "\"nan\"", "! 0 member 'v': expected float64, got string \"nan\""},
    {"f", "0.1", "0.1"},
    {"f", "16777217", "16777216"},
    /* By way of a double this would round to 1. */
    {"f", "1.00000005960464477540", "1.0000001"},
    {"f", "1e39", "! 0 member 'v': 1e39 does not fit float32"},
    {"f", "\"NaN\"", "\"NaN\""},

    {"d:10.2", "1", "1.00"},
    {"d:10.2", "-1.5", "-1.50"},
    {"d:10.2", "1.50", "1.50"},
    {"d:10.2", "1.500", "1.50"},
    {"d:10.2", "1.505", "! 0 member 'v': 1.505 has digits that decimal(10, 2) does not keep"},
    {"d:10.2", "99999999.99", "99999999.99"},
    {"d:10.2", "100000000", "! 0 member 'v': 100000000 does not fit decimal(10, 2)"},
    {"d:10.2", "1e3", "1000.00"},
    {"d:10.2", "\"1\"", "! 0 member 'v': expected decimal(10, 2), got string \"1\""},
    {"d:38.0", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
    {"d:38.10", "-1234567890123456789012345678.0123456789",
     "-1234567890123456789012345678.0123456789"},
    {"d:18.0", "999999999999999999", "999999999999999999"},
    {"d:18.0", "1000000000000000000", "! 0 member 'v': 1000000000000000000 does not fit decimal(18, 0)"},
    {"d:20.19", "1.5", "1.5000000000000000000"},
    {"d:20.19", "-9.9", "-9.9000000000000000000"},
    {"d:9.2", "-0.00", "0.00"},

    {"u", "\"\"", "\"\""},
    {"u", "\"a\"", "\"a\""},
    {"u", "\"0123456789012345678901234567890\"", "\"0123456789012345678901234567890\""},
    {"u", "\"01234567890123456789012345678901\"", "\"01234567890123456789012345678901\""},
    {"u", "\"0123456789012345678901234567890123456789012345678901234567890123\"",
     "\"0123456789012345678901234567890123456789012345678901234567890123\""},
    {"u", "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "\"a\\\"\\\\/\\b\\f\\n\\r\\tz\""},
    {"u", "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"Aé€😀\""},
    {"u", "\"é€😀\"", "\"é€😀\""},
    {"u", "\"a\\u0000b\"", "\"a\\u0000b\""},
    {"u", "\"\x7f\"", "\"\x7f\""},
    {"u", "\"\\ud83d\"", "! -1 no valid JSON at byte 6: expected a surrogate pair, got '\\\\ud83d\"}'"},
    {"u", "\"\\ude00\"", "! -1 no valid JSON at byte 6: expected a surrogate pair, got '\\\\ude00\"}'"},
    {"u", "\"\\ud83dx\"", "! -1 no valid JSON at byte 6: expected a surrogate pair, got '\\\\ud83dx\"}'"},
    {"u", "\"\\x\"", "! -1 no valid JSON at byte 6: expected an escape that JSON knows, got '\\\\x\"}'"},
    {"u", "\"\\u12g4\"",
     "! -1 no valid JSON at byte 6: expected four hexadecimal digits after \\u, got '\\\\u12g4\"}'"},
    {"u", "\"a\tb\"", "! -1 no valid JSON at byte 7: expected no control character, got '\\x09b\"}'"},
    {"u", "\"a", "! -1 no valid JSON at byte 8: expected the end of the string, got the end of the line"},
    {"u", "\"\xc3\x28\"", "! -1 no valid JSON at byte 6: expected valid UTF-8, got '\\xC3(\"}'"},
    {"u", "\"\xed\xa0\x80\"", "! -1 no valid JSON at byte 6: expected valid UTF-8, got '\\xED\\xA0\\x80\"}'"},
    {"u", "3", "! 0 member 'v': expected utf8, got 3"},
    {"u?", "null", "null"},
    {"#u", "\"red\"", "\"red\""},
    {"#u?", "null", "null"},
    {"#u", "7", "! 0 member 'v': expected dictionary<utf8>, got 7"},

    {"=red.green", "\"red\"", "\"red\""},
    {"=red.green", "\"gr\\u0065en\"", "\"green\""},
    {"=red.green", "\"grern\"", "! 0 member 'v': expected one of red, green, got 'grern'"},
    {"=red.green", "\"Red\"", "! 0 member 'v': expected one of red, green, got 'Red'"},
    {"=red.green", "\"red \"", "! 0 member 'v': expected one of red, green, got 'red '"},
    {"=red.green", "\"\"", "! 0 member 'v': expected one of red, green, got ''"},
    {"=red.green", "\"\\u00e9\\n\"", "! 0 member 'v': expected one of red, green, got 'é\\x0A'"},
    {"=red.green", "\"red", "! -1 no valid JSON at byte 10: expected the end of the string, got the end of the line"},
    {"=red.green", "7", "! 0 member 'v': expected dictionary<utf8>, got 7"},
    {"=red.green", "null", "! 0 member 'v': expected dictionary<utf8>, got null in a required member"},
    {"=red.green?", "null", "null"},
    {"[=red.green?]", "[\"green\",null,\"red\"]", "[\"green\",null,\"red\"]"},
    {"[=red.green]", "[\"green\",\"blue\"]", "! 0 member 'v[]': expected one of red, green, got 'blue'"},
    {"{a =red.green, b u}", "{\"a\":\"blue\",\"b\":\"x\"}", "! 0 member 'v.a': expected one of red, green, got 'blue'"},
    {"<u =red.green>", "{\"x\":\"red\",\"y\":\"green\"}", "{\"x\":\"red\",\"y\":\"green\"}"},
    {"<u =red.green>", "{\"x\":\"red\",\"y\":\"blue\"}", "! 0 member 'v{}': expected one of red, green, got 'blue'"},
    {"<=red.green l>", "{\"green\":1,\"red\":2}", "{\"green\":1,\"red\":2}"},
    {"<=red.green l>", "{\"blue\":1}", "! 0 member 'v{}': expected one of red, green, got 'blue'"},
    {"<=red.green l>", "[[\"blue\",1]]", "! 0 member 'v{}': expected one of red, green, got 'blue'"},
    {"(a =red.green | b u)", "{\"a\":\"green\"}", "{\"a\":\"green\"}"},
    {"(a =red.green | b u)", "{\"a\":\"blue\"}", "! 0 member 'v.a': expected one of red, green, got 'blue'"},
    {"{a [<u =red.green>?]}?", "{\"a\":[null,{\"k\":\"gree\"}]}",
     "! 0 member 'v.a[]{}': expected one of red, green, got 'gree'"},

    {"#l", "7", "7"},
    {"#l?", "null", "null"},
    {"#l", "\"7\"", "! 0 member 'v': expected int64, got string \"7\""},
    {"#b", "true", "true"},
    {"#tdD", "\"2015-09-12\"", "\"2015-09-12\""},
    {"#z", "{\"base64\":\"AP8=\"}", "{\"base64\":\"AP8=\"}"},
    {"[#g]", "[1.5,2.5,1.5]", "[1.5,2.5,1.5]"},

    {"z", "\"text\"", "\"text\""},
    {"z", "{\"base64\":\"AP8=\"}", "{\"base64\":\"AP8=\"}"},
    {"z", " { \"base64\" : \"\" } ", "\"\""},
    {"z", "{\"base64\":\"dGV4dA==\"}", "\"text\""},
    {"z", "{\"base64\":\"dGV4dB==\"}", "! 0 member 'v': the text of \"base64\" is none"},
    {"z", "{\"base64\":\"dGV4d\"}", "! 0 member 'v': the text of \"base64\" is none"},
    {"z", "{\"hex\":\"00\"}", "! 0 member 'v': expected binary, got an object"},
    {"z", "{\"base64\":\"\",\"more\":1}", "! 0 member 'v': expected binary, got an object"},
    {"w:3", "\"abc\"", "\"abc\""},
    {"w:3", "\"ab\"", "! 0 member 'v': expected 3 bytes, got 2"},
    {"w:3", "{\"base64\":\"AAAA\"}", "{\"base64\":\"AAAA\"}"},

    {"tdD", "\"1970-01-01\"", "\"1970-01-01\""},
    {"tdD", "\"2016-02-29\"", "\"2016-02-29\""},
    {"tdD", "\"2015-02-29\"", "! 0 member 'v': expected date32, got string \"2015-02-29\""},
    {"tdD", "\"0001-01-01\"", "\"0001-01-01\""},
    {"tdD", "\"+012345-06-07\"", "\"+012345-06-07\""},
    {"tdD", "\"-000001-12-31\"", "\"-000001-12-31\""},
    {"tdD", "\"+999999999-01-01\"", "! 0 member 'v': +999999999-01-01 does not fit date32"},
    {"tdD", "0", "! 0 member 'v': expected date32, got 0"},
    {"tts", "\"23:59:59\"", "\"23:59:59\""},
    {"ttm", "\"06:00:00.5\"", "\"06:00:00.5\""},
    {"ttu", "\"06:00:00.123456\"", "\"06:00:00.123456\""},
    {"ttn", "\"06:00\"", "\"06:00:00\""},
    {"tts", "\"06:00:00.5\"", "! 0 member 'v': 06:00:00.5 has digits that time32(s) does not keep"},
    {"tts", "\"24:00:00\"", "! 0 member 'v': expected time32(s), got string \"24:00:00\""},
    {"tsm:UTC", "\"2015-09-12T00:46:58.771Z\"", "\"2015-09-12T00:46:58.771Z\""},
    {"tsm:UTC", "\"2015-09-12T02:46:58.771+02:00\"", "\"2015-09-12T00:46:58.771Z\""},
    {"tsm:", "\"2015-09-12 00:46:58\"", "\"2015-09-12T00:46:58\""},
    {"tss:", "\"2015-09-12T00:46:58.771\"",
     "! 0 member 'v': 2015-09-12T00:46:58.771 has digits that timestamp(s) does not keep"},
    {"tsm:UTC", "\"2015-09-12T00:46:58.771\"", "\"2015-09-12T00:46:58.771Z\""},
    {"tsm:Europe/Paris", "\"2015-09-12T02:46:58+02:00\"", "\"2015-09-12T00:46:58Z\""},
    {"tss:", "\"2015-09-12T00:46:58Z\"",
     "! 0 member 'v': expected timestamp(s) without an offset, got string \"2015-09-12T00:46:58Z\""},
    {"tss:", "\"2015-09-12T00:46:58z\"",
     "! 0 member 'v': expected timestamp(s) without an offset, got string \"2015-09-12T00:46:58z\""},
    {"tss:", "\"2015-09-12T00:46:58+02:00\"",
     "! 0 member 'v': expected timestamp(s) without an offset, got string \"2015-09-12T00:46:58+02:00\""},
    {"tss:", "\"2015-09-12T00:46:58.771Z\"",
     "! 0 member 'v': expected timestamp(s) without an offset, got string \"2015-09-12T00:46:58.771Z\""},
    {"tss:", "\"+012015-09-12T00:46:58Z\"",
     "! 0 member 'v': expected timestamp(s) without an offset, got string \"+012015-09-12T00:46:58Z\""},
    {"tss:", "\"2015-09-12T00:46:58 Z\"", "! 0 member 'v': expected timestamp(s), got string \"2015-09-12T00:46:58 Z\""},
    {"tsu:UTC", "\"1969-12-31T23:59:59.999999Z\"", "\"1969-12-31T23:59:59.999999Z\""},
    {"tsn:UTC", "\"1677-09-21T00:12:43.145224192Z\"", "\"1677-09-21T00:12:43.145224192Z\""},
    {"tsn:UTC", "\"2262-04-11T23:47:16.854775807Z\"", "\"2262-04-11T23:47:16.854775807Z\""},
    {"tsn:UTC", "\"2262-04-11T23:47:16.854775808Z\"",
     "! 0 member 'v': 2262-04-11T23:47:16.854775808Z does not fit timestamp(ns, UTC)"},
    {"tsu:", "\"+294247-01-10T04:00:54.775807\"", "\"+294247-01-10T04:00:54.775807\""},
    {"tsu:", "\"-290308-12-21T19:59:05.224192\"", "\"-290308-12-21T19:59:05.224192\""},
    {"tsu:", "\"+294247-01-10T04:00:54.775808\"",
     "! 0 member 'v': +294247-01-10T04:00:54.775808 does not fit timestamp(us)"},
    {"tss:UTC", "\"+292277026596-12-04T15:30:07Z\"", "\"+292277026596-12-04T15:30:07Z\""},
    {"tss:", "\"2015-13-01T00:00:00\"",
     "! 0 member 'v': expected timestamp(s), got string \"2015-13-01T00:00:00\""},
    {"tss:", "\"2015-12-01T24:00:00\"",
     "! 0 member 'v': expected timestamp(s), got string \"2015-12-01T24:00:00\""},
    {"tss:", "\"yesterday\"", "! 0 member 'v': expected timestamp(s), got string \"yesterday\""},
    {"tss:", "1442020193", "! 0 member 'v': expected timestamp(s), got 1442020193"},

    {"n", "null", "null"},
    {"n", "1", "! 0 member 'v': expected null, got 1"},
    {"any", "{\"a\": [1, 2.50, \"x\\u0041\"]}", "{\"a\": [1, 2.50, \"x\\u0041\"]}"},
    {"any", "1e400", "1e400"},
    {"any", "null", "null"},
    {"any?", "null", "null"},
    {"any", "[1,]", "! -1 no valid JSON at byte 8: expected a value, got ']}'"},

    {"[l]", "[]", "[]"},
    {"[l]", "[1]", "[1]"},
    {"[l?]", "[1 , null,3]", "[1,null,3]"},
    {"[l]", "[1,null]", "! 0 member 'v[]': expected int64, got null in a required member"},
    {"[l]", "[1,]", "! -1 no valid JSON at byte 8: expected a value, got ']}'"},
    {"[l]", "[1 2]", "! -1 no valid JSON at byte 8: expected ',' or ']', got '2]}'"},
    {"[[u?]?]?", "[[\"a\",null],null,[]]", "[[\"a\",null],null,[]]"},
    {"[l]?", "null", "null"},
    {"[l]", "null", "! 0 member 'v': expected list<int64>, got null in a required member"},
    {"{a l, b u?}", "{\"b\":\"x\",\"a\":1}", "{\"a\":1,\"b\":\"x\"}"},
    {"{a l, b u?}", "{\"a\":1}", "{\"a\":1,\"b\":null}"},
    {"{a l, b u?}", "{\"b\":null}", "! 0 member 'v.a': is missing"},
    {"{a l, b u?}", "{\"a\":1,\"a\":2}", "! 0 member 'v.a': stands there twice"},
    {"{a l, b u?}", "{\"a\":1,\"c\":2,\"c\":3}", "! 0 member 'v': the member 'c' stands there twice"},
    {"{a l, b u?}", "{\"a\":1,\"c\":{\"c\":3,\"c\":4}}", "{\"a\":1,\"b\":null}"},
    {"{a {b {c l?}?}?}?", "{\"a\":{\"b\":{\"c\":5}}}", "{\"a\":{\"b\":{\"c\":5}}}"},
    {"{a {b {c l?}?}?}?", "{\"a\":{\"b\":null}}", "{\"a\":{\"b\":null}}"},
    {"{a {b {c l?}?}?}?", "null", "null"},
    {"{a {b {c l?}?}?}?", "{\"a\":{\"b\":{\"c\":\"x\"}}}", "! 0 member 'v.a.b.c': expected int64, got string \"x\""},
    {"[{a l, b [u]?}?]", "[{\"a\":1,\"b\":[\"x\"]},null,{\"a\":2}]",
     "[{\"a\":1,\"b\":[\"x\"]},null,{\"a\":2,\"b\":null}]"},
    {"<u l?>", "{\"x\":1,\"y\":null}", "{\"x\":1,\"y\":null}"},
    {"<u l?>", "[[\"x\",1],[\"x\",2]]", "[[\"x\",1],[\"x\",2]]"},
    {"<u l?>", "{\"x\":1,\"x\":2}", "! 0 member 'v': the key 'x' stands there twice"},
    {"<u l?>", "{}", "{}"},
    {"<l u>", "[[1,\"a\"],[2,\"b\"]]", "[[1,\"a\"],[2,\"b\"]]"},
    {"<l u>", "{\"1\":\"a\"}", "! 0 member 'v': expected map<int64, utf8>, got an object"},
    {"<l u>", "[[null,\"a\"]]", "! 0 member 'v': the key of an entry is null"},
    {"<u {a l}>?", "{\"k\":{\"a\":\"x\"}}", "! 0 member 'v{}.a': expected int64, got string \"x\""},
    {"(a l | b u? | n n)", "{\"a\":1}", "{\"a\":1}"},
    {"(a l | b u? | n n)", "{\"b\":null}", "{\"b\":null}"},
    {"(a l | b u? | n n)", "null", "null"},
    {"(a l | b u? | n n)", "{\"n\":null}", "null"},
    {"(a l | b u? | n n)", "{\"c\":1}", "! 0 member 'v': no variant is named 'c'"},
    {"(a l | b u? | n n)", "{}", "! -1 no valid JSON at byte 6: expected the name of a variant in quotes, got '}}'"},
    {"(a l | b [u])", "{\"b\":[\"x\",\"y\"]}", "{\"b\":[\"x\",\"y\"]}"},
    {"(a l | b [u])", "{\"b\":[\"x\",1]}", "! 0 member 'v.b[]': expected utf8, got 1"},
};

START_TEST(types) {
    check_value(cases[_i].type, cases[_i].value, cases[_i].expected, NULL);
}
END_TEST

static const struct {
    pln__json_dialect how;
    const char *type, *value, *expected;
} policies[] = {
    {{.float_to_int = true}, "l", "3.0", "3"},
    {{.float_to_int = true}, "l", "1e2", "100"},
    {{.float_to_int = true}, "l", "3.5", "! 0 member 'v': expected int64, got 3.5"},
    {{.float_to_int = true}, "c", "1e3", "! 0 member 'v': 1e3 does not fit int8"},
    {{.text_to_number = true}, "l", "\"-7\"", "-7"},
    {{.text_to_number = true}, "l", "\"7.0\"", "! 0 member 'v': expected int64, got string \"7.0\""},
    {{.text_to_number = true}, "l", "\" 7\"", "! 0 member 'v': expected int64, got string \" 7\""},
    {{.text_to_number = true, .float_to_int = true}, "l", "\"7.0\"", "7"},
    {{.text_to_number = true}, "g", "\"0.5\"", "0.5"},
    {{.text_to_number = true}, "d:5.2", "\"0.5\"", "0.50"},
    {{.text_to_number = true}, "C", "\"256\"", "! 0 member 'v': 256 does not fit uint8"},
    {{.number_to_text = true}, "u", "1.50", "\"1.50\""},
    {{.number_to_text = true}, "#u", "-7", "\"-7\""},
    {{.number_to_text = true}, "=7.8", "7", "\"7\""},
    {{.number_to_text = true}, "=7.8", "7.0", "! 0 member 'v': expected one of 7, 8, got '7.0'"},
    {{.duplicates = PLN__JSON_DUPLICATE_FIRST}, "{a =x.y}", "{\"a\":\"x\",\"a\":\"z\"}", "{\"a\":\"x\"}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "{a =x.y}", "{\"a\":\"x\",\"a\":\"y\"}", "{\"a\":\"y\"}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "{a =x.y}", "{\"a\":\"x\",\"a\":\"z\"}",
     "! 0 member 'v.a': expected one of x, y, got 'z'"},
    {{.number_to_text = true}, "u", "true", "! 0 member 'v': expected utf8, got true"},
    {{.number_to_text = true}, "z", "1", "! 0 member 'v': expected binary, got 1"},
    {{.duplicates = PLN__JSON_DUPLICATE_FIRST}, "{a l, b [u]?}", "{\"a\":1,\"b\":[\"x\"],\"a\":2,\"b\":[]}",
     "{\"a\":1,\"b\":[\"x\"]}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "{a l, b [u]?}",
     "{\"a\":1,\"b\":[\"x\",\"y\"],\"a\":2,\"b\":[\"z\"]}", "{\"a\":2,\"b\":[\"z\"]}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "{a l?}", "{\"a\":1,\"a\":null}", "{\"a\":null}"},
    {{.duplicates = PLN__JSON_DUPLICATE_FIRST}, "{a l}", "{\"a\":1,\"a\":\"x\"}", "{\"a\":1}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "{a l}", "{\"a\":1,\"a\":\"x\"}",
     "! 0 member 'v.a': expected int64, got string \"x\""},
    {{.duplicates = PLN__JSON_DUPLICATE_FIRST}, "<u l>", "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"b\":2}"},
    {{.duplicates = PLN__JSON_DUPLICATE_LAST}, "<u l>", "{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}"},
    {{.unknown_reject = true}, "{a l?}", "{\"x\":1}", "! 0 member 'v': unknown member 'x'"},
    {{.missing_reject = true}, "{a l?}", "{}", "! 0 member 'v.a': is missing"},
    {{.nesting_max = 3}, "[[l]]", "[[1]]", "[[1]]"},
    {{.nesting_max = 2}, "[[l]]", "[[1]]", "! -1 no valid JSON at byte 6: expected less nesting, got '[1]]}'"},
    {{.nesting_max = 3}, "{a l?}", "{\"x\":[1]}", "{\"a\":null}"},
    {{.nesting_max = 2}, "{a l?}", "{\"x\":[1]}", "! -1 no valid JSON at byte 10: expected less nesting, got '[1]}}'"},
    {{.nesting_max = 2}, "any", "[[]]", "! -1 no valid JSON at byte 6: expected less nesting, got '[]]}'"},
};

START_TEST(by_policy) {
    pln__json_dialect how = policies[_i].how;
    if (how.nesting_max == 0)
        how.nesting_max = 64;
    check_value(policies[_i].type, policies[_i].value, policies[_i].expected, &how);
}
END_TEST

START_TEST(a_bad_dialect_and_no_schema_are_refused) {
    pln_error err = {0};
    pln__decoder *decoder;
    struct ArrowSchema schema;
    pln__json_dialect how = {.nesting_max = 0};
    json_schema("v l", &schema);
    pln__decode_options options = {.schema = &schema};
    const pln_allocator *mem = pln__system_allocator();
    ck_assert_int_eq(pln__json_decoder.open(mem, &how, &options, &decoder, &err), PLN_EINVAL);
    ck_assert_str_eq(err.message, "nesting_max is 0, it must be 1 to 1024");
    options.schema = NULL;
    ck_assert_int_eq(pln__json_decoder.open(mem, NULL, &options, &decoder, &err), PLN_EINVAL);
    ck_assert_ptr_null(decoder);
    pln__schema_release(&schema);
}
END_TEST

Suite *suite_format_json_types(void);
Suite *suite_format_json_types(void) {
    Suite *suite = suite_create("format/json_types");
    TCase *tcase = tcase_create("types");
    tcase_add_loop_test(tcase, types, 0, PLN__COUNT(cases));
    tcase_add_loop_test(tcase, by_policy, 0, PLN__COUNT(policies));
    tcase_add_test(tcase, a_bad_dialect_and_no_schema_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
