/*
 * Grammar, types, errors of the text, three-valued logic, failures of rows.
 */
#include "expr_help.h"

typedef struct expectation {
    const char *text;
    const char *result;
} expectation;

static void check(const char *spec, const char *json, const expectation *all, int n) {
    rows r;
    rows_make(spec, json, &r);
    for (int i = 0; i < n; i++)
        expect_on(&r, all[i].text, all[i].result);
    rows_free(&r);
}
#define CHECK(spec, json, ...)                                                                     \
    do {                                                                                           \
        const expectation all[] = {__VA_ARGS__};                                                   \
        check(spec, json, all, PLN__COUNT(all));                                                   \
    } while (0)

START_TEST(precedence) {
    CHECK("a l, b l, ok b", "{\"a\": 6, \"b\": 2, \"ok\": true}", {"a + b * 2", "10"},
          {"(a + b) * 2", "16"}, {"a - b - 1", "3"}, {"-a + b", "-4"}, {"- - a", "6"},
          {"-2 ^ 2", "4"}, {"2 ^ 3 ^ 2", "64"}, {"a * b % 5", "2"}, {"a & 3 + 1", "4"},
          {"a | b << 1", "12"}, {"a > b and b > a or ok", "true"}, {"not a = b", "true"},
          {"not ok and ok", "false"}, {"a = b is null", "false"}, {"a + b || 'x'", "'8x'"},
          {"a between b and b + 5 and ok", "true"}, {"a in (1, 2) = ok", "false"},
          {"a not in (1, 2) and not ok is null", "true"},
          {"-1::text", "PLN_ETYPE: 1:1: the sign - needs a number, got utf8"},
          {"a::text || b::text", "'62'"},
          {"1 = 1 = true", "PLN_ESYNTAX: 1:7: comparisons do not chain: join them with 'and'"});
}
END_TEST

START_TEST(spelling) {
    CHECK("a l, b b, B b, in l, Name u",
          "{\"a\": 1, \"b\": true, \"B\": false, \"in\": 3, \"Name\": \"x\"}", {"A", "1"},
          {"b", "true"}, {"B", "false"}, {"\"in\"", "3"},
          {"\"A\"", "PLN_ENAME: 1:1: column 'A': no such column (did you mean 'a'?)"},
          {"NAME", "'x'"}, {"\"Name\"", "'x'"},
          {"SELECT", "PLN_ENAME: 1:1: column 'SELECT': no such column"});
}
END_TEST

START_TEST(literals) {
    CHECK(
        "a l", "{\"a\": 1}", {"42", "42"}, {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9223372036854775808"},
        {"typeof(9223372036854775808)", "'decimal(19, 0)'"}, {"typeof(1)", "'int64'"},
        {"typeof(1.50)", "'decimal(3, 2)'"}, {"1.50", "1.50"}, {".5", "0.5"}, {"5.", "5"},
        {"typeof(1e3)", "'float64'"}, {"1e3", "1000"}, {"1.5e-2", "0.014999999999999999"},
        {"0.1 + 0.2 = 0.3", "true"}, {"0.1e0 + 0.2e0 = 0.3e0", "false"}, {"'it''s'", "'it's'"},
        {"''", "''"}, {"TRUE", "true"}, {"Null", "null"}, {"length(x'0aFF')", "2"},
        {"hex(x'0aFF')", "'0AFF'"}, {"date '2013-01-31'", "2013-01-31"},
        {"time '10:11:12.5'", "10:11:12.5"},
        {"timestamp '2013-01-31 10:11:12'", "2013-01-31 10:11:12"},
        {"timestamp '2013-01-31'", "2013-01-31 00:00:00"},
        {"timestamptz '2013-01-31T10:00:00+02:00'", "2013-01-31 08:00:00Z"},
        {"timestamp '2013-01-31' + interval '1 month'", "2013-02-28 00:00:00"},
        {"timestamp '2013-01-31' - interval 2 days", "2013-01-29 00:00:00"},
        {"timestamp '2013-01-31' + interval '90' minute", "2013-01-31 01:30:00"},
        {"timestamp '2013-01-31' + -interval '1 day'", "2013-01-30 00:00:00"},
        {"1 -- a comment\n + /* another */ 2", "3"},
        {"'abc", "PLN_ESYNTAX: 1:1: text without its closing quote '"},
        {"1 /* open", "PLN_ESYNTAX: 1:3: comment without its end */"},
        {"12abc", "PLN_ESYNTAX: 1:1: '12a...' is neither a number nor a name"},
        {"date '2013-02-30'", "PLN_ESYNTAX: 1:1: '2013-02-30' is no date (expected '2013-01-31')"},
        {"x'abc'", "PLN_ESYNTAX: 1:1: 'abc' is no pairs of hexadecimal digits"},
        {"interval '1 moon' + date '2013-01-01'",
         "PLN_ESYNTAX: 1:1: '1 moon' is no interval (expected '1 day', '2 months', '01:30:00')"},
        {"interval '1 day'", "PLN_ETYPE: the result is an interval, which no column can hold"},
        {"123456789012345678901234567890123456789",
         "PLN_ESYNTAX: 1:1: a number of 39 digits: a decimal holds 38, write 1e3 for a float"});
}
END_TEST

START_TEST(errors_of_the_text) {
    CHECK("amount l?, country u?, who {age i?}?, tags [u]?", "{}",
          {"", "PLN_ESYNTAX: 1:1: expected an expression, but there is nothing"},
          {"amount +",
           "PLN_ESYNTAX: 1:9: expected an expression after 'amount +', but the text ends"},
          {"amount > 0 and",
           "PLN_ESYNTAX: 1:15: expected an expression after 'amount > 0 and', but the text ends"},
          {"(amount", "PLN_ESYNTAX: 1:8: expected ')' after '(amount', but the text ends"},
          {"amount 5", "PLN_ESYNTAX: 1:8: expected an operator or the end after 'amount', got '5'"},
          {"amount >\n  > 0", "PLN_ESYNTAX: 2:3: expected an expression after 'amount >', got '>'"},
          {"amount in 1", "PLN_ESYNTAX: 1:11: expected '(' after 'amount in', got '1'"},
          {"amount not 1",
           "PLN_ESYNTAX: 1:12: expected 'between', 'in' or 'like' after 'amount not', got '1'"},
          {"case amount end", "PLN_ESYNTAX: 1:13: expected 'when' after 'case amount', got 'end'"},
          {"case when true then 1",
           "PLN_ESYNTAX: 1:22: expected 'end' after 'ase when true then 1', but the text ends"},
          {"amount is 1", "PLN_ESYNTAX: 1:11: expected 'null', 'true', 'false' or 'distinct from' "
                          "after 'amount is', got '1'"},
          {"amount # 1", "PLN_ESYNTAX: 1:8: unexpected character '#'"},
          {"amont > 0", "PLN_ENAME: 1:1: column 'amont': no such column (did you mean 'amount'?)"},
          {"1 + amont", "PLN_ENAME: 1:5: column 'amont': no such column (did you mean 'amount'?)"},
          {"lenght(country)", "PLN_ENAME: 1:1: no such function 'lenght' (did you mean 'length'?)"},
          {"length(amount)",
           "PLN_ETYPE: 1:1: length(int64): expected length(text) or length(binary)"},
          {"substr(country)", "PLN_ESYNTAX: 1:15: expected 'from' after 'substr(country', got ')'"},
          {"left(country)", "PLN_ETYPE: 1:1: left(utf8): expected left(text, integer)"},
          {"amount > 'a'",
           "PLN_ETYPE: 1:1: 'amount > 'a'': int64 and utf8 do not go together (cast one of them)"},
          {"country > 1",
           "PLN_ETYPE: 1:1: 'country > 1': utf8 and int64 do not go together (cast one of them)"},
          {"amount + country", "PLN_ETYPE: 1:1: int64 + utf8: there is no such operator"},
          {"amount and true", "PLN_ETYPE: 1:1: expected a condition, got int64"},
          {"not country", "PLN_ETYPE: 1:1: expected a condition, got utf8"},
          {"case when amount then 1 end", "PLN_ETYPE: 1:11: expected a condition, got int64"},
          {"case when true then 1 else 'x' end",
           "PLN_ETYPE: 1:1: 'case when true then 1 else 'x' end': int64 and utf8 do not go "
           "together (cast one of them)"},
          {"amount::foo", "PLN_ENAME: 1:9: no such type 'foo'"},
          {"amount::bigin", "PLN_ENAME: 1:9: no such type 'bigin' (did you mean 'bigint'?)"},
          {"amount::date", "PLN_ETYPE: 1:1: there is no cast from int64 to date32"},
          {"amount::decimal(40, 2)", "PLN_ETYPE: 1:17: the precision must be 1 to 38, got '40'"},
          {"amount.x", "PLN_ETYPE: 1:1: 'amount' has no members: it is int64"},
          {"who.agee", "PLN_ENAME: 1:1: column 'agee': no such column (did you mean 'age'?)"},
          {"amount[1]", "PLN_ETYPE: 1:1: a subscript needs a list or a map, got int64"},
          {"tags['a']", "PLN_ETYPE: 1:1: the index of a list is an integer, got utf8"},
          {"tags = tags", "PLN_ETYPE: 1:1: list<utf8> values cannot be compared"},
          {"lower(tags)", "PLN_ETYPE: 1:1: lower(list<utf8>): expected lower(text)"},
          {"country like 1", "PLN_ETYPE: 1:1: like needs text, got int64"},
          {"country like 'a' escape 'xy'",
           "PLN_ESYNTAX: 1:1: the escape must be one character or none"},
          {"country like 'a\\'", "PLN_ESYNTAX: 1:1: the pattern ends in its escape character"},
          {"date_trunc('yeer', date '2013-01-01')", "PLN_ENAME: 1:1: no such field: 'yeer'"},
          {"extract(hour from date '2013-01-01')", "PLN_ETYPE: 1:1: date32 has no field 'hour'"},
          {"date '2013-01-01' > 'x'", "PLN_ETYPE: 1:1: 'x' is no date32"},
          {"foo(", "PLN_ESYNTAX: 1:5: expected an expression after 'foo(', but the text ends"},
          {"round(1.5, amount)",
           "PLN_ETYPE: 1:1: round of a decimal: the number of digits must be a constant"});
}
END_TEST

START_TEST(limits_of_the_text) {
    static char text[70000];
    rows r;
    rows_make("a l", "{\"a\": 1}", &r);
    memset(text, '(', 200);
    strcpy(text + 200, "a");
    expect_on(&r, text, "PLN_ELIMIT: 1:65: the expression nests deeper than 64");
    memset(text, '-', 200);
    for (int i = 1; i < 200; i += 2)
        text[i] = ' ';
    expect_on(&r, text, "PLN_ELIMIT: 1:127: the expression nests deeper than 64");
    for (int i = 0; i < 60; i++)
        memcpy(text + i * 4, "not ", 4);
    strcpy(text + 240, "a = 1");
    expect_on(&r, text, "true");
    memset(text, ' ', 65537);
    text[65537] = '\0';
    expect_on(&r, text, "PLN_ELIMIT: an expression of 65537 bytes: the limit is 65536");
    expect_on(&r, "'\xff'", "PLN_ESYNTAX: the expression is not valid UTF-8");
    /* Chains are no nesting. */
    strcpy(text, "a");
    for (int i = 0; i < 2000; i++)
        strcat(text, " + a");
    expect_on(&r, text, "2001");
    strcpy(text, "a = 0");
    for (int i = 0; i < 1500; i++)
        strcat(text, " or a = 0");
    expect_on(&r, text, "false");
    strcpy(text, "a");
    for (int i = 0; i < 5000; i++)
        strcat(text, " + a");
    expect_on(&r, text, "PLN_ELIMIT: the expression needs more than 4096 operations");
    rows_free(&r);
}
END_TEST

START_TEST(types_of_arithmetic) {
    CHECK("c c?, h s?, i i?, a l?, n C?, m I?, w L?, r f?, f g?, d d:10.2?, e d:38.10?", "{}",
          {"typeof(c + c)", "'int32'"}, {"typeof(h * 2)", "'int32'"}, {"typeof(i + 1)", "'int32'"},
          {"typeof(i + 3000000000)", "'int64'"}, {"typeof(i + a)", "'int64'"},
          {"typeof(n + n)", "'int32'"}, {"typeof(m + 1)", "'int64'"}, {"typeof(w + 1)", "'uint64'"},
          {"typeof(w + w)", "'uint64'"}, {"typeof(w + a)", "'decimal(21, 0)'"},
          {"typeof(-w)", "'decimal(20, 0)'"}, {"typeof(-n)", "'int32'"},
          {"typeof(r + r)", "'float32'"}, {"typeof(r + 1)", "'float64'"},
          {"typeof(r + 1.5)", "'float64'"}, {"typeof(f + a)", "'float64'"},
          {"typeof(f * d)", "'float64'"}, {"typeof(d + 1)", "'decimal(11, 2)'"},
          {"typeof(d + d)", "'decimal(11, 2)'"}, {"typeof(d * d)", "'decimal(20, 4)'"},
          {"typeof(d * 1.19)", "'decimal(13, 4)'"}, {"typeof(d / 3)", "'decimal(38, 16)'"},
          {"typeof(d % 3)", "'decimal(10, 2)'"}, {"typeof(d + a)", "'decimal(22, 2)'"},
          {"typeof(d + i)", "'decimal(13, 2)'"}, {"typeof(e + d)", "'decimal(38, 10)'"},
          {"typeof(e * e)", "'decimal(38, 20)'"},
          {"e * e * e * e",
           "PLN_ETYPE: 1:1: a product of scale 30 + 10: a decimal holds 38 (cast one of them)"},
          {"typeof(case when true then i else a end)", "'int64'"},
          {"typeof(coalesce(i, 1))", "'int32'"}, {"typeof(coalesce(c, n))", "'int16'"},
          {"typeof(coalesce(a, 1.5))", "'decimal(20, 1)'"}, {"typeof(null)", "'null'"},
          {"typeof(null + 1)", "'int64'"}, {"typeof(1 / 2)", "'int64'"});
}
END_TEST

START_TEST(types_of_time) {
    CHECK("t tdD?, s tss:?, m tsm:UTC?, u tsu:?, n tsn:?, x tts?, y ttn?",
          "{\"t\": \"2013-01-31\", \"s\": \"2013-01-31T01:02:03\", \"m\": "
          "\"2013-01-31T01:02:03.5Z\", "
          "\"u\": \"2013-01-31T01:02:03.000001\", \"n\": \"2013-01-31T01:02:03.000000001\", \"x\": "
          "\"01:02:03\", \"y\": \"01:02:03.000000001\"}",
          {"typeof(t + 1)", "'date32'"}, {"typeof(t - t)", "'int64'"}, {"typeof(s - u)", "'int64'"},
          {"s - u", "-1"}, {"n - s", "0"}, {"typeof(t + interval '1 day')", "'timestamp(us)'"},
          {"typeof(s + interval '1 day')", "'timestamp(s)'"},
          {"typeof(s + interval '1 ms')", "'timestamp(us)'"},
          {"s + interval '1 ms'", "2013-01-31 01:02:03.001"},
          {"m + interval '1 hour'", "2013-01-31 02:02:03.5Z"},
          {"typeof(coalesce(s, m))", "'timestamp(ms, UTC)'"}, {"u > s", "true"}, {"n > s", "true"},
          {"n < u", "true"}, {"t < s", "true"}, {"m > u", "true"}, {"x < y", "true"},
          {"n = timestamp '2013-01-31 01:02:03'", "false"}, {"s = '2013-01-31 01:02:03'", "true"},
          {"x = '01:02:03'", "true"}, {"extract(second from n)", "3.000000001"},
          {"extract(epoch from m)", "1359594123.500000"}, {"epoch_ms(m)", "1359594123500"},
          {"epoch(t)", "1359590400"}, {"epoch_ns(n)", "1359594123000000001"},
          {"year(t) * 100 + month(s)", "201301"}, {"hour(m)", "1"}, {"minute(x)", "2"},
          {"second(u)", "3"}, {"microsecond(u)", "3000001"}, {"millisecond(m)", "3500"},
          {"date_diff('day', t, u)", "0"}, {"date_diff('month', date '2012-12-31', t)", "1"},
          {"date_diff('year', t, date '2010-06-01')", "-3"},
          {"date_diff('week', date '2013-01-27', date '2013-01-28')", "1"},
          {"date_diff('hour', s, s + interval '59 minutes')", "1"},
          {"date_diff('second', t, s)", "3723"},
          {"date_diff('quarter', date '2012-12-31', date '2013-04-01')", "2"},
          {"last_day(t)", "2013-01-31"}, {"last_day(date '2024-02-01')", "2024-02-29"},
          {"to_timestamp(1.5e0)", "1970-01-01 00:00:01.5Z"},
          {"to_timestamp(-1)", "1969-12-31 23:59:59Z"}, {"now()", "2024-02-29 12:34:56.789012Z"},
          {"current_date", "2024-02-29"}, {"current_timestamp > m", "true"},
          {"date_trunc('hour', now())", "2024-02-29 12:00:00Z"},
          {"strftime(u, '%Y-%m-%dT%H:%M:%S.%f %j %a %A %b %B %y %I %p %u %w %V %G %s %% %F %T')",
           "'2013-01-31T01:02:03.000001 031 Thu Thursday Jan January 13 01 AM 4 4 05 2013 "
           "1359594123 % 2013-01-31 01:02:03'"},
          {"strftime(t, '%Q')", "!strftime(t, '%Q'): strftime(2013-01-31, '%Q') is not defined"},
          {"date_trunc('quarter', t)", "2013-01-01"}, {"typeof(date_trunc('day', t))", "'date32'"},
          {"u::date", "2013-01-31"}, {"m::time", "01:02:03.5"},
          {"typeof(cast(u as timestamp(ms)))", "'timestamp(ms)'"},
          {"cast(n as timestamp)", "2013-01-31 01:02:03"}, {"x + interval '23 hours'", "00:02:03"},
          {"x - interval '2 hours'", "23:02:03"},
          {"t + t", "PLN_ETYPE: 1:1: date32 + date32: there is no such operator"},
          {"t * 2", "PLN_ETYPE: 1:1: date32 * int64: there is no such operator"});
}
END_TEST

START_TEST(truth_tables) {
    CHECK(
        "p b?, q b?",
        "{\"p\": true, \"q\": true}\n{\"p\": true, \"q\": false}\n{\"p\": true}\n{\"p\": false, "
        "\"q\": true}\n"
        "{\"p\": false, \"q\": false}\n{\"p\": false}\n{\"q\": true}\n{\"q\": false}\n{}\n",
        {"p and q", "true ; false ; null ; false ; false ; false ; null ; false ; null"},
        {"p or q", "true ; true ; true ; true ; false ; null ; true ; null ; null"},
        {"not p", "false ; false ; false ; true ; true ; true ; null ; null ; null"},
        {"p = q", "true ; false ; null ; false ; true ; null ; null ; null ; null"},
        {"p <> q", "false ; true ; null ; true ; false ; null ; null ; null ; null"},
        {"p < q", "false ; false ; null ; true ; false ; null ; null ; null ; null"},
        {"p is true", "true ; true ; true ; false ; false ; false ; false ; false ; false"},
        {"p is not true", "false ; false ; false ; true ; true ; true ; true ; true ; true"},
        {"p is false", "false ; false ; false ; true ; true ; true ; false ; false ; false"},
        {"p is not false", "true ; true ; true ; false ; false ; false ; true ; true ; true"},
        {"p is null", "false ; false ; false ; false ; false ; false ; true ; true ; true"},
        {"p is unknown", "false ; false ; false ; false ; false ; false ; true ; true ; true"},
        {"p is distinct from q", "false ; true ; true ; true ; false ; true ; true ; true ; false"},
        {"p is not distinct from q",
         "true ; false ; false ; false ; true ; false ; false ; false ; true"},
        {"p in (q, true)", "true ; true ; true ; false ; true ; null ; null ; null ; null"},
        {"p and q or not p", "true ; false ; null ; true ; true ; true ; null ; null ; null"});
}
END_TEST

START_TEST(rows_that_fail) {
    CHECK("a l?, b l?, i i?, c c?, w L?, f g?, r f?, d d:4.2?, s u?, t tdD?, ts tsu:?",
          "{\"a\": 9223372036854775807, \"b\": 0, \"i\": 2147483647, \"c\": 100, \"w\": "
          "18446744073709551615, \"f\": 1e308, \"r\": 3e38, "
          "\"d\": 99.99, \"s\": \"n/a\", \"t\": \"9999-12-31\", \"ts\": \"9999-12-31T00:00:00\"}",
          {"a + 1", "!a + 1: 9223372036854775807 + 1 overflows int64"},
          {"1 + a", "!1 + a: 1 + 9223372036854775807 overflows int64"},
          {"-a - 2", "!-a - 2: -9223372036854775807 - 2 overflows int64"},
          {"a * a", "!a * a: 9223372036854775807 * 9223372036854775807 overflows int64"},
          {"a / b", "!a / b: division by zero"}, {"a % b", "!a % b: division by zero"},
          {"f / 0", "!f / 0: division by zero"}, {"d / 0", "!d / 0: division by zero"},
          {"d % 0", "!d % 0: division by zero"}, {"w / 0", "!w / 0: division by zero"},
          {"i + 1", "!i + 1: 2147483647 + 1 overflows int32"},
          {"i * i", "!i * i: 2147483647 * 2147483647 overflows int32"}, {"c + c", "200"},
          {"w + 1", "!w + 1: 18446744073709551615 + 1 overflows uint64"},
          {"b::uint64 - w", "!b::uint64 - w: 0 - 18446744073709551615 overflows uint64"},
          {"f * 10", "!f * 10: 1e+308 * 10 overflows float64"},
          {"r * r", "!r * r: 3e+38 * 3e+38 overflows float32"},
          {"f + f", "!f + f: 1e+308 + 1e+308 overflows float64"},
          {"i::int16", "!i::int16: 2147483647 does not fit int16"},
          {"f::int", "!f::int: 1e+308 does not fit int32"},
          {"f::float32", "!f::float32: 1e+308 does not fit float32"},
          {"d::decimal(3, 2)", "!d::decimal(3, 2): 99.99 does not fit decimal(3, 2)"},
          {"a::decimal(5, 0)", "!a::decimal(5, 0): 9223372036854775807 does not fit decimal(5, 0)"},
          {"s::int", "!s::int: 'n/a' is no int32"}, {"s::date", "!s::date: 'n/a' is no date32"},
          {"'300'::int8", "!'300'::int8: '300' does not fit int8"},
          {"sqrt(-f)", "!sqrt(-f): sqrt(-1e+308) is not defined"},
          {"ln(b)", "!ln(b): ln(0) is not defined"},
          {"exp(f)", "!exp(f): exp(1e+308) overflows float64"},
          {"t + 2147483647", "!t + 2147483647: 9999-12-31 + 2147483647 overflows date32"},
          {"substr(s, 1, -1)", "!substr(s, 1, -1): substr('n/a', 1, -1) is not defined"},
          {"chr(b)", "!chr(b): chr(0) is not defined"},
          {"repeat(s, a)", "!repeat(s, a): repeat: the result is longer than 16777216 bytes"},
          {"lpad(s, i)", "!lpad(s, i): lpad: the result is longer than 16777216 bytes"},
          {"make_date(2013, 2, 29)",
           "!make_date(2013, 2, 29): make_date(2013, 2, 29) is not defined"},
          {"unhex(s)", "!unhex(s): unhex('n/a') is not defined"},
          {"cast(x'ff' as text)", "!cast(x'ff' as text): '\\xFF' is not valid UTF-8"},
          {"try_cast(s as int)", "null"}, {"try_cast(1 / b as text)", "!1 / b: division by zero"},
          {"try_cast(a as int) is null", "true"},
          {"1 << a", "!1 << a: 1 << 9223372036854775807 is not defined"},
          {"ts + interval '1 day' > ts", "true"},
          {"abs(-a - 1)", "!abs(-a - 1): abs(-9223372036854775808) overflows int64"},
          {"round(a, -1)", "!round(a, -1): round(9223372036854775807, -1) overflows int64"},
          {"(-a - 1) / -1", "!(-a - 1) / -1: -9223372036854775808 / -1 overflows int64"},
          {"(-a - 1) % -1", "0"}, {"power(0, -1)", "!power(0, -1): 0 ^ -1 is not defined"},
          {"split_part(s, '/', 0)",
           "!split_part(s, '/', 0): split_part('n/a', '/', 0) is not defined"});
}
END_TEST

START_TEST(failures_that_do_not_matter) {
    CHECK("a l?, b l?, s u?, no b?",
          "{\"a\": 6, \"b\": 2, \"s\": \"5\", \"no\": false}\n{\"a\": 6, \"b\": 0, \"s\": \"x\", "
          "\"no\": false}\n{\"b\": 0, \"s\": \"x\"}",
          {"case when b <> 0 then a / b end", "3 ; null ; null"},
          {"case when b = 0 then 0 else a / b end", "3 ; 0 ; 0"},
          {"case when a / b > 2 then 1 else 0 end", "1 ; !a / b: division by zero ; 0"},
          {"b <> 0 and a / b = 3", "true ; false ; false"},
          {"b = 0 or a / b = 3", "true ; true ; true"},
          {"a / b = 3 and b <> 0", "true ; !a / b: division by zero ; false"},
          {"no and a / b > 0", "false ; false ; null"},
          {"a is null or a / b > 0", "true ; !a / b: division by zero ; true"},
          {"coalesce(a, 1 / b)", "6 ; 6 ; !1 / b: division by zero"},
          {"coalesce(a / b, 1)", "3 ; !a / b: division by zero ; 1"},
          {"if(b = 0, -1, a / b)", "3 ; -1 ; -1"},
          {"(a / b) is null", "false ; !(a / b): division by zero ; true"},
          {"not (a / b > 0)", "false ; !a / b: division by zero ; null"},
          {"a / b + s::int", "8 ; !a / b: division by zero ; !s::int: 'x' is no int32"},
          {"s::int in (5, 6)", "true ; !s::int: 'x' is no int32 ; !s::int: 'x' is no int32"},
          {"case s when '5' then s::int when 'x' then 0 end", "5 ; 0 ; 0"},
          {"case when no is null then 1 / 0 else 7 end", "7 ; 7 ; !1 / 0: division by zero"},
          {"concat(s, a / b)", "'53' ; !a / b: division by zero ; 'x'"},
          {"greatest(a / b, 1)", "3 ; !a / b: division by zero ; 1"},
          {"nullif(a / b, 3)", "null ; !a / b: division by zero ; null"},
          {"a / b is distinct from 3", "false ; !a / b: division by zero ; true"},
          {"hash64(a / b) is not null", "true ; !a / b: division by zero ; true"},
          {"try_cast(s as int) + 1", "6 ; null ; null"},
          {"s like '_' and s::int > 0",
           "true ; !s::int: 'x' is no int32 ; !s::int: 'x' is no int32"});
}
END_TEST

START_TEST(nested_columns) {
    CHECK("tags [u?]?, who {name u?, at {x l, y l}?}?, m <u l?>?, pairs [{k u, v l?}]?, grid "
          "[[l]]?, k #u?",
          "{\"tags\": [\"a\", null, \"c\"], \"who\": {\"name\": \"Ann\", \"at\": {\"x\": 1, \"y\": "
          "2}}, \"m\": {\"p\": 7, \"q\": null}, "
          "\"pairs\": [{\"k\": \"k1\", \"v\": 5}], \"grid\": [[1, 2], [3]], \"k\": \"red\"}\n{}\n"
          "{\"tags\": [], \"who\": {}, \"m\": {}, \"pairs\": [], \"grid\": [[]], \"k\": \"blue\"}",
          {"tags[1]", "'a' ; null ; null"}, {"tags[2]", "null ; null ; null"},
          {"tags[3]", "'c' ; null ; null"}, {"tags[0]", "null ; null ; null"},
          {"tags[4]", "null ; null ; null"}, {"tags[-1]", "null ; null ; null"},
          {"who.name", "'Ann' ; null ; null"}, {"who.at.x + who.at.y", "3 ; null ; null"},
          {"who.at", "{x: 1, y: 2} ; null ; null"}, {"who.at is null", "false ; true ; true"},
          {"who is null", "false ; true ; false"}, {"m['p']", "7 ; null ; null"},
          {"m['q'] is null", "true ; true ; true"}, {"m['z']", "null ; null ; null"},
          {"pairs[1].k", "'k1' ; null ; null"}, {"pairs[1].v * 2", "10 ; null ; null"},
          {"pairs[1]", "{k: \"k1\", v: 5} ; null ; null"}, {"grid[1][2]", "2 ; null ; null"},
          {"grid[2]", "[3] ; null ; null"}, {"cardinality(tags)", "3 ; null ; 0"},
          {"len(m)", "2 ; null ; 0"}, {"array_length(grid)", "2 ; null ; 1"},
          {"tags[cardinality(tags)]", "'c' ; null ; null"}, {"k = 'red'", "true ; null ; false"},
          {"k || '!'", "'red!' ; null ; 'blue!'"}, {"k in ('red', 'green')", "true ; null ; false"},
          {"upper(k)", "'RED' ; null ; 'BLUE'"},
          {"coalesce(who.name, k, 'none')", "'Ann' ; 'none' ; 'blue'"},
          {"length(tags[1]) = 1", "true ; null ; null"},
          {"typeof(who)",
           "'struct<name utf8, at struct<x int64, y int64>>' ; 'struct<name utf8, at struct<x "
           "int64, y int64>>' ; 'struct<name utf8, at struct<x int64, y int64>>'"},
          {"coalesce(tags, tags)", "PLN_ETYPE: 1:1: list<utf8> values cannot be chosen from"});
}
END_TEST

START_TEST(not_a_number) {
    CHECK("f g?", "{\"f\": 1}\n{\"f\": 0}\n{}",
          {"cast('nan' as float64) = cast('nan' as float64)", "true ; true ; true"},
          {"cast('nan' as float64) > f", "true ; true ; null"},
          {"cast('nan' as float64) > cast('inf' as float64)", "true ; true ; true"},
          {"f < 'nan'::float64", "true ; true ; null"},
          {"is_nan('nan'::float64 + f)", "true ; true ; null"},
          {"is_finite('inf'::float64)", "false ; false ; false"},
          {"isinf(f)", "false ; false ; null"}, {"greatest(f, 'nan'::float64)", "nan ; nan ; nan"},
          {"'nan'::float64 / 0", "nan ; nan ; nan"}, {"-f = 0 and -f <= 0", "false ; true ; null"},
          {"'inf'::float64 * 2", "inf ; inf ; inf"}, {"sqrt('nan'::float64)", "nan ; nan ; nan"});
}
END_TEST

Suite *suite_expr_language(void);
Suite *suite_expr_language(void) {
    Suite *suite = suite_create("expr/language");
    TCase *tests = tcase_create("language");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, precedence);
    tcase_add_test(tests, spelling);
    tcase_add_test(tests, literals);
    tcase_add_test(tests, errors_of_the_text);
    tcase_add_test(tests, limits_of_the_text);
    tcase_add_test(tests, types_of_arithmetic);
    tcase_add_test(tests, types_of_time);
    tcase_add_test(tests, truth_tables);
    tcase_add_test(tests, rows_that_fail);
    tcase_add_test(tests, failures_that_do_not_matter);
    tcase_add_test(tests, nested_columns);
    tcase_add_test(tests, not_a_number);
    suite_add_tcase(suite, tests);
    return suite;
}
