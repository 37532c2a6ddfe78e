/*
 * Formats with a name: examples of the documents that define them, and other readers of the same formats as oracles.
 */
#include "base64.h"
#include "expr/formats.h"
#include "expr_help.h"
#include "skip.h"
#include <arpa/inet.h>
#include <jansson.h>
#include <regex.h>

/* One row for each text; `texts` ends with NULL. */
static int make_rows(const char *const *texts, rows *out) {
    pln__text json;
    int n = 0;
    pln__text_init(&json, pln__system_allocator());
    for (; texts[n] != NULL; n++) {
        json_t *row = json_pack("{s:s}", "s", texts[n]);
        char *line = json_dumps(row, 0);
        pln__text_printf(&json, "%s\n", line);
        free(line);
        json_decref(row);
    }
    rows_make("s u?", json.data, out);
    pln__text_free(&json);
    return n;
}

static void expect_all(const char *format, const char *const *texts, const char *expected) {
    char text[64];
    rows r;
    int n = make_rows(texts, &r);
    ck_assert_int_ge(n, 12);
    snprintf(text, sizeof text, "is_format(s, '%s')", format);
    char *got = expr_on(&r, text, pln__cpu_features());
    const char *at = got;
    for (int i = 0; i < n; i++) {
        ck_assert_msg(strncmp(at, expected, strlen(expected)) == 0, "%s of \"%s\"", text, texts[i]);
        at += strlen(expected) + (i + 1 < n ? 3 : 0);
    }
    ck_assert_str_eq(at, "");
    pln__strfree(pln__system_allocator(), got);
    rows_free(&r);
}
#define GOOD(format, ...) expect_all(format, (const char *const[]){__VA_ARGS__, NULL}, "true")
#define BAD(format, ...) expect_all(format, (const char *const[]){__VA_ARGS__, NULL}, "false")

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A63 A60 "aaa"

/* Addresses of RFC 5322 and RFC 3696; those that HTML does not call valid are quoted, hold comments or literal hosts. */
START_TEST(email) {
    GOOD("email", "jdoe@machine.example", "mary@x.test", "john.q.public@example.com",
         "jdoe@example.org", "sysservices@example.net", "user+mailbox@example.com",
         "customer/department=shipping@example.com", "$A12345@example.com",
         "!def!xyz%abc@example.com", "_somename@example.com", "a@b", "dclo@us.ibm.com",
         "x@xn--bcher-kva.example", "a.@b", ".a..b@c", "1@2", A60 "aaaa@b.c", "a@" A63 ".com",
         "a@" A63 "." A63 "." A63 "." A60);
    BAD("email", "", "@", "a", "a@", "@b", "a@b@c", "Abc@def@example.com",
        "\"Joe.\\\\Blow\"@example.com", "\"Fred Bloggs\"@example.com", "Fred Bloggs@example.com",
        "pete(his account)@silly.test", "a@-b.c", "a@b-.c", "a@b..c", "a@.b", "a@b.",
        "a@[192.0.2.1]", A60 "aaaaa@b.c", "a@" A63 "a.com", "a@" A63 "." A63 "." A63 "." A60 "aa",
        "ab@" A63 "." A63 "." A63 "." A60, "j\xc3\xb6rg@example.com", "a@b\xc3\xbc.c", "a@b.c\n",
        " a@b.c", "a@b.c ", "a@b_c.d", "<a@b.c>", "a\\b@c");
}
END_TEST

START_TEST(url) {
    GOOD("url", "ftp://ftp.is.co.za/rfc/rfc1808.txt", "http://www.ietf.org/rfc/rfc2396.txt",
         "http://a/b/c/d;p?q", "http://a", "http://a/", "HTTPS://EXAMPLE.com:443/", "http://a:/",
         "http://a?b", "http://a#b", "http://user:pass@example.com/", "ws://x/", "wss://x/y",
         "sftp://u@h/p", "ftps://h/", "http://[2001:db8::7]/c=GB?objectClass?one",
         "http://[::1]:8080/", "http://[v1.fe:d]/", "http://127.0.0.1/", "http://a/%7Euser",
         "http://a//b/../c", "http://a/?a=1&b=/?", "http://a/#x?y/z",
         "http://a/:@!$&'()*+,;=", "http://xn--bcher-kva.example/", "http://a:65535/",
         "http://a_b/");
    BAD("url", "", "http", "http:", "http:/a", "http://", "http:///a", "http://:80", "http://u@/",
        "//a/b", "a/b", "mailto:a@b.c", "javascript:alert(1)", "http://a b/", "http://a/ b",
        "http://a/\n", "http://a/%", "http://a/%4", "http://a/%4g", "http://a:65536/",
        "http://a:8a/", "http://[::1/", "http://[1.2.3.4]/", "http://[::g]/", "http://[]/",
        "http://a/\"", "http://a/<b>", "http://a/b[c]", "http://a/#b#c", "http://a\\b",
        "http://\xc3\xbc/", "http://u@v@w/", "http://[::1]x/", "http://[v.a]/", "http://[v1]/",
        "http://[v1.]/", "http://[fe80::1%25eth0]/", "1http://a", "htt\tp://a", "http://a/`",
        "gopher://a/", "http ://a");
}
END_TEST

/* RFC 3986, 1.1.2 and 3. */
START_TEST(uri) {
    GOOD("uri", "ftp://ftp.is.co.za/rfc/rfc1808.txt", "http://www.ietf.org/rfc/rfc2396.txt",
         "ldap://[2001:db8::7]/c=GB?objectClass?one", "mailto:John.Doe@example.com",
         "news:comp.infosystems.www.servers.unix", "tel:+1-816-555-1212", "telnet://192.0.2.16:80/",
         "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
         "foo://example.com:8042/over/there?name=ferret#nose", "urn:example:animal:ferret:nose",
         "file:///etc/hosts", "a:", "a+b-c.1:x", "data:,%20", "x:/a//b", "javascript:alert(1)");
    BAD("uri", "", ":", "a", "/a/b", "//a", "?a", "#a", "1a:b", "a_b:c", "-a:b", "a b:c", "a:b c",
        "a:%", "a:%zz", "a:[b]", "a:b#c#d", "a:\xc3\xa4", "a://[::1:2", "a://b:c/", "a:|", "a:{b}");
}
END_TEST

START_TEST(uuid) {
    GOOD("uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "00000000-0000-0000-0000-000000000000",
         "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "C232AB00-9414-11EC-B3C8-9F6BDECED846",
         "5df41881-3aed-3515-88a7-2f4a814cf09e", "919108f7-52d1-4320-9bac-f847db4148a8",
         "2ed6657d-e927-568b-95e1-2665a8aea6a2", "1EC9414C-232A-6B00-B3C8-9F6BDECED846",
         "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "2489E9AD-2EE2-8E00-8EC9-32D5F69181C0",
         "5c146b14-3c52-8afd-938a-375d0df1fbf6", "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    BAD("uuid", "", "f81d4fae", "f81d4fae7dec11d0a76500a0c91e6bf6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66",
        "g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fa-e7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fae_7dec_11d0_a765_00a0c91e6bf6", " f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6\n", "f81d4fae-7dec-11d0-a765-00a0c91e6b\xc3\xa4");
}
END_TEST

START_TEST(ipv4) {
    GOOD("ipv4", "0.0.0.0", "255.255.255.255", "127.0.0.1", "10.1.2.3", "192.0.2.16", "1.2.3.4",
         "9.10.99.100", "199.200.249.250", "254.1.0.9", "100.10.1.0", "172.16.254.1",
         "203.0.113.255");
    BAD("ipv4", "", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1",
        "1.1.1.256", "01.2.3.4", "1.2.3.00", "1..2.3", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n",
        "0x1.2.3.4", "1.2.3.-4", "1.2.3.+4", "1.2.3.4/24", "1.2.3.1000", "a.b.c.d", "::1");
}
END_TEST

/* RFC 4291, 2.2, and RFC 5952. */
START_TEST(ipv6) {
    GOOD("ipv6", "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "2001:DB8:0:0:8:800:200C:417A",
         "2001:DB8::8:800:200C:417A", "FF01:0:0:0:0:0:0:101", "FF01::101", "0:0:0:0:0:0:0:1", "::1",
         "0:0:0:0:0:0:0:0", "::", "0:0:0:0:0:0:13.1.68.3", "0:0:0:0:0:FFFF:129.144.52.38",
         "::13.1.68.3", "::FFFF:129.144.52.38",
         "2001:0DB8:0:CD30::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "1::7:8",
         "64:ff9b::192.0.2.33", "1:2:3:4:5::1.2.3.4",
         "abcd:ef01:2345:6789:abcd:ef01:255.255.255.255");
    BAD("ipv6", "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", ":1", "1:", "1:::2",
        ":1::", "::1:", "12345::", "g::", "1.2.3.4", "::1.2.3", "::1.2.3.256", "::01.2.3.4",
        "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "fe80::1%eth0",
        "2001:db8::/32", "[::1]", "::1 ", "::1\n", "::-1", "2001:0DB8:0:CD3", "2001:0DB8::CD30::");
    GOOD("ip", "1.2.3.4", "::1", "0.0.0.0", "::", "255.255.255.255", "::ffff:1.2.3.4",
         "1::", "2001:db8::1", "10.0.0.1", "fe80::1", "ff02::2", "8.8.8.8");
    BAD("ip", "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", ":1", "a", "localhost", "1.2.3.4:80",
        "[::1]", "1.2.3.4/8", "::1/128");
}
END_TEST

START_TEST(hostname) {
    GOOD("hostname", "localhost", "example.com", "www.example.com", "3com.com", "a", "a-b.c",
         "xn--bcher-kva.example", "a1.b2", "1.2.3.a", "EXAMPLE.COM", A63 ".a", "x--y.z",
         "0-0.example", A63 "." A63 "." A63 "." A60 "a");
    BAD("hostname", "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a b", "1.2.3.4",
        "a.123", "1", "a.b:80", A63 "a.b",
        "b\xc3\xbc"
        "cher.example",
        "a\n", "*.example.com", "a/b", A63 "." A63 "." A63 "." A60 "aa");
}
END_TEST

/* RFC 3339, 5.6 and 5.8. */
START_TEST(dates_and_times) {
    GOOD("iso_date", "1985-04-12", "1996-12-19", "1990-12-31", "1937-01-01", "2000-02-29",
         "2024-02-29", "0000-01-01", "9999-12-31", "2013-04-30", "2013-01-31", "1600-02-29",
         "0001-02-28");
    BAD("iso_date", "", "1985-4-12", "1985-04-1", "1985-04-31", "1900-02-29", "2013-02-29",
        "1985-13-01", "1985-00-01", "1985-01-00", "1985-01-32", "19850412", "1985-102",
        "1985-W15-5", "1985/04/12", "85-04-12", "+1985-04-12", "-985-04-12", "1985-04-12Z",
        "1985-04-12T", "12.04.1985", " 1985-04-12", "1985-04-12\n", "1985-04", "198a-04-12");
    GOOD("iso_time", "23:20:50.52Z", "16:39:57-08:00", "23:59:60Z", "15:59:60-08:00",
         "12:00:27.87+00:20", "00:00", "23:59", "06:30:59", "06:30:59.123456789123", "06:30Z",
         "06:30z", "06:30-00:00", "06:30:00+23:59", "23:59:60", "00:19:60.5+00:20",
         "00:30:60-23:29");
    BAD("iso_time", "", "1", "6:30", "24:00", "23:60", "23:59:61", "12:00:60", "15:59:60Z",
        "23:58:60", "06:30:", "06:30:5", "06:30:59.", "06:30:59,5", "06:30.5", "0630", "06:30:59 Z",
        "06:30+1", "06:30+01", "06:30+0100", "06:30+24:00", "06:30+01:60", "06:30 PM", "06:30Zx",
        "-6:30", "06-30", "06:30+01:00Z", "T06:30");
    GOOD("iso8601", "1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z",
         "1990-12-31T15:59:60-08:00", "1937-01-01T12:00:27.87+00:20", "2013-01-31T10:11:12",
         "2013-01-31T10:11", "2013-01-31t10:11:12z", "2000-02-29T00:00:00Z", "9999-12-31T23:59:59Z",
         "0000-01-01T00:00Z", "2013-01-31T10:11:12.000000001+05:30");
    BAD("iso8601", "", "1985-04-12", "23:20:50Z", "1985-04-12 23:20:50Z", "1985-04-12T",
        "1985-04-12T24:00:00Z", "1985-04-31T00:00:00Z", "19850412T232050Z", "1985-04-12T23:20:50.Z",
        "1985-04-12T23:20:50Z ", "1985-04-12T2320Z", "1985-04-12_23:20:50Z", "1985-04-12T12:00:60Z",
        "T", "1985-04-12T23");
}
END_TEST

/* Numbers that the networks publish for tests. */
START_TEST(cards_and_persons) {
    GOOD("credit_card", "4111111111111111", "4012888888881881", "4222222222222", "5555555555554444",
         "5105105105105100", "378282246310005", "371449635398431", "6011111111111117",
         "6011000990139424", "30569309025904", "3530111333300000", "4111 1111 1111 1111",
         "3782-822463-10005", "6304000000000000", "2223003122003222", "4000000000000000006");
    BAD("credit_card", "", "4111111111111112", "41111111111111", "41111111112", "0000000000000000",
        "4111  1111 1111 1111", " 4111111111111111", "4111111111111111 ", "4111111111111111\n",
        "-4111111111111111", "4111111111111111-", "4111- 111111111111", "4111.1111.1111.1111",
        "40000000000000000002", "411111111111111a", "1234567812345678",
        "\xd9\xa4"
        "111111111111111");
    GOOD("ssn", "123-45-6789", "123 45 6789", "123456789", "001-01-0001", "899-99-9999",
         "665-01-0001", "667-01-0001", "078-05-1121", "219-09-9998", "773-12-3456", "899999999",
         "457-55-5462");
    BAD("ssn", "", "000-12-3456", "666-12-3456", "900-12-3456", "999-99-9999", "123-00-6789",
        "123-45-0000", "078-05-1120", "219099999", "123-456789", "123-45 6789", "12-345-6789",
        "123.45.6789", "1234567890", "12345678", "123-45-678", "123-45-67890", "a23-45-6789",
        "123-4b-6789", " 123-45-6789", "123--5-6789");
    GOOD("phone", "+14155552671", "+442071838750", "+551155256325", "+4930123456", "+18005551212",
         "+6834000", "+29022222", "+123456789012345", "+8613800138000", "+911234567890",
         "+33123456789", "+358401234567");
    BAD("phone", "", "+", "14155552671", "+0123456789", "+1234567890123456", "+123456",
        "+1 415 555 2671", "+1-415-555-2671", "+1(415)5552671", "004930123456", "+1415555267a",
        "++14155552671", "+14155552671 ", " +14155552671", "tel:+14155552671",
        "+\xd9\xa1"
        "2345678");
}
END_TEST

START_TEST(json) {
    char deep[2 * X_JSON_DEPTH + 3];
    GOOD("json", "{}", "[]", "null", "true", "false", "0", "-0", "1.5e+10", "1E400", "\"\"",
         " [1, 2] \n", "{\"a\": {\"b\": [null, {}]}, \"a\": 1}", "\"\\ud800\\n\\/\"",
         "\"\xc3\xa4\\u00e4\"", "\t\r\n 1 ", "[[[]],{}]", "123456789012345678901234567890");
    BAD("json", "", " ", "nul", "nulll", "True", "'a'", "\"a", "\"a\"b", "01", "-", "1.", ".5",
        "+1", "1e", "1e+", "0x1", "NaN", "Infinity", "[", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "[}", "{]", "{\"a\":1]", "[1}", "{\"a\" 1}",
        "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"\t\"", "\"\n\"", "1 2", "[] []", "// a\n1",
        "\xef\xbb\xbf{}", "{\"a\":1 \"b\":2}", "[1]]", "\"\\");
    for (int depth = X_JSON_DEPTH; depth <= X_JSON_DEPTH + 1; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        ck_assert_int_eq(pln__x_is_json((xstr){(uint8_t *)deep, depth * 2}, 0),
                         depth == X_JSON_DEPTH);
    }
}
END_TEST

/* Where RFC 8259 leaves it to the reader, numbers of any size and halves of surrogates are taken, other bytes than UTF-8 and a mark are not. */
static bool suite_accepts(const char *name, const char *expect, const uint8_t *text, size_t size) {
    if (strcmp(expect, "either") != 0)
        return strcmp(expect, "accept") == 0;
    return pln__utf8_valid(text, (int64_t)size, 0) && strstr(name, "BOM") == NULL &&
           strstr(name, "utf16") == NULL;
}

START_TEST(json_suite) {
    char path[300];
    int cases = 0;
    const char *file = test_data("json_suite/cases.jsonl", path, sizeof path);
    static char line[1 << 20];
    if (file == NULL)
        TEST_SKIP("no JSON test suite");
    FILE *in = fopen(file, "r");
    for (; fgets(line, sizeof line, in) != NULL; cases++) {
        json_t *entry = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *expect = json_string_value(json_object_get(entry, "expect"));
        size_t size;
        uint8_t *text = from_base64(json_string_value(json_object_get(entry, "base64")), &size);
        ck_assert_msg(pln__x_is_json((xstr){text, (int64_t)size}, pln__cpu_features()) ==
                          suite_accepts(name, expect, text, size),
                      "%s", name);
        free(text);
        json_decref(entry);
    }
    fclose(in);
    ck_assert_int_eq(cases, 340);
}
END_TEST

/* ---- oracles ---- */

/* Up to `most` pieces of a set, after one another. */
static void random_text(rng *r, const char *const *pieces, int n, int64_t most, char *out) {
    *out = '\0';
    for (int64_t left = rng_below(r, most + 1); left > 0; left--)
        strcat(out, pieces[rng_below(r, n)]);
}

static xstr of(const char *text) {
    return (xstr){(const uint8_t *)text, (int64_t)strlen(text)};
}

START_TEST(addresses_against_inet_pton) {
    static const char *const pieces[] = {"1", "0", "25", "255", "6", ".", ".", "1.", "99.", ":", ":",
                                         "::", "f", "1:", "abcd:", "0.0", "0:0:0:", "1.2.3"};
    rng r = {11};
    int good[2] = {0};
    for (int i = 0; i < 200000; i++) {
        char text[128];
        uint8_t address[16];
        random_text(&r, pieces, PLN__COUNT(pieces), 9, text);
        bool v4 = inet_pton(AF_INET, text, address) == 1;
        bool v6 = inet_pton(AF_INET6, text, address) == 1;
        good[0] += v4;
        good[1] += v6;
        ck_assert_msg(pln__x_is_ipv4(of(text), 0) == v4, "ipv4: %s", text);
        ck_assert_msg(pln__x_is_ipv6(of(text), 0) == v6, "ipv6: %s", text);
        ck_assert_msg(pln__x_is_ip(of(text), 0) == (v4 || v6), "ip: %s", text);
    }
    ck_assert_int_gt(good[0], 100);
    ck_assert_int_gt(good[1], 1000);
}
END_TEST

static void against(const char *pattern, xis *is, const char *const *pieces, int n, int64_t most) {
    regex_t compiled;
    rng r = {12};
    int good = 0;
    ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    for (int i = 0; i < 50000; i++) {
        char text[256];
        random_text(&r, pieces, n, most, text);
        bool expected = regexec(&compiled, text, 0, NULL, 0) == 0;
        good += expected;
        ck_assert_msg(is(of(text), 0) == expected, "%s", text);
    }
    ck_assert_int_gt(good, 500);
    regfree(&compiled);
}

#define LABEL "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
#define PCHAR "([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"

START_TEST(addresses_against_patterns) {
    static const char *const mail[] = {"a", "B", "7", "@", "@", ".", "-", "_", "+", "a@b", ".c", "\"",
                                       " ", "(", "|"};
    static const char *const web[] = {"http:", "https:", "ftp:", "//", "http://", "a", "b.c", "/", "?",
                                      "#", ":", ":80", "%4f", "%", "@", "!", "[", "|", "=", "~"};
    against("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@" LABEL "(\\." LABEL ")*$", pln__x_is_email, mail,
            PLN__COUNT(mail), 9);
    against("^(https?|ftp)://(([A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"
            "([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+(:(|80))?(/" PCHAR "*)*"
            "(\\?(" PCHAR "|[/?])*)?(#(" PCHAR "|[/?])*)?$",
            pln__x_is_url, web, PLN__COUNT(web), 9);
}
END_TEST

START_TEST(json_against_jansson) {
    static const char *const pieces[] = {"[", "]", "{", "}", ",", ":", "\"", "\"a\"", "\"a\":", "0",
                                         "1", "-", ".", "e", "+", " ", "\n", "true", "null", "nul",
                                         "\\", "[]", "{}", "[1,", "{\"b\":"};
    rng r = {13};
    int good = 0;
    for (int i = 0; i < 200000; i++) {
        char text[128];
        json_error_t error;
        random_text(&r, pieces, PLN__COUNT(pieces), 8, text);
        json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
        if (value == NULL && json_error_code(&error) == json_error_numeric_overflow)
            continue;
        good += value != NULL;
        ck_assert_msg(pln__x_is_json(of(text), 0) == (value != NULL), "%s", text);
        json_decref(value);
    }
    ck_assert_int_gt(good, 5000);
}
END_TEST

/* Every day of four centuries and the numbers beside them. */
START_TEST(dates_against_the_calendar) {
    for (int year = 1999; year < 2402; year += year == 2001 ? 95 : 1)
        for (int month = 0; month < 14; month++)
            for (int day = 0; day < 33; day++) {
                char text[32];
                bool exists = false;
                if (month >= 1 && day >= 1) {
                    pln__civil back = pln__civil_of(pln__days_of(year, month, day));
                    exists = month <= 12 && back.month == month && back.day == day;
                }
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                ck_assert_msg(pln__x_is_iso_date(of(text), 0) == exists, "%s", text);
            }
}
END_TEST

START_TEST(as_a_function) {
    rows r;
    rows_make("s u?, a l?, k #u?, z z?", "{\"s\": \"::1\", \"k\": \"1.2.3.4\", \"a\": 1}\n{}\n",
              &r);
    expect_on(&r, "is_format(s, 'ipv6')", "true ; null");
    expect_on(&r, "is_format(s, 'IPv6')", "true ; null");
    expect_on(&r, "is_format(k, 'ip') and not is_format(k, 'ipv6')", "true ; null");
    expect_on(&r, "is_format(lower(s), 'ip')", "true ; null");
    expect_on(&r, "is_format('1.2.3.4', 'ipv' || '4')", "true ; true");
    expect_on(&r, "is_format(null, 'ip')", "null ; null");
    expect_on(&r, "is_format(s, null)", "null ; null");
    expect_on(&r, "is_format(coalesce(s, ''), 'json')", "false ; false");
    expect_on(&r, "is_format(s, 'emial')",
              "PLN_ENAME: 1:1: no such format 'emial' (did you mean 'email'?)");
    expect_on(
        &r, "is_format(s, 'postcode')",
        "PLN_ENAME: 1:1: no such format 'postcode' (there are credit_card, email, hostname, ip, "
        "ipv4, ipv6, iso8601, iso_date, iso_time, json, phone, ssn, uri, url, uuid)");
    expect_on(&r, "is_format(s, k)",
              "PLN_ETYPE: 1:1: is_format: the name of the format must be a constant");
    expect_on(&r, "is_format(a, 'ip')",
              "PLN_ETYPE: 1:1: is_format(int64, utf8): expected is_format(text, text)");
    rows_free(&r);
}
END_TEST

Suite *suite_expr_formats(void);
Suite *suite_expr_formats(void) {
    Suite *suite = suite_create("expr/formats");
    TCase *tests = tcase_create("formats");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, email);
    tcase_add_test(tests, url);
    tcase_add_test(tests, uri);
    tcase_add_test(tests, uuid);
    tcase_add_test(tests, ipv4);
    tcase_add_test(tests, ipv6);
    tcase_add_test(tests, hostname);
    tcase_add_test(tests, dates_and_times);
    tcase_add_test(tests, cards_and_persons);
    tcase_add_test(tests, json);
    tcase_add_test(tests, json_suite);
    tcase_add_test(tests, addresses_against_inet_pton);
    tcase_add_test(tests, addresses_against_patterns);
    tcase_add_test(tests, json_against_jansson);
    tcase_add_test(tests, dates_against_the_calendar);
    tcase_add_test(tests, as_a_function);
    suite_add_tcase(suite, tests);
    return suite;
}
